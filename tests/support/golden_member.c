/* Membership records and one grant, field by field. All keys come from seeds
 * of one repeated byte, printed as the block "member-inputs". */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "sync/agency_key_i.h"
#include "sync/grant_i.h"
#include "sync/member_i.h"
#include "sync/registry.h"
#include "tests/support/fixed_env.h"
#include "tests/support/golden_i.h"

struct world {
	struct fixed_env env;
	struct identity i;
	struct network_id network;
	uint8_t root_key[32];
};

/* env_random of the identity: seeds 1, 2, 3 for its keys, and so on */
static void
counted(void *self, void *p, size_t n)
{
	struct fixed_env *e = self;

	memset(p, (int)(++e->drawn & 0xff), n);
}

static void
world_init(struct world *w)
{
	fixed_env_init(&w->env, 0);
	w->env.env.random = counted;
	identity_make(&w->i, &w->env.env);        /* 01, 02, 03, 04 */
	identity_make_root(&w->i, &w->env.env);   /* 05 */
	identity_make_agency(&w->i, &w->env.env); /* 06 */
	(void)crypto_sign_ed25519_sk_to_pk(w->root_key, w->i.root_secret);
	member_network_id(&w->network, w->root_key);
	member_agency_id(&w->i.agency, &w->network, w->i.agency_box_key);
}

static void
ok(enum err e)
{
	if (e != OK)
		abort();
}

static void
take_name(struct buf *text, struct rd *r, const char *comment)
{
	const uint8_t *from = r->p;
	size_t n;

	(void)rd_bytes(r, &n, LIMIT_NAME_BYTES);
	golden_part(text, from, (size_t)(r->p - from), comment);
}

static void
take_start(struct buf *text, struct rd *r, const char *issuer)
{
	golden_take(text, r, 1, "format");
	golden_take(text, r, 1, "kind");
	golden_take(text, r, 16, "network");
	golden_take(text, r, 16, issuer);
}

static void
take_end(struct buf *text, struct rd *r, struct buf *bytes)
{
	golden_take(text, r, 64, "signature");
	ok(rd_done(r));
	buf_release(bytes);
}

void
golden_member_inputs(struct buf *text)
{
	struct world w;

	world_init(&w);
	golden_part(text, w.i.sign_key, 32, "signing key, Ed25519 seed 01..");
	golden_part(text, w.i.box_key, 32, "box key, X25519 seed 02..");
	golden_part(text, w.i.tls_key, 32, "TLS key, Ed25519 seed 03..");
	golden_part(text, w.i.incarnation.b, 16, "incarnation");
	golden_part(text, w.root_key, 32, "root key, Ed25519 seed 05..");
	golden_part(text, w.i.agency_master, 32, "agency master");
}

void
golden_member_root(struct buf *text)
{
	struct buf b = { 0 };
	struct world w;
	struct rd r;

	world_init(&w);
	ok(member_make_root(&b, &w.i, "Region", false));
	r = rd_of(b.p, b.n);
	take_start(text, &r, "issuer: the root");
	golden_take(text, &r, 32, "root key");
	golden_take(text, &r, 0, "flags");
	take_name(text, &r, "name");
	take_end(text, &r, &b);
}

void
golden_member_agency(struct buf *text)
{
	struct member_agency a = { .kind = KIND_PROBATION, .name = "North" };
	struct buf b = { 0 };
	struct world w;
	struct rd r;

	world_init(&w);
	memcpy(a.box_key, w.i.agency_box_key, 32);
	ok(member_make_agency(&b, &w.i, &w.network, true, &a));
	r = rd_of(b.p, b.n);
	take_start(text, &r, "issuer: the root");
	golden_take(text, &r, 32, "founding key");
	golden_take(text, &r, 0, "serial");
	golden_take(text, &r, 32, "box key");
	golden_take(text, &r, 0, "kind of agency");
	take_name(text, &r, "name");
	take_end(text, &r, &b);
}

