#include "node/policy/closed.h"

#include <stdlib.h>
#include <string.h>

#include "node/policy/case.h"
#include "node/policy/emergency.h"
#include "node/policy/rows.h"

struct order {
	struct row_id id, person;
	struct agency_id owner;
	bool for_all; /* entered by probation or a court */
	uint32_t readers;
};

struct sealed {
	size_t order;
	const char *category;
};

struct opening {
	struct row_id staff, person;
	const char *categories; /* words with commas */
	int64_t until;          /* civil minute */
	int reason;             /* of emergency.h; -1: no word of ours */
};

struct restriction {
	struct row_id staff, person;
	bool only; /* for this member of staff and the others so named */
};

struct closed {
	struct arena arena;
	struct order *order;
	struct sealed *sealed;
	struct opening *opening;
	struct restriction *restriction;
	size_t order_count, sealed_count, opening_count, restriction_count;
	struct agency_id own;
	policy_day today;
	int64_t minute; /* civil, from 1970 */
};

static bool
is_justice(struct replica *r, const struct agency_id *id)
{
	const struct member_agency *a = members_agency(replica_members(r), id);

	return a != NULL &&
	    (a->kind == KIND_PROBATION || a->kind == KIND_COURT);
}

bool
closed_binds(struct replica *r, const struct agency_id *by,
    const struct agency_id *owner)
{
	return id_equal(by, owner) || is_justice(r, by);
}

static enum err
on_order(struct rows *rows, const struct read_row *row)
{
	struct closed *c = rows->context;
	policy_day from = row_day(row, "effective_on");
	struct order *o;

	if (row_is(row, "state", "vacated") ||
	    (from != POLICY_NO_DAY && from > c->today))
		return OK;
	o = arena_more(rows->arena, &c->order, &c->order_count, sizeof(*o));
	if (o == NULL)
		return ERR_NOMEM;
	*o = (struct order){ .id = row->id,
		.person = row->subject,
		.owner = row->owner,
		.for_all = is_justice(rows->r, &row->owner),
		.readers = row_bits(row, "readers", LIST_ROLE) };
	return OK;
}

static enum err
on_scope(struct rows *rows, const struct read_row *row)
{
	struct closed *c = rows->context;
	struct sealed *s;
	struct row_id id;

	if (!row_id_of(row, "seal_order_id", id.b) ||
	    row_is(row, "state", "removed"))
		return OK;
	for (size_t k = 0; k < c->order_count; k++) {
		if (!id_equal(&c->order[k].id, &id) ||
		    !id_equal(&c->order[k].owner, &row->owner))
			continue;
		s = arena_more(rows->arena, &c->sealed, &c->sealed_count,
		    sizeof(*s));
		if (s == NULL)
			return ERR_NOMEM;
		s->order = k;
		s->category =
		    arena_text(rows->arena, row_value(row, "category"));
		return s->category != NULL ? OK : ERR_NOMEM;
	}
	return OK;
}

static enum err
on_opening(struct rows *rows, const struct read_row *row)
{
	struct closed *c = rows->context;
	const struct value *from = row_value(row, "opened_at");
	const struct value *end = row_value(row, "ends_at");
	const char *word;
	struct opening *o;

	if (from->type != VALUE_TIME || end->type != VALUE_TIME ||
	    from->i > c->minute || end->i <= c->minute ||
	    !id_equal(&row->owner, &replica_identity(rows->r)->agency))
		return OK;
	o = arena_more(rows->arena, &c->opening, &c->opening_count, sizeof(*o));
	if (o == NULL)
		return ERR_NOMEM;
	*o = (struct opening){ .person = row->subject, .until = end->i };
	(void)row_id_of(row, "staff_id", o->staff.b);
	word = arena_text(rows->arena, row_value(row, "reason"));
	if (word == NULL)
		return ERR_NOMEM;
	o->reason = emergency_reason_of(word);
	o->categories = arena_text(rows->arena, row_value(row, "categories"));
	return o->categories != NULL ? OK : ERR_NOMEM;
}

static enum err
on_restriction(struct rows *rows, const struct read_row *row)
{
	struct closed *c = rows->context;
	struct restriction *x;

	if (row_is(row, "state", "lifted"))
		return OK;
	x = arena_more(rows->arena, &c->restriction, &c->restriction_count,
	    sizeof(*x));
	if (x == NULL)
		return ERR_NOMEM;
	*x = (struct restriction){ .person = row->subject,
		.only = row_is(row, "mode", "only") };
	(void)row_id_of(row, "staff_id", x->staff.b);
	return OK;
}

