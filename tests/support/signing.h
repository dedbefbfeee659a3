/*
 * Signing in for tests: an office with an account for Ana, an administrator, whose
 * second factor is not asked for, and what signs in there. All have the password
 * SIGNING_PASSWORD.
 */
#ifndef FOOTBRIDGE_TESTS_SIGNING_H
#define FOOTBRIDGE_TESTS_SIGNING_H

#include "node/account/account.h"
#include "node/account/admin.h"
#include "tests/support/office.h"

#define SIGNING_PASSWORD "tin roof rain"

extern struct office *signing_office;
extern struct engine signing_engine;
extern struct accounts *signing_accounts;
extern struct row_id signing_ana; /* of the staff */
/* Of who signed in last, and why somebody did not. */
extern char signing_token[ACCOUNT_TOKEN_BYTES];
extern struct fail signing_fail;

/* For cmocka: before and after each test. */
int signing_begin(void **state);
int signing_end(void **state);

/* Somebody of the staff; an account like this one, and its number. */
struct row_id signing_staff(const char *name);
int64_t signing_account(const char *name, const struct account_new *like);

enum err signing_in(const char *name, const char *password, const char *code);
/* Of the session of signing_token. */
enum account_state signing_state(void);
bool signing_is_in(void);
/* How many the journal has of that act and result. */
int64_t signing_entries(const char *act, enum err result);

#endif
