/*
 * The property tests: the table of merges on real replicas, and random
 * histories against the reference model.
 *
 *   TEST_SEED=n    the run's seed (printed; else from the clock)
 *   TEST_ITERS=n   how many histories (300)
 *   TEST_HISTORY=n play only the n-th history of the seed
 *   TEST_DISK=n    every n-th history on encrypted files (50)
 *   TEST_PROP_JOBS=n  processes that share the histories (2)
 *   TEST_TRACE=1   print every step
 *   TEST_TAKE=0    nobody is taken out, nothing taken away
 *   TEST_COPIES=0  no adoptions, old states put back and copied machines with it
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <sys/wait.h>
#include <unistd.h>

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

static unsigned
report_destroyed(const struct history_counts *n)
{
	const struct counter c[] = {
		{ "shredding", n->shredding },
		{ "orders", n->orders },
		{ "no orders", n->no_orders },
		{ "obeyed", n->obeyed },
		{ "obeyed again", n->shredded_again },
		{ "stubs", n->stubs },
		{ "writes lost to it", n->lost_to_shred },
		{ "receipts", n->receipts },
		{ "snapshots", n->snapshots },
		{ "before the key", n->snapshots_early },
		{ "of no use", n->snapshots_unused },
		{ "by who may not", n->snapshots_refused },
		{ "stale ones", n->snapshots_stale },
		{ "judged while shown", n->snapshots_judged },
		{ "replaced by history", n->snapshots_ended },
		{ "taking and shredding", n->taking_and_shredding },
		{ "taking and showing", n->taking_and_showing },
	};

	return print_counters(c, COUNT_OF(c));
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
		{ "proposals", n->proposed },
		{ "accepted", n->accepted },
		{ "declined", n->declined },
		{ "readers", n->read_only },
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
		{ "open proposals", j->proposals[MODEL_OPEN] },
		{ "accepted ones", j->proposals[MODEL_ACCEPTED] },
		{ "declined ones", j->proposals[MODEL_DECLINED] },
		{ "replaced ones", j->proposals[MODEL_REPLACED] },
		{ "rows proposed", j->rows_proposed[MODEL_OPEN] },
		{ "rows answered",
		    j->rows_proposed[MODEL_ACCEPTED] +
			j->rows_proposed[MODEL_DECLINED] },
		{ "unreadable segments", j->unreadable },
		{ "removals", n->removals },
		{ "granted again", n->granted_again },
		{ "revoked", n->revoked },
		{ "quarantined", j->quarantined },
		{ "adopted", n->adopted },
		{ "put back", n->put_back },
		{ "copies", n->copies },
		{ "exact clones", n->clones },
		{ "new lives", n->new_lives },
		{ "forks", n->forks },
	};

	return print_counters(c, COUNT_OF(c)) + report_destroyed(n);
}

struct run {
	uint64_t seed, iters, only, disk, jobs;
};

/* Every jobs-th history from the first on; false: one went wrong. */
static bool
play_share(const struct run *r, uint64_t first, struct history_counts *counts)
{
	for (uint64_t i = first; i < r->iters; i += r->jobs) {
		const char *wrong;

		if (r->only != UINT64_MAX && i != r->only)
			continue;
		world_history = i;
		wrong = history_play(r->seed * 1000003 + i,
		    r->disk > 0 && i % r->disk == r->disk - 1, counts);
		if (wrong == NULL)
			continue;
		printf("# history %" PRIu64 ": %s\n", i, wrong);
		printf("# again: TEST_SEED=%" PRIu64 " TEST_ITERS=%" PRIu64
		       " TEST_HISTORY=%" PRIu64 "\n",
		    r->seed, r->iters, i);
		return false;
	}
	return true;
}

static pid_t
start_share(const struct run *r, uint64_t first, int *from)
{
	static struct history_counts counts;
	int ends[2];
	pid_t pid;
	bool good;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid > 0) {
		(void)close(ends[1]);
		*from = ends[0];
		return pid;
	}
	good = play_share(r, first, &counts);
	world_end();
	(void)fflush(stdout);
	good = write(ends[1], &counts, sizeof(counts)) ==
		(ssize_t)sizeof(counts) &&
	    good;
	_exit(good ? 0 : 1);
}

/* Wait for a share and add what it counted. */
static bool
end_share(pid_t pid, int from, struct history_counts *total)
{
	struct history_counts counts = { 0 };
	uint64_t *sum = (uint64_t *)(void *)total;
	const uint64_t *more = (const uint64_t *)(const void *)&counts;
	size_t have = 0;
	ssize_t n;
	int status;

	while (
	    (n = read(from, (char *)&counts + have, sizeof(counts) - have)) > 0)
		have += (size_t)n;
	(void)close(from);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 0 || have != sizeof(counts))
		return false;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*sum); i++)
		sum[i] += more[i];
	return true;
}

#define JOBS_MAX 64
#define COUNTED_FROM 200 /* fewer histories may miss something */

static void
random_histories_agree_with_the_model(void **state)
{
	struct run r = {
		.seed = setting("TEST_SEED", (uint64_t)time(NULL)),
		.iters = setting("TEST_ITERS", 300),
		.only = setting("TEST_HISTORY", UINT64_MAX),
		.disk = setting("TEST_DISK", 50),
		.jobs = setting("TEST_PROP_JOBS", 2),
	};
	static struct history_counts counts;
	pid_t pid[JOBS_MAX];
	int from[JOBS_MAX];
	bool good = true;
	unsigned zero;

	(void)state;
	assert_in_range(r.jobs, 1, JOBS_MAX);
	printf("# TEST_SEED=%" PRIu64 " TEST_ITERS=%" PRIu64 "\n", r.seed,
	    r.iters);
	(void)fflush(stdout);
	world_end(); /* every share founds its own */
	for (uint64_t i = 0; i < r.jobs; i++)
		pid[i] = start_share(&r, i, &from[i]);
	for (uint64_t i = 0; i < r.jobs; i++)
		good = end_share(pid[i], from[i], &counts) && good;
	assert_true(good);
	if (r.only != UINT64_MAX)
		return;
	printf("# %" PRIu64 " histories, %" PRIu64
	       " with concurrent writes of one field, %" PRIu64 " on disk",
	    counts.histories, counts.concurrent, counts.on_disk);
	zero = report(&counts);
	if (r.iters >= COUNTED_FROM) {
		assert_int_equal(zero, 0);
		assert_true(counts.concurrent * 10 >= counts.histories * 8);
	}
	assert_int_equal(counts.short_ones, 0);
	assert_true(r.disk == 0 || counts.on_disk >= r.iters / r.disk);
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
