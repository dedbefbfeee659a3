/* Replacing an agency's key, and what follows when one becomes known. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "sync/agency_key_i.h"
#include "sync/grant.h"
#include "sync/replica_i.h"

#define META_UNSEEN "agency_code_unseen"
#define META_DUE "agency_key_due" /* since when, by this wall */
/* how long another registrar, whose id is smaller, has to be the one */
#define PATIENCE_MS (60 * 60 * 1000)

struct making {
	struct replica *r;
	struct member_agency_key key;
	uint8_t master[32];
	struct buf wrapped;
	uint8_t box[MEMBER_HEIRS][MEMBER_HEIR_BOX];
};

static bool
is_registrar(const struct members *m, const struct member_node *n,
    const struct agency_id *agency)
{
	return (n->roles & MEMBER_REGISTRAR) != 0 &&
	    id_equal(&n->agency, agency) &&
	    members_revocation(m, &n->id) == NULL;
}

/* Was the key in force sealed to this node by any record? */
static bool
is_heir(const struct members *m, const struct member_agency *a,
    const struct node_id *node)
{
	const struct member_agency_key *k;

	for (size_t at = 0; (k = members_agency_key(m, &a->id, at)) != NULL;
	     at++) {
		if (k->number != a->key_no ||
		    memcmp(k->box_key, a->box_key, MEMBER_KEY_BYTES) != 0)
			continue;
		for (size_t h = 0; h < k->heir_count; h++)
			if (id_equal(&k->heir[h].node, node))
				return true;
	}
	return false;
}

static enum err
add_record(struct making *g, struct fail *f)
{
	struct buf record = { .limit = LIMIT_MEMBER_PLAIN_BYTES };
	struct replica *r = g->r;
	enum member_result result = MEMBER_WAITING;
	enum err e = member_make_agency_key(&record, &r->identity,
	    members_network(r->members), &g->key);

	if (e != OK)
		e = fail_set(f, e, "the agency's key: %s", err_text(e));
	else
		e = replica_add_member(r, &result, record.p, record.n, NULL, f);
	if (e == OK && result == MEMBER_WAITING)
		e = fail_set(f, ERR_DENIED,
		    "the agency's key: this node is no registrar of it");
	buf_release(&record);
	return e;
}

/* One record for every MEMBER_HEIRS registrars; with missing only those that
 * the key was not sealed to. */
static enum err
publish(struct making *g, bool missing, struct fail *f)
{
	struct members *m = g->r->members;
	const struct member_agency *a = members_agency(m, &g->key.agency);
	enum err e = OK;

	for (size_t k = 0; e == OK && k < members_node_count(m); k++) {
		const struct member_node *n = members_node_at(m, k);
		size_t at = g->key.heir_count;

		if (!is_registrar(m, n, &g->key.agency) ||
		    (missing && is_heir(m, a, &n->id)))
			continue;
		if (agency_key_heir(g->box[at], &g->key, g->master, n,
			g->r->env) != OK)
			continue; /* a key that nothing can be sealed to */
		g->key.heir[at] =
		    (struct member_heir){ .node = n->id, .box = g->box[at] };
		g->key.heir_count++;
		if (g->key.heir_count < MEMBER_HEIRS)
			continue;
		e = add_record(g, f); /* adds no node: k stays right */
		g->key.heir_count = 0;
	}
	return e == OK && g->key.heir_count > 0 ? add_record(g, f) : e;
}

