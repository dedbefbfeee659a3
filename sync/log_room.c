/* What comes, and the day's room of who wrote it (room.h). */
#include "sync/log_receive_i.h"
#include "sync/room.h"

enum err
log_judge_room(struct replica *r, struct receipt_of *x, struct fail *f)
{
	struct author *a = replica_author_no(r, x->author);
	bool room = true;
	enum err e = OK;

	x->counted = a != NULL && room_counts(r, &a->node, x->c);
	if (x->counted && !x->again)
		e = room_has(r, &room, &a->node,
		    (enum lane)x->segment.header.lane, x->n, f);
	x->full = !room;
	return e;
}

enum err
log_no_room(struct replica *r, const struct receipt_of *x,
    enum outcome *outcome, struct fail *why, struct fail *f)
{
	(void)fail_set(why, ERR_ROOM,
	    "no more room today for what its computer wrote; it comes again"
	    " when the day is over");
	*outcome = OUTCOME_REFUSED;
	replica_tally(r, "refused", 1);
	return room_refused(r, &replica_author_no(r, x->author)->node, f);
}
