/* Revocation: who may, what it undoes, and that order never matters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "sync/member_i.h"
#include "sync/registry.h"
#include "tests/support/network.h"

/* ---- helpers --------------------------------------------------------------------- */

static struct member_revoke
revoke_of(const struct identity *i, enum revocation_reason reason)
{
	return (struct member_revoke){ .node = i->node, .reason = reason };
}

static void
revoke(struct network *w, const struct identity *issuer, bool as_root,
    const struct identity *i, enum revocation_reason reason)
{
	struct member_revoke v = revoke_of(i, reason);

	network_revoke(w, issuer, as_root, &v);
}

/* The same, with all that the node issued so far standing. */
static void
revoke_now(struct network *w, const struct identity *issuer, bool as_root,
    const struct identity *i)
{
	static uint8_t standing[64][MEMBER_STANDING_BYTES];
	struct member_revoke v = revoke_of(i, REVOKED_COMPROMISED);
	struct members *m = network_members(w);

	v.standing_count =
	    members_issued(m, &i->node, standing, COUNT_OF(standing));
	v.standing = standing;
	members_free(m);
	network_revoke(w, issuer, as_root, &v);
}

/* The last records, as if nobody had made them. */
static void
take_back(struct network *w, size_t count)
{
	while (count-- > 0)
		buf_reset(&w->record[--w->n]);
}

static bool
is_out(const struct members *m, const struct identity *i)
{
	return members_revocation(m, &i->node) != NULL;
}

/* ---- the ordinary case ------------------------------------------------------------- */

static void
a_lost_laptop_is_out_and_what_it_had_written_stays(void **state)
{
	static struct network w;
	struct member_cut cut = { .position = 7, .id = { { 1 } } };
	const struct member_revocation *v;
	struct segment_id same = { { 1 } }, other = { { 2 } };
	const struct author_tag *tag = &w.laptop.author;
	struct member_revoke q;
	struct members *m;

	(void)state;
	network_init(&w, 31);
	cut.incarnation = w.laptop.incarnation;
	q = revoke_of(&w.laptop, REVOKED_LOST);
	q.cut = &cut;
	q.cut_count = 1;
	network_revoke(&w, &w.north, false, &q);
	m = network_in_any_order(&w);
	v = members_revocation(m, &w.laptop.node);
	assert_non_null(v);
	assert_int_equal(v->reason, REVOKED_LOST);
	assert_true(v->cuts && !v->undone && !v->by_root);
	assert_true(id_equal(&v->issuer, &w.north.node));
	assert_string_equal(members_node(m, &w.laptop.node)->name,
	    "north-laptop");
	assert_true(members_inside(m, tag, 1, NULL));
	assert_true(members_inside(m, tag, 7, NULL));
	assert_true(members_inside(m, tag, 7, &same));
	assert_false(members_inside(m, tag, 7, &other));
	assert_false(members_inside(m, tag, 8, NULL));
	assert_false(members_inside(m, tag, UINT64_MAX, NULL));
	assert_true(members_inside(m, &w.hub.author, UINT64_MAX, NULL));
	assert_int_equal(members_exposed_key(m, &w.north_agency), 0);
	members_free(m);
	network_release(&w);
}

static void
another_life_of_a_lost_laptop_counts_for_nothing(void **state)
{
	static struct network w;
	struct author_tag first;
	struct member_cut cut = { .position = 7 };
	struct member_revoke q;
	struct members *m;

	(void)state;
	network_init(&w, 32);
	first = w.laptop.author;
	cut.incarnation = w.laptop.incarnation;
	q = revoke_of(&w.laptop, REVOKED_COMPROMISED);
	q.cut = &cut;
	q.cut_count = 1;
	network_revoke(&w, &w.hub, false, &q);
	identity_reincarnate(&w.laptop, network_env());
	assert_int_equal(member_make_author(network_record(&w), &w.laptop,
			     &w.network),
	    OK);
	m = network_in_any_order(&w);
	assert_true(members_inside(m, &first, 7, NULL));
	assert_false(members_inside(m, &w.laptop.author, 1, NULL));
	members_free(m);
	network_release(&w);
}

static void
who_left_keeps_all_that_was_sealed(void **state)
{
	static struct network w;
	struct members *m;

	(void)state;
	network_init(&w, 33);
	revoke(&w, &w.north, false, &w.laptop, REVOKED_LEFT);
	m = network_in_any_order(&w);
	assert_true(is_out(m, &w.laptop));
	assert_true(members_inside(m, &w.laptop.author, 1000, NULL));
	assert_false(members_inside(m, &w.laptop.author, UINT64_MAX, NULL));
	members_free(m);
	network_release(&w);
}

