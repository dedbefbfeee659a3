/* One row a node, begun anew with the first segment of another day. */
#include "sync/room.h"

#include "sync/replica_i.h"

/* Of the day's room, in eighths, what each lane may fill. */
static const uint64_t lane_share[LANE_COUNT] = {
	[LANE_URGENT] = 8,
	[LANE_NORMAL] = 7,
	[LANE_BULK] = 4,
};

static int64_t
second_now(const struct replica *r)
{
	int64_t ms = env_wall_ms(r->env);

	return ms / 1000 - (ms % 1000 < 0 ? 1 : 0);
}

static int64_t
second_of_day(const struct replica *r)
{
	int64_t s = second_now(r) % ROOM_DAY_S;

	return s < 0 ? s + ROOM_DAY_S : s;
}

static int64_t
today(const struct replica *r)
{
	return (second_now(r) - second_of_day(r)) / ROOM_DAY_S;
}

int64_t
room_again_s(const struct replica *r)
{
	return ROOM_DAY_S - second_of_day(r);
}

bool
room_counts(struct replica *r, const struct node_id *node,
    const struct compartment *c)
{
	const struct member_node *own =
	    members_node(r->members, &r->identity.node);
	const struct member_node *author = members_node(r->members, node);

	if (own == NULL || (own->roles & MEMBER_RELAY) == 0)
		return false;
	if (c != NULL && c->has_subject)
		return false;
	return author == NULL ||
	    !id_equal(&author->agency, &r->identity.agency);
}

static bool
fits(uint64_t used, uint64_t more, uint64_t bound, enum lane lane)
{
	uint64_t share =
	    bound / 8 * lane_share[lane] + bound % 8 * lane_share[lane] / 8;

	return bound == UINT64_MAX || (used <= share && more <= share - used);
}

enum err
room_has(struct replica *r, bool *yes, const struct node_id *node,
    enum lane lane, size_t n, struct fail *f)
{
	int64_t bytes = 0, segments = 0;
	bool row = false;
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "SELECT bytes, segments FROM _room WHERE node = ?1 AND day = ?2",
	    f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, node->b, sizeof(node->b));
	stmt_int(s, 2, today(r));
	e = stmt_step(s, &row, f);
	if (e == OK && row) {
		bytes = stmt_col_int(s, 0);
		segments = stmt_col_int(s, 1);
	}
	stmt_reset(s);
	*yes = fits((uint64_t)bytes, n, r->bounds.room_bytes, lane) &&
	    fits((uint64_t)segments, 1, r->bounds.room_segments, lane);
	return e;
}

/* Count so much more of a node, today. */
static enum err
add(struct replica *r, const struct node_id *node, size_t bytes, int segments,
    int refused, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "INSERT INTO _room (node, day, bytes, segments, refused)"
	    " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (node) DO UPDATE SET"
	    " bytes = ?3 + CASE WHEN day = ?2 THEN bytes ELSE 0 END,"
	    " segments = ?4 + CASE WHEN day = ?2 THEN segments ELSE 0 END,"
	    " refused = ?5 + CASE WHEN day = ?2 THEN refused ELSE 0 END,"
	    " day = ?2",
	    f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, node->b, sizeof(node->b));
	stmt_int(s, 2, today(r));
	stmt_int(s, 3, (int64_t)bytes);
	stmt_int(s, 4, segments);
	stmt_int(s, 5, refused);
	return stmt_run(s, f);
}

enum err
room_take(struct replica *r, const struct node_id *node, size_t n,
    struct fail *f)
{
	return add(r, node, n, 1, 0, f);
}

enum err
room_refused(struct replica *r, const struct node_id *node, struct fail *f)
{
	return add(r, node, 0, 0, 1, f);
}

enum err
room_full_count(struct replica *r, int64_t *count, struct fail *f)
{
	bool row = false;
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "SELECT count(*) FROM _room WHERE day = ?1 AND refused > 0", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, today(r));
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		*count = stmt_col_int(s, 0);
	stmt_reset(s);
	return e;
}
