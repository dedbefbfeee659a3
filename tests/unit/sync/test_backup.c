/* Backups: written beside a running replica, restored whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sync/backup.h"
#include "sync/db.h"
#include "sync/fence.h"
#include "sync/log.h"
#include "sync/write.h"

#define NOTES 30

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
	struct replica_options options;
	struct replica *r;
	char top[64]; /* holds what follows */
	char dir[80], file[80], target[80];
} d;

#define MUST(call) \
	do { \
		struct fail fail_ = { .code = OK }; \
		struct fail *f = &fail_; \
		if ((call) != OK) \
			fail_msg("%s: %s", #call, fail_.text); \
	} while (0)

/* ---- a replica and its backup -------------------------------------------------*/

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
	int64_t sealed, kept;

	(void)state;
	memset(&d, 0, sizeof(d));
	d.env = *env_posix();
	(void)snprintf(d.top, sizeof(d.top), "%s/footbridge-backup-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(d.top));
	(void)snprintf(d.dir, sizeof(d.dir), "%s/node", d.top);
	(void)snprintf(d.file, sizeof(d.file), "%s/a.backup", d.top);
	(void)snprintf(d.target, sizeof(d.target), "%s/other", d.top);
	MUST(d.env.dir_make(NULL, d.dir, f));
	MUST(d.env.dir_make(NULL, d.target, f));
	MUST(slot_create(&d.keys, &d.env, d.dir, &secret, f));
	d.options = (struct replica_options){ .env = &d.env,
		.schema = &schema,
		.schema_count = 1,
		.keys = &d.keys };
	MUST(replica_create(&d.r, d.dir, &d.options, f));
	MUST(replica_found_network(d.r, &found, f));
	for (int i = 0; i < NOTES; i++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "kept word %d", i);
		note(text);
	}
	MUST(log_seal(d.r, &sealed, &kept, f));
	note("kept word, not sealed yet");
	return 0;
}

static int
end(void **state)
{
	char command[128];

	(void)state;
	replica_close(d.r);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", d.top);
	return system(command) == 0 ? 0 : -1;
}

static enum err
make(struct backup_facts *facts, struct fail *f)
{
	struct backup_job job;
	enum err e = backup_begin(&job, d.r, f);

	if (e != OK)
		return e;
	e = backup_write(facts, &job, d.file, &d.options, f);
	backup_end(&job, d.r);
	return e;
}

static enum err
check(struct fail *f)
{
	struct backup_facts facts;
	struct backup_job job;
	enum err e = backup_begin(&job, d.r, f);

	if (e != OK)
		return e;
	e = backup_check(&facts, &job, d.file, &d.options, f);
	backup_end(&job, d.r);
	return e;
}

static enum err
restore(const struct slot_secret *with, struct fail *f)
{
	struct slot_keys keys = { 0 };
	struct backup_facts facts;
	struct backup *b = NULL;
	enum err e = backup_open(&b, &d.env, d.file, f);

	if (e == OK)
		e = slot_unlock(&keys, NULL, backup_slots(b), with, f);
	if (e == OK)
		e = backup_restore(&facts, b, d.target, &keys, &d.options, f);
	backup_close(b);
	return e;
}

/* What is in a directory, without the locks; 0 when nothing is. */
static int
entries(const char *dir)
{
	char command[256], line[32] = "";
	FILE *p;

	(void)snprintf(command, sizeof(command),
	    "ls -A '%s' | grep -v lock | wc -l", dir);
	p = popen(command, "r");
	assert_non_null(p);
	assert_non_null(fgets(line, sizeof(line), p));
	(void)pclose(p);
	return (int)strtol(line, NULL, 10);
}

static int64_t
notes(struct replica *r)
{
	struct stmt *s;
	int64_t n;
	bool row;

	MUST(db_stmt(&s, replica_db(r),
	    "SELECT count(*) FROM note WHERE body LIKE 'kept word%'", f));
	MUST(stmt_step(s, &row, f));
	n = stmt_col_int(s, 0);
	stmt_reset(s);
	return n;
}

static void
read_file(struct buf *out)
{
	MUST(d.env.file_read(NULL, out, d.file, 1 << 26, f));
}

/* ---- tests --------------------------------------------------------------------*/

