/*
 * Own work on its way into the log, and what is read back from it. Sealing is
 * in log_seal.c, receiving in log_receive.c, checking in log_verify.c.
 */
#include "sync/log_i.h"

const char *
outcome_name(enum outcome o)
{
	static const char *const name[OUTCOME_COUNT] = { "applied", "duplicate",
		"waiting", "quarantined", "refused" };

	return (size_t)o < OUTCOME_COUNT ? name[o] : "unknown";
}

void
log_end_covered(struct compartment *c, int64_t segment, int by_chain)
{
	/* a full list may have left some out: they come up now */
	if (c->end_count == COMPARTMENT_ENDS)
		c->rederive = true;
	for (size_t i = 0; i < c->end_count; i++) {
		if (c->ends[i].segment != segment)
			continue;
		c->changed = true;
		if (by_chain == CHAIN_DATA &&
		    c->ends[i].chain == CHAIN_CONTROL) {
			c->ends[i].covered = true;
			return;
		}
		memmove(&c->ends[i], &c->ends[i + 1],
		    (c->end_count - i - 1) * sizeof(c->ends[0]));
		c->end_count--;
		return;
	}
}

void
log_end_added(struct compartment *c, int64_t segment, int chain)
{
	c->changed = true;
	if (c->end_count == COMPARTMENT_ENDS) {
		c->rederive = true; /* keeps the first COMPARTMENT_ENDS */
		return;
	}
	c->ends[c->end_count++] =
	    (struct compartment_end){ segment, chain, false };
}

