/*
 * The server, real TLS over loopback, called by clients of ours and by some
 * that are not: who gets through to which route, what is refused before it is
 * read, what a half-sent record costs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/https.h"

#define THREADS (2 * SERVER_PER_KEY)
#define ROUNDS 20

static void
a_stranger_may_join_and_not_exchange(void **state)
{
	struct world *w = *state;
	struct client *c = world_call(w, STRANGER);
	struct fail f = { 0 };

	expect_echo(c, SERVER_PATH_JOIN, 300);
	assert_int_equal(refusal(c, SERVER_PATH_EXCHANGE, 300, &f), ERR_DENIED);
	assert_non_null(strstr(f.text, "does not know this computer"));
	assert_non_null(strstr(f.text, "Your work is saved"));
	client_close(c, NULL);
	assert_int_equal(atomic_load(&w->handled), 1);
}

static void
without_a_certificate_nothing_is_served(void **state)
{
	struct world *w = *state;
	struct client *c = world_call(w, WHO_COUNT);

	assert_int_equal(refusal(c, SERVER_PATH_EXCHANGE, 10, NULL),
	    ERR_DENIED);
	assert_int_equal(refusal(c, SERVER_PATH_JOIN, 10, NULL), ERR_DENIED);
	client_close(c, NULL);
	assert_int_equal(atomic_load(&w->handled), 0);
	assert_int_equal(atomic_load(&w->asked), 0);
}

static void
who_joins_is_told_why_not_and_nobody_else_is(void **state)
{
	struct world *w = *state;
	struct client *c = world_call(w, NORTH);

	w->answer_error = ERR_DENIED;
	assert_int_equal(refusal(c, SERVER_PATH_JOIN, 10, NULL), ERR_DENIED);
	/* as it came, but for what would move a cursor */
	assert_string_equal(client_said(c), "the steward says why?");
	assert_int_equal(refusal(c, SERVER_PATH_EXCHANGE, 10, NULL),
	    ERR_DENIED);
	assert_string_equal(client_said(c), err_text(ERR_DENIED));
	w->answer_error = OK;
	expect_echo(c, SERVER_PATH_EXCHANGE, 10);
	assert_string_equal(client_said(c), "");
	client_close(c, NULL);
}

static void
no_other_route_exists(void **state)
{
	static const char *const paths[] = { "/", "/sync/v1", "/sync/v1/",
		"/sync/v1/exchange/", "/sync/v1/exchanges", "/sync/v2/exchange",
		"/sync/v1/join/..", "//sync/v1/join", "/SYNC/v1/join" };
	struct world *w = *state;

	for (int who = 0; who <= WHO_COUNT; who++) {
		struct client *c = world_call(w, (enum who)who);

		for (size_t i = 0; i < COUNT_OF(paths); i++)
			assert_int_equal(refusal(c, paths[i], 10, NULL),
			    ERR_NOTFOUND);
		client_close(c, NULL);
	}
	assert_int_equal(atomic_load(&w->handled), 0);
}

static void
membership_is_asked_on_every_request(void **state)
{
	struct world *w = *state;
	struct client *c = world_call(w, NORTH);

	expect_echo(c, SERVER_PATH_EXCHANGE, 10);
	expect_echo(c, SERVER_PATH_EXCHANGE, 10);
	assert_int_equal(atomic_load(&w->asked), 2);
	/* on the very same connection */
	memcpy(w->key[NORTH], w->key[STRANGER], TLS_KEY_BYTES);
	assert_int_equal(refusal(c, SERVER_PATH_EXCHANGE, 10, NULL),
	    ERR_DENIED);
	client_close(c, NULL);
}

