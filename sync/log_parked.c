/*
 * Segments that could not be verified when they came: their author or their
 * predecessor was unknown. Tried again in the order of the author's chains, so
 * that one pass places all that can be placed, however they had arrived.
 */
#include <stdlib.h>

#include "sync/log_i.h"

struct parked {
	int64_t no;
	uint64_t seq;
};

static int
by_seq(const void *x, const void *y)
{
	const struct parked *a = x, *b = y;

	if (a->seq != b->seq)
		return a->seq < b->seq ? -1 : 1;
	return a->no < b->no ? -1 : a->no > b->no;
}

/* *list: malloc'ed, by seq; compartments and chains may be mixed. */
static enum err
list_parked(struct replica *r, const struct author_tag *author,
    struct parked **list, size_t *count, struct fail *f)
{
	struct segment view;
	struct stmt *s;
	bool row;
	enum err e;

	*count = 0;
	/* the quota bounds it */
	*list = calloc((size_t)r->parked + 1, sizeof(**list));
	if (*list == NULL)
		return fail_set(f, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	e = db_stmt(&s, r->db,
	    "SELECT no, bytes FROM _parked WHERE author = ?1", f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, author->b, sizeof(author->b));
	while ((e = stmt_step(s, &row, f)) == OK && row &&
	    *count < (size_t)r->parked) {
		struct parked *p = &(*list)[(*count)++];
		const uint8_t *bytes;
		size_t n;

		p->no = stmt_col_int(s, 0);
		bytes = stmt_col_blob(s, 1, &n);
		/* it parsed when it was parked */
		p->seq = segment_parse(&view, bytes, n, NULL) == OK
		    ? view.header.seq
		    : UINT64_MAX;
	}
	stmt_reset(s);
	qsort(*list, *count, sizeof(**list), by_seq);
	return e;
}

static enum err
unpark(struct replica *r, int64_t no, struct buf *bytes, struct node_id *peer,
    struct fail *f)
{
	const uint8_t *p;
	struct stmt *s;
	bool row;
	size_t n;
	enum err e;

	buf_reset(bytes);
	e = db_stmt(&s, r->db, "SELECT peer, bytes FROM _parked WHERE no = ?1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	e = stmt_step(s, &row, f);
	if (e != OK || !row)
		return e;
	(void)stmt_col_copy(s, 0, peer->b, sizeof(peer->b));
	p = stmt_col_blob(s, 1, &n);
	buf_put(bytes, p, n);
	stmt_reset(s);
	if (bytes->err != OK)
		return fail_set(f, bytes->err, "%s", err_text(bytes->err));
	e = db_stmt(&s, r->db, "DELETE FROM _parked WHERE no = ?1", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	e = stmt_run(s, f);
	if (e == OK)
		r->parked--;
	return e;
}

enum err
log_retry_parked(struct replica *r, const struct author_tag *author,
    struct fail *f)
{
	struct buf bytes = { .limit = LIMIT_SEGMENT_BYTES };
	struct parked *list = NULL;
	struct node_id peer;
	size_t count = 0;
	bool own;
	enum err e;

	if (r->parked == 0)
		return OK;
	e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	e = list_parked(r, author, &list, &count, f);
	for (size_t i = 0; e == OK && i < count; i++) {
		e = unpark(r, list[i].no, &bytes, &peer, f);
		if (e == OK && bytes.n > 0)
			e = log_take_again(r, bytes.p, bytes.n, &peer, f);
	}
	free(list);
	buf_release(&bytes);
	return replica_leave(r, own, e, f);
}
