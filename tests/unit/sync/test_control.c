/* What control segments say together: one case a rule. Ownership and forks are
 * in test_control_owner.c; every history of a few events is compared with a
 * reference in test_control_all.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/said.h"

#define KNOWS(at) (1u << (at))

/* ---- grants without removals --------------------------------------------------------- */

static void
grants_count_as_the_rules_of_grants_say(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	(void)history_grant(&h, C1, 1, &said_theirs); /* 1: in its agency */
	(void)history_grant(&h, CL, 1, &said_clinic); /* 2: a holder by 1 */
	(void)history_grant(&h, C1, 1, &said_second); /* 3: another agency */
	(void)history_grant(&h, C1, 2, &said_theirs); /* 4: a key it has not */
	said_give(history_say(&h, C1, SEGMENT_GRANT), 1, &said_theirs,
	    GRANT_WRITE);
	(void)history_grant(&h, NL, 3, &said_north); /* 6: founding */
	said_give(&h.e[6], 3, &said_laptop, GRANT_WRITE);
	(void)history_grant(&h, NL, 1, &said_second); /* 7: its own agency */
	c = history_now(&h);
	assert_true(said_counts(c, 1, 1, &said_theirs));
	assert_true(said_counts(c, 2, 1, &said_clinic));
	assert_false(said_counts(c, 3, 1, &said_second));
	assert_false(said_counts(c, 4, 2, &said_theirs));
	assert_false(said_counts(c, 5, 1, &said_theirs)); /* more than it has */
	assert_true(said_counts(c, 6, 3, &said_north));
	assert_true(said_counts(c, 6, 3, &said_laptop));
	assert_true(said_counts(c, 7, 1, &said_second));
	assert_int_equal(control_flags(c), 0);
	assert_true(id_equal(&c->owner, said_agency(NORTH)));
	assert_true(control_holds(c, GRANT_NODE, said_node(CL)->b));
	assert_false(control_holds(c, GRANT_NODE, said_node(C1)->b));
	control_free(c);
}

static void
what_is_malformed_or_for_another_compartment_says_nothing(void **state)
{
	struct control_item i = { .no = 1,
		.kind = SEGMENT_REMOVE,
		.seq = 1,
		.position = 1,
		.body = (const uint8_t *)"nonsense",
		.body_n = 8 };
	struct members *m = said_members(0);
	struct compartment_id id = { { 7 } };
	struct control *c;

	(void)state;
	i.author = *said_author(N1);
	i.issuer = members_node(m, said_node(N1));
	assert_int_equal(control_settle(&c, m, &id, &i, 1, NULL), OK);
	assert_false(c->known);
	control_free(c);
	i.body = NULL; /* a stub */
	assert_int_equal(control_settle(&c, m, &id, &i, 1, NULL), OK);
	assert_false(c->known);
	control_free(c);
	assert_int_equal(control_settle(&c, m, &id, NULL, 0, NULL), OK);
	control_free(c);
	assert_int_equal(control_settle(&c, m, &id, NULL, CONTROL_ITEMS_MAX + 1,
			     NULL),
	    ERR_LIMIT);
}

/* ---- removals -------------------------------------------------------------------------- */

static void
a_removal_beats_a_concurrent_grant(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	(void)history_remove(&h, N1, REMOVE_ENDED, &said_clinic); /* 1 */
	history_grant(&h, N2, 1, &said_clinic)->knows = KNOWS(0); /* 2 */
	c = history_now(&h);
	assert_int_equal(c->leaver_count, 1);
	assert_false(said_counts(c, 0, 1, &said_clinic));
	assert_false(said_counts(c, 2, 1, &said_clinic));
	assert_true(said_claim(c, 2, 1, &said_clinic)->ever);
	assert_true(said_counts(c, 0, 1, &said_north));
	assert_true(said_ended(c, 1, 1));
	assert_true(said_claim(c, 0, 1, &said_clinic)->ended);
	assert_false(said_claim(c, 0, 1, &said_north)->ended);
	assert_int_equal(control_flags(c), COMPARTMENT_REMOVED);
	control_free(c);
}

