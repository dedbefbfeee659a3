/*
 * libmicrohttpd in poll mode, as for peers (server.c): a request is judged at
 * its head, before a byte of its body is taken in. The target is taken raw
 * (target.h decodes it), and headers that come twice are refused.
 */
#include "node/api/page.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "node/api/page_door.h"
#include "node/api/page_head.h"
#include "node/api/site.h"
#include "node/server_i.h"

#define PAGE_STACK_BYTES ((size_t)2 << 20)
#define PAGE_FLAGS \
	(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC | \
	    MHD_USE_SUPPRESS_DATE_NO_CLOCK)
#define PAGE_PRIORITY \
	"SECURE128:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-256-GCM:" \
	"%NO_TICKETS"

struct page {
	struct MHD_Daemon *mhd;
	struct api api;
	struct page_door door;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t idle;  /* busy became 0 */
	unsigned busy;
	size_t taken_bytes;
};

/* One request. */
struct visitor {
	struct page *page;
	struct page_visit *visit; /* its connection's place; NULL: none */
	char *target;             /* owned, raw */
	char from[INET6_ADDRSTRLEN];
	bool is_begun;   /* its head was seen */
	bool is_refused; /* answered at the head */
	bool is_for_site;
	size_t want_bytes;
	struct buf body;
};

/* ---- answers ---- */

struct head {
	const char *name, *value;
};

/* Of every answer. */
static const struct head headers[] = {
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
};

/* Of the API's: nothing is kept, and nothing in it does anything. */
static const struct head api_headers[] = {
	{ "Content-Type", "application/json; charset=utf-8" },
	{ "Cache-Control", "no-store" },
	{ "Content-Security-Policy",
	    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
	    "form-action 'none'" },
};

/* Of the page's files: what they are made of comes from here alone, no script or
 * style stands in the markup, and text never becomes markup. */
static const struct head site_headers[] = {
	{ "Vary", "Accept-Encoding" },
	{ "Permissions-Policy", "camera=(), geolocation=(), microphone=()" },
	{ "Content-Security-Policy",
	    "default-src 'none'; script-src 'self'; style-src 'self'; "
	    "img-src 'self'; connect-src 'self'; frame-ancestors 'none'; "
	    "base-uri 'none'; form-action 'none'; "
	    "require-trusted-types-for 'script'; trusted-types 'none'" },
};

static void
add_heads(struct MHD_Response *r, const struct head *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)MHD_add_response_header(r, list[i].name, list[i].value);
}

