/* Proposals: what may not be written here waits for the owner's word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/pair.h"

/* North's record of a person, with `mine` set to x, shared with the clinic. */
static void
shared(struct pair *p, uint64_t seed, enum grant_right right,
    struct row_id *person)
{
	pair_start(p, seed, 1);
	pair_insert(p, PAIR_NORTH, "person", person, NULL, "word", "w");
	assert_int_equal(pair_set(p, PAIR_NORTH, "person", person, "mine", "x",
			     NULL),
	    OK);
	pair_share(p, PAIR_NORTH, person, PAIR_CLINIC, right, false);
	(void)pair_seal(p, PAIR_NORTH);
	pair_ship_all(p, PAIR_NORTH, PAIR_CLINIC);
	pair_ship_all(p, PAIR_NORTH, PAIR_SOUTH);
}

static void
meet(struct pair *p, enum pair_who a, enum pair_who b)
{
	(void)pair_seal(p, a);
	(void)pair_seal(p, b);
	pair_ship_all(p, a, b);
	pair_ship_all(p, b, a);
}

static void
check_both(struct pair *p)
{
	pair_check(p, PAIR_NORTH);
	pair_check(p, PAIR_CLINIC);
}

static void
accept(struct pair *p, int64_t no, unsigned keep)
{
	assert_int_equal(conflict_accept(p->r[PAIR_NORTH], no, keep, NULL,
			     NULL),
	    OK);
}

static void
shows(struct pair *p, enum pair_who who, const struct row_id *person,
    const char *field, const char *value)
{
	assert_string_equal(pair_get(p, who, "person", person, field, NULL),
	    value);
}

struct listed {
	unsigned proposals, answers, values, parts;
	bool ours, accepted, decision;
	int64_t no;
	char reason[100], value[100];
	struct node_id by;
};

static bool
take(void *context, const struct conflict *c)
{
	struct listed *l = context;
	const struct value *v = &c->values[0].value;

	if (c->reason == CONFLICT_PROPOSAL) {
		l->proposals++;
		l->values = (unsigned)c->value_count;
		l->decision = c->kind == CONFLICT_DECISION;
	}
	if (c->reason == CONFLICT_ANSWER) {
		l->answers++;
		l->accepted = c->answer->accepted;
		(void)snprintf(l->reason, sizeof(l->reason), "%.*s",
		    (int)c->answer->reason.n, c->answer->reason.p);
	}
	l->no = c->no;
	l->ours = c->ours;
	l->parts = (unsigned)c->values[0].part_count;
	l->by = c->values[0].node;
	if (v->type == VALUE_TEXT)
		(void)snprintf(l->value, sizeof(l->value), "%.*s", (int)v->n,
		    v->p);
	return true;
}

static struct listed
list(struct pair *p, enum pair_who who)
{
	struct listed l = { 0 };

	assert_int_equal(conflict_list(p->r[who], NULL, NULL, true, take, &l,
			     NULL),
	    OK);
	return l;
}

static void
another_agencys_value_waits_for_the_owner(void **state)
{
	struct row_id person;
	struct listed l;
	struct pair p;

	(void)state;
	shared(&p, 401, GRANT_WRITE, &person);
	assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person, "mine",
			     "y", NULL),
	    OK);
	shows(&p, PAIR_CLINIC, &person, "mine", "x");
	l = list(&p, PAIR_CLINIC);
	assert_int_equal(l.proposals, 1);
	assert_false(l.ours);
	assert_int_equal(pair_decisions(&p, PAIR_CLINIC), 0);
	meet(&p, PAIR_CLINIC, PAIR_NORTH);
	shows(&p, PAIR_NORTH, &person, "mine", "x");
	l = list(&p, PAIR_NORTH);
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
	accept(&p, l.no, 0);
	shows(&p, PAIR_NORTH, &person, "mine", "y");
	assert_int_equal(pair_decisions(&p, PAIR_NORTH), 0);
	assert_int_equal(list(&p, PAIR_NORTH).answers, 0);
	meet(&p, PAIR_NORTH, PAIR_CLINIC);
	shows(&p, PAIR_CLINIC, &person, "mine", "y");
	l = list(&p, PAIR_CLINIC);
	assert_int_equal(l.proposals, 0);
	assert_int_equal(l.answers, 1);
	assert_true(l.accepted);
	check_both(&p);
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
	struct listed l;
	struct pair p;

	(void)state;
	shared(&p, 402, GRANT_READ, &person);
	/* a reader proposes any field, not only the owner's */
	assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person, "word",
			     "other", NULL),
	    OK);
	shows(&p, PAIR_CLINIC, &person, "word", "w");
	meet(&p, PAIR_CLINIC, PAIR_NORTH);
	l = list(&p, PAIR_NORTH);
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
	shows(&p, PAIR_NORTH, &person, "word", "w");
	meet(&p, PAIR_NORTH, PAIR_CLINIC);
	l = list(&p, PAIR_CLINIC);
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
	assert_int_equal(list(&p, PAIR_CLINIC).answers, 0);
	check_both(&p);
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	pair_stop(&p);
}

