/*
 * The reference model, run on what a node holds: the schema is the node's, the
 * set is the pool's (judge_set.c).
 */
#include "tests/prop/judge_i.h"

void
judge_model_run(struct judge_model *x, struct world *w, unsigned n)
{
	*x = (struct judge_model){ .set = judge_set_new(w, n) };
	as_model_schema(&x->schema, replica_registry(w->node[n].replica));
	x->m = (struct model){
		.tables = x->schema.tables,
		.table_count = x->schema.table_count,
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
