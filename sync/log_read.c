/*
 * Operations read back from the log: for history, conflicts and whoever shows
 * what was written.
 */
#include <sodium.h>

#include "sync/grant.h"
#include "sync/log_i.h"
#include "sync/read_i.h"

enum err
log_payload(struct replica *r, struct buf *payload, int64_t segment,
    struct fail *f)
{
	struct segment view;
	const uint8_t *p;
	struct stmt *s;
	bool row, sealed;
	int64_t cpt;
	size_t n;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT cpt, state, bytes FROM _segment WHERE no = ?1 AND"
	    " kind = 0",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, segment);
	e = stmt_step(s, &row, f);
	if (e != OK || !row)
		return e != OK ? e : ERR_NOTFOUND;
	cpt = stmt_col_int(s, 0);
	sealed = stmt_col_int(s, 1) > STATE_CLOSED;
	p = stmt_col_blob(s, 2, &n);
	if (!sealed)
		e = log_pack(r, payload, segment, p, n, f);
	else
		e = segment_parse(&view, p, n, f);
	if (sealed && e == OK)
		e = log_open_segment(r, payload, cpt, &view, f);
	stmt_reset(s);
	return e == ERR_NOTFOUND
	    ? fail_set(f, ERR_DENIED, "no key for this segment is held here")
	    : e;
}

enum err
read_op(struct replica *r, struct buf *payload, struct op *op, int64_t segment,
    unsigned index, struct fail *f)
{
	struct op_reader reader;
	enum err e;

	buf_reset(payload);
	e = log_payload(r, payload, segment, f);
	if (e != OK)
		return e;
	op_reader_init(&reader, payload->p, payload->n);
	while (op_reader_next(&reader, op)) {
		if (reader.index == index)
			return OK;
	}
	return fail_set(f, ERR_CORRUPT,
	    "segment %lld has no operation %u: run footbridge rebuild",
	    (long long)segment, index);
}

enum err
read_segment_facts(struct replica *r, struct segment_facts *out,
    int64_t segment, struct fail *f)
{
	const struct author *a;
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT cpt, author, position, id, state FROM _segment"
	    " WHERE no = ?1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, segment);
	e = stmt_step(s, &row, f);
	if (e != OK || !row)
		return e != OK ? e : ERR_NOTFOUND;
	*out = (struct segment_facts){
		.cpt = stmt_col_int(s, 0),
		.position = (uint64_t)stmt_col_int(s, 2),
		.sealed = stmt_col_int(s, 4) > STATE_CLOSED,
	};
	a = replica_author_no(r, stmt_col_int(s, 1));
	if (a != NULL)
		out->node = a->node;
	if (out->sealed)
		(void)stmt_col_copy(s, 3, out->id.b, sizeof(out->id.b));
	stmt_reset(s);
	return OK;
}

enum err
log_open_segment(struct replica *r, struct buf *payload, int64_t cpt,
    const struct segment *s, struct fail *f)
{
	uint8_t key[SEGMENT_KEY_BYTES];
	enum err e;

	if (s->stub)
		return ERR_NOTFOUND;
	for (size_t at = 0;; at++) {
		e = grant_open_key(r, cpt, s->header.key_prefix, at, key, f);
		if (e != OK)
			break;
		e = segment_open(payload, s, key, NULL);
		if (e == ERR_NOMEM)
			(void)fail_code(f, e);
		if (e == OK || e == ERR_NOMEM)
			break;
	}
	sodium_memzero(key, sizeof(key));
	return e;
}

enum err
log_author_top(struct replica *r, const struct author_tag *author,
    uint64_t *position, struct segment_id *id, struct fail *f)
{
	const struct author *a = replica_author(r, author);

	if (a == NULL)
		return fail_set(f, ERR_NOTFOUND, "no such author is known");
	*position = a->top_position;
	*id = a->top_id;
	return OK;
}
