/*
 * Values: one switch per verb, the calendar in closed form.
 *
 * The calendar counts years from March, so that the leap day is the last day
 * of a year and every month starts at a fixed offset (Fliegel and Van
 * Flandern's idea; any proleptic Gregorian source gives the same numbers).
 */
#include "sync/value.h"

#include <string.h>

#include "sync/id.h"
#include "sync/limits.h"

#define DAY_MINUTES 1440
#define DAYS_MIN (-719162) /* 0001-01-01 */
#define DAYS_MAX 2932896   /* 9999-12-31 */

static bool
day_fits(int64_t days)
{
	return days >= DAYS_MIN && days <= DAYS_MAX;
}

/* Rounds down, also before 1970. */
static int64_t
minutes_day(int64_t minutes)
{
	int64_t day = minutes / DAY_MINUTES;

	return minutes % DAY_MINUTES < 0 ? day - 1 : day;
}

int
value_compare(const struct value *a, const struct value *b)
{
	size_t n = a->n < b->n ? a->n : b->n;
	int d;

	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	switch (a->type) {
	case VALUE_NULL:
		return 0;
	case VALUE_INT:
	case VALUE_DATE:
	case VALUE_TIME:
		return (a->i > b->i) - (a->i < b->i);
	case VALUE_TEXT:
	case VALUE_BYTES:
	case VALUE_ID:
		break;
	}
	d = n > 0 ? memcmp(a->p, b->p, n) : 0;
	return d != 0 ? d : (a->n > b->n) - (a->n < b->n);
}

void
value_encode(struct buf *out, const struct value *v)
{
	buf_u8(out, (uint8_t)v->type);
	switch (v->type) {
	case VALUE_NULL:
		break;
	case VALUE_INT:
	case VALUE_DATE:
	case VALUE_TIME:
		buf_int(out, v->i);
		break;
	case VALUE_TEXT:
	case VALUE_BYTES:
		buf_bytes(out, v->p, v->n);
		break;
	case VALUE_ID:
		assert(v->n == ID_BYTES);
		buf_put(out, v->p, v->n);
		break;
	}
}

void
value_decode(struct value *v, struct rd *r)
{
	struct value out = { .type = VALUE_NULL };
	uint8_t tag = rd_u8(r);

	switch (tag) {
	case VALUE_NULL:
		break;
	case VALUE_INT:
		out.i = rd_int(r);
		break;
	case VALUE_DATE:
		out.i = rd_int(r);
		if (!day_fits(out.i))
			rd_fail(r);
		break;
	case VALUE_TIME:
		out.i = rd_int(r);
		if (!day_fits(minutes_day(out.i)))
			rd_fail(r);
		break;
	case VALUE_TEXT:
		out.p = rd_bytes(r, &out.n, LIMIT_VALUE_BYTES);
		if (out.p != NULL && !value_utf8(out.p, out.n))
			rd_fail(r);
		break;
	case VALUE_BYTES:
		out.p = rd_bytes(r, &out.n, LIMIT_VALUE_BYTES);
		break;
	case VALUE_ID:
		out.n = ID_BYTES;
		out.p = rd_take(r, ID_BYTES);
		break;
	default:
		rd_fail(r);
	}
	out.type = (enum value_type)tag;
	*v = r->err == OK ? out : (struct value){ .type = VALUE_NULL };
}

enum err
value_days(int64_t *days, int year, int month, int day)
{
	static const int length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	int y, m, leap;

	if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1)
		return ERR_INPUT;
	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	if (day > length[month - 1] + (month == 2 ? leap : 0))
		return ERR_INPUT;
	m = (month + 9) % 12; /* March is month 0 */
	y = month < 3 ? year - 1 : year;
	/* 719468 is the count of days from 0000-03-01 to 1970-01-01 */
	*days = 365 * (int64_t)y + y / 4 - y / 100 + y / 400 +
	    (m * 153 + 2) / 5 + day - 1 - 719468;
	return OK;
}

