/*
 * Orders to destroy in a history: by whoever may and by who may not, while others
 * write on and know nothing, hold old states that are put back later, or come to
 * hear of the person by stubs alone. What obeyed shows nothing, says nothing in
 * any table, and signed for it.
 */
#include "sync/shred.h"

#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "tests/prop/history_i.h"
#include "tests/prop/judge_i.h"
#include "tests/prop/oracle.h"

/* ---- travelling ---- */

bool
history_lacks(const struct history *h, unsigned from, unsigned to, size_t i)
{
	const struct world *w = &h->w;

	if (!world_has(w->node[from].has, i))
		return false;
	/* the whole for a stub, where that is not as it should be */
	return !world_has(w->node[to].has, i) ||
	    (!w->node[to].shredded && world_only_stub(w, to, i) &&
		!world_only_stub(w, from, i));
}

enum outcome
history_pass(struct history *h, unsigned from, unsigned to, size_t i)
{
	struct world *w = &h->w;
	const bool shredded = w->node[to].shredded;
	uint64_t typed = 0;
	enum outcome o;

	for (size_t k = 0; !shredded && k < w->op_count; k++)
		typed += w->saved[k];
	h->counts->stubs += world_only_stub(w, from, i);
	o = world_pass(w, from, to, i);
	if (shredded || !w->node[to].shredded)
		return o;
	for (size_t k = 0; k < w->op_count; k++)
		typed -= w->saved[k];
	h->counts->lost_to_shred += typed;
	h->counts->obeyed++;
	h->counts->shredded_again += w->node[to].obeyed_before;
	w->node[to].obeyed_before = true;
	return o;
}

/* ---- ordering ---- */

/* Every key that anybody holds now must be nowhere at who obeys. */
static void
remember_keys(struct history *h)
{
	for (unsigned i = 0; i < h->node_count; i++) {
		struct fail f = { 0 };
		struct stmt *s;
		bool row;

		world_must(db_stmt(&s,
			       replica_db(world_replica(&h->w, h->nodes[i])),
			       "SELECT key FROM _key", &f),
		    &f, "keys");
		for (;;) {
			size_t k = h->key_count;

			world_must(stmt_step(s, &row, &f), &f, "keys");
			if (!row)
				break;
			if (k < KEYS &&
			    stmt_col_copy(s, 0, h->key[k], sizeof(h->key[k])))
				h->key_count++;
		}
	}
}

static bool
is_shredded(struct history *h, unsigned n)
{
	const struct compartment *c = world_compartment(&h->w, n);

	return c != NULL && (c->flags & COMPARTMENT_SHREDDED) != 0;
}

static const char *
give_order(struct history *h, unsigned n)
{
	struct shred_request q = { .subject = h->w.subject,
		.reference = "court 12/2026" };
	const struct world_node *node = &h->w.node[n];
	const struct compartment *c = world_compartment(&h->w, n);
	bool may = node->self < WORLD_FIELD && !h->w.out[node->self] &&
	    !node->shredded && c != NULL && c->has_subject;
	struct fail f = { 0 };
	int64_t count;
	enum err e;

	remember_keys(h);
	e = shred_order(world_replica(&h->w, n), &q, &count, &f);
	/* who was taken out may have begun a record of its own agency */
	if (e == OK && !may && !is_shredded(h, n))
		return NULL;
	if ((e == OK) != may && !h->w.out[node->self])
		return history_trouble("an order at machine %u: %s: %s", n,
		    err_name(e), f.text);
	if (e != OK) {
		h->counts->no_orders++;
		return NULL;
	}
	h->ordered++;
	h->counts->orders++;
	world_obeyed(&h->w, n);
	h->w.node[n].obeyed_before = true;
	return history_judge_shredded(h, n);
}

/* ---- old states ---- */

