/* Two sockets and one small buffer a way for each connection, one poll loop. */
#include "tests/support/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROXY_LINKS 64
#define PROXY_BUFFER_BYTES 16384
/* server hello: enough of it to find the chosen version */
#define PROXY_HELLO_BYTES 256

/* One direction of one connection. */
struct flow {
	uint8_t buf[PROXY_BUFFER_BYTES];
	size_t from, to; /* bytes waiting to be written */
	bool is_ended;   /* the reader's side said end of stream */
	/* TLS records */
	uint8_t head[5];
	size_t head_n, body_left;
	bool had_data;
	uint8_t hello[PROXY_HELLO_BYTES];
	size_t hello_n;
};

struct link {
	int fd[PROXY_WAYS]; /* [way]: where that way is read from */
	struct flow flow[PROXY_WAYS];
	bool is_held, is_open, is_tls13;
};

struct proxy {
	struct proxy_options o;
	struct sockaddr_in target;
	int listen_fd, wake[2];
	FILE *record[PROXY_WAYS];
	struct link links[PROXY_LINKS];
	struct proxy_count count;
	bool has_acted;
};

static bool
parse_address(struct sockaddr_in *out, const char *text)
{
	char host[PROXY_ADDRESS_BYTES];
	const char *colon = strrchr(text, ':');

	if (colon == NULL || (size_t)(colon - text) >= sizeof(host))
		return false;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	*out = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10)) };
	return inet_pton(AF_INET, host, &out->sin_addr) == 1;
}

