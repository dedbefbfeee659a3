/* A thread that sleeps on the engine's condition, like keep.c. */
#include "node/driver.h"

#include <stdlib.h>

#include "node/policy/drive.h"

/* With the lock held for so many persons at a time. */
#define PERSONS_AT_ONCE 8
/* A day begins at most this long before it is seen. */
#define LOOK_EVERY_MS 30000

struct driver {
	pthread_t thread;
	struct engine *engine;
};

/* Lock held. More to do at once? */
static bool
look(struct engine *e)
{
	struct drive_result done;
	enum err r = drive_pass(e->replica, &done, PERSONS_AT_ONCE, NULL);

	if (done.granted + done.removed > 0)
		engine_changed(e);
	/* what fails now is tried at the next change, or the next look */
	return r == OK && done.more;
}

static void *
loop(void *context)
{
	struct driver *d = context;
	struct engine *e = d->engine;
	uint64_t seen, stirs;
	int64_t due;
	unsigned turn;

	engine_lock(e);
	while (!e->stopping) {
		seen = e->generation;
		stirs = e->stirs;
		if (look(e)) {
			turn = engine_let_go(e);
			engine_take_back(e, turn);
			continue;
		}
		due = env_mono_ms(env_posix()) + LOOK_EVERY_MS;
		while (!e->stopping && e->generation == seen &&
		    env_mono_ms(env_posix()) < due)
			stirs = engine_wait(e, stirs,
			    due - env_mono_ms(env_posix()));
	}
	engine_unlock(e);
	return NULL;
}

enum err
driver_start(struct driver **out, struct engine *e, struct fail *f)
{
	struct driver *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return fail_set(f, ERR_NOMEM, "the thread of policy");
	d->engine = e;
	if (pthread_create(&d->thread, NULL, loop, d) != 0) {
		free(d);
		return fail_set(f, ERR_NOMEM, "the thread of policy");
	}
	*out = d;
	return OK;
}

void
driver_stop(struct driver *d)
{
	if (d == NULL)
		return;
	(void)pthread_join(d->thread, NULL);
	free(d);
}

void
driver_now(struct run *run)
{
	struct drive_result done;
	struct fail f = { 0 };
	struct buf words = { .limit = 1024 };

	if (drive_all(run->replica, &done, &f) != OK || done.failed > 0) {
		if (done.failed > 0)
			f = done.first;
		buf_printf(&words,
		    "what was saved is saved, but policy could not look at who"
		    " may read it: %s",
		    f.text);
		run_warn(buf_cstr(&words));
	}
	run->wrote |= done.granted + done.removed > 0;
	buf_release(&words);
}
