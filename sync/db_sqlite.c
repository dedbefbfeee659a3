/*
 * Statements and transactions over SQLCipher.
 *
 * A statement is found by the address of its text first (the text is still
 * compared, so a reused buffer cannot mislead), then by a hash of the text.
 * A step allocates nothing here; binds are SQLITE_STATIC.
 */
#include "sync/db_sqlite.h"

#include <stdlib.h>
#include <string.h>

#define TABLE_ROOM_FIRST 256

static enum err
fail_damaged(const struct db *db, int code, struct fail *f)
{
	return fail_set(f, ERR_CORRUPT,
	    "the database %.100s is damaged (%s, %d); nothing more is written "
	    "to it; run footbridge repair: it keeps this file and takes over "
	    "all that can be read",
	    db->path, sqlite3_errstr(code & 0xff), code);
}

enum err
db_fail(const struct db *db, int code, struct fail *f)
{
	const char *words = db->handle != NULL ? sqlite3_errmsg(db->handle)
					       : sqlite3_errstr(code);

	switch (code & 0xff) {
	case SQLITE_CONSTRAINT:
		if (code == SQLITE_CONSTRAINT_UNIQUE ||
		    code == SQLITE_CONSTRAINT_PRIMARYKEY ||
		    code == SQLITE_CONSTRAINT_ROWID)
			return fail_code(f, ERR_EXISTS);
		return fail_set(f, ERR_FORMAT,
		    "a value does not fit its column: %s", words);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return fail_set(f, ERR_BUSY,
		    "the database %s is in use by another writer; nothing was "
		    "changed; close the other program and try again",
		    db->path);
	case SQLITE_NOMEM:
		return fail_code(f, ERR_NOMEM);
	case SQLITE_FULL:
		return fail_set(f, ERR_IO,
		    "the disk that holds %s is full; this change was not "
		    "saved, earlier ones are; free some space and try again",
		    db->path);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return fail_damaged(db, code, f);
	case SQLITE_TOOBIG:
		return fail_set(f, ERR_LIMIT,
		    "a value is longer than the database stores");
	case SQLITE_READONLY:
		return fail_set(f, ERR_DENIED,
		    "the database %s can only be read here", db->path);
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return fail_set(f, ERR_IO,
		    "the database %s could not be read or written: %s (%d)",
		    db->path, words, code);
	case SQLITE_INTERRUPT:
		return fail_set(f, ERR_BUSY, "the work was interrupted");
	default:
		/* ours, or tables that are not as it needs them: nobody's input */
		return fail_set(f, ERR_CORRUPT,
		    "the database refused a statement: %s (%d)", words, code);
	}
}

static enum err
refuse(const struct db *db, struct fail *f)
{
	if (db->poisoned)
		return fail_set(f, ERR_IO,
		    "an earlier save failed, so the database %s has to be "
		    "opened again before more is read or written; what was "
		    "answered as saved is safe; try again",
		    db->path);
	return fail_set(f, ERR_IO,
	    "the transaction was undone by an earlier failure; nothing of it "
	    "was saved");
}

/* What a failed statement means for the transaction around it. */
static enum err
failed(struct db *db, sqlite3_stmt *s, int code, struct fail *f)
{
	bool outside = sqlite3_get_autocommit(db->handle) != 0;
	int kind = code & 0xff;

	if (db->in_transaction && outside)
		db->lost = true;
	/* a write outside a transaction is its own commit */
	if (!db->in_transaction && outside && s != NULL &&
	    !sqlite3_stmt_readonly(s) &&
	    (kind == SQLITE_IOERR || kind == SQLITE_FULL ||
		kind == SQLITE_NOMEM || kind == SQLITE_CORRUPT))
		db->poisoned = true;
	return db_fail(db, code, f);
}

enum err
db_exec(struct db *db, const char *sql, struct fail *f)
{
	enum err e = OK;

	if (db->poisoned || db->lost)
		return refuse(db, f);
	if (*sql == '\0') /* written into a buffer that got no memory */
		return fail_code(f, ERR_NOMEM);
	while (e == OK && *sql != '\0') {
		sqlite3_stmt *s = NULL;
		int code = sqlite3_prepare_v2(db->handle, sql, -1, &s, &sql);

		if (code == SQLITE_OK && s == NULL)
			continue; /* a comment, an empty statement */
		if (code == SQLITE_OK) {
			do {
				code = sqlite3_step(s);
			} while (code == SQLITE_ROW);
			if (code == SQLITE_DONE)
				code = SQLITE_OK;
		}
		if (code != SQLITE_OK)
			e = failed(db, s, code, f);
		(void)sqlite3_finalize(s);
	}
	return e;
}

static int
run_kept(struct db *db, sqlite3_stmt **kept, const char *sql)
{
	int code = SQLITE_OK;

	if (*kept == NULL)
		code = sqlite3_prepare_v3(db->handle, sql, -1,
		    SQLITE_PREPARE_PERSISTENT, kept, NULL);
	if (code == SQLITE_OK) {
		(void)sqlite3_step(*kept);
		code = sqlite3_reset(*kept);
	}
	return code;
}

