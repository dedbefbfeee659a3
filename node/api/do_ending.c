/*
 * What ending a consent would stop and what it would not, before somebody ends it:
 * the form as it stands, when it can be ended, and what went out under it.
 */
#include "node/api/handlers.h"

#include <string.h>

#include "node/api/desk.h"
#include "node/api/sight.h"
#include "node/policy/case.h"
#include "node/policy/ending.h"

/* entries of the account that are shown */
#define GIVEN_MAX 100

struct showing {
	struct desk desk;
	struct row_id consent;
	json_t *out;  /* owned */
	json_t *list; /* borrowed: where rows go */
	bool found;
};

static bool
is_of(const struct read_row *row, const char *name, const struct row_id *id)
{
	const struct value *v = desk_value(row, name);

	return v->type == VALUE_ID && memcmp(v->p, id->b, ID_BYTES) == 0;
}

static void
put_agency(struct desk *d, json_t *to, const char *key,
    const struct read_row *row, const char *field)
{
	const struct value *v = desk_value(row, field);
	const struct member_agency *a = NULL;
	struct agency_id id;

	if (v->type == VALUE_ID) {
		memcpy(id.b, v->p, ID_BYTES);
		a = members_agency(replica_members(d->run.replica), &id);
	}
	(void)json_object_set_new(to, key,
	    json_string(a != NULL ? a->name : ""));
}

/* When it can be ended, and whether that was asked for. */
static enum err
put_ending(struct showing *x, const struct read_row *row)
{
	struct replica *r = x->desk.run.replica;
	struct buf words = { .limit = 256 };
	char day[POLICY_DAY_CHARS] = "";
	struct ending ending;
	policy_day asked = POLICY_NO_DAY;
	enum err e = ending_of(&ending, r, row, &x->desk.t->fail);

	if (e == OK)
		e = ending_asked(&asked, r, row, &x->desk.t->fail);
	if (e != OK)
		return e;
	if (!ending.open)
		ending_say(&words, &ending);
	if (asked != POLICY_NO_DAY)
		policy_day_text(day, asked);
	(void)json_object_set_new(x->out, "open", json_boolean(ending.open));
	(void)json_object_set_new(x->out, "ends",
	    json_string(buf_cstr(&words)));
	(void)json_object_set_new(x->out, "counts_on", json_string(day));
	buf_release(&words);
	return OK;
}

static bool
take_consent(void *context, const struct read_row *row)
{
	static const char *const names[] = { "kind", "status", "purpose",
		"info_description", "effective_on", "expires_on",
		"expires_event", "signed_on", "signed_by", "revocable_rule",
		"revocable_event", "revocable_on", "revoked_on", NULL };
	struct showing *x = context;
	char seen[SEEN_TEXT_BYTES];

	if (!id_equal(&row->id, &x->consent))
		return true;
	x->found = true;
	desk_fields(x->out, row, names);
	put_agency(&x->desk, x->out, "discloser", row, "discloser_id");
	x->desk.err = put_ending(x, row);
	if (x->desk.err == OK)
		x->desk.err =
		    read_seen(x->desk.run.replica, seen, row, &x->desk.t->fail);
	if (x->desk.err == OK)
		(void)json_object_set_new(x->out, "seen", json_string(seen));
	return x->desk.err == OK;
}

static bool
take_scope(void *context, const struct read_row *row)
{
	struct showing *x = context;
	char category[LIMIT_CATEGORY_BYTES + 1];

	desk_text(category, sizeof(category), row, "category");
	if (is_of(row, "consent_id", &x->consent) &&
	    !desk_is(row, "state", "removed"))
		(void)json_array_append_new(x->list, json_string(category));
	return true;
}

static bool
take_recipient(void *context, const struct read_row *row)
{
	struct showing *x = context;
	json_t *j;

	if (!is_of(row, "consent_id", &x->consent) ||
	    desk_is(row, "state", "removed"))
		return true;
	j = json_object();
	put_agency(&x->desk, j, "agency", row, "agency_id");
	(void)json_array_append_new(x->list, j);
	return true;
}

static bool
take_given(void *context, const struct read_row *row)
{
	static const char *const names[] = { "what", "category", "item_count",
		"sent_at", "channel", NULL };
	struct showing *x = context;
	json_t *j;

	if (!is_of(row, "basis_id", &x->consent))
		return true;
	j = json_object();
	put_agency(&x->desk, j, "agency", row, "to_agency_id");
	desk_fields(j, row, names);
	(void)json_array_append_new(x->list, j);
	return json_array_size(x->list) < GIVEN_MAX;
}

static void
read_into(struct showing *x, const char *key, const char *table,
    read_row_fn each, const struct row_id *person)
{
	struct desk_query q = { .table = table, .person = person };

	x->list = json_array();
	(void)json_object_set_new(x->out, key, x->list);
	desk_each(&x->desk, &q, each, x);
}

enum api_error
do_consent_ending(struct api_turn *t, json_t **data)
{
	struct desk_query q = { .table = "consent" };
	struct showing x = { .out = json_object() };
	struct row_id person;
	enum api_error sight =
	    sight_row(&person, &x.consent, t, "consent", turn_path(t, "id"));
	enum err e;

	if (sight != API_OK) {
		json_decref(x.out);
		return sight;
	}
	q.person = &person;
	(void)desk_open(&x.desk, t);
	desk_each(&x.desk, &q, take_consent, &x);
	read_into(&x, "scope", "consent_scope", take_scope, &person);
	read_into(&x, "recipients", "consent_recipient", take_recipient,
	    &person);
	read_into(&x, "given", "disclosure", take_given, &person);
	e = x.desk.err;
	if (e == OK && !x.found)
		e = fail_set(&t->fail, ERR_NOTFOUND, "no such consent is here");
	if (e == OK)
		e = sight_log(t, "read", &person, 1);
	desk_close(&x.desk);
	if (e == OK)
		*data = json_incref(x.out);
	json_decref(x.out);
	return api_error_of(e);
}
