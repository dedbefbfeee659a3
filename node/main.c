/*
 * footbridge: one process, one command. Everything a person types comes
 * through here; the command runs in a running daemon, else in this process.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sodium.h>

#include "node/dispatch.h"
#include "node/help.h"
#include "node/open.h"
#include "node/out.h"
#include "node/prove.h"
#include "node/secret.h"
#include "node/socket.h"
#include "node/wipe.h"

#define VERSION "0.1.0"

/* Nothing of a record or a key may leave by a side door (ASSURANCE 4.12). */
static enum err
harden(struct fail *f)
{
	static const char *const proxies[] = { "http_proxy", "https_proxy",
		"HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy",
		"NO_PROXY" };
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return fail_set(f, ERR_IO, "core dumps cannot be turned off");
	if (getenv("SSLKEYLOGFILE") != NULL)
		return fail_set(f, ERR_DENIED,
		    "SSLKEYLOGFILE is set, so the keys of every connection "
		    "would be written to a file; unset it");
	for (size_t i = 0; i < COUNT_OF(proxies); i++)
		(void)unsetenv(proxies[i]);
	(void)signal(SIGPIPE, SIG_IGN);
	/* a file at the limit that somebody set is an error like a full disk */
	(void)signal(SIGXFSZ, SIG_IGN);
	if (sodium_init() < 0)
		return fail_set(f, ERR_IO, "libsodium cannot be set up");
	wipe_json();
	return OK;
}

static enum err
read_input(struct buf *out, struct fail *f)
{
	uint8_t chunk[16384];
	ssize_t n;

	buf_init(out, RUN_INPUT_BYTES);
	while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0 ||
	    (n < 0 && errno == EINTR)) {
		if (n > 0)
			buf_put(out, chunk, (size_t)n);
	}
	sodium_memzero(chunk, sizeof(chunk));
	if (n < 0)
		return fail_set(f, ERR_IO, "standard input cannot be read");
	if (out->err != OK)
		return fail_set(f, ERR_LIMIT,
		    "standard input is longer than %d bytes",
		    (int)RUN_INPUT_BYTES);
	if (out->n == 0) /* given, and empty */
		buf_put(out, "", 0);
	return OK;
}

static bool
is_dry_run(const struct cli *cli)
{
	return (cli->command->flags & CLI_PREVIEW) != 0 &&
	    cli_get(cli, "dry-run") != NULL;
}

/* Ask before something that cannot be taken back. */
static enum err
confirm(const struct cli *cli, struct fail *f)
{
	if (cli->command->question == NULL || cli->yes || is_dry_run(cli))
		return OK;
	return secret_confirm(cli->command->question, f);
}

/* One line for people; under --json also the one document that is promised,
 * unless the command gave its own. */
static void
say_error(const char *text, bool json)
{
	json_t *j = json ? json_pack("{s:s}", "error", text) : NULL;

	(void)fprintf(stderr, "footbridge: %s\n", text);
	if (j == NULL)
		return;
	(void)json_dumpf(j, stdout, JSON_COMPACT);
	(void)fputc('\n', stdout);
	json_decref(j);
}

/* ---- where it runs ---- */

static enum err
run_here(struct run *run, struct fail *f)
{
	struct prove_said said = { 0 };
	enum err e = dispatch_run(run, f);

	if (run->wants != 0 &&
	    prove_ask(&said, run->wants, run->cli, f) == OK) {
		run->code = buf_cstr(&said.code);
		*f = (struct fail){ 0 };
		e = dispatch_run(run, f);
	}
	prove_forget(&said);
	if (e == OK || !run->cli->json || run->whole)
		run_drain(run);
	return e;
}

/* Once more with password and code, where the daemon asks for them. */
static enum err
call_daemon(struct socket_answer *answer, struct run *run, int argc,
    char **argv, struct fail *f)
{
	struct socket_said said = { .yes = run->cli->command->question != NULL,
		.tty = run->out_tty,
		.input = run->input,
		.input_n = run->input_n };
	struct prove_said proof = { 0 };
	enum err e = socket_call(answer, run->dir, argc, argv, &said, f);
	unsigned wants;

	if (e != OK || (answer->status & SOCKET_WANTS) == 0)
		return e;
	wants = (unsigned)answer->status & ~(unsigned)SOCKET_WANTS;
	answer->status = 1;
	e = prove_ask(&proof, wants, run->cli, f);
	if (e == OK) {
		buf_release(&answer->out);
		buf_release(&answer->err);
		if (proof.password.n > 0)
			said.password = proof.password.p;
		said.password_n = proof.password.n;
		if (proof.code.n > 0)
			said.code = buf_cstr(&proof.code);
		e = socket_call(answer, run->dir, argc, argv, &said, f);
		if (e == OK && (answer->status & SOCKET_WANTS) != 0)
			answer->status = 1;
	} else if (f->text[0] == '\0') {
		/* nobody to ask: what the daemon said stands */
		e = OK;
	}
	if (e != OK) {
		buf_release(&answer->out);
		buf_release(&answer->err);
	}
	prove_forget(&proof);
	return e;
}

