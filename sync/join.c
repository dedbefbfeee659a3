/* The new computer's side of joining: the request, and taking the answer. */
#include "sync/join.h"

#include <string.h>

#include "sync/agency_key.h"
#include "sync/box.h"
#include "sync/code.h"
#include "sync/join_i.h"
#include "sync/replica_i.h"

#define META_PENDING "join" /* the invite, until the answer was taken */

/* ---- the request -------------------------------------------------------------- */

static const char *
chosen(const char *given, const char *fallback)
{
	return given != NULL && given[0] != '\0' ? given : fallback;
}

static enum err
check_names(const struct invite *invite, const struct join_names *names,
    struct fail *f)
{
	const char *node = chosen(names->node, invite->name);
	const char *office = chosen(names->office, invite->agency_name);

	if (!member_name_ok(node, false))
		return fail_set(f, ERR_INPUT,
		    "join: this invite leaves the node's name to you: give one "
		    "of 1 to %d bytes with --name",
		    LIMIT_NAME_BYTES);
	if (!member_name_ok(office, true))
		return fail_set(f, ERR_INPUT,
		    "join: the office's name must be plain text of at most %d "
		    "bytes",
		    LIMIT_NAME_BYTES);
	if (!invite->new_agency && (invite->roles & MEMBER_REGISTRAR) != 0 &&
	    names->agency_code == NULL)
		return fail_set(f, ERR_INPUT,
		    "join: this invite makes a further registrar of %s; the "
		    "agency's recovery code is needed too",
		    invite->agency_name);
	return OK;
}

/* The agency's keys as far as this side makes or brings them. */
static enum err
take_agency(struct identity *i, struct buf *code, const struct invite *invite,
    const struct join_names *names, const struct env *env, struct fail *f)
{
	uint8_t master[32];
	enum err e;

	if (invite->new_agency) {
		if (!i->has_agency_secret)
			identity_make_agency(i, env);
		member_agency_id(&i->agency, &invite->network,
		    i->agency_box_key);
		return identity_agency_code(code, i);
	}
	i->has_agency_secret = false;
	i->agency = invite->agency;
	if (names->agency_code == NULL)
		return OK;
	e = code_decode(master, sizeof(master), CODE_AGENCY, names->agency_code,
	    f);
	if (e == OK)
		identity_take_agency(i, master);
	sodium_memzero(master, sizeof(master));
	return e;
}

static void
put_request(struct buf *b, const struct join_head *head,
    const struct identity *i, const struct invite *invite,
    const struct join_names *names)
{
	const char *node = chosen(names->node, invite->name);
	const char *office = chosen(names->office, invite->agency_name);
	struct member_node m = { .id = i->node, .agency = i->agency };
	uint8_t digest[JOIN_DIGEST_BYTES], signature[MEMBER_SIG_BYTES];

	member_node_consent(&m, i, &invite->network);
	buf_put(b, i->sign_key, sizeof(i->sign_key));
	buf_put(b, i->box_key, sizeof(i->box_key));
	buf_put(b, i->tls_key, sizeof(i->tls_key));
	buf_u8(b, invite->new_agency ? 1 : 0);
	if (invite->new_agency)
		buf_put(b, i->agency_box_key, sizeof(i->agency_box_key));
	buf_put(b, m.consent, sizeof(m.consent));
	buf_put(b, m.tls_consent, sizeof(m.tls_consent));
	buf_bytes(b, node, strlen(node));
	buf_bytes(b, office, strlen(office));
	if (b->err != OK)
		return;
	join_digest(digest, JOIN_REQUEST, head, &i->node, b->p, b->n);
	member_sign(signature, LABEL_JOIN_SIGN, digest, sizeof(digest),
	    i->sign_secret);
	buf_put(b, signature, sizeof(signature));
}

static void
head_of(struct join_head *head, const struct invite *invite)
{
	head->network = invite->network;
	memcpy(head->invite, invite->id, sizeof(head->invite));
}

/* Keys and invite are kept before anything leaves this computer. */
static enum err
keep_pending(struct replica *r, const struct identity *i,
    const struct invite *invite, struct fail *f)
{
	struct buf b = { 0 };
	bool own = false;
	enum err e;

	invite_encode(&b, invite);
	e = b.err;
	if (e == OK)
		e = replica_enter(r, &own, f);
	if (e == OK) {
		e = replica_meta_set(r, META_PENDING, b.p, b.n, f);
		if (e == OK)
			e = replica_save_identity(r, i, f);
		e = replica_leave(r, own, e, f);
	}
	buf_release(&b);
	return e;
}

