/*
 * One thread plans; each call has its own. Everything here belongs to the
 * engine's lock: the planner sleeps on its condition, threads that end stir it.
 */
#include "node/schedule_i.h"

#include <stdlib.h>
#include <string.h>

#include "node/account/head.h"
#include "node/after.h"
#include "node/chores.h"
#include "node/out.h"

#define FIRST_RETRY_S 5
#define LOOK_EVERY_MS 60000
/* address space; only what is touched becomes memory */
#define STACK_BYTES ((size_t)512 * 1024)

/* ---- when ---- */

int64_t
schedule_due(int64_t every_s, int64_t since_ms, unsigned failures,
    uint32_t roll)
{
	int64_t wait_ms = every_s * 1000;

	if (since_ms < 0)
		return 0;
	if (failures > 0) {
		int64_t back = FIRST_RETRY_S, most = every_s;

		if (most > SCHEDULE_BACK_OFF_S)
			most = SCHEDULE_BACK_OFF_S;
		for (unsigned i = 1; i < failures && back < most; i++)
			back *= 2;
		if (back > most)
			back = most;
		/* full jitter, but at least a second */
		wait_ms = 1000 + (int64_t)(roll % (uint64_t)(back * 1000));
	} else {
		wait_ms += (int64_t)(roll % (uint64_t)(wait_ms / 10 + 1)) -
		    wait_ms / 20;
	}
	return wait_ms > since_ms ? wait_ms - since_ms : 0;
}

unsigned
schedule_failures(unsigned before, bool ok, bool moved)
{
	if (ok)
		return 0;
	return moved ? 1 : before + 1;
}

int64_t
schedule_news_due(int64_t first_ms, int64_t last_ms, bool is_metered)
{
	int64_t settled =
	    last_ms + (is_metered ? SCHEDULE_METERED_MS : SCHEDULE_SETTLE_MS);
	int64_t latest = first_ms +
	    (is_metered ? SCHEDULE_METERED_MAX_MS : SCHEDULE_SETTLE_MAX_MS);

	return settled < latest ? settled : latest;
}

uint32_t
schedule_roll(const struct schedule *s)
{
	uint32_t v;

	env_random(replica_env(s->engine->replica), &v, sizeof(v));
	return v;
}

int64_t
schedule_now_ms(const struct schedule *s)
{
	return env_mono_ms(replica_env(s->engine->replica));
}

void
schedule_again(struct schedule *s)
{
	s->round_ms = 0;
	engine_stir(s->engine);
}

bool
schedule_thread(void *(*run)(void *), void *context)
{
	pthread_attr_t attr;
	pthread_t thread;
	bool ok;

	if (pthread_attr_init(&attr) != 0)
		return false;
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	(void)pthread_attr_setstacksize(&attr, STACK_BYTES);
	ok = pthread_create(&thread, &attr, run, context) == 0;
	(void)pthread_attr_destroy(&attr);
	return ok;
}

/* ---- calling ---- */

struct call {
	struct schedule *s;
	struct schedule_entry *entry;
	struct contact contact;
};

/* After a call; one that has no interval is called when somebody says so. */
static int64_t
next_call(const struct schedule *s, int64_t every_s, unsigned failures)
{
	return every_s <= 0 ? INT64_MAX
			    : schedule_now_ms(s) +
		schedule_due(every_s, 0, failures, schedule_roll(s));
}

/* Lock held. */
static void
call_ended(struct call *k, enum err e, bool moved)
{
	struct schedule_entry *entry = k->entry;

	entry->failures = schedule_failures(entry->failures, e == OK, moved);
	entry->next_ms = next_call(k->s, k->contact.every_s, entry->failures);
	entry->is_calling = false;
	entry->was_ours = true;
	k->s->calls--;
	schedule_again(k->s);
}

static void *
call_run(void *context)
{
	struct call *k = context;
	struct net_result result = { 0 };
	struct engine *engine = k->s->engine;
	enum err e = contact_call(engine, &result, &k->contact, NULL);

	engine_lock(engine);
	if (result.round_trips > 0)
		k->entry->is_near = result.near;
	/* beyond the hello; a refusal is no progress */
	call_ended(k, e, e == ERR_NET && result.round_trips > 1);
	engine_unlock(engine);
	free(k);
	return NULL;
}

