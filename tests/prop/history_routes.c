/*
 * Whom a machine would send what it has: peers that were never met but are routed
 * to, against who holds by the oracle. Nothing is ever sent on these queues, so each
 * says all that was decided. Who obeys an order tells others of it than holders.
 */
#include <string.h>

#include "sync/lane.h"
#include "tests/prop/history_i.h"
#include "tests/prop/judge_i.h"
#include "tests/prop/oracle.h"

void
history_know_peers(struct history *h, unsigned n)
{
	struct replica *r = world_replica(&h->w, n);
	struct fail f = { 0 };

	world_must(replica_begin(r, &f), &f, "begin");
	for (unsigned p = WORLD_FIELD; p < WORLD_NODES; p++) {
		const struct node_id id = world_node_id(p);
		int64_t peer;

		if (p != h->w.node[n].self)
			world_must(lane_peer(r, &peer, &id, &f), &f, "a peer");
	}
	world_must(replica_commit(r, &f), &f, "commit");
}

static int64_t
number(struct history *h, unsigned n, const char *sql, int64_t cpt,
    int64_t peer)
{
	struct fail f = { 0 };
	struct stmt *s;
	int64_t value;
	bool row;

	world_must(db_stmt(&s, replica_db(world_replica(&h->w, n)), sql, &f),
	    &f, sql);
	stmt_int(s, 1, cpt);
	if (peer != 0)
		stmt_int(s, 2, peer);
	world_must(stmt_step(s, &row, &f), &f, sql);
	value = stmt_col_int(s, 0);
	stmt_reset(s);
	return value;
}

static bool
is_holder(const struct oracle *o, unsigned p)
{
	struct control_who node = { .kind = GRANT_NODE };
	struct control_who agency = { .kind = GRANT_AGENCY };
	const struct node_id id = world_node_id(p);

	memcpy(node.id, id.b, ID_BYTES);
	memcpy(agency.id, world_agency(p)->b, ID_BYTES);
	/* an agency's key is for its registrars */
	return oracle_holds(o, &node) ||
	    (p != WORLD_FIELD && oracle_holds(o, &agency));
}

static const char *
judge_route(struct history *h, unsigned n, unsigned p, const struct oracle *o)
{
	struct replica *r = world_replica(&h->w, n);
	const int64_t cpt = world_compartment(&h->w, n)->no;
	const struct node_id id = world_node_id(p);
	int64_t peer, queued, all;

	if (members_revocation(replica_members(r), &id) != NULL ||
	    lane_peer_find(r, &peer, &id, NULL) != OK)
		return NULL;
	h->counts->routes++;
	queued = number(h, n,
	    "SELECT count(DISTINCT q.ref) FROM _queue q JOIN _segment s"
	    " ON s.no = q.ref WHERE s.cpt = ?1 AND s.chain = 1 AND q.peer = ?2"
	    " AND q.what = 1",
	    cpt, peer);
	all = number(h, n,
	    "SELECT count(*) FROM _segment WHERE cpt = ?1 AND chain = 1"
	    " AND state > 2",
	    cpt, 0);
	if (queued == (is_holder(o, p) ? all : 0))
		return NULL;
	return judge_differ("would send node %u, which is %s, %d of %d"
			    " segments",
	    p, is_holder(o, p) ? "a holder" : "none", (int)queued, (int)all);
}

const char *
history_judge_routes(struct history *h, unsigned n)
{
	const struct world_node *node = &h->w.node[n];
	const struct compartment *c = world_compartment(&h->w, n);
	const char *wrong = NULL;
	struct oracle *o;

	if (c == NULL || node->shredded)
		return NULL;
	o = oracle_new(&h->w, n);
	/* what is not sealed yet is not in the pool */
	for (unsigned p = WORLD_FIELD;
	     p < WORLD_NODES && wrong == NULL && !oracle_lags(o, c); p++)
		wrong = judge_route(h, n, p, o);
	oracle_free(o);
	return wrong;
}
