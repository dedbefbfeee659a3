/*
 * Taking in one segment from outside, cheapest check first. Whatever the bytes
 * say becomes an outcome that is counted; only our own disk can make it fail.
 */
#include <sodium.h>

#include "sync/apply.h"
#include "sync/attachment.h"
#include "sync/control.h"
#include "sync/derive.h"
#include "sync/lane.h"
#include "sync/log_receive_i.h"
#include "sync/room.h"
#include "sync/shred_i.h"

/* Is it of a compartment that was destroyed here: then its stub, in *stub, is
 * all that is kept, wherever it is kept. */
static enum err
only_stub(struct replica *r, const struct receipt_of *x, struct buf *stub,
    struct fail *f)
{
	struct compartment *c = x->c;
	enum err e = OK;

	if (c == NULL)
		e = compartment_by_id(r, &c, &x->segment.header.compartment, f);
	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	return shred_stubs(c, x->segment.header.kind) && !x->segment.stub
	    ? shred_stub(stub, x->bytes, x->n, f)
	    : OK;
}

static enum err
refuse(struct replica *r, const struct receipt_of *x, enum outcome *outcome,
    const struct fail *why, struct fail *f)
{
	struct buf stub = { .limit = LIMIT_SEGMENT_BYTES };
	enum err e = OK;

	*outcome = OUTCOME_REFUSED;
	replica_tally(r, "refused", 1);
	if (x->parsed)
		e = only_stub(r, x, &stub, f);
	if (e == OK)
		e = stub.n > 0
		    ? log_keep_refused(r, x->peer, why, stub.p, stub.n, f)
		    : log_keep_refused(r, x->peer, why, x->bytes, x->n, f);
	buf_release(&stub);
	return e;
}

/* Keep it unverified, within a quota, until what it lacks arrives. */
static enum err
put_aside(struct replica *r, const struct receipt_of *x, int reason,
    enum outcome *outcome, struct fail *why, struct fail *f)
{
	struct buf stub = { .limit = LIMIT_SEGMENT_BYTES };
	struct parked in = {
		.header = &x->segment.header,
		.reason = reason,
		.since_ms = x->since_ms,
		.bytes = x->bytes,
		.n = x->n,
		.peer = x->peer,
	};
	/* a removal may be what undoes the order: it waits as it is */
	enum err e = x->segment.header.kind == SEGMENT_REMOVE
	    ? OK
	    : only_stub(r, x, &stub, f);

	if (stub.n > 0) {
		in.bytes = stub.p;
		in.n = stub.n;
	}
	if (e == OK)
		e = log_park(r, outcome, &in, why, f);
	buf_release(&stub);

	/* refused: not kept and not acknowledged, units.h sends it again */
	if (e == OK && *outcome != OUTCOME_WAITING)
		replica_tally(r, outcome_name(*outcome), 1);
	return e;
}

/* What a segment names of what is held, by number; 0 where it is not. */
struct named_deps {
	int64_t no[LIMIT_DEPS];
	bool met; /* all are held, and none of them waits */
};

static enum err
find_deps(struct replica *r, const struct receipt_of *x, struct named_deps *n,
    struct fail *f)
{
	const struct segment_header *h = &x->segment.header;
	enum err e = OK;

	n->met = x->prev.no == 0 || x->prev.state != STATE_WAITING;
	for (size_t i = 0; e == OK && i < h->dep_count; i++) {
		const struct segment_dep *d = &h->deps[i];
		struct author *a = replica_author(r, &d->author);
		struct log_stand at = { .no = 0 };
		struct log_place place = { .cpt = x->c->no,
			.author = a != NULL ? a->no : 0,
			.chain = d->chain,
			.seq = d->seq };

		if (a != NULL)
			e = log_find(r, &at, &place, d->ref, f);
		n->no[i] = at.no;
		n->met = n->met && at.no != 0 && at.state != STATE_WAITING;
	}
	return e;
}

/* What it names is no end any more. */
static void
cover(struct receipt_of *x, const struct named_deps *n)
{
	int chain = segment_chain(x->segment.header.kind);

	if (x->prev.no != 0)
		log_end_covered(x->c, x->prev.no, chain);
	for (size_t i = 0; i < x->segment.header.dep_count; i++) {
		if (n->no[i] != 0)
			log_end_covered(x->c, n->no[i], chain);
	}
}

static bool
covers_data(const struct compartment *c)
{
	for (size_t i = 0; i < c->end_count; i++) {
		if (c->ends[i].chain == CHAIN_DATA)
			return false;
	}
	return true;
}

