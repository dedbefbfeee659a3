/* audit, audit review, state and prune: the journal as people read and keep it. */
#include "node/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/account/retain.h"
#include "node/actor.h"
#include "node/chores.h"
#include "node/date.h"
#include "node/journal.h"
#include "node/name.h"
#include "node/show_office.h"

#define DAY_MS ((int64_t)86400 * 1000)
#define LIMIT_DEFAULT 200

/* ---- who may read it ------------------------------------------------------------ */

static enum err
must_audit(const struct run *run, struct fail *f)
{
	const uint32_t roles = ACCOUNT_BIT(ACCOUNT_AUDITOR) |
	    ACCOUNT_BIT(ACCOUNT_SECURITY_OFFICER) |
	    ACCOUNT_BIT(ACCOUNT_PRIVACY_OFFICER) |
	    ACCOUNT_BIT(ACCOUNT_ADMINISTRATOR);

	if (run->actor == NULL || (run->actor->rights.roles & roles) != 0)
		return OK;
	return fail_set(f, ERR_DENIED,
	    "the journal is for an auditor, a security or privacy officer, or "
	    "an administrator");
}

/* ---- one entry -------------------------------------------------------------------- */

/* 2026-03-31T14:05:09.12+01:00: hundredths, and how far from UTC. */
#define AT_BYTES 40

static void
show_at(char text[static AT_BYTES], int64_t at_ms, int offset_min)
{
	int64_t ms = at_ms + (int64_t)offset_min * 60000;
	int64_t day = (ms - (ms < 0 ? DAY_MS - 1 : 0)) / DAY_MS;
	int64_t in = ms - day * DAY_MS;
	int away = abs(offset_min), year, month, date;

	value_civil(&year, &month, &date, day);
	(void)snprintf(text, AT_BYTES,
	    "%04d-%02d-%02dT%02d:%02d:%02d.%02d%c%02d:%02d", year, month, date,
	    (int)(in / 3600000), (int)(in / 60000 % 60), (int)(in / 1000 % 60),
	    (int)(in % 1000 / 10), offset_min < 0 ? '-' : '+', away / 60,
	    away % 60);
}

static bool
is_said(const struct row_id *id)
{
	static const struct row_id none;

	return !id_equal(id, &none);
}

struct listing {
	struct run *run;
	struct buf name;
	json_t *array; /* NULL: text */
	size_t count;
};

static const char *
table_name(const struct run *run, int number)
{
	const struct registry *g = replica_registry(run->replica);

	return number > 0 && number <= LIMIT_TABLES &&
		g->by_number[number] != NULL
	    ? g->by_number[number]->name
	    : "";
}

static const char *
outcome(enum err e)
{
	return e == OK ? "done" : err_text(e);
}

static void
id_text(char text[static ID_TEXT_BYTES], const struct row_id *id)
{
	text[0] = '\0';
	if (is_said(id))
		hex_encode(text, id->b, ID_BYTES);
}

static json_t *
entry_json(struct listing *l, const struct audit_seen *x)
{
	char at[AT_BYTES], staff[ID_TEXT_BYTES], row[ID_TEXT_BYTES],
	    subject[ID_TEXT_BYTES];

	show_at(at, x->at_ms, x->offset_min);
	id_text(staff, &x->staff);
	id_text(row, &x->row);
	id_text(subject, &x->subject);
	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, "
			 "s:s, s:s, s:s}",
	    "n", (json_int_t)x->no, "at", at, "act", x->act, "staff", staff,
	    "name", buf_cstr(&l->name), "from", x->origin, "table",
	    table_name(l->run, x->table), "row", row, "subject", subject,
	    "count", (json_int_t)x->count, "outcome", outcome(x->result),
	    "decision", x->decision, "note", x->note);
}

