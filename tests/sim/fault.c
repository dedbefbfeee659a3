/* What goes wrong with links, machines, clocks and disks. */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <string.h>

/* ---- links --------------------------------------------------------------- */

static void
kill_link(struct sim *s, unsigned edge, int direction, int64_t for_ms)
{
	struct sim_edge *d = &s->edge[edge];

	d->dead[direction] = true;
	d->until[direction] = s->now_ms + for_ms;
}

/* Up to 90 days, mostly some hours or days. */
static int64_t
draw_outage(struct sim *s)
{
	if (sim_chance(s, 10))
		return SIM_DAY_MS * (30 + (int64_t)sim_draw(s, 60));
	return sim_around(s, sim_chance(s, 50) ? SIM_DAY_MS : 9 * SIM_DAY_MS);
}

static void
part_two(struct sim *s)
{
	unsigned edge = (unsigned)sim_draw(s, s->edge_count);
	int64_t for_ms = draw_outage(s);

	kill_link(s, edge, 0, for_ms);
	kill_link(s, edge, 1, for_ms);
	sim_fired(s, SIM_PARTITION);
	sim_say(s, "nodes %u and %u apart for %d h", s->edge[edge].caller,
	    s->edge[edge].server, (int)(for_ms / SIM_HOUR_MS));
}

static void
part_one_way(struct sim *s)
{
	unsigned edge = (unsigned)sim_draw(s, s->edge_count);
	int direction = (int)sim_draw(s, 2);
	int64_t for_ms = draw_outage(s);

	kill_link(s, edge, direction, for_ms);
	sim_fired(s, SIM_ONE_WAY);
	sim_say(s, "node %u does not hear %u for %d h",
	    direction == 0 ? s->edge[edge].server : s->edge[edge].caller,
	    direction == 0 ? s->edge[edge].caller : s->edge[edge].server,
	    (int)(for_ms / SIM_HOUR_MS));
}

/* Some links die one after the other and come back in another order. */
static void
swizzle(struct sim *s)
{
	unsigned count = 0;

	for (unsigned i = 0; i < s->edge_count; i++) {
		if (!sim_chance(s, 50))
			continue;
		kill_link(s, i, 0, draw_outage(s));
		kill_link(s, i, 1, draw_outage(s));
		count++;
	}
	sim_fired(s, SIM_SWIZZLE);
	sim_say(s, "%u of %u links clogged", count, s->edge_count);
}

void
sim_mend(struct sim *s, bool all)
{
	for (unsigned i = 0; i < s->edge_count; i++)
		for (int k = 0; k < 2; k++)
			if (all || s->edge[i].until[k] <= s->now_ms)
				s->edge[i].dead[k] = false;
}

/* ---- machines ------------------------------------------------------------ */

/* A machine that runs; a hub only where it may be; rather one with an image. */
static unsigned
some_machine(struct sim *s, bool hub, bool kept)
{
	for (unsigned i = 0; i < 300; i++) {
		unsigned n = (unsigned)sim_draw(s, SIM_NODES);

		if (s->node[n].used && s->node[n].r != NULL &&
		    s->node[n].joined && (hub || !s->node[n].hub) &&
		    (!kept || i > 200 || s->node[n].kept != NULL))
			return n;
	}
	return UINT32_MAX;
}

static void
away(struct sim *s, unsigned n)
{
	int64_t for_ms = SIM_DAY_MS * (30 + (int64_t)sim_draw(s, 60));

	s->node[n].asleep_until = s->now_ms + for_ms;
	sim_hang_up(s, n);
	sim_fired(s, SIM_LONG_AWAY);
	sim_say(s, "node %u is switched off for %d days", n,
	    (int)(for_ms / SIM_DAY_MS));
}

