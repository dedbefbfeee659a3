/*
 * `verify` and `verify --deep` of a log of one-row segments, on an encrypted
 * file: chains, ids and signatures again; deep derives every table from the
 * log, too, and compares.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "sync/log.h"
#include "tests/support/bench.h"

#define ROWS 20000
#define ROUNDS (ROWS / BENCH_PEOPLE)

static double
cpu(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
measure(struct bench_node *n, bool deep, bool last)
{
	double clock[BENCH_RUNS], used[BENCH_RUNS];
	int64_t checked = 0;
	struct fail f = { .code = OK };

	for (int run = 0; run < BENCH_RUNS; run++) {
		clock[run] = bench_now();
		used[run] = cpu();
		bench_must(log_verify(n->r, deep, &checked, &f), &f, "verify");
		clock[run] = bench_now() - clock[run];
		used[run] = cpu() - used[run];
	}
	printf("  \"%s\": {\"segments\": %lld, \"s\": %.3f,"
	       " \"segments_per_s\": %.0f, \"segments_per_cpu_s\": %.0f}%s\n",
	    deep ? "deep" : "log", (long long)checked,
	    bench_median(clock, BENCH_RUNS),
	    (double)checked / bench_median(clock, BENCH_RUNS),
	    (double)checked / bench_median(used, BENCH_RUNS), last ? "}" : ",");
}

int
main(void)
{
	struct bench_node n;

	bench_found(&n);
	bench_prepare(&n, BENCH_PEOPLE);
	(void)bench_seal(&n);
	for (unsigned i = 0; i < ROUNDS; i++) {
		bench_fill(&n, i * BENCH_PEOPLE, BENCH_PEOPLE, BENCH_PEOPLE);
		(void)bench_seal(&n);
	}
	printf("{\"reach\": {\"deep_segments_per_s\": 20000},\n");
	measure(&n, false, false);
	measure(&n, true, true);
	bench_end(&n);
	return 0;
}
