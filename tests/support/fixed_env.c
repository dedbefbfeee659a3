#include "tests/support/fixed_env.h"

#include <sodium.h>
#include <string.h>

static int64_t
fixed_wall_ms(void *self)
{
	return ((struct fixed_env *)self)->wall_ms;
}

static int
fixed_offset_min(void *self)
{
	(void)self;
	return -300;
}

static void
fixed_random(void *self, void *p, size_t n)
{
	struct fixed_env *e = self;
	uint8_t seed[randombytes_SEEDBYTES] = { 0 };

	memcpy(seed, &e->seed, sizeof(e->seed));
	memcpy(seed + 8, &e->drawn, sizeof(e->drawn));
	randombytes_buf_deterministic(p, n, seed);
	if (!e->stuck)
		e->drawn++;
}

void
fixed_env_init(struct fixed_env *e, uint64_t seed)
{
	*e = (struct fixed_env){ .env = *env_posix(), .seed = seed };
	e->env.self = e;
	e->env.wall_ms = fixed_wall_ms;
	e->env.mono_ms = fixed_wall_ms;
	e->env.offset_min = fixed_offset_min;
	e->env.random = fixed_random;
	e->wall_ms = 1774971000000; /* 2026-03-31 */
}
