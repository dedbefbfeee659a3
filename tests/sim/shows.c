/*
 * What a machine shows at the end, against the reference model: the model is
 * given the segments that are held and which of their words count, and computes
 * every row by the definitions of the merge rules (tests/model).
 *
 * Who may read and what counts is not judged here: that is the histories of
 * tests/prop, whose oracle knows one owner and seven machines.
 */
#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

#include "sync/grant.h"
#include "sync/segment.h"
#include "tests/prop/as_model.h"

#define SEGMENTS_MAX 512
#define DEPS_MAX (LIMIT_DEPS + 1)

struct held_segment {
	int64_t no, prev;
	struct segment_dep deps[LIMIT_DEPS];
	size_t dep_count;
	size_t at; /* in the model's set; SIZE_MAX: not there yet */
	int chain;
	enum segment_state state;
	struct segment_id id;
	struct author_tag tag;
	struct node_id author;
	uint64_t seq;
};

/* Everything of one run of the model; too large for the stack. */
struct shows {
	struct sim *s;
	unsigned n;
	const struct compartment *c;
	struct held_segment held[SEGMENTS_MAX];
	size_t held_count;
	struct model_segment set[SEGMENTS_MAX];
	size_t deps[SEGMENTS_MAX][DEPS_MAX];
	size_t count;
	struct model_op *ops;
	size_t op_count;
	struct buf payload[SEGMENTS_MAX];
	struct as_model_schema schema;
	struct model m;
	const struct table *table;
	size_t rows;
};

/* False: more than there is room for, or not all is sealed. */
static bool
load(struct shows *x)
{
	struct fail f = { 0 };
	struct stmt *q;
	bool row;

	sim_must(x->s,
	    db_stmt(&q, replica_db(x->s->node[x->n].r),
		"SELECT s.no, s.chain, s.state, s.seq, s.prev, s.id, a.tag,"
		" a.node, s.position FROM _segment s JOIN _author a ON a.no ="
		" s.author WHERE s.cpt = ?1 AND s.chain <= 1 ORDER BY s.no",
		&f),
	    &f, "segments");
	stmt_int(q, 1, x->c->no);
	for (;;) {
		struct held_segment *h = &x->held[x->held_count];

		sim_must(x->s, stmt_step(q, &row, &f), &f, "segments");
		if (!row)
			return true;
		if (x->held_count == SEGMENTS_MAX || stmt_col_int(q, 8) == 0) {
			stmt_reset(q);
			return false;
		}
		*h = (struct held_segment){ .no = stmt_col_int(q, 0),
			.chain = (int)stmt_col_int(q, 1),
			.state = (enum segment_state)stmt_col_int(q, 2),
			.seq = (uint64_t)stmt_col_int(q, 3),
			.prev = stmt_col_int(q, 4),
			.at = SIZE_MAX };
		(void)stmt_col_copy(q, 5, h->id.b, sizeof(h->id.b));
		(void)stmt_col_copy(q, 6, h->tag.b, sizeof(h->tag.b));
		(void)stmt_col_copy(q, 7, h->author.b, sizeof(h->author.b));
		x->held_count++;
	}
}

/* What each builds on stands in its header. */
static void
load_deps(struct shows *x)
{
	for (size_t i = 0; i < x->held_count; i++) {
		struct held_segment *h = &x->held[i];
		struct buf bytes = { 0 };
		struct segment view;
		struct fail f = { 0 };

		sim_must(x->s, log_bytes(x->s->node[x->n].r, &bytes, h->no, &f),
		    &f, "a segment");
		sim_must(x->s, segment_parse(&view, bytes.p, bytes.n, &f), &f,
		    "a segment");
		h->dep_count = view.header.dep_count;
		memcpy(h->deps, view.header.deps,
		    h->dep_count * sizeof(*h->deps));
		buf_release(&bytes);
	}
}

