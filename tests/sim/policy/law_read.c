/* What the rows say, a function a table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/policy/law_i.h"

static const char *const purpose_word[PURPOSES] = { "treatment", "coordination",
	"supervision", "court", "safety" };

#define MORE(l, list, count) \
	(&(l)->list[(l)->count < COUNT_OF((l)->list) ? (l)->count++ \
						     : (abort(), (size_t)0)])

unsigned
law_bit(unsigned agency)
{
	return agency < SIM_AGENCIES ? 1u << agency : 0;
}

static unsigned
agency_in(const struct law *l, const struct read_row *row, const char *column)
{
	struct agency_id id;

	return cell_id_of(row, column, id.b) ? policy_agency(l->s, &id)
					     : SIM_AGENCIES;
}

static void
copy_word(char *to, size_t room, const struct read_row *row, const char *column)
{
	const struct value *v = cell_of(row, column);

	if (v->type != VALUE_TEXT || v->n >= room)
		return;
	memcpy(to, v->p, v->n);
	to[v->n] = '\0';
}

static unsigned
purposes_in(const struct read_row *row, const char *column)
{
	unsigned bits = 0;

	for (unsigned k = 0; k < PURPOSES; k++)
		if (cell_has(row, column, purpose_word[k]))
			bits |= 1u << k;
	return bits;
}

/* 0: none is named */
static unsigned
kinds_in(const struct read_row *row, const char *column)
{
	static const char *const word[] = {
		[KIND_PROBATION] = "probation",
		[KIND_TREATMENT] = "treatment",
		[KIND_MENTAL_HEALTH] = "mental_health",
		[KIND_SOCIAL] = "social",
		[KIND_COURT] = "court",
	};
	unsigned bits = cell_has(row, column, "treating_providers") ? CARE : 0;

	for (unsigned k = 0; k < COUNT_OF(word); k++)
		if (cell_has(row, column, word[k]))
			bits |= 1u << k;
	return bits;
}

int32_t
law_earlier(int32_t a, int32_t b)
{
	return a == NO_DAY || (b != NO_DAY && b < a) ? b : a;
}

bool
law_is_over(int32_t end, int32_t day)
{
	return end != NO_DAY && end <= day;
}

bool
law_begun(int32_t from, int32_t day)
{
	return from != NO_DAY && from <= day;
}

static void
name(struct law *l, const struct row_id *of, const struct read_row *row,
    const char *category, unsigned agency, bool must)
{
	unsigned owner = policy_agency(l->s, &row->owner);

	if (agency == owner || agency == SIM_AGENCIES)
		return;
	*MORE(l, naming, namings) = (struct naming){ .row = *of,
		.category = category,
		.owner = owner,
		.agency = agency,
		.must = must };
}

/* ---- reading, a function a table ------------------------------------------------- */

static bool
on_consent(void *context, const struct read_row *row)
{
	struct law *l = context;
	struct consent *c = MORE(l, consent, consents);

	*c = (struct consent){ .id = row->id,
		.owner = policy_agency(l->s, &row->owner),
		.discloser = agency_in(l, row, "discloser_id"),
		.draft = cell_is(row, "status", "draft") ||
		    cell_of(row, "status")->type == VALUE_NULL,
		.active = cell_is(row, "status", "active"),
		.purposes = purposes_in(row, "purposes"),
		.from = cell_day_of(row, "effective_on"),
		.end = law_earlier(cell_day_of(row, "expires_on"),
		    cell_day_of(row, "revoked_on")),
		.asked = NO_DAY,
		.met = NO_DAY,
		.not_before = cell_day_of(row, "revocable_on") };
	copy_word(c->kind, sizeof(c->kind), row, "kind");
	copy_word(c->rule, sizeof(c->rule), row, "revocable_rule");
	if (c->discloser == SIM_AGENCIES)
		c->discloser = c->owner;
	if (!c->draft)
		name(l, &row->id, row, "ADM.consent", c->discloser, true);
	return true;
}

