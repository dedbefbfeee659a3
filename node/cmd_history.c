/* history. */
#include "node/cmd.h"

#include <stdio.h>

#include "node/journal.h"
#include "node/show.h"
#include "node/show_gate.h"
#include "node/view.h"
#include "sync/compartment.h"

/* What came of one proposal, for the operation that made it. */
struct outcome_of {
	int64_t segment;
	unsigned index;
	const char *state;
};
/* more proposals of one row are told without what came of them */
#define OUTCOMES_MAX 256

struct telling {
	struct run *run;
	const struct table *table;
	json_t *array; /* NULL: text */
	bool failed;
	struct outcome_of outcomes[OUTCOMES_MAX];
	size_t outcome_count;
	int64_t cpt; /* of a row that is only proposed */
};

static bool
take_outcome(void *context, const struct proposal *p)
{
	struct telling *t = context;

	t->cpt = p->cpt;
	if (t->outcome_count == OUTCOMES_MAX)
		return false;
	t->outcomes[t->outcome_count++] = (struct outcome_of){
		.segment = p->value.segment,
		.index = p->value.index,
		.state = p->answer == NULL ? "open"
		    : p->answer->accepted  ? "accepted"
					   : "declined",
	};
	return true;
}

/* "open", ...; NULL: not a proposal. Fields of one may have gone apart: the
 * first one speaks. */
static const char *
outcome(const struct telling *t, const struct read_event *e)
{
	if (e->proposed == 0 && !e->proposed_row)
		return NULL;
	for (size_t i = 0; i < t->outcome_count; i++) {
		if (t->outcomes[i].segment == e->segment &&
		    t->outcomes[i].index == e->index)
			return t->outcomes[i].state;
	}
	return e->proposed_row ? "proposed" : "replaced";
}

static json_t *
event_fields(const struct telling *t, const struct read_event *e)
{
	json_t *j = json_object();
	char name[24];

	for (size_t i = 0; i < e->op->field_count; i++) {
		unsigned number = e->op->fields[i].number;
		const struct field *field = number <= REGISTRY_FIELD_MAX
		    ? t->table->by_number[number]
		    : NULL;

		(void)snprintf(name, sizeof(name), "field %u", number);
		if (!show_set(j, field != NULL ? field->name : name,
			field_json(field, &e->op->fields[i].value)))
			break;
	}
	return j;
}

static json_t *
event_json(const struct telling *t, const struct read_event *e)
{
	char node[ID_TEXT_BYTES], at[NAME_TIME_BYTES];
	char segment[2 * SEGMENT_ID_BYTES + 1];
	struct buf staff = { 0 };
	json_t *j;

	name_time(at, e->op->at_ms, e->op->offset_min);
	hex_encode(segment, e->segment_id.b, SEGMENT_ID_BYTES);
	name_show_staff(&staff, t->run, &e->op->staff);
	j = json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:o}", "what",
	    e->op->kind == OP_INSERT ? "insert" : "set", "at", at, "staff",
	    buf_cstr(&staff), "node", name_of_node(t->run, &e->node, node),
	    "sealed", e->sealed, "standing", e->standing, "fields",
	    event_fields(t, e));
	buf_release(&staff);
	if (j != NULL && e->sealed)
		(void)show_set(j, "segment", json_string(segment));
	if (j != NULL && outcome(t, e) != NULL)
		(void)show_set(j, "proposal", json_string(outcome(t, e)));
	if (j != NULL && e->op->reason.n > 0)
		(void)show_set(j, "reason",
		    json_stringn((const char *)e->op->reason.p,
			e->op->reason.n));
	return j;
}

static const char *
what_was_done(const struct read_event *e)
{
	if (e->proposed_row)
		return "proposed it";
	if (e->op->kind == OP_INSERT)
		return "made it";
	if (e->proposed != 0)
		return "proposed a change";
	return e->op->field_count > 0 ? "changed it" : "declined it";
}

static void
event_text(const struct telling *t, const struct read_event *e)
{
	const char *came = outcome(t, e);
	char node[ID_TEXT_BYTES], at[NAME_TIME_BYTES];
	struct buf b = { 0 };

	name_time(at, e->op->at_ms, e->op->offset_min);
	name_show_staff(&b, t->run, &e->op->staff);
	run_say(t->run, "%s  %s at %s  %s%s%s%s\n", at, buf_cstr(&b),
	    name_of_node(t->run, &e->node, node), what_was_done(e),
	    came != NULL ? ": " : "", came != NULL ? came : "",
	    e->sealed ? "" : "  (not sent yet)");
	if (e->op->reason.n > 0)
		run_say(t->run, "    %-20s %.*s\n", "because",
		    (int)e->op->reason.n, e->op->reason.p);
	for (size_t i = 0; i < e->op->field_count; i++) {
		const struct field *field =
		    t->table->by_number[e->op->fields[i].number];

		buf_reset(&b);
		field_show(&b, t->run, field, &e->op->fields[i].value);
		run_say(t->run, "    %-20s %s\n",
		    field != NULL ? field->name : "(a newer field)",
		    buf_cstr(&b));
	}
	buf_release(&b);
}

static bool
tell(void *context, const struct read_event *e)
{
	struct telling *t = context;

	if (t->array == NULL)
		event_text(t, e);
	else if (json_array_append_new(t->array, event_json(t, e)) != 0)
		t->failed = true;
	return !t->failed;
}

/* Of a row that is only proposed: where it would stand says who reads it. */
static enum err
tell_proposed(struct telling *t, const struct row_id *id, struct fail *f)
{
	struct compartment *c;
	struct view_place at;
	struct view v;
	bool reads;
	enum err e = compartment_get(t->run->replica, &c, t->cpt, f);

	if (e == OK)
		e = view_begin(&v, t->run, f);
	if (e != OK)
		return e;
	at = (struct view_place){ .cpt = c->no,
		.subject = &c->subject,
		.category = c->has_subject ? c->category : NULL,
		.owner = &c->owner };
	reads = c->has_subject && view_reads_at(&v, &at, &e, f);
	if (reads)
		journal_saw(t->run, t->table, id, &c->subject);
	view_end(&v);
	if (e != OK)
		return e;
	return reads
	    ? read_history(t->run->replica, t->table, id, t->cpt, tell, t, f)
	    : ERR_NOTFOUND;
}

enum err
cmd_history(struct run *run, struct fail *f)
{
	struct telling t = { .run = run };
	struct row_id id;
	enum err e;

	e = name_table(&t.table, run, run_word(run, 0), f);
	if (e == OK)
		e = name_found(&id, run, t.table, run_word(run, 1), f);
	if (e == OK)
		e = show_gate_must_read(run, t.table, &id, f);
	if (e != OK)
		return e;
	if (run->cli->json)
		t.array = json_array();
	e = proposal_list(run->replica, t.table, &id, take_outcome, &t, f);
	if (e == OK)
		e = read_history(run->replica, t.table, &id, 0, tell, &t, f);
	if (e == ERR_NOTFOUND && t.cpt != 0)
		e = tell_proposed(&t, &id, f);
	if (e == ERR_NOTFOUND)
		e = fail_set(f, e, "no %s with this id is here", t.table->name);
	if (e == OK && t.failed)
		e = fail_set(f, ERR_NOMEM, "the history");
	if (e == OK && run->cli->json)
		return run_json(run, t.array, f);
	json_decref(t.array);
	return e;
}