static enum MHD_Result
send_reply(struct MHD_Connection *c, struct api_reply *reply)
{
	struct MHD_Response *r;
	enum MHD_Result rc;

	r = MHD_create_response_from_buffer(reply->body.n, reply->body.p,
	    MHD_RESPMEM_MUST_COPY);
	if (r == NULL)
		return MHD_NO;
	add_heads(r, headers, COUNT_OF(headers));
	add_heads(r, api_headers, COUNT_OF(api_headers));
	if (reply->cookie[0] != '\0')
		(void)MHD_add_response_header(r, "Set-Cookie", reply->cookie);
	if (reply->allow[0] != '\0' && reply->status == 405)
		(void)MHD_add_response_header(r, "Allow", reply->allow);
	rc = MHD_queue_response(c, reply->status, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result
send_and_forget(struct MHD_Connection *c, struct api_reply *reply)
{
	enum MHD_Result rc = send_reply(c, reply);

	buf_release(&reply->body);
	return rc;
}

/* ---- heads ---- */

static bool
read_head(struct api_request *q, struct visitor *v, struct MHD_Connection *c,
    const char *method)
{
	bool bad = false;

	*q = (struct api_request){ .method = method,
		.target = v->target,
		.from = v->from };
	q->host = page_header(c, MHD_HTTP_HEADER_HOST, &bad);
	q->origin = page_header(c, MHD_HTTP_HEADER_ORIGIN, &bad);
	q->site = page_header(c, "Sec-Fetch-Site", &bad);
	q->cookie = page_header(c, MHD_HTTP_HEADER_COOKIE, &bad);
	q->token = page_header(c, "X-Footbridge-Token", &bad);
	q->type = page_header(c, MHD_HTTP_HEADER_CONTENT_TYPE, &bad);
	/* a body whose length nobody said could not be bounded */
	if (page_header(c, MHD_HTTP_HEADER_TRANSFER_ENCODING, &bad) != NULL)
		bad = true;
	if (!page_length(&q->body_n,
		page_header(c, MHD_HTTP_HEADER_CONTENT_LENGTH, &bad)))
		bad = true;
	return !bad && v->target != NULL;
}

static bool
take_room(struct visitor *v, size_t n)
{
	struct page *p = v->page;
	bool fits;

	(void)pthread_mutex_lock(&p->lock);
	fits = n <= PAGE_BODIES_BYTES - p->taken_bytes;
	if (fits) {
		p->taken_bytes += n;
		v->want_bytes = n;
	}
	(void)pthread_mutex_unlock(&p->lock);
	return fits;
}

/* A file of the page; what is asked for by another name is not even that. */
static enum MHD_Result
send_site(struct visitor *v, struct MHD_Connection *c, const char *method)
{
	bool bad = false;
	struct site_request q = { .method = method,
		.target = v->target,
		.encodings =
		    page_header(c, MHD_HTTP_HEADER_ACCEPT_ENCODING, &bad),
		.have = page_header(c, MHD_HTTP_HEADER_IF_NONE_MATCH, &bad) };
	struct site_answer a;
	struct MHD_Response *r;
	enum MHD_Result rc;

	site_answer(&a, &q);
	/* what is in the program's own memory is not changed by the library */
	r = MHD_create_response_from_buffer(a.n, (void *)(uintptr_t)a.body,
	    MHD_RESPMEM_PERSISTENT);
	if (r == NULL)
		return MHD_NO;
	add_heads(r, headers, COUNT_OF(headers));
	add_heads(r, site_headers, COUNT_OF(site_headers));
	(void)MHD_add_response_header(r, "Content-Type", a.type);
	(void)MHD_add_response_header(r, "Cache-Control",
	    a.is_lasting ? "public, max-age=31536000, immutable" : "no-cache");
	if (a.tag[0] != '\0')
		(void)MHD_add_response_header(r, "ETag", a.tag);
	if (a.is_gzip)
		(void)MHD_add_response_header(r, "Content-Encoding", "gzip");
	if (a.status == 405)
		(void)MHD_add_response_header(r, "Allow", "GET, HEAD");
	rc = MHD_queue_response(c, a.status, r);
	MHD_destroy_response(r);
	return rc;
}

/* Is it for the files? Another name, a body or a doubled header is the API's to
 * refuse. */
static bool
is_for_site(const struct visitor *v, const struct api_request *q)
{
	return site_is(v->target) && q->body_n == 0 &&
	    api_is_own_host(&v->page->api, q->host);
}

static enum MHD_Result
judge_head(struct visitor *v, struct MHD_Connection *c, const char *method)
{
	struct api_reply reply = { .status = 0 };
	struct api_request q;
	enum api_error e = API_OK;

	v->is_refused = true;
	if (!read_head(&q, v, c, method)) {
		api_refuse(&reply, API_LENGTH,
		    "a header is there twice, or the length is not said");
		return send_and_forget(c, &reply);
	}
	v->is_for_site = is_for_site(v, &q);
	if (v->is_for_site) {
		v->is_refused = false;
		return MHD_YES;
	}
	e = api_head(&v->page->api, &reply, &q);
	if (e == API_OK && !take_room(v, q.body_n)) {
		e = API_BUSY;
		api_refuse(&reply, e, "");
	}
	if (e != API_OK)
		return send_and_forget(c, &reply);
	buf_init(&v->body, API_BODY_BYTES);
	v->is_refused = false;
	return MHD_YES;
}

static enum MHD_Result
answer(struct visitor *v, struct MHD_Connection *c, const char *method)
{
	struct api_reply reply = { .status = 0 };
	struct api_request q;
	enum MHD_Result rc;

	if (!read_head(&q, v, c, method) || v->body.err != OK)
		api_refuse(&reply, API_SIZE, "");
	else {
		q.body = v->body.p;
		q.body_n = v->body.n;
		api_answer(&v->page->api, &reply, &q);
	}
	rc = send_reply(c, &reply);
	buf_release(&reply.body);
	memset(reply.cookie, 0, sizeof(reply.cookie));
	return rc;
}

/* ---- libmicrohttpd's side ---- */

static void
note_from(struct visitor *v, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info;
	const struct sockaddr *sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	sa = info != NULL ? info->client_addr : NULL;
	if (sa != NULL && sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof(v4));
		(void)inet_ntop(AF_INET, &v4.sin_addr, v->from,
		    sizeof(v->from));
	} else if (sa != NULL && sa->sa_family == AF_INET6) {
		memcpy(&v6, sa, sizeof(v6));
		(void)inet_ntop(AF_INET6, &v6.sin6_addr, v->from,
		    sizeof(v->from));
	}
}

static struct page_visit *
visit_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info;

	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info != NULL ? info->socket_context : NULL;
}

