/* access: who can read what about a subject, since when, on which basis. */
#include <stdio.h>
#include <string.h>

#include "sync/grant_i.h"

static const char access_sql[] =
    "SELECT c.category, c.owner, g.recipient_kind, g.recipient,"
    " MAX(g.rights), MIN(g.at_ms),"
    /* what it rests on now: a grant may have been made again on other terms */
    " (SELECT b.basis FROM _grant b WHERE b.cpt = c.no"
    "  AND b.recipient_kind = g.recipient_kind"
    "  AND b.recipient = g.recipient AND b.rights > 0"
    "  AND b.basis IS NOT NULL ORDER BY b.segment DESC LIMIT 1),"
    " COUNT(DISTINCT g.key_id),"
    " (SELECT COUNT(DISTINCT k.key_id) FROM _grant k"
    "  WHERE k.cpt = c.no AND k.rights > 0)"
    " FROM _compartment c JOIN _grant g ON g.cpt = c.no"
    " WHERE c.subject = ?1 AND g.rights > 0"
    " GROUP BY c.no, c.category, c.owner, g.recipient_kind, g.recipient"
    " ORDER BY c.category, c.owner, g.recipient_kind, g.recipient";

#define BASES_KEPT 16

/* Why each agency has one compartment: its rows come before those of nodes. */
struct bases {
	struct agency_id owner;
	char category[LIMIT_CATEGORY_BYTES + 1];
	size_t count;
	struct {
		struct agency_id agency;
		char text[LIMIT_BASIS_BYTES + 1];
	} kept[BASES_KEPT];
};

static void
keep_basis(struct bases *b, const struct grant_access *a)
{
	if (!id_equal(&b->owner, &a->owner->id) ||
	    strcmp(b->category, a->category) != 0) {
		b->owner = a->owner->id;
		(void)snprintf(b->category, sizeof(b->category), "%s",
		    a->category);
		b->count = 0;
	}
	if (a->kind != GRANT_AGENCY || b->count == BASES_KEPT)
		return;
	b->kept[b->count].agency = a->agency->id;
	(void)snprintf(b->kept[b->count].text, LIMIT_BASIS_BYTES + 1, "%s",
	    a->basis);
	b->count++;
}

/* Ownership names no basis; carrying rests on that of the node's agency. */
static const char *
basis_shown(const struct bases *b, const struct grant_access *a)
{
	if (a->basis[0] != '\0')
		return a->basis;
	if (id_equal(&a->owner->id, &a->agency->id))
		return "own";
	for (size_t k = 0; a->kind == GRANT_NODE && k < b->count; k++)
		if (id_equal(&b->kept[k].agency, &a->agency->id))
			return b->kept[k].text;
	return "";
}

/* False for a recipient whose membership record is not here (yet). */
static bool
read_access(struct replica *r, struct bases *b, struct grant_access *a,
    struct stmt *s)
{
	struct agency_id owner, agency;
	struct node_id node;

	*a = (struct grant_access){ .category = stmt_col_text(s, 0),
		.kind = (enum grant_recipient)stmt_col_int(s, 2) };
	if (stmt_col_copy(s, 1, owner.b, ID_BYTES))
		a->owner = members_agency(r->members, &owner);
	if (a->kind == GRANT_NODE) {
		(void)stmt_col_copy(s, 3, node.b, ID_BYTES);
		a->node = members_node(r->members, &node);
		if (a->node == NULL)
			return false;
		agency = a->node->agency;
	} else {
		(void)stmt_col_copy(s, 3, agency.b, ID_BYTES);
	}
	a->agency = members_agency(r->members, &agency);
	if (a->agency == NULL || a->owner == NULL)
		return false;
	a->right = (enum grant_right)stmt_col_int(s, 4);
	a->at_ms = stmt_col_int(s, 5);
	a->basis = stmt_col_text(s, 6);
	a->whole_history = stmt_col_int(s, 7) == stmt_col_int(s, 8);
	keep_basis(b, a);
	a->basis = basis_shown(b, a);
	return true;
}

enum err
grant_access_list(struct replica *r, const struct row_id *subject,
    grant_access_fn each, void *context, struct fail *f)
{
	struct bases bases = { 0 };
	struct grant_access a;
	struct stmt *s;
	bool row = false;
	enum err e;

	e = replica_use(r, f);
	if (e == OK)
		e = db_stmt(&s, r->db, access_sql, f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, subject->b, sizeof(subject->b));
	while ((e = stmt_step(s, &row, f)) == OK && row)
		if (read_access(r, &bases, &a, s))
			each(context, &a);
	stmt_reset(s);
	return e;
}
