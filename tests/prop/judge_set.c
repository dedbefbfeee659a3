/*
 * What a node holds, as the model takes it: sealed segments from the pool, own
 * unsealed ones from its database.
 */
#include <stdlib.h>
#include <string.h>

#include "sync/grant.h"
#include "tests/prop/judge_i.h"
#include "tests/prop/oracle.h"

static void
add_ops(struct judge_set *x, const struct model_op *ops, size_t count)
{
	x->ops = realloc(x->ops, (x->op_count + count + 1) * sizeof(*ops));
	if (x->ops == NULL)
		abort();
	for (size_t i = 0; i < count; i++) {
		x->ops[x->op_count] = ops[i];
		x->ops[x->op_count++].segment = x->count;
	}
}

/* Does this node know the author? Of whom it does not nothing counts. */
static bool
is_known(struct world *w, unsigned at, unsigned author)
{
	struct node_id id = world_node_id(author);

	return members_node(replica_members(w->node[at].replica), &id) != NULL;
}

static void
add_pool(struct judge_set *x, struct world *w, unsigned n,
    const struct oracle *o)
{
	world_set stored, readable;
	bool known[WORLD_NODES];

	for (unsigned k = 0; k < WORLD_NODES; k++)
		known[k] = is_known(w, n, k);
	world_set_of(w, n, stored, readable);
	for (size_t i = 0; i < w->pool_count; i++) {
		const struct world_segment *s = w->pool[i];
		struct model_segment *m = &x->at[x->count];

		x->index[i] = SIZE_MAX;
		x->counts[i] = true;
		if (!world_has(stored, i))
			continue;
		x->counts[i] = s->chain != CHAIN_DATA || oracle_counts(o, i);
		*m = (struct model_segment){
			.seq = s->seq,
			.deps = x->deps[x->count],
			.readable = s->chain != CHAIN_DATA || !x->counts[i] ||
			    world_has(readable, i),
			.proposal = s->node >= WORLD_FOREIGN &&
			    (!known[s->node] ||
				judge_right_proposes(&x->right, o, o->past[i])),
			.foreign = s->node >= WORLD_FOREIGN,
			.agency = s->node >= WORLD_FOREIGN,
		};
		memcpy(m->author, s->tag.b, sizeof(m->author));
		memcpy(m->id, s->id.b, sizeof(m->id));
		for (size_t d = 0; d < s->dep_count; d++)
			x->deps[x->count][m->dep_count++] =
			    x->index[s->deps[d]];
		if (s->chain == CHAIN_DATA && m->readable && x->counts[i])
			add_ops(x, s->ops, s->op_count);
		x->index[i] = x->count++;
	}
}

/* Own work that has no identity yet knows everything readable that was there;
 * exactly what it knows is checked when it is sealed. Here its recorded
 * dependencies are taken: numbers of segments. */
struct unsealed {
	int64_t no;
	int64_t deps[WORLD_SEGMENTS];
	size_t dep_count;
};

static size_t
read_unsealed(struct world *w, unsigned n, int64_t cpt, struct unsealed *out,
    size_t room)
{
	struct fail f = { 0 };
	size_t count = 0;
	struct stmt *s;
	bool row;

	world_must(db_stmt(&s, replica_db(w->node[n].replica),
		       "SELECT no, deps FROM _segment WHERE cpt = ?1 AND"
		       " position = 0 AND chain = 1 ORDER BY no",
		       &f),
	    &f, "unsealed");
	stmt_int(s, 1, cpt);
	for (;;) {
		const uint8_t *p;
		struct rd r;
		size_t size;

		world_must(stmt_step(s, &row, &f), &f, "unsealed");
		if (!row || count == room)
			break;
		out[count].no = stmt_col_int(s, 0);
		p = stmt_col_blob(s, 1, &size);
		out[count].dep_count = 0;
		r = rd_of(p, size);
		while (rd_left(&r) > 0)
			out[count].deps[out[count].dep_count++] =
			    (int64_t)rd_uint(&r);
		count++;
	}
	stmt_reset(s);
	return count;
}

/* pool index of a stored segment by its local number; SIZE_MAX: none */
static size_t
pool_of(struct world *w, unsigned n, int64_t no)
{
	struct segment_id id;
	struct fail f = { 0 };
	struct stmt *s;
	bool row;

	world_must(db_stmt(&s, replica_db(w->node[n].replica),
		       "SELECT id FROM _segment WHERE no = ?1", &f),
	    &f, "segment");
	stmt_int(s, 1, no);
	world_must(stmt_step(s, &row, &f), &f, "segment");
	if (!row || !stmt_col_copy(s, 0, id.b, sizeof(id.b))) {
		stmt_reset(s);
		return SIZE_MAX;
	}
	stmt_reset(s);
	for (size_t i = 0; i < w->pool_count; i++)
		if (id_equal(&w->pool[i]->id, &id))
			return i;
	return SIZE_MAX;
}

