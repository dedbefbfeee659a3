/*
 * What people do in a history: change fields, add rows, settle conflicts, and
 * now and then what a program does that does not ask.
 */
#include <stdio.h>
#include <string.h>

#include "tests/prop/history_i.h"

/* ---- values ---- */

/* A value that fits the field; text borrows from room, or from literals. */
struct drawn {
	struct value value;
	char room[400];
};

static void
draw_text_edit(struct history *h, struct drawn *d, const struct value *now)
{
	static const char *const words[] = { "came", "late", "tested", "moved",
		"called", "\n", "again", "no" };
	const char *p = now->type == VALUE_TEXT ? (const char *)now->p : "";
	size_t n = now->type == VALUE_TEXT ? now->n : 0;
	size_t at = draw(h, n + 1), cut;
	const char *word = words[draw(h, COUNT_OF(words))];

	if (n > 200)
		n = 200;
	if (at > n)
		at = n;
	while (at < n && p[at] != ' ')
		at++;
	cut = at + (chance(h, 50) ? draw(h, 8) : 0);
	while (cut < n && p[cut] != ' ' && p[cut] != '\n')
		cut++;
	if (cut > n)
		cut = n;
	n = (size_t)snprintf(d->room, sizeof(d->room), "%.*s%s%s%.*s", (int)at,
	    p, at > 0 && *word != '\n' ? " " : "", word, (int)(n - cut),
	    p + cut);
	d->value = (struct value){ VALUE_TEXT, 0, (uint8_t *)d->room, n };
}

static void
draw_value(struct history *h, struct drawn *d, const struct field *f,
    const struct value *now)
{
	static const char *const letters[] = { "a", "b", "c", "d", "e" };
	const char *word = letters[draw(h, COUNT_OF(letters))];

	d->value = (struct value){ .type = VALUE_NULL };
	if (chance(h, 8))
		return;
	if (f->rule == RULE_TEXT) {
		draw_text_edit(h, d, now);
		return;
	}
	if (f->type == VALUE_INT || f->type == VALUE_DATE) {
		d->value.type = f->type;
		d->value.i =
		    (int64_t)draw(h, 8) + (f->type == VALUE_DATE ? 20000 : -3);
		return;
	}
	if (f->type == VALUE_ID) {
		memcpy(d->room, h->rows[draw(h, h->row_count)].id.b, ID_BYTES);
		d->value =
		    (struct value){ VALUE_ID, 0, (uint8_t *)d->room, ID_BYTES };
		return;
	}
	if (f->rank_count > 0)
		word = f->ranks[draw(h, f->rank_count)];
	d->value = (struct value){ VALUE_TEXT, 0, (const uint8_t *)word,
		strlen(word) };
}

/* ---- writing ---- */

struct now {
	bool there;
	uint64_t set; /* bit per field that is not null */
	struct value values[REGISTRY_FIELD_MAX + 1];
	char text[2][400]; /* copies of the two narratives */
};

static bool
take_now(void *context, const struct read_row *row)
{
	struct now *now = context;
	size_t texts = 0;

	now->there = true;
	for (size_t i = 0; i < row->table->field_count; i++) {
		const struct field *f = &row->table->fields[i];
		const struct value *v = &row->values[f->number];
		struct value *to = &now->values[f->number];
		size_t n = v->n < 400 ? v->n : 400;

		if (v->type != VALUE_NULL)
			now->set |= MODEL_BIT(f->number);
		if (f->rule != RULE_TEXT || v->type != VALUE_TEXT || texts == 2)
			continue;
		memcpy(now->text[texts], v->p, n);
		*to = (struct value){ VALUE_TEXT, 0,
			(uint8_t *)now->text[texts++], n };
	}
	return false;
}

static bool
is_expected(enum err e)
{
	switch (e) {
	case OK:
	case ERR_STALE:    /* an open decision */
	case ERR_INPUT:    /* a second value for a once field */
	case ERR_WAIT:     /* the row waits for a key */
	case ERR_NOTFOUND: /* not here yet */
	case ERR_EXISTS:   /* a set row that is there */
	case ERR_DENIED:   /* another agency's to settle */
		return true;
	default:
		return false;
	}
}

