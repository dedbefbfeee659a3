/*
 * Lanes: what is to go to which peer, in which order, and how far each side is.
 *
 * Routing is decided when something is stored, never by filtering the log when
 * it is read. Every peer has three queues (urgent, normal, bulk), numbered from
 * 1 under a random stream name. A cursor names stream, position and the mark
 * of the item there, so that a peer that lost data, or we, cannot be mistaken
 * for one that is up to date: then the stream gets a new name and everything is
 * queued again (ids are offered first, so little is sent).
 *
 * The mark of an item is a hash of its signature: the same for a segment and
 * for its stub, known to whoever has the bytes, verified or not.
 *
 * Every call runs in the caller's transaction; only lane_peer_set and _remove
 * begin one of their own where none is running.
 */
#ifndef FOOTBRIDGE_SYNC_LANE_H
#define FOOTBRIDGE_SYNC_LANE_H

#include "sync/compartment.h"

/* A stream name: how often the queue was begun anew (big-endian), then random
 * bytes. The count tells an old bundle from a new beginning. */
#define LANE_STREAM_BYTES 8
#define LANE_STREAM_COUNT_BYTES 2
#define LANE_MARK_BYTES 16

enum lane_what { LANE_MEMBER = 0, LANE_SEGMENT = 1, LANE_SNAPSHOT = 2 };

/* ---- what the log, grants and membership call ---------------------------- */

/*
 * A verified segment was stored (or an own one sealed): queue it for entitled
 * peers, but not for source (NULL: made here). Call it once a segment, before
 * or after it is applied.
 * cost: one indexed read, and one insert a peer
 */
enum err lane_segment(struct replica *r, const struct compartment *c,
    int64_t segment, enum lane lane, const struct node_id *source,
    struct fail *f);
/* The content came of a segment that was held as its stub: the same, once more. */
enum err lane_whole(struct replica *r, const struct compartment *c,
    int64_t segment, enum lane lane, const struct node_id *source,
    struct fail *f);
/* A membership record was stored: to every peer, urgent. */
enum err lane_member(struct replica *r, int64_t member,
    const struct node_id *source, struct fail *f);
/* Grants of this compartment changed: peers newly entitled to it get its whole
 * history queued, in log order. */
enum err lane_compartment(struct replica *r, const struct compartment *c,
    struct fail *f);
/* Somebody left: peers that are not entitled any more get nothing that is still
 * queued of it but control, and no more of it than the removal. */
enum err lane_leave(struct replica *r, const struct compartment *c,
    struct fail *f);
/* An own removal was sealed: to those who leave by it as well. */
enum err lane_farewell(struct replica *r, const struct compartment *c,
    int64_t segment, struct fail *f);
/* Roles or via lists changed: the same for every compartment.
 * cost: grant_routes_to for each compartment not yet routed to a peer */
enum err lane_reroute(struct replica *r, struct fail *f);

/* ---- peers --------------------------------------------------------------- */

/* The peer row of a node, made on first contact (and then filled with all
 * membership and every compartment it is entitled to). */
enum err lane_peer(struct replica *r, int64_t *peer, const struct node_id *node,
    struct fail *f);
/* The row of one that was taken out, while a stick that it wrote before is read:
 * nothing is queued for it. Whoever makes one removes it in the same
 * transaction. */
enum err lane_peer_late(struct replica *r, int64_t *peer,
    const struct node_id *node, struct fail *f);
/* ERR_NOTFOUND when there was no contact yet. */
enum err lane_peer_find(struct replica *r, int64_t *peer,
    const struct node_id *node, struct fail *f);
/* Forget a peer: queues, cursors, staged bytes. Nothing of the log. */
enum err lane_peer_remove(struct replica *r, const struct node_id *node,
    struct fail *f);
/* When the last contact with it went well, also after it was revoked; 0: never.
 * What was queued for it until then it may have. */
enum err lane_peer_served(struct replica *r, int64_t *at_ms,
    const struct node_id *node, struct fail *f);
/* Forget every peer that was revoked: nothing is queued for it any more. */
enum err lane_drop_revoked(struct replica *r, struct fail *f);
size_t lane_peer_count(struct replica *r);

#define LANE_ADDRESS_BYTES 255
struct lane_peer_info {
	int64_t peer;
	struct node_id node;
	char address[LANE_ADDRESS_BYTES + 1]; /* "" : it calls us */
	int64_t every_s;                      /* 0: only when asked */
	int64_t budget;                       /* bytes a day, 0: no limit */
	int64_t spent;                        /* of it, today (local day) */
	int64_t last_ok_ms, last_try_ms;      /* 0: never */
	/* since when contacts went well and it acknowledged nothing of what is
	 * queued for it; 0: it takes what it is sent */
	int64_t stalled_ms;
	char last_error[FAIL_TEXT_BYTES]; /* "" after a good contact */
	uint64_t pending[LANE_COUNT];     /* queued, not acknowledged */
	/* not queued, since the peer has no room for it before again_ms */
	int64_t aside, again_ms;
	bool receipt; /* a signed receipt covers all that was acknowledged */
	int64_t sweep_equal_ms; /* last sweep that found both equal; 0: none */
	bool sweep_due;         /* one comes with the next contact */
};
/* Number at of the peers, counted from 0 in order of first contact.
 * ERR_NOTFOUND at the end. */
