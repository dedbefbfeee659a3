/*
 * tests/merge/table.txt played on real replicas. Letters are machines in the
 * order of their author tags; every case is played with its segments arriving
 * in several orders, and every machine must end as the line says.
 */
#include "tests/prop/history.h"

#include <stdio.h>
#include <string.h>

#include "sync/clock.h"
#include "sync/grant.h"
#include "tests/model/table.h"

#define ORDERS 4

struct play {
	struct world w;
	const struct merge_case *c;
	const struct table *table;   /* of the row played with */
	const struct field *field;   /* its first field */
	const struct field *field_2; /* of a group */
	struct row_id row;
	unsigned letter[128]; /* letter -> node */
	struct model_value wrote[CASE_STEPS];
	char text[CASE_STEPS][CASE_WORD_BYTES];
	const char *wrong;
};

/* ---- which column a line means ---- */

static bool
same_words(const char *const *a, size_t n, const struct merge_case *c)
{
	if (n != c->field.rank_count)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(a[i], c->ranks[i]) != 0)
			return false;
	return true;
}

static bool
is_meant(const struct field *f, const struct merge_case *c)
{
	size_t finals = 0;

	if ((unsigned)f->rule != (unsigned)c->field.rule ||
	    f->owner != c->field.owner || f->one_way != c->field.one_way ||
	    (f->group != NULL) != c->group || f->number >= REGISTRY_ROW_STATE)
		return false;
	for (size_t i = 0; i < 64; i++)
		finals += (c->field.finals >> i & 1) != 0;
	if (f->final_count != finals)
		return false;
	if (f->rule == RULE_RANKED)
		return same_words(f->ranks, f->rank_count, c);
	/* a latest field names its final values in the same order */
	for (size_t i = 0; i < finals; i++)
		if (strcmp(f->finals[i], c->ranks[i]) != 0)
			return false;
	return finals > 0 || f->rank_count == 0;
}

static bool
find_field(struct play *p, const struct registry *g)
{
	p->table = g->by_number[p->c->single ? 2 : p->c->bare ? 5 : 1];
	if (p->c->single) {
		p->field = p->table->by_number[p->table->single_field];
		return true;
	}
	for (size_t i = 0; i < p->table->field_count; i++) {
		const struct field *f = &p->table->fields[i];

		if (p->field == NULL && is_meant(f, p->c))
			p->field = f;
		else if (p->field != NULL && f->group != NULL &&
		    p->field->group != NULL &&
		    strcmp(f->group, p->field->group) == 0)
			p->field_2 = f;
	}
	return p->field != NULL && (p->field_2 != NULL) == p->c->group;
}

/* ---- steps ---- */

static struct row_id
row_named(const char *name)
{
	struct row_id id = { { 0 } };

	memcpy(id.b, name, strlen(name));
	id.b[15] = 1;
	return id;
}

/* what the model's value is in the field's own type */
static struct value
engine_value(const struct field *f, const struct model_value *v)
{
	if (v->kind == MODEL_NULL)
		return (struct value){ .type = VALUE_NULL };
	if (v->kind == MODEL_NUMBER)
		return (struct value){ .type = f->type, .i = v->number };
	return (struct value){ VALUE_TEXT, 0, (const uint8_t *)v->text, v->n };
}

static void
add_field(struct op *op, const struct field *f, struct value v)
{
	op->fields[op->field_count].number = f->number;
	op->fields[op->field_count++].value = v;
}

/* the operation that a step writes; text: room for its values */
static void
make_op(struct play *p, const struct case_step *s, struct op *op,
    char text[2][CASE_WORD_BYTES], struct row_id *supersedes)
{
	struct model_value v;

	op->kind =
	    s->kind == STEP_NEW || s->kind == STEP_ROW ? OP_INSERT : OP_SET;
	op->table = p->table->number;
	op->row = p->c->single ? row_named(s->row) : p->row;
	op->at_ms = WORLD_START_MS + s->at * 1000;
	if (s->kind == STEP_NEW)
		return;
	if (s->kind == STEP_ANSWER) {
		op->reason = (struct value){ VALUE_TEXT, 0,
			(const uint8_t *)s->value[0], strlen(s->value[0]) };
		return;
	}
	v = case_value(p->c, s->value[0], text[0]);
	if (s->kind == STEP_STATE) {
		add_field(op, p->table->by_number[REGISTRY_ROW_STATE],
		    (struct value){ VALUE_TEXT, 0, (const uint8_t *)v.text,
			v.n });
		return;
	}
	add_field(op, p->field, engine_value(p->field, &v));
	if (p->c->group) {
		v = case_value(p->c, s->value[1], text[1]);
		add_field(op, p->field_2, engine_value(p->field_2, &v));
	}
	if (s->supersedes[0] == '\0')
		return;
	*supersedes = row_named(s->supersedes);
	add_field(op, p->table->by_number[REGISTRY_SUPERSEDES],
	    (struct value){ VALUE_ID, 0, supersedes->b, ID_BYTES });
}

