/*
 * Units: items on their way, in an exchange message or a bundle alike.
 *
 * units_hello, units_take and units_ids run in the caller's transaction and
 * commit together with the cursor they move: a kill between commit and answer
 * costs nothing, and nothing verified is asked for twice.
 */
#ifndef FOOTBRIDGE_SYNC_UNITS_H
#define FOOTBRIDGE_SYNC_UNITS_H

#include "sync/log.h"
#include "sync/message.h"

/* What one contact, or one bundle, came to. */
struct exchange_stats {
	int64_t round_trips;
	int64_t bytes_out, bytes_in; /* bodies */
	int64_t sent_segments, sent_members;
	int64_t sent_pieces; /* parts of long segments, the last included */
	int64_t spared;      /* not sent: the peer had it from elsewhere */
	int64_t received;    /* = the sum of outcome */
	int64_t outcome[OUTCOME_COUNT];
	int64_t received_segments, received_members;
	int64_t received_twice; /* of outcome[DUPLICATE]: the cursor had it */
	int64_t put_off;        /* of outcome[REFUSED]: no room; asked again */
	int64_t no_room;        /* the same: no room today (room.h) */
	int64_t set_aside;      /* what the peer has no room for today */
	int64_t sealed, kept;   /* own segments; kept: no key to seal under */
	int64_t receipts_in, receipts_out;
	int64_t sweep_rounds; /* requests with items of a sweep */
	int64_t sweep_queued; /* found by a sweep to be lacking there */
	bool sweep_equal;     /* the last sweep of this contact found no more */
	bool peer_lost;   /* the peer's cursor went back: all is queued again */
	bool own_lost;    /* its cursor is ahead of our queue: the same */
	bool peer_behind; /* we hold more of the peer than it has itself */
	bool new_life;    /* it knew more of us than we: see replica.h */
	bool recovered;   /* restored, and heard what was missing */
	bool members_differ; /* no records moved, and yet the lists differ */
	char note[FAIL_TEXT_BYTES]; /* one line about the last flag, or "" */
};

/* What the receiver of an offer wants of a run of positions. */
struct units_want {
	uint64_t first, count; /* count 0: nothing said */
	uint8_t bits[LIMIT_OFFER_ITEMS / 8];
};

/* ---- hello --------------------------------------------------------------- */

/* The author of a node that was introduced here last. ERR_NOTFOUND */
enum err units_author_of(struct replica *r, struct author_tag *out,
    const struct node_id *node, struct fail *f);
/* Our side of a hello for a peer. yours: the tag the peer named as its own, or
 * NULL (then the author of that node that was introduced last). */
enum err units_make_hello(struct replica *r, struct hello *out,
    const struct lane_state *state, const struct node_id *peer,
    const struct author_tag *yours, struct fail *f);

/*
 * Judge a peer's hello and act on its cursors: acknowledge, or queue again
 * what it lost. *state is loaded anew. live: it was made for this contact; a
 * bundle's may be old, so it only moves things forward.
 *
 * Where the peer holds a position or id of our author that we do not have, this
 * replica was restored or copied: it begins a new life (stats->new_life), so the
 * contact must begin again with a hello that says so.
 *
 * fails: ERR_INPUT another network, ERR_VERSION, ERR_FENCE the peer's word about
 *        our author was believed once within the hour: nothing was done
 */
enum err units_hello(struct replica *r, struct lane_state *state,
    const struct hello *h, bool live, struct exchange_stats *stats,
    struct fail *f);
/* What a hello says about our author: ERR_FENCE, or OK. */
enum err units_fence(struct replica *r, const struct message_author *yours,
    struct fail *f);

/* ---- sending ------------------------------------------------------------- */

struct units_plan {
	int64_t peer;
	uint64_t from[LANE_COUNT]; /* send what comes after; moved along */
	/* bytes of the item after from that they hold, and its mark */
	uint64_t staged[LANE_COUNT];
	uint8_t staged_mark[LANE_COUNT][MESSAGE_SHORT_MARK];
	struct units_want want[LANE_COUNT];
	bool offer;   /* offer ids where more than 4 KB are queued */
	bool no_bulk; /* leave the bulk lane alone, as if nothing were in it */
	bool uncut; /* items go whole: the budget has room for the first one */
	size_t budget_bytes;
	/* out */
	bool more, more_urgent; /* left for another message */
	bool any;               /* something was put */
};
/* Append units and offers, urgent lane first, up to the budget (at least one
 * unit, or a piece of one, whatever the budget). */
enum err units_send(struct replica *r, struct buf *out, struct units_plan *plan,
    struct exchange_stats *stats, struct fail *f);

/* ---- receiving ----------------------------------------------------------- */

/* Whose work found no room, and from which lane on. Of more at once, who is left
 * out here is told of with the next message. Part of the format. */
#define UNITS_FULL_MAX 16
struct units_full {
	struct author_tag author;
	enum lane lane;
};
struct units_full_list {
	struct units_full at[UNITS_FULL_MAX];
	size_t count;
};

/* The notes of a message, collected while its units are taken. */
struct units_notes {
	struct units_want want[LANE_COUNT]; /* the peer's */
	bool has_cursor[LANE_COUNT];
	struct message_cursor cursor[LANE_COUNT];
	/* offers, to be answered: what we want of them */
	struct units_want offered[LANE_COUNT];
	bool any_units;
	struct units_full_list full; /* to be told */
	/* the message as it was before the first item of a sweep */
	bool has_sweep;
	struct message sweep;
};
/*
 * Take everything of an opened and validated message: units into the log,
 * cursors moved, receipts kept, wants collected, offers compared with what is
 * held. Bytes that are wrong are an outcome, never a failure. Items of a sweep
 * are left to sweep.h. What the message says of room is units_heed_full's.
 */
enum err units_take(struct replica *r, struct units_notes *out,
    const struct lane_state *state, const struct node_id *peer,
    struct message *m, struct exchange_stats *stats, struct fail *f);

/*
 * Before anything of what was sent is taken for acknowledged: set aside what the
 * message says there is no room for. *told: it says so, and then only what its
 * cursors say is held, whatever was sent.
 */
enum err units_heed_full(struct replica *r, bool *told,
    const struct lane_state *state, const struct message *m,
    struct exchange_stats *stats, struct fail *f);
/* Say so; cursors, which tell what is held, stand before it. */
void units_put_full(struct buf *out, const struct replica *r,
    const struct units_full_list *full);

#endif
