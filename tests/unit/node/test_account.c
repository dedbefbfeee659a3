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

#include "node/account/head.h"
#include "node/cmd.h"
#include "sync/audit.h"
#include "tests/support/signing.h"

#define MINUTE ((int64_t)60 * 1000)

static void
who_signs_in_is_known_by_a_token_that_is_not_kept(void **state)
{
	struct account_who who;
	char other[ACCOUNT_TOKEN_BYTES];

	(void)state;
	assert_int_equal(signing_in("ana", SIGNING_PASSWORD, ""), OK);
	assert_int_equal(strlen(signing_token), 43);
	assert_int_equal(account_who_of(signing_accounts, &who, signing_token,
			     true, &signing_fail),
	    OK);
	assert_string_equal(who.name, "Ana");
	assert_memory_equal(who.staff.b, signing_ana.b, ID_BYTES);
	assert_true(who.is_administrator);
	assert_int_equal(who.must, ACCOUNT_MUST_BANNER);
	assert_int_equal(signing_entries("sign_in", OK), 1);
	memcpy(other, signing_token, sizeof(other));
	other[5] = other[5] == 'A' ? 'B' : 'A';
	assert_int_equal(account_who_of(signing_accounts, &who, other, true,
			     &signing_fail),
	    ERR_AUTH);
	account_sign_out(signing_accounts, signing_token);
	assert_false(signing_is_in());
	assert_int_equal(signing_entries("sign_out", OK), 1);
}

static void
every_refusal_says_the_same_and_the_journal_says_why(void **state)
{
	struct fail first;

	(void)state;
	assert_int_equal(signing_in("Ana", "wrong words", ""), ERR_AUTH);
	first = signing_fail;
	assert_int_equal(signing_in("Nobody", SIGNING_PASSWORD, ""), ERR_AUTH);
	assert_string_equal(signing_fail.text, first.text);
	assert_int_equal(signing_in("", "", ""), ERR_AUTH);
	assert_string_equal(signing_fail.text, first.text);
	assert_int_equal(signing_entries("sign_in", ERR_AUTH), 3);
	assert_int_equal(office_number(signing_office,
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
		assert_int_equal(signing_in("Ana", "wrong words", ""),
		    ERR_AUTH);
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, ""), ERR_AUTH);
	assert_int_equal(signing_entries("lock_out", ERR_AUTH), 1);
	/* time does not open it, nor does the wall clock */
	env_test_pass(signing_office->env, 90 * MINUTE);
	signing_office->env->wall_ms += 365 * 24 * 60 * MINUTE;
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, ""), ERR_AUTH);
	assert_int_equal(account_find(&a, signing_office->r, "ANA",
			     &signing_fail),
	    OK);
	assert_int_equal(replica_begin(signing_office->r, &signing_fail), OK);
	assert_int_equal(admin_release(&a, signing_office->r, NULL,
			     &signing_fail),
	    OK);
	assert_int_equal(replica_commit(signing_office->r, &signing_fail), OK);
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, ""), OK);
}

static void
failures_far_apart_do_not_lock_and_a_success_forgets_them(void **state)
{
	(void)state;
	for (int i = 0; i < 12; i++) {
		assert_int_equal(signing_in("Ana", "wrong words", ""),
		    ERR_AUTH);
		env_test_pass(signing_office->env, 6 * MINUTE);
	}
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, ""), OK);
	for (int i = 0; i < 4; i++)
		assert_int_equal(signing_in("Ana", "wrong words", ""),
		    ERR_AUTH);
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, ""), OK);
	for (int i = 0; i < 4; i++)
		assert_int_equal(signing_in("Ana", "wrong words", ""),
		    ERR_AUTH);
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, ""), OK);
}

static void
setting_the_wall_clock_does_not_make_failures_old(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(signing_in("Ana", "wrong words", ""),
		    ERR_AUTH);
		signing_office->env->wall_ms += 60 * MINUTE;
	}
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, ""), ERR_AUTH);
}

