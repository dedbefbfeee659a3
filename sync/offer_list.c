/*
 * At the owner: offers that nobody took up yet. Which were taken up is said by
 * the adoptions of the compartment's owners, so it is the same at every one of
 * their computers.
 */
#include "sync/offer.h"

#include <stdlib.h>
#include <string.h>

#include "sync/offer_i.h"
#include "sync/remove_i.h"

/* ---- what was taken up ------------------------------------------------------- */

struct taking {
	struct replica *r;
	struct control *now;
	struct points_body *body;
	struct buf *out;
};

static bool
is_past_cut(const struct control *now, const struct author_tag *author,
    uint64_t seq)
{
	for (size_t i = 0; i < now->cut_count; i++)
		if (now->cuts[i].chain == CHAIN_CONTROL &&
		    id_equal(&now->cuts[i].author, author) &&
		    seq > now->cuts[i].seq)
			return true;
	return false;
}

/* Does an adoption by this author count: a registrar of an owner, not past
 * a cut? */
static bool
may_adopt(const struct taking *t, const struct author *a, uint64_t seq,
    bool sealed, const struct segment *s, const struct segment_id *id)
{
	const struct member_node *node = members_node(t->r->members, &a->node);
	bool owner = false;

	for (size_t i = 0; node != NULL && i < t->now->owner_count; i++)
		owner |= grant_is_registrar(node, &t->now->owners[i].agency);
	if (!owner || !sealed)
		return owner;
	return !is_past_cut(t->now, &a->tag, seq) &&
	    members_inside(t->r->members, &a->tag, s->header.position, id);
}

static void
take_row(struct taking *t, struct stmt *q)
{
	const struct author *a = replica_author_no(t->r, stmt_col_int(q, 0));
	bool sealed = stmt_col_int(q, 3) > STATE_CLOSED;
	struct segment_id id = { { 0 } };
	struct segment s = { .body = NULL };
	size_t n;
	const uint8_t *p = stmt_col_blob(q, 4, &n);

	if (a == NULL)
		return;
	(void)stmt_col_copy(q, 2, id.b, sizeof(id.b));
	if (sealed && (segment_parse(&s, p, n, NULL) != OK || s.stub))
		return;
	if (!may_adopt(t, a, (uint64_t)stmt_col_int(q, 1), sealed, &s, &id) ||
	    points_body_parse(t->body, true, sealed ? s.body : p,
		sealed ? s.header.body_bytes : n) != OK)
		return;
	buf_put(t->out, t->body->offer,
	    t->body->offer_count * sizeof(t->body->offer[0]));
}

static enum err
read_taken(struct taking *t, int64_t cpt, struct fail *f)
{
	struct stmt *q;
	bool row = false;
	enum err e = db_stmt(&q, t->r->db,
	    "SELECT author, seq, id, state, bytes FROM _segment"
	    " WHERE cpt = ?1 AND chain = ?2 AND kind = ?3 AND state <> ?4",
	    f);

	if (e != OK)
		return e;
	stmt_int(q, 1, cpt);
	stmt_int(q, 2, CHAIN_CONTROL);
	stmt_int(q, 3, SEGMENT_ADOPT);
	stmt_int(q, 4, STATE_BEYOND);
	while ((e = stmt_step(q, &row, f)) == OK && row)
		take_row(t, q);
	return e == OK && t->out->err != OK ? fail_code(f, t->out->err) : e;
}

/* Ids of the offers that were taken up in a compartment. */
static enum err
list_taken(struct replica *r, struct buf *out, const struct compartment *c,
    struct fail *f)
{
	struct taking t = { .r = r, .out = out };
	enum err e = control_load(&t.now, r, c, f);

	t.body = malloc(sizeof(*t.body));
	if (e == OK && t.body == NULL)
		e = fail_code(f, ERR_NOMEM);
	if (e == OK)
		e = read_taken(&t, c->no, f);
	free(t.body);
	control_free(t.now);
	return e;
}

static bool
is_taken(const struct buf *taken, const struct segment_id *id)
{
	for (size_t at = 0; at < taken->n; at += sizeof(id->b))
		if (memcmp(taken->p + at, id->b, sizeof(id->b)) == 0)
			return true;
	return false;
}

/* ---- opening ------------------------------------------------------------------- */

/* Is it of this compartment? One that was begun on that computer, whose first
 * grant never came, is known by its id: it follows from the agency's name key. */
static bool
names_it(const struct replica *r, const struct offer_body *b,
    const struct compartment *c)
{
	struct compartment_id id;
	uint8_t name[16];

	if (c->has_subject)
		return id_equal(&b->subject, &c->subject) &&
		    strcmp(b->category, c->category) == 0;
	compartment_own_name(name, &r->identity, &b->subject, b->category);
	compartment_make_id(&id, members_network(r->members),
	    &r->identity.agency, name);
	return id_equal(&id, &c->id);
}

