/*
 * Referrals with what became of them: one person's, and what waits for an answer.
 * What another agency answered is shown as far as it may be read here.
 */
#include "node/api/handlers.h"

#include <string.h>

#include "node/api/desk.h"
#include "node/api/sight.h"
#include "node/named.h"
#include "sync/delivered.h"

/* without an answer for longer than this, both sides are told */
#define ANSWER_WORKDAYS 3
/* shown on one desk */
#define DESK_MAX 200

/* 1970-01-01 was a Thursday. */
static bool
is_workday(int64_t day)
{
	int64_t weekday = (day % 7 + 7 + 4) % 7;

	return weekday != 0 && weekday != 6;
}

/* Working days that began after one day, up to another. */
static int64_t
workdays(int64_t from, int64_t to)
{
	int64_t n = 0;

	/* a referral of years ago is late enough */
	if (to - from > 3660)
		from = to - 3660;
	for (int64_t day = from + 1; day <= to; day++)
		n += is_workday(day);
	return n;
}

struct referrals {
	struct desk desk;
	json_t *answered; /* by the referral's id: what came of it */
	json_t *list;
	bool desk_only; /* of everybody, those that still wait */
	bool is_full;   /* there are more than DESK_MAX */
};

static bool
is_agency(const struct read_row *row, const char *name,
    const struct agency_id *agency)
{
	const struct value *v = desk_value(row, name);

	return v->type == VALUE_ID && memcmp(v->p, agency->b, ID_BYTES) == 0;
}

static void
put_name(struct desk *d, json_t *to, const char *key, const char *table,
    const struct value *id)
{
	struct buf name = { 0 };
	struct row_id row;

	if (id->type != VALUE_ID)
		return;
	memcpy(row.b, id->p, ID_BYTES);
	named_show(&name, &d->run,
	    registry_table(replica_registry(d->run.replica), table), &row);
	(void)json_object_set_new(to, key, json_string(buf_cstr(&name)));
	buf_release(&name);
}

static void
put_agency(struct desk *d, json_t *to, const char *key,
    const struct agency_id *id)
{
	const struct member_agency *a =
	    members_agency(replica_members(d->run.replica), id);

	(void)json_object_set_new(to, key,
	    json_string(a != NULL ? a->name : ""));
}

/* ---- answers ---- */

/* "received", said when it was opened, is no answer. */
static void
put_state(json_t *came, const char *state, const char *at)
{
	const char *was =
	    json_string_value(json_object_get(came, "answered_at"));

	(void)json_object_set_new(came, "seen", json_true());
	if (strcmp(state, "received") == 0 ||
	    (was != NULL && strcmp(was, at) > 0))
		return;
	(void)json_object_set_new(came, "state", json_string(state));
	(void)json_object_set_new(came, "answered_at", json_string(at));
}

static json_t *
came_of(struct referrals *x, const char *referral)
{
	json_t *came = json_object_get(x->answered, referral);

	if (came == NULL) {
		came = json_pack("{s:[]}", "answers");
		(void)json_object_set_new(x->answered, referral, came);
	}
	return came;
}

static bool
take_answer(void *context, const struct read_row *row)
{
	static const char *const names[] = { "state", "answered_at", "slot_at",
		"reason", NULL };
	struct referrals *x = context;
	char id[ID_TEXT_BYTES], state[32], at[20];
	json_t *came, *j;

	desk_text(id, sizeof(id), row, "referral_id");
	desk_text(state, sizeof(state), row, "state");
	desk_text(at, sizeof(at), row, "answered_at");
	came = came_of(x, id);
	put_state(came, state, at);
	if (x->desk_only)
		return true;
	j = json_object();
	desk_fields(j, row, names);
	put_name(&x->desk, j, "staff", "staff", desk_value(row, "staff_id"));
	put_agency(&x->desk, j, "by", &row->owner);
	(void)json_array_append_new(json_object_get(came, "answers"), j);
	return true;
}

/* ---- referrals ---- */

/* How far an own referral is on its way. */
static void
put_delivery(struct desk *d, json_t *to, const struct read_row *row)
{
	const struct value *v = desk_value(row, "agency_id");
	const struct member_node *n;
	struct delivery where;
	struct agency_id agency;
	enum err e;

	if (v->type != VALUE_ID)
		return;
	memcpy(agency.b, v->p, ID_BYTES);
	e = delivered_to(d->run.replica, &where, row, &agency, &d->t->fail);
	if (d->err == OK)
		d->err = e;
	if (e != OK)
		return;
	(void)json_object_set_new(to, "delivery",
	    json_string(delivered_word(where.state)));
	n = members_node(replica_members(d->run.replica), &where.by);
	if (n != NULL && where.state >= DELIVERED_RELAY)
		(void)json_object_set_new(to, "delivered_by",
		    json_string(n->name));
}

static void
put_waiting(struct desk *d, json_t *to, const struct read_row *row)
{
	int64_t sent, days;

	if (!desk_day(&sent, desk_value(row, "sent_on")))
		return;
	days = workdays(sent, d->day);
	(void)json_object_set_new(to, "workdays", json_integer(days));
}

