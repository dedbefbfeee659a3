/*
 * The Unix socket between the command line and a running daemon.
 *
 * DIR/socket, mode 0600, and both sides check that the other has the same
 * user. The command line sends what was typed, its directory and its standard
 * input; the daemon runs the command and sends back what it said. Output is
 * kept until the command is done and written outside of the engine's lock, so
 * a stuck terminal stops nobody. File names are resolved from the person's
 * directory (run_path()).
 *
 * What passes is in socket_message.h. The replica's own secret does not, for the
 * daemon's replica is open; a new password of an account does, over a socket that
 * only its owner can open.
 */
#ifndef FOOTBRIDGE_NODE_SOCKET_H
#define FOOTBRIDGE_NODE_SOCKET_H

#include "node/engine.h"
#include "node/run.h"

#define SOCKET_REQUEST_BYTES ((size_t)8 << 20)
#define SOCKET_ARGS_MAX 4096
#define SOCKET_CLIENTS_MAX 16

struct socket_answer {
	int status;     /* exit status */
	struct buf out; /* standard output */
	struct buf err; /* one line for standard error, or empty */
};

/*
 * Have a command run by the daemon of dir.
 *
 * out:   *answer, whose buffers the caller releases
 * fails: ERR_NOTFOUND no daemon is there; ERR_DENIED the socket belongs to
 *        another user; ERR_NET it went away before it answered
 */
enum err socket_call(struct socket_answer *answer, const char *dir, int argc,
    char *const *argv, bool yes, bool tty, const uint8_t *input, size_t input_n,
    struct fail *f);

/* Does a daemon of dir listen? */
bool socket_alive(const char *dir);

struct socket_server;

/* Listen on DIR/socket (the lock of dir is held) and answer from threads. */
enum err socket_start(struct socket_server **out, const char *dir,
    struct engine *e, struct fail *f);
/* Waits for commands in flight; NULL is fine. */
void socket_stop(struct socket_server *s);

#endif
