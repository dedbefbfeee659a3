#include "node/seal_request.h"

#include <string.h>

#include "node/entry.h"
#include "node/policy/case.h"
#include "node/policy/rows.h"
#include "node/sealing.h"
#include "sync/holder.h"

struct loading {
	struct replica *r;
	struct arena *arena;
	struct seal_request *list;
	size_t count;
	/* the scope of one order */
	const struct row_id *order;
	const char **scope;
	size_t scope_count;
	bool answered;
	struct seal_request *at;
	enum err e;
};

static bool
is_own(const struct loading *x, const struct agency_id *agency)
{
	return id_equal(agency, &replica_identity(x->r)->agency);
}

static enum err
on_order(struct rows *rows, const struct read_row *row)
{
	struct loading *x = rows->context;
	policy_day day = row_day(row, "effective_on");
	struct seal_request *q;

	if (is_own(x, &row->owner) || row_is(row, "state", "vacated") ||
	    !row_is(row, "kind", "expunge") ||
	    (day != POLICY_NO_DAY && day > policy_today(x->r)))
		return OK;
	q = arena_more(x->arena, &x->list, &x->count, sizeof(*q));
	if (q == NULL)
		return ERR_NOMEM;
	*q = (struct seal_request){ .id = row->id,
		.person = row->subject,
		.by = row->owner,
		.day = day };
	q->number = arena_text(x->arena, row_value(row, "order_number"));
	q->court = arena_text(x->arena, row_value(row, "court"));
	return q->number != NULL && q->court != NULL ? OK : ERR_NOMEM;
}

static bool
is_of(const struct loading *x, const struct read_row *row)
{
	struct row_id id;

	return row_id_of(row, "seal_order_id", id.b) && id_equal(&id, x->order);
}

static enum err
on_scope(struct rows *rows, const struct read_row *row)
{
	struct loading *x = rows->context;
	const char **to;

	/* nobody widens another's order */
	if (!is_of(x, row) || row_is(row, "state", "removed") ||
	    !id_equal(&row->owner, &x->at->by))
		return OK;
	to = arena_more(x->arena, &x->scope, &x->scope_count, sizeof(*to));
	if (to == NULL)
		return ERR_NOMEM;
	*to = arena_text(x->arena, row_value(row, "category"));
	return *to != NULL ? OK : ERR_NOMEM;
}

static enum err
on_answer(struct rows *rows, const struct read_row *row)
{
	struct loading *x = rows->context;

	x->answered |= is_of(x, row) && is_own(x, &row->owner);
	return OK;
}

/* "TX2" covers "TX2.attendance" */
static bool
covers(const char *rule, const char *category)
{
	size_t n = strlen(rule);

	return strncmp(rule, category, n) == 0 &&
	    (category[n] == '\0' || category[n] == '.');
}

static bool
on_holder(void *context, const struct holder *h)
{
	struct loading *x = context;
	struct seal_request *q = x->at;
	size_t n = q->category_count;

	/* one line for each that holds it: they stand together */
	if (n > 0 && strcmp(q->category[n - 1], h->category) == 0)
		return true;
	for (size_t k = 0; k < x->scope_count; k++) {
		if (!covers(x->scope[k], h->category))
			continue;
		if (n == SEAL_REQUEST_CATEGORIES)
			return false;
		q->category[n] = arena_copy(x->arena, h->category);
		x->e = q->category[n] != NULL ? OK : ERR_NOMEM;
		q->category_count += x->e == OK;
		return x->e == OK;
	}
	return true;
}

static enum err
load_one(struct loading *x, struct rows *rows, struct seal_request *q,
    struct fail *f)
{
	enum err e;

	x->at = q;
	x->order = &q->id;
	x->answered = false;
	x->scope = NULL;
	x->scope_count = 0;
	rows->each = on_answer;
	e = rows_read(rows, "seal_answer", &q->person, f);
	rows->each = on_scope;
	if (e == OK && !x->answered)
		e = rows_read(rows, "seal_scope", &q->person, f);
	if (e == OK && x->scope_count > 0)
		e = holder_list(x->r, &q->person, on_holder, x, f);
	return e == OK && x->e != OK ? fail_code(f, x->e) : e;
}

enum err
seal_request_load(struct seal_request **out, size_t *count, struct replica *r,
    struct arena *arena, struct fail *f)
{
	struct loading x = { .r = r, .arena = arena };
	struct rows rows = { .r = r,
		.arena = arena,
		.context = &x,
		.each = on_order };
	size_t kept = 0;
	enum err e = rows_read(&rows, "seal_order", NULL, f);

	for (size_t k = 0; e == OK && k < x.count; k++) {
		e = load_one(&x, &rows, &x.list[k], f);
		if (x.list[k].category_count > 0)
			x.list[kept++] = x.list[k];
	}
	if (e != OK)
		return e;
	*out = x.list;
	*count = kept;
	return OK;
}

enum err
seal_request_answer(struct replica *r, const struct seal_request *q,
    const char *reason, int64_t destroyed, const struct row_id *staff,
    struct fail *f)
{
	struct row_id made;
	struct entry x;
	enum err e;

	entry_begin(&x, r, "seal_answer");
	entry_id(&x, "seal_order_id", q->id.b);
	entry_text(&x, "result", reason != NULL ? "declined" : "executed");
	entry_day(&x, "answered_on", policy_today(r));
	entry_text(&x, "reason", reason);
	if (reason == NULL)
		entry_int(&x, "destroyed", destroyed);
	entry_id(&x, "staff_id", staff->b);
	e = entry_new(&x, &made, &q->person, staff, f);
	return e == OK ? sealing_share(r, &q->person, &q->by, q->number, f) : e;
}
