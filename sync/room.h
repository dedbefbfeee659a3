/*
 * How much of one node's work a relay stores in a day.
 *
 * A relay keeps what it cannot read and cannot judge, so whoever holds a
 * member's keys could fill its disk. So of each node of another agency, whatever
 * names it writes under, a relay takes so many bytes and segments a day (UTC, by
 * its own clock). Of that the bulk lane has half and the normal lane seven
 * eighths: a day of scans leaves room for notes, a day of import for a hearing
 * and for a consent that is withdrawn.
 *
 * What is over is not kept and not acknowledged: the sender is told that there
 * is no room for that node until the day is over, sets it aside (lane.h) and
 * sends the rest. Nothing counts at a node that relays for nobody, of the own
 * agency, or in a compartment that this node reads (quota.h bounds what that
 * does). Clocks decide when something is sent, never whether it counts.
 */
#ifndef FOOTBRIDGE_SYNC_ROOM_H
#define FOOTBRIDGE_SYNC_ROOM_H

#include "sync/compartment.h"

/* Is what this node wrote in a compartment (NULL: not known here) counted? */
bool room_counts(struct replica *r, const struct node_id *node,
    const struct compartment *c);
/* Is there room for one more segment of n bytes? */
enum err room_has(struct replica *r, bool *yes, const struct node_id *node,
    enum lane lane, size_t n, struct fail *f);
/* One was stored; or, refused, there was no room. In the caller's transaction. */
enum err room_take(struct replica *r, const struct node_id *node, size_t n,
    struct fail *f);
enum err room_refused(struct replica *r, const struct node_id *node,
    struct fail *f);
/* Seconds until there is room again, 1 to ROOM_DAY_S. */
#define ROOM_DAY_S (24 * 60 * 60)
int64_t room_again_s(const struct replica *r);
/* How many nodes had something refused today. */
enum err room_full_count(struct replica *r, int64_t *count, struct fail *f);

#endif
