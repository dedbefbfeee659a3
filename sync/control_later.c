/*
 * Where a compartment has much control, what comes is settled together, before
 * the transaction ends: settling reads all of it, and a flood that is settled
 * segment by segment would cost its square. Until then a segment is as if it had
 * not come, which no order of arrival can tell from its coming later.
 */
#include "sync/control.h"
#include "sync/replica_i.h"

/* Below this settling costs less than a millisecond. */
#define MANY 256

static enum err
is_many(struct replica *r, int64_t cpt, bool *many, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e;

	*many = false;
	e = db_stmt(&s, r->db,
	    "SELECT count(*) FROM (SELECT 1 FROM _segment WHERE cpt = ?1"
	    " AND chain = ?2 LIMIT ?3)",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, CHAIN_CONTROL);
	stmt_int(s, 3, MANY);
	e = stmt_step(s, &row, f);
	*many = e == OK && row && stmt_col_int(s, 0) == MANY;
	stmt_reset(s);
	return e;
}

static bool
is_listed(const struct buf *list, int64_t no)
{
	for (size_t at = 0; at < list->n; at += sizeof(no))
		if (memcmp(list->p + at, &no, sizeof(no)) == 0)
			return true;
	return false;
}

enum err
control_later(struct replica *r, const struct compartment *c, bool *later,
    struct fail *f)
{
	enum err e = OK;

	*later = is_listed(&r->unsettled, c->no);
	if (!*later) {
		e = is_many(r, c->no, later, f);
		if (e == OK && *later)
			e = control_list(r, c, f);
	}
	return e;
}

enum err
control_list(struct replica *r, const struct compartment *c, struct fail *f)
{
	if (!is_listed(&r->unsettled, c->no))
		buf_put(&r->unsettled, &c->no, sizeof(c->no));
	return r->unsettled.err != OK ? fail_code(f, r->unsettled.err) : OK;
}

enum err
control_settle_listed(struct replica *r, struct fail *f)
{
	struct compartment *c;
	enum err e = OK;

	while (e == OK && r->unsettled.n > 0) {
		int64_t no;

		/* taken off first: what follows may put others on */
		r->unsettled.n -= sizeof(no);
		memcpy(&no, r->unsettled.p + r->unsettled.n, sizeof(no));
		e = compartment_get(r, &c, no, f);
		if (e == OK)
			e = control_apply(r, c, f);
	}
	return e;
}
