/* Membership: what a hostile record cannot do, and that order never matters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sync/hash.h"
#include "sync/member.h"
#include "sync/member_i.h"
#include "sync/registry.h"

/* ---- a repeatable world ---------------------------------------------------- */

static uint64_t dice_state;

static uint64_t
dice(void)
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
		to[i] = (uint8_t)dice();
}

static const struct env world = { .random = fixed_random };

#define RECORDS_MAX 32

struct net {
	struct identity hub, north, laptop, clinic, stranger;
	struct network_id network;
	struct agency_id hub_agency, north_agency, clinic_agency;
	struct buf record[RECORDS_MAX];
	size_t n;
};

static struct buf *
next_record(struct net *w)
{
	assert_true(w->n < RECORDS_MAX);
	return &w->record[w->n++];
}

static void
add_agency(struct net *w, struct agency_id *id, struct identity *i,
    const char *name, int kind)
{
	struct member_agency a = { .kind = kind };

	identity_make_agency(i, &world);
	memcpy(a.box_key, i->agency_box_key, sizeof(a.box_key));
	strcpy(a.name, name);
	member_agency_id(id, &w->network, a.box_key);
	a.id = *id;
	i->agency = *id;
	assert_int_equal(member_make_agency(next_record(w), &w->hub,
			     &w->network, true, &a),
	    OK);
}

static void
describe(struct member_node *n, const struct net *w, const struct identity *i,
    const struct agency_id *agency, const char *name, unsigned roles,
    uint64_t serial)
{
	memset(n, 0, sizeof(*n));
	n->id = i->node;
	memcpy(n->sign_key, i->sign_key, 32);
	memcpy(n->box_key, i->box_key, 32);
	memcpy(n->tls_key, i->tls_key, 32);
	n->agency = *agency;
	strcpy(n->office, "Main Street");
	strcpy(n->name, name);
	n->roles = roles;
	n->serial = serial;
	n->made_ms = 1700000000000;
	member_node_consent(n, i, &w->network);
}

static void
add_node(struct net *w, const struct identity *issuer, bool as_root,
    const struct identity *i, const struct agency_id *agency, const char *name,
    unsigned roles, uint64_t serial)
{
	struct member_node n;

	describe(&n, w, i, agency, name, roles, serial);
	assert_int_equal(member_make_node(next_record(w), issuer, &w->network,
			     as_root, &n),
	    OK);
}

/*
 * root -> hub (network steward) -> north's server (agency steward) -> laptop;
 * the hub certifies the clinic.
 */
static void
net_init(struct net *w, uint64_t seed)
{
	uint8_t key[32];

	dice_state = seed;
	memset(w, 0, sizeof(*w));
	identity_make(&w->hub, &world);
	identity_make_root(&w->hub, &world);
	identity_make(&w->north, &world);
	identity_make(&w->laptop, &world);
	identity_make(&w->clinic, &world);
	identity_make(&w->stranger, &world);
	(void)crypto_sign_ed25519_sk_to_pk(key, w->hub.root_secret);
	member_network_id(&w->network, key);
	assert_int_equal(member_make_root(next_record(w), &w->hub, "Region",
			     false),
	    OK);
	add_agency(w, &w->hub_agency, &w->hub, "Hub", KIND_HUB);
	add_agency(w, &w->north_agency, &w->north, "North", KIND_PROBATION);
	add_agency(w, &w->clinic_agency, &w->clinic, "Clinic", KIND_TREATMENT);
	add_node(w, &w->hub, true, &w->hub, &w->hub_agency, "hub-1",
	    MEMBER_STEWARD_NETWORK | MEMBER_REGISTRAR | MEMBER_RELAY, 0);
	add_node(w, &w->hub, false, &w->north, &w->north_agency, "north-1",
	    MEMBER_STEWARD_AGENCY | MEMBER_REGISTRAR, 0);
	add_node(w, &w->north, false, &w->laptop, &w->north_agency,
	    "north-laptop", MEMBER_FIELD, 0);
	add_node(w, &w->hub, false, &w->clinic, &w->clinic_agency, "clinic-1",
	    MEMBER_STEWARD_AGENCY | MEMBER_REGISTRAR, 0);
	assert_int_equal(member_make_author(next_record(w), &w->hub,
			     &w->network),
	    OK);
	assert_int_equal(member_make_author(next_record(w), &w->laptop,
			     &w->network),
	    OK);
}

