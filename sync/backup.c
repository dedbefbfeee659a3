/*
 * Making: copy the database under a fresh key into DIR/backup.part, open that
 * copy to see that it is whole and to read what it is, put the file together
 * under a temporary name, read it back, rename it.
 *
 * Restoring goes the same way backwards, and then copies once more under a fresh
 * replica key: the key in the backup opens only the backup.
 */
#include "sync/backup_i.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "sync/db.h"
#include "sync/log.h"
#include "sync/replica_i.h"
#include "sync/slot_wrap.h"

#define WRITE_STAGE "backup.part"
#define RESTORE_STAGE "restore.part"
#define PATH_BYTES (BACKUP_DIR_BYTES + 32)
#define MATERIAL_BYTES (DB_KEY_BYTES + DB_SALT_BYTES)

enum err
backup_begin(struct backup_job *job, struct replica *r, struct fail *f)
{
	int64_t sealed, kept;
	enum err e = OK;

	if (r->in_memory)
		return fail_set(f, ERR_UNAVAILABLE,
		    "a replica in memory has no backups");
	if (r->copies > 0)
		return fail_set(f, ERR_BUSY,
		    "a backup of this replica is being written or checked; "
		    "try again when it is done");
	if (strlen(r->dir) >= sizeof(job->dir))
		return fail_set(f, ERR_INPUT, "the path %.60s... is too long",
		    r->dir);
	if (r->own_author != 0 && !db_in_transaction(r->db) &&
	    r->restored == LIFE_NONE)
		e = log_seal(r, &sealed, &kept, f);
	if (e != OK)
		return e;
	job->env = r->env;
	job->keys = r->keys;
	memcpy(job->dir, r->dir, strlen(r->dir) + 1);
	r->copies++;
	return OK;
}

void
backup_end(struct backup_job *job, struct replica *r)
{
	assert(r->copies > 0);
	r->copies--;
	slot_keys_wipe(&job->keys);
}

/* A copy of the database at `from` under another key. */
static enum err
copy(const struct env *env, const char *from, const struct slot_keys *was,
    const char *to, const struct slot_keys *now, struct fail *f)
{
	uint8_t a[MATERIAL_BYTES], b[MATERIAL_BYTES];
	struct db_options from_key = { .key = a, .salt = a + DB_KEY_BYTES };
	struct db_options to_key = { .key = b, .salt = b + DB_KEY_BYTES };
	enum err e;

	slot_database_key(a, a + DB_KEY_BYTES, was);
	slot_database_key(b, b + DB_KEY_BYTES, now);
	e = db_copy(env, from, &from_key, to, &to_key, f);
	sodium_memzero(a, sizeof(a));
	sodium_memzero(b, sizeof(b));
	return e;
}

static enum err
path_of(char path[static PATH_BYTES], const char *dir, const char *name,
    struct fail *f)
{
	int n = snprintf(path, PATH_BYTES, "%s/%s", dir, name);

	if (n < 0 || n >= PATH_BYTES)
		return fail_set(f, ERR_INPUT, "the path %.60s... is too long",
		    dir);
	return OK;
}

/* ---- writing -----------------------------------------------------------------*/

/* The slots as they are now, around a key of this backup's own. */
static enum err
fresh_slots(struct slot_set *set, struct slot_keys *keys,
    const struct backup_job *job, struct fail *f)
{
	struct slot_keys held = job->keys;
	enum err e = slot_load(set, job->env, job->dir, f);

	if (e == OK && !slot_open_replica(&held, set))
		e = fail_set(f, ERR_AUTH,
		    "the key slots in %.160s belong to another replica; no "
		    "backup was written",
		    job->dir);
	slot_keys_wipe(&held);
	if (e != OK)
		return e;
	*keys = (struct slot_keys){ 0 };
	memcpy(keys->master, job->keys.master, sizeof(keys->master));
	env_random(job->env, keys->replica, sizeof(keys->replica));
	slot_seal_replica(set, job->env, keys);
	return OK;
}

/* Copy, look, and put the head together. */
static enum err
prepare(struct buf *head, struct backup_facts *facts, struct backup_stage *s,
    const struct backup_job *job, const struct replica_options *o,
    struct fail *f)
{
	struct slot_keys keys = { 0 };
	struct identity me = { 0 };
	struct replica *r = NULL;
	struct slot_set set;
	char from[PATH_BYTES];
	enum err e = path_of(from, job->dir, "footbridge.db", f);

