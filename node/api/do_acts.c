/*
 * What people do with one press: several rows in one transaction, all or none.
 * Each row is written by put, as on the command line.
 */
#include "node/api/handlers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/api/call.h"
#include "node/api/sight.h"
#include "node/may_put.h"
#include "node/policy/ending.h"
#include "sync/audit.h"

/* ---- several rows ---- */

struct act {
	struct api_turn *t;
	enum err err;
	json_t *ids; /* owned; of what was written, in order */
};

static void
act_begin(struct act *a, struct api_turn *t)
{
	*a = (struct act){ .t = t, .ids = json_array() };
	engine_lock(t->api->engine);
	audit_from(t->api->engine->replica, t->origin);
	a->err = replica_begin(t->api->engine->replica, &t->fail);
}

/* Write one row; fields is taken over, id NULL: a new one. */
static void
act_put(struct act *a, const char *table, const char *id, const char *seen,
    json_t *fields)
{
	json_t *made = NULL;
	struct call c;

	if (a->err != OK) {
		json_decref(fields);
		return;
	}
	call_init(&c, a->t, "put");
	call_word(&c, table);
	if (id != NULL)
		call_word(&c, id);
	if (seen != NULL)
		call_option(&c, "seen", seen);
	call_input(&c, fields);
	a->err = call_run_held(&c, a->t, &made);
	if (a->err == OK)
		(void)json_array_append(a->ids, json_object_get(made, "id"));
	json_decref(made);
	call_release(&c);
	json_decref(fields);
}

/* The id of what was written last; borrowed. */
static const char *
act_last(const struct act *a)
{
	return json_string_value(
	    json_array_get(a->ids, json_array_size(a->ids) - 1));
}

static enum api_error
act_end(struct act *a, json_t **data)
{
	struct replica *r = a->t->api->engine->replica;
	/* a stale save wrote nothing but the draft, which is to stay; it is
	 * the first of its act always */
	bool keep = a->err == OK ||
	    (a->err == ERR_STALE && json_array_size(a->ids) == 0);
	enum err e = OK;

	if (keep)
		e = replica_commit(r, &a->t->fail);
	else
		replica_rollback(r);
	if (a->err == OK)
		a->err = e;
	audit_from(r, "");
	if (a->err == OK)
		engine_changed(a->t->api->engine);
	engine_unlock(a->t->api->engine);
	if (a->err == OK)
		*data = json_pack("{s:O}", "ids", a->ids);
	json_decref(a->ids);
	return api_error_of(a->err);
}

/* The body's fields, with some more. */
static json_t *
fields_with(struct api_turn *t, const char *name, const char *value)
{
	json_t *j = json_copy((json_t *)(uintptr_t)turn_get(t, "fields"));

	if (j == NULL)
		j = json_object();
	(void)json_object_set_new(j, name, json_string(value));
	return j;
}

static void
with(json_t *fields, const char *name, const char *value)
{
	if (value != NULL)
		(void)json_object_set_new(fields, name, json_string(value));
}

/* The row that the path's :id names: its person and whole id as text. */
static enum api_error
named(char person[static ID_TEXT_BYTES], char id[static ID_TEXT_BYTES],
    struct api_turn *t, const char *table, const char *text)
{
	struct row_id subject, row;
	enum api_error e = sight_row(&subject, &row, t, table, text);

	if (e != API_OK)
		return e;
	hex_encode(person, subject.b, ID_BYTES);
	hex_encode(id, row.b, ID_BYTES);
	return API_OK;
}

/* A row that answers another one: whose it is, and which it answers. */
static enum api_error
put_answer(struct api_turn *t, json_t **data, const char *table,
    const char *about, const char *link)
{
	char person[ID_TEXT_BYTES], id[ID_TEXT_BYTES];
	json_t *fields;
	struct act a;
	enum api_error e = named(person, id, t, about, turn_path(t, "id"));

	if (e != API_OK)
		return e;
	fields = fields_with(t, "person", person);
	with(fields, link, id);
	act_begin(&a, t);
	act_put(&a, table, NULL, NULL, fields);
	return act_end(&a, data);
}

/* ---- outcomes, referrals ---- */

enum api_error
do_outcome(struct api_turn *t, json_t **data)
{
	return put_answer(t, data, "attendance", "appointment",
	    "appointment_id");
}

enum api_error
do_refer_answer(struct api_turn *t, json_t **data)
{
	return put_answer(t, data, "referral_answer", "referral",
	    "referral_id");
}

enum api_error
do_refer(struct api_turn *t, json_t **data)
{
	struct act a;

	act_begin(&a, t);
	act_put(&a, "referral", NULL, NULL,
	    fields_with(t, "person", turn_path(t, "person")));
	return act_end(&a, data);
}

