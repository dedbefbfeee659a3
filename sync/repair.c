/*
 * How: the damaged database is only read. The new one is made in a directory
 * beside it, opened there as a replica and finished; then, and only then, three
 * names change:
 *
 *     footbridge.db        -> footbridge.db.damaged
 *     footbridge.db-wal    -> footbridge.db.damaged-wal
 *     repair.part/...      -> footbridge.db
 *
 * A cut after the first leaves no footbridge.db, so nobody can open the one
 * without its log; the next repair gives it its name back and begins anew.
 */
#include "sync/repair_i.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "sync/audit.h"
#include "sync/backup_i.h"
#include "sync/db_wal.h"
#include "sync/lane.h"
#include "sync/log.h"
#include "sync/replica_i.h"

#define STAGE "repair.part"
#define PATH_BYTES (BACKUP_DIR_BYTES + 64)
#define BLOCK_BYTES ((size_t)256 * 1024)
#define MATERIAL_BYTES (DB_KEY_BYTES + DB_SALT_BYTES)
#define BEYOND \
	"more of this database is damaged than can be made good; nothing " \
	"was changed. Restore its newest backup into an empty directory " \
	"(footbridge --dir NEW restore FILE), or join again"

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

static bool
is_there(const struct env *env, const char *dir, const char *name)
{
	char path[PATH_BYTES];

	return path_of(path, dir, name, NULL) == OK && env_exists(env, path);
}

static enum err
move(const struct env *env, const char *dir, const char *from, const char *to,
    struct fail *f)
{
	char a[PATH_BYTES], b[PATH_BYTES];
	enum err e = path_of(a, dir, from, f);

	if (e == OK)
		e = path_of(b, dir, to, f);
	return e == OK ? env->file_move(env->self, a, b, f) : e;
}

/* ---- both databases ---------------------------------------------------------------- */

static enum err
open_one(struct db **out, const struct env *env, const char *path,
    const struct slot_keys *keys, enum db_mode mode, struct fail *f)
{
	uint8_t material[MATERIAL_BYTES];
	struct db_options options = { .mode = mode,
		.key = material,
		.salt = material + DB_KEY_BYTES,
		.must_exist = mode == DB_READ };
	enum err e;

	slot_database_key(material, material + DB_KEY_BYTES, keys);
	e = db_open(out, env, path, &options, f);
	sodium_memzero(material, sizeof(material));
	return e;
}

/* With the key that is on its way, when that one is it already. */
static enum err
open_damaged(struct db **out, struct slot_keys *keys, const struct env *env,
    const char *path, struct fail *f)
{
	struct slot_keys after = *keys;
	enum err e = ERR_AUTH;

	if (keys->has_next) {
		memcpy(after.replica, keys->next, sizeof(after.replica));
		e = open_one(out, env, path, &after, DB_READ, NULL);
		if (e == OK)
			*keys = after;
	}
	slot_keys_wipe(&after);
	return e != OK ? open_one(out, env, path, keys, DB_READ, f) : OK;
}

static enum err
copy_bytes(const struct env *env, const char *from, const char *to,
    struct fail *f)
{
	uint8_t *block = malloc(BLOCK_BYTES);
	size_t got = BLOCK_BYTES;
	void *a = NULL, *b = NULL;
	enum err e, closed;

	if (block == NULL)
		return fail_code(f, ERR_NOMEM);
	e = env->stream_open(env->self, &a, from, false, f);
	if (e == OK)
		e = env->stream_open(env->self, &b, to, true, f);
	while (e == OK && got == BLOCK_BYTES) {
		e = env->stream_read(env->self, a, block, BLOCK_BYTES, &got, f);
		if (e == OK)
			e = env->stream_write(env->self, b, block, got, f);
	}
	(void)env->stream_close(env->self, a, NULL);
	closed = env->stream_close(env->self, b, e == OK ? f : NULL);
	free(block);
	return e == OK ? closed : e;
}

/* Where its log is damaged, a copy with one that can be read is read. */
static enum err
readable(struct repairing *x, char from[static PATH_BYTES],
    const char copy[static PATH_BYTES], const struct env *env, struct fail *f)
{
	enum err e = db_wal_check(env, from, NULL);

	if (e != ERR_CORRUPT)
		return OK;
	x->facts->log_lost = true;
	e = copy_bytes(env, from, copy, f);
	if (e == OK)
		e = db_wal_mend(env, from, copy, f);
	memcpy(from, copy, PATH_BYTES);
	return e;
}

