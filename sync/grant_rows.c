/* Rows of grants that count: loading them, looking one up, and who holds. */
#include <stdlib.h>
#include <string.h>

#include "sync/grant_i.h"

static enum err
rows_room(struct grant_rows *g)
{
	size_t room = g->room == 0 ? 16 : g->room * 2;
	struct grant_row *row;

	if (g->count < g->room)
		return OK;
	row = realloc(g->row, room * sizeof(*row));
	if (row == NULL)
		return ERR_NOMEM;
	g->row = row;
	g->room = room;
	return OK;
}

/* Keys that are not sealed under any more. */
static enum err
load_ended(struct replica *r, struct grant_rows *g, int64_t cpt, struct fail *f)
{
	struct stmt *s;
	size_t room = 0;
	bool row = false;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT DISTINCT key_id FROM _grant WHERE cpt = ?1 AND ended = 1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		if (g->ended_count == room) {
			struct key_id *more;

			room = room == 0 ? 4 : room * 2;
			more = realloc(g->ended, room * sizeof(*more));
			if (more == NULL) {
				e = fail_set(f, ERR_NOMEM,
				    "grants: out of memory");
				break;
			}
			g->ended = more;
		}
		(void)stmt_col_copy(s, 0, g->ended[g->ended_count++].b,
		    ID_BYTES);
	}
	stmt_reset(s);
	return e;
}

enum err
grant_rows_load(struct replica *r, struct grant_rows *g, int64_t cpt,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e;

	memset(g, 0, sizeof(*g));
	e = db_stmt(&s, r->db,
	    "SELECT key_id, recipient_kind, recipient, MAX(rights) FROM _grant"
	    " WHERE cpt = ?1 AND rights > 0"
	    " GROUP BY key_id, recipient_kind, recipient"
	    " ORDER BY key_id, recipient_kind, recipient",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		struct grant_row *at;

		if (rows_room(g) != OK) {
			e = fail_set(f, ERR_NOMEM, "grants: out of memory");
			break;
		}
		at = &g->row[g->count++];
		(void)stmt_col_copy(s, 0, at->key_id.b, ID_BYTES);
		at->kind = (enum grant_recipient)stmt_col_int(s, 1);
		(void)stmt_col_copy(s, 2, at->recipient, ID_BYTES);
		at->right = (enum grant_right)stmt_col_int(s, 3);
	}
	stmt_reset(s);
	if (e == OK)
		e = load_ended(r, g, cpt, f);
	if (e != OK)
		grant_rows_release(g);
	return e;
}

void
grant_rows_release(struct grant_rows *g)
{
	free(g->row);
	free(g->ended);
	memset(g, 0, sizeof(*g));
}

/* As grant_rows_load orders them. */
static int
compare_row(const struct grant_row *row, const struct key_id *key,
    enum grant_recipient kind, const uint8_t *recipient)
{
	int c = id_compare(&row->key_id, key);

	if (c == 0)
		c = (int)row->kind - (int)kind;
	return c != 0 ? c : memcmp(row->recipient, recipient, ID_BYTES);
}

unsigned
grant_rows_right(const struct grant_rows *g, const struct key_id *key,
    enum grant_recipient kind, const uint8_t recipient[static ID_BYTES])
{
	size_t low = 0, high = g->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare_row(&g->row[mid], key, kind, recipient) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < g->count &&
		compare_row(&g->row[low], key, kind, recipient) == 0
	    ? g->row[low].right
	    : 0;
}

unsigned
grant_rows_best(const struct grant_rows *g, enum grant_recipient kind,
    const uint8_t recipient[static ID_BYTES])
{
	unsigned best = 0;

	for (size_t k = 0; k < g->count; k++)
		if (g->row[k].kind == kind && g->row[k].right > best &&
		    memcmp(g->row[k].recipient, recipient, ID_BYTES) == 0)
			best = g->row[k].right;
	return best;
}

static int
compare_holders(const void *x, const void *y)
{
	const struct grant_row *a = x, *b = y;
	int c = (int)a->kind - (int)b->kind;

	if (c == 0)
		c = memcmp(a->recipient, b->recipient, ID_BYTES);
	return c != 0 ? c : (int)b->right - (int)a->right;
}

enum err
grant_holders(struct grant_rows *out, const struct grant_rows *g)
{
	size_t n = 0;

	memset(out, 0, sizeof(*out));
	out->row = calloc(g->count + 1, sizeof(*out->row));
	if (out->row == NULL)
		return ERR_NOMEM;
	for (size_t k = 0; k < g->count; k++)
		out->row[k] = g->row[k];
	if (g->count > 0)
		qsort(out->row, g->count, sizeof(*out->row), compare_holders);
	/* of each the first, which has the greatest right */
	for (size_t k = 0; k < g->count; k++) {
		const struct grant_row *h = &out->row[k];

		if (n > 0 && h->kind == out->row[n - 1].kind &&
		    memcmp(h->recipient, out->row[n - 1].recipient, ID_BYTES) ==
			0)
			continue;
		out->row[n++] = *h;
	}
	out->count = n;
	out->room = g->count + 1;
	return OK;
}
