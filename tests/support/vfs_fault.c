/* Every method of a file is passed to the real one behind it. */
#include "tests/support/vfs_fault.h"

#include <string.h>
#include <unistd.h>

#include <sqlcipher/sqlite3.h>

struct fault_file {
	sqlite3_file base;
	sqlite3_file *real; /* directly behind this struct */
};

static struct {
	sqlite3_vfs *below;
	enum vfs_fault_kind kind;
	unsigned nth, seen, fired, writes, syncs;
	bool for_ever;
} plan;

void
vfs_fault_plan(enum vfs_fault_kind kind, unsigned nth, bool for_ever)
{
	plan.kind = kind;
	plan.nth = nth;
	plan.for_ever = for_ever;
	plan.seen = plan.fired = plan.writes = plan.syncs = 0;
}

unsigned
vfs_fault_fired(void)
{
	return plan.fired;
}

unsigned
vfs_fault_writes(void)
{
	return plan.writes;
}

unsigned
vfs_fault_syncs(void)
{
	return plan.syncs;
}

static bool
hit(void)
{
	unsigned at = plan.seen++;

	if (at != plan.nth && !(plan.for_ever && at > plan.nth))
		return false;
	plan.fired++;
	return true;
}

void
vfs_fault_step(void)
{
	if (plan.kind == VFS_FAULT_DIE && hit())
		_exit(VFS_FAULT_DEAD);
}

static sqlite3_file *
real(sqlite3_file *file)
{
	return ((struct fault_file *)file)->real;
}

static int
f_close(sqlite3_file *file)
{
	return real(file)->pMethods->xClose(real(file));
}

static int
f_read(sqlite3_file *file, void *to, int n, sqlite3_int64 at)
{
	if (plan.kind == VFS_FAULT_READ && hit())
		return SQLITE_IOERR_READ;
	return real(file)->pMethods->xRead(real(file), to, n, at);
}

static int
f_write(sqlite3_file *file, const void *p, int n, sqlite3_int64 at)
{
	plan.writes++;
	vfs_fault_step();
	switch (plan.kind) {
	case VFS_FAULT_WRITE:
		if (hit())
			return SQLITE_IOERR_WRITE;
		break;
	case VFS_FAULT_FULL:
		if (hit())
			return SQLITE_FULL;
		break;
	case VFS_FAULT_TORN:
		if (hit()) {
			(void)real(file)->pMethods->xWrite(real(file), p, n / 2,
			    at);
			return SQLITE_IOERR_WRITE;
		}
		break;
	case VFS_FAULT_NONE:
	case VFS_FAULT_SYNC:
	case VFS_FAULT_READ:
	case VFS_FAULT_DIE:
		break;
	}
	return real(file)->pMethods->xWrite(real(file), p, n, at);
}

static int
f_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	vfs_fault_step();
	return real(file)->pMethods->xTruncate(real(file), size);
}

static int
f_sync(sqlite3_file *file, int flags)
{
	plan.syncs++;
	vfs_fault_step();
	if (plan.kind == VFS_FAULT_SYNC && hit())
		return SQLITE_IOERR_FSYNC;
	return real(file)->pMethods->xSync(real(file), flags);
}

static int
f_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real(file)->pMethods->xFileSize(real(file), size);
}

static int
f_lock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xLock(real(file), level);
}

static int
f_unlock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xUnlock(real(file), level);
}

static int
f_reserved(sqlite3_file *file, int *out)
{
	return real(file)->pMethods->xCheckReservedLock(real(file), out);
}

static int
f_control(sqlite3_file *file, int op, void *arg)
{
	return real(file)->pMethods->xFileControl(real(file), op, arg);
}

static int
f_sector(sqlite3_file *file)
{
	return real(file)->pMethods->xSectorSize(real(file));
}

static int
f_traits(sqlite3_file *file)
{
	return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int
f_shm_map(sqlite3_file *file, int at, int n, int extend, void volatile **out)
{
	return real(file)->pMethods->xShmMap(real(file), at, n, extend, out);
}

static int
f_shm_lock(sqlite3_file *file, int at, int n, int flags)
{
	return real(file)->pMethods->xShmLock(real(file), at, n, flags);
}

static void
f_shm_barrier(sqlite3_file *file)
{
	real(file)->pMethods->xShmBarrier(real(file));
}

static int
f_shm_unmap(sqlite3_file *file, int and_delete)
{
	return real(file)->pMethods->xShmUnmap(real(file), and_delete);
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

static int
v_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
    int *out_flags)
{
	struct fault_file *ours = (struct fault_file *)file;
	int code;

	(void)vfs;
	ours->real = (sqlite3_file *)(ours + 1);
	memset(ours->real, 0, (size_t)plan.below->szOsFile);
	code =
	    plan.below->xOpen(plan.below, name, ours->real, flags, out_flags);
	file->pMethods = ours->real->pMethods != NULL ? &methods : NULL;
	return code;
}

static int
v_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
	(void)vfs;
	vfs_fault_step();
	return plan.below->xDelete(plan.below, name, sync_directory);
}

void
vfs_fault_install(void)
{
	static sqlite3_vfs fault;

	if (plan.below != NULL)
		return;
	plan.below = sqlite3_vfs_find(NULL);
	assert(plan.below != NULL);
	/* the other methods look at no file of ours: taken over as they are */
	fault = *plan.below;
	fault.pNext = NULL;
	fault.zName = VFS_FAULT_NAME;
	fault.szOsFile = (int)sizeof(struct fault_file) + plan.below->szOsFile;
	fault.xOpen = v_open;
	fault.xDelete = v_delete;
	(void)sqlite3_vfs_register(&fault, 0);
}
