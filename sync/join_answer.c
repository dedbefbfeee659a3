/* The steward's side of joining: invites and answers. */
#include <stdio.h>
#include <string.h>

#include "sync/box.h"
#include "sync/join_i.h"
#include "sync/registry.h"
#include "sync/replica_i.h"

#define DAY_MS (24LL * 60 * 60 * 1000)
#define ROLES_OF_REGISTRAR (MEMBER_STEWARD_AGENCY | MEMBER_REGISTRAR)

/* ---- invites ------------------------------------------------------------------- */

static const struct member_node *
self_node(const struct replica *r)
{
	return members_node(r->members, &r->identity.node);
}

static enum err
check_options(const struct invite_options *o, struct fail *f)
{
	const char *address = o->address != NULL ? o->address : "";

	if (o->days < 1 || o->days > JOIN_DAYS_MAX)
		return fail_set(f, ERR_INPUT,
		    "invite: want 1 to %d days, have %d", JOIN_DAYS_MAX,
		    o->days);
	if (!member_name_ok(o->agency, false) ||
	    (o->name != NULL && !member_name_ok(o->name, true)))
		return fail_set(f, ERR_INPUT,
		    "invite: a name must be plain text of 1 to %d bytes",
		    LIMIT_NAME_BYTES);
	if (o->field && o->steward)
		return fail_set(f, ERR_INPUT,
		    "invite: a field laptop is no steward; leave one out");
	if (strlen(address) > INVITE_ADDRESS_BYTES ||
	    strspn(address,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
		"WXYZ0123456789.-:[]%_") != strlen(address))
		return fail_set(f, ERR_INPUT,
		    "invite: want an address as HOST:PORT");
	return OK;
}

static enum err
known_agency(struct replica *r, struct invite *i,
    const struct invite_options *o, const struct member_agency *a,
    struct fail *f)
{
	const struct member_node *self = self_node(r);
	bool own = id_equal(&a->id, &self->agency);

	if (o->kind >= 0 && o->kind != a->kind)
		return fail_set(f, ERR_INPUT,
		    "invite: %s is known as another kind of agency; leave the "
		    "kind out",
		    a->name);
	if (!own && (self->roles & MEMBER_STEWARD_NETWORK) == 0)
		return fail_set(f, ERR_DENIED,
		    "invite: this node is steward of its own agency only");
	if (!own && !o->steward)
		return fail_set(f, ERR_DENIED,
		    "invite: the keys of %s are not here; invite its computers "
		    "at one of its own nodes, or a new registrar with "
		    "--steward and its recovery code",
		    a->name);
	i->agency = a->id;
	i->kind = a->kind;
	memcpy(i->agency_name, a->name, sizeof(i->agency_name));
	if (o->steward)
		i->roles |= ROLES_OF_REGISTRAR;
	if (o->steward && own && (self->roles & MEMBER_STEWARD_NETWORK) != 0)
		i->roles |= MEMBER_STEWARD_NETWORK;
	return OK;
}

static enum err
unknown_agency(struct replica *r, struct invite *i,
    const struct invite_options *o, struct fail *f)
{
	if ((self_node(r)->roles & MEMBER_STEWARD_NETWORK) == 0)
		return fail_set(f, ERR_DENIED,
		    "invite: agency %s is not known here, and only a steward "
		    "of the network can bring in a new one",
		    o->agency);
	if (o->kind < 0 || o->kind >= KIND_COUNT)
		return fail_set(f, ERR_INPUT,
		    "invite: agency %s is not known yet; say its kind "
		    "(probation, treatment, mental_health, social, court, hub)",
		    o->agency);
	if (o->field)
		return fail_set(f, ERR_INPUT,
		    "invite: the first computer of an agency keeps its keys "
		    "and is no field laptop");
	i->new_agency = true;
	i->kind = o->kind;
	(void)snprintf(i->agency_name, sizeof(i->agency_name), "%s", o->agency);
	i->roles |= ROLES_OF_REGISTRAR;
	return OK;
}

static enum err
fill_invite(struct replica *r, struct invite *i, const struct invite_options *o,
    struct fail *f)
{
	const struct member_agency *a = NULL;
	struct fail why = { 0 };
	enum err e;

