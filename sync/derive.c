/*
 * Rows and conflicts out of a loaded compartment.
 */
#include "sync/derive_i.h"

#include <stdlib.h>

#include <sodium.h>

#include "sync/clock.h"

struct origin {
	int64_t segment;
	uint64_t fields;
};

/* A merged text; owned by the derivation, for values point into it. */
struct kept_text {
	struct kept_text *next;
	uint8_t bytes[];
};

struct deriving {
	struct derivation *d;
	const struct derive_sink *sink;
	struct single_rows singles;
	/* scratch, as long as the row with the most operations */
	const struct d_op **writes, **standing, **first;
	uint32_t *closed;
	struct origin *origins;
	size_t origin_count, origin_room;
	struct buf text, clock, refs;
	struct kept_text *texts;
};

static bool
counts(const struct d_op *op)
{
	return !op->proposal && !op->answer;
}

/* By table and row; within a row what counts before what is proposed, each in
 * causal order. */
static int
sort_compare(const void *x, const void *y)
{
	const struct d_op *a = x, *b = y;
	int c;

	if (a->table != b->table)
		return a->table < b->table ? -1 : 1;
	c = id_compare(&a->row, &b->row);
	if (c != 0)
		return c;
	if (counts(a) != counts(b))
		return counts(a) ? -1 : 1;
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

/* What decides about the operations of one row. Only those are looked at that
 * no other of their kind precedes: at most one a branch, however long the log
 * is. */
struct grounds {
	const struct d_op **inserts;
	size_t insert_count;
	uint32_t *closed; /* unreadable, and after an insert */
	size_t closed_count;
};

static bool
any_before(const struct derivation *d, const uint32_t *at, size_t n,
    uint32_t segment)
{
	for (size_t i = 0; i < n; i++) {
		if (segment_before(d, at[i], segment))
			return true;
	}
	return false;
}

static bool
knew_insert(const struct derivation *d, const struct grounds *g,
    const struct d_op *op)
{
	for (size_t i = 0; i < g->insert_count; i++) {
		if (op_before(d, g->inserts[i], op))
			return true;
	}
	return false;
}

static void
find_grounds(const struct deriving *x, struct grounds *g,
    const struct d_op *ops, size_t n)
{
	const struct derivation *d = x->d;

	*g = (struct grounds){ .inserts = x->first, .closed = x->closed };
	for (size_t i = 0; i < n; i++) {
		if (ops[i].insert && !knew_insert(d, g, &ops[i]))
			g->inserts[g->insert_count++] = &ops[i];
	}
	for (size_t i = 0; i < d->unreadable_count; i++) {
		uint32_t at = d->unreadable[i];
		bool after = false;

		for (size_t k = 0; !after && k < g->insert_count; k++)
			after = segment_before(d, g->inserts[k]->segment, at);
		if (after && !any_before(d, g->closed, g->closed_count, at))
			g->closed[g->closed_count++] = at;
	}
}

/* Every insert that the operation knew must be joined to it by segments that
 * can be read: what is closed may be about the row. */
static enum ground
ground_of(const struct derivation *d, const struct grounds *g,
    const struct d_op *op)
{
	if (any_before(d, g->closed, g->closed_count, op->segment))
		return HELD;
	if (op->insert || knew_insert(d, g, op))
		return GROUNDED;
	return any_before(d, d->unreadable, d->unreadable_first, op->segment)
	    ? HELD
	    : STRAY;
}

/*
 * Does the row exist here: an insert is readable, and nothing that came
 * between it and any operation is closed to us. Stray operations are dropped
 * (*n shrinks).
 */
static bool
row_grounded(struct deriving *x, struct d_op *ops, size_t *n)
{
	struct grounds g;
	size_t kept = 0;

	find_grounds(x, &g, ops, *n);
	for (size_t i = 0; i < *n; i++) {
		ops[i].ground = ground_of(x->d, &g, &ops[i]);
		if (ops[i].ground == HELD)
			return false;
	}
	for (size_t i = 0; i < *n; i++) {
		if (ops[i].ground == STRAY)
			x->d->void_ops++;
		else
			ops[kept++] = ops[i];
	}
	*n = kept;
	return kept > 0;
}

static enum err
add_origins(struct deriving *x, const struct merged *m, uint64_t set,
    struct fail *f)
{
	for (size_t i = 0; i < m->standing_count; i++) {
		const struct d_op *op = m->standing[i];

		if (!derive_room((void **)&x->origins, &x->origin_room,
			x->origin_count, sizeof(*x->origins)))
			return fail_code(f, ERR_NOMEM);
		x->origins[x->origin_count].segment =
		    x->d->segments[op->segment].no;
		/* a group is one unit, but only what was written has an
		 * origin */
		x->origins[x->origin_count].fields = set & op->mask;
		x->origin_count++;
	}
	return OK;
}

static int
origin_compare(const void *x, const void *y)
{
	const struct origin *a = x, *b = y;

	return a->segment < b->segment ? -1 : a->segment > b->segment;
}

static enum err
write_clock(struct deriving *x, struct fail *f)
{
	struct clock_writer w = { .out = &x->clock };

	buf_reset(&x->clock);
	if (x->origin_count > 0)
		qsort(x->origins, x->origin_count, sizeof(*x->origins),
		    origin_compare);
	for (size_t i = 0; i < x->origin_count;) {
		int64_t segment = x->origins[i].segment;
		uint64_t fields = 0;

		for (; i < x->origin_count && x->origins[i].segment == segment;
		     i++)
			fields |= x->origins[i].fields;
		clock_put(&w, segment, fields);
	}
	return x->clock.err == OK ? OK : fail_code(f, x->clock.err);
}

static enum err
report(struct deriving *x, const struct table *t, const struct row_id *row,
    const struct unit *u, const struct merged *m, struct fail *f)
{
	struct derived_conflict c = {
		.table = t,
		.row = *row,
		.field = u->lead->number,
		.kind = m->kind,
		.reason = m->reason,
	};

	buf_reset(&x->refs);
	for (size_t i = 0; i < m->standing_count; i++) {
		const struct d_op *op = m->standing[i];

		buf_uint(&x->refs, (uint64_t)x->d->segments[op->segment].no);
		buf_uint(&x->refs, op->index);
	}
	if (x->refs.err != OK)
		return fail_code(f, ERR_NOMEM);
	c.origins = x->refs.p;
	c.origins_n = x->refs.n;
	return x->sink->conflict(x->sink->context, &c, f);
}

static enum err
keep_text(struct deriving *x, struct value *v, const struct buf *text,
    struct fail *f)
{
	struct kept_text *k = malloc(sizeof(*k) + text->n + 1);

	if (k == NULL)
		return fail_code(f, ERR_NOMEM);
	if (text->n > 0)
		memcpy(k->bytes, text->p, text->n);
	k->next = x->texts;
	x->texts = k;
	*v = (struct value){ .type = VALUE_TEXT, .p = k->bytes, .n = text->n };
	return OK;
}

static enum err
derive_unit(struct deriving *x, const struct table *t, const struct row_id *row,
    const struct unit *u, size_t count, struct value *values, struct fail *f)
{
	struct merged m;
	enum err e;

	e = merge_unit(&m, x->d, u, x->writes, count, x->standing, x->first,
	    &x->text, f);
	if (e != OK)
		return e;
	for (unsigned number = 1; number <= REGISTRY_FIELD_MAX; number++) {
		if ((u->set >> number & 1) != 0)
			values[number] = *op_value(x->d, m.winner, number);
	}
	if (m.use_text)
		e = keep_text(x, &values[u->lead->number], m.text, f);
	if (e == OK)
		e = add_origins(x, &m, u->set, f);
	if (e == OK && m.kind != 0)
		e = report(x, t, row, u, &m, f);
	return e;
}

static size_t
writes_of(struct deriving *x, const struct d_op *ops, size_t n, uint64_t set)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		if ((ops[i].mask & set) != 0)
			x->writes[count++] = &ops[i];
	}
	return count;
}

