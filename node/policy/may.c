/* The decision, in the order of policy.h. Every step answers for itself and says
 * no by setting a reason; the first no of a label is the label's answer. */
#include "node/policy/may_i.h"

#include <string.h>

/* ---- words -------------------------------------------------------------------- */

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
is_own(const struct policy_question *q)
{
	return id_equal(&q->from.agency, &q->to.agency);
}

static bool
no(const struct may_asking *a, enum policy_reason reason, const char *cite)
{
	a->out->reason = reason;
	a->out->category = a->category;
	a->out->cite = cite;
	return false;
}

#define OURS "our policy"

/* ---- 1 and 2: what stops everything ------------------------------------------- */

static bool
is_sealed(const struct may_asking *a)
{
	for (size_t k = 0; k < a->facts->sealed_count; k++)
		if (may_covers(a->facts->sealed[k].category, a->category) &&
		    (!is_own(a->q) ||
			(a->facts->sealed[k].readers &
			    POLICY_BIT(a->q->role)) == 0))
			return true;
	return false;
}

static bool
is_known(const struct may_asking *a)
{
	for (size_t k = 0; k < a->pack->label_count; k++)
		if (is_label(a->category, a->pack->label[k]))
			return true;
	return false;
}

static bool
nothing_stops(const struct may_asking *a)
{
	const struct policy_question *q = a->q;

	if (q->expunged)
		return no(a, POLICY_EXPUNGED, "the order");
	if (!q->from.active || !q->to.active)
		return no(a, POLICY_NOT_ACTIVE, OURS);
	if (!is_known(a))
		return no(a, POLICY_UNKNOWN_LABEL, OURS);
	if (is_sealed(a))
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
	return g->agreed && may_is_from(g->starts, today) &&
	    (g->agreed_on == POLICY_NO_DAY || g->agreed_on <= today) &&
	    !may_is_over(g->ends, today) && !may_is_over(g->terminated, today);
}

/* Is there what this rule wants beside the agreement? ground: what it rests on
 * otherwise; none: that is not the question yet. */
static bool
meets_demand(const struct may_asking *a, const struct policy_rule *r,
    enum policy_ground ground)
{
	bool consent = (r->demand & DEMAND_CONSENT) != 0 &&
	    (ground == GROUND_CONSENT || may_has_any_consent(a));
	bool authority =
	    (r->demand & DEMAND_AUTHORITY) != 0 && may_has_any_authority(a);

	return ground == GROUND_NONE || r->demand == DEMAND_NONE || consent ||
	    authority;
}

static const struct policy_rule *
find_rule(const struct may_asking *a, const struct policy_agreement *g,
    enum policy_ground ground)
{
	const struct policy_question *q = a->q;

	if (!is_party(g, &q->from.agency) || !is_party(g, &q->to.agency))
		return NULL;
	for (size_t k = 0; k < g->rule_count; k++) {
		const struct policy_rule *r = &g->rule[k];

		if (may_covers(r->category, a->category) &&
		    (r->purposes & POLICY_BIT(q->purpose)) != 0 &&
		    (r->roles == 0 || (r->roles & POLICY_BIT(q->role)) != 0) &&
		    may_fits_party(r->from, r->from_kinds, &q->from) &&
		    may_fits_party(r->to, r->to_kinds, &q->to) &&
		    meets_demand(a, r, ground))
			return r;
	}
	return NULL;
}

/* kind: of agreement, or -1. In force with a rule that fits and asks for no more
 * than there is; ended: such a one was there. */
