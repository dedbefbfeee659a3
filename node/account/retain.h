/*
 * The journal over the years: how long it is kept ([accounts] journal), and that
 * somebody looks through it each week (CJIS AU-6, AU-11).
 *
 * Entries go when they are older than the setting says and a month more, so that
 * the entries that tell of it are few. By which clock: the wall's, but never later
 * than what other computers signed, where there are any, so that a clock set years
 * ahead throws nothing away.
 */
#ifndef FOOTBRIDGE_NODE_ACCOUNT_RETAIN_H
#define FOOTBRIDGE_NODE_ACCOUNT_RETAIN_H

#include "sync/audit.h"

#define RETAIN_REVIEW_DAYS 7

struct retain_state {
	struct audit_extent extent;
	int64_t days;        /* how long it is kept; 0: for ever */
	int64_t reviewed;    /* the last entry that was looked through; 0 */
	int64_t reviewed_ms; /* when that was; 0: never */
	bool review_due;     /* a week ago, and something came since */
};
/* Lock held. */
enum err retain_read(struct retain_state *out, struct replica *r, int64_t days,
    struct fail *f);
/* Everything up to this entry was looked through. In the caller's transaction. */
enum err retain_reviewed(struct replica *r, int64_t no, struct fail *f);

/* Throw away what is too old; days 0: nothing. exactly: what is older than the
 * setting says, without the month. Lock held.
 * out: *pruned  entries that went; call it again when that is AUDIT_PRUNE_MAX */
enum err retain_prune(int64_t *pruned, struct replica *r, int64_t days,
    bool exactly, struct fail *f);

#endif
