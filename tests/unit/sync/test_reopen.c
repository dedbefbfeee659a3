/* Opening what was closed, cut off, put back from an older copy or damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "sync/log.h"
#include "sync/read.h"
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

struct place {
	struct env_test *env;
	struct replica_options options;
	struct replica *r;
	char dir[128];
};

#define MUST(call) \
	do { \
		struct fail fail_ = { .code = OK }; \
		struct fail *f = &fail_; \
		if ((call) != OK) \
			fail_msg("%s: %s", #call, fail_.text); \
	} while (0)

static void
place_begin(struct place *d, uint64_t seed)
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
place_path(const struct place *d, char path[160], const char *name)
{
	(void)snprintf(path, 160, "%s/%s", d->dir, name);
}

static void
place_end(struct place *d)
{
	static const char *const names[] = { "footbridge.db",
		"footbridge.db-wal", "footbridge.db-shm", "fence.b", "fence",
		"lock" };
	char path[160];

	replica_close(d->r);
	env_test_free(d->env);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		place_path(d, path, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(d->dir);
}

static void
place_read(const struct place *d, struct buf *out, const char *name)
{
	const struct env *env = env_posix();
	char path[160];

	place_path(d, path, name);
	assert_int_equal(env->file_read(env->self, out, path, 1 << 26, NULL),
	    OK);
}

/* Both copies; one alone may not be there yet. */
static void
place_fence(const struct place *d, struct buf *out)
{
	const struct env *env = env_posix();
	char path[160];

	place_path(d, path, "fence");
	(void)env->file_read(env->self, out, path, 4096, NULL);
	place_path(d, path, "fence.b");
	(void)env->file_read(env->self, out, path, 4096, NULL);
	assert_true(out->n > 0);
}

