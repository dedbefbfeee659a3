/*
 * The client, real TLS over loopback: what the pin stops, how each failure
 * reads, what is counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/filter.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/client_i.h"
#include "sync/env.h"
#include "tests/support/https.h"
#include "tests/support/proxy.h"

static void
the_right_pin_gets_answers_of_every_size(void **state)
{
	struct world *w = *state;
	struct client *c = world_call(w, NORTH);
	struct client_stats s;

	expect_echo(c, SERVER_PATH_EXCHANGE, 0);
	expect_echo(c, SERVER_PATH_EXCHANGE, 1);
	expect_echo(c, SERVER_PATH_EXCHANGE, 100000);
	expect_echo(c, SERVER_PATH_EXCHANGE, LIMIT_MESSAGE_BYTES);
	expect_echo(c, SERVER_PATH_JOIN, SERVER_JOIN_BYTES);
	client_close(c, &s);
	assert_int_equal(s.requests, 5);
	assert_int_equal(s.connects, 1);
	assert_int_equal(s.body_sent_bytes,
	    100001 + LIMIT_MESSAGE_BYTES + (int64_t)SERVER_JOIN_BYTES);
	assert_int_equal(s.body_received_bytes, s.body_sent_bytes);
	assert_true(s.rtt_us > 0);
}

static void
a_wrong_pin_gets_no_byte(void **state)
{
	struct world *w = *state;
	struct client_options o = { .address = w->address,
		.name = "Hub",
		.pin = w->key[NORTH],
		.cert = &w->cert[NORTH] };
	struct client *c = NULL;
	struct fail f = { 0 };

	assert_int_equal(client_open(&c, &o, NULL), OK);
	assert_int_equal(refusal(c, SERVER_PATH_EXCHANGE, 10, &f), ERR_NET);
	assert_non_null(strstr(f.text, "does not hold the key of Hub"));
	client_close(c, NULL);
	assert_int_equal(atomic_load(&w->asked), 0);
	assert_int_equal(atomic_load(&w->handled), 0);
}

static void
a_missing_pin_fails_closed(void **state)
{
	struct world *w = *state;
	struct client_options o = { .address = w->address, .name = "Hub" };
	struct client *c = NULL;

	assert_int_equal(client_open(&c, &o, NULL), ERR_INPUT);
	assert_null(c);
}

static void
a_server_that_is_gone_is_told_in_one_line(void **state)
{
	struct world *w = *state;
	struct client *c = world_call(w, NORTH);
	struct fail f = { 0 };
	char want[FAIL_TEXT_BYTES + ADDRESS_TEXT_BYTES];

	world_stop(w);
	assert_int_equal(refusal(c, SERVER_PATH_EXCHANGE, 1, &f), ERR_NET);
	(void)snprintf(want, sizeof(want),
	    "Hub (%s) could not be reached: connection refused. Your work is "
	    "saved on this computer and goes out at the next contact.",
	    w->address);
	assert_string_equal(f.text, want);
	client_close(c, NULL);
}

static void
a_lost_connection_is_made_again(void **state)
{
	struct world *w = *state;
	struct client *c = world_call(w, NORTH);
	struct client_stats s;
	char where[ADDRESS_TEXT_BYTES];

	expect_echo(c, SERVER_PATH_EXCHANGE, 10);
	memcpy(where, w->address, sizeof(where));
	world_stop(w);
	world_serve(w, where);
	expect_echo(c, SERVER_PATH_EXCHANGE, 10);
	assert_false(client_began_anew(c));
	client_close(c, &s);
	assert_int_equal(s.connects, 2);
	assert_int_equal(s.requests, 2);
}

static void
a_peer_that_says_nothing_is_given_up(void **state)
{
	struct world *w = *state;
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char address[ADDRESS_TEXT_BYTES];
	struct client_options o = { .address = address,
		.name = "Hub",
		.pin = w->key[HUB],
		.cert = &w->cert[NORTH],
		.stall_ms = 1000 };
	struct client *c = NULL;
	struct fail f = { 0 };

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	(void)snprintf(address, sizeof(address), "127.0.0.1:%d",
	    ntohs(at.sin_port));
	assert_int_equal(client_open(&c, &o, NULL), OK);
	assert_int_equal(refusal(c, SERVER_PATH_EXCHANGE, 1, &f), ERR_NET);
	assert_non_null(strstr(f.text, "nothing moved for 1 seconds"));
	client_close(c, NULL);
	(void)close(fd);
}

/* ---- a connection that goes silent ---- */

/* Nothing that arrives for this socket is taken in from now on. */
static void
deafen(int fd)
{
	struct sock_filter drop_all[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog program = { COUNT_OF(drop_all), drop_all };

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
			     sizeof(program)),
	    0);
}

