#include "node/account/retain.h"

#include <stdio.h>
#include <stdlib.h>

#define DAY_MS ((int64_t)86400 * 1000)
#define MONTH_DAYS 30
#define REVIEWED "audit_reviewed" /* "ENTRY MILLISECONDS" */

static void
read_reviewed(struct retain_state *out, struct replica *r)
{
	struct buf b = { .limit = 64 };
	char *end;

	if (replica_meta_get(r, &b, REVIEWED, NULL) == OK) {
		out->reviewed = strtoll(buf_cstr(&b), &end, 10);
		out->reviewed_ms = strtoll(end, NULL, 10);
	}
	buf_release(&b);
}

enum err
retain_read(struct retain_state *out, struct replica *r, int64_t days,
    struct fail *f)
{
	int64_t now = env_wall_ms(replica_env(r)), since;
	enum err e;

	*out = (struct retain_state){ .days = days };
	read_reviewed(out, r);
	e = audit_extent(&out->extent, r, f);
	since = out->reviewed_ms != 0 ? out->reviewed_ms : out->extent.first_ms;
	/* the review is an entry itself */
	out->review_due = out->extent.last > out->reviewed + 1 &&
	    now - since > RETAIN_REVIEW_DAYS * DAY_MS;
	return e;
}

enum err
retain_reviewed(struct replica *r, int64_t no, struct fail *f)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%lld %lld", (long long)no,
	    (long long)env_wall_ms(replica_env(r)));

	return replica_meta_set(r, REVIEWED, text, (size_t)n, f);
}

enum err
retain_prune(int64_t *pruned, struct replica *r, int64_t days, bool exactly,
    struct fail *f)
{
	int64_t now = env_wall_ms(replica_env(r)), seen = replica_policy_ms(r);
	struct audit_extent extent;
	int64_t before_ms;
	enum err e = OK;

	*pruned = 0;
	if (days == 0)
		return OK;
	if (seen > 0 && seen < now)
		now = seen;
	before_ms = now - days * DAY_MS;
	if (!exactly) {
		e = audit_extent(&extent, r, f);
		if (e != OK || extent.first_ms == 0 ||
		    extent.first_ms >= before_ms - MONTH_DAYS * DAY_MS)
			return e;
	}
	return audit_prune(pruned, r, before_ms, f);
}
