/* Four tables into one list, then what was signed against what is there now. */
#include "node/policy/agreement.h"

#include <stdlib.h>
#include <string.h>

#include "node/policy/rows.h"
#include "sync/hash.h"

struct signature {
	struct row_id mou;
	struct agency_id agency; /* whose compartment it stands in */
	uint8_t hash[AGREEMENT_HASH_BYTES];
	policy_day on;
	bool withdrawn;
};

struct gathering {
	struct agreement *list;
	size_t count;
	struct signature *signature;
	size_t signature_count;
};

#define MORE(rows, list, count) \
	arena_more((rows)->arena, &(list), &(count), sizeof(*(list)))

/* The place of the first agreement with this id, or of the next. Rows come in the
 * order of their ids; a member that writes a hundred thousand costs the others a
 * few looks each. */
static size_t
first_of(const struct gathering *g, const struct row_id *id)
{
	size_t from = 0, to = g->count;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (id_compare(&g->list[mid].p.id, id) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

/* Only the drafter's own word about its agreement counts. */
static struct agreement *
find_own(struct gathering *g, const struct read_row *row)
{
	struct row_id id;

	if (!row_id_of(row, "mou_id", id.b) || row_is(row, "state", "removed"))
		return NULL;
	for (size_t k = first_of(g, &id);
	     k < g->count && id_equal(&g->list[k].p.id, &id); k++)
		if (id_equal(&g->list[k].owner, &row->owner))
			return &g->list[k];
	return NULL;
}

/* ---- the tables --------------------------------------------------------------- */

static enum err
on_mou(struct rows *rows, const struct read_row *row)
{
	struct gathering *g = rows->context;
	int kind = row_number(row, "kind", LIST_AGREEMENT);
	struct agreement *a;

	if (kind < 0)
		return OK;
	a = MORE(rows, g->list, g->count);
	if (a == NULL)
		return ERR_NOMEM;
	*a = (struct agreement){
		.p = { .id = row->id,
		    .title = arena_text(rows->arena, row_value(row, "title")),
		    .kind = (enum policy_agreement_kind)kind,
		    .starts = row_day(row, "starts_on"),
		    .ends = row_day(row, "ends_on"),
		    .terminated = row_day(row, "terminated_on") },
		.owner = row->owner,
		.status = arena_text(rows->arena, row_value(row, "status")),
		.version = arena_text(rows->arena, row_value(row, "version")),
		.body = arena_text(rows->arena, row_value(row, "body")),
	};
	return a->p.title != NULL && a->status != NULL && a->version != NULL &&
		a->body != NULL
	    ? OK
	    : ERR_NOMEM;
}

static enum err
on_party(struct rows *rows, const struct read_row *row)
{
	struct agreement *a = find_own(rows->context, row);
	struct agreement_party *p;
	struct agency_id agency;

	if (a == NULL || !row_id_of(row, "agency_id", agency.b))
		return OK;
	p = MORE(rows, a->party, a->p.party_count);
	if (p == NULL)
		return ERR_NOMEM;
	p->agency = agency;
	return OK;
}

/* An agency, when one is named. */
static enum err
named(struct rows *rows, const struct read_row *row, const char *column,
    const struct agency_id **out)
{
	struct agency_id id, *copy;

	if (!row_id_of(row, column, id.b))
		return OK;
	copy = arena_take(rows->arena, sizeof(*copy));
	if (copy == NULL)
		return ERR_NOMEM;
	*copy = id;
	*out = copy;
	return OK;
}

static bool
read_demand(const struct read_row *row, enum policy_demand *out)
{
	static const char *const words[] = {
		[DEMAND_NONE] = "none",
		[DEMAND_CONSENT] = "consent",
		[DEMAND_AUTHORITY] = "authority",
		[DEMAND_EITHER] = "consent_or_authority",
	};

	for (size_t k = 0; k < COUNT_OF(words); k++) {
		if (row_is(row, "basis", words[k])) {
			*out = (enum policy_demand)k;
			return true;
		}
	}
	return false;
}

/* false: the row has a word that is not known, so it allows nothing. */
static bool
read_rule(const struct read_row *row, struct policy_rule *r)
{
	r->purposes = row_bits(row, "purpose", LIST_PURPOSE);
	r->from_kinds = row_bits(row, "from_kind", LIST_KIND);
	r->to_kinds = row_bits(row, "to_kind", LIST_KIND);
	r->roles = row_bits(row, "to_role", LIST_ROLE);
	return read_demand(row, &r->demand) && r->purposes != 0 &&
	    row_said(row, "category") &&
	    (r->from_kinds != 0 || !row_said(row, "from_kind")) &&
	    (r->to_kinds != 0 || !row_said(row, "to_kind")) &&
	    (r->roles != 0 || !row_said(row, "to_role"));
}

static enum err
on_rule(struct rows *rows, const struct read_row *row)
{
	struct agreement *a = find_own(rows->context, row);
	struct policy_rule r = { 0 }, *rule;
	struct agreement_rule *words;
	size_t count;
	enum err e;

	if (a == NULL || !read_rule(row, &r))
		return OK;
	r.category = arena_text(rows->arena, row_value(row, "category"));
	e = named(rows, row, "from_agency_id", &r.from);
	if (e == OK)
		e = named(rows, row, "to_agency_id", &r.to);
	if (e != OK || r.category == NULL)
		return ERR_NOMEM;
	count = a->p.rule_count;
	words = MORE(rows, a->rule, count);
	rule = MORE(rows, a->p.rule, a->p.rule_count);
	if (words == NULL || rule == NULL)
		return ERR_NOMEM;
	*rule = r;
	words->id = row->id;
	words->sentence = arena_text(rows->arena, row_value(row, "sentence"));
	words->basis = arena_text(rows->arena, row_value(row, "basis"));
	return words->sentence != NULL && words->basis != NULL ? OK : ERR_NOMEM;
}

static enum err
on_signature(struct rows *rows, const struct read_row *row)
{
	struct gathering *g = rows->context;
	const struct value *hash = row_value(row, "text_hash");
	struct signature *s;
	struct row_id mou;

	if (!row_id_of(row, "mou_id", mou.b) || hash->type != VALUE_BYTES ||
	    hash->n != AGREEMENT_HASH_BYTES)
		return OK;
	s = MORE(rows, g->signature, g->signature_count);
	if (s == NULL)
		return ERR_NOMEM;
	s->mou = mou;
	s->agency = row->owner;
	s->on = row_day(row, "signed_on");
	s->withdrawn = !row_is(row, "act", "signed");
	memcpy(s->hash, hash->p, hash->n);
	return OK;
}

/* ---- the text ------------------------------------------------------------------- */

static int
compare_party(const void *x, const void *y)
{
	const struct agreement_party *a = x, *b = y;

	return id_compare(&a->agency, &b->agency);
}

static void
put_text(struct hash *h, const char *text)
{
	hash_bytes(h, text, strlen(text));
}

static void
put_agency(struct hash *h, const struct agency_id *agency)
{
	hash_bytes(h, agency != NULL ? agency->b : NULL,
	    agency != NULL ? sizeof(agency->b) : 0);
}

static void
hash_text(struct agreement *a)
{
	struct hash h;

	hash_init(&h, LABEL_AGREEMENT, sizeof(a->hash), NULL, 0);
	hash_put(&h, a->p.id.b, sizeof(a->p.id.b));
	hash_u64(&h, (uint64_t)a->p.kind);
	put_text(&h, a->version);
	put_text(&h, a->p.title);
	put_text(&h, a->body);
	hash_u64(&h, a->p.party_count);
	for (size_t k = 0; k < a->p.party_count; k++)
		hash_put(&h, a->party[k].agency.b, ID_BYTES);
	hash_u64(&h, a->p.rule_count);
	/* rows come in the order of their ids, which are in it */
	for (size_t k = 0; k < a->p.rule_count; k++) {
		const struct policy_rule *r = &a->p.rule[k];

		hash_put(&h, a->rule[k].id.b, ID_BYTES);
		put_text(&h, r->category);
		put_agency(&h, r->from);
		put_agency(&h, r->to);
		hash_u64(&h, r->from_kinds);
		hash_u64(&h, r->to_kinds);
		hash_u64(&h, r->purposes);
		hash_u64(&h, r->roles);
		put_text(&h, a->rule[k].basis);
		put_text(&h, a->rule[k].sentence);
	}
	hash_final(&h, a->hash);
}

/* A set: an agency is a party once. */
static void
apply_signature(struct agreement *a, const struct signature *s)
{
	const struct agreement_party key = { .agency = s->agency };
	struct agreement_party *p = a->p.party_count > 0
	    ? bsearch(&key, a->party, a->p.party_count, sizeof(key),
		  compare_party)
	    : NULL;

	if (p == NULL)
		return;
	if (s->withdrawn)
		p->withdrew = true;
	else if (memcmp(s->hash, a->hash, sizeof(a->hash)) == 0) {
		/* of several the first is the word that was given */
		if (!p->signed_it || s->on < p->signed_on)
			p->signed_on = s->on;
		p->signed_it = true;
	}
}

static void
apply_signatures(struct gathering *g)
{
	for (size_t k = 0; k < g->signature_count; k++) {
		const struct signature *s = &g->signature[k];

		for (size_t i = first_of(g, &s->mou);
		     i < g->count && id_equal(&g->list[i].p.id, &s->mou); i++)
			apply_signature(&g->list[i], s);
	}
}

static void
settle_text(struct agreement *a)
{
	if (a->p.party_count > 0)
		qsort(a->party, a->p.party_count, sizeof(*a->party),
		    compare_party);
	hash_text(a);
}

/* Offered, and signed by every one of at least two parties. */
static enum err
finish(struct agreement *a, struct arena *arena)
{
	struct agency_id *party;
	bool all = a->p.party_count >= 2;

	a->p.agreed_on = POLICY_NO_DAY;
	party = arena_take(arena, (a->p.party_count + 1) * sizeof(*party));
	if (party == NULL)
		return ERR_NOMEM;
	for (size_t k = 0; k < a->p.party_count; k++) {
		party[k] = a->party[k].agency;
		all = all && a->party[k].signed_it && !a->party[k].withdrew;
		if (a->party[k].signed_it &&
		    a->party[k].signed_on > a->p.agreed_on)
			a->p.agreed_on = a->party[k].signed_on;
	}
	a->p.party = party;
	a->p.agreed = all && strcmp(a->status, "offered") == 0;
	return OK;
}

enum err
agreement_load(struct agreement **out, size_t *count, struct replica *r,
    struct arena *arena, struct fail *f)
{
	static const struct {
		const char *table;
		enum err (*each)(struct rows *rows, const struct read_row *row);
	} tables[] = { { "mou", on_mou }, { "mou_party", on_party },
		{ "mou_rule", on_rule }, { "mou_signature", on_signature } };
	struct gathering g = { 0 };
	enum err e = OK;

	for (size_t k = 0; e == OK && k < COUNT_OF(tables); k++) {
		struct rows rows = { .r = r,
			.arena = arena,
			.context = &g,
			.each = tables[k].each };

		e = rows_read(&rows, tables[k].table, NULL, f);
	}
	for (size_t k = 0; e == OK && k < g.count; k++)
		settle_text(&g.list[k]);
	if (e == OK)
		apply_signatures(&g);
	for (size_t k = 0; e == OK && k < g.count; k++)
		if (finish(&g.list[k], arena) != OK)
			e = fail_code(f, ERR_NOMEM);
	if (e != OK)
		return e;
	*out = g.list;
	*count = g.count;
	return OK;
}
