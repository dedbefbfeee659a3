/*
 * Where the words are that people saved: unsealed at their maker, in segments,
 * or sealed to the owner in an offer of a computer that is out.
 */
#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "sync/offer.h"
#include "sync/op.h"

/* ---- in what was sealed -------------------------------------------------- */

/* NULL: in an offer */
static void
note_in(struct sim *s, uint64_t number, const struct segment_id *id)
{
	struct sim_note *note = &s->note[number - 1];

	if (id == NULL) {
		note->offered = true;
		return;
	}
	for (size_t i = 0; i < note->segment_count; i++)
		if (id_equal(&note->segment[i], id))
			return;
	if (note->segment_count < SIM_NOTE_SEGMENTS)
		note->segment[note->segment_count++] = *id;
}

static void
notes_in_payload(struct sim *s, const uint8_t *p, size_t n,
    const struct segment_id *id)
{
	struct op_reader r;
	struct op op;

	op_reader_init(&r, p, n);
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

	if (s->note_count == 0)
		return;
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
		notes_in_payload(s, payload.p, payload.n, &id);
		m->scanned[no / 64] |= (uint64_t)1 << (no % 64);
	}
	buf_release(&payload);
	buf_release(&found);
}

/* ---- in what was offered ------------------------------------------------- */

/* On paper, as an agency's recovery codes: a computer that is out has no key any
 * more, and may have been the last one that had it. */
void
sim_keys_keep(struct sim *s, unsigned n)
{
	const struct identity *i = replica_identity(s->node[n].r);

	for (size_t k = 0; k < i->agency_key_count; k++) {
		const struct identity_key *key = &i->agency_key[k];
		size_t at = 0;

		while (at < s->key_count &&
		    memcmp(s->key[at].key.box_key, key->box_key,
			sizeof(key->box_key)) != 0)
			at++;
		if (at == SIM_KEYS)
			abort();
		if (at == s->key_count)
			s->key[s->key_count++] =
			    (struct sim_key){ i->agency, *key };
	}
}

static bool
offer_opens(struct sim *s, const struct segment *v, struct offer_body *body,
    struct buf *plain)
{
	struct offer_place place = { .compartment = v->header.compartment,
		.author = v->header.author };

	if (offer_body_key(&place.key_no, v->body, v->header.body_bytes) != OK)
		return false;
	for (size_t i = 0; i < s->key_count; i++) {
		const struct identity_key *k = &s->key[i].key;

		place.agency = s->key[i].agency;
		if (k->number == place.key_no &&
		    offer_body_open(body, plain, v->body, v->header.body_bytes,
			&place, k->box_key, k->box_secret) == OK)
			return true;
	}
	return false;
}

static void
look_into_offer(struct sim *s, unsigned n, int64_t no)
{
	static struct offer_body body;
	struct buf bytes = { 0 }, plain = { .limit = LIMIT_SEGMENT_BYTES };
	struct segment v;

	/* the offer of a record that was destroyed is a stub: what was in it is
	 * not asked for either */
	if (log_bytes(s->node[n].r, &bytes, no, NULL) == OK &&
	    segment_parse(&v, bytes.p, bytes.n, NULL) == OK && !v.stub) {
		if (offer_opens(s, &v, &body, &plain))
			notes_in_payload(s, body.payload, body.payload_n, NULL);
		else
			sim_wrong(s, "no key opens an offer at machine %u", n);
	}
	buf_release(&bytes);
	buf_release(&plain);
}

static void
look_into_offers(struct sim *s, unsigned n)
{
	struct buf list = { 0 };
	struct fail f = { 0 };
	struct stmt *st;
	bool row;

	sim_must(s,
	    db_stmt(&st, replica_db(s->node[n].r),
		"SELECT no FROM _segment WHERE chain = ?1 ORDER BY no", &f),
	    &f, "offers");
	stmt_int(st, 1, CHAIN_OFFER);
	for (;;) {
		int64_t no;

		sim_must(s, stmt_step(st, &row, &f), &f, "offers");
		if (!row)
			break;
		no = stmt_col_int(st, 0);
		buf_put(&list, &no, sizeof(no));
	}
	for (size_t at = 0; at < list.n; at += sizeof(int64_t)) {
		int64_t no;

		memcpy(&no, list.p + at, sizeof(no));
		look_into_offer(s, n, no);
	}
	buf_release(&list);
}

void
sim_notes_offered(struct sim *s, unsigned n)
{
	look_into_offers(s, n);
	for (size_t i = 0; i < s->note_count; i++) {
		const struct sim_note *k = &s->note[i];

		/* what an old disk lacks is with another machine */
		if (k->saved && !k->gone && !k->offered &&
		    k->segment_count == 0 && k->maker == n &&
		    !s->node[n].put_back && !sim_note_shredded(s, i))
			sim_wrong(s,
			    "machine %u obeyed, and its note %zu is in no "
			    "offer",
			    n, i + 1);
	}
}

/* ---- on disks ------------------------------------------------------------ */

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
