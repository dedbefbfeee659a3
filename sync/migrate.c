#include "sync/migrate.h"

#include "sync/assets.h"
#include "sync/db.h"
#include "sync/hash.h"
#include "sync/rd.h"
#include "sync/replica_i.h"

/*
 * The engine's own tables are known by a hash of tables.sql: until the first
 * release they change without migrations, and a replica made before such a
 * change must be refused in words, not by a failing statement.
 */
static uint64_t
engine_version(void)
{
	const struct asset *tables = asset_find("sync/tables.sql");
	uint8_t hash[16];
	struct hash h;
	struct rd rd;

	assert(tables != NULL);
	hash_init(&h, LABEL_TABLES, sizeof(hash), NULL, 0);
	hash_put(&h, tables->p, tables->n);
	hash_final(&h, hash);
	rd = rd_of(hash, sizeof(hash));
	return rd_u64(&rd);
}

/* ERR_NOTFOUND: a database without the table that says whose it is. */
static enum err
must_have_meta(struct replica *r, struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT 1 FROM sqlite_schema WHERE name = '_meta'", f);

	if (e != OK)
		return e;
	e = stmt_step(s, &row, f);
	stmt_reset(s);
	return e == OK && !row ? ERR_NOTFOUND : e;
}

static enum err
read_version(struct replica *r, uint64_t *engine, uint64_t *schema,
    struct fail *f)
{
	struct buf b = { .limit = 64 };
	struct rd rd;
	enum err e = must_have_meta(r, f);

	if (e == OK)
		e = replica_meta_get(r, &b, "version", f);
	rd = rd_of(b.p, b.n);
	*engine = rd_u64(&rd);
	*schema = rd_uint(&rd);
	if (e == OK && rd_done(&rd) != OK)
		e = ERR_CORRUPT;
	buf_release(&b);
	return e;
}

static enum err
write_version(struct replica *r, size_t schema, struct fail *f)
{
	struct buf b = { .limit = 64 };
	enum err e;

	buf_u64(&b, engine_version());
	buf_uint(&b, schema);
	e = b.err != OK ? b.err : replica_meta_set(r, "version", b.p, b.n, f);
	buf_release(&b);
	return e;
}

enum err
migrate_check(struct replica *r, size_t program_version, struct fail *f)
{
	struct fail why = { .code = OK };
	uint64_t engine, schema;
	enum err e = read_version(r, &engine, &schema, &why);

	/* what could not be read now says nothing about what it is */
	if (e == ERR_IO || e == ERR_NOMEM || e == ERR_BUSY ||
	    (e == ERR_CORRUPT && why.text[0] != '\0'))
		return fail_set(f, e, "%s", why.text);
	if (e != OK)
		return fail_set(f, ERR_CORRUPT,
		    "there is nothing of a replica in this database: making"
		    " it was cut off, or it is another program's; nothing was"
		    " changed; remove the directory and make it again");
	if (engine != engine_version())
		return fail_set(f, ERR_VERSION,
		    "this replica was made by another version of the program,"
		    " whose own tables differ; open it with that version,"
		    " nothing was changed");
	if (schema > program_version)
		return fail_set(f, ERR_VERSION,
		    "this replica was used by a newer program (schema %llu,"
		    " this one knows %zu); install the newer one, nothing was"
		    " changed",
		    (unsigned long long)schema, program_version);
	return OK;
}

/* Deriving goes through rows by compartment; their key begins with the id. */
static enum err
index_tables(struct replica *r, struct fail *f)
{
	struct buf b = { .limit = 4096 };
	enum err e = OK;

	for (size_t i = 0; e == OK && i < r->registry->table_count; i++) {
		const char *name = r->registry->tables[i].name;

		buf_reset(&b);
		/* lint: the name of a table is the schema's, nobody else's */
		buf_printf(&b,
		    "CREATE INDEX IF NOT EXISTS _%s_cpt ON %s (_cpt)", name,
		    name);
		e = db_exec(r->db, buf_cstr(&b), f);
	}
	buf_release(&b);
	return e;
}

static enum err
run_missing(struct replica *r, const struct registry_source *schema,
    size_t from, size_t count, struct fail *f)
{
	enum err e = OK;

	for (size_t i = from; e == OK && i < count; i++) {
		e = db_exec(r->db, schema[i].text, f);
		if (e != OK)
			e = fail_in(f, e, "migration %s", schema[i].name);
	}
	if (e == OK)
		e = index_tables(r, f);
	if (e == OK)
		e = write_version(r, count, f);
	return e;
}

enum err
migrate_schema(struct replica *r, const struct registry_source *schema,
    size_t count, struct fail *f)
{
	uint64_t engine, have = 0;
	bool own;
	enum err e;

	e = read_version(r, &engine, &have, f);
	if (e == ERR_NOTFOUND)
		have = 0; /* it is being made */
	else if (e != OK)
		return e;
	if (have >= count)
		return OK;
	e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	e = run_missing(r, schema, (size_t)have, count, f);
	/* operations of newer schemas may have waited for these tables */
	if (e == OK && have > 0)
		e = replica_rebuild(r, f);
	return replica_leave(r, own, e, f);
}
