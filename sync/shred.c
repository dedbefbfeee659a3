/*
 * Ordering that what is held about a person be destroyed: what it would reach,
 * the record, and the receipt of every node that obeyed.
 */
#include "sync/shred.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "sync/log_i.h"
#include "sync/shred_i.h"

#define NUMBERS_MAX 4096 /* compartments of one subject */

bool
shred_is_registrar(struct replica *r)
{
	const struct member_node *self =
	    members_node(r->members, &r->identity.node);

	return self != NULL && (self->roles & MEMBER_REGISTRAR) != 0 &&
	    members_revocation(r->members, &self->id) == NULL;
}

/* ---- the compartments of a request --------------------------------------------- */

struct numbers {
	int64_t at[NUMBERS_MAX];
	size_t count;
};

static enum err
list_numbers(struct replica *r, struct numbers *out,
    const struct row_id *subject, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT no FROM _compartment WHERE subject = ?1"
	    " ORDER BY category, no",
	    f);

	out->count = 0;
	if (e != OK)
		return e;
	stmt_blob(s, 1, subject->b, sizeof(subject->b));
	while (out->count < NUMBERS_MAX && (e = stmt_step(s, &row, f)) == OK &&
	    row)
		out->at[out->count++] = stmt_col_int(s, 0);
	stmt_reset(s);
	return e;
}

static bool
is_wanted(const struct shred_request *q, const struct compartment *c)
{
	if (!c->has_owner || !c->has_subject)
		return false;
	for (size_t k = 0; k < q->category_count; k++) {
		if (strcmp(q->categories[k], c->category) == 0)
			return true;
	}
	for (size_t k = 0; k < q->keep_count; k++) {
		if (strcmp(q->keep[k], c->category) == 0)
			return false;
	}
	return q->category_count == 0;
}

/* One compartment that is asked for; owner: after transfers. */
typedef enum err (*wanted_fn)(void *context, struct compartment *c,
    const struct agency_id *owner, struct fail *f);

static enum err
visit(struct replica *r, int64_t no, const struct shred_request *q,
    int64_t *found, wanted_fn each, void *context, struct fail *f)
{
	struct control *now = NULL;
	struct compartment *c;
	enum err e = compartment_get(r, &c, no, f);

	if (e != OK || !is_wanted(q, c))
		return e;
	e = control_load(&now, r, c, f);
	if (e == OK) {
		++*found;
		e = each(context, c, now->known ? &now->owner : &c->owner, f);
	}
	control_free(now);
	return e;
}

static enum err
visit_all(struct replica *r, const struct shred_request *q, wanted_fn each,
    void *context, struct fail *f)
{
	struct numbers *n = malloc(sizeof(*n));
	int64_t found = 0;
	enum err e;

	if (n == NULL)
		return fail_set(f, ERR_NOMEM, "shred: out of memory");
	e = list_numbers(r, n, &q->subject, f);
	for (size_t k = 0; e == OK && k < n->count; k++)
		e = visit(r, n->at[k], q, &found, each, context, f);
	free(n);
	if (e == OK && found == 0)
		e = fail_set(f, ERR_NOTFOUND,
		    "shred: nothing of this is held here");
	return e;
}

/* ---- what it would reach --------------------------------------------------------- */

struct looking {
	struct replica *r;
	shred_scope_fn each;
	void *context;
	struct shred_scope scope;
	struct shred_rows *tables;
	const struct member_node **nodes;
	bool registrar;
};

static enum err
count_segments(struct looking *l, int64_t cpt, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, l->r->db,
	    "SELECT count(*), coalesce(sum(state <= 2), 0) FROM _segment"
	    " WHERE cpt = ?1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	e = stmt_step(s, &row, f);
	if (e == OK && row) {
		l->scope.unsealed = stmt_col_int(s, 1);
		l->scope.segments = stmt_col_int(s, 0) - l->scope.unsealed;
	}
	stmt_reset(s);
	return e;
}

