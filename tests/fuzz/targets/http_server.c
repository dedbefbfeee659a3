/*
 * What whoever connects may send to the HTTPS server, below TLS: any bytes, and
 * requests that are nearly right. The server is ours with its own options; only
 * its daemon is begun without TLS, threads and a port, so that an input is one
 * connection played in one thread, and the key that a handshake would have
 * proved is drawn from the input.
 */
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/server_i.h"
#include "tests/fuzz/fuzz.h"

/* The linker puts these in place of the calls in node/ (the Makefile's WRAP). */
struct MHD_Daemon *__real_MHD_start_daemon(unsigned flags, uint16_t port,
    MHD_AcceptPolicyCallback accept, void *accept_ctx,
    MHD_AccessHandlerCallback handler, void *ctx, ...);
struct MHD_Daemon *__wrap_MHD_start_daemon(unsigned flags, uint16_t port,
    MHD_AcceptPolicyCallback accept, void *accept_ctx,
    MHD_AccessHandlerCallback handler, void *ctx, ...);
const union MHD_ConnectionInfo *
__real_MHD_get_connection_info(struct MHD_Connection *c,
    enum MHD_ConnectionInfoType type, ...);
const union MHD_ConnectionInfo *
__wrap_MHD_get_connection_info(struct MHD_Connection *c,
    enum MHD_ConnectionInfoType type, ...);
bool __wrap_tls_peer_key(uint8_t key[static TLS_KEY_BYTES],
    gnutls_session_t session);

const size_t fuzz_bytes_max = (size_t)48 << 20;

enum mode { RAW, MADE, MODES };
enum caller { NOBODY, STRANGER, MEMBER, CALLERS };

/* MHD_run calls without any effect after which nothing more will come */
#define IDLE_RUNS 3

/* The server, and what the connection that is played came to. */
static struct play {
	struct server *server;
	struct MHD_Daemon *mhd;
	enum caller caller;
	bool in_request; /* not while a connection begins */
	enum err error;  /* what the handler answers; OK: an echo */
	unsigned handled, held;
	struct buf body; /* of the last request handled */
	int fd;          /* the caller's end */
	struct buf said; /* all answers */
} play;

/* ---- in place of libmicrohttpd's ---- */

/* Options of the server that a daemon without TLS, threads and port has too. */
static void
keep_options(struct MHD_OptionItem *keep, size_t room, va_list ap)
{
	size_t n = 0;

	for (;;) {
		enum MHD_OPTION o = (enum MHD_OPTION)va_arg(ap, int);
		struct MHD_OptionItem item = { .option = o };

		switch (o) {
		case MHD_OPTION_END:
			keep[n] = item;
			return;
		case MHD_OPTION_LISTEN_SOCKET:
			(void)close(va_arg(ap, int));
			continue;
		case MHD_OPTION_HTTPS_MEM_CERT:
		case MHD_OPTION_HTTPS_MEM_KEY:
		case MHD_OPTION_HTTPS_PRIORITIES:
			(void)va_arg(ap, char *);
			continue;
		case MHD_OPTION_THREAD_POOL_SIZE:
			(void)va_arg(ap, unsigned);
			continue;
		case MHD_OPTION_THREAD_STACK_SIZE:
			(void)va_arg(ap, size_t);
			continue;
		case MHD_OPTION_NOTIFY_CONNECTION:
		case MHD_OPTION_NOTIFY_COMPLETED:
			item.value = va_arg(ap, intptr_t);
			item.ptr_value = va_arg(ap, void *);
			break;
		case MHD_OPTION_CONNECTION_TIMEOUT:
		case MHD_OPTION_CONNECTION_LIMIT:
			item.value = (intptr_t)va_arg(ap, unsigned);
			break;
		case MHD_OPTION_CONNECTION_MEMORY_LIMIT:
			item.value = (intptr_t)va_arg(ap, size_t);
			break;
		default:
			abort(); /* one that this file must learn */
		}
		assert(n + 1 < room);
		keep[n++] = item;
	}
}

struct MHD_Daemon *
__wrap_MHD_start_daemon(unsigned flags, uint16_t port,
    MHD_AcceptPolicyCallback accept, void *accept_ctx,
    MHD_AccessHandlerCallback handler, void *ctx, ...)
{
	struct MHD_OptionItem keep[16];
	va_list ap;

	(void)flags;
	(void)port;
	va_start(ap, ctx);
	keep_options(keep, COUNT_OF(keep), ap);
	va_end(ap);
	play.mhd = __real_MHD_start_daemon(MHD_USE_NO_LISTEN_SOCKET |
		MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK,
	    0, accept, accept_ctx, handler, ctx, MHD_OPTION_ARRAY, keep,
	    MHD_OPTION_END);
	return play.mhd;
}

