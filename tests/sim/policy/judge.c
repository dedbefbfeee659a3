/*
 * The world heals: registrars run policy, everybody meets, until nothing moves; and
 * then who is entitled holds and is shown all of it, and nobody else.
 */
#include <string.h>

#include "node/policy/gate_view.h"
#include "sync/grant.h"
#include "tests/sim/policy/law.h"

#define ROUNDS_MAX 60

static bool
drive_everywhere(struct sim *s)
{
	bool any = false;

	for (unsigned n = 1; n < s->places && s->wrong[0] == '\0'; n++)
		any = policy_drive(s, n) || any;
	return any;
}

/* On one day, of which the registrars have said all that they say of a day. */
static void
until_quiet(struct sim *s)
{
	bool failed = false;

	for (unsigned i = 0; i < ROUNDS_MAX && s->wrong[0] == '\0'; i++) {
		bool moved = drive_everywhere(s);

		moved = sim_go_round(s, SIM_MINUTE_MS, &failed) || moved;
		if (!moved) {
			if (failed)
				sim_wrong(s, "healed, and contacts fail");
			return;
		}
	}
	sim_wrong(s, "not quiet after %d rounds", ROUNDS_MAX);
}

/* ---- who is entitled has it --------------------------------------------------- */

static bool
may_see(struct sim *s, unsigned m, const struct compartment *c)
{
	static struct gate_view view;
	struct gate_answer a;
	struct fail f = { 0 };

	sim_tell_time(s, m);
	sim_must(s, gate_view_begin(&view, s->node[m].r, &f), &f, "the gate");
	sim_must(s, gate_view_ask(&a, &view, c->no, &c->owner, &f), &f,
	    "the gate");
	gate_view_end(&view);
	return a.shut == GATE_OPEN;
}

static bool
has_key(struct sim *s, unsigned m, const struct compartment *c,
    const struct key_id *id)
{
	struct fail f = { 0 };
	struct stmt *st;
	bool row;

	sim_must(s,
	    db_stmt(&st, replica_db(s->node[m].r),
		"SELECT 1 FROM _key WHERE cpt = ?1 AND key_id = ?2", &f),
	    &f, "a key");
	stmt_int(st, 1, c->no);
	stmt_blob(st, 2, id->b, sizeof(id->b));
	sim_must(s, stmt_step(st, &row, &f), &f, "a key");
	stmt_reset(st);
	return row;
}

/* One record of agency owner, known at its registrar n, at machine m of another. */
static void
judge_at(struct sim *s, unsigned n, const struct compartment *theirs,
    unsigned m, bool entitled)
{
	const struct compartment *c = sim_compartment(s, m, &theirs->id);
	uint8_t key[SEGMENT_KEY_BYTES];
	struct key_id id;
	bool seals = grant_seal_key(s->node[n].r, theirs, key, &id, NULL) == OK;

	if (!entitled) {
		if (c != NULL && seals && has_key(s, m, c, &id))
			sim_wrong(s,
			    "machine %u can read what machine %u writes next "
			    "of %s, and is not entitled",
			    m, n, theirs->category);
		if (c != NULL && c->has_subject && may_see(s, m, c))
			sim_wrong(s, "machine %u shows %s, not entitled", m,
			    theirs->category);
	} else if (!s->node[m].field) {
		if (c == NULL || !c->has_subject || c->unreadable > 0 ||
		    (seals && !has_key(s, m, c, &id)))
			sim_wrong(s,
			    "machine %u lacks %s of agency %u that is due to "
			    "it: %s",
			    m, theirs->category, s->node[n].agency,
			    c == NULL || !c->has_subject ? "it has no key"
				: c->unreadable > 0 ? "some is closed to it"
						    : "the latest key");
		else if (!may_see(s, m, c))
			sim_wrong(s, "machine %u does not show %s, entitled", m,
			    theirs->category);
	}
}

static void
judge_record(struct sim *s, unsigned n, struct compartment *c)
{
	const struct ledger_record *rec = ledger_of(s, c);

	if (rec->owner != s->node[n].agency)
		return;
	for (unsigned m = 1; m < s->places && s->wrong[0] == '\0'; m++) {
		unsigned a = s->node[m].agency;

		if (s->node[m].used && !s->node[m].hub && a != rec->owner &&
		    sim_is_judged(s, m))
			judge_at(s, n, c, m, (rec->entitled[n] & 1u << a) != 0);
	}
}

/* Two registrars of one agency come to the same. */
static void
judge_unity(struct sim *s)
{
	for (size_t k = 0; k < s->policy->record_count; k++) {
		const struct ledger_record *rec = &s->policy->record[k];
		unsigned first = SIM_NODES;

		for (unsigned n = 1; n < s->places; n++) {
			if (s->node[n].agency != rec->owner ||
			    s->node[n].field || s->node[n].hub)
				continue;
			if (first != SIM_NODES &&
			    rec->entitled[n] != rec->entitled[first])
				sim_wrong(s,
				    "machines %u and %u entitle others to %s",
				    first, n, rec->category);
			first = n;
		}
	}
}

void
sim_policy_heal(struct sim *s)
{
	s->healing = true;
	sim_say(s, "the world heals");
	sim_mend(s, true);
	for (unsigned n = 0; n < SIM_NODES; n++) {
		sim_hang_up(s, n);
		s->node[n].asleep_until = 0;
		s->node[n].skew_ms = 0;
	}
	/* one registrar may still believe what another's clock said when it was
	 * wrong, and as long as they are of two minds about the day one takes away
	 * what the other gives */
	if (s->fired[SIM_JUMP])
		s->now_ms += 3 * SIM_DAY_MS;
	until_quiet(s);
	/* more than a week later everybody compares all that both hold; and days
	 * have come */
	s->now_ms += 8 * SIM_DAY_MS;
	until_quiet(s);
	for (unsigned n = 1; n < s->places && s->wrong[0] == '\0'; n++) {
		if (!s->node[n].hub)
			ledger_judge_shown(s, n);
		if (!s->node[n].hub && !s->node[n].field)
			ledger_each(s, n, judge_record);
	}
	judge_unity(s);
	if (s->wrong[0] == '\0' && sim_chance(s, 10))
		sim_verify(s, 1 + (unsigned)sim_draw(s, s->places - 1), true);
}
