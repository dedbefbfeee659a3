/* retention, retention confirm: closed cases that the rules keep no longer. */
#include "node/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/name.h"
#include "node/named.h"
#include "node/out.h"
#include "node/policy/active.h"
#include "node/policy/case.h"
#include "node/policy/rows.h"
#include "node/role.h"
#include "node/show_scope.h"
#include "node/view.h"
#include "sync/audit.h"

#define DUE_MAX 64 /* categories of one person */

/* One stay or period of supervision. */
struct period {
	struct row_id person, id;
	policy_day ended; /* POLICY_NO_DAY: it goes on */
	bool is_open;
};

struct person {
	struct row_id id;
	policy_day closed;
};

struct retention {
	struct run *run;
	struct arena arena;
	struct policy_pack *pack;
	bool approved;
	policy_day today;
	struct period *period;
	size_t period_count;
	struct row_id *held; /* by a request that is open */
	size_t held_count;
	/* of one person */
	struct person at;
	policy_day last_disclosure;
	const char *due[DUE_MAX];
	policy_day since[DUE_MAX];
	size_t due_count;
	int64_t rows;
	json_t *array; /* NULL: text */
	int64_t people;
};

/* ---- which cases are closed ---------------------------------------------------------- */

static bool
is_own(const struct rows *rows, const struct read_row *row)
{
	return id_equal(&row->owner, &replica_identity(rows->r)->agency);
}

static enum err
on_episode(struct rows *rows, const struct read_row *row)
{
	struct retention *x = rows->context;
	struct period *p;

	if (!is_own(rows, row))
		return OK;
	p = arena_more(rows->arena, &x->period, &x->period_count, sizeof(*p));
	if (p == NULL)
		return ERR_NOMEM;
	/* of a stay in treatment its discharge says so */
	*p = (struct period){ .person = row->subject,
		.id = row->id,
		.ended = row_day(row, "ended_on"),
		.is_open = !row_is(row, "status", "closed") };
	return OK;
}

static int
by_id(const void *a, const void *b)
{
	const struct period *x = a, *y = b;

	return memcmp(x->id.b, y->id.b, ID_BYTES);
}

static int
by_person(const void *a, const void *b)
{
	const struct period *x = a, *y = b;

	return memcmp(x->person.b, y->person.b, ID_BYTES);
}

static enum err
on_discharge(struct rows *rows, const struct read_row *row)
{
	struct retention *x = rows->context;
	struct period key = { .is_open = false }, *p;

	if (!is_own(rows, row) || !row_id_of(row, "episode_id", key.id.b) ||
	    x->period_count == 0)
		return OK;
	p = bsearch(&key, x->period, x->period_count, sizeof(*p), by_id);
	if (p == NULL)
		return OK;
	p->is_open = false;
	if (row_day(row, "discharged_on") > p->ended ||
	    p->ended == POLICY_NO_DAY)
		p->ended = row_day(row, "discharged_on");
	return OK;
}

static enum err
on_request(struct rows *rows, const struct read_row *row)
{
	struct retention *x = rows->context;
	struct row_id *to;

	if (row_is(row, "status", "closed") ||
	    row_is(row, "status", "answered"))
		return OK;
	to = arena_more(rows->arena, &x->held, &x->held_count, sizeof(*to));
	if (to == NULL)
		return ERR_NOMEM;
	*to = row->subject;
	return OK;
}

static enum err
load(struct retention *x, struct fail *f)
{
	struct rows rows = { .r = x->run->replica,
		.arena = &x->arena,
		.context = x,
		.each = on_episode };
	enum err e = rows_read(&rows, "episode", NULL, f);

	if (e == OK)
		e = rows_read(&rows, "tx_episode", NULL, f);
	if (x->period_count > 0)
		qsort(x->period, x->period_count, sizeof(*x->period), by_id);
	rows.each = on_discharge;
	if (e == OK)
		e = rows_read(&rows, "tx_discharge", NULL, f);
	if (x->period_count > 0)
		qsort(x->period, x->period_count, sizeof(*x->period),
		    by_person);
	rows.each = on_request;
	return e == OK ? rows_read(&rows, "privacy_request", NULL, f) : e;
}

/* ---- what of a closed case is due ------------------------------------------------------- */

