/* Work that does not count: known as such by everybody who holds it, who reads
 * it and who does not, and by whoever wrote it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "sync/revoke.h"
#include "tests/support/taking.h"

static void
revoke_laptop(struct pair *p)
{
	struct revoke_report report;
	struct fail f = { .code = OK };

	if (revoke_node(p->r[PAIR_NORTH], &report, NULL,
		&replica_identity(p->r[PAIR_LAPTOP])->node, REVOKED_LOST,
		&f) != OK)
		fail_msg("revoke: %s", f.text);
	pair_exchange(p, PAIR_SOUTH, PAIR_NORTH);
	pair_exchange(p, PAIR_HUB, PAIR_NORTH);
}

static void
what_nobody_can_read_is_quarantined_in_whatever_order_it_comes(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	pair_start(&p, 401, 1);
	revoke_laptop(&p);
	/* its grant does not count either, so nobody has the key */
	pair_insert(&p, PAIR_LAPTOP, "person", &person, NULL, "word", "w");
	assert_int_equal(pair_seal(&p, PAIR_LAPTOP), 2);
	pair_ship_range(&p, PAIR_LAPTOP, PAIR_NORTH, 2, 1);
	pair_ship_range(&p, PAIR_LAPTOP, PAIR_SOUTH, 1, 2);
	pair_ship_range(&p, PAIR_LAPTOP, PAIR_HUB, 2, 1);
	assert_int_equal(taking_quarantined(&p, PAIR_NORTH), 1);
	assert_int_equal(taking_quarantined(&p, PAIR_SOUTH), 1);
	assert_int_equal(taking_quarantined(&p, PAIR_HUB), 1);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
who_only_relays_quarantines_and_lets_go_with_the_others(void **state)
{
	struct remove_adopted adopted;
	struct row_id person;
	int64_t late;
	struct fail f;
	struct pair p;

	(void)state;
	taking_with_laptop(&p, 402, &person);
	taking_set(&p, PAIR_LAPTOP, &person, "late");
	late = pair_seal(&p, PAIR_LAPTOP);
	pair_ship_all(&p, PAIR_LAPTOP, PAIR_HUB);
	assert_int_equal(taking_quarantined(&p, PAIR_HUB), 0);
	assert_int_equal(taking_try_remove(&p, PAIR_NORTH, &person, GRANT_NODE,
			     PAIR_LAPTOP, REMOVE_LOST),
	    OK);
	(void)pair_seal(&p, PAIR_NORTH);
	(void)pair_ship(&p, PAIR_LAPTOP, PAIR_NORTH, late);
	pair_ship_all(&p, PAIR_NORTH, PAIR_HUB);
	assert_int_equal(taking_quarantined(&p, PAIR_HUB), 1);
	assert_int_equal(remove_adopt(p.r[PAIR_NORTH],
			     members_node(replica_members(p.r[PAIR_NORTH]),
				 &replica_identity(p.r[PAIR_LAPTOP])->node),
			     &adopted, &f),
	    OK);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_HUB);
	assert_int_equal(taking_quarantined(&p, PAIR_HUB), 0);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

/* The removal builds on a grant that is still on the road. */
static void
what_was_typed_is_shown_whatever_of_the_removal_has_come(void **state)
{
	struct row_id person, row;
	int64_t carried;
	struct pair p;

	(void)state;
	pair_start(&p, 403, 1);
	pair_insert(&p, PAIR_NORTH, "person", &person, NULL, "word", "first");
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_LAPTOP);
	pair_carry(&p, &person);
	carried = pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_int_equal(taking_try_remove(&p, PAIR_SOUTH, &person, GRANT_NODE,
			     PAIR_LAPTOP, REMOVE_LOST),
	    OK);
	(void)pair_ship(&p, PAIR_SOUTH, PAIR_LAPTOP, pair_seal(&p, PAIR_SOUTH));
	pair_insert(&p, PAIR_LAPTOP, "attendance", &row, &person, "result",
	    "came");
	(void)pair_seal(&p, PAIR_LAPTOP);
	pair_check(&p, PAIR_LAPTOP);
	assert_string_equal(pair_get(&p, PAIR_LAPTOP, "attendance", &row,
				"result", NULL),
	    "came");
	(void)pair_ship(&p, PAIR_NORTH, PAIR_LAPTOP, carried);
	assert_string_equal(pair_get(&p, PAIR_LAPTOP, "attendance", &row,
				"result", NULL),
	    "came");
	taking_all_are_sound(&p);
	pair_stop(&p);
}