static void
what_is_restored_is_what_was_there(void **state)
{
	struct backup_facts facts;
	struct slot_keys keys = { 0 };
	struct replica_options o = d.options;
	struct replica *r = NULL;
	struct buf why = { 0 };
	int64_t checked;
	int before = entries(d.dir);

	(void)state;
	MUST(make(&facts, f));
	assert_int_equal(entries(d.dir), before);
	assert_true(facts.position > 0);
	assert_true(facts.segments > 0);
	note("kept word, after the backup");
	MUST(check(f));
	assert_int_equal(entries(d.dir), before);
	MUST(restore(&secret, f));
	/* database, slots, slots.b, a fence */
	assert_int_equal(entries(d.target), 4);
	MUST(slot_open(&keys, NULL, &d.env, d.target, &secret, f));
	assert_memory_equal(keys.master, d.keys.master, SLOT_KEY_BYTES);
	assert_memory_not_equal(keys.replica, d.keys.replica, SLOT_KEY_BYTES);
	o.keys = &keys;
	o.apart = true;
	MUST(replica_open(&r, d.target, &o, f));
	assert_int_equal(notes(r), NOTES + 1);
	MUST(log_verify(r, true, &checked, f));
	MUST(replica_meta_get(r, &why, "restored", f));
	assert_true(why.n > 0);
	replica_close(r);
	buf_release(&why);
	o.apart = false;
	for (int i = 0; i < 2; i++) {
		MUST(replica_open(&r, d.target, &o, f));
		assert_int_equal(replica_opened_as(r), LIFE_NONE);
		assert_int_equal(replica_restored(r, NULL), LIFE_BACKUP);
		assert_int_equal(replica_use(r, NULL), ERR_FENCE);
		assert_false(id_equal(&replica_identity(r)->author,
		    &replica_identity(d.r)->author));
		replica_close(r);
	}
	/* the one it came from is marked by nothing */
	assert_int_equal(replica_meta_get(d.r, &why, "restored", NULL),
	    ERR_NOTFOUND);
	buf_release(&why);
	assert_int_equal(restore(&secret, NULL), ERR_EXISTS);
}

static void
it_is_one_moment_and_open_work_of_others_is_not_in_it(void **state)
{
	struct backup_facts facts;
	struct slot_keys keys = { 0 };
	struct replica_options o = d.options;
	struct replica *r = NULL;

	(void)state;
	MUST(replica_begin(d.r, f));
	note("kept word, in a transaction that is open");
	MUST(make(&facts, f));
	note("kept word, and goes on");
	MUST(replica_commit(d.r, f));
	assert_int_equal(notes(d.r), NOTES + 3);
	MUST(restore(&secret, f));
	MUST(slot_open(&keys, NULL, &d.env, d.target, &secret, f));
	o.keys = &keys;
	o.apart = true;
	MUST(replica_open(&r, d.target, &o, f));
	assert_int_equal(notes(r), NOTES + 1);
	replica_close(r);
}

static void
two_restored_from_one_backup_write_under_two_names(void **state)
{
	struct backup_facts facts;
	struct incarnation made[2];
	struct slot_keys keys = { 0 };
	struct replica_options o = d.options;
	struct replica *r = NULL;

	(void)state;
	MUST(make(&facts, f));
	o.keys = &keys;
	for (int i = 0; i < 2; i++) {
		(void)snprintf(d.target, sizeof(d.target), "%s/two%d", d.top,
		    i);
		MUST(d.env.dir_make(NULL, d.target, f));
		MUST(restore(&secret, f));
		MUST(slot_open(&keys, NULL, &d.env, d.target, &secret, f));
		MUST(replica_open(&r, d.target, &o, f));
		made[i] = replica_identity(r)->incarnation;
		replica_close(r);
	}
	assert_memory_not_equal(&made[0], &made[1], sizeof(made[0]));
}

static void
what_was_not_sealed_is_sealed_before_it_is_in_a_backup(void **state)
{
	struct backup_facts facts;
	struct stmt *s;
	bool row;

	(void)state;
	MUST(make(&facts, f));
	MUST(db_stmt(&s, replica_db(d.r),
	    "SELECT count(*) FROM _segment WHERE state <= 2", f));
	MUST(stmt_step(s, &row, f));
	assert_int_equal(stmt_col_int(s, 0), 0);
	stmt_reset(s);
}

static void
nothing_in_it_can_be_read_without_a_secret(void **state)
{
	static const uint8_t other[32] = "another key file, for no slot...";
	static const struct slot_secret wrong = { .kind = SLOT_KEYFILE,
		.p = other,
		.n = sizeof(other) };
	struct backup_facts facts;
	char command[256];

	(void)state;
	MUST(make(&facts, f));
	(void)snprintf(command, sizeof(command),
	    "grep -qa -e 'kept word' -e 'North' -e 'SQLite format' '%s'",
	    d.file);
	assert_int_equal(system(command) == 0, 0);
	assert_int_equal(restore(&wrong, NULL), ERR_AUTH);
	assert_int_equal(entries(d.target), 0);
}

