/* A day's work by the page's API. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "node/api/call.h"
#include "tests/support/caller.h"

static void
markup_and_turned_letters_come_back_as_inert_ascii(void **state)
{
	struct browser b;
	char id[ID_TEXT_BYTES];

	(void)state;
	caller_sign_in(&b, "Ana");
	caller_person(id, &b,
	    "<script>alert(1)</script> & \\u202eabc\\u202c \\u2028\\\"");
	(void)caller_must_with(&b, "GET", "/api/records/person/%s", id, "", "",
	    "");
	for (size_t i = 0; i < caller_raw()->n; i++)
		assert_true(caller_raw()->p[i] < 0x80 &&
		    caller_raw()->p[i] != '<' && caller_raw()->p[i] != '>' &&
		    caller_raw()->p[i] != '&');
	assert_string_equal(json_string_value(
				json_object_get(caller_data("fields"),
				    "legal_name")),
	    "<script>alert(1)</script> & \xe2\x80\xae"
	    "abc\xe2\x80\xac \xe2\x80\xa8\"");
}

static void
a_stale_form_overwrites_nothing_and_is_shown_what_stands(void **state)
{
	struct browser b;
	char id[ID_TEXT_BYTES], path[96], seen[128], body[256];

	(void)state;
	caller_sign_in(&b, "Ana");
	caller_person(id, &b, "Pat Sample");
	(void)snprintf(path, sizeof(path), "/api/records/person/%s", id);
	(void)caller_must(&b, "GET", path, NULL);
	(void)snprintf(seen, sizeof(seen), "%s",
	    json_string_value(caller_data("seen")));
	assert_int_equal(caller_ask(&b, "PATCH", path,
			     "{\"fields\": {\"preferred_name\": \"P\"}}"),
	    400);
	assert_string_equal(caller_code(), "bad_field");
	(void)caller_must_with(&b, "PATCH", "/api/records/person/%s", id,
	    "{\"fields\": {\"preferred_name\": \"%s\"}, \"seen\": \"%s\"}",
	    "Jo", seen);
	(void)snprintf(body, sizeof(body),
	    "{\"fields\": {\"preferred_name\": \"Jay\"}, \"seen\": \"%s\"}",
	    seen);
	assert_int_equal(caller_ask(&b, "PATCH", path, body), 409);
	assert_string_equal(caller_code(), "changed_meanwhile");
	assert_string_equal(json_string_value(json_object_get(
				json_object_get(json_object_get(caller_answer(),
						    "stands"),
				    "fields"),
				"preferred_name")),
	    "Jo");
}

static void
pages_have_each_row_once(void **state)
{
	struct browser b;
	char path[96] = "/api/records/person?limit=2", id[ID_TEXT_BYTES];
	size_t have = 0, pages = 0;

	(void)state;
	caller_sign_in(&b, "Ana");
	for (int i = 0; i < 5; i++)
		caller_person(id, &b, "Pat Sample");
	do {
		have += caller_count(&b, path);
		(void)snprintf(path, sizeof(path),
		    "/api/records/person?limit=2&after=%s",
		    json_object_get(caller_answer(), "next") != NULL
			? json_string_value(
			      json_object_get(caller_answer(), "next"))
			: "");
	} while (
	    json_object_get(caller_answer(), "next") != NULL && ++pages < 9);
	assert_int_equal(have, 5);
}

static void
search_finds_who_is_meant(void **state)
{
	static const char *const typed[] = { "jordan", "Jodran Sammple",
		"jord samp" };
	struct browser b;
	char id[ID_TEXT_BYTES], other[ID_TEXT_BYTES];

	(void)state;
	caller_sign_in(&b, "Ana");
	caller_person(id, &b, "Jordan Sample");
	caller_person(other, &b, "Quinn Other");
	for (size_t i = 0; i < COUNT_OF(typed); i++) {
		assert_int_equal(caller_found(&b, typed[i]), 1);
		assert_string_equal(
		    json_string_value(json_object_get(
			json_array_get(json_object_get(caller_answer(), "data"),
			    0),
			"person")),
		    id);
	}
}

static void
what_is_no_record_is_neither_shown_nor_written(void **state)
{
	static const char *const tables[] = { "account", "account_password",
		"_segment", "_audit", "no_such" };
	struct browser b;
	char path[96];

	(void)state;
	caller_sign_in(&b, "Ana");
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		(void)snprintf(path, sizeof(path), "/api/records/%s",
		    tables[i]);
		assert_int_equal(caller_ask(&b, "GET", path, NULL), 404);
	}
	assert_int_equal(caller_ask(&b, "POST", "/api/records/staff_role",
			     "{\"fields\": {\"role\": \"administrator\"}}"),
	    403);
	assert_string_equal(caller_code(), "not_your_role");
}

static void
new_appointment(char id[static ID_TEXT_BYTES], struct browser *b,
    const char *person, const char *at)
{
	(void)snprintf(id, ID_TEXT_BYTES, "%s",
	    caller_must_with(b, "POST", "/api/records/appointment%s", "",
		"{\"fields\": {\"person\": \"%s\", \"start_at\": \"%s\"}}",
		person, at));
}

static void
a_group_is_saved_whole_or_not_at_all(void **state)
{
	struct browser b;
	char person[ID_TEXT_BYTES], one[ID_TEXT_BYTES], two[ID_TEXT_BYTES];
	char body[512];
	const char *format =
	    "{\"on\": \"2026-04-01\", \"attendance\": [{\"appointment\": "
	    "\"%s\", \"result\": \"complied\", \"minutes\": 90}, "
	    "{\"appointment\": \"%s\", \"result\": \"%s\"}]}";

	(void)state;
	caller_sign_in(&b, "Ana");
	caller_person(person, &b, "Pat Sample");
	new_appointment(one, &b, person, "2026-04-01T09:00");
	new_appointment(two, &b, person, "2026-04-01T10:00");
	(void)snprintf(body, sizeof(body), format, one, two, "danced");
	assert_int_equal(caller_ask(&b, "POST", "/api/attendance", body), 400);
	assert_int_equal(caller_count(&b, "/api/records/attendance"), 0);
	(void)snprintf(body, sizeof(body), format, one, two, "no_show");
	(void)caller_must(&b, "POST", "/api/attendance", body);
	assert_int_equal(caller_count(&b, "/api/records/attendance"), 2);
}

static void
an_outcome_is_logged_with_one_press_and_stands_in_the_timeline(void **state)
{
	struct browser b;
	char person[ID_TEXT_BYTES], one[ID_TEXT_BYTES], path[96];

	(void)state;
	caller_sign_in(&b, "Ana");
	caller_person(person, &b, "Pat Sample");
	new_appointment(one, &b, person, "2026-04-01T09:00");
	(void)caller_must_with(&b, "POST", "/api/appointments/%s/outcome", one,
	    "{\"fields\": {\"result\": \"%s\", \"held_on\": \"%s\"}}",
	    "complied", "2026-04-02");
	(void)snprintf(path, sizeof(path), "/api/people/%s/timeline?limit=1",
	    person);
	assert_int_equal(caller_count(&b, path), 1);
	assert_string_equal(json_string_value(json_object_get(
				json_array_get(json_object_get(caller_answer(),
						   "data"),
				    0),
				"table")),
	    "attendance");
	assert_non_null(json_object_get(caller_answer(), "next"));
}

static struct row_id
row_about(const struct row_id *person, const char *table,
    struct write_field *fields, size_t n)
{
	struct write_request q = {
		.table =
		    registry_table(replica_registry(caller_office->r), table),
		.subject = person,
		.fields = fields,
		.field_count = n
	};
	struct fail f = { 0 };
	struct row_id id;
	int64_t draft;

	assert_int_equal(write_row(caller_office->r, &id, &draft, &q, &f), OK);
	return id;
}

/* By a court's order that names nobody who may still see it. */
static void
seal_category(const char *person, const char *category)
{
	struct row_id id, order;

	assert_int_equal(hex_decode(id.b, ID_BYTES, person), OK);
	struct write_field ordered[] = {
		{ caller_field("seal_order", "kind"), caller_text("seal") },
		{ caller_field("seal_order", "order_number"),
		    caller_text("J-7") },
	};
	order = row_about(&id, "seal_order", ordered, COUNT_OF(ordered));
	struct write_field closed[] = {
		{ caller_field("seal_scope", "seal_order_id"),
		    { .type = VALUE_ID, .p = order.b, .n = ID_BYTES } },
		{ caller_field("seal_scope", "category"),
		    caller_text(category) },
	};
	(void)row_about(&id, "seal_scope", closed, COUNT_OF(closed));
}