static void
entry_text(struct listing *l, const struct audit_seen *x)
{
	struct run *run = l->run;
	char at[AT_BYTES], id[ID_TEXT_BYTES];

	show_at(at, x->at_ms, x->offset_min);
	run_say(run, "%lld  %s  %s  %s", (long long)x->no, at,
	    buf_cstr(&l->name), x->act);
	if (x->table > 0)
		run_say(run, " %s", table_name(run, x->table));
	if (is_said(&x->row)) {
		id_text(id, &x->row);
		run_say(run, " %.8s", id);
	}
	if (is_said(&x->subject)) {
		id_text(id, &x->subject);
		run_say(run, ", about %.8s", id);
	}
	if (x->count > 1)
		run_say(run, ", %llu rows", (unsigned long long)x->count);
	if (x->result != OK)
		run_say(run, ": %s", outcome(x->result));
	if (x->decision[0] != '\0')
		run_say(run, "; %s", x->decision);
	if (x->note[0] != '\0')
		run_say(run, " (%s)", x->note);
	run_say(run, "%s%s\n", x->origin[0] != '\0' ? "  " : "", x->origin);
}

static bool
list_one(void *context, const struct audit_seen *x)
{
	struct listing *l = context;

	l->count++;
	buf_reset(&l->name);
	if (is_said(&x->staff))
		name_show_staff(&l->name, l->run, &x->staff);
	else
		buf_printf(&l->name, "this computer");
	if (l->array != NULL)
		(void)json_array_append_new(l->array, entry_json(l, x));
	else
		entry_text(l, x);
	return true;
}

/* ---- audit ---------------------------------------------------------------------------- */

/* A day in this office, as the moment at which it begins. */
static enum err
read_day(int64_t *ms, const struct run *run, const char *option, struct fail *f)
{
	const char *text = cli_get(run->cli, option);
	const struct env *env = replica_env(run->replica);
	struct value v;
	enum err e;

	*ms = 0;
	if (text == NULL)
		return OK;
	e = date_parse(&v, text, DATE_UNSAID, f);
	if (e != OK)
		return fail_in(f, e, "--%s", option);
	*ms = v.i * DAY_MS - (int64_t)env->offset_min(env->self) * 60000;
	return OK;
}

struct asked {
	struct audit_query q;
	struct row_id staff, subject;
};

static enum err
read_query(struct asked *a, const struct run *run, struct fail *f)
{
	const struct registry *g = replica_registry(run->replica);
	const char *who = cli_get(run->cli, "who");
	const char *person = cli_get(run->cli, "person");
	const char *limit = cli_get(run->cli, "limit");
	int64_t n = LIMIT_DEFAULT;
	enum err e = read_day(&a->q.since_ms, run, "since", f);

	if (e == OK)
		e = read_day(&a->q.until_ms, run, "until", f);
	if (e == OK && a->q.until_ms != 0)
		a->q.until_ms += DAY_MS; /* that day is in it */
	if (e == OK && who != NULL) {
		e = name_named(&a->staff, run, registry_table(g, "staff"), who,
		    f);
		a->q.staff = &a->staff;
	}
	if (e == OK && person != NULL) {
		e = read_subject(run->replica, &a->subject, person, f);
		a->q.subject = &a->subject;
	}
	if (e == OK && limit != NULL)
		e = cli_number(&n, limit, 1, INT32_MAX, "--limit", f);
	a->q.limit = (size_t)n;
	a->q.act = cli_get(run->cli, "act");
	a->q.failed_only = cli_get(run->cli, "failed") != NULL;
	a->q.newest_first = true;
	return e;
}

enum err
cmd_audit(struct run *run, struct fail *f)
{
	struct listing l = { .run = run };
	struct asked a = { 0 };
	struct audit_entry entry = { .act = "audit" };
	enum err e = must_audit(run, f);

	if (e == OK)
		e = read_query(&a, run, f);
	if (e != OK)
		return e;
	/* who looks at it is in it */
	entry.subject = a.q.subject;
	e = audit_run(run, &entry, f);
	if (e != OK)
		return e;
	if (run->cli->json)
		l.array = json_array();
	e = audit_each(run->replica, &a.q, list_one, &l, f);
	buf_release(&l.name);
	if (e == OK && l.array != NULL)
		return run_json(run, l.array, f);
	json_decref(l.array);
	if (e == OK && l.count == a.q.limit)
		run_say(run, "and older ones: --limit, --since, --until\n");
	return e;
}

