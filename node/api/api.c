/* The order of api.h, one function a step. */
#include "node/api/turn.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "node/api/call.h"
#include "node/api/sight.h"
#include "sync/audit.h"

/* ---- small things ---- */

const json_t *
turn_get(const struct api_turn *t, const char *name)
{
	const json_t *v = json_object_get(t->body, name);

	return v != NULL ? v : json_object_get(t->query, name);
}

const char *
turn_text(const struct api_turn *t, const char *name)
{
	return json_string_value(turn_get(t, name));
}

bool
turn_flag(const struct api_turn *t, const char *name)
{
	return json_is_true(turn_get(t, name));
}

json_int_t
turn_int(const struct api_turn *t, const char *name, json_int_t otherwise)
{
	const json_t *v = turn_get(t, name);

	return v != NULL ? json_integer_value(v) : otherwise;
}

const char *
turn_path(const struct api_turn *t, const char *name)
{
	return route_value(t->route, t->values, name);
}

enum api_error
turn_bad(struct api_turn *t, enum api_error e, const char *format, ...)
{
	char line[FAIL_TEXT_BYTES];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	(void)fail_set(&t->fail, ERR_INPUT, "%s", line);
	return e;
}

void
api_add_host(struct api *api, const char *host)
{
	char *to;

	if (api->host_count == API_HOSTS || strlen(host) >= API_HOST_BYTES)
		return;
	to = api->hosts[api->host_count++];
	(void)snprintf(to, API_HOST_BYTES, "%s", host);
	for (; *to != '\0'; to++)
		*to = (char)tolower((unsigned char)*to);
}

/* ---- answers ---- */

static int
dump(const char *p, size_t n, void *data)
{
	struct buf *out = data;

	buf_put(out, p, n);
	return out->err == OK ? 0 : -1;
}

/* ASCII alone, and nothing in it that a page could take for markup: what
 * people typed stays a text wherever the answer is shown. */
static void
write_json(struct buf *out, const json_t *j)
{
	struct buf plain = { 0 };

	buf_init(&plain, API_ANSWER_BYTES);
	buf_init(out, 2 * API_ANSWER_BYTES);
	if (j == NULL ||
	    json_dump_callback(j, dump, &plain,
		JSON_COMPACT | JSON_ENSURE_ASCII) != 0)
		out->err = ERR_NOMEM;
	for (size_t i = 0; i < plain.n; i++) {
		if (strchr("<>&", plain.p[i]) != NULL && plain.p[i] != '\0')
			buf_printf(out, "\\u%04x", plain.p[i]);
		else
			buf_u8(out, plain.p[i]);
	}
	buf_put(out, "\n", 1);
	buf_release(&plain);
}

static void
finish(struct api_reply *reply, enum api_error e, json_t *j)
{
	static const char last[] =
	    "{\"error\":{\"code\":\"failed\",\"what\":\"Something went wrong "
	    "here.\",\"why\":\"out of memory, or the answer is too long\","
	    "\"next\":\"Ask for less at a time.\",\"safe\":\"What was answered "
	    "as saved is saved.\"}}\n";

	reply->status = api_error_http(e);
	write_json(&reply->body, j);
	json_decref(j);
	if (reply->body.err == OK)
		return;
	buf_release(&reply->body);
	reply->status = 500;
	reply->body.err = OK;
	buf_put(&reply->body, last, sizeof(last) - 1);
}

void
api_refuse(struct api_reply *reply, enum api_error e, const char *why)
{
	finish(reply, e, api_error_json(e, why));
}

static void
refuse_turn(struct api_turn *t, enum api_error e)
{
	json_t *j = api_error_json(e, t->fail.text);

	/* the save that was stale: what stands now, to be compared */
	if (j != NULL && t->stands != NULL)
		(void)json_object_set(j, "stands", t->stands);
	finish(t->reply, e, j);
}

static void
answer_turn(struct api_turn *t, json_t *data)
{
	json_t *j = json_pack("{s:O}", "data", data);

	if (j != NULL && t->next != NULL)
		(void)json_object_set(j, "next", t->next);
	if (j != NULL && t->decide)
		(void)json_object_set_new(j, "decide", json_true());
	finish(t->reply, API_OK, j);
}

/* ---- the head ---- */

static bool
same_host(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (tolower((unsigned char)a[i]) != b[i])
			return false;
	}
	return true;
}

/* Is this one of the names that the page is reached by? A name of somebody
 * else's that resolves to us is how another page gets at this one. */
bool
api_is_own_host(const struct api *api, const char *host)
{
	size_t n = host != NULL ? strlen(host) : 0;

	for (size_t i = 0; i < api->host_count; i++) {
		if (strlen(api->hosts[i]) == n &&
		    same_host(host, api->hosts[i], n))
			return true;
	}
	return false;
}

