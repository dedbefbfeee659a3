/* seal status: who obeyed an order to close records. */
#include "node/cmd.h"

#include <string.h>

#include "node/name.h"
#include "node/policy/case.h"
#include "node/policy/rows.h"
#include "node/role.h"
#include "sync/grant.h"

#define ANSWERS_MAX 256

struct answered {
	struct agency_id agency;
	const char *machine;
	int64_t minute;
};

/* What another agency did about records of its own. */
struct replied {
	struct agency_id agency;
	const char *result, *reason;
	policy_day day;
};

struct certifying {
	struct run *run;
	struct arena arena;
	json_t *array; /* NULL: text */
	const struct row_id *order;
	struct agency_id by; /* who entered it */
	/* of one order */
	const char **category;
	size_t category_count;
	struct answered *answer;
	size_t answer_count;
	struct agency_id holder[ANSWERS_MAX];
	size_t holder_count;
	struct agency_id keeper[ANSWERS_MAX]; /* of records that it reaches */
	size_t keeper_count;
	struct replied *reply; /* of those */
	size_t reply_count;
	int64_t missing;
};

struct told_order {
	struct row_id id, person;
	struct agency_id by;
	const char *number, *court, *kind;
	policy_day day;
	bool vacated;
};

struct orders {
	const char *wanted;
	struct told_order *list;
	size_t count;
};

static enum err
on_order(struct rows *rows, const struct read_row *row)
{
	struct orders *x = rows->context;
	const char *number =
	    arena_text(rows->arena, row_value(row, "order_number"));
	struct told_order *o;

	if (number == NULL)
		return ERR_NOMEM;
	if (x->wanted != NULL && strcmp(x->wanted, number) != 0)
		return OK;
	o = arena_more(rows->arena, &x->list, &x->count, sizeof(*o));
	if (o == NULL)
		return ERR_NOMEM;
	*o = (struct told_order){ .id = row->id,
		.person = row->subject,
		.by = row->owner,
		.number = number,
		.court = arena_text(rows->arena, row_value(row, "court")),
		.kind = arena_text(rows->arena, row_value(row, "kind")),
		.day = row_day(row, "effective_on"),
		.vacated = row_is(row, "state", "vacated") };
	return o->court != NULL && o->kind != NULL ? OK : ERR_NOMEM;
}

static enum err
on_scope(struct rows *rows, const struct read_row *row)
{
	struct certifying *x = rows->context;
	struct row_id id;
	const char **to;

	if (!row_id_of(row, "seal_order_id", id.b) ||
	    !id_equal(&id, x->order) || row_is(row, "state", "removed"))
		return OK;
	to = arena_more(rows->arena, &x->category, &x->category_count,
	    sizeof(*to));
	if (to == NULL)
		return ERR_NOMEM;
	*to = arena_text(rows->arena, row_value(row, "category"));
	return *to != NULL ? OK : ERR_NOMEM;
}

static enum err
on_answer(struct rows *rows, const struct read_row *row)
{
	struct certifying *x = rows->context;
	struct row_id id;
	struct answered *a;

	if (!row_id_of(row, "seal_order_id", id.b) || !id_equal(&id, x->order))
		return OK;
	a = arena_more(rows->arena, &x->answer, &x->answer_count, sizeof(*a));
	if (a == NULL)
		return ERR_NOMEM;
	/* nobody answers for another */
	a->agency = row->owner;
	a->machine = arena_text(rows->arena, row_value(row, "machine"));
	a->minute = row_value(row, "done_at")->i;
	return a->machine != NULL ? OK : ERR_NOMEM;
}

static enum err
on_reply(struct rows *rows, const struct read_row *row)
{
	struct certifying *x = rows->context;
	struct row_id id;
	struct replied *r;

	if (!row_id_of(row, "seal_order_id", id.b) || !id_equal(&id, x->order))
		return OK;
	r = arena_more(rows->arena, &x->reply, &x->reply_count, sizeof(*r));
	if (r == NULL)
		return ERR_NOMEM;
	r->agency = row->owner;
	r->result = arena_text(rows->arena, row_value(row, "result"));
	r->reason = arena_text(rows->arena, row_value(row, "reason"));
	r->day = row_day(row, "answered_on");
	return r->result != NULL && r->reason != NULL ? OK : ERR_NOMEM;
}

