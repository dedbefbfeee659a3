/* Snapshots: rows before their history, and the history alone in the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "sync/derive.h"
#include "sync/exchange.h"
#include "sync/replica_i.h"
#include "sync/seal.h"
#include "sync/shred.h"
#include "sync/snapshot.h"
#include "tests/support/taking.h"
#include "sync/revoke.h"

#define MUST(call) \
	do { \
		struct fail fail_ = { .code = OK }; \
		struct fail *f = &fail_; \
		if ((call) != OK) \
			fail_msg("%s: %s", #call, fail_.text); \
	} while (0)

#define CHANGES 60
#define SHOWN "SELECT count(*) FROM _snapshot_in"
#define LOG "SELECT count(*) FROM _segment WHERE chain = 1 AND state > 2"

struct world {
	struct pair p;
	struct row_id person;
	struct row_id tag[4];
};

/* A person with two years of changes, one segment each. */
static void
start(struct world *w, uint64_t seed)
{
	char text[160];

	pair_start(&w->p, seed, 1);
	pair_insert(&w->p, PAIR_NORTH, "person", &w->person, NULL, "word",
	    "first");
	for (size_t i = 0; i < COUNT_OF(w->tag); i++) {
		(void)snprintf(text, sizeof(text), "tag %zu", i);
		pair_insert(&w->p, PAIR_NORTH, "tag", &w->tag[i], &w->person,
		    "word", text);
		(void)pair_seal(&w->p, PAIR_NORTH);
	}
	for (int i = 0; i < CHANGES; i++) {
		(void)snprintf(text, sizeof(text),
		    "%d: came on time, %d hours of work, lives at no %d now", i,
		    i * 7919 % 97, i * 31 % 89);
		assert_int_equal(pair_set(&w->p, PAIR_NORTH, "person",
				     &w->person, "word", text, NULL),
		    OK);
		(void)pair_seal(&w->p, PAIR_NORTH);
	}
	assert_int_equal(pair_set(&w->p, PAIR_NORTH, "person", &w->person,
			     "word", "last", NULL),
	    OK);
	(void)pair_seal(&w->p, PAIR_NORTH);
}

/* A contact in small messages that breaks off once the receiver shows a
 * snapshot, or at its end. */
static void
contact(struct world *w, enum pair_who caller, enum pair_who server,
    enum pair_who watched, bool cut)
{
	struct pair *p = &w->p;
	struct exchange_stats stats = { 0 };
	struct buf request = { 0 }, answer = { 0 };
	struct exchange *x;
	bool done = false;

	MUST(exchange_new(&x, p->r[caller],
	    &replica_identity(p->r[server])->node, LIMIT_UNIT_MIN_BYTES, f));
	while (!done && (!cut || pair_number(p, watched, SHOWN) == 0)) {
		buf_reset(&request);
		buf_reset(&answer);
		MUST(exchange_ask(x, &request, &done, f));
		if (done)
			break;
		MUST(exchange_answer(p->r[server], &answer,
		    &replica_identity(p->r[caller])->node, request.p, request.n,
		    &stats, f));
		MUST(exchange_take(x, answer.p, answer.n, f));
	}
	exchange_free(x);
	buf_release(&request);
	buf_release(&answer);
}

/* South (the same agency) meets North for the first time. */
static void
begin(struct world *w, uint64_t seed)
{
	start(w, seed);
	contact(w, PAIR_SOUTH, PAIR_NORTH, PAIR_SOUTH, true);
	assert_int_equal(pair_number(&w->p, PAIR_SOUTH, SHOWN), 1);
	assert_true(pair_number(&w->p, PAIR_SOUTH, LOG) <
	    pair_number(&w->p, PAIR_NORTH, LOG));
}

static const char *
word(struct world *w, enum pair_who who)
{
	return pair_get(&w->p, who, "person", &w->person, "word", NULL);
}

/* The rest, and then everything is as if there had been no snapshot. */
static void
finish(struct world *w)
{
	contact(w, PAIR_SOUTH, PAIR_NORTH, PAIR_SOUTH, false);
	contact(w, PAIR_SOUTH, PAIR_NORTH, PAIR_SOUTH, false);
	assert_int_equal(pair_number(&w->p, PAIR_SOUTH, SHOWN), 0);
	assert_int_equal(pair_cpt(&w->p, PAIR_SOUTH, &w->person)->flags, 0);
	assert_string_equal(word(w, PAIR_SOUTH), word(w, PAIR_NORTH));
	pair_equal(&w->p, PAIR_NORTH, PAIR_SOUTH, &w->person);
	pair_check(&w->p, PAIR_SOUTH);
	pair_check(&w->p, PAIR_NORTH);
}

