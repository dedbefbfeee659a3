/*
 * Documents: their content as parts in attachment segments (part.h).
 *
 * The row of a document (a schema's table, unknown here) says compartment, size,
 * number of parts and root; its content is added with the row in one transaction
 * and travels in the bulk lane, part by part. A part counts when it fits the row,
 * whoever sent it and in whatever order; what does not fit is never shown. Parts
 * are sealed by log_seal under the key that data uses then.
 *
 * _part says which segment holds which part, so that nothing is decrypted to
 * know what is there.
 */
#ifndef FOOTBRIDGE_SYNC_ATTACHMENT_H
#define FOOTBRIDGE_SYNC_ATTACHMENT_H

#include "sync/log.h"
#include "sync/part.h"

/* What a document's row says. */
struct attachment {
	int64_t cpt; /* local number of the row's compartment */
	struct row_id document;
	uint64_t bytes;
	unsigned parts; /* part_count(bytes) */
	uint8_t root[PART_HASH_BYTES];
};
/* Do these go together? What a row says may come from anybody. */
bool attachment_valid(const struct attachment *a);

/* Read n bytes at an offset; *got less than n only at the end. */
typedef enum err (*attachment_read_fn)(void *context, uint64_t offset,
    uint8_t *p, size_t n, size_t *got, struct fail *f);

/*
 * Size, number of parts and root of a content, read once from its start.
 *
 * out:   bytes, parts, root; cpt and document are left as they are; the list, for
 *        attachment_add
 * fails: ERR_INPUT it is empty; ERR_LIMIT above LIMIT_DOCUMENT_BYTES; what read
 *        says
 */
enum err attachment_measure(struct attachment *out, struct buf *list,
    attachment_read_fn read, void *context, struct fail *f);
/*
 * Add the content of a document, whose row says a: in the caller's transaction,
 * which must roll back on failure. Reads everything once more, a part at a time.
 *
 * fails: ERR_STALE the content is not what was measured; ERR_EXISTS the document
 *        has parts already; ERR_LIMIT this node has added LIMIT_ATTACHMENTS to
 *        the compartment; what read says
 * cost:  memory for one part, whatever the size
 */
enum err attachment_add(struct replica *r, const struct attachment *a,
    const struct buf *list, attachment_read_fn read, void *context,
    struct fail *f);

/* What is here of a document. */
struct attachment_held {
	unsigned parts; /* that fit; without the list: that came */
	unsigned unfit; /* numbers of which only others came */
	bool listed;    /* the list is here */
	bool whole;     /* it can be read */
};
enum err attachment_held(struct replica *r, struct attachment_held *out,
    const struct attachment *a, struct fail *f);

/*
 * The content in order, a part a call, each verified before it is given.
 *
 * fails: ERR_WAIT    parts are missing, nothing was given; the text says how
 *                    many are here
 *        ERR_CORRUPT a stored part cannot be opened any more
 *        what write says
 */
typedef enum err (*attachment_write_fn)(void *context, const uint8_t *p,
    size_t n, struct fail *f);
enum err attachment_read(struct replica *r, const struct attachment *a,
    attachment_write_fn write, void *context, struct fail *f);

/*
 * A person waits for it: until it is whole, this node takes the bulk lane of
 * metered links too (lane.h). Nothing to do where it is whole. Own transaction
 * unless in one.
 */
enum err attachment_ask(struct replica *r, const struct attachment *a,
    struct fail *f);

/* ---- for the log --------------------------------------------------------- */

/*
 * A whole attachment segment is about to be stored: its payload is appended, and
 * it is STATE_APPLIED; or no key opens it: STATE_UNREADABLE, payload empty.
 */
enum err attachment_open(struct replica *r, struct buf *payload,
    enum segment_state *state, int64_t cpt, const struct segment *s,
    struct fail *f);
/* It is stored in that state: note which part it is, or under which key it
 * waits. */
enum err attachment_note(struct replica *r, int64_t cpt, int64_t segment,
    const struct segment *s, enum segment_state state,
    const struct buf *payload, struct fail *f);
/* Keys came: open what waited for them. Cheap when nothing did. */
enum err attachment_retry(struct replica *r, int64_t cpt, struct fail *f);
/* Make _part of a compartment again from its log. */
enum err attachment_rebuild(struct replica *r, int64_t cpt, struct fail *f);
/* ERR_CORRUPT when _part is not what the log says. */
enum err attachment_verify(struct replica *r, int64_t cpt, struct fail *f);

#endif
