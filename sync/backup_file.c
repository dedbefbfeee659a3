/*
 * The bytes. The slots come first and in the clear, since they say how the rest
 * is opened; everything before the manifest is its associated data, and the
 * manifest holds the hash of the database, so one key vouches for every byte.
 */
#include "sync/backup_i.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "sync/hash.h"
#include "sync/rd.h"

#define VERSION 1
#define BLOCK_BYTES ((size_t)256 * 1024)
#define SIG_BYTES 64
#define AD_BYTES_MAX (BACKUP_HEAD_BYTES_MAX + 64)

static const uint8_t magic[8] = { 0x89, 'F', 'B', 'B', 'K', 0x0d, 0x0a, 0x1a };

static_assert(BACKUP_NONCE_BYTES ==
	crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    "the nonce fits");

/* ---- the manifest ------------------------------------------------------------*/

static void
sign_hash(uint8_t out[static 32], const uint8_t *p, size_t n)
{
	struct hash h;

	hash_init(&h, LABEL_BACKUP_SIGN, 32, NULL, 0);
	hash_put(&h, p, n);
	hash_final(&h, out);
}

void
backup_manifest(struct buf *out, const struct backup_facts *facts,
    const uint8_t sign_secret[static MEMBER_SECRET_BYTES])
{
	size_t begun = out->n;
	uint8_t digest[32], sig[SIG_BYTES];

	buf_put(out, facts->network.b, sizeof(facts->network.b));
	buf_put(out, facts->node.b, sizeof(facts->node.b));
	buf_put(out, facts->sign_key, sizeof(facts->sign_key));
	buf_int(out, facts->made_ms);
	buf_put(out, facts->incarnation.b, sizeof(facts->incarnation.b));
	buf_uint(out, facts->position);
	buf_put(out, facts->segment.b, sizeof(facts->segment.b));
	buf_uint(out, facts->members);
	buf_put(out, facts->member_head, sizeof(facts->member_head));
	buf_uint(out, facts->segments);
	buf_uint(out, facts->compartments);
	buf_uint(out, facts->bytes);
	buf_put(out, facts->hash, sizeof(facts->hash));
	if (out->err != OK)
		return;
	sign_hash(digest, out->p + begun, out->n - begun);
	(void)crypto_sign_detached(sig, NULL, digest, sizeof(digest),
	    sign_secret);
	buf_put(out, sig, sizeof(sig));
}

static enum err
read_manifest(struct backup_facts *facts, const uint8_t *p, size_t n)
{
	struct rd r = rd_of(p, n);
	uint8_t digest[32], sig[SIG_BYTES];

	memset(facts, 0, sizeof(*facts));
	rd_copy(&r, facts->network.b, sizeof(facts->network.b));
	rd_copy(&r, facts->node.b, sizeof(facts->node.b));
	rd_copy(&r, facts->sign_key, sizeof(facts->sign_key));
	facts->made_ms = rd_int(&r);
	rd_copy(&r, facts->incarnation.b, sizeof(facts->incarnation.b));
	facts->position = rd_uint(&r);
	rd_copy(&r, facts->segment.b, sizeof(facts->segment.b));
	facts->members = rd_uint(&r);
	rd_copy(&r, facts->member_head, sizeof(facts->member_head));
	facts->segments = rd_uint(&r);
	facts->compartments = rd_uint(&r);
	facts->bytes = rd_max(&r, INT64_MAX);
	rd_copy(&r, facts->hash, sizeof(facts->hash));
	rd_copy(&r, sig, sizeof(sig));
	if (rd_done(&r) != OK)
		return ERR_CORRUPT;
	sign_hash(digest, p, n - SIG_BYTES);
	return crypto_sign_verify_detached(sig, digest, sizeof(digest),
		   facts->sign_key) == 0
	    ? OK
	    : ERR_CORRUPT;
}

/* ---- sealing it --------------------------------------------------------------*/

static void
manifest_key(uint8_t key[static 32], const struct slot_keys *keys)
{
	struct hash h;

	hash_init(&h, LABEL_BACKUP_KEY, 32, keys->replica,
	    sizeof(keys->replica));
	hash_final(&h, key);
}

/* label, NUL, the bytes in front */
static size_t
ad_of(uint8_t ad[static AD_BYTES_MAX], const uint8_t *p, size_t n)
{
	size_t label = strlen(label_text(LABEL_BACKUP_AD)) + 1;

	assert(label + n <= AD_BYTES_MAX);
	memcpy(ad, label_text(LABEL_BACKUP_AD), label);
	memcpy(ad + label, p, n);
	return label + n;
}

