/*
 * The world heals, and then everybody who is entitled holds the same, shows the
 * same, and nothing that was saved is missing (I11).
 */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "sync/control_i.h"
#include "sync/grant.h"
#include "sync/log_i.h"

#define ROUNDS_MAX 60

/* ---- until nothing moves ------------------------------------------------- */

static bool
is_machine_of(const struct sim *s, unsigned machine, unsigned node)
{
	return machine < SIM_NODES && s->node[machine].used &&
	    (machine == node ||
		(machine >= SIM_PLACES + SIM_SPARE &&
		    id_equal(&s->node[machine].id, &s->node[node].id)));
}

/* Every machine of a node calls every machine of another. */
static bool
call_all(struct sim *s, const struct sim_edge *d, bool *failed)
{
	bool any = false;

	for (unsigned a = 0; a < SIM_NODES; a++) {
		for (unsigned b = 0; b < SIM_NODES; b++) {
			bool moved = false;
			enum err e;

			if (!is_machine_of(s, a, d->caller) ||
			    !is_machine_of(s, b, d->server) ||
			    s->node[a].evil || s->node[b].evil ||
			    s->wrong[0] != '\0')
				continue;
			e = sim_contact_now(s, a, b, &moved);
			any = any || moved;
			*failed = *failed ||
			    (e != OK && e != ERR_REVOKED && e != ERR_NET);
		}
	}
	return any;
}

bool
sim_go_round(struct sim *s, int64_t after_ms, bool *failed)
{
	bool moved = false;

	*failed = false;
	s->now_ms += after_ms;
	for (unsigned i = 0; i < s->edge_count && s->wrong[0] == '\0'; i++)
		moved = call_all(s, &s->edge[i], failed) || moved;
	sim_count(s, SIM_N_ROUNDS, 1);
	return moved;
}

/*
 * Rounds some hours apart; when one is quiet, one more than a week later, so
 * that everybody compares all that both hold. Nobody presses a button.
 */
static void
until_quiet(struct sim *s)
{
	bool failed = false, quiet = false;

	for (unsigned i = 0; i < ROUNDS_MAX && s->wrong[0] == '\0'; i++) {
		bool moved = sim_go_round(s,
		    quiet ? 8 * SIM_DAY_MS : 7 * SIM_HOUR_MS, &failed);

		if (!moved && quiet) {
			if (failed)
				sim_wrong(s, "healed, and contacts fail");
			return;
		}
		quiet = !moved;
	}
	sim_wrong(s, "not quiet after %d rounds", ROUNDS_MAX);
}

/* ---- what everybody holds ------------------------------------------------ */

bool
sim_is_judged(struct sim *s, unsigned n)
{
	const struct sim_node *m = &s->node[n];
	const struct members *all = replica_members(s->node[0].r);

	return m->used && m->joined && !m->out && !m->obeyed && !m->evil &&
	    members_node(all, &m->id) != NULL &&
	    members_revocation(all, &m->id) == NULL;
}

struct held {
	bool there, entitled, readable;
	uint8_t segments[32], keys[32], digest[32];
	size_t count;
	int64_t waiting;
};

/* Was it told of what took it off the record in a message that was changed on the
 * way? That fits nothing there and waits, as another history's would; only who
 * shares the record is compared with later. */
static bool
is_told_wrongly(struct sim *s, unsigned n, const struct compartment *c)
{
	char sql[160], hex[2 * ID_BYTES + 1];

	if (!s->fired[SIM_FLIP])
		return false;
	(void)sodium_bin2hex(hex, sizeof(hex), c->id.b, ID_BYTES);
	(void)snprintf(sql, sizeof(sql),
	    "SELECT count(*) FROM _parked WHERE cpt = X'%s' AND chain = 0"
	    " AND reason = %d",
	    hex, PARKED_BRANCH);
	return sim_number(s, n, sql) > 0;
}

/* Is it to have the record, as far as machine n knows? */
static bool
knows(struct sim *s, unsigned n, const struct compartment *c, unsigned other)
{
	const struct member_node *node =
	    members_node(replica_members(s->node[n].r), &s->node[other].id);
	struct fail f = { 0 };
	bool yes = false;

	if (c != NULL && node != NULL)
		sim_must(s,
		    grant_routes_to(s->node[n].r, c->no, node, &yes, &f), &f,
		    "routes");
	return yes;
}

