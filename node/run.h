/*
 * One run of one command: what it was given and what it says.
 *
 * A command's function behaves the same in the person's own process and in
 * the daemon: it reads its input and writes its output through this struct
 * alone, and names files through run_path(). It returns OK or fills f; where
 * a person must decide something it sets decide (exit 3).
 */
#ifndef FOOTBRIDGE_NODE_RUN_H
#define FOOTBRIDGE_NODE_RUN_H

#include <jansson.h>

#include "node/cli.h"
#include "node/engine.h"
#include "sync/buf.h"

/* what is kept of a command's output when the daemon runs it */
#define RUN_OUTPUT_BYTES ((size_t)1 << 30)
/* standard input of a command: one JSON object */
#define RUN_INPUT_BYTES ((size_t)4 << 20)

struct open_with;
struct account_who;
struct actor; /* actor.h: who opened the replica */
struct view;  /* view.h: what is shown to whoever acts */

/* What of the records was shown, until it is written down (journal.h). */
struct run_journal {
	bool wanted, told;
	uint64_t count;
	const struct table *table; /* NULL: several */
	struct row_id row, subject;
	bool one_row, one_subject;
	enum err err; /* it could not be found out who may see what */
	struct fail fail;
};

/* password and code again, before the command is run at all */
#define RUN_WANTS_PASSWORD 1u
#define RUN_WANTS_CODE 2u

struct run {
	const struct cli *cli;
	const char *dir; /* the replica's directory */
	struct open_with
	    *with;             /* what it was opened with; NULL in the daemon */
	struct engine *engine; /* NULL unless the command needs a replica */
	struct replica *replica; /* = engine->replica; lock held, see cli.h */
	/* signed in on the page; NULL: the command line */
	const struct account_who *session;
	const char *origin;  /* "page 127.0.0.1"; NULL: "command" */
	struct actor *actor; /* who opened it, or is signed in; NULL: nobody
				by name */
	struct view *view;   /* the one that is open (view_begin); NULL: none */
	struct run_journal journal;
	/* what was said again by who acts (prove.h); NULL: nothing yet */
	const uint8_t *password;
	size_t password_n;
	const char *code;
	unsigned wants;       /* RUN_WANTS_: the command waits for it */
	const char *cwd;      /* of the person's shell; NULL: our own */
	const uint8_t *input; /* standard input, when wanted */
	size_t input_n;
	struct buf out; /* standard output still to be written */
	int out_fd;     /* written as it grows; -1: kept */
	bool out_tty;   /* a person reads it on a terminal */
	bool progress;  /* standard error is a terminal of ours */
	bool decide;    /* exit 3 */
	bool wrote;     /* the replica was changed: wake waiters */
	bool whole;     /* the output is complete though the command failed */
	bool printed;   /* something of it was written */
	struct buf scratch;
};

void run_init(struct run *run, const struct cli *cli);
void run_release(struct run *run);

/* Text to standard output. */
void run_say(struct run *run, const char *format, ...) PRINTF(2, 3);
/* One JSON value and a newline; takes the reference. ERR_NOMEM when NULL. */
enum err run_json(struct run *run, json_t *value, struct fail *f);
/* Write what there is when it is much; call it between rows. */
void run_flush(struct run *run);
/* Write all there is now. */
void run_drain(struct run *run);
/* A line that replaces itself on the terminal; nothing elsewhere. */
void run_progress(struct run *run, const char *format, ...) PRINTF(2, 3);

/* A line of our own words to standard error, for whoever reads what a daemon
 * says; nothing that anybody typed. */
void run_warn(const char *text);

/* Let others have the engine between two transactions: run_breathe after a
 * write, which is news for them, run_yield between two readings. */
void run_breathe(struct run *run);
void run_yield(struct run *run);
/* Give the engine up while a file that is not ours is read or written, and
 * take it back. Between two transactions only. */
unsigned run_let_go(struct run *run);
void run_take_back(struct run *run, unsigned turn);

/* The k-th word after the command, or NULL. */
const char *run_word(const struct run *run, size_t k);
/* A file's name as seen from the person's shell: appended to out, borrowed
 * until out changes. */
const char *run_path(const struct run *run, struct buf *out, const char *name);

/* "s" unless n is one: "1 row", "2 rows". */
const char *run_s(int64_t n);

/* Exit status for a result (DESIGN 10). */
int run_exit(const struct run *run, enum err e);

#endif
