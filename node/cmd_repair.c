/* repair. */
#include "node/cmd.h"

#include "node/open.h"
#include "sync/repair.h"

static void
say_repaired(struct run *run, const struct repair_facts *facts)
{
	run_say(run,
	    "repaired: %llu log entr%s and %llu unsent taken over, every table "
	    "made again. The damaged file is kept as %s/" REPAIR_ASIDE
	    "; remove it when all is well\n",
	    (unsigned long long)facts->segments,
	    facts->segments == 1 ? "y" : "ies",
	    (unsigned long long)facts->unsealed, run->dir);
	if (facts->log_lost)
		run_say(run,
		    "Part of the log could not be read. What others have of it "
		    "comes back from them; records are closed until then. "
		    "Next: footbridge --dir %s sync\n",
		    run->dir);
	else
		run_say(run, "Nothing of the log was lost.\n");
	if (facts->local_lost)
		run_say(run,
		    "Part of what only this computer knows could not be read: "
		    "addresses of peers, drafts, import lists, invites. "
		    "footbridge peers shows what is left.\n");
	if (facts->journal_lost)
		run_say(run,
		    "Part of the journal of who did what could not be read; "
		    "what could is there, and verify says from where on it is "
		    "not proved any more.\n");
	if (facts->own_lost)
		run_say(run,
		    "Part of the accounts of this computer could not be read. "
		    "Passwords of those that are missing open nothing now: "
		    "open it with the recovery code or a key file, look at "
		    "footbridge account list, and add who is missing.\n");
	else
		run_say(run,
		    "All accounts are there; who was signed in on the page "
		    "signs in again.\n");
}

enum err
cmd_repair(struct run *run, struct fail *f)
{
	struct repair_facts facts;
	struct open_with w = { 0 };
	enum err e = open_prepare(&w, run->dir, f);

	if (e == OK)
		e = open_unlock(&w, run->cli, run->dir, f);
	if (e == OK) {
		run_progress(run, "reading what can be read");
		e = repair_replica(&facts, run->dir, &w.options, f);
		run_progress(run, "%s", "");
	}
	open_forget(&w);
	if (e != OK)
		return e;
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:I, s:I, s:b, s:b, s:b, s:b, s:s}", "segments",
			(json_int_t)facts.segments, "unsent",
			(json_int_t)facts.unsealed, "log_lost",
			(int)facts.log_lost, "local_lost",
			(int)facts.local_lost, "journal_lost",
			(int)facts.journal_lost, "accounts_lost",
			(int)facts.own_lost, "aside", REPAIR_ASIDE),
		    f);
	say_repaired(run, &facts);
	return OK;
}