static void
of_two_revocations_the_worse_reason_and_the_earlier_cut_hold(void **state)
{
	static struct network w;
	struct member_cut cut[2] = { { .position = 7 },
		{ .position = 3, .incarnation = { { 1 } } } };
	struct member_revoke q;
	const struct member_revocation *v;
	struct members *m;

	(void)state;
	network_init(&w, 34);
	cut[0].incarnation = w.laptop.incarnation;
	q = revoke_of(&w.laptop, REVOKED_LOST);
	q.cut = cut;
	q.cut_count = 2;
	network_revoke(&w, &w.north, false, &q);
	cut[0].position = 5;
	q.reason = REVOKED_COMPROMISED;
	q.cut_count = 1;
	network_revoke(&w, &w.hub, false, &q);
	revoke(&w, &w.hub, false, &w.laptop, REVOKED_LEFT);
	m = network_in_any_order(&w);
	v = members_revocation(m, &w.laptop.node);
	assert_int_equal(v->reason, REVOKED_COMPROMISED);
	assert_int_equal(v->cut_count, 1);
	assert_int_equal(v->cut[0].position, 5);
	assert_false(members_inside(m, &w.laptop.author, 6, NULL));
	members_free(m);
	network_release(&w);
}

static void
a_revoked_registrar_exposes_the_keys_that_it_knew(void **state)
{
	static struct network w;
	struct member_revoke q;
	struct members *m;

	(void)state;
	network_init(&w, 35);
	q = revoke_of(&w.north, REVOKED_LEFT);
	q.agency_key_no = 2; /* of which there are none yet */
	network_revoke(&w, &w.hub, false, &q);
	m = network_in_any_order(&w);
	assert_int_equal(members_exposed_key(m, &w.north_agency), 1);
	assert_true(members_key_due(m, &w.north_agency));
	assert_false(members_key_due(m, &w.clinic_agency));
	assert_int_equal(members_exposed_key(m, &w.clinic_agency), 0);
	members_free(m);
	network_release(&w);
}

/* ---- who may ------------------------------------------------------------------------- */

/* The last record waits, in any order, and takes nobody out. */
static void
last_takes_nobody_out(struct network *w, const struct identity *i)
{
	struct members *m;
	enum member_result result;

	w->n--;
	m = network_members(w);
	assert_int_equal(network_give(m, &w->record[w->n], &result), OK);
	assert_int_equal(result, MEMBER_WAITING);
	assert_false(is_out(m, i));
	members_free(m);
	network_release(w);
}

static void
a_plain_member_revokes_nobody(void **state)
{
	static struct network w;

	(void)state;
	network_init(&w, 36);
	revoke(&w, &w.laptop, false, &w.north, REVOKED_LOST);
	last_takes_nobody_out(&w, &w.north);
}

static void
an_agency_steward_revokes_nobody_of_another_agency(void **state)
{
	static struct network w;

	(void)state;
	network_init(&w, 37);
	revoke(&w, &w.clinic, false, &w.laptop, REVOKED_LOST);
	last_takes_nobody_out(&w, &w.laptop);
}

static void
a_revocation_waits_for_the_node_that_it_names(void **state)
{
	static struct network w;

	(void)state;
	network_init(&w, 38);
	revoke(&w, &w.hub, false, &w.stranger, REVOKED_LOST);
	last_takes_nobody_out(&w, &w.stranger);
}

static void
an_agency_steward_does_not_take_out_a_network_steward(void **state)
{
	static struct network w;
	struct members *m;

	(void)state;
	network_init(&w, 39);
	network_node(&w, &w.hub, false, &w.stranger, &w.north_agency, "north-2",
	    MEMBER_STEWARD_NETWORK, 0);
	revoke(&w, &w.north, false, &w.stranger, REVOKED_COMPROMISED);
	m = network_in_any_order(&w);
	assert_false(is_out(m, &w.stranger));
	members_free(m);
	revoke(&w, &w.hub, false, &w.stranger, REVOKED_COMPROMISED);
	m = network_in_any_order(&w);
	assert_true(is_out(m, &w.stranger));
	members_free(m);
	network_release(&w);
}

/* ---- what it undoes ------------------------------------------------------------------- */

static void
who_a_thief_enrolled_is_out_and_who_was_there_stays(void **state)
{
	static struct network w;
	const struct member_revocation *v;
	struct members *m;

	(void)state;
	network_init(&w, 40);
	revoke_now(&w, &w.hub, false, &w.north);
	/* with the stolen keys, after that */
	network_node(&w, &w.north, false, &w.stranger, &w.north_agency, "spy",
	    MEMBER_REGISTRAR | MEMBER_STEWARD_AGENCY, 0);
	revoke(&w, &w.north, false, &w.laptop, REVOKED_COMPROMISED);
	assert_int_equal(member_make_author(network_record(&w), &w.stranger,
			     &w.network),
	    OK);
	m = network_in_any_order(&w);
	assert_true(is_out(m, &w.north));
	assert_false(is_out(m, &w.laptop));
	v = members_revocation(m, &w.stranger.node);
	assert_non_null(v);
	assert_true(v->undone && v->cuts);
	assert_int_equal(v->reason, REVOKED_COMPROMISED);
	assert_memory_equal(v->record,
	    members_revocation(m, &w.north.node)->record, 32);
	assert_false(members_inside(m, &w.stranger.author, 1, NULL));
	assert_int_equal(members_node(m, &w.stranger.node)->ever_roles, 0);
	assert_string_equal(members_node(m, &w.stranger.node)->name, "spy");
	members_free(m);
	network_release(&w);
}

