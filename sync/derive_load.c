/*
 * A compartment's log into memory: segments, who depends on whom, and the
 * operations that count. Their order is made in derive_order.c.
 */
#include "sync/derive_i.h"

#include <stdlib.h>

#include <sodium.h>

bool
derive_room(void **p, size_t *room, size_t count, size_t size)
{
	size_t more = *room == 0 ? 16 : *room * 2;
	void *grown;

	if (count < *room)
		return true;
	if (more > SIZE_MAX / size)
		return false;
	grown = realloc(*p, more * size);
	if (grown == NULL)
		return false;
	*p = grown;
	*room = more;
	return true;
}

static enum err
add_dep(struct derivation *d, const struct d_dep *dep, struct fail *f)
{
	if (!derive_room((void **)&d->deps, &d->dep_room, d->dep_count,
		sizeof(*d->deps)))
		return fail_code(f, ERR_NOMEM);
	d->deps[d->dep_count++] = *dep;
	return OK;
}

/* ---- loading ---- */

static enum err
load_unsealed(struct derivation *d, struct d_segment *s, struct stmt *q,
    struct fail *f)
{
	const uint8_t *p;
	enum err e = OK;
	struct rd rd;
	size_t n;

	s->seq = s->position = UINT64_MAX;
	s->schema = d->r->registry->version;
	s->readable = true;
	p = stmt_col_blob(q, 6, &n);
	rd = rd_of(p, n);
	while (e == OK && rd_left(&rd) > 0) {
		struct d_dep dep = { .no = (int64_t)rd_uint(&rd) };

		e = add_dep(d, &dep, f);
		s->dep_count++;
	}
	return e;
}

static enum err
load_sealed(struct derivation *d, struct d_segment *s, struct stmt *q,
    struct fail *f)
{
	struct segment view;
	const uint8_t *p;
	enum err e;
	size_t n;

	(void)stmt_col_copy(q, 5, s->id.b, sizeof(s->id.b));
	p = stmt_col_blob(q, 7, &n);
	e = segment_parse(&view, p, n, f);
	if (e != OK)
		return fail_in(f, ERR_CORRUPT, "stored segment %lld",
		    (long long)s->no);
	s->schema = view.header.schema;
	s->position = view.header.position;
	memcpy(s->key_prefix, view.header.key_prefix, sizeof(s->key_prefix));
	for (size_t i = 0; e == OK && i < view.header.dep_count; i++) {
		const struct segment_dep *from = &view.header.deps[i];
		const struct author *a = replica_author(d->r, &from->author);
		struct d_dep dep = {
			.author_no = a != NULL ? a->no : -1,
			.chain = from->chain,
			.seq = from->seq,
		};

		memcpy(dep.ref, from->ref, sizeof(dep.ref));
		e = add_dep(d, &dep, f);
		s->dep_count++;
	}
	return e;
}

enum err
derive_payload(struct derivation *d, struct d_segment *s, struct stmt *q,
    struct fail *f)
{
	struct segment view;
	const uint8_t *p;
	size_t n;
	enum err e;

	p = stmt_col_blob(q, 7, &n);
	s->payload_at = d->payloads.n;
	if (s->state <= STATE_CLOSED) {
		e = log_pack(d->r, &d->payloads, s->no, p, n, f);
	} else {
		e = segment_parse(&view, p, n, f);
		if (e != OK)
			return fail_in(f, ERR_CORRUPT, "stored segment %lld",
			    (long long)s->no);
		e = log_open_segment(d->r, &d->payloads, d->c->no, &view, f);
		s->readable = e == OK;
	}
	s->payload_n = d->payloads.n - s->payload_at;
	return e == ERR_NOTFOUND ? OK : e;
}

/* Once there is too much, only the lengths are asked for. */
static enum err
load_payload(struct derivation *d, struct d_segment *s, struct stmt *q,
    struct fail *f)
{
	enum err e;

	if (s->kind != SEGMENT_DATA || s->why != COUNTS)
		return OK;
	e = derive_payload(d, s, q, f);
	if (e == OK && s->state > STATE_CLOSED)
		d->payload += s->payload_n;
	d->over = d->over || d->payload > d->r->bounds.compartment_bytes;
	if (d->over)
		d->payloads.n = s->payload_at;
	return e;
}

