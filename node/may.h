/* Who is asked about, for whoever asks policy_may from a command: cmd_may.c. */
#ifndef FOOTBRIDGE_NODE_MAY_H
#define FOOTBRIDGE_NODE_MAY_H

#include "node/policy/policy.h"
#include "sync/replica.h"

/* An agency as the directory says; it knows more kinds than membership.
 * ERR_INPUT: nothing says what kind of agency that is. */
enum err may_party(struct policy_party *out, struct replica *r,
    const struct agency_id *id, struct fail *f);
/* Who works with people at an agency of that kind. */
enum policy_role may_role(enum policy_kind kind);

#endif
