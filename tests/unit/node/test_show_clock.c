/* When the clock of a computer is called wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/show_clock.h"

#define HOUR_MS (60LL * 60 * 1000)
#define DAY_MS (24 * HOUR_MS)
#define NOW 1774971000000LL /* 2026-03-31 */

static enum clock_verdict
judge(int64_t now_ms, int64_t last_ms, int64_t policy_ms)
{
	struct show_clock c;

	show_clock_judge(&c, now_ms, last_ms, policy_ms);
	return c.verdict;
}

static void
a_clock_within_a_day_of_others_is_plausible(void **state)
{
	(void)state;
	assert_int_equal(judge(NOW, 0, 0), CLOCK_PLAUSIBLE);
	assert_int_equal(judge(NOW, NOW, NOW), CLOCK_PLAUSIBLE);
	assert_int_equal(judge(NOW, NOW + HOUR_MS, NOW + 26 * HOUR_MS),
	    CLOCK_PLAUSIBLE);
	assert_int_equal(judge(NOW, NOW - 999 * DAY_MS, NOW - 400 * DAY_MS),
	    CLOCK_PLAUSIBLE);
}

static void
a_clock_that_went_back_or_is_years_off_is_called_so(void **state)
{
	(void)state;
	assert_int_equal(judge(NOW, NOW + HOUR_MS + 1, 0), CLOCK_BACK);
	assert_int_equal(judge(NOW, NOW, NOW + 26 * HOUR_MS + 1), CLOCK_BEHIND);
	assert_int_equal(judge(0, 0, 0), CLOCK_BEHIND);
	assert_int_equal(judge(-DAY_MS, 0, NOW), CLOCK_BEHIND);
	assert_int_equal(judge(NOW, NOW, NOW - 400 * DAY_MS - 1), CLOCK_AHEAD);
	assert_int_equal(judge(4294967296000LL, NOW, NOW), CLOCK_AHEAD);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clock_within_a_day_of_others_is_plausible),
		cmocka_unit_test(
		    a_clock_that_went_back_or_is_years_off_is_called_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
