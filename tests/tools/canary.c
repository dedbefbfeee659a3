/*
 * tests-canary WORDS < FILES
 *
 * WORDS is a file with one secret string a line. Standard input names files,
 * each ended by a NUL (find -print0). Prints a line for each place in which a
 * word stands in clear, as UTF-16, hex or base64; exits 1 when there is one,
 * 2 when something could not be read. The word itself is not printed whole.
 *
 * How: every form of every word is at least ten bytes long. The first eight of
 * each are in a hash table, and a window of eight bytes slides over the file.
 */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_BYTES_MIN 8 /* shorter ones stand in any file by chance */
#define WORD_BYTES_MAX 256
#define WINDOW 8
#define SLOTS ((size_t)1 << 18)
#define FORMS_MAX (SLOTS / 4)

struct form {
	const char *kind;
	uint8_t *p;
	size_t n, line; /* of the word */
};

static struct form forms[FORMS_MAX];
static size_t form_count;
static uint32_t slots[SLOTS]; /* index into forms, plus one */

static size_t
slot_of(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return (size_t)((v * 0x9e3779b97f4a7c15u) >> 46);
}

static void
add(const char *kind, const uint8_t *p, size_t n, size_t line)
{
	size_t at = slot_of(p);
	struct form *f;

	assert(n >= WINDOW);
	if (form_count == FORMS_MAX) {
		(void)fprintf(stderr, "tests-canary: too many words\n");
		exit(2);
	}
	while (slots[at] != 0) {
		f = &forms[slots[at] - 1];
		if (f->n == n && memcmp(f->p, p, n) == 0)
			return;
		at = (at + 1) & (SLOTS - 1);
	}
	f = &forms[form_count++];
	*f = (struct form){ .kind = kind, .n = n, .line = line };
	f->p = malloc(n);
	if (f->p == NULL)
		exit(2);
	memcpy(f->p, p, n);
	slots[at] = (uint32_t)form_count;
}

static void
add_hex(const uint8_t *word, size_t n, size_t line)
{
	static const char *const digits[] = { "0123456789abcdef",
		"0123456789ABCDEF" };
	uint8_t out[2 * WORD_BYTES_MAX] = { 0 };

	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < n; i++) {
			out[2 * i] = (uint8_t)digits[k][word[i] >> 4];
			out[2 * i + 1] = (uint8_t)digits[k][word[i] & 15];
		}
		add("hex", out, 2 * n, line);
	}
}

/* The digits that do not depend on what stands before and after the word. */
static void
add_base64(const uint8_t *word, size_t n, size_t line)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t out[2 * WORD_BYTES_MAX] = { 0 };

	for (size_t shift = 0; shift < 6; shift += 2) {
		size_t used = 0;

		for (size_t bit = shift; bit + 6 <= 8 * n; bit += 6) {
			unsigned two = (unsigned)word[bit / 8] << 8;

			if (bit / 8 + 1 < n)
				two |= word[bit / 8 + 1];
			out[used++] =
			    (uint8_t)digits[(two >> (10 - bit % 8)) & 63];
		}
		add("base64", out, used, line);
	}
}

static void
add_word(const uint8_t *word, size_t n, size_t line)
{
	uint8_t wide[2 * WORD_BYTES_MAX] = { 0 };

	for (size_t i = 0; i < n; i++) {
		wide[2 * i] = word[i];
		wide[2 * i + 1] = 0;
	}
	add("clear", word, n, line);
	add("UTF-16", wide, 2 * n - 1, line);
	add_hex(word, n, line);
	add_base64(word, n, line);
}

static int
read_words(const char *path)
{
	char line[WORD_BYTES_MAX + 2];
	FILE *in = fopen(path, "r");
	size_t number = 0;

	if (in == NULL)
		return -1;
	while (fgets(line, sizeof(line), in) != NULL) {
		size_t n = strcspn(line, "\n");

		number++;
		if (n >= WORD_BYTES_MIN)
			add_word((const uint8_t *)line, n, number);
	}
	return fclose(in);
}

static size_t
look(const char *path, const uint8_t *p, size_t n)
{
	size_t found = 0;

	for (size_t i = 0; i + WINDOW <= n; i++) {
		size_t at = slot_of(p + i);

		for (; slots[at] != 0; at = (at + 1) & (SLOTS - 1)) {
			const struct form *f = &forms[slots[at] - 1];

			if (f->n > n - i || memcmp(f->p, p + i, f->n) != 0)
				continue;
			found++;
			(void)printf("%s: at %zu: word %zu (%.6s...), %s\n",
			    path, i, f->line, (const char *)f->p, f->kind);
			break;
		}
	}
	return found;
}

/* A whole file; *p stays allocated between calls. */
static int
read_file(uint8_t **p, size_t *n, const char *path)
{
	static size_t room;
	FILE *in = fopen(path, "rb");

	if (in == NULL)
		return -1;
	*n = 0;
	for (;;) {
		if (*n == room) {
			uint8_t *grown = realloc(*p, room = 2 * room + 65536);

			if (grown == NULL)
				exit(2);
			*p = grown;
		}
		size_t got = fread(*p + *n, 1, room - *n, in);

		*n += got;
		if (got == 0)
			break;
	}
	return fclose(in);
}

int
main(int argc, char **argv)
{
	size_t found = 0, files = 0, bytes = 0, n = 0, room = 0;
	uint8_t *p = NULL;
	char *path = NULL;

	if (argc != 2 || read_words(argv[1]) != 0) {
		(void)fprintf(stderr, "usage: tests-canary WORDS <FILES\n");
		return 2;
	}
	while (getdelim(&path, &room, '\0', stdin) > 0) {
		if (read_file(&p, &n, path) != 0) {
			(void)fprintf(stderr, "tests-canary: %s: %s\n", path,
			    strerror(errno));
			return 2;
		}
		found += look(path, p, n);
		files++;
		bytes += n;
	}
	(void)printf("%zu forms, %zu files, %zu bytes: %zu found\n", form_count,
	    files, bytes, found);
	return found > 0;
}
