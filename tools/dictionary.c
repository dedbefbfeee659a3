/*
 * Train the compression dictionary of a suite from payloads as nodes make them.
 *
 * usage: tools-dictionary OUT.zdict [BYTES]     run in the repository's root
 *
 * Payloads are made from the tables of schema/migrations: rows of
 * schema/sample/TABLE.csv by their TABLE.map where there are some, else values
 * that fit the registry (enum words, dates, ids). Ids are random, so none gets
 * into the dictionary. Everything follows from a fixed seed; another version of
 * zstd may give other bytes. Prints what the dictionary saves on payloads that
 * it was not trained on.
 *
 * A dictionary is part of its suite: once a version is released, a new one is
 * sync/dict/2.zdict and suite 2, never another 1.zdict.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>
#include <zdict.h>
#include <zstd.h>

#include "schema/assets.h"
#include "sync/env.h"
#include "sync/op.h"
#include "sync/registry.h"

#define TRAIN_COUNT 6000
#define PROBE_COUNT 600 /* held back to measure with */
#define DICT_BYTES 8192 /* twice as many saved nothing more */
#define DICT_BYTES_MAX 32768
#define FILE_BYTES_MAX (64 * 1024 * 1024)
#define SAMPLE_ROWS 4000
#define MIGRATIONS_MAX 64
#define CELL_BYTES 256
#define LEVEL 6

/* Rows of one table from its CSV. */
struct sample {
	char *text; /* the file, lines cut apart */
	char *line[SAMPLE_ROWS];
	size_t line_count;
	const struct field *field[LIMIT_FIELDS];
	size_t column[LIMIT_FIELDS];
	size_t field_count;
};

static struct sample *samples[LIMIT_TABLES + 1];
static uint64_t drawn;

static void
die(const char *what, const char *detail)
{
	(void)fprintf(stderr, "dictionary: %s: %s\n", what, detail);
	exit(1);
}

static void
draw_bytes(void *p, size_t n)
{
	uint8_t seed[randombytes_SEEDBYTES] = { 0 };

	memcpy(seed, &drawn, sizeof(drawn));
	drawn++;
	randombytes_buf_deterministic(p, n, seed);
}

static unsigned
draw(unsigned below)
{
	uint32_t v;

	draw_bytes(&v, sizeof(v));
	return v % below;
}

/* ---- the sample ---------------------------------------------------------- */

/* The file's text, or NULL when there is none. */
static char *
read_text(const char *table, const char *ending)
{
	const struct env *env = env_posix();
	struct buf b = { 0 };
	struct fail f = { 0 };
	char path[128], *text;
	enum err e;

	(void)snprintf(path, sizeof(path), "schema/sample/%s.%s", table,
	    ending);
	e = env->file_read(env->self, &b, path, FILE_BYTES_MAX, &f);
	if (e == ERR_NOTFOUND)
		return NULL;
	if (e != OK)
		die(path, f.text);
	text = strdup(buf_cstr(&b));
	if (text == NULL)
		die(path, "out of memory");
	buf_release(&b);
	return text;
}

/* Copy cell number at of a line of plain CSV; "" beyond its end. */
static void
cell_copy(char to[static CELL_BYTES], const char *line, size_t at)
{
	size_t n;

	while (at > 0 && *line != '\0')
		at -= *line++ == ',';
	n = strcspn(line, ",\r");
	if (n >= CELL_BYTES)
		n = CELL_BYTES - 1;
	memcpy(to, line, n);
	to[n] = '\0';
}

static void
add_column(struct sample *s, const struct table *t, const char *field,
    const char *column, const char *head)
{
	const struct field *f = table_field(t, field);
	char cell[CELL_BYTES];

	if (f == NULL || s->field_count == LIMIT_FIELDS)
		return;
	for (size_t at = 0;; at++) {
		cell_copy(cell, head, at);
		if (cell[0] == '\0')
			return;
		if (strcmp(cell, column) == 0) {
			s->field[s->field_count] = f;
			s->column[s->field_count++] = at;
			return;
		}
	}
}

