/* The disk in memory: what it keeps, what it loses, how it fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sync/db.h"
#include "tests/support/disk.h"

#define DIR "/one"
#define SEEDS 20

static struct disk *d;
static const struct env *env;
static struct fail why;

static const uint8_t key[DB_KEY_BYTES] = "thirty-two letters for a key....";
static const uint8_t salt[DB_SALT_BYTES] = "sixteen letters";
static const struct db_options options = { .mode = DB_WRITE,
	.key = key,
	.salt = salt };

#define MUST(call) \
	do { \
		if ((call) != OK) \
			fail_msg("%s: %s", #call, why.text); \
	} while (0)

static int
fresh(void **state)
{
	(void)state;
	d = disk_new(7);
	env = disk_env(d);
	return 0;
}

static int
gone(void **state)
{
	(void)state;
	disk_free(d);
	return 0;
}

static bool
holds(const struct disk *disk, const char *path, const char *text)
{
	struct disk_bytes *b = disk_file((struct disk *)(uintptr_t)disk, path);

	return b != NULL && b->n == strlen(text) &&
	    memcmp(b->p, text, b->n) == 0;
}

static void
put(const char *path, const char *text)
{
	MUST(env->file_write(d, path, text, strlen(text), &why));
}

static void
what_was_written_whole_is_there_after_any_loss_of_power(void **state)
{
	(void)state;
	put(DIR "/a", "old");
	put(DIR "/a", "new");
	assert_false(disk_is_dirty(d));
	for (int k = 0; k < DISK_DAMAGES; k++) {
		disk_crash(d, (enum disk_damage)k, 1);
		assert_true(holds(d, DIR "/a", "new"));
	}
}

/* file_write is interrupted at each of its steps, and damaged in every way. */
static void
a_write_that_is_cut_off_leaves_the_old_file_or_the_new(void **state)
{
	unsigned old = 0, new = 0;
	struct disk *copy, *image;

	(void)state;
	put(DIR "/a", "old");
	copy = disk_copy(d);
	disk_record(d);
	put(DIR "/a", "new and longer");
	assert_true(disk_recorded(d) >= 5);
	for (size_t i = 0; i <= disk_recorded(d); i++) {
		for (int k = 0; k < DISK_DAMAGES * SEEDS; k++) {
			image = disk_copy(copy);
			disk_crash(image, (enum disk_damage)(k % DISK_DAMAGES),
			    (uint64_t)k);
			if (holds(image, DIR "/a", "new and longer"))
				new ++;
			else if (holds(image, DIR "/a", "old"))
				old++;
			else
				fail_msg("neither at change %zu", i);
			disk_free(image);
		}
		if (i < disk_recorded(d))
			disk_step(copy, d, i);
	}
	assert_true(old > 0 && new > 0);
	assert_true(holds(copy, DIR "/a", "new and longer"));
	disk_free(copy);
}

static void
what_is_not_synced_is_dropped_kept_or_torn(void **state)
{
	char text[2049] = "";
	unsigned whole = 0, none = 0, torn = 0;
	void *stream;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	MUST(env->stream_open(d, &stream, DIR "/s", true, &why));
	MUST(env->stream_write(d, stream, text, sizeof(text) - 1, &why));
	for (unsigned k = 0; k < DISK_DAMAGES * SEEDS; k++) {
		struct disk *image = disk_copy(d);
		struct disk_bytes *b;

		disk_crash(image, (enum disk_damage)(k % DISK_DAMAGES), k);
		b = disk_file(image, DIR "/s");
		if (b == NULL)
			none++;
		else if (holds(image, DIR "/s", text))
			whole++;
		else
			torn++;
		disk_free(image);
	}
	assert_true(whole > SEEDS && none > SEEDS && torn > SEEDS);
	MUST(env->stream_close(d, stream, &why));
	/* its bytes are durable now, its name is not */
	disk_crash(d, DISK_DROPPED, 0);
	assert_null(disk_file(d, DIR "/s"));
}

