/* What people do: new rows, changed fields, settled conflicts, proposals. */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <string.h>

struct compartment *
sim_compartment(struct sim *s, unsigned n, const struct compartment_id *id)
{
	struct compartment *c = NULL;
	struct fail f = { 0 };
	enum err e = compartment_by_id(s->node[n].r, &c, id, &f);

	if (e == ERR_NOTFOUND)
		return NULL;
	sim_must(s, e, &f, "compartment");
	return e == OK ? c : NULL;
}

/* ---- notes --------------------------------------------------------------- */

/* Every act is done by a staff member of its own, so that its words are found
 * again wherever they went. */
static struct row_id
note_begin(struct sim *s, unsigned n, const struct sim_person *p)
{
	struct row_id staff = { { 's', 'i', 'm' } };
	uint64_t number = s->note_count + 1;

	s->note[s->note_count++] =
	    (struct sim_note){ .maker = n, .compartment = p->compartment };
	for (size_t i = 0; i < 8; i++)
		staff.b[8 + i] = (uint8_t)(number >> (8 * i));
	return staff;
}

/* In which compartment, as it is numbered here; 0: nowhere. */
static int64_t
logged_in(struct sim *s, unsigned n, const struct row_id *staff)
{
	struct fail f = { 0 };
	struct stmt *st;
	bool row = false;
	int64_t cpt = 0;
	enum err e = db_stmt(&st, replica_db(s->node[n].r),
	    "SELECT cpt FROM _segment WHERE state <= 2 AND instr(bytes, ?1)"
	    " UNION ALL SELECT s.cpt FROM _open o JOIN _segment s ON"
	    " s.no = o.segment WHERE instr(o.bytes, ?1) LIMIT 1",
	    &f);

	if (e == OK) {
		stmt_blob(st, 1, staff->b, sizeof(staff->b));
		e = stmt_step(st, &row, &f);
		cpt = e == OK && row ? stmt_col_int(st, 0) : 0;
		stmt_reset(st);
	}
	sim_must(s, e, &f, "unsealed");
	return cpt;
}

/* I10: what was written is in the audit, once, and what was not is not, but as
 * refused. */
static void
check_audit(struct sim *s, unsigned n, const struct row_id *staff, bool written)
{
	struct fail f = { 0 };
	struct stmt *st;
	int64_t count;
	bool row;

	if (s->dying)
		return;
	sim_must(s,
	    db_stmt(&st, replica_db(s->node[n].r),
		"SELECT count(*) FROM _audit WHERE staff = ?1 AND result = 0",
		&f),
	    &f, "audit");
	stmt_blob(st, 1, staff->b, sizeof(staff->b));
	sim_must(s, stmt_step(st, &row, &f), &f, "audit");
	count = stmt_col_int(st, 0);
	stmt_reset(st);
	if (count != (written ? 1 : 0))
		sim_wrong(s,
		    "note %zu at machine %u is %lld times in the audit",
		    s->note_count, n, (long long)count);
}

