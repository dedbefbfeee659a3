/* node/account: the second factor, and the codes that stand in for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "node/account/factor.h"
#include "tests/support/signing.h"

#define MINUTE ((int64_t)60 * 1000)

static void
code_now(char code[16], const uint8_t secret[TOTP_SECRET_BYTES])
{
	(void)snprintf(code, 16, "%06u",
	    (unsigned)totp_code(secret, TOTP_SECRET_BYTES,
		signing_office->env->wall_ms / 30000, 6));
}

static void
begin_factor(struct account *a, struct buf *codes)
{
	struct buf secret = { 0 }, uri = { 0 };
	char code[16];

	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, ""), OK);
	assert_int_equal(account_totp_begin(signing_accounts, signing_token,
			     NULL, 0, "", &secret, &uri, &signing_fail),
	    OK);
	assert_int_equal(account_find(a, signing_office->r, "Ana",
			     &signing_fail),
	    OK);
	assert_false(a->has_totp);
	code_now(code, a->totp_new);
	assert_int_equal(account_totp_end(signing_accounts, signing_token,
			     "000000", codes, &signing_fail),
	    ERR_AUTH);
	assert_int_equal(account_totp_end(signing_accounts, signing_token, code,
			     codes, &signing_fail),
	    OK);
	assert_int_equal(account_find(a, signing_office->r, "Ana",
			     &signing_fail),
	    OK);
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
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, code), ERR_AUTH);
	env_test_pass(signing_office->env, MINUTE);
	code_now(code, a.totp);
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, ""), ERR_AUTH);
	assert_int_equal(signing_in("Ana", "wrong words", code), ERR_AUTH);
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, code), OK);
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, code), ERR_AUTH);
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
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, code), OK);
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, code), ERR_AUTH);
	assert_int_equal(account_codes_left(&left, signing_office->r, a.no,
			     &signing_fail),
	    OK);
	assert_int_equal(left, RECOVERY_CODES - 1);
	buf_release(&codes);
}

/* What account_totp_begin says; nothing of it is kept. */
static enum err
begin_again(const char *password, const char *code)
{
	struct buf secret = { 0 }, uri = { 0 };
	enum err e = account_totp_begin(signing_accounts, signing_token,
	    password, password != NULL ? strlen(password) : 0, code, &secret,
	    &uri, &signing_fail);

	buf_release(&secret);
	buf_release(&uri);
	return e;
}

