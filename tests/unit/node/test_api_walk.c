/* Every route under every state that its caller can be in, by a clock that nobody has
 * to wait for; and whose records an account sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "node/account/rights.h"
#include "node/account/store.h"
#include "node/api/route.h"
#include "node/policy/case.h"
#include "node/policy/refuse.h"
#include "sync/audit.h"
#include "tests/support/caller.h"

#define MINUTE ((int64_t)60 * 1000)

/* ---- every route ---- */

/* What to ask: its path with something in place of its :names, and {} where it
 * takes a body. */
static unsigned
ask_route(struct browser *b, const struct api_route *r)
{
	char target[128];
	size_t n = 0;

	for (const char *p = r->path; *p != '\0' && n + 2 < sizeof(target);) {
		if (*p == ':') {
			target[n++] = 'x';
			p += strcspn(p, "/");
		} else {
			target[n++] = *p++;
		}
	}
	target[n] = '\0';
	return caller_ask(b, r->method, target, r->body != NULL ? "{}" : NULL);
}

typedef bool (*route_is)(const struct api_route *r);

static bool
is_closed(const struct api_route *r)
{
	return r->roles != API_PUBLIC;
}

static bool
is_writing(const struct api_route *r)
{
	return (r->flags & (API_WRITES | API_SESSION)) != 0;
}

static bool
is_shut_while_locked(const struct api_route *r)
{
	return is_closed(r) && (r->flags & API_WHILE_LOCKED) == 0;
}

static bool
is_shut_before_duties(const struct api_route *r)
{
	return is_closed(r) && (r->flags & API_BEFORE_DUTIES) == 0;
}

static bool
is_not_an_auditor_s(const struct api_route *r)
{
	return is_closed(r) && (r->roles & ROLE_BIT_AUDITOR) == 0;
}

static bool
is_an_officer_s(const struct api_route *r)
{
	return (r->roles & ROLE_BIT_OFFICER) != 0 &&
	    strncmp(r->path, "/api/session", 12) != 0;
}

static bool
is_an_officer_s_alone(const struct api_route *r)
{
	return is_an_officer_s(r) && r->roles != API_EVERYBODY;
}

/* All those routes answer so to this caller. */
static void
all_say(struct browser *b, route_is which, unsigned status, const char *want)
{
	size_t asked = 0;

	for (size_t i = 0; i < api_route_count; i++) {
		const struct api_route *r = &api_routes[i];
		struct browser same = *b;
		unsigned have;

		if (!which(r))
			continue;
		asked++;
		have = ask_route(&same, r);
		if (have != status || caller_code() == NULL ||
		    strcmp(caller_code(), want) != 0)
			print_error("%s %s: want %u %s, have %u %s\n",
			    r->method, r->path, status, want, have,
			    caller_code() != NULL ? caller_code() : "");
		assert_int_equal(have, status);
		assert_string_equal(caller_code(), want);
	}
	assert_true(asked > 0);
}

static void
who_is_not_signed_in_gets_nothing(void **state)
{
	struct browser b = { .cookie = "" };

	(void)state;
	all_say(&b, is_closed, 401, "signed_out");
	(void)snprintf(b.cookie, sizeof(b.cookie),
	    "footbridge=0123456789012345678901234567890123456789abc");
	all_say(&b, is_closed, 401, "session_ended");
}

static void
a_wrong_password_says_nothing_else(void **state)
{
	(void)state;
	assert_int_equal(caller_ask(NULL, "POST", "/api/session",
			     "{\"name\": \"Ana\", \"password\": \"no\"}"),
	    401);
	assert_string_equal(caller_code(), "not_accepted");
	assert_int_equal(caller_ask(NULL, "POST", "/api/session",
			     "{\"name\": \"Zoe\", \"password\": \"no\"}"),
	    401);
	assert_string_equal(caller_code(), "not_accepted");
}

