/*
 * Keeping compartments writable: where every key was ended, a registrar of the
 * owner makes a new one, without anybody asking for it.
 */
#include "sync/remove_i.h"

#include <stdlib.h>
#include <string.h>

/* ---- who acts --------------------------------------------------------------------- */

/* The agency's first registrar: of all that are not revoked the one with the
 * smallest author tag. Everybody sees the same one. */
static bool
is_first(struct replica *r)
{
	const struct author_tag *least = NULL;
	const struct node_id *first = NULL;

	for (size_t i = 0; i < r->author_count; i++) {
		const struct author *a = &r->authors[i];
		const struct member_node *n =
		    members_node(r->members, &a->node);

		if (n == NULL || (n->roles & MEMBER_REGISTRAR) == 0 ||
		    !id_equal(&n->agency, &r->identity.agency) ||
		    members_revocation(r->members, &n->id) != NULL)
			continue;
		if (least == NULL || id_compare(&a->tag, least) < 0) {
			least = &a->tag;
			first = &a->node;
		}
	}
	return first != NULL && id_equal(first, &r->identity.node);
}

#define SINCE "rekey_since"

/* Since when something is open here; it is noted the first time it is seen. */
static enum err
open_since(struct replica *r, int64_t *since, struct fail *f)
{
	struct buf b = { .limit = 64 };
	enum err e = replica_meta_get(r, &b, SINCE, f);

	*since = env_wall_ms(r->env);
	if (e == OK && b.n == sizeof(*since))
		memcpy(since, b.p, sizeof(*since));
	else if (e == OK || e == ERR_NOTFOUND)
		e = replica_meta_set(r, SINCE, since, sizeof(*since), f);
	buf_release(&b);
	return e;
}

static enum err
forget_since(struct replica *r, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db, "DELETE FROM _meta WHERE name = ?1", f);

	if (e != OK)
		return e;
	stmt_text(s, 1, SINCE);
	return stmt_run(s, f);
}

/* Is it for this node to act now? */
static enum err
my_turn(struct replica *r, bool *mine, struct fail *f)
{
	int64_t now = env_wall_ms(r->env), since = now;
	enum err e = OK;

	*mine = is_first(r);
	if (!*mine)
		e = open_since(r, &since, f);
	if (!*mine && e == OK)
		*mine = now < since || now - since >= REMOVE_OTHERS_WAIT_MS;
	return e;
}

/* ---- who leaves by revocation ---------------------------------------------------- */

struct leaving {
	size_t count;
	struct control_who who[CONTROL_LEAVERS_MAX];
	enum remove_reason reason; /* the worst of theirs */
};

struct mending {
	struct replica *r;
	struct compartment *c;
	struct control *now;
	struct leaving cut, rest; /* by reasons that cut, and others */
};

static enum remove_reason
reason_of(enum revocation_reason reason)
{
	switch (reason) {
	case REVOKED_LOST:
		return REMOVE_LOST;
	case REVOKED_LEFT:
		return REMOVE_LEFT;
	case REVOKED_COMPROMISED:
		return REMOVE_COMPROMISED;
	case REVOKED_MISTAKE:
		return REMOVE_MISTAKE;
	}
	return REMOVE_COMPROMISED;
}

static bool
left_already(const struct mending *x, const struct member_node *node)
{
	for (size_t i = 0; i < x->now->leaver_count; i++) {
		const struct control_leaver *l = &x->now->leavers[i];
		struct control_who who = { .kind = l->kind };

		memcpy(who.id, l->recipient, ID_BYTES);
		if (remove_covers(x->r, &who, 1, GRANT_NODE, node->id.b))
			return true;
	}
	return false;
}

