/* Reading takes each text as it stands: one with a NUL inside is refused. */
#include "node/socket_message.h"

#include <stdlib.h>
#include <string.h>

#include "node/account/password.h"
#include "node/socket_frame.h"
#include "sync/rd.h"

#define VERSION "footbridge command 1"
#define FLAG_TTY 1u
#define FLAG_INPUT 2u
#define FLAG_PASSWORD 4u
#define LINE_BYTES 65536

/* ---- the request ---- */

static void
put_text(struct buf *b, const char *text)
{
	buf_bytes(b, text, strlen(text));
}

void
socket_request_put(struct buf *out, const char *cwd, int argc,
    char *const *argv, const struct socket_said *said)
{
	bool has_input = said->input != NULL;
	int more = (said->yes ? 1 : 0) + (said->code != NULL ? 2 : 0);

	put_text(out, VERSION);
	put_text(out, cwd);
	buf_u8(out,
	    (uint8_t)((said->tty ? FLAG_TTY : 0) |
		(has_input ? FLAG_INPUT : 0) |
		(said->password != NULL ? FLAG_PASSWORD : 0)));
	buf_bytes(out, has_input ? said->input : (const uint8_t *)"",
	    has_input ? said->input_n : 0);
	buf_uint(out, (uint64_t)argc + (uint64_t)more);
	put_text(out, argv[0]);
	if (said->yes)
		put_text(out, "--yes");
	if (said->code != NULL) {
		put_text(out, "--code");
		put_text(out, said->code);
	}
	for (int i = 1; i < argc; i++)
		put_text(out, argv[i]);
	if (said->password != NULL)
		buf_bytes(out, said->password, said->password_n);
}

static char *
take_text(struct rd *r)
{
	size_t n;
	const uint8_t *p = rd_bytes(r, &n, SOCKET_REQUEST_BYTES);
	char *text;

	if (p == NULL || r->err != OK || memchr(p, '\0', n) != NULL)
		return NULL;
	text = malloc(n + 1);
	if (text == NULL)
		return NULL;
	memcpy(text, p, n);
	text[n] = '\0';
	return text;
}

static bool
read_version(struct rd *r)
{
	size_t n;
	const uint8_t *p = rd_bytes(r, &n, strlen(VERSION));

	return p != NULL && n == strlen(VERSION) && memcmp(p, VERSION, n) == 0;
}

/* Returns the flags. */
static unsigned
read_input(struct socket_request *q, struct rd *r)
{
	unsigned flags = rd_u8(r);

	q->tty = (flags & FLAG_TTY) != 0;
	q->has_input = (flags & FLAG_INPUT) != 0;
	q->input = rd_bytes(r, &q->input_n, RUN_INPUT_BYTES);
	if ((flags & ~(FLAG_TTY | FLAG_INPUT | FLAG_PASSWORD)) != 0 ||
	    (!q->has_input && q->input_n > 0))
		rd_fail(r);
	if (!q->has_input)
		q->input = NULL;
	return flags;
}

bool
socket_request_read(struct socket_request *out, const uint8_t *p, size_t n)
{
	struct rd r = rd_of(p, n);
	unsigned flags;
	uint64_t argc;

	if (!read_version(&r))
		return false;
	out->cwd = take_text(&r);
	flags = read_input(out, &r);
	argc = rd_max(&r, SOCKET_ARGS_MAX);
	if (out->cwd == NULL || r.err != OK || argc == 0)
		return false;
	out->argv = calloc((size_t)argc + 1, sizeof(*out->argv));
	if (out->argv == NULL)
		return false;
	for (uint64_t i = 0; i < argc; i++) {
		out->argv[i] = take_text(&r);
		if (out->argv[i] == NULL)
			return false;
		out->argc++;
	}
	if ((flags & FLAG_PASSWORD) != 0)
		out->password =
		    rd_bytes(&r, &out->password_n, PASSWORD_BYTES_MAX);
	return rd_done(&r) == OK;
}

void
socket_request_release(struct socket_request *q)
{
	for (int i = 0; i < q->argc; i++)
		free(q->argv[i]);
	free(q->argv);
	free(q->cwd);
	*q = (struct socket_request){ 0 };
}

/* ---- the answer ---- */

void
socket_answer_send(int fd, int status, const struct buf *out, const char *err)
{
	uint8_t byte = (uint8_t)status;

	(void)(frame_write(fd, &byte, 1) &&
	    frame_send(fd, out != NULL ? out->p : NULL,
		out != NULL ? out->n : 0) &&
	    frame_send(fd, err, strlen(err)));
}

bool
socket_answer_take(struct socket_answer *answer, int fd)
{
	uint8_t status;

	if (!frame_read(fd, &status, 1))
		return false;
	answer->status = status;
	buf_init(&answer->out, RUN_OUTPUT_BYTES);
	return frame_take(fd, &answer->out, RUN_OUTPUT_BYTES) &&
	    frame_take(fd, &answer->err, LINE_BYTES);
}
