/* Answers in words: why, and what to do next. No codes, no person's name. */
#include <string.h>

#include "node/policy/policy.h"

const char *
policy_reason_word(enum policy_reason reason)
{
#define X(name, word) word,
	static const char *const words[] = { POLICY_REASONS(X) };
#undef X
	return (unsigned)reason < COUNT_OF(words) ? words[reason] : "unknown";
}

static void
put(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

static void
put_day(struct buf *b, policy_day day)
{
	char text[POLICY_DAY_CHARS];

	policy_day_text(text, day);
	put(b, text);
}

/* ---- names of things ---------------------------------------------------------- */

static const char *
consent_name(int kind)
{
	switch (kind) {
	case CONSENT_PART2_GENERAL:
		return "a general consent for substance use records";
	case CONSENT_PART2_TPO:
		return "a consent for treatment, payment and operations";
	case CONSENT_PART2_JUSTICE:
		return "a consent for the justice system (42 CFR 2.35)";
	case CONSENT_HIPAA:
		return "a HIPAA authorization";
	case CONSENT_SOCIAL:
		return "a release of social services information";
	case CONSENT_PHOTO:
		return "a consent for the photo";
	case CONSENT_RESEARCH:
		return "a consent for research";
	default:
		return "a consent";
	}
}

static const char *
element_name(int element)
{
	static const char *const names[] = {
		[ELEMENT_PATIENT] = "the patient's name",
		[ELEMENT_DISCLOSER] = "who may disclose",
		[ELEMENT_INFORMATION] = "what information",
		[ELEMENT_RECIPIENT] = "who may receive it",
		[ELEMENT_PURPOSE] = "for what purpose",
		[ELEMENT_RIGHT_TO_REVOKE] = "the right to revoke",
		[ELEMENT_EXPIRY] = "when it ends",
		[ELEMENT_SIGNATURE] = "the signature",
		[ELEMENT_DATE] = "the date of the signature",
		[ELEMENT_REFUSAL] = "what follows from refusing",
		[ELEMENT_REDISCLOSURE] =
		    "that recipients may disclose it further",
		[ELEMENT_DURATION] = "how long it lasts, and why so long",
		[ELEMENT_REVOCABLE_FROM] = "from when it can be revoked",
		[ELEMENT_CONDITION] =
		    "that taking part is a condition of the release",
	};

	return element >= 0 && (size_t)element < COUNT_OF(names)
	    ? names[element]
	    : "an element";
}

void
policy_say_elements(struct buf *b, uint32_t missing)
{
	bool first = true;

	for (int k = 0; k < POLICY_ELEMENT_COUNT; k++) {
		if ((missing & POLICY_BIT(k)) == 0)
			continue;
		put(b, first ? "" : ", ");
		put(b, element_name(k));
		first = false;
	}
}

/* ---- why ------------------------------------------------------------------------- */

static void
why_permitted(struct buf *why, const struct policy_answer *a)
{
	static const char *const words[] = {
		[GROUND_NONE] = "the rules",
		[GROUND_MEMBERSHIP] = "every member of the network may see it",
		[GROUND_AGREEMENT] = "the agreement allows it",
		[GROUND_CONSENT] = "the person consented to it",
		[GROUND_AUTHORITY] = "an order or a statute allows it",
		[GROUND_EMERGENCY] = "it is an emergency, and recorded as one",
		[GROUND_EPISODE] = "they work with the person now",
		[GROUND_ROLE] = "it is the work of that role",
		[GROUND_PERSON] = "the person asks for it",
	};

	put(why, "Yes: ");
	put(why, words[a->ground]);
	if (a->agreement != NULL && a->ground == GROUND_CONSENT)
		put(why, ", and the agreement allows it");
	if (a->until != POLICY_NO_DAY) {
		put(why, ", up to the day before ");
		put_day(why, a->until);
	}
	put(why, ".");
}

static void
why_ended(struct buf *why, const struct policy_answer *a)
{
	const struct policy_consent *c = a->consent;

	put(why, "No: the consent for it is not in force");
	if (c != NULL && c->status == CONSENT_DRAFT)
		put(why, "; it is a draft");
	else if (c != NULL && c->status == CONSENT_SUSPENDED)
		put(why, "; it is suspended");
	else if (c != NULL && c->status == CONSENT_SUPERSEDED)
		put(why, "; another one took its place");
	else if (c != NULL && c->event_met)
		put(why, "; the event that ends it has come");
	else if (c != NULL && c->expires != POLICY_NO_DAY) {
		put(why, "; it runs to ");
		put_day(why, c->expires);
	}
	put(why, ".");
}

static const char *
why_not(enum policy_reason r)
{
	static const char *const words[POLICY_REASON_COUNT] = {
		[POLICY_EXPUNGED] = "this record was expunged.",
		[POLICY_SEALED] = "an order sealed these records.",
		[POLICY_NOT_ACTIVE] =
		    "one of the two offices is not in the network any more.",
		[POLICY_COUNSELING_NOTE] =
		    "counseling notes are for their author alone.",
		[POLICY_UNKNOWN_LABEL] =
		    "the rules say nothing about this kind of record.",
		[POLICY_NO_AGREEMENT] =
		    "there is no agreement in force between the two agencies"
		    " that covers this.",
		[POLICY_AGREEMENT_ENDED] =
		    "the agreement that covered this has ended.",
		[POLICY_AGREEMENT_DEMANDS] =
		    "the agreement asks for more than is on record: the"
		    " person's consent, or an order or a statute.",
		[POLICY_NO_NEED] =
		    "whoever would see it is not among those who work with"
		    " this person.",
		[POLICY_NEVER] = "the rules never allow this to that"
				 " recipient for that purpose.",
		[POLICY_NO_BASIS] = "nothing on record allows it.",
		[POLICY_CONSENT_REVOKED] = "the consent for it was revoked.",
		[POLICY_CONSENT_RECIPIENT] =
		    "the consent does not name this recipient.",
		[POLICY_CONSENT_SCOPE] =
		    "the consent does not cover this kind of record, or not"
		    " of that date.",
		[POLICY_CONSENT_PURPOSE] =
		    "the consent was not given for this purpose.",
		[POLICY_EMERGENCY_UNRECORDED] =
		    "what has to be recorded of an emergency is not complete.",
		[POLICY_STALE] =
		    "it is too long since word came that this may still be"
		    " shown.",
		[POLICY_CHANNEL] = "what has to go with it cannot go that way.",
	};

	return words[r] != NULL ? words[r] : "it is not permitted.";
}

/* ---- what next --------------------------------------------------------------------- */

static void
next_form(struct buf *next, const struct policy_answer *a)
{
	if (a->consent_kind < 0) {
		put(next, "Ask the privacy officer.");
		return;
	}
	put(next, "Offer the person ");
	put(next, consent_name(a->consent_kind));
	put(next, "; they may refuse.");
}

static const char *
next_step(enum policy_reason r, const struct policy_question *q)
{
	switch (r) {
	case POLICY_SEALED:
	case POLICY_EXPUNGED:
		return "Ask the records officer.";
	case POLICY_NOT_ACTIVE:
		return "Ask the steward of the network.";
	case POLICY_NO_AGREEMENT:
	case POLICY_AGREEMENT_ENDED:
		return "Ask the privacy officer to make or renew the"
		       " agreement.";
	case POLICY_NO_NEED:
		return "Ask the supervisor of the case for access.";
	case POLICY_EMERGENCY_UNRECORDED:
		return "Enter the medical person, their affiliation, who"
		       " disclosed, and the emergency.";
	case POLICY_STALE:
		return "Ask the provider, or let this computer contact them.";
	case POLICY_CHANNEL:
		return q->channel == CHANNEL_CALENDAR_
		    ? "Use an entry that says nothing about the program."
		    : "Use sync or print, which carry the notice.";
	case POLICY_COUNSELING_NOTE:
		return "Ask its author; it takes a separate consent on paper.";
	default:
		return "Ask the privacy officer.";
	}
}

static bool
wants_form(enum policy_reason r)
{
	return r == POLICY_NO_BASIS ||
	    (r >= POLICY_CONSENT_KIND && r <= POLICY_CONSENT_PURPOSE);
}

void
policy_say(struct buf *why, struct buf *next, const struct policy_answer *a,
    const struct policy_question *q)
{
	if (a->reason == POLICY_PERMIT) {
		why_permitted(why, a);
		return;
	}
	if (a->reason == POLICY_CONSENT_ENDED) {
		why_ended(why, a);
	} else if (a->reason == POLICY_RESTRICTED) {
		put(why, "No: ");
		put(why, q->restricted);
	} else if (a->reason == POLICY_CONSENT_KIND) {
		put(why,
		    "No: the consents on record are of another kind;"
		    " this needs ");
		put(why, consent_name(a->consent_kind));
		put(why, ".");
	} else if (a->reason == POLICY_CONSENT_INCOMPLETE) {
		put(why, "No: the consent lacks ");
		policy_say_elements(why, a->missing);
		put(why, ".");
	} else {
		put(why, "No: ");
		put(why, why_not(a->reason));
	}
	if (wants_form(a->reason))
		next_form(next, a);
	else
		put(next, next_step(a->reason, q));
}
