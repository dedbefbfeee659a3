/*
 * What passes over the local socket (socket.h): one request, one answer. Both
 * ends are written and read here; socket_frame.h carries the bytes.
 *
 *	request  one frame: "footbridge command 1" | directory | flags u8 |
 *	         standard input | uint count | words, each text as buf_bytes,
 *	         and the password behind, where flags say so
 *	answer   exit status u8, then a frame each: output, line for errors
 *
 * Layer: bytes only, nothing is run. A request has one encoding.
 */
#ifndef FOOTBRIDGE_NODE_SOCKET_MESSAGE_H
#define FOOTBRIDGE_NODE_SOCKET_MESSAGE_H

#include "node/socket.h"

struct socket_request {
	char *cwd;   /* owned */
	char **argv; /* owned, as are its argc words; NULL behind the last */
	int argc;    /* at least 1 */
	bool tty, has_input;
	const uint8_t *input; /* borrowed; NULL without has_input */
	size_t input_n;
	const uint8_t *password; /* borrowed; NULL: none was said */
	size_t password_n;
};

/* Append a request. An answered question and a code become the words --yes and
 * --code behind the first. */
void socket_request_put(struct buf *out, const char *cwd, int argc,
    char *const *argv, const struct socket_said *said);
/*
 * in:    p[n]  untrusted; outlives *out
 * out:   *out  zeroed by the caller; released with socket_request_release()
 *              whatever this says
 * fails: false: malformed, or of another version
 */
bool socket_request_read(struct socket_request *out, const uint8_t *p,
    size_t n) MUST_USE;
void socket_request_release(struct socket_request *q);

/* Bounded by the socket's time-outs; a caller that is gone is its loss. */
void socket_answer_send(int fd, int status, const struct buf *out,
    const char *err);
/* *answer zeroed by the caller, who releases its buffers in any case. False:
 * it was cut off or is longer than any answer. */
bool socket_answer_take(struct socket_answer *answer, int fd) MUST_USE;

#endif
