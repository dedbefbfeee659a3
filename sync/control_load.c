/*
 * A compartment's control segments out of the log, with who builds on whom.
 * Where two segments claim one place the predecessor is the one whose id gives
 * this segment's id; a dependency names the one it means.
 */
#include <stdlib.h>
#include <string.h>

#include "sync/control_i.h"
#include "sync/quota.h"

/* What an item is built on, before it is found: a number here, or a name. */
struct named {
	int64_t no; /* 0: by name */
	struct author_tag author;
	uint64_t seq;
	uint8_t ref[SEGMENT_REF_BYTES];
};

struct loaded {
	size_t named_first, named_count;
	size_t body_at; /* in bytes; NO_ITEM: a stub */
	/* for finding the predecessor among branches */
	size_t bytes_at, bytes_n;
};

struct loading {
	struct replica *r;
	struct control_item *items;
	struct loaded *of; /* per item */
	struct named *named;
	size_t *on, *by_place;
	struct buf bytes;
	struct quota_part *parts; /* every row, by number */
	size_t part_n, part_room, over;
	size_t n, item_room, of_room, named_n, named_room, on_n, on_room;
};

static void
loading_release(struct loading *l)
{
	free(l->items);
	free(l->of);
	free(l->named);
	free(l->on);
	free(l->by_place);
	free(l->parts);
	buf_release(&l->bytes);
}

/* ---- rows ----------------------------------------------------------------------- */

static enum err
add_named(struct loading *l, const struct named *name)
{
	if (!SETTLE_ROOM(l->named, l->named_room, l->named_n))
		return ERR_NOMEM;
	l->named[l->named_n++] = *name;
	l->of[l->n].named_count++;
	return OK;
}

static enum err
load_unsealed(struct loading *l, struct control_item *i, struct stmt *q)
{
	const uint8_t *p;
	struct rd rd;
	size_t n;
	enum err e = OK;

	i->seq = i->position = UINT64_MAX;
	p = stmt_col_blob(q, 6, &n);
	rd = rd_of(p, n);
	while (e == OK && rd_left(&rd) > 0) {
		struct named name = { .no = (int64_t)rd_uint(&rd) };

		e = add_named(l, &name);
	}
	p = stmt_col_blob(q, 7, &n);
	l->of[l->n].body_at = l->bytes.n;
	i->body_n = n;
	buf_put(&l->bytes, p, n);
	return e;
}

/* Held as its stub, with what it said beside it (shred_i.h). */
static void
load_said(struct loading *l, struct control_item *i, struct stmt *q)
{
	size_t n;
	const uint8_t *p = stmt_col_blob(q, 9, &n);

	l->of[l->n].body_at = l->bytes.n;
	i->body_n = n;
	buf_put(&l->bytes, p, n);
}

static enum err
load_sealed(struct loading *l, struct control_item *i, struct stmt *q,
    struct fail *f)
{
	struct loaded *of = &l->of[l->n];
	struct segment view;
	const uint8_t *p;
	size_t n;
	enum err e;

	(void)stmt_col_copy(q, 5, i->id.b, sizeof(i->id.b));
	p = stmt_col_blob(q, 7, &n);
	e = segment_parse(&view, p, n, f);
	if (e != OK)
		return fail_in(f, ERR_CORRUPT, "stored segment %lld",
		    (long long)i->no);
	for (size_t k = 0; e == OK && k < view.header.dep_count; k++) {
		const struct segment_dep *d = &view.header.deps[k];
		struct named name = { .author = d->author, .seq = d->seq };

		memcpy(name.ref, d->ref, sizeof(name.ref));
		if (d->chain == CHAIN_CONTROL)
			e = add_named(l, &name);
	}
	of->bytes_at = l->bytes.n;
	of->bytes_n = n;
	buf_put(&l->bytes, p, n);
	if (view.body != NULL) {
		of->body_at = of->bytes_at + (size_t)(view.body - p);
		i->body_n = view.header.body_bytes;
	} else if (!stmt_col_null(q, 9)) {
		load_said(l, i, q);
	}
	return e;
}

static enum err
load_one(struct loading *l, struct stmt *q, struct fail *f)
{
	const struct author *a = replica_author_no(l->r, stmt_col_int(q, 1));
	struct control_item *i;
	enum err e;

	if (!SETTLE_ROOM(l->items, l->item_room, l->n) ||
	    !SETTLE_ROOM(l->of, l->of_room, l->n))
		return fail_code(f, ERR_NOMEM);
	i = &l->items[l->n];
	*i = (struct control_item){
		.no = stmt_col_int(q, 0),
		.issuer = replica_author_node(l->r, stmt_col_int(q, 1)),
		.kind = (enum segment_kind)stmt_col_int(q, 2),
		.seq = (uint64_t)stmt_col_int(q, 3),
		.position = (uint64_t)stmt_col_int(q, 4),
	};
	l->of[l->n] =
	    (struct loaded){ .named_first = l->named_n, .body_at = NO_ITEM };
	if (a != NULL)
		i->author = a->tag;
	e = stmt_col_int(q, 8) <= STATE_CLOSED ? load_unsealed(l, i, q)
					       : load_sealed(l, i, q, f);
	if (e == OK)
		e = l->bytes.err;
	if (e == OK)
		l->n++;
	return e == OK || e == ERR_CORRUPT ? e : fail_code(f, e);
}

