/* Contacts between real replicas: bytes, round trips, breaks, losses. */
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

static const char duplicates[] =
    "SELECT value FROM _count WHERE name = 'duplicate'";

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
a_change_reaches_the_other_office(void **state)
{
	struct office_sync s = { 0 };
	struct row_id p = office_person(north, "Sample 0001");

	(void)state;
	office_share(north, &p, "Hub");
	sync_ok(north, hub, &s);
	assert_string_equal(office_get(hub, &p, "legal_name"), "Sample 0001");
	assert_int_equal(s.server.outcome[OUTCOME_REFUSED], 0);
	assert_int_equal(s.server.outcome[OUTCOME_DUPLICATE], 0);
	office_set(hub, &p, "preferred_name", "Sam");
	s = (struct office_sync){ 0 };
	sync_ok(north, hub, &s);
	assert_string_equal(office_get(north, &p, "preferred_name"), "Sam");
}

static void
who_is_called_knows_as_of_when(void **state)
{
	struct office_sync s = { 0 };
	struct lane_peer_info info;

	(void)state;
	sync_ok(north, hub, &s);
	assert_int_equal(lane_peer_at(hub->r, &info, 0, NULL), OK);
	assert_true(id_equal(&info.node, office_node(north)));
	assert_string_equal(info.address, "");
	assert_true(info.last_ok_ms > 0);
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

static void
an_idle_contact_is_one_round_trip_of_under_250_bytes(void **state)
{
	static struct row_id p[150];
	struct office_sync s = { 0 };

	(void)state;
	people(north, p, 150);
	office_settle(north, hub);
	sync_ok(north, hub, &s);
	print_message("idle: %lld out, %lld in\n", (long long)s.stats.bytes_out,
	    (long long)s.stats.bytes_in);
	assert_int_equal(s.stats.round_trips, 1);
	assert_true(s.stats.bytes_out + s.stats.bytes_in < 250);
	assert_int_equal(s.stats.received + s.server.received, 0);
	assert_false(s.stats.members_differ);
}

static int64_t
bodies(const struct office_sync *s)
{
	return s->stats.bytes_in + s->stats.bytes_out;
}

static void
a_lone_change_costs_at_most_270_bytes_over_idle(void **state)
{
	struct office_sync idle = { 0 }, s = { 0 };
	struct row_id p[1];

	(void)state;
	people(north, p, 1);
	office_settle(north, hub);
	sync_ok(north, hub, &idle);
	office_set(north, &p[0], "preferred_name", "Twelve bytes");
	sync_ok(north, hub, &s);
	print_message("lone change: %lld over idle in %lld round trips\n",
	    (long long)(bodies(&s) - bodies(&idle)),
	    (long long)s.stats.round_trips);
	assert_string_equal(office_get(hub, &p[0], "preferred_name"),
	    "Twelve bytes");
	assert_true(bodies(&s) - bodies(&idle) <= 270);
	assert_int_equal(s.stats.round_trips, 2);
	/* the receipt comes with the next contact, then it is idle again */
	s = (struct office_sync){ 0 };
	sync_ok(north, hub, &s);
	print_message("its receipt: %lld over idle\n",
	    (long long)(bodies(&s) - bodies(&idle)));
	assert_int_equal(s.stats.receipts_in, 1);
	assert_true(bodies(&s) - bodies(&idle) <= 90);
}

static void
two_new_dependencies_fit_as_well(void **state)
{
	struct office *clinic =
	    office_join(hub, "Clinic", "Clinic", KIND_TREATMENT, 3);
	struct office_sync idle = { 0 }, s = { 0 };
	struct row_id p[1];

	(void)state;
	office_settle(north, hub);
	people(north, p, 1);
	office_share(north, &p[0], "Clinic");
	office_settle(north, hub);
	office_settle(north, clinic);
	office_set(hub, &p[0], "language", "Spanish");
	office_set(clinic, &p[0], "gender", "f");
	office_settle(north, clinic);
	office_settle(north, hub);
	office_settle(north, clinic);
	sync_ok(north, hub, &idle);
	office_set(north, &p[0], "preferred_name", "Twelve bytes");
	sync_ok(north, hub, &s);
	print_message("two dependencies: %lld over idle, segment %lld\n",
	    (long long)(bodies(&s) - bodies(&idle)),
	    (long long)office_number(north,
		"SELECT LENGTH(bytes) FROM _segment ORDER BY no DESC LIMIT 1"));
	assert_true(bodies(&s) - bodies(&idle) <= 270);
	office_free(clinic);
}

static void
a_hundred_changes_in_as_many_compartments_cost_3_round_trips(void **state)
{
	static struct row_id p[100];
	struct office_sync s = { .budget_bytes = 65536 };

	(void)state;
	people(north, p, 100);
	office_settle(north, hub);
	for (int i = 0; i < 100; i++)
		office_set(north, &p[i], "preferred_name", "Changed");
	sync_ok(north, hub, &s);
	print_message("100 changes: %lld bytes, %lld round trips\n",
	    (long long)bodies(&s), (long long)s.stats.round_trips);
	assert_int_equal(s.server.outcome[OUTCOME_APPLIED], 100);
	assert_true(s.stats.round_trips <= 3);
	assert_true(bodies(&s) < 30 * 1024);
}

/* Everything North has is at the hub, nothing came twice. */
static void
broken_at(int at, bool taken)
{
	struct office_sync s = { .budget_bytes = 4096,
		.break_at = at,
		.taken_before_break = taken };
	struct exchange_stats total = { 0 };
	static struct row_id p[20];

	people(north, p, 20);
	for (int i = 0; i < 3; i++) {
		office_sync(north, hub, &s);
		if (s.err != OK)
			print_message("%s\n", s.fail.text);
		assert_int_equal(s.err, OK);
		total.received += s.server.received + s.stats.received;
		if (s.broke) {
			office_restart(hub);
			office_restart(north);
		}
		s = (struct office_sync){ .budget_bytes = 4096 };
	}
	total.received_twice = s.server.received_twice;
	for (int i = 0; i < 20; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "Sample %04d", i);
		assert_string_equal(office_get(hub, &p[i], "legal_name"), name);
	}
	assert_int_equal(office_number(hub, duplicates), 0);
	assert_int_equal(office_number(north, duplicates), 0);
}

