/* Bundles: a courier carries a file, who may lose it, be late, have it read
 * twice, or bring it back damaged. */
#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

#include "sync/bundle.h"
#include "sync/rescue.h"

struct parts {
	struct buf part[SIM_STICKS];
	unsigned count;
};

static enum err
next_part(void *context, unsigned part, struct fail *f)
{
	struct parts *p = context;

	if (part > SIM_STICKS)
		return fail_set(f, ERR_LIMIT, "part %u", part);
	p->count = part;
	return OK;
}

static enum err
write_part(void *context, const uint8_t *p, size_t n, struct fail *f)
{
	struct parts *to = context;

	(void)f;
	buf_put(&to->part[to->count - 1], p, n);
	return to->part[to->count - 1].err;
}

static enum err
read_part(void *context, uint64_t offset, uint8_t *p, size_t n, size_t *got,
    struct fail *f)
{
	const struct buf *b = context;
	size_t left = offset < b->n ? b->n - (size_t)offset : 0;

	(void)f;
	*got = n < left ? n : left;
	if (*got != 0)
		memcpy(p, b->p + offset, *got);
	return OK;
}

static bool
hits(struct sim *s, enum sim_class c)
{
	if (!s->may[c] || !sim_chance(s, 30))
		return false;
	sim_fired(s, c);
	return true;
}

static void
travel(struct sim *s, unsigned from, unsigned to, const struct buf *part)
{
	unsigned copies = hits(s, SIM_STICK_TWICE) ? 2 : 1;

	if (hits(s, SIM_STICK_LOST))
		return;
	for (unsigned i = 0; i < copies; i++) {
		int64_t way = sim_around(s, SIM_HOUR_MS * 5);
		struct sim_event e = { .kind = SIM_EVENT_STICK,
			.node = to,
			.other = from };

		buf_put(&e.bytes, part->p, part->n);
		if (hits(s, SIM_STICK_LATE))
			way += sim_around(s, 20 * SIM_DAY_MS);
		if (e.bytes.n > 0 && hits(s, SIM_STICK_TORN)) {
			if (sim_chance(s, 50))
				e.bytes.n = sim_draw(s, e.bytes.n);
			else
				e.bytes.p[sim_draw(s, e.bytes.n)] ^= 4;
		}
		sim_later(s, way, e);
	}
}

/* A computer that is out leaves its own work on a stick, for an office. */
static void
write_rescue(struct sim *s, unsigned from)
{
	struct parts parts = { .count = 0 };
	struct bundle_writer w = { .context = &parts,
		.part = next_part,
		.write = write_part };
	unsigned to = (unsigned)sim_draw(s, s->places);
	int64_t segments = 0;
	struct fail f = { 0 };
	enum err e;

	/* rather to its own office */
	for (unsigned i = 0; i < 60; i++) {
		if (!s->node[to].field && !s->node[to].hub && to != from &&
		    sim_ready(s, to) &&
		    (i > 45 || s->node[to].agency == s->node[from].agency))
			break;
		to = (unsigned)sim_draw(s, s->places);
	}
	sim_tell_time(s, from);
	e = rescue_write(s->node[from].r, &segments, &w, &f);
	sim_say(s, "machine %u is out and writes a stick: %lld segments, %.60s",
	    from, (long long)segments, f.text);
	if (e != OK && e != ERR_INPUT)
		sim_wrong(s, "rescue at machine %u: %s: %s", from, err_name(e),
		    f.text);
	if (e == OK) {
		sim_fired(s, SIM_RESCUE);
		travel(s, from, to, &parts.part[0]);
	}
	buf_release(&parts.part[0]);
}

