#include "node/chores.h"

#include "node/account/retain.h"
#include "node/account/unused.h"
#include "sync/reserve.h"

void
chores_settings(struct account_settings *out, const struct engine *e)
{
	if (e != NULL && e->accounts != NULL)
		*out = *e->accounts;
	else
		account_defaults(out);
}

enum err
chores_round(struct engine *engine, struct fail *f)
{
	struct account_settings set;
	int64_t pruned;
	enum err e;

	chores_settings(&set, engine);
	reserve_fill(replica_env(engine->replica),
	    replica_dir(engine->replica));
	e = unused_close(engine->replica, set.unused_days, f);
	return e == OK
	    ? retain_prune(&pruned, engine->replica, set.journal_days, false, f)
	    : e;
}
