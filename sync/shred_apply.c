/*
 * Obeying an order: all of it in the transaction that took it, so that a node
 * has either everything or nothing of the compartment.
 */
#include "sync/shred.h"

#include <string.h>

#include "sync/attachment.h"
#include "sync/derive.h"
#include "sync/lane.h"
#include "sync/log_i.h"
#include "sync/shred_i.h"
#include "sync/typed.h"

_Static_assert(SEGMENT_SHRED == 3 && SEGMENT_TRANSFER == 6, "SHRED_STAYS");

static bool
stays_whole(enum segment_kind kind)
{
	return kind >= SEGMENT_SHRED && kind <= SEGMENT_TRANSFER;
}

bool
shred_stubs(const struct compartment *c, enum segment_kind kind)
{
	return (c->flags & COMPARTMENT_SHREDDED) != 0 && !stays_whole(kind);
}

static enum err
run_for(struct replica *r, const char *sql, int64_t cpt, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db, sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	return stmt_run(s, f);
}

/* ---- what the order says -------------------------------------------------------- */

/* Opened now: the keys go with the rest. */
static enum err
read_reference(struct replica *r, const struct compartment *c,
    char text[static LIMIT_BASIS_BYTES + 1], int64_t order, struct fail *f)
{
	struct buf bytes = { .limit = LIMIT_SEGMENT_BYTES };
	const struct member_node *issuer = NULL;
	struct shred_body body;
	enum err e;

	text[0] = '\0';
	e = shred_load(r, &bytes, &body, &issuer, order, f);
	if (e == OK && issuer != NULL)
		e = shred_reference_open(r, c, text, &body, issuer, f);
	buf_release(&bytes);
	return e;
}

static enum err
note_order(struct replica *r, const struct compartment *c, int64_t order,
    struct fail *f)
{
	char text[LIMIT_BASIS_BYTES + 1];
	struct stmt *s;
	enum err e = read_reference(r, c, text, order, f);

	if (e == OK)
		e = db_stmt(&s, r->db,
		    "INSERT INTO _shred (cpt, segment, reference, answered,"
		    " at_ms, undone_ms) VALUES (?1, ?2, ?3, 0, ?4, 0)"
		    " ON CONFLICT (cpt) DO UPDATE SET segment = ?2,"
		    " reference = ?3, answered = 0, at_ms = ?4, undone_ms = 0",
		    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, c->no);
	stmt_int(s, 2, order);
	stmt_text(s, 3, text);
	stmt_int(s, 4, env_wall_ms(r->env));
	return stmt_run(s, f);
}

/* ---- stubs ------------------------------------------------------------------------ */

enum err
shred_stub(struct buf *out, const uint8_t *p, size_t n, struct fail *f)
{
	struct segment view;
	enum err e = segment_parse(&view, p, n, f);

	buf_reset(out);
	if (e != OK)
		return e;
	segment_stub(out, &view);
	return out->err == OK ? OK : fail_code(f, out->err);
}

/* The next that is not a stub, after number *no; *no 0: none. */
static enum err
next_whole(struct replica *r, int64_t cpt, int64_t *no, struct buf *whole,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT no, bytes FROM _segment WHERE cpt = ?1 AND no + 0 > ?2"
	    " AND state > 2 AND kind NOT IN " SHRED_STAYS
	    " ORDER BY no LIMIT 1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, *no);
	e = stmt_step(s, &row, f);
	*no = e == OK && row ? stmt_col_int(s, 0) : 0;
	if (*no != 0) {
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 1, &n);

		buf_reset(whole);
		buf_put(whole, p, n);
	}
	stmt_reset(s);
	return e == OK && whole->err != OK ? fail_code(f, whole->err) : e;
}

/* Control and data keep their state: of the one what it said is kept, the other
 * is derived anew; what stands beside them has none of its content any more. */
