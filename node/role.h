/*
 * What the acting member of staff may do: their rows of staff_role that are in
 * force today, in their own agency.
 */
#ifndef FOOTBRIDGE_NODE_ROLE_H
#define FOOTBRIDGE_NODE_ROLE_H

#include "node/policy/words.h"
#include "node/run.h"

/* out: *roles bits of policy_role; *staff, *have as name_acting(); *set_up: the
 * agency has given any role to anybody. have and set_up may be NULL. */
enum err role_of(uint32_t *roles, struct row_id *staff, bool *have,
    bool *set_up, const struct run *run, struct fail *f);

/* ERR_DENIED unless the acting member of staff has one of these roles: "sealing
 * records is for ...". what: "sealing records". *staff: who it is. */
enum err role_need(struct row_id *staff, const struct run *run, uint32_t roles,
    const char *what, struct fail *f);

struct policy_facts;
/* Those orders to seal stay among the facts that whoever acts may know of: who may
 * order one knows all, a role that an order names that one; to others the answer is
 * as if there was none, and so no record either. */
enum err role_hush(struct policy_facts *facts, const struct run *run,
    struct fail *f);
/* May they know of all orders, of all openings in an emergency? On a server, as long
 * as the agency has given nobody a role, whoever works there. */
bool role_knows_seals(uint32_t roles, bool set_up, struct replica *r);
/* Before an order is named as why: actor_sees_nothing to who may not know of it. */
enum err role_must_know_seals(const struct run *run, struct fail *f);
bool role_knows_openings(uint32_t roles, bool set_up, struct replica *r);

/* who reviews what was opened in an emergency */
#define ROLE_BITS_REVIEW \
	(POLICY_BIT(ROLE_PRIVACY_OFFICER) | POLICY_BIT(ROLE_SUPERVISOR))
#define ROLE_BITS_RECORDS \
	(POLICY_BIT(ROLE_RECORDS_OFFICER) | POLICY_BIT(ROLE_PRIVACY_OFFICER))

#endif