static enum err
derive_units(struct deriving *x, const struct table *t, const struct d_op *ops,
    size_t n, struct value *values, struct fail *f)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < t->field_count; i++) {
		const struct field *lead = &t->fields[i];
		struct unit u = { lead, CLOCK_BIT(lead->number) };
		size_t count;

		if (lead->group != NULL) {
			if (lead->group_leader != lead->number)
				continue;
			u.set = lead->group_set;
		}
		count = writes_of(x, ops, n, u.set);
		if (count > 0)
			e = derive_unit(x, t, &ops[0].row, &u, count, values,
			    f);
	}
	return e;
}

/* The row itself, from operations that count. */
static enum err
derive_counted(struct deriving *x, const struct row_ops *ops,
    struct value *values, struct fail *f)
{
	struct derived_row row = {
		.table = ops->table,
		.id = ops->row,
		.values = values,
	};
	enum err e;

	x->origin_count = 0;
	e = derive_units(x, row.table, ops->counted, ops->counted_n, values, f);
	if (e == OK)
		e = write_clock(x, f);
	if (e != OK)
		return e;
	row.clock = x->clock.p;
	row.clock_n = x->clock.n;
	e = x->sink->row(x->sink->context, &row, f);
	return e == OK ? single_add(&x->singles, row.table, &row.id, values, f)
		       : e;
}