static void
call(struct schedule *s, struct schedule_entry *entry, const struct contact *c)
{
	struct call *k = malloc(sizeof(*k));

	if (k == NULL) {
		entry->next_ms = schedule_now_ms(s) + FIRST_RETRY_S * 1000;
		return;
	}
	*k = (struct call){ s, entry, *c };
	entry->is_calling = true;
	entry->is_asked = false;
	entry->first_ms = entry->last_ms = 0;
	s->calls++;
	if (!schedule_thread(call_run, k)) {
		call_ended(k, ERR_NOMEM, false);
		free(k);
	}
}

/* ---- planning ---- */

static struct schedule_entry *
entry_of(struct schedule *s, const struct contact *c)
{
	struct schedule_entry *unused = NULL;

	for (size_t i = 0; i < s->count; i++) {
		struct schedule_entry *e = &s->entries[i];

		if (id_equal(&e->node, &c->node))
			return e;
		if (e->address[0] == '\0' && !e->is_calling && !e->is_watched)
			unused = e;
	}
	if (s->count < SCHEDULE_PEERS)
		unused = &s->entries[s->count++];
	if (unused == NULL)
		return NULL;
	*unused = (struct schedule_entry){ .node = c->node };
	/* at once: the machine was just started, or the peer is new */
	unused->next_ms = schedule_now_ms(s);
	return unused;
}

/* A person said "sync" meanwhile: what came of it is what counts now. */
static void
note_others(struct schedule *s, struct schedule_entry *e,
    const struct contact *c)
{
	if (c->last_try_ms == e->tried_ms)
		return;
	if (!e->was_ours && e->failures > 0) {
		e->failures = c->failed;
		e->next_ms = next_call(s, c->every_s, e->failures);
	}
	e->tried_ms = c->last_try_ms;
	e->was_ours = false;
}

static bool
is_wanted_now(struct schedule *s, const struct contact *c)
{
	const struct engine_link *l = engine_link(s->engine, &c->node);

	return l != NULL && l->is_wanted;
}

/* When this peer is due, from what is known. */
static int64_t
entry_due(struct schedule *s, struct schedule_entry *e, const struct contact *c)
{
	int64_t now = schedule_now_ms(s), news;

	if (is_wanted_now(s, c))
		return now;
	/* who has no interval is called when somebody says so */
	if (c->every_s <= 0)
		return INT64_MAX;
	/* a shorter interval was set meanwhile */
	if (e->next_ms - now > c->every_s * 1100 + 1000)
		e->next_ms = now + c->every_s * 1000;
	/* waits its back-off; or it has never been called */
	if (e->failures > 0 || e->next_ms <= now)
		return e->next_ms;
	if (e->is_asked)
		return now;
	if (e->first_ms == 0)
		return e->next_ms;
	news = schedule_news_due(e->first_ms, e->last_ms, c->budget > 0);
	if (news > now)
		return news < e->next_ms ? news : e->next_ms;
	if (c->queued > 0 || c->unsealed)
		return now;
	/* it was for others */
	e->first_ms = e->last_ms = 0;
	return e->next_ms;
}

/* For the page: when it is called by itself. */
static void
tell_next(struct schedule *s, const struct contact *c, int64_t due)
{
	struct engine_link *l = engine_link(s->engine, &c->node);
	int64_t left = due - schedule_now_ms(s);

	if (l != NULL)
		l->next_ms = due == INT64_MAX
		    ? 0
		    : env_wall_ms(replica_env(s->engine->replica)) +
			(left > 0 ? left : 0);
}

/* One peer; the time at which to look at it again. */
static int64_t
plan(struct schedule *s, const struct contact *c)
{
	struct schedule_entry *e = entry_of(s, c);
	int64_t now = schedule_now_ms(s), due;

	if (e == NULL)
		return now + LOOK_EVERY_MS;
	e->listed = true;
	memcpy(e->address, c->address, sizeof(e->address));
	if (e->is_calling)
		return now + LOOK_EVERY_MS;
	note_others(s, e, c);
	due = entry_due(s, e, c);
	tell_next(s, c, due);
	if (due > now) {
		if (c->every_s > 0)
			schedule_watch(s, e, c);
		return e->watch_ms > now && e->watch_ms < due ? e->watch_ms
							      : due;
	}
	/* with no thread free, whoever ends has us look again */
	if (s->calls < SCHEDULE_CALLS)
		call(s, e, c);
	return now + LOOK_EVERY_MS;
}

