/*
 * Bytes and round trips of a contact between two replicas that are equal but
 * for what is said: request and response bodies, no TLS or HTTP (the transport
 * prints those itself: footbridge sync).
 */
#include <stdio.h>
#include <string.h>

#include "sync/db.h"
#include "sync/derive.h"
#include "sync/dict.h"
#include "sync/exchange.h"
#include "sync/snapshot.h"
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

/* Rows that a node shows. */
static int64_t
shown(struct bench_node *n)
{
	struct stmt *s;
	struct fail f = { .code = OK };
	int64_t rows;
	bool row;

	bench_must(db_stmt(&s, replica_db(n->r),
		       "SELECT count(*) FROM appointment", &f),
	    &f, "rows");
	bench_must(stmt_step(s, &row, &f), &f, "rows");
	rows = stmt_col_int(s, 0);
	stmt_reset(s);
	return rows;
}

/* a calls b until both are done, or (rows > 0) a shows so many of them. */
static struct cost
call_for(struct bench_node *a, struct bench_node *b, int64_t rows)
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
		if (rows > 0 && shown(a) == rows)
			break;
	}
	c.seconds = bench_now() - c.seconds;
	exchange_free(x);
	buf_release(&out);
	buf_release(&in);
	return c;
}

static struct cost
call(struct bench_node *a, struct bench_node *b)
{
	return call_for(a, b, 0);
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

/* ---- who joins after two years ------------------------------------------- */

#define YEARS_PEOPLE 100
#define YEARS_VISITS 52 /* of each: one every two weeks */
#define YEARS_CHANGES 4 /* of each visit, by four people at four times */

static void
two_years(struct bench_node *n)
{
	for (unsigned visit = 0; visit < YEARS_VISITS; visit++) {
		bench_fill(n, visit * YEARS_PEOPLE, YEARS_PEOPLE, YEARS_PEOPLE);
		(void)bench_seal(n);
		for (unsigned k = 0; k < YEARS_CHANGES; k++) {
			bench_begin(n);
			for (unsigned i = 0; i < YEARS_PEOPLE; i++) {
				char text[BENCH_TEXT];
				struct bench_op op;
				unsigned row = visit * YEARS_PEOPLE + i;

				(void)snprintf(text, sizeof(text),
				    "Moved to %u, room %u", row * 7919 % 9973,
				    (row + k) * 31 % 97);
				bench_make_update(n, &op, row, text);
				bench_write(n, &op);
			}
			bench_commit(n);
			(void)bench_seal(n);
		}
	}
}

static enum err
pack_row(void *context, const struct derived_row *row, struct fail *f)
{
	struct buf *loose = context;
	struct op op = { .kind = OP_INSERT,
		.table = row->table->number,
		.row = row->id };

	(void)f;
	for (unsigned k = 1; k <= REGISTRY_FIELD_MAX; k++) {
		if (row->values[k].type == VALUE_NULL)
			continue;
		op.fields[op.field_count].number = k;
		op.fields[op.field_count++].value = row->values[k];
	}
	op_encode(loose, &op);
	return OK;
}

static enum err
no_conflict(void *context, const struct derived_conflict *c, struct fail *f)
{
	(void)context, (void)c, (void)f;
	return OK;
}

static enum err
no_proposal(void *context, const struct derived_proposal *p, struct fail *f)
{
	(void)context, (void)p, (void)f;
	return OK;
}

/* The rows there are, a compartment each: packed as operations, and that
 * compressed with the dictionary, without padding, key or signature. */
static void
measure_rows(struct bench_node *n, int64_t *packed, int64_t *compressed)
{
	struct buf loose = { 0 }, payload = { 0 }, out = { 0 };
	struct derive_sink sink = { &loose, pack_row, no_conflict,
		no_proposal };
	struct compartment *c;

	*packed = *compressed = 0;
	for (int64_t no = 1; compartment_get(n->r, &c, no, NULL) == OK; no++) {
		struct derived_state state;
		struct fail f = { .code = OK };

		buf_reset(&loose);
		buf_reset(&payload);
		buf_reset(&out);
		bench_must(derive_into(n->r, c, true, false, &state, &sink, &f),
		    &f, "derive");
		if (loose.n == 0)
			continue;
		bench_must(op_pack(&payload, loose.p, loose.n), &f, "pack");
		bench_must(dict_compress(&out, payload.p, payload.n, &f), &f,
		    "compress");
		*packed += (int64_t)payload.n;
		*compressed += (int64_t)out.n;
	}
	buf_release(&loose);
	buf_release(&payload);
	buf_release(&out);
}

static void
first_sync_after_two_years(void)
{
	int64_t rows = (int64_t)YEARS_PEOPLE * YEARS_VISITS;
	int64_t packed, compressed;
	struct cost first, rest;
	struct bench_node a, b;

	bench_found(&a);
	bench_prepare(&a, YEARS_PEOPLE);
	two_years(&a);
	measure_rows(&a, &packed, &compressed);
	bench_join(&b, &a);
	first = call_for(&b, &a, rows);
	printf("  \"first_sync_of_%d_people_after_two_years\": {\"rows\": %lld,"
	       " \"rows_packed\": %lld, \"rows_compressed\": %lld,"
	       " \"bytes_until_all_are_read\": %lld, \"round_trips\": %lld,"
	       " \"ms\": %.1f, \"to_compressed\": %.2f, \"reach\": \"1.3\"},\n",
	    YEARS_PEOPLE, (long long)rows, (long long)packed,
	    (long long)compressed, (long long)first.bytes,
	    (long long)first.trips, first.seconds * 1e3,
	    (double)first.bytes / (double)compressed);
	rest = call(&b, &a);
	printf("  \"its_history\": {\"bytes\": %lld, \"round_trips\": %lld,"
	       " \"ms\": %.1f},\n",
	    (long long)rest.bytes, (long long)rest.trips, rest.seconds * 1e3);
	bench_end(&b);
	bench_end(&a);
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
	first_sync_after_two_years();
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