enum err
log_insert(struct replica *r, const struct log_row *row, struct fail *f)
{
	struct stmt *s;
	enum err e;

	e = db_stmt(&s, r->db,
	    "INSERT INTO _segment (no, cpt, author, chain, seq, position,"
	    " kind, state, id, deps, bytes, at_ms, prev)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, row->no);
	stmt_int(s, 2, row->cpt);
	stmt_int(s, 3, row->author);
	stmt_int(s, 4, row->chain);
	stmt_int(s, 5, (int64_t)row->seq);
	stmt_int(s, 6, (int64_t)row->position);
	stmt_int(s, 7, (int64_t)row->kind);
	stmt_int(s, 8, (int64_t)row->state);
	if (row->id != NULL)
		stmt_blob(s, 9, row->id->b, sizeof(row->id->b));
	if (row->deps != NULL)
		stmt_blob(s, 10, row->deps->p, row->deps->n);
	stmt_blob(s, 11, row->bytes, row->n);
	stmt_int(s, 12, env_wall_ms(r->env));
	if (row->state > STATE_CLOSED)
		stmt_int(s, 13, row->prev);
	return stmt_run(s, f);
}

static enum err
not_a_member(struct fail *f)
{
	return fail_set(f, ERR_DENIED,
	    "this replica has not joined a network yet: use footbridge init"
	    " or footbridge join");
}

/* Must a new segment of this chain name this end? */
static bool
must_name(const struct compartment_end *end, int chain)
{
	return chain == CHAIN_CONTROL ? end->chain == CHAIN_CONTROL
				      : !end->covered;
}

/* The ends that a new segment of this chain depends on, as segment numbers, at
 * most LIMIT_DEPS: it covers them. */
static void
name_ends(struct buf *b, struct compartment *c, int chain)
{
	size_t count = 0;

	for (size_t i = 0; i < c->end_count && count < LIMIT_DEPS;) {
		size_t before = c->end_count;

		if (!must_name(&c->ends[i], chain)) {
			i++;
			continue;
		}
		count++;
		buf_uint(b, (uint64_t)c->ends[i].segment);
		log_end_covered(c, c->ends[i].segment, chain);
		if (c->end_count == before)
			i++; /* a control end stays, covered */
	}
}

static size_t
ends_to_name(const struct compartment *c, int chain)
{
	size_t count = 0;

	for (size_t i = 0; i < c->end_count; i++)
		count += must_name(&c->ends[i], chain) ? 1 : 0;
	return count;
}

static enum err
insert_unsealed(struct replica *r, struct compartment *c, int64_t *no,
    enum segment_kind kind, enum segment_state state, const uint8_t *bytes,
    size_t n, struct fail *f)
{
	struct buf deps = { .limit = 4096 };
	int chain = segment_chain(kind);
	struct log_row row = {
		.no = r->next_segment,
		.cpt = c->no,
		.author = r->own_author,
		.chain = chain,
		.kind = kind,
		.state = state,
		.deps = &deps,
		.bytes = bytes,
		.n = n,
	};
	enum err e;

	if (segment_chain_depends(chain))
		name_ends(&deps, c, chain);
	e = deps.err == OK ? log_insert(r, &row, f)
			   : fail_set(f, deps.err, "%s", err_text(deps.err));
	buf_release(&deps);
	if (e != OK)
		return e;
	if (segment_chain_depends(chain))
		log_end_added(c, row.no, chain);
	*no = r->next_segment++;
	return OK;
}

/*
 * A new unsealed segment that knows everything applied here. A header has room
 * for LIMIT_DEPS ends: where there are more, segments without operations join
 * them first. (Control that leaves some out only says less than it could.)
 */
static enum err
begin_segment(struct replica *r, struct compartment *c, int64_t *no,
    enum segment_kind kind, enum segment_state state, const uint8_t *bytes,
    size_t n, struct fail *f)
{
	enum err e = OK;

	if (r->own_author == 0)
		return not_a_member(f);
	while (e == OK && segment_chain(kind) == CHAIN_DATA &&
	    ends_to_name(c, CHAIN_DATA) > LIMIT_DEPS)
		e = insert_unsealed(r, c, no, SEGMENT_DATA, STATE_CLOSED, NULL,
		    0, f);
	return e == OK ? insert_unsealed(r, c, no, kind, state, bytes, n, f)
		       : e;
}

enum err
log_close_open(struct replica *r, struct compartment *c, struct fail *f)
{
	struct stmt *s;
	enum err e;

	if (c->open_no == 0)
		return OK;
	e = db_stmt(&s, r->db, "UPDATE _segment SET state = ?2 WHERE no = ?1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, c->open_no);
	stmt_int(s, 2, STATE_CLOSED);
	e = stmt_run(s, f);
	if (e == OK) {
		c->open_no = 0;
		c->changed = true;
	}
	return e;
}

/* Bytes of an open segment so far. */
static enum err
open_size(struct replica *r, int64_t segment, uint64_t *size, struct fail *f)
{
	uint64_t added = 0;
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT length(bytes) FROM _segment WHERE no = ?1", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, segment);
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		*size = (uint64_t)stmt_col_int(s, 0);
	stmt_reset(s);
	if (e == OK && !row)
		e = fail_set(f, ERR_CORRUPT,
		    "open segment %lld is missing: run footbridge rebuild",
		    (long long)segment);
	if (e == OK)
		e = log_open_bytes(r, &added, segment, f);
	*size += added;
	return e;
}

/* Add to the open segment; *full when it had no room and was closed. */
static enum err
extend_open(struct replica *r, struct compartment *c, bool *full,
    const struct buf *loose, struct fail *f)
{
	uint64_t size = 0;
	enum err e;

	*full = false;
	e = open_size(r, c->open_no, &size, f);
	if (e != OK)
		return e;
	if (size + loose->n > LIMIT_OPEN_BYTES) {
		*full = true;
		return log_close_open(r, c, f);
	}
	return log_open_add(r, c->open_no, loose->p, loose->n, f);
}

enum err
log_loose(struct replica *r, struct buf *out, int64_t segment,
    const uint8_t *first, size_t n, struct fail *f)
{
	buf_put(out, first, n);
	return log_open_put(r, out, segment, f);
}

enum err
log_pack(struct replica *r, struct buf *payload, int64_t segment,
    const uint8_t *first, size_t n, struct fail *f)
{
	struct buf loose = { .limit = LIMIT_PAYLOAD_BYTES };
	enum err e = log_loose(r, &loose, segment, first, n, f);

	if (e == OK)
		e = op_pack(payload, loose.p, loose.n);
	if (e == ERR_NOMEM)
		e = fail_code(f, e);
	else if (e != OK)
		e = fail_set(f, e,
		    "own unsealed work of segment %lld is damaged",
		    (long long)segment);
	buf_release(&loose);
	return e;
}

enum err
log_append(struct replica *r, struct compartment *c, int64_t *segment,
    const struct op *op, struct fail *f)
{
	struct buf loose = { .limit = LIMIT_PAYLOAD_BYTES / 2 };
	bool full = true;
	enum err e = OK;

	op_encode(&loose, op);
	if (loose.err != OK)
		e = fail_set(f, loose.err, "the record is too large: %s",
		    err_text(loose.err));
	if (e == OK && c->open_no != 0)
		e = extend_open(r, c, &full, &loose, f);
	if (e == OK && full) {
		e = begin_segment(r, c, &c->open_no, SEGMENT_DATA, STATE_OPEN,
		    loose.p, loose.n, f);
		c->changed = true;
	}
	if (e == OK)
		*segment = c->open_no;
	buf_release(&loose);
	return e;
}

enum err
log_append_control(struct replica *r, struct compartment *c, int64_t *segment,
    enum segment_kind kind, const uint8_t *body, size_t n, struct fail *f)
{
	assert(segment_chain(kind) == CHAIN_CONTROL);
	return begin_segment(r, c, segment, kind, STATE_CLOSED, body, n, f);
}

enum err
log_append_beside(struct replica *r, struct compartment *c, int64_t *segment,
    enum segment_kind kind, const uint8_t *body, size_t n, struct fail *f)
{
	assert(!segment_chain_depends(segment_chain(kind)));
	return begin_segment(r, c, segment, kind, STATE_CLOSED, body, n, f);
}

enum err
log_bytes(struct replica *r, struct buf *out, int64_t segment, struct fail *f)
{
	const uint8_t *p;
	struct stmt *s;
	bool row;
	size_t n;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT bytes FROM _segment WHERE no = ?1 AND state > 2", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, segment);
	e = stmt_step(s, &row, f);
	if (e != OK || !row)
		return e != OK ? e : ERR_NOTFOUND;
	p = stmt_col_blob(s, 0, &n);
	buf_put(out, p, n);
	stmt_reset(s);
	return out->err == OK ? OK
			      : fail_set(f, out->err, "%s", err_text(out->err));
}
