/*
 * Membership as stored: records verified by member.c are kept, routed to peers
 * and give numbers to authors. What waits for an issuer is parked and tried
 * again whenever a record was added.
 */
#include "sync/replica_i.h"
#include "sync/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "sync/agency_key.h"
#include "sync/grant.h"
#include "sync/lane.h"

/* _parked.reason */
#define PARKED_MEMBER 9

static enum err
number_author(struct replica *r, const struct member_author *m, struct fail *f)
{
	struct author *grown;
	struct stmt *s;
	enum err e;

	grown = realloc(r->authors, (r->author_count + 1) * sizeof(*grown));
	if (grown == NULL)
		return fail_code(f, ERR_NOMEM);
	r->authors = grown;
	grown[r->author_count] = (struct author){
		.no = r->next_author,
		.tag = m->tag,
		.node = m->node,
	};
	e = db_stmt(&s, r->db,
	    "INSERT INTO _author (no, tag, node, incarnation, top_position,"
	    " top_id) VALUES (?1, ?2, ?3, ?4, 0, ?5)",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, r->next_author);
	stmt_blob(s, 2, m->tag.b, sizeof(m->tag.b));
	stmt_blob(s, 3, m->node.b, sizeof(m->node.b));
	stmt_blob(s, 4, m->incarnation.b, sizeof(m->incarnation.b));
	stmt_blob(s, 5, "", 0);
	e = stmt_run(s, f);
	if (e != OK)
		return e;
	if (id_equal(&m->tag, &r->identity.author))
		r->own_author = r->next_author;
	r->next_author++;
	r->author_count++;
	return OK;
}

enum err
replica_number_authors(struct replica *r, struct fail *f)
{
	for (size_t i = 0; i < members_author_count(r->members); i++) {
		const struct member_author *m =
		    members_author_at(r->members, i);
		enum err e = OK;

		if (replica_author(r, &m->tag) != NULL)
			continue;
		e = number_author(r, m, f);
		if (e == OK)
			e = log_retry_parked(r, &m->tag, f);
		if (e != OK)
			return e;
	}
	return OK;
}

static enum err
store_member(struct replica *r, const uint8_t id[static 32],
    const uint8_t *bytes, size_t n, const struct node_id *peer, struct fail *f)
{
	struct stmt *s;
	enum err e;

	e = db_stmt(&s, r->db,
	    "INSERT INTO _member (no, id, bytes) VALUES (?1, ?2, ?3)", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, r->next_member);
	stmt_blob(s, 2, id, 32);
	stmt_blob(s, 3, bytes, n);
	e = stmt_run(s, f);
	if (e == OK)
		e = lane_member(r, r->next_member, peer, f);
	if (e == OK) {
		r->next_member++;
		e = replica_number_authors(r, f);
	}
	return e;
}

static enum err
parked_member(struct replica *r, bool *known, int64_t *count, int64_t *held,
    const uint8_t *bytes, size_t n, struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT count(*), count(CASE WHEN bytes = ?2 THEN 1 END),"
	    " coalesce(sum(size), 0) FROM _parked"
	    " WHERE author = ?1 AND reason = ?3",
	    f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, "", 0);
	stmt_blob(s, 2, bytes, n);
	stmt_int(s, 3, PARKED_MEMBER);
	e = stmt_step(s, &row, f);
	if (e != OK)
		return e;
	*count = stmt_col_int(s, 0);
	*known = stmt_col_int(s, 1) > 0;
	*held = stmt_col_int(s, 2);
	stmt_reset(s);
	return OK;
}

static enum err
park_member(struct replica *r, const uint8_t *bytes, size_t n,
    const struct node_id *peer, struct fail *f)
{
	static const struct node_id nobody;
	int64_t count = 0, held = 0;
	struct stmt *s;
	bool known = false;
	enum err e = parked_member(r, &known, &count, &held, bytes, n, f);

	if (e != OK || known)
		return e;
	if (count >= LIMIT_PARKED_MEMBERS || held >= LIMIT_PARKED_BYTES)
		return fail_set(f, ERR_LIMIT,
		    "%lld membership records wait for who issued them already",
		    (long long)count);
	if (peer == NULL)
		peer = &nobody;
	e = db_stmt(&s, r->db,
	    "INSERT INTO _parked (peer, cpt, author, chain, seq, reason,"
	    " at_ms, size, bytes) VALUES (?1, ?2, ?3, 0, 0, ?4, ?5, ?6, ?7)",
	    f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, peer->b, sizeof(peer->b));
	stmt_blob(s, 2, "", 0);
	stmt_blob(s, 3, "", 0);
	stmt_int(s, 4, PARKED_MEMBER);
	stmt_int(s, 5, env_wall_ms(r->env));
	stmt_int(s, 6, (int64_t)n);
	stmt_blob(s, 7, bytes, n);
	e = stmt_run(s, f);
	if (e == OK)
		r->parked++;
	return e;
}

