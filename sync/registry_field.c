/*
 * The entry of a field: number, type, rule, modifiers, and what must hold
 * inside one field. Groups wait for registry_check.c.
 */
#include <string.h>

#include "sync/registry_build.h"

static enum err
read_type(struct build *b, struct field *f, struct word *rest)
{
	static const char *const names[] = { "text", "int", "bool", "date",
		"time", "bytes", "id", "ref", "enum" };
	static const enum value_type types[] = { VALUE_TEXT, VALUE_INT,
		VALUE_INT, VALUE_DATE, VALUE_TIME, VALUE_BYTES, VALUE_ID,
		VALUE_ID, VALUE_TEXT };
	struct term t;
	int at;
	enum err e = term_next(b, rest, &t);

	if (e != OK)
		return e;
	at = term_choose(t.head, names, COUNT_OF(names));
	if (at < 0 || t.form == '=' || (at < 7 && t.form != 0) ||
	    (at == 7 && t.form != '('))
		return build_fail(b, "want a type, have '%.*s'",
		    (int)(t.head.n < 64 ? t.head.n : 64), t.head.p);
	f->type = types[at];
	f->is_bool = at == 2;
	if (at == 7)
		return term_name(b, &f->ref, t.value, "ref");
	if (at == 8 && t.form == '(')
		return term_values(b, &f->ranks, &f->rank_count, t.value, ',');
	return OK;
}

static enum err
read_rule(struct build *b, struct field *f, struct word *rest, bool is_enum)
{
	static const char *const names[] = { "latest", "ranked", "max", "min",
		"once", "both", "text", "owner" };
	struct term t;
	int at;
	enum err e = term_next(b, rest, &t);

	if (e != OK)
		return e;
	at = term_choose(t.head, names, COUNT_OF(names));
	if (at < 0 || t.form == '=' || (t.form == '(') != (at == 1))
		return build_fail(b, "want a rule, have '%.*s'",
		    (int)(t.head.n < 64 ? t.head.n : 64), t.head.p);
	f->owner = at == 7;
	f->rule = at == 7 ? RULE_LATEST : (enum rule)at;
	if (at != 1)
		return OK;
	if (!is_enum || f->rank_count > 0)
		return build_fail(b,
		    "want \"enum ranked(a>b)\": ranked brings its own list");
	return term_values(b, &f->ranks, &f->rank_count, t.value, '>');
}

static enum err
field_term(struct build *b, struct field *f, const struct term *t)
{
	if (t->form == 0 && word_is(t->head, "owner"))
		f->owner = true;
	else if (t->form == 0 && word_is(t->head, "one_way"))
		f->one_way = true;
	else if (t->form == 0 && word_is(t->head, "required"))
		f->required = true;
	else if (t->form == '(' && word_is(t->head, "final") &&
	    f->finals == NULL)
		return term_values(b, &f->finals, &f->final_count, t->value,
		    ',');
	else if (t->form == '(' && word_is(t->head, "group") &&
	    f->group == NULL)
		return term_name(b, &f->group, t->value, "group");
	else if (t->form == '=' && word_is(t->head, "decides") &&
	    f->decides == NULL)
		return term_name(b, &f->decides, t->value, "decides");
	else
		return build_fail(b,
		    "have '%.*s', want one of owner one_way required final() "
		    "group() decides=",
		    (int)(t->head.n < 64 ? t->head.n : 64), t->head.p);
	return OK;
}

static bool
has_value(const struct field *f, const char *value)
{
	for (size_t i = 0; i < f->rank_count; i++) {
		if (strcmp(f->ranks[i], value) == 0)
			return true;
	}
	return false;
}