void
golden_member_node(struct buf *text)
{
	struct member_node n = { .roles =
				     MEMBER_STEWARD_NETWORK | MEMBER_REGISTRAR,
		.serial = 1,
		.made_ms = 1774971000000,
		.office = "Main Street",
		.name = "north-1",
		.via_count = 1,
		.via = { { { 0x60 } } } };
	struct buf b = { 0 };
	struct world w;
	struct rd r;

	world_init(&w);
	n.id = w.i.node;
	n.agency = w.i.agency;
	memcpy(n.sign_key, w.i.sign_key, 32);
	memcpy(n.box_key, w.i.box_key, 32);
	memcpy(n.tls_key, w.i.tls_key, 32);
	ok(member_make_node(&b, &w.i, &w.network, true, &n));
	r = rd_of(b.p, b.n);
	take_start(text, &r, "issuer: the root");
	golden_take(text, &r, 32, "signing key");
	golden_take(text, &r, 32, "box key");
	golden_take(text, &r, 32, "TLS key");
	golden_take(text, &r, 16, "agency");
	golden_take(text, &r, 0, "serial");
	golden_take(text, &r, 0, "roles");
	golden_take(text, &r, 0, "made, milliseconds");
	take_name(text, &r, "office");
	take_name(text, &r, "name");
	golden_take(text, &r, 0, "number of relays");
	golden_take(text, &r, 16, "relay that serves it");
	golden_take(text, &r, 64, "the node's own word, signing key");
	golden_take(text, &r, 64, "the same, TLS key");
	take_end(text, &r, &b);
}

void
golden_member_author(struct buf *text)
{
	struct buf b = { 0 };
	struct world w;
	struct rd r;

	world_init(&w);
	ok(member_make_author(&b, &w.i, &w.network));
	r = rd_of(b.p, b.n);
	take_start(text, &r, "issuer: the node");
	golden_take(text, &r, 16, "incarnation");
	take_end(text, &r, &b);
}

void
golden_member_revocation(struct buf *text)
{
	static const uint8_t standing[1][MEMBER_STANDING_BYTES] = { { 0x61 } };
	struct member_cut cut = { .position = 300, .id = { { 0x62 } } };
	struct member_revoke v = { .reason = REVOKED_LOST,
		.agency_key_no = 1,
		.cut = &cut,
		.cut_count = 1,
		.standing = standing,
		.standing_count = 1 };
	struct buf b = { 0 };
	struct world w;
	struct rd r;

	world_init(&w);
	v.node = w.i.node;
	cut.incarnation = w.i.incarnation;
	ok(member_make_revocation(&b, &w.i, &w.network, true, &v));
	r = rd_of(b.p, b.n);
	take_start(text, &r, "issuer: the root");
	golden_take(text, &r, 16, "node");
	golden_take(text, &r, 0, "reason: lost");
	golden_take(text, &r, 0, "agency key that it knew");
	golden_take(text, &r, 0, "number of cuts");
	golden_take(text, &r, 16, "incarnation");
	golden_take(text, &r, 0, "last position that counts");
	golden_take(text, &r, 32, "id of the segment there");
	golden_take(text, &r, 0, "number of records that stand");
	golden_take(text, &r, 8, "first bytes of its id");
	take_end(text, &r, &b);
}

/* The second master is the next random bytes, 07; then the nonce, 08, and the
 * box's passing key, 09. */
void
golden_member_agency_key(struct buf *text)
{
	struct member_node heir = { 0 };
	struct member_agency_key k = { .number = 1, .heir_count = 1 };
	struct buf b = { 0 }, wrapped = { 0 };
	uint8_t box[MEMBER_HEIR_BOX], master[32], secret[32];
	struct world w;
	struct rd r;

	world_init(&w);
	k.agency = w.i.agency;
	heir.id = w.i.node;
	memcpy(heir.box_key, w.i.box_key, 32);
	env_random(&w.env.env, master, sizeof(master));
	identity_key_pair(k.box_key, secret, master);
	ok(agency_key_wrap(&wrapped, &k, master, &w.i, &w.env.env));
	ok(agency_key_heir(box, &k, master, &heir, &w.env.env));
	k.wrapped = wrapped.p;
	k.wrapped_n = wrapped.n;
	k.heir[0] = (struct member_heir){ .node = heir.id, .box = box };
	ok(member_make_agency_key(&b, &w.i, &w.network, &k));
	r = rd_of(b.p, b.n);
	take_start(text, &r, "issuer: a registrar");
	golden_take(text, &r, 16, "agency");
	golden_take(text, &r, 0, "number of the key");
	golden_take(text, &r, 32, "box key, from the master 07..");
	golden_take(text, &r, 0, "length of what is wrapped");
	golden_take(text, &r, 24, "nonce");
	golden_take(text, &r, wrapped.n - 24, "the masters before, sealed");
	golden_take(text, &r, 0, "number of registrars");
	golden_take(text, &r, 16, "registrar");
	golden_take(text, &r, 32, "box: passing public key");
	golden_take(text, &r, MEMBER_HEIR_BOX - 32, "box: sealed");
	take_end(text, &r, &b);
	buf_release(&wrapped);
}

