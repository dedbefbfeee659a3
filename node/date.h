/*
 * Dates and times as people and other programs write them.
 *
 *	2026-03-31  2026/3/31  2026.03.31  20260331      year first
 *	31.03.2026  31/3/2026  31-03-2026                day first
 *	03/31/2026  3-31-2026                            month first
 *	31 March 2026  31-Mar-2026  March 31, 2026       month by name
 *
 * A date that can be read two ways (03/04/2026) is refused unless the order is
 * said. Two-digit years are refused: the century would be a guess.
 */
#ifndef FOOTBRIDGE_NODE_DATE_H
#define FOOTBRIDGE_NODE_DATE_H

#include "sync/value.h"

enum date_order { DATE_UNSAID, DATE_DMY, DATE_MDY, DATE_YMD };

/* "dmy", "mdy", "ymd"; ERR_USAGE */
enum err date_order_of(enum date_order *out, const char *text, struct fail *f);

/*
 * VALUE_DATE from the whole text. Year-first dates and named months are
 * understood in every order.
 * fails: ERR_INPUT, in words
 */
enum err date_parse(struct value *v, const char *text, enum date_order order,
    struct fail *f);
/* VALUE_TIME: a date, then a space or T, then 14:05, 14:05:30 (the seconds are
 * dropped), or 2:05 pm. */
enum err date_parse_time(struct value *v, const char *text,
    enum date_order order, struct fail *f);

#endif
