/* Plain SQL on _grant, _compartment and _touched. */
#include "sync/holder.h"

#include <stdio.h>

#include "sync/replica_i.h"

enum err
holder_touched(struct replica *r, struct holder_touched *out, size_t most,
    size_t *count, int64_t *last, bool *more, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT t.cpt, c.subject, c.category FROM _touched t"
	    " JOIN _compartment c ON c.no = t.cpt ORDER BY t.cpt",
	    f);

	*count = 0;
	*last = 0;
	*more = false;
	if (e != OK)
		return e;
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		const char *category = stmt_col_text(s, 2);

		if (*count == most) {
			*more = true;
			break;
		}
		*last = stmt_col_int(s, 0);
		if (!stmt_col_copy(s, 1, out[*count].subject.b, ID_BYTES))
			continue;
		(void)snprintf(out[*count].category,
		    sizeof(out[*count].category), "%s",
		    category != NULL ? category : "");
		(*count)++;
	}
	stmt_reset(s);
	return e;
}

enum err
holder_untouch(struct replica *r, int64_t last, struct fail *f)
{
	struct stmt *s;
	bool own = false;
	enum err e = replica_enter(r, &own, f);

	if (e != OK)
		return e;
	e = db_stmt(&s, r->db, "DELETE FROM _touched WHERE cpt <= ?1", f);
	if (e == OK) {
		stmt_int(s, 1, last);
		e = stmt_run(s, f);
	}
	return replica_leave(r, own, e, f);
}

enum err
holder_subjects(struct replica *r, struct row_id *out, size_t most,
    const struct row_id *after, size_t *count, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT DISTINCT subject FROM _compartment"
	    " WHERE owner = ?1 AND subject > ?2 ORDER BY subject LIMIT ?3",
	    f);

	*count = 0;
	if (e != OK)
		return e;
	stmt_blob(s, 1, r->identity.agency.b, ID_BYTES);
	stmt_blob(s, 2, after->b, ID_BYTES);
	stmt_int(s, 3, (int64_t)most);
	while (*count < most && (e = stmt_step(s, &row, f)) == OK && row)
		if (stmt_col_copy(s, 0, out[*count].b, ID_BYTES))
			(*count)++;
	stmt_reset(s);
	return e;
}

enum err
holder_list(struct replica *r, const struct row_id *subject, holder_fn each,
    void *context, struct fail *f)
{
	/* the basis of the latest grant: segments are numbered as they come */
	static const char sql[] =
	    "SELECT c.category, g.recipient, MAX(g.rights),"
	    " (SELECT x.basis FROM _grant x WHERE x.cpt = c.no"
	    "  AND x.recipient = g.recipient AND x.rights > 0"
	    "  AND x.basis IS NOT NULL ORDER BY x.segment DESC LIMIT 1),"
	    " EXISTS (SELECT 1 FROM _key k WHERE k.cpt = c.no AND NOT EXISTS"
	    "  (SELECT 1 FROM _grant x WHERE x.cpt = c.no"
	    "   AND x.key_id = k.key_id AND x.recipient_kind = 0"
	    "   AND x.recipient = g.recipient AND x.rights > 0))"
	    " FROM _compartment c LEFT JOIN _grant g ON g.cpt = c.no"
	    "  AND g.rights > 0 AND g.recipient_kind = 0"
	    "  AND g.recipient <> ?2"
	    " WHERE c.subject = ?1 AND c.owner = ?2 AND (c.flags & ?3) = 0"
	    " GROUP BY c.no, c.category, g.recipient"
	    " ORDER BY c.category, g.recipient";
	struct stmt *s;
	bool row = false, go_on = true;
	enum err e = db_stmt(&s, r->db, sql, f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, subject->b, ID_BYTES);
	stmt_blob(s, 2, r->identity.agency.b, ID_BYTES);
	stmt_int(s, 3, COMPARTMENT_SHREDDED);
	while (go_on && (e = stmt_step(s, &row, f)) == OK && row) {
		struct agency_id recipient;
		struct holder h = { .category = stmt_col_text(s, 0) };

		if (stmt_col_copy(s, 1, recipient.b, ID_BYTES)) {
			h.recipient = &recipient;
			h.right = (enum grant_right)stmt_col_int(s, 2);
			h.basis = stmt_col_text(s, 3);
			h.lacks = stmt_col_int(s, 4) != 0;
		}
		if (h.basis == NULL)
			h.basis = "";
		go_on = each(context, &h);
	}
	stmt_reset(s);
	return e;
}

