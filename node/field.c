/* value.h parses; here stand only the words that people use besides. */
#include "node/field.h"
#include "node/actor.h"

#include "node/date.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void
field_list_release(struct field_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		buf_release(&l->text[i]);
	l->count = 0;
	json_decref(l->json);
	l->json = NULL;
}

static enum err
parse_bool(struct value *v, const char *text, struct fail *f)
{
	static const struct {
		const char *word;
		int64_t value;
	} words[] = { { "1", 1 }, { "0", 0 }, { "yes", 1 }, { "no", 0 },
		{ "true", 1 }, { "false", 0 } };

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (strcasecmp(text, words[i].word) == 0) {
			*v = (struct value){ .type = VALUE_INT,
				.i = words[i].value };
			return OK;
		}
	}
	return fail_set(f, ERR_INPUT, "want yes or no, have %.40s", text);
}

static enum err
parse_ref(struct value *v, struct buf *scratch, struct run *run,
    const char *ref, const char *text, struct fail *f)
{
	struct row_id id;
	enum err e = name_ref(&id, run, ref, text, f);

	if (e != OK)
		return e;
	buf_put(scratch, id.b, ID_BYTES);
	if (scratch->err != OK)
		return fail_set(f, scratch->err, "a value");
	*v = (struct value){ .type = VALUE_ID,
		.p = scratch->p + scratch->n - ID_BYTES,
		.n = ID_BYTES };
	return OK;
}

enum err
field_parse(struct value *v, struct buf *scratch, struct run *run,
    const struct field *field, const char *text, struct fail *f)
{
	struct fail inner = { 0 };
	const char *at;
	enum err e;

	if (text[0] == '\0') {
		*v = (struct value){ .type = VALUE_NULL };
		return OK;
	}
	if (field->is_bool)
		e = parse_bool(v, text, &inner);
	else if (field->ref != NULL)
		e = parse_ref(v, scratch, run, field->ref, text, &inner);
	else if (field->type == VALUE_DATE)
		e = date_parse(v, text, DATE_UNSAID, &inner);
	else if (field->type == VALUE_TIME)
		e = date_parse_time(v, text, DATE_UNSAID, &inner);
	else
		e = value_parse(v, scratch, field->type, text, &inner);
	if (e == OK)
		e = field_check(field, v, &inner);
	if (e == OK)
		return OK;
	at = inner.text;
	/* some of them name the field already */
	if (strncmp(at, field->name, strlen(field->name)) == 0 &&
	    strncmp(at + strlen(field->name), ": ", 2) == 0)
		at += strlen(field->name) + 2;
	if (strstr(at, ", have ") != NULL || field->ref != NULL)
		return fail_set(f, e, "%s: %s", field->name, at);
	return fail_set(f, e, "%s: %s (have %.40s)", field->name, at, text);
}

static enum err
add_subject(struct field_list *l, struct run *run, const char *text,
    struct fail *f)
{
	enum err e;

	if (l->has_subject)
		return fail_set(f, ERR_USAGE, "person is given twice");
	e = actor_find(run, &l->subject, text, f);
	if (e != OK)
		return fail_in(f, e, "person");
	l->has_subject = true;
	return OK;
}

static bool
is_subject(const struct table *t, const char *name)
{
	return t->subject == SUBJECT_PERSON && strcmp(name, "person") == 0 &&
	    table_field(t, "person") == NULL;
}

enum err
field_add_text(struct field_list *l, struct run *run, const struct table *t,
    const char *name, const char *text, struct fail *f)
{
	const struct field *field;
	struct write_field *item;
	enum err e;

	if (is_subject(t, name))
		return add_subject(l, run, text, f);
	e = name_field(&field, t, name, f);
	if (e != OK)
		return e;
	for (size_t i = 0; i < l->count; i++) {
		if (l->items[i].field == field)
			return fail_set(f, ERR_USAGE, "%s is given twice",
			    field->name);
	}
	if (l->count == COUNT_OF(l->items))
		return fail_set(f, ERR_USAGE, "too many fields");
	item = &l->items[l->count];
	l->text[l->count] = (struct buf){ 0 };
	l->count++;
	item->field = field;
	return field_parse(&item->value, &l->text[l->count - 1], run, field,
	    text, f);
}