enum err
db_begin(struct db *db, struct fail *f)
{
	int code;

	assert(!db->in_transaction);
	if (db->poisoned)
		return refuse(db, f);
	code =
	    run_kept(db, &db->begin, db->writer ? "BEGIN IMMEDIATE" : "BEGIN");
	if (code != SQLITE_OK)
		return db_fail(db, code, f);
	db->in_transaction = true;
	return OK;
}

/* Some of it may have reached the disk: only the next opening knows. */
static enum err
fail_commit(const struct db *db, int code, struct fail *f)
{
	if ((code & 0xff) == SQLITE_FULL)
		return fail_set(f, ERR_IO,
		    "the disk that holds %s is full; this change may or may "
		    "not have been saved, all earlier ones were; free some "
		    "space, then look whether it is there",
		    db->path);
	return fail_set(f, ERR_IO,
	    "saving in %s failed (%s, %d); this change may or may not have "
	    "been saved, all earlier ones were; look whether it is there "
	    "before you make it again",
	    db->path, sqlite3_errmsg(db->handle), code);
}

enum err
db_commit(struct db *db, struct fail *f)
{
	int code;

	assert(db->in_transaction);
	if (db->lost) {
		db_rollback(db);
		return fail_set(f, ERR_IO,
		    "the transaction was undone by an earlier failure; "
		    "nothing of it was saved");
	}
	code = run_kept(db, &db->commit, "COMMIT");
	if (code == SQLITE_OK) {
		db->in_transaction = false;
		return OK;
	}
	db->poisoned = true;
	return fail_commit(db, code, f);
}

void
db_rollback(struct db *db)
{
	if (!db->in_transaction)
		return;
	if (!sqlite3_get_autocommit(db->handle) &&
	    run_kept(db, &db->rollback, "ROLLBACK") != SQLITE_OK)
		db->poisoned = true;
	db->in_transaction = false;
	db->lost = false;
}

bool
db_in_transaction(const struct db *db)
{
	return db->in_transaction;
}

bool
db_poisoned(const struct db *db)
{
	return db->poisoned;
}

static uint64_t
hash_text(const char *text)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a; our own texts only */

	for (; *text != '\0'; text++)
		h = (h ^ (uint8_t)*text) * 1099511628211u;
	return h;
}

static size_t
recent_at(const char *sql)
{
	uint64_t at = (uint64_t)(uintptr_t)sql;

	return (size_t)((at >> 3) ^ (at >> 13)) % DB_RECENT;
}

/* Where this text is, or the free place where it belongs. */
static struct stmt **
place_of(struct stmt **table, size_t room, const char *sql, uint64_t hash)
{
	size_t at = (size_t)hash & (room - 1);

	while (table[at] != NULL &&
	    (table[at]->hash != hash || strcmp(table[at]->sql, sql) != 0))
		at = (at + 1) & (room - 1);
	return &table[at];
}

static enum err
make_room(struct db *db, struct fail *f)
{
	size_t room = db->room == 0 ? TABLE_ROOM_FIRST : db->room * 2;
	struct stmt **table;

	if (db->room != 0 && db->count < db->room / 2)
		return OK;
	table = calloc(room, sizeof(struct stmt *));
	if (table == NULL)
		return fail_code(f, ERR_NOMEM);
	for (size_t i = 0; i < db->room; i++) {
		struct stmt *s = db->table[i];

		if (s != NULL)
			*place_of(table, room, s->sql, s->hash) = s;
	}
	free(db->table);
	db->table = table;
	db->room = room;
	return OK;
}

static enum err
prepare(struct stmt **out, struct db *db, const char *sql, uint64_t hash,
    struct fail *f)
{
	struct stmt *s = calloc(1, sizeof(*s));
	const char *tail = NULL;
	enum err e;
	int code;

	if (s != NULL)
		s->sql = strdup(sql);
	if (s == NULL || s->sql == NULL) {
		e = fail_code(f, ERR_NOMEM);
		goto out;
	}
	code = sqlite3_prepare_v3(db->handle, sql, -1,
	    SQLITE_PREPARE_PERSISTENT, &s->s, &tail);
	if (code != SQLITE_OK) {
		e = failed(db, NULL, code, f);
		goto out;
	}
	/* one statement, whole: a second would silently not run */
	assert(s->s != NULL && tail[strspn(tail, "; \t\n")] == '\0');
	s->db = db;
	s->hash = hash;
	*out = s;
	return OK;
out:
	if (s != NULL)
		free(s->sql);
	free(s);
	return e;
}

