/*
 * What must hold at every step, as far as it can be seen from outside of the
 * engine.
 */
#include "tests/sim/sim.h"

#include <string.h>

#include "sync/audit.h"
#include "sync/control_i.h"
#include "sync/hash.h"
#include "sync/revoke.h"
#include "tests/sim/policy/policy.h"

int64_t
sim_number(struct sim *s, unsigned n, const char *sql)
{
	struct fail f = { 0 };
	struct stmt *st;
	int64_t number;
	bool row;

	sim_must(s, db_stmt(&st, replica_db(s->node[n].r), sql, &f), &f, sql);
	sim_must(s, stmt_step(st, &row, &f), &f, sql);
	number = row ? stmt_col_int(st, 0) : 0;
	stmt_reset(st);
	return number;
}

/* ---- at every step ------------------------------------------------------- */

void
sim_check_anew(struct sim *s, unsigned n)
{
	struct sim_node *m = &s->node[n];

	m->members = 0;
	m->segments = 0;
	m->forks = 0;
	memset(m->scanned, 0, sizeof(m->scanned));
}

/* I4: a replica forgets no member, no sealed segment and no evidence. */
static void
check_knowledge(struct sim *s, unsigned n)
{
	struct sim_node *m = &s->node[n];
	int64_t members, segments, forks;
	struct fail f = { 0 };
	struct stmt *st;
	bool row, shows;

	sim_must(s,
	    db_stmt(&st, replica_db(m->r),
		"SELECT (SELECT count(*) FROM _member), (SELECT count(*) FROM"
		" _segment) - (SELECT count(*) FROM _segment WHERE state <= 2),"
		" (SELECT count(*) FROM _fork),"
		" EXISTS (SELECT 1 FROM _snapshot_in)",
		&f),
	    &f, "what is known");
	sim_must(s, stmt_step(st, &row, &f), &f, "what is known");
	members = stmt_col_int(st, 0);
	segments = stmt_col_int(st, 1);
	forks = stmt_col_int(st, 2);
	shows = stmt_col_int(st, 3) != 0;
	stmt_reset(st);
	if (members < m->members || segments < m->segments || forks < m->forks)
		sim_wrong(s,
		    "machine %u forgot: %lld records, %lld segments, %lld "
		    "forks; it had %lld, %lld, %lld",
		    n, (long long)members, (long long)segments,
		    (long long)forks, (long long)m->members,
		    (long long)m->segments, (long long)m->forks);
	if (segments > m->segments)
		sim_notes_find(s, n);
	if (shows && !m->shows)
		sim_fired(s, SIM_SNAPSHOT);
	m->shows = shows;
	m->members = members;
	m->segments = segments;
	m->forks = forks;
}

static void
check_out(struct sim *s, unsigned n)
{
	struct sim_node *m = &s->node[n];

	if (members_revocation(replica_members(m->r), &m->id) == NULL)
		return;
	if (revoke_is_due(m->r))
		sim_wrong(s, "machine %u knows that it is out and lives on", n);
	/* whom a lost steward let in falls with it */
	if (!m->out && !s->node[m->steward].out)
		sim_wrong(s, "machine %u obeyed, and nobody revoked it", n);
	if (m->obeyed)
		return;
	m->obeyed = true;
	sim_count(s, SIM_N_OBEYED, 1);
	sim_say(s, "machine %u learned that it is out", n);
	if (sim_number(s, n, "SELECT count(*) FROM _key") != 0)
		sim_wrong(s, "machine %u obeyed and has keys", n);
	sim_notes_offered(s, n);
}

void
sim_check(struct sim *s, unsigned n)
{
	const struct sim_node *m = &s->node[n];

	if (m->r == NULL || !m->joined || s->dying)
		return;
	if (db_poisoned(replica_db(m->r))) {
		sim_wrong(s, "the database of machine %u is poisoned", n);
		return;
	}
	if (db_in_transaction(replica_db(m->r)))
		sim_wrong(s, "machine %u was left in a transaction", n);
	if (s->policy == NULL)
		sim_keys_keep(s, n);
	check_out(s, n);
	check_knowledge(s, n);
	if (s->policy != NULL)
		sim_policy_check(s, n);
	/* dearer with the real schema, and of no other code */
	else if (sim_chance(s, 2))
		sim_verify(s, n, sim_chance(s, 50));
}

/* I12: who holds two segments that follow one holds the proof. I6: every key that
 * is held and that others wrote under was given to this node, by name or through
 * its agency. (One that it made itself, in a decision that does not count, opens
 * nothing.) */
