/* Taking a snapshot in: everything it says is checked before a row is written. */
#include "sync/snapshot.h"

#include <string.h>

#include <sodium.h>

#include "sync/grant.h"
#include "sync/judge.h"
#include "sync/lane.h"
#include "sync/replica_i.h"
#include "sync/seal.h"

struct taking {
	struct replica *r;
	struct snapshot s;
	struct compartment *c;
	struct buf payload;
};

/* Who made it, and that it did. */
static enum err
check_maker(struct taking *t, const uint8_t *p, size_t n,
    const struct node_id *peer, struct fail *why)
{
	struct replica *r = t->r;
	const struct member_node *maker = members_node(r->members, &t->s.maker);
	uint8_t statement[32];

	if (!id_equal(&t->s.maker, peer) || maker == NULL)
		return fail_set(why, ERR_DENIED,
		    "a snapshot is taken only from the computer that made it;"
		    " the history comes without it");
	snapshot_statement(statement, members_network(r->members), p, n);
	if (crypto_sign_verify_detached(t->s.signature, statement,
		sizeof(statement), maker->sign_key) != 0)
		return fail_set(why, ERR_AUTH,
		    "a snapshot's signature is not its maker's; it changes"
		    " nothing");
	if (t->c != NULL && t->c->has_owner &&
	    !snapshot_may_make(r, t->c, maker, &r->identity.agency))
		return fail_set(why, ERR_DENIED,
		    "a snapshot was not made by a registrar of the owner or of"
		    " this office; the history comes without it");
	return OK;
}

/* Is all of the compartment's data new here, may everything count, and can what
 * the maker knows be kept here? */
static enum err
check_use(struct taking *t, bool *use, struct fail *f)
{
	struct compartment *c = t->c;
	struct stmt *s;
	bool row = false;
	enum err e;

	*use = false;
	if (c == NULL || !c->has_owner || !c->has_subject || c->flags != 0 ||
	    t->s.schema > t->r->registry->version)
		return OK;
	e = db_stmt(&s, t->r->db,
	    "SELECT 1 FROM _segment WHERE cpt = ?1 AND chain = ?2 LIMIT 1", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, c->no);
	stmt_int(s, 2, CHAIN_DATA);
	e = stmt_step(s, &row, f);
	stmt_reset(s);
	*use = !row;
	return e;
}

/* With whichever key fits. ERR_NOTFOUND: none that is held. */
static enum err
open_body(struct taking *t, struct fail *why, struct fail *f)
{
	struct buf plain = { .limit = LIMIT_SEGMENT_BYTES };
	uint8_t key[SEGMENT_KEY_BYTES];
	size_t n = t->s.body_n - SEAL_TAG_BYTES;
	uint8_t *to = buf_grow(&plain, n);
	bool open = false;
	enum err e = to != NULL ? OK : fail_code(f, ERR_NOMEM);

	for (size_t at = 0; e == OK && !open; at++) {
		e = grant_open_key(t->r, t->c->no, t->s.key_prefix, at, key, f);
		if (e == OK)
			open = seal_decrypt(to, t->s.body, t->s.body_n,
			    t->s.head, t->s.head_n, key);
	}
	sodium_memzero(key, sizeof(key));
	if (e == OK && seal_payload(&t->payload, plain.p, n, why) != OK)
		e = ERR_FORMAT;
	buf_release(&plain);
	return e;
}

/* Every row once, of this compartment's tables, with values that fit. */
static enum err
check_rows(const struct taking *t, struct fail *why)
{
	struct op_reader reader;
	struct row_id before = { { 0 } };
	unsigned table = 0;
	struct op op;

	op_reader_init(&reader, t->payload.p, t->payload.n);
	while (op_reader_next(&reader, &op)) {
		if (op.kind != OP_INSERT ||
		    (op.table == table && id_equal(&op.row, &before)) ||
		    !judge_row(t->r, t->c, &op))
			return fail_set(why, ERR_FORMAT,
			    "a snapshot holds what its compartment does not; it"
			    " changes nothing, the history comes without it");
		table = op.table;
		before = op.row;
	}
	return reader.err == OK
	    ? OK
	    : fail_set(why, ERR_FORMAT, "the rows of a snapshot are malformed");
}