static void
before_the_banner_nothing_is_open(void **state)
{
	struct browser b = { .cookie = "" };

	(void)state;
	assert_int_equal(caller_ask(&b, "POST", "/api/session",
			     "{\"name\": \"Ana\", \"password\": "
			     "\"" CALLER_PASSWORD "\"}"),
	    200);
	caller_keep_token(&b);
	all_say(&b, is_shut_before_duties, 403, "duty_first");
}

static void
without_its_own_token_nothing_is_changed(void **state)
{
	struct browser b, other;

	(void)state;
	caller_sign_in(&b, "Ana");
	caller_sign_in(&other, "Ana");
	assert_string_not_equal(b.token, other.token);
	memcpy(b.token, other.token, sizeof(b.token));
	all_say(&b, is_writing, 403, "no_token");
	b.token[0] = '\0';
	all_say(&b, is_writing, 403, "no_token");
}

static void
another_role_gets_nothing(void **state)
{
	struct browser b;

	(void)state;
	caller_sign_in(&b, "Aud");
	all_say(&b, is_not_an_auditor_s, 403, "not_your_role");
}

/* {} is not what most routes take, but who asks may ask. */
static void
the_right_role_is_let_through_everywhere(void **state)
{
	struct browser b;

	(void)state;
	caller_sign_in(&b, "Ana");
	for (size_t i = 0; i < api_route_count; i++) {
		unsigned have;

		if (!is_an_officer_s(&api_routes[i]))
			continue;
		have = ask_route(&b, &api_routes[i]);
		if (have != 200 && have != 400 && have != 404)
			print_error("%s %s: %u %s\n", api_routes[i].method,
			    api_routes[i].path, have, caller_code());
		assert_true(have == 200 || have == 400 || have == 404);
	}
}

static void
a_locked_screen_shows_nothing(void **state)
{
	struct browser b;

	(void)state;
	caller_sign_in(&b, "Ana");
	assert_int_equal(caller_ask(&b, "POST", "/api/session/lock", NULL),
	    200);
	all_say(&b, is_shut_while_locked, 423, "locked");
	assert_int_equal(caller_ask(&b, "GET", "/api/session", NULL), 200);
	assert_string_equal(json_string_value(caller_data("state")), "locked");
	assert_int_equal(caller_ask(&b, "POST", "/api/session/unlock",
			     "{\"password\": \"no\"}"),
	    401);
	assert_int_equal(caller_ask(&b, "POST", "/api/session/unlock",
			     "{\"password\": \"" CALLER_PASSWORD "\"}"),
	    200);
	caller_keep_token(&b);
	assert_int_equal(caller_ask(&b, "GET", "/api/status", NULL), 200);
}

/* The page asks how far the peers are, and that is nobody's act. */
static void
what_the_page_asks_by_itself_keeps_no_screen_open(void **state)
{
	struct browser b;

	(void)state;
	caller_sign_in(&b, "Ana");
	env_test_pass(caller_office->env, 20 * MINUTE);
	assert_int_equal(caller_ask(&b, "GET", "/api/sync", NULL), 200);
	env_test_pass(caller_office->env, 11 * MINUTE);
	all_say(&b, is_shut_while_locked, 423, "locked");
}

static void
an_idle_session_ends(void **state)
{
	struct browser b;

	(void)state;
	caller_sign_in(&b, "Ana");
	env_test_pass(caller_office->env, 61 * MINUTE);
	all_say(&b, is_closed, 401, "session_ended");
}

static void
after_signing_out_the_cookie_opens_nothing(void **state)
{
	struct browser b, kept;

	(void)state;
	caller_sign_in(&b, "Ana");
	kept = b;
	assert_int_equal(caller_ask(&b, "DELETE", "/api/session", NULL), 200);
	all_say(&kept, is_closed, 401, "session_ended");
}

/* ---- what is taken away ---- */

static void
change(const char *name, void (*how)(struct account *a))
{
	struct replica *r = caller_office->r;
	struct fail f = { 0 };
	struct account a;

	assert_int_equal(account_find(&a, r, name, &f), OK);
	how(&a);
	assert_int_equal(replica_begin(r, &f), OK);
	assert_int_equal(account_save(&a, r, &f), OK);
	assert_int_equal(replica_commit(r, &f), OK);
}

