/*
 * Rows out of ordinary tables, with whose they are.
 */
#include "sync/clock.h"
#include "sync/read_i.h"

enum err
read_take_row(struct read_row *row, struct replica *r, const struct table *t,
    struct stmt *s, int first_field, struct fail *f)
{
	struct compartment *c;
	enum err e = compartment_get(r, &c, row->cpt, f);

	if (e != OK)
		return e;
	row->table = t;
	row->category = c->category;
	row->owner = c->owner;
	row->subject = c->subject;
	row->has_conflict = c->conflicts > 0;
	for (size_t i = 0; i < t->field_count; i++)
		replica_col_value(&row->values[t->fields[i].number], s,
		    first_field + (int)i, &t->fields[i]);
	return OK;
}

static bool
is_live(const struct read_row *row)
{
	const struct value *v = &row->values[REGISTRY_ROW_STATE];

	return v->type == VALUE_NULL ||
	    (v->n == 4 && memcmp(v->p, "live", 4) == 0);
}

/* SELECT _cpt, id, _clock, fields FROM t: the common beginning. */
static void
begin_select(struct buf *b, const struct table *t)
{
	buf_text(b, "SELECT _cpt, id, _clock");
	for (size_t i = 0; i < t->field_count; i++)
		buf_printf(b, ", %s", t->fields[i].name);
	buf_printf(b, " FROM %s", t->name);
}

/* Step through rows of begin_select's shape. live: leave out other states. */
static enum err
each_row(struct replica *r, const struct table *t, struct stmt *s, bool live,
    size_t limit, size_t *given, bool *stop, read_row_fn each, void *context,
    struct fail *f)
{
	enum err e;
	bool more;

	while (!*stop && (limit == 0 || *given < limit) &&
	    (e = stmt_step(s, &more, f)) == OK && more) {
		struct read_row row = { .cpt = stmt_col_int(s, 0) };

		(void)stmt_col_copy(s, 1, row.id.b, sizeof(row.id.b));
		row.clock = stmt_col_blob(s, 2, &row.clock_n);
		e = read_take_row(&row, r, t, s, 3, f);
		if (e != OK)
			break;
		if (live && !is_live(&row))
			continue;
		*stop = !each(context, &row);
		++*given;
	}
	if (*stop || (limit != 0 && *given >= limit))
		e = OK;
	stmt_reset(s);
	return e;
}

static enum err
prepare(struct stmt **s, struct replica *r, struct buf *sql, struct fail *f)
{
	const char *text = buf_cstr(sql);

	if (sql->err != OK)
		return fail_set(f, sql->err, "%s", err_text(sql->err));
	return db_stmt(s, r->db, text, f);
}

/* ---- one row ---- */

/* all fields of a row, each as long as a merge can make it */
#define GET_BYTES ((REGISTRY_FIELD_MAX + 2) * TEXT_RESULT_BYTES)

struct get_context {
	read_row_fn each;
	void *context;
	struct replica *r;
	struct buf bytes; /* of the row's values and clock */
	int64_t cpt;
	bool own_only, given;
};

static const uint8_t *
keep_bytes(struct buf *b, const uint8_t *p, size_t n)
{
	size_t at = b->n;

	buf_put(b, p, n);
	return b->err == OK ? b->p + at : NULL;
}

/* Whoever shows a row reads others to do it, of the same table too, and a
 * statement is shared: what it points to must not be the statement's. */
static void
own_bytes(struct buf *b, struct read_row *row)
{
	size_t total = row->clock_n;

	for (size_t i = 0; i <= REGISTRY_FIELD_MAX; i++)
		total += row->values[i].n;
	buf_reset(b);
	if (buf_grow(b, total) == NULL)
		return;
	buf_reset(b); /* the room stays: pointers into it hold */
	row->clock = keep_bytes(b, row->clock, row->clock_n);
	for (size_t i = 0; i <= REGISTRY_FIELD_MAX; i++) {
		struct value *v = &row->values[i];

		if (v->p != NULL)
			v->p = keep_bytes(b, v->p, v->n);
	}
}

static bool
get_each(void *context, const struct read_row *row)
{
	struct get_context *g = context;
	struct read_row own = *row;

	if (g->cpt != 0 && row->cpt != g->cpt)
		return true;
	if (g->own_only && !id_equal(&row->owner, &g->r->identity.agency))
		return true;
	own_bytes(&g->bytes, &own);
	if (g->bytes.err != OK)
		return false;
	g->given = true;
	(void)g->each(g->context, &own);
	return false;
}

