/* Shared by the files that make lane.h; nobody else includes this. */
#ifndef FOOTBRIDGE_SYNC_LANE_I_H
#define FOOTBRIDGE_SYNC_LANE_I_H

#include "sync/lane.h"

/* Queue all membership and every compartment the peer is entitled to. */
enum err lane_fill(struct replica *r, int64_t peer, struct fail *f);
/* Put one item at the end of a lane. */
enum err lane_append(struct replica *r, int64_t peer, enum lane lane,
    enum lane_what what, int64_t ref, struct fail *f);
/* The member behind a peer row, borrowed; NULL when its record is not held. */
enum err lane_peer_node(struct replica *r, const struct member_node **out,
    int64_t peer, struct fail *f);

#endif
