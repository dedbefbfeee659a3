/* The terminal is /dev/tty, so that pipes stay free for data. */
#include "node/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

#include <sodium.h>

#define LINE_MAX_BYTES 1024

bool
secret_file(struct buf *path, const struct cli *cli)
{
	const char *name = cli->passphrase_file;
	const char *dir;

	if (name == NULL)
		name = getenv("FOOTBRIDGE_PASSPHRASE_FILE");
	if (name != NULL && name[0] != '\0') {
		buf_put(path, name, strlen(name));
		return true;
	}
	dir = getenv("CREDENTIALS_DIRECTORY");
	if (dir == NULL || dir[0] == '\0')
		return false;
	buf_printf(path, "%s/footbridge-passphrase", dir);
	if (access(buf_cstr(path), R_OK) == 0)
		return true;
	buf_reset(path);
	return false;
}

size_t
secret_line(const uint8_t *p, size_t n)
{
	const uint8_t *nl = n > 0 ? memchr(p, '\n', n) : NULL;

	if (nl != NULL)
		n = (size_t)(nl - p);
	if (n > 0 && p[n - 1] == '\r')
		n--;
	return n;
}

static void
say(int fd, const char *text)
{
	ssize_t n = write(fd, text, strlen(text));

	(void)n; /* the terminal went away: the read says so */
}

/* ---- signals while something is typed ---- */

/*
 * A signal that ends or stops the program would leave the terminal without an
 * echo. While a question stands they are blocked but inside the waiting, noted
 * there, and sent again once the terminal is as it was.
 */
static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
static volatile sig_atomic_t caught;

struct guard {
	sigset_t was; /* what is let through while waiting */
	struct sigaction old[COUNT_OF(ending)];
};

static void
note_signal(int number)
{
	caught = number;
}

static void
guard_begin(struct guard *g)
{
	struct sigaction note = { .sa_handler = note_signal };
	sigset_t held;

	caught = 0;
	(void)sigemptyset(&held);
	for (size_t i = 0; i < COUNT_OF(ending); i++)
		(void)sigaddset(&held, ending[i]);
	(void)sigprocmask(SIG_BLOCK, &held, &g->was);
	for (size_t i = 0; i < COUNT_OF(ending); i++)
		(void)sigaction(ending[i], NULL, &g->old[i]);
	for (size_t i = 0; i < COUNT_OF(ending); i++) {
		/* what is ignored (nohup) stays so */
		if (g->old[i].sa_handler != SIG_IGN)
			(void)sigaction(ending[i], &note, NULL);
	}
}

/* The signal that was noted does now what it does. */
static void
guard_end(const struct guard *g)
{
	for (size_t i = 0; i < COUNT_OF(ending); i++)
		(void)sigaction(ending[i], &g->old[i], NULL);
	if (caught != 0)
		(void)raise(caught);
	(void)sigprocmask(SIG_SETMASK, &g->was, NULL);
}

/* Something can be read from fd; false: a signal came first. */
static bool
wait_readable(int fd, const struct guard *g)
{
	while (caught == 0) {
		fd_set set;
		int n;

		FD_ZERO(&set);
		FD_SET(fd, &set);
		n = pselect(fd + 1, &set, NULL, NULL, NULL, &g->was);
		if (n > 0 || (n < 0 && errno != EINTR))
			return true;
	}
	return false;
}

/* One line from fd, without its end. g: while it is typed; or NULL. */
static enum err
read_line(struct buf *out, int fd, const struct guard *g, struct fail *f)
{
	uint8_t c = 0;

	for (;;) {
		ssize_t n;

		if (g != NULL && !wait_readable(fd, g))
			return fail_set(f, ERR_AUTH,
			    "stopped at the question; nothing was changed");
		n = read(fd, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 && out->n == 0)
			return fail_set(f, ERR_AUTH,
			    "nothing was typed; nothing was changed");
		if (n <= 0 || c == '\n')
			break;
		if (out->n == LINE_MAX_BYTES)
			return fail_set(f, ERR_INPUT,
			    "want at most %d characters", LINE_MAX_BYTES);
		buf_u8(out, c);
	}
	sodium_memzero(&c, sizeof(c));
	out->n = secret_line(out->p, out->n);
	return out->err;
}

