/*
 * At the writer: unsealed work that no key is held for any more becomes an
 * offer to the owner. The work itself stays as it is, so that its writer goes on
 * seeing what was typed; should the person be carried here again before anybody
 * took the offer up, it is sealed as what it was.
 */
#include "sync/offer.h"

#include <stdlib.h>
#include <string.h>

#include "sync/log_i.h"
#include "sync/remove_i.h"

static bool
is_revoked(const struct replica *r)
{
	return members_revocation(r->members, &r->identity.node) != NULL;
}

/* Did this node, or its agency, leave, and was given nothing since? */
static bool
has_left(struct replica *r, const struct control *now)
{
	const struct identity *me = &r->identity;
	const struct member_node *self = members_node(r->members, &me->node);
	bool left = false;

	if (self == NULL || control_holds(now, GRANT_NODE, me->node.b) ||
	    (grant_is_registrar(self, &me->agency) &&
		control_holds(now, GRANT_AGENCY, me->agency.b)))
		return false;
	for (size_t i = 0; !left && i < now->leaver_count; i++) {
		struct control_who who = { .kind = now->leavers[i].kind };

		memcpy(who.id, now->leavers[i].recipient, ID_BYTES);
		left = remove_covers(r, &who, 1, GRANT_NODE, me->node.b);
	}
	return left;
}

/* To whom it is offered now; NULL: to nobody, it waits for a key. */
static enum err
find_owner(struct replica *r, const struct compartment *c,
    const struct member_agency **owner, struct fail *f)
{
	struct control *now = NULL;
	enum err e = OK;

	*owner = NULL;
	if (!c->has_subject ||
	    (!is_revoked(r) && (c->flags & COMPARTMENT_REMOVED) == 0))
		return OK;
	e = control_load(&now, r, c, f);
	if (e == OK && now->known && (is_revoked(r) || has_left(r, now)))
		*owner = members_agency(r->members, &now->owner);
	/* a key that a stranger knows is replaced first; who is out itself has
	 * no other occasion */
	if (*owner != NULL && !is_revoked(r) &&
	    !grant_may_box(r, GRANT_AGENCY, (*owner)->id.b))
		*owner = NULL;
	control_free(now);
	return e;
}

static enum err
add_dep(struct replica *r, struct offer_body *b, int64_t no, struct fail *f)
{
	struct segment_dep *d = &b->deps[b->dep_count];
	const struct author *a;
	struct stmt *s;
	bool row;
	enum err e = db_stmt(&s, r->db,
	    "SELECT author, chain, seq, substr(id, 1, 16) FROM _segment"
	    " WHERE no = ?1 AND state > 2",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	e = stmt_step(s, &row, f);
	if (e != OK || !row)
		return e; /* own, offered before this one */
	a = replica_author_no(r, stmt_col_int(s, 0));
	if (a != NULL && b->dep_count < LIMIT_DEPS) {
		d->author = a->tag;
		d->chain = (int)stmt_col_int(s, 1);
		d->seq = (uint64_t)stmt_col_int(s, 2);
		(void)stmt_col_copy(s, 3, d->ref, sizeof(d->ref));
		b->dep_count++;
	}
	stmt_reset(s);
	return OK;
}

static enum err
add_deps(struct replica *r, struct offer_body *b, const struct buf *deps,
    struct fail *f)
{
	struct rd rd = rd_of(deps->p, deps->n);
	enum err e = OK;

	while (e == OK && rd_left(&rd) > 0) {
		int64_t no = (int64_t)rd_uint(&rd);

		e = rd.err == OK ? add_dep(r, b, no, f) : ERR_CORRUPT;
	}
	return e;
}

static enum err
append(struct replica *r, struct compartment *c, int64_t *no,
    const struct offer_body *b, const struct member_agency *owner,
    struct fail *f)
{
	const struct author *own = replica_author_no(r, r->own_author);
	struct buf body = { .limit = LIMIT_SEGMENT_BYTES };
	struct offer_place place = { .compartment = c->id,
		.author = own->tag,
		.agency = owner->id,
		.key_no = owner->key_no };
	enum err e = offer_body_seal(&body, b, &place, owner->box_key, r->env);

	if (e != OK)
		e = fail_set(f, e, "an offer to %s could not be sealed: %s",
		    owner->name, err_text(e));
	if (e == OK)
		e = log_append_beside(r, c, no, SEGMENT_OFFER, body.p, body.n,
		    f);
	buf_release(&body);
	return e;
}

static enum err
note(struct replica *r, int64_t data, int64_t offer, int64_t changes,
    struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "INSERT INTO _offered (data, offer, changes) VALUES (?1, ?2, ?3)",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, data);
	stmt_int(s, 2, offer);
	stmt_int(s, 3, changes);
	return stmt_run(s, f);
}

