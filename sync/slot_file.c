/*
 * The two copies of the key slots. Both hold the same bytes except after a
 * crash between the two writes or after damage; the valid one with the higher
 * generation counts, and the next change writes both. Two copies, because this
 * small file is all that stands between a person and the whole replica.
 */
#include "sync/slot_wrap.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#define PATH_BYTES 4096

static const char *const names[] = { "slots", "slots.b" };

static enum err
path_of(char path[static PATH_BYTES], const char *dir, const char *name,
    struct fail *f)
{
	int n = snprintf(path, PATH_BYTES, "%s/%s", dir, name);

	if (n < 0 || n >= PATH_BYTES)
		return fail_set(f, ERR_INPUT, "the path is too long");
	return OK;
}

bool
slot_exists(const struct env *env, const char *dir)
{
	char path[PATH_BYTES];
	bool any = false;

	for (size_t i = 0; i < COUNT_OF(names); i++)
		any = any ||
		    (path_of(path, dir, names[i], NULL) == OK &&
			env_exists(env, path));
	return any;
}

static enum err
load_one(struct slot_set *out, const struct env *env, const char *path,
    struct fail *f)
{
	struct buf b = { .limit = SLOT_FILE_BYTES_MAX };
	enum err e =
	    env->file_read(env->self, &b, path, SLOT_FILE_BYTES_MAX, f);

	if (e == ERR_LIMIT)
		e = fail_set(f, ERR_CORRUPT,
		    "%s is damaged: it is longer than key slots can be", path);
	else if (e == OK)
		e = slot_decode(out, b.p, b.n, f);
	buf_release(&b);
	return e;
}

enum err
slot_load(struct slot_set *out, const struct env *env, const char *dir,
    struct fail *f)
{
	struct slot_set best = { 0 }, one = { 0 };
	struct fail first = { 0 }, now = { 0 };
	char path[PATH_BYTES];
	bool any = false, uneven = false;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		enum err e = path_of(path, dir, names[i], f);

		if (e != OK)
			return e;
		e = load_one(&one, env, path, &now);
		uneven = uneven || e != OK ||
		    (any && one.generation != best.generation);
		if (e == OK && (!any || one.generation > best.generation)) {
			best = one;
			any = true;
		}
		/* the most telling reason: anything before "not there" */
		if (e != OK && (first.code == OK || first.code == ERR_NOTFOUND))
			first = now;
	}
	if (any) {
		*out = best;
		out->uneven = uneven;
		return OK;
	}
	if (first.code == ERR_NOTFOUND)
		return fail_set(f, ERR_NOTFOUND,
		    "there is no replica in %s: it has no key slots", dir);
	return fail_set(f, first.code, "%.100s: %.200s", dir, first.text);
}

static enum err
save(struct slot_set *set, const struct env *env, const char *dir,
    struct fail *f)
{
	struct buf b = { .limit = SLOT_FILE_BYTES_MAX };
	char path[PATH_BYTES];
	enum err e = OK;

	set->generation++;
	slot_encode(&b, set);
	if (b.err != OK)
		e = fail_code(f, b.err);
	for (size_t i = 0; e == OK && i < COUNT_OF(names); i++) {
		e = path_of(path, dir, names[i], f);
		if (e == OK)
			e = env->file_write(env->self, path, b.p, b.n, f);
		if (e != OK && i > 0)
			e = fail_in(f, e,
			    "key slots changed in one of two copies, do it "
			    "again");
	}
	buf_release(&b);
	return e;
}

/* ---- one who changes them at a time ------------------------------------- */

static enum err
hold(void **lock, const struct env *env, const char *dir, struct fail *f)
{
	char path[PATH_BYTES];
	long holder = 0;
	enum err e = path_of(path, dir, "slots.lock", f);

	if (e == OK)
		e = env->lock_take(env->self, lock, path, &holder, f);
	if (e == ERR_BUSY)
		return fail_set(f, e,
		    "the key slots in %s are being changed by process %ld; "
		    "try again when it is done",
		    dir, holder);
	return e;
}

static void
let_go(void *lock, const struct env *env)
{
	if (lock != NULL)
		env->lock_drop(env->self, lock);
}

/* The set on disk, whose master key these keys hold. */
static enum err
load_own(struct slot_set *set, struct slot_keys *held, const struct env *env,
    const char *dir, const struct slot_keys *keys, struct fail *f)
{
	enum err e = slot_load(set, env, dir, f);

	*held = *keys;
	if (e == OK && !slot_open_replica(held, set))
		e = fail_set(f, ERR_AUTH,
		    "the key slots in %s belong to another replica; nothing "
		    "was changed",
		    dir);
	return e;
}

enum err
slot_store(struct slot_set *set, const struct env *env, const char *dir,
    struct fail *f)
{
	char path[PATH_BYTES];
	enum err e = OK;

	for (size_t i = 0; e == OK && i < COUNT_OF(names); i++) {
		e = path_of(path, dir, names[i], f);
		if (e == OK)
			e = env_is_free(env, path, f);
	}
	if (e == ERR_EXISTS)
		return fail_set(f, e,
		    "%s has key slots already: a replica is there; nothing "
		    "was changed",
		    dir);
	return e == OK ? save(set, env, dir, f) : e;
}

enum err
slot_forget(const struct env *env, const char *dir, struct fail *f)
{
	char path[PATH_BYTES];
	enum err e = OK;

	for (size_t i = 0; e == OK && i < COUNT_OF(names); i++) {
		e = path_of(path, dir, names[i], f);
		if (e == OK)
			e = env_forget(env, path, f);
	}
	return e;
}

