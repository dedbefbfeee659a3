/* Slots first, then the database: the lock is taken by replica_open. */
#include "node/open.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "node/gate.h"
#include "node/policy/refuse.h"
#include "node/secret.h"
#include "schema/assets.h"
#include "sync/join.h"
#include "sync/reserve.h"

enum err
open_dir(const char **dir, const struct cli *cli, struct fail *f)
{
	const char *d = cli->dir;

	if (d == NULL)
		d = getenv("FOOTBRIDGE_DIR");
	if (d == NULL || d[0] == '\0')
		return fail_set(f, ERR_USAGE,
		    "which replica: give --dir DIR or set FOOTBRIDGE_DIR");
	if (strlen(d) > 3500)
		return fail_set(f, ERR_USAGE,
		    "the directory's name is too "
		    "long: want at most 3500 bytes");
	*dir = d;
	return OK;
}

static void
take_settings(struct open_with *w)
{
	w->options.cache_kib = w->config.cache_kib;
	w->options.bounds.room_bytes = w->config.relay_bytes;
	w->options.bounds.room_segments = w->config.relay_entries;
}

enum err
open_prepare(struct open_with *w, const char *dir, struct fail *f)
{
	const struct env *env = env_posix();
	size_t count = 0;

	*w = (struct open_with){ 0 };
	for (; count < schema_asset_count; count++) {
		if (count == OPEN_SCHEMA_MAX)
			return fail_set(f, ERR_LIMIT, "too many migrations");
		w->schema[count].name = schema_assets[count].name;
		w->schema[count].text = (const char *)schema_assets[count].p;
		w->schema[count].n = schema_assets[count].n;
	}
	w->options = (struct replica_options){
		.env = env,
		.schema = w->schema,
		.schema_count = count,
		.gate = gate_default,
		.rules = &refuse_rules,
	};
	return config_read(&w->config, env, dir, f);
}

void
open_forget(struct open_with *w)
{
	slot_keys_wipe(&w->keys);
}

static bool
has_kind(const struct slot_set *set, enum slot_kind kind)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->slots[i].kind == (uint8_t)kind)
			return true;
	}
	return false;
}

static enum err
try_kind(struct slot_keys *keys, uint8_t *number, const struct slot_set *set,
    enum slot_kind kind, const uint8_t *p, size_t n, struct fail *f)
{
	struct slot_secret secret = { .kind = kind, .p = p, .n = n };

	if (n == 0 || !has_kind(set, kind))
		return ERR_AUTH;
	return slot_unlock(keys, number, set, &secret, f);
}

/* The ways that cost one hash come before the one that costs Argon2id. */
static enum err
try_all(struct slot_keys *keys, uint8_t *number, const struct slot_set *set,
    const struct buf *secret, bool from_file, struct fail *f)
{
	size_t line = secret_line(secret->p, secret->n);

	if (from_file &&
	    try_kind(keys, number, set, SLOT_KEYFILE, secret->p, secret->n,
		NULL) == OK)
		return OK;
	if (try_kind(keys, number, set, SLOT_RECOVERY, secret->p, line, NULL) ==
	    OK)
		return OK;
	if (try_kind(keys, number, set, SLOT_PASSPHRASE, secret->p, line, f) ==
	    OK)
		return OK;
	return fail_set(f, ERR_AUTH,
	    "the passphrase, recovery code or key file does not fit any key "
	    "slot of this replica; nothing was changed");
}

enum err
open_set(struct slot_keys *keys, uint8_t *number, const struct slot_set *set,
    const struct cli *cli, const struct env *env, struct fail *f)
{
	struct buf secret = { 0 };
	bool from_file = false;
	enum err e = secret_get(&secret, &from_file, cli, env, f);

	if (e == OK)
		e = try_all(keys, number, set, &secret, from_file, f);
	buf_release(&secret);
	return e;
}

/* Numbers of slots are given again, salts are not. */
static void
take_opener(struct open_with *w, const struct slot_set *set, uint8_t number)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->slots[i].number != number ||
		    set->slots[i].kind != SLOT_PASSPHRASE)
			continue;
		memcpy(w->opener, set->slots[i].salt, SLOT_SALT_BYTES);
		w->has_opener = true;
	}
}

