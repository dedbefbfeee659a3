#include <stdio.h>

#include "node/policy/policy.h"

/* n digits; -1: something else */
static int
digits(const char *p, size_t n)
{
	int v = 0;

	for (size_t k = 0; k < n; k++) {
		if (p[k] < '0' || p[k] > '9')
			return -1;
		v = v * 10 + (p[k] - '0');
	}
	return v;
}

enum err
policy_day_parse(policy_day *out, const char *text, size_t n, struct fail *f)
{
	int64_t days;

	if (n != 10 || text[4] != '-' || text[7] != '-' ||
	    value_days(&days, digits(text, 4), digits(text + 5, 2),
		digits(text + 8, 2)) != OK)
		return fail_set(f, ERR_INPUT,
		    "want a day such as 2026-03-31, have \"%.*s\"",
		    (int)(n < 20 ? n : 20), text);
	*out = (policy_day)days;
	return OK;
}

void
policy_day_text(char out[static POLICY_DAY_CHARS], policy_day day)
{
	int y, m, d;

	value_civil(&y, &m, &d, day);
	(void)snprintf(out, POLICY_DAY_CHARS, "%04u-%02u-%02u",
	    (unsigned)y % 10000, (unsigned)m % 100, (unsigned)d % 100);
}
