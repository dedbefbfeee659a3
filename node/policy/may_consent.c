/* Consents and authorities put to the test, and the few words that all steps
 * share. */
#include "node/policy/may_i.h"

#include <string.h>

/* Is this category, LABEL.item, that one, or an item of it? */
bool
may_covers(const char *wide, const char *category)
{
	size_t n = strlen(wide);

	return strncmp(wide, category, n) == 0 &&
	    (category[n] == 0 || category[n] == '.');
}

bool
may_is_outside(const struct policy_question *q)
{
	static const struct agency_id none;

	return id_equal(&q->to.agency, &none);
}

bool
may_is_from(policy_day day, policy_day today)
{
	return day != POLICY_NO_DAY && day <= today;
}

bool
may_is_over(policy_day end, policy_day today)
{
	return end != POLICY_NO_DAY && end <= today;
}

bool
may_fits_party(const struct agency_id *named, uint32_t kinds,
    const struct policy_party *p)
{
	if (named != NULL)
		return id_equal(named, &p->agency);
	return kinds == 0 || (kinds & POLICY_BIT(p->kind)) != 0;
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

		if (may_fits_party(r->agency, r->kinds, &q->to) &&
		    (r->agency != NULL || r->kinds != 0) &&
		    (r->roles == 0 || (r->roles & POLICY_BIT(q->role)) != 0))
			return true;
	}
	return false;
}

static bool
has_scope(const struct policy_scope *s, size_t n, const struct may_asking *a)
{
	for (size_t k = 0; k < n; k++)
		if (may_covers(s[k].category, a->category) &&
		    (a->q->row_day == POLICY_NO_DAY ||
			((s[k].from == POLICY_NO_DAY ||
			     s[k].from <= a->q->row_day) &&
			    !may_is_over(s[k].to, a->q->row_day))))
			return true;
	return false;
}

/* One consent of the right kind; the later the step that it fails at, the more
 * it says to whoever asks. */
static enum policy_reason
test_consent(const struct may_asking *a, const struct policy_consent *c,
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
	if (c->status == CONSENT_REVOKED || may_is_over(c->revoked, q->today))
		return POLICY_CONSENT_REVOKED;
	if (c->status != CONSENT_ACTIVE ||
	    !may_is_from(c->effective, q->today) ||
	    may_is_over(c->expires, q->today) || c->event_met)
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
bool
may_find_consent(const struct may_asking *a, int kind,
    struct policy_answer *near)
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

/* Does it order who is asked to disclose to who asks? Only what the discloser
 * wrote down itself does: nobody enters an order into another's records. */
static bool
is_between(const struct policy_authority *x, const struct policy_question *q)
{
	if (x->owner == NULL || !id_equal(x->owner, &q->from.agency) ||
	    (x->discloser != NULL && !id_equal(x->discloser, &q->from.agency)))
		return false;
	return x->recipient != NULL ? id_equal(x->recipient, &q->to.agency)
				    : may_is_outside(q);
}

bool
may_find_authority(const struct may_asking *a, int kind)
{
	const struct policy_question *q = a->q;

	for (size_t k = 0; k < a->facts->authority_count; k++) {
		const struct policy_authority *x = &a->facts->authority[k];

		if ((kind >= 0 && (int)x->kind != kind) || x->quashed ||
		    !may_is_from(x->issued, q->today) ||
		    may_is_over(x->expires, q->today) ||
		    /* a subpoena compels nothing without its order */
		    (x->kind == AUTHORITY_SUBPOENA && !x->with_order) ||
		    !is_between(x, q) ||
		    !has_scope(x->scope, x->scope_count, a))
			continue;
		a->out->authority = x;
		return true;
	}
	return false;
}

bool
may_has_any_consent(const struct may_asking *a)
{
	struct policy_answer near = { .reason = POLICY_PERMIT }, out = { 0 };
	struct may_asking quiet = *a;

	quiet.out = &out;
	return may_find_consent(&quiet, -1, &near);
}

bool
may_has_any_authority(const struct may_asking *a)
{
	struct policy_answer out = { 0 };
	struct may_asking quiet = *a;

	quiet.out = &out;
	return may_find_authority(&quiet, -1);
}

/* The last day of the windows in which the row's day stands. */
policy_day
may_scope_end(const struct may_asking *a, const struct policy_consent *c)
{
	policy_day end = POLICY_NO_DAY;

	for (size_t k = 0; k < c->scope_count; k++) {
		if (!has_scope(&c->scope[k], 1, a))
			continue;
		if (c->scope[k].to == POLICY_NO_DAY)
			return POLICY_NO_DAY;
		if (end == POLICY_NO_DAY || c->scope[k].to > end)
			end = c->scope[k].to;
	}
	return end;
}
