/*
 * Proposals as a person reads them: what came of those of this agency, as
 * notices, and all of one row.
 */
#include "sync/conflict_i.h"

#include <stdlib.h>

#include "sync/hash.h"

/* A _proposal row, copied out of the statement. */
struct raw {
	int64_t cpt, segment, by_segment;
	unsigned table, field, index, by_index;
	struct row_id row;
	enum proposal_state state;
};

struct raw_list {
	struct raw *p;
	size_t count, room;
};

static enum err
add_raw(struct raw_list *l, struct stmt *s, struct fail *f)
{
	struct raw *x;

	if (!derive_room((void **)&l->p, &l->room, l->count, sizeof(*l->p)))
		return fail_code(f, ERR_NOMEM);
	x = &l->p[l->count++];
	*x = (struct raw){
		.cpt = stmt_col_int(s, 0),
		.table = (unsigned)stmt_col_int(s, 1),
		.field = (unsigned)stmt_col_int(s, 3),
		.segment = stmt_col_int(s, 4),
		.index = (unsigned)stmt_col_int(s, 5),
		.state = (enum proposal_state)stmt_col_int(s, 6),
		.by_segment = stmt_col_int(s, 7),
		.by_index = (unsigned)stmt_col_int(s, 8),
	};
	(void)stmt_col_copy(s, 2, x->row.b, sizeof(x->row.b));
	return OK;
}

/* above: only with a greater state. */
static enum err
load_raw(struct raw_list *l, struct replica *r, const struct table *t,
    const struct row_id *row, int above, struct fail *f)
{
	struct stmt *s;
	bool more;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT cpt, tbl, row, field, segment, op, state, by_segment, by_op"
	    " FROM _proposal WHERE state > ?1 AND (?2 = 0 OR tbl = ?2) AND"
	    " (?3 IS NULL OR row = ?3)"
	    " ORDER BY tbl, row, cpt, field, segment, op",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, above);
	stmt_int(s, 2, t != NULL ? t->number : 0);
	if (row != NULL)
		stmt_blob(s, 3, row->b, sizeof(row->b));
	while ((e = stmt_step(s, &more, f)) == OK && more) {
		e = add_raw(l, s, f);
		if (e != OK)
			break;
	}
	stmt_reset(s);
	return e;
}

/* Was it this agency that proposed it? */
static enum err
is_own(struct replica *r, const struct raw *raw, bool *yes, struct fail *f)
{
	const struct member_node *node;
	struct segment_facts facts;
	enum err e = read_segment_facts(r, &facts, raw->segment, f);

	if (e != OK)
		return e;
	node = members_node(r->members, &facts.node);
	*yes = node != NULL && id_equal(&node->agency, &r->identity.agency);
	return OK;
}

static enum err
fill_answer(struct showing *x, const struct raw *raw, struct fail *f)
{
	struct proposal_answer *a = &x->answer;
	struct segment_facts facts;
	struct op op;
	enum err e;

	e = read_segment_facts(x->r, &facts, raw->by_segment, f);
	if (e == OK)
		e = read_op(x->r, &x->payload, &op, raw->by_segment,
		    raw->by_index, f);
	if (e != OK)
		return e;
	*a = (struct proposal_answer){
		.accepted = raw->state == PROPOSAL_ACCEPTED,
		.reason = op.reason,
		.staff = op.staff,
		.node = facts.node,
		.at_ms = op.at_ms,
		.offset_min = op.offset_min,
		.segment = raw->by_segment,
		.index = raw->by_index,
	};
	showing_keep(x, &a->reason);
	x->c.answer = a;
	return OK;
}

static enum err
fill(struct showing *x, const struct raw *raw, struct fail *f)
{
	enum err e;

	showing_reset(x);
	x->c = (struct conflict){
		.cpt = raw->cpt,
		.table = x->r->registry->by_number[raw->table],
		.row = raw->row,
		.kind = CONFLICT_NOTICE,
		.reason = CONFLICT_ANSWER,
		.values = x->values,
	};
	if (x->c.table == NULL || raw->field > REGISTRY_FIELD_MAX)
		return fail_code(f, ERR_CORRUPT);
	if (raw->field != 0)
		x->c.field = x->c.table->by_number[raw->field];
	e = showing_add(x, raw->segment, raw->index, raw->field, &raw->row, f);
	if (e == OK)
		e = showing_add_parts(x, raw->segment, raw->index,
		    conflict_unit(x->c.table, raw->field), f);
	if (e == OK && raw->by_segment != 0)
		e = fill_answer(x, raw, f);
	return e == OK ? showing_place(x, f) : e;
}

