/*
 * Granting: sharing with another agency, carrying on a laptop. Both build one
 * control segment each and apply it by the same code that applies a received one.
 */
#include <stdlib.h>
#include <string.h>

#include "sync/box.h"
#include "sync/grant_i.h"
#include "sync/value.h"

/* ---- a grant segment in the making -------------------------------------------- */

enum err
grant_making_start(struct grant_making *m, struct replica *r,
    struct compartment *c, struct fail *f)
{
	memset(m, 0, sizeof(*m));
	m->c = c;
	m->place.compartment = c->id;
	m->place.issuer = r->identity.node;
	m->body.owner = c->founder;
	memcpy(m->body.name, c->name, sizeof(m->body.name));
	if (!c->has_owner || !c->has_subject)
		return fail_set(f, ERR_DENIED,
		    "grant: this node does not know whose records these are");
	return OK;
}

void
grant_making_release(struct grant_making *m)
{
	free(m->boxes);
	memset(m, 0, sizeof(*m));
}

static bool
making_has(const struct grant_making *m, const struct grant_key *key,
    enum grant_recipient kind, const uint8_t recipient[static ID_BYTES])
{
	for (size_t k = 0; k < m->body.count; k++) {
		const struct grant_entry *e = &m->body.entry[k];

		if (e->kind == kind && id_equal(&e->key_id, &key->id) &&
		    memcmp(e->recipient, recipient, ID_BYTES) == 0)
			return true;
	}
	return false;
}

/* Boxes may move while there is room to be made: entries point by number until
 * the segment is issued. */
static enum err
making_room(struct grant_making *m, struct replica *r, struct fail *f)
{
	size_t room = m->box_room == 0 ? 2 : m->box_room * 2;
	uint8_t(*boxes)[GRANT_BOX_MAX];

	if (m->body.count == LIMIT_GRANT_ENTRIES && m->parts) {
		enum err e =
		    grant_making_issue(m, r, "", GRANT_AGENCY, NULL, f);

		m->body.count = 0;
		return e;
	}
	if (m->body.count == LIMIT_GRANT_ENTRIES)
		return fail_set(f, ERR_LIMIT,
		    "grant: more than %d keys in one act; share fewer "
		    "categories or recipients at once",
		    LIMIT_GRANT_ENTRIES);
	if (m->body.count < m->box_room)
		return OK;
	boxes = realloc(m->boxes, room * sizeof(*boxes));
	if (boxes == NULL)
		return fail_set(f, ERR_NOMEM, "grant: out of memory");
	m->boxes = boxes;
	m->box_room = room;
	for (size_t k = 0; k < m->body.count; k++)
		m->body.entry[k].box = m->boxes[k];
	return OK;
}

/* The public key that boxes for this recipient are sealed to, or NULL. */
static const uint8_t *
recipient_key(struct replica *r, enum grant_recipient kind,
    const uint8_t recipient[static ID_BYTES])
{
	const struct member_agency *agency;
	const struct member_node *node;
	struct agency_id agency_id;
	struct node_id node_id;

	memcpy(agency_id.b, recipient, ID_BYTES);
	memcpy(node_id.b, recipient, ID_BYTES);
	if (kind == GRANT_NODE) {
		node = members_node(r->members, &node_id);
		return node != NULL ? node->box_key : NULL;
	}
	agency = members_agency(r->members, &agency_id);
	return agency != NULL ? agency->box_key : NULL;
}

/* Which of the recipient's keys that is. A node has one. */
static uint64_t
recipient_key_no(struct replica *r, enum grant_recipient kind,
    const uint8_t recipient[static ID_BYTES])
{
	const struct member_agency *agency;
	struct agency_id id;

	if (kind == GRANT_NODE)
		return 0;
	memcpy(id.b, recipient, ID_BYTES);
	agency = members_agency(r->members, &id);
	return agency != NULL ? agency->key_no : 0;
}

