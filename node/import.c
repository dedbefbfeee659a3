/* One row at a time into write_row; the batch beside it. */
#include "node/import.h"

#include <ctype.h>
#include <string.h>

#include "node/field.h"
#include "node/may_put.h"
#include "sync/audit.h"
#include "sync/db.h"

/* What one row becomes. */
struct work {
	struct import *m;
	struct write_field fields[LIMIT_FIELDS];
	struct buf text[LIMIT_FIELDS]; /* values borrow from these two */
	struct buf trim[LIMIT_FIELDS];
	size_t count;
	struct row_id id, subject;
	bool has_id, has_subject;
	bool has_given; /* the source id is an id of ours: of which row */
	struct row_id given;
};

/* ---- values ---- */

static bool
full_id(struct row_id *out, const char *text)
{
	return strlen(text) == 2 * ID_BYTES &&
	    hex_decode(out->b, ID_BYTES, text) == OK;
}

static enum err
parse_ref(struct value *v, struct buf *scratch, const struct import *m,
    const char *ref, const char *text, struct fail *f)
{
	const struct registry *g = replica_registry(m->run->replica);
	const struct table *t = registry_table(g, ref);
	struct row_id id;

	if (t == NULL)
		return fail_set(f, ERR_INPUT, "no table is called %s", ref);
	if (strcmp(ref, "agency") == 0) {
		enum err e = name_ref(&id, m->run, ref, text, f);

		if (e != OK)
			return e;
	} else if (!full_id(&id, text)) {
		write_import_id(&id, m->run->replica, m->source, t, text);
	}
	buf_put(scratch, id.b, ID_BYTES);
	*v = (struct value){ .type = VALUE_ID, .p = scratch->p, .n = ID_BYTES };
	return scratch->err;
}

static enum err
parse_cell(struct value *v, struct buf *scratch, const struct import *m,
    const struct field *field, const char *text, struct fail *f)
{
	enum err e;

	if (text[0] == '\0') {
		*v = (struct value){ .type = VALUE_NULL };
		return OK;
	}
	if (field->ref != NULL)
		e = parse_ref(v, scratch, m, field->ref, text, f);
	else if (field->type == VALUE_DATE)
		e = date_parse(v, text, m->order, f);
	else if (field->type == VALUE_TIME)
		e = date_parse_time(v, text, m->order, f);
	else
		return field_parse(v, scratch, m->run, field, text, f);
	return e == OK ? OK : fail_in(f, e, "%s", field->name);
}

/* Blanks at the ends of a cell are the work of other programs. */
static const char *
trimmed(struct buf *b, const char *text)
{
	size_t n;

	text += strspn(text, " \t");
	n = strlen(text);
	while (n > 0 && isspace((unsigned char)text[n - 1]))
		n--;
	if (text[n] == '\0')
		return text;
	buf_reset(b);
	buf_put(b, text, n);
	return buf_cstr(b);
}

static enum err
take_ids(struct work *w, const struct csv_row *row, struct fail *f)
{
	const struct import *m = w->m;
	const struct table *person =
	    registry_table(replica_registry(m->run->replica), "person");
	struct buf *b = &m->run->scratch;
	const char *text;

	w->has_id = m->map->id != MAP_NONE;
	w->has_subject = m->map->person != MAP_NONE;
	if (w->has_id) {
		text = trimmed(b, row->cells[m->map->id]);
		if (text[0] == '\0')
			return fail_set(f, ERR_INPUT,
			    "the source id (column %s) is empty",
			    csv_column(m->csv, m->map->id));
		w->has_given = full_id(&w->given, text);
		write_import_id(&w->id, m->run->replica, m->source, m->table,
		    text);
	}
	if (!w->has_subject)
		return OK;
	text = trimmed(b, row->cells[m->map->person]);
	if (text[0] == '\0')
		return fail_set(f, ERR_INPUT, "the person (column %s) is empty",
		    csv_column(m->csv, m->map->person));
	if (!full_id(&w->subject, text))
		write_import_id(&w->subject, m->run->replica, m->source,
		    person != NULL ? person : m->table, text);
	return OK;
}

static enum err
take_row(struct work *w, const struct csv_row *row, struct fail *f)
{
	const struct map *map = w->m->map;
	enum err e = take_ids(w, row, f);

	w->count = 0;
	for (size_t i = 0; e == OK && i < map->count; i++) {
		const struct map_entry *entry = &map->entries[i];
		struct write_field *to = &w->fields[w->count];
		const char *text = entry->constant;

		buf_reset(&w->text[i]);
		if (entry->column != MAP_NONE)
			text = row->cells[entry->column];
		if (entry->field->type != VALUE_TEXT ||
		    entry->field->rank_count > 0)
			text = trimmed(&w->trim[i], text);
		to->field = entry->field;
		e = parse_cell(&to->value, &w->text[i], w->m, entry->field,
		    text, f);
		if (e == OK && to->value.type != VALUE_NULL)
			w->count++;
	}
	return e;
}

