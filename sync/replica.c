/*
 * Transactions, counters and small facts of an open replica. Opening and
 * closing are in replica_open.c, membership in replica_member.c.
 */
#include "sync/replica_i.h"

#include <stdlib.h>

enum err
replica_enter(struct replica *r, bool *own, struct fail *f)
{
	*own = !db_in_transaction(r->db);
	return *own ? replica_begin(r, f) : OK;
}

static enum err
write_author(struct replica *r, struct author *a, struct fail *f)
{
	struct stmt *s;
	enum err e;

	e = db_stmt(&s, r->db,
	    "UPDATE _author SET top_position = ?2, top_id = ?3 WHERE no = ?1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, a->no);
	stmt_int(s, 2, (int64_t)a->top_position);
	stmt_blob(s, 3, a->top_id.b, sizeof(a->top_id.b));
	e = stmt_run(s, f);
	if (e == OK)
		a->changed = false;
	return e;
}

static enum err
write_counts(struct replica *r, struct fail *f)
{
	enum err e = OK;
	struct stmt *s;

	for (size_t i = 0; e == OK && i < r->count_used; i++) {
		e = db_stmt(&s, r->db,
		    "INSERT INTO _count (name, value) VALUES (?1, ?2)"
		    " ON CONFLICT (name) DO UPDATE"
		    " SET value = _count.value + excluded.value",
		    f);
		if (e != OK)
			return e;
		stmt_text(s, 1, r->counts[i].name);
		stmt_int(s, 2, r->counts[i].add);
		e = stmt_run(s, f);
	}
	if (e == OK)
		r->count_used = 0;
	return e;
}

/* Everything kept in memory goes to its table before the commit. */
static enum err
flush(struct replica *r, struct fail *f)
{
	enum err e = compartment_flush(r, f);

	for (size_t i = 0; e == OK && i < r->author_count; i++) {
		if (r->authors[i].changed)
			e = write_author(r, &r->authors[i], f);
	}
	if (e == OK)
		e = write_counts(r, f);
	if (e == OK)
		e = replica_policy_flush(r, f);
	if (e == OK)
		e = replica_audit_flush(r, f);
	return e;
}

/* After a rollback memory must say again what the tables say. */
static void
forget(struct replica *r)
{
	db_rollback(r->db);
	compartment_forget(r);
	log_open_forget(r);
	buf_reset(&r->unsettled);
	r->count_used = 0;
	r->audit.count = 0;
	if (db_poisoned(r->db))
		return;
	r->stale = (r->members_touched ? replica_reload(r, NULL)
				       : replica_reload_counts(r, NULL)) != OK;
}

enum err
replica_leave(struct replica *r, bool own, enum err e, struct fail *f)
{
	if (!own)
		return e;
	if (e == OK)
		e = flush(r, f);
	if (e == OK)
		e = db_commit(r->db, f);
	if (e != OK)
		forget(r);
	else
		r->members_touched = false;
	return e;
}

bool
replica_must_reopen(const struct replica *r)
{
	return r->stale || db_poisoned(r->db);
}

enum err
replica_begin(struct replica *r, struct fail *f)
{
	if (r->stale)
		return fail_set(f, ERR_IO,
		    "what was undone could not be read again, so the replica"
		    " has to be opened again: everything saved is safe; try"
		    " again");
	return db_begin(r->db, f);
}

enum err
replica_commit(struct replica *r, struct fail *f)
{
	return replica_leave(r, true, OK, f);
}

void
replica_rollback(struct replica *r)
{
	if (db_in_transaction(r->db))
		forget(r);
}

/* ---- small facts ---- */

enum err
replica_meta_get(struct replica *r, struct buf *out, const char *name,
    struct fail *f)
{
	const uint8_t *p;
	struct stmt *s;
	size_t n;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db, "SELECT value FROM _meta WHERE name = ?1", f);
	if (e != OK)
		return e;
	stmt_text(s, 1, name);
	e = stmt_step(s, &row, f);
	if (e != OK)
		return e;
	if (!row)
		return ERR_NOTFOUND;
	p = stmt_col_blob(s, 0, &n);
	buf_put(out, p, n);
	stmt_reset(s);
	return out->err == OK ? OK : fail_code(f, out->err);
}