/* ---- whole rows ---- */

static enum err
propose_row(struct pair *p, const struct row_id *person, const char *result,
    struct row_id *row)
{
	struct replica *r = p->r[PAIR_CLINIC];
	const struct table *t =
	    registry_table(replica_registry(r), "attendance");
	struct write_field w[2] = {
		{ .field = t->by_number[1],
		    .value = { VALUE_TEXT, 0, (const uint8_t *)"monday", 6 } },
		{ .field = t->by_number[2],
		    .value = { VALUE_TEXT, 0, (const uint8_t *)result,
			strlen(result) } },
	};
	struct write_told told = { 0 };
	struct write_request q = {
		.table = t,
		.cpt = pair_cpt(p, PAIR_CLINIC, person)->no,
		.told = &told,
		.fields = w,
		.field_count = 2,
	};
	enum err e = write_row(r, row, NULL, &q, NULL);

	if (e == OK) {
		assert_true(told.proposed_row);
		assert_int_equal(told.proposed, 6);
		assert_true(id_equal(&told.owner,
		    &replica_identity(p->r[PAIR_NORTH])->agency));
	}
	return e;
}

static void
a_reader_proposes_a_row_the_owner_makes_it(void **state)
{
	struct row_id person, row;
	struct listed l;
	struct pair p;

	(void)state;
	shared(&p, 403, GRANT_READ, &person);
	assert_int_equal(propose_row(&p, &person, "came", &row), OK);
	assert_string_equal(pair_get(&p, PAIR_CLINIC, "attendance", &row,
				"result", NULL),
	    "-");
	meet(&p, PAIR_CLINIC, PAIR_NORTH);
	l = list(&p, PAIR_NORTH);
	assert_int_equal(l.proposals, 1);
	assert_int_equal(l.parts, 2);
	assert_int_equal(pair_decisions(&p, PAIR_NORTH), 1);
	accept(&p, l.no, 0);
	meet(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_string_equal(pair_get(&p, PAIR_CLINIC, "attendance", &row,
				"result", NULL),
	    "came");
	l = list(&p, PAIR_CLINIC);
	assert_int_equal(l.answers, 1);
	assert_true(l.accepted);
	check_both(&p);
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	pair_stop(&p);
}

static void
a_proposed_row_that_is_declined_never_was(void **state)
{
	struct row_id person, row;
	struct listed l;
	struct pair p;

	(void)state;
	shared(&p, 404, GRANT_READ, &person);
	assert_int_equal(propose_row(&p, &person, "missed", &row), OK);
	meet(&p, PAIR_CLINIC, PAIR_NORTH);
	l = list(&p, PAIR_NORTH);
	assert_int_equal(conflict_decline(p.r[PAIR_NORTH], l.no, "she was here",
			     NULL, NULL),
	    OK);
	assert_int_equal(list(&p, PAIR_NORTH).proposals, 0);
	meet(&p, PAIR_NORTH, PAIR_CLINIC);
	l = list(&p, PAIR_CLINIC);
	assert_int_equal(l.proposals, 0);
	assert_int_equal(l.answers, 1);
	assert_false(l.accepted);
	assert_string_equal(l.reason, "she was here");
	assert_string_equal(pair_get(&p, PAIR_CLINIC, "attendance", &row,
				"result", NULL),
	    "-");
	check_both(&p);
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	pair_stop(&p);
}

static void
a_later_proposal_replaces_the_earlier_one(void **state)
{
	struct row_id person;
	struct listed l;
	struct pair p;

	(void)state;
	shared(&p, 405, GRANT_WRITE, &person);
	for (int i = 0; i < 3; i++) {
		char value[2] = { (char)('p' + i), 0 };

		assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person,
				     "mine", value, NULL),
		    OK);
		(void)pair_seal(&p, PAIR_CLINIC);
	}
	meet(&p, PAIR_CLINIC, PAIR_NORTH);
	l = list(&p, PAIR_NORTH);
	assert_int_equal(l.values, 1);
	assert_string_equal(l.value, "r");
	accept(&p, l.no, 1);
	meet(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_int_equal(list(&p, PAIR_CLINIC).answers, 1);
	pair_check(&p, PAIR_CLINIC);
	pair_stop(&p);
}

