/* Making a revocation from what is held here. */
#include "sync/revoke.h"

#include <stdlib.h>
#include <string.h>

#include "sync/agency_key.h"
#include "sync/replica_i.h"

struct revoking {
	struct replica *r;
	const struct member_node *node;
	struct member_revoke v;
	struct member_cut cut[LIMIT_REVOCATION_CUTS];
	uint8_t standing[LIMIT_REVOCATION_STANDING][MEMBER_STANDING_BYTES];
};

const char *
revoke_reason_name(enum revocation_reason reason)
{
	switch (reason) {
	case REVOKED_LOST:
		return "lost";
	case REVOKED_LEFT:
		return "left";
	case REVOKED_COMPROMISED:
		return "compromised";
	case REVOKED_MISTAKE:
		break;
	}
	return "mistake";
}

/* The end of what is held of each life, the latest ones first. */
static enum err
held_tops(struct revoking *g, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, g->r->db,
	    "SELECT incarnation, top_position, top_id FROM _author"
	    " WHERE node = ?1 AND top_position > 0 ORDER BY no DESC LIMIT ?2",
	    f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, g->node->id.b, ID_BYTES);
	stmt_int(s, 2, LIMIT_REVOCATION_CUTS);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		struct member_cut *c = &g->cut[g->v.cut_count];

		if (!stmt_col_copy(s, 0, c->incarnation.b, ID_BYTES) ||
		    !stmt_col_copy(s, 2, c->id.b, SEGMENT_ID_BYTES))
			continue;
		c->position = (uint64_t)stmt_col_int(s, 1);
		g->v.cut_count++;
	}
	stmt_reset(s);
	g->v.cut = g->cut;
	return e;
}

static enum err
held_records(struct revoking *g, struct fail *f)
{
	size_t n = members_issued(g->r->members, &g->node->id, g->standing,
	    LIMIT_REVOCATION_STANDING);

	if (n > LIMIT_REVOCATION_STANDING)
		return fail_set(f, ERR_LIMIT,
		    "revoke: %s issued %zu records, of which one revocation "
		    "can keep %d; revoke it as left, and whom it enrolled "
		    "wrongly one by one",
		    g->node->name, n, LIMIT_REVOCATION_STANDING);
	g->v.standing = (const uint8_t(*)[MEMBER_STANDING_BYTES])g->standing;
	g->v.standing_count = n;
	return OK;
}

static enum err
fill(struct revoking *g, struct fail *f)
{
	const struct member_agency *a =
	    members_agency(g->r->members, &g->node->agency);
	enum err e = OK;

	g->v.node = g->node->id;
	g->v.agency_key_no = a != NULL ? a->key_no : 0;
	if (revocation_reason_cuts(g->v.reason))
		e = held_tops(g, f);
	if (e == OK && revocation_reason_cuts(g->v.reason))
		e = held_records(g, f);
	return e;
}

static enum err
add(struct revoking *g, struct fail *f)
{
	struct buf record = { .limit = LIMIT_MEMBER_BYTES };
	struct replica *r = g->r;
	enum member_result result = MEMBER_WAITING;
	enum err e = member_make_revocation(&record, &r->identity,
	    members_network(r->members), r->identity.has_root_secret, &g->v);

	if (e != OK)
		e = fail_set(f, e, "revoke: %s", err_text(e));
	else
		e = replica_add_member(r, &result, record.p, record.n, NULL, f);
	buf_release(&record);
	if (e == OK &&
	    (result == MEMBER_WAITING ||
		members_revocation(r->members, &g->v.node) == NULL))
		e = fail_set(f, ERR_DENIED,
		    "revoke: this node is no steward for %s; ask a steward of "
		    "its agency, or of the network",
		    g->node->name);
	return e;
}

static int
badness(enum revocation_reason reason)
{
	static const int by[] = { [REVOKED_LEFT] = 0,
		[REVOKED_MISTAKE] = 1,
		[REVOKED_LOST] = 2,
		[REVOKED_COMPROMISED] = 3 };

	return by[reason];
}

static enum err
check(const struct revoking *g, struct fail *f)
{
	const struct member_revocation *v =
	    members_revocation(g->r->members, &g->node->id);

	if (id_equal(&g->node->id, &g->r->identity.node))
		return fail_set(f, ERR_INPUT,
		    "revoke: this is the computer itself; revoke it at another "
		    "steward's");
	if (v != NULL && !v->undone &&
	    badness(v->reason) >= badness(g->v.reason))
		return fail_set(f, ERR_EXISTS,
		    "revoke: %s was taken out already (%s); nothing was "
		    "changed",
		    g->node->name, revoke_reason_name(v->reason));
	return OK;
}

static void
count_lost(void *context, const struct revoke_lost *l)
{
	struct revoke_report *out = context;

	(void)l;
	out->compartments++;
}

/* The record first: heirs of the new key are the registrars that are left. */
static enum err
apply(struct revoking *g, struct revoke_report *out, struct buf *code,
    struct fail *f)
{
	struct replica *r = g->r;
	bool registrar = (g->node->ever_roles & MEMBER_REGISTRAR) != 0 &&
	    id_equal(&g->node->agency, &r->identity.agency);
	enum err e;

	*out = (struct revoke_report){ .by_root = r->identity.has_root_secret,
		.cut_count = g->v.cut_count,
		.standing_count = g->v.standing_count };
	e = revoke_lost_each(r, &g->v.node, count_lost, out, f);
	if (e == OK)
		e = add(g, f);
	if (e == OK && registrar && r->identity.has_agency_secret &&
	    members_key_due(r->members, &r->identity.agency)) {
		e = agency_key_replace(r, code, f);
		out->key_replaced = e == OK;
	}
	return e;
}

enum err
revoke_node(struct replica *r, struct revoke_report *out, struct buf *code,
    const struct node_id *node, enum revocation_reason reason, struct fail *f)
{
	struct revoking *g = calloc(1, sizeof(*g));
	bool own;
	enum err e;

	if (g == NULL)
		return fail_set(f, ERR_NOMEM, "revoke: out of memory");
	g->r = r;
	g->v.reason = reason;
	g->node = members_node(r->members, node);
	if (g->node == NULL)
		e = fail_set(f, ERR_NOTFOUND, "revoke: no such node");
	else
		e = check(g, f);
	if (e == OK)
		e = fill(g, f);
	if (e == OK)
		e = replica_enter(r, &own, f);
	if (e == OK) {
		r->members_touched = true;
		e = apply(g, out, code, f);
		e = replica_leave(r, own, e, f);
	}
	free(g);
	return e;
}
