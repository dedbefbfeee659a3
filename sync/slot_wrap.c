/*
 * Wrapping and unwrapping keys. A slot key opens the box of its slot after the
 * commitment was compared; the associated data is the label and every byte of
 * the slot in front of its nonce, so parts of two slots never combine.
 */
#include "sync/slot_wrap.h"

#include <string.h>

#include <sodium.h>

#include "sync/code.h"
#include "sync/hash.h"

#define CODE_BYTES 16
#define AD_BYTES_MAX 128

static_assert(SLOT_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    "a slot key opens the box");
static_assert(SLOT_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    "the nonce fits");
static_assert(SLOT_BOX_BYTES ==
	SLOT_KEY_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES,
    "a box is a key and a tag");
static_assert(SLOT_SALT_BYTES == crypto_pwhash_argon2id_SALTBYTES,
    "the salt fits");

static enum err
recovery_key(uint8_t key[static SLOT_KEY_BYTES], const struct slot *s,
    const struct slot_secret *secret, struct fail *f)
{
	struct buf text = { .limit = 512 };
	uint8_t code[CODE_BYTES];
	struct hash h;
	enum err e;

	buf_put(&text, secret->p, secret->n);
	if (text.err != OK || memchr(secret->p, 0, secret->n) != NULL) {
		buf_release(&text);
		return fail_set(f, ERR_INPUT,
		    "this is not a recovery code: 8 groups of five letters "
		    "and digits were wanted");
	}
	e = code_decode(code, sizeof(code), CODE_REPLICA, buf_cstr(&text), f);
	buf_release(&text);
	if (e != OK)
		return e;
	hash_init(&h, LABEL_SLOT_RECOVERY, SLOT_KEY_BYTES, code, sizeof(code));
	hash_put(&h, s->salt, sizeof(s->salt));
	hash_final(&h, key);
	sodium_memzero(code, sizeof(code));
	return OK;
}

static enum err
keyfile_key(uint8_t key[static SLOT_KEY_BYTES], const struct slot *s,
    const struct slot_secret *secret, struct fail *f)
{
	struct hash h;

	if (secret->n < SLOT_KEYFILE_BYTES_MIN ||
	    secret->n > SLOT_KEYFILE_BYTES_MAX)
		return fail_set(f, ERR_INPUT,
		    "the key file has %zu bytes; %d to %d random ones are "
		    "wanted (make one with: head -c 32 /dev/urandom)",
		    secret->n, SLOT_KEYFILE_BYTES_MIN, SLOT_KEYFILE_BYTES_MAX);
	hash_init(&h, LABEL_SLOT_FILE_KEY, SLOT_KEY_BYTES, NULL, 0);
	hash_put(&h, s->salt, sizeof(s->salt));
	hash_bytes(&h, secret->p, secret->n);
	hash_final(&h, key);
	return OK;
}

static enum err
slot_key(uint8_t key[static SLOT_KEY_BYTES], const struct slot *s,
    const struct slot_secret *secret, struct fail *f)
{
	if (secret->kind == SLOT_RECOVERY)
		return recovery_key(key, s, secret, f);
	if (secret->kind == SLOT_KEYFILE)
		return keyfile_key(key, s, secret, f);
	if (secret->n == 0 || secret->n > SLOT_PASSPHRASE_BYTES_MAX)
		return fail_set(f, ERR_INPUT,
		    "the passphrase has %zu bytes; 1 to %d are wanted",
		    secret->n, SLOT_PASSPHRASE_BYTES_MAX);
	if (crypto_pwhash(key, SLOT_KEY_BYTES, secret->p, secret->n, s->salt,
		s->passes, (size_t)s->memory_kib * 1024,
		crypto_pwhash_ALG_ARGON2ID13) != 0)
		return fail_set(f, ERR_NOMEM,
		    "opening with a passphrase needs %u MiB of memory, which "
		    "are not free; close other programs and try again",
		    s->memory_kib / 1024);
	return OK;
}

static void
commit_of(uint8_t commit[static SLOT_COMMIT_BYTES],
    const uint8_t key[static SLOT_KEY_BYTES], const struct slot *s)
{
	uint8_t header[SLOT_HEADER_BYTES];
	struct hash h;

	slot_header(header, s);
	hash_init(&h, LABEL_SLOT_COMMIT, SLOT_COMMIT_BYTES, key,
	    SLOT_KEY_BYTES);
	hash_put(&h, header, sizeof(header));
	hash_final(&h, commit);
}