static enum err
cut_one(struct replica *r, int64_t no, const struct segment *whole,
    struct fail *f)
{
	struct buf stub = { .limit = LIMIT_SEGMENT_BYTES };
	struct stmt *s;
	enum err e = shred_say(r, no, whole, f);

	segment_stub(&stub, whole);
	if (e == OK && stub.err != OK)
		e = fail_code(f, stub.err);
	if (e == OK)
		e = db_stmt(&s, r->db,
		    "UPDATE _segment SET bytes = ?2, state = CASE"
		    " WHEN chain >= 2 AND state = 3 THEN 5 ELSE state END"
		    " WHERE no = ?1",
		    f);
	if (e == OK) {
		stmt_int(s, 1, no);
		stmt_blob(s, 2, stub.p, stub.n);
		e = stmt_run(s, f);
	}
	buf_release(&stub);
	return e;
}

static enum err
parse_stored(struct segment *out, int64_t no, const struct buf *bytes,
    struct fail *f)
{
	enum err e = segment_parse(out, bytes->p, bytes->n, f);

	return e == ERR_FORMAT
	    ? fail_in(f, ERR_CORRUPT, "stored segment %lld", (long long)no)
	    : e;
}

static enum err
cut_segments(struct replica *r, int64_t cpt, struct fail *f)
{
	struct buf bytes = { .limit = LIMIT_SEGMENT_BYTES };
	struct segment view;
	int64_t no = 0;
	enum err e;

	while ((e = next_whole(r, cpt, &no, &bytes, f)) == OK && no != 0) {
		e = parse_stored(&view, no, &bytes, f);
		if (e == OK && !view.stub)
			e = cut_one(r, no, &view, f);
		if (e != OK)
			break;
	}
	buf_release(&bytes);
	return e;
}

/* Is what is kept aside of this compartment, and to be cut? Then its stub.
 * waits: it may come to count, and a removal may undo the very order. */
static bool
aside_stub(struct buf *stub, const struct compartment *c, bool waits,
    const uint8_t *p, size_t n)
{
	struct segment view;

	return segment_parse(&view, p, n, NULL) == OK && !view.stub &&
	    id_equal(&view.header.compartment, &c->id) &&
	    !stays_whole(view.header.kind) &&
	    (!waits || view.header.kind != SEGMENT_REMOVE) &&
	    shred_stub(stub, p, n, NULL) == OK;
}

/* The next of those kept aside that has to be cut; *no 0: none. */
static enum err
next_aside(struct replica *r, const char *sql, const struct compartment *c,
    bool waits, int64_t *no, struct buf *stub, struct fail *f)
{
	struct stmt *s;
	bool row = false, found = false;
	enum err e = db_stmt(&s, r->db, sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, *no);
	stmt_blob(s, 2, c->id.b, sizeof(c->id.b));
	while (!found && (e = stmt_step(s, &row, f)) == OK && row) {
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 1, &n);

		*no = stmt_col_int(s, 0);
		found = aside_stub(stub, c, waits, p, n);
	}
	stmt_reset(s);
	if (!found)
		*no = 0;
	return e;
}

static enum err
cut_aside(struct replica *r, const struct compartment *c, bool waits,
    const char *select, const char *update, struct fail *f)
{
	struct buf stub = { .limit = LIMIT_SEGMENT_BYTES };
	struct stmt *s;
	int64_t no = 0;
	enum err e;

	while ((e = next_aside(r, select, c, waits, &no, &stub, f)) == OK &&
	    no != 0) {
		e = db_stmt(&s, r->db, update, f);
		if (e != OK)
			break;
		stmt_int(s, 1, no);
		stmt_blob(s, 2, stub.p, stub.n);
		e = stmt_run(s, f);
		if (e != OK)
			break;
	}
	buf_release(&stub);
	return e;
}

