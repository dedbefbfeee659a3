/*
 * Sweeps between real replicas whose cursors say that nothing is missing:
 * whatever one of them lost comes back, whoever wrote it; equal sets cost a
 * round trip; a relay without keys takes part. TEST_ITERS scales.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/sweeping.h"

/* All ids that a node holds, sorted, hashed by their bytes. */
static void
holds(struct pair *p, enum pair_who who, struct buf *out)
{
	struct stmt *s;
	bool row = true;

	buf_reset(out);
	assert_int_equal(db_stmt(&s, replica_db(p->r[who]),
			     "SELECT id FROM _segment WHERE state > 2"
			     " UNION ALL SELECT id FROM _member ORDER BY 1",
			     NULL),
	    OK);
	while (stmt_step(s, &row, NULL) == OK && row) {
		size_t n;
		const uint8_t *id = stmt_col_blob(s, 0, &n);

		buf_put(out, id, n);
	}
}

/* A disk that forgot rows, and nothing else: cursors stay as they are. */
static void
lose(struct pair *p, enum pair_who who, const char *what)
{
	sweeping_sql(p, who, what);
	pair_restart(p, who, 2);
	assert_int_equal(replica_rebuild(p->r[who], NULL), OK);
}

/* All of these, and perhaps an author record of a node that went on under a new
 * name since others had more of its work. */
static void
must_hold(struct pair *p, enum pair_who who, const struct buf *want)
{
	struct buf have = { 0 };
	size_t at = 0;

	holds(p, who, &have);
	for (size_t i = 0; i < want->n; i += 32) {
		while (at < have.n && memcmp(have.p + at, want->p + i, 32) < 0)
			at += 32;
		assert_true(at < have.n);
		assert_memory_equal(have.p + at, want->p + i, 32);
	}
	buf_release(&have);
}

/* ---- tests ------------------------------------------------------------------- */

static void
equal_sets_cost_one_round_trip(void **state)
{
	struct pair p;
	struct met idle, met;

	(void)state;
	sweeping_start(&p, 1);
	idle = sweeping_meet(&p, PAIR_NORTH, PAIR_HUB, 65536);
	assert_int_equal(idle.asked.round_trips, 1);
	met = sweeping_sweep(&p, PAIR_NORTH, PAIR_HUB);
	assert_int_equal(met.asked.round_trips, 2);
	assert_int_equal(met.asked.sweep_rounds, 1);
	assert_true(met.asked.sweep_equal);
	assert_true(met.answered.sweep_equal);
	assert_true(met.bytes - idle.bytes < 64);
	/* and it is over */
	met = sweeping_meet(&p, PAIR_NORTH, PAIR_HUB, 65536);
	assert_int_equal(met.asked.round_trips, 1);
	assert_int_equal(met.bytes, idle.bytes);
	pair_stop(&p);
}

static void
a_relay_without_keys_gets_back_whatever_it_lost(void **state)
{
	static const char *const what[] = {
		"DELETE FROM _segment WHERE no % 3 = 1",
		/* the end of everything */
		"DELETE FROM _segment WHERE no > (SELECT MAX(no) / 2"
		" FROM _segment)",
		/* one writer's */
		"DELETE FROM _segment WHERE author = (SELECT MAX(author)"
		" FROM _segment)",
		/* whole compartments, with all that was derived from them */
		"DELETE FROM _segment WHERE cpt % 2 = 0;"
		"DELETE FROM _grant WHERE cpt % 2 = 0",
		"DELETE FROM _segment; DELETE FROM _grant",
	};
	struct buf want = { 0 };
	struct pair p;

	(void)state;
	sweeping_start(&p, 2);
	holds(&p, PAIR_HUB, &want);
	for (size_t i = 0; i < COUNT_OF(what); i++) {
		struct met met;

		lose(&p, PAIR_HUB, what[i]);
		met = sweeping_sweep(&p, PAIR_NORTH, PAIR_HUB);
		assert_true(met.asked.sweep_equal);
		assert_true(met.asked.sweep_queued > 0);
		/* of what it has and does not know to be common only ids go */
		assert_int_equal(met.asked.sweep_queued,
		    met.asked.sent_segments + met.asked.spared);
		assert_int_equal(met.answered.sweep_queued, 0);
		/* the clinic's own part, if any, is not North's */
		met = sweeping_sweep(&p, PAIR_CLINIC, PAIR_HUB);
		assert_true(met.asked.sweep_equal);
		must_hold(&p, PAIR_HUB, &want);
	}
	buf_release(&want);
	pair_stop(&p);
}

