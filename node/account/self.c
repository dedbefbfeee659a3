/* What people do for themselves: their password, their second factor. */
#include <string.h>

#include <sodium.h>

#include "node/account/account_i.h"
#include "node/account/factor.h"
#include "node/account/renew.h"
#include "sync/audit.h"

/* ---- password ---------------------------------------------------------------- */

/* The keys that the old password gives, where the account has a slot. */
static enum err
own_keys(struct slot_keys *keys, const struct account *acc,
    const struct env *env, const char *dir, const char *p, size_t n,
    struct fail *f)
{
	struct slot_secret secret = { .kind = SLOT_PASSPHRASE, .p = p, .n = n };

	return acc->has_slot ? slot_open(keys, NULL, env, dir, &secret, f) : OK;
}

struct past {
	const char *p;
	size_t n;
	int64_t left;
	bool found;
};

static bool
was_it(void *context, const char *verifier)
{
	struct past *x = context;

	x->found = x->found || password_fits(verifier, x->p, x->n);
	return !x->found && --x->left >= 0;
}

/* Those that are kept, and the one that stands. */
static enum err
check_past(struct replica *r, const struct account *acc, int64_t past,
    const char *p, size_t n, struct fail *f)
{
	struct past x = { .p = p, .n = n, .left = past };
	enum err e = account_verifiers(r, acc->no, was_it, &x, f);

	if (e == OK && x.found)
		e = fail_set(f, ERR_INPUT,
		    "this password was used before; take another one");
	return e;
}

static enum err
save_password(struct accounts *a, struct renewal *w, const char *token,
    const struct session *s, const char *now, size_t now_n, struct fail *f)
{
	const struct audit_entry entry = { .act = "password",
		.staff = &s->staff,
		.origin = s->origin };
	struct account acc = { 0 };
	struct replica *r;
	enum err e = accounts_begin(a, &r, f);

	if (e != OK)
		return e;
	e = account_get(&acc, r, s->account, f);
	/* the new one was made without the lock: much may have happened */
	if (e == OK &&
	    (acc.disabled_ms != 0 || acc.locked_ms != 0 || acc.unused_ms != 0))
		e = fail_set(f, ERR_AUTH, NOT_LET_IN);
	if (e == OK)
		e = check_past(r, &acc, a->settings.password_past, now, now_n,
		    f);
	acc.must_replace = false;
	if (e == OK)
		e = renew_take(w, &acc, r, a->settings.password_past, f);
	if (e == OK)
		e = account_save(&acc, r, f);
	if (e == OK)
		e = audit_write(r, &entry, f);
	/* before anybody can compare the two */
	if (e == OK)
		session_renew(a, token, &acc, ACCOUNT_MUST_PASSWORD);
	account_wipe(&acc);
	return accounts_end(a, r, e, f);
}

static enum err
copy_dir(char dir[static 4096], struct accounts *a, struct fail *f)
{
	struct replica *r;
	enum err e = accounts_begin(a, &r, f);

	if (e != OK)
		return e;
	if (strlen(replica_dir(r)) < 4096)
		memcpy(dir, replica_dir(r), strlen(replica_dir(r)) + 1);
	else
		e = fail_code(f, ERR_LIMIT);
	return accounts_end(a, r, e, f);
}

/* The one that was, and the code where it is not known from a moment ago. */
static enum err
prove_owner(struct proof *p, struct accounts *a, const struct session *s,
    const char *was, size_t was_n, const char *code, bool code_needed,
    struct fail *f)
{
	if (s->has_totp && code_needed && code[0] == '\0')
		return fail_set(f, ERR_INPUT,
		    "the code of your second factor, or a recovery code, is "
		    "wanted too");
	*p = (struct proof){ .account = s->account,
		.password = was,
		.password_n = was_n,
		.code = code,
		.code_needed = code_needed,
		.act = "confirm",
		.origin = s->origin };
	return proof_check(a, p, f);
}

enum err
account_password(struct accounts *a, const char *token, const char *was,
    size_t was_n, const char *now, size_t now_n, const char *code,
    struct fail *f)
{
	struct slot_keys keys = { 0 };
	struct renewal w = { 0 };
	struct session s;
	struct proof p = { 0 };
	char dir[4096] = "";
	enum err e = session_copy(&s, a, token, f);

