/* What a member of staff sees first: the day, the case load, one person's head. */
#include "node/api/handlers.h"

#include <stdlib.h>
#include <string.h>

#include "node/api/desk.h"
#include "node/api/sight.h"

/* people of one case load that are looked at */
#define LOAD_MAX 500
/* how far back an appointment may lie whose outcome is asked for */
#define LOG_DAYS 30
/* contacts that are due within these days are shown as due soon */
#define SOON_DAYS 7

/* ---- the case load ---- */

struct load {
	struct desk desk;
	struct row_id *people;
	size_t count;
	bool is_cut;
};

static bool
has_person(const struct load *l, const struct row_id *id)
{
	for (size_t i = 0; i < l->count; i++) {
		if (id_equal(&l->people[i], id))
			return true;
	}
	return false;
}

static bool
take_assigned(void *context, const struct read_row *row)
{
	struct load *l = context;
	int64_t ended;
	bool sees = false;

	if (desk_day(&ended, desk_value(row, "ended_on")) &&
	    ended < l->desk.day)
		return true;
	if (has_person(l, &row->subject))
		return true;
	l->is_cut = l->count == LOAD_MAX;
	if (l->is_cut)
		return false;
	l->desk.err = account_sees(&sees, l->desk.run.replica, &l->desk.t->who,
	    &row->subject, &l->desk.t->fail);
	if (sees)
		l->people[l->count++] = row->subject;
	return true;
}

/* Whom this account is assigned to today; desk_close and free after it. */
static enum err
load_open(struct load *l, struct api_turn *t)
{
	struct desk_query q = { .table = "assignment",
		.field = "staff_id",
		.value = { .type = VALUE_ID,
		    .p = t->who.staff.b,
		    .n = ID_BYTES } };

	*l = (struct load){ .people = calloc(LOAD_MAX, sizeof(*l->people)) };
	(void)desk_open(&l->desk, t);
	if (l->people == NULL)
		l->desk.err = ERR_NOMEM;
	desk_each(&l->desk, &q, take_assigned, l);
	return l->desk.err;
}

/* The journal's entry first: what cannot be written down is not shown. */
static enum api_error
load_close(struct load *l, json_t *out, json_t **data, const char *act)
{
	struct api_turn *t = l->desk.t;
	enum err e = l->desk.err;

	if (e == OK)
		e = sight_log(t, act, NULL, l->count);
	desk_close(&l->desk);
	free(l->people);
	if (e == OK && out == NULL)
		return API_FAILED;
	if (e == OK)
		*data = json_incref(out);
	json_decref(out);
	return api_error_of(e);
}

/* ---- one person, counted together ---- */

struct sum {
	struct desk *desk;
	json_t *out;    /* the object that is filled; borrowed */
	json_t *logged; /* owned: appointments that have an outcome */
	json_t *today;  /* borrowed: appointments of today, or NULL */
	json_t *to_log; /* borrowed: appointments without an outcome, or NULL */
	json_int_t alerts;
	int64_t last_contact; /* day; INT64_MIN: none */
	char next_at[20];
	char level[24];
	bool is_supervised;
};

static bool
take_outcome(void *context, const struct read_row *row)
{
	struct sum *s = context;
	char id[ID_TEXT_BYTES];
	int64_t day;

	desk_text(id, sizeof(id), row, "appointment_id");
	(void)json_object_set_new(s->logged, id,
	    json_string(desk_is(row, "result", "complied") ? "complied" : "x"));
	if ((desk_is(row, "result", "complied") ||
		desk_is(row, "result", "late") ||
		desk_is(row, "result", "left_early")) &&
	    desk_day(&day, desk_value(row, "held_on")) && day > s->last_contact)
		s->last_contact = day;
	return true;
}

static bool
take_note(void *context, const struct read_row *row)
{
	struct sum *s = context;
	int64_t day;

	/* an attempt is no contact */
	if (!desk_is(row, "outcome", "not_home") &&
	    !desk_is(row, "outcome", "refused") &&
	    !desk_is(row, "outcome", "left_message") &&
	    !desk_is(row, "outcome", "failed") &&
	    desk_day(&day, desk_value(row, "happened_at")) &&
	    day > s->last_contact)
		s->last_contact = day;
	return true;
}

static json_t *
appointment_json(struct desk *d, const struct read_row *row)
{
	static const char *const names[] = { "start_at", "end_at", "place",
		"method", "kind", "purpose", "state", NULL };
	json_t *j = json_object();
	char id[ID_TEXT_BYTES];

	hex_encode(id, row->id.b, ID_BYTES);
	(void)json_object_set_new(j, "id", json_string(id));
	desk_person(d, j, &row->subject);
	desk_fields(j, row, names);
	return j;
}

