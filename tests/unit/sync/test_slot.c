/* sync/slot.h: opening, adding, removing, and hostile slot files. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sync/hash.h"
#include "sync/slot.h"
#include "tests/support/env_test.h"

#define DIR "/replica"

static const uint8_t file_a[32] = { 1, 2, 3 };
static const uint8_t file_b[40] = { 9, 9, 9 };
static const struct slot_secret key_a = { .kind = SLOT_KEYFILE,
	.p = file_a,
	.n = sizeof(file_a) };
static const struct slot_secret key_b = { .kind = SLOT_KEYFILE,
	.p = file_b,
	.n = sizeof(file_b) };

static struct env_test *t;
static struct slot_keys keys;
static struct fail f;

static int
fresh(void **state)
{
	(void)state;
	t = env_test_new(1);
	f = (struct fail){ 0 };
	return slot_create(&keys, &t->env, DIR, &key_a, &f) == OK ? 0 : -1;
}

static int
gone(void **state)
{
	(void)state;
	env_test_free(t);
	return 0;
}

static struct slot_secret
text_secret(enum slot_kind kind, const char *text)
{
	return (
	    struct slot_secret){ .kind = kind, .p = text, .n = strlen(text) };
}

static enum err
open_with(const struct slot_secret *secret, uint8_t *number)
{
	struct slot_keys found = { 0 };
	enum err e = slot_open(&found, number, &t->env, DIR, secret, &f);

	if (e == OK) {
		assert_memory_equal(found.master, keys.master, SLOT_KEY_BYTES);
		assert_memory_equal(found.replica, keys.replica,
		    SLOT_KEY_BYTES);
	}
	return e;
}

static void
each_kind_opens_the_same_keys(void **state)
{
	struct slot_secret pass = text_secret(SLOT_PASSPHRASE, "three words");
	struct slot_secret wrong = text_secret(SLOT_PASSPHRASE, "Three words");
	struct buf code = { 0 };
	struct slot_secret paper;
	struct slot_set set;
	uint8_t number = 0;

	(void)state;
	slot_recovery_make(&code, &t->env);
	paper = text_secret(SLOT_RECOVERY, buf_cstr(&code));
	assert_int_equal(slot_add(&number, &t->env, DIR, &keys, &pass, &f), OK);
	assert_int_equal(number, 2);
	assert_int_equal(slot_add(&number, &t->env, DIR, &keys, &paper, &f),
	    OK);
	assert_int_equal(open_with(&key_a, &number), OK);
	assert_int_equal(number, 1);
	assert_int_equal(open_with(&pass, &number), OK);
	assert_int_equal(number, 2);
	assert_int_equal(open_with(&paper, &number), OK);
	assert_int_equal(number, 3);
	assert_int_equal(open_with(&wrong, &number), ERR_AUTH);
	assert_non_null(strstr(f.text, "1 key slot tried"));
	assert_int_equal(slot_load(&set, &t->env, DIR, &f), OK);
	assert_int_equal(set.count, 3);
	assert_int_equal(set.generation, 3);
	assert_int_equal(set.slots[1].passes, SLOT_PASSES_MIN);
	assert_true(set.slots[1].made_ms == t->wall_ms);
	buf_release(&code);
}

static void
a_wrong_secret_is_refused_in_plain_words(void **state)
{
	struct slot_secret pass = text_secret(SLOT_PASSPHRASE, "x");
	struct slot_secret paper = text_secret(SLOT_RECOVERY, "7KQ2M");
	struct slot_secret brief = key_a;
	uint8_t number;

	(void)state;
	assert_int_equal(open_with(&key_b, NULL), ERR_AUTH);
	assert_non_null(strstr(f.text, "key file does not open"));
	assert_int_equal(open_with(&pass, NULL), ERR_AUTH);
	assert_non_null(strstr(f.text, "no such key slot"));
	assert_int_equal(slot_add(&number, &t->env, DIR, &keys, &paper, &f),
	    ERR_INPUT);
	brief.n = 31;
	assert_int_equal(open_with(&brief, NULL), ERR_INPUT);
	pass.n = 0;
	assert_int_equal(slot_add(&number, &t->env, DIR, &keys, &pass, &f),
	    ERR_INPUT);
}

static void
costs_below_the_floor_or_above_the_ceiling_are_refused(void **state)
{
	struct slot_secret pass = text_secret(SLOT_PASSPHRASE, "x");
	uint8_t number;

	(void)state;
	pass.passes = SLOT_PASSES_MIN - 1;
	assert_int_equal(slot_add(&number, &t->env, DIR, &keys, &pass, &f),
	    ERR_LIMIT);
	pass.passes = SLOT_PASSES_MIN;
	pass.memory_kib = SLOT_MEMORY_KIB_MAX + 1;
	assert_int_equal(slot_add(&number, &t->env, DIR, &keys, &pass, &f),
	    ERR_LIMIT);
	pass.memory_kib = SLOT_MEMORY_KIB_MIN - 1;
	assert_int_equal(slot_add(&number, &t->env, DIR, &keys, &pass, &f),
	    ERR_LIMIT);
	assert_int_equal(t->file_writes, 2);
}

static void
the_last_slot_stays_and_a_removed_one_no_longer_opens(void **state)
{
	uint8_t number = 0;

	(void)state;
	assert_int_equal(slot_remove(&t->env, DIR, 1, &f), ERR_DENIED);
	assert_int_equal(slot_remove(&t->env, DIR, 7, &f), ERR_NOTFOUND);
	assert_int_equal(slot_add(&number, &t->env, DIR, &keys, &key_b, &f),
	    OK);
	assert_int_equal(slot_remove(&t->env, DIR, 1, &f), OK);
	assert_int_equal(open_with(&key_a, NULL), ERR_AUTH);
	assert_int_equal(open_with(&key_b, &number), OK);
	assert_int_equal(number, 2);
	assert_int_equal(slot_remove(&t->env, DIR, 2, &f), ERR_DENIED);
}

static void
slots_are_bounded(void **state)
{
	uint8_t number = 0;

	(void)state;
	for (int i = 1; i < SLOT_MAX; i++)
		assert_int_equal(slot_add(&number, &t->env, DIR, &keys, &key_b,
				     &f),
		    OK);
	assert_int_equal(slot_add(&number, &t->env, DIR, &keys, &key_b, &f),
	    ERR_LIMIT);
}

static void
creating_over_a_replica_changes_nothing(void **state)
{
	struct slot_keys other;

	(void)state;
	assert_int_equal(slot_create(&other, &t->env, DIR, &key_b, &f),
	    ERR_EXISTS);
	assert_int_equal(slot_open(&other, NULL, &t->env, "/elsewhere", &key_a,
			     &f),
	    ERR_NOTFOUND);
	assert_int_equal(open_with(&key_a, NULL), OK);
}

static void
one_damaged_or_absent_copy_is_survived(void **state)
{
	struct disk_bytes *a = disk_file(t->disk, DIR "/slots");
	struct disk_bytes *b = disk_file(t->disk, DIR "/slots.b");
	uint8_t number;

	(void)state;
	a->p[100] ^= 1;
	assert_int_equal(open_with(&key_a, NULL), OK);
	a->p[100] ^= 1;
	b->n = 0;
	assert_int_equal(open_with(&key_a, NULL), OK);
	assert_int_equal(t->env.file_remove(t, DIR "/slots.b", NULL), OK);
	assert_int_equal(open_with(&key_a, NULL), OK);
	a = disk_file(t->disk, DIR "/slots");
	a->p[100] ^= 1;
	assert_int_equal(open_with(&key_a, NULL), ERR_CORRUPT);
	assert_non_null(strstr(f.text, "backup"));
	a->p[100] ^= 1;
	/* the next change mends the other copy */
	assert_int_equal(slot_add(&number, &t->env, DIR, &keys, &key_b, &f),
	    OK);
	assert_non_null(disk_file(t->disk, DIR "/slots.b"));
}

