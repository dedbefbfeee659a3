/* Who acts, when policy is run, and the rows that every office writes. */
#include "tests/sim/policy/policy_i.h"

#include <stdlib.h>
#include <string.h>

#include "node/policy/drive.h"

/* ---- small things ------------------------------------------------------------- */

unsigned
policy_agency(const struct sim *s, const struct agency_id *id)
{
	for (unsigned a = 0; a < s->agencies; a++)
		if (id_equal(&s->agency[a], id))
			return a;
	return SIM_AGENCIES;
}

int32_t
policy_day_at(struct sim *s, unsigned n)
{
	struct replica *r = s->node[n].r;
	int64_t ms = env_wall_ms(replica_env(r)), seen = replica_policy_ms(r);

	return (int32_t)((seen > ms ? seen : ms) / SIM_DAY_MS);
}

static bool
is_expected(enum err e)
{
	return e == ERR_DENIED || e == ERR_INPUT || e == ERR_STALE ||
	    e == ERR_EXISTS || e == ERR_NOTFOUND || e == ERR_WAIT ||
	    e == ERR_LIMIT;
}

bool
policy_write(struct sim *s, unsigned n, enum sim_class c, struct row_id *made,
    const struct put *p)
{
	struct row_id unused;
	struct fail f = { 0 };
	enum err e =
	    policy_put(s->node[n].r, made != NULL ? made : &unused, p, &f);

	sim_say(s, "machine %u writes %s: %s", n, p->table,
	    e == OK ? "done" : f.text);
	sim_count(s, e == OK ? SIM_N_WRITES : SIM_N_REFUSED, 1);
	if (e == OK && c != SIM_CLASS_COUNT)
		sim_fired(s, c);
	else if (e != OK && !is_expected(e))
		sim_wrong(s, "machine %u writes %s: %s: %s", n, p->table,
		    err_name(e), f.text);
	return e == OK;
}

struct choosing {
	struct sim *s;
	unsigned n;
	fits_fn fits;
	struct chosen *out;
	uint64_t seen;
};

static bool
consider(void *context, const struct read_row *row)
{
	struct choosing *x = context;

	if (x->fits != NULL && !x->fits(x->s, x->n, row))
		return true;
	if (sim_draw(x->s, ++x->seen) == 0)
		*x->out = (struct chosen){ row->id, row->cpt, row->owner };
	return true;
}

bool
policy_choose(struct chosen *out, struct sim *s, unsigned n, const char *table,
    const struct row_id *person, fits_fn fits)
{
	struct replica *r = s->node[n].r;
	struct choosing x = { .s = s, .n = n, .fits = fits, .out = out };
	struct read_query q = { .table =
				    registry_table(replica_registry(r), table),
		.subject = person };
	struct fail f = { 0 };

	sim_must(s, read_list(r, &q, consider, &x, &f), &f, table);
	return x.seen > 0;
}

/* ---- policy ---------------------------------------------------------------------- */

/* Told of each act of policy; now and then the program ends in one. */
static enum err
on_act(void *context, struct replica *r, const struct drive_act *act,
    struct fail *f)
{
	struct sim *s = context;

	(void)r;
	if (s->policy->cuts > 0 && --s->policy->cuts == 0) {
		sim_fired(s, SIM_POLICY_CUT_OFF);
		return fail_set(f, ERR_BUSY, "cut off");
	}
	sim_fired(s, act->granted ? SIM_POLICY_GRANTS : SIM_POLICY_REMOVES);
	if (!act->granted && strstr(act->why, "_ended") != NULL)
		sim_fired(s, SIM_POLICY_DAY);
	return OK;
}

bool
policy_drive(struct sim *s, unsigned n)
{
	struct drive_result done;
	struct fail f = { 0 };
	bool cut;
	enum err e;

	if (s->node[n].field || s->node[n].hub || !sim_ready(s, n))
		return false;
	sim_tell_time(s, n);
	s->policy->cuts =
	    s->may[SIM_POLICY_CUT_OFF] && !s->healing && sim_chance(s, 15)
	    ? 1 + (unsigned)sim_draw(s, 5)
	    : 0;
	cut = s->policy->cuts > 0;
	drive_tell(on_act, s);
	e = drive_all(s->node[n].r, &done, &f);
	drive_tell(NULL, NULL);
	cut = cut && s->policy->cuts == 0;
	sim_count(s, SIM_N_DRIVES, 1);
	if (done.granted + done.removed > 0 || cut)
		sim_say(s, "policy at machine %u: %lld granted, %lld removed%s",
		    n, (long long)done.granted, (long long)done.removed,
		    cut ? ", cut off" : "");
	if (!cut && (e != OK || done.failed > 0))
		sim_wrong(s, "policy at machine %u: %s %s", n, f.text,
		    done.first.text);
	ledger_judge_holders(s, n, !cut);
	sim_check(s, n);
	return done.granted + done.removed > 0;
}

/* ---- rows about a person ------------------------------------------------------------- */

