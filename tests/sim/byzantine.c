/*
 * Members that hold real keys and mean harm. Beside what their program does,
 * which is honest, they make segments by hand: rightly signed, with whatever in
 * them, and hand them to whom they like.
 */
#include "tests/sim/sim.h"

#include <string.h>

#include "sync/grant_i.h"
#include "sync/op.h"
#include "sync/segment.h"

/* What a segment is made of, beginning with what an honest next one would be. */
struct craft {
	struct sim *s;
	unsigned n;
	const struct compartment *c;
	struct segment_header header;
	struct segment_id prev, id;
	uint8_t key[SEGMENT_KEY_BYTES];
	struct buf body, out;
};

static bool
is_victim(const struct sim *s, unsigned n, unsigned by)
{
	const struct sim_node *m = &s->node[n];

	return m->used && m->joined && m->r != NULL && !m->obeyed && n != by &&
	    m->asleep_until <= s->now_ms;
}

/* Hand over bytes as if they had come in a contact. */
static void
hand(struct sim *s, unsigned from, unsigned to, const struct buf *b)
{
	struct replica *r = s->node[to].r;
	enum outcome outcome;
	struct segment_id id;
	struct fail why = { 0 }, f = { 0 };

	sim_tell_time(s, to);
	sim_must(s, replica_begin(r, &f), &f, "begin");
	sim_must(s,
	    log_receive(r, &outcome, &id, b->p, b->n, &s->node[from].id, &why,
		&f),
	    &f, "receiving");
	sim_must(s, replica_commit(r, &f), &f, "commit");
	if (outcome == OUTCOME_REFUSED && why.code == ERR_WAIT &&
	    s->bounds.parked != 0)
		sim_fired(s, SIM_FULL_PARKED);
	sim_say(s, "machine %u hands machine %u a segment by hand: %s %.70s",
	    from, to, outcome_name(outcome), why.text);
	sim_check(s, to);
}

/* To some; half: only those of one half, so that nobody has both. */
static void
hand_out(struct craft *k, int half)
{
	for (unsigned n = 0; n < SIM_NODES; n++) {
		if (!is_victim(k->s, n, k->n) ||
		    (half >= 0 ? (int)(n % 2) != half : sim_chance(k->s, 50)))
			continue;
		hand(k->s, k->n, n, &k->out);
	}
}

/* The next place in the own chain; false: nothing was written there yet. */
static void
next_place(struct craft *k, int chain)
{
	struct replica *r = k->s->node[k->n].r;
	struct author_tag own = replica_identity(r)->author;
	struct fail f = { 0 };
	struct stmt *st;
	bool row;

	k->header.author = own;
	k->header.seq = 1;
	k->header.position = 1;
	sim_must(k->s,
	    db_stmt(&st, replica_db(r),
		"SELECT s.seq, s.id, a.top_position FROM _author a"
		" LEFT JOIN _segment s ON s.author = a.no AND"
		" s.cpt = ?2 AND s.chain = ?3 AND s.position > 0"
		" WHERE a.tag = ?1 ORDER BY s.seq DESC LIMIT 1",
		&f),
	    &f, "own chain");
	stmt_blob(st, 1, own.b, sizeof(own.b));
	stmt_int(st, 2, k->c->no);
	stmt_int(st, 3, chain);
	sim_must(k->s, stmt_step(st, &row, &f), &f, "own chain");
	if (row) {
		k->header.position = (uint64_t)stmt_col_int(st, 2) + 1;
		if (stmt_col_copy(st, 1, k->prev.b, sizeof(k->prev.b)))
			k->header.seq = (uint64_t)stmt_col_int(st, 0) + 1;
	}
	stmt_reset(st);
}

