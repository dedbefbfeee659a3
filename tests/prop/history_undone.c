/*
 * What is left where an order to destroy is obeyed, and what comes back where it
 * turned out to be none: each segment is held as the world has it, stubs are asked
 * for, keys open again; the certificate and who signed.
 */
#include "sync/shred.h"

#include <string.h>

#include "tests/prop/history_i.h"
#include "tests/prop/judge_i.h"
#include "tests/prop/oracle.h"

/* ---- content ---- */

enum kept_as { NOT_HELD, AS_STUB, AS_WHOLE };

/* How a machine holds a segment in its log; *wanted: it asks for the content. */
static enum kept_as
in_log_as(struct history *h, unsigned n, size_t i, bool *wanted)
{
	const struct world_segment *of = h->w.pool[i];
	enum kept_as as = NOT_HELD;
	struct fail f = { 0 };
	struct stmt *s;
	bool row;

	*wanted = false;
	world_must(db_stmt(&s, replica_db(world_replica(&h->w, n)),
		       "SELECT bytes = ?2, EXISTS (SELECT 1 FROM _wanted w"
		       " WHERE w.segment = no) FROM _segment WHERE id = ?1",
		       &f),
	    &f, "segment");
	stmt_blob(s, 1, of->id.b, SEGMENT_ID_BYTES);
	stmt_blob(s, 2, of->bytes.p, of->bytes.n);
	world_must(stmt_step(s, &row, &f), &f, "segment");
	if (row) {
		as = stmt_col_int(s, 0) != 0 ? AS_WHOLE : AS_STUB;
		*wanted = stmt_col_int(s, 1) != 0;
	}
	stmt_reset(s);
	return as;
}

static bool
waits_whole(struct history *h, unsigned n, size_t i)
{
	const struct buf *bytes = &h->w.pool[i]->bytes;
	struct fail f = { 0 };
	struct stmt *s;
	bool row;

	world_must(db_stmt(&s, replica_db(world_replica(&h->w, n)),
		       "SELECT 1 FROM _parked WHERE bytes = ?1", &f),
	    &f, "what waits");
	stmt_blob(s, 1, bytes->p, bytes->n);
	world_must(stmt_step(s, &row, &f), &f, "what waits");
	stmt_reset(s);
	return row;
}

const char *
history_judge_content(struct history *h, unsigned n)
{
	struct world *w = &h->w;

	for (size_t i = 0; i < w->pool_count; i++) {
		const bool stub = world_only_stub(w, n, i);
		bool wanted;
		enum kept_as as;

		if (!world_has(w->node[n].has, i))
			continue;
		as = in_log_as(h, n, i, &wanted);
		if (as == NOT_HELD && waits_whole(h, n, i) == stub)
			return judge_differ("segment %zu waits %s", i,
			    stub ? "whole, not as a stub" : "without content");
		if (as == NOT_HELD)
			continue;
		if ((as == AS_STUB) != stub)
			return judge_differ("segment %zu is held %s", i,
			    stub ? "whole, not as a stub" : "without content");
		if (wanted != (stub && !w->node[n].shredded))
			return judge_differ("the content of segment %zu is %s",
			    i, wanted ? "asked for" : "not asked for");
	}
	return NULL;
}

/* ---- keys ---- */

/* Does a segment that is held whole have a box that this machine can open? */
static bool
is_given(struct history *h, unsigned n, const struct oracle *o, size_t i,
    const struct key_id *key)
{
	const struct identity *self = replica_identity(world_replica(&h->w, n));
	const struct grant_body *g = o->grant[i];

	if (g == NULL || world_only_stub(&h->w, n, i))
		return false;
	for (size_t k = 0; k < g->count; k++) {
		const struct grant_entry *e = &g->entry[k];

		if (!id_equal(&e->key_id, key))
			continue;
		if (e->kind == GRANT_NODE
			? memcmp(e->recipient, self->node.b, ID_BYTES) == 0
			: self->has_agency_secret &&
			    memcmp(e->recipient, self->agency.b, ID_BYTES) ==
				0 &&
			    identity_key_at(self, e->serial, 0) != NULL)
			return true;
	}
	return false;
}

/* A key that was held when it was destroyed is held again as soon as a grant of
 * it is. */