static bool
is_foreign(const struct history *h, unsigned n)
{
	return h->w.node[n].self >= WORLD_FOREIGN;
}

/* The write that was noted last was answered. (One that writes again what
 * stands leaves nothing in the log: it is looked for there at once.) */
static void
saved(struct history *h, unsigned n, bool yes)
{
	h->w.saved[h->w.op_count - 1] =
	    yes && world_logged(&h->w, n, h->w.op_count);
	h->written += yes;
}

static void
set_clock(struct history *h, unsigned n)
{
	h->w.node[n].env->wall_ms =
	    WORLD_START_MS + (int64_t)draw(h, CLOCKS) * 1000;
}

/* Past the checks of a write: what an older, newer or hostile program says. */
static void
raw_write(struct history *h, unsigned n, const struct known_row *row,
    const struct write_field *fields, size_t count)
{
	struct replica *r = h->w.node[n].replica;
	struct compartment *c;
	struct fail f = { 0 };
	struct op op = {
		.kind = OP_SET,
		.table = row->table,
		.row = row->id,
		.staff = world_note(&h->w, n),
		.at_ms = h->w.node[n].env->wall_ms,
	};
	int64_t segment;

	for (size_t i = 0; i < count; i++) {
		size_t at = op.field_count++;

		for (; at > 0 &&
		     op.fields[at - 1].number > fields[i].field->number;
		     at--)
			op.fields[at] = op.fields[at - 1];
		op.fields[at].number = fields[i].field->number;
		op.fields[at].value = fields[i].value;
	}
	world_must(replica_begin(r, &f), &f, "begin");
	c = world_compartment(&h->w, n);
	world_must(log_append(r, c, &segment, &op, &f), &f, "append");
	c->rederive = true;
	c->changed = true;
	world_must(replica_commit(r, &f), &f, "commit");
	h->counts->raw++;
	saved(h, n, true);
}

static const char *
save(struct history *h, unsigned n, const struct table *t,
    const struct row_id *row, bool insert, const struct write_field *fields,
    size_t count)
{
	struct compartment *c = world_compartment(&h->w, n);
	struct row_id staff = world_note(&h->w, n), made;
	struct write_told told = { 0 };
	struct write_request q = {
		.table = t,
		.row = row,
		.insert = insert,
		.subject = t->self ? NULL : &h->w.subject,
		.cpt = c != NULL && (!insert || is_foreign(h, n)) ? c->no : 0,
		.told = &told,
		.staff = &staff,
		.resolve = chance(h, 85),
		.fields = fields,
		.field_count = count,
	};
	struct fail f = { 0 };
	int64_t draft;
	enum err e;

	e = write_row(h->w.node[n].replica, &made, &draft, &q, &f);
	if (!is_expected(e))
		return history_trouble("a write to %s at node %u: %s: %s",
		    t->name, n, err_name(e), f.text);
	if (e != OK) {
		h->counts->refused++;
		return NULL;
	}
	h->counts->writes++;
	h->counts->proposed += told.proposed != 0 || told.proposed_row;
	saved(h, n, true);
	if (!insert || h->row_count == ROWS)
		return NULL;
	for (size_t i = 0; i < h->row_count; i++)
		if (id_equal(&h->rows[i].id, &made)) {
			h->counts->same_set_rows++;
			return NULL;
		}
	h->rows[h->row_count].table = t->number;
	h->rows[h->row_count++].id = made;
	return NULL;
}

static const struct field *
some_field(struct history *h, const struct table *t, unsigned n)
{
	const struct field *f;

	/* another agency: what it can only propose */
	if (is_foreign(h, n) && chance(h, 30)) {
		for (size_t i = 0; i < t->field_count; i++)
			if (t->fields[i].owner && chance(h, 50))
				return &t->fields[i];
	}
	if (t->number == 1 && chance(h, 70)) {
		f = t->by_number[h->hot[draw(h, HOT)]];
		if (f != NULL)
			return f;
	}
	return &t->fields[draw(h, t->field_count)];
}