void
golden_member_derived(struct buf *text)
{
	struct member_record m;
	struct buf b = { 0 };
	struct world w;

	world_init(&w);
	golden_part(text, w.network.b, 16, "network id");
	golden_part(text, w.i.agency.b, 16, "agency id");
	golden_part(text, w.i.node.b, 16, "node id");
	golden_part(text, w.i.author.b, 8, "author tag");
	golden_part(text, w.i.agency_box_key, 32, "agency's box key");
	golden_part(text, w.i.agency_name_key, 32, "agency's name key");
	ok(member_make_author(&b, &w.i, &w.network));
	ok(member_parse(&m, b.p, b.n, NULL));
	golden_part(text, m.id, 32, "id of the author record");
	buf_release(&b);
}

/* ---- a grant ---- */

static const struct grant_secret granted = {
	.key = { 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2 },
	.subject = { { 0x70 } },
	.category = "SUP.referral",
};

struct example {
	struct world w;
	struct grant_place place;
	struct grant_body body;
	uint8_t box[GRANT_BOX_MAX], basis[GRANT_BASIS_MAX];
};

static void
example_init(struct example *x)
{
	struct grant_entry *e = &x->body.entry[0];

	memset(x, 0, sizeof(*x));
	world_init(&x->w);
	memset(x->place.compartment.b, 5, ID_BYTES);
	x->place.issuer = x->w.i.node;
	x->body.owner = x->w.i.agency;
	memset(x->body.name, 9, sizeof(x->body.name));
	x->body.count = 1;
	segment_key_id(&e->key_id, granted.key);
	e->right = GRANT_READ;
	e->kind = GRANT_AGENCY;
	memcpy(e->recipient, x->w.i.agency.b, ID_BYTES);
	ok(grant_box_seal(e, x->box, &x->place, &granted, x->w.i.agency_box_key,
	    &x->w.env.env));
	grant_basis_seal(x->basis, &x->body.basis_n, "consent:7", &x->body, 0,
	    &x->place, granted.key, &x->w.env.env);
	x->body.basis = x->basis;
}

void
golden_grant(struct buf *text)
{
	static struct example x;
	struct buf b = { 0 };
	struct rd r;

	example_init(&x);
	grant_body_encode(&b, &x.body);
	r = rd_of(b.p, b.n);
	golden_take(text, &r, 16, "owner agency");
	golden_take(text, &r, 16, "name of the compartment");
	golden_take(text, &r, 0, "number of entries");
	golden_take(text, &r, 16, "key id");
	golden_take(text, &r, 1, "right: read");
	golden_take(text, &r, 1, "recipient: an agency");
	golden_take(text, &r, 16, "its id");
	golden_take(text, &r, 0, "number of its key");
	golden_take(text, &r, 0, "length of the box");
	golden_take(text, &r, 32, "box: passing public key");
	golden_take(text, &r, x.body.entry[0].box_n - 32, "box: sealed");
	golden_take(text, &r, 0, "length of the basis");
	golden_take(text, &r, 1, "it is why entry 0 is there");
	golden_take(text, &r, 24, "nonce");
	golden_take(text, &r, x.body.basis_n - 25, "sealed");
	ok(rd_done(&r));
	buf_release(&b);
}

void
golden_grant_box(struct buf *text)
{
	static struct example x;
	uint8_t plain[GRANT_BOX_MAX];
	struct rd r;

	example_init(&x);
	ok(box_open(plain, x.box, x.body.entry[0].box_n, x.w.i.agency_box_key,
	    x.w.i.agency_box_secret));
	r = rd_of(plain, x.body.entry[0].box_n - BOX_OVERHEAD);
	golden_take(text, &r, 16, "bound to all around it");
	golden_take(text, &r, 32, "compartment key");
	golden_take(text, &r, 16, "subject");
	golden_take(text, &r, 32, "category and its padding");
	ok(rd_done(&r));
}