enum err
slot_create(struct slot_keys *keys, const struct env *env, const char *dir,
    const struct slot_secret *first, struct fail *f)
{
	struct slot_set set = { 0 };
	struct slot_keys fresh = { 0 };
	uint8_t number;
	enum err e;

	env_random(env, fresh.master, sizeof(fresh.master));
	env_random(env, fresh.replica, sizeof(fresh.replica));
	slot_seal_replica(&set, env, &fresh);
	e = slot_wrap(&set, &number, env, fresh.master, first, f);
	if (e == OK)
		e = slot_store(&set, env, dir, f);
	if (e == OK)
		*keys = fresh;
	slot_keys_wipe(&fresh);
	return e;
}

enum err
slot_open(struct slot_keys *keys, uint8_t *number, const struct env *env,
    const char *dir, const struct slot_secret *secret, struct fail *f)
{
	struct slot_set set;
	enum err e = slot_load(&set, env, dir, f);

	if (e == OK)
		e = slot_unlock(keys, number, &set, secret, f);
	return e;
}

enum err
slot_again(struct slot_keys *keys, const struct env *env, const char *dir,
    struct fail *f)
{
	struct slot_keys held;
	struct slot_set set;
	enum err e = load_own(&set, &held, env, dir, keys, f);

	if (e == OK)
		*keys = held;
	slot_keys_wipe(&held);
	return e;
}

static enum err
add(uint8_t *number, const struct env *env, const char *dir,
    const struct slot_keys *keys, const struct slot_secret *secret,
    struct fail *f)
{
	struct slot_keys held;
	struct slot_set set;
	uint8_t made = 0;
	enum err e = load_own(&set, &held, env, dir, keys, f);

	slot_keys_wipe(&held);
	if (e == OK)
		e = slot_wrap(&set, &made, env, keys->master, secret, f);
	if (e == OK)
		e = save(&set, env, dir, f);
	if (e == OK)
		*number = made;
	return e;
}

enum err
slot_add(uint8_t *number, const struct env *env, const char *dir,
    const struct slot_keys *keys, const struct slot_secret *secret,
    struct fail *f)
{
	void *lock = NULL;
	enum err e = hold(&lock, env, dir, f);

	if (e == OK)
		e = add(number, env, dir, keys, secret, f);
	let_go(lock, env);
	return e;
}

static enum err
drop(const struct env *env, const char *dir, uint8_t number, struct fail *f)
{
	struct slot_set set;
	size_t at = 0;
	enum err e = slot_load(&set, env, dir, f);

	if (e != OK)
		return e;
	while (at < set.count && set.slots[at].number != number)
		at++;
	if (at == set.count)
		return fail_set(f, ERR_NOTFOUND,
		    "there is no key slot %u; keyslot list shows them", number);
	if (set.count == 1)
		return fail_set(f, ERR_DENIED,
		    "key slot %u is the last: without it nobody could open "
		    "the replica; add another first",
		    number);
	set.count--;
	memmove(&set.slots[at], &set.slots[at + 1],
	    (set.count - at) * sizeof(set.slots[0]));
	return save(&set, env, dir, f);
}

enum err
slot_remove(const struct env *env, const char *dir, uint8_t number,
    struct fail *f)
{
	void *lock = NULL;
	enum err e = hold(&lock, env, dir, f);

	if (e == OK)
		e = drop(env, dir, number, f);
	let_go(lock, env);
	return e;
}

/* ---- a new replica key ---------------------------------------------------*/

enum err
slot_rekey_begin(struct slot_keys *keys, void **lock, const struct env *env,
    const char *dir, struct fail *f)
{
	struct slot_keys held = { 0 };
	struct slot_set set;
	enum err e;

	*lock = NULL;
	e = hold(lock, env, dir, f);
	if (e == OK)
		e = load_own(&set, &held, env, dir, keys, f);
	/* a second one would push out the one that opens the database */
	if (e == OK && set.has_next)
		e = fail_set(f, ERR_DENIED,
		    "an earlier change of this replica's key was cut off; "
		    "close and open the replica, then try again");
	if (e == OK) {
		env_random(env, held.next, sizeof(held.next));
		slot_seal_next(&set, env, &held);
		held.has_next = true;
		e = save(&set, env, dir, f);
	}
	if (e == OK) {
		*keys = held;
	} else {
		let_go(*lock, env);
		*lock = NULL;
	}
	slot_keys_wipe(&held);
	return e;
}

/* Both files, with one replica key in them. */
static enum err
settle(struct slot_keys *keys, const struct env *env, const char *dir,
    bool done, struct fail *f)
{
	struct slot_keys held;
	struct slot_set set;
	enum err e = load_own(&set, &held, env, dir, keys, f);

	if (e == OK && set.has_next && done) {
		memcpy(set.nonce, set.next_nonce, sizeof(set.nonce));
		memcpy(set.box, set.next_box, sizeof(set.box));
		memcpy(held.replica, held.next, sizeof(held.replica));
	}
	if (e == OK && (set.has_next || set.uneven)) {
		set.has_next = false;
		e = save(&set, env, dir, f);
	}
	if (e == OK) {
		memcpy(keys->replica, held.replica, sizeof(keys->replica));
		sodium_memzero(keys->next, sizeof(keys->next));
		keys->has_next = keys->unsettled = false;
	}
	slot_keys_wipe(&held);
	return e;
}

enum err
slot_rekey_end(struct slot_keys *keys, void *lock, const struct env *env,
    const char *dir, bool done, struct fail *f)
{
	enum err e = lock != NULL ? OK : hold(&lock, env, dir, f);

	if (e == OK)
		e = settle(keys, env, dir, done, f);
	let_go(lock, env);
	return e;
}
