#include "node/policy/ending.h"

#include "node/policy/case.h"
#include "node/policy/rows.h"

struct looking {
	struct ending *out;
	policy_day asked, met; /* the first of each */
	const struct row_id *consent;
	policy_day today;
	enum err e;
	struct replica *r;
	struct fail *f;
};

static void
sooner(policy_day *day, policy_day other)
{
	if (*day == POLICY_NO_DAY || other < *day)
		*day = other;
}

static enum err
on_event(struct rows *rows, const struct read_row *row)
{
	struct looking *x = rows->context;
	policy_day day = row_day(row, "happened_at");
	struct row_id id;

	if (day == POLICY_NO_DAY || !row_id_of(row, "consent_id", id.b) ||
	    !id_equal(&id, x->consent))
		return OK;
	if (row_is(row, "kind", "condition_met"))
		sooner(&x->met, day);
	if (row_is(row, "kind", "revocation_requested") ||
	    row_is(row, "kind", "revoked"))
		sooner(&x->asked, day);
	return OK;
}

static enum err
read_events(struct looking *x, const struct read_row *row)
{
	struct rows rows = { .r = x->r, .context = x, .each = on_event };

	x->consent = &row->id;
	x->asked = x->met = POLICY_NO_DAY;
	return rows_read(&rows, "consent_event", &row->subject, x->f);
}

enum err
ending_of(struct ending *out, struct replica *r, const struct read_row *row,
    struct fail *f)
{
	struct looking x = { .out = out,
		.today = policy_today(r),
		.r = r,
		.f = f };

	*out = (struct ending){ .from = POLICY_NO_DAY };
	if (row_is(row, "revocable_rule", "after_event")) {
		enum err e = read_events(&x, row);

		out->open = x.met != POLICY_NO_DAY && x.met <= x.today;
		return e;
	}
	if (row_is(row, "revocable_rule", "after_date"))
		out->from = row_day(row, "revocable_on");
	/* a day that nobody wrote down holds nobody back */
	out->open = out->from == POLICY_NO_DAY || out->from <= x.today;
	return OK;
}

policy_day
ending_day(bool after_date, bool after_event, policy_day from, policy_day asked,
    policy_day met)
{
	policy_day day = after_date ? from : after_event ? met : asked;

	if (asked == POLICY_NO_DAY)
		return POLICY_NO_DAY;
	/* a day that nobody wrote down holds nobody back */
	if (day == POLICY_NO_DAY)
		return after_event ? POLICY_NO_DAY : asked;
	return day > asked ? day : asked;
}

enum err
ending_asked(policy_day *out, struct replica *r, const struct read_row *row,
    struct fail *f)
{
	struct looking x = { .r = r, .f = f };
	enum err e = read_events(&x, row);

	*out = ending_day(row_is(row, "revocable_rule", "after_date"),
	    row_is(row, "revocable_rule", "after_event"),
	    row_day(row, "revocable_on"), x.asked, x.met);
	return e;
}

static bool
on_consent(void *context, const struct read_row *row)
{
	struct looking *x = context;

	x->e = ending_of(x->out, x->r, row, x->f);
	return false;
}

enum err
ending_find(struct ending *out, struct replica *r, const struct row_id *consent,
    struct fail *f)
{
	const struct table *t = registry_table(replica_registry(r), "consent");
	struct looking x = { .out = out, .r = r, .f = f };
	enum err e = read_get(r, t, consent, 0, on_consent, &x, f);

	return e == OK ? x.e : e;
}

void
ending_say(struct buf *out, const struct ending *e)
{
	char day[POLICY_DAY_CHARS];

	if (e->from == POLICY_NO_DAY) {
		buf_printf(out, "once the event that it names has come");
		return;
	}
	policy_day_text(day, e->from);
	buf_printf(out, "from %s on", day);
}
