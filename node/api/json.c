/* jansson refuses bad UTF-8, \u0000 and keys that come twice; depth is looked
 * at before it, for it would follow 2,048 brackets. */
#include "node/api/json.h"

#include <string.h>

#include "node/api/api.h"
#include "sync/limits.h"

static bool
too_deep(const char *p, size_t n)
{
	bool quoted = false;
	unsigned depth = 0;

	for (size_t i = 0; i < n; i++) {
		if (quoted && p[i] == '\\')
			i++;
		else if (p[i] == '"')
			quoted = !quoted;
		else if (!quoted && (p[i] == '{' || p[i] == '['))
			depth++;
		else if (!quoted && (p[i] == '}' || p[i] == ']') && depth > 0)
			depth--;
		if (depth > API_JSON_DEPTH)
			return true;
	}
	return false;
}

/* A name of ours or from outside, to be shown in a message: the beginning of
 * it, where it is a name. */
static const char *
shown(const char *name)
{
	for (const char *p = name; *p != '\0'; p++) {
		if (p - name >= 40 ||
		    !((*p >= 'a' && *p <= 'z') || *p == '_' || *p == '-'))
			return "(not a name)";
	}
	return name[0] != '\0' ? name : "(empty)";
}

static enum err
bad(struct fail *f, const struct api_field *field, const char *want)
{
	return fail_set(f, ERR_INPUT, "%s: want %s", field->name, want);
}

static enum err
check_text(const struct api_field *field, const json_t *v, struct fail *f)
{
	size_t max = field->type == API_FILE ? API_BODY_BYTES
	    : field->type == API_TEXT        ? API_TEXT_BYTES
					     : 128;

	if (!json_is_string(v))
		return bad(f, field, "a text");
	if (field->must && json_string_length(v) == 0)
		return bad(f, field, "a text that is not empty");
	if (json_string_length(v) > max)
		return fail_set(f, ERR_INPUT, "%s: want at most %zu bytes",
		    field->name, max);
	return OK;
}

static enum err
check_words(const struct api_field *field, const json_t *v, struct fail *f)
{
	size_t n = json_array_size(v);

	if (!json_is_array(v) || n == 0 || n > API_ROWS)
		return bad(f, field, "a list of at least one text");
	for (size_t i = 0; i < n; i++) {
		const json_t *word = json_array_get(v, i);

		if (!json_is_string(word) || json_string_length(word) == 0 ||
		    json_string_length(word) > 128)
			return bad(f, field,
			    "texts that are not empty and at most 128 bytes");
	}
	return OK;
}

static enum err
check_row(const struct api_field *field, json_t *v, struct fail *f)
{
	const char *key;
	json_t *value;

	if (!json_is_object(v) || json_object_size(v) == 0 ||
	    json_object_size(v) > LIMIT_FIELDS + 1)
		return bad(f, field, "an object {\"field\": value}");
	json_object_foreach(v, key, value)
	{
		if (json_is_object(value) || json_is_array(value) ||
		    json_is_real(value))
			return fail_set(f, ERR_INPUT,
			    "%s: %s: want a text, a whole number, true, false "
			    "or null",
			    field->name, shown(key));
		if (json_string_length(value) > API_TEXT_BYTES)
			return fail_set(f, ERR_INPUT,
			    "%s: %s: want at most %zu bytes", field->name,
			    shown(key), API_TEXT_BYTES);
	}
	return OK;
}

static enum err check_object(json_t *v, const struct api_field *fields,
    struct fail *f);

static enum err
check_list(const struct api_field *field, json_t *v, struct fail *f)
{
	size_t n = json_array_size(v);
	enum err e = OK;

	if (!json_is_array(v) || n == 0)
		return bad(f, field, "a list of at least one object");
	if (n > API_ROWS)
		return fail_set(f, ERR_INPUT, "%s: want at most %d",
		    field->name, API_ROWS);
	for (size_t i = 0; e == OK && i < n; i++) {
		e = check_object(json_array_get(v, i), field->items, f);
		if (e != OK)
			e = fail_in(f, e, "%s: number %zu", field->name, i + 1);
	}
	return e;
}

static enum err
check_value(const struct api_field *field, json_t *v, struct fail *f)
{
	switch (field->type) {
	case API_TEXT:
	case API_WORD:
	case API_FILE:
		return check_text(field, v, f);
	case API_INT:
		return json_is_integer(v) && json_integer_value(v) >= 0
		    ? OK
		    : bad(f, field, "a whole number");
	case API_BOOL:
		return json_is_boolean(v) ? OK : bad(f, field, "true or false");
	case API_WORDS:
		return check_words(field, v, f);
	case API_ROW:
		return check_row(field, v, f);
	case API_LIST:
		break;
	}
	return check_list(field, v, f);
}

