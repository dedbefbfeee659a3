/* Prefixes are looked up by order of id: rows after the prefix's smallest. */
#include "node/name.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "node/actor.h"
#include "node/near.h"

enum err
name_table(const struct table **out, const struct run *run, const char *text,
    struct fail *f)
{
	const struct registry *g = replica_registry(run->replica);
	const struct table *t = registry_table(g, text);
	struct near near = { .typed = text };

	for (size_t i = 0; t == NULL && i < g->table_count; i++)
		near_offer(&near, g->tables[i].name);
	if (t == NULL)
		return fail_set(f, ERR_INPUT,
		    "no table is called %.40s%s%s%s; footbridge help tables "
		    "lists them; nothing was changed",
		    text, near.best != NULL ? "; did you mean " : "",
		    near.best != NULL ? near.best : "",
		    near.best != NULL ? "?" : "");
	*out = t;
	return OK;
}

#define FIELD_LIST_BYTES 160

/* As many of the field names as one line of an error holds. */
static void
list_fields(char out[static FIELD_LIST_BYTES], const struct table *t)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < t->field_count; i++) {
		size_t n = strlen(t->fields[i].name);

		if (t->fields[i].number >= REGISTRY_ROW_STATE)
			continue;
		if (used + n + 8 > FIELD_LIST_BYTES) {
			memcpy(out + used, ", ...", 6);
			return;
		}
		used += (size_t)snprintf(out + used, FIELD_LIST_BYTES - used,
		    "%s%s", used > 0 ? ", " : "", t->fields[i].name);
	}
}

enum err
name_field(const struct field **out, const struct table *t, const char *text,
    struct fail *f)
{
	const struct field *field = table_field(t, text);
	struct near near = { .typed = text };
	char list[FIELD_LIST_BYTES];

	for (size_t i = 0; field == NULL && i < t->field_count; i++)
		near_offer(&near, t->fields[i].name);
	list_fields(list, t);
	if (field == NULL)
		return fail_set(f, ERR_INPUT,
		    "table %s has no field %.40s%s%s%s; it has %s", t->name,
		    text, near.best != NULL ? "; did you mean " : "",
		    near.best != NULL ? near.best : "",
		    near.best != NULL ? "?" : "", list);
	*out = field;
	return OK;
}

/* ---- ids and prefixes ---- */

struct search {
	const char *prefix; /* lowercase hex, or NULL: count all */
	struct run *run;    /* whoever acts must be able to find it; or NULL */
	struct row_id found;
	size_t count;
};

static bool
take_match(void *context, const struct read_row *row)
{
	struct search *s = context;
	char text[ID_TEXT_BYTES];

	hex_encode(text, row->id.b, ID_BYTES);
	if (s->prefix != NULL &&
	    strncmp(text, s->prefix, strlen(s->prefix)) != 0)
		return false;
	if (s->run != NULL && row->table->subject == SUBJECT_PERSON &&
	    !actor_finds(s->run, &row->subject))
		return true;
	if (s->count > 0 && id_equal(&s->found, &row->id))
		return true; /* the same row in two compartments */
	s->found = row->id;
	s->count++;
	return s->count < 2;
}

static bool
is_hex(const char *text, char lower[static ID_TEXT_BYTES])
{
	size_t n = strlen(text);

	if (n == 0 || n >= ID_TEXT_BYTES)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!isxdigit((unsigned char)text[i]))
			return false;
		lower[i] = (char)tolower((unsigned char)text[i]);
	}
	lower[n] = '\0';
	return true;
}

/* The greatest id below every id that starts with prefix; false: there is
 * none, start at the beginning. */
static bool
just_before(struct row_id *out, const char *prefix)
{
	char text[ID_TEXT_BYTES];
	size_t n = strlen(prefix);

	memset(text, '0', ID_TEXT_BYTES - 1);
	memcpy(text, prefix, n);
	text[ID_TEXT_BYTES - 1] = '\0';
	if (hex_decode(out->b, ID_BYTES, text) != OK)
		return false;
	for (size_t i = ID_BYTES; i > 0; i--) {
		if (out->b[i - 1]-- != 0)
			return true;
	}
	return false;
}