/* What must hold inside one field. */
static enum err
check_field(struct build *b, const struct field *f, bool is_enum)
{
	bool ordered = f->rule == RULE_MAX || f->rule == RULE_MIN;

	if (is_enum && f->rank_count == 0)
		return build_fail(b, "%s: an enum names its values", f->name);
	if (ordered &&
	    (f->is_bool ||
		(f->type != VALUE_INT && f->type != VALUE_DATE &&
		    f->type != VALUE_TIME)))
		return build_fail(b, "%s: max and min want int, date or time",
		    f->name);
	if (f->rule == RULE_TEXT && (f->type != VALUE_TEXT || is_enum))
		return build_fail(b, "%s: the rule text wants text", f->name);
	if (f->owner && f->rule == RULE_ONCE)
		return build_fail(b, "%s: owner does not fit once", f->name);
	if (f->one_way && !ordered && f->rule != RULE_RANKED)
		return build_fail(b, "%s: one_way wants max, min or ranked",
		    f->name);
	if (f->final_count > 0 &&
	    (!is_enum || (f->rule != RULE_RANKED && f->rule != RULE_LATEST)))
		return build_fail(b,
		    "%s: final wants an enum, ranked or latest", f->name);
	for (size_t i = 0; i < f->final_count; i++) {
		if (!has_value(f, f->finals[i]))
			return build_fail(b,
			    "%s: final names %s, which is not a value of it",
			    f->name, f->finals[i]);
	}
	return OK;
}

/* The column must be able to hold the value (value.h). */
static enum err
check_sql_type(struct build *b, const struct field *f, struct word sql)
{
	const char *want = "TEXT";

	if (f->type == VALUE_INT)
		want = "BIGINT";
	else if (f->type == VALUE_BYTES || f->type == VALUE_ID)
		want = "BLOB";
	if (word_is(sql, want))
		return OK;
	return build_fail(b, "%s: want the column type %s, have '%.*s'",
	    f->name, want, (int)(sql.n < 32 ? sql.n : 32), sql.p);
}

static enum err
read_field(struct build *b, struct field *f, struct word rest, bool *is_enum)
{
	struct word at;
	struct term t;
	enum err e =
	    term_number(b, &rest, REGISTRY_FIELD_RESERVED - 1, &f->number);

	if (e != OK)
		return e;
	at = term_trim(rest);
	*is_enum = at.n >= 4 && memcmp(at.p, "enum", 4) == 0;
	e = read_type(b, f, &rest);
	if (e == OK)
		e = read_rule(b, f, &rest, *is_enum);
	while (e == OK) {
		e = term_next(b, &rest, &t);
		if (e != OK || t.head.n == 0)
			break;
		e = field_term(b, f, &t);
	}
	return e;
}

enum err
build_field_entry(struct build *b, struct table *t, struct word column,
    struct word sql_type, struct word e)
{
	struct field *f = &t->fields[t->field_count];
	bool is_enum = false;
	enum err err;

	if (!word_is_name(column) || column.p[0] == '_')
		return build_fail(b,
		    "want a lowercase column name that starts with a letter");
	if (word_is(column, "id") || word_is(column, "row_state") ||
	    word_is(column, "supersedes_id"))
		return build_fail(b, "%.*s is the engine's and has no entry",
		    (int)column.n, column.p);
	if (t->field_count == REGISTRY_FIELD_RESERVED - 1)
		return fail_set(b->f, ERR_LIMIT,
		    "%s:%u: want at most %d fields", b->file, b->line,
		    REGISTRY_FIELD_RESERVED - 1);
	err = term_name(b, &f->name, column, "a column");
	if (err == OK)
		err = read_field(b, f, e, &is_enum);
	if (err == OK)
		err = check_sql_type(b, f, sql_type);
	if (err == OK)
		err = check_field(b, f, is_enum);
	if (err != OK)
		return err;
	for (size_t i = 0; i < t->field_count; i++) {
		if (t->fields[i].number == f->number ||
		    strcmp(t->fields[i].name, f->name) == 0)
			return build_fail(b,
			    "table %s: field number %u or name %s is there "
			    "twice",
			    t->name, f->number, f->name);
	}
	f->since = b->version;
	t->field_count++;
	return OK;
}
