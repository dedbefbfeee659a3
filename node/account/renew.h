/*
 * Giving an account a password: a key slot of its own, or a verifier.
 *
 *	renew_make     without any lock: Argon2id, and the slot file
 *	renew_take     in the transaction that saves the account
 *	renew_end      after it: the slot that is not needed any more goes
 *
 * Cut off between them, one slot more than needed is there; it opens with a
 * password that the same person chose, and keyslot list shows it.
 */
#ifndef FOOTBRIDGE_NODE_ACCOUNT_RENEW_H
#define FOOTBRIDGE_NODE_ACCOUNT_RENEW_H

#include "node/account/store.h"

struct renewal {
	bool slot;
	uint8_t salt[SLOT_SALT_BYTES]; /* of the new one */
	uint8_t old[SLOT_SALT_BYTES];  /* of the one that it replaces */
	bool has_old, taken;
	char verifier[PASSWORD_VERIFIER_BYTES];
};

/*
 * in:    name  of the account, for password_check
 *        keys  of the replica, for a slot; NULL: a verifier
 * fails: ERR_INPUT, ERR_LIMIT no slot is free, ERR_NOMEM, ERR_IO
 */
enum err renew_make(struct renewal *w, const struct env *env, const char *dir,
    const char *name, const struct slot_keys *keys, const char *p, size_t n,
    struct fail *f);
/* Into *a, which the caller saves, and the tables. past: earlier verifiers that
 * stay. */
enum err renew_take(struct renewal *w, struct account *a, struct replica *r,
    int64_t past, struct fail *f);
/* done: it was committed. Wipes w. fails: ERR_IO, and the text says that the old
 * password still opens this computer */
enum err renew_end(struct renewal *w, const struct env *env, const char *dir,
    bool done, struct fail *f);

/* Take the account's slot out of the file; an account without one: OK. */
enum err renew_close(const struct account *a, const struct env *env,
    const char *dir, struct fail *f);

#endif
