/*
 * How: a world of two to six machines, some thirty to fifty steps, each a
 * write, a partial exchange, a restart, an upgrade, a key given late. A few
 * fields are hot, so that writes meet. Clocks are drawn anew for every write
 * from a small range: wrong, and often equal.
 */
#include "tests/prop/history.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/grant.h"

#define ROWS 24
#define HOT 4
#define CLOCKS 40

struct known_row {
	unsigned table;
	struct row_id id;
};

struct history {
	struct world w;
	uint64_t seed;
	struct history_counts *counts;
	unsigned nodes[WORLD_NODES];
	unsigned node_count;
	struct known_row rows[ROWS];
	size_t row_count;
	unsigned hot[HOT]; /* field numbers of person */
	bool introduced;   /* WORLD_LATE is known to all */
	bool shared, carried;
};

static char problem[500];

static const char *trouble(const char *format, ...) PRINTF(1, 2);

static const char *
trouble(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(problem, sizeof(problem), format, args);
	va_end(args);
	return problem;
}

static uint64_t
draw(struct history *h, uint64_t below)
{
	return world_draw(&h->seed, below);
}

static bool
chance(struct history *h, unsigned percent)
{
	return draw(h, 100) < percent;
}

static unsigned
some_node(struct history *h)
{
	return h->nodes[draw(h, h->node_count)];
}

static bool
plays(const struct history *h, unsigned node)
{
	return h->w.node[node].used;
}

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
	case ERR_STALE:       /* an open decision */
	case ERR_INPUT:       /* a second value for a once field */
	case ERR_WAIT:        /* the row waits for a key */
	case ERR_NOTFOUND:    /* not here yet */
	case ERR_EXISTS:      /* a set row that is there */
	case ERR_UNAVAILABLE: /* another agency's field */
		return true;
	default:
		return false;
	}
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
}