static const char *
put_back(struct history *h, unsigned n)
{
	struct read_query q = { .all_states = true };
	struct row_id row = h->w.subject;
	struct fail f = { 0 };
	enum err e;

	world_put_back(&h->w, n);
	h->counts->put_back++;
	q.table = replica_registry(world_replica(&h->w, n))->by_number[1];
	e = read_get(world_replica(&h->w, n), q.table, &row, 0, NULL, NULL, &f);
	return e == ERR_FENCE ? NULL
			      : history_trouble("machine %u is put back and "
						"read at once: %s",
				    n, err_name(e));
}

const char *
history_shred(struct history *h, unsigned n)
{
	struct fail f = { 0 };
	bool done;

	if (chance(h, h->ordered == 0 ? 40 : 15))
		return give_order(h, n);
	/* files have no slots here that a new key could be kept in */
	if (h->w.on_disk)
		return NULL;
	if (chance(h, 30)) {
		world_must(shred_rekey(world_replica(&h->w, n), &done, &f), &f,
		    "a new key");
		return NULL;
	}
	if (h->w.kept[n].env != NULL && chance(h, 60))
		return put_back(h, n);
	if (h->w.kept[n].env == NULL || chance(h, 20))
		world_keep(&h->w, n);
	return NULL;
}

const char *
history_order_at_last(struct history *h)
{
	unsigned n = h->nodes[draw(h, h->node_count)];

	return h->ordered > 0 || world_restored(&h->w, n) || chance(h, 30)
	    ? NULL
	    : give_order(h, n);
}

const char *
history_put_back(struct history *h)
{
	const char *wrong = NULL;

	for (unsigned i = 0; i < h->node_count && wrong == NULL; i++)
		if (h->w.kept[h->nodes[i]].env != NULL && chance(h, 50))
			wrong = put_back(h, h->nodes[i]);
	return wrong;
}

/* ---- at who obeyed ---- */

/* ?1: the compartment that is played with. */
static int64_t
number(struct history *h, unsigned n, const char *sql)
{
	const struct compartment *c = world_compartment(&h->w, n);
	struct fail f = { 0 };
	struct stmt *s;
	int64_t value;
	bool row;

	world_must(db_stmt(&s, replica_db(world_replica(&h->w, n)), sql, &f),
	    &f, sql);
	stmt_int(s, 1, c->no);
	world_must(stmt_step(s, &row, &f), &f, sql);
	value = row ? stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return value;
}

static const char *
judge_tables(struct history *h, unsigned n)
{
	static const char *const empty[] = {
		"_key WHERE cpt = ?1",
		"_conflict WHERE cpt = ?1",
		"_proposal WHERE cpt = ?1",
		"_part WHERE cpt = ?1",
		"_snapshot_in WHERE cpt = ?1",
		"_snapshot_out WHERE cpt = ?1",
		"_batch_row WHERE cpt = ?1",
		"_grant WHERE cpt = ?1 AND basis IS NOT NULL",
		("_wanted w JOIN _segment s ON s.no = w.segment"
		 " WHERE s.cpt = ?1"),
		"_offered o JOIN _segment s ON s.no = o.data WHERE s.cpt = ?1",
		("_open o JOIN _segment s ON s.no = o.segment"
		 " WHERE s.cpt = ?1 AND s.kind NOT IN (3, 4, 5, 6)"),
		("_segment WHERE cpt = ?1 AND state <= 2"
		 " AND kind NOT IN (3, 4, 5, 6)"),
		/* a stub begins with 1 */
		("_segment WHERE cpt = ?1 AND state > 2"
		 " AND kind NOT IN (3, 4, 5, 6) AND substr(bytes, 1, 1) <> "
		 "x'01'"),
		("_compartment WHERE no = ?1 AND"
		 " (subject IS NOT NULL OR category IS NOT NULL)"),
	};
	const struct registry *g = replica_registry(world_replica(&h->w, n));
	char sql[256];

	for (size_t i = 0; i < COUNT_OF(empty) + g->table_count; i++) {
		if (i < COUNT_OF(empty))
			(void)snprintf(sql, sizeof(sql),
			    "SELECT count(*) FROM %s", empty[i]);
		else
			(void)snprintf(sql, sizeof(sql),
			    "SELECT count(*) FROM %s WHERE _cpt = ?1",
			    g->tables[i - COUNT_OF(empty)].name);
		if (number(h, n, sql) != 0)
			return judge_differ("shredded, but not empty: %s", sql);
	}
	return NULL;
}

