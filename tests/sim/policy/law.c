/* The lines of the law; every way to be entitled is tried. */
#include <string.h>

#include "tests/sim/policy/law_i.h"

enum ground { BY_MEMBERSHIP, BY_TIE, BY_AGREEMENT, BY_ORDER, BY_CONSENT };

/* Who may have what, for what, by which ground; the kind of order or consent. */
static const struct line {
	const char *label;
	unsigned to, purposes;
	enum ground ground;
	const char *kind;
} lines[] = {
	{ "ADM", ALL, ANY_PURPOSE, BY_MEMBERSHIP, NULL },
	{ "IDX", ALL, ANY_PURPOSE, BY_TIE, NULL },
	{ "SAF", ALL, ANY_PURPOSE, BY_TIE, NULL },
	{ "JNT", ALL, COORDINATION | SUPERVISION | TREATMENT, BY_AGREEMENT,
	    NULL },
	{ "SUP", JUSTICE, SUPERVISION | COURT | SAFETY, BY_AGREEMENT, NULL },
	{ "SUP", CARE | OF(SOCIAL), TREATMENT | COORDINATION | SAFETY,
	    BY_AGREEMENT, NULL },
	{ "SUP", ALL, ANY_PURPOSE, BY_ORDER, NULL },
	/* 42 CFR 2.64, 2.65, 2.35, 2.33, 2.31 */
	{ "TX2", ALL, ANY_PURPOSE, BY_ORDER, "court_order_2_64" },
	{ "TX2", JUSTICE, COURT | SUPERVISION, BY_ORDER, "court_order_2_65" },
	{ "TX2", JUSTICE, COURT | SUPERVISION, BY_CONSENT, "part2_justice" },
	{ "TX2", CARE, TREATMENT | COORDINATION, BY_CONSENT, "part2_tpo" },
	{ "TX2", CARE | OF(SOCIAL), TREATMENT | COORDINATION, BY_CONSENT,
	    "part2_general" },
	/* 45 CFR 164.506, 164.512, 164.508 */
	{ "MHT", CARE, TREATMENT | COORDINATION, BY_AGREEMENT, NULL },
	{ "MHT", ALL, COURT | SUPERVISION, BY_ORDER, "court_order_2_64" },
	{ "MHT", ALL, COURT | SUPERVISION | COORDINATION | TREATMENT,
	    BY_CONSENT, "hipaa" },
	{ "SOC", ALL, ANY_PURPOSE, BY_ORDER, NULL },
	{ "SOC", ALL, COURT | SUPERVISION | COORDINATION | TREATMENT,
	    BY_CONSENT, "social" },
};

/* ---- ways to be entitled ----------------------------------------------------------------- */

/* One question, and the day on which what was found so far ends. */
struct asking {
	const struct law *l;
	const char *category;
	unsigned owner, to;
	unsigned purpose; /* one of them */
	int32_t until;
};

static bool
covers(const char *wide, const char *category)
{
	size_t n = strlen(wide);

	return strncmp(wide, category, n) == 0 &&
	    (category[n] == '\0' || category[n] == '.');
}

static unsigned
kind_bit(const struct law *l, unsigned agency)
{
	return 1u << sim_policy_kind(agency, l->s->places);
}

/* The last end of the windows that are open today; false: none covers it. */
static bool
scope_covers(const struct asking *a, const struct row_id *of, int32_t *end)
{
	const struct law *l = a->l;
	bool any = false;

	for (size_t k = 0; k < l->scopes; k++) {
		const struct scope *c = &l->scope[k];

		if (!id_equal(&c->of, of) ||
		    !covers(c->category, a->category) ||
		    (c->from != NO_DAY && c->from > l->today) ||
		    law_is_over(c->end, l->today))
			continue;
		if (!any ||
		    (*end != NO_DAY && (c->end == NO_DAY || c->end > *end)))
			*end = c->end;
		any = true;
	}
	return any;
}

