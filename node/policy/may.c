/* The decision, in the order of policy.h. Every step answers for itself and says
 * no by setting a reason; the first no of a label is the label's answer. */
#include <string.h>

#include "node/policy/policy.h"

struct asking {
	const struct policy_pack *pack;
	const struct policy_facts *facts;
	const struct policy_question *q;
	const char *category; /* the label that is being decided */
	const struct policy_agreement *agreement;
	struct policy_answer *out;
};

/* ---- words -------------------------------------------------------------------- */

/* Is this category, LABEL.item, that one, or an item of it? */
static bool
covers(const char *wide, const char *category)
{
	size_t n = strlen(wide);

	return strncmp(wide, category, n) == 0 &&
	    (category[n] == 0 || category[n] == '.');
}

static size_t
label_length(const char *category)
{
	return strcspn(category, ".");
}

static bool
is_label(const char *category, const char *label)
{
	size_t n = label_length(category);

	return strlen(label) == n && memcmp(category, label, n) == 0;
}

static bool
is_from(policy_day day, policy_day today)
{
	return day != POLICY_NO_DAY && day <= today;
}

static bool
is_over(policy_day end, policy_day today)
{
	return end != POLICY_NO_DAY && end <= today;
}

static bool
is_own(const struct policy_question *q)
{
	return id_equal(&q->from.agency, &q->to.agency);
}

static bool
no(const struct asking *a, enum policy_reason reason, const char *cite)
{
	a->out->reason = reason;
	a->out->category = a->category;
	a->out->cite = cite;
	return false;
}

#define OURS "our policy"

/* ---- 1 and 2: what stops everything ------------------------------------------- */

static bool
is_sealed(const struct asking *a)
{
	for (size_t k = 0; k < a->facts->sealed_count; k++)
		if (covers(a->facts->sealed[k], a->category))
			return true;
	return false;
}

static bool
is_known(const struct asking *a)
{
	for (size_t k = 0; k < a->pack->label_count; k++)
		if (is_label(a->category, a->pack->label[k]))
			return true;
	return false;
}

static bool
nothing_stops(const struct asking *a)
{
	const struct policy_question *q = a->q;

	if (q->expunged)
		return no(a, POLICY_EXPUNGED, "the order");
	if (!q->from.active || !q->to.active)
		return no(a, POLICY_NOT_ACTIVE, OURS);
	if (!is_known(a))
		return no(a, POLICY_UNKNOWN_LABEL, OURS);
	if (is_sealed(a) && q->role != ROLE_RECORDS_OFFICER)
		return no(a, POLICY_SEALED, "the order");
	if (q->restricted != NULL)
		return no(a, POLICY_RESTRICTED, OURS);
	if (is_label(a->category, "CNS") &&
	    (!is_own(q) || (q->relations & POLICY_BIT(RELATION_AUTHOR)) == 0))
		return no(a, POLICY_COUNSELING_NOTE,
		    "42 CFR 2.31(b), 45 CFR 164.508(a)(2)");
	return true;
}

/* ---- 3: the agreement ----------------------------------------------------------- */

static bool
fits_party(const struct agency_id *named, uint32_t kinds,
    const struct policy_party *p)
{
	if (named != NULL)
		return id_equal(named, &p->agency);
	return kinds == 0 || (kinds & POLICY_BIT(p->kind)) != 0;
}

static bool
is_party(const struct policy_agreement *g, const struct agency_id *agency)
{
	for (size_t k = 0; k < g->party_count; k++)
		if (id_equal(&g->party[k], agency))
			return true;
	return false;
}

static bool
in_force(const struct policy_agreement *g, policy_day today)
{
	return g->agreed && is_from(g->starts, today) &&
	    !is_over(g->ends, today) && !is_over(g->terminated, today);
}

static bool
has_rule(const struct asking *a, const struct policy_agreement *g)
{
	const struct policy_question *q = a->q;

	if (!is_party(g, &q->from.agency) || !is_party(g, &q->to.agency))
		return false;
	for (size_t k = 0; k < g->rule_count; k++) {
		const struct policy_rule *r = &g->rule[k];

		if (covers(r->category, a->category) &&
		    (r->purposes & POLICY_BIT(q->purpose)) != 0 &&
		    (r->roles == 0 || (r->roles & POLICY_BIT(q->role)) != 0) &&
		    fits_party(r->from, r->from_kinds, &q->from) &&
		    fits_party(r->to, r->to_kinds, &q->to))
			return true;
	}
	return false;
}

/* kind: of agreement, or -1. In force with a rule that fits; ended: such a one
 * was there. */
