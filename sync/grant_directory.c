/*
 * The network's directory: who works where and how to reach them. Its keys go
 * to everybody by themselves, so that a name on a note can be read anywhere.
 */
#include "sync/grant_i.h"

#include <stdlib.h>

/* Being a member is what the directory rests on; the gate is asked as for any
 * other grant. */
#define DIRECTORY_BASIS "agreement:membership of the network"

static bool
is_registrar(struct replica *r)
{
	const struct member_node *self =
	    members_node(r->members, &r->identity.node);

	return self != NULL && (self->roles & MEMBER_REGISTRAR) != 0;
}

static enum err
ask(struct replica *r, const struct compartment *c,
    const struct agency_id *recipient, struct fail *f)
{
	struct gate_question g = {
		.act = GATE_GRANT,
		.subject = &c->subject,
		.category = c->category,
		.owner = &c->owner,
		.recipient = recipient,
		.basis = DIRECTORY_BASIS,
	};

	return r->gate != NULL ? r->gate(r->gate_context, &g, f) : ERR_DENIED;
}

/* Give one agency the keys that it lacks. */
static enum err
to_agency(struct replica *r, struct compartment *c,
    const struct grant_keys *held, const struct grant_rows *rows,
    const struct agency_id *agency, struct fail *f)
{
	unsigned had = grant_rows_best(rows, GRANT_AGENCY, agency->b);
	struct grant_making m;
	enum err e;

	if (id_equal(agency, &c->owner))
		return OK;
	e = grant_making_start(&m, r, c, f);
	for (size_t i = 0; e == OK && i < held->count; i++) {
		if (grant_rows_right(rows, &held->key[i].id, GRANT_AGENCY,
			agency->b) == 0)
			e = grant_making_add(&m, r, &held->key[i], GRANT_AGENCY,
			    agency->b,
			    had > GRANT_READ ? GRANT_WRITE : GRANT_READ, f);
	}
	if (e == OK && m.body.count > 0 && ask(r, c, agency, NULL) == OK)
		e = grant_making_issue(&m, r, DIRECTORY_BASIS, GRANT_AGENCY,
		    agency->b, f);
	grant_making_release(&m);
	return e;
}

static enum err
to_agencies(struct replica *r, struct compartment *c, struct fail *f)
{
	struct grant_keys *held = calloc(1, sizeof(*held));
	struct grant_rows rows = { 0 };
	enum err e;

	if (held == NULL)
		return fail_code(f, ERR_NOMEM);
	e = grant_keys_load(r, held, c->no, f);
	if (e == OK)
		e = grant_rows_load(r, &rows, c->no, f);
	for (size_t i = 0; e == OK && i < members_agency_count(r->members);
	     i++) {
		struct agency_id id = members_agency_at(r->members, i)->id;

		if (members_agency_undone(r->members, &id))
			continue;
		e = to_agency(r, c, held, &rows, &id, f);
	}
	grant_rows_release(&rows);
	sodium_memzero(held, sizeof(*held));
	free(held);
	return e;
}

/* Nodes of the own agency that do not hold its secret. */
static enum err
to_own_nodes(struct replica *r, struct compartment *c, struct fail *f)
{
	int64_t granted = 0;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < members_node_count(r->members); i++) {
		const struct member_node *n = members_node_at(r->members, i);
		struct node_id id = n->id;

		if ((n->roles & MEMBER_REGISTRAR) != 0 ||
		    !id_equal(&n->agency, &r->identity.agency) ||
		    members_revocation(r->members, &n->id) != NULL)
			continue;
		e = grant_carry_on(r, c, &id, 1, &granted, NULL);
		if (e == ERR_DENIED) {
			replica_tally(r, "carry denied by policy", 1);
			e = OK;
		}
	}
	return e == OK ? OK : fail_set(f, e, "directory: %s", err_text(e));
}

enum err
grant_directory(struct replica *r, struct compartment *c, struct fail *f)
{
	enum err e = OK;

	if (!is_registrar(r) || !c->has_owner || !c->has_subject ||
	    !registry_everyone(r->registry, c->category))
		return OK;
	if (id_equal(&c->owner, &r->identity.agency))
		e = to_agencies(r, c, f);
	return e == OK ? to_own_nodes(r, c, f) : e;
}

/* Directory compartments have an agency as subject. */
static enum err
directory_of(struct replica *r, const struct agency_id *subject, struct fail *f)
{
	int64_t no[16];
	size_t count = 0;
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT no FROM _compartment WHERE subject = ?1 ORDER BY no", f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, subject->b, sizeof(subject->b));
	while (count < COUNT_OF(no) && (e = stmt_step(s, &row, f)) == OK && row)
		no[count++] = stmt_col_int(s, 0);
	stmt_reset(s);
	for (size_t i = 0; e == OK && i < count; i++) {
		struct compartment *c;

		e = compartment_get(r, &c, no[i], f);
		if (e == OK)
			e = grant_directory(r, c, f);
	}
	return e;
}

enum err
grant_directory_all(struct replica *r, struct fail *f)
{
	enum err e = OK;

	if (!is_registrar(r) || r->own_author == 0)
		return OK;
	for (size_t i = 0; e == OK && i < members_agency_count(r->members);
	     i++) {
		struct agency_id id = members_agency_at(r->members, i)->id;

		e = directory_of(r, &id, f);
	}
	return e;
}
