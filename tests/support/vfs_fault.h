/*
 * An SQLite VFS that counts what reaches the disk and fails on demand.
 *
 * It stands over the platform's own VFS and is chosen with env->vfs =
 * VFS_FAULT_NAME. One plan for the whole process; tests run in one thread.
 */
#ifndef FOOTBRIDGE_TESTS_VFS_FAULT_H
#define FOOTBRIDGE_TESTS_VFS_FAULT_H

#include "sync/base.h"

#define VFS_FAULT_NAME "fault"

enum vfs_fault_kind {
	VFS_FAULT_NONE,
	VFS_FAULT_WRITE, /* input/output error on a write */
	VFS_FAULT_FULL,  /* disk full on a write */
	VFS_FAULT_TORN,  /* the first half is written, then an error */
	VFS_FAULT_SYNC,  /* the sync fails */
	VFS_FAULT_READ,  /* input/output error on a read */
	VFS_FAULT_DIE, /* the process ends before a write, cut, sync, delete */
};

/* Register the VFS; calling it again is harmless. */
void vfs_fault_install(void);
/* Fail the nth (from 0) operation of this kind from now on, once or for ever.
 * VFS_FAULT_NONE stops failing. Resets the counter. */
void vfs_fault_plan(enum vfs_fault_kind kind, unsigned nth, bool for_ever);
/* What VFS_FAULT_DIE ends the process with: for a child of the test. */
#define VFS_FAULT_DEAD 77
/* One more point at which it may end: for files that SQLite does not write. */
void vfs_fault_step(void);
/* Faults delivered since the last plan. */
unsigned vfs_fault_fired(void);
/* Writes, and syncs, since the last plan. */
unsigned vfs_fault_writes(void);
unsigned vfs_fault_syncs(void);

#endif