static bool
is_reached(const struct certifying *x, const char *category)
{
	for (size_t k = 0; k < x->category_count; k++) {
		size_t n = strlen(x->category[k]);

		if (strncmp(category, x->category[k], n) == 0 &&
		    (category[n] == '\0' || category[n] == '.'))
			return true;
	}
	return false;
}

static void
add_keeper(struct certifying *x, const struct agency_id *agency)
{
	if (id_equal(agency, &x->by))
		return;
	for (size_t k = 0; k < x->keeper_count; k++)
		if (id_equal(&x->keeper[k], agency))
			return;
	if (x->keeper_count < ANSWERS_MAX)
		x->keeper[x->keeper_count++] = *agency;
}

/* Whose records it reaches, as far as is known here; who answered was asked, though
 * nothing of theirs may be left. */
static void
on_keeper(void *context, const struct grant_access *a)
{
	struct certifying *x = context;

	if (a->owner != NULL && is_reached(x, a->category))
		add_keeper(x, &a->owner->id);
}

static void
on_holder(void *context, const struct grant_access *a)
{
	struct certifying *x = context;

	if (a->agency == NULL)
		return;
	for (size_t k = 0; k < x->holder_count; k++)
		if (id_equal(&x->holder[k], &a->agency->id))
			return;
	for (size_t k = 0; k < x->category_count; k++) {
		size_t n = strlen(x->category[k]);

		if (strncmp(a->category, x->category[k], n) == 0 &&
		    (a->category[n] == '\0' || a->category[n] == '.') &&
		    x->holder_count < ANSWERS_MAX) {
			x->holder[x->holder_count++] = a->agency->id;
			return;
		}
	}
}

static void
say_answers(struct certifying *x, const struct agency_id *holder, json_t *array)
{
	char id[ID_TEXT_BYTES], at[NAME_TIME_BYTES];
	const char *name = name_of_agency(x->run, holder, id);
	bool any = false;

	for (size_t k = 0; k < x->answer_count; k++) {
		const struct answered *a = &x->answer[k];

		if (!id_equal(&a->agency, holder))
			continue;
		any = true;
		name_time(at, a->minute * 60000, 0);
		if (array != NULL)
			(void)json_array_append_new(array,
			    json_pack("{s:s, s:s, s:s, s:s}", "agency", name,
				"machine", a->machine, "state", "sealed", "at",
				at));
		else
			run_say(x->run, "  %-12s %s (%s), %s\n", "sealed",
			    a->machine, name, at);
	}
	if (any)
		return;
	x->missing++;
	if (array != NULL)
		(void)json_array_append_new(array,
		    json_pack("{s:s, s:s, s:s, s:s}", "agency", name, "machine",
			"", "state", "missing", "at", ""));
	else
		run_say(x->run, "  %-12s %s\n", "missing", name);
}

static enum err
load_one(struct certifying *x, struct told_order *o, struct fail *f)
{
	struct rows rows = { .r = x->run->replica,
		.arena = &x->arena,
		.context = x,
		.each = on_scope };
	enum err e;

	x->order = &o->id;
	x->category_count = x->answer_count = x->holder_count = 0;
	x->category = NULL;
	x->answer = NULL;
	x->missing = 0;
	x->by = o->by;
	x->keeper_count = x->reply_count = 0;
	x->reply = NULL;
	e = rows_read(&rows, "seal_scope", &o->person, f);
	rows.each = on_answer;
	if (e == OK)
		e = rows_read(&rows, "seal_ack", &o->person, f);
	if (e == OK)
		e = grant_access_list(x->run->replica, &o->person, on_holder, x,
		    f);
	if (e != OK || strcmp(o->kind, "expunge") != 0)
		return e;
	rows.each = on_reply;
	e = rows_read(&rows, "seal_answer", &o->person, f);
	if (e == OK)
		e = grant_access_list(x->run->replica, &o->person, on_keeper, x,
		    f);
	for (size_t k = 0; k < x->reply_count; k++)
		add_keeper(x, &x->reply[k].agency);
	return e;
}

