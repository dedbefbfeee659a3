/*
 * Making the segments of a history: header and chain from what the author knew,
 * the body from the letter.
 */
#include <stdlib.h>
#include <string.h>

#include "sync/write.h"
#include "tests/orders/orders.h"

/* What an event is made of. */
struct making {
	struct world *w;
	struct story *s;
	size_t at;
	struct event *e;
	const struct letter *l;
	const struct identity *by;
	const struct env *env;
};

/* ---- what its author knew -------------------------------------------------------- */

/* The i-th segment that stands before it, in an order in which nothing comes
 * before what it knows; NULL: not known, or no segment. false: no more. */
static bool
known(const struct making *m, size_t i, const struct world_ref **ref)
{
	size_t before = m->w->ref_count;
	const struct event *e = m->s->e;

	*ref = NULL;
	if (i < before)
		*ref = &m->w->ref[i];
	else if (i - before < m->at && (m->e->knows >> (i - before) & 1) != 0 &&
	    !e[i - before].is_record)
		*ref = &e[i - before].ref;
	return i < before + m->at;
}

/* The last of an author in a chain, or (chain < 0) by its position. */
static const struct world_ref *
last_of(const struct making *m, const struct author_tag *author, int chain)
{
	const struct world_ref *ref, *last = NULL;

	for (size_t i = 0; known(m, i, &ref); i++) {
		if (ref == NULL || !id_equal(&ref->author, author) ||
		    (chain >= 0 && ref->chain != chain))
			continue;
		if (last == NULL ||
		    (chain >= 0 ? ref->seq > last->seq
				: ref->position > last->position))
			last = ref;
	}
	return last;
}

/* The last known segment that is not its author's own. */
static const struct world_ref *
last_of_others(const struct making *m)
{
	const struct world_ref *ref, *last = NULL;

	for (size_t i = 0; known(m, i, &ref); i++)
		if (ref != NULL && !id_equal(&ref->author, &m->by->author))
			last = ref;
	return last;
}

/* The last known event of a kind; else a segment that is no such thing. */
static const struct segment_id *
last_act(const struct making *m, enum act act)
{
	const struct segment_id *id = &m->w->ref[0].id;

	for (size_t k = 0; k < m->at; k++)
		if ((m->e->knows >> k & 1) != 0 &&
		    letters[m->s->e[k].letter].act == act)
			id = &m->s->e[k].ref.id;
	return id;
}

/* The newest key that it was given, as far as it knew. */
static const uint8_t *
key_of(const struct making *m)
{
	const uint8_t *key = m->w->key;

	for (size_t k = 0; k < m->at; k++) {
		const struct event *e = &m->s->e[k];

		if ((m->e->knows >> k & 1) != 0 && e->has_key &&
		    e->has_new_key[m->l->by])
			key = e->key;
	}
	return key;
}

/* ---- bodies ------------------------------------------------------------------------ */

static void
put_data(const struct making *m, struct buf *body)
{
	struct replica *north = m->w->p.r[PAIR_NORTH];
	const struct table *t =
	    registry_table(replica_registry(north), m->l->table);
	struct write_field w = { .field = table_field(t, m->l->field) };
	struct buf scratch = { .limit = 4096 }, loose = { 0 };
	static struct op op;

	op = (struct op){ .kind = m->l->act == INSERT ? OP_INSERT : OP_SET,
		.table = t->number,
		.row = m->w->person,
		.at_ms = 1767600100000 + (int64_t)m->at,
		.field_count = 1 };
	if (value_parse(&w.value, &scratch, w.field->type, m->l->value, NULL) !=
	    OK)
		abort();
	op.fields[0].number = w.field->number;
	op.fields[0].value = w.value;
	if (t->single_field != 0)
		memset(op.row.b,
		    1 + (int)(m->l->act == INSERT ? m->l->by : m->l->whom),
		    sizeof(op.row.b));
	if (t->set_count != 0 &&
	    write_set_id(&op.row, north, t, &w, 1, NULL) != OK)
		abort();
	op_encode(&loose, &op);
	if (op_pack(body, loose.p, loose.n) != OK)
		abort();
	buf_release(&loose);
	buf_release(&scratch);
}

/* Grants in the making. */
struct giving {
	const struct making *m;
	struct grant_body body;
	uint8_t box[4][GRANT_BOX_MAX];
};