static void
a_new_grant_must_follow_the_removal_and_ends_nothing(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	said_give(history_remove(&h, N1, REMOVE_ENDED, &said_clinic), 2,
	    &said_north, GRANT_WRITE);
	(void)history_grant(&h, N2, 2, &said_clinic); /* 2: knows of it */
	c = history_now(&h);
	assert_true(said_counts(c, 2, 2, &said_clinic));
	assert_true(said_counts(c, 1, 2, &said_north));
	assert_true(said_ended(c, 1, 1));
	assert_false(said_ended(c, 2, 1));
	control_free(c);
	/* until the removal is held, the grant is not known to follow it */
	h.held &= ~KNOWS(1);
	c = history_now(&h);
	assert_true(said_counts(c, 0, 1, &said_clinic));
	control_free(c);
}

static void
the_new_key_given_to_the_leaver_at_the_same_time_is_ended_too(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	(void)history_grant(&h, N1, 2, &said_north); /* 1: another epoch */
	history_remove(&h, N2, REMOVE_ENDED, &said_clinic)->knows =
	    KNOWS(0);                                             /* 2 */
	history_grant(&h, N1, 2, &said_clinic)->knows = KNOWS(1); /* 3 */
	c = history_now(&h);
	assert_true(said_ended(c, 2, 2));
	assert_false(said_counts(c, 3, 2, &said_clinic));
	control_free(c);
}

static void
mutual_removals_remove_both(void **state)
{
	static const struct said_who first = { GRANT_NODE, N1 };
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	(void)history_remove(&h, N1, REMOVE_LEFT, &said_second);
	history_remove(&h, N2, REMOVE_LEFT, &first)->knows = KNOWS(0);
	c = history_now(&h);
	assert_int_equal(c->leaver_count, 2);
	control_free(c);
}

static void
an_agency_takes_its_nodes_along(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	(void)history_grant(&h, C1, 1, &said_theirs);             /* 1 */
	(void)history_remove(&h, N1, REMOVE_ENDED, &said_clinic); /* 2 */
	(void)history_grant(&h, N2, 1, &said_clinic);             /* 3: again */
	(void)history_grant(&h, C1, 1, &said_theirs);             /* 4: again */
	h.held = 0x7;
	c = history_now(&h);
	assert_false(said_counts(c, 1, 1, &said_theirs));
	assert_true(said_claim(c, 1, 1, &said_theirs)->ended);
	control_free(c);
	h.held = 0x1f;
	c = history_now(&h);
	assert_false(said_counts(c, 1, 1, &said_theirs));
	assert_true(said_counts(c, 4, 1, &said_theirs));
	control_free(c);
}

static void
who_may_remove_whom(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	(void)history_grant(&h, C1, 1, &said_theirs);           /* 1 */
	(void)history_remove(&h, C1, REMOVE_OFF, &said_theirs); /* 2: its own */
	(void)history_remove(&h, CL, REMOVE_LEFT, &said_theirs); /* 3: itself */
	(void)history_remove(&h, C1, REMOVE_LEFT,
	    &said_clinic); /* 4: its agency */
	(void)history_remove(&h, C1, REMOVE_OFF, &said_laptop);   /* 5: void */
	(void)history_remove(&h, NL, REMOVE_ENDED, &said_clinic); /* 6: void */
	(void)history_remove(&h, N1, REMOVE_ENDED, &said_north);  /* 7: void */
	(void)history_remove(&h, C1, REMOVE_ENDED, &said_north);  /* 8: void */
	/* keys and cuts of another agency's removal are none */
	said_give(&h.e[4], 5, &said_clinic, GRANT_READ);
	h.e[2].reason = REMOVE_LOST;
	h.e[2].point[0] = (struct said_point){ .at = NONE, .of = CL };
	h.e[2].point_count = 1;
	c = history_now(&h);
	assert_int_equal(c->leaver_count, 3);
	for (size_t k = 0; k < c->leaver_count; k++)
		assert_in_range(c->leavers[k].segment, 3, 5);
	assert_false(said_counts(c, 4, 5, &said_clinic));
	assert_int_equal(c->cut_count + c->cut_node_count, 0);
	control_free(c);
}