static bool
take_appointment(void *context, const struct read_row *row)
{
	struct sum *s = context;
	char id[ID_TEXT_BYTES], at[20];
	bool is_logged;
	int64_t day;
	json_t *j;

	hex_encode(id, row->id.b, ID_BYTES);
	is_logged = json_object_get(s->logged, id) != NULL;
	desk_text(at, sizeof(at), row, "start_at");
	if (desk_is(row, "state", "cancelled") ||
	    desk_is(row, "state", "rescheduled") ||
	    !desk_day(&day, desk_value(row, "start_at")))
		return true;
	if (strcmp(at, s->desk->now) >= 0 && !is_logged &&
	    (s->next_at[0] == '\0' || strcmp(at, s->next_at) < 0))
		memcpy(s->next_at, at, sizeof(at));
	if (s->today == NULL)
		return true;
	if (day == s->desk->day) {
		j = appointment_json(s->desk, row);
		(void)json_object_set_new(j, "logged", json_boolean(is_logged));
		(void)json_array_append_new(s->today, j);
	} else if (!is_logged && day < s->desk->day &&
	    day >= s->desk->day - LOG_DAYS) {
		(void)json_array_append_new(s->to_log,
		    appointment_json(s->desk, row));
	}
	return true;
}

static bool
take_episode(void *context, const struct read_row *row)
{
	static const char *const names[] = { "kind", "level", "status",
		"started_on", "expected_end", NULL };
	struct sum *s = context;

	/* what is over tells only where nothing else is */
	if (s->is_supervised)
		return true;
	s->is_supervised = !desk_is(row, "status", "closed");
	desk_text(s->level, sizeof(s->level), row, "level");
	desk_fields(s->out, row, names);
	return true;
}

static bool
take_alert(void *context, const struct read_row *row)
{
	struct sum *s = context;
	int64_t ended;

	if (!desk_day(&ended, desk_value(row, "lifted_on")))
		s->alerts++;
	return true;
}

static void
sum_up(struct sum *s, struct desk *d, json_t *out, const struct row_id *person)
{
	struct desk_query q = { .person = person };

	s->desk = d;
	s->out = out;
	s->logged = json_object();
	s->last_contact = INT64_MIN;
	q.table = "attendance";
	desk_each(d, &q, take_outcome, s);
	q.table = "contact_note";
	desk_each(d, &q, take_note, s);
	q.table = "appointment";
	desk_each(d, &q, take_appointment, s);
	q.table = "episode";
	desk_each(d, &q, take_episode, s);
	q.table = "safety_alert";
	desk_each(d, &q, take_alert, s);
	json_decref(s->logged);
	s->logged = NULL;
}

/* How often somebody is seen, by level: the usual spread (weekly, monthly, a
 * quarter); the page says so beside what it computes from it. */
static int64_t
standard_days(const char *level)
{
	static const struct {
		const char *level;
		int64_t days;
	} list[] = { { "high", 7 }, { "specialised", 7 }, { "standard", 30 },
		{ "low", 90 } };

	for (size_t i = 0; i < COUNT_OF(list); i++) {
		if (strcmp(list[i].level, level) == 0)
			return list[i].days;
	}
	return 30;
}

static void
put_contact(const struct sum *s, json_t *out)
{
	char date[12];
	int64_t due;

	if (s->last_contact > INT64_MIN) {
		desk_date(date, s->last_contact);
		(void)json_object_set_new(out, "last_contact",
		    json_string(date));
	}
	if (!s->is_supervised)
		return;
	due = s->last_contact > INT64_MIN
	    ? s->last_contact + standard_days(s->level)
	    : s->desk->day;
	desk_date(date, due);
	(void)json_object_set_new(out, "contact_due", json_string(date));
	(void)json_object_set_new(out, "contact_every_days",
	    json_integer(standard_days(s->level)));
	(void)json_object_set_new(out, "overdue",
	    json_boolean(due < s->desk->day));
	(void)json_object_set_new(out, "due_soon",
	    json_boolean(
		due >= s->desk->day && due <= s->desk->day + SOON_DAYS));
}

static json_t *
line_of(struct load *l, size_t i, json_t *today, json_t *to_log)
{
	struct sum s = { .today = today, .to_log = to_log };
	json_t *line = json_object();

	desk_person(&l->desk, line, &l->people[i]);
	sum_up(&s, &l->desk, line, &l->people[i]);
	(void)json_object_set_new(line, "alerts", json_integer(s.alerts));
	if (s.next_at[0] != '\0')
		(void)json_object_set_new(line, "next_at",
		    json_string(s.next_at));
	put_contact(&s, line);
	return line;
}

