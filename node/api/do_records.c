/* Lists by pages, search, one person's timeline, decisions. */
#include "node/api/handlers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/api/call.h"
#include "node/api/sight.h"
#include "node/may_put.h"
#include "node/named.h"
#include "node/near.h"
#include "node/settle.h"
#include "node/show.h"
#include "node/show_gate.h"
#include "node/view.h"

#define PAGE_DEFAULT 50
#define PAGE_MAX 200

static size_t
page_size(const struct api_turn *t)
{
	json_int_t n = turn_int(t, "limit", PAGE_DEFAULT);

	return n < 1 ? 1 : n > PAGE_MAX ? PAGE_MAX : (size_t)n;
}

/* ---- lists ---- */

/* A page may have fewer rows than were asked for: those that this account may
 * not see are left out of it. */
enum api_error
do_list(struct api_turn *t, json_t **data)
{
	size_t limit = page_size(t), n;
	enum api_error e;

	(void)json_object_set_new(json_object_get(t->body, "limit") != NULL
		? t->body
		: t->query,
	    "limit", json_integer((json_int_t)limit));
	e = call_route(t, data);
	n = json_array_size(*data);
	if (e == API_OK && n == limit)
		t->next = json_incref(
		    json_object_get(json_array_get(*data, n - 1), "id"));
	return e;
}

/* ---- search ---- */

struct search {
	struct api_turn *t;
	struct run run;
	const char *text;
	struct account_view *view;
	struct view shows;
	json_t *list; /* owned */
	json_t *have; /* owned: ids that are in it */
	size_t limit;
	enum err err;
};

static bool
is_full(const struct search *s)
{
	return json_array_size(s->list) >= s->limit;
}

/* A person, once. */
static void
add_person(struct search *s, const struct row_id *id, const char *why)
{
	const struct table *person =
	    registry_table(replica_registry(s->run.replica), "person");
	char text[ID_TEXT_BYTES];
	struct buf name = { 0 };

	hex_encode(text, id->b, ID_BYTES);
	if (is_full(s) || json_object_get(s->have, text) != NULL)
		return;
	named_show(&name, &s->run, person, id);
	if (json_array_append_new(s->list,
		json_pack("{s:s, s:s, s:s}", "person", text, "name",
		    buf_cstr(&name), "found", why)) != 0 ||
	    json_object_set_new(s->have, text, json_true()) != 0)
		s->err = ERR_NOMEM;
	buf_release(&name);
}

static bool
has_text(const struct read_row *row, const char *name, const char *want)
{
	const struct field *field = table_field(row->table, name);
	const struct value *v =
	    field != NULL ? &row->values[field->number] : NULL;
	struct near near = { .typed = want };
	char word[64];
	size_t n = 0;

	if (v == NULL || v->type != VALUE_TEXT)
		return false;
	for (size_t i = 0; i <= v->n; i++) {
		char c = i < v->n ? (char)v->p[i] : ' ';

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != ' ' && n + 1 < sizeof(word)) {
			word[n++] = c;
			continue;
		}
		word[n] = '\0';
		/* the beginning of a name is as good as the name */
		if (n > 0 && strncmp(word, want, strlen(want)) == 0)
			return true;
		if (n > 0)
			near_offer(&near, word);
		if (near.best != NULL &&
		    near.distance <= (strlen(want) < 5 ? 1u : 2u))
			return true;
		n = 0;
	}
	return false;
}

/* Each word that was typed is near a word of one of the names. */
static bool
is_near(const struct search *s, const struct read_row *row)
{
	char word[64];
	const char *p = s->text;

	for (;;) {
		size_t n;

		p += strspn(p, " ");
		n = strcspn(p, " ");
		if (n == 0)
			return p != s->text;
		if (n >= sizeof(word))
			return false;
		for (size_t i = 0; i < n; i++)
			word[i] = p[i] >= 'A' && p[i] <= 'Z'
			    ? (char)(p[i] - 'A' + 'a')
			    : p[i];
		word[n] = '\0';
		if (!has_text(row, "legal_name", word) &&
		    !has_text(row, "preferred_name", word))
			return false;
		p += n;
	}
}