/* The identity first: what is added then finds the key held already. */
static enum err
replace(struct making *g, struct fail *f)
{
	struct replica *r = g->r;
	uint8_t secret[MEMBER_KEY_BYTES];
	enum err e;

	g->key.agency = r->identity.agency;
	g->key.number = members_key_top(r->members, &g->key.agency) + 1;
	env_random(r->env, g->master, sizeof(g->master));
	identity_key_pair(g->key.box_key, secret, g->master);
	sodium_memzero(secret, sizeof(secret));
	if (g->key.number > LIMIT_AGENCY_KEY_NO)
		return fail_set(f, ERR_LIMIT, "the agency's key: too many");
	e = agency_key_wrap(&g->wrapped, &g->key, g->master, &r->identity,
	    r->env);
	if (e != OK)
		return fail_set(f, e, "the agency's key: %s", err_text(e));
	g->key.wrapped = g->wrapped.p;
	g->key.wrapped_n = g->wrapped.n;
	e = identity_add_key(&r->identity, g->key.number, g->master);
	if (e != OK)
		return fail_set(f, e,
		    "the agency's key was replaced %d times already; it cannot "
		    "be replaced any more: found a new agency",
		    IDENTITY_KEYS - 1);
	r->members_touched = true;
	e = replica_save_identity(r, &r->identity, f);
	return e == OK ? publish(g, false, f) : e;
}

static enum err
may_replace(struct replica *r, struct fail *f)
{
	const struct member_node *self =
	    members_node(r->members, &r->identity.node);

	if (self == NULL ||
	    !is_registrar(r->members, self, &r->identity.agency))
		return fail_set(f, ERR_DENIED,
		    "the agency's key: this node is no registrar of its "
		    "agency; replace it at the office's server");
	if (!r->identity.has_agency_secret)
		return fail_set(f, ERR_NOTFOUND,
		    "the agency's key: its secret is not on this computer yet; "
		    "it comes with the next contact, or by the recovery code");
	return OK;
}

enum err
agency_key_replace(struct replica *r, struct buf *code, struct fail *f)
{
	struct making g = { .r = r, .wrapped = { .limit = MEMBER_WRAPPED } };
	bool own;
	enum err e = may_replace(r, f);

	if (e == OK)
		e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	r->members_touched = true;
	e = replace(&g, f);
	if (e == OK)
		e = replica_meta_set(r, META_UNSEEN, code != NULL ? "" : "1",
		    code != NULL ? 0 : 1, f);
	e = replica_leave(r, own, e, f);
	if (e == OK && code != NULL)
		e = identity_agency_code(code, &r->identity);
	sodium_memzero(g.master, sizeof(g.master));
	buf_release(&g.wrapped);
	return e;
}

/* ---- by itself -------------------------------------------------------------- */

/* The smallest of the registrars that are left. */
static bool
is_first(struct replica *r)
{
	const struct members *m = r->members;

	/* in the order of their ids */
	for (size_t k = 0; k < members_node_count(m); k++) {
		const struct member_node *n = members_node_at(m, k);

		if (is_registrar(m, n, &r->identity.agency))
			return id_equal(&n->id, &r->identity.node);
	}
	return false;
}

static bool
somebody_lacks(struct replica *r, const struct member_agency *a)
{
	const struct members *m = r->members;

	for (size_t k = 0; a->key_no > 0 && k < members_node_count(m); k++) {
		const struct member_node *n = members_node_at(m, k);

		if (is_registrar(m, n, &a->id) && !is_heir(m, a, &n->id))
			return true;
	}
	return false;
}

/* Registrars that came while the key was replaced. */
static enum err
hand_on(struct replica *r, const struct member_agency *a, struct fail *f)
{
	const struct identity_key *held = NULL, *k;
	struct making g = { .r = r,
		.key = { .agency = a->id, .number = a->key_no } };
	bool own;
	enum err e;

	for (size_t at = 0;
	     (k = identity_key_at(&r->identity, a->key_no, at)) != NULL; at++)
		if (memcmp(k->box_key, a->box_key, MEMBER_KEY_BYTES) == 0)
			held = k;
	if (held == NULL)
		return OK;
	memcpy(g.key.box_key, held->box_key, MEMBER_KEY_BYTES);
	memcpy(g.master, held->master, sizeof(g.master));
	e = replica_enter(r, &own, f);
	if (e == OK) {
		e = publish(&g, true, f);
		e = replica_leave(r, own, e, f);
	}
	sodium_memzero(g.master, sizeof(g.master));
	return e;
}

enum err
agency_key_maintain(struct replica *r, bool patient, bool *replaced,
    struct fail *f)
{
	const struct member_agency *a =
	    members_agency(r->members, &r->identity.agency);
	enum err e;

