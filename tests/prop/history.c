/*
 * How: a world of two to six machines, some thirty to fifty steps, each a
 * write, a partial exchange, a restart, an upgrade, a key given late. A few
 * fields are hot, so that writes meet. Clocks are drawn anew for every write
 * from a small range: wrong, and often equal.
 */
#include "tests/prop/history_i.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/grant.h"

static char problem[500];

const char *
history_trouble(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(problem, sizeof(problem), format, args);
	va_end(args);
	return problem;
}

static unsigned
some_node(struct history *h)
{
	return h->nodes[draw(h, h->node_count)];
}

static bool
plays(const struct history *h, unsigned node)
{
	return h->w.node[node].used;
}

/* Machines are put back or copied, so that they begin new lives. */
static bool
has_lives(const struct history *h)
{
	return h->takes || h->shreds;
}

/* ---- travelling ---- */

/* A contact begins with what both know of members and of each other's feed. */
static void
greet(struct history *h, unsigned from, unsigned to, bool whole)
{
	struct world *w = &h->w;

	if (!has_lives(h))
		return;
	if (whole || chance(h, 70))
		world_members(w, from, to);
	world_obey(w, to);
	h->counts->new_lives += world_meet(w, from, to);
	if (chance(h, 70))
		h->counts->new_lives += world_meet(w, to, from);
}

static void
part(struct history *h, unsigned to, bool whole)
{
	struct fail f = { 0 };

	if (has_lives(h) && whole)
		world_must(replica_recovered(world_replica(&h->w, to), &f), &f,
		    "recovered");
}

/* Control first, as lanes have it: then a snapshot can be opened. */
static size_t
control_first(const struct world *w, size_t *order, size_t count)
{
	size_t first = 0;

	for (size_t i = 0; i < count; i++) {
		size_t t = order[i];

		if (w->pool[t]->chain != CHAIN_CONTROL)
			continue;
		memmove(&order[first + 1], &order[first],
		    (i - first) * sizeof(*order));
		order[first++] = t;
	}
	return first;
}

const char *
history_exchange(struct history *h, unsigned from, unsigned to, bool whole)
{
	size_t order[WORLD_SEGMENTS], count = 0, offer = SIZE_MAX;
	struct world *w = &h->w;
	const char *wrong = NULL;

	world_tell("from %u to %u%s", from, to, whole ? ", all" : "");
	if (world_draw(&h->beside, 100) < (w->node[from].shredded ? 25 : 8))
		w->dies_sealing = 1 + (unsigned)world_draw(&h->beside, 4);
	world_seal(w, from);
	w->dies_sealing = 0;
	greet(h, from, to, whole);
	for (size_t i = 0; i < w->pool_count; i++)
		if (history_lacks(h, from, to, i))
			order[count++] = i;
	for (size_t i = count; i > 1 && chance(h, 70); i--) {
		size_t k = draw(h, i), t = order[i - 1];

		order[i - 1] = order[k];
		order[k] = t;
	}
	if (h->snapshots && count > 0 && !w->node[to].shredded && chance(h, 40))
		offer = chance(h, 70) ? control_first(w, order, count)
				      : draw(h, count);
	for (size_t i = 0; i < count && wrong == NULL; i++) {
		const struct world_segment *s = w->pool[order[i]];
		world_set stored, readable;
		enum outcome o;
		bool early = false;

		if (i == offer)
			wrong = history_offer(h, from, to);
		/* the history takes its time */
		if (w->node[to].shown != NULL && !h->settling && chance(h, 30))
			continue;
		if (!whole && chance(h, 25)) {
			h->counts->split++;
			continue;
		}
		for (size_t d = 0; d < s->dep_count; d++)
			early |= !world_has(w->node[to].has, s->deps[d]);
		h->counts->early += early;
		o = history_pass(h, from, to, order[i]);
		world_tell("  segment %zu: %s", order[i], outcome_name(o));
		h->counts->given++;
		h->counts->unknown_author += o == OUTCOME_WAITING &&
		    s->node == WORLD_LATE && !h->w.introduced;
		if (chance(h, 10)) {
			(void)world_pass(w, from, to, order[i]);
			h->counts->duplicates++;
		}
		if (s->chain == CHAIN_CONTROL || chance(h, 80))
			continue;
		world_set_of(w, to, stored, readable);
		h->counts->unreadable_first += world_has(stored, order[i]) &&
		    !world_has(readable, order[i]);
	}
	part(h, to, whole);
	return wrong != NULL ? wrong : history_settle_snapshot(h, to);
}