/* What is stored of each segment is its stub, or a record of the shred. */
static const char *
judge_stubs(struct history *h, unsigned n)
{
	struct world *w = &h->w;
	struct buf stub = { .limit = LIMIT_SEGMENT_BYTES };
	const char *wrong = NULL;

	for (size_t i = 0; wrong == NULL && i < w->pool_count; i++) {
		const struct buf *want = &w->pool[i]->bytes;
		struct segment view;
		struct fail f = { 0 };
		struct stmt *s;
		bool row;

		world_must(segment_parse(&view, want->p, want->n, &f), &f,
		    "a segment of the pool");
		buf_reset(&stub);
		segment_stub(&stub, &view);
		if (world_only_stub(w, n, i))
			want = &stub;
		world_must(db_stmt(&s, replica_db(world_replica(w, n)),
			       "SELECT bytes = ?2 FROM _segment WHERE id = ?1",
			       &f),
		    &f, "segment");
		stmt_blob(s, 1, w->pool[i]->id.b, SEGMENT_ID_BYTES);
		stmt_blob(s, 2, want->p, want->n);
		world_must(stmt_step(s, &row, &f), &f, "segment");
		if (row && stmt_col_int(s, 0) == 0)
			wrong = judge_differ("segment %zu is not what is kept "
					     "of it after a shred",
			    i);
		stmt_reset(s);
	}
	buf_release(&stub);
	return wrong;
}

/* Nor what waits to be verified, and what was refused, if it is to be a stub. */
static const char *
judge_aside(struct history *h, unsigned n)
{
	struct world *w = &h->w;

	for (size_t i = 0; i < w->pool_count; i++) {
		struct fail f = { 0 };
		struct stmt *s;
		bool row;

		/* a removal that waits may be what undoes the order */
		if (!world_only_stub(w, n, i) ||
		    w->pool[i]->kind == SEGMENT_REMOVE)
			continue;
		world_must(db_stmt(&s, replica_db(world_replica(w, n)),
			       "SELECT 1 FROM _parked WHERE bytes = ?1 UNION"
			       " ALL SELECT 1 FROM _refused WHERE bytes = ?1",
			       &f),
		    &f, "what is kept aside");
		stmt_blob(s, 1, w->pool[i]->bytes.p, w->pool[i]->bytes.n);
		world_must(stmt_step(s, &row, &f), &f, "what is kept aside");
		stmt_reset(s);
		if (row)
			return judge_differ("segment %zu is kept aside whole "
					    "after a shred",
			    i);
	}
	return NULL;
}

/* ---- any column of any table ---- */

static bool
holds(const uint8_t *p, size_t n, const void *what, size_t size)
{
	for (const uint8_t *at = p; n - (size_t)(at - p) >= size; at++) {
		at = memchr(at, *(const uint8_t *)what,
		    n - (size_t)(at - p) - size + 1);
		if (at == NULL)
			return false;
		if (memcmp(at, what, size) == 0)
			return true;
	}
	return false;
}

static const char *
judge_bytes(const struct history *h, const char *table, const uint8_t *p,
    size_t n)
{
	for (size_t i = 0; i < h->row_count; i++)
		if (holds(p, n, h->rows[i].id.b, ID_BYTES))
			return judge_differ("shredded, but %s names a row",
			    table);
	for (size_t i = 0; i < h->key_count; i++)
		if (holds(p, n, h->key[i], sizeof(h->key[i])))
			return judge_differ("shredded, but %s has a key",
			    table);
	return NULL;
}