static enum err
get_once(struct get_context *g, const struct table *t, const struct row_id *id,
    struct fail *f)
{
	struct buf sql = { .limit = 8192 };
	size_t given = 0;
	bool stop = false;
	struct stmt *s;
	enum err e;

	begin_select(&sql, t);
	buf_text(&sql, " WHERE id = ?1 ORDER BY _cpt");
	e = prepare(&s, g->r, &sql, f);
	if (e == OK) {
		stmt_blob(s, 1, id->b, sizeof(id->b));
		e = each_row(g->r, t, s, false, 0, &given, &stop, get_each, g,
		    f);
	}
	if (e == OK && g->bytes.err != OK)
		e = fail_set(f, g->bytes.err, "%s", err_text(g->bytes.err));
	buf_release(&g->bytes);
	buf_release(&sql);
	return e;
}

enum err
read_get(struct replica *r, const struct table *table, const struct row_id *id,
    int64_t cpt, read_row_fn each, void *context, struct fail *f)
{
	struct get_context g = {
		.each = each,
		.context = context,
		.r = r,
		.bytes = { .limit = GET_BYTES },
		.cpt = cpt,
		.own_only = cpt == 0,
	};
	enum err e = replica_use(r, f);

	if (e == OK)
		e = get_once(&g, table, id, f);
	if (e == OK && !g.given && cpt == 0) {
		g.own_only = false;
		e = get_once(&g, table, id, f);
	}
	if (e == OK && !g.given)
		return fail_set(f, ERR_NOTFOUND,
		    "there is no %s with this id on this computer",
		    table->name);
	return e;
}

/* ---- many rows ---- */

static void
put_where(struct buf *sql, const struct read_query *q)
{
	int at = 1;

	buf_text(sql, " WHERE 1 = 1");
	if (q->subject != NULL)
		/* lint: what is printed is the number of a parameter */
		buf_printf(sql,
		    " AND _cpt IN (SELECT no FROM _compartment"
		    " WHERE subject = ?%d)",
		    at++);
	if (q->after != NULL)
		buf_printf(sql, " AND id > ?%d", at++);
	for (size_t i = 0; i < q->filter_count; i++) {
		if (q->filters[i].value.type == VALUE_NULL)
			buf_printf(sql, " AND %s IS NULL",
			    q->filters[i].field->name);
		else
			buf_printf(sql, " AND %s = ?%d",
			    q->filters[i].field->name, at++);
	}
	buf_text(sql, " ORDER BY id, _cpt");
}

static void
bind_where(struct stmt *s, const struct read_query *q)
{
	int at = 1;

	if (q->subject != NULL)
		stmt_blob(s, at++, q->subject->b, sizeof(q->subject->b));
	if (q->after != NULL)
		stmt_blob(s, at++, q->after->b, sizeof(q->after->b));
	for (size_t i = 0; i < q->filter_count; i++) {
		if (q->filters[i].value.type != VALUE_NULL)
			replica_bind_value(s, at++, &q->filters[i].value);
	}
}

enum err
read_list(struct replica *r, const struct read_query *q, read_row_fn each,
    void *context, struct fail *f)
{
	struct buf sql = { .limit = 16384 };
	size_t given = 0;
	bool stop = false;
	struct stmt *s;
	enum err e = replica_use(r, f);

	if (e != OK)
		return e;
	begin_select(&sql, q->table);
	put_where(&sql, q);
	e = prepare(&s, r, &sql, f);
	if (e == OK) {
		bind_where(s, q);
		e = each_row(r, q->table, s, !q->all_states, q->limit, &given,
		    &stop, each, context, f);
	}
	buf_release(&sql);
	return e;
}

/* ---- search ---- */

/* A LIKE pattern for "contains", with the wildcards taken literally. */
static void
put_pattern(struct buf *b, const char *text)
{
	buf_u8(b, '%');
	for (; *text != '\0'; text++) {
		if (*text == '%' || *text == '_' || *text == '\\')
			buf_u8(b, '\\');
		buf_u8(b, (uint8_t)*text);
	}
	buf_u8(b, '%');
}

static bool
put_any_text(struct buf *sql, const struct table *t)
{
	bool any = false;

	for (size_t i = 0; i < t->field_count; i++) {
		const struct field *f = &t->fields[i];

		if (f->type != VALUE_TEXT || f->rank_count > 0)
			continue;
		/* lint: the name of a field is the schema's */
		buf_printf(sql, "%s%s LIKE ?1 ESCAPE '\\'",
		    any ? " OR " : " WHERE (", f->name);
		any = true;
	}
	if (any)
		buf_text(sql, ") ORDER BY id, _cpt");
	return any;
}