enum err
join_request_make(struct replica *r, struct buf *request,
    struct buf *agency_code, const struct invite *invite,
    const struct join_names *names, struct fail *f)
{
	struct buf plain = { .limit = JOIN_REQUEST_BYTES }, code = { 0 };
	struct identity i = r->identity;
	struct join_head head;
	enum err e;

	if (members_network(r->members) != NULL) {
		e = fail_set(f, ERR_EXISTS,
		    "join: this replica is a member of a network already; a "
		    "moved computer joins with a new replica");
		goto out;
	}
	e = check_names(invite, names, f);
	if (e == OK)
		e = take_agency(&i, &code, invite, names, r->env, f);
	if (e != OK)
		goto out;
	head_of(&head, invite);
	put_request(&plain, &head, &i, invite, names);
	e = keep_pending(r, &i, invite, f);
	if (e == OK)
		e = join_seal(request, JOIN_REQUEST, &head, invite->secret,
		    &plain, r->env, f);
	if (e == OK && code.n > 0)
		buf_put(agency_code, code.p, code.n);
out:
	buf_release(&plain);
	buf_release(&code);
	identity_wipe(&i);
	return e;
}

/* ---- the answer ---------------------------------------------------------------- */

bool
join_is_begun(struct replica *r)
{
	struct buf b = { 0 };
	enum err e = replica_meta_get(r, &b, META_PENDING, NULL);
	bool begun = e == OK ? b.n > 0 : e != ERR_NOTFOUND;

	buf_release(&b);
	return begun;
}

struct taking {
	struct replica *r;
	struct invite invite;
	struct join_head head;
	struct identity identity;
	struct buf plain;
	struct members *members; /* what the records say, on trial */
	const uint8_t *records;  /* in plain: count was read */
	size_t count;
};

static enum err
pending(struct taking *t, struct fail *f)
{
	struct buf b = { 0 };
	enum err e;

	e = replica_meta_get(t->r, &b, META_PENDING, f);
	if (e == OK && b.n == 0)
		e = ERR_NOTFOUND;
	if (e == ERR_NOTFOUND)
		(void)fail_set(f, e,
		    "join: this replica has not asked to join, or is a member "
		    "already; nothing was changed");
	else if (e == OK && invite_decode(&t->invite, b.p, b.n) != OK)
		e = fail_set(f, ERR_CORRUPT,
		    "join: the kept invite is damaged; join again");
	buf_release(&b);
	return e;
}

static enum err
open_answer(struct taking *t, const uint8_t *p, size_t n, struct fail *f)
{
	struct join_head mine;
	enum err e;

	if (n > JOIN_ANSWER_BYTES)
		return fail_set(f, ERR_LIMIT,
		    "join: want an answer of at most %zu bytes, have %zu",
		    JOIN_ANSWER_BYTES, n);
	e = join_head_read(&t->head, JOIN_ANSWER, p, n, f);
	if (e != OK)
		return e;
	head_of(&mine, &t->invite);
	if (!id_equal(&mine.network, &t->head.network) ||
	    memcmp(mine.invite, t->head.invite, INVITE_ID_BYTES) != 0)
		return fail_set(f, ERR_INPUT,
		    "join: this answers another invite or comes from another "
		    "network; nothing was changed");
	return join_open(&t->plain, JOIN_ANSWER, &t->head, t->invite.secret, p,
	    n, f);
}

static enum err
bad_answer(struct fail *f)
{
	return fail_set(f, ERR_FORMAT,
	    "join: the answer is malformed; nothing was changed");
}

/* Every record into a set of its own: nothing of the replica is touched until
 * all of it is known to be good. */
static enum err
try_records(struct taking *t, struct rd *r, struct fail *f)
{
	enum member_result result;
	uint8_t id[32];
	enum err e;

	e = members_new(&t->members, &t->invite.network);
	if (e != OK)
		return fail_set(f, e, "join: out of memory");
	t->count = (size_t)rd_max(r, JOIN_ANSWER_BYTES);
	t->records = r->p;
	for (size_t k = 0; k < t->count && r->err == OK; k++) {
		size_t n;
		const uint8_t *p = rd_bytes(r, &n, LIMIT_MEMBER_BYTES);

		if (p == NULL)
			break;
		e = members_add(t->members, &result, id, p, n, f);
		if (e != OK)
			return e;
		if (result == MEMBER_WAITING)
			return bad_answer(f);
	}
	return r->err == OK ? OK : bad_answer(f);
}

/* The pinned steward signed it, and it makes us what we asked for. */
static enum err
check_answer(struct taking *t, const uint8_t *signature, size_t signed_n,
    struct fail *f)
{
	const struct member_node *steward, *self;
	uint8_t digest[JOIN_DIGEST_BYTES];

