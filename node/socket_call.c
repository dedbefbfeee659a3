/* The command line's end. */
#include "node/socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "node/socket_frame.h"
#include "node/socket_message.h"

static enum err
connect_to(int *out, const char *dir, struct fail *f)
{
	struct sockaddr_un address;
	int dir_fd, fd;
	enum err e = frame_address(&address, &dir_fd, dir, f);

	if (e != OK)
		return ERR_NOTFOUND;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		if (fd >= 0)
			(void)close(fd);
		(void)close(dir_fd);
		return ERR_NOTFOUND;
	}
	(void)close(dir_fd);
	if (!frame_same_user(fd)) {
		(void)close(fd);
		return fail_set(f, ERR_DENIED,
		    "the daemon of this replica runs as another user; run the "
		    "command as that user");
	}
	*out = fd;
	return OK;
}

enum err
socket_call(struct socket_answer *answer, const char *dir, int argc,
    char *const *argv, const struct socket_said *said, struct fail *f)
{
	struct buf request = { .limit = SOCKET_REQUEST_BYTES };
	char cwd[4096];
	int fd = -1;
	enum err e = connect_to(&fd, dir, f);

	if (e != OK)
		return e;
	*answer = (struct socket_answer){ 0 };
	socket_request_put(&request,
	    getcwd(cwd, sizeof(cwd)) != NULL ? cwd : "/", argc, argv, said);
	if (request.err != OK)
		e = fail_set(f, ERR_LIMIT, "the command line is too long");
	else if (!frame_send(fd, request.p, request.n) ||
	    !socket_answer_take(answer, fd))
		e = fail_set(f, ERR_NET,
		    "the daemon stopped before it answered; what it said it "
		    "saved is saved, the rest was not done");
	buf_release(&request);
	(void)close(fd);
	if (e != OK) {
		buf_release(&answer->out);
		buf_release(&answer->err);
	}
	return e;
}

bool
socket_alive(const char *dir)
{
	int fd;

	if (connect_to(&fd, dir, NULL) != OK)
		return false;
	(void)close(fd);
	return true;
}
