/*
 * The rules that are checked at the write, so that what is refused is refused
 * where a person can still do something about it.
 */
#include <string.h>

#include "sync/derive.h"
#include "sync/clock.h"
#include "sync/grant.h"
#include "sync/read.h"
#include "sync/write_i.h"

static bool
same_value(const struct value *a, const struct value *b)
{
	return value_compare(a, b) == 0;
}

static bool
is_one_of(const char **texts, size_t count, const struct value *v)
{
	for (size_t i = 0; v->type == VALUE_TEXT && i < count; i++) {
		if (strlen(texts[i]) == v->n &&
		    memcmp(texts[i], v->p, v->n) == 0)
			return true;
	}
	return false;
}

/* one_way: may the value go from now to next? */
static bool
goes_on(const struct field *field, const struct value *now,
    const struct value *next)
{
	if (now->type == VALUE_NULL)
		return true;
	if (field->rule == RULE_MAX)
		return next->type != VALUE_NULL &&
		    value_compare(next, now) >= 0;
	if (field->rule == RULE_MIN)
		return next->type != VALUE_NULL &&
		    value_compare(next, now) <= 0;
	if (field->rule == RULE_RANKED)
		return field_rank(field, next) <= field_rank(field, now);
	return true;
}

static enum err
check_change(const struct writing *w, const struct field *field,
    const struct value *next, struct fail *f)
{
	const struct value *now = &w->now[field->number];

	if (same_value(now, next))
		return OK;
	if (field->rule == RULE_ONCE && now->type != VALUE_NULL)
		return fail_set(f, ERR_INPUT,
		    "%s is written once and stays; correct it with a new %s"
		    " that supersedes this one",
		    field->name, w->t->name);
	if (is_one_of(field->finals, field->final_count, now))
		return fail_set(f, ERR_INPUT,
		    "%s is final; a mistake is mended by a new %s", field->name,
		    w->t->name);
	if (field->one_way && !goes_on(field, now, next))
		return fail_set(f, ERR_INPUT,
		    "%s can only become stricter than it is; make a new %s"
		    " instead",
		    field->name, w->t->name);
	return OK;
}

static enum err
is_held(bool *row, const struct writing *w, const struct table *t,
    const struct value *v, struct fail *f)
{
	struct stmt *s;
	enum err e =
	    db_stmt(&s, w->r->db, replica_table_sql(w->r, t)->select_places, f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, v->p, v->n);
	e = stmt_step(s, row, f);
	stmt_reset(s);
	return e;
}

/* A reference must point to something held here when it is written: also to a row
 * of this transaction, which is derived at its end only where something is open. */
static enum err
check_reference(const struct writing *w, const struct field *field,
    const struct value *v, struct fail *f)
{
	const struct table *t;
	bool row;
	enum err e;

	if (field->ref == NULL || v->type == VALUE_NULL)
		return OK;
	t = registry_table(w->r->registry, field->ref);
	if (t == NULL)
		return OK; /* a local table */
	e = is_held(&row, w, t, v, f);
	if (e == OK && !row && w->c != NULL && w->c->rederive) {
		e = derive_compartment(w->r, w->c, f);
		if (e == OK)
			e = is_held(&row, w, t, v, f);
	}
	if (e == OK && !row)
		return fail_set(f, ERR_INPUT,
		    "%s names a %s that is not on this computer", field->name,
		    field->ref);
	return e;
}

static enum err
take_fields(struct writing *w, struct fail *f)
{
	for (size_t i = 0; i < w->q->field_count; i++) {
		const struct field *field = w->q->fields[i].field;
		const struct value *v = &w->q->fields[i].value;
		enum err e;

		if ((w->set & CLOCK_BIT(field->number)) != 0)
			return fail_set(f, ERR_INPUT, "%s is given twice",
			    field->name);
		e = field_check(field, v, f);
		if (e == OK)
			e = check_change(w, field, v, f);
		if (e == OK && !same_value(&w->now[field->number], v))
			e = check_reference(w, field, v, f);
		if (e != OK)
			return e;
		/* writing again what stands is nothing, unless it settles */
		if (!w->q->resolve && w->exists &&
		    same_value(&w->now[field->number], v))
			continue;
		if (!w->exists && v->type == VALUE_NULL)
			continue;
		w->next[field->number] = *v;
		w->set |= CLOCK_BIT(field->number);
	}
	return OK;
}

static enum err
check_required(const struct writing *w, struct fail *f)
{
	for (size_t i = 0; i < w->t->field_count; i++) {
		const struct field *field = &w->t->fields[i];
		uint64_t bit = CLOCK_BIT(field->number);
		bool named = (w->set & bit) != 0;

		if (!field->required || w->q->reason != NULL)
			continue;
		if (named ? w->next[field->number].type == VALUE_NULL
			  : !w->exists)
			return fail_set(f, ERR_INPUT, "%s needs %s", w->t->name,
			    field->name);
	}
	return OK;
}

/* Fields that only make sense together are written together. */
static void
complete_groups(struct writing *w)
{
	for (size_t i = 0; i < w->t->field_count; i++) {
		const struct field *field = &w->t->fields[i];
		uint64_t bit = CLOCK_BIT(field->number);

		if (field->group == NULL || (w->set & bit) != 0 ||
		    (w->set & field->group_set) == 0)
			continue;
		w->next[field->number] = w->now[field->number];
		w->set |= bit;
	}
}

/* What of it only the owner may write: it will be a proposal. */
static void
find_proposed(struct writing *w)
{
	w->proposed = w->author.may_write ? 0 : w->set;
	for (size_t i = 0; !w->author.of_owner && i < w->t->field_count; i++) {
		if (w->t->fields[i].owner)
			w->proposed |=
			    w->set & CLOCK_BIT(w->t->fields[i].number);
	}
}

