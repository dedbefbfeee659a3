/*
 * One key for each recipient, drawn for this part alone and sealed to its box
 * key; the nonce is the number of the chunk, so no nonce comes twice with a
 * key. Chunks cannot be dropped, moved or cut unseen: the signature covers
 * every byte, and is checked before the first chunk is opened.
 */
#include "sync/bundle_file.h"

#include <stdlib.h>
#include <string.h>

#include "sync/box.h"
#include "sync/rd.h"

#define VERSION 1
#define CHUNK_HEAD_BYTES 6
#define TRAILER 255
#define FLAG_LAST 1u
#define SIG_BYTES 64
#define CHUNK_MAX (LIMIT_MESSAGE_BYTES + AES_TAG_BYTES)
#define HEADER_MAX \
	(512 + LIMIT_BUNDLE_RECIPIENTS * (ID_BYTES + BUNDLE_SEALED_BYTES))
#define AD_BYTES (32 + CHUNK_HEAD_BYTES)

static const uint8_t magic[8] = { 0x89, 'F', 'B', 'N', 'D', 0x0d, 0x0a, 0x1a };

bool
bundle_is(const uint8_t *p, size_t n)
{
	return n >= sizeof(magic) && memcmp(p, magic, sizeof(magic)) == 0;
}

/* ---- shared -------------------------------------------------------------- */

static void
hash_header(struct bundle_header *h, const uint8_t *p, size_t n)
{
	struct hash hash;

	hash_init(&hash, LABEL_BUNDLE_AD, 32, NULL, 0);
	hash_bytes(&hash, p, n);
	hash_final(&hash, h->hash);
}

/* The chunk key: what was sealed, bound to this very header and place. */
static void
derive_key(uint8_t out[static AES_KEY_BYTES], const uint8_t secret[static 32],
    const struct bundle_header *h, size_t recipient)
{
	struct hash hash;

	hash_init(&hash, LABEL_BUNDLE_KEY, AES_KEY_BYTES, secret, 32);
	hash_put(&hash, h->hash, sizeof(h->hash));
	hash_u64(&hash, recipient);
	hash_final(&hash, out);
}

static void
put_chunk_head(uint8_t out[static CHUNK_HEAD_BYTES], unsigned recipient,
    unsigned flags, size_t n)
{
	out[0] = (uint8_t)recipient;
	out[1] = (uint8_t)flags;
	for (int i = 0; i < 4; i++)
		out[2 + i] = (uint8_t)(n >> (8 * i));
}

static void
place(struct aes_place *at, uint8_t nonce[static AES_NONCE_BYTES],
    uint8_t ad[static AD_BYTES], const struct bundle_header *h,
    size_t recipient, const uint8_t *head)
{
	uint64_t number = h->recipient[recipient].chunks;

	memset(nonce, 0, AES_NONCE_BYTES);
	for (int i = 0; i < 8; i++)
		nonce[i] = (uint8_t)(number >> (8 * i));
	memcpy(ad, h->hash, sizeof(h->hash));
	memcpy(ad + sizeof(h->hash), head, CHUNK_HEAD_BYTES);
	*at = (struct aes_place){ .key = h->recipient[recipient].key,
		.nonce = nonce,
		.ad = ad,
		.ad_n = AD_BYTES };
}

/* ---- writing ------------------------------------------------------------- */

static enum err
put(struct bundle_out *o, const uint8_t *p, size_t n, struct fail *f)
{
	if (o->bytes + n > (uint64_t)LIMIT_BUNDLE_BYTES)
		return fail_set(f, ERR_LIMIT,
		    "bundle: a file has at most %lld bytes; use --split",
		    (long long)LIMIT_BUNDLE_BYTES);
	hash_put(&o->hash, p, n);
	o->bytes += n;
	return o->to->write(o->to->context, p, n, f);
}

static void
encode_header(struct buf *out, const struct bundle_header *h)
{
	buf_put(out, magic, sizeof(magic));
	buf_u8(out, VERSION);
	buf_u8(out, (uint8_t)h->kind);
	buf_put(out, h->network.b, sizeof(h->network.b));
	buf_put(out, h->keys, sizeof(h->keys));
	buf_put(out, h->id, sizeof(h->id));
	buf_uint(out, h->part);
	buf_int(out, h->made_ms);
	buf_uint(out, h->count);
	for (size_t i = 0; i < h->count; i++) {
		buf_put(out, h->recipient[i].node.b, ID_BYTES);
		buf_put(out, h->recipient[i].sealed, BUNDLE_SEALED_BYTES);
	}
}

