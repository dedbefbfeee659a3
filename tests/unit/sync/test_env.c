/* The real machine behind the seam: files whole or not at all, one lock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "sync/env.h"

static char dir[64];
static char path[128];

static int
make_directory(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test-env-XXXXXX");
	(void)snprintf(path, sizeof(path), "%s", dir);
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/file", dir);
	return 0;
}

static int
remove_directory(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)rmdir(path);
	return rmdir(dir);
}

static enum err
read_file(struct buf *out, size_t max, struct fail *f)
{
	const struct env *e = env_posix();

	return e->file_read(e->self, out, path, max, f);
}

static enum err
write_file(const char *text)
{
	const struct env *e = env_posix();

	return e->file_write(e->self, path, text, strlen(text), NULL);
}

static void
a_written_file_reads_back_and_is_private(void **state)
{
	struct buf b = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(write_file("first"), OK);
	assert_int_equal(write_file("second"), OK);
	buf_text(&b, ">");
	assert_int_equal(read_file(&b, 100, NULL), OK);
	assert_string_equal(buf_cstr(&b), ">second");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	buf_release(&b);
}

static void
a_leftover_of_an_interrupted_write_is_replaced(void **state)
{
	char leftover[160];
	struct buf b = { 0 };
	FILE *file;

	(void)state;
	(void)snprintf(leftover, sizeof(leftover), "%s.new", path);
	file = fopen(leftover, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(write_file("whole"), OK);
	assert_int_equal(access(leftover, F_OK), -1);
	assert_int_equal(read_file(&b, 5, NULL), OK);
	assert_string_equal(buf_cstr(&b), "whole");
	buf_release(&b);
}

static void
a_file_one_byte_too_long_is_refused(void **state)
{
	struct fail f = { 0 };
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(write_file("12345"), OK);
	assert_int_equal(read_file(&b, 4, &f), ERR_LIMIT);
	assert_non_null(strstr(f.text, "4 bytes"));
	buf_release(&b);
	assert_int_equal(read_file(&b, 5, &f), OK);
	buf_release(&b);
}

static void
a_missing_file_is_not_found(void **state)
{
	const struct env *e = env_posix();
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(read_file(&b, 5, NULL), ERR_NOTFOUND);
	assert_false(env_exists(e, path));
	assert_int_equal(e->file_remove(e->self, path, NULL), ERR_NOTFOUND);
	assert_int_equal(write_file(""), OK);
	assert_true(env_exists(e, path));
	assert_int_equal(e->file_remove(e->self, path, NULL), OK);
	assert_false(env_exists(e, path));
}

static void
only_regular_files_are_read(void **state)
{
	const struct env *e = env_posix();
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(read_file(&b, 5, NULL), ERR_IO);
	assert_int_equal(e->file_read(e->self, &b, dir, 5, NULL), ERR_IO);
	assert_int_equal(b.n, 0);
	buf_release(&b);
}

static void
a_write_into_a_missing_directory_says_so(void **state)
{
	const struct env *e = env_posix();
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(e->file_write(e->self, "/nonexistent/x", "1", 1, &f),
	    ERR_IO);
	assert_non_null(strstr(f.text, "/nonexistent/x"));
}

static void
a_directory_is_made_once_and_private(void **state)
{
	const struct env *e = env_posix();
	struct stat st;

	(void)state;
	assert_int_equal(e->dir_make(e->self, path, NULL), OK);
	assert_int_equal(e->dir_make(e->self, path, NULL), ERR_EXISTS);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void
the_lock_has_one_holder_and_names_it(void **state)
{
	const struct env *e = env_posix();
	void *lock = NULL, *second = NULL;
	struct fail f = { 0 };
	long holder = -1;

	(void)state;
	assert_int_equal(e->lock_take(e->self, &lock, path, &holder, &f), OK);
	assert_non_null(lock);
	assert_int_equal(holder, 0);
	assert_int_equal(e->lock_take(e->self, &second, path, &holder, &f),
	    ERR_BUSY);
	assert_null(second);
	assert_int_equal(holder, (long)getpid());
	e->lock_drop(e->self, lock);
	assert_int_equal(e->lock_take(e->self, &second, path, &holder, &f), OK);
	e->lock_drop(e->self, second);
	e->lock_drop(e->self, NULL);
}

/* a crash must leave nothing that keeps the owner out */
static void
a_dead_holder_s_lock_is_free(void **state)
{
	const struct env *e = env_posix();
	void *lock = NULL;
	int status = 0;
	long holder;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0)
		_exit(e->lock_take(e->self, &lock, path, &holder, NULL) != OK);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(e->lock_take(e->self, &lock, path, &holder, NULL), OK);
	e->lock_drop(e->self, lock);
}

static void
the_binding_tells_two_directories_apart(void **state)
{
	const struct env *e = env_posix();
	uint8_t here[32], again[32], there[32];

	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(e->binding(e->self, here, dir, NULL), OK);
	assert_int_equal(e->binding(e->self, again, dir, NULL), OK);
	assert_int_equal(e->binding(e->self, there, path, NULL), OK);
	assert_memory_equal(here, again, 32);
	assert_memory_not_equal(here, there, 32);
	assert_int_equal(e->binding(e->self, there, "/nonexistent", NULL),
	    ERR_IO);
}

static void
clocks_and_randomness_answer(void **state)
{
	const struct env *e = env_posix();
	uint8_t a[32] = { 0 }, b[32] = { 0 };
	int64_t before = env_mono_ms(e);

	(void)state;
	assert_true(env_wall_ms(e) > 1600000000000LL);
	assert_true(env_mono_ms(e) >= before);
	assert_in_range(e->offset_min(e->self) + 840, 0, 1680);
	env_random(e, a, sizeof(a));
	env_random(e, b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

static void
count_once(void *context, size_t i)
{
	((unsigned char *)context)[i]++;
}

static void
each_runs_every_one_once(void **state)
{
	static const size_t counts[] = { 0, 1, 15, 16, 5000 };
	static unsigned char done[5001];

	(void)state;
	for (size_t k = 0; k < COUNT_OF(counts); k++) {
		memset(done, 0, sizeof(done));
		env_each(env_posix(), counts[k], count_once, done);
		for (size_t i = 0; i < sizeof(done); i++)
			assert_int_equal(done[i], i < counts[k]);
	}
}

#define IN_DIRECTORY(test) \
	cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(a_written_file_reads_back_and_is_private),
		IN_DIRECTORY(a_leftover_of_an_interrupted_write_is_replaced),
		IN_DIRECTORY(a_file_one_byte_too_long_is_refused),
		IN_DIRECTORY(a_missing_file_is_not_found),
		IN_DIRECTORY(only_regular_files_are_read),
		IN_DIRECTORY(a_write_into_a_missing_directory_says_so),
		IN_DIRECTORY(a_directory_is_made_once_and_private),
		IN_DIRECTORY(the_lock_has_one_holder_and_names_it),
		IN_DIRECTORY(a_dead_holder_s_lock_is_free),
		IN_DIRECTORY(the_binding_tells_two_directories_apart),
		cmocka_unit_test(clocks_and_randomness_answer),
		cmocka_unit_test(each_runs_every_one_once),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
