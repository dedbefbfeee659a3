/*
 * libmicrohttpd in poll mode with GnuTLS.
 *
 * A request is judged at its head: route, key, membership and announced
 * length, in this order, before a byte of body is taken in. libmicrohttpd
 * lets clients without a certificate through to the handler, so the key is
 * looked at on every request.
 */
#include "node/server_i.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Only what both ends of ours speak. EdDSA alone: a member's key is Ed25519.
 * No tickets: GnuTLS once sealed them with zeros (CVE-2020-13777). */
#define SERVER_PRIORITY \
	"SECURE128:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-256-GCM:" \
	"-SIGN-ALL:+SIGN-EDDSA-ED25519:" \
	"-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:%NO_TICKETS"
/* address space; only what is touched becomes memory */
#define SERVER_STACK_BYTES ((size_t)512 * 1024)
/* poll and no other way of waiting, see server.h */
#define SERVER_FLAGS \
	(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_TLS | MHD_USE_ITC | \
	    MHD_USE_SUPPRESS_DATE_NO_CLOCK | MHD_ALLOW_SUSPEND_RESUME)

static void
give_back(struct server *s, struct turn *t)
{
	server_body_end(s, t->visit);
	buf_release(&t->body);
}

static enum MHD_Result
answer_text(struct MHD_Connection *c, unsigned status, const char *text,
    size_t n)
{
	struct MHD_Response *r;
	enum MHD_Result rc;

	/* copied: the cast is what the interface asks for */
	r = MHD_create_response_from_buffer(n, (void *)(uintptr_t)text,
	    MHD_RESPMEM_MUST_COPY);
	if (r == NULL)
		return MHD_NO;
	rc = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return rc;
}

/* A refusal: its words are ours, from a fixed list, and name nothing. */
static enum MHD_Result
answer_refusal(struct MHD_Connection *c, unsigned status, const char *text)
{
	return answer_text(c, status, text, strlen(text));
}

/* Hands the bytes over to the library. */
static enum MHD_Result
answer_bytes(struct MHD_Connection *c, unsigned status, struct buf *answer)
{
	struct MHD_Response *r;
	enum MHD_Result rc;

	if (answer->n == 0)
		return answer_refusal(c, status, "");
	r = MHD_create_response_from_buffer(answer->n, answer->p,
	    MHD_RESPMEM_MUST_FREE);
	if (r == NULL)
		return MHD_NO;
	*answer = (struct buf){ 0 };
	rc = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return rc;
}

static bool
route(enum server_path *path, const struct server *s, const char *url,
    const char *method)
{
	if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
		return false;
	if (strcmp(url, SERVER_PATH_EXCHANGE) == 0)
		*path = SERVER_EXCHANGE;
	else if (strcmp(url, SERVER_PATH_JOIN) == 0)
		*path = SERVER_JOIN;
	else if (strcmp(url, SERVER_PATH_WAIT) == 0)
		*path = SERVER_WAIT;
	else
		return false;
	return *path != SERVER_WAIT || s->hooks.held != NULL;
}

