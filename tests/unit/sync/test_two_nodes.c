/* Replicas of one network: what one writes, the others see, merge and prove. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/pair.h"

static void
write_before_import_is_concurrent_with_it(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	pair_start(&p, 1, 1);
	pair_insert(&p, PAIR_NORTH, "person", &person, NULL, "hearing", "9");
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	/* both write while apart; South's is still unsealed when North's
	 * comes, and must not claim to have seen it */
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "hearing",
			     "10", NULL),
	    OK);
	assert_int_equal(pair_set(&p, PAIR_SOUTH, "person", &person, "hearing",
			     "14", NULL),
	    OK);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_int_equal(pair_decisions(&p, PAIR_SOUTH), 1);
	pair_check(&p, PAIR_SOUTH);
	(void)pair_seal(&p, PAIR_SOUTH);
	assert_int_equal(pair_decisions(&p, PAIR_SOUTH), 1);
	pair_check(&p, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
	assert_int_equal(pair_decisions(&p, PAIR_NORTH), 1);
	pair_check(&p, PAIR_NORTH);
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	pair_stop(&p);
}

static void
save_from_a_stale_form_is_never_silent(void **state)
{
	char form[SEEN_TEXT_BYTES];
	struct row_id person;
	struct pair p;

	(void)state;
	pair_start(&p, 2, 1);
	pair_insert(&p, PAIR_NORTH, "person", &person, NULL, "word", "one");
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_string_equal(pair_get(&p, PAIR_SOUTH, "person", &person, "word",
				form),
	    "one");
	/* while the form is open, North's change arrives */
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "word",
			     "two", NULL),
	    OK);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_int_equal(pair_set(&p, PAIR_SOUTH, "person", &person, "word",
			     "mine", form),
	    ERR_STALE);
	assert_string_equal(pair_get(&p, PAIR_SOUTH, "person", &person, "word",
				form),
	    "two");
	assert_int_equal(pair_number(&p, PAIR_SOUTH,
			     "SELECT count(*) FROM _draft"),
	    1);
	/* a form over a field that now has two values */
	assert_int_equal(pair_set(&p, PAIR_SOUTH, "person", &person, "word",
			     "mine", form),
	    OK);
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "word",
			     "three", NULL),
	    OK);
	(void)pair_get(&p, PAIR_SOUTH, "person", &person, "word", form);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_int_equal(pair_set(&p, PAIR_SOUTH, "person", &person, "word",
			     "again", form),
	    ERR_STALE);
	pair_check(&p, PAIR_SOUTH);
	pair_stop(&p);
}

/* North writes, South answers, in turn: each depends on the other. */
static void
ping_pong(struct pair *p, const struct row_id *person, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		enum pair_who by = i % 2 == 0 ? PAIR_NORTH : PAIR_SOUTH;
		enum pair_who other = i % 2 == 0 ? PAIR_SOUTH : PAIR_NORTH;
		char value[16];

		(void)snprintf(value, sizeof(value), "w%d", i);
		assert_int_equal(pair_set(p, by, "person", person, "word",
				     value, NULL),
		    OK);
		(void)pair_ship(p, by, other, pair_seal(p, by));
	}
}

static void
reverse_import_and_a_restart_in_between_give_equal_tables(void **state)
{
	struct buf a = { 0 }, b = { 0 };
	struct row_id person;
	struct pair p;
	int64_t top;

	(void)state;
	pair_start(&p, 3, 1);
	pair_insert(&p, PAIR_NORTH, "person", &person, NULL, "word", "w");
	pair_carry(&p, &person);
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_READ, false);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	ping_pong(&p, &person, 20);
	top = pair_top(&p, PAIR_NORTH);
	/* forwards to the laptop, backwards to the clinic */
	pair_ship_all(&p, PAIR_NORTH, PAIR_LAPTOP);
	pair_ship_range(&p, PAIR_NORTH, PAIR_CLINIC, top, top / 2);
	pair_restart(&p, PAIR_CLINIC, 1);
	pair_ship_range(&p, PAIR_NORTH, PAIR_CLINIC, top / 2, 1);
	for (int n = 0; n < PAIR_HUB; n++)
		pair_check(&p, (enum pair_who)n);
	assert_string_equal(pair_get(&p, PAIR_CLINIC, "person", &person, "word",
				NULL),
	    "w19");
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	pair_equal(&p, PAIR_NORTH, PAIR_LAPTOP, &person);
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	/* twice the same bundle changes nothing */
	pair_dump(&p, PAIR_CLINIC, &a);
	pair_ship_range(&p, PAIR_NORTH, PAIR_CLINIC, top, 1);
	pair_dump(&p, PAIR_CLINIC, &b);
	assert_int_equal(a.n, b.n);
	assert_memory_equal(a.p, b.p, a.n);
	buf_release(&a);
	buf_release(&b);
	pair_stop(&p);
}

