/*
 * What was proposed, who decides, and what came of it: the same words at the
 * desk that proposed and at the desk that decides.
 */
#include "node/show_proposal.h"

#include <string.h>

static const char *
state_of(const struct proposal_answer *a)
{
	if (a == NULL)
		return "open";
	return a->accepted ? "accepted" : "declined";
}

/* ---- JSON ---- */

static json_t *
staff_json(const struct run *run, const struct row_id *id)
{
	struct buf b = { 0 };
	json_t *j;

	name_show_staff(&b, run, id);
	j = json_stringn((const char *)b.p, b.n);
	buf_release(&b);
	return j;
}

static json_t *
answer_json(struct run *run, const struct proposal_answer *a)
{
	char text[ID_TEXT_BYTES], at[NAME_TIME_BYTES];
	json_t *j = json_object();

	name_time(at, a->at_ms, a->offset_min);
	if (show_set(j, "staff", staff_json(run, &a->staff)) &&
	    show_set(j, "node",
		json_string(name_of_node(run, &a->node, text))) &&
	    show_set(j, "at", json_string(at)) &&
	    show_set(j, "reason",
		json_stringn(a->reason.n > 0 ? (const char *)a->reason.p : "",
		    a->reason.n)))
		return j;
	json_decref(j);
	return NULL;
}

static json_t *
parts_json(const struct conflict_value *v)
{
	json_t *j = json_object();

	for (size_t i = 0; j != NULL && i < v->part_count; i++) {
		const struct conflict_part *part = &v->parts[i];

		if (show_set(j, part->field->name,
			field_json(part->field, &part->value)))
			continue;
		json_decref(j);
		return NULL;
	}
	return j;
}

static json_t *
value_json(struct run *run, const struct conflict_value *v)
{
	char text[ID_TEXT_BYTES], at[NAME_TIME_BYTES];
	json_t *j = json_object();

	name_time(at, v->at_ms, v->offset_min);
	if (show_set(j, "n", json_integer(v->n)) &&
	    show_set(j, "proposed", parts_json(v)) &&
	    show_set(j, "staff", staff_json(run, &v->staff)) &&
	    show_set(j, "node",
		json_string(name_of_node(run, &v->node, text))) &&
	    show_set(j, "at", json_string(at)))
		return j;
	json_decref(j);
	return NULL;
}

static bool
set_field(json_t *j, const struct field *field, const struct value *shown)
{
	if (field == NULL)
		return show_set(j, "field", json_null());
	return show_set(j, "field", json_string(field->name)) &&
	    show_set(j, "shown", field_json(field, shown));
}

bool
show_proposal_set(struct run *run, json_t *j, const struct conflict *c)
{
	char text[ID_TEXT_BYTES];
	json_t *values = json_array();
	bool ok = values != NULL && set_field(j, c->field, &c->shown);

	for (size_t i = 0; ok && i < c->value_count; i++)
		ok = json_array_append_new(values,
			 value_json(run, &c->values[i])) == 0;
	ok = ok && show_set(j, "rule", json_string("proposal")) &&
	    show_set(j, "state", json_string(state_of(c->answer))) &&
	    show_set(j, "values", json_incref(values)) &&
	    show_set(j, "who_decides",
		json_string(c->who_decides != NULL ? c->who_decides : "")) &&
	    show_set(j, "agency_decides",
		json_string(name_of_agency(run, &c->owner, text))) &&
	    show_set(j, "decided_here", json_boolean(c->ours));
	if (ok && c->answer != NULL)
		ok = show_set(j, "answer", answer_json(run, c->answer));
	json_decref(values);
	return ok;
}

struct collect {
	struct run *run;
	int64_t cpt;
	json_t *array;
	bool failed;
};

static bool
take_json(void *context, const struct proposal *p)
{
	struct collect *k = context;
	json_t *j;

	if (p->cpt != k->cpt)
		return true;
	j = value_json(k->run, &p->value);
	k->failed = j == NULL || json_object_del(j, "n") != 0 ||
	    !show_set(j, "state", json_string(state_of(p->answer))) ||
	    (p->answer != NULL &&
		!show_set(j, "answer", answer_json(k->run, p->answer))) ||
	    json_array_append(k->array, j) != 0;
	json_decref(j);
	return !k->failed;
}

json_t *
show_proposals_json(struct run *run, const struct table *t,
    const struct row_id *row, int64_t cpt, struct fail *f)
{
	struct collect k = { .run = run, .cpt = cpt, .array = json_array() };

	if (k.array != NULL &&
	    proposal_list(run->replica, t, row, take_json, &k, f) == OK &&
	    !k.failed)
		return k.array;
	json_decref(k.array);
	return NULL;
}

/* ---- text ---- */

static void
put_parts(struct buf *b, const struct run *run, const struct conflict_value *v)
{
	const char *sep = "";

	for (size_t i = 0; i < v->part_count; i++) {
		const struct conflict_part *part = &v->parts[i];

		buf_printf(b, "%s%s ", sep, part->field->name);
		if (part->value.type == VALUE_NULL)
			buf_printf(b, "(empty)");
		else
			field_show(b, run, part->field, &part->value);
		sep = ", ";
	}
}

static void
put_who(struct buf *b, const struct run *run, const struct row_id *staff,
    const struct node_id *node, int64_t at_ms, int offset_min)
{
	char text[ID_TEXT_BYTES], at[NAME_TIME_BYTES];

	name_time(at, at_ms, offset_min);
	name_show_staff(b, run, staff);
	buf_printf(b, ", %s, %s", name_of_node(run, node, text), at);
}

