/*
 * Writing, against bench-baseline: both run in turn, five times each, and the
 * medians are compared. Then the disk, sealed and checkpointed. Where syncing
 * the disk is slow, fewer runs are made and their number is printed.
 *
 * usage: bench-write [RUNS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/support/bench.h"

#define ROWS 20000
#define PER_COMMIT 20
/* no new run after so many seconds */
#define PATIENCE_S 150

enum { INSERT_S, UPDATE_S, BYTES, SYNCS, CPU_S, SEAL_S, NUMBERS };
static int runs = BENCH_RUNS;
static double baseline[NUMBERS][BENCH_RUNS], engine[NUMBERS][BENCH_RUNS];

/* of this process (RUSAGE_SELF), or of those that it has waited for */
static double
cpu(int who)
{
	struct rusage u;

	(void)getrusage(who, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* The program lies beside this one. */
static void
run_baseline(int run, const char *self)
{
	const char *slash = strrchr(self, '/');
	char command[300], text[300];
	double used = cpu(RUSAGE_CHILDREN);
	FILE *p;

	(void)snprintf(command, sizeof(command), "%.*s/bench-baseline",
	    slash != NULL ? (int)(slash - self) : 1,
	    slash != NULL ? self : ".");
	p = popen(command, "r");
	if (p == NULL || fgets(text, sizeof(text), p) == NULL ||
	    /* NOLINTNEXTLINE(cert-err34-c): our own program wrote it */
	    sscanf(text,
		"{\"insert_s\": %lf, \"update_s\": %lf, \"bytes\": %lf,"
		" \"syncs\": %lf}",
		&baseline[INSERT_S][run], &baseline[UPDATE_S][run],
		&baseline[BYTES][run], &baseline[SYNCS][run]) != 4 ||
	    pclose(p) != 0)
		abort();
	baseline[CPU_S][run] = cpu(RUSAGE_CHILDREN) - used;
}

static void
run_engine(int run, struct bench_op *op)
{
	struct bench_node n;
	unsigned long syncs;
	double begun, used;

	bench_found(&n);
	bench_prepare(&n, BENCH_PEOPLE);
	for (unsigned i = 0; i < ROWS; i++)
		bench_make_insert(&n, &op[i], i, i % BENCH_PEOPLE);
	begun = bench_now();
	used = cpu(RUSAGE_SELF);
	syncs = bench_syncs;
	for (unsigned i = 0; i < ROWS; i++) {
		if (i % PER_COMMIT == 0)
			bench_begin(&n);
		bench_write(&n, &op[i]);
		if (i % PER_COMMIT == PER_COMMIT - 1)
			bench_commit(&n);
	}
	engine[INSERT_S][run] = bench_now() - begun;
	engine[SYNCS][run] = (double)(bench_syncs - syncs);
	for (unsigned i = 0; i < ROWS; i++)
		bench_make_update(&n, &op[i], i, "Moved");
	begun = bench_now();
	syncs = bench_syncs;
	for (unsigned i = 0; i < ROWS; i++)
		bench_write(&n, &op[i]);
	engine[UPDATE_S][run] = bench_now() - begun;
	engine[SYNCS][run] += (double)(bench_syncs - syncs);
	engine[CPU_S][run] = cpu(RUSAGE_SELF) - used;
	begun = bench_now();
	(void)bench_seal(&n);
	engine[SEAL_S][run] = bench_now() - begun;
	engine[BYTES][run] = (double)bench_disk(&n);
	bench_end(&n);
}

static void
print(const char *name, int which, double reach)
{
	double b = bench_median(baseline[which], (size_t)runs);
	double e = bench_median(engine[which], (size_t)runs);

	printf("  \"%s\": {\"baseline\": %.6g, \"engine\": %.6g,"
	       " \"ratio\": %.2f, \"reach\": %.1f},\n",
	    name, b, e, e / b, reach);
}

int
main(int argc, char **argv)
{
	struct bench_op *op = calloc(ROWS, sizeof(*op));
	double begun;

	if (op == NULL || argc < 1)
		return 1;
	if (argc > 1)
		runs = (int)strtol(argv[1], NULL, 10);
	if (runs < 1 || runs > BENCH_RUNS)
		runs = BENCH_RUNS;
	begun = bench_now();
	for (int run = 0; run < runs; run++) {
		run_baseline(run, argv[0]);
		run_engine(run, op);
		if (bench_now() - begun > PATIENCE_S)
			runs = run + 1;
	}
	free(op);
	printf("{\n");
	print("insert_20000_rows_s", INSERT_S, 1.5);
	print("update_20000_fields_s", UPDATE_S, 2);
	print("cpu_of_both_s", CPU_S, 2);
	print("disk_bytes", BYTES, 2.5);
	print("syncs", SYNCS, 1);
	printf("  \"runs\": %d, \"seal_s\": %.3f}\n", runs,
	    bench_median(engine[SEAL_S], (size_t)runs));
	return 0;
}
