/* Shared by the two sides of an exchange; nobody else includes this. */
#ifndef FOOTBRIDGE_SYNC_EXCHANGE_I_H
#define FOOTBRIDGE_SYNC_EXCHANGE_I_H

#include "sync/exchange.h"

/* A new receipt goes with a further message once this many positions moved;
 * fewer wait for the next hello, so that a lone change stays small. */
#define EXCHANGE_RECEIPT_MOVED 32

static inline size_t
exchange_smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

unsigned exchange_flags(struct replica *r, const struct lane_state *state,
    const struct lane_bulk *bulk, bool more, bool more_urgent);
bool exchange_pending(const struct lane_state *state, enum lane lane);
/* Of the bulk lane only what is to be sent now. */
bool exchange_any_pending(const struct lane_state *state,
    const struct lane_bulk *bulk);
/* Take what a message says of the bulk lane, and what both sides then want. */
enum err exchange_take_bulk(struct replica *r, struct lane_bulk *out,
    int64_t peer, unsigned flags, struct fail *f);
/*
 * Append receipts for what we hold of the peer. lanes: those the peer asked
 * for; a lane is also sent when it moved by at least moved positions since the
 * last receipt, or, with unconfirmed, when the last may not have arrived.
 */
enum err exchange_receipts(struct replica *r, struct buf *out, bool *sent,
    const struct lane_state *state, const struct node_id *peer, unsigned lanes,
    uint64_t moved, bool unconfirmed, struct exchange_stats *stats,
    struct fail *f);
/* How far we hold theirs. */
void exchange_cursor(struct buf *out, const struct lane_state *state,
    enum lane lane);
void exchange_want(struct buf *out, enum lane lane,
    const struct units_want *want);
/* The peer has no membership and no control left for us: what a restored replica
 * waited for. */
enum err exchange_recovered(struct replica *r, struct exchange_stats *stats,
    struct fail *f);
enum err exchange_seal(struct replica *r, struct exchange_stats *stats,
    struct fail *f);
/*
 * Does a contact get anywhere? What an answer brought that was not here before
 * is progress, however much; what was here already is so only as often as there
 * is something here: a peer that lost its place sends everything once more, one
 * that means harm might go on for ever.
 */
struct exchange_progress {
	int idle; /* answers in a row without progress, counted by the caller */
	uint64_t again;     /* answers and items that brought nothing new */
	uint64_t may_again; /* so many are borne; 0: not looked up yet */
	size_t staged[LANE_COUNT]; /* bytes of the item in pieces, at last */
};
/* Judge one answer by the counts before and after it; in its transaction. */
enum err exchange_brought(struct exchange_progress *p, struct replica *r,
    int64_t peer, const struct units_notes *notes,
    const struct exchange_stats *before, const struct exchange_stats *after,
    struct fail *f);
/* Move a finished message to its destination. */
enum err exchange_finish(struct buf *out, const struct buf *body,
    struct fail *f);

#endif