enum err
bundle_begin(struct bundle_out *o, const struct bundle_header *header,
    const uint8_t (*boxes)[32], const struct env *env,
    const struct bundle_writer *to, struct fail *f)
{
	struct buf b = { .limit = HEADER_MAX };
	enum err e = OK;

	*o = (struct bundle_out){ .to = to, .header = *header };
	hash_init(&o->hash, LABEL_BUNDLE_SIGN, 32, NULL, 0);
	for (size_t i = 0; i < header->count; i++) {
		struct bundle_recipient *t = &o->header.recipient[i];

		t->chunks = 0;
		env_random(env, t->key, sizeof(t->key));
		if (box_seal(t->sealed, t->key, sizeof(t->key), boxes[i],
			env) != OK)
			return fail_set(f, ERR_INPUT,
			    "bundle: a recipient's key cannot be used");
	}
	encode_header(&b, &o->header);
	if (b.err != OK)
		e = fail_set(f, b.err, "bundle header: %s", err_text(b.err));
	hash_header(&o->header, b.p, b.n);
	for (size_t i = 0; e == OK && i < header->count; i++) {
		uint8_t key[AES_KEY_BYTES];

		derive_key(key, o->header.recipient[i].key, &o->header, i);
		memcpy(o->header.recipient[i].key, key, sizeof(key));
		sodium_memzero(key, sizeof(key));
	}
	if (e == OK)
		e = to->part(to->context, header->part, f);
	if (e == OK)
		e = put(o, b.p, b.n, f);
	buf_release(&b);
	return e;
}

enum err
bundle_chunk(struct bundle_out *o, size_t recipient, const uint8_t *p, size_t n,
    struct fail *f)
{
	uint8_t head[CHUNK_HEAD_BYTES], ad[AD_BYTES], nonce[AES_NONCE_BYTES];
	struct aes_place at;
	uint8_t *sealed;
	enum err e;

	assert(n <= LIMIT_MESSAGE_BYTES && recipient < o->header.count);
	if ((sealed = malloc(n + AES_TAG_BYTES)) == NULL)
		return fail_set(f, ERR_NOMEM, "bundle: out of memory");
	put_chunk_head(head, (unsigned)recipient, 0, n + AES_TAG_BYTES);
	place(&at, nonce, ad, &o->header, recipient, head);
	e = aes_seal(sealed, &at, p, n);
	if (e != OK)
		e = fail_set(f, e, "bundle: a chunk could not be encrypted");
	if (e == OK)
		e = put(o, head, sizeof(head), f);
	if (e == OK)
		e = put(o, sealed, n + AES_TAG_BYTES, f);
	o->header.recipient[recipient].chunks++;
	free(sealed);
	return e;
}

enum err
bundle_end(struct bundle_out *o, bool last,
    const uint8_t sign_secret[static 64], struct fail *f)
{
	uint8_t head[CHUNK_HEAD_BYTES], digest[32], sig[SIG_BYTES];
	enum err e;

	put_chunk_head(head, TRAILER, last ? FLAG_LAST : 0, SIG_BYTES);
	if ((e = put(o, head, sizeof(head), f)) != OK)
		return e;
	hash_final(&o->hash, digest);
	(void)crypto_sign_detached(sig, NULL, digest, sizeof(digest),
	    sign_secret);
	for (size_t i = 0; i < o->header.count; i++)
		sodium_memzero(o->header.recipient[i].key, AES_KEY_BYTES);
	return o->to->write(o->to->context, sig, sizeof(sig), f);
}

/* ---- reading ------------------------------------------------------------- */

static enum err
cut(struct fail *f)
{
	return fail_set(f, ERR_FORMAT,
	    "bundle: the file is cut or damaged; copy it again, nothing was"
	    " taken from it");
}