static void
a_sync_that_fails_loses_what_no_later_sync_keeps(void **state)
{
	const struct disk_plan plan = { .acts = DISK_BIT(DISK_SYNC),
		.fault = DISK_EIO };
	void *stream;

	(void)state;
	put(DIR "/other", "");
	MUST(env->stream_open(d, &stream, DIR "/s", true, &why));
	MUST(env->stream_write(d, stream, "bytes", 5, &why));
	disk_fail(d, &plan);
	assert_int_equal(env->stream_close(d, stream, &why), ERR_IO);
	assert_int_equal(disk_fired(d), 1);
	MUST(env->file_move(d, DIR "/s", DIR "/t", &why));
	assert_true(holds(d, DIR "/t", "bytes"));
	disk_crash(d, DISK_DROPPED, 0);
	assert_true(holds(d, DIR "/t", ""));
}

static void
a_full_disk_takes_half_of_a_write_or_nothing(void **state)
{
	const struct disk_plan part = { .acts = DISK_BIT(DISK_WRITE),
		.fault = DISK_SHORT };
	void *stream;

	(void)state;
	MUST(env->stream_open(d, &stream, DIR "/s", true, &why));
	disk_fail(d, &part);
	assert_int_equal(env->stream_write(d, stream, "bytes!", 6, &why),
	    ERR_IO);
	assert_true(holds(d, DIR "/s", "byt"));
	disk_fail(d, NULL);
	disk_room(d, 5);
	assert_int_equal(env->stream_write(d, stream, "bytes!", 6, &why),
	    ERR_IO);
	assert_true(holds(d, DIR "/s", "byt"));
	disk_room(d, 9);
	MUST(env->stream_write(d, stream, "bytes!", 6, &why));
	MUST(env->stream_close(d, stream, &why));
}

static void
a_directory_takes_what_is_in_it_along(void **state)
{
	const struct disk_plan plan = { .acts = DISK_BIT(DISK_SYNC_DIR),
		.fault = DISK_EIO };

	(void)state;
	MUST(env->dir_make(d, "/kept", &why));
	MUST(env->file_write(d, "/kept/a", "x", 1, &why));
	disk_fail(d, &plan);
	assert_int_equal(env->dir_make(d, "/made", &why), ERR_IO);
	MUST(env->file_write(d, "/made/a", "x", 1, &why));
	disk_crash(d, DISK_DROPPED, 0);
	assert_null(disk_file(d, "/made/a"));
	assert_non_null(disk_file(d, "/kept/a"));
}

/* ---- SQLite above it ---------------------------------------------------------*/

static struct db *
open_db(struct disk *disk)
{
	struct db *db = NULL;

	MUST(db_open(&db, disk_env(disk), DIR "/db", &options, &why));
	return db;
}

static int64_t
number(struct db *db, const char *sql)
{
	struct stmt *s;
	int64_t n;
	bool row;

	MUST(db_stmt(&s, db, sql, &why));
	MUST(stmt_step(s, &row, &why));
	n = row ? stmt_col_int(s, 0) : -1;
	stmt_reset(s);
	return n;
}

static void
insert(struct db *db, int n)
{
	MUST(db_begin(db, &why));
	for (int i = 0; i < n; i++)
		MUST(db_exec(db,
		    "INSERT INTO t (words) VALUES (hex(zeroblob(700)))", &why));
	MUST(db_commit(db, &why));
}

static void
a_database_on_it_survives_any_crash_and_is_whole_at_once(void **state)
{
	struct disk *copy, *image;
	size_t committed;
	struct db *db;

	(void)state;
	db = open_db(d);
	MUST(db_exec(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, words TEXT)",
	    &why));
	insert(db, 10);
	copy = disk_copy(d);
	disk_record(d);
	insert(db, 10);
	committed = disk_recorded(d);
	insert(db, 10);
	db_close(db);
	assert_true(memcmp(disk_file(d, DIR "/db")->p, "SQLite", 6) != 0);
	for (size_t i = 0; i <= disk_recorded(d); i++) {
		for (int k = 0; k < DISK_DAMAGES; k++) {
			int64_t rows;

			image = disk_copy(copy);
			disk_crash(image, (enum disk_damage)k, i);
			db = open_db(image);
			MUST(db_integrity(db, &why));
			rows = number(db, "SELECT count(*) FROM t");
			assert_true(rows == 10 || rows == 20 || rows == 30);
			if (i >= committed)
				assert_true(rows >= 20);
			db_close(db);
			disk_free(image);
		}
		if (i < disk_recorded(d))
			disk_step(copy, d, i);
	}
	disk_free(copy);
}

