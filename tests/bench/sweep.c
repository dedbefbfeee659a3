/*
 * What a sweep costs: two replicas with 100,000 segments in common, equal, and
 * differing in three that the cursors do not know of. Bytes are bodies of all
 * messages of the contact; those of an idle contact are taken off.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sync/db.h"
#include "sync/exchange.h"
#include "sync/lane.h"
#include "sync/sweep.h"
#include "tests/support/bench.h"

#define SEGMENTS 100000
#define MISSING 3

struct cost {
	int64_t bytes, trips, rounds, queued;
	double seconds, cpu_s;
	bool equal;
};

static double
cpu_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct cost
call(struct bench_node *a, struct bench_node *b)
{
	const struct node_id *to = &replica_identity(b->r)->node;
	const struct node_id *from = &replica_identity(a->r)->node;
	struct exchange_stats answered = { 0 };
	struct fail f = { .code = OK };
	struct buf out = { 0 }, in = { 0 };
	struct cost c = { .seconds = bench_now(), .cpu_s = cpu_now() };
	struct exchange *x;
	bool done = false;

	bench_must(exchange_new(&x, a->r, to, 65536, &f), &f, "exchange");
	for (;;) {
		buf_reset(&out);
		buf_reset(&in);
		bench_must(exchange_ask(x, &out, &done, &f), &f, "ask");
		if (done)
			break;
		bench_must(exchange_answer(b->r, &in, from, out.p, out.n,
			       &answered, &f),
		    &f, "answer");
		bench_must(exchange_take(x, in.p, in.n, &f), &f, "take");
		c.bytes += (int64_t)(out.n + in.n);
		c.trips++;
	}
	c.seconds = bench_now() - c.seconds;
	c.cpu_s = cpu_now() - c.cpu_s;
	c.rounds = exchange_stats(x)->sweep_rounds;
	c.equal = exchange_stats(x)->sweep_equal;
	c.queued = exchange_stats(x)->sweep_queued + answered.sweep_queued;
	exchange_free(x);
	buf_release(&out);
	buf_release(&in);
	return c;
}

static void
settle(struct bench_node *a, struct bench_node *b)
{
	for (int i = 0; i < 3; i++)
		(void)call(a, b);
}

static int64_t
number(struct bench_node *n, const char *sql)
{
	struct fail f = { .code = OK };
	struct stmt *s;
	bool row = false;
	int64_t v;

	bench_must(db_stmt(&s, replica_db(n->r), sql, &f), &f, sql);
	bench_must(stmt_step(s, &row, &f), &f, sql);
	v = row ? stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return v;
}

/* A segment for each of the people, again and again. */
static void
fill(struct bench_node *n)
{
	unsigned have = 0;

	while (number(n, "SELECT COUNT(*) FROM _segment") < SEGMENTS) {
		bench_fill(n, have, BENCH_PEOPLE, BENCH_PEOPLE);
		(void)bench_seal(n);
		have += BENCH_PEOPLE;
	}
}

static struct cost
sweep(struct bench_node *a, struct bench_node *b)
{
	struct fail f = { .code = OK };
	int64_t peer = 0;

	bench_must(lane_peer_find(a->r, &peer, &replica_identity(b->r)->node,
		       &f),
	    &f, "peer");
	bench_must(lane_sweep_ask(a->r, peer, NULL, &f), &f, "ask for it");
	return call(a, b);
}

static void
print(const char *name, struct cost c, struct cost idle, const char *reach)
{
	printf("  \"%s\": {\"bytes\": %lld, \"round_trips\": %lld,"
	       " \"queued\": %lld, \"equal\": %s, \"ms\": %.0f,"
	       " \"cpu_ms\": %.0f, \"reach\": \"%s\"},\n",
	    name, (long long)(c.bytes - idle.bytes),
	    (long long)(c.trips - idle.trips), (long long)c.queued,
	    c.equal ? "true" : "false", c.seconds * 1e3, c.cpu_s * 1e3, reach);
}

/* b loses three of a's that are not the last of their chains. */
static void
lose(struct bench_node *b)
{
	struct fail f = { .code = OK };

	bench_must(db_exec(replica_db(b->r),
		       "DELETE FROM _segment WHERE no IN (SELECT no FROM"
		       " _segment WHERE kind = 0 AND no > 20000"
		       " ORDER BY no LIMIT 1) OR no IN (SELECT no FROM _segment"
		       " WHERE kind = 0 AND no > 40000 ORDER BY no LIMIT 1)"
		       " OR no IN (SELECT no FROM _segment WHERE kind = 0 AND"
		       " no > 60000 ORDER BY no LIMIT 1)",
		       &f),
	    &f, "lose");
}

int
main(void)
{
	struct bench_node a = { 0 }, b = { 0 };
	struct sweep_set set = { 0 };
	struct fail f = { .code = OK };
	struct cost idle, c;
	double cpu;

	bench_found(&a);
	bench_prepare(&a, BENCH_PEOPLE);
	bench_join(&b, &a);
	fill(&a);
	settle(&a, &b);
	printf("{\n  \"segments\": %lld,\n",
	    (long long)number(&b, "SELECT COUNT(*) FROM _segment"));
	idle = call(&a, &b);
	print("idle", idle, (struct cost){ 0 }, "400 bytes, 1 round trip");
	cpu = cpu_now();
	bench_must(sweep_set_load(a.r, &set, &replica_identity(b.r)->node, &f),
	    &f, "set");
	printf("  \"reading_all_ids_cpu_ms\": %.0f,\n",
	    (cpu_now() - cpu) * 1e3);
	sweep_set_release(&set);
	print("equal", sweep(&a, &b), idle, "1 round trip");
	lose(&b);
	c = sweep(&a, &b);
	print("differ_in_three", c, idle,
	    "4 round trips, 8 KB, with what is sent");
	printf("  \"missing_after\": %lld}\n",
	    (long long)(number(&a, "SELECT COUNT(*) FROM _segment") -
		number(&b, "SELECT COUNT(*) FROM _segment")));
	bench_end(&a);
	bench_end(&b);
	return c.equal && c.queued == MISSING ? 0 : 1;
}
