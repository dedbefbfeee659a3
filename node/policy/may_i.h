/* Between may.c and may_consent.c only. */
#ifndef FOOTBRIDGE_NODE_POLICY_MAY_I_H
#define FOOTBRIDGE_NODE_POLICY_MAY_I_H

#include "node/policy/policy.h"

struct may_asking {
	const struct policy_pack *pack;
	const struct policy_facts *facts;
	const struct policy_question *q;
	const char *category; /* the label that is being decided */
	struct policy_answer *out;
};

/* Is category, LABEL.item, that one, or an item of it? */
bool may_covers(const char *wide, const char *category);
/* Is whoever receives it in no agency of the network? */
bool may_is_outside(const struct policy_question *q);
bool may_is_from(policy_day day, policy_day today);
bool may_is_over(policy_day end, policy_day today);
/* named, else of these kinds; 0: any */
bool may_fits_party(const struct agency_id *named, uint32_t kinds,
    const struct policy_party *p);

/* The first consent that holds, into a->out; kind: the basis asks for it, -1: any.
 * None: *near is the refusal that came nearest, if it comes nearer than that. */
bool may_find_consent(const struct may_asking *a, int kind,
    struct policy_answer *near);
/* The first authority that holds, into a->out. */
bool may_find_authority(const struct may_asking *a, int kind);
/* The same without a word of it in a->out. */
bool may_has_any_consent(const struct may_asking *a);
bool may_has_any_authority(const struct may_asking *a);
/* The end of the window of this consent in which the row's day stands. */
policy_day may_scope_end(const struct may_asking *a,
    const struct policy_consent *c);

#endif