static bool
is_out(struct replica *r, enum grant_recipient kind,
    const uint8_t recipient[static ID_BYTES])
{
	struct agency_id agency;
	struct node_id node;

	memcpy(agency.b, recipient, ID_BYTES);
	memcpy(node.b, recipient, ID_BYTES);
	return kind == GRANT_NODE
	    ? members_revocation(r->members, &node) != NULL
	    : members_agency_undone(r->members, &agency);
}

bool
grant_may_box(struct replica *r, enum grant_recipient kind,
    const uint8_t recipient[static ID_BYTES])
{
	struct agency_id agency;

	memcpy(agency.b, recipient, ID_BYTES);
	return recipient_key(r, kind, recipient) != NULL &&
	    !is_out(r, kind, recipient) &&
	    (kind == GRANT_NODE ||
		members_exposed_key(r->members, &agency) <=
		    recipient_key_no(r, kind, recipient));
}

enum err
grant_making_add(struct grant_making *m, struct replica *r,
    const struct grant_key *key, enum grant_recipient kind,
    const uint8_t recipient[static ID_BYTES], enum grant_right right,
    struct fail *f)
{
	const uint8_t *public_key = recipient_key(r, kind, recipient);
	struct grant_secret secret;
	struct grant_entry *e;
	enum err got;

	if (making_has(m, key, kind, recipient))
		return OK;
	if (public_key == NULL)
		return fail_set(f, ERR_NOTFOUND,
		    "grant: the %s is no member of this network",
		    kind == GRANT_NODE ? "node" : "agency");
	if (is_out(r, kind, recipient))
		return fail_set(f, ERR_REVOKED,
		    "grant: the %s was taken out of the network",
		    kind == GRANT_NODE ? "node" : "agency");
	got = making_room(m, r, f);
	if (got != OK)
		return got;
	e = &m->body.entry[m->body.count];
	*e = (struct grant_entry){ .key_id = key->id,
		.kind = kind,
		.right = right,
		.serial = recipient_key_no(r, kind, recipient) };
	memcpy(e->recipient, recipient, ID_BYTES);
	memcpy(secret.key, key->key, sizeof(secret.key));
	secret.subject = m->c->subject;
	memcpy(secret.category, m->c->category, sizeof(secret.category));
	got = grant_box_seal(e, m->boxes[m->body.count], &m->place, &secret,
	    public_key, r->env);
	sodium_memzero(&secret, sizeof(secret));
	if (got != OK)
		return fail_set(f, got,
		    "grant: the public key of the %s is not usable; it must "
		    "enrol again",
		    kind == GRANT_NODE ? "node" : "agency");
	m->body.count++;
	return OK;
}

/* The basis under the first key that the recipient is given here. */
static enum err
seal_basis(struct grant_making *m, struct replica *r,
    uint8_t sealed[static GRANT_BASIS_MAX], const char *basis,
    enum grant_recipient kind, const uint8_t *recipient, struct fail *f)
{
	const struct grant_entry *e = NULL;
	uint8_t key[SEGMENT_KEY_BYTES];
	size_t at = 0;
	enum err got;

	for (; at < m->body.count; at++) {
		e = &m->body.entry[at];
		if (e->kind == kind &&
		    memcmp(e->recipient, recipient, ID_BYTES) == 0)
			break;
	}
	assert(at < m->body.count);
	got = grant_key_by_id(r, m->c->no, &e->key_id, key, f);
	if (got != OK)
		return got;
	grant_basis_seal(sealed, &m->body.basis_n, basis, &m->body, at,
	    &m->place, key, r->env);
	m->body.basis = sealed;
	sodium_memzero(key, sizeof(key));
	return OK;
}

enum err
grant_making_issue(struct grant_making *m, struct replica *r, const char *basis,
    enum grant_recipient kind, const uint8_t *recipient, struct fail *f)
{
	const struct member_node *self =
	    members_node(r->members, &r->identity.node);
	uint8_t sealed[GRANT_BASIS_MAX];
	struct buf b = { .limit = LIMIT_SEGMENT_BYTES };
	int64_t segment;
	enum err e = OK;

