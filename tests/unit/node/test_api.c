/* The API's own parts: targets, JSON, routes, cookies, and all that is refused
 * before anybody is asked who they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "node/api/handlers.h"
#include "node/api/api.h"
#include "node/api/route.h"
#include "node/api/session.h"
#include "node/cli.h"
#include "sync/env.h"

static struct fail why;

/* ---- targets ---- */

static enum err
target(struct target *t, const char *text)
{
	why = (struct fail){ 0 };
	return target_parse(t, text, &why);
}

static void
a_target_is_taken_apart_and_decoded(void **state)
{
	struct target t;

	(void)state;
	assert_int_equal(target(&t, "/api/people/a%2Fb?q=J%C3%BCrgen+M&x="),
	    OK);
	assert_int_equal(t.segment_count, 3);
	assert_string_equal(t.segments[2], "a/b");
	assert_int_equal(t.pair_count, 2);
	assert_string_equal(t.pairs[0].value, "J\xc3\xbcrgen M");
	assert_string_equal(t.pairs[1].value, "");
}

static void
a_target_that_can_be_read_two_ways_is_refused(void **state)
{
	static const char *const bad[] = { "", "api", "/api/..", "/api/.",
		"/api/%2e%2e", "/a%00b", "/a%0ab", "/a%zz", "/a%4", "/a%",
		"/a%ff", "/a#b", "/a?b", "/a?b=1&b=2", "/a?b=%00",
		"/1/2/3/4/5/6/7/8/9" };
	struct target t;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_not_equal(target(&t, bad[i]), OK);
		assert_true(why.text[0] != '\0');
	}
}

static void
a_target_longer_than_its_bound_is_refused(void **state)
{
	char text[TARGET_BYTES + 8];
	struct target t;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[0] = '/';
	text[TARGET_BYTES - 1] = '\0';
	assert_int_equal(target(&t, text), OK);
	text[TARGET_BYTES - 1] = 'a';
	text[TARGET_BYTES] = '\0';
	assert_int_equal(target(&t, text), ERR_LIMIT);
}

/* ---- JSON ---- */

static const struct api_field items[] = {
	{ .name = "appointment", .type = API_WORD, .must = true },
	{ .name = "minutes", .type = API_INT },
	{ .name = NULL },
};
static const struct api_field fields[] = {
	{ .name = "fields", .type = API_ROW },
	{ .name = "name", .type = API_WORD },
	{ .name = "note", .type = API_TEXT },
	{ .name = "keep", .type = API_INT },
	{ .name = "confirm", .type = API_BOOL },
	{ .name = "categories", .type = API_WORDS },
	{ .name = "attendance", .type = API_LIST, .items = items },
	{ .name = NULL },
};

static enum err
json(const char *text)
{
	json_t *j = NULL;
	enum err e;

	why = (struct fail){ 0 };
	e = api_json_parse(&j, text, strlen(text), fields, &why);
	assert_true((e == OK) == (j != NULL));
	json_decref(j);
	return e;
}

static void
json_that_fits_its_fields_is_taken(void **state)
{
	(void)state;
	assert_int_equal(json(""), OK);
	assert_int_equal(json("{}"), OK);
	assert_int_equal(json("{\"fields\": {\"legal_name\": \"A\", \"n\": 1, "
			      "\"b\": true, "
			      "\"c\": null}, \"name\": \"x\", \"keep\": 2, "
			      "\"confirm\": "
			      "false, \"categories\": [\"SUP.case\"], "
			      "\"attendance\": "
			      "[{\"appointment\": \"ab\", \"minutes\": 90}]}"),
	    OK);
}

