/* A password is folded to what a guesser starts from, and that is looked up. */
#include "node/account/password.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "sync/slot.h"

#define FOLD_MAX 64

/* ---- what is tried first ------------------------------------------------- */

static int
by_word(const void *a, const void *b)
{
	return strcmp(a, *(const char *const *)b);
}

static bool
is_listed(const char *word)
{
	return bsearch(word, password_common, password_common_count,
		   sizeof(password_common[0]), by_word) != NULL;
}

/* Digits and signs that stand for letters. */
static char
letter_of(char c)
{
	static const char from[] = "0134578@$!|+", to[] = "oieastbasilt";
	const char *p = c != '\0' ? strchr(from, c) : NULL;

	return p != NULL ? to[p - from] : c;
}

/* What stands before and after the word is not part of it; a digit or sign there
 * may be its first or last letter. */
enum fold { FOLD_PLAIN, FOLD_LETTERS, FOLD_FIRST, FOLD_LAST, FOLD_BOTH, FOLDS };

static bool
is_end(char c, bool may_be_letter)
{
	return !isalpha((unsigned char)c) &&
	    !(may_be_letter && letter_of(c) != c);
}

/* Lower case and only the word. */
static bool
fold(char out[static FOLD_MAX], const char *p, size_t n, enum fold way)
{
	size_t k = 0;

	while (n > 0 && is_end(p[n - 1], way >= FOLD_LAST))
		n--;
	while (n > 0 && is_end(*p, way == FOLD_FIRST || way == FOLD_BOTH)) {
		p++;
		n--;
	}
	for (size_t i = 0; i < n; i++) {
		char c = (char)tolower((unsigned char)p[i]);

		if (way != FOLD_PLAIN)
			c = letter_of(c);
		if (c == ' ' || c == '_' || c == '-' || c == '.')
			continue;
		if (k + 1 == FOLD_MAX)
			return false; /* longer than any word of the list */
		out[k++] = c;
	}
	out[k] = '\0';
	return true;
}

/* One character, or each one more or less than the one before, or a walk along a
 * row of keys. */
static bool
is_run(const char *p, size_t n)
{
	static const char *const rows[] = { "qwertyuiopasdfghjklzxcvbnm",
		"1234567890", "1q2w3e4r5t6y7u8i9o0p",
		"1qaz2wsx3edc4rfv5tgb6yhn7ujm", "qwertzuiopasdfghjklyxcvbnm" };
	bool same = true, up = true, down = true;

	for (size_t i = 1; i < n; i++) {
		int step = (unsigned char)p[i] - (unsigned char)p[i - 1];

		same = same && step == 0;
		up = up && (step == 1 || (p[i] == '0' && p[i - 1] == '9'));
		down = down && (step == -1 || (p[i] == '9' && p[i - 1] == '0'));
	}
	if (same || up || down)
		return true;
	for (size_t k = 0; k < COUNT_OF(rows); k++) {
		char lower[32];

		if (n >= sizeof(lower))
			continue;
		for (size_t i = 0; i <= n; i++)
			lower[i] =
			    i < n ? (char)tolower((unsigned char)p[i]) : '\0';
		if (strstr(rows[k], lower) != NULL)
			return true;
	}
	return false;
}

/* The same few characters again and again: abcabcabc, password password. */
static size_t
period_of(const char *p, size_t n)
{
	for (size_t k = 1; k <= n / 2; k++) {
		if (memcmp(p, p + k, n - k) == 0)
			return k;
	}
	return n;
}

static bool
is_word(const char *p, size_t n)
{
	char word[FOLD_MAX];

	for (enum fold way = FOLD_PLAIN; way < FOLDS; way++) {
		if (!fold(word, p, n, way))
			continue;
		/* digits and signs with hardly a letter: a date, a number */
		if (strlen(word) < 3 && n < 12)
			return true;
		if (is_listed(word))
			return true;
	}
	return false;
}

bool
password_is_common(const char *p, size_t n)
{
	size_t period = period_of(p, n);

	return is_run(p, n) || is_run(p, period) || period < 4 ||
	    is_word(p, n) || (period < n && is_word(p, period));
}

/* ---- the rules ------------------------------------------------------------ */

static size_t
chars_of(const char *p, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += ((unsigned char)p[i] & 0xc0) != 0x80;
	return count;
}

/* Does the folded password stand for this part of a name? */
static bool
is_part(const char *typed, const char *part, size_t n, enum fold way)
{
	char own[FOLD_MAX];

	return n >= 3 && fold(own, part, n, way) && strcmp(own, typed) == 0;
}

/* The person's own name, or a part of it, and little else. */
static bool
is_own_name(const char *p, size_t n, const char *name)
{
	char typed[FOLD_MAX];

	if (name == NULL)
		return false;
	for (enum fold way = FOLD_PLAIN; way < FOLDS; way++) {
		const char *part = name;

		if (!fold(typed, p, n, way) || typed[0] == '\0')
			continue;
		if (is_part(typed, name, strlen(name), way))
			return true;
		while (*part != '\0') {
			size_t k = strcspn(part, " ");

			if (is_part(typed, part, k, way))
				return true;
			part += k + strspn(part + k, " ");
		}
	}
	return false;
}

enum err
password_check(const char *p, size_t n, const char *name, struct fail *f)
{
	if (chars_of(p, n) < PASSWORD_CHARS_MIN)
		return fail_set(f, ERR_INPUT,
		    "a password has at least %d characters; several words with "
		    "spaces are good",
		    PASSWORD_CHARS_MIN);
	if (n > PASSWORD_BYTES_MAX || memchr(p, '\0', n) != NULL ||
	    memchr(p, '\n', n) != NULL)
		return fail_set(f, ERR_INPUT,
		    "a password is one line of at most %d bytes",
		    PASSWORD_BYTES_MAX);
	if (password_is_common(p, n))
		return fail_set(f, ERR_INPUT,
		    "this password is one of those that are tried first: a "
		    "common word, name, date or row of keys; take several "
		    "words that do not belong together");
	if (is_own_name(p, n, name))
		return fail_set(f, ERR_INPUT,
		    "a password must not be the person's own name; take "
		    "several words that do not belong together");
	return OK;
}

/* ---- the verifier ---------------------------------------------------------- */

static_assert(PASSWORD_VERIFIER_BYTES >= crypto_pwhash_argon2id_STRBYTES,
    "a verifier fits");

enum err
password_make(char out[static PASSWORD_VERIFIER_BYTES], const char *p, size_t n,
    struct fail *f)
{
	memset(out, 0, PASSWORD_VERIFIER_BYTES);
	if (crypto_pwhash_argon2id_str(out, p, n, SLOT_PASSES_MIN,
		(size_t)SLOT_MEMORY_KIB_MIN * 1024) != 0)
		return fail_set(f, ERR_NOMEM,
		    "a password needs %d MiB of memory to be kept, which are "
		    "not free",
		    SLOT_MEMORY_KIB_MIN / 1024);
	return OK;
}

bool
password_fits(const char *verifier, const char *p, size_t n)
{
	char none[PASSWORD_VERIFIER_BYTES];

	if (verifier != NULL && verifier[0] != '\0')
		return crypto_pwhash_argon2id_str_verify(verifier, p, n) == 0;
	(void)password_make(none, p, n, NULL);
	return false;
}
