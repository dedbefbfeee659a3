/*
 * Sharing a bound fairly: what is too much waits at whoever sent too much.
 *
 * Some work has to be bounded for a whole compartment (what its control says
 * together, what is derived at once). Whoever fills that bound must not take the
 * room of the others: room is divided between agencies, and inside one between
 * its nodes, so that who needs less than its part gets all that it needs, and
 * what is left is divided between the others (max-min fairness). Of one node the
 * first segments count.
 *
 * Pure: the same parts, in whatever order, give the same answer.
 */
#ifndef FOOTBRIDGE_SYNC_QUOTA_H
#define FOOTBRIDGE_SYNC_QUOTA_H

#include "sync/base.h"
#include "sync/err.h"
#include "sync/id.h"

struct quota_part {
	struct agency_id agency; /* zeros: its author is not known */
	struct node_id node;
	struct author_tag author;
	uint64_t seq;         /* UINT64_MAX: own, not sealed yet; those by no */
	struct segment_id id; /* zeros while unsealed */
	int64_t no;           /* local number */
	uint64_t cost;        /* at least 1, at most 2^40 */
	bool over;            /* the answer: it waits */
};

/*
 * Sets over of every part, so that the rest costs at most total; sorts them by
 * no. *over: how many.
 *
 * fails: ERR_NOMEM
 * cost:  sorting; one addition a part where all fits
 */
enum err quota_share(struct quota_part *parts, size_t n, uint64_t total,
    size_t *over);

#endif
