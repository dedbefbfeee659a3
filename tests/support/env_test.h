/*
 * A machine for tests: one per simulated node, everything decided by a seed.
 *
 * Clock and binding are set by the test, randomness is a ChaCha20 stream of the
 * seed, files and locks live on a disk in memory (disk.h) and the database is an
 * unkeyed one in memory that survives closing (a restart) until env_test_free.
 * Two machines of one seed that are asked the same give the same.
 * env_test_on_virtual_disk() puts the database on the disk too, with its real
 * encryption; env_test_on_disk() passes files, locks and the database to the
 * real machine. Clock and randomness stay.
 */
#ifndef FOOTBRIDGE_TESTS_ENV_TEST_H
#define FOOTBRIDGE_TESTS_ENV_TEST_H

#include "tests/support/disk.h"

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

	struct disk *disk; /* owned; where files are, unless on_disk */

	/* inside */
	const struct env *below; /* of disk, or the real machine */
	uint8_t seed[32];
	uint64_t block_at; /* number of the block in block[] */
	uint8_t block[64];
	size_t block_left;
	char memory_name[48];
	void *keeper; /* holds the memory database between openings */
};

/* Wall clock 2026-01-05T08:00Z. Never NULL: aborts without memory. */
struct env_test *env_test_new(uint64_t seed);
void env_test_free(struct env_test *t);
/* From now on files, locks, bindings and the (encrypted) database are real. */
void env_test_on_disk(struct env_test *t);
/* From now on the (encrypted) database is on t->disk, beside the files. */
void env_test_on_virtual_disk(struct env_test *t);
/* Both clocks go on. */
void env_test_pass(struct env_test *t, int64_t ms);
/* Replace the files of `to` by copies of those of `from`: a copied directory.
 * A database in memory is not copied. */
void env_test_copy_files(struct env_test *to, const struct env_test *from);

#endif
