#include "node/barrier.h"

#include "node/entry.h"
#include "node/party.h"

static const char *const codes[POLICY_REASON_COUNT] = {
	[POLICY_NO_AGREEMENT] = "no_agreement",
	[POLICY_AGREEMENT_ENDED] = "agreement_ended",
	[POLICY_CONSENT_ENDED] = "consent_ended",
	[POLICY_CONSENT_REVOKED] = "consent_ended",
	[POLICY_CONSENT_SCOPE] = "consent_scope",
	[POLICY_CONSENT_PURPOSE] = "consent_scope",
	[POLICY_CONSENT_RECIPIENT] = "consent_scope",
	[POLICY_CONSENT_KIND] = "consent_kind",
	[POLICY_CONSENT_INCOMPLETE] = "consent_kind",
	[POLICY_AGREEMENT_DEMANDS] = "no_basis",
	[POLICY_NO_NEED] = "no_need",
	[POLICY_NO_BASIS] = "no_basis",
	[POLICY_NEVER] = "label",
	[POLICY_COUNSELING_NOTE] = "label",
	[POLICY_UNKNOWN_LABEL] = "label",
	[POLICY_STALE] = "stale",
	[POLICY_RESTRICTED] = "restricted",
	[POLICY_SEALED] = "sealed",
	[POLICY_EXPUNGED] = "sealed",
	[POLICY_CHANNEL] = "channel",
};

enum err
barrier_log(struct replica *r, const struct policy_answer *a,
    const struct policy_question *q, const char *policy_version,
    const struct row_id *staff, struct fail *f)
{
	const char *code = codes[a->reason];
	struct row_id made;
	struct entry x;
	bool listed;
	/* somebody outside of the network is not in the directory */
	enum err e = party_listed(&listed, r, &q->to.agency, f);

	if (e != OK)
		return e;
	entry_begin(&x, r, "barrier_log");
	entry_day(&x, "happened_on", q->today);
	entry_text(&x, "code", code != NULL ? code : "other");
	entry_text(&x, "category", a->category);
	entry_id(&x, "from_agency_id", q->from.agency.b);
	entry_id(&x, "to_agency_id", listed ? q->to.agency.b : NULL);
	entry_text(&x, "purpose", policy_word(LIST_PURPOSE, (int)q->purpose));
	entry_text(&x, "policy_version", policy_version);
	return entry_new(&x, &made, NULL, staff, f);
}
