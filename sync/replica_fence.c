/*
 * What the replica tells its fence, and asks it at opening (fence.h).
 */
#include "sync/fence.h"
#include "sync/replica_i.h"

#include "sync/rd.h"

void
replica_fence_now(struct replica *r, struct fence *now)
{
	const struct author *own = replica_author_no(r, r->own_author);

	*now = (struct fence){
		.life = r->life,
		.incarnation = r->identity.incarnation,
		.member_count = (uint64_t)(r->next_member - 1),
		.policy_ms = r->policy_ms,
		.generation = r->fence_generation,
	};
	if (own != NULL) {
		now->position = own->top_position;
		now->segment = own->top_id;
	}
	members_head(r->members, now->member_head);
	now->audit_count = (uint64_t)audit_head(r, now->audit_head);
}

static enum life_reason
reason_of(enum fence_verdict verdict)
{
	switch (verdict) {
	case FENCE_MOVED:
		return LIFE_MOVED;
	case FENCE_ROLLED_BACK:
		return LIFE_ROLLED_BACK;
	case FENCE_FORKED:
		return LIFE_FORKED;
	default:
		return LIFE_FENCE_LOST;
	}
}

/* A journal that is shorter than the fence says, though the database is not
 * older: that is no accident. */
static enum err
judge_audit(struct replica *r, const struct fence *now, struct fail *f)
{
	return replica_audit_fence(r, (int64_t)now->audit_count,
	    now->audit_head, f);
}

/* Nobody else can be writing as this node's next incarnation: its number is
 * later than the database's and the fence's. */
static enum err
go_on(struct replica *r, const struct fence *now, enum fence_verdict verdict,
    struct fail *f)
{
	enum err e = OK;

	r->life = now->life;
	r->policy_ms = now->policy_ms;
	r->fence_generation = now->generation;
	r->opened_as = reason_of(verdict);
	if (r->opened_as == LIFE_MOVED)
		e = judge_audit(r, now, f);
	return e == OK ? replica_new_life(r, r->opened_as, f) : e;
}

enum err
replica_fence_check(struct replica *r, bool created, struct fail *f)
{
	enum fence_verdict verdict;
	struct fence now;
	enum err e;

	if (r->in_memory || r->apart)
		return OK;
	replica_fence_now(r, &now);
	if (created) {
		r->fence_members = now.member_count;
		e = fence_write(&now, r->env, r->dir, r->fence_key, f);
		r->fence_generation = now.generation;
		return e;
	}
	e = fence_guard(&now, &verdict, r->env, r->dir, r->fence_key, f);
	if (e == ERR_FENCE)
		return go_on(r, &now, verdict, f);
	if (e == OK) {
		r->policy_ms = r->policy_fence_ms = now.policy_ms;
		r->fence_members = now.member_count;
		r->fence_generation = now.generation;
		e = judge_audit(r, &now, f);
	}
	return e;
}

enum err
replica_fence_write(struct replica *r, struct fail *f)
{
	struct fence now;
	enum err e;

	if (r->in_memory || r->apart)
		return OK;
	replica_fence_now(r, &now);
	if (!r->fence_behind && now.member_count == r->fence_members &&
	    r->policy_kept_ms <= r->policy_fence_ms)
		return OK;
	e = fence_write(&now, r->env, r->dir, r->fence_key, f);
	if (e == OK) {
		r->fence_behind = false;
		r->fence_generation = now.generation;
		r->fence_members = now.member_count;
		r->policy_fence_ms = now.policy_ms;
	}
	return e;
}