static void
rows_are_read_before_their_history_and_then_follow_from_it(void **state)
{
	struct snapshot_left left;
	struct world w;

	(void)state;
	begin(&w, 401);
	assert_string_equal(word(&w, PAIR_SOUTH), "last");
	for (size_t i = 0; i < COUNT_OF(w.tag); i++)
		assert_string_not_equal(pair_get(&w.p, PAIR_SOUTH, "tag",
					    &w.tag[i], "word", NULL),
		    "-");
	MUST(snapshot_left(w.p.r[PAIR_SOUTH], &left, 0, f));
	assert_int_equal(left.compartments, 1);
	assert_int_equal(left.expected, pair_number(&w.p, PAIR_NORTH, LOG));
	assert_true(left.held < left.expected);
	finish(&w);
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH, LOG),
	    pair_number(&w.p, PAIR_NORTH, LOG));
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH,
			     "SELECT count(*) FROM _count WHERE name ="
			     " 'snapshots differing'"),
	    0);
	assert_int_equal(pair_number(&w.p, PAIR_NORTH,
			     "SELECT count(*) FROM _snapshot_out o WHERE"
			     " NOT EXISTS (SELECT 1 FROM _queue q WHERE"
			     " q.what = 2 AND q.ref = o.no)"),
	    0);
	pair_stop(&w.p);
}

static void
new_rows_can_be_written_meanwhile_and_old_ones_not_changed(void **state)
{
	struct row_id mine;
	struct world w;

	(void)state;
	begin(&w, 402);
	assert_int_equal(pair_set(&w.p, PAIR_SOUTH, "person", &w.person, "word",
			     "too early", NULL),
	    ERR_WAIT);
	pair_insert(&w.p, PAIR_SOUTH, "attendance", &mine, &w.person,
	    "appointment", "a new one");
	assert_string_equal(pair_get(&w.p, PAIR_SOUTH, "attendance", &mine,
				"appointment", NULL),
	    "a new one");
	assert_int_equal(pair_set(&w.p, PAIR_SOUTH, "attendance", &mine,
			     "result", "came", NULL),
	    ERR_WAIT);
	/* and while North goes on */
	assert_int_equal(pair_set(&w.p, PAIR_NORTH, "person", &w.person, "word",
			     "later", NULL),
	    OK);
	finish(&w);
	assert_string_equal(word(&w, PAIR_SOUTH), "later");
	assert_string_equal(pair_get(&w.p, PAIR_NORTH, "attendance", &mine,
				"appointment", NULL),
	    "a new one");
	assert_int_equal(pair_set(&w.p, PAIR_SOUTH, "person", &w.person, "word",
			     "now", NULL),
	    OK);
	finish(&w);
	pair_stop(&w.p);
}

static void
a_rebuild_keeps_what_the_log_says_alone(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 403);
	MUST(replica_rebuild(w.p.r[PAIR_SOUTH], f));
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH, SHOWN), 0);
	assert_string_not_equal(word(&w, PAIR_SOUTH), "last");
	pair_check(&w.p, PAIR_SOUTH);
	finish(&w);
	pair_stop(&w.p);
}

static void
whatever_says_that_not_all_counts_ends_it(void **state)
{
	struct compartment *c;
	struct world w;

	(void)state;
	begin(&w, 404);
	MUST(replica_begin(w.p.r[PAIR_SOUTH], f));
	c = pair_cpt(&w.p, PAIR_SOUTH, &w.person);
	c->flags |= COMPARTMENT_FORKED; /* as log_branch_added does */
	c->rederive = true;
	MUST(replica_commit(w.p.r[PAIR_SOUTH], f));
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH, SHOWN), 0);
	assert_string_not_equal(word(&w, PAIR_SOUTH), "last");
	assert_int_equal(pair_cpt(&w.p, PAIR_SOUTH, &w.person)->flags,
	    COMPARTMENT_FORKED);
	pair_check(&w.p, PAIR_SOUTH);
	pair_stop(&w.p);
}

