/* One office, one account and more when asked for; signed in or not. */
#include "tests/support/signing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "node/account/admin.h"

struct office *signing_office;
struct engine signing_engine;
struct accounts *signing_accounts;
struct fail signing_fail;
struct row_id signing_ana;
char signing_token[ACCOUNT_TOKEN_BYTES];

struct row_id
signing_staff(const char *name)
{
	const struct table *t =
	    registry_table(replica_registry(signing_office->r), "staff");
	struct write_field field = { table_field(t, "name"),
		{ .type = VALUE_TEXT,
		    .p = (const uint8_t *)name,
		    .n = strlen(name) } };
	struct write_request q = { .table = t,
		.fields = &field,
		.field_count = 1 };
	struct row_id id;
	int64_t draft;

	assert_int_equal(write_row(signing_office->r, &id, &draft, &q,
			     &signing_fail),
	    OK);
	return id;
}

int64_t
signing_account(const char *name, const struct account_new *like)
{
	struct account_new q = *like;
	struct renewal w;
	int64_t no;

	q.name = name;
	assert_int_equal(renew_make(&w, &signing_office->env->env, "", name,
			     NULL, SIGNING_PASSWORD, strlen(SIGNING_PASSWORD),
			     &signing_fail),
	    OK);
	assert_int_equal(replica_begin(signing_office->r, &signing_fail), OK);
	assert_int_equal(admin_add(&no, signing_office->r, &q, &w, NULL,
			     &signing_fail),
	    OK);
	assert_int_equal(replica_commit(signing_office->r, &signing_fail), OK);
	return no;
}

int
signing_begin(void **state)
{
	struct account_settings s;

	(void)state;
	signing_fail = (struct fail){ 0 };
	signing_office = office_found("North", KIND_PROBATION, 1);
	assert_int_equal(engine_init(&signing_engine, signing_office->r,
			     &signing_fail),
	    OK);
	signing_ana = signing_staff("Ana Officer");
	(void)signing_account("Ana",
	    &(struct account_new){ .staff = signing_ana,
		.administrator = true });
	account_defaults(&s);
	s.totp = false;
	assert_int_equal(accounts_new(&signing_accounts, &signing_engine, &s,
			     &signing_fail),
	    OK);
	return 0;
}

int
signing_end(void **state)
{
	(void)state;
	accounts_free(signing_accounts);
	engine_release(&signing_engine);
	office_free(signing_office);
	return 0;
}

enum err
signing_in(const char *name, const char *password, const char *code)
{
	signing_fail.text[0] = '\0';
	return account_sign_in(signing_accounts, signing_token, name, password,
	    strlen(password), code, "page 127.0.0.1", &signing_fail);
}

enum account_state
signing_state(void)
{
	struct account_who who;

	assert_int_equal(account_who_of(signing_accounts, &who, signing_token,
			     false, &signing_fail),
	    OK);
	return who.state;
}

bool
signing_is_in(void)
{
	struct account_who who;

	return account_who_of(signing_accounts, &who, signing_token, false,
		   &signing_fail) == OK;
}

int64_t
signing_entries(const char *act, enum err result)
{
	char sql[160];

	(void)snprintf(sql, sizeof(sql),
	    "SELECT count(*) FROM _audit WHERE act = '%s' AND result = %d", act,
	    (int)result);
	return office_number(signing_office, sql);
}