static void
a_restart_forgets_sessions_and_no_failure(void **state)
{
	struct account_settings s;

	(void)state;
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, ""), OK);
	for (int i = 0; i < 3; i++)
		assert_int_equal(signing_in("Ana", "wrong words", ""),
		    ERR_AUTH);
	accounts_free(signing_accounts);
	account_defaults(&s);
	assert_int_equal(accounts_new(&signing_accounts, &signing_engine, &s,
			     &signing_fail),
	    OK);
	assert_false(signing_is_in());
	for (int i = 0; i < 2; i++)
		assert_int_equal(signing_in("Ana", "wrong words", ""),
		    ERR_AUTH);
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, ""), ERR_AUTH);
}

static void
a_session_locks_after_half_an_hour_and_ends_after_one(void **state)
{
	char fresh[ACCOUNT_TOKEN_BYTES];
	struct account_who who;

	(void)state;
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, ""), OK);
	env_test_pass(signing_office->env, 29 * MINUTE);
	assert_int_equal(account_who_of(signing_accounts, &who, signing_token,
			     true, &signing_fail),
	    OK);
	assert_int_equal(who.state, SESSION_OPEN);
	env_test_pass(signing_office->env, 31 * MINUTE);
	assert_int_equal(signing_state(), SESSION_LOCKED);
	/* what a page asks by itself opens nothing */
	assert_int_equal(account_who_of(signing_accounts, &who, signing_token,
			     true, &signing_fail),
	    OK);
	assert_int_equal(who.state, SESSION_LOCKED);
	assert_int_equal(account_unlock(signing_accounts, fresh, signing_token,
			     "wrong words", 11, "", &signing_fail),
	    ERR_AUTH);
	assert_int_equal(account_unlock(signing_accounts, fresh, signing_token,
			     SIGNING_PASSWORD, strlen(SIGNING_PASSWORD), "",
			     &signing_fail),
	    OK);
	assert_false(signing_is_in()); /* the old token is worth nothing */
	memcpy(signing_token, fresh, sizeof(signing_token));
	assert_int_equal(signing_state(), SESSION_OPEN);
	env_test_pass(signing_office->env, 61 * MINUTE);
	assert_false(signing_is_in());
}

static void
after_twelve_hours_password_and_code_are_asked_for_again(void **state)
{
	struct account_who who;

	(void)state;
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, ""), OK);
	for (int i = 0; i < 12 * 4 + 1; i++) {
		env_test_pass(signing_office->env, 15 * MINUTE);
		assert_int_equal(account_who_of(signing_accounts, &who,
				     signing_token, true, &signing_fail),
		    OK);
	}
	assert_int_equal(signing_state(), SESSION_AGAIN);
}

static void
setting_the_wall_clock_back_keeps_no_session_open(void **state)
{
	(void)state;
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, ""), OK);
	env_test_pass(signing_office->env, 31 * MINUTE);
	signing_office->env->wall_ms -= 24 * 60 * MINUTE;
	assert_int_equal(signing_state(), SESSION_LOCKED);
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

	assert_int_equal(account_find(&a, signing_office->r, "Bo",
			     &signing_fail),
	    OK);
	assert_int_equal(replica_begin(signing_office->r, &signing_fail), OK);
	assert_int_equal(admin_disable(&a, signing_office->r, &signing_ana,
			     &signing_fail),
	    OK);
	assert_int_equal(replica_commit(signing_office->r, &signing_fail), OK);
}

static void
lock_bo(void)
{
	struct account a;

	assert_int_equal(account_find(&a, signing_office->r, "Bo",
			     &signing_fail),
	    OK);
	a.locked_ms = signing_office->env->wall_ms;
	a.totp_step = 77;
	assert_int_equal(replica_begin(signing_office->r, &signing_fail), OK);
	assert_int_equal(account_save(&a, signing_office->r, &signing_fail),
	    OK);
	assert_int_equal(replica_commit(signing_office->r, &signing_fail), OK);
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
	run.engine = &signing_engine;
	run.replica = signing_office->r;
	run.dir = signing_office->dir;
	run.input = (const uint8_t *)"green staple 41";
	run.input_n = 15;
	e = cmd_account_password(&run, &signing_fail);
	run_release(&run);
	return e;
}

