/*
 * What the replica tells its fence, and asks it at opening (fence.h).
 */
#include "sync/fence.h"
#include "sync/replica_i.h"

#include "sync/rd.h"

static void
fence_now(struct replica *r, struct fence *now)
{
	const struct author *own = replica_author_no(r, r->own_author);

	*now = (struct fence){
		.life = 1, /* a new incarnation comes with the next issue */
		.incarnation = r->identity.incarnation,
		.member_count = (uint64_t)(r->next_member - 1),
		.policy_ms = r->policy_ms,
	};
	if (own != NULL) {
		now->position = own->top_position;
		now->segment = own->top_id;
	}
	members_head(r->members, now->member_head);
}

enum err
replica_fence_check(struct replica *r, bool created, struct fail *f)
{
	enum fence_verdict verdict;
	struct fence now;
	enum err e;

	if (r->in_memory || r->apart)
		return OK;
	fence_now(r, &now);
	if (created) {
		r->fence_members = now.member_count;
		return fence_write(&now, r->env, r->dir, r->fence_key, f);
	}
	e = fence_guard(&now, &verdict, r->env, r->dir, r->fence_key, f);
	if (e == OK) {
		r->policy_ms = now.policy_ms;
		r->fence_members = now.member_count;
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
	fence_now(r, &now);
	if (!r->fence_behind && now.member_count == r->fence_members)
		return OK;
	e = fence_write(&now, r->env, r->dir, r->fence_key, f);
	if (e == OK) {
		r->fence_behind = false;
		r->fence_members = now.member_count;
	}
	return e;
}
