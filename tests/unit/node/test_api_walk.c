/* The API with real accounts and a real replica: every route under every state that
 * its caller can be in, by a clock that nobody has to wait for; and a day's work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/account/admin.h"
#include "node/api/api.h"
#include "node/api/route.h"
#include "node/api/session.h"
#include "tests/support/office.h"

#define MINUTE ((int64_t)60 * 1000)
#define PASSWORD "tin roof rain"
#define HOST "127.0.0.1:7480"

static struct office *north;
static struct engine engine;
static struct api api;
static struct fail why;
static struct row_id ana;

/* ---- an office with accounts ---- */

static struct value
text(const char *s)
{
	return (struct value){ .type = VALUE_TEXT,
		.p = (const uint8_t *)s,
		.n = strlen(s) };
}

static struct row_id
write(const char *table, struct write_field *fields, size_t n)
{
	const struct table *t =
	    registry_table(replica_registry(north->r), table);
	struct write_request q = { .table = t,
		.fields = fields,
		.field_count = n };
	struct row_id id;
	int64_t draft;

	assert_int_equal(write_row(north->r, &id, &draft, &q, &why), OK);
	return id;
}

static const struct field *
field(const char *table, const char *name)
{
	return table_field(registry_table(replica_registry(north->r), table),
	    name);
}

/* Somebody of the staff with a role that reaches so far, and an account. */
static struct row_id
new_person_of_staff(const char *name, const char *role, const char *scope)
{
	struct write_field who = { field("staff", "name"), text(name) };
	struct row_id staff = write("staff", &who, 1);
	struct write_field given[] = {
		{ field("staff_role", "staff_id"),
		    { .type = VALUE_ID, .p = staff.b, .n = ID_BYTES } },
		{ field("staff_role", "role"), text(role) },
		{ field("staff_role", "scope"), text(scope) },
	};
	struct account_new q = { .name = name, .staff = staff };
	struct renewal w;
	int64_t no;

	(void)write("staff_role", given, COUNT_OF(given));
	assert_int_equal(renew_make(&w, &north->env->env, "", name, NULL,
			     PASSWORD, strlen(PASSWORD), &why),
	    OK);
	assert_int_equal(replica_begin(north->r, &why), OK);
	assert_int_equal(admin_add(&no, north->r, &q, &w, NULL, &why), OK);
	assert_int_equal(replica_commit(north->r, &why), OK);
	return staff;
}

static int
an_office(void **state)
{
	struct account_settings s;

	(void)state;
	why = (struct fail){ 0 };
	north = office_found("North", KIND_PROBATION, 1);
	assert_int_equal(engine_init(&engine, north->r, &why), OK);
	ana = new_person_of_staff("Ana", "officer", "all");
	(void)new_person_of_staff("Ben", "officer", "caseload");
	(void)new_person_of_staff("Aud", "auditor", "all");
	account_defaults(&s);
	s.totp = false;
	api = (struct api){ .engine = &engine, .dir = north->dir };
	assert_int_equal(accounts_new(&api.accounts, &engine, &s, &why), OK);
	api_add_host(&api, HOST);
	return 0;
}

static int
it_ends(void **state)
{
	(void)state;
	accounts_free(api.accounts);
	engine_release(&engine);
	office_free(north);
	return 0;
}

/* ---- a browser ---- */

struct browser {
	char cookie[API_COOKIE_BYTES], token[API_TOKEN_BYTES];
};

static json_t *last; /* the answer to the last request */

static unsigned
ask(struct browser *b, const char *method, const char *target, const char *body)
{
	struct api_request q = { .method = method,
		.target = target,
		.host = HOST,
		.origin = "http://" HOST,
		.type = "application/json",
		.from = "127.0.0.1" };
	struct api_reply reply = { .status = 0 };

	if (b != NULL && b->cookie[0] != '\0')
		q.cookie = b->cookie;
	if (b != NULL && b->token[0] != '\0')
		q.token = b->token;
	q.body = (const uint8_t *)body;
	q.body_n = body != NULL ? strlen(body) : 0;
	api_answer(&api, &reply, &q);
	json_decref(last);
	last = json_loadb((const char *)reply.body.p, reply.body.n, 0, NULL);
	assert_true(json_is_object(last));
	if (b != NULL && reply.cookie[0] != '\0')
		(void)snprintf(b->cookie, sizeof(b->cookie), "%.*s",
		    (int)strcspn(reply.cookie, ";"), reply.cookie);
	buf_release(&reply.body);
	return reply.status;
}

static const char *
code(void)
{
	return json_string_value(
	    json_object_get(json_object_get(last, "error"), "code"));
}

static const json_t *
data(const char *name)
{
	return json_object_get(json_object_get(last, "data"), name);
}

static void
keep_token(struct browser *b)
{
	(void)snprintf(b->token, sizeof(b->token), "%s",
	    json_string_value(data("token")));
}

/* Signed in, and what must be done first is done. */
static void
sign_in(struct browser *b, const char *name)
{
	char body[128];

	*b = (struct browser){ .cookie = "" };
	(void)snprintf(body, sizeof(body),
	    "{\"name\": \"%s\", \"password\": \"" PASSWORD "\"}", name);
	assert_int_equal(ask(b, "POST", "/api/session", body), 200);
	keep_token(b);
	assert_int_equal(ask(b, "POST", "/api/session/banner", NULL), 200);
}

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
	return ask(b, r->method, target, r->body != NULL ? "{}" : NULL);
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
		if (have != status || code() == NULL ||
		    strcmp(code(), want) != 0)
			print_error("%s %s: want %u %s, have %u %s\n",
			    r->method, r->path, status, want, have,
			    code() != NULL ? code() : "");
		assert_int_equal(have, status);
		assert_string_equal(code(), want);
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
	assert_int_equal(ask(NULL, "POST", "/api/session",
			     "{\"name\": \"Ana\", \"password\": \"no\"}"),
	    401);
	assert_string_equal(code(), "not_accepted");
	assert_int_equal(ask(NULL, "POST", "/api/session",
			     "{\"name\": \"Zoe\", \"password\": \"no\"}"),
	    401);
	assert_string_equal(code(), "not_accepted");
}

