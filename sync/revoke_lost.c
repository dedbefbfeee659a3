/* What was readable on a node, from the grants that it was ever given. */
#include "sync/lane.h"
#include "sync/replica_i.h"
#include "sync/revoke.h"

/* Its own grants, and its agency's where it was a registrar. An entry that a
 * removal took back is found by what it ended. */
static const char lost_sql[] =
    "SELECT c.subject, c.category, c.owner, MIN(g.recipient_kind),"
    " MIN(g.at_ms), MAX(g.rights > 0 AND g.ended = 0), c.no, MAX(g.segment)"
    " FROM _grant g JOIN _compartment c ON c.no = g.cpt"
    " WHERE (g.recipient = ?1 OR (?3 = 1 AND g.recipient = ?2))"
    " AND (g.rights > 0 OR g.ended = 1)"
    " GROUP BY c.no ORDER BY c.owner, c.category, c.subject, c.no";

/* The first key since then that it was not given; nobody made one yet: the first
 * removal. */
static const char taken_sql[] =
    "SELECT COALESCE((SELECT MIN(x.at_ms) FROM _grant x WHERE x.cpt = ?4"
    " AND x.ever > 0 AND x.segment > ?5 AND NOT EXISTS (SELECT 1 FROM _grant g"
    " WHERE g.cpt = ?4 AND g.key_id = x.key_id AND (g.recipient = ?1"
    " OR (?3 = 1 AND g.recipient = ?2)))),"
    " (SELECT MIN(s.at_ms) FROM _segment s WHERE s.cpt = ?4 AND s.kind = 2"
    " AND s.no > ?5), 0)";

static enum err
taken_when(struct replica *r, int64_t *at_ms, const struct member_node *n,
    int64_t cpt, int64_t last, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db, taken_sql, f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, n->id.b, ID_BYTES);
	stmt_blob(s, 2, n->agency.b, ID_BYTES);
	stmt_int(s, 3, (n->ever_roles & MEMBER_REGISTRAR) != 0);
	stmt_int(s, 4, cpt);
	stmt_int(s, 5, last);
	e = stmt_step(s, &row, f);
	*at_ms = e == OK && row ? stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return e;
}

enum err
revoke_lost_each(struct replica *r, const struct node_id *node,
    revoke_lost_fn each, void *context, struct fail *f)
{
	const struct member_node *n = members_node(r->members, node);
	struct stmt *s;
	bool row = false;
	enum err e;

	if (n == NULL)
		return fail_set(f, ERR_NOTFOUND, "lost: no such node");
	if ((e = db_stmt(&s, r->db, lost_sql, f)) != OK)
		return e;
	stmt_blob(s, 1, node->b, ID_BYTES);
	stmt_blob(s, 2, n->agency.b, ID_BYTES);
	stmt_int(s, 3, (n->ever_roles & MEMBER_REGISTRAR) != 0);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		struct revoke_lost l = { .category = "" };
		struct agency_id owner;

		l.has_subject = !stmt_col_null(s, 1) &&
		    stmt_col_copy(s, 0, l.subject.b, ID_BYTES);
		if (l.has_subject)
			l.category = stmt_col_text(s, 1);
		if (stmt_col_copy(s, 2, owner.b, ID_BYTES))
			l.owner = members_agency(r->members, &owner);
		l.by_agency = stmt_col_int(s, 3) == 0;
		l.since_ms = stmt_col_int(s, 4);
		l.still = stmt_col_int(s, 5) > 0;
		if (!l.still &&
		    (e = taken_when(r, &l.taken_ms, n, stmt_col_int(s, 6),
			 stmt_col_int(s, 7), f)) != OK)
			break;
		each(context, &l);
	}
	stmt_reset(s);
	return e;
}

enum err
revoke_last_heard(struct replica *r, int64_t *at_ms, const struct node_id *node,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	int64_t served_ms = 0;
	enum err e = db_stmt(&s, r->db,
	    "SELECT max(s.at_ms) FROM _segment s JOIN _author a"
	    " ON a.no = s.author WHERE a.node = ?1",
	    f);

	*at_ms = 0;
	if (e != OK)
		return e;
	stmt_blob(s, 1, node->b, ID_BYTES);
	e = stmt_step(s, &row, f);
	if (e == OK && row && !stmt_col_null(s, 0))
		*at_ms = stmt_col_int(s, 0);
	stmt_reset(s);
	/* it may have been served and have written nothing */
	if (e == OK)
		e = lane_peer_served(r, &served_ms, node, f);
	if (e == OK && served_ms > *at_ms)
		*at_ms = served_ms;
	return e;
}