/* What writes again what stands leaves nothing: such a word is not looked for. */
static void
note_end(struct sim *s, unsigned n, const struct row_id *staff, enum err e)
{
	struct sim_note *note = &s->note[s->note_count - 1];
	int64_t cpt = e == OK ? logged_in(s, n, staff) : 0;
	struct compartment *c;
	struct fail f = { 0 };

	check_audit(s, n, staff, cpt != 0);
	note->saved = cpt != 0 && !s->node[n].evil;
	/* of a row id that two people have, not always the one in mind */
	if (cpt != 0) {
		sim_must(s, compartment_get(s->node[n].r, &c, cpt, &f), &f,
		    "compartment");
		note->compartment = c->id;
	}
	sim_count(s, e == OK ? SIM_N_WRITES : SIM_N_REFUSED, 1);
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

/* ---- values -------------------------------------------------------------- */

struct drawn {
	struct value value;
	char room[256];
};

static void
draw_value(struct sim *s, struct drawn *d, const struct field *f)
{
	static const char *const words[] = { "came", "late", "tested", "moved",
		"called again", "no", "yes", "asked\nfor more" };
	const char *word = words[sim_draw(s, COUNT_OF(words))];

	d->value = (struct value){ .type = VALUE_NULL };
	if (sim_chance(s, 6))
		return;
	if (f->type == VALUE_INT || f->type == VALUE_DATE) {
		d->value.type = f->type;
		d->value.i = (int64_t)sim_draw(s, 8) +
		    (f->type == VALUE_DATE ? 20000 : -3);
		return;
	}
	if (f->type == VALUE_ID) {
		memcpy(d->room, s->row[sim_draw(s, s->row_count)].id.b,
		    ID_BYTES);
		d->value =
		    (struct value){ VALUE_ID, 0, (uint8_t *)d->room, ID_BYTES };
		return;
	}
	if (f->rank_count > 0)
		word = f->ranks[sim_draw(s, f->rank_count)];
	if (f->rule == RULE_TEXT && sim_chance(s, 60))
		(void)snprintf(d->room, sizeof(d->room), "%s %s %u", word,
		    words[sim_draw(s, COUNT_OF(words))],
		    (unsigned)sim_draw(s, 9));
	else
		(void)snprintf(d->room, sizeof(d->room), "%s", word);
	d->value = (struct value){ VALUE_TEXT, 0, (uint8_t *)d->room,
		strlen(d->room) };
}

#define FIELDS_MAX 8

/* A field and, of a group, mostly the others of it. */
static size_t
draw_fields(struct sim *s, const struct table *t, struct write_field *out,
    struct drawn *room)
{
	const struct field *f = NULL;
	bool part = sim_chance(s, 10);
	size_t count = 0;

	if (t->number == 1 && sim_chance(s, 60))
		f = t->by_number[s->hot[sim_draw(s, COUNT_OF(s->hot))]];
	if (f == NULL)
		f = &t->fields[sim_draw(s, t->field_count)];
	for (size_t i = 0; i < t->field_count && count < FIELDS_MAX; i++) {
		const struct field *g = &t->fields[i];

		if (g != f &&
		    (part || f->group == NULL || g->group == NULL ||
			strcmp(f->group, g->group) != 0))
			continue;
		draw_value(s, &room[count], g);
		out[count].field = g;
		out[count].value = room[count].value;
		count++;
	}
	return count;
}

/* ---- writing ------------------------------------------------------------- */

static enum err
save(struct sim *s, unsigned n, unsigned person, const struct write_request *q,
    struct row_id *made)
{
	const struct sim_person *p = &s->person[person];
	struct write_request mine = *q;
	struct row_id staff = note_begin(s, n, p);
	struct write_told told = { 0 };
	struct fail f = { 0 };
	int64_t draft;
	enum err e;

	mine.staff = &staff;
	mine.told = &told;
	e = write_row(s->node[n].r, made, &draft, &mine, &f);
	if (!is_expected(e))
		sim_wrong(s, "a write to %s at node %u: %s: %s", q->table->name,
		    n, err_name(e), f.text);
	note_end(s, n, &staff, e);
	sim_count(s, SIM_N_PROPOSED, told.proposed != 0 || told.proposed_row);
	sim_say(s, "node %u %s %s of person %u: %s, note %zu", n,
	    q->insert ? "adds" : "writes",
	    q->insert || q->field_count == 0 ? q->table->name
					     : q->fields[0].field->name,
	    person, e == OK ? "saved" : err_name(e), s->note_count);
	return e;
}

static void
change(struct sim *s, unsigned n)
{
	const struct sim_row *row =
	    &s->row[sim_chance(s, 50) ? sim_draw(s, SIM_PEOPLE) % s->row_count
				      : sim_draw(s, s->row_count)];
	const struct table *t =
	    replica_registry(s->node[n].r)->by_number[row->table];
	const struct compartment *c =
	    sim_compartment(s, n, &s->person[row->person].compartment);
	struct write_field fields[FIELDS_MAX];
	struct drawn room[FIELDS_MAX];
	struct write_request q = { .table = t,
		.row = &row->id,
		.fields = fields,
		.resolve = sim_chance(s, 80) };
	struct row_id made;

	if (t == NULL || c == NULL || !c->has_subject)
		return;
	q.cpt = c->no;
	q.field_count = draw_fields(s, t, fields, room);
	(void)save(s, n, row->person, &q, &made);
}

static void
insert(struct sim *s, unsigned n)
{
	static const unsigned tables[] = { 2, 2, 3, 3, 4, 5 };
	unsigned person = (unsigned)sim_draw(s, SIM_PEOPLE);
	const struct table *t =
	    replica_registry(s->node[n].r)->by_number[tables[sim_draw(s, 6)]];
	const struct sim_person *p = &s->person[person];
	const struct compartment *c;
	struct write_field fields[2];
	struct drawn room[2];
	struct write_request q = { .table = t,
		.insert = true,
		.subject = &p->id,
		.fields = fields };
	struct row_id id, made;

	if (t == NULL || !p->used)
		return;
	c = sim_compartment(s, n, &p->compartment);
	if (c == NULL || !c->has_subject)
		return;
	q.cpt = c->no;
	for (size_t i = 0; i < t->field_count && q.field_count < 2; i++) {
		draw_value(s, &room[q.field_count], &t->fields[i]);
		if (room[q.field_count].value.type == VALUE_NULL)
			continue;
		fields[q.field_count].field = &t->fields[i];
		fields[q.field_count].value = room[q.field_count].value;
		q.field_count++;
	}
	if (q.field_count == 0 ||
	    (t->set_count > 0 && fields[0].field->number != 1))
		return;
	for (size_t i = 0; i < ID_BYTES; i++)
		id.b[i] = (uint8_t)sim_draw(s, 256);
	q.row = t->set_count > 0 ? NULL : &id;
	if (save(s, n, person, &q, &made) == OK && s->row_count < SIM_ROWS)
		s->row[s->row_count++] = (struct sim_row){ .table = t->number,
			.person = person,
			.id = made };
}

/* ---- settling ------------------------------------------------------------ */

struct settling {
	struct sim *s;
	bool found, answer;
	int64_t no;
	unsigned keep, person;
	const struct table *table;
	struct row_id row;
	const struct field *field;
	struct drawn drawn;
};

static bool
take_conflict(void *context, const struct conflict *c)
{
	struct settling *x = context;
	bool answer = c->reason == CONFLICT_PROPOSAL && c->ours;
	const struct value *v;
	unsigned keep;

	if (c->value_count == 0 || c->reason == CONFLICT_ANSWER)
		return true;
	keep = (unsigned)sim_draw(x->s, c->value_count);
	v = &c->values[keep].value;
	if ((c->field == NULL && !answer) || v->n > sizeof(x->drawn.room))
		return true;
	for (unsigned p = 0; p < SIM_PEOPLE; p++)
		if (id_equal(&x->s->person[p].id, &c->subject))
			x->person = p;
	x->found = true;
	x->answer = answer;
	x->no = c->no;
	x->keep = keep + 1;
	x->table = c->table;
	x->row = c->row;
	x->field = c->field;
	x->drawn.value = *v;
	if (v->n > 0)
		memcpy(x->drawn.room, v->p, v->n);
	x->drawn.value.p = (uint8_t *)x->drawn.room;
	return sim_chance(x->s, 50);
}

static void
settle(struct sim *s, unsigned n)
{
	struct replica *r = s->node[n].r;
	struct settling x = { .s = s };
	struct row_id staff;
	struct fail f = { 0 };
	enum err e;

	sim_must(s,
	    conflict_list(r, NULL, NULL, sim_chance(s, 40), take_conflict, &x,
		&f),
	    &f, "conflicts");
	if (!x.found)
		return;
	staff = note_begin(s, n, &s->person[x.person]);
	if (!x.answer)
		e = conflict_resolve(r, x.table, &x.row, x.field,
		    &x.drawn.value, &staff, &f);
	else if (sim_chance(s, 50))
		e = conflict_accept(r, x.no, x.keep, &staff, &f);
	else
		e = conflict_decline(r, x.no, "no", &staff, &f);
	if (!is_expected(e))
		sim_wrong(s, "settling at node %u: %s: %s", n, err_name(e),
		    f.text);
	sim_count(s, SIM_N_SETTLED, e == OK);
	note_end(s, n, &staff, e);
	sim_say(s, "node %u settles %s: %s, note %zu", n,
	    x.field != NULL ? x.field->name : "a row",
	    e == OK ? "saved" : err_name(e), s->note_count);
}

void
sim_act(struct sim *s, unsigned n)
{
	unsigned kind = (unsigned)sim_draw(s, 100);

	/* room for one more note */
	if (s->note_count + 1 >= SIM_NOTES)
		return;
	sim_tell_time(s, n);
	if (s->may[SIM_DOCUMENT] && sim_chance(s, 10))
		sim_document(s, n);
	if (s->may[SIM_DOCUMENT_ASKED] && sim_chance(s, 10))
		sim_document_ask(s, n);
	if (kind < 60)
		change(s, n);
	else if (kind < 80)
		insert(s, n);
	else
		settle(s, n);
	sim_check(s, n);
}

/* ---- the first records --------------------------------------------------- */

static void
first_record(struct sim *s, unsigned at)
{
	struct sim_person *p = &s->person[at];
	unsigned n;
	struct row_id made;
	struct write_request q = { .insert = true, .row = &p->id };
	struct compartment *c;
	struct fail f = { 0 };

	do {
		n = s->places == 2 ? 1 : 1 + (unsigned)sim_draw(s, 2);
	} while (s->node[n].hub);
	for (size_t i = 0; i < ID_BYTES; i++)
		p->id.b[i] = (uint8_t)sim_draw(s, 256);
	p->used = true;
	p->agency = s->node[n].agency;
	q.table = replica_registry(s->node[n].r)->by_number[1];
	sim_tell_time(s, n);
	(void)save(s, n, at, &q, &made);
	sim_must(s,
	    compartment_find(s->node[n].r, &c, &s->agency[p->agency], &p->id,
		"SUP.case", &f),
	    &f, "the compartment");
	p->compartment = c->id;
	s->note[s->note_count - 1].compartment = c->id;
	s->row[s->row_count++] =
	    (struct sim_row){ .table = 1, .person = at, .id = p->id };
}

void
sim_people(struct sim *s)
{
	for (unsigned i = 0; i < COUNT_OF(s->hot); i++)
		s->hot[i] = 1 + (unsigned)sim_draw(s, 35);
	for (unsigned i = 0; i < SIM_PEOPLE; i++)
		first_record(s, i);
}
