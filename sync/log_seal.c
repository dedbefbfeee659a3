/*
 * Sealing: unsealed work gets its place (seq, position), dependencies, key and
 * signature, in the order in which it was begun, so that what a segment depends
 * on is sealed before it. Positions are burned by the commit; the fence is
 * written after it, and only then may bytes leave (ASSURANCE 4.6).
 */
#include <sodium.h>

#include "sync/control.h"
#include "sync/derive.h"
#include "sync/grant.h"
#include "sync/lane.h"
#include "sync/log_i.h"
#include "sync/offer.h"
#include "sync/remove.h"
#include "sync/shred.h"

#define SEAL_PER_TRANSACTION 2000

struct unsealed {
	int64_t no, cpt;
	enum segment_kind kind;
	struct buf deps, bytes;
};

static void
unsealed_release(struct unsealed *u)
{
	buf_release(&u->deps);
	buf_release(&u->bytes);
}

/* The next unsealed segment after u->no; u->no = 0 at the end. */
static enum err
next_unsealed(struct replica *r, struct unsealed *u, struct fail *f)
{
	const uint8_t *p;
	struct stmt *s;
	bool row;
	size_t n;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT no, cpt, kind, deps, bytes FROM _segment"
	    " WHERE state <= 2 AND no > ?1 ORDER BY no LIMIT 1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, u->no);
	e = stmt_step(s, &row, f);
	u->no = 0;
	if (e != OK || !row)
		return e;
	u->no = stmt_col_int(s, 0);
	u->cpt = stmt_col_int(s, 1);
	u->kind = (enum segment_kind)stmt_col_int(s, 2);
	buf_reset(&u->deps);
	buf_reset(&u->bytes);
	p = stmt_col_blob(s, 3, &n);
	buf_put(&u->deps, p, n);
	p = stmt_col_blob(s, 4, &n);
	e = log_loose(r, &u->bytes, u->no, p, n, f);
	stmt_reset(s);
	if (e == OK && u->deps.err != OK)
		e = fail_set(f, u->deps.err, "%s", err_text(u->deps.err));
	return e;
}

/* Where an own segment joins its chain; no 0: it is the first. */
struct predecessor {
	int64_t no;
	struct segment_id id;
};

