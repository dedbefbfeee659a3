/*
 * This node's own secrets: making, storing, wiping. Three key pairs for three
 * uses, never converted one into another (ASSURANCE 4.1); every seed comes
 * from env, so that a simulated world is repeatable.
 */
#include <string.h>

#include "sync/code.h"
#include "sync/hash.h"
#include "sync/member.h"
#include "sync/rd.h"

#define IDENTITY_FORMAT 2
#define HAS_AGENCY_SECRET 1u
#define HAS_ROOT_SECRET 2u
#define IS_FORGOTTEN 4u /* box key in place of its secret */

static void
make_sign_pair(uint8_t key[static 32], uint8_t secret[static 64],
    const struct env *env)
{
	uint8_t seed[crypto_sign_SEEDBYTES];

	env_random(env, seed, sizeof(seed));
	(void)crypto_sign_seed_keypair(key, secret, seed);
	sodium_memzero(seed, sizeof(seed));
}

static void
make_box_pair(uint8_t key[static 32], uint8_t secret[static 32],
    const struct env *env)
{
	uint8_t seed[crypto_box_SEEDBYTES];

	env_random(env, seed, sizeof(seed));
	(void)crypto_box_seed_keypair(key, secret, seed);
	sodium_memzero(seed, sizeof(seed));
}

static void
set_names(struct identity *i)
{
	member_node_id(&i->node, i->sign_key, i->box_key, i->tls_key);
	member_author_tag(&i->author, &i->node, &i->incarnation);
}

void
identity_make(struct identity *i, const struct env *env)
{
	memset(i, 0, sizeof(*i));
	make_sign_pair(i->sign_key, i->sign_secret, env);
	make_box_pair(i->box_key, i->box_secret, env);
	make_sign_pair(i->tls_key, i->tls_secret, env);
	identity_reincarnate(i, env);
}

void
identity_reincarnate(struct identity *i, const struct env *env)
{
	env_random(env, i->incarnation.b, sizeof(i->incarnation.b));
	set_names(i);
}

void
identity_make_agency(struct identity *i, const struct env *env)
{
	uint8_t master[32];

	env_random(env, master, sizeof(master));
	identity_take_agency(i, master);
	sodium_memzero(master, sizeof(master));
}

void
identity_key_pair(uint8_t box_key[static 32], uint8_t box_secret[static 32],
    const uint8_t master[static 32])
{
	uint8_t seed[crypto_box_SEEDBYTES];
	struct hash h;

	hash_init(&h, LABEL_AGENCY_SECRET, sizeof(seed), master, 32);
	hash_final(&h, seed);
	(void)crypto_box_seed_keypair(box_key, box_secret, seed);
	sodium_memzero(seed, sizeof(seed));
}

static void
set_newest(struct identity *i)
{
	const struct identity_key *k = &i->agency_key[i->agency_key_count - 1];

	memcpy(i->agency_master, k->master, sizeof(i->agency_master));
	memcpy(i->agency_box_key, k->box_key, sizeof(i->agency_box_key));
	memcpy(i->agency_box_secret, k->box_secret,
	    sizeof(i->agency_box_secret));
	i->has_agency_secret = true;
}

enum err
identity_add_key(struct identity *i, uint64_t number,
    const uint8_t master[static 32])
{
	struct identity_key key = { .number = number };
	size_t at = i->agency_key_count;
	struct hash h;

	for (size_t k = 0; k < i->agency_key_count; k++)
		if (i->agency_key[k].number == number &&
		    sodium_memcmp(i->agency_key[k].master, master, 32) == 0)
			return ERR_EXISTS;
	if (at == IDENTITY_KEYS)
		return ERR_LIMIT;
	memcpy(key.master, master, sizeof(key.master));
	identity_key_pair(key.box_key, key.box_secret, master);
	while (at > 0 && i->agency_key[at - 1].number > number)
		at--;
	memmove(&i->agency_key[at + 1], &i->agency_key[at],
	    (i->agency_key_count - at) * sizeof(key));
	i->agency_key[at] = key;
	i->agency_key_count++;
	sodium_memzero(&key, sizeof(key));
	if (number == 0) {
		hash_init(&h, LABEL_AGENCY_NAME_KEY, sizeof(i->agency_name_key),
		    master, 32);
		hash_final(&h, i->agency_name_key);
	}
	set_newest(i);
	return OK;
}

const struct identity_key *
identity_key_at(const struct identity *i, uint64_t number, size_t at)
{
	for (size_t k = 0; k < i->agency_key_count; k++)
		if (i->agency_key[k].number == number && at-- == 0)
			return &i->agency_key[k];
	return NULL;
}

/* One secret on paper has to bring back everything that the agency's first
 * node knew, so both keys are derived from it. */
void
identity_take_agency(struct identity *i, const uint8_t master[static 32])
{
	sodium_memzero(i->agency_key, sizeof(i->agency_key));
	i->agency_key_count = 0;
	(void)identity_add_key(i, 0, master);
}

void
identity_forget(struct identity *i)
{
	uint8_t sign[MEMBER_SECRET_BYTES], tls[MEMBER_SECRET_BYTES];
	struct identity t = { .is_forgotten = true,
		.node = i->node,
		.incarnation = i->incarnation,
		.author = i->author,
		.agency = i->agency };

	memcpy(sign, i->sign_secret, sizeof(sign));
	memcpy(tls, i->tls_secret, sizeof(tls));
	memcpy(t.sign_key, i->sign_key, sizeof(t.sign_key));
	memcpy(t.box_key, i->box_key, sizeof(t.box_key));
	memcpy(t.tls_key, i->tls_key, sizeof(t.tls_key));
	identity_wipe(i);
	*i = t;
	memcpy(i->sign_secret, sign, sizeof(sign));
	memcpy(i->tls_secret, tls, sizeof(tls));
	sodium_memzero(sign, sizeof(sign));
	sodium_memzero(tls, sizeof(tls));
}

