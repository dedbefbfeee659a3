/*
 * Segments as a copy of a node might have written them: second histories of
 * PAIR_NORTH in one person's compartment, made without North's log.
 */
#ifndef FOOTBRIDGE_TESTS_BRANCH_H
#define FOOTBRIDGE_TESTS_BRANCH_H

#include "tests/support/pair.h"

#define BRANCH_SEGMENTS 80

struct made {
	struct buf bytes;
	struct segment_id id;
	uint64_t seq, position;
};

struct branches {
	struct pair p;
	struct row_id person;
	struct segment_header header; /* of North's last in common */
	struct segment_id last;
	uint8_t key[SEGMENT_KEY_BYTES];
	int64_t payload[BRANCH_SEGMENTS]; /* segments with a value each */
	size_t payloads, count;
	struct made made[BRANCH_SEGMENTS];
};

/* North has written something that all hold; values "v0" and on for what
 * follows wait in segments of its own that nobody gets. */
void branches_begin(struct branches *h, uint64_t seed, size_t values);
void branches_end(struct branches *h);
/* One more segment of North after that one (NULL: the last in common) with
 * value number v and that many positions further. */
const struct made *branches_make(struct branches *h, const struct made *after,
    size_t v, uint64_t further);
/* Give the i-th made to a node. */
enum outcome branches_give(struct branches *h, enum pair_who who, size_t i);
/* The next order of n numbers; false after the last. */
bool branches_next_order(size_t *order, size_t n);

#endif