static const struct policy_agreement *
find_agreement(const struct asking *a, int kind, bool *ended)
{
	for (size_t k = 0; k < a->facts->agreement_count; k++) {
		const struct policy_agreement *g = &a->facts->agreement[k];

		if ((kind >= 0 &&
			g->kind != (enum policy_agreement_kind)kind) ||
		    !has_rule(a, g))
			continue;
		if (in_force(g, a->q->today))
			return g;
		*ended |= is_over(g->ends, a->q->today) ||
		    is_over(g->terminated, a->q->today);
	}
	return NULL;
}

/* What the pack permits by membership, in an emergency, on an order or to the
 * person needs no agreement; everything else between agencies does. */
static bool
needs_agreement(enum policy_ground ground)
{
	return ground == GROUND_AGREEMENT || ground == GROUND_CONSENT ||
	    ground == GROUND_ROLE;
}

/* ---- 4: need to know ------------------------------------------------------------ */

static bool
needs_to_know(const struct asking *a)
{
	for (size_t k = 0; k < a->pack->need_count; k++) {
		const struct pack_need *n = &a->pack->need[k];

		if (is_label(a->category, n->label) &&
		    ((n->relations & a->q->relations) != 0 ||
			(n->roles & POLICY_BIT(a->q->role)) != 0))
			return true;
	}
	return false;
}

/* ---- 6: consent ------------------------------------------------------------------ */

static const struct pack_require *
required(const struct policy_pack *p, enum policy_consent_kind kind)
{
	for (size_t k = 0; k < p->require_count; k++)
		if (p->require[k].kind == kind)
			return &p->require[k];
	return NULL;
}

static bool
names_recipient(const struct policy_consent *c, const struct policy_question *q)
{
	for (size_t k = 0; k < c->recipient_count; k++) {
		const struct policy_recipient *r = &c->recipient[k];

		if (fits_party(r->agency, r->kinds, &q->to) &&
		    (r->agency != NULL || r->kinds != 0) &&
		    (r->roles == 0 || (r->roles & POLICY_BIT(q->role)) != 0))
			return true;
	}
	return false;
}

static bool
has_scope(const struct policy_scope *s, size_t n, const struct asking *a)
{
	for (size_t k = 0; k < n; k++)
		if (covers(s[k].category, a->category) &&
		    (a->q->row_day == POLICY_NO_DAY ||
			((s[k].from == POLICY_NO_DAY ||
			     s[k].from <= a->q->row_day) &&
			    !is_over(s[k].to, a->q->row_day))))
			return true;
	return false;
}

/* One consent of the right kind; the later the step that it fails at, the more
 * it says to whoever asks. */
static enum policy_reason
test_consent(const struct asking *a, const struct policy_consent *c,
    uint32_t *missing, const char **cite)
{
	const struct policy_question *q = a->q;
	const struct pack_require *must = required(a->pack, c->kind);

	*cite = "42 CFR 2.31";
	if (c->discloser != NULL && !id_equal(c->discloser, &q->from.agency))
		return POLICY_NO_BASIS;
	if (!names_recipient(c, q))
		return POLICY_CONSENT_RECIPIENT;
	if (!has_scope(c->scope, c->scope_count, a))
		return POLICY_CONSENT_SCOPE;
	if ((c->purposes & POLICY_BIT(q->purpose)) == 0)
		return POLICY_CONSENT_PURPOSE;
	*cite = "42 CFR 2.31(c)";
	if (c->status == CONSENT_REVOKED || is_over(c->revoked, q->today))
		return POLICY_CONSENT_REVOKED;
	if (c->status != CONSENT_ACTIVE || !is_from(c->effective, q->today) ||
	    is_over(c->expires, q->today) || c->event_met)
		return POLICY_CONSENT_ENDED;
	*missing = must != NULL ? must->elements & ~c->elements : 0;
	if (*missing != 0) {
		*cite = must->cite;
		return POLICY_CONSENT_INCOMPLETE;
	}
	return POLICY_PERMIT;
}

/* How far along the tests a refusal is: the nearest miss is what is told. */
static int
nearness(enum policy_reason r)
{
	static const enum policy_reason order[] = { POLICY_NO_BASIS,
		POLICY_CONSENT_RECIPIENT, POLICY_CONSENT_SCOPE,
		POLICY_CONSENT_PURPOSE, POLICY_CONSENT_REVOKED,
		POLICY_CONSENT_ENDED, POLICY_CONSENT_INCOMPLETE };

	for (size_t k = 0; k < COUNT_OF(order); k++)
		if (order[k] == r)
			return (int)k;
	return -1;
}

