/* Parts of a document: what is refused, and what the root covers. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "sync/part.h"
#include "sync/registry.h"
#include "tests/support/sealing.h"

static uint8_t content[PART_BYTES + 1];

static enum err
decoded(unsigned number, unsigned count, size_t n)
{
	struct buf b = { 0 };
	struct part part;
	enum err e;

	buf_zero(&b, ID_BYTES);
	buf_uint(&b, number);
	buf_uint(&b, count);
	buf_put(&b, content, n);
	e = part_decode(&part, b.p, b.n);
	if (e == OK) {
		assert_int_equal(part.number, number);
		assert_int_equal(part.count, count);
		assert_int_equal(part.content_n, n);
	}
	buf_release(&b);
	return e;
}

static void
only_lengths_that_go_with_the_numbers_are_read(void **state)
{
	(void)state;
	assert_int_equal(decoded(0, 3, 96), OK);
	assert_int_equal(decoded(0, 3, 95), ERR_FORMAT);
	assert_int_equal(decoded(0, 3, 128), ERR_FORMAT);
	assert_int_equal(decoded(1, 3, PART_BYTES), OK);
	assert_int_equal(decoded(1, 3, PART_BYTES - 1), ERR_FORMAT);
	assert_int_equal(decoded(3, 3, 1), OK);
	assert_int_equal(decoded(3, 3, PART_BYTES), OK);
	assert_int_equal(decoded(3, 3, 0), ERR_FORMAT);
	assert_int_equal(decoded(3, 3, PART_BYTES + 1), ERR_FORMAT);
	assert_int_equal(decoded(4, 3, 1), ERR_FORMAT);
	assert_int_equal(decoded(0, 0, 0), ERR_FORMAT);
	assert_int_equal(decoded(1, PART_COUNT_MAX, PART_BYTES), OK);
	assert_int_equal(decoded(1, PART_COUNT_MAX + 1, PART_BYTES),
	    ERR_FORMAT);
}

static void
every_cut_of_the_beginning_is_refused(void **state)
{
	struct part part;

	(void)state;
	for (size_t n = 0; n < ID_BYTES + 3; n++)
		assert_int_equal(part_decode(&part, content, n), ERR_FORMAT);
}

static void
documents_have_as_many_parts_as_they_need(void **state)
{
	(void)state;
	assert_int_equal(part_count(1), 1);
	assert_int_equal(part_count(PART_BYTES), 1);
	assert_int_equal(part_count(PART_BYTES + 1), 2);
	assert_int_equal(part_count(LIMIT_DOCUMENT_BYTES), PART_COUNT_MAX);
}

static void
the_root_covers_the_list_and_the_size(void **state)
{
	uint8_t list[2 * PART_HASH_BYTES] = { 1 }, a[PART_HASH_BYTES],
			 b[PART_HASH_BYTES];

	(void)state;
	part_root(a, 65537, list, sizeof(list));
	part_root(b, 65538, list, sizeof(list));
	assert_memory_not_equal(a, b, sizeof(a));
	list[63] = 1;
	part_root(b, 65537, list, sizeof(list));
	assert_memory_not_equal(a, b, sizeof(a));
}

static void
an_attachment_is_sealed_and_comes_back(void **state)
{
	struct buf body = { 0 }, out = { 0 }, payload = { 0 };
	struct segment_id id;
	struct sealing s;
	struct segment seg;

	(void)state;
	sealing_init(&s, 3);
	s.header.kind = SEGMENT_ATTACHMENT;
	s.header.lane = LANE_BULK;
	buf_zero(&body, 65536);
	randombytes_buf_deterministic(body.p, body.n, s.key);
	assert_int_equal(sealing_make(&s, &out, &id, &body, NULL), OK);
	assert_int_equal(segment_parse(&seg, out.p, out.n, NULL), OK);
	assert_int_equal(seg.header.schema, 0);
	assert_int_equal(segment_open(&payload, &seg, s.key, NULL), OK);
	assert_int_equal(payload.n, body.n);
	assert_memory_equal(payload.p, body.p, body.n);
	buf_release(&body);
	buf_release(&out);
	buf_release(&payload);
}

static void
chains_and_what_they_may_name_are_fixed_by_the_kind(void **state)
{
	(void)state;
	assert_int_equal(segment_chain(SEGMENT_TRANSFER), CHAIN_CONTROL);
	assert_int_equal(segment_chain(SEGMENT_DATA), CHAIN_DATA);
	assert_int_equal(segment_chain(SEGMENT_OFFER), CHAIN_OFFER);
	assert_int_equal(segment_chain(SEGMENT_ATTACHMENT), CHAIN_ATTACHMENT);
	assert_true(segment_chain_depends(CHAIN_DATA));
	assert_false(segment_chain_depends(CHAIN_OFFER));
	assert_false(segment_chain_depends(CHAIN_ATTACHMENT));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    only_lengths_that_go_with_the_numbers_are_read),
		cmocka_unit_test(every_cut_of_the_beginning_is_refused),
		cmocka_unit_test(documents_have_as_many_parts_as_they_need),
		cmocka_unit_test(an_attachment_is_sealed_and_comes_back),
		cmocka_unit_test(
		    chains_and_what_they_may_name_are_fixed_by_the_kind),
		cmocka_unit_test(the_root_covers_the_list_and_the_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