enum err
read_find(struct replica *r, const char *text, size_t limit, read_row_fn each,
    void *context, struct fail *f)
{
	struct buf sql = { .limit = 16384 }, pattern = { .limit = 4096 };
	size_t given = 0;
	bool stop = false;
	enum err e = replica_use(r, f);

	put_pattern(&pattern, text);
	if (e == OK && pattern.err != OK)
		e = fail_set(f, ERR_INPUT, "the text to find is too long");
	for (size_t i = 0; e == OK && !stop && i < r->registry->table_count;
	     i++) {
		const struct table *t = &r->registry->tables[i];
		struct stmt *s;

		if (limit != 0 && given >= limit)
			break;
		buf_reset(&sql);
		begin_select(&sql, t);
		if (!put_any_text(&sql, t))
			continue;
		e = prepare(&s, r, &sql, f);
		if (e != OK)
			break;
		stmt_text_n(s, 1, pattern.p, pattern.n);
		e = each_row(r, t, s, true, limit, &given, &stop, each, context,
		    f);
	}
	buf_release(&sql);
	buf_release(&pattern);
	return e;
}

enum err
read_seen(struct replica *r, char *text, const struct read_row *row,
    struct fail *f)
{
	const struct seen_row of = { row->table, &row->id, row->cpt, row->clock,
		row->clock_n };

	return seen_make(text, r, &of, row->values, f);
}

/* ---- whose ---- */

static enum err
subject_by_number(struct replica *r, struct row_id *out, const char *number,
    struct fail *f)
{
	const struct table *t =
	    registry_table(r->registry, "person_identifier");
	size_t count = 0;
	struct stmt *s;
	bool row;
	enum err e;

	if (t == NULL || table_field(t, "value") == NULL)
		return fail_set(f, ERR_INPUT,
		    "this schema has no person numbers; give the person's id");
	e = db_stmt(&s, r->db,
	    "SELECT DISTINCT c.subject FROM person_identifier p"
	    " JOIN _compartment c ON c.no = p._cpt WHERE p.value = ?1 LIMIT 2",
	    f);
	if (e != OK)
		return e;
	stmt_text(s, 1, number);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		(void)stmt_col_copy(s, 0, out->b, sizeof(out->b));
		count++;
	}
	if (e != OK)
		return e;
	if (count == 1)
		return OK;
	return fail_set(f, count == 0 ? ERR_NOTFOUND : ERR_INPUT,
	    count == 0 ? "no person with this number is on this computer"
		       : "several persons have this number; give the id");
}

static enum err
subject_by_prefix(struct replica *r, struct row_id *out, const char *text,
    struct fail *f)
{
	size_t n = strlen(text), count = 0;
	char low[ID_TEXT_BYTES] = "", high[ID_TEXT_BYTES] = "";
	struct row_id from, to;
	struct stmt *s;
	bool row;
	enum err e;

	if (n < 4 || n > 2 * ID_BYTES)
		return fail_set(f, ERR_INPUT,
		    "give a person as an id, at least 4 digits of one, or"
		    " number:VALUE");
	for (size_t i = 0; i < 2 * ID_BYTES; i++) {
		low[i] = i < n ? text[i] : '0';
		high[i] = i < n ? text[i] : 'f';
	}
	if (hex_decode(from.b, sizeof(from.b), low) != OK ||
	    hex_decode(to.b, sizeof(to.b), high) != OK)
		return fail_set(f, ERR_INPUT,
		    "an id has the digits 0-9 and a-f only; use number:VALUE"
		    " for a person's number");
	if (n == 2 * ID_BYTES) {
		*out = from;
		return OK;
	}
	e = db_stmt(&s, r->db,
	    "SELECT DISTINCT subject FROM _compartment WHERE subject >= ?1 AND"
	    " subject <= ?2 LIMIT 2",
	    f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, from.b, sizeof(from.b));
	stmt_blob(s, 2, to.b, sizeof(to.b));
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		(void)stmt_col_copy(s, 0, out->b, sizeof(out->b));
		count++;
	}
	if (e != OK || count == 1)
		return e;
	return fail_set(f, count == 0 ? ERR_NOTFOUND : ERR_INPUT,
	    count == 0 ? "no id begins with these digits on this computer"
		       : "several ids begin with these digits; give more");
}

enum err
read_subject(struct replica *r, struct row_id *out, const char *text,
    struct fail *f)
{
	if (strncmp(text, "number:", 7) == 0)
		return subject_by_number(r, out, text + 7, f);
	return subject_by_prefix(r, out, text, f);
}
