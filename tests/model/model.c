/*
 * How: close "has in its causal past" over the segments, find the rows, and for
 * each unit of merge (a field, or a group named by its leader) collect the
 * counted writes, the standing and the first among them, and ask the rule.
 */
#include "tests/model/model_i.h"

#include <stdlib.h>
#include <string.h>

/* zeroed memory that lives until model_release */
void *
model_own(struct model *m, size_t n, size_t size)
{
	m->owned = realloc(m->owned, (m->owned_count + 1) * sizeof(void *));
	if (m->owned == NULL ||
	    (m->owned[m->owned_count] = calloc(n + 1, size)) == NULL)
		abort();
	return m->owned[m->owned_count++];
}

bool
model_equal(const struct model_value *a, const struct model_value *b)
{
	if (a->kind != b->kind || a->kind == MODEL_NULL)
		return a->kind == b->kind;
	if (a->kind == MODEL_NUMBER)
		return a->number == b->number;
	return a->n == b->n && memcmp(a->text, b->text, a->n) == 0;
}

static bool
is_word(const struct model_value *v, const char *word)
{
	return v->kind == MODEL_TEXT && v->n == strlen(word) &&
	    memcmp(v->text, word, v->n) == 0;
}

/* ---- causality ---- */

static void
close_past(struct model *m)
{
	size_t n = m->count;
	bool changed = true;

	m->past = model_own(m, n * n, sizeof(bool));
	for (size_t a = 0; a < n; a++)
		for (size_t d = 0; d < m->set[a].dep_count; d++)
			m->past[a * n + m->set[a].deps[d]] = true;
	while (changed) {
		changed = false;
		for (size_t ab = 0; ab < n * n; ab++)
			for (size_t c = 0; m->past[ab] && c < n; c++) {
				bool *to = &m->past[ab / n * n + c];

				if (m->past[ab % n * n + c] && !*to)
					*to = changed = true;
			}
	}
}

static bool
before(const struct model *m, size_t segment, size_t later)
{
	return m->past[later * m->count + segment];
}

/* does operation b have a in its causal past? */
bool
model_covers(const struct model *m, size_t b, size_t a)
{
	size_t s = m->ops[a].segment, t = m->ops[b].segment;

	return s == t ? a < b : before(m, s, t);
}

int
model_order(const struct model *m, size_t a, size_t b)
{
	const struct model_op *p = &m->ops[a], *q = &m->ops[b];
	const struct model_segment *x = &m->set[p->segment];
	const struct model_segment *y = &m->set[q->segment];
	int d = (p->at > q->at) - (p->at < q->at);

	if (d == 0)
		d = memcmp(x->author, y->author, sizeof(x->author));
	if (d == 0)
		d = (x->seq > y->seq) - (x->seq < y->seq);
	if (d == 0)
		d = memcmp(x->id, y->id, sizeof(x->id));
	return d != 0 ? d : (a > b) - (a < b);
}

/* Of all, those that no other covers (later), or that cover no other
 * (earlier); ascending by order key. */
struct list
model_extreme(struct model *m, struct list all, bool later)
{
	struct list out = { model_own(m, all.count, sizeof(size_t)), 0 };

	for (size_t i = 0; i < all.count; i++) {
		size_t op = all.at[i], j;
		bool in = true;

		for (j = 0; j < all.count && in; j++)
			in = !(later ? model_covers(m, all.at[j], op)
				     : model_covers(m, op, all.at[j]));
		if (!in)
			continue;
		for (j = out.count++; j > 0; j--) {
			if (model_order(m, op, out.at[j - 1]) > 0)
				break;
			out.at[j] = out.at[j - 1];
		}
		out.at[j] = op;
	}
	return out;
}

/* ---- rows ---- */

/* The owner says no to a row that was proposed. */
bool
model_is_answer(const struct model_op *op)
{
	return !op->insert && op->named == 0;
}

