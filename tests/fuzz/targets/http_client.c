/*
 * What a server may answer to the HTTPS client, below TLS: any bytes, and
 * answers that are nearly right. The client is ours with its own options; only
 * its addresses begin with http and its sockets are local ones, to a listener in
 * the same thread, which says all it has to say at once and then the end.
 *
 * Whatever comes, the server has got one request and nothing more: no redirect,
 * no second try of its own accord, nothing that it asked for in a head.
 */
#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "node/client.h"
#include "node/server.h"
#include "tests/fuzz/fuzz.h"

/* The linker puts this in place of the calls in node/ (the Makefile's WRAP). */
CURLcode __real_curl_easy_setopt(CURL *curl, CURLoption option, ...);
CURLcode __wrap_curl_easy_setopt(CURL *curl, CURLoption option, ...);
CURLMcode __real_curl_multi_poll(CURLM *multi, struct curl_waitfd *fds,
    unsigned n, int wait_ms, int *ready);
CURLMcode __wrap_curl_multi_poll(CURLM *multi, struct curl_waitfd *fds,
    unsigned n, int wait_ms, int *ready);

const size_t fuzz_bytes_max = (size_t)16 << 20;

enum mode { RAW, MADE, MODES };

#define ANSWER_LIMIT 32768
#define BODY_BYTES 300
/* libcurl tries again where a connection was closed before the first byte */
#define SOCKETS_MAX 4
/* what a pair of sockets holds without a reader */
#define STREAM_BYTES 65536

/* The server's end of what is played. */
static struct play {
	struct fuzz_in answer; /* said on each connection */
	int listener;          /* 0: not yet made */
	struct sockaddr_un at; /* its address, as the kernel chose it */
	socklen_t at_bytes;
	int fds[SOCKETS_MAX]; /* of its connections */
	size_t count;
} play;

static void
begin_listener(void)
{
	play.at.sun_family = AF_UNIX;
	play.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	play.at_bytes = sizeof(play.at);
	assert(bind(play.listener, (struct sockaddr *)&play.at,
		   sizeof(play.at.sun_family)) == 0);
	assert(listen(play.listener, SOCKETS_MAX) == 0);
	assert(getsockname(play.listener, (struct sockaddr *)&play.at,
		   &play.at_bytes) == 0);
	assert(play.at_bytes <= sizeof(struct sockaddr));
}

static void
answer_all(void)
{
	int fd;

	while ((fd = accept(play.listener, NULL, NULL)) >= 0) {
		assert(play.count < SOCKETS_MAX);
		(void)send(fd, play.answer.p, play.answer.n,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		(void)shutdown(fd, SHUT_WR);
		play.fds[play.count++] = fd;
	}
}

/* ---- in place of libcurl's ---- */

static curl_socket_t
open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void)ctx;
	(void)purpose;
	address->family = AF_UNIX;
	address->protocol = 0;
	address->addrlen = play.at_bytes;
	memcpy(&address->addr, &play.at, play.at_bytes);
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

/* Before the client waits. */
CURLMcode
__wrap_curl_multi_poll(CURLM *multi, struct curl_waitfd *fds, unsigned n,
    int wait_ms, int *ready)
{
	answer_all();
	return __real_curl_multi_poll(multi, fds, n, wait_ms, ready);
}

/* "https" of an address, or alone, without its last letter. */
static const char *
without_tls(char *to, size_t room, const char *text)
{
	assert(strncmp(text, "https", 5) == 0);
	(void)snprintf(to, room, "http%s", text + 5);
	return to;
}

CURLcode
__wrap_curl_easy_setopt(CURL *curl, CURLoption option, ...)
{
	char text[ADDRESS_TEXT_BYTES + 128];
	CURLcode rc;
	va_list ap;

	va_start(ap, option);
	if (option == CURLOPT_URL || option == CURLOPT_PROTOCOLS_STR ||
	    option == CURLOPT_REDIR_PROTOCOLS_STR) {
		rc = __real_curl_easy_setopt(curl, option,
		    without_tls(text, sizeof(text), va_arg(ap, char *)));
	} else if (option == CURLOPT_SOCKOPTFUNCTION) {
		rc = __real_curl_easy_setopt(curl, option,
		    va_arg(ap, curl_sockopt_callback));
		if (rc == CURLE_OK)
			rc = __real_curl_easy_setopt(curl,
			    CURLOPT_OPENSOCKETFUNCTION, open_socket);
	} else if (option < CURLOPTTYPE_OBJECTPOINT) {
		rc = __real_curl_easy_setopt(curl, option, va_arg(ap, long));
	} else if (option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB) {
		rc = __real_curl_easy_setopt(curl, option,
		    va_arg(ap, curl_off_t));
	} else {
		rc = __real_curl_easy_setopt(curl, option, va_arg(ap, void *));
	}
	va_end(ap);
	return rc;
}