/* ---- audit review ------------------------------------------------------------------------ */

#define ACTS_MAX 128

struct review {
	struct run *run;
	struct {
		char act[AUDIT_ACT_MAX + 1];
		uint64_t entries, rows, failed;
	} acts[ACTS_MAX];
	size_t act_count;
	int64_t first, last, from_ms, to_ms;
	uint64_t entries, failed;
	json_t *failures; /* NULL: text */
	struct listing list;
	bool full;
};

static size_t
act_at(struct review *v, const char *act)
{
	size_t i = 0;

	while (i < v->act_count && strcmp(v->acts[i].act, act) != 0)
		i++;
	if (i == ACTS_MAX)
		return i - 1;
	if (i == v->act_count)
		(void)snprintf(v->acts[v->act_count++].act,
		    sizeof(v->acts[0].act), "%s", act);
	return i;
}

static bool
take(void *context, const struct audit_seen *x)
{
	struct review *v = context;
	size_t at = act_at(v, x->act);

	if (v->entries == 0) {
		v->first = x->no;
		v->from_ms = x->at_ms;
	}
	v->last = x->no;
	v->to_ms = x->at_ms;
	v->entries++;
	v->acts[at].entries++;
	v->acts[at].rows += x->count;
	if (x->result != OK) {
		v->acts[at].failed++;
		v->failed++;
	}
	return true;
}

static enum err
mark(struct run *run, int64_t no, struct fail *f)
{
	struct audit_entry entry = { .act = "audit_review" };
	enum err e = replica_begin(run->replica, f);

	if (e != OK)
		return e;
	e = retain_reviewed(run->replica, no, f);
	if (e == OK)
		e = audit_run(run, &entry, f);
	if (e == OK)
		return replica_commit(run->replica, f);
	replica_rollback(run->replica);
	return e;
}

static enum err
review_json(struct review *v, struct fail *f)
{
	json_t *acts = json_array();

	for (size_t i = 0; i < v->act_count; i++)
		(void)json_array_append_new(acts,
		    json_pack("{s:s, s:I, s:I, s:I}", "act", v->acts[i].act,
			"entries", (json_int_t)v->acts[i].entries, "rows",
			(json_int_t)v->acts[i].rows, "failed",
			(json_int_t)v->acts[i].failed));
	return run_json(v->run,
	    json_pack("{s:I, s:I, s:I, s:I, s:o, s:O}", "first",
		(json_int_t)v->first, "last", (json_int_t)v->last, "entries",
		(json_int_t)v->entries, "failed", (json_int_t)v->failed, "acts",
		acts, "failures", v->list.array),
	    f);
}

static void
review_text(struct review *v)
{
	struct run *run = v->run;
	char from[AT_BYTES], to[AT_BYTES];

	if (v->entries == 0) {
		run_say(run, "nothing new since the last review\n");
		return;
	}
	show_at(from, v->from_ms, 0);
	show_at(to, v->to_ms, 0);
	run_say(run, "%llu entries, %lld to %lld, from %s to %s; %llu failed\n",
	    (unsigned long long)v->entries, (long long)v->first,
	    (long long)v->last, from, to, (unsigned long long)v->failed);
	for (size_t i = 0; i < v->act_count; i++)
		run_say(run, "  %-20s %8llu  (%llu rows)%s\n", v->acts[i].act,
		    (unsigned long long)v->acts[i].entries,
		    (unsigned long long)v->acts[i].rows,
		    v->acts[i].failed > 0 ? ", some failed" : "");
}

