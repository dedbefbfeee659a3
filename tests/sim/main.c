/*
 * The simulator's runs.
 *
 *   SIM_SEEDS=n    how many seeds (150; of the full tier 25, of policy 50)
 *   SIM_FIRST=n    from this one on (1)
 *   SIM_SEED=n     only this one: how a failure is played again
 *   SIM_TWICE=n    every n-th seed is played twice and must be the same (10)
 *   SIM_HOURS=h    go on for so long, however many seeds that are
 *   SIM_JOBS=n     processes that share the seeds (1)
 *   SIM_GO_ON=1    count failures and go on, instead of ending at the first
 *   SIM_KEEP=FILE  add a line for each count: tests/sim/sum adds up such files
 *   SIM_ALL=1      print every line of the history
 *   SIM_TRACES=1   print the trace of every seed: what makes it quicker must
 *                  not change one
 *
 * tests-sim-logic plays in memory with cheap cryptography, tests-sim on encrypted
 * files, tests-sim-policy as the first with what is signed deciding who reads. Seeds of tests/sim/scenarios, which failed once, are always played first.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/wait.h>
#include <unistd.h>

#include "tests/sim/sim.h"

#define SCENARIOS "tests/sim/scenarios/seeds"
#define COUNTED_FROM 1000 /* fewer seeds may miss a class */
#define CLASS_WANTED 10000
#define PAIR_WANTED 100
#define JOBS_MAX 64

static uint64_t
setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL && *text != '\0' ? strtoull(text, NULL, 10)
					     : otherwise;
}

struct run {
	uint64_t first, seeds, twice, jobs;
	double hours;
	enum sim_tier tier;
	bool go_on, traces;
};

static double
now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- playing ------------------------------------------------------------- */

static void
died(int number)
{
	/* it dies anyway: at worst its history is not printed
	 * NOLINTNEXTLINE(bugprone-signal-handler) */
	sim_show_playing();
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

static bool
play(const struct run *r, uint64_t seed, struct sim_counts *counts, bool twice)
{
	static struct sim_counts unused;
	uint64_t trace, again;

	bool good = sim_play(seed, r->tier, counts, &trace);

	if (r->traces)
		printf("# trace %" PRIu64 " %016" PRIx64 "\n", seed, trace);
	if (!good)
		return false;
	if (!twice)
		return true;
	if (!sim_play(seed, r->tier, &unused, &again) || trace != again) {
		printf("# seed %" PRIu64 " is not the same twice: %016" PRIx64
		       " and %016" PRIx64 "\n",
		    seed, trace, again);
		counts->failed++;
		return false;
	}
	return true;
}

static bool
play_scenarios(const struct run *r, struct sim_counts *counts)
{
	FILE *file = fopen(SCENARIOS, "r");
	char line[300], *rest;
	bool good = true;

	if (file == NULL)
		return false;
	while (good && fgets(line, sizeof(line), file) != NULL) {
		uint64_t seed = strtoull(line, &rest, 10);
		const char *tier = sim_tier_name(r->tier);
		size_t n = strlen(tier);

		if (rest == line || strncmp(rest + 1, tier, n) != 0 ||
		    rest[1 + n] != ' ')
			continue;
		good = play(r, seed, counts, false);
		line[strcspn(line, "\n")] = '\0';
		printf("# scenario %s %s\n", line, good ? "holds" : "FAILS");
	}
	(void)fclose(file);
	return good;
}

/* Every jobs-th seed from the k-th on. */
static bool
play_share(const struct run *r, uint64_t k, struct sim_counts *counts)
{
	double until = now_s() + r->hours * 3600;
	bool good = k != 0 || play_scenarios(r, counts);

	for (uint64_t i = k; good || r->go_on; i += r->jobs) {
		if (r->hours > 0 ? now_s() >= until : i >= r->seeds)
			break;
		good = play(r, r->first + i, counts,
			   r->twice > 0 && i / r->jobs % r->twice == 0) &&
		    good;
	}
	sim_end();
	return good;
}

/* ---- sharing ------------------------------------------------------------- */

static pid_t
start_share(const struct run *r, uint64_t k, int *from)
{
	static struct sim_counts counts;
	const uint8_t *p = (const uint8_t *)&counts;
	size_t left = sizeof(counts);
	int ends[2];
	pid_t pid;
	bool good;

	if (pipe(ends) != 0 || (pid = fork()) < 0)
		abort();
	if (pid > 0) {
		(void)close(ends[1]);
		*from = ends[0];
		return pid;
	}
	(void)signal(SIGABRT, died);
	(void)signal(SIGSEGV, died);
	good = play_share(r, k, &counts);
	(void)fflush(stdout);
	while (left > 0) {
		ssize_t n = write(ends[1], p, left);

		if (n <= 0)
			_exit(2);
		p += n;
		left -= (size_t)n;
	}
	_exit(good ? 0 : 1);
}

/* What a share counted is added. False: it failed. */
static bool
end_share(pid_t pid, int from, struct sim_counts *total)
{
	static struct sim_counts counts;
	uint64_t *sum = (uint64_t *)(void *)total;
	const uint64_t *more = (const uint64_t *)(const void *)&counts;
	size_t have = 0;
	ssize_t n;
	int status;

	memset(&counts, 0, sizeof(counts));
	while (
	    (n = read(from, (char *)&counts + have, sizeof(counts) - have)) > 0)
		have += (size_t)n;
	(void)close(from);
	if (waitpid(pid, &status, 0) != pid || have != sizeof(counts))
		return false;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*sum); i++)
		sum[i] += more[i];
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- telling ------------------------------------------------------------- */

