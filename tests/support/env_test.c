/*
 * Files are a small array searched from the start: tests have a handful.
 */
#include "tests/support/env_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>
#include <sqlcipher/sqlite3.h>

#define FIRST_WALL_MS 1767600000000LL

static int64_t
test_wall_ms(void *self)
{
	return ((struct env_test *)self)->wall_ms;
}

static int64_t
test_mono_ms(void *self)
{
	return ((struct env_test *)self)->mono_ms;
}

static int
test_offset_min(void *self)
{
	return ((struct env_test *)self)->offset_min;
}

static void
test_random(void *self, void *p, size_t n)
{
	struct env_test *t = self;
	uint8_t *to = p;

	t->random_bytes += n;
	while (n > 0) {
		size_t take;

		if (t->block_left == 0) {
			uint8_t nonce[8];

			memcpy(nonce, &t->block_at, sizeof(nonce));
			t->block_at++;
			(void)crypto_stream_chacha20(t->block, sizeof(t->block),
			    nonce, t->seed);
			t->block_left = sizeof(t->block);
		}
		take = n < t->block_left ? n : t->block_left;
		memcpy(to, t->block + sizeof(t->block) - t->block_left, take);
		t->block_left -= take;
		to += take;
		n -= take;
	}
}

static struct env_test_file *
find(struct env_test *t, const char *path)
{
	for (size_t i = 0; i < t->file_count; i++) {
		if (strcmp(t->files[i].path, path) == 0)
			return &t->files[i];
	}
	return NULL;
}

static struct env_test_file *
add(struct env_test *t, const char *path)
{
	struct env_test_file *file = find(t, path);

	if (file != NULL)
		return file;
	assert(t->file_count < ENV_TEST_FILES);
	file = &t->files[t->file_count++];
	memset(file, 0, sizeof(*file));
	file->path = strdup(path);
	assert(file->path != NULL);
	return file;
}

static enum err
test_file_read(void *self, struct buf *out, const char *path, size_t max,
    struct fail *f)
{
	struct env_test *t = self;
	struct env_test_file *file = find(t, path);

	if (t->on_disk)
		return env_posix()->file_read(NULL, out, path, max, f);
	if (file == NULL || file->directory)
		return fail_set(f, ERR_NOTFOUND,
		    "%s cannot be opened: No such file", path);
	if (file->bytes.n > max)
		return fail_set(f, ERR_LIMIT,
		    "%s is longer than the %zu bytes allowed", path, max);
	buf_put(out, file->bytes.p, file->bytes.n);
	return out->err;
}

static enum err
test_file_write(void *self, const char *path, const void *p, size_t n,
    struct fail *f)
{
	struct env_test *t = self;
	struct env_test_file *file;

	t->file_writes++;
	if (t->writes_until_failure == 0)
		return fail_set(f, ERR_IO, "%s cannot be written: test", path);
	if (t->writes_until_failure > 0)
		t->writes_until_failure--;
	if (t->on_disk)
		return env_posix()->file_write(NULL, path, p, n, f);
	file = add(t, path);
	buf_reset(&file->bytes);
	buf_put(&file->bytes, p, n);
	return file->bytes.err;
}

/* Streams are the real machine's: what is that long is not in memory. */
static enum err
test_stream_open(void *self, void **stream, const char *path, bool write,
    struct fail *f)
{
	struct env_test *t = self;

	if (!t->on_disk)
		return fail_set(f, ERR_UNAVAILABLE, "%s: no long files here",
		    path);
	return env_posix()->stream_open(NULL, stream, path, write, f);
}

static enum err
test_stream_read(void *self, void *stream, void *p, size_t n, size_t *got,
    struct fail *f)
{
	(void)self;
	return env_posix()->stream_read(NULL, stream, p, n, got, f);
}

static enum err
test_stream_write(void *self, void *stream, const void *p, size_t n,
    struct fail *f)
{
	(void)self;
	return env_posix()->stream_write(NULL, stream, p, n, f);
}

static enum err
test_stream_close(void *self, void *stream, struct fail *f)
{
	(void)self;
	return env_posix()->stream_close(NULL, stream, f);
}

static enum err
test_file_move(void *self, const char *from, const char *to, struct fail *f)
{
	struct env_test *t = self;
	struct env_test_file *file;

	if (t->on_disk)
		return env_posix()->file_move(NULL, from, to, f);
	if (find(t, from) == NULL)
		return fail_set(f, ERR_NOTFOUND, "%s is not there", from);
	if (find(t, to) != NULL)
		(void)t->env.file_remove(t, to, NULL);
	file = find(t, from);
	free(file->path);
	file->path = strdup(to);
	assert(file->path != NULL);
	return OK;
}

static enum err
test_file_remove(void *self, const char *path, struct fail *f)
{
	struct env_test *t = self;
	struct env_test_file *file = find(t, path);

	if (t->on_disk)
		return env_posix()->file_remove(NULL, path, f);
	if (file == NULL)
		return fail_set(f, ERR_NOTFOUND, "%s is not there", path);
	free(file->path);
	buf_release(&file->bytes);
	*file = t->files[--t->file_count];
	return OK;
}