enum err
offer_read(struct replica *r, struct offer_opened *out,
    const struct compartment *c, int64_t segment, int64_t author,
    struct fail *f)
{
	const struct author *a = replica_author_no(r, author);
	struct offer_place place = { .compartment = c->id,
		.agency = r->identity.agency };
	const struct identity_key *k;
	struct segment s;
	enum err e, got = ERR_NOTFOUND;

	buf_reset(&out->bytes);
	e = log_bytes(r, &out->bytes, segment, f);
	if (e == OK)
		e = segment_parse(&s, out->bytes.p, out->bytes.n, f);
	if (e != OK)
		return e;
	out->schema = s.header.schema;
	if (a == NULL || s.stub ||
	    offer_body_key(&place.key_no, s.body, s.header.body_bytes) != OK)
		return ERR_NOTFOUND;
	place.author = a->tag;
	for (size_t at = 0; got != OK && got != ERR_FORMAT &&
	     (k = identity_key_at(&r->identity, place.key_no, at)) != NULL;
	     at++)
		got = offer_body_open(&out->body, &out->plain, s.body,
		    s.header.body_bytes, &place, k->box_key, k->box_secret);
	if (got == ERR_NOMEM)
		return fail_code(f, got);
	return got == OK && names_it(r, &out->body, c) ? OK : ERR_NOTFOUND;
}

struct offer_opened *
offer_opened_new(void)
{
	struct offer_opened *o = calloc(1, sizeof(*o));

	if (o != NULL)
		o->bytes.limit = o->plain.limit = LIMIT_SEGMENT_BYTES;
	return o;
}

void
offer_opened_free(struct offer_opened *o)
{
	if (o == NULL)
		return;
	buf_release(&o->bytes);
	buf_release(&o->plain);
	free(o);
}

/* ---- the list ------------------------------------------------------------------- */

static enum err
list_all(struct replica *r, struct buf *out, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT s.no, s.cpt, s.author, s.seq, s.id, s.at_ms,"
	    " length(s.bytes) FROM _segment s WHERE s.chain = 2"
	    " AND s.state = ?1 ORDER BY s.cpt, s.author, s.seq, s.no",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, STATE_APPLIED);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		struct offer_pending o = { .segment = stmt_col_int(s, 0),
			.cpt = stmt_col_int(s, 1),
			.author = stmt_col_int(s, 2),
			.seq = (uint64_t)stmt_col_int(s, 3),
			.at_ms = stmt_col_int(s, 5),
			.bytes = (size_t)stmt_col_int(s, 6) };

		(void)stmt_col_copy(s, 4, o.id.b, sizeof(o.id.b));
		o.node = replica_author_node(r, o.author);
		if (o.node != NULL)
			buf_put(out, &o, sizeof(o));
	}
	if (e == OK && out->err != OK)
		e = fail_code(f, out->err);
	return e;
}

static void
look_inside(struct offer_pending *o, const struct offer_opened *x)
{
	struct op_reader reader;
	struct op op;

	op_reader_init(&reader, x->body.payload, x->body.payload_n);
	while (op_reader_next(&reader, &op)) {
		if (o->changes == 0 || op.at_ms < o->typed_ms)
			o->typed_ms = op.at_ms;
		o->changes++;
	}
}

struct listing {
	struct replica *r;
	struct offer_opened *opened;
	struct buf taken;
	int64_t cpt; /* whose are in taken */
	bool ours;
};

static enum err
enter_compartment(struct listing *l, struct compartment *c, struct fail *f)
{
	if (l->cpt == c->no)
		return OK;
	l->cpt = c->no;
	l->ours = !c->has_subject || remove_owns(l->r, c);
	buf_reset(&l->taken);
	return l->ours ? list_taken(l->r, &l->taken, c, f) : OK;
}

static enum err
list_one(struct listing *l, struct offer_pending *o, offer_pending_fn each,
    void *context, struct fail *f)
{
	struct compartment *c;
	enum err e = compartment_get(l->r, &c, o->cpt, f);

	if (e == OK)
		e = enter_compartment(l, c, f);
	if (e != OK || !l->ours || is_taken(&l->taken, &o->id))
		return e;
	e = offer_read(l->r, l->opened, c, o->segment, o->author, f);
	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	look_inside(o, l->opened);
	return each(context, o, f);
}

enum err
offer_pending_each(struct replica *r, offer_pending_fn each, void *context,
    struct fail *f)
{
	struct listing l = { .r = r };
	struct buf list = { 0 };
	enum err e = OK;

	if (!r->identity.has_agency_secret)
		return OK;
	e = list_all(r, &list, f);
	if (e == OK && list.n > 0 && (l.opened = offer_opened_new()) == NULL)
		e = fail_code(f, ERR_NOMEM);
	for (size_t at = 0; e == OK && at < list.n;
	     at += sizeof(struct offer_pending)) {
		struct offer_pending o;

		memcpy(&o, list.p + at, sizeof(o));
		e = list_one(&l, &o, each, context, f);
	}
	offer_opened_free(l.opened);
	buf_release(&l.taken);
	buf_release(&list);
	return e;
}
