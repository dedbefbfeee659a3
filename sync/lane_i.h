/* Shared by the files that make lane.h; nobody else includes this. */
#ifndef FOOTBRIDGE_SYNC_LANE_I_H
#define FOOTBRIDGE_SYNC_LANE_I_H

#include "sync/lane.h"

/* Queue all membership and every compartment the peer is entitled to. fresh: it
 * is new here, and not told again what it had. */
enum err lane_fill(struct replica *r, int64_t peer, bool fresh, struct fail *f);
/* lane_snapshot.c: where its whole history is new to a peer, queue a snapshot of
 * a compartment before it. *queued: the history then goes in the bulk lane. */
enum err lane_snapshot(struct replica *r, bool *queued, int64_t cpt,
    int64_t peer, const struct member_node *node, struct fail *f);
/* Those still queued for a peer, before its queue goes. */
#define LANE_DROP_SNAPSHOTS \
	"DELETE FROM _snapshot_out WHERE no IN (SELECT ref FROM _queue" \
	" WHERE peer = ?1 AND what = 2)"
/* Put one item at the end of a lane. */
enum err lane_append(struct replica *r, int64_t peer, enum lane lane,
    enum lane_what what, int64_t ref, struct fail *f);
/* _route.entitled */
enum lane_route {
	ROUTE_NONE = 0,    /* asked and not entitled */
	ROUTE_OPEN = 1,    /* entitled */
	ROUTE_LEAVING = 2, /* was; the removal is not sealed yet */
	ROUTE_TOLD = 3,    /* was; the removal is queued or came from there */
};
enum err lane_set_route(struct replica *r, int64_t cpt, int64_t peer,
    enum lane_route state, int64_t reach, struct fail *f);
/* The highest segment number of a compartment below another; 0: none. */
enum err lane_segment_before(struct replica *r, int64_t *no, int64_t cpt,
    int64_t below, struct fail *f);
/* lane_leave.c: a peer that is not entitled and has no route, but was a holder
 * once: queue it the control records after number reach, among them the removal
 * that names it, and nothing else. */
enum err lane_tell(struct replica *r, int64_t cpt, int64_t peer, int64_t reach,
    const struct member_node *node, struct fail *f);
/* The member behind a peer row, borrowed; NULL when its record is not held. */
enum err lane_peer_node(struct replica *r, const struct member_node **out,
    int64_t peer, struct fail *f);

/* lane_aside.c: the segment's node has no room at the peer in this lane: it waits
 * with what waits already. Not so: *aside is false, and it is to be queued. */
enum err lane_set_aside(struct replica *r, bool *aside, int64_t peer,
    enum lane lane, int64_t segment, struct fail *f);

#endif
