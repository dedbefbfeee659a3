/*
 * Who is called when: a thread that calls each peer by its own schedule.
 *
 * Every peer has its own interval, a tenth of it as jitter. After a failure
 * the next try comes sooner, then later and later up to the interval, with
 * full jitter, so that a hub coming back is not met by all its offices at
 * once.
 */
#ifndef FOOTBRIDGE_NODE_SCHEDULE_H
#define FOOTBRIDGE_NODE_SCHEDULE_H

#include "node/engine.h"

struct schedule;

enum err schedule_start(struct schedule **out, struct engine *e,
    struct fail *f);
/* After engine_stop(): waits for the call in flight. NULL is fine. */
void schedule_stop(struct schedule *s);

/*
 * When is a peer due, in milliseconds from now? Pure, for the tests.
 * every_s its interval; since_ms since the last try (< 0: never tried);
 * failures in a row; roll a random number.
 */
int64_t schedule_due(int64_t every_s, int64_t since_ms, unsigned failures,
    uint32_t roll);

#endif
