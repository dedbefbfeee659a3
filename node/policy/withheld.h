/*
 * What a person took away by hand: policy does not give it again, until a person
 * shares it again.
 *
 * Nothing is stored for it. A removal by the driver says "policy: ..." in its
 * words; any other of an agency is somebody's, and stands as long as nothing was
 * granted to that agency after it (sync/remove.h).
 */
#ifndef FOOTBRIDGE_NODE_POLICY_WITHHELD_H
#define FOOTBRIDGE_NODE_POLICY_WITHHELD_H

#include "node/policy/arena.h"
#include "sync/remove.h"

/* What the words of the driver's own removals begin with. */
#define WITHHELD_POLICY "policy: "

struct withheld {
	const char *category, *words; /* in the arena */
	struct agency_id agency;
	int64_t at_ms;
};
/* Of the own agency's records of this person; in arena.
 * cost: reads the control of what anybody was ever taken off */
enum err withheld_load(struct withheld **out, size_t *count, struct replica *r,
    const struct row_id *person, struct arena *arena, struct fail *f);
/* NULL: it is not. */
const struct withheld *withheld_find(const struct withheld *list, size_t count,
    const char *category, const struct agency_id *agency);

/* Is this removal one of those? */
bool withheld_is(const struct remove_left *left);

#endif
