/*
 * The world's pool: every sealed segment of the compartment, read once, and who
 * was given which. Causality is kept as bit sets over it.
 */
#include "tests/prop/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/grant.h"

struct compartment *
world_compartment(struct world *w, unsigned n)
{
	struct compartment *c;
	struct fail f = { 0 };
	enum err e =
	    compartment_by_id(w->node[n].replica, &c, &w->compartment, &f);

	if (e == ERR_NOTFOUND)
		return NULL;
	world_must(e, &f, "compartment");
	return c;
}

struct row_id
world_note(struct world *w, unsigned n)
{
	struct world_known *k = &w->known[w->op_count++];
	struct row_id staff = { { 0 } };
	uint64_t number = w->op_count; /* from 1: zero is nobody */

	if (w->op_count > WORLD_OPS)
		abort();
	world_set_of(w, n, k->stored, k->readable);
	for (size_t i = 0; i < 8; i++)
		staff.b[i] = (uint8_t)(number >> (8 * i));
	return staff;
}

struct model_value
world_value(const struct value *v)
{
	switch (v->type) {
	case VALUE_NULL:
		return (struct model_value){ .kind = MODEL_NULL };
	case VALUE_INT:
	case VALUE_DATE:
	case VALUE_TIME:
		return (
		    struct model_value){ .kind = MODEL_NUMBER, .number = v->i };
	case VALUE_TEXT:
	case VALUE_BYTES:
	case VALUE_ID:
		break;
	}
	return (struct model_value){
		.kind = MODEL_TEXT,
		.text = (const char *)v->p,
		.n = v->type == VALUE_ID ? ID_BYTES : v->n,
	};
}

size_t
world_ops(struct model_op **ops, const struct buf *payload)
{
	struct op_reader r;
	struct op op;
	size_t count = 0;

	*ops = NULL;
	op_reader_init(&r, payload->p, payload->n);
	while (op_reader_next(&r, &op)) {
		struct model_op *m;

		*ops = realloc(*ops, (count + 1) * sizeof(**ops));
		if (*ops == NULL)
			abort();
		m = &(*ops)[count++];
		*m = (struct model_op){ .insert = op.kind == OP_INSERT,
			.table = op.table,
			.at = op.at_ms };
		memcpy(m->row, op.row.b, 16);
		for (size_t i = 0; i < op.field_count; i++) {
			unsigned k = op.fields[i].number;

			m->named |= MODEL_BIT(k);
			m->values[k] = world_value(&op.fields[i].value);
		}
	}
	world_must(r.err, NULL, "payload");
	return count;
}

/* The world_note number of the earliest operation. */
static size_t
first_note(const struct buf *payload)
{
	struct op_reader r;
	struct op op;
	uint64_t first = 0;

	op_reader_init(&r, payload->p, payload->n);
	while (op_reader_next(&r, &op)) {
		uint64_t number = 0;

		for (size_t i = 8; i-- > 0;)
			number = number << 8 | op.staff.b[i];
		if (first == 0 || number < first)
			first = number;
	}
	return (size_t)first;
}

static void
find_deps(struct world *w, struct world_segment *s,
    const struct segment_header *h)
{
	for (size_t i = 0; i < w->pool_count; i++) {
		const struct world_segment *p = w->pool[i];
		bool dep = p->node == s->node && p->chain == s->chain &&
		    p->seq + 1 == s->seq;

		for (size_t d = 0; d < h->dep_count; d++)
			dep |= memcmp(p->id.b, h->deps[d].ref,
				   SEGMENT_REF_BYTES) == 0;
		if (!dep)
			continue;
		s->deps[s->dep_count++] = i;
		world_put(s->past, i);
		for (size_t k = 0; k < COUNT_OF(s->past); k++)
			s->past[k] |= p->past[k];
	}
	if (s->dep_count != h->dep_count + (s->seq > 1)) {
		(void)snprintf(w->wrong, sizeof(w->wrong),
		    "a segment of node %u names what nobody has", s->node);
	}
}

/*
 * Its past must be what its writer had seen at its first write: all that was
 * readable there and what that builds on, nothing else (own work set aside).
 */
static void
check_past(struct world *w, const struct world_segment *s)
{
	size_t note = s->payload.n > 0 ? first_note(&s->payload) : 0;
	const struct world_known *k;
	world_set seen;

	if (s->chain != CHAIN_DATA || note == 0 || note > w->op_count)
		return;
	k = &w->known[note - 1];
	memcpy(seen, k->readable, sizeof(seen));
	for (size_t i = 0; i < w->pool_count; i++)
		for (size_t j = 0;
		     world_has(k->readable, i) && j < COUNT_OF(seen); j++)
			seen[j] |= w->pool[i]->past[j];
	for (size_t i = 0; i < w->pool_count; i++) {
		bool past = world_has(s->past, i);

		if (w->pool[i]->chain != CHAIN_DATA ||
		    w->pool[i]->node == s->node || past == world_has(seen, i))
			continue;
		(void)snprintf(w->wrong, sizeof(w->wrong),
		    "node %u seq %u %s segment %zu", s->node, (unsigned)s->seq,
		    past ? "claims to have seen" : "hides that it saw", i);
	}
}

