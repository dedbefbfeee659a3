/*
 * Looking things up in a finished registry, and its memory.
 *
 * Tables and fields are few and sorted; names are found by a walk. Callers on
 * hot paths keep the pointers, or use by_number.
 */
#include "sync/registry.h"

#include <stdlib.h>
#include <string.h>

#include "sync/id.h"
#include "sync/registry_build.h"

/* Every allocation of a registry, in one chain. */
struct block {
	struct block *next;
	max_align_t bytes[];
};

static const char *const kind_names[KIND_COUNT] = {
	[KIND_PROBATION] = "probation",
	[KIND_TREATMENT] = "treatment",
	[KIND_MENTAL_HEALTH] = "mental_health",
	[KIND_SOCIAL] = "social",
	[KIND_COURT] = "court",
	[KIND_HUB] = "hub",
};

const char *
kind_name(int kind)
{
	return kind >= 0 && kind < KIND_COUNT ? kind_names[kind] : NULL;
}

int
kind_of(const char *name, size_t n)
{
	for (int k = 0; k < KIND_COUNT; k++) {
		if (word_is((struct word){ name, n }, kind_names[k]))
			return k;
	}
	return -1;
}

bool
word_is(struct word w, const char *text)
{
	return strlen(text) == w.n && memcmp(w.p, text, w.n) == 0;
}

void *
registry_alloc(struct registry *r, size_t n)
{
	struct block *b = calloc(1, sizeof(*b) + n);

	if (b == NULL)
		return NULL;
	b->next = r->memory;
	r->memory = b;
	return b->bytes;
}

const char *
registry_copy(struct registry *r, struct word w)
{
	char *to = registry_alloc(r, w.n + 1);

	if (to != NULL && w.n > 0)
		memcpy(to, w.p, w.n);
	return to;
}

void
registry_free(struct registry *r)
{
	struct block *b, *next;

	if (r == NULL)
		return;
	for (b = r->memory; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	free(r);
}

const struct table *
registry_table(const struct registry *r, const char *name)
{
	for (size_t i = 0; i < r->table_count; i++) {
		if (strcmp(r->tables[i].name, name) == 0)
			return &r->tables[i];
	}
	return NULL;
}

const struct field *
table_field(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->field_count; i++) {
		if (strcmp(t->fields[i].name, name) == 0)
			return &t->fields[i];
	}
	return NULL;
}

const char *
table_category(const struct table *t, int kind)
{
	return kind >= 0 && kind < KIND_COUNT ? t->category[kind] : NULL;
}

bool
registry_everyone(const struct registry *r, const char *category)
{
	for (size_t i = 0; i < r->table_count; i++) {
		const struct table *t = &r->tables[i];

		for (int kind = 0; t->everyone && kind < KIND_COUNT; kind++) {
			if (t->category[kind] != NULL &&
			    strcmp(t->category[kind], category) == 0)
				return true;
		}
	}
	return false;
}

enum lane
registry_lane(const struct registry *r, const char *category)
{
	for (size_t i = 0; i < r->table_count; i++) {
		const struct table *t = &r->tables[i];

		if (t->lane != LANE_URGENT)
			continue;
		for (int k = 0; k < KIND_COUNT; k++) {
			if (t->category[k] != NULL &&
			    strcmp(t->category[k], category) == 0)
				return LANE_URGENT;
		}
	}
	return LANE_NORMAL;
}

size_t
field_rank(const struct field *f, const struct value *v)
{
	if (v->type != VALUE_TEXT)
		return f->rank_count;
	for (size_t i = 0; i < f->rank_count; i++) {
		if (strlen(f->ranks[i]) == v->n &&
		    memcmp(f->ranks[i], v->p, v->n) == 0)
			return i;
	}
	return f->rank_count;
}

static const char *
type_words(const struct field *f)
{
	switch (f->type) {
	case VALUE_INT:
		return f->is_bool ? "1 or 0" : "a whole number";
	case VALUE_TEXT:
		return "text";
	case VALUE_BYTES:
		return "bytes";
	case VALUE_ID:
		return "an id";
	case VALUE_DATE:
		return "a date such as 2026-03-31";
	case VALUE_TIME:
		return "a date and time such as 2026-03-31T14:30";
	case VALUE_NULL:
		break;
	}
	return "nothing";
}

static enum err
fail_ranks(const struct field *f, struct fail *fail)
{
	char list[240] = "";
	size_t n = 0;

	for (size_t i = 0; i < f->rank_count; i++) {
		size_t k = strlen(f->ranks[i]);

		if (n + k + 8 > sizeof(list)) {
			memcpy(list + n, ", ...", 6);
			break;
		}
		if (i > 0) {
			memcpy(list + n, ", ", 2);
			n += 2;
		}
		memcpy(list + n, f->ranks[i], k + 1);
		n += k;
	}
	return fail_set(fail, ERR_INPUT, "%s: want one of %s", f->name, list);
}

enum err
field_check(const struct field *f, const struct value *v, struct fail *fail)
{
	if (v->type == VALUE_NULL)
		return OK;
	if (v->type != f->type)
		return fail_set(fail, ERR_INPUT,
		    "%s: want %s, have another type of value", f->name,
		    type_words(f));
	if (f->is_bool && v->i != 0 && v->i != 1)
		return fail_set(fail, ERR_INPUT,
		    "%s: want 1 or 0, have another number", f->name);
	if (v->type == VALUE_ID && v->n != ID_BYTES)
		return fail_set(fail, ERR_INPUT,
		    "%s: want an id of %d bytes, have %zu", f->name, ID_BYTES,
		    v->n);
	if (v->n > LIMIT_VALUE_BYTES)
		return fail_set(fail, ERR_INPUT,
		    "%s: want at most %d bytes, have %zu", f->name,
		    LIMIT_VALUE_BYTES, v->n);
	if (v->type == VALUE_TEXT && !value_utf8(v->p, v->n))
		return fail_set(fail, ERR_INPUT,
		    "%s: want text in UTF-8, have other bytes", f->name);
	if (f->rank_count > 0 && field_rank(f, v) == f->rank_count)
		return fail_ranks(f, fail);
	return OK;
}