static void
disable(struct account *a)
{
	a->disabled_ms = caller_office->env->wall_ms;
}

static void
reset(struct account *a)
{
	a->password_ms++;
	a->must_replace = true;
}

static void
end_now(struct account *a)
{
	a->ends_ms = 1;
}

static void
an_account_that_is_taken_away_reads_nothing_from_then_on(void **state)
{
	static void (*const ways[])(
	    struct account * a) = { reset, end_now, disable };
	static const char *const names[] = { "Aud", "Ana", "Ben" };
	struct browser b;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		caller_sign_in(&b, names[i]);
		assert_int_equal(caller_ask(&b, "GET", "/api/status", NULL),
		    200);
		change(names[i], ways[i]);
		assert_int_equal(caller_ask(&b, "GET", "/api/status", NULL),
		    401);
		assert_string_equal(caller_code(), "session_ended");
		all_say(&b, is_closed, 401, "session_ended");
	}
}

static void
a_role_that_is_taken_away_reads_nothing_from_then_on(void **state)
{
	struct fail f = { 0 };
	struct browser b;
	struct account a;

	(void)state;
	caller_sign_in(&b, "Ana");
	assert_int_equal(caller_ask(&b, "GET", "/api/home", NULL), 200);
	assert_int_equal(account_find(&a, caller_office->r, "Ana", &f), OK);
	caller_end_roles(&a.staff);
	assert_int_equal(caller_ask(&b, "GET", "/api/home", NULL), 403);
	assert_string_equal(caller_code(), "not_your_role");
	all_say(&b, is_an_officer_s_alone, 403, "not_your_role");
}

static void
an_entry_of_the_journal_with_a_long_name_in_it_is_shown(void **state)
{
	char note[128];
	struct fail f = { 0 };
	struct browser b;
	const json_t *list;

	(void)state;
	memset(note, 'a', 95);
	(void)snprintf(note + 95, sizeof(note) - 95, "\xc3\xa9");
	assert_int_equal(audit_write(caller_office->r,
			     &(struct audit_entry){ .act = "revoke",
				 .note = note },
			     &f),
	    OK);
	caller_sign_in(&b, "Aud");
	assert_int_equal(caller_ask(&b, "GET", "/api/audit?act=revoke", NULL),
	    200);
	list = json_object_get(caller_answer(), "data");
	assert_int_equal(json_array_size(list), 1);
	note[95] = '\0';
	assert_string_equal(json_string_value(
				json_object_get(json_array_get(list, 0),
				    "note")),
	    note);
}

/* ---- whose records ---- */

static void
who_has_only_a_case_load_sees_nobody_else(void **state)
{
	struct browser b;
	char path[96], id[ID_TEXT_BYTES];
	struct row_id pat = office_person(caller_office, "Pat Sample");

	(void)state;
	hex_encode(id, pat.b, ID_BYTES);
	caller_sign_in(&b, "Ana");
	(void)snprintf(path, sizeof(path), "/api/records/person/%s", id);
	assert_int_equal(caller_ask(&b, "GET", path, NULL), 200);
	assert_int_equal(caller_found(&b, "pat"), 1);
	caller_sign_in(&b, "Ben");
	assert_int_equal(caller_ask(&b, "GET", path, NULL), 404);
	assert_int_equal(caller_found(&b, "pat"), 0);
	assert_int_equal(caller_ask(&b, "GET", "/api/records/person", NULL),
	    200);
	assert_int_equal(json_array_size(
			     json_object_get(caller_answer(), "data")),
	    0);
	(void)snprintf(path, sizeof(path), "/api/people/%s/timeline", id);
	assert_int_equal(caller_ask(&b, "GET", path, NULL), 404);
	(void)snprintf(path, sizeof(path), "/api/records/person/%s/history",
	    id);
	assert_int_equal(caller_ask(&b, "GET", path, NULL), 404);
}

