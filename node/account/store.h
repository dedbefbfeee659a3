/*
 * Accounts as this replica keeps them: the tables account, account_password and
 * account_code (schema/migrations/0003). Rows in and out, no rules: those are in
 * account.h (signing in) and admin.h.
 *
 * All with the engine's lock held. What writes does so in the caller's
 * transaction, which writes the journal too.
 */
#ifndef FOOTBRIDGE_NODE_ACCOUNT_STORE_H
#define FOOTBRIDGE_NODE_ACCOUNT_STORE_H

#include "node/account/password.h"
#include "node/account/totp.h"
#include "sync/replica.h"
#include "sync/slot.h"

#define ACCOUNT_NAME_MAX 128

struct account {
	int64_t no; /* from 1 */
	struct row_id staff;
	char name[ACCOUNT_NAME_MAX + 1];
	bool administrator, must_replace;
	bool has_slot, has_totp, has_totp_new;
	uint8_t slot_salt[SLOT_SALT_BYTES];
	uint8_t totp[TOTP_SECRET_BYTES], totp_new[TOTP_SECRET_BYTES];
	int64_t totp_step;
	int64_t failures;
	int64_t made_ms, password_ms;
	/* 0: never, not */
	int64_t ends_ms, disabled_ms, locked_ms, sign_in_ms;
	int64_t used_ms;   /* the last time, or when it was made or released */
	int64_t unused_ms; /* closed since, because nobody used it; 0: not */
};
/* Does this password open the account's own key slot in dir? Argon2id; nothing
 * of the replica is asked, so without any lock. */
bool account_opens_slot(const struct account *a, const struct env *env,
    const char *dir, const char *password, size_t n) MUST_USE;
/* The secrets in it. */
void account_wipe(struct account *a);

/* fails: ERR_NOTFOUND without a text; ERR_IO */
enum err account_get(struct account *out, struct replica *r, int64_t no,
    struct fail *f);
/* By what is typed at sign-in; capitals of ASCII do not count. */
enum err account_find(struct account *out, struct replica *r, const char *name,
    struct fail *f);
enum err account_of_staff(struct account *out, struct replica *r,
    const struct row_id *staff, struct fail *f);
enum err account_of_slot(struct account *out, struct replica *r,
    const uint8_t salt[static SLOT_SALT_BYTES], struct fail *f);
/* How many there are; administrators: only those who can act as one. */
enum err account_count(int64_t *out, struct replica *r, bool administrators,
    struct fail *f);

/* The next one that is open and was used last before that time, by when it was
 * and its number; after: the one before, zeros to begin. fails: ERR_NOTFOUND */
enum err account_idle(struct account *out, struct replica *r, int64_t before_ms,
    int64_t after_ms, int64_t after_no, struct fail *f);
/* How many are closed because nobody used them. */
enum err account_unused_count(int64_t *out, struct replica *r, struct fail *f);

typedef bool (*account_fn)(void *context, const struct account *a);
/* In order of their numbers; it must not write. */
enum err account_each(struct replica *r, account_fn each, void *context,
    struct fail *f);

/* Its number is given here. fails: ERR_INPUT the name is empty, too long or
 * taken by an account, also by a disabled one */
enum err account_insert(struct account *a, struct replica *r, struct fail *f);
/* All but number and name. */
enum err account_save(const struct account *a, struct replica *r,
    struct fail *f);

/* The newest verifier; "": none. */
enum err account_verifier(char out[static PASSWORD_VERIFIER_BYTES],
    struct replica *r, int64_t account, struct fail *f);
/* A new one; of the older ones so many stay. "": none is to be. */
enum err account_verifier_set(struct replica *r, int64_t account,
    const char *verifier, int64_t older, struct fail *f);
/* Each verifier there is, newest first. */
typedef bool (*verifier_fn)(void *context, const char *verifier);
enum err account_verifiers(struct replica *r, int64_t account, verifier_fn each,
    void *context, struct fail *f);

/* Recovery codes: all anew, those that are left, and one used up (ERR_NOTFOUND:
 * there is none like it, or it was used). */
enum err account_codes_set(struct replica *r, int64_t account,
    uint8_t (*hash)[RECOVERY_HASH_BYTES], size_t count, struct fail *f);
enum err account_codes_left(int64_t *out, struct replica *r, int64_t account,
    struct fail *f);
enum err account_code_use(struct replica *r, int64_t account,
    const uint8_t hash[static RECOVERY_HASH_BYTES], struct fail *f);

#endif
