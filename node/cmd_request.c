/* requests: what people asked of the privacy officer, and when it is due. */
#include "node/cmd.h"

#include <stdlib.h>
#include <string.h>

#include "node/actor.h"
#include "node/name.h"
#include "node/named.h"
#include "node/opened.h"
#include "node/policy/active.h"
#include "node/policy/case.h"
#include "node/policy/rows.h"
#include "node/role.h"
#include "node/view.h"

#define DAYS_ELSE 30 /* where the pack says nothing for a kind of request */

struct request {
	struct row_id id, person;
	const char *kind;
	policy_day received, due;
	bool answered;
	bool overdue; /* to the minute */
};

struct inbox {
	struct run *run;
	struct arena arena;
	struct policy_pack *pack;
	policy_day today;
	struct request *list;
	size_t count;
	int64_t late;
	bool everybody; /* whoever looks is a privacy officer */
};

static enum err
on_request(struct rows *rows, const struct read_row *row)
{
	struct inbox *x = rows->context;
	struct request *r;
	int32_t days;

	if (row_is(row, "status", "closed"))
		return OK;
	r = arena_more(rows->arena, &x->list, &x->count, sizeof(*r));
	if (r == NULL)
		return ERR_NOMEM;
	*r = (struct request){ .id = row->id,
		.person = row->subject,
		.received = row_day(row, "received_on"),
		.due = row_day(row, "due"),
		.answered = row_is(row, "status", "answered"),
		.kind = arena_text(rows->arena, row_value(row, "kind")) };
	if (r->kind == NULL)
		return ERR_NOMEM;
	days = pack_deadline(x->pack, r->kind);
	if (r->due == POLICY_NO_DAY && r->received != POLICY_NO_DAY)
		r->due = r->received + (days >= 0 ? days : DAYS_ELSE);
	return OK;
}

/* What supervisors left undone comes here. */
static enum err
add_late_reviews(struct inbox *x, struct fail *f)
{
	struct opened *opened = NULL;
	size_t count = 0;
	enum err e = opened_load(&opened, &count, x->run->replica, x->pack,
	    &x->arena, f);

	for (size_t k = 0; e == OK && k < count; k++) {
		struct request *r;

		if (!opened[k].late)
			continue;
		r = arena_more(&x->arena, &x->list, &x->count, sizeof(*r));
		if (r == NULL)
			return fail_code(f, ERR_NOMEM);
		*r = (struct request){ .id = opened[k].id,
			.person = opened[k].person,
			.received = (policy_day)(opened[k].from / (24 * 60)),
			.due = (policy_day)(opened[k].due / (24 * 60)),
			.overdue = true,
			.kind = "emergency_review" };
	}
	return e;
}

static int
by_due(const void *a, const void *b)
{
	const struct request *x = a, *y = b;

	if (x->due != y->due)
		return x->due < y->due ? -1 : 1;
	return memcmp(x->id.b, y->id.b, ID_BYTES);
}

static json_t *
say_one(struct inbox *x, const struct request *r)
{
	const struct table *t =
	    registry_table(replica_registry(x->run->replica), "person");
	char received[POLICY_DAY_CHARS], due[POLICY_DAY_CHARS] = "";
	char id[ID_TEXT_BYTES];
	bool late = r->overdue || (!r->answered && r->due < x->today);
	struct buf b = { .limit = 4096 };
	json_t *j = NULL;

	policy_day_text(received, r->received);
	policy_day_text(due, r->due);
	hex_encode(id, r->id.b, ID_BYTES);
	named_show(&b, x->run, t, &r->person);
	x->late += late;
	if (x->run->cli->json)
		j = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b}", "id", id,
		    "person", buf_cstr(&b), "kind", r->kind, "received",
		    received, "due", due, "late", late, "answered",
		    r->answered);
	else
		run_say(x->run, "%s  %-18s %s, asked %s, due %s%s\n", id,
		    r->kind, buf_cstr(&b), received, due,
		    r->answered ? ", answered"
			: late  ? ", LATE"
				: "");
	buf_release(&b);
	return j;
}

static enum err
say_all(struct inbox *x, struct fail *f)
{
	json_t *array = json_array();

	size_t said = 0;

	if (x->count > 0)
		qsort(x->list, x->count, sizeof(*x->list), by_due);
	for (size_t k = 0; k < x->count; k++) {
		json_t *j;

		/* a privacy officer answers for everybody */
		if (!x->everybody && !actor_sees(x->run, &x->list[k].person))
			continue;
		said++;
		j = say_one(x, &x->list[k]);

		if (j != NULL)
			(void)json_array_append_new(array, j);
	}
	x->run->decide = x->late > 0;
	if (x->run->cli->json)
		return run_json(x->run, array, f);
	json_decref(array);
	if (said == 0)
		run_say(x->run, "nobody waits for an answer\n");
	return OK;
}

enum err
cmd_requests(struct run *run, struct fail *f)
{
	struct inbox x = { .run = run, .today = policy_today(run->replica) };
	struct rows rows = { .r = run->replica,
		.arena = &x.arena,
		.context = &x,
		.each = on_request };
	struct view v = { .run = NULL };
	struct row_id staff;
	bool approved;
	enum err e = role_need(&staff, run, ROLE_BITS_RECORDS,
	    "the inbox of privacy requests", f);
	uint32_t roles = 0;

	if (e == OK)
		e = role_of(&roles, &staff, NULL, NULL, run, f);
	x.everybody = (roles & POLICY_BIT(ROLE_PRIVACY_OFFICER)) != 0;
	if (e == OK)
		e = policy_active(&x.pack, &approved, run->replica, x.today, f);
	if (e == OK)
		e = rows_read(&rows, "privacy_request", NULL, f);
	if (e == OK)
		e = add_late_reviews(&x, f);
	if (e == OK)
		e = view_begin(&v, run, f);
	if (e == OK)
		e = say_all(&x, f);
	view_end(&v);
	pack_free(x.pack);
	arena_release(&x.arena);
	return e;
}
