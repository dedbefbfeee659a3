/* What whoever runs the engine may refuse, and rows that take another's place. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sync/audit.h"
#include "sync/write.h"
#include "tests/support/bureau.h"

static struct bureau office;
static struct row_id person = { { 1 } };
static unsigned asked, told;
static struct value seen_now, seen_will;

/* Nobody may write "secret". */
static enum err
may(struct replica *r, struct write_question *q, struct fail *f)
{
	const struct field *body = table_field(q->table, "body");

	(void)r;
	asked++;
	if (body == NULL)
		return OK;
	seen_now = q->now[body->number];
	seen_will = q->will[body->number];
	if (seen_will.type != VALUE_TEXT || seen_will.n != 6 ||
	    memcmp(seen_will.p, "secret", 6) != 0)
		return OK;
	q->code = "secret";
	return fail_set(f, ERR_DENIED, "nobody writes that");
}

static enum err
write_note(struct row_id *made, const struct row_id *row, const char *text,
    const struct row_id *supersedes, struct fail *f)
{
	const struct table *t =
	    registry_table(replica_registry(office.r), "note");
	struct write_field fields[2];
	struct write_request q = { .table = t,
		.row = row,
		.subject = row == NULL ? &person : NULL,
		.fields = fields };
	int64_t draft;

	if (text != NULL)
		fields[q.field_count++] =
		    (struct write_field){ table_field(t, "body"),
			    { .type = VALUE_TEXT,
				.p = (const uint8_t *)text,
				.n = strlen(text) } };
	if (supersedes != NULL)
		fields[q.field_count++] = (struct write_field){
			table_field(t, "supersedes_id"),
			{ .type = VALUE_ID, .p = supersedes->b, .n = ID_BYTES }
		};
	return write_row(office.r, made, &draft, &q, f);
}

/* What is refused may be noted in rows, which nobody refuses. */
static void
refused(struct replica *r, const struct write_question *q)
{
	struct row_id made;

	(void)r;
	told++;
	assert_string_equal(q->code, "secret");
	assert_int_equal(write_note(&made, NULL, "refused", NULL, NULL), OK);
}

static const struct write_rules rules = { .may = may, .refused = refused };

static int
open_office(void **state)
{
	(void)state;
	asked = told = 0;
	bureau_rules = &rules;
	bureau_found(&office, 1, "North", KIND_PROBATION);
	bureau_rules = NULL;
	return 0;
}

static int
close_office(void **state)
{
	(void)state;
	bureau_close(&office);
	return 0;
}

static bool
count_denied(void *context, const struct audit_seen *seen)
{
	unsigned *n = context;

	*n += seen->result == ERR_DENIED && strcmp(seen->act, "write") == 0;
	return true;
}

static void
what_the_rules_refuse_is_nowhere_but_in_the_journal_and_in_their_note(
    void **state)
{
	struct audit_query q = { 0 };
	struct fail f = { 0 };
	struct row_id made;
	unsigned denied = 0;

	(void)state;
	assert_int_equal(write_note(&made, NULL, "secret", NULL, &f),
	    ERR_DENIED);
	assert_string_equal(f.text, "nobody writes that");
	assert_int_equal(told, 1);
	assert_int_equal(bureau_number(&office,
			     "SELECT count(*) FROM note WHERE body = 'secret'"),
	    0);
	assert_int_equal(bureau_count(&office, "note"), 1);
	assert_int_equal(audit_each(office.r, &q, count_denied, &denied, &f),
	    OK);
	assert_int_equal(denied, 1);
}

static void
the_rules_see_the_row_as_it_stands_and_as_it_will_be(void **state)
{
	struct fail f = { 0 };
	struct row_id first, second, made;

	(void)state;
	assert_int_equal(write_note(&first, NULL, "one", NULL, &f), OK);
	assert_int_equal(seen_now.type, VALUE_NULL);
	assert_int_equal(seen_will.n, 3);
	assert_int_equal(write_note(&second, NULL, "two", NULL, &f), OK);
	assert_int_equal(asked, 2);
	/* a field that is not written stands as it is */
	assert_int_equal(write_note(&made, &second, NULL, &first, &f), OK);
	assert_int_equal(asked, 3);
	assert_int_equal(seen_now.type, VALUE_TEXT);
	assert_int_equal(seen_will.type, VALUE_TEXT);
}

static void
rows_do_not_take_each_others_place_in_a_circle(void **state)
{
	struct fail f = { 0 };
	struct row_id first, second, third, made;

	(void)state;
	assert_int_equal(write_note(&first, NULL, "one", NULL, &f), OK);
	assert_int_equal(write_note(&second, NULL, "two", &first, &f), OK);
	assert_int_equal(write_note(&third, NULL, "three", &second, &f), OK);
	assert_int_equal(write_note(&made, &first, NULL, &third, &f),
	    ERR_DENIED);
	assert_non_null(strstr(f.text, "leads back to it"));
	assert_int_equal(write_note(&made, &first, NULL, &first, &f),
	    ERR_DENIED);
	assert_int_equal(told, 0);
	assert_int_equal(bureau_number(&office,
			     "SELECT count(*) FROM note WHERE supersedes_id IS "
			     "NOT NULL"),
	    2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    what_the_rules_refuse_is_nowhere_but_in_the_journal_and_in_their_note,
		    open_office, close_office),
		cmocka_unit_test_setup_teardown(
		    the_rules_see_the_row_as_it_stands_and_as_it_will_be,
		    open_office, close_office),
		cmocka_unit_test_setup_teardown(
		    rows_do_not_take_each_others_place_in_a_circle, open_office,
		    close_office),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
