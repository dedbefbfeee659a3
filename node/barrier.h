/* The barrier log: refusals, without person or content. */
#ifndef FOOTBRIDGE_NODE_BARRIER_H
#define FOOTBRIDGE_NODE_BARRIER_H

#include "node/policy/policy.h"
#include "sync/replica.h"

/* Write one row for an answer that is no. Those who make rules read it.
 * staff: who asked, or NULL. fails: what write_row fails with */
enum err barrier_log(struct replica *r, const struct policy_answer *a,
    const struct policy_question *q, const char *policy_version,
    const struct row_id *staff, struct fail *f);

#endif
