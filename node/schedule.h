/*
 * Who is called when.
 *
 * Every peer with an address and an interval is called by its own schedule, a
 * tenth of the interval as jitter, and soon after something was saved or
 * received here that may be for it. After a failure the next try comes after
 * seconds, then later and later up to ten minutes or the interval, with full
 * jitter, so that a hub coming back is not met by all its offices at once; news
 * do not hurry it. A contact that broke off after something had moved is tried
 * again after seconds, however often; and when a person said "sync", it begins
 * anew.
 *
 * A peer on the local network is also asked to say when it has news: a request
 * that it holds open (net_watch_wait), so that what was saved there is here
 * within two seconds. On other links that would cost bytes around the clock.
 *
 * Each call runs on a thread of its own, SCHEDULE_CALLS at a time: a peer that
 * hangs holds up nobody but itself.
 */
#ifndef FOOTBRIDGE_NODE_SCHEDULE_H
#define FOOTBRIDGE_NODE_SCHEDULE_H

#include "node/engine.h"

#define SCHEDULE_CALLS 8
/* peers that hold a request of ours; further ones are called by schedule */
#define SCHEDULE_WATCHES 4

/* Several saves are one contact: it begins when this long nothing was saved,
 * and in any case this long after the first. */
#define SCHEDULE_SETTLE_MS 1000
#define SCHEDULE_SETTLE_MAX_MS 5000
/* for a peer with a budget: each contact costs about 2 kB of TLS */
#define SCHEDULE_METERED_MS 30000
#define SCHEDULE_METERED_MAX_MS 300000

/* whom to ask to hold a request */
enum schedule_hold {
	SCHEDULE_HOLD_NEAR,
	SCHEDULE_HOLD_ALL,
	SCHEDULE_HOLD_NONE
};

struct schedule;

enum err schedule_start(struct schedule **out, struct engine *e,
    enum schedule_hold hold, struct fail *f);
/* After engine_stop(): waits for the calls in flight. NULL is fine. */
void schedule_stop(struct schedule *s);

/* the longest that failures make it wait */
#define SCHEDULE_BACK_OFF_S 600

/*
 * When is a peer due, in milliseconds from now? Pure, for the tests.
 * every_s its interval; since_ms since the last try (< 0: never tried);
 * failures in a row; roll a random number.
 */
int64_t schedule_due(int64_t every_s, int64_t since_ms, unsigned failures,
    uint32_t roll);
/* Failures in a row after one more contact, which moved something or not. */
unsigned schedule_failures(unsigned before, bool ok, bool moved);
/* When is news sent on that came first and last at these times? Pure. */
int64_t schedule_news_due(int64_t first_ms, int64_t last_ms, bool is_metered);

#endif
