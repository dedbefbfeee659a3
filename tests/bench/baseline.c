/*
 * The yardstick of `make bench`: the same appointments in bare SQLCipher. The
 * columns, index, settings and values of the engine's table, no log, no merge.
 *
 * One run, one JSON object.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlcipher/sqlite3.h>

#include "tests/support/bench.h"

#define ROWS 20000
#define PEOPLE 2000
#define FIELDS BENCH_FIELDS

static const char setup[] =
    "PRAGMA key = \"x'00112233445566778899aabbccddeeff00112233445566778899"
    "aabbccddeeff00112233445566778899aabbccddeeff'\";"
    "PRAGMA cell_size_check = ON; PRAGMA cache_size = -8192;"
    "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;"
    "PRAGMA secure_delete = ON; PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;"
    "PRAGMA journal_size_limit = 33554432;"
    "CREATE TABLE appointment (start_at TEXT, end_at TEXT, place TEXT,"
    " method TEXT, kind TEXT, staff_id BLOB, state TEXT, program_id BLOB,"
    " condition_id BLOB, purpose TEXT, booked_on TEXT, cancel_reason TEXT,"
    " row_state TEXT, supersedes_id BLOB, _cpt BIGINT NOT NULL,"
    " id BLOB NOT NULL, _clock BLOB NOT NULL, PRIMARY KEY (id, _cpt));";

static const char insert_sql[] =
    "INSERT INTO appointment (start_at, end_at, place, method, kind, staff_id,"
    " state, program_id, condition_id, purpose, booked_on, cancel_reason, _cpt,"
    " id, _clock) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"
    " ?13, ?14, ?15)";
static const char update_sql[] =
    "UPDATE appointment SET purpose = ?1, _clock = ?2"
    " WHERE id = ?3 AND _cpt = ?4";

static struct {
	uint8_t id[16];
	char text[FIELDS][32];
} row[ROWS];

static const uint8_t other[3][16] = { { 2 }, { 3 }, { 4 } };
static void
must(int code, sqlite3 *db)
{
	if (code == SQLITE_OK || code == SQLITE_DONE)
		return;
	(void)fprintf(stderr, "baseline: %s\n", sqlite3_errmsg(db));
	exit(1);
}

#define PUT(at, ...) (void)snprintf(row[i].text[at], 32, __VA_ARGS__)

static void
make_rows(void)
{
	for (unsigned i = 0; i < ROWS; i++) {
		unsigned day = 1 + i % 28, month = 1 + i / 28 % 12;
		uint64_t z = (i + 1) * 0x9e3779b97f4a7c15ULL;

		memcpy(row[i].id, &z, 8);
		row[i].id[0] = (uint8_t)(i * 0x9e3779b1U >> 24);
		PUT(0, "2026-%02u-%02uT%02u:00", month, day, 8 + i % 9);
		PUT(1, "2026-%02u-%02uT%02u:45", month, day, 8 + i % 9);
		PUT(2, "Room %u, %u Main Street", i % 40, i % 997);
		PUT(3, "%s", i % 3 == 0 ? "phone" : "in_person");
		PUT(4, "%s", i % 4 == 0 ? "testing" : "supervision");
		PUT(6, "booked");
		PUT(9, "Follow up on case note %u", i);
		PUT(10, "2025-%02u-%02u", month, day);
		PUT(11, "%s", i % 5 == 0 ? "weather" : "agency");
	}
}

static void
bind(sqlite3_stmt *s, unsigned i)
{
	for (int k = 0; k < FIELDS; k++) {
		if (k == 5 || k == 7 || k == 8)
			sqlite3_bind_blob(s, k + 1, other[k % 3], 16, NULL);
		else
			sqlite3_bind_text(s, k + 1, row[i].text[k], -1, NULL);
	}
	sqlite3_bind_int64(s, 13, i % PEOPLE + 1);
	sqlite3_bind_blob(s, 14, row[i].id, 16, NULL);
	sqlite3_bind_blob(s, 15, "\1\2\3\4\5\6\7", 7, NULL);
}

static double
run(sqlite3 *db, sqlite3_stmt *s, unsigned per_commit)
{
	double begun = bench_now();

	for (unsigned i = 0; i < ROWS; i++) {
		if (per_commit > 1 && i % per_commit == 0)
			must(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), db);
		must(sqlite3_reset(s), db);
		if (per_commit > 1) {
			bind(s, i);
		} else {
			sqlite3_bind_text(s, 1, "Moved", -1, NULL);
			sqlite3_bind_blob(s, 2, "\1\2\3\4\5\6\7\10\11", 9,
			    NULL);
			sqlite3_bind_blob(s, 3, row[i].id, 16, NULL);
			sqlite3_bind_int64(s, 4, i % PEOPLE + 1);
		}
		must(sqlite3_step(s), db);
		if (per_commit > 1 && i % per_commit == per_commit - 1)
			must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), db);
	}
	must(sqlite3_reset(s), db);
	return bench_now() - begun;
}

int
main(void)
{
	char path[300] = "/var/tmp/footbridge-baseline-XXXXXX";
	double insert, update;
	sqlite3_stmt *s[2];
	struct stat st;
	sqlite3 *db;

	if (mkstemp(path) < 0 || sqlite3_open(path, &db) != SQLITE_OK)
		return 1;
	make_rows();
	must(sqlite3_exec(db, setup, NULL, NULL, NULL), db);
	must(sqlite3_prepare_v2(db, insert_sql, -1, &s[0], NULL), db);
	must(sqlite3_prepare_v2(db, update_sql, -1, &s[1], NULL), db);
	bench_syncs = 0;
	insert = run(db, s[0], 20);
	update = run(db, s[1], 1);
	must(sqlite3_finalize(s[0]) + sqlite3_finalize(s[1]) +
		sqlite3_close(db),
	    db);
	if (stat(path, &st) != 0)
		return 1;
	printf("{\"insert_s\": %.4f, \"update_s\": %.4f, \"bytes\": %lld,"
	       " \"syncs\": %lu}\n",
	    insert, update, (long long)st.st_size, bench_syncs);
	return unlink(path);
}
