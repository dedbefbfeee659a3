/*
 * May a consent be ended by whom it is about, today? By the consent's own rule: at
 * any time, from a day on, or once an event has come (42 CFR 2.35). Before that a
 * request is written down and counts by itself when the time comes (case.h).
 */
#ifndef FOOTBRIDGE_NODE_POLICY_ENDING_H
#define FOOTBRIDGE_NODE_POLICY_ENDING_H

#include "node/policy/policy.h"
#include "sync/read.h"

struct ending {
	bool open; /* today */
	policy_day
	    from; /* not yet: the day; POLICY_NO_DAY: when its event comes */
};

/* row: of table consent, as it stands here. cost: the person's consent events, if
 * it waits for one. fails: what reading fails with */
enum err ending_of(struct ending *out, struct replica *r,
    const struct read_row *row, struct fail *f);
/* The same of the consent with this id; ERR_NOTFOUND, ERR_WAIT: not readable here */
enum err ending_find(struct ending *out, struct replica *r,
    const struct row_id *consent, struct fail *f);

/* The first day on which a request to end it counts, whoever wrote that down, by
 * what can be read here; POLICY_NO_DAY: none does. cost: the person's consent
 * events */
enum err ending_asked(policy_day *out, struct replica *r,
    const struct read_row *row, struct fail *f);
/* The same by its rule: the day from which it can be ended, when it was asked for,
 * when its event came, each POLICY_NO_DAY if there is none. */
policy_day ending_day(bool after_date, bool after_event, policy_day from,
    policy_day asked, policy_day met);

/* "from 2026-12-01 on", "once the event that it names has come" */
void ending_say(struct buf *out, const struct ending *e);

#endif
