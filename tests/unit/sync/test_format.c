/*
 * sync/FORMAT.md is executed: each of its hex blocks is what the code makes.
 *
 *	test_format           compare
 *	test_format --write   put the blocks of today's code into the document
 *
 * Once a version is released, a block that differs is a broken format, not a
 * reason to run --write.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sync/label.h"
#include "sync/value.h"
#include "tests/support/golden.h"
#include "tests/support/sealing.h"

#define DOCUMENT "sync/FORMAT.md"

static struct buf document;

static const char *
read_document(void)
{
	const struct env *env = env_posix();

	buf_reset(&document);
	if (env->file_read(env->self, &document, DOCUMENT, 1024 * 1024, NULL) !=
	    OK)
		return NULL;
	return buf_cstr(&document);
}

static void
block_bytes(struct buf *out, const char *name)
{
	size_t n;
	const char *block = golden_find(&n, read_document(), name);

	assert_non_null(block);
	assert_true(golden_bytes(out, block, n));
}

static void
every_block_is_what_the_code_makes(void **state)
{
	const char *text = read_document();

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < golden_count; i++) {
		struct buf made = { 0 };
		size_t n;
		const char *block = golden_find(&n, text, golden_list[i].name);

		if (block == NULL)
			fail_msg("no block %s", golden_list[i].name);
		golden_list[i].make(&made);
		if (golden_list[i].exact &&
		    (made.n != n || memcmp(made.p, block, n) != 0))
			fail_msg("block %s differs; the code makes\n%s",
			    golden_list[i].name, buf_cstr(&made));
		buf_release(&made);
	}
}

static void
every_block_of_the_document_is_known(void **state)
{
	const char *text = read_document();
	unsigned count = 0;

	(void)state;
	for (const char *p = text; (p = strstr(p, "\n```hex ")) != NULL; p++)
		count++;
	assert_int_equal(count, golden_count);
}

static void
values_decode_and_encode_again(void **state)
{
	struct buf bytes = { 0 }, again = { 0 };
	struct rd r;

	(void)state;
	block_bytes(&bytes, "values");
	r = rd_of(bytes.p, bytes.n);
	while (rd_left(&r) != 0) {
		struct value v;

		value_decode(&v, &r);
		value_encode(&again, &v);
	}
	assert_int_equal(rd_done(&r), OK);
	assert_int_equal(again.n, bytes.n);
	assert_memory_equal(again.p, bytes.p, bytes.n);
	buf_release(&bytes);
	buf_release(&again);
}

/* Verify and open a block with the inputs of the document alone. */
static void
open_block(const char *name, struct buf *payload)
{
	struct buf inputs = { 0 }, bytes = { 0 };
	struct network_id network;
	struct segment_id prev, id;
	struct segment s;

	block_bytes(&inputs, "inputs");
	assert_int_equal(inputs.n, 32 + 16 + 32 + 32);
	memcpy(network.b, inputs.p + 32, 16);
	memcpy(prev.b, inputs.p + 48, 32);
	block_bytes(&bytes, name);
	assert_int_equal(segment_parse(&s, bytes.p, bytes.n, NULL), OK);
	segment_identify(&id, &s, &network, &prev);
	assert_int_equal(segment_verify(&s, &id, inputs.p), OK);
	if (payload != NULL)
		assert_int_equal(segment_open(payload, &s, inputs.p + 80, NULL),
		    OK);
	buf_release(&inputs);
	buf_release(&bytes);
}

static void
segments_verify_and_open(void **state)
{
	struct buf payload = { 0 }, want = { 0 };

	(void)state;
	block_bytes(&want, "payload-lone");
	open_block("segment-lone", &payload);
	assert_int_equal(payload.n, want.n);
	assert_memory_equal(payload.p, want.p, want.n);
	open_block("segment-lone-stub", NULL);
	open_block("segment-control", NULL);
	buf_reset(&payload);
	buf_reset(&want);
	golden_packed_payload(&want);
	open_block("segment-packed", &payload);
	assert_int_equal(payload.n, want.n);
	assert_memory_equal(payload.p, want.p, want.n);
	buf_release(&payload);
	buf_release(&want);
}

static void
every_label_stands_in_the_document(void **state)
{
	const char *text = read_document();

	(void)state;
	for (int i = 0; i < LABEL_COUNT; i++) {
		if (strstr(text, label_text((enum label)i)) == NULL)
			fail_msg("FORMAT.md lacks the label %s",
			    label_text((enum label)i));
	}
}

static int
write_document(void)
{
	const struct env *env = env_posix();
	struct buf out = { 0 };
	struct fail f = { 0 };
	const char *text = read_document();
	enum err e = ERR_NOTFOUND;

	if (text != NULL) {
		golden_rewrite(&out, text);
		e = env->file_write(env->self, DOCUMENT, out.p, out.n, &f);
	}
	if (e != OK)
		fprintf(stderr, DOCUMENT ": %s\n", f.text);
	buf_release(&out);
	buf_release(&document);
	return e != OK;
}

static int
forget_document(void **state)
{
	(void)state;
	buf_release(&document);
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_block_is_what_the_code_makes),
		cmocka_unit_test(every_block_of_the_document_is_known),
		cmocka_unit_test(values_decode_and_encode_again),
		cmocka_unit_test(segments_verify_and_open),
		cmocka_unit_test(every_label_stands_in_the_document),
	};

	if (argc == 2 && strcmp(argv[1], "--write") == 0)
		return write_document();
	return cmocka_run_group_tests(tests, NULL, forget_document);
}