static void
a_contact_broken_at_any_message_goes_on_without_duplicates(void **state)
{
	(void)state;
	for (int at = 1; at <= 12; at++) {
		broken_at(at, false);
		close_offices(NULL);
		two_offices(NULL);
		broken_at(at, true);
		close_offices(NULL);
		two_offices(NULL);
	}
}

static void
a_long_item_travels_in_pieces_and_resumes(void **state)
{
	static char text[40000];
	struct row_id p = office_person(north, "Long");
	int contacts = 0;

	(void)state;
	/* noise, so that compression does not shrink it */
	for (size_t i = 0; i + 1 < sizeof(text); i++)
		text[i] = (char)('a' + (i * i * 31 + i / 7 * 13) % 26);
	env_random(&north->env->env, text, sizeof(text) - 1);
	for (size_t i = 0; i + 1 < sizeof(text); i++)
		text[i] = (char)(33 + (unsigned char)text[i] % 90);
	office_share(north, &p, "Hub");
	office_settle(north, hub);
	office_set(north, &p, "preferred_name", text);
	for (;; contacts++) {
		/* every contact brings hello and one piece or two, then dies */
		struct office_sync s = { .budget_bytes = 4096, .break_at = 5 };

		assert_in_range(contacts, 0, 12);
		office_sync(north, hub, &s);
		assert_int_equal(s.err, OK);
		if (!s.broke)
			break;
	}
	assert_true(contacts > 3);
	assert_memory_equal(office_get(hub, &p, "preferred_name"), text, 200);
	assert_int_equal(office_number(hub, "SELECT COUNT(*) FROM _stage"), 0);
}

static void
a_peer_that_lost_its_cursor_gets_everything_again_but_only_ids(void **state)
{
	static struct row_id p[60];
	struct office_sync s = { 0 };
	struct fail f = { 0 };

	(void)state;
	people(north, p, 60);
	office_settle(north, hub);
	assert_int_equal(db_exec(replica_db(hub->r),
			     "UPDATE _lane SET their_position = 0; DELETE FROM "
			     "_stage",
			     &f),
	    OK);
	sync_ok(north, hub, &s);
	assert_true(s.stats.peer_lost);
	assert_true(s.stats.spared > 60);
	assert_int_equal(s.stats.sent_segments, 0);
	s = (struct office_sync){ 0 };
	sync_ok(north, hub, &s);
	assert_false(s.stats.peer_lost);
	office_settle(north, hub);
}