/* What waits to be verified, and what was refused and is kept to be looked at. */
static enum err
cut_unverified(struct replica *r, const struct compartment *c, struct fail *f)
{
	enum err e = cut_aside(r, c, true,
	    "SELECT no, bytes FROM _parked WHERE no > ?1 AND cpt = ?2"
	    " AND reason < 9 ORDER BY no",
	    "UPDATE _parked SET bytes = ?2, size = length(?2) WHERE no = ?1",
	    f);

	return e == OK
	    ? cut_aside(r, c, false,
		  "SELECT no, bytes FROM _refused WHERE no > ?1 AND ?2 <> ''"
		  " ORDER BY no",
		  "UPDATE _refused SET bytes = ?2 WHERE no = ?1", f)
	    : e;
}

/* ---- what is known of it ----------------------------------------------------------- */

/* With nothing left that can be opened, deriving takes every row away. */
static enum err
drop_rows(struct replica *r, struct compartment *c, struct fail *f)
{
	enum err e = OK;

	if (c->has_subject)
		e = derive_compartment(r, c, f);
	return e == OK ? attachment_rebuild(r, c->no, f) : e;
}

/* Who ever held it has to hear of the order, those too who left. */
static enum err
keep_recipients(struct replica *r, struct compartment *c, struct fail *f)
{
	enum err e = run_for(r,
	    "UPDATE _grant SET rights = ever, basis = NULL WHERE cpt = ?1",
	    c->no, f);

	return e == OK ? lane_compartment(r, c, f) : e;
}

static void
forget(struct compartment *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->end_count; i++) {
		if (c->ends[i].chain == CHAIN_CONTROL)
			c->ends[kept++] = c->ends[i];
	}
	c->end_count = kept;
	c->has_subject = false;
	memset(&c->subject, 0, sizeof(c->subject));
	memset(c->category, 0, sizeof(c->category));
	c->unreadable = c->waiting = c->conflicts = 0;
	c->rekey = c->rederive = false;
	c->changed = true;
}

enum err
shred_apply(struct replica *r, struct compartment *c, int64_t order,
    struct fail *f)
{
	static const char *const plain[] = {
		("INSERT INTO _key_lost (cpt, key_id) SELECT cpt, key_id"
		 " FROM _key WHERE cpt = ?1 ON CONFLICT DO NOTHING"),
		"DELETE FROM _batch_row WHERE cpt = ?1",
		"UPDATE _queue SET ref = 0 WHERE what = 2 AND ref IN"
		" (SELECT no FROM _snapshot_out WHERE cpt = ?1)",
		"DELETE FROM _snapshot_out WHERE cpt = ?1",
		"DELETE FROM _snapshot_in WHERE cpt = ?1",
		"DELETE FROM _key WHERE cpt = ?1",
		("DELETE FROM _wanted WHERE segment IN"
		 " (SELECT no FROM _segment WHERE cpt = ?1)"),
	};
	enum err e = note_order(r, c, order, f);

	if (e == OK)
		e = run_for(r, "DELETE FROM _draft WHERE cpt = ?1", c->no, f);
	/* what is typed says not for which record: all about the person goes */
	if (e == OK && c->has_subject)
		e = typed_drop_subject(r, &c->subject, f);
	if (e == OK)
		e = shred_drop_unsealed(r, c, f);
	if (e == OK)
		e = cut_segments(r, c->no, f);
	for (size_t i = 0; e == OK && i < COUNT_OF(plain); i++)
		e = run_for(r, plain[i], c->no, f);
	if (e == OK)
		e = drop_rows(r, c, f);
	if (e == OK)
		e = cut_unverified(r, c, f);
	if (e != OK)
		return e;
	forget(c);
	replica_tally(r, "shredded", 1);
	e = replica_meta_set(r, SHRED_REKEY, "1", 1, f);
	return e == OK ? keep_recipients(r, c, f) : e;
}

/* ---- what comes later --------------------------------------------------------------- */

/* The grants that would say whether it counts may be stubs by now: whoever could
 * have been one that may is taken for it. It gives stubs, the order and the
 * receipts, nothing else. */
