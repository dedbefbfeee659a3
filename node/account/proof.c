/*
 * Is it that person? The engine is asked, then Argon2id runs without it, then it
 * is told what came of it. An unknown name takes as long as a wrong password.
 */
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "node/account/account_i.h"
#include "node/account/rights_i.h"
#include "node/account/unused.h"
#include "sync/audit.h"

/* ---- the password ----------------------------------------------------------- */

/* Those that wait from elsewhere are not kept out by who waits already. */
static bool
may_wait(const struct accounts *a, const char *origin)
{
	for (size_t i = 0; i < a->waiting; i++) {
		if (strcmp(a->queue[i].origin, origin) == 0)
			return false;
	}
	return a->waiting < HASHING_WAITING_MAX;
}

/* One's turn comes in the order of asking. */
static void
wait_turn(struct accounts *a, const char *origin)
{
	struct turn_waiting *w = &a->queue[a->waiting++];
	uint64_t no = ++a->turn_no;

	w->no = no;
	(void)snprintf(w->origin, sizeof(w->origin), "%s", origin);
	while (a->hashing >= HASHING_MAX || a->queue[0].no != no)
		(void)pthread_cond_wait(&a->less, &a->lock);
	a->waiting--;
	memmove(a->queue, a->queue + 1, a->waiting * sizeof(*a->queue));
}

static enum err
take_turn(struct accounts *a, const char *origin, struct fail *f)
{
	enum err e = OK;

	(void)pthread_mutex_lock(&a->lock);
	if (a->hashing >= HASHING_MAX || a->waiting > 0) {
		if (may_wait(a, origin))
			wait_turn(a, origin);
		else
			e = fail_set(f, ERR_BUSY,
			    "others are signing in at this moment; try again "
			    "in a few seconds");
	}
	if (e == OK)
		a->hashing++;
	/* two may begin at once */
	(void)pthread_cond_broadcast(&a->less);
	(void)pthread_mutex_unlock(&a->lock);
	return e;
}

static void
end_turn(struct accounts *a)
{
	(void)pthread_mutex_lock(&a->lock);
	a->hashing--;
	(void)pthread_cond_broadcast(&a->less);
	(void)pthread_mutex_unlock(&a->lock);
}

bool
account_opens_slot(const struct account *acc, const struct env *env,
    const char *dir, const char *password, size_t n)
{
	struct slot_secret secret = { .kind = SLOT_PASSPHRASE,
		.p = password,
		.n = n };
	struct slot_keys keys = { 0 };
	struct slot_set set, one;
	bool opens = false;

	if (slot_load(&set, env, dir, NULL) != OK)
		return false;
	for (size_t i = 0; i < set.count; i++) {
		if (set.slots[i].kind != SLOT_PASSPHRASE ||
		    memcmp(set.slots[i].salt, acc->slot_salt,
			SLOT_SALT_BYTES) != 0)
			continue;
		one = set;
		one.slots[0] = set.slots[i];
		one.count = 1;
		opens = slot_unlock(&keys, NULL, &one, &secret, NULL) == OK;
	}
	slot_keys_wipe(&keys);
	return opens;
}

struct trial {
	struct account account;
	bool found, fits;
	char verifier[PASSWORD_VERIFIER_BYTES];
	char dir[4096];
};

