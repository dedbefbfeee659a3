/* Labels separate domains; the hash keeps lists of parts apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "sync/hash.h"

static void
no_label_is_a_prefix_of_another(void **state)
{
	(void)state;
	for (int i = 0; i < LABEL_COUNT; i++) {
		const char *a = label_text((enum label)i);

		assert_memory_equal(a, "footbridge/", 11);
		for (int j = 0; j < LABEL_COUNT; j++) {
			const char *b = label_text((enum label)j);

			if (i != j)
				assert_false(strncmp(a, b, strlen(a)) == 0);
		}
	}
}

static void
one_part(uint8_t out[32], enum label label, const char *text)
{
	struct hash h;

	hash_init(&h, label, 32, NULL, 0);
	hash_bytes(&h, text, strlen(text));
	hash_final(&h, out);
}

static void
two_parts(uint8_t out[32], const char *a, const char *b)
{
	struct hash h;

	hash_init(&h, LABEL_SEEN, 32, NULL, 0);
	hash_bytes(&h, a, strlen(a));
	hash_bytes(&h, b, strlen(b));
	hash_final(&h, out);
}

static void
the_same_parts_under_two_labels_differ(void **state)
{
	uint8_t a[32], b[32];

	(void)state;
	one_part(a, LABEL_SEEN, "x");
	one_part(b, LABEL_DIGEST, "x");
	assert_memory_not_equal(a, b, 32);
	one_part(b, LABEL_SEEN, "x");
	assert_memory_equal(a, b, 32);
}

static void
moving_a_byte_from_one_part_to_the_next_differs(void **state)
{
	uint8_t a[32], b[32];

	(void)state;
	two_parts(a, "ab", "c");
	two_parts(b, "a", "bc");
	assert_memory_not_equal(a, b, 32);
	two_parts(a, "", "abc");
	two_parts(b, "abc", "");
	assert_memory_not_equal(a, b, 32);
}

static void
a_key_makes_another_hash(void **state)
{
	static const uint8_t key[32] = { 1 };
	uint8_t a[32], b[32];
	struct hash h;

	(void)state;
	hash_init(&h, LABEL_SEEN, 32, key, sizeof(key));
	hash_final(&h, a);
	hash_init(&h, LABEL_SEEN, 32, NULL, 0);
	hash_final(&h, b);
	assert_memory_not_equal(a, b, 32);
}

/* label, NUL, 8 bytes of length, then the bytes: nothing else */
static void
the_bytes_that_are_hashed_stay_as_documented(void **state)
{
	static const uint8_t part[] = { 3, 0, 0, 0, 0, 0, 0, 0, 'a', 'b', 'c' };
	uint8_t plain[128], want[32], have[32];
	const char *text = label_text(LABEL_SEEN);
	size_t n = strlen(text) + 1;

	(void)state;
	memcpy(plain, text, n);
	memcpy(plain + n, part, sizeof(part));
	(void)crypto_generichash(want, 32, plain, n + sizeof(part), NULL, 0);
	one_part(have, LABEL_SEEN, "abc");
	assert_memory_equal(have, want, 32);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_label_is_a_prefix_of_another),
		cmocka_unit_test(the_same_parts_under_two_labels_differ),
		cmocka_unit_test(
		    moving_a_byte_from_one_part_to_the_next_differs),
		cmocka_unit_test(a_key_makes_another_hash),
		cmocka_unit_test(the_bytes_that_are_hashed_stay_as_documented),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