/* Of whom this account may see that they are there. */
static bool
is_known(struct search *s, const struct row_id *person, const char *category)
{
	return account_view_has(s->view, person) ||
	    view_in_emergency(&s->shows, person, category, NULL);
}

static bool
is_shown(struct search *s, const struct read_row *row)
{
	const struct view_place at = view_place(row);

	return view_shows(&s->shows, row) &&
	    is_known(s, row->table->self ? &row->id : &row->subject,
		row->category) &&
	    view_open_still(&s->shows, &at, NULL, &s->err, &s->t->fail);
}

static bool
each_person(void *context, const struct read_row *row)
{
	struct search *s = context;

	if (is_near(s, row) && is_shown(s, row))
		add_person(s, &row->id, "name");
	return !is_full(s) && s->err == OK;
}

static bool
each_row(void *context, const struct read_row *row)
{
	struct search *s = context;

	if (row->table->scope == SCOPE_LOCAL ||
	    row->table->subject != SUBJECT_PERSON || !is_shown(s, row))
		return s->err == OK;
	add_person(s, row->table->self ? &row->id : &row->subject,
	    row->table->self ? "name" : row->table->name);
	return !is_full(s) && s->err == OK;
}

static bool
each_number(void *context, const struct read_row *row)
{
	struct search *s = context;

	if (is_shown(s, row))
		add_person(s, &row->subject, "number");
	return !is_full(s) && s->err == OK;
}

static bool
each_id(void *context, const struct read_row *row)
{
	struct search *s = context;

	if (is_shown(s, row))
		add_person(s, &row->id, "id");
	return !is_full(s) && s->err == OK;
}

/* Who has this very number or id, by rows that may be shown. */
static enum err
search_exact(struct search *s, struct fail *f)
{
	struct replica *r = s->run.replica;
	const struct registry *g = replica_registry(r);
	const struct table *number = registry_table(g, "person_identifier");
	const struct table *person = registry_table(g, "person");
	struct read_filter filter = { .value = { .type = VALUE_TEXT,
					  .p = (const uint8_t *)s->text,
					  .n = strlen(s->text) } };
	struct read_query q = { .table = number,
		.filters = &filter,
		.filter_count = 1 };
	struct row_id id;
	enum err e = OK;

	if (number != NULL)
		filter.field = table_field(number, "value");
	if (filter.field != NULL)
		e = read_list(r, &q, each_number, s, f);
	if (e != OK || person == NULL || strlen(s->text) < 8 ||
	    read_subject(r, &id, s->text, NULL) != OK)
		return e;
	e = read_get(r, person, &id, 0, each_id, s, f);
	return e == ERR_NOTFOUND ? OK : e;
}

/* Numbers first, then what is written as it was typed, then what is written
 * nearly so. */
static enum err
search(struct search *s, struct fail *f)
{
	struct replica *r = s->run.replica;
	struct read_query all = { .table = registry_table(replica_registry(r),
				      "person") };
	enum err e = search_exact(s, f);

	if (e == OK)
		e = read_find(r, s->text, API_ROWS, each_row, s, f);
	if (e == OK && s->err == OK && !is_full(s) && all.table != NULL)
		e = read_list(r, &all, each_person, s, f);
	return e == OK && s->err != OK ? fail_code(f, s->err) : e;
}

enum api_error
do_search(struct api_turn *t, json_t **data)
{
	struct cli cli = { .as = t->staff };
	struct search s = { .t = t,
		.text = turn_text(t, "q"),
		.list = json_array(),
		.have = json_object(),
		.limit = page_size(t) };
	enum err e;

	run_init(&s.run, &cli);
	engine_lock(t->api->engine);
	s.run.replica = t->api->engine->replica;
	e = replica_use(s.run.replica, &t->fail);
	if (e == OK)
		e = account_view_new(&s.view, s.run.replica, &t->who, &t->fail);
	if (e == OK)
		e = view_begin(&s.shows, &s.run, &t->fail);
	if (e == OK) {
		e = search(&s, &t->fail);
		view_end(&s.shows);
	}
	if (e == OK)
		e = sight_log(t, "find", NULL, json_array_size(s.list));
	account_view_free(s.view);
	engine_unlock(t->api->engine);
	run_release(&s.run);
	json_decref(s.have);
	if (e == OK)
		*data = json_incref(s.list);
	json_decref(s.list);
	return api_error_of(e);
}

