/* What is queued for whom, cursors, pieces; a relay that may not read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "sync/db.h"
#include "sync/receipt.h"
#include "tests/support/office.h"

static struct office *hub, *north, *clinic;
static struct fail f;

static int
three_offices(void **state)
{
	(void)state;
	f = (struct fail){ 0 };
	hub = office_found("Hub", KIND_HUB, 1);
	north = office_join(hub, "North", "North", KIND_PROBATION, 2);
	clinic = office_join(hub, "Clinic", "Clinic", KIND_TREATMENT, 3);
	office_settle(north, hub);
	office_settle(clinic, hub);
	office_settle(north, hub);
	return 0;
}

static int
close_offices(void **state)
{
	(void)state;
	office_free(clinic);
	office_free(north);
	office_free(hub);
	return 0;
}

static int64_t
peer_of(struct office *o, struct office *other)
{
	int64_t peer = 0;

	assert_int_equal(lane_peer_find(o->r, &peer, office_node(other), &f),
	    OK);
	return peer;
}

static struct lane_state
load(struct office *o, int64_t peer)
{
	struct lane_state s;

	assert_int_equal(lane_load(o->r, &s, peer, &f), OK);
	return s;
}

static int64_t
segments(struct office *o)
{
	return office_number(o, "SELECT COUNT(*) FROM _segment");
}

static void
a_relay_passes_on_what_it_cannot_read(void **state)
{
	struct row_id p = office_person(north, "Sample 0001");

	(void)state;
	office_share(north, &p, "Clinic");
	office_settle(north, hub);
	assert_string_equal(office_get(hub, &p, "legal_name"), "");
	assert_int_equal(segments(hub), segments(north));
	assert_int_equal(office_number(hub,
			     "SELECT COUNT(*) FROM _segment WHERE state = 5"),
	    1);
	office_settle(clinic, hub);
	assert_string_equal(office_get(clinic, &p, "legal_name"),
	    "Sample 0001");
	/* and back */
	office_set(clinic, &p, "preferred_name", "Sam");
	office_settle(clinic, hub);
	office_settle(north, hub);
	assert_string_equal(office_get(north, &p, "preferred_name"), "Sam");
}

static void
what_a_peer_sent_is_not_queued_back(void **state)
{
	int64_t peer = peer_of(hub, north);
	struct lane_state s = load(hub, peer);
	uint64_t urgent = s.lane[LANE_URGENT].top;

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct row_id p = office_person(north, "Sample");

		office_share(north, &p, "Hub");
	}
	office_settle(north, hub);
	s = load(hub, peer);
	assert_true(s.lane[LANE_URGENT].their_position > 5);
	assert_int_equal(s.lane[LANE_NORMAL].top, 0);
	assert_int_equal(s.lane[LANE_URGENT].top, urgent);
}

static void
who_has_no_grant_gets_nothing_until_it_has_one(void **state)
{
	struct row_id p = office_person(north, "Sample 0001");
	int64_t before;

	(void)state;
	office_share(north, &p, "Hub");
	office_settle(north, hub);
	office_settle(clinic, hub);
	before = segments(clinic);
	assert_int_equal(before, 0);
	office_share(north, &p, "Clinic");
	office_settle(north, hub);
	office_settle(clinic, hub);
	assert_true(segments(clinic) > 0);
	assert_string_equal(office_get(clinic, &p, "legal_name"),
	    "Sample 0001");
}

static void
acknowledged_positions_are_forgotten_but_for_the_last(void **state)
{
	struct row_id p = office_person(north, "Sample 0001");
	struct lane_state s;

	(void)state;
	office_share(north, &p, "Hub");
	office_settle(north, hub);
	s = load(north, peer_of(north, hub));
	assert_true(s.lane[LANE_URGENT].acked > 1);
	assert_int_equal(s.lane[LANE_URGENT].acked, s.lane[LANE_URGENT].top);
	assert_int_equal(office_number(north,
			     "SELECT COUNT(*) FROM _queue WHERE lane = 0"
			     " AND peer = 1"),
	    1);
}

