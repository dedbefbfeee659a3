/*
 * Compacting a relay: nothing goes before everybody who may read it has signed
 * and the owner compared equal, and what went comes back to who loses it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "sync/compact.h"
#include "tests/support/sweeping.h"

static struct compacting
compact(struct pair *p, enum pair_who who)
{
	struct compacting c = { 0 };
	struct fail f = { .code = OK };
	bool done = false;

	while (!done) {
		if (compact_step(p->r[who], &c, &done, &f) != OK)
			fail_msg("compact: %s", f.text);
	}
	return c;
}

/* Receipts go with the hello after the one that moved the cursor. */
static void
sign(struct pair *p)
{
	static const enum pair_who who[] = { PAIR_NORTH, PAIR_SOUTH,
		PAIR_CLINIC };

	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < COUNT_OF(who); i++)
			(void)sweeping_meet(p, who[i], PAIR_HUB, 65536);
	}
}

static int64_t
whole(struct pair *p, enum pair_who who)
{
	return pair_number(p, who,
	    "SELECT count(*) FROM _segment WHERE kind = 0"
	    " AND substr(bytes, 1, 1) <> x'01'");
}

static void
nothing_is_cut_before_all_signed_and_the_owner_compared_equal(void **state)
{
	struct compacting c;
	struct pair p;
	int64_t all;

	(void)state;
	sweeping_start(&p, 21);
	sign(&p);
	all = pair_number(&p, PAIR_HUB,
	    "SELECT count(*) FROM _segment WHERE state = 5");
	assert_true(all > 20);
	/* all signed; no sweep with the owner */
	c = compact(&p, PAIR_HUB);
	assert_int_equal(c.cut, 0);
	assert_int_equal(c.unsigned_for, 0);
	assert_int_equal(c.unswept, all);
	/* the clinic is no owner */
	assert_true(
	    sweeping_sweep(&p, PAIR_CLINIC, PAIR_HUB).asked.sweep_equal);
	assert_int_equal(compact(&p, PAIR_HUB).cut, 0);
	/* swept, but one has not signed */
	assert_true(sweeping_sweep(&p, PAIR_NORTH, PAIR_HUB).asked.sweep_equal);
	sweeping_sql(&p, PAIR_HUB,
	    "UPDATE _lane SET acked = acked + 1 WHERE lane = 1 AND peer ="
	    " (SELECT MAX(no) FROM _peer)");
	c = compact(&p, PAIR_HUB);
	assert_true(c.unsigned_for > 0);
	assert_int_equal(c.unsigned_for + c.unswept + c.cut, all);
	sweeping_sql(&p, PAIR_HUB,
	    "UPDATE _lane SET acked = acked - 1 WHERE lane = 1 AND peer ="
	    " (SELECT MAX(no) FROM _peer)");
	c = compact(&p, PAIR_HUB);
	assert_int_equal(c.unsigned_for + c.unswept, 0);
	assert_true(c.cut_bytes > 0);
	assert_int_equal(pair_number(&p, PAIR_HUB,
			     "SELECT count(*) FROM _segment WHERE state = 5"),
	    all);
	/* holders cut nothing, and the relay's log is whole */
	assert_int_equal(compact(&p, PAIR_NORTH).cut, 0);
	assert_int_equal(compact(&p, PAIR_CLINIC).cut, 0);
	pair_check(&p, PAIR_HUB);
	assert_true(sweeping_sweep(&p, PAIR_NORTH, PAIR_HUB).asked.sweep_equal);
	pair_stop(&p);
}

static void
what_came_after_the_sweep_or_is_still_queued_stays(void **state)
{
	struct compacting c;
	struct pair p;

	(void)state;
	sweeping_start(&p, 22);
	sign(&p);
	(void)sweeping_sweep(&p, PAIR_NORTH, PAIR_HUB);
	sign(&p);
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &sweeping_person[1],
			     "word", "after", NULL),
	    OK);
	(void)sweeping_meet(&p, PAIR_NORTH, PAIR_HUB, 65536);
	c = compact(&p, PAIR_HUB);
	/* queued for South and the clinic: nothing of that person goes */
	assert_true(c.unsigned_for > 0);
	sign(&p);
	c = compact(&p, PAIR_HUB);
	assert_int_equal(c.unsigned_for, 0);
	assert_int_equal(c.unswept, 1);
	(void)sweeping_sweep(&p, PAIR_SOUTH, PAIR_HUB);
	assert_int_equal(compact(&p, PAIR_HUB).cut, 1);
	pair_stop(&p);
}