/* The later of what two ways give. */
static void
better(int32_t *best, bool *any, int32_t until)
{
	if (!*any || until == NO_DAY || (*best != NO_DAY && until > *best))
		*best = until;
	*any = true;
}

static bool
is_recipient(const struct asking *a, const struct consent *c)
{
	for (size_t k = 0; k < a->l->recipients; k++) {
		const struct recipient *p = &a->l->recipient[k];

		if (id_equal(&p->of, &c->id) &&
		    (p->agency == a->to ||
			(p->kinds & kind_bit(a->l, a->to)) != 0))
			return true;
	}
	return false;
}

/* 42 CFR 2.31: a consent of this kind (NULL: any) that holds today. */
static bool
by_consent(const struct asking *a, const char *kind, int32_t *until)
{
	const struct law *l = a->l;
	bool any = false;

	for (size_t k = 0; k < l->consents; k++) {
		const struct consent *c = &l->consent[k];
		int32_t end = NO_DAY;

		if ((kind == NULL || strcmp(kind, c->kind) == 0) &&
		    c->discloser == a->owner && law_in_force(c, l->today) &&
		    (c->purposes & a->purpose) != 0 && is_recipient(a, c) &&
		    scope_covers(a, &c->id, &end))
			better(until, &any, law_earlier(c->end, end));
	}
	return any;
}

static bool
by_order(const struct asking *a, const char *kind, int32_t *until)
{
	const struct law *l = a->l;
	bool any = false;

	for (size_t k = 0; k < l->orders; k++) {
		const struct order *o = &l->order[k];
		int32_t end = NO_DAY;

		if ((kind == NULL || strcmp(kind, o->kind) == 0) &&
		    !o->quashed && o->owner == a->owner &&
		    o->discloser == a->owner && o->recipient == a->to &&
		    law_begun(o->from, l->today) &&
		    !law_is_over(o->end, l->today) &&
		    scope_covers(a, &o->id, &end))
			better(until, &any, o->end);
	}
	return any;
}

/* Two parties at least, each of which signed this text and none left. */
static bool
is_agreed(const struct agreement *g, int32_t day)
{
	return g->offered && (g->parties & (g->parties - 1)) != 0 &&
	    (g->parties & ~g->signed_by) == 0 && (g->parties & g->left) == 0 &&
	    law_begun(g->from, day) && law_begun(g->last_signed, day) &&
	    !law_is_over(g->end, day);
}

/* What a rule wants beside the agreement; with a consent as the ground it has it. */
static bool
is_met(const struct asking *a, const struct term *r, bool has_consent)
{
	int32_t unused = NO_DAY;

	return (!r->wants_consent && !r->wants_order) ||
	    (r->wants_consent &&
		(has_consent || by_consent(a, NULL, &unused))) ||
	    (r->wants_order && by_order(a, NULL, &unused));
}

static bool
by_agreement(const struct asking *a, bool has_consent, int32_t *until)
{
	const struct law *l = a->l;
	bool any = false;

	for (size_t k = 0; k < l->agreements; k++) {
		const struct agreement *g = &l->agreement[k];

		if (!is_agreed(g, l->today) ||
		    (g->parties & law_bit(a->owner)) == 0 ||
		    (g->parties & law_bit(a->to)) == 0)
			continue;
		for (size_t i = 0; i < l->rules; i++) {
			const struct term *r = &l->rule[i];

			if (id_equal(&r->of, &g->id) &&
			    covers(r->category, a->category) &&
			    (r->purpose & a->purpose) != 0 &&
			    (r->from_kinds == 0 ||
				(r->from_kinds & kind_bit(l, a->owner)) != 0) &&
			    (r->to_kinds == 0 ||
				(r->to_kinds & kind_bit(l, a->to)) != 0) &&
			    is_met(a, r, has_consent))
				better(until, &any, g->end);
		}
	}
	return any;
}

