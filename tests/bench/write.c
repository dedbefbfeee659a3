/*
 * Writing, against bench-baseline: both run in turn, five times each, and the
 * medians are compared. Then the disk, sealed and checkpointed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/bench.h"

#define ROWS 20000
#define PER_COMMIT 20

enum { INSERT_S, UPDATE_S, BYTES, SYNCS, SEAL_S, NUMBERS };
static double baseline[NUMBERS][BENCH_RUNS], engine[NUMBERS][BENCH_RUNS];

/* The program lies beside this one. */
static void
run_baseline(int run, const char *self)
{
	const char *slash = strrchr(self, '/');
	char command[300], text[300];
	FILE *p;

	(void)snprintf(command, sizeof(command), "%.*s/bench-baseline",
	    slash != NULL ? (int)(slash - self) : 1,
	    slash != NULL ? self : ".");
	p = popen(command, "r");
	if (p == NULL || fgets(text, sizeof(text), p) == NULL ||
	    sscanf(text,
		"{\"insert_s\": %lf, \"update_s\": %lf, \"bytes\": %lf,"
		" \"syncs\": %lf}",
		&baseline[INSERT_S][run], &baseline[UPDATE_S][run],
		&baseline[BYTES][run], &baseline[SYNCS][run]) != 4 ||
	    pclose(p) != 0)
		abort();
}

static void
run_engine(int run, struct bench_op *op)
{
	struct bench_node n;
	unsigned long syncs;
	double begun;

	bench_found(&n);
	bench_prepare(&n, BENCH_PEOPLE);
	for (unsigned i = 0; i < ROWS; i++)
		bench_make_insert(&n, &op[i], i, i % BENCH_PEOPLE);
	begun = bench_now();
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
	begun = bench_now();
	(void)bench_seal(&n);
	engine[SEAL_S][run] = bench_now() - begun;
	engine[BYTES][run] = (double)bench_disk(&n);
	bench_end(&n);
}

static void
print(const char *name, int which, double reach)
{
	double b = bench_median(baseline[which], BENCH_RUNS);
	double e = bench_median(engine[which], BENCH_RUNS);

	printf("  \"%s\": {\"baseline\": %.6g, \"engine\": %.6g,"
	       " \"ratio\": %.2f, \"reach\": %.1f},\n",
	    name, b, e, e / b, reach);
}

int
main(int argc, char **argv)
{
	struct bench_op *op = calloc(ROWS, sizeof(*op));

	if (op == NULL || argc < 1)
		return 1;
	for (int run = 0; run < BENCH_RUNS; run++) {
		run_baseline(run, argv[0]);
		run_engine(run, op);
	}
	free(op);
	printf("{\n");
	print("insert_20000_rows_s", INSERT_S, 1.5);
	print("update_20000_fields_s", UPDATE_S, 2);
	print("disk_bytes", BYTES, 2.5);
	print("syncs", SYNCS, 1);
	printf("  \"seal_s\": %.3f}\n",
	    bench_median(engine[SEAL_S], BENCH_RUNS));
	return 0;
}
