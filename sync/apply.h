/*
 * The fast path of merging: an operation whose writer knew everything that is
 * applied here replaces what stood, in place. Anything else marks the
 * compartment to be derived from its log before the transaction ends.
 */
#ifndef FOOTBRIDGE_SYNC_APPLY_H
#define FOOTBRIDGE_SYNC_APPLY_H

#include "sync/judge.h"

/*
 * Apply one operation of a segment that covers every applied data segment of
 * the compartment. Sets c->rederive when the tables cannot simply be
 * overwritten. fails only for our own disk or memory.
 */
enum err apply_op(struct replica *r, struct compartment *c, int64_t segment,
    const struct judge_author *author, unsigned schema, const struct op *op,
    struct fail *f);

/* All operations of a packed payload; a malformed payload is void as a whole. */
enum err apply_payload(struct replica *r, struct compartment *c,
    int64_t segment, const struct judge_author *author, unsigned schema,
    const uint8_t *payload, size_t n, struct fail *f);

#endif
