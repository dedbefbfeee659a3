/* The command line's end. */
#include "node/socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "node/socket_frame.h"

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

/* a text with its length before it */
static void
put_text(struct buf *b, const char *text)
{
	buf_bytes(b, text, strlen(text));
}

static void
make_request(struct buf *b, int argc, char *const *argv, bool yes, bool tty,
    const uint8_t *input, size_t input_n)
{
	char cwd[4096];

	put_text(b, "footbridge command 1");
	put_text(b, getcwd(cwd, sizeof(cwd)) != NULL ? cwd : "/");
	buf_u8(b, (uint8_t)((tty ? 1 : 0) | (input != NULL ? 2 : 0)));
	buf_bytes(b, input != NULL ? input : (const uint8_t *)"", input_n);
	buf_uint(b, (uint64_t)argc + (yes ? 1 : 0));
	put_text(b, argv[0]);
	if (yes) /* the question was asked and answered here */
		put_text(b, "--yes");
	for (int i = 1; i < argc; i++)
		put_text(b, argv[i]);
}

static bool
take_answer(struct socket_answer *answer, int fd)
{
	uint8_t status;

	if (!frame_read(fd, &status, 1))
		return false;
	answer->status = status;
	buf_init(&answer->out, RUN_OUTPUT_BYTES);
	return frame_take(fd, &answer->out, RUN_OUTPUT_BYTES) &&
	    frame_take(fd, &answer->err, 65536);
}

enum err
socket_call(struct socket_answer *answer, const char *dir, int argc,
    char *const *argv, bool yes, bool tty, const uint8_t *input, size_t input_n,
    struct fail *f)
{
	struct buf request = { .limit = SOCKET_REQUEST_BYTES };
	int fd = -1;
	enum err e = connect_to(&fd, dir, f);

	if (e != OK)
		return e;
	*answer = (struct socket_answer){ 0 };
	make_request(&request, argc, argv, yes, tty, input, input_n);
	if (request.err != OK)
		e = fail_set(f, ERR_LIMIT, "the command line is too long");
	else if (!frame_send(fd, request.p, request.n) ||
	    !take_answer(answer, fd))
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