static const char *
judge_keys_back(struct history *h, unsigned n, const struct oracle *o)
{
	const struct compartment *c = world_compartment(&h->w, n);
	const char *wrong = NULL;
	struct fail f = { 0 };
	bool row = true;
	struct stmt *s;

	if (c == NULL)
		return NULL;
	world_must(db_stmt(&s, replica_db(world_replica(&h->w, n)),
		       "SELECT key_id FROM _key_lost l WHERE cpt = ?1 AND NOT"
		       " EXISTS (SELECT 1 FROM _key k WHERE k.cpt = ?1"
		       " AND k.key_id = l.key_id)",
		       &f),
	    &f, "lost keys");
	stmt_int(s, 1, c->no);
	while (wrong == NULL) {
		struct key_id id;

		world_must(stmt_step(s, &row, &f), &f, "lost keys");
		if (!row)
			break;
		(void)stmt_col_copy(s, 0, id.b, sizeof(id.b));
		for (size_t i = 0; wrong == NULL && i < h->w.pool_count; i++)
			if (is_given(h, n, o, i, &id))
				wrong = judge_differ("segment %zu gives back a "
						     "key that is not held",
				    i);
	}
	stmt_reset(s);
	return wrong;
}

const char *
history_judge_undone(struct history *h, unsigned n)
{
	struct oracle *o = oracle_new(&h->w, n);
	const char *wrong = judge_keys_back(h, n, o);
	struct fail f = { 0 };
	int64_t checked;

	oracle_free(o);
	h->counts->undone++;
	if (wrong == NULL &&
	    log_verify(world_replica(&h->w, n), true, &checked, &f) != OK)
		wrong = judge_differ("after an order that was none: %.300s",
		    f.text);
	return wrong;
}

/* ---- at the end ---- */

static bool
shows(const struct history *h, unsigned n)
{
	return !h->w.node[n].shredded;
}

/* Everybody has met everybody: what one has whole that obeys no order, all have.
 * What a grant or removal said that nobody has whole any more only those know who
 * had it: sync/DESIGN.md names that limit, it is counted. */
const char *
history_judge_back(struct history *h)
{
	struct world *w = &h->w;

	for (size_t i = 0; i < w->pool_count; i++) {
		unsigned whole = 0, stubs = 0, heard = 0;
		bool back = false;

		for (unsigned k = 0; k < h->node_count; k++) {
			unsigned n = h->nodes[k];

			if (!shows(h, n) || !world_has(w->node[n].has, i))
				continue;
			whole += !world_only_stub(w, n, i);
			stubs += world_only_stub(w, n, i);
			heard += world_heard(w, n, i);
			back |= w->node[n].undone;
		}
		if (whole > 0 && stubs > 0)
			return history_trouble("the content of segment %zu came"
					       " to some and not to all",
			    i);
		h->counts->back += back && whole > 0;
		h->counts->gone += back && stubs > 0;
		h->counts->half_heard +=
		    stubs > 0 && heard > 0 && heard < stubs;
	}
	return NULL;
}

static bool
heard_alike(const struct world *w, unsigned one, unsigned other)
{
	for (size_t i = 0; i < w->pool_count; i++)
		if ((w->pool[i]->kind == SEGMENT_GRANT ||
			w->pool[i]->kind == SEGMENT_REMOVE) &&
		    world_heard(w, one, i) != world_heard(w, other, i))
			return false;
	return true;
}

bool
history_set_apart(struct history *h, unsigned one, unsigned other)
{
	const bool apart = !heard_alike(&h->w, one, other) &&
	    !judge_set_alike(&h->w, one, other);

	h->counts->set_apart += apart;
	return apart;
}

/* ---- receipts ---- */

struct certificate {
	int64_t cpt;
	unsigned told;
	struct segment_id order;
	bool undone, is[WORLD_NODES], signed_it[WORLD_NODES];
	int64_t lacking;
};

static enum err
see(void *context, const struct shred_told *t, struct fail *f)
{
	struct certificate *c = context;

	(void)f;
	if (t->number != c->cpt)
		return OK;
	c->told++;
	c->order = t->order;
	c->undone = t->undone_ms != 0;
	c->lacking = t->lacking;
	for (size_t i = 0; i < t->receipt_count; i++) {
		int n = world_node_of(&t->receipts[i].node->id);

		if (n < 0)
			continue;
		c->is[n] = true;
		c->signed_it[n] |= t->receipts[i].at_ms != 0;
	}
	return OK;
}

