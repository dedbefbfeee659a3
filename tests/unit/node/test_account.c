/* node/account: signing in, being locked out, and what ends a session. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <dlfcn.h>
#include <sodium.h>

#include "node/account/account.h"
#include "node/account/admin.h"
#include "node/account/factor.h"
#include "node/account/head.h"
#include "node/cmd.h"
#include "sync/audit.h"
#include "tests/support/office.h"

#define MINUTE ((int64_t)60 * 1000)
#define PASSWORD "tin roof rain"

static struct office *north;
static struct engine engine;
static struct accounts *accounts;
static struct fail f;
static struct row_id ana;
static char token[ACCOUNT_TOKEN_BYTES];

static struct row_id
new_staff(const char *name)
{
	const struct table *t =
	    registry_table(replica_registry(north->r), "staff");
	struct write_field field = { table_field(t, "name"),
		{ .type = VALUE_TEXT,
		    .p = (const uint8_t *)name,
		    .n = strlen(name) } };
	struct write_request q = { .table = t,
		.fields = &field,
		.field_count = 1 };
	struct row_id id;
	int64_t draft;

	assert_int_equal(write_row(north->r, &id, &draft, &q, &f), OK);
	return id;
}

static int64_t
new_account(const char *name, const struct account_new *like)
{
	struct account_new q = *like;
	struct renewal w;
	int64_t no;

	q.name = name;
	assert_int_equal(renew_make(&w, &north->env->env, "", name, NULL,
			     PASSWORD, strlen(PASSWORD), &f),
	    OK);
	assert_int_equal(replica_begin(north->r, &f), OK);
	assert_int_equal(admin_add(&no, north->r, &q, &w, NULL, &f), OK);
	assert_int_equal(replica_commit(north->r, &f), OK);
	return no;
}

static int
one_account(void **state)
{
	struct account_settings s;

	(void)state;
	f = (struct fail){ 0 };
	north = office_found("North", KIND_PROBATION, 1);
	assert_int_equal(engine_init(&engine, north->r, &f), OK);
	ana = new_staff("Ana Officer");
	(void)new_account("Ana",
	    &(struct account_new){ .staff = ana, .administrator = true });
	account_defaults(&s);
	s.totp = false;
	assert_int_equal(accounts_new(&accounts, &engine, &s, &f), OK);
	return 0;
}

static int
none_left(void **state)
{
	(void)state;
	accounts_free(accounts);
	engine_release(&engine);
	office_free(north);
	return 0;
}

static enum err
sign_in(const char *name, const char *password, const char *code)
{
	f.text[0] = '\0';
	return account_sign_in(accounts, token, name, password,
	    strlen(password), code, "page 127.0.0.1", &f);
}

static enum account_state
state_of(void)
{
	struct account_who who;

	assert_int_equal(account_who_of(accounts, &who, token, false, &f), OK);
	return who.state;
}

static bool
is_in(void)
{
	struct account_who who;

	return account_who_of(accounts, &who, token, false, &f) == OK;
}

static int64_t
entries(const char *act, enum err result)
{
	char sql[160];

	(void)snprintf(sql, sizeof(sql),
	    "SELECT count(*) FROM _audit WHERE act = '%s' AND result = %d", act,
	    (int)result);
	return office_number(north, sql);
}

static void
who_signs_in_is_known_by_a_token_that_is_not_kept(void **state)
{
	struct account_who who;
	char other[ACCOUNT_TOKEN_BYTES];

	(void)state;
	assert_int_equal(sign_in("ana", PASSWORD, ""), OK);
	assert_int_equal(strlen(token), 43);
	assert_int_equal(account_who_of(accounts, &who, token, true, &f), OK);
	assert_string_equal(who.name, "Ana");
	assert_memory_equal(who.staff.b, ana.b, ID_BYTES);
	assert_true(who.is_administrator);
	assert_int_equal(who.must, ACCOUNT_MUST_BANNER);
	assert_int_equal(entries("sign_in", OK), 1);
	memcpy(other, token, sizeof(other));
	other[5] = other[5] == 'A' ? 'B' : 'A';
	assert_int_equal(account_who_of(accounts, &who, other, true, &f),
	    ERR_AUTH);
	account_sign_out(accounts, token);
	assert_false(is_in());
	assert_int_equal(entries("sign_out", OK), 1);
}

static void
every_refusal_says_the_same_and_the_journal_says_why(void **state)
{
	struct fail first;

	(void)state;
	assert_int_equal(sign_in("Ana", "wrong words", ""), ERR_AUTH);
	first = f;
	assert_int_equal(sign_in("Nobody", PASSWORD, ""), ERR_AUTH);
	assert_string_equal(f.text, first.text);
	assert_int_equal(sign_in("", "", ""), ERR_AUTH);
	assert_string_equal(f.text, first.text);
	assert_int_equal(entries("sign_in", ERR_AUTH), 3);
	assert_int_equal(office_number(north,
			     "SELECT count(*) FROM _audit WHERE note = 'wrong "
			     "password'"),
	    1);
}

static void
five_failures_lock_until_an_administrator_releases(void **state)
{
	struct account a;

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(sign_in("Ana", "wrong words", ""), ERR_AUTH);
	assert_int_equal(sign_in("Ana", PASSWORD, ""), ERR_AUTH);
	assert_int_equal(entries("lock_out", ERR_AUTH), 1);
	/* time does not open it, nor does the wall clock */
	env_test_pass(north->env, 90 * MINUTE);
	north->env->wall_ms += 365 * 24 * 60 * MINUTE;
	assert_int_equal(sign_in("Ana", PASSWORD, ""), ERR_AUTH);
	assert_int_equal(account_find(&a, north->r, "ANA", &f), OK);
	assert_int_equal(replica_begin(north->r, &f), OK);
	assert_int_equal(admin_release(&a, north->r, NULL, &f), OK);
	assert_int_equal(replica_commit(north->r, &f), OK);
	assert_int_equal(sign_in("Ana", PASSWORD, ""), OK);
}

