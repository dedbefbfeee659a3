/* sync/typed.h: what is being typed is kept, by who types it, and goes when it must. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "sync/db.h"
#include "sync/typed.h"
#include "tests/support/office.h"

static struct office *north;
static const struct row_id ana = { { 7 } }, ben = { { 8 } };
static struct row_id person;
static struct fail f;

static int
one_office(void **state)
{
	(void)state;
	f = (struct fail){ 0 };
	north = office_found("North", KIND_PROBATION, 1);
	person = office_person(north, "Sample 0001");
	return 0;
}

static int
close_office(void **state)
{
	(void)state;
	office_free(north);
	north = NULL;
	return 0;
}

static enum err
put(const struct row_id *staff, const char *form, const char *text)
{
	const struct typed t = { .form = form,
		.subject = &person,
		.text = text,
		.n = strlen(text) };

	f = (struct fail){ 0 };
	return typed_put(north->r, staff, &t, &f);
}

struct seen {
	size_t count;
	char last[64];
	bool has_subject;
};

static bool
take(void *context, const struct typed *t)
{
	struct seen *s = context;

	s->count++;
	s->has_subject = t->subject != NULL;
	(void)snprintf(s->last, sizeof(s->last), "%s=%.20s", t->form, t->text);
	return true;
}

static struct seen
have(const struct row_id *staff)
{
	struct seen s = { .count = 0 };

	assert_int_equal(typed_each(north->r, staff, take, &s, &f), OK);
	return s;
}

static void
the_newest_of_a_form_is_what_is_kept(void **state)
{
	struct seen s;

	(void)state;
	assert_int_equal(put(&ana, "note", "He"), OK);
	assert_int_equal(put(&ana, "note", "He was"), OK);
	s = have(&ana);
	assert_int_equal(s.count, 1);
	assert_string_equal(s.last, "note=He was");
	assert_true(s.has_subject);
}

static void
nobody_else_reads_or_drops_it(void **state)
{
	(void)state;
	assert_int_equal(put(&ana, "note", "Hers"), OK);
	assert_int_equal(have(&ben).count, 0);
	assert_int_equal(typed_drop(north->r, &ben, "note", &f), OK);
	assert_int_equal(have(&ana).count, 1);
	assert_int_equal(typed_drop(north->r, &ana, "note", &f), OK);
	assert_int_equal(have(&ana).count, 0);
}

static void
it_is_bounded_in_length_and_number(void **state)
{
	static char long_form[TYPED_FORM_MAX + 2];
	static char text[TYPED_TEXT_MAX + 2];
	char form[16];

	(void)state;
	memset(long_form, 'f', sizeof(long_form) - 1);
	memset(text, 't', sizeof(text) - 1);
	assert_int_equal(put(&ana, "", "x"), ERR_LIMIT);
	assert_int_equal(put(&ana, long_form, "x"), ERR_LIMIT);
	assert_int_equal(put(&ana, "note", text), ERR_LIMIT);
	for (int i = 0; i < TYPED_FORMS; i++) {
		(void)snprintf(form, sizeof(form), "form %d", i);
		assert_int_equal(put(&ana, form, "x"), OK);
	}
	assert_int_equal(put(&ana, "one more", "x"), ERR_LIMIT);
	assert_int_equal(put(&ana, "form 7", "what is begun goes on"), OK);
	assert_int_equal(put(&ben, "note", "others are not held up"), OK);
}

static void
all_about_a_person_goes_whoever_typed_it(void **state)
{
	(void)state;
	assert_int_equal(put(&ana, "note", "x"), OK);
	assert_int_equal(put(&ben, "note", "y"), OK);
	assert_int_equal(typed_drop_subject(north->r, &person, &f), OK);
	assert_int_equal(have(&ana).count + have(&ben).count, 0);
}

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, one_office, close_office)
	const struct CMUnitTest tests[] = {
		CASE(the_newest_of_a_form_is_what_is_kept),
		CASE(nobody_else_reads_or_drops_it),
		CASE(it_is_bounded_in_length_and_number),
		CASE(all_about_a_person_goes_whoever_typed_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