static enum err
say_anew(void *ctx, struct buf *request)
{
	int *asked = ctx;

	*asked += 1;
	buf_text(request, "anew");
	return OK;
}

static struct client *
call_impatiently(struct world *w, int *asked)
{
	const struct client_options o = { .address = w->address,
		.name = "Hub",
		.pin = w->key[HUB],
		.cert = &w->cert[NORTH],
		.again = asked != NULL ? say_anew : NULL,
		.again_ctx = asked,
		.stall_ms = 4000,
		.silent_ms = 200 };
	struct client *c = NULL;

	assert_int_equal(client_open(&c, &o, NULL), OK);
	return c;
}

static void
a_silent_connection_is_replaced_and_the_contact_begun_anew(void **state)
{
	struct world *w = *state;
	struct buf answer = { 0 };
	struct client_stats s;
	int asked = 0;
	struct client *c = call_impatiently(w, &asked);

	expect_echo(c, SERVER_PATH_EXCHANGE, 10);
	deafen(c->at->sockets[0]);
	assert_int_equal(client_post(c, &answer, SERVER_PATH_EXCHANGE,
			     (const uint8_t *)"old", 3, NULL),
	    OK);
	assert_string_equal(buf_cstr(&answer), "anew");
	assert_true(client_began_anew(c));
	assert_int_equal(asked, 1);
	/* and the new one is kept */
	expect_echo(c, SERVER_PATH_EXCHANGE, 100000);
	assert_false(client_began_anew(c));
	client_close(c, &s);
	buf_release(&answer);
	assert_int_equal(s.connects, 2);
	assert_int_equal(s.requests, 3);
}

static void
a_request_that_was_sent_is_not_sent_twice(void **state)
{
	struct world *w = *state;
	struct client *c = call_impatiently(w, NULL);
	struct client_stats s;
	struct fail f = { 0 };

	expect_echo(c, SERVER_PATH_JOIN, 10);
	deafen(c->at->sockets[0]);
	assert_int_equal(refusal(c, SERVER_PATH_JOIN, 10, &f), ERR_NET);
	assert_non_null(strstr(f.text, "nothing moved for 4 seconds"));
	client_close(c, &s);
	assert_int_equal(s.connects, 1);
}

/* What the client asks while it waits lets the peer answer, after a while. */
struct busy {
	struct world *world;
	int64_t until_ms;
	bool is_over;
};

static bool
answer_at_last(void *ctx)
{
	struct busy *b = ctx;

	if (!b->is_over && atomic_load(&b->world->handled) > 0 &&
	    env_mono_ms(env_posix()) >= b->until_ms) {
		b->is_over = true;
		(void)pthread_mutex_unlock(&b->world->gate);
	}
	return false;
}

static void
a_peer_that_is_merely_busy_is_not_called_twice(void **state)
{
	struct world *w = *state;
	/* longer than silent_ms, which is more than a probe takes to go out */
	struct busy busy = { .world = w,
		.until_ms = env_mono_ms(env_posix()) + 4000 };
	struct client_stats s;
	int asked = 0;
	struct client *c = call_impatiently(w, &asked);

	c->o.silent_ms = 2500;
	c->o.stall_ms = 60000;
	c->o.stop = answer_at_last;
	c->o.stop_ctx = &busy;
	(void)pthread_mutex_lock(&w->gate);
	expect_echo(c, SERVER_PATH_EXCHANGE, 10);
	client_close(c, &s);
	assert_int_equal(asked, 0);
	assert_int_equal(s.connects, 1);
	assert_int_equal(atomic_load(&w->handled), 1);
}

static void
an_answer_beyond_the_limit_is_not_read(void **state)
{
	struct world *w = *state;
	struct client_options o = { .address = w->address,
		.name = "Hub",
		.pin = w->key[HUB],
		.cert = &w->cert[NORTH],
		.answer_limit = 1000 };
	struct client *c = NULL;
	struct fail f = { 0 };

	assert_int_equal(client_open(&c, &o, NULL), OK);
	expect_echo(c, SERVER_PATH_EXCHANGE, 1000);
	assert_int_equal(refusal(c, SERVER_PATH_EXCHANGE, 1001, &f), ERR_LIMIT);
	assert_non_null(strstr(f.text, "more than 1000 bytes"));
	client_close(c, NULL);
}

static bool
stop_now(void *ctx)
{
	(void)ctx;
	return true;
}

static void
a_contact_ends_when_the_program_does(void **state)
{
	struct world *w = *state;
	struct client_options o = { .address = w->address,
		.name = "Hub",
		.pin = w->key[HUB],
		.cert = &w->cert[NORTH],
		.stop = stop_now };
	struct client *c = NULL;
	struct fail f = { 0 };

	assert_int_equal(client_open(&c, &o, NULL), OK);
	assert_int_equal(refusal(c, SERVER_PATH_EXCHANGE, 1, &f), ERR_NET);
	assert_non_null(strstr(f.text, "is stopping"));
	client_close(c, NULL);
}

