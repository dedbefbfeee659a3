/*
 * Taking offers up: the operations are written anew in this computer's name,
 * with who typed them and when. In the order in which they were typed, author by
 * author.
 */
#include "sync/offer.h"

#include <stdlib.h>
#include <string.h>

#include "sync/apply.h"
#include "sync/clock.h"
#include "sync/derive_i.h"
#include "sync/offer_i.h"
#include "sync/read.h"

struct taking_up {
	struct replica *r;
	int64_t cpt;
	const struct node_id *node;
	struct offer_sum *sum;
	struct offer_opened *opened;
	struct derivation *past; /* the log as it is before anything is taken */
	bool *known;             /* [segment of past]: by the writer */
	int64_t first_mine; /* what this author's offers gave begins here */
	struct judge_author writer, self;
};

/* ---- what the writer knew ------------------------------------------------------- */

static void
know(struct taking_up *t, const struct segment_dep *dep)
{
	const struct derivation *d = t->past;

	for (size_t i = 0; i < d->segment_count; i++) {
		const struct d_segment *s = &d->segments[i];

		if (s->chain != dep->chain || s->seq != dep->seq ||
		    !id_equal(&s->tag, &dep->author) ||
		    memcmp(s->id.b, dep->ref, sizeof(dep->ref)) != 0)
			continue;
		for (size_t k = 0; s->placed && k < d->segment_count; k++)
			if (d->segments[k].placed &&
			    segment_before(d, (uint32_t)k, (uint32_t)i))
				t->known[k] = true;
		t->known[i] = true;
	}
}

static bool
knew(const struct taking_up *t, int64_t segment)
{
	uint32_t at;

	if (segment >= t->first_mine)
		return true; /* its own, taken up a moment ago */
	at = derivation_find(t->past, segment);
	return at != NOWHERE && t->known[at];
}

/* ---- one operation -------------------------------------------------------------- */

/* The row as it stands. */
struct standing {
	struct taking_up *t;
	const struct op *op;
	uint64_t differs; /* fields where something else stands */
	uint64_t
	    unknown; /* fields with an origin that the writer did not know */
	bool exists;
};

static bool
same_value(const struct value *a, const struct value *b)
{
	struct buf x = { 0 }, y = { 0 };
	bool same;

	value_encode(&x, a);
	value_encode(&y, b);
	same = x.err == OK && y.err == OK && x.n == y.n &&
	    (x.n == 0 || memcmp(x.p, y.p, x.n) == 0);
	buf_release(&x);
	buf_release(&y);
	return same;
}

static bool
look_at_row(void *context, const struct read_row *row)
{
	struct standing *s = context;
	struct clock_reader c;

	s->exists = true;
	for (size_t i = 0; i < s->op->field_count; i++) {
		const struct op_field *w = &s->op->fields[i];

		if (!same_value(&w->value, &row->values[w->number]))
			s->differs |= CLOCK_BIT(w->number);
	}
	clock_reader_init(&c, row->clock, row->clock_n);
	while (clock_reader_next(&c))
		if (!knew(s->t, c.segment))
			s->unknown |= c.fields;
	return false;
}

/* Fields that are merged as one are taken as one. */
static uint64_t
whole_groups(const struct table *t, uint64_t fields)
{
	for (size_t i = 0; i < t->field_count; i++) {
		const struct field *f = &t->fields[i];

		if (f->group != NULL && (f->group_set & fields) != 0)
			fields |= f->group_set;
	}
	return fields;
}

/* The fields of a set that may go in; the rest of what differs is a draft. */
static void
only_fields(struct op *out, const struct op *op, uint64_t fields)
{
	*out = *op;
	out->field_count = 0;
	for (size_t i = 0; i < op->field_count; i++)
		if ((fields & CLOCK_BIT(op->fields[i].number)) != 0)
			out->fields[out->field_count++] = op->fields[i];
}

static enum err
keep_draft(struct taking_up *t, const struct op *op, struct fail *f)
{
	struct buf b = { .limit = LIMIT_PAYLOAD_BYTES };
	struct stmt *s = NULL;
	enum err e;

	if (op->field_count == 0)
		return OK;
	for (size_t i = 0; i < op->field_count; i++) {
		buf_uint(&b, op->fields[i].number);
		value_encode(&b, &op->fields[i].value);
	}
	e = b.err != OK ? fail_code(f, b.err)
			: db_stmt(&s, t->r->db,
			      "INSERT INTO _draft (tbl, row, staff, at_ms,"
			      " fields, cpt) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
			      f);
	if (e == OK) {
		stmt_int(s, 1, op->table);
		stmt_blob(s, 2, op->row.b, sizeof(op->row.b));
		stmt_blob(s, 3, op->staff.b, sizeof(op->staff.b));
		stmt_int(s, 4, op->at_ms);
		stmt_blob(s, 5, b.p, b.n);
		stmt_int(s, 6, t->cpt);
		e = stmt_run(s, f);
	}
	buf_release(&b);
	if (e == OK)
		t->sum->drafts++;
	return e;
}