static void
another_network_is_refused(void **state)
{
	struct office *other = office_found("Other", KIND_HUB, 9);
	struct buf request = { 0 }, answer = { 0 };
	struct exchange_stats stats = { 0 };
	struct exchange *x = NULL;
	struct fail f = { 0 };
	bool done;

	(void)state;
	assert_int_equal(exchange_new(&x, other->r, office_node(hub), 4096, &f),
	    ERR_DENIED);
	assert_int_equal(exchange_new(&x, north->r, office_node(hub), 4096, &f),
	    OK);
	assert_int_equal(exchange_ask(x, &request, &done, &f), OK);
	request.p[6] ^= 1; /* the network's id */
	assert_int_equal(exchange_answer(hub->r, &answer, office_node(north),
			     request.p, request.n, &stats, &f),
	    ERR_INPUT);
	assert_non_null(strstr(f.text, "another network"));
	request.p[6] ^= 1;
	request.p[0] = (uint8_t)(request.p[0] & 0xf) | 0x20;
	assert_int_equal(exchange_answer(hub->r, &answer, office_node(north),
			     request.p, request.n, &stats, &f),
	    ERR_VERSION);
	request.p[0] = (uint8_t)(request.p[0] & 0xf) | 0x10;
	request.p[2] = request.p[3] = 2; /* protocol range */
	assert_int_equal(exchange_answer(hub->r, &answer, office_node(north),
			     request.p, request.n, &stats, &f),
	    ERR_VERSION);
	exchange_free(x);
	buf_release(&request);
	buf_release(&answer);
	office_free(other);
}

static void
every_truncation_of_every_message_is_refused(void **state)
{
	static struct row_id p[3];
	struct exchange_stats stats = { 0 };
	struct exchange *x = NULL;
	struct fail f = { 0 };
	bool done = false;

	(void)state;
	people(north, p, 3);
	assert_int_equal(exchange_new(&x, north->r, office_node(hub), 4096, &f),
	    OK);
	for (;;) {
		struct buf request = { 0 }, answer = { 0 };
		struct message m;

		assert_int_equal(exchange_ask(x, &request, &done, &f), OK);
		if (done)
			break;
		for (size_t n = 0; n < request.n; n++) {
			enum err e = message_open(&m, request.p, n, true, &f);

			if (e == OK && message_validate(&m, &f) == OK) {
				/* cut between two items: a shorter message */
				continue;
			}
			assert_int_not_equal(exchange_answer(hub->r, &answer,
						 office_node(north), request.p,
						 n, &stats, &f),
			    OK);
			assert_int_equal(answer.n, 0);
		}
		assert_int_equal(exchange_answer(hub->r, &answer,
				     office_node(north), request.p, request.n,
				     &stats, &f),
		    OK);
		assert_int_equal(exchange_take(x, answer.p, answer.n, &f), OK);
		buf_release(&request);
		buf_release(&answer);
	}
	exchange_free(x);
	assert_string_equal(office_get(hub, &p[2], "legal_name"),
	    "Sample 0002");
}

static void
what_came_by_another_way_is_not_sent_again(void **state)
{
	struct office *laptop =
	    office_join(hub, "Clinic", "Clinic", KIND_TREATMENT, 3);
	static struct row_id p[60];
	struct office_sync s = { 0 };

	(void)state;
	office_settle(north, hub);
	people(north, p, 60);
	for (int i = 0; i < 60; i++)
		office_share(north, &p[i], "Clinic");
	office_settle(north, laptop); /* on the same desk */
	office_settle(laptop, hub);   /* meanwhile the hub has relayed none */
	sync_ok(north, hub, &s);
	assert_true(s.stats.spared >= 60);
	office_settle(north, hub);
	office_settle(laptop, hub);
	office_settle(laptop, north);
	assert_int_equal(office_number(laptop, duplicates), 0);
	assert_int_equal(office_number(north, duplicates), 0);
	assert_int_equal(office_number(hub, duplicates), 0);
	assert_string_equal(office_get(laptop, &p[59], "legal_name"),
	    "Sample 0059");
	office_free(laptop);
}

