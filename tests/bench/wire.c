/*
 * Bytes and round trips of a contact between two replicas that are equal but
 * for what is said: request and response bodies, no TLS or HTTP (the transport
 * prints those itself: footbridge sync).
 */
#include <stdio.h>
#include <string.h>

#include "sync/exchange.h"
#include "tests/support/bench.h"

#define LINK_RTT_MS 20
#define LINK_BYTES_PER_S 1000000

struct pair {
	struct bench_node a, b, c; /* c: only for a lone change */
};

struct cost {
	int64_t bytes, trips;
	double seconds;
};

/* a calls b until both are done. */
static struct cost
call(struct bench_node *a, struct bench_node *b)
{
	const struct node_id *to = &replica_identity(b->r)->node;
	const struct node_id *from = &replica_identity(a->r)->node;
	struct exchange_stats answered = { 0 };
	struct fail f = { .code = OK };
	struct buf out = { 0 }, in = { 0 };
	struct cost c = { .seconds = bench_now() };
	struct exchange *x;
	bool done = false;

	bench_must(exchange_new(&x, a->r, to,
		       exchange_budget(LINK_RTT_MS, LINK_BYTES_PER_S), &f),
	    &f, "exchange");
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
	exchange_free(x);
	buf_release(&out);
	buf_release(&in);
	return c;
}

static struct cost
contact(struct pair *p)
{
	return call(&p->a, &p->b);
}

/* Until nothing is left to say, so that what is measured next is alone. */
static void
settle(struct pair *p)
{
	for (int i = 0; i < 3; i++)
		(void)contact(p);
}

/* Rows 0..count-1: of as many people. */
static void
update_rows(struct bench_node *n, unsigned count, const char *text)
{
	struct bench_op op;

	bench_begin(n);
	for (unsigned i = 0; i < count; i++) {
		char each[BENCH_TEXT];

		(void)snprintf(each, sizeof(each), "%s %u", text,
		    i * 7919 % 997);
		bench_make_update(n, &op, i, count == 1 ? text : each);
		bench_write(n, &op);
	}
	bench_commit(n);
}

static void
print(const char *name, struct cost c, const char *reach)
{
	printf("  \"%s\": {\"bytes\": %lld, \"round_trips\": %lld,"
	       " \"ms\": %.1f, \"reach\": \"%s\"},\n",
	    name, (long long)c.bytes, (long long)c.trips, c.seconds * 1e3,
	    reach);
}

/* What one more change costs when each of `others` has written in between. */
static void
lone_change(struct pair *p, const char *name, int others, const char *text)
{
	struct cost idle, c;

	/* apart, so that neither names the other's */
	if (others > 0)
		update_rows(&p->b, 1, "Back to A11");
	if (others > 1)
		update_rows(&p->c, 1, "Back to A11");
	settle(p);
	for (int i = 0; others > 1 && i < 2; i++)
		(void)call(&p->a, &p->c);
	settle(p);
	idle = contact(p);
	update_rows(&p->a, 1, text);
	c = contact(p);
	c.bytes -= idle.bytes;
	print(name, c, "270 bytes");
	settle(p);
}

static void
lone_changes(void)
{
	struct pair p;

	bench_found(&p.a);
	bench_prepare(&p.a, 10);
	bench_fill(&p.a, 0, 10, 10);
	bench_join(&p.b, &p.a);
	bench_join(&p.c, &p.a);
	settle(&p);
	(void)call(&p.a, &p.c);
	(void)call(&p.b, &p.c);
	lone_change(&p, "lone_change", 0, "Moved to B12");
	lone_change(&p, "lone_change_1_dependency", 1, "Moved to B13");
	lone_change(&p, "lone_change_2_dependencies", 2, "Moved to B14");
	bench_end(&p.a);
	bench_end(&p.b);
	bench_end(&p.c);
}

static void
hundred_rows(struct pair *p)
{
	struct bench_op op;
	struct cost c;

	/* all of one person: written anew, since few have a hundred */
	bench_begin(&p->a);
	for (unsigned i = 0; i < 100; i++) {
		bench_make_insert(&p->a, &op, 1000000 + i, 7);
		bench_write(&p->a, &op);
	}
	bench_commit(&p->a);
	c = contact(p);
	printf("  \"100_new_rows_in_one_compartment\": {\"bytes\": %lld,"
	       " \"each\": %.1f},\n",
	    (long long)c.bytes, (double)c.bytes / 100);
	settle(p);
	bench_begin(&p->a);
	for (unsigned i = 0; i < 100; i++) {
		char each[BENCH_TEXT];

		(void)snprintf(each, sizeof(each), "Moved to %u",
		    i * 7919 % 9973);
		bench_make_update(&p->a, &op, 1000000 + i, each);
		bench_write(&p->a, &op);
	}
	bench_commit(&p->a);
	c = contact(p);
	printf("  \"100_rows_changed_in_one_compartment\": {\"bytes\": %lld,"
	       " \"each\": %.1f, \"round_trips\": %lld,"
	       " \"reach\": \"45 bytes each\"},\n",
	    (long long)c.bytes, (double)c.bytes / 100, (long long)c.trips);
	settle(p);
}

int
main(void)
{
	static const unsigned sizes[] = { 2000, 20000, 100000 };
	struct pair p;
	unsigned have = 0;

	bench_found(&p.a);
	bench_prepare(&p.a, BENCH_PEOPLE);
	bench_join(&p.b, &p.a);
	printf("{\n");
	lone_changes();
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct cost c;
		char name[64];

		bench_fill(&p.a, have, sizes[i] - have, BENCH_PEOPLE);
		have = sizes[i];
		c = contact(&p);
		(void)snprintf(name, sizeof(name), "first_sync_to_%u_rows",
		    sizes[i]);
		print(name, c, "-");
		settle(&p);
		(void)snprintf(name, sizeof(name), "idle_at_%u_rows", sizes[i]);
		print(name, contact(&p), "400 bytes, 1 round trip");
		update_rows(&p.a, 100,
		    i == 0       ? "Moved to E1"
			: i == 1 ? "Moved to E2"
				 : "Moved to E3");
		(void)snprintf(name, sizeof(name), "100_rows_changed_at_%u",
		    sizes[i]);
		print(name, contact(&p), "the same within 32 bytes");
		settle(&p);
	}
	update_rows(&p.a, 100, "Moved to C1");
	print("100_fields_of_100_people", contact(&p), "30 KB, 3 round trips");
	settle(&p);
	hundred_rows(&p);
	printf("  \"people\": %d}\n", BENCH_PEOPLE);
	bench_end(&p.a);
	bench_end(&p.b);
	return 0;
}
