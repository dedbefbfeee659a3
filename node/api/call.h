/*
 * Run a command of the command line for a request: the same function, the same
 * answer as JSON, acting as who is signed in. Words go straight into struct
 * cli, so nothing that was sent is ever taken for an option.
 */
#ifndef FOOTBRIDGE_NODE_API_CALL_H
#define FOOTBRIDGE_NODE_API_CALL_H

#include "node/api/turn.h"
#include "node/cli.h"

#define CALL_WORDS (API_ROWS + 8)

struct call {
	struct cli cli;
	const char *words[CALL_WORDS];
	json_t *kept; /* texts that were put together for it */
	bool failed;
	struct buf input; /* standard input */
	bool has_input;
};

/* name is a command's of cli_table. */
void call_init(struct call *c, const struct api_turn *t, const char *name);
void call_release(struct call *c);
/* Borrowed until call_release. */
void call_word(struct call *c, const char *word);
void call_option(struct call *c, const char *option, const char *value);
void call_input(struct call *c, const json_t *value);

/*
 * Run it, engine's lock not held.
 * out:   *out  its JSON, a reference
 * fails: t->fail has the line
 */
enum err call_run(struct call *c, struct api_turn *t, json_t **out);
/* The same with the engine's lock held already: several in one transaction. */
enum err call_run_held(struct call *c, struct api_turn *t, json_t **out);

/* What a route with a command does: words of the path, then what its fields
 * say. */
enum api_error call_route(struct api_turn *t, json_t **data);

#endif
