/* Opening what was closed, cut off, put back from an older copy or damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "sync/log.h"
#include "sync/replica.h"
#include "sync/slot.h"
#include "sync/write.h"
#include "tests/support/env_test.h"

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
static const struct slot_keys keys = {
	.master = "the master key of the test files",
	.replica = "the replica key of test's files.",
};

struct disk {
	struct env_test *env;
	struct replica_options options;
	struct replica *r;
	char dir[64];
};

#define MUST(call) \
	do { \
		struct fail fail_ = { .code = OK }; \
		struct fail *f = &fail_; \
		if ((call) != OK) \
			fail_msg("%s: %s", #call, fail_.text); \
	} while (0)

static void
disk_begin(struct disk *d, uint64_t seed)
{
	struct replica_found o = {
		.network_name = "Test",
		.node_name = "one",
		.agency_name = "North",
		.office = "",
		.agency_kind = KIND_PROBATION,
	};

	memset(d, 0, sizeof(*d));
	(void)snprintf(d->dir, sizeof(d->dir), "/tmp/footbridge-open-XXXXXX");
	assert_non_null(mkdtemp(d->dir));
	d->env = env_test_new(seed);
	env_test_on_disk(d->env);
	d->options = (struct replica_options){
		.env = &d->env->env,
		.schema = &schema,
		.schema_count = 1,
		.keys = &keys,
	};
	MUST(replica_create(&d->r, d->dir, &d->options, f));
	MUST(replica_found_network(d->r, &o, f));
}

static void
disk_path(const struct disk *d, char path[128], const char *name)
{
	(void)snprintf(path, 128, "%s/%s", d->dir, name);
}

static void
disk_end(struct disk *d)
{
	static const char *const names[] = { "footbridge.db",
		"footbridge.db-wal", "footbridge.db-shm", "fence.b", "fence",
		"lock" };
	char path[128];

	replica_close(d->r);
	env_test_free(d->env);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		disk_path(d, path, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(d->dir);
}

static void
disk_read(const struct disk *d, struct buf *out, const char *name)
{
	const struct env *env = env_posix();
	char path[128];

	disk_path(d, path, name);
	assert_int_equal(env->file_read(env->self, out, path, 1 << 26, NULL),
	    OK);
}

/* Both copies; one alone may not be there yet. */
static void
disk_fence(const struct disk *d, struct buf *out)
{
	const struct env *env = env_posix();
	char path[128];

	disk_path(d, path, "fence");
	(void)env->file_read(env->self, out, path, 4096, NULL);
	disk_path(d, path, "fence.b");
	(void)env->file_read(env->self, out, path, 4096, NULL);
	assert_true(out->n > 0);
}

static void
disk_write(const struct disk *d, const void *p, size_t n, const char *name)
{
	char path[128];
	FILE *file;

	disk_path(d, path, name);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(p, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

static void
note(struct disk *d, const char *text)
{
	const struct table *t = registry_table(replica_registry(d->r), "note");
	struct write_field w = {
		.field = table_field(t, "body"),
		.value = { .type = VALUE_TEXT,
		    .p = (const uint8_t *)text,
		    .n = strlen(text) },
	};
	struct write_request q = { .table = t, .fields = &w, .field_count = 1 };
	struct row_id row;
	int64_t draft;

	MUST(write_row(d->r, &row, &draft, &q, f));
}

static void
seal(struct disk *d)
{
	int64_t sealed, kept;

	MUST(log_seal(d->r, &sealed, &kept, f));
}

static enum err
reopen(struct disk *d)
{
	struct fail f = { .code = OK };
	enum err e;

	replica_close(d->r);
	d->r = NULL;
	e = replica_open(&d->r, d->dir, &d->options, &f);
	if (e != OK) {
		print_message("%s\n", f.text);
		assert_true(strlen(f.text) > 20);
	}
	return e;
}

static void
an_older_database_is_noticed_however_often_it_is_opened(void **state)
{
	struct buf old = { 0 }, new = { 0 };
	struct disk d;

	(void)state;
	disk_begin(&d, 41);
	note(&d, "one");
	seal(&d);
	assert_int_equal(reopen(&d), OK);
	replica_close(d.r);
	disk_read(&d, &old, "footbridge.db");
	MUST(replica_open(&d.r, d.dir, &d.options, f));
	note(&d, "two");
	seal(&d);
	replica_close(d.r);
	d.r = NULL;
	disk_read(&d, &new, "footbridge.db");
	disk_write(&d, old.p, old.n, "footbridge.db");
	for (int i = 0; i < 4; i++)
		assert_int_equal(reopen(&d), ERR_FENCE);
	/* the newer one put back goes on as if nothing had been */
	disk_write(&d, new.p, new.n, "footbridge.db");
	assert_int_equal(reopen(&d), OK);
	note(&d, "three");
	seal(&d);
	assert_int_equal(reopen(&d), OK);
	buf_release(&old);
	buf_release(&new);
	disk_end(&d);
}

static void
closing_in_a_transaction_leaves_the_fence_where_the_database_is(void **state)
{
	struct disk d;

	(void)state;
	disk_begin(&d, 42);
	note(&d, "one");
	seal(&d);
	note(&d, "two");
	MUST(replica_begin(d.r, f));
	note(&d, "three");
	assert_int_equal(reopen(&d), OK);
	seal(&d);
	assert_int_equal(reopen(&d), OK);
	disk_end(&d);
}

static void
a_damaged_database_is_told_and_nothing_is_written(void **state)
{
	struct buf good = { 0 }, fence = { 0 }, now = { 0 };
	struct slot_keys other = keys;
	struct disk d;

	(void)state;
	disk_begin(&d, 43);
	note(&d, "one");
	seal(&d);
	assert_int_equal(reopen(&d), OK);
	replica_close(d.r);
	d.r = NULL;
	disk_read(&d, &good, "footbridge.db");
	disk_fence(&d, &fence);
	/* empty, cut, one page overwritten, another key */
	disk_write(&d, good.p, 0, "footbridge.db");
	assert_int_not_equal(reopen(&d), OK);
	disk_write(&d, good.p, good.n / 2, "footbridge.db");
	assert_int_not_equal(reopen(&d), OK);
	for (size_t at = 0; at + 4096 <= good.n; at += 4096) {
		good.p[at + 100] ^= 1;
		disk_write(&d, good.p, good.n, "footbridge.db");
		if (reopen(&d) == OK) {
			int64_t checked;
			struct fail f = { 0 };

			/* a page that opening does not need */
			(void)log_verify(d.r, true, &checked, &f);
			replica_close(d.r);
			d.r = NULL;
		}
		good.p[at + 100] ^= 1;
	}
	disk_write(&d, good.p, good.n, "footbridge.db");
	other.replica[0] ^= 1;
	d.options.keys = &other;
	assert_int_equal(reopen(&d), ERR_AUTH);
	d.options.keys = &keys;
	disk_fence(&d, &now);
	assert_int_equal(now.n, fence.n);
	assert_memory_equal(now.p, fence.p, fence.n);
	assert_int_equal(reopen(&d), OK);
	note(&d, "two");
	seal(&d);
	buf_release(&good);
	buf_release(&fence);
	buf_release(&now);
	disk_end(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_older_database_is_noticed_however_often_it_is_opened),
		cmocka_unit_test(
		    closing_in_a_transaction_leaves_the_fence_where_the_database_is),
		cmocka_unit_test(
		    a_damaged_database_is_told_and_nothing_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
