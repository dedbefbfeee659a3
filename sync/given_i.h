/* Shared by given.c and given_held.c; nobody else includes this. */
#ifndef FOOTBRIDGE_SYNC_GIVEN_I_H
#define FOOTBRIDGE_SYNC_GIVEN_I_H

#include "sync/given.h"

enum given_chain { GIVEN_RECORDS, GIVEN_PARTS };
#define GIVEN_CHAINS 2

/* How far one peer holds one compartment. */
struct given_held {
	const struct member_node *node;
	int64_t reach[GIVEN_CHAINS]; /* segment numbers */
};

/* What waits for peers of the compartments that are due, loaded once a pass. */
struct given_waiting {
	struct buf list; /* struct wait */
	int64_t stick;   /* the peer whose queue counts as delivered, or 0 */
};
enum err given_waiting_load(struct given_waiting *w, struct replica *r,
    const struct node_id *stick, struct fail *f);
void given_waiting_release(struct given_waiting *w);

/* Every peer that holds anything of a compartment: struct given_held, appended. */
enum err given_held(struct replica *r, struct buf *out,
    const struct given_waiting *w, int64_t cpt, struct fail *f);
/* Has this agency what that node holds? *relay: as its relay. */
bool given_is_for(struct replica *r, const struct member_node *node,
    const struct agency_id *agency, bool *relay);

#endif