static enum err
is_offered(struct replica *r, int64_t data, bool *yes, struct fail *f)
{
	struct stmt *s;
	enum err e =
	    db_stmt(&s, r->db, "SELECT 1 FROM _offered WHERE data = ?1", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, data);
	e = stmt_step(s, yes, f);
	stmt_reset(s);
	return e;
}

static int64_t
count_ops(const struct buf *payload)
{
	struct op_reader reader;
	int64_t count = 0;
	struct op op;

	op_reader_init(&reader, payload->p, payload->n);
	while (op_reader_next(&reader, &op))
		count++;
	return count;
}

static enum err
make(struct replica *r, struct compartment *c, int64_t data,
    const struct buf *deps, const struct buf *loose,
    const struct member_agency *owner, struct fail *f)
{
	struct offer_body *b = calloc(1, sizeof(*b));
	struct buf payload = { .limit = LIMIT_PAYLOAD_BYTES };
	int64_t offer = 0, changes = 0;
	enum err e = b == NULL ? fail_code(f, ERR_NOMEM) : OK;

	if (e == OK && (e = op_pack(&payload, loose->p, loose->n)) != OK)
		e = fail_code(f, e);
	if (e == OK) {
		changes = count_ops(&payload);
		b->subject = c->subject;
		memcpy(b->category, c->category, sizeof(b->category));
		b->payload = payload.p;
		b->payload_n = payload.n;
		e = add_deps(r, b, deps, f);
	}
	if (e == OK && changes > 0)
		e = append(r, c, &offer, b, owner, f);
	if (e == OK)
		e = note(r, data, offer, changes, f);
	buf_release(&payload);
	free(b);
	return e;
}

enum err
offer_unsealable(struct replica *r, struct compartment *c, int64_t data,
    const struct buf *deps, const struct buf *loose, bool *offered,
    struct fail *f)
{
	const struct member_agency *owner = NULL;
	enum err e = is_offered(r, data, offered, f);

	if (e != OK || *offered)
		return e;
	e = find_owner(r, c, &owner, f);
	if (e != OK || owner == NULL)
		return e;
	*offered = true;
	return make(r, c, data, deps, loose, owner, f);
}

enum err
offer_not_needed(struct replica *r, int64_t data, struct fail *f)
{
	struct stmt *s;
	enum err e =
	    db_stmt(&s, r->db, "DELETE FROM _offered WHERE data = ?1", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, data);
	return stmt_run(s, f);
}

enum err
offer_own_each(struct replica *r, offer_own_fn each, void *context,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT c.owner, sum(o.changes) FROM _offered o"
	    " JOIN _segment s ON s.no = o.data"
	    " JOIN _compartment c ON c.no = s.cpt"
	    " WHERE o.offer > 0 GROUP BY c.owner",
	    f);

	while (e == OK && (e = stmt_step(s, &row, f)) == OK && row) {
		struct agency_id owner = { { 0 } };

		(void)stmt_col_copy(s, 0, owner.b, sizeof(owner.b));
		each(context, &owner, stmt_col_int(s, 1));
	}
	return e;
}
