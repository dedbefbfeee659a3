/* Proposals: what may not be written here waits for the owner's word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/proposing.h"

static void
another_agencys_value_waits_for_the_owner(void **state)
{
	struct row_id person;
	struct proposing_listed l;
	struct pair p;

	(void)state;
	proposing_shared(&p, 401, GRANT_WRITE, &person);
	assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person, "mine",
			     "y", NULL),
	    OK);
	proposing_shows(&p, PAIR_CLINIC, &person, "mine", "x");
	l = proposing_list(&p, PAIR_CLINIC);
	assert_int_equal(l.proposals, 1);
	assert_false(l.ours);
	assert_int_equal(pair_decisions(&p, PAIR_CLINIC), 0);
	proposing_meet(&p, PAIR_CLINIC, PAIR_NORTH);
	proposing_shows(&p, PAIR_NORTH, &person, "mine", "x");
	l = proposing_list(&p, PAIR_NORTH);
	assert_int_equal(l.proposals, 1);
	assert_true(l.ours && l.decision);
	assert_string_equal(l.value, "y");
	assert_true(id_equal(&l.by, &replica_identity(p.r[PAIR_CLINIC])->node));
	assert_int_equal(pair_decisions(&p, PAIR_NORTH), 1);
	/* who has not looked does not decide */
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "mine",
			     "z", NULL),
	    ERR_STALE);
	assert_int_equal(conflict_accept(p.r[PAIR_CLINIC], l.no, 0, NULL, NULL),
	    ERR_DENIED);
	proposing_accept(&p, l.no, 0);
	proposing_shows(&p, PAIR_NORTH, &person, "mine", "y");
	assert_int_equal(pair_decisions(&p, PAIR_NORTH), 0);
	assert_int_equal(proposing_list(&p, PAIR_NORTH).answers, 0);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	proposing_shows(&p, PAIR_CLINIC, &person, "mine", "y");
	l = proposing_list(&p, PAIR_CLINIC);
	assert_int_equal(l.proposals, 0);
	assert_int_equal(l.answers, 1);
	assert_true(l.accepted);
	proposing_check(&p);
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	pair_stop(&p);
}

struct asked {
	struct replica *r;
	struct conflict c;
	struct conflict_value v;
	struct proposal_answer a;
};

static bool
take_answer(void *context, const struct conflict *c)
{
	struct asked *x = context;

	if (c->reason != CONFLICT_ANSWER)
		return true;
	x->c = *c;
	x->v = c->values[0];
	x->a = *c->answer;
	x->c.values = &x->v;
	x->c.answer = &x->a;
	return false;
}

static void
declined_proposals_come_back_with_their_reason(void **state)
{
	struct row_id person;
	struct asked asked;
	struct proposing_listed l;
	struct pair p;

	(void)state;
	proposing_shared(&p, 402, GRANT_READ, &person);
	/* a reader proposes any field, not only the owner's */
	assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person, "word",
			     "other", NULL),
	    OK);
	proposing_shows(&p, PAIR_CLINIC, &person, "word", "w");
	proposing_meet(&p, PAIR_CLINIC, PAIR_NORTH);
	l = proposing_list(&p, PAIR_NORTH);
	assert_int_equal(l.proposals, 1);
	assert_int_equal(conflict_decline(p.r[PAIR_NORTH], l.no, "", NULL,
			     NULL),
	    ERR_INPUT);
	assert_int_equal(conflict_decline(p.r[PAIR_NORTH], l.no, "not so", NULL,
			     NULL),
	    OK);
	assert_int_equal(conflict_decline(p.r[PAIR_NORTH], l.no, "not so", NULL,
			     NULL),
	    ERR_NOTFOUND);
	proposing_shows(&p, PAIR_NORTH, &person, "word", "w");
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	l = proposing_list(&p, PAIR_CLINIC);
	assert_int_equal(l.answers, 1);
	assert_false(l.accepted);
	assert_string_equal(l.reason, "not so");
	assert_string_equal(l.value, "other");
	/* it closes when somebody has looked */
	assert_int_equal(conflict_list(p.r[PAIR_CLINIC], NULL, NULL, true,
			     take_answer, &asked, NULL),
	    OK);
	assert_int_equal(conflict_noticed(p.r[PAIR_CLINIC], &asked.c, NULL),
	    OK);
	assert_int_equal(proposing_list(&p, PAIR_CLINIC).answers, 0);
	proposing_check(&p);
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	pair_stop(&p);
}