/* Without a clock: nothing of the log says so yet. */
static enum err
put_row(struct replica *r, const struct compartment *c, const struct op *op,
    struct fail *f)
{
	const struct table *t = r->registry->by_number[op->table];
	size_t at = 0;
	struct stmt *s;
	enum err e = db_stmt(&s, r->db, replica_table_sql(r, t)->upsert, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, c->no);
	stmt_blob(s, 2, op->row.b, sizeof(op->row.b));
	stmt_blob(s, 3, "", 0);
	for (size_t i = 0; i < t->field_count; i++) {
		unsigned number = t->fields[i].number;

		while (at < op->field_count && op->fields[at].number < number)
			at++;
		if (at < op->field_count && op->fields[at].number == number)
			replica_bind_value(s, (int)i + 4,
			    &op->fields[at].value);
	}
	return stmt_run(s, f);
}

static enum err
keep(struct taking *t, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, t->r->db,
	    "INSERT INTO _snapshot_in (cpt, maker, expected, head)"
	    " VALUES (?1, ?2, ?3, ?4)",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, t->c->no);
	stmt_blob(s, 2, t->s.maker.b, sizeof(t->s.maker.b));
	stmt_int(s, 3, (int64_t)t->s.segments);
	stmt_blob(s, 4, t->s.head, t->s.head_n);
	return stmt_run(s, f);
}

static enum err
use(struct taking *t, struct fail *f)
{
	struct op_reader reader;
	struct op op;
	enum err e = keep(t, f);

	op_reader_init(&reader, t->payload.p, t->payload.n);
	while (e == OK && op_reader_next(&reader, &op))
		e = put_row(t->r, t->c, &op, f);
	t->c->flags |= COMPARTMENT_SNAPSHOT;
	/* what it stands for may be here: one of a record with nothing but keys */
	t->c->rederive = t->c->changed = true;
	replica_tally(t->r, "snapshots", 1);
	return e;
}

/* No use for it here: then its history is not to rest behind documents. */
static enum err
leave(struct taking *t, const struct node_id *peer, struct fail *f)
{
	int64_t no = 0;
	enum err e = lane_peer_find(t->r, &no, peer, f);

	if (e == OK)
		return lane_sweep_ask(t->r, no, NULL, f);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err
take(struct taking *t, enum outcome *outcome, const uint8_t *p, size_t n,
    const struct node_id *peer, struct fail *why, struct fail *f)
{
	bool useful = false;
	enum err e;

	*outcome = OUTCOME_REFUSED;
	if (snapshot_parse(&t->s, p, n, why) != OK)
		return OK;
	e = compartment_by_id(t->r, &t->c, &t->s.compartment, f);
	if (e != OK && e != ERR_NOTFOUND)
		return e;
	if (check_maker(t, p, n, peer, why) != OK)
		return OK;
	e = check_use(t, &useful, f);
	if (e == OK && useful) {
		e = open_body(t, why, f);
		useful = e == OK;
		if (e == ERR_FORMAT)
			return OK;
	}
	if (e != OK && e != ERR_NOTFOUND)
		return e;
	if (!useful) {
		*outcome = OUTCOME_DUPLICATE;
		return leave(t, peer, f);
	}
	if (check_rows(t, why) != OK)
		return OK;
	*outcome = OUTCOME_APPLIED;
	return use(t, f);
}

enum err
snapshot_receive(struct replica *r, enum outcome *outcome, const uint8_t *p,
    size_t n, const struct node_id *peer, struct fail *why, struct fail *f)
{
	struct taking t = { .r = r,
		.payload = { .limit = LIMIT_PAYLOAD_BYTES } };
	enum err e;

	*why = (struct fail){ .code = OK };
	e = take(&t, outcome, p, n, peer, why, f);
	buf_release(&t.payload);
	if (e != OK)
		return e;
	replica_tally(r, "received", 1);
	replica_tally(r, outcome_name(*outcome), 1);
	return *outcome == OUTCOME_REFUSED
	    ? log_keep_refused(r, peer, why, p, n, f)
	    : OK;
}