static bool
make(struct craft *k)
{
	struct replica *r = k->s->node[k->n].r;
	const struct identity *i = replica_identity(r);
	struct segment_make in = { .header = &k->header,
		.body = k->body.p,
		.body_n = k->body.n,
		.key = segment_is_sealed(k->header.kind) ? k->key : NULL,
		.network = members_network(replica_members(r)),
		.prev = k->header.seq > 1 ? &k->prev : NULL,
		.secret_key = i->sign_secret };

	buf_reset(&k->out);
	/* what cannot even be written is not sent */
	return segment_make(&k->out, &k->id, &in, &k->s->node[k->n].env->env,
		   NULL) == OK;
}

/* ---- what is in it ------------------------------------------------------- */

static void
junk_op(struct craft *k, struct buf *loose)
{
	struct sim *s = k->s;
	const struct sim_row *row = &s->row[sim_draw(s, s->row_count)];
	static const uint8_t text[] = "\xff\xfe junk \x01";
	struct op op = { .kind = sim_chance(s, 50) ? OP_SET : OP_INSERT,
		.table = sim_chance(s, 80) ? row->table
					   : 1 + (unsigned)sim_draw(s, 120),
		.row = row->id,
		.at_ms = sim_chance(s, 50)
		    ? s->now_ms
		    : (sim_chance(s, 50) ? LIMIT_TIME_MIN_MS
					 : LIMIT_TIME_MAX_MS),
		.field_count = 1 };

	op.fields[0].number = 1 + (unsigned)sim_draw(s, 60);
	if (sim_chance(s, 40))
		op.fields[0].value = (struct value){ .type = VALUE_INT,
			.i = sim_chance(s, 50) ? INT64_MAX : -1 };
	else
		op.fields[0].value = (struct value){ .type = VALUE_TEXT,
			.p = text,
			.n = sizeof(text) - 1 };
	op_encode(loose, &op);
}

/* Operations that no program of ours would write, or bytes that are none. */
static void
junk(struct craft *k)
{
	struct buf loose = { 0 };
	uint64_t count = 1 + sim_draw(k->s, 3);

	if (sim_chance(k->s, 25)) {
		for (uint64_t i = 0; i < 10 * count; i++)
			buf_u8(&k->body, (uint8_t)sim_draw(k->s, 256));
		return;
	}
	for (uint64_t i = 0; i < count; i++)
		junk_op(k, &loose);
	if (op_pack(&k->body, loose.p, loose.n) != OK)
		buf_reset(&k->body);
	buf_release(&loose);
}

/* The clear body of some control segment here; its kind, or -1. */
static int
some_control(struct craft *k)
{
	struct replica *r = k->s->node[k->n].r;
	struct buf bytes = { 0 };
	struct segment view;
	struct fail f = { 0 };
	struct stmt *st;
	int64_t no = 0;
	bool row;
	int kind = -1;

	sim_must(k->s,
	    db_stmt(&st, replica_db(r),
		"SELECT no FROM _segment WHERE cpt = ?1 AND"
		" chain = ?2 AND position > 0 ORDER BY id LIMIT 1"
		" OFFSET ?3",
		&f),
	    &f, "control");
	stmt_int(st, 1, k->c->no);
	stmt_int(st, 2, CHAIN_CONTROL);
	stmt_int(st, 3, (int64_t)sim_draw(k->s, 3));
	sim_must(k->s, stmt_step(st, &row, &f), &f, "control");
	if (row)
		no = stmt_col_int(st, 0);
	stmt_reset(st);
	if (row && log_bytes(r, &bytes, no, NULL) == OK &&
	    segment_parse(&view, bytes.p, bytes.n, NULL) == OK && !view.stub) {
		kind = (int)view.header.kind;
		buf_put(&k->body, view.body, view.header.body_bytes);
	}
	buf_release(&bytes);
	return kind;
}