static void
what_happens_to_an_account_while_its_password_is_hashed_stands(void **state)
{
	struct account a;

	(void)state;
	(void)signing_account("Bo",
	    &(struct account_new){ .staff = signing_staff("Bo") });
	meanwhile = lock_bo;
	assert_int_equal(reset_bo(), OK);
	assert_int_equal(account_find(&a, signing_office->r, "Bo",
			     &signing_fail),
	    OK);
	assert_true(a.locked_ms != 0);
	assert_int_equal(a.totp_step, 77);
	meanwhile = disable_bo;
	assert_int_equal(reset_bo(), ERR_DENIED);
	assert_int_equal(account_find(&a, signing_office->r, "Bo",
			     &signing_fail),
	    OK);
	assert_true(a.disabled_ms != 0);
	assert_int_equal(signing_in("Bo", "green staple 41", ""), ERR_AUTH);
}

static void
who_is_disabled_while_choosing_a_password_stays_so(void **state)
{
	struct account a;

	(void)state;
	(void)signing_account("Bo",
	    &(struct account_new){ .staff = signing_staff("Bo") });
	assert_int_equal(signing_in("Bo", SIGNING_PASSWORD, ""), OK);
	meanwhile = disable_bo;
	assert_int_equal(account_password(signing_accounts, signing_token,
			     SIGNING_PASSWORD, strlen(SIGNING_PASSWORD),
			     "green staple 41", 15, "", &signing_fail),
	    ERR_AUTH);
	assert_int_equal(account_find(&a, signing_office->r, "Bo",
			     &signing_fail),
	    OK);
	assert_true(a.disabled_ms != 0);
	assert_int_equal(signing_in("Bo", "green staple 41", ""), ERR_AUTH);
}

static void
a_password_that_an_administrator_replaces_ends_the_sessions(void **state)
{
	(void)state;
	(void)signing_account("Bo",
	    &(struct account_new){ .staff = signing_staff("Bo") });
	assert_int_equal(signing_in("Bo", SIGNING_PASSWORD, ""), OK);
	env_test_pass(signing_office->env, MINUTE);
	assert_int_equal(account_refresh(signing_accounts, signing_token,
			     &signing_fail),
	    OK);
	assert_int_equal(reset_bo(), OK);
	assert_int_equal(account_refresh(signing_accounts, signing_token,
			     &signing_fail),
	    ERR_AUTH);
	assert_false(signing_is_in());
}

static void
a_new_password_ends_the_other_sessions_and_must_be_a_new_one(void **state)
{
	char other[ACCOUNT_TOKEN_BYTES];
	struct account_who who;

	(void)state;
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, ""), OK);
	memcpy(other, signing_token, sizeof(other));
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, ""), OK);
	assert_int_equal(account_password(signing_accounts, signing_token,
			     SIGNING_PASSWORD, strlen(SIGNING_PASSWORD),
			     "password1", 9, "", &signing_fail),
	    ERR_INPUT);
	assert_int_equal(account_password(signing_accounts, signing_token,
			     SIGNING_PASSWORD, strlen(SIGNING_PASSWORD),
			     SIGNING_PASSWORD, strlen(SIGNING_PASSWORD), "",
			     &signing_fail),
	    ERR_INPUT);
	assert_int_equal(account_password(signing_accounts, signing_token,
			     "wrong words", 11, "green staple 41", 15, "",
			     &signing_fail),
	    ERR_AUTH);
	assert_int_equal(account_password(signing_accounts, signing_token,
			     SIGNING_PASSWORD, strlen(SIGNING_PASSWORD),
			     "green staple 41", 15, "", &signing_fail),
	    OK);
	assert_int_equal(account_refresh(signing_accounts, signing_token,
			     &signing_fail),
	    OK);
	assert_true(signing_is_in());
	assert_int_equal(account_who_of(signing_accounts, &who, other, true,
			     &signing_fail),
	    ERR_AUTH);
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, ""), ERR_AUTH);
	assert_int_equal(signing_in("Ana", "green staple 41", ""), OK);
}

