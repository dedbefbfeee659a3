/*
 * Help on tables. What a table is for is the comment that stands above it in
 * the schema; its fields come from the registry.
 */
#include "node/help.h"

#include <stdio.h>
#include <string.h>

#include "schema/assets.h"

#define SOURCES_MAX 128

static enum err
load(struct registry **out, struct fail *f)
{
	struct registry_source sources[SOURCES_MAX];
	size_t n = 0;

	for (; n < schema_asset_count && n < SOURCES_MAX; n++)
		sources[n] = (struct registry_source){
			.name = schema_assets[n].name,
			.text = (const char *)schema_assets[n].p,
			.n = schema_assets[n].n,
		};
	return registry_parse(out, sources, n, f);
}

/* The start of the line before the one that starts at line, or NULL. */
static const char *
line_before(const char *text, const char *line)
{
	if (line == text)
		return NULL;
	for (line--; line > text && line[-1] != '\n'; line--)
		;
	return line;
}

/* The comment above a table, as one line; nothing when there is none. */
static void
purpose_in(struct buf *out, const char *text, const char *name)
{
	char head[64];
	const char *at, *first, *line;

	/* lint: looked for, not executed */
	(void)snprintf(head, sizeof(head), "\nCREATE TABLE %s (", name);
	at = strstr(text, head);
	if (at == NULL)
		return;
	at++;
	first = at;
	while ((line = line_before(text, first)) != NULL &&
	    strncmp(line, "-- ", 3) == 0)
		first = line;
	for (; first < at; first += strcspn(first, "\n") + 1) {
		buf_put(out, " ", out->n > 0);
		buf_put(out, first + 3, strcspn(first, "\n") - 3);
	}
}

static void
purpose(struct buf *out, const char *name)
{
	for (size_t i = 0; i < schema_asset_count && out->n == 0; i++)
		purpose_in(out, (const char *)schema_assets[i].p, name);
}

/* ---- all tables ---- */

static size_t
first_sentence(const char *text)
{
	const char *end = strstr(text, ". ");

	size_t n = end != NULL ? (size_t)(end - text) : strlen(text);

	return n > 0 && text[n - 1] == '.' ? n - 1 : n;
}

enum err
help_tables(struct buf *out, struct fail *f)
{
	struct registry *g;
	struct buf why = { 0 };
	enum err e = load(&g, f);

	if (e != OK)
		return e;
	buf_printf(out,
	    "The tables of put, get, list, find, history and import.\n"
	    "footbridge help TABLE says what fields one has.\n\n");
	for (size_t i = 0; i < g->table_count; i++) {
		const struct table *t = &g->tables[i];
		const char *text;

		if (t->scope == SCOPE_LOCAL)
			continue;
		buf_reset(&why);
		purpose(&why, t->name);
		text = buf_cstr(&why);
		buf_printf(out, "  %-22s", t->name);
		why.n = first_sentence(text);
		help_wrap(out, buf_cstr(&why), 24, 24);
	}
	buf_release(&why);
	registry_free(g);
	return OK;
}

/* ---- one table ---- */

static void
words_of(struct buf *b, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(b, "%s%s", i > 0 ? ", " : "", words[i]);
}

static void
type_of(struct buf *b, const struct field *field)
{
	if (field->rank_count > 0) {
		buf_printf(b, "one of ");
		words_of(b, field->ranks, field->rank_count);
	} else if (field->is_bool) {
		buf_printf(b, "yes or no");
	} else if (field->type == VALUE_INT) {
		buf_printf(b, "a whole number");
	} else if (field->type == VALUE_DATE) {
		buf_printf(b, "a date such as 2026-03-31");
	} else if (field->type == VALUE_TIME) {
		buf_printf(b, "a date and time such as 2026-03-31 14:05");
	} else if (field->type == VALUE_ID && field->ref != NULL) {
		buf_printf(b, "which %s: its id, the beginning of it%s",
		    field->ref,
		    strcmp(field->ref, "person") == 0
			? ", or number:VALUE"
			: " or its name if it has one");
	} else if (field->type == VALUE_TEXT) {
		buf_printf(b, "text");
	} else {
		buf_printf(b, "bytes as hex digits");
	}
}

/* What a person should know before writing it. */
static void
rule_of(struct buf *b, const struct field *field)
{
	if (field->required)
		buf_printf(b, "; needed in a new record");
	if (field->rule == RULE_ONCE)
		buf_printf(b, "; written once");
	if (field->owner)
		buf_printf(b, "; only the agency that owns it writes it");
	if (field->rule == RULE_BOTH)
		buf_printf(b, "; two different ones go to the %s",
		    field->decides != NULL ? field->decides : "supervisor");
	if (field->rule == RULE_RANKED && field->rank_count > 1)
		buf_printf(b, "; of two at once the first of these stands");
	if (field->rule == RULE_MAX || field->rule == RULE_MIN)
		buf_printf(b, "; of two at once the %s stands",
		    field->rule == RULE_MAX ? "later" : "earlier");
}

static void
one_field(struct buf *out, struct buf *b, const struct field *field)
{
	if (field->number >= REGISTRY_ROW_STATE)
		return;
	buf_reset(b);
	type_of(b, field);
	rule_of(b, field);
	buf_printf(out, "  %-22s", field->name);
	help_wrap(out, buf_cstr(b), 24, 24);
}

static void
where(struct buf *out, const struct table *t)
{
	bool same = true;
	const char *any = NULL;

	for (int k = 0; k < KIND_COUNT; k++) {
		if (t->category[k] == NULL)
			continue;
		same =
		    same && (any == NULL || strcmp(any, t->category[k]) == 0);
		any = t->category[k];
	}
	buf_printf(out, "\n  It is in the category");
	for (int k = 0; !same && k < KIND_COUNT; k++) {
		if (t->category[k] != NULL)
			buf_printf(out, "\n    %s when %s writes it",
			    t->category[k], kind_name(k));
	}
	buf_printf(out, "%s%s, which share and access name.\n", same ? " " : "",
	    same && any != NULL ? any : "");
}

static void
one_table(struct buf *out, const struct table *t)
{
	struct buf b = { 0 };

	purpose(&b, t->name);
	buf_printf(out, "table %s\n\n  ", t->name);
	help_wrap(out, buf_cstr(&b), 2, 2);
	buf_printf(out, "\n");
	if (t->subject == SUBJECT_PERSON && !t->self)
		buf_printf(out,
		    "  %-22sa person: an id, its beginning, or number:VALUE\n",
		    "person");
	for (size_t i = 0; i < t->field_count; i++)
		one_field(out, &b, &t->fields[i]);
	where(out, t);
	buf_release(&b);
}

enum err
help_table(struct buf *out, const char *name, struct fail *f)
{
	struct registry *g;
	const struct table *t;
	enum err e = load(&g, f);

	if (e != OK)
		return e;
	t = registry_table(g, name);
	if (t != NULL && t->scope != SCOPE_LOCAL)
		one_table(out, t);
	else
		e = ERR_NOTFOUND;
	registry_free(g);
	return e;
}
