/* replica_rekey: a new key, and a power cut at every step of the way to it. */
#define _GNU_SOURCE /* memmem */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sync/fence.h"
#include "sync/log.h"
#include "sync/replica.h"
#include "sync/slot.h"
#include "sync/write.h"
#include "tests/support/env_test.h"

#define NOTES 40
#define STEPS_MAX 2000

static const char schema_text[] =
    "CREATE TABLE note ( --: 1 subject=agency scope=shared"
    " category=any:TST.note\n"
    "  body TEXT, --: 1 text latest\n"
    "  row_state TEXT, supersedes_id BLOB,\n"
    "  _cpt BIGINT NOT NULL, id BLOB NOT NULL, _clock BLOB NOT NULL,\n"
    "  PRIMARY KEY (_cpt, id)\n"
    ");\n";
static const struct registry_source schema = { "note.sql", schema_text,
	sizeof(schema_text) - 1 };
static const uint8_t key_file[32] = "a key file of thirty-two letters";
static const struct slot_secret secret = { .kind = SLOT_KEYFILE,
	.p = key_file,
	.n = sizeof(key_file) };

static struct {
	struct env env;
	struct slot_keys keys;
	struct replica *r;
	struct incarnation incarnation;
	struct env_test *machine;
	struct disk *disk; /* of it */
	const char *dir;
} d;

#define MUST(call) \
	do { \
		struct fail fail_ = { .code = OK }; \
		struct fail *f = &fail_; \
		if ((call) != OK) \
			fail_msg("%s: %s", #call, fail_.text); \
	} while (0)

/* ---- a replica ---------------------------------------------------------------*/

static enum err
open_with_keys(struct fail *f)
{
	struct replica_options o = { .env = &d.env,
		.schema = &schema,
		.schema_count = 1,
		.keys = &d.keys };

	return replica_open(&d.r, d.dir, &o, f);
}

static enum err
open_replica(struct fail *f)
{
	enum err e = slot_open(&d.keys, NULL, &d.env, d.dir, &secret, f);

	return e == OK ? open_with_keys(f) : e;
}

static void
close_replica(void)
{
	replica_close(d.r);
	d.r = NULL;
}

static void
note(const char *text)
{
	const struct table *t = registry_table(replica_registry(d.r), "note");
	struct write_field w = {
		.field = table_field(t, "body"),
		.value = { .type = VALUE_TEXT,
		    .p = (const uint8_t *)text,
		    .n = strlen(text) },
	};
	struct write_request q = { .table = t, .fields = &w, .field_count = 1 };
	struct row_id row;
	int64_t draft;

	MUST(write_row(d.r, &row, &draft, &q, f));
}

static int
begin(void **state)
{
	struct replica_found found = { .network_name = "Test",
		.node_name = "one",
		.agency_name = "North",
		.office = "",
		.agency_kind = KIND_PROBATION };
	struct replica_options o = { .env = &d.env,
		.schema = &schema,
		.schema_count = 1,
		.keys = &d.keys };

	int64_t sealed, kept;

	(void)state;
	memset(&d, 0, sizeof(d));
	d.machine = env_test_new(1);
	env_test_on_virtual_disk(d.machine);
	d.env = d.machine->env;
	d.disk = d.machine->disk;
	d.dir = "dir";
	MUST(slot_create(&d.keys, &d.env, d.dir, &secret, f));
	MUST(replica_create(&d.r, d.dir, &o, f));
	MUST(replica_found_network(d.r, &found, f));
	for (int i = 0; i < NOTES; i++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "kept word %d", i);
		note(text);
	}
	MUST(log_seal(d.r, &sealed, &kept, f));
	note("not sealed yet");
	d.incarnation = replica_identity(d.r)->incarnation;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	close_replica();
	env_test_free(d.machine);
	return 0;
}

static void
path_of(char path[128], const char *name)
{
	(void)snprintf(path, 128, "%s/%s", d.dir, name);
}

