/* Every category and agency asked about, then compared with who holds what. */
#include "node/policy/entitle.h"

#include <string.h>

#include "node/party.h"

static bool
has_label(const char *category, const char *label)
{
	size_t n = strlen(label);

	return strncmp(category, label, n) == 0 &&
	    (category[n] == '.' || category[n] == '\0');
}

static bool
is_protected(const char *category)
{
	return has_label(category, "TX2") || has_label(category, "MHT");
}

/* Rows in it are for whom they name. */
static bool
is_named_only(const char *category)
{
	return has_label(category, "ADM");
}

static bool
is_never(const char *category)
{
	return has_label(category, "CNS") || has_label(category, "DIR") ||
	    has_label(category, "AUD");
}

/* ---- what to ask for -------------------------------------------------------------- */

/* For what, and for whom there, anything on record lets records go. */
static void
wanted(uint32_t *purposes, uint32_t *roles, const struct entitle_question *q,
    const struct policy_party *to)
{
	const struct policy_facts *f = &q->c->facts;

	*purposes = POLICY_BIT(party_usual_purpose(to->kind));
	*roles = POLICY_BIT(party_usual_role(to->kind));
	for (size_t k = 0; k < f->consent_count; k++) {
		*purposes |= f->consent[k].purposes;
		for (size_t i = 0; i < f->consent[k].recipient_count; i++)
			*roles |= f->consent[k].recipient[i].roles;
	}
	for (size_t k = 0; k < f->agreement_count; k++) {
		const struct policy_agreement *g = &f->agreement[k];

		for (size_t i = 0; i < g->rule_count; i++) {
			*purposes |= g->rule[i].purposes;
			*roles |= g->rule[i].roles;
		}
	}
	if (f->authority_count > 0)
		*purposes = POLICY_BIT(POLICY_PURPOSE_COUNT) - 1;
	if (f->emergency_count > 0)
		*purposes |= POLICY_BIT(PURPOSE_EMERGENCY);
	/* that is the person's own, on paper */
	*purposes &= ~POLICY_BIT(PURPOSE_PERSON);
}

/* Does it hold, and longer than the one before? */
static bool
is_better(const struct policy_answer *a, const struct policy_answer *best)
{
	if (a->reason != POLICY_PERMIT)
		return false;
	if (best->reason != POLICY_PERMIT)
		return true;
	return best->until != POLICY_NO_DAY &&
	    (a->until == POLICY_NO_DAY || a->until > best->until);
}

static void
ask_all(struct policy_answer *best, const struct entitle_question *q,
    const char *category, const struct policy_party *to)
{
	struct policy_question ask = {
		.category = &category,
		.category_count = 1,
		.from = q->own,
		.to = *to,
		.channel = CHANNEL_SYNC_,
		.today = q->today,
		/* a window that is shut today has nothing new */
		.row_day = q->today,
		.word_age = -1,
		.relations = policy_case_relations(q->c, &to->agency, true),
	};
	uint32_t purposes, roles;
	struct policy_answer a;

	ask.episode = ask.relations != 0;
	wanted(&purposes, &roles, q, to);
	/* what an agency of this kind usually asks for gives the reason why not */
	ask.purpose = party_usual_purpose(to->kind);
	ask.role = party_usual_role(to->kind);
	policy_may(best, q->pack, &q->c->facts, &ask);
	for (int p = 0; p < POLICY_PURPOSE_COUNT; p++) {
		for (int r = 0; r < POLICY_ROLE_COUNT; r++) {
			if ((purposes & POLICY_BIT(p)) == 0 ||
			    (roles & POLICY_BIT(r)) == 0)
				continue;
			ask.purpose = (enum policy_purpose)p;
			ask.role = (enum policy_role)r;
			policy_may(&a, q->pack, &q->c->facts, &ask);
			if (is_better(&a, best))
				*best = a;
		}
	}
}

/* ---- what the pack does not say ------------------------------------------------------ */

/* Of the rows that are in this category of ours: does one name the agency that
 * has to act on it, do all name it? */