static void
a_holder_gets_back_what_it_lost_and_reads_it(void **state)
{
	static const enum pair_who who[] = { PAIR_NORTH, PAIR_SOUTH,
		PAIR_CLINIC };
	const char *iters = getenv("TEST_ITERS");
	unsigned rounds =
	    iters != NULL ? (unsigned)(strtoull(iters, NULL, 10) / 40) : 6;
	struct buf want = { 0 };
	struct pair p;

	(void)state;
	sweeping_start(&p, 3);
	for (unsigned i = 0; i < (rounds < 3 ? 3 : rounds); i++) {
		enum pair_who at = who[sweeping_draw() % COUNT_OF(who)];
		char text[320];
		struct met met;

		/* without the newest that it wrote its first hello would have
		 * everything queued again: not what is tried here */
		(void)snprintf(text, sizeof(text),
		    "DELETE FROM _segment WHERE (no * %u + %u) %% 7 < %u AND"
		    " position < (SELECT MAX(s.position) FROM _segment s"
		    " WHERE s.author = _segment.author)",
		    (unsigned)(1 + sweeping_draw() % 6),
		    (unsigned)(sweeping_draw() % 7),
		    (unsigned)(1 + sweeping_draw() % 5));
		holds(&p, at, &want);
		lose(&p, at, text);
		met = sweeping_sweep(&p, at, PAIR_HUB);
		if (!met.asked.sweep_equal)
			fail_msg("round %u: not equal", i);
		must_hold(&p, at, &want);
		for (unsigned k = 0; k < SWEEPING_PEOPLE; k++) {
			if (at != PAIR_CLINIC || k % 3 != 0)
				pair_equal(&p, at,
				    at == PAIR_NORTH ? PAIR_SOUTH : PAIR_NORTH,
				    &sweeping_person[k]);
		}
	}
	buf_release(&want);
	pair_stop(&p);
}

static void
a_sweep_is_due_weekly_and_after_a_reset(void **state)
{
	struct pair p;
	struct met met;

	(void)state;
	sweeping_start(&p, 5);
	(void)sweeping_sweep(&p, PAIR_NORTH, PAIR_HUB);
	env_test_pass(p.env[PAIR_NORTH], 6LL * 24 * 60 * 60 * 1000);
	env_test_pass(p.env[PAIR_HUB], 6LL * 24 * 60 * 60 * 1000);
	assert_int_equal(sweeping_meet(&p, PAIR_NORTH, PAIR_HUB, 65536)
			     .asked.sweep_rounds,
	    0);
	env_test_pass(p.env[PAIR_NORTH], 1LL * 24 * 60 * 60 * 1000);
	met = sweeping_meet(&p, PAIR_NORTH, PAIR_HUB, 65536);
	assert_int_equal(met.asked.sweep_rounds, 1);
	/* who is called says that it wants one */
	assert_int_equal(sweeping_meet(&p, PAIR_NORTH, PAIR_HUB, 65536)
			     .asked.sweep_rounds,
	    0);
	sweeping_ask(&p, PAIR_HUB, PAIR_NORTH);
	assert_int_equal(sweeping_meet(&p, PAIR_NORTH, PAIR_HUB, 65536)
			     .asked.sweep_rounds,
	    1);
	assert_int_equal(sweeping_meet(&p, PAIR_NORTH, PAIR_HUB, 65536)
			     .asked.sweep_rounds,
	    0);
	/* the hub's cursors are gone: its queue for North begins anew */
	sweeping_sql(&p, PAIR_HUB, "UPDATE _lane SET their_position = 0");
	met = sweeping_meet(&p, PAIR_NORTH, PAIR_HUB, 65536);
	assert_true(met.asked.peer_lost);
	assert_true(met.asked.sweep_equal);
	assert_int_equal(sweeping_meet(&p, PAIR_NORTH, PAIR_HUB, 65536)
			     .asked.sweep_rounds,
	    0);
	pair_stop(&p);
}

static void
a_contact_that_breaks_leaves_the_sweep_due(void **state)
{
	struct buf request = { 0 }, answer = { 0 }, want = { 0 };
	struct exchange_stats stats = { 0 };
	struct fail f = { .code = OK };
	bool done = false;
	struct pair p;

	(void)state;
	sweeping_start(&p, 6);
	holds(&p, PAIR_HUB, &want);
	for (int breaks = 2; breaks < 6; breaks++) {
		struct exchange *x = NULL;

		lose(&p, PAIR_HUB, "DELETE FROM _segment WHERE no % 3 = 1");
		sweeping_ask(&p, PAIR_NORTH, PAIR_HUB);
		assert_int_equal(exchange_new(&x, p.r[PAIR_NORTH],
				     sweeping_node(&p, PAIR_HUB), 4096, &f),
		    OK);
		for (int i = 0; i < breaks; i++) {
			buf_reset(&request);
			buf_reset(&answer);
			assert_int_equal(exchange_ask(x, &request, &done, &f),
			    OK);
			if (done)
				break;
			assert_int_equal(exchange_answer(p.r[PAIR_HUB], &answer,
					     sweeping_node(&p, PAIR_NORTH),
					     request.p, request.n, &stats, &f),
			    OK);
			if (i + 1 < breaks)
				assert_int_equal(exchange_take(x, answer.p,
						     answer.n, &f),
				    OK);
		}
		exchange_free(x);
		assert_true(sweeping_meet(&p, PAIR_NORTH, PAIR_HUB, 4096)
				.asked.sweep_equal);
		must_hold(&p, PAIR_HUB, &want);
	}
	buf_release(&request);
	buf_release(&answer);
	buf_release(&want);
	pair_stop(&p);
}