	if (m->body.count == 0)
		return OK;
	if (self == NULL)
		return fail_set(f, ERR_DENIED,
		    "grant: this node is no member of a network yet");
	grant_body_sort(&m->body);
	if (basis[0] != '\0')
		e = seal_basis(m, r, sealed, basis, kind, recipient, f);
	if (e != OK)
		return e;
	grant_body_encode(&b, &m->body);
	e = b.err;
	if (e != OK)
		e = fail_set(f, e, "grant: %s", err_text(e));
	if (e == OK)
		e = log_append_control(r, m->c, &segment, SEGMENT_GRANT, b.p,
		    b.n, f);
	if (e == OK)
		e = grant_apply(r, m->c, segment, self, b.p, b.n, f);
	m->body.basis = NULL;
	buf_release(&b);
	return e;
}

/* ---- sharing ---------------------------------------------------------------------- */

static bool
is_own_registrar(struct replica *r)
{
	const struct member_node *self =
	    members_node(r->members, &r->identity.node);

	return self != NULL && (self->roles & MEMBER_REGISTRAR) != 0;
}

/* Does an agency of this kind own records of this category, and may they leave
 * it? Tables of one category have one scope. */
static enum err
check_category(const struct registry *g, int kind, const char *category,
    bool leaves, struct fail *f)
{
	for (size_t k = 0; k < g->table_count; k++) {
		const char *c = table_category(&g->tables[k], kind);

		if (c == NULL || strcmp(c, category) != 0)
			continue;
		if (leaves && g->tables[k].scope != SCOPE_SHARED)
			return fail_set(f, ERR_DENIED,
			    "share: records of category %.64s never leave "
			    "their agency",
			    category);
		return OK;
	}
	return fail_set(f, ERR_INPUT,
	    "share: this agency keeps no records of category %.64s", category);
}

static bool
basis_ok(const char *basis)
{
	size_t n = strlen(basis), colon = strcspn(basis, ":");

	if (n > LIMIT_BASIS_BYTES || colon == 0 || colon + 1 >= n)
		return false;
	for (size_t k = 0; k < n; k++)
		if ((uint8_t)basis[k] < 0x20 || basis[k] == 0x7f)
			return false;
	return value_utf8((const uint8_t *)basis, n);
}

static enum err
check_request(struct replica *r, const struct grant_request *q,
    struct agency_id *recipient_agency, struct fail *f)
{
	const struct member_node *node;
	struct node_id id;
	enum err e = OK;
	bool leaves;

	memcpy(recipient_agency->b, q->recipient, ID_BYTES);
	if (!is_own_registrar(r))
		return fail_set(f, ERR_DENIED,
		    "share: this node is no registrar of its agency; share at "
		    "the office's server");
	if (recipient_key(r, q->kind, q->recipient) == NULL)
		return fail_set(f, ERR_NOTFOUND,
		    "share: the recipient is no member of this network");
	if (q->kind == GRANT_NODE) {
		memcpy(id.b, q->recipient, ID_BYTES);
		node = members_node(r->members, &id);
		*recipient_agency = node->agency;
	}
	if (!basis_ok(q->basis))
		return fail_set(f, ERR_INPUT,
		    "say on which legal basis: --basis such as "
		    "agreement:2026-04, at most %d characters",
		    LIMIT_BASIS_BYTES);
	leaves = !id_equal(recipient_agency, &r->identity.agency);
	for (size_t k = 0; e == OK && k < q->category_count; k++)
		e = check_category(r->registry, replica_kind(r),
		    q->categories[k], leaves, f);
	return e;
}

