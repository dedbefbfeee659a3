/*
 * SQLite's side of a disk: what its unix VFS does, on files in memory.
 *
 * As there, a log or journal that is made gets its name synced by its first
 * sync, an empty file counts as absent, and the index of the log is shared
 * memory that nothing keeps. Locks hold between connections of this process.
 */
#include "tests/support/disk_i.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR_OF_UNIX 4096
/* 2026-01-05 in milliseconds of the Julian day */
#define JULIAN_MS 212634374400000LL

struct handle {
	sqlite3_file base;
	struct disk *disk;
	struct disk_node *node;
	char *path; /* owned; NULL: a temporary file */
	bool sync_name, read_only, remove;
	int level;
	bool shm;
	unsigned shm_sharing, shm_exclusive; /* masks of what this one holds */
};

static struct handle *
of(sqlite3_file *file)
{
	return (struct handle *)file;
}

static const char *
parent_of(const char *path, char room[4096])
{
	size_t n = disk_parent(path);

	assert(n < 4096);
	memcpy(room, path, n);
	room[n] = '\0';
	return room;
}

static int
sync_name(struct disk *d, const char *path)
{
	char room[4096];
	struct disk_op op = { .act = DISK_SYNC_DIR,
		.path = parent_of(path, room) };

	return disk_do(d, &op);
}

static int
remove_name(struct disk *d, const char *path)
{
	struct disk_op op = { .act = DISK_DELETE, .path = path };
	struct disk_node *node = disk_find(d, path);
	int why;

	if (node == NULL)
		return ENOENT;
	op.no = node->no;
	why = disk_do(d, &op);
	disk_sweep(d);
	return why;
}

/* ---- reading and writing ---------------------------------------------------*/