static void
seal(struct buf *out, const struct buf *manifest, const struct slot_keys *keys,
    const struct env *env)
{
	uint8_t key[32], nonce[BACKUP_NONCE_BYTES], ad[AD_BYTES_MAX];
	size_t ad_n,
	    sealed_n = manifest->n + crypto_aead_xchacha20poly1305_ietf_ABYTES;
	uint8_t *to;

	buf_u32(out, (uint32_t)sealed_n);
	if (out->err != OK)
		return;
	ad_n = ad_of(ad, out->p, out->n);
	env_random(env, nonce, sizeof(nonce));
	buf_put(out, nonce, sizeof(nonce));
	to = buf_grow(out, sealed_n);
	if (to == NULL)
		return;
	manifest_key(key, keys);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(to, NULL, manifest->p,
	    manifest->n, ad, ad_n, NULL, nonce, key);
	sodium_memzero(key, sizeof(key));
}

enum err
backup_head(struct buf *out, const struct slot_set *slots,
    const struct backup_facts *facts, const struct slot_keys *keys,
    const uint8_t sign_secret[static MEMBER_SECRET_BYTES],
    const struct env *env, struct fail *f)
{
	struct buf manifest = { .limit = BACKUP_MANIFEST_BYTES_MAX };
	struct buf bytes = { .limit = SLOT_FILE_BYTES_MAX };
	enum err e = OK;

	slot_encode(&bytes, slots);
	backup_manifest(&manifest, facts, sign_secret);
	buf_put(out, magic, sizeof(magic));
	buf_u8(out, VERSION);
	buf_u32(out, (uint32_t)bytes.n);
	buf_put(out, bytes.p, bytes.n);
	seal(out, &manifest, keys, env);
	if (bytes.err != OK || manifest.err != OK || out->err != OK)
		e = fail_set(f, ERR_NOMEM, "the head of a backup");
	buf_release(&manifest);
	buf_release(&bytes);
	return e;
}

/* ---- reading -----------------------------------------------------------------*/

static enum err
fail_damaged(const struct backup *b, const char *how, struct fail *f)
{
	return fail_set(f, ERR_CORRUPT,
	    "%.160s: %s; nothing was changed; use another backup", b->path,
	    how);
}

/* The next n bytes, appended to `to`. */
static enum err
take(struct backup *b, struct buf *to, size_t n, struct fail *f)
{
	uint8_t *p = buf_grow(to, n);
	size_t got = 0;
	enum err e;

	if (p == NULL)
		return fail_set(f, ERR_NOMEM, "the head of a backup");
	e = b->env->stream_read(b->env->self, b->stream, p, n, &got, f);
	if (e == OK && got < n)
		e = fail_damaged(b, "this backup is cut off", f);
	return e;
}

static enum err
take_length(struct backup *b, size_t *n, size_t min, size_t max, struct fail *f)
{
	enum err e = take(b, &b->ad, 4, f);
	struct rd r;

	if (e != OK)
		return e;
	r = rd_of(b->ad.p + b->ad.n - 4, 4);
	*n = rd_u32(&r);
	return *n >= min && *n <= max
	    ? OK
	    : fail_damaged(b, "this backup is damaged (an impossible length)",
		  f);
}

static enum err
read_head(struct backup *b, struct fail *f)
{
	struct fail why = { 0 };
	size_t n = 0;
	enum err e = take(b, &b->ad, sizeof(magic) + 1, f);

	if (e == OK && memcmp(b->ad.p, magic, sizeof(magic)) != 0)
		return fail_damaged(b, "this is no backup of a replica", f);
	if (e == OK && b->ad.p[sizeof(magic)] != VERSION)
		return fail_set(f, ERR_VERSION,
		    "%.160s: another version of Footbridge made this backup; "
		    "update Footbridge",
		    b->path);
	if (e == OK)
		e = take_length(b, &n, 1, SLOT_FILE_BYTES_MAX, f);
	if (e == OK)
		e = take(b, &b->ad, n, f);
	if (e != OK)
		return e;
	e = slot_decode(&b->slots, b->ad.p + b->ad.n - n, n, &why);
	if (e == ERR_CORRUPT)
		return fail_damaged(b, "the key slots in it are damaged", f);
	if (e != OK)
		return fail_set(f, e, "%.100s: %.200s", b->path, why.text);
	e = take_length(b, &n, crypto_aead_xchacha20poly1305_ietf_ABYTES,
	    BACKUP_MANIFEST_BYTES_MAX, f);
	if (e != OK)
		return e;
	b->sealed.limit = BACKUP_NONCE_BYTES + BACKUP_MANIFEST_BYTES_MAX;
	e = take(b, &b->sealed, BACKUP_NONCE_BYTES, f);
	if (e != OK)
		return e;
	memcpy(b->nonce, b->sealed.p, sizeof(b->nonce));
	buf_reset(&b->sealed);
	return take(b, &b->sealed, n, f);
}

enum err
backup_open(struct backup **out, const struct env *env, const char *path,
    struct fail *f)
{
	struct backup *b = calloc(1, sizeof(*b));
	enum err e;

