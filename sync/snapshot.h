/*
 * Snapshots: the rows of a compartment as they stand now, for a peer to whom its
 * whole history is new (FORMAT.md "Snapshot").
 *
 * Not part of the log, and never the truth: an item of a message (lane.h), made
 * by a registrar for one peer that holds the same key. The receiver shows its
 * rows while the history comes in the bulk lane: what comes is only stored,
 * STATE_WAITING, new rows can be written, and rows that came with the snapshot
 * cannot be changed. Once all that the snapshot stands for is held, the
 * compartment is derived from its log as always and the snapshot is gone. It is
 * gone before that, and the log alone says what there is, when anything came that
 * says that not everything counts (a flag of the compartment, a revocation), and
 * when a sweep with its maker found that there is no more to come.
 *
 * Of a maker with an older schema the rows are shown as it has them, and its digest
 * says nothing here; one of a newer schema is left, the history comes without it.
 *
 * Only for a compartment with one key, no flag, and everything readable, so that
 * it shows nothing that the history would not show.
 */
#ifndef FOOTBRIDGE_SYNC_SNAPSHOT_H
#define FOOTBRIDGE_SYNC_SNAPSHOT_H

#include "sync/log.h"

/* The first byte, where a segment has form 0 or 1. */
#define SNAPSHOT_FORM 2
#define SNAPSHOT_FORMAT 1
/* Shorter histories travel as they are. */
#define SNAPSHOT_SEGMENTS_MIN 16
/* ... and those that are not so many times as long as the snapshot. */
#define SNAPSHOT_GAIN 2

struct snapshot_end {
	struct author_tag author;
	int chain; /* CHAIN_CONTROL or CHAIN_DATA */
	uint64_t seq;
	struct segment_id id;
};
/* A parsed view; pointers borrow from the bytes given. */
struct snapshot {
	struct compartment_id compartment;
	struct node_id maker;
	uint8_t key_prefix[SEGMENT_PREFIX_BYTES];
	uint8_t salt[SEGMENT_SALT_BYTES];
	uint8_t digest[32];
	unsigned schema;   /* the maker's version, which the digest is of */
	uint64_t segments; /* of data that it stands for */
	size_t end_count;
	struct snapshot_end ends[LIMIT_DEPS];
	const uint8_t *head; /* all of the above, as it came */
	size_t head_n;
	const uint8_t *body; /* sealed; none in what was kept of one */
	size_t body_n;
	const uint8_t *signature;
};

/* Whole, or ERR_FORMAT, ERR_LIMIT, ERR_VERSION with out untouched. Checks what
 * needs no key. */
enum err snapshot_parse(struct snapshot *out, const uint8_t *p, size_t n,
    struct fail *f);
/* The head alone, as it is kept. */
enum err snapshot_parse_head(struct snapshot *out, const uint8_t *p, size_t n,
    struct fail *f);
void snapshot_put_head(struct buf *out, const struct snapshot *s);
/* What the maker signs: a hash of everything before the signature. */
void snapshot_statement(uint8_t out[static 32],
    const struct network_id *network, const uint8_t *p, size_t n);

/* May this node make one of the compartment for nodes of that agency? A
 * registrar of the owner agency or of theirs, not revoked. */
bool snapshot_may_make(struct replica *r, const struct compartment *c,
    const struct member_node *maker, const struct agency_id *receivers);

/*
 * Make one, appended. Only sealed work is in it.
 * fails: ERR_UNAVAILABLE when the compartment cannot have one (above), or is
 *        too large; ERR_NOTFOUND no key
 * cost:  derives the compartment twice
 */
enum err snapshot_make(struct replica *r, struct buf *out, int64_t cpt,
    struct fail *f);

/*
 * Take one in, from its maker. In the caller's transaction. Counted like a
 * segment: APPLIED its rows show now, DUPLICATE there is no use for it here,
 * REFUSED with one line. Never fails for what the bytes say.
 */
enum err snapshot_receive(struct replica *r, enum outcome *outcome,
    const uint8_t *p, size_t n, const struct node_id *peer, struct fail *why,
    struct fail *f);

/* Before a flagged compartment is derived: *shows says that its tables stay
 * those of the snapshot. Else the snapshot is gone, c has no flag, and the log
 * is to be derived. */
enum err snapshot_settle(struct replica *r, struct compartment *c, bool *shows,
    struct fail *f);
/* Forget all of this maker, or (NULL) of anybody and those that were made here
 * and are still queued; what they showed is derived. */
enum err snapshot_drop(struct replica *r, const struct node_id *maker,
    struct fail *f);

/* How much of the history is here. cpt 0: of all compartments together. */
struct snapshot_left {
	int64_t compartments;
	int64_t held, expected; /* segments of data */
};
enum err snapshot_left(struct replica *r, struct snapshot_left *out,
    int64_t cpt, struct fail *f);
/* ERR_WAIT with the line that a person reads when a row of c cannot be changed
 * yet. */
enum err snapshot_refuse_write(struct replica *r, const struct compartment *c,
    struct fail *f);

#endif