/* One parked record that may be acceptable now; *no 0 when there is none
 * after the given number. */
static enum err
next_parked(struct replica *r, int64_t after, int64_t *no, struct buf *bytes,
    struct fail *f)
{
	const uint8_t *p;
	struct stmt *s;
	bool row;
	size_t n;
	enum err e;

	*no = 0;
	e = db_stmt(&s, r->db,
	    "SELECT no, bytes FROM _parked WHERE reason = ?1 AND no > ?2"
	    " ORDER BY no LIMIT 1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, PARKED_MEMBER);
	stmt_int(s, 2, after);
	e = stmt_step(s, &row, f);
	if (e != OK || !row)
		return e;
	*no = stmt_col_int(s, 0);
	p = stmt_col_blob(s, 1, &n);
	buf_reset(bytes);
	buf_put(bytes, p, n);
	stmt_reset(s);
	return bytes->err;
}

enum err
replica_unpark(struct replica *r, int64_t no, struct fail *f)
{
	struct stmt *s;
	enum err e;

	e = db_stmt(&s, r->db, "DELETE FROM _parked WHERE no = ?1", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	e = stmt_run(s, f);
	if (e == OK)
		r->parked--;
	return e;
}

/* Until a whole round accepts nothing. */
static enum err
retry_members(struct replica *r, struct fail *f)
{
	struct buf bytes = { .limit = LIMIT_MEMBER_BYTES };
	bool again = r->parked > 0;
	enum err e = OK;
	int64_t no;

	while (again && e == OK) {
		again = false;
		no = 0;
		while (
		    (e = next_parked(r, no, &no, &bytes, f)) == OK && no != 0) {
			enum member_result result;
			uint8_t id[32];

			if (members_add(r->members, &result, id, bytes.p,
				bytes.n, NULL) != OK)
				result = MEMBER_DUPLICATE; /* drop it */
			if (result == MEMBER_WAITING)
				continue;
			e = replica_unpark(r, no, f);
			if (e == OK && result == MEMBER_ADDED) {
				again = true;
				e = store_member(r, id, bytes.p, bytes.n, NULL,
				    f);
			}
			if (e != OK)
				break;
		}
	}
	buf_release(&bytes);
	return e;
}

/* ---- what a record changes of those known already ---- */

/* What decides whose writes and grants count. */
struct standing_as {
	struct node_id node;
	struct agency_id agency;
	unsigned ever_roles;
	int kind;
	uint64_t revoked; /* of what revocations say of it; 0: nothing */
	uint64_t exposed; /* keys of its agency that it takes along */
	uint64_t undone;  /* its agency counts for nothing */
};

/* FNV-1a: only to notice that something is not as before. */
static uint64_t
sum_of(uint64_t sum, const void *p, size_t n)
{
	const uint8_t *from = p;

	for (size_t k = 0; k < n; k++)
		sum = (sum ^ from[k]) * 0x100000001b3u;
	return sum;
}

static uint64_t
revocation_sum(const struct member_revocation *v)
{
	uint64_t sum = 0xcbf29ce484222325u;

	if (v == NULL)
		return 0;
	sum = sum_of(sum, &v->agency_key_no, sizeof(v->agency_key_no));
	sum = sum_of(sum, v->record, sizeof(v->record));
	for (size_t k = 0; k < v->cut_count; k++) {
		const struct member_cut *cut = &v->cut[k];

		sum = sum_of(sum, cut->incarnation.b, ID_BYTES);
		sum = sum_of(sum, &cut->position, sizeof(cut->position));
		sum = sum_of(sum, cut->id.b, SEGMENT_ID_BYTES);
	}
	return sum;
}

static void
describe_standing(struct standing_as *s, const struct members *m,
    const struct member_node *n)
{
	const struct member_agency *a = members_agency(m, &n->agency);

	memset(s, 0, sizeof(*s));
	s->node = n->id;
	s->agency = n->agency;
	s->ever_roles = n->ever_roles;
	s->kind = a != NULL ? a->kind : -1;
	s->revoked = revocation_sum(members_revocation(m, &n->id));
	/* a key that it can know may be told of after its revocation */
	if (s->revoked != 0)
		s->exposed = members_exposed_key(m, &n->agency);
	s->undone = members_agency_undone(m, &n->agency);
}

static enum err
list_standings(struct replica *r, struct buf *out, struct fail *f)
{
	for (size_t i = 0; i < members_node_count(r->members); i++) {
		struct standing_as s;

		describe_standing(&s, r->members,
		    members_node_at(r->members, i));
		buf_put(out, &s, sizeof(s));
	}
	return out->err == OK ? OK
			      : fail_set(f, out->err, "%s", err_text(out->err));
}

/* Compartments in which a node wrote, or that its agency or it was granted. */
static enum err
list_touched(struct replica *r, struct buf *out, const struct standing_as *was,
    struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT s.cpt FROM _segment s JOIN _author a ON a.no = s.author"
	    " WHERE a.node = ?1 UNION SELECT cpt FROM _grant"
	    " WHERE recipient = ?1 OR recipient = ?2",
	    f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, was->node.b, sizeof(was->node.b));
	stmt_blob(s, 2, was->agency.b, sizeof(was->agency.b));
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		int64_t no = stmt_col_int(s, 0);

		buf_put(out, &no, sizeof(no));
	}
	stmt_reset(s);
	if (e == OK && out->err != OK)
		e = fail_set(f, out->err, "%s", err_text(out->err));
	return e;
}