static const char *
share_or_carry(struct history *h)
{
	struct fail f = { 0 };
	enum err e = OK;

	if (world_restored(&h->w, 0))
		return NULL;
	if (plays(h, WORLD_FIELD) && !h->carried && chance(h, 50)) {
		e = world_carry(&h->w, 0, &f);
		h->carried = true;
	} else if (!h->shared) {
		bool from_now = chance(h, 25);

		h->reads = chance(h, 40);
		h->counts->read_only += h->reads;
		e = world_share(&h->w, 0, h->reads ? GRANT_READ : GRANT_WRITE,
		    from_now, &f);
		h->counts->from_now += from_now;
		h->shared = !from_now;
	}
	/* a revoked laptop, an agency without a key, nothing left to give */
	return e == OK || h->takes || h->w.node[0].shredded
	    ? NULL
	    : history_trouble("granting: %s: %s", err_name(e), f.text);
}

static void
introduce(struct history *h)
{
	if (!h->w.introduced && plays(h, WORLD_LATE))
		for (unsigned i = 0; i < h->node_count; i++)
			world_introduce(&h->w, h->nodes[i]);
	h->w.introduced = true;
	for (unsigned i = 0; i < h->node_count; i++)
		world_obey(&h->w, h->nodes[i]);
}

/* ---- one history ---- */

static const char *
judge(struct history *h, unsigned n)
{
	struct fail f = { .code = OK };
	const char *wrong;
	int64_t checked;

	world_tell("machine %u is judged", n);
	if (world_restored(&h->w, n))
		return NULL;
	/* what was taken away here since the last contact may have ended it */
	wrong = history_settle_snapshot(h, n);
	if (wrong == NULL && h->ordered > 0)
		wrong = history_judge_content(h, n);
	if (wrong == NULL && h->w.node[n].undone)
		wrong = history_judge_undone(h, n);
	if (wrong == NULL)
		wrong = h->w.node[n].shredded ? history_judge_shredded(h, n)
		    : h->w.node[n].shown != NULL
		    ? history_judge_shown(h, n)
		    : judge_node(&h->w, n, &h->counts->judged);
	if (wrong == NULL)
		wrong = history_judge_routes(h, n);

	/* what "verify --deep" says as well, now and then: it is dear */
	if (wrong == NULL && h->w.pool_count % 4 == 0 &&
	    log_verify(world_replica(&h->w, n), true, &checked, &f) != OK) {
		static char said[sizeof(f.text)];

		memcpy(said, f.text, sizeof(said));
		wrong = said;
	}
	return wrong != NULL ? history_trouble("node %u: %s", n, wrong) : NULL;
}