enum err
replica_meta_set(struct replica *r, const char *name, const void *p, size_t n,
    struct fail *f)
{
	struct stmt *s;
	bool own;
	enum err e;

	e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	e = db_stmt(&s, r->db,
	    "INSERT INTO _meta (name, value) VALUES (?1, ?2)"
	    " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
	    f);
	if (e == OK) {
		stmt_text(s, 1, name);
		stmt_blob(s, 2, p, n);
		e = stmt_run(s, f);
	}
	return replica_leave(r, own, e, f);
}

void
replica_tally(struct replica *r, const char *name, int64_t add)
{
	for (size_t i = 0; i < r->count_used; i++) {
		if (strcmp(r->counts[i].name, name) == 0) {
			r->counts[i].add += add;
			return;
		}
	}
	/* names are literals of this library: fewer than there is room for */
	assert(r->count_used < COUNT_OF(r->counts));
	r->counts[r->count_used].name = name;
	r->counts[r->count_used++].add = add;
}

enum err
replica_count(struct replica *r, const char *name, int64_t add, struct fail *f)
{
	bool own;
	enum err e = replica_enter(r, &own, f);

	if (e != OK)
		return e;
	replica_tally(r, name, add);
	return replica_leave(r, own, OK, f);
}

int64_t
replica_counter(struct replica *r, const char *name)
{
	struct stmt *s;
	int64_t v = 0;
	bool row;

	if (db_stmt(&s, r->db, "SELECT value FROM _count WHERE name = ?1",
		NULL) != OK)
		return 0;
	stmt_text(s, 1, name);
	if (stmt_step(s, &row, NULL) == OK && row) {
		v = stmt_col_int(s, 0);
		stmt_reset(s);
	}
	for (size_t i = 0; i < r->count_used; i++) {
		if (strcmp(r->counts[i].name, name) == 0)
			v += r->counts[i].add;
	}
	return v;
}

/* ---- what is borrowed ---- */

const struct identity *
replica_identity(const struct replica *r)
{
	return &r->identity;
}

struct members *
replica_members(struct replica *r)
{
	return r->members;
}

const struct registry *
replica_registry(const struct replica *r)
{
	return r->registry;
}

const struct env *
replica_env(const struct replica *r)
{
	return r->env;
}

struct db *
replica_db(struct replica *r)
{
	return r->db;
}

const char *
replica_dir(const struct replica *r)
{
	return r->dir;
}

int
replica_kind(const struct replica *r)
{
	const struct member_agency *a =
	    members_agency(r->members, &r->identity.agency);

	return a != NULL ? a->kind : -1;
}

int
replica_owner_kind(struct replica *r, const struct compartment *c)
{
	const struct member_agency *a;

	if (!c->has_owner)
		return -1;
	a = members_agency(r->members, &c->founder);
	return a != NULL ? a->kind : -1;
}

struct author *
replica_author(struct replica *r, const struct author_tag *tag)
{
	for (size_t i = 0; i < r->author_count; i++) {
		if (id_equal(&r->authors[i].tag, tag))
			return &r->authors[i];
	}
	return NULL;
}

struct author *
replica_author_no(struct replica *r, int64_t no)
{
	for (size_t i = 0; i < r->author_count; i++) {
		if (r->authors[i].no == no)
			return &r->authors[i];
	}
	return NULL;
}

const struct member_node *
replica_author_node(struct replica *r, int64_t no)
{
	const struct author *a = replica_author_no(r, no);

	return a != NULL ? members_node(r->members, &a->node) : NULL;
}
