/* notices, notices done, notices waive: what people have to be told, and that they
 * were. */
#include "node/cmd.h"

#include <string.h>

#include "node/date.h"
#include "node/entry.h"
#include "node/informing.h"
#include "node/name.h"
#include "node/named.h"
#include "node/policy/case.h"
#include "node/role.h"
#include "node/view.h"
#include "sync/audit.h"

struct owing {
	struct run *run;
	struct arena arena;
	struct informing *list;
	size_t count;
	struct row_id staff;
	json_t *array; /* NULL: text */
	int64_t open;
};

static enum err
begin(struct owing *x, const char *what, struct fail *f)
{
	enum err e = role_need(&x->staff, x->run, ROLE_BITS_RECORDS, what, f);

	return e == OK
	    ? informing_load(&x->list, &x->count, x->run->replica, &x->arena, f)
	    : e;
}

/* ---- the list ----------------------------------------------------------------- */

static void
say_one(struct owing *x, const struct informing *n)
{
	const struct table *t =
	    registry_table(replica_registry(x->run->replica), "person");
	const char *about = n->breach ? "lost computer" : "emergency";
	char known[POLICY_DAY_CHARS], due[POLICY_DAY_CHARS] = "";
	char id[ID_TEXT_BYTES];
	struct buf who = { .limit = 4096 };

	policy_day_text(known, n->known);
	if (n->due != POLICY_NO_DAY)
		policy_day_text(due, n->due);
	hex_encode(id, n->id.b, ID_BYTES);
	named_show(&who, x->run, t, &n->person);
	if (x->array != NULL)
		(void)json_array_append_new(x->array,
		    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "id",
			id, "person", buf_cstr(&who), "about", about, "machine",
			n->machine, "categories", n->categories, "known", known,
			"due", due, "late", n->late));
	else
		run_say(x->run, "%s  %-13s %s%s%s, known %s, due %s%s\n", id,
		    about, buf_cstr(&who), n->machine[0] != '\0' ? ", on " : "",
		    n->machine, known, due, n->late ? ", LATE" : "");
	buf_release(&who);
}

enum err
cmd_notices(struct run *run, struct fail *f)
{
	struct owing x = { .run = run };
	struct view v = { .run = NULL };
	enum err e = begin(&x, "what people have to be told", f);

	if (e == OK)
		e = view_begin(&v, run, f);
	if (e == OK && run->cli->json && (x.array = json_array()) == NULL)
		e = fail_set(f, ERR_NOMEM, "the JSON answer");
	for (size_t k = 0; e == OK && k < x.count; k++) {
		if (!x.list[k].waits)
			continue;
		run->decide = run->decide || x.list[k].late;
		x.open++;
		say_one(&x, &x.list[k]);
	}
	view_end(&v);
	arena_release(&x.arena);
	if (e == OK && x.array != NULL)
		return run_json(run, x.array, f);
	json_decref(x.array);
	if (e == OK && x.open == 0)
		run_say(run, "nobody has to be told anything\n");
	return e;
}

/* ---- settling one --------------------------------------------------------------- */

static enum err
find(struct informing **out, struct owing *x, struct fail *f)
{
	const struct table *t =
	    registry_table(replica_registry(x->run->replica), "person_notice");
	struct row_id id;
	enum err e = name_row(&id, x->run, t, run_word(x->run, 0), f);

	for (size_t k = 0; e == OK && k < x->count; k++) {
		if (!id_equal(&x->list[k].id, &id))
			continue;
		*out = &x->list[k];
		return x->list[k].waits
		    ? OK
		    : fail_set(f, ERR_INPUT,
			  "that notice is settled already: %s",
			  x->list[k].state);
	}
	return e != OK
	    ? e
	    : fail_set(f, ERR_NOTFOUND, "there is no such notice here");
}

static enum err
settle(struct owing *x, const struct informing *n, struct entry *row,
    struct fail *f)
{
	struct replica *r = x->run->replica;
	struct audit_entry what = { .act = "notices",
		.staff = &x->staff,
		.subject = &n->person };
	enum err e = replica_begin(r, f);

	if (e != OK)
		return e;
	entry_id(row, "staff_id", x->staff.b);
	e = entry_set(row, &n->id, &x->staff, f);
	if (e == OK)
		e = audit_write(r, &what, f);
	if (e == OK)
		e = replica_commit(r, f);
	else
		replica_rollback(r);
	x->run->wrote = e == OK;
	return e;
}

static enum err
read_day(policy_day *out, const struct owing *x, struct fail *f)
{
	const char *on = cli_get(x->run->cli, "on");
	policy_day today = policy_today(x->run->replica);
	struct value v;
	enum err e;

	*out = today;
	if (on == NULL)
		return OK;
	e = date_parse(&v, on, DATE_YMD, f);
	if (e != OK)
		return fail_in(f, e, "--on");
	if (v.i > today)
		return fail_set(f, ERR_INPUT,
		    "--on: that day has not come yet; nothing was recorded");
	*out = (policy_day)v.i;
	return OK;
}

enum err
cmd_notices_done(struct run *run, struct fail *f)
{
	struct owing x = { .run = run };
	struct informing *n = NULL;
	struct entry row;
	policy_day day = POLICY_NO_DAY;
	enum err e = begin(&x, "recording that a person was told", f);

	if (e == OK)
		e = find(&n, &x, f);
	if (e == OK)
		e = read_day(&day, &x, f);
	if (e == OK) {
		entry_begin(&row, run->replica, "person_notice");
		entry_text(&row, "state", "informed");
		entry_day(&row, "informed_on", day);
		entry_text(&row, "channel", cli_get(run->cli, "how"));
		e = settle(&x, n, &row, f);
	}
	arena_release(&x.arena);
	if (e == OK)
		run_say(run, run->cli->json ? "{}\n" : "recorded\n");
	return e;
}

enum err
cmd_notices_waive(struct run *run, struct fail *f)
{
	struct owing x = { .run = run };
	const char *reason = cli_get(run->cli, "reason");
	struct informing *n = NULL;
	struct entry row;
	enum err e = begin(&x, "deciding that a person is not told", f);

	if (e == OK && (reason == NULL || strlen(reason) < 10))
		e = fail_set(f, ERR_USAGE,
		    "--reason: say in a sentence why nobody is told");
	if (e == OK)
		e = find(&n, &x, f);
	if (e == OK) {
		entry_begin(&row, run->replica, "person_notice");
		entry_text(&row, "state", "not_required");
		entry_text(&row, "reason", reason);
		e = settle(&x, n, &row, f);
	}
	arena_release(&x.arena);
	if (e == OK)
		run_say(run, run->cli->json ? "{}\n" : "recorded\n");
	return e;
}
