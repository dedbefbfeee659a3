/*
 * What a revoked node is answered. Only its revocation and what makes its
 * issuer a steward, up to the root: the rest of the membership is none of its
 * business any more.
 *
 *   "FBRV" | format 1 | count | each: length, membership record
 */
#include "sync/revoke.h"

#include <string.h>

#include "sync/member_i.h"
#include "sync/replica_i.h"

#define PROOF_FORMAT 1
#define PROOF_RECORDS 256

static const char magic[4] = { 'F', 'B', 'R', 'V' };

static enum err
put_record(struct replica *r, struct buf *out, const uint8_t id[static 32],
    struct fail *f)
{
	const uint8_t *p;
	struct stmt *s;
	bool row = false;
	size_t n;
	enum err e =
	    db_stmt(&s, r->db, "SELECT bytes FROM _member WHERE id = ?1", f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, id, 32);
	e = stmt_step(s, &row, f);
	if (e == OK && row) {
		p = stmt_col_blob(s, 0, &n);
		buf_bytes(out, p, n);
	}
	stmt_reset(s);
	return e;
}

enum err
revoke_proof(struct replica *r, struct buf *out, const struct node_id *node,
    struct fail *f)
{
	uint8_t id[PROOF_RECORDS][32];
	struct buf records = { .limit = REVOKE_PROOF_BYTES };
	size_t n = members_proof(r->members, node, id, COUNT_OF(id));
	enum err e = n > 0 ? OK : ERR_NOTFOUND;

	for (size_t k = 0; e == OK && k < n; k++)
		e = put_record(r, &records, id[k], f);
	if (e == OK) {
		buf_put(out, magic, sizeof(magic));
		buf_u8(out, PROOF_FORMAT);
		buf_uint(out, n);
		buf_put(out, records.p, records.n);
		e = records.err != OK ? records.err : out->err;
	}
	buf_release(&records);
	return e;
}

static enum err
take_records(struct replica *r, struct rd *rd, const struct node_id *peer,
    struct fail *f)
{
	size_t count = (size_t)rd_max(rd, PROOF_RECORDS);
	enum err e = OK;

	for (size_t k = 0; e == OK && k < count; k++) {
		enum member_result result;
		size_t n;
		const uint8_t *p = rd_bytes(rd, &n, LIMIT_MEMBER_BYTES);

		if (p == NULL)
			break;
		e = replica_add_member(r, &result, p, n, peer, f);
	}
	return e == OK && rd_done(rd) != OK ? ERR_FORMAT : e;
}

static enum err
peer_is_out(struct replica *r, const struct node_id *peer, struct fail *f)
{
	const struct member_node *n = members_node(r->members, peer);
	const struct member_revocation *v =
	    members_revocation(r->members, peer);

	return fail_set(f, ERR_REVOKED,
	    "%s was taken out of the network (%s): it is not called any more. "
	    "Your work is saved here and goes to the others",
	    n != NULL ? n->name : "the peer", revoke_reason_name(v->reason));
}

enum err
revoke_shown(struct replica *r, bool *self, const struct node_id *peer,
    const uint8_t *p, size_t n, struct fail *f)
{
	struct rd rd = rd_of(p, n);
	struct buf words = { 0 };
	const uint8_t *head = rd_take(&rd, sizeof(magic));
	bool own = false;
	enum err e;

	*self = false;
	if (head == NULL || memcmp(head, magic, sizeof(magic)) != 0 ||
	    rd_u8(&rd) != PROOF_FORMAT)
		goto nothing;
	if ((e = replica_enter(r, &own, f)) != OK)
		return e;
	e = replica_leave(r, own, take_records(r, &rd, peer, f), f);
	/* what fails here says nothing about what was shown */
	if (e == ERR_IO || e == ERR_NOMEM || e == ERR_BUSY)
		return e;
	if (e != OK)
		goto nothing;
	*self = members_revocation(r->members, &r->identity.node) != NULL;
	if (!*self && members_revocation(r->members, peer) != NULL)
		return peer_is_out(r, peer, f);
	if (!*self)
		goto nothing;
	e = revoke_obey(r, f);
	if (e == OK)
		e = revoke_words(r, &words, f);
	if (e == OK)
		e = fail_set(f, ERR_REVOKED, "%s", buf_cstr(&words));
	buf_release(&words);
	return e;
nothing:
	return fail_set(f, ERR_AUTH,
	    "the other computer says that one of the two was taken out of the "
	    "network, and shows no valid record of it; nothing was changed");
}
