/* account: who may use this computer's replica. */
#include "node/cmd.h"

#include <string.h>

#include "node/account/admin.h"
#include "node/account/factor.h"
#include "node/actor.h"
#include "node/journal.h"
#include "node/name.h"

#define HOUR_MS ((int64_t)3600 * 1000)

/* ---- what all of them do ----------------------------------------------------- */

/* by: the person who acts, for the journal; NULL: nobody by name. */
static const struct row_id *
by_whom(const struct run *run)
{
	return run->actor != NULL ? &run->actor->staff : NULL;
}

static enum err
find(struct account *a, const struct run *run, const char *name, struct fail *f)
{
	enum err e = account_find(a, run->replica, name, f);

	if (e == ERR_NOTFOUND)
		return fail_set(f, e,
		    "no account is called %.60s; footbridge account list shows "
		    "them",
		    name);
	return e;
}

/* One's own, or an administrator. */
static enum err
must_own(const struct run *run, const struct account *a, struct fail *f)
{
	enum err e;

	if (run->actor != NULL && run->actor->account == a->no)
		return OK;
	e = actor_must_administer(run, f);
	return e == OK ? actor_may_be(run, &a->staff, f) : e;
}

static enum err
end(struct run *run, enum err e, struct fail *f)
{
	if (e == OK)
		return replica_commit(run->replica, f);
	replica_rollback(run->replica);
	return e;
}

/* The new password is the first line of what was typed. */
static enum err
typed(const char **p, size_t *n, const struct run *run, struct fail *f)
{
	const uint8_t *nl;

	if (run->input == NULL || run->input_n == 0)
		return fail_set(f, ERR_INPUT, "no password was given");
	nl = memchr(run->input, '\n', run->input_n);
	*p = (const char *)run->input;
	*n = nl != NULL ? (size_t)(nl - run->input) : run->input_n;
	return OK;
}

/* A computer that people carry opens by their own slots; a server by itself. */
static bool
has_slots(const struct run *run)
{
	const struct member_node *self =
	    members_node(replica_members(run->replica),
		&replica_identity(run->replica)->node);

	return cli_get(run->cli, "slot") != NULL ||
	    (self != NULL && (self->roles & MEMBER_FIELD) != 0);
}

/* The engine's lock is not held while a password is hashed. */
static enum err
make_password(struct renewal *w, struct run *run, const char *name, bool slot,
    struct fail *f)
{
	const struct slot_keys *keys = run->engine->keys;
	const char *p = "";
	size_t n = 0;
	enum err e = typed(&p, &n, run, f);

	if (e == OK && slot && keys == NULL)
		e = fail_code(f, ERR_UNAVAILABLE);
	if (e != OK)
		return e;
	return renew_make(w, env_posix(), run->dir, name, slot ? keys : NULL, p,
	    n, f);
}

static enum err
end_password(struct renewal *w, const struct run *run, enum err e,
    struct fail *f)
{
	struct fail why = { 0 };
	enum err ended = renew_end(w, env_posix(), run->dir, e == OK, &why);

	if (e != OK || ended == OK)
		return e;
	return fail_set(f, ended, "%s", why.text);
}

static struct value
text_value(const char *text)
{
	return (struct value){ .type = VALUE_TEXT,
		.p = (const uint8_t *)text,
		.n = strlen(text) };
}

/* ---- account add --------------------------------------------------------------- */

static enum err
write_staff(struct row_id *out, struct run *run, const char *name,
    struct fail *f)
{
	const struct table *t =
	    registry_table(replica_registry(run->replica), "staff");
	struct write_field field = { table_field(t, "name"),
		{ .type = VALUE_TEXT,
		    .p = (const uint8_t *)name,
		    .n = strlen(name) } };
	struct write_request q = { .table = t,
		.fields = &field,
		.field_count = 1,
		.staff = by_whom(run) };
	int64_t draft;

	run->wrote = true;
	return write_row(run->replica, out, &draft, &q, f);
}

struct namesake {
	struct row_id id;
	size_t count;
};

