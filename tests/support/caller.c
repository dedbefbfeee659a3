/* One office, one API, one answer at a time. */
#include "tests/support/caller.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/account/admin.h"

struct office *caller_office;
static struct engine engine;
static json_t *last;   /* the answer to the last request */
static struct buf raw; /* as it was sent */
static struct api api;
static struct fail why;

/* ---- an office with accounts ---- */

struct value
caller_text(const char *s)
{
	return (struct value){ .type = VALUE_TEXT,
		.p = (const uint8_t *)s,
		.n = strlen(s) };
}

struct row_id
caller_row(const char *table, struct write_field *fields, size_t n)
{
	const struct table *t =
	    registry_table(replica_registry(caller_office->r), table);
	struct write_request q = { .table = t,
		.fields = fields,
		.field_count = n };
	struct row_id id;
	int64_t draft;

	assert_int_equal(write_row(caller_office->r, &id, &draft, &q, &why),
	    OK);
	return id;
}

const struct field *
caller_field(const char *table, const char *name)
{
	return table_field(registry_table(replica_registry(caller_office->r),
			       table),
	    name);
}

struct row_id
caller_role(const struct row_id *staff, const char *role, const char *scope)
{
	struct write_field given[] = {
		{ caller_field("staff_role", "staff_id"),
		    { .type = VALUE_ID, .p = staff->b, .n = ID_BYTES } },
		{ caller_field("staff_role", "role"), caller_text(role) },
		{ caller_field("staff_role", "scope"), caller_text(scope) },
	};

	return caller_row("staff_role", given, COUNT_OF(given));
}

struct row_id
caller_staff(const char *name, const char *role, const char *scope)
{
	struct write_field who = { caller_field("staff", "name"),
		caller_text(name) };
	struct row_id staff = caller_row("staff", &who, 1);
	struct account_new q = { .name = name, .staff = staff };
	struct renewal w;
	int64_t no;

	(void)caller_role(&staff, role, scope);
	assert_int_equal(renew_make(&w, &caller_office->env->env, "", name,
			     NULL, CALLER_PASSWORD, strlen(CALLER_PASSWORD),
			     &why),
	    OK);
	assert_int_equal(replica_begin(caller_office->r, &why), OK);
	assert_int_equal(admin_add(&no, caller_office->r, &q, &w, NULL, &why),
	    OK);
	assert_int_equal(replica_commit(caller_office->r, &why), OK);
	return staff;
}

struct roles {
	const struct row_id *staff;
	struct row_id ids[4];
	size_t count;
};

static bool
take_role(void *context, const struct read_row *row)
{
	struct roles *x = context;

	x->ids[x->count++] = row->id;
	return x->count < COUNT_OF(x->ids);
}

void
caller_end_roles(const struct row_id *staff)
{
	struct replica *r = caller_office->r;
	const struct table *t =
	    registry_table(replica_registry(r), "staff_role");
	struct read_filter filter = { table_field(t, "staff_id"),
		{ .type = VALUE_ID, .p = staff->b, .n = ID_BYTES } };
	struct read_query q = { .table = t,
		.filters = &filter,
		.filter_count = 1 };
	struct roles x = { .staff = staff };
	struct write_field end = { table_field(t, "valid_to"),
		{ .type = VALUE_DATE, .i = 1 } };
	int64_t draft;

	assert_int_equal(read_list(r, &q, take_role, &x, &why), OK);
	assert_true(x.count > 0);
	for (size_t i = 0; i < x.count; i++) {
		struct write_request w = { .table = t,
			.row = &x.ids[i],
			.fields = &end,
			.field_count = 1 };

		assert_int_equal(write_row(r, &x.ids[i], &draft, &w, &why), OK);
	}
}

int
caller_begin(void **state)
{
	struct account_settings s;

	(void)state;
	why = (struct fail){ 0 };
	caller_office = office_found("North", KIND_PROBATION, 1);
	assert_int_equal(engine_init(&engine, caller_office->r, &why), OK);
	(void)caller_staff("Ana", "officer", "all");
	(void)caller_staff("Ben", "officer", "caseload");
	(void)caller_staff("Aud", "auditor", "all");
	account_defaults(&s);
	s.totp = false;
	api = (struct api){ .engine = &engine, .dir = caller_office->dir };
	assert_int_equal(accounts_new(&api.accounts, &engine, &s, &why), OK);
	api_add_host(&api, CALLER_HOST);
	return 0;
}

