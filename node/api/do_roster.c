/*
 * Who is expected together: the day's appointments for a program, by when they
 * begin, so that a whole group is written down at once.
 */
#include "node/api/handlers.h"

#include <string.h>

#include "node/api/desk.h"
#include "node/api/sight.h"
#include "node/named.h"

/* people of one day's groups */
#define ROSTER_MAX 300
/* where an appointment says no end */
#define USUAL_MINUTES 90
#define DAY_MINUTES (24 * 60)

struct roster {
	struct desk desk;
	int64_t day;
	json_t *groups; /* owned */
	size_t people;
	json_t *logged; /* borrowed: of the person who is looked at */
	bool is_full;
};

static void
put_program(struct desk *d, json_t *to, const struct read_row *row)
{
	const struct value *v = desk_value(row, "program_id");
	struct buf name = { 0 };
	struct row_id id;

	if (v->type != VALUE_ID)
		return;
	memcpy(id.b, v->p, ID_BYTES);
	named_show(&name, &d->run,
	    registry_table(replica_registry(d->run.replica), "program"), &id);
	(void)json_object_set_new(to, "program", json_string(buf_cstr(&name)));
	buf_release(&name);
}

/* Same program, place and beginning: one group. */
static json_t *
group_of(struct roster *x, const struct read_row *row)
{
	static const char *const names[] = { "start_at", "program_id", "place",
		NULL };
	json_t *key = json_object(), *group = NULL;
	size_t i;

	desk_fields(key, row, names);
	json_array_foreach(x->groups, i, group)
	{
		if (json_equal(json_object_get(group, "key"), key)) {
			json_decref(key);
			return group;
		}
	}
	group = json_pack("{s:o, s:[]}", "key", key, "people");
	desk_fields(group, row, names);
	put_program(&x->desk, group, row);
	(void)json_array_append_new(x->groups, group);
	return group;
}

static json_int_t
minutes_of(const struct read_row *row)
{
	const struct value *from = desk_value(row, "start_at");
	const struct value *to = desk_value(row, "end_at");

	return from->type == VALUE_TIME && to->type == VALUE_TIME &&
		to->i > from->i && to->i - from->i < DAY_MINUTES
	    ? (json_int_t)(to->i - from->i)
	    : USUAL_MINUTES;
}

static bool
take_expected(void *context, const struct read_row *row)
{
	struct roster *x = context;
	struct desk *d = &x->desk;
	char id[ID_TEXT_BYTES];
	bool sees = false;
	int64_t day;
	json_t *j;

	if (!desk_is(row, "kind", "programme") ||
	    desk_is(row, "state", "cancelled") ||
	    desk_is(row, "state", "rescheduled") ||
	    !desk_day(&day, desk_value(row, "start_at")) || day != x->day)
		return true;
	d->err = account_sees(&sees, d->run.replica, &d->t->who, &row->subject,
	    &d->t->fail);
	x->is_full = x->people == ROSTER_MAX;
	if (d->err != OK || !sees || x->is_full)
		return d->err == OK && !x->is_full;
	x->people++;
	hex_encode(id, row->id.b, ID_BYTES);
	j = json_pack("{s:s, s:I}", "appointment", id, "minutes",
	    minutes_of(row));
	desk_person(d, j, &row->subject);
	(void)json_array_append_new(json_object_get(group_of(x, row), "people"),
	    j);
	return true;
}

static bool
take_result(void *context, const struct read_row *row)
{
	struct roster *x = context;
	char id[ID_TEXT_BYTES], result[32];

	desk_text(id, sizeof(id), row, "appointment_id");
	desk_text(result, sizeof(result), row, "result");
	if (strcmp(id,
		json_string_value(json_object_get(x->logged, "appointment"))) ==
	    0)
		(void)json_object_set_new(x->logged, "result",
		    json_string(result));
	return true;
}

static void
put_results(struct roster *x)
{
	json_t *group, *one;
	size_t i, k;

	json_array_foreach(x->groups, i, group)
	{
		(void)json_object_del(group, "key");
		json_array_foreach(json_object_get(group, "people"), k, one)
		{
			struct row_id person;
			struct desk_query q = { .table = "attendance",
				.person = &person };

			if (hex_decode(person.b, ID_BYTES,
				json_string_value(
				    json_object_get(one, "person"))) != OK)
				continue;
			x->logged = one;
			desk_each(&x->desk, &q, take_result, x);
		}
	}
}

static enum err
day_of(struct roster *x, const char *on)
{
	struct buf scratch = { .limit = 64 };
	struct value v = { .type = VALUE_DATE };
	enum err e = OK;

	x->day = x->desk.day;
	if (on != NULL)
		e = value_parse(&v, &scratch, VALUE_DATE, on, &x->desk.t->fail);
	if (e == OK && on != NULL)
		x->day = v.i;
	buf_release(&scratch);
	return e;
}

enum api_error
do_roster(struct api_turn *t, json_t **data)
{
	struct desk_query q = { .table = "appointment" };
	struct roster x = { .groups = json_array() };
	enum err e = desk_open(&x.desk, t);

	if (e == OK)
		x.desk.err = day_of(&x, turn_text(t, "on"));
	desk_each(&x.desk, &q, take_expected, &x);
	put_results(&x);
	e = x.desk.err;
	if (e == OK)
		e = sight_log(t, "list", NULL, x.people);
	desk_close(&x.desk);
	if (e == OK)
		*data = json_pack("{s:s, s:O, s:b}", "today", x.desk.today,
		    "groups", x.groups, "cut", x.is_full);
	json_decref(x.groups);
	return api_error_of(e);
}
