#include "sync/reserve.h"

#include "sync/db.h"
#include "sync/replica_i.h"

static bool
knows_room(const struct env *env)
{
	return env->room_bytes != NULL && env->file_bytes != NULL &&
	    env->file_room != NULL;
}

static bool
is_low(const struct replica *r)
{
	int64_t room = r->env->room_bytes(r->env->self, r->dir);

	return room >= 0 && room < RESERVE_LOW_BYTES;
}

static void
give_step(const struct env *env, const char *dir)
{
	struct buf path = { 0 };
	int64_t have;

	buf_printf(&path, "%s/" RESERVE_NAME, dir);
	have =
	    path.err == OK ? env->file_bytes(env->self, buf_cstr(&path)) : -1;
	if (have > 0)
		(void)env->file_room(env->self, buf_cstr(&path),
		    have > RESERVE_STEP_BYTES ? have - RESERVE_STEP_BYTES : 0,
		    NULL);
	buf_release(&path);
}

void
reserve_ready(struct replica *r)
{
	if (r->in_memory || r->apart || !knows_room(r->env) ||
	    db_in_transaction(r->db) || db_poisoned(r->db) || !is_low(r))
		return;
	/* the log may be all that fills it */
	(void)db_checkpoint(r->db, NULL);
	if (is_low(r))
		give_step(r->env, r->dir);
}

void
reserve_fill(const struct env *env, const char *dir)
{
	struct buf path = { 0 };
	int64_t have;

	if (!knows_room(env))
		return;
	buf_printf(&path, "%s/" RESERVE_NAME, dir);
	have = path.err == OK ? env->file_bytes(env->self, buf_cstr(&path))
			      : RESERVE_BYTES;
	if (have < RESERVE_BYTES &&
	    env->room_bytes(env->self, dir) >= RESERVE_PLENTY_BYTES)
		(void)env->file_room(env->self, buf_cstr(&path), RESERVE_BYTES,
		    NULL);
	buf_release(&path);
}