static void
place_write(const struct place *d, const void *p, size_t n, const char *name)
{
	char path[160];
	FILE *file;

	place_path(d, path, name);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(p, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

static enum err
try_note(struct place *d, const char *text, struct fail *f)
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

	return write_row(d->r, &row, &draft, &q, f);
}

static void
note(struct place *d, const char *text)
{
	MUST(try_note(d, text, f));
}

static void
seal(struct place *d)
{
	int64_t sealed, kept;

	MUST(log_seal(d->r, &sealed, &kept, f));
}

static enum err
reopen(struct place *d)
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

/* The database as it is when the replica is closed. */
static void
take_copy(struct place *d, struct buf *copy)
{
	replica_close(d->r);
	d->r = NULL;
	place_read(d, copy, "footbridge.db");
	MUST(replica_open(&d->r, d->dir, &d->options, f));
}

static void
put_back(struct place *d, const struct buf *copy)
{
	replica_close(d->r);
	d->r = NULL;
	place_write(d, copy->p, copy->n, "footbridge.db");
	MUST(replica_open(&d->r, d->dir, &d->options, f));
}

static bool
count_note(void *context, const struct read_row *row)
{
	(void)row;
	++*(int *)context;
	return true;
}

static enum err
notes(struct place *d, int *count, struct fail *f)
{
	struct read_query q = {
		.table = registry_table(replica_registry(d->r), "note"),
	};

	*count = 0;
	return read_list(d->r, &q, count_note, count, f);
}

/* An author that was never used before. */
static bool
is_new_author(struct place *d, struct author_tag *was)
{
	const struct identity *me = replica_identity(d->r);
	bool is_new = !id_equal(&me->author, was);

	assert_non_null(members_author(replica_members(d->r), &me->author));
	*was = me->author;
	return is_new;
}

static void
an_older_database_begins_a_new_life_and_shows_nothing_before_a_contact(
    void **state)
{
	struct author_tag author;
	struct buf old = { 0 };
	struct fail f = { 0 };
	struct place d;
	int count;

	(void)state;
	place_begin(&d, 41);
	note(&d, "one");
	seal(&d);
	take_copy(&d, &old);
	assert_int_equal(replica_opened_as(d.r), LIFE_NONE);
	note(&d, "two");
	seal(&d);
	author = replica_identity(d.r)->author;
	put_back(&d, &old);
	assert_int_equal(replica_opened_as(d.r), LIFE_ROLLED_BACK);
	assert_true(is_new_author(&d, &author));
	/* and stays so however often it is opened */
	assert_int_equal(reopen(&d), OK);
	assert_int_equal(replica_opened_as(d.r), LIFE_NONE);
	assert_int_equal(replica_restored(d.r, NULL), LIFE_ROLLED_BACK);
	assert_false(is_new_author(&d, &author));
	assert_int_equal(notes(&d, &count, &f), ERR_FENCE);
	assert_non_null(strstr(f.text, "sync first"));
	assert_int_equal(try_note(&d, "three", &f), ERR_FENCE);
	/* a person decides to go on with what there is */
	assert_int_equal(replica_open_alone(d.r, &f), OK);
	assert_true(replica_alone(d.r) > 0);
	note(&d, "three");
	seal(&d);
	assert_int_equal(reopen(&d), OK);
	assert_int_equal(replica_opened_as(d.r), LIFE_NONE);
	assert_int_equal(notes(&d, &count, &f), OK);
	assert_int_equal(count, 2);
	/* which is known until somebody was heard */
	assert_true(replica_alone(d.r) > 0);
	assert_int_equal(replica_recovered(d.r, &f), OK);
	assert_true(replica_alone(d.r) == 0);
	assert_int_equal(reopen(&d), OK);
	assert_true(replica_alone(d.r) == 0);
	buf_release(&old);
	place_end(&d);
}

static void
each_return_of_an_old_database_is_another_life(void **state)
{
	struct author_tag author = { { 0 } };
	struct buf old = { 0 };
	struct place d;

	(void)state;
	place_begin(&d, 44);
	note(&d, "one");
	seal(&d);
	take_copy(&d, &old);
	note(&d, "two");
	seal(&d);
	for (int i = 0; i < 4; i++) {
		put_back(&d, &old);
		assert_int_equal(replica_opened_as(d.r), LIFE_ROLLED_BACK);
		assert_true(is_new_author(&d, &author));
	}
	buf_release(&old);
	place_end(&d);
}

static void
a_fence_that_a_crash_left_behind_guards_again_after_it(void **state)
{
	struct buf old = { 0 }, fence = { 0 }, fence_b = { 0 };
	struct place d;

	(void)state;
	place_begin(&d, 45);
	note(&d, "one");
	seal(&d);
	(void)reopen(&d);
	place_read(&d, &fence_b, "fence.b");
	place_read(&d, &fence, "fence");
	note(&d, "two");
	seal(&d);
	/* as if it had died before the fence was written */
	replica_close(d.r);
	place_write(&d, fence.p, fence.n, "fence");
	place_write(&d, fence_b.p, fence_b.n, "fence.b");
	MUST(replica_open(&d.r, d.dir, &d.options, f));
	assert_int_equal(replica_opened_as(d.r), LIFE_NONE);
	take_copy(&d, &old);
	note(&d, "three");
	seal(&d);
	put_back(&d, &old);
	assert_int_equal(replica_opened_as(d.r), LIFE_ROLLED_BACK);
	buf_release(&old);
	buf_release(&fence);
	buf_release(&fence_b);
	place_end(&d);
}

static void
without_its_fence_nobody_knows_how_old_it_is(void **state)
{
	struct place d;
	char path[160];

	(void)state;
	place_begin(&d, 46);
	note(&d, "one");
	seal(&d);
	replica_close(d.r);
	place_path(&d, path, "fence");
	(void)unlink(path);
	place_path(&d, path, "fence.b");
	(void)unlink(path);
	MUST(replica_open(&d.r, d.dir, &d.options, f));
	assert_int_equal(replica_opened_as(d.r), LIFE_FENCE_LOST);
	assert_int_equal(replica_restored(d.r, NULL), LIFE_FENCE_LOST);
	place_end(&d);
}

/* Its files in another directory. */
static void
place_move(struct place *d)
{
	static const char *const names[] = { "footbridge.db", "fence.b",
		"fence" };
	struct place to = { .dir = "/tmp/footbridge-open-XXXXXX" };
	char from[160], here[160];

	assert_non_null(mkdtemp(to.dir));
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		place_path(d, from, names[i]);
		place_path(&to, here, names[i]);
		(void)rename(from, here);
	}
	place_path(d, from, "lock");
	(void)unlink(from);
	assert_int_equal(rmdir(d->dir), 0);
	memcpy(d->dir, to.dir, sizeof(d->dir));
}

