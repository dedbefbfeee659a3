/*
 * A byte at a time through a small state machine:
 *
 *   START --"--> QUOTED --"--> CLOSED --delimiter--> START
 *     |            |  ^          |  \--"--> QUOTED (a doubled quote)
 *     +--other--> PLAIN          +--other--> the row is bad, PLAIN
 *
 * A row ends at a newline outside of QUOTED, or at the end of the file.
 */
#include "node/csv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/value.h"

#define CHUNK_BYTES 65536

struct csv {
	csv_read_fn read;
	void *context;
	uint8_t chunk[CHUNK_BYTES];
	size_t at, n;
	bool ended, failed;
	char delimiter;
	size_t line;     /* physical line of the next byte */
	struct buf text; /* cells of this row, each with a NUL */
	struct buf utf8; /* the same, converted */
	size_t start[CSV_COLUMNS_MAX + 1];
	const char *cells[CSV_COLUMNS_MAX];
	char **columns;
	size_t column_count;
	size_t converted, empty;
};

enum state { START, PLAIN, QUOTED, CLOSED };

/* One row while it is read. */
struct reading {
	struct csv *csv;
	struct csv_row *row;
	enum state state;
	bool cut; /* a cell was too long: it and those after it are dropped,
	           * so that a mended file cannot bring half a text in */
};

static void bad(struct csv_row *row, const char *format, ...) PRINTF(2, 3);

/* The first reason stands. */
static void
bad(struct csv_row *row, const char *format, ...)
{
	va_list ap;

	if (row->bad)
		return;
	row->bad = true;
	va_start(ap, format);
	(void)vsnprintf(row->reason, sizeof(row->reason), format, ap);
	va_end(ap);
}

static bool
fill(struct csv *c)
{
	long n;

	if (c->ended)
		return false;
	n = c->read(c->context, c->chunk, sizeof(c->chunk));
	c->at = 0;
	c->n = n > 0 ? (size_t)n : 0;
	c->failed = n < 0;
	c->ended = n <= 0;
	return n > 0;
}

/* The next byte, or -1; CR LF and a lone CR count as one newline. */
static int
next_byte(struct csv *c)
{
	int b;

	if (c->at == c->n && !fill(c))
		return -1;
	b = c->chunk[c->at++];
	if (b == '\r') {
		if ((c->at < c->n || fill(c)) && c->chunk[c->at] == '\n')
			c->at++;
		b = '\n';
	}
	if (b == '\n')
		c->line++;
	return b;
}

static void
put_byte(struct reading *r, int b)
{
	struct csv *c = r->csv;
	size_t have = c->text.n - c->start[r->row->count];

	if (b == 0)
		bad(r->row, "a zero byte: this is not text");
	if (have >= CSV_CELL_BYTES || c->text.n >= CSV_ROW_BYTES) {
		bad(r->row,
		    have >= CSV_CELL_BYTES
			? "cell %zu is longer than %zu bytes"
			: "the row is too long; in cell %zu of at most %zu "
			  "bytes",
		    r->row->count + 1, (size_t)CSV_CELL_BYTES);
		r->cut = true;
		return;
	}
	if (b != 0)
		buf_u8(&c->text, (uint8_t)b);
}

static void
end_cell(struct reading *r)
{
	struct csv *c = r->csv;

	r->state = START;
	if (r->cut) {
		c->text.n = c->start[r->row->count];
		return;
	}
	buf_u8(&c->text, 0);
	if (r->row->count == CSV_COLUMNS_MAX - 1) {
		bad(r->row, "more than %d columns", CSV_COLUMNS_MAX - 1);
		c->text.n = c->start[r->row->count];
		return;
	}
	r->row->count++;
	c->start[r->row->count] = c->text.n;
}

/* One byte; true when the row ends with it. */
static bool
step(struct reading *r, int b)
{
	char delimiter = r->csv->delimiter;

	if (r->state == QUOTED) {
		if (b == '"')
			r->state = CLOSED;
		else
			put_byte(r, b);
		return false;
	}
	if (b == '\n')
		return true;
	if (b == delimiter) {
		end_cell(r);
		return false;
	}
	if (b == '"' && (r->state == START || r->state == CLOSED)) {
		if (r->state == CLOSED)
			put_byte(r, b);
		r->state = QUOTED;
		return false;
	}
	if (r->state == CLOSED) {
		if (b == ' ')
			return false;
		bad(r->row, "text after a closing quote in cell %zu",
		    r->row->count + 1);
	}
	r->state = PLAIN;
	put_byte(r, b);
	return false;
}

