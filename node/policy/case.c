/* The person's authorities, emergencies, orders and team; the whole case. */
#include "node/policy/case_i.h"
#include "node/policy/closed.h"

#include <string.h>

/* ---- what several tables have ------------------------------------------------- */

enum err
case_add_scope(struct rows *rows, const struct read_row *row,
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

enum err
case_name_agency(struct rows *rows, const struct read_row *row,
    const struct row_id *of, const struct agency_id *agency, bool must)
{
	struct case_reading *x = rows->context;
	struct policy_naming *n;

	if (id_equal(&row->owner, agency))
		return OK;
	n = CASE_MORE(rows, x->c->naming, x->c->naming_count);
	if (n == NULL)
		return ERR_NOMEM;
	*n = (struct policy_naming){ .category =
					 arena_copy(rows->arena, row->category),
		.owner = row->owner,
		.agency = *agency,
		.row = *of,
		.must = must };
	return n->category != NULL ? OK : ERR_NOMEM;
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

static const struct agency_id *
owner_of(struct rows *rows, const struct read_row *row)
{
	struct agency_id *id = arena_take(rows->arena, sizeof(*id));

	if (id != NULL)
		*id = row->owner;
	return id;
}

static enum err
on_authority(struct rows *rows, const struct read_row *row)
{
	struct case_reading *x = rows->context;
	int kind = row_number(row, "kind", LIST_AUTHORITY);
	struct policy_authority *a;
	enum err e;

	if (kind < 0)
		return OK;
	a = CASE_MORE(rows, x->authority, x->c->facts.authority_count);
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
	a->owner = owner_of(rows, row);
	if (a->owner == NULL)
		return ERR_NOMEM;
	e = party(rows, row, "discloser_id", &a->discloser);
	if (e == OK)
		e = party(rows, row, "recipient_id", &a->recipient);
	if (e == OK && a->discloser != NULL)
		e = case_name_agency(rows, row, &row->id, a->discloser, true);
	return a->citation != NULL ? e : ERR_NOMEM;
}

static enum err
on_authority_scope(struct rows *rows, const struct read_row *row)
{
	struct case_reading *x = rows->context;
	struct row_id id;

	if (!row_id_of(row, "authority_id", id.b) ||
	    row_is(row, "state", "removed"))
		return OK;
	for (size_t k = 0; k < x->c->facts.authority_count; k++)
		if (id_equal(&x->authority[k].id, &id) &&
		    id_equal(x->authority[k].owner, &row->owner))
			return case_add_scope(rows, row, &x->authority[k].scope,
			    &x->authority[k].scope_count);
	return OK;
}

static enum err
on_order(struct rows *rows, const struct read_row *row)
{
	struct case_reading *x = rows->context;
	policy_day from = row_day(row, "effective_on");
	struct case_order *o;

	/* what is asked about is the own agency's */
	if (row_is(row, "state", "vacated") ||
	    (from != POLICY_NO_DAY && from > x->today) ||
	    !closed_binds(rows->r, &row->owner,
		&replica_identity(rows->r)->agency))
		return OK;
	o = CASE_MORE(rows, x->order, x->order_count);
	if (o == NULL)
		return ERR_NOMEM;
	*o = (struct case_order){ row->id, row->owner,
		row_bits(row, "readers", LIST_ROLE) };
	return OK;
}

static enum err
on_seal(struct rows *rows, const struct read_row *row)
{
	struct case_reading *x = rows->context;
	struct policy_seal *to;
	struct row_id id;

	if (!row_id_of(row, "seal_order_id", id.b) ||
	    row_is(row, "state", "removed"))
		return OK;
	for (size_t k = 0; k < x->order_count; k++) {
		if (!id_equal(&x->order[k].id, &id) ||
		    !id_equal(&x->order[k].owner, &row->owner))
			continue;
		to = CASE_MORE(rows, x->sealed, x->c->facts.sealed_count);
		if (to == NULL)
			return ERR_NOMEM;
		to->category =
		    arena_text(rows->arena, row_value(row, "category"));
		to->readers = x->order[k].readers;
		return to->category != NULL ? OK : ERR_NOMEM;
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
	struct case_reading *x = rows->context;
	policy_day from = row_day(row, "opened_at");
	policy_day end = row_day(row, "ends_at");
	struct policy_emergency *to;
	struct agency_id owner;
	char *list;

	/* whose records were opened hears of it, also when it is over */
	if (row_id_of(row, "owner_agency_id", owner.b) &&
	    case_name_agency(rows, row, &row->id, &owner, true) != OK)
		return ERR_NOMEM;

	/* whole days: hours are the session's, which ends sooner */
	if (from == POLICY_NO_DAY || from > x->today || end == POLICY_NO_DAY ||
	    end < x->today)
		return OK;
	to = CASE_MORE(rows, x->emergency, x->c->facts.emergency_count);
	if (to == NULL)
		return ERR_NOMEM;
	to->id = row->id;
	to->opener = row->owner;
	to->ends = end + 1;
	to->medical = row_is(row, "reason", "medical_emergency");
	to->recorded = row_said(row, "medical_person") &&
	    row_said(row, "medical_affiliation") &&
	    row_said(row, "disclosed_by") && row_said(row, "emergency");
	list = arena_text(rows->arena, row_value(row, "categories"));
	return list != NULL ? split(rows->arena, list, to) : ERR_NOMEM;
}

/* ---- who works with the person --------------------------------------------------------- */

static enum err
tie(struct rows *rows, const struct agency_id *agency,
    enum policy_relation relation, bool by_consent)
{
	struct case_reading *x = rows->context;
	struct policy_tie *t = CASE_MORE(rows, x->c->tie, x->c->tie_count);

	if (t == NULL)
		return ERR_NOMEM;
	*t = (struct policy_tie){ .agency = *agency,
		.relation = relation,
		.by_consent = by_consent,
		.answered = INT64_MIN };
	return OK;
}

/* The same, and what it comes from, which may end it. */
static enum err
tie_by(struct rows *rows, const struct agency_id *agency,
    const struct row_id *of, const struct agency_id *asked)
{
	struct case_reading *x = rows->context;
	enum err e = tie(rows, agency, RELATION_ASSIGNED, false);

	if (e == OK) {
		x->c->tie[x->c->tie_count - 1].of = *of;
		x->c->tie[x->c->tie_count - 1].asked = *asked;
	}
	return e;
}

static enum err
on_member(struct rows *rows, const struct read_row *row)
{
	struct case_reading *x = rows->context;
	policy_day from = row_day(row, "from_on"), end = row_day(row, "to_on");
	struct agency_id agency;

	if (!row_id_of(row, "agency_id", agency.b) ||
	    (from != POLICY_NO_DAY && from > x->today) ||
	    (end != POLICY_NO_DAY && end <= x->today))
		return OK;
	return tie(rows, &agency, RELATION_TEAM, false);
}

/* Who is asked, and who asks. */
static enum err
on_referral(struct rows *rows, const struct read_row *row)
{
	struct agency_id agency;
	enum err e;

	if (row_is(row, "withdrawn", "withdrawn") ||
	    !row_id_of(row, "agency_id", agency.b))
		return OK;
	e = tie_by(rows, &agency, &row->id, &agency);
	return e == OK ? tie_by(rows, &row->owner, &row->id, &agency) : e;
}

/* The last word of whoever was asked. */
static enum err
on_answer(struct rows *rows, const struct read_row *row)
{
	struct case_reading *x = rows->context;
	const struct value *at = row_value(row, "answered_at");
	int64_t when = at->type == VALUE_TIME ? at->i : INT64_MIN;
	bool over = row_is(row, "state", "declined") ||
	    row_is(row, "state", "not_engaged") ||
	    row_is(row, "state", "completed") || row_is(row, "state", "ended");
	struct row_id id;

	if (!row_id_of(row, "referral_id", id.b))
		return OK;
	for (size_t k = 0; k < x->c->tie_count; k++) {
		struct policy_tie *t = &x->c->tie[k];

		if (!id_equal(&t->of, &id) ||
		    !id_equal(&t->asked, &row->owner) || when < t->answered)
			continue;
		/* of two at one time the one that ends it */
		t->ended = over || (t->ended && when == t->answered);
		t->answered = when;
	}
	return OK;
}

static enum err
on_episode(struct rows *rows, const struct read_row *row)
{
	return row_is(row, "status", "closed")
	    ? OK
	    : tie_by(rows, &row->owner, &row->id, &row->owner);
}

static enum err
on_discharge(struct rows *rows, const struct read_row *row)
{
	struct case_reading *x = rows->context;
	policy_day day = row_day(row, "discharged_on");
	struct row_id id;

	if (!row_id_of(row, "episode_id", id.b) || day == POLICY_NO_DAY ||
	    day > x->today)
		return OK;
	for (size_t k = 0; k < x->c->tie_count; k++)
		if (id_equal(&x->c->tie[k].of, &id) &&
		    id_equal(&x->c->tie[k].agency, &row->owner))
			x->c->tie[k].ended = true;
	return OK;
}

/* Those that are over are none. */
static void
drop_ended(struct policy_case *c)
{
	size_t kept = 0;

	for (size_t k = 0; k < c->tie_count; k++)
		if (!c->tie[k].ended)
			c->tie[kept++] = c->tie[k];
	c->tie_count = kept;
}

/* The person says of whom a consent in force names that they work with them. */
static enum err
tie_named(struct rows *rows)
{
	struct case_reading *x = rows->context;

	for (size_t k = 0; k < x->c->facts.consent_count; k++) {
		const struct policy_consent *c = &x->consent[k];

		for (size_t i = 0; i < c->recipient_count; i++)
			if (c->recipient[i].agency != NULL &&
			    policy_consent_in_force(c, x->today) &&
			    tie(rows, c->recipient[i].agency, RELATION_ASSIGNED,
				true) != OK)
				return ERR_NOMEM;
	}
	return OK;
}

uint32_t
policy_case_relations(const struct policy_case *c,
    const struct agency_id *agency, bool by_consent)
{
	uint32_t bits = 0;

	for (size_t k = 0; k < c->tie_count; k++)
		if (id_equal(&c->tie[k].agency, agency) &&
		    (by_consent || !c->tie[k].by_consent))
			bits |= POLICY_BIT(c->tie[k].relation);
	return bits;
}

/* ---- all of it ---------------------------------------------------------------------------- */

enum err
policy_agreements_load(struct policy_agreement **out, size_t *count,
    struct replica *r, struct arena *arena, struct fail *f)
{
	struct policy_agreement *p;
	struct agreement *list = NULL;
	enum err e = agreement_load(&list, count, r, arena, f);

	if (e != OK)
		return e;
	p = arena_take(arena, (*count + 1) * sizeof(*p));
	if (p == NULL)
		return fail_code(f, ERR_NOMEM);
	for (size_t k = 0; k < *count; k++)
		p[k] = list[k].p;
	*out = p;
	return OK;
}

static enum err
read_tables(struct case_reading *x, struct replica *r,
    const struct row_id *person, struct fail *f)
{
	/* what others refer to comes first */
	static const struct {
		const char *table;
		enum err (*each)(struct rows *rows, const struct read_row *row);
	} tables[] = { { "consent", case_on_consent },
		{ "consent_scope", case_on_scope },
		{ "consent_recipient", case_on_recipient },
		{ "consent_event", case_on_consent_event },
		{ "legal_authority", on_authority },
		{ "legal_authority_scope", on_authority_scope },
		{ "seal_order", on_order }, { "seal_scope", on_seal },
		{ "break_glass", on_emergency }, { "team_member", on_member },
		{ "referral", on_referral }, { "episode", on_episode },
		{ "tx_episode", on_episode }, { "referral_answer", on_answer },
		{ "tx_discharge", on_discharge } };
	struct rows rows = { .r = r, .arena = &x->c->arena, .context = x };
	enum err e = OK;

	for (size_t k = 0; e == OK && k < COUNT_OF(tables); k++) {
		rows.each = tables[k].each;
		e = rows_read(&rows, tables[k].table, person, f);
	}
	drop_ended(x->c);
	for (size_t k = 0; e == OK && k < x->c->facts.consent_count; k++)
		case_settle_ending(&x->consent[k], &x->ending[k], x->today);
	return e == OK && tie_named(&rows) != OK ? fail_code(f, ERR_NOMEM) : e;
}

enum err
policy_case_load_person(struct policy_case *out, struct replica *r,
    const struct row_id *person, const struct policy_agreement *agreement,
    size_t agreement_count, policy_day today, struct fail *f)
{
	struct case_reading x = { .c = out, .today = today };
	enum err e;

	memset(out, 0, sizeof(*out));
	out->facts.agreement = agreement;
	out->facts.agreement_count = agreement_count;
	e = read_tables(&x, r, person, f);
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

enum err
policy_case_load(struct policy_case *out, struct replica *r,
    const struct row_id *person, const struct agency_id *to, policy_day today,
    struct fail *f)
{
	struct policy_agreement *list = NULL;
	struct arena arena = { 0 };
	size_t count = 0;
	enum err e = policy_agreements_load(&list, &count, r, &arena, f);

	if (e == OK)
		e = policy_case_load_person(out, r, person, list, count, today,
		    f);
	else
		memset(out, 0, sizeof(*out));
	if (e != OK) {
		arena_release(&arena);
		return e;
	}
	arena_join(&out->arena, &arena);
	out->relations = to != NULL ? policy_case_relations(out, to, false) : 0;
	out->episode = out->relations != 0;
	return OK;
}

void
policy_case_release(struct policy_case *c)
{
	arena_release(&c->arena);
	memset(c, 0, sizeof(*c));
}

int64_t
policy_now_ms(struct replica *r)
{
	int64_t ms = env_wall_ms(replica_env(r)), seen = replica_policy_ms(r);

	return seen > ms ? seen : ms;
}

int64_t
policy_civil_ms(struct replica *r)
{
	const struct env *env = replica_env(r);

	return policy_now_ms(r) +
	    (int64_t)env->offset_min(env->self) * 60 * 1000;
}

policy_day
policy_today(struct replica *r)
{
	int64_t ms = policy_civil_ms(r);

	return (policy_day)((ms - (ms < 0 ? 86399999 : 0)) / 86400000);
}