static bool
is_dep(const struct held_segment *h, const struct segment_dep *d)
{
	return h->chain == d->chain && h->seq == d->seq &&
	    id_equal(&h->tag, &d->author) &&
	    memcmp(h->id.b, d->ref, sizeof(d->ref)) == 0;
}

static bool
proposes(struct shows *x, const struct held_segment *h)
{
	struct replica *r = x->s->node[x->n].r;
	const struct member_node *m =
	    members_node(replica_members(r), &h->author);
	struct fail f = { 0 };
	bool may = false;

	if (m == NULL || id_equal(&m->agency, &x->c->owner))
		return m == NULL;
	sim_must(x->s, grant_may_write(r, x->c, m, &may, &f), &f, "may write");
	return !may;
}

static void
add_ops(struct shows *x, const struct held_segment *h)
{
	struct buf *payload = &x->payload[x->count];
	struct model_op *ops;
	struct fail f = { 0 };
	size_t count;

	sim_must(x->s, log_payload(x->s->node[x->n].r, payload, h->no, &f), &f,
	    "a payload");
	count = as_model_ops(&ops, payload);
	x->ops = realloc(x->ops, (x->op_count + count + 1) * sizeof(*ops));
	if (x->ops == NULL)
		abort();
	for (size_t i = 0; i < count; i++) {
		x->ops[x->op_count] = ops[i];
		x->ops[x->op_count++].segment = x->count;
	}
	free(ops);
}

static void
add(struct shows *x, struct held_segment *h)
{
	const struct members *all = replica_members(x->s->node[x->n].r);
	const struct member_node *author = members_node(all, &h->author);
	struct model_segment *m = &x->set[x->count];
	unsigned agency = 0;

	while (author != NULL && agency < x->s->agencies &&
	    !id_equal(&x->s->agency[agency], &author->agency))
		agency++;
	m->seq = h->seq;
	m->deps = x->deps[x->count];
	m->readable = h->state != STATE_UNREADABLE;
	m->proposal = proposes(x, h);
	m->agency = agency;
	m->foreign = author == NULL || !id_equal(&author->agency, &x->c->owner);
	memcpy(m->author, h->tag.b, sizeof(m->author));
	memcpy(m->id, h->id.b, sizeof(m->id));
	if (h->chain == CHAIN_DATA && h->state == STATE_APPLIED)
		add_ops(x, h);
	h->at = x->count++;
}

/* Is all that it builds on in the set? What is not here at all is not missed:
 * what counts waits for it. */
static bool
is_next(struct shows *x, const struct held_segment *h)
{
	size_t *to = x->deps[x->count];
	size_t count = 0;

	for (size_t i = 0; i < x->held_count; i++) {
		const struct held_segment *d = &x->held[i];
		bool names = d->no == h->prev;

		for (size_t k = 0; k < h->dep_count && !names; k++)
			names = is_dep(d, &h->deps[k]);
		if (!names)
			continue;
		if (d->at == SIZE_MAX)
			return false;
		to[count++] = d->at;
	}
	x->set[x->count] = (struct model_segment){ .dep_count = count };
	return true;
}

/* In causal order, which the numbers of a machine are not. */
static void
arrange(struct shows *x)
{
	size_t before;

	do {
		before = x->count;
		for (size_t i = 0; i < x->held_count; i++)
			if (x->held[i].at == SIZE_MAX &&
			    is_next(x, &x->held[i]))
				add(x, &x->held[i]);
	} while (x->count != before);
}

/* The place of a word in the ranks, the strictest first; SIZE_MAX: none. */
static size_t
rank_of(const struct field *f, const struct model_value *v)
{
	for (size_t i = 0; v->kind == MODEL_TEXT && i < f->rank_count; i++)
		if (strlen(f->ranks[i]) == v->n &&
		    memcmp(f->ranks[i], v->text, v->n) == 0)
			return i;
	return SIZE_MAX;
}

/* I8: what is shown is at least as restrictive as each value that stands, except
 * where a word is final or only the owner's counts. */
