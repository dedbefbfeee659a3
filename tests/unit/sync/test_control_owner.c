/* What control segments say together: who owns a compartment, and what becomes
 * of forks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/said.h"

#define KNOWS(at) (1u << (at))

/* ---- ownership ----------------------------------------------------------------------- */

/* All there is, or with NULL nothing. */
static bool
knows_all(const void *context, int64_t segment)
{
	(void)segment;
	return context != NULL;
}

static void
ownership_passes_by_offer_and_acceptance(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	(void)history_transfer(&h, N1, CLINIC, NONE); /* 1 */
	c = history_now(&h);
	assert_true(c->has_offer);
	assert_true(id_equal(&c->offered_to, said_agency(CLINIC)));
	assert_int_equal(c->offer, 2);
	control_free(c);
	(void)history_transfer(&h, C1, CLINIC, 1);   /* 2 */
	(void)history_grant(&h, C1, 7, &said_north); /* 3: as the owner */
	(void)history_remove(&h, C1, REMOVE_ENDED,
	    &said_north); /* 4: as the owner */
	history_grant(&h, N2, 8, &said_theirs)->knows =
	    KNOWS(0);                                 /* 5: by the old one */
	(void)history_grant(&h, N3, 9, &said_theirs); /* 6: not any more */
	c = history_now(&h);
	assert_true(c->transferred);
	assert_true(id_equal(&c->owner, said_agency(CLINIC)));
	assert_int_equal(c->accepted, 3);
	assert_int_equal(c->owner_count, 2);
	assert_true(
	    id_equal(control_owner_at(c, knows_all, &c), said_agency(CLINIC)));
	assert_true(
	    id_equal(control_owner_at(c, knows_all, NULL), said_agency(NORTH)));
	assert_false(c->has_offer);
	assert_true(said_claim(c, 3, 7, &said_north)->ever);
	assert_int_equal(c->leaver_count, 1);
	assert_true(said_counts(c, 5, 8, &said_theirs));
	assert_false(said_counts(c, 6, 9, &said_theirs));
	assert_int_equal(control_flags(c),
	    COMPARTMENT_REMOVED | COMPARTMENT_TRANSFERRED | COMPARTMENT_RIGHTS);
	control_free(c);
}

static void
of_competing_acceptances_the_smaller_id_holds(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	(void)history_transfer(&h, N1, CLINIC, NONE); /* 1 */
	(void)history_transfer(&h, N1, HUBS, NONE);   /* 2 */
	history_transfer(&h, C1, CLINIC, 1)->knows = KNOWS(1);
	history_transfer(&h, HUB, HUBS, 2)->knows = KNOWS(2);
	c = history_now(&h);
	assert_true(id_equal(&c->owner, said_agency(CLINIC)));
	control_free(c);
	h.rank[3] = 9; /* now the hub's is smaller */
	c = history_now(&h);
	assert_true(id_equal(&c->owner, said_agency(HUBS)));
	control_free(c);
	/* one who knew of the other came too late, whatever its id */
	h.e[4].knows |= KNOWS(3);
	c = history_now(&h);
	assert_true(id_equal(&c->owner, said_agency(CLINIC)));
	control_free(c);
}

static void
a_transfer_past_a_cut_is_none_unless_it_was_known(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	history_transfer(&h, N2, CLINIC, NONE)->knows = KNOWS(0); /* 1 */
	history_transfer(&h, C1, CLINIC, 1)->knows = KNOWS(1);    /* 2 */
	history_remove(&h, N1, REMOVE_LOST, &said_second)->knows =
	    KNOWS(0); /* 3 */
	c = history_now(&h);
	assert_true(id_equal(&c->owner, said_agency(NORTH)));
	assert_false(c->has_offer);
	control_free(c);
	h.e[3].knows |= KNOWS(2);
	c = history_now(&h);
	assert_true(id_equal(&c->owner, said_agency(CLINIC)));
	assert_int_equal(c->cut_count + c->cut_node_count, 0);
	control_free(c);
}

/* ---- forks and judgements ------------------------------------------------------------- */

/* Event 1 and 2: two segments of N2 at its first place. */
static void
fork(struct history *h)
{
	history_begin(h);
	history_grant(h, N2, 1, &said_theirs)->prev = NONE;
	history_grant(h, N2, 2, &said_theirs)->prev = NONE;
}

