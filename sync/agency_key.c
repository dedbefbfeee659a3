/*
 * Sealing and opening an agency's masters. Nothing is believed that does not
 * give a public key which the agency's records name: a box or a wrapping of a
 * lying registrar opens nothing and changes nothing.
 */
#include "sync/agency_key.h"

#include <string.h>

#include "sync/agency_key_i.h"
#include "sync/box.h"
#include "sync/hash.h"
#include "sync/rd.h"

#define BIND_BYTES 16
#define NONCE_BYTES 24
#define TAG_BYTES 16
#define AD_BYTES 128

_Static_assert(BIND_BYTES + 32 + BOX_OVERHEAD == MEMBER_HEIR_BOX, "an heir's");

/* ---- for one registrar ------------------------------------------------------ */

static void
heir_bind(uint8_t out[static BIND_BYTES], const struct member_agency_key *k,
    const struct node_id *node)
{
	struct hash h;

	hash_init(&h, LABEL_AGENCY_HEIR, BIND_BYTES, NULL, 0);
	hash_put(&h, k->agency.b, sizeof(k->agency.b));
	hash_u64(&h, k->number);
	hash_put(&h, k->box_key, sizeof(k->box_key));
	hash_put(&h, node->b, sizeof(node->b));
	hash_final(&h, out);
}

enum err
agency_key_heir(uint8_t box[static MEMBER_HEIR_BOX],
    const struct member_agency_key *k, const uint8_t master[static 32],
    const struct member_node *node, const struct env *env)
{
	uint8_t plain[BIND_BYTES + 32];
	enum err e;

	heir_bind(plain, k, &node->id);
	memcpy(plain + BIND_BYTES, master, 32);
	e = box_seal(box, plain, sizeof(plain), node->box_key, env);
	sodium_memzero(plain, sizeof(plain));
	return e;
}

/* ---- the masters before ----------------------------------------------------- */

static void
wrap_key(uint8_t out[static 32], const uint8_t master[static 32])
{
	struct hash h;

	hash_init(&h, LABEL_AGENCY_WRAP, 32, master, 32);
	hash_final(&h, out);
}

static size_t
wrap_ad(uint8_t out[static AD_BYTES], const struct member_agency_key *k)
{
	const char *label = label_text(LABEL_AGENCY_WRAP_AD);
	size_t n = strlen(label) + 1;

	memcpy(out, label, n);
	memcpy(out + n, k->agency.b, ID_BYTES);
	n += ID_BYTES;
	for (int b = 0; b < 8; b++)
		out[n++] = (uint8_t)(k->number >> (8 * b));
	memcpy(out + n, k->box_key, MEMBER_KEY_BYTES);
	return n + MEMBER_KEY_BYTES;
}

/* Those of the highest number below; there may be more than one. */
enum err
agency_key_wrap(struct buf *out, const struct member_agency_key *k,
    const uint8_t master[static 32], const struct identity *i,
    const struct env *env)
{
	struct buf plain = { .limit = MEMBER_WRAPPED };
	uint8_t ad[AD_BYTES], nonce[NONCE_BYTES], key[32], *to;
	size_t ad_n = wrap_ad(ad, k), n = i->agency_key_count;
	uint64_t before = n > 0 ? i->agency_key[n - 1].number : 0;

	for (size_t at = 0; at < n; at++) {
		if (i->agency_key[at].number != before)
			continue;
		buf_uint(&plain, before);
		buf_put(&plain, i->agency_key[at].master, 32);
	}
	env_random(env, nonce, sizeof(nonce));
	buf_put(out, nonce, sizeof(nonce));
	to = buf_grow(out, plain.n + TAG_BYTES);
	if (plain.err == OK && to != NULL) {
		wrap_key(key, master);
		(void)crypto_aead_xchacha20poly1305_ietf_encrypt(to, NULL,
		    plain.p, plain.n, ad, ad_n, NULL, nonce, key);
		sodium_memzero(key, sizeof(key));
	}
	buf_release(&plain);
	return out->err;
}

/* ---- opening ---------------------------------------------------------------- */

/* Does a record name the key of this master with this number? */
static bool
is_named(const struct members *m, const struct agency_id *agency,
    uint64_t number, const uint8_t master[static 32])
{
	const struct member_agency *a = members_agency(m, agency);
	const struct member_agency_key *k;
	uint8_t key[MEMBER_KEY_BYTES], secret[MEMBER_KEY_BYTES];
	bool is;

	identity_key_pair(key, secret, master);
	sodium_memzero(secret, sizeof(secret));
	is = a != NULL && number == 0 &&
	    memcmp(a->founding_key, key, sizeof(key)) == 0;
	for (size_t at = 0;
	     !is && (k = members_agency_key(m, agency, at)) != NULL; at++)
		is = k->number == number &&
		    memcmp(k->box_key, key, sizeof(key)) == 0;
	return is;
}

static bool
take(struct identity *i, const struct members *m, uint64_t number,
    const uint8_t master[static 32])
{
	return is_named(m, &i->agency, number, master) &&
	    identity_add_key(i, number, master) == OK;
}

