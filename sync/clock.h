/*
 * The merge clock of one row: which segments the values come from.
 *
 * One small blob in the row (_clock): groups of (segment number, set of field
 * numbers), ascending by segment. A field stands in one group when it has one
 * standing value, in several while it is in conflict, in none when nobody
 * wrote it. Segment numbers are local, so the blob means nothing elsewhere; it
 * does not change when a segment is sealed. One state has one encoding.
 *
 *   blob  = { segment difference : uint, field set : uint } ...
 */
#ifndef FOOTBRIDGE_SYNC_CLOCK_H
#define FOOTBRIDGE_SYNC_CLOCK_H

#include "sync/buf.h"
#include "sync/rd.h"

#define CLOCK_GROUPS_MAX 4096
#define CLOCK_BIT(number) ((uint64_t)1 << (number))

/* Walk the groups: false at the end or when the blob is damaged (r->err). */
struct clock_reader {
	struct rd rd;
	int64_t segment;
	uint64_t fields;
};
void clock_reader_init(struct clock_reader *r, const uint8_t *clock, size_t n);
bool clock_reader_next(struct clock_reader *r);

/* Append the clock that follows when a write of segment, which covers
 * everything before it, sets these fields. segment >= all in the old clock.
 * ERR_CORRUPT for a damaged old clock. */
enum err clock_advance(struct buf *out, const uint8_t *old, size_t n,
    int64_t segment, uint64_t fields);

/* Every field with at least one origin. */
uint64_t clock_fields(const uint8_t *clock, size_t n);

/* Build one from scratch: groups ascending by segment. */
struct clock_writer {
	struct buf *out;
	int64_t last;
};
void clock_put(struct clock_writer *w, int64_t segment, uint64_t fields);

#endif
