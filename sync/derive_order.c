/*
 * Causal order of a compartment's segments, and what is in whose causal past.
 *
 * The past is kept as one number per branch, a branch being a linear run of one
 * author's chain. A fork begins a new branch, so equivocation cannot make
 * "position 7 of author A" ambiguous.
 */
#include "sync/derive_i.h"

#include <stdlib.h>

/* For each segment those that depend on it directly, in one array: those of i
 * stand from first[i] to first[i + 1]. */
struct dependents {
	uint32_t *waits; /* how many it depends on that are not placed yet */
	size_t *first;
	uint32_t *on;
};

/* Call add for each edge of what can be placed at all. */
static void
each_edge(const struct derivation *d, struct dependents *x,
    void (*add)(struct dependents *x, uint32_t on, uint32_t by))
{
	for (size_t i = 0; i < d->segment_count; i++) {
		const struct d_segment *s = &d->segments[i];

		if (s->lacks)
			continue;
		if (s->prev != NOWHERE)
			add(x, s->prev, (uint32_t)i);
		for (size_t k = 0; k < s->dep_count; k++)
			add(x, d->deps[s->dep_first + k].index, (uint32_t)i);
	}
}

static void
count_edge(struct dependents *x, uint32_t on, uint32_t by)
{
	x->waits[by]++;
	x->first[on + 1]++;
}

/* first[on] moves to the end of on's part, which is where the next begins */
static void
put_edge(struct dependents *x, uint32_t on, uint32_t by)
{
	x->on[x->first[on]++] = by;
}

static void
place(struct derivation *d, uint32_t at)
{
	d->segments[at].placed = true;
	d->segments[at].order = (uint32_t)d->placed_count;
	d->order[d->placed_count++] = at;
}

static void
place_ready(struct derivation *d, struct dependents *x)
{
	for (size_t i = 0; i < d->segment_count; i++) {
		if (x->waits[i] == 0 && !d->segments[i].lacks)
			place(d, (uint32_t)i);
	}
	for (size_t i = 0; i < d->placed_count; i++) {
		uint32_t at = d->order[i];

		for (size_t k = at == 0 ? 0 : x->first[at - 1];
		     k < x->first[at]; k++) {
			if (--x->waits[x->on[k]] == 0)
				place(d, x->on[k]);
		}
	}
}

/* Each segment after all it depends on, in time linear in what they name,
 * whatever order they came in. */
static enum err
place_all(struct derivation *d, struct fail *f)
{
	size_t n = d->segment_count;
	struct dependents x;
	bool room;

	x.waits = calloc(n + 1, sizeof(*x.waits));
	x.first = calloc(n + 2, sizeof(*x.first));
	/* a predecessor each, and the dependencies */
	x.on = malloc((n + d->dep_count + 1) * sizeof(*x.on));
	d->order = malloc((n + 1) * sizeof(*d->order));
	room = x.waits != NULL && x.first != NULL && x.on != NULL &&
	    d->order != NULL;
	if (room) {
		each_edge(d, &x, count_edge);
		for (size_t i = 0; i < n; i++)
			x.first[i + 1] += x.first[i];
		each_edge(d, &x, put_edge);
		place_ready(d, &x);
	}
	free(x.waits);
	free(x.first);
	free(x.on);
	return room ? OK : fail_code(f, ERR_NOMEM);
}

static enum err
name_branches(struct derivation *d, struct fail *f)
{
	/* tip[b]: the last segment of branch b */
	uint32_t *tip = malloc((d->segment_count + 1) * sizeof(*tip));

	if (tip == NULL)
		return fail_code(f, ERR_NOMEM);
	for (size_t i = 0; i < d->placed_count; i++) {
		struct d_segment *s = &d->segments[d->order[i]];
		const struct d_segment *p =
		    s->prev != NOWHERE ? &d->segments[s->prev] : NULL;

		if (p != NULL && tip[p->branch] == s->prev) {
			s->branch = p->branch;
			s->branch_at = p->branch_at + 1;
		} else {
			s->branch = d->branches++;
			s->branch_at = 1;
		}
		tip[s->branch] = d->order[i];
	}
	free(tip);
	return OK;
}

static void
learn(struct derivation *d, uint32_t *known, uint32_t on)
{
	const uint32_t *theirs = d->past + (size_t)on * d->branches;

	for (uint32_t b = 0; b < d->branches; b++) {
		if (theirs[b] > known[b])
			known[b] = theirs[b];
	}
}

bool
segment_before(const struct derivation *d, uint32_t a, uint32_t b)
{
	const struct d_segment *s = &d->segments[a];

	return a != b &&
	    d->past[(size_t)b * d->branches + s->branch] >= s->branch_at;
}