/* As a person writes; false: the engine refuses it at the write. */
static bool
save(struct play *p, unsigned n, const struct op *op)
{
	struct write_field fields[4];
	const struct table *t =
	    replica_registry(p->w.node[n].replica)->by_number[p->table->number];
	struct row_id staff = world_note(&p->w, n);
	struct write_request q = {
		.table = t,
		.row = &op->row,
		.insert = op->kind == OP_INSERT,
		.subject = &p->w.subject,
		.staff = &staff,
		.resolve = true,
		.fields = fields,
		.field_count = op->field_count,
	};

	/* into the record that all of this is about, whoever writes */
	if (n >= WORLD_FOREIGN || op->reason.type != VALUE_NULL)
		q.cpt = world_compartment(&p->w, n)->no;
	if (op->reason.type != VALUE_NULL) {
		q.insert = true;
		q.reason = (const char *)op->reason.p;
	}
	for (size_t i = 0; i < op->field_count; i++) {
		fields[i].field = t->by_number[op->fields[i].number];
		fields[i].value = op->fields[i].value;
	}
	p->w.node[n].env->wall_ms = op->at_ms;
	return write_row(p->w.node[n].replica, NULL, NULL, &q, NULL) == OK;
}

/* As a program that does not ask: straight into the log. */
static void
append(struct play *p, unsigned n, struct op *op)
{
	struct replica *r = p->w.node[n].replica;
	struct compartment *c;
	struct fail f = { 0 };
	int64_t segment;

	op->staff = world_note(&p->w, n);
	world_must(replica_begin(r, &f), &f, "begin");
	c = world_compartment(&p->w, n);
	world_must(log_append(r, c, &segment, op, &f), &f, "append");
	c->rederive = true;
	c->changed = true;
	world_must(replica_commit(r, &f), &f, "commit");
}

static void
do_step(struct play *p, const struct case_step *s)
{
	unsigned n = p->letter[(int)s->node];
	char text[2][CASE_WORD_BYTES];
	struct row_id supersedes;
	struct op op = { 0 };

	if (s->kind == STEP_SYNC) {
		world_sync(&p->w, n, p->letter[(int)s->to], 0);
		return;
	}
	make_op(p, s, &op, text, &supersedes);
	if (!save(p, n, &op))
		append(p, n, &op);
}

/* ---- what a machine shows ---- */

struct shown {
	struct play *p;
	bool there;
	unsigned rows, told;
	const char *wrong;
	unsigned conflicts;
};

static const struct case_step *
named(const struct merge_case *c, const char *name)
{
	for (size_t i = 0; i < c->step_count; i++)
		if (c->steps[i].kind != STEP_SYNC &&
		    c->steps[i].kind != STEP_HIDE &&
		    strcmp(c->steps[i].name, name) == 0)
			return &c->steps[i];
	return NULL;
}

/* in static memory */
static const char *
describe(const struct model_value *have)
{
	static char text[100];

	(void)snprintf(text, sizeof(text), "value is %.*s (%d, %lld)",
	    have->kind == MODEL_TEXT ? (int)have->n : 0, have->text,
	    (int)have->kind, (long long)have->number);
	return text;
}

static bool
on_row(void *context, const struct read_row *row)
{
	struct shown *s = context;
	const struct merge_case *c = s->p->c;
	const struct field *field[2] = { s->p->field, s->p->field_2 };
	char text[CASE_WORD_BYTES];

	s->there = true;
	for (size_t i = 0; i < (c->group ? 2u : 1u); i++) {
		struct model_value want = case_value(c, c->value[i], text);
		struct model_value have =
		    as_model_value(&row->values[field[i]->number]);

		if (!model_equal(&want, &have))
			s->wrong = describe(&have);
	}
	return false;
}

/* is this value of the conflict the write of this name? */
static bool
is_write(const struct play *p, const struct conflict_value *v, const char *name)
{
	const struct case_step *s = named(p->c, name);
	char text[CASE_WORD_BYTES];
	struct model_value want, have;

	if (s == NULL ||
	    world_node_of(&v->node) != (int)p->letter[(int)s->node])
		return false;
	if (p->c->single) {
		struct row_id id = row_named(name);

		return id_equal(&id, &v->row);
	}
	want = case_value(p->c, s->value[0], text);
	have = as_model_value(&v->value);
	return model_equal(&want, &have) &&
	    v->at_ms == WORLD_START_MS + s->at * 1000;
}