bool
model_counts(const struct model *m, const struct model_op *op)
{
	const struct model_segment *s = &m->set[op->segment];

	return s->readable && !s->proposal && !op->invalid &&
	    !model_is_answer(op);
}

bool
model_is_of(const struct model_op *op, unsigned table, const uint8_t row[16])
{
	return op->table == table && memcmp(op->row, row, 16) == 0;
}

/* Is a segment before s, and behind `after` if given, not readable? */
static bool
gap(const struct model *m, const size_t *after, size_t s)
{
	for (size_t u = 0; u < m->count; u++)
		if (!m->set[u].readable && before(m, u, s) &&
		    (after == NULL || before(m, *after, u)))
			return true;
	return false;
}

/* Each insert of its row that the operation knew must be joined to it by
 * segments that can be read. */
enum presence
model_presence(const struct model *m, size_t o)
{
	const struct model_op *op = &m->ops[o];
	bool found = op->insert;

	for (size_t i = 0; i < m->op_count; i++) {
		const struct model_op *in = &m->ops[i];

		if (!in->insert || !model_counts(m, in) ||
		    !model_covers(m, o, i) ||
		    !model_is_of(in, op->table, op->row))
			continue;
		found = true;
		if (gap(m, &in->segment, op->segment))
			return WAITS;
	}
	if (found)
		return PRESENT;
	return gap(m, NULL, op->segment) ? WAITS : VOID;
}

static bool
row_shown(const struct model *m, const struct model_row *r)
{
	bool shown = false;

	for (size_t o = 0; o < m->op_count; o++) {
		enum presence p;

		if (!model_counts(m, &m->ops[o]) ||
		    !model_is_of(&m->ops[o], r->table, r->row))
			continue;
		p = model_presence(m, o);
		if (p == WAITS)
			return false;
		shown |= p == PRESENT;
	}
	return shown;
}

/* ---- merging one unit; f is its leader ---- */

/* C: the counted writes of the unit */
static struct list
counted(struct model *m, const struct model_field *f, const struct model_row *r)
{
	struct list out = { model_own(m, m->op_count, sizeof(size_t)), 0 };

	for (size_t o = 0; o < m->op_count; o++) {
		const struct model_op *op = &m->ops[o];

		if (model_counts(m, op) && model_is_of(op, r->table, r->row) &&
		    (op->named & f->unit) != 0 &&
		    !(f->owner && m->set[op->segment].foreign) &&
		    model_presence(m, o) == PRESENT)
			out.at[out.count++] = o;
	}
	return out;
}

bool
model_unit_equal(const struct model *m, const struct model_field *f, size_t a,
    size_t b)
{
	for (size_t k = 0; k < 64; k++)
		if ((f->unit & MODEL_BIT(k)) != 0 &&
		    !model_equal(&m->ops[a].values[k], &m->ops[b].values[k]))
			return false;
	return true;
}

static size_t
rank(const struct model_field *f, const struct model_value *v)
{
	size_t i = 0;

	while (i < f->rank_count && !is_word(v, f->ranks[i]))
		i++;
	return i;
}

/* Greater wins. Null is below everything; an unknown word is strictest. */
static int64_t
strength(const struct model_field *f, const struct model_value *v)
{
	size_t at = rank(f, v);

	if (v->kind == MODEL_NULL)
		return INT64_MIN;
	if (f->rule == MODEL_MAX || f->rule == MODEL_MIN)
		return f->rule == MODEL_MAX ? v->number : -v->number;
	return at < f->rank_count ? -1 - (int64_t)at : 0;
}

/* The strongest; among equals the greatest order key. */
static size_t
strongest(const struct model *m, const struct model_field *f, struct list in)
{
	size_t best = in.at[0];

	for (size_t i = 1; i < in.count; i++) {
		int64_t a = strength(f, &m->ops[best].values[f->number]);
		int64_t b = strength(f, &m->ops[in.at[i]].values[f->number]);

		if (b > a || (b == a && model_order(m, in.at[i], best) > 0))
			best = in.at[i];
	}
	return best;
}

