/*
 * The database's key: opening with it, and changing it.
 *
 * A change, and what a cut after each step leaves:
 *
 *     1  slots: old key and new key         the old one opens the database
 *     2  footbridge.db.new, a copy under    the old one
 *        the new key, synced
 *     3  the old file is closed, its log    the old one
 *        is empty and gone
 *     4  the copy takes the file's name     the new one
 *     5  both fences under the new key      the new one
 *     6  slots: the new key alone           done
 *
 * Opening asks the slots which keys there are, tries the new one first and goes
 * on from 5, or back from 1. A write-ahead log of the old file must never meet
 * the new one, hence step 3.
 */
#include "sync/replica_i.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "sync/fence.h"

#define PATH_BYTES 4096
#define MATERIAL_BYTES (DB_KEY_BYTES + DB_SALT_BYTES)

static enum err
path_of(char path[static PATH_BYTES], const struct replica *r, const char *name,
    struct fail *f)
{
	int n = snprintf(path, PATH_BYTES, "%s/%s", r->dir, name);

	if (n < 0 || n >= PATH_BYTES)
		return fail_set(f, ERR_INPUT, "the path %.60s... is too long",
		    r->dir);
	return OK;
}

/* ---- opening ---------------------------------------------------------------*/

/* options borrow material, which the caller wipes */
static struct db_options
options_of(uint8_t material[static MATERIAL_BYTES],
    const struct slot_keys *keys)
{
	slot_database_key(material, material + DB_KEY_BYTES, keys);
	return (struct db_options){ .mode = DB_WRITE,
		.key = material,
		.salt = material + DB_KEY_BYTES };
}

static enum err
open_with(struct replica *r, const struct slot_keys *keys, const char *name,
    bool create, struct fail *f)
{
	uint8_t material[MATERIAL_BYTES];
	struct db_options options = options_of(material, keys);
	struct db *db = NULL;
	char path[PATH_BYTES];
	enum err e;

	options.cache_kib = r->cache_kib;
	options.must_exist = !create;
	e = path_of(path, r, name, f);
	if (e == OK)
		e = db_open(&db, r->env, path, &options, f);
	sodium_memzero(material, sizeof(material));
	if (e != OK)
		return e;
	db_close(r->db); /* one that was shut */
	r->db = db;
	slot_fence_key(r->fence_key, keys);
	return OK;
}

/* The keys as they will be when the change is done. */
static struct slot_keys
keys_after(const struct slot_keys *keys)
{
	struct slot_keys after = *keys;

	memcpy(after.replica, keys->next, sizeof(after.replica));
	return after;
}

enum err
replica_open_database(struct replica *r, const char *name, bool create,
    struct fail *f)
{
	struct slot_keys after;
	enum err e = ERR_AUTH;

	if (r->in_memory) {
		struct db_options plain = { .mode = DB_WRITE,
			.cache_kib = r->cache_kib,
			.must_exist = !create };

		return db_open(&r->db, r->env, "", &plain, f);
	}
	if (r->keys.has_next) {
		after = keys_after(&r->keys);
		e = open_with(r, &after, name, create, f);
		r->rekeyed = e == OK;
		slot_keys_wipe(&after);
	}
	return e == ERR_AUTH ? open_with(r, &r->keys, name, create, f) : e;
}

/* Step 5. */
static enum err
fence_follows(struct replica *r, const struct slot_keys *was, struct fail *f)
{
	uint8_t key[SLOT_KEY_BYTES];
	enum err e;

	slot_fence_key(key, was);
	e = fence_rekey(r->env, r->dir, key, r->fence_key, f);
	sodium_memzero(key, sizeof(key));
	return e;
}

enum err
replica_rekey_settle(struct replica *r, struct fail *f)
{
	char path[PATH_BYTES];
	enum err e = OK;

	if (r->in_memory || !r->keys.unsettled)
		return OK;
	if (r->rekeyed)
		e = fence_follows(r, &r->keys, f);
	if (e == OK)
		e = path_of(path, r, REPLICA_DATABASE_NEW, f);
	if (e == OK)
		e = db_remove(r->env, path, f);
	if (e == OK)
		e = slot_rekey_end(&r->keys, NULL, r->env, r->dir, r->rekeyed,
		    f);
	return e;
}

/* ---- changing --------------------------------------------------------------*/

/* Step 2. */
static enum err
copy_database(struct replica *r, const char *to, struct fail *f)
{
	uint8_t was[MATERIAL_BYTES], now[MATERIAL_BYTES];
	struct slot_keys after = keys_after(&r->keys);
	struct db_options from_key = options_of(was, &r->keys);
	struct db_options to_key = options_of(now, &after);
	char from[PATH_BYTES];
	enum err e = path_of(from, r, REPLICA_DATABASE, f);

	if (e == OK)
		e = db_copy(r->env, from, &from_key, to, &to_key, f);
	sodium_memzero(was, sizeof(was));
	sodium_memzero(now, sizeof(now));
	slot_keys_wipe(&after);
	return e;
}

/* Steps 3 and 4; *moved when the new file has the name. The connection is open
 * again in any case, or poisoned. */
static enum err
swap(struct replica *r, bool *moved, const char *from, struct fail *f)
{
	struct slot_keys after = keys_after(&r->keys);
	char to[PATH_BYTES];
	enum err e = path_of(to, r, REPLICA_DATABASE, f);
	enum err opened;

	if (e == OK)
		e = db_checkpoint(r->db, f);
	if (e != OK)
		return e;
	e = db_shut(r->db, r->env, f);
	if (e == OK)
		e = r->env->file_move(r->env->self, from, to, f);
	/* the name may have changed though the directory's sync failed */
	*moved = e == OK || !env_exists(r->env, from);
	opened = open_with(r, *moved ? &after : &r->keys, REPLICA_DATABASE,
	    false, e == OK ? f : NULL);
	slot_keys_wipe(&after);
	return e == OK ? opened : e;
}

enum err
replica_rekey(struct replica *r, struct fail *f)
{
	struct slot_keys was = r->keys;
	char path[PATH_BYTES];
	bool moved = false;
	void *lock;
	enum err e, ended;

	if (r->in_memory)
		return OK;
	assert(!db_in_transaction(r->db));
	if (r->copies > 0)
		return fail_set(f, ERR_BUSY,
		    "a backup is being written; the key of this replica is "
		    "not changed meanwhile; try again when it is done");
	e = path_of(path, r, REPLICA_DATABASE_NEW, f);
	if (e == OK)
		e = replica_fence_write(r, f);
	if (e == OK)
		e = slot_rekey_begin(&r->keys, &lock, r->env, r->dir, f);
	if (e != OK)
		return e;
	e = copy_database(r, path, f);
	if (e == OK)
		e = swap(r, &moved, path, f);
	if (!moved)
		(void)db_remove(r->env, path, NULL);
	else if (e == OK)
		e = fence_follows(r, &was, f);
	/* with a fence or a connection that did not follow, the next opening
	 * needs both keys */
	if (moved && e != OK) {
		r->env->lock_drop(r->env->self, lock);
	} else {
		ended = slot_rekey_end(&r->keys, lock, r->env, r->dir, moved,
		    e == OK ? f : NULL);
		e = e == OK ? ended : e;
	}
	slot_keys_wipe(&was);
	return e;
}