static void
only_tls_13_with_aes_256_is_spoken(void **state)
{
	static const char *const refused[] = {
		"NORMAL:-VERS-ALL:+VERS-TLS1.2",
		"NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.1:+VERS-TLS1.0",
		"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM",
		"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+CHACHA20-POLY1305",
		"NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-FFDHE2048",
	};
	struct world *w = *state;
	struct raw r;

	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		assert_true(raw_open(&r, w, refused[i], NULL) < 0);
		raw_close(&r);
	}
	assert_int_equal(raw_open(&r, w, "NORMAL", &w->cert[NORTH]), 0);
	assert_int_equal(gnutls_protocol_get_version(r.session), GNUTLS_TLS1_3);
	assert_int_equal(gnutls_cipher_get(r.session),
	    GNUTLS_CIPHER_AES_256_GCM);
	assert_int_equal(raw_ask(&r,
			     "POST /sync/v1/exchange HTTP/1.1\r\n"
			     "Host: x\r\nContent-Length: 0\r\n\r\n"),
	    200);
	/* no ticket, ever */
	assert_true((gnutls_session_get_flags(r.session) &
			GNUTLS_SFLAGS_SESSION_TICKET) == 0);
	raw_close(&r);
}

static void
bodies_are_bounded_before_they_are_read(void **state)
{
	static const struct {
		const char *head;
		int status;
	} cases[] = {
		{ "POST /sync/v1/exchange HTTP/1.1\r\nHost: x\r\n"
		  "Content-Length: 4194305\r\n\r\n",
		    413 },
		{ "POST /sync/v1/join HTTP/1.1\r\nHost: x\r\n"
		  "Content-Length: 65537\r\n\r\n",
		    413 },
		{ "POST /sync/v1/exchange HTTP/1.1\r\nHost: x\r\n"
		  "Content-Length: 99999999999999\r\n\r\n",
		    411 },
		{ "POST /sync/v1/exchange HTTP/1.1\r\nHost: x\r\n"
		  "Transfer-Encoding: chunked\r\n\r\n",
		    411 },
		{ "POST /sync/v1/exchange HTTP/1.1\r\nHost: x\r\n"
		  "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		    411 },
		{ "GET /sync/v1/exchange HTTP/1.1\r\nHost: x\r\n\r\n", 404 },
		{ "PUT /sync/v1/join HTTP/1.1\r\nHost: x\r\n"
		  "Content-Length: 1\r\n\r\n",
		    404 },
	};
	struct world *w = *state;
	struct raw r;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(raw_open(&r, w, "NORMAL", &w->cert[NORTH]), 0);
		assert_int_equal(raw_ask(&r, cases[i].head), cases[i].status);
		raw_close(&r);
	}
	assert_int_equal(atomic_load(&w->handled), 0);
}

/* Processor time of this process, milliseconds. */
static int64_t
cpu_ms(void)
{
	struct rusage u;

	assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
	    (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

/* Nothing comes from fd for this long. */
static void
expect_silence(int fd, int wait_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, wait_ms), 0);
}

static void
half_sent_records_cost_no_processor_time(void **state)
{
	/* a record that announces 512 bytes and brings four */
	static const uint8_t hello[] = { 0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc };
	static const uint8_t data[] = { 0x17, 3, 3, 2, 0, 1, 2, 3, 4 };
	struct world *w = *state;
	struct client *c;
	struct raw r;
	int64_t before;
	int fd;

	assert_true(server_uses_poll(w->server));
	fd = plain_connect(w);
	assert_int_equal(send(fd, hello, sizeof(hello), 0), sizeof(hello));
	assert_int_equal(raw_open(&r, w, "NORMAL", &w->cert[NORTH]), 0);
	assert_int_equal(send(r.fd, data, sizeof(data), 0), sizeof(data));
	before = cpu_ms();
	expect_silence(fd, 500);
	assert_in_range(cpu_ms() - before, 0, 50);
	/* and others are served meanwhile */
	c = world_call(w, NORTH);
	expect_echo(c, SERVER_PATH_EXCHANGE, 1000);
	client_close(c, NULL);
	raw_close(&r);
	(void)close(fd);
}

