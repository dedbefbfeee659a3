/* node/wipe.h: what jansson gives back is overwritten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <sodium.h>

#include "node/wipe.h"

/* libsodium's, which is asked to overwrite each block. */
static void *wiped;
static size_t wiped_bytes;

void
sodium_memzero(void *const p, const size_t n)
{
	wiped = p;
	wiped_bytes = n;
	memset(p, 0, n);
}

static void
a_block_is_overwritten_whole_when_it_is_given_back(void **state)
{
	json_malloc_t take;
	json_free_t give_back;
	char *p;

	(void)state;
	wipe_json();
	json_get_alloc_funcs(&take, &give_back);
	p = take(37);
	assert_non_null(p);
	assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
	give_back(p);
	assert_ptr_equal(wiped, p);
	assert_int_equal(wiped_bytes, 37);
	assert_null(take(SIZE_MAX));
	give_back(NULL);
}

static void
json_is_read_and_written_as_before(void **state)
{
	json_t *j;

	(void)state;
	wipe_json();
	j = json_loads("{\"password\": \"tin roof rain\", \"n\": [1, 2]}", 0,
	    NULL);
	assert_non_null(j);
	assert_string_equal(json_string_value(json_object_get(j, "password")),
	    "tin roof rain");
	for (int i = 0; i < 1000; i++)
		assert_int_equal(json_array_append_new(json_object_get(j, "n"),
				     json_integer(i)),
		    0);
	json_decref(j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_block_is_overwritten_whole_when_it_is_given_back),
		cmocka_unit_test(json_is_read_and_written_as_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
