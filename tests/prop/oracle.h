/*
 * What counts, who holds and which keys are ended, by the rules of DESIGN 7 and
 * control.h read once more: brute force over the pool, from the bodies of its
 * control segments and from membership. It asks nothing of the engine's control.
 *
 * Covers what the histories play: one owner for ever, its registrars grant,
 * registrars and nodes remove, registrars adopt, one node revokes.
 */
#ifndef FOOTBRIDGE_TESTS_PROP_ORACLE_H
#define FOOTBRIDGE_TESTS_PROP_ORACLE_H

#include "sync/control.h"
#include "tests/prop/world.h"

struct oracle {
	struct world *w;
	unsigned machine;
	const struct members *m;
	world_set in_log;               /* stored there, its past or not */
	world_set past[WORLD_SEGMENTS]; /* as far as it is stored */
	/* of control segments: bodies, NULL for others */
	const struct grant_body *grant[WORLD_SEGMENTS];
	const struct remove_body *remove[WORLD_SEGMENTS];
	const struct points_body *adopt[WORLD_SEGMENTS];
	struct grant_body *grants;
	struct remove_body *removes;
	struct points_body *adopts;
	size_t grant_count, remove_count, adopt_count;
};

struct oracle *oracle_new(struct world *w, unsigned machine);
/* As if of all that is in its log only these were. */
struct oracle *oracle_of(struct world *w, unsigned machine,
    const world_set only);
void oracle_free(struct oracle *o);
/* Data: do its operations count? */
bool oracle_counts(const struct oracle *o, size_t segment);
/* Is it an order to destroy that counts? Has one come? */
bool oracle_order_counts(const struct oracle *o, size_t segment);
bool oracle_ordered(const struct oracle *o);
/* Does nothing count that this node says from now on? */
bool oracle_cuts_off(const struct oracle *o, unsigned node);
bool oracle_holds(const struct oracle *o, const struct control_who *who);
/* Is a key with this prefix ended, by a removal that is stored or a revocation
 * that is known? */
bool oracle_ended(const struct oracle *o, const uint8_t *prefix);
/* Does a grant say, by who may, that this node is to have the records? */
bool oracle_names(const struct oracle *o, unsigned node);
/* The right that a segment gives the other agency, as if nobody had been taken
 * away; 0: none. */
unsigned oracle_gives(const struct oracle *o, size_t segment);
/* Was a machine of this node ever handed this key? */
bool oracle_was_given(struct world *w, unsigned node, const struct key_id *id);
/* Is control not sealed yet there, which is not in the pool? */
bool oracle_lags(const struct oracle *o, const struct compartment *c);
/* NULL, or what a node's control and keys say otherwise; static memory. */
const char *oracle_judge(struct world *w, unsigned machine);

#endif