enum err
db_stmt(struct stmt **out, struct db *db, const char *sql, struct fail *f)
{
	struct stmt **recent = &db->recent[recent_at(sql)];
	struct stmt *s = *recent;
	struct stmt **place;
	uint64_t hash;
	enum err e;

	if (db->poisoned)
		return refuse(db, f);
	if (s == NULL || strcmp(s->sql, sql) != 0) {
		e = make_room(db, f);
		if (e != OK)
			return e;
		hash = hash_text(sql);
		place = place_of(db->table, db->room, sql, hash);
		if (*place == NULL) {
			e = prepare(place, db, sql, hash, f);
			if (e != OK)
				return e;
			db->count++;
		}
		s = *place;
		*recent = s;
	}
	stmt_reset(s);
	if (s->bound) {
		(void)sqlite3_clear_bindings(s->s);
		s->bound = false;
	}
	*out = s;
	return OK;
}

static void
bound(struct stmt *s, int code)
{
	s->bound = true;
	if (code != SQLITE_OK && s->bind_code == SQLITE_OK)
		s->bind_code = code;
}

void
stmt_int(struct stmt *s, int at, int64_t v)
{
	bound(s, sqlite3_bind_int64(s->s, at, v));
}

void
stmt_text_n(struct stmt *s, int at, const void *p, size_t n)
{
	/* a NULL pointer would bind NULL instead of "" */
	bound(s,
	    sqlite3_bind_text64(s->s, at, p != NULL ? p : "", n, SQLITE_STATIC,
		SQLITE_UTF8));
}

void
stmt_text_copy(struct stmt *s, int at, const void *p, size_t n)
{
	bound(s,
	    sqlite3_bind_text64(s->s, at, p != NULL ? p : "", n,
		SQLITE_TRANSIENT, SQLITE_UTF8));
}

void
stmt_text(struct stmt *s, int at, const char *text)
{
	if (text == NULL)
		stmt_null(s, at);
	else
		stmt_text_n(s, at, text, strlen(text));
}

void
stmt_blob(struct stmt *s, int at, const void *p, size_t n)
{
	bound(s,
	    sqlite3_bind_blob64(s->s, at, p != NULL ? p : "", n,
		SQLITE_STATIC));
}

void
stmt_null(struct stmt *s, int at)
{
	bound(s, sqlite3_bind_null(s->s, at));
}

enum err
stmt_step(struct stmt *s, bool *row, struct fail *f)
{
	struct db *db = s->db;
	int code = s->bind_code;
	enum err e = OK;

	if (db->poisoned || db->lost) {
		stmt_reset(s);
		return refuse(db, f);
	}
	if (code == SQLITE_OK) {
		s->active = true;
		code = sqlite3_step(s->s);
	}
	if (code == SQLITE_ROW) {
		*row = true;
		return OK;
	}
	if (code != SQLITE_DONE)
		e = failed(db, s->s, code, f);
	stmt_reset(s);
	*row = false;
	return e;
}

enum err
stmt_run(struct stmt *s, struct fail *f)
{
	enum err e;
	bool row;

	do {
		e = stmt_step(s, &row, f);
	} while (e == OK && row);
	return e;
}

void
stmt_reset(struct stmt *s)
{
	if (s->active) {
		(void)sqlite3_reset(s->s);
		s->active = false;
	}
	s->bind_code = SQLITE_OK;
}

int64_t
stmt_col_int(struct stmt *s, int at)
{
	return sqlite3_column_int64(s->s, at);
}

const uint8_t *
stmt_col_blob(struct stmt *s, int at, size_t *n)
{
	const void *p = sqlite3_column_blob(s->s, at);

	*n = p != NULL ? (size_t)sqlite3_column_bytes(s->s, at) : 0;
	return p != NULL ? p : (const uint8_t *)"";
}

const char *
stmt_col_text(struct stmt *s, int at)
{
	const unsigned char *p = sqlite3_column_text(s->s, at);

	return p != NULL ? (const char *)p : "";
}

bool
stmt_col_null(struct stmt *s, int at)
{
	return sqlite3_column_type(s->s, at) == SQLITE_NULL;
}

enum stmt_type
stmt_col_type(struct stmt *s, int at)
{
	switch (sqlite3_column_type(s->s, at)) {
	case SQLITE_INTEGER:
		return STMT_INT;
	case SQLITE_FLOAT:
		return STMT_REAL;
	case SQLITE_TEXT:
		return STMT_TEXT;
	case SQLITE_BLOB:
		return STMT_BLOB;
	default:
		return STMT_NULL;
	}
}

bool
stmt_col_copy(struct stmt *s, int at, void *to, size_t n)
{
	size_t have;
	const uint8_t *p = stmt_col_blob(s, at, &have);

	if (have != n) {
		memset(to, 0, n);
		return false;
	}
	memcpy(to, p, n);
	return true;
}

const char *
stmt_col_name(struct stmt *s, int at)
{
	const char *name = sqlite3_column_name(s->s, at);

	return name != NULL ? name : "";
}

int
stmt_col_count(struct stmt *s)
{
	return sqlite3_column_count(s->s);
}

int64_t
db_changes(const struct db *db)
{
	return sqlite3_changes64(db->handle);
}

int64_t
db_last_rowid(const struct db *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}
