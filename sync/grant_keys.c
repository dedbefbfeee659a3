/* Held keys: reading them, choosing the one to seal under, and answering who is
 * entitled to what. */
#include <stdlib.h>
#include <string.h>

#include "sync/grant_i.h"

/* ---- keys ------------------------------------------------------------------ */

enum err
grant_key_by_id(struct replica *r, int64_t cpt, const struct key_id *id,
    uint8_t key[static 32], struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT key FROM _key WHERE cpt = ?1 AND key_id = ?2", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_blob(s, 2, id->b, sizeof(id->b));
	e = stmt_step(s, &row, f);
	if (e == OK && !row)
		e = ERR_NOTFOUND;
	else if (e == OK && !stmt_col_copy(s, 0, key, SEGMENT_KEY_BYTES))
		e = fail_set(f, ERR_CORRUPT,
		    "a stored compartment key has the wrong size; run "
		    "footbridge verify");
	stmt_reset(s);
	return e;
}

enum err
grant_key_store(struct replica *r, int64_t cpt, const struct key_id *id,
    const uint8_t key[static 32], bool *is_new, struct fail *f)
{
	struct stmt *s;
	enum err e;

	e = db_stmt(&s, r->db,
	    "INSERT INTO _key (cpt, key_id, key) VALUES (?1, ?2, ?3)"
	    " ON CONFLICT (cpt, key_id) DO NOTHING",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_blob(s, 2, id->b, sizeof(id->b));
	stmt_blob(s, 3, key, SEGMENT_KEY_BYTES);
	e = stmt_run(s, f);
	if (e == OK)
		*is_new = db_changes(r->db) > 0;
	return e;
}

enum err
grant_keys_load(struct replica *r, struct grant_keys *k, int64_t cpt,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e;

	k->count = 0;
	e = db_stmt(&s, r->db,
	    "SELECT key_id, key FROM _key WHERE cpt = ?1 ORDER BY key_id", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	while (k->count < LIMIT_GRANT_EPOCHS &&
	    (e = stmt_step(s, &row, f)) == OK && row) {
		struct grant_key *at = &k->key[k->count];

		if (stmt_col_copy(s, 0, at->id.b, sizeof(at->id.b)) &&
		    stmt_col_copy(s, 1, at->key, sizeof(at->key)))
			k->count++;
	}
	stmt_reset(s);
	return e;
}

enum err
grant_open_key(struct replica *r, int64_t cpt,
    const uint8_t prefix[static SEGMENT_PREFIX_BYTES], size_t at,
    uint8_t key[static 32], struct fail *f)
{
	struct key_id low = { { 0 } }, high;
	struct stmt *s;
	bool row;
	enum err e;

	memset(high.b, 0xff, sizeof(high.b));
	memcpy(low.b, prefix, SEGMENT_PREFIX_BYTES);
	memcpy(high.b, prefix, SEGMENT_PREFIX_BYTES);
	e = db_stmt(&s, r->db,
	    "SELECT key FROM _key WHERE cpt = ?1 AND key_id >= ?2"
	    " AND key_id <= ?3 ORDER BY key_id LIMIT 1 OFFSET ?4",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_blob(s, 2, low.b, sizeof(low.b));
	stmt_blob(s, 3, high.b, sizeof(high.b));
	stmt_int(s, 4, (int64_t)at);
	e = stmt_step(s, &row, f);
	if (e == OK && (!row || !stmt_col_copy(s, 0, key, SEGMENT_KEY_BYTES)))
		e = ERR_NOTFOUND;
	stmt_reset(s);
	return e;
}

/* ---- which key to seal under ---------------------------------------------------- */

bool
epoch_eligible(const struct grant_rows *g, const struct key_id *key)
{
	for (size_t k = 0; k < g->ended_count; k++)
		if (id_equal(&g->ended[k], key))
			return false;
	return true;
}

/* A registrar of an agency that was given the key has it too. */
bool
grant_rows_has_key(struct replica *r, const struct grant_rows *g,
    const struct key_id *key, const struct grant_row *holder)
{
	const struct member_node *node;
	struct node_id id;

	if (grant_rows_right(g, key, holder->kind, holder->recipient) != 0)
		return true;
	if (holder->kind != GRANT_NODE)
		return false;
	memcpy(id.b, holder->recipient, ID_BYTES);
	node = members_node(r->members, &id);
	return node != NULL && grant_is_registrar(node, &node->agency) &&
	    grant_rows_right(g, key, GRANT_AGENCY, node->agency.b) != 0;
}

/* Of how many grants the recipients have this key. All of them: the best. */
static size_t
reach(struct replica *r, const struct grant_rows *g, const struct key_id *key)
{
	size_t n = 0;

	for (size_t k = 0; k < g->count; k++)
		if (grant_rows_has_key(r, g, key, &g->row[k]))
			n++;
	return n;
}

/* By a grant that counts. Whoever was taken out may have made keys as well and
 * given them to everybody but himself: such a key opens, and is not sealed
 * under. */
static bool
is_given(const struct grant_rows *g, const struct key_id *key)
{
	for (size_t k = 0; k < g->count; k++)
		if (id_equal(&g->row[k].key_id, key))
			return true;
	return false;
}

enum err
grant_seal_key(struct replica *r, const struct compartment *c,
    uint8_t key[static 32], struct key_id *id, struct fail *f)
{
	struct grant_keys held;
	struct grant_rows g = { 0 };
	const struct grant_key *best = NULL;
	size_t best_reach = 0, n;
	enum err e;

	e = grant_keys_load(r, &held, c->no, f);
	if (e == OK && held.count != 0)
		e = grant_rows_load(r, &g, c->no, f);
	if (e != OK)
		goto out;
	for (size_t k = 0; k < held.count; k++) { /* ascending ids */
		if (!epoch_eligible(&g, &held.key[k].id))
			continue;
		if (!is_given(&g, &held.key[k].id))
			continue;
		n = held.count == 1 ? 1 : reach(r, &g, &held.key[k].id);
		if (best == NULL || n > best_reach) {
			best = &held.key[k];
			best_reach = n;
		}
	}
	if (best == NULL) {
		e = ERR_NOTFOUND;
		goto out;
	}
	memcpy(key, best->key, SEGMENT_KEY_BYTES);
	*id = best->id;
out:
	sodium_memzero(&held, sizeof(held));
	grant_rows_release(&g);
	return e;
}

/* ---- who may ------------------------------------------------------------------- */

bool
grant_is_registrar(const struct member_node *n, const struct agency_id *agency)
{
	return (n->ever_roles & MEMBER_REGISTRAR) != 0 &&
	    id_equal(&n->agency, agency);
}

static enum err
greatest(struct replica *r, const char *sql, unsigned *right, int64_t cpt,
    enum grant_recipient kind, const uint8_t recipient[static ID_BYTES],
    struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db, sql, f);
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, kind);
	stmt_blob(s, 3, recipient, ID_BYTES);
	e = stmt_step(s, &row, f);
	if (e == OK)
		*right = row ? (unsigned)stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return e;
}

enum err
grant_best_right(struct replica *r, unsigned *right, int64_t cpt,
    enum grant_recipient kind, const uint8_t recipient[static ID_BYTES],
    struct fail *f)
{
	return greatest(r,
	    "SELECT MAX(rights) FROM _grant WHERE cpt = ?1"
	    " AND recipient_kind = ?2 AND recipient = ?3",
	    right, cpt, kind, recipient, f);
}

/* Who wrote while it was a holder wrote: that it left does not undo it. What was
 * written knowing that is told by the key (derive_counts.c). */
enum err
grant_ever_right(struct replica *r, unsigned *right, int64_t cpt,
    enum grant_recipient kind, const uint8_t recipient[static ID_BYTES],
    struct fail *f)
{
	return greatest(r,
	    "SELECT MAX(ever) FROM _grant WHERE cpt = ?1"
	    " AND recipient_kind = ?2 AND recipient = ?3",
	    right, cpt, kind, recipient, f);
}

enum err
grant_may_write(struct replica *r, const struct compartment *c,
    const struct member_node *author, bool *may, struct fail *f)
{
	unsigned right = 0;
	enum err e;

	if (c->has_owner && id_equal(&author->agency, &c->owner)) {
		*may = true;
		return OK;
	}
	e = grant_ever_right(r, &right, c->no, GRANT_NODE, author->id.b, f);
	if (e == OK && right < GRANT_WRITE &&
	    grant_is_registrar(author, &author->agency))
		e = grant_ever_right(r, &right, c->no, GRANT_AGENCY,
		    author->agency.b, f);
	if (e == OK)
		*may = right >= GRANT_WRITE;
	return e;
}

static bool
serves(const struct member_node *relay, const struct member_node *node)
{
	for (size_t k = 0; k < node->via_count; k++)
		if (id_equal(&node->via[k], &relay->id))
			return true;
	return false;
}

/* Does this grant make the node a holder, or a relay of one? */
static bool
row_routes(struct replica *r, int64_t kind, const uint8_t *recipient,
    const struct member_node *node)
{
	bool relay = (node->roles & MEMBER_RELAY) != 0;
	const struct member_node *holder;
	struct node_id id;

	if (kind == GRANT_NODE) {
		memcpy(id.b, recipient, ID_BYTES);
		if (id_equal(&id, &node->id))
			return true;
		holder = relay ? members_node(r->members, &id) : NULL;
		return holder != NULL && serves(node, holder);
	}
	if ((node->roles & MEMBER_REGISTRAR) != 0 &&
	    memcmp(recipient, node->agency.b, ID_BYTES) == 0)
		return true;
	for (size_t k = 0; relay && k < members_node_count(r->members); k++) {
		holder = members_node_at(r->members, k);
		if ((holder->roles & MEMBER_REGISTRAR) != 0 &&
		    memcmp(recipient, holder->agency.b, ID_BYTES) == 0 &&
		    serves(node, holder))
			return true;
	}
	return false;
}

/* Does any recipient that the query gives make the node a holder or a relay? A
 * revoked node gets nothing. */
static enum err
any_routes(struct replica *r, const char *sql, int64_t cpt,
    const struct member_node *node, bool *yes, struct fail *f)
{
	struct stmt *s;
	bool row, found = false;
	size_t n;
	enum err e;

	*yes = false;
	if (members_revocation(r->members, &node->id) != NULL)
		return OK;
	e = db_stmt(&s, r->db, sql, f);
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	while (!found && (e = stmt_step(s, &row, f)) == OK && row) {
		const uint8_t *p = stmt_col_blob(s, 1, &n);

		found =
		    n == ID_BYTES && row_routes(r, stmt_col_int(s, 0), p, node);
	}
	stmt_reset(s);
	if (e == OK)
		*yes = found;
	return e;
}

enum err
grant_holds(struct replica *r, int64_t cpt, const struct member_node *node,
    bool *yes, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "SELECT 1 FROM _grant WHERE cpt = ?1 AND rights > 0 AND"
	    " ((recipient_kind = ?2 AND recipient = ?3) OR"
	    " (recipient_kind = ?4 AND recipient = ?5 AND ?6 = 1)) LIMIT 1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, GRANT_NODE);
	stmt_blob(s, 3, node->id.b, ID_BYTES);
	stmt_int(s, 4, GRANT_AGENCY);
	stmt_blob(s, 5, node->agency.b, ID_BYTES);
	stmt_int(s, 6, (node->roles & MEMBER_REGISTRAR) != 0 ? 1 : 0);
	e = stmt_step(s, yes, f);
	stmt_reset(s);
	return e;
}

/* Who ordered, or signed for, what is destroyed held it, though of the grants that
 * say so only stubs may be here (1: GRANT_NODE). */
_Static_assert(GRANT_NODE == 1, "as it stands in the statements");
#define SQL_SIGNED \
	" FROM _shred h JOIN _segment s ON s.cpt = h.cpt AND s.kind = 3" \
	" AND s.state > 2 JOIN _author a ON a.no = s.author"

/* Answers for a recipient that was just asked about: compartments have few. */
#define SCOPE_KNOWN 64
struct scope {
	struct replica *r;
	const struct member_node *a, *b;
	struct {
		int64_t kind;
		uint8_t recipient[ID_BYTES];
		bool known, a, b;
	} slot[SCOPE_KNOWN];
};

static void
scope_ask(struct scope *s, bool *a, bool *b, int64_t kind,
    const uint8_t *recipient)
{
	size_t at = (recipient[0] ^ (size_t)kind) % SCOPE_KNOWN;

	if (!s->slot[at].known || s->slot[at].kind != kind ||
	    memcmp(s->slot[at].recipient, recipient, ID_BYTES) != 0) {
		s->slot[at].known = true;
		s->slot[at].kind = kind;
		memcpy(s->slot[at].recipient, recipient, ID_BYTES);
		s->slot[at].a = row_routes(s->r, kind, recipient, s->a);
		s->slot[at].b = row_routes(s->r, kind, recipient, s->b);
	}
	*a = *a || s->slot[at].a;
	*b = *b || s->slot[at].b;
}

enum err
grant_scope(struct replica *r, struct buf *cpts, const struct member_node *a,
    const struct member_node *b, struct fail *f)
{
	struct scope scope = { .r = r, .a = a, .b = b };
	bool row, for_a = false, for_b = false;
	int64_t cpt = 0;
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "SELECT cpt, recipient_kind, recipient FROM _grant"
	    " WHERE rights > 0 UNION ALL SELECT h.cpt, 1, a.node" SQL_SIGNED
	    " WHERE h.undone_ms = 0 ORDER BY 1",
	    f);

	if (e != OK)
		return e;
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 2, &n);

		if (stmt_col_int(s, 0) != cpt) {
			if (for_a && for_b)
				buf_put(cpts, &cpt, sizeof(cpt));
			cpt = stmt_col_int(s, 0);
			for_a = for_b = false;
		}
		if (n == ID_BYTES && !(for_a && for_b))
			scope_ask(&scope, &for_a, &for_b, stmt_col_int(s, 1),
			    p);
	}
	stmt_reset(s);
	if (e == OK && for_a && for_b)
		buf_put(cpts, &cpt, sizeof(cpt));
	if (e == OK && cpts->err != OK)
		return fail_set(f, cpts->err, "common compartments: %s",
		    err_text(cpts->err));
	return e;
}

enum err
grant_routes_to(struct replica *r, int64_t cpt, const struct member_node *node,
    bool *yes, struct fail *f)
{
	return any_routes(r,
	    "SELECT recipient_kind, recipient FROM _grant"
	    " WHERE cpt = ?1 AND rights > 0 UNION SELECT 1, a.node" SQL_SIGNED
	    " WHERE h.undone_ms = 0 AND h.cpt = ?1",
	    cpt, node, yes, f);
}

enum err
grant_was_routed_to(struct replica *r, int64_t cpt,
    const struct member_node *node, bool *yes, struct fail *f)
{
	return any_routes(r,
	    "SELECT DISTINCT recipient_kind, recipient FROM _grant"
	    " WHERE cpt = ?1 AND rights = 0 AND ever > 0",
	    cpt, node, yes, f);
}