static enum err
write_op(struct taking_up *t, const struct op *op, struct fail *f)
{
	struct compartment *c;
	int64_t segment;
	enum err e = compartment_get(t->r, &c, t->cpt, f);

	if (e == OK && op->kind == OP_SET && op->field_count == 0)
		return OK;
	if (e == OK)
		e = log_append(t->r, c, &segment, op, f);
	if (e == OK)
		e = apply_op(t->r, c, segment, &t->self,
		    t->r->registry->version, op, f);
	/* the next one looks at what stands */
	if (e == OK && c->rederive)
		e = compartment_flush(t->r, f);
	if (e == OK)
		t->sum->written++;
	return e;
}

static enum err
look_up(struct taking_up *t, struct standing *s, const struct table *table,
    struct fail *f)
{
	enum err e =
	    read_get(t->r, table, &s->op->row, t->cpt, look_at_row, s, f);

	return e == ERR_NOTFOUND || e == ERR_WAIT ? OK : e;
}

static enum err
take_op(struct taking_up *t, const struct op *op, struct fail *f)
{
	const struct table *table = t->r->registry->by_number[op->table];
	struct standing s = { .t = t, .op = op };
	uint64_t mask = 0, proposed = 0, good;
	struct compartment *c;
	enum verdict verdict;
	struct op *part;
	enum err e = compartment_get(t->r, &c, t->cpt, f);

	if (e != OK)
		return e;
	verdict = judge_op(&mask, &proposed, t->r, c, &t->writer,
	    t->opened->schema, op);
	if (verdict != VERDICT_COUNTS || table == NULL) {
		t->sum->invalid++;
		return OK;
	}
	e = look_up(t, &s, table, f);
	part = malloc(sizeof(*part));
	if (e == OK && part == NULL)
		e = fail_code(f, ERR_NOMEM);
	good = mask & ~whole_groups(table, s.unknown | proposed);
	if (e == OK && op->kind == OP_INSERT && !s.exists) {
		only_fields(part, op, mask);
		e = write_op(t, part, f);
		only_fields(part, op, proposed);
		if (e == OK)
			e = keep_draft(t, part, f);
	} else if (e == OK && s.exists) {
		only_fields(part, op, good & whole_groups(table, s.differs));
		part->kind = OP_SET;
		e = op->kind == OP_SET ? write_op(t, part, f) : OK;
		only_fields(part, op, s.differs & ~good);
		if (e == OK && op->kind == OP_SET)
			e = keep_draft(t, part, f);
	} else if (e == OK) {
		e = keep_draft(t, op, f);
	}
	free(part);
	return e;
}

/* ---- one offer, one author --------------------------------------------------------- */

static enum err
take_offer(struct taking_up *t, const struct offer_pending *o, bool *taken,
    struct fail *f)
{
	struct op_reader reader;
	struct compartment *c;
	struct op op;
	enum err e = compartment_get(t->r, &c, t->cpt, f);

	*taken = false;
	if (e == OK)
		e = offer_read(t->r, t->opened, c, o->segment, o->author, f);
	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	/* of a newer program: it waits here until this one is as new */
	if (t->opened->schema > t->r->registry->version)
		return OK;
	for (size_t i = 0; i < t->opened->body.dep_count; i++)
		know(t, &t->opened->body.deps[i]);
	derive_judge_known(t->past, t->known, &t->writer);
	op_reader_init(&reader, t->opened->body.payload,
	    t->opened->body.payload_n);
	while (e == OK && op_reader_next(&reader, &op))
		e = take_op(t, &op, f);
	if (e == OK && reader.err != OK)
		t->sum->invalid++;
	*taken = e == OK;
	return e;
}

/* Another author's work begins in a segment of its own, so that nobody is
 * taken to have known what another one offers. */
static enum err
begin_author(struct taking_up *t, const struct offer_pending *o, struct fail *f)
{
	struct compartment *c;
	enum err e = compartment_get(t->r, &c, t->cpt, f);

	if (e == OK)
		e = log_close_open(t->r, c, f);
	if (e == OK)
		e = judge_author(&t->writer, t->r, c, o->node, f);
	if (e != OK)
		return e;
	t->first_mine = t->r->next_segment;
	memset(t->known, 0, t->past->segment_count * sizeof(*t->known));
	return OK;
}

