/* One compartment after the other; who signed for what is asked of each. */
#include "sync/compact.h"

#include <string.h>

#include "sync/grant.h"
#include "sync/lane.h"
#include "sync/receipt.h"
#include "sync/replica_i.h"

#define STEP 64 /* compartments in one transaction */
/* Nodes that keep it for ever: no laptop in the field, which is lost sooner than an
 * office's only server is rebuilt. */
#define HOLDERS_MIN 2

/* ---- does it concern us ---------------------------------------------------- */

/* Does this query with a compartment, our node and our agency have a row? */
static enum err
has_row(struct replica *r, bool *yes, const char *sql, int64_t cpt,
    struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db, sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_blob(s, 2, r->identity.node.b, ID_BYTES);
	stmt_blob(s, 3, r->identity.agency.b, ID_BYTES);
	e = stmt_step(s, yes, f);
	stmt_reset(s);
	return e;
}

/* Granted to us at any time, whether it counts or not; or keys are here. */
static enum err
is_ours(struct replica *r, bool *ours, int64_t cpt, struct fail *f)
{
	static const char granted[] =
	    "SELECT 1 FROM _grant WHERE cpt = ?1 AND (recipient = ?2"
	    " OR recipient = ?3) LIMIT 1";
	static const char keyed[] =
	    "SELECT 1 FROM _key WHERE cpt = ?1 AND ?2 <> ?3 LIMIT 1";
	enum err e = has_row(r, ours, granted, cpt, f);

	return e == OK && !*ours ? has_row(r, ours, keyed, cpt, f) : e;
}

/* ---- who signed ------------------------------------------------------------ */

/* Is one of the compartment's segments queued beyond a receipt, or waiting for
 * room? */
static enum err
is_queued(struct replica *r, bool *queued, int64_t peer, enum lane lane,
    uint64_t position, int64_t cpt, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "SELECT 1 FROM _queue q JOIN _segment s ON s.no = q.ref"
	    " WHERE q.peer = ?1 AND q.lane = ?2 AND q.position > ?3"
	    " AND q.what = 1 AND s.cpt = ?4 UNION ALL"
	    " SELECT 1 FROM _aside d JOIN _segment s ON s.no = d.segment"
	    " WHERE d.peer = ?1 AND s.cpt = ?4 LIMIT 1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, (int64_t)lane);
	stmt_int(s, 3, (int64_t)position);
	stmt_int(s, 4, cpt);
	e = stmt_step(s, queued, f);
	stmt_reset(s);
	return e;
}

/* What was acknowledged and not signed for is not in the queue any more, so
 * the receipt has to cover all that was acknowledged. */
static enum err
lane_signed(struct replica *r, bool *yes, const struct lane_state *state,
    enum lane lane, int64_t cpt, struct fail *f)
{
	struct receipt t = { 0 };
	bool queued = false;
	enum err e = receipt_held(r, &t, state->peer, lane, LANE_RECEIPT_IN, f);

	*yes = false;
	if (e != OK && e != ERR_NOTFOUND)
		return e;
	if (e == OK && memcmp(t.stream, state->stream, sizeof(t.stream)) != 0)
		t.position = 0;
	if (t.position < state->lane[lane].acked)
		return OK;
	e = is_queued(r, &queued, state->peer, lane, t.position, cpt, f);
	*yes = e == OK && !queued;
	return e;
}

static enum err
is_routed(struct replica *r, bool *routed, int64_t cpt, int64_t peer,
    struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "SELECT 1 FROM _route WHERE cpt = ?1 AND peer = ?2"
	    " AND entitled = 1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, peer);
	e = stmt_step(s, routed, f);
	stmt_reset(s);
	return e;
}

/* Has this holder signed for all of the compartment? *reach: of the last equal
 * sweep with it. */
static enum err
has_signed(struct replica *r, bool *yes, int64_t *reach, int64_t cpt,
    const struct member_node *holder, struct fail *f)
{
	struct lane_state state;
	int64_t peer = 0;
	enum err e = lane_peer_find(r, &peer, &holder->id, f);

	*yes = false;
	*reach = 0;
	if (e == ERR_NOTFOUND)
		return OK;
	if (e == OK)
		e = is_routed(r, yes, cpt, peer, f);
	if (e == OK)
		e = lane_load(r, &state, peer, f);
	for (int i = 0; e == OK && *yes && i < LANE_COUNT; i++)
		e = lane_signed(r, yes, &state, (enum lane)i, cpt, f);
	return e == OK ? lane_sweep_reach(r, reach, peer, f) : e;
}

/* ---- one compartment ------------------------------------------------------- */

struct holders {
	unsigned count;
	bool all_signed;
	struct node_id waits_for;
	int64_t owner_reach; /* segments up to it are with the owner */
};

static enum err
ask_holder(struct replica *r, struct holders *h, const struct compartment *c,
    const struct member_node *holder, struct fail *f)
{
	bool yes = false;
	int64_t reach = 0;
	enum err e = has_signed(r, &yes, &reach, c->no, holder, f);

	if ((holder->roles & MEMBER_FIELD) == 0)
		h->count++;
	if (!yes) {
		h->all_signed = false;
		h->waits_for = holder->id;
	}
	if (id_equal(&holder->agency, &c->owner) && reach > h->owner_reach)
		h->owner_reach = reach;
	return e;
}

