/* account.h is asked with the engine's lock held, once a row or list. */
#include "node/api/sight.h"

#include <stdio.h>
#include <string.h>

#include "node/api/call.h"
#include "node/name.h"
#include "node/policy/closed.h"
#include "sync/audit.h"

/* ---- tables ---- */

/* Local tables hold what is this computer's own, accounts among it; those about
 * a person are drafts, which their writer goes on with. */
static bool
is_open(const struct table *t)
{
	return t->scope != SCOPE_LOCAL || t->subject == SUBJECT_PERSON;
}

/* Said before the body is looked at; put looks at the fields too. */
static enum api_error
check_write(struct api_turn *t, const struct table *table)
{
	const char *how = NULL;
	uint32_t roles = account_writers(&how, table);

	if (roles == 0)
		return turn_bad(t, API_ROLE, "%s", how);
	return (t->who.rights.roles & roles) != 0 ? API_OK : API_ROLE;
}

/* ---- one person, one row ---- */

/* Engine's lock held, for these. An emergency opening lets look, not write;
 * category NULL: any that it names, and the route looks closer. */
static enum api_error
may_see(struct api_turn *t, const struct row_id *subject, const char *category)
{
	bool sees = false;
	enum err e = account_sees(&sees, t->api->engine->replica, &t->who,
	    subject, &t->fail);

	if (e == OK && !sees && (t->route->flags & API_WRITES) == 0)
		e = closed_opened(&sees, t->api->engine->replica, &t->who.staff,
		    subject, category, &t->fail);

	if (e != OK)
		return api_error_of(e);
	return sees ? API_OK : API_NOTFOUND;
}

struct found {
	struct row_id subject;
	char category[LIMIT_CATEGORY_BYTES + 1];
	const struct table *table;
};

static bool
take_row(void *context, const struct read_row *row)
{
	struct found *x = context;

	x->subject = row->table->self ? row->id : row->subject;
	(void)snprintf(x->category, sizeof(x->category), "%s",
	    row->category != NULL ? row->category : "");
	return false;
}

/* Who may not see it learns nothing by asking: what is hidden, what is not here
 * and what is there twice are one answer. That it was asked for is written down;
 * nothing is shown, so a journal that cannot be written stops nothing. */
static enum api_error
missed(struct api_turn *t, const struct row_id *subject)
{
	const struct audit_entry entry = {
		.act = (t->route->flags & API_WRITES) != 0 ? "write" : "read",
		.staff = &t->who.staff,
		.origin = t->origin,
		.subject = subject,
		.result = ERR_NOTFOUND
	};

	(void)audit_write(t->api->engine->replica, &entry, NULL);
	t->fail = (struct fail){ 0 };
	return API_NOTFOUND;
}

static bool
is_miss(enum err e)
{
	return e == ERR_NOTFOUND || e == ERR_INPUT;
}

/* A table of records by its name. */
static enum err
find_table(struct found *x, struct api_turn *t, const char *name)
{
	const struct registry *g = replica_registry(t->api->engine->replica);

	x->table = registry_table(g, name);
	if (x->table != NULL && !is_open(x->table))
		x->table = NULL;
	return x->table != NULL ? OK : ERR_NOTFOUND;
}

static enum err
find_row(struct found *x, struct row_id *id, struct api_turn *t,
    const char *text)
{
	struct replica *r = t->api->engine->replica;
	struct cli cli = { 0 };
	struct run run;
	enum err e;

	run_init(&run, &cli);
	run.replica = r;
	e = name_row(id, &run, x->table, text, &t->fail);
	if (e == OK)
		e = read_get(r, x->table, id, 0, take_row, x, &t->fail);
	run_release(&run);
	return e;
}

static enum api_error
see_row(struct row_id *subject, struct row_id *row, struct api_turn *t,
    const char *table, const char *text)
{
	struct found x = { .table = NULL };
	enum api_error e = API_OK;
	enum err bad = find_table(&x, t, table);

	if (bad != OK)
		return api_error_of(bad);
	if ((t->route->flags & API_WRITES) != 0)
		e = check_write(t, x.table);
	if (e != API_OK)
		return e;
	if (text != NULL)
		bad = find_row(&x, row, t, text);
	if (bad != OK)
		return is_miss(bad) ? missed(t, NULL) : api_error_of(bad);
	if (x.table->subject == SUBJECT_PERSON && text != NULL)
		e = may_see(t, &x.subject, x.category);
	if (e == API_NOTFOUND)
		return missed(t, &x.subject);
	if (x.table->subject != SUBJECT_PERSON)
		memset(&x.subject, 0, sizeof(x.subject));
	if (e == API_OK)
		*subject = x.subject;
	return e;
}

enum api_error
sight_row(struct row_id *subject, struct row_id *row, struct api_turn *t,
    const char *table, const char *text)
{
	enum api_error e;

	engine_lock(t->api->engine);
	e = see_row(subject, row, t, table, text);
	engine_unlock(t->api->engine);
	return e;
}

