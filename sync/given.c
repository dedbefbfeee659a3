/*
 * One compartment after the other: to whom it was granted, who holds how much of
 * it, and what of that was not told yet. Lists are read before anything is told,
 * since whoever is told writes.
 */
#include "sync/given_i.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/db.h"
#include "sync/grant.h"
#include "sync/lane.h"
#include "sync/log.h"
#include "sync/replica_i.h"

/* ---- to whom it was granted ---------------------------------------------------- */

struct grantee {
	struct agency_id agency;
	struct key_id key;
	bool counts;
	char basis[LIMIT_BASIS_BYTES + 1];
	int64_t told[GIVEN_CHAINS]; /* segment numbers */
};

struct looking {
	struct replica *r;
	given_fn each;
	void *context;
	int64_t cpt, at_ms;
	struct row_id subject;
	char category[LIMIT_CATEGORY_BYTES + 1];
	struct given_waiting waiting;
	struct buf grantees, held; /* struct grantee, struct given_held */
	struct buf items;          /* struct item: of one agency */
	struct buf rows;           /* struct row_key */
	struct buf payload;
};

static struct grantee *
grantee_at(const struct looking *x, size_t k)
{
	return k < x->grantees.n / sizeof(struct grantee)
	    ? (struct grantee *)(void *)x->grantees.p + k
	    : NULL;
}

static bool
agency_of(struct replica *r, struct agency_id *out, struct stmt *s)
{
	const struct member_node *node;
	struct node_id id;

	if (stmt_col_int(s, 1) == GRANT_AGENCY)
		return stmt_col_copy(s, 2, out->b, ID_BYTES);
	if (!stmt_col_copy(s, 2, id.b, ID_BYTES))
		return false;
	node = members_node(r->members, &id);
	if (node != NULL)
		*out = node->agency;
	return node != NULL;
}

static void
add_grantee(struct looking *x, const struct agency_id *agency, struct stmt *s)
{
	const char *basis = stmt_col_text(s, 4);
	struct grantee g = { .agency = *agency }, *at;

	(void)stmt_col_copy(s, 0, g.key.b, sizeof(g.key.b));
	for (size_t k = 0;; k++) {
		at = grantee_at(x, k);
		if (at == NULL ||
		    (id_equal(&at->agency, agency) &&
			memcmp(at->key.b, g.key.b, sizeof(g.key.b)) == 0))
			break;
	}
	if (at == NULL) {
		buf_put(&x->grantees, &g, sizeof(g));
		if (x->grantees.err != OK)
			return;
		at = (struct grantee *)(void *)(x->grantees.p + x->grantees.n) -
		    1;
	}
	at->counts = at->counts || stmt_col_int(s, 3) > 0;
	if (at->basis[0] == '\0' && basis != NULL)
		(void)snprintf(at->basis, sizeof(at->basis), "%s", basis);
}

static enum err
load_grantees(struct looking *x, struct fail *f)
{
	struct agency_id agency;
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, x->r->db,
	    "SELECT key_id, recipient_kind, recipient, MAX(rights), MAX(basis)"
	    " FROM _grant WHERE cpt = ?1 AND ever > 0"
	    " GROUP BY key_id, recipient_kind, recipient",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, x->cpt);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		if (agency_of(x->r, &agency, s) &&
		    !id_equal(&agency, &x->r->identity.agency))
			add_grantee(x, &agency, s);
	}
	stmt_reset(s);
	if (e == OK && x->grantees.err != OK)
		e = fail_code(f, x->grantees.err);
	return e;
}

static enum err
load_told(struct looking *x, struct fail *f)
{
	enum err e = OK;

	for (size_t k = 0; e == OK && grantee_at(x, k) != NULL; k++) {
		struct grantee *g = grantee_at(x, k);
		struct stmt *s;
		bool row = false;

		e = db_stmt(&s, x->r->db,
		    "SELECT records, parts FROM _given"
		    " WHERE cpt = ?1 AND key_id = ?2 AND agency = ?3",
		    f);
		if (e != OK)
			return e;
		stmt_int(s, 1, x->cpt);
		stmt_blob(s, 2, g->key.b, sizeof(g->key.b));
		stmt_blob(s, 3, g->agency.b, ID_BYTES);
		e = stmt_step(s, &row, f);
		for (int c = 0; e == OK && row && c < GIVEN_CHAINS; c++)
			g->told[c] = stmt_col_int(s, c);
		stmt_reset(s);
	}
	return e;
}