	if (e == OK)
		e = fresh_slots(&set, &keys, job, f);
	if (e == OK)
		e = copy(job->env, from, &job->keys, s->database, &keys, f);
	if (e == OK)
		e = backup_stage_open(&r, s, &keys, o, f);
	if (e == OK)
		e = backup_stage_facts(facts, r, f);
	if (e == OK)
		me = *replica_identity(r);
	/* closed first: the log goes into the file that is measured */
	replica_close(r);
	facts->made_ms = env_wall_ms(job->env);
	if (e == OK)
		e = backup_measure(facts, job->env, s->database, f);
	if (e == OK)
		e = backup_head(head, &set, facts, &keys, me.sign_secret,
		    job->env, f);
	identity_wipe(&me);
	slot_keys_wipe(&keys);
	return e;
}

/* Open a backup with the master key of the replica it was made of. */
static enum err
open_own(struct backup **out, struct backup_facts *facts,
    struct slot_keys *keys, const struct backup_job *job, const char *path,
    struct fail *f)
{
	struct backup *b = NULL;
	enum err e = backup_open(&b, job->env, path, f);

	*keys = job->keys;
	if (e == OK && !slot_open_replica(keys, &b->slots))
		e = fail_set(f, ERR_AUTH,
		    "%.160s is a backup of another replica, or damaged", path);
	if (e == OK)
		e = backup_read(facts, b, keys, f);
	if (e != OK) {
		backup_close(b);
		slot_keys_wipe(keys);
		return e;
	}
	*out = b;
	return OK;
}

/* As it lies on the disk now: the head opens, every byte of the rest fits. */
static enum err
read_back(const struct backup_job *job, const char *path, struct fail *f)
{
	struct backup_facts facts;
	struct slot_keys keys;
	struct backup *b = NULL;
	enum err e = open_own(&b, &facts, &keys, job, path, f);

	slot_keys_wipe(&keys);
	if (e == OK)
		e = backup_extract(b, &facts, NULL, f);
	backup_close(b);
	return e;
}

enum err
backup_write(struct backup_facts *facts, const struct backup_job *job,
    const char *path, const struct replica_options *o, struct fail *f)
{
	struct buf head = { .limit = BACKUP_HEAD_BYTES_MAX };
	const struct env *env = job->env;
	struct backup_stage s;
	char part[PATH_BYTES];
	int n = snprintf(part, sizeof(part), "%s.part", path);
	enum err e;

	if (n < 0 || (size_t)n >= sizeof(part))
		return fail_set(f, ERR_INPUT,
		    "the name of the file is too "
		    "long");
	e = env_is_free(env, path, f);
	if (e == ERR_EXISTS)
		return fail_set(f, e,
		    "%.200s is there already; nothing was written", path);
	if (e == OK)
		e = backup_stage_make(&s, env, job->dir, WRITE_STAGE, f);
	if (e != OK)
		return e;
	(void)env->file_remove(env->self, part, NULL);
	e = prepare(&head, facts, &s, job, o, f);
	if (e == OK)
		e = backup_assemble(env, part, &head, s.database, f);
	backup_stage_drop(&s);
	if (e == OK)
		e = read_back(job, part, f);
	if (e == OK)
		e = env->file_move(env->self, part, path, f);
	if (e != OK)
		(void)env->file_remove(env->self, part, NULL);
	buf_release(&head);
	return e;
}

/* ---- what was taken out of a backup -----------------------------------------*/

/* The replica in the stage is the one that the manifest speaks of. */
static enum err
compare(const struct backup_facts *said, struct replica *r, struct fail *f)
{
	struct backup_facts is;
	enum err e = backup_stage_facts(&is, r, f);

	if (e != OK)
		return e;
	if (id_equal(&said->network, &is.network) &&
	    id_equal(&said->node, &is.node) &&
	    memcmp(said->sign_key, is.sign_key, sizeof(is.sign_key)) == 0 &&
	    id_equal(&said->incarnation, &is.incarnation) &&
	    said->position == is.position &&
	    id_equal(&said->segment, &is.segment) &&
	    said->members == is.members &&
	    memcmp(said->member_head, is.member_head, sizeof(is.member_head)) ==
		0 &&
	    said->segments == is.segments &&
	    said->compartments == is.compartments)
		return OK;
	return fail_set(f, ERR_CORRUPT,
	    "what this backup holds is not what it says of itself; nothing "
	    "was changed; use another backup");
}