/* Choose fields and values for a write to an existing row. */
static size_t
draw_fields(struct history *h, const struct table *t, unsigned n,
    const struct now *now, struct write_field *out, struct drawn *room,
    size_t max)
{
	size_t count = 0, want = 1 + (chance(h, 20) ? draw(h, 2) : 0);

	while (want-- > 0) {
		const struct field *f = some_field(h, t, n);
		bool part;

		/* a second value for a once field is mostly refused */
		for (unsigned i = 0; i < 6 && f->rule == RULE_ONCE &&
		     (now->set & MODEL_BIT(f->number)) != 0;
		     i++)
			f = &t->fields[draw(h, t->field_count)];
		part = f->group != NULL && chance(h, 15);

		h->counts->groups_in_part += part;
		for (size_t i = 0; i < t->field_count && count < max; i++) {
			const struct field *g = &t->fields[i];
			bool again = false;

			if (g != f &&
			    (part || f->group == NULL || g->group == NULL ||
				strcmp(f->group, g->group) != 0))
				continue;
			for (size_t k = 0; k < count; k++)
				again |= out[k].field == g;
			if (again)
				continue;
			draw_value(h, &room[count], g, &now->values[g->number]);
			out[count].field = g;
			out[count].value = room[count].value;
			count++;
		}
	}
	return count;
}

const char *
history_change(struct history *h, unsigned n)
{
	struct replica *r = h->w.node[n].replica;
	const struct known_row *row =
	    &h->rows[chance(h, 60) ? 0 : draw(h, h->row_count)];
	const struct table *t = replica_registry(r)->by_number[row->table];
	struct compartment *c = world_compartment(&h->w, n);
	struct write_field fields[8];
	struct drawn room[8];
	struct now now = { 0 };
	size_t count;
	enum err e;

	if (c == NULL || t == NULL)
		return NULL;
	e = read_get(r, t, &row->id, c->no, take_now, &now, NULL);
	if (e != OK && e != ERR_NOTFOUND && e != ERR_WAIT)
		return history_trouble("reading a row: %s", err_name(e));
	if (!now.there && !chance(h, 5))
		return NULL;
	count = draw_fields(h, t, n, &now, fields, room, COUNT_OF(fields));
	set_clock(h, n);
	if (chance(h, 8) && (now.there || chance(h, 30)) && c->has_subject &&
	    (c->flags & COMPARTMENT_SNAPSHOT) == 0) {
		/* now and then a word that no schema knows */
		if (fields[0].field->rank_count > 0 && chance(h, 50))
			fields[0].value = (struct value){ VALUE_TEXT, 0,
				(const uint8_t *)"strange", 7 };
		raw_write(h, n, row, fields, count);
		return NULL;
	}
	return save(h, n, t, &row->id, false, fields, count);
}

const char *
history_insert(struct history *h, unsigned n)
{
	const struct registry *g = replica_registry(h->w.node[n].replica);
	static const unsigned tables[] = { 2, 2, 3, 3, 4, 5 };
	const struct table *t = g->by_number[tables[draw(h, COUNT_OF(tables))]];
	struct write_field fields[3];
	struct drawn room[3];
	struct value none = { .type = VALUE_NULL };
	struct row_id id;
	size_t count = 0;

	const struct compartment *c = world_compartment(&h->w, n);

	if (t == NULL || !h->w.node[n].used ||
	    (is_foreign(h, n) && (c == NULL || !c->has_subject)))
		return NULL;
	for (size_t i = 0; i < t->field_count && count < 2; i++) {
		const struct field *f = &t->fields[i];

		draw_value(h, &room[count], f, &none);
		if (room[count].value.type == VALUE_NULL)
			continue;
		fields[count].field = f;
		fields[count].value = room[count].value;
		count++;
	}
	if (count > 0 && h->row_count > 1 && chance(h, 20)) {
		const struct known_row *old = &h->rows[draw(h, h->row_count)];

		memcpy(room[2].room, old->id.b, ID_BYTES);
		fields[count].field = t->by_number[REGISTRY_SUPERSEDES];
		fields[count++].value = (struct value){ VALUE_ID, 0,
			(uint8_t *)room[2].room, ID_BYTES };
	}
	if (count == 0 || (t->set_count > 0 && fields[0].field->number != 1))
		return NULL;
	for (size_t i = 0; i < ID_BYTES; i++)
		id.b[i] = (uint8_t)draw(h, 256);
	set_clock(h, n);
	return save(h, n, t, t->set_count > 0 ? NULL : &id, true, fields,
	    count);
}

