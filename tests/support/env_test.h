/*
 * A machine for tests: one per simulated node, everything decided by a seed.
 *
 * Clock and binding are set by the test, randomness is a ChaCha20 stream of the
 * seed, files and locks live in memory and the database is an unkeyed one in
 * memory that survives closing (a restart) until env_test_free. Two machines of
 * one seed that are asked the same give the same. env_test_on_disk() passes
 * files, locks and the database to the real machine, clock and randomness stay.
 */
#ifndef FOOTBRIDGE_TESTS_ENV_TEST_H
#define FOOTBRIDGE_TESTS_ENV_TEST_H

#include "sync/env.h"

struct env_test_file {
	char *path; /* owned */
	struct buf bytes;
	bool directory;
};

struct env_test_lock {
	char *path; /* owned; NULL once dropped */
};

#define ENV_TEST_FILES 256
#define ENV_TEST_LOCKS 8

struct env_test {
	struct env env; /* hand out &t->env; self is t */

	/* set freely */
	int64_t wall_ms;
	int offset_min;
	int64_t mono_ms;
	uint8_t binding[32];
	/* file_writes to let through before one fails, -1 = none fails; the
	 * failing one changes nothing, as a crash before the rename */
	int writes_until_failure;

	/* counted */
	unsigned file_writes;
	uint64_t random_bytes;

	/* inside */
	bool on_disk;
	uint8_t seed[32];
	uint64_t block_at; /* number of the block in block[] */
	uint8_t block[64];
	size_t block_left;
	struct env_test_file files[ENV_TEST_FILES];
	size_t file_count;
	struct env_test_lock locks[ENV_TEST_LOCKS];
	char memory_name[48];
	void *keeper; /* holds the memory database between openings */
};

/* Wall clock 2026-01-05T08:00Z. Never NULL: aborts without memory. */
struct env_test *env_test_new(uint64_t seed);
void env_test_free(struct env_test *t);
/* From now on files, locks, bindings and the (encrypted) database are real. */
void env_test_on_disk(struct env_test *t);
/* Both clocks go on. */
void env_test_pass(struct env_test *t, int64_t ms);
/* The file's bytes in memory, to look at or to damage; NULL when absent. */
struct buf *env_test_file(struct env_test *t, const char *path);
/* Replace the files of `to` by copies of those of `from`: a copied directory.
 * The database is not copied. */
void env_test_copy_files(struct env_test *to, const struct env_test *from);

#endif