static bool
test_file_exists(void *self, const char *path)
{
	struct env_test *t = self;

	if (t->on_disk)
		return env_posix()->file_exists(NULL, path);
	return find(t, path) != NULL;
}

static enum err
test_dir_make(void *self, const char *path, struct fail *f)
{
	struct env_test *t = self;

	if (t->on_disk)
		return env_posix()->dir_make(NULL, path, f);
	if (find(t, path) != NULL)
		return fail_set(f, ERR_EXISTS, "%s is there already", path);
	add(t, path)->directory = true;
	return OK;
}

static enum err
test_dir_remove(void *self, const char *path, struct fail *f)
{
	struct env_test *t = self;

	if (t->on_disk)
		return env_posix()->dir_remove(NULL, path, f);
	return t->env.file_remove(t, path, f);
}

static enum err
test_lock_take(void *self, void **lock, const char *path, long *holder,
    struct fail *f)
{
	struct env_test *t = self;
	struct env_test_lock *free_one = NULL;

	if (t->on_disk)
		return env_posix()->lock_take(NULL, lock, path, holder, f);
	*holder = 0;
	for (size_t i = 0; i < ENV_TEST_LOCKS; i++) {
		struct env_test_lock *l = &t->locks[i];

		if (l->path == NULL) {
			free_one = l;
		} else if (strcmp(l->path, path) == 0) {
			*holder = 1;
			return fail_set(f, ERR_BUSY,
			    "this replica is in use by process 1");
		}
	}
	assert(free_one != NULL);
	free_one->path = strdup(path);
	assert(free_one->path != NULL);
	*lock = free_one;
	return OK;
}

static void
test_lock_drop(void *self, void *lock)
{
	struct env_test *t = self;
	struct env_test_lock *l = lock;

	if (t->on_disk) {
		env_posix()->lock_drop(NULL, lock);
	} else if (l != NULL) {
		free(l->path);
		l->path = NULL;
	}
}

static enum err
test_binding(void *self, uint8_t out[32], const char *dir, struct fail *f)
{
	struct env_test *t = self;

	if (t->on_disk)
		return env_posix()->binding(NULL, out, dir, f);
	memcpy(out, t->binding, sizeof(t->binding));
	return OK;
}

struct env_test *
env_test_new(uint64_t seed)
{
	static unsigned made; /* names only have to differ in one process */
	struct env_test *t = calloc(1, sizeof(*t));
	sqlite3 *keeper = NULL;

	assert(t != NULL);
	t->env = (struct env){
		.self = t,
		.wall_ms = test_wall_ms,
		.offset_min = test_offset_min,
		.mono_ms = test_mono_ms,
		.random = test_random,
		.file_read = test_file_read,
		.file_write = test_file_write,
		.stream_open = test_stream_open,
		.stream_read = test_stream_read,
		.stream_write = test_stream_write,
		.stream_close = test_stream_close,
		.file_move = test_file_move,
		.file_remove = test_file_remove,
		.file_exists = test_file_exists,
		.dir_make = test_dir_make,
		.dir_remove = test_dir_remove,
		.lock_take = test_lock_take,
		.lock_drop = test_lock_drop,
		.binding = test_binding,
		.memory_database = t->memory_name,
	};
	t->wall_ms = FIRST_WALL_MS;
	t->writes_until_failure = -1;
	(void)crypto_generichash(t->seed, sizeof(t->seed),
	    (const uint8_t *)&seed, sizeof(seed), NULL, 0);
	test_random(t, t->binding, sizeof(t->binding));
	(void)snprintf(t->memory_name, sizeof(t->memory_name),
	    "file:/test-%u?vfs=memdb", made++);
	if (sqlite3_open_v2(t->memory_name, &keeper,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI,
		NULL) != SQLITE_OK)
		abort();
	t->keeper = keeper;
	return t;
}

static void
drop_files(struct env_test *t)
{
	for (size_t i = 0; i < t->file_count; i++) {
		free(t->files[i].path);
		buf_release(&t->files[i].bytes);
	}
	t->file_count = 0;
}

void
env_test_free(struct env_test *t)
{
	if (t == NULL)
		return;
	drop_files(t);
	for (size_t i = 0; i < ENV_TEST_LOCKS; i++)
		free(t->locks[i].path);
	(void)sqlite3_close(t->keeper);
	free(t);
}

void
env_test_on_disk(struct env_test *t)
{
	t->on_disk = true;
	t->env.memory_database = NULL;
}

void
env_test_pass(struct env_test *t, int64_t ms)
{
	t->wall_ms += ms;
	t->mono_ms += ms;
}

struct buf *
env_test_file(struct env_test *t, const char *path)
{
	struct env_test_file *file = find(t, path);

	return file != NULL && !file->directory ? &file->bytes : NULL;
}

void
env_test_copy_files(struct env_test *to, const struct env_test *from)
{
	drop_files(to);
	for (size_t i = 0; i < from->file_count; i++) {
		const struct env_test_file *old = &from->files[i];
		struct env_test_file *file = add(to, old->path);

		file->directory = old->directory;
		buf_put(&file->bytes, old->bytes.p, old->bytes.n);
		assert(file->bytes.err == OK);
	}
}