enum err
open_unlock(struct open_with *w, const struct cli *cli, const char *dir,
    struct fail *f)
{
	const struct env *env = w->options.env;
	struct slot_set set;
	uint8_t number = 0;
	enum err e;

	e = slot_load(&set, env, dir, f);
	if (e == ERR_NOTFOUND)
		return fail_set(f, e,
		    "%.200s holds no replica; make one with footbridge init or "
		    "footbridge join",
		    dir);
	if (e == OK)
		e = open_set(&w->keys, &number, &set, cli, env, f);
	if (e == OK)
		take_opener(w, &set, number);
	w->options.keys = &w->keys;
	take_settings(w);
	return e;
}

void
open_pause(void)
{
	struct timespec t = { 0, OPEN_STEP_MS * 1000000L };

	(void)nanosleep(&t, NULL);
}

enum err
open_unlocked(struct replica **out, struct open_with *w, const char *dir,
    struct fail *f)
{
	enum err e = replica_open(out, dir, &w->options, f);

	if (e == OK)
		reserve_fill(w->options.env, dir);
	if (e == ERR_BUSY)
		return fail_in(f, e, "%.120s", dir);
	return e;
}

enum err
open_waiting(struct replica **out, struct open_with *w, const char *dir,
    int patience_ms, struct fail *f)
{
	for (int waited = 0;; waited += OPEN_STEP_MS) {
		enum err e = open_unlocked(out, w, dir, f);

		if (e != ERR_BUSY || waited >= patience_ms)
			return e;
		open_pause();
	}
}

enum err
open_replica(struct replica **out, struct open_with *w, const struct cli *cli,
    const char *dir, struct fail *f)
{
	enum err e;

	e = open_prepare(w, dir, f);
	if (e == OK)
		e = open_unlock(w, cli, dir, f);
	return e == OK ? open_waiting(out, w, dir, OPEN_BUSY_MS, f) : e;
}

/*
 * What a making or a restoring that was cut off may leave. Without a database
 * none of it is of any use: the next attempt takes it away and begins anew.
 */
static const char *const rest[] = { "slots", "slots.b", "slots.new",
	"slots.b.new", "slots.lock", "fence", "fence.b", "fence.new",
	"fence.b.new", "footbridge.db.new", "footbridge.db.new-wal",
	"footbridge.db.new-shm", "footbridge.db.new-journal",
	"footbridge.db.new.new", RESERVE_NAME };

static bool
may_be_there(const char *name)
{
	/* what a person puts there before, and what is emptied when used */
	static const char *const other[] = { ".", "..", "footbridge.conf",
		"lock", "restore.part" };

	for (size_t i = 0; i < COUNT_OF(other); i++) {
		if (strcmp(name, other[i]) == 0)
			return true;
	}
	for (size_t i = 0; i < COUNT_OF(rest); i++) {
		if (strcmp(name, rest[i]) == 0)
			return true;
	}
	return false;
}

static enum err
check_empty(const char *dir, struct fail *f)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	enum err e = OK;

	if (d == NULL)
		return fail_set(f, ERR_IO, "%.200s cannot be read", dir);
	while (e == OK && (entry = readdir(d)) != NULL) {
		if (!may_be_there(entry->d_name))
			e = fail_set(f, ERR_EXISTS,
			    "%.160s is not empty (it holds %.60s); a new "
			    "replica wants a directory of its own",
			    dir, entry->d_name);
	}
	(void)closedir(d);
	return e;
}

static enum err
make_dir(const struct env *env, const char *dir, struct fail *f)
{
	enum err e = env->dir_make(env->self, dir, f);
	struct stat st;

	if (e == ERR_EXISTS)
		e = check_empty(dir, f);
	if (e != OK)
		return e;
	if (stat(dir, &st) == 0 && (st.st_mode & 077) != 0 &&
	    chmod(dir, 0700) != 0)
		return fail_set(f, ERR_IO,
		    "%.200s can be entered by others and that cannot be "
		    "changed; want a directory of mode 0700",
		    dir);
	return OK;
}

static void
drop(const struct env *env, const char *dir, const char *const *names,
    size_t count)
{
	struct buf path = { 0 };

	for (size_t i = 0; i < count; i++) {
		buf_reset(&path);
		buf_printf(&path, "%s/%s", dir, names[i]);
		(void)env->file_remove(env->self, buf_cstr(&path), NULL);
	}
	buf_release(&path);
}

