/*
 * The greatest time that somebody with standing signed (replica.h). It is in the
 * database and in the fence, and the later of the two holds: neither an old copy
 * nor a clock that was put back makes it smaller.
 */
#include "sync/rd.h"
#include "sync/replica_i.h"

#define META_POLICY "policy time"

/* So far ahead of all that is known here one node alone is believed: what a
 * wrong clock can bring nearer of leases and ends. */
#define BELIEVED_ALONE_MS (2LL * 24 * 60 * 60 * 1000)
/* Two nodes are believed so far; whoever says more has a wrong clock. */
#define BELIEVED_AHEAD_MS (2LL * 366 * 24 * 60 * 60 * 1000)
/* Written so seldom: nothing is decided by minutes. */
#define KEPT_STEP_MS (60LL * 60 * 1000)

static bool
has_standing(const struct member_node *node, bool of_owner)
{
	return (node->roles &
		   (MEMBER_STEWARD_NETWORK | MEMBER_STEWARD_AGENCY)) != 0 ||
	    (of_owner && (node->roles & MEMBER_REGISTRAR) != 0);
}

/* A computer that was off for months, its clock's battery empty: the first that
 * says what time it is may be the one whose clock is wrong, the second who says
 * no less confirms it. Which of them said it first is forgotten with the process. */
static void
claim(struct replica *r, const struct node_id *who, int64_t ms)
{
	struct policy_claim *c = &r->policy_claim;

	if (c->ms > 0 && !id_equal(&c->who, who)) {
		int64_t both = ms < c->ms ? ms : c->ms;

		if (both > r->policy_ms)
			r->policy_ms = both;
	}
	if (ms > c->ms)
		*c = (struct policy_claim){ *who, ms };
}

/* who NULL: it is not known whose clock that was. */
static void
raise(struct replica *r, const struct node_id *who, int64_t ms)
{
	int64_t known = env_wall_ms(r->env);

	if (r->policy_ms > known)
		known = r->policy_ms;
	if (ms <= r->policy_ms || ms > LIMIT_TIME_MAX_MS ||
	    ms - known > BELIEVED_AHEAD_MS)
		return;
	if (ms - known <= BELIEVED_ALONE_MS)
		r->policy_ms = ms;
	else if (who != NULL)
		claim(r, who, ms);
}

void
replica_saw_work(struct replica *r, const struct member_node *author,
    bool of_owner, int64_t ms)
{
	/* our own clock is what is to be judged */
	if (ms > r->policy_ms && !id_equal(&author->id, &r->identity.node) &&
	    has_standing(author, of_owner))
		raise(r, &author->id, ms);
}

void
replica_saw_members(struct replica *r)
{
	const struct member_node *own =
	    members_node(r->members, &r->identity.node);

	/* who enrolled this computer was asked for the time, so to speak */
	if (own != NULL && r->policy_ms == 0 && !r->identity.has_root_secret)
		r->policy_ms = own->made_ms;
	for (size_t i = 0; i < members_node_count(r->members); i++) {
		const struct member_node *n = members_node_at(r->members, i);

		if (!id_equal(&n->id, &r->identity.node))
			raise(r, NULL, n->made_ms);
	}
}

int64_t
replica_policy_ms(const struct replica *r)
{
	return r->policy_ms;
}

enum err
replica_policy_load(struct replica *r, struct fail *f)
{
	struct buf b = { .limit = 64 };
	enum err e = replica_meta_get(r, &b, META_POLICY, f);
	struct rd rd = rd_of(b.p, b.n);
	int64_t ms = e == OK ? (int64_t)rd_u64(&rd) : 0;

	if (e == OK && rd_done(&rd) != OK)
		e = fail_set(f, ERR_CORRUPT, "the note of times is damaged");
	if (e == OK || e == ERR_NOTFOUND) {
		r->policy_kept_ms = ms;
		if (ms > r->policy_ms)
			r->policy_ms = ms;
	}
	buf_release(&b);
	return e == ERR_NOTFOUND ? OK : e;
}

enum err
replica_policy_flush(struct replica *r, struct fail *f)
{
	struct buf b = { .limit = 64 };
	enum err e;

	if (r->policy_ms - r->policy_kept_ms < KEPT_STEP_MS)
		return OK;
	buf_u64(&b, (uint64_t)r->policy_ms);
	e = b.err == OK ? replica_meta_set(r, META_POLICY, b.p, b.n, f)
			: fail_code(f, b.err);
	if (e == OK)
		r->policy_kept_ms = r->policy_ms;
	buf_release(&b);
	return e;
}
