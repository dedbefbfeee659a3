/*
 * May this be disclosed? The decision, and nothing else.
 *
 * Pure: the answer follows from the pack (pack.h), the facts and the question;
 * it reads no clock, no file and no database, and the same three give the same
 * answer on every node and in ten years. Default is no; any no beats any yes.
 * The order of asking is that of the rules it states (42 CFR Part 2, HIPAA, CJIS,
 * agreements), each with its own reason, so that the answer can be explained:
 *
 *   1  expunged, sealed, restricted; who asks or receives is not active
 *   2  CNS: nobody but its author
 *   for each label that the item carries, own and inherited:
 *   3  between agencies: an agreement in force with a rule that fits
 *   4  need to know: a relation to the person, or a role that has none to need
 *   5  a basis of the pack, the first that fits and holds
 *   6  where that is consent: every test of 2.31 and of its own kind
 *   7  the lease of what is held under it
 *   8  what has to go with it can go by this channel
 *
 * Days are days of the office that asks, as numbers; the first day on which
 * something is not in force any more is not in it (start <= day < end).
 */
#ifndef FOOTBRIDGE_NODE_POLICY_POLICY_H
#define FOOTBRIDGE_NODE_POLICY_POLICY_H

#include "node/policy/pack.h"
#include "sync/id.h"
#include "sync/value.h"

/* Days since 1970-01-01; none: no day was given. */
typedef int32_t policy_day;
#define POLICY_NO_DAY INT32_MIN
/* ERR_INPUT: not YYYY-MM-DD */
enum err policy_day_parse(policy_day *out, const char *text, size_t n,
    struct fail *f);
#define POLICY_DAY_CHARS 11
void policy_day_text(char out[static POLICY_DAY_CHARS], policy_day day);

struct policy_party {
	struct agency_id agency;
	enum policy_kind kind;
	bool active; /* agency, office and machine are in the network */
};

/* ---- facts: what is on record, as far as it concerns this person and these
 * two agencies. All is borrowed. ---- */

/* What a rule of an agreement wants on record beside itself: it may ask for more
 * than the pack does, and never lets anything pass for which the pack has no
 * basis. */
enum policy_demand {
	DEMAND_NONE,
	DEMAND_CONSENT,
	DEMAND_AUTHORITY,
	DEMAND_EITHER,
};

struct policy_rule {
	const char *category; /* "TX2.attendance"; "TX2" is all its items */
	/* parties by name or kind; neither: every party */
	const struct agency_id *from, *to;
	uint32_t from_kinds, to_kinds; /* 0: any */
	uint32_t purposes;
	uint32_t roles; /* of who receives; 0: whoever needs to know */
	enum policy_demand demand;
};

struct policy_agreement {
	struct row_id id;
	const char *title;
	enum policy_agreement_kind kind;
	policy_day starts, ends; /* ends: POLICY_NO_DAY is open */
	bool agreed; /* offered, signed by every party, not suspended */
	/* the day of the last signature that it needed: nothing is in force
	 * before it, whatever day stands in the text; or POLICY_NO_DAY */
	policy_day agreed_on;
	policy_day terminated;
	const struct agency_id *party;
	size_t party_count;
	const struct policy_rule *rule;
	size_t rule_count;
};

struct policy_scope {
	const char *category;
	policy_day from, to; /* of the rows' own dates */
};

struct policy_recipient {
	const struct agency_id *agency; /* or NULL: by class */
	uint32_t kinds;                 /* the class, when agency is NULL */
	uint32_t roles;                 /* 0: anybody there */
};

enum policy_consent_status {
	CONSENT_DRAFT,
	CONSENT_ACTIVE,
	CONSENT_SUSPENDED,
	CONSENT_SUPERSEDED,
	CONSENT_REVOKED,
};

struct policy_consent {
	struct row_id id;
	enum policy_consent_kind kind;
	enum policy_consent_status status;
	const struct agency_id *discloser; /* NULL: whoever holds it */
	uint32_t elements; /* of the form, bits of policy_element */
	uint32_t purposes;
	policy_day effective, expires;
	/* by its status, or by a request whose day has come (case.h) */
	policy_day revoked;
	bool event_met; /* the event that ends it has come */
	/* the person asked to end it on this day, which may be before it can
	 * end: then pending, and from revoked on (none: when its event comes) */
	policy_day asked;
	bool pending;
	const struct policy_scope *scope;
	size_t scope_count;
	const struct policy_recipient *recipient;
	size_t recipient_count;
};

struct policy_authority {
	struct row_id id;
	enum policy_authority_kind kind;
	const char *citation;
	/* who keeps the row; it counts for what they disclose and for nothing
	 * else. NULL: for nobody's */
	const struct agency_id *owner;
	const struct agency_id *discloser; /* NULL: its owner */
	/* NULL: somebody outside of the network, and no agency in it */
	const struct agency_id *recipient;
	policy_day issued, expires;
	bool quashed, with_order;
	const struct policy_scope *scope;
	size_t scope_count;
};

/* An emergency opening that runs now. It opens for the agency that made it; one
 * that the discloser made itself is for what it tells by phone, fax or letter, and
 * for whoever is outside of the network. */