static void
a_removal_that_comes_meanwhile_ends_it(void **state)
{
	struct world w;

	(void)state;
	start(&w, 411);
	pair_share(&w.p, PAIR_NORTH, &w.person, PAIR_CLINIC, GRANT_READ, false);
	(void)pair_seal(&w.p, PAIR_NORTH);
	contact(&w, PAIR_SOUTH, PAIR_NORTH, PAIR_SOUTH, true);
	assert_string_equal(word(&w, PAIR_SOUTH), "last");
	taking_unshare(&w.p, PAIR_NORTH, &w.person, PAIR_CLINIC);
	pair_ship_range(&w.p, PAIR_NORTH, PAIR_SOUTH,
	    pair_seal(&w.p, PAIR_NORTH), 0);
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH, SHOWN), 0);
	assert_string_not_equal(word(&w, PAIR_SOUTH), "last");
	pair_check(&w.p, PAIR_SOUTH);
	/* and none is made for who comes after it */
	contact(&w, PAIR_SOUTH, PAIR_NORTH, PAIR_SOUTH, false);
	assert_string_equal(word(&w, PAIR_SOUTH), "last");
	pair_equal(&w.p, PAIR_NORTH, PAIR_SOUTH, &w.person);
	pair_check(&w.p, PAIR_SOUTH);
	pair_stop(&w.p);
}

static void
a_shred_that_comes_meanwhile_leaves_nothing_of_it(void **state)
{
	struct shred_request q = { .reference = "order 7" };
	int64_t ordered = 0;
	struct world w;

	(void)state;
	begin(&w, 415);
	q.subject = w.person;
	MUST(shred_order(w.p.r[PAIR_NORTH], &q, &ordered, f));
	assert_int_equal(ordered, 1);
	assert_int_equal(pair_number(&w.p, PAIR_NORTH,
			     "SELECT count(*) FROM _snapshot_out"),
	    0);
	contact(&w, PAIR_SOUTH, PAIR_NORTH, PAIR_SOUTH, false);
	contact(&w, PAIR_SOUTH, PAIR_NORTH, PAIR_SOUTH, false);
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH, SHOWN), 0);
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH,
			     "SELECT (SELECT count(*) FROM person) +"
			     " (SELECT count(*) FROM tag)"),
	    0);
	pair_check(&w.p, PAIR_SOUTH);
	pair_stop(&w.p);
}

static void
a_revocation_that_comes_meanwhile_ends_it(void **state)
{
	const struct node_id *laptop;
	struct revoke_report report;
	struct buf record = { 0 };
	struct world w;
	struct stmt *s;
	const uint8_t *p;
	bool row;
	size_t n;

	(void)state;
	begin(&w, 412);
	laptop = &replica_identity(w.p.r[PAIR_LAPTOP])->node;
	MUST(revoke_node(w.p.r[PAIR_NORTH], &report, NULL, laptop, REVOKED_LOST,
	    f));
	MUST(db_stmt(&s, replica_db(w.p.r[PAIR_NORTH]),
	    "SELECT bytes FROM _member ORDER BY no DESC LIMIT 1", f));
	MUST(stmt_step(s, &row, f));
	p = stmt_col_blob(s, 0, &n);
	buf_put(&record, p, n);
	stmt_reset(s);
	pair_member(&w.p, PAIR_SOUTH, &record);
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH, SHOWN), 0);
	assert_int_equal(pair_number(&w.p, PAIR_NORTH,
			     "SELECT count(*) FROM _snapshot_out"),
	    0);
	finish(&w);
	buf_release(&record);
	pair_stop(&w.p);
}

/* Who may read only from now on must not get what was before by this way. */
static void
none_is_made_where_history_is_closed(void **state)
{
	struct world w;

	(void)state;
	start(&w, 413);
	pair_share(&w.p, PAIR_NORTH, &w.person, PAIR_CLINIC, GRANT_READ, true);
	contact(&w, PAIR_CLINIC, PAIR_NORTH, PAIR_CLINIC, false);
	contact(&w, PAIR_SOUTH, PAIR_NORTH, PAIR_SOUTH, false);
	assert_int_equal(pair_number(&w.p, PAIR_NORTH,
			     "SELECT count(*) FROM _queue WHERE what = 2"),
	    0);
	assert_string_equal(word(&w, PAIR_CLINIC), "-");
	assert_string_equal(word(&w, PAIR_SOUTH), "last");
	pair_check(&w.p, PAIR_CLINIC);
	pair_stop(&w.p);
}

