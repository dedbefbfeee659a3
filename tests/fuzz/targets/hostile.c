/*
 * Members with real keys, copies of them among them, say whatever they like in
 * one person's compartment. North takes it in one order, South in the other.
 *
 * Whatever was said: South's tables are what the log says (verify --deep), a
 * rebuild changes nothing, what was received adds up, and North shows the same,
 * though one may have destroyed for a while what the other did not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/read.h"
#include "tests/fuzz/hostile.h"

const size_t fuzz_bytes_max = (size_t)512 << 20;

/* What is told with FUZZ_TELL set, to understand an input. */
static void
tell(enum pair_who to, const struct hostile_made *m, enum outcome o)
{
	struct segment s;

	if (getenv("FUZZ_TELL") == NULL ||
	    segment_parse(&s, m->bytes.p, m->bytes.n, NULL) != OK)
		return;
	printf("# to %s: %s of node %d, seq %llu, position %llu, %zu deps,"
	       " %zu bytes%s: %s\n",
	    to == PAIR_NORTH ? "North" : "South",
	    segment_kind_name(s.header.kind), (int)m->by,
	    (unsigned long long)s.header.seq,
	    (unsigned long long)s.header.position, s.header.dep_count,
	    s.header.body_bytes, s.stub ? ", stub" : "", outcome_name(o));
	(void)fflush(stdout);
}

static void
give(struct world *w, enum pair_who to, const struct hostile_made *m)
{
	tell(to, m, pair_give(&w->p, to, m->bytes.p, m->bytes.n, PAIR_HUB));
}

/* Where an order was obeyed before the judgement came that voids it, or a cut of
 * who gave it, what it destroyed is asked for: a sweep would bring it, here it
 * comes from the hub, and what was said once more from whoever said it. */
static void
bring_back(struct world *w, enum pair_who to, const struct hostile *h)
{
	if (pair_number(&w->p, to,
		"SELECT count(*) FROM _shred"
		" WHERE undone_ms <> 0") == 0)
		return;
	pair_ship_all(&w->p, PAIR_HUB, to);
	for (size_t i = 0; i < h->count; i++)
		give(w, to, &h->made[i]);
}

static void
digest(struct world *w, enum pair_who who, uint8_t out[static 32])
{
	struct compartment *c;

	memset(out, 0, 32);
	if (compartment_by_id(w->p.r[who], &c, &w->compartment, NULL) != OK ||
	    digest_compartment(w->p.r[who], out, c->no, NULL) != OK)
		abort();
}

void
fuzz_one(const uint8_t *p, size_t n)
{
	static struct hostile h;
	struct fuzz_in in = { .p = p, .n = n };
	struct world *w = world_get();
	uint8_t north[32], south[32];

	world_reset(w, PAIR_NORTH);
	world_reset(w, PAIR_SOUTH);
	h = (struct hostile){ .w = w };
	while (in.n > 0 && h.count < HOSTILE_MAX)
		(void)hostile_segment(&h, &in);
	for (size_t i = 0; i < h.count; i++)
		give(w, PAIR_NORTH, &h.made[i]);
	for (size_t i = h.count; i > 0; i--)
		give(w, PAIR_SOUTH, &h.made[i - 1]);
	bring_back(w, PAIR_NORTH, &h);
	bring_back(w, PAIR_SOUTH, &h);
	if (h.count > 0) {
		pair_check(&w->p, PAIR_SOUTH);
		digest(w, PAIR_NORTH, north);
		digest(w, PAIR_SOUTH, south);
		assert(memcmp(north, south, sizeof(north)) == 0);
	}
	hostile_release(&h);
}

/* One segment of each kind by each node, all the rest as the input is short. */
void
fuzz_seeds(void)
{
	for (unsigned by = 0; by < PAIR_NODES; by++) {
		for (unsigned kind = 0; kind <= SEGMENT_KIND_MAX; kind++) {
			uint8_t bytes[64] = { 0, (uint8_t)by, (uint8_t)kind, 1,
				0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
				1, 1 };

			fuzz_seed(bytes, sizeof(bytes));
		}
	}
}
