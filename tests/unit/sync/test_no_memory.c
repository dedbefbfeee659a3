/* Memory that ends in the middle: found by tests/faults, held fast one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/support/alloc.h"
#include "tests/support/sealing.h"

/* The salt once was made of a header that there had been no memory for. */
static void
a_segment_is_made_as_it_always_is_or_not_at_all(void **state)
{
	struct buf payload = { 0 }, usual = { 0 };
	struct segment_id usual_id;
	struct sealing s;
	uint64_t fired = 1;

	(void)state;
	sealing_init(&s, 1);
	sealing_payload(&payload, 3, "Ana Ruiz");
	assert_int_equal(sealing_make(&s, &usual, &usual_id, &payload, NULL),
	    OK);
	for (uint64_t nth = 0; fired > 0; nth++) {
		struct buf bytes = { 0 };
		struct fail f = { 0 };
		struct segment_id id;
		enum err e;

		sealing_init(&s, 1);
		alloc_fail(nth, false);
		e = sealing_make(&s, &bytes, &id, &payload, &f);
		fired = alloc_fired();
		alloc_mend();
		if (e == OK) {
			assert_int_equal(bytes.n, usual.n);
			assert_memory_equal(bytes.p, usual.p, bytes.n);
		} else {
			assert_int_equal(e, ERR_NOMEM);
			assert_int_equal(f.code, ERR_NOMEM);
		}
		buf_release(&bytes);
	}
	buf_release(&payload);
	buf_release(&usual);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_segment_is_made_as_it_always_is_or_not_at_all),
	};

	if (sodium_init() < 0)
		return 1;
	alloc_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
