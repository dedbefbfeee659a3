/*
 * Snapshots in a history: to newcomers, before the key, to who has the history
 * already, stale ones from earlier, by who may not make one. While one shows, a
 * machine has the rows that the model computes of its maker's log at that time,
 * and what was begun there since; once the history is there it has that.
 */
#include "sync/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/grant.h"
#include "tests/prop/history_i.h"
#include "tests/prop/judge_i.h"

struct history_snapshot {
	struct buf bytes;
	unsigned maker; /* node */
	size_t schemas;
	world_set past;       /* what it stands for */
	struct judge_model x; /* and what the model says of that */
};

void
history_forget_snapshots(struct history *h)
{
	for (size_t i = 0; i < h->snapshot_count; i++) {
		buf_release(&h->snapshot[i]->bytes);
		judge_model_release(&h->snapshot[i]->x);
		free(h->snapshot[i]);
	}
	h->snapshot_count = 0;
}

/* ---- making ---- */

static int64_t
count_of(struct history *h, unsigned n, const char *sql)
{
	struct compartment *c = world_compartment(&h->w, n);
	struct fail f = { 0 };
	struct stmt *s;
	int64_t count;
	bool row;

	if (c == NULL)
		return 0;
	world_must(db_stmt(&s, replica_db(world_replica(&h->w, n)), sql, &f),
	    &f, sql);
	stmt_int(s, 1, c->no);
	world_must(stmt_step(s, &row, &f), &f, sql);
	count = row ? stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return count;
}

#define UNSEALED "SELECT count(*) FROM _segment WHERE cpt = ?1 AND state <= 2"
#define DATA "SELECT count(*) FROM _segment WHERE cpt = ?1 AND chain = 1"

/* NULL: there is none to be had. */
static struct history_snapshot *
make(struct history *h, unsigned n)
{
	struct history_snapshot *s = calloc(1, sizeof(*s));
	struct compartment *c = world_compartment(&h->w, n);
	world_set readable;
	struct fail f = { 0 };
	enum err e;

	if (s == NULL)
		abort();
	e = snapshot_make(world_replica(&h->w, n), &s->bytes, c->no, &f);
	if (e != OK) {
		if (e != ERR_UNAVAILABLE && e != ERR_NOTFOUND)
			world_must(e, &f, "a snapshot");
		buf_release(&s->bytes);
		free(s);
		return NULL;
	}
	s->maker = h->w.node[n].self;
	s->schemas = h->w.node[n].schemas;
	world_set_of(&h->w, n, s->past, readable);
	judge_model_run(&s->x, &h->w, n);
	h->snapshot[h->snapshot_count++] = s;
	return s;
}

/* ---- taking ---- */

static bool
is_foreign(unsigned node)
{
	return node >= WORLD_FOREIGN;
}

/* Must a machine that has nothing of the data show it? */
static bool
is_welcome(struct history *h, const struct history_snapshot *s, unsigned n)
{
	const struct compartment *c = world_compartment(&h->w, n);
	const struct world_node *node = &h->w.node[n];
	struct snapshot view;
	uint8_t key[SEGMENT_KEY_BYTES];
	struct fail f = { 0 };

	world_must(snapshot_parse(&view, s->bytes.p, s->bytes.n, &f), &f,
	    "a snapshot");
	return c != NULL && c->has_subject && c->flags == 0 &&
	    node->schemas >= s->schemas && !h->w.took &&
	    (h->w.introduced || s->maker != WORLD_LATE) &&
	    (s->maker < WORLD_FIELD ||
		(is_foreign(s->maker) && is_foreign(node->self))) &&
	    count_of(h, n, DATA) == 0 &&
	    grant_open_key(world_replica(&h->w, n), c->no, view.key_prefix, 0,
		key, NULL) == OK;
}

