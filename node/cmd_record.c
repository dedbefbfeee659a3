/* put, get, list, find, history. */
#include "node/cmd.h"

#include <string.h>

#include "node/show.h"

/* ---- put ---- */

/* The words after the table and the id are FIELD=VALUE. */
static enum err
typed_fields(struct field_list *l, const struct run *run, const struct table *t,
    size_t first, struct fail *f)
{
	const char *word;
	enum err e = OK;

	for (size_t k = first; e == OK && (word = run_word(run, k)); k++)
		e = field_add_pair(l, run, t, word, f);
	if (e == OK && run->input != NULL)
		e = field_add_json(l, run, t, (const char *)run->input,
		    run->input_n, f);
	if (e == OK && l->count == 0)
		return fail_set(f, ERR_USAGE,
		    "put: no field is given; want FIELD=VALUE or --stdin; "
		    "footbridge help %s lists the fields",
		    t->name);
	return e;
}

static enum err
stale_text(struct fail *f, int64_t draft)
{
	return fail_set(f, ERR_STALE,
	    "changed since it was read, or a decision is open: nothing was "
	    "written; what was typed is kept as draft %lld. footbridge drafts "
	    "shows it beside what stands now; then put again with the --seen "
	    "that get gives, or resolve if footbridge conflicts lists it",
	    (long long)draft);
}

static enum err
say_id(struct run *run, const struct row_id *row, struct fail *f)
{
	char text[ID_TEXT_BYTES];

	hex_encode(text, row->b, ID_BYTES);
	run->wrote = true;
	if (run->cli->json)
		return run_json(run, json_pack("{s:s}", "id", text), f);
	run_say(run, "%s\n", text);
	return OK;
}

/* More than one staff row is made by hand: which one acts must be said. */
static void
forget_own_staff(struct run *run, const struct table *t)
{
	if (strcmp(t->name, "staff") == 0)
		(void)replica_meta_set(run->replica, NAME_OWN_STAFF, "", 0,
		    NULL);
}

static enum err
put_row(struct run *run, const struct table *t, const char *id,
    struct field_list *l, struct fail *f)
{
	struct write_request q = { .table = t,
		.fields = l->items,
		.field_count = l->count,
		.seen = cli_get(run->cli, "seen") };
	struct row_id given, made, staff;
	int64_t draft = 0;
	bool have;
	enum err e = OK;

	if (id != NULL) {
		e = name_row(&given, run, t, id, f);
		q.row = &given;
	}
	if (e == OK)
		e = name_acting(&staff, &have, run, f);
	if (e != OK)
		return e;
	q.staff = have ? &staff : NULL;
	q.subject = l->has_subject ? &l->subject : NULL;
	if (id == NULL && q.subject == NULL && !t->self &&
	    t->subject == SUBJECT_PERSON)
		return fail_set(f, ERR_INPUT,
		    "put: whose %s: give person=SUBJECT (an id, its beginning, "
		    "or number:VALUE)",
		    t->name);
	e = write_row(run->replica, &made, &draft, &q, f);
	if (e == ERR_STALE)
		return stale_text(f, draft);
	if (e != OK)
		return e;
	if (id == NULL)
		forget_own_staff(run, t);
	return say_id(run, &made, f);
}

enum err
cmd_put(struct run *run, struct fail *f)
{
	struct field_list l = { 0 };
	const struct table *t;
	const char *id = run_word(run, 1);
	enum err e;

	e = name_table(&t, run, run_word(run, 0), f);
	if (e != OK)
		return e;
	if (id != NULL && strchr(id, '=') != NULL)
		id = NULL;
	e = typed_fields(&l, run, t, id != NULL ? 2 : 1, f);
	if (e == OK)
		e = put_row(run, t, id, &l, f);
	field_list_release(&l);
	return e;
}

/* ---- get, list, find ---- */

struct showing {
	struct run *run;
	struct fail *fail;
	enum err err;
	size_t count;
};

static bool
show_one(void *context, const struct read_row *row)
{
	struct showing *s = context;

	s->count++;
	if (!s->run->cli->json)
		s->err = show_row_text(s->run, row, s->fail);
	else
		s->err = run_json(s->run, show_row_json(s->run, row, s->fail),
		    s->fail);
	return false;
}