/* ---- timeline ---- */

#define TIMELINE_ROWS 5000

struct moment {
	char at[24]; /* "2026-03-31T14:05", ""; compared as text */
	json_t *row; /* owned */
	const char *id;
};

struct timeline {
	struct api_turn *t;
	struct run run;
	struct moment *list;
	size_t count;
	struct view shows;
	bool within; /* else only what an emergency opens */
	enum err err;
};

/* When it was, by the first date that the row has. */
static void
moment_at(char at[static 24], const struct read_row *row, const json_t *fields)
{
	at[0] = '\0';
	for (size_t i = 0; i < row->table->field_count; i++) {
		const struct field *field = &row->table->fields[i];
		const char *text =
		    json_string_value(json_object_get(fields, field->name));

		if ((field->type == VALUE_DATE || field->type == VALUE_TIME) &&
		    text != NULL) {
			(void)snprintf(at, 24, "%.23s", text);
			return;
		}
	}
}

/* The row, or that it may not be shown any more. NULL: l->err says why. */
static json_t *
moment_row(struct timeline *l, const struct read_row *row)
{
	const struct view_place at = view_place(row);
	struct buf why = { .limit = 1024 };
	json_t *out = NULL;

	if (view_open_still(&l->shows, &at, &why, &l->err, &l->t->fail))
		out = show_row_json(&l->run, row, &l->t->fail);
	else if (l->err == OK)
		out = show_gate_json(&l->run, row, &why);
	if (out == NULL && l->err == OK)
		l->err = ERR_NOMEM;
	buf_release(&why);
	return out;
}

static bool
take_moment(void *context, const struct read_row *row)
{
	struct timeline *l = context;
	struct moment *m = &l->list[l->count];

	if (l->count == TIMELINE_ROWS)
		return false;
	if (!view_shows(&l->shows, row) ||
	    (!l->within &&
		!view_in_emergency(&l->shows, &row->subject, row->category,
		    &row->owner)))
		return true;
	m->row = moment_row(l, row);
	if (m->row == NULL)
		return false;
	moment_at(m->at, row, json_object_get(m->row, "fields"));
	m->id = json_string_value(json_object_get(m->row, "id"));
	(void)json_object_set_new(m->row, "at", json_string(m->at));
	l->count++;
	return true;
}

/* Newest first; what has no date stands at the end. */
static int
by_time(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;
	int order = strcmp(y->at, x->at);

	return order != 0 ? order : strcmp(x->id, y->id);
}

static enum err
collect(struct timeline *l, const struct row_id *person, const char *only,
    struct fail *f)
{
	const struct registry *g = replica_registry(l->run.replica);
	enum err e = OK;

	for (size_t i = 0; e == OK && l->err == OK && i < g->table_count; i++) {
		struct read_query q = { .table = &g->tables[i],
			.subject = person };

		if (q.table->subject != SUBJECT_PERSON || q.table->self ||
		    q.table->scope == SCOPE_LOCAL ||
		    (only != NULL && strcmp(only, q.table->name) != 0))
			continue;
		e = read_list(l->run.replica, &q, take_moment, l, f);
	}
	return e == OK ? l->err : e;
}