enum api_error
do_caseload(struct api_turn *t, json_t **data)
{
	json_t *people = json_array(), *out;
	struct load l;

	(void)load_open(&l, t);
	for (size_t i = 0; l.desk.err == OK && i < l.count; i++)
		(void)json_array_append_new(people, line_of(&l, i, NULL, NULL));
	out = json_pack("{s:s, s:b, s:o}", "today", l.desk.today, "cut",
	    l.is_cut, "people", people);
	return load_close(&l, out, data, "list");
}

/* ---- the day ---- */

static json_t *
pick(const json_t *lines, const char *flag)
{
	json_t *out = json_array(), *line;
	size_t i;

	json_array_foreach(lines, i, line)
	{
		if (json_is_true(json_object_get(line, flag)))
			(void)json_array_append(out, line);
	}
	return out;
}

enum api_error
do_home(struct api_turn *t, json_t **data)
{
	json_t *lines = json_array();
	json_t *today = json_array(), *to_log = json_array(), *out;
	struct load l;

	(void)load_open(&l, t);
	for (size_t i = 0; l.desk.err == OK && i < l.count; i++)
		(void)json_array_append_new(lines,
		    line_of(&l, i, today, to_log));
	out = json_pack("{s:s, s:s, s:I, s:b, s:o, s:o, s:o, s:o}", "today",
	    l.desk.today, "now", l.desk.now, "people", (json_int_t)l.count,
	    "cut", l.is_cut, "appointments", today, "to_log", to_log, "overdue",
	    pick(lines, "overdue"), "due_soon", pick(lines, "due_soon"));
	json_decref(lines);
	return load_close(&l, out, data, "home");
}

/* ---- one person ---- */

struct list {
	json_t *rows;
	const char *const *names;
};

static bool
take_row(void *context, const struct read_row *row)
{
	struct list *l = context;
	char id[ID_TEXT_BYTES];
	json_t *j = json_object();

	hex_encode(id, row->id.b, ID_BYTES);
	(void)json_object_set_new(j, "id", json_string(id));
	desk_fields(j, row, l->names);
	(void)json_array_append_new(l->rows, j);
	return true;
}

static void
put_rows(struct desk *d, json_t *out, const char *key, const char *table,
    const struct row_id *person, const char *const *names)
{
	struct list l = { json_array(), names };
	struct desk_query q = { .table = table, .person = person };

	desk_each(d, &q, take_row, &l);
	(void)json_object_set_new(out, key, l.rows);
}

static bool
take_person(void *context, const struct read_row *row)
{
	static const char *const names[] = { "legal_name", "preferred_name",
		"birth_date", "age_group", "gender", "language", "interpreter",
		"deceased", NULL };

	desk_fields(context, row, names);
	return true;
}

/* An id that nobody has is nobody, and no case file without a word in it. */
static enum err
is_anybody(struct desk *d, const json_t *out)
{
	if (d->err == OK && json_object_get(out, "legal_name") == NULL)
		d->err = fail_set(&d->t->fail, ERR_NOTFOUND,
		    "nobody with this id is here");
	return d->err;
}

static void
put_head(struct desk *d, json_t *out, const struct row_id *person)
{
	static const char *const numbers[] = { "system", "value", NULL };
	static const char *const contacts[] = { "kind", "value", "preferred",
		"ok_to_text", "ok_voicemail", "active", NULL };
	static const char *const alerts[] = { "code", "level", "raised_on",
		"review_due", "lifted_on", NULL };
	static const char *const assigned[] = { "staff_id", "role", "ended_on",
		NULL };
	struct desk_query q = { .table = "person", .person = person };
	struct sum s = { .today = NULL };

	desk_person(d, out, person);
	desk_each(d, &q, take_person, out);
	sum_up(&s, d, out, person);
	if (s.next_at[0] != '\0')
		(void)json_object_set_new(out, "next_at",
		    json_string(s.next_at));
	put_contact(&s, out);
	put_rows(d, out, "numbers", "person_identifier", person, numbers);
	put_rows(d, out, "contacts", "contact_point", person, contacts);
	put_rows(d, out, "alerts", "safety_alert", person, alerts);
	put_rows(d, out, "officers", "assignment", person, assigned);
	(void)json_object_set_new(out, "today", json_string(d->today));
}

enum api_error
do_person(struct api_turn *t, json_t **data)
{
	json_t *out = json_object();
	struct desk d;
	enum err e = desk_open(&d, t);

	if (e == OK)
		e = account_sees(&d.within, d.run.replica, &t->who, &t->subject,
		    &t->fail);
	if (e == OK) {
		put_head(&d, out, &t->subject);
		e = is_anybody(&d, out);
	}
	if (e == OK)
		e = sight_log(t, "read", &t->subject, 1);
	desk_close(&d);
	if (e == OK)
		*data = json_incref(out);
	json_decref(out);
	return api_error_of(e);
}
