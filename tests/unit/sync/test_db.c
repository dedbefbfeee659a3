/* sync/db.h over SQLCipher: keys, damage, writers, statements, failures. */
#define _GNU_SOURCE /* memmem */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlcipher/sqlite3.h>

#include "sync/db.h"
#include "tests/support/disk.h"

static const uint8_t key[DB_KEY_BYTES] = { 1, 2, 3 };
static const uint8_t other_key[DB_KEY_BYTES] = { 9 };
static const uint8_t salt[DB_SALT_BYTES] = { 7 };

static char dir[64];
static char path[96];
static struct fail f;

static int
fresh(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/footbridge-db-XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/replica.db", dir);
	f = (struct fail){ 0 };
	return 0;
}

static int
gone(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char name[128];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		(void)unlink(name);
	}
	return rmdir(dir);
}

static enum err
open_as(struct db **out, const struct env *env, enum db_mode mode,
    const uint8_t *k)
{
	struct db_options o = { .mode = mode, .key = k, .salt = salt };

	return db_open(out, env, path, &o, &f);
}

static struct db *
open_ok(const struct env *env)
{
	struct db *db = NULL;

	if (open_as(&db, env, DB_WRITE, key) != OK)
		fail_msg("%s", f.text);
	return db;
}

static void
exec_ok(struct db *db, const char *sql)
{
	if (db_exec(db, sql, &f) != OK)
		fail_msg("%s", f.text);
}

static struct stmt *
stmt_ok(struct db *db, const char *sql)
{
	struct stmt *s = NULL;

	if (db_stmt(&s, db, sql, &f) != OK)
		fail_msg("%s", f.text);
	return s;
}

static int64_t
count_rows(struct db *db)
{
	struct stmt *s = stmt_ok(db, "SELECT count(*) FROM t");
	int64_t n;
	bool row;

	assert_int_equal(stmt_step(s, &row, &f), OK);
	assert_true(row);
	n = stmt_col_int(s, 0);
	stmt_reset(s);
	return n;
}

static enum err
insert(struct db *db, int64_t id)
{
	struct stmt *s = stmt_ok(db, "INSERT INTO t (id, v) VALUES (?1, ?2)");

	stmt_int(s, 1, id);
	stmt_text(s, 2, "text");
	return stmt_run(s, &f);
}

/* a table t with rows 1..n in an encrypted file, closed */
static void
make_file_on(const struct env *env, int n)
{
	struct db *db = open_ok(env);

	exec_ok(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT) STRICT");
	assert_int_equal(db_begin(db, &f), OK);
	for (int i = 1; i <= n; i++)
		assert_int_equal(insert(db, i), OK);
	assert_int_equal(db_commit(db, &f), OK);
	db_close(db);
}

static void
make_file(int n)
{
	make_file_on(env_posix(), n);
}

static void
flip(off_t at)
{
	uint8_t b;
	int fd = open(path, O_RDWR);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &b, 1, at), 1);
	b ^= 0x10;
	assert_int_equal(pwrite(fd, &b, 1, at), 1);
	(void)close(fd);
}

static void
what_was_committed_is_there_after_reopening(void **state)
{
	struct db *db;
	struct stat st;

	(void)state;
	make_file(100);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	db = open_ok(env_posix());
	assert_int_equal(count_rows(db), 100);
	assert_int_equal(db_integrity(db, &f), OK);
	db_close(db);
}

static void
nothing_readable_stands_in_the_file(void **state)
{
	static const char mark[] = "marked-canary-string";
	struct buf all = { 0 };
	struct db *db;

	(void)state;
	db = open_ok(env_posix());
	exec_ok(db,
	    "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT) STRICT;"
	    "INSERT INTO t VALUES (1, 'marked-canary-string');");
	db_close(db);
	assert_int_equal(env_posix()->file_read(NULL, &all, path, 1 << 20, &f),
	    OK);
	assert_true(all.n >= 4096);
	assert_null(memmem(all.p, all.n, mark, strlen(mark)));
	assert_null(memmem(all.p, all.n, "SQLite format 3", 15));
	buf_release(&all);
}

