/*
 * Passwords: what may be one, and how it is kept where no key slot keeps it.
 *
 * Rules (CJIS IA-5(1)(a) as DOMAIN 4 has them): at least 8 characters, spaces and
 * long passphrases welcome, no composition rules, not one that everybody tries
 * first. Nothing expires unless a setting says so.
 */
#ifndef FOOTBRIDGE_NODE_ACCOUNT_PASSWORD_H
#define FOOTBRIDGE_NODE_ACCOUNT_PASSWORD_H

#include "sync/env.h"

#define PASSWORD_CHARS_MIN 8
#define PASSWORD_BYTES_MAX 1024
#define PASSWORD_VERIFIER_BYTES 128 /* text and NUL */

/*
 * May this be the password of a person of that name ("" or NULL: any)?
 * fails: ERR_INPUT says what is wrong with it, and never repeats it
 */
enum err password_check(const char *p, size_t n, const char *name,
    struct fail *f);

/*
 * Is it one of those that are tried first: a common word, name, keyboard run or
 * repetition, also in capitals, with digits or signs around it or letters written
 * as digits (P4ssw0rd!2026)? The words are common.c; source there.
 */
bool password_is_common(const char *p, size_t n) MUST_USE;

/* Argon2id with the cost of a key slot (slot.h). fails: ERR_NOMEM */
enum err password_make(char out[static PASSWORD_VERIFIER_BYTES], const char *p,
    size_t n, struct fail *f);
/* verifier NULL or "": false, after as much work. */
bool password_fits(const char *verifier, const char *p, size_t n) MUST_USE;

/* common.c: lower case, ascending */
extern const char *const password_common[];
extern const size_t password_common_count;

#endif
