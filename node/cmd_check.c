/* verify, compact, rebuild. */
#include "node/cmd.h"

#include "node/account/head.h"
#include "node/name.h"
#include "sync/audit.h"
#include "sync/compact.h"
#include "sync/db.h"
#include "sync/log.h"

enum err
cmd_verify(struct run *run, struct fail *f)
{
	bool deep = cli_get(run->cli, "deep") != NULL;
	struct log_verifying v = { 0 };
	bool done = false;
	int64_t journal = 0, days = 0, differs = 0;
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
	if (e == OK)
		e = audit_verify(run->replica, &journal, f);
	if (e == OK)
		e = head_compare(&days, &differs, run->replica, f);
	if (e != OK)
		return e;
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:b, s:I, s:b, s:I, s:I}", "ok", 1, "segments",
			(json_int_t)v.checked, "deep", deep, "journal",
			(json_int_t)journal, "journal_differs",
			(json_int_t)differs),
		    f);
	run_say(run,
	    "in order: %lld signed log entr%s, their chains and signatures%s; "
	    "%lld of the journal of who did what\n",
	    (long long)v.checked, v.checked == 1 ? "y" : "ies",
	    deep ? ", and every table agrees with the log" : "",
	    (long long)journal);
	if (differs > 0)
		run_say(run,
		    "but on %lld of %lld days this computer said another "
		    "journal than it has: it was restored since, or somebody "
		    "cut or rewrote it\n",
		    (long long)differs, (long long)days);
	return OK;
}

/* ---- compact ---- */

struct freed {
	int64_t before_bytes, after_bytes; /* of the database file */
	struct compacting work;
};

static enum err
cut_all(struct run *run, struct freed *out, struct fail *f)
{
	bool done = false;
	enum err e = OK;

	while (e == OK && !done) {
		run_yield(run);
		run_progress(run, "looking at what is passed on: %lld cut",
		    (long long)out->work.cut);
		e = compact_step(run->replica, &out->work, &done, f);
	}
	run_progress(run, "%s", "");
	return e;
}

static enum err
trim_all(struct run *run, struct freed *out, struct fail *f)
{
	struct db *db = replica_db(run->replica);
	int64_t left = 0, last;
	enum err e;

	do {
		last = left;
		run_yield(run);
		e = db_trim_step(db, &left, f);
		run_progress(run, "giving back %lld unused pages",
		    (long long)left);
	} while (e == OK && left > 0 && left != last);
	run_progress(run, "%s", "");
	if (e == OK)
		e = db_checkpoint(db, f);
	return e == OK ? db_file_bytes(db, &out->after_bytes, f) : e;
}

static void
say_kept(struct run *run, const struct compacting *k)
{
	char text[ID_TEXT_BYTES];

	if (k->unsigned_for > 0)
		run_say(run,
		    "%lld kept whole: not everybody who reads %s has signed for"
		    " %s yet, %s for one\n",
		    (long long)k->unsigned_for,
		    k->unsigned_for == 1 ? "it" : "them",
		    k->unsigned_for == 1 ? "it" : "them",
		    name_of_node(run, &k->waits_for, text));
	if (k->alone > 0)
		run_say(run,
		    "%lld kept whole: one computer has %s besides this one\n",
		    (long long)k->alone, k->alone == 1 ? "it" : "them");
	if (k->unswept > 0)
		run_say(run,
		    "%lld kept whole until a comparison with the owner's office"
		    " finds nothing missing (footbridge sync --sweep)\n",
		    (long long)k->unswept);
}

enum err
cmd_compact(struct run *run, struct fail *f)
{
	struct freed freed = { 0 };
	const struct compacting *k = &freed.work;
	enum err e =
	    db_file_bytes(replica_db(run->replica), &freed.before_bytes, f);

	if (e == OK)
		e = cut_all(run, &freed, f);
	if (e == OK)
		e = trim_all(run, &freed, f);
	if (e != OK)
		return e;
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "cut",
			(json_int_t)k->cut, "cut_bytes",
			(json_int_t)k->cut_bytes, "kept_unsigned",
			(json_int_t)k->unsigned_for, "kept_unswept",
			(json_int_t)k->unswept, "kept_alone",
			(json_int_t)k->alone, "before_bytes",
			(json_int_t)freed.before_bytes, "after_bytes",
			(json_int_t)freed.after_bytes),
		    f);
	if (k->cut > 0)
		run_say(run,
		    "%lld entr%s that this node only passes on: content given"
		    " up, %lld bytes. All who read %s have signed for %s; "
		    "whoever loses one gets it from its owner\n",
		    (long long)k->cut, k->cut == 1 ? "y" : "ies",
		    (long long)k->cut_bytes, k->cut == 1 ? "it" : "them",
		    k->cut == 1 ? "it" : "them");
	say_kept(run, k);
	run_say(run, "the database has %lld bytes, %lld less than before\n",
	    (long long)freed.after_bytes,
	    (long long)(freed.before_bytes - freed.after_bytes));
	return OK;
}

/* ---- rebuild ---- */

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