static bool
is_entitled(struct sim *s, unsigned n, const struct compartment *c)
{
	if (!knows(s, n, c, n))
		return false;
	for (unsigned k = 0; is_told_wrongly(s, n, c) && k < SIM_NODES; k++) {
		const struct compartment *there = k != n && sim_is_judged(s, k)
		    ? sim_compartment(s, k, &c->id)
		    : NULL;

		if (there != NULL && !knows(s, k, there, n)) {
			sim_count(s, SIM_N_TOLD_WRONGLY, 1);
			return false;
		}
	}
	return true;
}

static bool
is_holder(struct sim *s, unsigned n, const struct compartment *c)
{
	struct replica *r = s->node[n].r;
	const struct member_node *self =
	    members_node(replica_members(r), &s->node[n].id);
	struct fail f = { 0 };
	bool yes = false;

	sim_must(s, grant_holds(r, c->no, self, &yes, &f), &f, "holds");
	return yes;
}

static size_t
hash_blobs(struct sim *s, unsigned n, uint8_t out[static 32], const char *sql,
    int64_t cpt)
{
	struct fail f = { 0 };
	struct stmt *st;
	crypto_generichash_state h;
	size_t count = 0;
	bool row;

	(void)crypto_generichash_init(&h, NULL, 0, 32);
	sim_must(s, db_stmt(&st, replica_db(s->node[n].r), sql, &f), &f, sql);
	stmt_int(st, 1, cpt);
	for (;; count++) {
		const uint8_t *p;
		size_t size;

		sim_must(s, stmt_step(st, &row, &f), &f, sql);
		if (!row)
			break;
		p = stmt_col_blob(st, 0, &size);
		(void)crypto_generichash_update(&h, p, size);
	}
	(void)crypto_generichash_final(&h, out, 32);
	return count;
}

static void
look(struct sim *s, unsigned n, const struct sim_person *p, struct held *out)
{
	struct compartment *c = sim_compartment(s, n, &p->compartment);
	struct fail f = { 0 };

	*out = (struct held){ .there = c != NULL };
	if (c == NULL)
		return;
	out->entitled = is_entitled(s, n, c);
	out->readable = c->has_subject && c->unreadable == 0;
	out->waiting = c->waiting;
	if ((c->flags & COMPARTMENT_SNAPSHOT) != 0)
		sim_wrong(s, "machine %u still shows a snapshot", n);
	/* what is large may wait for ever where a link costs */
	out->count = hash_blobs(s, n, out->segments,
	    s->metered ? "SELECT id FROM _segment WHERE cpt = ?1 AND"
			 " position > 0 AND chain <> 3 ORDER BY id"
		       : "SELECT id FROM _segment WHERE cpt = ?1 AND"
			 " position > 0 ORDER BY id",
	    c->no);
	(void)hash_blobs(s, n, out->keys,
	    "SELECT key_id FROM _key WHERE cpt = ?1 ORDER BY key_id", c->no);
	if (out->readable)
		sim_must(s,
		    digest_compartment(s->node[n].r, out->digest, c->no, &f),
		    &f, "digest");
}

static bool
differs(const uint8_t a[static 32], const uint8_t b[static 32])
{
	return memcmp(a, b, 32) != 0;
}

/* Does this machine know that the other is to have the record? */
static bool
knows_of(struct sim *s, unsigned n, unsigned other, unsigned person)
{
	return knows(s, n,
	    sim_compartment(s, n, &s->person[person].compartment), other);
}

/* Are there more decisions about the record at a machine than there is room for? */
static bool
is_over(struct sim *s, unsigned n, unsigned person)
{
	struct control *control = NULL;
	struct fail f = { 0 };
	bool over;

	sim_must(s,
	    control_load(&control, s->node[n].r,
		sim_compartment(s, n, &s->person[person].compartment), &f),
	    &f, "control");
	over = control != NULL && control->over > 0;
	control_free(control);
	return over;
}

