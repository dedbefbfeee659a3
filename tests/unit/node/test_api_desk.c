/* What the page shows first: the day, the case load, one person's head, and what is
 * being typed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/caller.h"

static struct browser ana;
static char person[ID_TEXT_BYTES];

static const char *
text(const json_t *j, const char *name)
{
	const char *s = json_string_value(json_object_get(j, name));

	return s != NULL ? s : "";
}

/* A new row of Ana's; its id stays in the answer. */
static void
put(const char *table, const char *format, const char *a, const char *b)
{
	char path[64], body[512];

	(void)snprintf(path, sizeof(path), "/api/records/%s", table);
	(void)snprintf(body, sizeof(body), format, a, b);
	assert_int_equal(caller_ask(&ana, "POST", path, body), 200);
}

static const char *
ana_staff(void)
{
	assert_int_equal(caller_ask(&ana, "GET", "/api/session", NULL), 200);
	return text(json_object_get(caller_answer(), "data"), "staff");
}

/* Ana's day has one person: Pat, high, seen by nobody yet. */
static int
one_case(void **state)
{
	char staff[ID_TEXT_BYTES];

	if (caller_begin(state) != 0)
		return -1;
	caller_sign_in(&ana, "Ana");
	(void)snprintf(staff, sizeof(staff), "%s", ana_staff());
	put("person", "{\"fields\": {\"legal_name\": \"%s\"}}%s", "Pat Sample",
	    "");
	(void)snprintf(person, sizeof(person), "%s",
	    json_string_value(caller_data("id")));
	put("episode",
	    "{\"fields\": {\"person\": \"%s\", \"kind\": \"probation\", "
	    "\"level\": \"high\", \"status\": \"%s\"}}",
	    person, "active");
	put("assignment",
	    "{\"fields\": {\"person\": \"%s\", \"staff_id\": \"%s\", "
	    "\"role\": \"lead\"}}",
	    person, staff);
	return 0;
}

static const json_t *
ask(const char *target)
{
	assert_int_equal(caller_ask(&ana, "GET", target, NULL), 200);
	return json_object_get(caller_answer(), "data");
}

/* The civil date so many days from the office's own today. */
static void
day_from_today(char out[static 16], int days)
{
	struct value v = { .type = VALUE_DATE };
	struct buf b = { 0 };
	struct fail f = { 0 };

	assert_int_equal(value_parse(&v, &b, VALUE_DATE,
			     text(ask("/api/home"), "today"), &f),
	    OK);
	v.i += days;
	value_print(&b, &v);
	(void)snprintf(out, 16, "%s", buf_cstr(&b));
	buf_release(&b);
}

static void
appointment(int days, const char *clock)
{
	char day[16], at[32];

	day_from_today(day, days);
	(void)snprintf(at, sizeof(at), "%sT%s", day, clock);
	put("appointment",
	    "{\"fields\": {\"person\": \"%s\", \"start_at\": \"%s\", \"kind\": "
	    "\"supervision\"}}",
	    person, at);
}

static void
the_case_load_is_whom_one_is_assigned_to(void **state)
{
	const json_t *people, *line;
	struct browser ben;

	(void)state;
	put("person", "{\"fields\": {\"legal_name\": \"%s\"}}%s", "Of Nobody",
	    "");
	people = json_object_get(ask("/api/people"), "people");
	assert_int_equal(json_array_size(people), 1);
	line = json_array_get(people, 0);
	assert_string_equal(text(line, "name"), "Pat Sample");
	assert_string_equal(text(line, "level"), "high");
	assert_int_equal(json_integer_value(
			     json_object_get(line, "contact_every_days")),
	    7);
	caller_sign_in(&ben, "Ben");
	assert_int_equal(caller_ask(&ben, "GET", "/api/people", NULL), 200);
	assert_int_equal(json_array_size(caller_data("people")), 0);
}

static void
the_day_has_what_is_on_and_what_is_to_be_logged(void **state)
{
	const json_t *home, *list;
	char id[ID_TEXT_BYTES], path[96], body[128], day[16];

	(void)state;
	appointment(0, "23:59");
	appointment(-2, "09:00");
	appointment(-31, "09:00");
	appointment(3, "09:00");
	home = ask("/api/home");
	assert_int_equal(json_array_size(json_object_get(home, "appointments")),
	    1);
	list = json_object_get(home, "to_log");
	assert_int_equal(json_array_size(list), 1);
	(void)snprintf(id, sizeof(id), "%s",
	    text(json_array_get(list, 0), "id"));
	day_from_today(day, -2);
	(void)snprintf(path, sizeof(path), "/api/appointments/%s/outcome", id);
	(void)snprintf(body, sizeof(body),
	    "{\"fields\": {\"result\": \"complied\", \"held_on\": \"%s\"}}",
	    day);
	assert_int_equal(caller_ask(&ana, "POST", path, body), 200);
	home = ask("/api/home");
	assert_int_equal(json_array_size(json_object_get(home, "to_log")), 0);
	/* who came was seen, and is due a week later */
	list = json_object_get(home, "due_soon");
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(text(json_array_get(list, 0), "last_contact"), day);
}

