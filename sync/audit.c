/* An entry waits in r->audit until the transaction ends or another follows. */
#include "sync/audit.h"

#include <stdio.h>
#include <string.h>

#include "sync/audit_i.h"
#include "sync/hash.h"
#include "sync/replica_i.h"
#include "sync/reserve.h"

/* In _meta: entries that the fence knew and the database had not. */
#define MISSING "audit_missing"

static const struct row_id nobody;

/* ---- writing -------------------------------------------------------------- */

static void
hash_entry(uint8_t head[static AUDIT_HASH_BYTES], const struct audit_seen *x)
{
	struct hash h;

	hash_init(&h, LABEL_AUDIT, AUDIT_HASH_BYTES, NULL, 0);
	hash_put(&h, head, AUDIT_HASH_BYTES);
	hash_u64(&h, (uint64_t)x->no);
	hash_u64(&h, (uint64_t)x->at_ms);
	hash_u64(&h, (uint64_t)(int64_t)x->offset_min);
	hash_put(&h, x->staff.b, sizeof(x->staff.b));
	hash_put(&h, x->row.b, sizeof(x->row.b));
	hash_put(&h, x->subject.b, sizeof(x->subject.b));
	hash_u64(&h, (uint64_t)x->table);
	hash_u64(&h, x->count);
	hash_u64(&h, (uint64_t)x->result);
	hash_bytes(&h, x->act, strlen(x->act));
	hash_bytes(&h, x->origin, strlen(x->origin));
	hash_bytes(&h, x->decision, strlen(x->decision));
	hash_bytes(&h, x->note, strlen(x->note));
	hash_final(&h, head);
}

static void
bind_entry(struct stmt *s, const struct audit_seen *x,
    const uint8_t hash[static AUDIT_HASH_BYTES])
{
	stmt_int(s, 1, x->no);
	stmt_int(s, 2, x->at_ms);
	stmt_int(s, 3, x->offset_min);
	stmt_blob(s, 4, x->staff.b, sizeof(x->staff.b));
	stmt_text(s, 5, x->act);
	stmt_text(s, 6, x->origin);
	stmt_int(s, 7, x->table);
	stmt_blob(s, 8, x->row.b, sizeof(x->row.b));
	stmt_blob(s, 9, x->subject.b, sizeof(x->subject.b));
	stmt_int(s, 10, (int64_t)x->count);
	stmt_int(s, 11, (int64_t)x->result);
	stmt_text(s, 12, x->decision);
	stmt_text(s, 13, x->note);
	if (x->no % AUDIT_KEPT_EVERY == 0)
		stmt_blob(s, 14, hash, AUDIT_HASH_BYTES);
	else
		stmt_null(s, 14);
}

static enum err
insert(struct replica *r, struct fail *f)
{
	struct audit_pending *p = &r->audit;
	struct audit_seen x = {
		.no = r->audit_count + 1,
		.at_ms = env_wall_ms(r->env),
		.offset_min = r->env->offset_min(r->env->self),
		.staff = p->staff,
		.row = p->row,
		.subject = p->subject,
		.table = p->table,
		.count = p->count,
		.result = p->result,
		.act = p->act,
		.origin = p->origin,
		.decision = p->decision,
		.note = p->note,
	};
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "INSERT INTO _audit (no, at_ms, offset_min, staff, act, origin, "
	    "tbl,"
	    " row, subject, count, result, decision, note, hash) VALUES (?1, "
	    "?2,"
	    " ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
	    f);

	if (e != OK)
		return e;
	hash_entry(r->audit_head, &x);
	r->audit_count++;
	bind_entry(s, &x, r->audit_head);
	return stmt_run(s, f);
}

enum err
replica_audit_flush(struct replica *r, struct fail *f)
{
	enum err e;

	if (r->audit.count == 0)
		return OK;
	e = insert(r, f);
	r->audit.count = 0;
	return e == OK ? OK : fail_in(f, e, "the journal cannot be written");
}

