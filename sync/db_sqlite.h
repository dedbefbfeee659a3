/*
 * Private to the SQLCipher driver (db_sqlite.c, db_open.c): what a connection
 * and a statement are inside. Nothing else of the engine includes it.
 */
#ifndef FOOTBRIDGE_SYNC_DB_SQLITE_H
#define FOOTBRIDGE_SYNC_DB_SQLITE_H

#include <sqlcipher/sqlite3.h>

#include "sync/db.h"

struct stmt {
	sqlite3_stmt *s; /* owned */
	struct db *db;   /* borrowed */
	char *sql;       /* owned copy */
	uint64_t hash;   /* of the text */
	int bind_code;   /* first failed bind since the last reset */
	bool active;     /* stepped and not reset */
	bool bound;      /* has bindings to forget */
};

/* entries that remember where a text was last found by its address: more than there
 * are texts, so that few share one */
#define DB_RECENT 1024

struct db {
	sqlite3 *handle; /* owned */
	char *path;      /* owned; for messages */
	bool writer;
	bool keyed;
	bool memory;
	bool in_transaction;
	/* SQLite rolled the transaction back by itself; statements would now
	 * commit one by one, so all are refused until db_rollback */
	bool lost;
	bool poisoned;
	sqlite3_stmt *begin, *commit, *rollback; /* owned, made when needed */

	/* open addressing, room is a power of two, at most half full */
	struct stmt **table;
	size_t room, count;
	struct stmt *recent[DB_RECENT]; /* borrowed from table */
};

/* What db_open passes to SQLCipher as key: x'key and salt in hex'. */
#define DB_KEY_TEXT_BYTES (2 + 2 * (DB_KEY_BYTES + DB_SALT_BYTES) + 2)
void db_key_text(char text[static DB_KEY_TEXT_BYTES],
    const struct db_options *o);

/* The error for an SQLite result code on this connection. Sets the words. */
enum err db_fail(const struct db *db, int code, struct fail *f);

#endif