/* It was open when the cut came, and had no state then. */
static void
own_work_past_the_own_cut_does_not_count_where_it_was_written(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_laptop(&p, 404, &person);
	taking_set(&p, PAIR_LAPTOP, &person, "late");
	assert_int_equal(taking_try_remove(&p, PAIR_NORTH, &person, GRANT_NODE,
			     PAIR_LAPTOP, REMOVE_LOST),
	    OK);
	(void)pair_seal(&p, PAIR_NORTH);
	/* found again: it gets the new key, and the cut stays */
	pair_carry(&p, &person);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_LAPTOP);
	assert_string_equal(taking_word(&p, PAIR_LAPTOP, &person), "late");
	(void)pair_seal(&p, PAIR_LAPTOP);
	assert_int_equal(taking_quarantined(&p, PAIR_LAPTOP), 1);
	assert_string_equal(taking_word(&p, PAIR_LAPTOP, &person), "known");
	pair_ship_all(&p, PAIR_LAPTOP, PAIR_NORTH);
	assert_int_equal(taking_quarantined(&p, PAIR_NORTH), 1);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "known");
	pair_equal(&p, PAIR_NORTH, PAIR_LAPTOP, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

/* The laptop never had the person's key and was revoked: no key was ended, nobody
 * was taken off, and its own key opens for nobody. */
static void
what_a_revocation_left_out_counts_as_soon_as_it_is_adopted(void **state)
{
	struct remove_adopted adopted;
	struct row_id person, row;
	struct fail f;
	struct pair p;

	(void)state;
	pair_start(&p, 410, 1);
	pair_insert(&p, PAIR_NORTH, "person", &person, NULL, "word", "first");
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	revoke_laptop(&p);
	pair_insert(&p, PAIR_LAPTOP, "attendance", &row, &person, "result",
	    "came");
	(void)pair_seal(&p, PAIR_LAPTOP);
	pair_ship_all(&p, PAIR_LAPTOP, PAIR_NORTH);
	pair_ship_all(&p, PAIR_LAPTOP, PAIR_SOUTH);
	assert_int_equal(taking_quarantined(&p, PAIR_NORTH), 1);
	assert_int_equal(taking_quarantined(&p, PAIR_SOUTH), 1);
	assert_int_equal(remove_adopt(p.r[PAIR_NORTH],
			     members_node(replica_members(p.r[PAIR_NORTH]),
				 &replica_identity(p.r[PAIR_LAPTOP])->node),
			     &adopted, &f),
	    OK);
	assert_int_equal(adopted.segments, 1);
	assert_int_equal(taking_quarantined(&p, PAIR_NORTH), 0);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_int_equal(taking_quarantined(&p, PAIR_SOUTH), 0);
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

/* South took the clinic out and goes on under the first key, which the clinic
 * never had, when North, who knows nothing, gives it just that. */
static void
a_grant_on_the_road_does_not_undo_what_was_written_after_the_removal(
    void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	pair_start(&p, 408, 1);
	pair_insert(&p, PAIR_NORTH, "person", &person, NULL, "word", "first");
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_WRITE, true);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	taking_unshare(&p, PAIR_SOUTH, &person, PAIR_CLINIC);
	(void)pair_seal(&p, PAIR_SOUTH);
	taking_set(&p, PAIR_SOUTH, &person, "honest");
	(void)pair_seal(&p, PAIR_SOUTH);
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_WRITE, false);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
	assert_string_equal(taking_word(&p, PAIR_SOUTH, &person), "honest");
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "honest");
	assert_int_equal(taking_holders(&p, PAIR_NORTH), 1);
	/* and nobody goes on under it */
	taking_set(&p, PAIR_NORTH, &person, "after");
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_string_equal(taking_word(&p, PAIR_SOUTH, &person), "after");
	assert_string_not_equal(taking_word(&p, PAIR_CLINIC, &person), "after");
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_nobody_can_read_is_quarantined_in_whatever_order_it_comes),
		cmocka_unit_test(
		    who_only_relays_quarantines_and_lets_go_with_the_others),
		cmocka_unit_test(
		    what_was_typed_is_shown_whatever_of_the_removal_has_come),
		cmocka_unit_test(
		    own_work_past_the_own_cut_does_not_count_where_it_was_written),
		cmocka_unit_test(
		    what_a_revocation_left_out_counts_as_soon_as_it_is_adopted),
		cmocka_unit_test(
		    a_grant_on_the_road_does_not_undo_what_was_written_after_the_removal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