static bool
may_grant(const struct compartment *c, const struct member_node *issuer,
    const struct member_node *node, const struct grant_entry *to)
{
	if (issuer == NULL)
		return false;
	if (c->has_owner &&
	    (id_equal(&issuer->agency, &c->owner) ||
		id_equal(&issuer->agency, &c->founder)))
		return true;
	return to->kind == GRANT_AGENCY
	    ? memcmp(to->recipient, issuer->agency.b, ID_BYTES) == 0
	    : node != NULL && id_equal(&node->agency, &issuer->agency);
}

static enum err
note_entry(struct replica *r, const struct compartment *c, int64_t segment,
    const struct member_node *issuer, const struct grant_entry *to,
    struct fail *f)
{
	struct node_id id;
	struct stmt *s;
	bool may;
	enum err e;

	memcpy(id.b, to->recipient, ID_BYTES);
	may = may_grant(c, issuer, members_node(r->members, &id), to);
	e = db_stmt(&s, r->db,
	    "INSERT INTO _grant (cpt, key_id, recipient_kind, recipient,"
	    " segment, rights, ever, ended, at_ms)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 0, ?7)"
	    " ON CONFLICT DO NOTHING",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, c->no);
	stmt_blob(s, 2, to->key_id.b, ID_BYTES);
	stmt_int(s, 3, to->kind);
	stmt_blob(s, 4, to->recipient, ID_BYTES);
	stmt_int(s, 5, segment);
	stmt_int(s, 6, may ? (int64_t)to->right : 0);
	stmt_int(s, 7, env_wall_ms(r->env));
	return stmt_run(s, f);
}

/* A receipt of ours is asked for, perhaps, as it turns out. */
static enum err
answer_again(struct replica *r, const struct compartment *c, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "UPDATE _shred SET answered = ?2 WHERE cpt = ?1 AND answered = ?3",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, c->no);
	stmt_int(s, 2, SHRED_DUE);
	stmt_int(s, 3, SHRED_NOT_OURS);
	return stmt_run(s, f);
}

/* So that the order and the receipts reach whom it names. */
static enum err
note_grant(struct replica *r, struct compartment *c, int64_t segment,
    const struct member_node *issuer, const struct segment *whole,
    struct fail *f)
{
	struct grant_body *b = malloc(sizeof(*b));
	enum err e = OK;

	if (b == NULL)
		return fail_set(f, ERR_NOMEM, "grant: out of memory");
	if (grant_body_parse(b, whole->body, whole->header.body_bytes) == OK) {
		for (size_t k = 0; e == OK && k < b->count; k++)
			e = note_entry(r, c, segment, issuer, &b->entry[k], f);
		if (e == OK)
			e = answer_again(r, c, f);
		if (e == OK)
			e = lane_compartment(r, c, f);
	}
	free(b);
	return e;
}

/* A stored segment and its author's node. */
static enum err
load_stored(struct replica *r, struct buf *bytes,
    const struct member_node **issuer, int64_t segment, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT author, bytes FROM _segment WHERE no = ?1", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, segment);
	e = stmt_step(s, &row, f);
	if (e == OK && row) {
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 1, &n);

		*issuer = replica_author_node(r, stmt_col_int(s, 0));
		buf_put(bytes, p, n);
	}
	stmt_reset(s);
	return e == OK && bytes->err != OK ? fail_code(f, bytes->err) : e;
}

enum err
shred_cut_heard(struct replica *r, struct compartment *c, int64_t segment,
    struct fail *f)
{
	struct buf bytes = { .limit = LIMIT_SEGMENT_BYTES };
	const struct member_node *issuer = NULL;
	struct segment view;
	enum err e = load_stored(r, &bytes, &issuer, segment, f);

	if (e == OK)
		e = parse_stored(&view, segment, &bytes, f);
	if (e == OK && view.header.kind == SEGMENT_GRANT)
		e = note_grant(r, c, segment, issuer, &view, f);
	if (e == OK)
		e = cut_one(r, segment, &view, f);
	buf_release(&bytes);
	return e;
}