enum err
cmd_audit_review(struct run *run, struct fail *f)
{
	struct review v = { .run = run, .list = { .run = run } };
	struct audit_query q = { 0 };
	struct retain_state state;
	enum err e = must_audit(run, f);

	if (e == OK)
		e = retain_read(&state, run->replica, 0, f);
	if (e != OK)
		return e;
	q.after_no = state.reviewed;
	e = audit_each(run->replica, &q, take, &v, f);
	if (e != OK)
		return e;
	if (run->cli->json)
		v.list.array = json_array();
	else
		review_text(&v);
	q.failed_only = true;
	q.limit = LIMIT_DEFAULT;
	if (!run->cli->json && v.failed > 0)
		run_say(run, "What failed:\n");
	e = audit_each(run->replica, &q, list_one, &v.list, f);
	if (e == OK && run->cli->json)
		e = review_json(&v, f);
	json_decref(v.list.array);
	buf_release(&v.list.name);
	if (e == OK && cli_get(run->cli, "done") != NULL && v.entries > 0)
		e = mark(run, v.last, f);
	return e;
}

/* ---- audit state, audit prune ------------------------------------------------------------ */

static void
say_state(struct run *run, const struct show_office *o)
{
	const struct retain_state *j = &o->journal;
	char from[AT_BYTES];

	show_at(from, j->extent.first_ms, 0);
	run_say(run, "entries %lld to %lld, from %s on\n",
	    (long long)j->extent.base + 1, (long long)j->extent.last, from);
	if (j->extent.base > 0)
		run_say(run, "those before were thrown away\n");
	if (j->days > 0)
		run_say(run, "kept for %lld days ([accounts] journal)\n",
		    (long long)j->days);
	else
		run_say(run, "kept for ever ([accounts] journal)\n");
	if (j->reviewed_ms == 0)
		run_say(run, "nobody has looked through it yet%s\n",
		    j->review_due ? ": it is time" : "");
	else {
		show_at(from, j->reviewed_ms, 0);
		run_say(run, "looked through up to %lld on %s%s\n",
		    (long long)j->reviewed, from,
		    j->review_due ? ": it is time again" : "");
	}
}

enum err
cmd_audit_state(struct run *run, struct fail *f)
{
	struct show_office o = { 0 };
	enum err e = must_audit(run, f);

	if (e == OK)
		e = show_office_take(&o, run, f);
	if (e != OK)
		return e;
	if (run->cli->json)
		return run_json(run, show_office_journal(&o), f);
	say_state(run, &o);
	return OK;
}

/* A dry run does it and takes it back. */
static enum err
prune(int64_t *gone, struct run *run, bool dry, struct fail *f)
{
	struct account_settings set;
	int64_t n = 0;
	enum err e;

	chores_settings(&set, run->engine);
	do {
		e = replica_begin(run->replica, f);
		if (e != OK)
			return e;
		e = retain_prune(&n, run->replica, set.journal_days, true, f);
		*gone += n;
		if (e == OK && !dry)
			e = replica_commit(run->replica, f);
		else
			replica_rollback(run->replica);
	} while (e == OK && n == AUDIT_PRUNE_MAX && !dry);
	return e;
}

enum err
cmd_audit_prune(struct run *run, struct fail *f)
{
	bool dry = cli_get(run->cli, "dry-run") != NULL;
	int64_t gone = 0;
	enum err e = actor_must_administer(run, f);

	if (e == OK)
		e = prune(&gone, run, dry, f);
	if (e != OK)
		return e;
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:I, s:b}", "pruned", (json_int_t)gone,
			"dry_run", (int)dry),
		    f);
	run_say(run, "%lld%s %s\n", (long long)gone,
	    dry && gone == AUDIT_PRUNE_MAX ? " or more entries"
		: gone == 1                ? " entry"
					   : " entries",
	    dry ? "would be thrown away" : "thrown away");
	return OK;
}
