/* Rows come from a callback of read.h; nothing here writes. */
#include "node/show_proposal.h"

#include "node/named.h"

#include <string.h>

const char *
show_rule(enum rule rule)
{
	static const char *const names[] = {
		[RULE_LATEST] = "latest",
		[RULE_RANKED] = "ranked",
		[RULE_MAX] = "max",
		[RULE_MIN] = "min",
		[RULE_ONCE] = "once",
		[RULE_BOTH] = "both",
		[RULE_TEXT] = "text",
	};

	return names[rule];
}

bool
show_set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) == 0;
}

static json_t *
hex_json(const uint8_t *p, size_t n)
{
	char text[2 * SEGMENT_ID_BYTES + 1];

	hex_encode(text, p, n);
	return json_string(text);
}

/* ---- conflicts ---- */

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
one_value(struct run *run, const struct conflict *c,
    const struct conflict_value *v)
{
	char text[ID_TEXT_BYTES], at[NAME_TIME_BYTES];
	json_t *j = json_object();
	bool ok;

	name_time(at, v->at_ms, v->offset_min);
	ok = show_set(j, "n", json_integer(v->n)) &&
	    show_set(j, "value", field_json(c->field, &v->value)) &&
	    show_set(j, "staff", staff_json(run, &v->staff)) &&
	    show_set(j, "node",
		json_string(name_of_node(run, &v->node, text))) &&
	    show_set(j, "at", json_string(at));
	if (ok && c->reason == CONFLICT_ROWS)
		ok = show_set(j, "row", hex_json(v->row.b, ID_BYTES));
	if (ok)
		return j;
	json_decref(j);
	return NULL;
}

static const struct field *
conflict_field(const struct conflict *c)
{
	if (c->field != NULL)
		return c->field;
	return c->table->by_number[c->table->single_field];
}

static const char *
conflict_rule(const struct conflict *c)
{
	return c->reason == CONFLICT_ROWS ? "single"
					  : show_rule(conflict_field(c)->rule);
}

static bool
is_proposal(const struct conflict *c)
{
	return c->reason == CONFLICT_PROPOSAL || c->reason == CONFLICT_ANSWER;
}

static bool
set_where(json_t *j, const struct conflict *c)
{
	bool personal = c->table->subject == SUBJECT_PERSON;

	return show_set(j, "no", json_integer(c->no)) &&
	    (!personal ||
		show_set(j, "person", hex_json(c->subject.b, ID_BYTES))) &&
	    show_set(j, "kind",
		json_string(
		    c->kind == CONFLICT_DECISION ? "decision" : "notice")) &&
	    show_set(j, "table", json_string(c->table->name)) &&
	    show_set(j, "id", hex_json(c->row.b, ID_BYTES)) &&
	    show_set(j, "category",
		json_string(c->category != NULL ? c->category : ""));
}

static bool
set_disagreement(struct run *run, json_t *j, const struct conflict *c)
{
	const struct field *field = conflict_field(c);
	json_t *values = json_array();
	bool ok = values != NULL;

	for (size_t i = 0; ok && i < c->value_count; i++)
		ok = json_array_append_new(values,
			 one_value(run, c, &c->values[i])) == 0;
	ok = ok && show_set(j, "field", json_string(field->name)) &&
	    show_set(j, "rule", json_string(conflict_rule(c))) &&
	    show_set(j, "shown", field_json(field, &c->shown)) &&
	    show_set(j, "values", json_incref(values)) &&
	    show_set(j, "who_decides",
		json_string(c->who_decides != NULL ? c->who_decides : ""));
	json_decref(values);
	return ok;
}

json_t *
show_conflict_json(struct run *run, const struct conflict *c, bool with_row)
{
	json_t *j = json_object();
	bool ok = j != NULL && (!with_row || set_where(j, c)) &&
	    (is_proposal(c) ? show_proposal_set(run, j, c)
			    : set_disagreement(run, j, c));

	if (ok)
		return j;
	json_decref(j);
	return NULL;
}

