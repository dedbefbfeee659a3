#define _GNU_SOURCE /* memmem */
/* A stolen node whose program does not obey: it goes on calling with the keys
 * that it has, whatever it is answered. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "sync/db.h"
#include "sync/revoke.h"
#include "tests/support/office.h"

static struct office *hub, *north, *thief;
static struct row_id person;
static struct fail f;

/* The thief's disk is taken while it is in touch with everybody. */
static int
a_theft(void **state)
{
	(void)state;
	f = (struct fail){ 0 };
	hub = office_found("Hub", KIND_HUB, 1);
	north = office_join(hub, "North", "North", KIND_PROBATION, 2);
	thief = office_join(hub, "Clinic", "Clinic", KIND_TREATMENT, 3);
	person = office_person(north, "Known before");
	office_settle(north, hub);
	office_settle(thief, hub);
	office_settle(north, hub);
	office_share(north, &person, "Clinic");
	office_settle(north, hub);
	office_settle(thief, hub);
	assert_string_equal(office_get(thief, &person, "legal_name"),
	    "Known before");
	return 0;
}

static int
an_end(void **state)
{
	(void)state;
	office_free(thief);
	office_free(north);
	office_free(hub);
	return 0;
}

static void
taken_out(void)
{
	struct revoke_report report;

	assert_int_equal(revoke_node(hub->r, &report, NULL, office_node(thief),
			     REVOKED_LOST, &f),
	    OK);
	office_settle(north, hub);
	office_set(north, &person, "legal_name", "Known after");
	office_settle(north, hub);
}

/* Is the whole of any row of the log in these bytes? */
static void
holds_nothing_of(struct office *o, const struct buf *bytes)
{
	struct stmt *s;
	bool row;

	assert_int_equal(db_stmt(&s, replica_db(o->r),
			     "SELECT bytes FROM _segment WHERE state > 2",
			     NULL),
	    OK);
	while (stmt_step(s, &row, NULL) == OK && row) {
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 0, &n);

		assert_null(memmem(bytes->p, bytes->n, p, n));
	}
	stmt_reset(s);
}

/* The proof and nothing else, whatever is asked. */
static void
is_refused(struct office *o, const struct buf *request)
{
	struct buf answer = { .limit = LIMIT_MESSAGE_BYTES };
	struct buf proof = { .limit = LIMIT_MESSAGE_BYTES };
	struct exchange_stats stats = { 0 };

	assert_int_equal(exchange_answer(o->r, &answer, office_node(thief),
			     request->p, request->n, &stats, &f),
	    ERR_REVOKED);
	assert_int_equal(revoke_proof(o->r, &proof, office_node(thief), &f),
	    OK);
	assert_int_equal(answer.n, proof.n);
	assert_memory_equal(answer.p, proof.p, proof.n);
	holds_nothing_of(o, &answer);
	assert_int_equal(stats.sent_segments, 0);
	buf_release(&answer);
	buf_release(&proof);
}

/* A new contact, begun by the real code as often as it likes. */
static struct exchange *
begin(struct buf *request, struct office *to)
{
	struct exchange *x = NULL;
	bool done;

	assert_int_equal(exchange_new(&x, thief->r, office_node(to), 65536, &f),
	    OK);
	assert_int_equal(exchange_ask(x, request, &done, &f), OK);
	return x;
}

static void
whoever_goes_on_calling_is_answered_with_the_proof_alone(void **state)
{
	(void)state;
	taken_out();
	for (int i = 0; i < 20; i++) {
		struct buf request = { .limit = LIMIT_MESSAGE_BYTES };

		office_set(thief, &person, "language", i % 2 ? "en" : "es");
		exchange_free(begin(&request, hub));
		is_refused(hub, &request);
		is_refused(north, &request);
		buf_release(&request);
	}
	assert_string_equal(office_get(thief, &person, "legal_name"),
	    "Known before");
	assert_string_equal(office_get(hub, &person, "language"), "");
}