static void
in_another_place_it_goes_on_at_once_under_a_new_name(void **state)
{
	struct author_tag author;
	struct place d;
	int count;

	(void)state;
	place_begin(&d, 47);
	note(&d, "one");
	seal(&d);
	note(&d, "two"); /* not sealed */
	author = replica_identity(d.r)->author;
	replica_close(d.r);
	place_move(&d);
	MUST(replica_open(&d.r, d.dir, &d.options, f));
	assert_int_equal(replica_opened_as(d.r), LIFE_MOVED);
	assert_int_equal(replica_restored(d.r, NULL), LIFE_NONE);
	assert_true(is_new_author(&d, &author));
	seal(&d);
	MUST(notes(&d, &count, f));
	assert_int_equal(count, 2);
	assert_int_equal(reopen(&d), OK);
	assert_int_equal(replica_opened_as(d.r), LIFE_NONE);
	MUST(log_verify(d.r, true, &(int64_t){ 0 }, f));
	place_end(&d);
}

static void
closing_in_a_transaction_leaves_the_fence_where_the_database_is(void **state)
{
	struct place d;

	(void)state;
	place_begin(&d, 42);
	note(&d, "one");
	seal(&d);
	note(&d, "two");
	MUST(replica_begin(d.r, f));
	note(&d, "three");
	assert_int_equal(reopen(&d), OK);
	seal(&d);
	assert_int_equal(reopen(&d), OK);
	place_end(&d);
}

static void
a_damaged_database_is_told_and_nothing_is_written(void **state)
{
	struct buf good = { 0 }, fence = { 0 }, now = { 0 };
	struct slot_keys other = keys;
	struct place d;

	(void)state;
	place_begin(&d, 43);
	note(&d, "one");
	seal(&d);
	assert_int_equal(reopen(&d), OK);
	replica_close(d.r);
	d.r = NULL;
	place_read(&d, &good, "footbridge.db");
	place_fence(&d, &fence);
	/* empty, cut, one page overwritten, another key */
	place_write(&d, good.p, 0, "footbridge.db");
	assert_int_not_equal(reopen(&d), OK);
	place_write(&d, good.p, good.n / 2, "footbridge.db");
	assert_int_not_equal(reopen(&d), OK);
	for (size_t at = 0; at + 4096 <= good.n; at += 4096) {
		good.p[at + 100] ^= 1;
		place_write(&d, good.p, good.n, "footbridge.db");
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
	place_write(&d, good.p, good.n, "footbridge.db");
	other.replica[0] ^= 1;
	d.options.keys = &other;
	assert_int_equal(reopen(&d), ERR_AUTH);
	d.options.keys = &keys;
	place_fence(&d, &now);
	assert_int_equal(now.n, fence.n);
	assert_memory_equal(now.p, fence.p, fence.n);
	assert_int_equal(reopen(&d), OK);
	note(&d, "two");
	seal(&d);
	buf_release(&good);
	buf_release(&fence);
	buf_release(&now);
	place_end(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_older_database_begins_a_new_life_and_shows_nothing_before_a_contact),
		cmocka_unit_test(
		    each_return_of_an_old_database_is_another_life),
		cmocka_unit_test(
		    a_fence_that_a_crash_left_behind_guards_again_after_it),
		cmocka_unit_test(without_its_fence_nobody_knows_how_old_it_is),
		cmocka_unit_test(
		    in_another_place_it_goes_on_at_once_under_a_new_name),
		cmocka_unit_test(
		    closing_in_a_transaction_leaves_the_fence_where_the_database_is),
		cmocka_unit_test(
		    a_damaged_database_is_told_and_nothing_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