static const char *
judge_table(const struct history *h, sqlite3 *db, const char *table)
{
	const char *wrong = NULL;
	sqlite3_stmt *s;
	char sql[160];

	(void)snprintf(sql, sizeof(sql), "SELECT * FROM %.100s", table);
	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		return judge_differ("reading %s", table);
	while (wrong == NULL && sqlite3_step(s) == SQLITE_ROW)
		for (int i = 0; wrong == NULL && i < sqlite3_column_count(s);
		     i++) {
			const void *p = sqlite3_column_blob(s, i);
			int n = sqlite3_column_bytes(s, i);

			if (p != NULL)
				wrong = judge_bytes(h, table, p, (size_t)n);
		}
	(void)sqlite3_finalize(s);
	return wrong;
}

/* No id of a row and no key is in any column, whatever it is for. But who did
 * what to which row stays in the audit log: each entry hashes the one before. */
static const char *
judge_everything(struct history *h, unsigned n)
{
	sqlite3 *db = h->w.node[n].env->keeper;
	const char *wrong = NULL;
	sqlite3_stmt *s;

	/* a record that its own agency began holds some of them by right */
	if (db == NULL ||
	    number(h, n,
		"SELECT count(*) FROM _compartment WHERE no <> ?1"
		" AND subject IS NOT NULL") > 0)
		return NULL;
	if (sqlite3_prepare_v2(db,
		"SELECT name FROM sqlite_master WHERE type = 'table'"
		" AND name <> '_audit'",
		-1, &s, NULL) != SQLITE_OK)
		return "reading the list of tables";
	while (wrong == NULL && sqlite3_step(s) == SQLITE_ROW)
		wrong =
		    judge_table(h, db, (const char *)sqlite3_column_text(s, 0));
	(void)sqlite3_finalize(s);
	return wrong;
}

static const char *
judge_reading(struct history *h, unsigned n)
{
	struct replica *r = world_replica(&h->w, n);
	struct row_id row = h->w.subject;
	struct fail f = { 0 };
	int64_t checked;
	enum err e = read_get(r, replica_registry(r)->by_number[1], &row, 0,
	    NULL, NULL, &f);

	if (e != ERR_NOTFOUND)
		return judge_differ("the person can be read after a shred: %s",
		    err_name(e));
	return log_verify(r, true, &checked, &f) == OK
	    ? NULL
	    : judge_differ("after a shred: %.300s", f.text);
}

const char *
history_judge_shredded(struct history *h, unsigned n)
{
	const struct compartment *c = world_compartment(&h->w, n);
	const char *wrong = NULL;

	if (c == NULL || (c->flags & COMPARTMENT_SHREDDED) == 0)
		return judge_differ("an order is there and not obeyed");
	if (c->has_subject || c->open_no != 0 || c->waiting != 0 ||
	    c->conflicts != 0)
		wrong = judge_differ("a shredded compartment says something");
	if (wrong == NULL)
		wrong = judge_tables(h, n);
	if (wrong == NULL)
		wrong = judge_stubs(h, n);
	if (wrong == NULL)
		wrong = judge_aside(h, n);
	if (wrong == NULL)
		wrong = judge_everything(h, n);
	if (wrong == NULL)
		wrong = judge_counters(&h->w, n);
	return wrong == NULL ? judge_reading(h, n) : wrong;
}

/* ---- receipts ---- */

struct certificate {
	int64_t cpt;
	unsigned told;
	bool is[WORLD_NODES], signed_it[WORLD_NODES];
};

static enum err
see(void *context, const struct shred_told *t, struct fail *f)
{
	struct certificate *c = context;

	(void)f;
	if (t->number != c->cpt)
		return OK;
	c->told++;
	for (size_t i = 0; i < t->receipt_count; i++) {
		int n = world_node_of(&t->receipts[i].node->id);

		if (n < 0)
			continue;
		c->is[n] = true;
		c->signed_it[n] |= t->receipts[i].at_ms != 0;
	}
	return OK;
}