static bool
take_namesake(void *context, const struct read_row *row)
{
	struct namesake *x = context;

	x->id = row->id;
	return ++x->count < 2;
}

/* --staff, else the staff row of that name, else a new one. */
static enum err
staff_of(struct row_id *out, struct run *run, const char *name, struct fail *f)
{
	const struct table *t =
	    registry_table(replica_registry(run->replica), "staff");
	const char *staff = cli_get(run->cli, "staff");
	struct read_filter filter = { .value = text_value(name) };
	struct read_query q = { .table = t,
		.filters = &filter,
		.filter_count = 1 };
	struct namesake x = { 0 };
	enum err e;

	if (t == NULL || table_field(t, "name") == NULL)
		return fail_set(f, ERR_INPUT, "this schema has no staff");
	if (staff != NULL) {
		e = name_named(out, run, t, staff, f);
		return e == OK ? actor_may_be(run, out, f) : e;
	}
	filter.field = table_field(t, "name");
	e = read_list(run->replica, &q, take_namesake, &x, f);
	if (e == OK && x.count > 1)
		e = fail_set(f, ERR_INPUT,
		    "more than one of the staff has this name: say which with "
		    "--staff ID");
	if (e != OK)
		return e;
	*out = x.id;
	return x.count == 1 ? actor_may_be(run, out, f)
			    : write_staff(out, run, name, f);
}

static enum err
read_new(struct account_new *q, const struct run *run, struct fail *f)
{
	const char *hours = cli_get(run->cli, "hours");
	int64_t n = 0;
	enum err e = OK;

	*q = (struct account_new){ .name = run_word(run, 0),
		.administrator = cli_get(run->cli, "administrator") != NULL };
	if (hours != NULL)
		e = cli_number(&n, hours, 1, ACCOUNT_TEMPORARY_HOURS, "--hours",
		    f);
	if (n > 0)
		q->ends_ms = env_wall_ms(env_posix()) + n * HOUR_MS;
	return e;
}

static enum err
add_it(int64_t *no, struct run *run, struct account_new *q, struct renewal *w,
    struct fail *f)
{
	enum err e = replica_begin(run->replica, f);

	if (e != OK)
		return e;
	e = staff_of(&q->staff, run, q->name, f);
	if (e == OK)
		e = admin_add(no, run->replica, q, w, by_whom(run), f);
	return end(run, e, f);
}

enum err
cmd_account_add(struct run *run, struct fail *f)
{
	struct account_new q;
	struct renewal w = { 0 };
	int64_t no = 0;
	bool slot;
	enum err e = read_new(&q, run, f);

	engine_lock(run->engine);
	if (e == OK)
		e = actor_must_administer(run, f);
	slot = has_slots(run);
	q.must_replace = run->actor != NULL;
	engine_unlock(run->engine);
	if (e == OK)
		e = make_password(&w, run, q.name, slot, f);
	if (e != OK)
		return e;
	engine_lock(run->engine);
	e = add_it(&no, run, &q, &w, f);
	if (run->wrote)
		engine_changed(run->engine);
	engine_unlock(run->engine);
	e = end_password(&w, run, e, f);
	if (e != OK)
		return e;
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:I, s:s, s:b}", "account", (json_int_t)no,
			"name", q.name, "slot", slot),
		    f);
	run_say(run, "%s may use this computer%s%s.\n", q.name,
	    q.administrator ? ", as an administrator" : "",
	    q.ends_ms != 0 ? ", for a while" : "");
	return OK;
}

/* ---- account list ---------------------------------------------------------------- */

struct listing {
	struct run *run;
	json_t *array;
};

static const char *
state_of(const struct account *a, int64_t now)
{
	if (a->disabled_ms != 0)
		return "disabled";
	if (a->ends_ms != 0 && a->ends_ms <= now)
		return "ended";
	if (a->unused_ms != 0)
		return "unused";
	return a->locked_ms != 0 ? "locked" : "open";
}

/* Whole days since it was used. */
static int64_t
unused_days(const struct account *a, int64_t now)
{
	return now > a->used_ms ? (now - a->used_ms) / (24 * HOUR_MS) : 0;
}

