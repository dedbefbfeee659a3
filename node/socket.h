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
 * daemon's replica is open; a new password of an account does, and a password said
 * again (prove.h), over a socket that only its owner can open.
 */
#ifndef FOOTBRIDGE_NODE_SOCKET_H
#define FOOTBRIDGE_NODE_SOCKET_H

#include "node/engine.h"
#include "node/run.h"

#define SOCKET_REQUEST_BYTES ((size_t)8 << 20)
#define SOCKET_ARGS_MAX 4096
#define SOCKET_CLIENTS_MAX 16

/* in the place of an exit status: the command waits for a proof, RUN_WANTS_ */
#define SOCKET_WANTS 64

/* What goes with the words of a command; borrowed. */
struct socket_said {
	bool yes; /* the question was asked and answered at this end */
	bool tty; /* a person reads the output on a terminal */
	const uint8_t *input; /* NULL: none */
	size_t input_n;
	const uint8_t *password; /* said again; NULL: not */
	size_t password_n;
	const char *code; /* of the second factor; NULL: not */
};

struct socket_answer {
	int status;     /* exit status, or SOCKET_WANTS and what */
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
    char *const *argv, const struct socket_said *said, struct fail *f);

/* Does a daemon of dir listen? */
bool socket_alive(const char *dir);

struct socket_server;

/* Listen on DIR/socket (the lock of dir is held) and answer from threads. */
enum err socket_start(struct socket_server **out, const char *dir,
    struct engine *e, struct fail *f);
/* Waits for commands in flight; NULL is fine. */
void socket_stop(struct socket_server *s);

#endif
