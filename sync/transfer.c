#include "sync/transfer.h"

#include <string.h>

#include "sync/log_i.h"
#include "sync/remove_i.h"

static enum err
append(struct replica *r, struct compartment *c, const struct transfer_body *b,
    struct fail *f)
{
	struct buf body = { .limit = 4096 };
	int64_t segment;
	enum err e;

	transfer_body_encode(&body, b);
	e = body.err != OK ? fail_code(f, body.err) : log_close_open(r, c, f);
	if (e == OK)
		e = log_append_control(r, c, &segment, SEGMENT_TRANSFER, body.p,
		    body.n, f);
	if (e == OK)
		e = control_apply(r, c, f);
	buf_release(&body);
	return e;
}

static struct transfer_body
body_of(const struct compartment *c, const struct agency_id *to)
{
	struct transfer_body b = { .owner = c->founder, .to = *to };

	memcpy(b.name, c->name, sizeof(b.name));
	return b;
}

/* ---- offering ------------------------------------------------------------------- */

static enum err
check_offer(struct replica *r, const struct transfer_request *q, struct fail *f)
{
	const struct member_agency *to = members_agency(r->members, &q->to);

	if (!remove_is_registrar(r))
		return fail_set(f, ERR_DENIED,
		    "transfer: this node is no registrar of its agency; hand"
		    " over at the office's server");
	if (id_equal(&q->to, &r->identity.agency))
		return fail_set(f, ERR_INPUT,
		    "transfer: this is the own agency");
	if (to == NULL || members_agency_undone(r->members, &q->to))
		return fail_set(f, ERR_INPUT,
		    "transfer: that agency is not in the network");
	return OK;
}

/* Who is to accept it must see it. */
static enum err
let_write(struct replica *r, const struct transfer_request *q,
    const char *category, int64_t cpt, struct fail *f)
{
	struct grant_request g = { .subject = q->subject,
		.categories = &category,
		.category_count = 1,
		.kind = GRANT_AGENCY,
		.right = GRANT_WRITE,
		.basis = q->basis };
	unsigned right = 0;
	enum err e = grant_best_right(r, &right, cpt, GRANT_AGENCY, q->to.b, f);

	if (e != OK || right >= GRANT_WRITE)
		return e;
	memcpy(g.recipient, q->to.b, ID_BYTES);
	return grant_share(r, &g, NULL, NULL, f);
}

static enum err
offer_one(struct replica *r, const struct transfer_request *q,
    const char *category, struct fail *f)
{
	struct transfer_body b;
	struct compartment *c;
	int64_t no = 0;
	enum err e = compartment_find(r, &c, &r->identity.agency, &q->subject,
	    category, f);

	if (e == ERR_NOTFOUND || (e == OK && !c->has_subject))
		return fail_set(f, ERR_NOTFOUND,
		    "transfer: this agency keeps no %s about this person",
		    category);
	if (e == OK)
		no = c->no;
	if (e == OK)
		e = let_write(r, q, category, no, f);
	if (e == OK)
		e = compartment_get(r, &c, no, f);
	if (e != OK)
		return e;
	b = body_of(c, &q->to);
	return append(r, c, &b, f);
}

enum err
transfer_offer(struct replica *r, const struct transfer_request *q,
    int64_t *offered, struct fail *f)
{
	bool own;
	enum err e = replica_use(r, f);

	*offered = 0;
	if (e == OK)
		e = check_offer(r, q, f);
	if (e == OK)
		e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	for (size_t k = 0; e == OK && k < q->category_count; k++) {
		e = offer_one(r, q, q->categories[k], f);
		*offered += e == OK ? 1 : 0;
	}
	return replica_leave(r, own, e, f);
}

/* ---- accepting ------------------------------------------------------------------ */

