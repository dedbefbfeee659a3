#include "node/policy/ending.h"

#include "node/policy/case.h"
#include "node/policy/rows.h"

struct looking {
	struct ending *out;
	const struct row_id *consent;
	policy_day today;
	enum err e;
	struct replica *r;
	struct fail *f;
};

static enum err
on_event(struct rows *rows, const struct read_row *row)
{
	struct looking *x = rows->context;
	policy_day day = row_day(row, "happened_at");
	struct row_id id;

	if (row_is(row, "kind", "condition_met") && day != POLICY_NO_DAY &&
	    day <= x->today && row_id_of(row, "consent_id", id.b) &&
	    id_equal(&id, x->consent))
		x->out->open = true;
	return OK;
}

static enum err
after_event(struct looking *x, const struct read_row *row)
{
	struct rows rows = { .r = x->r, .context = x, .each = on_event };

	x->consent = &row->id;
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
	if (row_is(row, "revocable_rule", "after_event"))
		return after_event(&x, row);
	if (row_is(row, "revocable_rule", "after_date"))
		out->from = row_day(row, "revocable_on");
	/* a day that nobody wrote down holds nobody back */
	out->open = out->from == POLICY_NO_DAY || out->from <= x.today;
	return OK;
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
