/*
 * What a relay that cannot read stores of one node in a day: what is over waits
 * at who sent it, is told there, and nobody else waits for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "sync/exchange.h"
#include "sync/lane.h"
#include "sync/room.h"
#include "tests/support/taking.h"

#define DAY_MS (24LL * 60 * 60 * 1000)

static void
give_room(struct pair *p, uint64_t segments)
{
	p->options[PAIR_HUB].bounds.room_segments = segments;
	pair_restart(p, PAIR_HUB, p->options[PAIR_HUB].schema_count);
}

static void
write_many(struct pair *p, enum pair_who who, const struct row_id *person,
    int count)
{
	char word[16];

	for (int k = 0; k < count; k++) {
		(void)snprintf(word, sizeof(word), "%d-%d", (int)who, k);
		taking_set(p, who, person, word);
		(void)pair_seal(p, who);
	}
}

/* A contact, of which message number break_at (from 1) is not delivered. Did it
 * come to its end? */
static bool
contact(struct pair *p, enum pair_who caller, enum pair_who server,
    int break_at, struct exchange_stats *asked, struct exchange_stats *answered)
{
	struct buf request = { 0 }, answer = { 0 };
	struct fail f = { 0 };
	struct exchange *x;
	bool done = false;
	int message = 0;

	assert_int_equal(exchange_new(&x, p->r[caller],
			     &replica_identity(p->r[server])->node, 4096, &f),
	    OK);
	for (;;) {
		buf_reset(&request);
		buf_reset(&answer);
		if (exchange_ask(x, &request, &done, &f) != OK)
			fail_msg("%s", f.text);
		if (done || ++message == break_at)
			break;
		if (exchange_answer(p->r[server], &answer,
			&replica_identity(p->r[caller])->node, request.p,
			request.n, answered, &f) != OK)
			fail_msg("%s", f.text);
		if (++message == break_at)
			break;
		if (exchange_take(x, answer.p, answer.n, &f) != OK)
			fail_msg("%s", f.text);
	}
	*asked = *exchange_stats(x);
	exchange_free(x);
	buf_release(&request);
	buf_release(&answer);
	return done;
}

static bool
meet(struct pair *p, enum pair_who a, enum pair_who b)
{
	struct exchange_stats asked, answered = { 0 };

	return contact(p, a, b, 0, &asked, &answered);
}

static void
tomorrow(struct pair *p)
{
	for (int who = 0; who < PAIR_NODES; who++)
		env_test_pass(p->env[who], DAY_MS);
}

/* Sealed segments held of what a node wrote. */
static int64_t
held_of(struct pair *p, enum pair_who at, enum pair_who author)
{
	const struct node_id *node = &replica_identity(p->r[author])->node;
	int64_t n = 0;
	bool row = false;
	struct stmt *s;

	assert_int_equal(db_stmt(&s, replica_db(p->r[at]),
			     "SELECT count(*) FROM _segment s JOIN _author a"
			     " ON a.no = s.author WHERE a.node = ?1 AND"
			     " s.state > 2",
			     NULL),
	    OK);
	stmt_blob(s, 1, node->b, sizeof(node->b));
	assert_int_equal(stmt_step(s, &row, NULL), OK);
	n = stmt_col_int(s, 0);
	stmt_reset(s);
	return n;
}

static int64_t
aside_at(struct pair *p, enum pair_who who)
{
	return pair_number(p, who, "SELECT count(*) FROM _aside");
}

/* The only peer that anything waits for. */
static struct lane_peer_info
waiting_for(struct pair *p, enum pair_who who)
{
	struct lane_peer_info info = { 0 };

	for (size_t at = 0;
	     lane_peer_at(p->r[who], &info, at, NULL) == OK && info.aside == 0;
	     at++)
		;
	return info;
}

