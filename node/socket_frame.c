/* Blocking sockets with time-outs set by their owners. */
#include "node/socket_frame.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The kernel's struct ucred is behind _GNU_SOURCE in glibc's headers. */
struct peer_user {
	int32_t pid;
	uint32_t uid, gid;
};
_Static_assert(sizeof(pid_t) == 4 && sizeof(uid_t) == 4, "struct ucred");

bool
frame_write(int fd, const void *p, size_t n)
{
	const uint8_t *at = p;

	while (n > 0) {
		ssize_t done = send(fd, at, n, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		at += done;
		n -= (size_t)done;
	}
	return true;
}

bool
frame_read(int fd, void *p, size_t n)
{
	uint8_t *at = p;

	while (n > 0) {
		ssize_t done = read(fd, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		at += done;
		n -= (size_t)done;
	}
	return true;
}

bool
frame_take(int fd, struct buf *out, size_t max)
{
	uint8_t head[8];
	uint64_t n = 0;

	if (!frame_read(fd, head, sizeof(head)))
		return false;
	for (size_t i = 0; i < sizeof(head); i++)
		n |= (uint64_t)head[i] << (8 * i);
	if (n > max)
		return false;
	/* a claimed length costs memory only as its bytes arrive */
	while (n > 0) {
		size_t step = n > 65536 ? 65536 : (size_t)n;
		uint8_t *p = buf_grow(out, step);

		if (p == NULL || !frame_read(fd, p, step))
			return false;
		n -= step;
	}
	return true;
}

bool
frame_send(int fd, const void *p, size_t n)
{
	uint8_t head[8];

	for (size_t i = 0; i < sizeof(head); i++)
		head[i] = (uint8_t)((uint64_t)n >> (8 * i));
	return frame_write(fd, head, sizeof(head)) && frame_write(fd, p, n);
}

enum err
frame_address(struct sockaddr_un *out, int *dir_fd, const char *dir,
    struct fail *f)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fail_set(f, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
		    "%.200s: %s", dir, strerror(errno));
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void)snprintf(out->sun_path, sizeof(out->sun_path),
	    "/proc/self/fd/%d/socket", fd);
	*dir_fd = fd;
	return OK;
}

bool
frame_same_user(int fd)
{
	struct peer_user user;
	socklen_t n = sizeof(user);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &n) == 0 &&
	    n == sizeof(user) && (user.uid == geteuid() || user.uid == 0);
}
