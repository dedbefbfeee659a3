/* Recipes of what control segments say. */
#include <string.h>

#include "sync/control.h"
#include "tests/fuzz/hostile.h"

struct saying {
	struct hostile *h;
	const struct identity *by;
	struct fuzz_in *in;
	uint8_t box[8][GRANT_BOX_MAX];
};

/* A node or an agency, and its public key. */
static const uint8_t *
who_of(struct saying *s, enum grant_recipient *kind,
    uint8_t id[static ID_BYTES])
{
	unsigned which = fuzz_u8(s->in);
	struct members *m = replica_members(s->h->w->p.r[PAIR_HUB]);
	const struct identity *i =
	    replica_identity(s->h->w->p.r[which % PAIR_NODES]);
	const struct member_agency *a = members_agency(m, &i->agency);

	if ((which & 0x80) != 0 && a != NULL) {
		*kind = GRANT_AGENCY;
		memcpy(id, a->id.b, ID_BYTES);
		return a->box_key;
	}
	*kind = GRANT_NODE;
	memcpy(id, i->node.b, ID_BYTES);
	return i->box_key;
}

/* The key of the compartment, or one of a few new ones. */
static void
key_of(struct saying *s, uint8_t key[static SEGMENT_KEY_BYTES], unsigned which)
{
	memcpy(key, s->h->w->key, SEGMENT_KEY_BYTES);
	if (which % 4 != 0)
		memset(key, (int)(0x20 + which % 4), SEGMENT_KEY_BYTES);
}

static void
entries(struct saying *s, struct grant_body *b)
{
	struct grant_place place = { .compartment = s->h->w->compartment,
		.issuer = s->by->node };
	unsigned count = fuzz_u8(s->in) % 5;

	b->owner = s->h->w->owner;
	memcpy(b->name, s->h->w->name, sizeof(b->name));
	for (unsigned i = 0; i < count; i++) {
		unsigned how = fuzz_u8(s->in);
		struct grant_entry *e = &b->entry[b->count];
		struct grant_secret secret = { .subject = s->h->w->person,
			.category = "SUP.case" };
		const uint8_t *key;

		key_of(s, secret.key, how);
		segment_key_id(&e->key_id, secret.key);
		e->right = (how & 4) != 0 ? GRANT_READ : GRANT_WRITE;
		key = who_of(s, &e->kind, e->recipient);
		e->serial = e->kind == GRANT_AGENCY ? (how & 8) >> 3 : 0;
		if ((how & 16) != 0)
			secret.category[0] = 'X';
		if (grant_box_seal(e, s->box[i], &place, &secret, key,
			&s->h->w->p.env[PAIR_HUB]->env) != OK)
			continue;
		if ((how & 32) != 0)
			s->box[i][40] ^= 1;
		b->count++;
	}
}

static void
point_of(struct saying *s, struct control_point *p)
{
	unsigned how = fuzz_u8(s->in);
	const struct world_ref *ref = hostile_ref(s->h, fuzz_u8(s->in));

	p->author = ref->author;
	p->chain = ref->chain;
	p->seq = ref->seq + (how & 1);
	p->id = ref->id;
	if ((how & 6) == 6)
		memset(&p->id, 0, sizeof(p->id));
	if ((how & 24) == 24) {
		p->seq = 0;
		memset(&p->id, 0, sizeof(p->id));
	}
}

static void
removal(struct saying *s, struct buf *body)
{
	static struct remove_body b;
	unsigned leavers, cuts;

	memset(&b, 0, sizeof(b));
	b.reason = (enum remove_reason)(fuzz_u8(s->in) % 6);
	leavers = 1 + fuzz_u8(s->in) % 3;
	for (unsigned i = 0; i < leavers; i++) {
		struct control_who *who = &b.leaver[b.leaver_count++];

		(void)who_of(s, &who->kind, who->id);
	}
	cuts = remove_reason_cuts(b.reason) ? fuzz_u8(s->in) % 4 : 0;
	for (unsigned i = 0; i < cuts; i++)
		point_of(s, &b.cut[b.cut_count++]);
	entries(s, &b.grant);
	remove_body_sort(&b);
	remove_body_encode(body, &b);
}

static void
points(struct saying *s, struct buf *body, bool adopt)
{
	static struct points_body b;
	unsigned count = fuzz_u8(s->in) % 4, offers;

	memset(&b, 0, sizeof(b));
	b.owner = s->h->w->owner;
	memcpy(b.name, s->h->w->name, sizeof(b.name));
	for (unsigned i = 0; i < count; i++)
		point_of(s, &b.point[b.count++]);
	offers = adopt ? fuzz_u8(s->in) % 3 : 0;
	for (unsigned i = 0; i < offers; i++)
		b.offer[b.offer_count++] =
		    hostile_ref(s->h, fuzz_u8(s->in))->id;
	points_body_sort(&b);
	points_body_encode(body, adopt, &b);
}

static void
transfer(struct saying *s, struct buf *body)
{
	struct transfer_body b = { .owner = s->h->w->owner };
	enum grant_recipient kind;
	unsigned how = fuzz_u8(s->in);

	memcpy(b.name, s->h->w->name, sizeof(b.name));
	b.accept = (how & 1) != 0;
	(void)who_of(s, &kind, b.to.b);
	if (b.accept)
		b.offer = hostile_ref(s->h, fuzz_u8(s->in))->id;
	transfer_body_encode(body, &b);
}

static void
shred(struct saying *s, struct buf *body)
{
	struct shred_body b = { .owner = s->h->w->owner };
	unsigned how = fuzz_u8(s->in);

	memcpy(b.name, s->h->w->name, sizeof(b.name));
	b.done = (how & 1) != 0;
	if (b.done)
		b.order = hostile_ref(s->h, fuzz_u8(s->in))->id;
	shred_body_encode(body, &b);
}

void
hostile_control(struct hostile *h, struct buf *body, const struct identity *by,
    enum segment_kind kind, struct fuzz_in *in)
{
	static struct saying s;
	static struct grant_body b;

	s = (struct saying){ .h = h, .by = by, .in = in };
	if (kind == SEGMENT_GRANT) {
		memset(&b, 0, sizeof(b));
		entries(&s, &b);
		grant_body_sort(&b);
		grant_body_encode(body, &b);
	} else if (kind == SEGMENT_REMOVE) {
		removal(&s, body);
	} else if (kind == SEGMENT_JUDGEMENT || kind == SEGMENT_ADOPT) {
		points(&s, body, kind == SEGMENT_ADOPT);
	} else if (kind == SEGMENT_TRANSFER) {
		transfer(&s, body);
	} else {
		shred(&s, body);
	}
}