static enum err
keep_told(struct looking *x, const struct grantee *g,
    const int64_t reach[static GIVEN_CHAINS], struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, x->r->db,
	    "INSERT INTO _given (cpt, key_id, agency, records, parts)"
	    " VALUES (?1, ?2, ?3, ?4, ?5)"
	    " ON CONFLICT (cpt, key_id, agency) DO UPDATE"
	    " SET records = MAX(records, excluded.records),"
	    " parts = MAX(parts, excluded.parts)",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, x->cpt);
	stmt_blob(s, 2, g->key.b, sizeof(g->key.b));
	stmt_blob(s, 3, g->agency.b, ID_BYTES);
	stmt_int(s, 4, reach[GIVEN_RECORDS]);
	stmt_int(s, 5, reach[GIVEN_PARTS]);
	return stmt_run(s, f);
}

/* ---- what is new of it ------------------------------------------------------------ */

struct item {
	int64_t no;
	enum given_chain chain;
	struct segment_id id;
	const struct grantee *grantee;
};

/* Under which key of this agency's is it sealed, and not told yet? */
static const struct grantee *
new_to(const struct looking *x, const struct agency_id *agency,
    const struct segment *seg, int64_t no, enum given_chain chain)
{
	const struct grantee *g;

	for (size_t k = 0; (g = grantee_at(x, k)) != NULL; k++)
		if (id_equal(&g->agency, agency) && no > g->told[chain] &&
		    memcmp(g->key.b, seg->header.key_prefix,
			SEGMENT_PREFIX_BYTES) == 0)
			return g;
	return NULL;
}

static enum err
take_item(struct looking *x, const struct agency_id *agency,
    const int64_t reach[static GIVEN_CHAINS], struct stmt *s, struct fail *f)
{
	const struct member_node *author =
	    replica_author_node(x->r, stmt_col_int(s, 3));
	struct item it = { .no = stmt_col_int(s, 0),
		.chain = stmt_col_int(s, 1) == CHAIN_DATA ? GIVEN_RECORDS
							  : GIVEN_PARTS };
	struct segment seg;
	size_t n;
	const uint8_t *p = stmt_col_blob(s, 2, &n);

	/* nobody is told what they wrote */
	if (it.no > reach[it.chain] ||
	    (author != NULL && id_equal(&author->agency, agency)))
		return OK;
	if (segment_parse(&seg, p, n, f) != OK)
		return fail_in(f, ERR_CORRUPT, "stored segment");
	it.grantee = seg.stub ? NULL : new_to(x, agency, &seg, it.no, it.chain);
	if (it.grantee == NULL)
		return OK;
	(void)stmt_col_copy(s, 4, it.id.b, sizeof(it.id.b));
	buf_put(&x->items, &it, sizeof(it));
	return x->items.err == OK ? OK : fail_code(f, x->items.err);
}

static enum err
find_items(struct looking *x, const struct agency_id *agency,
    const int64_t reach[static GIVEN_CHAINS], struct fail *f)
{
	int64_t from = INT64_MAX;
	const struct grantee *g;
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, x->r->db,
	    "SELECT no, chain, bytes, author, id FROM _segment"
	    " WHERE cpt = ?1 AND no > ?2 AND state > 2 AND chain IN (1, 3)"
	    " ORDER BY no",
	    f);

	if (e != OK)
		return e;
	for (size_t k = 0; (g = grantee_at(x, k)) != NULL; k++)
		for (size_t c = 0; c < GIVEN_CHAINS; c++)
			if (id_equal(&g->agency, agency) && g->told[c] < from)
				from = g->told[c];
	buf_reset(&x->items);
	stmt_int(s, 1, x->cpt);
	stmt_int(s, 2, from);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		e = take_item(x, agency, reach, s, f);
		if (e != OK)
			break;
	}
	stmt_reset(s);
	return e;
}

/* ---- how many rows of which table --------------------------------------------------- */

struct row_key {
	unsigned table;
	struct row_id row;
};

static int
row_order(const void *a, const void *b)
{
	const struct row_key *x = a, *y = b;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	return memcmp(x->row.b, y->row.b, ID_BYTES);
}

