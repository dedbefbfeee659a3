/*
 * The API behind the page: a request in, an answer out. No network here; the
 * listener (page.h) brings requests, and so do tests.
 *
 * In this order, each before anything that comes after it is looked at: the
 * host asked for, the page that asks, the route, the size and type of the body,
 * the session, its lock and its duties, the token, the role, the right to write,
 * the body's shape, whose records they are. Whoever is refused learns nothing
 * that stands behind.
 *
 * Thread-safe; takes the engine's lock itself, for as long as one command.
 */
#ifndef FOOTBRIDGE_NODE_API_API_H
#define FOOTBRIDGE_NODE_API_API_H

#include "node/api/error.h"
#include "node/engine.h"

/* one request's body */
#define API_BODY_BYTES ((size_t)1 << 20)
/* and of who is not signed in */
#define API_BODY_STRANGER_BYTES ((size_t)4 << 10)
/* answers */
#define API_ANSWER_BYTES ((size_t)16 << 20)
/* names under which the page is reached */
#define API_HOSTS 8
#define API_HOST_BYTES 280

/* one Set-Cookie */
#define API_COOKIE_BYTES 256

struct accounts;

struct api {
	struct engine *engine;     /* borrowed */
	const char *dir;           /* of the replica; borrowed */
	struct accounts *accounts; /* borrowed; NULL: none on this computer */
	bool https;                /* cookies are for TLS only */
	char hosts[API_HOSTS][API_HOST_BYTES]; /* "127.0.0.1:7480", lower
						  case */
	size_t host_count;
};

/* All texts are untrusted, NULL where there was none. */
struct api_request {
	const char *method;
	const char *target;               /* as it was sent, "/api/...?..." */
	const char *host, *origin, *site; /* site: Sec-Fetch-Site */
	const char *cookie, *token;       /* token: X-Footbridge-Token */
	const char *type;                 /* Content-Type */
	const char *from;                 /* the caller's address, ours */
	const uint8_t *body;
	size_t body_n;
};

struct api_reply {
	unsigned status;
	struct buf body;               /* JSON */
	char cookie[API_COOKIE_BYTES]; /* Set-Cookie, or "" */
	char allow[48];                /* Allow, or "" */
};

/* What can be refused at the head: host, page, route, length and type, and a body
 * of who is not signed in, where the route wants that or it is longer than a
 * sign-in. OK: the body is to be read. body_n is what is announced. */
enum api_error api_head(struct api *api, struct api_reply *reply,
    const struct api_request *q);
/* The whole answer; reply->body released by the caller. */
void api_answer(struct api *api, struct api_reply *reply,
    const struct api_request *q);
/* A refusal alone. */
void api_refuse(struct api_reply *reply, enum api_error e, const char *why);

/* Is this, a Host header or NULL, one of the names that the page is reached by? */
bool api_is_own_host(const struct api *api, const char *host);
/* The page is reached by this name, too: "127.0.0.1:7480". */
void api_add_host(struct api *api, const char *host);

#endif
