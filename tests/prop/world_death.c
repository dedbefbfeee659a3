/*
 * Machines that die: a commit fails, and what was not committed before is gone. The
 * machine is opened again, works on with what it has, and what it was about is done
 * once more.
 */
#include <string.h>

#include "sync/db_sqlite.h"
#include "tests/prop/world.h"

static int
on_commit(void *context)
{
	struct world_death *d = context;

	if (d->left > 0 && --d->left == 0)
		d->died = true;
	return d->died;
}

/* at: the world's wish for one death, which is fulfilled now. */
static void
begin(struct world *w, unsigned n, struct world_death *d, unsigned *at)
{
	*d = (struct world_death){ .left = *at };
	*at = 0;
	if (d->left > 0)
		(void)
		    sqlite3_commit_hook(replica_db(w->node[n].replica)->handle,
			on_commit, d);
}

/* Did it die? It is opened again. */
static bool
end(struct world *w, unsigned n, const struct world_death *d)
{
	(void)sqlite3_commit_hook(replica_db(w->node[n].replica)->handle, NULL,
	    NULL);
	if (!d->died)
		return false;
	w->deaths++;
	world_tell("machine %u dies", n);
	world_restart(w, n, w->node[n].schemas);
	return true;
}

void
world_let_die(struct world *w, unsigned n, unsigned at)
{
	begin(w, n, &w->death, &at);
}

bool
world_died(struct world *w, unsigned n)
{
	return end(w, n, &w->death);
}

static enum err
receive(struct replica *r, enum outcome *outcome, const uint8_t *p, size_t n,
    struct fail *why, struct fail *f)
{
	struct segment_id id;
	enum err e = replica_begin(r, f);

	if (e == OK)
		e = log_receive(r, outcome, &id, p, n, NULL, why, f);
	return e == OK ? replica_commit(r, f) : e;
}

void
world_receive(struct world *w, unsigned n, enum outcome *outcome,
    const uint8_t *p, size_t size, struct fail *why)
{
	const bool parts = w->dies_receiving > 1;
	struct fail f = { 0 };
	struct world_death death;
	enum err e;

	begin(w, n, &death, &w->dies_receiving);
	e = receive(w->node[n].replica, outcome, p, size, why, &f);
	if (!end(w, n, &death)) {
		world_must(e, &f, "receiving");
		return;
	}
	/* what a part of it was committed has to be whole by itself */
	if (parts)
		world_seal(w, n);
	f = (struct fail){ 0 };
	world_must(receive(w->node[n].replica, outcome, p, size, why, &f), &f,
	    "receiving after a death");
}

void
world_seal_log(struct world *w, unsigned n)
{
	int64_t sealed, kept;
	struct fail f = { 0 };
	struct world_death death;
	enum err e;

	begin(w, n, &death, &w->dies_sealing);
	e = log_seal(w->node[n].replica, &sealed, &kept, &f);
	if (!end(w, n, &death)) {
		world_must(e, &f, "sealing");
		return;
	}
	f = (struct fail){ 0 };
	world_must(log_seal(w->node[n].replica, &sealed, &kept, &f), &f,
	    "sealing after a death");
}
