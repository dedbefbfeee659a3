/*
 * The entry of a table: its number, then words in any order.
 *
 * What names a field is kept by name until registry_check.c knows them all.
 */
#include <string.h>

#include "sync/registry_build.h"

static enum err
read_kinds(struct build *b, uint32_t *out, struct word list)
{
	struct word item;

	while (term_item(&list, ',', &item)) {
		int kind = kind_of(item.p, item.n);

		if (word_is(item, "any"))
			*out = (1u << KIND_COUNT) - 1;
		else if (kind >= 0)
			*out |= 1u << kind;
		else
			return build_fail(b,
			    "writers: want a kind of agency, have '%.*s'",
			    (int)(item.n < 64 ? item.n : 64), item.p);
	}
	return OK;
}

/* LABEL or LABEL.item: capitals and digits, then small letters. */
static bool
is_category(struct word w)
{
	size_t i = 0, item;

	while (i < w.n &&
	    ((w.p[i] >= 'A' && w.p[i] <= 'Z') ||
		(i > 0 && w.p[i] >= '0' && w.p[i] <= '9')))
		i++;
	if (i == 0 || w.n > LIMIT_CATEGORY_BYTES)
		return false;
	if (i == w.n)
		return true;
	item = i + 1;
	return w.p[i] == '.' &&
	    word_is_name((struct word){ w.p + item, w.n - item });
}

static enum err
read_categories(struct build *b, struct table *t, struct word list)
{
	struct word item;

	while (term_item(&list, ',', &item)) {
		const char *colon =
		    item.n > 0 ? memchr(item.p, ':', item.n) : NULL;
		struct word kind, text;
		const char *copy;
		int k;

		if (colon == NULL)
			return build_fail(b, "category: want KIND:LABEL.item");
		kind = (struct word){ item.p, (size_t)(colon - item.p) };
		text = (struct word){ colon + 1, item.n - kind.n - 1 };
		k = kind_of(kind.p, kind.n);
		if ((k < 0 && !word_is(kind, "any")) || !is_category(text))
			return build_fail(b,
			    "category: want KIND:LABEL.item, have '%.*s'",
			    (int)(item.n < 64 ? item.n : 64), item.p);
		copy = registry_copy(b->r, text);
		if (copy == NULL)
			return build_nomem(b);
		for (int i = 0; i < KIND_COUNT; i++) {
			if (i == k || (k < 0 && t->category[i] == NULL))
				t->category[i] = copy;
		}
	}
	return OK;
}

static enum err
read_while(struct build *b, struct table *t, struct build_table *bt,
    struct word w)
{
	const char *equals = w.n > 0 ? memchr(w.p, '=', w.n) : NULL;
	struct word name, value;

	if (equals == NULL)
		return build_fail(b, "while: want (FIELD=VALUE)");
	name = term_trim((struct word){ w.p, (size_t)(equals - w.p) });
	value = term_trim(
	    (struct word){ equals + 1, w.n - (size_t)(equals - w.p) - 1 });
	if (value.n > 0 && !term_is_value(value))
		return build_fail(b, "while: want a plain word after =");
	t->while_value = registry_copy(b->r, value);
	if (t->while_value == NULL)
		return build_nomem(b);
	return term_name(b, &bt->while_name, name, "while");
}

static enum err
read_set(struct build *b, struct table *t, struct build_table *bt,
    struct word list)
{
	struct word item;

	while (term_item(&list, ',', &item)) {
		enum err e;

		if (t->set_count == COUNT_OF(bt->set_names))
			return build_fail(b, "set: want at most %zu fields",
			    COUNT_OF(bt->set_names));
		e = term_name(b, &bt->set_names[t->set_count++], item, "set");
		if (e != OK)
			return e;
	}
	return OK;
}

/* Words of a table, and the bit that finds a word given twice. */
enum table_word {
	WORD_SUBJECT,
	WORD_SCOPE,
	WORD_LANE,
	WORD_CATEGORY,
	WORD_WRITERS,
	WORD_DECIDES,
	WORD_SINGLE,
	WORD_WHILE,
	WORD_SET,
	WORD_APPEND,
	WORD_SELF,
	WORD_EVERYONE,
};
static const char *const table_words[] = { "subject", "scope", "lane",
	"category", "writers", "decides", "single", "while", "set", "append",
	"self", "everyone" };
static const char *const subject_words[] = { "person", "agency", "network" };
static const char *const scope_words[] = { "shared", "agency", "local" };
static const char *const lane_words[] = { "urgent", "normal" };

static enum err
table_choice(struct build *b, struct table *t, struct build_table *bt, int word,
    struct word value)
{
	int at;

