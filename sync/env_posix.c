/*
 * The real machine. Files are written to a temporary name, synced and renamed,
 * and the directory is synced too, so that a power cut leaves old or new.
 */
#include "sync/env.h"
#include "sync/env_room.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#define PATH_BYTES 4096

static int64_t
clock_ms(clockid_t which)
{
	struct timespec t;

	if (clock_gettime(which, &t) != 0)
		return 0;
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t
posix_wall_ms(void *self)
{
	(void)self;
	return clock_ms(CLOCK_REALTIME);
}

static int64_t
posix_mono_ms(void *self)
{
	(void)self;
	return clock_ms(CLOCK_MONOTONIC);
}

static int64_t
posix_boot_ms(void *self)
{
	(void)self;
#ifdef CLOCK_BOOTTIME
	return clock_ms(CLOCK_BOOTTIME);
#else
	return clock_ms(CLOCK_MONOTONIC);
#endif
}

static int
posix_offset_min(void *self)
{
	time_t now = (time_t)(posix_wall_ms(self) / 1000);
	struct tm local;

	if (localtime_r(&now, &local) == NULL)
		return 0;
	return (int)(local.tm_gmtoff / 60);
}

static void
posix_random(void *self, void *p, size_t n)
{
	(void)self;
	randombytes_buf(p, n);
}

static enum err
read_all(struct buf *out, int fd, size_t max, const char *path, struct fail *f)
{
	size_t begun = out->n;

	for (;;) {
		uint8_t block[65536];
		ssize_t n = read(fd, block, sizeof(block));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_set(f, ERR_IO, "%s cannot be read: %s",
			    path, strerror(errno));
		if (n == 0)
			return OK;
		if (out->n - begun + (size_t)n > max)
			return fail_set(f, ERR_LIMIT,
			    "%s is longer than the %zu bytes allowed", path,
			    max);
		buf_put(out, block, (size_t)n);
		if (out->err != OK)
			return fail_set(f, out->err, "%s: %s", path,
			    err_text(out->err));
	}
}

static enum err
posix_file_read(void *self, struct buf *out, const char *path, size_t max,
    struct fail *f)
{
	struct stat st;
	enum err e;
	int fd;

	(void)self;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return fail_set(f, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
		    "%s cannot be opened: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		e = fail_set(f, ERR_IO, "%s is not a regular file", path);
	else
		e = read_all(out, fd, max, path, f);
	(void)close(fd);
	return e;
}

static enum err
sync_directory_of(const char *path, struct fail *f)
{
	char dir[PATH_BYTES];
	char *slash;
	int fd, done;

	(void)snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (slash == NULL)
		(void)snprintf(dir, sizeof(dir), ".");
	else if (slash == dir)
		slash[1] = '\0';
	else
		*slash = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_set(f, ERR_IO, "%s cannot be opened: %s", dir,
		    strerror(errno));
	done = fsync(fd);
	(void)close(fd);
	/* some file systems cannot sync a directory; that is not an error */
	if (done != 0 && errno != EINVAL)
		return fail_set(f, ERR_IO, "%s cannot be synced: %s", dir,
		    strerror(errno));
	return OK;
}

static bool
write_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return fsync(fd) == 0;
}

static enum err
posix_file_write(void *self, const char *path, const void *p, size_t n,
    struct fail *f)
{
	char temporary[PATH_BYTES];
	bool written;
	int fd, length, why;

	(void)self;
	length = snprintf(temporary, sizeof(temporary), "%s.new", path);
	if (length < 0 || (size_t)length >= sizeof(temporary))
		return fail_set(f, ERR_INPUT, "the path is too long");
	(void)unlink(temporary);
	fd = open(temporary,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_set(f, ERR_IO, "%s cannot be written: %s", path,
		    strerror(errno));
	written = write_all(fd, p, n);
	why = errno;
	(void)close(fd);
	if (written && rename(temporary, path) == 0)
		return sync_directory_of(path, f);
	if (written)
		why = errno;
	(void)unlink(temporary);
	return fail_set(f, ERR_IO, "%s cannot be written: %s", path,
	    strerror(why));
}

struct posix_stream {
	int fd;
	bool write;
};

static enum err
fail_stream(struct fail *f, const char *what)
{
	return fail_set(f, ERR_IO, "a file cannot be %s: %s", what,
	    strerror(errno));
}

static enum err
posix_stream_open(void *self, void **stream, const char *path, bool write,
    struct fail *f)
{
	struct posix_stream *s = malloc(sizeof(*s));
	struct stat st;

	(void)self;
	if (s == NULL)
		return fail_code(f, ERR_NOMEM);
	s->write = write;
	s->fd = write
	    ? open(path,
		  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC |
		      O_NOCTTY,
		  0600)
	    : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (s->fd < 0) {
		enum err e = errno == ENOENT ? ERR_NOTFOUND
		    : errno == EEXIST        ? ERR_EXISTS
					     : ERR_IO;

		free(s);
		return fail_set(f, e, "%s cannot be %s: %s", path,
		    write ? "written" : "opened", strerror(errno));
	}
	if (fstat(s->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		(void)close(s->fd);
		free(s);
		return fail_set(f, ERR_IO, "%s is not a regular file", path);
	}
	*stream = s;
	return OK;
}

static enum err
posix_stream_read(void *self, void *stream, void *p, size_t n, size_t *got,
    struct fail *f)
{
	struct posix_stream *s = stream;
	uint8_t *to = p;

	(void)self;
	*got = 0;
	while (*got < n) {
		ssize_t one = read(s->fd, to + *got, n - *got);

		if (one < 0 && errno == EINTR)
			continue;
		if (one < 0)
			return fail_stream(f, "read");
		if (one == 0)
			break;
		*got += (size_t)one;
	}
	return OK;
}

static enum err
posix_stream_write(void *self, void *stream, const void *p, size_t n,
    struct fail *f)
{
	struct posix_stream *s = stream;
	const uint8_t *from = p;

	(void)self;
	while (n > 0) {
		ssize_t one = write(s->fd, from, n);

		if (one < 0 && errno == EINTR)
			continue;
		if (one < 0)
			return fail_stream(f, "written");
		from += one;
		n -= (size_t)one;
	}
	return OK;
}

static enum err
posix_stream_close(void *self, void *stream, struct fail *f)
{
	struct posix_stream *s = stream;
	enum err e = OK;

	(void)self;
	if (s == NULL)
		return OK;
	if (s->write && fsync(s->fd) != 0)
		e = fail_stream(f, "synced");
	if (close(s->fd) != 0 && e == OK && s->write)
		e = fail_stream(f, "closed");
	free(s);
	return e;
}

static enum err
posix_file_move(void *self, const char *from, const char *to, struct fail *f)
{
	(void)self;
	if (rename(from, to) == 0)
		return sync_directory_of(to, f);
	return fail_set(f, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
	    "%s cannot be renamed to %s: %s", from, to, strerror(errno));
}

static enum err
posix_names_sync(void *self, const char *path, struct fail *f)
{
	(void)self;
	return sync_directory_of(path, f);
}

static enum err
posix_file_remove(void *self, const char *path, struct fail *f)
{
	(void)self;
	if (unlink(path) == 0)
		return OK;
	return fail_set(f, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
	    "%s cannot be removed: %s", path, strerror(errno));
}

static enum err
posix_file_look(void *self, const char *path, struct fail *f)
{
	struct stat st;

	(void)self;
	if (lstat(path, &st) == 0)
		return OK;
	if (errno == ENOENT || errno == ENOTDIR)
		return ERR_NOTFOUND;
	return fail_set(f, ERR_IO, "%s cannot be looked at: %s", path,
	    strerror(errno));
}

static enum err
posix_dir_make(void *self, const char *path, struct fail *f)
{
	(void)self;
	if (mkdir(path, 0700) == 0)
		return sync_directory_of(path, f);
	return fail_set(f, errno == EEXIST ? ERR_EXISTS : ERR_IO,
	    "the directory %s cannot be made: %s", path, strerror(errno));
}

static enum err
posix_dir_remove(void *self, const char *path, struct fail *f)
{
	(void)self;
	if (rmdir(path) == 0)
		return OK;
	return fail_set(f, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
	    "the directory %s cannot be removed: %s", path, strerror(errno));
}

struct posix_lock {
	int fd;
};

static void
posix_lock_drop(void *self, void *lock)
{
	struct posix_lock *l = lock;

	(void)self;
	if (l == NULL)
		return;
	(void)close(l->fd);
	free(l);
}

static long
read_holder(int fd)
{
	char text[32] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	return n > 0 ? strtol(text, NULL, 10) : 0;
}

static void
write_holder(int fd)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	/* the number only helps a person; the lock itself is the flock */
	if (n > 0 && ftruncate(fd, 0) == 0)
		(void)!pwrite(fd, text, (size_t)n, 0);
}

static enum err
posix_lock_take(void *self, void **lock, const char *path, long *holder,
    struct fail *f)
{
	struct posix_lock *l;
	int fd;

	(void)self;
	*holder = 0;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && errno == EROFS)
		return fail_set(f, ERR_IO,
		    "%.200s cannot be written: its disk can only be read. "
		    "Nothing was changed; make it writable, or copy the "
		    "directory to a disk that is",
		    path);
	if (fd < 0)
		return fail_set(f, ERR_IO, "%s cannot be opened: %s", path,
		    strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		*holder = read_holder(fd);
		(void)close(fd);
		return fail_set(f, ERR_BUSY,
		    "this replica is in use by process %ld", *holder);
	}
	l = malloc(sizeof(*l));
	if (l == NULL) {
		(void)close(fd);
		return fail_code(f, ERR_NOMEM);
	}
	l->fd = fd;
	write_holder(fd);
	*lock = l;
	return OK;
}

static enum err
posix_binding(void *self, uint8_t out[32], const char *dir, struct fail *f)
{
	struct buf b = { .limit = 8192 };
	struct stat st;
	enum err e = OK;

	if (stat(dir, &st) != 0)
		return fail_set(f, ERR_IO, "%s cannot be looked at: %s", dir,
		    strerror(errno));
	buf_text(&b, "footbridge/binding/v1");
	buf_u8(&b, 0);
	buf_u64(&b, (uint64_t)st.st_ino);
	/* a machine without the file is bound by directory alone */
	(void)posix_file_read(self, &b, "/etc/machine-id", 4096, NULL);
	if (b.err != OK)
		e = fail_code(f, b.err);
	else
		(void)crypto_generichash(out, 32, b.p, b.n, NULL, 0);
	buf_release(&b);
	return e;
}

/* ---- several processors ---- */

/* Threads beside the caller's; more than a small office's server has. */
#define HELPERS_MAX 7
/* Below this a thread costs more than it saves. */
#define EACH_MIN 16

struct sharing {
	atomic_size_t next;
	size_t count;
	void (*one)(void *context, size_t i);
	void *context;
};

static void *
take_share(void *arg)
{
	struct sharing *s = arg;
	size_t i;

	while ((i = atomic_fetch_add(&s->next, 1)) < s->count)
		s->one(s->context, i);
	return NULL;
}

static size_t
helpers_for(size_t count)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (count < EACH_MIN || processors < 2)
		return 0;
	return processors - 1 < HELPERS_MAX ? (size_t)processors - 1
					    : HELPERS_MAX;
}

