/*
 * Sweeps: do two replicas hold the same, whatever their cursors say?
 *
 * Cursors can lie: a disk was replaced, a database rolled back, a row lost. So
 * now and then two peers compare what both are to hold: all membership records,
 * and every segment of the compartments that both are entitled to by the
 * grants they hold (grant_scope), whoever wrote it. Each side's set is its
 * sorted ids; a range of it is told by 16 bytes,
 *
 *   Hash(LABEL_FINGERPRINT, 16, count, sum of the ids mod 2^256)
 *
 * Ranges that differ are cut into smaller ones by whoever has them, until one
 * holds so few ids that they are told. What the other side lacks is queued in
 * the ordinary lanes, both ways; nothing is ever taken away.
 *
 * A stub counts as held, unless its content is wanted (_wanted): then it counts
 * as lacking, until somebody who has the whole has sent it.
 *
 * The caller drives and has a struct sweep; the answerer keeps nothing between
 * requests. PROTOCOL.md has the messages and the table of phases. Costs: one
 * round trip of some 60 bytes when equal; 6 KB and three more when 100,000 items
 * differ in three.
 */
#ifndef FOOTBRIDGE_SYNC_SWEEP_H
#define FOOTBRIDGE_SYNC_SWEEP_H

#include "sync/units.h"

/* ---- the set (sweep_set.c) ------------------------------------------------- */

struct sweep_entry {
	uint8_t id[32];
	int64_t ref; /* _segment.no, or -_member.no */
};
/* Sorted by id. Zeroed is empty. */
struct sweep_set {
	struct buf entries; /* struct sweep_entry, owned */
	int64_t reach;      /* highest segment number when it was loaded */
};
/*
 * What this replica holds of the scope it has in common with a peer.
 * fails: ERR_NOMEM, and what the database says
 * cost:  reads an index entry for each item; 40 bytes of memory each
 */
enum err sweep_set_load(struct replica *r, struct sweep_set *out,
    const struct node_id *peer, struct fail *f);
void sweep_set_release(struct sweep_set *s);
size_t sweep_set_count(const struct sweep_set *s);
const struct sweep_entry *sweep_set_at(const struct sweep_set *s, size_t at);
/* Put the entries in order and leave out what stands twice: only for sets that
 * were filled by hand (tests). */
void sweep_set_sort(struct sweep_set *s);
/* The number of the first entry at or after a bound. */
size_t sweep_set_find(const struct sweep_set *s,
    const struct message_bound *bound);
/* Of the entries first..first+count-1. */
void sweep_fingerprint(uint8_t out[static MESSAGE_FINGERPRINT_BYTES],
    const struct sweep_set *s, size_t first, size_t count);

/* ---- both sides: a part of a message (sweep_part.c) ------------------------ */

/* Ids in a range that is told by its ids; ranges that one is cut into. */
#define SWEEP_NAMES 64
#define SWEEP_CUTS 48
/* Of a sweep in one message; less when the unit size is less. */
#define SWEEP_BYTES 65536

/* What one side says next, and what it learned. Zeroed but for set. */
struct sweep_part {
	const struct sweep_set *set;
	struct buf ranges; /* items ranges and names, as bytes */
	struct buf lacks;  /* names that we lack, ascending */
	struct buf gives;  /* int64_t refs that the other side lacks */
};
void sweep_part_release(struct sweep_part *p);
/* Tell a range that differs: its ids, or the ranges that it is cut into. */
void sweep_tell(struct sweep_part *p, const struct message_bound *low,
    const struct message_bound *high);
/* The other side's ids of a range: what of it is lacking here and there. */
void sweep_compare(struct sweep_part *p, const struct message_item *names);
/* The other side lacks these. What is not held here either is left out. */
void sweep_give(struct sweep_part *p, const struct message_item *lack);
/* Is the range low..high of this fingerprint here too? */
bool sweep_same(const struct sweep_set *s, const struct message_bound *low,
    const struct message_bound *high, const uint8_t *fingerprint);
void sweep_put_lacks(struct buf *out, const struct buf *lacks);

/* ---- answering (sweep_answer.c) -------------------------------------------- */

/*
 * Answer the items of a request (notes.sweep): append ours to out, queue what
 * the caller lacks. In the caller's transaction. A request that tells one
 * fingerprint of everything begins or ends a sweep: noted for the peer.
 * fails: ERR_FORMAT an answer's item in a request; what the database says
 */
enum err sweep_answer(struct replica *r, struct buf *out, int64_t peer,
    const struct node_id *node, const struct message *request,
    size_t budget_bytes, struct exchange_stats *stats, struct fail *f);

/* ---- calling (sweep.c) ----------------------------------------------------- */

enum sweep_phase {
	SWEEP_NONE,  /* not due */
	SWEEP_DUE,   /* once the lanes are drained */
	SWEEP_FIRST, /* one fingerprint of everything is asked about */
	SWEEP_LOOK,  /* it differed: ranges are asked about */
	SWEEP_FLOW,  /* what was found flows in the lanes */
	SWEEP_LAST,  /* one fingerprint again */
	SWEEP_OVER,
};
struct sweep;

enum err sweep_new(struct sweep **out, struct fail *f);
void sweep_free(struct sweep *s);
enum sweep_phase sweep_phase(const struct sweep *s);
/* One is wanted in this contact. Not twice. */
void sweep_begin(struct sweep *s);
/* The contact begins again with a hello: so does the sweep. */
void sweep_again(struct sweep *s);
/*
 * Append what is to be asked now, or nothing. drained: no side has anything in
 * its lanes for the other.
 */
enum err sweep_ask(struct sweep *s, struct replica *r, struct buf *out,
    const struct node_id *node, bool drained, size_t budget_bytes,
    struct fail *f);
/*
 * Take the answer to it; NULL when it had no item of a sweep. In the caller's
 * transaction. Nothing when nothing was asked.
 * fails: ERR_FORMAT an answer that does not fit the question
 */
enum err sweep_take(struct sweep *s, struct replica *r, int64_t peer,
    const struct node_id *node, const struct message *answer,
    struct exchange_stats *stats, struct fail *f);

#endif