static void
on_connection(void *ctx, struct MHD_Connection *c, void **state,
    enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *fd, *from;
	struct page *p = ctx;

	if (what != MHD_CONNECTION_NOTIFY_STARTED) {
		page_door_end(&p->door, *state);
		*state = NULL;
		return;
	}
	fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	from = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	*state = fd != NULL ? page_door_begin(&p->door, fd->connect_fd,
				  from != NULL ? from->client_addr : NULL)
			    : NULL;
}

/* The raw target, before anything of it is decoded; begins a request. */
static void *
on_target(void *ctx, const char *target, struct MHD_Connection *c)
{
	struct page *p = ctx;
	struct visitor *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	v->page = p;
	v->visit = visit_of(c);
	v->target = strdup(target);
	note_from(v, c);
	(void)pthread_mutex_lock(&p->lock);
	p->busy++;
	(void)pthread_mutex_unlock(&p->lock);
	return v;
}

static enum MHD_Result
on_request(void *ctx, struct MHD_Connection *c, const char *url,
    const char *method, const char *version, const char *piece,
    size_t *piece_bytes, void **state)
{
	struct visitor *v = *state;

	(void)ctx;
	(void)url;
	(void)version;
	if (v == NULL)
		return MHD_NO;
	if (!v->is_begun) {
		v->is_begun = true;
		return judge_head(v, c, method);
	}
	if (*piece_bytes > 0) {
		if (!v->is_refused)
			buf_put(&v->body, piece, *piece_bytes);
		*piece_bytes = 0;
		return MHD_YES;
	}
	page_door_whole(&v->page->door, v->visit);
	if (v->is_refused)
		return MHD_YES;
	return v->is_for_site ? send_site(v, c, method) : answer(v, c, method);
}

static void
on_end(void *ctx, struct MHD_Connection *c, void **state,
    enum MHD_RequestTerminationCode why)
{
	struct page *p = ctx;
	struct visitor *v = *state;

	(void)c;
	(void)why;
	if (v == NULL)
		return;
	*state = NULL;
	page_door_answered(&p->door, v->visit);
	(void)pthread_mutex_lock(&p->lock);
	p->taken_bytes -= v->want_bytes;
	if (--p->busy == 0)
		(void)pthread_cond_broadcast(&p->idle);
	(void)pthread_mutex_unlock(&p->lock);
	buf_release(&v->body);
	free(v->target);
	free(v);
}

/* ---- begin and end ---- */

static bool
is_loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
	    strcmp(host, "localhost") == 0;
}

/* The names by which a browser may ask for it. */
static void
name_hosts(struct api *api, const struct address *at, const char *name)
{
	char host[API_HOST_BYTES];
	bool is_v6 = strchr(at->host, ':') != NULL;

	(void)snprintf(host, sizeof(host), is_v6 ? "[%s]:%s" : "%s:%s",
	    at->host, at->port);
	api_add_host(api, host);
	if (is_loopback(at->host)) {
		(void)snprintf(host, sizeof(host), "localhost:%s", at->port);
		api_add_host(api, host);
	}
	if (name == NULL || name[0] == '\0')
		return;
	(void)snprintf(host, sizeof(host), "%.200s:%s", name, at->port);
	api_add_host(api, host);
	/* without a port, where a browser leaves it out */
	if (strcmp(at->port, "443") == 0)
		api_add_host(api, name);
}

static struct page *
page_new(const struct page_options *o)
{
	struct page *p = calloc(1, sizeof(*p));
	pthread_condattr_t attr;

	if (p == NULL)
		return NULL;
	p->api.engine = o->engine;
	p->api.accounts = o->accounts;
	p->api.dir = o->dir;
	page_door_init(&p->door);
	(void)pthread_mutex_init(&p->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&p->idle, &attr);
	(void)pthread_condattr_destroy(&attr);
	return p;
}

static void
page_free(struct page *p)
{
	if (p == NULL)
		return;
	(void)pthread_cond_destroy(&p->idle);
	(void)pthread_mutex_destroy(&p->lock);
	page_door_release(&p->door);
	free(p);
}

