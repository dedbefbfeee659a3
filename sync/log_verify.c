/*
 * Proving the log: every chain, id and signature computed again; deep also
 * compares what the log says with what the tables hold.
 */
#include "sync/attachment.h"
#include "sync/derive.h"
#include "sync/log_i.h"

#include <stdlib.h>

/* Of one step: enough for several processors to have something to do. */
#define STEP_SEGMENTS 512
#define STEP_COMPARTMENTS 32

enum stage { MEMBERS, CHAINS, TABLES, END };

static enum err
damaged(struct fail *f, int64_t no, const char *what)
{
	return fail_set(f, ERR_CORRUPT,
	    "segment %lld: %s. What is intact stays usable; footbridge held"
	    " and a sync bring it again",
	    (long long)no, what);
}

/* What is left to be checked of a segment whose place and id fit: the dear
 * part, which needs nothing but itself. */
struct signed_by {
	int64_t no;
	struct segment_id id;
	uint8_t signature[64], key[32];
	bool fits;
};

struct batch {
	struct signed_by at[STEP_SEGMENTS];
	size_t count;
};

/* What the row says of the segment, which is how it is found, is what its own
 * bytes say. */
static bool
stands(struct replica *r, struct stmt *s, const struct segment_header *h)
{
	const struct author *a = replica_author_no(r, stmt_col_int(s, 2));
	struct compartment_id id;

	return a != NULL && id_equal(&a->tag, &h->author) &&
	    stmt_col_int(s, 3) == segment_chain(h->kind) &&
	    stmt_col_int(s, 7) == (int64_t)h->seq &&
	    stmt_col_int(s, 8) == (int64_t)h->position &&
	    stmt_col_int(s, 9) == (int64_t)h->kind &&
	    stmt_col_copy(s, 10, id.b, sizeof(id.b)) &&
	    id_equal(&id, &h->compartment);
}

static enum err
verify_place(struct replica *r, struct log_verifying *v, struct signed_by *to,
    struct stmt *s, struct fail *f)
{
	int64_t no = stmt_col_int(s, 0), cpt = stmt_col_int(s, 1);
	int64_t author = stmt_col_int(s, 2);
	int64_t chain = stmt_col_int(s, 3);
	const struct member_node *node = replica_author_node(r, author);
	struct segment_id id, stored, prev;
	struct segment view;
	const uint8_t *p;
	bool first;
	size_t n;

	p = stmt_col_blob(s, 5, &n);
	if (segment_parse(&view, p, n, NULL) != OK)
		return damaged(f, no, "its bytes are malformed");
	if (!stands(r, s, &view.header))
		return damaged(f, no, "it does not stand where its bytes say");
	v->cpt = cpt;
	v->author = author;
	v->chain = chain;
	v->seq = view.header.seq;
	v->no = no;
	first = view.header.seq == 1;
	/* whose own id was computed again when its turn came */
	if (!first && !stmt_col_copy(s, 6, prev.b, sizeof(prev.b)))
		return damaged(f, no, "the one before it is missing");
	segment_identify(&id, &view, members_network(r->members),
	    first ? NULL : &prev);
	if (!stmt_col_copy(s, 4, stored.b, sizeof(stored.b)) ||
	    !id_equal(&id, &stored))
		return damaged(f, no, "its chain does not fit");
	if (node == NULL)
		return damaged(f, no, "its signature does not fit");
	to->no = no;
	to->id = id;
	memcpy(to->signature, view.signature, sizeof(to->signature));
	memcpy(to->key, node->sign_key, sizeof(to->key));
	return OK;
}

static void
verify_signature(void *context, size_t i)
{
	struct signed_by *s = &((struct batch *)context)->at[i];

	s->fits = segment_verify_signature(s->signature, &s->id, s->key) == OK;
}

/* The signatures before what went wrong already, if anything did: the first
 * wrong one is what is told. */
static enum err
verify_signatures(struct replica *r, struct log_verifying *v, struct batch *b,
    enum err e, struct fail *f)
{
	env_each(r->env, b->count, verify_signature, b);
	for (size_t i = 0; i < b->count; i++) {
		if (!b->at[i].fits)
			return damaged(f, b->at[i].no,
			    "its signature does not fit");
		v->checked++;
	}
	return e;
}