	switch (word) {
	case WORD_SUBJECT:
		at = term_choose(value, subject_words, COUNT_OF(subject_words));
		if (at < 0)
			return build_fail(b,
			    "subject: want person, agency or network");
		t->subject = at == 0 ? SUBJECT_PERSON
		    : at == 1        ? SUBJECT_AGENCY
				     : SUBJECT_NETWORK;
		return OK;
	case WORD_SCOPE:
		at = term_choose(value, scope_words, COUNT_OF(scope_words));
		if (at < 0)
			return build_fail(b,
			    "scope: want shared, agency or local");
		t->scope = (enum registry_scope)at;
		bt->local = t->scope == SCOPE_LOCAL;
		return OK;
	default:
		at = term_choose(value, lane_words, COUNT_OF(lane_words));
		if (at < 0)
			return build_fail(b, "lane: want urgent or normal");
		t->lane = at == 0 ? LANE_URGENT : LANE_NORMAL;
		return OK;
	}
}

static enum err
table_term(struct build *b, struct table *t, struct build_table *bt, int word,
    struct word value)
{
	switch ((enum table_word)word) {
	case WORD_SUBJECT:
	case WORD_SCOPE:
	case WORD_LANE:
		return table_choice(b, t, bt, word, value);
	case WORD_CATEGORY:
		return read_categories(b, t, value);
	case WORD_WRITERS:
		bt->has_writers = true;
		return read_kinds(b, &t->writers, value);
	case WORD_DECIDES:
		return term_name(b, &t->decides, value, "decides");
	case WORD_SINGLE:
		return term_name(b, &bt->single_name, value, "single");
	case WORD_WHILE:
		return read_while(b, t, bt, value);
	case WORD_SET:
		return read_set(b, t, bt, value);
	case WORD_APPEND:
		t->append = true;
		return OK;
	case WORD_SELF:
		t->self = true;
		return OK;
	case WORD_EVERYONE:
		t->everyone = true;
		return OK;
	}
	return OK;
}

static char
table_form(int word)
{
	if (word == WORD_APPEND || word == WORD_SELF || word == WORD_EVERYONE)
		return 0;
	return word == WORD_SINGLE || word == WORD_WHILE || word == WORD_SET
	    ? '('
	    : '=';
}

static enum err
read_table(struct build *b, struct table *t, struct build_table *bt,
    struct word rest)
{
	unsigned given = 0;
	struct term term;
	enum err e = term_number(b, &rest, LIMIT_TABLES, &t->number);

	while (e == OK) {
		int word;

		e = term_next(b, &rest, &term);
		if (e != OK || term.head.n == 0)
			break;
		word =
		    term_choose(term.head, table_words, COUNT_OF(table_words));
		if (word < 0 || term.form != table_form(word))
			return build_fail(b,
			    "table %s: have '%.*s', want one of subject= "
			    "scope= lane= category= writers= single() while() "
			    "set() decides= append self everyone",
			    t->name, (int)(term.head.n < 64 ? term.head.n : 64),
			    term.head.p);
		if ((given & 1u << word) != 0)
			return build_fail(b, "%s stands twice",
			    table_words[word]);
		given |= 1u << word;
		e = table_term(b, t, bt, word, term.value);
	}
	if (e != OK)
		return e;
	if ((given & 1u << WORD_SUBJECT) == 0 ||
	    (given & 1u << WORD_SCOPE) == 0)
		return build_fail(b,
		    "table %s: want subject= and scope=", t->name);
	if ((given & 1u << WORD_WHILE) != 0 && (given & 1u << WORD_SINGLE) == 0)
		return build_fail(b, "table %s: while needs single", t->name);
	return OK;
}

enum err
build_table_entry(struct build *b, struct word name, struct word e)
{
	struct registry *r = b->r;
	struct build_table *bt;
	struct table *t;

	for (size_t i = 0; i < r->table_count; i++) {
		if (word_is(name, r->tables[i].name))
			return build_fail(b, "table %s is there twice",
			    r->tables[i].name);
	}
	if (r->table_count == LIMIT_TABLES)
		return fail_set(b->f, ERR_LIMIT,
		    "%s:%u: want at most %d tables", b->file, b->line,
		    LIMIT_TABLES);
	t = &r->tables[r->table_count];
	bt = &b->tables[r->table_count];
	t->name = registry_copy(r, name);
	t->fields = registry_alloc(r, LIMIT_FIELDS * sizeof(*t->fields));
	if (t->name == NULL || t->fields == NULL)
		return build_nomem(b);
	t->since = b->version;
	t->lane = LANE_NORMAL;
	bt->file = b->file;
	bt->line = b->line;
	r->table_count++;
	return read_table(b, t, bt, e);
}
