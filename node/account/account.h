/*
 * Signing in to this node, and the sessions that come of it.
 *
 * An account is a person of the staff who may use this replica (store.h): local,
 * in no segment. A session is in the memory of the daemon alone and ends with it.
 * Who holds one has a token of 256 random bits; only its hash is kept here.
 *
 * On a computer that people carry the password opens the person's own key slot,
 * and nothing else is kept of it: checking it and opening the slot are one act.
 * On a server that opens by itself a verifier (Argon2id) is in the database.
 *
 * Times are counted on a clock that nobody sets and that goes on while the
 * machine sleeps. A session locks after 30 minutes without a person's act, wants
 * password and code again after 12 hours, and ends after one hour without an act
 * (CJIS AC-11, IA-5, SC-10; DOMAIN 4). Five failures in a row within 15 minutes
 * lock the account until an administrator releases it; a restart forgets none.
 * An office may set each of these shorter (settings.h). An account that nobody
 * used for 90 days is closed before it lets anybody in (unused.h). A session ends
 * with its account, and when the password or the second factor that it was opened
 * with is replaced elsewhere.
 *
 * Locks: struct accounts has its own, never held while the engine's is waited for.
 * What says "engine" takes the engine's lock by itself, not while Argon2id runs:
 * call it without. What says "lock held" is called with the engine's lock.
 */
#ifndef FOOTBRIDGE_NODE_ACCOUNT_ACCOUNT_H
#define FOOTBRIDGE_NODE_ACCOUNT_ACCOUNT_H

#include "node/account/rights.h"
#include "node/account/settings.h"
#include "node/engine.h"

#define ACCOUNT_TOKEN_BYTES 44  /* text with NUL: 43 characters, base64url */
#define ACCOUNT_ORIGIN_MAX 63   /* "page 192.0.2.7": goes into the journal */
#define ACCOUNT_SECRET_BYTES 32 /* of a session, for what a page derives */
#define ACCOUNT_SESSIONS_MAX 256
#define ACCOUNT_FAILURES_MS (15 * 60 * 1000)
/* so long after signing in, nobody is asked for the same again (account_password,
 * the first account_totp_begin) */
#define ACCOUNT_FRESH_MS (5 * 60 * 1000)
/* a second factor that was begun is confirmed within this */
#define ACCOUNT_FACTOR_MS (10 * 60 * 1000)

struct accounts;

/* engine is borrowed; settings are copied, NULL: the defaults. fails: ERR_NOMEM */
enum err accounts_new(struct accounts **out, struct engine *engine,
    const struct account_settings *settings, struct fail *f);
/* Ends all sessions; nobody may be in a call. NULL is fine. */
void accounts_free(struct accounts *a);

/* What must be done before anything else is allowed. */
#define ACCOUNT_MUST_BANNER 1u   /* account_banner_seen */
#define ACCOUNT_MUST_TOTP 2u     /* account_totp_begin, account_totp_end */
#define ACCOUNT_MUST_PASSWORD 4u /* account_password */

enum account_state {
	SESSION_OPEN,
	SESSION_LOCKED, /* account_unlock with the password */
	SESSION_AGAIN,  /* account_unlock with password and code */
};

struct account_who {
	int64_t account;
	struct row_id staff; /* acts, in write_request and in the journal */
	char name[ACCOUNT_NAME_MAX + 1];
	uint32_t roles;
	enum account_scope scope;
	bool is_administrator; /* of this replica */
	bool read_only;        /* ACCOUNT_READ_ONLY_WORDS */
	enum account_state state;
	unsigned must;       /* ACCOUNT_MUST_ */
	int64_t lock_in_ms;  /* until it locks, 0: it is */
	int64_t ends_in_ms;  /* until it ends */
	int64_t again_in_ms; /* until password and code are asked for again */
	char origin[ACCOUNT_ORIGIN_MAX + 1];
	struct account_rights rights; /* as of sign-in, unlock or refresh */
};

/*
 * Sign in. Engine; blocks for Argon2id (0.1 to 0.6 s, two at a time, and two more
 * wait, from one origin one of them).
 *
 * in:    code    digits of the authenticator, a recovery code, or ""
 *        origin  from where, our own words
 * fails: ERR_AUTH      one sentence for all: unknown name, wrong password, wrong or
 *                      used code, locked, ended, disabled. Counted, and in the
 *                      journal with the reason
 *        ERR_NOTFOUND  there is no account on this computer yet
 *        ERR_LIMIT     too many sessions; ERR_IO: it could not be written down
 *        ERR_BUSY      others are at it and others wait; nothing was tried. So
 *                      too wherever a password is checked below
 */
