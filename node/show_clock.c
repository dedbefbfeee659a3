/* The clock is compared with what is known; which of the two is wrong, a person
 * sees at once. */
#include "node/show_clock.h"

#include <stdio.h>

#include "sync/db.h"
#include "sync/value.h"

#define HOUR_MS (60LL * 60 * 1000)
#define DAY_MS (24 * HOUR_MS)
/* The work of one room: minutes differ, an hour does not. */
#define BACK_MS HOUR_MS
/* Other computers' clocks: time zones set wrong differ by a day. */
#define BEHIND_MS (26 * HOUR_MS)
/* Nobody enrolled and no registrar heard of for so long. */
#define AHEAD_MS (400 * DAY_MS)
/* This program is from 2026. */
#define FIRST_MS (20454 * DAY_MS)

void
show_clock_judge(struct show_clock *out, int64_t now_ms, int64_t last_ms,
    int64_t policy_ms)
{
	*out = (struct show_clock){ .now_ms = now_ms };
	if (now_ms < FIRST_MS || policy_ms - now_ms > BEHIND_MS) {
		out->verdict = CLOCK_BEHIND;
		out->than_ms = policy_ms > FIRST_MS ? policy_ms : FIRST_MS;
	} else if (last_ms - now_ms > BACK_MS) {
		out->verdict = CLOCK_BACK;
		out->than_ms = last_ms;
	} else if (policy_ms > 0 && now_ms - policy_ms > AHEAD_MS) {
		out->verdict = CLOCK_AHEAD;
		out->than_ms = policy_ms;
	}
}

enum err
show_clock_take(struct show_clock *out, struct run *run, struct fail *f)
{
	const struct replica *r = run->replica;
	int64_t last_ms = 0;
	bool row = false;
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(run->replica),
	    "SELECT at_ms FROM _audit WHERE act IN ('write', 'shred')"
	    " ORDER BY no DESC LIMIT 1",
	    f);

	if (e != OK)
		return e;
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		last_ms = stmt_col_int(s, 0);
	stmt_reset(s);
	show_clock_judge(out, env_wall_ms(replica_env(r)), last_ms,
	    replica_policy_ms(r));
	return e;
}

static void
put_day(char *out, size_t room, int64_t ms)
{
	int year, month, day;
	int64_t days = ms / DAY_MS - (ms % DAY_MS < 0 ? 1 : 0);

	value_civil(&year, &month, &day, days);
	(void)snprintf(out, room, "%04d-%02d-%02d", year, month, day);
}

void
show_clock_say(struct run *run, const struct show_clock *c)
{
	static const char *const seen[] = {
		[CLOCK_PLAUSIBLE] = "",
		[CLOCK_BACK] = "the last work on this computer was saved on",
		[CLOCK_BEHIND] = "what others signed is already of",
		[CLOCK_AHEAD] = "the newest that others signed is of",
	};
	char now[32], than[32];

	if (c->verdict == CLOCK_PLAUSIBLE)
		return;
	put_day(now, sizeof(now), c->now_ms);
	put_day(than, sizeof(than), c->than_ms);
	run_say(run,
	    "the clock of this computer says %s, but %s %s: if it is wrong, "
	    "set it. Nothing is lost or refused because of it; what is typed "
	    "meanwhile shows a wrong time\n",
	    now, seen[c->verdict], than);
}

const char *
show_clock_word(const struct show_clock *c)
{
	static const char *const word[] = {
		[CLOCK_PLAUSIBLE] = "plausible",
		[CLOCK_BACK] = "back",
		[CLOCK_BEHIND] = "behind",
		[CLOCK_AHEAD] = "ahead",
	};

	return word[c->verdict];
}
