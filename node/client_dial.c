/*
 * Getting one request through.
 *
 *	heard ----------- answered: done
 *	  |  nothing heard for silent_ms
 *	  v
 *	silent ---------- dial a second connection beside it
 *	  |         |
 *	  |         +---- heard again: the second is dropped
 *	  v
 *	the second is through TLS and the first still silent: that one is dead
 *
 * Dead is told from slow by TCP itself (TCP_INFO): what waits to be acknowledged
 * is sent again every second or so, a probe goes out when nothing does, and
 * either is acknowledged by a peer that is merely busy. Nothing is given up
 * before something better is there, so a link that only loses much loses nothing
 * by it.
 *
 * Progress, after CLIENT_STALL_MS without which the contact ends, is the same
 * kernel's count: libcurl takes a byte for sent when the kernel took it, which on
 * a link of 2 kB/s is minutes before it has left.
 */
#include "node/client_i.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "node/wire.h"
#include "sync/env.h"

/* TCP_SYN_SENT; netinet/tcp.h, which names it, has an older struct tcp_info
 * and cannot stand beside linux/tcp.h */
#define KERNEL_SYN_SENT 2
/* how often to look whether anything was heard */
#define LOOK_MS 500

/* ---- sockets ---- */

static bool
socket_info(struct tcp_info *out, int fd)
{
	socklen_t n = sizeof(*out);

	memset(out, 0, sizeof(*out));
	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, out, &n) == 0 &&
	    n >= offsetof(struct tcp_info, tcpi_bytes_retrans) +
		sizeof(out->tcpi_bytes_retrans);
}

/* what TCP carried: every byte once, retransmissions left out */
static void
socket_count(struct client_stats *out, int fd)
{
	struct tcp_info info;

	if (!socket_info(&info, fd))
		return;
	out->wire_sent_bytes +=
	    (int64_t)(info.tcpi_bytes_sent - info.tcpi_bytes_retrans);
	out->wire_received_bytes += (int64_t)info.tcpi_bytes_received;
	if (info.tcpi_rtt > 0)
		out->rtt_us = info.tcpi_rtt;
}

/* libcurl made a socket; with a host of several addresses more than one. */
static int
on_socket(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
	struct attempt *a = ctx;

	(void)purpose;
	if (a->socket_count == COUNT_OF(a->sockets))
		return CURL_SOCKOPT_ERROR;
	a->sockets[a->socket_count++] = fd;
	wire_prepare(fd);
	if (!a->client->o.is_patient)
		wire_probe(fd);
	return CURL_SOCKOPT_OK;
}

static int
on_socket_close(void *ctx, curl_socket_t fd)
{
	struct attempt *a = ctx;
	size_t i;

	for (i = 0; i < a->socket_count && a->sockets[i] != fd; i++)
		;
	if (i < a->socket_count) {
		a->sockets[i] = a->sockets[--a->socket_count];
		socket_count(&a->client->stats, fd);
	}
	return close(fd);
}

void
client_dial_count(const struct client *c, struct client_stats *out)
{
	for (size_t k = 0; k < CLIENT_ATTEMPTS; k++)
		for (size_t i = 0; i < c->attempts[k].socket_count; i++)
			socket_count(out, c->attempts[k].sockets[i]);
}

int64_t
client_dial_rate(const struct client *c)
{
	struct tcp_info info;

	return c->at->socket_count > 0 && socket_info(&info, c->at->sockets[0])
	    ? (int64_t)info.tcpi_delivery_rate
	    : 0;
}

/* ---- heard and moved ---- */

/* For how long nothing has come from the other end, no acknowledgement
 * either. */
static int64_t
silent_ms(const struct attempt *a)
{
	int64_t least = env_mono_ms(env_posix()) - a->begun_ms;
	struct tcp_info info;

	for (size_t i = 0; i < a->socket_count; i++) {
		if (!socket_info(&info, a->sockets[i]) ||
		    info.tcpi_state == KERNEL_SYN_SENT)
			continue;
		if (info.tcpi_last_ack_recv < least)
			least = info.tcpi_last_ack_recv;
		if (info.tcpi_last_data_recv < least)
			least = info.tcpi_last_data_recv;
	}
	return least;
}

static bool
is_heard_since(const struct attempt *a, const struct attempt *later)
{
	return silent_ms(a) < env_mono_ms(env_posix()) - later->begun_ms;
}

/* Acknowledged by the other side or received from it: grows with progress.
 * False while the connection is being made, which has a limit of its own. */