static void
json_that_is_not_strict_is_refused(void **state)
{
	static const char *const bad[] = { "{", "[]", "1", "null", "\"a\"",
		"{} {}", "{\"name\": \"a\", \"name\": \"b\"}",
		"{\"fields\": {\"a\": 1, \"a\": 2}}", "{\"name\": \"\\u0000\"}",
		"{\"name\": \"\xff\"}", "{\"name\": \"a\",}",
		"{\"keep\": 99999999999999999999}", "{'name': 1}" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(json(bad[i]), ERR_FORMAT);
}

static void
json_deeper_than_its_bound_is_refused_before_it_is_read(void **state)
{
	(void)state;
	assert_int_equal(json("[[[[[[[[[1]]]]]]]]]"), ERR_FORMAT);
	assert_non_null(strstr(why.text, "brackets"));
	/* brackets in a text are text */
	assert_int_equal(json("{\"note\": \"[[[[[[[[[[[[\\\"[\"}"), OK);
}

static void
json_that_does_not_fit_says_which_field(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "{\"other\": 1}", "other is not known" },
		{ "{\"<b>\": 1}", "(not a name) is not known" },
		{ "{\"name\": 1}", "name: want a text" },
		{ "{\"keep\": -1}", "keep: want a whole number" },
		{ "{\"keep\": 1.5}", "keep: want a whole number" },
		{ "{\"confirm\": 1}", "confirm: want true or false" },
		{ "{\"categories\": []}", "categories: want a list" },
		{ "{\"categories\": [1]}", "categories: want texts" },
		{ "{\"fields\": {\"a\": []}}", "fields: a: want a text" },
		{ "{\"fields\": {\"a\": 1.5}}", "fields: a: want a text" },
		{ "{\"fields\": {}}", "fields: want an object" },
		{ "{\"attendance\": [{}]}",
		    "number 1: appointment is missing" },
		{ "{\"attendance\": [{\"appointment\": \"a\", \"x\": 1}]}",
		    "x is not known" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(json(bad[i].text), ERR_INPUT);
		assert_non_null(strstr(why.text, bad[i].says));
	}
}

static void
pairs_behind_the_question_mark_are_typed(void **state)
{
	static const struct api_field query[] = {
		{ .name = "limit", .type = API_INT },
		{ .name = "all", .type = API_BOOL },
		{ .name = "fields", .type = API_ROW },
		{ .name = NULL },
	};
	struct target t;
	json_t *j = NULL;

	(void)state;
	assert_int_equal(target(&t, "/a?limit=20&all=true&fields.person=ab"),
	    OK);
	assert_int_equal(api_json_query(&j, &t, query, &why), OK);
	assert_int_equal(json_integer_value(json_object_get(j, "limit")), 20);
	assert_true(json_is_true(json_object_get(j, "all")));
	assert_string_equal(json_string_value(
				json_object_get(json_object_get(j, "fields"),
				    "person")),
	    "ab");
	json_decref(j);
	assert_int_equal(target(&t, "/a?limit=2x"), OK);
	assert_int_equal(api_json_query(&j, &t, query, &why), ERR_INPUT);
	assert_int_equal(target(&t, "/a?fields=x"), OK);
	assert_int_equal(api_json_query(&j, &t, query, &why), ERR_INPUT);
}

/* ---- routes ---- */

static const struct cli_command *
command(const char *name)
{
	for (size_t i = 0; i < cli_table_count; i++) {
		if (strcmp(cli_table[i].name, name) == 0)
			return &cli_table[i];
	}
	return NULL;
}

static bool
has_option(const struct cli_command *c, const char *name)
{
	const struct cli_option *o = c->options;

	while (o != NULL && o->name != NULL && strcmp(o->name, name) != 0)
		o++;
	return o != NULL && o->name != NULL;
}

static void
options_are_there(const struct api_route *r, const struct api_field *f)
{
	for (; f != NULL && f->name != NULL; f++) {
		if (f->to == API_OPTION)
			assert_true(has_option(command(r->command),
			    f->option != NULL ? f->option : f->name));
	}
}

static bool
wants_confirm(const struct api_route *r)
{
	const struct api_field *f = r->body;

	while (f != NULL && f->name != NULL && strcmp(f->name, "confirm") != 0)
		f++;
	return f != NULL && f->name != NULL;
}

/* Those that look at something else first end in do_confirmed. */
static bool
confirms(const struct api_route *r)
{
	return r->handle == do_confirmed || r->handle == do_share ||
	    r->handle == do_carry || r->handle == do_consent_sign;
}

/* What a route says of itself holds: no command without its options, nothing
 * written by GET, and what asks a question on the command line asks here. */
static void
every_route_is_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < api_route_count; i++) {
		const struct api_route *r = &api_routes[i];
		bool changes = (r->flags & (API_WRITES | API_SESSION)) != 0;

		assert_true(r->command != NULL || r->handle != NULL);
		assert_int_equal(strncmp(r->path, "/api/", 5), 0);
		assert_true(strcmp(r->method, "GET") != 0 || !changes);
		assert_true(r->roles == API_PUBLIC ||
		    strcmp(r->method, "GET") == 0 || changes);
		assert_int_equal((r->flags & API_CONFIRMED) != 0,
		    wants_confirm(r));
		if (r->command == NULL)
			continue;
		assert_non_null(command(r->command));
		if (command(r->command)->question != NULL)
			assert_true((r->flags & API_CONFIRMED) != 0);
		/* who says again at a terminal who they are does so here */
		if ((command(r->command)->flags & CLI_PROVES) != 0)
			assert_true(confirms(r));
		options_are_there(r, r->query);
		options_are_there(r, r->body);
	}
}