static void
note_revoked(struct mending *x, const struct member_node *node)
{
	const struct member_revocation *v =
	    members_revocation(x->r->members, &node->id);
	enum remove_reason reason;
	struct leaving *to;

	if (v == NULL || left_already(x, node))
		return;
	reason = reason_of(v->reason);
	to = remove_reason_cuts(reason) ? &x->cut : &x->rest;
	/* a record has room for so many: the others at the next occasion */
	if (to->count == CONTROL_LEAVERS_MAX ||
	    remove_covers(x->r, to->who, to->count, GRANT_NODE, node->id.b))
		return;
	to->who[to->count].kind = GRANT_NODE;
	memcpy(to->who[to->count].id, node->id.b, ID_BYTES);
	if (to->count == 0 || reason > to->reason)
		to->reason = reason;
	to->count++;
}

/* Was any key ever given to this node: by name, or as a registrar? */
static bool
ever_held(const struct mending *x, const struct member_node *node)
{
	for (size_t i = 0; i < x->now->claim_count; i++) {
		const struct control_claim *k = &x->now->claims[i];
		struct agency_id agency;

		if (!k->ever)
			continue;
		memcpy(agency.b, k->recipient, ID_BYTES);
		if (k->kind == GRANT_NODE
			? memcmp(k->recipient, node->id.b, ID_BYTES) == 0
			: grant_is_registrar(node, &agency))
			return true;
	}
	return false;
}

static void
find_revoked(struct mending *x)
{
	for (size_t i = 0; i < members_node_count(x->r->members); i++) {
		const struct member_node *n = members_node_at(x->r->members, i);

		if (members_revocation(x->r->members, &n->id) != NULL &&
		    ever_held(x, n))
			note_revoked(x, n);
	}
}

/* ---- one compartment ---------------------------------------------------------------- */

static enum err
issue(const struct mending *x, const struct leaving *who, bool keys_follow,
    struct fail *f)
{
	const struct removal q = { .reason = who->reason,
		.who = who->who,
		.who_count = who->count,
		.words = "",
		.by_owner = true,
		.keys_follow = keys_follow };

	return who->count == 0 ? OK : remove_issue(x->r, x->c, &q, f);
}

/* Somebody else removed, an agency has another key, or somebody who stays was
 * left out: a key for all, or the one there is for those who lack it. */
static enum err
grant_rest(const struct mending *x, struct fail *f)
{
	struct compartment *c = x->c;
	struct grant_making m;
	struct grant_rows g = { 0 }, all = { 0 };
	struct grant_key key;
	enum err e = log_close_open(x->r, c, f);

	if (e == OK)
		e = grant_making_start(&m, x->r, c, f);
	if (e != OK)
		return e;
	e = grant_rows_load(x->r, &g, c->no, f);
	if (e == OK)
		e = grant_seal_key(x->r, c, key.key, &key.id, f);
	if (e == ERR_NOTFOUND)
		e = grant_new_epoch(x->r, c->no, &key, f);
	if (e == OK && (e = grant_holders(&all, &g)) != OK)
		e = fail_code(f, e);
	m.parts = true;
	for (size_t k = 0; e == OK && k < all.count; k++) {
		const struct grant_row *h = &all.row[k];

		if (grant_rows_has_key(x->r, &g, &key.id, h) ||
		    !grant_may_box(x->r, h->kind, h->recipient))
			continue;
		e = grant_making_add(&m, x->r, &key, h->kind, h->recipient,
		    h->right, f);
	}
	if (e == OK)
		e = grant_making_issue(&m, x->r, "", GRANT_AGENCY, NULL, f);
	sodium_memzero(&key, sizeof(key));
	grant_rows_release(&all);
	grant_rows_release(&g);
	grant_making_release(&m);
	return e;
}

/* Is whatever this node grants here past a cut of its own? It would have no
 * effect, and be made again with every contact: others see to it. */
static bool
is_cut_off(const struct mending *x)
{
	const struct identity *own = &x->r->identity;

	for (size_t i = 0; i < x->now->cut_node_count; i++) {
		if (id_equal(&x->now->cut_nodes[i], &own->node))
			return true;
	}
	for (size_t i = 0; i < x->now->cut_count; i++) {
		if (x->now->cuts[i].chain == CHAIN_CONTROL &&
		    id_equal(&x->now->cuts[i].author, &own->author))
			return true;
	}
	return false;
}