static void
what_an_order_closes_is_in_no_timeline_and_found_by_no_search(void **state)
{
	struct browser b;
	char person[ID_TEXT_BYTES], one[ID_TEXT_BYTES], path[96];

	(void)state;
	caller_sign_in(&b, "Ana");
	caller_person(person, &b, "Pat Sample");
	new_appointment(one, &b, person,
	    "2026-04-01T09:00\", \"place\": \"Bluebird Hall");
	(void)snprintf(path, sizeof(path),
	    "/api/people/%s/timeline?table=appointment", person);
	assert_int_equal(caller_count(&b, path), 1);
	assert_int_equal(caller_found(&b, "bluebird"), 1);
	seal_category(person, "SUP.schedule");
	assert_int_equal(caller_count(&b, path), 0);
	assert_int_equal(caller_found(&b, "bluebird"), 0);
	assert_int_equal(caller_found(&b, "pat"), 1);
}

static void
a_sealed_person_is_found_by_no_number_and_no_id(void **state)
{
	struct browser b;
	char person[ID_TEXT_BYTES];

	(void)state;
	caller_sign_in(&b, "Ana");
	caller_person(person, &b, "Pat Sample");
	(void)caller_must_with(&b, "POST", "/api/records/person_identifier%s",
	    "",
	    "{\"fields\": {\"person\": \"%s\", \"system\": \"agency\", "
	    "\"value\": \"%s\"}}",
	    person, "R-77");
	assert_int_equal(caller_found(&b, "R-77"), 1);
	assert_int_equal(caller_found(&b, person), 1);
	seal_category(person, "IDX");
	assert_int_equal(caller_found(&b, "R-77"), 0);
	assert_int_equal(caller_found(&b, person), 0);
}

