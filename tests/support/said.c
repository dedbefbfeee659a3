#include "tests/support/said.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct {
	bool made;
	struct network w;
	struct identity more[3]; /* N2, N3, CL */
	struct members *m[1 << 2 * WHO_COUNT];
} world;

static const uint8_t compartment_name[16] = { 9, 9 };

static const struct identity *
identity_of(enum who who)
{
	switch (who) {
	case N1:
		return &world.w.north;
	case NL:
		return &world.w.laptop;
	case C1:
		return &world.w.clinic;
	case HUB:
		return &world.w.hub;
	case N2:
		return &world.more[0];
	case N3:
		return &world.more[1];
	default:
		return &world.more[2];
	}
}

static void
enrol(enum who who, const struct agency_id *agency, const char *name,
    unsigned roles)
{
	struct identity *i = &world.more[who == N2 ? 0 : who == N3 ? 1 : 2];

	identity_make(i, network_env());
	network_node(&world.w, &world.w.hub, false, i, agency, name, roles, 0);
}

static void
make_world(void)
{
	struct network *w = &world.w;

	network_init(w, 77);
	enrol(N2, &w->north_agency, "north-2", MEMBER_REGISTRAR);
	enrol(N3, &w->north_agency, "north-3", MEMBER_REGISTRAR);
	enrol(CL, &w->clinic_agency, "clinic-laptop", MEMBER_FIELD);
	for (int k = 0; k < WHO_COUNT; k++)
		if (k != HUB && k != NL) /* which are there already */
			assert_int_equal(member_make_author(network_record(w),
					     identity_of((enum who)k),
					     &w->network),
			    OK);
	world.made = true;
}

struct members *
said_members(unsigned revoked)
{
	struct network *w = &world.w;
	size_t before;

	if (!world.made)
		make_world();
	if (world.m[revoked] != NULL)
		return world.m[revoked];
	before = w->n;
	for (int k = 0; k < WHO_COUNT; k++) {
		const struct identity *i = identity_of((enum who)k);
		/* at the second a segment that nobody has */
		struct member_cut cut = { .incarnation = i->incarnation,
			.position = 2 };
		struct member_revoke v = { .node = i->node,
			.reason = REVOKED_LEFT };

		if ((revoked & LOST(k)) != 0) {
			v.reason = REVOKED_LOST;
			v.cut = &cut;
			v.cut_count = 1;
		} else if ((revoked >> k & 1) == 0) {
			continue;
		}
		network_revoke(w, &w->hub, true, &v);
	}
	world.m[revoked] = network_members(w);
	while (w->n > before)
		buf_release(&w->record[--w->n]);
	return world.m[revoked];
}

const struct node_id *
said_node(enum who who)
{
	return &identity_of(who)->node;
}

const struct agency_id *
said_agency(enum which which)
{
	return which == NORTH ? &world.w.north_agency
	    : which == CLINIC ? &world.w.clinic_agency
			      : &world.w.hub_agency;
}

enum which
said_works_for(enum who who)
{
	return who == HUB ? HUBS : who == C1 || who == CL ? CLINIC : NORTH;
}

bool
said_is_registrar(enum who who)
{
	return who != NL && who != CL;
}

const struct author_tag *
said_author(enum who who)
{
	return &identity_of(who)->author;
}

void
said_key(struct key_id *out, int key)
{
	memset(out->b, 0x60 + key, sizeof(out->b));
}

/* ---- histories -------------------------------------------------------------------- */

void
history_init(struct history *h)
{
	memset(h, 0, sizeof(*h));
	(void)said_members(0);
}

struct said *
history_say(struct history *h, enum who by, enum segment_kind kind)
{
	struct said *e = &h->e[h->n];

	assert_true(h->n < SAID_MAX);
	*e = (struct said){ .by = by,
		.kind = kind,
		.knows = (1u << h->n) - 1,
		.prev = LATEST };
	h->rank[h->n] = (uint8_t)h->n;
	h->held |= 1u << h->n;
	h->n++;
	return e;
}

int
history_prev(const struct history *h, size_t at)
{
	int k = h->e[at].prev;

	if (k != LATEST)
		return k;
	for (k = (int)at - 1; k >= 0 && h->e[k].by != h->e[at].by;)
		k--;
	return k;
}

uint64_t
history_seq(const struct history *h, size_t at)
{
	uint64_t seq = 1;

	for (int k = history_prev(h, at); k != NONE;
	     k = history_prev(h, (size_t)k))
		seq++;
	return seq;
}

void
history_id(struct segment_id *out, const struct history *h, size_t at)
{
	memset(out->b, 1 + h->rank[at], sizeof(out->b));
}

/* ---- bodies --------------------------------------------------------------------------- */

static void
put_id(uint8_t *to, const struct said_who *who)
{
	if (who->kind == GRANT_NODE)
		memcpy(to, said_node((enum who)who->id)->b, ID_BYTES);
	else
		memcpy(to, said_agency((enum which)who->id)->b, ID_BYTES);
}

static const uint8_t box[GRANT_BOX_MAX] = { 1 };

