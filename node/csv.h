/*
 * Read CSV as offices really have it, one row at a time.
 *
 * RFC 4180 with quoted newlines, plus: a byte order mark, CR LF or LF, empty
 * lines, comma, semicolon or tab (whichever the header uses most), Latin-1.
 * What cannot be read is a bad row with its line and a reason; the rows after
 * it are still read. Memory is bounded by CSV_ROW_BYTES whatever the file says.
 *
 * Text comes out as UTF-8. A row that is not UTF-8 is taken as Latin-1 when
 * nothing speaks against it (no bytes 0x80-0x9f, which broken UTF-8 has and
 * Latin-1 text has not); else it is bad.
 */
#ifndef FOOTBRIDGE_NODE_CSV_H
#define FOOTBRIDGE_NODE_CSV_H

#include "sync/buf.h"

#define CSV_COLUMNS_MAX 512
#define CSV_CELL_BYTES ((size_t)256 * 1024) /* LIMIT_VALUE_BYTES */
#define CSV_ROW_BYTES ((size_t)2 * 1024 * 1024)
#define CSV_REASON_BYTES 160

/* Up to n bytes into p; 0 at the end, -1 when reading failed. */
typedef long (*csv_read_fn)(void *context, void *p, size_t n);

struct csv;

struct csv_row {
	size_t line;        /* where it starts, from 1 */
	size_t count;       /* cells */
	const char **cells; /* borrowed until the next csv_next */
	bool bad; /* reason says why; cells as far as they were good */
	char reason[CSV_REASON_BYTES];
};

/*
 * Begin and read the header.
 * fails: ERR_INPUT  no header, a column named twice, UTF-16, a binary file;
 *        ERR_IO, ERR_NOMEM
 */
enum err csv_open(struct csv **out, csv_read_fn read, void *context,
    struct fail *f);
void csv_close(struct csv *c);

/* Columns of the header, trimmed; borrowed until csv_close. */
size_t csv_column_count(const struct csv *c);
const char *csv_column(const struct csv *c, size_t i);
/* Number of a column; csv_column_count when there is none of that name. */
size_t csv_find(const struct csv *c, const char *name);

/* The next row that is not empty; *end at the end of the file. A good row has
 * exactly as many cells as the header. ERR_IO, ERR_NOMEM. */
enum err csv_next(struct csv *c, struct csv_row *row, bool *end,
    struct fail *f);

/* Rows that were taken as Latin-1, and empty lines skipped, so far. */
size_t csv_converted(const struct csv *c);
size_t csv_empty(const struct csv *c);

/* Append one cell, quoted where it must be. */
void csv_cell(struct buf *out, const char *text);

#endif