static const struct api_field *
find(const struct api_field *fields, const char *name)
{
	for (; fields != NULL && fields->name != NULL; fields++) {
		if (strcmp(fields->name, name) == 0)
			return fields;
	}
	return NULL;
}

/* Depth is bounded by the schema: a list of objects holds no list. */
static enum err
check_object(json_t *v, const struct api_field *fields, struct fail *f)
{
	const struct api_field *field;
	const char *key;
	json_t *value;
	enum err e;

	if (!json_is_object(v))
		return fail_set(f, ERR_INPUT, "want an object {...}");
	json_object_foreach(v, key, value)
	{
		field = find(fields, key);
		if (field == NULL)
			return fail_set(f, ERR_INPUT, "%s is not known here",
			    shown(key));
		e = check_value(field, value, f);
		if (e != OK)
			return e;
	}
	for (field = fields; field != NULL && field->name != NULL; field++) {
		if (field->must && json_object_get(v, field->name) == NULL)
			return fail_set(f, ERR_INPUT, "%s is missing",
			    field->name);
	}
	return OK;
}

enum err
api_json_parse(json_t **out, const void *text, size_t n,
    const struct api_field *fields, struct fail *f)
{
	json_error_t why;
	json_t *j;
	enum err e;

	if (n == 0)
		j = json_object();
	else if (too_deep(text, n))
		return fail_set(f, ERR_FORMAT,
		    "there are more than %d brackets in each other",
		    API_JSON_DEPTH);
	else
		j = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
	if (j == NULL && n == 0)
		return fail_code(f, ERR_NOMEM);
	/* jansson's own words may quote the text */
	if (j == NULL)
		return fail_set(f, ERR_FORMAT,
		    "it is not JSON, or has a key twice (line %d, column %d)",
		    why.line, why.column);
	e = json_is_object(j) ? check_object(j, fields, f)
			      : fail_set(f, ERR_FORMAT, "want an object {...}");
	if (e != OK) {
		json_decref(j);
		return e;
	}
	*out = j;
	return OK;
}

/* A text by the type that is wanted. */
static json_t *
typed(const struct api_field *field, const char *text)
{
	json_int_t n = 0;
	size_t i;

	if (field->type == API_BOOL && strcmp(text, "true") == 0)
		return json_true();
	if (field->type == API_BOOL && strcmp(text, "false") == 0)
		return json_false();
	if (field->type != API_INT)
		return json_string(text);
	for (i = 0; text[i] >= '0' && text[i] <= '9' && i < 15; i++)
		n = n * 10 + (text[i] - '0');
	/* what is left is told from a number by check_value */
	return i > 0 && text[i] == '\0' ? json_integer(n) : json_string(text);
}

/* "fields.NAME": one field of a row. */
static enum err
add_row_field(json_t *j, const char *name, const char *text)
{
	json_t *row = json_object_get(j, "fields");

	if (row == NULL) {
		row = json_object();
		if (json_object_set_new(j, "fields", row) != 0)
			return ERR_NOMEM;
	}
	return json_object_set_new(row, name, json_string(text)) == 0
	    ? OK
	    : ERR_NOMEM;
}

enum err
api_json_query(json_t **out, const struct target *t,
    const struct api_field *fields, struct fail *f)
{
	json_t *j = json_object();
	enum err e = j != NULL ? OK : fail_code(f, ERR_NOMEM);

	for (size_t i = 0; e == OK && i < t->pair_count; i++) {
		const struct target_pair *p = &t->pairs[i];
		const struct api_field *field = find(fields, p->name);
		bool is_row = strncmp(p->name, "fields.", 7) == 0 &&
		    find(fields, "fields") != NULL;

		if (is_row)
			e = add_row_field(j, p->name + 7, p->value);
		else if (field == NULL || field->type == API_ROW)
			e = fail_set(f, ERR_INPUT, "%s is not known here",
			    shown(p->name));
		else if (json_object_set_new(j, p->name,
			     typed(field, p->value)) != 0)
			e = fail_code(f, ERR_NOMEM);
	}
	if (e == OK)
		e = check_object(j, fields, f);
	if (e != OK) {
		json_decref(j);
		return e;
	}
	*out = j;
	return OK;
}