struct caller {
	struct world *w;
	pthread_t thread;
	enum who who;
};

static void *
concurrent_caller(void *ctx)
{
	struct caller *k = ctx;
	struct buf answer = { 0 };
	struct client *c = world_call(k->w, k->who);
	uint8_t body[512];
	uintptr_t wrong = 0;

	for (int i = 0; i < ROUNDS; i++) {
		memset(body, i, sizeof(body));
		buf_reset(&answer);
		wrong += client_post(c, &answer, SERVER_PATH_EXCHANGE, body,
			     sizeof(body), NULL) != OK ||
		    answer.n != sizeof(body) ||
		    memcmp(answer.p, body, sizeof(body)) != 0;
	}
	buf_release(&answer);
	client_close(c, NULL);
	return (void *)wrong;
}

static void
many_callers_are_served_at_a_time(void **state)
{
	struct world *w = *state;
	struct caller callers[THREADS];
	void *wrong;

	for (int i = 0; i < THREADS; i++) {
		/* one member may not have as many connections */
		callers[i] = (struct caller){ .w = w,
			.who = i < SERVER_PER_KEY ? SOUTH : EAST };
		assert_int_equal(pthread_create(&callers[i].thread, NULL,
				     concurrent_caller, &callers[i]),
		    0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(callers[i].thread, &wrong), 0);
		assert_null(wrong);
	}
	assert_int_equal(atomic_load(&w->handled), THREADS * ROUNDS);
}

static void *
one_caller(void *ctx)
{
	struct client *c = world_call(ctx, NORTH);
	struct buf answer = { 0 };
	uintptr_t e;

	e = (uintptr_t)client_post(c, &answer, SERVER_PATH_EXCHANGE,
	    (const uint8_t *)"x", 1, NULL);
	if (answer.n != 1)
		e = ERR_FORMAT;
	buf_release(&answer);
	client_close(c, NULL);
	return (void *)e;
}

static void *
stop_server(void *ctx)
{
	struct world *w = ctx;

	world_stop(w);
	return NULL;
}

static void
a_stop_lets_the_answer_in_flight_out(void **state)
{
	struct world *w = *state;
	pthread_t caller, stopper;
	void *e;

	(void)pthread_mutex_lock(&w->gate);
	assert_int_equal(pthread_create(&caller, NULL, one_caller, w), 0);
	while (atomic_load(&w->handled) == 0)
		sched_yield();
	assert_int_equal(pthread_create(&stopper, NULL, stop_server, w), 0);
	(void)pthread_mutex_unlock(&w->gate);
	assert_int_equal(pthread_join(caller, &e), 0);
	assert_int_equal(pthread_join(stopper, NULL), 0);
	assert_null(e);
}

/* ---- waiting for news ---- */

struct waiter {
	struct world *w;
	pthread_t thread;
	enum who who;
	enum err e;
	char byte;
};

static void *
wait_for_news(void *ctx)
{
	struct waiter *k = ctx;
	struct client *c = world_call(k->w, k->who);
	struct buf answer = { 0 };

	k->e = client_post(c, &answer, SERVER_PATH_WAIT, NULL, 0, NULL);
	k->byte = k->e == OK && answer.n == 1 ? (char)answer.p[0] : '?';
	buf_release(&answer);
	client_close(c, NULL);
	return NULL;
}

/* It waits: as many as that did before it, and it. */
static void
begin_to_wait(struct waiter *k, struct world *w, int nth)
{
	*k = (struct waiter){ .w = w, .who = NORTH };
	assert_int_equal(pthread_create(&k->thread, NULL, wait_for_news, k), 0);
	while (atomic_load(&w->held) < nth)
		sched_yield();
}

static void
expect_told(struct waiter *k, char byte)
{
	assert_int_equal(pthread_join(k->thread, NULL), 0);
	assert_int_equal(k->e, OK);
	assert_int_equal(k->byte, byte);
}