static enum err
load_one(struct derivation *d, struct stmt *q, struct fail *f)
{
	const struct author *a;
	struct d_segment *s;
	enum err e;

	if (!derive_room((void **)&d->segments, &d->segment_room,
		d->segment_count, sizeof(*d->segments)))
		return fail_code(f, ERR_NOMEM);
	s = &d->segments[d->segment_count];
	*s = (struct d_segment){
		.no = stmt_col_int(q, 0),
		.author_no = stmt_col_int(q, 1),
		.chain = (int)stmt_col_int(q, 2),
		.seq = (uint64_t)stmt_col_int(q, 3),
		.kind = (enum segment_kind)stmt_col_int(q, 4),
		.state = (enum segment_state)stmt_col_int(q, 8),
		.prev_no = stmt_col_int(q, 9),
		.stored_why = (int)stmt_col_int(q, 10),
		.prev = NOWHERE,
		.dep_first = d->dep_count,
	};
	if (s->state == STATE_BEYOND)
		s->why = UNCOUNTED_BEYOND;
	a = replica_author_no(d->r, s->author_no);
	if (a != NULL)
		s->tag = a->tag;
	e = s->state <= STATE_CLOSED ? load_unsealed(d, s, q, f)
				     : load_sealed(d, s, q, f);
	if (e == OK)
		e = load_payload(d, s, q, f);
	if (e == OK)
		d->segment_count++;
	return e;
}

