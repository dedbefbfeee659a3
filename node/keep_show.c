/* Ages are by the clock of this computer, like everything that status says. */
#include "node/keep_show.h"

#include <unistd.h>

#include "node/name.h"

enum err
keep_show_take(struct keep_show *b, struct run *run, struct fail *f)
{
	const struct env *env = replica_env(run->replica);
	struct config c;
	enum err e = config_read(&c, env, run->dir, f);

	if (e == OK)
		e = keep_read(&b->state, run->replica, f);
	if (e != OK)
		return e;
	b->every_ms = c.backup_every_s * 1000;
	/* what a person wrote to a stick may rightly be away */
	b->gone = b->state.good_ms != 0 && access(b->state.file, F_OK) != 0;
	b->late = keep_is_late(&b->state, b->every_ms, env_wall_ms(env)) ||
	    (b->gone && b->state.good_ms == b->state.own_ms);
	return OK;
}

void
keep_show_say(struct run *run, const struct keep_show *b)
{
	int64_t now = env_wall_ms(replica_env(run->replica));
	struct buf good = { 0 }, checked = { 0 }, failed = { 0 };

	name_ago(&good, now, b->state.good_ms);
	name_ago(&checked, now, b->state.checked_ms);
	name_ago(&failed, now, b->state.failed_ms);
	if (b->state.good_ms == 0)
		run_say(run,
		    "backup: none yet (footbridge backup FILE; serve writes "
		    "one a day)\n");
	else
		run_say(run,
		    "backup: the last good one %s, %s; opened and verified: "
		    "%s\n",
		    buf_cstr(&good), b->state.file, buf_cstr(&checked));
	if (b->gone)
		run_say(run,
		    "  it is not there now: it was deleted, or its disk is "
		    "away\n");
	if (b->state.failed_ms != 0)
		run_say(run, "  the last try failed %s: %s\n",
		    buf_cstr(&failed), b->state.why);
	else if (b->late && !b->gone)
		run_say(run,
		    "  that is too old: is footbridge serve running "
		    "here?\n");
	buf_release(&good);
	buf_release(&checked);
	buf_release(&failed);
}

json_t *
keep_show_json(const struct keep_show *b)
{
	return json_pack("{s:I, s:s, s:b, s:I, s:I, s:s, s:b}", "good_ms",
	    (json_int_t)b->state.good_ms, "file", b->state.file, "gone",
	    b->gone, "checked_ms", (json_int_t)b->state.checked_ms, "failed_ms",
	    (json_int_t)b->state.failed_ms, "why",
	    b->state.failed_ms != 0 ? b->state.why : "", "late", b->late);
}