static enum err
ask_holders(struct replica *r, struct holders *h, const struct compartment *c,
    struct fail *f)
{
	enum err e = OK;

	*h = (struct holders){ .all_signed = true };
	for (size_t i = 0; e == OK && i < members_node_count(r->members); i++) {
		const struct member_node *n = members_node_at(r->members, i);
		bool holds = false;

		if (members_revocation(r->members, &n->id) != NULL)
			continue;
		e = grant_holds(r, c->no, n, &holds, f);
		if (e == OK && holds)
			e = ask_holder(r, h, c, n, f);
	}
	return e;
}

static enum err
cut_one(struct replica *r, struct compacting *k, int64_t no, struct buf *bytes,
    struct buf *stub, struct fail *f)
{
	struct segment view;
	struct stmt *s;
	enum err e;

	buf_reset(bytes);
	buf_reset(stub);
	e = log_bytes(r, bytes, no, f);
	if (e == OK)
		e = segment_parse(&view, bytes->p, bytes->n, f);
	if (e != OK)
		return e;
	if (view.stub)
		return OK;
	segment_stub(stub, &view);
	if (stub->err != OK)
		return fail_code(f, stub->err);
	e = db_stmt(&s, r->db,
	    "UPDATE _segment SET bytes = ?2, state = ?3 WHERE no = ?1", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	stmt_blob(s, 2, stub->p, stub->n);
	stmt_int(s, 3, STATE_UNREADABLE);
	k->cut++;
	k->cut_bytes += (int64_t)bytes->n - (int64_t)stub->n;
	return stmt_run(s, f);
}

/* Segments of others that are whole here: notes without a key, and parts of
 * documents. */
static enum err
list_whole(struct replica *r, struct buf *list, int64_t cpt, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT no, bytes FROM _segment WHERE cpt = ?1"
	    " AND author NOT IN (SELECT a.no FROM _author a WHERE a.node = ?2)"
	    " AND ((chain = ?3 AND state = ?4) OR (chain = ?5 AND state = ?6))"
	    " ORDER BY no",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_blob(s, 2, r->identity.node.b, ID_BYTES);
	stmt_int(s, 3, CHAIN_DATA);
	stmt_int(s, 4, STATE_UNREADABLE);
	stmt_int(s, 5, CHAIN_ATTACHMENT);
	stmt_int(s, 6, STATE_APPLIED);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		struct segment view;
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 1, &n);
		int64_t no = stmt_col_int(s, 0);

		if (segment_parse(&view, p, n, NULL) == OK && !view.stub)
			buf_put(list, &no, sizeof(no));
	}
	stmt_reset(s);
	return e == OK && list->err != OK ? fail_code(f, list->err) : e;
}

static enum err
cut_list(struct replica *r, struct compacting *k, const struct buf *list,
    const struct holders *h, struct fail *f)
{
	struct buf bytes = { .limit = LIMIT_SEGMENT_BYTES };
	struct buf stub = { .limit = LIMIT_SEGMENT_BYTES };
	enum err e = OK;

	for (size_t at = 0; e == OK && at < list->n; at += sizeof(int64_t)) {
		int64_t no;

		memcpy(&no, list->p + at, sizeof(no));
		if (h->count < HOLDERS_MIN) {
			k->alone++;
		} else if (!h->all_signed) {
			k->unsigned_for++;
			k->waits_for = h->waits_for;
		} else if (no > h->owner_reach) {
			k->unswept++;
		} else {
			e = cut_one(r, k, no, &bytes, &stub, f);
		}
	}
	buf_release(&bytes);
	buf_release(&stub);
	return e;
}

static enum err
compact_one(struct replica *r, struct compacting *k, int64_t cpt,
    struct fail *f)
{
	struct compartment *c = NULL;
	struct buf list = { .limit = SIZE_MAX };
	struct holders h;
	bool ours = false;
	enum err e = compartment_get(r, &c, cpt, f);

	if (e == OK)
		e = is_ours(r, &ours, cpt, f);
	if (e != OK || ours || !c->has_owner)
		return e;
	e = list_whole(r, &list, cpt, f);
	if (e == OK && list.n > 0)
		e = ask_holders(r, &h, c, f);
	if (e == OK && list.n > 0)
		e = cut_list(r, k, &list, &h, f);
	buf_release(&list);
	return e;
}

static enum err
next_compartment(struct replica *r, int64_t *cpt, bool *found, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "SELECT no FROM _compartment WHERE no > ?1 ORDER BY no LIMIT 1", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, *cpt);
	e = stmt_step(s, found, f);
	if (e == OK && *found)
		*cpt = stmt_col_int(s, 0);
	stmt_reset(s);
	return e;
}

enum err
compact_step(struct replica *r, struct compacting *c, bool *done,
    struct fail *f)
{
	struct compacting k = *c;
	bool own = false, found = true;
	enum err e = replica_enter(r, &own, f);

	if (e != OK)
		return e;
	for (int i = 0; e == OK && found && i < STEP; i++) {
		e = next_compartment(r, &k.cpt, &found, f);
		if (e == OK && found)
			e = compact_one(r, &k, k.cpt, f);
	}
	e = replica_leave(r, own, e, f);
	if (e == OK)
		*c = k;
	*done = !found;
	return e;
}
