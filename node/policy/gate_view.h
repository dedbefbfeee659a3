/*
 * What of another agency's records may still be shown here (step D of the
 * decision): for each command anew, at any time, with the cable out.
 *
 * The terms of a disclosure came with its key (basis.h), so this needs no word from
 * anybody. A row of another agency's compartment is not shown
 *
 *   - from the day on which what it rests on ends, as the grant says, or the
 *     consent itself where it is readable here;
 *   - once the grant was taken away, or the owner's word says that it was;
 *   - when it is longer than its lease since word came that it stands (word.h).
 *
 * Nothing is deleted. What a person granted by hand has no terms and is shown as
 * ever; so is what is the own agency's. Days are those of the later of the clock
 * and the greatest time signed by others (policy_today).
 */
#ifndef FOOTBRIDGE_NODE_POLICY_GATE_VIEW_H
#define FOOTBRIDGE_NODE_POLICY_GATE_VIEW_H

#include "node/policy/basis.h"
#include "node/policy/word.h"
#include "sync/read.h"

enum gate_shut {
	GATE_OPEN,
	GATE_ENDED,   /* its day has come */
	GATE_REVOKED, /* the consent was revoked, or its end asked for */
	GATE_TAKEN,   /* the owner took the key away */
	GATE_STALE,   /* the lease has passed */
	GATE_ROLE,    /* the consent is for other roles: said by view.h */
};

struct gate_answer {
	enum gate_shut shut;
	policy_day since; /* the first day it is not shown; or none */
	policy_day until; /* GATE_OPEN: the first day it will not be; or none */
	struct policy_basis basis; /* ground none: granted by hand, or own */
	uint32_t roles; /* whom the consent names here (recipient.h); 0: any */
};

#define GATE_VIEW_SLOTS 1024

/* What was found out about compartments in one command. */
struct gate_view {
	struct replica *r;
	policy_day today;
	struct word_list words;
	struct gate_kept {
		int64_t cpt; /* 0: empty */
		struct gate_answer answer;
	} kept[GATE_VIEW_SLOTS];
	int64_t hidden; /* rows that were not shown */
};

/* Reads the words. *v is to be ended also when this failed. */
enum err gate_view_begin(struct gate_view *v, struct replica *r,
    struct fail *f);
void gate_view_end(struct gate_view *v);

/*
 * May rows of this compartment be shown? May be asked while rows are listed.
 * fails: ERR_NOMEM, what reading fails with; then nothing is to be shown
 * cost:  own rows nothing; else one query for a compartment, once
 */
enum err gate_view_ask(struct gate_answer *out, struct gate_view *v,
    int64_t cpt, const struct agency_id *owner, struct fail *f);

/* Why not, for people: "not shown since 2026-05-31: the consent or agreement for it
 * has ended; ask " is followed by the owner's name. Appended. */
void gate_view_say(struct buf *out, const struct gate_answer *a);

#endif