static bool
list_one(void *context, const struct account *a)
{
	struct listing *l = context;
	struct run *run = l->run;
	char seen[NAME_TIME_BYTES] = "never", used[NAME_TIME_BYTES];
	int64_t now = env_wall_ms(env_posix());
	const char *state = state_of(a, now);

	if (a->sign_in_ms != 0)
		name_time(seen, a->sign_in_ms, 0);
	name_time(used, a->used_ms, 0);
	if (l->array != NULL) {
		(void)json_array_append_new(l->array,
		    json_pack("{s:I, s:s, s:s, s:b, s:b, s:b, s:I, s:s, s:s, "
			      "s:I}",
			"n", (json_int_t)a->no, "name", a->name, "state", state,
			"administrator", a->administrator, "slot", a->has_slot,
			"second_factor", a->has_totp, "failures",
			(json_int_t)a->failures, "signed_in", seen, "used",
			used, "unused_days", (json_int_t)unused_days(a, now)));
		return true;
	}
	run_say(run, "%lld  %-24s %-8s %s%s, signed in %s, used %s\n",
	    (long long)a->no, a->name, state,
	    a->administrator ? "administrator, " : "",
	    a->has_totp ? "second factor" : "no second factor", seen, used);
	return true;
}

enum err
cmd_account_list(struct run *run, struct fail *f)
{
	struct listing l = { .run = run };
	enum err e = actor_must_administer(run, f);

	if (e != OK)
		return e;
	if (run->cli->json)
		l.array = json_array();
	e = account_each(run->replica, list_one, &l, f);
	if (e == OK && l.array != NULL)
		return run_json(run, l.array, f);
	json_decref(l.array);
	return e;
}

/* ---- account disable, release ------------------------------------------------------ */

enum err
cmd_account_disable(struct run *run, struct fail *f)
{
	struct account a;
	enum err e = actor_must_administer(run, f);

	if (e == OK)
		e = find(&a, run, run_word(run, 0), f);
	if (e == OK)
		e = replica_begin(run->replica, f);
	if (e != OK)
		return e;
	e = end(run, admin_disable(&a, run->replica, by_whom(run), f), f);
	if (e == OK)
		e = renew_close(&a, env_posix(), run->dir, f);
	account_wipe(&a);
	if (e != OK)
		return e;
	if (run->cli->json)
		return run_json(run, json_pack("{s:b}", "disabled", 1), f);
	run_say(run,
	    "%s cannot use this computer any more. What that person could read "
	    "on it was not taken back.\n",
	    run_word(run, 0));
	return OK;
}

enum err
cmd_account_release(struct run *run, struct fail *f)
{
	struct account a;
	enum err e = actor_must_administer(run, f);

	if (e == OK)
		e = find(&a, run, run_word(run, 0), f);
	if (e == OK)
		e = replica_begin(run->replica, f);
	if (e != OK)
		return e;
	e = end(run, admin_release(&a, run->replica, by_whom(run), f), f);
	account_wipe(&a);
	if (e != OK)
		return e;
	if (run->cli->json)
		return run_json(run, json_pack("{s:b}", "released", 1), f);
	run_say(run, "%s can sign in again.\n", run_word(run, 0));
	return OK;
}

/* ---- account password ---------------------------------------------------------------- */

/* Another password is whose? Lock held. */
static enum err
may_set(const struct run *run, const struct account *a, bool *own,
    struct fail *f)
{
	*own = run->actor != NULL && run->actor->account == a->no;
	if (a->disabled_ms != 0)
		return fail_set(f, ERR_DENIED, "this account is disabled");
	return must_own(run, a, f);
}

/* While the password was hashed the account may have been disabled, locked, or
 * got another second factor: what it is by now is what changes. */
static enum err
give_password(struct account *a, struct run *run, struct renewal *w, bool *own,
    struct fail *f)
{
	enum err e = account_get(a, run->replica, a->no, f);

	if (e == OK)
		e = may_set(run, a, own, f);
	return e == OK
	    ? admin_password(a, run->replica, w, !*own, by_whom(run), f)
	    : e;
}