static void
take_segment(struct world *w, unsigned n, const uint8_t *bytes, size_t size,
    const struct segment_id *id, int64_t no)
{
	struct world_segment *s = calloc(1, sizeof(*s));
	struct segment segment;
	struct fail f = { 0 };

	if (s == NULL || w->pool_count == WORLD_SEGMENTS)
		abort();
	buf_put(&s->bytes, bytes, size);
	world_must(segment_parse(&segment, s->bytes.p, s->bytes.n, &f), &f,
	    "own segment");
	s->id = *id;
	s->node = n;
	s->chain = segment_chain(segment.header.kind);
	s->seq = segment.header.seq;
	s->schema = segment.header.schema;
	memcpy(s->key_prefix, segment.header.key_prefix, sizeof(s->key_prefix));
	find_deps(w, s, &segment.header);
	if (s->chain == CHAIN_DATA) {
		world_must(log_payload(w->node[n].replica, &s->payload, no, &f),
		    &f, "own payload");
		s->op_count = world_ops(&s->ops, &s->payload);
	}
	check_past(w, s);
	world_put(w->node[n].has, w->pool_count);
	w->pool[w->pool_count++] = s;
}

static bool
in_pool(const struct world *w, const struct segment_id *id)
{
	for (size_t i = 0; i < w->pool_count; i++)
		if (id_equal(&w->pool[i]->id, id))
			return true;
	return false;
}

struct found {
	int64_t no;
	struct segment_id id;
};

static size_t
sealed_here(struct world *w, unsigned n, int64_t cpt,
    struct found found[WORLD_SEGMENTS])
{
	struct fail f = { 0 };
	size_t count = 0;
	struct stmt *s;
	bool row;

	world_must(db_stmt(&s, replica_db(w->node[n].replica),
		       "SELECT no, id FROM _segment WHERE cpt = ?1 AND"
		       " position > 0 ORDER BY position",
		       &f),
	    &f, "segments");
	stmt_int(s, 1, cpt);
	for (;;) {
		struct segment_id id;

		world_must(stmt_step(s, &row, &f), &f, "segments");
		if (!row)
			return count;
		if (!stmt_col_copy(s, 1, id.b, sizeof(id.b)) || in_pool(w, &id))
			continue;
		found[count].no = stmt_col_int(s, 0);
		found[count++].id = id;
	}
}

void
world_seal(struct world *w, unsigned n)
{
	struct replica *r = w->node[n].replica;
	struct compartment *c = world_compartment(w, n);
	struct found found[WORLD_SEGMENTS];
	int64_t sealed, kept;
	struct fail f = { 0 };
	size_t count;

	world_must(log_seal(r, &sealed, &kept, &f), &f, "sealing");
	if (c == NULL)
		return;
	count = sealed_here(w, n, c->no, found);
	for (size_t i = 0; i < count; i++) {
		struct buf bytes = { 0 };

		world_must(log_bytes(r, &bytes, found[i].no, &f), &f, "bytes");
		take_segment(w, n, bytes.p, bytes.n, &found[i].id, found[i].no);
		buf_release(&bytes);
	}
}

enum outcome
world_give(struct world *w, unsigned n, size_t segment)
{
	struct replica *r = w->node[n].replica;
	const struct world_segment *s = w->pool[segment];
	enum outcome outcome = OUTCOME_REFUSED;
	struct fail why = { 0 }, f = { 0 };
	struct segment_id id;

	world_must(replica_begin(r, &f), &f, "begin");
	world_must(log_receive(r, &outcome, &id, s->bytes.p, s->bytes.n, NULL,
		       &why, &f),
	    &f, "receiving");
	world_must(replica_commit(r, &f), &f, "commit");
	if (outcome == OUTCOME_REFUSED || outcome == OUTCOME_QUARANTINED) {
		(void)snprintf(w->wrong, sizeof(w->wrong),
		    "node %u refused segment %zu: %.100s", n, segment,
		    why.text);
	}
	world_put(w->node[n].has, segment);
	return outcome;
}