static void
settings_are_what_the_design_asks_for(void **state)
{
	static const struct {
		const char *ask, *want;
	} settings[] = {
		{ "PRAGMA journal_mode", "wal" },
		{ "PRAGMA synchronous", "2" },
		{ "PRAGMA temp_store", "2" },
		{ "PRAGMA trusted_schema", "0" },
		{ "PRAGMA cell_size_check", "1" },
		{ "PRAGMA secure_delete", "1" },
		{ "PRAGMA foreign_keys", "0" },
		{ "PRAGMA cache_size", "-8192" },
		{ "PRAGMA wal_autocheckpoint", "4000" },
		{ "PRAGMA busy_timeout", "0" },
	};
	struct db *db = open_ok(env_posix());

	(void)state;
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		struct stmt *s = stmt_ok(db, settings[i].ask);
		bool row = false;

		assert_int_equal(stmt_step(s, &row, &f), OK);
		assert_true(row);
		assert_string_equal(stmt_col_text(s, 0), settings[i].want);
	}
	db_close(db);
}

static void
a_wrong_key_is_refused_in_plain_words(void **state)
{
	struct db *db = NULL;

	(void)state;
	make_file(1);
	assert_int_equal(open_as(&db, env_posix(), DB_WRITE, other_key),
	    ERR_AUTH);
	assert_null(db);
	assert_non_null(strstr(f.text, "does not open with this replica's"));
	assert_non_null(strstr(f.text, "nothing was changed"));
	db = open_ok(env_posix());
	db_close(db);
}

static void
a_file_that_is_no_database_is_refused(void **state)
{
	struct db *db = NULL;
	uint8_t junk[8192];

	(void)state;
	memset(junk, 0x5a, sizeof(junk));
	assert_int_equal(env_posix()->file_write(NULL, path, junk, sizeof(junk),
			     &f),
	    OK);
	assert_int_equal(open_as(&db, env_posix(), DB_WRITE, key), ERR_AUTH);
	assert_non_null(strstr(f.text, "not a database of ours"));
}

