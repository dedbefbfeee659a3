/* Between repair*.c only. */
#ifndef FOOTBRIDGE_SYNC_REPAIR_I_H
#define FOOTBRIDGE_SYNC_REPAIR_I_H

#include "sync/db.h"
#include "sync/repair.h"

struct repairing {
	struct db *from, *to;
	struct repair_facts *facts;
	bool lanes_lost; /* part of what was queued or acknowledged */
	bool open_lost;  /* part of _open */
	/* what is to go the way of received things again, each with its
	 * length (8 bytes) in front */
	struct buf members, segments;
};

/* repair_copy.c: every table, and of the rows what can be read. */
enum err repair_copy(struct repairing *x, struct fail *f);
/* repair_fit.c: what refers to rows that are not there any more. */
enum err repair_fit(struct repairing *x, struct fail *f);
/* One of the noted ones; *n 0 at the end. */
const uint8_t *repair_noted(const struct buf *list, size_t *at, size_t *n);

#endif
