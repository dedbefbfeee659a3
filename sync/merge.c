/*
 * Merging one field, or one group of fields (DESIGN 6).
 *
 * Standing: counted writes that no other counted write has in its past. First:
 * those that have no other in theirs. Both are found in one pass, because
 * writes come in causal order.
 */
#include "sync/derive_i.h"

#include "sync/text.h"

static void
sort_by_order(const struct derivation *d, const struct d_op **ops, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		const struct d_op *op = ops[i];
		size_t at = i;

		for (; at > 0 && op_order(d, ops[at - 1], op) > 0; at--)
			ops[at] = ops[at - 1];
		ops[at] = op;
	}
}

static size_t
find_standing(const struct derivation *d, const struct d_op *const *writes,
    size_t count, const struct d_op **standing)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		size_t kept = 0;

		for (size_t k = 0; k < n; k++) {
			if (!op_before(d, standing[k], writes[i]))
				standing[kept++] = standing[k];
		}
		standing[kept++] = writes[i];
		n = kept;
	}
	sort_by_order(d, standing, n);
	return n;
}

static size_t
find_first(const struct derivation *d, const struct d_op *const *writes,
    size_t count, const struct d_op **first)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		bool later = false;

		for (size_t k = 0; k < n && !later; k++)
			later = op_before(d, first[k], writes[i]);
		if (!later)
			first[n++] = writes[i];
	}
	sort_by_order(d, first, n);
	return n;
}

static bool
same_values(const struct derivation *d, const struct unit *u,
    const struct d_op *a, const struct d_op *b)
{
	for (unsigned number = 1; number <= REGISTRY_FIELD_MAX; number++) {
		if ((u->set >> number & 1) != 0 &&
		    value_compare(op_value(d, a, number),
			op_value(d, b, number)) != 0)
			return false;
	}
	return true;
}

/* Strictness for ranked: smaller is stricter. What the schema does not know
 * is strictest, no value at all is laxest. */
static int64_t
strictness(const struct derivation *d, const struct field *f,
    const struct d_op *op)
{
	const struct value *v = op_value(d, op, f->number);
	size_t rank;

	if (v->type == VALUE_NULL)
		return INT64_MAX;
	rank = field_rank(f, v);
	return rank == f->rank_count ? -1 : (int64_t)rank;
}

/* <0 when a should show rather than b by the rule alone (0: neither). */
static int
rule_prefers(const struct derivation *d, const struct field *f,
    const struct d_op *a, const struct d_op *b)
{
	const struct value *x = op_value(d, a, f->number);
	const struct value *y = op_value(d, b, f->number);
	int64_t s, t;
	int c;

	switch (f->rule) {
	case RULE_RANKED:
		s = strictness(d, f, a);
		t = strictness(d, f, b);
		return s < t ? -1 : s > t;
	case RULE_MAX:
	case RULE_MIN:
		if (x->type == VALUE_NULL || y->type == VALUE_NULL)
			return (x->type == VALUE_NULL) -
			    (y->type == VALUE_NULL);
		c = value_compare(x, y);
		return f->rule == RULE_MAX ? -c : c;
	case RULE_LATEST:
	case RULE_ONCE:
	case RULE_BOTH:
	case RULE_TEXT:
		break;
	}
	return 0;
}

/* The rule's choice; the greatest order key among equals. */
static const struct d_op *
choose(const struct derivation *d, const struct field *f,
    const struct d_op *const *from, size_t count)
{
	const struct d_op *best = from[0];

	for (size_t i = 1; i < count; i++) {
		int c = rule_prefers(d, f, from[i], best);

		if (c < 0 || (c == 0 && op_order(d, from[i], best) > 0))
			best = from[i];
	}
	return best;
}

static bool
is_final(const struct derivation *d, const struct field *f,
    const struct d_op *op)
{
	const struct value *v = op_value(d, op, f->number);

	for (size_t i = 0; v->type == VALUE_TEXT && i < f->final_count; i++) {
		if (strlen(f->finals[i]) == v->n &&
		    memcmp(f->finals[i], v->p, v->n) == 0)
			return true;
	}
	return false;
}

/*
 * The choice among writes that set a final value, or NULL: for a ranked field
 * the strictest, else of those that no other final write precedes the smallest
 * order key.
 */
static const struct d_op *
choose_final(const struct derivation *d, const struct field *f,
    const struct d_op *const *writes, size_t count, const struct d_op **finals)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		bool later = false;

		if (!is_final(d, f, writes[i]))
			continue;
		for (size_t k = 0; !later && k < n; k++)
			later = f->rule != RULE_RANKED &&
			    op_before(d, finals[k], writes[i]);
		if (!later)
			finals[n++] = writes[i];
	}
	if (n == 0)
		return NULL;
	if (f->rule == RULE_RANKED)
		return choose(d, f, finals, n);
	sort_by_order(d, finals, n);
	return finals[0];
}