#define RAREST 8

struct rare {
	uint64_t seeds;
	enum sim_class a, b;
};

/* The rarest so far, the rarest first. */
static void
keep_rare(struct rare rarest[static RAREST], struct rare r)
{
	for (unsigned i = 0; i < RAREST; i++)
		if (r.seeds < rarest[i].seeds) {
			struct rare next = rarest[i];

			rarest[i] = r;
			r = next;
		}
}

/* Faults in all, and how many classes and pairs of them were met less often than
 * is wanted of a long run. */
static void
report_reach(const struct sim_counts *c, const struct run *r)
{
	uint64_t total = 0, classes = 0, few = 0, pairs = 0, few_pairs = 0;
	struct rare rarest[RAREST];

	for (unsigned i = 0; i < RAREST; i++)
		rarest[i] = (struct rare){ .seeds = UINT64_MAX };
	for (unsigned i = 0; i < SIM_CLASS_COUNT; i++) {
		if (!sim_class_plays(r->tier, (enum sim_class)i))
			continue;
		total += c->fired[i];
		classes++;
		few += c->fired[i] < CLASS_WANTED;
		for (unsigned k = 0; k < i; k++) {
			if (!sim_class_plays(r->tier, (enum sim_class)k))
				continue;
			pairs++;
			few_pairs += c->pair[i][k] < PAIR_WANTED;
			keep_rare(rarest,
			    (struct rare){ c->pair[i][k], (enum sim_class)i,
				(enum sim_class)k });
		}
	}
	printf("# %" PRIu64 " happenings of %" PRIu64 " classes, %" PRIu64
	       " of them less than %d times\n",
	    total, classes, few, CLASS_WANTED);
	printf("# %" PRIu64 " pairs of classes in one seed, %" PRIu64
	       " of them in less than %d seeds; the rarest:\n",
	    pairs, few_pairs, PAIR_WANTED);
	for (unsigned i = 0; i < RAREST; i++)
		printf("#   %12" PRIu64 "  %s / %s\n", rarest[i].seeds,
		    sim_class_words(rarest[i].a), sim_class_words(rarest[i].b));
}

/* What was counted, a line each, after what other runs left there. */
static void
keep(const struct sim_counts *c, const struct run *r, const char *path)
{
	FILE *to = fopen(path, "a");

	if (to == NULL) {
		printf("# cannot add to %s\n", path);
		return;
	}
	(void)fprintf(to, "seeds %s %" PRIu64 " of %" PRIu64 "\n",
	    sim_tier_name(r->tier), c->seeds, r->first);
	(void)fprintf(to, "failed %s %" PRIu64 "\n", sim_tier_name(r->tier),
	    c->failed);
	for (unsigned i = 0; i < SIM_COUNT_COUNT; i++)
		(void)fprintf(to, "count %" PRIu64 " %s\n", c->n[i],
		    sim_count_words((enum sim_count)i));
	for (unsigned i = 0; i < SIM_CLASS_COUNT; i++) {
		(void)fprintf(to, "class %" PRIu64 " %s\n", c->fired[i],
		    sim_class_words((enum sim_class)i));
		for (unsigned k = 0; k < i; k++)
			(void)fprintf(to, "pair %" PRIu64 " %s/%s\n",
			    c->pair[i][k], sim_class_name((enum sim_class)i),
			    sim_class_name((enum sim_class)k));
	}
	(void)fclose(to);
}