enum err account_sign_in(struct accounts *a,
    char token[static ACCOUNT_TOKEN_BYTES], const char *name,
    const char *password, size_t password_n, const char *code,
    const char *origin, struct fail *f);
/*
 * Whose session is it? No engine, cheap: on each request. touch: a person did
 * this, not a page by itself.
 * fails: ERR_AUTH  there is no such session, or it ended
 * notes: with another state than SESSION_OPEN only unlocking and signing out are
 *        for the caller to allow, with must only what it names
 */
enum err account_who_of(struct accounts *a, struct account_who *who,
    const char *token, bool touch, struct fail *f);
/* Roles, training and the account anew from the tables: before anything is shown
 * or done. Engine, reads only.
 * fails: ERR_AUTH, and the session is over: the account is, or its password or
 *        second factor was replaced by somebody else; ERR_BUSY, ERR_IO */
enum err account_refresh(struct accounts *a, const char *token, struct fail *f);
/* The person leaves the screen. Engine. */
enum err account_lock(struct accounts *a, const char *token, struct fail *f);
/* Open it again, with a new token. Engine, Argon2id. code: when the state is
 * SESSION_AGAIN and there is a second factor. fails: ERR_AUTH, as sign-in */
enum err account_unlock(struct accounts *a,
    char fresh[static ACCOUNT_TOKEN_BYTES], const char *token,
    const char *password, size_t password_n, const char *code, struct fail *f);
/* Password and, where there is one, second factor again, before an emergency,
 * roles or destruction. Engine, Argon2id. fails: ERR_AUTH, as sign-in */
enum err account_confirm(struct accounts *a, const char *token,
    const char *password, size_t password_n, const char *code, struct fail *f);
/* The same for who acts at the command line: password NULL: it opened the replica
 * a moment ago; code "": none was said. origin: from where. */
enum err account_prove(struct accounts *a, int64_t account,
    const char *password, size_t password_n, const char *code,
    const char *origin, struct fail *f);
/* Engine. A session that is over already is fine. */
void account_sign_out(struct accounts *a, const char *token);

/* Random bytes of the session, never shown: a page derives its own from them. */
enum err account_session_secret(struct accounts *a,
    uint8_t out[static ACCOUNT_SECRET_BYTES], const char *token,
    struct fail *f);

/* What is said before signing in; borrowed. */
const char *account_banner(const struct accounts *a);
enum err account_banner_seen(struct accounts *a, const char *token,
    struct fail *f);

/* ---- what people do for themselves ------------------------------------------ */

/* The other sessions of the account end. Engine, Argon2id.
 * in:    code  of the second factor, where there is one and the session was not
 *              opened with it within ACCOUNT_FRESH_MS; else ""
 * fails: ERR_AUTH was is not the password, or the code does not fit (counted);
 *        ERR_INPUT now cannot be one (password_check, or it was one before), or
 *        the code is missing */
enum err account_password(struct accounts *a, const char *token,
    const char *was, size_t was_n, const char *now, size_t now_n,
    const char *code, struct fail *f);
/* A new second factor: its secret in groups of four letters, and what an
 * authenticator scans. It counts when a code of it was typed in this session.
 * Engine, Argon2id.
 * in:    password  and code, of the factor that it replaces. Where there is none
 *                  yet the password alone, and within ACCOUNT_FRESH_MS not even
 *                  that: NULL
 * fails: ERR_AUTH (counted); ERR_INPUT one of them is missing */
enum err account_totp_begin(struct accounts *a, const char *token,
    const char *password, size_t password_n, const char *code,
    struct buf *secret, struct buf *uri, struct fail *f);
/* codes: RECOVERY_CODES of them, a line each, shown once. The other sessions of
 * the account end. Engine.
 * fails: ERR_AUTH the code is not one of it; ERR_NOTFOUND nothing was begun in
 *        this session within ACCOUNT_FACTOR_MS */
enum err account_totp_end(struct accounts *a, const char *token,
    const char *code, struct buf *codes, struct fail *f);

/* ---- whose records: lock held ------------------------------------------------ */

enum err account_view_new(struct account_view **out, struct replica *r,
    const struct account_who *who, struct fail *f);
enum err account_sees(bool *sees, struct replica *r,
    const struct account_who *who, const struct row_id *subject,
    struct fail *f);

#endif