/* kind: the basis asks for it. */
static bool
find_consent(const struct asking *a, int kind, struct policy_answer *near)
{
	for (size_t k = 0; k < a->facts->consent_count; k++) {
		const struct policy_consent *c = &a->facts->consent[k];
		enum policy_reason r;
		uint32_t missing = 0;
		const char *cite;

		if (kind >= 0 && (int)c->kind != kind)
			continue;
		r = test_consent(a, c, &missing, &cite);
		if (r == POLICY_PERMIT) {
			a->out->consent = c;
			return true;
		}
		if (nearness(r) <= nearness(near->reason))
			continue;
		near->reason = r;
		near->consent = c;
		near->missing = missing;
		near->cite = cite;
	}
	return false;
}

/* ---- 5: the basis ----------------------------------------------------------------- */

static bool
find_authority(const struct asking *a, int kind)
{
	const struct policy_question *q = a->q;

	for (size_t k = 0; k < a->facts->authority_count; k++) {
		const struct policy_authority *x = &a->facts->authority[k];

		if ((kind >= 0 && (int)x->kind != kind) || x->quashed ||
		    !is_from(x->issued, q->today) ||
		    is_over(x->expires, q->today) ||
		    /* a subpoena compels nothing without its order */
		    (x->kind == AUTHORITY_SUBPOENA && !x->with_order) ||
		    (x->discloser != NULL &&
			!id_equal(x->discloser, &q->from.agency)) ||
		    (x->recipient != NULL &&
			!id_equal(x->recipient, &q->to.agency)) ||
		    !has_scope(x->scope, x->scope_count, a))
			continue;
		a->out->authority = x;
		return true;
	}
	return false;
}

/* Medical ones need what 2.51(c) wants recorded; that is told when it is all
 * that is missing. */
static bool
find_emergency(const struct asking *a, struct policy_answer *near)
{
	for (size_t k = 0; k < a->facts->emergency_count; k++) {
		const struct policy_emergency *x = &a->facts->emergency[k];

		for (size_t i = 0; i < x->category_count; i++) {
			if (!covers(x->category[i], a->category))
				continue;
			if (!x->medical || x->recorded)
				return true;
			near->reason = POLICY_EMERGENCY_UNRECORDED;
			near->cite = "42 CFR 2.51(c)";
		}
	}
	return false;
}

static bool
holds(const struct asking *a, const struct pack_basis *b,
    struct policy_answer *near)
{
	bool ended = false;

	switch (b->ground) {
	case GROUND_MEMBERSHIP:
		return true;
	case GROUND_AGREEMENT:
		a->out->agreement =
		    is_own(a->q) ? NULL : find_agreement(a, b->kind, &ended);
		return is_own(a->q) || a->out->agreement != NULL;
	case GROUND_CONSENT:
		if (near->consent_kind < 0)
			near->consent_kind = b->kind;
		return find_consent(a, b->kind, near);
	case GROUND_AUTHORITY:
		return find_authority(a, b->kind);
	case GROUND_EMERGENCY:
		return find_emergency(a, near);
	case GROUND_EPISODE:
		return a->q->episode;
	case GROUND_ROLE:
		return b->kind < 0 || (int)a->q->role == b->kind;
	case GROUND_PERSON:
		return a->q->purpose == PURPOSE_PERSON;
	case GROUND_NONE:
		break;
	}
	return false;
}

static bool
fits_basis(const struct asking *a, const struct pack_basis *b)
{
	return covers(b->category, a->category) && b->own == is_own(a->q) &&
	    (b->own || (b->to & POLICY_BIT(a->q->to.kind)) != 0) &&
	    (b->purposes & POLICY_BIT(a->q->purpose)) != 0;
}

/* A refusal for want of a basis, as near as the facts come to one. */
static bool
no_basis(const struct asking *a, const struct policy_answer *near, bool ended,
    bool agreed)
{
	a->out->consent = near->consent;
	a->out->missing = near->missing;
	a->out->consent_kind = near->consent_kind;
	if (!agreed && !is_own(a->q))
		return no(a,
		    ended ? POLICY_AGREEMENT_ENDED : POLICY_NO_AGREEMENT, OURS);
	if (near->reason != POLICY_NO_BASIS)
		return no(a, near->reason, near->cite);
	/* consents are there, of another kind than this needs */
	if (near->consent_kind >= 0 && a->facts->consent_count > 0)
		return no(a, POLICY_CONSENT_KIND, near->cite);
	return no(a, POLICY_NO_BASIS, near->cite);
}

