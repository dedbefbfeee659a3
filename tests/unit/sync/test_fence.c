/* sync/fence.h: crashes are repaired, restores and copies are told. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sync/fence.h"
#include "tests/support/env_test.h"

#define DIR "/replica"

static const uint8_t key[FENCE_KEY_BYTES] = { 5 };
static const uint8_t other_key[FENCE_KEY_BYTES] = { 6 };

static struct env_test *t;
static struct fail f;
static struct fence db; /* what the database says */

static int
fresh(void **state)
{
	(void)state;
	t = env_test_new(3);
	f = (struct fail){ 0 };
	db = (struct fence){ .life = 1, .position = 10, .member_count = 4 };
	db.incarnation.b[0] = 1;
	db.segment.b[0] = 10;
	return fence_write(&db, &t->env, DIR, key, &f) == OK ? 0 : -1;
}

static int
gone(void **state)
{
	(void)state;
	env_test_free(t);
	return 0;
}

static enum err
guard(enum fence_verdict want)
{
	enum fence_verdict verdict = FENCE_EQUAL;
	struct fence now = db;
	enum err e;

	f.text[0] = '\0';
	e = fence_guard(&now, &verdict, &t->env, DIR, key, &f);
	assert_int_equal(verdict, want);
	if (e != OK) {
		assert_int_equal(e, ERR_FENCE);
		assert_non_null(strstr(f.text, "nothing was changed"));
		assert_non_null(strstr(f.text, "work here is intact"));
	}
	return e;
}

static void
advance(uint64_t by)
{
	db.position += by;
	db.segment.b[0] = (uint8_t)db.position;
}

static void
what_was_written_is_read_back(void **state)
{
	struct fence have;

	(void)state;
	assert_int_equal(fence_read(&have, &t->env, DIR, key, &f), OK);
	assert_memory_equal(&have, &db, sizeof(db));
	assert_int_equal(have.generation, 1);
	assert_memory_equal(have.binding, t->binding, 32);
	assert_int_equal(guard(FENCE_EQUAL), OK);
	assert_int_equal(t->file_writes, 1);
}

static void
a_fence_behind_the_database_is_a_crash_and_is_repaired(void **state)
{
	(void)state;
	advance(1);
	assert_int_equal(guard(FENCE_BEHIND), OK);
	assert_int_equal(guard(FENCE_EQUAL), OK);
	db.member_count++;
	db.member_head[0] ^= 1;
	assert_int_equal(guard(FENCE_BEHIND), OK);
	db.life = 2;
	db.position = 0;
	db.incarnation.b[0] = 2;
	memset(&db.segment, 0, sizeof(db.segment));
	assert_int_equal(guard(FENCE_BEHIND), OK);
	assert_int_equal(guard(FENCE_EQUAL), OK);
}

static void
a_fence_ahead_of_the_database_is_a_restore(void **state)
{
	struct fence old = db;

	(void)state;
	advance(3);
	assert_int_equal(guard(FENCE_BEHIND), OK);
	db = old;
	assert_int_equal(guard(FENCE_ROLLED_BACK), ERR_FENCE);
	assert_non_null(strstr(f.text, "position 10 of life 1"));
	assert_non_null(strstr(f.text, "13 of 1"));
	/* asked again it says the same: nothing was repaired away */
	assert_int_equal(guard(FENCE_ROLLED_BACK), ERR_FENCE);
}

static void
each_way_of_being_older_is_found(void **state)
{
	struct fence now = db;

	(void)state;
	db.member_count--;
	assert_int_equal(guard(FENCE_ROLLED_BACK), ERR_FENCE);
	db.position++; /* ahead in one, behind in the other */
	assert_int_equal(guard(FENCE_ROLLED_BACK), ERR_FENCE);
	db = now;
	db.life = 0;
	assert_int_equal(guard(FENCE_ROLLED_BACK), ERR_FENCE);
	db = now;
	db.segment.b[5] ^= 1;
	assert_int_equal(guard(FENCE_FORKED), ERR_FENCE);
	db = now;
	db.incarnation.b[5] ^= 1;
	assert_int_equal(guard(FENCE_FORKED), ERR_FENCE);
	db = now;
	db.member_head[5] ^= 1;
	assert_int_equal(guard(FENCE_FORKED), ERR_FENCE);
}

