/* Decoded in place: no decoded text is longer than its encoding. */
#include "node/api/target.h"

#include <string.h>

#include "sync/value.h"

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decodes text in place; plus: '+' is a space there. */
static bool
decode(char *text, bool plus)
{
	char *to = text;

	for (const char *p = text; *p != '\0'; p++) {
		char c = *p;

		if (c == '%') {
			int high = hex_digit(p[1]);
			int low = high >= 0 ? hex_digit(p[2]) : -1;

			if (low < 0)
				return false;
			c = (char)(high * 16 + low);
			p += 2;
		} else if (plus && c == '+') {
			c = ' ';
		}
		/* also 0, which would end the text early */
		if ((unsigned char)c < 0x20 || c == 0x7f)
			return false;
		*to++ = c;
	}
	*to = '\0';
	return value_utf8((const uint8_t *)text, (size_t)(to - text));
}

static enum err
bad(struct fail *f, const char *what)
{
	return fail_set(f, ERR_INPUT, "the address has %s", what);
}

static enum err
take_segments(struct target *t, char *path, struct fail *f)
{
	char *next;

	for (char *p = path + 1; p != NULL; p = next) {
		next = strchr(p, '/');
		if (next != NULL)
			*next++ = '\0';
		if (t->segment_count == TARGET_SEGMENTS)
			return fail_set(f, ERR_LIMIT,
			    "the address has more than %d parts",
			    TARGET_SEGMENTS);
		if (!decode(p, false))
			return bad(f, "an encoding that is none");
		if (strcmp(p, ".") == 0 || strcmp(p, "..") == 0)
			return bad(f, "a part that is only dots");
		t->segments[t->segment_count++] = p;
	}
	return OK;
}

static enum err
take_pairs(struct target *t, char *query, struct fail *f)
{
	char *next, *value;

	for (char *p = query; p != NULL && *p != '\0'; p = next) {
		next = strchr(p, '&');
		if (next != NULL)
			*next++ = '\0';
		value = strchr(p, '=');
		if (value == NULL)
			return bad(f, "a word behind the ? without a value");
		*value++ = '\0';
		if (t->pair_count == TARGET_PAIRS)
			return fail_set(f, ERR_LIMIT,
			    "the address has more than %d values",
			    TARGET_PAIRS);
		if (!decode(p, true) || !decode(value, true))
			return bad(f, "an encoding that is none");
		for (size_t i = 0; i < t->pair_count; i++) {
			if (strcmp(t->pairs[i].name, p) == 0)
				return bad(f, "a word behind the ? twice");
		}
		t->pairs[t->pair_count++] = (struct target_pair){ p, value };
	}
	return OK;
}

enum err
target_parse(struct target *out, const char *text, struct fail *f)
{
	size_t n = strlen(text);
	char *query;
	enum err e;

	if (n >= sizeof(out->text))
		return fail_set(f, ERR_LIMIT,
		    "the address is longer than %d bytes", TARGET_BYTES - 1);
	out->segment_count = out->pair_count = 0;
	memcpy(out->text, text, n + 1);
	if (out->text[0] != '/')
		return bad(f, "no / at its beginning");
	if (strchr(out->text, '#') != NULL)
		return bad(f, "a # in it");
	query = strchr(out->text, '?');
	if (query != NULL)
		*query++ = '\0';
	e = take_segments(out, out->text, f);
	return e == OK && query != NULL ? take_pairs(out, query, f) : e;
}