enum err
cmd_get(struct run *run, struct fail *f)
{
	struct showing s = { .run = run, .fail = f };
	const struct table *t;
	struct row_id id;
	enum err e;

	e = name_table(&t, run, run_word(run, 0), f);
	if (e == OK)
		e = name_row(&id, run, t, run_word(run, 1), f);
	if (e == OK)
		e = read_get(run->replica, t, &id, 0, show_one, &s, f);
	if (e == ERR_NOTFOUND)
		return fail_set(f, e,
		    "no %s with this id is here, or it is not shared with this "
		    "node",
		    t->name);
	return e == OK ? s.err : e;
}

/* Rows of a JSON array, one a line, so that a long list needs no memory. */
static bool
show_many(void *context, const struct read_row *row)
{
	struct showing *s = context;
	struct run *run = s->run;

	if (!run->cli->json) {
		show_row_line(run, row);
	} else {
		buf_put(&run->out, s->count > 0 ? "," : "[", 1);
		s->err =
		    run_json(run, show_row_json(run, row, s->fail), s->fail);
	}
	s->count++;
	run_flush(run);
	if (run->out.err != OK)
		s->err = fail_set(s->fail, ERR_LIMIT,
		    "the answer is too long: give --limit and --after");
	return s->err == OK;
}

static enum err
end_many(struct showing *s, enum err e)
{
	if (e != OK)
		return e;
	if (s->err != OK)
		return s->err;
	if (s->run->cli->json)
		run_say(s->run, s->count > 0 ? "]\n" : "[]\n");
	return OK;
}

/* FIELD=VALUE words as filters; person= as the subject. */
static enum err
list_filters(struct read_query *q, struct read_filter *filters,
    struct field_list *l, struct run *run, struct fail *f)
{
	const char *word;
	enum err e;

	for (size_t k = 1; (word = run_word(run, k)) != NULL; k++) {
		e = field_add_pair(l, run, q->table, word, f);
		if (e != OK)
			return e;
	}
	for (size_t i = 0; i < l->count; i++) {
		filters[i].field = l->items[i].field;
		filters[i].value = l->items[i].value;
	}
	q->filters = filters;
	q->filter_count = l->count;
	q->subject = l->has_subject ? &l->subject : NULL;
	return OK;
}

static enum err
list_bounds(struct read_query *q, struct row_id *after, struct run *run,
    struct fail *f)
{
	const char *limit = cli_get(run->cli, "limit");
	const char *text = cli_get(run->cli, "after");
	int64_t n = 0;
	enum err e = OK;

	if (limit != NULL)
		e = cli_number(&n, limit, 1, INT32_MAX, "--limit", f);
	q->limit = (size_t)n;
	if (e == OK && text != NULL) {
		e = name_row(after, run, q->table, text, f);
		q->after = after;
	}
	return e;
}

enum err
cmd_list(struct run *run, struct fail *f)
{
	struct showing s = { .run = run, .fail = f };
	struct read_filter filters[LIMIT_FIELDS];
	struct read_query q = { 0 };
	struct field_list l = { 0 };
	struct row_id after;
	enum err e;

	e = name_table(&q.table, run, run_word(run, 0), f);
	if (e == OK)
		e = list_filters(&q, filters, &l, run, f);
	if (e == OK)
		e = list_bounds(&q, &after, run, f);
	if (e == OK)
		e = read_list(run->replica, &q, show_many, &s, f);
	field_list_release(&l);
	e = end_many(&s, e);
	if (e == OK && s.count == 0 && run->out_tty && !run->cli->json)
		run_say(run, "no %s %s here\n", q.table->name,
		    q.filter_count > 0 || q.subject != NULL || q.after != NULL
			? "like this is"
			: "is");
	return e;
}

#define FIND_LIMIT 200

