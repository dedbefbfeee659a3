/*
 * What of the own agency's records reached other agencies: for the account of
 * disclosures, which node/ writes.
 *
 * A disclosure by sync is made when it is delivered. An agency counts as having
 * got what is sealed under a key that it was given and that a node of its own
 * holds, or a relay that serves one (from there it goes on without us). A peer
 * holds what is routed to it and neither waits in its queue nor beside it. So
 * nothing is asked of the receiver, and what is told may be told too early, never
 * too late.
 *
 * A contact marks the compartments that it moved (_due); a pass looks at some of
 * them and tells what is new since the last (_given).
 */
#ifndef FOOTBRIDGE_SYNC_GIVEN_H
#define FOOTBRIDGE_SYNC_GIVEN_H

#include "sync/compartment.h"

/* ---- for lanes: in the transaction that moves the queue ----------------------- */

/* A peer acknowledged a lane up to a position; before the queue forgets it. */
enum err given_acked(struct replica *r, int64_t peer, enum lane lane,
    uint64_t position, struct fail *f);
/* Something of this compartment came from a peer, which so has it. Nothing to do
 * where it is another agency's. */
enum err given_mark(struct replica *r, const struct compartment *c,
    struct fail *f);

/* ---- for the account ------------------------------------------------------------ */

struct given_rows {
	const struct table *table;
	int64_t rows; /* that were written or changed */
};
/* All borrowed for the call. */
struct given {
	struct row_id subject; /* a person */
	const char *category;
	struct agency_id agency; /* who got it */
	const struct member_node
	    *by;           /* the relay that has it for them, or NULL:
				       * they have it themselves */
	const char *basis; /* of the grant, "KIND:REF"; "": not readable here */
	bool ended; /* the grant does not count any more: it was on its way */
	int64_t at_ms;          /* of the contact, by the own clock */
	struct segment_id last; /* the last of what was given */
	const struct given_rows *tables;
	size_t table_count;
	int64_t entries; /* segments of records */
	int64_t parts;   /* of documents */
};
typedef enum err (
    *given_fn)(void *context, const struct given *g, struct fail *f);

#define GIVEN_PASS 64 /* compartments a pass looks at */
/*
 * One pass. stick: not NULL for a file that was just written for that node, whose
 * queue then counts as delivered. *more: there is more to look at. each may write
 * records; its failure undoes the pass. Own transaction unless in one.
 * cost: what is queued for peers of those compartments, read once; the segments
 *       that are new
 */
enum err given_pass(struct replica *r, const struct node_id *stick,
    given_fn each, void *context, bool *more, struct fail *f);
/* Is any compartment marked? cost: one indexed read */
enum err given_any(struct replica *r, bool *any, struct fail *f);
/* Mark what is queued for a node: before a pass with a stick. */
enum err given_stick(struct replica *r, const struct node_id *node,
    struct fail *f);

#endif
