/*
 * What was saved here and has gone nowhere yet: what status says of it, and the
 * strip at the top of the page, which asks often.
 */
#ifndef FOOTBRIDGE_NODE_WAITING_H
#define FOOTBRIDGE_NODE_WAITING_H

#include "sync/replica.h"

struct waiting {
	int64_t
	    unsealed; /* entries; the parts of a document are one, its row */
	int64_t oldest_ms; /* 0: there is none */
	int64_t drafts;    /* typed while the record had changed */
	/* by waiting_queued: entries of this computer that a peer whom it calls
	 * has not signed for, WAITING_MAX at most */
	int64_t queued, queued_ms;
};

#define WAITING_MAX 1000

/* Lock held. cost: three counts over what is unsealed */
enum err waiting_count(struct waiting *out, struct replica *r, struct fail *f);
/* The rest of it. Lock held. cost: reads the queues of peers that have an address,
 * up to that many entries */
enum err waiting_queued(struct waiting *out, struct replica *r, struct fail *f);

#endif