/* ---- a group ---- */

static enum api_error
group_row(json_t **out, struct api_turn *t, const json_t *entry)
{
	static const char *const names[] = { "result", "absence_reason",
		"concern_code" };
	char person[ID_TEXT_BYTES], id[ID_TEXT_BYTES];
	const json_t *minutes = json_object_get(entry, "minutes");
	enum api_error e = named(person, id, t, "appointment",
	    json_string_value(json_object_get(entry, "appointment")));

	if (e != API_OK)
		return e;
	*out = json_pack("{s:s, s:s}", "person", person, "appointment_id", id);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		with(*out, names[i],
		    json_string_value(json_object_get(entry, names[i])));
	if (minutes != NULL)
		(void)json_object_set(*out, "minutes",
		    (json_t *)(uintptr_t)minutes);
	with(*out, "held_on", turn_text(t, "on"));
	with(*out, "recorded_by_id", t->staff);
	return API_OK;
}

/* All of a group, or none: a roster half saved would be saved twice. */
enum api_error
do_group(struct api_turn *t, json_t **data)
{
	const json_t *list = turn_get(t, "attendance");
	json_t *rows = json_array(), *row = NULL;
	enum api_error e = API_OK;
	struct act a;

	for (size_t i = 0; e == API_OK && i < json_array_size(list); i++) {
		e = group_row(&row, t, json_array_get(list, i));
		if (e == API_OK)
			(void)json_array_append_new(rows, row);
	}
	if (e == API_OK) {
		act_begin(&a, t);
		for (size_t i = 0; i < json_array_size(rows); i++)
			act_put(&a, "attendance", NULL, NULL,
			    json_incref(json_array_get(rows, i)));
		e = act_end(&a, data);
	}
	json_decref(rows);
	return e;
}

/* ---- consent ---- */

/* A recipient that nobody narrows is anybody there. */
static void
any_with(json_t *fields, const char *name, const json_t *recipient)
{
	const char *text = json_string_value(json_object_get(recipient, name));

	with(fields, name, text != NULL && text[0] != '\0' ? text : "any");
}

static void
consent_parts(struct act *a, struct api_turn *t, const char *person,
    const char *consent)
{
	const json_t *scope = turn_get(t, "categories");
	const json_t *to = turn_get(t, "recipients");

	for (size_t i = 0; i < json_array_size(scope); i++)
		act_put(a, "consent_scope", NULL, NULL,
		    json_pack("{s:s, s:s, s:O, s:s}", "person", person,
			"consent_id", consent, "category",
			json_array_get(scope, i), "state", "present"));
	for (size_t i = 0; i < json_array_size(to); i++) {
		const json_t *r = json_array_get(to, i);
		json_t *fields = json_pack("{s:s, s:s, s:O, s:s}", "person",
		    person, "consent_id", consent, "agency_id",
		    json_object_get(r, "agency"), "state", "present");

		any_with(fields, "role", r);
		any_with(fields, "person_name", r);
		act_put(a, "consent_recipient", NULL, NULL, fields);
	}
}

/* The form with all that belongs to it; it is in force once it is signed. */
enum api_error
do_consent(struct api_turn *t, json_t **data)
{
	const char *person = turn_path(t, "person");
	json_t *form = fields_with(t, "person", person);
	char consent[ID_TEXT_BYTES] = "";
	struct act a;

	with(form, "status", "draft");
	act_begin(&a, t);
	act_put(&a, "consent", NULL, NULL, form);
	if (a.err == OK && act_last(&a) != NULL)
		(void)snprintf(consent, sizeof(consent), "%s", act_last(&a));
	consent_parts(&a, t, person, consent);
	return act_end(&a, data);
}

enum api_error
do_consent_sign(struct api_turn *t, json_t **data)
{
	char person[ID_TEXT_BYTES], id[ID_TEXT_BYTES];
	enum api_error e = named(person, id, t, "consent", turn_path(t, "id"));

	return e == API_OK ? do_confirmed(t, data) : e;
}

static void
find_ending(struct ending *out, struct act *a, const char *consent)
{
	struct row_id id;

	if (a->err == OK)
		a->err = hex_decode(id.b, ID_BYTES, consent);
	if (a->err == OK)
		a->err = ending_find(out, a->t->api->engine->replica, &id,
		    &a->t->fail);
}

/* Whether it is revoked now, or from when on. */
static void
say_ending(json_t *data, const struct ending *ending)
{
	struct buf words = { .limit = 256 };

	(void)json_object_set_new(data, "revoked", json_boolean(ending->open));
	if (!ending->open)
		ending_say(&words, ending);
	(void)json_object_set_new(data, "ends", json_string(buf_cstr(&words)));
	buf_release(&words);
}