/* A registrar of the owner that means harm may make a grant wait behind more
 * decisions than there is room for, as it may remove whom it likes: who holds all
 * of them, a hub perhaps, passes nothing more on to whom that grant was for. */
static bool
is_left_out(struct sim *s, unsigned n, unsigned person)
{
	for (unsigned k = 0; k < SIM_NODES; k++)
		if (k != n && sim_is_judged(s, k) &&
		    sim_compartment(s, k, &s->person[person].compartment) !=
			NULL &&
		    !knows_of(s, k, n, person) && is_over(s, k, person))
			return true;
	return false;
}

/* What members that mean harm can do to two. */
static bool
is_excused(struct sim *s, unsigned a, unsigned b, unsigned person)
{
	if (!s->any_evil)
		return false;
	/* it may also found one record twice, for two groups that never hear of
	 * each other */
	return (!knows_of(s, a, b, person) && !knows_of(s, b, a, person)) ||
	    is_left_out(s, a, person) || is_left_out(s, b, person);
}

static void
compare(struct sim *s, unsigned a, const struct held *x, unsigned b,
    const struct held *y, unsigned person)
{
	if (!x->entitled || !y->entitled)
		return;
	if (differs(x->segments, y->segments)) {
		if (is_excused(s, a, b, person))
			return;
		sim_wrong(s,
		    "machines %u and %u hold %zu and %zu other segments of "
		    "person %u%s",
		    a, b, x->count, y->count, person,
		    s->metered ? ", where links cost" : "");
		return;
	}
	if (!x->readable || !y->readable || differs(x->keys, y->keys) ||
	    s->node[a].schemas != s->node[b].schemas)
		return;
	if (differs(x->digest, y->digest))
		sim_wrong(s, "machines %u and %u show person %u differently", a,
		    b, person);
	sim_count(s, SIM_N_DIGESTS, 1);
}

/* Is there a key that it may seal new work under? */
static bool
may_seal(struct sim *s, unsigned n, const struct compartment *c)
{
	uint8_t key[SEGMENT_KEY_BYTES];
	struct key_id id;

	return grant_seal_key(s->node[n].r, c, key, &id, NULL) == OK;
}

/* A holder has a key to write under, as long as the owner has anybody who may
 * make one and knows that it has to be made. (An agency of which nobody is left
 * is given no key, so that the flag alone may stay.) */
static void
judge_rekey(struct sim *s, unsigned n, const struct sim_person *p)
{
	const struct compartment *c = sim_compartment(s, n, &p->compartment);
	unsigned judged = 0;

	/* who is alone seals nothing, and so makes no key either */
	for (unsigned k = 0; k < SIM_NODES; k++)
		judged += sim_is_judged(s, k);
	if (c == NULL || !c->rekey || judged < 2 || !is_holder(s, n, c) ||
	    may_seal(s, n, c))
		return;
	for (unsigned k = 0; k < SIM_NODES; k++)
		if (sim_is_judged(s, k) && !s->node[k].field &&
		    id_equal(&s->agency[s->node[k].agency], &c->owner) &&
		    sim_compartment(s, k, &p->compartment) != NULL)
			sim_wrong(s,
			    "machine %u has no key to write under for person "
			    "%d, and machine %u could make one",
			    n, (int)(p - s->person), k);
}

static bool
is_applied(struct sim *s, unsigned n, const uint8_t id[static SEGMENT_ID_BYTES])
{
	static const char sql[] =
	    "SELECT 1 FROM _segment WHERE id = ?1 AND state = 3";
	struct fail f = { 0 };
	struct stmt *st;
	bool row;

	sim_must(s, db_stmt(&st, replica_db(s->node[n].r), sql, &f), &f, sql);
	stmt_blob(st, 1, id, SEGMENT_ID_BYTES);
	sim_must(s, stmt_step(st, &row, &f), &f, sql);
	stmt_reset(st);
	return row;
}

/* Segments of a record that wait here. Where an old disk was put back, what they
 * build on may have died with the newer one (a damaged message, and then no disk
 * to send it again from): then they wait everywhere, for ever. */