enum err lane_peer_at(struct replica *r, struct lane_peer_info *out, size_t at,
    struct fail *f);
/* How to call a peer; makes the row. address "" removes the address only. */
enum err lane_peer_set(struct replica *r, const struct node_id *node,
    const char *address, int64_t every_s, int64_t budget, struct fail *f);
/* So long a queue may stand still over contacts that went well. */
#define LANE_STALL_MS (60LL * 60 * 1000)
/*
 * The bulk lane of a metered link waits until somebody asks: the peer (its last
 * message said so) or this node (a document that a person wants is not whole,
 * attachment_ask). A link is metered when its peer has a byte budget; a person
 * may say otherwise.
 */
enum lane_bulk_rule {
	LANE_BULK_BUDGET = 0, /* metered if there is a budget */
	LANE_BULK_ALWAYS = 1,
	LANE_BULK_ASKED = 2, /* metered */
};
/* In the caller's transaction. */
enum err lane_bulk_set(struct replica *r, const struct node_id *node,
    enum lane_bulk_rule rule, struct fail *f);
struct lane_bulk {
	bool metered; /* for us */
	bool asked;   /* a document or the history behind a snapshot is waited
	               * for here, or by a peer that is served from here */
	bool refused, wanted; /* what the peer said last */
};
enum err lane_bulk(struct replica *r, struct lane_bulk *out, int64_t peer,
    struct fail *f);
/* What a message of the peer says; in the transaction that takes it. */
enum err lane_bulk_said(struct replica *r, int64_t peer, bool refused,
    bool wanted, struct fail *f);
/* Do we send it nothing in the bulk lane now? */
bool lane_bulk_rests(const struct lane_bulk *b);

/* The peer writes as this author. *other: it was another one at the last contact,
 * so what went to it then may be with another copy of it. */
enum err lane_peer_author(struct replica *r, bool *other, int64_t peer,
    const struct author_tag *author, struct fail *f);
/* As lane_peer_author, where nothing is known of it yet. On a stick (not live),
 * which may be old, only while nothing was acknowledged either, by whoever it was. */
enum err lane_peer_author_first(struct replica *r, int64_t peer,
    const struct author_tag *author, bool live, struct fail *f);
/* Something is written for it as this author. *anew: another one, or nobody knows
 * which, acknowledged part of its queue, which is to begin anew. */
enum err lane_peer_author_next(struct replica *r, bool *anew, int64_t peer,
    const struct author_tag *author, struct fail *f);
/* Whoever it is next is welcome. */
enum err lane_peer_author_forget(struct replica *r, int64_t peer,
    struct fail *f);
/* A peer called us: as of now. In the transaction that takes its hello. */
enum err lane_peer_called(struct replica *r, int64_t peer, struct fail *f);
/* What waits for room at the peer, and until when at least (0: nothing does). */
enum err lane_aside(struct replica *r, int64_t *count, int64_t *again_ms,
    int64_t peer, struct fail *f);
/* A contact that we made ended after so many bytes on the wire; error NULL when
 * it was good. */
enum err lane_peer_tried(struct replica *r, const struct node_id *node,
    const char *error, int64_t wire_bytes, struct fail *f);

/* ---- sweeps (sweep.h) ---------------------------------------------------- */

/* Is a sweep with this peer due? A week after the last that found both equal,
 * a day after any other, or because something asked for it. */
enum err lane_sweep_due(struct replica *r, bool *due, int64_t peer,
    struct fail *f);
/* One is to come with the next contact: with this peer (0: with all but the
 * peer of that node; NULL: with all). */
enum err lane_sweep_ask(struct replica *r, int64_t peer,
    const struct node_id *not_with, struct fail *f);
/* One ended; equal: what both are to hold and was held here up to a segment
 * number is held there. */
enum err lane_sweep_ended(struct replica *r, int64_t peer, bool equal,
    int64_t reach, struct fail *f);
/* Up to which segment number the last sweep says so; 0 when it did not end
 * equal, or when one side lost data since. */
enum err lane_sweep_reach(struct replica *r, int64_t *reach, int64_t peer,
    struct fail *f);
/*
 * Queue again what a peer lacks, unless it is queued already: segments, and
 * membership records as negative numbers, in any order. Where a stub is all
 * that is held, its content is wanted from now on (_wanted), and sweeps with
 * all other peers are due. *queued counts.
 * cost: reads the peer's queue once, and each item
 */
enum err lane_again(struct replica *r, int64_t *queued, int64_t peer,
    const struct node_id *node, const int64_t *refs, size_t count,
    struct fail *f);