static void
both_branches_count_until_one_is_judged_void(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	fork(&h);
	history_grant(&h, N2, 3, &said_theirs)->prev =
	    1; /* 3: builds on the first */
	c = history_now(&h);
	assert_true(said_counts(c, 1, 1, &said_theirs) &&
	    said_counts(c, 2, 2, &said_theirs) &&
	    said_counts(c, 3, 3, &said_theirs));
	control_free(c);
	(void)history_point(&h, C1, SEGMENT_JUDGEMENT, 2); /* 4: may not */
	(void)history_point(&h, N3, SEGMENT_JUDGEMENT, 1); /* 5 */
	c = history_now(&h);
	assert_false(said_counts(c, 1, 1, &said_theirs));
	assert_false(said_claim(c, 1, 1, &said_theirs)->ever);
	assert_true(said_counts(c, 2, 2, &said_theirs));
	assert_false(said_counts(c, 3, 3, &said_theirs)); /* builds on it */
	assert_int_equal(c->voided_count, 1);
	assert_int_equal(control_flags(c), COMPARTMENT_JUDGED);
	control_free(c);
}

static void
concurrent_judgements_that_differ_leave_it_unjudged(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	fork(&h);
	(void)history_point(&h, N3, SEGMENT_JUDGEMENT, 1); /* 3 */
	history_point(&h, HUB, SEGMENT_JUDGEMENT, 2)->knows =
	    KNOWS(1) | KNOWS(2);
	c = history_now(&h);
	assert_int_equal(c->voided_count, 0);
	assert_true(said_counts(c, 1, 1, &said_theirs) &&
	    said_counts(c, 2, 2, &said_theirs));
	control_free(c);
	/* a later one that knows of both settles it */
	(void)history_point(&h, HUB, SEGMENT_JUDGEMENT, 2); /* 5 */
	c = history_now(&h);
	assert_false(said_counts(c, 2, 2, &said_theirs));
	control_free(c);
	/* and one that says both stand takes that back */
	history_point(&h, N1, SEGMENT_JUDGEMENT, 2)->point[0].standing = true;
	c = history_now(&h);
	assert_int_equal(c->voided_count, 0);
	control_free(c);
}

static void
judgements_are_never_void(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	history_point(&h, N2, SEGMENT_JUDGEMENT, 2)->knows = 0; /* 1: voids 2 */
	history_point(&h, N3, SEGMENT_JUDGEMENT, 1)->knows = 0; /* 2: voids 1 */
	c = history_now(&h);
	assert_int_equal(c->voided_count, 2);
	control_free(c);
}

static void
of_a_flood_of_branches_eight_count_whatever_came_first(void **state)
{
	size_t order[SAID_MAX];
	struct history h;
	struct control *c;
	size_t n = 0;

	(void)state;
	history_begin(&h);
	for (int k = 0; k < 10; k++) {
		history_grant(&h, N2, 1 + k, &said_theirs)->prev = NONE;
		h.rank[h.n - 1] = (uint8_t)(40 - k);
	}
	history_grant(&h, N2, 12, &said_theirs)->prev =
	    1; /* builds on the greatest id */
	history_grant(&h, N2, 13, &said_theirs)->prev = 10;
	for (size_t k = 0; k < h.n; k++)
		order[k] = h.n - 1 - k;
	for (int round = 0; round < 2; round++) {
		c = history_settle(&h, said_members(0),
		    round == 0 ? NULL : order);
		for (size_t k = 1; k <= 10; k++)
			n += said_counts(c, k, (int)k, &said_theirs) ? 1 : 0;
		assert_int_equal(n, CONTROL_BRANCHES);
		assert_false(said_counts(c, 1, 1, &said_theirs));
		assert_false(said_counts(c, 2, 2, &said_theirs));
		assert_false(said_counts(c, 11, 12, &said_theirs));
		assert_true(said_counts(c, 12, 13, &said_theirs));
		control_free(c);
		n = 0;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ownership_passes_by_offer_and_acceptance),
		cmocka_unit_test(of_competing_acceptances_the_smaller_id_holds),
		cmocka_unit_test(
		    a_transfer_past_a_cut_is_none_unless_it_was_known),
		cmocka_unit_test(both_branches_count_until_one_is_judged_void),
		cmocka_unit_test(
		    concurrent_judgements_that_differ_leave_it_unjudged),
		cmocka_unit_test(judgements_are_never_void),
		cmocka_unit_test(
		    of_a_flood_of_branches_eight_count_whatever_came_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
