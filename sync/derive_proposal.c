/*
 * What those proposed who may not write it, and what the owner made of it.
 *
 * A proposal is answered by the first of the owner's writes that cover it; of
 * several that did not know of each other the greatest order key speaks. It is
 * accepted when that write says the same, whoever typed it first. A later one
 * of the same agency replaces it, unless the owner answered without knowing the
 * later one. Nothing here depends on the order of arrival: all of it follows
 * from who knew whom.
 */
#include "sync/derive_i.h"

#include "sync/clock.h"

/* Of one unit, so that nobody can make deriving slow by proposing: those with
 * the greatest order keys. Nobody looks at more. */
#define PROPOSALS_MAX 256

struct op_list {
	const struct d_op **at;
	size_t count;
};

struct finding {
	const struct derivation *d;
	const struct derive_sink *sink;
	const struct row_ops *ops;
	const struct value *values; /* what the row shows; NULL: not there */
	/* the owner's operations that decide about the whole row, and about
	 * the unit looked at, in causal order; of one proposal the first */
	struct op_list row_answers, unit_answers, first;
	/* of the unit looked at: proposals, ascending by order key */
	const struct d_op *at[PROPOSALS_MAX];
	size_t count;
	struct buf open; /* origins of those that are open */
	bool differs;    /* an open one from what is shown */
};

/* ---- the row's operations ---- */

/* Both lists of a row as one, in causal order. */
struct walk {
	const struct d_op *a, *a_end, *b, *b_end;
};

static struct walk
walk_of(const struct row_ops *ops)
{
	return (struct walk){ ops->counted, ops->counted + ops->counted_n,
		ops->others, ops->others + ops->others_n };
}

static const struct d_op *
walk_next(struct walk *w)
{
	if (w->a == w->a_end)
		return w->b == w->b_end ? NULL : w->b++;
	if (w->b == w->b_end || w->a->order < w->b->order ||
	    (w->a->order == w->b->order && w->a->index < w->b->index))
		return w->a++;
	return w->b++;
}

/* Who proposes something for a row knows of it. */
static bool
knows_row(const struct finding *x, const struct d_op *op)
{
	struct walk w = walk_of(x->ops);
	const struct d_op *in;

	if (op->insert)
		return true;
	while ((in = walk_next(&w)) != NULL) {
		if (in->insert && op_before(x->d, in, op))
			return true;
	}
	return false;
}

/*
 * Does an operation of the owner decide about all that it covers in these
 * fields? A new row names all of its fields, and so does an answer to a
 * proposed row. set 0: the row as a whole.
 */
static bool
decides(const struct d_op *op, uint64_t set)
{
	return op->of_owner &&
	    (op->insert || op->answer || (op->mask & set) != 0);
}

static void
list_answers(const struct finding *x, struct op_list *to, uint64_t set)
{
	struct walk w = walk_of(x->ops);
	const struct d_op *op;

	to->count = 0;
	while ((op = walk_next(&w)) != NULL) {
		if (decides(op, set))
			to->at[to->count++] = op;
	}
}

/* The owner's operation that answered a proposal, NULL while it is open. The
 * first ones are left in x->first. */
static const struct d_op *
answer_to(struct finding *x, const struct d_op *proposal,
    const struct op_list *answers)
{
	const struct d_op *best = NULL;

	x->first.count = 0;
	for (size_t i = 0; i < answers->count; i++) {
		const struct d_op *op = answers->at[i];
		bool later = !op_before(x->d, proposal, op);

		for (size_t k = 0; !later && k < x->first.count; k++)
			later = op_before(x->d, x->first.at[k], op);
		if (later)
			continue;
		x->first.at[x->first.count++] = op;
		if (best == NULL || op_order(x->d, op, best) > 0)
			best = op;
	}
	return best;
}

/* ---- fields of a row that is there ---- */

static void
keep_proposal(struct finding *x, const struct d_op *op)
{
	size_t at;

	if (x->count == PROPOSALS_MAX) {
		if (op_order(x->d, op, x->at[0]) < 0)
			return;
		memmove((void *)&x->at[0], (const void *)&x->at[1],
		    (x->count - 1) * sizeof(x->at[0]));
		x->count--;
	}
	for (at = x->count++; at > 0; at--) {
		if (op_order(x->d, x->at[at - 1], op) < 0)
			break;
		x->at[at] = x->at[at - 1];
	}
	x->at[at] = op;
}

/* Everything that was proposed for these fields, and not decided with the
 * whole row. */