/* ---- what there is room for ------------------------------------------------------- */

#define COST_STEP_BYTES 8192
#define COST_REMOVAL 63

static enum err
add_part(struct loading *l, struct stmt *q)
{
	const struct author *a = replica_author_no(l->r, stmt_col_int(q, 1));
	const struct member_node *node =
	    replica_author_node(l->r, stmt_col_int(q, 1));
	struct quota_part *p;

	if (!SETTLE_ROOM(l->parts, l->part_room, l->part_n))
		return ERR_NOMEM;
	p = &l->parts[l->part_n++];
	*p = (struct quota_part){
		.no = stmt_col_int(q, 0),
		.seq = stmt_col_int(q, 4) <= STATE_CLOSED
		    ? UINT64_MAX
		    : (uint64_t)stmt_col_int(q, 2),
		.cost = 1 + (uint64_t)stmt_col_int(q, 6) / COST_STEP_BYTES,
	};
	(void)stmt_col_copy(q, 3, p->id.b, sizeof(p->id.b));
	if (stmt_col_int(q, 5) == SEGMENT_REMOVE)
		p->cost += COST_REMOVAL;
	if (a != NULL)
		p->author = a->tag;
	if (node != NULL) {
		p->agency = node->agency;
		p->node = node->id;
	}
	return OK;
}

/* A stub with what it said costs as much as the whole: 32 bytes of hash stand in
 * it for the body. */
static enum err
find_room(struct loading *l, int64_t cpt, struct fail *f)
{
	struct stmt *q;
	bool row;
	enum err e;

	e = db_stmt(&q, l->r->db,
	    "SELECT no, author, seq, id, state, kind, length(bytes) +"
	    " coalesce(length(d.body) - 32, 0) FROM _segment"
	    " LEFT JOIN _said d ON d.segment = no"
	    " WHERE cpt = ?1 AND chain = ?2",
	    f);
	if (e != OK)
		return e;
	stmt_int(q, 1, cpt);
	stmt_int(q, 2, CHAIN_CONTROL);
	while ((e = stmt_step(q, &row, f)) == OK && row) {
		e = add_part(l, q);
		if (e != OK)
			break;
	}
	stmt_reset(q);
	if (e == OK)
		e = quota_share(l->parts, l->part_n, l->r->bounds.control_cost,
		    &l->over);
	return e == ERR_NOMEM ? fail_code(f, e) : e;
}

/* Rows come by number, as the parts stand. */
static bool
is_over(const struct loading *l, size_t *at, int64_t no)
{
	while (*at < l->part_n && l->parts[*at].no < no)
		++*at;
	return *at < l->part_n && l->parts[*at].no == no && l->parts[*at].over;
}

static enum err
load_rows(struct loading *l, int64_t cpt, struct fail *f)
{
	struct stmt *q;
	size_t at = 0;
	bool row;
	enum err e;

	e = find_room(l, cpt, f);
	if (e != OK)
		return e;
	e = db_stmt(&q, l->r->db,
	    "SELECT no, author, kind, seq, position, id, deps, bytes, state,"
	    " d.body FROM _segment LEFT JOIN _said d ON d.segment = no"
	    " WHERE cpt = ?1 AND chain = ?2 ORDER BY no",
	    f);
	if (e != OK)
		return e;
	stmt_int(q, 1, cpt);
	stmt_int(q, 2, CHAIN_CONTROL);
	while ((e = stmt_step(q, &row, f)) == OK && row) {
		if (l->over > 0 && is_over(l, &at, stmt_col_int(q, 0)))
			continue;
		e = load_one(l, q, f);
		if (e != OK)
			break;
	}
	stmt_reset(q);
	return e;
}

/* ---- who builds on whom ------------------------------------------------------------ */

static int
compare_place(const struct control_item *i, const struct author_tag *author,
    uint64_t seq)
{
	int c = id_compare(&i->author, author);

	return c != 0 ? c : (i->seq > seq) - (i->seq < seq);
}

struct placed {
	const struct control_item *item;
	size_t at;
};

static int
compare_placed(const void *x, const void *y)
{
	const struct placed *a = x, *b = y;
	int c = compare_place(a->item, &b->item->author, b->item->seq);

	return c != 0 ? c : (a->at > b->at) - (a->at < b->at);
}

