/*
 * Making, opening and closing a replica.
 *
 * Order of opening: lock, database, network and version, memory, fence. The
 * first thing that does not fit ends it and nothing has been changed; but where
 * it is the fence a new life begins.
 */
#include "sync/replica_i.h"

#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "sync/assets.h"
#include "sync/migrate.h"
#include "sync/snapshot.h"

#define PATH_BYTES 4096

static enum err
path_of(char path[static PATH_BYTES], const char *dir, const char *name,
    struct fail *f)
{
	int n = snprintf(path, PATH_BYTES, "%s/%s", dir, name);

	if (n < 0 || n >= PATH_BYTES)
		return fail_set(f, ERR_INPUT, "the path %.60s... is too long",
		    dir);
	return OK;
}

static enum err
new_replica(struct replica **out, const char *dir,
    const struct replica_options *o, struct fail *f)
{
	/* it holds keys: locked into memory where the system lets us, between
	 * pages that nobody may touch */
	struct replica *r = NULL;
	enum err e;

	if (sodium_init() >= 0)
		r = sodium_malloc(sizeof(*r));
	if (r == NULL)
		return fail_code(f, ERR_NOMEM);
	memset(r, 0, sizeof(*r));
	r->env = o->env;
	r->gate = o->gate;
	r->gate_context = o->gate_context;
	r->rules = o->rules;
	r->in_memory = o->env->memory_database != NULL;
	r->apart = o->apart;
	r->cache_kib = o->cache_kib;
	r->bounds = o->bounds;
	if (r->bounds.control_cost == 0)
		r->bounds.control_cost = LIMIT_CONTROL_COST;
	if (r->bounds.compartment_bytes == 0)
		r->bounds.compartment_bytes = LIMIT_COMPARTMENT_BYTES;
	if (r->bounds.room_bytes == 0)
		r->bounds.room_bytes = LIMIT_ROOM_BYTES;
	if (r->bounds.room_segments == 0)
		r->bounds.room_segments = LIMIT_ROOM_SEGMENTS;
	if (r->bounds.parked == 0)
		r->bounds.parked = LIMIT_PARKED_PER_PEER;
	if (r->bounds.snapshot_segments == 0)
		r->bounds.snapshot_segments = SNAPSHOT_SEGMENTS_MIN;
	if (o->keys != NULL)
		r->keys = *o->keys;
	r->scratch.limit = LIMIT_PAYLOAD_BYTES * 2;
	r->dir = strdup(dir);
	e = r->dir != NULL
	    ? registry_parse(&r->registry, o->schema, o->schema_count, f)
	    : fail_code(f, ERR_NOMEM);
	if (e == OK)
		e = replica_make_sql(r, f);
	if (e == OK)
		e = compartment_cache_new(r, f);
	if (e != OK) {
		replica_close(r);
		return e;
	}
	*out = r;
	return OK;
}

static enum err
take_lock(struct replica *r, struct fail *f)
{
	char path[PATH_BYTES];
	long holder;
	enum err e;

	if (r->in_memory)
		return OK;
	e = path_of(path, r->dir, "lock", f);
	return e == OK
	    ? r->env->lock_take(r->env->self, &r->lock, path, &holder, f)
	    : e;
}

/* Whoever held the lock until now may have changed the key. Where the slots are
 * not these, or cannot be read, the keys are what the caller says. */
static void
refresh_keys(struct replica *r)
{
	if (!r->in_memory)
		(void)slot_again(&r->keys, r->env, r->dir, NULL);
}

static enum err
make_tables(struct replica *r, const struct replica_options *o, struct fail *f)
{
	const struct asset *tables = asset_find("sync/tables.sql");
	struct identity i;
	bool own;
	enum err e;

	assert(tables != NULL);
	e = replica_enter(r, &own, f);
	if (e == OK)
		e = db_exec(r->db, (const char *)tables->p, f);
	if (e == OK)
		e = migrate_schema(r, o->schema, o->schema_count, f);
	identity_make(&i, r->env);
	if (e == OK)
		e = replica_save_identity(r, &i, f);
	identity_wipe(&i);
	if (e != OK) {
		db_rollback(r->db);
		return e;
	}
	return db_commit(r->db, f);
}

static enum err
load_number(struct replica *r, int64_t *out, const char *sql, struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db, sql, f);
	if (e == OK)
		e = stmt_step(s, &row, f);
	if (e != OK)
		return e;
	*out = row ? stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return OK;
}