static void
failures_far_apart_do_not_lock_and_a_success_forgets_them(void **state)
{
	(void)state;
	for (int i = 0; i < 12; i++) {
		assert_int_equal(sign_in("Ana", "wrong words", ""), ERR_AUTH);
		env_test_pass(north->env, 6 * MINUTE);
	}
	assert_int_equal(sign_in("Ana", PASSWORD, ""), OK);
	for (int i = 0; i < 4; i++)
		assert_int_equal(sign_in("Ana", "wrong words", ""), ERR_AUTH);
	assert_int_equal(sign_in("Ana", PASSWORD, ""), OK);
	for (int i = 0; i < 4; i++)
		assert_int_equal(sign_in("Ana", "wrong words", ""), ERR_AUTH);
	assert_int_equal(sign_in("Ana", PASSWORD, ""), OK);
}

static void
setting_the_wall_clock_does_not_make_failures_old(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(sign_in("Ana", "wrong words", ""), ERR_AUTH);
		north->env->wall_ms += 60 * MINUTE;
	}
	assert_int_equal(sign_in("Ana", PASSWORD, ""), ERR_AUTH);
}

static void
a_restart_forgets_sessions_and_no_failure(void **state)
{
	struct account_settings s;

	(void)state;
	assert_int_equal(sign_in("Ana", PASSWORD, ""), OK);
	for (int i = 0; i < 3; i++)
		assert_int_equal(sign_in("Ana", "wrong words", ""), ERR_AUTH);
	accounts_free(accounts);
	account_defaults(&s);
	assert_int_equal(accounts_new(&accounts, &engine, &s, &f), OK);
	assert_false(is_in());
	for (int i = 0; i < 2; i++)
		assert_int_equal(sign_in("Ana", "wrong words", ""), ERR_AUTH);
	assert_int_equal(sign_in("Ana", PASSWORD, ""), ERR_AUTH);
}

static void
a_session_locks_after_half_an_hour_and_ends_after_one(void **state)
{
	char fresh[ACCOUNT_TOKEN_BYTES];
	struct account_who who;

	(void)state;
	assert_int_equal(sign_in("Ana", PASSWORD, ""), OK);
	env_test_pass(north->env, 29 * MINUTE);
	assert_int_equal(account_who_of(accounts, &who, token, true, &f), OK);
	assert_int_equal(who.state, SESSION_OPEN);
	env_test_pass(north->env, 31 * MINUTE);
	assert_int_equal(state_of(), SESSION_LOCKED);
	/* what a page asks by itself opens nothing */
	assert_int_equal(account_who_of(accounts, &who, token, true, &f), OK);
	assert_int_equal(who.state, SESSION_LOCKED);
	assert_int_equal(account_unlock(accounts, fresh, token, "wrong words",
			     11, "", &f),
	    ERR_AUTH);
	assert_int_equal(account_unlock(accounts, fresh, token, PASSWORD,
			     strlen(PASSWORD), "", &f),
	    OK);
	assert_false(is_in()); /* the old token is worth nothing */
	memcpy(token, fresh, sizeof(token));
	assert_int_equal(state_of(), SESSION_OPEN);
	env_test_pass(north->env, 61 * MINUTE);
	assert_false(is_in());
}