void
value_civil(int *year, int *month, int *day, int64_t days)
{
	int64_t z, era, of_era, y, of_year, m;

	days = days < DAYS_MIN ? DAYS_MIN : days > DAYS_MAX ? DAYS_MAX : days;
	z = days + 719468; /* never negative: the year is 1 or later */
	era = z / 146097;  /* 400 years */
	of_era = z % 146097;
	y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	of_year = of_era - (365 * y + y / 4 - y / 100);
	m = (5 * of_year + 2) / 153;
	*day = (int)(of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = (int)(y + era * 400 + (*month <= 2 ? 1 : 0));
}

/* Length of the UTF-8 sequence at p, 0 when there is none of that shape. */
static size_t
utf8_length(const uint8_t *p, size_t n)
{
	size_t want = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	/* 80..c1 continue or overlong, f5.. beyond the last code point */
	if (p[0] == 0 || (p[0] >= 0x80 && p[0] < 0xc2) || p[0] > 0xf4)
		return 0;
	if (n < want)
		return 0;
	for (size_t i = 1; i < want; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90))
		return 0; /* overlong */
	if ((p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0; /* a surrogate, or beyond 10ffff */
	return want;
}

bool
value_utf8(const uint8_t *p, size_t n)
{
	while (n > 0) {
		size_t k = utf8_length(p, n);

		if (k == 0)
			return false;
		p += k;
		n -= k;
	}
	return true;
}

/* Exactly n decimal digits; -1 when there is anything else. */
static int
digits(const char *text, size_t n)
{
	int out = 0;

	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		out = out * 10 + (text[i] - '0');
	}
	return out;
}

/* The first 10 bytes of text, which has at least that many. */
static enum err
parse_days(int64_t *days, const char *text)
{
	if (text[4] != '-' || text[7] != '-')
		return ERR_INPUT;
	return value_days(days, digits(text, 4), digits(text + 5, 2),
	    digits(text + 8, 2));
}

static enum err
parse_date(struct value *v, const char *text, size_t n, struct fail *f)
{
	int64_t days;

	if (n != 10 || parse_days(&days, text) != OK)
		return fail_set(f, ERR_INPUT,
		    "want a date such as 2026-03-31, have something else");
	*v = (struct value){ .type = VALUE_DATE, .i = days };
	return OK;
}

static enum err
parse_time(struct value *v, const char *text, size_t n, struct fail *f)
{
	int64_t days = 0;
	int hour = -1, minute = -1;

	if (n == 16 && (text[10] == 'T' || text[10] == ' ') &&
	    text[13] == ':' && parse_days(&days, text) == OK) {
		hour = digits(text + 11, 2);
		minute = digits(text + 14, 2);
	}
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
		return fail_set(f, ERR_INPUT,
		    "want a date and time such as 2026-03-31 14:30, have "
		    "something else");
	*v = (struct value){ .type = VALUE_TIME,
		.i = days * DAY_MINUTES + hour * 60 + minute };
	return OK;
}

static enum err
parse_int(struct value *v, const char *text, size_t n, struct fail *f)
{
	bool minus = text[0] == '-';
	int64_t out = 0;
	size_t i = minus ? 1 : 0;

	if (i == n)
		goto bad;
	for (; i < n; i++) {
		int digit = digits(text + i, 1);

		/* counted downwards: the smallest number has no opposite */
		if (digit < 0 || __builtin_mul_overflow(out, 10, &out) ||
		    __builtin_sub_overflow(out, digit, &out))
			goto bad;
	}
	if (!minus && out == INT64_MIN)
		goto bad;
	*v = (struct value){ .type = VALUE_INT, .i = minus ? out : -out };
	return OK;
bad:
	return fail_set(f, ERR_INPUT,
	    "want a whole number such as 42 (or 1 and 0 for yes and no), "
	    "have something else");
}

static enum err
parse_hex(struct value *v, struct buf *scratch, enum value_type type,
    const char *text, size_t n, struct fail *f)
{
	size_t bytes = n / 2;
	uint8_t *to;

	if (type == VALUE_ID && n != 2 * ID_BYTES)
		goto bad;
	if (n % 2 != 0)
		goto bad;
	if (bytes > LIMIT_VALUE_BYTES)
		return fail_set(f, ERR_LIMIT, "want at most %d bytes, have %zu",
		    LIMIT_VALUE_BYTES, bytes);
	to = buf_grow(scratch, bytes);
	if (to == NULL)
		return fail_set(f, scratch->err, "a value of %zu bytes", bytes);
	if (hex_decode(to, bytes, text) != OK) {
		scratch->n -= bytes;
		goto bad;
	}
	*v = (struct value){ .type = type, .p = to, .n = bytes };
	return OK;
bad:
	return fail_set(f, ERR_INPUT,
	    type == VALUE_ID
		? "want an id of 32 hex digits, have something else"
		: "want bytes as pairs of hex digits, have something else");
}

static enum err
parse_text(struct value *v, const char *text, size_t n, struct fail *f)
{
	if (n > LIMIT_VALUE_BYTES)
		return fail_set(f, ERR_LIMIT,
		    "want a text of at most %d bytes, have %zu; attach it as "
		    "a document",
		    LIMIT_VALUE_BYTES, n);
	if (!value_utf8((const uint8_t *)text, n))
		return fail_set(f, ERR_INPUT,
		    "want text in UTF-8, have bytes that are not; save the "
		    "file as UTF-8");
	*v = (struct value){ .type = VALUE_TEXT,
		.p = (const uint8_t *)text,
		.n = n };
	return OK;
}

enum err
value_parse(struct value *v, struct buf *scratch, enum value_type type,
    const char *text, struct fail *f)
{
	size_t n = strlen(text);

	if (n == 0) {
		*v = (struct value){ .type = VALUE_NULL };
		return OK;
	}
	switch (type) {
	case VALUE_INT:
		return parse_int(v, text, n, f);
	case VALUE_TEXT:
		return parse_text(v, text, n, f);
	case VALUE_BYTES:
	case VALUE_ID:
		return parse_hex(v, scratch, type, text, n, f);
	case VALUE_DATE:
		return parse_date(v, text, n, f);
	case VALUE_TIME:
		return parse_time(v, text, n, f);
	case VALUE_NULL:
		break;
	}
	return fail_set(f, ERR_INPUT, "want nothing here, have a value");
}

static void
print_hex(struct buf *out, const uint8_t *p, size_t n)
{
	uint8_t *to = buf_grow(out, 2 * n + 1);

	if (to == NULL)
		return;
	hex_encode((char *)to, p, n);
	out->n--; /* the NUL */
}

static void
print_days(struct buf *out, int64_t days)
{
	int year, month, day;

	value_civil(&year, &month, &day, days);
	buf_printf(out, "%04d-%02d-%02d", year, month, day);
}

void
value_print(struct buf *out, const struct value *v)
{
	int64_t day, of_day;

	switch (v->type) {
	case VALUE_NULL:
		break;
	case VALUE_INT:
		buf_printf(out, "%lld", (long long)v->i);
		break;
	case VALUE_TEXT:
		buf_put(out, v->p, v->n);
		break;
	case VALUE_BYTES:
	case VALUE_ID:
		print_hex(out, v->p, v->n);
		break;
	case VALUE_DATE:
		print_days(out, v->i);
		break;
	case VALUE_TIME:
		day = minutes_day(v->i);
		of_day = v->i - day * DAY_MINUTES;
		print_days(out, day);
		buf_printf(out, "T%02d:%02d", (int)(of_day / 60),
		    (int)(of_day % 60));
		break;
	}
}