static void
collect(struct finding *x, uint64_t set)
{
	struct walk w = walk_of(x->ops);
	const struct d_op *op;

	x->count = 0;
	while ((op = walk_next(&w)) != NULL) {
		if ((op->proposed & set) == 0 || !knows_row(x, op))
			continue;
		if (op->proposal && x->values != NULL &&
		    answer_to(x, op, &x->row_answers) != NULL)
			continue;
		keep_proposal(x, op);
	}
}

/* Did the proposal's own agency replace it, as all who answered it (x->first)
 * knew? */
static bool
was_replaced(const struct finding *x, const struct d_op *op)
{
	for (size_t i = 0; i < x->count; i++) {
		const struct d_op *by = x->at[i];
		bool known =
		    op_before(x->d, op, by) && id_equal(op->agency, by->agency);

		for (size_t k = 0; known && k < x->first.count; k++)
			known = op_before(x->d, by, x->first.at[k]);
		if (known)
			return true;
	}
	return false;
}

static bool
same_as_write(const struct derivation *d, const struct d_op *a,
    const struct d_op *b, uint64_t set)
{
	for (unsigned n = 1; n <= REGISTRY_FIELD_MAX; n++) {
		if ((set >> n & 1) != 0 &&
		    value_compare(op_named(d, a, n), op_named(d, b, n)) != 0)
			return false;
	}
	return true;
}

static bool
same_as_shown(const struct finding *x, const struct d_op *op, uint64_t set)
{
	for (unsigned n = 1; n <= REGISTRY_FIELD_MAX; n++) {
		if ((set >> n & 1) != 0 &&
		    value_compare(op_named(x->d, op, n), &x->values[n]) != 0)
			return false;
	}
	return true;
}

static enum err
tell(const struct finding *x, unsigned field, const struct d_op *op,
    const struct d_op *answer, enum proposal_state state, struct fail *f)
{
	struct derived_proposal p = {
		.table = x->ops->table,
		.row = x->ops->row,
		.field = field,
		.segment = x->d->segments[op->segment].no,
		.index = op->index,
		.state = state,
	};

	if (answer != NULL) {
		p.by_segment = x->d->segments[answer->segment].no;
		p.by_index = answer->index;
	}
	return x->sink->proposal(x->sink->context, &p, f);
}

static enum err
report_open(struct finding *x, unsigned field, struct fail *f)
{
	struct derived_conflict c = {
		.table = x->ops->table,
		.row = x->ops->row,
		.field = field,
		.kind = x->differs ? CONFLICT_DECISION : CONFLICT_NOTICE,
		.reason = CONFLICT_PROPOSAL,
		.origins = x->open.p,
		.origins_n = x->open.n,
	};

	if (x->open.err != OK)
		return fail_code(f, ERR_NOMEM);
	return x->open.n == 0 ? OK : x->sink->conflict(x->sink->context, &c, f);
}

static void
put_origin(struct finding *x, const struct d_op *op)
{
	buf_uint(&x->open, (uint64_t)x->d->segments[op->segment].no);
	buf_uint(&x->open, op->index);
}

static enum err
tell_unit(struct finding *x, const struct field *lead, uint64_t set,
    struct fail *f)
{
	enum err e = OK;

	collect(x, set);
	if (x->count == 0)
		return OK;
	list_answers(x, &x->unit_answers, set);
	buf_reset(&x->open);
	x->differs = false;
	for (size_t i = 0; e == OK && i < x->count; i++) {
		const struct d_op *op = x->at[i];
		enum proposal_state state = PROPOSAL_OPEN;
		const struct d_op *answer = answer_to(x, op, &x->unit_answers);

		if (was_replaced(x, op))
			continue;
		if (answer == NULL) {
			x->differs |= !same_as_shown(x, op, set);
			put_origin(x, op);
		} else {
			state = same_as_write(x->d, op, answer, set)
			    ? PROPOSAL_ACCEPTED
			    : PROPOSAL_DECLINED;
		}
		e = tell(x, lead->number, op, answer, state, f);
	}
	return e == OK ? report_open(x, lead->number, f) : e;
}

static enum err
tell_units(struct finding *x, struct fail *f)
{
	const struct table *t = x->ops->table;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < t->field_count; i++) {
		const struct field *lead = &t->fields[i];

		if (lead->group == NULL)
			e = tell_unit(x, lead, CLOCK_BIT(lead->number), f);
		else if (lead->group_leader == lead->number)
			e = tell_unit(x, lead, lead->group_set, f);
	}
	return e;
}

/* ---- whole rows ---- */

/* What the proposed row would say: an operation and those of its fields that
 * no other proposal covers. */
