/*
 * tests-crowd HOST:PORT COUNT POINT [--from IP] [--spread N] [--again PER_S]
 *
 * COUNT connections that go as far as POINT and stay there:
 *
 *	silent	connected, no byte sent
 *	half	half of a TLS record sent
 *	drip	the record of a hello, one byte every DRIP_MS
 *	head	TLS done, half of an HTTP head sent, one byte every DRIP_MS
 *
 * --from is the address that they come from, or with --spread the first of so
 * many, which they take in turn; --again opens so many of those
 * that the server closed anew each second. Prints "ready OPEN" when each was
 * tried, "now OPEN CLOSED" for each line that it reads, and ends with its
 * input. Only connecting waits: a server whose queue is full is waited for.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/gnutls.h>

#include "sync/base.h"

#define DRIP_MS 2000
#define LOOK_MS 100

enum point { SILENT, HALF, DRIP, HEAD };

struct visitor {
	int fd; /* -1: closed by the server, or not opened yet */
	gnutls_session_t tls;
	bool is_greeted; /* the handshake is done */
	size_t sent;     /* of what is dripped */
};

static struct crowd {
	struct sockaddr_in to, from;
	enum point point;
	uint32_t spread; /* addresses from there on */
	uint32_t turn;   /* of the next one */
	size_t count, open, closed;
	struct visitor *visitors;
	struct pollfd *fds;
	gnutls_certificate_credentials_t cred;
} crowd;

/* A record of 512 bytes that holds the beginning of a client hello. */
static const uint8_t hello[] = { 0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3 };
static const char head[] = "POST /sync/v1/exchange HTTP/1.1\r\nX: ";

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
leave(struct visitor *v)
{
	if (v->fd < 0)
		return;
	if (v->tls != NULL)
		gnutls_deinit(v->tls);
	(void)close(v->fd);
	*v = (struct visitor){ .fd = -1 };
	crowd.open--;
	crowd.closed++;
}

static bool
greet(struct visitor *v)
{
	if (gnutls_init(&v->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK) < 0 ||
	    gnutls_set_default_priority(v->tls) < 0 ||
	    gnutls_credentials_set(v->tls, GNUTLS_CRD_CERTIFICATE, crowd.cred) <
		0)
		return false;
	gnutls_transport_set_int(v->tls, v->fd);
	(void)gnutls_handshake(v->tls);
	return true;
}

static void
enter(struct visitor *v)
{
	const struct sockaddr *to = (const struct sockaddr *)&crowd.to;
	struct sockaddr_in from = crowd.from;

	from.sin_addr.s_addr =
	    htonl(ntohl(from.sin_addr.s_addr) + crowd.turn++ % crowd.spread);
	*v = (struct visitor){ .fd = socket(AF_INET, SOCK_STREAM, 0) };
	if (v->fd < 0)
		return;
	crowd.open++;
	if (bind(v->fd, (const struct sockaddr *)&from, sizeof(from)) != 0 ||
	    connect(v->fd, to, sizeof(crowd.to)) != 0 ||
	    fcntl(v->fd, F_SETFL, O_NONBLOCK) != 0 ||
	    (crowd.point == HEAD && !greet(v)) ||
	    (crowd.point == HALF &&
		send(v->fd, hello, sizeof(hello), MSG_NOSIGNAL) < 0))
		leave(v);
}

/* One more byte. */
static void
drip(struct visitor *v)
{
	uint8_t byte;

	if (v->fd < 0)
		return;
	if (crowd.point == DRIP) {
		byte = v->sent < sizeof(hello) ? hello[v->sent] : 0;
		(void)send(v->fd, &byte, 1, MSG_NOSIGNAL);
		v->sent++;
	} else if (crowd.point == HEAD && v->is_greeted)
		(void)gnutls_record_send(v->tls, "x", 1);
}

/* Something came, or the end. */
static void
listen_to(struct visitor *v)
{
	uint8_t b[4096];
	ssize_t n;
	int rc;

	if (v->tls == NULL) {
		n = recv(v->fd, b, sizeof(b), 0);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			leave(v);
		return;
	}
	if (v->is_greeted) {
		rc = (int)gnutls_record_recv(v->tls, b, sizeof(b));
		if (rc == 0 || (rc < 0 && gnutls_error_is_fatal(rc)))
			leave(v);
		return;
	}
	rc = gnutls_handshake(v->tls);
	v->is_greeted = rc == 0;
	if (rc == 0)
		(void)gnutls_record_send(v->tls, head, sizeof(head) - 1);
	else if (gnutls_error_is_fatal(rc))
		leave(v);
}