static bool
listen_at(struct proxy *p, char address[static PROXY_ADDRESS_BYTES])
{
	struct sockaddr_in at;
	socklen_t n = sizeof(at);
	const int on = 1;
	char host[INET_ADDRSTRLEN];

	if (!parse_address(&at, p->o.listen) ||
	    !parse_address(&p->target, p->o.target))
		return false;
	p->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (p->listen_fd < 0)
		return false;
	(void)setsockopt(p->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on,
	    sizeof(on));
	if (bind(p->listen_fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    listen(p->listen_fd, PROXY_LINKS) != 0 ||
	    getsockname(p->listen_fd, (struct sockaddr *)&at, &n) != 0)
		return false;
	(void)snprintf(address, PROXY_ADDRESS_BYTES, "%s:%d",
	    inet_ntop(AF_INET, &at.sin_addr, host, sizeof(host)),
	    ntohs(at.sin_port));
	return true;
}

static bool
record_to(struct proxy *p)
{
	static const char *const suffix[PROXY_WAYS] = { "up", "down" };
	char path[4096];

	for (int w = 0; p->o.record != NULL && w < PROXY_WAYS; w++) {
		(void)snprintf(path, sizeof(path), "%s.%s", p->o.record,
		    suffix[w]);
		p->record[w] = fopen(path, "wb");
		if (p->record[w] == NULL)
			return false;
	}
	return true;
}

struct proxy *
proxy_open(char address[static PROXY_ADDRESS_BYTES],
    const struct proxy_options *o)
{
	struct proxy *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->o = *o;
	p->listen_fd = p->wake[0] = p->wake[1] = -1;
	p->count.acted_at = -1;
	if (pipe(p->wake) != 0 || !listen_at(p, address) || !record_to(p)) {
		(void)fprintf(stderr, "proxy %s -> %s: %s\n", o->listen,
		    o->target, strerror(errno));
		proxy_close(p);
		return NULL;
	}
	return p;
}

/* ---- TLS records ---- */

static void
count_record(struct proxy *p, struct link *l, enum proxy_way way)
{
	struct flow *fl = &l->flow[way];

	switch (fl->head[0]) {
	case 0x16:
		p->count.handshake[way]++;
		p->count.clear += fl->had_data;
		break;
	case 0x14:
		p->count.cipher_change[way]++;
		break;
	case 0x17:
		p->count.data[way]++;
		fl->had_data = true;
		break;
	default:
		p->count.other[way]++;
		break;
	}
}

/* The extension supported_versions of a server hello: 00 2b 00 02 03 04. */
static void
look_for_tls13(struct proxy *p, struct link *l)
{
	static const uint8_t chosen[] = { 0, 0x2b, 0, 2, 3, 4 };
	const struct flow *fl = &l->flow[PROXY_DOWN];

	if (l->is_tls13 || fl->hello_n < sizeof(chosen))
		return;
	for (size_t i = 0; i + sizeof(chosen) <= fl->hello_n; i++)
		if (memcmp(fl->hello + i, chosen, sizeof(chosen)) == 0) {
			l->is_tls13 = true;
			p->count.tls13++;
			return;
		}
}

static void
look(struct proxy *p, struct link *l, enum proxy_way way, const uint8_t *b,
    size_t n)
{
	struct flow *fl = &l->flow[way];
	size_t i, k;

	for (i = 0; i < n && fl->hello_n < sizeof(fl->hello); i++)
		fl->hello[fl->hello_n++] = b[i];
	if (way == PROXY_DOWN)
		look_for_tls13(p, l);
	for (i = 0; i < n;) {
		if (fl->body_left > 0) {
			k = n - i < fl->body_left ? n - i : fl->body_left;
			fl->body_left -= k;
			i += k;
			continue;
		}
		fl->head[fl->head_n++] = b[i++];
		if (fl->head_n < sizeof(fl->head))
			continue;
		fl->head_n = 0;
		fl->body_left = (size_t)fl->head[3] << 8 | fl->head[4];
		count_record(p, l, way);
	}
}

/* ---- connections ---- */

static void
link_close(struct link *l)
{
	if (!l->is_open)
		return;
	(void)close(l->fd[PROXY_UP]);
	(void)close(l->fd[PROXY_DOWN]);
	l->is_open = false;
}

static void
link_accept(struct proxy *p)
{
	struct link *l = NULL;
	const int on = 1;
	int fd, out;

	fd = accept(p->listen_fd, NULL, NULL);
	if (fd < 0)
		return;
	for (size_t i = 0; i < PROXY_LINKS && l == NULL; i++)
		if (!p->links[i].is_open)
			l = &p->links[i];
	out = socket(AF_INET, SOCK_STREAM, 0);
	if (l == NULL || out < 0 ||
	    connect(out, (struct sockaddr *)&p->target, sizeof(p->target)) !=
		0) {
		(void)close(fd);
		if (out >= 0)
			(void)close(out);
		return;
	}
	memset(l, 0, sizeof(*l));
	l->fd[PROXY_UP] = fd;
	l->fd[PROXY_DOWN] = out;
	for (int w = 0; w < PROXY_WAYS; w++) {
		(void)fcntl(l->fd[w], F_SETFL, O_NONBLOCK);
		(void)setsockopt(l->fd[w], IPPROTO_TCP, TCP_NODELAY, &on,
		    sizeof(on));
	}
	l->is_open = true;
	p->count.connections++;
}

/* The moment has come: cut or hold every connection that is open now. */
static void
act(struct proxy *p, void (*on_act)(int64_t bytes))
{
	int64_t bytes = p->count.bytes[PROXY_UP] + p->count.bytes[PROXY_DOWN];

	if (p->has_acted || p->o.act == PROXY_PASS || bytes < p->o.act_after)
		return;
	p->has_acted = true;
	p->count.acted_at = bytes;
	for (size_t i = 0; i < PROXY_LINKS; i++) {
		p->links[i].is_held = true;
		if (p->o.act == PROXY_CUT)
			link_close(&p->links[i]);
	}
	if (on_act != NULL)
		on_act(bytes);
}

/* Read what fits one way; false when the connection is over. */
static bool
flow_read(struct proxy *p, struct link *l, enum proxy_way way)
{
	struct flow *fl = &l->flow[way];
	size_t room = sizeof(fl->buf);
	int64_t left;
	ssize_t n;

	if (fl->to > 0 || fl->is_ended)
		return true;
	if (p->o.act != PROXY_PASS && !p->has_acted) {
		left = p->o.act_after - p->count.bytes[PROXY_UP] -
		    p->count.bytes[PROXY_DOWN];
		if (left < (int64_t)room)
			room = left > 0 ? (size_t)left : 1;
	}
	n = read(l->fd[way], fl->buf, room);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0) {
		fl->is_ended = true;
		(void)shutdown(l->fd[!way], SHUT_WR);
		return !l->flow[!way].is_ended;
	}
	fl->from = 0;
	fl->to = (size_t)n;
	p->count.bytes[way] += n;
	if (p->record[way] != NULL)
		(void)fwrite(fl->buf, 1, (size_t)n, p->record[way]);
	look(p, l, way, fl->buf, (size_t)n);
	return true;
}