/* A person with that number, as the agency keeps it. */
static struct row_id
numbered(const char *name, const char *number)
{
	struct row_id person = office_person(caller_office, name), made;
	struct write_field fields[] = {
		{ caller_field("person_identifier", "system"),
		    caller_text("agency") },
		{ caller_field("person_identifier", "value"),
		    caller_text(number) },
	};
	struct write_request q = {
		.table = registry_table(replica_registry(caller_office->r),
		    "person_identifier"),
		.subject = &person,
		.fields = fields,
		.field_count = COUNT_OF(fields)
	};

	assert_int_equal(write_row(caller_office->r, &made, NULL, &q, NULL),
	    OK);
	return person;
}

/* One answer, byte for byte, and an entry of the journal for each. */
static void
one_answer(struct browser *b, const char *method, const char *target,
    const char *const *bodies, size_t n)
{
	char first[1024];
	int64_t before = office_number(caller_office,
	    "SELECT coalesce(sum(count), 0) FROM _audit WHERE result <> 0");

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(caller_ask(b, method,
				     target != NULL ? target : bodies[i],
				     target != NULL ? bodies[i] : NULL),
		    404);
		assert_true(caller_raw()->n < sizeof(first));
		if (i == 0)
			memcpy(first, caller_raw()->p, caller_raw()->n);
		assert_memory_equal(caller_raw()->p, first, caller_raw()->n);
	}
	assert_int_equal(office_number(caller_office,
			     "SELECT coalesce(sum(count), 0) FROM _audit WHERE "
			     "result <> 0"),
	    before + (int64_t)n);
}

static void
a_number_does_not_tell_who_is_a_client(void **state)
{
	static const char *const lists[] = {
		"{\"fields\": {\"person\": \"number:R-0\"}}",
		"{\"fields\": {\"person\": \"number:R-1\"}}",
		"{\"fields\": {\"person\": \"number:R-2\"}}"
	};
	static const char *const people[] = {
		"/api/people/00000000000000000000000000000001",
		"/api/people/00000000000000000000000000000002"
	};
	static const char *const addresses[] = { "/api/people/number:R-1",
		"/api/records/person/number:R-1",
		"/api/records/contact_note?fields.person=number:R-1",
		"/api/records/person?fields.legal_name=Pat+Sample" };
	struct browser b;

	(void)state;
	(void)numbered("Pat Sample", "R-1");
	(void)numbered("Jo Sample", "R-2");
	(void)numbered("Al Sample", "R-2");
	caller_sign_in(&b, "Ben");
	one_answer(&b, "GET", NULL, people, COUNT_OF(people));
	one_answer(&b, "POST", "/api/records/contact_note/list", lists,
	    COUNT_OF(lists));
	caller_sign_in(&b, "Ana");
	assert_int_equal(caller_ask(&b, "POST",
			     "/api/records/contact_note/list", lists[1]),
	    200);
	/* an address lands in histories: it holds ids alone, for everybody */
	for (size_t i = 0; i < COUNT_OF(addresses); i++) {
		assert_int_equal(caller_ask(&b, "GET", addresses[i], NULL),
		    400);
		assert_string_equal(caller_code(), "bad_field");
	}
}

static int64_t
refusals(const char *note)
{
	char sql[256];

	(void)snprintf(sql, sizeof(sql),
	    "SELECT count(*) FROM _audit WHERE act = 'refused' AND result <> 0 "
	    "AND note LIKE '%%%s%%'",
	    note);
	return office_number(caller_office, sql);
}

static void
what_is_refused_by_role_or_token_stands_in_the_journal(void **state)
{
	struct browser b;

	(void)state;
	caller_sign_in(&b, "Ben");
	assert_int_equal(refusals("/api/accounts"), 0);
	assert_int_equal(caller_ask(&b, "GET", "/api/accounts", NULL), 403);
	assert_int_equal(refusals("GET /api/accounts: not for that role"), 1);
	memset(b.token, 'x', sizeof(b.token) - 1);
	assert_int_equal(caller_ask(&b, "POST", "/api/search",
			     "{\"q\": \"pat\"}"),
	    403);
	assert_int_equal(refusals("POST /api/search: without the token"), 1);
}

