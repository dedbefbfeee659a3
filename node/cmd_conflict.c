/* conflicts, resolve, accept, decline. */
#include "node/cmd.h"

#include <stdlib.h>
#include <string.h>

#include "node/journal.h"
#include "node/settle.h"
#include "node/show.h"
#include "node/view.h"

struct listing {
	struct run *run;
	json_t *array; /* NULL: text */
	int64_t decisions, notices, waits;
	struct buf shown; /* numbers of the notices that were shown */
	bool failed;
	struct view view;
	enum err err;
	struct fail *fail;
};

static bool
list_one(void *context, const struct conflict *c)
{
	struct listing *l = context;

	if (!view_reads_said(&l->view, c, &l->err, l->fail))
		return l->err == OK;
	journal_saw(l->run, c->table, &c->row, &c->subject);
	if (c->kind == CONFLICT_DECISION && c->ours)
		l->decisions++;
	else if (c->kind == CONFLICT_DECISION)
		l->waits++;
	else
		l->notices++;
	if (c->kind == CONFLICT_NOTICE)
		buf_put(&l->shown, &c->no, sizeof(c->no));
	if (l->array == NULL)
		show_conflict_text(l->run, c);
	else if (json_array_append_new(l->array,
		     show_conflict_json(l->run, c, true)) != 0)
		l->failed = true;
	return !l->failed;
}

struct noticing {
	int64_t no;
	struct conflict one; /* its values in values */
	struct conflict_value *values;
	struct proposal_answer answer;
	struct buf text; /* bytes of all values */
	bool have, failed;
};

/* Values of a callback are borrowed, and it must not write: copy one. */
static bool
copy_notice(void *context, const struct conflict *c)
{
	struct noticing *n = context;
	size_t at = 0;

	if (c->kind != CONFLICT_NOTICE || c->no != n->no)
		return true;
	n->one = *c;
	n->values = calloc(c->value_count + 1, sizeof(*n->values));
	n->failed = n->values == NULL;
	if (n->failed)
		return false;
	memcpy(n->values, c->values, c->value_count * sizeof(*n->values));
	for (size_t i = 0; i < c->value_count; i++)
		buf_put(&n->text, c->values[i].value.p, c->values[i].value.n);
	buf_put(&n->text, c->shown.p, c->shown.n);
	n->failed = n->text.err != OK;
	for (size_t i = 0; !n->failed && i < c->value_count; i++) {
		n->values[i].value.p = n->text.p + at;
		at += n->values[i].value.n;
	}
	n->one.shown.p = n->text.p + at;
	n->one.values = n->values;
	if (c->answer != NULL) {
		n->answer = *c->answer;
		n->one.answer = &n->answer;
	}
	n->have = !n->failed;
	return false;
}

static enum err
close_notice(struct run *run, int64_t no, struct fail *f)
{
	struct noticing n = { .no = no };
	enum err e =
	    conflict_list(run->replica, NULL, NULL, true, copy_notice, &n, f);

	if (e == OK && n.failed)
		e = fail_set(f, ERR_NOMEM, "a notice");
	if (e == OK && n.have)
		e = conflict_noticed(run->replica, &n.one, f);
	free(n.values);
	buf_release(&n.text);
	return e;
}

/* A person read them on a terminal: they close here (DESIGN 6), and those that are
 * not for this person do not. */
static enum err
close_notices(struct run *run, const struct buf *shown, struct fail *f)
{
	enum err e = shown->err;

	if (e != OK)
		return fail_code(f, e);
	for (size_t at = 0; e == OK && at < shown->n; at += sizeof(int64_t)) {
		int64_t no;

		memcpy(&no, shown->p + at, sizeof(no));
		e = close_notice(run, no, f);
	}
	return e;
}

static enum err
say_sums(struct listing *l, bool all)
{
	struct run *run = l->run;

	run_say(run, "%lld to decide", (long long)l->decisions);
	if (l->waits > 0)
		run_say(run, ", %lld proposed to another agency",
		    (long long)l->waits);
	if (all)
		run_say(run, ", %lld settled%s", (long long)l->notices,
		    l->notices > 0 && run->out_tty ? " (seen now, not shown "
						     "again)"
						   : "");
	run_say(run, "\n");
	return run->out_tty ? close_notices(run, &l->shown, l->fail) : OK;
}

enum err
cmd_conflicts(struct run *run, struct fail *f)
{
	struct listing l = { .run = run, .fail = f };
	bool all = cli_get(run->cli, "all") != NULL;
	enum err e;

	e = view_begin(&l.view, run, f);
	if (e != OK)
		return e;
	if (run->cli->json)
		l.array = json_array();
	e = conflict_list(run->replica, NULL, NULL, all, list_one, &l, f);
	view_end(&l.view);
	if (e == OK)
		e = l.err;
	if (e == OK && l.failed)
		e = fail_set(f, ERR_NOMEM, "the list of conflicts");
	run->decide = e == OK && l.decisions > 0;
	if (e == OK && !run->cli->json)
		e = say_sums(&l, all);
	buf_release(&l.shown);
	if (e == OK && run->cli->json)
		return run_json(run, l.array, f);
	json_decref(l.array);
	return e;
}

