/* Private to write*.c and read*.c: one write on its way, and seen tokens. */
#ifndef FOOTBRIDGE_SYNC_WRITE_I_H
#define FOOTBRIDGE_SYNC_WRITE_I_H

#include "sync/judge.h"
#include "sync/replica_i.h"
#include "sync/write.h"

struct writing {
	struct replica *r;
	const struct write_request *q;
	const struct table *t;
	struct row_id row;
	int64_t cpt;
	struct compartment *c; /* NULL: to be made, write_make_place */
	struct row_id subject; /* of a new row */
	bool exists;
	bool answers; /* turns down a row that is only proposed */
	bool wrote;   /* there was something to write */
	/* the row as it stands; bytes are kept in keep */
	struct value now[REGISTRY_FIELD_MAX + 1];
	struct buf clock, keep;
	/* what will be written, by field number */
	struct value next[REGISTRY_FIELD_MAX + 1];
	uint64_t set;
	uint64_t proposed; /* of set: the owner's, and we are not */
	struct judge_author author;
	/* the row as it will be, for the rules */
	struct value will[REGISTRY_FIELD_MAX + 1];
	struct write_question question;
};

/* Which row, in which compartment; loads what stands. */
enum err write_locate(struct writing *w, struct fail *f);
/* A compartment for the first row of its kind: only when all is checked, so that
 * what is refused leaves nothing, in a caller's transaction either. */
enum err write_make_place(struct writing *w, struct fail *f);
/* Every rule that is checked at the write; fills next and set. */
enum err write_check(struct writing *w, struct fail *f);

/* The row that a token speaks of. */
struct seen_row {
	const struct table *table;
	const struct row_id *row;
	int64_t cpt;
	const uint8_t *clock;
	size_t clock_n;
};
/* A token of what stands and what is proposed in every field: the same at nodes
 * that hold the same, and good for a write after the row's own work was
 * sealed. */
enum err seen_make(char *text, struct replica *r, const struct seen_row *row,
    const struct value *values, struct fail *f);
/* Did this field change since the token was made? ERR_INPUT: not a token. */
enum err seen_changed(bool *changed, struct replica *r, const char *text,
    const struct seen_row *row, unsigned number, const struct value *value,
    struct fail *f);

#endif