static void
another_agency_reads_and_adds_before_the_history_came(void **state)
{
	struct row_id mine;
	struct world w;

	(void)state;
	start(&w, 414);
	pair_share(&w.p, PAIR_NORTH, &w.person, PAIR_CLINIC, GRANT_WRITE,
	    false);
	contact(&w, PAIR_CLINIC, PAIR_NORTH, PAIR_CLINIC, true);
	assert_string_equal(word(&w, PAIR_CLINIC), "last");
	contact(&w, PAIR_CLINIC, PAIR_NORTH, PAIR_CLINIC, false);
	contact(&w, PAIR_CLINIC, PAIR_NORTH, PAIR_CLINIC, false);
	assert_int_equal(pair_number(&w.p, PAIR_CLINIC, SHOWN), 0);
	pair_insert(&w.p, PAIR_NORTH, "attendance", &mine, &w.person,
	    "appointment", "a new one");
	contact(&w, PAIR_CLINIC, PAIR_NORTH, PAIR_CLINIC, false);
	pair_equal(&w.p, PAIR_NORTH, PAIR_CLINIC, &w.person);
	pair_check(&w.p, PAIR_CLINIC);
	pair_stop(&w.p);
}

static void
a_sweep_that_finds_no_more_ends_it(void **state)
{
	int64_t peer = 0;
	struct world w;

	(void)state;
	begin(&w, 405);
	MUST(replica_begin(w.p.r[PAIR_SOUTH], f));
	MUST(lane_peer_find(w.p.r[PAIR_SOUTH], &peer,
	    &replica_identity(w.p.r[PAIR_NORTH])->node, f));
	MUST(lane_sweep_ended(w.p.r[PAIR_SOUTH], peer, true, 0, f));
	MUST(replica_commit(w.p.r[PAIR_SOUTH], f));
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH, SHOWN), 0);
	pair_check(&w.p, PAIR_SOUTH);
	finish(&w);
	pair_stop(&w.p);
}

/* ---- hostile ones ------------------------------------------------------------- */

struct forged {
	struct snapshot s;
	struct buf head, loose, payload, plain, bytes;
};

static void
add_insert(struct forged *x, unsigned table, uint8_t row, const char *word)
{
	struct op op = { .kind = OP_INSERT, .table = table, .field_count = 1 };

	memset(op.row.b, row, sizeof(op.row.b));
	op.fields[0].number = 1;
	op.fields[0].value = (struct value){ .type = VALUE_TEXT,
		.p = (const uint8_t *)word,
		.n = strlen(word) };
	op_encode(&x->loose, &op);
}

/* Sealed and signed as North would. */
static void
forge(struct world *w, struct forged *x)
{
	struct replica *r = w->p.r[PAIR_NORTH];
	struct compartment *c = pair_cpt(&w->p, PAIR_NORTH, &w->person);
	uint8_t key[32], statement[32];
	struct key_id id;
	uint8_t *body;

	MUST(grant_seal_key(r, c, key, &id, f));
	x->s.compartment = c->id;
	x->s.maker = r->identity.node;
	memcpy(x->s.key_prefix, id.b, sizeof(x->s.key_prefix));
	x->s.segments = 99;
	x->s.end_count = 1;
	x->s.ends[0].chain = CHAIN_DATA;
	x->s.ends[0].seq = 1;
	assert_int_equal(op_pack(&x->payload, x->loose.p, x->loose.n), OK);
	MUST(seal_plain(&x->plain, x->payload.p, x->payload.n, f));
	snapshot_put_head(&x->head, &x->s);
	buf_put(&x->bytes, x->head.p, x->head.n);
	buf_uint(&x->bytes, x->plain.n + SEAL_TAG_BYTES);
	body = buf_grow(&x->bytes, x->plain.n + SEAL_TAG_BYTES);
	assert_non_null(body);
	seal_encrypt(body, &x->plain, &x->head, key);
	buf_zero(&x->bytes, SEGMENT_SIG_BYTES);
	snapshot_statement(statement, members_network(replica_members(r)),
	    x->bytes.p, x->bytes.n);
	(void)crypto_sign_detached(x->bytes.p + x->bytes.n - SEGMENT_SIG_BYTES,
	    NULL, statement, sizeof(statement), r->identity.sign_secret);
}

static void
release(struct forged *x)
{
	buf_release(&x->head);
	buf_release(&x->loose);
	buf_release(&x->payload);
	buf_release(&x->plain);
	buf_release(&x->bytes);
}

