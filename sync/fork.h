/*
 * Two histories of one node: what is known of it, for people. The evidence is
 * two segments with that node's signature that no honest computer writes both
 * of (tables.sql "_fork"); it is kept for ever and proves it to anybody.
 */
#ifndef FOOTBRIDGE_SYNC_FORK_H
#define FOOTBRIDGE_SYNC_FORK_H

#include "sync/compartment.h"

/* Of one place; what does not count (log_i.h) is not listed. */
#define FORK_BRANCHES 8

/* The first segment of a history. */
struct fork_branch {
	int64_t segment; /* number here */
	struct segment_id id;
	uint64_t position;
	bool proven; /* its signature was verified again just now */
	bool voided; /* by a judgement: it does not count, as far as it is
	              * known here, nor does what builds on it */
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
	bool judged;   /* who may has said what stands */
	size_t count;
	struct fork_branch branch[FORK_BRANCHES]; /* by id */
};
typedef bool (*fork_fn)(void *context, const struct fork *k);
/* In the order found. Ends when each says false. */
enum err fork_list(struct replica *r, fork_fn each, void *context,
    struct fail *f);
/* How many nodes are known to have written two histories, and how many such
 * places nobody has judged. */
enum err fork_nodes(struct replica *r, int64_t *count, int64_t *open,
    struct fail *f);

/*
 * Say which of the histories of fork number no do not count (segments: those of
 * branches; none: all of them stand). By a registrar of the founding agency or a
 * network steward; a later judgement of the same place replaces this one. Own
 * transaction unless in one.
 * fails: ERR_NOTFOUND, ERR_DENIED, ERR_INPUT (no such branch, all of them, or
 *        evidence that no place has)
 */
enum err fork_judge(struct replica *r, int64_t no, const int64_t *segments,
    size_t n, struct fail *f);

/* fork_judge.c, for fork.c: sets k->judged. */
enum err fork_is_judged(struct replica *r, struct fork *k,
    const struct compartment *c, struct fail *f);

#endif
