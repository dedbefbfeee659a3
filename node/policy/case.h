/*
 * What is on record for one decision: read once, asked many times.
 *
 * A case is about one person on one day. It holds what of the tables can be read
 * here: a consent that this node has not got is none. Who works with the person
 * is kept by agency, so that one case serves for all who might receive.
 *
 * A consent's request to be ended (consent_event, whoever logged it, said or
 * written) counts from the day that the consent's own rule gives: the day it was
 * asked for; the day named, if that is later; the day on which the event named had
 * come. Until then the consent holds and says that its end was asked for
 * (42 CFR 2.35). Nothing is written when that day comes.
 */
#ifndef FOOTBRIDGE_NODE_POLICY_CASE_H
#define FOOTBRIDGE_NODE_POLICY_CASE_H

#include "node/policy/agreement.h"
#include "sync/read.h"

/* That an agency works with the person: on the team, asked for by an open
 * referral or asking by one, with an open episode or a stay that no discharge
 * ended, named by a consent in force. A referral is over when whoever was asked
 * said last that it is. */
struct policy_tie {
	struct agency_id agency;
	enum policy_relation relation;
	bool by_consent;  /* the person's word alone */
	struct row_id of; /* the referral or stay that makes it; or zeros */
	struct agency_id asked; /* of a referral: who answers it */
	int64_t answered;       /* civil minute of the last answer */
	bool ended;             /* answered so that it is over, discharged */
};

/* A row of the agency owner, in this category, names this agency. */
struct policy_naming {
	const char *category;
	struct agency_id owner, agency;
	struct row_id row;
	bool must; /* it discloses by it, so it has to know when it ends */
};

struct policy_case {
	struct policy_facts facts;
	struct policy_tie *tie;
	size_t tie_count;
	/* agencies that rows of ADM.consent, ADM.authority and ADM.emergency
	 * name, and who keeps those rows: who has to have them */
	struct policy_naming *naming;
	size_t naming_count;
	/* of the receiving agency: any of its staff on the team, or asked for by
	 * an open referral; bits of policy_relation */
	uint32_t relations;
	bool episode; /* it works with the person, as far as is known here */
	struct arena arena;
};

/*
 * to NULL: of no agency in particular, ask policy_case_relations.
 * fails: ERR_NOMEM, what reading fails with; *out is then empty
 * cost:  the person's rows of fifteen tables, all agreements
 */
enum err policy_case_load(struct policy_case *out, struct replica *r,
    const struct row_id *person, const struct agency_id *to, policy_day today,
    struct fail *f);
/* The same with agreements that were read before, which must outlive it. */
enum err policy_case_load_person(struct policy_case *out, struct replica *r,
    const struct row_id *person, const struct policy_agreement *agreement,
    size_t agreement_count, policy_day today, struct fail *f);
void policy_case_release(struct policy_case *c);

/* What an agency is to the person, bits of policy_relation; 0: nothing. Whom only
 * a consent names is counted if by_consent. */
uint32_t policy_case_relations(const struct policy_case *c,
    const struct agency_id *agency, bool by_consent);
/* In force on that day, whatever it allows? */
bool policy_consent_in_force(const struct policy_consent *c, policy_day today);
/* All agreements in the form that a case wants. */
enum err policy_agreements_load(struct policy_agreement **out, size_t *count,
    struct replica *r, struct arena *arena, struct fail *f);

/* What the form of a consent holds, as far as its own row says it: bits of
 * policy_element. Recipients are rows of their own. */
uint32_t policy_consent_elements(const struct read_row *row);

/* The day it is in this office, by the later of the clock and the latest time
 * that anybody signed. */
policy_day policy_today(struct replica *r);
/* That time, in milliseconds since 1970, UTC: a clock that was set back opens
 * nothing again. */
int64_t policy_now_ms(struct replica *r);
/* The same as milliseconds of the wall in this office. */
int64_t policy_civil_ms(struct replica *r);

#endif
