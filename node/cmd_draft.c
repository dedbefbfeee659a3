/*
 * drafts, drafts drop: what was typed while the record had changed. A draft
 * is of this replica only and goes nowhere.
 */
#include "node/cmd.h"

#include <string.h>

#include "node/actor.h"
#include "node/journal.h"
#include "node/show.h"
#include "node/view.h"
#include "sync/db.h"

/* One row of _draft, copied out of the statement. */
struct draft {
	int64_t no, at_ms;
	const struct table *table; /* NULL: of a newer program */
	struct row_id row, staff;
	struct buf fields;
};

static enum err
next_draft(struct draft *d, struct run *run, int64_t after, struct fail *f)
{
	struct stmt *s;
	unsigned number;
	const uint8_t *p;
	bool row;
	size_t n;
	enum err e = db_stmt(&s, replica_db(run->replica),
	    "SELECT no, tbl, row, staff, at_ms, fields FROM _draft"
	    " WHERE no > ?1 ORDER BY no LIMIT 1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, after);
	e = stmt_step(s, &row, f);
	if (e == OK && !row)
		e = ERR_NOTFOUND;
	if (e == OK) {
		d->no = stmt_col_int(s, 0);
		number = (unsigned)stmt_col_int(s, 1);
		d->table = number <= LIMIT_TABLES
		    ? replica_registry(run->replica)->by_number[number]
		    : NULL;
		(void)stmt_col_copy(s, 2, d->row.b, ID_BYTES);
		(void)stmt_col_copy(s, 3, d->staff.b, ID_BYTES);
		d->at_ms = stmt_col_int(s, 4);
		buf_reset(&d->fields);
		p = stmt_col_blob(s, 5, &n);
		buf_put(&d->fields, p, n);
		e = d->fields.err;
	}
	stmt_reset(s);
	return e;
}

/* ---- whose ---- */

struct looking {
	struct view *view;
	struct fail *fail;
	enum err err;
	bool here, shown;
};

static bool
on_row(void *context, const struct read_row *row)
{
	struct looking *x = context;

	x->here = true;
	x->shown = view_reads(x->view, row, &x->err, x->fail);
	return false;
}

/* Whoever acts wrote it, or reads the record that it is about. *shown: of the
 * record more may be said than what was typed. */
static enum err
is_ours(bool *ours, bool *shown, struct view *v, const struct draft *d,
    struct fail *f)
{
	struct looking x = { .view = v, .fail = f };
	bool nobody = v->run->actor == NULL;

	*shown = false;
	*ours = d->table == NULL && (nobody || v->run->actor->administrator);
	if (d->table == NULL)
		return OK;
	(void)read_get(v->r, d->table, &d->row, 0, on_row, &x, NULL);
	*shown = x.shown;
	*ours = x.shown || (nobody && !x.here) ||
	    (v->has_staff && id_equal(&v->staff, &d->staff));
	return x.err;
}

/* ---- the values ---- */

struct fields {
	struct run *run;
	const struct draft *d;
	json_t *json; /* NULL: text */
	bool here;
};

static void
one_field(struct fields *k, const struct field *field, const struct value *v,
    const struct value *stands)
{
	struct buf typed = { 0 }, now = { 0 };

	if (k->json != NULL) {
		(void)show_set(k->json, field->name, field_json(field, v));
		return;
	}
	field_show(&typed, k->run, field, v);
	run_say(k->run, "      %-20s %s", field->name, buf_cstr(&typed));
	if (stands != NULL) {
		field_show(&now, k->run, field, stands);
		run_say(k->run, "   (now: %s)", buf_cstr(&now));
	}
	run_say(k->run, "\n");
	buf_release(&typed);
	buf_release(&now);
}

static void
each_field(struct fields *k, const struct read_row *row)
{
	struct rd rd = rd_of(k->d->fields.p, k->d->fields.n);

	while (rd.err == OK && rd_left(&rd) > 0) {
		unsigned number = (unsigned)rd_max(&rd, REGISTRY_FIELD_MAX);
		const struct field *field = k->d->table->by_number[number];
		struct value v;

		value_decode(&v, &rd);
		if (rd.err != OK)
			return;
		if (field != NULL)
			one_field(k, field, &v,
			    row != NULL ? &row->values[number] : NULL);
	}
}

static bool
with_row(void *context, const struct read_row *row)
{
	struct fields *k = context;

	k->here = true;
	journal_saw(k->run, row->table, &row->id, &row->subject);
	if (k->json == NULL) {
		struct buf what = { 0 };

		show_what(&what, k->run, row->table, &row->id, &row->subject);
		run_say(k->run, "%s\n", buf_cstr(&what));
		buf_release(&what);
	}
	each_field(k, row);
	return false;
}

static json_t *
draft_head(struct run *run, const struct draft *d, const char *at,
    json_t *fields)
{
	char id[ID_TEXT_BYTES];
	struct buf staff = { 0 };
	json_t *j;

	hex_encode(id, d->row.b, ID_BYTES);
	name_show_staff(&staff, run, &d->staff);
	j = json_pack("{s:I, s:s, s:s, s:s, s:s, s:o}", "no", (json_int_t)d->no,
	    "table", d->table->name, "id", id, "staff", buf_cstr(&staff), "at",
	    at, "fields", fields);
	buf_release(&staff);
	return j;
}

static void
say_draft(struct run *run, const struct draft *d, bool shown, json_t *array)
{
	const struct env *env = replica_env(run->replica);
	struct fields k = { .run = run, .d = d };
	char at[NAME_TIME_BYTES], id[ID_TEXT_BYTES];
	struct buf staff = { 0 };

	name_time(at, d->at_ms, env->offset_min(env->self));
	if (array != NULL)
		k.json = json_object();
	else
		run_say(run, "%lld  ", (long long)d->no);
	if (shown)
		(void)read_get(run->replica, d->table, &d->row, 0, with_row, &k,
		    NULL);
	if (!k.here && array == NULL)
		run_say(run, "%s that is not here\n", d->table->name);
	if (!k.here)
		each_field(&k, NULL);
	if (array != NULL) {
		(void)json_array_append_new(array,
		    draft_head(run, d, at, k.json));
		return;
	}
	hex_encode(id, d->row.b, ID_BYTES);
	name_show_staff(&staff, run, &d->staff);
	run_say(run, "      typed by %s, %s; %s %s\n", buf_cstr(&staff), at,
	    d->table->name, id);
	buf_release(&staff);
}

/* ERR_NOTFOUND at the end. */
static enum err
say_drafts(size_t *count, struct view *v, json_t *array, struct fail *f)
{
	struct draft d = { 0 };
	bool ours, shown;
	enum err e;

	while ((e = next_draft(&d, v->run, d.no, f)) == OK) {
		e = is_ours(&ours, &shown, v, &d, f);
		if (e != OK)
			break;
		if (!ours)
			continue;
		if (d.table != NULL)
			say_draft(v->run, &d, shown, array);
		*count += 1;
		run_flush(v->run);
	}
	buf_release(&d.fields);
	return e;
}

enum err
cmd_drafts(struct run *run, struct fail *f)
{
	json_t *array;
	struct view v;
	size_t count = 0;
	enum err e = view_begin(&v, run, f);

	if (e != OK)
		return e;
	array = run->cli->json ? json_array() : NULL;
	e = say_drafts(&count, &v, array, f);
	view_end(&v);
	if (e != ERR_NOTFOUND) {
		json_decref(array);
		return e;
	}
	if (run->cli->json)
		return run_json(run, array, f);
	if (count == 0)
		run_say(run, "no drafts: all that was typed is written\n");
	else
		run_say(run,
		    "To write one, put it again with the seen token that get "
		    "shows now; then footbridge drafts drop N.\n");
	return OK;
}

/* ERR_NOTFOUND: nobody's, or not of whoever acts. */
static enum err
find_ours(struct run *run, int64_t no, struct fail *f)
{
	struct draft d = { 0 };
	bool ours = false, shown;
	struct view v;
	enum err e = view_begin(&v, run, f);

	if (e != OK)
		return e;
	e = next_draft(&d, run, no - 1, f);
	if (e == OK && d.no == no)
		e = is_ours(&ours, &shown, &v, &d, f);
	buf_release(&d.fields);
	view_end(&v);
	return e == OK && !ours ? ERR_NOTFOUND : e;
}

enum err
cmd_drafts_drop(struct run *run, struct fail *f)
{
	struct stmt *s;
	int64_t no = 0;
	enum err e;

	e = cli_number(&no, run_word(run, 0), 1, INT64_MAX,
	    "the draft's number", f);
	if (e == OK)
		e = find_ours(run, no, f);
	if (e == ERR_NOTFOUND)
		return fail_set(f, ERR_NOTFOUND,
		    "no draft has the number %lld; footbridge drafts lists "
		    "them",
		    (long long)no);
	if (e == OK)
		e = db_stmt(&s, replica_db(run->replica),
		    "DELETE FROM _draft WHERE no = ?1", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	e = stmt_run(s, f);
	if (e != OK)
		return e;
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:I}", "dropped", (json_int_t)no), f);
	run_say(run, "draft %lld is dropped; the record is as it was\n",
	    (long long)no);
	return OK;
}