	if (e != OK)
		return e;
	e = prove_owner(&p, a, &s, was, was_n, code, !session_is_fresh(a, &s),
	    f);
	if (e == OK && was_n == now_n && memcmp(was, now, now_n) == 0)
		e = fail_set(f, ERR_INPUT, "this is the password already");
	if (e == OK)
		e = copy_dir(dir, a, f);
	if (e == OK)
		e = own_keys(&keys, &p.found, a->env, dir, was, was_n, f);
	if (e == OK)
		e = renew_make(&w, a->env, dir, s.name,
		    p.found.has_slot ? &keys : NULL, now, now_n, f);
	if (e == OK) {
		struct fail why = { 0 };
		enum err saved = save_password(a, &w, token, &s, now, now_n, f);

		e = renew_end(&w, a->env, dir, saved == OK, &why);
		if (saved == OK && e != OK)
			*f = why;
		e = saved != OK ? saved : e;
	}
	slot_keys_wipe(&keys);
	account_wipe(&p.found);
	sodium_memzero(&s, sizeof(s));
	return e;
}

/* ---- second factor -------------------------------------------------------------- */

/* Begun here and now, so that no other session can end it. */
static void
note_begun(struct accounts *a, const char *token)
{
	struct session *s;

	(void)pthread_mutex_lock(&a->lock);
	s = session_find(a, token);
	if (s != NULL) {
		s->begins_factor = true;
		s->factor_ms = env_boot_ms(a->env);
	}
	(void)pthread_mutex_unlock(&a->lock);
}

static enum err
may_begin(struct accounts *a, const struct session *s, const char *password,
    size_t password_n, const char *code, struct fail *f)
{
	struct proof p = { 0 };
	enum err e;

	if (!s->has_totp && password == NULL && session_is_fresh(a, s))
		return OK;
	if (password == NULL)
		return fail_set(f, ERR_INPUT, "your password is wanted again");
	e = prove_owner(&p, a, s, password, password_n, code, true, f);
	account_wipe(&p.found);
	return e;
}

enum err
account_totp_begin(struct accounts *a, const char *token, const char *password,
    size_t password_n, const char *code, struct buf *secret, struct buf *uri,
    struct fail *f)
{
	struct session s;
	struct replica *r;
	enum err e = session_copy(&s, a, token, f);

	if (e == OK)
		e = may_begin(a, &s, password, password_n, code, f);
	if (e == OK)
		e = accounts_begin(a, &r, f);
	if (e == OK) {
		e = factor_begin(r, s.account, secret, uri, f);
		e = accounts_end(a, r, e, f);
	}
	if (e == OK)
		note_begun(a, token);
	sodium_memzero(&s, sizeof(s));
	return e;
}

static enum err
end_factor(struct accounts *a, const char *token, const struct session *s,
    const char *code, struct buf *codes, struct fail *f)
{
	struct account acc = { 0 };
	struct replica *r;
	enum err e = accounts_begin(a, &r, f);

	if (e != OK)
		return e;
	e = factor_end(r, s->account, code, &s->staff, s->origin, codes, f);
	if (e == OK)
		e = account_get(&acc, r, s->account, f);
	if (e == OK)
		session_renew(a, token, &acc, ACCOUNT_MUST_TOTP);
	account_wipe(&acc);
	return accounts_end(a, r, e, f);
}

enum err
account_totp_end(struct accounts *a, const char *token, const char *code,
    struct buf *codes, struct fail *f)
{
	struct session s;
	enum err e = session_copy(&s, a, token, f);

	if (e == OK &&
	    (!s.begins_factor ||
		env_boot_ms(a->env) - s.factor_ms > ACCOUNT_FACTOR_MS))
		e = fail_set(f, ERR_NOTFOUND,
		    "no second factor was begun here in the last ten minutes; "
		    "begin again");
	if (e == OK)
		e = end_factor(a, token, &s, code, codes, f);
	sodium_memzero(&s, sizeof(s));
	return e;
}
