/*
 * A disk in memory: what SQLite writes (a VFS of its own, so SQLCipher works
 * above it) and what struct env writes share one set of files, and the disk
 * knows what would survive a loss of power.
 *
 * What is written is seen at once and durable after the sync of its file; a
 * name that is made, changed or taken away is durable after the sync of its
 * directory. Every operation that changes something is counted, and may be told
 * to fail; the power may go off at any of them. One disk is one machine's: make
 * as many as there are machines. The same calls give the same disk, so a test
 * with a seed can be played again (SQLCipher's own page salts come from OpenSSL
 * and differ; no decision hangs on them).
 *
 * Not thread-safe. What goes wrong in here itself aborts.
 */
#ifndef FOOTBRIDGE_TESTS_DISK_H
#define FOOTBRIDGE_TESTS_DISK_H

#include "sync/env.h"

struct disk;

/* An empty disk; seed decides its randomness and its binding. */
struct disk *disk_new(uint64_t seed);
/* NULL is fine. Nothing may be open. */
void disk_free(struct disk *d);
/*
 * A second disk with the same content and binding, durable or not, also while
 * files of the first are open: a clone, a backup of the directory, an image to
 * try a crash on. Neither plan nor record nor power switch come along.
 */
struct disk *disk_copy(const struct disk *d);
/* Make *to hold what *from holds: put an old copy back. Nothing is open. */
void disk_restore(struct disk *to, const struct disk *from);

/* For env->vfs; lives as long as the disk. */
const char *disk_vfs(const struct disk *d);
/*
 * The file, stream, directory, lock and binding functions of struct env, with
 * self = the disk and vfs set; clock and randomness are missing. Lives as long
 * as the disk. env_test.h puts the rest around it.
 */
const struct env *disk_env(struct disk *d);
/* What env->binding answers from now on: another machine or directory. */
void disk_bind(struct disk *d, uint64_t seed);

/* ---- looking at files and damaging them, outside of all counting ----------*/

/* A file's bytes as they are read, to look at or to change in place (shorter, or
 * other bytes; a crash may bring back what was durable before). Valid until the
 * file is written to. NULL when there is no such file. */
struct disk_bytes {
	uint8_t *p;
	size_t n, room;
};
struct disk_bytes *disk_file(struct disk *d, const char *path);
/* Replace or make a file, durable at once. */
void disk_put(struct disk *d, const char *path, const void *p, size_t n);
/* Take a file away, durable at once; false when there is none. */
bool disk_drop(struct disk *d, const char *path);
/* The path of file number i (from 0; directories too), or NULL. Borrowed. */
const char *disk_path(const struct disk *d, size_t i);
/* All bytes of all files. */
uint64_t disk_used(const struct disk *d);
/* A digest of all that a reader or a crash may find: names, bytes, what is not
 * durable yet. Two disks with the same one go the same way. */
#define DISK_DIGEST_BYTES 32
void disk_digest(const struct disk *d, uint8_t out[DISK_DIGEST_BYTES]);

/* ---- faults ---------------------------------------------------------------*/

/* What is done to a disk. All but the last three change something. */
enum disk_act {
	DISK_CREATE, /* a new file or directory */
	DISK_WRITE,
	DISK_TRUNCATE,
	DISK_SYNC,     /* a file's bytes */
	DISK_SYNC_DIR, /* a directory's names */
	DISK_RENAME,
	DISK_DELETE,
	DISK_OPEN, /* an existing file */
	DISK_READ,
	DISK_LOOK, /* is there such a file? */
	DISK_ACTS
};

#define DISK_BIT(act) (1u << (act))
#define DISK_SYNCS (DISK_BIT(DISK_SYNC) | DISK_BIT(DISK_SYNC_DIR))
#define DISK_CHANGES (DISK_BIT(DISK_OPEN) - 1)

enum disk_fault {
	DISK_EIO,   /* a sync that fails loses what it was to make durable:
		       the bytes are still read, and no later sync keeps them */
	DISK_FULL,  /* ENOSPC */
	DISK_ROFS,  /* EROFS; a file that is opened is opened for reading */
	DISK_SHORT, /* half of a write, then ENOSPC; else as DISK_FULL */
};

struct disk_plan {
	unsigned acts; /* DISK_BITs: which acts count and may fail */
	enum disk_fault fault;
	uint64_t nth; /* from 0, counted from disk_fail on */
	bool for_ever;
	/* instead of nth: asked with the number of each until the first yes,
	 * which is the one to fail; may be NULL */
	bool (*ask)(void *self, uint64_t nth);
	void *self;
};

/* Fail from now on as planned; NULL: nothing fails. */
void disk_fail(struct disk *d, const struct disk_plan *plan);
/* Faults delivered since then. */
uint64_t disk_fired(const struct disk *d);
/* Room for so many bytes in all files, 0: no end. Beyond it: ENOSPC. */
void disk_room(struct disk *d, uint64_t bytes);
/* Changes since the disk was made; a copy goes on counting. */
uint64_t disk_changes(const struct disk *d);

/* ---- power ----------------------------------------------------------------*/

/*
 * The power goes off after so many more changes, 0: now. From then on everything
 * fails and nothing is changed; the test closes what is open and has the disk
 * come back by disk_crash.
 */
void disk_power_off(struct disk *d, uint64_t after);
bool disk_is_off(const struct disk *d);

/* What becomes of what was not synced. */
enum disk_damage {
	DISK_KEPT,      /* all is there and still not durable: kill -9 */
	DISK_DROPPED,   /* nothing reached the disk */
	DISK_CUT,       /* in order up to some point, the last write torn */
	DISK_REORDERED, /* each write, each name by its own coin */
	DISK_TORN,      /* each sector of 512 bytes by its own coin: old, new or
			   noise; names in order up to some point */
	DISK_DAMAGES
};

/* "kept", "dropped", ... */
const char *disk_damage_name(enum disk_damage damage);
/*
 * The power comes back after this damage; seed throws the coins. Nothing may be
 * open. Faults, limits and the power switch are off.
 */
void disk_crash(struct disk *d, enum disk_damage damage, uint64_t seed);
/* Are there changes that are not durable? Without any all damages are alike. */
bool disk_is_dirty(const struct disk *d);

/* ---- a history of changes -------------------------------------------------*/

/*
 * Keep every change from now on, so that the disk can be had as it was after
 * each: a copy made at this moment, stepped forward. Ends what was kept before.
 */
void disk_record(struct disk *d);
/* Ends it: the record goes on alone, as a disk that holds nothing else. */
struct disk *disk_take_record(struct disk *d);
size_t disk_recorded(const struct disk *d);
/* Do the recorded change number i on a copy that has had those before it. */
void disk_step(struct disk *copy, const struct disk *recorded, size_t i);
enum disk_act disk_recorded_act(const struct disk *d, size_t i);

#endif
