/*
 * Compacting: a relay gives up what it need not keep, everybody gives unused
 * pages of the database back.
 *
 * A relay keeps ciphertext for others. It may cut a segment that it cannot read
 * to its stub when it is sure that it is not needed here: when every holder of
 * the compartment has signed for all that this relay queued for it of that
 * compartment (receipt.h), and a sweep with a node of the owner agency, since
 * the segment came, found both sets equal; and when at least two nodes are
 * holders, for else this copy is the only other one. Whoever wrote it or holds a key keeps
 * it for ever, and control is never cut. A stub verifies, keeps its place in the
 * chain, and counts as held; should a holder lose the whole one, the relay wants
 * it back and gets it from the owner (sweep.h). So nothing can be lost here, but
 * the way back is longer.
 *
 * Conservative where it does not know: no route, no peer, no receipt, an owner
 * that is not known, a grant to this node or its agency that may still be
 * opened: then it keeps.
 */
#ifndef FOOTBRIDGE_SYNC_COMPACT_H
#define FOOTBRIDGE_SYNC_COMPACT_H

#include "sync/compartment.h"

struct compacting {
	int64_t cut, cut_bytes; /* segments made stubs, bytes less */
	/* kept whole for others, and why: somebody did not sign for it yet; no
	 * equal sweep with the owner since it came; one node has it besides */
	int64_t unsigned_for, unswept, alone;
	/* one of those who did not sign, or zeros */
	struct node_id waits_for;
	int64_t cpt; /* private: how far it is */
};
/*
 * Go on with some compartments, in a transaction of its own: others may use the
 * replica between two steps. Begin with {0}; *done ends it.
 */
enum err compact_step(struct replica *r, struct compacting *c, bool *done,
    struct fail *f);

#endif