static enum err
count_table(struct looking *l, const struct table *t, int64_t cpt,
    struct fail *f)
{
	int64_t rows = 0;
	struct stmt *s;
	bool row = false;
	enum err e =
	    db_stmt(&s, l->r->db, replica_table_sql(l->r, t)->select_cpt, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	while ((e = stmt_step(s, &row, f)) == OK && row)
		rows++;
	stmt_reset(s);
	if (rows > 0)
		l->tables[l->scope.table_count++] =
		    (struct shred_rows){ t->name, rows };
	return e;
}

static enum err
list_nodes(struct looking *l, int64_t cpt, struct fail *f)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < members_node_count(l->r->members);
	     i++) {
		const struct member_node *n = members_node_at(l->r->members, i);
		bool yes = false;

		e = grant_routes_to(l->r, cpt, n, &yes, f);
		if (yes)
			l->nodes[l->scope.node_count++] = n;
	}
	return e;
}

static enum err
look_at(void *context, struct compartment *c, const struct agency_id *owner,
    struct fail *f)
{
	struct looking *l = context;
	int64_t cpt = c->no;
	enum err e;

	l->scope = (struct shred_scope){
		.category = c->category,
		.owner = owner,
		.ours = l->registrar && id_equal(owner, &l->r->identity.agency),
		.tables = l->tables,
		.nodes = l->nodes,
	};
	e = count_segments(l, cpt, f);
	for (size_t i = 0; e == OK && i < l->r->registry->table_count; i++)
		e = count_table(l, &l->r->registry->tables[i], cpt, f);
	if (e == OK)
		e = list_nodes(l, cpt, f);
	return e == OK ? l->each(l->context, &l->scope, f) : e;
}

enum err
shred_look(struct replica *r, const struct shred_request *q,
    shred_scope_fn each, void *context, struct fail *f)
{
	struct looking l = { .r = r,
		.each = each,
		.context = context,
		.registrar = shred_is_registrar(r) };
	enum err e = replica_use(r, f);

	if (e != OK)
		return e;
	l.tables = calloc(r->registry->table_count + 1, sizeof(*l.tables));
	l.nodes = calloc(members_node_count(r->members) + 1, sizeof(*l.nodes));
	e = l.tables == NULL || l.nodes == NULL
	    ? fail_set(f, ERR_NOMEM, "shred: out of memory")
	    : visit_all(r, q, look_at, &l, f);
	free(l.tables);
	free((void *)l.nodes);
	return e;
}

/* ---- the reference ---------------------------------------------------------------- */

/* Sealed as a grant's basis for the owner agency would be (FORMAT.md). */
static void
as_basis(struct grant_body *b, struct grant_place *place,
    const struct compartment *c, const struct key_id *key,
    const struct node_id *issuer)
{
	b->count = 1;
	b->entry[0] =
	    (struct grant_entry){ .key_id = *key, .kind = GRANT_AGENCY };
	memcpy(b->entry[0].recipient, c->founder.b, ID_BYTES);
	b->basis_entry = &b->entry[0];
	*place =
	    (struct grant_place){ .compartment = c->id, .issuer = *issuer };
}

static enum err
seal_reference(struct replica *r, const struct compartment *c, const char *text,
    uint8_t out[static GRANT_BASIS_MAX], size_t *n, struct fail *f)
{
	struct grant_body *b = calloc(1, sizeof(*b));
	struct grant_place place;
	struct key_id id;
	uint8_t key[SEGMENT_KEY_BYTES];
	enum err e;

	*n = 0;
	if (b == NULL)
		return fail_set(f, ERR_NOMEM, "shred: out of memory");
	e = grant_seal_key(r, c, key, &id, f);
	if (e == OK) {
		as_basis(b, &place, c, &id, &r->identity.node);
		grant_basis_seal(out, n, text, b, 0, &place, key, r->env);
	}
	sodium_memzero(key, sizeof(key));
	free(b);
	/* without a key that may be sealed under only this node knows it */
	return e == ERR_NOTFOUND ? OK : e;
}