/* ---- one contact ---- */

static struct client *
client_begin(void)
{
	static const uint8_t pin[TLS_KEY_BYTES] = { 1 };
	const struct client_options o = { .address = "127.0.0.1:1",
		.name = "Hub",
		.pin = pin,
		.answer_limit = ANSWER_LIMIT };
	struct client *c = NULL;

	assert(client_open(&c, &o, NULL) == OK);
	return c;
}

/* Each connection carried one request, or the beginning of it, and it alone. */
static void
check_sent(const uint8_t *body, size_t n)
{
	struct buf want = { 0 };
	uint8_t got[BODY_BYTES + 256];

	buf_printf(&want,
	    "POST " SERVER_PATH_EXCHANGE " HTTP/1.1\r\nHost: 127.0.0.1:1\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    n);
	buf_put(&want, body, n);
	answer_all(); /* what was given up before */
	for (size_t i = 0; i < play.count; i++) {
		ssize_t come = 0, more;

		while ((size_t)come < sizeof(got) &&
		    (more = recv(play.fds[i], got + come,
			 sizeof(got) - (size_t)come, MSG_DONTWAIT)) > 0)
			come += more;
		assert((size_t)come <= want.n);
		assert(come == 0 || memcmp(got, want.p, (size_t)come) == 0);
		(void)close(play.fds[i]);
	}
	play.count = 0;
	buf_release(&want);
}

static void
check_words(const struct client *c, enum err e, const struct fail *f)
{
	const char *said = client_said(c);

	assert(strlen(said) < FAIL_TEXT_BYTES);
	assert(strpbrk(said, "\r\n") == NULL);
	if (e == OK) {
		assert(said[0] == '\0');
		return;
	}
	assert(f->code == e && e != ERR_NOMEM && e != ERR_INPUT);
	assert(strncmp(f->text, "Hub (127.0.0.1:1) ", 18) == 0);
	assert(strstr(f->text, "Your work is saved on this computer") != NULL);
}

/* One request of body_n bytes, which the server answers with this. */
static enum err
post(struct client *c, struct buf *answer, size_t body_n, struct fuzz_in say)
{
	uint8_t body[BODY_BYTES];
	struct fail f = { 0 };
	enum err e;

	memset(body, 'b', sizeof(body));
	play.answer = fuzz_take(&say, STREAM_BYTES);
	buf_reset(answer);
	buf_text(answer, "kept");
	e = client_post(c, answer, SERVER_PATH_EXCHANGE, body, body_n, &f);
	assert(answer->err == OK && answer->n >= 4);
	assert(memcmp(answer->p, "kept", 4) == 0);
	assert(answer->n - 4 <= ANSWER_LIMIT && answer->n - 4 <= play.answer.n);
	assert(e == OK || e == ERR_REVOKED || answer->n == 4);
	check_sent(body, body_n);
	check_words(c, e, &f);
	return e;
}

static void
raw(struct fuzz_in in)
{
	struct client *c = client_begin();
	struct buf answer = { 0 };
	unsigned n = fuzz_u16(&in) % (BODY_BYTES + 1);
	struct fuzz_in first = fuzz_part(&in);
	struct client_stats s;

	(void)post(c, &answer, n, first);
	(void)post(c, &answer, 0, in);
	client_close(c, &s);
	assert(s.body_received_bytes >= 0 && s.head_received_bytes >= 0);
	assert(s.requests >= 0 && s.requests <= 2);
	assert(s.body_received_bytes + s.head_received_bytes <=
	    (int64_t)(first.n + in.n));
	buf_release(&answer);
}

/* ---- answers that are nearly right ---- */

struct status {
	unsigned status;
	enum err e;
};
static const struct status statuses[] = { { 200, OK }, { 400, ERR_FORMAT },
	{ 401, ERR_AUTH }, { 403, ERR_DENIED }, { 404, ERR_NOTFOUND },
	{ 410, ERR_REVOKED }, { 413, ERR_LIMIT }, { 426, ERR_VERSION },
	{ 503, ERR_BUSY }, { 201, ERR_NET }, { 301, ERR_NET }, { 302, ERR_NET },
	{ 307, ERR_NET }, { 308, ERR_NET }, { 407, ERR_NET }, { 500, ERR_NET },
	{ 206, ERR_NET }, { 999, ERR_NET } };
/* heads that ask for something, none of which is done */
static const char *const lines[] = {
	"Location: /sync/v1/join\r\n",
	"Location: http://127.0.0.1:2/\r\n",
	"WWW-Authenticate: Basic realm=\"x\"\r\n",
	"Set-Cookie: a=b; Path=/\r\n",
	"Connection: keep-alive\r\n",
	"Content-Encoding: gzip\r\n",
	"Alt-Svc: h2=\"127.0.0.1:3\"\r\n",
	"Retry-After: 0\r\nRefresh: 0; url=/\r\n",
};

static void
put_body(struct buf *out, struct fuzz_in in, unsigned step)
{
	if (step == 0) {
		buf_printf(out, "Content-Length: %zu\r\n\r\n", in.n);
		buf_put(out, in.p, in.n);
		return;
	}
	buf_text(out, "Transfer-Encoding: chunked\r\n\r\n");
	while (in.n > 0) {
		struct fuzz_in piece = fuzz_take(&in, step);

		buf_printf(out, "%zx\r\n", piece.n);
		buf_put(out, piece.p, piece.n);
		buf_text(out, "\r\n");
	}
	buf_text(out, "0\r\n\r\n");
}

static void
made(struct fuzz_in in)
{
	const struct status *s = &statuses[fuzz_u8(&in) % COUNT_OF(statuses)];
	unsigned more = fuzz_u8(&in), step = fuzz_u8(&in);
	struct fuzz_in body = fuzz_take(&in, 8192);
	struct client *c = client_begin();
	struct buf said = { 0 }, answer = { 0 };
	enum err e;

	buf_printf(&said, "HTTP/1.1 %u Words\r\n", s->status);
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		if ((more >> i & 1) != 0)
			buf_text(&said, lines[i]);
	put_body(&said, body, step);
	e = post(c, &answer, 1, (struct fuzz_in){ said.p, said.n });
	assert(e == s->e);
	if (s->e == OK || s->e == ERR_REVOKED)
		assert(answer.n - 4 == body.n &&
		    (body.n == 0 || memcmp(answer.p + 4, body.p, body.n) == 0));
	client_close(c, NULL);
	buf_release(&said);
	buf_release(&answer);
}

void
fuzz_one(const uint8_t *p, size_t n)
{
	struct fuzz_in in = { .p = p, .n = n };
	uint8_t mode = fuzz_u8(&in) % MODES;

	if (play.listener == 0)
		begin_listener();
	if (mode == RAW)
		raw(in);
	else
		made(in);
}

/* ---- examples ---- */

static void
seed_raw(const char *first, const char *second)
{
	struct buf b = { 0 };
	size_t n = strlen(first);

	buf_u8(&b, RAW);
	buf_u8(&b, 3);
	buf_u8(&b, 0);
	buf_u8(&b, (uint8_t)n);
	buf_u8(&b, (uint8_t)(n >> 8));
	buf_text(&b, first);
	buf_text(&b, second);
	fuzz_seed(b.p, b.n);
	buf_release(&b);
}

static void
seed_made(uint8_t status, uint8_t more, uint8_t step, const char *body)
{
	struct buf b = { 0 };

	buf_u8(&b, MADE);
	buf_u8(&b, status);
	buf_u8(&b, more);
	buf_u8(&b, step);
	buf_text(&b, body);
	fuzz_seed(b.p, b.n);
	buf_release(&b);
}

void
fuzz_seeds(void)
{
	seed_raw("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none",
	    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nuntil the "
	    "end");
	seed_raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "3;x=y\r\none\r\n0\r\nTrailer: x\r\n\r\n",
	    "HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\nlater");
	seed_raw("HTTP/1.1 302 Found\r\nLocation: /other\r\n"
		 "Content-Length: 0\r\n\r\n",
	    "HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=\"x\","
	    " nonce=\"y\"\r\nContent-Length: 0\r\n\r\n");
	seed_raw("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
	    "HTTP/1.0 200 OK\r\nContent-Length: -1\r\n\r\nx");
	seed_raw("", "HTTP/2 200\r\n\r\n");
	seed_made(0, 0, 0, "an answer");
	seed_made(0, 0x20, 2, "not gzip");
	seed_made(5, 0, 0, "a proof");
	seed_made(12, 3, 0, "");
	seed_made(8, 0xfc, 7, "busy, try again later\n");
}