static enum err
load_authors(struct replica *r, struct fail *f)
{
	struct author *grown;
	struct stmt *s;
	bool row;
	enum err e;

	r->author_count = 0;
	r->own_author = 0;
	e = db_stmt(&s, r->db,
	    "SELECT no, tag, node, top_position, top_id FROM _author"
	    " ORDER BY no",
	    f);
	while (e == OK && (e = stmt_step(s, &row, f)) == OK && row) {
		struct author a = { .no = stmt_col_int(s, 0) };

		(void)stmt_col_copy(s, 1, a.tag.b, sizeof(a.tag.b));
		(void)stmt_col_copy(s, 2, a.node.b, sizeof(a.node.b));
		a.top_position = (uint64_t)stmt_col_int(s, 3);
		(void)stmt_col_copy(s, 4, a.top_id.b, sizeof(a.top_id.b));
		grown =
		    realloc(r->authors, (r->author_count + 1) * sizeof(*grown));
		if (grown == NULL) {
			stmt_reset(s);
			return fail_code(f, ERR_NOMEM);
		}
		r->authors = grown;
		r->authors[r->author_count++] = a;
		if (id_equal(&a.tag, &r->identity.author))
			r->own_author = a.no;
	}
	return e;
}

static enum err
load_members(struct replica *r, struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e;

	members_free(r->members);
	r->members = NULL;
	e = members_new(&r->members, NULL);
	if (e != OK)
		return fail_code(f, e);
	members_take_stored(r->members, true);
	e = db_stmt(&s, r->db, "SELECT bytes FROM _member ORDER BY no", f);
	while (e == OK && (e = stmt_step(s, &row, f)) == OK && row) {
		enum member_result result = MEMBER_WAITING;
		const uint8_t *p;
		uint8_t id[32];
		size_t n;

		p = stmt_col_blob(s, 0, &n);
		e = members_add(r->members, &result, id, p, n, f);
		if (e == ERR_NOMEM) {
			stmt_reset(s);
			return fail_code(f, e);
		}
		/* stored ones were accepted in this order */
		if (e != OK || result != MEMBER_ADDED) {
			stmt_reset(s);
			return fail_set(f, ERR_CORRUPT,
			    "a stored membership record no longer verifies:"
			    " run footbridge repair");
		}
	}
	members_take_stored(r->members, false);
	return e;
}

static enum err
load_identity(struct replica *r, struct fail *f)
{
	struct buf b = { .limit = 4096 };
	enum err e = replica_meta_get(r, &b, "identity", f);

	if (e == OK && identity_decode(&r->identity, b.p, b.n) != OK)
		e = ERR_CORRUPT;
	if (e == ERR_NOTFOUND || e == ERR_CORRUPT)
		e = fail_set(f, ERR_CORRUPT,
		    "this database holds no identity of a node");
	buf_release(&b);
	return e;
}

enum err
replica_reload_counts(struct replica *r, struct fail *f)
{
	enum err e = load_authors(r, f);

	if (e == OK)
		e = load_number(r, &r->next_segment,
		    "SELECT coalesce(max(no), 0) + 1 FROM _segment", f);
	if (e == OK)
		e = load_number(r, &r->next_compartment,
		    "SELECT coalesce(max(no), 0) + 1 FROM _compartment", f);
	if (e == OK)
		e = load_number(r, &r->next_member,
		    "SELECT coalesce(max(no), 0) + 1 FROM _member", f);
	if (e == OK)
		e = load_number(r, &r->next_author,
		    "SELECT coalesce(max(no), 0) + 1 FROM _author", f);
	if (e == OK)
		e = replica_audit_load(r, f);
	if (e == OK)
		e = load_number(r, &r->parked, "SELECT count(*) FROM _parked",
		    f);
	if (e == OK)
		e = replica_policy_load(r, f);
	return e;
}

enum err
replica_reload(struct replica *r, struct fail *f)
{
	enum err e = load_identity(r, f);

	if (e == OK)
		e = load_members(r, f);
	if (e == OK)
		e = replica_reload_counts(r, f);
	if (e == OK)
		e = replica_load_life(r, f);
	if (e == OK)
		r->members_touched = false;
	return e;
}

static enum err
check_absent(const struct replica_options *o, const char *dir, const char *path,
    struct fail *f)
{
	enum err e =
	    o->env->memory_database == NULL ? env_is_free(o->env, path, f) : OK;