/* Has it any of the history, however it came? */
static bool
has_data(struct history *h, unsigned n)
{
	world_set stored, readable;

	world_set_of(&h->w, n, stored, readable);
	for (size_t i = 0; i < h->w.pool_count; i++)
		if (world_has(stored, i) && h->w.pool[i]->chain == CHAIN_DATA)
			return true;
	return false;
}

static const char *
give(struct history *h, const struct history_snapshot *s, unsigned to)
{
	struct replica *r = world_replica(&h->w, to);
	const struct node_id maker = world_node_id(s->maker);
	const bool welcome = is_welcome(h, s, to), had = has_data(h, to);
	struct world_node *node = &h->w.node[to];
	struct fail why = { 0 }, f = { 0 };
	enum outcome o;

	world_must(replica_begin(r, &f), &f, "begin");
	world_must(snapshot_receive(r, &o, s->bytes.p, s->bytes.n, &maker, &why,
		       &f),
	    &f, "a snapshot");
	world_must(replica_commit(r, &f), &f, "commit");
	h->counts->snapshots_unused += o == OUTCOME_DUPLICATE;
	h->counts->snapshots_early += o == OUTCOME_DUPLICATE && !had;
	h->counts->snapshots_refused += o == OUTCOME_REFUSED;
	if (welcome && o != OUTCOME_APPLIED)
		return history_trouble("machine %u does not show a snapshot: "
				       "%s",
		    to, why.text);
	if (o != OUTCOME_APPLIED)
		return NULL;
	if (had)
		return history_trouble("machine %u shows a snapshot over what "
				       "it has",
		    to);
	h->counts->snapshots++;
	node->shown = s;
	/* a restored machine shows nobody anything before it has recovered */
	return world_restored(&h->w, to) ? NULL : history_judge_shown(h, to);
}

const char *
history_offer(struct history *h, unsigned from, unsigned to)
{
	struct compartment *c = world_compartment(&h->w, from);
	struct history_snapshot *s = NULL;

	if (h->snapshot_count > 0 && chance(h, 20)) {
		s = h->snapshot[draw(h, h->snapshot_count)];
		h->counts->snapshots_stale++;
	} else if (h->snapshot_count < SNAPSHOTS && c != NULL &&
	    !h->w.node[from].shredded && !world_restored(&h->w, from) &&
	    h->w.node[from].shown == NULL && count_of(h, from, UNSEALED) == 0) {
		s = make(h, from);
	}
	return s != NULL ? give(h, s, to) : NULL;
}

/* ---- while it shows ---- */

/* In this life of the node or in one before it. */
static bool
is_by(struct replica *self, const uint8_t *author)
{
	struct author_tag tag;
	const struct member_author *a;

	memcpy(tag.b, author, sizeof(tag.b));
	a = members_author(replica_members(self), &tag);
	return a != NULL && id_equal(&a->node, &replica_identity(self)->node);
}

/* Is it a row that was begun at this machine itself? */
static bool
is_own(const struct judge_set *x, struct replica *self, unsigned table,
    const struct row_id *id)
{
	for (size_t i = 0; i < x->op_count; i++)
		if (x->ops[i].insert && x->ops[i].table == table &&
		    memcmp(x->ops[i].row, id->b, ID_BYTES) == 0 &&
		    is_by(self, x->at[x->ops[i].segment].author))
			return true;
	return false;
}

struct looking {
	const struct history_snapshot *s;
	const struct judge_set *set;
	struct replica *self;
	const struct table *table;
	size_t found;
	const char *wrong;
};

static bool
on_row(void *context, const struct read_row *row)
{
	struct looking *l = context;
	const struct model_row *want =
	    model_find(&l->s->x.m, l->table->number, row->id.b);

	if (want == NULL || !want->shown) {
		if (!is_own(l->set, l->self, l->table->number, &row->id))
			l->wrong = judge_differ("%s: a row beside a snapshot",
			    l->table->name);
		return l->wrong == NULL;
	}
	l->found++;
	for (size_t i = 0; i < l->table->field_count; i++) {
		const struct field *f = &l->table->fields[i];
		struct model_value have =
		    as_model_value(&row->values[f->number]);

		if (model_equal(&have, &want->cells[f->number].value))
			continue;
		l->wrong = judge_differ("%s.%s is not what the snapshot's maker"
					" had",
		    l->table->name, f->name);
		return false;
	}
	return true;
}