static enum outcome
give(struct world *w, const uint8_t *p, size_t n, enum pair_who from,
    enum err *code)
{
	struct fail why = { .code = OK };
	enum outcome o;

	MUST(replica_begin(w->p.r[PAIR_SOUTH], f));
	MUST(snapshot_receive(w->p.r[PAIR_SOUTH], &o, p, n,
	    &replica_identity(w->p.r[from])->node, &why, f));
	MUST(replica_commit(w->p.r[PAIR_SOUTH], f));
	*code = why.code;
	return o;
}

/* South holds the key of a compartment and nothing of its data. */
static void
start_hostile(struct world *w, uint64_t seed)
{
	pair_start(&w->p, seed, 1);
	pair_insert(&w->p, PAIR_NORTH, "person", &w->person, NULL, "word",
	    "truth");
	(void)pair_seal(&w->p, PAIR_NORTH);
	for (int64_t no = 1; no <= pair_top(&w->p, PAIR_NORTH); no++) {
		struct buf b = { 0 };
		struct segment s;

		if (log_bytes(w->p.r[PAIR_NORTH], &b, no, NULL) == OK &&
		    segment_parse(&s, b.p, b.n, NULL) == OK &&
		    s.header.kind == SEGMENT_GRANT)
			(void)pair_ship(&w->p, PAIR_NORTH, PAIR_SOUTH, no);
		buf_release(&b);
	}
	assert_non_null(pair_cpt(&w->p, PAIR_SOUTH, &w->person));
}

static void
nothing_came_of_it(struct world *w)
{
	assert_int_equal(pair_number(&w->p, PAIR_SOUTH, SHOWN), 0);
	assert_int_equal(pair_number(&w->p, PAIR_SOUTH,
			     "SELECT (SELECT count(*) FROM person) +"
			     " (SELECT count(*) FROM tag)"),
	    0);
	pair_check(&w->p, PAIR_SOUTH);
}

static void
one_that_is_no_makers_or_was_changed_is_refused(void **state)
{
	struct forged x = { .head = { 0 } };
	struct world w;
	enum err code;

	(void)state;
	start_hostile(&w, 406);
	add_insert(&x, 1, 7, "a lie");
	forge(&w, &x);
	/* handed on by somebody else */
	assert_int_equal(give(&w, x.bytes.p, x.bytes.n, PAIR_CLINIC, &code),
	    OUTCOME_REFUSED);
	assert_int_equal(code, ERR_DENIED);
	for (size_t at = 2; at < x.bytes.n; at += 7) {
		x.bytes.p[at] ^= 1;
		assert_int_not_equal(give(&w, x.bytes.p, x.bytes.n, PAIR_NORTH,
					 &code),
		    OUTCOME_APPLIED);
		x.bytes.p[at] ^= 1;
	}
	for (size_t n = 0; n < x.bytes.n; n++)
		assert_int_not_equal(give(&w, x.bytes.p, n, PAIR_NORTH, &code),
		    OUTCOME_APPLIED);
	nothing_came_of_it(&w);
	release(&x);
	pair_stop(&w.p);
}

static void
one_by_a_node_that_is_no_registrar_is_refused(void **state)
{
	struct forged x = { .head = { 0 } };
	const struct member_node *laptop;
	uint8_t statement[32];
	struct world w;
	enum err code;
	size_t at;

	(void)state;
	start_hostile(&w, 407);
	add_insert(&x, 1, 7, "a lie");
	forge(&w, &x);
	laptop = members_node(replica_members(w.p.r[PAIR_SOUTH]),
	    &replica_identity(w.p.r[PAIR_LAPTOP])->node);
	assert_non_null(laptop);
	memcpy(x.bytes.p + 2 + ID_BYTES, laptop->id.b, ID_BYTES);
	snapshot_statement(statement,
	    members_network(replica_members(w.p.r[PAIR_SOUTH])), x.bytes.p,
	    x.bytes.n);
	at = x.bytes.n - SEGMENT_SIG_BYTES;
	(void)crypto_sign_detached(x.bytes.p + at, NULL, statement,
	    sizeof(statement), w.p.r[PAIR_LAPTOP]->identity.sign_secret);
	assert_int_equal(give(&w, x.bytes.p, x.bytes.n, PAIR_LAPTOP, &code),
	    OUTCOME_REFUSED);
	assert_int_equal(code, ERR_DENIED);
	nothing_came_of_it(&w);
	release(&x);
	pair_stop(&w.p);
}