static bool
is_named(const struct entitle_question *q, const char *category,
    const struct policy_party *to)
{
	bool any = false, all = true;

	for (size_t k = 0; k < q->c->naming_count; k++) {
		const struct policy_naming *n = &q->c->naming[k];
		bool here = false;

		if (!id_equal(&n->owner, &q->own.agency) ||
		    strcmp(n->category, category) != 0)
			continue;
		for (size_t i = 0; i < q->c->naming_count && !here; i++)
			here = id_equal(&q->c->naming[i].row, &n->row) &&
			    id_equal(&q->c->naming[i].agency, &to->agency) &&
			    strcmp(q->c->naming[i].category, category) == 0;
		any |= here;
		all &= here;
		if (n->must && id_equal(&n->agency, &to->agency))
			return true;
	}
	return any && all;
}

/* What the pack gives to nobody goes to whom it names, and what it gives to every
 * member only to those. */
static void
ask_named(struct policy_answer *out, const struct entitle_question *q,
    const char *category, const struct policy_party *to)
{
	bool named = is_named(q, category, to);

	if (out->reason == POLICY_PERMIT && !named)
		out->reason = POLICY_NO_NEED;
	if (out->reason != POLICY_NO_BASIS || !named)
		return;
	*out = (struct policy_answer){ .reason = POLICY_PERMIT,
		.category = category,
		.cite = "our policy",
		.ground = GROUND_MEMBERSHIP,
		.consent_kind = -1,
		.until = POLICY_NO_DAY };
}

/* Has it a right to any treatment record of this person, held or to come? */
static bool
may_know(const struct entitle_question *q, const struct policy_party *to)
{
	struct policy_answer a;

	for (size_t k = 0; k < q->category_count; k++) {
		if (!is_protected(q->category[k]))
			continue;
		ask_all(&a, q, q->category[k], to);
		if (a.reason == POLICY_PERMIT)
			return true;
	}
	for (size_t k = 0; k < q->c->facts.consent_count; k++) {
		const struct policy_consent *c = &q->c->facts.consent[k];

		for (size_t i = 0; i < c->scope_count; i++) {
			if (!is_protected(c->scope[i].category))
				continue;
			ask_all(&a, q, c->scope[i].category, to);
			if (a.reason == POLICY_PERMIT)
				return true;
		}
	}
	return false;
}

static bool
is_program(enum policy_kind kind)
{
	return kind == PARTY_TREATMENT || kind == PARTY_MENTAL_HEALTH;
}

/* The window that the consent opens begins some day: what is older stays shut. */
static bool
starts_now(const struct policy_consent *c, const char *category)
{
	bool any = false;

	for (size_t k = 0; c != NULL && k < c->scope_count; k++) {
		const struct policy_scope *s = &c->scope[k];
		size_t n = strlen(s->category);

		if (strncmp(s->category, category, n) != 0 ||
		    (category[n] != '\0' && category[n] != '.'))
			continue;
		if (s->from == POLICY_NO_DAY)
			return false;
		any = true;
	}
	return any;
}

void
entitle_ask(struct policy_answer *out, struct policy_basis *basis,
    bool *from_now, const struct entitle_question *q, const char *category,
    const struct policy_party *to)
{
	*from_now = false;
	if (is_never(category)) {
		*out = (struct policy_answer){ .reason = POLICY_NEVER,
			.category = category,
			.cite = "our policy",
			.consent_kind = -1,
			.until = POLICY_NO_DAY };
		return;
	}
	ask_all(out, q, category, to);
	if (is_named_only(category))
		ask_named(out, q, category, to);
	if (out->reason == POLICY_PERMIT && is_program(q->own.kind) &&
	    !is_protected(category) && !is_named_only(category) &&
	    !may_know(q, to))
		out->reason = POLICY_NO_BASIS;
	if (out->reason != POLICY_PERMIT)
		return;
	policy_basis_of(basis, out, q->pack, category, q->today);
	*from_now = starts_now(out->consent, category);
}

/* ---- against what is held ------------------------------------------------------------- */

static const struct entitle_holding *
held(const struct entitle_question *q, const char *category,
    const struct agency_id *agency)
{
	for (size_t k = 0; k < q->holding_count; k++)
		if (strcmp(q->holding[k].category, category) == 0 &&
		    id_equal(&q->holding[k].agency, agency))
			return &q->holding[k];
	return NULL;
}