	if (b == NULL)
		return fail_code(f, ERR_NOMEM);
	b->env = env;
	b->ad.limit = BACKUP_HEAD_BYTES_MAX;
	b->path = strdup(path);
	e = b->path != NULL
	    ? env->stream_open(env->self, &b->stream, path, false, f)
	    : fail_code(f, ERR_NOMEM);
	if (e == OK)
		e = read_head(b, f);
	if (e != OK) {
		backup_close(b);
		return e;
	}
	*out = b;
	return OK;
}

void
backup_close(struct backup *b)
{
	if (b == NULL)
		return;
	(void)b->env->stream_close(b->env->self, b->stream, NULL);
	buf_release(&b->ad);
	buf_release(&b->sealed);
	free(b->path);
	free(b);
}

const struct slot_set *
backup_slots(const struct backup *b)
{
	return &b->slots;
}

enum err
backup_read(struct backup_facts *facts, const struct backup *b,
    const struct slot_keys *keys, struct fail *f)
{
	uint8_t key[32], ad[AD_BYTES_MAX], manifest[BACKUP_MANIFEST_BYTES_MAX];
	size_t n = ad_of(ad, b->ad.p, b->ad.n);
	unsigned long long got = 0;
	enum err e = OK;

	manifest_key(key, keys);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(manifest, &got, NULL,
		b->sealed.p, b->sealed.n, ad, n, b->nonce, key) != 0)
		e = fail_damaged(b, "this backup is damaged in its head", f);
	sodium_memzero(key, sizeof(key));
	if (e == OK && read_manifest(facts, manifest, (size_t)got) != OK)
		e = fail_damaged(b, "what this backup says of itself is wrong",
		    f);
	return e;
}

/* ---- the database in it --------------------------------------------------------*/

/* To the end of `from`, which has exactly or at most *n bytes, hashed and, with
 * `to`, written. *n becomes what was there, at most one block more. */
static enum err
pump(const struct env *env, void *from, void *to, uint64_t *n,
    uint8_t hash[static 32], struct fail *f)
{
	uint8_t *block = malloc(BLOCK_BYTES);
	uint64_t most = *n;
	size_t got = BLOCK_BYTES;
	struct hash h;
	enum err e = OK;

	if (block == NULL)
		return fail_code(f, ERR_NOMEM);
	hash_init(&h, LABEL_BACKUP_DATABASE, 32, NULL, 0);
	*n = 0;
	while (e == OK && got == BLOCK_BYTES && *n <= most) {
		e = env->stream_read(env->self, from, block, BLOCK_BYTES, &got,
		    f);
		if (e == OK)
			hash_put(&h, block, got);
		if (e == OK && to != NULL)
			e = env->stream_write(env->self, to, block, got, f);
		*n += got;
	}
	hash_final(&h, hash);
	free(block);
	return e;
}

enum err
backup_measure(struct backup_facts *facts, const struct env *env,
    const char *path, struct fail *f)
{
	void *from = NULL;
	enum err e = env->stream_open(env->self, &from, path, false, f);

	if (e != OK)
		return e;
	facts->bytes = INT64_MAX;
	e = pump(env, from, NULL, &facts->bytes, facts->hash, f);
	(void)env->stream_close(env->self, from, NULL);
	return e;
}

enum err
backup_assemble(const struct env *env, const char *path, const struct buf *head,
    const char *database, struct fail *f)
{
	void *from = NULL, *to = NULL;
	uint64_t n = INT64_MAX;
	uint8_t hash[32];
	enum err e = env->stream_open(env->self, &from, database, false, f);
	enum err closed;

	if (e == OK)
		e = env->stream_open(env->self, &to, path, true, f);
	if (e == OK)
		e = env->stream_write(env->self, to, head->p, head->n, f);
	if (e == OK)
		e = pump(env, from, to, &n, hash, f);
	(void)env->stream_close(env->self, from, NULL);
	closed = env->stream_close(env->self, to, e == OK ? f : NULL);
	return e == OK ? closed : e;
}

enum err
backup_extract(struct backup *b, const struct backup_facts *facts,
    const char *to, struct fail *f)
{
	uint64_t n = facts->bytes;
	uint8_t hash[32];
	void *out = NULL;
	enum err e = OK, closed;

	if (to != NULL)
		e = b->env->stream_open(b->env->self, &out, to, true, f);
	if (e == OK)
		e = pump(b->env, b->stream, out, &n, hash, f);
	closed = b->env->stream_close(b->env->self, out, e == OK ? f : NULL);
	e = e == OK ? closed : e;
	if (e == OK && n < facts->bytes)
		e = fail_damaged(b, "this backup is cut off", f);
	else if (e == OK && n > facts->bytes)
		e = fail_damaged(b, "there is more in this file than a backup",
		    f);
	else if (e == OK && memcmp(hash, facts->hash, sizeof(hash)) != 0)
		e = fail_damaged(b, "the database in this backup is damaged",
		    f);
	return e;
}