/* Items by author and seq; of one place as they came. */
static enum err
sort_places(struct loading *l)
{
	struct placed *p = calloc(l->n + 1, sizeof(*p));

	l->by_place = calloc(l->n + 1, sizeof(*l->by_place));
	if (l->by_place == NULL || p == NULL) {
		free(p);
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < l->n; i++)
		p[i] = (struct placed){ &l->items[i], i };
	if (l->n > 0)
		qsort(p, l->n, sizeof(*p), compare_placed);
	for (size_t i = 0; i < l->n; i++)
		l->by_place[i] = p[i].at;
	free(p);
	return OK;
}

/* The first in by_place at this place, or where it would stand. */
static size_t
find_place(const struct loading *l, const struct author_tag *author,
    uint64_t seq)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare_place(&l->items[l->by_place[mid]], author, seq) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool
is_at(const struct loading *l, size_t k, const struct author_tag *author,
    uint64_t seq)
{
	return k < l->n &&
	    compare_place(&l->items[l->by_place[k]], author, seq) == 0;
}

static size_t
find_named(const struct loading *l, const struct named *name)
{
	for (size_t k = find_place(l, &name->author, name->seq);
	     is_at(l, k, &name->author, name->seq); k++)
		if (memcmp(l->items[l->by_place[k]].id.b, name->ref,
			sizeof(name->ref)) == 0)
			return l->by_place[k];
	return NO_ITEM;
}

static size_t
find_number(const struct loading *l, int64_t no)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (l->items[mid].no < no)
			low = mid + 1;
		else
			high = mid;
	}
	return low < l->n && l->items[low].no == no ? low : NO_ITEM;
}

/* Does this id follow from that predecessor? */
static bool
is_prev(const struct loading *l, size_t i, size_t prev)
{
	struct segment_id id;
	struct segment view;

	if (segment_parse(&view, l->bytes.p + l->of[i].bytes_at,
		l->of[i].bytes_n, NULL) != OK)
		return false;
	segment_identify(&id, &view, members_network(l->r->members),
	    &l->items[prev].id);
	return id_equal(&id, &l->items[i].id);
}

static size_t
find_prev(const struct loading *l, size_t i)
{
	const struct control_item *of = &l->items[i];
	size_t k;

	if (of->seq == UINT64_MAX) {
		/* sealing keeps this order */
		for (k = i; k-- > 0;)
			if (id_equal(&l->items[k].author, &of->author))
				return k;
		return NO_ITEM;
	}
	k = find_place(l, &of->author, of->seq - 1);
	if (!is_at(l, k + 1, &of->author, of->seq - 1))
		return is_at(l, k, &of->author, of->seq - 1) ? l->by_place[k]
							     : NO_ITEM;
	for (; is_at(l, k, &of->author, of->seq - 1); k++)
		if (is_prev(l, i, l->by_place[k]))
			return l->by_place[k];
	return NO_ITEM;
}

static enum err
add_on(struct loading *l, size_t i, size_t on)
{
	if (on == NO_ITEM)
		return OK;
	if (!SETTLE_ROOM(l->on, l->on_room, l->on_n))
		return ERR_NOMEM;
	l->on[l->on_n++] = on;
	l->items[i].on_count++;
	return OK;
}

static enum err
link_items(struct loading *l)
{
	const size_t *on;
	enum err e = sort_places(l);

	for (size_t i = 0; e == OK && i < l->n; i++) {
		const struct loaded *of = &l->of[i];

		e = add_on(l, i, find_prev(l, i));
		for (size_t k = 0; e == OK && k < of->named_count; k++) {
			const struct named *name =
			    &l->named[of->named_first + k];

			e = add_on(l, i,
			    name->no != 0 ? find_number(l, name->no)
					  : find_named(l, name));
		}
	}
	on = l->on;
	for (size_t i = 0; e == OK && i < l->n; i++) {
		l->items[i].on = on;
		if (l->items[i].on_count > 0) /* else there may be no array */
			on += l->items[i].on_count;
		if (l->of[i].body_at != NO_ITEM)
			l->items[i].body = l->bytes.p + l->of[i].body_at;
	}
	return e;
}

enum err
control_load(struct control **out, struct replica *r,
    const struct compartment *c, struct fail *f)
{
	struct loading l = { .r = r, .bytes = { .limit = SIZE_MAX } };
	enum err e = load_rows(&l, c->no, f);

	if (e == OK) {
		e = link_items(&l);
		if (e != OK)
			(void)fail_set(f, e, "control: out of memory");
	}
	if (e == OK)
		e = control_settle(out, r->members, &c->id, l.items, l.n, f);
	if (e == OK)
		(*out)->over = l.over;
	loading_release(&l);
	return e;
}
