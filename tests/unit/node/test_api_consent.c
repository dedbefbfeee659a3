/* Consents by the page's API, and what opens a record by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/caller.h"

/* Signed, of a person of its own; rule: its revocable_ fields. path: where it is
 * read. */
static void
sign_consent(char consent[static ID_TEXT_BYTES], char path[static 96],
    struct browser *b, const char *rule)
{
	char person[ID_TEXT_BYTES], agency[ID_TEXT_BYTES], body[1024];
	struct row_id made;

	caller_person(person, b, "Pat Sample");
	made = caller_row("agency",
	    (struct write_field[]){
		{ caller_field("agency", "name"), caller_text("North") },
		{ caller_field("agency", "kind"), caller_text("probation") } },
	    2);
	hex_encode(agency, made.b, ID_BYTES);
	(void)snprintf(body, sizeof(body),
	    "{\"fields\": {\"kind\": \"social\", \"discloser_id\": "
	    "\"%%s\", \"info_description\": \"How it goes\", \"purpose\": "
	    "\"To work together\", \"purposes\": \"coordination\", "
	    "\"effective_on\": \"2026-01-01\", \"expires_on\": "
	    "\"2036-01-01\", \"signed_by\": \"Pat Sample\", "
	    "\"signed_on\": \"2026-01-01\", %s}, \"categories\": "
	    "[\"SUP.case\"], \"recipients\": [{\"agency\": \"%%s\"}]}",
	    rule);
	(void)snprintf(consent, ID_TEXT_BYTES, "%s",
	    caller_must_with(b, "POST", "/api/people/%s/consents", person, body,
		agency, agency));
	(void)caller_must_with(b, "POST", "/api/consents/%s/sign", consent,
	    "{\"confirm_password\": \"%s\"}%s", CALLER_PASSWORD, "");
	(void)snprintf(path, 96, "/api/records/consent/%s", consent);
}

static void
status_is(struct browser *b, const char *path, const char *status)
{
	(void)caller_must(b, "GET", path, NULL);
	assert_string_equal(json_string_value(
				json_object_get(caller_data("fields"),
				    "status")),
	    status);
}

static void
revoke(struct browser *b, const char *consent)
{
	char seen[128];

	(void)snprintf(seen, sizeof(seen), "%s",
	    json_string_value(caller_data("seen")));
	(void)caller_must_with(b, "POST", "/api/consents/%s/revoke", consent,
	    "{\"seen\": \"%s\", \"happened_at\": \"2026-02-01T10:00\", "
	    "\"revoked_on\": \"2026-02-01\", \"channel\": \"%s\"}",
	    seen, "phone");
}

static void
a_consent_is_drafted_signed_and_revoked(void **state)
{
	char consent[ID_TEXT_BYTES], path[96];
	struct browser b;

	(void)state;
	caller_sign_in(&b, "Ana");
	sign_consent(consent, path, &b, "\"revocable_rule\": \"any_time\"");
	status_is(&b, path, "active");
	revoke(&b, consent);
	assert_true(json_is_true(caller_data("revoked")));
	status_is(&b, path, "revoked");
}

static void
asked_back_before_its_own_day_a_consent_stands_and_the_day_is_told(void **state)
{
	char consent[ID_TEXT_BYTES], path[96];
	struct browser b;

	(void)state;
	caller_sign_in(&b, "Ana");
	sign_consent(consent, path, &b,
	    "\"revocable_rule\": \"after_date\", \"revocable_on\": "
	    "\"2035-01-01\"");
	status_is(&b, path, "active");
	revoke(&b, consent);
	assert_true(json_is_false(caller_data("revoked")));
	assert_string_equal(json_string_value(caller_data("ends")),
	    "from 2035-01-01 on");
	status_is(&b, path, "active");
	assert_int_equal(caller_count(&b, "/api/records/consent_event"), 2);
}

static void
an_emergency_is_opened_with_the_password_again(void **state)
{
	struct browser b;
	char person[ID_TEXT_BYTES], path[96];
	const char *wrong = "{\"categories\": [\"SUP.notes\"], \"reason\": "
			    "\"imminent_danger\", \"why\": \"A threat\", "
			    "\"confirm_password\": \"no\"}";

	(void)state;
	caller_sign_in(&b, "Ana");
	caller_person(person, &b, "Pat Sample");
	(void)snprintf(path, sizeof(path), "/api/people/%s/emergency", person);
	assert_int_equal(caller_ask(&b, "POST", path, wrong), 401);
	assert_string_equal(caller_code(), "not_accepted");
	assert_int_equal(caller_count(&b, "/api/records/break_glass"), 0);
}

static void
keys_are_given_away_and_taken_back_with_the_password_again(void **state)
{
	static const char *const bodies[] = {
		"{\"categories\": [\"IDX\"], \"to\": \"North\", \"basis\": "
		"\"agreement:1\", \"confirm_password\": \"no\"}",
		"{\"categories\": [\"IDX\"], \"to\": \"North\", \"basis\": "
		"\"agreement:1\"}",
		"{\"categories\": [\"IDX\"], \"from\": \"North\", \"reason\": "
		"\"left\", \"confirm\": true, \"confirm_password\": \"no\"}",
	};
	static const char *const acts[] = { "share", "share", "unshare" };
	static const int status[] = { 401, 400, 401 };
	struct browser b;
	char person[ID_TEXT_BYTES], path[96];

	(void)state;
	caller_sign_in(&b, "Ana");
	caller_person(person, &b, "Pat Sample");
	for (size_t i = 0; i < COUNT_OF(acts); i++) {
		(void)snprintf(path, sizeof(path), "/api/people/%s/%s", person,
		    acts[i]);
		assert_int_equal(caller_ask(&b, "POST", path, bodies[i]),
		    status[i]);
	}
}

int
main(void)
{
#define CONSENT(test) \
	cmocka_unit_test_setup_teardown(test, caller_begin, caller_end)
	const struct CMUnitTest tests[] = {
		CONSENT(a_consent_is_drafted_signed_and_revoked),
		CONSENT(
		    asked_back_before_its_own_day_a_consent_stands_and_the_day_is_told),
		CONSENT(an_emergency_is_opened_with_the_password_again),
		CONSENT(
		    keys_are_given_away_and_taken_back_with_the_password_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