static int64_t
count_waiting(struct sim *s, unsigned n, const struct sim_person *p)
{
	static const char sql[] =
	    "SELECT id FROM _segment WHERE cpt = ?1 AND state = 4";
	bool may_die = s->fired[SIM_BACKUP] || s->fired[SIM_PUT_BACK] ||
	    s->fired[SIM_ROLLED_BACK] || s->fired[SIM_REVIVED];
	uint8_t id[SEGMENT_ID_BYTES];
	struct fail f = { 0 };
	int64_t count = 0;
	struct stmt *st;
	bool row;

	sim_must(s, db_stmt(&st, replica_db(s->node[n].r), sql, &f), &f, sql);
	stmt_int(st, 1, sim_compartment(s, n, &p->compartment)->no);
	for (;;) {
		bool applied = !may_die;

		sim_must(s, stmt_step(st, &row, &f), &f, sql);
		if (!row)
			break;
		(void)stmt_col_copy(st, 0, id, sizeof(id));
		for (unsigned k = 0; k < SIM_NODES && !applied; k++)
			applied = k != n && sim_is_judged(s, k) &&
			    is_applied(s, k, id);
		count += applied ? 1 : 0;
	}
	return count;
}

static void
compare_all(struct sim *s, unsigned person)
{
	static struct held held[SIM_NODES];

	for (unsigned n = 0; n < SIM_NODES; n++) {
		if (!sim_is_judged(s, n))
			continue;
		look(s, n, &s->person[person], &held[n]);
		judge_rekey(s, n, &s->person[person]);
		if (held[n].entitled && held[n].waiting > 0 && !s->any_evil &&
		    s->bounds.control_cost == 0 &&
		    count_waiting(s, n, &s->person[person]) > 0)
			sim_wrong(s, "machine %u: %lld segments still wait", n,
			    (long long)held[n].waiting);
		for (unsigned k = 0; k < n; k++)
			if (sim_is_judged(s, k))
				compare(s, k, &held[k], n, &held[n], person);
	}
}

/* ---- membership, and what was saved --------------------------------------- */

static void
judge_members(struct sim *s)
{
	uint8_t head[32], other[32];

	members_head(replica_members(s->node[0].r), head);
	for (unsigned n = 1; n < SIM_NODES; n++) {
		if (!sim_is_judged(s, n))
			continue;
		members_head(replica_members(s->node[n].r), other);
		if (differs(head, other))
			sim_wrong(s, "machine %u knows other members", n);
		if (replica_restored(s->node[n].r, NULL) != LIFE_NONE)
			sim_wrong(s, "machine %u is still restored", n);
	}
}

/* Does a machine that may read it hold this, whole, or its place for others? */
static bool
has_note(struct sim *s, size_t i, unsigned n)
{
	return sim_note_at(s, i, n) ||
	    (s->node[n].hub && sim_note_place_at(s, i, n));
}

static unsigned
person_of(const struct sim *s, const struct sim_note *k)
{
	unsigned p = 0;

	while (p + 1 < SIM_PEOPLE &&
	    !id_equal(&s->person[p].compartment, &k->compartment))
		p++;
	return p;
}

/* Somebody has it; and if its maker may still read there, everybody who may, and
 * their relays. */
static void
judge_note(struct sim *s, size_t i)
{
	const struct sim_note *k = &s->note[i];
	bool entitled[SIM_NODES] = { false }, found = false, holds = false;
	bool lives = false; /* on a disk that others still hear of */

	for (unsigned n = 0; n < SIM_NODES; n++) {
		const struct compartment *c;

		if (!s->node[n].used || s->node[n].r == NULL)
			continue;
		found = found || sim_note_at(s, i, n);
		if (!sim_is_judged(s, n))
			continue;
		lives = lives || sim_note_at(s, i, n);
		c = sim_compartment(s, n, &k->compartment);
		entitled[n] = c != NULL && is_entitled(s, n, c);
		holds |= n == k->maker && c != NULL && is_holder(s, n, c) &&
		    may_seal(s, n, c);
	}
	if (!found && !k->offered)
		sim_wrong(s, "note %zu of machine %u was saved and is lost",
		    i + 1, k->maker);
	for (unsigned n = 0; n < SIM_NODES && holds && lives; n++)
		if (entitled[n] && !has_note(s, i, n) &&
		    !(s->any_evil &&
			(is_left_out(s, n, person_of(s, k)) ||
			    is_left_out(s, k->maker, person_of(s, k)))))
			sim_wrong(s,
			    "note %zu of machine %u did not come to machine %u",
			    i + 1, k->maker, n);
	sim_count(s, SIM_N_NOTES_KEPT, 1);
}