static enum err
judge_again(struct replica *r, const struct standing_as *was, struct fail *f)
{
	struct buf list = { 0 };
	enum err e = list_touched(r, &list, was, f);

	for (size_t at = 0; e == OK && at < list.n; at += sizeof(int64_t)) {
		struct compartment *c;
		int64_t no;

		memcpy(&no, list.p + at, sizeof(no));
		e = compartment_get(r, &c, no, f);
		if (e == OK)
			e = grant_rederive(r, c, f);
		/* what it granted past its revocation routes nobody any more,
		 * and what counts again now does */
		if (e == OK)
			e = lane_leave(r, c, f);
		if (e == OK)
			e = lane_compartment(r, c, f);
		if (e == OK)
			c->rederive = true;
	}
	buf_release(&list);
	return e;
}

/* Another version of a known node's or agency's record may change whose writes
 * count: where it does, what they touch is derived again. */
static enum err
compare_standings(struct replica *r, const struct buf *before, struct fail *f)
{
	enum err e = OK;

	for (size_t at = 0; e == OK && at < before->n;
	     at += sizeof(struct standing_as)) {
		const struct member_node *n;
		struct standing_as was, is;

		memcpy(&was, before->p + at, sizeof(was));
		n = members_node(r->members, &was.node);
		memset(&is, 0, sizeof(is));
		if (n != NULL)
			describe_standing(&is, r->members, n);
		if (memcmp(&was, &is, sizeof(was)) != 0)
			e = judge_again(r, &was, f);
		/* what a revoked node wrote may be in any of them */
		if (e == OK && was.revoked != is.revoked)
			e = snapshot_drop(r, NULL, f);
	}
	return e;
}

enum err
replica_add_member(struct replica *r, enum member_result *result,
    const uint8_t *bytes, size_t n, const struct node_id *peer, struct fail *f)
{
	struct buf before = { 0 };
	enum member_result got;
	uint8_t id[32];
	bool own;
	enum err e;

	e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	r->members_touched = true;
	e = list_standings(r, &before, f);
	if (e == OK)
		e = members_add(r->members, &got, id, bytes, n, f);
	if (e == OK && got == MEMBER_ADDED) {
		e = store_member(r, id, bytes, n, peer, f);
		if (e == OK)
			e = retry_members(r, f);
		if (e == OK)
			e = lane_drop_revoked(r, f);
		if (e == OK && n > 1 && bytes[1] == MEMBER_NODE)
			replica_saw_members(r);
		if (e == OK)
			e = agency_key_learn(r, f);
		if (e == OK)
			e = compare_standings(r, &before, f);
		if (e == OK)
			e = grant_retry(r, f);
		if (e == OK)
			e = grant_directory_all(r, f);
	} else if (e == OK && got == MEMBER_WAITING) {
		e = park_member(r, bytes, n, peer, f);
	}
	buf_release(&before);
	e = replica_leave(r, own, e, f);
	if (e == OK)
		*result = got;
	return e;
}

