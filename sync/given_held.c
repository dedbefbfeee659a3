/* Who holds how much of a compartment, from the queues. */
#include "sync/given_i.h"

#include <string.h>

#include "sync/db.h"
#include "sync/lane_i.h"
#include "sync/replica_i.h"

/* The first segment of a compartment that a peer lacks. */
struct wait {
	int64_t peer, cpt, chain, no;
};

/* What is behind an acknowledged snapshot was told by that. */
static const char queued_sql[] =
    "SELECT q.peer, s.cpt, s.chain, MIN(s.no) FROM _queue q"
    " JOIN _lane l ON l.peer = q.peer AND l.lane = q.lane"
    " JOIN _segment s ON s.no = q.ref"
    " JOIN _due d ON d.cpt = s.cpt"
    " LEFT JOIN _route t ON t.cpt = s.cpt AND t.peer = q.peer"
    " WHERE q.what = 1 AND q.position > l.acked AND s.chain IN (1, 3)"
    " AND NOT (s.chain = 1 AND q.lane = 2"
    "  AND q.position <= COALESCE(t.behind, 0) AND NOT EXISTS"
    "  (SELECT 1 FROM _snapshot_out o JOIN _queue k ON k.peer = q.peer"
    "   AND k.lane = 1 AND k.what = 2 AND k.ref = o.no"
    "   JOIN _lane m ON m.peer = k.peer AND m.lane = k.lane"
    "   WHERE o.cpt = s.cpt AND k.position > m.acked))"
    " GROUP BY q.peer, s.cpt, s.chain";
static const char aside_sql[] =
    "SELECT a.peer, s.cpt, s.chain, MIN(s.no) FROM _aside a"
    " JOIN _segment s ON s.no = a.segment"
    " JOIN _due d ON d.cpt = s.cpt WHERE s.chain IN (1, 3)"
    " GROUP BY a.peer, s.cpt, s.chain";

static enum err
load(struct given_waiting *w, struct replica *r, const char *sql,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db, sql, f);

	if (e != OK)
		return e;
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		struct wait x = { stmt_col_int(s, 0), stmt_col_int(s, 1),
			stmt_col_int(s, 2), stmt_col_int(s, 3) };

		buf_put(&w->list, &x, sizeof(x));
	}
	stmt_reset(s);
	if (e == OK && w->list.err != OK)
		e = fail_set(f, w->list.err, "what waits for peers: %s",
		    err_text(w->list.err));
	return e;
}

enum err
given_waiting_load(struct given_waiting *w, struct replica *r,
    const struct node_id *stick, struct fail *f)
{
	enum err e = OK;

	*w = (struct given_waiting){ 0 };
	if (stick != NULL)
		e = lane_peer_find(r, &w->stick, stick, f);
	if (e == OK)
		e = load(w, r, queued_sql, f);
	return e == OK ? load(w, r, aside_sql, f) : e;
}

void
given_waiting_release(struct given_waiting *w)
{
	buf_release(&w->list);
}

/* Not beyond what it lacks. */
static void
cut(struct given_held *h, const struct given_waiting *w, int64_t peer,
    int64_t cpt)
{
	struct wait x;

	for (size_t k = 0; k < w->list.n / sizeof(x); k++) {
		int64_t *reach;

		memcpy(&x, w->list.p + k * sizeof(x), sizeof(x));
		if (x.peer != peer || x.cpt != cpt)
			continue;
		reach = &h->reach[x.chain == CHAIN_DATA ? GIVEN_RECORDS
							: GIVEN_PARTS];
		if (x.no - 1 < *reach)
			*reach = x.no - 1;
	}
}

enum err
given_held(struct replica *r, struct buf *out, const struct given_waiting *w,
    int64_t cpt, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT t.peer, p.node, t.entitled, t.reach FROM _route t"
	    " JOIN _peer p ON p.no = t.peer"
	    " WHERE t.cpt = ?1 AND t.entitled > 0",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		int64_t peer = stmt_col_int(s, 0);
		bool open = stmt_col_int(s, 2) == ROUTE_OPEN;
		struct given_held h = { 0 };
		struct node_id id;

		for (size_t k = 0; k < GIVEN_CHAINS; k++)
			h.reach[k] = open ? INT64_MAX : stmt_col_int(s, 3);
		if (stmt_col_copy(s, 1, id.b, sizeof(id.b)))
			h.node = members_node(r->members, &id);
		if (h.node == NULL)
			continue;
		if (w->stick == 0 || peer != w->stick)
			cut(&h, w, peer, cpt);
		buf_put(out, &h, sizeof(h));
	}
	stmt_reset(s);
	if (e == OK && out->err != OK)
		e = fail_set(f, out->err, "who holds it: %s",
		    err_text(out->err));
	return e;
}

bool
given_is_for(struct replica *r, const struct member_node *node,
    const struct agency_id *agency, bool *relay)
{
	*relay = false;
	if (id_equal(&node->agency, agency))
		return true;
	if ((node->roles & MEMBER_RELAY) == 0)
		return false;
	*relay = true;
	for (size_t k = 0; k < members_node_count(r->members); k++) {
		const struct member_node *n = members_node_at(r->members, k);

		for (size_t v = 0;
		     id_equal(&n->agency, agency) && v < n->via_count; v++)
			if (id_equal(&n->via[v], &node->id))
				return true;
	}
	return false;
}