/* The office reads it, and takes up what it finds. */
static void
read_rescue(struct sim *s, struct sim_event *e)
{
	int64_t outcome[OUTCOME_COUNT] = { 0 };
	struct bundle_reader from = { .context = &e->bytes, .read = read_part };
	struct fail f = { 0 };
	enum err r = rescue_read(s->node[e->node].r, outcome, &from, &f);

	sim_say(s, "machine %u reads the stick of %u: %s", e->node, e->other,
	    r == OK ? "whole" : f.text);
	if (r != OK && r != ERR_FORMAT && r != ERR_INPUT)
		sim_wrong(s, "machine %u reads a stick: %s: %s", e->node,
		    err_name(r), f.text);
	if (s->may[SIM_ADOPT] && sim_ready(s, e->node) &&
	    !s->node[e->node].field)
		sim_adopt(s, e->node, e->other);
}

void
sim_stick_write(struct sim *s, unsigned from)
{
	struct parts parts = { .count = 0 };
	struct bundle_writer w = { .context = &parts,
		.part = next_part,
		.write = write_part };
	unsigned to[2], count = 0, made = 0;
	struct node_id id[2];
	struct fail f = { 0 };
	bool split = sim_chance(s, 30);
	enum err e;

	if (s->node[from].obeyed)
		write_rescue(s, from);
	if (!sim_ready(s, from))
		return;
	for (unsigned i = 0; i < 10 && count < 2; i++) {
		unsigned n = (unsigned)sim_draw(s, SIM_NODES);

		if (!s->node[n].used || !s->node[n].joined ||
		    id_equal(&s->node[n].id, &s->node[from].id) ||
		    (count == 1 && id_equal(&id[0], &s->node[n].id)))
			continue;
		id[count] = s->node[n].id;
		to[count++] = n;
	}
	if (count == 0)
		return;
	sim_tell_time(s, from);
	e = bundle_export(s->node[from].r, &made, id, count,
	    split ? BUNDLE_SPLIT_MIN_BYTES : 0, &w, NULL, &f);
	sim_say(s, "machine %u writes a bundle for %u nodes: %s", from, count,
	    e == OK ? "done" : f.text);
	if (e == OK)
		sim_fired(s, SIM_STICK);
	else if (e != ERR_DENIED && e != ERR_LIMIT && e != ERR_REVOKED &&
	    !(split && e == ERR_INPUT)) /* a part of a document is longer */
		sim_wrong(s, "a bundle of machine %u: %s: %s", from,
		    err_name(e), f.text);
	for (unsigned i = 0; e == OK && i < parts.count; i++)
		for (unsigned k = 0; k < count; k++)
			travel(s, from, to[k], &parts.part[i]);
	for (unsigned i = 0; i < SIM_STICKS; i++)
		buf_release(&parts.part[i]);
}

void
sim_stick_read(struct sim *s, struct sim_event *e)
{
	struct sim_node *m = &s->node[e->node];
	struct bundle_reader from = { .context = &e->bytes, .read = read_part };
	struct exchange_stats stats = { 0 };
	struct fail f = { 0 };
	enum err r;

	if (!m->used || !m->joined || m->r == NULL ||
	    m->asleep_until > s->now_ms)
		return;
	sim_tell_time(s, e->node);
	if (rescue_is(e->bytes.p, e->bytes.n)) {
		read_rescue(s, e);
		sim_check(s, e->node);
		return;
	}
	r = bundle_import(m->r, NULL, &stats, &from, &f);
	sim_count(s, SIM_N_RECEIVED, (uint64_t)stats.received);
	sim_say(s, "machine %u reads a bundle of %u: %lld in, %s", e->node,
	    e->other, (long long)stats.received, r == OK ? "whole" : f.text);
	switch (r) {
	case OK:
	case ERR_FORMAT:
	case ERR_AUTH:
	case ERR_DENIED:
	case ERR_REVOKED:
	case ERR_FENCE:
	case ERR_BUSY:
	case ERR_VERSION:
	case ERR_LIMIT:
	case ERR_INPUT:
	case ERR_STALE: /* older than a new beginning */
		break;
	default:
		sim_wrong(s, "machine %u reads a bundle: %s: %s", e->node,
		    err_name(r), f.text);
	}
	sim_check(s, e->node);
}
