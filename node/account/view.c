/* Whose records somebody sees: sorted lists of persons, looked up per row. */
#include <stdlib.h>
#include <string.h>

#include "node/account/account.h"
#include "node/account/rights.h"
#include "node/account/rights_i.h"
#include "node/policy/rows.h"

struct people {
	struct row_id *id; /* owned */
	size_t count, room;
};

struct account_view {
	enum account_scope scope;
	struct row_id staff, office;
	bool has_office;
	struct people seen;       /* in reach, unless the scope is all */
	struct people excluded;   /* not for this person */
	struct people only;       /* only for named staff ... */
	struct people named;      /* ... of whom this person is one */
	struct people colleagues; /* staff of the office */
	struct people agencies;
};

/* ---- sets ------------------------------------------------------------------ */

static enum err
add(struct people *p, const struct row_id *id)
{
	if (p->count == p->room) {
		size_t room = p->room > 0 ? 2 * p->room : 64;
		struct row_id *more = realloc(p->id, room * sizeof(*more));

		if (more == NULL)
			return ERR_NOMEM;
		p->id = more;
		p->room = room;
	}
	p->id[p->count++] = *id;
	return OK;
}

static int
by_id(const void *a, const void *b)
{
	return memcmp(a, b, ID_BYTES);
}

static void
sort(struct people *p)
{
	if (p->count > 1)
		qsort(p->id, p->count, sizeof(*p->id), by_id);
}

static bool
has(const struct people *p, const struct row_id *id)
{
	return p->count > 0 &&
	    bsearch(id, p->id, p->count, sizeof(*p->id), by_id) != NULL;
}

void
account_view_free(struct account_view *v)
{
	if (v == NULL)
		return;
	free(v->seen.id);
	free(v->excluded.id);
	free(v->only.id);
	free(v->named.id);
	free(v->colleagues.id);
	free(v->agencies.id);
	free(v);
}

/* ---- reading --------------------------------------------------------------- */

static enum err
take_colleague(struct rows *rows, const struct read_row *row)
{
	struct account_view *v = rows->context;

	if (!account_names(row, "office_id", &v->office))
		return OK;
	return add(&v->colleagues, &row->id);
}

static bool
is_mine(const struct account_view *v, const struct read_row *row)
{
	struct row_id who;

	if (account_names(row, "staff_id", &v->staff))
		return true;
	if (v->scope != ACCOUNT_SCOPE_OFFICE || !v->has_office)
		return false;
	return account_names(row, "office_id", &v->office) ||
	    (row_id_of(row, "staff_id", who.b) && has(&v->colleagues, &who));
}

static bool
is_open(const struct read_row *row, const char *end, int64_t today)
{
	const struct value *v = row_value(row, end);

	return v->type != VALUE_DATE || v->i >= today;
}

/* Who has an open row that names this person, or this person's office. */
static enum err
take_case(struct rows *rows, const struct read_row *row)
{
	struct account_view *v = rows->context;
	int64_t today = account_today(rows->r);

	/* another agency says who is in its teams, not whose case load is what */
	if (!id_equal(&row->owner, &replica_identity(rows->r)->agency) &&
	    strcmp(row->table->name, "team_member") != 0)
		return OK;
	if (!is_mine(v, row) || !is_open(row, "ended_on", today) ||
	    !is_open(row, "to_on", today))
		return OK;
	return add(&v->seen, &row->subject);
}

static enum err
take_restriction(struct rows *rows, const struct read_row *row)
{
	struct account_view *v = rows->context;
	bool mine = account_names(row, "staff_id", &v->staff);
	enum err e = OK;

	if (row_is(row, "state", "lifted") ||
	    !id_equal(&row->owner, &replica_identity(rows->r)->agency))
		return OK;
	if (row_is(row, "mode", "only")) {
		e = add(&v->only, &row->subject);
		if (e == OK && mine)
			e = add(&v->named, &row->subject);
	} else if (mine) {
		e = add(&v->excluded, &row->subject);
	}
	return e;
}

/* Records of an agency itself are no person's. */
static enum err
take_agencies(struct account_view *v, struct replica *r)
{
	struct members *m = replica_members(r);
	enum err e = OK;

	for (size_t i = 0; e == OK && i < members_agency_count(m); i++) {
		struct row_id id;

		memcpy(id.b, members_agency_at(m, i)->id.b, ID_BYTES);
		e = add(&v->agencies, &id);
	}
	return e;
}

static enum err
read_cases(struct account_view *v, struct rows *rows, struct fail *f)
{
	static const char *const tables[] = { "assignment", "tx_episode",
		"team_member" };
	enum err e = OK;

	rows->each = take_colleague;
	if (v->scope == ACCOUNT_SCOPE_OFFICE && v->has_office)
		e = rows_read(rows, "staff", NULL, f);
	sort(&v->colleagues);
	rows->each = take_case;
	for (size_t i = 0; e == OK && i < COUNT_OF(tables); i++)
		e = rows_read(rows, tables[i], NULL, f);
	sort(&v->seen);
	return e;
}

enum err
account_view_of(struct account_view **out, struct replica *r,
    const struct row_id *staff, const struct account_rights *rights,
    struct fail *f)
{
	struct account_view *v = calloc(1, sizeof(*v));
	struct rows rows = { .r = r, .context = v, .each = take_restriction };
	enum err e;

	if (v == NULL)
		return fail_code(f, ERR_NOMEM);
	v->scope = rights->scope;
	v->staff = *staff;
	v->office = rights->office;
	v->has_office = rights->has_office;
	e = take_agencies(v, r);
	if (e != OK)
		(void)fail_code(f, e);
	if (e == OK)
		e = rows_read(&rows, "access_restriction", NULL, f);
	if (e == OK &&
	    (v->scope == ACCOUNT_SCOPE_CASELOAD ||
		v->scope == ACCOUNT_SCOPE_OFFICE))
		e = read_cases(v, &rows, f);
	if (e != OK) {
		account_view_free(v);
		return e;
	}
	sort(&v->agencies);
	sort(&v->excluded);
	sort(&v->only);
	sort(&v->named);
	*out = v;
	return OK;
}

/* ---- asking ---------------------------------------------------------------- */

bool
account_view_is_restricted(const struct account_view *v,
    const struct row_id *subject)
{
	return has(&v->excluded, subject) ||
	    (has(&v->only, subject) && !has(&v->named, subject));
}

bool
account_view_has(const struct account_view *v, const struct row_id *subject)
{
	if (has(&v->agencies, subject))
		return true;
	if (account_view_is_restricted(v, subject))
		return false;
	return v->scope == ACCOUNT_SCOPE_ALL || has(&v->seen, subject);
}

bool
account_view_is_all(const struct account_view *v)
{
	return v->scope == ACCOUNT_SCOPE_ALL && v->excluded.count == 0 &&
	    v->only.count == 0;
}

enum err
account_view_new(struct account_view **out, struct replica *r,
    const struct account_who *who, struct fail *f)
{
	return account_view_of(out, r, &who->staff, &who->rights, f);
}

enum err
account_sees(bool *sees, struct replica *r, const struct account_who *who,
    const struct row_id *subject, struct fail *f)
{
	struct account_view *v = NULL;
	enum err e = account_view_new(&v, r, who, f);

	if (e == OK)
		*sees = account_view_has(v, subject);
	account_view_free(v);
	return e;
}