static void
put_answer(struct buf *b, const struct run *run,
    const struct proposal_answer *a)
{
	buf_printf(b, "%s by ", state_of(a));
	put_who(b, run, &a->staff, &a->node, a->at_ms, a->offset_min);
	if (a->reason.n > 0)
		buf_printf(b, ": %.*s", (int)a->reason.n, a->reason.p);
}

static void
say_value(struct run *run, const struct conflict_value *v)
{
	struct buf b = { 0 };

	put_parts(&b, run, v);
	buf_printf(&b, "   (");
	put_who(&b, run, &v->staff, &v->node, v->at_ms, v->offset_min);
	run_say(run, "      %u: %s)\n", v->n, buf_cstr(&b));
	buf_release(&b);
}

static void
say_decides(struct run *run, const struct conflict *c)
{
	char text[ID_TEXT_BYTES];
	const char *agency = name_of_agency(run, &c->owner, text);

	if (!c->ours)
		run_say(run, "      %s decides; what stands is theirs\n",
		    agency);
	else
		run_say(run,
		    "      the %s decides: footbridge accept %lld%s, or "
		    "footbridge decline %lld --reason WHY\n",
		    c->who_decides != NULL ? c->who_decides : "reader",
		    (long long)c->no, c->value_count > 1 ? " --keep K" : "",
		    (long long)c->no);
}

void
show_proposal_text(struct run *run, const struct conflict *c)
{
	const char *word = c->kind == CONFLICT_NOTICE ? "notice"
	    : c->ours                                 ? "DECIDE"
						      : "waits";
	char id[ID_TEXT_BYTES];
	struct buf b = { 0 };

	hex_encode(id, c->row.b, ID_BYTES);
	show_what(&b, run, c->table, &c->row, &c->subject);
	if (c->field != NULL) {
		buf_printf(&b, "  %s shows ", c->field->name);
		if (c->shown.type == VALUE_NULL)
			buf_printf(&b, "nothing");
		else
			field_show(&b, run, c->field, &c->shown);
		buf_printf(&b, "; proposed");
	} else {
		buf_printf(&b, "  proposed as a new %s", c->table->name);
	}
	run_say(run, "%lld  %s  %s:\n", (long long)c->no, word, buf_cstr(&b));
	for (size_t i = 0; i < c->value_count; i++)
		say_value(run, &c->values[i]);
	buf_reset(&b);
	if (c->answer != NULL) {
		put_answer(&b, run, c->answer);
		run_say(run, "      %s\n", buf_cstr(&b));
	} else {
		say_decides(run, c);
	}
	run_say(run, "      %s %s\n", c->table->name, id);
	buf_release(&b);
}

static bool
say_proposal(void *context, const struct proposal *p)
{
	struct collect *k = context;
	struct buf b = { 0 };

	/* the open ones stand among the conflicts */
	if (p->cpt != k->cpt || p->answer == NULL)
		return true;
	put_parts(&b, k->run, &p->value);
	buf_printf(&b, "   (");
	put_who(&b, k->run, &p->value.staff, &p->value.node, p->value.at_ms,
	    p->value.offset_min);
	run_say(k->run, "  %-20s %s)\n", "proposed", buf_cstr(&b));
	buf_reset(&b);
	put_answer(&b, k->run, p->answer);
	run_say(k->run, "  %-20s %s\n", "", buf_cstr(&b));
	buf_release(&b);
	return true;
}

enum err
show_proposals_text(struct run *run, const struct table *t,
    const struct row_id *row, int64_t cpt, struct fail *f)
{
	struct collect k = { .run = run, .cpt = cpt };

	return proposal_list(run->replica, t, row, say_proposal, &k, f);
}

/* ---- what a write became ---- */

static void
put_names(struct buf *b, const struct table *t, uint64_t fields)
{
	const char *sep = "";

	for (size_t i = 0; i < t->field_count; i++) {
		if ((fields >> t->fields[i].number & 1) == 0)
			continue;
		buf_printf(b, "%s%s", sep, t->fields[i].name);
		sep = ", ";
	}
}

bool
show_told_set(struct run *run, json_t *j, const struct table *t,
    const struct write_told *told)
{
	char text[ID_TEXT_BYTES];
	json_t *names = json_array();
	bool ok = names != NULL;

	if (told->proposed == 0 && !told->proposed_row) {
		json_decref(names);
		return true;
	}
	for (size_t i = 0; ok && i < t->field_count; i++) {
		if ((told->proposed >> t->fields[i].number & 1) != 0)
			ok = json_array_append_new(names,
				 json_string(t->fields[i].name)) == 0;
	}
	ok = ok &&
	    show_set(j, "proposed_to",
		json_string(name_of_agency(run, &told->owner, text))) &&
	    show_set(j, "proposed", json_incref(names));
	json_decref(names);
	return ok;
}

void
show_told_text(struct run *run, const struct table *t,
    const struct write_told *told)
{
	char text[ID_TEXT_BYTES];
	struct buf b = { 0 };

	if (told->proposed == 0 && !told->proposed_row)
		return;
	put_names(&b, t, told->proposed);
	run_say(run,
	    "proposed to %s: %s%s. It stands when they accept it; footbridge "
	    "conflicts --all says what came of it\n",
	    name_of_agency(run, &told->owner, text),
	    told->proposed_row ? "a new " : "",
	    told->proposed_row ? t->name : buf_cstr(&b));
	buf_release(&b);
}
