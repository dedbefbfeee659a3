/*
 * Applying at an empty peer of the same agency: verified, decrypted, merged,
 * committed, on an encrypted file. One thread. Segments come as an exchange
 * brings them: control before data, a transaction a message.
 *
 * Twice: as segments come when much was written at once, and one row each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "sync/db.h"
#include "sync/log.h"
#include "tests/support/bench.h"

#define BULK_ROWS 100000
#define ONE_ROWS 20000
/* what an exchange puts in a message on a good link */
#define MESSAGE_BYTES LIMIT_UNIT_MAX_BYTES

struct log {
	struct buf bytes;
	size_t *at; /* count + 1 offsets */
	size_t count;
};

static double
cpu(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
read_log(struct log *out, struct bench_node *n, const char *which)
{
	char sql[200];
	struct fail f = { .code = OK };
	size_t room = 0;
	struct stmt *s;
	bool row;

	*out = (struct log){ .count = 0 };
	(void)snprintf(sql, sizeof(sql),
	    "SELECT bytes FROM _segment WHERE kind %s 0 ORDER BY position",
	    which);
	bench_must(db_stmt(&s, replica_db(n->r), sql, &f), &f, "log");
	while (stmt_step(s, &row, &f) == OK && row) {
		size_t size;
		const uint8_t *p = stmt_col_blob(s, 0, &size);

		if (out->count + 2 > room) {
			room = room * 2 + 1024;
			out->at = realloc(out->at, room * sizeof(*out->at));
			if (out->at == NULL)
				abort();
		}
		out->at[out->count++] = out->bytes.n;
		buf_put(&out->bytes, p, size);
		out->at[out->count] = out->bytes.n;
	}
	bench_must(out->bytes.err, NULL, "log");
}

static void
log_release(struct log *l)
{
	buf_release(&l->bytes);
	free(l->at);
}

static void
receive_all(struct bench_node *to, const struct log *l,
    const struct node_id *peer)
{
	struct fail f = { .code = OK }, why;
	size_t in_message = 0;

	for (size_t i = 0; i < l->count; i++) {
		size_t size = l->at[i + 1] - l->at[i];
		enum outcome outcome;

		if (in_message == 0)
			bench_begin(to);
		bench_must(log_receive(to->r, &outcome, NULL,
			       l->bytes.p + l->at[i], size, peer, &why, &f),
		    &f, "receive");
		if (outcome != OUTCOME_APPLIED)
			bench_must(ERR_FORMAT, &why, outcome_name(outcome));
		in_message += size;
		if (in_message < MESSAGE_BYTES && i != l->count - 1)
			continue;
		bench_commit(to);
		in_message = 0;
	}
}

static int64_t
count_rows(struct bench_node *n)
{
	struct fail f = { .code = OK };
	struct stmt *s;
	bool row;

	bench_must(db_stmt(&s, replica_db(n->r),
		       "SELECT count(*) FROM appointment", &f),
	    &f, "count");
	bench_must(stmt_step(s, &row, &f), &f, "count");
	return stmt_col_int(s, 0);
}

struct times {
	double grants[BENCH_RUNS], data[BENCH_RUNS], cpu[BENCH_RUNS];
};

static void
apply(struct bench_node *from, struct times *t, int run,
    const struct log *grants, const struct log *data, unsigned rows)
{
	const struct node_id *peer = &replica_identity(from->r)->node;
	struct bench_node to;
	double begun, used;

	bench_join(&to, from);
	used = cpu();
	begun = bench_now();
	receive_all(&to, grants, peer);
	t->grants[run] = bench_now() - begun;
	begun = bench_now();
	receive_all(&to, data, peer);
	t->data[run] = bench_now() - begun;
	t->cpu[run] = cpu() - used;
	if (count_rows(&to) != rows)
		abort();
	bench_end(&to);
}

/* rounds: after each everything is sealed */
static void
measure(const char *name, unsigned rows, unsigned rounds, bool last)
{
	struct log grants, data;
	struct bench_node from;
	struct times t;
	double seal, g, d, c;

	bench_found(&from);
	bench_prepare(&from, BENCH_PEOPLE);
	(void)bench_seal(&from);
	seal = bench_now();
	for (unsigned i = 0; i < rounds; i++) {
		bench_fill(&from, i * (rows / rounds), rows / rounds,
		    BENCH_PEOPLE);
		(void)bench_seal(&from);
	}
	seal = bench_now() - seal;
	read_log(&grants, &from, "<>");
	read_log(&data, &from, "=");
	for (int run = 0; run < BENCH_RUNS; run++)
		apply(&from, &t, run, &grants, &data, rows);
	g = bench_median(t.grants, BENCH_RUNS);
	d = bench_median(t.data, BENCH_RUNS);
	c = bench_median(t.cpu, BENCH_RUNS);
	/* a busy machine stretches the clock, hardly the processor's time */
	printf("  \"%s\": {\"rows\": %u, \"segments\": %zu, \"grants\": %zu,"
	       " \"bytes\": %zu,\n"
	       "   \"data_s\": %.3f, \"grants_s\": %.3f, \"cpu_of_both_s\": "
	       "%.3f,"
	       " \"written_and_sealed_s\": %.3f,\n",
	    name, rows, data.count, grants.count, data.bytes.n + grants.bytes.n,
	    d, g, c, seal);
	printf("   \"field_changes_per_s\": %.0f, \"with_grants\": %.0f,"
	       " \"with_grants_per_cpu_s\": %.0f,\n"
	       "   \"segments_per_s\": %.0f, \"and_grants_per_s\": %.0f,"
	       " \"and_grants_per_cpu_s\": %.0f}%s\n",
	    rows * BENCH_FIELDS / d, rows * BENCH_FIELDS / (d + g),
	    rows * BENCH_FIELDS / c, (double)data.count / d,
	    (double)(data.count + grants.count) / (d + g),
	    (double)(data.count + grants.count) / c, last ? "}" : ",");
	log_release(&grants);
	log_release(&data);
	bench_end(&from);
}

int
main(void)
{
	printf("{\"reach\": {\"bulk_field_changes_per_s\": 300000,"
	       " \"one_row_segments_per_s\": 8000},\n");
	measure("bulk", BULK_ROWS, 1, false);
	measure("one_row_segments", ONE_ROWS, ONE_ROWS / BENCH_PEOPLE, true);
	return 0;
}