/* Did this node sign, as far as a machine's log says? */
static bool
signed_by(const struct oracle *o, unsigned node)
{
	for (size_t i = 0; i < o->w->pool_count; i++) {
		const struct world_segment *s = o->w->pool[i];
		struct shred_body body;
		struct segment view;

		if (s->kind == SEGMENT_SHRED && s->node == node &&
		    world_has(o->in_log, i) &&
		    segment_parse(&view, s->bytes.p, s->bytes.n, NULL) == OK &&
		    shred_body_parse(&body, view.body,
			view.header.body_bytes) == OK &&
		    body.done)
			return true;
	}
	return false;
}

static const char *
judge_certificate(struct history *h, unsigned n, const struct oracle *o)
{
	const struct compartment *at = world_compartment(&h->w, n);
	struct certificate c = { .cpt = at != NULL ? at->no : 0 };
	struct shred_counts counts;
	struct fail f = { 0 };

	world_must(shred_count(world_replica(&h->w, n), &counts, &f), &f,
	    "orders");
	world_must(shred_list(world_replica(&h->w, n), NULL, see, &c, &f), &f,
	    "receipts");
	if (counts.compartments < h->w.node[n].shredded ||
	    c.told != h->w.node[n].shredded)
		return history_trouble("machine %u tells of %u orders", n,
		    c.told);
	for (unsigned k = 0; c.told > 0 && k < WORLD_NODES; k++) {
		h->counts->receipts += c.signed_it[k];
		if (c.signed_it[k] != signed_by(o, k))
			return history_trouble("machine %u: receipt of node %u",
			    n, k);
	}
	return NULL;
}

/* Whoever knew that the records were given to it says that they are gone. */
static bool
has_to_sign(const struct world *w, unsigned n)
{
	const struct world_node *node = &w->node[n];

	return node->shredded && node->signs && !w->out[node->self];
}

const char *
history_judge_receipts(struct history *h)
{
	const char *wrong = NULL;

	for (unsigned i = 0; wrong == NULL && i < h->node_count; i++) {
		unsigned n = h->nodes[i];
		struct oracle *o;

		if (world_restored(&h->w, n))
			continue;
		o = oracle_new(&h->w, n);
		/* what is said of an order that was none: test_shred_void.c */
		if (!h->w.node[n].shredded || is_shredded(h, n))
			wrong = judge_certificate(h, n, o);
		if (wrong == NULL && has_to_sign(&h->w, n) &&
		    !signed_by(o, h->w.node[n].self))
			wrong = history_trouble("machine %u obeyed and signed "
						"nothing",
			    n);
		oracle_free(o);
	}
	return wrong;
}

/* Its own, not sealed yet: no log that the oracle reads has it. */
static bool
has_open_order(struct history *h, unsigned n)
{
	struct fail f = { 0 };
	struct stmt *s;
	bool row;

	world_must(db_stmt(&s, replica_db(world_replica(&h->w, n)),
		       "SELECT 1 FROM _segment WHERE state <= 2 AND kind = ?1",
		       &f),
	    &f, "open orders");
	stmt_int(s, 1, SEGMENT_SHRED);
	world_must(stmt_step(s, &row, &f), &f, "open orders");
	stmt_reset(s);
	return row && is_shredded(h, n);
}

/* What was obeyed may turn out to be no order: its author was revoked before it, or
 * a judgement voids it. Then nothing is destroyed any more, and what was comes
 * back from who still has it, which the model does not follow. */
const char *
history_judge_ordered(struct history *h, unsigned n)
{
	struct oracle *o = oracle_new(&h->w, n);
	bool counts = oracle_ordered(o) || has_open_order(h, n);
	struct fail f = { 0 };
	int64_t checked;

	oracle_free(o);
	if (counts)
		return history_judge_shredded(h, n);
	h->counts->undone++;
	if (is_shredded(h, n))
		return judge_differ("no order is there, and it is obeyed");
	return log_verify(world_replica(&h->w, n), true, &checked, &f) == OK
	    ? NULL
	    : judge_differ("after an order that was none: %.300s", f.text);
}