static enum err
insert_received(struct replica *r, struct receipt_of *x,
    enum segment_state state, struct fail *f)
{
	const struct segment_header *h = &x->segment.header;
	struct author *a = replica_author_no(r, x->author);
	struct log_row row = {
		.no = r->next_segment,
		.cpt = x->c->no,
		.author = x->author,
		.chain = segment_chain(h->kind),
		.seq = h->seq,
		.position = h->position,
		.kind = h->kind,
		.state = state,
		.id = &x->id,
		.prev = x->prev.no,
		.bytes = x->bytes,
		.n = x->n,
	};
	enum err e = log_insert(r, &row, f);

	if (e == OK && x->counted)
		e = room_take(r, &a->node, x->n, f);
	if (e != OK)
		return e;
	x->no = r->next_segment++;
	x->stored = true;
	if (a != NULL && h->position > a->top_position) {
		a->top_position = h->position;
		a->top_id = x->id;
		a->changed = true;
	} else {
		e = log_position_added(r, x->author, h->position, x->no, f);
		if (e == OK)
			e = log_lost_came(r, &row, f);
	}
	if (e == OK && x->segment.stub && !shred_stubs(x->c, h->kind))
		e = log_want_whole(r, x->no, f);
	return e == OK
	    ? lane_segment(r, x->c, x->no, (enum lane)h->lane, x->peer, f)
	    : e;
}

/* What is closed here may have its place now, and with it be found not to
 * count: so it is on nodes that can read it. */
static enum err
judge_closed(struct replica *r, struct compartment *c, struct fail *f)
{
	bool plain = true;
	enum err e = OK;

	if (c->unreadable > 0 && !c->rederive)
		e = derive_all_plain(r, c, &plain, f);
	c->rederive = c->rederive || !plain;
	return e;
}

static enum err
take_control(struct replica *r, struct receipt_of *x, struct fail *f)
{
	struct named_deps deps;
	bool later = false;
	enum err e;

	e = find_deps(r, x, &deps, f);
	if (e == OK)
		e = insert_received(r, x, STATE_APPLIED, f);
	if (e != OK)
		return e;
	cover(x, &deps);
	log_end_added(x->c, x->no, CHAIN_CONTROL);
	/* what it grants holds at once; but data that names it waits until its
	 * own past is whole, as what waited for just this does no longer */
	if (!deps.met)
		x->c->waiting++;
	x->c->rederive = x->c->rederive || x->c->waiting > 0;
	e = judge_closed(r, x->c, f);
	if (e == OK)
		e = control_later(r, x->c, &later, f);
	if (e != OK || later)
		return e;
	/* a stub says nothing, but joins what stands before and after it */
	if (x->segment.header.kind != SEGMENT_GRANT || x->segment.stub)
		return control_apply(r, x->c, f);
	return grant_apply(r, x->c, x->no, replica_author_node(r, x->author),
	    x->segment.body, x->segment.header.body_bytes, f);
}

static enum err
take_readable(struct replica *r, struct receipt_of *x, const struct buf *plain,
    enum outcome *outcome, struct fail *f)
{
	struct judge_author author;
	struct named_deps deps;
	bool simple;
	enum err e;

	e = log_close_open(r, x->c, f);
	if (e == OK)
		e = find_deps(r, x, &deps, f);
	if (e != OK)
		return e;
	/* history beside a snapshot is derived when it is whole */
	if (!deps.met || (x->c->flags & COMPARTMENT_SNAPSHOT) != 0) {
		*outcome = OUTCOME_WAITING;
		replica_tally(r, "applied", -1);
		x->c->waiting++;
		x->c->rederive = true;
		x->c->changed = true;
		return insert_received(r, x, STATE_WAITING, f);
	}
	cover(x, &deps);
	x->c->payload += (int64_t)plain->n;
	x->c->changed = true;
	simple = covers_data(x->c) && derive_plain(r, x->c, x->author) &&
	    derive_fits(r, x->c);
	e = insert_received(r, x, STATE_APPLIED, f);
	if (e != OK)
		return e;
	log_end_added(x->c, x->no, CHAIN_DATA);
	if (!simple || x->c->waiting > 0 || x->c->unreadable > 0 ||
	    x->c->rederive) {
		x->c->rederive = true;
		return OK;
	}
	e = judge_author(&author, r, x->c, replica_author_node(r, x->author),
	    f);
	return e == OK ? apply_payload(r, x->c, x->no, &author,
			     x->segment.header.schema, plain->p, plain->n, f)
		       : e;
}

static enum err
take_data(struct replica *r, struct receipt_of *x, enum outcome *outcome,
    struct fail *f)
{
	struct buf *plain = &r->scratch;
	enum err e;

