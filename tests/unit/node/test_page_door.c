/* node/api/page_door.h: who may be connected to the page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/api/page_door.h"

static struct page_door door;
static int ends[PAGE_VISITS][2];
static size_t made;

static int
begin(void **state)
{
	(void)state;
	page_door_init(&door);
	made = 0;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	for (size_t i = 0; i < made; i++) {
		(void)close(ends[i][0]);
		(void)close(ends[i][1]);
	}
	page_door_release(&door);
	return 0;
}

static struct page_visit *
from(const char *address)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	int *pair = ends[made++];

	assert_int_equal(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	return page_door_begin(&door, pair[0], (const struct sockaddr *)&v6);
}

/* Has the other side of it seen its end? */
static bool
is_shut(size_t i)
{
	char byte;

	return recv(ends[i][1], &byte, 1, MSG_DONTWAIT) == 0;
}

static void
a_network_of_many_addresses_has_the_room_of_one(void **state)
{
	char text[INET6_ADDRSTRLEN];

	(void)state;
	for (unsigned i = 0; i < PAGE_PER_ADDRESS; i++) {
		(void)snprintf(text, sizeof(text), "2001:db8:1:2::%x", i + 1);
		assert_non_null(from(text));
		assert_false(is_shut(i));
	}
	(void)from("2001:db8:1:2:ffff::1");
	assert_true(is_shut(PAGE_PER_ADDRESS));
	(void)from("2001:db8:1:3::1");
	assert_false(is_shut(PAGE_PER_ADDRESS + 1));
	/* of IPv4 each is one */
	(void)from("::ffff:192.0.2.1");
	(void)from("::ffff:192.0.2.2");
	assert_false(is_shut(PAGE_PER_ADDRESS + 2));
	assert_false(is_shut(PAGE_PER_ADDRESS + 3));
}

static void
when_all_places_are_taken_who_is_not_being_answered_goes(void **state)
{
	char text[INET6_ADDRSTRLEN];

	(void)state;
	for (unsigned i = 0; i < PAGE_CONNECTIONS; i++) {
		struct page_visit *v;

		(void)snprintf(text, sizeof(text), "2001:db8:%x::1", i + 1);
		v = from(text);
		if (i != 7)
			page_door_whole(&door, v);
	}
	(void)from("2001:db8:ffff::1");
	for (unsigned i = 0; i <= PAGE_CONNECTIONS; i++)
		assert_int_equal(is_shut(i), i == 7);
	/* the others are all being answered, but for the last */
	(void)from("2001:db8:ffff::2");
	assert_true(is_shut(PAGE_CONNECTIONS));
	assert_false(is_shut(PAGE_CONNECTIONS + 1));
}

static void
a_place_is_free_again_when_its_connection_ended(void **state)
{
	struct page_visit *v;

	(void)state;
	for (unsigned i = 0; i < PAGE_PER_ADDRESS; i++)
		v = from("2001:db8::1");
	page_door_answered(&door, v);
	page_door_end(&door, v);
	(void)from("2001:db8::1");
	assert_false(is_shut(PAGE_PER_ADDRESS));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_network_of_many_addresses_has_the_room_of_one),
		TEST(when_all_places_are_taken_who_is_not_being_answered_goes),
		TEST(a_place_is_free_again_when_its_connection_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
