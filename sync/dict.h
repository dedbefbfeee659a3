/*
 * Compression of a segment's payload: zstd with the suite's own dictionary.
 *
 * A payload is a few hundred bytes, too few for zstd to learn from, so every
 * program carries a dictionary trained on typical payloads. The dictionary
 * belongs to the suite and never changes with it: another one is another suite.
 * Nothing is shared between two calls but the dictionary, so the size of a
 * segment tells nothing about another compartment.
 *
 * The dictionaries are read-only after their first use, and working memory is
 * one per thread and freed with it: segments may be opened on worker threads.
 */
#ifndef FOOTBRIDGE_SYNC_DICT_H
#define FOOTBRIDGE_SYNC_DICT_H

#include "sync/buf.h"

#define DICT_ASSET "sync/dict/1.zdict" /* of SEGMENT_SUITE 1 */

/*
 * Append one zstd frame that holds p[n], with its content size, without
 * checksum and dictionary id.
 *
 * fails: ERR_NOMEM, ERR_LIMIT (out is full)
 * cost:  ~10 us and 100 MB/s
 */
enum err dict_compress(struct buf *out, const uint8_t *p, size_t n,
    struct fail *f);

/*
 * Append the content of the frame at the beginning of p[n], which must be a
 * plain frame and hold exactly raw_n bytes. What follows the frame is not
 * looked at; *used is the length of the frame.
 *
 * in:    raw_n  bounded by the caller; nothing is allocated beyond it
 * fails: ERR_FORMAT, ERR_NOMEM, ERR_LIMIT; out and *used untouched
 */
enum err dict_decompress(struct buf *out, size_t *used, size_t raw_n,
    const uint8_t *p, size_t n, struct fail *f);

#endif
