/*
 * What status says of the clock of this computer. Nothing is refused or delayed
 * because of a clock; a wrong one makes wrong times in what people type, so it is
 * said plainly, with what to do.
 */
#ifndef FOOTBRIDGE_NODE_SHOW_CLOCK_H
#define FOOTBRIDGE_NODE_SHOW_CLOCK_H

#include "node/run.h"

enum clock_verdict {
	CLOCK_PLAUSIBLE,
	CLOCK_BACK,   /* earlier than the last act here */
	CLOCK_BEHIND, /* earlier than what others signed */
	CLOCK_AHEAD,  /* long after all that others signed */
};
struct show_clock {
	enum clock_verdict verdict;
	int64_t now_ms;
	int64_t than_ms; /* what it was compared with */
};

/* The comparison alone. last_ms: of the last act here; policy_ms: signed by
 * others (replica.h); 0: nothing to compare with. */
void show_clock_judge(struct show_clock *out, int64_t now_ms, int64_t last_ms,
    int64_t policy_ms);
enum err show_clock_take(struct show_clock *out, struct run *run,
    struct fail *f);
/* One line, or nothing. */
void show_clock_say(struct run *run, const struct show_clock *c);
/* "plausible", "back", "behind", "ahead" */
const char *show_clock_word(const struct show_clock *c);

#endif
