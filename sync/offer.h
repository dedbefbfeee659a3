/*
 * Offers: work of a computer that may not write any more (DESIGN 7).
 *
 * What was typed on a laptop that lost the person meanwhile, or was taken out
 * of the network, cannot be sealed under a key of the compartment. It is sealed
 * to the owner agency instead: an offer segment beside the log, which changes
 * no table until a registrar of the owner takes it up (adopt). Then it is
 * written anew in that registrar's name, with who typed it and when; what would
 * overwrite something that its writer did not know becomes a draft.
 *
 * Nothing here trusts an offer: it is opened, bounded and judged like any work
 * of its author, and only a person makes it count.
 */
#ifndef FOOTBRIDGE_SYNC_OFFER_H
#define FOOTBRIDGE_SYNC_OFFER_H

#include "sync/control.h"

/* ---- at the writer --------------------------------------------------------- */

/*
 * A closed data segment for which there is no key: offer it, if this node or
 * its agency left the compartment, or the node was revoked. Once. In the
 * caller's transaction; the offer is sealed as other work is.
 * in:  deps: segment numbers it depends on; loose: its operations
 * out: *offered: it is in an offer (now, or since before)
 */
enum err offer_unsealable(struct replica *r, struct compartment *c,
    int64_t data, const struct buf *deps, const struct buf *loose,
    bool *offered, struct fail *f);
/* The data could be sealed after all. */
enum err offer_not_needed(struct replica *r, int64_t data, struct fail *f);

/* How much of this computer's own work is offered, by who decides. */
typedef void (*offer_own_fn)(void *context, const struct agency_id *owner,
    int64_t changes);
enum err offer_own_each(struct replica *r, offer_own_fn each, void *context,
    struct fail *f);

/* ---- at the owner ------------------------------------------------------------ */

/* Offers to this agency that nobody took up. */
struct offer_pending {
	int64_t segment, cpt, author; /* local numbers */
	uint64_t seq;
	struct segment_id id;
	const struct member_node *node; /* who offers */
	int64_t changes;                /* operations in it */
	int64_t typed_ms;               /* when the first was typed, it says */
	int64_t at_ms;                  /* stored here */
	size_t bytes;
};
typedef enum err (*offer_pending_fn)(void *context,
    const struct offer_pending *o, struct fail *f);
/* By compartment, then as they came. Only where this node holds the agency's
 * keys. cost: opens each. */
enum err offer_pending_each(struct replica *r, offer_pending_fn each,
    void *context, struct fail *f);

/* Compartments (int64_t numbers, ascending, appended) with offers of a node. */
enum err offer_compartments(struct replica *r, struct buf *out,
    const struct node_id *node, struct fail *f);

struct offer_sum {
	int64_t offers;  /* taken up */
	int64_t written; /* operations that count from now on */
	int64_t drafts;  /* kept for a person: the record had changed */
	int64_t invalid; /* operations that break a rule of the schema */
};
/*
 * Write what a node offers in one compartment, at most CONTROL_POINTS_MAX of
 * its offers at once; ids: for the adoption that has to follow in the same
 * transaction. New rows go in; a field that is set only where all that stands
 * in it was known to the writer.
 */
enum err offer_take_up(struct replica *r, int64_t cpt,
    const struct node_id *node, struct segment_id *ids, size_t *count,
    struct offer_sum *sum, struct fail *f);

/* ---- the body (FORMAT.md "Offer") -------------------------------------------- */

struct offer_body {
	size_t dep_count;
	struct segment_dep deps[LIMIT_DEPS];
	struct row_id subject;
	char category[LIMIT_CATEGORY_BYTES + 1];
	const uint8_t *payload; /* packed operations; borrowed */
	size_t payload_n;
};
/* What a box is bound to: compartment and author, agency and key number. */
struct offer_place {
	struct compartment_id compartment;
	struct author_tag author;
	struct agency_id agency;
	uint64_t key_no;
};
/* Clear body of the segment, appended. ERR_INPUT: no usable key; ERR_LIMIT */
enum err offer_body_seal(struct buf *out, const struct offer_body *b,
    const struct offer_place *place, const uint8_t key[static 32],
    const struct env *env);
/* The number of the key that a body is sealed to. ERR_FORMAT */
enum err offer_body_key(uint64_t *key_no, const uint8_t *p, size_t n);
/* plain keeps what out borrows. ERR_AUTH: not with this key pair; ERR_FORMAT */
enum err offer_body_open(struct offer_body *out, struct buf *plain,
    const uint8_t *p, size_t n, const struct offer_place *place,
    const uint8_t key[static 32], const uint8_t secret[static 32]);

#endif