static void
a_later_proposal_replaces_the_earlier_one(void **state)
{
	struct row_id person;
	struct proposing_listed l;
	struct pair p;

	(void)state;
	proposing_shared(&p, 405, GRANT_WRITE, &person);
	for (int i = 0; i < 3; i++) {
		char value[2] = { (char)('p' + i), 0 };

		assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person,
				     "mine", value, NULL),
		    OK);
		(void)pair_seal(&p, PAIR_CLINIC);
	}
	proposing_meet(&p, PAIR_CLINIC, PAIR_NORTH);
	l = proposing_list(&p, PAIR_NORTH);
	assert_int_equal(l.values, 1);
	assert_string_equal(l.value, "r");
	proposing_accept(&p, l.no, 1);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_int_equal(proposing_list(&p, PAIR_CLINIC).answers, 1);
	pair_check(&p, PAIR_CLINIC);
	pair_stop(&p);
}

static void
the_order_of_arrival_changes_nothing(void **state)
{
	struct row_id person;
	struct proposing_listed l;
	struct pair p;

	(void)state;
	proposing_shared(&p, 406, GRANT_WRITE, &person);
	/* two desks of the owner answer the same proposal, apart */
	assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person, "mine",
			     "y", NULL),
	    OK);
	(void)pair_seal(&p, PAIR_CLINIC);
	pair_ship_all(&p, PAIR_CLINIC, PAIR_NORTH);
	pair_ship_all(&p, PAIR_CLINIC, PAIR_SOUTH);
	l = proposing_list(&p, PAIR_NORTH);
	assert_int_equal(proposing_list(&p, PAIR_SOUTH).no, l.no);
	proposing_accept(&p, l.no, 0);
	p.env[PAIR_SOUTH]->wall_ms += 60000;
	assert_int_equal(conflict_decline(p.r[PAIR_SOUTH], l.no, "no", NULL,
			     NULL),
	    OK);
	/* meanwhile the clinic has a better idea */
	assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person, "mine",
			     "v", NULL),
	    OK);
	for (int who = PAIR_NORTH; who <= PAIR_CLINIC; who++)
		if (who != PAIR_LAPTOP)
			(void)pair_seal(&p, (enum pair_who)who);
	pair_ship_range(&p, PAIR_NORTH, PAIR_CLINIC, pair_top(&p, PAIR_NORTH),
	    1);
	pair_ship_range(&p, PAIR_SOUTH, PAIR_CLINIC, pair_top(&p, PAIR_SOUTH),
	    1);
	pair_ship_range(&p, PAIR_CLINIC, PAIR_NORTH, pair_top(&p, PAIR_CLINIC),
	    1);
	pair_ship_all(&p, PAIR_CLINIC, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
	for (int who = PAIR_NORTH; who <= PAIR_CLINIC; who++) {
		if (who == PAIR_LAPTOP)
			continue;
		l = proposing_list(&p, (enum pair_who)who);
		assert_int_equal(l.proposals, 1);
		pair_check(&p, (enum pair_who)who);
		pair_equal(&p, PAIR_NORTH, (enum pair_who)who, &person);
	}
	l = proposing_list(&p, PAIR_CLINIC);
	assert_int_equal(l.answers, 1);
	assert_false(l.accepted); /* the later word of the two */
	pair_stop(&p);
}

static void
a_form_from_before_is_not_saved_over_it(void **state)
{
	char seen[SEEN_TEXT_BYTES], now[SEEN_TEXT_BYTES];
	struct row_id person;
	struct pair p;

	(void)state;
	proposing_shared(&p, 407, GRANT_WRITE, &person);
	(void)pair_get(&p, PAIR_NORTH, "person", &person, "mine", seen);
	assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person, "mine",
			     "y", NULL),
	    OK);
	proposing_meet(&p, PAIR_CLINIC, PAIR_NORTH);
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "mine",
			     "z", seen),
	    ERR_STALE);
	/* another field of the form goes in */
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "word",
			     "v", seen),
	    OK);
	(void)pair_get(&p, PAIR_NORTH, "person", &person, "mine", now);
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "mine",
			     "z", now),
	    OK);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_int_equal(proposing_list(&p, PAIR_CLINIC).answers, 1);
	pair_stop(&p);
}

static void
equal_to_what_stands_is_only_a_notice(void **state)
{
	struct row_id person;
	struct proposing_listed l;
	struct pair p;

	(void)state;
	proposing_shared(&p, 408, GRANT_WRITE, &person);
	assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person, "mine",
			     "y", NULL),
	    OK);
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "mine",
			     "y", NULL),
	    OK);
	proposing_meet(&p, PAIR_CLINIC, PAIR_NORTH);
	l = proposing_list(&p, PAIR_NORTH);
	assert_int_equal(l.proposals, 1);
	assert_false(l.decision);
	assert_int_equal(pair_decisions(&p, PAIR_NORTH), 0);
	pair_check(&p, PAIR_NORTH);
	pair_stop(&p);
}

