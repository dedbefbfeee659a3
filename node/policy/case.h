/*
 * What is on record for one decision: read once, asked many times.
 *
 * A case is about one person and two agencies on one day. It holds what of the
 * tables can be read here: a consent that this node has not got is none.
 */
#ifndef FOOTBRIDGE_NODE_POLICY_CASE_H
#define FOOTBRIDGE_NODE_POLICY_CASE_H

#include "node/policy/agreement.h"

struct policy_case {
	struct policy_facts facts;
	/* of the receiving agency: any of its staff on the team, or asked for by
	 * an open referral; bits of policy_relation */
	uint32_t relations;
	bool episode; /* it works with the person, as far as is known here */
	struct arena arena;
};

/*
 * fails: ERR_NOMEM, what reading fails with; *out is then empty
 * cost:  the person's rows of seven tables, all agreements
 */
enum err policy_case_load(struct policy_case *out, struct replica *r,
    const struct row_id *person, const struct agency_id *to, policy_day today,
    struct fail *f);
void policy_case_release(struct policy_case *c);

/* The day it is in this office, by the later of the clock and the latest time
 * that anybody signed. */
policy_day policy_today(struct replica *r);

#endif