static bool
flow_write(struct link *l, enum proxy_way way)
{
	struct flow *fl = &l->flow[way];
	ssize_t n;

	if (fl->to == 0)
		return true;
	n = send(l->fd[!way], fl->buf + fl->from, fl->to - fl->from,
	    MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	fl->from += (size_t)n;
	if (fl->from == fl->to)
		fl->from = fl->to = 0;
	return true;
}

static short
wanted(const struct link *l, enum proxy_way side)
{
	short events = 0;

	if (l->flow[side].to == 0 && !l->flow[side].is_ended)
		events |= POLLIN;
	if (l->flow[!side].to > 0)
		events |= POLLOUT;
	return events;
}

static void
link_serve(struct proxy *p, struct link *l, void (*on_act)(int64_t bytes))
{
	for (int w = 0; w < PROXY_WAYS; w++) {
		if (!l->is_open || l->is_held)
			return;
		if (!flow_read(p, l, (enum proxy_way)w) ||
		    !flow_write(l, (enum proxy_way)w)) {
			link_close(l);
			return;
		}
		act(p, on_act);
	}
}

void
proxy_run(struct proxy *p, void (*on_act)(int64_t bytes))
{
	struct pollfd fds[2 + 2 * PROXY_LINKS];

	for (;;) {
		fds[0] = (struct pollfd){ .fd = p->wake[0], .events = POLLIN };
		fds[1] =
		    (struct pollfd){ .fd = p->listen_fd, .events = POLLIN };
		for (size_t i = 0; i < PROXY_LINKS; i++)
			for (int w = 0; w < PROXY_WAYS; w++) {
				struct link *l = &p->links[i];
				bool skip = !l->is_open || l->is_held;

				fds[2 + 2 * i + (size_t)w] =
				    (struct pollfd){ .fd = skip ? -1 : l->fd[w],
					    .events =
						wanted(l, (enum proxy_way)w) };
			}
		if (poll(fds, 2 + 2 * PROXY_LINKS, -1) < 0 && errno != EINTR)
			return;
		if (fds[0].revents != 0)
			return;
		if (fds[1].revents != 0)
			link_accept(p);
		for (size_t i = 0; i < PROXY_LINKS; i++)
			link_serve(p, &p->links[i], on_act);
	}
}

void
proxy_stop(struct proxy *p)
{
	ssize_t n = write(p->wake[1], "", 1);

	(void)n;
}

void
proxy_counts(const struct proxy *p, struct proxy_count *out)
{
	*out = p->count;
}

void
proxy_close(struct proxy *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < PROXY_LINKS; i++)
		link_close(&p->links[i]);
	for (int w = 0; w < PROXY_WAYS; w++) {
		if (p->record[w] != NULL)
			(void)fclose(p->record[w]);
		if (p->wake[w] >= 0)
			(void)close(p->wake[w]);
	}
	if (p->listen_fd >= 0)
		(void)close(p->listen_fd);
	free(p);
}

static void
print_way(FILE *to, const char *name, const struct proxy_count *c, int w)
{
	(void)fprintf(to,
	    "\"%s\": {\"bytes\": %lld, \"handshake\": %lld, "
	    "\"cipher_change\": %lld, \"data\": %lld, \"other\": %lld}, ",
	    name, (long long)c->bytes[w], (long long)c->handshake[w],
	    (long long)c->cipher_change[w], (long long)c->data[w],
	    (long long)c->other[w]);
}

void
proxy_print(FILE *to, const struct proxy_count *c)
{
	(void)fprintf(to, "{");
	print_way(to, "up", c, PROXY_UP);
	print_way(to, "down", c, PROXY_DOWN);
	(void)fprintf(to,
	    "\"total_bytes\": %lld, \"connections\": %lld, \"tls13\": %lld, "
	    "\"clear_after_data\": %lld, \"acted_at\": %lld}\n",
	    (long long)c->bytes[PROXY_UP] + c->bytes[PROXY_DOWN],
	    (long long)c->connections, (long long)c->tls13, (long long)c->clear,
	    (long long)c->acted_at);
}