static void
the_order_of_arrival_changes_nothing(void **state)
{
	struct row_id person;
	struct listed l;
	struct pair p;

	(void)state;
	shared(&p, 406, GRANT_WRITE, &person);
	/* two desks of the owner answer the same proposal, apart */
	assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person, "mine",
			     "y", NULL),
	    OK);
	(void)pair_seal(&p, PAIR_CLINIC);
	pair_ship_all(&p, PAIR_CLINIC, PAIR_NORTH);
	pair_ship_all(&p, PAIR_CLINIC, PAIR_SOUTH);
	l = list(&p, PAIR_NORTH);
	assert_int_equal(list(&p, PAIR_SOUTH).no, l.no);
	accept(&p, l.no, 0);
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
		l = list(&p, (enum pair_who)who);
		assert_int_equal(l.proposals, 1);
		pair_check(&p, (enum pair_who)who);
		pair_equal(&p, PAIR_NORTH, (enum pair_who)who, &person);
	}
	l = list(&p, PAIR_CLINIC);
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
	shared(&p, 407, GRANT_WRITE, &person);
	(void)pair_get(&p, PAIR_NORTH, "person", &person, "mine", seen);
	assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person, "mine",
			     "y", NULL),
	    OK);
	meet(&p, PAIR_CLINIC, PAIR_NORTH);
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
	meet(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_int_equal(list(&p, PAIR_CLINIC).answers, 1);
	pair_stop(&p);
}

static void
equal_to_what_stands_is_only_a_notice(void **state)
{
	struct row_id person;
	struct listed l;
	struct pair p;

	(void)state;
	shared(&p, 408, GRANT_WRITE, &person);
	assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person, "mine",
			     "y", NULL),
	    OK);
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "mine",
			     "y", NULL),
	    OK);
	meet(&p, PAIR_CLINIC, PAIR_NORTH);
	l = list(&p, PAIR_NORTH);
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
	struct listed l;
	int64_t derived;
	struct pair p;

	(void)state;
	shared(&p, 409, GRANT_WRITE, &person);
	assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person, "mine",
			     "y", NULL),
	    OK);
	meet(&p, PAIR_CLINIC, PAIR_NORTH);
	l = list(&p, PAIR_NORTH);
	assert_int_equal(conflict_decline(p.r[PAIR_NORTH], l.no, "no", NULL,
			     NULL),
	    OK);
	meet(&p, PAIR_NORTH, PAIR_CLINIC);
	derived = replica_counter(p.r[PAIR_CLINIC], "derived");
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "mine",
			     "z", NULL),
	    OK);
	meet(&p, PAIR_NORTH, PAIR_CLINIC);
	shows(&p, PAIR_CLINIC, &person, "mine", "z");
	assert_int_equal(replica_counter(p.r[PAIR_CLINIC], "derived"), derived);
	pair_check(&p, PAIR_CLINIC);
	pair_stop(&p);
}