/* node/API.md has the table as it is. */
static void
the_document_lists_the_routes_as_they_are(void **state)
{
	struct buf list = { 0 }, text = { 0 };
	const struct env *env = env_posix();

	(void)state;
	route_list(&list);
	assert_int_equal(env->file_read(env->self, &text, "node/API.md",
			     (size_t)1 << 20, &why),
	    OK);
	assert_non_null(strstr(buf_cstr(&text), buf_cstr(&list)));
	buf_release(&list);
	buf_release(&text);
}

static enum api_error
find(const struct api_route **r, const char *values[static ROUTE_VALUES],
    const char *method, const char *text)
{
	static struct target t;
	char allow[ROUTE_ALLOW_BYTES];
	enum api_error e;

	assert_int_equal(target(&t, text), OK);
	e = route_find(r, values, allow, method, &t);
	if (e == API_METHOD)
		assert_true(allow[0] != '\0');
	return e;
}

static void
a_route_is_found_by_method_and_path(void **state)
{
	const struct api_route *r;
	const char *values[ROUTE_VALUES];

	(void)state;
	assert_int_equal(find(&r, values, "PATCH", "/api/records/person/3f2a"),
	    API_OK);
	assert_string_equal(route_value(r, values, "table"), "person");
	assert_string_equal(route_value(r, values, "id"), "3f2a");
	assert_null(route_value(r, values, "person"));
	assert_int_equal(find(&r, values, "PUT", "/api/hello"), API_METHOD);
	assert_int_equal(find(&r, values, "GET", "/api"), API_PATH);
	assert_int_equal(find(&r, values, "GET", "/"), API_PATH);
	assert_int_equal(find(&r, values, "GET", "/api/hello/"), API_PATH);
	assert_int_equal(find(&r, values, "GET", "//api/hello"), API_PATH);
	assert_int_equal(find(&r, values, "GET", "/api/people//access"),
	    API_PATH);
	assert_int_equal(find(&r, values, "get", "/api/hello"), API_METHOD);
}

/* "all" would fit the :id of another route that goes on behind it. */
static void
what_another_pattern_began_to_take_is_no_value_of_this_one(void **state)
{
	const struct api_route *r;
	const char *values[ROUTE_VALUES];

	(void)state;
	assert_int_equal(find(&r, values, "GET", "/api/emergencies/all"),
	    API_OK);
	for (size_t k = 0; k < ROUTE_VALUES; k++)
		assert_null(values[k]);
}

/* ---- cookies ---- */

#define TOKEN "0123456789012345678901234567890123456789abc"

static void
the_session_is_found_among_other_cookies(void **state)
{
	char out[ACCOUNT_TOKEN_BYTES];

	(void)state;
	assert_true(
	    session_cookie(out, "a=b; footbridge=" TOKEN "; c=d", false));
	assert_string_equal(out, TOKEN);
	assert_true(session_cookie(out, "__Host-footbridge=" TOKEN, true));
	/* what another page on this host could set is not taken over TLS */
	assert_false(session_cookie(out, "footbridge=" TOKEN, true));
	assert_false(session_cookie(out, NULL, false));
	assert_false(session_cookie(out, "footbridge=short", false));
	assert_false(session_cookie(out, "xfootbridge=" TOKEN, false));
	assert_false(session_cookie(out,
	    "footbridge=" TOKEN "; footbridge=" TOKEN, false));
}

