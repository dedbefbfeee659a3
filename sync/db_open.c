/*
 * Opening, closing and checking an SQLCipher file.
 *
 * The key is raw: 32 bytes of key and 16 of salt as hex, so no PBKDF2 runs and
 * opening costs one page. SQLCipher answers "not a database" to a wrong key, to
 * a foreign file and to a damaged first page alike; a plain SQLite file is told
 * apart by opening it without a key.
 */
#include "sync/db_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "sync/db_wal.h"
#include "sync/limits.h"

#define CACHE_KIB_DEFAULT 8192
/*
 * Pages in the write-ahead log before a commit copies them home: 16 MiB. With
 * SQLite's own 1000, random single-row updates copy each hot page four times
 * as often and pay two more syncs each time; beyond 4000 little is won, and
 * reading the log after a crash stays well under a second.
 */
#define WAL_PAGES "4000"
/*
 * Free pages are given back when they are many, and so many at most at a time
 * (8 MiB, some 50 ms): a few are wanted again by the next work.
 */
#define TRIM_PAGES_MIN 256
#define TRIM_PAGES "2048"
/* SQLite starts to reuse pages instead of growing at this many bytes. */
#define SOFT_HEAP_BYTES (64LL * 1024 * 1024)
/* Reports wait this long for the writer's rare exclusive moments. */
#define READER_WAIT_MS 5000

static const struct {
	int which, value;
} limits[] = {
	/* the longest thing stored is a message being put together */
	{ SQLITE_LIMIT_LENGTH, LIMIT_MESSAGE_BYTES + 65536 },
	{ SQLITE_LIMIT_SQL_LENGTH, 256 * 1024 },
	{ SQLITE_LIMIT_COLUMN, 200 },
	{ SQLITE_LIMIT_EXPR_DEPTH, 100 },
	{ SQLITE_LIMIT_COMPOUND_SELECT, 50 },
	{ SQLITE_LIMIT_VDBE_OP, 250000 },
	{ SQLITE_LIMIT_FUNCTION_ARG, 127 },
	{ SQLITE_LIMIT_ATTACHED, 1 }, /* VACUUM and export need one */
	{ SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000 },
	{ SQLITE_LIMIT_VARIABLE_NUMBER, 250 },
	{ SQLITE_LIMIT_TRIGGER_DEPTH, 1 },
	{ SQLITE_LIMIT_WORKER_THREADS, 0 },
};

