/*
 * The property tests: the table of merges on real replicas, and random
 * histories against the reference model.
 *
 *   TEST_SEED=n    the run's seed (printed; else from the clock)
 *   TEST_ITERS=n   how many histories (300)
 *   TEST_HISTORY=n play only the n-th history of the seed
 *   TEST_DISK=n    every n-th history on encrypted files (50)
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "tests/prop/history.h"

static uint64_t
setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL && *text != '\0' ? strtoull(text, NULL, 10)
					     : otherwise;
}

static void
the_engine_agrees_with_every_line_of_the_table(void **state)
{
	unsigned played, wrong;

	(void)state;
	history_table(&played, &wrong);
	assert_true(played >= 60);
	assert_int_equal(wrong, 0);
}

struct counter {
	const char *name;
	uint64_t value;
};

static unsigned
print_counters(const struct counter *c, size_t n)
{
	unsigned zero = 0;

	for (size_t i = 0; i < n; i++) {
		printf("%s%s %" PRIu64, i % 6 == 0 ? "\n#  " : ", ", c[i].name,
		    c[i].value);
		zero += c[i].value == 0;
	}
	printf("\n");
	return zero;
}

/* Zero of anything means that the run did not test it. */
static unsigned
report(const struct history_counts *n)
{
	const struct judge_counts *j = &n->judged;
	const struct counter c[] = {
		{ "writes", n->writes },
		{ "refused writes", n->refused },
		{ "raw writes", n->raw },
		{ "groups in part", n->groups_in_part },
		{ "settled by hand", n->resolved },
		{ "set rows twice", n->same_set_rows },
		{ "segments given", n->given },
		{ "duplicates", n->duplicates },
		{ "before what they need", n->early },
		{ "left out", n->split },
		{ "before their key", n->unreadable_first },
		{ "unknown authors", n->unknown_author },
		{ "restarts", n->restarts },
		{ "upgrades", n->upgrades },
		{ "rebuilds", n->rebuilds },
		{ "keys from now on", n->from_now },
		{ "equal digests", n->digests },
		{ "states compared", j->compared },
		{ "latest", j->rule[RULE_LATEST] },
		{ "ranked", j->rule[RULE_RANKED] },
		{ "max", j->rule[RULE_MAX] },
		{ "min", j->rule[RULE_MIN] },
		{ "once", j->rule[RULE_ONCE] },
		{ "both", j->rule[RULE_BOTH] },
		{ "text overlaps", j->rule[RULE_TEXT] },
		{ "text merges", j->settled[RULE_TEXT] },
		{ "one_way", j->one_way },
		{ "final", j->final },
		{ "owner", j->owner },
		{ "group", j->group },
		{ "set", j->set },
		{ "row state", j->reserved },
		{ "single", j->look[LOOK_ROWS] },
		{ "rows that wait", j->waiting_rows },
		{ "unreadable segments", j->unreadable },
	};

	return print_counters(c, COUNT_OF(c));
}

static void
random_histories_agree_with_the_model(void **state)
{
	uint64_t seed = setting("TEST_SEED", (uint64_t)time(NULL));
	uint64_t iters = setting("TEST_ITERS", 300);
	uint64_t only = setting("TEST_HISTORY", UINT64_MAX);
	uint64_t disk = setting("TEST_DISK", 50);
	static struct history_counts counts;

	(void)state;
	printf("# TEST_SEED=%" PRIu64 " TEST_ITERS=%" PRIu64 "\n", seed, iters);
	(void)fflush(stdout);
	for (uint64_t i = 0; i < iters; i++) {
		uint64_t mine = seed * 1000003 + i;
		const char *wrong;

		if (only != UINT64_MAX && i != only)
			continue;
		world_history = i;
		wrong = history_play(mine, disk > 0 && i % disk == disk - 1,
		    &counts);
		if (wrong == NULL)
			continue;
		printf("# history %" PRIu64 ": %s\n", i, wrong);
		printf("# again: TEST_SEED=%" PRIu64 " TEST_ITERS=%" PRIu64
		       " TEST_HISTORY=%" PRIu64 "\n",
		    seed, iters, i);
		world_end();
		fail();
	}
	if (only != UINT64_MAX)
		return;
	printf("# %" PRIu64 " histories, %" PRIu64
	       " with concurrent writes of one field, %" PRIu64 " on disk",
	    counts.histories, counts.concurrent, counts.on_disk);
	assert_int_equal(report(&counts), 0);
	assert_true(counts.concurrent * 10 >= counts.histories * 8);
	assert_true(disk == 0 || counts.on_disk >= iters / disk);
}

static int
end(void **state)
{
	(void)state;
	world_end();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_engine_agrees_with_every_line_of_the_table),
		cmocka_unit_test(random_histories_agree_with_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