static bool
has_moved(const struct attempt *a, int64_t *moved)
{
	struct tcp_info info;
	bool is_connected = false;

	for (size_t i = 0; i < a->socket_count; i++) {
		if (!socket_info(&info, a->sockets[i]) ||
		    info.tcpi_state == KERNEL_SYN_SENT)
			continue;
		is_connected = true;
		*moved +=
		    (int64_t)(info.tcpi_bytes_acked + info.tcpi_bytes_received);
	}
	return is_connected;
}

/* Has nothing moved for too long? A second connection that comes about is a move
 * as well; of those there are few. */
static bool
is_stalled(struct client *c)
{
	int64_t now = env_mono_ms(env_posix()), moved = 0;
	bool is_connected = false;

	for (size_t k = 0; k < CLIENT_ATTEMPTS; k++) {
		const struct attempt *a = &c->attempts[k];

		if (a->is_running)
			is_connected |= has_moved(a, &moved);
	}
	if (moved != c->moved || !is_connected) {
		c->moved = moved;
		c->moved_ms = now;
	}
	return now - c->moved_ms >= c->o.stall_ms;
}

/* ---- attempts ---- */

static struct attempt *
other(const struct attempt *a)
{
	struct client *c = a->client;

	return &c->attempts[a == &c->attempts[0]];
}

/* Its connection, if the request was under way, is closed. */
static void
attempt_end(struct attempt *a)
{
	long connects = 0;

	if (!a->is_running)
		return;
	(void)curl_multi_remove_handle(a->client->multi, a->curl);
	a->is_running = false;
	if (curl_easy_getinfo(a->curl, CURLINFO_NUM_CONNECTS, &connects) ==
	    CURLE_OK)
		a->client->stats.connects += connects;
}

/* is_second: beside another one, so on a connection of its own. */
static bool
attempt_begin(struct attempt *a, bool is_second)
{
	struct client *c = a->client;
	int64_t limit_ms = CLIENT_CONNECT_MS;
	const uint8_t *body = c->body;
	size_t n = c->body_bytes;

	a->begun_ms = env_mono_ms(env_posix());
	a->is_through = a->is_given_up = false;
	a->is_anew = c->is_sent;
	if (a->is_anew) {
		body = c->anew.p;
		n = c->anew.n;
	} else {
		limit_ms -= a->begun_ms - c->begun_ms;
	}
	a->is_running = curl_easy_setopt(a->curl, CURLOPT_POSTFIELDSIZE_LARGE,
			    (curl_off_t)n) == CURLE_OK &&
	    curl_easy_setopt(a->curl, CURLOPT_POSTFIELDS,
		n > 0 ? (const char *)body : "") == CURLE_OK &&
	    curl_easy_setopt(a->curl, CURLOPT_CONNECTTIMEOUT_MS,
		(long)limit_ms) == CURLE_OK &&
	    curl_easy_setopt(a->curl, CURLOPT_FRESH_CONNECT, (long)is_second) ==
		CURLE_OK &&
	    curl_multi_add_handle(c->multi, a->curl) == CURLM_OK;
	return a->is_running;
}

/* TLS is done and the request would go out now: on one of two at most, and what
 * went out on one is not said again on the other. (libcurl itself says it again
 * where a connection that was kept turns out to have been closed.) */
static int
on_through(void *ctx, char *ip, char *own_ip, int port, int own_port)
{
	struct attempt *a = ctx, *rival = other(a);
	struct client *c = a->client;

	(void)ip;
	(void)own_ip;
	(void)port;
	(void)own_port;
	if (rival->is_running && rival->is_through &&
	    (!a->is_anew || is_heard_since(rival, a)))
		a->is_given_up = true;
	if (a->is_given_up)
		return CURL_PREREQFUNC_ABORT;
	rival->is_given_up = true;
	a->is_through = true;
	c->at = a;
	c->began_anew = a->is_anew;
	c->is_sent = true;
	buf_reset(&c->answer);
	return CURL_PREREQFUNC_OK;
}

static size_t
on_answer(char *p, size_t one, size_t n, void *ctx)
{
	struct attempt *a = ctx;

	if (a->is_given_up)
		return 0;
	buf_put(&a->client->answer, p, one * n);
	return a->client->answer.err == OK ? n : 0;
}

