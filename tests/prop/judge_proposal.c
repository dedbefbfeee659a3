/*
 * The proposals of a row against the model: each that is told has the state the
 * model gives it, and all are told but those that were replaced.
 */
#include "tests/prop/judge_i.h"

#include <string.h>

struct telling {
	const struct table *table;
	const struct model *m;
	const struct model_row *row;
	int64_t cpt;
	size_t told;
	const char *wrong;
};

static enum model_state
told_state(const struct proposal *p)
{
	if (p->answer == NULL)
		return MODEL_OPEN;
	return p->answer->accepted ? MODEL_ACCEPTED : MODEL_DECLINED;
}

static bool
on_proposal(void *context, const struct proposal *p)
{
	struct telling *t = context;
	enum model_state state = told_state(p);
	const struct model_cell *cell;
	struct model_value v;
	bool found = false;

	if (p->cpt != t->cpt)
		return true;
	t->told++;
	if (p->field == NULL) {
		if (t->row->state != state ||
		    t->m->ops[t->row->proposal].at != p->value.at_ms)
			t->wrong = judge_differ("%s: a proposed row is told as "
						"%d, want %d",
			    t->table->name, (int)state, (int)t->row->state);
		return t->wrong == NULL;
	}
	cell = &t->row->cells[p->field->number];
	v = as_model_value(&p->value.value);
	for (size_t i = 0; i < cell->proposal_count; i++) {
		const struct model_op *op = &t->m->ops[cell->proposals[i]];

		found |= cell->states[i] == state && op->at == p->value.at_ms &&
		    model_equal(&v, &op->values[p->field->number]);
	}
	if (!found)
		t->wrong = judge_differ("%s.%s: a proposal is told as %d",
		    t->table->name, p->field->name, (int)state);
	return found;
}

const char *
judge_proposals(struct world *w, unsigned n, const struct table *table,
    const struct model *m, const struct model_row *row,
    struct judge_counts *counts)
{
	struct telling t = { .table = table,
		.m = m,
		.row = row,
		.cpt = world_compartment(w, n)->no };
	size_t want = row->state != MODEL_NONE;
	struct fail f = { 0 };
	struct row_id id;

	memcpy(id.b, row->row, sizeof(id.b));
	world_must(proposal_list(w->node[n].replica, table, &id, on_proposal,
		       &t, &f),
	    &f, "proposals");
	counts->rows_proposed[row->state]++;
	for (size_t k = 0; k < 64; k++)
		for (size_t i = 0; i < row->cells[k].proposal_count; i++) {
			enum model_state state = row->cells[k].states[i];

			counts->proposals[state]++;
			want += state != MODEL_REPLACED;
		}
	if (t.wrong == NULL && t.told != want)
		t.wrong = judge_differ("%s: %zu proposals are told, want %zu",
		    table->name, t.told, want);
	return t.wrong;
}