/* "null" and what is not http are refused: no page of ours says that. */
static bool
is_own_origin(const struct api *api, const char *origin)
{
	const char *scheme = api->https ? "https://" : "http://";
	size_t n = strlen(scheme);

	return strncmp(origin, scheme, n) == 0 &&
	    api_is_own_host(api, origin + n);
}

static enum api_error
check_from(const struct api *api, const struct api_request *q)
{
	if (!api_is_own_host(api, q->host))
		return API_HOST;
	if (q->origin != NULL && !is_own_origin(api, q->origin))
		return API_ORIGIN;
	/* what browsers say by themselves; "none": typed by a person */
	if (q->site != NULL && strcmp(q->site, "same-origin") != 0 &&
	    strcmp(q->site, "none") != 0)
		return API_ORIGIN;
	return API_OK;
}

static bool
is_json(const char *type)
{
	static const char want[] = "application/json";
	size_t n = sizeof(want) - 1;

	if (type == NULL || strncasecmp(type, want, n) != 0)
		return false;
	return type[n] == '\0' || type[n] == ';' || type[n] == ' ';
}

static bool
is_id(const char *text)
{
	return text[0] != '\0' &&
	    text[strspn(text, "0123456789abcdefABCDEF")] == '\0';
}

/* Addresses land in histories and logs: they hold ids, and nothing by which
 * somebody is known. */
static bool
names_somebody(const struct target *t)
{
	bool yes = false;

	for (size_t i = 0; i < t->segment_count; i++)
		yes = yes || strncmp(t->segments[i], "number:", 7) == 0;
	for (size_t i = 0; i < t->pair_count; i++)
		yes = yes || strncmp(t->pairs[i].value, "number:", 7) == 0 ||
		    (strncmp(t->pairs[i].name, "fields.", 7) == 0 &&
			!is_id(t->pairs[i].value));
	return yes;
}

static enum api_error
check_head(struct api_turn *t)
{
	const struct api_request *q = t->request;
	enum api_error e = check_from(t->api, q);

	if (e != API_OK)
		return e;
	if (target_parse(&t->target, q->target, &t->fail) != OK)
		return API_PATH;
	if (names_somebody(&t->target))
		return turn_bad(t, API_FIELD,
		    "an address holds ids alone: it lands in the browser's "
		    "history. POST /api/search finds people, POST "
		    "/api/records/TABLE/list records");
	e = route_find(&t->route, t->values, t->reply->allow, q->method,
	    &t->target);
	if (e != API_OK)
		return e;
	if (q->body_n > API_BODY_BYTES)
		return API_SIZE;
	return q->body_n > 0 && !is_json(q->type) ? API_TYPE : API_OK;
}

/* Nobody gets room for more than a sign-in before it is known who it is. The
 * session is looked at properly when the body is here. */
static enum api_error
check_room(struct api_turn *t)
{
	const struct api_request *q = t->request;
	struct account_who who;

	if (q->body_n == 0)
		return API_OK;
	if (t->route->roles == API_PUBLIC)
		return q->body_n > API_BODY_STRANGER_BYTES ? API_SIZE : API_OK;
	if (t->api->accounts == NULL)
		return API_NO_ACCOUNTS;
	if (!session_cookie(t->token, q->cookie, t->api->https))
		return API_SIGNED_OUT;
	if (account_who_of(t->api->accounts, &who, t->token, false, &t->fail) ==
	    OK)
		return API_OK;
	t->fail.text[0] = '\0';
	return API_ENDED;
}

enum api_error
api_head(struct api *api, struct api_reply *reply, const struct api_request *q)
{
	struct api_turn t = { .api = api, .request = q, .reply = reply };
	enum api_error e = check_head(&t);

	if (e == API_OK)
		e = check_room(&t);
	sodium_memzero(t.token, sizeof(t.token));
	if (e != API_OK)
		refuse_turn(&t, e);
	return e;
}

/* ---- who asks ---- */

/* What must be done first: only what does it is open until then. */
static enum api_error
check_duties(struct api_turn *t)
{
	static const char *const words[] = {
		"The log-in banner was not acknowledged yet.",
		"A second factor is to be set up first.",
		"The password is to be changed first.",
	};

	if (t->who.must == 0 || (t->route->flags & API_BEFORE_DUTIES) != 0)
		return API_OK;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if ((t->who.must & 1u << i) != 0)
			return turn_bad(t, API_DUTY, "%s", words[i]);
	}
	return API_DUTY;
}

