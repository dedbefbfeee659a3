#include "tests/faults/scene.h"

#include <stdlib.h>
#include <string.h>

#define TABLES_MAX 128
/* a line's top byte says of which table it is */
#define TABLE_SHIFT 56

static char tables[TABLES_MAX][64];
static size_t table_count;
static const char *odd = "";

const char *
lines_odd(void)
{
	return odd;
}

static uint64_t
table_number(const char *name)
{
	size_t i = 0;

	while (i < table_count && strcmp(tables[i], name) != 0)
		i++;
	if (i == table_count) {
		assert(i < TABLES_MAX && strlen(name) < sizeof(tables[0]));
		(void)strcpy(tables[table_count++], name);
	}
	return (uint64_t)i;
}

/* false, and lines_odd() names the table of this line. */
static bool
not_so(uint64_t line)
{
	odd = tables[line >> TABLE_SHIFT];
	return false;
}

static uint64_t
mix(uint64_t h, const void *p, size_t n)
{
	const uint8_t *at = p;

	for (size_t i = 0; i < n; i++)
		h = (h ^ at[i]) * 1099511628211u;
	return h;
}

static void
add(struct lines *l, uint64_t h)
{
	if (l->n == l->room) {
		l->room = l->room == 0 ? 256 : l->room * 2;
		l->at = realloc(l->at, l->room * sizeof(l->at[0]));
		assert(l->at != NULL);
	}
	l->at[l->n++] = h;
}

static uint64_t
hash_row(const char *table, struct stmt *s)
{
	uint64_t h = mix(14695981039346656037u, table, strlen(table));

	for (int i = 0; i < stmt_col_count(s); i++) {
		enum stmt_type type = stmt_col_type(s, i);
		int64_t v = type == STMT_INT ? stmt_col_int(s, i) : 0;
		size_t n = 0;
		const uint8_t *p = type == STMT_INT || type == STMT_NULL
		    ? NULL
		    : stmt_col_blob(s, i, &n);

		h = mix(h, &type, sizeof(type));
		h = mix(h, &v, sizeof(v));
		h = mix(h, &n, sizeof(n));
		h = mix(h, p, n);
	}
	return (h >> (64 - TABLE_SHIFT)) | table_number(table) << TABLE_SHIFT;
}

static enum err
read_table(struct lines *out, struct db *db, const char *table, struct fail *f)
{
	struct buf sql = { 0 };
	struct stmt *s;
	bool row = false;
	enum err e;

	buf_printf(&sql, "SELECT * FROM %s", table);
	e = db_stmt(&s, db, buf_cstr(&sql), f);
	while (e == OK && (e = stmt_step(s, &row, f)) == OK && row)
		add(out, hash_row(table, s));
	buf_release(&sql);
	return e;
}

static int
ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void
sort(struct lines *l)
{
	size_t n = 0;

	if (l->n > 0)
		qsort(l->at, l->n, sizeof(l->at[0]), ascending);
	for (size_t i = 0; i < l->n; i++) {
		if (n == 0 || l->at[n - 1] != l->at[i])
			l->at[n++] = l->at[i];
	}
	l->n = n;
}

/* Counters of what was seen, not what is kept. */
static bool
is_left_out(const char *table)
{
	return strcmp(table, "_count") == 0 ||
	    strncmp(table, "sqlite_", 7) == 0;
}

bool
lines_read(struct lines *out, struct replica *r, struct fail *f)
{
	static char name[TABLES_MAX][64];
	struct db *db = replica_db(r);
	size_t n = 0;
	struct stmt *s;
	bool row = false;
	enum err e;

	out->n = 0;
	e = db_stmt(&s, db,
	    "SELECT name FROM sqlite_schema WHERE type = 'table'"
	    " ORDER BY name",
	    f);
	while (e == OK && (e = stmt_step(s, &row, f)) == OK && row) {
		const char *table = stmt_col_text(s, 0);

		if (is_left_out(table))
			continue;
		assert(n < TABLES_MAX && strlen(table) < sizeof(name[0]));
		(void)strcpy(name[n++], table);
	}
	for (size_t i = 0; e == OK && i < n; i++)
		e = read_table(out, db, name[i], f);
	sort(out);
	return e == OK;
}

bool
lines_log(struct lines *out, struct replica *r, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e;

	out->n = 0;
	e = db_stmt(&s, replica_db(r),
	    "SELECT id, bytes FROM _segment WHERE state > 2", f);
	while (e == OK && (e = stmt_step(s, &row, f)) == OK && row)
		add(out, hash_row("log", s));
	sort(out);
	return e == OK;
}

void
lines_copy(struct lines *to, const struct lines *from)
{
	to->n = 0;
	for (size_t i = 0; i < from->n; i++)
		add(to, from->at[i]);
}

void
lines_free(struct lines *l)
{
	free(l->at);
	*l = (struct lines){ 0 };
}

bool
lines_equal(const struct lines *a, const struct lines *b)
{
	return a->n == b->n &&
	    (a->n == 0 || memcmp(a->at, b->at, a->n * sizeof(a->at[0])) == 0);
}

static bool
has(const struct lines *l, uint64_t h)
{
	return l != NULL && l->n > 0 &&
	    bsearch(&h, l->at, l->n, sizeof(h), ascending) != NULL;
}

bool
lines_within(const struct lines *a, const struct lines *b,
    const struct lines *c)
{
	for (size_t i = 0; i < a->n; i++) {
		if (!has(b, a->at[i]) && !has(c, a->at[i]))
			return not_so(a->at[i]);
	}
	return true;
}

bool
lines_kept(const struct lines *a, const struct lines *b, const struct lines *c)
{
	for (size_t i = 0; i < a->n; i++) {
		if ((b == NULL || has(b, a->at[i])) && !has(c, a->at[i]))
			return not_so(a->at[i]);
	}
	return true;
}