static enum err
collect_rows(struct looking *x, int64_t segment, struct fail *f)
{
	struct op_reader reader;
	struct op op;
	enum err e;

	buf_reset(&x->payload);
	e = log_payload(x->r, &x->payload, segment, f);
	if (e == ERR_DENIED || e == ERR_NOTFOUND)
		return OK; /* counted as an entry alone */
	if (e != OK)
		return e;
	op_reader_init(&reader, x->payload.p, x->payload.n);
	while (op_reader_next(&reader, &op)) {
		struct row_key key;

		memset(&key, 0, sizeof(key));
		key.table = op.table;
		key.row = op.row;
		buf_put(&x->rows, &key, sizeof(key));
	}
	return x->rows.err == OK ? OK : fail_code(f, x->rows.err);
}

/* out: room for every table of the registry */
static size_t
count_rows(struct looking *x, struct given_rows *out)
{
	size_t n = x->rows.n / sizeof(struct row_key), tables = 0;
	struct row_key *key = (struct row_key *)(void *)x->rows.p;

	if (n > 0)
		qsort(key, n, sizeof(*key), row_order);
	for (size_t k = 0; k < n; k++) {
		const struct table *t = key[k].table <= LIMIT_TABLES
		    ? x->r->registry->by_number[key[k].table]
		    : NULL;

		if (t == NULL ||
		    (k > 0 && row_order(&key[k - 1], &key[k]) == 0))
			continue;
		if (tables == 0 || out[tables - 1].table != t)
			out[tables++] = (struct given_rows){ .table = t };
		out[tables - 1].rows++;
	}
	return tables;
}

/* ---- telling ------------------------------------------------------------------------- */

static enum err
tell(struct looking *x, const struct agency_id *agency,
    const struct member_node *by, struct fail *f)
{
	size_t n = x->items.n / sizeof(struct item);
	const struct item *item = (const struct item *)(void *)x->items.p;
	struct given g = { .subject = x->subject,
		.category = x->category,
		.agency = *agency,
		.by = by,
		.at_ms = x->at_ms };
	struct given_rows *tables;
	enum err e = OK;

	buf_reset(&x->rows);
	for (size_t k = 0; e == OK && k < n; k++) {
		g.entries += item[k].chain == GIVEN_RECORDS;
		g.parts += item[k].chain == GIVEN_PARTS;
		g.last = item[k].id;
		g.basis = item[k].grantee->basis;
		g.ended = !item[k].grantee->counts;
		if (item[k].chain == GIVEN_RECORDS)
			e = collect_rows(x, item[k].no, f);
	}
	if (e != OK || n == 0)
		return e;
	tables = calloc(x->r->registry->table_count, sizeof(*tables));
	if (tables == NULL)
		return fail_code(f, ERR_NOMEM);
	g.tables = tables;
	g.table_count = count_rows(x, tables);
	e = x->each(x->context, &g, f);
	free(tables);
	return e;
}

/* How far this agency has it, at most up to what is sealed. */
static void
reach_of(const struct looking *x, const struct agency_id *agency, int64_t top,
    int64_t reach[static GIVEN_CHAINS], const struct member_node **by)
{
	bool have = false;

	for (size_t k = 0; k < x->held.n / sizeof(struct given_held); k++) {
		struct given_held h;
		bool relay;

		memcpy(&h, x->held.p + k * sizeof(h), sizeof(h));
		if (!given_is_for(x->r, h.node, agency, &relay))
			continue;
		for (size_t c = 0; c < GIVEN_CHAINS; c++)
			if (h.reach[c] > reach[c])
				reach[c] = h.reach[c];
		have = have || !relay;
		*by = have ? NULL : h.node;
	}
	for (size_t c = 0; c < GIVEN_CHAINS; c++)
		reach[c] = reach[c] < top ? reach[c] : top;
}

static enum err
look_at_agency(struct looking *x, const struct agency_id *agency, int64_t top,
    struct fail *f)
{
	int64_t reach[GIVEN_CHAINS] = { 0 };
	const struct member_node *by = NULL;
	const struct grantee *g;
	enum err e;

	reach_of(x, agency, top, reach, &by);
	e = find_items(x, agency, reach, f);
	if (e == OK)
		e = tell(x, agency, by, f);
	for (size_t k = 0; e == OK && (g = grantee_at(x, k)) != NULL; k++)
		if (id_equal(&g->agency, agency))
			e = keep_told(x, g, reach, f);
	return e;
}