static void
errors_of_the_handler_arrive_as_themselves(void **state)
{
	static const enum err errors[] = { ERR_DENIED, ERR_LIMIT, ERR_VERSION,
		ERR_BUSY, ERR_FORMAT, ERR_NOTFOUND };
	struct world *w = *state;
	struct client *c = world_call(w, NORTH);
	struct fail f = { 0 };

	for (size_t i = 0; i < COUNT_OF(errors); i++) {
		w->answer_error = errors[i];
		assert_int_equal(refusal(c, SERVER_PATH_EXCHANGE, 1, NULL),
		    errors[i]);
	}
	w->answer_error = ERR_FENCE;
	assert_int_equal(refusal(c, SERVER_PATH_EXCHANGE, 1, &f), ERR_BUSY);
	assert_non_null(strstr(f.text, "put back to an old state twice"));
	w->answer_error = ERR_NOMEM;
	assert_int_equal(refusal(c, SERVER_PATH_EXCHANGE, 1, &f), ERR_NET);
	assert_non_null(strstr(f.text, "has trouble of its own"));
	w->answer_error = OK;
	w->answer_bytes = (size_t)LIMIT_MESSAGE_BYTES + 1;
	assert_int_equal(refusal(c, SERVER_PATH_EXCHANGE, 1, NULL), ERR_LIMIT);
	client_close(c, NULL);
}

static void *
run_proxy(void *ctx)
{
	proxy_run(ctx, NULL);
	return NULL;
}

static void
the_wire_count_is_what_a_proxy_saw(void **state)
{
	static const char mark[] = "marked-string-of-nobody";
	struct world *w = *state;
	const struct proxy_options o = { .listen = "127.0.0.1:0",
		.target = w->address };
	char address[PROXY_ADDRESS_BYTES];
	struct proxy *p = proxy_open(address, &o);
	struct proxy_count seen;
	struct client_stats s;
	struct buf answer = { 0 };
	struct client *c;
	pthread_t thread;

	assert_non_null(p);
	assert_int_equal(pthread_create(&thread, NULL, run_proxy, p), 0);
	c = world_call_at(w, address, NORTH);
	for (int i = 0; i < 3; i++)
		assert_int_equal(client_post(c, &answer, SERVER_PATH_EXCHANGE,
				     (const uint8_t *)mark, sizeof(mark), NULL),
		    OK);
	expect_echo(c, SERVER_PATH_EXCHANGE, 200000);
	client_close(c, &s);
	buf_release(&answer);
	world_stop(w);
	proxy_stop(p);
	assert_int_equal(pthread_join(thread, NULL), 0);
	proxy_counts(p, &seen);
	proxy_close(p);
	/* a close notification may cross with ours, and the kernel counts the
	 * end of the stream as a byte when it has come by then */
	assert_in_range(seen.bytes[PROXY_UP], s.wire_sent_bytes - 64,
	    s.wire_sent_bytes);
	assert_in_range(seen.bytes[PROXY_DOWN], s.wire_received_bytes - 1,
	    s.wire_received_bytes + 64);
	assert_int_equal(seen.connections, 1);
	assert_int_equal(seen.tls13, 1);
	assert_int_equal(seen.clear, 0);
	assert_int_equal(seen.other[PROXY_UP] + seen.other[PROXY_DOWN], 0);
	assert_true(s.wire_sent_bytes > s.body_sent_bytes + s.head_sent_bytes);
	print_message("4 requests, one connection: bodies %lld + %lld, heads "
		      "%lld + %lld, wire %lld + %lld\n",
	    (long long)s.body_sent_bytes, (long long)s.body_received_bytes,
	    (long long)s.head_sent_bytes, (long long)s.head_received_bytes,
	    (long long)s.wire_sent_bytes, (long long)s.wire_received_bytes);
}

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		CASE(the_right_pin_gets_answers_of_every_size),
		CASE(a_wrong_pin_gets_no_byte),
		CASE(a_missing_pin_fails_closed),
		CASE(a_server_that_is_gone_is_told_in_one_line),
		CASE(a_lost_connection_is_made_again),
		CASE(a_peer_that_says_nothing_is_given_up),
		CASE(
		    a_silent_connection_is_replaced_and_the_contact_begun_anew),
		CASE(a_request_that_was_sent_is_not_sent_twice),
		CASE(a_peer_that_is_merely_busy_is_not_called_twice),
		CASE(an_answer_beyond_the_limit_is_not_read),
		CASE(a_contact_ends_when_the_program_does),
		CASE(errors_of_the_handler_arrive_as_themselves),
		CASE(the_wire_count_is_what_a_proxy_saw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
