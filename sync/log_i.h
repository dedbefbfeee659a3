/* Private to the log's files (log*.c, derive*.c). */
#ifndef FOOTBRIDGE_SYNC_LOG_I_H
#define FOOTBRIDGE_SYNC_LOG_I_H

#include "sync/replica_i.h"

/* A _segment row to be inserted; pointers borrowed. */
struct log_row {
	int64_t no, cpt, author;
	int chain;
	uint64_t seq, position;
	enum segment_kind kind;
	enum segment_state state;
	const struct segment_id *id; /* NULL while unsealed */
	int64_t prev;                /* of a sealed one; 0: the first */
	const struct buf *deps;      /* NULL once sealed */
	const uint8_t *bytes;
	size_t n;
};
enum err log_insert(struct replica *r, const struct log_row *row,
    struct fail *f);

/* ---- log_open.c: operations added to an open segment after its first ---- */

/* How many bytes they are; 0 for none. */
enum err log_open_bytes(struct replica *r, uint64_t *bytes, int64_t segment,
    struct fail *f);
enum err log_open_add(struct replica *r, int64_t segment, const uint8_t *p,
    size_t n, struct fail *f);
/* All of them, as they were added, appended. */
enum err log_open_put(struct replica *r, struct buf *out, int64_t segment,
    struct fail *f);
enum err log_open_drop(struct replica *r, int64_t segment, struct fail *f);

/* The loose operations of an unsealed data segment, appended: the first, as its
 * row has it (n bytes), then those that were added. */
enum err log_loose(struct replica *r, struct buf *out, int64_t segment,
    const uint8_t *first, size_t n, struct fail *f);
/* The same as a packed payload. */
enum err log_pack(struct replica *r, struct buf *payload, int64_t segment,
    const uint8_t *first, size_t n, struct fail *f);

/* What c's ends are after a segment named one, or was added. */
/* A segment of by_chain names this one: an end no more, or only for control. */
void log_end_covered(struct compartment *c, int64_t segment, int by_chain);
void log_end_added(struct compartment *c, int64_t segment, int chain);

/* Try every held key that the header's prefix fits: payload appended.
 * ERR_NOTFOUND when none opens it. */
enum err log_open_segment(struct replica *r, struct buf *payload, int64_t cpt,
    const struct segment *s, struct fail *f);

/* ---- log_branch.c: several segments at one place ----
 *
 * A place is (author, compartment, chain, seq). An honest node writes one segment
 * there. Who runs a copy of a node, or a node that lies, writes more: branches.
 * All of them are kept. Siblings (one predecessor) are ordered by id, others as
 * the branches they came out of; of one place the first LOG_BRANCHES in that
 * order count and the rest, with what builds on it, is STATE_BEYOND. A new
 * segment can only push others out, never let one in, so what counts follows
 * from the set of segments alone, whatever came first and was not kept.
 */
#define LOG_BRANCHES 8
/* Held of one place: more that would not count are refused. */
#define LOG_PLACE_MAX 64

struct log_place {
	int64_t cpt, author;
	int chain;
	uint64_t seq;
};
/* A sealed segment there. */
struct log_stand {
	int64_t no, prev;
	enum segment_state state;
	struct segment_id id;
};
struct log_stands {
	size_t count;
	struct log_stand at[LOG_PLACE_MAX];
};
/* Those that count first; at most LOG_PLACE_MAX. */
enum err log_at(struct replica *r, struct log_stands *out,
    const struct log_place *place, struct fail *f);
/* The one at a place that a dependency means; no 0: it is not held. */
enum err log_find(struct replica *r, struct log_stand *out,
    const struct log_place *place, const uint8_t ref[static SEGMENT_REF_BYTES],
    struct fail *f);
/* Would a segment with this predecessor and id count? */
enum err log_branch_counts(struct replica *r, bool *counts,
    const struct log_stands *beside, int64_t prev, const struct segment_id *id,
    struct fail *f);
/*
 * Segment no was stored where others stand: evidence is written, what does not
 * count any more leaves, and the compartment is derived. In the transaction
 * that stored it.
 */
enum err log_branch_added(struct replica *r, struct compartment *c,
    const struct log_place *place, int64_t no, struct fail *f);
/* Two segments of an author claim one position, wherever they are: evidence. */
enum err log_position_added(struct replica *r, int64_t author,
    uint64_t position, int64_t no, struct fail *f);

/* ---- log_lost.c ---- */

/* Only the stub of it came: its content is wanted, from whoever a sweep finds
 * to have it. */
enum err log_want_whole(struct replica *r, int64_t no, struct fail *f);
/* The whole came; others who hold the stub may want it too. */
enum err log_have_whole(struct replica *r, int64_t no,
    const struct node_id *source, struct fail *f);
/* One was stored that is not its author's newest: what was held already and
 * builds on it, since it was here once, is joined to it again. */
enum err log_lost_came(struct replica *r, const struct log_row *row,
    struct fail *f);

/* ---- log_parked.c ---- */

#define PARKED_AUTHOR 1
#define PARKED_PREDECESSOR 2
#define PARKED_BRANCH 3 /* fits none of those before it that are held */

/* Something that cannot be verified yet; pointers borrowed. */
struct parked {
	const struct segment_header *header; /* log_park only */
	int reason;
	int64_t since_ms; /* 0: now */
	const uint8_t *bytes;
	size_t n;
	const struct node_id *peer; /* or NULL */
};
/* Put it aside: WAITING, DUPLICATE when it is there already, REFUSED with
 * why->code ERR_WAIT when the peer's quota is full. */
enum err log_park(struct replica *r, enum outcome *outcome,
    const struct parked *in, struct fail *why, struct fail *f);
/* A segment with this header was stored: what is parked right after it in its
 * chain is taken again, and so on along the chain. */
enum err log_retry_next(struct replica *r, const struct segment_header *h,
    struct fail *f);
/* In log_receive.c: through the checks anew; parked again if it must. */
enum err log_take_again(struct replica *r, bool *stored,
    const struct parked *in, struct fail *f);

#endif