/* ---- settling ---- */

struct settling {
	struct history *h;
	bool found;
	const struct table *table;
	struct row_id row;
	const struct field *field;
	struct drawn drawn;
};

static bool
take_conflict(void *context, const struct conflict *c)
{
	struct settling *s = context;
	const struct value *v;

	if (c->field == NULL || c->value_count == 0 ||
	    c->reason == CONFLICT_ANSWER)
		return true;
	v = &c->values[draw(s->h, c->value_count)].value;
	if (v->n > sizeof(s->drawn.room))
		return true;
	s->found = true;
	s->table = c->table;
	s->row = c->row;
	s->field = c->field;
	s->drawn.value = *v;
	if (v->n > 0)
		memcpy(s->drawn.room, v->p, v->n);
	s->drawn.value.p = (uint8_t *)s->drawn.room;
	return chance(s->h, 50);
}

const char *
history_settle(struct history *h, unsigned n)
{
	struct replica *r = h->w.node[n].replica;
	struct settling s = { .h = h };
	struct fail f = { 0 };
	struct row_id staff;
	enum err e;

	world_must(conflict_list(r, NULL, NULL, chance(h, 30), take_conflict,
		       &s, &f),
	    &f, "conflicts");
	if (!s.found)
		return NULL;
	set_clock(h, n);
	staff = world_note(&h->w, n);
	e = conflict_resolve(r, s.table, &s.row, s.field, &s.drawn.value,
	    &staff, &f);
	if (!is_expected(e))
		return history_trouble("settling %s at node %u: %s: %s",
		    s.field->name, n, err_name(e), f.text);
	h->counts->resolved += e == OK;
	saved(h, n, e == OK);
	return NULL;
}

/* ---- proposals ---- */

struct answering {
	struct history *h;
	bool found;
	int64_t no;
	unsigned keep;
};

static bool
take_proposal(void *context, const struct conflict *c)
{
	struct answering *a = context;

	if (c->reason != CONFLICT_PROPOSAL || !c->ours)
		return true;
	a->found = true;
	a->no = c->no;
	a->keep = 1 + (unsigned)draw(a->h, c->value_count);
	/* whole rows are fewer */
	return chance(a->h, c->field == NULL ? 10 : 70);
}

const char *
history_answer(struct history *h, unsigned n)
{
	struct replica *r = h->w.node[n].replica;
	struct answering a = { .h = h };
	struct fail f = { 0 };
	struct row_id staff;
	bool accept = chance(h, 50);
	enum err e;

	world_must(conflict_list(r, NULL, NULL, true, take_proposal, &a, &f),
	    &f, "conflicts");
	/* most have none: the next one may */
	for (unsigned i = 0; !a.found && i < h->node_count; i++) {
		if (world_restored(&h->w, h->nodes[i]))
			continue;
		n = h->nodes[i];
		r = h->w.node[n].replica;
		world_must(conflict_list(r, NULL, NULL, true, take_proposal, &a,
			       &f),
		    &f, "conflicts");
	}
	if (!a.found)
		return NULL;
	set_clock(h, n);
	staff = world_note(&h->w, n);
	e = accept ? conflict_accept(r, a.no, a.keep, &staff, &f)
		   : conflict_decline(r, a.no, "no", &staff, &f);
	if (!is_expected(e))
		return history_trouble("answering at node %u: %s: %s", n,
		    err_name(e), f.text);
	h->counts->accepted += e == OK && accept;
	h->counts->declined += e == OK && !accept;
	saved(h, n, e == OK);
	return NULL;
}
