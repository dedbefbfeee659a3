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

/* Most often where something is destroyed. */
static unsigned
dies_at(struct history *h, size_t i)
{
	const bool order = h->w.pool[i]->kind == SEGMENT_SHRED;

	return world_draw(&h->beside, 100) < (order ? 40 : 2)
	    ? 1 + (unsigned)world_draw(&h->beside, 2)
	    : 0;
}

enum outcome
history_pass(struct history *h, unsigned from, unsigned to, size_t i)
{
	struct world *w = &h->w;
	const bool shredded = w->node[to].shredded;
	uint64_t typed = 0;
	enum outcome o;

	w->dies_receiving = dies_at(h, i);
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

/* Records of its own agency that a machine began of those it knows. */
static int64_t
records_begun(struct history *h, unsigned n)
{
	return number(h, n,
	    "SELECT count(*) FROM _compartment WHERE no <> ?1"
	    " AND subject IS NOT NULL");
}

const char *
history_order(struct history *h, unsigned n)
{
	struct shred_request q = { .subject = h->w.subject,
		.reference = "court 12/2026" };
	const struct world_node *node = &h->w.node[n];
	const struct compartment *c = world_compartment(&h->w, n);
	bool may = node->self < WORLD_FIELD && !h->w.out[node->self] &&
	    !node->shredded && c != NULL && c->has_subject;
	const bool before = is_shredded(h, n);
	int64_t count, others;
	struct fail f = { 0 };
	enum err e;

	remember_keys(h);
	others = before ? records_begun(h, n) : 0;
	e = shred_order(world_replica(&h->w, n), &q, &count, &f);
	/* who was taken out may have begun a record of its own agency; so may
	 * who obeyed before */
	if (e == OK && !may && (before || !is_shredded(h, n)))
		return others > 0 || !before
		    ? NULL
		    : history_trouble("machine %u obeyed twice", n);
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

static bool
no_more_rows(void *context, const struct read_row *row)
{
	(void)context;
	(void)row;
	return false;
}

/* Whatever was taken away or destroyed meanwhile, nobody is shown an old state. */
const char *
history_old_state(struct history *h, unsigned n)
{
	struct read_query q = { .all_states = true };
	struct fail f = { 0 };
	enum err e;

	world_put_back(&h->w, n);
	h->counts->put_back++;
	q.table = replica_registry(world_replica(&h->w, n))->by_number[1];
	e = read_list(world_replica(&h->w, n), &q, no_more_rows, NULL, &f);
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

	if (h->takes && chance(h, 45))
		return history_thief(h);
	if (chance(h, h->ordered == 0 ? 40 : 15))
		return history_order(h, n);
	/* files have no slots here that a new key could be kept in */
	if (h->w.on_disk)
		return NULL;
	if (chance(h, 30)) {
		world_must(shred_rekey(world_replica(&h->w, n), &done, &f), &f,
		    "a new key");
		return NULL;
	}
	if (h->w.kept[n].env != NULL && chance(h, 60))
		return history_old_state(h, n);
	if (h->w.kept[n].env == NULL || chance(h, 20))
		world_keep(&h->w, n);
	return NULL;
}

const char *
history_order_at_last(struct history *h)
{
	unsigned n = h->nodes[draw(h, h->node_count)];

	if (h->ordered > 0 || world_restored(&h->w, n) || chance(h, 30))
		return NULL;
	return h->takes && chance(h, 60) ? history_thief(h)
					 : history_order(h, n);
}

const char *
history_put_back(struct history *h)
{
	const char *wrong = NULL;

	for (unsigned i = 0; i < h->node_count && wrong == NULL; i++)
		if (h->w.kept[h->nodes[i]].env != NULL && chance(h, 50))
			wrong = history_old_state(h, h->nodes[i]);
	return wrong;
}

/* ---- at who obeyed ---- */

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

		if (!world_only_stub(w, n, i))
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
	if (db == NULL || records_begun(h, n) > 0)
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
