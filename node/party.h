/* An agency as the rules see it: its kind, whether it is in the network, what it
 * usually asks for. */
#ifndef FOOTBRIDGE_NODE_PARTY_H
#define FOOTBRIDGE_NODE_PARTY_H

#include "node/policy/policy.h"
#include "sync/replica.h"

/* As the directory says; it knows more kinds than membership.
 * ERR_INPUT: nothing says what kind of agency it is */
enum err party_find(struct policy_party *out, struct replica *r,
    const struct agency_id *id, struct fail *f);

/* Is its row of the directory here, so that a record can name it? */
enum err party_listed(bool *yes, struct replica *r, const struct agency_id *id,
    struct fail *f);

/* What an agency of that kind asks for, if nothing else is said. */
enum policy_role party_usual_role(enum policy_kind kind);
enum policy_purpose party_usual_purpose(enum policy_kind kind);

#endif