enum err
replica_save_identity(struct replica *r, const struct identity *i,
    struct fail *f)
{
	struct buf b = { .limit = 4096 };
	enum err e;

	identity_encode(&b, i);
	e = b.err != OK ? fail_code(f, b.err)
			: replica_meta_set(r, "identity", b.p, b.n, f);
	buf_release(&b);
	r->members_touched = true;
	if (e == OK && i != &r->identity)
		r->identity = *i;
	return e;
}

/* ---- founding ---- */

static enum err
add_made(struct replica *r, struct buf *b, struct fail *f)
{
	enum member_result result;
	enum err e = b->err;

	if (e == OK)
		e = replica_add_member(r, &result, b->p, b->n, NULL, f);
	buf_reset(b);
	return e;
}

static enum err
found_agency(struct replica *r, struct buf *b, const struct replica_found *o,
    struct fail *f)
{
	const struct network_id *network = members_network(r->members);
	struct member_agency a = { .kind = o->agency_kind };
	enum err e;

	identity_make_agency(&r->identity, r->env);
	memcpy(a.box_key, r->identity.agency_box_key, sizeof(a.box_key));
	member_agency_id(&a.id, network, a.box_key);
	memcpy(a.name, o->agency_name, strlen(o->agency_name) + 1);
	r->identity.agency = a.id;
	e = member_make_agency(b, &r->identity, network, true, &a);
	return e == OK ? add_made(r, b, f) : e;
}

static enum err
found_node(struct replica *r, struct buf *b, const struct replica_found *o,
    struct fail *f)
{
	const struct identity *i = &r->identity;
	struct member_node m = {
		.id = i->node,
		.agency = i->agency,
		.roles = MEMBER_STEWARD_NETWORK | MEMBER_STEWARD_AGENCY |
		    MEMBER_REGISTRAR | (o->relay ? MEMBER_RELAY : 0u),
		.serial = 1,
		.made_ms = env_wall_ms(r->env),
	};
	enum err e;

	memcpy(m.sign_key, i->sign_key, sizeof(m.sign_key));
	memcpy(m.box_key, i->box_key, sizeof(m.box_key));
	memcpy(m.tls_key, i->tls_key, sizeof(m.tls_key));
	memcpy(m.name, o->node_name, strlen(o->node_name) + 1);
	memcpy(m.office, o->office, strlen(o->office) + 1);
	e = member_make_node(b, i, members_network(r->members), true, &m);
	return e == OK ? add_made(r, b, f) : e;
}

static bool
name_fits(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= LIMIT_NAME_BYTES;
}

enum err
replica_found_network(struct replica *r, const struct replica_found *o,
    struct fail *f)
{
	struct buf b = { .limit = LIMIT_MEMBER_BYTES };
	bool own;
	enum err e;

	if (members_network(r->members) != NULL)
		return fail_set(f, ERR_EXISTS,
		    "this replica belongs to a network already");
	if (!name_fits(o->network_name) || !name_fits(o->node_name) ||
	    !name_fits(o->agency_name) || strlen(o->office) > LIMIT_NAME_BYTES)
		return fail_set(f, ERR_INPUT, "a name must have 1 to %d bytes",
		    LIMIT_NAME_BYTES);
	e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	r->members_touched = true;
	identity_make_root(&r->identity, r->env);
	e = member_make_root(&b, &r->identity, o->network_name, o->training);
	if (e == OK)
		e = add_made(r, &b, f);
	if (e == OK)
		e = found_agency(r, &b, o, f);
	if (e == OK)
		e = found_node(r, &b, o, f);
	if (e == OK)
		e = replica_save_identity(r, &r->identity, f);
	if (e == OK)
		e = member_make_author(&b, &r->identity,
		    members_network(r->members));
	if (e == OK)
		e = add_made(r, &b, f);
	/* making a record says nothing by itself */
	if (e != OK && f != NULL && f->code != e)
		e = fail_code(f, e);
	e = replica_leave(r, own, e, f);
	buf_release(&b);
	return e;
}
