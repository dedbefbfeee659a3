/* Proposals of whole rows: one that a reader adds is made by the owner. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/proposing.h"

static void
a_reader_proposes_a_row_the_owner_makes_it(void **state)
{
	struct row_id person, row;
	struct proposing_listed l;
	struct pair p;

	(void)state;
	proposing_shared(&p, 403, GRANT_READ, &person);
	assert_int_equal(proposing_row(&p, &person, "came", &row), OK);
	assert_string_equal(pair_get(&p, PAIR_CLINIC, "attendance", &row,
				"result", NULL),
	    "-");
	proposing_meet(&p, PAIR_CLINIC, PAIR_NORTH);
	l = proposing_list(&p, PAIR_NORTH);
	assert_int_equal(l.proposals, 1);
	assert_int_equal(l.parts, 2);
	assert_int_equal(pair_decisions(&p, PAIR_NORTH), 1);
	proposing_accept(&p, l.no, 0);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_string_equal(pair_get(&p, PAIR_CLINIC, "attendance", &row,
				"result", NULL),
	    "came");
	l = proposing_list(&p, PAIR_CLINIC);
	assert_int_equal(l.answers, 1);
	assert_true(l.accepted);
	proposing_check(&p);
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	pair_stop(&p);
}

static void
a_proposed_row_that_is_declined_never_was(void **state)
{
	struct row_id person, row;
	struct proposing_listed l;
	struct pair p;

	(void)state;
	proposing_shared(&p, 404, GRANT_READ, &person);
	assert_int_equal(proposing_row(&p, &person, "missed", &row), OK);
	proposing_meet(&p, PAIR_CLINIC, PAIR_NORTH);
	l = proposing_list(&p, PAIR_NORTH);
	assert_int_equal(conflict_decline(p.r[PAIR_NORTH], l.no, "she was here",
			     NULL, NULL),
	    OK);
	assert_int_equal(proposing_list(&p, PAIR_NORTH).proposals, 0);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	l = proposing_list(&p, PAIR_CLINIC);
	assert_int_equal(l.proposals, 0);
	assert_int_equal(l.answers, 1);
	assert_false(l.accepted);
	assert_string_equal(l.reason, "she was here");
	assert_string_equal(pair_get(&p, PAIR_CLINIC, "attendance", &row,
				"result", NULL),
	    "-");
	proposing_check(&p);
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	pair_stop(&p);
}

/* A proposed row is answered in a table that comes after another one's. */
static void
an_answer_to_a_row_keeps_its_place_too(void **state)
{
	struct row_id person, row;
	struct pair p;

	(void)state;
	proposing_shared(&p, 412, GRANT_READ, &person);
	assert_int_equal(proposing_row(&p, &person, "came", &row), OK);
	proposing_meet(&p, PAIR_CLINIC, PAIR_NORTH);
	proposing_accept(&p, proposing_list(&p, PAIR_NORTH).no, 0);
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "word",
			     "v", NULL),
	    OK);
	pair_check(&p, PAIR_NORTH);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_true(proposing_list(&p, PAIR_CLINIC).accepted);
	pair_check(&p, PAIR_CLINIC);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reader_proposes_a_row_the_owner_makes_it),
		cmocka_unit_test(a_proposed_row_that_is_declined_never_was),
		cmocka_unit_test(an_answer_to_a_row_keeps_its_place_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