/* The last number below whatever is not sealed yet. */
static enum err
sealed_top(struct looking *x, int64_t *top, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, x->r->db,
	    "SELECT COALESCE((SELECT MIN(no) - 1 FROM _segment"
	    " WHERE cpt = ?1 AND state <= 2),"
	    " (SELECT MAX(no) FROM _segment WHERE cpt = ?1), 0)",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, x->cpt);
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		*top = stmt_col_int(s, 0);
	stmt_reset(s);
	return e;
}

/* Is it about a person? */
static bool
is_personal(const struct replica *r, const char *category)
{
	for (size_t k = 0; k < r->registry->table_count; k++) {
		const struct table *t = &r->registry->tables[k];

		for (size_t kind = 0;
		     t->subject == SUBJECT_PERSON && kind < KIND_COUNT; kind++)
			if (t->category[kind] != NULL &&
			    strcmp(t->category[kind], category) == 0)
				return true;
	}
	return false;
}

static enum err
look(struct looking *x, struct fail *f)
{
	struct compartment *c;
	const struct grantee *g;
	int64_t top = 0;
	enum err e = compartment_get(x->r, &c, x->cpt, f);

	if (e != OK || !c->has_subject || !is_personal(x->r, c->category) ||
	    !id_equal(&c->owner, &x->r->identity.agency))
		return e;
	x->subject = c->subject;
	memcpy(x->category, c->category, sizeof(x->category));
	buf_reset(&x->grantees);
	buf_reset(&x->held);
	e = load_grantees(x, f);
	if (e != OK || x->grantees.n == 0)
		return e;
	e = load_told(x, f);
	if (e == OK)
		e = given_held(x->r, &x->held, &x->waiting, x->cpt, f);
	if (e == OK)
		e = sealed_top(x, &top, f);
	for (size_t k = 0; e == OK && (g = grantee_at(x, k)) != NULL; k++) {
		bool first = true;

		for (size_t b = 0; b < k; b++)
			first = first &&
			    !id_equal(&grantee_at(x, b)->agency, &g->agency);
		if (first)
			e = look_at_agency(x, &g->agency, top, f);
	}
	return e;
}

/* ---- a pass ------------------------------------------------------------------------------ */

struct due {
	int64_t cpt, at_ms;
};

static enum err
load_due(struct replica *r, struct buf *out, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT cpt, at_ms FROM _due ORDER BY cpt LIMIT ?1", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, GIVEN_PASS + 1);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		struct due d = { stmt_col_int(s, 0), stmt_col_int(s, 1) };

		buf_put(out, &d, sizeof(d));
	}
	stmt_reset(s);
	return e == OK && out->err != OK ? fail_code(f, out->err) : e;
}

static enum err
forget_due(struct replica *r, int64_t cpt, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db, "DELETE FROM _due WHERE cpt = ?1", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	return stmt_run(s, f);
}

static void
release(struct looking *x)
{
	given_waiting_release(&x->waiting);
	buf_release(&x->grantees);
	buf_release(&x->held);
	buf_release(&x->items);
	buf_release(&x->rows);
	buf_release(&x->payload);
}

static enum err
pass(struct looking *x, const struct buf *due, const struct node_id *stick,
    struct fail *f)
{
	size_t n = due->n / sizeof(struct due);
	bool own = false;
	enum err e = replica_enter(x->r, &own, f);

	if (e != OK)
		return e;
	e = given_waiting_load(&x->waiting, x->r, stick, f);
	for (size_t k = 0; e == OK && k < n && k < GIVEN_PASS; k++) {
		struct due d;

		memcpy(&d, due->p + k * sizeof(d), sizeof(d));
		x->cpt = d.cpt;
		x->at_ms = d.at_ms;
		e = look(x, f);
		if (e == OK)
			e = forget_due(x->r, d.cpt, f);
	}
	return replica_leave(x->r, own, e, f);
}

enum err
given_pass(struct replica *r, const struct node_id *stick, given_fn each,
    void *context, bool *more, struct fail *f)
{
	struct looking x = { .r = r, .each = each, .context = context };
	struct buf due = { .limit = 65536 };
	enum err e = load_due(r, &due, f);

	*more = due.n / sizeof(struct due) > GIVEN_PASS;
	buf_init(&x.grantees, 0);
	buf_init(&x.held, 0);
	buf_init(&x.items, 0);
	buf_init(&x.rows, 0);
	buf_init(&x.payload, LIMIT_PAYLOAD_BYTES);
	if (e == OK && due.n > 0)
		e = pass(&x, &due, stick, f);
	release(&x);
	buf_release(&due);
	return e;
}
