/*
 * What a browser, or whoever else reaches the page's port, may send to the API:
 * targets, JSON bodies, cookies, and whole requests up to where somebody would
 * have to be signed in.
 */
#include <stdlib.h>
#include <string.h>

#include "node/api/api.h"
#include "node/api/route.h"
#include "node/api/session.h"
#include "sync/value.h"
#include "tests/fuzz/fuzz.h"

/* jansson takes some 100 bytes for one of input, and an answer is made */
const size_t fuzz_bytes_max = (size_t)64 << 20;

enum mode { TARGET, BODY, COOKIE, REQUEST, MODES };

/* The text up to a line's end, and what is behind it. */
static const char *
line_of(struct buf *b, struct fuzz_in *in)
{
	const uint8_t *end = in->n > 0 ? memchr(in->p, '\n', in->n) : NULL;
	size_t n = end != NULL ? (size_t)(end - in->p) : in->n;

	buf_put(b, in->p, n);
	in->p += end != NULL ? n + 1 : n;
	in->n -= end != NULL ? n + 1 : n;
	return buf_cstr(b);
}

/* What was decoded is a text, and no other route's by how it is written. */
static void
target(struct fuzz_in in)
{
	static struct target t;
	const struct api_route *r;
	const char *values[ROUTE_VALUES];
	char allow[ROUTE_ALLOW_BYTES];
	struct buf text = { 0 };
	struct fail f = { 0 };

	if (target_parse(&t, line_of(&text, &in), &f) == OK) {
		assert(t.segment_count >= 1);
		for (size_t i = 0; i < t.segment_count; i++)
			assert(value_utf8((const uint8_t *)t.segments[i],
			    strlen(t.segments[i])));
		for (size_t i = 0; i < t.pair_count; i++)
			for (size_t k = 0; k < i; k++)
				assert(strcmp(t.pairs[i].name,
					   t.pairs[k].name) != 0);
		(void)route_find(&r, values, allow, "GET", &t);
	} else {
		assert(f.text[0] != '\0');
	}
	buf_release(&text);
}

/* Each route's body: what is taken is taken again when it is written anew. */
static void
body(struct fuzz_in in)
{
	const struct api_route *r = &api_routes[fuzz_u8(&in) % api_route_count];
	json_t *j = NULL, *again = NULL;
	struct fail f = { 0 };
	char *text;

	if (api_json_parse(&j, in.p, in.n, r->body, &f) != OK) {
		assert(j == NULL && f.text[0] != '\0');
		return;
	}
	text = json_dumps(j, JSON_COMPACT);
	assert(text != NULL);
	assert(api_json_parse(&again, text, strlen(text), r->body, NULL) == OK);
	assert(json_equal(j, again));
	free(text);
	json_decref(j);
	json_decref(again);
}

static void
cookie(struct fuzz_in in)
{
	char out[ACCOUNT_TOKEN_BYTES];
	struct buf text = { 0 };
	bool https = fuzz_u8(&in) & 1;

	if (session_cookie(out, line_of(&text, &in), https)) {
		assert(strlen(out) == ACCOUNT_TOKEN_BYTES - 1);
		assert(strstr(buf_cstr(&text), out) != NULL);
	}
	buf_release(&text);
}

/* method, target, host, origin, type, cookie, a line each; body. Nobody is
 * signed in, so nothing but what is public is answered with 200. */
static void
request(struct fuzz_in in)
{
	struct api api = { .engine = NULL };
	struct api_reply reply = { .status = 0 };
	struct buf lines[6] = { { 0 } };
	struct api_request q = { .from = "127.0.0.1" };
	json_t *j;

	api_add_host(&api, "127.0.0.1:7480");
	q.method = line_of(&lines[0], &in);
	q.target = line_of(&lines[1], &in);
	q.host = line_of(&lines[2], &in);
	q.origin = line_of(&lines[3], &in);
	q.type = line_of(&lines[4], &in);
	q.cookie = line_of(&lines[5], &in);
	if (q.origin[0] == '\0')
		q.origin = NULL;
	q.body = in.p;
	q.body_n = in.n;
	api_answer(&api, &reply, &q);
	assert(reply.status != 200 || strncmp(q.target, "/api/hello", 10) == 0);
	assert(reply.cookie[0] == '\0');
	/* one JSON object, whatever came; nothing in it that is markup */
	j = json_loadb((const char *)reply.body.p, reply.body.n, 0, NULL);
	assert(json_is_object(j));
	assert(memchr(reply.body.p, '<', reply.body.n) == NULL);
	json_decref(j);
	buf_release(&reply.body);
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		buf_release(&lines[i]);
}

void
fuzz_one(const uint8_t *p, size_t n)
{
	struct fuzz_in in = { .p = p, .n = n };
	uint8_t mode = fuzz_u8(&in) % MODES;

	if (mode == TARGET)
		target(in);
	else if (mode == BODY)
		body(in);
	else if (mode == COOKIE)
		cookie(in);
	else
		request(in);
}

static void
seed(uint8_t mode, const char *text)
{
	struct buf b = { 0 };

	buf_u8(&b, mode);
	buf_put(&b, text, strlen(text));
	fuzz_seed(b.p, b.n);
	buf_release(&b);
}

/* A body of the route with that path. */
static void
seed_body(const char *method, const char *path, const char *text)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < api_route_count; i++) {
		if (strcmp(api_routes[i].path, path) != 0 ||
		    strcmp(api_routes[i].method, method) != 0)
			continue;
		buf_u8(&b, BODY);
		buf_u8(&b, (uint8_t)i);
		buf_put(&b, text, strlen(text));
		fuzz_seed(b.p, b.n);
	}
	buf_release(&b);
}

void
fuzz_seeds(void)
{
	seed(TARGET,
	    "/api/records/person/3f2a?limit=20&after=a%2Fb&fields.person=x+y");
	seed(TARGET, "/api/people/J%C3%BCrgen/timeline");
	seed_body("POST", "/api/session",
	    "{\"name\":\"Ann\",\"password\":\"four plain words\"}");
	seed_body("PATCH", "/api/records/:table/:id",
	    "{\"fields\":{\"legal_name\":\"A\",\"n\":1,\"b\":true,\"c\":null},"
	    "\"seen\":\"ab\"}");
	seed_body("POST", "/api/attendance",
	    "{\"on\":\"2026-03-31\",\"attendance\":[{\"appointment\":\"ab\","
	    "\"result\":\"complied\",\"minutes\":90}]}");
	seed_body("POST", "/api/people/:person/share",
	    "{\"categories\":[\"SUP.case\"],\"to\":\"Clinic\",\"basis\":"
	    "\"order:1\",\"dry_run\":true}");
	seed(COOKIE,
	    "1a=b; __Host-footbridge="
	    "0123456789012345678901234567890123456789abc; c=d");
	seed(REQUEST,
	    "POST\n/api/session\n127.0.0.1:7480\nhttp://127.0.0.1:7480\n"
	    "application/json\n\n{\"name\":\"Ann\",\"password\":\"x\"}");
	seed(REQUEST, "GET\n/api/hello\nLOCALHOST:7480\n\n\n\n");
	seed(REQUEST,
	    "DELETE\n/api/session\n127.0.0.1:7480\n\n\nfootbridge="
	    "0123456789012345678901234567890123456789abc\n");
}