/* A look at all of them; false at the end of input. */
static bool
look(void)
{
	char line[64];

	for (size_t i = 0; i < crowd.count; i++)
		crowd.fds[i] = (struct pollfd){ .fd = crowd.visitors[i].fd,
			.events = POLLIN };
	crowd.fds[crowd.count] =
	    (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
	if (poll(crowd.fds, crowd.count + 1, LOOK_MS) < 0)
		return errno == EINTR;
	for (size_t i = 0; i < crowd.count; i++)
		if (crowd.fds[i].revents != 0)
			listen_to(&crowd.visitors[i]);
	if (crowd.fds[crowd.count].revents == 0)
		return true;
	if (fgets(line, sizeof(line), stdin) == NULL)
		return false;
	(void)printf("now %zu %zu\n", crowd.open, crowd.closed);
	(void)fflush(stdout);
	return true;
}

/* Up to so many of those that were sent away come again. */
static void
come_again(int64_t most)
{
	for (size_t i = 0; i < crowd.count && most > 0; i++)
		if (crowd.visitors[i].fd < 0) {
			enter(&crowd.visitors[i]);
			most--;
		}
}

static void
stay(int64_t again)
{
	int64_t dripped = now_ms(), came = dripped, now;

	while (look()) {
		now = now_ms();
		if (now - dripped >= DRIP_MS) {
			dripped = now;
			for (size_t i = 0; i < crowd.count; i++)
				drip(&crowd.visitors[i]);
		}
		if ((now - came) * again >= 1000) {
			come_again((now - came) * again / 1000);
			came = now;
		}
	}
}

static bool
begin(const char *to, const char *count, const char *point)
{
	static const char *const points[] = { "silent", "half", "drip",
		"head" };
	struct rlimit files;
	char host[64];
	const char *colon = strrchr(to, ':');
	size_t k = 0;

	if (colon == NULL || (size_t)(colon - to) >= sizeof(host))
		return false;
	memcpy(host, to, (size_t)(colon - to));
	host[colon - to] = '\0';
	crowd.to = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10)) };
	crowd.from.sin_family = AF_INET;
	crowd.spread = 1;
	while (k < COUNT_OF(points) && strcmp(points[k], point) != 0)
		k++;
	crowd.point = (enum point)k;
	crowd.count = (size_t)strtoul(count, NULL, 10);
	crowd.visitors = calloc(crowd.count, sizeof(*crowd.visitors));
	crowd.fds = calloc(crowd.count + 1, sizeof(*crowd.fds));
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	return k < COUNT_OF(points) && crowd.visitors != NULL &&
	    crowd.fds != NULL &&
	    inet_pton(AF_INET, host, &crowd.to.sin_addr) == 1 &&
	    gnutls_certificate_allocate_credentials(&crowd.cred) == 0;
}

int
main(int argc, char **argv)
{
	int64_t again = 0;
	bool ok =
	    argc >= 4 && argc % 2 == 0 && begin(argv[1], argv[2], argv[3]);

	for (int i = 4; ok && i < argc; i += 2) {
		if (strcmp(argv[i], "--again") == 0)
			again = strtoll(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--spread") == 0)
			ok = (crowd.spread = (uint32_t)strtoul(argv[i + 1],
				  NULL, 10)) > 0;
		else
			ok = strcmp(argv[i], "--from") == 0 &&
			    inet_pton(AF_INET, argv[i + 1],
				&crowd.from.sin_addr) == 1;
	}
	if (!ok) {
		(void)fprintf(stderr,
		    "usage: tests-crowd HOST:PORT COUNT silent|half|drip|head "
		    "[--from IP] [--spread N] [--again PER_S]\n");
		return 2;
	}
	(void)setvbuf(stdin, NULL, _IONBF, 0);
	/* a visitor that was sent away is no reason to go */
	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < crowd.count; i++)
		enter(&crowd.visitors[i]);
	(void)printf("ready %zu\n", crowd.open);
	(void)fflush(stdout);
	stay(again);
	for (size_t i = 0; i < crowd.count; i++)
		leave(&crowd.visitors[i]);
	return 0;
}