static const char *
step(struct history *h)
{
	unsigned n = some_node(h), other = some_node(h);
	unsigned kind = (unsigned)draw(h, 100);
	const char *wrong = NULL;
	struct fail f = { 0 };

	if (h->shared && world_draw(&h->beside, 100) < (h->rights ? 12 : 2))
		wrong = history_change_right(h);
	if (wrong != NULL)
		return wrong;
	if (world_restored(&h->w, n)) {
		return n != other ? history_exchange(h, other, n, kind < 60)
				  : NULL;
	}
	if (h->takes && chance(h, 12))
		return history_take(h, n);
	if (h->shreds && h->written >= h->shreds_from && chance(h, 12))
		return history_shred(h, n);
	if (kind < 7)
		return history_answer(h, n);
	if (kind < 52)
		return history_change(h, n);
	if (kind < 62)
		return history_insert(h, n);
	if (kind < 86)
		return n != other ? history_exchange(h, n, other, kind < 65)
				  : NULL;
	if (kind < 89) {
		world_restart(&h->w, n, h->w.node[n].schemas);
		h->counts->restarts++;
	} else if (kind < 91) {
		h->counts->upgrades += h->w.node[n].schemas == 1;
		if (h->w.node[n].schemas == 1)
			h->w.node[n].shown = NULL;
		world_restart(&h->w, n, WORLD_SCHEMAS);
	} else if (kind < 94) {
		return share_or_carry(h);
	} else if (kind < 95) {
		introduce(h);
	} else if (kind < 97) {
		return history_settle(h, n);
	} else if (kind < 99) {
		return judge(h, n);
	} else {
		world_must(replica_rebuild(h->w.node[n].replica, &f), &f,
		    "rebuild");
		h->w.node[n].shown = NULL;
		h->counts->rebuilds++;
	}
	return NULL;
}

static const char *
begin(struct history *h, bool on_disk)
{
	static const unsigned fields = 31;
	unsigned set = 1, want = 2 + (unsigned)draw(h, 5);
	struct fail f = { 0 };
	struct row_id made, staff;
	struct write_request q = { .insert = true };
	struct compartment *c;
	const char *wrong = NULL;
	int64_t draft;

	h->nodes[h->node_count++] = 0;
	while (h->node_count < want) {
		unsigned n = (unsigned)draw(h, WORLD_NODES);

		if ((set >> n & 1) != 0)
			continue;
		set |= 1u << n;
		h->nodes[h->node_count++] = n;
	}
	for (size_t i = 0; i < HOT; i++)
		h->hot[i] = 1 + (unsigned)draw(h, fields + 4);
	world_start(&h->w, set, chance(h, 70) ? 1 : 2, h->seed, on_disk);
	for (unsigned i = 0; i < h->node_count; i++)
		if (world_draw(&h->beside, 100) < 30)
			history_know_peers(h, h->nodes[i]);
	h->w.introduced = !plays(h, WORLD_LATE);
	for (size_t i = 0; i < ID_BYTES; i++)
		h->w.subject.b[i] = (uint8_t)draw(h, 256);
	q.table = replica_registry(h->w.node[0].replica)->by_number[1];
	q.row = &h->w.subject;
	staff = world_note(&h->w, 0);
	q.staff = &staff;
	world_must(write_row(h->w.node[0].replica, &made, &draft, &q, &f), &f,
	    "the first row");
	world_must(compartment_find(h->w.node[0].replica, &c, world_agency(0),
		       &h->w.subject, WORLD_CATEGORY, &f),
	    &f, "the compartment");
	h->w.compartment = c->id;
	h->rows[0].table = 1;
	h->rows[0].id = h->w.subject;
	h->row_count = 1;
	/* often the other agency is there from the first day on */
	if (chance(h, 40))
		(void)share_or_carry(h);
	for (unsigned i = 1; i < h->node_count && wrong == NULL; i++)
		if (chance(h, h->snapshots ? 45 : 80))
			wrong = history_exchange(h, 0, h->nodes[i], true);
	return wrong;
}

static bool
same_bits(const world_set a, const world_set b)
{
	return memcmp(a, b, sizeof(world_set)) == 0;
}

