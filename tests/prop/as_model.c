#include "tests/prop/as_model.h"

#include <stdlib.h>
#include <string.h>

#include "sync/op.h"

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

void
as_model_schema(struct as_model_schema *s, const struct registry *r)
{
	assert(r->table_count <= COUNT_OF(s->tables));
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

struct model_value
as_model_value(const struct value *v)
{
	switch (v->type) {
	case VALUE_NULL:
		return (struct model_value){ .kind = MODEL_NULL };
	case VALUE_INT:
	case VALUE_DATE:
	case VALUE_TIME:
		return (
		    struct model_value){ .kind = MODEL_NUMBER, .number = v->i };
	case VALUE_TEXT:
	case VALUE_BYTES:
	case VALUE_ID:
		break;
	}
	return (struct model_value){
		.kind = MODEL_TEXT,
		.text = (const char *)v->p,
		.n = v->type == VALUE_ID ? ID_BYTES : v->n,
	};
}

size_t
as_model_ops(struct model_op **ops, const struct buf *payload)
{
	struct op_reader r;
	struct op op;
	size_t count = 0;

	*ops = NULL;
	op_reader_init(&r, payload->p, payload->n);
	while (op_reader_next(&r, &op)) {
		struct model_op *m;

		*ops = realloc(*ops, (count + 1) * sizeof(**ops));
		if (*ops == NULL)
			abort();
		m = &(*ops)[count++];
		*m = (struct model_op){ .insert = op.kind == OP_INSERT,
			.table = op.table,
			.at = op.at_ms };
		memcpy(m->row, op.row.b, 16);
		for (size_t i = 0; i < op.field_count; i++) {
			unsigned k = op.fields[i].number;

			m->named |= MODEL_BIT(k);
			m->values[k] = as_model_value(&op.fields[i].value);
		}
	}
	if (r.err != OK)
		abort();
	return count;
}