/* Operations of an open segment stand by row: a later one may come first. */
static void
writing_after_an_answer_leaves_its_place(void **state)
{
	struct row_id person;
	struct listed l;
	struct pair p;

	(void)state;
	shared(&p, 411, GRANT_WRITE, &person);
	assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person, "mine",
			     "y", NULL),
	    OK);
	meet(&p, PAIR_CLINIC, PAIR_NORTH);
	/* in another table, after; then the answer; then one before both */
	l = list(&p, PAIR_NORTH);
	for (int i = 0; i < 3; i++) {
		struct row_id row;

		if (i == 1)
			accept(&p, l.no, 0);
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
	meet(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_true(list(&p, PAIR_CLINIC).accepted);
	pair_check(&p, PAIR_CLINIC);
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
	shared(&p, 412, GRANT_READ, &person);
	assert_int_equal(propose_row(&p, &person, "came", &row), OK);
	meet(&p, PAIR_CLINIC, PAIR_NORTH);
	accept(&p, list(&p, PAIR_NORTH).no, 0);
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "word",
			     "v", NULL),
	    OK);
	pair_check(&p, PAIR_NORTH);
	meet(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_true(list(&p, PAIR_CLINIC).accepted);
	pair_check(&p, PAIR_CLINIC);
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
	shared(&p, 410, GRANT_READ, &person);
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
	meet(&p, PAIR_CLINIC, PAIR_NORTH);
	shows(&p, PAIR_NORTH, &person, "word", "w");
	assert_int_equal(list(&p, PAIR_NORTH).proposals, 1);
	check_both(&p);
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	pair_stop(&p);
}

static enum err
share_write(struct pair *p, const struct row_id *person)
{
	static const char *const category[] = { "SUP.case" };
	struct grant_request q = {
		.subject = *person,
		.categories = category,
		.category_count = 1,
		.kind = GRANT_AGENCY,
		.right = GRANT_WRITE,
		.basis = "agreement:2",
	};

	memcpy(q.recipient, replica_identity(p->r[PAIR_CLINIC])->agency.b,
	    ID_BYTES);
	return grant_share(p->r[PAIR_NORTH], &q, NULL, NULL, NULL);
}

/* What was only proposed would stand by itself once its author may write. */
static void
nobody_gets_the_right_to_write_before_its_proposals_are_decided(void **state)
{
	struct row_id person;
	struct listed l;
	struct pair p;

	(void)state;
	shared(&p, 431, GRANT_READ, &person);
	assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person, "word",
			     "theirs", NULL),
	    OK);
	meet(&p, PAIR_CLINIC, PAIR_NORTH);
	shows(&p, PAIR_NORTH, &person, "word", "w");
	assert_int_equal(share_write(&p, &person), ERR_INPUT);
	shows(&p, PAIR_NORTH, &person, "word", "w");
	l = list(&p, PAIR_NORTH);
	assert_int_equal(l.proposals, 1);
	assert_int_equal(conflict_decline(p.r[PAIR_NORTH], l.no, "no", NULL,
			     NULL),
	    OK);
	assert_int_equal(share_write(&p, &person), OK);
	meet(&p, PAIR_NORTH, PAIR_CLINIC);
	shows(&p, PAIR_NORTH, &person, "word", "w");
	shows(&p, PAIR_CLINIC, &person, "word", "w");
	check_both(&p);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_agencys_value_waits_for_the_owner),
		cmocka_unit_test(
		    declined_proposals_come_back_with_their_reason),
		cmocka_unit_test(a_reader_proposes_a_row_the_owner_makes_it),
		cmocka_unit_test(a_proposed_row_that_is_declined_never_was),
		cmocka_unit_test(a_later_proposal_replaces_the_earlier_one),
		cmocka_unit_test(the_order_of_arrival_changes_nothing),
		cmocka_unit_test(a_form_from_before_is_not_saved_over_it),
		cmocka_unit_test(equal_to_what_stands_is_only_a_notice),
		cmocka_unit_test(once_answered_work_is_applied_at_once_again),
		cmocka_unit_test(writing_after_an_answer_leaves_its_place),
		cmocka_unit_test(an_answer_to_a_row_keeps_its_place_too),
		cmocka_unit_test(readers_who_propose_hide_nothing),
		cmocka_unit_test(
		    nobody_gets_the_right_to_write_before_its_proposals_are_decided),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
