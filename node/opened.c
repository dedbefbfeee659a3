#include "node/opened.h"

#include <stdlib.h>
#include <string.h>

#include "node/policy/case.h"
#include "node/policy/rows.h"

#define DAY_MINUTES (24 * 60)

struct loading {
	struct opened *list;
	size_t count;
};

static enum err
on_opened(struct rows *rows, const struct read_row *row)
{
	struct loading *x = rows->context;
	struct opened *o =
	    arena_more(rows->arena, &x->list, &x->count, sizeof(*o));

	if (o == NULL)
		return ERR_NOMEM;
	*o = (struct opened){ .id = row->id,
		.person = row->subject,
		.owner = row->owner,
		.from = row_value(row, "opened_at")->i,
		.to = row_value(row, "ends_at")->i,
		.verdict = "" };
	(void)row_id_of(row, "staff_id", o->staff.b);
	o->reason = arena_text(rows->arena, row_value(row, "reason"));
	o->narrative = arena_text(rows->arena, row_value(row, "narrative"));
	o->categories = arena_text(rows->arena, row_value(row, "categories"));
	o->medical = arena_text(rows->arena, row_value(row, "medical_person"));
	return o->reason != NULL && o->narrative != NULL &&
		o->categories != NULL && o->medical != NULL
	    ? OK
	    : ERR_NOMEM;
}

static enum err
on_review(struct rows *rows, const struct read_row *row)
{
	struct loading *x = rows->context;
	struct row_id id;

	if (!row_id_of(row, "break_glass_id", id.b))
		return OK;
	for (size_t k = 0; k < x->count; k++) {
		if (!id_equal(&x->list[k].id, &id))
			continue;
		x->list[k].verdict =
		    arena_text(rows->arena, row_value(row, "verdict"));
		return x->list[k].verdict != NULL ? OK : ERR_NOMEM;
	}
	return OK;
}

static int
by_time(const void *a, const void *b)
{
	const struct opened *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return memcmp(x->id.b, y->id.b, ID_BYTES);
}

enum err
opened_load(struct opened **out, size_t *count, struct replica *r,
    const struct policy_pack *pack, struct arena *arena, struct fail *f)
{
	const struct env *env = replica_env(r);
	int64_t now = policy_now_ms(r) / 60000 + env->offset_min(env->self);
	int32_t days =
	    pack != NULL ? pack_deadline(pack, "emergency_review") : -1;
	struct loading x = { 0 };
	struct rows rows = { .r = r,
		.arena = arena,
		.context = &x,
		.each = on_opened };
	enum err e = rows_read(&rows, "break_glass", NULL, f);

	rows.each = on_review;
	if (e == OK)
		e = rows_read(&rows, "break_glass_review", NULL, f);
	if (e != OK)
		return e;
	for (size_t k = 0; k < x.count; k++) {
		struct opened *o = &x.list[k];

		o->due = o->from +
		    (int64_t)(days >= 0 ? days : REVIEW_DAYS) * DAY_MINUTES;
		o->waits = o->verdict[0] == '\0' ||
		    strcmp(o->verdict, "more_needed") == 0;
		o->late = o->waits && o->due < now;
		o->running = o->from <= now && now < o->to;
	}
	if (x.count > 0)
		qsort(x.list, x.count, sizeof(*x.list), by_time);
	*out = x.list;
	*count = x.count;
	return OK;
}