/* Which write is shown. */
static size_t
winner(struct model *m, const struct model_field *f, struct list all,
    struct list standing)
{
	bool ordered = f->rule == MODEL_RANKED || f->rule == MODEL_MAX ||
	    f->rule == MODEL_MIN;
	struct list finals = { model_own(m, all.count, sizeof(size_t)), 0 };

	for (size_t i = 0; i < all.count; i++) {
		size_t at = rank(f, &m->ops[all.at[i]].values[f->number]);

		if (at < f->rank_count && (f->finals & MODEL_BIT(at)) != 0)
			finals.at[finals.count++] = all.at[i];
	}
	if (finals.count > 0 && !ordered)
		return model_extreme(m, finals, false).at[0];
	if (ordered)
		return strongest(m, f,
		    finals.count > 0 ? finals
			: f->one_way ? all
				     : standing);
	if (f->rule == MODEL_ONCE)
		return model_extreme(m, all, false).at[0];
	return standing.at[standing.count - 1];
}

static struct model_text
text_of(const struct model *m, size_t op, unsigned field)
{
	const struct model_value *v = &m->ops[op].values[field];

	return (
	    struct model_text){ v->kind == MODEL_TEXT ? v->text : "", v->n };
}

static bool
text_same(struct model_text a, struct model_text b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* the newest write in the past of every standing one */
static struct model_text
text_base(struct model *m, unsigned field, struct list all,
    struct list standing)
{
	struct list common = { model_own(m, all.count, sizeof(size_t)), 0 };
	struct list newest;

	for (size_t i = 0; i < all.count; i++) {
		bool in = true;

		for (size_t j = 0; j < standing.count && in; j++)
			in = model_covers(m, standing.at[j], all.at[i]);
		if (in)
			common.at[common.count++] = all.at[i];
	}
	newest = model_extreme(m, common, true);
	if (newest.count == 0)
		return (struct model_text){ "", 0 };
	return text_of(m, newest.at[newest.count - 1], field);
}

static struct model_value
fold(struct model *m, unsigned field, struct list all, struct list standing,
    bool *overlap)
{
	struct model_text base = text_base(m, field, all, standing);
	struct model_text sum = base;
	size_t from = standing.count > 16 ? standing.count - 16 : 0;
	bool begun = false;

	*overlap = from > 0;
	for (size_t i = from; i < standing.count; i++) {
		struct model_text t = text_of(m, standing.at[i], field);
		bool nothing = text_same(t, base);
		char *p, *kept;

		for (size_t k = from; k < i; k++)
			nothing |=
			    text_same(t, text_of(m, standing.at[k], field));
		if (nothing)
			continue;
		if (begun) {
			p = model_text_merge(&sum.n, overlap, base, sum, t);
			kept = model_own(m, sum.n, 1);
			memcpy(kept, p, sum.n);
			free(p);
			sum.p = kept;
		} else {
			sum = t;
		}
		begun = true;
	}
	return (struct model_value){ MODEL_TEXT, 0, sum.p, sum.n };
}

static void
merge_unit(struct model *m, const struct model_field *f, struct model_row *r)
{
	struct list all = counted(m, f, r);
	struct list standing = model_extreme(m, all, true);
	struct model_cell cell = { .standing = standing.at,
		.lost = model_own(m, standing.count, sizeof(bool)),
		.standing_count = standing.count };
	bool lost = false, differ = false, overlap = false;
	size_t best;

	if (standing.count == 0)
		return;
	best = winner(m, f, all, standing);
	for (size_t i = 0; i < standing.count; i++) {
		cell.lost[i] = !model_unit_equal(m, f, standing.at[i], best);
		lost |= cell.lost[i];
		differ |=
		    !model_unit_equal(m, f, standing.at[i], standing.at[0]);
	}
	for (unsigned k = 0; k < 64; k++) {
		if ((f->unit & MODEL_BIT(k)) == 0)
			continue;
		cell.value = m->ops[best].values[k];
		if (f->rule == MODEL_FOLD && differ)
			cell.value = fold(m, k, all, standing, &overlap);
		r->cells[k] = cell;
	}
	r->cells[f->number].look = f->rule == MODEL_BOTH
	    ? (differ ? LOOK_BOTH : LOOK_NOBODY)
	    : f->rule == MODEL_FOLD ? (overlap ? LOOK_OVERLAP : LOOK_NOBODY)
	    : !lost                 ? LOOK_NOBODY
	    : f->rule == MODEL_ONCE ? LOOK_ALARM
				    : LOOK_NOTICE;
}

/* ---- single ---- */

static bool
is_live(const struct model *m, const struct model_row *r,
    const struct model_table *t)
{
	const struct model_value *v = &r->cells[MODEL_ROW_STATE].value;

	if (!r->shown || (v->kind != MODEL_NULL && !is_word(v, "live")))
		return false;
	for (size_t i = 0; i < m->row_count; i++) {
		v = &m->rows[i].cells[MODEL_SUPERSEDES].value;
		if (m->rows[i].table == r->table && v->kind == MODEL_TEXT &&
		    v->n == 16 && memcmp(v->text, r->row, 16) == 0)
			return false;
	}
	v = &r->cells[t->while_field].value;
	return t->while_field == 0 ||
	    (t->while_value[0] == '\0' ? v->kind == MODEL_NULL
				       : is_word(v, t->while_value));
}

static void
find_clashes(struct model *m, const struct model_table *t)
{
	for (size_t i = 0; i < m->row_count; i++)
		if (m->rows[i].table == t->number)
			m->rows[i].live = is_live(m, &m->rows[i], t);
	for (size_t ik = 0; ik < m->row_count * m->row_count; ik++) {
		struct model_row *a = &m->rows[ik / m->row_count];
		struct model_row *b = &m->rows[ik % m->row_count];
		struct model_value *v = &a->cells[t->single_field].value;

		if (a != b && t->single_field != 0 && a->table == t->number &&
		    b->table == t->number && a->live && b->live &&
		    v->kind != MODEL_NULL &&
		    model_equal(v, &b->cells[t->single_field].value))
			a->clash = true;
	}
}

/* ---- the whole ---- */

static void
derive_table(struct model *m, const struct model_table *t)
{
	for (size_t k = 0; k < m->row_count; k++) {
		struct model_row *r = &m->rows[k];

		if (r->table != t->number || t->since > m->version)
			continue;
		r->shown = row_shown(m, r);
		for (size_t f = 0; f < t->field_count && r->shown; f++)
			if (t->fields[f].leader == t->fields[f].number &&
			    t->fields[f].since <= m->version) {
				merge_unit(m, &t->fields[f], r);
				model_find_proposals(m, &t->fields[f], r);
			}
		model_find_proposed_row(m, r);
	}
	find_clashes(m, t);
}

void
model_run(struct model *m)
{
	close_past(m);
	m->rows = model_own(m, m->op_count, sizeof(*m->rows));
	for (size_t o = 0; o < m->op_count; o++) {
		const struct model_op *op = &m->ops[o];
		struct model_row *r = &m->rows[m->row_count];

		if ((!model_counts(m, op) && !model_is_proposal(m, o)) ||
		    model_find(m, op->table, op->row) != NULL)
			continue;
		r->table = op->table;
		memcpy(r->row, op->row, 16);
		m->row_count++;
	}
	for (size_t i = 0; i < m->table_count; i++)
		derive_table(m, &m->tables[i]);
}

void
model_release(struct model *m)
{
	for (size_t i = 0; i < m->owned_count; i++)
		free(m->owned[i]);
	free(m->owned);
	*m = (struct model){ 0 };
}

struct model_row *
model_find(const struct model *m, unsigned table, const uint8_t row[16])
{
	for (size_t i = 0; i < m->row_count; i++)
		if (m->rows[i].table == table &&
		    memcmp(m->rows[i].row, row, 16) == 0)
			return &m->rows[i];
	return NULL;
}