static struct row_id
staff_of(const char *account)
{
	struct account a;
	struct fail f = { 0 };

	assert_int_equal(account_find(&a, caller_office->r, account, &f), OK);
	return a.staff;
}

static void
who_audits_all_and_has_one_case_load_sees_the_case_load(void **state)
{
	struct row_id ben = staff_of("Ben");
	struct browser b;

	(void)state;
	(void)office_person(caller_office, "Pat Sample");
	(void)caller_role(&ben, "auditor", "all");
	caller_sign_in(&b, "Ben");
	assert_int_equal(caller_ask(&b, "GET", "/api/records/person", NULL),
	    200);
	assert_int_equal(json_array_size(
			     json_object_get(caller_answer(), "data")),
	    0);
	assert_int_equal(caller_ask(&b, "GET", "/api/audit", NULL), 200);
}

static void
a_role_holds_to_the_end_of_its_last_day_whoever_asks(void **state)
{
	struct row_id ben = staff_of("Ben");
	struct replica *r = caller_office->r;
	struct write_field given[] = {
		{ caller_field("staff_role", "staff_id"),
		    { .type = VALUE_ID, .p = ben.b, .n = ID_BYTES } },
		{ caller_field("staff_role", "role"),
		    caller_text("privacy_officer") },
		{ caller_field("staff_role", "scope"), caller_text("all") },
		{ caller_field("staff_role", "valid_to"),
		    { .type = VALUE_DATE, .i = policy_today(r) } },
	};
	struct account a;
	struct account_rights rights;
	struct fail f = { 0 };

	(void)state;
	(void)caller_row("staff_role", given, COUNT_OF(given));
	assert_int_equal(account_find(&a, r, "Ben", &f), OK);
	assert_int_equal(account_rights(&rights, r, &a, 30, &f), OK);
	assert_int_equal(rights.scope, ACCOUNT_SCOPE_ALL);
	assert_int_equal(refuse_signer(r, &ben, &f), OK);
	env_test_pass(caller_office->env, 24 * 60 * MINUTE);
	assert_int_equal(account_rights(&rights, r, &a, 30, &f), OK);
	assert_int_equal(rights.scope, ACCOUNT_SCOPE_CASELOAD);
	assert_int_equal(refuse_signer(r, &ben, &f), ERR_DENIED);
}

int
main(void)
{
#define WALK(test) \
	cmocka_unit_test_setup_teardown(test, caller_begin, caller_end)
	const struct CMUnitTest tests[] = {
		WALK(who_is_not_signed_in_gets_nothing),
		WALK(a_wrong_password_says_nothing_else),
		WALK(before_the_banner_nothing_is_open),
		WALK(without_its_own_token_nothing_is_changed),
		WALK(another_role_gets_nothing),
		WALK(the_right_role_is_let_through_everywhere),
		WALK(a_locked_screen_shows_nothing),
		WALK(what_the_page_asks_by_itself_keeps_no_screen_open),
		WALK(an_idle_session_ends),
		WALK(after_signing_out_the_cookie_opens_nothing),
		WALK(an_account_that_is_taken_away_reads_nothing_from_then_on),
		WALK(a_role_that_is_taken_away_reads_nothing_from_then_on),
		WALK(an_entry_of_the_journal_with_a_long_name_in_it_is_shown),
		WALK(who_has_only_a_case_load_sees_nobody_else),
		WALK(a_number_does_not_tell_who_is_a_client),
		WALK(what_is_refused_by_role_or_token_stands_in_the_journal),
		WALK(who_audits_all_and_has_one_case_load_sees_the_case_load),
		WALK(a_role_holds_to_the_end_of_its_last_day_whoever_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