static void
what_one_node_alone_has_besides_stays(void **state)
{
	struct compacting c;
	struct pair p;

	(void)state;
	sweeping_start(&p, 25);
	sweeping_sql(&p, PAIR_HUB,
	    "DELETE FROM _grant WHERE recipient <> (SELECT recipient FROM"
	    " _grant GROUP BY recipient ORDER BY COUNT(*) LIMIT 1)");
	sign(&p);
	(void)sweeping_sweep(&p, PAIR_CLINIC, PAIR_HUB);
	c = compact(&p, PAIR_HUB);
	assert_int_equal(c.cut, 0);
	assert_true(c.alone > 0);
	pair_stop(&p);
}

static void
a_holder_that_is_no_peer_keeps_it_whole(void **state)
{
	struct pair p;

	(void)state;
	sweeping_start(&p, 23);
	for (unsigned i = 0; i < SWEEPING_PEOPLE; i++)
		pair_carry(&p, &sweeping_person[i]);
	sign(&p);
	(void)sweeping_sweep(&p, PAIR_NORTH, PAIR_HUB);
	sign(&p);
	/* the laptop never came */
	assert_int_equal(compact(&p, PAIR_HUB).cut, 0);
	(void)sweeping_meet(&p, PAIR_LAPTOP, PAIR_HUB, 65536);
	(void)sweeping_meet(&p, PAIR_LAPTOP, PAIR_HUB, 65536);
	(void)sweeping_meet(&p, PAIR_LAPTOP, PAIR_HUB, 65536);
	assert_true(compact(&p, PAIR_HUB).cut > 0);
	pair_stop(&p);
}

static void
who_lost_all_is_filled_again_by_the_owner_through_the_relay(void **state)
{
	int64_t want, none;
	struct pair p;

	(void)state;
	sweeping_start(&p, 24);
	sign(&p);
	(void)sweeping_sweep(&p, PAIR_NORTH, PAIR_HUB);
	sign(&p);
	want = whole(&p, PAIR_CLINIC);
	assert_true(compact(&p, PAIR_HUB).cut > 20);
	none = whole(&p, PAIR_HUB);
	assert_int_equal(none, 0);
	/* a disk replaced: all but who is who */
	sweeping_sql(&p, PAIR_CLINIC,
	    "DELETE FROM _segment; DELETE FROM _grant; DELETE FROM _key; "
	    "DELETE FROM _compartment;"
	    "DELETE FROM _queue; DELETE FROM _route; DELETE FROM _lane;"
	    "DELETE FROM _peer; DELETE FROM _wanted; DELETE FROM person;"
	    "UPDATE _author SET top_position = 0");
	pair_restart(&p, PAIR_CLINIC, 2);
	assert_int_equal(whole(&p, PAIR_CLINIC), 0);
	for (int i = 0; i < 4; i++) {
		(void)sweeping_meet(&p, PAIR_CLINIC, PAIR_HUB, 65536);
		(void)sweeping_meet(&p, PAIR_NORTH, PAIR_HUB, 65536);
	}
	(void)sweeping_meet(&p, PAIR_CLINIC, PAIR_HUB, 65536);
	assert_int_equal(whole(&p, PAIR_CLINIC), want);
	for (unsigned i = 0; i < SWEEPING_PEOPLE; i++) {
		if (i % 3 != 0)
			pair_equal(&p, PAIR_CLINIC, PAIR_NORTH,
			    &sweeping_person[i]);
	}
	assert_true(
	    sweeping_sweep(&p, PAIR_CLINIC, PAIR_HUB).asked.sweep_equal);
	pair_stop(&p);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    nothing_is_cut_before_all_signed_and_the_owner_compared_equal),
		cmocka_unit_test(
		    what_came_after_the_sweep_or_is_still_queued_stays),
		cmocka_unit_test(what_one_node_alone_has_besides_stays),
		cmocka_unit_test(a_holder_that_is_no_peer_keeps_it_whole),
		cmocka_unit_test(
		    who_lost_all_is_filled_again_by_the_owner_through_the_relay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