/* Never half a letter: the page could show none of the entry then. */
static void
take_text(char *to, size_t max, const char *from)
{
	size_t n;

	(void)snprintf(to, max + 1, "%s", from != NULL ? from : "");
	n = strlen(to);
	while (n > 0 && !value_utf8((const uint8_t *)to, n))
		to[--n] = '\0';
}

static void
take(struct audit_pending *p, const struct replica *r,
    const struct audit_entry *x)
{
	*p = (struct audit_pending){
		.count = x->count > 0 ? x->count : 1,
		.result = x->result,
		.table = x->table != NULL ? (int)x->table->number : 0,
		.staff = x->staff != NULL ? *x->staff : nobody,
		.row = x->row != NULL ? *x->row : nobody,
		.subject = x->subject != NULL ? *x->subject : nobody,
	};
	take_text(p->act, AUDIT_ACT_MAX, x->act);
	take_text(p->origin, AUDIT_ORIGIN_MAX,
	    x->origin != NULL ? x->origin : r->audit_origin);
	take_text(p->decision, AUDIT_TEXT_MAX, x->decision);
	take_text(p->note, AUDIT_TEXT_MAX, x->note);
}

static bool
is_same(const struct audit_pending *a, const struct audit_pending *b)
{
	return a->result == b->result && id_equal(&a->staff, &b->staff) &&
	    strcmp(a->act, b->act) == 0 && strcmp(a->origin, b->origin) == 0 &&
	    strcmp(a->decision, b->decision) == 0 &&
	    strcmp(a->note, b->note) == 0;
}

static void
join(struct audit_pending *to, const struct audit_pending *more)
{
	to->count += more->count;
	to->row = nobody;
	if (to->table != more->table)
		to->table = 0;
	if (!id_equal(&to->subject, &more->subject))
		to->subject = nobody;
}

enum err
replica_audit(struct replica *r, const struct audit_entry *entry,
    struct fail *f)
{
	struct audit_pending now;
	enum err e;

	take(&now, r, entry);
	if (r->audit.count > 0 && is_same(&r->audit, &now)) {
		join(&r->audit, &now);
		return OK;
	}
	e = replica_audit_flush(r, f);
	if (e == OK)
		r->audit = now;
	return e;
}

enum err
audit_write(struct replica *r, const struct audit_entry *entry, struct fail *f)
{
	bool own;
	enum err e;

	reserve_ready(r);
	e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	e = replica_audit(r, entry, f);
	return replica_leave(r, own, e, f);
}

void
audit_from(struct replica *r, const char *origin)
{
	take_text(r->audit_origin, AUDIT_ORIGIN_MAX, origin);
}

/* ---- reading -------------------------------------------------------------- */

#define COLUMNS \
	"SELECT no, at_ms, offset_min, staff, act, origin, tbl, row, subject," \
	" count, result, decision, note, hash FROM _audit"

/* Texts are borrowed from the statement. */
static void
read_entry(struct audit_seen *x, struct stmt *s)
{
	*x = (struct audit_seen){
		.no = stmt_col_int(s, 0),
		.at_ms = stmt_col_int(s, 1),
		.offset_min = (int)stmt_col_int(s, 2),
		.act = stmt_col_text(s, 4),
		.origin = stmt_col_text(s, 5),
		.table = (int)stmt_col_int(s, 6),
		.count = (uint64_t)stmt_col_int(s, 9),
		.result = (enum err)stmt_col_int(s, 10),
		.decision = stmt_col_text(s, 11),
		.note = stmt_col_text(s, 12),
	};
	(void)stmt_col_copy(s, 3, x->staff.b, sizeof(x->staff.b));
	(void)stmt_col_copy(s, 7, x->row.b, sizeof(x->row.b));
	(void)stmt_col_copy(s, 8, x->subject.b, sizeof(x->subject.b));
}

#define WHERE \
	" WHERE no > ?1 AND at_ms >= ?2 AND at_ms < ?3" \
	" AND (?4 IS NULL OR staff = ?4) AND (?5 IS NULL OR subject = ?5)" \
	" AND (?6 IS NULL OR act = ?6) AND (?7 = 0 OR result <> 0)"

