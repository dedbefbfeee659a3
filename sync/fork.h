/*
 * Two histories of one node: what is known of it, for people. The evidence is
 * two segments with that node's signature that no honest computer writes both
 * of (tables.sql "_fork"); it is kept for ever and proves it to anybody.
 */
#ifndef FOOTBRIDGE_SYNC_FORK_H
#define FOOTBRIDGE_SYNC_FORK_H

#include "sync/replica.h"
#include "sync/segment.h"

/* Of one place; what does not count (log_i.h) is not listed. */
#define FORK_BRANCHES 8

/* The first segment of a history. */
struct fork_branch {
	int64_t segment; /* number here */
	struct segment_id id;
	uint64_t position;
	bool proven; /* its signature was verified again just now */
	/* its operations, where they can be read here */
	bool readable;
	size_t changes;
	int64_t first_ms, last_ms; /* when they were made */
	struct row_id staff;       /* who made the first */
	const char *table;         /* of the first; NULL: none */
};

struct fork {
	int64_t no; /* names it on this replica */
	struct node_id node;
	struct author_tag author;
	/* a place in a chain; else the lowest position that was given twice */
	bool place;
	struct compartment_id compartment; /* place only */
	int chain;
	uint64_t at;   /* seq, or position */
	int64_t at_ms; /* found here */
	size_t count;
	struct fork_branch branch[FORK_BRANCHES]; /* by id */
};
typedef bool (*fork_fn)(void *context, const struct fork *k);
/* In the order found. Ends when each says false. */
enum err fork_list(struct replica *r, fork_fn each, void *context,
    struct fail *f);
/* How many nodes are known to have written two histories. */
enum err fork_nodes(struct replica *r, int64_t *count, struct fail *f);

#endif
