/*
 * The page's API for tests: an office with three accounts (Ana, an officer who sees
 * all; Ben, one with a case load; Aud, an auditor), and browsers that ask it. All
 * have the password CALLER_PASSWORD. Nothing of it is played: accounts, replica
 * and API are the program's; only the clock is the test's.
 */
#ifndef FOOTBRIDGE_TESTS_CALLER_H
#define FOOTBRIDGE_TESTS_CALLER_H

#include "node/api/api.h"
#include "node/api/session.h"
#include "tests/support/office.h"

#define CALLER_PASSWORD "tin roof rain"
#define CALLER_HOST "127.0.0.1:7480"

extern struct office *caller_office;

/* For cmocka: before and after each test. */
int caller_begin(void **state);
int caller_end(void **state);

/* A row, written by the node itself. */
struct row_id caller_row(const char *table, struct write_field *fields,
    size_t n);
const struct field *caller_field(const char *table, const char *name);
struct value caller_text(const char *s);

/* A role that reaches so far for somebody of the staff; and somebody of the staff
 * with one and an account. */
struct row_id caller_role(const struct row_id *staff, const char *role,
    const char *scope);
struct row_id caller_staff(const char *name, const char *role,
    const char *scope);

struct browser {
	char cookie[API_COOKIE_BYTES], token[API_TOKEN_BYTES];
};

/* The status; b NULL: nobody. Cookies that are set are kept. */
unsigned caller_ask(struct browser *b, const char *method, const char *target,
    const char *body);
/* That member of staff has no role any more. */
void caller_end_roles(const struct row_id *staff);

/* Of the last answer, borrowed until the next. */
const json_t *caller_answer(void);
const struct buf *caller_raw(void);
const char *caller_code(void);               /* of its error, or NULL */
const json_t *caller_data(const char *name); /* one member of its data */
void caller_keep_token(struct browser *b);
/* Signed in, and what must be done first is done. */
void caller_sign_in(struct browser *b, const char *name);

/* An answer of 200; what it made: "id" or the first of "ids", until the next. */
const char *caller_must(struct browser *b, const char *method,
    const char *target, const char *body);
/* The same with a target and body that are put together. */
const char *caller_must_with(struct browser *b, const char *method,
    const char *target, const char *id, const char *format, const char *first,
    const char *second);
/* How many its data are. */
size_t caller_count(struct browser *b, const char *target);
/* How many people a search finds. */
size_t caller_found(struct browser *b, const char *text);
void caller_person(char id[static ID_TEXT_BYTES], struct browser *b,
    const char *name);

#endif
