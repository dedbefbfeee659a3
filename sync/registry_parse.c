/*
 * From SQL text to entries, line by line.
 *
 * A line is cut at the first "--" outside quotes. What stands before it says
 * what the line declares (a table, a column, an added column); what stands
 * after "--:" is the entry. An entry is kept until a line comes that does not
 * continue it, then handed to registry_entry.c. Nothing here trusts the text:
 * it is also a fuzz target.
 */
#include "sync/registry.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/registry_build.h"

enum pending { PENDING_NONE, PENDING_TABLE, PENDING_FIELD };

struct parse {
	struct build b;
	struct table *table; /* whose CREATE TABLE is open, registered */
	bool in_create;      /* inside any CREATE TABLE */
	enum pending pending;
	struct table *field_table;
	struct word name, sql_type; /* of what is pending; borrow the source */
	unsigned entry_line;
	char entry[REGISTRY_ENTRY_BYTES];
	size_t entry_n;
};

enum err
build_fail(struct build *b, const char *format, ...)
{
	char text[FAIL_TEXT_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return fail_set(b->f, ERR_FORMAT, "%s:%u: %s", b->file, b->line, text);
}

enum err
build_nomem(struct build *b)
{
	return fail_set(b->f, ERR_NOMEM, "%s: out of memory", b->file);
}

bool
word_is_name(struct word w)
{
	if (w.n == 0 || w.n > REGISTRY_NAME_BYTES)
		return false;
	for (size_t i = 0; i < w.n; i++) {
		char c = w.p[i];
		bool digit = c >= '0' && c <= '9';

		if (!((c >= 'a' && c <= 'z') || c == '_' || (digit && i > 0)))
			return false;
	}
	return true;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_';
}

/* The next SQL word, or one byte of anything else; n = 0 at the end. */
static struct word
sql_word(struct word *rest)
{
	struct word w;

	while (rest->n > 0 && is_space(*rest->p)) {
		rest->p++;
		rest->n--;
	}
	w = (struct word){ rest->p, 0 };
	while (w.n < rest->n && is_word_byte(w.p[w.n]))
		w.n++;
	if (w.n == 0 && rest->n > 0)
		w.n = 1;
	rest->p += w.n;
	rest->n -= w.n;
	return w;
}

/* The same word, whatever the case of its letters; text is in capitals. */
static bool
sql_is(struct word w, const char *text)
{
	size_t n = strlen(text);

	if (w.n != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = w.p[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (c != text[i])
			return false;
	}
	return true;
}

/* Cut line into SQL and entry; entry->p is NULL when there is none. */
static void
split_line(struct word line, struct word *sql, struct word *entry)
{
	bool quoted = false;

	*sql = line;
	*entry = (struct word){ NULL, 0 };
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] == '\'')
			quoted = !quoted;
		if (quoted || line.p[i] != '-' || i + 1 >= line.n ||
		    line.p[i + 1] != '-')
			continue;
		sql->n = i;
		if (i + 2 < line.n && line.p[i + 2] == ':')
			*entry =
			    (struct word){ line.p + i + 3, line.n - i - 3 };
		return;
	}
}

static struct table *
find_table(struct parse *p, struct word name)
{
	struct registry *r = p->b.r;

	for (size_t i = 0; i < r->table_count; i++) {
		if (word_is(name, r->tables[i].name))
			return &r->tables[i];
	}
	return NULL;
}

/* Hand over what is pending; the open table is known after its entry. */
static enum err
flush(struct parse *p)
{
	struct word e = { p->entry, p->entry_n };
	unsigned line = p->b.line;
	enum pending what = p->pending;
	enum err err = OK;

	p->pending = PENDING_NONE;
	p->b.line = p->entry_line;
	if (what == PENDING_TABLE) {
		err = build_table_entry(&p->b, p->name, e);
		if (err == OK)
			p->table = find_table(p, p->name);
	} else if (what == PENDING_FIELD) {
		err = build_field_entry(&p->b, p->field_table, p->name,
		    p->sql_type, e);
	}
	p->b.line = line;
	return err;
}

static enum err
append_entry(struct parse *p, struct word e)
{
	if (e.n + 1 > sizeof(p->entry) - p->entry_n)
		return fail_set(p->b.f, ERR_LIMIT,
		    "%s:%u: an entry is longer than %d bytes", p->b.file,
		    p->b.line, REGISTRY_ENTRY_BYTES);
	p->entry[p->entry_n++] = ' ';
	if (e.n > 0)
		memcpy(p->entry + p->entry_n, e.p, e.n);
	p->entry_n += e.n;
	return OK;
}

static enum err
begin(struct parse *p, enum pending what, struct word name, struct word entry)
{
	p->pending = what;
	p->name = name;
	p->entry_line = p->b.line;
	p->entry_n = 0;
	return append_entry(p, entry);
}

/* after "CREATE" */
static enum err
create_line(struct parse *p, struct word rest, struct word entry)
{
	struct word name;

	p->in_create = false;
	p->table = NULL;
	if (!sql_is(sql_word(&rest), "TABLE")) {
		if (entry.p == NULL)
			return OK; /* an index or a view */
		return build_fail(&p->b, "want CREATE TABLE before an entry");
	}
	name = sql_word(&rest);
	p->in_create = true;
	if (entry.p == NULL)
		return OK; /* a local table */
	if (!word_is_name(name))
		return build_fail(&p->b,
		    "want a lowercase table name after CREATE TABLE");
	if (!word_is(sql_word(&rest), "("))
		return build_fail(&p->b, "want ( after the name of table %.*s",
		    (int)name.n, name.p);
	return begin(p, PENDING_TABLE, name, entry);
}