/* How many classes never happened. */
static unsigned
report(const struct sim_counts *c, const struct run *r, double took_s)
{
	unsigned never = 0;

	for (unsigned i = 0; i < SIM_COUNT_COUNT; i++)
		printf("#   %12" PRIu64 "  %s\n", c->n[i],
		    sim_count_words((enum sim_count)i));
	for (unsigned i = 0; i < SIM_CLASS_COUNT; i++) {
		printf("#   %12" PRIu64 "  %s, in %" PRIu64 " seeds%s\n",
		    c->fired[i], sim_class_words((enum sim_class)i),
		    c->seeds_with[i],
		    c->fired[i] > 0 ? ""
			: sim_class_plays(r->tier, (enum sim_class)i)
			? "  NEVER"
			: " (not in this tier)");
		never += c->fired[i] == 0 &&
		    sim_class_plays(r->tier, (enum sim_class)i);
	}
	report_reach(c, r);
	printf("# %" PRIu64 " seeds, %" PRIu64 " failed, %.1f ms each\n",
	    c->seeds, c->failed,
	    took_s * 1000 * (double)r->jobs /
		(double)(c->seeds > 0 ? c->seeds : 1));
	return never;
}

/* By the name of the program. */
static enum sim_tier
tier_of(const char *program)
{
	return strstr(program, "-logic") != NULL ? SIM_TIER_LOGIC
	    : strstr(program, "-policy") != NULL ? SIM_TIER_POLICY
						 : SIM_TIER_FULL;
}

int
main(int argc, char **argv)
{
	static const uint64_t usual[] = { [SIM_TIER_LOGIC] = 150,
		[SIM_TIER_FULL] = 25,
		[SIM_TIER_POLICY] = 50 };
	static struct sim_counts counts;
	const char *hours = getenv("SIM_HOURS");
	enum sim_tier tier = argc > 0 ? tier_of(argv[0]) : SIM_TIER_FULL;
	struct run r = { .first = setting("SIM_FIRST", 1),
		.seeds = setting("SIM_SEEDS", usual[tier]),
		.twice = setting("SIM_TWICE", 10),
		.jobs = setting("SIM_JOBS", 1),
		.hours = hours != NULL ? strtod(hours, NULL) : 0,
		.tier = tier,
		.go_on = getenv("SIM_GO_ON") != NULL,
		.traces = getenv("SIM_TRACES") != NULL };
	double begun = now_s();
	pid_t pid[JOBS_MAX];
	int from[JOBS_MAX];
	bool good = true;
	unsigned never;

	sim_make_haste();
	if (getenv("SIM_SEED") != NULL && *getenv("SIM_SEED") != '\0') {
		good = play(&r, setting("SIM_SEED", 1), &counts, true);
		sim_end();
		printf("%s\n", good ? "ok" : "not ok");
		return good ? 0 : 1;
	}
	if (r.jobs < 1 || r.jobs > JOBS_MAX)
		r.jobs = 1;
	(void)fflush(stdout);
	for (uint64_t i = 0; i < r.jobs; i++)
		pid[i] = start_share(&r, i, &from[i]);
	for (uint64_t i = 0; i < r.jobs; i++)
		good = end_share(pid[i], from[i], &counts) && good;
	never = report(&counts, &r, now_s() - begun);
	if (getenv("SIM_KEEP") != NULL)
		keep(&counts, &r, getenv("SIM_KEEP"));
	if (counts.seeds >= COUNTED_FROM && never > 0)
		good = false;
	printf("1..1\n%s 1 - every seed holds and every class happened\n",
	    good ? "ok" : "not ok");
	return good ? 0 : 1;
}