static bool
before_all(const struct derivation *d, const struct d_op *op,
    const struct merged *m)
{
	for (size_t k = 0; k < m->standing_count; k++) {
		if (!op_before(d, op, m->standing[k]))
			return false;
	}
	return true;
}

/* Of the writes in the past of all standing ones, one that no other of them
 * covers; of several the greatest order key. NULL: there is none. Backwards
 * through causal order, what covers a write comes before it; kept: scratch for
 * the uncovered ones, which are few. */
static const struct d_op *
common_base(const struct derivation *d, const struct merged *m,
    const struct d_op *const *writes, size_t count, const struct d_op **kept)
{
	const struct d_op *base = NULL;
	size_t n = 0;

	for (size_t i = count; i-- > 0;) {
		bool covered = !before_all(d, writes[i], m);

		for (size_t k = 0; !covered && k < n; k++)
			covered = op_before(d, writes[i], kept[k]);
		if (covered)
			continue;
		kept[n++] = writes[i];
		if (base == NULL || op_order(d, writes[i], base) > 0)
			base = writes[i];
	}
	return base;
}

static struct text_piece
piece_of(const struct derivation *d, const struct field *f,
    const struct d_op *op)
{
	const struct value *v;

	if (op == NULL)
		return (struct text_piece){ NULL, 0 };
	v = op_value(d, op, f->number);
	return (struct text_piece){ v->type == VALUE_TEXT ? v->p : NULL,
		v->type == VALUE_TEXT ? v->n : 0 };
}

#define TEXT_VERSIONS 16

static enum err
merge_text(struct merged *m, const struct derivation *d,
    const struct field *field, const struct d_op *const *writes, size_t count,
    const struct d_op **scratch, struct buf *text, struct fail *f)
{
	struct text_piece base, versions[TEXT_VERSIONS];
	size_t n = 0;
	bool overlap = false;
	enum err e;

	m->winner = m->standing[m->standing_count - 1];
	base = piece_of(d, field, common_base(d, m, writes, count, scratch));
	/* more than a few at once: the newest, and a person must look */
	if (m->standing_count > TEXT_VERSIONS)
		overlap = true;
	for (size_t i = m->standing_count > TEXT_VERSIONS
		 ? m->standing_count - TEXT_VERSIONS
		 : 0;
	     i < m->standing_count; i++)
		versions[n++] = piece_of(d, field, m->standing[i]);
	buf_reset(text);
	e = text_merge(text, &m->use_text, &base, versions, n, f);
	if (e != OK)
		return e;
	overlap = overlap || m->use_text;
	m->use_text = true;
	m->text = text;
	if (overlap) {
		m->kind = CONFLICT_DECISION;
		m->reason = CONFLICT_OVERLAP;
	}
	return OK;
}

static bool
standing_differ(const struct derivation *d, const struct unit *u,
    const struct merged *m)
{
	for (size_t i = 1; i < m->standing_count; i++) {
		if (!same_values(d, u, m->standing[i], m->standing[0]))
			return true;
	}
	return false;
}

static void
find_conflict(struct merged *m, const struct derivation *d,
    const struct unit *u)
{
	bool differ = false;

	for (size_t i = 0; !differ && i < m->standing_count; i++)
		differ = !same_values(d, u, m->standing[i], m->winner);
	if (!differ)
		return;
	m->kind = CONFLICT_NOTICE;
	m->reason = CONFLICT_RULE;
	if (u->lead->rule == RULE_BOTH) {
		m->kind = CONFLICT_DECISION;
		m->reason = CONFLICT_BOTH;
	} else if (u->lead->rule == RULE_ONCE) {
		m->kind = CONFLICT_DECISION;
		m->reason = CONFLICT_ALARM;
	}
}

enum err
merge_unit(struct merged *m, const struct derivation *d, const struct unit *u,
    const struct d_op *const *writes, size_t count,
    const struct d_op **standing, const struct d_op **first, struct buf *text,
    struct fail *f)
{
	const struct field *lead = u->lead;

	*m = (struct merged){ .standing = standing };
	m->standing_count = find_standing(d, writes, count, standing);
	if (lead->rule == RULE_TEXT && standing_differ(d, u, m))
		return merge_text(m, d, lead, writes, count, first, text, f);
	if (lead->rule == RULE_ONCE) {
		(void)find_first(d, writes, count, first);
		m->winner = first[0];
	} else if (lead->one_way) {
		m->winner = choose(d, lead, writes, count);
	} else {
		m->winner = choose(d, lead, standing, m->standing_count);
	}
	if (lead->final_count > 0) {
		const struct d_op *final =
		    choose_final(d, lead, writes, count, first);

		if (final != NULL)
			m->winner = final;
	}
	find_conflict(m, d, u);
	return OK;
}
