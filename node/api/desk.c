/* One query a table and person: people are found by their compartments' index. */
#include "node/api/desk.h"

#include <stdio.h>
#include <string.h>

#include "node/field.h"
#include "node/name.h"
#include "node/named.h"
#include "sync/env.h"

#define DAY_MIN (24 * 60)

/* Rounded down, also before 1970. */
static int64_t
days_of(int64_t minutes)
{
	return minutes >= 0 ? minutes / DAY_MIN
			    : -((-minutes + DAY_MIN - 1) / DAY_MIN);
}

static void
print_value(char *out, size_t room, enum value_type type, int64_t i)
{
	const struct value v = { .type = type, .i = i };
	struct buf b = { .limit = 64 };

	value_print(&b, &v);
	(void)snprintf(out, room, "%s", b.n > 0 ? buf_cstr(&b) : "");
	buf_release(&b);
}

void
desk_date(char out[static 12], int64_t day)
{
	print_value(out, 12, VALUE_DATE, day);
}

static void
look_at_the_clock(struct desk *d)
{
	const struct env *env = replica_env(d->run.replica);
	int64_t minutes = env_wall_ms(env) / 60000 + env->offset_min(env->self);

	d->day = days_of(minutes);
	desk_date(d->today, d->day);
	print_value(d->now, sizeof(d->now), VALUE_TIME, minutes);
}

enum err
desk_open(struct desk *d, struct api_turn *t)
{
	*d = (struct desk){ .t = t, .cli = { .as = t->staff }, .within = true };
	run_init(&d->run, &d->cli);
	engine_lock(t->api->engine);
	d->run.replica = t->api->engine->replica;
	d->err = replica_use(d->run.replica, &t->fail);
	if (d->err == OK)
		d->err = view_begin(&d->shows, &d->run, &t->fail);
	d->is_open = d->err == OK;
	if (d->is_open)
		look_at_the_clock(d);
	return d->err;
}

void
desk_close(struct desk *d)
{
	if (d->is_open)
		view_end(&d->shows);
	engine_unlock(d->t->api->engine);
	run_release(&d->run);
}

struct passing {
	struct desk *desk;
	read_row_fn each;
	void *context;
};

static bool
pass(void *context, const struct read_row *row)
{
	const struct view_place at = view_place(row);
	struct passing *p = context;
	struct desk *d = p->desk;

	if (!view_shows(&d->shows, row) ||
	    (!d->within &&
		!view_in_emergency(&d->shows, &row->subject, row->category,
		    &row->owner)) ||
	    !view_open_still(&d->shows, &at, NULL, &d->err, &d->t->fail))
		return d->err == OK;
	return p->each(p->context, row) && d->err == OK;
}

void
desk_each(struct desk *d, const struct desk_query *q, read_row_fn each,
    void *context)
{
	struct passing p = { d, each, context };
	struct read_query rq = { .table = registry_table(replica_registry(
							     d->run.replica),
				     q->table),
		.subject = q->person };
	struct read_filter filter = { .value = q->value };

	/* another schema may lack a table: then it has no rows */
	if (d->err != OK || rq.table == NULL)
		return;
	if (q->field != NULL) {
		filter.field = table_field(rq.table, q->field);
		if (filter.field == NULL)
			return;
		rq.filters = &filter;
		rq.filter_count = 1;
	}
	{
		enum err e =
		    read_list(d->run.replica, &rq, pass, &p, &d->t->fail);

		if (d->err == OK)
			d->err = e;
	}
}

const struct value *
desk_value(const struct read_row *row, const char *name)
{
	static const struct value nothing = { .type = VALUE_NULL };
	const struct field *field = table_field(row->table, name);

	return field != NULL ? &row->values[field->number] : &nothing;
}

void
desk_text(char *out, size_t room, const struct read_row *row, const char *name)
{
	const struct value *v = desk_value(row, name);
	struct buf b = { .limit = LIMIT_VALUE_BYTES * 2 };

	if (v->type != VALUE_NULL)
		value_print(&b, v);
	(void)snprintf(out, room, "%s", b.n > 0 ? buf_cstr(&b) : "");
	buf_release(&b);
}

bool
desk_is(const struct read_row *row, const char *name, const char *word)
{
	const struct value *v = desk_value(row, name);

	return v->type == VALUE_TEXT && v->n == strlen(word) &&
	    memcmp(v->p, word, v->n) == 0;
}

void
desk_fields(json_t *to, const struct read_row *row, const char *const *names)
{
	for (; *names != NULL; names++)
		(void)json_object_set_new(to, *names,
		    field_json(table_field(row->table, *names),
			desk_value(row, *names)));
}

void
desk_person(struct desk *d, json_t *to, const struct row_id *person)
{
	char text[ID_TEXT_BYTES];
	struct buf name = { 0 };

	hex_encode(text, person->b, ID_BYTES);
	named_show(&name, &d->run,
	    registry_table(replica_registry(d->run.replica), "person"), person);
	(void)json_object_set_new(to, "person", json_string(text));
	(void)json_object_set_new(to, "name", json_string(buf_cstr(&name)));
	buf_release(&name);
}

bool
desk_day(int64_t *day, const struct value *v)
{
	if (v->type == VALUE_DATE)
		*day = v->i;
	else if (v->type == VALUE_TIME)
		*day = days_of(v->i);
	else
		return false;
	return true;
}