static enum err
verify_batch(struct replica *r, struct log_verifying *v, struct batch *b,
    struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT s.no, s.cpt, s.author, s.chain, s.id, s.bytes, p.id,"
	    " s.seq, s.position, s.kind, c.id"
	    " FROM _segment s LEFT JOIN _segment p ON p.no = s.prev AND"
	    " p.cpt = s.cpt AND p.author = s.author AND p.chain = s.chain AND"
	    " p.seq = s.seq - 1"
	    " LEFT JOIN _compartment c ON c.no = s.cpt"
	    " WHERE s.state > 2 AND"
	    " (s.cpt, s.author, s.chain, s.seq, s.no) > (?1, ?2, ?3, ?4, ?5)"
	    " ORDER BY s.cpt, s.author, s.chain, s.seq, s.no LIMIT ?6",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, v->cpt);
	stmt_int(s, 2, v->author);
	stmt_int(s, 3, v->chain);
	stmt_int(s, 4, (int64_t)v->seq);
	stmt_int(s, 5, v->no);
	stmt_int(s, 6, STEP_SEGMENTS);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		e = verify_place(r, v, &b->at[b->count], s, f);
		if (e != OK)
			break;
		b->count++;
	}
	stmt_reset(s);
	return verify_signatures(r, v, b, e, f);
}

/* The next segments in the order of their chains. */
static enum err
verify_chains(struct replica *r, struct log_verifying *v, bool *end,
    struct fail *f)
{
	struct batch *b = calloc(1, sizeof(*b));
	enum err e;

	if (b == NULL)
		return fail_code(f, ERR_NOMEM);
	e = verify_batch(r, v, b, f);
	*end = b->count == 0;
	free(b);
	return e;
}

/* ---- deep: the tables against the log ---- */

struct comparing {
	struct replica *r;
	const struct compartment *c;
	int64_t rows, conflicts, proposals;
	bool conflict_differs, proposal_differs;
};

static enum err
differs(const struct comparing *x, const char *what, struct fail *f)
{
	return fail_set(f, ERR_CORRUPT,
	    "%s in compartment %lld is not what the log says: run footbridge"
	    " rebuild; the log is intact",
	    what, (long long)x->c->no);
}

static enum err
compare_row(void *context, const struct derived_row *row, struct fail *f)
{
	struct comparing *x = context;
	const struct table *t = row->table;
	const uint8_t *clock;
	struct stmt *s;
	bool found, same;
	size_t n;
	enum err e;

	e = db_stmt(&s, x->r->db, replica_table_sql(x->r, t)->select_row, f);
	if (e != OK)
		return e;
	stmt_int(s, 1, x->c->no);
	stmt_blob(s, 2, row->id.b, sizeof(row->id.b));
	e = stmt_step(s, &found, f);
	if (e != OK)
		return e;
	if (!found)
		return differs(x, t->name, f);
	clock = stmt_col_blob(s, 0, &n);
	same =
	    n == row->clock_n && (n == 0 || memcmp(clock, row->clock, n) == 0);
	for (size_t i = 0; same && i < t->field_count; i++) {
		struct value v;

		replica_col_value(&v, s, (int)i + 1, &t->fields[i]);
		same =
		    value_compare(&v, &row->values[t->fields[i].number]) == 0;
	}
	stmt_reset(s);
	x->rows++;
	return same ? OK : differs(x, t->name, f);
}

static enum err
compare_conflict(void *context, const struct derived_conflict *c,
    struct fail *f)
{
	struct comparing *x = context;
	const uint8_t *origins;
	struct stmt *s;
	bool found;
	size_t n;
	enum err e;

