/* One table of the settings that are a time, with the floor of each. */
#include "node/account/settings.h"

#include <stddef.h>
#include <string.h>

#include "node/cli.h"

#define MINUTE_S 60
#define HOUR_S (60 * MINUTE_S)
#define DAY_S (24 * HOUR_S)

#define FAILURES_MIN 3 /* fewer, and a slip of the finger locks people out */
#define FAILURES_MAX 5
#define PAST_MAX 24

#define BANNER \
	"This is a restricted system of a public agency. It holds records " \
	"that " \
	"the law protects. What is done here is written down and may be " \
	"looked at by the agency and by the law. Use without permission, and " \
	"beyond what the work needs, is forbidden and may be punished. By " \
	"signing in you agree to this."

void
account_defaults(struct account_settings *s)
{
	*s = (struct account_settings){
		.lock_ms = (int64_t)30 * MINUTE_S * 1000,
		.end_ms = (int64_t)HOUR_S * 1000,
		.again_ms = (int64_t)12 * HOUR_S * 1000,
		.failures = FAILURES_MAX,
		.grace_days = 30,
		.unused_days = 90,
		.journal_days = 2192,
		.totp = true,
		.banner = BANNER,
	};
}

/* Each in seconds as it is typed; unit_s 0: kept in milliseconds. */
static const struct timed {
	const char *key;
	size_t at;
	int64_t min_s, max_s, unit_s;
	bool off;         /* "off" is 0 */
	const char *want; /* the bounds and whose rule they are */
} timed[] = {
	{ "lock", offsetof(struct account_settings, lock_ms), MINUTE_S,
	    (int64_t)30 * MINUTE_S, 0, false,
	    "1m to 30m: a screen locks after 30 minutes at the latest (CJIS "
	    "AC-11)" },
	{ "end", offsetof(struct account_settings, end_ms), MINUTE_S, HOUR_S, 0,
	    false,
	    "1m to 1h: a session without an act ends after an hour at the "
	    "latest (CJIS SC-10)" },
	{ "again", offsetof(struct account_settings, again_ms),
	    (int64_t)10 * MINUTE_S, (int64_t)12 * HOUR_S, 0, false,
	    "10m to 12h: password and code are asked for every 12 hours at "
	    "least (CJIS IA-5)" },
	{ "grace", offsetof(struct account_settings, grace_days), 0,
	    (int64_t)30 * DAY_S, DAY_S, false,
	    "0d to 30d: training comes before access, and then yearly (CJIS "
	    "AT-2)" },
	{ "unused", offsetof(struct account_settings, unused_days), DAY_S,
	    (int64_t)90 * DAY_S, DAY_S, false,
	    "1d to 90d: an account that nobody uses is closed after 90 days "
	    "(CJIS AC-2)" },
	{ "password_age", offsetof(struct account_settings, password_days),
	    DAY_S, (int64_t)3650 * DAY_S, DAY_S, true, "off, or 1d to 3650d" },
	{ "journal", offsetof(struct account_settings, journal_days),
	    (int64_t)365 * DAY_S, (int64_t)36500 * DAY_S, DAY_S, true,
	    "off, or 365d to 36500d: the journal is kept a year at least (CJIS "
	    "AU-11), "
	    "six for HIPAA (164.316)" },
};

static enum err
set_timed(struct account_settings *s, const struct timed *t, const char *value,
    struct fail *f)
{
	int64_t *to = (int64_t *)(void *)((char *)s + t->at);
	int64_t seconds = 0;
	enum err e;

	if (t->off && strcmp(value, "off") == 0) {
		*to = 0;
		return OK;
	}
	e = cli_seconds(&seconds, value, f);
	if (e != OK)
		return e;
	if (seconds < t->min_s || seconds > t->max_s ||
	    (t->unit_s > 0 && seconds % t->unit_s != 0))
		return fail_set(f, ERR_INPUT, "%s: want %s; have %.40s", t->key,
		    t->want, value);
	*to = t->unit_s > 0 ? seconds / t->unit_s : seconds * 1000;
	return OK;
}

static enum err
set_number(int64_t *to, const char *key, const char *value, int64_t min,
    int64_t max, const char *why, struct fail *f)
{
	int64_t n;

	if (cli_number(&n, value, min, max, key, NULL) != OK)
		return fail_set(f, ERR_INPUT,
		    "%s: want %lld to %lld%s; have "
		    "%.40s",
		    key, (long long)min, (long long)max, why, value);
	*to = n;
	return OK;
}

enum err
account_set(struct account_settings *s, const char *key, const char *value,
    struct fail *f)
{
	for (size_t i = 0; i < COUNT_OF(timed); i++) {
		if (strcmp(timed[i].key, key) == 0)
			return set_timed(s, &timed[i], value, f);
	}
	if (strcmp(key, "failures") == 0)
		return set_number(&s->failures, key, value, FAILURES_MIN,
		    FAILURES_MAX,
		    ": five failures in a row lock an account (CJIS AC-7)", f);
	if (strcmp(key, "password_past") == 0)
		return set_number(&s->password_past, key, value, 0, PAST_MAX,
		    "", f);
	return fail_set(f, ERR_INPUT, "no setting is called [accounts] %.40s",
	    key);
}
