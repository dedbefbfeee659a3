/*
 * What has to stand on something that comes under protection: the notice of the
 * pack, by category, receiver and basis.
 */
#ifndef FOOTBRIDGE_NODE_POLICY_NOTICE_H
#define FOOTBRIDGE_NODE_POLICY_NOTICE_H

#include "node/policy/pack.h"

/*
 * The code of the notice, borrowed from the pack; NULL: none is wanted. ground
 * GROUND_NONE: the basis is not known, and the first notice that any basis for
 * such a receiver has is taken, so that one is never missing. kind: of consent,
 * authority or agreement, -1: not known.
 */
const char *policy_notice(const struct policy_pack *p, const char *category,
    enum policy_kind to, enum policy_ground ground, int kind);

#endif