enum err
cmd_find(struct run *run, struct fail *f)
{
	struct showing s = { .run = run, .fail = f };
	enum err e;

	if (run_word(run, 0)[0] == '\0')
		return fail_set(f, ERR_USAGE, "find: want some text");
	e = read_find(run->replica, run_word(run, 0), FIND_LIMIT, show_many, &s,
	    f);
	e = end_many(&s, e);
	if (e == OK && s.count == 0 && run->out_tty && !run->cli->json)
		run_say(run, "nothing here has this text in it\n");
	if (e == OK && s.count == FIND_LIMIT && !run->cli->json)
		run_say(run, "(only the first %d are shown)\n", FIND_LIMIT);
	return e;
}

/* ---- history ---- */

struct telling {
	struct run *run;
	const struct table *table;
	json_t *array; /* NULL: text */
	bool failed;
};

static json_t *
event_fields(const struct telling *t, const struct read_event *e)
{
	json_t *j = json_object();
	char name[24];

	for (size_t i = 0; i < e->op->field_count; i++) {
		unsigned number = e->op->fields[i].number;
		const struct field *field = number <= REGISTRY_FIELD_MAX
		    ? t->table->by_number[number]
		    : NULL;

		(void)snprintf(name, sizeof(name), "field %u", number);
		if (!show_set(j, field != NULL ? field->name : name,
			field_json(field, &e->op->fields[i].value)))
			break;
	}
	return j;
}

static json_t *
event_json(const struct telling *t, const struct read_event *e)
{
	char node[ID_TEXT_BYTES], at[NAME_TIME_BYTES];
	char segment[2 * SEGMENT_ID_BYTES + 1];
	struct buf staff = { 0 };
	json_t *j;

	name_time(at, e->op->at_ms, e->op->offset_min);
	hex_encode(segment, e->segment_id.b, SEGMENT_ID_BYTES);
	name_show_staff(&staff, t->run, &e->op->staff);
	j = json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:o}", "what",
	    e->op->kind == OP_INSERT ? "insert" : "set", "at", at, "staff",
	    buf_cstr(&staff), "node", name_of_node(t->run, &e->node, node),
	    "sealed", e->sealed, "standing", e->standing, "fields",
	    event_fields(t, e));
	buf_release(&staff);
	if (j != NULL && e->sealed)
		(void)show_set(j, "segment", json_string(segment));
	return j;
}

static void
event_text(const struct telling *t, const struct read_event *e)
{
	char node[ID_TEXT_BYTES], at[NAME_TIME_BYTES];
	struct buf b = { 0 };

	name_time(at, e->op->at_ms, e->op->offset_min);
	name_show_staff(&b, t->run, &e->op->staff);
	run_say(t->run, "%s  %s at %s  %s%s\n", at, buf_cstr(&b),
	    name_of_node(t->run, &e->node, node),
	    e->op->kind == OP_INSERT ? "made it" : "changed it",
	    e->sealed ? "" : "  (not sent yet)");
	for (size_t i = 0; i < e->op->field_count; i++) {
		const struct field *field =
		    t->table->by_number[e->op->fields[i].number];

		buf_reset(&b);
		field_show(&b, t->run, field, &e->op->fields[i].value);
		run_say(t->run, "    %-20s %s\n",
		    field != NULL ? field->name : "(a newer field)",
		    buf_cstr(&b));
	}
	buf_release(&b);
}

static bool
tell(void *context, const struct read_event *e)
{
	struct telling *t = context;

	if (t->array == NULL)
		event_text(t, e);
	else if (json_array_append_new(t->array, event_json(t, e)) != 0)
		t->failed = true;
	return !t->failed;
}

enum err
cmd_history(struct run *run, struct fail *f)
{
	struct telling t = { .run = run };
	struct row_id id;
	enum err e;

	e = name_table(&t.table, run, run_word(run, 0), f);
	if (e == OK)
		e = name_row(&id, run, t.table, run_word(run, 1), f);
	if (e != OK)
		return e;
	if (run->cli->json)
		t.array = json_array();
	e = read_history(run->replica, t.table, &id, 0, tell, &t, f);
	if (e == ERR_NOTFOUND)
		e = fail_set(f, e, "no %s with this id is here", t.table->name);
	if (e == OK && t.failed)
		e = fail_set(f, ERR_NOMEM, "the history");
	if (e == OK && run->cli->json)
		return run_json(run, t.array, f);
	json_decref(t.array);
	return e;
}