	x->conflicts++;
	e = db_stmt(&s, x->r->db,
	    "SELECT kind, origins FROM _conflict WHERE cpt = ?1 AND"
	    " tbl = ?2 AND row = ?3 AND field = ?4 AND reason = ?5",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, x->c->no);
	stmt_int(s, 2, c->table->number);
	stmt_blob(s, 3, c->row.b, sizeof(c->row.b));
	stmt_int(s, 4, c->field);
	stmt_int(s, 5, (int64_t)c->reason);
	e = stmt_step(s, &found, f);
	if (e != OK)
		return e;
	origins = stmt_col_blob(s, 1, &n);
	if (!found || stmt_col_int(s, 0) != (int64_t)c->kind ||
	    n != c->origins_n || memcmp(origins, c->origins, n) != 0)
		x->conflict_differs = true;
	stmt_reset(s);
	return OK;
}

static enum err
compare_proposal(void *context, const struct derived_proposal *p,
    struct fail *f)
{
	struct comparing *x = context;
	struct stmt *s;
	bool found;
	enum err e;

	x->proposals++;
	e = db_stmt(&s, x->r->db,
	    "SELECT state, by_segment, by_op FROM _proposal WHERE cpt = ?1 AND"
	    " tbl = ?2 AND row = ?3 AND field = ?4 AND segment = ?5 AND"
	    " op = ?6",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, x->c->no);
	stmt_int(s, 2, p->table->number);
	stmt_blob(s, 3, p->row.b, sizeof(p->row.b));
	stmt_int(s, 4, p->field);
	stmt_int(s, 5, p->segment);
	stmt_int(s, 6, p->index);
	e = stmt_step(s, &found, f);
	if (e != OK)
		return e;
	if (!found || stmt_col_int(s, 0) != (int64_t)p->state ||
	    stmt_col_int(s, 1) != p->by_segment ||
	    stmt_col_int(s, 2) != p->by_index)
		x->proposal_differs = true;
	stmt_reset(s);
	return OK;
}

static enum err
count_proposals(struct replica *r, const struct compartment *c, int64_t *count,
    struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db, "SELECT count(*) FROM _proposal WHERE cpt = ?1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, c->no);
	e = stmt_step(s, &row, f);
	if (e == OK)
		*count = stmt_col_int(s, 0);
	stmt_reset(s);
	return e;
}

static bool
has_end(const struct compartment_end *ends, size_t count,
    const struct compartment_end *end)
{
	for (size_t i = 0; i < count; i++) {
		if (ends[i].segment == end->segment &&
		    ends[i].chain == end->chain &&
		    ends[i].covered == end->covered)
			return true;
	}
	return false;
}

/* What the next write would say it has seen, and what is not applied. */
static bool
same_state(const struct compartment *c, const struct derived_state *state)
{
	if (c->end_count != state->end_count ||
	    c->unreadable != state->unreadable || c->waiting != state->waiting)
		return false;
	for (size_t i = 0; i < c->end_count; i++) {
		if (!has_end(state->ends, state->end_count, &c->ends[i]))
			return false;
	}
	return true;
}

static enum err
count_rows(struct replica *r, const struct compartment *c, int64_t *rows,
    struct fail *f)
{
	int kind = replica_owner_kind(r, c);
	enum err e = OK;

	*rows = 0;
	for (size_t i = 0; e == OK && i < r->registry->table_count; i++) {
		const struct table *t = &r->registry->tables[i];
		const char *category = table_category(t, kind);
		struct stmt *s;
		bool row;

		if (category == NULL || strcmp(category, c->category) != 0)
			continue;
		e = db_stmt(&s, r->db, replica_table_sql(r, t)->select_cpt, f);
		if (e != OK)
			break;
		stmt_int(s, 1, c->no);
		while ((e = stmt_step(s, &row, f)) == OK && row)
			++*rows;
	}
	return e;
}

static enum err
count_quarantined(struct replica *r, const struct compartment *c, int64_t *n,
    struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT count(*) FROM _segment WHERE state > 3 AND state = ?2"
	    " AND cpt = ?1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, c->no);
	stmt_int(s, 2, STATE_QUARANTINED);
	e = stmt_step(s, &row, f);
	*n = e == OK && row ? stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return e;
}