static void
a_late_grant_applies_what_waited_without_new_bytes(void **state)
{
	struct row_id person;
	int64_t first, grant;
	struct pair p;

	(void)state;
	pair_start(&p, 4, 1);
	pair_insert(&p, PAIR_NORTH, "person", &person, NULL, "word", "w");
	first = pair_seal(&p, PAIR_NORTH);
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "word",
			     "x", NULL),
	    OK);
	grant = pair_seal(&p, PAIR_NORTH);
	pair_ship_range(&p, PAIR_NORTH, PAIR_CLINIC, 1, grant);
	assert_true(grant > first);
	assert_string_equal(pair_get(&p, PAIR_CLINIC, "person", &person, "word",
				NULL),
	    "-");
	pair_check(&p, PAIR_CLINIC);
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_READ, false);
	grant = pair_seal(&p, PAIR_NORTH);
	assert_int_equal(pair_ship(&p, PAIR_NORTH, PAIR_CLINIC, grant),
	    OUTCOME_APPLIED);
	assert_string_equal(pair_get(&p, PAIR_CLINIC, "person", &person, "word",
				NULL),
	    "x");
	pair_check(&p, PAIR_CLINIC);
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	pair_stop(&p);
}

static void
from_now_shows_nothing_of_a_row_that_began_before(void **state)
{
	struct row_id person, other;
	struct pair p;

	(void)state;
	pair_start(&p, 5, 1);
	pair_insert(&p, PAIR_NORTH, "person", &person, NULL, "word", "w");
	(void)pair_seal(&p, PAIR_NORTH);
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_WRITE, true);
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "word",
			     "x", NULL),
	    OK);
	pair_insert(&p, PAIR_NORTH, "attendance", &other, &person,
	    "appointment", "a1");
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_string_equal(pair_get(&p, PAIR_CLINIC, "person", &person, "word",
				NULL),
	    "-");
	assert_string_equal(pair_get(&p, PAIR_CLINIC, "attendance", &other,
				"appointment", NULL),
	    "a1");
	pair_check(&p, PAIR_CLINIC);
	/* then the past is opened as well */
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_WRITE, false);
	(void)pair_ship(&p, PAIR_NORTH, PAIR_CLINIC, pair_seal(&p, PAIR_NORTH));
	assert_string_equal(pair_get(&p, PAIR_CLINIC, "person", &person, "word",
				NULL),
	    "x");
	pair_check(&p, PAIR_CLINIC);
	assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person, "word",
			     "clinic", NULL),
	    OK);
	pair_check(&p, PAIR_CLINIC);
	(void)pair_ship(&p, PAIR_CLINIC, PAIR_NORTH,
	    pair_seal(&p, PAIR_CLINIC));
	assert_string_equal(pair_get(&p, PAIR_NORTH, "person", &person, "word",
				NULL),
	    "clinic");
	pair_check(&p, PAIR_NORTH);
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	pair_stop(&p);
}

static void
a_relay_holds_and_passes_on_what_it_cannot_read(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	pair_start(&p, 6, 1);
	pair_insert(&p, PAIR_NORTH, "person", &person, NULL, "word", "w");
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_READ, false);
	pair_exchange(&p, PAIR_NORTH, PAIR_HUB);
	assert_int_equal(pair_number(&p, PAIR_HUB,
			     "SELECT count(*) FROM person"),
	    0);
	assert_int_equal(pair_number(&p, PAIR_HUB, "SELECT count(*) FROM _key"),
	    0);
	assert_int_equal(pair_number(&p, PAIR_HUB,
			     "SELECT count(*) FROM _segment"),
	    pair_number(&p, PAIR_NORTH, "SELECT count(*) FROM _segment"));
	pair_exchange(&p, PAIR_CLINIC, PAIR_HUB);
	pair_exchange(&p, PAIR_SOUTH, PAIR_HUB);
	assert_string_equal(pair_get(&p, PAIR_CLINIC, "person", &person, "word",
				NULL),
	    "w");
	assert_string_equal(pair_get(&p, PAIR_SOUTH, "person", &person, "word",
				NULL),
	    "w");
	assert_string_equal(pair_get(&p, PAIR_LAPTOP, "person", &person, "word",
				NULL),
	    "-");
	pair_check(&p, PAIR_HUB);
	pair_check(&p, PAIR_CLINIC);
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	pair_stop(&p);
}

