/*
 * What must hold at every step, as far as it can be seen from outside of the
 * engine; and where what people typed is.
 */
#include "tests/sim/sim.h"

#include <string.h>

#include <sqlite3.h>

#include "sync/audit.h"
#include "sync/control_i.h"
#include "sync/hash.h"
#include "sync/op.h"
#include "sync/revoke.h"

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
		" _segment WHERE position > 0), (SELECT count(*) FROM _fork),"
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

/* What was not sealed when it obeyed is sealed to the owners, and is looked for
 * no more. */
static void
notes_offered(struct sim *s, unsigned n)
{
	int64_t offers =
	    sim_number(s, n, "SELECT count(*) FROM _segment WHERE chain = 2");

	for (size_t i = 0; i < s->note_count; i++) {
		struct sim_note *k = &s->note[i];

		if (!k->saved || k->gone || k->segment_count > 0 ||
		    k->maker != n || sim_note_shredded(s, i))
			continue;
		k->offered = true;
		/* what an old disk lacks is with another machine */
		if (offers == 0 && !s->node[n].put_back)
			sim_wrong(s,
			    "machine %u obeyed, and its note %zu is in no "
			    "offer",
			    n, i + 1);
	}
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
	notes_offered(s, n);
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
	check_out(s, n);
	check_knowledge(s, n);
	if (sim_chance(s, 2))
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

/* ---- where the words are ------------------------------------------------- */

static void
note_in(struct sim *s, uint64_t number, const struct segment_id *id)
{
	struct sim_note *note = &s->note[number - 1];

	for (size_t i = 0; i < note->segment_count; i++)
		if (id_equal(&note->segment[i], id))
			return;
	if (note->segment_count < SIM_NOTE_SEGMENTS)
		note->segment[note->segment_count++] = *id;
}

static void
notes_in_payload(struct sim *s, const struct buf *payload,
    const struct segment_id *id)
{
	struct op_reader r;
	struct op op;

	op_reader_init(&r, payload->p, payload->n);
	while (op_reader_next(&r, &op)) {
		uint64_t number = 0;

		if (memcmp(op.staff.b, "sim", 3) != 0)
			continue;
		for (size_t i = 8; i-- > 0;)
			number = number << 8 | op.staff.b[8 + i];
		if (number > 0 && number <= s->note_count)
			note_in(s, number, id);
	}
}

/* Own sealed work that was not looked into yet: numbers and ids. */
static void
new_segments(struct sim *s, unsigned n, struct buf *out)
{
	struct sim_node *m = &s->node[n];
	struct fail f = { 0 };
	struct stmt *st;
	bool row;

	sim_must(s,
	    db_stmt(&st, replica_db(m->r),
		"SELECT no, id FROM _segment WHERE position > 0 AND"
		" chain = ?1 AND author IN (SELECT no FROM _author"
		" WHERE node = ?2) ORDER BY no",
		&f),
	    &f, "segments");
	stmt_int(st, 1, CHAIN_DATA);
	stmt_blob(st, 2, m->id.b, sizeof(m->id.b));
	for (;;) {
		struct segment_id id;
		int64_t no;

		sim_must(s, stmt_step(st, &row, &f), &f, "segments");
		if (!row)
			return;
		no = stmt_col_int(st, 0);
		if (!stmt_col_copy(st, 1, id.b, sizeof(id.b)) ||
		    no >= SIM_SEGMENTS ||
		    (m->scanned[no / 64] >> (no % 64) & 1) != 0)
			continue;
		buf_put(out, &no, sizeof(no));
		buf_put(out, id.b, sizeof(id.b));
	}
}

void
sim_notes_find(struct sim *s, unsigned n)
{
	struct sim_node *m = &s->node[n];
	struct buf found = { 0 }, payload = { 0 };

	new_segments(s, n, &found);
	for (size_t at = 0; at < found.n;) {
		struct segment_id id;
		int64_t no;

		memcpy(&no, found.p + at, sizeof(no));
		memcpy(id.b, found.p + at + sizeof(no), sizeof(id.b));
		at += sizeof(no) + sizeof(id.b);
		buf_reset(&payload);
		if (log_payload(m->r, &payload, no, NULL) != OK)
			continue;
		notes_in_payload(s, &payload, &id);
		m->scanned[no / 64] |= (uint64_t)1 << (no % 64);
	}
	buf_release(&payload);
	buf_release(&found);
}

/* Does a query of one blob give a row, at a machine or on an image? */
static bool
asks(struct sim *s, unsigned n, const char *sql, const void *p, size_t size)
{
	struct fail f = { 0 };
	struct stmt *st;
	bool row;

	sim_must(s, db_stmt(&st, replica_db(s->node[n].r), sql, &f), &f, sql);
	stmt_blob(st, 1, p, size);
	sim_must(s, stmt_step(st, &row, &f), &f, sql);
	stmt_reset(st);
	return row;
}

static bool
image_asks(struct env_test *image, const char *sql, const void *p, size_t size)
{
	sqlite3_stmt *st = NULL;
	bool row;

	/* an encrypted one is not looked into */
	if (image->env.memory_database == NULL)
		return false;
	if (sqlite3_prepare_v2(image->keeper, sql, -1, &st, NULL) != SQLITE_OK)
		return false;
	(void)sqlite3_bind_blob(st, 1, p, (int)size, SQLITE_STATIC);
	row = sqlite3_step(st) == SQLITE_ROW;
	(void)sqlite3_finalize(st);
	return row;
}

/* a stub keeps the place of what others have whole */
#define SQL_SEALED \
	"SELECT 1 FROM _segment WHERE id = ?1 AND substr(bytes, 1, 1) <> " \
	"x'01'"
#define SQL_PLACE "SELECT 1 FROM _segment WHERE id = ?1"
#define SQL_UNSEALED \
	"SELECT 1 FROM _segment WHERE state <= 2 AND instr(bytes, ?1) UNION" \
	" ALL SELECT 1 FROM _open WHERE instr(bytes, ?1) LIMIT 1"

static void
staff_of(uint8_t staff[static ID_BYTES], size_t number)
{
	memset(staff, 0, ID_BYTES);
	memcpy(staff, "sim", 3);
	for (size_t i = 0; i < 8; i++)
		staff[8 + i] = (uint8_t)(number >> (8 * i));
}

bool
sim_note_at(struct sim *s, size_t note, unsigned n)
{
	const struct sim_note *k = &s->note[note];
	uint8_t staff[ID_BYTES];

	for (size_t i = 0; i < k->segment_count; i++)
		if (asks(s, n, SQL_SEALED, k->segment[i].b,
			sizeof(k->segment[i].b)))
			return true;
	staff_of(staff, note + 1);
	return asks(s, n, SQL_UNSEALED, staff, sizeof(staff));
}

bool
sim_note_place_at(struct sim *s, size_t note, unsigned n)
{
	const struct sim_note *k = &s->note[note];

	for (size_t i = 0; i < k->segment_count; i++)
		if (asks(s, n, SQL_PLACE, k->segment[i].b,
			sizeof(k->segment[i].b)))
			return true;
	return false;
}

bool
sim_note_shredded(const struct sim *s, size_t note)
{
	for (unsigned p = 0; p < SIM_PEOPLE; p++)
		if (s->person[p].shredded &&
		    id_equal(&s->person[p].compartment,
			&s->note[note].compartment))
			return true;
	return false;
}

static bool
on_image(struct sim *s, size_t note, struct env_test *image)
{
	const struct sim_note *k = &s->note[note];
	uint8_t staff[ID_BYTES];

	for (size_t i = 0; i < k->segment_count; i++)
		if (image_asks(image, SQL_SEALED, k->segment[i].b,
			sizeof(k->segment[i].b)))
			return true;
	staff_of(staff, note + 1);
	return image_asks(image, SQL_UNSEALED, staff, sizeof(staff));
}

void
sim_notes_lose(struct sim *s, unsigned n, struct env_test *image)
{
	sim_notes_find(s, n);
	for (size_t i = 0; i < s->note_count; i++) {
		bool kept = !s->note[i].saved || s->note[i].gone ||
		    on_image(s, i, image);

		for (unsigned k = 0; !kept && k < SIM_NODES; k++)
			kept = k != n && s->node[k].r != NULL &&
			    sim_note_at(s, i, k);
		if (kept)
			continue;
		s->note[i].gone = true;
		sim_count(s, SIM_N_NOTES_GONE, 1);
	}
}

void
sim_notes_safe(struct sim *s, unsigned n)
{
	sim_notes_find(s, n);
	for (size_t i = 0; i < s->note_count; i++) {
		const struct sim_note *k = &s->note[i];

		if (k->saved && !k->gone && !k->offered && k->maker == n &&
		    !s->node[n].put_back && !sim_note_shredded(s, i) &&
		    !sim_note_at(s, i, n))
			sim_wrong(s,
			    "note %zu was saved at machine %u and is not there "
			    "after it was dropped",
			    i + 1, n);
	}
}