/* They come in causal order, so one that others precede never precedes them. */
static void
add_unreadable(struct derivation *d, uint32_t at)
{
	bool first = true;

	d->unreadable[d->unreadable_count++] = at;
	for (size_t i = 0; first && i < d->unreadable_first; i++)
		first = !segment_before(d, d->unreadable[i], at);
	if (!first)
		return;
	/* those later in order keep it among themselves but for one: nothing
	 * but the first ones depends on it */
	d->unreadable[d->unreadable_count - 1] =
	    d->unreadable[d->unreadable_first];
	d->unreadable[d->unreadable_first++] = at;
}

static enum err
compute_past(struct derivation *d, struct fail *f)
{
	size_t n = d->segment_count * d->branches;

	d->past = calloc(n + 1, sizeof(*d->past));
	if (d->past == NULL)
		return fail_code(f, ERR_NOMEM);
	for (size_t i = 0; i < d->placed_count; i++) {
		uint32_t at = d->order[i];
		struct d_segment *s = &d->segments[at];
		uint32_t *known = d->past + (size_t)at * d->branches;

		if (s->prev != NOWHERE)
			learn(d, known, s->prev);
		for (size_t k = 0; k < s->dep_count; k++)
			learn(d, known, d->deps[s->dep_first + k].index);
		known[s->branch] = s->branch_at;
	}
	return OK;
}

/* What does not count says nothing, so that it is closed to us is no gap. */
static enum err
find_unreadable(struct derivation *d, struct fail *f)
{
	d->unreadable = malloc((d->segment_count + 1) * sizeof(*d->unreadable));
	if (d->unreadable == NULL)
		return fail_code(f, ERR_NOMEM);
	for (size_t i = 0; i < d->placed_count; i++) {
		const struct d_segment *s = &d->segments[d->order[i]];

		if (s->kind == SEGMENT_DATA && !s->readable && s->why == COUNTS)
			add_unreadable(d, d->order[i]);
	}
	return OK;
}

static void
name_one(struct derivation *d, uint32_t at, int by_chain)
{
	if (by_chain == CHAIN_CONTROL)
		d->segments[at].named_by_control = true;
	else
		d->segments[at].named = true;
}

/* No ends are those in the past of one that can be read and counts. Others were
 * seen by nobody here, and a write must not cover them. */
static void
mark_named(struct derivation *d)
{
	for (size_t i = d->placed_count; i-- > 0;) {
		const struct d_segment *s = &d->segments[d->order[i]];

		bool seen = s->why == COUNTS &&
		    (s->kind != SEGMENT_DATA || s->readable);

		if (!seen && !s->named && !s->named_by_control)
			continue;
		if (s->prev != NOWHERE)
			name_one(d, s->prev, s->chain);
		for (size_t k = 0; k < s->dep_count; k++)
			name_one(d, d->deps[s->dep_first + k].index, s->chain);
	}
}

bool
op_before(const struct derivation *d, const struct d_op *a,
    const struct d_op *b)
{
	if (a->segment == b->segment)
		return a->index < b->index;
	return segment_before(d, a->segment, b->segment);
}

int
op_order(const struct derivation *d, const struct d_op *a, const struct d_op *b)
{
	const struct d_segment *x = &d->segments[a->segment];
	const struct d_segment *y = &d->segments[b->segment];
	int c;

	if (a->at_ms != b->at_ms)
		return a->at_ms < b->at_ms ? -1 : 1;
	c = id_compare(&x->tag, &y->tag);
	if (c != 0)
		return c;
	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	c = id_compare(&x->id, &y->id);
	if (c != 0)
		return c;
	if (a->segment != b->segment) /* both unsealed: as they were begun */
		return x->no < y->no ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static const struct value no_value = { .type = VALUE_NULL };

const struct value *
op_named(const struct derivation *d, const struct d_op *op, unsigned number)
{
	for (size_t i = 0; i < op->field_count; i++) {
		const struct d_field *w = &d->fields[op->field_first + i];

		if (w->number == number)
			return &w->value;
	}
	return &no_value;
}

const struct value *
op_value(const struct derivation *d, const struct d_op *op, unsigned number)
{
	return (op->mask >> number & 1) != 0 ? op_named(d, op, number)
					     : &no_value;
}

enum err
derivation_order(struct derivation *d, struct fail *f)
{
	enum err e = place_all(d, f);

	if (e == OK)
		e = name_branches(d, f);
	if (e == OK)
		e = compute_past(d, f);
	if (e == OK)
		e = derivation_counts(d, f);
	if (e == OK)
		e = find_unreadable(d, f);
	if (e == OK)
		mark_named(d);
	return e;
}
