/*
 * An env whose clock stands still and whose random bytes follow from a seed:
 * the same run gives the same bytes. Files are the real machine's.
 */
#ifndef FOOTBRIDGE_TESTS_FIXED_ENV_H
#define FOOTBRIDGE_TESTS_FIXED_ENV_H

#include "sync/env.h"

struct fixed_env {
	struct env env; /* pass &fixed.env on */
	uint64_t seed;
	uint64_t drawn; /* calls of random so far */
	int64_t wall_ms;
	bool stuck; /* random gives the same bytes each time: a broken source */
};

/* Must not be moved afterwards: env.self points to it. */
void fixed_env_init(struct fixed_env *e, uint64_t seed);

#endif