static void
before_the_banner_nothing_is_open(void **state)
{
	struct browser b = { .cookie = "" };

	(void)state;
	assert_int_equal(ask(&b, "POST", "/api/session",
			     "{\"name\": \"Ana\", \"password\": \"" PASSWORD
			     "\"}"),
	    200);
	keep_token(&b);
	all_say(&b, is_shut_before_duties, 403, "duty_first");
}

static void
without_its_own_token_nothing_is_changed(void **state)
{
	struct browser b, other;

	(void)state;
	sign_in(&b, "Ana");
	sign_in(&other, "Ana");
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
	sign_in(&b, "Aud");
	all_say(&b, is_not_an_auditor_s, 403, "not_your_role");
}

/* {} is not what most routes take, but who asks may ask. */
static void
the_right_role_is_let_through_everywhere(void **state)
{
	struct browser b;

	(void)state;
	sign_in(&b, "Ana");
	for (size_t i = 0; i < api_route_count; i++) {
		unsigned have;

		if (!is_an_officer_s(&api_routes[i]))
			continue;
		have = ask_route(&b, &api_routes[i]);
		if (have != 200 && have != 400 && have != 404)
			print_error("%s %s: %u %s\n", api_routes[i].method,
			    api_routes[i].path, have, code());
		assert_true(have == 200 || have == 400 || have == 404);
	}
}

static void
a_locked_screen_shows_nothing(void **state)
{
	struct browser b;

	(void)state;
	sign_in(&b, "Ana");
	assert_int_equal(ask(&b, "POST", "/api/session/lock", NULL), 200);
	all_say(&b, is_shut_while_locked, 423, "locked");
	assert_int_equal(ask(&b, "GET", "/api/session", NULL), 200);
	assert_string_equal(json_string_value(data("state")), "locked");
	assert_int_equal(ask(&b, "POST", "/api/session/unlock",
			     "{\"password\": \"no\"}"),
	    401);
	assert_int_equal(ask(&b, "POST", "/api/session/unlock",
			     "{\"password\": \"" PASSWORD "\"}"),
	    200);
	keep_token(&b);
	assert_int_equal(ask(&b, "GET", "/api/status", NULL), 200);
}

/* The page asks how far the peers are, and that is nobody's act. */
static void
what_the_page_asks_by_itself_keeps_no_screen_open(void **state)
{
	struct browser b;

	(void)state;
	sign_in(&b, "Ana");
	env_test_pass(north->env, 20 * MINUTE);
	assert_int_equal(ask(&b, "GET", "/api/sync", NULL), 200);
	env_test_pass(north->env, 11 * MINUTE);
	all_say(&b, is_shut_while_locked, 423, "locked");
}

static void
an_idle_session_ends(void **state)
{
	struct browser b;

	(void)state;
	sign_in(&b, "Ana");
	env_test_pass(north->env, 61 * MINUTE);
	all_say(&b, is_closed, 401, "session_ended");
}

static void
after_signing_out_the_cookie_opens_nothing(void **state)
{
	struct browser b, kept;

	(void)state;
	sign_in(&b, "Ana");
	kept = b;
	assert_int_equal(ask(&b, "DELETE", "/api/session", NULL), 200);
	all_say(&kept, is_closed, 401, "session_ended");
}

/* ---- whose records ---- */

static void
who_has_only_a_case_load_sees_nobody_else(void **state)
{
	struct browser b;
	char path[96], id[ID_TEXT_BYTES];
	struct row_id pat = office_person(north, "Pat Sample");

	(void)state;
	hex_encode(id, pat.b, ID_BYTES);
	sign_in(&b, "Ana");
	(void)snprintf(path, sizeof(path), "/api/records/person/%s", id);
	assert_int_equal(ask(&b, "GET", path, NULL), 200);
	assert_int_equal(ask(&b, "GET", "/api/search?q=pat", NULL), 200);
	assert_int_equal(json_array_size(json_object_get(last, "data")), 1);
	sign_in(&b, "Ben");
	assert_int_equal(ask(&b, "GET", path, NULL), 404);
	assert_int_equal(ask(&b, "GET", "/api/search?q=pat", NULL), 200);
	assert_int_equal(json_array_size(json_object_get(last, "data")), 0);
	assert_int_equal(ask(&b, "GET", "/api/records/person", NULL), 200);
	assert_int_equal(json_array_size(json_object_get(last, "data")), 0);
	(void)snprintf(path, sizeof(path), "/api/people/%s/timeline", id);
	assert_int_equal(ask(&b, "GET", path, NULL), 404);
	(void)snprintf(path, sizeof(path), "/api/records/person/%s/history",
	    id);
	assert_int_equal(ask(&b, "GET", path, NULL), 404);
}

int
main(void)
{
#define WALK(test) cmocka_unit_test_setup_teardown(test, an_office, it_ends)
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
		WALK(who_has_only_a_case_load_sees_nobody_else),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	json_decref(last);
	return failed;
}