	buf_reset(plain);
	e = log_open_segment(r, plain, x->c->no, &x->segment, f);
	if (e == OK)
		return take_readable(r, x, plain, outcome, f);
	if (e != ERR_NOTFOUND)
		return e;
	/* no key here: kept, relayed, and applied if a grant comes */
	x->c->unreadable++;
	x->c->changed = true;
	if (x->c->end_count > 0 && x->c->has_subject)
		x->c->rederive = true;
	e = insert_received(r, x, STATE_UNREADABLE, f);
	return e == OK ? judge_closed(r, x->c, f) : e;
}

/* Offers and attachments stand beside the log: kept by whoever holds or relays
 * the compartment, readable or not; no table is made from them. */
static enum err
take_beside(struct replica *r, struct receipt_of *x, struct fail *f)
{
	enum segment_state state =
	    x->segment.stub ? STATE_UNREADABLE : STATE_APPLIED;
	bool part = x->segment.header.kind == SEGMENT_ATTACHMENT;
	enum err e = OK;

	if (part)
		e = attachment_open(r, &r->scratch, &state, x->c->no,
		    &x->segment, f);
	if (e == OK)
		e = insert_received(r, x, state, f);
	return e == OK && part ? attachment_note(r, x->c->no, x->no,
				     &x->segment, state, &r->scratch, f)
			       : e;
}

/* It may be what undoes the order; if not, it is cut at once (shred_stands). */
static enum err
take_shredded_control(struct replica *r, struct receipt_of *x, struct fail *f)
{
	struct named_deps deps;
	bool later = false;
	enum err e = find_deps(r, x, &deps, f);

	if (e == OK)
		e = insert_received(r, x, STATE_APPLIED, f);
	if (e != OK)
		return e;
	cover(x, &deps);
	log_end_added(x->c, x->no, CHAIN_CONTROL);
	e = control_later(r, x->c, &later, f);
	if (e == OK && !later)
		e = control_apply(r, x->c, f);
	/* who signs for it is told what others sign */
	return e == OK && x->segment.header.kind == SEGMENT_SHRED
	    ? lane_compartment(r, x->c, f)
	    : e;
}

/* All else that comes for it: its stub, of which nothing is derived. */
static enum err
take_shredded(struct replica *r, struct receipt_of *x, struct fail *f)
{
	struct buf stub = { .limit = LIMIT_SEGMENT_BYTES };
	enum err e;

	if (segment_chain(x->segment.header.kind) == CHAIN_CONTROL)
		return take_shredded_control(r, x, f);
	e = only_stub(r, x, &stub, f);
	if (stub.n > 0) {
		x->bytes = stub.p;
		x->n = stub.n;
	}
	if (e == OK)
		e = insert_received(r, x, STATE_UNREADABLE, f);
	buf_release(&stub);
	return e;
}

/* One branch too many at its place: kept and passed on while there is room,
 * and of no effect. */
static enum err
take_beyond(struct replica *r, struct receipt_of *x, enum outcome *outcome,
    struct fail *why, struct fail *f)
{
	struct buf stub = { .limit = LIMIT_SEGMENT_BYTES };
	enum err e;

	(void)fail_set(why, ERR_FENCE,
	    "more than %d different segments claim one place of one author:"
	    " that computer was copied again and again, or lies. This one has"
	    " no effect, on any computer",
	    LOG_BRANCHES);
	*outcome = OUTCOME_QUARANTINED;
	replica_tally(r, "quarantined", 1);
	e = compartment_meet(r, &x->c, &x->segment.header.compartment, f);
	if (e == OK)
		e = only_stub(r, x, &stub, f);
	if (stub.n > 0) {
		x->bytes = stub.p;
		x->n = stub.n;
	}
	if (e == OK)
		e = x->beside.count == LOG_PLACE_MAX
		    ? log_keep_refused(r, x->peer, why, x->bytes, x->n, f)
		    : insert_received(r, x, STATE_BEYOND, f);
	buf_release(&stub);
	return e;
}

static enum err
take_counting(struct replica *r, struct receipt_of *x, enum outcome *outcome,
    struct fail *f)
{
	enum err e;

	*outcome = OUTCOME_APPLIED;
	replica_tally(r, "applied", 1);
	/* only what is verified makes a compartment known */
	e = compartment_meet(r, &x->c, &x->segment.header.compartment, f);
	if (e != OK)
		return e;
	if ((x->c->flags & COMPARTMENT_SHREDDED) != 0)
		return take_shredded(r, x, f);
	switch (segment_chain(x->segment.header.kind)) {
	case CHAIN_CONTROL:
		return take_control(r, x, f);
	case CHAIN_DATA:
		return take_data(r, x, outcome, f);
	default:
		return take_beside(r, x, f);
	}
}