static void
after_twelve_hours_password_and_code_are_asked_for_again(void **state)
{
	struct account_who who;

	(void)state;
	assert_int_equal(sign_in("Ana", PASSWORD, ""), OK);
	for (int i = 0; i < 12 * 4 + 1; i++) {
		env_test_pass(north->env, 15 * MINUTE);
		assert_int_equal(account_who_of(accounts, &who, token, true,
				     &f),
		    OK);
	}
	assert_int_equal(state_of(), SESSION_AGAIN);
}

static void
setting_the_wall_clock_back_keeps_no_session_open(void **state)
{
	(void)state;
	assert_int_equal(sign_in("Ana", PASSWORD, ""), OK);
	env_test_pass(north->env, 31 * MINUTE);
	north->env->wall_ms -= 24 * 60 * MINUTE;
	assert_int_equal(state_of(), SESSION_LOCKED);
}

/* ---- second factor ---- */

static void
code_now(char code[16], const uint8_t secret[TOTP_SECRET_BYTES])
{
	(void)snprintf(code, 16, "%06u",
	    (unsigned)totp_code(secret, TOTP_SECRET_BYTES,
		north->env->wall_ms / 30000, 6));
}

static void
begin_factor(struct account *a, struct buf *codes)
{
	struct buf secret = { 0 }, uri = { 0 };
	char code[16];

	assert_int_equal(sign_in("Ana", PASSWORD, ""), OK);
	assert_int_equal(account_totp_begin(accounts, token, NULL, 0, "",
			     &secret, &uri, &f),
	    OK);
	assert_int_equal(account_find(a, north->r, "Ana", &f), OK);
	assert_false(a->has_totp);
	code_now(code, a->totp_new);
	assert_int_equal(account_totp_end(accounts, token, "000000", codes, &f),
	    ERR_AUTH);
	assert_int_equal(account_totp_end(accounts, token, code, codes, &f),
	    OK);
	assert_int_equal(account_find(a, north->r, "Ana", &f), OK);
	assert_true(a->has_totp);
	buf_release(&secret);
	buf_release(&uri);
}

static void
with_a_second_factor_the_password_alone_is_not_enough(void **state)
{
	struct buf codes = { 0 };
	struct account a;
	char code[16];

	(void)state;
	begin_factor(&a, &codes);
	code_now(code, a.totp);
	/* it was used up when it was confirmed */
	assert_int_equal(sign_in("Ana", PASSWORD, code), ERR_AUTH);
	env_test_pass(north->env, MINUTE);
	code_now(code, a.totp);
	assert_int_equal(sign_in("Ana", PASSWORD, ""), ERR_AUTH);
	assert_int_equal(sign_in("Ana", "wrong words", code), ERR_AUTH);
	assert_int_equal(sign_in("Ana", PASSWORD, code), OK);
	assert_int_equal(sign_in("Ana", PASSWORD, code), ERR_AUTH);
	buf_release(&codes);
}

static void
a_recovery_code_stands_in_once(void **state)
{
	struct buf codes = { 0 };
	char code[32] = "";
	struct account a;
	int64_t left;

	(void)state;
	begin_factor(&a, &codes);
	assert_int_equal(codes.n, RECOVERY_CODES * 20);
	memcpy(code, codes.p + 20, 19);
	assert_int_equal(sign_in("Ana", PASSWORD, code), OK);
	assert_int_equal(sign_in("Ana", PASSWORD, code), ERR_AUTH);
	assert_int_equal(account_codes_left(&left, north->r, a.no, &f), OK);
	assert_int_equal(left, RECOVERY_CODES - 1);
	buf_release(&codes);
}