	*replaced = false;
	if (a == NULL || may_replace(r, NULL) != OK ||
	    (patient && !is_first(r)))
		return OK;
	if (members_key_due(r->members, &a->id)) {
		e = agency_key_replace(r, NULL, f);
		*replaced = e == OK;
		return e;
	}
	return somebody_lacks(r, a) ? hand_on(r, a, f) : OK;
}

/* Since when it is due here; now, when it was not. */
static enum err
due_since(struct replica *r, int64_t *at_ms, struct fail *f)
{
	struct buf b = { 0 };
	enum err e = replica_meta_get(r, &b, META_DUE, f);

	*at_ms = e == OK && b.n > 0 ? strtoll(buf_cstr(&b), NULL, 10) : 0;
	if (e == ERR_NOTFOUND)
		e = OK;
	if (e == OK && *at_ms == 0) {
		*at_ms = env_wall_ms(r->env);
		buf_reset(&b);
		buf_printf(&b, "%lld", (long long)*at_ms);
		e = b.err != OK ? fail_code(f, b.err)
				: replica_meta_set(r, META_DUE, b.p, b.n, f);
	}
	buf_release(&b);
	return e;
}

enum err
agency_key_tick(struct replica *r, struct fail *f)
{
	const struct member_agency *a =
	    members_agency(r->members, &r->identity.agency);
	bool replaced, due;
	int64_t since_ms = 0, now_ms = env_wall_ms(r->env);
	enum err e;

	if (a == NULL || may_replace(r, NULL) != OK)
		return OK;
	due = members_key_due(r->members, &a->id);
	if (!due && !somebody_lacks(r, a))
		return OK;
	e = due_since(r, &since_ms, f);
	if (e == OK)
		e = agency_key_maintain(r,
		    now_ms >= since_ms && now_ms - since_ms < PATIENCE_MS,
		    &replaced, f);
	if (e == OK && !members_key_due(r->members, &a->id))
		e = replica_meta_set(r, META_DUE, "", 0, f);
	return e;
}

bool
agency_key_unseen(struct replica *r)
{
	struct buf b = { 0 };
	bool unseen =
	    replica_meta_get(r, &b, META_UNSEEN, NULL) == OK && b.n > 0;

	buf_release(&b);
	return unseen;
}

enum err
agency_key_seen(struct replica *r, struct fail *f)
{
	return agency_key_unseen(r) ? replica_meta_set(r, META_UNSEEN, "", 0, f)
				    : OK;
}

/* ---- a key became known ------------------------------------------------------ */

/* Compartments in which something is granted to this agency. */
static enum err
granted_to_agency(struct replica *r, struct buf *out, struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e = db_stmt(&s, r->db,
	    "SELECT DISTINCT cpt FROM _grant WHERE recipient = ?1", f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, r->identity.agency.b, ID_BYTES);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		int64_t no = stmt_col_int(s, 0);

		buf_put(out, &no, sizeof(no));
	}
	stmt_reset(s);
	return e == OK && out->err != OK
	    ? fail_set(f, out->err, "%s", err_text(out->err))
	    : e;
}

static enum err
open_grants(struct replica *r, struct fail *f)
{
	struct buf list = { 0 };
	enum err e = granted_to_agency(r, &list, f);

	for (size_t at = 0; e == OK && at < list.n; at += sizeof(int64_t)) {
		struct compartment *c;
		int64_t no;

		memcpy(&no, list.p + at, sizeof(no));
		e = compartment_get(r, &c, no, f);
		if (e == OK)
			e = grant_rederive(r, c, f);
	}
	buf_release(&list);
	return e;
}

enum err
agency_key_learn(struct replica *r, struct fail *f)
{
	size_t learned;
	enum err e;

	if (members_agency_key(r->members, &r->identity.agency, 0) == NULL)
		return OK;
	e = agency_key_open(&r->identity, r->members, &learned, f);
	if (e != OK || learned == 0)
		return e;
	e = replica_save_identity(r, &r->identity, f);
	return e == OK ? open_grants(r, f) : e;
}