/* true: a daemon answered and *status is what it said. */
static bool
run_in_daemon(int *status, struct run *run, int argc, char **argv, enum err *e,
    struct fail *f)
{
	struct socket_answer answer = { 0 };

	*e = call_daemon(&answer, run, argc, argv, f);
	if (*e == ERR_NOTFOUND) {
		*e = OK;
		return false;
	}
	if (*e != OK)
		return true;
	if (answer.out.n > 0)
		(void)fwrite(answer.out.p, 1, answer.out.n, stdout);
	(void)fflush(stdout);
	if (answer.err.n > 0)
		say_error(buf_cstr(&answer.err),
		    run->cli->json && answer.out.n == 0);
	*status = answer.status;
	buf_release(&answer.out);
	buf_release(&answer.err);
	return true;
}

/* *r is another one afterwards, or NULL, where the command opened it again. */
static enum err
run_with_replica(struct run *run, struct open_with *w, struct replica **r,
    struct cli *cli, struct fail *f)
{
	struct engine engine;
	bool rekeyed;
	enum err e = engine_init(&engine, *r, f);

	if (e != OK)
		return e;
	if (cli->as == NULL && w->config.as[0] != '\0')
		cli->as = w->config.as;
	/* cppcheck-suppress autoVariables ; taken back below */
	run->engine = &engine;
	engine.keys = &w->keys;
	engine.accounts = &w->config.accounts;
	engine.has_opener = w->has_opener;
	memcpy(engine.opener, w->opener, sizeof(engine.opener));
	run->with = w;
	e = run_here(run, f);
	run->engine = NULL;
	*r = engine.replica;
	/* an order to destroy came: the disk still has what was deleted. What
	 * goes wrong here is due at the next command, and status says so */
	if (*r != NULL)
		(void)out_shred(*r, &rekeyed, NULL);
	engine_release(&engine);
	return e;
}

/*
 * The daemon when there is one, else this process. Who holds the replica may
 * be a short command that is about to end, or a daemon about to listen: both
 * are looked for again for a moment before it is called busy.
 */
static enum err
run_somewhere(int *status, struct run *run, struct cli *cli, int argc,
    char **argv, struct fail *f)
{
	bool here = (cli->command->flags & CLI_HERE) != 0;
	int patience = here ? OPEN_SERVE_MS : OPEN_BUSY_MS;
	struct open_with w = { 0 };
	struct replica *r = NULL;
	enum err e = OK;

	if (!here && run_in_daemon(status, run, argc, argv, &e, f))
		return e;
	e = open_prepare(&w, run->dir, f);
	if (e == OK)
		e = open_unlock(&w, cli, run->dir, f);
	for (int waited = 0; e == OK; waited += OPEN_STEP_MS) {
		e = open_unlocked(&r, &w, run->dir, f);
		if (e != ERR_BUSY || waited >= patience ||
		    (here && socket_alive(run->dir)))
			break;
		e = OK;
		open_pause();
		if (!here && run_in_daemon(status, run, argc, argv, &e, f))
			break;
	}
	if (e == OK && r != NULL && replica_opened_as(r) == LIFE_MOVED &&
	    !cli->quiet)
		(void)fprintf(stderr, "footbridge: %s\n",
		    life_words(LIFE_MOVED));
	if (e == OK && r != NULL)
		e = run_with_replica(run, &w, &r, cli, f);
	replica_close(r);
	open_forget(&w);
	return e;
}

