/* What is being typed and not saved: each account's own, at each pause. */
#include "node/api/handlers.h"

#include <string.h>

#include "node/api/sight.h"
#include "sync/typed.h"

static bool
add_typed(void *context, const struct typed *typed)
{
	char person[ID_TEXT_BYTES] = "";

	if (typed->subject != NULL)
		hex_encode(person, typed->subject->b, ID_BYTES);
	(void)json_array_append_new(context,
	    json_pack("{s:s, s:s, s:I, s:s}", "form", typed->form, "person",
		person, "at_ms", (json_int_t)typed->at_ms, "text",
		typed->text));
	return true;
}

enum api_error
do_typed(struct api_turn *t, json_t **data)
{
	json_t *list = json_array();
	enum err e;

	engine_lock(t->api->engine);
	e = replica_use(t->api->engine->replica, &t->fail);
	if (e == OK)
		e = typed_each(t->api->engine->replica, &t->who.staff,
		    add_typed, list, &t->fail);
	engine_unlock(t->api->engine);
	if (e == OK)
		*data = json_incref(list);
	json_decref(list);
	return api_error_of(e);
}

static enum api_error
typed_done(enum err e, json_t **data)
{
	if (e == OK)
		*data = json_pack("{s:b}", "done", 1);
	return api_error_of(e);
}

enum api_error
do_typed_put(struct api_turn *t, json_t **data)
{
	const json_t *text = turn_get(t, "text");
	const char *person = turn_text(t, "person");
	struct row_id subject;
	struct typed typed = { .form = turn_path(t, "form"),
		.text = json_string_value(text),
		.n = json_string_length(text) };
	enum err e;

	if (person != NULL && person[0] != '\0') {
		enum api_error a = sight_person(&subject, t, person);

		if (a != API_OK)
			return a;
		typed.subject = &subject;
	}
	engine_lock(t->api->engine);
	e = replica_use(t->api->engine->replica, &t->fail);
	if (e == OK)
		e = typed_put(t->api->engine->replica, &t->who.staff, &typed,
		    &t->fail);
	engine_unlock(t->api->engine);
	return typed_done(e, data);
}

enum api_error
do_typed_drop(struct api_turn *t, json_t **data)
{
	enum err e;

	engine_lock(t->api->engine);
	e = typed_drop(t->api->engine->replica, &t->who.staff,
	    turn_path(t, "form"), &t->fail);
	engine_unlock(t->api->engine);
	return typed_done(e, data);
}