static enum err
mend(struct mending *x, struct fail *f)
{
	bool open = false;
	enum err e = control_load(&x->now, x->r, x->c, f);

	if (e != OK || is_cut_off(x))
		return e;
	find_revoked(x);
	e = issue(x, &x->cut, x->rest.count > 0, f);
	if (e == OK)
		e = issue(x, &x->rest, false, f);
	if (e == OK)
		e = grant_open_need(x->r, x->c->no, &open, f);
	return e == OK && open ? grant_rest(x, f) : e;
}

static enum err
mend_one(struct replica *r, int64_t no, int64_t *rekeyed, struct fail *f)
{
	struct mending *x = calloc(1, sizeof(*x));
	enum err e;

	if (x == NULL)
		return fail_set(f, ERR_NOMEM, "new keys: out of memory");
	x->r = r;
	e = compartment_get(r, &x->c, no, f);
	if (e == OK && x->c->has_subject)
		e = mend(x, f);
	if (e == OK && !x->c->rekey)
		++*rekeyed;
	control_free(x->now);
	free(x);
	return e;
}

/* ---- all of them ------------------------------------------------------------------- */

static enum err
list_open(struct replica *r, struct buf *out, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT no FROM _compartment WHERE rekey <> 0 AND owner = ?1"
	    " AND subject IS NOT NULL ORDER BY no",
	    f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, r->identity.agency.b, ID_BYTES);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		int64_t no = stmt_col_int(s, 0);

		buf_put(out, &no, sizeof(no));
	}
	stmt_reset(s);
	if (e == OK && out->err != OK)
		e = fail_set(f, out->err, "new keys: %s", err_text(out->err));
	return e;
}

static enum err
mend_all(struct replica *r, const struct buf *list, int64_t *rekeyed,
    struct fail *f)
{
	bool mine = true;
	enum err e = my_turn(r, &mine, f);

	for (size_t at = 0; e == OK && mine && at < list->n;
	     at += sizeof(int64_t)) {
		int64_t no;

		memcpy(&no, list->p + at, sizeof(no));
		e = mend_one(r, no, rekeyed, f);
	}
	if (e == OK && mine)
		e = forget_since(r, f);
	return e;
}

enum err
remove_maintain(struct replica *r, int64_t *rekeyed, struct fail *f)
{
	struct buf list = { 0 };
	bool own;
	enum err e;

	*rekeyed = 0;
	/* its own agency's key comes first: nothing can be sealed to it */
	if (r->own_author == 0 || !remove_is_registrar(r) ||
	    !grant_may_box(r, GRANT_AGENCY, r->identity.agency.b))
		return OK;
	e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	e = compartment_flush(r, f);
	if (e == OK)
		e = list_open(r, &list, f);
	if (e == OK && list.n > 0)
		e = mend_all(r, &list, rekeyed, f);
	buf_release(&list);
	return replica_leave(r, own, e, f);
}

static enum err
count(struct replica *r, const char *sql, int64_t *out, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db, sql, f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, r->identity.agency.b, ID_BYTES);
	e = stmt_step(s, &row, f);
	*out = e == OK && row ? stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return e;
}

enum err
remove_open_count(struct replica *r, int64_t *out, struct fail *f)
{
	return count(r,
	    "SELECT count(*) FROM _compartment WHERE rekey <> 0"
	    " AND owner = ?1",
	    out, f);
}

enum err
remove_kept_count(struct replica *r, int64_t *out, struct fail *f)
{
	return count(r,
	    "SELECT count(*) FROM _segment s WHERE s.state <= 2 AND s.kind = 0"
	    " AND ?1 IS NOT NULL"
	    " AND NOT EXISTS (SELECT 1 FROM _offered o WHERE o.data = s.no)"
	    " AND EXISTS (SELECT 1 FROM _grant g"
	    " WHERE g.cpt = s.cpt AND g.ended = 1) AND NOT EXISTS (SELECT 1"
	    " FROM _key k WHERE k.cpt = s.cpt AND k.key_id NOT IN"
	    " (SELECT g.key_id FROM _grant g WHERE g.cpt = s.cpt"
	    " AND g.ended = 1))",
	    out, f);
}
