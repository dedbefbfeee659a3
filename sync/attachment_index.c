/*
 * Which segment holds which part. Made as segments come, again when keys come,
 * and from nothing by a rebuild; a deep verification compares.
 */
#include "sync/attachment_i.h"
#include "sync/grant.h"

#include <sodium.h>

enum err
attachment_put(struct replica *r, int64_t cpt, int64_t segment,
    const struct part *part, struct fail *f)
{
	uint8_t hash[PART_HASH_BYTES];
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "INSERT INTO _part (cpt, document, number, segment, hash)"
	    " VALUES (?1, ?2, ?3, ?4, ?5)",
	    f);

	if (e != OK)
		return e;
	part_hash(hash, part->content, part->content_n);
	stmt_int(s, 1, cpt);
	stmt_blob(s, 2, part->document.b, ID_BYTES);
	stmt_int(s, 3, (int64_t)part->number);
	stmt_int(s, 4, segment);
	stmt_blob(s, 5, hash, sizeof(hash));
	e = stmt_run(s, f);
	return e == OK ? attachment_answered(r, cpt, &part->document, f) : e;
}

static enum err
put_closed(struct replica *r, int64_t cpt, int64_t segment,
    const uint8_t prefix[static SEGMENT_PREFIX_BYTES], struct fail *f)
{
	uint8_t key[SEGMENT_KEY_BYTES];
	struct stmt *s;
	/* a key with its prefix that does not open it: no other will */
	enum err e = grant_open_key(r, cpt, prefix, 0, key, f);

	sodium_memzero(key, sizeof(key));
	if (e != ERR_NOTFOUND)
		return e;
	e = db_stmt(&s, r->db,
	    "INSERT INTO _part_closed (cpt, prefix, segment)"
	    " VALUES (?1, ?2, ?3)",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_blob(s, 2, prefix, SEGMENT_PREFIX_BYTES);
	stmt_int(s, 3, segment);
	return stmt_run(s, f);
}

/* ---- as it comes --------------------------------------------------------- */

enum err
attachment_open(struct replica *r, struct buf *payload,
    enum segment_state *state, int64_t cpt, const struct segment *s,
    struct fail *f)
{
	enum err e;

	*state = STATE_UNREADABLE;
	buf_reset(payload);
	if (s->stub)
		return OK;
	e = log_open_segment(r, payload, cpt, s, f);
	if (e == OK)
		*state = STATE_APPLIED;
	else
		buf_reset(payload);
	return e == ERR_NOTFOUND ? OK : e;
}

/* A payload that was opened: what is no part is kept and counts for nothing. */
static enum err
note_payload(struct replica *r, int64_t cpt, int64_t segment,
    const struct buf *payload, struct fail *f)
{
	struct part part;

	return part_decode(&part, payload->p, payload->n) == OK
	    ? attachment_put(r, cpt, segment, &part, f)
	    : OK;
}

enum err
attachment_note(struct replica *r, int64_t cpt, int64_t segment,
    const struct segment *s, enum segment_state state,
    const struct buf *payload, struct fail *f)
{
	if (state == STATE_APPLIED)
		return note_payload(r, cpt, segment, payload, f);
	return s->stub ? OK
		       : put_closed(r, cpt, segment, s->header.key_prefix, f);
}

/* ---- what is stored ------------------------------------------------------ */

static enum err
load_sealed(struct replica *r, struct attachment_segment *out,
    struct buf *payload, int64_t cpt, const uint8_t *p, size_t n,
    struct fail *f)
{
	struct segment view;
	enum err e = segment_parse(&view, p, n, f);

	if (e != OK)
		return fail_in(f, ERR_CORRUPT, "stored segment %lld",
		    (long long)out->no);
	out->stub = view.stub;
	memcpy(out->prefix, view.header.key_prefix, sizeof(out->prefix));
	return attachment_open(r, payload, &out->state, cpt, &view, f);
}

enum err
attachment_load(struct replica *r, struct attachment_segment *out,
    struct buf *payload, int64_t cpt, int64_t segment, struct fail *f)
{
	const uint8_t *p;
	struct stmt *s;
	bool row = false;
	size_t n;
	enum err e = db_stmt(&s, r->db,
	    "SELECT state, bytes FROM _segment WHERE no = ?1", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, segment);
	e = stmt_step(s, &row, f);
	if (e != OK || !row)
		return e != OK ? e : ERR_NOTFOUND;
	*out = (struct attachment_segment){
		.no = segment,
		.was = (enum segment_state)stmt_col_int(s, 0),
	};
	out->state = out->was;
	out->unsealed = out->was <= STATE_CLOSED;
	out->aside = out->was > STATE_UNREADABLE;
	p = stmt_col_blob(s, 1, &n);
	if (out->unsealed)
		buf_put(payload, p, n);
	else if (!out->aside)
		e = load_sealed(r, out, payload, cpt, p, n, f);
	stmt_reset(s);
	if (e == OK && payload->err != OK)
		e = fail_code(f, payload->err);
	return e;
}

static enum err
save_state(struct replica *r, const struct attachment_segment *x,
    struct fail *f)
{
	struct stmt *s;
	enum err e;

	if (x->was == x->state)
		return OK;
	e = db_stmt(&s, r->db, "UPDATE _segment SET state = ?2 WHERE no = ?1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, x->no);
	stmt_int(s, 2, x->state);
	return stmt_run(s, f);
}

static enum err
note_stored(struct replica *r, int64_t cpt, const struct attachment_segment *x,
    const struct buf *payload, struct fail *f)
{
	enum err e = save_state(r, x, f);

	if (e != OK || x->stub || x->aside)
		return e;
	return x->state == STATE_UNREADABLE
	    ? put_closed(r, cpt, x->no, x->prefix, f)
	    : note_payload(r, cpt, x->no, payload, f);
}

/* ---- keys came ----------------------------------------------------------- */

/* One that waits for a key of the prefix of one that is held; 0: none. */
static enum err
next_closed(struct replica *r, int64_t *segment, int64_t cpt, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT p.segment FROM _part_closed p WHERE p.cpt = ?1 AND EXISTS"
	    " (SELECT 1 FROM _key k WHERE k.cpt = ?1 AND"
	    " substr(k.key_id, 1, 4) = p.prefix) LIMIT 1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	e = stmt_step(s, &row, f);
	*segment = e == OK && row ? stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return e;
}

static enum err
drop(struct replica *r, const char *sql, int64_t cpt, int64_t segment,
    struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db, sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	if (segment != 0)
		stmt_int(s, 2, segment);
	return stmt_run(s, f);
}

enum err
attachment_retry(struct replica *r, int64_t cpt, struct fail *f)
{
	struct buf payload = { .limit = LIMIT_PAYLOAD_BYTES };
	int64_t segment = 0;
	enum err e;

	while ((e = next_closed(r, &segment, cpt, f)) == OK && segment != 0) {
		struct attachment_segment x;

		e = drop(r,
		    "DELETE FROM _part_closed WHERE cpt = ?1 AND segment = ?2",
		    cpt, segment, f);
		buf_reset(&payload);
		if (e == OK)
			e = attachment_load(r, &x, &payload, cpt, segment, f);
		if (e == OK)
			e = note_stored(r, cpt, &x, &payload, f);
		if (e != OK)
			break;
	}
	buf_release(&payload);
	return e;
}

/* ---- all of a compartment ------------------------------------------------ */

/* The next attachment after *no; *no 0 at the end. What is quarantined, or beyond
 * the branches that count, holds no part. */
static enum err
next_attachment(struct replica *r, int64_t *no, int64_t cpt, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT no FROM _segment WHERE cpt = ?1 AND no > ?2 AND chain = 3"
	    " AND state <= 5 ORDER BY no LIMIT 1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, *no);
	e = stmt_step(s, &row, f);
	*no = e == OK && row ? stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return e;
}

enum err
attachment_rebuild(struct replica *r, int64_t cpt, struct fail *f)
{
	struct buf payload = { .limit = LIMIT_PAYLOAD_BYTES };
	int64_t no = 0;
	enum err e = drop(r, "DELETE FROM _part WHERE cpt = ?1", cpt, 0, f);

	if (e == OK)
		e = drop(r, "DELETE FROM _part_closed WHERE cpt = ?1", cpt, 0,
		    f);
	while (
	    e == OK && (e = next_attachment(r, &no, cpt, f)) == OK && no != 0) {
		struct attachment_segment x;

		buf_reset(&payload);
		e = attachment_load(r, &x, &payload, cpt, no, f);
		if (e == OK)
			e = note_stored(r, cpt, &x, &payload, f);
	}
	buf_release(&payload);
	return e;
}

/* ---- verifying ----------------------------------------------------------- */

static enum err
count_rows(struct replica *r, int64_t *out, int64_t cpt, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e =
	    db_stmt(&s, r->db, "SELECT count(*) FROM _part WHERE cpt = ?1", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	e = stmt_step(s, &row, f);
	*out = e == OK && row ? stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return e;
}

static enum err
is_noted(struct replica *r, bool *yes, int64_t cpt, int64_t segment,
    const struct part *part, struct fail *f)
{
	uint8_t hash[PART_HASH_BYTES];
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "SELECT 1 FROM _part WHERE cpt = ?1 AND document = ?2 AND"
	    " number = ?3 AND segment = ?4 AND hash = ?5",
	    f);

	if (e != OK)
		return e;
	part_hash(hash, part->content, part->content_n);
	stmt_int(s, 1, cpt);
	stmt_blob(s, 2, part->document.b, ID_BYTES);
	stmt_int(s, 3, (int64_t)part->number);
	stmt_int(s, 4, segment);
	stmt_blob(s, 5, hash, sizeof(hash));
	e = stmt_step(s, yes, f);
	stmt_reset(s);
	return e;
}

/* *parts counts those that a segment holds and the table has. */
static enum err
verify_one(struct replica *r, int64_t *parts, bool *same, int64_t cpt,
    int64_t no, struct buf *payload, struct fail *f)
{
	struct attachment_segment x;
	struct part part;
	enum err e;

	buf_reset(payload);
	e = attachment_load(r, &x, payload, cpt, no, f);
	*same = e == OK && x.was == x.state;
	if (e != OK || x.state == STATE_UNREADABLE ||
	    part_decode(&part, payload->p, payload->n) != OK)
		return e;
	++*parts;
	return *same ? is_noted(r, same, cpt, no, &part, f) : OK;
}

enum err
attachment_verify(struct replica *r, int64_t cpt, struct fail *f)
{
	struct buf payload = { .limit = LIMIT_PAYLOAD_BYTES };
	int64_t no = 0, parts = 0, rows = 0;
	bool same = true;
	enum err e = count_rows(r, &rows, cpt, f);

	while (e == OK && same && (e = next_attachment(r, &no, cpt, f)) == OK &&
	    no != 0)
		e = verify_one(r, &parts, &same, cpt, no, &payload, f);
	buf_release(&payload);
	if (e == OK && (!same || rows != parts))
		e = fail_set(f, ERR_CORRUPT,
		    "the list of documents' parts in compartment %lld is not"
		    " what the log says: run footbridge rebuild; the log is"
		    " intact",
		    (long long)cpt);
	return e;
}