/* Where this machine's own feed has come to, in each chain. */
static void
add_feed(struct judge_set *x, struct world *w, unsigned n,
    struct model_segment *m)
{
	const struct author_tag *own =
	    &replica_identity(w->node[n].replica)->author;

	for (int chain = CHAIN_CONTROL; chain <= CHAIN_DATA; chain++) {
		size_t tip = SIZE_MAX;

		for (size_t k = 0; k < w->pool_count; k++)
			if (x->index[k] != SIZE_MAX &&
			    w->pool[k]->chain == chain &&
			    id_equal(&w->pool[k]->tag, own) &&
			    (tip == SIZE_MAX ||
				w->pool[k]->seq >= w->pool[tip]->seq))
				tip = k;
		if (tip != SIZE_MAX)
			x->deps[x->count][m->dep_count++] = x->index[tip];
	}
}

/* One more is in the past, with what it knows. */
static void
know(world_set known, const struct oracle *o, size_t at)
{
	world_put(known, at);
	for (size_t k = 0; k < COUNT_OF(o->past[at]); k++)
		known[k] |= o->past[at][k];
}

static void
know_feed(world_set known, const struct judge_set *x, struct world *w,
    unsigned n, const struct oracle *o)
{
	const struct author_tag *own =
	    &replica_identity(w->node[n].replica)->author;

	for (size_t k = 0; k < w->pool_count; k++)
		if (x->index[k] != SIZE_MAX &&
		    w->pool[k]->chain == CHAIN_DATA &&
		    id_equal(&w->pool[k]->tag, own))
			know(known, o, k);
}

static void
add_unsealed(struct judge_set *x, struct world *w, unsigned n,
    const struct oracle *o)
{
	static struct unsealed open[JUDGE_OPEN];
	const unsigned self = w->node[n].self;
	struct compartment *c = world_compartment(w, n);
	size_t count =
	    c != NULL ? read_unsealed(w, n, c->no, open, COUNT_OF(open)) : 0;
	size_t first = x->count;
	world_set known = { 0 };
	struct fail f = { 0 };

	know_feed(known, x, w, n, o);
	for (size_t i = 0; i < count; i++) {
		struct model_segment *m = &x->at[x->count];
		struct buf *payload = &x->open[x->open_count++];
		struct model_op *ops;
		size_t op_count;

		*m = (struct model_segment){
			.seq = UINT64_MAX - JUDGE_OPEN + i,
			.deps = x->deps[x->count],
			.readable = true,
			.foreign = self >= WORLD_FOREIGN,
			.agency = self >= WORLD_FOREIGN,
		};
		memcpy(m->author,
		    replica_identity(w->node[n].replica)->author.b,
		    sizeof(m->author));
		for (size_t d = 0; d < open[i].dep_count; d++) {
			size_t at = pool_of(w, n, open[i].deps[d]);

			if (at == SIZE_MAX || x->index[at] == SIZE_MAX)
				continue;
			x->deps[x->count][m->dep_count++] = x->index[at];
			know(known, o, at);
		}
		/* what it began before knew no more than this */
		m->proposal = self >= WORLD_FOREIGN &&
		    judge_right_proposes(&x->right, o, known);
		/* its feed goes on: all own earlier work is in its past */
		add_feed(x, w, n, m);
		if (x->count > first)
			x->deps[x->count][m->dep_count++] = x->count - 1;
		world_must(log_payload(w->node[n].replica, payload, open[i].no,
			       &f),
		    &f, "unsealed payload");
		op_count = as_model_ops(&ops, payload);
		add_ops(x, ops, op_count);
		free(ops);
		x->count++;
	}
}

void
judge_set_free(struct judge_set *x)
{
	for (size_t i = 0; i < x->open_count; i++)
		buf_release(&x->open[i]);
	free(x->at);
	free(x->deps);
	free(x->ops);
	free(x);
}

struct judge_set *
judge_set_new(struct world *w, unsigned n)
{
	struct judge_set *x = calloc(1, sizeof(*x));
	struct oracle *o = oracle_new(w, n);

	if (x == NULL)
		abort();
	x->at = calloc(w->pool_count + JUDGE_OPEN, sizeof(*x->at));
	x->deps = calloc(w->pool_count + JUDGE_OPEN, sizeof(*x->deps));
	if (x->at == NULL || x->deps == NULL)
		abort();
	judge_right_load(&x->right, o);
	add_pool(x, w, n, o);
	add_unsealed(x, w, n, o);
	oracle_free(o);
	return x;
}

bool
judge_set_alike(struct world *w, unsigned one, unsigned other)
{
	struct judge_set *a = judge_set_new(w, one);
	struct judge_set *b = judge_set_new(w, other);
	bool alike = true;

	for (size_t i = 0; i < w->pool_count; i++) {
		size_t at = a->index[i], there = b->index[i];

		if (at != SIZE_MAX && there != SIZE_MAX)
			alike &= a->counts[i] == b->counts[i] &&
			    a->at[at].proposal == b->at[there].proposal;
	}
	judge_set_free(a);
	judge_set_free(b);
	return alike;
}
