/* Lines are cut in place in one owned copy of the text. */
#include "node/map.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct parsing {
	struct map *map;
	const struct table *table;
	const struct csv *csv;
};

static char *
trim(char *text)
{
	size_t n;

	text += strspn(text, " \t");
	n = strlen(text);
	while (n > 0 && strchr(" \t\r", text[n - 1]) != NULL)
		text[--n] = '\0';
	return text;
}

static enum err
find_column(size_t *out, const struct csv *csv, const char *name,
    struct fail *f)
{
	size_t i = csv_find(csv, name);

	if (i == csv_column_count(csv))
		return fail_set(f, ERR_INPUT,
		    "the CSV file has no column called %.60s", name);
	*out = i;
	return OK;
}

static enum err
special(size_t *to, const struct csv *csv, const char *name, const char *column,
    struct fail *f)
{
	if (*to != MAP_NONE)
		return fail_set(f, ERR_INPUT, "%s is given twice", name);
	return find_column(to, csv, column, f);
}

static enum err
constant(const char **out, char *text, struct fail *f)
{
	char *end = strrchr(text + 1, '"');

	if (end == NULL || end[1] != '\0')
		return fail_set(f, ERR_INPUT,
		    "want a text between two quotes, such as \"weekly\"");
	*end = '\0';
	*out = text + 1;
	return OK;
}

static enum err
one_line(struct parsing *p, char *line, struct fail *f)
{
	struct map *m = p->map;
	char *eq = strchr(line, '=');
	struct map_entry *entry = &m->entries[m->count];
	char *name, *value;

	if (eq == NULL)
		return fail_set(f, ERR_INPUT,
		    "want \"field = column\", have no =");
	*eq = '\0';
	name = trim(line);
	value = trim(eq + 1);
	if (strcmp(name, "id") == 0)
		return special(&m->id, p->csv, name, value, f);
	if (strcmp(name, "person") == 0 &&
	    table_field(p->table, "person") == NULL)
		return special(&m->person, p->csv, name, value, f);
	if (m->count == LIMIT_FIELDS)
		return fail_set(f, ERR_INPUT, "too many lines");
	*entry = (struct map_entry){ .column = MAP_NONE };
	entry->field = table_field(p->table, name);
	if (entry->field == NULL)
		return fail_set(f, ERR_INPUT,
		    "table %s has no field called %.60s", p->table->name, name);
	for (size_t i = 0; i < m->count; i++) {
		if (m->entries[i].field == entry->field)
			return fail_set(f, ERR_INPUT, "%s is given twice",
			    name);
	}
	m->count++;
	if (value[0] == '"')
		return constant(&entry->constant, value, f);
	return find_column(&entry->column, p->csv, value, f);
}

static enum err
all_lines(struct parsing *p, const char *name, struct fail *f)
{
	struct fail inner = { 0 };
	char *line = p->map->text, *next;
	size_t number = 1;

	for (; line != NULL; line = next, number++) {
		enum err e = OK;

		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		line = trim(line);
		if (line[0] != '\0' && line[0] != '#')
			e = one_line(p, line, &inner);
		if (e != OK)
			return fail_set(f, e, "%.80s:%zu: %.200s", name, number,
			    inner.text);
	}
	if (p->map->count == 0)
		return fail_set(f, ERR_INPUT, "%.80s: no field is mapped",
		    name);
	return OK;
}

enum err
map_parse(struct map *out, const char *name, const char *text, size_t n,
    const struct table *table, const struct csv *csv, struct fail *f)
{
	struct map m = { .id = MAP_NONE, .person = MAP_NONE };
	struct parsing p = { &m, table, csv };
	enum err e;

	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		n -= 3;
	}
	if (n > 0 && memchr(text, '\0', n) != NULL)
		return fail_set(f, ERR_INPUT, "%.80s: this is not a text file",
		    name);
	m.text = malloc(n + 1);
	if (m.text == NULL)
		return fail_set(f, ERR_NOMEM, "the map");
	if (n > 0)
		memcpy(m.text, text, n);
	m.text[n] = '\0';
	e = all_lines(&p, name, f);
	if (e == OK && m.person == MAP_NONE && !table->self &&
	    table->subject == SUBJECT_PERSON)
		e = fail_set(f, ERR_INPUT,
		    "%.80s: rows of %s are about a person: want a line "
		    "\"person = column\"",
		    name, table->name);
	if (e != OK) {
		map_release(&m);
		return e;
	}
	*out = m;
	return OK;
}

void
map_release(struct map *m)
{
	free(m->text);
	m->text = NULL;
	m->count = 0;
}

static size_t
column_like(const struct csv *csv, const char *name)
{
	size_t i;

	for (i = 0; i < csv_column_count(csv); i++) {
		if (strcasecmp(csv_column(csv, i), name) == 0)
			break;
	}
	return i;
}

static void
suggest_special(struct buf *out, const struct csv *csv, const char *name,
    const char *const *likely, const char *why)
{
	for (; *likely != NULL; likely++) {
		size_t i = column_like(csv, *likely);

		if (i < csv_column_count(csv)) {
			buf_printf(out, "%s = %s\n", name, csv_column(csv, i));
			return;
		}
	}
	buf_printf(out, "# %s = COLUMN   %s\n", name, why);
}

void
map_suggest(struct buf *out, const struct table *table, const struct csv *csv)
{
	static const char *const ids[] = { "id", "row", "row_id", "number",
		NULL };
	static const char *const people[] = { "person", "person_id", "client",
		"client_id", NULL };

	buf_printf(out, "# columns:");
	for (size_t i = 0; i < csv_column_count(csv); i++)
		buf_printf(out, "%s %s", i > 0 ? "," : "", csv_column(csv, i));
	buf_printf(out, "\n");
	suggest_special(out, csv, "id", ids,
	    "the source's own id: the same row twice is one row");
	if (table->subject == SUBJECT_PERSON && !table->self)
		suggest_special(out, csv, "person", people,
		    "the source id of the person");
	for (size_t i = 0; i < table->field_count; i++) {
		const struct field *field = &table->fields[i];
		size_t at = column_like(csv, field->name);

		if (field->number >= REGISTRY_ROW_STATE)
			continue;
		if (at < csv_column_count(csv))
			buf_printf(out, "%s = %s\n", field->name,
			    csv_column(csv, at));
		else
			buf_printf(out, "# %s = %s\n", field->name,
			    field->required ? "COLUMN   (needed)" : "COLUMN");
	}
}
