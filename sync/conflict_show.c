/*
 * What a conflict shows: values and who wrote them, from the log, and the row
 * they belong to.
 */
#include "sync/conflict_i.h"

void
showing_reset(struct showing *x)
{
	buf_reset(&x->bytes);
	x->part_count = 0;
	x->answer = (struct proposal_answer){ 0 };
}

void
showing_release(struct showing *x)
{
	buf_release(&x->bytes);
	buf_release(&x->payload);
}

static bool
has_bytes(const struct value *v)
{
	return v->type == VALUE_TEXT || v->type == VALUE_BYTES ||
	    v->type == VALUE_ID;
}

void
showing_keep(struct showing *x, struct value *v)
{
	size_t at = x->bytes.n;

	if (has_bytes(v)) {
		buf_put(&x->bytes, v->p, v->n);
		v->p = (const uint8_t *)at;
	}
}

static void
fix_value(const struct showing *x, struct value *v)
{
	if (has_bytes(v))
		v->p = x->bytes.p + (size_t)v->p;
}

enum err
showing_fix(struct showing *x, struct fail *f)
{
	const struct conflict_part *part = x->parts;

	if (x->bytes.err != OK)
		return fail_code(f, x->bytes.err);
	fix_value(x, &x->c.shown);
	fix_value(x, &x->answer.reason);
	for (size_t i = 0; i < x->part_count; i++)
		fix_value(x, &x->parts[i].value);
	for (size_t i = 0; i < x->c.value_count; i++) {
		struct conflict_value *v = &x->values[i];

		v->parts = part;
		part += v->part_count;
		/* of rows it is the row's own id */
		if (x->c.field != NULL)
			fix_value(x, &v->value);
		else
			v->value = (struct value){ .type = VALUE_ID,
				.p = v->row.b,
				.n = ID_BYTES };
	}
	return OK;
}

enum err
showing_add(struct showing *x, int64_t segment, unsigned index, unsigned number,
    const struct row_id *row, struct fail *f)
{
	struct segment_facts facts;
	struct conflict_value *v;
	struct op op;
	enum err e;

	if (x->c.value_count == CONFLICT_VALUES_MAX)
		return OK;
	e = read_segment_facts(x->r, &facts, segment, f);
	if (e == OK)
		e = read_op(x->r, &x->payload, &op, segment, index, f);
	if (e != OK)
		return e;
	v = &x->values[x->c.value_count++];
	*v = (struct conflict_value){
		.n = (unsigned)x->c.value_count,
		.staff = op.staff,
		.node = facts.node,
		.at_ms = op.at_ms,
		.offset_min = op.offset_min,
		.row = *row,
		.segment = segment,
		.index = index,
	};
	for (size_t i = 0; i < op.field_count; i++) {
		if (op.fields[i].number == number)
			v->value = op.fields[i].value;
	}
	showing_keep(x, &v->value);
	return OK;
}

enum err
showing_add_parts(struct showing *x, int64_t segment, unsigned index,
    uint64_t set, struct fail *f)
{
	struct conflict_value *v = &x->values[x->c.value_count - 1];
	struct op op;
	enum err e = read_op(x->r, &x->payload, &op, segment, index, f);

	for (size_t i = 0; e == OK && i < op.field_count; i++) {
		struct conflict_part *part = &x->parts[x->part_count];
		const struct field *field =
		    x->c.table->by_number[op.fields[i].number];

		if (field == NULL || (set & CLOCK_BIT(field->number)) == 0 ||
		    x->part_count == CONFLICT_PARTS_MAX)
			continue;
		*part = (struct conflict_part){ field, op.fields[i].value };
		showing_keep(x, &part->value);
		x->part_count++;
		v->part_count++;
	}
	return e;
}

uint64_t
conflict_unit(const struct table *t, unsigned field)
{
	const struct field *f =
	    field <= REGISTRY_FIELD_MAX ? t->by_number[field] : NULL;

	if (f == NULL)
		return field == 0 ? ~(uint64_t)0 : 0;
	return f->group != NULL ? f->group_set : CLOCK_BIT(field);
}

bool
conflict_is_ours(const struct replica *r, const struct compartment *c)
{
	return c->has_owner && id_equal(&c->owner, &r->identity.agency);
}

static bool
take_shown(void *context, const struct read_row *row)
{
	struct showing *x = context;
	unsigned number =
	    x->c.field != NULL ? x->c.field->number : x->c.table->single_field;

	x->c.shown = row->values[number];
	showing_keep(x, &x->c.shown);
	return false;
}

enum err
showing_place(struct showing *x, struct fail *f)
{
	struct compartment *c;
	enum err e;

	x->c.who_decides = x->c.field != NULL && x->c.field->decides != NULL
	    ? x->c.field->decides
	    : x->c.table->decides;
	e = read_get(x->r, x->c.table, &x->c.row, x->c.cpt, take_shown, x, f);
	/* a row that is only proposed is not there */
	if (e == ERR_NOTFOUND)
		e = OK;
	if (e == OK)
		e = compartment_get(x->r, &c, x->c.cpt, f);
	if (e != OK)
		return e;
	x->c.subject = c->subject;
	x->c.category = c->category;
	x->c.owner = c->owner;
	x->c.ours = (x->c.reason != CONFLICT_PROPOSAL &&
			x->c.reason != CONFLICT_ANSWER) ||
	    conflict_is_ours(x->r, c);
	e = showing_fix(x, f);
	if (e == OK)
		x->c.no = conflict_number(&x->c, c);
	return e;
}
