/* Inside account.h: what signing in, sessions and self-service share. */
#ifndef FOOTBRIDGE_NODE_ACCOUNT_ACCOUNT_I_H
#define FOOTBRIDGE_NODE_ACCOUNT_ACCOUNT_I_H

#include <pthread.h>

#include "node/account/account.h"
#include "sync/hash.h"

#define TOKEN_HASH_BYTES 32
#define FAILURES_REMEMBERED 64
/* Argon2id at one time, and who may wait for it: the page has a thread for each
 * and as many again */
#define HASHING_MAX 2
#define HASHING_WAITING_MAX 2
/* failures of accounts that are not there or not open, an entry each, in a
 * minute; what comes on top is counted in the next one */
#define FUTILE_MAX 10
#define FUTILE_MS (60 * 1000)

/* the one sentence for whoever is not let in */
#define NOT_LET_IN \
	"the name, the password or the code does not fit, or the account is " \
	"not open; after too many failures, or long without use, an " \
	"administrator must release it"
#define NO_SESSION "you are not signed in, or the session has ended"

struct session {
	bool used, locked;
	uint8_t hash[TOKEN_HASH_BYTES];
	uint8_t secret[ACCOUNT_SECRET_BYTES];
	int64_t account;
	struct row_id staff;
	char name[ACCOUNT_NAME_MAX + 1];
	char origin[ACCOUNT_ORIGIN_MAX + 1];
	bool is_administrator, has_totp;
	unsigned must;
	uint8_t secrets[TOKEN_HASH_BYTES]; /* of the account: session_secrets */
	bool begins_factor;                /* factor_ms: since when */
	struct account_rights rights;
	/* env_boot_ms: signed in, full proof, last act of a person */
	int64_t in_ms, proof_ms, act_ms, factor_ms;
};

struct accounts {
	struct engine *engine;
	const struct env *env;
	struct account_settings settings;
	pthread_mutex_t lock; /* of the sessions and of the count below */
	pthread_cond_t less;
	unsigned hashing; /* Argon2id runs */
	size_t waiting;   /* for it, in order */
	struct turn_waiting {
		uint64_t no;
		char origin[ACCOUNT_ORIGIN_MAX + 1];
	} queue[HASHING_WAITING_MAX];
	uint64_t turn_no;
	struct session *sessions; /* ACCOUNT_SESSIONS_MAX */
	struct {
		int64_t account, first_ms;
	} failures[FAILURES_REMEMBERED]; /* engine's lock */
	size_t failure_next;
	int64_t futile_ms; /* when that minute began; engine's lock */
	unsigned futile;   /* entries in it */
	uint64_t futile_more;
};

/* ---- proof.c: is it that person? ---- */

/* A password and a code that somebody typed, and for whom. */
struct proof {
	const char *name; /* NULL: account says it */
	int64_t account;
	const char *password;
	size_t password_n;
	const char *code;
	bool password_known; /* it opened the replica a moment ago */
	bool code_needed;    /* where the account has a second factor */
	const char *act;     /* word for the journal */
	const char *origin;
	struct account found; /* out, on OK */
};
/* Engine, Argon2id. Counts failures, writes the journal.
 * fails: as account_sign_in */
enum err proof_check(struct accounts *a, struct proof *p, struct fail *f);

/* ---- session.c ---- */

/* The engine's replica, its lock taken, in a transaction; ERR_BUSY: none now. */
enum err accounts_begin(struct accounts *a, struct replica **r, struct fail *f);
/* Commits when e is OK, else rolls back; gives the lock back. */
enum err accounts_end(struct accounts *a, struct replica *r, enum err e,
    struct fail *f);

/* Its place, for as long as a->lock is held; NULL: over. */
struct session *session_find(struct accounts *a, const char *token);
/* A copy of it. fails: ERR_AUTH */
enum err session_copy(struct session *out, struct accounts *a,
    const char *token, struct fail *f);
/* What an account opens with, in short: a session lasts no longer than the
 * password and the second factor that opened it. */
void session_secrets(uint8_t out[static TOKEN_HASH_BYTES],
    const struct account *acc);
/* Its owner replaced one of them: this session goes on with the new one, without
 * that duty, and all others of the account end. */
void session_renew(struct accounts *a, const char *token,
    const struct account *acc, unsigned duty);
/* Was password, and code where there is one, given in this session lately? */
bool session_is_fresh(const struct accounts *a, const struct session *s);
/* End all of an account but the one with this token (NULL: all). */
void session_end_all(struct accounts *a, int64_t account, const char *token);

#endif