static void
sample_read(const struct table *t)
{
	char *map = read_text(t->name, "map"), *at = map, *line, *head;
	struct sample *s = calloc(1, sizeof(*s));

	if (s == NULL)
		die(t->name, "out of memory");
	s->text = read_text(t->name, "csv");
	if (map == NULL || s->text == NULL) {
		free(s->text);
		free(s);
		free(map);
		return;
	}
	for (char *p = s->text; (line = strsep(&p, "\n")) != NULL;) {
		/* quoted rows are left to the real importer */
		if (*line != '\0' && strchr(line, '"') == NULL &&
		    s->line_count < SAMPLE_ROWS)
			s->line[s->line_count++] = line;
	}
	head = s->line[0];
	while (head != NULL && (line = strsep(&at, "\n")) != NULL) {
		char field[64], column[64];

		if (sscanf(line, "%63[a-z_0-9] = %63[a-z_0-9]", field,
			column) == 2)
			add_column(s, t, field, column, head);
	}
	free(map);
	samples[t->number] = s;
}

/* ---- payloads ------------------------------------------------------------ */

/* Memory that the values of one operation borrow from. */
struct room {
	char cell[LIMIT_FIELDS][CELL_BYTES];
	uint8_t id[LIMIT_FIELDS][ID_BYTES];
	struct buf scratch;
};

static void
value_make(struct value *v, struct room *room, size_t at,
    const struct field *field)
{
	static const char *const words[] = { "North", "South", "Riverside",
		"office", "phone", "reported, no change",
		"by phone with client", "did not attend, called", "see note",
		"in person" };
	const char *text = words[draw(COUNT_OF(words))];

	*v = (struct value){ .type = field->type };
	if (field->rank_count != 0)
		text = field->ranks[draw((unsigned)field->rank_count)];
	switch (field->type) {
	case VALUE_INT:
		v->i = draw(field->is_bool ? 2 : 90);
		break;
	case VALUE_DATE:
		v->i = 20000 + draw(1000);
		break;
	case VALUE_TIME:
		v->i = (20000 + (int64_t)draw(1000)) * 1440 + draw(20) * 30;
		break;
	case VALUE_ID:
	case VALUE_BYTES:
		draw_bytes(room->id[at], ID_BYTES);
		v->p = room->id[at];
		v->n = ID_BYTES;
		break;
	case VALUE_TEXT:
		v->p = (const uint8_t *)text;
		v->n = strlen(text);
		break;
	case VALUE_NULL:
		break;
	}
}

/* The fields of a new row: a row of the sample, or made up. */
static void
fields_make(struct op *op, struct room *room, const struct table *t)
{
	const struct sample *s = samples[t->number];
	const char *line = NULL;

	op->field_count = 0;
	if (s != NULL && s->line_count > 1)
		line = s->line[1 + draw((unsigned)s->line_count - 1)];
	for (unsigned number = 1; number < REGISTRY_ROW_STATE; number++) {
		const struct field *field = t->by_number[number];
		size_t at = op->field_count, k = 0;
		struct value *v = &op->fields[at].value;

		if (field == NULL)
			continue;
		while (
		    line != NULL && k < s->field_count && s->field[k] != field)
			k++;
		if (line != NULL && k == s->field_count)
			continue;
		if (line == NULL && draw(10) < 3)
			continue;
		room->cell[at][0] = '\0';
		if (line != NULL)
			cell_copy(room->cell[at], line, s->column[k]);
		if (line == NULL || field->type == VALUE_ID)
			value_make(v, room, at, field);
		else if (value_parse(v, &room->scratch, field->type,
			     room->cell[at], NULL) != OK)
			continue;
		if (v->type == VALUE_NULL)
			continue;
		op->fields[at].number = number;
		op->field_count++;
	}
}

/* Keep one to three of the fields: somebody corrects a row. */
static void
fields_thin(struct op *op)
{
	size_t keep = 1 + draw(3), from;

	if (op->field_count <= keep)
		return;
	from = draw((unsigned)(op->field_count - keep));
	memmove(op->fields, op->fields + from, keep * sizeof(op->fields[0]));
	op->field_count = keep;
}

/* Does this table hold rows of this category? */
static bool
table_fits(const struct table *t, const char *category)
{
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		const char *c = table_category(t, kind);

		if (c != NULL && strcmp(c, category) == 0)
			return true;
	}
	return false;
}