/* The author's last sealed segment of that chain: *seq 0 when none. */
static enum err
feed_head(struct replica *r, int64_t cpt, int chain, uint64_t *seq,
    struct predecessor *prev, struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e;

	*seq = 0;
	prev->no = 0;
	e = db_stmt(&s, r->db,
	    "SELECT seq, id, no FROM _segment"
	    " WHERE cpt = ?1 AND author = ?2 AND chain = ?3"
	    " ORDER BY seq DESC LIMIT 1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, r->own_author);
	stmt_int(s, 3, chain);
	e = stmt_step(s, &row, f);
	if (e != OK || !row)
		return e;
	*seq = (uint64_t)stmt_col_int(s, 0);
	(void)stmt_col_copy(s, 1, prev->id.b, sizeof(prev->id.b));
	/* what is unsealed has seq 0 and comes last */
	prev->no = *seq > 0 ? stmt_col_int(s, 2) : 0;
	stmt_reset(s);
	return OK;
}

static int
dep_compare(const struct segment_dep *a, const struct segment_dep *b)
{
	int c = id_compare(&a->author, &b->author);

	if (c == 0)
		c = a->chain - b->chain;
	if (c == 0)
		c = (a->seq > b->seq) - (a->seq < b->seq);
	return c != 0 ? c : memcmp(a->ref, b->ref, sizeof(a->ref));
}

static void
dep_insert(struct segment_header *h, const struct segment_dep *dep)
{
	size_t at = h->dep_count;

	while (at > 0 && dep_compare(&h->deps[at - 1], dep) > 0)
		at--;
	memmove(&h->deps[at + 1], &h->deps[at],
	    (h->dep_count - at) * sizeof(h->deps[0]));
	h->deps[at] = *dep;
	h->dep_count++;
}

/* One dependency by its local number; the feed's own predecessor is implied by
 * the chain and left out. */
static enum err
add_dep(struct replica *r, struct segment_header *h, int64_t no, struct fail *f)
{
	struct segment_dep dep;
	struct author *a;
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT author, chain, seq, substr(id, 1, 16) FROM _segment"
	    " WHERE no = ?1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	e = stmt_step(s, &row, f);
	if (e != OK)
		return e;
	a = row ? replica_author_no(r, stmt_col_int(s, 0)) : NULL;
	if (a == NULL || stmt_col_int(s, 2) == 0) {
		stmt_reset(s);
		/* sealed in order: only work kept for want of a key */
		return row ? ERR_WAIT : OK;
	}
	dep.author = a->tag;
	dep.chain = (int)stmt_col_int(s, 1);
	dep.seq = (uint64_t)stmt_col_int(s, 2);
	(void)stmt_col_copy(s, 3, dep.ref, sizeof(dep.ref));
	stmt_reset(s);
	if (a->no == r->own_author && dep.chain == segment_chain(h->kind))
		return OK;
	if (h->dep_count == LIMIT_DEPS)
		return fail_set(f, ERR_LIMIT,
		    "more than %d ends to depend on in one compartment",
		    LIMIT_DEPS);
	dep_insert(h, &dep);
	return OK;
}

static enum err
add_deps(struct replica *r, struct segment_header *h, const struct buf *deps,
    struct fail *f)
{
	struct rd rd = rd_of(deps->p, deps->n);
	enum err e = OK;

	while (e == OK && rd_left(&rd) > 0) {
		int64_t no = (int64_t)rd_uint(&rd);

		e = rd.err == OK ? add_dep(r, h, no, f) : ERR_CORRUPT;
	}
	return e;
}

static enum err
store_sealed(struct replica *r, int64_t no, const struct segment_header *h,
    const struct segment_id *id, int64_t prev, const struct buf *bytes,
    struct fail *f)
{
	struct stmt *s;
	enum err e;

	e = db_stmt(&s, r->db,
	    "UPDATE _segment SET seq = ?2, position = ?3, state = ?4,"
	    " id = ?5, deps = NULL, bytes = ?6, prev = ?7 WHERE no = ?1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	stmt_int(s, 2, (int64_t)h->seq);
	stmt_int(s, 3, (int64_t)h->position);
	stmt_int(s, 4, STATE_APPLIED);
	stmt_blob(s, 5, id->b, sizeof(id->b));
	stmt_blob(s, 6, bytes->p, bytes->n);
	stmt_int(s, 7, prev);
	e = stmt_run(s, f);
	return e == OK ? log_open_drop(r, no, f) : e;
}

static enum err
fill_header(struct replica *r, struct segment_header *h,
    const struct compartment *c, const struct unsealed *u,
    struct predecessor *prev, struct fail *f)
{
	const struct author *own = replica_author_no(r, r->own_author);
	enum err e;

	*h = (struct segment_header){
		.kind = u->kind,
		.lane = u->kind == SEGMENT_ATTACHMENT ? LANE_BULK : LANE_URGENT,
		.compartment = c->id,
		.author = own->tag,
		.position = own->top_position + 1,
	};
	if (u->kind == SEGMENT_DATA)
		h->lane = registry_lane(r->registry, c->category);
	if (segment_has_schema(u->kind))
		h->schema = r->registry->version;
	e = feed_head(r, u->cpt, segment_chain(u->kind), &h->seq, prev, f);
	h->seq++;
	return e == OK ? add_deps(r, h, &u->deps, f) : e;
}

struct making {
	struct segment_header header;
	struct predecessor prev;
	struct segment_id id;
	struct key_id key_id;
	uint8_t key[SEGMENT_KEY_BYTES];
	struct buf payload, bytes, opened;
};

static enum err
make_one(struct replica *r, struct making *m, const struct unsealed *u,
    struct fail *f)
{
	struct segment_make in = {
		.header = &m->header,
		.body = u->bytes.p,
		.body_n = u->bytes.n,
		.network = members_network(r->members),
		.prev = m->prev.no != 0 ? &m->prev.id : NULL,
		.secret_key = r->identity.sign_secret,
	};

	if (segment_is_sealed(u->kind))
		in.key = m->key;
	if (u->kind == SEGMENT_DATA) {
		enum err e;

		buf_reset(&m->payload);
		e = op_pack(&m->payload, u->bytes.p, u->bytes.n);
		if (e != OK)
			return fail_set(f, e,
			    "own work of segment %lld cannot be packed: %s",
			    (long long)u->no, err_text(e));
		in.body = m->payload.p;
		in.body_n = m->payload.n;
	}
	buf_reset(&m->bytes);
	return segment_make(&m->bytes, &m->id, &in, r->env, f);
}

/*
 * A bit that flips between computing and storing would go out under our
 * signature and break our own chain for everybody, for ever. So what was stored
 * is read again and must verify, and open to what was sealed, before its place
 * is taken; else nothing of it is kept and sealing begins anew.
 */
static enum err
check_stored(struct replica *r, struct making *m, const struct unsealed *u,
    struct fail *f)
{
	struct buf *bytes = &m->bytes;
	struct segment s;
	struct segment_id id;
	enum err e;

	buf_reset(bytes);
	buf_reset(&m->opened);
	e = log_bytes(r, bytes, u->no, f);
	if (e == OK)
		e = segment_parse(&s, bytes->p, bytes->n, NULL);
	if (e == OK) {
		segment_identify(&id, &s, members_network(r->members),
		    m->prev.no != 0 ? &m->prev.id : NULL);
		e = id_equal(&id, &m->id)
		    ? segment_verify(&s, &id, r->identity.sign_key)
		    : ERR_CORRUPT;
	}
	if (e == OK && u->kind == SEGMENT_DATA) {
		e = segment_open(&m->opened, &s, m->key, NULL);
		if (e == OK &&
		    (m->opened.n != m->payload.n ||
			memcmp(m->opened.p, m->payload.p, m->opened.n) != 0))
			e = ERR_CORRUPT;
	}
	/* what could not be read now may well be as it was */
	if (e == ERR_IO || e == ERR_NOMEM)
		return f != NULL && f->code == e ? e : fail_code(f, e);
	return e == OK ? OK
		       : fail_set(f, ERR_CORRUPT,
			     "what was sealed was not stored as it was: nothing"
			     " of it was sent, and what was typed is kept. If"
			     " this comes again, this computer's memory or disk"
			     " is failing");
}

/* Nobody takes new work of a node that is out: it can only be offered. */
static enum err
find_key(struct replica *r, struct making *m, const struct compartment *c,
    enum segment_kind kind, struct fail *f)
{
	if (kind == SEGMENT_DATA &&
	    members_revocation(r->members, &r->identity.node) != NULL)
		return ERR_NOTFOUND;
	return segment_is_sealed(kind)
	    ? grant_seal_key(r, c, m->key, &m->key_id, f)
	    : OK;
}

/* What this node wrote before it learned of its own cut was open until now, and
 * open work has no state: whether it counts has to be found again. */
static bool
may_not_count(struct replica *r, const struct compartment *c)
{
	return (c->flags & (COMPARTMENT_CUT | COMPARTMENT_JUDGED)) != 0 ||
	    members_revocation(r->members, &r->identity.node) != NULL;
}

/* What a node said of control before it learned that it is out counted for nothing
 * while it was open; by the place that it has now it may count. */
static enum err
settle_again(struct replica *r, const struct compartment *c,
    enum segment_kind kind, struct fail *f)
{
	if (segment_chain(kind) != CHAIN_CONTROL ||
	    members_revocation(r->members, &r->identity.node) == NULL)
		return OK;
	return control_list(r, c, f);
}

/* ERR_NOTFOUND or ERR_WAIT: stays closed until a key (or what it depends on)
 * can be used. */
static enum err
seal_one(struct replica *r, struct making *m, const struct unsealed *u,
    struct fail *f)
{
	struct compartment *c;
	struct author *own;
	enum err e;

	e = compartment_get(r, &c, u->cpt, f);
	if (e == OK)
		e = find_key(r, m, c, u->kind, f);
	if (e == OK)
		e = fill_header(r, &m->header, c, u, &m->prev, f);
	if (e == OK)
		e = make_one(r, m, u, f);
	if (e == OK)
		e = store_sealed(r, u->no, &m->header, &m->id, m->prev.no,
		    &m->bytes, f);
	if (e == OK)
		e = check_stored(r, m, u, f);
	if (e == OK)
		e = lane_segment(r, c, u->no, (enum lane)m->header.lane, NULL,
		    f);
	if (e == OK && u->kind == SEGMENT_REMOVE)
		e = lane_farewell(r, c, u->no, f);
	if (e == OK && u->kind == SEGMENT_DATA)
		e = offer_not_needed(r, u->no, f);
	if (e == OK)
		e = settle_again(r, c, u->kind, f);
	if (e != OK)
		return e;
	own = replica_author_no(r, r->own_author);
	own->top_position = m->header.position;
	own->top_id = m->id;
	own->changed = true;
	r->fence_behind = true;
	if (u->kind == SEGMENT_DATA) {
		c->payload += (int64_t)m->payload.n;
		c->rederive =
		    c->rederive || may_not_count(r, c) || !derive_fits(r, c);
		c->changed = true;
	}
	if (c->open_no == u->no) {
		c->open_no = 0;
		c->changed = true;
	}
	return OK;
}

/* An open segment that must stay unsealed is closed, so that its dependencies
 * are those of its first operation for good. Where there will be no key for it,
 * it goes to the owner as an offer, which is sealed after it. */
static enum err
keep_one(struct replica *r, const struct unsealed *u, bool no_key,
    bool *offered, struct fail *f)
{
	struct compartment *c;
	enum err e = compartment_get(r, &c, u->cpt, f);

	*offered = false;
	if (e == OK && c->open_no == u->no)
		e = log_close_open(r, c, f);
	if (e == OK && no_key && u->kind == SEGMENT_DATA)
		e = offer_unsealable(r, c, u->no, &u->deps, &u->bytes, offered,
		    f);
	return e;
}

/* Seal up to SEAL_PER_TRANSACTION; u->no is 0 when none is left. */
static enum err
seal_batch(struct replica *r, struct making *m, struct unsealed *u,
    int64_t *sealed, int64_t *kept, struct fail *f)
{
	int64_t done = 0, stay = 0, gone = 0, last = u->no;
	bool own, offered;
	enum err e;

	e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	while (done + stay + gone < SEAL_PER_TRANSACTION &&
	    (e = next_unsealed(r, u, f)) == OK && u->no != 0) {
		last = u->no;
		e = seal_one(r, m, u, f);
		if (e == OK) {
			done++;
		} else if (e == ERR_NOTFOUND || e == ERR_WAIT) {
			e = keep_one(r, u, e == ERR_NOTFOUND, &offered, f);
			gone += offered ? 1 : 0;
			stay += offered ? 0 : 1;
		}
		if (e != OK)
			break;
	}
	e = replica_leave(r, own, e, f);
	if (e != OK)
		return e;
	if (u->no != 0)
		u->no = last;
	*sealed += done;
	*kept += stay;
	return OK;
}

static enum err
seal_all(struct replica *r, struct making *m, struct unsealed *u,
    int64_t *sealed, int64_t *kept, struct fail *f)
{
	enum err e;

	do {
		e = seal_batch(r, m, u, sealed, kept, f);
	} while (e == OK && u->no != 0);
	return e;
}

enum err
log_seal(struct replica *r, int64_t *sealed, int64_t *kept, struct fail *f)
{
	struct unsealed u = { .deps = { .limit = 4096 } };
	struct making m = { .payload = { .limit = LIMIT_PAYLOAD_BYTES },
		.opened = { .limit = LIMIT_PAYLOAD_BYTES } };
	int64_t rekeyed, answers = 0;
	enum err e;

	/* positions are burned by a commit, which the fence must follow */
	assert(!db_in_transaction(r->db));
	*sealed = 0;
	*kept = 0;
	if (r->own_author == 0)
		return OK;
	/* under which key is not known before others were heard; who is out only
	 * offers, which needs none */
	if (r->restored != LIFE_NONE &&
	    members_revocation(r->members, &r->identity.node) == NULL)
		return replica_fence_write(r, f);
	/* new keys where all were ended, or this work could not go */
	e = remove_maintain(r, &rekeyed, f);
	if (e != OK)
		return e;
	e = seal_all(r, &m, &u, sealed, kept, f);
	/* receipts name an order by its id, so once that is sealed */
	if (e == OK)
		e = shred_answer(r, &answers, f);
	if (e == OK && answers > 0) {
		u.no = 0;
		*kept = 0; /* those come again */
		e = seal_all(r, &m, &u, sealed, kept, f);
	}
	if (e == OK)
		e = replica_fence_write(r, f);
	/* sealed work takes less room; that this fails costs nothing else */
	if (e == OK && *sealed > 0 && !db_in_transaction(r->db))
		(void)db_trim(r->db, NULL);
	log_open_forget(r); /* most of what it knew is sealed */
	unsealed_release(&u);
	buf_release(&m.payload);
	buf_release(&m.bytes);
	buf_release(&m.opened);
	sodium_memzero(m.key, sizeof(m.key));
	return e;
}
