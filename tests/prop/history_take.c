/*
 * What is taken away, put back and copied in a history: removals by whoever may,
 * concurrent grants, revocations, adoptions; a machine's old state put back; a
 * second machine that goes on from the first one's state.
 */
#include <stdio.h>
#include <string.h>

#include "sync/agency_key.h"
#include "sync/grant.h"
#include "sync/remove.h"
#include "sync/revoke.h"
#include "tests/prop/history_i.h"
#include "tests/prop/oracle.h"

static unsigned
self(const struct history *h, unsigned machine)
{
	return h->w.node[machine].self;
}

/* What may go wrong when somebody tries what is not his, or is not there. */
static bool
is_refused(enum err e)
{
	return e == ERR_DENIED || e == ERR_INPUT || e == ERR_NOTFOUND ||
	    e == ERR_EXISTS || e == ERR_WAIT || e == ERR_REVOKED;
}

/* Before something is taken away or given, and then tell. */
static void
risk(struct history *h, unsigned n)
{
	world_let_die(&h->w, n,
	    world_draw(&h->beside, 100) < 15
		? 1 + (unsigned)world_draw(&h->beside, 5)
		: 0);
}

static const char *
tell(struct history *h, unsigned n, const char *what, enum err e,
    const struct fail *f, uint64_t *count)
{
	/* some of it may be done: registrars go on with that by themselves */
	if (world_died(&h->w, n)) {
		h->w.took = true;
		world_seal(&h->w, n);
		return NULL;
	}
	world_tell("%s at machine %u: %s", what, n, e == OK ? "done" : f->text);
	if (e == OK) {
		++*count;
		h->w.took = true;
		world_seal(&h->w, n); /* the oracle sees the pool only */
		return NULL;
	}
	return is_refused(e) ? NULL
			     : history_trouble("%s at machine %u: %s: %s", what,
				   n, err_name(e), f->text);
}

static const char *
take_away(struct history *h, unsigned n)
{
	static const char *const category[] = { WORLD_CATEGORY };
	struct remove_request q = {
		.subject = h->w.subject,
		.categories = category,
		.category_count = 1,
		.kind = chance(h, 50) ? GRANT_AGENCY : GRANT_NODE,
		.reason = (enum remove_reason)draw(h, REMOVE_REASON_MAX + 1),
		.words = "test",
	};
	struct node_id field = world_node_id(WORLD_FIELD);
	struct fail f = { 0 };
	enum err e;

	memcpy(q.recipient,
	    q.kind == GRANT_NODE ? field.b : world_agency(WORLD_FOREIGN)->b,
	    ID_BYTES);
	world_tell("%s leaves, reason %d",
	    q.kind == GRANT_NODE ? "the laptop" : "the other agency",
	    (int)q.reason);
	risk(h, n);
	e = remove_from(world_replica(&h->w, n), &q, NULL, NULL, &f);
	return tell(h, n, "removing", e, &f, &h->counts->removals);
}

/* By any registrar, so that grants and removals meet. */
static const char *
give_again(struct history *h, unsigned n)
{
	struct fail f = { 0 };
	bool agency = chance(h, 50);
	enum err e;

	if (world_compartment(&h->w, n) == NULL)
		return NULL;
	if (agency && world_draw(&h->beside, 100) < 40)
		h->reads = !h->reads;
	risk(h, n);
	e = agency ? world_share(&h->w, n, h->reads ? GRANT_READ : GRANT_WRITE,
			 chance(h, 20), &f)
		   : world_carry(&h->w, n, &f);
	if (e == OK && agency)
		h->shared = true;
	return tell(h, n, "granting again", e, &f, &h->counts->granted_again);
}