void
open_destroy(const struct env *env, const char *dir)
{
	static const char *const names[] = { "footbridge.db",
		"footbridge.db-wal", "footbridge.db-shm" };

	/* the keys last: a database without them could not be explained */
	drop(env, dir, names, COUNT_OF(names));
	drop(env, dir, rest, COUNT_OF(rest));
}

static enum err
make_code(struct open_with *w, struct buf *code, const char *dir,
    struct fail *f)
{
	const struct env *env = w->options.env;
	struct slot_secret secret = { .kind = SLOT_RECOVERY };

	slot_recovery_make(code, env);
	if (code->err != OK)
		return fail_code(f, code->err);
	secret.p = code->p;
	secret.n = code->n;
	return slot_add(&(uint8_t){ 0 }, env, dir, &w->keys, &secret, f);
}

static enum err
make_slots(struct open_with *w, struct buf *code, const struct cli *cli,
    const char *dir, struct fail *f)
{
	const struct env *env = w->options.env;
	struct slot_secret secret = { .kind = SLOT_PASSPHRASE };
	struct buf passphrase = { 0 };
	enum err e;

	e = secret_new(&passphrase, cli, env, f);
	secret.p = passphrase.p;
	secret.n = passphrase.n;
	if (e == OK)
		e = slot_create(&w->keys, env, dir, &secret, f);
	buf_release(&passphrase);
	if (e != OK)
		return e;
	w->options.keys = &w->keys;
	take_settings(w);
	return make_code(w, code, dir, f);
}

static bool
holds_database(const struct env *env, const char *dir)
{
	struct buf path = { 0 };
	bool there;

	buf_printf(&path, "%s/footbridge.db", dir);
	there = env_exists(env, buf_cstr(&path));
	buf_release(&path);
	return there;
}

static enum err
forget_codes(const struct env *env, const char *dir, struct fail *f)
{
	struct slot_set set;
	enum err e = slot_load(&set, env, dir, f);

	for (size_t i = 0; e == OK && i < set.count; i++) {
		if (set.slots[i].kind == SLOT_RECOVERY)
			e = slot_remove(env, dir, set.slots[i].number, f);
	}
	return e;
}

enum err
open_new_dir(const struct env *env, const char *dir, struct fail *f)
{
	enum err e = make_dir(env, dir, f);

	if (e == OK)
		drop(env, dir, rest, COUNT_OF(rest));
	return e;
}

/* An init that was cut off after the database had its name. */
static enum err
take_up(struct replica **out, struct open_with *w, struct buf *code,
    const struct cli *cli, const char *dir, struct fail *f)
{
	struct replica *r = NULL;
	enum err e = open_replica(&r, w, cli, dir, f);

	if (e == OK && members_network(replica_members(r)) != NULL)
		e = fail_set(f, ERR_EXISTS,
		    "%.200s holds a replica already; nothing was changed", dir);
	if (e == OK && join_is_begun(r))
		e = fail_set(f, ERR_EXISTS,
		    "%.200s holds a replica that has asked to join a network; "
		    "nothing was changed",
		    dir);
	/* the code of that time was never shown */
	if (e == OK)
		e = forget_codes(w->options.env, dir, f);
	if (e == OK)
		e = make_code(w, code, dir, f);
	if (e != OK) {
		replica_close(r);
		return e;
	}
	*out = r;
	return OK;
}

enum err
open_create(struct replica **out, struct open_with *w, struct buf *code,
    const struct cli *cli, const char *dir, struct fail *f)
{
	const struct env *env = env_posix();
	enum err e;

	if (holds_database(env, dir))
		return take_up(out, w, code, cli, dir, f);
	e = open_new_dir(env, dir, f);
	if (e == OK)
		e = open_prepare(w, dir, f);
	if (e != OK)
		return e;
	e = make_slots(w, code, cli, dir, f);
	if (e == OK)
		e = replica_create(out, dir, &w->options, f);
	if (e != OK && e != ERR_EXISTS)
		drop(env, dir, rest, COUNT_OF(rest));
	return e;
}