static void
an_upgrade_applies_fields_that_waited_for_it(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	pair_start(&p, 7, 1);
	pair_restart(&p, PAIR_NORTH, 2);
	pair_insert(&p, PAIR_NORTH, "person", &person, NULL, "word", "w");
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "later",
			     "new field", NULL),
	    OK);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_string_equal(pair_get(&p, PAIR_SOUTH, "person", &person, "word",
				NULL),
	    "w");
	pair_check(&p, PAIR_SOUTH);
	/* an old program writes on; its work counts after the upgrade */
	assert_int_equal(pair_set(&p, PAIR_SOUTH, "person", &person, "word",
			     "old program", NULL),
	    OK);
	pair_restart(&p, PAIR_SOUTH, 2);
	assert_string_equal(pair_get(&p, PAIR_SOUTH, "person", &person, "later",
				NULL),
	    "new field");
	assert_string_equal(pair_get(&p, PAIR_SOUTH, "person", &person, "word",
				NULL),
	    "old program");
	pair_check(&p, PAIR_SOUTH);
	(void)pair_seal(&p, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
	pair_check(&p, PAIR_NORTH);
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	pair_stop(&p);
}

static void
a_refused_write_in_a_callers_transaction_leaves_nothing(void **state)
{
	struct row_id person, nobody = { { 9, 9, 9 } };
	struct pair p;

	(void)state;
	pair_start(&p, 9, 1);
	pair_insert(&p, PAIR_NORTH, "person", &person, NULL, "word", "w");
	assert_int_equal(replica_begin(p.r[PAIR_NORTH], NULL), OK);
	/* nobody's first row, with a result that the schema does not know */
	assert_int_not_equal(pair_try_insert(&p, PAIR_NORTH, "attendance",
				 &nobody, "result", "perhaps"),
	    OK);
	assert_int_not_equal(pair_set(&p, PAIR_NORTH, "person", &person,
				 "level", "huge", NULL),
	    OK);
	assert_int_equal(replica_commit(p.r[PAIR_NORTH], NULL), OK);
	assert_int_equal(pair_number(&p, PAIR_NORTH,
			     "SELECT count(*) FROM _compartment"),
	    1);
	assert_int_equal(pair_number(&p, PAIR_NORTH,
			     "SELECT count(*) FROM _segment"),
	    2);
	pair_check(&p, PAIR_NORTH);
	pair_stop(&p);
}

