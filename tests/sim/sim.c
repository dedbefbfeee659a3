/* One seed: its odds, its events, its end; and what it says of itself. */
#include "tests/sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/policy/policy.h"

static const struct sim *playing;

/* ---- dice, trace, history ------------------------------------------------ */

uint64_t
sim_draw(struct sim *s, uint64_t below)
{
	uint64_t z = s->dice += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % below;
}

bool
sim_chance(struct sim *s, unsigned percent)
{
	return sim_draw(s, 100) < percent;
}

int64_t
sim_around(struct sim *s, int64_t mean_ms)
{
	return 1 + mean_ms / 4 +
	    (int64_t)sim_draw(s, (uint64_t)mean_ms * 3 / 2 + 1);
}

void
sim_trace(struct sim *s, const void *p, size_t n)
{
	const uint8_t *b = p;
	uint64_t h = s->trace ^ n;

	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 0x100000001b3;
	s->trace = h ^ (h >> 29);
}

void
sim_say(struct sim *s, const char *format, ...)
{
	char *to = s->line[s->lines++ % SIM_HISTORY];
	int64_t t = s->now_ms - SIM_START_MS;
	int n = snprintf(to, SIM_LINE, "day %3d %02d:%02d:%02d  ",
	    (int)(t / SIM_DAY_MS), (int)(t / SIM_HOUR_MS % 24),
	    (int)(t / SIM_MINUTE_MS % 60), (int)(t / 1000 % 60));
	va_list args;

	va_start(args, format);
	(void)vsnprintf(to + n, SIM_LINE - (size_t)n, format, args);
	va_end(args);
	sim_trace(s, to, strlen(to));
	if (getenv("SIM_ALL") != NULL)
		printf("# %s\n", to);
}

void
sim_fired(struct sim *s, enum sim_class c)
{
	s->fired[c] = true;
	s->counts->fired[c]++;
}

void
sim_count(struct sim *s, enum sim_count c, uint64_t add)
{
	s->counts->n[c] += add;
}

void
sim_wrong(struct sim *s, const char *format, ...)
{
	va_list args;

	if (s->wrong[0] != '\0' || s->dying)
		return;
	va_start(args, format);
	(void)vsnprintf(s->wrong, sizeof(s->wrong), format, args);
	va_end(args);
	sim_say(s, "WRONG: %.120s", s->wrong);
}

const char *
sim_tier_name(enum sim_tier tier)
{
	return tier == SIM_TIER_FULL  ? "full"
	    : tier == SIM_TIER_POLICY ? "policy"
				      : "logic";
}

void
sim_show(const struct sim *s)
{
	uint64_t from = s->lines > SIM_HISTORY ? s->lines - SIM_HISTORY : 0;

	printf("# seed %llu, %u nodes of %u agencies, the last of %llu events:"
	       "\n",
	    (unsigned long long)s->seed, s->places, s->agencies,
	    (unsigned long long)s->events);
	for (uint64_t i = from; i < s->lines; i++)
		printf("#   %s\n", s->line[i % SIM_HISTORY]);
	if (s->wrong[0] != '\0')
		printf("# wrong: %s\n", s->wrong);
	printf("# again: SIM_SEED=%llu SIM_TIER=%s make check-sim\n",
	    (unsigned long long)s->seed, sim_tier_name(s->tier));
	(void)fflush(stdout);
}

void
sim_show_playing(void)
{
	if (playing != NULL)
		sim_show(playing);
}

void
sim_must(struct sim *s, enum err e, const struct fail *f, const char *what)
{
	/* what a disk without power answers is no fault */
	if (e == OK || s->dying)
		return;
	sim_wrong(s, "%s: %s: %s", what, err_name(e), f != NULL ? f->text : "");
	sim_show(s);
	abort();
}

static const struct {
	const char *name, *words;
} class_text[] = {
#define X(name, words) { #name, words },
	SIM_CLASSES(X)
#undef X
};

static const char *const count_text[] = {
#define X(name, words) words,
	SIM_COUNTS(X)
#undef X
};

const char *
sim_class_name(enum sim_class c)
{
	return class_text[c].name;
}

const char *
sim_class_words(enum sim_class c)
{
	return class_text[c].words;
}

const char *
sim_count_words(enum sim_count c)
{
	return count_text[c];
}

/* What the policy tier leaves to the others. Agreements are of days, and who is
 * years off signs and is believed; documents and damage have seeds of their own. */
static bool
is_left_to_others(enum sim_class c)
{
	static const enum sim_class left[] = { SIM_YEARS, SIM_UPGRADE,
		SIM_REBUILD, SIM_CLONE, SIM_MOVED, SIM_REVIVED, SIM_RESCUE,
		SIM_METERED, SIM_COMPACT, SIM_SHARE, SIM_SHARE_FROM_NOW,
		SIM_REMOVE, SIM_GRANT_AGAIN, SIM_REVOKE, SIM_ROTATE, SIM_JOIN,
		SIM_TRANSFER, SIM_ADOPT, SIM_JUDGE, SIM_SHRED };

	for (size_t k = 0; k < COUNT_OF(left); k++)
		if (left[k] == c)
			return true;
	return (c >= SIM_DOCUMENT && c <= SIM_FULL_PARKED) ||
	    (c >= SIM_EVIL_JUNK && c <= SIM_EVIL_FLOOD);
}

