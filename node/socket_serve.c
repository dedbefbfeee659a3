/* The daemon's end: a thread that accepts, and one for each command. */
#include "node/socket.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "node/dispatch.h"
#include "node/socket_frame.h"
#include "node/socket_message.h"

/* A local program has sent its request by then, or never will. */
#define REQUEST_WAIT_S 20
#define ANSWER_WAIT_S 60
/* accept() failed: the next try */
#define ACCEPT_AGAIN_MS 200

struct socket_server {
	const char *dir;
	struct engine *engine;
	int fd, stop[2];
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t idle;
	size_t clients;
};

struct client {
	struct socket_server *server;
	int fd;
};

/* ---- one request ---- */

static enum err
run_request(struct run *run, struct cli *cli, const struct socket_request *q,
    struct socket_server *s, struct fail *f)
{
	enum err e =
	    cli_parse(cli, q->argc, q->argv, cli_table, cli_table_count, f);

	if (e != OK)
		return e;
	run_init(run, cli);
	run->dir = s->dir;
	run->cwd = q->cwd;
	run->engine = s->engine;
	run->out_tty = q->tty;
	if (q->has_input) {
		run->input = q->input;
		run->input_n = q->input_n;
	}
	run->password = q->password;
	run->password_n = q->password_n;
	/* who asks for help may have left out the words that it counts on */
	if (cli->command == NULL || cli->command->run == NULL || cli->help ||
	    cli->version || cli->command->need < CLI_REPLICA ||
	    (cli->command->flags & CLI_HERE) != 0)
		return fail_set(f, ERR_USAGE,
		    "this command does not run in the daemon");
	if (cli->command->question != NULL && !cli->yes)
		return fail_set(f, ERR_USAGE, "%s Give --yes",
		    cli->command->question);
	return dispatch_run(run, f);
}

static void
answer_with(struct client *c, int status, const struct buf *out,
    const char *text)
{
	struct timeval wait = { .tv_sec = ANSWER_WAIT_S };

	(void)setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	socket_answer_send(c->fd, status, out, text);
}

static void
answer_request(struct client *c, const struct socket_request *q)
{
	struct cli cli = { 0 };
	struct run run = { 0 };
	struct fail f = { 0 };
	enum err e = run_request(&run, &cli, q, c->server, &f);
	const char *text = "";

	if (e != OK)
		text = f.text[0] != '\0' ? f.text : err_text(e);
	/* half an answer is none: a failed command prints its reason alone */
	if (e != OK && cli.json && !run.whole)
		buf_reset(&run.out);
	answer_with(c,
	    run.wants != 0 ? SOCKET_WANTS | (int)run.wants : run_exit(&run, e),
	    &run.out, text);
	run_release(&run);
	cli_release(&cli);
}