static enum err
decode_header(struct bundle_header *h, struct rd *r, struct fail *f)
{
	const uint8_t *p = rd_take(r, sizeof(magic));
	unsigned version, kind;

	if (p == NULL || !bundle_is(p, sizeof(magic)))
		return fail_set(f, ERR_FORMAT,
		    "bundle: this file is no bundle");
	version = rd_u8(r);
	if (r->err == OK && version != VERSION)
		return fail_set(f, ERR_VERSION,
		    "bundle: wanted version %d, found %u; update the older of"
		    " the two programs",
		    VERSION, version);
	kind = rd_u8(r);
	if (kind != BUNDLE_DATA && kind != BUNDLE_RECEIPT)
		rd_fail(r);
	h->kind = (enum bundle_kind)kind;
	rd_copy(r, h->network.b, sizeof(h->network.b));
	rd_copy(r, h->keys, sizeof(h->keys));
	rd_copy(r, h->id, sizeof(h->id));
	h->part = (unsigned)rd_max(r, 65535);
	h->made_ms = rd_int(r);
	h->count = (size_t)rd_max(r, LIMIT_BUNDLE_RECIPIENTS);
	if (h->count == 0 || h->part == 0)
		rd_fail(r);
	for (size_t i = 0; i < h->count && r->err == OK; i++) {
		rd_copy(r, h->recipient[i].node.b, ID_BYTES);
		rd_copy(r, h->recipient[i].sealed, BUNDLE_SEALED_BYTES);
	}
	if (r->err != OK)
		return cut(f);
	member_node_id(&h->sender, h->keys, h->keys + 32, h->keys + 64);
	return OK;
}

static enum err
read_header(struct bundle_header *h, uint64_t *bytes, struct hash *all,
    const struct bundle_reader *from, struct fail *f)
{
	struct bundle_header *t = calloc(1, sizeof(*t));
	uint8_t *p = malloc(HEADER_MAX);
	struct rd r;
	size_t n = 0;
	enum err e = OK;

	if (t == NULL || p == NULL)
		e = fail_set(f, ERR_NOMEM, "bundle: out of memory");
	if (e == OK)
		e = from->read(from->context, 0, p, HEADER_MAX, &n, f);
	if (e == OK) {
		r = rd_of(p, n);
		e = decode_header(t, &r, f);
	}
	if (e == OK) {
		*bytes = n - rd_left(&r);
		hash_header(t, p, (size_t)*bytes);
		hash_put(all, p, (size_t)*bytes);
		*h = *t;
	}
	free(t);
	free(p);
	return e;
}

/* Read exactly n bytes. */
static enum err
take(const struct bundle_reader *from, uint64_t at, uint8_t *p, size_t n,
    struct fail *f)
{
	size_t got = 0;
	enum err e = from->read(from->context, at, p, n, &got, f);

	return e == OK && got != n ? cut(f) : e;
}

static size_t
chunk_bytes(const uint8_t *head)
{
	return (size_t)head[2] | (size_t)head[3] << 8 | (size_t)head[4] << 16 |
	    (size_t)head[5] << 24;
}

/* Hash a run of the file in bounded steps. */
static enum err
hash_run(struct hash *all, const struct bundle_reader *from, uint64_t at,
    uint64_t n, struct fail *f)
{
	uint8_t step[8192];
	enum err e = OK;

	while (e == OK && n > 0) {
		size_t k = n < sizeof(step) ? (size_t)n : sizeof(step);

		e = take(from, at, step, k, f);
		if (e == OK)
			hash_put(all, step, k);
		at += k;
		n -= k;
	}
	return e;
}

static enum err
check_end(const struct bundle_header *h, struct hash *all, uint64_t at,
    const struct bundle_reader *from, struct fail *f)
{
	uint8_t sig[SIG_BYTES + 1], digest[32];
	size_t got = 0;
	enum err e = from->read(from->context, at, sig, sizeof(sig), &got, f);

	if (e != OK)
		return e;
	if (got != SIG_BYTES)
		return cut(f);
	hash_final(all, digest);
	if (crypto_sign_verify_detached(sig, digest, sizeof(digest), h->keys) !=
	    0)
		return fail_set(f, ERR_AUTH,
		    "bundle: the file was changed after it was made; copy it"
		    " again, nothing was taken from it");
	return OK;
}

static void
fill_info(struct bundle_info *info, const struct bundle_header *h)
{
	*info = (struct bundle_info){ .kind = h->kind,
		.network = h->network,
		.sender = h->sender,
		.part = h->part,
		.made_ms = h->made_ms,
		.recipient_count = h->count };
	memcpy(info->id, h->id, sizeof(info->id));
	for (size_t i = 0; i < h->count; i++)
		info->recipient[i].node = h->recipient[i].node;
}