static void
what_a_lost_steward_issued_falls_unless_it_is_listed(void **state)
{
	static struct network w;
	struct members *m;

	(void)state;
	network_init(&w, 41);
	revoke(&w, &w.hub, false, &w.north, REVOKED_LOST);
	m = network_in_any_order(&w);
	assert_true(is_out(m, &w.laptop));
	assert_true(members_revocation(m, &w.laptop.node)->undone);
	members_free(m);
	take_back(&w, 1);
	revoke(&w, &w.hub, false, &w.north, REVOKED_LEFT);
	m = network_in_any_order(&w);
	assert_false(is_out(m, &w.laptop));
	members_free(m);
	network_release(&w);
}

static void
an_agency_that_a_thief_founded_is_undone_with_its_nodes(void **state)
{
	static struct network w;
	struct member_agency a = { .kind = KIND_SOCIAL, .name = "Mine" };
	struct agency_id id;
	struct members *m;

	(void)state;
	network_init(&w, 42);
	revoke_now(&w, &w.hub, true, &w.hub);
	memset(a.box_key, 7, sizeof(a.box_key));
	member_agency_id(&id, &w.network, a.box_key);
	assert_int_equal(member_make_agency(network_record(&w), &w.hub,
			     &w.network, false, &a),
	    OK);
	network_node(&w, &w.hub, false, &w.stranger, &id, "spy", 0, 0);
	m = network_in_any_order(&w);
	assert_true(members_agency_undone(m, &id));
	assert_false(members_agency_undone(m, &w.north_agency));
	assert_true(is_out(m, &w.stranger));
	assert_true(is_out(m, &w.hub));
	assert_false(is_out(m, &w.north));
	assert_true(members_revocation(m, &w.hub.node)->by_root);
	members_free(m);
	network_release(&w);
}

static void
a_thief_cannot_take_out_who_revoked_it_from_above(void **state)
{
	static struct network w;
	struct members *m;

	(void)state;
	network_init(&w, 43);
	/* the hub's key is stolen: it takes out everybody, the root it */
	revoke(&w, &w.hub, false, &w.north, REVOKED_COMPROMISED);
	revoke(&w, &w.hub, false, &w.clinic, REVOKED_COMPROMISED);
	m = network_in_any_order(&w);
	assert_true(is_out(m, &w.north) && is_out(m, &w.clinic));
	members_free(m);
	take_back(&w, 2);
	revoke_now(&w, &w.hub, true, &w.hub);
	revoke(&w, &w.hub, false, &w.north, REVOKED_COMPROMISED);
	revoke(&w, &w.hub, false, &w.clinic, REVOKED_COMPROMISED);
	m = network_in_any_order(&w);
	assert_true(is_out(m, &w.hub));
	assert_false(is_out(m, &w.north) || is_out(m, &w.clinic) ||
	    is_out(m, &w.laptop));
	members_free(m);
	network_release(&w);
}

static void
equals_that_revoke_each_other_are_both_out(void **state)
{
	static struct network w;
	struct members *m;

	(void)state;
	network_init(&w, 44);
	network_node(&w, &w.hub, true, &w.clinic, &w.clinic_agency, "clinic-1",
	    MEMBER_STEWARD_NETWORK, 5);
	revoke(&w, &w.clinic, false, &w.hub, REVOKED_COMPROMISED);
	revoke(&w, &w.hub, false, &w.clinic, REVOKED_COMPROMISED);
	m = network_in_any_order(&w);
	assert_true(is_out(m, &w.hub) && is_out(m, &w.clinic));
	/* the hub's records were not listed: what it enrolled is undone */
	assert_true(is_out(m, &w.north) && is_out(m, &w.laptop));
	members_free(m);
	network_release(&w);
}

/* ---- order, whatever the set ------------------------------------------------------------ */

