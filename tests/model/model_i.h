/* Private to model*.c. */
#ifndef FOOTBRIDGE_TESTS_MODEL_I_H
#define FOOTBRIDGE_TESTS_MODEL_I_H

#include "tests/model/model.h"

struct list { /* of operations */
	size_t *at;
	size_t count;
};

enum presence { PRESENT, WAITS, VOID };

/* zeroed memory that lives until model_release */
void *model_own(struct model *m, size_t n, size_t size);
/* does operation b have a in its causal past? */
bool model_covers(const struct model *m, size_t b, size_t a);
int model_order(const struct model *m, size_t a, size_t b);
/* Of all, those that no other covers (later), or that cover no other
 * (earlier); ascending by order key. */
struct list model_extreme(struct model *m, struct list all, bool later);
bool model_counts(const struct model *m, const struct model_op *op);
/* The owner says no to a row that was proposed. */
bool model_is_answer(const struct model_op *op);
bool model_is_of(const struct model_op *op, unsigned table,
    const uint8_t row[16]);
enum presence model_presence(const struct model *m, size_t o);
bool model_unit_equal(const struct model *m, const struct model_field *f,
    size_t a, size_t b);

/* model_proposal.c: an operation of a reader that knows its row */
bool model_is_proposal(const struct model *m, size_t o);
/* of one unit, f its leader, of a row that is shown */
void model_find_proposals(struct model *m, const struct model_field *f,
    struct model_row *r);
/* Is the row as a whole proposed, and what came of that? */
void model_find_proposed_row(struct model *m, struct model_row *r);

#endif
