/*
 * The world's pool: every sealed segment of the compartment, read once, and who
 * was given which. Causality is kept as bit sets over it.
 */
#include "tests/prop/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/grant.h"
#include "tests/prop/oracle.h"

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

static struct row_id
staff_of(uint64_t number)
{
	struct row_id staff = { { 0 } };

	for (size_t i = 0; i < 8; i++)
		staff.b[i] = (uint8_t)(number >> (8 * i));
	return staff;
}

/* What does not count was not shown to who writes now: even if it is adopted
 * later, this does not build on it. */
static void
leave_uncounted(struct world *w, unsigned n, world_set readable)
{
	struct oracle *o = oracle_new(w, n);

	for (size_t i = 0; i < w->pool_count; i++)
		if (world_has(readable, i) && !oracle_counts(o, i))
			world_drop(readable, i);
	oracle_free(o);
}

static bool
shows_snapshot(struct world *w, unsigned n)
{
	const struct compartment *c = world_compartment(w, n);

	return c != NULL && (c->flags & COMPARTMENT_SNAPSHOT) != 0;
}

struct row_id
world_note(struct world *w, unsigned n)
{
	struct world_known *k = &w->known[w->op_count++];
	uint64_t number = w->op_count; /* from 1: zero is nobody */

	if (w->op_count > WORLD_OPS)
		abort();
	world_tell("note %u at machine %u", (unsigned)number, n);
	w->maker[number - 1] = n;
	world_set_of(w, n, k->stored, k->readable);
	if (w->took)
		leave_uncounted(w, n, k->readable);
	/* nobody builds on a snapshot, or on what comes behind it */
	if (shows_snapshot(w, n))
		memset(k->readable, 0, sizeof(k->readable));
	return staff_of(number);
}

bool
world_logged(struct world *w, unsigned n, size_t note)
{
	struct row_id staff = staff_of(note);
	struct fail f = { 0 };
	struct stmt *s;
	bool row;

	world_must(db_stmt(&s, replica_db(w->node[n].replica),
		       "SELECT 1 FROM _segment WHERE state <= 2 AND"
		       " instr(bytes, ?1) UNION ALL SELECT 1 FROM _open WHERE"
		       " instr(bytes, ?1) LIMIT 1",
		       &f),
	    &f, "unsealed");
	stmt_blob(s, 1, staff.b, sizeof(staff.b));
	world_must(stmt_step(s, &row, &f), &f, "unsealed");
	stmt_reset(s);
	return row;
}