	i->network = *members_network(r->members);
	i->steward = r->identity.node;
	memcpy(i->tls_key, r->identity.tls_key, sizeof(i->tls_key));
	env_random(r->env, i->id, sizeof(i->id));
	env_random(r->env, i->secret, sizeof(i->secret));
	i->expires_ms = env_wall_ms(r->env) + o->days * DAY_MS;
	if (o->address != NULL)
		(void)snprintf(i->address, sizeof(i->address), "%s",
		    o->address);
	if (o->name != NULL)
		(void)snprintf(i->name, sizeof(i->name), "%s", o->name);
	i->roles =
	    (o->relay ? MEMBER_RELAY : 0) | (o->field ? MEMBER_FIELD : 0);
	e = members_find_agency(r->members, &a, o->agency, &why);
	if (e == ERR_NOTFOUND)
		return unknown_agency(r, i, o, f);
	if (e != OK)
		return fail_set(f, e, "invite: %s", why.text);
	return known_agency(r, i, o, a, f);
}

static enum err
store_invite(struct replica *r, const struct invite *i, struct fail *f)
{
	struct stmt *s;
	bool own;
	enum err e;

	e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	e = db_stmt(&s, r->db,
	    "INSERT INTO _invite (id, secret, agency, agency_name, kind, name,"
	    " roles, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	    f);
	if (e == OK) {
		stmt_blob(s, 1, i->id, sizeof(i->id));
		stmt_blob(s, 2, i->secret, sizeof(i->secret));
		if (!i->new_agency)
			stmt_blob(s, 3, i->agency.b, sizeof(i->agency.b));
		stmt_text(s, 4, i->agency_name);
		stmt_int(s, 5, i->kind);
		stmt_text(s, 6, i->name);
		stmt_int(s, 7, i->roles);
		stmt_int(s, 8, i->expires_ms);
		e = stmt_run(s, f);
	}
	return replica_leave(r, own, e, f);
}

enum err
invite_make(struct replica *r, struct buf *text, const struct invite_options *o,
    struct fail *f)
{
	const struct member_node *self = self_node(r);
	struct buf line = { 0 };
	struct invite i = { 0 };
	enum err e;

	if (self == NULL ||
	    (self->roles & (MEMBER_STEWARD_NETWORK | MEMBER_STEWARD_AGENCY)) ==
		0)
		return fail_set(f, ERR_DENIED,
		    "invite: this node is no steward; invite at the office's "
		    "server or at the hub");
	e = check_options(o, f);
	if (e == OK)
		e = fill_invite(r, &i, o, f);
	if (e == OK)
		e = invite_text(&line, &i, f);
	if (e == OK)
		e = store_invite(r, &i, f);
	if (e == OK) {
		buf_put(text, line.p, line.n);
		e = text->err;
	}
	buf_release(&line);
	sodium_memzero(&i, sizeof(i));
	return e;
}

/* ---- answers -------------------------------------------------------------------- */

struct answering {
	struct replica *r;
	struct join_head head;
	struct invite invite; /* the stored half of it */
	bool used;
	struct node_id used_by;
	struct join_request request;
	struct agency_id agency;
};

static enum err
load_invite(struct answering *a, struct fail *f)
{
	struct invite *i = &a->invite;
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, a->r->db,
	    "SELECT secret, agency, agency_name, kind, roles, expires_ms,"
	    " used_by FROM _invite WHERE id = ?1",
	    f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, a->head.invite, sizeof(a->head.invite));
	e = stmt_step(s, &row, f);
	if (e == OK && !row)
		e = fail_set(f, ERR_DENIED,
		    "join: this invite was not made on this computer; bring "
		    "the request to the one that made it");
	if (e == OK) {
		(void)stmt_col_copy(s, 0, i->secret, sizeof(i->secret));
		i->new_agency = stmt_col_null(s, 1);
		(void)stmt_col_copy(s, 1, i->agency.b, sizeof(i->agency.b));
		(void)snprintf(i->agency_name, sizeof(i->agency_name), "%s",
		    stmt_col_text(s, 2));
		i->kind = (int)stmt_col_int(s, 3);
		i->roles = (unsigned)stmt_col_int(s, 4);
		i->expires_ms = stmt_col_int(s, 5);
		a->used = stmt_col_copy(s, 6, a->used_by.b, ID_BYTES);
	}
	stmt_reset(s);
	return e;
}

static enum err
open_request(struct answering *a, const uint8_t *p, size_t n, struct fail *f)
{
	struct buf plain = { .limit = JOIN_REQUEST_BYTES };
	enum err e;

	e = join_open(&plain, JOIN_REQUEST, &a->head, a->invite.secret, p, n,
	    f);
	if (e == OK) {
		e = join_request_read(&a->request, &a->head, plain.p, plain.n);
		if (e != OK)
			(void)fail_set(f, e,
			    "join: the request is malformed or not signed by "
			    "its node; nothing was done");
	}
	buf_release(&plain);
	return e;
}