static void
net_release(struct net *w)
{
	for (size_t k = 0; k < COUNT_OF(w->record); k++)
		buf_release(&w->record[k]);
}

static enum err
give(struct members *m, const struct buf *record, enum member_result *result)
{
	uint8_t id[32];
	struct fail f = { 0 };

	*result = MEMBER_ADDED;
	return members_add(m, result, id, record->p, record->n, &f);
}

static struct members *
add_all(struct net *w)
{
	struct members *m;
	enum member_result result;

	assert_int_equal(members_new(&m, NULL), OK);
	for (size_t k = 0; k < w->n; k++) {
		assert_int_equal(give(m, &w->record[k], &result), OK);
		assert_int_equal(result, MEMBER_ADDED);
	}
	return m;
}

/* Everything that look-ups show, as bytes. */
static void
state_of(struct buf *b, const struct members *m)
{
	uint8_t head[32];

	buf_text(b, members_network_name(m));
	for (size_t k = 0; k < members_agency_count(m); k++) {
		const struct member_agency *a = members_agency_at(m, k);

		buf_put(b, a->id.b, ID_BYTES);
		buf_text(b, a->name);
		buf_int(b, a->kind);
		buf_put(b, a->box_key, 32);
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

/* ---- identity ---------------------------------------------------------------- */

static void
identity_survives_storing_and_refuses_damage(void **state)
{
	struct identity i, back;
	struct buf b = { 0 };

	(void)state;
	dice_state = 1;
	identity_make(&i, &world);
	identity_make_agency(&i, &world);
	identity_make_root(&i, &world);
	identity_encode(&b, &i);
	assert_true(b.err == OK && b.n <= 512);
	assert_int_equal(identity_decode(&back, b.p, b.n), OK);
	assert_memory_equal(&back.node, &i.node, sizeof(i.node));
	assert_memory_equal(&back.author, &i.author, sizeof(i.author));
	assert_memory_equal(back.sign_key, i.sign_key, 32);
	assert_memory_equal(back.box_key, i.box_key, 32);
	assert_memory_equal(back.tls_key, i.tls_key, 32);
	assert_memory_equal(back.agency_box_secret, i.agency_box_secret, 32);
	assert_memory_equal(back.root_secret, i.root_secret, 64);
	for (size_t n = 0; n < b.n; n++)
		assert_int_equal(identity_decode(&back, b.p, n), ERR_FORMAT);
	b.p[2 + 40] ^= 1; /* public half of the signing key */
	assert_int_equal(identity_decode(&back, b.p, b.n), ERR_FORMAT);
	buf_release(&b);
}

static void
a_new_incarnation_is_a_new_author_of_the_same_node(void **state)
{
	struct identity i;
	struct node_id node;
	struct author_tag tag;

	(void)state;
	dice_state = 2;
	identity_make(&i, &world);
	node = i.node;
	tag = i.author;
	identity_reincarnate(&i, &world);
	assert_true(id_equal(&node, &i.node));
	assert_false(id_equal(&tag, &i.author));
	identity_wipe(&i);
	assert_int_equal(i.sign_secret[0] | i.box_secret[0], 0);
}

/* ---- the ordinary case --------------------------------------------------------- */

static void
a_founded_network_can_be_looked_up(void **state)
{
	static struct net w;
	struct members *m;
	const struct member_node *n;
	const struct member_agency *a;
	char prefix[9];

	(void)state;
	net_init(&w, 3);
	m = add_all(&w);
	assert_string_equal(members_network_name(m), "Region");
	assert_false(members_training(m));
	assert_true(id_equal(members_network(m), &w.network));
	assert_int_equal(members_agency_count(m), 3);
	assert_int_equal(members_node_count(m), 4);
	assert_int_equal(members_author_count(m), 2);
	n = members_node(m, &w.laptop.node);
	assert_non_null(n);
	assert_string_equal(n->name, "north-laptop");
	assert_ptr_equal(members_node_by_tls(m, w.laptop.tls_key), n);
	assert_null(members_node_by_tls(m, w.stranger.tls_key));
	assert_true(id_equal(&members_author(m, &w.laptop.author)->node,
	    &w.laptop.node));
	assert_null(members_author(m, &w.stranger.author));
	assert_int_equal(members_find_node(m, &n, "clinic-1", NULL), OK);
	assert_true(id_equal(&n->id, &w.clinic.node));
	hex_encode(prefix, w.north.node.b, 4);
	assert_int_equal(members_find_node(m, &n, prefix, NULL), OK);
	assert_true(id_equal(&n->id, &w.north.node));
	prefix[7] = '\0';
	assert_int_equal(members_find_node(m, &n, prefix, NULL), ERR_NOTFOUND);
	assert_int_equal(members_find_agency(m, &a, "North", NULL), OK);
	assert_int_equal(a->kind, KIND_PROBATION);
	assert_int_equal(members_find_agency(m, &a, "", NULL), ERR_NOTFOUND);
	members_free(m);
	net_release(&w);
}

static void
a_name_that_two_nodes_have_must_be_said_by_id(void **state)
{
	static struct net w;
	struct members *m;
	const struct member_node *n;

	(void)state;
	net_init(&w, 4);
	add_node(&w, &w.hub, false, &w.stranger, &w.hub_agency, "clinic-1", 0,
	    0);
	m = add_all(&w);
	assert_int_equal(members_find_node(m, &n, "clinic-1", NULL), ERR_INPUT);
	members_free(m);
	net_release(&w);
}

static void
the_same_record_twice_is_a_duplicate(void **state)
{
	static struct net w;
	struct members *m;
	enum member_result result;

	(void)state;
	net_init(&w, 5);
	m = add_all(&w);
	for (size_t k = 0; k < w.n; k++) {
		assert_int_equal(give(m, &w.record[k], &result), OK);
		assert_int_equal(result, MEMBER_DUPLICATE);
	}
	members_free(m);
	net_release(&w);
}

/* ---- hostile bytes --------------------------------------------------------------- */

static void
every_truncation_and_extension_is_refused(void **state)
{
	static struct net w;
	struct members *m;
	uint8_t id[32], longer[LIMIT_MEMBER_BYTES + 2];
	enum member_result result;

	(void)state;
	net_init(&w, 6);
	m = add_all(&w);
	for (size_t k = 0; k < w.n; k++) {
		const struct buf *b = &w.record[k];

		for (size_t n = 0; n < b->n; n++)
			assert_int_not_equal(members_add(m, &result, id, b->p,
						 n, NULL),
			    OK);
		memset(longer, 0, sizeof(longer));
		memcpy(longer, b->p, b->n);
		assert_int_equal(members_add(m, &result, id, longer, b->n + 1,
				     NULL),
		    ERR_FORMAT);
		assert_int_equal(members_add(m, &result, id, longer,
				     sizeof(longer), NULL),
		    ERR_LIMIT);
	}
	members_free(m);
	net_release(&w);
}

static void
no_flipped_bit_changes_the_state(void **state)
{
	static struct net w;
	struct members *m;
	struct buf before = { 0 }, after = { 0 };
	enum member_result result;

	(void)state;
	net_init(&w, 7);
	m = add_all(&w);
	state_of(&before, m);
	for (size_t k = 0; k < w.n; k++)
		for (size_t bit = 0; bit < w.record[k].n * 8; bit += 3) {
			uint8_t *p = &w.record[k].p[bit / 8];
			enum err e;

			*p = (uint8_t)(*p ^ (1u << (bit % 8)));
			e = give(m, &w.record[k], &result);
			assert_true(e != OK || result != MEMBER_ADDED);
			*p = (uint8_t)(*p ^ (1u << (bit % 8)));
		}
	state_of(&after, m);
	assert_int_equal(before.n, after.n);
	assert_memory_equal(before.p, after.p, before.n);
	buf_release(&before);
	buf_release(&after);
	members_free(m);
	net_release(&w);
}

static void
names_that_could_hurt_a_screen_are_never_made_or_read(void **state)
{
	static struct net w;
	static const char *const bad[] = { "", "a\nb", "\x1b[2J", "\xff\xfe",
		"\x7f" };
	struct member_node n;
	struct buf out = { 0 };

	(void)state;
	net_init(&w, 8);
	for (size_t k = 0; k < COUNT_OF(bad); k++) {
		describe(&n, &w, &w.laptop, &w.north_agency, "x", 0, 9);
		strcpy(n.name, bad[k]);
		assert_int_equal(member_make_node(&out, &w.north, &w.network,
				     false, &n),
		    ERR_INPUT);
		assert_int_equal(member_make_root(&out, &w.hub, bad[k], false),
		    ERR_INPUT);
	}
	assert_int_equal(out.n, 0);
	buf_release(&out);
	net_release(&w);
}

static void
another_networks_records_are_refused(void **state)
{
	static struct net w, other;
	struct members *m;
	enum member_result result;

	(void)state;
	net_init(&w, 9);
	net_init(&other, 10);
	m = add_all(&w);
	for (size_t k = 0; k < other.n; k++)
		assert_int_equal(give(m, &other.record[k], &result), ERR_INPUT);
	members_free(m);
	assert_int_equal(members_new(&m, &w.network), OK);
	assert_int_equal(give(m, &other.record[0], &result), ERR_INPUT);
	assert_int_equal(give(m, &w.record[0], &result), OK);
	members_free(m);
	net_release(&w);
	net_release(&other);
}

/* ---- who may issue what ------------------------------------------------------------ */

/* Add everything, then one more record that must not take effect. */
static void
last_record_must_wait(struct net *w)
{
	struct members *m;
	enum member_result result;
	struct buf before = { 0 }, after = { 0 };

	w->n--;
	m = add_all(w);
	state_of(&before, m);
	assert_int_equal(give(m, &w->record[w->n], &result), OK);
	assert_int_equal(result, MEMBER_WAITING);
	assert_true(members_why(m)[0] != '\0');
	state_of(&after, m);
	assert_int_equal(before.n, after.n);
	assert_memory_equal(before.p, after.p, before.n);
	buf_release(&before);
	buf_release(&after);
	members_free(m);
	net_release(w);
}

static void
an_agency_steward_certifies_no_node_of_another_agency(void **state)
{
	static struct net w;

	(void)state;
	net_init(&w, 11);
	add_node(&w, &w.north, false, &w.stranger, &w.clinic_agency, "spy", 0,
	    0);
	last_record_must_wait(&w);
}

static void
an_agency_steward_makes_no_network_steward(void **state)
{
	static struct net w;

	(void)state;
	net_init(&w, 12);
	add_node(&w, &w.north, false, &w.stranger, &w.north_agency, "spy",
	    MEMBER_STEWARD_NETWORK, 0);
	last_record_must_wait(&w);
}

static void
an_agency_steward_does_not_raise_itself(void **state)
{
	static struct net w;

	(void)state;
	net_init(&w, 13);
	add_node(&w, &w.north, false, &w.north, &w.north_agency, "north-1",
	    MEMBER_STEWARD_NETWORK, 5);
	last_record_must_wait(&w);
}

static void
an_agency_steward_makes_no_agency(void **state)
{
	static struct net w;
	struct member_agency a = { .kind = KIND_SOCIAL, .name = "Mine" };

	(void)state;
	net_init(&w, 14);
	memset(a.box_key, 7, sizeof(a.box_key));
	assert_int_equal(member_make_agency(next_record(&w), &w.north,
			     &w.network, false, &a),
	    OK);
	last_record_must_wait(&w);
}

static void
a_plain_member_certifies_nobody(void **state)
{
	static struct net w;

	(void)state;
	net_init(&w, 15);
	add_node(&w, &w.laptop, false, &w.stranger, &w.north_agency, "spy", 0,
	    0);
	last_record_must_wait(&w);
}

static void
two_nodes_cannot_make_each_other_stewards(void **state)
{
	static struct net w;
	struct members *m;
	enum member_result result;

	(void)state;
	net_init(&w, 16);
	add_node(&w, &w.laptop, false, &w.clinic, &w.clinic_agency, "c",
	    MEMBER_STEWARD_NETWORK, 8);
	add_node(&w, &w.clinic, false, &w.laptop, &w.north_agency, "l",
	    MEMBER_STEWARD_NETWORK, 8);
	w.n -= 2;
	m = add_all(&w);
	for (int round = 0; round < 3; round++)
		for (size_t k = 0; k < 2; k++) {
			assert_int_equal(give(m, &w.record[w.n + k], &result),
			    OK);
			assert_int_equal(result, MEMBER_WAITING);
		}
	members_free(m);
	net_release(&w);
}

static void
a_node_that_did_not_ask_is_not_enrolled(void **state)
{
	static struct net w;
	struct members *m;
	struct member_node n;
	enum member_result result;
	struct buf *b;

	(void)state;
	net_init(&w, 17);
	m = add_all(&w);
	/* the clinic's steward claims North's laptop for the clinic */
	describe(&n, &w, &w.laptop, &w.north_agency, "mine", 0, 99);
	n.agency = w.clinic_agency;
	b = next_record(&w);
	assert_int_equal(member_make_node(b, &w.clinic, &w.network, false, &n),
	    OK);
	assert_int_equal(give(m, b, &result), ERR_AUTH);
	/* and a node of its own that claims the laptop's TLS key */
	describe(&n, &w, &w.stranger, &w.clinic_agency, "mine", 0, 0);
	memcpy(n.tls_key, w.laptop.tls_key, 32);
	member_node_id(&n.id, n.sign_key, n.box_key, n.tls_key);
	member_node_consent(&n, &w.stranger, &w.network);
	b = next_record(&w);
	assert_int_equal(member_make_node(b, &w.clinic, &w.network, false, &n),
	    OK);
	assert_int_equal(give(m, b, &result), ERR_AUTH);
	members_free(m);
	net_release(&w);
}

static void
a_record_that_changes_the_agency_is_void(void **state)
{
	static struct net w;
	struct members *m;
	const struct member_node *n;

	(void)state;
	net_init(&w, 18);
	add_node(&w, &w.hub, false, &w.laptop, &w.clinic_agency, "moved",
	    MEMBER_REGISTRAR, 7);
	m = add_all(&w);
	n = members_node(m, &w.laptop.node);
	assert_true(id_equal(&n->agency, &w.north_agency));
	assert_string_equal(n->name, "north-laptop");
	assert_int_equal(n->ever_roles & MEMBER_REGISTRAR, 0);
	members_free(m);
	net_release(&w);
}

static void
the_greatest_serial_holds_and_its_issuers_work_stays(void **state)
{
	static struct net w;
	struct members *m;
	const struct member_node *n;

	(void)state;
	net_init(&w, 19);
	add_node(&w, &w.hub, false, &w.north, &w.north_agency, "north-renamed",
	    MEMBER_REGISTRAR, 4);
	m = add_all(&w);
	n = members_node(m, &w.north.node);
	assert_string_equal(n->name, "north-renamed");
	assert_int_equal(n->roles, MEMBER_REGISTRAR);
	assert_int_equal(n->ever_roles,
	    MEMBER_REGISTRAR | MEMBER_STEWARD_AGENCY);
	assert_non_null(members_node(m, &w.laptop.node));
	members_free(m);
	net_release(&w);
}

static void
an_agency_keeps_its_kind_and_takes_a_new_key(void **state)
{
	static struct net w;
	struct members *m;
	struct member_agency a = { .kind = KIND_TREATMENT, .name = "Clinic" };

	(void)state;
	net_init(&w, 20);
	memcpy(a.founding_key, w.clinic.agency_box_key, 32);
	memset(a.box_key, 9, sizeof(a.box_key));
	a.serial = 1;
	assert_int_equal(member_make_agency(next_record(&w), &w.hub, &w.network,
			     false, &a),
	    OK);
	a.serial = 2;
	a.kind = KIND_COURT;
	assert_int_equal(member_make_agency(next_record(&w), &w.hub, &w.network,
			     false, &a),
	    OK);
	m = add_all(&w);
	assert_int_equal(members_agency(m, &w.clinic_agency)->kind,
	    KIND_TREATMENT);
	assert_int_equal(members_agency(m, &w.clinic_agency)->serial, 1);
	assert_int_equal(members_agency(m, &w.clinic_agency)->box_key[0], 9);
	members_free(m);
	net_release(&w);
}

static void
a_revocation_is_framed_and_not_available_yet(void **state)
{
	static struct net w;
	struct members *m;
	struct buf *b;
	enum member_result result;

	(void)state;
	net_init(&w, 21);
	m = add_all(&w);
	b = next_record(&w);
	buf_u8(b, MEMBER_FORMAT);
	buf_u8(b, MEMBER_REVOCATION);
	buf_put(b, w.network.b, ID_BYTES);
	buf_put(b, w.hub.node.b, ID_BYTES);
	buf_put(b, w.laptop.node.b, ID_BYTES);
	buf_uint(b, 1);
	buf_uint(b, 0);
	buf_zero(b, 64);
	assert_int_equal(give(m, b, &result), ERR_UNAVAILABLE);
	b->p[1] = 6;
	assert_int_equal(give(m, b, &result), ERR_VERSION);
	members_free(m);
	net_release(&w);
}

/* ---- order never matters -------------------------------------------------------------- */

static void
shuffle(size_t *at, size_t n)
{
	for (size_t k = n; k > 1; k--) {
		size_t other = (size_t)(dice() % k), t = at[k - 1];

		at[k - 1] = at[other];
		at[other] = t;
	}
}

/* Every record in this order; the waiting ones again until none goes in. */
static struct members *
add_in_order(struct net *w, const size_t *at)
{
	struct members *m;
	bool in[RECORDS_MAX] = { false }, progress = true;
	enum member_result result;

	assert_int_equal(members_new(&m, &w->network), OK);
	while (progress) {
		progress = false;
		for (size_t k = 0; k < w->n; k++) {
			if (in[at[k]])
				continue;
			assert_int_equal(give(m, &w->record[at[k]], &result),
			    OK);
			in[at[k]] = result == MEMBER_ADDED;
			progress |= in[at[k]];
		}
	}
	return m;
}

static void
any_order_of_arrival_gives_the_same_state(void **state)
{
	static struct net w;
	const char *iters = getenv("TEST_ITERS");
	long rounds = iters != NULL ? strtol(iters, NULL, 10) : 100;
	size_t at[RECORDS_MAX];
	struct buf want = { 0 }, have = { 0 };
	struct members *m;

	(void)state;
	net_init(&w, 22);
	/* a steward that loses its role, one that gets it late, a void move,
	 * ties of serial, and one record that nobody may accept */
	add_node(&w, &w.hub, false, &w.north, &w.north_agency, "n2", 0, 4);
	add_node(&w, &w.hub, false, &w.clinic, &w.clinic_agency, "c2",
	    MEMBER_STEWARD_NETWORK, 2);
	add_node(&w, &w.clinic, false, &w.stranger, &w.hub_agency, "s", 0, 0);
	add_node(&w, &w.clinic, false, &w.laptop, &w.clinic_agency, "mv", 0, 3);
	add_node(&w, &w.north, false, &w.laptop, &w.north_agency, "tie-a",
	    MEMBER_FIELD, 6);
	add_node(&w, &w.hub, false, &w.laptop, &w.north_agency, "tie-b",
	    MEMBER_FIELD, 6);
	add_node(&w, &w.laptop, false, &w.stranger, &w.north_agency, "no", 0,
	    9);
	for (size_t k = 0; k < w.n; k++)
		at[k] = k;
	m = add_in_order(&w, at);
	assert_int_equal(members_node_count(m), 5);
	state_of(&want, m);
	members_free(m);
	if (rounds > 1000)
		rounds = 1000;
	for (long i = 0; i < rounds; i++) {
		shuffle(at, w.n);
		m = add_in_order(&w, at);
		buf_reset(&have);
		state_of(&have, m);
		assert_int_equal(want.n, have.n);
		assert_memory_equal(want.p, have.p, want.n);
		members_free(m);
	}
	buf_release(&want);
	buf_release(&have);
	net_release(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identity_survives_storing_and_refuses_damage),
		cmocka_unit_test(
		    a_new_incarnation_is_a_new_author_of_the_same_node),
		cmocka_unit_test(a_founded_network_can_be_looked_up),
		cmocka_unit_test(a_name_that_two_nodes_have_must_be_said_by_id),
		cmocka_unit_test(the_same_record_twice_is_a_duplicate),
		cmocka_unit_test(every_truncation_and_extension_is_refused),
		cmocka_unit_test(no_flipped_bit_changes_the_state),
		cmocka_unit_test(
		    names_that_could_hurt_a_screen_are_never_made_or_read),
		cmocka_unit_test(another_networks_records_are_refused),
		cmocka_unit_test(
		    an_agency_steward_certifies_no_node_of_another_agency),
		cmocka_unit_test(an_agency_steward_makes_no_network_steward),
		cmocka_unit_test(an_agency_steward_does_not_raise_itself),
		cmocka_unit_test(an_agency_steward_makes_no_agency),
		cmocka_unit_test(a_plain_member_certifies_nobody),
		cmocka_unit_test(two_nodes_cannot_make_each_other_stewards),
		cmocka_unit_test(a_node_that_did_not_ask_is_not_enrolled),
		cmocka_unit_test(a_record_that_changes_the_agency_is_void),
		cmocka_unit_test(
		    the_greatest_serial_holds_and_its_issuers_work_stays),
		cmocka_unit_test(an_agency_keeps_its_kind_and_takes_a_new_key),
		cmocka_unit_test(a_revocation_is_framed_and_not_available_yet),
		cmocka_unit_test(any_order_of_arrival_gives_the_same_state),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