bool
sim_class_plays(enum sim_tier tier, enum sim_class c)
{
	bool policy = tier == SIM_TIER_POLICY;

	if (c >= SIM_CONSENT || (policy && is_left_to_others(c)))
		return policy && c >= SIM_CONSENT;
	return tier == SIM_TIER_FULL || c < SIM_CRASH_FENCE ||
	    c > SIM_DISK_LOST;
}

/* ---- one seed ------------------------------------------------------------ */

static unsigned
draw_places(struct sim *s)
{
	static const unsigned sizes[] = { 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 8, 8 };
	/* each its own two or three agencies, their laptops and registrars */
	static const unsigned policy[] = { 3, 4, 4, 5, 5, 5, 6, 7, 8 };
	uint64_t kind = sim_draw(s, 400);

	if (s->policy != NULL)
		return policy[kind % COUNT_OF(policy)];
	if (kind == 0)
		return SIM_PLACES;
	if (kind < 8)
		return 14;
	return sizes[sim_draw(s, COUNT_OF(sizes))];
}

/* Bounds so small that people at work meet them; the same for everybody. */
static void
draw_bounds(struct sim *s)
{
	if (s->may[SIM_FULL_CONTROL] && sim_chance(s, 80))
		s->bounds.control_cost = 160 + sim_draw(s, 340);
	if (s->may[SIM_FULL_DATA] && sim_chance(s, 30))
		s->bounds.compartment_bytes = 200 + sim_draw(s, 4000);
	/* what fits no history is kept for ever: whoever sends much of it fills
	 * his own part, as he would who flips bits after TLS */
	if (s->may[SIM_FULL_PARKED] && !s->may[SIM_FLIP] && sim_chance(s, 30))
		s->bounds.parked = 1 + sim_draw(s, 4);
	if (s->may[SIM_SNAPSHOT])
		s->bounds.snapshot_segments = 2 + sim_draw(s, 8);
	if (s->bounds.control_cost + s->bounds.compartment_bytes +
		s->bounds.parked >
	    0)
		sim_say(s, "bounds: control %u, records %u, parked %u",
		    (unsigned)s->bounds.control_cost,
		    (unsigned)s->bounds.compartment_bytes,
		    (unsigned)s->bounds.parked);
}

/* Of a class by its name, so that a new one changes nothing for the others. */
static uint64_t
draw_for(const struct sim *s, const char *name)
{
	struct sim of = { .dice = s->seed };

	for (; *name != '\0'; name++)
		of.dice = of.dice * 0x100000001b3 + (uint8_t)*name;
	return sim_draw(&of, UINT64_MAX);
}

enum sim_class
sim_choose(struct sim *s, const enum sim_class *all, size_t count,
    enum sim_class otherwise)
{
	enum sim_class of[64];
	size_t n = 0;

	assert(count <= COUNT_OF(of));
	for (size_t i = 0; i < count; i++)
		if (s->may[all[i]])
			of[n++] = all[i];
	return n > 0 ? of[sim_draw(s, n)] : otherwise;
}

/* Whole classes are switched off, and the others are as rare or as common as
 * this seed wants them, so that what seldom meets meets somewhere. */
static void
draw_odds(struct sim *s)
{
	unsigned on = 20 + (unsigned)sim_draw(s, 70);
	int64_t days = 2 + (int64_t)sim_draw(s, sim_chance(s, 70) ? 30 : 120);
	int64_t acts = s->policy != NULL ? 8 + (int64_t)sim_draw(s, 16)
					 : 15 + (int64_t)sim_draw(s, 30);

	for (unsigned i = 0; i < SIM_CLASS_COUNT; i++) {
		uint64_t z = draw_for(s, sim_class_name((enum sim_class)i));

		s->may[i] = z % 100 < on &&
		    (s->policy == NULL ||
			sim_class_plays(s->tier, (enum sim_class)i));
		s->percent[i] = 1 + (unsigned)(z >> 32) % 12;
	}
	s->end_ms = s->now_ms + days * SIM_DAY_MS;
	s->act_every_ms = days * SIM_DAY_MS / acts;
	s->fault_every_ms = days * SIM_DAY_MS / (6 + (int64_t)sim_draw(s, 20));
	s->power_every_ms = days * SIM_DAY_MS / (5 + (int64_t)sim_draw(s, 12));
	draw_bounds(s);
	s->latency_ms = 20 + (int64_t)sim_draw(s, 3000);
	s->patience_ms = 20000 + 10 * s->latency_ms;
}