static void
nobody_lets_himself_in_again(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	(void)history_remove(&h, N1, REMOVE_OFF, &said_laptop); /* 1 */
	(void)history_grant(&h, NL, 4, &said_laptop); /* 2: knows of it */
	said_give(&h.e[2], 4, &said_north, GRANT_WRITE);
	c = history_now(&h);
	assert_false(said_counts(c, 2, 4, &said_laptop));
	assert_true(said_counts(c, 2, 4, &said_north));
	control_free(c);
	(void)history_grant(&h, N2, 1, &said_laptop); /* 3: a registrar may */
	c = history_now(&h);
	assert_true(said_counts(c, 3, 1, &said_laptop));
	control_free(c);
}

/* ---- cuts and adoptions -------------------------------------------------------------- */

static void
control_past_a_cut_is_no_grant_but_may_be_a_removal(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	(void)history_grant(&h, N2, 1, &said_theirs); /* 1: before */
	(void)history_grant(&h, N2, 2, &said_theirs); /* 2: past the cut */
	(void)history_remove(&h, N2, REMOVE_OFF,
	    &said_laptop); /* 3: past it too */
	history_remove(&h, N1, REMOVE_LOST, &said_second)->knows = KNOWS(1);
	h.e[4].point[h.e[4].point_count++].at = 1;
	c = history_now(&h);
	assert_true(said_counts(c, 1, 1, &said_theirs));
	assert_false(said_counts(c, 2, 2, &said_theirs));
	assert_true(said_claim(c, 2, 2, &said_theirs)->ever);
	assert_int_equal(c->leaver_count, 2);
	assert_false(said_counts(c, 0, 1, &said_laptop));
	assert_int_equal(c->cut_count, 1);
	assert_int_equal(c->cuts[0].seq, 1);
	assert_int_equal(c->cut_node_count, 1);
	assert_int_equal(control_flags(c),
	    COMPARTMENT_REMOVED | COMPARTMENT_CUT);
	control_free(c);
}

static void
of_a_lost_node_that_no_cut_names_nothing_counts(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	(void)history_grant(&h, N2, 1, &said_theirs);            /* 1 */
	(void)history_remove(&h, N1, REMOVE_LOST, &said_second); /* 2 */
	c = history_now(&h);
	assert_false(said_counts(c, 1, 1, &said_theirs));
	assert_int_equal(c->cut_count, 0);
	assert_int_equal(c->cut_node_count, 1);
	assert_true(id_equal(&c->cut_nodes[0], said_node(N2)));
	control_free(c);
}

static void
of_two_cuts_the_earlier_holds_and_both_sides_are_cut(void **state)
{
	static const struct said_who first = { GRANT_NODE, N1 };
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);                            /* 0: N1 */
	(void)history_grant(&h, N2, 1, &said_theirs); /* 1 */
	(void)history_grant(&h, N2, 2, &said_theirs); /* 2 */
	history_remove(&h, N1, REMOVE_LOST, &said_second)->point[0].at = 2;
	history_remove(&h, N3, REMOVE_LOST, &said_second)->point[0].at = 1;
	history_remove(&h, N2, REMOVE_COMPROMISED, &first)->point[0].at = 0;
	h.e[3].point_count = h.e[4].point_count = h.e[5].point_count = 1;
	h.e[3].knows = h.e[4].knows = h.e[5].knows = KNOWS(0);
	c = history_now(&h);
	assert_true(said_counts(c, 1, 1, &said_theirs));
	assert_false(said_counts(c, 2, 2, &said_theirs));
	assert_int_equal(c->cut_count, 2);
	assert_true(said_counts(c, 0, 1, &said_north));
	control_free(c);
}

static void
a_cut_of_somebody_who_stays_is_none(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	(void)history_grant(&h, N2, 1, &said_theirs);            /* 1 */
	(void)history_remove(&h, N1, REMOVE_LOST, &said_laptop); /* 2 */
	h.e[2].point[0] = (struct said_point){ .at = NONE, .of = N2 };
	h.e[2].point_count = 1;
	c = history_now(&h);
	assert_true(said_counts(c, 1, 1, &said_theirs));
	assert_int_equal(c->cut_count, 0);
	control_free(c);
}

