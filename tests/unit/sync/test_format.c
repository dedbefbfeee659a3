/*
 * sync/FORMAT.md is executed: each of its hex blocks is what the code makes.
 * So is the golden bundle, which tests/second/ opens from the document alone.
 *
 *	test_format           compare
 *	test_format --write   put the blocks of today's code into the document,
 *	                      and the bundle and its keys into tests/second/
 *
 * Once a version is released, a block that differs is a broken format, not a
 * reason to run --write.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "sync/label.h"
#include "sync/value.h"
#include "tests/support/golden.h"
#include "tests/support/golden_bundle.h"
#include "tests/support/sealing.h"

#define DOCUMENT "sync/FORMAT.md"

static struct buf document;

static enum err
read_file(struct buf *out, const char *path)
{
	const struct env *env = env_posix();

	buf_reset(out);
	return env->file_read(env->self, out, path, 1024 * 1024, NULL);
}

static const char *
read_document(void)
{
	return read_file(&document, DOCUMENT) == OK ? buf_cstr(&document)
						    : NULL;
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
	/* these are made by test_message.c */
	unsigned count = 0, messages = 0;
	size_t n;

	(void)state;
	for (const char *p = text; (p = strstr(p, "\n```hex ")) != NULL; p++)
		count++;
	messages += golden_find(&n, text, "hello") != NULL;
	messages += golden_find(&n, text, "further") != NULL;
	messages += golden_find(&n, text, "sweep") != NULL;
	assert_int_equal(count, golden_count + messages);
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
	block_bytes(&want, "part-only");
	open_block("segment-attachment", &payload);
	assert_int_equal(payload.n, want.n);
	assert_memory_equal(payload.p, want.p, want.n);
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

static void
same_file(const struct buf *made, const char *path)
{
	struct buf file = { 0 };

	assert_int_equal(read_file(&file, path), OK);
	if (file.n != made->n || memcmp(file.p, made->p, made->n) != 0)
		fail_msg("%s is not what the code makes; before a release:"
			 " test_format --write",
		    path);
	buf_release(&file);
}

static void
the_golden_bundle_is_what_the_code_makes(void **state)
{
	struct golden_bundle g;
	struct buf file = { 0 }, zstd = { 0 };

	(void)state;
	golden_bundle_make(&g);
	golden_bundle_zstd(&zstd);
	assert_int_equal(read_file(&file, GOLDEN_KEYS_FILE), OK);
	if (strstr(buf_cstr(&file), buf_cstr(&zstd)) == NULL) {
		print_message("made with another zstd: not compared\n");
	} else {
		same_file(&g.keys, GOLDEN_KEYS_FILE);
		same_file(&g.bytes, GOLDEN_BUNDLE_FILE);
	}
	buf_release(&file);
	buf_release(&zstd);
	golden_bundle_release(&g);
}

static void
the_golden_bundle_is_imported_by_its_recipient(void **state)
{
	struct exchange_stats stats = { 0 };
	struct bundle_reader from;
	struct golden_bundle g;
	struct buf file = { 0 };

	(void)state;
	golden_bundle_make(&g);
	assert_int_equal(read_file(&file, GOLDEN_BUNDLE_FILE), OK);
	from = office_reader(&file);
	assert_int_equal(bundle_import(g.clinic->r, NULL, &stats, &from, NULL),
	    OK);
	assert_int_equal(stats.outcome[OUTCOME_REFUSED], 0);
	assert_int_equal(stats.outcome[OUTCOME_WAITING], 0);
	assert_string_equal(office_get(g.clinic, &g.person, "preferred_name"),
	    "Cafe");
	assert_int_equal(office_number(g.clinic,
			     "SELECT COUNT(*) FROM appointment"
			     " WHERE state = 'rescheduled'"),
	    1);
	assert_int_equal(office_number(g.clinic,
			     "SELECT COUNT(*) FROM contact_note"),
	    0);
	buf_release(&file);
	golden_bundle_release(&g);
}

static enum err
write_file(const char *path, const struct buf *bytes)
{
	const struct env *env = env_posix();
	struct fail f = { 0 };
	enum err e = env->file_write(env->self, path, bytes->p, bytes->n, &f);

	if (e == OK)
		(void)chmod(path, 0644); /* env makes private files */
	else
		(void)fprintf(stderr, "%s\n", f.text);
	return e;
}

static int
write_all(void)
{
	struct golden_bundle g;
	struct buf out = { 0 };
	const char *text = read_document();
	enum err e = ERR_NOTFOUND;

	golden_bundle_make(&g);
	if (text != NULL) {
		golden_rewrite(&out, text);
		e = write_file(DOCUMENT, &out);
	}
	if (e == OK)
		e = write_file(GOLDEN_BUNDLE_FILE, &g.bytes);
	if (e == OK)
		e = write_file(GOLDEN_KEYS_FILE, &g.keys);
	golden_bundle_release(&g);
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
		cmocka_unit_test(the_golden_bundle_is_what_the_code_makes),
		cmocka_unit_test(
		    the_golden_bundle_is_imported_by_its_recipient),
	};

	if (argc == 2 && strcmp(argv[1], "--write") == 0)
		return write_all();
	return cmocka_run_group_tests(tests, NULL, forget_document);
}