static void
a_plain_sqlite_file_is_told_apart(void **state)
{
	struct db *db = NULL;
	sqlite3 *plain;

	(void)state;
	assert_int_equal(sqlite3_open(path, &plain), SQLITE_OK);
	assert_int_equal(sqlite3_exec(plain, "CREATE TABLE x (a)", NULL, NULL,
			     NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_close(plain), SQLITE_OK);
	assert_int_equal(open_as(&db, env_posix(), DB_WRITE, key), ERR_AUTH);
	assert_non_null(strstr(f.text, "plain SQLite file"));
}

static void
an_absent_or_empty_file_is_told_when_one_must_exist(void **state)
{
	struct db_options o = { .mode = DB_WRITE,
		.key = key,
		.salt = salt,
		.must_exist = true };
	struct db *db = NULL;

	(void)state;
	assert_int_equal(db_open(&db, env_posix(), path, &o, &f), ERR_NOTFOUND);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(env_posix()->file_write(NULL, path, "", 0, &f), OK);
	assert_int_equal(db_open(&db, env_posix(), path, &o, &f), ERR_CORRUPT);
	assert_non_null(strstr(f.text, "is empty"));
}

static void
a_flipped_bit_is_found_and_said(void **state)
{
	struct db *db = NULL;

	(void)state;
	make_file(2000);
	flip(5 * 4096 + 100);
	db = open_ok(env_posix());
	assert_int_equal(db_integrity(db, &f), ERR_CORRUPT);
	assert_non_null(strstr(f.text, "is damaged"));
	{
		struct stmt *s = stmt_ok(db, "SELECT sum(length(v)) FROM t");
		bool row;

		assert_int_equal(stmt_step(s, &row, &f), ERR_CORRUPT);
		assert_non_null(strstr(f.text, "is damaged"));
	}
	db_close(db);
	flip(200); /* the first page: looks like a wrong key */
	assert_int_equal(open_as(&db, env_posix(), DB_WRITE, key), ERR_AUTH);
	assert_non_null(strstr(f.text, "first page is damaged"));
}

static void
a_second_writer_is_refused_and_readers_are_not(void **state)
{
	struct db *one, *two, *reader = NULL;

	(void)state;
	make_file(3);
	one = open_ok(env_posix());
	two = open_ok(env_posix());
	assert_int_equal(open_as(&reader, env_posix(), DB_READ, key), OK);
	assert_int_equal(db_begin(one, &f), OK);
	assert_int_equal(insert(one, 4), OK);
	assert_int_equal(db_begin(two, &f), ERR_BUSY);
	assert_non_null(strstr(f.text, "another writer"));
	assert_int_equal(count_rows(reader), 3);
	assert_int_equal(insert(reader, 9), ERR_DENIED);
	assert_int_equal(db_commit(one, &f), OK);
	assert_int_equal(count_rows(reader), 4);
	db_close(two);
	db_close(reader);
	db_close(one);
}

static void
memory_databases_are_separate_or_shared_by_name(void **state)
{
	struct env alone = *env_posix(), named = *env_posix();
	struct db_options o = { .mode = DB_WRITE };
	struct db *a = NULL, *b = NULL, *reader = NULL;

	(void)state;
	alone.memory_database = ":memory:";
	named.memory_database = "file:/one?vfs=memdb";
	assert_int_equal(db_open(&a, &alone, path, &o, &f), OK);
	exec_ok(a, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT) STRICT");
	assert_int_equal(db_open(&b, &alone, path, &o, &f), OK);
	assert_int_equal(db_exec(b, "SELECT * FROM t", &f), ERR_CORRUPT);
	db_close(a);
	db_close(b);
	o.must_exist = true;
	assert_int_equal(db_open(&a, &named, path, &o, &f), ERR_NOTFOUND);
	o.must_exist = false;
	assert_int_equal(db_open(&a, &named, path, &o, &f), OK);
	exec_ok(a, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT) STRICT");
	assert_int_equal(insert(a, 1), OK);
	o.mode = DB_READ;
	assert_int_equal(db_open(&reader, &named, path, &o, &f), OK);
	assert_int_equal(count_rows(reader), 1);
	assert_int_equal(db_checkpoint(a, &f), OK);
	assert_int_equal(db_integrity(a, &f), OK);
	db_close(reader);
	db_close(a);
	assert_int_equal(access(path, F_OK), -1);
}

static void
statements_are_found_by_content_whatever_the_address(void **state)
{
	struct env env = *env_posix();
	struct db_options o = { .mode = DB_WRITE };
	struct db *db = NULL;
	char text[64];
	struct stmt *first[600], *s;
	bool row;

	(void)state;
	env.memory_database = ":memory:";
	assert_int_equal(db_open(&db, &env, path, &o, &f), OK);
	/* one buffer, many texts: its address must not mislead */
	for (int i = 0; i < 600; i++) {
		(void)snprintf(text, sizeof(text), "SELECT %d, ?1", i);
		first[i] = stmt_ok(db, text);
	}
	for (int i = 0; i < 600; i++) {
		(void)snprintf(text, sizeof(text), "SELECT %d, ?1", i);
		s = stmt_ok(db, text);
		assert_ptr_equal(s, first[i]);
		assert_int_equal(stmt_step(s, &row, &f), OK);
		assert_int_equal(stmt_col_int(s, 0), i);
	}
	/* found again, it has no bindings and stands at its start */
	stmt_int(s, 1, 5);
	s = stmt_ok(db, text);
	assert_int_equal(stmt_step(s, &row, &f), OK);
	assert_true(stmt_col_null(s, 1));
	db_close(db);
}

static void
values_come_back_as_they_were_bound(void **state)
{
	struct env env = *env_posix();
	struct db_options o = { .mode = DB_WRITE };
	struct db *db = NULL;
	struct stmt *s;
	uint8_t id[4];
	size_t n;
	bool row;

	(void)state;
	env.memory_database = ":memory:";
	assert_int_equal(db_open(&db, &env, path, &o, &f), OK);
	s = stmt_ok(db, "SELECT ?1 AS i, ?2, ?3, ?4, ?5, ?6, ?7");
	stmt_int(s, 1, INT64_MIN);
	stmt_text(s, 2, "Zoë");
	stmt_blob(s, 3, "\0\1\2\3", 4);
	stmt_null(s, 4);
	stmt_blob(s, 5, NULL, 0);
	stmt_text_n(s, 6, NULL, 0);
	stmt_text(s, 7, NULL);
	assert_int_equal(stmt_step(s, &row, &f), OK);
	assert_int_equal(stmt_col_count(s), 7);
	assert_string_equal(stmt_col_name(s, 0), "i");
	assert_true(stmt_col_int(s, 0) == INT64_MIN);
	assert_string_equal(stmt_col_text(s, 1), "Zoë");
	assert_true(stmt_col_copy(s, 2, id, 4));
	assert_memory_equal(id, "\0\1\2\3", 4);
	assert_false(stmt_col_copy(s, 1, id, 3));
	assert_int_equal(stmt_col_type(s, 3), STMT_NULL);
	assert_int_equal(stmt_col_type(s, 4), STMT_BLOB);
	assert_non_null(stmt_col_blob(s, 4, &n));
	assert_int_equal(n, 0);
	assert_int_equal(stmt_col_type(s, 5), STMT_TEXT);
	assert_true(stmt_col_null(s, 6));
	assert_int_equal(stmt_step(s, &row, &f), OK);
	assert_false(row);
	/* a bind that fails shows at the step and is forgotten after it */
	s = stmt_ok(db, "SELECT ?1");
	stmt_int(s, 2, 1);
	assert_int_equal(stmt_step(s, &row, &f), ERR_CORRUPT);
	assert_int_equal(stmt_step(s, &row, &f), OK);
	db_close(db);
}

static void
a_duplicate_key_is_said_and_leaves_the_transaction_alone(void **state)
{
	struct db *db;

	(void)state;
	make_file(1);
	db = open_ok(env_posix());
	assert_int_equal(db_begin(db, &f), OK);
	assert_int_equal(insert(db, 2), OK);
	assert_int_equal(db_changes(db), 1);
	assert_int_equal(db_last_rowid(db), 2);
	assert_int_equal(insert(db, 1), ERR_EXISTS);
	assert_int_equal(insert(db, 3), OK);
	assert_int_equal(db_commit(db, &f), OK);
	assert_int_equal(count_rows(db), 3);
	assert_int_equal(db_begin(db, &f), OK);
	assert_int_equal(insert(db, 4), OK);
	db_rollback(db);
	db_rollback(db);
	assert_int_equal(count_rows(db), 3);
	assert_false(db_poisoned(db));
	db_close(db);
}

static void
hostile_sql_limits_hold(void **state)
{
	struct env env = *env_posix();
	struct db_options o = { .mode = DB_WRITE };
	struct db *db = NULL;

	(void)state;
	env.memory_database = ":memory:";
	assert_int_equal(db_open(&db, &env, path, &o, &f), OK);
	assert_int_equal(db_exec(db, "SELECT zeroblob(8000000)", &f),
	    ERR_LIMIT);
	assert_int_equal(db_exec(db, "SELECT \"no such column\"", &f),
	    ERR_CORRUPT);
	assert_int_equal(db_exec(db, "SELECT load_extension('x')", &f),
	    ERR_CORRUPT);
	db_close(db);
}

/*
 * For every write, and every sync, of a commit: fail it. The commit says so,
 * the connection is poisoned, and after reopening the row is there whole or
 * not at all, and earlier rows always.
 */
static void
fail_each(unsigned acts, enum disk_fault fault, bool for_ever)
{
	struct disk *disk = disk_new(1);
	const struct env *env = disk_env(disk);
	struct disk_plan plan = { .acts = acts,
		.fault = fault,
		.for_ever = for_ever };
	int64_t before = 1;
	bool done = false;

	make_file_on(env, 1);
	for (; !done && plan.nth < 200; plan.nth++) {
		struct db *db = open_ok(env);
		int64_t now = count_rows(db);
		enum err e;

		assert_true(now == before || now == before + 1);
		before = now;
		assert_int_equal(db_begin(db, &f), OK);
		disk_fail(disk, &plan);
		e = insert(db, before + 1);
		if (e == OK)
			e = db_commit(db, &f);
		done = disk_fired(disk) == 0;
		assert_int_equal(e, done ? OK : ERR_IO);
		if (!done && db_poisoned(db)) {
			struct stmt *s;

			assert_non_null(strstr(f.text, "may or may not"));
			assert_int_equal(db_stmt(&s, db, "SELECT 1", &f),
			    ERR_IO);
		}
		disk_fail(disk, NULL);
		db_close(db);
	}
	assert_true(done && plan.nth > 1);
	disk_free(disk);
}

static void
a_failed_write_in_a_commit_is_unknown_until_reopened(void **state)
{
	(void)state;
	fail_each(DISK_BIT(DISK_WRITE), DISK_EIO, false);
}

static void
a_full_disk_in_a_commit_keeps_what_was_saved(void **state)
{
	(void)state;
	fail_each(DISK_BIT(DISK_WRITE), DISK_FULL, true);
}

static void
a_torn_write_in_a_commit_keeps_what_was_saved(void **state)
{
	(void)state;
	fail_each(DISK_BIT(DISK_WRITE), DISK_SHORT, true);
}

static void
a_failed_sync_in_a_commit_is_unknown_until_reopened(void **state)
{
	(void)state;
	fail_each(DISK_BIT(DISK_SYNC), DISK_EIO, false);
}

#define DB_TEST(name) cmocka_unit_test_setup_teardown(name, fresh, gone)

static void
what_is_not_there_is_removed_without_a_word(void **state)
{
	struct fail why = { 0 };

	(void)state;
	assert_int_equal(db_remove(env_posix(), "build/none/of.db", &why), OK);
	assert_int_equal(why.code, OK);
	assert_string_equal(why.text, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_there_is_removed_without_a_word),
		DB_TEST(what_was_committed_is_there_after_reopening),
		DB_TEST(nothing_readable_stands_in_the_file),
		DB_TEST(settings_are_what_the_design_asks_for),
		DB_TEST(a_wrong_key_is_refused_in_plain_words),
		DB_TEST(a_file_that_is_no_database_is_refused),
		DB_TEST(a_plain_sqlite_file_is_told_apart),
		DB_TEST(an_absent_or_empty_file_is_told_when_one_must_exist),
		DB_TEST(a_flipped_bit_is_found_and_said),
		DB_TEST(a_second_writer_is_refused_and_readers_are_not),
		DB_TEST(memory_databases_are_separate_or_shared_by_name),
		DB_TEST(statements_are_found_by_content_whatever_the_address),
		DB_TEST(values_come_back_as_they_were_bound),
		DB_TEST(
		    a_duplicate_key_is_said_and_leaves_the_transaction_alone),
		DB_TEST(hostile_sql_limits_hold),
		DB_TEST(a_failed_write_in_a_commit_is_unknown_until_reopened),
		DB_TEST(a_full_disk_in_a_commit_keeps_what_was_saved),
		DB_TEST(a_torn_write_in_a_commit_keeps_what_was_saved),
		DB_TEST(a_failed_sync_in_a_commit_is_unknown_until_reopened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