/* Reads one row as bytes; false when there is none any more. */
static bool
read_row(struct csv *c, struct csv_row *row)
{
	struct reading r = { .csv = c, .row = row };
	bool any = false;
	int b;

	*row = (struct csv_row){ .line = c->line };
	buf_reset(&c->text);
	c->start[0] = 0;
	while ((b = next_byte(c)) >= 0) {
		any = true;
		if (step(&r, b))
			break;
	}
	if (!any)
		return false;
	if (r.state == QUOTED)
		bad(row,
		    "a quote is opened and never closed: lines %zu to %zu were "
		    "not read",
		    row->line, c->line);
	end_cell(&r);
	return true;
}

/* ---- encoding ---- */

static bool
looks_latin1(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] >= 0x80 && p[i] <= 0x9f)
			return false;
	}
	return true;
}

static void
from_latin1(struct buf *out, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] >= 0x80) {
			buf_u8(out, (uint8_t)(0xc0 | p[i] >> 6));
			buf_u8(out, (uint8_t)(0x80 | (p[i] & 0x3f)));
		} else {
			buf_u8(out, p[i]);
		}
	}
}

static bool
row_is_utf8(const struct csv *c, const struct csv_row *row)
{
	for (size_t i = 0; i < row->count; i++) {
		size_t n = c->start[i + 1] - c->start[i] - 1;

		if (!value_utf8(c->text.p + c->start[i], n))
			return false;
	}
	return true;
}

/* Cells as UTF-8 texts. */
static void
finish_cells(struct csv *c, struct csv_row *row)
{
	bool utf8 = row->bad || row_is_utf8(c, row);

	if (!utf8 && !looks_latin1(c->text.p, c->text.n)) {
		bad(row, "the text is neither UTF-8 nor Latin-1");
	} else if (!utf8) {
		buf_reset(&c->utf8);
		from_latin1(&c->utf8, c->text.p, c->text.n);
		c->converted++;
	}
	row->cells = c->cells;
	if (!utf8 && !row->bad) {
		const char *p = (const char *)c->utf8.p;

		for (size_t i = 0; i < row->count; i++) {
			c->cells[i] = p;
			p += strlen(p) + 1;
		}
		return;
	}
	for (size_t i = 0; i < row->count; i++)
		c->cells[i] = (const char *)c->text.p + c->start[i];
}

static bool
is_empty(const struct csv_row *row)
{
	if (row->bad)
		return false;
	for (size_t i = 0; i < row->count; i++) {
		const char *cell = row->cells[i];

		if (cell[strspn(cell, " \t")] != '\0')
			return false;
	}
	return true;
}

enum err
csv_next(struct csv *c, struct csv_row *row, bool *end, struct fail *f)
{
	*end = false;
	for (;;) {
		bool have = read_row(c, row);

		if (c->failed)
			return fail_set(f, ERR_IO,
			    "the file cannot be read any further (line %zu)",
			    c->line);
		if (!have) {
			*end = true;
			return OK;
		}
		if (c->text.err == OK)
			finish_cells(c, row);
		if (c->text.err != OK || c->utf8.err != OK)
			return fail_set(f, ERR_NOMEM, "a row of the file");
		if (!is_empty(row))
			break;
		c->empty++;
	}
	if (row->count != c->column_count)
		bad(row, "want %zu columns as in the header, have %zu",
		    c->column_count, row->count);
	return OK;
}

/* ---- header ---- */

