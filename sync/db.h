/*
 * The database seam: a thin statement interface. One driver today (SQLCipher,
 * db_sqlite.c); PostgreSQL comes behind the same header.
 *
 * One connection writes (db_open with DB_WRITE), any number read. Statements
 * are prepared once and kept by the connection, found again by their SQL text.
 * SQL is written in the subset of schema/README.md; parameters are ?1, ?2...
 * Bind and column calls cannot fail by themselves: a failed bind is reported by
 * the next stmt_step. After any failed commit the state is unknown: the caller
 * closes, reopens and reads again (ASSURANCE finding 7); db_poisoned says so.
 */
#ifndef FOOTBRIDGE_SYNC_DB_H
#define FOOTBRIDGE_SYNC_DB_H

#include "sync/env.h"

struct db;   /* a connection */
struct stmt; /* a prepared statement, owned by its connection */

#define DB_KEY_BYTES 32
#define DB_SALT_BYTES 16

enum db_mode {
	DB_WRITE, /* the one writer; creates the file when it is absent */
	DB_READ,  /* read-only, for reports on other threads */
};

struct db_options {
	enum db_mode mode;
	/* NULL: not encrypted; allowed only with env->memory_database */
	const uint8_t *key;  /* DB_KEY_BYTES, raw SQLCipher key; copied */
	const uint8_t *salt; /* DB_SALT_BYTES */
	int cache_kib;       /* page cache ceiling; 0 = 8 MiB */
	bool must_exist;     /* ERR_NOTFOUND instead of creating */
};

/*
 * Open. Settings: WAL, synchronous FULL, temp_store MEMORY, foreign keys off,
 * trusted_schema off, cell_size_check on, mmap off, defensive, secure_delete,
 * cipher_log off, busy time-out 0 for the writer, a checkpoint every 16 MiB of
 * log. With env->memory_database that database is opened instead of path.
 *
 * On a disk without room for the index of the log the writer keeps that in its
 * own memory, so that what is saved can be read; readers must wait then.
 *
 * fails: ERR_AUTH    wrong key, or not a database of ours (SQLCipher cannot
 *                    tell the two apart); ERR_NOTFOUND; ERR_IO; ERR_NOMEM;
 *        ERR_CORRUPT the file is there and empty, though it must exist; the
 *        writer's log is damaged (db_wal.h)
 */
enum err db_open(struct db **out, const struct env *env, const char *path,
    const struct db_options *options, struct fail *f);
/*
 * Copy a whole database, as one moment of it, into a new file with a key of its
 * own, packed: no page of it is older than the copy. The source may be written
 * to meanwhile, by this process or not; its log cannot be cut off until this is
 * done. What is at `to` before is taken away. On success all of it is on disk,
 * under a name that the caller syncs (env->file_move).
 *
 * in:    key and salt of both; the other options are ignored
 * fails: ERR_AUTH the source does not open; ERR_IO, ERR_CORRUPT; `to` is gone
 * cost:  reads and writes every page once; no transaction of the source waits
 */
enum err db_copy(const struct env *env, const char *from,
    const struct db_options *from_key, const char *to,
    const struct db_options *to_key, struct fail *f);
/* Take away a database file and what SQLite may have put beside it. */
enum err db_remove(const struct env *env, const char *path, struct fail *f);
/*
 * Close the file but keep the connection, refusing everything but db_close as
 * after a failed commit. For the moment in which another file takes its place:
 * its log is gone, also after a loss of power.
 * fails: ERR_BUSY a reader holds its log, or closing it failed, so another
 *        file must not take the place; it is shut all the same;
 *        ERR_IO likewise
 */
enum err db_shut(struct db *db, const struct env *env, struct fail *f);
/* Finalizes every statement, checkpoints when it is the writer; NULL is fine. */
void db_close(struct db *db);