static void
fill_entries(struct grant_body *b, const struct said *e)
{
	b->owner = *said_agency(NORTH);
	memcpy(b->name, compartment_name, sizeof(b->name));
	b->count = e->entry_count;
	for (size_t k = 0; k < e->entry_count; k++) {
		struct grant_entry *to = &b->entry[k];

		said_key(&to->key_id, e->entry[k].key);
		to->kind = e->entry[k].to.kind;
		to->right = e->entry[k].right;
		to->serial = e->entry[k].serial;
		put_id(to->recipient, &e->entry[k].to);
		to->box = box;
		to->box_n = BOX_OVERHEAD + GRANT_BIND_BYTES +
		    SEGMENT_KEY_BYTES + ID_BYTES + GRANT_TEXT_STEP;
	}
	grant_body_sort(b);
}

static void
fill_points(struct control_point *to, const struct history *h,
    const struct said *e)
{
	for (size_t k = 0; k < e->point_count; k++) {
		const struct said_point *p = &e->point[k];

		to[k] = (struct control_point){ .chain = CHAIN_CONTROL };
		if (p->at == NONE) {
			to[k].author = *said_author(p->of);
			continue;
		}
		to[k].author = *said_author(h->e[p->at].by);
		to[k].seq = history_seq(h, (size_t)p->at);
		if (!p->standing)
			history_id(&to[k].id, h, (size_t)p->at);
	}
}

static void
put_removal(struct buf *out, const struct history *h, const struct said *e)
{
	static struct remove_body b;

	memset(&b, 0, sizeof(b));
	b.reason = e->reason;
	b.leaver_count = e->leaver_count;
	for (size_t k = 0; k < e->leaver_count; k++) {
		b.leaver[k].kind = e->leaver[k].kind;
		put_id(b.leaver[k].id, &e->leaver[k]);
	}
	b.cut_count = e->point_count;
	fill_points(b.cut, h, e);
	fill_entries(&b.grant, e);
	remove_body_sort(&b);
	remove_body_encode(out, &b);
}

static void
put_body(struct buf *out, const struct history *h, const struct said *e)
{
	static struct grant_body grant;
	struct points_body points = { .owner = *said_agency(NORTH),
		.count = e->point_count };
	struct transfer_body transfer = { .owner = points.owner,
		.accept = e->accept,
		.to = *said_agency(e->to) };
	struct shred_body shred = { .owner = points.owner, .done = e->done };

	memcpy(points.name, compartment_name, sizeof(points.name));
	memcpy(transfer.name, compartment_name, sizeof(transfer.name));
	memcpy(shred.name, compartment_name, sizeof(shred.name));
	switch (e->kind) {
	case SEGMENT_GRANT:
		memset(&grant, 0, sizeof(grant));
		fill_entries(&grant, e);
		grant_body_encode(out, &grant);
		break;
	case SEGMENT_REMOVE:
		put_removal(out, h, e);
		break;
	case SEGMENT_JUDGEMENT:
	case SEGMENT_ADOPT:
		fill_points(points.point, h, e);
		points_body_sort(&points);
		points_body_encode(out, e->kind == SEGMENT_ADOPT, &points);
		break;
	case SEGMENT_TRANSFER:
		if (e->accept)
			history_id(&transfer.offer, h, (size_t)e->offer);
		transfer_body_encode(out, &transfer);
		break;
	default:
		shred_body_encode(out, &shred);
		break;
	}
	assert_int_equal(out->err, OK);
}

/* ---- settling ------------------------------------------------------------------------- */

static void
fill_item(struct control_item *i, const struct history *h, size_t at,
    const struct members *m)
{
	*i = (struct control_item){
		.no = (int64_t)at + 1,
		.author = *said_author(h->e[at].by),
		.issuer = members_node(m, said_node(h->e[at].by)),
		.kind = h->e[at].kind,
		.seq = history_seq(h, at),
		.position = history_seq(h, at),
	};
	history_id(&i->id, h, at);
}

/* What it builds on of what is held, as indexes. */
static void
link_item(struct control_item *i, size_t *on, const struct history *h,
    size_t at, const size_t *index)
{
	int prev = history_prev(h, at);
	unsigned knows = h->e[at].knows | (prev != NONE ? 1u << prev : 0u);

	i->on = on;
	for (size_t k = 0; k < h->n; k++) {
		/* of its own author it names its predecessor only */
		if ((knows & h->held) >> k & 1 &&
		    (h->e[k].by != h->e[at].by || (int)k == prev))
			on[i->on_count++] = index[k];
	}
}

struct control *
history_settle(const struct history *h, const struct members *m,
    const size_t *order)
{
	struct control_item item[SAID_MAX];
	size_t on[SAID_MAX][SAID_MAX], index[SAID_MAX] = { 0 }, n = 0;
	struct buf body[SAID_MAX] = { 0 };
	struct compartment_id id;
	struct control *out = NULL;
	struct fail f = { 0 };

	compartment_make_id(&id, members_network(m), said_agency(NORTH),
	    compartment_name);
	for (size_t k = 0; k < h->n; k++) {
		size_t at = order != NULL ? order[k] : k;

		if ((h->held >> at & 1) == 0)
			continue;
		index[at] = n;
		put_body(&body[n], h, &h->e[at]);
		fill_item(&item[n], h, at, m);
		item[n].body = body[n].p;
		item[n].body_n = body[n].n;
		n++;
	}
	for (size_t k = 0; k < n; k++)
		link_item(&item[k], on[k], h, (size_t)item[k].no - 1, index);
	assert_int_equal(control_settle(&out, m, &id, item, n, &f), OK);
	for (size_t k = 0; k < n; k++)
		buf_release(&body[k]);
	return out;
}