/* Verified: its author wrote it, here. */
static enum err
take_verified(struct replica *r, struct receipt_of *x, enum outcome *outcome,
    struct fail *why, struct fail *f)
{
	const struct segment_header *h = &x->segment.header;
	struct log_place place = { .author = x->author,
		.chain = segment_chain(h->kind),
		.seq = h->seq };
	bool counts = true;
	enum err e = OK;

	if (x->beside.count > 0 || x->prev.state == STATE_BEYOND)
		e = log_branch_counts(r, &counts, &x->beside, x->prev.no,
		    &x->id, f);
	if (e == OK)
		e = counts ? take_counting(r, x, outcome, f)
			   : take_beyond(r, x, outcome, why, f);
	if (e != OK || !x->stored || x->beside.count == 0)
		return e;
	place.cpt = x->c->no;
	return log_branch_added(r, x->c, &place, x->no, f);
}

/* The segment parses and its author is known. */
static enum err
receive_known(struct replica *r, struct receipt_of *x, enum outcome *outcome,
    struct fail *why, struct fail *f)
{
	const struct member_node *node = replica_author_node(r, x->author);
	const struct log_stand *same;
	enum err e = log_find_place(r, x, f);

	if (e == OK)
		e = log_judge_room(r, x, f);
	if (e != OK)
		return e;
	if (log_candidates(x) == 0)
		return x->full
		    ? log_no_room(r, x, outcome, why, f)
		    : put_aside(r, x, PARKED_PREDECESSOR, outcome, why, f);
	e = log_find_same(r, x, node, &same, f);
	if (e != OK)
		return e;
	if (same != NULL)
		return log_take_twice(r, x, same, node, outcome, why, f);
	if (x->full)
		return log_no_room(r, x, outcome, why, f);
	if (!log_find_signed(r, x, node)) {
		/* of another branch, perhaps, whose beginning is to come */
		if (node != NULL && x->segment.header.seq > 1)
			return put_aside(r, x, PARKED_BRANCH, outcome, why, f);
		(void)fail_set(why, ERR_AUTH,
		    "a segment's signature is not its author's; it was kept"
		    " aside and changes nothing");
		return refuse(r, x, outcome, why, f);
	}
	/* what we signed and do not have: lost here, or a copy wrote it. Either
	 * way we must not write on as that author */
	if (x->author == r->own_author)
		e = replica_new_life(r, LIFE_KNOWN_BETTER, f);
	return e != OK ? e : take_verified(r, x, outcome, why, f);
}

static enum err
receive_one(struct replica *r, struct receipt_of *x, enum outcome *outcome,
    struct fail *why, struct fail *f)
{
	struct author *a;

	if (x->n > LIMIT_SEGMENT_BYTES) {
		(void)fail_set(why, ERR_LIMIT,
		    "a segment of %zu bytes; at most %d are allowed", x->n,
		    LIMIT_SEGMENT_BYTES);
		return refuse(r, x, outcome, why, f);
	}
	if (segment_parse(&x->segment, x->bytes, x->n, why) != OK)
		return refuse(r, x, outcome, why, f);
	x->parsed = true;
	a = replica_author(r, &x->segment.header.author);
	if (a == NULL)
		return put_aside(r, x, PARKED_AUTHOR, outcome, why, f);
	x->author = a->no;
	return receive_known(r, x, outcome, why, f);
}

enum err
log_take_again(struct replica *r, bool *stored, const struct parked *in,
    struct fail *f)
{
	struct receipt_of x = { .bytes = in->bytes,
		.n = in->n,
		.peer = in->peer,
		.since_ms = in->since_ms,
		.again = true };
	struct fail why = { .code = OK };
	enum outcome outcome;
	enum err e = receive_one(r, &x, &outcome, &why, f);

	*stored = e == OK && x.stored;
	return e;
}

enum err
log_receive(struct replica *r, enum outcome *outcome, struct segment_id *id,
    const uint8_t *bytes, size_t n, const struct node_id *peer,
    struct fail *why, struct fail *f)
{
	struct receipt_of x = { .bytes = bytes, .n = n, .peer = peer };
	struct fail unused;
	enum err e;

	if (why == NULL)
		why = &unused;
	*why = (struct fail){ .code = OK };
	replica_tally(r, "received", 1);
	e = receive_one(r, &x, outcome, why, f);
	if (e != OK)
		return e;
	if (id != NULL)
		*id = x.id;
	/* stored, applied or waiting: its successor can be placed now */
	if (x.stored && r->parked > 0)
		e = log_retry_next(r, &x.segment.header, f);
	return e;
}