static enum err
list_of(struct replica *r, struct buf *out, const struct row_id *subject,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT DISTINCT c.no FROM _segment s JOIN _compartment c"
	    " ON c.no = s.cpt WHERE s.kind = 6 AND c.subject IS NOT NULL"
	    " AND (?1 IS NULL OR c.subject = ?1) ORDER BY c.no",
	    f);

	if (e != OK)
		return e;
	if (subject != NULL)
		stmt_blob(s, 1, subject->b, sizeof(subject->b));
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		int64_t no = stmt_col_int(s, 0);

		buf_put(out, &no, sizeof(no));
	}
	return e == OK && out->err != OK ? fail_code(f, out->err) : e;
}

static enum err
offer_id(struct replica *r, struct segment_id *id, int64_t no, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT id FROM _segment WHERE no = ?1 AND state > 2", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		(void)stmt_col_copy(s, 0, id->b, sizeof(id->b));
	stmt_reset(s);
	return e == OK && !row ? ERR_NOTFOUND : e;
}

static enum err
accept_one(struct replica *r, int64_t cpt, int64_t *accepted, struct fail *f)
{
	const struct agency_id *own = &r->identity.agency;
	struct control *now = NULL;
	struct transfer_body b;
	struct compartment *c;
	enum err e = compartment_get(r, &c, cpt, f);

	if (e == OK)
		e = control_load(&now, r, c, f);
	if (e == OK && now->has_offer && id_equal(&now->offered_to, own)) {
		b = body_of(c, own);
		b.accept = true;
		e = offer_id(r, &b.offer, now->offer, f);
		if (e == OK)
			e = append(r, c, &b, f);
		*accepted += e == OK ? 1 : 0;
	}
	control_free(now);
	return e;
}

enum err
transfer_accept(struct replica *r, const struct row_id *subject,
    int64_t *accepted, struct fail *f)
{
	struct buf list = { 0 };
	bool own;
	enum err e = replica_use(r, f);

	*accepted = 0;
	if (e == OK && !remove_is_registrar(r))
		e = fail_set(f, ERR_DENIED,
		    "transfer: this node is no registrar of its agency; accept"
		    " at the office's server");
	if (e == OK)
		e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	e = list_of(r, &list, subject, f);
	for (size_t at = 0; e == OK && at < list.n; at += sizeof(int64_t)) {
		int64_t no;

		memcpy(&no, list.p + at, sizeof(no));
		e = accept_one(r, no, accepted, f);
	}
	if (e == OK && *accepted == 0)
		e = fail_set(f, ERR_NOTFOUND,
		    "transfer: nothing about this person is offered to this"
		    " agency");
	buf_release(&list);
	return replica_leave(r, own, e, f);
}

/* ---- what is open ---------------------------------------------------------------- */

static enum err
say_one(struct replica *r, int64_t cpt, transfer_open_fn each, void *context,
    struct fail *f)
{
	const struct agency_id *own = &r->identity.agency;
	struct control *now = NULL;
	struct compartment *c;
	struct transfer_open t;
	enum err e = compartment_get(r, &c, cpt, f);

	if (e == OK)
		e = control_load(&now, r, c, f);
	if (e == OK && now->has_offer &&
	    (id_equal(&now->offered_to, own) || id_equal(&now->owner, own))) {
		t = (struct transfer_open){ .subject = c->subject,
			.category = c->category,
			.owner = now->owner,
			.to = now->offered_to,
			.ours = id_equal(&now->offered_to, own) };
		each(context, &t);
	}
	control_free(now);
	return e;
}

enum err
transfer_open_each(struct replica *r, transfer_open_fn each, void *context,
    struct fail *f)
{
	struct buf list = { 0 };
	enum err e = list_of(r, &list, NULL, f);

	for (size_t at = 0; e == OK && at < list.n; at += sizeof(int64_t)) {
		int64_t no;

		memcpy(&no, list.p + at, sizeof(no));
		e = say_one(r, no, each, context, f);
	}
	buf_release(&list);
	return e;
}