static const struct policy_agreement *
find_agreement(const struct may_asking *a, int kind, enum policy_ground ground,
    bool *ended)
{
	for (size_t k = 0; k < a->facts->agreement_count; k++) {
		const struct policy_agreement *g = &a->facts->agreement[k];

		if ((kind >= 0 &&
			g->kind != (enum policy_agreement_kind)kind) ||
		    find_rule(a, g, ground) == NULL)
			continue;
		if (in_force(g, a->q->today))
			return g;
		*ended |= may_is_over(g->ends, a->q->today) ||
		    may_is_over(g->terminated, a->q->today);
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
needs_to_know(const struct may_asking *a)
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

/* ---- 5: the basis ----------------------------------------------------------------- */

/* Whom it opens for (policy.h). */
static bool
opens_for(const struct policy_emergency *x, const struct policy_question *q)
{
	bool told = q->channel == CHANNEL_PHONE_ ||
	    q->channel == CHANNEL_FAX_ || q->channel == CHANNEL_PRINT_;

	return id_equal(&x->opener, &q->to.agency) ||
	    (id_equal(&x->opener, &q->from.agency) &&
		(told || may_is_outside(q)));
}

/* Medical ones need what 2.51(c) wants recorded; that is told when it is all
 * that is missing. */
static bool
find_emergency(const struct may_asking *a, struct policy_answer *near)
{
	for (size_t k = 0; k < a->facts->emergency_count; k++) {
		const struct policy_emergency *x = &a->facts->emergency[k];

		if (!opens_for(x, a->q) || may_is_over(x->ends, a->q->today))
			continue;
		for (size_t i = 0; i < x->category_count; i++) {
			if (!may_covers(x->category[i], a->category))
				continue;
			if (!x->medical || x->recorded) {
				a->out->emergency = x;
				return true;
			}
			near->reason = POLICY_EMERGENCY_UNRECORDED;
			near->cite = "42 CFR 2.51(c)";
		}
	}
	return false;
}

/* Does an agreement let it pass that rests on this? */
static bool
allows(const struct may_asking *a, const struct pack_basis *b,
    struct policy_answer *near)
{
	int kind = b->ground == GROUND_AGREEMENT ? b->kind : -1;
	bool ended = false;

	if (is_own(a->q))
		return true;
	a->out->agreement = find_agreement(a, kind, b->ground, &ended);
	if (a->out->agreement != NULL)
		return true;
	if (near->reason == POLICY_NO_BASIS &&
	    find_agreement(a, kind, GROUND_NONE, &ended) != NULL) {
		near->reason = POLICY_AGREEMENT_DEMANDS;
		near->cite = OURS;
	}
	return false;
}

static bool
holds(const struct may_asking *a, const struct pack_basis *b,
    struct policy_answer *near)
{
	switch (b->ground) {
	case GROUND_MEMBERSHIP:
		return true;
	case GROUND_AGREEMENT:
		return allows(a, b, near);
	case GROUND_CONSENT:
		if (near->consent_kind < 0)
			near->consent_kind = b->kind;
		return allows(a, b, near) && may_find_consent(a, b->kind, near);
	case GROUND_AUTHORITY:
		return may_find_authority(a, b->kind);
	case GROUND_EMERGENCY:
		return find_emergency(a, near);
	case GROUND_EPISODE:
		return a->q->episode;
	case GROUND_ROLE:
		return b->kind < 0 || (int)a->q->role == b->kind;
	case GROUND_PERSON:
		/* it is theirs, and not for an agency in their name */
		return a->q->purpose == PURPOSE_PERSON && may_is_outside(a->q);
	case GROUND_NONE:
		break;
	}
	return false;
}

static bool
fits_basis(const struct may_asking *a, const struct pack_basis *b)
{
	return may_covers(b->category, a->category) && b->own == is_own(a->q) &&
	    (b->own || (b->to & POLICY_BIT(a->q->to.kind)) != 0) &&
	    (b->purposes & POLICY_BIT(a->q->purpose)) != 0;
}

/* A refusal for want of a basis, as near as the facts come to one. */
static bool
no_basis(const struct may_asking *a, const struct policy_answer *near,
    bool ended, bool agreed)
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
find_basis(const struct may_asking *a)
{
	struct policy_answer near = { .reason = POLICY_NO_BASIS,
		.cite = OURS,
		.consent_kind = -1 };
	bool ended = false;
	bool agreed = find_agreement(a, -1, GROUND_NONE, &ended) != NULL;
	bool asked_agreement = false;

	for (size_t k = 0; k < a->pack->basis_count; k++) {
		const struct pack_basis *b = &a->pack->basis[k];

		if (!fits_basis(a, b))
			continue;
		if (b->never) {
			/* unless something on record comes near to it, or only
			 * an agreement is wanting */
			if (asked_agreement || near.consent_kind >= 0 ||
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
is_fresh(const struct may_asking *a)
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
can_carry(const struct may_asking *a, const struct pack_basis *b)
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

/* What a rule of the agreement wanted beside it. */
static void
note_demanded(const struct may_asking *a, enum policy_ground ground)
{
	const struct policy_rule *r = find_rule(a, a->out->agreement, ground);
	struct policy_answer near = { .reason = POLICY_PERMIT };

	if ((r->demand & DEMAND_CONSENT) != 0 && a->out->consent == NULL &&
	    may_find_consent(a, -1, &near))
		return;
	if ((r->demand & DEMAND_AUTHORITY) != 0 && a->out->authority == NULL)
		(void)may_find_authority(a, -1);
}

static void
note_bounds(const struct may_asking *a, const struct pack_basis *b)
{
	struct policy_answer *out = a->out;
	bool ended = false;

	if (needs_agreement(b->ground) && !is_own(a->q)) {
		out->agreement = find_agreement(a, -1, b->ground, &ended);
		note_demanded(a, b->ground);
		bound(out, out->agreement->ends);
		bound(out, out->agreement->terminated);
	}
	if (out->consent != NULL) {
		bound(out, out->consent->expires);
		bound(out, out->consent->revoked);
		bound(out, may_scope_end(a, out->consent));
	}
	if (out->authority != NULL)
		bound(out, out->authority->expires);
	if (b->ground == GROUND_EMERGENCY)
		bound(out, out->emergency->ends);
}

static bool
decide(struct may_asking *a)
{
	const struct pack_basis *b;

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
	note_bounds(a, b);
	return true;
}

void
policy_may(struct policy_answer *out, const struct policy_pack *pack,
    const struct policy_facts *facts, const struct policy_question *q)
{
	struct may_asking a = { .pack = pack,
		.facts = facts,
		.q = q,
		.out = out };

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
