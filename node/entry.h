/*
 * A record that the program writes by itself: its fields by their names.
 *
 * Values are borrowed until entry_write. A name that the schema has not got is
 * an error of this program's, told by entry_write.
 */
#ifndef FOOTBRIDGE_NODE_ENTRY_H
#define FOOTBRIDGE_NODE_ENTRY_H

#include "sync/write.h"

struct entry {
	struct replica *r;
	const struct table *table;
	struct write_field fields[LIMIT_FIELDS];
	size_t count;
	const char *missing; /* a table or column that is not there */
};

void entry_begin(struct entry *e, struct replica *r, const char *table);
/* NULL and "" are left out. */
void entry_text(struct entry *e, const char *column, const char *text);
/* NULL is left out. */
void entry_id(struct entry *e, const char *column, const uint8_t *id);
void entry_bytes(struct entry *e, const char *column, const uint8_t *p,
    size_t n);
void entry_int(struct entry *e, const char *column, int64_t i);
/* Days from 1970. */
void entry_day(struct entry *e, const char *column, int32_t day);
/* The civil time of this office at a time in UTC. */
void entry_time(struct entry *e, const char *column, int64_t at_ms);

/*
 * Write it. insert: with this id, ERR_EXISTS if there is one. subject, staff may
 * be NULL. fails: what write_row fails with; ERR_VERSION for a name
 */
enum err entry_insert(struct entry *e, struct row_id *row,
    const struct row_id *subject, const struct row_id *staff, struct fail *f);
enum err entry_new(struct entry *e, struct row_id *made,
    const struct row_id *subject, const struct row_id *staff, struct fail *f);
/* Set these fields of a row that is there. */
enum err entry_set(struct entry *e, const struct row_id *row,
    const struct row_id *staff, struct fail *f);

#endif