static struct MHD_Daemon *
begin(struct page *p, int fd, const struct page_cert *cert)
{
	const struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, cert->cert.p },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, cert->key.p },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0,
		    (void *)(uintptr_t)PAGE_PRIORITY },
		{ MHD_OPTION_END, 0, NULL },
	};
	const struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };

	return MHD_start_daemon(PAGE_FLAGS | (p->api.https ? MHD_USE_TLS : 0),
	    0, NULL, NULL, on_request, p,                        /**/
	    MHD_OPTION_LISTEN_SOCKET, fd,                        /**/
	    MHD_OPTION_URI_LOG_CALLBACK, on_target, p,           /**/
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, p,      /**/
	    MHD_OPTION_NOTIFY_COMPLETED, on_end, p,              /**/
	    MHD_OPTION_THREAD_POOL_SIZE, (unsigned)PAGE_THREADS, /**/
	    MHD_OPTION_THREAD_STACK_SIZE, PAGE_STACK_BYTES,      /**/
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)PAGE_TIMEOUT_S,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)PAGE_VISITS,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, PAGE_HEAD_BYTES,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, /**/
	    MHD_OPTION_ARRAY, p->api.https ? tls : none, MHD_OPTION_END);
}

/* Any address of this computer is no name that a browser could ask for. */
static enum err
check_name(const struct address *at, const struct page_options *o,
    struct fail *f)
{
	bool any =
	    strcmp(at->host, "0.0.0.0") == 0 || strcmp(at->host, "::") == 0;

	if (!any || (o->name != NULL && o->name[0] != '\0'))
		return OK;
	return fail_set(f, ERR_INPUT,
	    "page %.80s: say by which address people open it: listen on that "
	    "one, or set [page] name in footbridge.conf",
	    o->listen);
}

static enum err
begin_at(struct page *p, int fd, struct page_at *at, const struct address *a,
    const struct page_options *o, struct fail *f)
{
	struct page_cert cert = { .cert = { .n = 0 } };
	enum err e = check_name(a, o, f);

	p->api.https = !is_loopback(a->host);
	name_hosts(&p->api, a, o->name);
	if (e == OK && p->api.https)
		e = page_cert_get(&cert, o->engine, a, o->name, f);
	at->fingerprint[0] = '\0';
	if (e == OK && p->api.https)
		page_cert_fingerprint(at->fingerprint, &cert);
	if (e == OK && (p->mhd = begin(p, fd, &cert)) == NULL)
		e = fail_set(f, ERR_NET,
		    "page %.80s: the listener could not be started", o->listen);
	page_cert_release(&cert);
	return e;
}

/* By its name, where it has one. */
static void
say_url(struct page_at *at, const struct page *p, const char *where,
    const struct address *a, const char *name)
{
	const char *scheme = p->api.https ? "https" : "http";

	if (name != NULL && name[0] != '\0')
		(void)snprintf(at->url, sizeof(at->url), "%s://%.200s:%s/",
		    scheme, name, a->port);
	else
		(void)snprintf(at->url, sizeof(at->url), "%s://%s/", scheme,
		    where);
}

enum err
page_start(struct page **out, struct page_at *at, const struct page_options *o,
    struct fail *f)
{
	struct page *p = page_new(o);
	char where[ADDRESS_TEXT_BYTES];
	struct address a;
	int fd = -1;
	enum err e = p != NULL ? OK : fail_set(f, ERR_NOMEM, "the page");

	if (e == OK)
		e = server_socket(&fd, where, o->listen, f);
	if (e == OK)
		e = address_parse(&a, where, f);
	if (e == OK)
		e = begin_at(p, fd, at, &a, o, f);
	if (e == OK) {
		say_url(at, p, where, &a, o->name);
		*out = p;
		return OK;
	}
	if (fd >= 0)
		(void)close(fd);
	page_free(p);
	return e;
}

void
page_stop(struct page *p)
{
	struct timespec until;
	int fd, rc = 0;

	if (p == NULL)
		return;
	fd = MHD_quiesce_daemon(p->mhd);
	/* lint: waiting for threads, not the engine's clock */
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PAGE_STOP_MS / 1000;
	(void)pthread_mutex_lock(&p->lock);
	while (p->busy > 0 && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&p->idle, &p->lock, &until);
	(void)pthread_mutex_unlock(&p->lock);
	MHD_stop_daemon(p->mhd);
	if (fd >= 0)
		(void)close(fd);
	page_free(p);
}