static void
a_copied_directory_is_told_from_a_restore(void **state)
{
	struct env_test *copy = env_test_new(4);
	struct fence now = db;
	enum fence_verdict verdict;

	(void)state;
	env_test_copy_files(copy, t);
	assert_int_equal(fence_guard(&now, &verdict, &copy->env, DIR, key, &f),
	    ERR_FENCE);
	assert_int_equal(verdict, FENCE_MOVED);
	assert_non_null(strstr(f.text, "copied or moved"));
	assert_int_equal(copy->file_writes, 0);
	/* also when the copy's database is ahead, as after a crash */
	now = db;
	now.position++;
	assert_int_equal(fence_guard(&now, &verdict, &copy->env, DIR, key, &f),
	    ERR_FENCE);
	assert_int_equal(verdict, FENCE_MOVED);
	env_test_free(copy);
}

static void
a_directory_copied_on_a_real_disk_is_told(void **state)
{
	char one[64] = "/tmp/footbridge-fence-XXXXXX";
	char two[64] = "/tmp/footbridge-fence-XXXXXX";
	char from[96], to[96];
	struct buf b = { 0 };
	struct fence now = db;
	enum fence_verdict verdict;

	(void)state;
	env_test_on_disk(t);
	assert_non_null(mkdtemp(one));
	assert_non_null(mkdtemp(two));
	now.generation = 0;
	assert_int_equal(fence_write(&now, &t->env, one, key, &f), OK);
	(void)snprintf(from, sizeof(from), "%s/fence.b", one);
	(void)snprintf(to, sizeof(to), "%s/fence.b", two);
	assert_int_equal(t->env.file_read(t, &b, from, 1000, &f), OK);
	assert_int_equal(t->env.file_write(t, to, b.p, b.n, &f), OK);
	assert_int_equal(fence_guard(&now, &verdict, &t->env, one, key, &f),
	    OK);
	assert_int_equal(fence_guard(&now, &verdict, &t->env, two, key, &f),
	    ERR_FENCE);
	assert_int_equal(verdict, FENCE_MOVED);
	buf_release(&b);
	(void)unlink(from);
	(void)unlink(to);
	(void)rmdir(one);
	(void)rmdir(two);
}

static void
an_absent_fence_is_an_alarm_once_the_author_has_written(void **state)
{
	struct fence begun = { .life = 1 };
	enum fence_verdict verdict;

	(void)state;
	assert_int_equal(t->env.file_remove(t, DIR "/fence.b", NULL), OK);
	assert_int_equal(guard(FENCE_MISSING), ERR_FENCE);
	assert_int_equal(fence_guard(&begun, &verdict, &t->env, DIR, key, &f),
	    OK);
	assert_int_equal(verdict, FENCE_BEHIND);
	assert_int_equal(begun.generation, 1);
}

static void
the_last_but_one_stands_in_for_a_damaged_last(void **state)
{
	struct disk_bytes *last;
	struct fence have;

	(void)state;
	advance(1);
	assert_int_equal(fence_write(&db, &t->env, DIR, key, &f), OK);
	last = disk_file(t->disk, DIR "/fence");
	assert_non_null(last);
	last->p[60] ^= 1;
	assert_int_equal(fence_read(&have, &t->env, DIR, key, &f), OK);
	assert_int_equal(have.position, 10);
	assert_int_equal(guard(FENCE_BEHIND), OK); /* and writes it again */
	assert_int_equal(fence_read(&have, &t->env, DIR, key, &f), OK);
	assert_int_equal(have.position, 11);
	assert_int_equal(have.generation, 2);
}

