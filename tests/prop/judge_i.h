/* Private to judge*.c: the set of segments that a node holds. */
#ifndef FOOTBRIDGE_TESTS_PROP_JUDGE_I_H
#define FOOTBRIDGE_TESTS_PROP_JUDGE_I_H

#include "tests/prop/judge.h"

/* judge_right.c: what the other agency may do, as of what is known. */
struct oracle;
struct judge_right {
	bool differs; /* it was given both rights; else the greatest holds */
	unsigned greatest;
	bool says[WORLD_SEGMENTS]; /* grants that do not repeat what was so */
};
void judge_right_load(struct judge_right *x, const struct oracle *o);
bool judge_right_proposes(const struct judge_right *x, const struct oracle *o,
    const world_set known);

#define JUDGE_OPEN 128
struct judge_set {
	struct model_segment *at;
	size_t count;
	size_t (*deps)[WORLD_SEGMENTS + JUDGE_OPEN];
	struct model_op *ops;
	size_t op_count;
	struct buf open[JUDGE_OPEN]; /* payloads of unsealed segments */
	size_t open_count;
	struct judge_right right;
	size_t index[WORLD_SEGMENTS]; /* of a pool segment; SIZE_MAX: absent */
	bool counts[WORLD_SEGMENTS];  /* data of the pool, by the oracle */
};

/* judge_proposal.c: what is proposed, and what came of it. */
const char *judge_proposals(struct world *w, unsigned node,
    const struct table *table, const struct model *m,
    const struct model_row *row, struct judge_counts *counts);
/* received = applied + duplicate + waiting + quarantined + refused */
const char *judge_counters(struct world *w, unsigned node);
/* In static memory. */
const char *judge_differ(const char *format, ...) PRINTF(1, 2);

/* judge_model.c: what the model says of a node, by its schema. */
struct judge_model {
	struct as_model_schema schema;
	struct judge_set *set;
	struct model m;
};
void judge_model_run(struct judge_model *x, struct world *w, unsigned node);
void judge_model_release(struct judge_model *x);

struct judge_set *judge_set_new(struct world *w, unsigned node);
void judge_set_free(struct judge_set *x);
/* Of what two nodes both hold: does the same count there, and do the same nodes
 * only propose? */
bool judge_set_alike(struct world *w, unsigned one, unsigned other);

#endif
