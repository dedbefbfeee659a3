/*
 * What was proposed, and what came of it, by the definitions at the head of
 * tests/merge/table.txt.
 */
#include "tests/model/model_i.h"

/* An operation of a reader that knows its row. */
bool
model_is_proposal(const struct model *m, size_t o)
{
	const struct model_op *op = &m->ops[o];
	bool knows = op->insert;

	if (!m->set[op->segment].readable || !m->set[op->segment].proposal ||
	    op->invalid || model_is_answer(op))
		return false;
	for (size_t i = 0; i < m->op_count && !knows; i++)
		knows = m->ops[i].insert && !m->ops[i].invalid &&
		    m->set[m->ops[i].segment].readable &&
		    model_covers(m, o, i) &&
		    model_is_of(&m->ops[i], op->table, op->row);
	return knows;
}

/* Does the owner's operation w decide about p: unit 0 the whole row? */
static bool
decides(const struct model *m, size_t w, size_t p, uint64_t unit)
{
	const struct model_op *op = &m->ops[w];
	const struct model_segment *s = &m->set[op->segment];

	return s->readable && !s->foreign && !op->invalid &&
	    model_is_of(op, m->ops[p].table, m->ops[p].row) &&
	    model_covers(m, w, p) &&
	    (op->insert || model_is_answer(op) ||
		((op->named & unit) != 0 && model_presence(m, w) == PRESENT));
}

/* The first ones that decided, ascending by order key. */
static struct list
deciders(struct model *m, size_t p, uint64_t unit)
{
	struct list all = { model_own(m, m->op_count, sizeof(size_t)), 0 };

	for (size_t w = 0; w < m->op_count; w++)
		if (decides(m, w, p, unit))
			all.at[all.count++] = w;
	return model_extreme(m, all, false);
}

static struct list
proposed(struct model *m, const struct model_field *f,
    const struct model_row *r)
{
	struct list all = { model_own(m, m->op_count, sizeof(size_t)), 0 };

	for (size_t o = 0; o < m->op_count; o++) {
		const struct model_op *op = &m->ops[o];
		bool is = model_is_of(op, r->table, r->row) &&
		    (op->named & f->unit) != 0;

		if (is && model_is_proposal(m, o))
			is = deciders(m, o, 0).count == 0;
		else if (is)
			is = model_counts(m, op) && f->owner &&
			    m->set[op->segment].foreign &&
			    model_presence(m, o) == PRESENT;
		if (is)
			all.at[all.count++] = o;
	}
	return all;
}

static bool
replaced(const struct model *m, struct list all, size_t p, struct list first)
{
	for (size_t i = 0; i < all.count; i++) {
		bool is = model_covers(m, all.at[i], p) &&
		    m->set[m->ops[all.at[i]].segment].agency ==
			m->set[m->ops[p].segment].agency;

		for (size_t k = 0; k < first.count && is; k++)
			is = model_covers(m, first.at[k], all.at[i]);
		if (is)
			return true;
	}
	return false;
}

static enum model_state
state_of(struct model *m, const struct model_field *f, struct list all,
    size_t p)
{
	struct list first = deciders(m, p, f->unit);

	if (replaced(m, all, p, first))
		return MODEL_REPLACED;
	if (first.count == 0)
		return MODEL_OPEN;
	return model_unit_equal(m, f, p, first.at[first.count - 1])
	    ? MODEL_ACCEPTED
	    : MODEL_DECLINED;
}

void
model_find_proposals(struct model *m, const struct model_field *f,
    struct model_row *r)
{
	struct model_cell *cell = &r->cells[f->number];
	struct list all = proposed(m, f, r), sorted = { 0 };

	sorted.at = model_own(m, all.count, sizeof(size_t));
	cell->states = model_own(m, all.count, sizeof(*cell->states));
	for (size_t i = 0; i < all.count; i++) {
		size_t k = sorted.count++;

		for (; k > 0 && model_order(m, sorted.at[k - 1], all.at[i]) > 0;
		     k--)
			sorted.at[k] = sorted.at[k - 1];
		sorted.at[k] = all.at[i];
	}
	cell->proposals = sorted.at;
	cell->proposal_count = sorted.count;
	for (size_t i = 0; i < sorted.count; i++) {
		const struct model_op *op = &m->ops[sorted.at[i]];

		cell->states[i] = state_of(m, f, all, sorted.at[i]);
		for (unsigned k = 0; k < 64; k++)
			cell->differs |= cell->states[i] == MODEL_OPEN &&
			    (f->unit & MODEL_BIT(k)) != 0 &&
			    !model_equal(&op->values[k], &r->cells[k].value);
	}
}

/* Is the row as a whole proposed, and what came of that? */
void
model_find_proposed_row(struct model *m, struct model_row *r)
{
	bool found = false, open = false;
	struct list first;

	for (size_t o = 0; o < m->op_count; o++) {
		const struct model_op *op = &m->ops[o];

		if (!model_is_of(op, r->table, r->row))
			continue;
		/* the row waits: nobody can tell */
		if (!r->shown && model_counts(m, op) &&
		    model_presence(m, o) == WAITS)
			return;
		if (!model_is_proposal(m, o))
			continue;
		open |= deciders(m, o, 0).count == 0;
		if (op->insert &&
		    (!found || model_order(m, o, r->proposal) < 0)) {
			found = true;
			r->proposal = o;
		}
	}
	if (!found)
		return;
	first = deciders(m, r->proposal, 0);
	if (r->shown && first.count > 0)
		r->state = m->ops[first.at[first.count - 1]].insert
		    ? MODEL_ACCEPTED
		    : MODEL_DECLINED;
	else if (!r->shown)
		r->state = open ? MODEL_OPEN : MODEL_DECLINED;
}