static void
what_is_over_waits_at_who_sent_it_and_goes_on_other_days(void **state)
{
	struct exchange_stats asked, answered = { 0 };
	struct lane_peer_info info;
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 941, &person);
	give_room(&p, 16);
	write_many(&p, PAIR_CLINIC, &person, 40);
	assert_true(contact(&p, PAIR_CLINIC, PAIR_HUB, 0, &asked, &answered));
	assert_true(answered.no_room > 0);
	assert_non_null(strstr(answered.note, "no more room here today"));
	assert_true(asked.set_aside > 0);
	assert_non_null(strstr(asked.note, "no more room today"));
	assert_int_equal(held_of(&p, PAIR_HUB, PAIR_CLINIC), 14);
	info = waiting_for(&p, PAIR_CLINIC);
	assert_int_equal(info.aside,
	    held_of(&p, PAIR_CLINIC, PAIR_CLINIC) - 14);
	assert_int_equal(info.pending[LANE_NORMAL], 0);
	assert_true(info.again_ms > p.env[PAIR_CLINIC]->wall_ms);
	assert_true(info.again_ms <= p.env[PAIR_CLINIC]->wall_ms + DAY_MS);
	/* the same day nothing of it is sent again */
	answered = (struct exchange_stats){ 0 };
	assert_true(contact(&p, PAIR_CLINIC, PAIR_HUB, 0, &asked, &answered));
	assert_int_equal(answered.no_room, 0);
	assert_int_equal(asked.sent_segments, 0);
	for (int day = 0; day < 3 && aside_at(&p, PAIR_CLINIC) > 0; day++) {
		tomorrow(&p);
		assert_true(meet(&p, PAIR_CLINIC, PAIR_HUB));
	}
	assert_int_equal(aside_at(&p, PAIR_CLINIC), 0);
	assert_int_equal(pair_number(&p, PAIR_CLINIC,
			     "SELECT count(*) FROM _full"),
	    0);
	assert_true(meet(&p, PAIR_NORTH, PAIR_HUB));
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "3-39");
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
what_others_wrote_does_not_wait_behind_it(void **state)
{
	struct row_id person;
	int64_t first;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 942, &person);
	give_room(&p, 64);
	assert_true(meet(&p, PAIR_NORTH, PAIR_HUB));
	give_room(&p, 8);
	tomorrow(&p);
	first = pair_top(&p, PAIR_CLINIC);
	write_many(&p, PAIR_CLINIC, &person, 30);
	for (int k = 0; k < 30; k++) {
		pair_ship_range(&p, PAIR_CLINIC, PAIR_NORTH, first + 1 + k,
		    first + 1 + k);
		if (k % 10 == 9)
			write_many(&p, PAIR_NORTH, &person, 1);
	}
	/* all of it goes by North, of which three are its own */
	assert_true(meet(&p, PAIR_NORTH, PAIR_HUB));
	assert_int_equal(held_of(&p, PAIR_HUB, PAIR_NORTH),
	    held_of(&p, PAIR_NORTH, PAIR_NORTH));
	assert_true(held_of(&p, PAIR_HUB, PAIR_CLINIC) < 10);
	assert_true(aside_at(&p, PAIR_NORTH) >= 20);
	assert_int_equal(waiting_for(&p, PAIR_NORTH).pending[LANE_NORMAL], 0);
	pair_stop(&p);
}

static void
a_contact_broken_anywhere_loses_nothing_of_it(void **state)
{
	bool ended = false;

	(void)state;
	for (int at = 1; !ended; at++) {
		struct exchange_stats asked, answered = { 0 };
		struct row_id person;
		struct pair p;

		assert_true(at < 40);
		taking_with_clinic(&p, 943, &person);
		give_room(&p, 16);
		write_many(&p, PAIR_CLINIC, &person, 30);
		/* both ways: the hub may be the one that calls */
		ended = contact(&p, at % 2 == 0 ? PAIR_HUB : PAIR_CLINIC,
		    at % 2 == 0 ? PAIR_CLINIC : PAIR_HUB, at / 2 + 1, &asked,
		    &answered);
		for (int day = 0; day < 3; day++) {
			assert_true(meet(&p, PAIR_CLINIC, PAIR_HUB));
			assert_true(meet(&p, PAIR_HUB, PAIR_CLINIC));
			tomorrow(&p);
		}
		assert_true(meet(&p, PAIR_CLINIC, PAIR_HUB));
		assert_int_equal(aside_at(&p, PAIR_CLINIC), 0);
		assert_int_equal(held_of(&p, PAIR_HUB, PAIR_CLINIC),
		    held_of(&p, PAIR_CLINIC, PAIR_CLINIC));
		pair_check(&p, PAIR_HUB);
		pair_stop(&p);
	}
}

static void
what_is_held_already_needs_no_room(void **state)
{
	struct row_id person;
	struct pair p;
	int64_t top;

	(void)state;
	taking_with_clinic(&p, 944, &person);
	give_room(&p, 16);
	write_many(&p, PAIR_CLINIC, &person, 30);
	assert_true(meet(&p, PAIR_CLINIC, PAIR_HUB));
	assert_true(aside_at(&p, PAIR_CLINIC) > 0);
	top = pair_number(&p, PAIR_HUB,
	    "SELECT max(no) FROM _segment WHERE chain = 1");
	assert_int_equal(pair_ship(&p, PAIR_HUB, PAIR_HUB, top),
	    OUTCOME_DUPLICATE);
	pair_check(&p, PAIR_HUB);
	pair_stop(&p);
}

