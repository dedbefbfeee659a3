/* disclose: a call, a letter, a meeting, put in the account by hand. */
#include "node/cmd.h"

#include <string.h>

#include "node/ask.h"
#include "node/category.h"
#include "node/date.h"
#include "node/name.h"

static const struct {
	const char *how, *channel;
	enum policy_channel asked;
} hows[] = {
	{ "call", "phone", CHANNEL_PHONE_ },
	{ "meeting", "meeting", CHANNEL_MEETING_ },
	{ "letter", "print", CHANNEL_PRINT_ },
	{ "fax", "fax", CHANNEL_FAX_ },
};

static enum err
read_how(size_t *out, const struct run *run, struct fail *f)
{
	const char *how = cli_get(run->cli, "how");

	for (*out = 0; how != NULL && *out < COUNT_OF(hows); ++*out)
		if (strcmp(hows[*out].how, how) == 0)
			return OK;
	return fail_set(f, ERR_USAGE,
	    "disclose: say how: --how call, meeting, letter or fax");
}

/* When it was: --on, at most now. */
static enum err
read_when(int64_t *at_ms, const struct run *run, struct fail *f)
{
	const struct env *env = replica_env(run->replica);
	const char *on = cli_get(run->cli, "on");
	int64_t now = env_wall_ms(env);
	struct value v;
	enum err e;

	*at_ms = now;
	if (on == NULL)
		return OK;
	e = strlen(on) <= 10 ? date_parse(&v, on, DATE_YMD, f)
			     : date_parse_time(&v, on, DATE_YMD, f);
	if (e != OK)
		return fail_in(f, e, "--on");
	*at_ms = v.type == VALUE_DATE ? v.i * 86400000 : v.i * 60000;
	*at_ms -= (int64_t)env->offset_min(env->self) * 60000;
	if (*at_ms > now)
		return fail_set(f, ERR_INPUT,
		    "--on: what has not happened yet is not put in account");
	return OK;
}

static enum err
write_one(struct ask *x, size_t how, int64_t at_ms, struct fail *f)
{
	struct run *run = x->run;
	const char *basis = cli_get(run->cli, "basis");
	const char *what = cli_get(run->cli, "what");
	struct disclosed d = { .channel = hows[how].channel,
		.what = what != NULL ? what : "told, no record was given",
		.although = cli_get(run->cli, "although"),
		.at_ms = at_ms,
		.items = 1 };
	struct row_id made;
	enum err e = ask_fill(&d, x, f);

	if (e != OK)
		return e;
	if (x->a.reason == POLICY_PERMIT)
		d.although = NULL;
	else if (basis != NULL)
		d.basis_words = basis;
	e = disclosed_write(&made, run->replica, &d, NULL,
	    x->have_staff ? &x->staff : NULL, f);
	if (e == OK)
		run_say(run, "%-20s in the account%s%s%s\n", x->category,
		    d.notice != NULL ? "; say with it: notice " : "",
		    d.notice != NULL ? d.notice : "",
		    d.although != NULL ? "; against the rules, with its reason"
				       : "");
	return e;
}

/* All of it is permitted, or none is written. */
static enum err
check_all(struct ask *x, struct fail *f)
{
	const char *although = cli_get(x->run->cli, "although");
	const char *category;

	for (size_t k = 1; (category = run_word(x->run, k)) != NULL; k++) {
		ask_about(x, category);
		if (x->a.reason != POLICY_PERMIT &&
		    (although == NULL || although[0] == '\0'))
			return ask_refuse(x, "recorded", f);
	}
	return OK;
}

static enum err
write_all(struct ask *x, size_t how, int64_t at_ms, struct fail *f)
{
	struct replica *r = x->run->replica;
	const char *category;
	enum err e = replica_begin(r, f);

	if (e != OK)
		return e;
	for (size_t k = 1; e == OK && (category = run_word(x->run, k)) != NULL;
	     k++) {
		ask_about(x, category);
		e = write_one(x, how, at_ms, f);
	}
	if (e == OK)
		return replica_commit(r, f);
	replica_rollback(r);
	return e;
}

enum err
cmd_disclose(struct run *run, struct fail *f)
{
	struct ask x;
	size_t how;
	int64_t at_ms;
	enum err e = read_how(&how, run, f);

	if (e == OK)
		e = category_check(run, 1, "recorded", f);
	if (e == OK)
		e = read_when(&at_ms, run, f);
	if (e == OK)
		e = ask_begin(&x, run, hows[how].asked, f);
	if (e != OK)
		return e;
	e = check_all(&x, f);
	if (e == OK)
		e = write_all(&x, how, at_ms, f);
	run->wrote = run->wrote || e == OK;
	if (e == OK && !x.approved)
		run_say(run, "Sample rules, not approved by your counsel.\n");
	ask_end(&x);
	return e;
}