static enum err
verify_tables(struct replica *r, int64_t no, struct fail *f)
{
	struct comparing x = { .r = r };
	struct derive_sink sink = { &x, compare_row, compare_conflict,
		compare_proposal };
	struct derived_state state;
	struct compartment *c;
	int64_t rows, quarantined, proposals = 0;
	enum err e;

	e = compartment_get(r, &c, no, f);
	if (e == OK)
		e = attachment_verify(r, no, f);
	if (e == ERR_NOTFOUND ||
	    (e == OK && (c->flags & COMPARTMENT_SHREDDED) != 0))
		return OK;
	/* shows a snapshot: there is nothing to compare with yet */
	if (e == OK && (c->flags & COMPARTMENT_SNAPSHOT) != 0)
		return OK;
	x.c = c;
	if (e == OK)
		e = derive_into(r, c, false, false, &state, &sink, f);
	if (e == OK && (x.conflicts != c->conflicts || x.conflict_differs))
		e = differs(&x, "the list of conflicts", f);
	if (e == OK)
		e = count_proposals(r, c, &proposals, f);
	if (e == OK && (x.proposals != proposals || x.proposal_differs))
		e = differs(&x, "the list of proposals", f);
	if (e == OK && !same_state(c, &state))
		e = differs(&x, "what was seen and what waits", f);
	if (e == OK)
		e = count_quarantined(r, c, &quarantined, f);
	if (e == OK && quarantined != state.quarantined)
		e = differs(&x, "what does not count", f);
	if (e == OK)
		e = count_rows(r, c, &rows, f);
	if (e == OK && rows != x.rows)
		e = differs(&x, "the number of rows", f);
	return e;
}

/* Membership is taken from the database on trust; here it is not. */
static enum err
verify_members(struct replica *r, struct fail *f)
{
	struct members *again = NULL;
	struct stmt *s = NULL;
	bool row;
	enum err e;

	e = members_new(&again, NULL);
	if (e == OK)
		e = db_stmt(&s, r->db, "SELECT bytes FROM _member ORDER BY no",
		    f);
	while (e == OK && (e = stmt_step(s, &row, f)) == OK && row) {
		enum member_result result = MEMBER_WAITING;
		const uint8_t *p;
		uint8_t id[32];
		size_t n;

		p = stmt_col_blob(s, 0, &n);
		e = members_add(again, &result, id, p, n, f);
		if (e == OK && result != MEMBER_ADDED)
			e = fail_set(f, ERR_CORRUPT,
			    "a stored membership record does not belong");
	}
	if (s != NULL)
		stmt_reset(s);
	members_free(again);
	if (e == ERR_IO || e == ERR_NOMEM)
		return fail_in(f, e, "membership");
	return e == OK ? OK : fail_in(f, ERR_CORRUPT, "membership");
}

/* The next compartments. */
static enum err
verify_some_tables(struct replica *r, struct log_verifying *v, bool *end,
    struct fail *f)
{
	enum err e = OK;

	for (int i = 0; e == OK && i < STEP_COMPARTMENTS; i++) {
		*end = ++v->compartment >= r->next_compartment;
		if (*end)
			return OK;
		e = verify_tables(r, v->compartment, f);
	}
	return e;
}

enum err
log_verify_step(struct replica *r, struct log_verifying *v, bool deep,
    bool *done, struct fail *f)
{
	bool end = true;
	enum err e = OK;

	switch ((enum stage)v->stage) {
	case MEMBERS:
		e = verify_members(r, f);
		break;
	case CHAINS:
		e = verify_chains(r, v, &end, f);
		break;
	case TABLES:
		if (deep)
			e = verify_some_tables(r, v, &end, f);
		break;
	case END:
		break;
	}
	if (e == OK && end && v->stage < END)
		v->stage++;
	*done = e == OK && v->stage == END;
	return e;
}

enum err
log_verify(struct replica *r, bool deep, int64_t *checked, struct fail *f)
{
	struct log_verifying v = { 0 };
	bool done = false;
	enum err e = OK;

	while (e == OK && !done)
		e = log_verify_step(r, &v, deep, &done, f);
	*checked = v.checked;
	return e;
}
