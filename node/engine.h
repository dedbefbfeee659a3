/*
 * The replica and the one lock around it.
 *
 * sync/ has no threads: whoever calls it holds this lock, for milliseconds.
 * The network is waited for outside of it. Waiters for news (a peer's held
 * exchange, the schedule) sleep on the generation number.
 */
#ifndef FOOTBRIDGE_NODE_ENGINE_H
#define FOOTBRIDGE_NODE_ENGINE_H

#include <pthread.h>

#include "sync/replica.h"

struct engine {
	struct replica *replica; /* borrowed; use it only with the lock held */
	pthread_mutex_t lock;
	pthread_cond_t news;
	uint64_t generation; /* grows when something was written */
	bool stopping;       /* the process is about to end */
};

enum err engine_init(struct engine *e, struct replica *replica, struct fail *f);
/* Nobody may wait any more. Does not close the replica. */
void engine_release(struct engine *e);

void engine_lock(struct engine *e);
void engine_unlock(struct engine *e);

/* Something was written: wake whoever waits. Lock held. */
void engine_changed(struct engine *e);
/* Wake all, for the end of the process. Lock not held. */
void engine_stop(struct engine *e);
/* Is it about to end? Lock not held. */
bool engine_stopping(struct engine *e);
/*
 * Wait, lock held (given up meanwhile), until the generation differs from
 * seen, the process stops, or wait_ms have passed. Returns the generation.
 */
uint64_t engine_wait(struct engine *e, uint64_t seen, int64_t wait_ms);

#endif