enum err
cmd_account_password(struct run *run, struct fail *f)
{
	struct account a = { 0 };
	struct renewal w = { 0 };
	bool own = false;
	enum err e;

	engine_lock(run->engine);
	e = find(&a, run, run_word(run, 0), f);
	if (e == OK)
		e = may_set(run, &a, &own, f);
	engine_unlock(run->engine);
	if (e == OK)
		e = make_password(&w, run, a.name, a.has_slot || has_slots(run),
		    f);
	if (e != OK)
		return e;
	engine_lock(run->engine);
	e = replica_begin(run->replica, f);
	if (e == OK)
		e = end(run, give_password(&a, run, &w, &own, f), f);
	engine_unlock(run->engine);
	account_wipe(&a);
	e = end_password(&w, run, e, f);
	if (e != OK)
		return e;
	if (run->cli->json)
		return run_json(run, json_pack("{s:b}", "changed", 1), f);
	run_say(run, "%s has a new password%s.\n", run_word(run, 0),
	    own ? "" : ", to be replaced at the first sign-in");
	return OK;
}

/* ---- account totp, recovery -------------------------------------------------------------- */

static enum err
say_codes(struct run *run, const struct buf *codes, struct fail *f)
{
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:s#}", "recovery_codes", codes->p,
			(int)codes->n),
		    f);
	run_say(run,
	    "Each of these stands in for the authenticator once. They are "
	    "shown only now; write them on paper:\n%.*s",
	    (int)codes->n, (const char *)codes->p);
	return OK;
}

static enum err
begin_totp(struct run *run, const struct account *a, struct fail *f)
{
	struct buf secret = { 0 }, uri = { 0 };
	enum err e =
	    end(run, factor_begin(run->replica, a->no, &secret, &uri, f), f);

	if (e == OK && run->cli->json)
		e = run_json(run,
		    json_pack("{s:s, s:s}", "secret", buf_cstr(&secret), "uri",
			buf_cstr(&uri)),
		    f);
	else if (e == OK)
		run_say(run,
		    "Type or scan this in an authenticator:\n  %s\n  %s\nThen: "
		    "footbridge account totp NAME --confirm CODE\n",
		    buf_cstr(&secret), buf_cstr(&uri));
	buf_release(&secret);
	buf_release(&uri);
	return e;
}

enum err
cmd_account_totp(struct run *run, struct fail *f)
{
	const char *code = cli_get(run->cli, "confirm");
	struct buf codes = { 0 };
	struct account a = { 0 };
	enum err e = find(&a, run, run_word(run, 0), f);

	if (e == OK)
		e = must_own(run, &a, f);
	if (e == OK)
		e = replica_begin(run->replica, f);
	if (e != OK)
		return e;
	if (cli_get(run->cli, "remove") != NULL) {
		e = end(run,
		    factor_remove(run->replica, a.no, by_whom(run), "command",
			f),
		    f);
		if (e == OK && run->cli->json)
			e = run_json(run, json_pack("{s:b}", "removed", 1), f);
	} else if (code != NULL) {
		e = end(run,
		    factor_end(run->replica, a.no, code, by_whom(run),
			"command", &codes, f),
		    f);
		if (e == OK)
			e = say_codes(run, &codes, f);
	} else {
		e = begin_totp(run, &a, f);
	}
	account_wipe(&a);
	buf_release(&codes);
	return e;
}

enum err
cmd_account_recovery(struct run *run, struct fail *f)
{
	struct buf codes = { 0 };
	struct account a = { 0 };
	enum err e = find(&a, run, run_word(run, 0), f);

	if (e == OK)
		e = must_own(run, &a, f);
	if (e == OK)
		e = replica_begin(run->replica, f);
	if (e != OK)
		return e;
	e = end(run,
	    factor_codes(run->replica, a.no, by_whom(run), "command", &codes,
		f),
	    f);
	if (e == OK)
		e = say_codes(run, &codes, f);
	account_wipe(&a);
	buf_release(&codes);
	return e;
}
