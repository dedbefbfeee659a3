/* Snapshots: rows before their history, and the history alone in the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sync/derive.h"
#include "sync/exchange.h"
#include "sync/replica_i.h"
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

/* It would be parked for want of what is before it, and fill the room for that. */
static void
what_is_written_meanwhile_comes_after_the_history(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 416);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pair_set(&w.p, PAIR_NORTH, "person", &w.person,
				     "word", i == 2 ? "newest" : "newer", NULL),
		    OK);
		(void)pair_seal(&w.p, PAIR_NORTH);
	}
	assert_int_equal(pair_number(&w.p, PAIR_NORTH,
			     "SELECT count(*) FROM _queue WHERE lane = 1"
			     " AND what = 1"),
	    0);
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH,
			     "SELECT count(*) FROM _parked"),
	    0);
	finish(&w);
	assert_string_equal(word(&w, PAIR_SOUTH), "newest");
	/* and from then on before what is bulky */
	assert_int_equal(pair_set(&w.p, PAIR_NORTH, "person", &w.person, "word",
			     "now", NULL),
	    OK);
	(void)pair_seal(&w.p, PAIR_NORTH);
	assert_int_equal(pair_number(&w.p, PAIR_NORTH,
			     "SELECT count(*) FROM _queue WHERE lane = 1"
			     " AND what = 1"),
	    1);
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

/* Somebody who obeyed an order that South has not heard of, or who lies, has
 * nothing else. */
static void
give_stubs(struct world *w)
{
	for (int64_t no = 1; no <= pair_top(&w->p, PAIR_NORTH); no++) {
		struct buf bytes = { 0 }, stub = { 0 };
		struct segment s;

		MUST(log_bytes(w->p.r[PAIR_NORTH], &bytes, no, f));
		MUST(segment_parse(&s, bytes.p, bytes.n, f));
		segment_stub(&stub, &s);
		(void)pair_give(&w->p, PAIR_SOUTH, stub.p, stub.n, PAIR_HUB);
		buf_release(&bytes);
		buf_release(&stub);
	}
}

static void
stubs_are_no_history(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 419);
	give_stubs(&w);
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH, LOG),
	    pair_number(&w.p, PAIR_NORTH, LOG));
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH, SHOWN), 1);
	assert_string_equal(word(&w, PAIR_SOUTH), "last");
	pair_ship_all(&w.p, PAIR_NORTH, PAIR_SOUTH);
	finish(&w);
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH,
			     "SELECT count(*) FROM _count WHERE name ="
			     " 'snapshots differing'"),
	    0);
	pair_stop(&w.p);
}

/* Number of North's control segment at this place of its chain. */
static int64_t
control_at(struct world *w, int seq)
{
	char sql[100];

	(void)snprintf(sql, sizeof(sql),
	    "SELECT no FROM _segment WHERE chain = 0 AND seq = %d", seq);
	return pair_number(&w->p, PAIR_NORTH, sql);
}

static void
give_snapshot(struct world *w)
{
	struct buf bytes = { .limit = LIMIT_SEGMENT_BYTES };
	struct replica *north = w->p.r[PAIR_NORTH], *south = w->p.r[PAIR_SOUTH];
	enum outcome o = OUTCOME_REFUSED;
	struct fail why = { .code = OK };

	MUST(snapshot_make(north, &bytes,
	    pair_cpt(&w->p, PAIR_NORTH, &w->person)->no, f));
	MUST(replica_begin(south, f));
	MUST(snapshot_receive(south, &o, bytes.p, bytes.n,
	    &replica_identity(north)->node, &why, f));
	MUST(replica_commit(south, f));
	assert_int_equal(o, OUTCOME_APPLIED);
	buf_release(&bytes);
}