/* Has a field of ours an open decision? A proposal settles none. */
static enum err
open_decision(const struct writing *w, const struct field **which,
    struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e;

	*which = NULL;
	if (w->c->conflicts == 0)
		return OK;
	e = db_stmt(&s, w->r->db,
	    "SELECT field FROM _conflict WHERE cpt = ?1 AND tbl = ?2 AND"
	    " row = ?3 AND kind = 1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, w->cpt);
	stmt_int(s, 2, w->t->number);
	stmt_blob(s, 3, w->row.b, sizeof(w->row.b));
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		int64_t number = stmt_col_int(s, 0);

		if (number > 0 && number <= REGISTRY_FIELD_MAX &&
		    (w->set & ~w->proposed & CLOCK_BIT((unsigned)number)) != 0)
			*which = w->t->by_number[number];
	}
	return e;
}

static enum err
check_seen(const struct writing *w, struct fail *f)
{
	const struct seen_row row = { w->t, &w->row, w->cpt, w->clock.p,
		w->clock.n };
	enum err e = OK;

	for (size_t i = 0; e == OK && i < w->t->field_count; i++) {
		const struct field *field = &w->t->fields[i];
		bool changed = false;

		if ((w->set & CLOCK_BIT(field->number)) == 0)
			continue;
		e = seen_changed(&changed, w->r, w->q->seen, &row,
		    field->number, &w->now[field->number], f);
		if (e == OK && changed)
			return fail_set(f, ERR_STALE,
			    "%s was changed since you saw it. Nothing was"
			    " overwritten: look at both values and save again",
			    field->name);
	}
	return e;
}

static enum err
check_reason(struct writing *w, struct fail *f)
{
	size_t n = strlen(w->q->reason);

	if (n == 0 || n > LIMIT_REASON_BYTES ||
	    !value_utf8((const uint8_t *)w->q->reason, n))
		return fail_set(f, ERR_INPUT,
		    "a reason is text of 1 to %d bytes", LIMIT_REASON_BYTES);
	w->answers = !w->exists && w->q->field_count == 0;
	if (w->answers && !w->author.of_owner)
		return fail_set(f, ERR_DENIED,
		    "only the agency that keeps the record decides about a"
		    " proposed %s",
		    w->t->name);
	return OK;
}

/* ---- what takes whose place ---- */

/* As long as any chain of corrections that people make. */
#define SUPERSEDES_MAX 1000

struct superseding {
	struct row_id next;
	struct agency_id owner;
	bool has_next;
};

static bool
on_superseding(void *context, const struct read_row *row)
{
	const struct value *v = &row->values[REGISTRY_SUPERSEDES];
	struct superseding *s = context;

	s->owner = row->owner;
	s->has_next = v->type == VALUE_ID;
	if (s->has_next)
		memcpy(s->next.b, v->p, ID_BYTES);
	return false;
}

/* A row is corrected by the agency that keeps it, and two rows do not take each
 * other's place: both would be gone. */
static enum err
check_supersedes(const struct writing *w, struct fail *f)
{
	const struct value *v = &w->next[REGISTRY_SUPERSEDES];
	const struct agency_id *owner =
	    w->c != NULL ? &w->c->owner : &w->r->identity.agency;
	struct superseding s = { .has_next = true };
	enum err e = OK;

	if ((w->set & CLOCK_BIT(REGISTRY_SUPERSEDES)) == 0 ||
	    v->type != VALUE_ID)
		return OK;
	memcpy(s.next.b, v->p, ID_BYTES);
	for (int k = 0; e == OK && s.has_next; k++) {
		struct row_id at = s.next;

		if (id_equal(&at, &w->row) || k == SUPERSEDES_MAX)
			return fail_set(f, ERR_DENIED,
			    "a %s cannot take the place of one that took its "
			    "own place: supersedes_id leads back to it",
			    w->t->name);
		s.has_next = false;
		e = read_get(w->r, w->t, &at, 0, on_superseding, &s, f);
		if (e == OK && !id_equal(&s.owner, owner))
			return fail_set(f, ERR_DENIED,
			    "supersedes_id names a %s of another agency, which "
			    "alone corrects it",
			    w->t->name);
	}
	return e == ERR_NOTFOUND || e == ERR_WAIT ? OK : e;
}

enum err
write_check(struct writing *w, struct fail *f)
{
	const struct field *open;
	enum err e;

	if (w->author.kind < 0 || (w->t->writers >> w->author.kind & 1) == 0)
		return fail_set(f, ERR_DENIED,
		    "a %s agency does not write %s records",
		    kind_name(w->author.kind), w->t->name);
	e = w->q->reason != NULL ? check_reason(w, f) : OK;
	if (e != OK || w->answers)
		return e;
	if (w->exists && w->c->unreadable > 0 && w->c->end_count == 0)
		return fail_set(f, ERR_WAIT,
		    "part of this record's history is not readable here yet");
	e = take_fields(w, f);
	if (e == OK)
		e = check_required(w, f);
	if (e == OK)
		e = check_supersedes(w, f);
	if (e != OK)
		return e;
	complete_groups(w);
	find_proposed(w);
	if (!w->exists)
		return OK;
	if (w->q->seen != NULL) {
		e = check_seen(w, f);
		if (e != OK)
			return e;
	}
	if (w->q->resolve || w->q->seen != NULL)
		return OK;
	e = open_decision(w, &open, f);
	if (e == OK && open != NULL)
		return fail_set(f, ERR_STALE,
		    "%s has two values that a person must settle: use "
		    "footbridge"
		    " resolve, or save again after looking",
		    open->name);
	return e;
}
