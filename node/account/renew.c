/* A slot is known by its salt: numbers of slots are given again. */
#include "node/account/renew.h"

#include <string.h>

#include <sodium.h>

static enum err
remove_slot(const struct env *env, const char *dir,
    const uint8_t salt[static SLOT_SALT_BYTES], struct fail *f)
{
	struct slot_set set;
	enum err e = slot_load(&set, env, dir, f);

	for (size_t i = 0; e == OK && i < set.count; i++) {
		if (memcmp(set.slots[i].salt, salt, SLOT_SALT_BYTES) == 0)
			return slot_remove(env, dir, set.slots[i].number, f);
	}
	return e;
}

static enum err
make_slot(struct renewal *w, const struct env *env, const char *dir,
    const struct slot_keys *keys, const char *p, size_t n, struct fail *f)
{
	struct slot_secret secret = { .kind = SLOT_PASSPHRASE, .p = p, .n = n };
	struct slot_set set;
	uint8_t number;
	enum err e = slot_add(&number, env, dir, keys, &secret, f);

	if (e == OK)
		e = slot_load(&set, env, dir, f);
	if (e != OK)
		return e;
	for (size_t i = 0; i < set.count; i++) {
		if (set.slots[i].number == number)
			memcpy(w->salt, set.slots[i].salt, SLOT_SALT_BYTES);
	}
	w->slot = true;
	return OK;
}

enum err
renew_make(struct renewal *w, const struct env *env, const char *dir,
    const char *name, const struct slot_keys *keys, const char *p, size_t n,
    struct fail *f)
{
	enum err e = password_check(p, n, name, f);

	*w = (struct renewal){ 0 };
	if (e != OK)
		return e;
	if (keys != NULL)
		return make_slot(w, env, dir, keys, p, n, f);
	return password_make(w->verifier, p, n, f);
}

enum err
renew_take(struct renewal *w, struct account *a, struct replica *r,
    int64_t past, struct fail *f)
{
	w->has_old = a->has_slot;
	memcpy(w->old, a->slot_salt, SLOT_SALT_BYTES);
	w->taken = true;
	a->has_slot = w->slot;
	memcpy(a->slot_salt, w->salt, SLOT_SALT_BYTES);
	a->password_ms = env_wall_ms(replica_env(r));
	return account_verifier_set(r, a->no, w->verifier, past, f);
}

enum err
renew_end(struct renewal *w, const struct env *env, const char *dir, bool done,
    struct fail *f)
{
	enum err e = OK;

	if (!done && w->slot)
		e = remove_slot(env, dir, w->salt, f);
	else if (done && w->taken && w->has_old)
		e = remove_slot(env, dir, w->old, f);
	if (e != OK)
		e = fail_in(f, e,
		    done ? "the new password counts, but the old one still "
			   "opens this computer"
			 : "nothing was changed, but the password that was "
			   "refused opens this computer");
	sodium_memzero(w, sizeof(*w));
	return e;
}

enum err
renew_close(const struct account *a, const struct env *env, const char *dir,
    struct fail *f)
{
	return a->has_slot ? remove_slot(env, dir, a->slot_salt, f) : OK;
}