/* Is it among those that are asked for? */
static bool
is_asked(const struct derivation *d, int64_t no)
{
	size_t low = 0, high;

	if (d->only == NULL)
		return true;
	high = d->only->n / sizeof(no);
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int64_t at;

		memcpy(&at, d->only->p + mid * sizeof(at), sizeof(at));
		if (at == no)
			return true;
		if (at < no)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

static enum err
load_segments(struct derivation *d, struct fail *f)
{
	struct stmt *q;
	bool row;
	enum err e;

	e = db_stmt(&q, d->r->db,
	    DERIVE_COLUMNS " WHERE cpt = ?1 AND chain <= 1 AND state > ?2"
			   " ORDER BY no",
	    f);
	if (e != OK)
		return e;
	stmt_int(q, 1, d->c->no);
	stmt_int(q, 2, d->sealed_only ? STATE_CLOSED : 0);
	while ((e = stmt_step(q, &row, f)) == OK && row) {
		if (!is_asked(d, stmt_col_int(q, 0)))
			continue;
		e = load_one(d, q, f);
		if (e != OK)
			break;
	}
	stmt_reset(q);
	return e;
}

/* ---- who depends on whom ---- */

struct named {
	int64_t author_no;
	int chain;
	uint64_t seq;
	uint32_t index;
};

static int
named_compare(const void *x, const void *y)
{
	const struct named *a = x, *b = y;

	if (a->author_no != b->author_no)
		return a->author_no < b->author_no ? -1 : 1;
	if (a->chain != b->chain)
		return a->chain - b->chain;
	if (a->seq != b->seq)
		return a->seq < b->seq ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static uint32_t
find_named(const struct derivation *d, const struct named *names,
    int64_t author_no, int chain, uint64_t seq, const uint8_t *ref)
{
	struct named key = { author_no, chain, seq, 0 };
	size_t low = 0, high = d->segment_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (named_compare(&names[mid], &key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < d->segment_count; low++) {
		const struct named *at = &names[low];

		if (at->author_no != author_no || at->chain != chain ||
		    at->seq != seq)
			break;
		if (memcmp(d->segments[at->index].id.b, ref,
			SEGMENT_REF_BYTES) == 0)
			return at->index;
	}
	return NOWHERE;
}

uint32_t
derivation_find(const struct derivation *d, int64_t no)
{
	size_t low = 0, high = d->segment_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (d->segments[mid].no < no)
			low = mid + 1;
		else
			high = mid;
	}
	return low < d->segment_count && d->segments[low].no == no
	    ? (uint32_t)low
	    : NOWHERE;
}

/* The predecessor in the author's chain: for unsealed work the latest before
 * it, since sealing keeps that order. */
static void
find_prev(const struct derivation *d, uint32_t at)
{
	struct d_segment *s = &d->segments[at];

	if (s->seq != UINT64_MAX) {
		if (s->seq > 1) {
			s->prev = derivation_find(d, s->prev_no);
			s->lacks = s->prev == NOWHERE;
		}
		return;
	}
	for (uint32_t i = at; i-- > 0;) {
		const struct d_segment *o = &d->segments[i];

		if (o->author_no == s->author_no && o->chain == s->chain) {
			s->prev = i;
			return;
		}
	}
}

static enum err
resolve(struct derivation *d, struct fail *f)
{
	struct named *names;

	names = malloc((d->segment_count + 1) * sizeof(*names));
	if (names == NULL)
		return fail_code(f, ERR_NOMEM);
	for (size_t i = 0; i < d->segment_count; i++) {
		const struct d_segment *s = &d->segments[i];

		names[i] = (struct named){ s->author_no, s->chain, s->seq,
			(uint32_t)i };
	}
	qsort(names, d->segment_count, sizeof(*names), named_compare);
	for (size_t i = 0; i < d->segment_count; i++) {
		struct d_segment *s = &d->segments[i];

		find_prev(d, (uint32_t)i);
		for (size_t k = 0; k < s->dep_count; k++) {
			struct d_dep *dep = &d->deps[s->dep_first + k];

			dep->index = dep->no != 0
			    ? derivation_find(d, dep->no)
			    : find_named(d, names, dep->author_no, dep->chain,
				  dep->seq, dep->ref);
			if (dep->index == NOWHERE)
				s->lacks = true;
		}
	}
	free(names);
	return OK;
}

/* ---- operations ---- */

static enum err
keep_op(struct derivation *d, uint32_t segment, unsigned index,
    const struct op *op, const struct d_op *like, struct fail *f)
{
	struct d_op *to;

	if (!derive_room((void **)&d->ops, &d->op_room, d->op_count,
		sizeof(*d->ops)))
		return fail_code(f, ERR_NOMEM);
	to = &d->ops[d->op_count++];
	*to = (struct d_op){
		.segment = segment,
		.order = d->segments[segment].order,
		.index = index,
		.insert = op->kind == OP_INSERT,
		.table = op->table,
		.row = op->row,
		.staff = op->staff,
		.at_ms = op->at_ms,
		.offset_min = op->offset_min,
		.mask = like->mask,
		.proposed = like->proposed,
		.proposal = like->proposal,
		.answer = like->answer,
		.of_owner = like->of_owner,
		.agency = like->agency,
		.reason = op->reason,
		.field_first = d->field_count,
		.field_count = op->field_count,
	};
	d->any_proposal |= to->proposed != 0 || to->answer;
	for (size_t i = 0; i < op->field_count; i++) {
		if (!derive_room((void **)&d->fields, &d->field_room,
			d->field_count, sizeof(*d->fields)))
			return fail_code(f, ERR_NOMEM);
		d->fields[d->field_count++] =
		    (struct d_field){ op->fields[i].number,
			    op->fields[i].value };
	}
	return OK;
}

static enum err
decode_segment(struct derivation *d, uint32_t at, struct fail *f)
{
	const struct d_segment *s = &d->segments[at];
	size_t ops = d->op_count, fields = d->field_count;
	struct judge_author author;
	struct op_reader reader;
	enum err e;
	struct op op;

	e = judge_author(&author, d->r, d->c,
	    replica_author_node(d->r, s->author_no), f);
	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	derive_judge_right(d, at, &author);
	op_reader_init(&reader, d->payloads.p + s->payload_at, s->payload_n);
	while (e == OK && op_reader_next(&reader, &op)) {
		struct d_op like = { .of_owner = author.of_owner,
			.agency = &author.node->agency };
		enum verdict v = judge_op(&like.mask, &like.proposed, d->r,
		    d->c, &author, s->schema, &op);

		like.proposal = v == VERDICT_PROPOSAL;
		like.answer = v == VERDICT_ANSWER;
		if (v == VERDICT_COUNTS)
			replica_saw_work(d->r, author.node, author.of_owner,
			    op.at_ms);
		if (v == VERDICT_VOID)
			d->void_ops++;
		else if (v != VERDICT_UNKNOWN)
			e = keep_op(d, at, reader.index, &op, &like, f);
	}
	if (e == OK && reader.err != OK) {
		/* malformed: void as a whole */
		d->op_count = ops;
		d->field_count = fields;
		d->void_ops++;
	}
	return e;
}

static enum err
decode_all(struct derivation *d, struct fail *f)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < d->placed_count; i++) {
		const struct d_segment *s = &d->segments[d->order[i]];

		if (s->kind == SEGMENT_DATA && s->readable && s->why == COUNTS)
			e = decode_segment(d, d->order[i], f);
	}
	return e;
}

enum err
derivation_load(struct derivation *d, struct fail *f)
{
	enum err e;

	/* what is sealed is bounded (derive_share); what is not, by who types */
	d->payloads.limit = (size_t)1024 * 1024 * 1024;
	e = load_segments(d, f);
	if (e == OK && d->over)
		e = derive_share(d, f);
	if (e == OK)
		e = resolve(d, f);
	if (e == OK)
		e = derivation_order(d, f);
	if (e == OK)
		e = derive_find_said(d, f);
	return e == OK ? decode_all(d, f) : e;
}

void
derivation_release(struct derivation *d)
{
	control_free(d->control);
	free(d->segments);
	free(d->deps);
	free(d->ops);
	free(d->fields);
	free(d->order);
	free(d->past);
	free(d->unreadable);
	free(d->said_at);
	buf_release(&d->payloads);
}
