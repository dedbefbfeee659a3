/*
 * A machine receives one segment, and may die at a commit of it: that commit fails,
 * and what it had not committed before is gone. It is opened again, works on with
 * what it has, and the segment comes once more.
 */
#include <string.h>

#include "sync/db_sqlite.h"
#include "tests/prop/world.h"

struct death {
	unsigned left; /* commits until it dies; 0: it does not */
	bool died;
};

static int
on_commit(void *context)
{
	struct death *d = context;

	if (d->left > 0 && --d->left == 0)
		d->died = true;
	return d->died;
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
	struct death death = { .left = w->dies_at };
	const bool parts = w->dies_at > 1;
	struct db *db = replica_db(w->node[n].replica);
	struct fail f = { 0 };
	enum err e;

	w->dies_at = 0;
	if (death.left > 0)
		(void)sqlite3_commit_hook(db->handle, on_commit, &death);
	e = receive(w->node[n].replica, outcome, p, size, why, &f);
	(void)sqlite3_commit_hook(db->handle, NULL, NULL);
	if (!death.died) {
		world_must(e, &f, "receiving");
		return;
	}
	w->deaths++;
	world_tell("machine %u dies", n);
	world_restart(w, n, w->node[n].schemas);
	/* what a part of it was committed has to be whole by itself */
	if (parts)
		world_seal(w, n);
	f = (struct fail){ 0 };
	world_must(receive(w->node[n].replica, outcome, p, size, why, &f), &f,
	    "receiving after a death");
}