enum err
shred_reference_open(struct replica *r, const struct compartment *c,
    char text[static LIMIT_BASIS_BYTES + 1], const struct shred_body *body,
    const struct member_node *issuer, struct fail *f)
{
	struct grant_keys *keys = NULL;
	struct grant_body *b = NULL;
	struct grant_place place;
	enum err e = OK;

	text[0] = '\0';
	if (!grant_basis_fits(body->reference, body->reference_n))
		return OK;
	keys = calloc(1, sizeof(*keys));
	b = calloc(1, sizeof(*b));
	if (keys == NULL || b == NULL)
		e = fail_set(f, ERR_NOMEM, "shred: out of memory");
	if (e == OK)
		e = grant_keys_load(r, keys, c->no, f);
	for (size_t k = 0; e == OK && text[0] == '\0' && k < keys->count; k++) {
		as_basis(b, &place, c, &keys->key[k].id, &issuer->id);
		b->basis = body->reference;
		b->basis_n = body->reference_n;
		if (grant_basis_open(text, b, &place, keys->key[k].key) != OK)
			text[0] = '\0';
	}
	if (keys != NULL)
		sodium_memzero(keys, sizeof(*keys));
	free(keys);
	free(b);
	return e;
}

/* ---- ordering ---------------------------------------------------------------------- */

struct ordering {
	struct replica *r;
	const struct shred_request *q;
	int64_t count;
};

static enum err
append(struct replica *r, struct compartment *c, const struct shred_body *body,
    int64_t *no, struct fail *f)
{
	struct buf b = { .limit = 4096 };
	enum err e;

	shred_body_encode(&b, body);
	e = b.err != OK
	    ? fail_set(f, b.err, "shred: %s", err_text(b.err))
	    : log_append_control(r, c, no, SEGMENT_SHRED, b.p, b.n, f);
	buf_release(&b);
	return e;
}

/* What the order says is not readable any more where it was made either. */
static enum err
keep_reference(struct ordering *o, int64_t cpt, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, o->r->db,
	    "UPDATE _shred SET reference = ?2 WHERE cpt = ?1", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_text(s, 2, o->q->reference);
	return stmt_run(s, f);
}

static enum err
order_one(void *context, struct compartment *c, const struct agency_id *owner,
    struct fail *f)
{
	struct ordering *o = context;
	uint8_t sealed[GRANT_BASIS_MAX];
	struct shred_body body = { .owner = c->founder, .reference = sealed };
	struct row_id which;
	struct audit_entry entry = { .act = "shred",
		.staff = &o->q->staff,
		.row = &which };
	int64_t no;
	enum err e;

	if (!id_equal(owner, &o->r->identity.agency))
		return OK;
	memcpy(body.name, c->name, sizeof(body.name));
	/* of the compartment, which tells nothing of whom and what */
	memcpy(which.b, c->id.b, sizeof(which.b));
	e = log_close_open(o->r, c, f);
	if (e == OK)
		e = seal_reference(o->r, c, o->q->reference, sealed,
		    &body.reference_n, f);
	if (e == OK)
		e = append(o->r, c, &body, &no, f);
	if (e == OK)
		e = control_apply(o->r, c, f);
	if (e == OK && (c->flags & COMPARTMENT_SHREDDED) == 0)
		e = fail_set(f, ERR_DENIED,
		    "shred: this node's orders do not count for %s any more: "
		    "its agency's rights over it ended",
		    c->category);
	if (e == OK)
		e = keep_reference(o, c->no, f);
	o->count++;
	return e == OK ? replica_audit(o->r, &entry, f) : e;
}

static enum err
check(struct replica *r, const struct shred_request *q, struct fail *f)
{
	if (q->reference[0] == '\0' || strlen(q->reference) > LIMIT_BASIS_BYTES)
		return fail_set(f, ERR_INPUT,
		    "shred: want the reference of the order, at most %d bytes",
		    LIMIT_BASIS_BYTES);
	if (!shred_is_registrar(r))
		return fail_set(f, ERR_DENIED,
		    "shred: only a registrar's computer orders this, and this "
		    "is none; ask your office's");
	return replica_use(r, f);
}

enum err
shred_order(struct replica *r, const struct shred_request *q, int64_t *count,
    struct fail *f)
{
	struct ordering o = { .r = r, .q = q };
	bool own = false;
	enum err e = check(r, q, f);

	*count = 0;
	if (e == OK)
		e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	e = visit_all(r, q, order_one, &o, f);
	if (e == OK && o.count == 0)
		e = fail_set(f, ERR_DENIED,
		    "shred: what is held here belongs to other agencies: they "
		    "order it (footbridge shred --dry-run names them)");
	e = replica_leave(r, own, e, f);
	if (e == OK)
		*count = o.count;
	return e;
}