static enum err
ask(struct buf *out, int tty, const char *prompt, struct fail *f)
{
	struct termios was, silent;
	struct guard g;
	enum err e;

	if (tcgetattr(tty, &was) != 0)
		return fail_set(f, ERR_AUTH, "the terminal cannot be set up");
	silent = was;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	guard_begin(&g);
	/* before the question: an answer that comes at once is neither shown
	 * nor thrown away with what was typed before */
	if (tcsetattr(tty, TCSAFLUSH, &silent) != 0) {
		e = fail_set(f, ERR_AUTH,
		    "the terminal would show what is typed");
	} else {
		say(tty, prompt);
		e = read_line(out, tty, &g, f);
	}
	(void)tcsetattr(tty, TCSAFLUSH, &was);
	say(tty, "\n");
	guard_end(&g);
	return e;
}

static int
open_tty(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd >= FD_SETSIZE) { /* pselect has no room for it */
		(void)close(fd);
		return -1;
	}
	return fd;
}

static enum err
no_terminal(struct fail *f)
{
	return fail_set(f, ERR_AUTH,
	    "the passphrase is needed and there is no terminal to ask at: name "
	    "a file with --passphrase-file or FOOTBRIDGE_PASSPHRASE_FILE");
}

enum err
secret_get(struct buf *out, bool *from_file, const struct cli *cli,
    const struct env *env, struct fail *f)
{
	struct buf path = { 0 };
	enum err e;
	int tty;

	if (secret_file(&path, cli)) {
		*from_file = true;
		e = env->file_read(env->self, out, buf_cstr(&path),
		    SECRET_FILE_BYTES, f);
		if (e != OK)
			e = fail_in(f, e, "passphrase file");
		buf_release(&path);
		return e;
	}
	buf_release(&path);
	*from_file = false;
	tty = open_tty();
	if (tty < 0)
		return no_terminal(f);
	e = ask(out, tty, "Passphrase (or recovery code): ", f);
	(void)close(tty);
	return e;
}

static enum err
long_enough(const struct buf *b, struct fail *f)
{
	if (b->n >= SECRET_BYTES_MIN)
		return OK;
	return fail_set(f, ERR_INPUT,
	    "the passphrase is too short: want at least %d characters, better "
	    "four or five words",
	    SECRET_BYTES_MIN);
}

static enum err
ask_twice(struct buf *out, int tty, struct fail *f)
{
	struct buf again = { 0 };
	enum err e;

	e = ask(out, tty, "New passphrase: ", f);
	if (e == OK)
		e = long_enough(out, f);
	if (e == OK)
		e = ask(&again, tty, "The same again: ", f);
	if (e == OK &&
	    (again.n != out->n || sodium_memcmp(again.p, out->p, out->n) != 0))
		e = fail_set(f, ERR_INPUT,
		    "the two passphrases differ; nothing was changed");
	buf_release(&again);
	return e;
}

enum err
secret_new(struct buf *out, const struct cli *cli, const struct env *env,
    struct fail *f)
{
	struct buf path = { 0 };
	enum err e;
	int tty;

	if (secret_file(&path, cli)) {
		bool from_file;

		buf_release(&path);
		e = secret_get(out, &from_file, cli, env, f);
		if (e == OK)
			out->n = secret_line(out->p, out->n);
		return e == OK ? long_enough(out, f) : e;
	}
	buf_release(&path);
	tty = open_tty();
	if (tty < 0)
		return no_terminal(f);
	e = ask_twice(out, tty, f);
	(void)close(tty);
	return e;
}

enum err
secret_another(struct buf *out, struct fail *f)
{
	int tty = isatty(STDIN_FILENO) ? open_tty() : -1;
	enum err e;

	if (tty < 0) {
		e = read_line(out, STDIN_FILENO, NULL, f);
		return e == OK ? long_enough(out, f) : e;
	}
	e = ask_twice(out, tty, f);
	(void)close(tty);
	return e;
}

enum err
secret_ask(struct buf *out, const char *prompt, struct fail *f)
{
	int tty = open_tty();
	enum err e;

	if (tty < 0)
		return fail_set(f, ERR_AUTH,
		    "there is no terminal to ask at for: %s", prompt);
	e = ask(out, tty, prompt, f);
	(void)close(tty);
	return e;
}

enum err
secret_confirm(const char *question, struct fail *f)
{
	struct buf answer = { 0 };
	enum err e;
	int tty = open_tty();

	if (tty < 0)
		return fail_set(f, ERR_USAGE,
		    "%s There is no terminal to answer at: give --yes",
		    question);
	say(tty, question);
	say(tty, " Type yes to go on: ");
	e = read_line(&answer, tty, NULL, f);
	if (e == OK && (answer.n != 3 || memcmp(answer.p, "yes", 3) != 0))
		e = fail_set(f, ERR_DENIED, "not done; nothing was changed");
	buf_release(&answer);
	(void)close(tty);
	return e;
}
