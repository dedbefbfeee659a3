/* The terminal is /dev/tty, so that pipes stay free for data. */
#include "node/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

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

/* One line from fd, without its end. */
static enum err
read_line(struct buf *out, int fd, struct fail *f)
{
	uint8_t c = 0;

	for (;;) {
		ssize_t n = read(fd, &c, 1);

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
	out->n = secret_line(out->p, out->n);
	return out->err;
}

static enum err
ask(struct buf *out, int tty, const char *prompt, struct fail *f)
{
	struct termios was, silent;
	enum err e;

	if (tcgetattr(tty, &was) != 0)
		return fail_set(f, ERR_AUTH, "the terminal cannot be set up");
	silent = was;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	say(tty, prompt);
	(void)tcsetattr(tty, TCSAFLUSH, &silent);
	e = read_line(out, tty, f);
	(void)tcsetattr(tty, TCSAFLUSH, &was);
	say(tty, "\n");
	return e;
}

static int
open_tty(void)
{
	return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
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
	    (again.n != out->n || memcmp(again.p, out->p, out->n) != 0))
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
		e = read_line(out, STDIN_FILENO, f);
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
	e = read_line(&answer, tty, f);
	if (e == OK && (answer.n != 3 || memcmp(answer.p, "yes", 3) != 0))
		e = fail_set(f, ERR_DENIED, "not done; nothing was changed");
	buf_release(&answer);
	(void)close(tty);
	return e;
}
