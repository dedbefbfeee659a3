/* A mutex, and a condition on the monotonic clock. */
#include "node/engine.h"

#include <time.h>

enum err
engine_init(struct engine *e, struct replica *replica, struct fail *f)
{
	pthread_condattr_t attr;
	int bad;

	*e = (struct engine){ .replica = replica };
	if (pthread_mutex_init(&e->lock, NULL) != 0)
		return fail_set(f, ERR_NOMEM, "the engine's lock");
	bad = pthread_condattr_init(&attr);
	if (bad == 0) {
		(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
		bad = pthread_cond_init(&e->news, &attr);
		(void)pthread_condattr_destroy(&attr);
	}
	if (bad != 0) {
		(void)pthread_mutex_destroy(&e->lock);
		return fail_set(f, ERR_NOMEM, "the engine's lock");
	}
	return OK;
}

void
engine_release(struct engine *e)
{
	(void)pthread_cond_destroy(&e->news);
	(void)pthread_mutex_destroy(&e->lock);
}

void
engine_lock(struct engine *e)
{
	int bad = pthread_mutex_lock(&e->lock);

	assert(bad == 0);
}

void
engine_unlock(struct engine *e)
{
	int bad = pthread_mutex_unlock(&e->lock);

	assert(bad == 0);
}

void
engine_changed(struct engine *e)
{
	e->generation++;
	(void)pthread_cond_broadcast(&e->news);
}

void
engine_stop(struct engine *e)
{
	engine_lock(e);
	e->stopping = true;
	(void)pthread_cond_broadcast(&e->news);
	engine_unlock(e);
}

bool
engine_stopping(struct engine *e)
{
	bool stopping;

	engine_lock(e);
	stopping = e->stopping;
	engine_unlock(e);
	return stopping;
}

uint64_t
engine_wait(struct engine *e, uint64_t seen, int64_t wait_ms)
{
	struct timespec until;

	if (clock_gettime(CLOCK_MONOTONIC, &until) != 0)
		return e->generation;
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (e->generation == seen && !e->stopping) {
		if (pthread_cond_timedwait(&e->news, &e->lock, &until) != 0)
			break;
	}
	return e->generation;
}