static const struct {
	int which, value;
} switches[] = {
	{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
	{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
	{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
	{ SQLITE_DBCONFIG_ENABLE_FKEY, 0 },
	{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
	{ SQLITE_DBCONFIG_DQS_DDL, 0 },
	{ SQLITE_DBCONFIG_DQS_DML, 0 },
};

/* Before the key and the first read: a wrong key would otherwise print to
 * stderr, and the schema is the first thing a damaged file lies about. */
static const char settings_first[] = "PRAGMA cipher_log_level = NONE;"
				     "PRAGMA cipher_log = off;"
				     "PRAGMA cell_size_check = ON;";

/* The index of the log in our own memory: where there is no room on the disk for
 * the one that is shared. Nobody else can use the database meanwhile. */
static const char settings_alone[] = "PRAGMA locking_mode = EXCLUSIVE;";

static const char settings_all[] = "PRAGMA temp_store = MEMORY;"
				   "PRAGMA mmap_size = 0;"
				   "PRAGMA secure_delete = ON;"
				   "PRAGMA foreign_keys = OFF;";

/* For a file that is still empty: for another it would be a write. */
static const char settings_new[] = "PRAGMA auto_vacuum = INCREMENTAL;";

static const char settings_writer[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA wal_autocheckpoint = " WAL_PAGES ";"
    "PRAGMA journal_size_limit = 33554432;";

static const char settings_memory[] = "PRAGMA journal_mode = MEMORY;"
				      "PRAGMA synchronous = OFF;";

void
db_key_text(char text[static DB_KEY_TEXT_BYTES], const struct db_options *o)
{
	char *p = text;

	*p++ = 'x';
	*p++ = '\'';
	(void)sodium_bin2hex(p, 2 * DB_KEY_BYTES + 1, o->key, DB_KEY_BYTES);
	p += (size_t)2 * DB_KEY_BYTES;
	(void)sodium_bin2hex(p, 2 * DB_SALT_BYTES + 1, o->salt, DB_SALT_BYTES);
	p += (size_t)2 * DB_SALT_BYTES;
	*p++ = '\'';
	*p = '\0';
}

static enum err
set_key(struct db *db, const struct db_options *o, struct fail *f)
{
	char text[DB_KEY_TEXT_BYTES];
	int code;

	db_key_text(text, o);
	code = sqlite3_key(db->handle, text, DB_KEY_TEXT_BYTES - 1);
	sodium_memzero(text, sizeof(text));
	if (code != SQLITE_OK)
		return db_fail(db, code, f);
	/* the first key of a process sets SQLCipher's logging up anew */
	code = sqlite3_exec(db->handle, settings_first, NULL, NULL, NULL);
	if (code != SQLITE_OK)
		return db_fail(db, code, f);
	db->keyed = true;
	return OK;
}

static enum err
set_limits(struct db *db, struct fail *f)
{
	for (size_t i = 0; i < COUNT_OF(limits); i++)
		(void)sqlite3_limit(db->handle, limits[i].which,
		    limits[i].value);
	for (size_t i = 0; i < COUNT_OF(switches); i++) {
		int code = sqlite3_db_config(db->handle, switches[i].which,
		    switches[i].value, NULL);

		if (code != SQLITE_OK)
			return db_fail(db, code, f);
	}
	return OK;
}

/* After the first read: some of these look at the schema. */
static enum err
set_habits(struct db *db, const struct db_options *o, struct fail *f)
{
	char text[48];
	int code;

	/* lint: a PRAGMA takes no parameter; the number is ours */
	(void)snprintf(text, sizeof(text), "PRAGMA cache_size = -%d;",
	    o->cache_kib > 0 ? o->cache_kib : CACHE_KIB_DEFAULT);
	code = sqlite3_exec(db->handle, text, NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(db->handle, settings_all, NULL, NULL, NULL);
	return code == SQLITE_OK ? OK : db_fail(db, code, f);
}

/* One number from a PRAGMA or a count; code is SQLite's. */
static int
ask_number(sqlite3 *handle, const char *sql, int64_t *number)
{
	sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(handle, sql, -1, &s, NULL);

	*number = 0;
	if (code == SQLITE_OK) {
		code = sqlite3_step(s);
		if (code == SQLITE_ROW) {
			*number = sqlite3_column_int64(s, 0);
			code = SQLITE_OK;
		}
	}
	(void)sqlite3_finalize(s);
	return code;
}

static const char ask_tables[] = "SELECT count(*) FROM sqlite_schema";

static bool
is_plain(const struct db *db, const char *vfs)
{
	sqlite3 *plain = NULL;
	int64_t tables = 0;
	bool yes;

	yes = sqlite3_open_v2(db->path, &plain,
		  SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, vfs) == SQLITE_OK;
	yes = yes && ask_number(plain, ask_tables, &tables) == SQLITE_OK;
	(void)sqlite3_close(plain);
	return yes;
}

/* The first read: this is where a wrong key shows. */
static enum err
first_read(struct db *db, const struct env *env, const struct db_options *o,
    struct fail *f)
{
	int64_t tables, pages = 0;
	int code = ask_number(db->handle, ask_tables, &tables);

	if (code == SQLITE_OK)
		code = ask_number(db->handle, "PRAGMA page_count", &pages);
	if ((code & 0xff) == SQLITE_NOTADB && is_plain(db, env->vfs))
		return fail_set(f, ERR_AUTH,
		    "%s is a plain SQLite file, not an encrypted replica: it "
		    "was not made by Footbridge; nothing was changed",
		    db->path);
	if ((code & 0xff) == SQLITE_NOTADB)
		return fail_set(f, ERR_AUTH,
		    "%s does not open with this replica's key: it belongs to "
		    "another replica, is not a database of ours, or its first "
		    "page is damaged; nothing was changed; put the right file "
		    "back or restore a backup",
		    db->path);
	if (code != SQLITE_OK)
		return db_fail(db, code, f);
	if (pages == 0 && o->must_exist && db->memory)
		return fail_set(f, ERR_NOTFOUND, "%s holds no database",
		    db->path);
	if (pages == 0 && (o->must_exist || o->mode == DB_READ))
		return fail_set(f, ERR_CORRUPT,
		    "%s is empty, a database was wanted; restore a backup, or "
		    "remove it if setting up was interrupted",
		    db->path);
	return OK;
}

static enum err
set_journal(struct db *db, struct fail *f)
{
	const char *settings = db->memory ? settings_memory : settings_writer;
	int64_t pages;
	int code;

	if (!db->writer) {
		(void)sqlite3_busy_timeout(db->handle, READER_WAIT_MS);
		/* the writer alone moves pages (WAL-reset bug, DESIGN 3) */
		code = sqlite3_db_config(db->handle,
		    SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		return code == SQLITE_OK ? OK : db_fail(db, code, f);
	}
	code = ask_number(db->handle, "PRAGMA page_count", &pages);
	if (code == SQLITE_OK && pages == 0)
		code = sqlite3_exec(db->handle, settings_new, NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(db->handle, settings, NULL, NULL, NULL);
	return code == SQLITE_OK ? OK : db_fail(db, code, f);
}

static enum err
open_file(struct db *db, const struct env *env, struct fail *f)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
	    SQLITE_OPEN_EXRESCODE;
	int code;

	if (!db->writer)
		flags |= SQLITE_OPEN_READONLY;
	else
		flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	if (db->memory) {
		/* the name may be file:/NAME?vfs=memdb; it comes from a test */
		flags |= SQLITE_OPEN_URI;
	} else {
		(void)sqlite3_soft_heap_limit64(SOFT_HEAP_BYTES);
	}
	code = sqlite3_open_v2(db->path, &db->handle, flags, env->vfs);
	if (code != SQLITE_OK)
		return db_fail(db, code, f);
	code = sqlite3_exec(db->handle, settings_first, NULL, NULL, NULL);
	return code == SQLITE_OK ? OK : db_fail(db, code, f);
}

/* Absent files: made empty with mode 0600, which the log's files inherit. */
static enum err
prepare_file(struct db *db, const struct env *env, const struct db_options *o,
    struct fail *f)
{
	if (db->memory || env_exists(env, db->path))
		return OK;
	if (o->must_exist || o->mode == DB_READ)
		return fail_set(f, ERR_NOTFOUND, "there is no database at %s",
		    db->path);
	return env->file_write(env->self, db->path, "", 0, f);
}

/* A full disk has no room for the 32 KiB that the users of a log share. */
static bool
lacks_room(const struct db *db)
{
	int code =
	    db->handle != NULL ? sqlite3_extended_errcode(db->handle) : 0;

	return code == SQLITE_IOERR_SHMSIZE || code == SQLITE_IOERR_SHMMAP;
}

static enum err
set_up(struct db *db, const struct env *env, const struct db_options *o,
    bool alone, struct fail *f)
{
	enum err e = open_file(db, env, f);
	int code;

	if (e == OK)
		e = set_limits(db, f);
	if (e == OK && !db->memory)
		e = set_key(db, o, f);
	if (e == OK && alone) {
		code =
		    sqlite3_exec(db->handle, settings_alone, NULL, NULL, NULL);
		e = code == SQLITE_OK ? OK : db_fail(db, code, f);
	}
	if (e == OK)
		e = first_read(db, env, o, f);
	if (e == OK)
		e = set_habits(db, o, f);
	return e == OK ? set_journal(db, f) : e;
}

enum err
db_open(struct db **out, const struct env *env, const char *path,
    const struct db_options *o, struct fail *f)
{
	struct db *db;
	enum err e;

	assert(env->memory_database != NULL ||
	    (o->key != NULL && o->salt != NULL));
	db = calloc(1, sizeof(*db));
	if (db == NULL)
		return fail_code(f, ERR_NOMEM);
	db->writer = o->mode == DB_WRITE;
	db->memory = env->memory_database != NULL;
	db->path = strdup(db->memory ? env->memory_database : path);
	if (db->path == NULL) {
		e = fail_code(f, ERR_NOMEM);
		goto out;
	}
	e = prepare_file(db, env, o, f);
	if (e == OK && db->writer && !db->memory)
		e = db_wal_check(env, db->path, f);
	if (e == OK)
		e = set_up(db, env, o, false, f);
	if (e == ERR_IO && db->writer && lacks_room(db)) {
		(void)sqlite3_close(db->handle);
		db->handle = NULL;
		e = set_up(db, env, o, true, f);
	}
	if (e != OK)
		goto out;
	*out = db;
	db = NULL;
out:
	db_close(db);
	return e;
}

/* The connection as it was before it had a file; poisoned. */
static void
drop_handle(struct db *db)
{
	for (size_t i = 0; i < db->room; i++) {
		struct stmt *s = db->table[i];

		if (s == NULL)
			continue;
		(void)sqlite3_finalize(s->s);
		free(s->sql);
		free(s);
	}
	free(db->table);
	db->table = NULL;
	db->room = db->count = 0;
	memset(db->recent, 0, sizeof(db->recent));
	db_rollback(db);
	(void)sqlite3_finalize(db->begin);
	(void)sqlite3_finalize(db->commit);
	(void)sqlite3_finalize(db->rollback);
	db->begin = db->commit = db->rollback = NULL;
	if (db->poisoned && db->handle != NULL) {
		/* what is in the log is unknown: the next opening reads it */
		(void)sqlite3_db_config(db->handle,
		    SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	} else if (db->writer && db->handle != NULL && !db->memory) {
		(void)sqlite3_wal_checkpoint_v2(db->handle, NULL,
		    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	}
	(void)sqlite3_close(db->handle);
	db->handle = NULL;
	db->poisoned = true;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	drop_handle(db);
	free(db->path);
	free(db);
}

enum err
db_shut(struct db *db, const struct env *env, struct fail *f)
{
	struct buf log = { 0 };
	bool held;

	assert(db->writer && !db->in_transaction && !db->memory);
	drop_handle(db);
	buf_printf(&log, "%s-wal", db->path);
	/* the last to close takes it away, having emptied it */
	held = log.err != OK || env_exists(env, buf_cstr(&log));
	buf_release(&log);
	if (held)
		return fail_set(f, ERR_BUSY,
		    "the log of the database %s could not be closed: "
		    "somebody else reads it, or memory is short; "
		    "nothing was changed; try again later",
		    db->path);
	/* SQLite does not: after a loss of power it might be back */
	return env->names_sync(env->self, db->path, f);
}

enum err
db_checkpoint(struct db *db, struct fail *f)
{
	int code;

	assert(db->writer && !db->in_transaction);
	if (db->memory)
		return OK;
	code = sqlite3_wal_checkpoint_v2(db->handle, NULL,
	    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return code == SQLITE_OK ? OK : db_fail(db, code, f);
}

void
db_shrink(struct db *db)
{
	(void)sqlite3_db_release_memory(db->handle);
}

enum err
db_trim(struct db *db, struct fail *f)
{
	int64_t pages, unused;
	int code;

	assert(db->writer && !db->in_transaction);
	if (db->memory)
		return OK;
	code = ask_number(db->handle, "PRAGMA page_count", &pages);
	if (code == SQLITE_OK)
		code = ask_number(db->handle, "PRAGMA freelist_count", &unused);
	if (code == SQLITE_OK && unused >= TRIM_PAGES_MIN &&
	    unused >= pages / 8)
		code = sqlite3_exec(db->handle,
		    "PRAGMA incremental_vacuum(" TRIM_PAGES ")", NULL, NULL,
		    NULL);
	return code == SQLITE_OK ? OK : db_fail(db, code, f);
}

enum err
db_trim_step(struct db *db, int64_t *left, struct fail *f)
{
	int code;

	assert(db->writer && !db->in_transaction);
	*left = 0;
	if (db->memory)
		return OK;
	code = sqlite3_exec(db->handle,
	    "PRAGMA incremental_vacuum(" TRIM_PAGES ")", NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = ask_number(db->handle, "PRAGMA freelist_count", left);
	return code == SQLITE_OK ? OK : db_fail(db, code, f);
}

enum err
db_file_bytes(struct db *db, int64_t *bytes, struct fail *f)
{
	int64_t pages = 0, size = 0;
	int code = ask_number(db->handle, "PRAGMA page_count", &pages);

	if (code == SQLITE_OK)
		code = ask_number(db->handle, "PRAGMA page_size", &size);
	*bytes = pages * size;
	return code == SQLITE_OK ? OK : db_fail(db, code, f);
}

/*
 * What a check found may be that it could not read: cipher_integrity_check says
 * so in words, integrity_check by SQLite's code. That is no damage yet.
 */
static int
code_found(const char *found)
{
	const char *number = strstr(found, "error code=");

	if (strncmp(found, "error reading", 13) == 0 ||
	    strstr(found, "Failed to read ptrmap") != NULL)
		return SQLITE_IOERR;
	return number != NULL
	    ? (int)(strtol(number + strlen("error code="), NULL, 10) & 0xff)
	    : SQLITE_CORRUPT;
}

static enum err
fail_check(const struct db *db, const char *found, struct fail *f)
{
	int code = found != NULL ? code_found(found) : SQLITE_NOMEM;

	if (code == SQLITE_NOMEM)
		return fail_code(f, ERR_NOMEM);
	if (code == SQLITE_IOERR)
		return fail_set(f, ERR_IO,
		    "%s cannot be read whole: %.120s; look after the disk, "
		    "then try again or run footbridge repair",
		    db->path, found);
	return fail_set(f, ERR_CORRUPT,
	    "%.100s is damaged: %.100s; what can be read stays usable; run "
	    "footbridge repair: it keeps this file and takes over all that can "
	    "be read",
	    db->path, found);
}

/* OK when the check answers nothing, or `good`. */
static enum err
run_check(struct db *db, const char *sql, const char *good, struct fail *f)
{
	sqlite3_stmt *s = NULL;
	enum err e = OK;
	int code = sqlite3_prepare_v2(db->handle, sql, -1, &s, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	if (code == SQLITE_ROW) {
		const char *found = (const char *)sqlite3_column_text(s, 0);

		if (found == NULL || good == NULL || strcmp(found, good) != 0)
			e = fail_check(db, found, f);
	} else if (code != SQLITE_DONE) {
		e = db_fail(db, code, f);
	}
	(void)sqlite3_finalize(s);
	return e;
}

enum err
db_integrity(struct db *db, struct fail *f)
{
	enum err e = OK;

	/* cipher_integrity_check reads the file without its log, and a page
	 * that a cut-off checkpoint tore is whole in the log */
	if (db->writer && !db->in_transaction)
		e = db_checkpoint(db, f);
	if (e == OK && db->keyed)
		e = run_check(db, "PRAGMA cipher_integrity_check", NULL, f);
	if (e == OK)
		e = run_check(db, "PRAGMA integrity_check(1)", "ok", f);
	return e;
}
