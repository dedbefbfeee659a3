/* Text is cut into at most three parts; which is which is decided after. */
#include "node/date.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum err
date_order_of(enum date_order *out, const char *text, struct fail *f)
{
	if (strcmp(text, "dmy") == 0)
		*out = DATE_DMY;
	else if (strcmp(text, "mdy") == 0)
		*out = DATE_MDY;
	else if (strcmp(text, "ymd") == 0)
		*out = DATE_YMD;
	else
		return fail_set(f, ERR_USAGE,
		    "--dates: want dmy, mdy or ymd, have %.20s", text);
	return OK;
}

struct part {
	int number; /* -1 when it is a month's name */
	int month;  /* 1..12 for a name */
	int digits;
};

static int
month_of(const char *p, size_t n)
{
	static const char *const names[] = { "january", "february", "march",
		"april", "may", "june", "july", "august", "september",
		"october", "november", "december" };

	for (int m = 0; m < 12; m++) {
		if (n >= 3 && n <= strlen(names[m]) &&
		    strncasecmp(p, names[m], n) == 0)
			return m + 1;
	}
	return 0;
}

static bool
next_part(struct part *out, const char **at)
{
	const char *p = *at;

	*out = (struct part){ .number = -1 };
	if (isdigit((unsigned char)*p)) {
		out->number = 0;
		for (; isdigit((unsigned char)*p) && out->digits < 8; p++) {
			out->number = out->number * 10 + (*p - '0');
			out->digits++;
		}
	} else {
		while (isalpha((unsigned char)*p))
			p++;
		out->month = month_of(*at, (size_t)(p - *at));
		if (out->month == 0)
			return false;
	}
	*at = p;
	return true;
}

/* Three parts with - / . or spaces (and one comma) between; how far it went. */
static size_t
cut(struct part part[static 3], const char **at)
{
	size_t n = 0;

	while (n < 3) {
		if (!next_part(&part[n], at))
			return 0;
		n++;
		if (n == 1 && part[0].digits == 8)
			break;
		if (n == 3)
			break;
		if (**at == ',' && (*at)[1] == ' ')
			(*at)++;
		if (**at == '\0' || strchr("-/. ", **at) == NULL)
			return 0;
		(*at)++;
		while (**at == ' ')
			(*at)++;
	}
	return n;
}

struct ymd {
	int year, month, day;
};

static enum err
ambiguous(struct fail *f, const struct part *part)
{
	return fail_set(f, ERR_INPUT,
	    "%d/%d/%d can be read two ways: write %04d-%02d-%02d or "
	    "%04d-%02d-%02d, or for a file say --dates dmy or --dates mdy",
	    part[0].number, part[1].number, part[2].number, part[2].number,
	    part[1].number, part[0].number, part[2].number, part[0].number,
	    part[1].number);
}

/* Two numbers and a year at the end. */
static enum err
year_last(struct ymd *out, const struct part *part, enum date_order order,
    struct fail *f)
{
	int a = part[0].number, b = part[1].number;
	bool day_first = order == DATE_DMY;

	if (order == DATE_YMD)
		return fail_set(f, ERR_INPUT,
		    "want the year first, as --dates ymd says");
	if (order == DATE_UNSAID) {
		if (a <= 12 && b <= 12 && a != b)
			return ambiguous(f, part);
		day_first = a > 12 || a == b;
	}
	*out = (struct ymd){ part[2].number, day_first ? b : a,
		day_first ? a : b };
	return OK;
}

static enum err
arrange(struct ymd *out, const struct part *part, size_t n,
    enum date_order order, struct fail *f)
{
	if (n == 1) {
		int v = part[0].number;

		*out = (struct ymd){ v / 10000, v / 100 % 100, v % 100 };
		return OK;
	}
	if (part[0].month != 0 && part[2].digits == 4) /* March 31, 2026 */
		*out = (struct ymd){ part[2].number, part[0].month,
			part[1].number };
	else if (part[1].month != 0 && part[2].digits == 4) /* 31 March 2026 */
		*out = (struct ymd){ part[2].number, part[1].month,
			part[0].number };
	else if (part[0].digits == 4 && part[2].number >= 0)
		*out = (struct ymd){ part[0].number,
			part[1].month != 0 ? part[1].month : part[1].number,
			part[2].number };
	else if (part[2].digits == 4)
		return year_last(out, part, order, f);
	else
		return fail_set(f, ERR_INPUT,
		    "want a date with a year of four digits");
	return OK;
}

/* A date at *at, which is moved behind it. */
static enum err
take_date(int64_t *days, const char **at, enum date_order order, struct fail *f)
{
	struct part part[3];
	struct ymd d = { 0 };
	size_t n = cut(part, at);
	enum err e;

	if (n == 0)
		return fail_set(f, ERR_INPUT,
		    "want a date such as 2026-03-31 or 31 March 2026");
	e = arrange(&d, part, n, order, f);
	if (e != OK)
		return e;
	if (value_days(days, d.year, d.month, d.day) != OK)
		return fail_set(f, ERR_INPUT,
		    "there is no such day in the calendar%s",
		    order == DATE_DMY       ? " (read as day, month, year)"
			: order == DATE_MDY ? " (read as month, day, year)"
					    : "");
	return OK;
}

static const char *
skip_spaces(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

enum err
date_parse(struct value *v, const char *text, enum date_order order,
    struct fail *f)
{
	const char *at = skip_spaces(text);
	int64_t days;
	enum err e = take_date(&days, &at, order, f);

	if (e != OK)
		return e;
	if (*skip_spaces(at) != '\0')
		return fail_set(f, ERR_INPUT,
		    "want a date alone, have something after it");
	*v = (struct value){ .type = VALUE_DATE, .i = days };
	return OK;
}

/* "am" or "pm" makes 1..12 into 0..23; false when it does not fit. */
static bool
half_of_day(int *hour, const char *p)
{
	if (*p == '\0')
		return true;
	if (*hour < 1 || *hour > 12)
		return false;
	if (strcasecmp(p, "am") == 0 || strcasecmp(p, "a.m.") == 0)
		*hour = *hour % 12;
	else if (strcasecmp(p, "pm") == 0 || strcasecmp(p, "p.m.") == 0)
		*hour = *hour % 12 + 12;
	else
		return false;
	return true;
}

/* One or two digits; false when there is none. */
static bool
take_digits(int *out, const char **at)
{
	const char *p = *at;

	if (!isdigit((unsigned char)*p))
		return false;
	*out = *p++ - '0';
	if (isdigit((unsigned char)*p))
		*out = *out * 10 + (*p++ - '0');
	*at = p;
	return true;
}

enum err
date_parse_time(struct value *v, const char *text, enum date_order order,
    struct fail *f)
{
	const char *at = skip_spaces(text);
	int hour = 0, minute = 0, second = 0;
	int64_t days;
	enum err e = take_date(&days, &at, order, f);
	bool ok;

	if (e != OK)
		return e;
	ok = *at == 'T' || *at == ' ';
	if (ok) {
		at = skip_spaces(at + 1);
		ok = take_digits(&hour, &at) && *at++ == ':' &&
		    take_digits(&minute, &at);
	}
	if (ok && *at == ':') {
		at++;
		ok = take_digits(&second, &at);
	}
	ok = ok && half_of_day(&hour, skip_spaces(at));
	if (!ok || hour > 23 || minute > 59 || second > 60)
		return fail_set(f, ERR_INPUT,
		    "want a date and a time such as 2026-03-31 14:05");
	*v = (struct value){ .type = VALUE_TIME,
		.i = days * 1440 + hour * 60 + minute };
	return OK;
}