static int
f_read(sqlite3_file *file, void *to, int n, sqlite3_int64 at)
{
	struct handle *h = of(file);
	struct disk_op op = { .act = DISK_READ };
	const struct disk_bytes *c = &h->node->now;
	size_t have = 0;

	if (disk_do(h->disk, &op) != 0)
		return SQLITE_IOERR_READ;
	if ((size_t)at < c->n)
		have = c->n - (size_t)at;
	if (have > (size_t)n)
		have = (size_t)n;
	if (have > 0)
		memcpy(to, c->p + at, have);
	memset((uint8_t *)to + have, 0, (size_t)n - have);
	return have == (size_t)n ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int
f_write(sqlite3_file *file, const void *p, int n, sqlite3_int64 at)
{
	struct handle *h = of(file);
	struct disk_op op = { .act = DISK_WRITE,
		.no = h->node->no,
		.at = (size_t)at,
		.n = (size_t)n,
		.p = p };
	int why = h->read_only ? EROFS : disk_do(h->disk, &op);

	if (why == 0)
		return SQLITE_OK;
	return why == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int
f_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct handle *h = of(file);
	struct disk_op op = { .act = DISK_TRUNCATE,
		.no = h->node->no,
		.at = (size_t)size };

	if (h->read_only || disk_do(h->disk, &op) != 0)
		return SQLITE_IOERR_TRUNCATE;
	return SQLITE_OK;
}

static int
f_sync(sqlite3_file *file, int flags)
{
	struct handle *h = of(file);
	struct disk_op op = { .act = DISK_SYNC, .no = h->node->no };

	(void)flags;
	if (disk_do(h->disk, &op) != 0)
		return SQLITE_IOERR_FSYNC;
	/* as unix: that the name is not durable is not told */
	if (h->sync_name && sync_name(h->disk, h->path) == 0)
		h->sync_name = false;
	return SQLITE_OK;
}

static int
f_size(sqlite3_file *file, sqlite3_int64 *size)
{
	*size = (sqlite3_int64)of(file)->node->now.n;
	return SQLITE_OK;
}

static int
f_control(sqlite3_file *file, int op, void *arg)
{
	(void)file, (void)op, (void)arg;
	return SQLITE_NOTFOUND;
}

static int
f_sector(sqlite3_file *file)
{
	(void)file;
	return SECTOR_OF_UNIX;
}

static int
f_traits(sqlite3_file *file)
{
	(void)file;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* ---- locks -----------------------------------------------------------------*/

static bool
is_others(const void *holder, const struct handle *h)
{
	return holder != NULL && holder != h;
}

static int
f_lock(sqlite3_file *file, int level)
{
	struct handle *h = of(file);
	struct disk_node *node = h->node;

	if (h->level >= level)
		return SQLITE_OK;
	if (h->level == SQLITE_LOCK_NONE) {
		if (is_others(node->waiting, h) ||
		    is_others(node->exclusive, h))
			return SQLITE_BUSY;
		node->sharing++;
		h->level = SQLITE_LOCK_SHARED;
	}
	if (level >= SQLITE_LOCK_RESERVED) {
		if (is_others(node->reserved, h))
			return SQLITE_BUSY;
		node->reserved = h;
		h->level = level < SQLITE_LOCK_EXCLUSIVE ? level
							 : SQLITE_LOCK_RESERVED;
	}
	if (level == SQLITE_LOCK_EXCLUSIVE) {
		node->waiting = h;
		h->level = SQLITE_LOCK_PENDING;
		if (node->sharing > 1)
			return SQLITE_BUSY;
		node->exclusive = h;
		h->level = SQLITE_LOCK_EXCLUSIVE;
	}
	return SQLITE_OK;
}

static int
f_unlock(sqlite3_file *file, int level)
{
	struct handle *h = of(file);
	struct disk_node *node = h->node;

	if (h->level <= level)
		return SQLITE_OK;
	if (node->reserved == h)
		node->reserved = NULL;
	if (node->waiting == h)
		node->waiting = NULL;
	if (node->exclusive == h)
		node->exclusive = NULL;
	if (level == SQLITE_LOCK_NONE)
		node->sharing--;
	h->level = level;
	return SQLITE_OK;
}

static int
f_reserved(sqlite3_file *file, int *out)
{
	*out = of(file)->node->reserved != NULL;
	return SQLITE_OK;
}

/* ---- the index of the log --------------------------------------------------*/

static int
f_shm_map(sqlite3_file *file, int at, int n, int extend, void volatile **out)
{
	struct handle *h = of(file);
	struct disk_node *node = h->node;
	struct disk_op grow = { .act = DISK_READ };

	if (!h->shm) {
		h->shm = true;
		node->shm_users++;
	}
	*out = NULL;
	if ((size_t)at < node->shm_count) {
		*out = node->shm[at];
		return SQLITE_OK;
	}
	if (extend == 0)
		return SQLITE_OK;
	if (disk_do(h->disk, &grow) != 0)
		return SQLITE_IOERR_SHMSIZE;
	while (node->shm_count <= (size_t)at) {
		size_t room = node->shm_count;

		node->shm =
		    disk_realloc(node->shm, (room + 1) * sizeof(node->shm[0]));
		node->shm[node->shm_count++] = disk_alloc((size_t)n);
	}
	*out = node->shm[at];
	return SQLITE_OK;
}

static void
shm_drop(struct handle *h, unsigned mask)
{
	struct disk_node *node = h->node;

	for (unsigned i = 0; i < DISK_SHM_LOCKS; i++) {
		unsigned bit = 1u << i;

		if ((mask & bit) == 0)
			continue;
		if ((h->shm_sharing & bit) != 0)
			node->shm_sharing[i]--;
		if ((h->shm_exclusive & bit) != 0)
			node->shm_exclusive[i] = false;
		h->shm_sharing &= ~bit;
		h->shm_exclusive &= ~bit;
	}
}

static int
f_shm_lock(sqlite3_file *file, int at, int n, int flags)
{
	struct handle *h = of(file);
	struct disk_node *node = h->node;
	unsigned mask = ((1u << n) - 1) << at;
	bool shared = (flags & SQLITE_SHM_SHARED) != 0;

	if ((flags & SQLITE_SHM_UNLOCK) != 0) {
		shm_drop(h, mask);
		return SQLITE_OK;
	}
	for (int i = at; i < at + n; i++) {
		unsigned bit = 1u << i;
		unsigned own = (h->shm_sharing & bit) != 0;

		if (node->shm_exclusive[i] && (h->shm_exclusive & bit) == 0)
			return SQLITE_BUSY;
		if (!shared && node->shm_sharing[i] > own)
			return SQLITE_BUSY;
	}
	for (int i = at; i < at + n; i++) {
		unsigned bit = 1u << i;

		if (!shared) {
			node->shm_exclusive[i] = true;
			h->shm_exclusive |= bit;
		} else if ((h->shm_sharing & bit) == 0) {
			node->shm_sharing[i]++;
			h->shm_sharing |= bit;
		}
	}
	return SQLITE_OK;
}

static void
f_shm_barrier(sqlite3_file *file)
{
	(void)file;
}

static int
f_shm_unmap(sqlite3_file *file, int and_delete)
{
	struct handle *h = of(file);
	struct disk_node *node = h->node;

	(void)and_delete;
	if (!h->shm)
		return SQLITE_OK;
	shm_drop(h, (1u << DISK_SHM_LOCKS) - 1);
	h->shm = false;
	if (--node->shm_users > 0)
		return SQLITE_OK;
	for (size_t i = 0; i < node->shm_count; i++)
		free(node->shm[i]);
	node->shm_count = 0;
	return SQLITE_OK;
}

static int
f_close(sqlite3_file *file)
{
	struct handle *h = of(file);

	(void)f_shm_unmap(file, 0);
	(void)f_unlock(file, SQLITE_LOCK_NONE);
	h->node->open--;
	if (h->remove && h->path != NULL)
		(void)remove_name(h->disk, h->path);
	disk_sweep(h->disk);
	free(h->path);
	return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = f_close,
	.xRead = f_read,
	.xWrite = f_write,
	.xTruncate = f_truncate,
	.xSync = f_sync,
	.xFileSize = f_size,
	.xLock = f_lock,
	.xUnlock = f_unlock,
	.xCheckReservedLock = f_reserved,
	.xFileControl = f_control,
	.xSectorSize = f_sector,
	.xDeviceCharacteristics = f_traits,
	.xShmMap = f_shm_map,
	.xShmLock = f_shm_lock,
	.xShmBarrier = f_shm_barrier,
	.xShmUnmap = f_shm_unmap,
};

/* ---- the VFS ---------------------------------------------------------------*/

static struct disk *
disk_of(sqlite3_vfs *vfs)
{
	return vfs->pAppData;
}

/* A node for this name, there already or new; NULL: it cannot be opened. */
static struct disk_node *
open_node(struct disk *d, const char *name, int flags, struct handle *h)
{
	struct disk_node *node = name != NULL ? disk_find(d, name) : NULL;
	struct disk_op op = { .act = node != NULL ? DISK_OPEN : DISK_CREATE,
		.path = name };
	int why;

	if (node != NULL &&
	    (node->directory || (flags & SQLITE_OPEN_EXCLUSIVE) != 0))
		return NULL;
	if (node == NULL && (flags & SQLITE_OPEN_CREATE) == 0)
		return NULL;
	why = disk_do(d, &op);
	if (why == EROFS && node != NULL)
		h->read_only = true;
	else if (why != 0)
		return NULL;
	/* whoever may have made it: the name of one that was made and not synced
	 * by a process that was killed is not durable either */
	h->sync_name = name != NULL && (flags & SQLITE_OPEN_CREATE) != 0 &&
	    (flags &
		(SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL |
		    SQLITE_OPEN_SUPER_JOURNAL)) != 0;
	return node != NULL ? node : disk_node(d, op.no);
}

static int
v_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
    int *out_flags)
{
	struct handle *h = of(file);

	memset(h, 0, sizeof(*h));
	h->disk = disk_of(vfs);
	h->read_only = (flags & SQLITE_OPEN_READONLY) != 0;
	h->remove = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
	h->node = open_node(h->disk, name, flags, h);
	if (h->node == NULL)
		return SQLITE_CANTOPEN;
	h->path = disk_text(name);
	h->node->open++;
	file->pMethods = &methods;
	if (out_flags != NULL)
		*out_flags = h->read_only
		    ? (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) |
			SQLITE_OPEN_READONLY
		    : flags;
	return SQLITE_OK;
}

static int
v_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
	struct disk *d = disk_of(vfs);
	int why = remove_name(d, name);

	if (why == ENOENT)
		return SQLITE_IOERR_DELETE_NOENT;
	if (why != 0)
		return SQLITE_IOERR_DELETE;
	if (sync_directory != 0 && sync_name(d, name) != 0)
		return SQLITE_IOERR_DIR_FSYNC;
	return SQLITE_OK;
}

