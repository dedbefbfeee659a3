/*
 * Calling a peer: one exchange and what is noted about it. Functions take the
 * engine's lock themselves and must be called without it.
 */
#ifndef FOOTBRIDGE_NODE_CONTACT_H
#define FOOTBRIDGE_NODE_CONTACT_H

#include "node/net.h"
#include "sync/lane.h"

struct run;

struct contact {
	struct node_id node;
	char name[LIMIT_NAME_BYTES + 1];
	char address[LANE_ADDRESS_BYTES + 1]; /* "" : it calls us */
	int64_t every_s, budget, spent; /* bytes a day, and of them today */
	int64_t last_ok_ms, last_try_ms;
	bool failed;    /* the last try failed */
	int64_t queued; /* sealed for it and not acknowledged */
	bool unsealed;  /* saved work has not left the replica; for whom it is
	                 * is known when it is sealed */
};

/* How often a peer is called when nothing else is said: [sync] every. */
enum err contact_every(int64_t *every_s, const struct run *run, struct fail *f);
/* The peer number at, from 0; ERR_NOTFOUND at the end. */
enum err contact_at(struct engine *e, struct contact *out, size_t at,
    struct fail *f);
/* The same with the lock held. */
enum err contact_read(struct engine *e, struct contact *out, size_t at,
    struct fail *f);
/* Does a person mean this peer by that name or id? */
bool contact_is(struct engine *e, const struct contact *c, const char *text);
/* The next call of it compares all that both are to hold. */
enum err contact_sweep(struct engine *e, const struct contact *c,
    struct fail *f);
/* Call it and note how it went. Waits for a call of it that is going on. */
enum err contact_call(struct engine *e, struct net_result *out,
    const struct contact *c, struct fail *f);

#endif
