/* One thread; peers are called one after the other. */
#include "node/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "node/contact.h"

#define PEERS_MAX 256
#define FIRST_RETRY_S 5
#define LOOK_EVERY_MS 60000

struct entry {
	struct node_id node;
	int64_t next_ms; /* monotonic */
	unsigned failures;
};

struct schedule {
	pthread_t thread;
	struct engine *engine;
	struct entry entries[PEERS_MAX];
	size_t count;
};

int64_t
schedule_due(int64_t every_s, int64_t since_ms, unsigned failures,
    uint32_t roll)
{
	int64_t wait_ms = every_s * 1000;

	if (since_ms < 0)
		return 0;
	if (failures > 0) {
		int64_t back = FIRST_RETRY_S;

		for (unsigned i = 1; i < failures && back < every_s; i++)
			back *= 2;
		if (back > every_s)
			back = every_s;
		/* full jitter, but at least a second */
		wait_ms = 1000 + (int64_t)(roll % (uint64_t)(back * 1000));
	} else {
		wait_ms += (int64_t)(roll % (uint64_t)(wait_ms / 10 + 1)) -
		    wait_ms / 20;
	}
	return wait_ms > since_ms ? wait_ms - since_ms : 0;
}

static uint32_t
roll(const struct schedule *s)
{
	uint32_t v;

	env_random(replica_env(s->engine->replica), &v, sizeof(v));
	return v;
}

static int64_t
now_ms(const struct schedule *s)
{
	return env_mono_ms(replica_env(s->engine->replica));
}

static struct entry *
entry_of(struct schedule *s, const struct contact *c)
{
	struct entry *e;

	for (size_t i = 0; i < s->count; i++) {
		if (id_equal(&s->entries[i].node, &c->node))
			return &s->entries[i];
	}
	if (s->count == PEERS_MAX)
		return NULL;
	e = &s->entries[s->count++];
	*e = (struct entry){ .node = c->node };
	e->next_ms = now_ms(s); /* at once: the machine was just started */
	return e;
}

static void
call(struct schedule *s, struct entry *entry, const struct contact *c)
{
	struct net_result result = { 0 };
	enum err e = contact_call(s->engine, &result, c, NULL);

	entry->failures = e == OK ? 0 : entry->failures + 1;
	entry->next_ms =
	    now_ms(s) + schedule_due(c->every_s, 0, entry->failures, roll(s));
}

/* Calls whoever is due; returns how long until the next one is. */
static int64_t
round_of_calls(struct schedule *s)
{
	int64_t soonest = LOOK_EVERY_MS;
	struct contact c;

	for (size_t at = 0; !engine_stopping(s->engine); at++) {
		struct entry *entry;
		int64_t left;

		if (contact_at(s->engine, &c, at, NULL) != OK)
			break;
		if (c.address[0] == '\0' || c.every_s <= 0)
			continue;
		entry = entry_of(s, &c);
		if (entry == NULL)
			continue;
		if (entry->next_ms <= now_ms(s))
			call(s, entry, &c);
		/* a shorter interval was set meanwhile */
		left = entry->next_ms - now_ms(s);
		if (left > c.every_s * 1100 + 1000) {
			entry->next_ms = now_ms(s) + c.every_s * 1000;
			left = c.every_s * 1000;
		}
		if (left < soonest)
			soonest = left;
	}
	return soonest > 0 ? soonest : 1;
}

static void *
loop(void *context)
{
	struct schedule *s = context;
	bool stopping = false;

	while (!stopping) {
		int64_t wait = round_of_calls(s);

		engine_lock(s->engine);
		(void)engine_wait(s->engine, s->engine->generation, wait);
		stopping = s->engine->stopping;
		engine_unlock(s->engine);
	}
	return NULL;
}

enum err
schedule_start(struct schedule **out, struct engine *e, struct fail *f)
{
	struct schedule *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return fail_set(f, ERR_NOMEM, "the schedule");
	s->engine = e;
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
	free(s);
}
