/* What a command needs is checked here, once. */
#include "node/dispatch.h"

#include <string.h>

#include "node/out.h"
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

enum err
dispatch_run(struct run *run, struct fail *f)
{
	const struct cli_command *c = run->cli->command;
	bool locked = run->engine != NULL && (c->flags & CLI_UNLOCKED) == 0;
	enum err e;

	if (run->engine != NULL) {
		run->replica = run->engine->replica;
		engine_lock(run->engine);
	}
	e = check_needs(run, f);
	if (run->engine != NULL && !locked)
		engine_unlock(run->engine);
	if (e == OK)
		e = c->run(run, f);
	if (e == OK && run->out.err != OK)
		e = fail_set(f, run->out.err,
		    "the answer is too long to be kept");
	if (!locked)
		return e;
	if (run->wrote)
		engine_changed(run->engine);
	engine_unlock(run->engine);
	return e;
}
