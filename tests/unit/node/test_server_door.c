/*
 * Who may be connected: floods from one address and from all sides, members
 * with many connections, bodies that never come.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sync/env.h"
#include "tests/support/https.h"

#define FLOOD 400
#define HALF (SERVER_STRANGERS / 2)
/* what is on no network: to the server an address like any other */
#define ELSEWHERE "127.0.0.2"
#define DAY_MS ((int64_t)86400 * 1000)

struct flood {
	int fd[FLOOD];
	size_t n;
};

static void
flood(struct flood *f, const struct world *w, const char *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		f->fd[f->n++] = plain_connect_from(w, from);
}

/* Is it closed by the other side? Nothing else comes on these. */
static bool
is_closed(int fd, int wait_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, wait_ms) > 0;
}

static size_t
closed(const struct flood *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += is_closed(f->fd[i], 0);
	return n;
}

/* Waits until so many are closed, and shows that it stays at that: the server
 * has met all that came before a request which is answered. */
static void
expect_closed(struct world *w, const struct flood *f, size_t n)
{
	struct client *c = world_call(w, STRANGER);

	while (closed(f) < n)
		(void)poll(NULL, 0, 1);
	assert_int_equal(refusal(c, SERVER_PATH_EXCHANGE, 1, NULL), ERR_DENIED);
	client_close(c, NULL);
	assert_in_range(closed(f), n, n + 1);
}

static void
flood_end(struct flood *f)
{
	for (size_t i = 0; i < f->n; i++)
		(void)close(f->fd[i]);
	*f = (struct flood){ 0 };
}

/* Members called from here so long ago. */
static void
know(struct world *w, int64_t days)
{
	static const uint8_t here[SERVER_FROM_BYTES] = { [10] = 0xff,
		0xff,
		127,
		0,
		0,
		1 };
	struct server_caller c = { .last_ms = env_wall_ms(env_posix()) -
		    days * DAY_MS };

	memcpy(c.from, here, sizeof(here));
	server_know(w->server, &c, 1);
}

static void
a_flood_of_strangers_leaves_half_of_the_places(void **state)
{
	struct world *w = *state;
	struct flood f = { 0 };

	flood(&f, w, ELSEWHERE, HALF);
	assert_int_equal(closed(&f), 0);
	flood(&f, w, ELSEWHERE, FLOOD - HALF);
	expect_closed(w, &f, FLOOD - HALF);
	flood_end(&f);
}

static void
who_goes_is_chosen_at_random(void **state)
{
	struct world *w = *state;
	struct flood f = { 0 };
	size_t first = 0, last = 0;

	flood(&f, w, ELSEWHERE, FLOOD);
	expect_closed(w, &f, FLOOD - HALF);
	for (size_t i = 0; i < HALF; i++) {
		first += !is_closed(f.fd[i], 0);
		last += !is_closed(f.fd[FLOOD - HALF + i], 0);
	}
	/* of the oldest some are left, of the newest some are gone */
	assert_in_range(first, 1, HALF - 1);
	assert_in_range(last, 1, HALF - 1);
	assert_true(last > first);
	flood_end(&f);
}

static void
members_addresses_keep_their_places_in_a_flood(void **state)
{
	struct world *w = *state;
	struct flood ours = { 0 }, theirs = { 0 };

	know(w, 0);
	flood(&ours, w, "127.0.0.1", HALF);
	flood(&theirs, w, ELSEWHERE, FLOOD);
	expect_closed(w, &theirs, FLOOD - HALF);
	assert_int_equal(closed(&ours), 0);
	/* and they may have all of them */
	flood(&ours, w, "127.0.0.1", HALF);
	while (closed(&theirs) < FLOOD)
		(void)poll(NULL, 0, 1);
	assert_in_range(closed(&ours), 0, 1);
	flood_end(&ours);
	flood_end(&theirs);
}

static void
an_address_is_known_for_thirty_days(void **state)
{
	struct world *w = *state;
	struct flood f = { 0 };

	know(w, SERVER_KNOWN_DAYS - 1);
	flood(&f, w, "127.0.0.1", HALF + 10);
	expect_closed(w, &f, 0);
	flood_end(&f);
}

static void
and_is_forgotten_then(void **state)
{
	struct world *w = *state;
	struct flood f = { 0 };

	know(w, SERVER_KNOWN_DAYS + 1);
	flood(&f, w, "127.0.0.1", HALF + 10);
	expect_closed(w, &f, 10);
	flood_end(&f);
}

static void
where_members_call_from_is_noted(void **state)
{
	static struct server_caller callers[SERVER_CALLERS];
	static const uint8_t mapped[SERVER_FROM_BYTES] = { [10] = 0xff,
		0xff,
		127,
		0,
		0,
		1 };
	struct world *w = *state;
	struct client *c = world_call(w, STRANGER);
	int64_t now = env_wall_ms(env_posix());

	assert_int_equal(refusal(c, SERVER_PATH_EXCHANGE, 1, NULL), ERR_DENIED);
	client_close(c, NULL);
	assert_int_equal(server_callers(w->server, callers), 0);
	c = world_call(w, NORTH);
	expect_echo(c, SERVER_PATH_EXCHANGE, 1);
	expect_echo(c, SERVER_PATH_EXCHANGE, 1);
	client_close(c, NULL);
	assert_int_equal(server_callers(w->server, callers), 1);
	assert_memory_equal(callers[0].from, mapped, sizeof(mapped));
	assert_true(callers[0].last_ms >= now);
}