static bool
holds(const struct asking *a, const struct line *x, int32_t *until)
{
	bool tied = (a->l->tied & law_bit(a->to)) != 0;
	int32_t end = NO_DAY;

	*until = NO_DAY;
	switch (x->ground) {
	case BY_MEMBERSHIP:
		return true;
	case BY_TIE:
		return tied;
	case BY_AGREEMENT:
		return tied && by_agreement(a, false, until);
	case BY_ORDER:
		return by_order(a, x->kind, until);
	case BY_CONSENT:
		if (!tied || !by_consent(a, x->kind, until) ||
		    !by_agreement(a, true, &end))
			return false;
		*until = law_earlier(*until, end);
		return true;
	}
	return false;
}

static bool
is_sealed(const struct law *l, const char *category)
{
	for (size_t k = 0; k < l->seals; k++)
		if (covers(l->seal[k].category, category))
			return true;
	return false;
}

static bool
is_label(const char *category, const char *label)
{
	return covers(label, category);
}

/* By the lines alone. */
static bool
is_lawful(const struct law *l, unsigned owner, const char *category,
    unsigned to, int32_t *until)
{
	struct asking a = { .l = l,
		.category = category,
		.owner = owner,
		.to = to };
	bool any = false;

	if (is_sealed(l, category))
		return false;
	for (size_t k = 0; k < COUNT_OF(lines); k++) {
		if (!is_label(category, lines[k].label) ||
		    (lines[k].to & kind_bit(l, to)) == 0)
			continue;
		for (unsigned p = 0; p < PURPOSES; p++) {
			int32_t end;

			a.purpose = lines[k].purposes & 1u << p;
			if (a.purpose != 0 && holds(&a, &lines[k], &end))
				better(until, &any, end);
		}
	}
	return any;
}

/* ---- beside the lines ---------------------------------------------------------------------- */

/* Papers of the owner's about a consent or an order are for who has to act on one;
 * and for a recipient, while it is one of each consent that they are about. */
static bool
is_named(const struct law *l, unsigned owner, const char *category, unsigned to)
{
	bool any = false, all = true;

	for (size_t k = 0; k < l->namings; k++) {
		const struct naming *m = &l->naming[k];
		bool is_one = false;

		if (m->owner != owner || strcmp(m->category, category) != 0)
			continue;
		if (m->must && m->agency == to)
			return true;
		for (size_t i = 0; i < l->namings; i++)
			is_one |= id_equal(&l->naming[i].row, &m->row) &&
			    l->naming[i].agency == to &&
			    strcmp(l->naming[i].category, category) == 0;
		any = true;
		all &= is_one;
	}
	return any && all;
}

static bool
is_protected(const char *category)
{
	return is_label(category, "TX2") || is_label(category, "MHT");
}

/* 42 CFR 2.13(c): that somebody is a patient is itself protected. */
static bool
may_know_of_patient(const struct law *l, unsigned owner, unsigned to)
{
	int32_t unused = NO_DAY;

	for (size_t k = 0; k < l->owns; k++)
		if (is_protected(l->own[k]) &&
		    is_lawful(l, owner, l->own[k], to, &unused))
			return true;
	for (size_t k = 0; k < l->scopes; k++)
		for (size_t i = 0; i < l->consents; i++)
			if (id_equal(&l->scope[k].of, &l->consent[i].id) &&
			    is_protected(l->scope[k].category) &&
			    is_lawful(l, owner, l->scope[k].category, to,
				&unused))
				return true;
	return false;
}

bool
law_entitles(const struct law *l, unsigned owner, const char *category,
    unsigned to, int32_t *until)
{
	bool program = (kind_bit(l, owner) & CARE) != 0;

	*until = NO_DAY;
	if (!is_lawful(l, owner, category, to, until))
		return false;
	if (is_label(category, "ADM"))
		return is_named(l, owner, category, to);
	return !program || is_protected(category) ||
	    may_know_of_patient(l, owner, to);
}

int
law_lease(const char *category)
{
	return is_protected(category)                                ? 7
	    : is_label(category, "SOC")                              ? 14
	    : is_label(category, "JNT") || is_label(category, "SUP") ? 30
								     : -1;
}