static void
news_are_seen_before_and_not_after_a_contact(void **state)
{
	struct row_id p[1];
	struct fail f = { 0 };
	bool news = false;

	(void)state;
	office_settle(north, hub);
	assert_int_equal(exchange_has_news(north->r, &news, office_node(hub),
			     &f),
	    OK);
	assert_false(news);
	people(north, p, 1);
	assert_int_equal(exchange_has_news(north->r, &news, office_node(hub),
			     &f),
	    OK);
	assert_true(news);
	office_settle(north, hub);
	assert_int_equal(exchange_has_news(north->r, &news, office_node(hub),
			     &f),
	    OK);
	assert_false(news);
}

/* Found by fuzzing: it was taken, and refused only when the answer was made. */
static void
a_request_that_ends_like_an_answer_is_refused_before_any_of_it_is_taken(
    void **state)
{
	struct message_item swept = { .type = MESSAGE_SWEPT };
	struct buf request = { 0 }, answer = { 0 };
	struct exchange_stats stats = { 0 };
	struct exchange *x;
	bool done;

	(void)state;
	assert_int_equal(exchange_new(&x, north->r, office_node(hub), 65536,
			     NULL),
	    OK);
	assert_int_equal(exchange_ask(x, &request, &done, NULL), OK);
	message_put_sweep(&request, &swept);
	assert_int_equal(exchange_answer(hub->r, &answer, office_node(north),
			     request.p, request.n, &stats, NULL),
	    ERR_FORMAT);
	assert_int_equal(office_number(hub, "SELECT count(*) FROM _peer"), 0);
	exchange_free(x);
	buf_release(&request);
	buf_release(&answer);
}

static void
unit_size_follows_the_link(void **state)
{
	(void)state;
	assert_int_equal(exchange_budget(600, 2000), LIMIT_UNIT_MIN_BYTES);
	assert_int_equal(exchange_budget(1, 100000000), LIMIT_UNIT_MAX_BYTES);
	assert_int_equal(exchange_budget(50, 100000), 200000);
	assert_int_equal(exchange_budget(0, 0), 65536);
}

/* Another copy of North called meanwhile; the second time the new queue is as long
 * as what was taken of the old one. */
static void
what_is_taken_of_a_new_queue_is_told_in_the_same_contact(void **state)
{
	static const char other[] =
	    "UPDATE _peer SET author = x'0101010101010101'";
	bool news = true;

	(void)state;
	(void)office_person(north, "Sample 0001");
	for (int i = 0; i < 3; i++) {
		struct office_sync s = { 0 };

		sync_ok(north, hub, &s);
		assert_int_equal(db_exec(replica_db(hub->r), other, NULL), OK);
	}
	assert_int_equal(exchange_has_news(hub->r, &news,
			     &replica_identity(north->r)->node, NULL),
	    OK);
	assert_false(news);
}

#define EXCHANGE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, two_offices, close_offices)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		EXCHANGE_TEST(a_change_reaches_the_other_office),
		EXCHANGE_TEST(who_is_called_knows_as_of_when),
		EXCHANGE_TEST(
		    an_idle_contact_is_one_round_trip_of_under_250_bytes),
		EXCHANGE_TEST(a_lone_change_costs_at_most_270_bytes_over_idle),
		EXCHANGE_TEST(two_new_dependencies_fit_as_well),
		EXCHANGE_TEST(
		    a_hundred_changes_in_as_many_compartments_cost_3_round_trips),
		EXCHANGE_TEST(
		    a_contact_broken_at_any_message_goes_on_without_duplicates),
		EXCHANGE_TEST(a_long_item_travels_in_pieces_and_resumes),
		EXCHANGE_TEST(
		    a_peer_that_lost_its_cursor_gets_everything_again_but_only_ids),
		EXCHANGE_TEST(
		    what_is_taken_of_a_new_queue_is_told_in_the_same_contact),
		EXCHANGE_TEST(another_network_is_refused),
		EXCHANGE_TEST(every_truncation_of_every_message_is_refused),
		EXCHANGE_TEST(what_came_by_another_way_is_not_sent_again),
		EXCHANGE_TEST(news_are_seen_before_and_not_after_a_contact),
		EXCHANGE_TEST(
		    a_request_that_ends_like_an_answer_is_refused_before_any_of_it_is_taken),
		cmocka_unit_test(unit_size_follows_the_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