static enum err
load(struct trial *t, struct replica *r, const struct proof *p, struct fail *f)
{
	const char *dir = replica_dir(r);
	int64_t count;
	enum err e = account_count(&count, r, false, f);

	if (e == OK && count == 0)
		return fail_set(f, ERR_NOTFOUND,
		    "accounts are not set up on this computer: footbridge "
		    "account add NAME --administrator");
	if (e == OK && strlen(dir) >= sizeof(t->dir))
		e = fail_code(f, ERR_LIMIT);
	if (e != OK)
		return e;
	memcpy(t->dir, dir, strlen(dir) + 1);
	e = p->name != NULL ? account_find(&t->account, r, p->name, f)
			    : account_get(&t->account, r, p->account, f);
	t->found = e == OK;
	if (e == OK && !t->account.has_slot)
		e = account_verifier(t->verifier, r, t->account.no, f);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err
try_password(struct accounts *a, struct trial *t, const struct proof *p,
    struct fail *f)
{
	size_t n = p->password_n;
	enum err e;

	if (p->password_known) {
		t->fits = t->found;
		return OK;
	}
	if (n > PASSWORD_BYTES_MAX)
		n = 0; /* no password, and as much work */
	e = take_turn(a, p->origin, f);
	if (e != OK)
		return e;
	if (t->found && t->account.has_slot)
		t->fits = account_opens_slot(&t->account, a->env, t->dir,
		    p->password, n);
	else
		t->fits = password_fits(t->found ? t->verifier : NULL,
		    p->password, n);
	end_turn(a);
	return OK;
}

/* ---- the code --------------------------------------------------------------- */

/* so far ahead of now no code was ever right, whatever the clock said then */
#define STEP_AHEAD_MS (60 * 60 * 1000)
/* what one wrong clock elsewhere can move (replica_policy_ms), and some more */
#define SIGNED_AHEAD_MS (3LL * 24 * 60 * 60 * 1000)

/*
 * The last step that counts. A code that was accepted while the clock stood in the
 * future would keep its owner out until then, so it does not; unless others signed
 * that it is later than this clock says: who puts it back gets no code a second time.
 */
static int64_t
last_step(const struct account *acc, struct replica *r, const struct env *env)
{
	int64_t now = env_wall_ms(env);

	if (acc->totp_step * TOTP_STEP_S * 1000 - now <= STEP_AHEAD_MS ||
	    replica_policy_ms(r) - now > SIGNED_AHEAD_MS)
		return acc->totp_step;
	return 0;
}

/* A code of the authenticator that was not used yet, or a recovery code. */
static bool
take_code(struct account *acc, struct replica *r, const struct env *env,
    const char *code)
{
	uint8_t hash[RECOVERY_HASH_BYTES];
	int64_t step;

	if (totp_fits(&step, acc->totp, code, env_wall_ms(env),
		last_step(acc, r, env))) {
		acc->totp_step = step;
		return true;
	}
	return recovery_hash(hash, code) &&
	    account_code_use(r, acc->no, hash, NULL) == OK;
}

/* ---- failures --------------------------------------------------------------- */

/* When the failures that are counted began. After a restart: now, so that it
 * forgets none. */
static int64_t *
first_of(struct accounts *a, int64_t account, int64_t now)
{
	size_t at = a->failure_next;

	for (size_t i = 0; i < FAILURES_REMEMBERED; i++) {
		if (a->failures[i].account == account)
			return &a->failures[i].first_ms;
	}
	a->failure_next = (at + 1) % FAILURES_REMEMBERED;
	a->failures[at].account = account;
	a->failures[at].first_ms = now;
	return &a->failures[at].first_ms;
}

static void
count_failure(struct accounts *a, struct account *acc)
{
	int64_t now = env_boot_ms(a->env);
	int64_t *first = first_of(a, acc->no, now);

	if (acc->failures == 0 || now - *first > ACCOUNT_FAILURES_MS) {
		*first = now;
		acc->failures = 0;
	}
	acc->failures++;
	if (acc->failures >= a->settings.failures)
		acc->locked_ms = env_wall_ms(a->env);
}

/* ---- what comes of it ---------------------------------------------------------- */

/* NULL: it is that person, and may. */
static const char *
judge(struct accounts *a, struct trial *t, struct replica *r,
    const struct proof *p, const struct account_rights *rights)
{
	struct account *acc = &t->account;

	if (!t->found)
		return "no such account";
	if (acc->unused_ms != 0)
		return "the account was not used and is closed";
	if (rights->is_ended)
		return "the account is disabled or has ended";
	if (acc->locked_ms != 0)
		return "the account is locked";
	if (!t->fits)
		return "wrong password";
	if (acc->has_totp && p->code_needed &&
	    !take_code(acc, r, a->env, p->code))
		return "wrong or used code";
	return NULL;
}

/* A try that could not have succeeded is counted, and the journal does not grow
 * with each: whoever can reach the page may make as many as they like. */
static bool
is_told(struct accounts *a, char note[static AUDIT_TEXT_MAX + 1],
    const char *why)
{
	int64_t now = env_boot_ms(a->env);

	if (a->futile == 0 || now - a->futile_ms > FUTILE_MS) {
		a->futile_ms = now;
		a->futile = 0;
	}
	if (++a->futile > FUTILE_MAX) {
		a->futile = FUTILE_MAX;
		a->futile_more++;
		return false;
	}
	if (a->futile_more > 0)
		(void)snprintf(note, AUDIT_TEXT_MAX + 1,
		    "%s; and %llu more such tries before", why,
		    (unsigned long long)a->futile_more);
	else
		(void)snprintf(note, AUDIT_TEXT_MAX + 1, "%s", why);
	a->futile_more = 0;
	return true;
}

static enum err
write_down(struct accounts *a, struct trial *t, struct replica *r,
    const struct proof *p, const char *why, struct fail *f)
{
	struct account *acc = &t->account;
	struct audit_entry entry = { .act = p->act,
		.staff = t->found ? &acc->staff : NULL,
		.origin = p->origin,
		.result = why == NULL ? OK : ERR_AUTH,
		.note = why };
	char note[AUDIT_TEXT_MAX + 1];
	bool locks = acc->locked_ms == 0;
	enum err e = OK;

	if (why != NULL && (!t->found || !locks)) {
		if (!is_told(a, note, why))
			return OK;
		entry.note = note;
	}
	if (t->found && why == NULL) {
		/* half a proof does not give back tries at the other half */
		if (p->code_needed || !acc->has_totp)
			acc->failures = 0;
		acc->sign_in_ms = env_wall_ms(a->env);
		acc->used_ms = account_now_ms(r);
	} else if (t->found && locks) {
		count_failure(a, acc);
	}
	if (t->found)
		e = account_save(acc, r, f);
	if (e == OK)
		e = audit_write(r, &entry, f);
	entry.act = "lock_out";
	entry.note = "too many failures in 15 minutes";
	if (e == OK && t->found && locks && acc->locked_ms != 0)
		e = audit_write(r, &entry, f);
	return e;
}

/* As the account is by now; what was tried may be old. */
static enum err
again(struct trial *t, struct replica *r, struct fail *f)
{
	struct account now;
	enum err e;

	if (!t->found)
		return OK;
	e = account_get(&now, r, t->account.no, f);
	if (e != OK)
		return e;
	if (now.password_ms != t->account.password_ms)
		t->fits = false;
	t->account = now;
	account_wipe(&now);
	return OK;
}

static enum err
settle(struct accounts *a, struct trial *t, struct proof *p, struct fail *f)
{
	struct account_rights rights = { 0 };
	const char *why = NULL;
	struct replica *r;
	enum err e = accounts_begin(a, &r, f);

	if (e != OK)
		return e;
	e = unused_close(r, a->settings.unused_days, f);
	if (e == OK)
		e = again(t, r, f);
	if (e == OK && t->found)
		e = account_rights(&rights, r, &t->account,
		    a->settings.grace_days, f);
	if (e == OK) {
		why = judge(a, t, r, p, &rights);
		e = write_down(a, t, r, p, why, f);
	}
	e = accounts_end(a, r, e, f);
	if (e == OK && why != NULL)
		e = fail_set(f, ERR_AUTH, NOT_LET_IN);
	if (e == OK)
		p->found = t->account;
	return e;
}

enum err
proof_check(struct accounts *a, struct proof *p, struct fail *f)
{
	struct trial t = { 0 };
	struct replica *r;
	enum err e;

	e = accounts_begin(a, &r, f);
	if (e == OK) {
		e = load(&t, r, p, f);
		e = accounts_end(a, r, e, f);
	}
	if (e == OK) {
		e = try_password(a, &t, p, f);
		if (e == OK)
			e = settle(a, &t, p, f);
	}
	sodium_memzero(&t, sizeof(t));
	return e;
}