static void
hash_of(uint8_t out[static 16], int64_t cpt, unsigned table, unsigned field,
    const struct row_id *row, const int64_t origin[static 4])
{
	struct hash h;

	/* as of other notices, but for a fourth word: never the same */
	hash_init(&h, LABEL_SEEN, 16, NULL, 0);
	hash_u64(&h, (uint64_t)cpt);
	hash_u64(&h, table);
	hash_u64(&h, field);
	hash_put(&h, row->b, sizeof(row->b));
	for (size_t i = 0; i < 4; i++)
		hash_u64(&h, (uint64_t)origin[i]);
	hash_final(&h, out);
}

void
conflict_answer_hash(uint8_t out[static 16], const struct conflict *c)
{
	const struct conflict_value *v = &c->values[0];
	const int64_t origin[4] = { v->segment, v->index, c->answer->segment,
		c->answer->index };

	hash_of(out, c->cpt, c->table->number,
	    c->field != NULL ? c->field->number : 0, &c->row, origin);
}

/* Is this an answer that somebody here must still see? */
static enum err
is_due(struct replica *r, const struct raw *raw, bool *yes, struct fail *f)
{
	const int64_t origin[4] = { raw->segment, raw->index, raw->by_segment,
		raw->by_index };
	uint8_t hash[16];
	bool noticed = false;
	enum err e = is_own(r, raw, yes, f);

	if (e != OK || !*yes)
		return e;
	hash_of(hash, raw->cpt, raw->table, raw->field, &raw->row, origin);
	e = conflict_was_noticed(r, hash, &noticed, f);
	*yes = !noticed;
	return e;
}

enum err
conflict_answers(struct showing *x, const struct table *table,
    const struct row_id *row, conflict_fn each, void *context, bool *stop,
    struct fail *f)
{
	struct raw_list l = { 0 };
	enum err e = load_raw(&l, x->r, table, row, PROPOSAL_OPEN, f);

	for (size_t i = 0; e == OK && !*stop && i < l.count; i++) {
		bool due;

		e = is_due(x->r, &l.p[i], &due, f);
		if (e == OK && due)
			e = fill(x, &l.p[i], f);
		if (e == OK && due)
			*stop = !each(context, &x->c);
	}
	free(l.p);
	return e;
}

enum err
conflict_count_answers(struct replica *r, int64_t *count, struct fail *f)
{
	struct raw_list l = { 0 };
	enum err e = load_raw(&l, r, NULL, NULL, PROPOSAL_OPEN, f);

	for (size_t i = 0; e == OK && i < l.count; i++) {
		bool due;

		e = is_due(r, &l.p[i], &due, f);
		*count += e == OK && due;
	}
	free(l.p);
	return e;
}

enum err
proposal_list(struct replica *r, const struct table *table,
    const struct row_id *row, proposal_fn each, void *context, struct fail *f)
{
	struct raw_list l = { 0 };
	struct showing *x = NULL;
	bool stop = false;
	enum err e = load_raw(&l, r, table, row, 0, f);

	if (e == OK && l.count > 0) {
		x = calloc(1, sizeof(*x));
		if (x == NULL)
			e = fail_code(f, ERR_NOMEM);
		else
			x->r = r;
	}
	for (size_t i = 0; e == OK && !stop && i < l.count; i++) {
		e = fill(x, &l.p[i], f);
		if (e == OK) {
			struct proposal p = {
				.cpt = x->c.cpt,
				.field = x->c.field,
				.value = x->values[0],
				.answer = x->c.answer,
			};

			stop = !each(context, &p);
		}
	}
	if (x != NULL)
		showing_release(x);
	free(x);
	free(l.p);
	return e;
}