static json_t *
referral_json(struct desk *d, const struct read_row *row)
{
	static const char *const names[] = { "agency_id", "program_id",
		"reason", "risk_summary", "urgency", "sent_on", "interpreter",
		"unavailable", "withdrawn", "withdraw_reason", "consent_id",
		"condition_id", NULL };
	const struct agency_id *own = &replica_identity(d->run.replica)->agency;
	const struct value *to = desk_value(row, "agency_id");
	bool is_own = id_equal(&row->owner, own);
	json_t *j = json_object();
	char id[ID_TEXT_BYTES];
	struct agency_id agency;

	hex_encode(id, row->id.b, ID_BYTES);
	(void)json_object_set_new(j, "id", json_string(id));
	desk_person(d, j, &row->subject);
	desk_fields(j, row, names);
	put_agency(d, j, "from", &row->owner);
	if (to->type == VALUE_ID) {
		memcpy(agency.b, to->p, ID_BYTES);
		put_agency(d, j, "agency", &agency);
	}
	put_name(d, j, "program", "program", desk_value(row, "program_id"));
	(void)json_object_set_new(j, "own", json_boolean(is_own));
	(void)json_object_set_new(j, "for_us",
	    json_boolean(is_agency(row, "agency_id", own)));
	put_waiting(d, j, row);
	if (is_own)
		put_delivery(d, j, row);
	return j;
}

/* Answered or withdrawn: nobody waits for it. */
static bool
is_over(const struct read_row *row, const json_t *came)
{
	return json_object_get(came, "state") != NULL ||
	    desk_is(row, "withdrawn", "withdrawn");
}

static bool
take_referral(void *context, const struct read_row *row)
{
	struct referrals *x = context;
	struct desk *d = &x->desk;
	char id[ID_TEXT_BYTES];
	bool sees = true;
	json_t *came, *j;

	hex_encode(id, row->id.b, ID_BYTES);
	came = json_object_get(x->answered, id);
	if (x->desk_only && is_over(row, came))
		return true;
	if (x->desk_only)
		d->err = account_sees(&sees, d->run.replica, &d->t->who,
		    &row->subject, &d->t->fail);
	if (d->err != OK || !sees)
		return d->err == OK;
	x->is_full = json_array_size(x->list) == DESK_MAX;
	if (x->is_full)
		return false;
	j = referral_json(d, row);
	if (came != NULL)
		(void)json_object_update(j, came);
	else
		(void)json_object_set_new(j, "answers", json_array());
	(void)json_array_append_new(x->list, j);
	return d->err == OK;
}

/* Of one person, or of everybody; desk_close and release after it. */
static void
read_referrals(struct referrals *x, const struct row_id *person)
{
	struct desk_query q = { .table = "referral_answer", .person = person };

	desk_each(&x->desk, &q, take_answer, x);
	q.table = "referral";
	desk_each(&x->desk, &q, take_referral, x);
}

static void
release(struct referrals *x)
{
	json_decref(x->answered);
	json_decref(x->list);
}

/* ---- one person's ---- */

enum api_error
do_referrals(struct api_turn *t, json_t **data)
{
	struct referrals x = { .answered = json_object(),
		.list = json_array() };
	enum err e = desk_open(&x.desk, t);

	if (e == OK)
		x.desk.err = account_sees(&x.desk.within, x.desk.run.replica,
		    &t->who, &t->subject, &t->fail);
	read_referrals(&x, &t->subject);
	e = x.desk.err;
	if (e == OK)
		e = sight_log(t, "read", &t->subject, json_array_size(x.list));
	desk_close(&x.desk);
	if (e == OK)
		*data = json_incref(x.list);
	release(&x);
	return api_error_of(e);
}

/* ---- the desk ---- */

static void
sort_out(const struct referrals *x, json_t *to_answer, json_t *late)
{
	json_t *one;
	size_t i;

	json_array_foreach(x->list, i, one)
	{
		bool is_late = json_integer_value(json_object_get(one,
				   "workdays")) > ANSWER_WORKDAYS;

		(void)json_object_set_new(one, "late", json_boolean(is_late));
		if (json_is_true(json_object_get(one, "for_us")))
			(void)json_array_append(to_answer, one);
		else if (is_late && json_is_true(json_object_get(one, "own")))
			(void)json_array_append(late, one);
	}
}

enum api_error
do_referral_desk(struct api_turn *t, json_t **data)
{
	struct referrals x = { .answered = json_object(),
		.list = json_array(),
		.desk_only = true };
	json_t *to_answer = json_array(), *late = json_array();
	enum err e;

	(void)desk_open(&x.desk, t);
	read_referrals(&x, NULL);
	sort_out(&x, to_answer, late);
	e = x.desk.err;
	if (e == OK)
		e = sight_log(t, "list", NULL,
		    json_array_size(to_answer) + json_array_size(late));
	desk_close(&x.desk);
	if (e == OK)
		*data = json_pack("{s:s, s:O, s:O, s:b}", "today", x.desk.today,
		    "to_answer", to_answer, "late", late, "cut", x.is_full);
	json_decref(to_answer);
	json_decref(late);
	release(&x);
	return api_error_of(e);
}