/* Nodes that hold the same and may read the same have the same digest. */
static const char *
compare_digests(struct history *h)
{
	world_set stored[WORLD_MACHINES], readable[WORLD_MACHINES];
	uint8_t digest[WORLD_MACHINES][32], head[WORLD_MACHINES][32];
	struct fail f = { 0 };

	for (unsigned i = 0; i < h->node_count; i++) {
		unsigned n = h->nodes[i];
		struct compartment *c = world_compartment(&h->w, n);

		world_set_of(&h->w, n, stored[i], readable[i]);
		members_head(replica_members(h->w.node[n].replica), head[i]);
		if (c == NULL)
			continue;
		world_must(digest_compartment(h->w.node[n].replica, digest[i],
			       c->no, &f),
		    &f, "digest");
		for (unsigned k = 0; k < i; k++) {
			if (memcmp(head[i], head[k], sizeof(head[i])) != 0 ||
			    !same_bits(stored[i], stored[k]) ||
			    !same_bits(readable[i], readable[k]) ||
			    h->w.node[n].schemas !=
				h->w.node[h->nodes[k]].schemas ||
			    world_compartment(&h->w, h->nodes[k]) == NULL)
				continue;
			h->counts->digests++;
			if (memcmp(digest[i], digest[k], 32) != 0 &&
			    !history_set_apart(h, n, h->nodes[k]))
				return history_trouble("digests of nodes %u "
						       "and %u",
				    n, h->nodes[k]);
		}
	}
	return NULL;
}

static const char *
judge_all(struct history *h)
{
	const char *wrong = NULL;

	for (unsigned i = 0; i < h->node_count && wrong == NULL; i++)
		wrong = judge(h, h->nodes[i]);
	return wrong;
}

/* The content of what is a stub at some passes by who destroyed it: whoever has it
 * has to be met. */
static const char *
meet(struct history *h)
{
	const char *wrong = NULL;

	for (unsigned i = 0; i < h->node_count && wrong == NULL; i++)
		for (unsigned k = 0; k < h->node_count && wrong == NULL; k++) {
			unsigned from = h->nodes[i], to = h->nodes[k];
			bool lacks = false;

			for (size_t s = 0; s < h->w.pool_count; s++)
				lacks |= history_lacks(h, from, to, s);
			if (lacks && from != to)
				wrong = history_exchange(h, from, to, true);
		}
	return wrong;
}

#define REST 20 /* rounds, and far more than any history needs */

/* Round the ring until everybody has everything. */
static const char *
settle(struct history *h)
{
	const char *wrong = NULL;
	unsigned rounds = 0;
	uint64_t lives;
	size_t pool;

	h->settling = true;
	do {
		if (++rounds > REST)
			return history_trouble("after %d rounds there is still"
					       " something new",
			    REST);
		lives = h->counts->new_lives;
		pool = h->w.pool_count;
		for (unsigned i = 0; i < 2 * h->node_count && wrong == NULL;
		     i++)
			wrong = history_exchange(h, h->nodes[i % h->node_count],
			    h->nodes[(i + 1) % h->node_count], true);
		if (wrong == NULL && h->ordered > 0)
			wrong = meet(h);
	} while (wrong == NULL && has_lives(h) &&
	    (lives != h->counts->new_lives || pool != h->w.pool_count));
	return wrong;
}

static void
grant_at_the_end(struct history *h)
{
	struct fail f = { 0 };
	enum err e = OK;

	if (world_restored(&h->w, 0))
		return;
	/* what was proposed stays proposed */
	if (!h->shared || (h->reads && chance(h, 30)))
		e = world_share(&h->w, 0, GRANT_WRITE, false, &f);
	if (e == OK && plays(h, WORLD_FIELD) && !h->carried)
		e = world_carry(&h->w, 0, &f);
	if (!h->takes && !h->w.node[0].shredded)
		world_must(e, &f, "granting at the end");
}

static const char *
settle_taken(struct history *h)
{
	const char *wrong = NULL;

	for (unsigned k = 0; k < 2; k++) {
		for (unsigned i = 0; i < h->node_count && wrong == NULL; i++)
			wrong = history_maintain(h, h->nodes[i]);
		if (wrong == NULL && k == 0 && chance(h, 50))
			wrong = history_adopt(h);
		if (wrong == NULL)
			wrong = settle(h);
	}
	return wrong;
}

