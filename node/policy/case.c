/* The person's consents, authorities, emergencies, orders and team. */
#include "node/policy/case.h"

#include <string.h>

#include "node/policy/rows.h"

struct reading {
	struct policy_case *c;
	const struct agency_id *to;
	policy_day today;
	/* as they grow; facts point to them at the end */
	struct policy_consent *consent;
	struct policy_authority *authority;
	struct policy_emergency *emergency;
	const char **sealed;
	struct row_id *order; /* to seal, in force */
	size_t order_count;
};

#define MORE(rows, list, count) \
	arena_more((rows)->arena, &(list), &(count), sizeof(*(list)))

/* ---- consent ------------------------------------------------------------------ */

static uint32_t
elements(const struct read_row *row)
{
	static const struct {
		enum policy_element element;
		const char *column;
		bool is_yes; /* a box that must be ticked */
	} fields[] = {
		{ ELEMENT_DISCLOSER, "discloser_id", false },
		{ ELEMENT_INFORMATION, "info_description", false },
		{ ELEMENT_PURPOSE, "purpose", false },
		{ ELEMENT_RIGHT_TO_REVOKE, "right_to_revoke_statement", true },
		{ ELEMENT_EXPIRY, "expires_on", false },
		{ ELEMENT_EXPIRY, "expires_event", false },
		{ ELEMENT_SIGNATURE, "signed_by", false },
		{ ELEMENT_DATE, "signed_on", false },
		{ ELEMENT_REFUSAL, "refusal_consequence_statement", true },
		{ ELEMENT_REDISCLOSURE, "tpo_redisclosure_statement", true },
		{ ELEMENT_DURATION, "duration_reason", false },
		{ ELEMENT_REVOCABLE_FROM, "revocable_event", false },
		{ ELEMENT_REVOCABLE_FROM, "revocable_on", false },
		{ ELEMENT_CONDITION, "condition_of_release", true },
	};
	/* whose compartment it stands in */
	uint32_t bits = POLICY_BIT(ELEMENT_PATIENT);

	for (size_t k = 0; k < COUNT_OF(fields); k++)
		if (fields[k].is_yes ? row_yes(row, fields[k].column)
				     : row_said(row, fields[k].column))
			bits |= POLICY_BIT(fields[k].element);
	if (row_is(row, "revocable_rule", "any_time"))
		bits |= POLICY_BIT(ELEMENT_REVOCABLE_FROM);
	return bits;
}

static enum policy_consent_status
status_of(const struct read_row *row)
{
	return row_is(row, "status", "active")    ? CONSENT_ACTIVE
	    : row_is(row, "status", "suspended")  ? CONSENT_SUSPENDED
	    : row_is(row, "status", "superseded") ? CONSENT_SUPERSEDED
	    : row_is(row, "status", "draft") || !row_said(row, "status")
	    ? CONSENT_DRAFT
	    : CONSENT_REVOKED;
}

static enum err
on_consent(struct rows *rows, const struct read_row *row)
{
	struct reading *x = rows->context;
	int kind = row_number(row, "kind", LIST_CONSENT);
	policy_day met = row_day(row, "ended_by_event_on");
	struct agency_id *discloser;
	struct policy_consent *c;

	if (kind < 0)
		return OK;
	c = MORE(rows, x->consent, x->c->facts.consent_count);
	discloser = arena_take(rows->arena, sizeof(*discloser));
	if (c == NULL || discloser == NULL)
		return ERR_NOMEM;
	*c = (struct policy_consent){
		.id = row->id,
		.kind = (enum policy_consent_kind)kind,
		.status = status_of(row),
		.discloser = discloser,
		.elements = elements(row),
		.purposes = row_bits(row, "purposes", LIST_PURPOSE),
		.effective = row_day(row, "effective_on"),
		.expires = row_day(row, "expires_on"),
		.revoked = row_day(row, "revoked_on"),
		.event_met = met != POLICY_NO_DAY && met <= x->today,
	};
	/* who wrote it down discloses, if nobody else is named */
	if (!row_id_of(row, "discloser_id", discloser->b))
		*discloser = row->owner;
	return OK;
}

static struct policy_consent *
consent_of(const struct reading *x, const struct read_row *row)
{
	struct row_id id;

	if (!row_id_of(row, "consent_id", id.b) ||
	    row_is(row, "state", "removed"))
		return NULL;
	for (size_t k = 0; k < x->c->facts.consent_count; k++)
		if (id_equal(&x->consent[k].id, &id))
			return &x->consent[k];
	return NULL;
}

static enum err
add_scope(struct rows *rows, const struct read_row *row,
    const struct policy_scope **list, size_t *count)
{
	struct policy_scope *s;

	s = arena_more(rows->arena, list, count, sizeof(*s));
	if (s == NULL)
		return ERR_NOMEM;
	s->category = arena_text(rows->arena, row_value(row, "category"));
	s->from = row_day(row, "from_on");
	s->to = row_day(row, "to_on");
	return s->category != NULL ? OK : ERR_NOMEM;
}