static void
check_restriction(struct shows *x, const struct field *f,
    const struct model_value *have, const struct model_cell *cell)
{
	if (f->rule != RULE_RANKED || f->final_count > 0 || f->owner)
		return;
	for (size_t i = 0; i < cell->standing_count; i++) {
		const struct model_op *op = &x->ops[cell->standing[i]];

		if (rank_of(f, have) > rank_of(f, &op->values[f->number]))
			sim_wrong(x->s,
			    "machine %u shows less of %s.%s than somebody "
			    "wants kept",
			    x->n, x->table->name, f->name);
	}
}

static bool
on_row(void *context, const struct read_row *row)
{
	struct shows *x = context;
	const struct model_row *want;

	if (row->cpt != x->c->no)
		return true;
	x->rows++;
	want = model_find(&x->m, x->table->number, row->id.b);
	if (want == NULL || !want->shown) {
		sim_wrong(x->s,
		    "machine %u shows a row of %s that is not there", x->n,
		    x->table->name);
		return false;
	}
	for (size_t i = 0; i < x->table->field_count; i++) {
		unsigned k = x->table->fields[i].number;
		struct model_value have = as_model_value(&row->values[k]);

		check_restriction(x, &x->table->fields[i], &have,
		    &want->cells[k]);
		if (model_equal(&have, &want->cells[k].value))
			continue;
		sim_wrong(x->s,
		    "machine %u shows %s.%s of row %02x%02x, and the model "
		    "another value",
		    x->n, x->table->name, x->table->fields[i].name,
		    row->id.b[0], row->id.b[1]);
		return false;
	}
	return true;
}

static void
compare(struct shows *x)
{
	struct replica *r = x->s->node[x->n].r;
	const struct registry *g = replica_registry(r);
	struct fail f = { 0 };

	for (size_t t = 0; t < g->table_count; t++) {
		struct read_query q = { .table = &g->tables[t],
			.all_states = true };
		size_t want = 0;

		x->table = &g->tables[t];
		x->rows = 0;
		sim_must(x->s, read_list(r, &q, on_row, x, &f), &f, "list");
		for (size_t i = 0; i < x->m.row_count; i++)
			want += x->m.rows[i].table == x->table->number &&
			    x->m.rows[i].shown;
		if (want != x->rows)
			sim_wrong(x->s,
			    "machine %u shows %zu rows of %s, the model %zu",
			    x->n, x->rows, x->table->name, want);
	}
}

/* Can the model judge it? Not while work is unsealed or a snapshot shows; and who
 * means harm writes what the model does not know to be void. */
static bool
is_fit(struct sim *s, const struct compartment *c)
{
	static const unsigned plain = COMPARTMENT_FORKED | COMPARTMENT_JUDGED;

	return !s->any_evil && c->has_subject && c->waiting == 0 &&
	    c->open_no == 0 && (c->flags & ~plain) == 0;
}

void
sim_judge_rows(struct sim *s, unsigned n, const struct compartment *c)
{
	const struct registry *g = replica_registry(s->node[n].r);
	struct shows *x;

	if (!is_fit(s, c))
		return;
	x = calloc(1, sizeof(*x));
	if (x == NULL)
		abort();
	x->s = s;
	x->n = n;
	x->c = c;
	if (load(x)) {
		load_deps(x);
		arrange(x);
		as_model_schema(&x->schema, g);
		x->m = (struct model){ .tables = x->schema.tables,
			.table_count = x->schema.table_count,
			.version = (unsigned)s->node[n].schemas,
			.set = x->set,
			.count = x->count,
			.ops = x->ops,
			.op_count = x->op_count };
		model_run(&x->m);
		compare(x);
		model_release(&x->m);
		sim_count(s, SIM_N_MODEL, 1);
	}
	for (size_t i = 0; i < x->count; i++)
		buf_release(&x->payload[i]);
	free(x->ops);
	free(x);
}