static int
v_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	struct disk *d = disk_of(vfs);
	const struct disk_node *node = disk_find(d, name);
	struct disk_op op = { .act = DISK_LOOK };

	if (disk_do(d, &op) != 0)
		return SQLITE_IOERR_ACCESS;
	*out = node != NULL &&
	    (flags != SQLITE_ACCESS_EXISTS || node->directory ||
		node->now.n > 0);
	return SQLITE_OK;
}

static int
v_full_path(sqlite3_vfs *vfs, const char *name, int n, char *out)
{
	(void)vfs;
	return snprintf(out, (size_t)n, "%s", name) < n ? SQLITE_OK
							: SQLITE_CANTOPEN;
}

static int
v_random(sqlite3_vfs *vfs, int n, char *out)
{
	for (int i = 0; i < n; i++)
		out[i] = (char)disk_dice(&disk_of(vfs)->dice);
	return n;
}

/* Nobody waits: what a time-out bounds is over at once. */
static int
v_sleep(sqlite3_vfs *vfs, int microseconds)
{
	(void)vfs;
	return microseconds;
}

static int
v_time_ms(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
	(void)vfs;
	*out = JULIAN_MS;
	return SQLITE_OK;
}

static int
v_time(sqlite3_vfs *vfs, double *out)
{
	(void)vfs;
	*out = (double)JULIAN_MS / 86400000.0;
	return SQLITE_OK;
}

static int
v_last_error(sqlite3_vfs *vfs, int n, char *out)
{
	(void)vfs, (void)n, (void)out;
	return 0;
}

void
disk_vfs_init(struct disk *d)
{
	static unsigned made; /* names only have to differ in one process */

	(void)snprintf(d->vfs_name, sizeof(d->vfs_name), "disk-%u", made++);
	d->vfs = (sqlite3_vfs){
		.iVersion = 2,
		.szOsFile = (int)sizeof(struct handle),
		.mxPathname = 4000,
		.zName = d->vfs_name,
		.pAppData = d,
		.xOpen = v_open,
		.xDelete = v_delete,
		.xAccess = v_access,
		.xFullPathname = v_full_path,
		.xRandomness = v_random,
		.xSleep = v_sleep,
		.xCurrentTime = v_time,
		.xCurrentTimeInt64 = v_time_ms,
		.xGetLastError = v_last_error,
	};
	if (sqlite3_vfs_register(&d->vfs, 0) != SQLITE_OK)
		abort();
	d->env.vfs = d->vfs_name;
}