/* ---- stubs -------------------------------------------------------------------- */

/* Take the content of what the hub cannot read: as compact does. */
static void
drop_bodies(struct pair *p, enum pair_who who)
{
	struct buf list = { 0 };
	struct stmt *s;
	bool row = true;

	assert_int_equal(db_stmt(&s, replica_db(p->r[who]),
			     "SELECT no, bytes FROM _segment WHERE state = 5",
			     NULL),
	    OK);
	while (stmt_step(s, &row, NULL) == OK && row) {
		int64_t no = stmt_col_int(s, 0);

		buf_put(&list, &no, sizeof(no));
	}
	assert_true(list.n > 0);
	for (size_t at = 0; at < list.n; at += sizeof(int64_t)) {
		struct buf bytes = { 0 }, stub = { 0 };
		struct segment view;
		int64_t no;

		memcpy(&no, list.p + at, sizeof(no));
		assert_int_equal(log_bytes(p->r[who], &bytes, no, NULL), OK);
		assert_int_equal(segment_parse(&view, bytes.p, bytes.n, NULL),
		    OK);
		segment_stub(&stub, &view);
		assert_int_equal(db_stmt(&s, replica_db(p->r[who]),
				     "UPDATE _segment SET bytes = ?2"
				     " WHERE no = ?1",
				     NULL),
		    OK);
		stmt_int(s, 1, no);
		stmt_blob(s, 2, stub.p, stub.n);
		assert_int_equal(stmt_run(s, NULL), OK);
		buf_release(&bytes);
		buf_release(&stub);
	}
	buf_release(&list);
}

static void
what_a_relay_dropped_comes_back_when_a_holder_lost_it(void **state)
{
	struct buf want = { 0 };
	struct pair p;

	(void)state;
	sweeping_start(&p, 9);
	holds(&p, PAIR_CLINIC, &want);
	drop_bodies(&p, PAIR_HUB);
	/* stubs are as good as the whole between those two */
	assert_true(sweeping_sweep(&p, PAIR_NORTH, PAIR_HUB).asked.sweep_equal);
	assert_true(
	    sweeping_sweep(&p, PAIR_CLINIC, PAIR_HUB).asked.sweep_equal);
	lose(&p, PAIR_CLINIC,
	    "DELETE FROM _segment WHERE kind = 0 AND author ="
	    " (SELECT author FROM _segment ORDER BY no LIMIT 1)");
	(void)sweeping_sweep(&p, PAIR_CLINIC, PAIR_HUB);
	/* the clinic has stubs now, and the hub asks North by itself */
	assert_true(
	    pair_number(&p, PAIR_HUB, "SELECT count(*) FROM _wanted") > 0);
	for (int i = 0; i < 3; i++) {
		(void)sweeping_meet(&p, PAIR_NORTH, PAIR_HUB, 65536);
		(void)sweeping_meet(&p, PAIR_CLINIC, PAIR_HUB, 65536);
	}
	assert_int_equal(pair_number(&p, PAIR_HUB,
			     "SELECT count(*) FROM _wanted"),
	    0);
	assert_int_equal(pair_number(&p, PAIR_CLINIC,
			     "SELECT count(*) FROM _wanted"),
	    0);
	must_hold(&p, PAIR_CLINIC, &want);
	for (unsigned k = 0; k < SWEEPING_PEOPLE; k++) {
		if (k % 3 != 0)
			pair_equal(&p, PAIR_CLINIC, PAIR_NORTH,
			    &sweeping_person[k]);
	}
	/* and then it is quiet */
	assert_int_equal(sweeping_meet(&p, PAIR_CLINIC, PAIR_HUB, 65536)
			     .asked.round_trips,
	    1);
	assert_int_equal(sweeping_meet(&p, PAIR_NORTH, PAIR_HUB, 65536)
			     .asked.round_trips,
	    1);
	buf_release(&want);
	pair_stop(&p);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_sets_cost_one_round_trip),
		cmocka_unit_test(
		    a_relay_without_keys_gets_back_whatever_it_lost),
		cmocka_unit_test(a_holder_gets_back_what_it_lost_and_reads_it),
		cmocka_unit_test(a_sweep_is_due_weekly_and_after_a_reset),
		cmocka_unit_test(a_contact_that_breaks_leaves_the_sweep_due),
		cmocka_unit_test(
		    what_a_relay_dropped_comes_back_when_a_holder_lost_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
