/* The row's clock says in which segment it was made; the queues, who lacks that. */
#include "sync/delivered.h"

#include "sync/clock.h"
#include "sync/db.h"
#include "sync/given_i.h"
#include "sync/lane_i.h"
#include "sync/replica_i.h"

const char *
delivered_word(enum delivered state)
{
	switch (state) {
	case DELIVERED_CLOSED:
		return "closed";
	case DELIVERED_QUEUED:
		return "queued";
	case DELIVERED_RELAY:
		return "relay";
	case DELIVERED_THERE:
		break;
	}
	return "there";
}

/* The first segment that has anything of the row; 0: none. */
static int64_t
made_in(const struct read_row *row)
{
	struct clock_reader c;

	clock_reader_init(&c, row->clock, row->clock_n);
	return clock_reader_next(&c) ? c.segment : 0;
}

static enum err
one_yes(bool *yes, struct stmt *s, struct fail *f)
{
	enum err e = stmt_step(s, yes, f);

	stmt_reset(s);
	return e;
}

static enum err
is_open_to(bool *yes, struct replica *r, int64_t cpt,
    const struct agency_id *to, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "SELECT 1 FROM _grant WHERE cpt = ?1 AND recipient_kind = 0"
	    " AND recipient = ?2 AND rights > 0 LIMIT 1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_blob(s, 2, to->b, ID_BYTES);
	return one_yes(yes, s, f);
}

static enum err
is_sealed(bool *yes, struct replica *r, int64_t segment, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "SELECT 1 FROM _segment WHERE no = ?1 AND state > 2", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, segment);
	return one_yes(yes, s, f);
}

/* Peers that the compartment is routed to whole, and that signed for this segment. */
static const char has_sql[] =
    "SELECT p.node FROM _route t JOIN _peer p ON p.no = t.peer"
    " WHERE t.cpt = ?1 AND (t.entitled = ?3"
    "  OR (t.entitled > 0 AND t.reach >= ?2))"
    " AND NOT EXISTS (SELECT 1 FROM _queue q"
    "  JOIN _lane l ON l.peer = q.peer AND l.lane = q.lane"
    "  WHERE q.peer = p.no AND q.what = 1 AND q.ref = ?2"
    "  AND q.position > l.acked)"
    " AND NOT EXISTS (SELECT 1 FROM _aside a"
    "  WHERE a.peer = p.no AND a.segment = ?2)";

static enum err
find_holder(struct delivery *out, struct replica *r, int64_t cpt,
    int64_t segment, const struct agency_id *to, struct fail *f)
{
	const struct member_node *n;
	struct node_id id;
	struct stmt *s;
	bool row = false, relay;
	enum err e = db_stmt(&s, r->db, has_sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, segment);
	stmt_int(s, 3, ROUTE_OPEN);
	while (out->state != DELIVERED_THERE &&
	    (e = stmt_step(s, &row, f)) == OK && row) {
		if (!stmt_col_copy(s, 0, id.b, sizeof(id.b)))
			continue;
		n = members_node(r->members, &id);
		if (n == NULL || !given_is_for(r, n, to, &relay))
			continue;
		out->state = relay ? DELIVERED_RELAY : DELIVERED_THERE;
		out->by = id;
	}
	stmt_reset(s);
	return e;
}

enum err
delivered_to(struct replica *r, struct delivery *out,
    const struct read_row *row, const struct agency_id *to, struct fail *f)
{
	int64_t segment = made_in(row);
	bool open = false, sealed = false;
	enum err e = is_open_to(&open, r, row->cpt, to, f);

	if (e == OK)
		e = is_sealed(&sealed, r, segment, f);
	*out = (struct delivery){ .state = !open ? DELIVERED_CLOSED
						 : DELIVERED_QUEUED };
	if (e == OK && open && sealed)
		e = find_holder(out, r, row->cpt, segment, to, f);
	return e;
}