/* To the agency of a node, or to itself. */
static void
give(struct giving *g, enum grant_recipient kind, const struct identity *i,
    const uint8_t key[static SEGMENT_KEY_BYTES], enum grant_right right)
{
	struct members *members = replica_members(g->m->w->p.r[PAIR_NORTH]);
	struct grant_entry *e = &g->body.entry[g->body.count];
	struct grant_secret secret = { .subject = g->m->w->person,
		.category = "SUP.case" };
	struct grant_place place = { .compartment = g->m->w->compartment,
		.issuer = g->m->by->node };

	e->kind = kind;
	e->right = right;
	memcpy(e->recipient, kind == GRANT_AGENCY ? i->agency.b : i->node.b,
	    ID_BYTES);
	memcpy(secret.key, key, sizeof(secret.key));
	segment_key_id(&e->key_id, key);
	if (grant_box_seal(e, g->box[g->body.count], &place, &secret,
		kind == GRANT_AGENCY
		    ? members_agency(members, &i->agency)->box_key
		    : i->box_key,
		g->m->env) != OK)
		abort();
	g->body.count++;
}

static void
begin_giving(struct giving *g, const struct making *m)
{
	*g = (struct giving){ .m = m };
	g->body.owner = m->w->owner;
	memcpy(g->body.name, m->w->name, sizeof(g->body.name));
}

/* A new key for all who have one, but for whoever leaves. */
static void
give_new_key(struct giving *g, const struct letter *leaves)
{
	struct event *e = g->m->e;

	e->has_key = true;
	e->key[0] = 0x40;
	e->key[1] = (uint8_t)(1 + g->m->at);
	for (int k = 0; k < ACTORS; k++)
		e->has_new_key[k] =
		    leaves == NULL || leaves->whom != (enum actor)k;
	give(g, GRANT_AGENCY, scene_actor(NORTH), e->key, GRANT_WRITE);
	give(g, GRANT_NODE,
	    replica_identity(g->m->w->p.r[scene_taker(TAKER_LAPTOP)]), e->key,
	    GRANT_WRITE);
	if (e->has_new_key[LAPTOP])
		give(g, GRANT_NODE, scene_actor(LAPTOP), e->key, GRANT_WRITE);
	if (e->has_new_key[CLINIC])
		give(g, GRANT_AGENCY, scene_actor(CLINIC), e->key, GRANT_WRITE);
}

static void
put_grant(const struct making *m, struct buf *body)
{
	static struct giving g;

	begin_giving(&g, m);
	if (m->l->anew)
		give_new_key(&g, NULL);
	else
		give(&g, m->l->kind,
		    m->l->whom == ACTORS ? replica_identity(m->w->p.r[PAIR_HUB])
					 : scene_actor(m->l->whom),
		    m->w->key, GRANT_READ);
	grant_body_sort(&g.body);
	grant_body_encode(body, &g.body);
}

static void
point_at(struct control_point *p, const struct world_ref *ref)
{
	*p = (struct control_point){ .author = ref->author,
		.chain = ref->chain,
		.seq = ref->seq,
		.id = ref->id };
}

static void
put_removal(const struct making *m, struct buf *body)
{
	static struct giving g;
	static struct remove_body b;
	const struct identity *leaver = scene_actor(m->l->whom);

	memset(&b, 0, sizeof(b));
	b.reason = (enum remove_reason)m->l->reason;
	b.leaver_count = 1;
	b.leaver[0].kind = m->l->kind;
	memcpy(b.leaver[0].id,
	    m->l->kind == GRANT_AGENCY ? leaver->agency.b : leaver->node.b,
	    ID_BYTES);
	for (int chain = 0; chain <= CHAIN_DATA; chain++) {
		const struct world_ref *ref =
		    last_of(m, &leaver->author, chain);

		if (ref != NULL && remove_reason_cuts(b.reason))
			point_at(&b.cut[b.cut_count++], ref);
	}
	begin_giving(&g, m);
	if (m->l->by != CLINIC)
		give_new_key(&g, m->l);
	b.grant = g.body;
	remove_body_sort(&b);
	remove_body_encode(body, &b);
}

static void
put_points(const struct making *m, struct buf *body)
{
	static struct points_body b;

	b = (struct points_body){ .owner = m->w->owner, .count = 1 };
	memcpy(b.name, m->w->name, sizeof(b.name));
	point_at(&b.point[0], last_of_others(m));
	points_body_encode(body, m->l->act == ADOPT, &b);
}

static void
put_transfer(const struct making *m, struct buf *body)
{
	struct transfer_body b = { .owner = m->w->owner,
		.accept = m->l->act == ACCEPT,
		.to = scene_actor(CLINIC)->agency };

	memcpy(b.name, m->w->name, sizeof(b.name));
	if (b.accept)
		b.offer = *last_act(m, OFFER);
	transfer_body_encode(body, &b);
}

static void
put_shred(const struct making *m, struct buf *body)
{
	struct shred_body b = { .owner = m->w->owner,
		.done = m->l->act == DESTROYED };

	memcpy(b.name, m->w->name, sizeof(b.name));
	if (b.done)
		b.order = *last_act(m, DESTROY);
	shred_body_encode(body, &b);
}