static const char *
finish(struct history *h)
{
	const char *wrong;

	introduce(h);
	if (chance(h, 80))
		grant_at_the_end(h);
	for (unsigned i = 0; i < h->node_count; i++)
		if (chance(h, 70)) {
			if (h->w.node[h->nodes[i]].schemas < WORLD_SCHEMAS)
				h->w.node[h->nodes[i]].shown = NULL;
			world_restart(&h->w, h->nodes[i], WORLD_SCHEMAS);
		}
	wrong = judge_all(h);
	if (wrong == NULL && h->shreds)
		wrong = history_order_at_last(h);
	if (wrong == NULL)
		wrong = settle(h);
	if (wrong == NULL && h->shreds)
		wrong = history_put_back(h);
	if (wrong == NULL && h->shreds)
		wrong = settle(h);
	if (wrong == NULL && h->takes)
		wrong = settle_taken(h);
	if (wrong == NULL)
		wrong = judge_all(h);
	if (wrong == NULL)
		wrong = history_judge_taken(h);
	if (wrong == NULL)
		wrong = history_judge_receipts(h);
	if (wrong == NULL)
		wrong = history_judge_back(h);
	if (wrong == NULL)
		wrong = history_judge_snapshots(h);
	return wrong != NULL ? wrong : compare_digests(h);
}

/* Every history takes away and destroys: for soaks of just that. */
static bool
is_wanted(const char *setting)
{
	const char *text = getenv(setting);

	return text != NULL && strcmp(text, "1") == 0;
}

/* What a setting does not turn off. */
static bool
is_on(const char *setting)
{
	const char *text = getenv(setting);

	return text == NULL || strcmp(text, "0") != 0;
}

const char *
history_play(uint64_t seed, bool on_disk, struct history_counts *counts)
{
	static struct history h;
	const uint64_t shown = counts->snapshots;
	const char *wrong = NULL;
	uint64_t steps;

	h = (struct history){ .seed = seed, .beside = ~seed, .counts = counts };
	h.takes = chance(&h, 50) && is_on("TEST_TAKE");
	h.copies = chance(&h, 60) && is_on("TEST_COPIES");
	h.shreds = chance(&h, 25) || is_wanted("TEST_SHRED");
	h.takes = h.takes || is_wanted("TEST_SHRED");
	h.shreds_from = 10 + (unsigned)draw(&h, OPERATIONS - 10);
	h.snapshots = chance(&h, 20);
	h.rights = world_draw(&h.beside, 100) < 25;
	wrong = begin(&h, on_disk);
	steps = 45 + draw(&h, 30);
	for (uint64_t i = 0;
	     (i < steps || (h.written < OPERATIONS && h.ordered == 0)) &&
	     i < 4 * steps && wrong == NULL;
	     i++) {
		/* the founder always has something to write to */
		wrong = i < steps || world_restored(&h.w, 0)
		    ? step(&h)
		    : history_change(&h, 0);
		if (wrong == NULL && h.w.wrong[0] != '\0')
			wrong = history_trouble("%s", h.w.wrong);
	}
	if (wrong == NULL)
		wrong = finish(&h);
	if (wrong == NULL && h.w.wrong[0] != '\0')
		wrong = history_trouble("%s", h.w.wrong);
	if (wrong != NULL && getenv("TEST_HISTORY") != NULL)
		world_dump(&h.w);
	counts->histories++;
	counts->taking += h.takes;
	history_count_forks(&h);
	counts->deaths += h.w.deaths;
	counts->shredding += h.ordered > 0;
	counts->taking_and_shredding += h.takes && h.ordered > 0;
	counts->taking_and_showing += h.takes && counts->snapshots > shown;
	counts->short_ones += h.written < OPERATIONS && h.ordered == 0;
	counts->on_disk += on_disk;
	counts->concurrent += judge_met_concurrency(&h.w);
	history_forget_snapshots(&h);
	world_stop(&h.w);
	return wrong;
}