static enum err
take_over(struct repairing *x, struct slot_keys *keys, const char *from,
    const struct backup_stage *s, struct fail *f)
{
	enum err e = open_damaged(&x->from, keys, s->env, from, f);

	/* page 1, or the list of tables */
	if (e == ERR_CORRUPT || e == ERR_AUTH)
		return fail_set(f, e, BEYOND);
	if (e == OK)
		e = open_one(&x->to, s->env, s->database, keys, DB_WRITE, f);
	if (e == OK)
		e = repair_copy(x, f);
	if (e == OK)
		e = repair_fit(x, f);
	db_close(x->from);
	db_close(x->to);
	return e;
}

/* ---- the new one as a replica --------------------------------------------------------- */

static enum err
receive_members(struct repairing *x, struct replica *r, struct fail *f)
{
	size_t at = 0, n;
	const uint8_t *p;
	enum err e = OK;

	while (e == OK && (p = repair_noted(&x->members, &at, &n)) != NULL) {
		enum member_result result;

		e = replica_add_member(r, &result, p, n, NULL, f);
		/* one that fits nothing any more comes from peers, or not */
		if (e != OK && e != ERR_IO && e != ERR_NOMEM)
			e = OK;
	}
	return e;
}

static enum err
receive_segments(struct repairing *x, struct replica *r, struct fail *f)
{
	size_t at = 0, n;
	const uint8_t *p;
	enum err e = OK;

	while (e == OK && (p = repair_noted(&x->segments, &at, &n)) != NULL) {
		struct fail why = { .code = OK };
		enum outcome outcome;

		e = log_receive(r, &outcome, NULL, p, n, &r->identity.node,
		    &why, f);
	}
	return e;
}

/* Both sides begin their streams anew and compare what they hold. */
static enum err
begin_lanes(struct replica *r, struct fail *f)
{
	struct lane_peer_info info;
	enum err e = OK;

	for (size_t at = 0; (e = lane_peer_at(r, &info, at, f)) == OK; at++) {
		e = lane_reset(r, info.peer, f);
		if (e != OK)
			return e;
	}
	return e == ERR_NOTFOUND ? lane_sweep_ask(r, 0, NULL, f) : e;
}

/* In _meta: see repair_lost_own. */
#define OWN_LOST "repair_lost_own"

bool
repair_lost_own(struct replica *r)
{
	struct buf b = { .limit = 8 };
	/* what cannot be read may have been */
	bool lost = replica_meta_get(r, &b, OWN_LOST, NULL) != ERR_NOTFOUND;

	buf_release(&b);
	return lost;
}

/* What of this node's own is not there any more stays known, and that it was
 * repaired stands in the journal. */
static enum err
note_lost(struct replica *r, const struct repair_facts *facts, struct fail *f)
{
	const struct audit_entry entry = { .act = "repair",
		.note = facts->journal_lost && facts->own_lost
		    ? "part of the journal and of this computer's own tables "
		      "was lost"
		    : facts->journal_lost ? "part of the journal was lost"
		    : facts->own_lost
		    ? "part of this computer's own tables was lost"
		    : NULL };
	enum err e = OK;

	if (facts->own_lost)
		e = replica_meta_set(r, OWN_LOST, "1", 1, f);
	return e == OK ? replica_audit(r, &entry, f) : e;
}

static enum err
finish(struct repairing *x, struct replica *r, struct fail *f)
{
	int64_t checked;
	enum err e;

	if (members_network(r->members) == NULL)
		return fail_set(f, ERR_CORRUPT, BEYOND);
	e = replica_begin(r, f);
	if (e != OK)
		return e;
	e = replica_number_authors(r, f);
	if (e == OK)
		e = receive_members(x, r, f);
	/* before own segments come that are not here any more */
	if (e == OK && x->facts->log_lost)
		e = replica_new_life(r, LIFE_DAMAGED, f);
	if (e == OK)
		e = receive_segments(x, r, f);
	if (e == OK && (x->facts->log_lost || x->lanes_lost))
		e = begin_lanes(r, f);
	if (e == OK)
		e = note_lost(r, x->facts, f);
	if (e != OK) {
		replica_rollback(r);
		return e;
	}
	e = replica_commit(r, f);
	if (e == OK)
		e = replica_rebuild(r, f);
	if (e == OK && !x->facts->log_lost)
		e = log_verify(r, true, &checked, f);
	return e;
}

