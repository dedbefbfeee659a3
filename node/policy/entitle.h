/*
 * Who is entitled to what about one person today, and what follows from it.
 *
 * Pure: from the pack, the case, the categories that there are and who holds them,
 * the grants to make and the removals to make. It asks policy.h for every category
 * and every agency that comes into question, for all purposes and roles that
 * anything on record names, and takes the answer that holds longest.
 *
 * What it adds to the rules of the pack:
 *
 *   - counseling notes and the directory are never granted by policy;
 *   - ADM.consent, ADM.authority, ADM.emergency go to whom their rows name and who
 *     has to act on them; to a recipient alone only while every row names it, for
 *     consents of one person and agency share one key;
 *   - a treatment or mental health program says nothing about a person to an
 *     agency that may not have any of its treatment records of that person: that
 *     there are any is itself protected (42 CFR 2.13(c));
 *   - what a person granted by hand stays, unless its label is protected (TX2, MHT)
 *     or an order seals it.
 */
#ifndef FOOTBRIDGE_NODE_POLICY_ENTITLE_H
#define FOOTBRIDGE_NODE_POLICY_ENTITLE_H

#include "node/policy/basis.h"
#include "node/policy/case.h"

/* Who holds a category now. */
struct entitle_holding {
	const char *category;
	struct agency_id agency;
	const char *basis; /* of the latest grant */
	/* keys that are held here, and not by it: another registrar made them
	 * while it did not know of the grant */
	bool lacks;
};

/* COMPLETE: grant what is lacking, which is no new disclosure. */
enum entitle_act_kind {
	ENTITLE_GRANT,
	ENTITLE_RENEW,
	ENTITLE_COMPLETE,
	ENTITLE_REMOVE
};

/* One thing to do; category is borrowed from the question. */
struct entitle_act {
	enum entitle_act_kind kind;
	const char *category;
	struct agency_id agency;
	struct policy_basis basis; /* GRANT, RENEW, COMPLETE */
	bool from_now;             /* GRANT: the consent covers no older rows */
	bool write;                /* GRANT: a party of joint work */
	enum policy_reason why;    /* REMOVE */
};

struct entitle_question {
	const struct policy_pack *pack;
	const struct policy_case *c;
	struct policy_party own;
	const struct policy_party *agency; /* that come into question */
	size_t agency_count;
	const char *const *category; /* of the own agency's compartments */
	size_t category_count;
	const struct entitle_holding *holding;
	size_t holding_count;
	policy_day today;
};

/*
 * Is this agency entitled to this category? The answer as of policy_may; basis is
 * filled when it is PERMIT.
 * cost: (purposes x roles that are named) answers of policy_may
 */
void entitle_ask(struct policy_answer *out, struct policy_basis *basis,
    bool *from_now, const struct entitle_question *q, const char *category,
    const struct policy_party *to);

/* What to do, removals first; in arena. ERR_NOMEM. */
enum err entitle_acts(struct entitle_act **out, size_t *count,
    const struct entitle_question *q, struct arena *arena);

#endif