static void
who_reads_it_or_relays_for_nobody_counts_nothing(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 945, &person);
	write_many(&p, PAIR_CLINIC, &person, 3);
	pair_ship_all(&p, PAIR_CLINIC, PAIR_NORTH);
	assert_int_equal(pair_number(&p, PAIR_NORTH,
			     "SELECT count(*) FROM _room"),
	    0);
	pair_share(&p, PAIR_NORTH, &person, PAIR_HUB, GRANT_READ, false);
	assert_true(meet(&p, PAIR_NORTH, PAIR_HUB));
	assert_true(meet(&p, PAIR_CLINIC, PAIR_HUB));
	assert_int_equal(pair_number(&p, PAIR_HUB,
			     "SELECT count(*) FROM _room WHERE segments > 14"),
	    0);
	pair_stop(&p);
}

static void
a_clock_that_was_put_back_keeps_nothing_waiting(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 946, &person);
	give_room(&p, 16);
	write_many(&p, PAIR_CLINIC, &person, 20);
	assert_true(meet(&p, PAIR_CLINIC, PAIR_HUB));
	assert_true(aside_at(&p, PAIR_CLINIC) > 0);
	give_room(&p, UINT64_MAX);
	p.env[PAIR_CLINIC]->wall_ms -= 900 * DAY_MS;
	assert_true(meet(&p, PAIR_CLINIC, PAIR_HUB));
	assert_int_equal(aside_at(&p, PAIR_CLINIC), 0);
	assert_int_equal(held_of(&p, PAIR_HUB, PAIR_CLINIC),
	    held_of(&p, PAIR_CLINIC, PAIR_CLINIC));
	pair_stop(&p);
}

static void
a_day_of_scans_leaves_room_for_notes_and_of_notes_for_hearings(void **state)
{
	const struct node_id *clinic;
	struct row_id person;
	struct pair p;
	bool yes;

	(void)state;
	taking_with_clinic(&p, 947, &person);
	clinic = &replica_identity(p.r[PAIR_CLINIC])->node;
	p.options[PAIR_HUB].bounds.room_bytes = 8000;
	give_room(&p, UINT64_MAX);
	for (size_t used = 0; used <= 8000; used += 1000) {
		static const size_t share[LANE_COUNT] = { 8000, 7000, 4000 };

		for (int lane = 0; lane < LANE_COUNT; lane++) {
			assert_int_equal(room_has(p.r[PAIR_HUB], &yes, clinic,
					     (enum lane)lane, 1, NULL),
			    OK);
			assert_int_equal(yes, used < share[lane]);
		}
		assert_int_equal(room_take(p.r[PAIR_HUB], clinic, 1000, NULL),
		    OK);
	}
	env_test_pass(p.env[PAIR_HUB], room_again_s(p.r[PAIR_HUB]) * 1000);
	assert_int_equal(room_has(p.r[PAIR_HUB], &yes, clinic, LANE_BULK, 4000,
			     NULL),
	    OK);
	assert_true(yes);
	pair_stop(&p);
}

/* Each of them has the queue looked through. */
static void
who_says_it_too_often_is_refused(void **state)
{
	struct message_item item = { .type = MESSAGE_FULL, .count = 1 };
	struct exchange_stats stats = { 0 };
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 948, &person);
	item.author = replica_identity(p.r[PAIR_CLINIC])->author;
	for (int extra = 0; extra < 2; extra++) {
		struct buf request = { 0 }, answer = { 0 };
		struct exchange *x;
		bool done;

		assert_int_equal(exchange_new(&x, p.r[PAIR_CLINIC],
				     &replica_identity(p.r[PAIR_HUB])->node,
				     4096, NULL),
		    OK);
		assert_int_equal(exchange_ask(x, &request, &done, NULL), OK);
		for (int k = 0; k < UNITS_FULL_MAX + extra; k++)
			message_put(&request, &item, false);
		assert_int_equal(exchange_answer(p.r[PAIR_HUB], &answer,
				     &replica_identity(p.r[PAIR_CLINIC])->node,
				     request.p, request.n, &stats, NULL),
		    extra == 0 ? OK : ERR_FORMAT);
		exchange_free(x);
		buf_release(&request);
		buf_release(&answer);
	}
	pair_stop(&p);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_is_over_waits_at_who_sent_it_and_goes_on_other_days),
		cmocka_unit_test(what_others_wrote_does_not_wait_behind_it),
		cmocka_unit_test(a_contact_broken_anywhere_loses_nothing_of_it),
		cmocka_unit_test(what_is_held_already_needs_no_room),
		cmocka_unit_test(who_says_it_too_often_is_refused),
		cmocka_unit_test(
		    who_reads_it_or_relays_for_nobody_counts_nothing),
		cmocka_unit_test(
		    a_clock_that_was_put_back_keeps_nothing_waiting),
		cmocka_unit_test(
		    a_day_of_scans_leaves_room_for_notes_and_of_notes_for_hearings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
