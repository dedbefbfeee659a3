/* verify, rebuild. */
#include "node/cmd.h"

#include "sync/db.h"
#include "sync/log.h"

enum err
cmd_verify(struct run *run, struct fail *f)
{
	bool deep = cli_get(run->cli, "deep") != NULL;
	struct log_verifying v = { 0 };
	bool done = false;
	enum err e;

	run_progress(run, "checking the database");
	e = db_integrity(replica_db(run->replica), f);
	while (e == OK && !done) {
		run_yield(run);
		run_progress(run, "checking the log: %lld segments",
		    (long long)v.checked);
		e = log_verify_step(run->replica, &v, deep, &done, f);
	}
	run_progress(run, "%s", "");
	if (e != OK)
		return e;
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:b, s:I, s:b}", "ok", 1, "segments",
			(json_int_t)v.checked, "deep", deep),
		    f);
	run_say(run,
	    "in order: %lld signed log entr%s, their chains and signatures%s\n",
	    (long long)v.checked, v.checked == 1 ? "y" : "ies",
	    deep ? ", and every table agrees with the log" : "");
	return OK;
}

enum err
cmd_rebuild(struct run *run, struct fail *f)
{
	enum err e;

	run_progress(run, "making every table again from the log");
	e = replica_rebuild(run->replica, f);
	run_progress(run, "%s", "");
	if (e != OK)
		return e;
	run->wrote = true;
	if (run->cli->json)
		return run_json(run, json_pack("{s:b}", "rebuilt", 1), f);
	run_say(run, "every table was made again from the log\n");
	return OK;
}
