/*
 * The merge of the `text` rule: several people changed one narrative, each
 * from the same earlier version, and what they changed is put together.
 *
 * Three-way, token by token, folded over the versions in the order given. The
 * result is a pure function of its bytes: tokens, alignment, ties and limits
 * stand in FORMAT.md "Text merge" and never change. Nothing that a person
 * typed is left out silently: where two changed the same place both are kept
 * one after the other and *overlap says that a person must look.
 *
 * Knows no fields, no operations, no database.
 */
#ifndef FOOTBRIDGE_SYNC_TEXT_H
#define FOOTBRIDGE_SYNC_TEXT_H

#include "sync/buf.h"

struct text_piece {
	const uint8_t *p; /* UTF-8, borrowed; may be NULL when n is 0 */
	size_t n;
};

/*
 * in:     base      newest version in the past of all; empty if there is none
 *         versions  the standing values, ascending by order key; count >= 1
 * out:    *out      the merged text, appended; *overlap: a person must look
 *                   (both untouched on failure)
 * fails:  ERR_NOMEM, ERR_LIMIT when out's ceiling is too low for the result
 * cost:   per version one alignment of its changed middle: at most
 *         TEXT_CELLS_MAX steps (about 30 ms) and 4 MiB of memory
 * notes:  beyond the limits nothing is aligned: both texts are kept whole, one
 *         after the other. A version that would make the result longer than
 *         TEXT_RESULT_BYTES is left out of the result, with *overlap: it is
 *         still shown among the standing values.
 */
enum err text_merge(struct buf *out, bool *overlap,
    const struct text_piece *base, const struct text_piece *versions,
    size_t count, struct fail *f);

#endif
