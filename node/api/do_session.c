/* Signing in and out, the lock, one's own password and second factor. */
#include "node/api/handlers.h"

#include <string.h>

#include <sodium.h>

/* Which computer and whose: what stands at the top of the page. */
static void
say_where(struct api_turn *t, json_t *to)
{
	struct replica *r;
	const struct member_node *node;
	const struct member_agency *agency;

	engine_lock(t->api->engine);
	r = t->api->engine->replica;
	node = members_node(replica_members(r), &replica_identity(r)->node);
	agency = node != NULL
	    ? members_agency(replica_members(r), &node->agency)
	    : NULL;
	(void)json_object_set_new(to, "office",
	    json_string(node != NULL ? node->name : ""));
	(void)json_object_set_new(to, "agency",
	    json_string(agency != NULL ? agency->name : ""));
	engine_unlock(t->api->engine);
}

/* What the page must know of its own session: never the cookie's token. */
static enum api_error
say_session(struct api_turn *t, json_t **data, const char *token)
{
	static const char *const states[] = { "open", "locked",
		"sign_in_again" };
	static const char *const duties[] = { "banner", "totp", "password" };
	static const char *const scopes[] = { "none", "caseload", "office",
		"all" };
	const struct account_who *w = &t->who;
	char csrf[API_TOKEN_BYTES], staff[ID_TEXT_BYTES];
	json_t *roles = json_array(), *must = json_array();
	enum err e = session_token(csrf, t->api->accounts, token, &t->fail);

	for (size_t i = 0; i < API_ROLE_COUNT; i++) {
		struct buf word = { 0 };

		if ((w->roles & 1u << i) == 0)
			continue;
		route_roles(&word, 1u << i);
		(void)json_array_append_new(roles,
		    json_string(buf_cstr(&word)));
		buf_release(&word);
	}
	for (size_t i = 0; i < COUNT_OF(duties); i++)
		if ((w->must & 1u << i) != 0)
			(void)json_array_append_new(must,
			    json_string(duties[i]));
	hex_encode(staff, w->staff.b, ID_BYTES);
	if (e != OK) {
		json_decref(roles);
		json_decref(must);
		return API_ENDED;
	}
	*data = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:b, s:b, s:I, "
			  "s:I}",
	    "name", w->name, "staff", staff, "state", states[w->state], "scope",
	    scopes[w->scope], "token", csrf, "roles", roles, "must", must,
	    "read_only", w->read_only, "administrator", w->is_administrator,
	    "lock_in_ms", (json_int_t)w->lock_in_ms, "ends_in_ms",
	    (json_int_t)w->ends_in_ms);
	if (*data != NULL)
		say_where(t, *data);
	return *data != NULL ? API_OK : API_FAILED;
}

/* After a sign-in or an unlock, whose token is new. */
static enum api_error
begin(struct api_turn *t, json_t **data, const char *token)
{
	enum api_error e =
	    session_who(&t->who, t->api->accounts, token, true, &t->fail);

	if (e == API_OK)
		e = say_session(t, data, token);
	if (e == API_OK)
		session_set_cookie(t->reply->cookie, token, t->api->https);
	return e;
}

static enum api_error
done(json_t **data)
{
	*data = json_pack("{s:b}", "done", 1);
	return *data != NULL ? API_OK : API_FAILED;
}

/* Public: what anybody may know who can reach the page. */
enum api_error
do_hello(struct api_turn *t, json_t **data)
{
	struct accounts *a = t->api->accounts;
	int64_t n = 0;
	enum err e = OK;

	if (a != NULL) {
		engine_lock(t->api->engine);
		e = account_count(&n, t->api->engine->replica, false, &t->fail);
		engine_unlock(t->api->engine);
	}
	if (e != OK)
		return api_error_of(e);
	*data = json_pack("{s:s, s:b, s:s}", "program", "footbridge",
	    "accounts", n > 0, "banner", a != NULL ? account_banner(a) : "");
	return *data != NULL ? API_OK : API_FAILED;
}

