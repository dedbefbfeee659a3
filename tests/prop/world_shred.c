/*
 * Orders to destroy, as the world sees them: who has only the stub of what, and
 * who must have obeyed. A rule of its own: once an order that counts is in a
 * machine's log, its state of the person is empty. Where it turns out later to
 * count no more (who gave it is cut off, say), what comes back is not followed:
 * only that it is obeyed no more (history_judge_ordered).
 */
#include "tests/prop/oracle.h"

#include <stdlib.h>

/* Control that holds no key stays whole. */
static bool
stays_whole(const struct world_segment *s)
{
	return s->kind >= SEGMENT_SHRED && s->kind <= SEGMENT_TRANSFER;
}

bool
world_only_stub(const struct world *w, unsigned n, size_t i)
{
	return !stays_whole(w->pool[i]) &&
	    (w->node[n].shredded || world_has(w->node[n].stub, i));
}

bool
world_heard(const struct world *w, unsigned n, size_t i)
{
	return stays_whole(w->pool[i]) || !world_has(w->node[n].stub, i);
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
	if (!world_has(w->node[to].has, i))
		world_put(w->node[to].stub, i);
	o = world_give_bytes(w, to, i, stub.p, stub.n);
	buf_release(&stub);
	return o;
}

static void
obeyed(struct world *w, unsigned n, const struct oracle *o)
{
	w->node[n].signs = oracle_names(o, w->node[n].self);
	w->node[n].shredded = true;
	for (size_t i = 0; i < w->op_count; i++)
		if (w->maker[i] == n && !w->sealed[i])
			w->saved[i] = false;
}

void
world_obeyed(struct world *w, unsigned n)
{
	struct oracle *o = oracle_new(w, n);

	obeyed(w, n, o);
	oracle_free(o);
}

void
world_obey(struct world *w, unsigned n)
{
	struct oracle *o;
	bool any = false;

	for (size_t i = 0; i < w->pool_count && !any; i++)
		any = w->pool[i]->kind == SEGMENT_SHRED &&
		    world_has(w->node[n].has, i);
	if (!any || w->node[n].shredded)
		return;
	o = oracle_new(w, n);
	if (oracle_ordered(o))
		obeyed(w, n, o);
	oracle_free(o);
}