/* after "ALTER" */
static enum err
alter_line(struct parse *p, struct word rest, struct word entry)
{
	struct word name, column;

	p->in_create = false;
	p->table = NULL;
	if (!sql_is(sql_word(&rest), "TABLE"))
		return entry.p == NULL
		    ? OK
		    : build_fail(&p->b, "want ALTER TABLE before an entry");
	name = sql_word(&rest);
	p->field_table = find_table(p, name);
	if (p->field_table == NULL)
		return entry.p == NULL
		    ? OK
		    : build_fail(&p->b, "a local table has no entries");
	if (entry.p == NULL)
		return build_fail(&p->b,
		    "a change of table %s has no registry entry",
		    p->field_table->name);
	if (!sql_is(sql_word(&rest), "ADD") ||
	    !sql_is(sql_word(&rest), "COLUMN"))
		return build_fail(&p->b, "want ADD COLUMN");
	column = sql_word(&rest);
	p->sql_type = sql_word(&rest);
	return begin(p, PENDING_FIELD, column, entry);
}

/* Columns the engine owns; they stand at the end and have no entry. */
static bool
is_engine_column(struct word w)
{
	return word_is(w, "row_state") || word_is(w, "supersedes_id") ||
	    word_is(w, "_cpt") || word_is(w, "id") || word_is(w, "_clock") ||
	    sql_is(w, "PRIMARY");
}

static enum err
column_line(struct parse *p, struct word first, struct word rest,
    struct word entry)
{
	if (p->table == NULL)
		return entry.p == NULL
		    ? OK
		    : build_fail(&p->b,
			  "an entry stands outside a registered table");
	if (is_engine_column(first))
		return entry.p == NULL
		    ? OK
		    : build_fail(&p->b, "%.*s is the engine's and has no entry",
			  (int)first.n, first.p);
	if (entry.p == NULL)
		return build_fail(&p->b, "column %.*s has no registry entry",
		    (int)(first.n < 64 ? first.n : 64), first.p);
	p->field_table = p->table;
	p->sql_type = sql_word(&rest);
	return begin(p, PENDING_FIELD, first, entry);
}

static enum err
one_line(struct parse *p, struct word line)
{
	struct word sql, entry, rest, first;
	enum err err;

	split_line(line, &sql, &entry);
	rest = sql;
	first = sql_word(&rest);
	if (first.n == 0 && entry.p != NULL) {
		if (p->pending == PENDING_NONE)
			return build_fail(&p->b,
			    "an entry stands beside no table and no column");
		return append_entry(p, entry);
	}
	err = flush(p);
	if (err != OK || first.n == 0)
		return err;
	if (sql_is(first, "CREATE"))
		return create_line(p, rest, entry);
	if (sql_is(first, "ALTER"))
		return alter_line(p, rest, entry);
	if (word_is(first, ")")) {
		p->in_create = false;
		p->table = NULL;
	}
	if (p->in_create || entry.p != NULL)
		return column_line(p, first, rest, entry);
	return OK;
}

static enum err
one_source(struct parse *p, const struct registry_source *s)
{
	const char *slash = strrchr(s->name, '/');
	const char *name = slash != NULL ? slash + 1 : s->name;
	size_t at = 0;
	enum err err;

	p->b.file =
	    registry_copy(p->b.r, (struct word){ name, strnlen(name, 100) });
	p->b.line = 0;
	p->b.version++;
	p->in_create = false;
	p->table = NULL;
	if (p->b.file == NULL)
		return fail_code(p->b.f, ERR_NOMEM);
	if (s->n > REGISTRY_SOURCE_BYTES)
		return fail_set(p->b.f, ERR_LIMIT,
		    "%s: want at most %d bytes, have %zu", p->b.file,
		    REGISTRY_SOURCE_BYTES, s->n);
	while (at < s->n) {
		const char *from = s->text + at;
		const char *end = memchr(from, '\n', s->n - at);
		size_t n = end != NULL ? (size_t)(end - from) : s->n - at;

		p->b.line++;
		err = one_line(p, (struct word){ from, n });
		if (err != OK)
			return err;
		at += n + 1;
	}
	return flush(p);
}

enum err
registry_parse(struct registry **out, const struct registry_source *sources,
    size_t count, struct fail *f)
{
	struct registry *r = calloc(1, sizeof(*r));
	struct parse *p = calloc(1, sizeof(*p));
	enum err err = ERR_NOMEM;

	if (r != NULL && p != NULL)
		r->tables =
		    registry_alloc(r, LIMIT_TABLES * sizeof(*r->tables));
	if (r == NULL || p == NULL || r->tables == NULL) {
		fail_code(f, err);
		goto out;
	}
	p->b.r = r;
	p->b.f = f;
	for (size_t i = 0; i < count; i++) {
		err = one_source(p, &sources[i]);
		if (err != OK)
			goto out;
	}
	r->version = p->b.version;
	err = build_finish(&p->b);
	if (err != OK)
		goto out;
	*out = r;
	r = NULL;
out:
	free(p);
	registry_free(r);
	return err;
}