/* What account_totp_begin says; nothing of it is kept. */
static enum err
begin_again(const char *password, const char *code)
{
	struct buf secret = { 0 }, uri = { 0 };
	enum err e = account_totp_begin(accounts, token, password,
	    password != NULL ? strlen(password) : 0, code, &secret, &uri, &f);

	buf_release(&secret);
	buf_release(&uri);
	return e;
}

/* Signed in with the code of the moment after, since each is good for once. */
static void
sign_in_with_code(char code[static 16], const struct account *a)
{
	env_test_pass(north->env, MINUTE);
	code_now(code, a->totp);
	assert_int_equal(sign_in("Ana", PASSWORD, code), OK);
}

static void
a_second_factor_is_replaced_only_by_who_has_it(void **state)
{
	struct buf codes = { 0 };
	struct account a, now;
	char code[16];

	(void)state;
	begin_factor(&a, &codes);
	sign_in_with_code(code, &a);
	assert_int_equal(begin_again(NULL, ""), ERR_INPUT);
	assert_int_equal(begin_again(PASSWORD, ""), ERR_INPUT);
	assert_int_equal(begin_again(PASSWORD, "000000"), ERR_AUTH);
	env_test_pass(north->env, MINUTE);
	code_now(code, a.totp);
	assert_int_equal(begin_again("wrong words", code), ERR_AUTH);
	/* nothing was begun, and what was typed for it ends nothing */
	assert_int_equal(account_find(&now, north->r, "Ana", &f), OK);
	assert_false(now.has_totp_new);
	assert_memory_equal(now.totp, a.totp, sizeof(a.totp));
	assert_int_equal(begin_again(PASSWORD, code), OK);
	buf_release(&codes);
}

static void
only_the_session_that_began_a_second_factor_ends_it_and_the_others_end(
    void **state)
{
	char first[ACCOUNT_TOKEN_BYTES], other[ACCOUNT_TOKEN_BYTES], code[16];
	struct buf codes = { 0 };
	struct account_who who;
	struct account a;

	(void)state;
	assert_int_equal(sign_in("Ana", PASSWORD, ""), OK);
	memcpy(other, token, sizeof(other));
	assert_int_equal(sign_in("Ana", PASSWORD, ""), OK);
	memcpy(first, token, sizeof(first));
	assert_int_equal(begin_again(NULL, ""), OK);
	assert_int_equal(account_find(&a, north->r, "Ana", &f), OK);
	code_now(code, a.totp_new);
	assert_int_equal(account_totp_end(accounts, other, code, &codes, &f),
	    ERR_NOTFOUND);
	assert_int_equal(account_totp_end(accounts, first, code, &codes, &f),
	    OK);
	assert_int_equal(account_refresh(accounts, first, &f), OK);
	assert_int_equal(account_who_of(accounts, &who, other, false, &f),
	    ERR_AUTH);
	buf_release(&codes);
}

static void
long_after_signing_in_password_and_code_are_wanted_for_new_ones(void **state)
{
	struct buf codes = { 0 };
	struct account a;
	char code[16];

	(void)state;
	assert_int_equal(sign_in("Ana", PASSWORD, ""), OK);
	env_test_pass(north->env, 6 * MINUTE);
	assert_int_equal(begin_again(NULL, ""), ERR_INPUT);
	assert_int_equal(begin_again("wrong words", ""), ERR_AUTH);
	assert_int_equal(begin_again(PASSWORD, ""), OK);
	begin_factor(&a, &codes);
	sign_in_with_code(code, &a);
	env_test_pass(north->env, 6 * MINUTE);
	assert_int_equal(account_password(accounts, token, PASSWORD,
			     strlen(PASSWORD), "green staple 41", 15, "", &f),
	    ERR_INPUT);
	code_now(code, a.totp);
	assert_int_equal(account_password(accounts, token, PASSWORD,
			     strlen(PASSWORD), "green staple 41", 15, code, &f),
	    OK);
	buf_release(&codes);
}

