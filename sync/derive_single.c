/*
 * The single() rule over the rows of one compartment: sorted, not compared each
 * with each, for one person's rows may be many.
 */
#include "sync/derive_i.h"

#include <stdlib.h>

struct single_row {
	const struct table *table;
	struct row_id id;
	struct value single, while_now, supersedes;
	bool live;
};

/* A row that another one supersedes. */
struct superseded {
	unsigned table;
	struct row_id id;
};

static enum err
no_memory(struct fail *f)
{
	return fail_set(f, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

enum err
single_add(struct single_rows *s, const struct table *t,
    const struct row_id *id, const struct value *values, struct fail *f)
{
	const struct value *state = &values[REGISTRY_ROW_STATE];
	struct single_row *k;

	if (t->single_field == 0)
		return OK;
	if (!derive_room((void **)&s->at, &s->room, s->count, sizeof(*s->at)))
		return no_memory(f);
	k = &s->at[s->count++];
	*k = (struct single_row){
		.table = t,
		.id = *id,
		.single = values[t->single_field],
		.supersedes = values[REGISTRY_SUPERSEDES],
		.live = state->type == VALUE_NULL ||
		    (state->n == 4 && memcmp(state->p, "live", 4) == 0),
	};
	if (t->while_field != 0)
		k->while_now = values[t->while_field];
	return OK;
}

void
single_release(struct single_rows *s)
{
	free(s->at);
	*s = (struct single_rows){ 0 };
}

static bool
while_holds(const struct single_row *k)
{
	const struct table *t = k->table;
	const struct value *v = &k->while_now;

	if (t->while_field == 0)
		return true;
	if (t->while_value[0] == '\0')
		return v->type == VALUE_NULL;
	return v->type == VALUE_TEXT && v->n == strlen(t->while_value) &&
	    memcmp(v->p, t->while_value, v->n) == 0;
}

static int
superseded_compare(const void *x, const void *y)
{
	const struct superseded *a = x, *b = y;

	if (a->table != b->table)
		return a->table < b->table ? -1 : 1;
	return id_compare(&a->id, &b->id);
}

/* By any row, sealed or ended or itself superseded: a correction that is no
 * longer in force does not bring the mistake back. */
static size_t
list_superseded(const struct single_rows *s, struct superseded *list)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct single_row *k = &s->at[i];

		if (k->supersedes.type != VALUE_ID)
			continue;
		list[n].table = k->table->number;
		memcpy(list[n++].id.b, k->supersedes.p, ID_BYTES);
	}
	if (n > 0)
		qsort(list, n, sizeof(*list), superseded_compare);
	return n;
}

static bool
is_superseded(const struct superseded *list, size_t n,
    const struct single_row *k)
{
	struct superseded key = { k->table->number, k->id };

	return n > 0 &&
	    bsearch(&key, list, n, sizeof(*list), superseded_compare) != NULL;
}

static bool
same_single(const struct single_row *a, const struct single_row *b)
{
	return a->table == b->table &&
	    value_compare(&a->single, &b->single) == 0;
}

static int
single_compare(const void *x, const void *y)
{
	const struct single_row *a = *(const struct single_row *const *)x;
	const struct single_row *b = *(const struct single_row *const *)y;
	int c;

	if (a->table != b->table)
		return a->table->number < b->table->number ? -1 : 1;
	c = value_compare(&a->single, &b->single);
	return c != 0 ? c : id_compare(&a->id, &b->id);
}

static enum err
report_set(const struct single_row *const *set, size_t count,
    const struct derive_sink *sink, struct buf *refs, struct fail *f)
{
	struct derived_conflict c = {
		.table = set[0]->table,
		.row = set[0]->id,
		.kind = CONFLICT_DECISION,
		.reason = CONFLICT_ROWS,
	};

	buf_reset(refs);
	for (size_t i = 0; i < count; i++)
		buf_put(refs, set[i]->id.b, ID_BYTES);
	if (refs->err != OK)
		return no_memory(f);
	c.origins = refs->p;
	c.origins_n = refs->n;
	return sink->conflict(sink->context, &c, f);
}

enum err
single_check(struct single_rows *s, const struct derive_sink *sink,
    struct fail *f)
{
	const struct single_row **live = NULL;
	struct superseded *list = NULL;
	struct buf refs = { 0 };
	size_t count = 0, gone, n;
	enum err e = OK;

	if (s->count < 2)
		return OK;
	live = malloc(s->count * sizeof(*live));
	list = malloc(s->count * sizeof(*list));
	if (live == NULL || list == NULL) {
		e = no_memory(f);
		goto out;
	}
	gone = list_superseded(s, list);
	for (size_t i = 0; i < s->count; i++) {
		const struct single_row *k = &s->at[i];

		if (k->live && k->single.type != VALUE_NULL && while_holds(k) &&
		    !is_superseded(list, gone, k))
			live[count++] = k;
	}
	if (count > 1)
		qsort((void *)live, count, sizeof(*live), single_compare);
	for (size_t i = 0; e == OK && i < count; i += n) {
		for (n = 1; i + n < count && same_single(live[i], live[i + n]);)
			n++;
		if (n > 1)
			e = report_set(&live[i], n, sink, &refs, f);
	}
out:
	buf_release(&refs);
	free((void *)live);
	free(list);
	return e;
}