void
world_sync(struct world *w, unsigned from, unsigned to, uint64_t shuffle)
{
	size_t order[WORLD_SEGMENTS], count = 0;

	world_seal(w, from);
	for (size_t i = 0; i < w->pool_count; i++)
		if (world_has(w->node[from].has, i) &&
		    !world_has(w->node[to].has, i))
			order[count++] = i;
	for (size_t i = count; shuffle != 0 && i > 1; i--) {
		size_t k = (size_t)world_draw(&shuffle, i), t = order[i - 1];

		order[i - 1] = order[k];
		order[k] = t;
	}
	for (size_t i = 0; i < count; i++)
		(void)world_give(w, to, order[i]);
}

static bool
holds_key(struct world *w, unsigned n, int64_t cpt, const uint8_t *prefix)
{
	uint8_t key[32];

	return grant_open_key(w->node[n].replica, cpt, prefix, 0, key, NULL) ==
	    OK;
}

/* All its dependencies are stored, and theirs; what an author wrote whom the
 * node does not know yet is parked, not stored. */
static bool
complete(const struct world *w, unsigned n, size_t i, const bool *known)
{
	const struct world_segment *s = w->pool[i];

	if (!world_has(w->node[n].has, i) || !known[s->node])
		return false;
	for (size_t k = 0; k < i; k++)
		if (world_has(s->past, k) &&
		    (!world_has(w->node[n].has, k) || !known[w->pool[k]->node]))
			return false;
	return true;
}

void
world_set_of(struct world *w, unsigned n, world_set stored, world_set readable)
{
	const struct members *m = replica_members(w->node[n].replica);
	struct compartment *c = world_compartment(w, n);
	int64_t cpt = c != NULL ? c->no : 0;
	bool known[WORLD_NODES];

	for (unsigned k = 0; k < WORLD_NODES; k++)
		known[k] = members_author(m, world_tag(k)) != NULL;
	memset(stored, 0, sizeof(world_set));
	memset(readable, 0, sizeof(world_set));
	for (size_t i = 0; i < w->pool_count; i++) {
		if (!complete(w, n, i, known))
			continue;
		world_put(stored, i);
		if (w->pool[i]->chain == CHAIN_DATA &&
		    holds_key(w, n, cpt, w->pool[i]->key_prefix))
			world_put(readable, i);
	}
}

enum err
world_share(struct world *w, unsigned by, int right, bool from_now,
    struct fail *f)
{
	static const char *const category[] = { WORLD_CATEGORY };
	struct grant_request q = {
		.subject = w->subject,
		.categories = category,
		.category_count = 1,
		.kind = GRANT_AGENCY,
		.right = (enum grant_right)right,
		.basis = "agreement:test",
		.from_now = from_now,
	};

	memcpy(q.recipient, world_agency(WORLD_FOREIGN)->b, ID_BYTES);
	return grant_share(w->node[by].replica, &q, NULL, NULL, f);
}

enum err
world_carry(struct world *w, unsigned by, struct fail *f)
{
	struct replica *r = w->node[by].replica;
	struct node_id id = world_node_id(WORLD_FIELD);
	int64_t granted;

	return grant_carry(r, &w->subject,
	    members_node(replica_members(r), &id), &granted, f);
}

static void
dump_ops(const struct world_segment *s)
{
	struct op_reader r;
	struct buf text = { 0 };
	struct op op;

	if (s->payload.n == 0)
		return;
	op_reader_init(&r, s->payload.p, s->payload.n);
	while (op_reader_next(&r, &op)) {
		printf("#       note %u @%lld %s table %u row %02x%02x:",
		    (unsigned)(op.staff.b[0] | op.staff.b[1] << 8),
		    (long long)(op.at_ms - WORLD_START_MS) / 1000,
		    op.kind == OP_INSERT ? "insert" : "set", op.table,
		    op.row.b[0], op.row.b[1]);
		for (size_t i = 0; i < op.field_count; i++) {
			buf_reset(&text);
			value_print(&text, &op.fields[i].value);
			printf(" %u='%s'", op.fields[i].number,
			    buf_cstr(&text));
		}
		printf("\n");
	}
	buf_release(&text);
}

void
world_dump(struct world *w)
{
	for (size_t i = 0; i < w->pool_count; i++) {
		const struct world_segment *s = w->pool[i];

		printf("#  %zu: node %u %s seq %u, after", i, s->node,
		    s->chain == CHAIN_DATA ? "data" : "control",
		    (unsigned)s->seq);
		for (size_t d = 0; d < s->dep_count; d++)
			printf(" %zu", s->deps[d]);
		printf("; at");
		for (unsigned n = 0; n < WORLD_NODES; n++)
			if (world_has(w->node[n].has, i))
				printf(" %u", n);
		printf("\n");
		dump_ops(s);
	}
}
