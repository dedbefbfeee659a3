/*
 * A new life: when this replica may not be the only or the latest copy of its
 * node, it goes on as a new author (replica.h).
 */
#include "sync/replica_i.h"

#include "sync/bundle.h"
#include "sync/lane.h"

#define META_LIFE "life"
#define META_RESTORED "restored" /* reason, then when: 8 bytes */
#define META_ALONE "alone"       /* since when: 8 bytes, 0: not */
#define META_CLAIMED "claimed"
/* A peer's word that it holds more of our work is believed so often; the work
 * itself is proof and always believed. */
#define CLAIM_MS (60LL * 60 * 1000)

const char *
life_words(enum life_reason reason)
{
	switch (reason) {
	case LIFE_NONE:
		return "";
	case LIFE_MOVED:
		return "this replica is in another place or on another computer"
		       " than when it last wrote. It goes on as a copy that"
		       " writes under a name of its own; if the first one is"
		       " still used, both stay right";
	case LIFE_ROLLED_BACK:
		return "this copy is older than what this computer knew: an"
		       " old database was put back";
	case LIFE_FORKED:
		return "this database is another copy's: that one went on"
		       " after it was taken";
	case LIFE_FENCE_LOST:
		return "part of this directory was put back or is missing, so"
		       " nobody can say how old this copy is";
	case LIFE_KNOWN_BETTER:
		return "others hold work of this computer that is not here: an"
		       " old copy was put back, or a second copy is used";
	case LIFE_BACKUP:
		return "this replica was restored from a backup";
	case LIFE_DAMAGED:
		return "this replica was repaired, and part of its log could"
		       " not be read";
	}
	return "";
}

enum life_reason
replica_opened_as(const struct replica *r)
{
	return r->opened_as;
}

enum life_reason
replica_restored(const struct replica *r, int64_t *at_ms)
{
	if (at_ms != NULL)
		*at_ms = r->restored_ms;
	return r->restored;
}

enum err
replica_use(const struct replica *r, struct fail *f)
{
	if (r->restored == LIFE_NONE)
		return OK;
	return fail_set(f, ERR_FENCE,
	    "%s. What is saved here is intact, but what was changed, withdrawn"
	    " or destroyed meanwhile is not known: footbridge sync first",
	    life_words(r->restored));
}

int64_t
replica_alone(const struct replica *r)
{
	return r->restored == LIFE_NONE ? r->alone_ms : 0;
}

size_t
replica_copies(const struct replica *r)
{
	size_t n = 0;

	/* numbered as they came: our own were there when the last of them was
	 * made, so one that came after it is another copy's */
	for (size_t i = 0; i < r->author_count; i++)
		n += r->own_author != 0 && r->authors[i].no > r->own_author &&
		    id_equal(&r->authors[i].node, &r->identity.node);
	return n;
}

enum err
replica_earlier_work(struct replica *r, int64_t *count, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT count(*) FROM _author a JOIN _segment s ON s.author = a.no"
	    " AND s.position > 0 WHERE a.node = ?1 AND a.no <> ?2"
	    " AND s.kind = 0 AND s.state > 2",
	    f);

	*count = 0;
	if (e != OK)
		return e;
	stmt_blob(s, 1, r->identity.node.b, sizeof(r->identity.node.b));
	stmt_int(s, 2, r->own_author);
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		*count = stmt_col_int(s, 0);
	stmt_reset(s);
	return e;
}

/* ---- stored ----------------------------------------------------------------- */

static enum err
get_number(struct replica *r, int64_t *out, unsigned *lead, const char *name,
    struct fail *f)
{
	struct buf b = { .limit = 64 };
	enum err e = replica_meta_get(r, &b, name, f);
	struct rd rd = rd_of(b.p, b.n);