/* The announced length, which the library then holds the caller to. */
static bool
body_length(size_t *out, struct MHD_Connection *c)
{
	const char *text, *end;
	size_t n = 0;

	text = MHD_lookup_connection_value(c, MHD_HEADER_KIND,
	    MHD_HTTP_HEADER_CONTENT_LENGTH);
	/* with both the library takes what is sent, whatever was announced */
	if (text == NULL || *text == '\0' ||
	    MHD_lookup_connection_value(c, MHD_HEADER_KIND,
		MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL)
		return false;
	for (end = text; *end >= '0' && *end <= '9'; end++) {
		/* more digits than any bound of ours has */
		if (end - text >= 12)
			return false;
		n = n * 10 + (size_t)(*end - '0');
	}
	*out = n;
	return *end == '\0';
}

static bool
caller_key(uint8_t key[static TLS_KEY_BYTES], struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info;

	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	return info != NULL && info->tls_session != NULL &&
	    tls_peer_key(key, info->tls_session);
}

static size_t
body_limit(enum server_path path)
{
	switch (path) {
	case SERVER_JOIN:
		return SERVER_JOIN_BYTES;
	case SERVER_WAIT:
		return 0;
	case SERVER_EXCHANGE:
		break;
	}
	return LIMIT_MESSAGE_BYTES;
}

/* Everything that can be refused before the body. */
static enum MHD_Result
judge_head(struct server *s, struct turn *t, struct MHD_Connection *c,
    const char *url, const char *method)
{
	size_t n, limit;

	t->is_refused = true;
	if (!route(&t->path, s, url, method))
		return answer_refusal(c, MHD_HTTP_NOT_FOUND,
		    "this address takes Footbridge exchanges only\n");
	if (!caller_key(t->key, c))
		return answer_refusal(c, MHD_HTTP_FORBIDDEN,
		    "a certificate with an Ed25519 key is needed\n");
	if (t->path != SERVER_JOIN) {
		if (!s->hooks.is_member(s->hooks.ctx, t->key))
			return answer_refusal(c, MHD_HTTP_FORBIDDEN,
			    "this key is not a member's\n");
		server_visit_prove(s, t->visit, t->key);
	}
	limit = body_limit(t->path);
	if (!body_length(&n, c))
		return answer_refusal(c, MHD_HTTP_LENGTH_REQUIRED,
		    "the length of the body is needed\n");
	if (n > limit)
		return answer_refusal(c, MHD_HTTP_CONTENT_TOO_LARGE,
		    "the body is larger than allowed\n");
	if (!server_body_begin(s, t->visit, n))
		return answer_refusal(c, MHD_HTTP_SERVICE_UNAVAILABLE,
		    "busy, try again later\n");
	buf_init(&t->body, limit);
	t->is_refused = false;
	return MHD_YES;
}

static enum MHD_Result
answer_turn(struct server *s, struct turn *t, struct MHD_Connection *c)
{
	const struct server_request request = { .path = t->path,
		.key = t->key,
		.body = t->body.p,
		.n = t->body.n };
	struct fail why = { 0 };
	struct buf answer;
	const char *text;
	enum MHD_Result rc;
	enum err e;

	buf_init(&answer,
	    t->path == SERVER_JOIN ? SERVER_JOIN_ANSWER_BYTES
				   : LIMIT_MESSAGE_BYTES);
	e = t->body.err;
	if (e == OK)
		e = s->hooks.handle(s->hooks.ctx, &answer, &request, &why);
	if (e == OK)
		e = answer.err;
	if (e == OK && t->path == SERVER_JOIN)
		server_visit_prove(s, t->visit, t->key);
	/* before the answer goes out, which may take minutes */
	give_back(s, t);
	text = t->path == SERVER_JOIN && why.text[0] != '\0' ? why.text
							     : err_text(e);
	if (e == OK)
		rc = answer_bytes(c, MHD_HTTP_OK, &answer);
	else if (e == ERR_REVOKED && answer.err == OK && answer.n > 0)
		rc = answer_bytes(c, (unsigned)err_http(e), &answer);
	else
		rc = answer_refusal(c, (unsigned)err_http(e), text);
	buf_release(&answer);
	return rc;
}

/* Comes here twice: at the end of the request, and when it was let go. */
static enum MHD_Result
answer_wait(struct server *s, struct turn *t, struct MHD_Connection *c)
{
	char byte;

	if (!t->is_let_go && server_hold(s, c, t))
		return MHD_YES;
	if (!t->is_let_go)
		return answer_refusal(c, MHD_HTTP_SERVICE_UNAVAILABLE,
		    "busy, try again later\n");
	byte = t->has_news ? SERVER_NEWS : SERVER_NO_NEWS;
	return answer_text(c, MHD_HTTP_OK, &byte, 1);
}

/* libmicrohttpd calls it with the head, with each piece, and at the end. */
static enum MHD_Result
on_request(void *ctx, struct MHD_Connection *c, const char *url,
    const char *method, const char *version, const char *piece,
    size_t *piece_bytes, void **state)
{
	struct server *s = ctx;
	struct turn *t = *state;

	(void)version;
	if (t == NULL) {
		t = calloc(1, sizeof(*t));
		if (t == NULL)
			return MHD_NO;
		*state = t;
		t->visit = server_visit_of(c);
		(void)pthread_mutex_lock(&s->lock);
		s->busy++;
		(void)pthread_mutex_unlock(&s->lock);
		return judge_head(s, t, c, url, method);
	}
	if (*piece_bytes > 0) {
		if (!t->is_refused) {
			buf_put(&t->body, piece, *piece_bytes);
			server_body_more(s, t->visit, *piece_bytes);
		}
		*piece_bytes = 0;
		return MHD_YES;
	}
	if (t->is_refused)
		return MHD_YES;
	return t->path == SERVER_WAIT ? answer_wait(s, t, c)
				      : answer_turn(s, t, c);
}

static void
on_end(void *ctx, struct MHD_Connection *c, void **state,
    enum MHD_RequestTerminationCode why)
{
	struct server *s = ctx;
	struct turn *t = *state;

	(void)c;
	(void)why;
	if (t == NULL)
		return;
	give_back(s, t);
	(void)pthread_mutex_lock(&s->lock);
	server_hold_forget(s, t);
	free(t);
	*state = NULL;
	if (--s->busy == 0)
		(void)pthread_cond_broadcast(&s->idle);
	(void)pthread_mutex_unlock(&s->lock);
}

/* Ask for a certificate, by which we mean its key: there is no authority to
 * verify it against, and the library asks only where one is configured. */
static void
on_connection(void *ctx, struct MHD_Connection *c, void **state,
    enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *info;

	if (what != MHD_CONNECTION_NOTIFY_STARTED) {
		server_visit_end(ctx, *state);
		return;
	}
	*state = server_visit_begin(ctx, c);
	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (info != NULL && info->tls_session != NULL)
		gnutls_certificate_server_set_request(info->tls_session,
		    GNUTLS_CERT_REQUEST);
}

static void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	(void)pthread_cond_destroy(&s->idle);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

static struct server *
server_new(const struct server_hooks *hooks)
{
	struct server *s;
	pthread_condattr_t attr;

	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->hooks = *hooks;
	server_room(s);
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&s->idle, &attr);
	(void)pthread_condattr_destroy(&attr);
	return s;
}