/* A session there is, once a request is looked at. */
const union MHD_ConnectionInfo *
__wrap_MHD_get_connection_info(struct MHD_Connection *c,
    enum MHD_ConnectionInfoType type, ...)
{
	static union MHD_ConnectionInfo session;

	if (type != MHD_CONNECTION_INFO_GNUTLS_SESSION)
		return __real_MHD_get_connection_info(c, type);
	session.tls_session = play.in_request ? (void *)&play : NULL;
	return &session;
}

bool
__wrap_tls_peer_key(uint8_t key[static TLS_KEY_BYTES], gnutls_session_t session)
{
	(void)session;
	if (play.caller == NOBODY)
		return false;
	memset(key, (int)play.caller, TLS_KEY_BYTES);
	return true;
}

/* ---- the owner's hooks ---- */

static bool
is_member(void *ctx, const uint8_t key[static TLS_KEY_BYTES])
{
	(void)ctx;
	assert(key[0] == play.caller && key[0] != NOBODY);
	return key[0] == MEMBER;
}

static enum err
handle(void *ctx, struct buf *answer, const struct server_request *rq,
    struct fail *f)
{
	(void)ctx;
	play.handled++;
	assert(rq->key[0] == play.caller);
	assert(rq->path == SERVER_JOIN || play.caller == MEMBER);
	assert(rq->path != SERVER_WAIT);
	assert(
	    rq->n <= (rq->path == SERVER_JOIN ? SERVER_JOIN_BYTES
					      : (size_t)LIMIT_MESSAGE_BYTES));
	buf_reset(&play.body);
	buf_put(&play.body, rq->body, rq->n);
	buf_put(answer, rq->body, rq->n);
	return play.error == OK ? OK
				: fail_set(f, play.error, "the reason why");
}

static void
on_held(void *ctx)
{
	(void)ctx;
	assert(play.caller == MEMBER);
	play.held++;
}

static void
begin_server(void)
{
	static const struct server_hooks hooks = { .is_member = is_member,
		.handle = handle,
		.held = on_held };
	static const struct tls_cert none;
	char address[ADDRESS_TEXT_BYTES];

	if (server_start(&play.server, address, "127.0.0.1:0", &none, &hooks,
		NULL) != OK)
		abort();
	play.in_request = true;
}

/* ---- one connection ---- */

static bool
hear(void)
{
	uint8_t some[4096];
	ssize_t n;
	bool any = false;

	while ((n = recv(play.fd, some, sizeof(some), MSG_DONTWAIT)) > 0) {
		buf_put(&play.said, some, (size_t)n);
		any = true;
	}
	return any;
}

static void
run(void)
{
	for (unsigned idle = 0; idle < IDLE_RUNS;) {
		assert(MHD_run(play.mhd) == MHD_YES);
		idle = hear() ? 0 : idle + 1;
	}
}

static void
say(const void *p, size_t n)
{
	const uint8_t *at = p;

	while (n > 0) {
		ssize_t done =
		    send(play.fd, at, n, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (done > 0) {
			at += done;
			n -= (size_t)done;
		}
		run();
		if (done < 0)
			return; /* it went */
	}
}

static void
let_all_go(bool news)
{
	struct server_held all[SERVER_HELD];
	size_t n = server_held(play.server, all);

	for (size_t i = 0; i < n; i++)
		server_let_go(play.server, all[i].no, news);
	run();
}

static void
connect_as(enum caller caller, enum err error)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	int pair[2];

	play.caller = caller;
	play.error = error;
	play.handled = play.held = 0;
	buf_reset(&play.said);
	buf_reset(&play.body);
	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	play.fd = pair[1];
	play.in_request = false;
	assert(MHD_add_connection(play.mhd, pair[0],
		   (const struct sockaddr *)&from, sizeof(from)) == MHD_YES);
	(void)MHD_run(play.mhd);
	play.in_request = true;
}

/* Whatever was sent, nothing is left of it. */
static void
disconnect(void)
{
	const struct server_caller nobody = { .last_ms = 0 };
	struct server *s = play.server;

	(void)shutdown(play.fd, SHUT_WR);
	run();
	let_all_go(false);
	(void)close(play.fd);
	for (unsigned i = 0; i < 8; i++)
		(void)MHD_run(play.mhd);
	assert(s->busy == 0 && s->taken_bytes == 0 && s->held_count == 0);
	for (size_t i = 0; i < SERVER_VISITS; i++)
		assert(!s->visits[i].is_here);
	server_know(s, &nobody, 0);
}