/* Five stewards of all levels, and whatever they say of each other. */
static void
random_revocations_give_one_state_in_any_order(void **state)
{
	const char *iters = getenv("TEST_ITERS");
	long rounds = iters != NULL ? strtol(iters, NULL, 10) / 40 : 25;
	static struct network w;

	(void)state;
	for (long i = 0; i < rounds; i++) {
		const struct identity *who[] = { &w.hub, &w.north, &w.laptop,
			&w.clinic, &w.stranger };

		network_init(&w, 100 + (uint64_t)i);
		network_node(&w, &w.hub, false, &w.clinic, &w.clinic_agency,
		    "c", MEMBER_STEWARD_NETWORK, 5);
		network_node(&w, &w.clinic, false, &w.stranger, &w.north_agency,
		    "s", MEMBER_STEWARD_AGENCY | MEMBER_REGISTRAR, 0);
		network_node(&w, &w.north, false, &w.laptop, &w.north_agency,
		    "l", MEMBER_STEWARD_AGENCY, 3);
		for (int k = 0; k < 5; k++) {
			const struct identity *a = who[network_dice() % 5];
			const struct identity *b = who[network_dice() % 5];
			bool as_root = a == &w.hub && network_dice() % 2 == 0;

			if (network_dice() % 2 == 0)
				revoke(&w, a, as_root, b,
				    (enum revocation_reason)(
					1 + network_dice() % 4));
			else
				network_node(&w, a, as_root, b,
				    b == &w.clinic ? &w.clinic_agency
						   : &w.north_agency,
				    "x", (unsigned)(network_dice() % 8),
				    6 + network_dice() % 3);
		}
		members_free(network_in_any_order(&w));
		network_release(&w);
	}
}

/* ---- bytes ------------------------------------------------------------------------------- */

static void
damaged_and_foolish_revocations_are_refused(void **state)
{
	static struct network w;
	struct member_cut cut[2] = { { .position = 1 }, { .position = 1 } };
	struct member_revoke q;
	struct buf out = { 0 };
	enum member_result result;
	struct members *m;
	struct buf *b;

	(void)state;
	network_init(&w, 45);
	m = network_members(&w);
	q = revoke_of(&w.laptop, REVOKED_LEFT);
	q.cut = cut;
	q.cut_count = 1; /* who left is not cut */
	assert_int_equal(member_make_revocation(&out, &w.hub, &w.network, false,
			     &q),
	    ERR_INPUT);
	q.reason = REVOKED_LOST;
	q.cut_count = 2; /* one incarnation twice */
	assert_int_equal(member_make_revocation(&out, &w.hub, &w.network, false,
			     &q),
	    ERR_INPUT);
	q.cut_count = LIMIT_REVOCATION_CUTS + 1;
	assert_int_equal(member_make_revocation(&out, &w.hub, &w.network, false,
			     &q),
	    ERR_LIMIT);
	q.reason = (enum revocation_reason)5;
	q.cut_count = 0;
	assert_int_equal(member_make_revocation(&out, &w.hub, &w.network, false,
			     &q),
	    ERR_INPUT);
	assert_int_equal(member_make_revocation(&out, &w.north, &w.network,
			     true, &q),
	    ERR_DENIED);
	assert_int_equal(out.n, 0);
	revoke_now(&w, &w.hub, false, &w.north);
	b = &w.record[w.n - 1];
	for (size_t n = 0; n < b->n; n++) {
		uint8_t id[32];

		assert_int_not_equal(members_add(m, &result, id, b->p, n, NULL),
		    OK);
	}
	b->p[b->n - 1] ^= 1;
	assert_int_equal(network_give(m, b, &result), ERR_AUTH);
	assert_false(is_out(m, &w.north));
	members_free(m);
	buf_release(&out);
	network_release(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_lost_laptop_is_out_and_what_it_had_written_stays),
		cmocka_unit_test(
		    another_life_of_a_lost_laptop_counts_for_nothing),
		cmocka_unit_test(who_left_keeps_all_that_was_sealed),
		cmocka_unit_test(
		    of_two_revocations_the_worse_reason_and_the_earlier_cut_hold),
		cmocka_unit_test(
		    a_revoked_registrar_exposes_the_keys_that_it_knew),
		cmocka_unit_test(a_plain_member_revokes_nobody),
		cmocka_unit_test(
		    an_agency_steward_revokes_nobody_of_another_agency),
		cmocka_unit_test(a_revocation_waits_for_the_node_that_it_names),
		cmocka_unit_test(
		    an_agency_steward_does_not_take_out_a_network_steward),
		cmocka_unit_test(
		    who_a_thief_enrolled_is_out_and_who_was_there_stays),
		cmocka_unit_test(
		    what_a_lost_steward_issued_falls_unless_it_is_listed),
		cmocka_unit_test(
		    an_agency_that_a_thief_founded_is_undone_with_its_nodes),
		cmocka_unit_test(
		    a_thief_cannot_take_out_who_revoked_it_from_above),
		cmocka_unit_test(equals_that_revoke_each_other_are_both_out),
		cmocka_unit_test(
		    random_revocations_give_one_state_in_any_order),
		cmocka_unit_test(damaged_and_foolish_revocations_are_refused),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