static void
what_was_read_stands_in_the_journal(void **state)
{
	struct browser b;
	char person[ID_TEXT_BYTES];
	int64_t before;

	(void)state;
	caller_sign_in(&b, "Ana");
	caller_person(person, &b, "Pat Sample");
	before = office_number(caller_office, "SELECT count(*) FROM _audit");
	(void)caller_must_with(&b, "GET", "/api/records/person/%s", person, "",
	    "", "");
	(void)caller_must_with(&b, "GET", "/api/people/%s/timeline", person, "",
	    "", "");
	(void)caller_found(&b, "pat");
	assert_true(office_number(caller_office,
			"SELECT count(*) FROM _audit") >= before + 3);
	assert_true(office_number(caller_office,
			"SELECT count(*) FROM _audit WHERE origin = "
			"'page 127.0.0.1' AND act IN ('read', 'find')") >= 3);
}

static void
an_auditor_looks_through_the_journal_each_week(void **state)
{
	struct browser b;

	(void)state;
	caller_sign_in(&b, "Aud");
	caller_office->env->wall_ms += (int64_t)8 * 86400000;
	(void)caller_must(&b, "GET", "/api/audit/state", NULL);
	assert_true(json_is_true(caller_data("review_due")));
	assert_int_equal(json_integer_value(caller_data("first")), 1);
	(void)caller_must(&b, "GET", "/api/audit/review", NULL);
	assert_true(json_integer_value(caller_data("entries")) > 0);
	(void)caller_must(&b, "POST", "/api/audit/review", "{\"done\": true}");
	(void)caller_must(&b, "GET", "/api/audit/state", NULL);
	assert_false(json_is_true(caller_data("review_due")));
	assert_true(json_integer_value(caller_data("reviewed")) > 0);
	caller_sign_in(&b, "Ben");
	assert_int_equal(caller_ask(&b, "GET", "/api/audit/state", NULL), 403);
	assert_string_equal(caller_code(), "not_your_role");
}