struct policy_emergency {
	struct row_id id;
	struct agency_id opener;
	policy_day ends;        /* the first day on which it is over */
	bool medical, recorded; /* recorded: all that 2.51(c) asks for */
	const char *const *category;
	size_t category_count;
};

/* What an order closes, in force today: between agencies for everybody, inside
 * one for whoever has none of these roles. */
struct policy_seal {
	const char *category;
	uint32_t readers; /* bits of policy_role; 0: nobody */
};

struct policy_facts {
	const struct policy_agreement *agreement;
	size_t agreement_count;
	const struct policy_consent *consent;
	size_t consent_count;
	const struct policy_authority *authority;
	size_t authority_count;
	const struct policy_emergency *emergency;
	size_t emergency_count;
	const struct policy_seal *sealed;
	size_t sealed_count;
};

/* ---- the question ---- */

struct policy_question {
	const char *const *category; /* its own first, then what it inherits */
	size_t category_count;       /* 1..POLICY_LABELS_MAX */
	/* to: all zeros is somebody outside of the network, of that kind */
	struct policy_party from, to;
	enum policy_role role;
	uint32_t relations; /* of who asks, or will read; bits */
	enum policy_purpose purpose;
	enum policy_channel channel;
	policy_day today;   /* policy_now's */
	policy_day row_day; /* of the row; POLICY_NO_DAY: has none */
	/* days since word came that the basis still holds, on a node that is not
	 * the owner's; negative: the owner's own */
	int32_t word_age;
	bool expunged;
	const char *restricted; /* the words of a restriction, or NULL */
	bool episode; /* the receiver has an open episode with the person */
};
#define POLICY_LABELS_MAX 8

/* ---- the answer ---- */

#define POLICY_REASONS(X) \
	X(PERMIT, "permit") \
	X(EXPUNGED, "expunged") \
	X(SEALED, "sealed") \
	X(RESTRICTED, "restricted") \
	X(NOT_ACTIVE, "not_active") \
	X(COUNSELING_NOTE, "counseling_note") \
	X(UNKNOWN_LABEL, "unknown_label") \
	X(NO_AGREEMENT, "no_agreement") \
	X(AGREEMENT_ENDED, "agreement_ended") \
	X(AGREEMENT_DEMANDS, "agreement_demands") \
	X(NO_NEED, "no_need") \
	X(NEVER, "never") \
	X(NO_BASIS, "no_basis") \
	X(CONSENT_KIND, "consent_kind") \
	X(CONSENT_ENDED, "consent_ended") \
	X(CONSENT_REVOKED, "consent_revoked") \
	X(CONSENT_INCOMPLETE, "consent_incomplete") \
	X(CONSENT_RECIPIENT, "consent_recipient") \
	X(CONSENT_SCOPE, "consent_scope") \
	X(CONSENT_PURPOSE, "consent_purpose") \
	X(EMERGENCY_UNRECORDED, "emergency_unrecorded") \
	X(STALE, "stale") \
	X(CHANNEL, "channel")
#define X(name, word) POLICY_##name,
enum policy_reason { POLICY_REASONS(X) POLICY_REASON_COUNT };
#undef X
const char *policy_reason_word(enum policy_reason reason);

/* What must go with it, or be done. */
enum policy_duty {
	DUTY_NOTICE = 1 << 0, /* answer.notice */
	DUTY_COPY = 1 << 1,   /* a copy of the consent, or its scope in words */
	DUTY_RECORD = 1 << 2, /* a disclosure row */
	DUTY_NO_ONWARD = 1 << 3, /* the receiver must not disclose it on */
};

struct policy_answer {
	enum policy_reason reason;
	const char *category; /* of the label that decided */
	unsigned duties;      /* bits of policy_duty; 0 unless permitted */
	const char *notice;   /* code of the pack, or NULL */
	const char *cite;     /* paragraph of what decided, or "our policy" */
	/* the basis: of the label that decided, else of the first */
	enum policy_ground ground;
	const struct policy_consent *consent;
	const struct policy_authority *authority;
	const struct policy_agreement *agreement;
	const struct policy_emergency *emergency;
	uint32_t missing; /* CONSENT_INCOMPLETE: elements */
	int consent_kind; /* the kind that would be a basis; -1: none */
	policy_day until; /* shown no longer than this day; or POLICY_NO_DAY */
};

/*
 * Decide. Fills all of *out; pointers in it are borrowed from pack, facts and
 * question. A question outside its bounds is answered with UNKNOWN_LABEL.
 * cost: labels x (rules + bases + consents), no allocation
 */
void policy_may(struct policy_answer *out, const struct policy_pack *pack,
    const struct policy_facts *facts, const struct policy_question *q);

/* The answer for a person: one sentence why, one what to do next. Both appended,
 * plain text, no name of a person in it. */
void policy_say(struct buf *why, struct buf *next,
    const struct policy_answer *a, const struct policy_question *q);

/* Elements of a form in words, "the signature and the date"; appended. */
void policy_say_elements(struct buf *out, uint32_t elements);

#endif
