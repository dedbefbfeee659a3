/* The sessions, and what happens to each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "node/account/account_i.h"
#include "sync/audit.h"
#include "sync/reserve.h"

#define HOUR_MS ((int64_t)3600 * 1000)
#define TOKEN_RANDOM_BYTES 32
#define OPENED_AGAIN "the replica is being opened again; try again"

static_assert(sodium_base64_ENCODED_LEN(TOKEN_RANDOM_BYTES,
		  sodium_base64_VARIANT_URLSAFE_NO_PADDING) ==
	ACCOUNT_TOKEN_BYTES,
    "a token fits");

/* ---- life of all -------------------------------------------------------------- */

enum err
accounts_new(struct accounts **out, struct engine *engine,
    const struct account_settings *settings, struct fail *f)
{
	struct accounts *a = calloc(1, sizeof(*a));

	if (a != NULL)
		a->sessions =
		    calloc(ACCOUNT_SESSIONS_MAX, sizeof(*a->sessions));
	if (a == NULL || a->sessions == NULL) {
		free(a);
		return fail_set(f, ERR_NOMEM, "accounts");
	}
	a->engine = engine;
	engine_lock(engine);
	a->env = replica_env(engine->replica);
	engine_unlock(engine);
	if (settings != NULL)
		a->settings = *settings;
	else
		account_defaults(&a->settings);
	(void)pthread_mutex_init(&a->lock, NULL);
	(void)pthread_cond_init(&a->less, NULL);
	*out = a;
	return OK;
}

void
accounts_free(struct accounts *a)
{
	if (a == NULL)
		return;
	sodium_memzero(a->sessions,
	    ACCOUNT_SESSIONS_MAX * sizeof(*a->sessions));
	free(a->sessions);
	(void)pthread_mutex_destroy(&a->lock);
	(void)pthread_cond_destroy(&a->less);
	free(a);
}

enum err
accounts_begin(struct accounts *a, struct replica **r, struct fail *f)
{
	enum err e;

	engine_lock(a->engine);
	*r = a->engine->replica;
	if (*r != NULL)
		reserve_ready(*r);
	e = *r != NULL ? replica_begin(*r, f)
		       : fail_set(f, ERR_BUSY, OPENED_AGAIN);
	if (e != OK)
		engine_unlock(a->engine);
	return e;
}

enum err
accounts_end(struct accounts *a, struct replica *r, enum err e, struct fail *f)
{
	if (e == OK)
		e = replica_commit(r, f);
	else
		replica_rollback(r);
	engine_unlock(a->engine);
	return e;
}

const char *
account_banner(const struct accounts *a)
{
	return a->settings.banner;
}

/* ---- one ------------------------------------------------------------------------ */

static void
hash_token(uint8_t hash[static TOKEN_HASH_BYTES], const char *token)
{
	struct hash h;

	hash_init(&h, LABEL_ACCOUNT_TOKEN, TOKEN_HASH_BYTES, NULL, 0);
	hash_bytes(&h, token, strlen(token));
	hash_final(&h, hash);
}