void
show_what(struct buf *out, const struct run *run, const struct table *t,
    const struct row_id *row, const struct row_id *subject)
{
	const struct table *person =
	    registry_table(replica_registry(run->replica), "person");

	buf_printf(out, "%s ", t->name);
	if (t->subject == SUBJECT_PERSON && !t->self && person != NULL) {
		buf_printf(out, "of ");
		named_show(out, run, person, subject);
	} else {
		named_show(out, run, t, row);
	}
}

static void
say_value(struct run *run, const struct conflict *c,
    const struct conflict_value *v)
{
	char text[ID_TEXT_BYTES], at[NAME_TIME_BYTES];
	struct buf b = { 0 };

	name_time(at, v->at_ms, v->offset_min);
	if (c->reason == CONFLICT_ROWS) {
		hex_encode(text, v->row.b, ID_BYTES);
		buf_printf(&b, "row %s", text);
	} else {
		field_show(&b, run, conflict_field(c), &v->value);
	}
	buf_printf(&b, "   (");
	name_show_staff(&b, run, &v->staff);
	run_say(run, "      %u: %s, %s, %s)\n", v->n, buf_cstr(&b),
	    name_of_node(run, &v->node, text), at);
	buf_release(&b);
}

void
show_conflict_text(struct run *run, const struct conflict *c)
{
	const struct field *field = conflict_field(c);
	char id[ID_TEXT_BYTES];
	struct buf what = { 0 }, shown = { 0 };

	if (is_proposal(c)) {
		show_proposal_text(run, c);
		return;
	}
	show_what(&what, run, c->table, &c->row, &c->subject);
	field_show(&shown, run, field, &c->shown);
	hex_encode(id, c->row.b, ID_BYTES);
	run_say(run, "%lld  %s  %s  %s", (long long)c->no,
	    c->kind == CONFLICT_DECISION ? "DECIDE" : "notice", buf_cstr(&what),
	    field->name);
	if (c->reason == CONFLICT_ROWS)
		run_say(run, ": %zu rows where there should be one\n",
		    c->value_count);
	else
		run_say(run, " shows %s (rule %s)\n", buf_cstr(&shown),
		    conflict_rule(c));
	for (size_t i = 0; i < c->value_count; i++)
		say_value(run, c, &c->values[i]);
	if (c->kind == CONFLICT_DECISION)
		run_say(run,
		    "      the %s decides: footbridge resolve %lld --keep %s\n",
		    c->who_decides != NULL ? c->who_decides : "reader",
		    (long long)c->no, c->value_count == 2 ? "1 or 2" : "K");
	run_say(run, "      %s %s\n", c->table->name, id);
	buf_release(&what);
	buf_release(&shown);
}

/* ---- rows ---- */

static json_t *
fields_json(const struct read_row *row)
{
	json_t *j = json_object();

	/* the pseudo field that put takes: whose row it is */
	if (row->table->subject == SUBJECT_PERSON && !row->table->self &&
	    !show_set(j, "person", hex_json(row->subject.b, ID_BYTES))) {
		json_decref(j);
		return NULL;
	}
	for (size_t i = 0; i < row->table->field_count; i++) {
		const struct field *field = &row->table->fields[i];
		const struct value *v = &row->values[field->number];

		if (field->number >= REGISTRY_ROW_STATE &&
		    v->type == VALUE_NULL)
			continue;
		if (!show_set(j, field->name, field_json(field, v))) {
			json_decref(j);
			return NULL;
		}
	}
	return j;
}

struct collect {
	struct run *run;
	json_t *array;
	const struct read_row *row;
	bool failed;
};

static bool
take_conflict(void *context, const struct conflict *c)
{
	struct collect *k = context;

	if (c->cpt != k->row->cpt || c->reason == CONFLICT_ANSWER)
		return true;
	if (json_array_append_new(k->array,
		show_conflict_json(k->run, c, false)) != 0)
		k->failed = true;
	return !k->failed;
}