static struct consent *
consent_in(struct law *l, const struct read_row *row)
{
	struct row_id id;

	if (!cell_id_of(row, "consent_id", id.b))
		return NULL;
	for (size_t k = 0; k < l->consents; k++)
		if (id_equal(&l->consent[k].id, &id))
			return &l->consent[k];
	return NULL;
}

static void
read_scope(struct law *l, const struct read_row *row, const char *of)
{
	struct scope *c;
	struct row_id id;

	if (!cell_id_of(row, of, id.b) || cell_is(row, "state", "removed"))
		return;
	c = MORE(l, scope, scopes);
	*c = (struct scope){ .of = id,
		.from = cell_day_of(row, "from_on"),
		.end = cell_day_of(row, "to_on") };
	copy_word(c->category, sizeof(c->category), row, "category");
}

static bool
on_consent_scope(void *context, const struct read_row *row)
{
	read_scope(context, row, "consent_id");
	return true;
}

static bool
on_order_scope(void *context, const struct read_row *row)
{
	read_scope(context, row, "authority_id");
	return true;
}

static bool
on_recipient(void *context, const struct read_row *row)
{
	struct law *l = context;
	const struct consent *c = consent_in(l, row);
	struct recipient *p;

	if (c == NULL || cell_is(row, "state", "removed"))
		return true;
	p = MORE(l, recipient, recipients);
	*p = (struct recipient){ .of = c->id,
		.agency = agency_in(l, row, "agency_id") };
	p->kinds = p->agency == SIM_AGENCIES ? kinds_in(row, "class") : 0;
	if (!c->draft)
		name(l, &c->id, row, "ADM.consent", p->agency, false);
	return true;
}

static bool
on_event(void *context, const struct read_row *row)
{
	struct law *l = context;
	struct consent *c = consent_in(l, row);
	int32_t day = cell_day_of(row, "happened_at");

	if (c == NULL || day == NO_DAY)
		return true;
	if (cell_is(row, "kind", "revocation_requested") ||
	    cell_is(row, "kind", "revoked"))
		c->asked = law_earlier(c->asked, day);
	else if (cell_is(row, "kind", "condition_met"))
		c->met = law_earlier(c->met, day);
	else
		return true;
	name(l, &c->id, row, "ADM.consent", c->owner, true);
	name(l, &c->id, row, "ADM.consent", c->discloser, true);
	return true;
}

static bool
on_order(void *context, const struct read_row *row)
{
	struct law *l = context;
	struct order *o = MORE(l, order, orders);

	*o = (struct order){ .id = row->id,
		.owner = policy_agency(l->s, &row->owner),
		.discloser = agency_in(l, row, "discloser_id"),
		.recipient = agency_in(l, row, "recipient_id"),
		.from = cell_day_of(row, "issued_on"),
		.end = cell_day_of(row, "expires_on"),
		.quashed = cell_is(row, "status", "quashed") };
	copy_word(o->kind, sizeof(o->kind), row, "kind");
	name(l, &row->id, row, "ADM.authority", o->discloser, true);
	return true;
}

static bool
on_sealing(void *context, const struct read_row *row)
{
	struct law *l = context;
	int32_t from = cell_day_of(row, "effective_on");

	if (!cell_is(row, "state", "vacated") &&
	    (from == NO_DAY || from <= l->today))
		*MORE(l, sealing, sealings) = row->id;
	return true;
}

static bool
on_seal_scope(void *context, const struct read_row *row)
{
	struct law *l = context;
	struct scope *c;
	struct row_id id;

	if (!cell_id_of(row, "seal_order_id", id.b) ||
	    cell_is(row, "state", "removed"))
		return true;
	for (size_t k = 0; k < l->sealings; k++) {
		if (!id_equal(&l->sealing[k], &id))
			continue;
		c = MORE(l, seal, seals);
		copy_word(c->category, sizeof(c->category), row, "category");
	}
	return true;
}

