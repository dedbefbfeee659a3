/* A CSV file as some other program wrote it, and the map beside it. */
#include <string.h>

#include "node/csv.h"
#include "node/date.h"
#include "node/map.h"
#include "schema/assets.h"
#include "tests/fuzz/fuzz.h"

const size_t fuzz_bytes_max = (size_t)64 << 20;

enum mode { FILE_OF, IN_STEPS, MAP, DATE, MODES };

struct source {
	struct fuzz_in in;
	size_t step;
};

static long
read_some(void *context, void *p, size_t n)
{
	struct source *s = context;
	struct fuzz_in got = fuzz_take(&s->in, n < s->step ? n : s->step);

	if (got.n > 0)
		memcpy(p, got.p, got.n);
	return (long)got.n;
}

/* A good row, written as we write it, is read as the same cells. */
static void
again(const struct csv_row *row)
{
	struct buf b = { 0 };
	struct csv *c = NULL;
	struct csv_row same;
	struct source s = { .step = SIZE_MAX };
	bool end = false;

	for (size_t k = 0; k < row->count; k++)
		buf_printf(&b, "%sc%zu", k > 0 ? "," : "", k);
	buf_u8(&b, '\n');
	for (size_t k = 0; k < row->count; k++) {
		if (k > 0)
			buf_u8(&b, ',');
		csv_cell(&b, row->cells[k]);
	}
	buf_u8(&b, '\n');
	s.in = (struct fuzz_in){ .p = b.p, .n = b.n };
	assert(csv_open(&c, read_some, &s, NULL) == OK);
	assert(csv_next(c, &same, &end, NULL) == OK);
	if (!end && !same.bad && same.count == row->count) {
		for (size_t k = 0; k < row->count; k++)
			assert(strcmp(row->cells[k], same.cells[k]) == 0);
	}
	csv_close(c);
	buf_release(&b);
}

static void
file(struct fuzz_in in, size_t step)
{
	struct source s = { .in = in, .step = step };
	struct csv *c = NULL;
	struct csv_row row;
	struct fail f = { 0 };
	bool end = false;
	size_t line = 0;

	if (csv_open(&c, read_some, &s, &f) != OK) {
		assert(f.text[0] != '\0');
		return;
	}
	assert(csv_column_count(c) >= 1);
	assert(csv_column_count(c) <= CSV_COLUMNS_MAX);
	for (size_t i = 0; i < csv_column_count(c); i++)
		assert(csv_find(c, csv_column(c, i)) <= i);
	while (csv_next(c, &row, &end, &f) == OK && !end) {
		assert(row.line > line);
		line = row.line;
		if (row.bad) {
			assert(row.reason[0] != '\0');
		} else {
			assert(row.count == csv_column_count(c));
			again(&row);
		}
	}
	csv_close(c);
}

static const struct table *
person(void)
{
	static struct registry *r;

	if (r == NULL) {
		struct registry_source source[16];

		assert(schema_asset_count <= COUNT_OF(source));
		for (size_t i = 0; i < schema_asset_count; i++)
			source[i] =
			    (struct registry_source){ .name =
							  schema_assets[i].name,
				    .text = (const char *)schema_assets[i].p,
				    .n = schema_assets[i].n };
		assert(
		    registry_parse(&r, source, schema_asset_count, NULL) == OK);
	}
	return registry_table(r, "person");
}

/* The header of the file is the first line of the input, the map the rest. */
static void
map(struct fuzz_in in)
{
	const uint8_t *end = in.n > 0 ? memchr(in.p, '\n', in.n) : NULL;
	size_t first = end != NULL ? (size_t)(end - in.p) + 1 : in.n;
	struct source s = { .in = { .p = in.p, .n = first }, .step = SIZE_MAX };
	struct csv *c = NULL;
	struct map m;
	struct fail f = { 0 };
	struct buf text = { 0 };

	if (csv_open(&c, read_some, &s, NULL) != OK)
		return;
	buf_put(&text, in.p + first, in.n - first);
	(void)buf_cstr(&text);
	if (map_parse(&m, "map", (const char *)text.p, text.n, person(), c,
		&f) == OK)
		map_release(&m);
	else
		assert(f.text[0] != '\0');
	buf_reset(&text);
	map_suggest(&text, person(), c);
	buf_release(&text);
	csv_close(c);
}

static void
date(struct fuzz_in in)
{
	enum date_order order = (enum date_order)(fuzz_u8(&in) % 4);
	bool time = (fuzz_u8(&in) & 1) != 0;
	struct buf text = { 0 }, printed = { 0 };
	struct value v, same;
	struct fail f = { 0 };
	enum err e;

	buf_put(&text, in.p, in.n);
	e = time ? date_parse_time(&v, buf_cstr(&text), order, &f)
		 : date_parse(&v, buf_cstr(&text), order, &f);
	if (e == OK) {
		value_print(&printed, &v);
		e = time ? date_parse_time(&same, buf_cstr(&printed), order, &f)
			 : date_parse(&same, buf_cstr(&printed), order, &f);
		assert(e == OK && value_compare(&v, &same) == 0);
	} else {
		assert(f.text[0] != '\0');
	}
	buf_release(&text);
	buf_release(&printed);
}

void
fuzz_one(const uint8_t *p, size_t n)
{
	struct fuzz_in in = { .p = p, .n = n };
	uint8_t mode = fuzz_u8(&in) % MODES;

	if (mode == FILE_OF)
		file(in, SIZE_MAX);
	else if (mode == IN_STEPS)
		file(in, 1 + fuzz_u8(&in));
	else if (mode == MAP)
		map(in);
	else
		date(in);
}

static void
seed(uint8_t mode, const char *text)
{
	struct buf b = { 0 };

	buf_u8(&b, mode);
	buf_text(&b, text);
	fuzz_seed(b.p, b.n);
	buf_release(&b);
}

void
fuzz_seeds(void)
{
	static const char file_text[] =
	    "\xef\xbb\xbfid;name;born\r\n1;\"Sample; 0001\";1990-01-02\r\n\r\n"
	    "2;\"two\nlines "
	    "\"\"q\"\"\";03/04/1990\n3;M\xfcller;1.2.1990\n4;x\n";

	seed(FILE_OF, file_text);
	seed(IN_STEPS, file_text);
	seed(MAP,
	    "id,name,born\n# map\nid = id\nlegal_name = name\n"
	    "birth_date = born\n");
	seed(DATE,
	    "\1\1"
	    "31.03.2026 2:05 pm");
	seed(DATE,
	    "\2\2"
	    "March 31, 2026");
	seed(DATE,
	    "\3\2"
	    "20260331");
}