static const struct pack_basis *
find_basis(const struct asking *a)
{
	struct policy_answer near = { .reason = POLICY_NO_BASIS,
		.cite = OURS,
		.consent_kind = -1 };
	bool ended = false, agreed = find_agreement(a, -1, &ended) != NULL;
	bool asked_agreement = false;

	for (size_t k = 0; k < a->pack->basis_count; k++) {
		const struct pack_basis *b = &a->pack->basis[k];

		if (!fits_basis(a, b))
			continue;
		if (b->never) {
			/* unless something on record comes near to it */
			if (near.consent_kind >= 0 ||
			    near.reason != POLICY_NO_BASIS)
				break;
			(void)no(a, POLICY_NEVER, b->cite);
			return NULL;
		}
		if (near.cite[0] == 'o' && b->ground == GROUND_CONSENT)
			near.cite = b->cite;
		if (needs_agreement(b->ground) && !is_own(a->q) && !agreed) {
			asked_agreement = true;
			if (b->ground == GROUND_CONSENT &&
			    near.consent_kind < 0)
				near.consent_kind = b->kind;
			continue;
		}
		if (holds(a, b, &near))
			return b;
	}
	(void)no_basis(a, &near, ended, agreed || !asked_agreement);
	return NULL;
}

/* ---- 7 and 8 ----------------------------------------------------------------------- */

static bool
is_fresh(const struct asking *a)
{
	int32_t lease =
	    pack_lease(a->pack, a->category, label_length(a->category));

	if (a->q->word_age < 0 || lease < 0 || is_own(a->q))
		return true;
	if (a->q->word_age >= lease)
		return no(a, POLICY_STALE, OURS);
	if (a->out->until == POLICY_NO_DAY ||
	    a->q->today + lease - a->q->word_age < a->out->until)
		a->out->until = a->q->today + lease - a->q->word_age;
	return true;
}

static bool
can_carry(const struct asking *a, const struct pack_basis *b)
{
	unsigned duties = (b->notice != NULL ? DUTY_NOTICE : 0u) |
	    (b->copy ? DUTY_COPY : 0u) | (b->no_onward ? DUTY_NO_ONWARD : 0u) |
	    (is_own(a->q) ? 0u : DUTY_RECORD);
	unsigned carried = a->pack->carries[a->q->channel] | DUTY_NO_ONWARD;

	if ((duties & ~carried) != 0)
		return no(a, POLICY_CHANNEL, b->cite);
	a->out->duties |= duties;
	if (b->notice != NULL && a->out->notice == NULL)
		a->out->notice = b->notice;
	return true;
}

/* Ends of what it rests on, as far as they are known. */
static void
bound(struct policy_answer *out, policy_day end)
{
	if (end != POLICY_NO_DAY &&
	    (out->until == POLICY_NO_DAY || end < out->until))
		out->until = end;
}

static bool
decide(struct asking *a)
{
	const struct pack_basis *b;
	bool ended = false;

	if (!nothing_stops(a))
		return false;
	b = find_basis(a);
	if (b == NULL)
		return false;
	if (b->ground != GROUND_PERSON && b->ground != GROUND_AUTHORITY &&
	    b->ground != GROUND_MEMBERSHIP && b->ground != GROUND_EMERGENCY &&
	    b->ground != GROUND_EPISODE && !needs_to_know(a))
		return no(a, POLICY_NO_NEED, is_own(a->q) ? b->cite : OURS);
	if (!is_fresh(a) || !can_carry(a, b))
		return false;
	if (a->out->ground == GROUND_NONE) {
		a->out->ground = b->ground;
		a->out->cite = b->cite;
		a->out->category = a->category;
	}
	if (a->out->consent != NULL)
		bound(a->out, a->out->consent->expires);
	if (a->out->authority != NULL)
		bound(a->out, a->out->authority->expires);
	if (needs_agreement(b->ground) && !is_own(a->q)) {
		a->out->agreement = find_agreement(a, -1, &ended);
		bound(a->out, a->out->agreement->ends);
	}
	return true;
}

void
policy_may(struct policy_answer *out, const struct policy_pack *pack,
    const struct policy_facts *facts, const struct policy_question *q)
{
	struct asking a = { .pack = pack, .facts = facts, .q = q, .out = out };

	*out = (struct policy_answer){ .reason = POLICY_UNKNOWN_LABEL,
		.cite = OURS,
		.consent_kind = -1,
		.until = POLICY_NO_DAY };
	if (q->category_count == 0 || q->category_count > POLICY_LABELS_MAX)
		return;
	for (size_t k = 0; k < q->category_count; k++) {
		a.category = q->category[k];
		if (!decide(&a)) {
			out->duties = 0;
			out->notice = NULL;
			out->until = POLICY_NO_DAY;
			return;
		}
	}
	out->reason = POLICY_PERMIT;
}