static void
bind_id(struct stmt *s, int at, const struct row_id *id)
{
	if (id != NULL)
		stmt_blob(s, at, id->b, sizeof(id->b));
	else
		stmt_null(s, at);
}

enum err
audit_each(struct replica *r, const struct audit_query *q, audit_fn each,
    void *context, struct fail *f)
{
	struct audit_seen x;
	struct stmt *s;
	bool row = true;
	size_t count = 0;
	enum err e = db_stmt(&s, r->db,
	    q->newest_first ? COLUMNS WHERE " ORDER BY no DESC"
			    : COLUMNS WHERE " ORDER BY no",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, q->after_no);
	stmt_int(s, 2, q->since_ms != 0 ? q->since_ms : INT64_MIN);
	stmt_int(s, 3, q->until_ms != 0 ? q->until_ms : INT64_MAX);
	bind_id(s, 4, q->staff);
	bind_id(s, 5, q->subject);
	if (q->act != NULL)
		stmt_text(s, 6, q->act);
	else
		stmt_null(s, 6);
	stmt_int(s, 7, q->failed_only ? 1 : 0);
	while (row && e == OK && (q->limit == 0 || count < q->limit)) {
		e = stmt_step(s, &row, f);
		if (e != OK || !row)
			break;
		read_entry(&x, s);
		count++;
		row = each(context, &x);
	}
	stmt_reset(s);
	return e;
}

/* ---- proof ---------------------------------------------------------------- */

/* What no entry between the last kept hash and this one can be cleared of. */
static enum err
broken(int64_t no, struct fail *f)
{
	int64_t first = (no - 1) / AUDIT_KEPT_EVERY * AUDIT_KEPT_EVERY + 1;

	return fail_set(f, ERR_CORRUPT,
	    "the journal of who did what was tampered with or is damaged: one "
	    "of its entries %lld to %lld is not what it was, or is missing",
	    (long long)first, (long long)no);
}

struct chain {
	uint8_t end[AUDIT_HASH_BYTES]; /* what it comes to ... */
	int64_t no;                    /* ... at this entry */
	int64_t damaged; /* the first that does not follow; 0: all do */
	char told[AUDIT_TEXT_MAX + 1]; /* by the newest entry, of a base */
};

/* A hash that is kept must be what was computed. */
static void
follow(struct chain *c, const struct audit_seen *x, struct stmt *s)
{
	uint8_t kept[AUDIT_HASH_BYTES];
	bool follows = x->no == c->no + 1;

	hash_entry(c->end, x);
	c->no = x->no;
	if (x->no % AUDIT_KEPT_EVERY == 0)
		follows = follows && stmt_col_copy(s, 13, kept, sizeof(kept)) &&
		    memcmp(kept, c->end, sizeof(kept)) == 0;
	if (!follows && c->damaged == 0)
		c->damaged = c->no;
	if (strcmp(x->act, AUDIT_PRUNED) == 0)
		take_text(c->told, AUDIT_TEXT_MAX, x->note);
}

/* From where the chain is on, up to entry last or the end of the journal. */
static enum err
hash_on(struct replica *r, struct chain *c, int64_t last, struct fail *f)
{
	struct audit_seen x;
	struct stmt *s;
	bool row = true;
	enum err e = db_stmt(&s, r->db,
	    COLUMNS " WHERE no > ?1 AND no <= ?2 ORDER BY no", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, c->no);
	stmt_int(s, 2, last);
	while (e == OK && row) {
		e = stmt_step(s, &row, f);
		if (e != OK || !row)
			break;
		read_entry(&x, s);
		follow(c, &x, s);
	}
	stmt_reset(s);
	return e;
}

/* The chain at entry last, or at its end where there are fewer: from the hash
 * kept before it, at most 16 entries. */
