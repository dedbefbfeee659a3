/*
 * A thread for each peer that is asked to hold a request. It calls nobody: when
 * the peer has news, the planner is told and calls as ever.
 */
#include "node/schedule_i.h"

#include <stdlib.h>
#include <string.h>

/* News within this time of asking, again and again, is news that a contact
 * does not take away. */
#define QUICK_MS 1000
#define QUICK_MAX 3

struct watch {
	struct schedule *s;
	struct schedule_entry *entry;
	struct node_id node;
	char address[LANE_ADDRESS_BYTES + 1];
	int64_t every_s;
};

/* Nobody wants it any more. Lock held. */
static bool
is_over(const struct watch *w)
{
	return w->s->engine->stopping || w->entry->failures > 0 ||
	    strcmp(w->entry->address, w->address) != 0;
}

static bool
is_over_unlocked(void *context)
{
	const struct watch *w = context;
	bool over;

	engine_lock(w->s->engine);
	over = is_over(w);
	engine_unlock(w->s->engine);
	return over;
}

/* Until the call that news led to has ended, and pause_ms have passed. Lock
 * held; false: the watch is over. */
static bool
pause_watch(const struct watch *w, int64_t pause_ms)
{
	struct engine *e = w->s->engine;
	int64_t until = schedule_now_ms(w->s) + pause_ms;

	while (!is_over(w)) {
		int64_t left = until - schedule_now_ms(w->s);

		if (left <= 0 && !w->entry->is_asked && !w->entry->is_calling)
			return true;
		(void)engine_wait(e, e->stirs, left > 0 ? left : 1000);
	}
	return false;
}

/* One request after the other. Lock not held. */
static enum err
ask(struct watch *w, struct net_watch *n)
{
	struct engine *e = w->s->engine;
	unsigned quick = 0;
	bool news, go_on = true;
	enum err r = OK;

	while (go_on) {
		int64_t asked, pause = 0;

		asked = env_mono_ms(env_posix());
		r = net_watch_wait(n, &news, NULL);
		if (r != OK)
			return r;
		engine_lock(e);
		quick =
		    env_mono_ms(env_posix()) - asked < QUICK_MS ? quick + 1 : 0;
		if (quick > QUICK_MAX)
			pause = schedule_due(w->every_s, 0, quick - QUICK_MAX,
			    schedule_roll(w->s));
		w->entry->watch_failures = 0;
		w->entry->is_asked = w->entry->is_asked || news;
		if (news)
			schedule_again(w->s);
		go_on = pause_watch(w, pause);
		engine_unlock(e);
	}
	return OK;
}

static void *
run(void *context)
{
	struct watch *w = context;
	struct schedule *s = w->s;
	struct engine *e = s->engine;
	struct net_watch *n = NULL;
	enum err r = net_watch_open(&n, e, &w->node, w->address,
	    is_over_unlocked, w, NULL);

	if (r == OK)
		r = ask(w, n);
	net_watch_close(n);
	engine_lock(e);
	w->entry->cannot_hold = r == ERR_NOTFOUND;
	if (r != OK && !is_over(w))
		w->entry->watch_failures++;
	w->entry->watch_ms = schedule_now_ms(s) +
	    schedule_due(w->every_s, 0, w->entry->watch_failures + 1,
		schedule_roll(s));
	w->entry->is_watched = false;
	s->watches--;
	schedule_again(s);
	engine_unlock(e);
	free(w);
	return NULL;
}

static bool
is_wanted(const struct schedule *s, const struct schedule_entry *e,
    const struct contact *c)
{
	if (e->is_watched || e->cannot_hold || e->failures > 0 ||
	    s->hold == SCHEDULE_HOLD_NONE || s->watches == SCHEDULE_WATCHES ||
	    e->watch_ms > schedule_now_ms(s))
		return false;
	return s->hold == SCHEDULE_HOLD_ALL || (e->is_near && c->budget <= 0);
}

void
schedule_watch(struct schedule *s, struct schedule_entry *entry,
    const struct contact *c)
{
	struct watch *w;

	if (!is_wanted(s, entry, c))
		return;
	w = malloc(sizeof(*w));
	if (w == NULL)
		return;
	*w = (struct watch){ .s = s,
		.entry = entry,
		.node = c->node,
		.every_s = c->every_s };
	memcpy(w->address, c->address, sizeof(w->address));
	entry->is_watched = true;
	s->watches++;
	if (schedule_thread(run, w))
		return;
	entry->is_watched = false;
	entry->watch_ms = schedule_now_ms(s) + c->every_s * 1000;
	s->watches--;
	free(w);
}
