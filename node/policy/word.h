/*
 * What registrars say of what they granted: table sharing_word, one row of the
 * owner for each agency that holds keys of it. "On this day all that you were
 * granted stands, but for these compartments." Leases are counted from that day;
 * who is on the list is not shown any more, whether the removal itself has come
 * or not. Any node may carry it.
 */
#ifndef FOOTBRIDGE_NODE_POLICY_WORD_H
#define FOOTBRIDGE_NODE_POLICY_WORD_H

#include "node/policy/arena.h"
#include "node/policy/policy.h"
#include "sync/replica.h"

/* the last so many that were taken away, by the first bytes of their ids */
#define WORD_ENDED_MAX 512
#define WORD_PREFIX_BYTES 8

struct word {
	struct agency_id owner, to;
	policy_day valid;
	const uint8_t *ended; /* ended_count prefixes */
	size_t ended_count;
};

struct word_list {
	struct word *word;
	size_t count;
	struct arena arena;
};

/* All that can be read. ERR_NOMEM, what reading fails with. */
enum err word_load(struct word_list *out, struct replica *r, struct fail *f);
void word_release(struct word_list *l);
/* NULL: none */
const struct word *word_find(const struct word_list *l,
    const struct agency_id *owner, const struct agency_id *to);
/* Does it say that this compartment was taken away? */
bool word_ended(const struct word *w, const uint8_t prefix[static 8]);

#endif
