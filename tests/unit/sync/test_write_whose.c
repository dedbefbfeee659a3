/* A row of a set has one id for everybody whom it is about: a write names the person,
 * or is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "sync/read.h"
#include "sync/write.h"
#include "tests/support/office.h"

static struct office *north;
static struct row_id staff, person[3], row;

static struct row_id
restrict_one(const struct row_id *subject)
{
	const struct table *t =
	    registry_table(replica_registry(north->r), "access_restriction");
	struct write_field fields[] = {
		{ table_field(t, "mode"),
		    { .type = VALUE_TEXT,
			.p = (const uint8_t *)"excluded",
			.n = 8 } },
		{ table_field(t, "staff_id"),
		    { .type = VALUE_ID, .p = staff.b, .n = ID_BYTES } },
		{ table_field(t, "state"),
		    { .type = VALUE_TEXT,
			.p = (const uint8_t *)"present",
			.n = 7 } },
	};
	struct write_request q = { .table = t,
		.subject = subject,
		.fields = fields,
		.field_count = COUNT_OF(fields) };
	struct row_id made;
	int64_t draft;

	assert_int_equal(write_row(north->r, &made, &draft, &q, NULL), OK);
	return made;
}

static enum err
say(const struct row_id *subject, const char *words, struct fail *f)
{
	const struct table *t =
	    registry_table(replica_registry(north->r), "access_restriction");
	struct write_field field = { table_field(t, "message"),
		{ .type = VALUE_TEXT,
		    .p = (const uint8_t *)words,
		    .n = strlen(words) } };
	struct write_request q = { .table = t,
		.row = &row,
		.subject = subject,
		.fields = &field,
		.field_count = 1 };
	struct row_id made;
	int64_t draft;

	return write_row(north->r, &made, &draft, &q, f);
}

struct reading {
	const struct row_id *subject;
	char text[32];
};

static bool
take(void *context, const struct read_row *r)
{
	struct reading *x = context;
	const struct value *v =
	    &r->values[table_field(r->table, "message")->number];

	if (id_equal(&r->subject, x->subject) && v->type == VALUE_TEXT)
		(void)snprintf(x->text, sizeof(x->text), "%.*s", (int)v->n,
		    (const char *)v->p);
	return true;
}

static void
assert_says(const struct row_id *subject, const char *want)
{
	struct reading x = { .subject = subject, .text = "" };
	struct read_query q = { .table =
				    registry_table(replica_registry(north->r),
					"access_restriction"),
		.subject = subject };

	assert_int_equal(read_list(north->r, &q, take, &x, NULL), OK);
	assert_string_equal(x.text, want);
}

static int
begin(void **state)
{
	const struct table *t;
	struct write_field name;
	struct write_request q;
	int64_t draft;

	(void)state;
	north = office_found("North", KIND_PROBATION, 5);
	t = registry_table(replica_registry(north->r), "staff");
	name = (struct write_field){ table_field(t, "name"),
		{ .type = VALUE_TEXT, .p = (const uint8_t *)"Bo", .n = 2 } };
	q = (struct write_request){ .table = t,
		.fields = &name,
		.field_count = 1 };
	assert_int_equal(write_row(north->r, &staff, &draft, &q, NULL), OK);
	for (size_t k = 0; k < COUNT_OF(person); k++)
		person[k] = office_person(north, "A person");
	row = restrict_one(&person[0]);
	assert_true(
	    id_equal(&row, &(struct row_id[]){ restrict_one(&person[1]) }[0]));
	return 0;
}

static int
end(void **state)
{
	(void)state;
	office_free(north);
	return 0;
}

static void
a_write_that_could_be_two_peoples_is_refused(void **state)
{
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(say(NULL, "a colleague", &f), ERR_INPUT);
	assert_non_null(strstr(f.text, "say whose with person="));
	assert_says(&person[0], "");
	assert_says(&person[1], "");
}

static void
the_person_who_is_named_is_written_about_and_nobody_else(void **state)
{
	(void)state;
	assert_int_equal(say(&person[0], "a relative", NULL), OK);
	assert_says(&person[0], "a relative");
	assert_says(&person[1], "");
	assert_int_equal(say(&person[1], "a neighbor", NULL), OK);
	assert_says(&person[0], "a relative");
	assert_says(&person[1], "a neighbor");
}

static void
who_has_no_such_row_is_not_given_one(void **state)
{
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(say(&person[2], "x", &f), ERR_INPUT);
	assert_non_null(strstr(f.text, "another person's"));
}

int
main(void)
{
#define WHOSE(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		WHOSE(a_write_that_could_be_two_peoples_is_refused),
		WHOSE(the_person_who_is_named_is_written_about_and_nobody_else),
		WHOSE(who_has_no_such_row_is_not_given_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