static policy_day
years_after(policy_day day, int32_t years)
{
	int64_t days;
	int y, m, d;

	value_civil(&y, &m, &d, day);
	if (value_days(&days, y + years, m, d) != OK &&
	    value_days(&days, y + years, m, 28) != OK)
		return INT32_MAX;
	return (policy_day)days;
}

static enum err
on_scope(void *context, const struct shred_scope *s, struct fail *f)
{
	struct retention *x = context;
	size_t n = strcspn(s->category, ".");
	int32_t years = pack_retain(x->pack, s->category, n);
	bool account = strcmp(s->category, "AUD") == 0;
	policy_day from = x->at.closed, until;
	char *name;

	/* six years from the last disclosure, not from the end of the case */
	if (account && x->last_disclosure > from)
		from = x->last_disclosure;
	if (!s->ours || years < 0 || x->due_count == DUE_MAX)
		return OK;
	until = years_after(from, years);
	if (until > x->today)
		return OK;
	name = arena_take(&x->arena, strlen(s->category) + 1);
	if (name == NULL)
		return fail_code(f, ERR_NOMEM);
	memcpy(name, s->category, strlen(s->category) + 1);
	x->since[x->due_count] = until;
	x->due[x->due_count++] = name;
	for (size_t k = 0; k < s->table_count; k++)
		x->rows += s->tables[k].rows;
	return OK;
}

static enum err
on_disclosure(struct rows *rows, const struct read_row *row)
{
	struct retention *x = rows->context;
	policy_day day = row_day(row, "sent_at");

	if (day > x->last_disclosure)
		x->last_disclosure = day;
	return OK;
}

/* Nothing of a case that goes on, or that somebody asked about, is due. */
static enum err
look(struct retention *x, struct fail *f)
{
	struct shred_request q = { .subject = x->at.id, .reference = "-" };
	struct rows rows = { .r = x->run->replica,
		.arena = &x->arena,
		.context = x,
		.each = on_disclosure };
	enum err e;

	x->due_count = 0;
	x->rows = 0;
	x->last_disclosure = POLICY_NO_DAY;
	for (size_t k = 0; k < x->held_count; k++)
		if (id_equal(&x->held[k], &x->at.id))
			return OK;
	e = rows_read(&rows, "disclosure", &x->at.id, f);
	if (e == OK)
		e = shred_look(x->run->replica, &q, on_scope, x, f);
	return e == ERR_NOTFOUND ? OK : e;
}

/* The next person whose cases are all closed, from *k on. */
static bool
next_closed(struct retention *x, size_t *k)
{
	while (*k < x->period_count) {
		const struct period *first = &x->period[*k];
		bool closed = true;

		x->at = (struct person){ first->person, POLICY_NO_DAY };
		for (; *k < x->period_count &&
		     id_equal(&x->period[*k].person, &x->at.id);
		     ++*k) {
			const struct period *p = &x->period[*k];

			closed =
			    closed && !p->is_open && p->ended != POLICY_NO_DAY;
			if (p->ended > x->at.closed)
				x->at.closed = p->ended;
		}
		if (closed)
			return true;
	}
	return false;
}

/* ---- the list --------------------------------------------------------------------------------- */

static void
say_person(struct retention *x)
{
	const struct table *t =
	    registry_table(replica_registry(x->run->replica), "person");
	char closed[POLICY_DAY_CHARS], id[ID_TEXT_BYTES];
	char due[POLICY_DAY_CHARS];
	json_t *list = x->array != NULL ? json_array() : NULL;
	struct buf b = { .limit = 4096 };

	policy_day_text(closed, x->at.closed);
	hex_encode(id, x->at.id.b, ID_BYTES);
	named_show(&b, x->run, t, &x->at.id);
	if (list == NULL)
		run_say(x->run, "%s  %s, closed %s, %lld row%s\n", id,
		    buf_cstr(&b), closed, (long long)x->rows, run_s(x->rows));
	for (size_t k = 0; k < x->due_count; k++) {
		policy_day_text(due, x->since[k]);
		if (list != NULL)
			(void)json_array_append_new(list,
			    json_pack("{s:s, s:s}", "category", x->due[k],
				"kept_until", due));
		else
			run_say(x->run, "    %-20s kept until %s\n", x->due[k],
			    due);
	}
	if (list != NULL)
		(void)json_array_append_new(x->array,
		    json_pack("{s:s, s:s, s:I, s:o}", "person", id, "closed",
			closed, "rows", (json_int_t)x->rows, "due", list));
	buf_release(&b);
}