enum err
backup_check(struct backup_facts *facts, const struct backup_job *job,
    const char *path, const struct replica_options *o, struct fail *f)
{
	struct slot_keys keys = { 0 };
	struct replica *r = NULL;
	struct backup *b = NULL;
	struct backup_stage s;
	int64_t checked;
	enum err e = open_own(&b, facts, &keys, job, path, f);

	if (e != OK)
		return e;
	e = backup_stage_make(&s, job->env, job->dir, WRITE_STAGE, f);
	if (e == OK) {
		e = backup_extract(b, facts, s.database, f);
		if (e == OK)
			e = backup_stage_open(&r, &s, &keys, o, f);
		if (e == OK)
			e = compare(facts, r, f);
		if (e == OK)
			e = log_verify(r, true, &checked, f);
		replica_close(r);
		backup_stage_drop(&s);
	}
	backup_close(b);
	slot_keys_wipe(&keys);
	return e;
}

/* ---- restoring ---------------------------------------------------------------*/

/*
 * The copy in the stage is whole and signed; it begins a new life, with all that
 * follows, before anybody can open it. *fence is what its directory is to know.
 */
static enum err
examine(struct fence *fence, const struct backup_facts *facts,
    const struct backup_stage *s, const struct slot_keys *keys,
    const struct replica_options *o, struct fail *f)
{
	struct replica *r = NULL;
	int64_t checked;
	enum err e = backup_stage_open(&r, s, keys, o, f);

	if (e == OK)
		e = compare(facts, r, f);
	if (e == OK)
		e = log_verify(r, false, &checked, f);
	if (e == OK)
		e = replica_new_life(r, LIFE_BACKUP, f);
	if (e == OK)
		replica_fence_now(r, fence);
	replica_close(r);
	return e;
}

static enum err
first_fence(struct fence *fence, const struct env *env, const char *dir,
    const struct slot_keys *keys, struct fail *f)
{
	uint8_t key[SLOT_KEY_BYTES];
	enum err e;

	slot_fence_key(key, keys);
	fence->generation = 0;
	e = fence_write(fence, env, dir, key, f);
	sodium_memzero(key, sizeof(key));
	return e;
}

/* Slots and fence first, the database's name last: only then there is a
 * replica. */
static enum err
settle_in(const struct backup *b, const struct backup_stage *s,
    struct fence *fence, const char *dir, const struct slot_keys *keys,
    struct fail *f)
{
	struct slot_keys fresh = *keys;
	struct slot_set set = b->slots;
	char copied[PATH_BYTES], path[PATH_BYTES];
	bool stored = false;
	enum err e = path_of(copied, dir, "footbridge.db.new", f);

	env_random(s->env, fresh.replica, sizeof(fresh.replica));
	if (e == OK)
		e = path_of(path, dir, "footbridge.db", f);
	if (e == OK)
		e = copy(s->env, s->database, keys, copied, &fresh, f);
	if (e == OK) {
		slot_seal_replica(&set, s->env, &fresh);
		e = slot_store(&set, s->env, dir, f);
		stored = e != ERR_EXISTS;
	}
	if (e == OK)
		e = first_fence(fence, s->env, dir, &fresh, f);
	if (e == OK)
		e = s->env->file_move(s->env->self, copied, path, f);
	slot_keys_wipe(&fresh);
	if (e == OK)
		return OK;
	(void)db_remove(s->env, copied, NULL);
	/* it may have the name though its directory could not be synced */
	if (stored)
		(void)db_remove(s->env, path, NULL);
	(void)fence_forget(s->env, dir, NULL);
	if (stored)
		(void)slot_forget(s->env, dir, NULL);
	return e;
}

enum err
backup_restore(struct backup_facts *facts, struct backup *b, const char *dir,
    const struct slot_keys *keys, const struct replica_options *o,
    struct fail *f)
{
	struct backup_stage s;
	struct fence fence;
	char path[PATH_BYTES];
	enum err e = path_of(path, dir, "footbridge.db", f);

	if (e == OK)
		e = env_is_free(b->env, path, f);
	if (e == ERR_EXISTS)
		e = fail_set(f, e,
		    "%.200s holds a replica already; nothing was changed", dir);
	/* what a restore that was cut off left before the name was given */
	if (e == OK)
		e = slot_forget(b->env, dir, f);
	if (e == OK)
		e = fence_forget(b->env, dir, f);
	if (e == OK)
		e = backup_read(facts, b, keys, f);
	if (e == OK)
		e = backup_stage_make(&s, b->env, dir, RESTORE_STAGE, f);
	if (e != OK)
		return e;
	e = backup_extract(b, facts, s.database, f);
	if (e == OK)
		e = examine(&fence, facts, &s, keys, o, f);
	if (e == OK)
		e = settle_in(b, &s, &fence, dir, keys, f);
	backup_stage_drop(&s);
	return e;
}
