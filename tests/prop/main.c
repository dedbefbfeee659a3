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
 *   TEST_TABLE=0   without the table, which takes as long as 80 histories
 *   TEST_TAKE=0    nobody is taken out, nothing taken away
 *   TEST_SHRED=1   something is taken away and destroyed in every history
 *   TEST_COPIES=0  no adoptions, old states put back and copied machines with it
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/prop/counters.h"

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
	if (setting("TEST_TABLE", 1) == 0)
		return;
	history_table(&played, &wrong);
	assert_true(played >= 60);
	assert_int_equal(wrong, 0);
}

struct run {
	uint64_t seed, iters, only, disk, jobs;
	bool goes_on; /* after a history that went wrong */
};

/* What repeats a history, other settings among it. */
static void
print_again(const struct run *r, uint64_t history)
{
	static const char *const others[] = { "TEST_TAKE", "TEST_SHRED",
		"TEST_COPIES", "TEST_DISK" };

	printf("# again:");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (getenv(others[i]) != NULL)
			printf(" %s=%s", others[i], getenv(others[i]));
	printf(" TEST_SEED=%" PRIu64 " TEST_ITERS=%" PRIu64
	       " TEST_HISTORY=%" PRIu64 "\n",
	    r->seed, r->iters, history);
}

/* Every jobs-th history from the first on; false: one went wrong. */
static bool
play_share(const struct run *r, uint64_t first, struct counters *t)
{
	bool good = true;

	for (uint64_t i = first; i < r->iters; i += r->jobs) {
		const struct history_counts before = t->counts;
		const char *wrong;

		if (r->only != UINT64_MAX && i != r->only)
			continue;
		world_history = i;
		wrong = history_play(r->seed * 1000003 + i,
		    r->disk > 0 && i % r->disk == r->disk - 1, &t->counts);
		counters_note(t, &before);
		if (wrong == NULL)
			continue;
		printf("# history %" PRIu64 ": %s\n", i, wrong);
		print_again(r, i);
		(void)fflush(stdout);
		good = false;
		if (!r->goes_on)
			break;
	}
	return good;
}

static pid_t
start_share(const struct run *r, uint64_t first, int *from)
{
	static struct counters t;
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
	good = play_share(r, first, &t);
	world_end();
	(void)fflush(stdout);
	good = write(ends[1], &t, sizeof(t)) == (ssize_t)sizeof(t) && good;
	_exit(good ? 0 : 1);
}

/* Wait for a share and add what it counted. */
static bool
end_share(pid_t pid, int from, struct counters *total)
{
	struct counters t = { .met = { 0 } };
	uint64_t *sum = (uint64_t *)(void *)total;
	const uint64_t *more = (const uint64_t *)(const void *)&t;
	size_t have = 0;
	ssize_t n;
	int status;

	while ((n = read(from, (char *)&t + have, sizeof(t) - have)) > 0)
		have += (size_t)n;
	(void)close(from);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 0 || have != sizeof(t))
		return false;
	for (size_t i = 0; i < sizeof(t) / sizeof(*sum); i++)
		sum[i] += more[i];
	return true;
}

#define JOBS_MAX 64
#define SHARED_FROM 200 /* fewer histories may have fewer concurrent writes */

static void
random_histories_agree_with_the_model(void **state)
{
	struct run r = {
		.seed = setting("TEST_SEED", (uint64_t)time(NULL)),
		.iters = setting("TEST_ITERS", 300),
		.only = setting("TEST_HISTORY", UINT64_MAX),
		.disk = setting("TEST_DISK", 50),
		.jobs = setting("TEST_PROP_JOBS", 2),
		.goes_on = setting("TEST_GO_ON", 0) != 0,
	};
	static struct counters t;
	const struct history_counts *counts = &t.counts;
	pid_t pid[JOBS_MAX];
	int from[JOBS_MAX];
	bool good = true;
	unsigned missing;

	(void)state;
	assert_in_range(r.jobs, 1, JOBS_MAX);
	printf("# TEST_SEED=%" PRIu64 " TEST_ITERS=%" PRIu64 "\n", r.seed,
	    r.iters);
	(void)fflush(stdout);
	world_end(); /* every share founds its own */
	for (uint64_t i = 0; i < r.jobs; i++)
		pid[i] = start_share(&r, i, &from[i]);
	for (uint64_t i = 0; i < r.jobs; i++)
		good = end_share(pid[i], from[i], &t) && good;
	assert_true(good);
	if (r.only != UINT64_MAX)
		return;
	printf("# %" PRIu64 " histories, %" PRIu64
	       " with concurrent writes of one field, %" PRIu64 " on disk",
	    counts->histories, counts->concurrent, counts->on_disk);
	missing = counters_print(&t);
	assert_int_equal(missing, 0);
	/* where most of it is destroyed there is less */
	assert_true(r.iters < SHARED_FROM ||
	    counts->shredding * 4 > counts->histories ||
	    counts->concurrent * 10 >= counts->histories * 8);
	assert_int_equal(counts->short_ones, 0);
	assert_true(r.disk == 0 || counts->on_disk >= r.iters / r.disk);
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