static void
one_whose_history_needs_control_ends_when_that_comes_after_a_restart(
    void **state)
{
	struct world w;
	int64_t first, last;

	(void)state;
	start(&w, 420);
	first = control_at(&w, 1);
	pair_share(&w.p, PAIR_NORTH, &w.person, PAIR_CLINIC, GRANT_READ, false);
	(void)pair_seal(&w.p, PAIR_NORTH);
	last = control_at(&w, 2);
	assert_int_equal(pair_set(&w.p, PAIR_NORTH, "person", &w.person, "word",
			     "shared", NULL),
	    OK);
	(void)pair_seal(&w.p, PAIR_NORTH);
	(void)pair_ship(&w.p, PAIR_NORTH, PAIR_SOUTH, first);
	give_snapshot(&w);
	for (int64_t no = 1; no <= pair_top(&w.p, PAIR_NORTH); no++)
		if (no != first && no != last)
			(void)pair_ship(&w.p, PAIR_NORTH, PAIR_SOUTH, no);
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH, SHOWN), 1);
	pair_restart(&w.p, PAIR_SOUTH, 1);
	(void)pair_ship(&w.p, PAIR_NORTH, PAIR_SOUTH, last);
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH, SHOWN), 0);
	assert_string_equal(word(&w, PAIR_SOUTH), "shared");
	pair_equal(&w.p, PAIR_NORTH, PAIR_SOUTH, &w.person);
	pair_check(&w.p, PAIR_SOUTH);
	pair_stop(&w.p);
}

/* Of what does not fit nobody is accused, and in the end all is there. */
static void
assert_no_blame(struct world *w)
{
	assert_int_equal(pair_number(&w->p, PAIR_SOUTH,
			     "SELECT count(*) FROM _refused"),
	    0);
	assert_int_equal(pair_number(&w->p, PAIR_SOUTH,
			     "SELECT count(*) FROM _count WHERE name ="
			     " 'snapshots differing'"),
	    0);
	assert_int_equal(pair_number(&w->p, PAIR_SOUTH, SHOWN), 0);
	assert_string_equal(word(w, PAIR_SOUTH), word(w, PAIR_NORTH));
	pair_check(&w->p, PAIR_SOUTH);
}

static void
one_by_an_older_program_is_shown_and_no_lie(void **state)
{
	struct world w;

	(void)state;
	start(&w, 417);
	pair_restart(&w.p, PAIR_SOUTH, 2);
	contact(&w, PAIR_SOUTH, PAIR_NORTH, PAIR_SOUTH, true);
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH, SHOWN), 1);
	assert_string_equal(word(&w, PAIR_SOUTH), "last");
	contact(&w, PAIR_SOUTH, PAIR_NORTH, PAIR_SOUTH, false);
	contact(&w, PAIR_SOUTH, PAIR_NORTH, PAIR_SOUTH, false);
	assert_no_blame(&w);
	pair_stop(&w.p);
}

static void
one_by_a_newer_program_is_left_and_its_history_comes(void **state)
{
	struct world w;

	(void)state;
	start(&w, 418);
	pair_restart(&w.p, PAIR_NORTH, 2);
	assert_int_equal(pair_set(&w.p, PAIR_NORTH, "person", &w.person,
			     "later", "a field that South does not know", NULL),
	    OK);
	(void)pair_seal(&w.p, PAIR_NORTH);
	contact(&w, PAIR_SOUTH, PAIR_NORTH, PAIR_SOUTH, false);
	contact(&w, PAIR_SOUTH, PAIR_NORTH, PAIR_SOUTH, false);
	assert_no_blame(&w);
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
		cmocka_unit_test(
		    what_is_written_meanwhile_comes_after_the_history),
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
		cmocka_unit_test(stubs_are_no_history),
		cmocka_unit_test(
		    one_whose_history_needs_control_ends_when_that_comes_after_a_restart),
		cmocka_unit_test(one_by_an_older_program_is_shown_and_no_lie),
		cmocka_unit_test(
		    one_by_a_newer_program_is_left_and_its_history_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