/* The cursor is the last row's "AT ID". */
static json_t *
page_of(struct timeline *l, size_t limit, json_t **next)
{
	const char *after = turn_text(l->t, "after");
	json_t *page = json_array();
	size_t i = 0;

	qsort(l->list, l->count, sizeof(*l->list), by_time);
	for (; after != NULL && i < l->count; i++) {
		char mark[64];

		(void)snprintf(mark, sizeof(mark), "%s %s", l->list[i].at,
		    l->list[i].id);
		if (strcmp(mark, after) == 0) {
			i++;
			break;
		}
	}
	for (; i < l->count && json_array_size(page) < limit; i++)
		(void)json_array_append(page, l->list[i].row);
	if (i > 0 && i < l->count)
		*next =
		    json_sprintf("%s %s", l->list[i - 1].at, l->list[i - 1].id);
	return page;
}

enum api_error
do_timeline(struct api_turn *t, json_t **data)
{
	struct cli cli = { .as = t->staff };
	struct timeline l = { .t = t };
	struct row_id person;
	enum err e;

	l.list = calloc(TIMELINE_ROWS + 1, sizeof(*l.list));
	if (l.list == NULL)
		return API_FAILED;
	run_init(&l.run, &cli);
	engine_lock(t->api->engine);
	l.run.replica = t->api->engine->replica;
	e = replica_use(l.run.replica, &t->fail);
	if (e == OK)
		e = read_subject(l.run.replica, &person, turn_path(t, "person"),
		    &t->fail);
	if (e == OK)
		e = account_sees(&l.within, l.run.replica, &t->who, &person,
		    &t->fail);
	if (e == OK)
		e = view_begin(&l.shows, &l.run, &t->fail);
	if (e == OK) {
		e = collect(&l, &person, turn_text(t, "table"), &t->fail);
		view_end(&l.shows);
	}
	if (e == OK)
		e = sight_log(t, "read", &person, l.count);
	engine_unlock(t->api->engine);
	if (e == OK)
		*data = page_of(&l, page_size(t), &t->next);
	for (size_t i = 0; i < l.count; i++)
		json_decref(l.list[i].row);
	free(l.list);
	run_release(&l.run);
	return api_error_of(e);
}

/* ---- decisions ---- */

/* The open decision that the path names, if the account may see it. */
static enum api_error
find_decision(struct api_turn *t, json_t **out)
{
	const char *no = turn_path(t, "no");
	const char *person;
	json_t *all = NULL;
	struct row_id subject;
	struct call c;
	enum err e;

	call_init(&c, t, "conflicts");
	e = call_run(&c, t, &all);
	call_release(&c);
	t->decide = false;
	for (size_t i = 0; e == OK && i < json_array_size(all); i++) {
		json_t *one = json_array_get(all, i);
		char text[24];

		(void)snprintf(text, sizeof(text), "%lld",
		    (long long)json_integer_value(json_object_get(one, "no")));
		if (strcmp(text, no) == 0)
			*out = json_incref(one);
	}
	json_decref(all);
	if (e != OK || *out == NULL)
		return e != OK ? api_error_of(e) : API_NOTFOUND;
	person = json_string_value(json_object_get(*out, "person"));
	return person != NULL ? sight_person(&subject, t, person) : API_OK;
}

/* What gives something back or away is confirmed as where it is written. */
static enum api_error
settle(struct api_turn *t, json_t **data)
{
	int64_t no;
	bool gives = false;

	if (strcmp(t->route->command, "decline") == 0)
		return call_route(t, data);
	engine_lock(t->api->engine);
	if (cli_number(&no, turn_path(t, "no"), 1, INT32_MAX, "no", NULL) == OK)
		gives = settle_gives(t->api->engine->replica, no);
	engine_unlock(t->api->engine);
	return gives ? do_must_confirm(t, data) : call_route(t, data);
}

enum api_error
do_resolve(struct api_turn *t, json_t **data)
{
	json_t *one = NULL;
	enum api_error e = find_decision(t, &one);

	if (e == API_OK &&
	    (t->who.rights.roles &
		may_decide_roles(json_string_value(
		    json_object_get(one, "who_decides")))) == 0)
		e = turn_bad(t, API_ROLE, "the %s decides about this",
		    json_string_value(json_object_get(one, "who_decides")));
	json_decref(one);
	return e == API_OK ? settle(t, data) : e;
}
