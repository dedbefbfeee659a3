/*
 * For which of its recipient's staff a consent discloses: its recipients may name
 * roles, and then nobody else there reads what came under it (42 CFR 2.31(a)(4)).
 */
#ifndef FOOTBRIDGE_NODE_POLICY_RECIPIENT_H
#define FOOTBRIDGE_NODE_POLICY_RECIPIENT_H

#include "sync/read.h"

/* out: *roles bits of policy_role, of the recipients that are the own agency; 0: any
 * of its staff, also where the consent's recipients cannot be read here */
enum err recipient_roles(uint32_t *roles, struct replica *r,
    const struct row_id *consent, struct fail *f);

#endif