static void
runs_ahead_of_the_cursor_join_it_in_any_order(void **state)
{
	static const uint64_t run[][2] = { { 7, 9 }, { 3, 4 }, { 5, 6 },
		{ 12, 12 }, { 8, 10 } };
	uint8_t mark[LANE_MARK_BYTES] = { 1 };
	int64_t peer = peer_of(north, hub);
	uint64_t at = load(north, peer).lane[LANE_BULK].their_position;
	bool held = false;

	(void)state;
	assert_int_equal(at, 0);
	assert_int_equal(replica_begin(north->r, &f), OK);
	for (size_t i = 0; i < COUNT_OF(run); i++) {
		mark[0] = (uint8_t)run[i][1];
		assert_int_equal(lane_took(north->r, peer, LANE_BULK, run[i][0],
				     run[i][1], mark, &f),
		    OK);
	}
	assert_int_equal(lane_held(north->r, &held, peer, LANE_BULK, 8, &f),
	    OK);
	assert_true(held);
	assert_int_equal(lane_held(north->r, &held, peer, LANE_BULK, 11, &f),
	    OK);
	assert_false(held);
	mark[0] = 2;
	assert_int_equal(lane_took(north->r, peer, LANE_BULK, 1, 2, mark, &f),
	    OK);
	assert_int_equal(load(north, peer).lane[LANE_BULK].their_position, 10);
	assert_int_equal(load(north, peer).lane[LANE_BULK].their_mark[0], 10);
	mark[0] = 11;
	assert_int_equal(lane_took(north->r, peer, LANE_BULK, 11, 11, mark, &f),
	    OK);
	assert_int_equal(load(north, peer).lane[LANE_BULK].their_position, 12);
	replica_rollback(north->r);
}

static void
pieces_join_only_where_they_fit(void **state)
{
	uint8_t mark[LANE_MARK_BYTES] = { 1 };
	struct lane_piece piece = { .position = 1,
		.total = 10,
		.mark = mark,
		.bytes = (const uint8_t *)"01234",
		.n = 5 };
	struct buf whole = { 0 };
	int64_t peer = peer_of(north, hub);
	bool complete = true;

	(void)state;
	assert_int_equal(replica_begin(north->r, &f), OK);
	assert_int_equal(lane_stage(north->r, &whole, &complete, peer,
			     LANE_BULK, &piece, &f),
	    OK);
	assert_false(complete);
	assert_int_equal(load(north, peer).lane[LANE_BULK].staged_bytes, 5);
	/* the same again, and one beyond the gap: nothing changes */
	piece.offset = 0;
	assert_int_equal(lane_stage(north->r, &whole, &complete, peer,
			     LANE_BULK, &piece, &f),
	    OK);
	piece.offset = 7;
	piece.n = 3;
	assert_int_equal(lane_stage(north->r, &whole, &complete, peer,
			     LANE_BULK, &piece, &f),
	    OK);
	assert_int_equal(load(north, peer).lane[LANE_BULK].staged_bytes, 5);
	piece.offset = 5;
	piece.n = 5;
	piece.bytes = (const uint8_t *)"56789";
	assert_int_equal(lane_stage(north->r, &whole, &complete, peer,
			     LANE_BULK, &piece, &f),
	    OK);
	assert_true(complete);
	assert_int_equal(whole.n, 10);
	assert_memory_equal(whole.p, "0123456789", 10);
	assert_int_equal(load(north, peer).lane[LANE_BULK].staged_bytes, 0);
	buf_release(&whole);
	replica_rollback(north->r);
}

static void
a_receipt_of_somebody_else_is_not_kept(void **state)
{
	struct row_id p = office_person(north, "Sample 0001");
	struct message_item item = { .type = MESSAGE_RECEIPT,
		.lane = LANE_URGENT };
	struct lane_state s;
	struct receipt held;
	uint8_t sig[64];
	bool kept = true;

	(void)state;
	office_share(north, &p, "Hub");
	office_settle(north, hub);
	s = load(north, peer_of(north, hub));
	assert_int_equal(receipt_held(north->r, &held, s.peer, LANE_URGENT,
			     LANE_RECEIPT_IN, &f),
	    OK);
	assert_int_equal(held.position, s.lane[LANE_URGENT].acked);
	memcpy(sig, held.signature, sizeof(sig));
	item.position = held.position;
	item.author = held.author;
	item.signature = sig;
	sig[3] ^= 1;
	assert_int_equal(replica_begin(north->r, &f), OK);
	assert_int_equal(receipt_in(north->r, &kept, &s, office_node(hub),
			     &item, &f),
	    OK);
	assert_false(kept);
	/* the hub's, said to be the clinic's */
	sig[3] ^= 1;
	assert_int_equal(receipt_in(north->r, &kept, &s, office_node(clinic),
			     &item, &f),
	    OK);
	assert_false(kept);
	replica_rollback(north->r);
}