/* finder: only what whoever acts can find; NULL: all */
static enum err
row_named(struct row_id *out, const struct run *run, struct run *finder,
    const struct table *t, const char *text, struct fail *f)
{
	char lower[ID_TEXT_BYTES];
	struct search s = { .prefix = lower, .run = finder };
	struct row_id after;
	struct read_query q = { .table = t, .limit = 8, .all_states = true };
	enum err e;

	if (strncmp(text, "number:", 7) == 0 && t->self &&
	    t->subject == SUBJECT_PERSON)
		return finder != NULL
		    ? actor_find(finder, out, text, f)
		    : read_subject(run->replica, out, text, f);
	if (!is_hex(text, lower))
		return fail_set(f, ERR_INPUT,
		    "%s: want an id of 32 hex digits or its beginning%s, have "
		    "%.40s; footbridge find TEXT shows ids",
		    t->name, t->self ? ", or number:VALUE" : "", text);
	if (strlen(lower) == ID_TEXT_BYTES - 1)
		return hex_decode(out->b, ID_BYTES, lower);
	if (just_before(&after, lower))
		q.after = &after;
	e = read_list(run->replica, &q, take_match, &s, f);
	if (e != OK)
		return e;
	if (s.count == 0)
		return fail_set(f, ERR_NOTFOUND,
		    "no %s here has an id that starts with %s", t->name, lower);
	if (s.count > 1)
		return fail_set(f, ERR_INPUT,
		    "more than one %s has an id that starts with %s; give more "
		    "digits",
		    t->name, lower);
	*out = s.found;
	return OK;
}

enum err
name_row(struct row_id *out, const struct run *run, const struct table *t,
    const char *text, struct fail *f)
{
	return row_named(out, run, NULL, t, text, f);
}

enum err
name_found(struct row_id *out, struct run *run, const struct table *t,
    const char *text, struct fail *f)
{
	return row_named(out, run, run, t, text, f);
}

enum err
name_named(struct row_id *out, const struct run *run, const struct table *t,
    const char *text, struct fail *f)
{
	const struct field *field = table_field(t, "name");
	struct search s = { 0 };
	struct read_filter filter = { .field = field };
	struct read_query q = { .table = t,
		.filters = &filter,
		.filter_count = 1,
		.limit = 8 };
	enum err e;

	if (field == NULL)
		return row_named(out, run, NULL, t, text, f);
	filter.value = (struct value){ .type = VALUE_TEXT,
		.p = (const uint8_t *)text,
		.n = strlen(text) };
	e = read_list(run->replica, &q, take_match, &s, f);
	if (e != OK)
		return e;
	if (s.count > 1)
		return fail_set(f, ERR_INPUT,
		    "more than one %s is called %.60s; give the id", t->name,
		    text);
	if (s.count == 1) {
		*out = s.found;
		return OK;
	}
	e = row_named(out, run, NULL, t, text, f);
	if (e == OK)
		return OK;
	return fail_set(f, e, "no %s here is called %.60s", t->name, text);
}

enum err
name_ref(struct row_id *out, struct run *run, const char *ref, const char *text,
    struct fail *f)
{
	const struct table *t;
	enum err e;

	if (strcmp(ref, "person") == 0)
		return actor_find(run, out, text, f);
	if (strcmp(ref, "agency") == 0) {
		const struct member_agency *a;

		e = members_find_agency(replica_members(run->replica), &a, text,
		    f);
		if (e == OK)
			memcpy(out->b, a->id.b, ID_BYTES);
		return e;
	}
	e = name_table(&t, run, ref, f);
	return e == OK ? name_named(out, run, t, text, f) : e;
}

/* ---- who acts ---- */

struct mine {
	const struct agency_id *agency;
	struct row_id found;
	size_t count;
};

static bool
count_mine(void *context, const struct read_row *row)
{
	struct mine *m = context;

	if (id_equal(&row->owner, m->agency)) {
		m->found = row->id;
		m->count++;
	}
	return m->count < 2;
}

static bool
made_with_replica(struct row_id *out, const struct run *run)
{
	struct buf b = { 0 };
	bool have =
	    replica_meta_get(run->replica, &b, NAME_OWN_STAFF, NULL) == OK &&
	    b.n == ID_BYTES;

	if (have)
		memcpy(out->b, b.p, ID_BYTES);
	buf_release(&b);
	return have;
}

/* Everybody acts in their own name; an administrator's others are in the journal
 * with who did it. */
static enum err
may_act_for(const struct run *run, const struct row_id *staff, struct fail *f)
{
	const struct actor *a = run->actor;

	if (a == NULL || id_equal(&a->staff, staff))
		return OK;
	if (a->administrator)
		return actor_may_be(run, staff, f);
	return fail_set(f, ERR_DENIED,
	    "--as: this replica was opened with the password of %.60s; only an "
	    "administrator acts for somebody else",
	    a->name);
}

enum err
name_acting(struct row_id *out, bool *have, const struct run *run,
    struct fail *f)
{
	const struct table *t =
	    registry_table(replica_registry(run->replica), "staff");
	struct mine m = { .agency = &replica_identity(run->replica)->agency };
	struct read_query q = { .table = t };
	enum err e;