static void
once_answered_work_is_applied_at_once_again(void **state)
{
	struct row_id person;
	struct proposing_listed l;
	int64_t derived;
	struct pair p;

	(void)state;
	proposing_shared(&p, 409, GRANT_WRITE, &person);
	assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person, "mine",
			     "y", NULL),
	    OK);
	proposing_meet(&p, PAIR_CLINIC, PAIR_NORTH);
	l = proposing_list(&p, PAIR_NORTH);
	assert_int_equal(conflict_decline(p.r[PAIR_NORTH], l.no, "no", NULL,
			     NULL),
	    OK);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	derived = replica_counter(p.r[PAIR_CLINIC], "derived");
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "mine",
			     "z", NULL),
	    OK);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	proposing_shows(&p, PAIR_CLINIC, &person, "mine", "z");
	assert_int_equal(replica_counter(p.r[PAIR_CLINIC], "derived"), derived);
	pair_check(&p, PAIR_CLINIC);
	pair_stop(&p);
}

/* Operations of an open segment stand by row: a later one may come first. */
static void
writing_after_an_answer_leaves_its_place(void **state)
{
	struct row_id person;
	struct proposing_listed l;
	struct pair p;

	(void)state;
	proposing_shared(&p, 411, GRANT_WRITE, &person);
	assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person, "mine",
			     "y", NULL),
	    OK);
	proposing_meet(&p, PAIR_CLINIC, PAIR_NORTH);
	/* in another table, after; then the answer; then one before both */
	l = proposing_list(&p, PAIR_NORTH);
	for (int i = 0; i < 3; i++) {
		struct row_id row;

		if (i == 1)
			proposing_accept(&p, l.no, 0);
		if (i == 2)
			assert_int_equal(pair_set(&p, PAIR_NORTH, "person",
					     &person, "word", "v", NULL),
			    OK);
		pair_insert(&p, PAIR_NORTH, "attendance", &row, &person,
		    "appointment",
		    i == 0       ? "a"
			: i == 1 ? "b"
				 : "c");
		pair_check(&p, PAIR_NORTH);
	}
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_true(proposing_list(&p, PAIR_CLINIC).accepted);
	pair_check(&p, PAIR_CLINIC);
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	pair_stop(&p);
}

static void
readers_who_propose_hide_nothing(void **state)
{
	static const char *const fields[] = { "word", NULL };
	static const char *const values[] = { "q", NULL };
	struct row_id person, nowhere = { { 9 } };
	struct replica *r;
	struct pair p;
	struct op op = {
		.kind = OP_SET,
		.table = 2,
		.row = nowhere,
		.field_count = 1,
		.fields = { { 1, { VALUE_TEXT, 0, (const uint8_t *)"k", 1 } } },
	};
	int64_t segment;

	(void)state;
	proposing_shared(&p, 410, GRANT_READ, &person);
	/* a change of a row that nobody made, by a program that does not ask */
	r = p.r[PAIR_CLINIC];
	op.at_ms = env_wall_ms(replica_env(r));
	assert_int_equal(replica_begin(r, NULL), OK);
	assert_int_equal(log_append(r, pair_cpt(&p, PAIR_CLINIC, &person),
			     &segment, &op, NULL),
	    OK);
	pair_cpt(&p, PAIR_CLINIC, &person)->rederive = true;
	assert_int_equal(replica_commit(r, NULL), OK);
	pair_raw_set(&p, PAIR_CLINIC, "person", &person, fields, values);
	proposing_meet(&p, PAIR_CLINIC, PAIR_NORTH);
	proposing_shows(&p, PAIR_NORTH, &person, "word", "w");
	assert_int_equal(proposing_list(&p, PAIR_NORTH).proposals, 1);
	proposing_check(&p);
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_agencys_value_waits_for_the_owner),
		cmocka_unit_test(
		    declined_proposals_come_back_with_their_reason),
		cmocka_unit_test(a_later_proposal_replaces_the_earlier_one),
		cmocka_unit_test(the_order_of_arrival_changes_nothing),
		cmocka_unit_test(a_form_from_before_is_not_saved_over_it),
		cmocka_unit_test(equal_to_what_stands_is_only_a_notice),
		cmocka_unit_test(once_answered_work_is_applied_at_once_again),
		cmocka_unit_test(writing_after_an_answer_leaves_its_place),
		cmocka_unit_test(readers_who_propose_hide_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