static int
run_command(struct cli *cli, int argc, char **argv, struct fail *f)
{
	const struct cli_command *c = cli->command;
	struct buf input = { 0 };
	struct run run;
	int status = -1;
	enum err e = OK;

	run_init(&run, cli);
	run.out_fd = STDOUT_FILENO;
	run.out_tty = isatty(STDOUT_FILENO) != 0;
	run.progress = isatty(STDERR_FILENO) != 0;
	if (c->need != CLI_NOTHING)
		e = open_dir(&run.dir, cli, f);
	if (e == OK)
		e = confirm(cli, f);
	if (e == OK && cli_wants_input(cli)) {
		e = read_input(&input, f);
		run.input = input.p != NULL ? input.p : (const uint8_t *)"";
		run.input_n = input.n;
	}
	if (e == OK && (c->flags & CLI_SECRET) != 0) {
		e = secret_another(&input, f);
		run.input = input.p != NULL ? input.p : (const uint8_t *)"";
		run.input_n = input.n;
	}
	if (e == OK && c->need >= CLI_REPLICA)
		e = run_somewhere(&status, &run, cli, argc, argv, f);
	else if (e == OK)
		e = run_here(&run, f);
	if (status < 0)
		status = run_exit(&run, e);
	if (e != OK)
		say_error(f->text[0] != '\0' ? f->text : err_text(e),
		    cli->json && !run.printed);
	run_release(&run);
	buf_release(&input);
	return status;
}

/* What it would do, before the question: the same once more as --dry-run.
 * -1: go on. */
static int
show_before(const struct cli *cli, int argc, char **argv, struct fail *f)
{
	char dry[] = "--dry-run";
	struct cli other = { 0 };
	char **with;
	int status = 1;
	enum err e;

	if ((cli->command->flags & CLI_PREVIEW) == 0 || cli->json ||
	    is_dry_run(cli))
		return -1;
	with = calloc((size_t)argc + 2, sizeof(*with));
	e = with != NULL ? OK : fail_set(f, ERR_NOMEM, "out of memory");
	if (e == OK) {
		/* right behind the program's name: a -- may follow */
		with[0] = argv[0];
		with[1] = dry;
		memcpy(with + 2, argv + 1, ((size_t)argc - 1) * sizeof(*with));
		e = cli_parse(&other, argc + 1, with, cli_table,
		    cli_table_count, f);
	}
	if (e == OK)
		status = run_command(&other, argc + 1, with, f);
	else
		say_error(f->text, false);
	(void)fflush(stdout);
	cli_release(&other);
	free(with);
	return status == 0 ? -1 : status;
}

/* --help, --version and what is not there yet; -1: go on. */
static int
say_about(const struct cli *cli)
{
	const struct cli_command *c = cli->command;
	struct buf out = { 0 };
	int status = 0;

	if (cli->version) {
		buf_printf(&out, "footbridge " VERSION "\n");
	} else if (cli->help && c != NULL) {
		(void)help_command(&out, c->name);
	} else if (cli->help) {
		help_all(&out);
	} else if (c->run == NULL) {
		buf_printf(&out, "%s is not available yet: %s", c->name,
		    c->later);
		say_error(buf_cstr(&out), cli->json);
		buf_reset(&out);
		status = 1;
	} else {
		status = -1;
	}
	if (out.n > 0)
		(void)fwrite(out.p, 1, out.n, stdout);
	buf_release(&out);
	return status;
}

/* What was typed could not be read, but this much of it can. */
static bool
asked_for_json(int argc, char *const *argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--json") == 0)
			return true;
	}
	return false;
}

int
main(int argc, char **argv)
{
	struct cli cli = { 0 };
	struct fail f = { 0 };
	int status;
	enum err e = harden(&f);

	if (e == OK)
		e = cli_parse(&cli, argc, argv, cli_table, cli_table_count, &f);
	if (e == OK && cli.code != NULL) {
		cli_release(&cli);
		e = fail_set(&f, ERR_USAGE,
		    "--code: nothing was done: everybody on this computer can "
		    "read what is in a command line. Leave it out and type the "
		    "code when asked, or name a file that holds it: "
		    "--code-file FILE");
	}
	if (e != OK) {
		say_error(f.text[0] != '\0' ? f.text : err_text(e),
		    asked_for_json(argc, argv));
		return e == ERR_USAGE ? 2 : 1;
	}
	status = say_about(&cli);
	if (status < 0)
		status = show_before(&cli, argc, argv, &f);
	if (status < 0)
		status = run_command(&cli, argc, argv, &f);
	cli_release(&cli);
	if (fflush(stdout) != 0 && status == 0)
		status = 1;
	return status;
}