static void
a_crash_at_either_write_leaves_a_whole_set(void **state)
{
	uint8_t number;

	(void)state;
	for (int at = 0; at < 2; at++) {
		t->writes_until_failure = at;
		assert_int_equal(slot_add(&number, &t->env, DIR, &keys, &key_b,
				     &f),
		    ERR_IO);
		t->writes_until_failure = -1;
		assert_int_equal(open_with(&key_a, NULL), OK);
		assert_int_equal(open_with(&key_b, NULL), at ? OK : ERR_AUTH);
	}
}

static void
every_truncation_and_every_flipped_bit_is_refused(void **state)
{
	struct disk_bytes *a = disk_file(t->disk, DIR "/slots");
	struct slot_set set;
	uint8_t copy[SLOT_FILE_BYTES_MAX];

	(void)state;
	assert_int_equal(slot_decode(&set, a->p, a->n, &f), OK);
	for (size_t n = 0; n < a->n; n++) {
		memcpy(copy, a->p, n);
		f.text[0] = '\0';
		assert_int_not_equal(slot_decode(&set, copy, n, &f), OK);
		assert_true(f.text[0] != '\0');
	}
	for (size_t bit = 0; bit < a->n * 8; bit++) {
		memcpy(copy, a->p, a->n);
		copy[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_int_not_equal(slot_decode(&set, copy, a->n, &f), OK);
	}
	memcpy(copy, a->p, a->n);
	copy[a->n] = 0;
	assert_int_not_equal(slot_decode(&set, copy, a->n + 1, &f), OK);
}

/* The checksum is no secret: with it repaired, the rules and keys must hold. */
static void
a_flipped_bit_under_a_repaired_checksum_gives_no_key(void **state)
{
	struct disk_bytes *a = disk_file(t->disk, DIR "/slots");
	uint8_t copy[SLOT_FILE_BYTES_MAX];
	size_t body = a->n - 32;

	(void)state;
	/* the generation (8..15) and the slot's number are free to change */
	for (size_t bit = 16 * 8; bit < body * 8; bit++) {
		struct slot_keys found = { 0 };
		struct slot_set set;
		struct hash h;
		enum err e;

		memcpy(copy, a->p, a->n);
		copy[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		hash_init(&h, LABEL_SLOT_SUM, 32, NULL, 0);
		hash_bytes(&h, copy, body);
		hash_final(&h, copy + body);
		e = slot_decode(&set, copy, a->n, &f);
		if (e == OK)
			e = slot_unlock(&found, NULL, &set, &key_a, &f);
		assert_int_not_equal(e, OK);
		assert_int_equal(found.master[0] | found.replica[0], 0);
	}
}

static void
a_slot_of_another_replica_does_not_combine(void **state)
{
	struct env_test *other = env_test_new(2);
	struct slot_keys theirs;
	uint8_t number;

	(void)state;
	assert_int_equal(slot_create(&theirs, &other->env, DIR, &key_a, &f),
	    OK);
	assert_memory_not_equal(&theirs, &keys, sizeof(keys));
	assert_int_equal(slot_add(&number, &t->env, DIR, &theirs, &key_b, &f),
	    ERR_AUTH);
	assert_non_null(strstr(f.text, "another replica"));
	{
		struct slot_set mine, foreign;

		assert_int_equal(slot_load(&mine, &t->env, DIR, &f), OK);
		assert_int_equal(slot_load(&foreign, &other->env, DIR, &f), OK);
		mine.slots[0] = foreign.slots[0];
		assert_int_equal(slot_unlock(&theirs, NULL, &mine, &key_a, &f),
		    ERR_CORRUPT);
	}
	env_test_free(other);
}

static void
derived_keys_differ_by_use(void **state)
{
	uint8_t key[DB_KEY_BYTES], salt[DB_SALT_BYTES], fence[SLOT_KEY_BYTES];

	(void)state;
	slot_database_key(key, salt, &keys);
	slot_fence_key(fence, &keys);
	assert_memory_not_equal(key, fence, 32);
	assert_memory_not_equal(key, keys.replica, 32);
	assert_memory_not_equal(key, keys.master, 32);
	assert_memory_not_equal(key, salt, DB_SALT_BYTES);
}

#define SLOT_TEST(name) cmocka_unit_test_setup_teardown(name, fresh, gone)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SLOT_TEST(each_kind_opens_the_same_keys),
		SLOT_TEST(a_wrong_secret_is_refused_in_plain_words),
		SLOT_TEST(
		    costs_below_the_floor_or_above_the_ceiling_are_refused),
		SLOT_TEST(
		    the_last_slot_stays_and_a_removed_one_no_longer_opens),
		SLOT_TEST(slots_are_bounded),
		SLOT_TEST(creating_over_a_replica_changes_nothing),
		SLOT_TEST(one_damaged_or_absent_copy_is_survived),
		SLOT_TEST(a_crash_at_either_write_leaves_a_whole_set),
		SLOT_TEST(every_truncation_and_every_flipped_bit_is_refused),
		SLOT_TEST(a_flipped_bit_under_a_repaired_checksum_gives_no_key),
		SLOT_TEST(a_slot_of_another_replica_does_not_combine),
		SLOT_TEST(derived_keys_differ_by_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
