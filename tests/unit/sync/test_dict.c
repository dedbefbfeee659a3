/* Compression: round trips, damaged frames, bombs, threads. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sync/dict.h"
#include "tests/support/sealing.h"

static void
a_payload_comes_back(void **state)
{
	struct buf payload = { 0 }, frame = { 0 }, out = { 0 };
	size_t used = 0;

	(void)state;
	sealing_payload(&payload, 50, "unexcused");
	assert_int_equal(dict_compress(&frame, payload.p, payload.n, NULL), OK);
	assert_true(frame.n < payload.n);
	buf_zero(&frame, 9); /* what follows is the caller's */
	assert_int_equal(dict_decompress(&out, &used, payload.n, frame.p,
			     frame.n, NULL),
	    OK);
	assert_int_equal(used, frame.n - 9);
	assert_int_equal(out.n, payload.n);
	assert_memory_equal(out.p, payload.p, out.n);
	buf_release(&payload);
	buf_release(&frame);
	buf_release(&out);
}

static void
refused(const uint8_t *p, size_t n, size_t raw_n)
{
	struct buf out = { 0 };
	struct fail f = { 0 };
	size_t used = 77;

	assert_int_equal(dict_decompress(&out, &used, raw_n, p, n, &f),
	    ERR_FORMAT);
	assert_int_equal(out.n, 0);
	assert_int_equal(used, 77);
	assert_true(f.text[0] != '\0');
	buf_release(&out);
}

static void
truncated_and_lying_frames_are_refused(void **state)
{
	struct buf payload = { 0 }, frame = { 0 };

	(void)state;
	sealing_payload(&payload, 50, "unexcused");
	assert_int_equal(dict_compress(&frame, payload.p, payload.n, NULL), OK);
	for (size_t n = 0; n < frame.n; n++)
		refused(frame.p, n, payload.n);
	refused(frame.p, frame.n, payload.n + 1);
	refused(frame.p, frame.n, payload.n - 1);
	buf_release(&payload);
	buf_release(&frame);
}

/* 1 GiB of zeros in a few bytes, with and without a stated size. */
static void
a_bomb_allocates_nothing(void **state)
{
	static const uint8_t skippable[] = { 0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0,
		1, 2, 3, 4 };
	/* magic, no size, window 2^31, one run-length block of 128 KiB */
	static const uint8_t wide[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8,
		0x03, 0x00, 0x10, 0x00 };
	/* single segment, 8-byte size of 1 GiB, one such block */
	static const uint8_t huge[] = { 0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0,
		0x40, 0, 0, 0, 0, 0x03, 0, 0x10, 0x00 };
	/* states 100 bytes, holds 128 KiB */
	static const uint8_t liar[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x20, 100, 0x03,
		0x00, 0x10, 0x00 };

	(void)state;
	refused(skippable, sizeof(skippable), 0);
	refused(wide, sizeof(wide), 128 * 1024);
	refused(huge, sizeof(huge), LIMIT_PAYLOAD_BYTES);
	refused(liar, sizeof(liar), 100);
}

static void
every_bit_flip_is_refused_or_bounded(void **state)
{
	struct buf payload = { 0 }, frame = { 0 }, out = { 0 };

	(void)state;
	sealing_payload(&payload, 20, "unexcused");
	assert_int_equal(dict_compress(&frame, payload.p, payload.n, NULL), OK);
	for (size_t bit = 0; bit < frame.n * 8; bit++) {
		size_t used = 0;

		frame.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		buf_reset(&out);
		if (dict_decompress(&out, &used, payload.n, frame.p, frame.n,
			NULL) == OK)
			assert_int_equal(out.n, payload.n);
		else
			assert_int_equal(out.n, 0);
		frame.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	buf_release(&payload);
	buf_release(&frame);
	buf_release(&out);
}

static void *
many_round_trips(void *arg)
{
	struct buf *payload = arg;
	size_t good = 0;

	for (int i = 0; i < 50; i++) {
		struct buf frame = { 0 }, out = { 0 };
		size_t used;

		if (dict_compress(&frame, payload->p, payload->n, NULL) == OK &&
		    dict_decompress(&out, &used, payload->n, frame.p, frame.n,
			NULL) == OK &&
		    memcmp(out.p, payload->p, out.n) == 0)
			good++;
		buf_release(&frame);
		buf_release(&out);
	}
	return good == 50 ? arg : NULL;
}

static void
threads_do_not_disturb_each_other(void **state)
{
	struct buf payload = { 0 };
	pthread_t t[4];
	void *good;

	(void)state;
	sealing_payload(&payload, 50, "unexcused");
	for (size_t i = 0; i < COUNT_OF(t); i++)
		assert_int_equal(pthread_create(&t[i], NULL, many_round_trips,
				     &payload),
		    0);
	for (size_t i = 0; i < COUNT_OF(t); i++) {
		assert_int_equal(pthread_join(t[i], &good), 0);
		assert_non_null(good);
	}
	buf_release(&payload);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_payload_comes_back),
		cmocka_unit_test(truncated_and_lying_frames_are_refused),
		cmocka_unit_test(a_bomb_allocates_nothing),
		cmocka_unit_test(every_bit_flip_is_refused_or_bounded),
		cmocka_unit_test(threads_do_not_disturb_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
