/* The bulk lane on metered links. */
#include "sync/lane.h"

#include <string.h>

#include "sync/db.h"

/* Who asks for documents and was not heard of for so long asks no more. */
#define ASKING_MS (7LL * 24 * 60 * 60 * 1000)

#define SAID_REFUSED 1
#define SAID_WANTED 2

static enum err
set_column(struct replica *r, const char *sql, int64_t peer, int64_t value,
    struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, value);
	return stmt_run(s, f);
}

enum err
lane_bulk_set(struct replica *r, const struct node_id *node,
    enum lane_bulk_rule rule, struct fail *f)
{
	int64_t peer = 0;
	enum err e = lane_peer_find(r, &peer, node, f);

	return e == OK
	    ? set_column(r, "UPDATE _peer SET bulk = ?2 WHERE no = ?1", peer,
		  (int64_t)rule, f)
	    : e;
}

/* Does a peer other than this one wait for a document? Only who is no relay:
 * what relays ask is for others, and would go round among them. */
static enum err
asked_by_others(struct replica *r, bool *asked, int64_t peer, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT node FROM _peer WHERE their_bulk = 2 AND no <> ?1 AND"
	    " last_ok_ms > ?2",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, env_wall_ms(replica_env(r)) - ASKING_MS);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		const struct member_node *node;
		struct node_id id;

		if (!stmt_col_copy(s, 0, id.b, sizeof(id.b)))
			continue;
		node = members_node(replica_members(r), &id);
		if (node != NULL && (node->roles & MEMBER_RELAY) == 0)
			*asked = true;
	}
	stmt_reset(s);
	return e;
}

enum err
lane_bulk(struct replica *r, struct lane_bulk *out, int64_t peer,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT bulk, budget, their_bulk, EXISTS (SELECT 1 FROM _asked)"
	    " OR EXISTS (SELECT 1 FROM _snapshot_in)"
	    " FROM _peer WHERE no = ?1",
	    f);

	*out = (struct lane_bulk){ .metered = false };
	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	e = stmt_step(s, &row, f);
	if (e == OK && row) {
		int64_t rule = stmt_col_int(s, 0), said = stmt_col_int(s, 2);

		out->metered = rule == LANE_BULK_ASKED ||
		    (rule == LANE_BULK_BUDGET && stmt_col_int(s, 1) > 0);
		out->refused = said == SAID_REFUSED;
		out->wanted = said == SAID_WANTED;
		out->asked = stmt_col_int(s, 3) != 0;
	}
	stmt_reset(s);
	return e == OK && !out->asked ? asked_by_others(r, &out->asked, peer, f)
				      : e;
}

enum err
lane_bulk_said(struct replica *r, int64_t peer, bool refused, bool wanted,
    struct fail *f)
{
	/* most messages say what the one before said */
	return set_column(r,
	    "UPDATE _peer SET their_bulk = ?2 WHERE no = ?1 AND"
	    " their_bulk <> ?2",
	    peer,
	    refused      ? SAID_REFUSED
		: wanted ? SAID_WANTED
			 : 0,
	    f);
}

bool
lane_bulk_rests(const struct lane_bulk *b)
{
	return b->refused || (b->metered && !b->wanted);
}