static bool
on_conflict(void *context, const struct conflict *c)
{
	static const enum conflict_reason reasons[] = {
		[LOOK_NOTICE] = CONFLICT_RULE,
		[LOOK_BOTH] = CONFLICT_BOTH,
		[LOOK_ROWS] = CONFLICT_ROWS,
		[LOOK_OVERLAP] = CONFLICT_OVERLAP,
		[LOOK_ALARM] = CONFLICT_ALARM,
	};
	struct shown *s = context;
	const struct merge_case *m = s->p->c;

	if (c->table->number != s->p->table->number ||
	    c->reason == CONFLICT_ANSWER || c->reason == CONFLICT_PROPOSAL)
		return true;
	s->conflicts++;
	if (m->look == LOOK_NOBODY || c->reason != reasons[m->look] ||
	    (c->kind == CONFLICT_NOTICE) != (m->look == LOOK_NOTICE)) {
		s->wrong = "who must look";
		return false;
	}
	if (c->who_decides == NULL || c->who_decides[0] == '\0')
		s->wrong = "nobody is named to decide";
	if (m->single) {
		if (c->value_count != m->standing_count)
			s->wrong = "rows of the conflict";
		return true;
	}
	for (size_t i = 0; i < m->standing_count; i++) {
		bool found = false;

		for (size_t k = 0; k < c->value_count; k++)
			found |= is_write(s->p, &c->values[k], m->standing[i]);
		if (!found)
			s->wrong = "a standing write is not in the conflict";
	}
	return true;
}

/* which names the line gives what is told like this */
static bool
on_proposal(void *context, const struct proposal *t)
{
	struct shown *s = context;
	const struct merge_case *c = s->p->c;
	unsigned state = t->answer == NULL ? MODEL_OPEN
	    : t->answer->accepted          ? MODEL_ACCEPTED
					   : MODEL_DECLINED;
	bool found = false;

	s->told++;
	for (size_t i = 0; i < c->proposed_count[state]; i++) {
		struct row_id id = row_named(c->proposed[state][i]);

		found |= t->field == NULL
		    ? id_equal(&id, &t->value.row)
		    : is_write(s->p, &t->value, c->proposed[state][i]);
	}
	if (!found)
		s->wrong = "what came of a proposal";
	return found;
}

static void
check_proposals(struct play *p, unsigned n, struct shown *s)
{
	const struct merge_case *c = p->c;
	struct replica *r = p->w.node[n].replica;
	const struct table *t =
	    replica_registry(r)->by_number[p->table->number];
	struct fail f = { 0 };
	size_t want = 0;

	for (unsigned i = MODEL_OPEN; i <= MODEL_DECLINED; i++)
		want += c->proposed_count[i];
	for (char name[] = "r0"; s->wrong == NULL && name[1] <= '9';
	     name[1]++) {
		struct row_id id = c->single ? row_named(name) : p->row;

		world_must(proposal_list(r, t, &id, on_proposal, s, &f), &f,
		    "proposals");
		if (!c->single)
			break;
	}
	if (s->wrong == NULL && s->told != want)
		s->wrong = "number of proposals";
}

static void
check_node(struct play *p, unsigned n)
{
	struct replica *r = p->w.node[n].replica;
	const struct table *t =
	    replica_registry(r)->by_number[p->table->number];
	struct compartment *c = world_compartment(&p->w, n);
	struct shown s = { .p = p };
	struct fail f = { 0 };
	enum err e = OK;

	if (!p->c->single)
		e = read_get(r, t, &p->row, c->no, on_row, &s, &f);
	if (e != OK && e != ERR_NOTFOUND && e != ERR_WAIT)
		world_must(e, &f, "read");
	if (!p->c->single && s.there == p->c->absent)
		s.wrong = s.there ? "the row should be absent" : "no row";
	if (s.wrong == NULL)
		world_must(conflict_list(r, NULL, NULL, true, on_conflict, &s,
			       &f),
		    &f, "conflicts");
	if (s.wrong == NULL && s.conflicts != (p->c->look != LOOK_NOBODY))
		s.wrong = "number of conflicts";
	if (s.wrong == NULL)
		check_proposals(p, n, &s);
	if (s.wrong != NULL && p->wrong == NULL)
		p->wrong = s.wrong;
}

/* ---- a case ---- */

