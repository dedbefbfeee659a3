/* Parsing a form: one pass over its lines, each by its first word. */
#include "node/policy/form.h"

#include <stdlib.h>
#include <string.h>

#include "sync/value.h"

const char *const form_blanks[] = { "person", "born", "discloser",
	"information", "purpose", "effective", "expires", "duration",
	"revocable", "signed_by", "signed_on", "capacity", "basis", "today",
	"happened", "until", "why", "machine", "blank", NULL };

struct parsing {
	struct form *form;
	char *at, *end;
	unsigned line, next_line;
	struct fail *f;
};

static enum err
want(const struct parsing *x, const char *what, const char *have)
{
	return fail_set(x->f, ERR_INPUT, "line %u: want %s, have \"%.60s\"",
	    x->line, what, have);
}

/* The next word of a line, cut out of it; "" at its end. */
static char *
take_word(char **line)
{
	char *word = *line + strspn(*line, " ");
	size_t n = strcspn(word, " ");

	*line = word + n;
	if (word[n] != 0)
		*(*line)++ = 0;
	*line += strspn(*line, " ");
	return word;
}

/* Every {NAME} is one that can be filled. */
static enum err
check_blanks(const struct parsing *x, const char *text)
{
	for (const char *p = strchr(text, '{'); p != NULL; p = strchr(p, '{')) {
		size_t n = strcspn(++p, "}");
		bool known = false;

		for (size_t k = 0; form_blanks[k] != NULL; k++)
			known = known ||
			    (strlen(form_blanks[k]) == n &&
				memcmp(form_blanks[k], p, n) == 0);
		if (!known || p[n] == 0)
			return want(x, "a blank such as {person}", p - 1);
	}
	return OK;
}

static enum err
add(struct parsing *x, enum form_kind kind, const char *text, const char *value)
{
	struct form *form = x->form;
	struct form_item *item;

	if (form->item_count == FORM_ITEMS_MAX)
		return fail_set(x->f, ERR_LIMIT,
		    "line %u: a form has %d lines at most", x->line,
		    FORM_ITEMS_MAX);
	item = realloc(form->item, (form->item_count + 1) * sizeof(*item));
	if (item == NULL)
		return fail_code(x->f, ERR_NOMEM);
	form->item = item;
	item[form->item_count++] = (struct form_item){ kind, text, value };
	return text[0] != 0 ? check_blanks(x, value != NULL ? value : text)
			    : want(x, "a text", "");
}

static enum err
read_line(struct parsing *x, char *rest)
{
	char *bar = strchr(rest, '|');

	if (bar == NULL)
		return want(x, "LABEL|{NAME}", rest);
	*bar = 0;
	return add(x, FORM_LINE, rest, bar + 1);
}

static enum err
read_head(struct parsing *x, char *rest)
{
	struct form *form = x->form;

	if (form->name != NULL)
		return want(x, "one line \"form NAME LANGUAGE VERSION\"", rest);
	form->name = take_word(&rest);
	form->language = take_word(&rest);
	form->version = take_word(&rest);
	return form->version[0] != 0 && rest[0] == 0
	    ? OK
	    : want(x, "form NAME LANGUAGE VERSION", form->name);
}

