/*
 * The one seam through which clock, randomness and files enter sync/.
 *
 * The program uses env_posix(); the property tests and, later, the simulator
 * bring their own. Nothing in sync/ calls time(), open() or an OS random
 * source. SQLite's files go through the VFS named here.
 *
 * Functions get env->self first. All are called from one thread; each() alone
 * may use others, and has none left when it returns.
 */
#ifndef FOOTBRIDGE_SYNC_ENV_H
#define FOOTBRIDGE_SYNC_ENV_H

#include "sync/buf.h"

struct env {
	void *self;

	/* Milliseconds since 1970-01-01 UTC; may jump anywhere, also < 0. */
	int64_t (*wall_ms)(void *self);
	/* Minutes east of UTC at the wall clock's place, -840..840. */
	int (*offset_min)(void *self);
	/* Milliseconds from an arbitrary start; never goes back. */
	int64_t (*mono_ms)(void *self);
	/* The same, but it goes on while the machine sleeps. NULL: mono_ms. */
	int64_t (*boot_ms)(void *self);
	/* Fill p[n] with unpredictable bytes; cannot fail (aborts instead). */
	void (*random)(void *self, void *p, size_t n);

	/* Append the whole file to out. ERR_NOTFOUND, ERR_LIMIT when longer
	 * than max, ERR_IO. Refuses anything but a regular file. */
	enum err (*file_read)(void *self, struct buf *out, const char *path,
	    size_t max, struct fail *f);
	/* Replace path by these bytes, whole or not at all: temporary name in
	 * the same directory, sync, rename, sync of the directory. Mode 0600. */
	enum err (*file_write)(void *self, const char *path, const void *p,
	    size_t n, struct fail *f);
	/* Give a file another name in the same directory, replacing what has
	 * it, whole or not at all; the directory is synced. The file's own
	 * bytes must be on disk already. ERR_NOTFOUND, ERR_IO. */
	enum err (*file_move)(void *self, const char *from, const char *to,
	    struct fail *f);
	/*
	 * A file too long for memory. Opened for reading it must be a regular
	 * one; opened for writing it is new, mode 0600: ERR_EXISTS. Reading
	 * gives *got < n only at the end. Closing what was written syncs it;
	 * NULL is fine. A file that was not closed with OK is to be removed.
	 */
	enum err (*stream_open)(void *self, void **stream, const char *path,
	    bool write, struct fail *f);
	enum err (*stream_read)(void *self, void *stream, void *p, size_t n,
	    size_t *got, struct fail *f);
	enum err (*stream_write)(void *self, void *stream, const void *p,
	    size_t n, struct fail *f);
	enum err (*stream_close)(void *self, void *stream, struct fail *f);
	/* ERR_NOTFOUND when absent. */
	enum err (*file_remove)(void *self, const char *path, struct fail *f);
	/* What was made and removed in the directory of this path stays so: for
	 * names that others change (SQLite). ERR_IO */
	enum err (*names_sync)(void *self, const char *path, struct fail *f);
	/* OK: it is there; ERR_NOTFOUND; ERR_IO: that cannot be seen, and nobody
	 * may take it for absent and put another in its place. */
	enum err (*file_look)(void *self, const char *path, struct fail *f);
	/* Make one directory, mode 0700; ERR_EXISTS when it is there. Its name
	 * is durable: what is synced in it can be found after a power cut. */
	enum err (*dir_make)(void *self, const char *path, struct fail *f);
	/* Remove an empty one. */
	enum err (*dir_remove)(void *self, const char *path, struct fail *f);
	/* Take the exclusive lock file at path, held until lock_drop; *holder
	 * is the process that has it on ERR_BUSY, else 0. */
	enum err (*lock_take)(void *self, void **lock, const char *path,
	    long *holder, struct fail *f);
	void (*lock_drop)(void *self, void *lock);
	/* What this machine and directory are: hashed into out[32]. Changes
	 * when the directory is copied, restored or moved to another machine
	 * (machine-id, device and inode of the directory). */
	enum err (*binding)(void *self, uint8_t out[32], const char *dir,
	    struct fail *f);

	/*
	 * Room on disks. All three or none, and NULL where nobody fills any.
	 * room_bytes: what may still be written beside path; file_bytes: how
	 * long a file is; -1: it cannot be told. file_room makes path, mode
	 * 0600, a file of so many bytes that are really its own on the disk, or
	 * cuts it to so many; on failure it is as long as before. ERR_IO
	 */
	int64_t (*room_bytes)(void *self, const char *path);
	int64_t (*file_bytes)(void *self, const char *path);
	enum err (*file_room)(void *self, const char *path, int64_t bytes,
	    struct fail *f);

	/*
	 * Run one(context, i) once for every i below count, in any order and
	 * perhaps on several processors at once; returns when all are done.
	 * What one() changes belongs to i alone, and it uses nothing of env or
	 * the database. NULL: one after the other (env_each).
	 */
	void (*each)(void *self, size_t count,
	    void (*one)(void *context, size_t i), void *context);

	/* SQLite VFS name; NULL for the platform's own. */
	const char *vfs;
	/* Only tests and the simulator: the replica's database lives in memory
	 * (":memory:" or a named shared one) without a key; NULL normally. */
	const char *memory_database;
};

/* The real machine; a constant that lives as long as the program. */
const struct env *env_posix(void);

static inline int64_t
env_wall_ms(const struct env *e)
{
	return e->wall_ms(e->self);
}

static inline int64_t
env_mono_ms(const struct env *e)
{
	return e->mono_ms(e->self);
}

static inline int64_t
env_boot_ms(const struct env *e)
{
	return e->boot_ms != NULL ? e->boot_ms(e->self) : e->mono_ms(e->self);
}

/* false only for what is absent for certain. */
static inline bool
env_exists(const struct env *e, const char *path)
{
	return e->file_look(e->self, path, NULL) != ERR_NOTFOUND;
}

/* Remove it if it is there; nothing is said where it is not. ERR_IO */
static inline enum err
env_forget(const struct env *e, const char *path, struct fail *f)
{
	struct fail why = { 0 };
	enum err done = e->file_remove(e->self, path, &why);

	if (done == ERR_NOTFOUND)
		return OK;
	if (done != OK && f != NULL)
		*f = why;
	return done;
}

/* OK: nothing has this name; ERR_EXISTS, without a text; ERR_IO. */
static inline enum err
env_is_free(const struct env *e, const char *path, struct fail *f)
{
	enum err seen = e->file_look(e->self, path, f);

	return seen == OK ? ERR_EXISTS : seen == ERR_NOTFOUND ? OK : seen;
}

static inline void
env_each(const struct env *e, size_t count,
    void (*one)(void *context, size_t i), void *context)
{
	if (e->each != NULL) {
		e->each(e->self, count, one, context);
		return;
	}
	for (size_t i = 0; i < count; i++)
		one(context, i);
}
static inline void
env_random(const struct env *e, void *p, size_t n)
{
	e->random(e->self, p, n);
}

#endif