/* label, NUL, then for a slot its header and commitment */
static size_t
ad_of(uint8_t ad[static AD_BYTES_MAX], enum label label, const struct slot *s)
{
	size_t n = strlen(label_text(label)) + 1;

	assert(n + SLOT_HEADER_BYTES + SLOT_COMMIT_BYTES <= AD_BYTES_MAX);
	memcpy(ad, label_text(label), n);
	if (s != NULL) {
		slot_header(ad + n, s);
		n += SLOT_HEADER_BYTES;
		memcpy(ad + n, s->commit, SLOT_COMMIT_BYTES);
		n += SLOT_COMMIT_BYTES;
	}
	return n;
}

static void
box_seal(uint8_t box[static SLOT_BOX_BYTES],
    uint8_t nonce[static SLOT_NONCE_BYTES], const struct env *env,
    const uint8_t inner[static SLOT_KEY_BYTES],
    const uint8_t key[static SLOT_KEY_BYTES], enum label label,
    const struct slot *s)
{
	uint8_t ad[AD_BYTES_MAX];
	size_t n = ad_of(ad, label, s);

	env_random(env, nonce, SLOT_NONCE_BYTES);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(box, NULL, inner,
	    SLOT_KEY_BYTES, ad, n, NULL, nonce, key);
}

static bool
box_open(uint8_t inner[static SLOT_KEY_BYTES],
    const uint8_t box[static SLOT_BOX_BYTES],
    const uint8_t nonce[static SLOT_NONCE_BYTES],
    const uint8_t key[static SLOT_KEY_BYTES], enum label label,
    const struct slot *s)
{
	uint8_t ad[AD_BYTES_MAX];
	size_t n = ad_of(ad, label, s);

	return crypto_aead_xchacha20poly1305_ietf_decrypt(inner, NULL, NULL,
		   box, SLOT_BOX_BYTES, ad, n, nonce, key) == 0;
}

enum err
slot_wrap(struct slot_set *set, uint8_t *number, const struct env *env,
    const uint8_t master[static SLOT_KEY_BYTES],
    const struct slot_secret *secret, struct fail *f)
{
	uint8_t key[SLOT_KEY_BYTES];
	struct slot s = { 0 };
	enum err e;

	if (set->count == SLOT_MAX)
		return fail_set(f, ERR_LIMIT,
		    "there are %d key slots, no more are possible; remove one "
		    "first",
		    SLOT_MAX);
	/* numbers are never used twice while they can be told apart */
	s.number = set->count == 0
	    ? 1
	    : (uint8_t)(set->slots[set->count - 1].number + 1);
	if (s.number == 0)
		return fail_set(f, ERR_LIMIT,
		    "the highest slot number is used; remove slot 255 first");
	s.kind = (uint8_t)secret->kind;
	s.made_ms = env_wall_ms(env);
	if (secret->kind == SLOT_PASSPHRASE) {
		s.passes =
		    secret->passes != 0 ? secret->passes : SLOT_PASSES_MIN;
		s.memory_kib = secret->memory_kib != 0 ? secret->memory_kib
						       : SLOT_MEMORY_KIB_MIN;
	}
	e = slot_check(&s, f);
	if (e != OK)
		return e;
	env_random(env, s.salt, sizeof(s.salt));
	e = slot_key(key, &s, secret, f);
	if (e != OK)
		return e;
	commit_of(s.commit, key, &s);
	box_seal(s.box, s.nonce, env, master, key, LABEL_SLOT_AD, &s);
	sodium_memzero(key, sizeof(key));
	set->slots[set->count++] = s;
	*number = s.number;
	return OK;
}

void
slot_seal_replica(struct slot_set *set, const struct env *env,
    const struct slot_keys *keys)
{
	box_seal(set->box, set->nonce, env, keys->replica, keys->master,
	    LABEL_SLOT_REPLICA_AD, NULL);
	set->has_next = false;
}

void
slot_seal_next(struct slot_set *set, const struct env *env,
    const struct slot_keys *keys)
{
	box_seal(set->next_box, set->next_nonce, env, keys->next, keys->master,
	    LABEL_SLOT_REPLICA_AD, NULL);
	set->has_next = true;
}