static void
new_token(struct session *s, const struct env *env,
    char token[static ACCOUNT_TOKEN_BYTES])
{
	uint8_t random[TOKEN_RANDOM_BYTES];

	env_random(env, random, sizeof(random));
	(void)sodium_bin2base64(token, ACCOUNT_TOKEN_BYTES, random,
	    sizeof(random), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	hash_token(s->hash, token);
	env_random(env, s->secret, sizeof(s->secret));
	sodium_memzero(random, sizeof(random));
}

static bool
is_over(const struct accounts *a, const struct session *s)
{
	return env_boot_ms(a->env) - s->act_ms > a->settings.end_ms;
}

struct session *
session_find(struct accounts *a, const char *token)
{
	uint8_t hash[TOKEN_HASH_BYTES];
	struct session *found = NULL;

	if (token == NULL || strlen(token) != ACCOUNT_TOKEN_BYTES - 1)
		return NULL;
	hash_token(hash, token);
	for (size_t i = 0; i < ACCOUNT_SESSIONS_MAX; i++) {
		struct session *s = &a->sessions[i];

		if (s->used && sodium_memcmp(s->hash, hash, sizeof(hash)) == 0)
			found = s;
	}
	if (found != NULL && is_over(a, found)) {
		sodium_memzero(found, sizeof(*found));
		found = NULL;
	}
	return found;
}

enum err
session_copy(struct session *out, struct accounts *a, const char *token,
    struct fail *f)
{
	struct session *s;

	(void)pthread_mutex_lock(&a->lock);
	s = session_find(a, token);
	if (s != NULL)
		*out = *s;
	(void)pthread_mutex_unlock(&a->lock);
	return s != NULL ? OK : fail_set(f, ERR_AUTH, NO_SESSION);
}

void
session_end_all(struct accounts *a, int64_t account, const char *token)
{
	struct session *kept;

	(void)pthread_mutex_lock(&a->lock);
	kept = session_find(a, token);
	for (size_t i = 0; i < ACCOUNT_SESSIONS_MAX; i++) {
		struct session *s = &a->sessions[i];

		if (s->used && s != kept && s->account == account)
			sodium_memzero(s, sizeof(*s));
	}
	(void)pthread_mutex_unlock(&a->lock);
}

void
session_secrets(uint8_t out[static TOKEN_HASH_BYTES], const struct account *acc)
{
	struct hash h;

	hash_init(&h, LABEL_ACCOUNT_SECRETS, TOKEN_HASH_BYTES, NULL, 0);
	hash_u64(&h, (uint64_t)acc->password_ms);
	hash_bytes(&h, acc->slot_salt, acc->has_slot ? SLOT_SALT_BYTES : 0);
	hash_bytes(&h, acc->totp, acc->has_totp ? TOTP_SECRET_BYTES : 0);
	hash_final(&h, out);
}

void
session_renew(struct accounts *a, const char *token, const struct account *acc,
    unsigned duty)
{
	struct session *s;

	(void)pthread_mutex_lock(&a->lock);
	s = session_find(a, token);
	if (s != NULL) {
		s->must &= ~duty;
		s->has_totp = acc->has_totp;
		s->begins_factor = false;
		session_secrets(s->secrets, acc);
	}
	(void)pthread_mutex_unlock(&a->lock);
	session_end_all(a, acc->no, token);
}

bool
session_is_fresh(const struct accounts *a, const struct session *s)
{
	return env_boot_ms(a->env) - s->proof_ms <= ACCOUNT_FRESH_MS;
}

/* ---- who -------------------------------------------------------------------------- */

static int64_t
left(int64_t whole, int64_t gone)
{
	return gone < whole ? whole - gone : 0;
}

static void
describe(struct account_who *who, const struct accounts *a, struct session *s)
{
	const struct account_settings *set = &a->settings;
	int64_t now = env_boot_ms(a->env);

	if (now - s->act_ms > set->lock_ms)
		s->locked = true;
	*who = (struct account_who){
		.account = s->account,
		.staff = s->staff,
		.roles = s->rights.roles |
		    (s->is_administrator ? ACCOUNT_BIT(ACCOUNT_ADMINISTRATOR)
					 : 0),
		.scope = s->rights.scope,
		.is_administrator = s->is_administrator,
		.read_only = s->rights.read_only,
		.state = s->locked ? SESSION_LOCKED : SESSION_OPEN,
		.must = s->must,
		.lock_in_ms =
		    s->locked ? 0 : left(set->lock_ms, now - s->act_ms),
		.ends_in_ms = left(set->end_ms, now - s->act_ms),
		.again_in_ms = left(set->again_ms, now - s->proof_ms),
		.rights = s->rights,
	};
	if (now - s->proof_ms > set->again_ms)
		who->state = SESSION_AGAIN;
	memcpy(who->name, s->name, sizeof(who->name));
	memcpy(who->origin, s->origin, sizeof(who->origin));
}

enum err
account_who_of(struct accounts *a, struct account_who *who, const char *token,
    bool touch, struct fail *f)
{
	struct session *s;

	(void)pthread_mutex_lock(&a->lock);
	s = session_find(a, token);
	if (s != NULL) {
		describe(who, a, s);
		if (touch && who->state == SESSION_OPEN)
			s->act_ms = env_boot_ms(a->env);
	}
	(void)pthread_mutex_unlock(&a->lock);
	return s != NULL ? OK : fail_set(f, ERR_AUTH, NO_SESSION);
}

enum err
account_session_secret(struct accounts *a,
    uint8_t out[static ACCOUNT_SECRET_BYTES], const char *token, struct fail *f)
{
	struct session s;
	enum err e = session_copy(&s, a, token, f);

	if (e == OK)
		memcpy(out, s.secret, ACCOUNT_SECRET_BYTES);
	sodium_memzero(&s, sizeof(s));
	return e;
}

enum err
account_banner_seen(struct accounts *a, const char *token, struct fail *f)
{
	struct session *s;

	(void)pthread_mutex_lock(&a->lock);
	s = session_find(a, token);
	if (s != NULL)
		s->must &= ~ACCOUNT_MUST_BANNER;
	(void)pthread_mutex_unlock(&a->lock);
	return s != NULL ? OK : fail_set(f, ERR_AUTH, NO_SESSION);
}

/* ---- in, locked, open, out ---------------------------------------------------------- */

static bool
is_old(const struct accounts *a, const struct account *acc)
{
	int64_t days = a->settings.password_days;

	return days > 0 &&
	    env_wall_ms(a->env) - acc->password_ms > days * 24 * HOUR_MS;
}

/* What the tables say about it now. */
static void
fill(struct session *s, const struct accounts *a, const struct account *acc,
    const struct account_rights *rights)
{
	s->account = acc->no;
	s->staff = acc->staff;
	memcpy(s->name, acc->name, sizeof(s->name));
	s->is_administrator = acc->administrator;
	s->has_totp = acc->has_totp;
	session_secrets(s->secrets, acc);
	s->rights = *rights;
	s->must &= ACCOUNT_MUST_BANNER;
	if (a->settings.totp && !acc->has_totp)
		s->must |= ACCOUNT_MUST_TOTP;
	if (acc->must_replace || is_old(a, acc))
		s->must |= ACCOUNT_MUST_PASSWORD;
}

static enum err
read_rights(struct account_rights *rights, struct accounts *a,
    const struct account *acc, struct fail *f)
{
	struct replica *r;
	enum err e = accounts_begin(a, &r, f);

	if (e != OK)
		return e;
	e = account_rights(rights, r, acc, a->settings.grace_days, f);
	return accounts_end(a, r, e, f);
}

static struct session *
free_place(struct accounts *a)
{
	for (size_t i = 0; i < ACCOUNT_SESSIONS_MAX; i++) {
		struct session *s = &a->sessions[i];

		if (s->used && is_over(a, s))
			sodium_memzero(s, sizeof(*s));
		if (!s->used)
			return s;
	}
	return NULL;
}

enum err
account_sign_in(struct accounts *a, char token[static ACCOUNT_TOKEN_BYTES],
    const char *name, const char *password, size_t password_n, const char *code,
    const char *origin, struct fail *f)
{
	struct proof p = { .name = name,
		.password = password,
		.password_n = password_n,
		.code = code,
		.code_needed = true,
		.act = "sign_in",
		.origin = origin };
	struct account_rights rights;
	struct session *s = NULL;
	enum err e = proof_check(a, &p, f);

	if (e == OK)
		e = read_rights(&rights, a, &p.found, f);
	if (e == OK) {
		(void)pthread_mutex_lock(&a->lock);
		s = free_place(a);
		if (s != NULL) {
			*s = (struct session){ .used = true,
				.must = ACCOUNT_MUST_BANNER };
			s->in_ms = s->proof_ms = s->act_ms =
			    env_boot_ms(a->env);
			(void)snprintf(s->origin, sizeof(s->origin), "%s",
			    origin);
			fill(s, a, &p.found, &rights);
			new_token(s, a->env, token);
		}
		(void)pthread_mutex_unlock(&a->lock);
		if (s == NULL)
			e = fail_set(f, ERR_LIMIT,
			    "too many people are signed in here; try again "
			    "later");
	}
	account_wipe(&p.found);
	return e;
}

/* An entry of the journal about a session. */
static enum err
tell(struct accounts *a, const struct session *s, const char *act,
    const char *note, struct fail *f)
{
	const struct audit_entry entry = { .act = act,
		.staff = &s->staff,
		.origin = s->origin,
		.note = note };
	struct replica *r;
	enum err e = accounts_begin(a, &r, f);

	if (e != OK)
		return e;
	e = audit_write(r, &entry, f);
	return accounts_end(a, r, e, f);
}

enum err
account_lock(struct accounts *a, const char *token, struct fail *f)
{
	struct session copy = { 0 }, *s;

	(void)pthread_mutex_lock(&a->lock);
	s = session_find(a, token);
	if (s != NULL) {
		s->locked = true;
		copy = *s;
	}
	(void)pthread_mutex_unlock(&a->lock);
	if (s == NULL)
		return fail_set(f, ERR_AUTH, NO_SESSION);
	return tell(a, &copy, "lock", NULL, f);
}

void
account_sign_out(struct accounts *a, const char *token)
{
	struct session copy = { 0 }, *s;
	char note[64];

	(void)pthread_mutex_lock(&a->lock);
	s = session_find(a, token);
	if (s != NULL) {
		copy = *s;
		sodium_memzero(s, sizeof(*s));
	}
	(void)pthread_mutex_unlock(&a->lock);
	if (s == NULL)
		return;
	(void)snprintf(note, sizeof(note), "after %lld s",
	    (long long)((env_boot_ms(a->env) - copy.in_ms) / 1000));
	(void)tell(a, &copy, "sign_out", note, NULL);
	sodium_memzero(&copy, sizeof(copy));
}

/* Password and code of the person whose session it is. */
static enum err
prove(struct accounts *a, struct proof *p, const struct session *s,
    const char *act, const char *password, size_t n, const char *code,
    bool code_needed, struct fail *f)
{
	*p = (struct proof){ .account = s->account,
		.password = password,
		.password_n = n,
		.code = code,
		.code_needed = code_needed,
		.act = act,
		.origin = s->origin };
	return proof_check(a, p, f);
}

enum err
account_unlock(struct accounts *a, char fresh[static ACCOUNT_TOKEN_BYTES],
    const char *token, const char *password, size_t password_n,
    const char *code, struct fail *f)
{
	struct account_rights rights;
	struct account_who who;
	struct session copy, *s;
	struct proof p;
	bool whole;
	enum err e = account_who_of(a, &who, token, false, f);

	if (e == OK)
		e = session_copy(&copy, a, token, f);
	if (e != OK)
		return e;
	/* a code that was typed is taken, so that twelve hours begin anew */
	whole = who.state == SESSION_AGAIN || code[0] != '\0';
	e = prove(a, &p, &copy, "unlock", password, password_n, code, whole, f);
	if (e == OK)
		e = read_rights(&rights, a, &p.found, f);
	if (e == OK) {
		(void)pthread_mutex_lock(&a->lock);
		s = session_find(a, token);
		if (s != NULL) {
			s->locked = false;
			s->act_ms = env_boot_ms(a->env);
			if (whole || !p.found.has_totp)
				s->proof_ms = s->act_ms;
			fill(s, a, &p.found, &rights);
			new_token(s, a->env, fresh);
		}
		(void)pthread_mutex_unlock(&a->lock);
		if (s == NULL)
			e = fail_set(f, ERR_AUTH, NO_SESSION);
	}
	account_wipe(&p.found);
	sodium_memzero(&copy, sizeof(copy));
	return e;
}

enum err
account_confirm(struct accounts *a, const char *token, const char *password,
    size_t password_n, const char *code, struct fail *f)
{
	struct session copy;
	struct proof p;
	enum err e = session_copy(&copy, a, token, f);

	if (e != OK)
		return e;
	e = prove(a, &p, &copy, "confirm", password, password_n, code, true, f);
	account_wipe(&p.found);
	sodium_memzero(&copy, sizeof(copy));
	return e;
}

enum err
account_prove(struct accounts *a, int64_t account, const char *password,
    size_t password_n, const char *code, const char *origin, struct fail *f)
{
	struct proof p = { .account = account,
		.password = password != NULL ? password : "",
		.password_n = password_n,
		.password_known = password == NULL,
		.code = code,
		.code_needed = true,
		.act = "confirm",
		.origin = origin };
	enum err e = proof_check(a, &p, f);

	account_wipe(&p.found);
	return e;
}

/* Is it the account still that this session was opened with? */
static enum err
look_again(struct account *acc, struct account_rights *rights,
    struct accounts *a, const struct session *s, struct fail *f)
{
	uint8_t now[TOKEN_HASH_BYTES];
	struct replica *r;
	enum err e;

	engine_lock(a->engine);
	r = a->engine->replica;
	e = r != NULL ? account_get(acc, r, s->account, f)
		      : fail_set(f, ERR_BUSY, OPENED_AGAIN);
	if (e == OK)
		e = account_rights(rights, r, acc, a->settings.grace_days, f);
	engine_unlock(a->engine);
	if (e != OK)
		return e;
	session_secrets(now, acc);
	if (rights->is_ended || acc->locked_ms != 0 ||
	    sodium_memcmp(now, s->secrets, sizeof(now)) != 0)
		return fail_set(f, ERR_AUTH, NO_SESSION);
	return OK;
}

enum err
account_refresh(struct accounts *a, const char *token, struct fail *f)
{
	struct account_rights rights;
	struct account acc = { 0 };
	struct session copy, *s;
	enum err e = session_copy(&copy, a, token, f);

	if (e != OK)
		return e;
	e = look_again(&acc, &rights, a, &copy, f);
	(void)pthread_mutex_lock(&a->lock);
	s = session_find(a, token);
	if (s != NULL &&
	    sodium_memcmp(s->secrets, copy.secrets, sizeof(s->secrets)) != 0)
		e = OK; /* its owner replaced one meanwhile, and it goes on */
	else if (s != NULL && e == OK)
		fill(s, a, &acc, &rights);
	else if (s != NULL && (e == ERR_AUTH || e == ERR_NOTFOUND))
		sodium_memzero(s, sizeof(*s));
	(void)pthread_mutex_unlock(&a->lock);
	account_wipe(&acc);
	sodium_memzero(&copy, sizeof(copy));
	return e == ERR_NOTFOUND ? fail_set(f, ERR_AUTH, NO_SESSION) : e;
}