static enum err
on_scope(struct rows *rows, const struct read_row *row)
{
	struct policy_consent *c = consent_of(rows->context, row);

	return c != NULL ? add_scope(rows, row, &c->scope, &c->scope_count)
			 : OK;
}

/* "my treating providers": 42 CFR 2.31(a)(4)(ii) */
static uint32_t
class_of(const struct read_row *row)
{
	return row_is(row, "role", "treating_providers")
	    ? POLICY_BIT(PARTY_TREATMENT) | POLICY_BIT(PARTY_MENTAL_HEALTH) |
		POLICY_BIT(PARTY_MEDICAL)
	    : 0;
}

static enum err
on_recipient(struct rows *rows, const struct read_row *row)
{
	struct policy_consent *c = consent_of(rows->context, row);
	struct agency_id *agency;
	struct policy_recipient *to;

	if (c == NULL)
		return OK;
	to = MORE(rows, c->recipient, c->recipient_count);
	agency = arena_take(rows->arena, sizeof(*agency));
	if (to == NULL || agency == NULL)
		return ERR_NOMEM;
	if (row_id_of(row, "agency_id", agency->b))
		to->agency = agency;
	to->kinds = class_of(row);
	to->roles = to->kinds == 0 ? row_bits(row, "role", LIST_ROLE) : 0;
	c->elements |= POLICY_BIT(ELEMENT_RECIPIENT);
	return OK;
}

/* ---- authorities and orders ------------------------------------------------------- */

static enum err
party(struct rows *rows, const struct read_row *row, const char *column,
    const struct agency_id **out)
{
	struct agency_id *id = arena_take(rows->arena, sizeof(*id));

	if (id == NULL)
		return ERR_NOMEM;
	if (row_id_of(row, column, id->b))
		*out = id;
	return OK;
}

static enum err
on_authority(struct rows *rows, const struct read_row *row)
{
	struct reading *x = rows->context;
	int kind = row_number(row, "kind", LIST_AUTHORITY);
	struct policy_authority *a;
	enum err e;

	if (kind < 0)
		return OK;
	a = MORE(rows, x->authority, x->c->facts.authority_count);
	if (a == NULL)
		return ERR_NOMEM;
	*a = (struct policy_authority){
		.id = row->id,
		.kind = (enum policy_authority_kind)kind,
		.citation = arena_text(rows->arena, row_value(row, "citation")),
		.issued = row_day(row, "issued_on"),
		.expires = row_day(row, "expires_on"),
		.quashed =
		    row_said(row, "status") && !row_is(row, "status", "active"),
		.with_order = row_yes(row, "with_order"),
	};
	e = party(rows, row, "discloser_id", &a->discloser);
	if (e == OK)
		e = party(rows, row, "recipient_id", &a->recipient);
	return a->citation != NULL ? e : ERR_NOMEM;
}

static enum err
on_authority_scope(struct rows *rows, const struct read_row *row)
{
	struct reading *x = rows->context;
	struct row_id id;

	if (!row_id_of(row, "authority_id", id.b) ||
	    row_is(row, "state", "removed"))
		return OK;
	for (size_t k = 0; k < x->c->facts.authority_count; k++)
		if (id_equal(&x->authority[k].id, &id))
			return add_scope(rows, row, &x->authority[k].scope,
			    &x->authority[k].scope_count);
	return OK;
}

static enum err
on_order(struct rows *rows, const struct read_row *row)
{
	struct reading *x = rows->context;
	policy_day from = row_day(row, "effective_on");
	struct row_id *id;

	if (row_is(row, "state", "vacated") ||
	    (from != POLICY_NO_DAY && from > x->today))
		return OK;
	id = MORE(rows, x->order, x->order_count);
	if (id == NULL)
		return ERR_NOMEM;
	*id = row->id;
	return OK;
}

static enum err
on_seal(struct rows *rows, const struct read_row *row)
{
	struct reading *x = rows->context;
	struct row_id id;
	const char **to;

	if (!row_id_of(row, "seal_order_id", id.b) ||
	    row_is(row, "state", "removed"))
		return OK;
	for (size_t k = 0; k < x->order_count; k++) {
		if (!id_equal(&x->order[k], &id))
			continue;
		to = MORE(rows, x->sealed, x->c->facts.sealed_count);
		if (to == NULL)
			return ERR_NOMEM;
		*to = arena_text(rows->arena, row_value(row, "category"));
		return *to != NULL ? OK : ERR_NOMEM;
	}
	return OK;
}

/* ---- emergencies -------------------------------------------------------------------- */

/* What it opens, words with commas. */
static enum err
split(struct arena *arena, char *list, struct policy_emergency *x)
{
	char *at = list;

	while (*at != 0) {
		size_t n = strcspn(at, ", ");
		const char **to;

		if (n > 0) {
			to = arena_more(arena, &x->category, &x->category_count,
			    sizeof(*to));
			if (to == NULL)
				return ERR_NOMEM;
			*to = at;
		}
		at += n;
		if (*at != 0)
			*at++ = 0;
	}
	return OK;
}