/* Is the invite still good for this computer? */
static enum err
check_invite(const struct answering *a, struct fail *f)
{
	if (a->used && !id_equal(&a->used_by, &a->request.node.id))
		return fail_set(f, ERR_DENIED,
		    "join: another computer has used this invite; make a new "
		    "one, and find out who used the first");
	if (!a->used && env_wall_ms(a->r->env) > a->invite.expires_ms)
		return fail_set(f, ERR_DENIED,
		    "join: this invite has expired; make a new one");
	if (a->request.new_agency != a->invite.new_agency)
		return fail_set(f, ERR_INPUT,
		    "join: the request does not fit its invite");
	return OK;
}

/* The node's own word must fit before anything is written. */
static enum err
check_consent(struct answering *a, struct fail *f)
{
	const struct network_id *network = members_network(a->r->members);
	const struct member_node *m = &a->request.node;
	uint8_t said[MEMBER_CONSENT_BYTES];

	a->agency = a->invite.agency;
	if (a->invite.new_agency)
		member_agency_id(&a->agency, network, a->request.founding_key);
	member_consent_bytes(said, network, &m->id, &a->agency);
	if (member_check(m->consent, LABEL_MEMBER_CONSENT, said, sizeof(said),
		m->sign_key) != OK ||
	    member_check(m->tls_consent, LABEL_MEMBER_TLS, said, sizeof(said),
		m->tls_key) != OK)
		return fail_set(f, ERR_AUTH,
		    "join: the request is not signed with the node's own keys");
	return OK;
}

static enum err
add_made(struct answering *a, struct buf *record, struct fail *f)
{
	enum member_result result;
	enum err e = record->err;

	if (e == OK)
		e = replica_add_member(a->r, &result, record->p, record->n,
		    NULL, f);
	if (e == OK && result == MEMBER_WAITING)
		e = fail_set(f, ERR_DENIED,
		    "join: this node is no steward for that agency any more");
	buf_reset(record);
	return e;
}

static enum err
add_agency(struct answering *a, struct buf *record, struct fail *f)
{
	struct member_agency g = { .id = a->agency, .kind = a->invite.kind };
	const struct member_agency *there;
	enum err e;

	if (!a->invite.new_agency)
		return OK;
	if (members_find_agency(a->r->members, &there, a->invite.agency_name,
		NULL) != ERR_NOTFOUND)
		return fail_set(f, ERR_INPUT,
		    "join: an agency %s has joined meanwhile; invite again, "
		    "into that one",
		    a->invite.agency_name);
	memcpy(g.box_key, a->request.founding_key, sizeof(g.box_key));
	memcpy(g.name, a->invite.agency_name, sizeof(g.name));
	e = member_make_agency(record, &a->r->identity, &a->head.network, false,
	    &g);
	return e == OK ? add_made(a, record, f) : e;
}

/* A steward that relays serves whom it enrols; else its own relays do. */
static void
choose_via(struct member_node *m, const struct member_node *steward)
{
	if ((steward->roles & MEMBER_RELAY) != 0) {
		m->via[0] = steward->id;
		m->via_count = 1;
		return;
	}
	memcpy(m->via, steward->via, sizeof(m->via));
	m->via_count = steward->via_count;
}

static enum err
add_node(struct answering *a, struct buf *record, struct fail *f)
{
	struct member_node m = a->request.node;
	enum err e;

	m.agency = a->agency;
	m.roles = a->invite.roles;
	m.serial = 1;
	m.made_ms = env_wall_ms(a->r->env);
	if (m.made_ms < LIMIT_TIME_MIN_MS || m.made_ms > LIMIT_TIME_MAX_MS)
		m.made_ms = 0; /* shown only */
	choose_via(&m, self_node(a->r));
	e = member_make_node(record, &a->r->identity, &a->head.network, false,
	    &m);
	return e == OK ? add_made(a, record, f) : e;
}

static enum err
mark_used(struct answering *a, struct fail *f)
{
	struct stmt *s;
	enum err e;

	e = db_stmt(&s, a->r->db,
	    "UPDATE _invite SET used_by = ?2 WHERE id = ?1", f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, a->head.invite, sizeof(a->head.invite));
	stmt_blob(s, 2, a->request.node.id.b, ID_BYTES);
	return stmt_run(s, f);
}