enum err
bundle_check(struct bundle_header *header, struct bundle_info *info,
    const struct bundle_reader *from, struct fail *f)
{
	uint8_t head[CHUNK_HEAD_BYTES];
	struct hash all;
	uint64_t at = 0;
	size_t n = 0;
	enum err e;

	hash_init(&all, LABEL_BUNDLE_SIGN, 32, NULL, 0);
	if ((e = read_header(header, &at, &all, from, f)) != OK)
		return e;
	fill_info(info, header);
	for (;;) {
		if ((e = take(from, at, head, sizeof(head), f)) != OK)
			return e;
		hash_put(&all, head, sizeof(head));
		at += sizeof(head);
		n = chunk_bytes(head);
		if (head[0] == TRAILER)
			break;
		if (head[0] >= header->count || head[1] != 0 ||
		    n <= AES_TAG_BYTES || n > CHUNK_MAX ||
		    at + n > (uint64_t)LIMIT_BUNDLE_BYTES)
			return cut(f);
		if ((e = hash_run(&all, from, at, n, f)) != OK)
			return e;
		info->recipient[head[0]].bytes += n - AES_TAG_BYTES;
		info->recipient[head[0]].chunks++;
		at += n;
	}
	if (n != SIG_BYTES || (head[1] & ~FLAG_LAST) != 0)
		return cut(f);
	info->last = (head[1] & FLAG_LAST) != 0;
	info->bytes = at + SIG_BYTES;
	return check_end(header, &all, at, from, f);
}

enum err
bundle_unlock(struct bundle_in *in, struct bundle_header *header,
    size_t recipient, const struct identity *me,
    const struct bundle_reader *from, struct fail *f)
{
	struct bundle_recipient *t = &header->recipient[recipient];
	struct buf bytes = { .limit = HEADER_MAX };
	uint8_t secret[32];
	enum err e = OK;

	*in = (struct bundle_in){ .from = from,
		.header = header,
		.recipient = recipient,
		.sealed = { .limit = CHUNK_MAX } };
	if (crypto_box_seal_open(secret, t->sealed, sizeof(t->sealed),
		me->box_key, me->box_secret) != 0)
		e = fail_set(f, ERR_AUTH,
		    "bundle: its key does not open with this node's key");
	encode_header(&bytes, header);
	if (e == OK && bytes.err != OK)
		e = fail_set(f, bytes.err, "bundle header: %s",
		    err_text(bytes.err));
	in->at = bytes.n;
	t->chunks = 0;
	if (e == OK)
		derive_key(t->key, secret, header, recipient);
	sodium_memzero(secret, sizeof(secret));
	buf_release(&bytes);
	return e;
}

enum err
bundle_next(struct bundle_in *in, struct buf *out, bool *end, struct fail *f)
{
	uint8_t head[CHUNK_HEAD_BYTES], ad[AD_BYTES], nonce[AES_NONCE_BYTES];
	struct bundle_recipient *t = &in->header->recipient[in->recipient];
	struct aes_place at;
	uint8_t *sealed, *plain;
	size_t n;
	enum err e;

	*end = false;
	for (;;) {
		if ((e = take(in->from, in->at, head, sizeof(head), f)) != OK)
			return e;
		in->at += sizeof(head);
		n = chunk_bytes(head);
		if (head[0] == TRAILER) {
			*end = true;
			return OK;
		}
		if (n <= AES_TAG_BYTES || n > CHUNK_MAX)
			return cut(f); /* changed since it was checked */
		if (head[0] == in->recipient)
			break;
		in->at += n;
	}
	buf_reset(&in->sealed);
	buf_reset(out);
	sealed = buf_grow(&in->sealed, n);
	plain = buf_grow(out, n - AES_TAG_BYTES);
	if (sealed == NULL || plain == NULL)
		return fail_set(f, ERR_NOMEM, "bundle: out of memory");
	if ((e = take(in->from, in->at, sealed, n, f)) != OK)
		return e;
	in->at += n;
	place(&at, nonce, ad, in->header, in->recipient, head);
	t->chunks++;
	e = aes_open(plain, &at, sealed, n);
	return e == OK ? OK
		       : fail_set(f, e, "bundle: a chunk does not decrypt");
}