/* One compartment's payload: an import, or people at work. */
static void
payload_make(struct buf *payload, const struct registry *r)
{
	const char *category = r->categories[draw((unsigned)r->category_count)];
	unsigned rows = draw(3) == 0 ? 1 + draw(40) : 1 + draw(6);
	bool import = draw(2) == 0;
	struct buf loose = { 0 };
	static struct room room;
	struct op op = { 0 };

	draw_bytes(op.staff.b, ID_BYTES);
	op.at_ms = 1735700000000 + (int64_t)draw(1u << 31) * 30;
	op.offset_min = draw(2) == 0 ? -300 : -240;
	for (unsigned i = 0; i < rows; i++) {
		const struct table *t;

		do {
			t = &r->tables[draw((unsigned)r->table_count)];
		} while (!table_fits(t, category));
		op.kind = import || draw(2) == 0 ? OP_INSERT : OP_SET;
		op.table = t->number;
		op.at_ms += import ? (int64_t)draw(2) : 2000 + draw(600000);
		draw_bytes(op.row.b, ID_BYTES);
		fields_make(&op, &room, t);
		if (op.kind == OP_SET)
			fields_thin(&op);
		if (op.field_count != 0)
			op_encode(&loose, &op);
		buf_reset(&room.scratch);
	}
	if (op_pack(payload, loose.p, loose.n) != OK)
		die("a payload", "cannot be packed");
	buf_release(&loose);
}

/* ---- training ------------------------------------------------------------ */

static void
report(const struct registry *r, const void *dict, size_t n)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t raw = 0, without = 0, with = 0;

	for (unsigned i = 0; c != NULL && i < PROBE_COUNT; i++) {
		struct buf payload = { 0 }, out = { 0 };
		uint8_t *to;

		payload_make(&payload, r);
		to = buf_grow(&out, ZSTD_compressBound(payload.n));
		if (to == NULL)
			die("measuring", "out of memory");
		raw += payload.n;
		without += ZSTD_compressCCtx(c, to, out.n, payload.p, payload.n,
		    LEVEL);
		with += ZSTD_compress_usingDict(c, to, out.n, payload.p,
		    payload.n, dict, n, LEVEL);
		buf_release(&payload);
		buf_release(&out);
	}
	(void)printf("%zu bytes of dictionary: %zu bytes of payloads become "
		     "%zu without, %zu with it\n",
	    n, raw, without, with);
	ZSTD_freeCCtx(c);
}

static void
train(const char *path, size_t dict_n, const struct registry *r)
{
	static size_t sizes[TRAIN_COUNT];
	static uint8_t dict[DICT_BYTES_MAX];
	const struct env *env = env_posix();
	struct buf all = { .limit = (size_t)FILE_BYTES_MAX };
	struct fail f = { 0 };

	for (unsigned i = 0; i < TRAIN_COUNT; i++) {
		size_t from = all.n;

		payload_make(&all, r);
		sizes[i] = all.n - from;
	}
	dict_n = ZDICT_trainFromBuffer(dict, dict_n, all.p, sizes, TRAIN_COUNT);
	if (ZDICT_isError(dict_n))
		die("training", ZDICT_getErrorName(dict_n));
	report(r, dict, dict_n);
	if (env->file_write(env->self, path, dict, dict_n, &f) != OK)
		die(path, f.text);
	buf_release(&all);
}

int
main(int argc, char **argv)
{
	struct registry_source source[MIGRATIONS_MAX];
	struct registry *r = NULL;
	struct fail f = { 0 };
	size_t n = argc == 3 ? strtoul(argv[2], NULL, 10) : DICT_BYTES;

	if (argc < 2 || argc > 3 || n < 1024 || n > DICT_BYTES_MAX) {
		(void)fprintf(stderr,
		    "usage: tools-dictionary OUT.zdict [BYTES]\n");
		return 2;
	}
	if (sodium_init() < 0 || schema_asset_count > MIGRATIONS_MAX)
		die("starting", "libsodium or the number of migrations");
	for (size_t i = 0; i < schema_asset_count; i++)
		source[i] =
		    (struct registry_source){ .name = schema_assets[i].name,
			    .text = (const char *)schema_assets[i].p,
			    .n = schema_assets[i].n };
	if (registry_parse(&r, source, schema_asset_count, &f) != OK)
		die("schema", f.text);
	for (size_t i = 0; i < r->table_count; i++)
		sample_read(&r->tables[i]);
	train(argv[1], n, r);
	for (size_t i = 0; i <= LIMIT_TABLES; i++) {
		if (samples[i] != NULL)
			free(samples[i]->text);
		free(samples[i]);
	}
	registry_free(r);
	return 0;
}
