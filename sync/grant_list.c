/* access: who can read what about a subject, since when, on which basis. */
#include <string.h>

#include "sync/grant_i.h"

static const char access_sql[] =
    "SELECT c.category, c.owner, g.recipient_kind, g.recipient,"
    " MAX(g.rights), MIN(g.at_ms), MAX(g.basis),"
    " COUNT(DISTINCT g.key_id),"
    " (SELECT COUNT(DISTINCT k.key_id) FROM _grant k"
    "  WHERE k.cpt = c.no AND k.rights > 0)"
    " FROM _compartment c JOIN _grant g ON g.cpt = c.no"
    " WHERE c.subject = ?1 AND g.rights > 0"
    " GROUP BY c.no, c.category, c.owner, g.recipient_kind, g.recipient"
    " ORDER BY c.category, c.owner, g.recipient_kind, g.recipient";

/* Ownership and carrying name no basis of their own. */
static const char *
basis_shown(const struct grant_access *a, const char *stored)
{
	if (stored[0] == '\0' && a->owner != NULL && a->agency != NULL &&
	    id_equal(&a->owner->id, &a->agency->id))
		return "own";
	return stored;
}

/* False for a recipient whose membership record is not here (yet). */
static bool
read_access(struct replica *r, struct grant_access *a, struct stmt *s)
{
	struct agency_id owner, agency;
	struct node_id node;

	*a = (struct grant_access){ 0 };
	a->category = stmt_col_text(s, 0);
	if (stmt_col_copy(s, 1, owner.b, ID_BYTES))
		a->owner = members_agency(r->members, &owner);
	a->kind = (enum grant_recipient)stmt_col_int(s, 2);
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
	a->right = (enum grant_right)stmt_col_int(s, 4);
	a->at_ms = stmt_col_int(s, 5);
	a->basis = basis_shown(a, stmt_col_text(s, 6));
	a->whole_history = stmt_col_int(s, 7) == stmt_col_int(s, 8);
	return a->agency != NULL && a->owner != NULL;
}

enum err
grant_access_list(struct replica *r, const struct row_id *subject,
    grant_access_fn each, void *context, struct fail *f)
{
	struct grant_access a;
	struct stmt *s;
	bool row = false;
	enum err e;

	e = db_stmt(&s, r->db, access_sql, f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, subject->b, sizeof(subject->b));
	while ((e = stmt_step(s, &row, f)) == OK && row)
		if (read_access(r, &a, s))
			each(context, &a);
	stmt_reset(s);
	return e;
}