static enum err
begin(struct retention *x, struct run *run, struct row_id *staff,
    struct fail *f)
{
	enum err e = role_need(staff, run, ROLE_BITS_RECORDS,
	    "the end of keeping records", f);

	*x = (struct retention){ .run = run,
		.today = policy_today(run->replica) };
	if (e == OK)
		e = policy_active(&x->pack, &x->approved, run->replica,
		    x->today, f);
	return e == OK ? load(x, f) : e;
}

static void
end(struct retention *x)
{
	arena_release(&x->arena);
	pack_free(x->pack);
}

enum err
cmd_retention(struct run *run, struct fail *f)
{
	struct retention x;
	struct view v = { .run = NULL };
	struct row_id staff;
	enum err e = begin(&x, run, &staff, f);

	if (e == OK)
		e = view_begin(&v, run, f);
	if (e == OK && run->cli->json && (x.array = json_array()) == NULL)
		e = fail_set(f, ERR_NOMEM, "the JSON answer");
	for (size_t k = 0; e == OK && next_closed(&x, &k);) {
		e = look(&x, f);
		if (e != OK || x.due_count == 0)
			continue;
		x.people++;
		say_person(&x);
		run_flush(run);
		run_yield(run);
	}
	view_end(&v);
	if (e == OK && x.array != NULL)
		e = run_json(run, x.array, f);
	else
		json_decref(x.array);
	if (e == OK && !run->cli->json) {
		if (x.people == 0)
			run_say(run,
			    "no closed case is kept longer than the rules "
			    "say\n");
		else
			run_say(run,
			    "footbridge retention confirm PERSON destroys "
			    "what is listed, for good.\n");
		if (!x.approved)
			run_say(run,
			    "Sample rules, not approved by your counsel.\n");
	}
	run->decide = e == OK && x.people > 0;
	end(&x);
	return e;
}

/* ---- the end --------------------------------------------------------------------------------------- */

static enum err
confirm(struct retention *x, const struct row_id *person,
    const struct row_id *staff, struct fail *f)
{
	struct run *run = x->run;
	struct fail why = { .code = OK };
	char reference[LIMIT_BASIS_BYTES], day[POLICY_DAY_CHARS];
	struct shred_request q = { .subject = *person,
		.categories = x->due,
		.category_count = x->due_count,
		.reference = reference,
		.staff = *staff };
	int64_t count = 0;
	bool rekeyed;
	enum err e;

	policy_day_text(day, x->today);
	(void)snprintf(reference, sizeof(reference), "retention %.40s %.40s %s",
	    x->pack->name, x->pack->version, day);
	if (cli_get(run->cli, "dry-run") != NULL)
		return show_scope(run, &q, f);
	e = shred_order(run->replica, &q, &count, f);
	if (e != OK)
		return e;
	run->wrote = true;
	run->whole = true;
	(void)out_shred(run->replica, &rekeyed, &why);
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:s, s:I}", "order", reference, "compartments",
			(json_int_t)count),
		    f);
	run_say(run,
	    "%lld record group%s destroyed; footbridge shred status '%s' is "
	    "the certificate.\n",
	    (long long)count, run_s(count), reference);
	return OK;
}

enum err
cmd_retention_confirm(struct run *run, struct fail *f)
{
	struct retention x;
	struct row_id staff, person;
	bool found = false;
	enum err e = begin(&x, run, &staff, f);

	if (e == OK)
		e = read_subject(run->replica, &person, run_word(run, 0), f);
	for (size_t k = 0; e == OK && !found && next_closed(&x, &k);) {
		found = id_equal(&x.at.id, &person);
		if (found)
			e = look(&x, f);
	}
	if (e == OK && (!found || x.due_count == 0))
		e = fail_set(f, ERR_DENIED,
		    "nothing about this person is due: the case is open, asked "
		    "about, or still to be kept (footbridge retention lists "
		    "what is)");
	if (e == OK)
		e = confirm(&x, &person, &staff, f);
	end(&x);
	return e;
}
