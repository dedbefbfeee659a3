/*
 * Receipts: a peer's signed word that it holds our stream up to a position.
 *
 * Not a segment: one statement per (peer, lane), replaced by the next, made and
 * committed before it is sent. It says: receiver, its incarnation, the stream,
 * lane, position and the mark of the item there. What both sides know already
 * is not sent (75 bytes on the wire). Nobody forgets anything without one.
 */
#ifndef FOOTBRIDGE_SYNC_RECEIPT_H
#define FOOTBRIDGE_SYNC_RECEIPT_H

#include "sync/message.h"

#define RECEIPT_BYTES 160

/* As kept in _lane: position 8, confirmed 1, zeros 7, stream 8, author 8,
 * mark 16, incarnation 16, receiver 16, sender 16, signature 64. */
struct receipt {
	uint64_t position;
	bool confirmed; /* out: the peer is known to have it */
	uint8_t stream[LANE_STREAM_BYTES];
	struct author_tag author; /* the receiver's */
	uint8_t mark[LANE_MARK_BYTES];
	struct incarnation incarnation;
	struct node_id receiver, sender;
	uint8_t signature[64];
};

void receipt_encode(uint8_t out[static RECEIPT_BYTES], const struct receipt *r);
/* ERR_FORMAT unless n is RECEIPT_BYTES */
enum err receipt_decode(struct receipt *out, const uint8_t *p, size_t n);

/*
 * Our receipt for what we hold of a peer's lane, made anew when the cursor has
 * moved by at least moved positions since the last one; else the last.
 * *send: it has not been confirmed by the peer. ERR_NOTFOUND: nothing held.
 */
enum err receipt_out(struct replica *r, struct receipt *out, bool *send,
    const struct lane_state *state, const struct node_id *peer, enum lane lane,
    uint64_t moved, struct fail *f);
/* The peer answered: it has what we sent. */
enum err receipt_confirm(struct replica *r, int64_t peer, struct fail *f);

/*
 * A peer's receipt for our lane arrived. Kept when it verifies and says more
 * than the one held; *kept. One that does not verify is counted, not fatal.
 */
enum err receipt_in(struct replica *r, bool *kept,
    const struct lane_state *state, const struct node_id *peer,
    const struct message_item *item, struct fail *f);
/* The last one held, ERR_NOTFOUND. */
enum err receipt_held(struct replica *r, struct receipt *out, int64_t peer,
    enum lane lane, enum lane_receipt which, struct fail *f);

#endif
