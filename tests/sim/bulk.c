/*
 * What is large, and what is done about it: documents, links that cost, relays that
 * give up what they need not keep.
 */
#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

#include "sync/compact.h"
#include "sync/grant.h"
#include "sync/lane.h"

/* ---- documents ----------------------------------------------------------- */

/* Every byte follows from the document's seed and its place; it does not
 * compress. */
static enum err
read_content(void *context, uint64_t offset, uint8_t *p, size_t n, size_t *got,
    struct fail *f)
{
	const struct sim_document *d = context;
	uint64_t left = offset < d->a.bytes ? d->a.bytes - offset : 0;

	(void)f;
	*got = n < left ? n : (size_t)left;
	for (size_t i = 0; i < *got; i++) {
		uint64_t z = (d->seed + offset + i) * 0x9e3779b97f4a7c15u;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
		p[i] = (uint8_t)(z >> 56);
	}
	return OK;
}

/* attachment_measure asks how much there is, so the size stands in it before. */
static enum err
add_document(struct sim *s, unsigned n, struct sim_document *d, struct fail *f)
{
	struct replica *r = s->node[n].r;
	struct buf list = { 0 };
	enum err e = attachment_measure(&d->a, &list, read_content, d, f);

	if (e == OK)
		e = replica_begin(r, f);
	if (e == OK) {
		e = attachment_add(r, &d->a, &list, read_content, d, f);
		if (e == OK)
			e = replica_commit(r, f);
		else
			replica_rollback(r);
	}
	buf_release(&list);
	return e;
}

void
sim_document(struct sim *s, unsigned n)
{
	unsigned person = (unsigned)sim_draw(s, SIM_PEOPLE);
	struct sim_document *d = &s->document[s->document_count];
	const struct compartment *c =
	    sim_compartment(s, n, &s->person[person].compartment);
	struct fail f = { 0 };
	enum err e;

	if (s->document_count == SIM_DOCUMENTS || c == NULL || !c->has_subject)
		return;
	*d = (struct sim_document){ .maker = n,
		.person = person,
		.seed = sim_draw(s, UINT32_MAX) };
	d->a.cpt = c->no;
	d->a.bytes = 1 + sim_draw(s, sim_chance(s, 70) ? 3000 : 3 * PART_BYTES);
	for (size_t i = 0; i < ID_BYTES; i++)
		d->a.document.b[i] = (uint8_t)sim_draw(s, 256);
	e = add_document(s, n, d, &f);
	if (e != OK && e != ERR_DENIED)
		sim_wrong(s, "a document at node %u: %s: %s", n, err_name(e),
		    f.text);
	sim_say(s, "node %u adds document %zu of person %u, %llu bytes: %s", n,
	    s->document_count + 1, person, (unsigned long long)d->a.bytes,
	    e == OK ? "saved" : f.text);
	if (e != OK || s->dying)
		return;
	s->document_count++;
	sim_fired(s, SIM_DOCUMENT);
}

/* Somebody wants to read it who has it not yet. */
void
sim_document_ask(struct sim *s, unsigned n)
{
	const struct compartment *c;
	struct attachment_held held;
	struct sim_document *d;
	struct attachment a;
	struct fail f = { 0 };

	if (s->document_count == 0)
		return;
	d = &s->document[sim_draw(s, s->document_count)];
	c = sim_compartment(s, n, &s->person[d->person].compartment);
	if (c == NULL || !c->has_subject)
		return;
	a = d->a;
	a.cpt = c->no;
	sim_must(s, attachment_held(s->node[n].r, &held, &a, &f), &f, "held");
	if (held.whole || s->dying)
		return;
	sim_must(s, attachment_ask(s->node[n].r, &a, &f), &f, "asking");
	sim_fired(s, SIM_DOCUMENT_ASKED);
	sim_say(s, "node %u asks for document %zu", n,
	    (size_t)(d - s->document) + 1);
}

struct comparing {
	struct sim_document *d;
	uint64_t at;
	bool differs;
};

static enum err
compare_content(void *context, const uint8_t *p, size_t n, struct fail *f)
{
	struct comparing *c = context;
	uint8_t want[4096];
	size_t got;

	for (size_t i = 0; i < n; i += got) {
		size_t take = n - i < sizeof(want) ? n - i : sizeof(want);

		if (read_content(c->d, c->at + i, want, take, &got, f) != OK ||
		    got != take || memcmp(want, p + i, take) != 0) {
			c->differs = true;
			return OK;
		}
	}
	c->at += n;
	return OK;
}

bool
sim_document_at(struct sim *s, struct sim_document *d, unsigned n,
    const struct compartment *c)
{
	struct comparing x = { .d = d };
	struct attachment a = d->a;
	struct fail f = { 0 };
	enum err e;

	a.cpt = c->no;
	e = attachment_read(s->node[n].r, &a, compare_content, &x, &f);
	if (e == ERR_WAIT)
		return false;
	if (e != OK || x.differs || x.at != a.bytes)
		sim_wrong(s, "machine %u reads another document %zu: %s", n,
		    (size_t)(d - s->document) + 1, f.text);
	return true;
}

/* ---- links that cost ------------------------------------------------------ */

/* False: there was no contact yet, or it is out. */
static bool
set_bulk(struct sim *s, unsigned n, unsigned peer, enum lane_bulk_rule rule)
{
	struct replica *r = s->node[n].r;
	struct fail f = { 0 };
	enum err e;

	sim_must(s, replica_begin(r, &f), &f, "begin");
	e = lane_bulk_set(r, &s->node[peer].id, rule, &f);
	if (e != OK && e != ERR_NOTFOUND)
		sim_must(s, e, &f, "a metered link");
	sim_must(s, replica_commit(r, &f), &f, "commit");
	return e == OK;
}

void
sim_meter(struct sim *s, unsigned edge)
{
	unsigned from = s->edge[edge].caller, to = s->edge[edge].server;

	if (sim_chance(s, 30)) {
		from = s->edge[edge].server;
		to = s->edge[edge].caller;
	}
	if (!sim_ready(s, from) || !set_bulk(s, from, to, LANE_BULK_ASKED))
		return;
	sim_fired(s, SIM_METERED);
	sim_say(s, "the link of node %u to %u costs", from, to);
}

/* Everybody is on a good line again. */
void
sim_unmeter(struct sim *s)
{
	for (unsigned i = 0; i < s->edge_count && s->fired[SIM_METERED]; i++)
		for (unsigned n = 0; n < SIM_NODES; n++) {
			const struct sim_edge *d = &s->edge[i];
			bool caller, server;

			if (!s->node[n].used || s->node[n].r == NULL ||
			    s->node[n].obeyed)
				continue;
			caller =
			    id_equal(&s->node[n].id, &s->node[d->caller].id);
			server =
			    id_equal(&s->node[n].id, &s->node[d->server].id);
			if (caller || server)
				(void)set_bulk(s, n,
				    caller ? d->server : d->caller,
				    LANE_BULK_ALWAYS);
		}
}

/* ---- relays --------------------------------------------------------------- */

void
sim_compact(struct sim *s, unsigned n)
{
	struct compacting c = { 0 };
	struct fail f = { 0 };
	bool done = false;

	if (s->node[n].r == NULL)
		return;
	sim_tell_time(s, n);
	while (!done && s->wrong[0] == '\0')
		sim_must(s, compact_step(s->node[n].r, &c, &done, &f), &f,
		    "compacting");
	if (c.cut > 0)
		sim_fired(s, SIM_COMPACT);
	sim_say(s, "node %u cuts %lld segments to stubs", n, (long long)c.cut);
	sim_check(s, n);
}
