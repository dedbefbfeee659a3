/*
 * Carrying: a person's records on a laptop of the own agency. Which subjects a
 * node carries is not stored anywhere: it is who a registrar of the agency
 * granted a key of any compartment of that subject to, by name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/grant_i.h"
#include "sync/hash.h"

#define NUMBERS_MAX 4096 /* compartments of one person */
#define CARRIERS_MAX 256 /* nodes that one person is carried on */

/* The basis of the own agency's grant: what carrying rests on. */
static enum err
own_basis(struct replica *r, int64_t cpt, char text[LIMIT_BASIS_BYTES + 1],
    struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e;

	text[0] = '\0';
	e = db_stmt(&s, r->db,
	    "SELECT MIN(basis) FROM _grant WHERE cpt = ?1 AND rights > 0"
	    " AND recipient_kind = 0 AND recipient = ?2",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_blob(s, 2, r->identity.agency.b, ID_BYTES);
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		(void)snprintf(text, LIMIT_BASIS_BYTES + 1, "%s",
		    stmt_col_text(s, 0));
	stmt_reset(s);
	return e;
}

static enum err
gate_carry(struct replica *r, const struct compartment *c, struct fail *f)
{
	char basis[LIMIT_BASIS_BYTES + 1];
	struct gate_question g = { .act = GATE_GRANT,
		.subject = &c->subject,
		.category = c->category,
		.owner = &c->owner,
		.recipient = &r->identity.agency,
		.basis = basis };
	enum err e;

	e = own_basis(r, c->no, basis, f);
	if (e != OK)
		return e;
	if (r->gate == NULL)
		return fail_set(f, ERR_DENIED,
		    "carry: no policy is set, so nothing may be granted");
	return r->gate(r->gate_context, &g, f);
}

/* What this node itself has over a key, through its agency or by name. */
static unsigned
own_right(const struct replica *r, const struct compartment *c,
    const struct grant_rows *g, const struct key_id *key)
{
	unsigned by_agency, by_name;

	if (id_equal(&c->owner, &r->identity.agency))
		return GRANT_WRITE;
	by_agency =
	    grant_rows_right(g, key, GRANT_AGENCY, r->identity.agency.b);
	by_name = grant_rows_right(g, key, GRANT_NODE, r->identity.node.b);
	return by_agency > by_name ? by_agency : by_name;
}

struct carrying {
	struct grant_keys held;
	struct grant_rows g;
	struct grant_making m;
	int64_t granted;
};

/* The gate is asked once, before the first. */
static enum err
carry_one(struct carrying *k, struct replica *r, const struct grant_key *key,
    const struct node_id *node, unsigned right, struct fail *f)
{
	enum err e = k->granted == 0 ? gate_carry(r, k->m.c, f) : OK;

	if (e == OK)
		e = grant_making_add(&k->m, r, key, GRANT_NODE, node->b,
		    (enum grant_right)right, f);
	k->granted += e == OK ? 1 : 0;
	return e;
}

enum err
grant_carry_on(struct replica *r, struct compartment *c,
    const struct node_id *nodes, size_t count, int64_t *granted, struct fail *f)
{
	struct carrying *k = calloc(1, sizeof(*k));
	enum err e;

	if (k == NULL)
		return fail_set(f, ERR_NOMEM, "carry: out of memory");
	e = grant_making_start(&k->m, r, c, f);
	k->m.parts = true; /* a new key for a few hundred laptops */
	if (e == OK)
		e = grant_keys_load(r, &k->held, c->no, f);
	if (e == OK)
		e = grant_rows_load(r, &k->g, c->no, f);
	for (size_t i = 0; e == OK && i < k->held.count; i++) {
		const struct grant_key *key = &k->held.key[i];
		unsigned right = own_right(r, c, &k->g, &key->id);

		for (size_t j = 0; e == OK && right != 0 && j < count; j++)
			if (grant_rows_right(&k->g, &key->id, GRANT_NODE,
				nodes[j].b) < right)
				e = carry_one(k, r, key, &nodes[j], right, f);
	}
	if (e == OK)
		e = grant_making_issue(&k->m, r, "", GRANT_NODE, NULL, f);
	if (e == OK)
		*granted += k->granted;
	sodium_memzero(&k->held, sizeof(k->held));
	grant_rows_release(&k->g);
	grant_making_release(&k->m);
	free(k);
	return e;
}

/* Numbers of the compartments of a subject; owned by the caller. */
static enum err
numbers_of(struct replica *r, const struct row_id *subject, int64_t **out,
    size_t *count, struct fail *f)
{
	int64_t *no = calloc(NUMBERS_MAX, sizeof(*no));
	struct stmt *s;
	bool row = false;
	size_t n = 0;
	enum err e;

	if (no == NULL)
		return fail_set(f, ERR_NOMEM, "carry: out of memory");
	e = db_stmt(&s, r->db,
	    "SELECT no FROM _compartment WHERE subject = ?1 ORDER BY no", f);
	if (e != OK)
		goto out;
	stmt_blob(s, 1, subject->b, sizeof(subject->b));
	while (n < NUMBERS_MAX && (e = stmt_step(s, &row, f)) == OK && row)
		no[n++] = stmt_col_int(s, 0);
	stmt_reset(s);
out:
	if (e != OK) {
		free(no);
		return e;
	}
	*out = no;
	*count = n;
	return OK;
}

enum err
grant_carry(struct replica *r, const struct row_id *subject,
    const struct member_node *node, int64_t *granted, struct fail *f)
{
	struct node_id id = node->id;
	struct compartment *c;
	int64_t *no = NULL, made = 0;
	size_t count = 0;
	bool own = false;
	enum err e;

	if (!id_equal(&node->agency, &r->identity.agency))
		return fail_set(f, ERR_DENIED,
		    "carry: %s belongs to another agency; share instead",
		    node->name);
	e = replica_use(r, f);
	if (e == OK)
		e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	e = numbers_of(r, subject, &no, &count, f);
	if (e == OK && count == 0)
		e = fail_set(f, ERR_NOTFOUND,
		    "carry: nothing is held here about this person");
	for (size_t k = 0; e == OK && k < count; k++) {
		e = compartment_get(r, &c, no[k], f);
		if (e == OK && c->has_owner)
			e = grant_carry_on(r, c, &id, 1, &made, f);
	}
	free(no);
	e = replica_leave(r, own, e, f);
	if (e == OK)
		*granted = made;
	return e;
}

/* ---- keeping it up ------------------------------------------------------------ */

/* A grant by name counts as carrying when a registrar of ours gave it to
 * another node of ours: a node cannot make itself a carrier. One that was taken
 * out carries no more, whether its grants have ended here already or not. */
static bool
is_carrier(struct replica *r, const struct node_id *node,
    const struct node_id *issuer)
{
	const struct member_node *n = members_node(r->members, node);
	const struct member_node *i = members_node(r->members, issuer);

	return n != NULL && i != NULL && !id_equal(node, issuer) &&
	    members_revocation(r->members, node) == NULL &&
	    !id_equal(node, &r->identity.node) &&
	    id_equal(&n->agency, &r->identity.agency) &&
	    grant_is_registrar(i, &r->identity.agency);
}

/* Who carries something about this person, and did not leave this compartment:
 * held a key of it once and holds none that counts. The removals of one person
 * come one by one; between them the others still say "carried". */
static enum err
carriers_of(struct replica *r, const struct compartment *c,
    struct node_id *nodes, size_t *count, struct fail *f)
{
	struct node_id node, issuer;
	struct stmt *s;
	bool row = false;
	enum err e;

	*count = 0;
	e = db_stmt(&s, r->db,
	    "SELECT DISTINCT g.recipient, a.node FROM _compartment c"
	    " JOIN _grant g ON g.cpt = c.no"
	    " JOIN _segment s ON s.no = g.segment"
	    " JOIN _author a ON a.no = s.author"
	    " WHERE c.subject = ?1 AND g.recipient_kind = 1 AND g.rights > 0"
	    " AND NOT EXISTS (SELECT 1 FROM _grant x WHERE x.cpt = ?2"
	    " AND x.recipient_kind = 1 AND x.recipient = g.recipient"
	    " GROUP BY x.recipient"
	    " HAVING max(x.ever) > 0 AND max(x.rights) = 0)"
	    " ORDER BY g.recipient",
	    f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, c->subject.b, sizeof(c->subject.b));
	stmt_int(s, 2, c->no);
	while (
	    *count < CARRIERS_MAX && (e = stmt_step(s, &row, f)) == OK && row) {
		if (!stmt_col_copy(s, 0, node.b, ID_BYTES) ||
		    !stmt_col_copy(s, 1, issuer.b, ID_BYTES) ||
		    !is_carrier(r, &node, &issuer))
			continue;
		if (*count == 0 || !id_equal(&nodes[*count - 1], &node))
			nodes[(*count)++] = node;
	}
	stmt_reset(s);
	return e;
}

enum err
grant_carry_new(struct replica *r, struct compartment *c, struct fail *f)
{
	const struct member_node *self =
	    members_node(r->members, &r->identity.node);
	struct node_id nodes[CARRIERS_MAX];
	struct fail why = { 0 };
	int64_t granted = 0;
	size_t count;
	enum err e;

	if (self == NULL || (self->roles & MEMBER_REGISTRAR) == 0 ||
	    !c->has_owner || !c->has_subject)
		return OK;
	if (registry_everyone(r->registry, c->category))
		return grant_directory(r, c, f);
	e = carriers_of(r, c, nodes, &count, f);
	if (e != OK || count == 0)
		return e;
	e = grant_carry_on(r, c, nodes, count, &granted, &why);
	if (e == ERR_DENIED) {
		/* policy keeps it off the laptops: that is an answer */
		replica_tally(r, "carry denied by policy", 1);
		return OK;
	}
	return e == OK ? OK : fail_set(f, e, "%s", why.text);
}