static int64_t
notes(void)
{
	struct stmt *s;
	int64_t n;
	bool row;

	MUST(db_stmt(&s, replica_db(d.r),
	    "SELECT count(*) FROM note WHERE body LIKE 'kept word%'"
	    " OR body = 'not sealed yet'",
	    f));
	MUST(stmt_step(s, &row, f));
	n = stmt_col_int(s, 0);
	stmt_reset(s);
	return n;
}

/* Everything is there, agrees with the log, and no change is half done. */
static void
check_whole(void)
{
	struct slot_set set;
	int64_t checked;
	char path[128];

	assert_int_equal(notes(), NOTES + 1);
	MUST(log_verify(d.r, true, &checked, f));
	assert_memory_equal(&replica_identity(d.r)->incarnation, &d.incarnation,
	    sizeof(d.incarnation));
	MUST(slot_load(&set, &d.env, d.dir, f));
	assert_false(set.has_next);
	assert_false(set.uneven);
	path_of(path, "footbridge.db.new");
	assert_false(env_exists(&d.env, path));
}

static void
check_fence(void)
{
	struct slot_keys now;
	struct fence fence;
	uint8_t key[SLOT_KEY_BYTES];

	MUST(slot_open(&now, NULL, &d.env, d.dir, &secret, f));
	slot_fence_key(key, &now);
	MUST(fence_read(&fence, &d.env, d.dir, key, f));
	assert_true(fence.position > 0);
}

/* ---- tests -------------------------------------------------------------------*/

static void
a_new_key_opens_everything_and_the_old_one_nothing(void **state)
{
	static const char *const names[] = { "footbridge.db", "slots",
		"slots.b" };
	struct buf old_slots = { 0 };
	struct slot_keys was;
	struct fence fence;
	struct fail fail = { 0 };
	uint8_t key[DB_KEY_BYTES], salt[DB_SALT_BYTES];
	struct db_options options = { .mode = DB_READ,
		.key = key,
		.salt = salt,
		.must_exist = true };
	struct db *db;
	char path[128];

	(void)state;
	path_of(path, "slots");
	MUST(d.env.file_read(d.env.self, &old_slots, path, 4096, f));
	MUST(slot_open(&was, NULL, &d.env, d.dir, &secret, f));
	MUST(replica_rekey(d.r, f));
	check_whole();
	note("kept word after");
	assert_int_equal(notes(), NOTES + 2);
	MUST(replica_rekey(d.r, f));
	close_replica();
	MUST(open_replica(f));
	assert_int_equal(notes(), NOTES + 2);
	check_fence();
	assert_memory_not_equal(was.replica, d.keys.replica, SLOT_KEY_BYTES);
	assert_memory_equal(was.master, d.keys.master, SLOT_KEY_BYTES);
	close_replica();
	/* the old key alone, on every file there is */
	slot_database_key(key, salt, &was);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		path_of(path, names[i]);
		assert_int_equal(db_open(&db, &d.env, path, &options, NULL),
		    ERR_AUTH);
	}
	slot_fence_key(key, &was);
	assert_int_equal(fence_read(&fence, &d.env, d.dir, key, NULL),
	    ERR_AUTH);
	/* the old slots beside the new database */
	for (size_t i = 1; i < COUNT_OF(names); i++) {
		path_of(path, names[i]);
		MUST(d.env.file_write(d.env.self, path, old_slots.p,
		    old_slots.n, f));
	}
	assert_int_equal(open_replica(&fail), ERR_AUTH);
	buf_release(&old_slots);
}

static void
no_file_has_a_readable_word(void **state)
{
	static const char *const words[] = { "kept word", "not sealed",
		"SQLite format" };

	(void)state;
	MUST(replica_rekey(d.r, f));
	close_replica();
	for (size_t i = 0; disk_path(d.disk, i) != NULL; i++) {
		const struct disk_bytes *b =
		    disk_file(d.disk, disk_path(d.disk, i));

		for (size_t k = 0; b != NULL && b->n > 0 && k < 3; k++)
			assert_null(
			    memmem(b->p, b->n, words[k], strlen(words[k])));
	}
}

