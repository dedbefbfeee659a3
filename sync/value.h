/*
 * One field's value, as written, merged and stored.
 *
 * The type travels with the value (self-describing payloads), so a node with
 * an older schema can carry, store and show what it does not know.
 *
 *   type        in memory            in a table column        in CLI and JSON
 *   VALUE_NULL  -                    NULL                     "" / null
 *   VALUE_INT   i                    BIGINT                   decimal / number
 *   VALUE_TEXT  p[n], UTF-8, no NUL  TEXT                     text / string
 *   VALUE_BYTES p[n]                 BLOB                     hex / string
 *   VALUE_ID    p[16]                BLOB                     32 hex digits
 *   VALUE_DATE  i = days from 1970   TEXT 'YYYY-MM-DD'        the same text
 *   VALUE_TIME  i = minutes from     TEXT 'YYYY-MM-DDTHH:MM'  the same text
 *               1970, civil time
 *
 * Dates and times are civil: what the wall in that office showed. Columns sort
 * as the values do. Years 0001 to 9999.
 */
#ifndef FOOTBRIDGE_SYNC_VALUE_H
#define FOOTBRIDGE_SYNC_VALUE_H

#include "sync/buf.h"
#include "sync/rd.h"

/* wire tags; never renumber after v1 */
enum value_type {
	VALUE_NULL = 0,
	VALUE_INT = 1,
	VALUE_TEXT = 2,
	VALUE_BYTES = 3,
	VALUE_ID = 4,
	VALUE_DATE = 5,
	VALUE_TIME = 6,
};
#define VALUE_TYPE_MAX VALUE_TIME

struct value {
	enum value_type type;
	int64_t i;        /* INT, DATE, TIME */
	const uint8_t *p; /* TEXT, BYTES, ID: borrowed */
	size_t n;
};

/* Order: by type tag first, then number, or bytes (memcmp, then length).
 * Equal bytes mean equal values. <0, 0, >0. */
int value_compare(const struct value *a, const struct value *b);

/* Canonical bytes: tag, then INT/DATE/TIME zigzag varint, TEXT/BYTES length
 * varint and bytes, ID 16 bytes. */
void value_encode(struct buf *out, const struct value *v);
/* The value borrows from r's bytes. Fails r for a wrong tag, invalid UTF-8,
 * an embedded NUL in text, a date out of range, more than LIMIT_VALUE_BYTES. */
void value_decode(struct value *v, struct rd *r);

/* Text as a person types it, for a field of this type. text "" gives
 * VALUE_NULL. v borrows from text, or from scratch (appended) for ids, bytes:
 * such a value lives only until scratch grows again, so give each its own.
 * fails: ERR_INPUT or ERR_LIMIT, f says what was wanted ("a date such as 2026-03-31"). */
enum err value_parse(struct value *v, struct buf *scratch, enum value_type type,
    const char *text, struct fail *f);
/* The text form above, appended. */
void value_print(struct buf *out, const struct value *v);

/* Proleptic Gregorian calendar; -1 bad date. Days from 1970-01-01. */
enum err value_days(int64_t *days, int year, int month, int day) MUST_USE;
void value_civil(int *year, int *month, int *day, int64_t days);
/* true when p[n] is well-formed UTF-8 without NUL */
bool value_utf8(const uint8_t *p, size_t n);

#endif