static void
adopted_control_counts_past_a_cut(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	(void)history_grant(&h, N2, 1, &said_theirs);            /* 1 */
	(void)history_remove(&h, N1, REMOVE_LOST, &said_second); /* 2 */
	(void)history_point(&h, C1, SEGMENT_ADOPT, 1); /* 3: may not */
	history_point(&h, N2, SEGMENT_ADOPT, 1)->knows =
	    0; /* 4: itself past it */
	c = history_now(&h);
	assert_false(said_counts(c, 1, 1, &said_theirs));
	assert_int_equal(c->adopted_count, 0);
	control_free(c);
	(void)history_point(&h, N3, SEGMENT_ADOPT, 1); /* 5 */
	c = history_now(&h);
	assert_true(said_counts(c, 1, 1, &said_theirs));
	assert_int_equal(c->adopted_count, 1);
	control_free(c);
}

/* ---- revocation and destruction --------------------------------------------------------- */

static void
a_revoked_node_holds_nothing_and_its_keys_are_ended(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	(void)history_grant(&h, C1, 1, &said_theirs); /* 1 */
	(void)history_grant(&h, N1, 2,
	    &said_north); /* 2: nobody revoked had it */
	c = history_settle(&h, said_members(1u << CL), NULL);
	assert_false(said_counts(c, 1, 1, &said_theirs));
	assert_true(said_claim(c, 1, 1, &said_theirs)->ended);
	assert_true(said_counts(c, 0, 1, &said_clinic));
	assert_false(said_claim(c, 0, 1, &said_clinic)->ended);
	control_free(c);
	/* a registrar knew its agency's key */
	h.e[0].entry[1].serial = 0;
	c = history_settle(&h, said_members(1u << C1), NULL);
	assert_true(said_claim(c, 0, 1, &said_clinic)->ended);
	assert_false(said_claim(c, 2, 2, &said_north)->ended);
	control_free(c);
	h.e[0].entry[1].serial = 1; /* but not the one after it */
	c = history_settle(&h, said_members(1u << C1), NULL);
	assert_false(said_claim(c, 0, 1, &said_clinic)->ended);
	assert_int_equal(said_claim(c, 0, 1, &said_clinic)->serial, 1);
	control_free(c);
}

/* It does not know that it is revoked, and nobody else does. */
static void
a_key_that_a_revoked_node_made_is_ended_though_others_grant_it_on(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	(void)history_grant(&h, N2, 1, &said_clinic); /* 1: inside */
	(void)history_grant(&h, N2, 2, &said_north);  /* 2: outside */
	(void)history_grant(&h, N3, 2, &said_laptop); /* 3: has it from there */
	h.e[2].entry[0].serial = 1; /* of a key that it does not know */
	c = history_settle(&h, said_members(LOST(N2)), NULL);
	assert_false(said_counts(c, 2, 2, &said_north));
	assert_true(said_counts(c, 3, 2, &said_laptop));
	assert_true(said_claim(c, 3, 2, &said_laptop)->ended);
	control_free(c);
	/* and again to somebody else */
	(void)history_grant(&h, N1, 2, &said_clinic); /* 4 */
	c = history_settle(&h, said_members(LOST(N2)), NULL);
	assert_true(said_claim(c, 4, 2, &said_clinic)->ended);
	control_free(c);
}

static void
a_revoked_node_ends_no_key_by_naming_it(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	(void)history_remove(&h, N2, REMOVE_OFF, &said_laptop); /* 1: inside */
	(void)history_grant(&h, N3, 2, &said_north);            /* 2: anew */
	h.e[2].entry[0].serial = 1;
	(void)history_grant(&h, N2, 2, &said_second); /* 3: outside */
	(void)history_grant(&h, N3, 2, &said_clinic); /* 4: follows it */
	c = history_settle(&h, said_members(LOST(N2)), NULL);
	assert_false(said_counts(c, 3, 2, &said_second));
	assert_true(said_counts(c, 4, 2, &said_clinic));
	assert_false(said_claim(c, 4, 2, &said_clinic)->ended);
	assert_false(said_claim(c, 2, 2, &said_north)->ended);
	control_free(c);
}

static void
what_a_revoked_node_granted_before_it_has(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	(void)history_grant(&h, N2, 2, &said_laptop); /* 1: not to itself */
	(void)history_grant(&h, N3, 2, &said_north);  /* 2 */
	h.e[2].entry[0].serial = 1;
	c = history_settle(&h, said_members(1u << N2), NULL);
	assert_true(said_claim(c, 1, 2, &said_laptop)->ended);
	control_free(c);
}

