/*
 * The command line: one table of commands, and what was typed.
 *
 * The table (table.c) is the only list there is: parsing, `help`, `--help`,
 * the manual page and the dispatch all read it. A command is one or two words
 * ("put", "root export"); the longest name that fits wins.
 *
 * Parsing allocates one array and borrows every text from argv. It opens
 * nothing, prints nothing and does not exit.
 */
#ifndef FOOTBRIDGE_NODE_CLI_H
#define FOOTBRIDGE_NODE_CLI_H

#include "sync/err.h"

struct run; /* run.h: one run of a command */

/* What must be there before the command's function is called. */
enum cli_need {
	CLI_NOTHING, /* not even a directory */
	CLI_DIR,     /* the directory's name; the command opens it itself */
	CLI_REPLICA, /* an open replica */
	CLI_MEMBER,  /* an open replica that belongs to a network */
};

/* takes the engine's lock itself, because it waits for the network */
#define CLI_UNLOCKED 1u
/* always in this process, never handed to a running daemon */
#define CLI_HERE 2u
/* works, but help and the manual do not list it */
#define CLI_HIDDEN 4u
/* a first word "-" stands for a list on standard input */
#define CLI_DASH 8u
/* its question is asked after what the same with --dry-run shows, and not for
 * --dry-run itself */
#define CLI_PREVIEW 32u
/* also on a node that was taken out of the network */
#define CLI_OUT 16u

/* shows records: what it shows is written down first (journal.h) */
#define CLI_READS 64u
/* changes records: not for who may only read */
#define CLI_WRITES 128u
/* acts beyond records: keys, shares, peers, accounts; written down first */
#define CLI_ACTS 256u
/* a new password is asked for and is its standard input */
#define CLI_SECRET 512u
/* who gives keys or rights away, opens what is closed or destroys says again who
 * they are (prove.h) */
#define CLI_PROVES 1024u
/* keys of the replica, its computers and peers: where people have accounts, for
 * administrators */
#define CLI_ADMINISTERS 2048u

struct cli;

struct cli_option {
	const char *name;  /* without the dashes; NULL ends the array */
	const char *value; /* word for help ("FILE"), NULL for a flag */
	const char *help;
	bool many;  /* may be given more than once */
	bool input; /* standard input belongs to it */
	bool must;  /* without it the command is not asked about */
	const char
	    *among; /* "lost|left": one of these, as help says; or NULL */
	const char *later; /* sentence: not available yet; else NULL */
};

typedef enum err (*cli_fn)(struct run *run, struct fail *f);

struct cli_command {
	const char *name;
	const char *synopsis;             /* after the name */
	const char *help;                 /* sentences, one paragraph */
	const struct cli_option *options; /* NULL: none */
	cli_fn run; /* NULL: not available yet, later says more */
	enum cli_need need;
	unsigned min_words, max_words; /* after the name, options apart */
	unsigned flags;
	/* as CLI_PROVES, where it depends on the words; NULL: it does not */
	bool (*proves)(struct run *run);
	const char *later;    /* sentence */
	const char *question; /* asked unless --yes */
};

extern const struct cli_command cli_table[];
extern const size_t cli_table_count;
extern const struct cli_option cli_globals[];

#define CLI_SET_MAX 80

/* What was typed. Texts are borrowed from argv. */
struct cli {
	const struct cli_command *command; /* NULL: only global options */
	const char *dir, *as, *passphrase_file, *code_file;
	const char *code; /* from another process by the socket, never typed */
	bool json, quiet, yes, version, help;
	struct {
		const struct cli_option *option;
		const char *value; /* "" for a flag */
	} set[CLI_SET_MAX];
	size_t set_count;
	const char **words; /* owned: cli_release() */
	size_t word_count;
};

/*
 * Read argv[1..argc-1] against a table.
 *
 * out:    *out, released with cli_release(); untouched on failure
 * fails:  ERR_USAGE names the word, what was wanted and where help is;
 *         ERR_NOMEM
 */
enum err cli_parse(struct cli *out, int argc, char *const *argv,
    const struct cli_command *table, size_t count, struct fail *f);
void cli_release(struct cli *c);

/* What somebody may mean who types a word that no command has, such as "delete";
 * NULL: nothing is known. */
const char *cli_meant(const char *word);

/* The value of an option, "" for a flag that was given, NULL if it was not. */
const char *cli_get(const struct cli *c, const char *option);
/* The k-th value of an option that may be given more than once, or NULL. */
const char *cli_get_at(const struct cli *c, const char *option, size_t k);
/* Does an option that was given, or a first word "-", read standard input? */
bool cli_wants_input(const struct cli *c);

/* A whole number from min to max; ERR_USAGE names what it is for. */
enum err cli_number(int64_t *out, const char *text, int64_t min, int64_t max,
    const char *what, struct fail *f);
/* "90", "15m", "2h", "1d": seconds. */
enum err cli_seconds(int64_t *out, const char *text, struct fail *f);
/* "700", "4KB", "5MB", "2GB": bytes (powers of 1000), "/day" allowed. */
enum err cli_bytes(int64_t *out, const char *text, struct fail *f);

#endif