static enum err
derive_row(struct deriving *x, struct d_op *ops, size_t n, struct fail *f)
{
	struct value values[REGISTRY_FIELD_MAX + 1] = { 0 };
	struct row_ops row = {
		.table = x->d->r->registry->by_number[ops[0].table],
		.row = ops[0].row,
		.counted = ops,
	};
	const struct d_op **const scratch[3] = { x->writes, x->standing,
		x->first };
	bool there = false;
	enum err e = OK;

	while (row.counted_n < n && counts(&ops[row.counted_n]))
		row.counted_n++;
	row.others = ops + row.counted_n;
	row.others_n = n - row.counted_n;
	if (row.counted_n > 0)
		there = row_grounded(x, ops, &row.counted_n);
	if (!there && row.counted_n > 0) {
		x->d->held_rows++;
		return OK;
	}
	if (there)
		e = derive_counted(x, &row, values, f);
	if (e == OK && x->d->any_proposal)
		e = proposals_of_row(x->d, x->sink, &row, there ? values : NULL,
		    scratch, f);
	return e;
}

/* ---- a whole compartment ---- */

static size_t
row_length(const struct derivation *d, size_t from)
{
	const struct d_op *first = &d->ops[from];
	size_t n = 1;

	while (from + n < d->op_count &&
	    d->ops[from + n].table == first->table &&
	    id_equal(&d->ops[from + n].row, &first->row))
		n++;
	return n;
}

static enum err
derive_rows(struct deriving *x, struct fail *f)
{
	struct derivation *d = x->d;
	enum err e = OK;

	if (d->op_count > 0)
		qsort(d->ops, d->op_count, sizeof(*d->ops), sort_compare);
	x->writes = malloc((d->op_count + 1) * sizeof(*x->writes));
	x->standing = malloc((d->op_count + 1) * sizeof(*x->standing));
	x->first = malloc((d->op_count + 1) * sizeof(*x->first));
	x->closed = malloc((d->unreadable_count + 1) * sizeof(*x->closed));
	if (x->writes == NULL || x->standing == NULL || x->first == NULL ||
	    x->closed == NULL)
		return fail_code(f, ERR_NOMEM);
	for (size_t i = 0; e == OK && i < d->op_count;) {
		size_t n = row_length(d, i);

		e = derive_row(x, &d->ops[i], n, f);
		i += n;
	}
	return e == OK ? single_check(&x->singles, x->sink, f) : e;
}

static enum segment_state
state_of(const struct d_segment *s)
{
	if (s->kind != SEGMENT_DATA)
		return STATE_APPLIED;
	if (s->placed && s->why != COUNTS)
		return STATE_QUARANTINED;
	if (!s->readable)
		return STATE_UNREADABLE;
	return s->placed ? STATE_APPLIED : STATE_WAITING;
}

static void
fill_state(struct derived_state *state, const struct derivation *d)
{
	*state = (struct derived_state){
		.void_ops = d->void_ops,
		.held_rows = d->held_rows,
		.payload = (int64_t)d->payload,
	};
	for (size_t i = 0; i < d->segment_count; i++) {
		const struct d_segment *s = &d->segments[i];

		enum segment_state now = state_of(s);
		bool seen = now == STATE_APPLIED;

		if (s->why == UNCOUNTED_BEYOND)
			continue;
		if (now == STATE_UNREADABLE)
			state->unreadable++;
		else if (!s->placed)
			state->waiting++;
		else if (now == STATE_QUARANTINED && s->state > STATE_CLOSED)
			state->quarantined++;
		/* what cannot be read or does not count was not seen: nobody
		 * here builds on it */
		if (!s->placed || !seen || s->named_by_control ||
		    (s->named && s->chain == CHAIN_DATA) ||
		    state->end_count == COMPARTMENT_ENDS)
			continue;
		state->ends[state->end_count++] =
		    (struct compartment_end){ s->no, s->chain, s->named };
	}
}