static enum err
ask_gate(struct replica *r, const struct row_id *subject, const char *category,
    const struct agency_id *owner, const struct agency_id *recipient,
    const char *basis, struct fail *f)
{
	struct gate_question g = { .act = GATE_GRANT,
		.subject = subject,
		.category = category,
		.owner = owner,
		.recipient = recipient,
		.basis = basis };

	if (r->gate == NULL)
		return fail_set(f, ERR_DENIED,
		    "grant: no policy is set, so nothing may be granted");
	return r->gate(r->gate_context, &g, f);
}

/* Everyone else who has any key now gets the new epoch. */
static enum err
add_all_holders(struct grant_making *m, struct replica *r,
    const struct grant_rows *g, const struct grant_key *key,
    const struct grant_request *q, struct fail *f)
{
	struct grant_rows all;
	enum err e = grant_holders(&all, g);

	if (e != OK)
		return fail_code(f, e);
	for (size_t k = 0; e == OK && k < all.count; k++) {
		const struct grant_row *h = &all.row[k];

		if (h->kind != q->kind ||
		    memcmp(h->recipient, q->recipient, ID_BYTES) != 0)
			e = grant_making_add(m, r, key, h->kind, h->recipient,
			    h->right, f);
	}
	grant_rows_release(&all);
	return e;
}

/* Does the recipient have the key that is sealed under now? */
static enum err
has_current(struct replica *r, const struct compartment *c,
    const struct grant_rows *g, const struct grant_request *q, bool *has,
    struct fail *f)
{
	uint8_t key[SEGMENT_KEY_BYTES];
	struct key_id id;
	enum err e;

	e = grant_seal_key(r, c, key, &id, f);
	sodium_memzero(key, sizeof(key));
	*has = e == OK &&
	    grant_rows_right(g, &id, q->kind, q->recipient) >=
		(unsigned)q->right;
	return e == ERR_NOTFOUND ? OK : e;
}

struct sharing {
	struct replica *r;
	const struct grant_request *q;
	struct compartment *c;
	bool fresh;   /* made for this share: "from now" is the whole history */
	unsigned had; /* the recipient's right before; 0: none */
	enum grant_right right; /* what it is given: the last said holds */
	bool lowers;
	struct grant_keys held;
	struct grant_rows g;
	struct grant_making m;
};

/* The right is the compartment's, not a key's: whoever gives one more key must say
 * again what is so, or it would take something away. */
static void
choose_right(struct sharing *s)
{
	const struct grant_request *q = s->q;

	s->had = grant_rows_best(&s->g, q->kind, q->recipient);
	s->lowers = q->lower && s->had > (unsigned)q->right;
	s->right = q->right;
	if (s->had != 0 && !q->lower &&
	    (q->renew || s->had > (unsigned)q->right))
		s->right = (enum grant_right)s->had;
}

/* Every held key that the recipient lacks (at the right asked for); all of them
 * where it may less from now on, for that is to be said. */
static enum err
add_missing(struct sharing *s, struct fail *f)
{
	const struct grant_request *q = s->q;
	enum err e = OK;

	for (size_t k = 0; e == OK && k < s->held.count; k++) {
		const struct grant_key *key = &s->held.key[k];

		if (s->lowers ||
		    grant_rows_right(&s->g, &key->id, q->kind, q->recipient) <
			(unsigned)q->right)
			e = grant_making_add(&s->m, s->r, key, q->kind,
			    q->recipient, s->right, f);
	}
	return e;
}

/* Every key that the recipient has, and no other: another basis opens nothing. */
static enum err
add_again(struct sharing *s, struct fail *f)
{
	const struct grant_request *q = s->q;
	enum err e = OK;

	for (size_t k = 0; e == OK && k < s->held.count; k++)
		if (grant_rows_right(&s->g, &s->held.key[k].id, q->kind,
			q->recipient) > 0)
			e = grant_making_add(&s->m, s->r, &s->held.key[k],
			    q->kind, q->recipient, s->right, f);
	return e;
}

