#include "tests/support/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "sync/registry.h"

static uint64_t dice_state;

uint64_t
network_dice(void)
{
	uint64_t z = (dice_state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void
fixed_random(void *self, void *p, size_t n)
{
	uint8_t *to = p;

	(void)self;
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)network_dice();
}

static const struct env world = { .random = fixed_random };

const struct env *
network_env(void)
{
	return &world;
}

void
network_seed(uint64_t seed)
{
	dice_state = seed;
}

struct buf *
network_record(struct network *w)
{
	assert_true(w->n < NETWORK_RECORDS);
	return &w->record[w->n++];
}

void
network_agency(struct network *w, struct agency_id *id, struct identity *i,
    const char *name, int kind)
{
	struct member_agency a = { .kind = kind };

	identity_make_agency(i, network_env());
	memcpy(a.box_key, i->agency_box_key, sizeof(a.box_key));
	(void)snprintf(a.name, sizeof(a.name), "%s", name);
	member_agency_id(id, &w->network, a.box_key);
	a.id = *id;
	i->agency = *id;
	assert_int_equal(member_make_agency(network_record(w), &w->hub,
			     &w->network, true, &a),
	    OK);
}

void
network_describe(struct member_node *n, const struct network *w,
    const struct identity *i, const struct agency_id *agency, const char *name,
    unsigned roles, uint64_t serial)
{
	memset(n, 0, sizeof(*n));
	n->id = i->node;
	memcpy(n->sign_key, i->sign_key, 32);
	memcpy(n->box_key, i->box_key, 32);
	memcpy(n->tls_key, i->tls_key, 32);
	n->agency = *agency;
	(void)snprintf(n->office, sizeof(n->office), "Main Street");
	(void)snprintf(n->name, sizeof(n->name), "%s", name);
	n->roles = roles;
	n->serial = serial;
	n->made_ms = 1700000000000;
	member_node_consent(n, i, &w->network);
}

void
network_node(struct network *w, const struct identity *issuer, bool as_root,
    const struct identity *i, const struct agency_id *agency, const char *name,
    unsigned roles, uint64_t serial)
{
	struct member_node n;

	network_describe(&n, w, i, agency, name, roles, serial);
	assert_int_equal(member_make_node(network_record(w), issuer,
			     &w->network, as_root, &n),
	    OK);
}

void
network_init(struct network *w, uint64_t seed)
{
	uint8_t key[32];

	network_seed(seed);
	memset(w, 0, sizeof(*w));
	identity_make(&w->hub, network_env());
	identity_make_root(&w->hub, network_env());
	identity_make(&w->north, network_env());
	identity_make(&w->laptop, network_env());
	identity_make(&w->clinic, network_env());
	identity_make(&w->stranger, network_env());
	(void)crypto_sign_ed25519_sk_to_pk(key, w->hub.root_secret);
	member_network_id(&w->network, key);
	assert_int_equal(member_make_root(network_record(w), &w->hub, "Region",
			     false),
	    OK);
	network_agency(w, &w->hub_agency, &w->hub, "Hub", KIND_HUB);
	network_agency(w, &w->north_agency, &w->north, "North", KIND_PROBATION);
	network_agency(w, &w->clinic_agency, &w->clinic, "Clinic",
	    KIND_TREATMENT);
	network_node(w, &w->hub, true, &w->hub, &w->hub_agency, "hub-1",
	    MEMBER_STEWARD_NETWORK | MEMBER_REGISTRAR | MEMBER_RELAY, 0);
	network_node(w, &w->hub, false, &w->north, &w->north_agency, "north-1",
	    MEMBER_STEWARD_AGENCY | MEMBER_REGISTRAR, 0);
	network_node(w, &w->north, false, &w->laptop, &w->north_agency,
	    "north-laptop", MEMBER_FIELD, 0);
	network_node(w, &w->hub, false, &w->clinic, &w->clinic_agency,
	    "clinic-1", MEMBER_STEWARD_AGENCY | MEMBER_REGISTRAR, 0);
	assert_int_equal(member_make_author(network_record(w), &w->hub,
			     &w->network),
	    OK);
	assert_int_equal(member_make_author(network_record(w), &w->laptop,
			     &w->network),
	    OK);
}

void
network_release(struct network *w)
{
	for (size_t k = 0; k < COUNT_OF(w->record); k++)
		buf_release(&w->record[k]);
}

void
network_revoke(struct network *w, const struct identity *issuer, bool as_root,
    const struct member_revoke *v)
{
	assert_int_equal(member_make_revocation(network_record(w), issuer,
			     &w->network, as_root, v),
	    OK);
}

enum err
network_give(struct members *m, const struct buf *record,
    enum member_result *result)
{
	uint8_t id[32];
	struct fail f = { 0 };

	*result = MEMBER_ADDED;
	return members_add(m, result, id, record->p, record->n, &f);
}

struct members *
network_members(struct network *w)
{
	struct members *m;
	enum member_result result;

	assert_int_equal(members_new(&m, NULL), OK);
	for (size_t k = 0; k < w->n; k++) {
		assert_int_equal(network_give(m, &w->record[k], &result), OK);
		assert_int_equal(result, MEMBER_ADDED);
	}
	return m;
}

void
network_shuffle(size_t *at, size_t n)
{
	for (size_t k = n; k > 1; k--) {
		size_t other = (size_t)(network_dice() % k), t = at[k - 1];

		at[k - 1] = at[other];
		at[other] = t;
	}
}

struct members *
network_in_order(struct network *w, const size_t *at)
{
	struct members *m;
	bool in[NETWORK_RECORDS] = { false }, progress = true;
	enum member_result result;

	assert_int_equal(members_new(&m, &w->network), OK);
	while (progress) {
		progress = false;
		for (size_t k = 0; k < w->n; k++) {
			if (in[at[k]])
				continue;
			assert_int_equal(network_give(m, &w->record[at[k]],
					     &result),
			    OK);
			in[at[k]] = result != MEMBER_WAITING;
			progress |= in[at[k]];
		}
	}
	return m;
}

static void
revocation_state(struct buf *b, const struct member_revocation *v)
{
	if (v == NULL) {
		buf_uint(b, 0);
		return;
	}
	buf_uint(b, v->reason);
	buf_uint(b, v->agency_key_no);
	buf_uint(b, v->undone ? 1 : 0);
	buf_put(b, v->issuer.b, ID_BYTES);
	buf_put(b, v->record, sizeof(v->record));
	for (size_t k = 0; k < v->cut_count; k++) {
		buf_put(b, v->cut[k].incarnation.b, ID_BYTES);
		buf_uint(b, v->cut[k].position);
		buf_put(b, v->cut[k].id.b, SEGMENT_ID_BYTES);
	}
}

/* Everything that look-ups show, as bytes. */
void
network_state(struct buf *b, const struct members *m)
{
	uint8_t head[32];

	buf_text(b, members_network_name(m));
	for (size_t k = 0; k < members_agency_count(m); k++) {
		const struct member_agency *a = members_agency_at(m, k);

		buf_put(b, a->id.b, ID_BYTES);
		buf_text(b, a->name);
		buf_int(b, a->kind);
		buf_put(b, a->box_key, 32);
		buf_uint(b, members_exposed_key(m, &a->id));
		buf_uint(b, members_agency_undone(m, &a->id) ? 1 : 0);
	}
	for (size_t k = 0; k < members_node_count(m); k++) {
		const struct member_node *n = members_node_at(m, k);

		buf_put(b, n->id.b, ID_BYTES);
		buf_put(b, n->agency.b, ID_BYTES);
		buf_text(b, n->name);
		buf_text(b, n->office);
		buf_uint(b, n->roles);
		buf_uint(b, n->ever_roles);
		buf_uint(b, n->serial);
		buf_uint(b, n->via_count);
		revocation_state(b, members_revocation(m, &n->id));
	}
	for (size_t k = 0; k < members_author_count(m); k++) {
		const struct member_author *a = members_author_at(m, k);

		buf_put(b, a->tag.b, AUTHOR_TAG_BYTES);
		buf_put(b, a->node.b, ID_BYTES);
	}
	members_head(m, head);
	buf_put(b, head, sizeof(head));
	assert_int_equal(b->err, OK);
}

struct members *
network_in_any_order(struct network *w)
{
	struct buf want = { 0 }, have = { 0 };
	size_t at[NETWORK_RECORDS];
	struct members *m;

	for (size_t k = 0; k < w->n; k++)
		at[k] = k;
	m = network_in_order(w, at);
	network_state(&want, m);
	for (int i = 0; i < 40; i++) {
		struct members *other;

		network_shuffle(at, w->n);
		other = network_in_order(w, at);
		buf_reset(&have);
		network_state(&have, other);
		assert_int_equal(want.n, have.n);
		assert_memory_equal(want.p, have.p, want.n);
		members_free(other);
	}
	buf_release(&want);
	buf_release(&have);
	return m;
}