enum api_error
sight_person(struct row_id *id, struct api_turn *t, const char *text)
{
	enum api_error e;
	enum err bad;

	engine_lock(t->api->engine);
	bad = read_subject(t->api->engine->replica, id, text, &t->fail);
	e = bad == OK ? may_see(t, id, NULL) : api_error_of(bad);
	if (e == API_NOTFOUND || is_miss(bad))
		e = missed(t, bad == OK ? id : NULL);
	engine_unlock(t->api->engine);
	return e;
}

enum err
sight_log(struct api_turn *t, const char *act, const struct row_id *subject,
    size_t count)
{
	const struct audit_entry entry = { .act = act,
		.staff = &t->who.staff,
		.origin = t->origin,
		.subject = subject,
		.count = count };

	return audit_write(t->api->engine->replica, &entry, &t->fail);
}

/* ---- around a route ---- */

/* A new row: whose it is to be stands in it. */
static enum api_error
check_new(struct api_turn *t)
{
	const json_t *fields = turn_get(t, "fields");
	const char *person =
	    json_string_value(json_object_get(fields, "person"));
	struct row_id id;

	return person != NULL ? sight_person(&id, t, person) : API_OK;
}

enum api_error
sight_before(struct api_turn *t)
{
	static const struct row_id nobody;
	const char *person = turn_path(t, "person");
	const char *table = turn_path(t, "table");
	struct row_id row;
	enum api_error e = API_OK;

	if ((t->route->flags & API_PERSON) != 0)
		e = sight_person(&t->subject, t, person);
	else if ((t->route->flags & API_ROW_SEEN) != 0)
		e = sight_row(&t->subject, &row, t, table, turn_path(t, "id"));
	else
		return API_OK;
	t->has_subject = e == API_OK && !id_equal(&t->subject, &nobody);
	if (e != API_OK || (t->route->flags & API_PERSON) != 0)
		return e;
	return check_new(t);
}

/* Writes have an entry of their own; so have the functions that read without a
 * command. */
enum api_error
sight_journal(struct api_turn *t, const json_t *data)
{
	const unsigned records = API_PERSON | API_ROW_SEEN | API_ROWS_SEEN;
	enum err e;

	if (t->route->command == NULL || (t->route->flags & records) == 0 ||
	    (t->route->flags & API_WRITES) != 0)
		return API_OK;
	engine_lock(t->api->engine);
	e = sight_log(t, json_is_array(data) ? "list" : "read",
	    t->has_subject ? &t->subject : NULL,
	    json_is_array(data) ? json_array_size(data) : 1);
	engine_unlock(t->api->engine);
	return api_error_of(e);
}

/* Whose this row of an answer is: false where it is about nobody. */
static bool
subject_of(struct row_id *subject, bool *lost, struct api_turn *t,
    const json_t *row)
{
	const char *table = json_string_value(json_object_get(row, "table"));
	const char *id = json_string_value(json_object_get(row, "id"));
	const json_t *fields = json_object_get(row, "fields");
	const char *person = json_string_value(
	    json_object_get(fields != NULL ? fields : row, "person"));
	struct found x = { .table = NULL };
	struct fail kept = t->fail;
	struct row_id found;

	*lost = false;
	if (person != NULL)
		return hex_decode(subject->b, ID_BYTES, person) == OK;
	if (table == NULL || id == NULL)
		return false;
	*lost =
	    find_table(&x, t, table) != OK || find_row(&x, &found, t, id) != OK;
	t->fail = kept;
	*subject = x.subject;
	return *lost || x.table->subject == SUBJECT_PERSON;
}

bool
sight_has(struct api_turn *t, const struct account_view *view,
    const struct closed *closed, const json_t *row)
{
	struct row_id subject;
	bool lost;

	if (!subject_of(&subject, &lost, t, row))
		return true;
	/* of whom an emergency opens anything the command showed only that */
	return !lost &&
	    (account_view_has(view, &subject) ||
		closed_opens(closed, NULL, &t->who.staff, &subject, NULL,
		    NULL));
}

enum api_error
sight_after(struct api_turn *t, json_t *data)
{
	struct account_view *view = NULL;
	struct closed *closed = NULL;
	enum err e;

	if ((t->route->flags & API_ROWS_SEEN) == 0 || !json_is_array(data))
		return API_OK;
	engine_lock(t->api->engine);
	e = account_view_new(&view, t->api->engine->replica, &t->who, &t->fail);
	if (e == OK)
		e = closed_load(&closed, t->api->engine->replica, &t->fail);
	for (size_t i = json_array_size(data); e == OK && i-- > 0;) {
		if (!sight_has(t, view, closed, json_array_get(data, i)))
			(void)json_array_remove(data, i);
	}
	closed_free(closed);
	account_view_free(view);
	engine_unlock(t->api->engine);
	return api_error_of(e);
}

void
sight_stands(struct api_turn *t)
{
	const char *table = turn_path(t, "table"), *id = turn_path(t, "id");
	struct fail kept = t->fail;
	struct call c;

	if (table == NULL || id == NULL)
		return;
	call_init(&c, t, "get");
	call_word(&c, table);
	call_word(&c, id);
	(void)call_run(&c, t, &t->stands);
	call_release(&c);
	t->fail = kept;
}
