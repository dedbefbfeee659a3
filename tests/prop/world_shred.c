/*
 * Orders to destroy, as the world sees them: who must obey, who has the content of
 * what, and who knows what control had said. A rule of its own:
 *
 * As long as an order counts in a machine's log its state of the person is empty,
 * and of all that comes, or came, only stubs are held. What a grant or removal said
 * stays known once it had its place in the log; a removal that waits for what it
 * builds on waits whole. Once no order counts any more, what is given whole is
 * held whole again, and what nobody gives stays a stub.
 */
#include "tests/prop/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Control that holds no key stays whole. */
static bool
stays_whole(const struct world_segment *s)
{
	return s->kind >= SEGMENT_SHRED && s->kind <= SEGMENT_TRANSFER;
}

bool
world_only_stub(const struct world *w, unsigned n, size_t i)
{
	return !stays_whole(w->pool[i]) && !world_has(w->node[n].whole, i);
}

bool
world_heard(const struct world *w, unsigned n, size_t i)
{
	return !world_only_stub(w, n, i) || world_has(w->node[n].heard, i);
}

enum outcome
world_pass(struct world *w, unsigned from, unsigned to, size_t i)
{
	struct buf stub = { .limit = LIMIT_SEGMENT_BYTES };
	struct segment view;
	struct fail f = { 0 };
	enum outcome o;

	if (!world_only_stub(w, from, i))
		return world_give(w, to, i);
	world_must(segment_parse(&view, w->pool[i]->bytes.p,
		       w->pool[i]->bytes.n, &f),
	    &f, "a segment of the pool");
	segment_stub(&stub, &view);
	o = world_give_bytes(w, to, i, stub.p, stub.n);
	buf_release(&stub);
	return o;
}

/* What a machine has placed, and what that says to it. */
static void
hear(struct world_node *node, const struct oracle *o)
{
	for (size_t k = 0; k < COUNT_OF(node->heard); k++)
		node->heard[k] |= node->whole[k] & o->in_log[k];
}

/* coming: what is about to be placed, which is heard first; NULL: nothing. */
static void
destroy(struct world *w, struct world_node *node, const struct oracle *o,
    const uint64_t *coming)
{
	for (size_t i = 0; i < w->pool_count; i++) {
		const bool waits = !world_has(o->in_log, i);

		if (waits &&
		    (w->pool[i]->kind == SEGMENT_REMOVE ||
			(coming != NULL && world_has(coming, i))))
			continue;
		world_drop(node->whole, i);
	}
}

static void
begin(struct world *w, unsigned n, const struct oracle *o)
{
	w->node[n].signs = oracle_names(o, w->node[n].self);
	w->node[n].shredded = true;
	w->node[n].undone = false;
	for (size_t i = 0; i < w->op_count; i++)
		if (w->maker[i] == n && !w->sealed[i])
			w->saved[i] = false;
}

/* open: one of its own is not sealed yet; coming: see destroy. */
static void
judge_placed(struct world *w, unsigned n, bool open, const uint64_t *coming)
{
	struct world_node *node = &w->node[n];
	struct oracle *o = oracle_of(w, n, node->placed);
	bool counts =
	    oracle_ordered(o) || (open && !oracle_cuts_off(o, node->self));

	hear(node, o);
	if (counts && !node->shredded)
		begin(w, n, o);
	if (!counts && node->shredded) {
		world_tell("machine %u has obeyed no order", n);
		node->shredded = false;
		node->undone = true;
	}
	if (counts)
		destroy(w, node, o, coming);
	oracle_free(o);
}

/* What a segment sets free is placed after it, control first, one by one: an order
 * may be obeyed for just that long. */
static void
judge_again(struct world *w, unsigned n, bool open)
{
	struct world_node *node = &w->node[n];
	struct oracle *o = oracle_new(w, n);

	/* where all is destroyed already, of what waits only stubs are left: what is
	 * to be placed now and is whole came just now */
	judge_placed(w, n, open, node->shredded ? o->in_log : NULL);
	for (int control = 1; control >= 0; control--)
		for (size_t i = 0; i < w->pool_count; i++) {
			if (!world_has(o->in_log, i) ||
			    world_has(node->placed, i) ||
			    (w->pool[i]->chain == CHAIN_CONTROL) != control)
				continue;
			world_put(node->placed, i);
			judge_placed(w, n, open, NULL);
		}
	oracle_free(o);
}

/* From now on it is known what is placed when. */
static void
follow(struct world *w, unsigned n)
{
	struct world_node *node = &w->node[n];
	struct oracle *o;

	if (node->follows)
		return;
	o = oracle_new(w, n);
	memcpy(node->placed, o->in_log, sizeof(node->placed));
	hear(node, o);
	oracle_free(o);
	node->follows = true;
}

