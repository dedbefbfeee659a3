/*
 * Which pack this node acts on: of the packs whose day has come that the own
 * agency has signed, the one with the latest day; else the one that is shipped,
 * which is a sample.
 */
#ifndef FOOTBRIDGE_NODE_POLICY_ACTIVE_H
#define FOOTBRIDGE_NODE_POLICY_ACTIVE_H

#include "node/policy/pack.h"
#include "sync/replica.h"

/*
 * out:   *out released with pack_free(); *approved: the own agency signed it
 * fails: ERR_INPUT  a signed pack that cannot be read as one, by name: nothing
 *        is decided by another in its place; ERR_NOMEM
 */
enum err policy_active(struct policy_pack **out, bool *approved,
    struct replica *r, int32_t today, struct fail *f);

#endif
