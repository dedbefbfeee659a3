/*
 * Loose operations added to open segments after their first. Rows of _open are
 * appended one after the other, whatever segment they belong to, so that the
 * saves of one transaction share a page; each names the one before it of its
 * segment. Where a segment's rows end is kept in memory, and read again from
 * the table when that may have changed behind our back.
 */
#include <stdlib.h>

#include "sync/log_i.h"

/* Where the added operations of one segment end. */
struct open_tail {
	int64_t segment; /* 0: a free place */
	int64_t last;    /* _open.no */
	uint64_t bytes;  /* of all of them */
};

struct open_tails {
	struct open_tail *at; /* open addressing; room is a power of two */
	size_t count, room;
};

void
log_open_forget(struct replica *r)
{
	if (r->tails != NULL)
		free(r->tails->at);
	free(r->tails);
	r->tails = NULL;
}

/* The segment's place, or the free one where it belongs. */
static struct open_tail *
find_tail(const struct open_tails *t, int64_t segment)
{
	size_t mask = t->room - 1;
	size_t at =
	    (size_t)((uint64_t)segment * 0x9e3779b97f4a7c15ULL >> 32) & mask;

	while (t->at[at].segment != 0 && t->at[at].segment != segment)
		at = (at + 1) & mask;
	return &t->at[at];
}

static bool
grow_tails(struct open_tails *t)
{
	struct open_tails more = { .room = t->room == 0 ? 256 : t->room * 2 };

	more.at = calloc(more.room, sizeof(*more.at));
	if (more.at == NULL)
		return false;
	for (size_t i = 0; i < t->room; i++) {
		if (t->at[i].segment == 0)
			continue;
		*find_tail(&more, t->at[i].segment) = t->at[i];
		more.count++;
	}
	free(t->at);
	*t = more;
	return true;
}

static enum err
set_tail(struct open_tails *t, int64_t segment, int64_t no, size_t n,
    struct fail *f)
{
	struct open_tail *to;

	if (t->count * 2 >= t->room && !grow_tails(t))
		return fail_code(f, ERR_NOMEM);
	to = find_tail(t, segment);
	if (to->segment == 0) {
		t->count++;
		to->segment = segment;
	}
	to->last = no;
	to->bytes += n;
	return OK;
}

static enum err
read_tails(struct replica *r, struct open_tails *t, struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT no, segment, length(bytes) FROM _open ORDER BY no", f);
	while (e == OK && (e = stmt_step(s, &row, f)) == OK && row)
		e = set_tail(t, stmt_col_int(s, 1), stmt_col_int(s, 0),
		    (size_t)stmt_col_int(s, 2), f);
	return e;
}

static enum err
tails_of(struct replica *r, struct open_tails **out, struct fail *f)
{
	enum err e = OK;

	if (r->tails == NULL) {
		r->tails = calloc(1, sizeof(*r->tails));
		if (r->tails == NULL || !grow_tails(r->tails))
			e = fail_code(f, ERR_NOMEM);
		if (e == OK)
			e = read_tails(r, r->tails, f);
		if (e != OK)
			log_open_forget(r);
	}
	*out = r->tails;
	return e;
}

enum err
log_open_bytes(struct replica *r, uint64_t *bytes, int64_t segment,
    struct fail *f)
{
	struct open_tails *t;
	enum err e = tails_of(r, &t, f);

	if (e == OK)
		*bytes = find_tail(t, segment)->bytes;
	return e;
}

enum err
log_open_add(struct replica *r, int64_t segment, const uint8_t *p, size_t n,
    struct fail *f)
{
	struct open_tails *t;
	struct stmt *s;
	enum err e = tails_of(r, &t, f);

	if (e == OK)
		e = db_stmt(&s, r->db,
		    "INSERT INTO _open (segment, prev, bytes)"
		    " VALUES (?1, ?2, ?3)",
		    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, segment);
	stmt_int(s, 2, find_tail(t, segment)->last);
	stmt_blob(s, 3, p, n);
	e = stmt_run(s, f);
	return e == OK ? set_tail(t, segment, db_last_rowid(r->db), n, f) : e;
}

/* ---- along the rows of one segment ---- */

static enum err
broken(int64_t segment, struct fail *f)
{
	return fail_set(f, ERR_CORRUPT,
	    "own unsealed work of segment %lld is damaged: restore this replica"
	    " from its backup",
	    (long long)segment);
}

/* Its rows from the last to the first: their numbers, as int64_t. */
static enum err
list_rows(struct replica *r, struct buf *list, int64_t segment, int64_t last,
    struct fail *f)
{
	enum err e = OK;

	for (int64_t no = last; e == OK && no != 0;) {
		struct stmt *s;
		int64_t prev = 0;
		bool row;

		buf_put(list, &no, sizeof(no));
		e = db_stmt(&s, r->db,
		    "SELECT prev FROM _open WHERE no = ?1 AND segment = ?2", f);
		if (e != OK)
			break;
		stmt_int(s, 1, no);
		stmt_int(s, 2, segment);
		e = stmt_step(s, &row, f);
		if (e == OK && row)
			prev = stmt_col_int(s, 0);
		stmt_reset(s);
		/* they only ever point back, so this ends */
		if (e == OK && (!row || prev < 0 || prev >= no))
			e = broken(segment, f);
		no = prev;
	}
	if (e == OK && list->err != OK)
		e = fail_code(f, list->err);
	return e;
}

static int64_t
row_at(const struct buf *list, size_t i)
{
	int64_t no;

	memcpy(&no, list->p + i * sizeof(no), sizeof(no));
	return no;
}

static enum err
put_row(struct replica *r, struct buf *out, int64_t no, struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db, "SELECT bytes FROM _open WHERE no = ?1", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	e = stmt_step(s, &row, f);
	if (e == OK && row) {
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 0, &n);

		buf_put(out, p, n);
	}
	stmt_reset(s);
	return e;
}

static enum err
drop_row(struct replica *r, int64_t no, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db, "DELETE FROM _open WHERE no = ?1", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	return stmt_run(s, f);
}

enum err
log_open_put(struct replica *r, struct buf *out, int64_t segment,
    struct fail *f)
{
	struct buf list = { 0 };
	struct open_tails *t;
	enum err e = tails_of(r, &t, f);

	if (e == OK)
		e = list_rows(r, &list, segment, find_tail(t, segment)->last,
		    f);
	for (size_t i = list.n / sizeof(int64_t); e == OK && i-- > 0;)
		e = put_row(r, out, row_at(&list, i), f);
	buf_release(&list);
	if (e == OK && out->err != OK)
		e = fail_set(f, out->err, "%s", err_text(out->err));
	return e;
}

enum err
log_open_drop(struct replica *r, int64_t segment, struct fail *f)
{
	struct buf list = { 0 };
	struct open_tail *tail;
	struct open_tails *t;
	enum err e = tails_of(r, &t, f);

	if (e != OK)
		return e;
	tail = find_tail(t, segment);
	e = list_rows(r, &list, segment, tail->last, f);
	for (size_t i = 0; e == OK && i < list.n / sizeof(int64_t); i++)
		e = drop_row(r, row_at(&list, i), f);
	buf_release(&list);
	/* the place stays taken until all are forgotten */
	tail->last = 0;
	tail->bytes = 0;
	return e;
}