static enum err
finish_stage(struct repairing *x, const struct backup_stage *s,
    const struct slot_keys *keys, const struct replica_options *o,
    struct fail *f)
{
	struct replica *r = NULL;
	enum err e = backup_stage_open(&r, s, keys, o, f);

	/* without its own name and its first facts there is no replica */
	if (e == ERR_CORRUPT || e == ERR_VERSION || e == ERR_NOTFOUND)
		return fail_set(f, ERR_CORRUPT, BEYOND);
	if (e == OK)
		e = finish(x, r, f);
	replica_close(r);
	return e;
}

/* ---- the names ------------------------------------------------------------------------ */

/* A repair was cut off between two names. */
static enum err
settle(const struct env *env, const char *dir, struct fail *f)
{
	if (is_there(env, dir, "footbridge.db") ||
	    !is_there(env, dir, REPAIR_ASIDE))
		return OK;
	if (is_there(env, dir, REPAIR_ASIDE "-wal")) {
		enum err e =
		    move(env, dir, REPAIR_ASIDE "-wal", "footbridge.db-wal", f);

		if (e != OK)
			return e;
	}
	return move(env, dir, REPAIR_ASIDE, "footbridge.db", f);
}

static enum err
swap(const struct env *env, const char *dir, struct fail *f)
{
	char shm[PATH_BYTES], old[PATH_BYTES];
	enum err e = path_of(shm, dir, "footbridge.db-shm", f);

	if (e == OK)
		e = path_of(old, dir, REPAIR_ASIDE, f);
	if (e == OK)
		e = db_remove(env, old, f);
	if (e == OK)
		e = move(env, dir, "footbridge.db", REPAIR_ASIDE, f);
	if (e == OK && is_there(env, dir, "footbridge.db-wal"))
		e = move(env, dir, "footbridge.db-wal", REPAIR_ASIDE "-wal", f);
	/* only an index of the log, which the next opening makes */
	(void)env->file_remove(env->self, shm, NULL);
	if (e == OK)
		e = move(env, dir, STAGE "/footbridge.db", "footbridge.db", f);
	return e;
}

static enum err
repair_locked(struct repair_facts *facts, const char *dir,
    const struct replica_options *o, struct fail *f)
{
	struct repairing x = { .facts = facts };
	struct slot_keys keys = *o->keys;
	struct backup_stage s;
	char from[PATH_BYTES], copy[PATH_BYTES];
	enum err e = settle(o->env, dir, f);

	if (e == OK)
		e = path_of(from, dir, "footbridge.db", f);
	if (e == OK)
		e = path_of(copy, dir, STAGE "/damaged.db", f);
	if (e == OK)
		e = backup_stage_make(&s, o->env, dir, STAGE, f);
	if (e != OK)
		return e;
	e = db_remove(o->env, copy, f);
	if (e == OK)
		e = readable(&x, from, copy, o->env, f);
	if (e == OK)
		e = take_over(&x, &keys, from, &s, f);
	(void)db_remove(o->env, copy, NULL);
	if (e == OK)
		e = finish_stage(&x, &s, &keys, o, f);
	if (e == OK)
		e = swap(o->env, dir, f);
	backup_stage_drop(&s);
	buf_release(&x.members);
	buf_release(&x.segments);
	slot_keys_wipe(&keys);
	return e;
}

enum err
repair_replica(struct repair_facts *facts, const char *dir,
    const struct replica_options *o, struct fail *f)
{
	char path[PATH_BYTES];
	void *lock = NULL;
	long holder;
	enum err e = path_of(path, dir, "lock", f);

	*facts = (struct repair_facts){ 0 };
	if (e == OK)
		e = o->env->lock_take(o->env->self, &lock, path, &holder, f);
	if (e != OK)
		return e;
	e = repair_locked(facts, dir, o, f);
	o->env->lock_drop(o->env->self, lock);
	return e;
}
