/* node/account: accounts that nobody uses, and a journal that is kept its time. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "node/account/account.h"
#include "node/account/admin.h"
#include "node/account/retain.h"
#include "node/chores.h"
#include "sync/audit.h"
#include "tests/support/office.h"

#define DAY ((int64_t)24 * 3600 * 1000)
#define PASSWORD "tin roof rain"

static struct office *north;
static struct engine engine;
static struct accounts *accounts;
static struct fail f;
static struct row_id ana = { { 7 } };

static void
new_account(const char *name, bool administrator)
{
	struct account_new q = { .name = name,
		.staff = ana,
		.administrator = administrator };
	struct renewal w;
	int64_t no;

	assert_int_equal(renew_make(&w, &north->env->env, "", name, NULL,
			     PASSWORD, strlen(PASSWORD), &f),
	    OK);
	assert_int_equal(replica_begin(north->r, &f), OK);
	assert_int_equal(admin_add(&no, north->r, &q, &w, NULL, &f), OK);
	assert_int_equal(replica_commit(north->r, &f), OK);
}

static int
one_account(void **state)
{
	(void)state;
	f = (struct fail){ 0 };
	north = office_found("North", KIND_PROBATION, 1);
	assert_int_equal(engine_init(&engine, north->r, &f), OK);
	new_account("Ana", true);
	assert_int_equal(accounts_new(&accounts, &engine, NULL, &f), OK);
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
sign_in(const char *name, const char *password)
{
	char token[ACCOUNT_TOKEN_BYTES];

	return account_sign_in(accounts, token, name, password,
	    strlen(password), "", "page 127.0.0.1", &f);
}

static int64_t
entries(const char *act)
{
	char sql[160];

	(void)snprintf(sql, sizeof(sql),
	    "SELECT count(*) FROM _audit WHERE act = '%s' AND result = 0", act);
	return office_number(north, sql);
}

/* ---- what nobody uses, and what is too old ------------------------------------ */

static bool
is_closed(const char *name)
{
	struct account a;

	assert_int_equal(account_find(&a, north->r, name, &f), OK);
	return a.unused_ms != 0;
}

static void
release(const char *name)
{
	struct account a;

	assert_int_equal(account_find(&a, north->r, name, &f), OK);
	assert_int_equal(replica_begin(north->r, &f), OK);
	assert_int_equal(admin_release(&a, north->r, NULL, &f), OK);
	assert_int_equal(replica_commit(north->r, &f), OK);
}

static void
an_account_that_nobody_uses_is_closed_after_90_days_and_released_again(
    void **state)
{
	int64_t closed;

	(void)state;
	new_account("Bo", false);
	new_account("Cy", false);
	env_test_pass(north->env, 60 * DAY);
	assert_int_equal(sign_in("Cy", PASSWORD), OK);
	assert_int_equal(chores_round(&engine, &f), OK);
	assert_false(is_closed("Bo"));
	env_test_pass(north->env, 31 * DAY);
	assert_int_equal(chores_round(&engine, &f), OK);
	assert_true(is_closed("Bo"));
	assert_false(is_closed("Cy"));
	assert_int_equal(entries("account_unused"), 1);
	assert_int_equal(account_unused_count(&closed, north->r, &f), OK);
	assert_int_equal(closed, 1);
	assert_int_equal(sign_in("Bo", PASSWORD), ERR_AUTH);
	release("Bo");
	assert_int_equal(sign_in("Bo", PASSWORD), OK);
	/* once is enough */
	assert_int_equal(chores_round(&engine, &f), OK);
	assert_int_equal(entries("account_unused"), 1);
}

static void
who_comes_after_90_days_is_not_let_in_though_no_daemon_looked(void **state)
{
	(void)state;
	new_account("Bo", false);
	env_test_pass(north->env, 91 * DAY);
	assert_int_equal(sign_in("Bo", PASSWORD), ERR_AUTH);
	assert_true(is_closed("Bo"));
	/* a clock put back does not open it */
	north->env->wall_ms -= 91 * DAY;
	assert_int_equal(sign_in("Bo", PASSWORD), ERR_AUTH);
}

static void
the_administrator_who_was_here_last_is_never_closed(void **state)
{
	(void)state;
	new_account("Di", true);
	env_test_pass(north->env, DAY);
	assert_int_equal(sign_in("Ana", PASSWORD), OK);
	env_test_pass(north->env, 400 * DAY);
	assert_int_equal(chores_round(&engine, &f), OK);
	assert_true(is_closed("Di"));
	assert_false(is_closed("Ana"));
	assert_int_equal(sign_in("Ana", PASSWORD), OK);
}

static int64_t
kept_from(void)
{
	struct retain_state s;

	assert_int_equal(retain_read(&s, north->r, 0, &f), OK);
	return s.extent.base;
}

static void
the_journal_is_thrown_away_by_the_month_once_it_is_too_old(void **state)
{
	struct account_settings s;

	(void)state;
	account_defaults(&s);
	s.journal_days = 365;
	engine.accounts = &s;
	for (int i = 0; i < 40; i++)
		assert_int_equal(audit_write(north->r,
				     &(struct audit_entry){ .act = "probe" },
				     &f),
		    OK);
	env_test_pass(north->env, 380 * DAY);
	assert_int_equal(sign_in("Ana", PASSWORD), OK);
	assert_int_equal(chores_round(&engine, &f), OK);
	assert_int_equal(kept_from(), 0);
	env_test_pass(north->env, 16 * DAY);
	assert_int_equal(chores_round(&engine, &f), OK);
	assert_true(kept_from() > 0);
	assert_true(entries("probe") < 16);
	assert_int_equal(entries("sign_in"), 1);
	assert_int_equal(entries("journal_prune"), 1);
	s.journal_days = 0;
	env_test_pass(north->env, 4000 * DAY);
	assert_int_equal(chores_round(&engine, &f), OK);
	assert_int_equal(entries("sign_in"), 1);
	engine.accounts = NULL;
}

static void
a_review_is_due_after_a_week_in_which_something_was_done(void **state)
{
	uint8_t head[AUDIT_HASH_BYTES];
	struct retain_state s;

	(void)state;
	assert_int_equal(audit_write(north->r,
			     &(struct audit_entry){ .act = "probe" }, &f),
	    OK);
	env_test_pass(north->env, 6 * DAY);
	assert_int_equal(retain_read(&s, north->r, 0, &f), OK);
	assert_false(s.review_due);
	env_test_pass(north->env, 2 * DAY);
	assert_int_equal(retain_read(&s, north->r, 0, &f), OK);
	assert_true(s.review_due);
	assert_int_equal(retain_reviewed(north->r, audit_head(north->r, head),
			     &f),
	    OK);
	env_test_pass(north->env, 20 * DAY);
	assert_int_equal(retain_read(&s, north->r, 0, &f), OK);
	assert_false(s.review_due); /* nothing was done */
	assert_int_equal(sign_in("Ana", "wrong words"), ERR_AUTH);
	assert_int_equal(sign_in("Ana", PASSWORD), OK);
	assert_int_equal(retain_read(&s, north->r, 0, &f), OK);
	assert_true(s.review_due);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, one_account, none_left)
	const struct CMUnitTest tests[] = {
		TEST(
		    an_account_that_nobody_uses_is_closed_after_90_days_and_released_again),
		TEST(
		    who_comes_after_90_days_is_not_let_in_though_no_daemon_looked),
		TEST(the_administrator_who_was_here_last_is_never_closed),
		TEST(
		    the_journal_is_thrown_away_by_the_month_once_it_is_too_old),
		TEST(a_review_is_due_after_a_week_in_which_something_was_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
