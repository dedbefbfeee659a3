/* What an agency may not write: proposed here, waiting there. */
#include "tests/support/proposing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void
proposing_shared(struct pair *p, uint64_t seed, enum grant_right right,
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

void
proposing_meet(struct pair *p, enum pair_who a, enum pair_who b)
{
	(void)pair_seal(p, a);
	(void)pair_seal(p, b);
	pair_ship_all(p, a, b);
	pair_ship_all(p, b, a);
}

void
proposing_check(struct pair *p)
{
	pair_check(p, PAIR_NORTH);
	pair_check(p, PAIR_CLINIC);
}

void
proposing_accept(struct pair *p, int64_t no, unsigned keep)
{
	assert_int_equal(conflict_accept(p->r[PAIR_NORTH], no, keep, NULL,
			     NULL),
	    OK);
}

void
proposing_shows(struct pair *p, enum pair_who who, const struct row_id *person,
    const char *field, const char *value)
{
	assert_string_equal(pair_get(p, who, "person", person, field, NULL),
	    value);
}

static bool
take(void *context, const struct conflict *c)
{
	struct proposing_listed *l = context;
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

struct proposing_listed
proposing_list(struct pair *p, enum pair_who who)
{
	struct proposing_listed l = { 0 };

	assert_int_equal(conflict_list(p->r[who], NULL, NULL, true, take, &l,
			     NULL),
	    OK);
	return l;
}

enum err
proposing_row(struct pair *p, const struct row_id *person, const char *result,
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