/* ---- receipts ----------------------------------------------------------------------- */

enum err
shred_load(struct replica *r, struct buf *bytes, struct shred_body *out,
    const struct member_node **issuer, int64_t segment, struct fail *f)
{
	struct segment view;
	struct stmt *s;
	bool row = false, sealed = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT author, state, bytes FROM _segment WHERE no = ?1", f);

	buf_reset(bytes);
	if (e != OK)
		return e;
	stmt_int(s, 1, segment);
	e = stmt_step(s, &row, f);
	if (e == OK && row) {
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 2, &n);

		*issuer = replica_author_node(r, stmt_col_int(s, 0));
		sealed = stmt_col_int(s, 1) > STATE_CLOSED;
		buf_put(bytes, p, n);
	}
	stmt_reset(s);
	if (e == OK && bytes->err != OK)
		e = fail_code(f, bytes->err);
	if (e != OK || !row)
		return e != OK ? e : ERR_NOTFOUND;
	if (!sealed)
		return shred_body_parse(out, bytes->p, bytes->n) == OK
		    ? OK
		    : ERR_NOTFOUND;
	if (segment_parse(&view, bytes->p, bytes->n, NULL) != OK || view.stub ||
	    shred_body_parse(out, view.body, view.header.body_bytes) != OK)
		return ERR_NOTFOUND;
	return OK;
}

/* The next compartment whose order is sealed and that this node has not
 * answered for; *cpt 0: none. */
static enum err
next_unanswered(struct replica *r, int64_t *cpt, struct segment_id *order,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT h.cpt, s.id FROM _shred h JOIN _segment s ON s.no ="
	    " h.segment WHERE h.answered = 0 AND h.undone_ms = 0"
	    " AND h.cpt > ?1"
	    " AND s.id IS NOT NULL ORDER BY h.cpt LIMIT 1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, *cpt);
	e = stmt_step(s, &row, f);
	*cpt = e == OK && row ? stmt_col_int(s, 0) : 0;
	if (*cpt != 0)
		(void)stmt_col_copy(s, 1, order->b, sizeof(order->b));
	stmt_reset(s);
	return e;
}

static enum err
answer_one(struct replica *r, int64_t cpt, const struct segment_id *order,
    int64_t *made, struct fail *f)
{
	const struct member_node *self =
	    members_node(r->members, &r->identity.node);
	struct shred_body body = { .done = true, .order = *order };
	struct compartment *c;
	struct stmt *s;
	bool holds = false;
	int64_t no;
	enum err e = compartment_get(r, &c, cpt, f);

	if (e == OK && self != NULL)
		e = grant_routes_to(r, cpt, self, &holds, f);
	if (e == OK && holds && c->has_owner) {
		body.owner = c->founder;
		memcpy(body.name, c->name, sizeof(body.name));
		e = append(r, c, &body, &no, f);
		++*made;
	}
	if (e == OK)
		e = db_stmt(&s, r->db,
		    "UPDATE _shred SET answered = ?2 WHERE cpt = ?1", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, holds ? SHRED_SIGNED : SHRED_NOT_OURS);
	return stmt_run(s, f);
}

enum err
shred_answer(struct replica *r, int64_t *made, struct fail *f)
{
	struct segment_id order;
	int64_t cpt = 0;
	bool own = false;
	enum err e;

	/* what is obeyed in a transaction may still be rolled back */
	assert(!db_in_transaction(r->db));
	*made = 0;
	if (r->own_author == 0)
		return OK;
	e = next_unanswered(r, &cpt, &order, f);
	if (e != OK || cpt == 0)
		return e;
	e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	while (e == OK && cpt != 0) {
		e = answer_one(r, cpt, &order, made, f);
		if (e == OK)
			e = next_unanswered(r, &cpt, &order, f);
	}
	return replica_leave(r, own, e, f);
}

enum err
shred_undecided(struct replica *r, int64_t *cpt, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT s.cpt FROM _segment s JOIN _compartment c ON c.no = s.cpt"
	    " WHERE s.kind = 3 AND s.cpt > ?1 AND (c.flags & 8) = 0"
	    " ORDER BY s.cpt LIMIT 1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, *cpt);
	e = stmt_step(s, &row, f);
	*cpt = e == OK && row ? stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return e;
}