/* Of the first answer; 0: there is none. */
static unsigned
status(void)
{
	const char *text = buf_cstr(&play.said);

	if (strncmp(text, "HTTP/1.1 ", 9) != 0 &&
	    strncmp(text, "HTTP/1.0 ", 9) != 0)
		return 0;
	return (unsigned)strtoul(text + 9, NULL, 10);
}

static void
raw(struct fuzz_in in)
{
	unsigned who = fuzz_u8(&in);

	connect_as((enum caller)(who % CALLERS),
	    (who & 8) != 0 ? ERR_DENIED : OK);
	while (in.n > 0) {
		struct fuzz_in piece = fuzz_part(&in);

		say(piece.p, piece.n);
		if ((who & 16) != 0)
			let_all_go((who & 32) != 0);
	}
	assert(play.said.n == 0 || play.said.p[0] == 'H');
	assert(play.caller == MEMBER || play.held == 0);
	assert(play.caller != NOBODY || play.handled == 0);
	disconnect();
}

/* ---- requests that are nearly right ---- */

struct asked {
	const char *method;
	const struct path *path;
	bool has_length;
	size_t length; /* said; what comes may be less */
	struct fuzz_in body;
};

static const char *const methods[] = { "POST", "GET", "PUT", "OPTIONS", "post",
	"CONNECT", "HEAD" };
/* and where they lead */
static const struct path {
	const char *text;
	enum { EXCHANGE, JOIN, WAIT, NOWHERE } to;
} paths[] = { { SERVER_PATH_EXCHANGE, EXCHANGE }, { SERVER_PATH_JOIN, JOIN },
	{ SERVER_PATH_WAIT, WAIT }, { "/", NOWHERE },
	{ "/sync/v1/exchange/", NOWHERE }, { "/sync/v1/../v1/join", NOWHERE },
	{ "*", NOWHERE }, { "/sync/v2/exchange", NOWHERE },
	{ "/sync/v1/exchang%65", EXCHANGE }, { "/sync/v1/join?x=y", JOIN } };
static const char *const lines[] = { "Expect: 100-continue\r\n",
	"Connection: close\r\n", "Connection: keep-alive\r\n",
	"Content-Type: application/x-www-form-urlencoded\r\n",
	"Cookie: a=b; c\r\n", "Authorization: Basic Og==\r\n",
	"Accept-Encoding: gzip\r\n", "X: \r\n" };

static void
put_request(struct buf *out, const struct asked *a, unsigned more)
{
	buf_printf(out, "%s %s HTTP/1.1\r\nHost: x\r\n", a->method,
	    a->path->text);
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		if ((more >> i & 1) != 0)
			buf_text(out, lines[i]);
	if (a->has_length)
		buf_printf(out, "Content-Length: %zu\r\n", a->length);
	buf_text(out, "\r\n");
}

/* What the head alone is answered; 0: the body is taken in. */
static unsigned
judged(const struct asked *a)
{
	static const size_t limits[] = { [EXCHANGE] = LIMIT_MESSAGE_BYTES,
		[JOIN] = SERVER_JOIN_BYTES,
		[WAIT] = 0 };

	if (strcmp(a->method, "POST") != 0 || a->path->to == NOWHERE)
		return 404;
	if (play.caller == NOBODY ||
	    (play.caller == STRANGER && a->path->to != JOIN))
		return 403;
	if (!a->has_length)
		return 411;
	return a->length > limits[a->path->to] ? 413 : 0;
}

static void
check(const struct asked *a, bool news)
{
	unsigned want = judged(a);
	bool whole = a->length == a->body.n;

	if (want != 0) {
		assert(status() == want && play.handled + play.held == 0);
	} else if (!whole) {
		assert(play.handled + play.held == 0);
	} else if (a->path->to == WAIT) {
		assert(play.held == 1 && play.handled == 0);
		let_all_go(news);
		assert(status() == 200);
		assert(play.said.p[play.said.n - 1] ==
		    (news ? SERVER_NEWS : SERVER_NO_NEWS));
	} else {
		assert(play.handled == 1 && play.body.n == a->body.n);
		assert(a->body.n == 0 ||
		    memcmp(play.body.p, a->body.p, a->body.n) == 0);
		assert(play.error == ERR_REVOKED ||
		    status() ==
			(play.error == OK ? 200u
					  : (unsigned)err_http(play.error)));
	}
}