/* What was known of whom it takes out still counts. */
static void
make_record(const struct making *m)
{
	const struct identity *i = scene_actor(m->l->whom);
	const struct world_ref *ref = last_of(m, &i->author, -1);
	struct member_cut cut = { .incarnation = i->incarnation };
	struct member_revoke v = { .node = i->node,
		.reason = (enum revocation_reason)m->l->reason };

	if (ref != NULL && revocation_reason_cuts(v.reason)) {
		cut.position = ref->position;
		cut.id = ref->id;
		v.cut = &cut;
		v.cut_count = 1;
	}
	m->e->is_record = true;
	if (member_make_revocation(&m->e->bytes, m->by, m->w->network, true,
		&v) != OK)
		abort();
}

/* ---- the segment --------------------------------------------------------------------- */

static const struct kind_of {
	enum segment_kind kind;
	void (*put)(const struct making *m, struct buf *body);
} kinds[] = {
	[SET] = { SEGMENT_DATA, put_data },
	[INSERT] = { SEGMENT_DATA, put_data },
	[GRANT] = { SEGMENT_GRANT, put_grant },
	[REMOVE] = { SEGMENT_REMOVE, put_removal },
	[JUDGE] = { SEGMENT_JUDGEMENT, put_points },
	[ADOPT] = { SEGMENT_ADOPT, put_points },
	[OFFER] = { SEGMENT_TRANSFER, put_transfer },
	[ACCEPT] = { SEGMENT_TRANSFER, put_transfer },
	[DESTROY] = { SEGMENT_SHRED, put_shred },
	[DESTROYED] = { SEGMENT_SHRED, put_shred },
};

static int
compare_deps(const void *a, const void *b)
{
	return segment_dep_compare(a, b);
}

/* It names the last of each chain that it knew, as far as it may. */
static void
put_deps(const struct making *m, struct segment_header *h)
{
	int chain = segment_chain(h->kind);
	const struct world_ref *ref;
	size_t kept = 0;

	for (size_t i = 0; known(m, i, &ref); i++) {
		struct segment_dep *d = &h->deps[h->dep_count];

		if (ref == NULL || (chain < ref->chain) ||
		    (ref->chain == chain && id_equal(&ref->author, &h->author)))
			continue;
		*d = (struct segment_dep){ .author = ref->author,
			.chain = ref->chain,
			.seq = ref->seq };
		memcpy(d->ref, ref->id.b, sizeof(d->ref));
		h->dep_count++;
	}
	qsort(h->deps, h->dep_count, sizeof(h->deps[0]), compare_deps);
	/* the same said twice by one who does not know it is one segment */
	for (size_t i = 0; i < h->dep_count; i++)
		if (kept == 0 ||
		    compare_deps(&h->deps[kept - 1], &h->deps[i]) != 0)
			h->deps[kept++] = h->deps[i];
	h->dep_count = kept;
}

static void
make_segment(const struct making *m)
{
	static struct segment_header h;
	const struct kind_of *k = &kinds[m->l->act];
	int chain = segment_chain(k->kind);
	const struct world_ref *prev = last_of(m, &m->by->author, chain);
	const struct world_ref *top = last_of(m, &m->by->author, -1);
	struct world_ref *ref = &m->e->ref;
	struct buf body = { 0 };

	memset(&h, 0, sizeof(h));
	h.kind = k->kind;
	h.lane = k->kind == SEGMENT_DATA ? 1 : 0;
	h.compartment = m->w->compartment;
	h.author = m->by->author;
	h.seq = prev != NULL ? prev->seq + 1 : 1;
	h.position = top != NULL ? top->position + 1 : 1;
	h.schema = k->kind == SEGMENT_DATA ? 1 : 0;
	put_deps(m, &h);
	k->put(m, &body);
	*ref = (struct world_ref){ .author = h.author,
		.chain = chain,
		.seq = h.seq,
		.position = h.position };
	if (segment_make(&m->e->bytes, &ref->id,
		&(struct segment_make){ .header = &h,
		    .body = body.p,
		    .body_n = body.n,
		    .key = k->kind == SEGMENT_DATA ? key_of(m) : NULL,
		    .network = m->w->network,
		    .prev = prev != NULL ? &prev->id : NULL,
		    .secret_key = m->by->sign_secret },
		m->env, NULL) != OK)
		abort();
	buf_release(&body);
}

void
story_make(struct story *s)
{
	for (size_t k = 0; k < s->n; k++) {
		struct making m = { .w = scene(),
			.s = s,
			.at = k,
			.e = &s->e[k],
			.l = &letters[s->e[k].letter],
			.env = scene_maker(k) };

		m.by = scene_actor(m.l->by);
		if (m.l->act == REVOKE)
			make_record(&m);
		else
			make_segment(&m);
	}
}