static void
jump(struct sim *s, unsigned n, bool years)
{
	int64_t by = years ? SIM_DAY_MS * 365 * (1 + (int64_t)sim_draw(s, 60))
			   : SIM_HOUR_MS * (1 + (int64_t)sim_draw(s, 50));

	if (sim_chance(s, 50))
		by = -by;
	s->node[n].skew_ms = sim_chance(s, 20) ? 0 : by;
	sim_fired(s, years ? SIM_YEARS : SIM_JUMP);
	sim_say(s, "the clock of node %u is wrong by %d h", n,
	    (int)(s->node[n].skew_ms / SIM_HOUR_MS));
}

static void
drop(struct sim *s, unsigned n)
{
	sim_crash(s, n);
	sim_notes_safe(s, n);
	sim_fired(s, SIM_CRASH);
	sim_say(s, "node %u is dropped and started", n);
}

/* The fence cannot be written after the next commit of sealed work, and the
 * program is dropped there. */
static void
drop_at_fence(struct sim *s, unsigned n)
{
	struct sim_node *m = &s->node[n];
	int64_t sealed = 0, kept;
	struct fail f = { 0 };
	enum err e;

	/* in memory there is none */
	if (!sim_ready(s, n) || !s->full)
		return;
	for (unsigned i = 0; i < 3; i++)
		sim_act(s, n);
	sim_tell_time(s, n);
	m->env->writes_until_failure = 0;
	e = log_seal(m->r, &sealed, &kept, &f);
	m->env->writes_until_failure = -1;
	sim_say(s, "node %u is dropped before its fence is written: %s", n,
	    err_name(e));
	if (e != OK)
		sim_fired(s, SIM_CRASH_FENCE);
	sim_crash(s, n);
}

/* Whom it calls; itself when nobody. */
static unsigned
some_server(struct sim *s, unsigned n)
{
	for (unsigned i = 0; i < s->edge_count; i++)
		if (id_equal(&s->node[s->edge[i].caller].id, &s->node[n].id) &&
		    s->node[s->edge[i].server].r != NULL && sim_chance(s, 60))
			return s->edge[i].server;
	return n;
}

/* The power goes off at some write of a save, of sealing or of a contact. */
static void
cut_power(struct sim *s, unsigned n)
{
	struct sim_node *m = &s->node[n];
	enum disk_damage damage = (enum disk_damage)sim_draw(s, DISK_DAMAGES);
	unsigned server = some_server(s, n);
	int64_t sealed = 0, kept;
	bool moved, dirty;

	if (!s->full || m->obeyed)
		return;
	sim_hang_up(s, n);
	sim_tell_time(s, n);
	disk_power_off(m->env->disk, sim_draw(s, sim_chance(s, 50) ? 12 : 60));
	s->dying = true;
	if (sim_ready(s, n))
		sim_act(s, n);
	if (sim_chance(s, 60) && server != n)
		(void)sim_contact_now(s, n, server, &moved);
	else
		(void)log_seal(m->r, &sealed, &kept, NULL);
	dirty = disk_is_dirty(m->env->disk);
	disk_power_off(m->env->disk, 0);
	sim_say(s, "machine %u loses power, what was not synced is %s", n,
	    disk_damage_name(damage));
	sim_power_back(s, n, damage);
	sim_notes_safe(s, n);
	sim_fired(s, SIM_POWER_CUT);
	if (dirty && damage != DISK_KEPT)
		sim_fired(s, SIM_DISK_LOST);
}

static void
restart(struct sim *s, unsigned n, bool upgrade)
{
	struct sim_node *m = &s->node[n];

	if (upgrade && m->schemas == SIM_SCHEMAS)
		return;
	sim_restart(s, n, upgrade ? SIM_SCHEMAS : m->schemas);
	sim_fired(s, upgrade ? SIM_UPGRADE : SIM_RESTART);
	sim_say(s, "node %u is %s", n, upgrade ? "upgraded" : "restarted");
}

