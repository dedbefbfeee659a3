/* When a peer is due: pure arithmetic of the schedule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "node/schedule.h"

static void
a_new_peer_is_called_at_once(void **state)
{
	(void)state;
	assert_int_equal(schedule_due(900, -1, 0, 7), 0);
	assert_int_equal(schedule_due(900, -1, 3, 7), 0);
}

static void
the_interval_has_a_tenth_of_jitter(void **state)
{
	(void)state;
	for (uint32_t roll = 0; roll < 200000; roll += 997)
		assert_in_range(schedule_due(900, 0, 0, roll), 855000, 945000);
	assert_int_equal(schedule_due(900, 2000000, 0, 5), 0);
}

static void
failures_back_off_with_full_jitter_up_to_the_interval(void **state)
{
	int64_t most, least;

	(void)state;
	for (unsigned failures = 1; failures < 40; failures++) {
		int64_t bound =
		    failures < 9 ? 5000LL << (failures - 1) : 500000;

		if (bound > 500000)
			bound = 500000;
		most = 0;
		least = INT64_MAX;
		for (uint32_t i = 0; i < 1000; i++) {
			int64_t due =
			    schedule_due(500, 0, failures, i * 2654435761u);

			assert_in_range(due, 1000, bound + 1000);
			most = due > most ? due : most;
			least = due < least ? due : least;
		}
		/* spread over all of it */
		assert_true(least < 1000 + bound / 10);
		assert_true(most > bound - bound / 10);
	}
}

static void
failures_wait_ten_minutes_at_most_whatever_the_interval(void **state)
{
	int64_t most = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		int64_t due = schedule_due(86400, 0, 30, i * 2654435761u);

		assert_in_range(due, 1000, 601000);
		most = due > most ? due : most;
	}
	assert_true(most > 540000);
}

static void
a_contact_that_moved_something_does_not_back_off_further(void **state)
{
	(void)state;
	assert_int_equal(schedule_failures(0, true, true), 0);
	assert_int_equal(schedule_failures(9, true, false), 0);
	assert_int_equal(schedule_failures(0, false, false), 1);
	assert_int_equal(schedule_failures(4, false, false), 5);
	assert_int_equal(schedule_failures(4, false, true), 1);
}

static void
news_wait_until_nothing_more_is_saved_but_not_for_ever(void **state)
{
	(void)state;
	assert_int_equal(schedule_news_due(100, 100, false),
	    100 + SCHEDULE_SETTLE_MS);
	assert_int_equal(schedule_news_due(100, 900, false),
	    900 + SCHEDULE_SETTLE_MS);
	assert_int_equal(schedule_news_due(100, 90000, false),
	    100 + SCHEDULE_SETTLE_MAX_MS);
	/* what costs money waits longer */
	assert_int_equal(schedule_news_due(100, 100, true),
	    100 + SCHEDULE_METERED_MS);
	assert_int_equal(schedule_news_due(100, 900000, true),
	    100 + SCHEDULE_METERED_MAX_MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_peer_is_called_at_once),
		cmocka_unit_test(the_interval_has_a_tenth_of_jitter),
		cmocka_unit_test(
		    failures_back_off_with_full_jitter_up_to_the_interval),
		cmocka_unit_test(
		    failures_wait_ten_minutes_at_most_whatever_the_interval),
		cmocka_unit_test(
		    a_contact_that_moved_something_does_not_back_off_further),
		cmocka_unit_test(
		    news_wait_until_nothing_more_is_saved_but_not_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
