/*
 * libcurl over OpenSSL: it takes key and certificate from memory.
 *
 * Bytes on the wire come from the kernel (TCP_INFO) at the moment a socket is
 * closed, so that the count holds whatever the TLS library sends. The same
 * figures tell progress: libcurl counts a byte as sent when the kernel took
 * it, which on a link of 2 kB/s is minutes before it has left.
 */
#include "node/client_i.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/wire.h"
#include "sync/env.h"

/* TCP_SYN_SENT; netinet/tcp.h, which names it, has an older struct tcp_info
 * and cannot stand beside linux/tcp.h */
#define KERNEL_SYN_SENT 2

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static bool curl_is_ready;

static void
curl_prepare(void)
{
	curl_is_ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

/* ---- sockets ---- */

/* what TCP carried: every byte once, retransmissions left out */
static bool
socket_count(int fd, int64_t *sent, int64_t *received, int64_t *rtt_us)
{
	struct tcp_info info;
	socklen_t n = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0 ||
	    n < offsetof(struct tcp_info, tcpi_bytes_retrans) +
		    sizeof(info.tcpi_bytes_retrans))
		return false;
	*sent = (int64_t)(info.tcpi_bytes_sent - info.tcpi_bytes_retrans);
	*received = (int64_t)info.tcpi_bytes_received;
	if (info.tcpi_rtt > 0)
		*rtt_us = info.tcpi_rtt;
	return true;
}

/* Acknowledged by the other side or received from it: grows with progress.
 * False while the connection is being made, which has a limit of its own. */
static bool
socket_progress(int fd, int64_t *moved)
{
	struct tcp_info info;
	socklen_t n = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0 ||
	    info.tcpi_state == KERNEL_SYN_SENT)
		return false;
	*moved += (int64_t)(info.tcpi_bytes_acked + info.tcpi_bytes_received);
	return true;
}

/* libcurl made a socket; with a host of several addresses more than one. */
static int
on_socket(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
	struct client *c = ctx;

	(void)purpose;
	if (c->socket_count == COUNT_OF(c->sockets))
		return CURL_SOCKOPT_ERROR;
	c->sockets[c->socket_count++] = fd;
	wire_prepare(fd);
	return CURL_SOCKOPT_OK;
}

static int
on_socket_close(void *ctx, curl_socket_t fd)
{
	struct client *c = ctx;
	int64_t sent = 0, received = 0;
	size_t i;

	for (i = 0; i < c->socket_count && c->sockets[i] != fd; i++)
		;
	if (i < c->socket_count) {
		c->sockets[i] = c->sockets[--c->socket_count];
		if (socket_count(fd, &sent, &received, &c->stats.rtt_us)) {
			c->stats.wire_sent_bytes += sent;
			c->stats.wire_received_bytes += received;
		}
	}
	return close(fd);
}

/* ---- callbacks during a request ---- */

static size_t
on_answer(char *p, size_t one, size_t n, void *ctx)
{
	struct client *c = ctx;

	buf_put(&c->answer, p, one * n);
	return c->answer.err == OK ? n : 0;
}

/* About once a second, and whenever something moves. */
static int
on_progress(void *ctx, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
    curl_off_t up)
{
	struct client *c = ctx;
	int64_t now = env_mono_ms(env_posix()), moved = down + up;
	bool is_connected = false;
	size_t i;

	(void)down_all;
	(void)up_all;
	if (c->o.stop != NULL && c->o.stop(c->o.stop_ctx)) {
		c->is_stopped = true;
		return 1;
	}
	for (i = 0; i < c->socket_count; i++)
		is_connected |= socket_progress(c->sockets[i], &moved);
	if (moved != c->moved || !is_connected) {
		c->moved = moved;
		c->moved_ms = now;
	}
	if (now - c->moved_ms < c->o.stall_ms)
		return 0;
	c->is_stalled = true;
	return 1;
}

/* ---- opening ---- */

/* Every option by name, so that one that an older libcurl lacks is noticed. */
#define SET(option, value) \
	do { \
		if (curl_easy_setopt(c->curl, option, value) != CURLE_OK) \
			return ERR_NOMEM; \
	} while (0)

static enum err
set_blob(struct client *c, CURLoption option, const struct buf *pem)
{
	struct curl_blob blob = { .data = pem->p,
		.len = pem->n,
		.flags = CURL_BLOB_NOCOPY };

	SET(option, &blob);
	return OK;
}

