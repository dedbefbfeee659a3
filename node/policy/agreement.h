/*
 * Agreements between agencies, read from the tables mou, mou_party, mou_rule and
 * mou_signature, and what makes one of them agreed.
 *
 * What a party signs is a hash of the text: the agreement's id, kind, version,
 * title and body, its parties and its rules, in an order of their own. A later
 * change of any of them is another text, which nobody has signed. Dates and
 * status are not in it: they can only narrow (0002_confidentiality.sql).
 */
#ifndef FOOTBRIDGE_NODE_POLICY_AGREEMENT_H
#define FOOTBRIDGE_NODE_POLICY_AGREEMENT_H

#include "node/policy/arena.h"
#include "node/policy/policy.h"
#include "sync/replica.h"

#define AGREEMENT_HASH_BYTES 32

struct agreement_party {
	struct agency_id agency;
	bool signed_it;       /* this text, under its own agency */
	policy_day signed_on; /* when it did, first */
	bool withdrew;        /* which stands against whatever it signed */
};

/* A rule with its words, for showing; policy_rule has what decides. */
struct agreement_rule {
	struct row_id id;
	const char *sentence, *basis;
};

struct agreement {
	struct policy_agreement p; /* p.party and p.rule as below */
	struct agency_id owner;    /* who drafted it */
	const char *status, *version, *body;
	struct agreement_party *party; /* by agency */
	struct agreement_rule *rule;   /* as p.rule */
	uint8_t hash[AGREEMENT_HASH_BYTES];
};

/*
 * All agreements that can be read here, in the order of their ids; everything in
 * arena. Rows that say what the rules have no word for are left out, so that
 * they allow nothing.
 * fails: ERR_NOMEM, what reading fails with
 * cost:  the four tables once
 */
enum err agreement_load(struct agreement **out, size_t *count,
    struct replica *r, struct arena *arena, struct fail *f);

#endif
