/* backup, restore. */
#include "node/cmd.h"

#include <stdio.h>
#include <string.h>

#include "node/keep.h"
#include "node/name.h"
#include "node/open.h"
#include "sync/backup.h"

static json_t *
facts_json(const struct backup_facts *facts, const char *file)
{
	char at[NAME_TIME_BYTES], node[ID_TEXT_BYTES];

	name_time(at, facts->made_ms, 0);
	hex_encode(node, facts->node.b, ID_BYTES);
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "file", file, "made",
	    at, "node_id", node, "segments", (json_int_t)facts->segments,
	    "members", (json_int_t)facts->members, "bytes",
	    (json_int_t)facts->bytes);
}

/* ---- backup ---- */

/* The file that was named, or for --check the newest in the folder. */
static enum err
file_of(char path[static KEEP_PATH_BYTES], struct run *run,
    const struct open_with *w, struct fail *f)
{
	const char *name = run_word(run, 0);
	struct buf b = { 0 };
	char room[KEEP_PATH_BYTES];
	struct node_id node;
	enum err e = OK;

	if (name != NULL) {
		int n = snprintf(path, KEEP_PATH_BYTES, "%s",
		    run_path(run, &b, name));

		if (n < 0 || n >= KEEP_PATH_BYTES)
			e = fail_set(f, ERR_USAGE,
			    "the name of the file is too long");
		buf_release(&b);
		return e;
	}
	if (cli_get(run->cli, "check") == NULL)
		return fail_set(f, ERR_USAGE,
		    "backup: to which file? (backup FILE; --check without one "
		    "takes the newest that serve wrote)");
	engine_lock(run->engine);
	node = replica_identity(run->replica)->node;
	engine_unlock(run->engine);
	return keep_newest(path, keep_folder(room, &w->config, run->dir), &node,
	    f);
}

static enum err
say_backup(struct run *run, const struct backup_facts *facts, const char *path,
    bool check, struct fail *f)
{
	char at[NAME_TIME_BYTES];

	if (run->cli->json)
		return run_json(run, facts_json(facts, path), f);
	name_time(at, facts->made_ms, 0);
	run_say(run,
	    check ? "%s is good: made %s UTC, %llu entries, every chain, "
		    "signature and table verified\n"
		  : "%s is written and was read back: made %s UTC, %llu "
		    "entries\n",
	    path, at, (unsigned long long)facts->segments);
	if (!check && !run->cli->quiet)
		run_say(run,
		    "It opens with the passphrase, recovery code or key file "
		    "of this replica: footbridge --dir NEW restore FILE\n");
	return OK;
}

enum err
cmd_backup(struct run *run, struct fail *f)
{
	bool check = cli_get(run->cli, "check") != NULL;
	struct backup_facts facts;
	char path[KEEP_PATH_BYTES];
	struct backup_job job;
	struct open_with w;
	enum err e = open_prepare(&w, run->dir, f);

	if (e == OK)
		e = file_of(path, run, &w, f);
	if (e != OK)
		return e;
	engine_lock(run->engine);
	e = backup_begin(&job, run->replica, f);
	engine_unlock(run->engine);
	if (e != OK)
		return e;
	run_progress(run,
	    check ? "opening the backup and verifying it"
		  : "writing the backup");
	e = check ? backup_check(&facts, &job, path, &w.options, f)
		  : backup_write(&facts, &job, path, &w.options, f);
	run_progress(run, "%s", "");
	engine_lock(run->engine);
	backup_end(&job, run->replica);
	if (e == OK && check)
		e = keep_note_checked(run->replica, env_wall_ms(env_posix()),
		    f);
	else if (e == OK)
		e = keep_note_good(run->replica, path, env_wall_ms(env_posix()),
		    false, f);
	engine_unlock(run->engine);
	return e == OK ? say_backup(run, &facts, path, check, f) : e;
}

/* ---- restore ---- */

static enum err
say_restore(struct run *run, const struct backup_facts *facts, struct fail *f)
{
	char at[NAME_TIME_BYTES];
	struct buf ago = { 0 };

	if (run->cli->json)
		return run_json(run, facts_json(facts, run_word(run, 0)), f);
	name_time(at, facts->made_ms, 0);
	name_ago(&ago, env_wall_ms(env_posix()), facts->made_ms);
	run_say(run,
	    "restored into %s: as of %s UTC (%s), %llu entries, all "
	    "verified\n",
	    run->dir, at, buf_cstr(&ago), (unsigned long long)facts->segments);
	if (!run->cli->quiet)
		run_say(run,
		    "Nothing can be read or written here until it was in touch "
		    "with a peer: records may have been taken back or "
		    "destroyed since. Next: footbridge --dir %s sync, or "
		    "import a bundle.\n"
		    "If the computer this backup is from still runs, there are "
		    "two of it from now on: use one of them only, and tell "
		    "your steward.\n",
		    run->dir);
	buf_release(&ago);
	return OK;
}

enum err
cmd_restore(struct run *run, struct fail *f)
{
	const struct env *env = env_posix();
	struct slot_keys keys = { 0 };
	struct backup_facts facts;
	struct buf path = { 0 };
	struct backup *b = NULL;
	struct open_with w = { 0 };
	enum err e;

	e = backup_open(&b, env, run_path(run, &path, run_word(run, 0)), f);
	if (e == OK)
		e = open_new_dir(env, run->dir, f);
	if (e == OK)
		e = open_prepare(&w, run->dir, f);
	if (e == OK)
		e = open_set(&keys, NULL, backup_slots(b), run->cli, env, f);
	run_progress(run, "checking and restoring the backup");
	if (e == OK)
		e = backup_restore(&facts, b, run->dir, &keys, &w.options, f);
	run_progress(run, "%s", "");
	slot_keys_wipe(&keys);
	backup_close(b);
	buf_release(&path);
	return e == OK ? say_restore(run, &facts, f) : e;
}