static void
write_data(struct sim *s, unsigned n, const struct row_id *person)
{
	int32_t today = policy_day_at(s, n);
	struct value now = { .type = VALUE_TIME,
		.i = (int64_t)today * 24 * 60 + (int64_t)sim_draw(s, 1440) };

	switch (sim_draw(s, 5)) {
	case 0:
	case 1:
		(void)policy_write(s, n, SIM_CLASS_COUNT, NULL,
		    &(struct put){ .table = "appointment",
			.subject = person,
			CELLS({ "start_at", now }) });
		return;
	case 2:
		(void)policy_write(s, n, SIM_CLASS_COUNT, NULL,
		    &(struct put){ .table = "drug_test",
			.subject = person,
			CELLS({ "collected_on", cell_day(today) }) });
		return;
	case 3:
		(void)policy_write(s, n, SIM_CLASS_COUNT, NULL,
		    &(struct put){ .table = "safety_alert",
			.subject = person,
			CELLS({ "code", cell_text("dogs") }) });
		return;
	default:
		(void)policy_write(s, n, SIM_CLASS_COUNT, NULL,
		    &(struct put){ .table = "person",
			.row = person,
			CELLS({ "legal_name", cell_text("A person") }) });
		return;
	}
}

/* ---- one act ----------------------------------------------------------------------------- */

void
sim_policy_act(struct sim *s, unsigned n)
{
	const struct row_id *person =
	    &s->policy->person[sim_draw(s, POLICY_PEOPLE)];
	const struct sim_node *m = &s->node[n];

	if (m->hub || m->r == NULL || m->obeyed ||
	    replica_restored(m->r, NULL) != LIFE_NONE)
		return;
	/* a laptop without a line shows what it shows */
	if (sim_chance(s, 30))
		ledger_judge_shown(s, n);
	if (!sim_ready(s, n) || s->wrong[0] != '\0')
		return;
	sim_tell_time(s, n);
	if (sim_chance(s, 25))
		write_data(s, n, person);
	else
		policy_decide(s, n, person);
	sim_check(s, n);
	if (sim_chance(s, s->policy->drives))
		(void)policy_drive(s, n);
}

/* Its laptops get what it holds, and later what comes of it. */
static void
carry(struct sim *s, unsigned n, const struct row_id *person)
{
	for (unsigned k = 0; k < s->places; k++) {
		const struct member_node *node;
		struct fail f = { 0 };
		int64_t granted = 0;
		enum err e;

		if (!s->node[k].field || s->node[k].agency != s->node[n].agency)
			continue;
		node =
		    members_node(replica_members(s->node[n].r), &s->node[k].id);
		if (node == NULL)
			continue;
		e = grant_carry(s->node[n].r, person, node, &granted, &f);
		if (e == OK && granted > 0)
			sim_fired(s, SIM_CARRY);
		else if (e != OK && e != ERR_DENIED && e != ERR_NOTFOUND)
			sim_wrong(s, "carrying at machine %u: %s: %s", n,
			    err_name(e), f.text);
		sim_say(s, "machine %u: %lld keys for laptop %u %.60s", n,
		    (long long)granted, k, f.text);
	}
}

void
sim_policy_power(struct sim *s)
{
	unsigned n = 1 + (unsigned)sim_draw(s, s->places - 1);

	if (s->node[n].field || s->node[n].hub || !sim_ready(s, n))
		return;
	sim_tell_time(s, n);
	if (s->may[SIM_CARRY] && sim_chance(s, 50))
		carry(s, n, &s->policy->person[sim_draw(s, POLICY_PEOPLE)]);
	sim_check(s, n);
	(void)policy_drive(s, n);
}

/* ---- begin and end ------------------------------------------------------------------------- */

void
sim_policy_begin(struct sim *s)
{
	s->policy = calloc(1, sizeof(*s->policy));
	if (s->policy == NULL)
		abort();
	s->policy->drives = 10 + (unsigned)sim_draw(s, 80);
}

void
sim_policy_end(struct sim *s)
{
	free(s->policy);
	s->policy = NULL;
}

/* People who are known to every office; each keeps records of its own. */
void
sim_policy_people(struct sim *s)
{
	struct offered standing = policy_standing(s->places);

	s->policy->agreement[s->policy->agreement_count++] = standing;
	if (sim_chance(s, 30))
		(void)policy_write(s, 1, SIM_CLASS_COUNT, NULL,
		    &(struct put){ .table = "mou",
			.row = &standing.id,
			.change = true,
			CELLS({ "status", cell_text("suspended") }) });
	for (unsigned p = 0; p < POLICY_PEOPLE; p++) {
		for (size_t i = 0; i < ID_BYTES; i++)
			s->policy->person[p].b[i] = (uint8_t)sim_draw(s, 256);
		for (unsigned n = 1; n < s->places; n++) {
			if (s->node[n].hub || s->node[n].field ||
			    s->node[n].steward != 0)
				continue;
			sim_tell_time(s, n);
			(void)policy_write(s, n, SIM_CLASS_COUNT, NULL,
			    &(struct put){ .table = "person",
				.row = &s->policy->person[p],
				CELLS(
				    { "legal_name", cell_text("A person") }) });
		}
	}
}
