/*
 * When all entries are read: what needs more than one of them.
 *
 * Names become numbers, the reserved fields come in, everything is put in
 * order, and the rules that span fields or tables are checked.
 */
#include <stdlib.h>
#include <string.h>

#include "sync/registry_build.h"

static int
field_order(const void *a, const void *b)
{
	const struct field *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static int
table_order(const void *a, const void *b)
{
	const struct table *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static int
text_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
add_reserved(struct table *t)
{
	static const char *states[] = { "expunged", "sealed", "live" };

	t->fields[t->field_count++] = (struct field){
		.name = "row_state",
		.number = REGISTRY_ROW_STATE,
		.since = t->since,
		.type = VALUE_TEXT,
		.rule = RULE_RANKED,
		.ranks = states,
		.rank_count = COUNT_OF(states),
		.finals = states,
		.final_count = 1, /* expunged */
	};
	t->fields[t->field_count++] = (struct field){
		.name = "supersedes_id",
		.number = REGISTRY_SUPERSEDES,
		.since = t->since,
		.type = VALUE_ID,
		.ref = t->name,
		.rule = RULE_ONCE,
	};
}

/* The members of f's group; the one that stands first in the SQL decides. */
static enum err
join_group(struct build *b, struct table *t, size_t at)
{
	struct field *f = &t->fields[at];

	if (f->group == NULL)
		return OK;
	f->group_leader = 0;
	for (size_t i = 0; i < t->field_count; i++) {
		const struct field *g = &t->fields[i];

		if (g->group == NULL || strcmp(g->group, f->group) != 0)
			continue;
		if (f->group_leader == 0)
			f->group_leader = g->number;
		f->group_set |= (uint64_t)1 << g->number;
		if (g->rule != f->rule || g->owner != f->owner ||
		    g->one_way != f->one_way)
			return build_fail(b,
			    "table %s: group %s mixes rules or owner", t->name,
			    f->group);
	}
	return OK;
}

static enum err
find_number(struct build *b, const struct table *t, const char *name,
    unsigned *out)
{
	const struct field *f;

	if (name == NULL)
		return OK;
	f = table_field(t, name);
	if (f == NULL || f->number >= REGISTRY_FIELD_RESERVED)
		return build_fail(b,
		    "table %s: single, while or set names %s, which is not a "
		    "field of it",
		    t->name, name);
	*out = f->number;
	return OK;
}

static enum err
check_set(struct build *b, struct table *t, const struct build_table *bt)
{
	for (size_t i = 0; i < t->set_count; i++) {
		enum err e =
		    find_number(b, t, bt->set_names[i], &t->set_fields[i]);

		if (e != OK)
			return e;
		if (table_field(t, bt->set_names[i])->rule != RULE_ONCE)
			return build_fail(b,
			    "table %s: %s makes the row's id, so it must be "
			    "once",
			    t->name, bt->set_names[i]);
	}
	return OK;
}

static enum err
check_writers(struct build *b, struct table *t, const struct build_table *bt)
{
	uint32_t with_category = 0;

	for (int k = 0; k < KIND_COUNT; k++) {
		if (t->category[k] != NULL)
			with_category |= 1u << k;
	}
	if (!bt->has_writers)
		t->writers = with_category;
	if (t->scope != SCOPE_LOCAL && t->writers == 0)
		return build_fail(b, "table %s: want category=", t->name);
	if (t->scope != SCOPE_LOCAL && (t->writers & ~with_category) != 0)
		return build_fail(b,
		    "table %s: want a category for each kind of its writers",
		    t->name);
	return OK;
}

static enum err
check_table(struct build *b, struct table *t, const struct build_table *bt)
{
	enum err e;

	b->file = bt->file;
	b->line = bt->line;
	if (t->field_count == 0)
		return build_fail(b, "table %s has no fields", t->name);
	for (size_t i = 0; i < t->field_count; i++) {
		const struct field *f = &t->fields[i];

		if (t->append && f->rule != RULE_ONCE)
			return build_fail(b,
			    "table %s is append, so %s must be once", t->name,
			    f->name);
		e = join_group(b, t, i);
		if (e != OK)
			return e;
	}
	e = find_number(b, t, bt->single_name, &t->single_field);
	if (e == OK)
		e = find_number(b, t, bt->while_name, &t->while_field);
	if (e == OK)
		e = check_set(b, t, bt);
	if (e == OK)
		e = check_writers(b, t, bt);
	if (e != OK)
		return e;
	if (t->decides == NULL)
		t->decides = "supervisor";
	add_reserved(t);
	qsort(t->fields, t->field_count, sizeof(*t->fields), field_order);
	for (size_t i = 0; i < t->field_count; i++) {
		struct field *f = &t->fields[i];

		if (f->decides == NULL)
			f->decides = t->decides;
		t->by_number[f->number] = f;
	}
	return OK;
}

static enum err
check_numbers(struct build *b)
{
	struct registry *r = b->r;

	for (size_t i = 0; i < r->table_count; i++) {
		for (size_t k = 0; k < i; k++) {
			if (r->tables[i].number != r->tables[k].number)
				continue;
			b->file = b->tables[i].file;
			b->line = b->tables[i].line;
			return build_fail(b,
			    "table %s has the number %u of table %s",
			    r->tables[i].name, r->tables[i].number,
			    r->tables[k].name);
		}
	}
	return OK;
}

/* Local tables were read for their numbers' sake and are dropped here. */
static void
drop_local(struct build *b)
{
	struct registry *r = b->r;
	size_t n = 0;

	for (size_t i = 0; i < r->table_count; i++) {
		if (b->tables[i].local)
			continue;
		r->tables[n] = r->tables[i];
		b->tables[n++] = b->tables[i];
	}
	r->table_count = n;
}

static enum err
check_refs(struct build *b)
{
	struct registry *r = b->r;

	for (size_t i = 0; i < r->table_count; i++) {
		const struct table *t = &r->tables[i];

		for (size_t k = 0; k < t->field_count; k++) {
			const struct field *f = &t->fields[k];

			if (f->ref == NULL || registry_table(r, f->ref) != NULL)
				continue;
			b->file = b->tables[i].file;
			b->line = b->tables[i].line;
			return build_fail(b,
			    "table %s: %s refers to %s, which is not a table",
			    t->name, f->name, f->ref);
		}
	}
	return OK;
}

/* A category is one key: what stays in the agency cannot share it with what
 * leaves. */
static enum err
check_scopes(struct build *b)
{
	struct registry *r = b->r;

	for (size_t i = 0; i < r->table_count * r->table_count; i++) {
		const struct table *x = &r->tables[i / r->table_count];
		const struct table *y = &r->tables[i % r->table_count];

		for (int k = 0; k < KIND_COUNT; k++) {
			if (x->scope == y->scope || x->category[k] == NULL ||
			    y->category[k] == NULL ||
			    strcmp(x->category[k], y->category[k]) != 0)
				continue;
			b->file = b->tables[i / r->table_count].file;
			b->line = b->tables[i / r->table_count].line;
			return build_fail(b,
			    "tables %s and %s have one category and two "
			    "scopes",
			    x->name, y->name);
		}
	}
	return OK;
}

static enum err
list_categories(struct build *b)
{
	struct registry *r = b->r;
	size_t n = 0;

	r->categories = registry_alloc(r,
	    (r->table_count * KIND_COUNT + 1) * sizeof(*r->categories));
	if (r->categories == NULL)
		return build_nomem(b);
	for (size_t i = 0; i < r->table_count; i++) {
		for (int k = 0; k < KIND_COUNT; k++) {
			if (r->tables[i].category[k] != NULL)
				r->categories[n++] = r->tables[i].category[k];
		}
	}
	qsort(r->categories, n, sizeof(*r->categories), text_order);
	for (size_t i = 0; i < n; i++) {
		if (r->category_count == 0 ||
		    strcmp(r->categories[i],
			r->categories[r->category_count - 1]) != 0)
			r->categories[r->category_count++] = r->categories[i];
	}
	return OK;
}

enum err
build_finish(struct build *b)
{
	struct registry *r = b->r;
	enum err e = check_numbers(b);

	for (size_t i = 0; e == OK && i < r->table_count; i++)
		e = check_table(b, &r->tables[i], &b->tables[i]);
	if (e != OK)
		return e;
	drop_local(b);
	e = check_refs(b);
	if (e == OK)
		e = check_scopes(b);
	if (e == OK)
		e = list_categories(b);
	if (e != OK)
		return e;
	qsort(r->tables, r->table_count, sizeof(*r->tables), table_order);
	for (size_t i = 0; i < r->table_count; i++)
		r->by_number[r->tables[i].number] = &r->tables[i];
	return OK;
}
