/*
 * The log of one replica: own operations on their way to being sealed, and
 * everything received. Truth for every derived table.
 *
 * state of a _segment row:
 *
 *   OPEN --close--> CLOSED --seal--> APPLIED          own
 *   received --verified--+--> APPLIED                 readable, deps applied
 *                        +--> WAITING (a dependency is missing)
 *                        +--> UNREADABLE (kept and relayed; no key here)
 *                        +--> QUARANTINED (past a cut)
 *                        +--> BEYOND (the ninth branch of one place, and what
 *                             builds on it: log_branch.c)
 *
 * WAITING and UNREADABLE become APPLIED when what they lack arrives. Not yet
 * verifiable (unknown author, missing predecessor) is parked outside the log.
 */
#ifndef FOOTBRIDGE_SYNC_LOG_H
#define FOOTBRIDGE_SYNC_LOG_H

#include "sync/compartment.h"
#include "sync/op.h"

enum segment_state {
	STATE_OPEN = 1,
	STATE_CLOSED = 2,
	STATE_APPLIED = 3,
	STATE_WAITING = 4,
	STATE_UNREADABLE = 5,
	STATE_QUARANTINED = 6,
	STATE_BEYOND = 7,
};

/* What became of something received; received = the sum of the others. */
enum outcome {
	OUTCOME_APPLIED, /* in effect, or held and relayed without a key */
	OUTCOME_DUPLICATE,
	OUTCOME_WAITING,
	OUTCOME_QUARANTINED,
	OUTCOME_REFUSED,
};
#define OUTCOME_COUNT 5
const char *outcome_name(enum outcome o);

/*
 * Append one operation of this node to the compartment's open segment (opening
 * one, or closing a full one first). In the caller's transaction. *segment is
 * the local number the operation's values have as their origin. Does not touch
 * the tables: write.c does.
 */
enum err log_append(struct replica *r, struct compartment *c, int64_t *segment,
    const struct op *op, struct fail *f);
/* Append a whole offer (its body a sealed box) or attachment (its payload):
 * closed at once, beside the log, so nothing waits for it and it waits for
 * nothing. It is sealed by log_seal like other work. */
enum err log_append_beside(struct replica *r, struct compartment *c,
    int64_t *segment, enum segment_kind kind, const uint8_t *body, size_t n,
    struct fail *f);
/* Append a whole control segment (closed at once); its effects are applied by
 * the caller (grant.c). */
enum err log_append_control(struct replica *r, struct compartment *c,
    int64_t *segment, enum segment_kind kind, const uint8_t *body, size_t n,
    struct fail *f);
/* Close the open segment before something changes what counts. */
enum err log_close_open(struct replica *r, struct compartment *c,
    struct fail *f);

/*
 * Seal everything unsealed: position, seq, dependencies, key, signature; then
 * queue it for the peers entitled to it. Commits, then writes the fence: after
 * a return of OK the segments may leave this machine. Compartments whose key
 * is missing keep their work closed (*kept counts such segments), and so does a
 * restored replica (replica.h). Never inside a caller's transaction (asserted).
 */
enum err log_seal(struct replica *r, int64_t *sealed, int64_t *kept,
    struct fail *f);

/*
 * Take in one segment as received from peer. In the caller's transaction.
 * Verifies cheapest first, stores, applies or marks for derivation, queues for
 * other entitled peers, counts. Never fails for what the bytes say: that is an
 * outcome (why: one line when not APPLIED/DUPLICATE). Fails for our own disk.
 * REFUSED with why->code ERR_WAIT: the quota of unverified ones is full, nothing
 * was kept; it is to be sent again later. ERR_ROOM: the same, since its node used
 * up its day here (room.h).
 */
enum err log_receive(struct replica *r, enum outcome *outcome,
    struct segment_id *id, const uint8_t *bytes, size_t n,
    const struct node_id *peer, struct fail *why, struct fail *f);
/* Give all parked segments of an author another chance: its record arrived. */
enum err log_retry_parked(struct replica *r, const struct author_tag *author,
    struct fail *f);

/* Keep something refused to be looked at (held), within LIMIT_REFUSED*; what
 * has no room is only counted, by the caller. */
enum err log_keep_refused(struct replica *r, const struct node_id *peer,
    const struct fail *why, const uint8_t *bytes, size_t n, struct fail *f);

/* Stored bytes of a sealed segment, appended. ERR_NOTFOUND. */
enum err log_bytes(struct replica *r, struct buf *out, int64_t segment,
    struct fail *f);
/*
 * The operations of one segment, loose->packed for unsealed, decrypted for
 * sealed: payload appended. ERR_DENIED when no key is held.
 */
enum err log_payload(struct replica *r, struct buf *payload, int64_t segment,
    struct fail *f);

/* Highest position and id of an author that we hold (own: ever sealed). */
enum err log_author_top(struct replica *r, const struct author_tag *author,
    uint64_t *position, struct segment_id *id, struct fail *f);

/*
 * Recompute chains, ids and signatures of all sealed segments, in steps of some
 * milliseconds: between two of them others may use the replica, and what they
 * store is checked or not. Begin with {0}; *done ends it. deep: also derive
 * every table in memory and compare. ERR_CORRUPT names the first that does not
 * fit.
 */
struct log_verifying {
	int64_t checked; /* segments so far */
	/* private: how far it is */
	unsigned stage;
	int64_t no, cpt, author, chain, compartment;
	uint64_t seq;
};
enum err log_verify_step(struct replica *r, struct log_verifying *v, bool deep,
    bool *done, struct fail *f);
/* All steps. */
enum err log_verify(struct replica *r, bool deep, int64_t *checked,
    struct fail *f);

#endif