/* Before its day or its event has come, the request is written down. */
enum api_error
do_consent_revoke(struct api_turn *t, json_t **data)
{
	char person[ID_TEXT_BYTES], id[ID_TEXT_BYTES];
	struct ending ending = { 0 };
	json_t *event, *change;
	struct act a;
	enum api_error e = named(person, id, t, "consent", turn_path(t, "id"));

	if (e != API_OK)
		return e;
	act_begin(&a, t);
	find_ending(&ending, &a, id);
	change = json_pack("{s:s}", "status", "revoked");
	with(change, "revoked_on", turn_text(t, "revoked_on"));
	if (ending.open)
		act_put(&a, "consent", id, turn_text(t, "seen"), change);
	else
		json_decref(change);
	event = json_pack("{s:s, s:s, s:s}", "person", person, "consent_id", id,
	    "kind", ending.open ? "revoked" : "revocation_requested");
	with(event, "happened_at", turn_text(t, "happened_at"));
	with(event, "channel", turn_text(t, "channel"));
	with(event, "reason", turn_text(t, "reason"));
	with(event, "by_whom", turn_text(t, "by_whom"));
	act_put(&a, "consent_event", NULL, NULL, event);
	e = act_end(&a, data);
	if (e == API_OK)
		say_ending(*data, &ending);
	return e;
}

/* ---- forms, emergencies ---- */

/* For a person or a consent that the account may see, or with lines to write
 * on. */
enum api_error
do_form(struct api_turn *t, json_t **data)
{
	const char *person = turn_text(t, "person");
	const char *consent = turn_text(t, "consent");
	const char *notice = turn_text(t, "notice");
	char whose[ID_TEXT_BYTES], id[ID_TEXT_BYTES];
	struct row_id subject;
	enum api_error e = API_OK;

	if (person != NULL)
		e = sight_person(&subject, t, person);
	if (e == API_OK && consent != NULL)
		e = named(whose, id, t, "consent", consent);
	if (e == API_OK && notice != NULL)
		e = named(whose, id, t, "person_notice", notice);
	return e == API_OK ? call_route(t, data) : e;
}

/* Who opens what is closed, or says who may do what, says again who they are:
 * confirm_password is their own. */
enum api_error
do_confirmed(struct api_turn *t, json_t **data)
{
	const json_t *password = turn_get(t, "confirm_password");
	const char *again = turn_text(t, "confirm_code");
	enum err e = account_confirm(t->api->accounts, t->token,
	    json_string_value(password), json_string_length(password),
	    again != NULL ? again : "", &t->fail);

	return e == OK ? call_route(t, data) : api_error_of(e);
}

/* The same where not every request of the route wants it. */
enum api_error
do_must_confirm(struct api_turn *t, json_t **data)
{
	if (turn_text(t, "confirm_password") == NULL)
		return turn_bad(t, API_FIELD,
		    "confirm_password: want your password again");
	return do_confirmed(t, data);
}

/* What it would do is shown to who may see the person; doing it gives keys away. */
enum api_error
do_share(struct api_turn *t, json_t **data)
{
	return turn_flag(t, "dry_run") ? call_route(t, data)
				       : do_must_confirm(t, data);
}

/* A record of casework is changed with one press; what lets somebody in again is
 * not. */
enum api_error
do_change(struct api_turn *t, json_t **data)
{
	return may_put_gives(turn_path(t, "table")) ? do_must_confirm(t, data)
						    : call_route(t, data);
}

/* What an order would reach; nothing is done. */
static enum api_error
reach(struct api_turn *t, const char *command, const char *order, json_t **data)
{
	struct call *c = malloc(sizeof(*c));
	const char *category = turn_text(t, "category");
	enum err e;

	if (c == NULL)
		return API_FAILED;
	call_init(c, t, command);
	call_word(c, turn_path(t, "person"));
	if (category != NULL)
		call_word(c, category);
	if (order != NULL)
		call_option(c, "order", order);
	call_option(c, "dry-run", "");
	e = call_run(c, t, data);
	call_release(c);
	free(c);
	return api_error_of(e);
}

enum api_error
do_reach(struct api_turn *t, json_t **data)
{
	return reach(t, "shred", "preview", data);
}

enum api_error
do_retention_reach(struct api_turn *t, json_t **data)
{
	return reach(t, "retention confirm", NULL, data);
}

/* On one laptop of the own agency, or off it. */
enum api_error
do_carry(struct api_turn *t, json_t **data)
{
	bool on = turn_text(t, "on") != NULL, off = turn_text(t, "off") != NULL;

	if (on == off)
		return turn_bad(t, API_FIELD,
		    "on or off: say which, with the laptop's name");
	return do_confirmed(t, data);
}