static void
another_tiny_schema_works_end_to_end(void **state)
{
	static const char sql[] =
	    "CREATE TABLE boat ( --: 1 subject=agency scope=shared"
	    " category=any:HAR.boat\n"
	    "  name TEXT, --: 1 text latest required\n"
	    "  berth BIGINT, --: 2 int both\n"
	    "  row_state TEXT, supersedes_id BLOB,\n"
	    "  _cpt BIGINT NOT NULL, id BLOB NOT NULL, _clock BLOB NOT NULL,\n"
	    "  PRIMARY KEY (_cpt, id)\n"
	    ");\n";
	static const struct registry_source schema = { "harbour.sql", sql,
		sizeof(sql) - 1 };
	struct row_id boat;
	struct pair p;

	(void)state;
	memset(&p, 0, sizeof(p));
	pair_start_with(&p, 8, &schema, 1);
	pair_insert(&p, PAIR_NORTH, "boat", &boat, NULL, "name", "Anna");
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_int_equal(pair_set(&p, PAIR_NORTH, "boat", &boat, "berth", "4",
			     NULL),
	    OK);
	assert_int_equal(pair_set(&p, PAIR_SOUTH, "boat", &boat, "berth", "7",
			     NULL),
	    OK);
	(void)pair_seal(&p, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
	assert_int_equal(pair_decisions(&p, PAIR_NORTH), 1);
	pair_check(&p, PAIR_NORTH);
	pair_check(&p, PAIR_SOUTH);
	pair_stop(&p);
}

static bool
take_rows(void *context, const struct conflict *c)
{
	if (c->reason == CONFLICT_ROWS)
		*(int64_t *)context = c->no;
	return true;
}

/* The conflict over rows that is open at a node, or 0. */
static int64_t
open_rows(struct pair *p, enum pair_who who)
{
	int64_t no = 0;

	assert_int_equal(conflict_list(p->r[who], NULL, NULL, false, take_rows,
			     &no, NULL),
	    OK);
	return no;
}

static void
a_person_says_which_of_two_rows_stays(void **state)
{
	static const struct row_id nobody;
	struct row_id person, mine, theirs;
	struct fail f = { .code = OK };
	struct pair p;
	int64_t no;

	(void)state;
	pair_start(&p, 9, 1);
	pair_insert(&p, PAIR_NORTH, "person", &person, NULL, "word", "w");
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	pair_insert(&p, PAIR_NORTH, "attendance", &mine, &person, "appointment",
	    "a1");
	pair_insert(&p, PAIR_SOUTH, "attendance", &theirs, &person,
	    "appointment", "a1");
	(void)pair_seal(&p, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
	no = open_rows(&p, PAIR_NORTH);
	assert_int_not_equal(no, 0);
	/* no such number, no such row: nothing is written */
	assert_int_equal(conflict_keep(p.r[PAIR_NORTH], no + 1, 1, &nobody, &f),
	    ERR_NOTFOUND);
	assert_int_equal(conflict_keep(p.r[PAIR_NORTH], no, 3, &nobody, &f),
	    ERR_INPUT);
	assert_int_equal(open_rows(&p, PAIR_NORTH), no);
	assert_int_equal(conflict_keep(p.r[PAIR_NORTH], no, 1, &nobody, &f),
	    OK);
	assert_int_equal(open_rows(&p, PAIR_NORTH), 0);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_int_equal(open_rows(&p, PAIR_SOUTH), 0);
	pair_check(&p, PAIR_NORTH);
	pair_check(&p, PAIR_SOUTH);
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	pair_stop(&p);
}

/* A word that two people have is one row id in two records. */
static void
what_is_open_in_one_record_is_settled_in_that_one(void **state)
{
	static const uint8_t text[] = "removed";
	const struct value removed = { VALUE_TEXT, 0, text, sizeof(text) - 1 };
	struct row_id one, other, tag, same, nobody = { { 0 } };
	struct fail f = { .code = OK };
	const struct table *table;
	struct pair p;

	(void)state;
	pair_start(&p, 23, 1);
	table = replica_registry(p.r[PAIR_NORTH])->by_number[3];
	pair_insert(&p, PAIR_NORTH, "person", &one, NULL, "word", "a");
	pair_insert(&p, PAIR_NORTH, "tag", &tag, &one, "word", "w");
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_int_equal(pair_set(&p, PAIR_SOUTH, "tag", &tag, "state",
			     "present", NULL),
	    OK);
	assert_int_equal(pair_set(&p, PAIR_NORTH, "tag", &tag, "state",
			     "removed", NULL),
	    OK);
	(void)pair_seal(&p, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
	pair_insert(&p, PAIR_NORTH, "person", &other, NULL, "word", "b");
	pair_insert(&p, PAIR_NORTH, "tag", &same, &other, "word", "w");
	assert_memory_equal(tag.b, same.b, sizeof(tag.b));
	assert_int_equal(pair_number(&p, PAIR_NORTH,
			     "SELECT count(*) FROM _conflict"),
	    1);
	assert_int_equal(conflict_resolve(p.r[PAIR_NORTH], table, &tag,
			     table->by_number[2], &removed, &nobody, &f),
	    OK);
	assert_int_equal(pair_number(&p, PAIR_NORTH,
			     "SELECT count(*) FROM _conflict"),
	    0);
	assert_int_equal(pair_number(&p, PAIR_NORTH,
			     "SELECT count(*) FROM tag WHERE state = 'removed'"
			     " AND _cpt = (SELECT min(no) FROM _compartment)"),
	    1);
	assert_int_equal(pair_number(&p, PAIR_NORTH,
			     "SELECT count(*) FROM tag WHERE state IS NULL"),
	    1);
	pair_check(&p, PAIR_NORTH);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(write_before_import_is_concurrent_with_it),
		cmocka_unit_test(save_from_a_stale_form_is_never_silent),
		cmocka_unit_test(
		    reverse_import_and_a_restart_in_between_give_equal_tables),
		cmocka_unit_test(
		    a_late_grant_applies_what_waited_without_new_bytes),
		cmocka_unit_test(
		    from_now_shows_nothing_of_a_row_that_began_before),
		cmocka_unit_test(
		    a_relay_holds_and_passes_on_what_it_cannot_read),
		cmocka_unit_test(an_upgrade_applies_fields_that_waited_for_it),
		cmocka_unit_test(
		    a_refused_write_in_a_callers_transaction_leaves_nothing),
		cmocka_unit_test(another_tiny_schema_works_end_to_end),
		cmocka_unit_test(a_person_says_which_of_two_rows_stays),
		cmocka_unit_test(
		    what_is_open_in_one_record_is_settled_in_that_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