int
caller_end(void **state)
{
	(void)state;
	accounts_free(api.accounts);
	engine_release(&engine);
	json_decref(last);
	last = NULL;
	buf_release(&raw);
	office_free(caller_office);
	return 0;
}

/* ---- a browser ---- */

unsigned
caller_ask(struct browser *b, const char *method, const char *target,
    const char *body)
{
	struct api_request q = { .method = method,
		.target = target,
		.host = CALLER_HOST,
		.origin = "http://" CALLER_HOST,
		.type = "application/json",
		.from = "127.0.0.1" };
	struct api_reply reply = { .status = 0 };

	if (b != NULL && b->cookie[0] != '\0')
		q.cookie = b->cookie;
	if (b != NULL && b->token[0] != '\0')
		q.token = b->token;
	q.body = (const uint8_t *)body;
	q.body_n = body != NULL ? strlen(body) : 0;
	api_answer(&api, &reply, &q);
	json_decref(last);
	last = json_loadb((const char *)reply.body.p, reply.body.n, 0, NULL);
	assert_true(json_is_object(last));
	if (b != NULL && reply.cookie[0] != '\0')
		(void)snprintf(b->cookie, sizeof(b->cookie), "%.*s",
		    (int)strcspn(reply.cookie, ";"), reply.cookie);
	buf_release(&raw);
	raw = reply.body;
	return reply.status;
}

const json_t *
caller_answer(void)
{
	return last;
}

const struct buf *
caller_raw(void)
{
	return &raw;
}

const char *
caller_code(void)
{
	return json_string_value(
	    json_object_get(json_object_get(last, "error"), "code"));
}

const json_t *
caller_data(const char *name)
{
	return json_object_get(json_object_get(last, "data"), name);
}

void
caller_keep_token(struct browser *b)
{
	(void)snprintf(b->token, sizeof(b->token), "%s",
	    json_string_value(caller_data("token")));
}

/* Signed in, and what must be done first is done. */
void
caller_sign_in(struct browser *b, const char *name)
{
	char body[128];

	*b = (struct browser){ .cookie = "" };
	(void)snprintf(body, sizeof(body),
	    "{\"name\": \"%s\", \"password\": \"" CALLER_PASSWORD "\"}", name);
	assert_int_equal(caller_ask(b, "POST", "/api/session", body), 200);
	caller_keep_token(b);
	assert_int_equal(caller_ask(b, "POST", "/api/session/banner", NULL),
	    200);
}

const char *
caller_must(struct browser *b, const char *method, const char *target,
    const char *body)
{
	static char id[ID_TEXT_BYTES];
	const json_t *ids;
	const char *one;
	unsigned have = caller_ask(b, method, target, body);

	if (have != 200)
		print_error("%s %s: %u %.*s\n", method, target, have,
		    (int)caller_raw()->n, (const char *)caller_raw()->p);
	assert_int_equal(have, 200);
	ids = caller_data("ids");
	one = ids != NULL ? json_string_value(json_array_get(ids, 0))
			  : json_string_value(caller_data("id"));
	(void)snprintf(id, sizeof(id), "%s", one != NULL ? one : "");
	return id;
}

const char *
caller_must_with(struct browser *b, const char *method, const char *target,
    const char *id, const char *format, const char *first, const char *second)
{
	char path[160], body[1024];

	(void)snprintf(path, sizeof(path), target, id);
	(void)snprintf(body, sizeof(body), format, first, second);
	return caller_must(b, method, path, format[0] != '\0' ? body : NULL);
}

size_t
caller_found(struct browser *b, const char *text)
{
	char body[160];

	(void)snprintf(body, sizeof(body), "{\"q\": \"%s\"}", text);
	(void)caller_must(b, "POST", "/api/search", body);
	return json_array_size(json_object_get(caller_answer(), "data"));
}

size_t
caller_count(struct browser *b, const char *target)
{
	(void)caller_must(b, "GET", target, NULL);
	return json_array_size(json_object_get(caller_answer(), "data"));
}

void
caller_person(char id[static ID_TEXT_BYTES], struct browser *b,
    const char *name)
{
	(void)snprintf(id, ID_TEXT_BYTES, "%s",
	    caller_must_with(b, "POST", "/api/records/person%s", "",
		"{\"fields\": {\"legal_name\": \"%s\"}}%s", name, ""));
}