	steward = members_node(t->members, &t->invite.steward);
	self = members_node(t->members, &t->identity.node);
	if (steward == NULL || self == NULL ||
	    !id_equal(&self->agency, &t->identity.agency) ||
	    members_agency(t->members, &self->agency) == NULL)
		return fail_set(f, ERR_AUTH,
		    "join: the answer does not make this computer a member of "
		    "%s; ask for a new invite",
		    t->invite.agency_name);
	join_digest(digest, JOIN_ANSWER, &t->head, &self->id, t->plain.p,
	    signed_n);
	if (member_check(signature, LABEL_JOIN_ANSWER_SIGN, digest,
		sizeof(digest), steward->sign_key) != OK)
		return fail_set(f, ERR_AUTH,
		    "join: the answer is not signed by the steward that the "
		    "invite names; nothing was changed");
	return OK;
}

/* The agency's keys: made or brought by us, else out of the box. */
static enum err
take_keys(struct taking *t, const uint8_t *box, size_t box_n, struct fail *f)
{
	struct identity *i = &t->identity;
	const struct member_agency *agency =
	    members_agency(t->members, &i->agency);
	uint8_t plain[JOIN_BOX_PLAIN], bind[16], master[32];
	enum err e = OK;

	if (i->has_agency_secret) {
		memcpy(master, i->agency_master, sizeof(master));
		e = agency_key_recover(i, t->members, master, f);
		sodium_memzero(master, sizeof(master));
		return e;
	}
	join_box_bind(bind, &t->invite.network, &t->invite.steward, &i->node,
	    &i->agency);
	if (box_n != JOIN_BOX_PLAIN + BOX_OVERHEAD ||
	    box_open(plain, box, box_n, i->box_key, i->box_secret) != OK ||
	    memcmp(plain, bind, sizeof(bind)) != 0)
		e = fail_set(f, ERR_AUTH,
		    "join: the answer brings no key of %s for this computer; "
		    "ask one of its own nodes for an invite",
		    agency->name);
	if (e == OK) {
		memcpy(i->agency_name_key, plain + sizeof(bind),
		    sizeof(i->agency_name_key));
		memcpy(i->agency_box_key, agency->box_key, MEMBER_KEY_BYTES);
	}
	sodium_memzero(plain, sizeof(plain));
	return e;
}

static enum err
read_answer(struct taking *t, struct fail *f)
{
	struct rd r = rd_of(t->plain.p, t->plain.n);
	const uint8_t *box, *signature;
	size_t box_n;
	enum err e;

	e = try_records(t, &r, f);
	if (e != OK)
		return e;
	box = rd_bytes(&r, &box_n, JOIN_BOX_PLAIN + BOX_OVERHEAD);
	signature = rd_take(&r, MEMBER_SIG_BYTES);
	if (rd_done(&r) != OK)
		return bad_answer(f);
	e = check_answer(t, signature, t->plain.n - MEMBER_SIG_BYTES, f);
	return e == OK ? take_keys(t, box, box_n, f) : e;
}

static enum err
store_records(struct taking *t, struct fail *f)
{
	const uint8_t *end = t->plain.p + t->plain.n;
	struct rd r = rd_of(t->records, (size_t)(end - t->records));
	enum member_result result;
	enum err e = OK;

	for (size_t k = 0; e == OK && k < t->count; k++) {
		size_t n;
		const uint8_t *p = rd_bytes(&r, &n, LIMIT_MEMBER_BYTES);

		e = replica_add_member(t->r, &result, p, n, &t->invite.steward,
		    f);
	}
	return e;
}

static enum err
store(struct taking *t, struct fail *f)
{
	struct replica *r = t->r;
	struct buf author = { 0 };
	enum member_result result;
	bool own = false;
	enum err e;

	e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	/* first: records are judged by who we are */
	e = replica_save_identity(r, &t->identity, f);
	if (e == OK)
		e = store_records(t, f);
	if (e == OK)
		e = member_make_author(&author, &t->identity,
		    &t->invite.network);
	if (e == OK)
		e = replica_add_member(r, &result, author.p, author.n, NULL, f);
	if (e == OK && members_training(r->members))
		e = replica_meta_set(r, "training", "1", 1, f);
	if (e == OK)
		e = replica_meta_set(r, META_PENDING, "", 0, f);
	e = replica_leave(r, own, e, f);
	buf_release(&author);
	return e;
}

enum err
join_finish(struct replica *r, struct join_result *out, const uint8_t *answer,
    size_t n, struct fail *f)
{
	struct taking t = { .r = r,
		.identity = r->identity,
		.plain = { .limit = JOIN_ANSWER_BYTES } };
	enum err e;

	e = pending(&t, f);
	if (e == OK)
		e = open_answer(&t, answer, n, f);
	if (e == OK)
		e = read_answer(&t, f);
	if (e == OK)
		e = store(&t, f);
	if (e == OK) {
		out->steward = t.invite.steward;
		out->agency = t.identity.agency;
		memcpy(out->address, t.invite.address, sizeof(out->address));
	}
	members_free(t.members);
	buf_release(&t.plain);
	identity_wipe(&t.identity);
	sodium_memzero(&t.invite, sizeof(t.invite));
	return e;
}