static enum err
hash_at(struct replica *r, struct chain *c, int64_t last, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT no, hash FROM _audit WHERE no <= ?1 AND no % ?2 = 0"
	    " ORDER BY no DESC LIMIT 1",
	    f);

	*c = (struct chain){ .no = 0 };
	if (e != OK)
		return e;
	stmt_int(s, 1, last);
	stmt_int(s, 2, AUDIT_KEPT_EVERY);
	e = stmt_step(s, &row, f);
	if (e == OK && row) {
		c->no = stmt_col_int(s, 0);
		(void)stmt_col_copy(s, 1, c->end, sizeof(c->end));
	}
	stmt_reset(s);
	if (e == OK && !row)
		e = audit_base(&c->no, c->end, r, f);
	return e == OK ? hash_on(r, c, last, f) : e;
}

static enum err
none_missing(struct replica *r, struct fail *f)
{
	struct buf b = { .limit = 128 };
	enum err e = replica_meta_get(r, &b, MISSING, NULL);

	if (e == OK)
		e = fail_set(f, ERR_CORRUPT, "%s", buf_cstr(&b));
	else
		e = OK;
	buf_release(&b);
	return e;
}

enum err
audit_verify(struct replica *r, int64_t *entries, struct fail *f)
{
	char base[AUDIT_TEXT_MAX + 1] = "";
	struct chain c = { .no = 0 };
	enum err e = audit_base(&c.no, c.end, r, f);

	audit_base_words(base, c.no, c.end);
	if (e == OK)
		e = audit_base_is_first(r, c.no, f);
	if (e == OK)
		e = hash_on(r, &c, INT64_MAX, f);
	*entries = c.no;
	if (e == OK && c.damaged != 0)
		e = broken(c.damaged, f);
	if (e == OK && strcmp(c.told, base) != 0)
		e = fail_set(f, ERR_CORRUPT,
		    "entries of the journal of who did what are missing from "
		    "its beginning, and no entry says that they were thrown "
		    "away so");
	if (e == OK &&
	    (c.no != r->audit_count ||
		memcmp(c.end, r->audit_head, sizeof(c.end)) != 0))
		e = fail_set(f, ERR_CORRUPT,
		    "the journal of who did what has %lld entries and is "
		    "another one than when this replica was opened, with %lld",
		    (long long)c.no, (long long)r->audit_count);
	return e == OK ? none_missing(r, f) : e;
}

int64_t
audit_head(const struct replica *r, uint8_t hash[static AUDIT_HASH_BYTES])
{
	memcpy(hash, r->audit_head, AUDIT_HASH_BYTES);
	return r->audit_count;
}

enum err
audit_was(struct replica *r, int64_t entries,
    const uint8_t hash[static AUDIT_HASH_BYTES], struct fail *f)
{
	struct chain c;
	enum err e = hash_at(r, &c, entries, f);

	/* before the base: nobody can tell any more */
	if (e != OK || entries == 0 || c.no > entries)
		return e;
	if (c.no == entries && c.damaged == 0 &&
	    memcmp(c.end, hash, sizeof(c.end)) == 0)
		return OK;
	return fail_set(f, ERR_CORRUPT,
	    c.no == entries
		? "the journal of who did what is another one than it was at "
		  "entry %lld"
		: "the journal of who did what was cut off: it had %lld "
		  "entries at least",
	    (long long)entries);
}

enum err
replica_audit_fence(struct replica *r, int64_t entries,
    const uint8_t hash[static AUDIT_HASH_BYTES], struct fail *f)
{
	struct fail why = { 0 };
	enum err e = audit_was(r, entries, hash, &why);

	if (e == OK)
		return OK;
	if (e != ERR_CORRUPT)
		return fail_set(f, e, "%s", why.text);
	if (none_missing(r, NULL) != OK)
		return OK; /* told already */
	return replica_meta_set(r, MISSING, why.text, strlen(why.text), f);
}

enum err
replica_audit_load(struct replica *r, struct fail *f)
{
	struct chain c;
	enum err e = hash_at(r, &c, INT64_MAX, f);

	/* damage is for audit_verify to tell: acts are written on after it */
	r->audit_count = c.no;
	memcpy(r->audit_head, c.end, sizeof(r->audit_head));
	return e;
}
