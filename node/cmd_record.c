/* put, get, list, find. */
#include "node/cmd.h"

#include <stdlib.h>
#include <string.h>

#include "node/actor.h"
#include "node/journal.h"
#include "node/may_put.h"
#include "node/show_gate.h"
#include "node/show_proposal.h"
#include "node/show_taken.h"
#include "node/view.h"
#include "sync/shred.h"
#include "sync/snapshot.h"

/* ---- put ---- */

/* The words after the table and the id are FIELD=VALUE. */
static enum err
typed_fields(struct field_list *l, struct run *run, const struct table *t,
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
say_id(struct run *run, const struct table *t, const struct row_id *row,
    const struct write_told *told, struct fail *f)
{
	char text[ID_TEXT_BYTES];

	hex_encode(text, row->b, ID_BYTES);
	run->wrote = true;
	if (run->cli->json) {
		json_t *j = json_pack("{s:s}", "id", text);

		if (j != NULL && !show_told_set(run, j, t, told)) {
			json_decref(j);
			j = NULL;
		}
		return run_json(run, j, f);
	}
	/* the id is the last line, whatever is said */
	show_told_text(run, t, told);
	run_say(run, "%s\n", text);
	return OK;
}

/* --into AGENCY: the compartment of a new row among those that it keeps. */
static enum err
place_into(struct write_request *q, const struct run *run, const char *into,
    struct fail *f)
{
	const struct member_agency *agency;
	const char *category;
	struct compartment *c;
	enum err e;

	if (q->row != NULL || q->subject == NULL)
		return fail_set(f, ERR_USAGE,
		    "put: --into is for a new record about a person: give "
		    "person=SUBJECT and no ID");
	e = members_find_agency(replica_members(run->replica), &agency, into,
	    f);
	if (e != OK)
		return e;
	category = table_category(q->table, agency->kind);
	e = category == NULL ? ERR_NOTFOUND
			     : compartment_find(run->replica, &c, &agency->id,
				   q->subject, category, f);
	if (e == ERR_NOTFOUND)
		return fail_set(f, e,
		    "%s keeps no %s records about this person that are shared "
		    "with this office",
		    agency->name, q->table->name);
	if (e == OK)
		q->cpt = c->no;
	return e;
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
	const char *into = cli_get(run->cli, "into");
	struct row_id given, made, staff;
	struct write_told told = { 0 };
	int64_t draft = 0;
	bool have;
	enum err e = OK;

	if (id != NULL) {
		e = name_found(&given, run, t, id, f);
		q.row = &given;
	}
	if (e == OK)
		e = name_acting(&staff, &have, run, f);
	if (e != OK)
		return e;
	q.staff = have ? &staff : NULL;
	q.subject = l->has_subject ? &l->subject : NULL;
	e = may_put(run, t, q.row, q.subject, q.fields, q.field_count, f);
	if (e != OK)
		return e;
	if (id == NULL && q.subject == NULL && !t->self &&
	    t->subject == SUBJECT_PERSON)
		return fail_set(f, ERR_INPUT,
		    "put: whose %s: give person=SUBJECT (an id, its beginning, "
		    "or number:VALUE)",
		    t->name);
	if (into != NULL)
		e = place_into(&q, run, into, f);
	if (e != OK)
		return e;
	q.told = &told;
	e = write_row(run->replica, &made, &draft, &q, f);
	if (e == ERR_STALE)
		return stale_text(f, draft);
	if (e != OK)
		return e;
	if (id == NULL)
		forget_own_staff(run, t);
	return say_id(run, t, &made, &told, f);
}

static const char *
put_id(const struct cli *cli)
{
	return cli->word_count > 1 && strchr(cli->words[1], '=') == NULL
	    ? cli->words[1]
	    : NULL;
}

bool
put_proves(struct run *run)
{
	return put_id(run->cli) != NULL && may_put_gives(run->cli->words[0]);
}

enum err
cmd_put(struct run *run, struct fail *f)
{
	struct field_list l = { 0 };
	const struct table *t;
	const char *id = put_id(run->cli);
	enum err e;

	e = name_table(&t, run, run_word(run, 0), f);
	if (e != OK)
		return e;
	e = typed_fields(&l, run, t, id != NULL ? 2 : 1, f);
	if (e == OK)
		e = put_row(run, t, id, &l, f);
	field_list_release(&l);
	return e;
}

/* ---- get, list, find ---- */

struct showing {
	struct run *run;
	bool quiet; /* what is not shown is not spoken of */
	struct fail *fail;
	enum err err;
	size_t count, unseen; /* unseen: not for this person */
	size_t limit;         /* of what is shown; 0: all */
	size_t taken;         /* people: something of them was taken back */
	struct view view;
};

/* The notice that comes with it is a member of the row: {code, text, under}. */
static enum err
put_json(struct showing *s, const struct read_row *row)
{
	const char *code = view_notice(&s->view, row);
	json_t *j = show_row_json(s->run, row, s->fail);

	if (j != NULL && code != NULL &&
	    !show_set(j, "notice",
		json_pack("{s:s, s:s, s:s}", "code", code, "text",
		    view_notice_text(&s->view, code), "under",
		    view_basis(&s->view)))) {
		json_decref(j);
		j = NULL;
	}
	return run_json(s->run, j, s->fail);
}

/* A record that shows a snapshot says so. */
static enum err
say_left(struct run *run, const struct read_row *row, struct fail *f)
{
	struct snapshot_left left;
	enum err e = snapshot_left(run->replica, &left, row->cpt, f);

	if (e == OK && left.compartments > 0)
		run_say(run,
		    "  history still coming: %lld of %lld parts are here; new "
		    "entries can be added, this one changed when it is whole\n",
		    (long long)left.held, (long long)left.expected);
	return e;
}

/* Why nothing new comes of it, or it is not there. */
static void
say_taken(struct showing *s, const struct row_id *subject)
{
	struct buf why = { 0 };

	s->err = show_taken(&why, s->run, subject, s->fail);
	if (s->err == OK && why.n > 0)
		run_say(s->run, "%s", buf_cstr(&why));
	buf_release(&why);
}

static bool
show_one(void *context, const struct read_row *row)
{
	struct showing *s = context;

	if (!view_shows(&s->view, row))
		return false;
	if (!view_sees(&s->view, &row->subject, row->category, &row->owner)) {
		s->unseen++;
		return false;
	}
	journal_saw(s->run, row->table, &row->id, &row->subject);
	s->count++;
	if (!s->run->cli->json) {
		view_say_notice(&s->view, row);
		s->err = show_row_text(s->run, row, s->fail);
		if (s->err == OK && view_basis(&s->view)[0] != '\0')
			run_say(s->run, "  %-20s %s\n", "disclosed under",
			    view_basis(&s->view));
		if (s->err == OK)
			s->err = say_left(s->run, row, s->fail);
		if (s->err == OK)
			say_taken(s, &row->subject);
	} else {
		s->err = put_json(s, row);
	}
	return false;
}

/* No row, but somebody may have proposed one. */
struct proposed {
	struct run *run;
	struct view *view;
	json_t *array; /* NULL: text */
	bool found, failed;
	enum err err;
	struct fail *fail;
};

static bool
show_proposed(void *context, const struct conflict *c)
{
	struct proposed *p = context;

	if (c->reason != CONFLICT_PROPOSAL && c->reason != CONFLICT_ANSWER)
		return true;
	if (!view_reads_said(p->view, c, &p->err, p->fail))
		return p->err == OK;
	p->found = true;
	journal_saw(p->run, c->table, &c->row, &c->subject);
	if (p->array == NULL)
		show_conflict_text(p->run, c);
	else
		p->failed = json_array_append_new(p->array,
				show_conflict_json(p->run, c, true)) != 0;
	return !p->failed;
}

/* ERR_NOTFOUND: nobody did. */
static enum err
get_proposed(struct view *v, const struct table *t, const struct row_id *id,
    struct fail *f)
{
	struct run *run = v->run;
	struct proposed p = { .run = run, .view = v, .fail = f };
	enum err e;

	if (run->cli->json)
		p.array = json_array();
	e = conflict_list(run->replica, t, id, true, show_proposed, &p, f);
	if (e == OK)
		e = p.err;
	if (e == OK && p.failed)
		e = fail_set(f, ERR_NOMEM, "the proposal");
	if (e == OK && !p.found)
		e = ERR_NOTFOUND;
	if (e == OK && run->cli->json)
		return run_json(run,
		    json_pack("{s:s, s:b, s:o}", "table", t->name, "there", 0,
			"conflicts", p.array),
		    f);
	json_decref(p.array);
	return e;
}

/* It may have been, and whoever remembers it wants to know. */
static enum err
not_here(struct run *run, const struct table *t, const struct row_id *id,
    struct fail *f)
{
	struct shred_counts n = { 0 };
	bool taken = false;
	enum err e = shred_count(run->replica, &n, f);

	if (e == OK && actor_sees(run, id))
		e = show_is_taken(&taken, run, id, f);
	return e != OK
	    ? e
	    : fail_set(f, ERR_NOTFOUND,
		  "no %s with this id is here, or it is not shared with this "
		  "node%s",
		  t->name,
		  taken ? "; something of it was taken back (footbridge access)"
		      : n.compartments > 0
		      ? ", or was destroyed by order (footbridge shred status)"
		      : "");
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
		e = name_found(&id, run, t, run_word(run, 1), f);
	if (e == OK)
		e = show_gate_row(run, t, &id, f);
	if (e == OK)
		e = view_begin(&s.view, run, f);
	if (e != OK)
		return e;
	e = read_get(run->replica, t, &id, 0, show_one, &s, f);
	if (e == ERR_NOTFOUND)
		e = get_proposed(&s.view, t, &id, f);
	if (e == OK && (s.view.hidden > 0 || s.unseen > 0))
		e = ERR_NOTFOUND;
	view_end(&s.view);
	if (e == ERR_NOTFOUND)
		return not_here(run, t, &id, f);
	return e == OK ? s.err : e;
}

/* Rows of a JSON array, one a line, so that a long list needs no memory. */
static enum err
show_hidden(struct showing *s, const struct read_row *row,
    const struct buf *why)
{
	struct run *run = s->run;

	if (!run->cli->json) {
		show_gate_line(run, row, why);
		return OK;
	}
	buf_put(&run->out, s->count > 0 ? "," : "[", 1);
	return run_json(run, show_gate_json(run, row, why), s->fail);
}

static enum err
show_open(struct showing *s, const struct read_row *row)
{
	struct run *run = s->run;

	if (!run->cli->json) {
		view_say_notice(&s->view, row);
		show_row_line(run, row);
		return OK;
	}
	buf_put(&run->out, s->count > 0 ? "," : "[", 1);
	return put_json(s, row);
}

static bool
show_many(void *context, const struct read_row *row)
{
	struct showing *s = context;
	struct run *run = s->run;
	const struct view_place at = view_place(row);
	struct buf why = { .limit = 1024 };
	bool open, taken = false;

	if (!view_shows(&s->view, row))
		return true;
	if (!view_sees(&s->view, &row->subject, row->category, &row->owner))
		return true;
	open = view_open_still(&s->view, &at, &why, &s->err, s->fail);
	if (s->err == OK && open)
		journal_saw(run, row->table, &row->id, &row->subject);
	if (s->err == OK && (open || !s->quiet) &&
	    id_equal(&row->id, &row->subject) && !run->cli->json) {
		s->err = show_is_taken(&taken, run, &row->subject, s->fail);
		s->taken += taken;
	}
	if (s->err == OK && (open || !s->quiet)) {
		s->err = open ? show_open(s, row) : show_hidden(s, row, &why);
		s->count++;
	}
	buf_release(&why);
	run_flush(run);
	if (run->out.err != OK)
		s->err = fail_set(s->fail, ERR_LIMIT,
		    "the answer is too long: give --limit and --after");
	return s->err == OK && (s->limit == 0 || s->count < s->limit);
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
list_bounds(size_t *shown, struct read_query *q, struct row_id *after,
    struct run *run, struct fail *f)
{
	const char *limit = cli_get(run->cli, "limit");
	const char *text = cli_get(run->cli, "after");
	int64_t n = 0;
	enum err e = OK;

	if (limit != NULL)
		e = cli_number(&n, limit, 1, INT32_MAX, "--limit", f);
	*shown = (size_t)n;
	if (e == OK && text != NULL) {
		e = name_found(after, run, q->table, text, f);
		q->after = after;
	}
	return e;
}

/* A list does not say by itself that somebody else made it shorter. */
static enum err
say_gone(struct showing *s, const struct row_id *subject)
{
	struct run *run = s->run;

	if (subject != NULL && actor_sees(run, subject))
		say_taken(s, subject);
	else if (s->taken > 0)
		run_say(run,
		    "something of %zu of these people was taken back, and "
		    "nothing new of it comes: footbridge get person ID says "
		    "what\n",
		    s->taken);
	return s->err;
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
		e = list_bounds(&s.limit, &q, &after, run, f);
	/* that a value fits would tell it */
	s.quiet = q.filter_count > 0;
	if (e == OK)
		e = view_begin(&s.view, run, f);
	if (e == OK) {
		e = read_list(run->replica, &q, show_many, &s, f);
		view_end(&s.view);
	}
	e = end_many(&s, e);
	if (e == OK && !run->cli->json)
		e = say_gone(&s, q.subject);
	field_list_release(&l);
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
	struct showing s = { .run = run, .fail = f, .limit = FIND_LIMIT };
	enum err e;

	if (run_word(run, 0)[0] == '\0')
		return fail_set(f, ERR_USAGE, "find: want some text");
	s.quiet = true;
	e = view_begin(&s.view, run, f);
	if (e == OK) {
		e = read_find(run->replica, run_word(run, 0), 0, show_many, &s,
		    f);
		view_end(&s.view);
	}
	e = end_many(&s, e);
	if (e == OK && s.count == 0 && run->out_tty && !run->cli->json)
		run_say(run, "nothing here has this text in it\n");
	if (e == OK && s.count == FIND_LIMIT && !run->cli->json)
		run_say(run, "(only the first %d are shown)\n", FIND_LIMIT);
	return e;
}