/* ---- settling ---- */

static enum err
may_settle_number(struct run *run, int64_t no, struct fail *f)
{
	const struct settle_what what = { .no = no };

	return settle_may(run, &what, f);
}

static enum err
resolve_number(struct run *run, const struct row_id *staff, struct fail *f)
{
	const char *keep = cli_get(run->cli, "keep");
	int64_t no, k;
	enum err e;

	if (keep == NULL || run->cli->word_count != 1)
		return fail_set(f, ERR_USAGE,
		    "resolve: usage: footbridge resolve N --keep K, or "
		    "footbridge resolve TABLE ID FIELD VALUE");
	e = cli_number(&no, run_word(run, 0), 1, INT32_MAX,
	    "the conflict's number", f);
	if (e == OK)
		e = cli_number(&k, keep, 1, 10000, "--keep", f);
	if (e == OK)
		e = may_settle_number(run, no, f);
	if (e == OK)
		e = conflict_keep(run->replica, no, (unsigned)k, staff, f);
	if (e == ERR_NOTFOUND)
		return fail_set(f, e,
		    "no conflict or value has this number now; footbridge "
		    "conflicts --all shows them");
	return e;
}

static enum err
resolve_field(struct run *run, const struct row_id *staff, struct fail *f)
{
	struct buf scratch = { 0 };
	const struct table *t;
	const struct field *field = NULL;
	struct settle_what what = { .no = 0 };
	struct row_id id;
	struct value v;
	enum err e;

	e = name_table(&t, run, run_word(run, 0), f);
	if (e == OK)
		e = name_found(&id, run, t, run_word(run, 1), f);
	if (e == OK)
		e = name_field(&field, t, run_word(run, 2), f);
	if (e == OK)
		e = field_parse(&v, &scratch, run, field, run_word(run, 3), f);
	what = (struct settle_what){ .table = t, .row = &id, .field = field };
	if (e == OK)
		e = settle_may(run, &what, f);
	if (e == OK)
		e = conflict_resolve(run->replica, t, &id, field, &v, staff, f);
	buf_release(&scratch);
	return e;
}

enum err
cmd_resolve(struct run *run, struct fail *f)
{
	struct row_id staff;
	bool have;
	enum err e = name_acting(&staff, &have, run, f);

	if (e != OK)
		return e;
	if (run->cli->word_count == 4)
		e = resolve_field(run, have ? &staff : NULL, f);
	else
		e = resolve_number(run, have ? &staff : NULL, f);
	if (e != OK)
		return e;
	run->wrote = true;
	if (run->cli->json)
		return run_json(run, json_pack("{s:b}", "resolved", 1), f);
	run_say(run, "settled; it goes to the others like any change\n");
	return OK;
}

/* ---- proposals ---- */

static enum err
answer_number(int64_t *no, const struct run *run, struct fail *f)
{
	return cli_number(no, run_word(run, 0), 1, INT32_MAX,
	    "the proposal's number", f);
}

enum err
cmd_accept(struct run *run, struct fail *f)
{
	const char *keep = cli_get(run->cli, "keep");
	struct row_id staff;
	int64_t no, k = 0;
	bool have;
	enum err e = answer_number(&no, run, f);

	if (e == OK && keep != NULL)
		e = cli_number(&k, keep, 1, 10000, "--keep", f);
	if (e == OK)
		e = may_settle_number(run, no, f);
	if (e == OK)
		e = name_acting(&staff, &have, run, f);
	if (e == OK)
		e = conflict_accept(run->replica, no, (unsigned)k,
		    have ? &staff : NULL, f);
	if (e != OK)
		return e;
	run->wrote = true;
	if (run->cli->json)
		return run_json(run, json_pack("{s:b}", "accepted", 1), f);
	run_say(run, "accepted; whoever proposed it is told\n");
	return OK;
}

enum err
cmd_decline(struct run *run, struct fail *f)
{
	const char *reason = cli_get(run->cli, "reason");
	struct row_id staff;
	int64_t no;
	bool have;
	enum err e = answer_number(&no, run, f);

	if (e == OK && reason == NULL)
		return fail_set(f, ERR_USAGE,
		    "decline: say why with --reason: whoever proposed it reads "
		    "that");
	if (e == OK)
		e = may_settle_number(run, no, f);
	if (e == OK)
		e = name_acting(&staff, &have, run, f);
	if (e == OK)
		e = conflict_decline(run->replica, no, reason,
		    have ? &staff : NULL, f);
	if (e != OK)
		return e;
	run->wrote = true;
	if (run->cli->json)
		return run_json(run, json_pack("{s:b}", "declined", 1), f);
	run_say(run, "declined; whoever proposed it reads why\n");
	return OK;
}
