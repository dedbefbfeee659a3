/*
 * What status says of the office's own duties: accounts that were closed because
 * nobody used them, the weekly look through the journal, a disk that is nearly
 * full.
 */
#ifndef FOOTBRIDGE_NODE_SHOW_OFFICE_H
#define FOOTBRIDGE_NODE_SHOW_OFFICE_H

#include "node/account/retain.h"
#include "node/run.h"

struct show_office {
	int64_t unused;     /* accounts */
	int64_t room_bytes; /* left on the disk; -1: not known */
	struct retain_state journal;
};

/* Lock held. */
enum err show_office_take(struct show_office *o, struct run *run,
    struct fail *f);
/* Is there next to no room on the disk? */
bool show_office_is_full(const struct show_office *o);
/* A line for each duty that waits, or nothing. */
void show_office_say(struct run *run, const struct show_office *o);
/* {"kept_days", "kept_from_ms", "first", "last", "reviewed", "reviewed_ms",
 * "review_due"}; a new reference. */
json_t *show_office_journal(const struct show_office *o);
/* Into what status says. */
void show_office_json(json_t *status, const struct show_office *o);

#endif