/* Requests without a hello, which ask for all there is. */
static void
who_skips_the_greeting_gets_no_more(void **state)
{
	(void)state;
	taken_out();
	for (uint64_t first = 1; first < 200; first += 10) {
		struct buf request = { .limit = LIMIT_MESSAGE_BYTES };
		uint8_t check[MESSAGE_CHECK_BYTES] = { 0 };
		uint8_t all[2] = { 255, 255 };

		message_head(&request, 0, LIMIT_UNIT_MAX_BYTES);
		buf_put(&request, check, sizeof(check));
		for (int lane = 0; lane < LANE_COUNT; lane++) {
			struct message_item want = { .type = MESSAGE_WANT,
				.lane = (enum lane)lane,
				.position = first,
				.count = 16,
				.bytes = all,
				.n = sizeof(all) };

			message_put(&request, &want, true);
		}
		is_refused(hub, &request);
		buf_release(&request);
	}
}

/* The contact was half over when it was taken out. */
static void
a_contact_that_had_begun_ends_there(void **state)
{
	struct buf request = { .limit = LIMIT_MESSAGE_BYTES };
	struct buf answer = { .limit = LIMIT_MESSAGE_BYTES };
	struct exchange_stats stats = { 0 };
	struct exchange *x;
	bool done;

	(void)state;
	x = begin(&request, hub);
	assert_int_equal(exchange_answer(hub->r, &answer, office_node(thief),
			     request.p, request.n, &stats, &f),
	    OK);
	assert_int_equal(exchange_take(x, answer.p, answer.n, &f), OK);
	taken_out();
	office_set(thief, &person, "language", "es");
	buf_reset(&request);
	assert_int_equal(exchange_ask(x, &request, &done, &f), OK);
	if (!done)
		is_refused(hub, &request);
	exchange_free(x);
	buf_release(&request);
	buf_release(&answer);
}

static void
no_stick_is_written_for_it(void **state)
{
	struct office_bundle b = { 0 };
	struct bundle_writer w = office_writer(&b);
	struct exchange_stats stats = { 0 };
	unsigned parts = 0;

	(void)state;
	taken_out();
	assert_int_equal(bundle_export(hub->r, &parts, office_node(thief), 1, 0,
			     &w, &stats, &f),
	    ERR_REVOKED);
	office_bundle_free(&b);
}

/* What another hands it: the very segments of after, and no key opens them. */
static void
bytes_from_elsewhere_do_not_open(void **state)
{
	struct stmt *s;
	bool row;

	(void)state;
	taken_out();
	assert_int_equal(db_stmt(&s, replica_db(north->r),
			     "SELECT bytes FROM _segment WHERE state > 2"
			     " ORDER BY no",
			     NULL),
	    OK);
	while (stmt_step(s, &row, NULL) == OK && row) {
		enum outcome outcome;
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 0, &n);

		assert_int_equal(log_receive(thief->r, &outcome, NULL, p, n,
				     office_node(north), NULL, &f),
		    OK);
	}
	stmt_reset(s);
	assert_string_equal(office_get(thief, &person, "legal_name"),
	    "Known before");
}

/* It wrote nothing for a day, and was served all the same. */
static void
until_when_it_read_is_known_here(void **state)
{
	int64_t heard_ms = 0, served_ms;
	struct office_sync s = { 0 };

	(void)state;
	hub->env->wall_ms += 24LL * 60 * 60 * 1000;
	served_ms = hub->env->wall_ms;
	office_sync(thief, hub, &s);
	assert_int_equal(s.err, OK);
	hub->env->wall_ms += 60LL * 60 * 1000;
	assert_int_equal(revoke_last_heard(hub->r, &heard_ms,
			     office_node(thief), &f),
	    OK);
	assert_in_range(heard_ms, served_ms, hub->env->wall_ms - 1);
	taken_out();
	served_ms = heard_ms;
	assert_int_equal(revoke_last_heard(hub->r, &heard_ms,
			     office_node(thief), &f),
	    OK);
	assert_int_equal(heard_ms, served_ms);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, a_theft, an_end)
	static const struct CMUnitTest tests[] = {
		CASE(whoever_goes_on_calling_is_answered_with_the_proof_alone),
		CASE(who_skips_the_greeting_gets_no_more),
		CASE(a_contact_that_had_begun_ends_there),
		CASE(no_stick_is_written_for_it),
		CASE(bytes_from_elsewhere_do_not_open),
		CASE(until_when_it_read_is_known_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
