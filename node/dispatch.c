/* What a command needs is checked here, once. */
#include "node/dispatch.h"

#include <string.h>

#include "node/actor.h"
#include "node/driver.h"
#include "node/journal.h"
#include "node/out.h"
#include "node/prove.h"
#include "node/settle.h"
#include "sync/reserve.h"
#include "sync/revoke.h"

/* A node that was taken out says so, and nothing else is done with it. */
static enum err
check_is_in(const struct run *run, struct fail *f)
{
	const struct cli_command *c = run->cli->command;
	struct buf words = { 0 };
	enum err e;

	if (run->replica == NULL || (c->flags & CLI_OUT) != 0)
		return OK;
	e = out_obey(run->replica, f);
	if (e == OK && replica_identity(run->replica)->is_forgotten) {
		e = revoke_words(run->replica, &words, f);
		if (e == OK)
			e = fail_set(f, ERR_REVOKED,
			    "%s. Join anew in another directory",
			    buf_cstr(&words));
	}
	buf_release(&words);
	return e;
}

static enum err
check_needs(const struct run *run, struct fail *f)
{
	const struct cli_command *c = run->cli->command;
	enum err e = check_is_in(run, f);

	if (e != OK || c->need != CLI_MEMBER)
		return e;
	if (members_node(replica_members(run->replica),
		&replica_identity(run->replica)->node) == NULL ||
	    replica_kind(run->replica) < 0)
		return fail_set(f, ERR_DENIED,
		    "this replica belongs to no network yet: run its join "
		    "again, or import the answer to its request");
	return OK;
}

/* Who is it, may that be, and what is to be written down? Lock held. */
static enum err
begin(struct run *run, struct fail *f)
{
	unsigned flags = run->cli->command->flags;
	enum err e = check_needs(run, f);

	if ((flags & (CLI_READS | CLI_PROVES)) != 0 && run->replica != NULL)
		reserve_ready(run->replica);
	if (e == OK)
		e = actor_begin(run, f);
	if (e == OK && (flags & CLI_ACTS) != 0)
		e = journal_act(run, OK, f);
	/* the page writes down by itself what a request shows */
	run->journal.wanted =
	    e == OK && (flags & CLI_READS) != 0 && run->session == NULL;
	return e;
}

/* Who tried what is not for them; the page writes down its own (api.c). */
static void
note_refused(struct run *run)
{
	if (run->session == NULL && run->replica != NULL)
		(void)journal_act(run, ERR_DENIED, NULL);
}

/* What was shown, or done in vain, is written down, or it was not done. */
static enum err
settle(struct run *run, enum err e, struct fail *f)
{
	struct fail why = { 0 };
	enum err s = run->journal.err;

	if (s == OK)
		s = journal_settle(run, e, &why);
	else
		why = run->journal.fail;
	if (s != OK) {
		buf_reset(&run->out);
		return fail_set(f, s, "%s", why.text);
	}
	if (e != OK && (run->cli->command->flags & CLI_ACTS) != 0)
		(void)journal_act(run, e, NULL);
	else if (e == ERR_DENIED && !run->journal.wanted)
		note_refused(run);
	return e;
}

/* The lock is held but for commands that wait for the network. */
static enum err
call(struct run *run, bool locked, struct fail *f)
{
	enum err e;

	if (!locked)
		engine_unlock(run->engine);
	else
		audit_from(run->replica,
		    run->origin != NULL ? run->origin : "command");
	e = run->cli->command->run(run, f);
	if (!locked)
		engine_lock(run->engine);
	/* it may have been opened again */
	run->replica = run->engine->replica;
	if (locked && run->replica != NULL)
		audit_from(run->replica, "");
	return run->replica != NULL ? settle(run, e, f) : e;
}

static enum err
call_alone(struct run *run, struct fail *f)
{
	enum err e = check_needs(run, f);

	return e == OK ? run->cli->command->run(run, f) : e;
}

/* In a daemon a thread does what policy wants. */
static bool
is_alone(const struct run *run)
{
	return run->replica != NULL && run->with != NULL;
}

/* A day may have begun since the last command. */
static bool
sends(const struct cli_command *c)
{
	return strcmp(c->name, "sync") == 0 ||
	    strcmp(c->name, "bundle export") == 0;
}

/* A decision or a proposal may give something back or away. */
static bool
settles(const struct cli_command *c)
{
	return strcmp(c->name, "resolve") == 0 ||
	    strcmp(c->name, "accept") == 0;
}

static bool
proves(struct run *run)
{
	const struct cli_command *c = run->cli->command;

	return run->session == NULL &&
	    ((c->flags & CLI_PROVES) != 0 ||
		(settles(c) && settle_proves(run)) ||
		(c->proves != NULL && c->proves(run)));
}

enum err
dispatch_run(struct run *run, struct fail *f)
{
	const struct cli_command *c = run->cli->command;
	bool locked = (c->flags & CLI_UNLOCKED) == 0;
	enum err e;

	if (run->engine == NULL) {
		e = call_alone(run, f);
	} else if (proves(run) && (e = prove_again(run, f)) != OK) {
		return e;
	} else {
		engine_lock(run->engine);
		run->replica = run->engine->replica;
		e = begin(run, f);
		if (e == ERR_DENIED)
			note_refused(run);
		if (e == OK && is_alone(run) && sends(c))
			driver_now(run);
		if (e == OK)
			e = call(run, locked, f);
		if (e == OK && locked && run->wrote && is_alone(run) &&
		    c->need == CLI_MEMBER)
			driver_now(run);
		actor_end(run);
		if (locked && run->wrote)
			engine_changed(run->engine);
		engine_unlock(run->engine);
	}
	if (e == OK && run->out.err != OK)
		e = fail_set(f, run->out.err,
		    "the answer is too long to be kept");
	return e;
}