void
world_obeyed(struct world *w, unsigned n)
{
	follow(w, n);
	judge_again(w, n, true);
}

/* An own one is not sealed yet, and this node was not taken out, as far as it
 * knows. */
static bool
has_open_order(struct world *w, unsigned n)
{
	const struct member_revocation *v =
	    members_revocation(replica_members(w->node[n].replica),
		&replica_identity(w->node[n].replica)->node);
	const struct compartment *c = world_compartment(w, n);
	bool row = true, found = false;
	struct fail f = { 0 };
	struct stmt *s;

	if (c == NULL || v != NULL || w->node[n].self >= WORLD_FIELD)
		return false;
	world_must(db_stmt(&s, replica_db(w->node[n].replica),
		       "SELECT bytes FROM _segment WHERE cpt = ?1 AND state <="
		       " 2 AND kind = ?2",
		       &f),
	    &f, "open orders");
	stmt_int(s, 1, c->no);
	stmt_int(s, 2, SEGMENT_SHRED);
	while (row) {
		struct shred_body body;
		const uint8_t *p;
		size_t size;

		world_must(stmt_step(s, &row, &f), &f, "open orders");
		if (!row)
			break;
		p = stmt_col_blob(s, 0, &size);
		found = found ||
		    (shred_body_parse(&body, p, size) == OK && !body.done);
	}
	return found;
}

void
world_follow(struct world *w, unsigned n)
{
	bool any = false;

	for (size_t i = 0; i < w->pool_count && !any; i++)
		any = w->pool[i]->kind == SEGMENT_SHRED;
	if (any)
		follow(w, n);
}

void
world_obey(struct world *w, unsigned n)
{
	if (w->node[n].follows)
		judge_again(w, n, w->node[n].shredded && has_open_order(w, n));
}

/* ---- receipts ---- */

/* Of the compartment: keys, rows, content. */
static int64_t
left_here(struct world *w, unsigned n)
{
	static const char *const of[] = {
		"_key WHERE cpt = ?1",
		/* a stub begins with 1 */
		("_segment WHERE cpt = ?1 AND chain = 1 AND state > 2"
		 " AND substr(bytes, 1, 1) <> x'01'"),
	};
	const struct registry *g = replica_registry(w->node[n].replica);
	const struct compartment *c = world_compartment(w, n);
	int64_t left = 0;
	char sql[200];

	for (size_t i = 0; i < COUNT_OF(of) + g->table_count; i++) {
		struct fail f = { 0 };
		struct stmt *s;
		bool row;

		(void)snprintf(sql, sizeof(sql),
		    i < COUNT_OF(of)
			? "SELECT count(*) FROM %s"
			: "SELECT count(*) FROM %s WHERE _cpt = ?1",
		    i < COUNT_OF(of) ? of[i]
				     : g->tables[i - COUNT_OF(of)].name);
		world_must(db_stmt(&s, replica_db(w->node[n].replica), sql, &f),
		    &f, sql);
		stmt_int(s, 1, c->no);
		world_must(stmt_step(s, &row, &f), &f, sql);
		left += stmt_col_int(s, 0);
		stmt_reset(s);
	}
	return left;
}

static bool
is_receipt(const struct world_segment *s, struct shred_body *body)
{
	struct segment view;

	return s->kind == SEGMENT_SHRED &&
	    segment_parse(&view, s->bytes.p, s->bytes.n, NULL) == OK &&
	    shred_body_parse(body, view.body, view.header.body_bytes) == OK &&
	    body->done;
}

static void
check_receipt(struct world *w, unsigned n, const struct segment_id *of)
{
	struct oracle *o;
	size_t order = 0;

	while (order < w->pool_count && !id_equal(&w->pool[order]->id, of))
		order++;
	if (order == w->pool_count || !world_has(w->node[n].has, order)) {
		(void)snprintf(w->wrong, sizeof(w->wrong),
		    "machine %u signed for an order that it has not", n);
		return;
	}
	o = oracle_new(w, n);
	if (oracle_order_counts(o, order) && left_here(w, n) > 0)
		(void)snprintf(w->wrong, sizeof(w->wrong),
		    "machine %u signed that it destroyed what it still has", n);
	oracle_free(o);
}

void
world_check_receipts(struct world *w, unsigned n, size_t first)
{
	for (size_t i = first; i < w->pool_count; i++) {
		struct shred_body body;

		if (is_receipt(w->pool[i], &body))
			check_receipt(w, n, &body.order);
	}
}