static void
an_attempt_is_no_contact(void **state)
{
	char day[16], at[32];

	(void)state;
	day_from_today(day, -1);
	(void)snprintf(at, sizeof(at), "%sT10:00", day);
	put("contact_note",
	    "{\"fields\": {\"person\": \"%s\", \"happened_at\": \"%s\", "
	    "\"kind\": \"home\", \"outcome\": \"not_home\"}}",
	    person, at);
	assert_null(
	    json_object_get(json_array_get(json_object_get(ask("/api/people"),
					       "people"),
				0),
		"last_contact"));
}

static void
a_head_says_who_it_is_and_what_to_beware_of(void **state)
{
	char path[80];
	const json_t *head;

	(void)state;
	put("safety_alert",
	    "{\"fields\": {\"person\": \"%s\", \"code\": \"%s\"}}", person,
	    "dogs");
	(void)snprintf(path, sizeof(path), "/api/people/%s", person);
	head = ask(path);
	assert_string_equal(text(head, "legal_name"), "Pat Sample");
	assert_string_equal(text(json_array_get(json_object_get(head, "alerts"),
				     0),
				"code"),
	    "dogs");
	assert_int_equal(json_array_size(json_object_get(head, "officers")), 1);
}

static void
who_may_not_see_a_person_gets_no_head_and_neither_does_nobody_s(void **state)
{
	struct browser ben;
	char path[80];

	(void)state;
	caller_sign_in(&ben, "Ben");
	(void)snprintf(path, sizeof(path), "/api/people/%s", person);
	assert_int_equal(caller_ask(&ben, "GET", path, NULL), 404);
	assert_int_equal(caller_ask(&ana, "GET",
			     "/api/people/abcdef0123456789abcdef0123456789",
			     NULL),
	    404);
}

static void
what_is_typed_comes_back_to_who_typed_it_alone(void **state)
{
	struct browser ben;
	char body[160];

	(void)state;
	(void)snprintf(body, sizeof(body),
	    "{\"text\": \"{\\\"narrative\\\": \\\"He\\\"}\", \"person\": "
	    "\"%s\"}",
	    person);
	assert_int_equal(caller_ask(&ana, "PUT", "/api/typed/note%20x", body),
	    200);
	assert_int_equal(json_array_size(ask("/api/typed")), 1);
	assert_string_equal(text(json_array_get(ask("/api/typed"), 0), "form"),
	    "note x");
	caller_sign_in(&ben, "Ben");
	assert_int_equal(caller_ask(&ben, "GET", "/api/typed", NULL), 200);
	assert_int_equal(json_array_size(
			     json_object_get(caller_answer(), "data")),
	    0);
	/* about whom one may not see nothing is kept either */
	assert_int_equal(caller_ask(&ben, "PUT", "/api/typed/note", body), 404);
	assert_int_equal(caller_ask(&ana, "DELETE", "/api/typed/note%20x",
			     NULL),
	    200);
	assert_int_equal(json_array_size(ask("/api/typed")), 0);
}

static void
what_is_typed_is_not_taken_without_the_token(void **state)
{
	struct browser forged = ana;

	(void)state;
	forged.token[0] = '\0';
	assert_int_equal(caller_ask(&forged, "PUT", "/api/typed/note",
			     "{\"text\": \"x\"}"),
	    403);
	assert_string_equal(caller_code(), "no_token");
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, one_case, caller_end)
	const struct CMUnitTest tests[] = {
		CASE(the_case_load_is_whom_one_is_assigned_to),
		CASE(the_day_has_what_is_on_and_what_is_to_be_logged),
		CASE(an_attempt_is_no_contact),
		CASE(a_head_says_who_it_is_and_what_to_beware_of),
		CASE(
		    who_may_not_see_a_person_gets_no_head_and_neither_does_nobody_s),
		CASE(what_is_typed_comes_back_to_who_typed_it_alone),
		CASE(what_is_typed_is_not_taken_without_the_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