static void
peers_are_listed_set_and_removed(void **state)
{
	struct lane_peer_info info;

	(void)state;
	assert_int_equal(replica_begin(north->r, &f), OK);
	assert_int_equal(lane_peer_set(north->r, office_node(hub),
			     "hub.example:8443", 900, 5000000, &f),
	    OK);
	assert_int_equal(lane_peer_tried(north->r, office_node(hub),
			     "no answer", 700, &f),
	    OK);
	assert_int_equal(lane_peer_at(north->r, &info, 0, &f), OK);
	assert_int_equal(info.spent, 700);
	assert_string_equal(info.address, "hub.example:8443");
	assert_string_equal(info.last_error, "no answer");
	assert_int_equal(info.every_s, 900);
	assert_true(info.receipt);
	assert_int_equal(lane_peer_at(north->r, &info, 1, &f), ERR_NOTFOUND);
	assert_int_equal(lane_peer_remove(north->r, office_node(hub), &f), OK);
	assert_int_equal(lane_peer_count(north->r), 0);
	assert_int_equal(lane_peer_set(north->r, office_node(north), "x", 0, 0,
			     &f),
	    ERR_INPUT);
	replica_rollback(north->r);
}

/* A contact with the hub that went well, an hour after the last one. */
static int64_t
stalled_after_a_contact(void)
{
	struct lane_peer_info info;

	env_test_pass(north->env, LANE_STALL_MS / 2 + 1000);
	assert_int_equal(replica_begin(north->r, &f), OK);
	assert_int_equal(lane_peer_tried(north->r, office_node(hub), NULL, 100,
			     &f),
	    OK);
	assert_int_equal(lane_peer_at(north->r, &info, 0, &f), OK);
	assert_int_equal(replica_commit(north->r, &f), OK);
	assert_string_equal(info.last_error, "");
	return info.stalled_ms;
}

static void
a_peer_that_answers_and_never_takes_is_noticed(void **state)
{
	struct row_id p = office_person(north, "Sample 0001");
	int64_t sealed, kept;

	(void)state;
	office_share(north, &p, "Hub");
	office_settle(north, hub);
	/* nothing to send, however long */
	for (int i = 0; i < 5; i++)
		assert_int_equal(stalled_after_a_contact(), 0);
	office_set(north, &p, "preferred_name", "Sam");
	assert_int_equal(log_seal(north->r, &sealed, &kept, &f), OK);
	assert_int_equal(stalled_after_a_contact(), 0);
	assert_true(stalled_after_a_contact() != 0);
	/* a clock that was put back years, and on again, accuses nobody */
	env_test_pass(north->env, -10LL * 365 * 24 * LANE_STALL_MS);
	assert_int_equal(stalled_after_a_contact(), 0);
	/* it takes it: all is well */
	office_settle(north, hub);
	for (int i = 0; i < 3; i++)
		assert_int_equal(stalled_after_a_contact(), 0);
}

#define LANE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, three_offices, close_offices)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		LANE_TEST(a_relay_passes_on_what_it_cannot_read),
		LANE_TEST(what_a_peer_sent_is_not_queued_back),
		LANE_TEST(who_has_no_grant_gets_nothing_until_it_has_one),
		LANE_TEST(
		    acknowledged_positions_are_forgotten_but_for_the_last),
		LANE_TEST(runs_ahead_of_the_cursor_join_it_in_any_order),
		LANE_TEST(pieces_join_only_where_they_fit),
		LANE_TEST(a_receipt_of_somebody_else_is_not_kept),
		LANE_TEST(peers_are_listed_set_and_removed),
		LANE_TEST(a_peer_that_answers_and_never_takes_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