static void
who_waits_is_told_and_uses_no_thread(void **state)
{
	struct world *w = *state;
	struct server_held held[SERVER_HELD];
	struct waiter k;

	begin_to_wait(&k, w, 1);
	assert_int_equal(server_held(w->server, held), 1);
	assert_memory_equal(held[0].key, w->key[NORTH], TLS_KEY_BYTES);
	many_callers_are_served_at_a_time(state);
	assert_int_equal(server_held(w->server, held), 1);
	server_let_go(w->server, held[0].no + 1, true); /* nobody */
	assert_int_equal(server_held(w->server, held), 1);
	server_let_go(w->server, held[0].no, true);
	expect_told(&k, SERVER_NEWS);
	begin_to_wait(&k, w, 2);
	assert_int_equal(server_held(w->server, held), 1);
	server_let_go(w->server, held[0].no, false);
	expect_told(&k, SERVER_NO_NEWS);
	assert_int_equal(server_held(w->server, held), 0);
}

static void
one_key_waits_once(void **state)
{
	struct world *w = *state;
	struct server_held held[SERVER_HELD];
	struct waiter first, second;

	begin_to_wait(&first, w, 1);
	begin_to_wait(&second, w, 2);
	expect_told(&first, SERVER_NO_NEWS);
	assert_int_equal(server_held(w->server, held), 1);
	server_let_go(w->server, held[0].no, true);
	expect_told(&second, SERVER_NEWS);
}

static void
only_members_wait_and_send_nothing(void **state)
{
	struct world *w = *state;
	struct client *c = world_call(w, STRANGER);

	assert_int_equal(refusal(c, SERVER_PATH_WAIT, 0, NULL), ERR_DENIED);
	client_close(c, NULL);
	c = world_call(w, WHO_COUNT);
	assert_int_equal(refusal(c, SERVER_PATH_WAIT, 0, NULL), ERR_DENIED);
	client_close(c, NULL);
	c = world_call(w, NORTH);
	assert_int_equal(refusal(c, SERVER_PATH_WAIT, 1, NULL), ERR_LIMIT);
	client_close(c, NULL);
	assert_int_equal(atomic_load(&w->held), 0);
}

static void
waiting_costs_no_processor_time(void **state)
{
	struct world *w = *state;
	struct server_held held[SERVER_HELD];
	struct waiter k;
	int64_t before;
	int fd = plain_connect(w);

	begin_to_wait(&k, w, 1);
	before = cpu_ms();
	expect_silence(fd, 500);
	assert_in_range(cpu_ms() - before, 0, 50);
	(void)close(fd);
	assert_int_equal(server_held(w->server, held), 1);
	server_let_go(w->server, held[0].no, true);
	expect_told(&k, SERVER_NEWS);
}

static void
a_stop_ends_the_waiting(void **state)
{
	struct world *w = *state;
	struct waiter k;

	begin_to_wait(&k, w, 1);
	world_stop(w);
	expect_told(&k, SERVER_NO_NEWS);
}

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		CASE(a_stranger_may_join_and_not_exchange),
		CASE(without_a_certificate_nothing_is_served),
		CASE(who_joins_is_told_why_not_and_nobody_else_is),
		CASE(no_other_route_exists),
		CASE(membership_is_asked_on_every_request),
		CASE(only_tls_13_with_aes_256_is_spoken),
		CASE(bodies_are_bounded_before_they_are_read),
		CASE(half_sent_records_cost_no_processor_time),
		CASE(many_callers_are_served_at_a_time),
		CASE(a_stop_lets_the_answer_in_flight_out),
		CASE(who_waits_is_told_and_uses_no_thread),
		CASE(one_key_waits_once),
		CASE(only_members_wait_and_send_nothing),
		CASE(waiting_costs_no_processor_time),
		CASE(a_stop_ends_the_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
