/*
 * What status says of backups: how old the last good one is, and what failed.
 */
#ifndef FOOTBRIDGE_NODE_KEEP_SHOW_H
#define FOOTBRIDGE_NODE_KEEP_SHOW_H

#include "node/keep.h"
#include "node/run.h"

struct keep_show {
	struct keep_state state;
	int64_t every_ms;
	bool gone; /* the last good one is not where it was written */
	bool late; /* keep_is_late, or what serve wrote is gone */
};

enum err keep_show_take(struct keep_show *b, struct run *run, struct fail *f);
void keep_show_say(struct run *run, const struct keep_show *b);
json_t *keep_show_json(const struct keep_show *b);

#endif