struct picking {
	int64_t cpt;
	const struct node_id *node;
	struct buf list;
};

static enum err
pick(void *context, const struct offer_pending *o, struct fail *f)
{
	struct picking *p = context;

	if ((p->cpt == 0 || o->cpt == p->cpt) &&
	    id_equal(&o->node->id, p->node) &&
	    p->list.n / sizeof(*o) < CONTROL_POINTS_MAX)
		buf_put(&p->list, o, sizeof(*o));
	return p->list.err == OK ? OK : fail_code(f, p->list.err);
}

static enum err
take_list(struct taking_up *t, const struct buf *list, struct segment_id *ids,
    size_t *count, struct fail *f)
{
	int64_t author = 0;
	enum err e = OK;

	for (size_t at = 0; e == OK && at < list->n;
	     at += sizeof(struct offer_pending)) {
		struct offer_pending o;
		bool taken = false;

		memcpy(&o, list->p + at, sizeof(o));
		if (o.author != author)
			e = begin_author(t, &o, f);
		author = o.author;
		if (e == OK)
			e = take_offer(t, &o, &taken, f);
		if (e == OK && taken) {
			ids[(*count)++] = o.id;
			t->sum->offers++;
		}
	}
	return e;
}

/* What was begun on that computer and never heard of here is begun here. */
static enum err
make_known(struct taking_up *t, const struct offer_pending *o, struct fail *f)
{
	struct compartment *c;
	enum err e = compartment_get(t->r, &c, t->cpt, f);

	if (e != OK || c->has_subject)
		return e;
	e = offer_read(t->r, t->opened, c, o->segment, o->author, f);
	return e == OK ? compartment_own(t->r, &c, &t->opened->body.subject,
			     t->opened->body.category, f)
		       : e;
}

static enum err
load_past(struct taking_up *t, const struct buf *list, struct derivation *d,
    struct fail *f)
{
	const struct member_node *self =
	    members_node(t->r->members, &t->r->identity.node);
	struct offer_pending first;
	struct compartment *c;
	enum err e;

	memcpy(&first, list->p, sizeof(first));
	e = make_known(t, &first, f);
	if (e == OK)
		e = compartment_get(t->r, &c, t->cpt, f);
	if (e == OK)
		e = log_close_open(t->r, c, f);
	if (e == OK)
		e = judge_author(&t->self, t->r, c, self, f);
	if (e != OK)
		return e;
	d->r = t->r;
	d->c = c;
	t->past = d;
	e = derivation_load(d, f);
	if (e == OK)
		t->known = calloc(d->segment_count + 1, sizeof(*t->known));
	return e == OK && t->known == NULL ? fail_code(f, ERR_NOMEM) : e;
}

enum err
offer_take_up(struct replica *r, int64_t cpt, const struct node_id *node,
    struct segment_id *ids, size_t *count, struct offer_sum *sum,
    struct fail *f)
{
	struct picking p = { .cpt = cpt, .node = node };
	struct taking_up t = { .r = r, .cpt = cpt, .node = node, .sum = sum };
	struct derivation d = { .r = r };
	enum err e = compartment_flush(r, f);

	*count = 0;
	if (e == OK)
		e = offer_pending_each(r, pick, &p, f);
	if (e != OK || p.list.n == 0)
		goto out;
	t.opened = offer_opened_new();
	if (t.opened == NULL)
		e = fail_code(f, ERR_NOMEM);
	if (e == OK)
		e = load_past(&t, &p.list, &d, f);
	if (e == OK)
		e = take_list(&t, &p.list, ids, count, f);
	free(t.known);
	derivation_release(&d);
	offer_opened_free(t.opened);
out:
	buf_release(&p.list);
	return e;
}

enum err
offer_compartments(struct replica *r, struct buf *out,
    const struct node_id *node, struct fail *f)
{
	struct picking p = { .node = node };
	int64_t last = 0;
	enum err e = offer_pending_each(r, pick, &p, f);

	for (size_t at = 0; e == OK && at < p.list.n;
	     at += sizeof(struct offer_pending)) {
		struct offer_pending o;

		memcpy(&o, p.list.p + at, sizeof(o));
		if (o.cpt != last)
			buf_put(out, &o.cpt, sizeof(o.cpt));
		last = o.cpt;
	}
	buf_release(&p.list);
	return e == OK && out->err != OK ? fail_code(f, out->err) : e;
}