static enum err
set_tls(struct client *c)
{
	char pin[TLS_PIN_BYTES];

	tls_pin(pin, c->pin);
	SET(CURLOPT_PINNEDPUBLICKEY, pin);
	/* the pin is the whole proof: no authority, no name, no date */
	SET(CURLOPT_SSL_VERIFYPEER, 0L);
	SET(CURLOPT_SSL_VERIFYHOST, 0L);
	SET(CURLOPT_CAINFO, NULL);
	SET(CURLOPT_CAPATH, NULL);
	SET(CURLOPT_SSLVERSION,
	    (long)CURL_SSLVERSION_TLSv1_3 | (long)CURL_SSLVERSION_MAX_TLSv1_3);
	SET(CURLOPT_TLS13_CIPHERS, "TLS_AES_256_GCM_SHA384");
	SET(CURLOPT_SSL_EC_CURVES, "X25519:P-256");
	SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);
	SET(CURLOPT_SSL_ENABLE_ALPN, 0L);
	if (c->o.cert == NULL)
		return OK;
	SET(CURLOPT_SSLCERTTYPE, "PEM");
	SET(CURLOPT_SSLKEYTYPE, "PEM");
	if (set_blob(c, CURLOPT_SSLCERT_BLOB, &c->o.cert->cert) != OK)
		return ERR_NOMEM;
	return set_blob(c, CURLOPT_SSLKEY_BLOB, &c->o.cert->key);
}

static enum err
set_transfer(struct client *c)
{
	static const char *const unwanted[] = { "Accept:", "Content-Type:",
		"Expect:", "User-Agent:" };
	struct curl_slist *longer;

	for (size_t i = 0; i < COUNT_OF(unwanted); i++) {
		longer = curl_slist_append(c->heads, unwanted[i]);
		if (longer == NULL)
			return ERR_NOMEM;
		c->heads = longer;
	}
	SET(CURLOPT_HTTPHEADER, c->heads);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_REDIR_PROTOCOLS_STR, "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_MAXCONNECTS, 1L);
	/* an address may have moved since the last contact */
	SET(CURLOPT_MAXLIFETIME_CONN, 3600L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)CLIENT_CONNECT_MS);
	SET(CURLOPT_WRITEFUNCTION, on_answer);
	SET(CURLOPT_WRITEDATA, c);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(CURLOPT_XFERINFODATA, c);
	SET(CURLOPT_SOCKOPTFUNCTION, on_socket);
	SET(CURLOPT_SOCKOPTDATA, c);
	SET(CURLOPT_CLOSESOCKETFUNCTION, on_socket_close);
	SET(CURLOPT_CLOSESOCKETDATA, c);
	return OK;
}

enum err
client_open(struct client **out, const struct client_options *o, struct fail *f)
{
	struct client *c;
	struct address a;
	enum err e;

	if (o->pin == NULL)
		return fail_set(f, ERR_INPUT,
		    "the key of %.80s is not known, so it cannot be called",
		    o->name);
	e = address_parse(&a, o->address, f);
	if (e != OK)
		return fail_in(f, e, "%.80s", o->name);
	(void)pthread_once(&curl_once, curl_prepare);
	c = calloc(1, sizeof(*c));
	if (c == NULL || !curl_is_ready) {
		free(c);
		return fail_set(f, ERR_NOMEM, "the HTTPS client");
	}
	c->o = *o;
	if (c->o.stall_ms == 0)
		c->o.stall_ms = CLIENT_STALL_MS;
	memcpy(c->pin, o->pin, sizeof(c->pin));
	(void)snprintf(c->name, sizeof(c->name), "%s", o->name);
	(void)snprintf(c->address, sizeof(c->address), "%s%s%s:%s",
	    a.is_v6 ? "[" : "", a.host, a.is_v6 ? "]" : "", a.port);
	if (c->o.answer_limit == 0)
		c->o.answer_limit = LIMIT_MESSAGE_BYTES;
	buf_init(&c->answer, c->o.answer_limit);
	c->curl = curl_easy_init();
	if (c->curl == NULL || set_transfer(c) != OK || set_tls(c) != OK) {
		client_close(c, NULL);
		return fail_set(f, ERR_NOMEM, "the HTTPS client");
	}
	*out = c;
	return OK;
}

/* ---- a request ---- */

/* The head that libcurl sends, all optional lines being switched off. */
static int64_t
head_bytes(const struct client *c, const char *path, size_t n)
{
	return snprintf(NULL, 0,
	    "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %zu\r\n\r\n", path,
	    c->address, n);
}

/* How fast it went. Sending is the kernel's estimate, since libcurl is done
 * when the kernel has the bytes. */