enum err
field_add_pair(struct field_list *l, struct run *run, const struct table *t,
    const char *pair, struct fail *f)
{
	const char *eq = strchr(pair, '=');
	char name[64];
	size_t n;

	if (eq == NULL || eq == pair)
		return fail_set(f, ERR_USAGE, "want FIELD=VALUE, have %.60s",
		    pair);
	n = (size_t)(eq - pair);
	if (n >= sizeof(name))
		return fail_set(f, ERR_INPUT, "no field has so long a name");
	memcpy(name, pair, n);
	name[n] = '\0';
	return field_add_text(l, run, t, name, eq + 1, f);
}

/* One member: text as typed, numbers and booleans by their JSON type. */
static enum err
add_member(struct field_list *l, struct run *run, const struct table *t,
    const char *name, const json_t *v, struct fail *f)
{
	const struct field *field;
	char number[32];

	switch (json_typeof(v)) {
	case JSON_STRING:
		if (strlen(json_string_value(v)) != json_string_length(v))
			return fail_set(f, ERR_INPUT,
			    "%.40s: text cannot hold a zero character", name);
		return field_add_text(l, run, t, name, json_string_value(v), f);
	case JSON_NULL:
		return field_add_text(l, run, t, name, "", f);
	case JSON_TRUE:
		return field_add_text(l, run, t, name, "1", f);
	case JSON_FALSE:
		return field_add_text(l, run, t, name, "0", f);
	case JSON_INTEGER:
		field = table_field(t, name);
		if (field != NULL && field->type != VALUE_INT)
			return fail_set(f, ERR_INPUT, "%.40s: want text", name);
		(void)snprintf(number, sizeof(number), "%lld",
		    (long long)json_integer_value(v));
		return field_add_text(l, run, t, name, number, f);
	default:
		return fail_set(f, ERR_INPUT,
		    "%.40s: want text, a whole number, true, false or null",
		    name);
	}
}

enum err
field_add_json(struct field_list *l, struct run *run, const struct table *t,
    const char *text, size_t n, struct fail *f)
{
	json_error_t error;
	const char *name;
	json_t *object, *v;
	enum err e = OK;

	object = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);
	if (object == NULL)
		return fail_set(f, ERR_INPUT,
		    "standard input, line %d: this is not one JSON object",
		    error.line);
	if (!json_is_object(object)) {
		json_decref(object);
		return fail_set(f, ERR_INPUT,
		    "standard input: want one JSON object such as "
		    "{\"field\": \"value\"}");
	}
	l->json = object;
	json_object_foreach(object, name, v)
	{
		e = add_member(l, run, t, name, v, f);
		if (e != OK)
			break;
	}
	return e;
}

json_t *
field_json(const struct field *field, const struct value *v)
{
	struct buf text = { 0 };
	json_t *j;

	if (v->type == VALUE_NULL)
		return json_null();
	if (v->type == VALUE_INT && field != NULL && field->is_bool)
		return json_boolean(v->i != 0);
	if (v->type == VALUE_INT)
		return json_integer(v->i);
	if (v->type == VALUE_TEXT)
		return json_stringn((const char *)v->p, v->n);
	value_print(&text, v);
	j = json_stringn((const char *)text.p, text.n);
	buf_release(&text);
	return j;
}

static void
show_ref(struct buf *out, const struct run *run, const struct field *field,
    const struct value *v)
{
	struct agency_id agency;
	struct row_id id;
	char text[ID_TEXT_BYTES];
	const char *name;

	memcpy(id.b, v->p, ID_BYTES);
	if (strcmp(field->ref, "agency") == 0) {
		memcpy(agency.b, id.b, ID_BYTES);
		name = name_of_agency(run, &agency, text);
		buf_put(out, name, strlen(name));
		return;
	}
	name_show_row(out, run,
	    registry_table(replica_registry(run->replica), field->ref), &id);
}

void
field_show(struct buf *out, const struct run *run, const struct field *field,
    const struct value *v)
{
	if (v->type == VALUE_NULL)
		buf_put(out, "-", 1);
	else if (v->type == VALUE_INT && field != NULL && field->is_bool)
		buf_printf(out, "%s", v->i != 0 ? "yes" : "no");
	else if (v->type == VALUE_ID && field != NULL && field->ref != NULL)
		show_ref(out, run, field, v);
	else
		value_print(out, v);
}