static void *
serve_client(void *context)
{
	struct client *c = context;
	struct socket_server *s = c->server;
	struct buf frame = { .limit = SOCKET_REQUEST_BYTES };
	struct socket_request q = { 0 };

	if (frame_take(c->fd, &frame, SOCKET_REQUEST_BYTES)) {
		if (socket_request_read(&q, frame.p, frame.n))
			answer_request(c, &q);
		else
			answer_with(c, 1, NULL,
			    "the daemon does not understand this command "
			    "line's version; restart it");
	}
	socket_request_release(&q);
	buf_release(&frame);
	(void)close(c->fd);
	free(c);
	(void)pthread_mutex_lock(&s->lock);
	s->clients--;
	(void)pthread_cond_signal(&s->idle);
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* ---- accepting ---- */

static bool
spawn(struct socket_server *s, int fd)
{
	struct client *c = malloc(sizeof(*c));
	pthread_attr_t attr;
	pthread_t thread;
	bool ok;

	if (c == NULL)
		return false;
	*c = (struct client){ s, fd };
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	ok = pthread_create(&thread, &attr, serve_client, c) == 0;
	(void)pthread_attr_destroy(&attr);
	if (!ok)
		free(c);
	return ok;
}

static void
take_client(struct socket_server *s, int fd)
{
	struct timeval wait = { .tv_sec = REQUEST_WAIT_S };
	bool ok = frame_same_user(fd);

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	(void)pthread_mutex_lock(&s->lock);
	while (ok && s->clients == SOCKET_CLIENTS_MAX)
		(void)pthread_cond_wait(&s->idle, &s->lock);
	if (ok)
		s->clients++;
	(void)pthread_mutex_unlock(&s->lock);
	if (!ok) {
		(void)close(fd);
		return;
	}
	if (spawn(s, fd))
		return;
	(void)close(fd);
	(void)pthread_mutex_lock(&s->lock);
	s->clients--;
	(void)pthread_mutex_unlock(&s->lock);
}

static void *
accept_loop(void *context)
{
	struct socket_server *s = context;
	struct pollfd fds[2] = { { .fd = s->fd, .events = POLLIN },
		{ .fd = s->stop[0], .events = POLLIN } };

	for (;;) {
		int fd;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (fds[1].revents != 0)
			return NULL;
		if ((fds[0].revents & POLLIN) == 0)
			continue;
		fd = accept(s->fd, NULL, NULL);
		if (fd >= 0)
			take_client(s, fd);
		else if (errno != EINTR && errno != ECONNABORTED)
			/* no descriptor is free: it would wait there at once
			 * again, so only the end is listened for meanwhile */
			(void)poll(&fds[1], 1, ACCEPT_AGAIN_MS);
	}
}

static enum err
listen_on(struct socket_server *s, struct fail *f)
{
	struct sockaddr_un address;
	mode_t was;
	int dir_fd, bad;
	enum err e = frame_address(&address, &dir_fd, s->dir, f);

	if (e != OK)
		return e;
	(void)unlinkat(dir_fd, "socket", 0); /* of a daemon that was killed */
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	was = umask(0177);
	bad = s->fd < 0 ||
	    bind(s->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(s->fd, 16) != 0;
	(void)umask(was);
	(void)close(dir_fd);
	if (bad)
		return fail_set(f, ERR_IO, "%.160s/socket: %s", s->dir,
		    strerror(errno));
	return OK;
}

enum err
socket_start(struct socket_server **out, const char *dir, struct engine *e,
    struct fail *f)
{
	struct socket_server *s = calloc(1, sizeof(*s));
	enum err r;

	if (s == NULL)
		return fail_set(f, ERR_NOMEM, "the local socket");
	*s = (struct socket_server){ .dir = dir, .engine = e, .fd = -1 };
	s->stop[0] = s->stop[1] = -1;
	r = listen_on(s, f);
	if (r == OK && pipe(s->stop) != 0)
		r = fail_set(f, ERR_IO, "a pipe: %s", strerror(errno));
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->idle, NULL);
	if (r == OK && pthread_create(&s->thread, NULL, accept_loop, s) != 0)
		r = fail_set(f, ERR_NOMEM, "the local socket's thread");
	if (r == OK) {
		*out = s;
		return OK;
	}
	for (size_t i = 0; i < 2; i++) {
		if (s->stop[i] >= 0)
			(void)close(s->stop[i]);
	}
	if (s->fd >= 0)
		(void)close(s->fd);
	free(s);
	return r;
}

void
socket_stop(struct socket_server *s)
{
	struct sockaddr_un address;
	int dir_fd;

	if (s == NULL)
		return;
	(void)close(s->stop[1]);
	(void)pthread_join(s->thread, NULL);
	if (frame_address(&address, &dir_fd, s->dir, NULL) == OK) {
		(void)unlinkat(dir_fd, "socket", 0);
		(void)close(dir_fd);
	}
	(void)close(s->fd);
	(void)close(s->stop[0]);
	(void)pthread_mutex_lock(&s->lock);
	while (s->clients > 0)
		(void)pthread_cond_wait(&s->idle, &s->lock);
	(void)pthread_mutex_unlock(&s->lock);
	(void)pthread_cond_destroy(&s->idle);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}
