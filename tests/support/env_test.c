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

static enum err
test_file_read(void *self, struct buf *out, const char *path, size_t max,
    struct fail *f)
{
	const struct env *below = ((struct env_test *)self)->below;

	return below->file_read(below->self, out, path, max, f);
}

static enum err
test_file_write(void *self, const char *path, const void *p, size_t n,
    struct fail *f)
{
	struct env_test *t = self;

	t->file_writes++;
	if (t->writes_until_failure == 0)
		return fail_set(f, ERR_IO, "%s cannot be written: test", path);
	if (t->writes_until_failure > 0)
		t->writes_until_failure--;
	return t->below->file_write(t->below->self, path, p, n, f);
}

static enum err
test_stream_open(void *self, void **stream, const char *path, bool write,
    struct fail *f)
{
	const struct env *below = ((struct env_test *)self)->below;

	return below->stream_open(below->self, stream, path, write, f);
}

static enum err
test_stream_read(void *self, void *stream, void *p, size_t n, size_t *got,
    struct fail *f)
{
	const struct env *below = ((struct env_test *)self)->below;

	return below->stream_read(below->self, stream, p, n, got, f);
}

static enum err
test_stream_write(void *self, void *stream, const void *p, size_t n,
    struct fail *f)
{
	const struct env *below = ((struct env_test *)self)->below;

	return below->stream_write(below->self, stream, p, n, f);
}

static enum err
test_stream_close(void *self, void *stream, struct fail *f)
{
	const struct env *below = ((struct env_test *)self)->below;

	return below->stream_close(below->self, stream, f);
}

static enum err
test_file_move(void *self, const char *from, const char *to, struct fail *f)
{
	const struct env *below = ((struct env_test *)self)->below;

	return below->file_move(below->self, from, to, f);
}

static enum err
test_file_remove(void *self, const char *path, struct fail *f)
{
	const struct env *below = ((struct env_test *)self)->below;

	return below->file_remove(below->self, path, f);
}

static enum err
test_names_sync(void *self, const char *path, struct fail *f)
{
	const struct env *below = ((struct env_test *)self)->below;

	return below->names_sync(below->self, path, f);
}

static enum err
test_file_look(void *self, const char *path, struct fail *f)
{
	const struct env *below = ((struct env_test *)self)->below;

	return below->file_look(below->self, path, f);
}

static enum err
test_dir_make(void *self, const char *path, struct fail *f)
{
	const struct env *below = ((struct env_test *)self)->below;

	return below->dir_make(below->self, path, f);
}

static enum err
test_dir_remove(void *self, const char *path, struct fail *f)
{
	const struct env *below = ((struct env_test *)self)->below;

	return below->dir_remove(below->self, path, f);
}

static enum err
test_lock_take(void *self, void **lock, const char *path, long *holder,
    struct fail *f)
{
	const struct env *below = ((struct env_test *)self)->below;

	return below->lock_take(below->self, lock, path, holder, f);
}

static void
test_lock_drop(void *self, void *lock)
{
	const struct env *below = ((struct env_test *)self)->below;

	below->lock_drop(below->self, lock);
}

static enum err
test_binding(void *self, uint8_t out[32], const char *dir, struct fail *f)
{
	struct env_test *t = self;

	if (t->below == env_posix())
		return t->below->binding(t->below->self, out, dir, f);
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
		.names_sync = test_names_sync,
		.file_look = test_file_look,
		.dir_make = test_dir_make,
		.dir_remove = test_dir_remove,
		.lock_take = test_lock_take,
		.lock_drop = test_lock_drop,
		.binding = test_binding,
		.memory_database = t->memory_name,
	};
	t->disk = disk_new(seed);
	t->below = disk_env(t->disk);
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

void
env_test_free(struct env_test *t)
{
	if (t == NULL)
		return;
	disk_free(t->disk);
	(void)sqlite3_close(t->keeper);
	free(t);
}

void
env_test_on_disk(struct env_test *t)
{
	t->below = env_posix();
	t->env.memory_database = NULL;
}

void
env_test_on_virtual_disk(struct env_test *t)
{
	t->below = disk_env(t->disk);
	t->env.memory_database = NULL;
	t->env.vfs = disk_vfs(t->disk);
}

void
env_test_pass(struct env_test *t, int64_t ms)
{
	t->wall_ms += ms;
	t->mono_ms += ms;
}

void
env_test_copy_files(struct env_test *to, const struct env_test *from)
{
	disk_restore(to->disk, from->disk);
}
