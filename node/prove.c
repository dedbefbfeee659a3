#include "node/prove.h"

#include <ctype.h>
#include <string.h>

#include "node/account/account.h"
#include "node/secret.h"

/* ---- where the replica is ----------------------------------------------------- */

/* Whose slot opened it. ERR_NOTFOUND: nobody's by name. Lock held. */
static enum err
who_opened(int64_t *account, bool *has_code, struct run *run, struct fail *f)
{
	struct account acc;
	enum err e;

	if (run->engine->replica == NULL)
		return fail_set(f, ERR_BUSY,
		    "the replica is being opened again; try again");
	e = account_of_slot(&acc, run->engine->replica, run->engine->opener, f);
	if (e == OK) {
		*account = acc.no;
		*has_code = acc.has_totp;
	}
	account_wipe(&acc);
	return e;
}

static enum err
want(struct run *run, unsigned wants, struct fail *f)
{
	run->wants = wants;
	return fail_set(f, ERR_AUTH, "nothing was done: this wants %s",
	    wants == RUN_WANTS_CODE ? "the code of your second factor, or a "
				      "recovery code (--code-file FILE)"
		: wants == RUN_WANTS_PASSWORD
		? "your password again"
		: "your password and the code of your second factor again "
		  "(--code-file FILE)");
}

static enum err
check(struct run *run, int64_t account, struct fail *f)
{
	struct accounts *a = NULL;
	enum err e = accounts_new(&a, run->engine, run->engine->accounts, f);

	if (e == OK)
		e = account_prove(a, account, (const char *)run->password,
		    run->password_n, run->code != NULL ? run->code : "",
		    "command", f);
	accounts_free(a);
	return e;
}

enum err
prove_again(struct run *run, struct fail *f)
{
	bool opened_here = run->with != NULL, has_code = false;
	unsigned wants = 0;
	int64_t account = 0;
	enum err e;

	run->wants = 0;
	/* what it would do is only looked at */
	if (!run->engine->has_opener || cli_get(run->cli, "dry-run") != NULL)
		return OK;
	engine_lock(run->engine);
	e = who_opened(&account, &has_code, run, f);
	engine_unlock(run->engine);
	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	if (!opened_here && run->password == NULL)
		wants |= RUN_WANTS_PASSWORD;
	if (has_code && run->code == NULL)
		wants |= RUN_WANTS_CODE;
	if (wants != 0)
		return want(run, wants, f);
	return opened_here && !has_code ? OK : check(run, account, f);
}

#define CODE_FILE_BYTES 4096

/* ---- where the person is ------------------------------------------------------- */

/* A key file is no password: sent as one it would count as a failure. */
static bool
is_typed(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (iscntrl(p[i]))
			return false;
	}
	return n > 0 && n <= PASSWORD_BYTES_MAX;
}

static enum err
ask_password(struct buf *out, const struct cli *cli, struct fail *f)
{
	struct buf secret = { 0 };
	bool from_file = false;
	size_t n;
	enum err e = secret_get(&secret, &from_file, cli, env_posix(), f);

	if (e != OK) {
		buf_release(&secret);
		return e;
	}
	n = secret_line(secret.p, secret.n);
	if (is_typed(secret.p, n))
		buf_put(out, secret.p, n);
	else
		e = fail_set(f, ERR_AUTH,
		    "nothing was done: this wants the password of whoever "
		    "started the daemon, not a key file");
	buf_release(&secret);
	return e;
}

/* The first line of a file, or of standard input. */
static enum err
read_code(struct buf *out, const char *file, struct fail *f)
{
	const struct env *env = env_posix();
	const char *name = strcmp(file, "-") == 0 ? "/dev/stdin" : file;
	enum err e = env->file_read(env->self, out, name, CODE_FILE_BYTES, f);

	if (e != OK)
		return fail_in(f, e, "--code-file");
	out->n = secret_line(out->p, out->n);
	return OK;
}

static enum err
ask_code(struct buf *out, const struct cli *cli, struct fail *f)
{
	struct fail why = { 0 };
	enum err e;

	if (cli->code_file != NULL)
		return read_code(out, cli->code_file, f);
	e = secret_ask(out,
	    "Code of your second factor (or a recovery code): ", &why);
	/* what the command itself said is plainer */
	if (e != OK && why.code != ERR_AUTH)
		*f = why;
	return e;
}

enum err
prove_ask(struct prove_said *out, unsigned wants, const struct cli *cli,
    struct fail *f)
{
	enum err e = OK;

	if ((wants & RUN_WANTS_PASSWORD) != 0)
		e = ask_password(&out->password, cli, f);
	if (e == OK && (wants & RUN_WANTS_CODE) != 0)
		e = ask_code(&out->code, cli, f);
	return e;
}

void
prove_forget(struct prove_said *said)
{
	buf_release(&said->password);
	buf_release(&said->code);
}
