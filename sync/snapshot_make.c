/* Making a snapshot: the sealed log derived, its rows packed as inserts. */
#include "sync/snapshot.h"

#include <string.h>

#include <sodium.h>

#include "sync/derive.h"
#include "sync/grant.h"
#include "sync/read_i.h"
#include "sync/seal.h"

struct making {
	struct buf loose; /* an insert for each row */
};

static enum err
add_row(void *context, const struct derived_row *row, struct fail *f)
{
	struct making *m = context;
	struct op op = { .kind = OP_INSERT,
		.table = row->table->number,
		.row = row->id };

	for (unsigned number = 1; number <= REGISTRY_FIELD_MAX; number++) {
		if (row->table->by_number[number] == NULL ||
		    row->values[number].type == VALUE_NULL)
			continue;
		op.fields[op.field_count].number = number;
		op.fields[op.field_count++].value = row->values[number];
	}
	op_encode(&m->loose, &op);
	return m->loose.err == OK ? OK : fail_code(f, m->loose.err);
}

static enum err
no_conflict(void *context, const struct derived_conflict *c, struct fail *f)
{
	(void)context, (void)c, (void)f;
	return OK; /* comes with the history */
}

static enum err
no_proposal(void *context, const struct derived_proposal *p, struct fail *f)
{
	(void)context, (void)p, (void)f;
	return OK;
}

/* One number of a query about the compartment. */
static enum err
number_of(struct replica *r, int64_t *out, const char *sql, int64_t cpt,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db, sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	e = stmt_step(s, &row, f);
	*out = e == OK && row ? stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return e;
}

static enum err
add_end(struct replica *r, struct snapshot *s, int64_t no, struct fail *f)
{
	struct snapshot_end *end = &s->ends[s->end_count];
	const struct author *a;
	struct stmt *q;
	bool row = false;
	enum err e = db_stmt(&q, r->db,
	    "SELECT author, chain, seq, id FROM _segment WHERE no = ?1", f);

	if (e != OK)
		return e;
	stmt_int(q, 1, no);
	e = stmt_step(q, &row, f);
	if (e != OK)
		return e;
	a = row ? replica_author_no(r, stmt_col_int(q, 0)) : NULL;
	if (a == NULL || !stmt_col_copy(q, 3, end->id.b, sizeof(end->id.b))) {
		stmt_reset(q);
		return fail_set(f, ERR_CORRUPT, "an end without an id");
	}
	end->author = a->tag;
	end->chain = (int)stmt_col_int(q, 1);
	end->seq = (uint64_t)stmt_col_int(q, 2);
	s->end_count++;
	stmt_reset(q);
	return OK;
}

static enum err
add_ends(struct replica *r, struct snapshot *s,
    const struct derived_state *state, struct fail *f)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < state->end_count; i++) {
		if (state->ends[i].covered)
			continue;
		if (s->end_count == LIMIT_DEPS)
			return ERR_UNAVAILABLE;
		e = add_end(r, s, state->ends[i].segment, f);
	}
	return e == OK && s->end_count == 0 ? ERR_UNAVAILABLE : e;
}

/* Everything counts, is held and can be read with one key. */
static enum err
is_plain(struct replica *r, const struct compartment *c,
    const struct derived_state *state, struct fail *f)
{
	int64_t keys = 0;
	enum err e = number_of(r, &keys,
	    "SELECT count(DISTINCT key_id) FROM _grant WHERE cpt = ?1", c->no,
	    f);

	if (e != OK)
		return e;
	return keys == 1 && c->has_subject && c->flags == 0 &&
		state->unreadable == 0 && state->waiting == 0 &&
		state->quarantined == 0 && state->held_rows == 0
	    ? OK
	    : ERR_UNAVAILABLE;
}

static enum err
seal(struct replica *r, struct buf *out, struct snapshot *s,
    const struct buf *payload, const uint8_t *key, struct fail *f)
{
	struct buf head = { .limit = LIMIT_HEADER_BYTES };
	struct buf plain = { .limit = LIMIT_SEGMENT_BYTES };
	size_t from = out->n;
	uint8_t statement[32], signature[SEGMENT_SIG_BYTES];
	uint8_t *body;
	enum err e = seal_plain(&plain, payload->p, payload->n, f);

	snapshot_put_head(&head, s);
	if (e == OK && head.err == OK) {
		seal_salt(s->salt, key, &head, &plain, r->env);
		buf_reset(&head);
		snapshot_put_head(&head, s);
	}
	if (e == OK && head.err != OK)
		e = fail_code(f, head.err);
	if (e != OK)
		goto out;
	buf_put(out, head.p, head.n);
	buf_uint(out, plain.n + SEAL_TAG_BYTES);
	body = buf_grow(out, plain.n + SEAL_TAG_BYTES);
	if (body != NULL)
		seal_encrypt(body, &plain, &head, key);
	buf_zero(out, sizeof(signature));
	if (out->err != OK) {
		e = fail_code(f, out->err);
		goto out;
	}
	snapshot_statement(statement, members_network(r->members),
	    out->p + from, out->n - from);
	(void)crypto_sign_detached(signature, NULL, statement,
	    sizeof(statement), r->identity.sign_secret);
	memcpy(out->p + out->n - sizeof(signature), signature,
	    sizeof(signature));
out:
	buf_release(&head);
	buf_release(&plain);
	return e;
}

/* What is said in clear, but for the salt. */
static enum err
fill(struct replica *r, struct snapshot *s, const struct compartment *c,
    const struct derived_state *state, struct fail *f)
{
	int64_t segments = 0;
	enum err e = is_plain(r, c, state, f);

	s->compartment = c->id;
	s->maker = r->identity.node;
	s->schema = r->registry->version;
	if (e == OK)
		e = add_ends(r, s, state, f);
	if (e == OK)
		e = number_of(r, &segments,
		    "SELECT count(*) FROM _segment WHERE cpt = ?1 AND chain = 1"
		    " AND state > 2",
		    c->no, f);
	s->segments = (uint64_t)segments;
	return e == OK ? digest_compartment(r, s->digest, c->no, f) : e;
}

enum err
snapshot_make(struct replica *r, struct buf *out, int64_t cpt, struct fail *f)
{
	struct making m = { .loose = { .limit = 2 * LIMIT_PAYLOAD_BYTES } };
	struct derive_sink sink = { &m, add_row, no_conflict, no_proposal };
	struct buf payload = { .limit = LIMIT_PAYLOAD_BYTES };
	struct snapshot s = { .segments = 0 };
	struct derived_state state;
	uint8_t key[SEGMENT_KEY_BYTES];
	struct key_id key_id;
	struct compartment *c;
	enum err e = compartment_get(r, &c, cpt, f);

	if (e == OK)
		e = derive_into(r, c, true, false, &state, &sink, f);
	if (e == OK)
		e = fill(r, &s, c, &state, f);
	if (e == OK && (e = op_pack(&payload, m.loose.p, m.loose.n)) != OK)
		e = fail_code(f, e);
	if (e == OK)
		e = grant_seal_key(r, c, key, &key_id, f);
	if (e == OK) {
		memcpy(s.key_prefix, key_id.b, sizeof(s.key_prefix));
		e = seal(r, out, &s, &payload, key, f);
	}
	sodium_memzero(key, sizeof(key));
	buf_release(&m.loose);
	buf_release(&payload);
	/* more than fits travels as history alone */
	return e == ERR_LIMIT ? ERR_UNAVAILABLE : e;
}