static void
measure(struct client *c, size_t n)
{
	curl_off_t first_us = 0, last_us = 0;
	struct tcp_info info;
	socklen_t size = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (n >= CLIENT_SAMPLE_BYTES && c->socket_count > 0 &&
	    getsockopt(c->sockets[0], IPPROTO_TCP, TCP_INFO, &info, &size) ==
		0 &&
	    info.tcpi_delivery_rate > 0)
		c->stats.sent_bytes_per_s = (int64_t)info.tcpi_delivery_rate;
	if (c->answer.n >= CLIENT_SAMPLE_BYTES &&
	    curl_easy_getinfo(c->curl, CURLINFO_STARTTRANSFER_TIME_T,
		&first_us) == CURLE_OK &&
	    curl_easy_getinfo(c->curl, CURLINFO_TOTAL_TIME_T, &last_us) ==
		CURLE_OK)
		c->stats.received_bytes_per_s = (int64_t)c->answer.n * 1000000 /
		    (last_us > first_us ? last_us - first_us : 1);
}

static void
count_request(struct client *c, const char *path, size_t n)
{
	char *ip = NULL;
	long value = 0;

	if (curl_easy_getinfo(c->curl, CURLINFO_PRIMARY_IP, &ip) == CURLE_OK &&
	    ip != NULL)
		c->stats.near = address_is_near(ip);
	c->stats.requests++;
	c->stats.body_sent_bytes += (int64_t)n;
	c->stats.body_received_bytes += (int64_t)c->answer.n;
	c->stats.head_sent_bytes += head_bytes(c, path, n);
	if (curl_easy_getinfo(c->curl, CURLINFO_HEADER_SIZE, &value) ==
	    CURLE_OK)
		c->stats.head_received_bytes += value;
	measure(c, n);
}

/* The first line of a refusal. */
static void
keep_said(struct client *c)
{
	size_t n = c->answer.n;

	if (n >= sizeof(c->said))
		n = sizeof(c->said) - 1;
	if (n > 0)
		memcpy(c->said, c->answer.p, n);
	c->said[n] = '\0';
	c->said[strcspn(c->said, "\r\n")] = '\0';
}

const char *
client_said(const struct client *c)
{
	return c->said;
}

enum err
client_post(struct client *c, struct buf *answer, const char *path,
    const uint8_t *body, size_t n, struct fail *f)
{
	char url[ADDRESS_TEXT_BYTES + 64];
	CURLcode rc;
	long value = 0;
	enum err e = OK;

	if (n > LIMIT_MESSAGE_BYTES)
		return fail_set(f, ERR_LIMIT,
		    "a request of %zu bytes, at most %d are allowed", n,
		    LIMIT_MESSAGE_BYTES);
	(void)snprintf(url, sizeof(url), "https://%s%s", c->address, path);
	buf_reset(&c->answer);
	c->is_stalled = c->is_stopped = false;
	c->said[0] = '\0';
	c->moved = -1;
	c->moved_ms = env_mono_ms(env_posix());
	if (curl_easy_setopt(c->curl, CURLOPT_URL, url) != CURLE_OK ||
	    curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE,
		(curl_off_t)n) != CURLE_OK ||
	    curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS,
		n > 0 ? (const char *)body : "") != CURLE_OK)
		return fail_set(f, ERR_NOMEM, "the request");
	rc = curl_easy_perform(c->curl);
	if (curl_easy_getinfo(c->curl, CURLINFO_NUM_CONNECTS, &value) ==
	    CURLE_OK)
		c->stats.connects += value;
	if (rc != CURLE_OK)
		e = client_fail(c, (int)rc, f);
	if (e == OK)
		count_request(c, path, n);
	if (e == OK &&
	    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &value) !=
		CURLE_OK)
		value = 0;
	if (e == OK && value != 200) {
		keep_said(c);
		e = client_refused(c, value, f);
	}
	if (e == OK || e == ERR_REVOKED) {
		buf_put(answer, c->answer.p, c->answer.n);
		if (answer->err != OK)
			e = fail_set(f, answer->err, "the answer");
	}
	buf_reset(&c->answer);
	return e;
}

void
client_stats(const struct client *c, struct client_stats *out)
{
	int64_t sent = 0, received = 0;

	*out = c->stats;
	for (size_t i = 0; i < c->socket_count; i++)
		if (socket_count(c->sockets[i], &sent, &received,
			&out->rtt_us)) {
			out->wire_sent_bytes += sent;
			out->wire_received_bytes += received;
		}
}

void
client_close(struct client *c, struct client_stats *out)
{
	if (c == NULL)
		return;
	/* calls on_socket_close */
	curl_easy_cleanup(c->curl);
	curl_slist_free_all(c->heads);
	buf_release(&c->answer);
	if (out != NULL)
		*out = c->stats;
	free(c);
}