/* A grant of a key that it holds, or made up, to whom it likes. */
static void
forge_grant(struct craft *k)
{
	static struct grant_body body;
	struct sim *s = k->s;
	struct replica *r = s->node[k->n].r;
	unsigned to = (unsigned)sim_draw(s, s->agencies);
	const struct member_agency *a =
	    members_agency(replica_members(r), &s->agency[to]);
	struct grant_place place = { .compartment = k->c->id,
		.issuer = s->node[k->n].id };
	struct grant_secret secret = { .subject = k->c->subject };
	uint8_t box[GRANT_BOX_MAX];

	if (a == NULL)
		return;
	body = (struct grant_body){ .owner = k->c->founder, .count = 1 };
	memcpy(body.name, k->c->name, sizeof(body.name));
	if (sim_chance(s, 30))
		memset(k->key, (int)sim_draw(s, 256), sizeof(k->key));
	memcpy(secret.key, k->key, sizeof(secret.key));
	memcpy(secret.category, "SUP.case", 9);
	segment_key_id(&body.entry[0].key_id, k->key);
	body.entry[0].right = GRANT_WRITE;
	body.entry[0].kind = GRANT_AGENCY;
	memcpy(body.entry[0].recipient, a->id.b, ID_BYTES);
	body.entry[0].serial = a->key_no;
	if (grant_box_seal(&body.entry[0], box, &place, &secret, a->box_key,
		&s->node[k->n].env->env) == OK)
		grant_body_encode(&k->body, &body);
}

/* Name as many as a header holds of what is held here. */
static void
fan_in(struct craft *k)
{
	struct replica *r = k->s->node[k->n].r;
	struct fail f = { 0 };
	struct stmt *st;
	bool row;

	sim_must(k->s,
	    db_stmt(&st, replica_db(r),
		"SELECT a.tag, s.chain, s.seq, s.id FROM _segment s"
		" JOIN _author a ON a.no = s.author WHERE s.cpt = ?1"
		" AND s.position > 0 AND s.chain <= 1 AND"
		" (a.tag <> ?2 OR s.chain <> ?3)"
		" ORDER BY a.tag, s.chain, s.seq, s.id LIMIT 64",
		&f),
	    &f, "ends");
	stmt_int(st, 1, k->c->no);
	stmt_blob(st, 2, k->header.author.b, sizeof(k->header.author.b));
	stmt_int(st, 3, CHAIN_DATA);
	for (;;) {
		struct segment_dep *d = &k->header.deps[k->header.dep_count];
		struct segment_id id;

		sim_must(k->s, stmt_step(st, &row, &f), &f, "ends");
		if (!row)
			return;
		if (!stmt_col_copy(st, 0, d->author.b, sizeof(d->author.b)) ||
		    !stmt_col_copy(st, 3, id.b, sizeof(id.b)))
			continue;
		d->chain = (int)stmt_col_int(st, 1);
		d->seq = (uint64_t)stmt_col_int(st, 2);
		memcpy(d->ref, id.b, sizeof(d->ref));
		k->header.dep_count++;
	}
}

/* ---- what is done with it ------------------------------------------------ */

static void
send_forks(struct craft *k)
{
	for (int half = 0; half < 2; half++) {
		buf_reset(&k->body);
		junk(k);
		if (make(k))
			hand_out(k, half);
	}
	sim_fired(k->s, SIM_EVIL_FORK);
}

/* What it builds on is never shown to anybody. */
static void
send_after_hidden(struct craft *k)
{
	junk(k);
	if (!make(k))
		return;
	k->prev = k->id;
	k->header.seq++;
	k->header.position++;
	if (make(k))
		hand_out(k, -1);
	sim_fired(k->s, SIM_EVIL_WITHHOLD);
}

static void
send_control(struct craft *k, bool forge)
{
	int kind = SEGMENT_GRANT;

	next_place(k, CHAIN_CONTROL);
	k->header.lane = 0;
	k->header.schema = 0;
	if (forge)
		forge_grant(k);
	else
		kind = some_control(k);
	if (kind < 0 || k->body.n == 0)
		return;
	k->header.kind = (enum segment_kind)kind;
	if (make(k))
		hand_out(k, -1);
	sim_fired(k->s, forge ? SIM_EVIL_GRANT : SIM_EVIL_CONTROL);
}

