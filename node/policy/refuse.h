/*
 * What the confidentiality path does not let anybody write: a consent that lacks
 * an element, an agreement that contradicts itself, a rule for counseling notes, a
 * category that nothing has, a policy pack that is not what was signed.
 *
 * Asked by the engine at every write of this node, whoever makes it (put, import,
 * the page): sync/write.h. Refused with a reason for a privacy officer; what was
 * refused stands in the audit and, without person or content, in barrier_log.
 */
#ifndef FOOTBRIDGE_NODE_POLICY_REFUSE_H
#define FOOTBRIDGE_NODE_POLICY_REFUSE_H

#include "sync/write.h"

extern const struct write_rules refuse_rules;

/* Another act than a write was refused: the same two marks. code, category: of
 * barrier_log; category may be NULL. */
void refuse_note(struct replica *r, const struct row_id *staff, const char *act,
    const char *code, const char *category);

/*
 * May this member of staff sign policy packs: have they the role privacy_officer
 * today? staff: NULL is the machine itself, which has none.
 * fails: ERR_DENIED says how the role is given
 */
enum err refuse_signer(struct replica *r, const struct row_id *staff,
    struct fail *f);

#endif
