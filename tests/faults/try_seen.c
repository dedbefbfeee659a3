/*
 * Disks that were tried already, as hashes in a table that the children of a test
 * share; they come one after the other. A place that is full takes no more: then
 * something is tried twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/faults/try.h"

#define PLACES (1u << 18)
#define PROBES 64

static uint64_t *table;

void *
try_shared(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

void
try_seen_none(void)
{
	if (table == NULL)
		table = try_shared(PLACES * sizeof(*table));
	memset(table, 0, PLACES * sizeof(*table));
}

static bool
find(uint64_t key, bool add)
{
	for (size_t i = 0; i < PROBES; i++) {
		uint64_t *at = &table[(key + i) % PLACES];

		if (*at == key)
			return true;
		if (*at == 0) {
			*at = add ? key : 0;
			return false;
		}
	}
	return false;
}

static uint64_t
key_of(const uint8_t digest[DISK_DIGEST_BYTES], int done, size_t left,
    bool weak)
{
	const uint64_t with[] = { (uint64_t)done, left, weak };
	uint64_t key;

	(void)crypto_generichash((uint8_t *)&key, sizeof(key),
	    (const uint8_t *)with, sizeof(with), digest, DISK_DIGEST_BYTES);
	return key != 0 ? key : 1;
}

bool
try_seen(const struct disk *image, int done, size_t left, bool weak)
{
	uint8_t digest[DISK_DIGEST_BYTES];

	disk_digest(image, digest);
	if (weak && find(key_of(digest, done, left, false), false))
		return true;
	return find(key_of(digest, done, left, weak), true);
}
