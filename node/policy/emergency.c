#include "node/policy/emergency.h"

#include <string.h>

#define HOURS_MAX 72 /* CJIS: what an emergency account lasts at most */

#define WORKS_WITH_PEOPLE \
	(POLICY_BIT(ROLE_OFFICER) | POLICY_BIT(ROLE_COUNSELOR) | \
	    POLICY_BIT(ROLE_CLINICIAN) | POLICY_BIT(ROLE_SOCIAL_WORKER) | \
	    POLICY_BIT(ROLE_SUPERVISOR) | POLICY_BIT(ROLE_MEDICAL))

static const struct {
	const char *word;
	uint32_t roles; /* 0: anybody */
	int hours;
	const char *labels; /* of whoever keeps it */
	bool own;           /* and whatever the own agency keeps */
	bool told;          /* the person hears of it */
} reasons[] = {
	[EMERGENCY_MEDICAL] = { "medical_emergency",
	    POLICY_BIT(ROLE_MEDICAL) | POLICY_BIT(ROLE_CLINICIAN) |
		POLICY_BIT(ROLE_COUNSELOR),
	    HOURS_MAX, "TX2 MHT SAF IDX", false, true },
	[EMERGENCY_DANGER] = { "imminent_danger",
	    POLICY_BIT(ROLE_OFFICER) | POLICY_BIT(ROLE_SOCIAL_WORKER) |
		POLICY_BIT(ROLE_SUPERVISOR),
	    4, "SAF IDX", true, true },
	[EMERGENCY_COVER] = { "on_call_cover", WORKS_WITH_PEOPLE, 4, "", true,
	    false },
	[EMERGENCY_CHILD] = { "child_abuse_report", 0, 4, "SAF IDX", false,
	    true },
	[EMERGENCY_REVIEW] = { "supervisor_review", POLICY_BIT(ROLE_SUPERVISOR),
	    24, "", true, false },
};

int
emergency_reason_of(const char *word)
{
	for (size_t k = 0; k < COUNT_OF(reasons); k++)
		if (strcmp(reasons[k].word, word) == 0)
			return (int)k;
	return -1;
}

const char *
emergency_word(enum emergency_reason reason)
{
	return reasons[reason].word;
}

int
emergency_hours(enum emergency_reason reason)
{
	return reasons[reason].hours;
}

bool
emergency_is_told(enum emergency_reason reason)
{
	return reasons[reason].told;
}

static bool
has_label(const char *labels, const char *category)
{
	size_t n = strcspn(category, ".");

	for (; *labels != '\0'; labels += strspn(labels, " ")) {
		size_t m = strcspn(labels, " ");

		if (m == n && memcmp(labels, category, n) == 0)
			return true;
		labels += m;
	}
	return false;
}

static bool
is_protected(const char *category)
{
	return has_label("TX2 MHT", category);
}

enum err
emergency_may(enum emergency_reason reason, uint32_t roles,
    const char *category, bool own, struct fail *f)
{
	const char *word = reasons[reason].word;

	if (has_label("CNS", category))
		return fail_set(f, ERR_DENIED,
		    "counseling and psychotherapy notes are for their author "
		    "alone; no emergency opens them");
	if (reasons[reason].roles != 0 && (reasons[reason].roles & roles) == 0)
		return fail_set(f, ERR_DENIED,
		    "%s is not a reason that your role can give%s", word,
		    reason == EMERGENCY_MEDICAL
			? ": 42 CFR 2.51 opens treatment records to medical "
			  "personnel alone. Call the on-call clinician"
			: "");
	if (has_label(reasons[reason].labels, category) ||
	    (reasons[reason].own && own))
		return OK;
	if (is_protected(category) && !own)
		return fail_set(f, ERR_DENIED,
		    "%s: the law gives no way into another agency's treatment "
		    "records but a medical emergency. Call the on-call "
		    "clinician",
		    category);
	return fail_set(f, ERR_DENIED, "%s does not open %s%s", word, category,
	    own ? "" : " of another agency");
}