enum err
holder_bases(struct replica *r, int64_t cpt, const struct agency_id *recipient,
    holder_basis_fn each, void *context, struct fail *f)
{
	struct stmt *s;
	bool row = false, go_on = true;
	enum err e = db_stmt(&s, r->db,
	    "SELECT MAX(basis), MAX(rights) FROM _grant WHERE cpt = ?1"
	    " AND recipient = ?2 AND recipient_kind = 0 AND ever > 0"
	    " GROUP BY segment ORDER BY segment DESC",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_blob(s, 2, recipient->b, ID_BYTES);
	while (go_on && (e = stmt_step(s, &row, f)) == OK && row) {
		const char *basis = stmt_col_text(s, 0);

		go_on = each(context, basis != NULL ? basis : "",
		    stmt_col_int(s, 1) > 0);
	}
	stmt_reset(s);
	return e;
}

enum err
holder_grants(struct replica *r, const struct row_id *subject,
    holder_grant_fn each, void *context, struct fail *f)
{
	struct stmt *s;
	bool row = false, go_on = true;
	enum err e = db_stmt(&s, r->db,
	    "SELECT c.category, g.recipient, MIN(g.at_ms)"
	    " FROM _compartment c JOIN _grant g ON g.cpt = c.no"
	    " WHERE c.subject = ?1 AND c.owner = ?2 AND g.recipient_kind = 0"
	    " AND g.recipient <> ?2 AND g.ever > 0"
	    " GROUP BY c.no, c.category, g.recipient, g.segment"
	    " ORDER BY c.category, g.recipient, g.segment",
	    f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, subject->b, ID_BYTES);
	stmt_blob(s, 2, r->identity.agency.b, ID_BYTES);
	while (go_on && (e = stmt_step(s, &row, f)) == OK && row) {
		struct agency_id recipient;

		if (stmt_col_copy(s, 1, recipient.b, ID_BYTES))
			go_on = each(context, stmt_col_text(s, 0), &recipient,
			    stmt_col_int(s, 2));
	}
	stmt_reset(s);
	return e;
}

enum err
holder_ended(struct replica *r, const struct agency_id *recipient,
    struct compartment_id *out, size_t most, size_t *count, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT c.id FROM _grant g JOIN _compartment c ON c.no = g.cpt"
	    " WHERE g.recipient = ?1 AND g.recipient_kind = 0 AND g.ever > 0"
	    " AND c.owner = ?2 GROUP BY c.no, c.id HAVING MAX(g.rights) = 0"
	    " ORDER BY MAX(g.segment) DESC LIMIT ?3",
	    f);

	*count = 0;
	if (e != OK)
		return e;
	stmt_blob(s, 1, recipient->b, ID_BYTES);
	stmt_blob(s, 2, r->identity.agency.b, ID_BYTES);
	stmt_int(s, 3, (int64_t)most);
	while (*count < most && (e = stmt_step(s, &row, f)) == OK && row)
		if (stmt_col_copy(s, 0, out[*count].b, ID_BYTES))
			(*count)++;
	stmt_reset(s);
	return e;
}

enum err
holder_agencies(struct replica *r, struct agency_id *out, size_t most,
    size_t *count, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT DISTINCT g.recipient FROM _grant g"
	    " JOIN _compartment c ON c.no = g.cpt"
	    " WHERE g.recipient_kind = 0 AND g.ever > 0 AND c.owner = ?1"
	    " AND g.recipient <> ?1 AND g.basis IS NOT NULL"
	    " ORDER BY g.recipient LIMIT ?2",
	    f);

	*count = 0;
	if (e != OK)
		return e;
	stmt_blob(s, 1, r->identity.agency.b, ID_BYTES);
	stmt_int(s, 2, (int64_t)most);
	while (*count < most && (e = stmt_step(s, &row, f)) == OK && row)
		if (stmt_col_copy(s, 0, out[*count].b, ID_BYTES))
			(*count)++;
	stmt_reset(s);
	return e;
}