/* One after the other, each as dear to all as a decision can be. */
static void
flood(struct craft *k)
{
	unsigned made = 0;

	next_place(k, CHAIN_CONTROL);
	k->header.lane = 0;
	k->header.schema = 0;
	for (unsigned i = 0; i < 12; i++) {
		int kind = -1;

		for (unsigned tries = 0; tries < 6; tries++) {
			buf_reset(&k->body);
			kind = some_control(k);
			if (kind == SEGMENT_REMOVE)
				break;
		}
		if (kind < 0 || k->body.n == 0)
			continue;
		k->header.kind = (enum segment_kind)kind;
		if (!make(k))
			break;
		hand_out(k, -1);
		made++;
		k->prev = k->id;
		k->header.seq++;
		k->header.position++;
	}
	if (made > 0)
		sim_fired(k->s, SIM_EVIL_FLOOD);
}

static void
send_misplaced(struct craft *k)
{
	struct sim *s = k->s;

	junk(k);
	switch (sim_draw(s, 5)) {
	case 0:
		k->header.seq += 1 + sim_draw(s, 100);
		break;
	case 1:
		k->header.position = 1 + sim_draw(s, k->header.position);
		break;
	case 2:
		k->header.position = LIMIT_SEQ - sim_draw(s, 3);
		break;
	case 3:
		k->prev.b[0] ^= 1;
		break;
	default:
		/* somebody else's name under its own signature */
		k->header.author = replica_identity(s->node[0].r)->author;
	}
	if (make(k))
		hand_out(k, -1);
	sim_fired(s, SIM_EVIL_PLACE);
}

/* What was said long ago is said again, to everybody, in any order. */
static void
replay(struct craft *k)
{
	struct replica *r = k->s->node[k->n].r;
	int64_t top = sim_number(k->s, k->n, "SELECT max(no) FROM _segment");

	for (unsigned i = 0; i < 8 && top > 0; i++) {
		buf_reset(&k->out);
		if (log_bytes(r, &k->out,
			1 + (int64_t)sim_draw(k->s, (uint64_t)top), NULL) == OK)
			hand_out(k, -1);
	}
	sim_fired(k->s, SIM_EVIL_REPLAY);
}

static void
send(struct craft *k)
{
	switch (sim_draw(k->s, k->s->may[SIM_EVIL_FLOOD] ? 9 : 8)) {
	case 0:
		junk(k);
		if (make(k))
			hand_out(k, -1);
		sim_fired(k->s, SIM_EVIL_JUNK);
		break;
	case 1:
		send_forks(k);
		break;
	case 2:
		send_after_hidden(k);
		break;
	case 3:
	case 4:
		send_control(k, sim_chance(k->s, 50));
		break;
	case 5:
		send_misplaced(k);
		break;
	case 6:
		fan_in(k);
		junk(k);
		if (make(k))
			hand_out(k, -1);
		sim_fired(k->s, SIM_EVIL_FAN_IN);
		break;
	case 8:
		flood(k);
		break;
	default:
		replay(k);
	}
}

void
sim_do_evil(struct sim *s, unsigned n)
{
	const struct sim_person *p = &s->person[sim_draw(s, SIM_PEOPLE)];
	struct craft k = { .s = s, .n = n };
	struct key_id id;

	if (s->node[n].r == NULL || s->node[n].obeyed)
		return;
	k.c = sim_compartment(s, n, &p->compartment);
	if (k.c == NULL || !k.c->has_subject ||
	    grant_seal_key(s->node[n].r, k.c, k.key, &id, NULL) != OK)
		return;
	k.header = (struct segment_header){ .kind = SEGMENT_DATA,
		.lane = 1,
		.schema = 1 + (unsigned)sim_draw(s, 2),
		.compartment = k.c->id };
	next_place(&k, CHAIN_DATA);
	send(&k);
	buf_release(&k.body);
	buf_release(&k.out);
}
