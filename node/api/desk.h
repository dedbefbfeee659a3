/*
 * Reading several tables for one answer, as whoever is signed in may: the engine
 * is locked from desk_open to desk_close, and rows that are not to be shown to this
 * account (view.h) do not come.
 */
#ifndef FOOTBRIDGE_NODE_API_DESK_H
#define FOOTBRIDGE_NODE_API_DESK_H

#include "node/api/turn.h"
#include "node/view.h"

struct desk {
	struct api_turn *t;
	struct cli cli;
	struct run run;
	struct view shows;
	bool is_open;
	/* the people asked about are within reach of the account; else only what
	 * an emergency opens is read */
	bool within;
	enum err err; /* the first failure; nothing is read after it */
	/* of the place where the node stands */
	char today[12]; /* "2026-03-31" */
	char now[20];   /* "2026-03-31T14:05" */
	int64_t day;    /* today, in days from 1970 */
};

enum err desk_open(struct desk *d, struct api_turn *t);
void desk_close(struct desk *d);

/* Each row of a table that may be shown, of one person or (NULL) of all, with this
 * value of this field or (NULL) any. each: as in read.h. */
struct desk_query {
	const char *table;
	const struct row_id *person;
	const char *field;
	struct value value;
};
void desk_each(struct desk *d, const struct desk_query *q, read_row_fn each,
    void *context);

/* A field's value by its name; VALUE_NULL where there is none. */
const struct value *desk_value(const struct read_row *row, const char *name);
/* As text, cut to the room; "" for nothing. */
void desk_text(char *out, size_t room, const struct read_row *row,
    const char *name);
/* Is it this word? */
bool desk_is(const struct read_row *row, const char *name, const char *word);
/* Put these fields (a list that ends in NULL) into an object under their names. */
void desk_fields(json_t *to, const struct read_row *row,
    const char *const *names);
/* "person": id, "name": the name. */
void desk_person(struct desk *d, json_t *to, const struct row_id *person);
/* Days from 1970 of a date or time; false where it is none. */
bool desk_day(int64_t *day, const struct value *v);
/* "2026-03-31" of days from 1970. */
void desk_date(char out[static 12], int64_t day);

#endif