/* By any registrar of the owner, so that what they say meets. */
const char *
history_change_right(struct history *h)
{
	unsigned n = h->nodes[world_draw(&h->beside, h->node_count)];
	bool reads = world_draw(&h->beside, 100) < 50;
	bool from_now = world_draw(&h->beside, 100) < 10;
	struct fail f = { 0 };
	enum err e;

	if (n >= WORLD_FIELD || world_restored(&h->w, n) ||
	    world_compartment(&h->w, n) == NULL)
		return NULL;
	world_tell("node %u says that the other agency %s", n,
	    reads ? "reads" : "writes");
	e = world_share(&h->w, n, reads ? GRANT_READ : GRANT_WRITE, from_now,
	    &f);
	if (e == OK) {
		world_seal(&h->w, n);
		h->counts->raised += h->reads && !reads;
		h->counts->lowered += !h->reads && reads;
		h->reads = reads;
	}
	/* who has heard of nothing, or was taken out, has no key to give */
	return e == OK || n != 0 || h->takes || h->w.node[0].shredded
	    ? NULL
	    : history_trouble("a right: %s: %s", err_name(e), f.text);
}

static const char *
revoke(struct history *h, unsigned victim, enum revocation_reason reason)
{
	struct node_id id = world_node_id(victim);
	struct revoke_report report;
	struct fail f = { 0 };
	const char *wrong;
	uint64_t before = h->counts->revoked;
	enum err e;

	if (!h->w.node[victim].used || world_restored(&h->w, 0) ||
	    (victim == WORLD_LATE && !h->w.introduced))
		return NULL;
	world_tell("node %u is revoked", victim);
	risk(h, 0);
	e = revoke_node(world_replica(&h->w, 0), &report, NULL, &id, reason,
	    &f);
	wrong = tell(h, 0, "revoking", e, &f, &h->counts->revoked);
	h->w.out[victim] |= h->counts->revoked > before ||
	    members_revocation(replica_members(world_replica(&h->w, 0)), &id);
	return wrong;
}

static const char *
revoke_any(struct history *h)
{
	unsigned victim = 1 + (unsigned)draw(h, WORLD_NODES - 1);

	return revoke(h, victim, (enum revocation_reason)(1 + draw(h, 4)));
}

const char *
history_thief(struct history *h)
{
	unsigned thief = 1 + (unsigned)draw(h, WORLD_FIELD - 1);
	unsigned to = h->nodes[draw(h, h->node_count)];
	const char *wrong;

	if (!h->w.node[thief].used || h->w.out[thief] ||
	    world_restored(&h->w, thief))
		return NULL;
	wrong = history_order(h, thief);
	if (wrong == NULL && to != 0 && to != thief && chance(h, 80))
		wrong = history_exchange(h, thief, to, true);
	if (wrong != NULL || chance(h, 30))
		return wrong;
	return revoke(h, thief,
	    chance(h, 80) ? REVOKED_LOST
			  : (enum revocation_reason)(1 + draw(h, 4)));
}

static const char *
adopt(struct history *h, unsigned n, unsigned of)
{
	struct node_id id = world_node_id(of);
	const struct member_node *node =
	    members_node(replica_members(world_replica(&h->w, n)), &id);
	struct remove_adopted out = { 0 };
	struct fail f = { 0 };
	uint64_t no_matter = 0;
	enum err e;

	if (node == NULL)
		return NULL;
	world_tell("of node %u is adopted", of);
	risk(h, n);
	e = remove_adopt(world_replica(&h->w, n), node, &out, &f);
	h->counts->adopted += out.segments > 0;
	return tell(h, n, "adopting", e, &f, &no_matter);
}

static const char *
put_back(struct history *h, unsigned n)
{
	if (h->w.on_disk)
		return NULL;
	if (h->w.kept[n].env == NULL || chance(h, 30)) {
		if (!world_restored(&h->w, n)) {
			world_tell("machine %u is kept", n);
			world_keep(&h->w, n);
		}
		return NULL;
	}
	world_tell("machine %u is put back", n);
	return history_old_state(h, n);
}

static void
copy(struct history *h, unsigned n)
{
	bool moved = chance(h, 40);

	if (h->w.on_disk || h->w.node[WORLD_COPY].used ||
	    world_restored(&h->w, n))
		return;
	world_tell("machine %u is copied%s", n, moved ? ", and knows" : "");
	world_copy(&h->w, n, moved);
	h->nodes[h->node_count++] = WORLD_COPY;
	h->counts->copies += moved;
	h->counts->clones += !moved;
}