static void
a_temporary_account_ends_by_itself_and_a_clock_put_back_opens_nothing(
    void **state)
{
	int64_t ends = signing_office->env->wall_ms + 60 * MINUTE;

	(void)state;
	(void)signing_account("Bo",
	    &(struct account_new){ .staff = signing_staff("Bo"),
		.ends_ms = ends });
	assert_int_equal(signing_in("Bo", SIGNING_PASSWORD, ""), OK);
	env_test_pass(signing_office->env, 59 * MINUTE);
	assert_int_equal(account_refresh(signing_accounts, signing_token,
			     &signing_fail),
	    OK);
	env_test_pass(signing_office->env, 2 * MINUTE);
	(void)account_refresh(signing_accounts, signing_token, &signing_fail);
	assert_false(signing_is_in());
	assert_int_equal(signing_in("Bo", SIGNING_PASSWORD, ""), ERR_AUTH);
}

static void
a_disabled_account_is_out_at_once_and_the_last_administrator_stays(void **state)
{
	struct account a;

	(void)state;
	(void)signing_account("Bo",
	    &(struct account_new){ .staff = signing_staff("Bo") });
	assert_int_equal(signing_in("Bo", SIGNING_PASSWORD, ""), OK);
	assert_int_equal(account_find(&a, signing_office->r, "Bo",
			     &signing_fail),
	    OK);
	assert_int_equal(replica_begin(signing_office->r, &signing_fail), OK);
	assert_int_equal(admin_disable(&a, signing_office->r, &signing_ana,
			     &signing_fail),
	    OK);
	assert_int_equal(replica_commit(signing_office->r, &signing_fail), OK);
	assert_int_equal(account_refresh(signing_accounts, signing_token,
			     &signing_fail),
	    ERR_AUTH);
	assert_false(signing_is_in());
	assert_int_equal(signing_in("Bo", SIGNING_PASSWORD, ""), ERR_AUTH);
	assert_int_equal(account_find(&a, signing_office->r, "Ana",
			     &signing_fail),
	    OK);
	assert_int_equal(replica_begin(signing_office->r, &signing_fail), OK);
	assert_int_equal(admin_disable(&a, signing_office->r, &signing_ana,
			     &signing_fail),
	    ERR_DENIED);
	replica_rollback(signing_office->r);
}

static void
a_name_is_not_given_again(void **state)
{
	const struct account_new q = { .name = "ANA", .staff = signing_ana };
	int64_t no;

	(void)state;
	assert_int_equal(replica_begin(signing_office->r, &signing_fail), OK);
	assert_int_equal(admin_add(&no, signing_office->r, &q, NULL, NULL,
			     &signing_fail),
	    ERR_INPUT);
	replica_rollback(signing_office->r);
}

static void
without_the_journal_nobody_signs_in(void **state)
{
	(void)state;
	assert_int_equal(db_exec(replica_db(signing_office->r),
			     "ALTER TABLE _audit RENAME TO hidden",
			     &signing_fail),
	    OK);
	assert_int_not_equal(signing_in("Ana", SIGNING_PASSWORD, ""), OK);
	assert_false(signing_is_in());
}

static int64_t
said(void)
{
	bool wrote;

	assert_int_equal(head_daily(&wrote, signing_office->r, &signing_fail),
	    OK);
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
	env_test_pass(signing_office->env, day);
	assert_int_equal(said(), 1);
	assert_int_equal(said(), 0);
	env_test_pass(signing_office->env, day);
	assert_int_equal(said(), 0); /* nothing was done since */
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, ""), OK);
	assert_int_equal(said(), 1);
	assert_int_equal(head_compare(&days, &differs, signing_office->r,
			     &signing_fail),
	    OK);
	assert_int_equal(days, 2);
	assert_int_equal(differs, 0);
	/* a whole other journal, whose chain and fence would fit */
	assert_int_equal(db_exec(replica_db(signing_office->r),
			     "UPDATE _audit SET note = 'x', hash = NULL",
			     &signing_fail),
	    OK);
	assert_int_equal(head_compare(&days, &differs, signing_office->r,
			     &signing_fail),
	    OK);
	assert_int_equal(differs, 2);
}

int
main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, signing_begin, signing_end)
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