struct share {
	const struct d_op *op;
	uint64_t fields;
};

/* Of the proposals collected the uncovered one with the greatest order key. */
static const struct d_op *
newest(const struct finding *x)
{
	for (size_t i = x->count; i-- > 0;) {
		bool covered = false;

		for (size_t k = 0; !covered && k < x->count; k++)
			covered = op_before(x->d, x->at[i], x->at[k]);
		if (!covered)
			return x->at[i];
	}
	return NULL;
}

static void
add_share(const struct derivation *d, struct share *shares, size_t *count,
    const struct d_op *op, uint64_t fields)
{
	size_t at;

	for (size_t i = 0; i < *count; i++) {
		if (shares[i].op == op) {
			shares[i].fields |= fields;
			return;
		}
	}
	for (at = (*count)++; at > 0; at--) {
		if (op_order(d, shares[at - 1].op, op) < 0)
			break;
		shares[at] = shares[at - 1];
	}
	shares[at] = (struct share){ op, fields };
}

/* The origins of a proposed row: who proposed it first, then the rest. */
static void
put_shares(struct finding *x, const struct d_op *first)
{
	const struct table *t = x->ops->table;
	struct share shares[LIMIT_FIELDS + 1];
	size_t count = 0;

	for (size_t i = 0; i < t->field_count; i++) {
		const struct field *lead = &t->fields[i];
		uint64_t set = lead->group != NULL ? lead->group_set
						   : CLOCK_BIT(lead->number);
		const struct d_op *op;

		if (lead->group != NULL && lead->group_leader != lead->number)
			continue;
		collect(x, set);
		op = newest(x);
		if (op != NULL)
			add_share(x->d, shares, &count, op, op->proposed & set);
	}
	put_origin(x, first);
	buf_uint(&x->open, 0);
	for (size_t i = 0; i < count; i++) {
		put_origin(x, shares[i].op);
		buf_uint(&x->open, shares[i].fields);
	}
}

/* Who proposed the row first, by order key; NULL: nobody did. */
static const struct d_op *
first_proposal(const struct finding *x)
{
	const struct d_op *first = NULL;

	for (size_t i = 0; i < x->ops->others_n; i++) {
		const struct d_op *op = &x->ops->others[i];

		if (op->proposal && op->insert &&
		    (first == NULL || op_order(x->d, op, first) < 0))
			first = op;
	}
	return first;
}

static bool
any_open(struct finding *x)
{
	for (size_t i = 0; i < x->ops->others_n; i++) {
		const struct d_op *op = &x->ops->others[i];

		if (op->proposal && knows_row(x, op) &&
		    answer_to(x, op, &x->row_answers) == NULL)
			return true;
	}
	return false;
}

static enum err
tell_row(struct finding *x, struct fail *f)
{
	const struct d_op *op = first_proposal(x), *answer;
	enum proposal_state state;
	enum err e;

	if (op == NULL)
		return OK;
	answer = answer_to(x, op, &x->row_answers);
	if (x->values != NULL) {
		/* of a row that is there only what its owner made of it */
		if (answer == NULL)
			return OK;
		state = answer->insert ? PROPOSAL_ACCEPTED : PROPOSAL_DECLINED;
		return tell(x, 0, op, answer, state, f);
	}
	if (!any_open(x))
		return tell(x, 0, op, answer, PROPOSAL_DECLINED, f);
	e = tell(x, 0, op, NULL, PROPOSAL_OPEN, f);
	buf_reset(&x->open);
	x->differs = true;
	put_shares(x, op);
	return e == OK ? report_open(x, 0, f) : e;
}

/* Most rows have none: looked at once, not once a field. */
static bool
any_proposed(const struct row_ops *ops)
{
	for (size_t i = 0; i < ops->counted_n; i++) {
		if (ops->counted[i].proposed != 0)
			return true;
	}
	return ops->others_n > 0;
}

enum err
proposals_of_row(const struct derivation *d, const struct derive_sink *sink,
    const struct row_ops *ops, const struct value *values,
    const struct d_op **const scratch[static 3], struct fail *f)
{
	struct finding x = {
		.d = d,
		.sink = sink,
		.ops = ops,
		.values = values,
		.row_answers = { .at = scratch[0] },
		.unit_answers = { .at = scratch[1] },
		.first = { .at = scratch[2] },
	};
	enum err e;

	if (!any_proposed(ops))
		return OK;
	list_answers(&x, &x.row_answers, 0);
	e = tell_row(&x, f);
	if (e == OK && values != NULL)
		e = tell_units(&x, f);
	buf_release(&x.open);
	return e;
}