/* The power goes off after so many changes of the disk, and comes back. */
static bool
cut(unsigned after, enum err (*act)(struct fail *f))
{
	bool off;

	disk_power_off(d.disk, after);
	(void)act(NULL);
	off = disk_is_off(d.disk);
	close_replica();
	disk_crash(d.disk, (enum disk_damage)(after % DISK_DAMAGES), after);
	return off;
}

static enum err
change(struct fail *f)
{
	return replica_rekey(d.r, f);
}

static bool
cut_off_change(unsigned after)
{
	MUST(open_replica(f));
	return cut(after, change);
}

static void
cut_off_at_any_step_it_opens_and_holds_everything(void **state)
{
	unsigned step = 0, old_key = 0, new_key = 0;
	struct slot_keys before;
	bool off = true;

	(void)state;
	close_replica();
	for (; off && step < STEPS_MAX; step++) {
		MUST(slot_open(&before, NULL, &d.env, d.dir, &secret, f));
		off = cut_off_change(step);
		MUST(open_replica(f));
		check_whole();
		close_replica();
		check_fence();
		MUST(slot_open(&d.keys, NULL, &d.env, d.dir, &secret, f));
		if (memcmp(before.replica, d.keys.replica, 32) == 0)
			old_key++;
		else
			new_key++;
	}
	assert_true(step > 20 && step < STEPS_MAX);
	assert_true(old_key > 10 && new_key > 10);
}

/* The same while the end of a change that was cut off is itself cut off. */
static void
cut_off_while_it_is_ended_it_still_opens(void **state)
{
	static const unsigned late[] = { 2, 4, 10 };
	unsigned last = 0, step;
	bool off;

	(void)state;
	close_replica();
	while (cut_off_change(last))
		last++;
	for (size_t i = 0; i < COUNT_OF(late); i++) {
		for (step = 0, off = true; off; step++) {
			/* among the last steps: the new database has the name */
			assert_true(cut_off_change(last - late[i]));
			off = cut(step, open_replica);
			MUST(open_replica(f));
			check_whole();
			close_replica();
		}
		assert_true(step > 1);
	}
}

/* Another file takes the place: a log that came back would be read into it. */
static void
the_log_of_a_file_that_was_shut_does_not_come_back_with_the_power(void **state)
{
	static const uint8_t key[DB_KEY_BYTES], salt[DB_SALT_BYTES];
	const struct db_options options = { .mode = DB_WRITE,
		.key = key,
		.salt = salt };

	(void)state;
	for (int damage = DISK_DROPPED; damage < DISK_DAMAGES; damage++) {
		struct disk *disk = disk_new(1);
		const struct env *env = disk_env(disk);
		struct db *db = NULL;
		struct fail f;

		assert_int_equal(db_open(&db, env, "db", &options, &f), OK);
		assert_int_equal(db_exec(db, "CREATE TABLE t (v TEXT) STRICT",
				     &f),
		    OK);
		assert_int_equal(db_checkpoint(db, &f), OK);
		assert_non_null(disk_file(disk, "db-wal"));
		assert_int_equal(db_shut(db, env, &f), OK);
		db_close(db);
		disk_crash(disk, (enum disk_damage)damage, 7);
		assert_null(disk_file(disk, "db-wal"));
		disk_free(disk);
	}
}

