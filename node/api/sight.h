/*
 * Whose records the account behind a request may see and write: its scope, its
 * case load, the restrictions on a case (account.h decides); while an emergency
 * runs that it opened, what that names, to look at. What it may not
 * see is answered like what is not there.
 */
#ifndef FOOTBRIDGE_NODE_API_SIGHT_H
#define FOOTBRIDGE_NODE_API_SIGHT_H

#include "node/api/turn.h"

struct closed;

/* Before a route's function: the person or row that its path names. */
enum api_error sight_before(struct api_turn *t);
/* After it: rows about others go out of data, where the route says so. */
enum api_error sight_after(struct api_turn *t, json_t *data);
/* What a command showed goes into the journal: or it was not shown. */
enum api_error sight_journal(struct api_turn *t, const json_t *data);
/* What stands of the path's row now, into t->stands. */
void sight_stands(struct api_turn *t);

/* One person by what the path or body has: *id, if the account may see them;
 * else API_NOTFOUND. */
enum api_error sight_person(struct row_id *id, struct api_turn *t,
    const char *text);
/* One row: its person's id, zeros where it is about nobody. */
enum api_error sight_row(struct row_id *subject, struct row_id *row,
    struct api_turn *t, const char *table, const char *text);

/* What was looked at goes into the journal, engine's lock held: a word for
 * what, the one person or NULL, how many rows. An error: it was not looked
 * at. */
enum err sight_log(struct api_turn *t, const char *act,
    const struct row_id *subject, size_t count);

/* Engine's lock held, for rows on the way (account_view of account.h). */
bool sight_has(struct api_turn *t, const struct account_view *view,
    const struct closed *closed, const json_t *row);

#endif
