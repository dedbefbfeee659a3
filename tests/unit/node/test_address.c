/* What may stand where a peer's address is typed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "node/address.h"

static void
hosts_and_ports_are_told_apart(void **state)
{
	static const struct {
		const char *text, *host, *port;
		bool is_v6;
	} cases[] = {
		{ "hub.example:7443", "hub.example", "7443", false },
		{ "127.0.0.1:0", "127.0.0.1", "0", false },
		{ "[::1]:65535", "::1", "65535", true },
		{ "[fd00::1.2.3.4]:80", "fd00::1.2.3.4", "80", true },
	};
	struct address a;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(address_parse(&a, cases[i].text, NULL), OK);
		assert_string_equal(a.host, cases[i].host);
		assert_string_equal(a.port, cases[i].port);
		assert_int_equal(a.is_v6, cases[i].is_v6);
	}
}

static void
whatever_could_change_a_url_is_refused(void **state)
{
	static const char *const bad[] = { "", ":", "hub", "hub:", ":7443",
		"hub:70000", "hub:123456", "hub:-1", "hub:74a", "hub:7443/",
		"hub:7443/x", "a@hub:7443", "hub/x:7443", "hub?x:7443",
		"hub#x:7443", "hub%00:7443", "hub :7443", " hub:7443",
		"hub:7443\n", "hub\r\nX: y:1", "::1:7443", "[::1]", "[::1]7443",
		"[hub]:7443", "[]:7443", "[::1:7443", "https://hub:7443" };
	struct address a = { .host = "kept" };
	char longest[300];
	struct fail f = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(address_parse(&a, bad[i], &f), ERR_INPUT);
	memset(longest, 'a', sizeof(longest));
	memcpy(longest + 256, ":1", 3);
	assert_int_equal(address_parse(&a, longest, &f), ERR_INPUT);
	assert_string_equal(a.host, "kept");
	assert_int_equal(address_parse(&a, longest + 1, &f), OK);
	assert_int_equal(strlen(a.host), 255);
}

static void
a_local_network_is_told_from_the_rest(void **state)
{
	static const char *const near[] = { "127.0.0.1", "10.1.2.3",
		"172.16.0.1", "172.31.255.1", "192.168.7.9", "169.254.1.1",
		"::1", "fd00::5", "fe80::1", "::ffff:10.0.0.1" };
	static const char *const far[] = { "8.8.8.8", "172.32.0.1",
		"172.15.0.1", "192.169.0.1", "11.0.0.1", "2001:db8::1",
		"::", "::ffff:8.8.8.8", "localhost", "", "10.0.0.1:7443" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(near); i++)
		assert_true(address_is_near(near[i]));
	for (size_t i = 0; i < COUNT_OF(far); i++)
		assert_false(address_is_near(far[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_and_ports_are_told_apart),
		cmocka_unit_test(whatever_could_change_a_url_is_refused),
		cmocka_unit_test(a_local_network_is_told_from_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