/* ---- rows that are here already ---- */

struct compare {
	const struct work *w;
	const struct field *differs;
	bool subject_differs;
};

static bool
compare_row(void *context, const struct read_row *row)
{
	struct compare *c = context;

	c->subject_differs =
	    c->w->has_subject && !id_equal(&row->subject, &c->w->subject);
	for (size_t i = 0; i < c->w->count; i++) {
		const struct write_field *wf = &c->w->fields[i];

		if (value_compare(&wf->value,
			&row->values[wf->field->number]) != 0) {
			c->differs = wf->field;
			break;
		}
	}
	return false;
}

/* The same row again is counted; another row under its id is refused. */
static enum err
exists(struct work *w, struct fail *f)
{
	struct compare c = { .w = w };
	enum err e = read_get(w->m->run->replica, w->m->table, &w->id, 0,
	    compare_row, &c, f);

	if (e != OK)
		return e;
	if (c.subject_differs)
		return fail_set(f, ERR_INPUT,
		    "a row with this source id is here already, about another "
		    "person");
	if (c.differs != NULL)
		return fail_set(f, ERR_INPUT,
		    "a row with this source id is here already, with another "
		    "%s",
		    c.differs->name);
	w->m->duplicate++;
	return OK;
}

/* ---- the batch ---- */

static enum err
batch_open(struct import *m, struct fail *f)
{
	static const char sql[] =
	    "INSERT INTO _batch (at_ms, staff, tbl, source, file_hash, added, "
	    "rejected, undone) VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0)";
	static const struct row_id nobody;
	struct db *db = replica_db(m->run->replica);
	struct stmt *s;
	enum err e = db_stmt(&s, db, sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, env_wall_ms(replica_env(m->run->replica)));
	stmt_blob(s, 2, m->staff != NULL ? m->staff->b : nobody.b, ID_BYTES);
	stmt_int(s, 3, m->table->number);
	stmt_text(s, 4, m->source);
	stmt_blob(s, 5, m->file_hash, 32);
	e = stmt_run(s, f);
	if (e == OK)
		m->batch = db_last_rowid(db);
	return e;
}

static enum err
batch_row(struct import *m, const struct row_id *row,
    const struct row_id *subject, struct fail *f)
{
	static const char sql[] = "INSERT INTO _batch_row (batch, cpt, row) "
				  "VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
	struct replica *r = m->run->replica;
	struct compartment *c;
	struct stmt *s;
	enum err e;

	e = compartment_find(r, &c, &replica_identity(r)->agency, subject,
	    table_category(m->table, replica_kind(r)), f);
	if (e == OK)
		e = db_stmt(&s, replica_db(r), sql, f);
	if (e != OK)
		return e;
	stmt_int(s, 1, m->batch);
	stmt_int(s, 2, c->no);
	stmt_blob(s, 3, row->b, ID_BYTES);
	return stmt_run(s, f);
}

static enum err
batch_count(struct import *m, struct fail *f)
{
	static const char sql[] =
	    "UPDATE _batch SET added = ?2, rejected = ?3 WHERE no = ?1";
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(m->run->replica), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, m->batch);
	stmt_int(s, 2, m->added);
	stmt_int(s, 3, m->rejected);
	return stmt_run(s, f);
}

/* ---- the run ---- */

/* What may be wrong with one row; anything else stops the import. */
static bool
is_row_fault(enum err e)
{
	return e == ERR_INPUT || e == ERR_LIMIT || e == ERR_DENIED ||
	    e == ERR_NOTFOUND || e == ERR_EXISTS || e == ERR_STALE ||
	    e == ERR_WAIT || e == ERR_UNAVAILABLE || e == ERR_FORMAT;
}

static void
subject_of(struct row_id *out, const struct work *w, const struct row_id *row)
{
	const struct identity *me = replica_identity(w->m->run->replica);

	if (w->has_subject)
		*out = w->subject;
	else if (w->m->table->self)
		*out = *row;
	else
		memcpy(out->b, me->agency.b, ID_BYTES);
}

struct foreign {
	const struct agency_id *own;
	struct agency_id owner;
	bool found;
};

static bool
on_foreign(void *context, const struct read_row *row)
{
	struct foreign *x = context;

	x->found = !id_equal(&row->owner, x->own);
	x->owner = row->owner;
	return false;
}

/* A file of ours says nothing in another agency's name: under the id of one of
 * its records it would make one of our own, which nobody means. A person has one
 * id at every agency. */