static enum err
sniff(struct csv *c, struct fail *f)
{
	static const char choices[] = { ',', ';', '\t' };
	size_t best = 0;

	(void)fill(c);
	if (c->failed)
		return fail_set(f, ERR_IO, "the file cannot be read");
	if (c->n >= 2 &&
	    ((c->chunk[0] == 0xff && c->chunk[1] == 0xfe) ||
		(c->chunk[0] == 0xfe && c->chunk[1] == 0xff)))
		return fail_set(f, ERR_INPUT,
		    "the file is UTF-16; save it as CSV in UTF-8");
	if (c->n >= 3 && memcmp(c->chunk, "\xef\xbb\xbf", 3) == 0)
		c->at = 3;
	c->delimiter = ',';
	for (size_t k = 0; k < sizeof(choices); k++) {
		size_t count = 0;

		for (size_t i = c->at; i < c->n && c->chunk[i] != '\n'; i++)
			count += c->chunk[i] == (uint8_t)choices[k];
		if (count > best) {
			best = count;
			c->delimiter = choices[k];
		}
	}
	return OK;
}

static void
trim(char *text)
{
	size_t lead = strspn(text, " \t");
	size_t n = strlen(text + lead);

	memmove(text, text + lead, n + 1);
	while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
		text[--n] = '\0';
}

static enum err
keep_header(struct csv *c, const struct csv_row *row, struct fail *f)
{
	c->columns = calloc(row->count, sizeof(*c->columns));
	if (c->columns == NULL)
		return fail_set(f, ERR_NOMEM, "the header");
	for (size_t i = 0; i < row->count; i++) {
		c->columns[i] = strdup(row->cells[i]);
		if (c->columns[i] == NULL)
			return fail_set(f, ERR_NOMEM, "the header");
		trim(c->columns[i]);
		c->column_count++;
		if (c->columns[i][0] != '\0' && csv_find(c, c->columns[i]) != i)
			return fail_set(f, ERR_INPUT,
			    "line %zu: two columns are called %.60s", row->line,
			    c->columns[i]);
	}
	return OK;
}

static enum err
read_header(struct csv *c, struct fail *f)
{
	struct csv_row row;

	do {
		if (!read_row(c, &row))
			return fail_set(f, c->failed ? ERR_IO : ERR_INPUT,
			    "the file is empty: want a first line with the "
			    "names of the columns");
		finish_cells(c, &row);
		if (c->text.err != OK || c->utf8.err != OK)
			return fail_set(f, ERR_NOMEM, "the header");
		if (row.bad)
			return fail_set(f, ERR_INPUT, "line %zu: %s", row.line,
			    row.reason);
	} while (is_empty(&row));
	return keep_header(c, &row, f);
}

enum err
csv_open(struct csv **out, csv_read_fn read, void *context, struct fail *f)
{
	struct csv *c = calloc(1, sizeof(*c));
	enum err e;

	if (c == NULL)
		return fail_set(f, ERR_NOMEM, "reading a file");
	c->read = read;
	c->context = context;
	c->line = 1;
	buf_init(&c->text, 2 * CSV_ROW_BYTES);
	buf_init(&c->utf8, 4 * CSV_ROW_BYTES);
	e = sniff(c, f);
	if (e == OK)
		e = read_header(c, f);
	if (e != OK) {
		csv_close(c);
		return e;
	}
	*out = c;
	return OK;
}

void
csv_close(struct csv *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->column_count; i++)
		free(c->columns[i]);
	free(c->columns);
	buf_release(&c->text);
	buf_release(&c->utf8);
	free(c);
}

size_t
csv_column_count(const struct csv *c)
{
	return c->column_count;
}

const char *
csv_column(const struct csv *c, size_t i)
{
	return c->columns[i];
}

size_t
csv_find(const struct csv *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->column_count; i++) {
		if (strcmp(c->columns[i], name) == 0)
			break;
	}
	return i;
}

size_t
csv_converted(const struct csv *c)
{
	return c->converted;
}

size_t
csv_empty(const struct csv *c)
{
	return c->empty;
}

void
csv_cell(struct buf *out, const char *text)
{
	if (strpbrk(text, ",;\t\"\r\n") == NULL && text[0] != ' ') {
		buf_put(out, text, strlen(text));
		return;
	}
	buf_put(out, "\"", 1);
	for (; *text != '\0'; text++) {
		if (*text == '"')
			buf_put(out, "\"", 1);
		buf_put(out, text, 1);
	}
	buf_put(out, "\"", 1);
}