/* In some worlds some nodes mean harm; hubs do not, or nobody might meet. */
static void
choose_evil(struct sim *s)
{
	bool any = false;

	for (unsigned c = SIM_EVIL_JUNK; c <= SIM_EVIL_FLOOD; c++)
		any = any || s->may[c];
	if (!any || s->places < 3 || sim_chance(s, 55))
		return;
	for (unsigned n = 1; n < s->places; n++)
		if (!s->node[n].hub && sim_chance(s, 25)) {
			s->node[n].evil = true;
			s->any_evil = true;
			sim_say(s, "node %u means harm", n);
		}
}

static void
again(struct sim *s, enum sim_kind kind, unsigned node, int64_t mean_ms)
{
	sim_later(s, sim_around(s, mean_ms),
	    (struct sim_event){ .kind = kind, .node = node });
}

static void
begin_events(struct sim *s)
{
	for (unsigned n = 0; n < s->places; n++)
		again(s, SIM_EVENT_ACT, n, s->act_every_ms);
	for (unsigned i = 0; i < s->edge_count; i++)
		again(s, SIM_EVENT_CALL, i, s->edge[i].every_ms);
	again(s, SIM_EVENT_FAULT, 0, s->fault_every_ms);
	again(s, SIM_EVENT_POWER, 0, s->power_every_ms);
}

static void
play_event(struct sim *s, struct sim_event *e)
{
	switch (e->kind) {
	case SIM_EVENT_ACT:
		if (s->policy != NULL)
			sim_policy_act(s, e->node);
		else if (sim_ready(s, e->node))
			sim_act(s, e->node);
		if (s->node[e->node].evil && sim_chance(s, 40))
			sim_do_evil(s, e->node);
		again(s, e->kind, e->node, s->act_every_ms);
		break;
	case SIM_EVENT_CALL:
		sim_call(s, e->node);
		again(s, e->kind, e->node, s->edge[e->node].every_ms);
		break;
	case SIM_EVENT_REQUEST:
		sim_request(s, e);
		break;
	case SIM_EVENT_ANSWER:
		sim_answer(s, e);
		break;
	case SIM_EVENT_GIVE_UP:
		sim_give_up(s, e);
		break;
	case SIM_EVENT_STICK:
		sim_stick_read(s, e);
		break;
	case SIM_EVENT_FAULT:
		sim_fault(s);
		again(s, e->kind, 0, s->fault_every_ms);
		break;
	case SIM_EVENT_POWER:
		if (s->policy != NULL)
			sim_policy_power(s);
		else
			sim_power(s);
		again(s, e->kind, 0, s->power_every_ms);
		break;
	case SIM_EVENT_COUNT:
		abort();
	}
}

static void
play_events(struct sim *s)
{
	struct sim_event *e;

	while (s->wrong[0] == '\0' && (e = sim_next(s)) != NULL) {
		if (e->at_ms > s->end_ms) {
			sim_event_free(e);
			return;
		}
		s->now_ms = e->at_ms;
		s->events++;
		sim_trace(s, &e->at_ms, sizeof(e->at_ms));
		play_event(s, e);
		sim_event_free(e);
	}
}

static void
add_counts(struct sim *s)
{
	struct sim_counts *c = s->counts;

	c->seeds++;
	c->failed += s->wrong[0] != '\0';
	sim_count(s, SIM_N_EVENTS, s->events);
	sim_count(s, SIM_N_NODES, s->places);
	sim_count(s, SIM_N_NODE_DAYS,
	    s->places * (uint64_t)((s->now_ms - SIM_START_MS) / SIM_DAY_MS));
	for (unsigned i = 0; i < SIM_CLASS_COUNT; i++) {
		c->seeds_with[i] += s->fired[i];
		for (unsigned k = 0; s->fired[i] && k < i; k++)
			c->pair[i][k] += s->fired[k];
	}
}

bool
sim_play(uint64_t seed, enum sim_tier tier, struct sim_counts *counts,
    uint64_t *trace)
{
	struct sim *s = calloc(1, sizeof(*s));
	struct sim_event *e;
	bool good;

	if (s == NULL)
		abort();
	*s = (struct sim){ .seed = seed,
		.dice = seed * 0x2545f4914f6cdd1d + 1,
		.now_ms = SIM_START_MS,
		.tier = tier,
		.full = tier == SIM_TIER_FULL,
		.counts = counts };
	playing = s;
	if (tier == SIM_TIER_POLICY)
		sim_policy_begin(s);
	draw_odds(s);
	sim_found(s, draw_places(s));
	choose_evil(s);
	if (s->policy != NULL)
		sim_policy_people(s);
	else
		sim_people(s);
	begin_events(s);
	play_events(s);
	if (s->wrong[0] == '\0' && s->policy != NULL)
		sim_policy_heal(s);
	else if (s->wrong[0] == '\0')
		sim_heal(s);
	good = s->wrong[0] == '\0';
	if (!good)
		sim_show(s);
	add_counts(s);
	if (trace != NULL)
		*trace = s->trace;
	while ((e = sim_next(s)) != NULL)
		sim_event_free(e);
	sim_policy_end(s);
	sim_stop(s);
	free(s->heap);
	playing = NULL;
	free(s);
	return good;
}

void
sim_end(void)
{
	sim_founded_end();
}
