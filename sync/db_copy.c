/*
 * A copy under another key, by SQLCipher's own export.
 *
 * The new file is the connection's main database and the source is attached to
 * it read-only, so that this is one more reader of the source and the one
 * writer of it stays the only one. The new file has no journal: it is nothing
 * until it is whole, and a crash before leaves a file that is thrown away.
 */
#include "sync/db_sqlite.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

static const char settings_target[] = "PRAGMA auto_vacuum = INCREMENTAL;"
				      "PRAGMA journal_mode = OFF;"
				      "PRAGMA synchronous = FULL;"
				      "PRAGMA temp_store = MEMORY;"
				      "PRAGMA cell_size_check = ON;";

/* Reports wait this long for the writer's rare exclusive moments. */
#define WAIT_MS 5000

static enum err
run(struct db *db, const char *sql, const char *one, const char *two,
    struct fail *f)
{
	sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(db->handle, sql, -1, &s, NULL);

	if (code == SQLITE_OK && one != NULL)
		code = sqlite3_bind_text(s, 1, one, -1, SQLITE_STATIC);
	if (code == SQLITE_OK && two != NULL)
		code = sqlite3_bind_text(s, 2, two, -1, SQLITE_STATIC);
	while (code == SQLITE_OK || code == SQLITE_ROW)
		code = sqlite3_step(s);
	(void)sqlite3_finalize(s);
	return code == SQLITE_DONE ? OK : db_fail(db, code, f);
}

/* A file name as the URI that says: for reading only. */
static enum err
source_uri(struct buf *out, const char *path, struct fail *f)
{
	buf_printf(out, "file:");
	for (const char *p = path; *p != '\0'; p++) {
		bool plain = (*p >= 'a' && *p <= 'z') ||
		    (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
		    strchr("/._-", *p) != NULL;

		if (plain)
			buf_u8(out, (uint8_t)*p);
		else
			buf_printf(out, "%%%02x", (unsigned)(uint8_t)*p);
	}
	buf_printf(out, "?mode=ro");
	return out->err == OK ? OK : fail_code(f, out->err);
}

static enum err
open_target(struct db *db, const struct env *env, const struct db_options *o,
    struct fail *f)
{
	char text[DB_KEY_TEXT_BYTES];
	int code = sqlite3_open_v2(db->path, &db->handle,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI |
		SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
		SQLITE_OPEN_EXRESCODE,
	    env->vfs);

	if (code != SQLITE_OK)
		return db_fail(db, code, f);
	db_key_text(text, o);
	code = sqlite3_key(db->handle, text, DB_KEY_TEXT_BYTES - 1);
	sodium_memzero(text, sizeof(text));
	/* the writer of the source alone moves its pages (WAL-reset bug) */
	if (code == SQLITE_OK)
		code = sqlite3_db_config(db->handle,
		    SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	(void)sqlite3_busy_timeout(db->handle, WAIT_MS);
	if (code == SQLITE_OK)
		code = sqlite3_exec(db->handle,
		    "PRAGMA cipher_log_level = NONE; PRAGMA cipher_log = off;",
		    NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code =
		    sqlite3_exec(db->handle, settings_target, NULL, NULL, NULL);
	return code == SQLITE_OK ? OK : db_fail(db, code, f);
}

static enum err
attach(struct db *db, const char *from, const struct db_options *o,
    struct fail *f)
{
	char text[DB_KEY_TEXT_BYTES];
	struct buf uri = { .limit = 16384 };
	enum err e = source_uri(&uri, from, f);

	db_key_text(text, o);
	if (e == OK)
		e = run(db, "ATTACH DATABASE ?1 AS source KEY ?2",
		    buf_cstr(&uri), text, f);
	sodium_memzero(text, sizeof(text));
	buf_release(&uri);
	if (e == OK)
		return OK;
	return e == ERR_CORRUPT
	    ? fail_set(f, ERR_AUTH,
		  "%s does not open with this replica's key; nothing was "
		  "changed",
		  from)
	    : e;
}

/* The export runs statements of its own and tells their failure in words only. */
static enum err
export_all(struct db *db, struct fail *f)
{
	static const int codes[] = { SQLITE_NOMEM, SQLITE_IOERR, SQLITE_FULL,
		SQLITE_CANTOPEN, SQLITE_CORRUPT };
	enum err e =
	    run(db, "SELECT sqlcipher_export('main', 'source')", NULL, NULL, f);

	for (size_t i = 0; e == ERR_CORRUPT && i < COUNT_OF(codes); i++) {
		if (strcmp(sqlite3_errmsg(db->handle),
			sqlite3_errstr(codes[i])) == 0)
			e = db_fail(db, codes[i], f);
	}
	return e;
}

enum err
db_remove(const struct env *env, const char *path, struct fail *f)
{
	static const char *const tails[] = { "", "-wal", "-shm", "-journal" };
	struct buf name = { 0 };
	enum err e = OK;

	for (size_t i = 0; e == OK && i < COUNT_OF(tails); i++) {
		buf_reset(&name);
		buf_printf(&name, "%s%s", path, tails[i]);
		e = name.err != OK ? fail_code(f, name.err)
				   : env_forget(env, buf_cstr(&name), f);
	}
	buf_release(&name);
	return e;
}

enum err
db_copy(const struct env *env, const char *from,
    const struct db_options *from_key, const char *to,
    const struct db_options *to_key, struct fail *f)
{
	struct db db = { 0 };
	enum err e;

	assert(env->memory_database == NULL);
	if (!env_exists(env, from))
		return fail_set(f, ERR_NOTFOUND, "there is no database at %s",
		    from);
	e = db_remove(env, to, f);
	/* made empty first: with mode 0600 */
	if (e == OK)
		e = env->file_write(env->self, to, "", 0, f);
	db.path = strdup(to);
	if (e == OK && db.path == NULL)
		e = fail_code(f, ERR_NOMEM);
	if (e == OK)
		e = open_target(&db, env, to_key, f);
	if (e == OK)
		e = attach(&db, from, from_key, f);
	if (e == OK)
		e = run(&db, "BEGIN", NULL, NULL, f);
	if (e == OK)
		e = export_all(&db, f);
	if (e == OK)
		e = run(&db, "COMMIT", NULL, NULL, f);
	if (sqlite3_close(db.handle) != SQLITE_OK && e == OK)
		e = fail_set(f, ERR_IO, "the copy %s cannot be closed", to);
	if (e != OK)
		(void)db_remove(env, to, NULL);
	free(db.path);
	return e;
}