/* Looks at all peers and calls who is due. Lock held, given up in between. */
static void
plan_all(struct schedule *s)
{
	int64_t soonest = schedule_now_ms(s) + LOOK_EVERY_MS;
	struct contact c;
	unsigned turn;
	bool rekeyed, said = false;

	/* without it the next round tries again */
	(void)head_daily(&said, s->engine->replica, NULL);
	if (said)
		engine_changed(s->engine);
	(void)after_contact(s->engine->replica, NULL);
	(void)chores_round(s->engine, NULL);
	/* an order to destroy came; busy with a backup: the next round */
	if (replica_restored(s->engine->replica, NULL) == LIFE_NONE &&
	    out_shred(s->engine->replica, &rekeyed, NULL) == OK && rekeyed)
		engine_stir(s->engine); /* it took the backups: another one */
	/* whatever has us look again from here on is not lost */
	s->round_ms = INT64_MAX;
	for (size_t i = 0; i < s->count; i++)
		s->entries[i].listed = false;
	for (size_t at = 0; !s->engine->stopping; at++) {
		int64_t next;

		if (contact_read(s->engine, &c, at, NULL) != OK)
			break;
		if (c.address[0] == '\0' ||
		    (c.every_s <= 0 && !is_wanted_now(s, &c)))
			continue;
		next = plan(s, &c);
		if (next < soonest)
			soonest = next;
		turn = engine_let_go(s->engine);
		engine_take_back(s->engine, turn);
	}
	for (size_t i = 0; i < s->count; i++) {
		/* removed: its watch ends */
		if (!s->entries[i].listed)
			s->entries[i].address[0] = '\0';
	}
	if (soonest < s->round_ms)
		s->round_ms = soonest;
}

/* Something was written: every peer may want it. Or one was called. */
static void
note_news(struct schedule *s)
{
	int64_t now = schedule_now_ms(s);

	if (s->tries != s->engine->tries || s->wants != s->engine->wants) {
		s->tries = s->engine->tries;
		s->wants = s->engine->wants;
		s->round_ms = 0;
	}
	if (s->generation == s->engine->generation)
		return;
	s->generation = s->engine->generation;
	for (size_t i = 0; i < s->count; i++) {
		struct schedule_entry *e = &s->entries[i];

		e->last_ms = now;
		if (e->first_ms == 0)
			e->first_ms = now;
	}
	/* also when there is no peer yet: this may have been one */
	if (s->round_ms > now + SCHEDULE_SETTLE_MS)
		s->round_ms = now + SCHEDULE_SETTLE_MS;
}

static void *
loop(void *context)
{
	struct schedule *s = context;
	struct engine *e = s->engine;
	uint64_t stirs;
	int64_t left;

	engine_lock(e);
	stirs = e->stirs;
	s->generation = e->generation;
	s->tries = e->tries;
	s->wants = e->wants;
	while (!e->stopping) {
		note_news(s);
		left = s->round_ms - schedule_now_ms(s);
		if (left > 0)
			stirs = engine_wait(e, stirs, left);
		else
			plan_all(s);
	}
	engine_unlock(e);
	return NULL;
}

/* ---- start and stop ---- */

enum err
schedule_start(struct schedule **out, struct engine *e, enum schedule_hold hold,
    struct fail *f)
{
	struct schedule *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return fail_set(f, ERR_NOMEM, "the schedule");
	s->engine = e;
	s->hold = hold;
	if (pthread_create(&s->thread, NULL, loop, s) != 0) {
		free(s);
		return fail_set(f, ERR_NOMEM, "the schedule's thread");
	}
	*out = s;
	return OK;
}

void
schedule_stop(struct schedule *s)
{
	if (s == NULL)
		return;
	(void)pthread_join(s->thread, NULL);
	engine_lock(s->engine);
	while (s->calls + s->watches > 0)
		(void)pthread_cond_wait(&s->engine->news, &s->engine->lock);
	engine_unlock(s->engine);
	free(s);
}
