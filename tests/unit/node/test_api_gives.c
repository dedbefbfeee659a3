/* What gives something away by the page's API wants the password again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "node/api/route.h"
#include "node/cli.h"
#include "tests/support/caller.h"

/* Routes that give keys, rights or records away, open what is closed or destroy. */
static const char *const giving[] = { "/api/people/:person/share",
	"/api/people/:person/unshare", "/api/people/:person/print",
	"/api/people/:person/export", "/api/people/:person/transfer",
	"/api/people/:person/transfer/accept", "/api/people/:person/carry",
	"/api/people/:person/seal", "/api/people/:person/shred",
	"/api/people/:person/retention", "/api/people/:person/emergency",
	"/api/seals/:id/vacate", "/api/consents/:id/sign",
	"/api/agreements/:id/sign", "/api/members/:node/revoke",
	"/api/accounts", "/api/accounts/:name/role",
	"/api/accounts/:name/password", "/api/accounts/:name/disable",
	"/api/accounts/:name/release", "/api/records/:table/:id" };

static bool
is_giving(const struct api_route *r)
{
	if (strcmp(r->method, "GET") == 0)
		return false;
	for (size_t i = 0; i < COUNT_OF(giving); i++) {
		if (strcmp(giving[i], r->path) == 0)
			return true;
	}
	return false;
}

static bool
takes_password(const struct api_route *r)
{
	for (const struct api_field *p = r->body; p != NULL && p->name != NULL;
	     p++) {
		if (strcmp(p->name, "confirm_password") == 0)
			return true;
	}
	return false;
}

static const struct cli_command *
command_of(const struct api_route *r)
{
	for (size_t i = 0; r->command != NULL && i < cli_table_count; i++) {
		if (strcmp(cli_table[i].name, r->command) == 0)
			return &cli_table[i];
	}
	return NULL;
}

/* At the command line the same commands ask again (prove.h); an order to seal
 * gives nothing, and is asked about twice on the page alone. */
static void
what_gives_something_away_wants_the_password_again(void **state)
{
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < api_route_count; i++) {
		const struct api_route *r = &api_routes[i];
		const struct cli_command *c = command_of(r);

		if (!is_giving(r))
			continue;
		found++;
		if (!takes_password(r) || r->handle == NULL)
			print_error("%s %s asks for no password\n", r->method,
			    r->path);
		assert_true(takes_password(r) && r->handle != NULL);
		if (c == NULL || strcmp(c->name, "seal") == 0)
			continue;
		if ((c->flags & CLI_PROVES) == 0 && c->proves == NULL)
			print_error("%s asks for no password\n", c->name);
		assert_true((c->flags & CLI_PROVES) != 0 || c->proves != NULL);
	}
	assert_int_equal(found, COUNT_OF(giving));
}

static void
denied_without(struct browser *b, const char *method, const char *target,
    const char *without, const char *with)
{
	assert_int_equal(caller_ask(b, method, target, without), 400);
	assert_string_equal(caller_code(), "bad_field");
	assert_int_equal(caller_ask(b, method, target, with), 401);
	assert_string_equal(caller_code(), "not_accepted");
}

static void
a_wrong_password_prints_nothing_and_lets_nobody_in_again(void **state)
{
	struct row_id pat = office_person(caller_office, "Pat Sample");
	struct row_id kim = caller_staff("Kim", "administrator", "all");
	char path[96], id[ID_TEXT_BYTES];
	struct browser b;

	(void)state;
	hex_encode(id, pat.b, ID_BYTES);
	caller_sign_in(&b, "Ana");
	(void)snprintf(path, sizeof(path), "/api/people/%s/print", id);
	denied_without(&b, "POST", path,
	    "{\"categories\": [\"IDX\"], \"to_person\": \"Pat\"}",
	    "{\"categories\": [\"IDX\"], \"to_person\": \"Pat\", "
	    "\"confirm_password\": \"no\"}");
	(void)snprintf(path, sizeof(path), "/api/people/%s/carry", id);
	denied_without(&b, "POST", path, "{\"on\": \"Laptop\"}",
	    "{\"on\": \"Laptop\", \"confirm_password\": \"no\"}");
	caller_sign_in(&b, "Kim");
	hex_encode(id, kim.b, ID_BYTES);
	(void)snprintf(path, sizeof(path), "/api/records/staff/%s", id);
	denied_without(&b, "PATCH", path,
	    "{\"fields\": {\"status\": \"active\"}, \"seen\": \"x\"}",
	    "{\"fields\": {\"status\": \"active\"}, \"seen\": \"x\", "
	    "\"confirm_password\": \"no\"}");
	assert_int_equal(office_number(caller_office,
			     "SELECT count(*) FROM staff WHERE status IS NOT "
			     "NULL"),
	    0);
}

int
main(void)
{
#define GIVES(test) \
	cmocka_unit_test_setup_teardown(test, caller_begin, caller_end)
	const struct CMUnitTest tests[] = {
		GIVES(what_gives_something_away_wants_the_password_again),
		GIVES(a_wrong_password_prints_nothing_and_lets_nobody_in_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
