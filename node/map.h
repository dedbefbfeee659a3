/*
 * Import maps: which column of a CSV file goes to which field of a table.
 *
 *	field = column       the field takes that column's text
 *	field = "text"       the field takes this text in every row
 *	id = column          the source id of the row
 *	person = column      the source id of the person the row is about
 *
 * Empty lines and lines that begin with # are skipped; see
 * schema/sample/README.md for examples.
 */
#ifndef FOOTBRIDGE_NODE_MAP_H
#define FOOTBRIDGE_NODE_MAP_H

#include "node/csv.h"
#include "sync/registry.h"

#define MAP_FILE_BYTES ((size_t)64 * 1024)
#define MAP_NONE SIZE_MAX

struct map_entry {
	const struct field *field;
	size_t column;        /* of the CSV, or MAP_NONE */
	const char *constant; /* when there is no column; borrowed from map */
};

struct map {
	struct map_entry entries[LIMIT_FIELDS];
	size_t count;
	size_t id;     /* column, or MAP_NONE */
	size_t person; /* column, or MAP_NONE */
	char *text;    /* owned */
};

/*
 * Read text[n] for a table and the columns of an opened CSV.
 * out:   released with map_release(); untouched on failure
 * fails: ERR_INPUT "NAME:3: the file has no column born" and the like
 */
enum err map_parse(struct map *out, const char *name, const char *text,
    size_t n, const struct table *table, const struct csv *csv, struct fail *f);
void map_release(struct map *m);

/* A starting map for a CSV: fields and columns of one name, the rest as
 * comments. Appended. */
void map_suggest(struct buf *out, const struct table *table,
    const struct csv *csv);

#endif