static enum err
read_rule(struct parsing *x, char *line)
{
	static const struct {
		const char *word;
		enum form_kind kind;
	} plain[] = { { "heading", FORM_HEADING }, { "text", FORM_TEXT },
		{ "box", FORM_BOX }, { "notice", FORM_NOTICE } };
	const char *word = take_word(&line);
	struct form *form = x->form;
	uint32_t bits = 0;
	enum err e;

	if (strcmp(word, "form") == 0)
		return read_head(x, line);
	if (form->name == NULL)
		return want(x, "\"form NAME LANGUAGE VERSION\" first", word);
	for (size_t k = 0; k < COUNT_OF(plain); k++)
		if (strcmp(word, plain[k].word) == 0)
			return add(x, plain[k].kind, line, NULL);
	if (strcmp(word, "line") == 0)
		return read_line(x, line);
	if (strcmp(word, "list") == 0)
		return strcmp(line, "records") == 0 ||
			strcmp(line, "recipients") == 0
		    ? add(x, FORM_LIST, line, NULL)
		    : want(x, "records or recipients", line);
	if (strcmp(word, "word") == 0) {
		const char *key = take_word(&line);

		return add(x, FORM_WORD, key, line);
	}
	if (strcmp(word, "element") == 0) {
		e = policy_bits(&bits, LIST_ELEMENT, line, strlen(line), x->f);
		form->elements |= bits;
		return e == OK ? e : fail_in(x->f, e, "line %u", x->line);
	}
	if (strcmp(word, "consent") == 0) {
		form->consent = policy_number(LIST_CONSENT, line, strlen(line));
		return form->consent >= 0 ? OK
					  : want(x, "a kind of consent", line);
	}
	if (strcmp(word, "title") == 0)
		form->title = line;
	else if (strcmp(word, "cite") == 0)
		form->cite = line;
	else
		return want(x, "a word that a form's line begins with", word);
	return OK;
}

/* One item with the lines that go on with it; their breaks become blanks. */
static char *
take_line(struct parsing *x)
{
	char *begin = x->at;

	x->line = x->next_line;
	for (;;) {
		char *eol = memchr(x->at, '\n', (size_t)(x->end - x->at));

		if (eol == NULL)
			eol = x->end;
		x->next_line++;
		x->at = eol < x->end ? eol + 1 : eol;
		if (x->at < x->end && *x->at == ' ') {
			*eol = ' ';
			continue;
		}
		*eol = 0;
		return begin;
	}
}

static enum err
parse_all(struct parsing *x)
{
	enum err e = OK;

	while (e == OK && x->at < x->end) {
		char *line = take_line(x);

		if (*line != '#' && line[strspn(line, " \t")] != 0)
			e = read_rule(x, line);
	}
	if (e == OK && (x->form->name == NULL || x->form->title[0] == 0))
		e = fail_set(x->f, ERR_INPUT,
		    "a form begins with \"form NAME LANGUAGE VERSION\" and has "
		    "a title");
	return e;
}

/* What a printer or a terminal would obey is no text. */
static bool
is_plain(const char *text, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		unsigned char c = (unsigned char)text[k];

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			return false;
	}
	return value_utf8((const uint8_t *)text, n);
}

enum err
form_parse(struct form **out, const char *text, size_t n, struct fail *f)
{
	struct parsing x = { .next_line = 1, .f = f };
	struct form *form;
	enum err e;

	if (n > FORM_BYTES_MAX)
		return fail_set(f, ERR_LIMIT, "a form has %zu bytes at most",
		    FORM_BYTES_MAX);
	if (!is_plain(text, n))
		return fail_set(f, ERR_INPUT, "a form is plain text (UTF-8)");
	form = calloc(1, sizeof(*form));
	if (form == NULL)
		return fail_code(f, ERR_NOMEM);
	form->consent = -1;
	form->title = form->cite = "";
	form->memory = malloc(n + 1);
	if (form->memory == NULL) {
		form_free(form);
		return fail_code(f, ERR_NOMEM);
	}
	memcpy(form->memory, text, n);
	x.form = form;
	x.at = form->memory;
	x.end = x.at + n;
	*x.end = 0;
	e = parse_all(&x);
	if (e != OK) {
		form_free(form);
		return e;
	}
	*out = form;
	return OK;
}

void
form_free(struct form *form)
{
	if (form == NULL)
		return;
	free(form->item);
	free(form->memory);
	free(form);
}

const char *
form_word(const struct form *words, const char *key)
{
	for (size_t k = 0; words != NULL && k < words->item_count; k++)
		if (words->item[k].kind == FORM_WORD &&
		    strcmp(words->item[k].text, key) == 0)
			return words->item[k].value;
	return NULL;
}