static enum api_error
check_state(struct api_turn *t)
{
	if ((t->route->flags & API_WHILE_LOCKED) != 0)
		return API_OK;
	switch (t->who.state) {
	case SESSION_LOCKED:
		return API_LOCKED;
	case SESSION_AGAIN:
		return API_AGAIN;
	case SESSION_OPEN:
		break;
	}
	return check_duties(t);
}

static enum api_error
check_token(struct api_turn *t)
{
	char want[API_TOKEN_BYTES];
	enum err e;

	if ((t->route->flags & (API_WRITES | API_SESSION)) == 0)
		return API_OK;
	e = session_token(want, t->api->accounts, t->token, &t->fail);
	if (e != OK)
		return API_ENDED;
	return session_token_is(want, t->request->token) ? API_OK : API_CSRF;
}

static enum api_error
check_right(struct api_turn *t)
{
	if ((t->who.roles & t->route->roles) == 0 &&
	    t->route->roles != API_EVERYBODY)
		return API_ROLE;
	return (t->route->flags & API_WRITES) != 0 && t->who.read_only
	    ? API_READ_ONLY
	    : API_OK;
}

static enum api_error
check_who(struct api_turn *t)
{
	bool touch = (t->route->flags & API_POLL) == 0;
	enum api_error e;

	t->has_token =
	    session_cookie(t->token, t->request->cookie, t->api->https);
	if (t->route->roles == API_PUBLIC)
		return API_OK;
	e = session_who(&t->who, t->api->accounts,
	    t->has_token ? t->token : NULL, touch, &t->fail);
	/* the accounts' own line would only say the same */
	t->fail.text[0] = '\0';
	if (e == API_OK)
		e = check_state(t);
	if (e == API_OK)
		e = check_token(t);
	if (e == API_OK)
		e = check_right(t);
	hex_encode(t->staff, t->who.staff.b, ID_BYTES);
	return e;
}

/* ---- what it says ---- */

static enum api_error
check_body(struct api_turn *t)
{
	const struct api_request *q = t->request;
	enum err e =
	    api_json_query(&t->query, &t->target, t->route->query, &t->fail);

	if (e == OK)
		e = api_json_parse(&t->body, q->body, q->body_n, t->route->body,
		    &t->fail);
	if (e == ERR_FORMAT)
		return API_JSON;
	if (e != OK)
		return e == ERR_INPUT ? API_FIELD : api_error_of(e);
	if ((t->route->flags & API_CONFIRMED) != 0 && !turn_flag(t, "confirm"))
		return API_CONFIRM;
	return API_OK;
}

static enum api_error
run_route(struct api_turn *t, json_t **data)
{
	enum api_error e = sight_before(t);

	if (e == API_OK)
		e = t->route->handle != NULL ? t->route->handle(t, data)
					     : call_route(t, data);
	if (e == API_OK)
		e = sight_after(t, *data);
	if (e == API_OK)
		e = sight_journal(t, *data);
	if (e == API_STALE)
		sight_stands(t);
	return e;
}

/* Who is signed in and tried what is not for them, or came without the session's
 * token: by the route, which names nobody. */
static void
note_refused(struct api_turn *t, enum api_error why)
{
	struct engine *engine = t->api->engine;
	struct buf note = { .limit = AUDIT_TEXT_MAX };
	struct audit_entry entry = { .act = "refused",
		.staff = &t->who.staff,
		.origin = t->origin,
		.result = ERR_DENIED };

	if (why != API_ROLE && why != API_CSRF && why != API_READ_ONLY)
		return;
	buf_printf(&note, "%s %s: %s", t->route->method, t->route->path,
	    why == API_ROLE       ? "not for that role"
		: why == API_CSRF ? "without the token of the session"
				  : "the training has run out");
	entry.note = buf_cstr(&note);
	engine_lock(engine);
	if (engine->replica != NULL)
		(void)audit_write(engine->replica, &entry, NULL);
	engine_unlock(engine);
	buf_release(&note);
}

void
api_answer(struct api *api, struct api_reply *reply,
    const struct api_request *q)
{
	struct api_turn t = { .api = api, .request = q, .reply = reply };
	json_t *data = NULL;
	enum api_error e;

	(void)snprintf(t.origin, sizeof(t.origin), "page %.50s",
	    q->from != NULL ? q->from : "");
	e = check_head(&t);
	if (e == API_OK)
		e = check_who(&t);
	if (e == API_OK)
		e = check_body(&t);
	if (e == API_OK)
		e = run_route(&t, &data);
	note_refused(&t, e);
	if (e == API_OK)
		answer_turn(&t, data);
	else
		refuse_turn(&t, e);
	json_decref(data);
	json_decref(t.query);
	json_decref(t.body);
	json_decref(t.stands);
	json_decref(t.next);
	sodium_memzero(t.token, sizeof(t.token));
}
