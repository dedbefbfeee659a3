/*
 * Lanes: what is to go to which peer, in which order.
 *
 * Routing is decided when something is stored, never by filtering the log when
 * it is read. Every peer has three queues (urgent, normal, bulk), numbered from
 * 1; a cursor names our stream, a position and the id of the last item.
 */
#ifndef FOOTBRIDGE_SYNC_LANE_H
#define FOOTBRIDGE_SYNC_LANE_H

#include "sync/compartment.h"

/* A segment was stored: queue it for entitled peers, but not for source (NULL:
 * made here). In the caller's transaction. */
enum err lane_segment(struct replica *r, const struct compartment *c,
    int64_t segment, enum lane lane, const struct node_id *source,
    struct fail *f);
/* A membership record was stored: to every peer, urgent. */
enum err lane_member(struct replica *r, int64_t member,
    const struct node_id *source, struct fail *f);
/* Grants or via lists changed: peers newly entitled to this compartment get its
 * whole history queued, control first, in log order. */
enum err lane_compartment(struct replica *r, const struct compartment *c,
    struct fail *f);

/* The peer row of a node, made on first contact (and then filled with all
 * membership and every compartment it is entitled to). */
enum err lane_peer(struct replica *r, int64_t *peer, const struct node_id *node,
    struct fail *f);

#endif
