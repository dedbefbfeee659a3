/*
 * What a computer that is out leaves behind: its own work, by stick.
 *
 * Nobody answers it any more, and it has no key left. What it had saved and not
 * brought anywhere is in its log, sealed and signed: segments that its peers had
 * not acknowledged, and offers of what could not be sealed (offer.h). This file
 * carries them to the office. Nobody has to vouch for it: every segment has its
 * author's signature, is opened by its holders only, and is judged like any
 * other work of a node that is out; a registrar adopts it or leaves it.
 *
 * As whom it wrote goes first: of a copy that never called nobody has heard.
 *
 *   magic 8 | network 16 | items: kind, u32 length, bytes
 */
#ifndef FOOTBRIDGE_SYNC_RESCUE_H
#define FOOTBRIDGE_SYNC_RESCUE_H

#include "sync/bundle.h"

#define RESCUE_HEAD_BYTES 24

/* In the transaction that obeys a revocation, while the queues are there: note
 * which own segments are to be carried. *count of them. */
enum err rescue_note(struct replica *r, int64_t *count, struct fail *f);

/*
 * Write the file, one part. fails: ERR_INPUT this computer is not out, or leaves
 * nothing
 */
enum err rescue_write(struct replica *r, int64_t *segments,
    const struct bundle_writer *to, struct fail *f);

bool rescue_is(const uint8_t *p, size_t n);
/*
 * Take one in; twice does no harm. Author records, data, offers and attachments
 * only; all else is refused and kept among what is held. outcome counts segments,
 * and records that were refused. Own transactions.
 * fails: ERR_FORMAT no such file, or cut (what came before stays)
 *        ERR_INPUT  of another network
 */
enum err rescue_read(struct replica *r, int64_t outcome[static OUTCOME_COUNT],
    const struct bundle_reader *from, struct fail *f);

#endif