static void
half_a_proof_gives_back_no_tries_at_the_code(void **state)
{
	char fresh[ACCOUNT_TOKEN_BYTES], code[16];
	struct buf codes = { 0 };
	struct account a;

	(void)state;
	begin_factor(&a, &codes);
	sign_in_with_code(code, &a);
	for (int i = 0; i < 4; i++)
		assert_int_equal(account_confirm(accounts, token, PASSWORD,
				     strlen(PASSWORD), "000000", &f),
		    ERR_AUTH);
	assert_int_equal(account_unlock(accounts, fresh, token, PASSWORD,
			     strlen(PASSWORD), "", &f),
	    OK);
	assert_int_equal(account_confirm(accounts, fresh, PASSWORD,
			     strlen(PASSWORD), "000000", &f),
	    ERR_AUTH);
	assert_int_equal(entries("lock_out", ERR_AUTH), 1);
	buf_release(&codes);
}

static void
tries_that_could_not_succeed_are_counted_and_do_not_fill_the_journal(
    void **state)
{
	(void)state;
	for (int i = 0; i < 30; i++)
		assert_int_equal(account_prove(accounts, 999, NULL, 0, "",
				     "page 127.0.0.1", &f),
		    ERR_AUTH);
	assert_int_equal(entries("confirm", ERR_AUTH), 10);
	env_test_pass(north->env, 2 * MINUTE);
	assert_int_equal(account_prove(accounts, 999, NULL, 0, "",
			     "page 127.0.0.1", &f),
	    ERR_AUTH);
	assert_int_equal(office_number(north,
			     "SELECT count(*) FROM _audit WHERE note LIKE "
			     "'no such account; and 20 more%'"),
	    1);
}

/* ---- what ends an account ---- */

/* What happens while a password is hashed, once. */
static void (*meanwhile)(void);

typedef int (*hash_fn)(char *, const char *, unsigned long long,
    unsigned long long, size_t);

/* In libsodium's place, which does the work all the same. */
int
crypto_pwhash_argon2id_str(char out[crypto_pwhash_argon2id_STRBYTES],
    const char *const password, unsigned long long n, unsigned long long passes,
    size_t bytes)
{
	void *found = dlsym(RTLD_NEXT, "crypto_pwhash_argon2id_str");
	void (*now)(void) = meanwhile;
	hash_fn real;

	memcpy(&real, &found, sizeof(real));
	meanwhile = NULL;
	if (now != NULL)
		now();
	return real(out, password, n, passes, bytes);
}

static void
disable_bo(void)
{
	struct account a;

	assert_int_equal(account_find(&a, north->r, "Bo", &f), OK);
	assert_int_equal(replica_begin(north->r, &f), OK);
	assert_int_equal(admin_disable(&a, north->r, &ana, &f), OK);
	assert_int_equal(replica_commit(north->r, &f), OK);
}

static void
lock_bo(void)
{
	struct account a;

	assert_int_equal(account_find(&a, north->r, "Bo", &f), OK);
	a.locked_ms = north->env->wall_ms;
	a.totp_step = 77;
	assert_int_equal(replica_begin(north->r, &f), OK);
	assert_int_equal(account_save(&a, north->r, &f), OK);
	assert_int_equal(replica_commit(north->r, &f), OK);
}

/* footbridge account password Bo */
static enum err
reset_bo(void)
{
	const char *words[] = { "Bo" };
	struct cli_command command = { .name = "account password" };
	struct cli cli = { .command = &command,
		.words = words,
		.word_count = 1 };
	struct run run;
	enum err e;

	run_init(&run, &cli);
	run.engine = &engine;
	run.replica = north->r;
	run.dir = north->dir;
	run.input = (const uint8_t *)"green staple 41";
	run.input_n = 15;
	e = cmd_account_password(&run, &f);
	run_release(&run);
	return e;
}

static void
what_happens_to_an_account_while_its_password_is_hashed_stands(void **state)
{
	struct account a;

	(void)state;
	(void)new_account("Bo",
	    &(struct account_new){ .staff = new_staff("Bo") });
	meanwhile = lock_bo;
	assert_int_equal(reset_bo(), OK);
	assert_int_equal(account_find(&a, north->r, "Bo", &f), OK);
	assert_true(a.locked_ms != 0);
	assert_int_equal(a.totp_step, 77);
	meanwhile = disable_bo;
	assert_int_equal(reset_bo(), ERR_DENIED);
	assert_int_equal(account_find(&a, north->r, "Bo", &f), OK);
	assert_true(a.disabled_ms != 0);
	assert_int_equal(sign_in("Bo", "green staple 41", ""), ERR_AUTH);
}

