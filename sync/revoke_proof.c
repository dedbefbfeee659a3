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

/* *kept: so many were new here, and valid or waiting for others. */
static enum err
take_records(struct replica *r, size_t *kept, struct rd *rd,
    const struct node_id *peer, struct fail *f)
{
	size_t count = (size_t)rd_max(rd, PROOF_RECORDS);
	enum err e = OK;

	*kept = 0;
	for (size_t k = 0; e == OK && k < count; k++) {
		enum member_result result;
		size_t n;
		const uint8_t *p = rd_bytes(rd, &n, LIMIT_MEMBER_BYTES);

		if (p == NULL)
			break;
		e = replica_add_member(r, &result, p, n, peer, f);
		*kept += e == OK && result != MEMBER_DUPLICATE;
	}
	return e == OK && rd_done(rd) != OK ? ERR_FORMAT : e;
}

/* What a record may be refused for; any other failure is this computer's own
 * and says nothing about what was shown. */
static bool
is_refusal(enum err e)
{
	return e == ERR_AUTH || e == ERR_FORMAT || e == ERR_INPUT ||
	    e == ERR_LIMIT || e == ERR_VERSION;
}

static enum err
shows_nothing(size_t kept, struct fail *f)
{
	return fail_set(f, ERR_AUTH,
	    "the other computer says that one of the two was taken out of the "
	    "network, and shows no valid record of it; %s",
	    kept > 0
		? "what else it showed of the members was taken in, your work "
		  "is saved here"
		: "nothing was changed");
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
	size_t kept;
	enum err e;

	*self = false;
	if (head == NULL || memcmp(head, magic, sizeof(magic)) != 0 ||
	    rd_u8(&rd) != PROOF_FORMAT)
		return shows_nothing(0, f);
	if ((e = replica_enter(r, &own, f)) != OK)
		return e;
	e = take_records(r, &kept, &rd, peer, f);
	e = replica_leave(r, own, e, f);
	if (is_refusal(e)) /* and undone */
		return shows_nothing(0, f);
	if (e != OK)
		return e;
	*self = members_revocation(r->members, &r->identity.node) != NULL;
	if (!*self && members_revocation(r->members, peer) != NULL)
		return peer_is_out(r, peer, f);
	if (!*self)
		return shows_nothing(kept, f);
	e = revoke_obey(r, f);
	if (e == OK)
		e = revoke_words(r, &words, f);
	if (e == OK)
		e = fail_set(f, ERR_REVOKED, "%s", buf_cstr(&words));
	buf_release(&words);
	return e;
}
