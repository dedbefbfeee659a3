#include "node/ended.h"

#include <string.h>

#include "node/policy/basis.h"
#include "node/policy/rows.h"
#include "sync/holder.h"
#include "sync/remove.h"

#define DAY_MINUTES (24 * 60)

/* A consent or an agreement. */
struct term {
	struct row_id id;
	policy_day asked; /* the day it was revoked, or its event came */
	policy_day last;  /* the first day on which it holds no more */
	int64_t minute;   /* of that first day, where an event says so */
};

/* An agency without the key: from and until, in UTC; none where the same
 * transaction gave it again on other terms. */
struct gap {
	const char *category;
	struct agency_id agency;
	int64_t from_ms, until_ms;
};

struct ended {
	struct arena *arena;
	const struct agency_id *own;
	int64_t offset_ms;
	struct term *term;
	size_t term_count;
	struct gap *gap;
	size_t gap_count;
	enum err e;
};

/* ---- reading --------------------------------------------------------------- */

static void
sooner(policy_day *day, policy_day other)
{
	if (other != POLICY_NO_DAY && (*day == POLICY_NO_DAY || other < *day))
		*day = other;
}

static enum err
on_consent(struct rows *rows, const struct read_row *row)
{
	struct ended *x = rows->context;
	struct term *t =
	    arena_more(rows->arena, &x->term, &x->term_count, sizeof(*t));

	if (t == NULL)
		return ERR_NOMEM;
	*t = (struct term){ .id = row->id,
		.asked = row_day(row, "revoked_on"),
		.last = row_day(row, "expires_on"),
		.minute = ENDED_NEVER };
	sooner(&t->asked, row_day(row, "ended_by_event_on"));
	return OK;
}

static enum err
on_agreement(struct rows *rows, const struct read_row *row)
{
	struct ended *x = rows->context;
	struct term *t =
	    arena_more(rows->arena, &x->term, &x->term_count, sizeof(*t));

	if (t == NULL)
		return ERR_NOMEM;
	*t = (struct term){ .id = row->id,
		.asked = row_day(row, "terminated_on"),
		.last = row_day(row, "ends_on"),
		.minute = ENDED_NEVER };
	return OK;
}

static enum err
on_event(struct rows *rows, const struct read_row *row)
{
	struct ended *x = rows->context;
	const struct value *at = row_value(row, "happened_at");
	struct row_id id;

	if ((!row_is(row, "kind", "revoked") &&
		!row_is(row, "kind", "condition_met")) ||
	    at->type != VALUE_TIME || !row_id_of(row, "consent_id", id.b))
		return OK;
	for (size_t k = 0; k < x->term_count; k++)
		if (id_equal(&x->term[k].id, &id) &&
		    row_day(row, "happened_at") == x->term[k].asked &&
		    at->i < x->term[k].minute)
			x->term[k].minute = at->i;
	return OK;
}

static void
on_left(void *context, const struct remove_left *left)
{
	struct ended *x = context;
	struct gap *g;

	if (x->e != OK || left->kind != GRANT_AGENCY ||
	    !id_equal(left->owner, x->own))
		return;
	g = arena_more(x->arena, &x->gap, &x->gap_count, sizeof(*g));
	if (g == NULL) {
		x->e = ERR_NOMEM;
		return;
	}
	*g = (struct gap){ .category = arena_copy(x->arena, left->category),
		.from_ms = left->at_ms,
		.until_ms = INT64_MAX };
	memcpy(g->agency.b, left->recipient, ID_BYTES);
	x->e = g->category != NULL ? OK : ERR_NOMEM;
}

/* It was granted again: from the first grant after it. */
static bool
on_grant(void *context, const char *category, const struct agency_id *recipient,
    int64_t at_ms)
{
	struct ended *x = context;

	for (size_t k = 0; k < x->gap_count; k++) {
		struct gap *g = &x->gap[k];

		if (id_equal(&g->agency, recipient) &&
		    strcmp(g->category, category) == 0 && at_ms >= g->from_ms &&
		    at_ms < g->until_ms)
			g->until_ms = at_ms;
	}
	return true;
}

enum err
ended_load(struct ended **out, struct replica *r, const struct row_id *person,
    struct arena *arena, struct fail *f)
{
	const struct env *env = replica_env(r);
	struct ended *x = arena_take(arena, sizeof(*x));
	struct rows rows = { .r = r,
		.arena = arena,
		.context = x,
		.each = on_consent };
	enum err e;

	if (x == NULL)
		return fail_code(f, ERR_NOMEM);
	x->arena = arena;
	x->own = &replica_identity(r)->agency;
	x->offset_ms = (int64_t)env->offset_min(env->self) * 60000;
	e = rows_read(&rows, "consent", person, f);
	rows.each = on_event;
	if (e == OK)
		e = rows_read(&rows, "consent_event", person, f);
	rows.each = on_agreement;
	if (e == OK)
		e = rows_read(&rows, "mou", NULL, f);
	if (e == OK)
		e = remove_list(r, person, on_left, x, f);
	if (e == OK && x->e != OK)
		e = fail_code(f, x->e);
	if (e == OK)
		e = holder_grants(r, person, on_grant, x, f);
	if (e == OK)
		*out = x;
	return e;
}

/* ---- asking ------------------------------------------------------------------ */

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
day_minute(policy_day day)
{
	return day == POLICY_NO_DAY ? ENDED_NEVER : (int64_t)day * DAY_MINUTES;
}

static int64_t
term_minute(const struct term *t)
{
	int64_t end = day_minute(t->last);

	if (t->minute != ENDED_NEVER)
		return least(end, t->minute);
	return t->asked == POLICY_NO_DAY ? end
					 : least(end, day_minute(t->asked + 1));
}

static bool
is_gap_of(const struct gap *g, const struct ended_row *row)
{
	return row->agency != NULL && id_equal(&g->agency, row->agency) &&
	    strcmp(g->category, row->category) == 0;
}

int64_t
ended_minute(const struct ended *x, const struct ended_row *row)
{
	struct policy_basis b;
	int64_t end = ENDED_NEVER;

	for (size_t k = 0; row->basis != NULL && k < x->term_count; k++)
		if (id_equal(&x->term[k].id, row->basis))
			end = least(end, term_minute(&x->term[k]));
	if (policy_basis_parse(&b, row->words))
		end = least(end, day_minute(b.until));
	for (size_t k = 0; k < x->gap_count; k++) {
		const struct gap *g = &x->gap[k];
		int64_t until = g->until_ms == INT64_MAX
		    ? INT64_MAX
		    : (g->until_ms + x->offset_ms) / 60000;

		/* what was given once it was granted again rests on that */
		if (is_gap_of(g, row) && g->until_ms > g->from_ms &&
		    row->minute < until)
			end =
			    least(end, (g->from_ms + x->offset_ms) / 60000 + 1);
	}
	return end;
}