enum api_error
do_sign_in(struct api_turn *t, json_t **data)
{
	const json_t *password = turn_get(t, "password");
	const char *code = turn_text(t, "code");
	char token[ACCOUNT_TOKEN_BYTES];
	enum api_error a;
	enum err e;

	if (t->api->accounts == NULL)
		return API_NO_ACCOUNTS;
	e = account_sign_in(t->api->accounts, token, turn_text(t, "name"),
	    json_string_value(password), json_string_length(password),
	    code != NULL ? code : "", t->origin, &t->fail);
	if (e == ERR_NOTFOUND)
		return API_NO_ACCOUNTS;
	if (e == ERR_LIMIT)
		return API_BUSY;
	if (e != OK)
		return api_error_of(e);
	/* the one that this browser had before */
	if (t->has_token)
		account_sign_out(t->api->accounts, t->token);
	a = begin(t, data, token);
	sodium_memzero(token, sizeof(token));
	return a;
}

enum api_error
do_session(struct api_turn *t, json_t **data)
{
	return say_session(t, data, t->token);
}

enum api_error
do_sign_out(struct api_turn *t, json_t **data)
{
	account_sign_out(t->api->accounts, t->token);
	session_set_cookie(t->reply->cookie, NULL, t->api->https);
	return done(data);
}

enum api_error
do_lock(struct api_turn *t, json_t **data)
{
	enum err e = account_lock(t->api->accounts, t->token, &t->fail);

	return e == OK ? done(data) : api_error_of(e);
}

enum api_error
do_unlock(struct api_turn *t, json_t **data)
{
	const json_t *password = turn_get(t, "password");
	const char *code = turn_text(t, "code");
	char token[ACCOUNT_TOKEN_BYTES];
	enum api_error a;
	enum err e = account_unlock(t->api->accounts, token, t->token,
	    json_string_value(password), json_string_length(password),
	    code != NULL ? code : "", &t->fail);

	if (e != OK)
		return api_error_of(e);
	a = begin(t, data, token);
	sodium_memzero(token, sizeof(token));
	return a;
}

enum api_error
do_banner(struct api_turn *t, json_t **data)
{
	enum err e = account_banner_seen(t->api->accounts, t->token, &t->fail);

	return e == OK ? done(data) : api_error_of(e);
}

enum api_error
do_password(struct api_turn *t, json_t **data)
{
	const json_t *was = turn_get(t, "was"), *now = turn_get(t, "now");
	const char *code = turn_text(t, "code");
	enum err e =
	    account_password(t->api->accounts, t->token, json_string_value(was),
		json_string_length(was), json_string_value(now),
		json_string_length(now), code != NULL ? code : "", &t->fail);

	return e == OK ? done(data) : api_error_of(e);
}

enum api_error
do_totp_begin(struct api_turn *t, json_t **data)
{
	const json_t *password = turn_get(t, "confirm_password");
	const char *code = turn_text(t, "confirm_code");
	struct buf secret = { 0 }, uri = { 0 };
	enum err e = account_totp_begin(t->api->accounts, t->token,
	    json_string_value(password), json_string_length(password),
	    code != NULL ? code : "", &secret, &uri, &t->fail);

	if (e == OK)
		*data = json_pack("{s:s, s:s}", "secret", buf_cstr(&secret),
		    "uri", buf_cstr(&uri));
	buf_release(&secret);
	buf_release(&uri);
	return e != OK ? api_error_of(e) : *data != NULL ? API_OK : API_FAILED;
}

enum api_error
do_totp_end(struct api_turn *t, json_t **data)
{
	struct buf codes = { 0 };
	enum err e = account_totp_end(t->api->accounts, t->token,
	    turn_text(t, "code"), &codes, &t->fail);

	if (e == OK)
		*data = json_pack("{s:s}", "recovery_codes", buf_cstr(&codes));
	buf_release(&codes);
	return e != OK ? api_error_of(e) : *data != NULL ? API_OK : API_FAILED;
}