static size_t
find_segment(const struct world *w, const struct segment_id *id)
{
	for (size_t i = 0; i < w->pool_count; i++)
		if (id_equal(&w->pool[i]->id, id))
			return i;
	return SIZE_MAX;
}

/* Did this node sign, as far as a machine's log says? For order (an index), or
 * SIZE_MAX: for any that counts. */
static bool
signed_by(const struct oracle *o, unsigned node, size_t order)
{
	for (size_t i = 0; i < o->w->pool_count; i++) {
		const struct world_segment *s = o->w->pool[i];
		struct shred_body body;
		struct segment view;
		size_t of;

		if (s->kind != SEGMENT_SHRED || s->node != node ||
		    !world_has(o->in_log, i) ||
		    segment_parse(&view, s->bytes.p, s->bytes.n, NULL) != OK ||
		    shred_body_parse(&body, view.body,
			view.header.body_bytes) != OK ||
		    !body.done)
			continue;
		of = find_segment(o->w, &body.order);
		if (of != SIZE_MAX &&
		    (order == SIZE_MAX ? oracle_order_counts(o, of)
				       : of == order))
			return true;
	}
	return false;
}

/* Of what was undone the certificate is of the order that was obeyed, and says
 * how much is not here again. */
static const char *
judge_told(struct history *h, unsigned n, const struct oracle *o,
    const struct certificate *c, size_t *order)
{
	const struct world_node *node = &h->w.node[n];
	int64_t lacking = 0;

	*order = SIZE_MAX;
	if (c->told != (node->shredded || node->undone))
		return history_trouble("machine %u tells of %u orders", n,
		    c->told);
	if (c->told == 0 || c->undone != node->undone)
		return c->told == 0
		    ? NULL
		    : history_trouble("machine %u says that an order is %s", n,
			  c->undone ? "undone" : "not undone");
	if (!c->undone)
		return NULL;
	*order = find_segment(&h->w, &c->order);
	if (*order == SIZE_MAX || oracle_order_counts(o, *order))
		return history_trouble("machine %u calls another order undone",
		    n);
	for (size_t i = 0; i < h->w.pool_count; i++)
		lacking +=
		    world_has(o->in_log, i) && world_only_stub(&h->w, n, i);
	return c->lacking == lacking
	    ? NULL
	    : history_trouble("machine %u lacks %d segments, says %d", n,
		  (int)lacking, (int)c->lacking);
}

static const char *
judge_certificate(struct history *h, unsigned n, const struct oracle *o)
{
	const struct compartment *at = world_compartment(&h->w, n);
	struct certificate c = { .cpt = at != NULL ? at->no : 0 };
	struct shred_counts counts;
	struct fail f = { 0 };
	const char *wrong;
	size_t order;

	world_must(shred_count(world_replica(&h->w, n), &counts, &f), &f,
	    "orders");
	world_must(shred_list(world_replica(&h->w, n), NULL, see, &c, &f), &f,
	    "receipts");
	wrong = judge_told(h, n, o, &c, &order);
	if (wrong == NULL &&
	    (counts.compartments < h->w.node[n].shredded ||
		counts.lacking < c.lacking))
		wrong = history_trouble("machine %u counts orders otherwise "
					"than it lists them",
		    n);
	for (unsigned k = 0; wrong == NULL && c.told > 0 && k < WORLD_NODES;
	     k++) {
		h->counts->receipts += c.signed_it[k];
		if (c.signed_it[k] != signed_by(o, k, order))
			wrong = history_trouble("machine %u: receipt of node "
						"%u",
			    n, k);
	}
	return wrong;
}

/* Whoever knew that the records were given to it says that they are gone. */
static bool
has_to_sign(const struct world *w, unsigned n)
{
	const struct world_node *node = &w->node[n];

	return node->shredded && node->signs && !w->out[node->self];
}

const char *
history_judge_receipts(struct history *h)
{
	const char *wrong = NULL;

	for (unsigned i = 0; wrong == NULL && i < h->node_count; i++) {
		unsigned n = h->nodes[i];
		struct oracle *o;

		if (world_restored(&h->w, n))
			continue;
		o = oracle_new(&h->w, n);
		wrong = judge_certificate(h, n, o);
		if (wrong == NULL && has_to_sign(&h->w, n) &&
		    !signed_by(o, h->w.node[n].self, SIZE_MAX))
			wrong = history_trouble("machine %u obeyed and signed "
						"nothing",
			    n);
		oracle_free(o);
	}
	return wrong;
}
