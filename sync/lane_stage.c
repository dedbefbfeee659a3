/* The received beginning of a long item, and receipts: bytes kept per lane. */
#include "sync/lane_i.h"

#include <string.h>

#include "sync/db.h"

/* ---- pieces -------------------------------------------------------------- */

struct staged {
	uint64_t position, total, bytes;
	uint8_t mark[LANE_MARK_BYTES];
};

/* What is staged in a lane; bytes 0 when nothing is. whole NULL: sizes only */
static enum err
read_stage(struct replica *r, struct staged *out, struct buf *whole,
    int64_t peer, enum lane lane, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT position, mark, total, bytes FROM _stage"
	    " WHERE peer = ?1 AND lane = ?2 ORDER BY start",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, (int64_t)lane);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 3, &n);

		out->position = (uint64_t)stmt_col_int(s, 0);
		(void)stmt_col_copy(s, 1, out->mark, LANE_MARK_BYTES);
		out->total = (uint64_t)stmt_col_int(s, 2);
		out->bytes += n;
		if (whole != NULL)
			buf_put(whole, p, n);
	}
	stmt_reset(s);
	if (e == OK && whole != NULL && whole->err != OK)
		e = fail_set(f, whole->err, "staged item: %s",
		    err_text(whole->err));
	return e;
}

static enum err
clear_stage(struct replica *r, int64_t peer, enum lane lane, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "DELETE FROM _stage WHERE peer = ?1 AND lane = ?2", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, (int64_t)lane);
	return stmt_run(s, f);
}

static enum err
put_stage(struct replica *r, int64_t peer, enum lane lane,
    const struct lane_piece *piece, struct fail *f)
{
	static const char sql[] =
	    "INSERT INTO _stage (peer, lane, start, position, mark, total,"
	    " bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, (int64_t)lane);
	stmt_int(s, 3, (int64_t)piece->offset);
	stmt_int(s, 4, (int64_t)piece->position);
	stmt_blob(s, 5, piece->mark, LANE_MARK_BYTES);
	stmt_int(s, 6, (int64_t)piece->total);
	stmt_blob(s, 7, piece->bytes, piece->n);
	return stmt_run(s, f);
}

enum err
lane_stage(struct replica *r, struct buf *whole, bool *complete, int64_t peer,
    enum lane lane, const struct lane_piece *piece, struct fail *f)
{
	struct staged have = { 0 };
	enum err e = read_stage(r, &have, NULL, peer, lane, f);

	*complete = false;
	if (e != OK)
		return e;
	if (have.bytes != 0 &&
	    (have.position != piece->position || have.total != piece->total ||
		memcmp(have.mark, piece->mark, LANE_MARK_BYTES) != 0)) {
		if ((e = clear_stage(r, peer, lane, f)) != OK)
			return e;
		have = (struct staged){ 0 };
	}
	if (piece->offset != have.bytes || piece->n == 0 ||
	    piece->n > piece->total - have.bytes)
		return OK;
	if ((e = put_stage(r, peer, lane, piece, f)) != OK ||
	    have.bytes + piece->n < piece->total)
		return e;
	have = (struct staged){ 0 };
	e = read_stage(r, &have, whole, peer, lane, f);
	if (e == OK)
		e = clear_stage(r, peer, lane, f);
	*complete = e == OK;
	return e;
}

/* ---- receipts ------------------------------------------------------------ */

enum err
lane_receipt_get(struct replica *r, struct buf *out, int64_t peer,
    enum lane lane, enum lane_receipt which, struct fail *f)
{
	const char *sql = which == LANE_RECEIPT_IN
	    ? "SELECT receipt_in FROM _lane WHERE peer = ?1 AND lane = ?2"
	    : "SELECT receipt_out FROM _lane WHERE peer = ?1 AND lane = ?2";
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, (int64_t)lane);
	e = stmt_step(s, &row, f);
	if (e == OK && row) {
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 0, &n);

		buf_put(out, p, n);
	}
	stmt_reset(s);
	return e == OK && out->err != OK
	    ? fail_set(f, out->err, "receipt: %s", err_text(out->err))
	    : e;
}

enum err
lane_receipt_set(struct replica *r, int64_t peer, enum lane lane,
    enum lane_receipt which, const uint8_t *p, size_t n, struct fail *f)
{
	const char *sql = which == LANE_RECEIPT_IN
	    ? "UPDATE _lane SET receipt_in = ?3 WHERE peer = ?1 AND lane = ?2"
	    : "UPDATE _lane SET receipt_out = ?3"
	      " WHERE peer = ?1 AND lane = ?2";
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, (int64_t)lane);
	stmt_blob(s, 3, p, n);
	return stmt_run(s, f);
}
