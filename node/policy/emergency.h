/*
 * Who may open what in an emergency, for how long: a table, pure.
 *
 *   reason              who                       what                 hours
 *   medical_emergency   medical, clinician,       TX2, MHT, SAF, IDX   72
 *                       counselor
 *   imminent_danger     officer, social worker,   SAF, IDX; own        4
 *                       supervisor                agency's
 *   on_call_cover       anybody who works with    own agency's         4
 *                       people
 *   supervisor_review   supervisor                own agency's         24
 *   child_abuse_report  anybody                   SAF, IDX             4
 *
 * Never counseling and psychotherapy notes (CNS); never another agency's treatment
 * records but to meet a medical emergency (42 CFR 2.51). Never longer than 72 hours.
 */
#ifndef FOOTBRIDGE_NODE_POLICY_EMERGENCY_H
#define FOOTBRIDGE_NODE_POLICY_EMERGENCY_H

#include "node/policy/words.h"

#define EMERGENCY_REASONS(X) \
	X(MEDICAL, "medical_emergency") \
	X(DANGER, "imminent_danger") \
	X(COVER, "on_call_cover") \
	X(CHILD, "child_abuse_report") \
	X(REVIEW, "supervisor_review")
#define X(name, word) EMERGENCY_##name,
enum emergency_reason { EMERGENCY_REASONS(X) EMERGENCY_REASON_COUNT };
#undef X

/* The word of break_glass.reason; -1: none such. */
int emergency_reason_of(const char *word);
const char *emergency_word(enum emergency_reason reason);
/* Has the person to be told afterwards? Not of work that goes on inside the own
 * agency: cover, a supervisor's review. */
bool emergency_is_told(enum emergency_reason reason);
/* The longest that it may run. */
int emergency_hours(enum emergency_reason reason);

/*
 * May somebody with these roles open this category for this reason? own: it is
 * their own agency's. ERR_DENIED says why, and what to do instead; ERR_INPUT: no
 * role of theirs may give this reason.
 */
enum err emergency_may(enum emergency_reason reason, uint32_t roles,
    const char *category, bool own, struct fail *f);

#endif