	*out = 0;
	if (e == OK && lead != NULL)
		*lead = rd_u8(&rd);
	if (e == OK)
		*out = (int64_t)rd_u64(&rd);
	if (e == OK && rd_done(&rd) != OK)
		e = fail_set(f, ERR_CORRUPT, "the note \"%s\" is damaged",
		    name);
	buf_release(&b);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err
set_number(struct replica *r, const char *name, const unsigned *lead,
    int64_t value, struct fail *f)
{
	struct buf b = { .limit = 64 };
	enum err e;

	if (lead != NULL)
		buf_u8(&b, (uint8_t)*lead);
	buf_u64(&b, (uint64_t)value);
	e = b.err == OK ? replica_meta_set(r, name, b.p, b.n, f)
			: fail_code(f, b.err);
	buf_release(&b);
	return e;
}

enum err
replica_load_life(struct replica *r, struct fail *f)
{
	unsigned reason = LIFE_NONE;
	int64_t life = 0;
	enum err e = get_number(r, &life, NULL, META_LIFE, f);

	if (e == OK)
		e = get_number(r, &r->restored_ms, &reason, META_RESTORED, f);
	if (e == OK)
		e = get_number(r, &r->alone_ms, NULL, META_ALONE, f);
	r->life = life > 0 ? (uint64_t)life : 1;
	r->restored =
	    reason <= LIFE_DAMAGED ? (enum life_reason)reason : LIFE_FENCE_LOST;
	return e;
}

static enum err
set_restored(struct replica *r, enum life_reason reason, struct fail *f)
{
	int64_t now = env_wall_ms(r->env);
	unsigned lead = reason;
	enum err e = set_number(r, META_RESTORED, &lead, now, f);

	if (e == OK) {
		r->restored = reason;
		r->restored_ms = now;
	}
	return e;
}

/* ---- beginning one ------------------------------------------------------------ */

/* Peers are told that nothing of theirs is here: they begin anew, and what they
 * hold of our own is among it. Their units are offered by id first. */
static enum err
ask_for_all(struct replica *r, struct fail *f)
{
	static const uint8_t none[LANE_STREAM_BYTES];
	struct lane_peer_info info;
	enum err e;

	for (size_t at = 0; (e = lane_peer_at(r, &info, at, f)) == OK; at++) {
		e = lane_their_stream(r, info.peer, none, f);
		if (e != OK)
			return e;
	}
	return e == ERR_NOTFOUND ? OK : e;
}

/* Unsealed work is the new author's: it gets its places under it. */
static enum err
hand_over(struct replica *r, struct fail *f)
{
	struct stmt *s;
	enum err e;

	e = db_stmt(&s, r->db,
	    "UPDATE _segment SET author = ?1 WHERE state <= ?2", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, r->own_author);
	stmt_int(s, 2, STATE_CLOSED);
	return stmt_run(s, f);
}

static enum err
new_author(struct replica *r, struct fail *f)
{
	struct buf record = { .limit = LIMIT_MEMBER_BYTES };
	enum member_result result;
	enum err e;

	identity_reincarnate(&r->identity, r->env);
	r->members_touched = true;
	e = replica_save_identity(r, &r->identity, f);
	/* numbering it makes it ours */
	if (e == OK)
		e = member_make_author(&record, &r->identity,
		    members_network(r->members));
	if (e == OK)
		e = replica_add_member(r, &result, record.p, record.n, NULL, f);
	buf_release(&record);
	return e == OK ? hand_over(r, f) : e;
}

static enum err
begin_life(struct replica *r, enum life_reason reason, struct fail *f)
{
	enum err e = set_number(r, META_LIFE, NULL, (int64_t)(r->life + 1), f);

	if (e != OK)
		return e;
	r->life++;
	r->fence_behind = true;
	if (r->own_author == 0) /* it joins as whoever it is then */
		return OK;
	replica_tally(r, "new lives", 1);
	if (reason != LIFE_MOVED)
		e = set_restored(r, reason, f);
	if (e == OK)
		e = new_author(r, f);
	return e == OK && reason != LIFE_MOVED ? ask_for_all(r, f) : e;
}

enum err
replica_new_life(struct replica *r, enum life_reason reason, struct fail *f)
{
	uint64_t was = r->life;
	bool own;
	enum err e = replica_enter(r, &own, f);

	if (e != OK)
		return e;
	r->members_touched = true; /* a rollback reads everything again */
	e = begin_life(r, reason, f);
	e = replica_leave(r, own, e, f);
	if (e != OK && own)
		r->life = was;
	return e == OK && own ? replica_fence_write(r, f) : e;
}

enum err
replica_believe(struct replica *r, int64_t *wait_ms, struct fail *f)
{
	int64_t now = env_wall_ms(r->env), last = 0;
	enum err e = get_number(r, &last, NULL, META_CLAIMED, f);

	/* a clock that was set back may cost as much again, no more */
	*wait_ms = last == 0 || now - last >= CLAIM_MS || last - now >= CLAIM_MS
	    ? 0
	    : last + CLAIM_MS - now;
	return e == OK && *wait_ms == 0
	    ? set_number(r, META_CLAIMED, NULL, now, f)
	    : e;
}

/* In the caller's transaction or its own: open, alone since then or not. */
static enum err
open_again(struct replica *r, int64_t alone_ms, struct fail *f)
{
	bool own;
	enum err e = replica_enter(r, &own, f);

	if (e != OK)
		return e;
	r->members_touched = true; /* a rollback reads everything again */
	e = db_exec(r->db,
	    "DELETE FROM _meta WHERE name LIKE '" BUNDLE_HEARD_NOTE "%'", f);
	if (e == OK && r->alone_ms != alone_ms)
		e = set_number(r, META_ALONE, NULL, alone_ms, f);
	if (e == OK)
		r->alone_ms = alone_ms;
	if (e == OK && r->restored != LIFE_NONE)
		e = set_restored(r, LIFE_NONE, f);
	return replica_leave(r, own, e, f);
}

enum err
replica_recovered(struct replica *r, struct fail *f)
{
	if (r->restored == LIFE_NONE && r->alone_ms == 0)
		return OK;
	return open_again(r, 0, f);
}

enum err
replica_open_alone(struct replica *r, struct fail *f)
{
	if (r->restored == LIFE_NONE)
		return OK;
	return open_again(r, env_wall_ms(r->env), f);
}