static enum err
enrol(struct answering *a, struct fail *f)
{
	struct buf record = { .limit = LIMIT_MEMBER_BYTES };
	bool own;
	enum err e;

	e = replica_enter(a->r, &own, f);
	if (e != OK)
		return e;
	e = add_agency(a, &record, f);
	if (e == OK)
		e = add_node(a, &record, f);
	if (e == OK)
		e = mark_used(a, f);
	e = replica_leave(a->r, own, e, f);
	buf_release(&record);
	return e;
}

static enum err
put_records(struct answering *a, struct buf *plain, struct fail *f)
{
	struct buf records = { .limit = JOIN_ANSWER_BYTES };
	struct stmt *s;
	uint64_t count = 0;
	bool row = false;
	enum err e;

	e = db_stmt(&s, a->r->db, "SELECT bytes FROM _member ORDER BY no", f);
	if (e != OK)
		return e;
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 0, &n);

		buf_bytes(&records, p, n);
		count++;
	}
	stmt_reset(s);
	buf_uint(plain, count);
	buf_put(plain, records.p, records.n);
	if (e == OK && records.err != OK)
		e = fail_set(f, records.err,
		    "join: the network's membership does not fit an answer");
	buf_release(&records);
	return e;
}

/* The name key for a node of our own agency; an empty box for another's. */
static enum err
put_box(struct answering *a, struct buf *plain, struct fail *f)
{
	const struct identity *i = &a->r->identity;
	uint8_t box[JOIN_BOX_PLAIN + BOX_OVERHEAD], secret[JOIN_BOX_PLAIN];
	enum err e;

	if (!id_equal(&a->agency, &i->agency)) {
		buf_bytes(plain, NULL, 0);
		return OK;
	}
	join_box_bind(secret, &a->head.network, &i->node, &a->request.node.id,
	    &a->agency);
	memcpy(secret + 16, i->agency_name_key, sizeof(i->agency_name_key));
	e = box_seal(box, secret, sizeof(secret), a->request.node.box_key,
	    a->r->env);
	sodium_memzero(secret, sizeof(secret));
	if (e != OK)
		return fail_set(f, e, "join: the node's key is not usable");
	buf_bytes(plain, box, sizeof(box));
	return OK;
}

static enum err
make_answer(struct answering *a, struct buf *answer, struct fail *f)
{
	struct buf plain = { .limit = JOIN_ANSWER_BYTES };
	uint8_t digest[JOIN_DIGEST_BYTES], signature[MEMBER_SIG_BYTES];
	enum err e;

	e = put_records(a, &plain, f);
	if (e == OK)
		e = put_box(a, &plain, f);
	if (e == OK && plain.err == OK) {
		join_digest(digest, JOIN_ANSWER, &a->head, &a->request.node.id,
		    plain.p, plain.n);
		member_sign(signature, LABEL_JOIN_ANSWER_SIGN, digest,
		    sizeof(digest), a->r->identity.sign_secret);
		buf_put(&plain, signature, sizeof(signature));
	}
	if (e == OK)
		e = join_seal(answer, JOIN_ANSWER, &a->head, a->invite.secret,
		    &plain, a->r->env, f);
	buf_release(&plain);
	return e;
}

enum err
join_answer_make(struct replica *r, struct buf *answer, struct node_id *joined,
    const uint8_t *request, size_t n, struct fail *f)
{
	struct answering a = { .r = r };
	enum err e;

	if (n > JOIN_REQUEST_BYTES)
		return fail_set(f, ERR_LIMIT,
		    "join: want a request of at most %d bytes, have %zu",
		    JOIN_REQUEST_BYTES, n);
	e = join_head_read(&a.head, JOIN_REQUEST, request, n, f);
	if (e != OK)
		return e;
	if (members_revocation(r->members, &r->identity.node) != NULL)
		return fail_set(f, ERR_REVOKED,
		    "join: the computer that made this invite was taken out of "
		    "the network; ask another steward for one");
	if (members_network(r->members) == NULL ||
	    !id_equal(members_network(r->members), &a.head.network))
		return fail_set(f, ERR_INPUT,
		    "join: the request is for another network");
	e = load_invite(&a, f);
	if (e == OK)
		e = open_request(&a, request, n, f);
	if (e == OK)
		e = check_invite(&a, f);
	if (e == OK)
		e = check_consent(&a, f);
	if (e == OK && !a.used)
		e = enrol(&a, f);
	if (e == OK)
		e = make_answer(&a, answer, f);
	if (e == OK)
		*joined = a.request.node.id;
	sodium_memzero(&a, sizeof(a));
	return e;
}
