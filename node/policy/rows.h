/* Reading the rows of one table for a decision: by the names of its columns. */
#ifndef FOOTBRIDGE_NODE_POLICY_ROWS_H
#define FOOTBRIDGE_NODE_POLICY_ROWS_H

#include "node/policy/arena.h"
#include "node/policy/policy.h"
#include "sync/read.h"

/* What a callback gets: the row, and where to put things. It returns ERR_NOMEM
 * when that is what happened. */
struct rows {
	struct replica *r;
	struct arena *arena;
	void *context;
	enum err (*each)(struct rows *rows, const struct read_row *row);
	enum err e;
};

/* subject NULL: all that can be read. */
enum err rows_read(struct rows *rows, const char *table,
    const struct row_id *subject, struct fail *f);

/* VALUE_NULL where the column is empty, or unknown to this schema. */
const struct value *row_value(const struct read_row *row, const char *column);
bool row_is(const struct read_row *row, const char *column, const char *word);
bool row_yes(const struct read_row *row, const char *column);
bool row_said(const struct read_row *row, const char *column);
/* POLICY_NO_DAY when empty; of a time its day. */
policy_day row_day(const struct read_row *row, const char *column);
/* The days that a record is about, by which a window of a consent counts: when it
 * happened, began or was written down; last is another one where it is about more
 * than a day. false: it names none. */
bool row_own_days(const struct read_row *row, policy_day *first,
    policy_day *last);
/* false: empty */
bool row_id_of(const struct read_row *row, const char *column,
    uint8_t out[static ID_BYTES]);
/* -1: empty, or a word that is not in the list */
int row_number(const struct read_row *row, const char *column,
    enum policy_list list);
/* Words with commas; 0: none, or one that is not in the list */
uint32_t row_bits(const struct read_row *row, const char *column,
    enum policy_list list);

#endif