static void
who_used_an_invite_is_no_stranger(void **state)
{
	static struct server_caller callers[SERVER_CALLERS];
	struct world *w = *state;
	struct client *c = world_call(w, STRANGER);

	w->answer_error = ERR_DENIED;
	assert_int_equal(refusal(c, SERVER_PATH_JOIN, 1, NULL), ERR_DENIED);
	assert_int_equal(server_callers(w->server, callers), 0);
	w->answer_error = OK;
	expect_echo(c, SERVER_PATH_JOIN, 1);
	assert_int_equal(server_callers(w->server, callers), 1);
	client_close(c, NULL);
}

static void
a_member_has_four_connections_and_the_quietest_goes(void **state)
{
	static const char head[] = "POST /sync/v1/exchange HTTP/1.1\r\n"
				   "Host: x\r\nContent-Length: 0\r\n\r\n";
	struct world *w = *state;
	struct raw r[SERVER_PER_KEY + 1], south;
	const int quietest = 1;

	assert_int_equal(raw_open(&south, w, "NORMAL", &w->cert[SOUTH]), 0);
	assert_int_equal(raw_ask(&south, head), 200);
	for (int i = 0; i < SERVER_PER_KEY; i++) {
		assert_int_equal(raw_open(&r[i], w, "NORMAL", &w->cert[NORTH]),
		    0);
		assert_int_equal(raw_ask(&r[i], head), 200);
	}
	/* the clock that tells them apart counts milliseconds */
	(void)poll(NULL, 0, 2);
	for (int i = 0; i < SERVER_PER_KEY; i++)
		if (i != quietest)
			assert_int_equal(raw_ask(&r[i], head), 200);
	assert_int_equal(raw_open(&r[SERVER_PER_KEY], w, "NORMAL",
			     &w->cert[NORTH]),
	    0);
	assert_int_equal(raw_ask(&r[SERVER_PER_KEY], head), 200);
	assert_true(is_closed(r[quietest].fd, -1));
	for (int i = 0; i <= SERVER_PER_KEY; i++)
		if (i != quietest)
			assert_int_equal(raw_ask(&r[i], head), 200);
	assert_int_equal(raw_ask(&south, head), 200);
	for (int i = 0; i <= SERVER_PER_KEY; i++)
		raw_close(&r[i]);
	raw_close(&south);
}

/* A member announces the longest body and sends a byte of it. */
static void
begin_body(struct raw *r, const struct world *w, const struct tls_cert *cert)
{
	char head[160];

	(void)snprintf(head, sizeof(head),
	    "POST /sync/v1/exchange HTTP/1.1\r\nHost: x\r\n"
	    "Content-Length: %d\r\n\r\nx",
	    LIMIT_MESSAGE_BYTES);
	assert_int_equal(raw_open(r, w, "NORMAL", cert), 0);
	assert_int_equal(gnutls_record_send(r->session, head, strlen(head)),
	    (ssize_t)strlen(head));
}

static void
a_member_that_calls_anew_loses_the_body_it_left(void **state)
{
	struct world *w = *state;
	struct raw r;
	struct client *c;

	begin_body(&r, w, &w->cert[NORTH]);
	while (atomic_load(&w->asked) == 0)
		(void)poll(NULL, 0, 1);
	c = world_call(w, NORTH);
	expect_echo(c, SERVER_PATH_EXCHANGE, 1000);
	client_close(c, NULL);
	assert_true(is_closed(r.fd, -1));
	raw_close(&r);
}

static void
bodies_that_stand_still_make_room(void **state)
{
	enum { MANY = SERVER_BODIES_BYTES / LIMIT_MESSAGE_BYTES };
	struct world *w = *state;
	struct raw r[MANY];
	struct tls_cert cert = { 0 };
	struct node_id node = { { 0 } };
	uint8_t key[TLS_KEY_BYTES], secret[TLS_SECRET_BYTES];
	struct buf body = { 0 }, answer = { 0 };
	struct client *c;
	int busy = 0;
	enum err e;

	w->all_are_members = true;
	for (int i = 0; i < MANY; i++) {
		(void)crypto_sign_keypair(key, secret);
		assert_int_equal(tls_cert_make(&cert, &node, secret, NULL), OK);
		begin_body(&r[i], w, &cert);
		tls_cert_release(&cert);
		while (atomic_load(&w->asked) <= i)
			(void)poll(NULL, 0, 1);
	}
	buf_zero(&body, 1000);
	c = world_call(w, NORTH);
	while ((e = client_post(c, &answer, SERVER_PATH_EXCHANGE, body.p,
		    body.n, NULL)) == ERR_BUSY)
		busy++;
	assert_int_equal(e, OK);
	assert_true(busy > 0);
	client_close(c, NULL);
	for (int i = 0; i < MANY; i++)
		raw_close(&r[i]);
	buf_release(&body);
	buf_release(&answer);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_flood_of_strangers_leaves_half_of_the_places),
		CASE(who_goes_is_chosen_at_random),
		CASE(members_addresses_keep_their_places_in_a_flood),
		CASE(an_address_is_known_for_thirty_days),
		CASE(and_is_forgotten_then),
		CASE(where_members_call_from_is_noted),
		CASE(who_used_an_invite_is_no_stranger),
		CASE(a_member_has_four_connections_and_the_quietest_goes),
		CASE(a_member_that_calls_anew_loses_the_body_it_left),
		CASE(bodies_that_stand_still_make_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
