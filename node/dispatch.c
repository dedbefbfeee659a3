/* What a command needs is checked here, once. */
#include "node/dispatch.h"

static enum err
check_needs(const struct run *run, struct fail *f)
{
	const struct cli_command *c = run->cli->command;

	if (c->need != CLI_MEMBER)
		return OK;
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