enum err
server_start(struct server **out, char address[static ADDRESS_TEXT_BYTES],
    const char *listen, const struct tls_cert *cert,
    const struct server_hooks *hooks, struct fail *f)
{
	struct server *s;
	int fd = -1;
	enum err e;

	s = server_new(hooks);
	if (s == NULL)
		return fail_set(f, ERR_NOMEM, "the server");
	e = server_socket(&fd, address, listen, f);
	if (e != OK)
		goto out;
	s->mhd = MHD_start_daemon(SERVER_FLAGS, 0, NULL, NULL, on_request, s,
	    MHD_OPTION_LISTEN_SOCKET, fd,                          /**/
	    MHD_OPTION_HTTPS_MEM_CERT, (const char *)cert->cert.p, /**/
	    MHD_OPTION_HTTPS_MEM_KEY, (const char *)cert->key.p,   /**/
	    MHD_OPTION_HTTPS_PRIORITIES, SERVER_PRIORITY,          /**/
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,        /**/
	    MHD_OPTION_NOTIFY_COMPLETED, on_end, s,                /**/
	    MHD_OPTION_THREAD_POOL_SIZE, (unsigned)SERVER_THREADS, /**/
	    MHD_OPTION_THREAD_STACK_SIZE, SERVER_STACK_BYTES,      /**/
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SERVER_TIMEOUT_S,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)s->visits_max,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, SERVER_HEADS_BYTES,
	    MHD_OPTION_END);
	if (s->mhd == NULL) {
		e = fail_set(f, ERR_NET,
		    "listen %.80s: the HTTPS server could not be started",
		    listen);
		goto out;
	}
	fd = -1; /* the daemon's now */
	*out = s;
	s = NULL;
out:
	if (fd >= 0)
		(void)close(fd);
	server_free(s);
	return e;
}

void
server_stop(struct server *s)
{
	struct timespec until;
	int fd, rc = 0;

	if (s == NULL)
		return;
	/* from here on nobody new is accepted */
	fd = MHD_quiesce_daemon(s->mhd);
	server_hold_end(s);
	/* lint: waiting for threads, not the engine's clock */
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += SERVER_STOP_MS / 1000;
	(void)pthread_mutex_lock(&s->lock);
	while (s->busy > 0 && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&s->idle, &s->lock, &until);
	(void)pthread_mutex_unlock(&s->lock);
	MHD_stop_daemon(s->mhd);
	if (fd >= 0)
		(void)close(fd);
	server_free(s);
}

bool
server_uses_poll(const struct server *s)
{
	const union MHD_DaemonInfo *info;
	unsigned flags;

	info = MHD_get_daemon_info(s->mhd, MHD_DAEMON_INFO_FLAGS);
	if (info == NULL)
		return false;
	flags = (unsigned)info->flags;
	return (flags & MHD_USE_POLL) != 0 && (flags & MHD_USE_EPOLL) == 0 &&
	    (flags & MHD_USE_AUTO) != MHD_USE_AUTO;
}