static void
exchanged_copies_read_the_same(void **state)
{
	struct disk_bytes *a, *b, swap;
	struct fence have;

	(void)state;
	advance(1);
	assert_int_equal(fence_write(&db, &t->env, DIR, key, &f), OK);
	a = disk_file(t->disk, DIR "/fence");
	b = disk_file(t->disk, DIR "/fence.b");
	swap = *a;
	*a = *b;
	*b = swap;
	assert_int_equal(fence_read(&have, &t->env, DIR, key, &f), OK);
	assert_int_equal(have.position, 11);
	assert_int_equal(guard(FENCE_EQUAL), OK);
}

static void
every_truncation_and_every_flipped_bit_is_refused(void **state)
{
	struct disk_bytes *b = disk_file(t->disk, DIR "/fence.b");
	uint8_t copy[FENCE_FILE_BYTES + 1];
	struct fence have;
	enum err e;

	(void)state;
	assert_int_equal(b->n, FENCE_FILE_BYTES);
	memcpy(copy, b->p, b->n);
	copy[b->n] = 0;
	assert_int_equal(fence_decode(&have, copy, b->n, key, &f), OK);
	assert_int_equal(fence_decode(&have, copy, b->n, NULL, &f), OK);
	assert_int_equal(fence_decode(&have, copy, b->n, other_key, &f),
	    ERR_AUTH);
	for (size_t n = 0; n < b->n; n++)
		assert_int_equal(fence_decode(&have, copy, n, key, &f),
		    ERR_CORRUPT);
	assert_int_equal(fence_decode(&have, copy, b->n + 1, key, &f),
	    ERR_CORRUPT);
	for (size_t bit = 0; bit < b->n * 8; bit++) {
		copy[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		e = fence_decode(&have, copy, b->n, key, &f);
		assert_true(e == ERR_CORRUPT || e == ERR_AUTH);
		copy[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	for (size_t n = 0; n < b->n; n += 7) {
		b->n = n;
		assert_int_equal(guard(FENCE_MISSING), ERR_FENCE);
		b->n = FENCE_FILE_BYTES;
	}
}

static void
policy_time_survives_a_database_that_forgot_it(void **state)
{
	struct fence now;
	enum fence_verdict verdict;

	(void)state;
	db.policy_ms = 5000;
	assert_int_equal(fence_write(&db, &t->env, DIR, key, &f), OK);
	now = db;
	now.policy_ms = 0;
	assert_int_equal(fence_guard(&now, &verdict, &t->env, DIR, key, &f),
	    OK);
	assert_true(now.policy_ms == 5000);
}

static void
a_failed_write_leaves_the_fence_as_it_was(void **state)
{
	struct fence before = db, have;

	(void)state;
	advance(1);
	t->writes_until_failure = 0;
	assert_int_equal(fence_write(&db, &t->env, DIR, key, &f), ERR_IO);
	assert_int_equal(db.generation, 1);
	t->writes_until_failure = -1;
	assert_int_equal(fence_read(&have, &t->env, DIR, key, &f), OK);
	assert_memory_equal(&have, &before, sizeof(have));
}

#define FENCE_TEST(name) cmocka_unit_test_setup_teardown(name, fresh, gone)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FENCE_TEST(what_was_written_is_read_back),
		FENCE_TEST(
		    a_fence_behind_the_database_is_a_crash_and_is_repaired),
		FENCE_TEST(a_fence_ahead_of_the_database_is_a_restore),
		FENCE_TEST(each_way_of_being_older_is_found),
		FENCE_TEST(a_copied_directory_is_told_from_a_restore),
		FENCE_TEST(a_directory_copied_on_a_real_disk_is_told),
		FENCE_TEST(
		    an_absent_fence_is_an_alarm_once_the_author_has_written),
		FENCE_TEST(the_last_but_one_stands_in_for_a_damaged_last),
		FENCE_TEST(exchanged_copies_read_the_same),
		FENCE_TEST(every_truncation_and_every_flipped_bit_is_refused),
		FENCE_TEST(policy_time_survives_a_database_that_forgot_it),
		FENCE_TEST(a_failed_write_leaves_the_fence_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