/* A to D are the owner agency's registrars, X and Y the other agency's. */
static void
give_letters(struct play *p)
{
	unsigned n[4] = { 0, 1, 2, 3 };

	for (size_t i = 1; i < 4; i++)
		for (size_t k = i;
		     k > 0 && world_tag_compare(n[k - 1], n[k]) > 0; k--) {
			unsigned t = n[k];

			n[k] = n[k - 1];
			n[k - 1] = t;
		}
	for (size_t i = 0; i < 4; i++)
		p->letter['A' + i] = n[i];
	p->letter['X'] = WORLD_FOREIGN;
}

/* Those of the case, A, and one that only looks on. */
static unsigned
nodes_of(const struct play *p)
{
	unsigned set = 1u << p->letter['A'] | 1u << p->letter['D'];

	for (size_t i = 0; i < p->c->step_count; i++) {
		const struct case_step *s = &p->c->steps[i];

		set |= 1u << p->letter[(int)s->node];
		if (s->kind == STEP_SYNC)
			set |= 1u << p->letter[(int)s->to];
	}
	return set;
}

static void
begin(struct play *p, uint64_t seed)
{
	struct fail f = { 0 };
	struct row_id staff;
	struct write_request q = { .insert = true };
	struct compartment *c;
	struct replica *r;

	world_found(false, WORLD_SCHEMAS);
	give_letters(p);
	world_start(&p->w, nodes_of(p), WORLD_SCHEMAS, seed, false);
	for (unsigned n = 0; n < WORLD_NODES; n++)
		if (p->w.node[n].used && n != WORLD_LATE)
			world_introduce(&p->w, n);
	p->w.subject = row_named("subject");
	p->row = p->c->bare ? row_named("r") : p->w.subject;
	r = p->w.node[p->letter['A']].replica;
	staff = world_note(&p->w, p->letter['A']);
	q.table = replica_registry(r)->by_number[1];
	q.row = &p->w.subject;
	q.staff = &staff;
	p->w.node[p->letter['A']].env->wall_ms = WORLD_START_MS;
	world_must(write_row(r, NULL, NULL, &q, &f), &f, "the first row");
	world_must(compartment_find(r, &c, world_agency(0), &p->w.subject,
		       WORLD_CATEGORY, &f),
	    &f, "the compartment");
	p->w.compartment = c->id;
	world_must(world_share(&p->w, p->letter['A'],
		       p->c->read ? GRANT_READ : GRANT_WRITE, false, &f),
	    &f, "sharing");
	for (unsigned n = 0; n < WORLD_NODES; n++)
		if (p->w.node[n].used && n != p->letter['A'])
			world_sync(&p->w, p->letter['A'], n, 0);
}

static const char *
play_case(const struct merge_case *c, uint64_t seed)
{
	static struct play p;
	uint64_t shuffle = seed;

	p = (struct play){ .c = c };
	begin(&p, seed);
	if (!find_field(&p,
		replica_registry(p.w.node[p.letter['A']].replica))) {
		world_stop(&p.w);
		return "no column has this rule";
	}
	for (size_t i = 0; i < c->step_count; i++)
		do_step(&p, &c->steps[i]);
	for (unsigned round = 0; round < 2; round++)
		for (unsigned a = 0; a < WORLD_NODES; a++)
			for (unsigned b = 0; b < WORLD_NODES; b++)
				if (a != b && p.w.node[a].used &&
				    p.w.node[b].used)
					world_sync(&p.w, seed % 2 ? a : b,
					    seed % 2 ? b : a,
					    world_draw(&shuffle, 1000));
	for (unsigned n = 0; n < WORLD_NODES; n++)
		if (p.w.node[n].used)
			check_node(&p, n);
	if (p.wrong == NULL && p.w.wrong[0] != '\0')
		p.wrong = "what a segment claims to have seen";
	world_stop(&p.w);
	return p.wrong;
}

void
history_table(unsigned *played, unsigned *wrong)
{
	FILE *file = fopen("tests/merge/table.txt", "r");
	static struct merge_case c;
	unsigned line = 0;

	*played = *wrong = 0;
	while (file != NULL && case_next(file, &c, &line) == 1) {
		const char *why = NULL;

		/* keys that came late are played by the histories */
		if (c.viewer != 0)
			continue;
		for (uint64_t seed = 1; seed <= ORDERS && why == NULL; seed++)
			why = play_case(&c, seed * 97 + line);
		++*played;
		if (why == NULL)
			continue;
		++*wrong;
		printf("# line %u: %s: %s\n", c.line, why, c.text);
	}
	if (file != NULL)
		(void)fclose(file);
}