static const char *
judge_table(struct history *h, unsigned n, struct looking *l)
{
	struct read_query q = { .table = l->table, .all_states = true };
	struct fail f = { 0 };
	size_t want = 0;

	l->found = 0;
	world_must(read_list(world_replica(&h->w, n), &q, on_row, l, &f), &f,
	    "list");
	for (size_t i = 0; i < l->s->x.m.row_count; i++)
		want += l->s->x.m.rows[i].shown &&
		    l->s->x.m.rows[i].table == l->table->number;
	if (l->wrong == NULL && l->found != want)
		l->wrong = judge_differ("%s: %zu rows of a snapshot with %zu",
		    l->table->name, l->found, want);
	return l->wrong;
}

const char *
history_judge_shown(struct history *h, unsigned n)
{
	struct replica *r = world_replica(&h->w, n);
	const struct registry *g = replica_registry(r);
	struct looking l = { .s = h->w.node[n].shown,
		.set = judge_set_new(&h->w, n),
		.self = r };
	struct judge_set *set = (struct judge_set *)l.set;

	h->counts->snapshots_judged++;
	for (size_t i = 0; l.wrong == NULL && i < g->table_count; i++) {
		l.table = &g->tables[i];
		(void)judge_table(h, n, &l);
	}
	if (l.wrong == NULL)
		l.wrong = judge_counters(&h->w, n);
	judge_set_free(set);
	return l.wrong;
}

/* Is all that the snapshot stands for held, with its whole past, and readable? A
 * stub of it is not. */
static bool
is_whole(struct history *h, unsigned n, const struct history_snapshot *s)
{
	world_set stored, readable;

	world_set_of(&h->w, n, stored, readable);
	for (size_t i = 0; i < h->w.pool_count; i++)
		if (world_has(s->past, i) &&
		    !world_has(h->w.pool[i]->chain == CHAIN_DATA ? readable
								 : stored,
			i))
			return false;
	return true;
}

const char *
history_settle_snapshot(struct history *h, unsigned n)
{
	const struct compartment *c = world_compartment(&h->w, n);
	struct world_node *node = &h->w.node[n];
	bool shows = c != NULL && (c->flags & COMPARTMENT_SNAPSHOT) != 0;
	bool whole = node->shown != NULL && is_whole(h, n, node->shown);

	if (shows && node->shown == NULL)
		return history_trouble("machine %u shows what it was not given",
		    n);
	if (shows && whole)
		return history_trouble("machine %u shows a snapshot though the "
				       "history is there",
		    n);
	/* taking anything away ends it too */
	if (!shows && node->shown != NULL && !whole && !h->w.took &&
	    c->flags == 0)
		return history_trouble("machine %u has neither the snapshot nor"
				       " its history",
		    n);
	if (shows)
		return NULL;
	h->counts->snapshots_ended += whole;
	node->shown = NULL;
	return NULL;
}

/* Nothing is left of any, and none was found out as a lie. */
const char *
history_judge_snapshots(struct history *h)
{
	for (unsigned i = 0; i < h->node_count; i++) {
		unsigned n = h->nodes[i];

		if (world_restored(&h->w, n))
			continue;
		if (!h->w.took &&
		    count_of(h, n,
			"SELECT count(*) FROM _snapshot_in WHERE cpt = ?1") > 0)
			return history_trouble("machine %u shows a snapshot at "
					       "the end",
			    n);
		if (replica_counter(world_replica(&h->w, n),
			"snapshots differing") != 0)
			return history_trouble("machine %u says that a snapshot"
					       " was a lie",
			    n);
	}
	return NULL;
}