static void
made(struct fuzz_in in)
{
	static const enum err errors[] = { OK, ERR_DENIED, ERR_REVOKED,
		ERR_LIMIT, ERR_NOMEM, ERR_BUSY };
	unsigned who = fuzz_u8(&in), method = fuzz_u8(&in);
	unsigned path = fuzz_u8(&in), more = fuzz_u8(&in);
	unsigned length = fuzz_u8(&in), step = fuzz_u16(&in);
	struct asked a = {
		/* mostly POST */
		.method =
		    methods[method < 192 ? 0 : method % COUNT_OF(methods)],
		.path = &paths[path % COUNT_OF(paths)],
		.has_length = (length & 1) == 0,
		.body = in,
	};
	struct buf head = { 0 };

	a.length =
	    (length & 2) != 0 ? (size_t)1 << (length >> 2 & 31) : a.body.n;
	/* 100-continue would stand before the answer */
	put_request(&head, &a, more & ~1u);
	connect_as((enum caller)(who % CALLERS),
	    errors[(who >> 2) % COUNT_OF(errors)]);
	say(head.p, head.n);
	if (!a.has_length || a.length < a.body.n)
		a.body.n = a.has_length ? a.length : 0;
	for (struct fuzz_in left = a.body; left.n > 0;) {
		struct fuzz_in piece =
		    fuzz_take(&left, step == 0 ? left.n : step);

		say(piece.p, piece.n);
	}
	check(&a, (who & 128) != 0);
	disconnect();
	buf_release(&head);
}

void
fuzz_one(const uint8_t *p, size_t n)
{
	struct fuzz_in in = { .p = p, .n = n };
	uint8_t mode = fuzz_u8(&in) % MODES;

	if (play.server == NULL)
		begin_server();
	if (mode == RAW)
		raw(in);
	else
		made(in);
}

/* ---- examples ---- */

static void
seed_raw(uint8_t who, const char *const *pieces, size_t count)
{
	struct buf b = { 0 };

	buf_u8(&b, RAW);
	buf_u8(&b, who);
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(pieces[i]);

		buf_u8(&b, (uint8_t)n);
		buf_u8(&b, (uint8_t)(n >> 8));
		buf_text(&b, pieces[i]);
	}
	fuzz_seed(b.p, b.n);
	buf_release(&b);
}

static void
seed_made(uint8_t who, uint8_t path, uint8_t length, const char *body)
{
	struct buf b = { 0 };

	buf_u8(&b, MADE);
	buf_u8(&b, who);
	buf_u8(&b, 0);
	buf_u8(&b, path);
	buf_u8(&b, 0);
	buf_u8(&b, length);
	buf_u8(&b, 3);
	buf_u8(&b, 0);
	buf_text(&b, body);
	fuzz_seed(b.p, b.n);
	buf_release(&b);
}

void
fuzz_seeds(void)
{
#define REQUEST(path) "POST " path " HTTP/1.1\r\nHost: x\r\n"
	static const char *const twice[] = {
		REQUEST(SERVER_PATH_EXCHANGE) "Content-Length: 3\r\n\r\non",
		"e" REQUEST(SERVER_PATH_JOIN),
		"Content-Length: 2\r\n\r\nme",
	};
	static const char chunked[] = REQUEST(
	    SERVER_PATH_EXCHANGE) "Transfer-Encoding: "
				  "chunked\r\n\r\n3\r\none\r\n0\r\n\r\n";
	static const char lengths[] = REQUEST(
	    SERVER_PATH_JOIN) "Content-Length: 3\r\nContent-Length: 30\r\n"
			      "Expect: 100-continue\r\n\r\none";
	static const char waits[] =
	    REQUEST(SERVER_PATH_WAIT) "Content-Length: 0\r\n\r\n" REQUEST(
		SERVER_PATH_WAIT) "Content-Length: 0\r\n\r\n";
	static const char *const one[] = { chunked, lengths, waits };

	seed_raw(MEMBER, twice, 3);
	seed_raw(MEMBER, &one[0], 1);
	seed_raw(STRANGER, &one[1], 1);
	seed_raw(MEMBER | 16, &one[2], 1);
	seed_made(MEMBER, 0, 0, "an exchange");
	seed_made(STRANGER, 1, 0, "a request to join");
	seed_made(MEMBER | 128, 2, 0, "");
	seed_made(MEMBER, 0, 2 | 23 << 2, "too long");
	seed_made(NOBODY, 1, 0, "no certificate");
	seed_made(MEMBER, 0, 1, "");
}