const char *
history_take(struct history *h, unsigned n)
{
	unsigned kind = (unsigned)draw(h, h->copies ? 100 : 77);

	if (kind < 45)
		return take_away(h, n);
	if (kind < 65)
		return give_again(h, n);
	if (kind < 73)
		return revoke_any(h);
	if (kind < 77)
		return adopt(h, n, WORLD_FIELD + (unsigned)draw(h, 3));
	if (kind < 92)
		return put_back(h, n);
	copy(h, n);
	return NULL;
}

const char *
history_adopt(struct history *h)
{
	const char *wrong = NULL;

	if (world_restored(&h->w, 0) || h->w.out[0])
		return NULL;
	for (unsigned node = WORLD_FIELD; !wrong && node < WORLD_NODES; node++)
		wrong = adopt(h, 0, node);
	return wrong;
}

void
history_count_forks(struct history *h)
{
	for (size_t a = 0; a < h->w.pool_count; a++)
		for (size_t b = 0; b < a; b++)
			h->counts->forks +=
			    h->w.pool[a]->seq == h->w.pool[b]->seq &&
			    h->w.pool[a]->chain == h->w.pool[b]->chain &&
			    id_equal(&h->w.pool[a]->tag, &h->w.pool[b]->tag);
}

const char *
history_maintain(struct history *h, unsigned n)
{
	struct replica *r = world_replica(&h->w, n);
	struct fail f = { 0 };
	bool replaced;
	enum err e;

	if (world_restored(&h->w, n) || h->w.out[self(h, n)])
		return NULL;
	world_tell("machine %u maintains", n);
	e = agency_key_maintain(r, false, &replaced, &f);
	if (e != OK)
		return history_trouble("agency key at %u: %s: %s", n,
		    err_name(e), f.text);
	env_test_pass(h->w.node[n].env, 2 * REMOVE_OTHERS_WAIT_MS);
	world_seal(&h->w, n);
	return NULL;
}

/* ---- at the end ---- */

/* Every key here was given to this node, by name or through its agency. */
static const char *
judge_keys(struct history *h, unsigned n)
{
	struct compartment *c = world_compartment(&h->w, n);
	struct fail f = { 0 };
	struct key_id id[64];
	size_t count = 0;
	struct stmt *s;
	bool row;

	if (c == NULL)
		return NULL;
	world_must(db_stmt(&s, replica_db(world_replica(&h->w, n)),
		       "SELECT key_id FROM _key WHERE cpt = ?1", &f),
	    &f, "keys");
	stmt_int(s, 1, c->no);
	for (;;) {
		world_must(stmt_step(s, &row, &f), &f, "keys");
		if (!row)
			break;
		if (count < COUNT_OF(id))
			(void)stmt_col_copy(s, 0, id[count++].b, sizeof(id->b));
	}
	for (size_t i = 0; i < count; i++)
		if (!oracle_was_given(&h->w, self(h, n), &id[i]))
			return history_trouble("machine %u holds a key that it "
					       "was not given",
			    n);
	return NULL;
}

/* What was answered "saved" is sealed and everywhere, or waits at its maker. */
static const char *
judge_saved(struct history *h)
{
	struct world *w = &h->w;

	for (size_t i = 0; i < w->op_count; i++) {
		if (!w->saved[i])
			continue;
		for (unsigned k = 0; w->sealed[i] && k < h->node_count; k++)
			if (!world_has(w->node[h->nodes[k]].has, w->at[i]))
				return history_trouble("note %zu is missing at "
						       "machine %u",
				    i + 1, h->nodes[k]);
		if (!w->sealed[i] && !world_logged(w, w->maker[i], i + 1))
			return history_trouble("note %zu of machine %u was "
					       "saved and is lost",
			    i + 1, w->maker[i]);
	}
	return NULL;
}

const char *
history_judge_taken(struct history *h)
{
	const char *wrong = judge_saved(h);

	for (unsigned i = 0; wrong == NULL && i < h->node_count; i++)
		wrong = judge_keys(h, h->nodes[i]);
	return wrong;
}