static void
who_is_disabled_while_choosing_a_password_stays_so(void **state)
{
	struct account a;

	(void)state;
	(void)new_account("Bo",
	    &(struct account_new){ .staff = new_staff("Bo") });
	assert_int_equal(sign_in("Bo", PASSWORD, ""), OK);
	meanwhile = disable_bo;
	assert_int_equal(account_password(accounts, token, PASSWORD,
			     strlen(PASSWORD), "green staple 41", 15, "", &f),
	    ERR_AUTH);
	assert_int_equal(account_find(&a, north->r, "Bo", &f), OK);
	assert_true(a.disabled_ms != 0);
	assert_int_equal(sign_in("Bo", "green staple 41", ""), ERR_AUTH);
}

static void
a_password_that_an_administrator_replaces_ends_the_sessions(void **state)
{
	(void)state;
	(void)new_account("Bo",
	    &(struct account_new){ .staff = new_staff("Bo") });
	assert_int_equal(sign_in("Bo", PASSWORD, ""), OK);
	env_test_pass(north->env, MINUTE);
	assert_int_equal(account_refresh(accounts, token, &f), OK);
	assert_int_equal(reset_bo(), OK);
	assert_int_equal(account_refresh(accounts, token, &f), ERR_AUTH);
	assert_false(is_in());
}

static void
a_new_password_ends_the_other_sessions_and_must_be_a_new_one(void **state)
{
	char other[ACCOUNT_TOKEN_BYTES];
	struct account_who who;

	(void)state;
	assert_int_equal(sign_in("Ana", PASSWORD, ""), OK);
	memcpy(other, token, sizeof(other));
	assert_int_equal(sign_in("Ana", PASSWORD, ""), OK);
	assert_int_equal(account_password(accounts, token, PASSWORD,
			     strlen(PASSWORD), "password1", 9, "", &f),
	    ERR_INPUT);
	assert_int_equal(account_password(accounts, token, PASSWORD,
			     strlen(PASSWORD), PASSWORD, strlen(PASSWORD), "",
			     &f),
	    ERR_INPUT);
	assert_int_equal(account_password(accounts, token, "wrong words", 11,
			     "green staple 41", 15, "", &f),
	    ERR_AUTH);
	assert_int_equal(account_password(accounts, token, PASSWORD,
			     strlen(PASSWORD), "green staple 41", 15, "", &f),
	    OK);
	assert_int_equal(account_refresh(accounts, token, &f), OK);
	assert_true(is_in());
	assert_int_equal(account_who_of(accounts, &who, other, true, &f),
	    ERR_AUTH);
	assert_int_equal(sign_in("Ana", PASSWORD, ""), ERR_AUTH);
	assert_int_equal(sign_in("Ana", "green staple 41", ""), OK);
}

static void
a_temporary_account_ends_by_itself_and_a_clock_put_back_opens_nothing(
    void **state)
{
	int64_t ends = north->env->wall_ms + 60 * MINUTE;

	(void)state;
	(void)new_account("Bo",
	    &(struct account_new){ .staff = new_staff("Bo"), .ends_ms = ends });
	assert_int_equal(sign_in("Bo", PASSWORD, ""), OK);
	env_test_pass(north->env, 59 * MINUTE);
	assert_int_equal(account_refresh(accounts, token, &f), OK);
	env_test_pass(north->env, 2 * MINUTE);
	(void)account_refresh(accounts, token, &f);
	assert_false(is_in());
	assert_int_equal(sign_in("Bo", PASSWORD, ""), ERR_AUTH);
}

static void
a_disabled_account_is_out_at_once_and_the_last_administrator_stays(void **state)
{
	struct account a;

	(void)state;
	(void)new_account("Bo",
	    &(struct account_new){ .staff = new_staff("Bo") });
	assert_int_equal(sign_in("Bo", PASSWORD, ""), OK);
	assert_int_equal(account_find(&a, north->r, "Bo", &f), OK);
	assert_int_equal(replica_begin(north->r, &f), OK);
	assert_int_equal(admin_disable(&a, north->r, &ana, &f), OK);
	assert_int_equal(replica_commit(north->r, &f), OK);
	assert_int_equal(account_refresh(accounts, token, &f), ERR_AUTH);
	assert_false(is_in());
	assert_int_equal(sign_in("Bo", PASSWORD, ""), ERR_AUTH);
	assert_int_equal(account_find(&a, north->r, "Ana", &f), OK);
	assert_int_equal(replica_begin(north->r, &f), OK);
	assert_int_equal(admin_disable(&a, north->r, &ana, &f), ERR_DENIED);
	replica_rollback(north->r);
}