static void
rebuild(struct sim *s, unsigned n)
{
	struct fail f = { 0 };

	if (!sim_ready(s, n))
		return;
	sim_tell_time(s, n);
	sim_must(s, replica_rebuild(s->node[n].r, &f), &f, "rebuild");
	sim_fired(s, SIM_REBUILD);
	sim_say(s, "node %u makes its tables again", n);
}

/* ---- disks --------------------------------------------------------------- */

/* Keep an image: as a backup does, or of a machine as it is. */
static void
keep(struct sim *s, unsigned n, bool backup)
{
	struct sim_node *m = &s->node[n];
	int64_t sealed, kept;
	struct fail f = { 0 };

	if (!sim_ready(s, n))
		return;
	sim_tell_time(s, n);
	if (backup)
		sim_must(s, log_seal(m->r, &sealed, &kept, &f), &f, "sealing");
	env_test_free(m->kept);
	m->kept = sim_image(s, m->env);
	m->kept_schemas = m->schemas;
	sim_say(s, "the disk of node %u is kept", n);
}

/* Now and then somebody makes a backup, or an image that is none. */
static void
keep_some(struct sim *s)
{
	unsigned n;

	if (!s->may[SIM_BACKUP] && !s->may[SIM_ROLLED_BACK] &&
	    !s->may[SIM_PUT_BACK] && !s->may[SIM_REVIVED])
		return;
	n = some_machine(s, false, false);
	if (n != UINT32_MAX && (s->node[n].kept == NULL || sim_chance(s, 30)))
		keep(s, n, sim_chance(s, 60));
}

static void
copy_fence(struct env_test *to, struct env_test *from, const char *dir)
{
	static const char *const names[] = { "fence.a", "fence.b" };

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char path[64];
		const struct disk_bytes *b;

		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		b = disk_file(from->disk, path);
		if (b != NULL)
			disk_put(to->disk, path, b->p, b->n);
	}
}

static void
put_back(struct sim *s, unsigned n, enum sim_class how)
{
	struct sim_node *m = &s->node[n];
	struct env_test *old;
	struct fail f = { 0 };

	if (m->kept == NULL || m->obeyed)
		return;
	old = sim_image(s, m->kept);
	sim_notes_lose(s, n, old);
	if (how == SIM_ROLLED_BACK)
		copy_fence(old, m->env, m->dir);
	sim_close(s, n);
	env_test_free(m->env);
	m->env = old;
	m->put_back = true;
	m->schemas = m->kept_schemas;
	sim_open(s, n);
	/* in memory there is no fence that would say so */
	if (how == SIM_BACKUP || (how == SIM_ROLLED_BACK && !s->full))
		sim_must(s,
		    replica_new_life(m->r,
			how == SIM_BACKUP ? LIFE_BACKUP : LIFE_ROLLED_BACK, &f),
		    &f, "a new life");
	sim_check_anew(s, n);
	sim_fired(s, how);
	sim_say(s, "the old disk of node %u is put back (%s)", n,
	    sim_class_words(how));
}

static void
copy(struct sim *s, unsigned n, enum sim_class how)
{
	bool moved = how == SIM_MOVED;
	unsigned to = SIM_PLACES + SIM_SPARE;
	struct fail f = { 0 };
	struct sim_node *m;

	while (to < SIM_NODES && s->node[to].used)
		to++;
	if (to == SIM_NODES || s->node[n].obeyed ||
	    (how == SIM_REVIVED && s->node[n].kept == NULL))
		return;
	m = &s->node[to];
	*m = s->node[n];
	m->kept = NULL;
	m->r = NULL;
	m->asleep_until = 0;
	m->env =
	    sim_image(s, how == SIM_REVIVED ? s->node[n].kept : s->node[n].env);
	if (how == SIM_REVIVED)
		m->schemas = s->node[n].kept_schemas;
	sim_check_anew(s, to);
	if (moved) /* the same program on another machine */
		m->env->binding[0] ^= (uint8_t)(1 + to);
	sim_open(s, to);
	if (moved && !s->full)
		sim_must(s, replica_new_life(m->r, LIFE_MOVED, &f), &f,
		    "a new life");
	sim_later(s, sim_around(s, s->act_every_ms),
	    (struct sim_event){ .kind = SIM_EVENT_ACT, .node = to });
	sim_fired(s, how);
	sim_say(s, "machine %u is a copy of node %u: %s", to, n,
	    sim_class_words(how));
}