static void
one_writes_while_others_read_and_no_two_write(void **state)
{
	struct db_options reading = options;
	struct db *db, *reader, *second;

	(void)state;
	db = open_db(d);
	MUST(db_exec(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, words TEXT)",
	    &why));
	reading.mode = DB_READ;
	MUST(db_open(&reader, env, DIR "/db", &reading, &why));
	MUST(db_begin(reader, &why));
	assert_int_equal(number(reader, "SELECT count(*) FROM t"), 0);
	insert(db, 3);
	assert_int_equal(number(reader, "SELECT count(*) FROM t"), 0);
	db_rollback(reader);
	assert_int_equal(number(reader, "SELECT count(*) FROM t"), 3);
	second = open_db(d);
	MUST(db_begin(second, &why));
	assert_int_equal(db_begin(db, &why), ERR_BUSY);
	db_rollback(second);
	db_close(second);
	db_close(reader);
	insert(db, 1);
	db_close(db);
	assert_null(disk_file(d, DIR "/db-wal"));
}

static void
the_power_stays_off_until_the_crash_is_over(void **state)
{
	struct db *db = open_db(d);

	(void)state;
	MUST(db_exec(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, words TEXT)",
	    &why));
	insert(db, 4);
	disk_power_off(d, 2);
	assert_int_not_equal(db_exec(db, "DELETE FROM t", &why), OK);
	assert_true(disk_is_off(d));
	assert_true(db_poisoned(db));
	db_close(db);
	disk_crash(d, DISK_CUT, 3);
	assert_false(disk_is_off(d));
	db = open_db(d);
	assert_int_equal(number(db, "SELECT count(*) FROM t"), 4);
	db_close(db);
}

static bool
alike(const struct disk *a, const struct disk *b)
{
	uint8_t of_a[DISK_DIGEST_BYTES], of_b[DISK_DIGEST_BYTES];

	disk_digest(a, of_a);
	disk_digest(b, of_b);
	return memcmp(of_a, of_b, sizeof(of_a)) == 0;
}

static void
the_digest_is_of_what_is_read_and_of_what_a_crash_would_leave(void **state)
{
	const struct env *of = disk_env(d);
	struct disk *copy;
	struct fail f;

	(void)state;
	disk_put(d, "a", "words", 5);
	copy = disk_copy(d);
	assert_true(alike(d, copy));
	disk_file(copy, "a")->p[4] ^= 1;
	assert_false(alike(d, copy));
	disk_restore(copy, d);
	/* a name that is read and not durable yet */
	assert_int_equal(of->file_remove(of->self, "a", &f), OK);
	assert_false(alike(d, copy));
	disk_restore(copy, d);
	assert_true(alike(d, copy));
	disk_crash(copy, DISK_DROPPED, 0);
	assert_true(disk_file(copy, "a") != NULL);
	assert_false(alike(d, copy));
	disk_free(copy);
}

#define DISK_TEST(name) cmocka_unit_test_setup_teardown(name, fresh, gone)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		DISK_TEST(
		    what_was_written_whole_is_there_after_any_loss_of_power),
		DISK_TEST(
		    a_write_that_is_cut_off_leaves_the_old_file_or_the_new),
		DISK_TEST(what_is_not_synced_is_dropped_kept_or_torn),
		DISK_TEST(a_sync_that_fails_loses_what_no_later_sync_keeps),
		DISK_TEST(a_full_disk_takes_half_of_a_write_or_nothing),
		DISK_TEST(a_directory_takes_what_is_in_it_along),
		DISK_TEST(
		    a_database_on_it_survives_any_crash_and_is_whole_at_once),
		DISK_TEST(one_writes_while_others_read_and_no_two_write),
		DISK_TEST(the_power_stays_off_until_the_crash_is_over),
		DISK_TEST(
		    the_digest_is_of_what_is_read_and_of_what_a_crash_would_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