bool
slot_open_replica(struct slot_keys *keys, const struct slot_set *set)
{
	if (!box_open(keys->replica, set->box, set->nonce, keys->master,
		LABEL_SLOT_REPLICA_AD, NULL))
		return false;
	keys->has_next = set->has_next;
	keys->unsettled = set->has_next || set->uneven;
	if (!set->has_next)
		return true;
	return box_open(keys->next, set->next_box, set->next_nonce,
	    keys->master, LABEL_SLOT_REPLICA_AD, NULL);
}

static enum err
unlock_one(struct slot_keys *keys, const struct slot *s,
    const struct slot_secret *secret, struct fail *f)
{
	uint8_t key[SLOT_KEY_BYTES], commit[SLOT_COMMIT_BYTES];
	enum err e = slot_key(key, s, secret, f);

	if (e != OK)
		return e;
	commit_of(commit, key, s);
	if (sodium_memcmp(commit, s->commit, sizeof(commit)) != 0)
		e = ERR_AUTH;
	else if (!box_open(keys->master, s->box, s->nonce, key, LABEL_SLOT_AD,
		     s))
		e = fail_set(f, ERR_CORRUPT,
		    "key slot %u fits but its content is damaged; put the "
		    "file back from a backup, or open with another slot",
		    s->number);
	sodium_memzero(key, sizeof(key));
	return e;
}

enum err
slot_unlock(struct slot_keys *keys, uint8_t *number, const struct slot_set *set,
    const struct slot_secret *secret, struct fail *f)
{
	const char *name = slot_kind_name(secret->kind);
	struct slot_keys found = { 0 };
	unsigned tried = 0;
	enum err e = ERR_AUTH;
	size_t i;

	for (i = 0; i < set->count; i++) {
		if (set->slots[i].kind != (uint8_t)secret->kind)
			continue;
		tried++;
		e = unlock_one(&found, &set->slots[i], secret, f);
		if (e != ERR_AUTH)
			break;
	}
	if (tried == 0)
		return fail_set(f, ERR_AUTH,
		    "this replica does not open with a %s: it has no such key "
		    "slot; use another way to open it",
		    name);
	if (e == ERR_AUTH)
		return fail_set(f, ERR_AUTH,
		    "this %s does not open the replica (%u key slot%s tried); "
		    "check it, or use the recovery code",
		    name, tried, tried == 1 ? "" : "s");
	if (e == OK && !slot_open_replica(&found, set))
		e = fail_set(f, ERR_CORRUPT,
		    "the key slots open but the replica key in them is "
		    "damaged; put the file back from a backup");
	if (e == OK) {
		*keys = found;
		if (number != NULL)
			*number = set->slots[i].number;
	}
	slot_keys_wipe(&found);
	return e;
}

/* ---- what comes from a key -------------------------------------------------*/

void
slot_recovery_make(struct buf *out, const struct env *env)
{
	uint8_t code[CODE_BYTES];

	env_random(env, code, sizeof(code));
	code_encode(out, CODE_REPLICA, code, sizeof(code));
	sodium_memzero(code, sizeof(code));
}

void
slot_database_key(uint8_t key[static DB_KEY_BYTES],
    uint8_t salt[static DB_SALT_BYTES], const struct slot_keys *keys)
{
	uint8_t both[DB_KEY_BYTES + DB_SALT_BYTES];
	struct hash h;

	hash_init(&h, LABEL_REPLICA_DB, sizeof(both), keys->replica,
	    sizeof(keys->replica));
	hash_final(&h, both);
	memcpy(key, both, DB_KEY_BYTES);
	memcpy(salt, both + DB_KEY_BYTES, DB_SALT_BYTES);
	sodium_memzero(both, sizeof(both));
}

void
slot_fence_key(uint8_t key[static SLOT_KEY_BYTES], const struct slot_keys *keys)
{
	struct hash h;

	hash_init(&h, LABEL_REPLICA_FENCE, SLOT_KEY_BYTES, keys->replica,
	    sizeof(keys->replica));
	hash_final(&h, key);
}

void
slot_keys_wipe(struct slot_keys *keys)
{
	sodium_memzero(keys, sizeof(*keys));
}