static bool
on_team(void *context, const struct read_row *row)
{
	struct law *l = context;
	int32_t from = cell_day_of(row, "from_on");

	if ((from == NO_DAY || from <= l->today) &&
	    !law_is_over(cell_day_of(row, "to_on"), l->today))
		l->tied |= law_bit(agency_in(l, row, "agency_id"));
	return true;
}

static bool
on_referral(void *context, const struct read_row *row)
{
	struct law *l = context;

	if (!cell_is(row, "withdrawn", "withdrawn"))
		l->tied |= law_bit(agency_in(l, row, "agency_id")) |
		    law_bit(policy_agency(l->s, &row->owner));
	return true;
}

static bool
on_episode(void *context, const struct read_row *row)
{
	struct law *l = context;

	if (!cell_is(row, "status", "closed"))
		l->tied |= law_bit(policy_agency(l->s, &row->owner));
	return true;
}

static bool
on_agreement(void *context, const struct read_row *row)
{
	struct law *l = context;

	*MORE(l, agreement, agreements) = (struct agreement){ .id = row->id,
		.owner = policy_agency(l->s, &row->owner),
		.from = cell_day_of(row, "starts_on"),
		.end = law_earlier(cell_day_of(row, "ends_on"),
		    cell_day_of(row, "terminated_on")),
		.last_signed = NO_DAY,
		.offered = cell_is(row, "status", "offered") };
	return true;
}

/* Its drafter's own word about it, unless by is set: anybody's. */
static struct agreement *
agreement_in(struct law *l, const struct read_row *row, bool anybody)
{
	struct row_id id;

	if (!cell_id_of(row, "mou_id", id.b))
		return NULL;
	for (size_t k = 0; k < l->agreements; k++)
		if (id_equal(&l->agreement[k].id, &id) &&
		    (anybody ||
			l->agreement[k].owner ==
			    policy_agency(l->s, &row->owner)))
			return &l->agreement[k];
	return NULL;
}

static bool
on_party(void *context, const struct read_row *row)
{
	struct law *l = context;
	struct agreement *g = agreement_in(l, row, false);

	if (g != NULL && cell_is(row, "state", "removed"))
		g->offered = false; /* another text, which nobody has signed */
	else if (g != NULL)
		g->parties |= law_bit(agency_in(l, row, "agency_id"));
	return true;
}

static bool
on_rule(void *context, const struct read_row *row)
{
	struct law *l = context;
	struct agreement *g = agreement_in(l, row, false);
	struct term *r;

	if (g == NULL)
		return true;
	if (cell_is(row, "state", "removed")) {
		g->offered = false;
		return true;
	}
	r = MORE(l, rule, rules);
	*r = (struct term){ .of = g->id,
		.from_kinds = kinds_in(row, "from_kind"),
		.to_kinds = kinds_in(row, "to_kind"),
		.purpose = purposes_in(row, "purpose"),
		.wants_consent = cell_is(row, "basis", "consent") ||
		    cell_is(row, "basis", "consent_or_authority"),
		.wants_order = cell_is(row, "basis", "authority") ||
		    cell_is(row, "basis", "consent_or_authority") };
	copy_word(r->category, sizeof(r->category), row, "category");
	return true;
}

/* Of the text that was offered, and of no other. */
static bool
is_of_offer(const struct law *l, const struct row_id *id,
    const struct value *hash)
{
	const struct sim_policy *w = l->s->policy;

	for (size_t k = 0; k < w->agreement_count; k++)
		if (id_equal(&w->agreement[k].id, id))
			return hash->type == VALUE_BYTES &&
			    hash->n == HASH_BYTES &&
			    memcmp(hash->p, w->agreement[k].hash, HASH_BYTES) ==
			    0;
	return false;
}

static bool
on_signature(void *context, const struct read_row *row)
{
	struct law *l = context;
	struct agreement *g = agreement_in(l, row, true);
	unsigned who = law_bit(policy_agency(l->s, &row->owner));
	int32_t day = cell_day_of(row, "signed_on");

	if (g == NULL)
		return true;
	if (!cell_is(row, "act", "signed")) {
		g->left |= who;
	} else if (is_of_offer(l, &g->id, cell_of(row, "text_hash"))) {
		g->signed_by |= who;
		/* nobody here signs one text twice */
		if (day > g->last_signed)
			g->last_signed = day;
	}
	return true;
}