/* Under which name a segment in this state was counted when it came. What
 * waits is counted where it is; own work was never received. */
static const char *
counted_as(const struct derivation *d, const struct d_segment *s,
    enum segment_state state)
{
	const struct author *a = replica_author_no(d->r, s->author_no);

	if (state == STATE_WAITING)
		return NULL;
	if (state == STATE_QUARANTINED && a != NULL &&
	    !id_equal(&a->node, &d->r->identity.node))
		return "quarantined";
	return "applied";
}

static enum err
save_state(struct derivation *d, const struct d_segment *s, struct fail *f)
{
	enum segment_state now = state_of(s);
	int why = now == STATE_QUARANTINED ? (int)s->why : 0;
	const char *was_counted, *counted;
	struct stmt *q;
	enum err e;

	if (s->state <= STATE_CLOSED || s->why == UNCOUNTED_BEYOND ||
	    (s->state == now && s->stored_why == why))
		return OK;
	was_counted = counted_as(d, s, s->state);
	counted = counted_as(d, s, now);
	if (was_counted != NULL)
		replica_tally(d->r, was_counted, -1);
	if (counted != NULL)
		replica_tally(d->r, counted, 1);
	e = db_stmt(&q, d->r->db,
	    "UPDATE _segment SET state = ?2, why = ?3 WHERE no = ?1", f);
	if (e != OK)
		return e;
	stmt_int(q, 1, s->no);
	stmt_int(q, 2, now);
	if (why != 0)
		stmt_int(q, 3, why);
	return stmt_run(q, f);
}

static void
deriving_release(struct deriving *x)
{
	while (x->texts != NULL) {
		struct kept_text *next = x->texts->next;

		free(x->texts);
		x->texts = next;
	}
	single_release(&x->singles);
	free((void *)x->writes);
	free((void *)x->standing);
	free((void *)x->first);
	free(x->closed);
	free(x->origins);
	buf_release(&x->text);
	buf_release(&x->clock);
	buf_release(&x->refs);
}

enum err
derive_into(struct replica *r, const struct compartment *c, bool sealed_only,
    bool apply, struct derived_state *state, const struct derive_sink *sink,
    struct fail *f)
{
	struct derivation d = { .r = r, .c = c, .sealed_only = sealed_only };
	struct deriving x = { .d = &d, .sink = sink };
	enum err e;

	e = derivation_load(&d, f);
	if (e == OK)
		e = derive_rows(&x, f);
	for (size_t i = 0; e == OK && apply && i < d.segment_count; i++)
		e = save_state(&d, &d.segments[i], f);
	if (e == OK)
		fill_state(state, &d);
	deriving_release(&x);
	derivation_release(&d);
	return e;
}

enum err
derive_past_into(struct replica *r, const struct compartment *c,
    const struct buf *past, const struct derive_sink *sink, struct fail *f)
{
	struct derivation d = { .r = r,
		.c = c,
		.sealed_only = true,
		.only = past };
	struct deriving x = { .d = &d, .sink = sink };
	enum err e = derivation_load(&d, f);

	if (e == OK)
		e = derive_rows(&x, f);
	deriving_release(&x);
	derivation_release(&d);
	return e;
}

/* Is it one of the ends, or before one? */
static bool
is_past(const struct derivation *d, uint32_t at, const int64_t *ends, size_t n)
{
	if (!d->segments[at].placed)
		return false;
	for (size_t k = 0; k < n; k++) {
		uint32_t end = derivation_find(d, ends[k]);

		if (at == end || segment_before(d, at, end))
			return true;
	}
	return false;
}

enum err
derive_past(struct replica *r, const struct compartment *c, const int64_t *ends,
    size_t n, bool *whole, struct buf *past, struct fail *f)
{
	struct derivation d = { .r = r, .c = c, .sealed_only = true };
	enum err e = derivation_load(&d, f);

	*whole = e == OK;
	for (size_t k = 0; *whole && k < n; k++) {
		uint32_t at = derivation_find(&d, ends[k]);

		*whole = at != NOWHERE && d.segments[at].placed;
	}
	for (size_t i = 0; *whole && i < d.segment_count; i++) {
		const struct d_segment *s = &d.segments[i];

		if (!is_past(&d, (uint32_t)i, ends, n))
			continue;
		*whole = s->chain != CHAIN_DATA || s->readable;
		buf_put(past, &s->no, sizeof(s->no));
	}
	derivation_release(&d);
	return e == OK && past->err != OK ? fail_code(f, past->err) : e;
}