static void
the_cookie_is_for_this_page_alone(void **state)
{
	char text[API_COOKIE_BYTES];

	(void)state;
	session_set_cookie(text, TOKEN, true);
	assert_string_equal(text,
	    "__Host-footbridge=" TOKEN
	    "; Path=/; HttpOnly; SameSite=Strict; Secure");
	session_set_cookie(text, NULL, false);
	assert_string_equal(text,
	    "footbridge=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
}

/* ---- what is refused before anything is asked ---- */

static unsigned
ask(struct api_request q)
{
	struct api api = { .engine = NULL };
	struct api_reply reply = { .status = 0 };

	api_add_host(&api, "127.0.0.1:7480");
	if (q.method == NULL)
		q.method = "GET";
	if (q.target == NULL)
		q.target = "/api/hello";
	if (q.body != NULL)
		q.body_n = strlen((const char *)q.body);
	api_answer(&api, &reply, &q);
	assert_true(reply.body.n > 0);
	buf_release(&reply.body);
	return reply.status;
}

#define OURS .host = "127.0.0.1:7480"
#define BODY(text) .body = (const uint8_t *)(text)

static void
only_the_own_page_is_answered(void **state)
{
	(void)state;
	assert_int_equal(ask((struct api_request){ OURS }), 200);
	assert_int_equal(ask((struct api_request){ .host = NULL }), 421);
	assert_int_equal(ask((struct api_request){ .host = "evil:7480" }), 421);
	assert_int_equal(ask((struct api_request){ .host = "127.0.0.1" }), 421);
	assert_int_equal(ask((struct api_request){ OURS,
			     .origin = "http://127.0.0.1:7480" }),
	    200);
	assert_int_equal(ask((struct api_request){ OURS,
			     .origin = "https://127.0.0.1:7480" }),
	    403);
	assert_int_equal(ask((struct api_request){ OURS, .origin = "null" }),
	    403);
	assert_int_equal(ask((struct api_request){ OURS,
			     .origin = "http://evil" }),
	    403);
	assert_int_equal(ask((
			     struct api_request){ OURS, .site = "cross-site" }),
	    403);
	assert_int_equal(ask((struct api_request){ OURS, .site = "same-site" }),
	    403);
	assert_int_equal(ask((struct api_request){ OURS,
			     .site = "same-origin" }),
	    200);
}

static void
a_body_is_json_and_bounded(void **state)
{
	(void)state;
	assert_int_equal(ask((struct api_request){ OURS, .method = "POST",
			     .target = "/api/session", BODY("{}") }),
	    415);
	assert_int_equal(ask((struct api_request){ OURS, .method = "POST",
			     .target = "/api/session", .type = "text/plain",
			     BODY("{}") }),
	    415);
	assert_int_equal(ask((struct api_request){ OURS, .method = "POST",
			     .target = "/api/session",
			     .type = "application/json; charset=utf-8",
			     BODY("{}") }),
	    400);
	/* a route that takes none refuses one */
	assert_int_equal(ask((struct api_request){ OURS,
			     .type = "application/json", BODY("{\"a\": 1}") }),
	    400);
	assert_int_equal(ask((struct api_request){ OURS,
			     .target = "/api/hello?a=1" }),
	    400);
}

/* No route but the public ones says anything but that, whatever is asked. */
static void
without_accounts_nothing_is_open(void **state)
{
	(void)state;
	for (size_t i = 0; i < api_route_count; i++) {
		const struct api_route *r = &api_routes[i];

		if (r->roles == API_PUBLIC)
			continue;
		assert_int_equal(ask((struct api_request){ OURS,
				     .method = r->method, .target = r->path,
				     .cookie = "footbridge=" TOKEN }),
		    503);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_is_taken_apart_and_decoded),
		cmocka_unit_test(a_target_that_can_be_read_two_ways_is_refused),
		cmocka_unit_test(a_target_longer_than_its_bound_is_refused),
		cmocka_unit_test(json_that_fits_its_fields_is_taken),
		cmocka_unit_test(json_that_is_not_strict_is_refused),
		cmocka_unit_test(
		    json_deeper_than_its_bound_is_refused_before_it_is_read),
		cmocka_unit_test(json_that_does_not_fit_says_which_field),
		cmocka_unit_test(pairs_behind_the_question_mark_are_typed),
		cmocka_unit_test(every_route_is_whole),
		cmocka_unit_test(the_document_lists_the_routes_as_they_are),
		cmocka_unit_test(a_route_is_found_by_method_and_path),
		cmocka_unit_test(
		    what_another_pattern_began_to_take_is_no_value_of_this_one),
		cmocka_unit_test(the_session_is_found_among_other_cookies),
		cmocka_unit_test(the_cookie_is_for_this_page_alone),
		cmocka_unit_test(only_the_own_page_is_answered),
		cmocka_unit_test(a_body_is_json_and_bounded),
		cmocka_unit_test(without_accounts_nothing_is_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