/* Signed in with the code of the moment after, since each is good for once. */
static void
sign_in_with_code(char code[static 16], const struct account *a)
{
	env_test_pass(signing_office->env, MINUTE);
	code_now(code, a->totp);
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, code), OK);
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
	assert_int_equal(begin_again(SIGNING_PASSWORD, ""), ERR_INPUT);
	assert_int_equal(begin_again(SIGNING_PASSWORD, "000000"), ERR_AUTH);
	env_test_pass(signing_office->env, MINUTE);
	code_now(code, a.totp);
	assert_int_equal(begin_again("wrong words", code), ERR_AUTH);
	/* nothing was begun, and what was typed for it ends nothing */
	assert_int_equal(account_find(&now, signing_office->r, "Ana",
			     &signing_fail),
	    OK);
	assert_false(now.has_totp_new);
	assert_memory_equal(now.totp, a.totp, sizeof(a.totp));
	assert_int_equal(begin_again(SIGNING_PASSWORD, code), OK);
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
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, ""), OK);
	memcpy(other, signing_token, sizeof(other));
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, ""), OK);
	memcpy(first, signing_token, sizeof(first));
	assert_int_equal(begin_again(NULL, ""), OK);
	assert_int_equal(account_find(&a, signing_office->r, "Ana",
			     &signing_fail),
	    OK);
	code_now(code, a.totp_new);
	assert_int_equal(account_totp_end(signing_accounts, other, code, &codes,
			     &signing_fail),
	    ERR_NOTFOUND);
	assert_int_equal(account_totp_end(signing_accounts, first, code, &codes,
			     &signing_fail),
	    OK);
	assert_int_equal(account_refresh(signing_accounts, first,
			     &signing_fail),
	    OK);
	assert_int_equal(account_who_of(signing_accounts, &who, other, false,
			     &signing_fail),
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
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, ""), OK);
	env_test_pass(signing_office->env, 6 * MINUTE);
	assert_int_equal(begin_again(NULL, ""), ERR_INPUT);
	assert_int_equal(begin_again("wrong words", ""), ERR_AUTH);
	assert_int_equal(begin_again(SIGNING_PASSWORD, ""), OK);
	begin_factor(&a, &codes);
	sign_in_with_code(code, &a);
	env_test_pass(signing_office->env, 6 * MINUTE);
	assert_int_equal(account_password(signing_accounts, signing_token,
			     SIGNING_PASSWORD, strlen(SIGNING_PASSWORD),
			     "green staple 41", 15, "", &signing_fail),
	    ERR_INPUT);
	code_now(code, a.totp);
	assert_int_equal(account_password(signing_accounts, signing_token,
			     SIGNING_PASSWORD, strlen(SIGNING_PASSWORD),
			     "green staple 41", 15, code, &signing_fail),
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
		assert_int_equal(account_confirm(signing_accounts,
				     signing_token, SIGNING_PASSWORD,
				     strlen(SIGNING_PASSWORD), "000000",
				     &signing_fail),
		    ERR_AUTH);
	assert_int_equal(account_unlock(signing_accounts, fresh, signing_token,
			     SIGNING_PASSWORD, strlen(SIGNING_PASSWORD), "",
			     &signing_fail),
	    OK);
	assert_int_equal(account_confirm(signing_accounts, fresh,
			     SIGNING_PASSWORD, strlen(SIGNING_PASSWORD),
			     "000000", &signing_fail),
	    ERR_AUTH);
	assert_int_equal(signing_entries("lock_out", ERR_AUTH), 1);
	buf_release(&codes);
}

static void
tries_that_could_not_succeed_are_counted_and_do_not_fill_the_journal(
    void **state)
{
	(void)state;
	for (int i = 0; i < 30; i++)
		assert_int_equal(account_prove(signing_accounts, 999, NULL, 0,
				     "", "page 127.0.0.1", &signing_fail),
		    ERR_AUTH);
	assert_int_equal(signing_entries("confirm", ERR_AUTH), 10);
	env_test_pass(signing_office->env, 2 * MINUTE);
	assert_int_equal(account_prove(signing_accounts, 999, NULL, 0, "",
			     "page 127.0.0.1", &signing_fail),
	    ERR_AUTH);
	assert_int_equal(office_number(signing_office,
			     "SELECT count(*) FROM _audit WHERE note LIKE "
			     "'no such account; and 20 more%'"),
	    1);
}

#define YEAR (366LL * 24 * 60 * MINUTE)

/* A dead battery, a wrong hand: signed in while it was years ahead. */
static void
a_clock_that_was_years_ahead_keeps_nobody_out_when_it_is_right_again(
    void **state)
{
	struct buf codes = { 0 };
	struct account a;
	char early[16], code[16];

	(void)state;
	begin_factor(&a, &codes);
	env_test_pass(signing_office->env, MINUTE);
	code_now(early, a.totp);
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, early), OK);
	signing_office->env->wall_ms += 3 * YEAR;
	code_now(code, a.totp);
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, code), OK);
	signing_office->env->wall_ms -= 3 * YEAR;
	env_test_pass(signing_office->env, MINUTE);
	code_now(code, a.totp);
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, code), OK);
	/* and from then on as ever */
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, code), ERR_AUTH);
	assert_int_equal(signing_in("Ana", SIGNING_PASSWORD, early), ERR_AUTH);
	buf_release(&codes);
}

int
main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, signing_begin, signing_end)
	const struct CMUnitTest tests[] = {
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
		    a_clock_that_was_years_ahead_keeps_nobody_out_when_it_is_right_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