static json_t *
conflicts_json(struct run *run, const struct read_row *row, struct fail *f)
{
	struct collect k = { .run = run, .array = json_array(), .row = row };

	if (k.array == NULL)
		return NULL;
	if (row->has_conflict &&
	    (conflict_list(run->replica, row->table, &row->id, true,
		 take_conflict, &k, f) != OK ||
		k.failed)) {
		json_decref(k.array);
		return NULL;
	}
	return k.array;
}

json_t *
show_row_json(struct run *run, const struct read_row *row, struct fail *f)
{
	char seen[SEEN_TEXT_BYTES], text[ID_TEXT_BYTES];
	json_t *j, *conflicts, *proposals;
	bool ok;

	if (read_seen(run->replica, seen, row, f) != OK)
		return NULL;
	conflicts = conflicts_json(run, row, f);
	if (conflicts == NULL)
		return NULL;
	proposals = show_proposals_json(run, row->table, &row->id, row->cpt, f);
	if (proposals == NULL) {
		json_decref(conflicts);
		return NULL;
	}
	j = json_object();
	ok = show_set(j, "table", json_string(row->table->name)) &&
	    show_set(j, "id", hex_json(row->id.b, ID_BYTES)) &&
	    show_set(j, "category",
		json_string(row->category != NULL ? row->category : "")) &&
	    show_set(j, "owner",
		json_string(name_of_agency(run, &row->owner, text))) &&
	    show_set(j, "seen", json_string(seen));
	ok = ok && show_set(j, "fields", fields_json(row)) &&
	    show_set(j, "conflicts", json_incref(conflicts));
	if (ok && json_array_size(proposals) > 0)
		ok = show_set(j, "proposals", json_incref(proposals));
	json_decref(conflicts);
	json_decref(proposals);
	if (ok)
		return j;
	json_decref(j);
	(void)fail_set(f, ERR_NOMEM, "the JSON answer");
	return NULL;
}

static bool
say_conflict(void *context, const struct conflict *c)
{
	struct collect *k = context;

	/* answers were shown among the proposals */
	if (c->cpt == k->row->cpt && c->reason != CONFLICT_ANSWER)
		show_conflict_text(k->run, c);
	return true;
}

enum err
show_row_text(struct run *run, const struct read_row *row, struct fail *f)
{
	struct collect k = { .run = run, .row = row };
	char seen[SEEN_TEXT_BYTES], id[ID_TEXT_BYTES], text[ID_TEXT_BYTES];
	struct buf b = { 0 };
	enum err e = read_seen(run->replica, seen, row, f);

	if (e != OK)
		return e;
	hex_encode(id, row->id.b, ID_BYTES);
	show_what(&b, run, row->table, &row->id, &row->subject);
	run_say(run, "%s\n  %-20s %s\n  %-20s %s of %s\n", buf_cstr(&b), "id",
	    id, "category", row->category != NULL ? row->category : "",
	    name_of_agency(run, &row->owner, text));
	for (size_t i = 0; i < row->table->field_count; i++) {
		const struct field *field = &row->table->fields[i];
		const struct value *v = &row->values[field->number];

		if (v->type == VALUE_NULL)
			continue;
		buf_reset(&b);
		field_show(&b, run, field, v);
		run_say(run, "  %-20s %s\n", field->name, buf_cstr(&b));
	}
	run_say(run, "  %-20s %s\n", "seen", seen);
	buf_release(&b);
	e = show_proposals_text(run, row->table, &row->id, row->cpt, f);
	if (e != OK || !row->has_conflict)
		return e;
	return conflict_list(run->replica, row->table, &row->id, true,
	    say_conflict, &k, f);
}

static bool
any_conflict(void *context, const struct conflict *c)
{
	struct collect *k = context;

	k->failed = c->cpt == k->row->cpt &&
	    c->reason != CONFLICT_ANSWER; /* found one */
	return !k->failed;
}