/* A document of who still may write there and never lost a disk comes to all who
 * have the same keys, unless a link costs. */
static void
judge_document(struct sim *s, struct sim_document *d)
{
	const struct compartment_id *id = &s->person[d->person].compartment;
	const struct compartment *c;
	struct held maker, other;

	if (!sim_is_judged(s, d->maker) || s->node[d->maker].put_back)
		return;
	c = sim_compartment(s, d->maker, id);
	if (c == NULL || !is_holder(s, d->maker, c) ||
	    !may_seal(s, d->maker, c) || !sim_document_at(s, d, d->maker, c))
		return;
	look(s, d->maker, &s->person[d->person], &maker);
	for (unsigned n = 0; n < SIM_NODES && s->wrong[0] == '\0'; n++) {
		if (!sim_is_judged(s, n))
			continue;
		c = sim_compartment(s, n, id);
		if (c == NULL || !c->has_subject || !is_holder(s, n, c))
			continue;
		look(s, n, &s->person[d->person], &other);
		if (differs(maker.keys, other.keys) || !other.readable)
			continue;
		c = sim_compartment(s, n, id);
		if (sim_document_at(s, d, n, c))
			sim_count(s, SIM_N_DOCUMENTS_READ, 1);
		else if (!s->metered &&
		    !(s->any_evil &&
			(is_left_out(s, n, d->person) ||
			    is_left_out(s, d->maker, d->person))))
			sim_wrong(s,
			    "document %zu of machine %u did not come to "
			    "machine %u",
			    (size_t)(d - s->document) + 1, d->maker, n);
	}
}

static void
judge_documents(struct sim *s)
{
	for (size_t i = 0; i < s->document_count && s->wrong[0] == '\0'; i++)
		if (!s->person[s->document[i].person].shredded)
			judge_document(s, &s->document[i]);
}

static void
judge_notes(struct sim *s)
{
	for (unsigned n = 0; n < SIM_NODES; n++)
		if (s->node[n].used && s->node[n].r != NULL)
			sim_notes_find(s, n);
	for (size_t i = 0; i < s->note_count && s->wrong[0] == '\0'; i++)
		if (s->note[i].saved && !s->note[i].gone &&
		    !sim_note_shredded(s, i))
			judge_note(s, i);
}

void
sim_heal(struct sim *s)
{
	bool upgrade = sim_chance(s, 70);

	s->healing = true;
	sim_say(s, "the world heals");
	sim_mend(s, true);
	for (unsigned n = 0; n < SIM_NODES; n++) {
		struct sim_node *m = &s->node[n];

		if (!m->used || !m->joined)
			continue;
		sim_hang_up(s, n);
		m->asleep_until = 0;
		if (upgrade && m->schemas < SIM_SCHEMAS)
			sim_restart(s, n, SIM_SCHEMAS);
	}
	s->metered = s->fired[SIM_METERED] && sim_chance(s, 40);
	if (!s->metered)
		sim_unmeter(s);
	until_quiet(s);
	/* what is cut now was signed for by all, and moves nothing */
	for (unsigned n = 0; n < s->places && s->may[SIM_COMPACT]; n++)
		if (s->node[n].hub)
			sim_compact(s, n);
	if (s->may[SIM_COMPACT] && s->wrong[0] == '\0')
		until_quiet(s);
	if (s->wrong[0] == '\0')
		judge_members(s);
	for (unsigned p = 0; p < SIM_PEOPLE && s->wrong[0] == '\0'; p++)
		compare_all(s, p);
	if (s->wrong[0] == '\0')
		sim_judge_forks(s);
	if (s->wrong[0] == '\0')
		judge_notes(s);
	judge_documents(s);
	for (unsigned n = 0; n < SIM_NODES && s->wrong[0] == '\0'; n++)
		if (sim_is_judged(s, n))
			sim_verify(s, n, true);
}