static enum err
is_foreign(struct work *w, struct fail *f)
{
	struct replica *r = w->m->run->replica;
	const struct audit_entry entry = { .act = "import",
		.staff = w->m->staff,
		.table = w->m->table,
		.row = &w->given,
		.result = ERR_DENIED };
	struct foreign x = { .own = &replica_identity(r)->agency };
	char text[ID_TEXT_BYTES];
	enum err e;

	if (!w->has_given || w->m->table->self)
		return OK;
	e = read_get(r, w->m->table, &w->given, 0, on_foreign, &x, f);
	if (e != OK)
		return e == ERR_NOTFOUND || e == ERR_WAIT ? OK : e;
	if (!x.found)
		return OK;
	e = audit_write(r, &entry, f);
	return e != OK
	    ? e
	    : fail_set(f, ERR_DENIED,
		  "this id is a record of %s, which alone changes it",
		  name_of_agency(w->m->run, &x.owner, text));
}

static enum err
write_one(struct work *w, struct fail *f)
{
	struct import *m = w->m;
	struct write_request q = { .table = m->table,
		.row = w->has_id ? &w->id : NULL,
		.insert = true,
		.subject = w->has_subject ? &w->subject : NULL,
		.staff = m->staff,
		.fields = w->fields,
		.field_count = w->count };
	struct row_id row, subject;
	int64_t draft;
	enum err e = is_foreign(w, f);

	if (e == OK)
		e = may_put(m->run, m->table, NULL, q.subject, q.fields,
		    q.field_count, f);
	if (e == OK)
		e = write_row(m->run->replica, &row, &draft, &q, f);

	if (e == ERR_EXISTS && w->has_id)
		return exists(w, f);
	if (e != OK)
		return e;
	m->added++;
	subject_of(&subject, w, &row);
	return batch_row(m, &row, &subject, f);
}

static enum err
one_row(struct work *w, const struct csv_row *row, struct fail *f)
{
	struct fail why = { 0 };
	enum err e = OK;

	if (row->bad)
		(void)fail_set(&why, ERR_INPUT, "%s", row->reason);
	else
		e = take_row(w, row, &why);
	if (e == OK && !row->bad)
		e = write_one(w, &why);
	if (e == OK && !row->bad)
		return OK;
	if (!row->bad && !is_row_fault(e)) {
		if (f != NULL)
			*f = why;
		return e;
	}
	w->m->rejected++;
	return w->m->reject(w->m->context, row,
	    why.text[0] != '\0' ? why.text : err_text(e), f);
}

/* Up to IMPORT_STEP rows, in the open transaction. */
static enum err
one_step(struct work *w, bool *end, struct fail *f)
{
	struct csv_row row;
	enum err e = OK;

	for (int i = 0; e == OK && i < IMPORT_STEP; i++) {
		e = csv_next(w->m->csv, &row, end, f);
		if (e != OK || *end)
			break;
		e = one_row(w, &row, f);
	}
	return e;
}

static void
report(const struct import *m)
{
	run_progress(m->run, "%s: %lld added, %lld here already, %lld rejected",
	    m->table->name, (long long)m->added, (long long)m->duplicate,
	    (long long)m->rejected);
}

static enum err
steps(struct work *w, struct fail *f)
{
	struct import *m = w->m;
	struct replica *r = m->run->replica;
	bool end = false;
	enum err e = OK;

	while (e == OK && !end) {
		e = replica_begin(r, f);
		if (e != OK)
			break;
		if (m->batch == 0)
			e = batch_open(m, f);
		while (e == OK && !end) {
			e = one_step(w, &end, f);
			report(m);
			if (!m->dry_run)
				break;
		}
		if (e == OK)
			e = batch_count(m, f);
		if (e == OK && !m->dry_run)
			e = replica_commit(r, f);
		else
			replica_rollback(r);
		if (!m->dry_run)
			run_breathe(m->run);
	}
	return e;
}

enum err
import_run(struct import *m, struct fail *f)
{
	struct work w = { .m = m };
	enum err e;

	m->batch = m->added = m->duplicate = m->rejected = 0;
	e = steps(&w, f);
	for (size_t i = 0; i < LIMIT_FIELDS; i++) {
		buf_release(&w.text[i]);
		buf_release(&w.trim[i]);
	}
	return e;
}

enum err
import_seen(int64_t *batch, struct run *run, const struct table *t,
    const uint8_t hash[static 32], struct fail *f)
{
	static const char sql[] =
	    "SELECT no FROM _batch WHERE tbl = ?1 AND file_hash = ?2 AND "
	    "undone = 0 AND added > 0 ORDER BY no";
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(run->replica), sql, f);

	*batch = 0;
	if (e != OK)
		return e;
	stmt_int(s, 1, t->number);
	stmt_blob(s, 2, hash, 32);
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		*batch = stmt_col_int(s, 0);
	stmt_reset(s);
	return e;
}