/* Whoever finds itself out is asked for its work before long. */
static void
rescue_some(struct sim *s)
{
	for (unsigned n = 0; n < SIM_NODES && s->may[SIM_RESCUE]; n++)
		if (s->node[n].used && s->node[n].obeyed &&
		    s->node[n].r != NULL && sim_chance(s, 50))
			sim_stick_write(s, n);
}

/* ---- one of them --------------------------------------------------------- */

static void
at_machine(struct sim *s, enum sim_class c, unsigned n)
{
	switch (c) {
	case SIM_LONG_AWAY:
		away(s, n);
		break;
	case SIM_RESTART:
	case SIM_UPGRADE:
		restart(s, n, c == SIM_UPGRADE);
		break;
	case SIM_CRASH:
		drop(s, n);
		break;
	case SIM_CRASH_FENCE:
		drop_at_fence(s, n);
		break;
	case SIM_POWER_CUT:
		cut_power(s, n);
		break;
	case SIM_JUMP:
	case SIM_YEARS:
		jump(s, n, c == SIM_YEARS);
		break;
	case SIM_REBUILD:
		rebuild(s, n);
		break;
	case SIM_BACKUP:
	case SIM_ROLLED_BACK:
	case SIM_PUT_BACK:
		put_back(s, n, c);
		break;
	case SIM_CLONE:
	case SIM_MOVED:
	case SIM_REVIVED:
		copy(s, n, c);
		break;
	case SIM_STICK:
		sim_stick_write(s, n);
		break;
	default:
		break;
	}
}

void
sim_fault(struct sim *s)
{
	static const enum sim_class all[] = { SIM_PARTITION, SIM_ONE_WAY,
		SIM_SWIZZLE, SIM_LONG_AWAY, SIM_RESTART, SIM_CRASH,
		SIM_CRASH_FENCE, SIM_POWER_CUT, SIM_POWER_CUT, SIM_JUMP,
		SIM_YEARS, SIM_UPGRADE, SIM_REBUILD, SIM_BACKUP,
		SIM_ROLLED_BACK, SIM_PUT_BACK, SIM_CLONE, SIM_MOVED,
		SIM_REVIVED, SIM_STICK, SIM_STICK, SIM_METERED, SIM_COMPACT,
		SIM_COMPACT };
	enum sim_class c = sim_choose(s, all, COUNT_OF(all), SIM_CLASS_COUNT);
	bool disk;
	unsigned n;

	disk = c == SIM_BACKUP || c == SIM_ROLLED_BACK || c == SIM_PUT_BACK ||
	    c == SIM_CLONE || c == SIM_MOVED || c == SIM_REVIVED;
	n = some_machine(s, !disk, disk && sim_chance(s, 80));
	sim_mend(s, false);
	keep_some(s);
	rescue_some(s);
	if (c == SIM_CLASS_COUNT)
		return;
	if (c == SIM_PARTITION) {
		part_two(s);
	} else if (c == SIM_ONE_WAY) {
		part_one_way(s);
	} else if (c == SIM_SWIZZLE) {
		swizzle(s);
	} else if (c == SIM_METERED) {
		sim_meter(s, (unsigned)sim_draw(s, s->edge_count));
	} else if (c == SIM_COMPACT) {
		for (unsigned i = 0; i < s->places; i++)
			if (s->node[i].hub)
				sim_compact(s, i);
	} else if (n != UINT32_MAX) {
		at_machine(s, c, n);
		sim_check(s, n);
	}
}
