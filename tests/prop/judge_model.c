/*
 * The reference model, run on what a node holds: the schema is the node's, the
 * set is the pool's (judge_set.c).
 */
#include "tests/prop/judge_i.h"

#include <string.h>

static void
model_field_of(struct model_field *m, const struct field *f)
{
	*m = (struct model_field){
		.number = f->number,
		.since = f->since,
		.owner = f->owner,
		.one_way = f->one_way,
		.ranks = f->rule == RULE_RANKED || f->final_count > 0 ? f->ranks
								      : NULL,
		.leader = f->group_leader != 0 ? f->group_leader : f->number,
		.unit =
		    f->group_leader != 0 ? f->group_set : MODEL_BIT(f->number),
	};
	m->rule = (unsigned)f->rule; /* both in the order of the table's head */
	m->rank_count = m->ranks != NULL ? f->rank_count : 0;
	for (size_t i = 0; i < f->rank_count; i++)
		for (size_t k = 0; k < f->final_count; k++)
			if (strcmp(f->ranks[i], f->finals[k]) == 0)
				m->finals |= MODEL_BIT(i);
}

static void
make_schema(struct judge_model *s, const struct registry *r)
{
	s->table_count = r->table_count;
	for (size_t i = 0; i < r->table_count; i++) {
		const struct table *t = &r->tables[i];

		s->tables[i] = (struct model_table){
			.number = t->number,
			.since = t->since,
			.fields = s->fields[i],
			.field_count = t->field_count,
			.single_field = t->single_field,
			.while_field = t->while_field,
			.while_value = t->while_value,
		};
		for (size_t k = 0; k < t->field_count; k++)
			model_field_of(&s->fields[i][k], &t->fields[k]);
	}
}

void
judge_model_run(struct judge_model *x, struct world *w, unsigned n)
{
	*x = (struct judge_model){ .set = judge_set_new(w, n) };
	make_schema(x, replica_registry(w->node[n].replica));
	x->m = (struct model){
		.tables = x->tables,
		.table_count = x->table_count,
		.version = (unsigned)w->node[n].schemas,
		.set = x->set->at,
		.count = x->set->count,
		.ops = x->set->ops,
		.op_count = x->set->op_count,
	};
	model_run(&x->m);
}

void
judge_model_release(struct judge_model *x)
{
	model_release(&x->m);
	judge_set_free(x->set);
}
