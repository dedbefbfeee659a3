/*
 * The listening socket is made here and not by libmicrohttpd, for a clear
 * line when the port is taken and for host names and IPv6 alike.
 */
#include "node/server_i.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/wire.h"

static int
listen_on(const struct addrinfo *ai)
{
	const int on = 1, off = 0;
	int fd, saved;

	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    ai->ai_protocol);
	if (fd < 0)
		return -1;
	/* a restart must not wait for old connections to time out */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ai->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off,
		    sizeof(off));
	/* accepted sockets inherit it */
	wire_prepare(fd);
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(fd, SERVER_BACKLOG) == 0)
		return fd;
	saved = errno;
	(void)close(fd);
	errno = saved;
	return -1;
}

static enum err
name_socket(char text[static ADDRESS_TEXT_BYTES], int fd)
{
	char host[ADDRESS_HOST_BYTES - 2], port[6];
	struct sockaddr_storage ss;
	struct sockaddr *sa = (struct sockaddr *)&ss;
	socklen_t n = sizeof(ss);
	bool is_v6;

	if (getsockname(fd, sa, &n) != 0 ||
	    getnameinfo(sa, n, host, sizeof(host), port, sizeof(port),
		NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return ERR_NET;
	is_v6 = sa->sa_family == AF_INET6;
	(void)snprintf(text, ADDRESS_TEXT_BYTES, "%s%s%s:%s", is_v6 ? "[" : "",
	    host, is_v6 ? "]" : "", port);
	return OK;
}

enum err
server_socket(int *out, char address[static ADDRESS_TEXT_BYTES],
    const char *where, struct fail *f)
{
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL, *ai;
	struct address a;
	int fd = -1, saved = 0;
	enum err e;

	e = address_parse(&a, where, f);
	if (e != OK)
		return fail_in(f, e, "listen %.80s", where);
	if (getaddrinfo(a.host, a.port, &hints, &list) != 0)
		return fail_set(f, ERR_NET,
		    "listen %.80s: this host name is not known here", where);
	for (ai = list; ai != NULL && fd < 0; ai = ai->ai_next) {
		fd = listen_on(ai);
		saved = errno;
	}
	freeaddrinfo(list);
	if (fd >= 0 && name_socket(address, fd) != OK) {
		(void)close(fd);
		fd = -1;
	}
	if (fd < 0)
		return fail_set(f, ERR_NET, "listen %.80s: %s", where,
		    saved == EADDRINUSE ? "another program uses this port"
			: saved == EADDRNOTAVAIL
			? "this computer does not have that address"
			: saved == EACCES
			? "ports below 1024 need an administrator"
			: "the port could not be opened");
	*out = fd;
	return OK;
}
