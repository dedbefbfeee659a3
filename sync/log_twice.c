/*
 * What is held already comes once more: whole, where only its stub was.
 */
#include "sync/attachment.h"
#include "sync/control.h"
#include "sync/lane.h"
#include "sync/log_receive_i.h"
#include "sync/room.h"
#include "sync/shred.h"

/* What had its stub only is here whole. */
static enum err
whole_came(struct replica *r, struct receipt_of *x, int64_t no, struct fail *f)
{
	enum segment_state state = STATE_APPLIED;
	bool part = x->segment.header.kind == SEGMENT_ATTACHMENT;
	struct stmt *s;
	enum err e = OK;

	if (segment_chain(x->segment.header.kind) == CHAIN_CONTROL)
		return control_apply(r, x->c, f);
	if (segment_chain(x->segment.header.kind) == CHAIN_DATA) {
		x->c->rederive = true;
		return OK;
	}
	if (part)
		e = attachment_open(r, &r->scratch, &state, x->c->no,
		    &x->segment, f);
	if (e == OK)
		e = db_stmt(&s, r->db,
		    "UPDATE _segment SET state = ?2 WHERE no = ?1", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	stmt_int(s, 2, state);
	e = stmt_run(s, f);
	return e == OK && part ? attachment_note(r, x->c->no, no, &x->segment,
				     state, &r->scratch, f)
			       : e;
}

/* Is what is held shorter? */
static enum err
is_stub(struct replica *r, bool *yes, int64_t no, size_t n, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "SELECT 1 FROM _segment WHERE no = ?1 AND length(bytes) < ?2", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	stmt_int(s, 2, (int64_t)n);
	e = stmt_step(s, yes, f);
	stmt_reset(s);
	return e;
}

/* *put: only its stub was here. */
static enum err
put_whole(struct replica *r, const struct receipt_of *x, int64_t no, bool *put,
    struct fail *f)
{
	/* of one id, only a stub is shorter */
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "UPDATE _segment SET bytes = ?2 WHERE no = ?1 AND state > 2"
	    " AND length(bytes) < ?3",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	stmt_blob(s, 2, x->bytes, x->n);
	stmt_int(s, 3, (int64_t)x->n);
	e = stmt_run(s, f);
	*put = e == OK && db_changes(r->db) > 0;
	return e;
}

/* What it says was not known here, where all was destroyed. */
static enum err
hear_again(struct replica *r, struct receipt_of *x, int64_t no, struct fail *f)
{
	bool said = false, put;
	enum err e = shred_is_said(r, no, &said, f);

	if (e != OK || said)
		return e;
	e = put_whole(r, x, no, &put, f);
	return e == OK && put ? control_apply(r, x->c, f) : e;
}

/*
 * The same segment once more. Where only its stub is held, the whole one takes
 * its place: who sends a stub first must not keep the content away.
 */
enum err
log_take_twice(struct replica *r, struct receipt_of *x,
    const struct log_stand *held, const struct member_node *node,
    enum outcome *outcome, struct fail *why, struct fail *f)
{
	enum segment_kind kind = x->segment.header.kind;
	bool put = false;
	enum err e;

	*outcome = OUTCOME_DUPLICATE;
	/* a stub of data is never readable, so most are told apart by that */
	if (x->segment.stub ||
	    (held->state != STATE_UNREADABLE &&
		held->state != STATE_QUARANTINED &&
		segment_chain(kind) != CHAIN_CONTROL) ||
	    node == NULL ||
	    segment_verify(&x->segment, &x->id, node->sign_key) != OK) {
		replica_tally(r, "duplicate", 1);
		return OK;
	}
	if (shred_stubs(x->c, kind)) {
		replica_tally(r, "duplicate", 1);
		return segment_chain(kind) == CHAIN_CONTROL
		    ? hear_again(r, x, held->no, f)
		    : OK;
	}
	if (x->full) {
		bool stub = false;

		e = is_stub(r, &stub, held->no, x->n, f);
		if (e != OK || stub)
			return e != OK ? e : log_no_room(r, x, outcome, why, f);
	}
	e = put_whole(r, x, held->no, &put, f);
	if (e != OK || !put) {
		replica_tally(r, "duplicate", 1);
		return e;
	}
	*outcome = OUTCOME_APPLIED;
	replica_tally(r, "applied", 1);
	if (x->counted)
		e = room_take(r, &node->id, x->n, f);
	if (e == OK)
		e = whole_came(r, x, held->no, f);
	if (e == OK)
		e = log_have_whole(r, held->no, x->peer, f);
	return e != OK ? e
		       : lane_whole(r, x->c, held->no,
			     (enum lane)x->segment.header.lane, x->peer, f);
}
