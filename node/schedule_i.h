/* Between schedule.c and schedule_watch.c only. */
#ifndef FOOTBRIDGE_NODE_SCHEDULE_I_H
#define FOOTBRIDGE_NODE_SCHEDULE_I_H

#include "node/contact.h"
#include "node/schedule.h"

#define SCHEDULE_PEERS 256

/* A peer. All of it belongs to the engine's lock. */
struct schedule_entry {
	struct node_id node;
	/* "": it is no peer any more, or has no address or interval */
	char address[LANE_ADDRESS_BYTES + 1];
	bool listed;     /* the round that is going on has met it */
	bool is_calling; /* a thread is at it */
	bool is_asked;   /* it said that it has news */
	bool is_near;    /* on a local network, as of the last call */
	int64_t next_ms; /* monotonic */
	unsigned failures;
	int64_t tried_ms; /* of the last call of it that was noted, wall */
	bool was_ours;    /* a call of the schedule ended since */
	/* news since the last call began; first_ms 0: none */
	int64_t first_ms, last_ms;
	/* the request that it holds */
	bool is_watched;  /* a thread is at it */
	bool cannot_hold; /* it runs a version that does not */
	int64_t watch_ms; /* not before */
	unsigned watch_failures;
};

struct schedule {
	pthread_t thread;
	struct engine *engine;
	enum schedule_hold hold;
	uint64_t generation; /* of the engine, when last noted */
	uint64_t tries;      /* the same */
	uint64_t wants;      /* the same */
	int64_t round_ms;    /* when to look at all peers again */
	size_t calls, watches;
	size_t count;
	struct schedule_entry entries[SCHEDULE_PEERS];
};

/* Lock held, all of these. */
int64_t schedule_now_ms(const struct schedule *s);
uint32_t schedule_roll(const struct schedule *s);
/* The planner looks at all peers now. */
void schedule_again(struct schedule *s);
/* Start asking a peer to hold a request, where that is wanted and not done. */
void schedule_watch(struct schedule *s, struct schedule_entry *entry,
    const struct contact *c);
/* A thread that ends by itself; false: there is none. */
bool schedule_thread(void *(*run)(void *), void *context);

#endif