static enum err
on_emergency(struct rows *rows, const struct read_row *row)
{
	struct reading *x = rows->context;
	policy_day from = row_day(row, "opened_at");
	policy_day end = row_day(row, "ends_at");
	struct policy_emergency *to;
	char *list;

	/* whole days: hours are the session's, which ends sooner */
	if (from == POLICY_NO_DAY || from > x->today || end == POLICY_NO_DAY ||
	    end < x->today)
		return OK;
	to = MORE(rows, x->emergency, x->c->facts.emergency_count);
	if (to == NULL)
		return ERR_NOMEM;
	to->id = row->id;
	to->medical = row_is(row, "reason", "medical_emergency");
	to->recorded = row_said(row, "medical_person") &&
	    row_said(row, "medical_affiliation") &&
	    row_said(row, "disclosed_by") && row_said(row, "emergency");
	list = arena_text(rows->arena, row_value(row, "categories"));
	return list != NULL ? split(rows->arena, list, to) : ERR_NOMEM;
}

/* ---- who works with the person --------------------------------------------------------- */

static bool
is_to(const struct reading *x, const struct read_row *row, const char *column)
{
	struct agency_id id;

	return row_id_of(row, column, id.b) && id_equal(&id, x->to);
}

static enum err
on_member(struct rows *rows, const struct read_row *row)
{
	struct reading *x = rows->context;
	policy_day from = row_day(row, "from_on"), end = row_day(row, "to_on");

	if (is_to(x, row, "agency_id") &&
	    (from == POLICY_NO_DAY || from <= x->today) &&
	    (end == POLICY_NO_DAY || end > x->today)) {
		x->c->relations |= POLICY_BIT(RELATION_TEAM);
		x->c->episode = true;
	}
	return OK;
}

static enum err
on_referral(struct rows *rows, const struct read_row *row)
{
	struct reading *x = rows->context;

	if (is_to(x, row, "agency_id") &&
	    !row_is(row, "withdrawn", "withdrawn")) {
		x->c->relations |= POLICY_BIT(RELATION_ASSIGNED);
		x->c->episode = true;
	}
	return OK;
}

static enum err
on_episode(struct rows *rows, const struct read_row *row)
{
	struct reading *x = rows->context;

	if (id_equal(&row->owner, x->to) && !row_is(row, "status", "closed")) {
		x->c->relations |= POLICY_BIT(RELATION_ASSIGNED);
		x->c->episode = true;
	}
	return OK;
}

/* ---- all of it ---------------------------------------------------------------------------- */

static enum err
load_agreements(struct reading *x, struct replica *r, struct fail *f)
{
	struct policy_agreement *p;
	struct agreement *list = NULL;
	size_t count = 0;
	enum err e = agreement_load(&list, &count, r, &x->c->arena, f);

	if (e != OK)
		return e;
	p = arena_take(&x->c->arena, (count + 1) * sizeof(*p));
	if (p == NULL)
		return fail_code(f, ERR_NOMEM);
	for (size_t k = 0; k < count; k++)
		p[k] = list[k].p;
	x->c->facts.agreement = p;
	x->c->facts.agreement_count = count;
	return OK;
}

enum err
policy_case_load(struct policy_case *out, struct replica *r,
    const struct row_id *person, const struct agency_id *to, policy_day today,
    struct fail *f)
{
	/* what others refer to comes first */
	static const struct {
		const char *table;
		enum err (*each)(struct rows *rows, const struct read_row *row);
	} tables[] = { { "consent", on_consent }, { "consent_scope", on_scope },
		{ "consent_recipient", on_recipient },
		{ "legal_authority", on_authority },
		{ "legal_authority_scope", on_authority_scope },
		{ "seal_order", on_order }, { "seal_scope", on_seal },
		{ "break_glass", on_emergency }, { "team_member", on_member },
		{ "referral", on_referral }, { "episode", on_episode },
		{ "tx_episode", on_episode } };
	struct reading x = { .c = out, .to = to, .today = today };
	enum err e;

	memset(out, 0, sizeof(*out));
	e = load_agreements(&x, r, f);
	for (size_t k = 0; e == OK && k < COUNT_OF(tables); k++) {
		struct rows rows = { .r = r,
			.arena = &out->arena,
			.context = &x,
			.each = tables[k].each };

		e = rows_read(&rows, tables[k].table, person, f);
	}
	if (e != OK) {
		policy_case_release(out);
		return e;
	}
	out->facts.consent = x.consent;
	out->facts.authority = x.authority;
	out->facts.emergency = x.emergency;
	out->facts.sealed = x.sealed;
	return OK;
}

void
policy_case_release(struct policy_case *c)
{
	arena_release(&c->arena);
	memset(c, 0, sizeof(*c));
}

policy_day
policy_today(struct replica *r)
{
	const struct env *env = replica_env(r);
	int64_t ms =
	    env_wall_ms(env) + (int64_t)env->offset_min(env->self) * 60 * 1000;

	return (policy_day)((ms - (ms < 0 ? 86399999 : 0)) / 86400000);
}