static void
rows_of_no_table_of_the_compartment_are_refused_whole(void **state)
{
	static const unsigned tables[] = { 99, 1 };
	struct world w;

	(void)state;
	start_hostile(&w, 408);
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		struct forged x = { .head = { 0 } };
		enum err code;

		add_insert(&x, 1, 7, "a lie");
		add_insert(&x, tables[i], 8, "another");
		if (tables[i] == 1) /* the same row twice */
			add_insert(&x, 1, 8, "and again");
		forge(&w, &x);
		assert_int_equal(give(&w, x.bytes.p, x.bytes.n, PAIR_NORTH,
				     &code),
		    OUTCOME_REFUSED);
		assert_int_equal(code, ERR_FORMAT);
		release(&x);
	}
	nothing_came_of_it(&w);
	pair_stop(&w.p);
}

static void
one_that_is_too_long_is_refused(void **state)
{
	struct buf b = { .limit = 2 * LIMIT_SEGMENT_BYTES };
	struct world w;
	enum err code;

	(void)state;
	start_hostile(&w, 409);
	buf_u8(&b, SNAPSHOT_FORM);
	buf_zero(&b, LIMIT_SEGMENT_BYTES);
	assert_int_equal(give(&w, b.p, b.n, PAIR_NORTH, &code),
	    OUTCOME_REFUSED);
	assert_int_equal(code, ERR_LIMIT);
	nothing_came_of_it(&w);
	buf_release(&b);
	pair_stop(&w.p);
}

static void
one_that_lies_is_found_out_by_the_history(void **state)
{
	struct forged x = { .head = { 0 } };
	struct segment_id id;
	uint64_t position;
	struct world w;
	enum err code;

	(void)state;
	start_hostile(&w, 410);
	add_insert(&x, 1, 7, "a lie");
	MUST(log_author_top(w.p.r[PAIR_NORTH],
	    &replica_author_no(w.p.r[PAIR_NORTH], w.p.r[PAIR_NORTH]->own_author)
		 ->tag,
	    &position, &id, f));
	x.s.ends[0].id = id;
	x.s.ends[0].author =
	    replica_author_no(w.p.r[PAIR_NORTH], w.p.r[PAIR_NORTH]->own_author)
		->tag;
	forge(&w, &x);
	assert_int_equal(give(&w, x.bytes.p, x.bytes.n, PAIR_NORTH, &code),
	    OUTCOME_APPLIED);
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH,
			     "SELECT count(*) FROM person WHERE word ="
			     " 'a lie'"),
	    1);
	pair_ship_all(&w.p, PAIR_NORTH, PAIR_SOUTH);
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH, SHOWN), 0);
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH,
			     "SELECT count(*) FROM person WHERE word ="
			     " 'a lie'"),
	    0);
	assert_string_equal(word(&w, PAIR_SOUTH), "truth");
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH,
			     "SELECT value FROM _count WHERE name ="
			     " 'snapshots differing'"),
	    1);
	pair_check(&w.p, PAIR_SOUTH);
	release(&x);
	pair_stop(&w.p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    rows_are_read_before_their_history_and_then_follow_from_it),
		cmocka_unit_test(
		    new_rows_can_be_written_meanwhile_and_old_ones_not_changed),
		cmocka_unit_test(a_rebuild_keeps_what_the_log_says_alone),
		cmocka_unit_test(whatever_says_that_not_all_counts_ends_it),
		cmocka_unit_test(a_removal_that_comes_meanwhile_ends_it),
		cmocka_unit_test(
		    a_shred_that_comes_meanwhile_leaves_nothing_of_it),
		cmocka_unit_test(a_revocation_that_comes_meanwhile_ends_it),
		cmocka_unit_test(none_is_made_where_history_is_closed),
		cmocka_unit_test(
		    another_agency_reads_and_adds_before_the_history_came),
		cmocka_unit_test(a_sweep_that_finds_no_more_ends_it),
		cmocka_unit_test(
		    one_that_is_no_makers_or_was_changed_is_refused),
		cmocka_unit_test(one_by_a_node_that_is_no_registrar_is_refused),
		cmocka_unit_test(
		    rows_of_no_table_of_the_compartment_are_refused_whole),
		cmocka_unit_test(one_that_is_too_long_is_refused),
		cmocka_unit_test(one_that_lies_is_found_out_by_the_history),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