enum err
client_dial_options(struct attempt *a)
{
	const struct {
		CURLoption option;
		void *ctx;
	} contexts[] = { { CURLOPT_WRITEDATA, a }, { CURLOPT_SOCKOPTDATA, a },
		{ CURLOPT_CLOSESOCKETDATA, a }, { CURLOPT_PREREQDATA, a } };

	for (size_t i = 0; i < COUNT_OF(contexts); i++)
		if (curl_easy_setopt(a->curl, contexts[i].option,
			contexts[i].ctx) != CURLE_OK)
			return ERR_NOMEM;
	return curl_easy_setopt(a->curl, CURLOPT_WRITEFUNCTION, on_answer) ==
		    CURLE_OK &&
		curl_easy_setopt(a->curl, CURLOPT_SOCKOPTFUNCTION, on_socket) ==
		    CURLE_OK &&
		curl_easy_setopt(a->curl, CURLOPT_CLOSESOCKETFUNCTION,
		    on_socket_close) == CURLE_OK &&
		curl_easy_setopt(a->curl, CURLOPT_PREREQFUNCTION, on_through) ==
		    CURLE_OK
	    ? OK
	    : ERR_NOMEM;
}

/* ---- a second connection ---- */

/* Once the request went out, only where something else can be said instead, and
 * that once. */
static bool
may_dial(const struct client *c)
{
	int64_t now = env_mono_ms(env_posix());

	if (c->o.is_patient || now < c->dial_ms)
		return false;
	return c->is_sent ? c->o.again != NULL && !c->began_anew
			  : now - c->begun_ms < CLIENT_CONNECT_MS;
}

static void
dial(struct client *c)
{
	struct attempt *second = other(c->at);

	attempt_end(second);
	/* each try waits twice as long as the one before */
	c->dial_ms = env_mono_ms(env_posix()) + (c->o.silent_ms << ++c->dials);
	if (c->is_sent && c->anew.n == 0 && c->anew.err == OK &&
	    c->o.again(c->o.again_ctx, &c->anew) != OK)
		c->anew.err = ERR_UNAVAILABLE;
	if (c->anew.err == OK)
		(void)attempt_begin(second, true);
}

static void
look_after(struct client *c)
{
	struct attempt *second = other(c->at);

	if (second->is_running && c->at->is_through &&
	    is_heard_since(c->at, second))
		attempt_end(second);
	if (silent_ms(c->at) >= c->o.silent_ms && may_dial(c) &&
	    (!second->is_running || silent_ms(second) >= c->o.silent_ms))
		dial(c);
}

/* Whether an attempt has ended that was not given up; its result. */
static bool
read_end(struct client *c, CURLcode *rc)
{
	struct attempt *a;
	struct CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(c->multi, &left)) != NULL) {
		a = &c->attempts[m->easy_handle == c->attempts[1].curl];
		*rc = m->data.result;
		attempt_end(a);
		if (a->is_given_up)
			continue;
		/* the other may still get through */
		if (*rc != CURLE_OK && other(a)->is_running) {
			c->at = other(a);
			continue;
		}
		c->at = a;
		return true;
	}
	return false;
}

static void
begin(struct client *c)
{
	c->begun_ms = c->moved_ms = env_mono_ms(env_posix());
	c->moved = -1;
	c->dial_ms = 0;
	c->dials = 0;
	c->is_sent = c->began_anew = false;
	c->is_stalled = c->is_stopped = false;
	buf_reset(&c->answer);
	buf_reset(&c->anew);
}

/* Until it is answered or hopeless. */
static CURLcode
run(struct client *c)
{
	CURLcode rc = CURLE_OUT_OF_MEMORY;
	int running;

	for (;;) {
		if (curl_multi_perform(c->multi, &running) != CURLM_OK)
			return CURLE_OUT_OF_MEMORY;
		for (size_t k = 0; k < CLIENT_ATTEMPTS; k++)
			if (c->attempts[k].is_given_up)
				attempt_end(&c->attempts[k]);
		if (read_end(c, &rc))
			return rc;
		c->is_stopped = c->o.stop != NULL && c->o.stop(c->o.stop_ctx);
		c->is_stalled = !c->is_stopped && is_stalled(c);
		if (c->is_stopped || c->is_stalled)
			return CURLE_ABORTED_BY_CALLBACK;
		look_after(c);
		if (curl_multi_poll(c->multi, NULL, 0, LOOK_MS, NULL) !=
		    CURLM_OK)
			return CURLE_OUT_OF_MEMORY;
	}
}

int
client_dial(struct client *c)
{
	CURLcode rc = CURLE_OUT_OF_MEMORY;

	begin(c);
	if (attempt_begin(c->at, false))
		rc = run(c);
	for (size_t k = 0; k < CLIENT_ATTEMPTS; k++)
		attempt_end(&c->attempts[k]);
	return (int)rc;
}
