/* A mutex, and a condition on the monotonic clock. */
#include "node/engine.h"

#include <sched.h>
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
engine_again(struct engine *e, struct replica *replica)
{
	e->replica = replica;
	e->stopping = e->is_lost = false;
	e->contact_count = 0;
	e->link_count = 0;
}

void
engine_lock(struct engine *e)
{
	int bad;

	atomic_fetch_add(&e->waiting, 1);
	bad = pthread_mutex_lock(&e->lock);
	atomic_fetch_sub(&e->waiting, 1);
	atomic_fetch_add(&e->turns, 1);
	assert(bad == 0);
}

/* Whoever gives the lock up may have left a replica of no more use. */
static void
look_after(struct engine *e)
{
	if (e->lost == NULL || e->is_lost || !replica_must_reopen(e->replica))
		return;
	e->is_lost = true;
	e->lost();
}

void
engine_unlock(struct engine *e)
{
	int bad;

	look_after(e);
	bad = pthread_mutex_unlock(&e->lock);
	assert(bad == 0);
}

unsigned
engine_let_go(struct engine *e)
{
	unsigned turn = atomic_load(&e->turns);

	engine_unlock(e);
	return turn;
}

void
engine_take_back(struct engine *e, unsigned turn)
{
	/* short: the lock is free and its waiter has been woken */
	while (atomic_load(&e->waiting) > 0 && atomic_load(&e->turns) == turn)
		(void)sched_yield();
	engine_lock(e);
}

void
engine_changed(struct engine *e)
{
	e->generation++;
	engine_stir(e);
}

void
engine_stir(struct engine *e)
{
	e->stirs++;
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

	look_after(e);
	if (clock_gettime(CLOCK_MONOTONIC, &until) != 0)
		return e->stirs;
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (e->stirs == seen && !e->stopping) {
		if (pthread_cond_timedwait(&e->news, &e->lock, &until) != 0)
			break;
	}
	return e->stirs;
}

/* Where it stands among those being called; contact_count: it does not. */
static size_t
contact_find(const struct engine *e, const struct node_id *peer)
{
	size_t i = 0;

	while (i < e->contact_count && !id_equal(&e->contacts[i], peer))
		i++;
	return i;
}

/* ---- what the page is told of a peer ---- */

struct engine_link *
engine_link(struct engine *e, const struct node_id *peer)
{
	for (size_t i = 0; i < e->link_count; i++) {
		if (id_equal(&e->links[i].node, peer))
			return &e->links[i];
	}
	if (e->link_count == ENGINE_LINKS)
		return NULL;
	e->links[e->link_count] = (struct engine_link){ .node = *peer };
	return &e->links[e->link_count++];
}

void
engine_want(struct engine *e, const struct node_id *peer)
{
	struct engine_link *l = engine_link(e, peer);

	if (l != NULL)
		l->is_wanted = true;
	e->wants++;
	engine_stir(e);
}

static void
link_began(struct engine_link *l)
{
	if (l == NULL)
		return;
	l->is_wanted = false;
	l->is_calling = true;
	l->moved_bytes = 0;
	l->next_ms = 0;
}

bool
engine_contact_begin(struct engine *e, const struct node_id *peer)
{
	bool free_now;

	engine_lock(e);
	while (!e->stopping &&
	    (contact_find(e, peer) < e->contact_count ||
		e->contact_count == ENGINE_CONTACTS))
		(void)engine_wait(e, e->stirs, 60000);
	free_now = !e->stopping;
	if (free_now)
		e->contacts[e->contact_count++] = *peer;
	link_began(engine_link(e, peer));
	engine_unlock(e);
	return free_now;
}

void
engine_contact_end(struct engine *e, const struct node_id *peer)
{
	size_t i;

	engine_lock(e);
	i = contact_find(e, peer);
	if (i < e->contact_count)
		e->contacts[i] = e->contacts[--e->contact_count];
	if (engine_link(e, peer) != NULL)
		engine_link(e, peer)->is_calling = false;
	engine_stir(e);
	engine_unlock(e);
}