static void
the_order_to_destroy_is_the_owners(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	(void)history_say(&h, C1, SEGMENT_SHRED);
	c = history_now(&h);
	assert_int_equal(c->shred, 0);
	control_free(c);
	(void)history_say(&h, N2, SEGMENT_SHRED);
	(void)history_say(&h, N1, SEGMENT_SHRED);
	h.rank[3] = 1;
	h.rank[1] = 3;
	c = history_now(&h);
	assert_int_equal(c->shred, 4);
	assert_int_equal(control_flags(c), COMPARTMENT_SHREDDED);
	control_free(c);
}

/* ---- bodies ------------------------------------------------------------------------------ */

static void
lists_out_of_order_or_twice_are_refused(void **state)
{
	struct points_body p = { .count = 2 }, back;
	struct remove_body r = { .leaver_count = 1, .cut_count = 1 }, gone;
	struct buf b = { 0 };

	(void)state;
	p.point[0].seq = p.point[1].seq = 1;
	p.point[0].id.b[0] = 2;
	p.point[1].id.b[0] = 1;
	points_body_encode(&b, false, &p);
	assert_int_equal(points_body_parse(&back, false, b.p, b.n), ERR_FORMAT);
	buf_reset(&b);
	points_body_sort(&p);
	points_body_encode(&b, false, &p);
	assert_int_equal(points_body_parse(&back, false, b.p, b.n), OK);
	for (size_t n = 0; n < b.n; n++)
		assert_int_not_equal(points_body_parse(&back, false, b.p, n),
		    OK);
	/* all stand, and one does not */
	memset(p.point[0].id.b, 0, sizeof(p.point[0].id.b));
	buf_reset(&b);
	points_body_encode(&b, false, &p);
	assert_int_equal(points_body_parse(&back, false, b.p, b.n), ERR_FORMAT);
	/* only losses cut */
	r.reason = REMOVE_OFF;
	buf_reset(&b);
	remove_body_encode(&b, &r);
	assert_int_equal(remove_body_parse(&gone, b.p, b.n), ERR_FORMAT);
	r.reason = REMOVE_LOST;
	buf_reset(&b);
	remove_body_encode(&b, &r);
	assert_int_equal(remove_body_parse(&gone, b.p, b.n), OK);
	r.leaver_count = 0;
	buf_reset(&b);
	remove_body_encode(&b, &r);
	assert_int_equal(remove_body_parse(&gone, b.p, b.n), ERR_FORMAT);
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grants_count_as_the_rules_of_grants_say),
		cmocka_unit_test(
		    what_is_malformed_or_for_another_compartment_says_nothing),
		cmocka_unit_test(a_removal_beats_a_concurrent_grant),
		cmocka_unit_test(
		    a_new_grant_must_follow_the_removal_and_ends_nothing),
		cmocka_unit_test(
		    the_new_key_given_to_the_leaver_at_the_same_time_is_ended_too),
		cmocka_unit_test(mutual_removals_remove_both),
		cmocka_unit_test(an_agency_takes_its_nodes_along),
		cmocka_unit_test(who_may_remove_whom),
		cmocka_unit_test(nobody_lets_himself_in_again),
		cmocka_unit_test(
		    control_past_a_cut_is_no_grant_but_may_be_a_removal),
		cmocka_unit_test(
		    of_a_lost_node_that_no_cut_names_nothing_counts),
		cmocka_unit_test(
		    of_two_cuts_the_earlier_holds_and_both_sides_are_cut),
		cmocka_unit_test(a_cut_of_somebody_who_stays_is_none),
		cmocka_unit_test(adopted_control_counts_past_a_cut),
		cmocka_unit_test(
		    a_revoked_node_holds_nothing_and_its_keys_are_ended),
		cmocka_unit_test(
		    a_key_that_a_revoked_node_made_is_ended_though_others_grant_it_on),
		cmocka_unit_test(a_revoked_node_ends_no_key_by_naming_it),
		cmocka_unit_test(what_a_revoked_node_granted_before_it_has),
		cmocka_unit_test(the_order_to_destroy_is_the_owners),
		cmocka_unit_test(lists_out_of_order_or_twice_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