static const struct identity_key *
held(const struct identity *i, const struct member_agency_key *k)
{
	const struct identity_key *key;

	for (size_t at = 0; (key = identity_key_at(i, k->number, at)) != NULL;
	     at++)
		if (memcmp(key->box_key, k->box_key, MEMBER_KEY_BYTES) == 0)
			return key;
	return NULL;
}

static bool
open_heir(struct identity *i, const struct members *m,
    const struct member_agency_key *k)
{
	uint8_t plain[BIND_BYTES + 32], bind[BIND_BYTES];
	bool took = false;

	for (size_t at = 0; at < k->heir_count; at++) {
		if (!id_equal(&k->heir[at].node, &i->node))
			continue;
		heir_bind(bind, k, &i->node);
		if (box_open(plain, k->heir[at].box, MEMBER_HEIR_BOX,
			i->box_key, i->box_secret) == OK &&
		    memcmp(plain, bind, sizeof(bind)) == 0)
			took = take(i, m, k->number, plain + BIND_BYTES);
	}
	sodium_memzero(plain, sizeof(plain));
	return took;
}

static bool
unwrap(struct identity *i, const struct members *m,
    const struct member_agency_key *k, const struct identity_key *by)
{
	uint8_t plain[MEMBER_WRAPPED], ad[AD_BYTES], key[32];
	size_t ad_n = wrap_ad(ad, k), n;
	bool took = false;
	struct rd r;
	int bad;

	if (k->wrapped_n < NONCE_BYTES + TAG_BYTES)
		return false;
	n = k->wrapped_n - NONCE_BYTES - TAG_BYTES;
	wrap_key(key, by->master);
	bad = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL,
	    k->wrapped + NONCE_BYTES, k->wrapped_n - NONCE_BYTES, ad, ad_n,
	    k->wrapped, key);
	sodium_memzero(key, sizeof(key));
	r = rd_of(plain, n);
	while (bad == 0 && r.err == OK && rd_left(&r) > 0) {
		uint64_t number = rd_uint(&r);
		const uint8_t *master = rd_take(&r, 32);

		if (master != NULL && number < k->number)
			took |= take(i, m, number, master);
	}
	sodium_memzero(plain, sizeof(plain));
	return took;
}

enum err
agency_key_open(struct identity *i, const struct members *m, size_t *learned,
    struct fail *f)
{
	const struct member_agency_key *k;
	bool more = !i->is_forgotten;

	*learned = 0;
	while (more) {
		more = false;
		for (size_t at = 0;
		     (k = members_agency_key(m, &i->agency, at)) != NULL;
		     at++) {
			const struct identity_key *by = held(i, k);
			bool took = by == NULL ? open_heir(i, m, k)
					       : unwrap(i, m, k, by);

			more |= took;
			*learned += took ? 1 : 0;
		}
		if (i->agency_key_count == IDENTITY_KEYS && more)
			return fail_set(f, ERR_LIMIT,
			    "the agency's keys: more than %d were made",
			    IDENTITY_KEYS);
	}
	return OK;
}

/* The number under which this master is the agency's, by any record. */
static bool
number_of(const struct members *m, const struct agency_id *agency,
    uint64_t *number, const uint8_t master[static 32])
{
	const struct member_agency_key *k;

	*number = 0;
	if (is_named(m, agency, 0, master))
		return true;
	for (size_t at = 0; (k = members_agency_key(m, agency, at)) != NULL;
	     at++) {
		*number = k->number;
		if (is_named(m, agency, k->number, master))
			return true;
	}
	return false;
}

enum err
agency_key_recover(struct identity *i, const struct members *m,
    const uint8_t master[static 32], struct fail *f)
{
	const struct member_agency *a = members_agency(m, &i->agency);
	struct identity t = *i;
	uint64_t number = 0;
	size_t learned;
	enum err e = OK;

	sodium_memzero(t.agency_key, sizeof(t.agency_key));
	t.agency_key_count = 0;
	t.has_agency_secret = false;
	if (a == NULL || !number_of(m, &i->agency, &number, master))
		e = fail_set(f, ERR_AUTH,
		    "join: the recovery code is not the one of %s",
		    a != NULL ? a->name : "this agency");
	else if (number < a->key_no)
		e = fail_set(f, ERR_AUTH,
		    "join: this recovery code of %s was replaced: its key is "
		    "number %llu now, the code's is %llu; use the newest one",
		    a->name, (unsigned long long)a->key_no,
		    (unsigned long long)number);
	if (e == OK && identity_add_key(&t, number, master) == OK)
		e = agency_key_open(&t, m, &learned, f);
	if (e == OK && identity_key_at(&t, 0, 0) == NULL)
		e = fail_set(f, ERR_AUTH,
		    "join: the founding key of %s does not follow from this "
		    "recovery code",
		    a->name);
	if (e == OK)
		*i = t;
	identity_wipe(&t);
	return e;
}
