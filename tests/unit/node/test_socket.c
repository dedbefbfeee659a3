/*
 * The daemon's end of the local socket: what it does not run, and that it goes
 * on after whatever came. Nothing here reaches the engine, which has no replica.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "node/socket.h"
#include "node/socket_frame.h"
#include "node/socket_message.h"

static struct engine engine;
static struct socket_server *server;
static char dir[64];

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/footbridge-socket-XXXXXX");
	if (mkdtemp(dir) == NULL || engine_init(&engine, NULL, NULL) != OK)
		return -1;
	return socket_start(&server, dir, &engine, NULL) == OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	socket_stop(server);
	engine_release(&engine);
	return rmdir(dir);
}

/* The exit status of what is typed, words with spaces between; it is refused. */
static int
refused(const char *typed, const char *words)
{
	char text[128], *argv[16], *next = text;
	struct socket_answer a = { 0 };
	struct fail f = { 0 };
	int argc = 0, status;

	(void)snprintf(text, sizeof(text), "%s", typed);
	while (next != NULL && argc < 16)
		argv[argc++] = strsep(&next, " ");
	if (socket_call(&a, dir, argc, argv, &(struct socket_said){ 0 }, &f) !=
	    OK)
		fail_msg("%s: %s", typed, f.text);
	if (strstr(buf_cstr(&a.err), words) == NULL)
		fail_msg("%s: \"%s\"", typed, buf_cstr(&a.err));
	assert_int_equal(a.out.n, 0);
	status = a.status;
	buf_release(&a.out);
	buf_release(&a.err);
	return status;
}

/* They may lack the words that the command itself counts on. */
static void
questions_for_help_are_not_run_by_the_daemon(void **state)
{
	static const char not_here[] = "does not run in the daemon";

	(void)state;
	assert_int_equal(refused("footbridge get --help", not_here), 2);
	assert_int_equal(refused("footbridge peer add -h", not_here), 2);
	assert_int_equal(refused("footbridge get a b --version", not_here), 2);
	assert_int_equal(refused("footbridge --help", not_here), 2);
	assert_int_equal(refused("footbridge -h", not_here), 2);
}

static void
what_cannot_be_a_command_is_refused(void **state)
{
	(void)state;
	assert_int_equal(refused("footbridge", "no command"), 2);
	assert_int_equal(refused("footbridge nonsense", "no command"), 2);
	assert_int_equal(refused("footbridge get", "missing"), 2);
	assert_int_equal(refused("footbridge serve", "does not run"), 2);
	assert_int_equal(refused("footbridge init --name x", ""), 2);
}

/* What is answered to these bytes: its first byte, -1: nothing. */
static int
said_to(const void *p, size_t n)
{
	struct sockaddr_un at;
	uint8_t status = 0;
	int dir_fd, fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bool answered;

	assert_int_equal(frame_address(&at, &dir_fd, dir, NULL), OK);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_true(frame_write(fd, p, n));
	(void)shutdown(fd, SHUT_WR);
	answered = frame_read(fd, &status, 1);
	(void)close(fd);
	(void)close(dir_fd);
	return answered ? status : -1;
}

static void
bytes_that_are_no_request_stop_nothing(void **state)
{
	static const uint8_t huge[] = { 0, 0, 0, 0, 0, 0, 0, 0x80, 'x' };
	static const uint8_t cut[] = { 9, 0, 0, 0, 0, 0, 0, 0, 'x' };
	static const uint8_t other[] = { 3, 0, 0, 0, 0, 0, 0, 0, 'a', 'b',
		'c' };

	(void)state;
	assert_int_equal(said_to("", 0), -1);
	assert_int_equal(said_to(huge, sizeof(huge)), -1);
	assert_int_equal(said_to(cut, sizeof(cut)), -1);
	assert_int_equal(said_to(other, sizeof(other)), 1);
	assert_true(socket_alive(dir));
	assert_int_equal(refused("footbridge get", "missing"), 2);
}

/* One encoding: bits that nobody knows, and input that was not announced. */
static void
a_request_has_one_encoding(void **state)
{
	char name[] = "footbridge", word[] = "list";
	char *argv[] = { name, word, NULL };
	struct socket_request q = { 0 };
	struct buf b = { 0 };
	size_t flags;

	(void)state;
	socket_request_put(&b, "/", 2, argv,
	    &(struct socket_said){ .tty = true });
	flags = 1 + strlen("footbridge command 1") + 2;
	assert_int_equal(b.p[flags], 1);
	assert_true(socket_request_read(&q, b.p, b.n));
	assert_true(q.tty && !q.has_input && q.argc == 2);
	socket_request_release(&q);
	/* a password that is not there, and bits that say nothing */
	for (unsigned bit = 2; bit < 8; bit++) {
		b.p[flags] = (uint8_t)(1u << bit);
		assert_false(socket_request_read(&q, b.p, b.n));
		socket_request_release(&q);
	}
	for (size_t n = 0; n < b.n; n++) {
		b.p[flags] = 1;
		assert_false(socket_request_read(&q, b.p, n));
		socket_request_release(&q);
	}
	buf_release(&b);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(questions_for_help_are_not_run_by_the_daemon),
		CASE(what_cannot_be_a_command_is_refused),
		CASE(bytes_that_are_no_request_stop_nothing),
		cmocka_unit_test(a_request_has_one_encoding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