enum err
closed_load(struct closed **out, struct replica *r, struct fail *f)
{
	static const struct {
		const char *table;
		enum err (*each)(struct rows *rows, const struct read_row *row);
	} tables[] = { { "seal_order", on_order }, { "seal_scope", on_scope },
		{ "break_glass", on_opening },
		{ "access_restriction", on_restriction } };
	const struct env *env = replica_env(r);
	struct closed *c = calloc(1, sizeof(*c));
	enum err e = OK;

	if (c == NULL)
		return fail_code(f, ERR_NOMEM);
	c->own = replica_identity(r)->agency;
	c->today = policy_today(r);
	c->minute = policy_now_ms(r) / 60000 + env->offset_min(env->self);
	for (size_t k = 0; e == OK && k < COUNT_OF(tables); k++) {
		struct rows rows = { .r = r,
			.arena = &c->arena,
			.context = c,
			.each = tables[k].each };

		e = rows_read(&rows, tables[k].table, NULL, f);
	}
	if (e == OK)
		*out = c;
	else
		closed_free(c);
	return e;
}

void
closed_free(struct closed *c)
{
	if (c == NULL)
		return;
	arena_release(&c->arena);
	free(c);
}

/* "TX2" covers "TX2.attendance" */
static bool
covers(const char *rule, size_t n, const char *category)
{
	return strncmp(rule, category, n) == 0 &&
	    (category[n] == '\0' || category[n] == '.');
}

bool
closed_seals(const struct closed *c, const struct row_id *person,
    const char *category, const struct agency_id *owner, uint32_t roles)
{
	for (size_t k = 0; k < c->sealed_count; k++) {
		const struct sealed *s = &c->sealed[k];
		const struct order *o = &c->order[s->order];

		if (id_equal(&o->person, person) && (o->readers & roles) == 0 &&
		    (o->for_all || id_equal(&o->owner, owner)) &&
		    covers(s->category, strlen(s->category), category))
			return true;
	}
	return false;
}

static bool
names(const char *at, const char *category)
{
	if (category == NULL)
		return true;
	for (; *at != '\0'; at += strspn(at, ", ")) {
		size_t n = strcspn(at, ", ");

		if (n > 0 && covers(at, n, category))
			return true;
		at += n;
	}
	return false;
}

bool
closed_keeps_out(const struct closed *c, const struct row_id *staff,
    const struct row_id *person)
{
	bool only = false, named = false;

	for (size_t k = 0; k < c->restriction_count; k++) {
		const struct restriction *x = &c->restriction[k];
		bool mine = id_equal(&x->staff, staff);

		if (!id_equal(&x->person, person))
			continue;
		if (!x->only && mine)
			return true;
		only = only || x->only;
		named = named || (x->only && mine);
	}
	return only && !named;
}

/* As when it was opened: the table of reasons, whatever role gave it. */
static bool
reaches(const struct closed *c, const struct opening *o, const char *category,
    const struct agency_id *owner)
{
	bool own = owner == NULL || id_equal(owner, &c->own);

	return o->reason >= 0 &&
	    (category == NULL ||
		emergency_may((enum emergency_reason)o->reason, UINT32_MAX,
		    category, own, NULL) == OK);
}

bool
closed_opens(const struct closed *c, int64_t *until, const struct row_id *staff,
    const struct row_id *person, const char *category,
    const struct agency_id *owner)
{
	bool any = false, review = closed_keeps_out(c, staff, person);

	for (size_t k = 0; k < c->opening_count; k++) {
		const struct opening *o = &c->opening[k];

		if (!id_equal(&o->staff, staff) ||
		    !id_equal(&o->person, person) ||
		    (review && o->reason != EMERGENCY_REVIEW) ||
		    !names(o->categories, category) ||
		    !reaches(c, o, category, owner))
			continue;
		if (until != NULL && (!any || o->until > *until))
			*until = o->until;
		any = true;
	}
	return any;
}

enum err
closed_opened(bool *yes, struct replica *r, const struct row_id *staff,
    const struct row_id *person, const char *category, struct fail *f)
{
	struct closed *c;
	enum err e = closed_load(&c, r, f);

	*yes = false;
	if (e != OK)
		return e;
	*yes = closed_opens(c, NULL, staff, person, category, NULL);
	closed_free(c);
	return OK;
}