/* Records of its own that an agency destroys, or not: the order alone does not. */
static void
say_keeper(struct certifying *x, const struct agency_id *keeper, json_t *array)
{
	char id[ID_TEXT_BYTES], day[POLICY_DAY_CHARS] = "";
	const char *name = name_of_agency(x->run, keeper, id);
	const char *result = "asked", *reason = "";

	for (size_t k = 0; k < x->reply_count; k++) {
		if (!id_equal(&x->reply[k].agency, keeper))
			continue;
		result = x->reply[k].result;
		reason = x->reply[k].reason;
		policy_day_text(day, x->reply[k].day);
	}
	if (array != NULL)
		(void)json_array_append_new(array,
		    json_pack("{s:s, s:s, s:s, s:s}", "agency", name, "result",
			result, "on", day, "reason", reason));
	else if (day[0] == '\0')
		run_say(x->run,
		    "  %-12s %s to destroy records of its own: no answer yet\n",
		    result, name);
	else
		run_say(x->run, "  %-12s %s, %s%s%s\n", result, name, day,
		    reason[0] != '\0' ? ": " : "", reason);
}

static void
say_order(struct certifying *x, const struct told_order *o)
{
	char day[POLICY_DAY_CHARS], id[ID_TEXT_BYTES];

	policy_day_text(day, o->day);
	hex_encode(id, o->id.b, ID_BYTES);
	run_say(x->run,
	    "ORDER %s%s%s\n  %s from %s on%s\n  record of it: %s\n  closes:",
	    o->number, o->court[0] != '\0' ? ", " : "", o->court, o->kind, day,
	    o->vacated ? ", VACATED since" : "", id);
	for (size_t k = 0; k < x->category_count; k++)
		run_say(x->run, "%s %s", k > 0 ? "," : "", x->category[k]);
	run_say(x->run, "\n");
	for (size_t k = 0; k < x->holder_count; k++)
		say_answers(x, &x->holder[k], NULL);
	for (size_t k = 0; k < x->keeper_count; k++)
		say_keeper(x, &x->keeper[k], NULL);
	if (x->missing == 0 && !o->vacated)
		run_say(x->run,
		    "CERTIFICATE: every agency that holds any of it confirmed "
		    "that it is closed there.\n");
	else if (!o->vacated)
		run_say(x->run,
		    "Not complete: %lld agenc%s not confirmed. A computer that "
		    "was away closes it at its next contact.\n",
		    (long long)x->missing,
		    x->missing == 1 ? "y has" : "ies have");
	run_say(x->run,
	    "This cannot promise it of paper, exports and screenshots.\n");
}

static json_t *
order_json(struct certifying *x, const struct told_order *o)
{
	char day[POLICY_DAY_CHARS], id[ID_TEXT_BYTES];
	json_t *scope = json_array(), *answers = json_array();
	json_t *keepers = json_array();

	policy_day_text(day, o->day);
	hex_encode(id, o->id.b, ID_BYTES);
	for (size_t k = 0; k < x->category_count; k++)
		(void)json_array_append_new(scope, json_string(x->category[k]));
	for (size_t k = 0; k < x->holder_count; k++)
		say_answers(x, &x->holder[k], answers);
	for (size_t k = 0; k < x->keeper_count; k++)
		say_keeper(x, &x->keeper[k], keepers);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:I}",
	    "id", id, "order", o->number, "court", o->court, "kind", o->kind,
	    "effective", day, "vacated", o->vacated, "scope", scope, "answers",
	    answers, "others", keepers, "missing", (json_int_t)x->missing);
}

enum err
cmd_seal_status(struct run *run, struct fail *f)
{
	struct certifying x = { .run = run };
	struct orders orders = { .wanted = run_word(run, 0) };
	struct row_id staff;
	struct rows rows = { .r = run->replica,
		.arena = &x.arena,
		.context = &orders,
		.each = on_order };
	enum err e = role_need(&staff, run,
	    ROLE_BITS_RECORDS | POLICY_BIT(ROLE_AUDITOR), "orders to seal", f);

	if (e == OK)
		e = rows_read(&rows, "seal_order", NULL, f);
	if (e == OK && orders.count == 0)
		e = fail_set(f, ERR_NOTFOUND, "no such order is here");
	if (e == OK && run->cli->json && (x.array = json_array()) == NULL)
		e = fail_set(f, ERR_NOMEM, "the JSON answer");
	for (size_t k = 0; e == OK && k < orders.count; k++) {
		e = load_one(&x, &orders.list[k], f);
		if (e == OK && x.array != NULL)
			(void)json_array_append_new(x.array,
			    order_json(&x, &orders.list[k]));
		else if (e == OK)
			say_order(&x, &orders.list[k]);
	}
	arena_release(&x.arena);
	if (e == OK && x.array != NULL)
		return run_json(run, x.array, f);
	json_decref(x.array);
	return e;
}
