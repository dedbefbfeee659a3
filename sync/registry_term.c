/*
 * The words of an entry, and the lists in them.
 *
 * A word is a name, NAME=VALUE or NAME(LIST). Lists may hold spaces; a comma
 * after a closing bracket separates words, as in "single(a),while(b=c)".
 */
#include <string.h>

#include "sync/registry_build.h"

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct word
term_trim(struct word w)
{
	while (w.n > 0 && is_space(*w.p)) {
		w.p++;
		w.n--;
	}
	while (w.n > 0 && is_space(w.p[w.n - 1]))
		w.n--;
	return w;
}

/* Does p[n] end in a comma, spaces aside? */
static bool
after_comma(const char *p, size_t n)
{
	while (n > 0 && is_space(p[n - 1]))
		n--;
	return n > 0 && p[n - 1] == ',';
}

/* Where the value ends that begins at from: at a bracket, or, after "=", at a
 * space that does not follow a comma. */
static size_t
value_end(const struct word *rest, size_t from, bool bracket)
{
	size_t i;

	for (i = from; i < rest->n; i++) {
		char c = rest->p[i];

		if (c == '(' || c == ')')
			break;
		if (!bracket && is_space(c) &&
		    !after_comma(rest->p + from, i - from))
			break;
	}
	return i;
}

enum err
term_next(struct build *b, struct word *rest, struct term *t)
{
	size_t i = 0;

	*t = (struct term){ { NULL, 0 }, { NULL, 0 }, 0 };
	*rest = term_trim(*rest);
	if (rest->n == 0)
		return OK;
	while (i < rest->n && !is_space(rest->p[i]) && rest->p[i] != '(' &&
	    rest->p[i] != '=')
		i++;
	t->head = (struct word){ rest->p, i };
	if (i < rest->n && !is_space(rest->p[i])) {
		bool bracket = rest->p[i] == '(';
		size_t from = i + 1;

		t->form = rest->p[i];
		i = value_end(rest, from, bracket);
		t->value = term_trim((struct word){ rest->p + from, i - from });
		if (bracket && (i == rest->n || rest->p[i] != ')'))
			return build_fail(b,
			    "want ) at the end of a list, "
			    "not a bracket inside it");
		if (bracket)
			i++;
		if (bracket && i < rest->n && rest->p[i] == ',')
			i++;
	}
	rest->p += i;
	rest->n -= i;
	if (t->head.n == 0)
		return build_fail(b, "want a word, have a bracket or =");
	return OK;
}

/* The next item of a list, without spaces; false when none is left. */
bool
term_item(struct word *list, char between, struct word *item)
{
	const char *cut;

	if (list->p == NULL)
		return false;
	cut = list->n > 0 ? memchr(list->p, between, list->n) : NULL;
	if (cut == NULL) {
		*item = term_trim(*list);
		list->p = NULL;
		return true;
	}
	*item = term_trim((struct word){ list->p, (size_t)(cut - list->p) });
	list->n -= (size_t)(cut - list->p) + 1;
	list->p = cut + 1;
	return true;
}

/* A value of an enum: a word that needs no quotes anywhere. */
bool
term_is_value(struct word w)
{
	if (w.n == 0 || w.n > REGISTRY_NAME_BYTES)
		return false;
	for (size_t i = 0; i < w.n; i++) {
		char c = w.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || c == '_' || c == '-' ||
			c == '+' || c == '.'))
			return false;
	}
	return true;
}

enum err
term_values(struct build *b, const char ***out, size_t *count, struct word list,
    char between)
{
	const char *values[REGISTRY_VALUES_MAX];
	const char **to;
	struct word item;
	size_t n = 0;

	while (term_item(&list, between, &item)) {
		if (!term_is_value(item))
			return build_fail(b,
			    "want words of letters, digits and _ in a list");
		if (n == COUNT_OF(values))
			return build_fail(b, "want at most %d values",
			    REGISTRY_VALUES_MAX);
		for (size_t i = 0; i < n; i++) {
			if (word_is(item, values[i]))
				return build_fail(b,
				    "%s stands twice in a list", values[i]);
		}
		values[n] = registry_copy(b->r, item);
		if (values[n++] == NULL)
			return build_nomem(b);
	}
	to = registry_alloc(b->r, n * sizeof(*to));
	if (to == NULL)
		return build_nomem(b);
	memcpy(to, values, n * sizeof(*to));
	*out = to;
	*count = n;
	return OK;
}

enum err
term_number(struct build *b, struct word *rest, unsigned max, unsigned *out)
{
	struct term t;
	unsigned v = 0;
	enum err e = term_next(b, rest, &t);

	if (e != OK)
		return e;
	if (t.form != 0 || t.head.n == 0 || t.head.n > 3)
		return build_fail(b, "want a number of 1 to %u first", max);
	for (size_t i = 0; i < t.head.n; i++) {
		char c = t.head.p[i];

		if (c < '0' || c > '9')
			return build_fail(b, "want a number of 1 to %u first",
			    max);
		v = v * 10 + (unsigned)(c - '0');
	}
	if (v < 1 || v > max || t.head.p[0] == '0')
		return build_fail(b, "want a number of 1 to %u first", max);
	*out = v;
	return OK;
}

enum err
term_name(struct build *b, const char **out, struct word w, const char *what)
{
	if (!word_is_name(w))
		return build_fail(b, "want a lowercase name for %s", what);
	*out = registry_copy(b->r, w);
	return *out != NULL ? OK : build_nomem(b);
}

/* Position of w among names, or -1. */
int
term_choose(struct word w, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (word_is(w, names[i]))
			return (int)i;
	}
	return -1;
}