static enum err
fill_share(struct sharing *s, struct fail *f)
{
	const struct grant_request *q = s->q;
	struct grant_key key;
	bool has = false;
	enum err e;

	if (s->held.count == 0)
		return fail_set(f, ERR_DENIED,
		    "share: this node holds no key of category %s",
		    s->c->category);
	if (q->renew)
		return add_again(s, f);
	if (!q->from_now || s->fresh)
		return add_missing(s, f);
	e = has_current(s->r, s->c, &s->g, q, &has, f);
	if (e == OK && has && s->lowers)
		return add_again(s, f);
	if (e != OK || has)
		return e;
	if (q->dry_run) {
		s->m.body.count = 1; /* would be made */
		return OK;
	}
	s->m.parts = true;
	e = grant_new_epoch(s->r, s->c->no, &key, f);
	if (e == OK)
		e = add_all_holders(&s->m, s->r, &s->g, &key, q, f);
	/* last, and so in the part that says why */
	if (e == OK)
		e = grant_making_add(&s->m, s->r, &key, q->kind, q->recipient,
		    s->right, f);
	sodium_memzero(&key, sizeof(key));
	return e;
}

static enum err
share_known(struct sharing *s, struct grant_line *line, struct fail *f)
{
	enum err e;

	e = grant_making_start(&s->m, s->r, s->c, f);
	if (e == OK)
		e = grant_keys_load(s->r, &s->held, s->c->no, f);
	if (e == OK)
		e = grant_rows_load(s->r, &s->g, s->c->no, f);
	if (e == OK) {
		choose_right(s);
		e = fill_share(s, f);
	}
	if (e == OK) {
		line->granted_before = s->had != 0;
		line->is_new = s->m.body.count != 0;
		line->lowered = line->is_new && s->lowers;
	}
	if (e == OK && !s->q->dry_run)
		e = grant_making_issue(&s->m, s->r, s->q->basis, s->q->kind,
		    s->q->recipient, f);
	sodium_memzero(&s->held, sizeof(s->held));
	grant_rows_release(&s->g);
	grant_making_release(&s->m);
	return e;
}

static enum err
share_one(struct replica *r, const struct grant_request *q,
    const char *category, const struct agency_id *recipient,
    struct grant_line *line, struct fail *f)
{
	struct sharing *s;
	enum err e;

	*line = (struct grant_line){ .category = category };
	e = ask_gate(r, &q->subject, category, &r->identity.agency, recipient,
	    q->basis, f);
	if (e != OK)
		return e;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return fail_set(f, ERR_NOMEM, "share: out of memory");
	s->r = r;
	s->q = q;
	e = compartment_find(r, &s->c, &r->identity.agency, &q->subject,
	    category, f);
	if (e == OK && !s->c->has_subject)
		e = ERR_NOTFOUND; /* met as a stranger: make it ours */
	if (e == ERR_NOTFOUND && q->dry_run) {
		line->is_new = true;
		e = OK;
		goto out;
	}
	if (e == ERR_NOTFOUND) {
		s->fresh = true;
		e = compartment_own(r, &s->c, &q->subject, category, f);
		if (e == OK && !id_equal(&s->c->owner, &r->identity.agency))
			e = fail_set(f, ERR_DENIED,
			    "%s of this person was handed over to another"
			    " agency, which decides who reads it",
			    category);
	}
	if (e == OK)
		e = share_known(s, line, f);
out:
	free(s);
	return e;
}

enum err
grant_share(struct replica *r, const struct grant_request *q,
    grant_line_fn line, void *context, struct fail *f)
{
	struct agency_id recipient;
	struct grant_line made;
	bool own = false;
	enum err e;

	e = replica_use(r, f);
	if (e == OK)
		e = check_request(r, q, &recipient, f);
	if (e == OK)
		e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	for (size_t k = 0; e == OK && k < q->category_count; k++) {
		e = share_one(r, q, q->categories[k], &recipient, &made, f);
		if (e == OK && line != NULL)
			line(context, &made);
	}
	return replica_leave(r, own, e, f);
}