static void
a_name_is_not_given_again(void **state)
{
	const struct account_new q = { .name = "ANA", .staff = ana };
	int64_t no;

	(void)state;
	assert_int_equal(replica_begin(north->r, &f), OK);
	assert_int_equal(admin_add(&no, north->r, &q, NULL, NULL, &f),
	    ERR_INPUT);
	replica_rollback(north->r);
}

static void
without_the_journal_nobody_signs_in(void **state)
{
	(void)state;
	assert_int_equal(db_exec(replica_db(north->r),
			     "ALTER TABLE _audit RENAME TO hidden", &f),
	    OK);
	assert_int_not_equal(sign_in("Ana", PASSWORD, ""), OK);
	assert_false(is_in());
}

static int64_t
said(void)
{
	bool wrote;

	assert_int_equal(head_daily(&wrote, north->r, &f), OK);
	return wrote ? 1 : 0;
}

static void
once_a_day_a_node_says_what_its_journal_came_to_and_idle_ones_say_nothing(
    void **state)
{
	const int64_t day = 24 * 60 * MINUTE;
	int64_t days, differs;

	(void)state;
	assert_int_equal(said(), 0);
	env_test_pass(north->env, day);
	assert_int_equal(said(), 1);
	assert_int_equal(said(), 0);
	env_test_pass(north->env, day);
	assert_int_equal(said(), 0); /* nothing was done since */
	assert_int_equal(sign_in("Ana", PASSWORD, ""), OK);
	assert_int_equal(said(), 1);
	assert_int_equal(head_compare(&days, &differs, north->r, &f), OK);
	assert_int_equal(days, 2);
	assert_int_equal(differs, 0);
	/* a whole other journal, whose chain and fence would fit */
	assert_int_equal(db_exec(replica_db(north->r),
			     "UPDATE _audit SET note = 'x', hash = NULL", &f),
	    OK);
	assert_int_equal(head_compare(&days, &differs, north->r, &f), OK);
	assert_int_equal(differs, 2);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, one_account, none_left)
	const struct CMUnitTest tests[] = {
		TEST(who_signs_in_is_known_by_a_token_that_is_not_kept),
		TEST(every_refusal_says_the_same_and_the_journal_says_why),
		TEST(five_failures_lock_until_an_administrator_releases),
		TEST(failures_far_apart_do_not_lock_and_a_success_forgets_them),
		TEST(setting_the_wall_clock_does_not_make_failures_old),
		TEST(a_restart_forgets_sessions_and_no_failure),
		TEST(a_session_locks_after_half_an_hour_and_ends_after_one),
		TEST(after_twelve_hours_password_and_code_are_asked_for_again),
		TEST(setting_the_wall_clock_back_keeps_no_session_open),
		TEST(with_a_second_factor_the_password_alone_is_not_enough),
		TEST(a_recovery_code_stands_in_once),
		TEST(a_second_factor_is_replaced_only_by_who_has_it),
		TEST(
		    only_the_session_that_began_a_second_factor_ends_it_and_the_others_end),
		TEST(
		    long_after_signing_in_password_and_code_are_wanted_for_new_ones),
		TEST(
		    tries_that_could_not_succeed_are_counted_and_do_not_fill_the_journal),
		TEST(half_a_proof_gives_back_no_tries_at_the_code),
		TEST(
		    what_happens_to_an_account_while_its_password_is_hashed_stands),
		TEST(who_is_disabled_while_choosing_a_password_stays_so),
		TEST(
		    a_password_that_an_administrator_replaces_ends_the_sessions),
		TEST(
		    a_new_password_ends_the_other_sessions_and_must_be_a_new_one),
		TEST(
		    a_temporary_account_ends_by_itself_and_a_clock_put_back_opens_nothing),
		TEST(
		    a_disabled_account_is_out_at_once_and_the_last_administrator_stays),
		TEST(a_name_is_not_given_again),
		TEST(without_the_journal_nobody_signs_in),
		TEST(
		    once_a_day_a_node_says_what_its_journal_came_to_and_idle_ones_say_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