enum err
identity_agency_code(struct buf *out, const struct identity *i)
{
	if (!i->has_agency_secret)
		return ERR_NOTFOUND;
	code_encode(out, CODE_AGENCY, i->agency_master,
	    sizeof(i->agency_master));
	return out->err;
}

void
identity_make_root(struct identity *i, const struct env *env)
{
	uint8_t key[crypto_sign_PUBLICKEYBYTES];

	make_sign_pair(key, i->root_secret, env);
	i->has_root_secret = true;
}

void
identity_encode(struct buf *out, const struct identity *i)
{
	buf_u8(out, IDENTITY_FORMAT);
	buf_u8(out,
	    (uint8_t)((i->has_agency_secret ? HAS_AGENCY_SECRET : 0) |
		(i->has_root_secret ? HAS_ROOT_SECRET : 0) |
		(i->is_forgotten ? IS_FORGOTTEN : 0)));
	/* an Ed25519 secret of libsodium ends in its public half */
	buf_put(out, i->sign_secret, sizeof(i->sign_secret));
	buf_put(out, i->is_forgotten ? i->box_key : i->box_secret,
	    sizeof(i->box_secret));
	buf_put(out, i->tls_secret, sizeof(i->tls_secret));
	buf_put(out, i->incarnation.b, sizeof(i->incarnation.b));
	buf_put(out, i->agency.b, sizeof(i->agency.b));
	buf_put(out, i->agency_box_key, sizeof(i->agency_box_key));
	buf_put(out, i->agency_name_key, sizeof(i->agency_name_key));
	if (i->has_agency_secret)
		buf_uint(out, i->agency_key_count);
	for (size_t k = 0; k < i->agency_key_count; k++) {
		buf_uint(out, i->agency_key[k].number);
		buf_put(out, i->agency_key[k].master, 32);
	}
	if (i->has_root_secret)
		buf_put(out, i->root_secret, sizeof(i->root_secret));
}

/* the pair that the stored secret's own seed gives must be the stored one */
static void
read_sign_pair(struct rd *r, uint8_t *key, uint8_t secret[static 64])
{
	uint8_t again[crypto_sign_SECRETKEYBYTES];
	uint8_t again_key[crypto_sign_PUBLICKEYBYTES];

	rd_copy(r, secret, crypto_sign_SECRETKEYBYTES);
	(void)crypto_sign_seed_keypair(again_key, again, secret);
	if (sodium_memcmp(again, secret, sizeof(again)) != 0)
		rd_fail(r);
	if (key != NULL)
		memcpy(key, again_key, sizeof(again_key));
	sodium_memzero(again, sizeof(again));
}

/* The stored public half must belong to the newest. */
static void
read_agency_keys(struct rd *r, struct identity *i)
{
	uint8_t newest[MEMBER_KEY_BYTES], names[32], master[32];
	size_t n = (size_t)rd_max(r, IDENTITY_KEYS);

	memcpy(newest, i->agency_box_key, sizeof(newest));
	memcpy(names, i->agency_name_key, sizeof(names));
	for (size_t k = 0; k < n; k++) {
		uint64_t number = rd_max(r, LIMIT_AGENCY_KEY_NO);

		rd_copy(r, master, sizeof(master));
		if (r->err == OK && identity_add_key(i, number, master) != OK)
			rd_fail(r);
	}
	sodium_memzero(master, sizeof(master));
	if (n == 0 || memcmp(newest, i->agency_box_key, sizeof(newest)) != 0 ||
	    sodium_memcmp(names, i->agency_name_key, sizeof(names)) != 0)
		rd_fail(r);
	sodium_memzero(names, sizeof(names));
}

enum err
identity_decode(struct identity *i, const uint8_t *p, size_t n)
{
	struct rd r = rd_of(p, n);
	struct identity t = { 0 };
	uint8_t has;
	enum err e;

	if (rd_u8(&r) != IDENTITY_FORMAT)
		rd_fail(&r);
	has = rd_u8(&r);
	if ((has & ~(HAS_AGENCY_SECRET | HAS_ROOT_SECRET | IS_FORGOTTEN)) != 0)
		rd_fail(&r);
	t.has_agency_secret = (has & HAS_AGENCY_SECRET) != 0;
	t.has_root_secret = (has & HAS_ROOT_SECRET) != 0;
	read_sign_pair(&r, t.sign_key, t.sign_secret);
	t.is_forgotten = (has & IS_FORGOTTEN) != 0;
	if (t.is_forgotten) {
		rd_copy(&r, t.box_key, sizeof(t.box_key));
	} else {
		rd_copy(&r, t.box_secret, sizeof(t.box_secret));
		(void)crypto_scalarmult_base(t.box_key, t.box_secret);
	}
	read_sign_pair(&r, t.tls_key, t.tls_secret);
	rd_copy(&r, t.incarnation.b, sizeof(t.incarnation.b));
	rd_copy(&r, t.agency.b, sizeof(t.agency.b));
	rd_copy(&r, t.agency_box_key, sizeof(t.agency_box_key));
	rd_copy(&r, t.agency_name_key, sizeof(t.agency_name_key));
	if (t.has_agency_secret)
		read_agency_keys(&r, &t);
	if (t.has_root_secret)
		read_sign_pair(&r, NULL, t.root_secret);
	e = rd_done(&r);
	if (e == OK) {
		set_names(&t);
		*i = t;
	}
	identity_wipe(&t);
	return e;
}

void
identity_wipe(struct identity *i)
{
	sodium_memzero(i, sizeof(*i));
}