static void
check_evidence(struct sim *s, unsigned n)
{
	const struct identity *i = replica_identity(s->node[n].r);
	struct fail f = { 0 };
	struct stmt *st;
	bool row;

	if (sim_number(s, n,
		"SELECT count(*) FROM (SELECT author, cpt, chain, seq FROM"
		" _segment WHERE position > 0 GROUP BY 1, 2, 3, 4, prev HAVING"
		" count(*) > 1) d WHERE NOT EXISTS (SELECT 1 FROM _fork f WHERE"
		" f.author = d.author AND f.cpt = d.cpt AND f.chain = d.chain"
		" AND f.at = d.seq)") != 0)
		sim_wrong(s, "machine %u holds a fork and no proof", n);
	sim_must(s,
	    db_stmt(&st, replica_db(s->node[n].r),
		"SELECT 1 FROM _key k WHERE NOT EXISTS (SELECT 1 FROM"
		" _grant g WHERE g.cpt = k.cpt AND g.key_id = k.key_id"
		" AND g.recipient IN (?1, ?2)) AND EXISTS (SELECT 1 FROM"
		" _segment s WHERE s.cpt = k.cpt AND s.chain IN (1, 3) AND"
		" s.position > 0 AND instr(s.bytes, substr(k.key_id, 1, ?3)) >"
		" 0 AND s.author NOT IN (SELECT no FROM _author WHERE node ="
		" ?1)) LIMIT 1",
		&f),
	    &f, "keys");
	stmt_blob(st, 1, i->node.b, sizeof(i->node.b));
	stmt_blob(st, 2, i->agency.b, sizeof(i->agency.b));
	stmt_int(st, 3, SEGMENT_PREFIX_BYTES);
	sim_must(s, stmt_step(st, &row, &f), &f, "keys");
	stmt_reset(st);
	/* a grant for which there was no room any more is no grant */
	if (row && s->bounds.control_cost == 0)
		sim_wrong(s, "machine %u holds a key that nobody gave it", n);
}

static void
check_control(struct sim *s, unsigned n, const struct compartment_id *id)
{
	const struct compartment *c = sim_compartment(s, n, id);
	struct control *control = NULL;
	struct fail f = { 0 };

	if (c == NULL)
		return;
	sim_must(s, control_load(&control, s->node[n].r, c, &f), &f, "control");
	if (control != NULL && control->over > 0)
		sim_fired(s, SIM_FULL_CONTROL);
	control_free(control);
}

/* I9: what waits and what was refused stays within its bounds. */
static void
check_bounds(struct sim *s, unsigned n)
{
	int64_t parked = s->bounds.parked != 0 ? (int64_t)s->bounds.parked
					       : LIMIT_PARKED_PER_PEER;

	if (sim_number(s, n,
		"SELECT coalesce(max(k), 0) FROM (SELECT count(*) AS k FROM"
		" _parked WHERE reason < 9 GROUP BY peer)") > parked)
		sim_wrong(s, "machine %u parks more than %lld for one peer", n,
		    (long long)parked);
	if (sim_number(s, n, "SELECT coalesce(sum(size), 0) FROM _parked") >
		2 * (int64_t)LIMIT_PARKED_BYTES ||
	    sim_number(s, n, "SELECT count(*) FROM _refused") > LIMIT_REFUSED)
		sim_wrong(s, "machine %u keeps too much that is refused", n);
	if (sim_number(s, n,
		"SELECT EXISTS (SELECT 1 FROM _segment WHERE why = 6)") != 0)
		sim_fired(s, SIM_FULL_DATA);
	for (unsigned p = 0; p < SIM_PEOPLE && s->bounds.control_cost != 0; p++)
		check_control(s, n, &s->person[p].compartment);
}

/* I10: every entry of the journal hashes the one before it. */
static void
check_audit(struct sim *s, unsigned n)
{
	struct fail f = { 0 };
	int64_t entries;
	enum err e = audit_verify(s->node[n].r, &entries, &f);

	if (e == ERR_CORRUPT)
		sim_wrong(s, "machine %u: %s", n, f.text);
	else
		sim_must(s, e, &f, "journal");
}

/* I3 and I8, of each person whose rows are all from sealed, readable work. */
static void
judge_rows(struct sim *s, unsigned n)
{
	for (unsigned p = 0; p < SIM_PEOPLE && s->wrong[0] == '\0'; p++) {
		const struct compartment *c =
		    sim_compartment(s, n, &s->person[p].compartment);

		if (c != NULL)
			sim_judge_rows(s, n, c);
	}
}

void
sim_verify(struct sim *s, unsigned n, bool deep)
{
	struct fail f = { 0 };
	int64_t checked;

	/* what it shows is closed until it knows better */
	if (replica_restored(s->node[n].r, NULL) != LIFE_NONE ||
	    s->node[n].obeyed)
		return;
	sim_tell_time(s, n);
	if (log_verify(s->node[n].r, deep, &checked, &f) != OK)
		sim_wrong(s, "machine %u, verify%s: %s", n,
		    deep ? " --deep" : "", f.text);
	check_evidence(s, n);
	check_bounds(s, n);
	check_audit(s, n);
	if (deep)
		judge_rows(s, n);
	sim_count(s, deep ? SIM_N_DEEP : SIM_N_SOUND, 1);
}

/* Without copies and old disks nobody honest wrote two histories (I7). */
void
sim_judge_forks(struct sim *s)
{
	if (s->any_evil || s->fired[SIM_CLONE] || s->fired[SIM_MOVED] ||
	    s->fired[SIM_REVIVED] || s->fired[SIM_BACKUP] ||
	    s->fired[SIM_PUT_BACK] || s->fired[SIM_ROLLED_BACK])
		return;
	for (unsigned n = 0; n < SIM_NODES; n++)
		if (sim_is_judged(s, n) &&
		    sim_number(s, n, "SELECT count(*) FROM _fork") != 0)
			sim_wrong(s, "machine %u knows of a fork", n);
}