/* Run one or more statements without parameters or results. Empty text is
 * ERR_NOMEM: it was written into a buffer that got no memory (buf_cstr). */
enum err db_exec(struct db *db, const char *sql, struct fail *f);

/* A transaction. Nesting is a programming error (asserted). */
enum err db_begin(struct db *db, struct fail *f);
/* A commit that fails poisons; one whose transaction an earlier failure had
 * undone already (full disk in a statement) only says so. */
enum err db_commit(struct db *db, struct fail *f);
/* Harmless when none is open; forgets nothing that was committed. */
void db_rollback(struct db *db);
bool db_in_transaction(const struct db *db);
/* A commit failed: the connection refuses everything but close. */
bool db_poisoned(const struct db *db);
/* TRUNCATE checkpoint of the write-ahead log. */
enum err db_checkpoint(struct db *db, struct fail *f);
/*
 * Give unused pages of the file back to the file system when they are an eighth
 * of it: after sealing, say. A transaction of its own.
 */
enum err db_trim(struct db *db, struct fail *f);
/* The same for some of them, however few; *left is what remains. Others may use
 * the database between two calls. */
enum err db_trim_step(struct db *db, int64_t *left, struct fail *f);
/* Size of the database file, without its log. */
enum err db_file_bytes(struct db *db, int64_t *bytes, struct fail *f);
/* Give unused memory of the page cache back to the system. */
void db_shrink(struct db *db);
/* PRAGMA integrity_check and cipher_integrity_check: OK, or ERR_CORRUPT with
 * the first line of what was found. The writer copies its log home first. */
enum err db_integrity(struct db *db, struct fail *f);

/*
 * The statement for this SQL, reset and with no bindings. Borrowed; valid until
 * db_close. sql is compared by content and copied. Using it again resets it, so
 * two loops over one statement must not nest.
 */
enum err db_stmt(struct stmt **out, struct db *db, const char *sql,
    struct fail *f);

/* Parameters count from 1. Text and blobs are borrowed until the statement is
 * asked for again or never stepped again: a reset keeps the bindings. */
void stmt_int(struct stmt *s, int at, int64_t v);
void stmt_text(struct stmt *s, int at, const char *text);
void stmt_text_n(struct stmt *s, int at, const void *p, size_t n);
void stmt_blob(struct stmt *s, int at, const void *p, size_t n);
/* the same as stmt_text_n, but the bytes are copied */
void stmt_text_copy(struct stmt *s, int at, const void *p, size_t n);
void stmt_null(struct stmt *s, int at);

/* *row is true when a row is there, false at the end (and s is reset). */
enum err stmt_step(struct stmt *s, bool *row, struct fail *f);
/* Step to the end, ignoring rows; resets s. ERR_EXISTS on a duplicate key. */
enum err stmt_run(struct stmt *s, struct fail *f);
void stmt_reset(struct stmt *s);

/* Columns count from 0. Pointers are borrowed until the next step or reset. */
int64_t stmt_col_int(struct stmt *s, int at);
/* NULL column gives n = 0 and a non-NULL pointer. */
const uint8_t *stmt_col_blob(struct stmt *s, int at, size_t *n);
/* NUL-terminated; "" for NULL. */
const char *stmt_col_text(struct stmt *s, int at);
bool stmt_col_null(struct stmt *s, int at);
enum stmt_type { STMT_NULL, STMT_INT, STMT_REAL, STMT_TEXT, STMT_BLOB };
enum stmt_type stmt_col_type(struct stmt *s, int at);
/* Copy exactly n bytes; false (and zeros) when the blob has another size. */
bool stmt_col_copy(struct stmt *s, int at, void *to, size_t n);
const char *stmt_col_name(struct stmt *s, int at);
int stmt_col_count(struct stmt *s);

/* Rows changed by the last stmt_run, and the rowid of the last insert. */
int64_t db_changes(const struct db *db);
int64_t db_last_rowid(const struct db *db);

#endif