/* ---- all of it ------------------------------------------------------------------------ */

static void
read_table(struct law *l, const char *table, const struct row_id *person,
    read_row_fn each)
{
	struct replica *r = l->s->node[l->n].r;
	struct read_query q = {
		.table = registry_table(replica_registry(r), table),
		.subject = person,
	};
	struct fail f = { 0 };

	sim_must(l->s, read_list(r, &q, each, l, &f), &f, table);
}

/* A request counts from the day that the consent's own rule gives. */
static void
settle_request(struct consent *c)
{
	int32_t day = c->asked;

	if (c->asked == NO_DAY)
		return;
	if (strcmp(c->rule, "after_event") == 0)
		day = c->met == NO_DAY ? NO_DAY : c->met > day ? c->met : day;
	else if (strcmp(c->rule, "after_date") == 0 && c->not_before > day)
		day = c->not_before;
	c->end = law_earlier(c->end, day);
}

bool
law_in_force(const struct consent *c, int32_t day)
{
	return c->active && law_begun(c->from, day) &&
	    !law_is_over(c->end, day);
}

/* Whom the person names is whom they work with. */
static void
tie_named(struct law *l)
{
	for (size_t k = 0; k < l->consents; k++)
		for (size_t i = 0; i < l->recipients; i++)
			if (id_equal(&l->recipient[i].of, &l->consent[k].id) &&
			    law_in_force(&l->consent[k], l->today))
				l->tied |= law_bit(l->recipient[i].agency);
}

/* Categories of the records that the machine's own agency has. */
static void
list_own(struct law *l, const struct row_id *person)
{
	struct sim_node *m = &l->s->node[l->n];
	struct fail f = { 0 };
	struct stmt *st;
	bool row;

	sim_must(l->s,
	    db_stmt(&st, replica_db(m->r),
		"SELECT category FROM _compartment WHERE subject = ?1 AND"
		" owner = ?2 AND category IS NOT NULL",
		&f),
	    &f, "own records");
	stmt_blob(st, 1, person->b, ID_BYTES);
	stmt_blob(st, 2, l->s->agency[m->agency].b, ID_BYTES);
	for (;;) {
		sim_must(l->s, stmt_step(st, &row, &f), &f, "own records");
		if (!row)
			return;
		(void)snprintf(*MORE(l, own, owns), sizeof(l->own[0]), "%s",
		    stmt_col_text(st, 0));
	}
}

struct law *
law_read(struct sim *s, unsigned n, const struct row_id *person)
{
	static const struct {
		const char *name;
		bool of_person;
		read_row_fn each;
	} table[] = { { "consent", true, on_consent },
		{ "consent_scope", true, on_consent_scope },
		{ "consent_recipient", true, on_recipient },
		{ "consent_event", true, on_event },
		{ "legal_authority", true, on_order },
		{ "legal_authority_scope", true, on_order_scope },
		{ "seal_order", true, on_sealing },
		{ "seal_scope", true, on_seal_scope },
		{ "team_member", true, on_team },
		{ "referral", true, on_referral },
		{ "episode", true, on_episode }, { "mou", false, on_agreement },
		{ "mou_party", false, on_party },
		{ "mou_rule", false, on_rule },
		{ "mou_signature", false, on_signature } };
	struct law *l = calloc(1, sizeof(*l));

	if (l == NULL)
		abort();
	l->s = s;
	l->n = n;
	l->today = policy_day_at(s, n);
	for (size_t k = 0; k < COUNT_OF(table); k++)
		read_table(l, table[k].name, table[k].of_person ? person : NULL,
		    table[k].each);
	for (size_t k = 0; k < l->consents; k++)
		settle_request(&l->consent[k]);
	tie_named(l);
	list_own(l, person);
	return l;
}

void
law_free(struct law *l)
{
	free(l);
}