static const char *
save(struct history *h, unsigned n, const struct table *t,
    const struct row_id *row, bool insert, const struct write_field *fields,
    size_t count)
{
	struct compartment *c = world_compartment(&h->w, n);
	struct row_id staff = world_note(&h->w, n), made;
	struct write_request q = {
		.table = t,
		.row = row,
		.insert = insert,
		.subject = t->self ? NULL : &h->w.subject,
		.cpt = !insert && c != NULL ? c->no : 0,
		.staff = &staff,
		.resolve = chance(h, 60),
		.fields = fields,
		.field_count = count,
	};
	struct fail f = { 0 };
	int64_t draft;
	enum err e;

	e = write_row(h->w.node[n].replica, &made, &draft, &q, &f);
	if (!is_expected(e))
		return trouble("a write to %s at node %u: %s: %s", t->name, n,
		    err_name(e), f.text);
	if (e != OK) {
		h->counts->refused++;
		return NULL;
	}
	h->counts->writes++;
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
some_field(struct history *h, const struct table *t)
{
	const struct field *f;

	if (t->number == 1 && chance(h, 70)) {
		f = t->by_number[h->hot[draw(h, HOT)]];
		if (f != NULL)
			return f;
	}
	return &t->fields[draw(h, t->field_count)];
}

/* Choose fields and values for a write to an existing row. */
static size_t
draw_fields(struct history *h, const struct table *t, const struct now *now,
    struct write_field *out, struct drawn *room, size_t max)
{
	size_t count = 0, want = 1 + (chance(h, 20) ? draw(h, 2) : 0);

	while (want-- > 0) {
		const struct field *f = some_field(h, t);
		bool part = f->group != NULL && chance(h, 15);

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

static const char *
change(struct history *h, unsigned n)
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
		return trouble("reading a row: %s", err_name(e));
	count = draw_fields(h, t, &now, fields, room, COUNT_OF(fields));
	set_clock(h, n);
	if (chance(h, 8) && (now.there || chance(h, 30)) && c->has_subject) {
		/* now and then a word that no schema knows */
		if (fields[0].field->rank_count > 0 && chance(h, 50))
			fields[0].value = (struct value){ VALUE_TEXT, 0,
				(const uint8_t *)"strange", 7 };
		raw_write(h, n, row, fields, count);
		return NULL;
	}
	return save(h, n, t, &row->id, false, fields, count);
}

static const char *
insert(struct history *h, unsigned n)
{
	const struct registry *g = replica_registry(h->w.node[n].replica);
	static const unsigned tables[] = { 2, 2, 3, 3, 4, 5 };
	const struct table *t = g->by_number[tables[draw(h, COUNT_OF(tables))]];
	struct write_field fields[3];
	struct drawn room[3];
	struct value none = { .type = VALUE_NULL };
	struct row_id id;
	size_t count = 0;

	if (t == NULL || n >= WORLD_FOREIGN || !plays(h, n))
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

	if (c->field == NULL || c->value_count == 0)
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

static const char *
settle(struct history *h, unsigned n)
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
		return trouble("settling %s at node %u: %s: %s", s.field->name,
		    n, err_name(e), f.text);
	h->counts->resolved += e == OK;
	return NULL;
}

/* ---- travelling ---- */

static void
exchange(struct history *h, unsigned from, unsigned to, bool whole)
{
	size_t order[WORLD_SEGMENTS], count = 0;
	struct world *w = &h->w;

	world_seal(w, from);
	for (size_t i = 0; i < w->pool_count; i++)
		if (world_has(w->node[from].has, i) &&
		    !world_has(w->node[to].has, i))
			order[count++] = i;
	for (size_t i = count; i > 1 && chance(h, 70); i--) {
		size_t k = draw(h, i), t = order[i - 1];

		order[i - 1] = order[k];
		order[k] = t;
	}
	for (size_t i = 0; i < count; i++) {
		const struct world_segment *s = w->pool[order[i]];
		world_set stored, readable;
		enum outcome o;
		bool early = false;

		if (!whole && chance(h, 25)) {
			h->counts->split++;
			continue;
		}
		for (size_t d = 0; d < s->dep_count; d++)
			early |= !world_has(w->node[to].has, s->deps[d]);
		h->counts->early += early;
		o = world_give(w, to, order[i]);
		h->counts->given++;
		h->counts->unknown_author += o == OUTCOME_WAITING &&
		    s->node == WORLD_LATE && !h->introduced;
		if (chance(h, 10)) {
			(void)world_give(w, to, order[i]);
			h->counts->duplicates++;
		}
		if (s->chain == CHAIN_CONTROL || chance(h, 80))
			continue;
		world_set_of(w, to, stored, readable);
		h->counts->unreadable_first += world_has(stored, order[i]) &&
		    !world_has(readable, order[i]);
	}
}

static const char *
share_or_carry(struct history *h)
{
	struct fail f = { 0 };
	enum err e = OK;

	if (plays(h, WORLD_FIELD) && !h->carried && chance(h, 50)) {
		e = world_carry(&h->w, 0, &f);
		h->carried = true;
	} else if (!h->shared) {
		bool from_now = chance(h, 25);

		e = world_share(&h->w, 0, GRANT_WRITE, from_now, &f);
		h->counts->from_now += from_now;
		h->shared = !from_now;
	}
	return e == OK ? NULL
		       : trouble("granting: %s: %s", err_name(e), f.text);
}

static void
introduce(struct history *h)
{
	if (!h->introduced && plays(h, WORLD_LATE))
		for (unsigned i = 0; i < h->node_count; i++)
			world_introduce(&h->w, h->nodes[i]);
	h->introduced = true;
}

/* ---- one history ---- */

static const char *
judge(struct history *h, unsigned n)
{
	const char *wrong = judge_node(&h->w, n, &h->counts->judged);

	return wrong != NULL ? trouble("node %u: %s", n, wrong) : NULL;
}

static const char *
step(struct history *h)
{
	unsigned n = some_node(h), other = some_node(h);
	unsigned kind = (unsigned)draw(h, 100);
	struct fail f = { 0 };

	if (kind < 52)
		return change(h, n);
	if (kind < 62)
		return insert(h, n);
	if (kind < 86) {
		if (n != other)
			exchange(h, n, other, kind < 65);
		return NULL;
	}
	if (kind < 89) {
		world_restart(&h->w, n, h->w.node[n].schemas);
		h->counts->restarts++;
	} else if (kind < 91) {
		h->counts->upgrades += h->w.node[n].schemas == 1;
		world_restart(&h->w, n, WORLD_SCHEMAS);
	} else if (kind < 94) {
		return share_or_carry(h);
	} else if (kind < 95) {
		introduce(h);
	} else if (kind < 97) {
		return settle(h, n);
	} else if (kind < 99) {
		return judge(h, n);
	} else {
		world_must(replica_rebuild(h->w.node[n].replica, &f), &f,
		    "rebuild");
		h->counts->rebuilds++;
	}
	return NULL;
}

static void
begin(struct history *h, bool on_disk)
{
	static const unsigned fields = 31;
	unsigned set = 1, want = 2 + (unsigned)draw(h, 5);
	struct fail f = { 0 };
	struct row_id made, staff;
	struct write_request q = { .insert = true };
	struct compartment *c;
	int64_t draft;

	h->nodes[h->node_count++] = 0;
	while (h->node_count < want) {
		unsigned n = (unsigned)draw(h, WORLD_NODES);

		if ((set >> n & 1) != 0)
			continue;
		set |= 1u << n;
		h->nodes[h->node_count++] = n;
	}
	for (size_t i = 0; i < HOT; i++)
		h->hot[i] = 1 + (unsigned)draw(h, fields + 4);
	world_start(&h->w, set, chance(h, 70) ? 1 : 2, h->seed, on_disk);
	h->introduced = !plays(h, WORLD_LATE);
	for (size_t i = 0; i < ID_BYTES; i++)
		h->w.subject.b[i] = (uint8_t)draw(h, 256);
	q.table = replica_registry(h->w.node[0].replica)->by_number[1];
	q.row = &h->w.subject;
	staff = world_note(&h->w, 0);
	q.staff = &staff;
	world_must(write_row(h->w.node[0].replica, &made, &draft, &q, &f), &f,
	    "the first row");
	world_must(compartment_find(h->w.node[0].replica, &c, world_agency(0),
		       &h->w.subject, WORLD_CATEGORY, &f),
	    &f, "the compartment");
	h->w.compartment = c->id;
	h->rows[0].table = 1;
	h->rows[0].id = h->w.subject;
	h->row_count = 1;
	for (unsigned i = 1; i < h->node_count; i++)
		if (chance(h, 80))
			exchange(h, 0, h->nodes[i], true);
}

static bool
same_bits(const world_set a, const world_set b)
{
	return memcmp(a, b, sizeof(world_set)) == 0;
}

/* Nodes that hold the same and may read the same have the same digest. */
static const char *
compare_digests(struct history *h)
{
	world_set stored[WORLD_NODES], readable[WORLD_NODES];
	uint8_t digest[WORLD_NODES][32];
	struct fail f = { 0 };

	for (unsigned i = 0; i < h->node_count; i++) {
		unsigned n = h->nodes[i];
		struct compartment *c = world_compartment(&h->w, n);

		world_set_of(&h->w, n, stored[i], readable[i]);
		if (c == NULL)
			continue;
		world_must(digest_compartment(h->w.node[n].replica, digest[i],
			       c->no, &f),
		    &f, "digest");
		for (unsigned k = 0; k < i; k++) {
			if (!same_bits(stored[i], stored[k]) ||
			    !same_bits(readable[i], readable[k]) ||
			    h->w.node[n].schemas !=
				h->w.node[h->nodes[k]].schemas ||
			    world_compartment(&h->w, h->nodes[k]) == NULL)
				continue;
			h->counts->digests++;
			if (memcmp(digest[i], digest[k], 32) != 0)
				return trouble("digests of nodes %u and %u", n,
				    h->nodes[k]);
		}
	}
	return NULL;
}

static const char *
finish(struct history *h)
{
	const char *wrong = NULL;

	introduce(h);
	if (chance(h, 80)) {
		struct fail f = { 0 };

		if (!h->shared)
			world_must(world_share(&h->w, 0, GRANT_WRITE, false,
				       &f),
			    &f, "sharing at the end");
		if (plays(h, WORLD_FIELD) && !h->carried)
			world_must(world_carry(&h->w, 0, &f), &f,
			    "carrying at the end");
	}
	for (unsigned i = 0; i < h->node_count; i++)
		if (chance(h, 70))
			world_restart(&h->w, h->nodes[i], WORLD_SCHEMAS);
	for (unsigned i = 0; i < h->node_count && wrong == NULL; i++)
		wrong = judge(h, h->nodes[i]);
	/* round the ring twice: everybody has everything */
	for (unsigned i = 0; wrong == NULL && i < 2 * h->node_count; i++)
		exchange(h, h->nodes[i % h->node_count],
		    h->nodes[(i + 1) % h->node_count], true);
	for (unsigned i = 0; i < h->node_count && wrong == NULL; i++)
		wrong = judge(h, h->nodes[i]);
	return wrong != NULL ? wrong : compare_digests(h);
}

const char *
history_play(uint64_t seed, bool on_disk, struct history_counts *counts)
{
	static struct history h;
	const char *wrong = NULL;
	uint64_t steps;

	h = (struct history){ .seed = seed, .counts = counts };
	begin(&h, on_disk);
	steps = 45 + draw(&h, 30);
	for (uint64_t i = 0; i < steps && wrong == NULL; i++) {
		wrong = step(&h);
		if (wrong == NULL && h.w.wrong[0] != '\0')
			wrong = trouble("%s", h.w.wrong);
	}
	if (wrong == NULL)
		wrong = finish(&h);
	if (wrong == NULL && h.w.wrong[0] != '\0')
		wrong = trouble("%s", h.w.wrong);
	if (wrong != NULL && getenv("TEST_HISTORY") != NULL)
		world_dump(&h.w);
	counts->histories++;
	counts->on_disk += on_disk;
	counts->concurrent += judge_met_concurrency(&h.w);
	world_stop(&h.w);
	return wrong;
}
