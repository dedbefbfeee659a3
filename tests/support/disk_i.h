/*
 * Private to disk*.c: what a disk is inside. Nothing else includes it.
 */
#ifndef FOOTBRIDGE_TESTS_DISK_I_H
#define FOOTBRIDGE_TESTS_DISK_I_H

#include <sqlcipher/sqlite3.h>

#include "tests/support/disk.h"

#define DISK_SECTOR 512
#define DISK_SHM_LOCKS 8

/* A change of content that is not durable yet. */
struct disk_write {
	uint64_t order; /* among all changes of the disk */
	bool truncate;  /* to `at` bytes */
	size_t at, n;
	uint8_t *p; /* owned */
};

struct disk_node {
	unsigned no; /* unique on its disk and in its copies */
	bool directory;
	struct disk_bytes now;  /* what a reader sees */
	struct disk_bytes kept; /* without the pending writes */
	struct disk_write *pending;
	size_t pending_count, pending_room;
	unsigned open; /* handles */
	/* SQLite's locks among handles */
	unsigned sharing;
	const void *reserved, *waiting, *exclusive;
	uint8_t **shm; /* regions of the log's index */
	size_t shm_count, shm_bytes;
	unsigned shm_users;
	unsigned shm_sharing[DISK_SHM_LOCKS];
	bool shm_exclusive[DISK_SHM_LOCKS];
};

struct disk_name {
	char *path; /* owned */
	unsigned no;
};

struct disk_names {
	struct disk_name *p;
	size_t n, room;
};

/* What is asked of the disk; also as it is recorded. */
struct disk_op {
	enum disk_act act;
	unsigned no; /* the node; DISK_CREATE: set by doing it */
	bool directory;
	size_t at, n;
	const void *p;         /* n bytes to write */
	const char *path, *to; /* of names */
};

/* A change of names that is not durable yet. */
struct disk_change {
	uint64_t order;
	enum disk_act act;
	unsigned no;
	char *path, *to; /* owned; to may be NULL */
};

struct disk_lock {
	char *path; /* owned */
	struct disk_lock *next;
};

struct disk {
	struct disk_node **nodes; /* owned */
	size_t node_count, node_room;
	unsigned next_no;
	struct disk_names now, kept;
	struct disk_change *changes; /* of names, in order */
	size_t change_count, change_room;
	uint64_t order; /* changes so far */

	bool planned;
	struct disk_plan plan;
	uint64_t seen, fired, room;
	bool off, going_off;
	uint64_t left; /* changes until the power goes off */

	bool recording;
	struct disk_op *record; /* owned, with what they point to */
	size_t record_count, record_room;

	struct disk_lock *locks;
	uint64_t seed, dice, binding;
	struct env env;
	sqlite3_vfs vfs;
	char vfs_name[24];
};

/* These never return NULL but for a text that is NULL, and do not fail where a
 * test lets allocations fail. Zeros; as realloc; a copy. */
void *disk_alloc(size_t n);
void *disk_realloc(void *p, size_t n);
char *disk_text(const char *text);
/* Room for one more in an array of `size`-byte things. */
void disk_grow(void *array, size_t *room, size_t count, size_t size);

/*
 * Do it, or fail as planned. 0 or an errno: EIO, ENOSPC, EROFS. What only looks
 * (DISK_OPEN and after) changes nothing and may fail all the same.
 */
int disk_do(struct disk *d, struct disk_op *op);
/* Without faults and counting; makes a change pending. */
void disk_apply(struct disk *d, struct disk_op *op);

struct disk_node *disk_node(const struct disk *d, unsigned no);
/* By name; NULL when there is none. */
struct disk_node *disk_find(const struct disk *d, const char *path);
/* Forget files that nothing names or holds open any more. */
void disk_sweep(struct disk *d);
/* The length of the directory's part of a path, 0: none is named. */
size_t disk_parent(const char *path);

void disk_bytes_write(struct disk_bytes *c, size_t at, const void *p, size_t n);
void disk_bytes_cut(struct disk_bytes *c, size_t n);
void disk_bytes_copy(struct disk_bytes *to, const struct disk_bytes *from);
void disk_write_apply(struct disk_bytes *to, const struct disk_write *w);
void disk_names_apply(struct disk_names *names, const struct disk_change *c);
void disk_names_copy(struct disk_names *to, const struct disk_names *from);
void disk_names_free(struct disk_names *names);
struct disk_name *disk_names_find(const struct disk_names *names,
    const char *path);
void disk_forget_pending(struct disk_node *node);
void disk_forget_changes(struct disk *d);
/* A repeatable number from *state, for coins. */
uint64_t disk_dice(uint64_t *state);

/* disk_env.c, disk_vfs.c */
void disk_env_init(struct disk *d);
void disk_vfs_init(struct disk *d);
/* disk_crash.c */
void disk_record_op(struct disk *d, const struct disk_op *op);
void disk_record_free(struct disk *d);

#endif