/* What a person gave by hand stays, but for what the law or an order shuts. */
static bool
is_to_end(const struct entitle_holding *h, enum policy_reason why)
{
	struct policy_basis b;

	return policy_basis_parse(&b, h->basis) || is_protected(h->category) ||
	    why == POLICY_SEALED || why == POLICY_EXPUNGED;
}

struct weighing {
	const struct entitle_question *q;
	struct arena *arena;
	struct entitle_act *remove, *grant;
	size_t remove_count, grant_count;
};

static enum err
add(struct weighing *w, const struct entitle_act *act)
{
	struct entitle_act *to = act->kind == ENTITLE_REMOVE
	    ? arena_more(w->arena, &w->remove, &w->remove_count, sizeof(*to))
	    : arena_more(w->arena, &w->grant, &w->grant_count, sizeof(*to));

	if (to == NULL)
		return ERR_NOMEM;
	*to = *act;
	return OK;
}

/* Whoever was granted all of a record reads all of it. */
static enum err
complete(struct weighing *w, const struct entitle_holding *h,
    const struct entitle_act *act)
{
	struct entitle_act more = *act;

	more.kind = ENTITLE_COMPLETE;
	return h != NULL && h->lacks && !act->from_now ? add(w, &more) : OK;
}

/* An end that came nearer takes the key away, and the grant is made again on its
 * own terms; one that moved on is said anew. */
static enum err
weigh_permitted(struct weighing *w, const struct entitle_holding *h,
    struct entitle_act *act)
{
	struct policy_basis was;
	enum err e = OK;

	if (h != NULL && !policy_basis_parse(&was, h->basis))
		return OK;
	if (h != NULL && policy_basis_same(&was, &act->basis))
		return complete(w, h, act);
	act->kind = h == NULL ? ENTITLE_GRANT : ENTITLE_RENEW;
	if (h != NULL && act->basis.until != POLICY_NO_DAY &&
	    (was.until == POLICY_NO_DAY || act->basis.until < was.until)) {
		act->kind = ENTITLE_REMOVE;
		act->why = POLICY_CONSENT_ENDED;
		e = add(w, act);
		act->kind = ENTITLE_GRANT;
	}
	if (e == OK)
		e = add(w, act);
	return e == OK && act->kind == ENTITLE_RENEW ? complete(w, h, act) : e;
}

static enum err
weigh(struct weighing *w, const char *category, const struct policy_party *to)
{
	const struct entitle_holding *h = held(w->q, category, &to->agency);
	struct entitle_act act = { .category = category,
		.agency = to->agency,
		.write = has_label(category, "JNT") };
	struct policy_answer a;

	entitle_ask(&a, &act.basis, &act.from_now, w->q, category, to);
	if (a.reason == POLICY_PERMIT)
		return weigh_permitted(w, h, &act);
	if (h == NULL || !is_to_end(h, a.reason))
		return OK;
	act.kind = ENTITLE_REMOVE;
	act.why = a.reason;
	return add(w, &act);
}

enum err
entitle_acts(struct entitle_act **out, size_t *count,
    const struct entitle_question *q, struct arena *arena)
{
	struct weighing w = { .q = q, .arena = arena };
	struct entitle_act *all;
	enum err e = OK;

	for (size_t k = 0; k < q->category_count; k++)
		for (size_t i = 0; e == OK && i < q->agency_count; i++)
			e = weigh(&w, q->category[k], &q->agency[i]);
	if (e != OK)
		return e;
	all = arena_take(arena,
	    (w.remove_count + w.grant_count + 1) * sizeof(*all));
	if (all == NULL)
		return ERR_NOMEM;
	if (w.remove_count > 0)
		memcpy(all, w.remove, w.remove_count * sizeof(*all));
	if (w.grant_count > 0)
		memcpy(all + w.remove_count, w.grant,
		    w.grant_count * sizeof(*all));
	*out = all;
	*count = w.remove_count + w.grant_count;
	return OK;
}