	*have = false;
	if (run->cli->as != NULL && t == NULL)
		return fail_set(f, ERR_INPUT,
		    "--as: this schema has no table staff");
	if (t == NULL)
		return OK;
	*have = true;
	if (run->cli->as != NULL) {
		e = name_named(out, run, t, run->cli->as, f);
		if (e != OK)
			return fail_in(f, e, "--as");
		return may_act_for(run, out, f);
	}
	if (run->actor != NULL) {
		*out = run->actor->staff;
		return OK;
	}
	e = read_list(run->replica, &q, count_mine, &m, f);
	if (e != OK)
		return e;
	if (m.count == 1)
		*out = m.found;
	else
		*have = made_with_replica(out, run);
	return OK;
}

/* ---- names for ids ---- */

struct label {
	struct buf *out;
	bool done;
};

static bool
take_label(void *context, const struct read_row *row)
{
	static const char *const names[] = { "preferred_name", "legal_name",
		"name" };
	struct label *l = context;

	for (size_t i = 0; i < COUNT_OF(names) && !l->done; i++) {
		const struct field *field = table_field(row->table, names[i]);
		const struct value *v =
		    field != NULL ? &row->values[field->number] : NULL;

		if (v != NULL && v->type == VALUE_TEXT && v->n > 0) {
			buf_put(l->out, v->p, v->n);
			l->done = true;
		}
	}
	return false;
}

void
name_show_row(struct buf *out, const struct run *run, const struct table *t,
    const struct row_id *id)
{
	struct label l = { .out = out };
	char text[ID_TEXT_BYTES];

	if (t != NULL)
		(void)read_get(run->replica, t, id, 0, take_label, &l, NULL);
	if (l.done)
		return;
	hex_encode(text, id->b, 4);
	buf_put(out, text, 8);
}

void
name_show_staff(struct buf *out, const struct run *run, const struct row_id *id)
{
	static const struct row_id nobody;

	if (id_equal(id, &nobody)) {
		buf_printf(out, "the node itself");
		return;
	}
	name_show_row(out, run,
	    registry_table(replica_registry(run->replica), "staff"), id);
}

const char *
name_of_node(const struct run *run, const struct node_id *id,
    char text[static ID_TEXT_BYTES])
{
	const struct member_node *n =
	    members_node(replica_members(run->replica), id);

	if (n != NULL && n->name[0] != '\0')
		return n->name;
	hex_encode(text, id->b, 4);
	return text;
}

const char *
name_of_agency(const struct run *run, const struct agency_id *id,
    char text[static ID_TEXT_BYTES])
{
	const struct member_agency *a =
	    members_agency(replica_members(run->replica), id);

	if (a != NULL && a->name[0] != '\0')
		return a->name;
	hex_encode(text, id->b, 4);
	return text;
}

/* ---- times ---- */

void
name_time(char text[static NAME_TIME_BYTES], int64_t at_ms, int offset_min)
{
	int64_t minutes = (at_ms >= 0 ? at_ms : at_ms - 59999) / 60000;
	int64_t days;
	int year, month, day;

	if (at_ms < LIMIT_TIME_MIN_MS || at_ms > LIMIT_TIME_MAX_MS) {
		(void)snprintf(text, NAME_TIME_BYTES, "an unknown time");
		return;
	}
	minutes += offset_min;
	days = minutes / 1440 - (minutes % 1440 < 0);
	minutes -= days * 1440;
	value_civil(&year, &month, &day, days);
	(void)snprintf(text, NAME_TIME_BYTES, "%04d-%02d-%02d %02d:%02d",
	    year % 10000, month % 100, day % 100, (int)(minutes / 60) % 100,
	    (int)(minutes % 60));
}

void
name_ago(struct buf *out, int64_t now_ms, int64_t at_ms)
{
	static const struct {
		int64_t seconds;
		const char *one, *many;
	} units[] = {
		{ 86400, "day", "days" },
		{ 3600, "hour", "hours" },
		{ 60, "minute", "minutes" },
	};
	int64_t s = (now_ms - at_ms) / 1000;

	if (at_ms == 0) {
		buf_printf(out, "never");
		return;
	}
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		int64_t n = s / units[i].seconds;

		if (n > 0) {
			buf_printf(out, "%lld %s ago", (long long)n,
			    n == 1 ? units[i].one : units[i].many);
			return;
		}
	}
	buf_printf(out,
	    s < -60 ? "in the future (check the clock)" : "just now");
}

void
name_span(struct buf *out, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" },
		{ 1, "second" } };

	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (seconds % units[i].seconds != 0)
			continue;
		seconds /= units[i].seconds;
		buf_printf(out, "%lld %s%s", (long long)seconds, units[i].name,
		    run_s(seconds));
		return;
	}
}