static void
a_failing_disk_leaves_it_as_it_was(void **state)
{
	static const struct disk_plan plans[] = {
		{ .acts = DISK_BIT(DISK_WRITE),
		    .fault = DISK_EIO,
		    .for_ever = true },
		{ .acts = DISK_BIT(DISK_WRITE),
		    .fault = DISK_FULL,
		    .for_ever = true },
		{ .acts = DISK_BIT(DISK_WRITE),
		    .fault = DISK_SHORT,
		    .for_ever = true },
		{ .acts = DISK_SYNCS, .fault = DISK_EIO, .for_ever = true },
		{ .acts = DISK_BIT(DISK_READ),
		    .fault = DISK_EIO,
		    .for_ever = true },
	};
	unsigned failed = 0;

	(void)state;
	for (size_t k = 0; k < COUNT_OF(plans); k++) {
		for (unsigned n = 0;; n += 1 + n / 8) {
			struct disk_plan plan = plans[k];
			uint64_t fired;
			enum err e;

			plan.nth = n;
			disk_fail(d.disk, &plan);
			e = replica_rekey(d.r, NULL);
			fired = disk_fired(d.disk);
			disk_fail(d.disk, NULL);
			failed += e != OK;
			if (e == OK && fired == 0)
				break;
			if (!db_poisoned(replica_db(d.r)))
				assert_int_equal(notes(), NOTES + 1);
			close_replica();
			MUST(open_replica(f));
			check_whole();
		}
	}
	assert_true(failed > 10);
}

/* A daemon that opens its replica again, a command that waited for another. */
static void
keys_that_were_unlocked_before_a_change_open_it_afterwards(void **state)
{
	(void)state;
	MUST(slot_open(&d.keys, NULL, &d.env, d.dir, &secret, f));
	MUST(replica_rekey(d.r, f));
	close_replica();
	MUST(open_with_keys(f));
	check_whole();
}

static void
slots_that_change_meanwhile_are_refused_not_lost(void **state)
{
	static const uint8_t other[32] = "another key file, that comes in ";
	struct slot_secret more = { .kind = SLOT_KEYFILE,
		.p = other,
		.n = sizeof(other) };
	struct slot_keys keys = { 0 }, late;
	uint8_t number;
	void *lock, *again;

	(void)state;
	MUST(slot_open(&keys, NULL, &d.env, d.dir, &secret, f));
	late = keys;
	MUST(slot_rekey_begin(&keys, &lock, &d.env, d.dir, f));
	assert_int_equal(slot_add(&number, &d.env, d.dir, &late, &more, NULL),
	    ERR_BUSY);
	assert_int_equal(slot_remove(&d.env, d.dir, 1, NULL), ERR_BUSY);
	assert_int_equal(slot_rekey_begin(&late, &again, &d.env, d.dir, NULL),
	    ERR_BUSY);
	MUST(slot_rekey_end(&keys, lock, &d.env, d.dir, false, f));
	/* with keys from before a change: the master key is what counts */
	MUST(replica_rekey(d.r, f));
	MUST(slot_add(&number, &d.env, d.dir, &late, &more, f));
	close_replica();
	MUST(slot_open(&d.keys, NULL, &d.env, d.dir, &more, f));
	MUST(open_replica(f));
	check_whole();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_new_key_opens_everything_and_the_old_one_nothing, begin,
		    end),
		cmocka_unit_test_setup_teardown(no_file_has_a_readable_word,
		    begin, end),
		cmocka_unit_test_setup_teardown(
		    cut_off_at_any_step_it_opens_and_holds_everything, begin,
		    end),
		cmocka_unit_test_setup_teardown(
		    cut_off_while_it_is_ended_it_still_opens, begin, end),
		cmocka_unit_test(
		    the_log_of_a_file_that_was_shut_does_not_come_back_with_the_power),
		cmocka_unit_test_setup_teardown(
		    a_failing_disk_leaves_it_as_it_was, begin, end),
		cmocka_unit_test_setup_teardown(
		    keys_that_were_unlocked_before_a_change_open_it_afterwards,
		    begin, end),
		cmocka_unit_test_setup_teardown(
		    slots_that_change_meanwhile_are_refused_not_lost, begin,
		    end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
