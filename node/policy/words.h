/*
 * The words of the rules: purposes, kinds of agency, roles, relations, channels,
 * kinds of consent, authority and agreement, as the schema and the policy pack
 * spell them. Each list is an enumeration and its names, in one order.
 */
#ifndef FOOTBRIDGE_NODE_POLICY_WORDS_H
#define FOOTBRIDGE_NODE_POLICY_WORDS_H

#include "sync/err.h"

#define POLICY_PURPOSES(X) \
	X(TREATMENT, "treatment") \
	X(COORDINATION, "coordination") \
	X(SUPERVISION, "supervision") \
	X(COURT, "court") \
	X(SAFETY, "safety") \
	X(EMERGENCY, "emergency") \
	X(PAYMENT, "payment") \
	X(OPERATIONS, "operations") \
	X(AUDIT, "audit") \
	X(RESEARCH, "research") \
	X(PERSON, "person")

/* agency.kind of the schema */
#define POLICY_KINDS(X) \
	X(PROBATION, "probation") \
	X(TREATMENT, "treatment") \
	X(MENTAL_HEALTH, "mental_health") \
	X(SOCIAL, "social") \
	X(COURT, "court") \
	X(HOUSING, "housing") \
	X(EMPLOYMENT, "employment") \
	X(MEDICAL, "medical") \
	X(PEER, "peer") \
	X(HUB, "hub")

/* staff_role.role of the schema */
#define POLICY_ROLES(X) \
	X(OFFICER, "officer") \
	X(COUNSELOR, "counselor") \
	X(CLINICIAN, "clinician") \
	X(SOCIAL_WORKER, "social_worker") \
	X(SUPERVISOR, "supervisor") \
	X(CLERK, "clerk") \
	X(RECORDS_OFFICER, "records_officer") \
	X(PRIVACY_OFFICER, "privacy_officer") \
	X(SECURITY_OFFICER, "security_officer") \
	X(ADMINISTRATOR, "administrator") \
	X(MEDICAL, "medical") \
	X(AUDITOR, "auditor")

/* What somebody is to the person. */
#define POLICY_RELATIONS(X) \
	X(ASSIGNED, "assigned") \
	X(SUPERVISES, "supervises") /* somebody assigned */ \
	X(TEAM, "team") \
	X(ON_CALL, "on_call") \
	X(AUTHOR, "author") /* of the very row */

#define POLICY_CHANNELS(X) \
	X(SYNC, "sync") \
	X(BUNDLE, "bundle") \
	X(VIEW, "view") \
	X(PRINT, "print") \
	X(EXPORT, "export") \
	X(PHONE, "phone") \
	X(FAX, "fax") \
	X(MEETING, "meeting") \
	X(CALENDAR, "calendar")

/* consent.kind */
#define POLICY_CONSENTS(X) \
	X(PART2_GENERAL, "part2_general") \
	X(PART2_TPO, "part2_tpo") \
	X(PART2_JUSTICE, "part2_justice") \
	X(HIPAA, "hipaa") \
	X(SOCIAL, "social") \
	X(PHOTO, "photo") \
	X(RESEARCH, "research")

/* legal_authority.kind */
#define POLICY_AUTHORITIES(X) \
	X(COURT_ORDER_2_64, "court_order_2_64") \
	X(COURT_ORDER_2_65, "court_order_2_65") \
	X(SUBPOENA, "subpoena") \
	X(STATUTE, "statute") \
	X(MANDATED_REPORT, "mandated_report") \
	X(MEDICAL_EMERGENCY_2_51, "medical_emergency_2_51") \
	X(RESEARCH_2_52, "research_2_52") \
	X(AUDIT_2_53, "audit_2_53") \
	X(WARRANT, "warrant") \
	X(PREMISES_CRIME, "premises_crime_2_12")

/* mou.kind */
#define POLICY_AGREEMENTS(X) \
	X(MOU, "mou") \
	X(QSOA, "qsoa") \
	X(BAA, "baa") \
	X(MANAGEMENT_CONTROL, "management_control") \
	X(CONTRACT, "contract") \
	X(FUNDING, "funding")

/* What a consent form holds, 42 CFR 2.31(a) (1)-(10) and 2.35(a). */
#define POLICY_ELEMENTS(X) \
	X(PATIENT, "patient") \
	X(DISCLOSER, "discloser") \
	X(INFORMATION, "information") \
	X(RECIPIENT, "recipient") \
	X(PURPOSE, "purpose") \
	X(RIGHT_TO_REVOKE, "right_to_revoke") \
	X(EXPIRY, "expiry") \
	X(SIGNATURE, "signature") \
	X(DATE, "date") \
	X(REFUSAL, "refusal") \
	X(REDISCLOSURE, "redisclosure") \
	X(DURATION, "duration") \
	X(REVOCABLE_FROM, "revocable_from") \
	X(CONDITION, "condition")

#define X(name, word) PURPOSE_##name,
enum policy_purpose { POLICY_PURPOSES(X) POLICY_PURPOSE_COUNT };
#undef X
#define X(name, word) PARTY_##name,
enum policy_kind { POLICY_KINDS(X) POLICY_KIND_COUNT };
#undef X
#define X(name, word) ROLE_##name,
enum policy_role { POLICY_ROLES(X) POLICY_ROLE_COUNT };
#undef X
#define X(name, word) RELATION_##name,
enum policy_relation { POLICY_RELATIONS(X) POLICY_RELATION_COUNT };
#undef X
#define X(name, word) CHANNEL_##name##_,
enum policy_channel { POLICY_CHANNELS(X) POLICY_CHANNEL_COUNT };
#undef X
#define X(name, word) CONSENT_##name,
enum policy_consent_kind { POLICY_CONSENTS(X) POLICY_CONSENT_COUNT };
#undef X
#define X(name, word) AUTHORITY_##name,
enum policy_authority_kind { POLICY_AUTHORITIES(X) POLICY_AUTHORITY_COUNT };
#undef X
#define X(name, word) AGREEMENT_##name,
enum policy_agreement_kind { POLICY_AGREEMENTS(X) POLICY_AGREEMENT_COUNT };
#undef X
#define X(name, word) ELEMENT_##name,
enum policy_element { POLICY_ELEMENTS(X) POLICY_ELEMENT_COUNT };
#undef X

#define POLICY_BIT(n) (UINT32_C(1) << (n))

enum policy_list {
	LIST_PURPOSE,
	LIST_KIND,
	LIST_ROLE,
	LIST_RELATION,
	LIST_CHANNEL,
	LIST_CONSENT,
	LIST_AUTHORITY,
	LIST_AGREEMENT,
	LIST_ELEMENT,
};
/* The word of number n of a list; NULL beyond its end. */
const char *policy_word(enum policy_list list, int n);
/* Its number; -1 for a word that is not in the list. */
int policy_number(enum policy_list list, const char *word, size_t n);
/* Words with commas between them as bits; "any" is all of the list.
 * ERR_INPUT: names the first word that is not in it. */
enum err policy_bits(uint32_t *out, enum policy_list list, const char *words,
    size_t n, struct fail *f);

#endif
