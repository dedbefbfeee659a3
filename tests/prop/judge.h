/*
 * Compares what a node's tables, conflicts and segment states say with what the
 * reference model computes from the segments that the node holds.
 */
#ifndef FOOTBRIDGE_TESTS_PROP_JUDGE_H
#define FOOTBRIDGE_TESTS_PROP_JUDGE_H

#include "tests/prop/world.h"

/* What was met, so that a run that tested nothing fails. */
struct judge_counts {
	uint64_t compared;   /* states */
	uint64_t rule[7];    /* cells in conflict, by enum rule */
	uint64_t settled[7]; /* cells with differing standing values that
				 * nobody must look at (text) */
	uint64_t look[6];    /* by enum model_look */
	uint64_t one_way, final, owner, group, set, reserved;
	uint64_t waiting_rows, unreadable, quarantined;
	uint64_t proposals[5], rows_proposed[5]; /* by enum model_state */
};

/* NULL: they agree. Otherwise what differs, in static memory. */
const char *judge_node(struct world *w, unsigned node,
    struct judge_counts *counts);
/* Were two writes of one unit of merge concurrent, anywhere in the pool? */
bool judge_met_concurrency(const struct world *w);

#endif
