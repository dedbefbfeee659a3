/*
 * SQL of the registered tables, written once from the registry. Names come from
 * the schema the program was built with (registry_parse admits only plain
 * identifiers); nothing a person or a peer typed ever gets in here.
 */
#include "sync/replica_i.h"

#include <stdlib.h>
#include <string.h>

static enum err
keep_text(char **out, struct buf *b)
{
	char *copy;

	(void)buf_cstr(b);
	if (b->err != OK)
		return b->err;
	copy = malloc(b->n + 1);
	if (copy == NULL)
		return ERR_NOMEM;
	memcpy(copy, b->p, b->n + 1);
	*out = copy;
	buf_reset(b);
	return OK;
}

static void
put_columns(struct buf *b, const struct table *t)
{
	for (size_t i = 0; i < t->field_count; i++)
		buf_printf(b, ", %s", t->fields[i].name);
}

static enum err
make_insert(char **out, struct buf *b, const struct table *t, bool replace)
{
	buf_printf(b, "INSERT INTO %s (_cpt, id, _clock", t->name);
	put_columns(b, t);
	buf_text(b, ") VALUES (?1, ?2, ?3");
	for (size_t i = 0; i < t->field_count; i++)
		buf_printf(b, ", ?%zu", i + 4);
	buf_text(b, ")");
	if (replace) {
		buf_text(b,
		    " ON CONFLICT (_cpt, id) DO UPDATE SET"
		    " _clock = excluded._clock");
		for (size_t i = 0; i < t->field_count; i++)
			buf_printf(b, ", %s = excluded.%s", t->fields[i].name,
			    t->fields[i].name);
	}
	return keep_text(out, b);
}

static enum err
make_selects(struct table_sql *sql, struct buf *b, const struct table *t)
{
	enum err e;

	buf_printf(b, "SELECT _clock FROM %s WHERE _cpt = ?1 AND id = ?2",
	    t->name);
	e = keep_text(&sql->select_clock, b);
	if (e != OK)
		return e;
	buf_text(b, "SELECT _clock");
	put_columns(b, t);
	buf_printf(b, " FROM %s WHERE _cpt = ?1 AND id = ?2", t->name);
	e = keep_text(&sql->select_row, b);
	if (e != OK)
		return e;
	buf_text(b, "SELECT id, _clock");
	put_columns(b, t);
	buf_printf(b, " FROM %s WHERE _cpt = ?1 ORDER BY id", t->name);
	e = keep_text(&sql->select_cpt, b);
	if (e != OK)
		return e;
	buf_printf(b, "SELECT _cpt FROM %s WHERE id = ?1 ORDER BY _cpt",
	    t->name);
	return keep_text(&sql->select_places, b);
}

static enum err
make_updates(struct table_sql *sql, struct buf *b, const struct table *t)
{
	enum err e;

	for (size_t i = 0; i < t->field_count; i++) {
		const struct field *f = &t->fields[i];

		buf_printf(b,
		    "UPDATE %s SET %s = ?1, _clock = ?2"
		    " WHERE _cpt = ?3 AND id = ?4",
		    t->name, f->name);
		e = keep_text(&sql->update_one[f->number], b);
		if (e != OK)
			return e;
	}
	buf_printf(b, "DELETE FROM %s WHERE _cpt = ?1 AND id = ?2", t->name);
	return keep_text(&sql->remove, b);
}

enum err
replica_make_sql(struct replica *r, struct fail *f)
{
	struct buf b = { .limit = 65536 };
	enum err e = OK;

	r->sql = calloc(r->registry->table_count + 1, sizeof(*r->sql));
	if (r->sql == NULL)
		return fail_code(f, ERR_NOMEM);
	for (size_t i = 0; e == OK && i < r->registry->table_count; i++) {
		const struct table *t = &r->registry->tables[i];

		e = make_insert(&r->sql[i].insert, &b, t, false);
		if (e == OK)
			e = make_insert(&r->sql[i].upsert, &b, t, true);
		if (e == OK)
			e = make_selects(&r->sql[i], &b, t);
		if (e == OK)
			e = make_updates(&r->sql[i], &b, t);
	}
	buf_release(&b);
	return e == OK ? OK : fail_code(f, e);
}

void
replica_free_sql(struct replica *r)
{
	if (r->sql == NULL)
		return;
	for (size_t i = 0; i < r->registry->table_count; i++) {
		struct table_sql *s = &r->sql[i];

		free(s->insert);
		free(s->upsert);
		free(s->select_clock);
		free(s->select_row);
		free(s->select_cpt);
		free(s->select_places);
		free(s->remove);
		for (size_t k = 0; k < COUNT_OF(s->update_one); k++)
			free(s->update_one[k]);
	}
	free(r->sql);
	r->sql = NULL;
}

const struct table_sql *
replica_table_sql(const struct replica *r, const struct table *t)
{
	return &r->sql[t - r->registry->tables];
}

static void
put_digits(char *to, int n, int v)
{
	while (n-- > 0) {
		to[n] = (char)('0' + v % 10);
		v /= 10;
	}
}

/* "YYYY-MM-DD" or "YYYY-MM-DDTHH:MM"; returns the length */
static size_t
civil_text(char text[static 16], const struct value *v)
{
	int64_t day_min = 24 * 60;
	int64_t days = v->i, rest = 0;
	int year, month, day;

	if (v->type == VALUE_TIME) {
		days = v->i / day_min;
		rest = v->i % day_min;
		if (rest < 0) {
			rest += day_min;
			days--;
		}
	}
	value_civil(&year, &month, &day, days);
	memcpy(text, "0000-00-00T00:00", 16);
	put_digits(text, 4, year);
	put_digits(text + 5, 2, month);
	put_digits(text + 8, 2, day);
	put_digits(text + 11, 2, (int)(rest / 60));
	put_digits(text + 14, 2, (int)(rest % 60));
	return v->type == VALUE_TIME ? 16 : 10;
}

void
replica_bind_value(struct stmt *s, int at, const struct value *v)
{
	char text[16];

	switch (v->type) {
	case VALUE_NULL:
		stmt_null(s, at);
		return;
	case VALUE_INT:
		stmt_int(s, at, v->i);
		return;
	case VALUE_TEXT:
		stmt_text_n(s, at, v->p, v->n);
		return;
	case VALUE_BYTES:
	case VALUE_ID:
		stmt_blob(s, at, v->p, v->n);
		return;
	case VALUE_DATE:
	case VALUE_TIME:
		stmt_text_copy(s, at, text, civil_text(text, v));
		return;
	}
}

void
replica_col_value(struct value *v, struct stmt *s, int at,
    const struct field *field)
{
	*v = (struct value){ .type = VALUE_NULL };
	if (stmt_col_null(s, at))
		return;
	if (field->type == VALUE_INT) {
		v->type = VALUE_INT;
		v->i = stmt_col_int(s, at);
		return;
	}
	if (field->type == VALUE_DATE || field->type == VALUE_TIME) {
		/* our own text; anything else reads as no value */
		if (value_parse(v, NULL, field->type, stmt_col_text(s, at),
			NULL) != OK)
			v->type = VALUE_NULL;
		return;
	}
	v->type = field->type;
	v->p = stmt_col_blob(s, at, &v->n);
}