/* Threads that cannot be had are work for the caller. Signals stay with the
 * threads that wait for them. */
static void
posix_each(void *self, size_t count, void (*one)(void *context, size_t i),
    void *context)
{
	struct sharing s = { .count = count, .one = one, .context = context };
	size_t wanted = helpers_for(count), helpers = 0;
	pthread_t helper[HELPERS_MAX];
	sigset_t all, before;

	(void)self;
	(void)sigfillset(&all);
	if (wanted > 0 && pthread_sigmask(SIG_SETMASK, &all, &before) == 0) {
		while (helpers < wanted &&
		    pthread_create(&helper[helpers], NULL, take_share, &s) == 0)
			helpers++;
		(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	(void)take_share(&s);
	for (size_t i = 0; i < helpers; i++)
		(void)pthread_join(helper[i], NULL);
}

const struct env *
env_posix(void)
{
	static const struct env e = {
		.each = posix_each,
		.wall_ms = posix_wall_ms,
		.offset_min = posix_offset_min,
		.mono_ms = posix_mono_ms,
		.boot_ms = posix_boot_ms,
		.random = posix_random,
		.file_read = posix_file_read,
		.file_write = posix_file_write,
		.stream_open = posix_stream_open,
		.stream_read = posix_stream_read,
		.stream_write = posix_stream_write,
		.stream_close = posix_stream_close,
		.file_move = posix_file_move,
		.file_remove = posix_file_remove,
		.names_sync = posix_names_sync,
		.file_look = posix_file_look,
		.dir_make = posix_dir_make,
		.dir_remove = posix_dir_remove,
		.lock_take = posix_lock_take,
		.lock_drop = posix_lock_drop,
		.binding = posix_binding,
		.room_bytes = env_room_bytes,
		.file_bytes = env_file_bytes,
		.file_room = env_file_room,
	};

	return &e;
}