void
story_release(struct story *s)
{
	for (size_t k = 0; k < s->n; k++)
		buf_release(&s->e[k].bytes);
}

bool
story_may_undo(const struct story *s)
{
	bool judges = false, destroys = false;

	for (size_t k = 0; k < s->n; k++) {
		judges = judges || letters[s->e[k].letter].act == JUDGE;
		destroys = destroys || letters[s->e[k].letter].act == DESTROY;
	}
	return judges && destroys;
}

/* ---- as text --------------------------------------------------------------------------- */

void
story_print(struct buf *out, const struct story *s)
{
	for (size_t k = 0; k < s->n; k++)
		buf_printf(out, "%s%zu/%x", k > 0 ? " " : "", s->e[k].letter,
		    s->e[k].knows);
	buf_text(out, "'");
	for (size_t k = 0; k < s->n; k++) {
		buf_printf(out, "\n#   %c %s", (int)('a' + k),
		    letters[s->e[k].letter].says);
		for (size_t i = 0; i < k; i++)
			if ((s->e[k].knows >> i & 1) != 0)
				buf_printf(out, "%s%c",
				    s->e[k].knows % (1u << i) == 0
					? ", knowing "
					: " ",
				    (int)('a' + i));
	}
}

bool
story_parse(struct story *s, const char *text)
{
	*s = (struct story){ .n = 0 };
	while (*text != '\0') {
		struct event *e = &s->e[s->n];
		char *end;

		if (s->n == STORY_MAX)
			return false;
		e->letter = strtoull(text, &end, 10);
		if (*end != '/' || e->letter >= letter_count)
			return false;
		e->knows = (unsigned)strtoul(end + 1, &end, 16);
		if (e->knows >> s->n != 0)
			return false;
		for (text = end; *text == ' ';)
			text++;
		s->n++;
	}
	return s->n > 0;
}

void
story_give(const struct story *s, size_t at, enum taker t)
{
	const struct event *e = &s->e[at];
	struct pair *p = &scene()->p;
	enum member_result result;

	if (!e->is_record)
		(void)pair_give(p, scene_taker(t), e->bytes.p, e->bytes.n,
		    PAIR_NORTH);
	else if (replica_add_member(p->r[scene_taker(t)], &result, e->bytes.p,
		     e->bytes.n, NULL, NULL) != OK)
		abort();
}

/* ---- what a sweep brings --------------------------------------------------------------- */

/* The next that a taker asks for, after number *no; *no 0: none. */
static void
next_wanted(struct replica *r, int64_t *no, struct segment_id *id)
{
	struct stmt *s;
	bool row;

	if (db_stmt(&s, replica_db(r),
		"SELECT s.no, s.id FROM _wanted w JOIN _segment s ON"
		" s.no = w.segment WHERE s.no > ?1 ORDER BY s.no LIMIT 1",
		NULL) != OK)
		abort();
	stmt_int(s, 1, *no);
	if (stmt_step(s, &row, NULL) != OK)
		abort();
	*no = row ? stmt_col_int(s, 0) : 0;
	if (row)
		(void)stmt_col_copy(s, 1, id->b, sizeof(id->b));
	stmt_reset(s);
}

/* Of the events, or of what was there before them. */
static void
whole_of(const struct story *s, struct buf *out, const struct segment_id *id)
{
	struct replica *north = scene()->p.r[PAIR_NORTH];
	const uint8_t *p;
	struct stmt *q;
	size_t n;
	bool row;

	buf_reset(out);
	for (size_t k = 0; k < s->n; k++)
		if (!s->e[k].is_record && id_equal(&s->e[k].ref.id, id))
			buf_put(out, s->e[k].bytes.p, s->e[k].bytes.n);
	if (out->n > 0)
		return;
	if (db_stmt(&q, replica_db(north),
		"SELECT bytes FROM _segment WHERE id = ?1", NULL) != OK)
		abort();
	stmt_blob(q, 1, id->b, sizeof(id->b));
	if (stmt_step(q, &row, NULL) != OK || !row)
		abort();
	p = stmt_col_blob(q, 0, &n);
	buf_put(out, p, n);
	stmt_reset(q);
}

void
story_sweep(const struct story *s, enum taker t)
{
	struct pair *p = &scene()->p;
	struct buf whole = { 0 };
	struct segment_id id;
	int64_t no = 0;

	for (;;) {
		next_wanted(p->r[scene_taker(t)], &no, &id);
		if (no == 0)
			break;
		whole_of(s, &whole, &id);
		(void)pair_give(p, scene_taker(t), whole.p, whole.n,
		    PAIR_NORTH);
	}
	buf_release(&whole);
}