/* ---- what exchange and bundle call --------------------------------------- */

/* A bundle that they made at that time, by their clock, was taken in to its end:
 * their work is known as of then, at most as of now. Not where something before
 * it is missing; never goes back, moves by a minute at least. */
enum err lane_peer_heard(struct replica *r, const struct node_id *node,
    int64_t made_ms, struct fail *f);

struct lane_side {
	uint64_t top;                        /* ours: highest position queued */
	uint64_t acked;                      /* ours: acknowledged by them */
	uint64_t their_position;             /* theirs: held here */
	uint8_t their_mark[LANE_MARK_BYTES]; /* zeros at position 0 */
	/* the received beginning of the item at their_position + 1 */
	uint64_t staged_bytes;
	uint8_t staged_mark[LANE_MARK_BYTES];
};
struct lane_state {
	int64_t peer;
	uint8_t stream[LANE_STREAM_BYTES]; /* ours for them */
	uint8_t
	    their_stream[LANE_STREAM_BYTES]; /* zeros before first contact */
	struct lane_side lane[LANE_COUNT];
};
enum err lane_load(struct replica *r, struct lane_state *out, int64_t peer,
    struct fail *f);

struct lane_item {
	uint64_t position;
	enum lane_what what;
	int64_t ref; /* _member.no, _segment.no or _snapshot_out.no */
};
/* The first queued item after a position. ERR_NOTFOUND at the end. */
enum err lane_next(struct replica *r, struct lane_item *out, int64_t peer,
    enum lane lane, uint64_t after, struct fail *f);
/* Its wire bytes, appended. ERR_NOTFOUND when it is gone. */
enum err lane_bytes(struct replica *r, struct buf *out,
    const struct lane_item *item, struct fail *f);
void lane_mark(uint8_t out[static LANE_MARK_BYTES], const uint8_t *bytes,
    size_t n);
/* Mark of our queued item at a position; ERR_NOTFOUND when not kept. */
enum err lane_mark_at(struct replica *r, uint8_t out[static LANE_MARK_BYTES],
    int64_t peer, enum lane lane, uint64_t position, struct fail *f);

/*
 * The peer has no room today for more of what this author's node wrote, in this
 * lane and the later ones (room.h): what is queued of it waits aside, and so
 * does what comes, until again_s are over (a day at most, by our own clock).
 * *moved: how many left the queue.
 */
enum err lane_full(struct replica *r, int64_t *moved, int64_t peer,
    const struct author_tag *author, enum lane lane, int64_t again_s,
    struct fail *f);
/* At the beginning of a contact: what waited long enough is queued again. */
enum err lane_room_again(struct replica *r, int64_t peer, struct fail *f);

/* They hold our stream up to position: forget the queue before it. Never
 * goes back. */
enum err lane_ack(struct replica *r, int64_t peer, enum lane lane,
    uint64_t position, struct fail *f);
/* A new stream name, and everything queued again: one side lost data. */
enum err lane_reset(struct replica *r, int64_t peer, struct fail *f);

/* The peer names another stream than we know: forget our cursors into it. */
enum err lane_their_stream(struct replica *r, int64_t peer,
    const uint8_t stream[static LANE_STREAM_BYTES], struct fail *f);
/*
 * Positions first..last of their lane were received and committed with this
 * transaction; mark is that of last. Moves the cursor when they join it, and
 * over runs that came earlier; else remembers the run (at most
 * LIMIT_AHEAD_RUNS a lane, more are forgotten, which only costs bytes).
 */
enum err lane_took(struct replica *r, int64_t peer, enum lane lane,
    uint64_t first, uint64_t last, const uint8_t mark[static LANE_MARK_BYTES],
    struct fail *f);
/* Is this position of their lane held already? */
enum err lane_held(struct replica *r, bool *held, int64_t peer, enum lane lane,
    uint64_t position, struct fail *f);

/*
 * A piece of the item at position. Kept durably; *complete when all of total
 * is there, and then the item is appended to whole and the stage emptied. A
 * piece that does not join what is staged is dropped (the sender learns the
 * offset from our next cursor).
 */
struct lane_piece {
	uint64_t position, offset, total;
	const uint8_t *mark; /* LANE_MARK_BYTES of the whole item */
	const uint8_t *bytes;
	size_t n;
};
enum err lane_stage(struct replica *r, struct buf *whole, bool *complete,
    int64_t peer, enum lane lane, const struct lane_piece *piece,
    struct fail *f);

/* The last receipt in or out; empty buf when none. Set replaces it. */
enum lane_receipt { LANE_RECEIPT_IN, LANE_RECEIPT_OUT };
enum err lane_receipt_get(struct replica *r, struct buf *out, int64_t peer,
    enum lane lane, enum lane_receipt which, struct fail *f);
enum err lane_receipt_set(struct replica *r, int64_t peer, enum lane lane,
    enum lane_receipt which, const uint8_t *p, size_t n, struct fail *f);

#endif