/* The row's own; has_conflict speaks of the whole compartment. */
static bool
row_has_conflict(struct run *run, const struct read_row *row)
{
	struct collect k = { .run = run, .row = row };

	if (row->has_conflict)
		(void)conflict_list(run->replica, row->table, &row->id, true,
		    any_conflict, &k, NULL);
	return k.failed;
}

void
show_row_line(struct run *run, const struct read_row *row)
{
	char id[ID_TEXT_BYTES];
	struct buf b = { 0 };
	const char *sep = "";

	hex_encode(id, row->id.b, ID_BYTES);
	for (size_t i = 0; i < row->table->field_count; i++) {
		const struct field *field = &row->table->fields[i];
		const struct value *v = &row->values[field->number];

		if (v->type == VALUE_NULL)
			continue;
		buf_printf(&b, "%s%s: ", sep, field->name);
		field_show(&b, run, field, v);
		sep = ", ";
	}
	run_say(run, "%s  %s  %s%s\n", id, row->table->name, buf_cstr(&b),
	    row_has_conflict(run, row) ? "  [has conflicts]" : "");
	buf_release(&b);
}

void
show_received(struct run *run, int64_t received,
    const int64_t outcome[static OUTCOME_COUNT])
{
	static const char *const words[OUTCOME_COUNT] = {
		[OUTCOME_APPLIED] = "new",
		[OUTCOME_DUPLICATE] = "here already",
		[OUTCOME_WAITING] = "waiting for others",
		[OUTCOME_QUARANTINED] = "quarantined",
		[OUTCOME_REFUSED] = "refused",
	};
	const char *sep = " (";

	run_say(run, "%lld received", (long long)received);
	for (int i = 0; i < OUTCOME_COUNT; i++) {
		if (outcome[i] == 0)
			continue;
		run_say(run, "%s%lld %s", sep, (long long)outcome[i], words[i]);
		sep = ", ";
	}
	run_say(run, "%s", sep[0] == ',' ? ")" : "");
	if (outcome[OUTCOME_WAITING] + outcome[OUTCOME_QUARANTINED] +
		outcome[OUTCOME_REFUSED] >
	    0)
		run_say(run, "; footbridge held says why");
}

/* In seconds that are said in few words: whole minutes, or hours. */
static int64_t
rounded_up(int64_t ms)
{
	int64_t unit = ms > 3600000 ? 3600 : 60;

	return ms <= 0 ? 60 : (ms / 1000 + unit) / unit * unit;
}

void
show_peer(struct buf *out, const struct lane_peer_info *p, int64_t now_ms)
{
	uint64_t pending = 0;

	for (size_t i = 0; i < LANE_COUNT; i++)
		pending += p->pending[i];
	if (p->last_ok_ms == 0) {
		buf_printf(out, "nothing from it yet");
	} else {
		buf_printf(out, "as of ");
		name_ago(out, now_ms, p->last_ok_ms);
	}
	if (p->aside > 0) {
		buf_printf(out,
		    "; it has no more room today: %lld %s here and %s by "
		    "%s in ",
		    (long long)p->aside, p->aside == 1 ? "waits" : "wait",
		    p->aside == 1 ? "goes" : "go",
		    p->aside == 1 ? "itself" : "themselves");
		name_span(out, rounded_up(p->again_ms - now_ms));
	}
	if (pending > 0)
		buf_printf(out, "; %llu to send", (unsigned long long)pending);
	else if (p->aside == 0)
		buf_printf(out, "; nothing to send%s",
		    p->receipt ? ", it signed for all it was sent" : "");
	if (p->sweep_equal_ms != 0) {
		buf_printf(out, "; compared equal ");
		name_ago(out, now_ms, p->sweep_equal_ms);
	}
	if (p->last_error[0] != '\0')
		buf_printf(out, "; the last try failed: %s", p->last_error);
	if (p->stalled_ms == 0)
		return;
	buf_printf(out, "; it answers and has taken nothing since ");
	name_ago(out, now_ms, p->stalled_ms);
	buf_printf(out,
	    ": nothing is lost; ask there for footbridge status (a full disk,"
	    " an old program), or carry a bundle");
}