/* The world_note number of the earliest operation; all of them are sealed. */
static size_t
first_note(struct world *w, unsigned node, const struct buf *payload)
{
	struct op_reader r;
	struct op op;
	uint64_t first = 0;

	op_reader_init(&r, payload->p, payload->n);
	while (op_reader_next(&r, &op)) {
		uint64_t number = 0;

		for (size_t i = 8; i-- > 0;)
			number = number << 8 | op.staff.b[i];
		if (number > 0 && number <= w->op_count) {
			w->sealed[number - 1] = true;
			w->at[number - 1] = w->pool_count;
		}
		/* what was offered and taken up is somebody else's */
		if (number > 0 && number <= w->op_count &&
		    w->node[w->maker[number - 1]].self == node &&
		    (first == 0 || number < first))
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
		bool dep = i == s->prev;

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
	size_t note =
	    s->payload.n > 0 ? first_note(w, s->node, &s->payload) : 0;
	const struct world_known *k;
	world_set seen;

	if (s->chain != CHAIN_DATA || note == 0 || note > w->op_count)
		return;
	k = &w->known[note - 1];
	memcpy(seen, k->readable, sizeof(seen));
	/* what its feed had seen may have ceased to count since */
	for (size_t j = 0; s->prev != SIZE_MAX && j < COUNT_OF(seen); j++)
		seen[j] |= w->pool[s->prev]->past[j];
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

static size_t
pool_at(const struct world *w, const struct segment_id *id)
{
	for (size_t i = 0; i < w->pool_count; i++)
		if (id_equal(&w->pool[i]->id, id))
			return i;
	return SIZE_MAX;
}

struct found {
	int64_t no;
	struct segment_id id, prev; /* prev: zeros for the first */
};

static void
take_segment(struct world *w, unsigned n, const uint8_t *bytes, size_t size,
    const struct found *found)
{
	struct world_segment *s = calloc(1, sizeof(*s));
	struct segment segment;
	struct fail f = { 0 };

	if (s == NULL || w->pool_count == WORLD_SEGMENTS)
		abort();
	buf_put(&s->bytes, bytes, size);
	world_must(segment_parse(&segment, s->bytes.p, s->bytes.n, &f), &f,
	    "own segment");
	s->id = found->id;
	s->node = w->node[n].self;
	s->tag = segment.header.author;
	s->kind = segment.header.kind;
	s->chain = segment_chain(segment.header.kind);
	s->seq = segment.header.seq;
	s->position = segment.header.position;
	s->prev = s->seq > 1 ? pool_at(w, &found->prev) : SIZE_MAX;
	s->schema = segment.header.schema;
	memcpy(s->key_prefix, segment.header.key_prefix, sizeof(s->key_prefix));
	find_deps(w, s, &segment.header);
	if (s->chain == CHAIN_DATA) {
		world_must(log_payload(w->node[n].replica, &s->payload,
			       found->no, &f),
		    &f, "own payload");
		s->op_count = as_model_ops(&s->ops, &s->payload);
	}
	check_past(w, s);
	world_tell("machine %u seals %zu, %s, under key %02x%02x", n,
	    w->pool_count, segment_kind_name(s->kind), s->key_prefix[0],
	    s->key_prefix[1]);
	world_put(w->node[n].has, w->pool_count);
	world_put(w->node[n].whole, w->pool_count);
	w->pool[w->pool_count++] = s;
}

static size_t
sealed_here(struct world *w, unsigned n, int64_t cpt,
    struct found found[WORLD_SEGMENTS])
{
	struct fail f = { 0 };
	size_t count = 0, at;
	struct stmt *s;
	bool row;

	world_must(db_stmt(&s, replica_db(w->node[n].replica),
		       "SELECT s.no, s.id, p.id FROM _segment s LEFT JOIN"
		       " _segment p ON p.no = s.prev WHERE s.cpt = ?1 AND"
		       " s.position > 0 ORDER BY s.position",
		       &f),
	    &f, "segments");
	stmt_int(s, 1, cpt);
	for (;;) {
		struct segment_id id;

		world_must(stmt_step(s, &row, &f), &f, "segments");
		if (!row)
			return count;
		if (!stmt_col_copy(s, 1, id.b, sizeof(id.b)))
			continue;
		at = pool_at(w, &id);
		/* a copy of this machine seals the very same, sometimes */
		if (at != SIZE_MAX && !world_has(w->node[n].has, at)) {
			world_put(w->node[n].has, at);
			world_put(w->node[n].whole, at);
		}
		if (at != SIZE_MAX)
			continue;
		(void)stmt_col_copy(s, 2, found[count].prev.b, sizeof(id.b));
		found[count].no = stmt_col_int(s, 0);
		found[count++].id = id;
	}
}

/* Nothing is sealed under a key that an ended epoch has, as far as its writer
 * can know: neither who was removed nor who was revoked reads on. */
static void
check_keys(struct world *w, unsigned n, size_t first)
{
	struct oracle *o = oracle_new(w, n);

	for (size_t i = first; i < w->pool_count; i++) {
		const struct world_segment *s = w->pool[i];

		if (s->chain == CHAIN_DATA && oracle_ended(o, s->key_prefix))
			(void)snprintf(w->wrong, sizeof(w->wrong),
			    "machine %u sealed segment %zu under a key of an"
			    " ended epoch",
			    n, i);
	}
	oracle_free(o);
}

void
world_seal(struct world *w, unsigned n)
{
	const size_t first = w->pool_count;
	struct found found[WORLD_SEGMENTS];
	struct compartment *c;
	struct fail f = { 0 };
	size_t count;

	world_follow(w, n);
	world_seal_log(w, n);
	c = world_compartment(w, n);
	if (c == NULL)
		return;
	count = sealed_here(w, n, c->no, found);
	for (size_t i = 0; i < count; i++) {
		struct buf bytes = { 0 };

		world_must(log_bytes(w->node[n].replica, &bytes, found[i].no,
			       &f),
		    &f, "bytes");
		take_segment(w, n, bytes.p, bytes.n, &found[i]);
		buf_release(&bytes);
	}
	world_obey(w, n);
	world_check_receipts(w, n, first);
	if (w->took && count > 0)
		check_keys(w, n, first);
}

enum outcome
world_give_bytes(struct world *w, unsigned n, size_t segment, const uint8_t *p,
    size_t size)
{
	enum outcome outcome = OUTCOME_REFUSED;
	struct fail why = { 0 };

	world_follow(w, n);
	world_receive(w, n, &outcome, p, size, &why);
	if (outcome == OUTCOME_REFUSED) {
		(void)snprintf(w->wrong, sizeof(w->wrong),
		    "node %u refused segment %zu: %.100s", n, segment,
		    why.text);
	}
	world_put(w->node[n].has, segment);
	world_obey(w, n);
	return outcome;
}

enum outcome
world_give(struct world *w, unsigned n, size_t segment)
{
	const struct buf *bytes = &w->pool[segment]->bytes;

	world_put(w->node[n].whole, segment);
	return world_give_bytes(w, n, segment, bytes->p, bytes->n);
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

	if (!world_has(w->node[n].has, i) || !known[i])
		return false;
	for (size_t k = 0; k < i; k++)
		if (world_has(s->past, k) &&
		    (!world_has(w->node[n].has, k) || !known[k]))
			return false;
	return true;
}

/* The author of each segment of the pool is a member, as far as n knows. */
static void
known_authors(bool known[WORLD_SEGMENTS], struct world *w, unsigned n)
{
	const struct members *m = replica_members(w->node[n].replica);

	for (size_t i = 0; i < w->pool_count; i++) {
		const struct world_segment *s = w->pool[i];

		known[i] = s->prev != SIZE_MAX
		    ? known[s->prev]
		    : members_author(m, &s->tag) != NULL;
	}
}

void
world_set_of(struct world *w, unsigned n, world_set stored, world_set readable)
{
	struct compartment *c = world_compartment(w, n);
	int64_t cpt = c != NULL ? c->no : 0;
	bool known[WORLD_SEGMENTS];

	known_authors(known, w, n);
	memset(stored, 0, sizeof(world_set));
	memset(readable, 0, sizeof(world_set));
	for (size_t i = 0; i < w->pool_count; i++) {
		if (!complete(w, n, i, known))
			continue;
		world_put(stored, i);
		if (w->pool[i]->chain == CHAIN_DATA &&
		    !world_only_stub(w, n, i) &&
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
		.lower = true,
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
		    segment_kind_name(s->kind), (unsigned)s->seq);
		for (size_t d = 0; d < s->dep_count; d++)
			printf(" %zu", s->deps[d]);
		printf("; at");
		for (unsigned n = 0; n < WORLD_MACHINES; n++)
			if (world_has(w->node[n].has, i))
				printf(" %u%s", n,
				    world_only_stub(w, n, i) ? "s" : "");
		printf("\n");
		dump_ops(s);
	}
}
