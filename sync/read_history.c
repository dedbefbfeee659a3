/*
 * Who wrote what to a row, where and when, from the signed log.
 */
#include "sync/derive_i.h"
#include "sync/read_i.h"

struct history {
	struct replica *r;
	const struct table *t;
	struct row_id id;
	int64_t cpt;
	struct buf clock;
};

static bool
take_place(void *context, const struct read_row *row)
{
	struct history *h = context;

	h->cpt = row->cpt;
	buf_put(&h->clock, row->clock, row->clock_n);
	return false;
}

static bool
stands(const struct history *h, int64_t segment, uint64_t mask)
{
	struct clock_reader r;

	clock_reader_init(&r, h->clock.p, h->clock.n);
	while (clock_reader_next(&r)) {
		if (r.segment == segment && (r.fields & mask) != 0)
			return true;
	}
	return false;
}

static bool
tell(const struct history *h, const struct derivation *d,
    const struct d_op *from, read_event_fn each, void *context)
{
	const struct d_segment *s = &d->segments[from->segment];
	const struct author *a = replica_author_no(h->r, s->author_no);
	struct op op = {
		.kind = from->insert ? OP_INSERT : OP_SET,
		.table = from->table,
		.row = from->row,
		.staff = from->staff,
		.at_ms = from->at_ms,
		.offset_min = from->offset_min,
		.reason = from->reason,
		.field_count = from->field_count,
	};
	struct read_event event = {
		.op = &op,
		.segment = s->no,
		.index = from->index,
		.sealed = s->seq != UINT64_MAX,
		.segment_id = s->id,
		.standing = stands(h, s->no, from->mask),
		.proposed = from->proposed,
		.proposed_row = from->insert && from->proposal,
	};

	for (size_t i = 0; i < from->field_count; i++) {
		const struct d_field *w = &d->fields[from->field_first + i];

		op.fields[i].number = w->number;
		op.fields[i].value = w->value;
	}
	if (a != NULL)
		event.node = a->node;
	return each(context, &event);
}

enum err
read_history(struct replica *r, const struct table *table,
    const struct row_id *id, int64_t cpt, read_event_fn each, void *context,
    struct fail *f)
{
	struct history h = { .r = r, .t = table, .id = *id, .cpt = cpt };
	struct derivation d = { .r = r };
	struct compartment *c;
	enum err e;

	e = read_get(r, table, id, cpt, take_place, &h, f);
	/* it may be proposed, and then its history says by whom */
	if (e == ERR_NOTFOUND && cpt != 0)
		e = OK;
	if (e == OK)
		e = compartment_get(r, &c, h.cpt, f);
	if (e == OK) {
		d.c = c;
		e = derivation_load(&d, f);
	}
	/* as loaded: causal order */
	for (size_t i = 0; e == OK && i < d.op_count; i++) {
		const struct d_op *op = &d.ops[i];

		if (op->table == table->number && id_equal(&op->row, id) &&
		    !tell(&h, &d, op, each, context))
			break;
	}
	derivation_release(&d);
	buf_release(&h.clock);
	return e;
}