static void
an_existing_file_and_a_second_at_a_time_are_refused(void **state)
{
	struct backup_facts facts;
	struct backup_job one, two;

	(void)state;
	MUST(make(&facts, f));
	assert_int_equal(make(&facts, NULL), ERR_EXISTS);
	MUST(backup_begin(&one, d.r, f));
	assert_int_equal(backup_begin(&two, d.r, NULL), ERR_BUSY);
	assert_int_equal(replica_rekey(d.r, NULL), ERR_BUSY);
	backup_end(&one, d.r);
	MUST(replica_rekey(d.r, f));
	/* an older one still opens with the secret, and is this replica's */
	MUST(check(f));
	MUST(restore(&secret, f));
}

/* Damaged is refused with one line, and leaves the directory as it was. */
static void
refused(const struct buf *bytes, size_t n)
{
	struct fail fail = { 0 };
	enum err e;

	MUST(d.env.file_write(NULL, d.file, bytes->p, n, f));
	e = restore(&secret, &fail);
	if (e == OK)
		fail_msg("a damaged backup of %zu bytes was restored", n);
	assert_true(e == ERR_CORRUPT || e == ERR_AUTH || e == ERR_LIMIT ||
	    e == ERR_VERSION);
	assert_true(fail.text[0] != '\0');
	assert_null(strchr(fail.text, '\n'));
	assert_int_equal(entries(d.target), 0);
}

static void
cut_off_anywhere_it_is_refused(void **state)
{
	struct backup_facts facts;
	struct buf b = { 0 };
	size_t head;

	(void)state;
	MUST(make(&facts, f));
	read_file(&b);
	head = b.n - (size_t)facts.bytes;
	for (size_t n = 0; n < b.n; n += n < head + 8 ? 5 : 40000)
		refused(&b, n);
	refused(&b, b.n - 1);
	buf_u8(&b, 0);
	refused(&b, b.n);
	buf_release(&b);
}

static void
a_flipped_bit_anywhere_is_refused(void **state)
{
	struct backup_facts facts;
	struct buf b = { 0 };
	size_t head;

	(void)state;
	MUST(make(&facts, f));
	read_file(&b);
	head = b.n - (size_t)facts.bytes;
	for (size_t at = 0; at < b.n; at += at < head + 40 ? 1 : 30011) {
		b.p[at] ^= (uint8_t)(1u << (at % 8));
		refused(&b, b.n);
		b.p[at] ^= (uint8_t)(1u << (at % 8));
	}
	/* whole again it is good */
	MUST(d.env.file_write(NULL, d.file, b.p, b.n, f));
	MUST(restore(&secret, f));
	buf_release(&b);
}

static void
parts_of_two_backups_do_not_combine(void **state)
{
	struct buf one = { 0 }, two = { 0 }, both = { 0 };
	struct backup_facts facts;
	size_t head;

	(void)state;
	MUST(make(&facts, f));
	read_file(&one);
	MUST(d.env.file_remove(NULL, d.file, f));
	MUST(make(&facts, f));
	read_file(&two);
	head = two.n - (size_t)facts.bytes;
	buf_put(&both, two.p, head);
	buf_put(&both, one.p + head, one.n - head);
	refused(&both, both.n);
	buf_release(&one);
	buf_release(&two);
	buf_release(&both);
}

static void
a_damaged_database_makes_no_backup(void **state)
{
	struct backup_facts facts;
	struct buf b = { 0 };
	char path[128];

	(void)state;
	MUST(db_checkpoint(replica_db(d.r), f));
	(void)snprintf(path, sizeof(path), "%s/footbridge.db", d.dir);
	MUST(d.env.file_read(NULL, &b, path, 1 << 26, f));
	/* in place: the open connection must not notice a new file */
	{
		FILE *file = fopen(path, "r+b");

		assert_non_null(file);
		assert_int_equal(fseek(file, (long)b.n / 2, SEEK_SET), 0);
		assert_int_equal(fputc(b.p[b.n / 2] ^ 1, file),
		    b.p[b.n / 2] ^ 1);
		assert_int_equal(fclose(file), 0);
	}
	assert_int_not_equal(make(&facts, NULL), OK);
	assert_false(env_exists(&d.env, d.file));
	buf_release(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_restored_is_what_was_there),
		TEST(it_is_one_moment_and_open_work_of_others_is_not_in_it),
		TEST(two_restored_from_one_backup_write_under_two_names),
		TEST(what_was_not_sealed_is_sealed_before_it_is_in_a_backup),
		TEST(nothing_in_it_can_be_read_without_a_secret),
		TEST(an_existing_file_and_a_second_at_a_time_are_refused),
		TEST(cut_off_anywhere_it_is_refused),
		TEST(a_flipped_bit_anywhere_is_refused),
		TEST(parts_of_two_backups_do_not_combine),
		TEST(a_damaged_database_makes_no_backup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
