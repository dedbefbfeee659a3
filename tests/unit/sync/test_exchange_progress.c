/* Contacts with a peer that brings too much, or nothing new. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "sync/db.h"
#include "tests/support/office.h"

static struct office *hub, *north;

static int
two_offices(void **state)
{
	(void)state;
	hub = office_found("Hub", KIND_HUB, 1);
	north = office_join(hub, "North", "North", KIND_PROBATION, 2);
	return 0;
}

static int
close_offices(void **state)
{
	(void)state;
	office_free(north);
	office_free(hub);
	hub = north = NULL;
	return 0;
}

static void
sync_ok(struct office *a, struct office *b, struct office_sync *s)
{
	office_sync(a, b, s);
	if (s->err != OK)
		print_message("sync: %s: %s\n", err_name(s->err), s->fail.text);
	assert_int_equal(s->err, OK);
	assert_int_equal(s->stats.bytes_out, s->server.bytes_in);
	assert_int_equal(s->stats.bytes_in, s->server.bytes_out);
}

static void
people(struct office *o, struct row_id *out, int count)
{
	for (int i = 0; i < count; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "Sample %04d", i);
		out[i] = office_person(o, name);
		office_share(o, &out[i], "Hub");
	}
}

/* An author whose record never comes: its work waits within a quota, and what
 * has no room is not acknowledged. */
static void
what_has_no_room_is_not_acknowledged(void **state)
{
	static struct row_id p[10];
	struct office_sync s = { 0 };
	struct fail f = { 0 };
	int64_t come;

	(void)state;
	office_settle(north, hub);
	people(north, p, 10);
	/* the hub forgets who North's author is, and has little room */
	assert_int_equal(db_exec(replica_db(hub->r),
			     "UPDATE _author SET tag = 'unknown!'"
			     " WHERE no = 2; WITH RECURSIVE n(i) AS (SELECT 1"
			     " UNION ALL SELECT i + 1 FROM n WHERE i < 1020)"
			     " INSERT INTO _parked (peer, cpt, author, chain,"
			     " seq, reason, at_ms, size, bytes) SELECT (SELECT"
			     " node FROM _author WHERE no = 2), '', 'x', 1, i,"
			     " 1, 0, 0, '' FROM n",
			     &f),
	    OK);
	office_restart(hub);
	office_sync(north, hub, &s);
	assert_int_equal(s.err, ERR_BUSY);
	assert_true(s.server.put_off > 0);
	assert_int_equal(db_exec(replica_db(hub->r),
			     "DELETE FROM _parked WHERE author = 'x'", &f),
	    OK);
	office_restart(hub);
	come = office_number(hub, "SELECT count(*) FROM _parked") +
	    s.server.put_off;
	s = (struct office_sync){ 0 };
	sync_ok(north, hub, &s);
	assert_false(s.stats.peer_lost);
	assert_int_equal(s.server.put_off, 0);
	/* what was put off was sent again */
	assert_true(office_number(hub, "SELECT count(*) FROM _parked") >= come);
}

/* Segments that fit no history held here: nobody ever says that they do not. */
static void
what_fits_no_history_makes_room_after_a_month(void **state)
{
	static const char full[] =
	    "UPDATE _author SET tag = 'unknown!' WHERE no = 2;"
	    " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
	    " WHERE i < 1024) INSERT INTO _parked (peer, cpt, author, chain,"
	    " seq, reason, at_ms, size, bytes) SELECT (SELECT node FROM"
	    " _author WHERE no = 2), '', 'x', 1, i, 3, 0, 0, '' FROM n;"
	    " UPDATE _parked SET at_ms = 9000000000000 WHERE seq = 1024";
	static struct row_id p[10];
	struct office_sync s = { 0 };
	struct fail f = { 0 };

	(void)state;
	office_settle(north, hub);
	people(north, p, 10);
	assert_int_equal(db_exec(replica_db(hub->r), full, &f), OK);
	office_restart(hub);
	sync_ok(north, hub, &s);
	assert_int_equal(s.server.put_off, 0);
	assert_true(s.server.outcome[OUTCOME_WAITING] > 0);
	/* what is not old stays, and how many went is known */
	assert_int_equal(office_number(hub,
			     "SELECT count(*) FROM _parked WHERE reason = 3"),
	    1);
	assert_int_equal(office_number(hub,
			     "SELECT value FROM _count WHERE name ="
			     " 'waited too long'"),
	    1023);
}

/* The segment of North's own in its log, as an item at a position. */
static void
same_again(struct buf *answer, const struct buf *segment, uint64_t position)
{
	struct message_item item = { .type = MESSAGE_SEGMENT,
		.lane = LANE_NORMAL,
		.position = position,
		.bytes = segment->p,
		.n = segment->n };

	buf_reset(answer);
	message_head(answer, MESSAGE_MORE, 65536);
	message_put(answer, &item, true);
	assert_int_equal(answer->err, OK);
}

/* North calls, the hub answers its hello; what follows is made here, by who says
 * for ever that there is more. How many answers it bears. */
static int
answers_borne(bool moves, struct fail *f)
{
	struct buf request = { 0 }, answer = { 0 }, segment = { 0 };
	struct exchange_stats stats = { 0 };
	struct exchange *x = NULL;
	bool done = false;
	enum err e = OK;
	int n = 0;

	assert_int_equal(exchange_new(&x, north->r, office_node(hub), 4096, f),
	    OK);
	assert_int_equal(exchange_ask(x, &request, &done, f), OK);
	assert_int_equal(exchange_answer(hub->r, &answer, office_node(north),
			     request.p, request.n, &stats, f),
	    OK);
	assert_int_equal(log_bytes(north->r, &segment,
			     office_number(north,
				 "SELECT min(no) FROM _segment"),
			     f),
	    OK);
	e = exchange_take(x, answer.p, answer.n, f);
	while (e == OK && !done && n < 10000) {
		buf_reset(&request);
		assert_int_equal(exchange_ask(x, &request, &done, f), OK);
		same_again(&answer, &segment, moves ? 1000 + (uint64_t)n : 1);
		e = done ? OK : exchange_take(x, answer.p, answer.n, f);
		n++;
	}
	assert_false(done);
	if (e != OK)
		assert_int_equal(e, ERR_NET);
	exchange_free(x);
	buf_release(&request);
	buf_release(&answer);
	buf_release(&segment);
	return n;
}

static void
who_sends_for_ever_what_is_here_is_hung_up_on(void **state)
{
	struct fail f = { 0 };
	int held;

	(void)state;
	for (int moves = 0; moves < 2; moves++) {
		struct row_id p = office_person(hub, "Sample 0001");

		office_share(hub, &p, "North");
		(void)office_person(north, "Sample 0002");
		office_settle(north, hub);
		/* or the contact ends at once */
		(void)office_person(north, "Sample 0003");
		held = (int)office_number(north,
		    "SELECT (SELECT count(*) FROM _segment) +"
		    " (SELECT count(*) FROM _member)");
		/* so often it may be honest: it lost its place */
		assert_in_range(answers_borne(moves, &f), held / 2, held + 200);
		assert_non_null(strstr(f.text, "sends nothing new"));
	}
}

#define STALL_TEST(name) \
	cmocka_unit_test_setup_teardown(name, two_offices, close_offices)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		STALL_TEST(what_has_no_room_is_not_acknowledged),
		STALL_TEST(what_fits_no_history_makes_room_after_a_month),
		STALL_TEST(who_sends_for_ever_what_is_here_is_hung_up_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
