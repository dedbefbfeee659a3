/*
 * Emergency openings that this office knows, with what came of their review.
 *
 * A review is due so many days (24 hours each) after the opening as the pack says
 * (deadline emergency_review), else REVIEW_DAYS. Time writes nothing: whether one
 * is late is computed when it is asked.
 */
#ifndef FOOTBRIDGE_NODE_OPENED_H
#define FOOTBRIDGE_NODE_OPENED_H

#include "node/policy/arena.h"
#include "node/policy/pack.h"
#include "sync/replica.h"

#define REVIEW_DAYS 3

struct opened {
	struct row_id id, person, staff;
	struct agency_id owner; /* whose staff opened it */
	int64_t from, to, due;  /* civil minutes */
	const char *reason, *narrative, *categories, *medical;
	const char *verdict; /* "": nobody reviewed it */
	bool waits;          /* for a review, or for another */
	bool late, running;
};

/* In arena; the first that was opened first. pack NULL: REVIEW_DAYS. */
enum err opened_load(struct opened **out, size_t *count, struct replica *r,
    const struct policy_pack *pack, struct arena *arena, struct fail *f);

#endif