/* One row of an act of several, in the name of that account. */
static enum err
put_held(const char *name, const char *person, bool untrained, struct fail *why)
{
	struct replica *r = caller_office->r;
	json_t *fields = json_pack("{s:s}", "preferred_name", "Never");
	struct engine own;
	struct api api = { .engine = &own, .dir = caller_office->dir };
	struct api_turn t = { .api = &api };
	struct account acc;
	json_t *made = NULL;
	struct call c;
	enum err e;

	assert_int_equal(engine_init(&own, r, why), OK);
	assert_int_equal(account_find(&acc, r, name, why), OK);
	t.who = (struct account_who){ .account = acc.no, .staff = acc.staff };
	assert_int_equal(account_rights(&t.who.rights, r, &acc, 30, why), OK);
	t.who.rights.read_only = untrained;
	hex_encode(t.staff, acc.staff.b, ID_BYTES);
	engine_lock(&own);
	assert_int_equal(replica_begin(r, why), OK);
	call_init(&c, &t, "put");
	call_word(&c, "person");
	call_word(&c, person);
	call_input(&c, fields);
	e = call_run_held(&c, &t, &made);
	replica_rollback(r);
	engine_unlock(&own);
	*why = t.fail;
	call_release(&c);
	json_decref(fields);
	json_decref(made);
	engine_release(&own);
	return e;
}

static void
each_row_of_an_act_is_held_to_who_asks(void **state)
{
	char person[ID_TEXT_BYTES];
	struct fail why = { 0 };
	struct browser b;

	(void)state;
	caller_sign_in(&b, "Ana");
	caller_person(person, &b, "Pat Sample");
	assert_int_equal(put_held("Ana", person, false, &why), OK);
	assert_int_equal(put_held("Ana", person, true, &why), ERR_DENIED);
	assert_non_null(strstr(why.text, "training has run out"));
	assert_int_equal(put_held("Ben", person, false, &why), ERR_DENIED);
	assert_non_null(strstr(why.text, "you may see"));
	assert_int_equal(put_held("Aud", person, false, &why), ERR_DENIED);
	assert_non_null(strstr(why.text, "not for your role"));
}

static void
forms_are_printed_for_who_may_be_seen_alone(void **state)
{
	struct browser b;
	char person[ID_TEXT_BYTES], path[128];
	const char *name;

	(void)state;
	caller_sign_in(&b, "Ana");
	caller_person(person, &b, "Pat Sample");
	assert_true(caller_count(&b, "/api/forms") > 0);
	name = json_string_value(
	    json_object_get(json_array_get(json_object_get(caller_answer(),
					       "data"),
				0),
		"name"));
	assert_non_null(name);
	(void)snprintf(path, sizeof(path), "/api/forms/%s?person=%s", name,
	    person);
	(void)caller_must(&b, "GET", path, NULL);
	caller_sign_in(&b, "Ben");
	assert_int_equal(caller_ask(&b, "GET", path, NULL), 404);
}

int
main(void)
{
#define WORK(test) \
	cmocka_unit_test_setup_teardown(test, caller_begin, caller_end)
	const struct CMUnitTest tests[] = {
		WORK(markup_and_turned_letters_come_back_as_inert_ascii),
		WORK(a_stale_form_overwrites_nothing_and_is_shown_what_stands),
		WORK(pages_have_each_row_once),
		WORK(search_finds_who_is_meant),
		WORK(what_is_no_record_is_neither_shown_nor_written),
		WORK(a_group_is_saved_whole_or_not_at_all),
		WORK(
		    an_outcome_is_logged_with_one_press_and_stands_in_the_timeline),
		WORK(
		    what_an_order_closes_is_in_no_timeline_and_found_by_no_search),
		WORK(a_sealed_person_is_found_by_no_number_and_no_id),
		WORK(what_was_read_stands_in_the_journal),
		WORK(each_row_of_an_act_is_held_to_who_asks),
		WORK(an_auditor_looks_through_the_journal_each_week),
		WORK(forms_are_printed_for_who_may_be_seen_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