	if (e == ERR_EXISTS)
		return fail_set(f, e,
		    "%s holds a replica already; nothing was changed", dir);
	return e;
}

/*
 * A new database is made beside its name and takes it when its tables are whole:
 * what a cut leaves is no replica, and the next attempt begins anew.
 */
static enum err
make_database(struct replica *r, const struct replica_options *o,
    struct fail *f)
{
	char made[PATH_BYTES], path[PATH_BYTES];
	enum err e;

	if (r->in_memory) {
		e = replica_open_database(r, REPLICA_DATABASE, true, f);
		return e == OK ? make_tables(r, o, f) : e;
	}
	e = path_of(made, r->dir, REPLICA_DATABASE_NEW, f);
	if (e == OK)
		e = path_of(path, r->dir, REPLICA_DATABASE, f);
	/* once more: the lock is ours now */
	if (e == OK)
		e = check_absent(o, r->dir, path, f);
	if (e == OK)
		e = db_remove(r->env, made, f);
	if (e != OK)
		return e;
	e = replica_open_database(r, REPLICA_DATABASE_NEW, true, f);
	if (e == OK)
		e = make_tables(r, o, f);
	if (e == OK)
		e = db_checkpoint(r->db, f);
	if (e == OK)
		e = db_shut(r->db, r->env, f);
	if (e == OK)
		e = r->env->file_move(r->env->self, made, path, f);
	if (e == OK)
		e = replica_open_database(r, REPLICA_DATABASE, false, f);
	if (e == OK)
		return OK;
	db_close(r->db);
	r->db = NULL;
	(void)db_remove(r->env, made, NULL);
	(void)db_remove(r->env, path, NULL);
	return e;
}

enum err
replica_create(struct replica **out, const char *dir,
    const struct replica_options *o, struct fail *f)
{
	struct replica *r = NULL;
	char path[PATH_BYTES];
	enum err e;

	e = path_of(path, dir, REPLICA_DATABASE, f);
	if (e == OK)
		e = check_absent(o, dir, path, f);
	if (e != OK)
		return e;
	e = new_replica(&r, dir, o, f);
	if (e == OK)
		e = take_lock(r, f);
	if (e == OK)
		e = make_database(r, o, f);
	if (e == OK)
		e = replica_reload(r, f);
	if (e == OK)
		e = replica_fence_check(r, true, f);
	if (e != OK) {
		/* it was not here before, and nobody was told of it */
		bool made = r != NULL && r->db != NULL && !r->in_memory;

		replica_close(r);
		if (made)
			(void)db_remove(o->env, path, NULL);
		return e;
	}
	r->opened = true;
	*out = r;
	return OK;
}

enum err
replica_open(struct replica **out, const char *dir,
    const struct replica_options *o, struct fail *f)
{
	struct replica *r = NULL;
	enum err e;

	e = new_replica(&r, dir, o, f);
	if (e == OK)
		e = take_lock(r, f);
	if (e == OK)
		refresh_keys(r);
	if (e == OK)
		e = replica_open_database(r, REPLICA_DATABASE, false, f);
	if (e == OK)
		e = replica_rekey_settle(r, f);
	if (e == OK)
		e = migrate_check(r, o->schema_count, f);
	if (e == OK)
		e = replica_reload(r, f);
	if (e == OK)
		e = migrate_schema(r, o->schema, o->schema_count, f);
	if (e == OK)
		e = replica_fence_check(r, false, f);
	if (e != OK) {
		replica_close(r);
		return e;
	}
	r->opened = true;
	*out = r;
	return OK;
}

void
replica_close(struct replica *r)
{
	if (r == NULL)
		return;
	/* not after a failed opening: that must leave everything as it was,
	 * the fence above all */
	if (r->opened && !db_poisoned(r->db)) {
		replica_rollback(r);
		(void)replica_fence_write(r, NULL);
	}
	db_close(r->db);
	if (r->lock != NULL)
		r->env->lock_drop(r->env->self, r->lock);
	compartment_forget(r);
	log_open_forget(r);
	free(r->cache);
	replica_free_sql(r);
	members_free(r->members);
	registry_free(r->registry);
	free(r->authors);
	free(r->dir);
	buf_release(&r->scratch);
	buf_release(&r->unsettled);
	identity_wipe(&r->identity);
	sodium_free(r); /* wipes: fence_key and keys are inside */
}
