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

#define IDENTITY_FORMAT 1
#define HAS_AGENCY_SECRET 1u
#define HAS_ROOT_SECRET 2u

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

/* One secret on paper has to bring back everything that the agency's first
 * node knew, so both keys are derived from it. */
void
identity_take_agency(struct identity *i, const uint8_t master[static 32])
{
	uint8_t seed[crypto_box_SEEDBYTES];
	struct hash h;

	memcpy(i->agency_master, master, sizeof(i->agency_master));
	hash_init(&h, LABEL_AGENCY_SECRET, sizeof(seed), master, 32);
	hash_final(&h, seed);
	(void)crypto_box_seed_keypair(i->agency_box_key, i->agency_box_secret,
	    seed);
	sodium_memzero(seed, sizeof(seed));
	hash_init(&h, LABEL_AGENCY_NAME_KEY, sizeof(i->agency_name_key), master,
	    32);
	hash_final(&h, i->agency_name_key);
	i->has_agency_secret = true;
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
		(i->has_root_secret ? HAS_ROOT_SECRET : 0)));
	/* an Ed25519 secret of libsodium ends in its public half */
	buf_put(out, i->sign_secret, sizeof(i->sign_secret));
	buf_put(out, i->box_secret, sizeof(i->box_secret));
	buf_put(out, i->tls_secret, sizeof(i->tls_secret));
	buf_put(out, i->incarnation.b, sizeof(i->incarnation.b));
	buf_put(out, i->agency.b, sizeof(i->agency.b));
	buf_put(out, i->agency_box_key, sizeof(i->agency_box_key));
	buf_put(out, i->agency_name_key, sizeof(i->agency_name_key));
	if (i->has_agency_secret)
		buf_put(out, i->agency_master, sizeof(i->agency_master));
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

enum err
identity_decode(struct identity *i, const uint8_t *p, size_t n)
{
	struct rd r = rd_of(p, n);
	uint8_t key[MEMBER_KEY_BYTES], master[32];
	struct identity t = { 0 };
	uint8_t has;
	enum err e;

	if (rd_u8(&r) != IDENTITY_FORMAT)
		rd_fail(&r);
	has = rd_u8(&r);
	if ((has & ~(HAS_AGENCY_SECRET | HAS_ROOT_SECRET)) != 0)
		rd_fail(&r);
	t.has_agency_secret = (has & HAS_AGENCY_SECRET) != 0;
	t.has_root_secret = (has & HAS_ROOT_SECRET) != 0;
	read_sign_pair(&r, t.sign_key, t.sign_secret);
	rd_copy(&r, t.box_secret, sizeof(t.box_secret));
	(void)crypto_scalarmult_base(t.box_key, t.box_secret);
	read_sign_pair(&r, t.tls_key, t.tls_secret);
	rd_copy(&r, t.incarnation.b, sizeof(t.incarnation.b));
	rd_copy(&r, t.agency.b, sizeof(t.agency.b));
	rd_copy(&r, t.agency_box_key, sizeof(t.agency_box_key));
	rd_copy(&r, t.agency_name_key, sizeof(t.agency_name_key));
	if (t.has_agency_secret) {
		memcpy(key, t.agency_box_key, sizeof(key));
		rd_copy(&r, master, sizeof(master));
		identity_take_agency(&t, master);
		sodium_memzero(master, sizeof(master));
		if (memcmp(key, t.agency_box_key, sizeof(key)) != 0)
			rd_fail(&r);
	}
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
