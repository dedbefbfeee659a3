/* Private to attachment*.c. */
#ifndef FOOTBRIDGE_SYNC_ATTACHMENT_I_H
#define FOOTBRIDGE_SYNC_ATTACHMENT_I_H

#include "sync/attachment.h"
#include "sync/log_i.h"

/* Note that a segment holds a part. */
enum err attachment_put(struct replica *r, int64_t cpt, int64_t segment,
    const struct part *part, struct fail *f);

/* A part of a document came: it is not waited for any more if that was all. */
enum err attachment_answered(struct replica *r, int64_t cpt,
    const struct row_id *document, struct fail *f);

/* One stored attachment segment: its payload, appended to an empty buf; *state
 * as it should be. ERR_NOTFOUND: no such segment. */
struct attachment_segment {
	int64_t no;
	bool unsealed, stub;
	bool aside; /* quarantined or beyond: it holds no part */
	uint8_t prefix[SEGMENT_PREFIX_BYTES]; /* sealed */
	enum segment_state was, state;
};
enum err attachment_load(struct replica *r, struct attachment_segment *out,
    struct buf *payload, int64_t cpt, int64_t segment, struct fail *f);

#endif
