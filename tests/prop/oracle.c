/* How: every question walks every segment; the pool is in causal order. */
#include "tests/prop/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/grant_i.h"
#include "tests/prop/judge_i.h"

/* ---- reading ---- */

static void
find_past(struct oracle *o, size_t i)
{
	const struct world_segment *s = o->w->pool[i];

	for (size_t d = 0; d < s->dep_count; d++) {
		size_t at = s->deps[d];

		if (!world_has(o->in_log, at))
			continue;
		world_put(o->past[i], at);
		for (size_t k = 0; k < COUNT_OF(o->past[i]); k++)
			o->past[i][k] |= o->past[at][k];
	}
}

static void
read_body(struct oracle *o, size_t i)
{
	const struct world_segment *s = o->w->pool[i];
	struct fail f = { 0 };
	struct segment p;

	world_must(segment_parse(&p, s->bytes.p, s->bytes.n, &f), &f, "body");
	if (s->kind == SEGMENT_GRANT) {
		struct grant_body *b = &o->grants[o->grant_count++];

		world_must(grant_body_parse(b, p.body, p.header.body_bytes),
		    NULL, "grant");
		o->grant[i] = b;
	} else if (s->kind == SEGMENT_REMOVE) {
		struct remove_body *b = &o->removes[o->remove_count++];

		world_must(remove_body_parse(b, p.body, p.header.body_bytes),
		    NULL, "removal");
		o->remove[i] = b;
		o->grant[i] = &b->grant;
	} else if (s->kind == SEGMENT_ADOPT) {
		struct points_body *b = &o->adopts[o->adopt_count++];

		world_must(points_body_parse(b, true, p.body,
			       p.header.body_bytes),
		    NULL, "adoption");
		o->adopt[i] = b;
	}
}

/* whole: all that was ever sealed, as if stubs said what they stand for; only:
 * nothing but these, or NULL */
static struct oracle *
read_log(struct world *w, unsigned machine, bool whole, const uint64_t *only)
{
	struct oracle *o = calloc(1, sizeof(*o));
	size_t n[3] = { 0 };

	for (size_t i = 0; i < w->pool_count; i++) {
		n[0] += w->pool[i]->kind == SEGMENT_GRANT;
		n[1] += w->pool[i]->kind == SEGMENT_REMOVE;
		n[2] += w->pool[i]->kind == SEGMENT_ADOPT;
	}
	if (o == NULL ||
	    (o->grants = calloc(n[0] + 1, sizeof(*o->grants))) == NULL ||
	    (o->removes = calloc(n[1] + 1, sizeof(*o->removes))) == NULL ||
	    (o->adopts = calloc(n[2] + 1, sizeof(*o->adopts))) == NULL)
		abort();
	o->w = w;
	o->machine = machine;
	o->m = replica_members(w->node[machine].replica);
	for (size_t i = 0; i < w->pool_count; i++) {
		const struct world_segment *s = w->pool[i];

		if (only != NULL && !world_has(only, i))
			continue;
		if (!whole &&
		    (!world_has(w->node[machine].has, i) ||
			members_author(o->m, &s->tag) == NULL ||
			(s->prev != SIZE_MAX &&
			    !world_has(o->in_log, s->prev))))
			continue;
		world_put(o->in_log, i);
		find_past(o, i);
		if (s->chain == CHAIN_CONTROL &&
		    (whole || world_heard(w, machine, i)))
			read_body(o, i);
	}
	return o;
}

struct oracle *
oracle_new(struct world *w, unsigned machine)
{
	return read_log(w, machine, false, NULL);
}

struct oracle *
oracle_of(struct world *w, unsigned machine, const world_set only)
{
	return read_log(w, machine, false, only);
}

void
oracle_free(struct oracle *o)
{
	free(o->grants);
	free(o->removes);
	free(o->adopts);
	free(o);
}

/* ---- who ---- */

static bool
is_agency(const struct control_who *who, unsigned node)
{
	return who->kind == GRANT_AGENCY &&
	    memcmp(who->id, world_agency(node)->b, ID_BYTES) == 0;
}

static bool
is_node(const struct control_who *who, unsigned node)
{
	struct node_id id = world_node_id(node);

	return who->kind == GRANT_NODE && memcmp(who->id, id.b, ID_BYTES) == 0;
}

/* Does naming `named` mean `who`? An agency takes its nodes along. */
static bool
means(const struct control_who *named, const struct control_who *who)
{
	for (unsigned n = 0; n < WORLD_NODES; n++)
		if ((is_node(who, n) &&
			(is_node(named, n) || is_agency(named, n))) ||
		    (is_agency(who, n) && is_agency(named, n)))
			return true;
	return false;
}

static bool
by_owner(const struct world_segment *s)
{
	return s->node < WORLD_FIELD;
}

/* The rule of revocations: before the cut of that life, or at it and the very
 * one. */
static bool
inside(const struct oracle *o, const struct world_segment *s)
{
	struct node_id id = world_node_id(s->node);
	const struct member_revocation *v = members_revocation(o->m, &id);
	const struct member_author *a = members_author(o->m, &s->tag);

	if (v == NULL || !v->cuts)
		return true;
	for (size_t k = 0; k < v->cut_count; k++)
		if (id_equal(&v->cut[k].incarnation, &a->incarnation))
			return s->position < v->cut[k].position ||
			    (s->position == v->cut[k].position &&
				id_equal(&s->id, &v->cut[k].id));
	return false;
}

/* ---- removals ---- */

static bool
may_remove(const struct world_segment *s, const struct control_who *leaver)
{
	const struct control_who owner = { .kind = GRANT_AGENCY };
	struct control_who no = owner, self = { .kind = GRANT_AGENCY };

	memcpy(no.id, world_agency(0)->b, ID_BYTES);
	if (means(leaver, &no))
		return false;
	if (by_owner(s))
		return true;
	memcpy(self.id, world_agency(s->node)->b, ID_BYTES);
	return is_node(leaver, s->node) ||
	    (s->node >= WORLD_FOREIGN && means(&self, leaver));
}

/* Does segment i, by a removal that counts, take who away? */
static bool
removes(const struct oracle *o, size_t i, const struct control_who *who)
{
	const struct remove_body *b = o->remove[i];

	if (b == NULL || !inside(o, o->w->pool[i]))
		return false;
	for (size_t k = 0; k < b->leaver_count; k++)
		if (may_remove(o->w->pool[i], &b->leaver[k]) &&
		    means(&b->leaver[k], who))
			return true;
	return false;
}

/* ---- cuts and adoptions ---- */

static bool
cuts_node(const struct oracle *o, size_t i, unsigned node)
{
	struct control_who who = { .kind = GRANT_NODE };
	struct node_id id = world_node_id(node);

	memcpy(who.id, id.b, ID_BYTES);
	return o->remove[i] != NULL && by_owner(o->w->pool[i]) &&
	    o->remove[i]->reason >= REMOVE_LOST && removes(o, i, &who);
}

bool
oracle_cuts_off(const struct oracle *o, unsigned node)
{
	for (size_t i = 0; i < o->w->pool_count; i++)
		if (cuts_node(o, i, node))
			return true;
	return false;
}

/* Up to the point, in a chain that may have branches. */
static bool
up_to(const struct oracle *o, size_t i, const struct control_point *p)
{
	const struct world_segment *s = o->w->pool[i];
	size_t at = SIZE_MAX;

	if (s->seq > p->seq)
		return false;
	for (size_t k = 0; k < o->w->pool_count; k++)
		if (world_has(o->in_log, k) &&
		    id_equal(&o->w->pool[k]->id, &p->id))
			at = k;
	if (at == SIZE_MAX)
		return true;
	while (at != SIZE_MAX && at != i)
		at = o->w->pool[at]->prev;
	return at == i;
}

static bool
of_feed(const struct control_point *p, const struct author_tag *tag, int chain)
{
	return p->chain == chain && id_equal(&p->author, tag);
}

/* The earliest cut of a feed; NULL: none names it. */
static const struct control_point *
cut_of(const struct oracle *o, unsigned node, const struct author_tag *tag,
    int chain, bool *cut)
{
	const struct control_point *first = NULL;

	*cut = false;
	for (size_t i = 0; i < o->w->pool_count; i++) {
		if (!cuts_node(o, i, node))
			continue;
		*cut = true;
		for (size_t k = 0; k < o->remove[i]->cut_count; k++) {
			const struct control_point *p = &o->remove[i]->cut[k];

			if (of_feed(p, tag, chain) &&
			    (first == NULL ||
				control_point_compare(p, first) < 0))
				first = p;
		}
	}
	return first;
}

static bool
past_cut(const struct oracle *o, size_t i)
{
	const struct world_segment *s = o->w->pool[i];
	bool cut;
	const struct control_point *p =
	    cut_of(o, s->node, &s->tag, s->chain, &cut);

	return p != NULL ? !up_to(o, i, p) : cut;
}

static bool
adopted(const struct oracle *o, size_t i)
{
	const struct world_segment *s = o->w->pool[i];

	for (size_t a = 0; a < o->w->pool_count; a++) {
		const struct points_body *b = o->adopt[a];

		if (b == NULL || !by_owner(o->w->pool[a]) ||
		    !inside(o, o->w->pool[a]) || past_cut(o, a))
			continue;
		for (size_t k = 0; k < b->count; k++)
			if (of_feed(&b->point[k], &s->tag, s->chain) &&
			    up_to(o, i, &b->point[k]))
				return true;
	}
	return false;
}

/* ---- keys ---- */

/* The owner's registrars grant anybody, its other nodes themselves and it: they
 * may begin a compartment. */
static bool
may_grant(const struct world_segment *s, const struct grant_entry *e)
{
	struct control_who to = { .kind = e->kind };

	memcpy(to.id, e->recipient, ID_BYTES);
	return by_owner(s) ||
	    (s->node == WORLD_FIELD &&
		(is_node(&to, s->node) || is_agency(&to, s->node)));
}

/* Was a key of this prefix given to somebody whom removal r takes away, by a
 * grant that does not follow it? known: by one of these; NULL: by any. */
static bool
ends(const struct oracle *o, size_t r, const uint8_t *prefix,
    const uint64_t *known)
{
	for (size_t i = 0; i < o->w->pool_count; i++) {
		const struct grant_body *g = o->grant[i];

		if (g == NULL || !inside(o, o->w->pool[i]) || i == r ||
		    world_has(o->past[i], r) ||
		    (known != NULL && !world_has(known, i)))
			continue;
		for (size_t k = 0; k < g->count; k++) {
			struct control_who to = { .kind = g->entry[k].kind };

			memcpy(to.id, g->entry[k].recipient, ID_BYTES);
			if (memcmp(g->entry[k].key_id.b, prefix,
				SEGMENT_PREFIX_BYTES) == 0 &&
			    may_grant(o->w->pool[i], &g->entry[k]) &&
			    removes(o, r, &to))
				return true;
		}
	}
	return false;
}

/* Given to a node that is revoked, by name or through a key it knew. */
static bool
given_to_revoked(const struct oracle *o, const struct grant_entry *e)
{
	struct control_who to = { .kind = e->kind };

	memcpy(to.id, e->recipient, ID_BYTES);
	for (unsigned n = 0; n < WORLD_NODES; n++) {
		struct node_id id = world_node_id(n);
		const struct member_revocation *v =
		    members_revocation(o->m, &id);

		if (v != NULL &&
		    (is_node(&to, n) ||
			(n != WORLD_FIELD && is_agency(&to, n) &&
			    e->serial <= v->agency_key_no)))
			return true;
	}
	return false;
}

bool
oracle_ended(const struct oracle *o, const uint8_t *prefix)
{
	for (size_t i = 0; i < o->w->pool_count; i++) {
		const struct grant_body *g = o->grant[i];

		if (o->remove[i] != NULL && ends(o, i, prefix, NULL))
			return true;
		for (size_t k = 0; g != NULL && k < g->count; k++)
			if (memcmp(g->entry[k].key_id.b, prefix,
				SEGMENT_PREFIX_BYTES) == 0 &&
			    given_to_revoked(o, &g->entry[k]))
				return true;
	}
	return false;
}

/* ---- answers ---- */

bool
oracle_counts(const struct oracle *o, size_t i)
{
	const struct world_segment *s = o->w->pool[i];

	for (size_t r = 0; r < o->w->pool_count; r++)
		if (o->remove[r] != NULL && world_has(o->past[i], r) &&
		    ends(o, r, s->key_prefix, o->past[i]))
			return false;
	return adopted(o, i) || (!past_cut(o, i) && inside(o, s));
}

static bool
is_order(const struct world_segment *s)
{
	struct shred_body body;
	struct segment view;

	return s->kind == SEGMENT_SHRED &&
	    segment_parse(&view, s->bytes.p, s->bytes.n, NULL) == OK &&
	    shred_body_parse(&body, view.body, view.header.body_bytes) == OK &&
	    !body.done;
}

bool
oracle_order_counts(const struct oracle *o, size_t i)
{
	const struct world_segment *s = o->w->pool[i];

	return world_has(o->in_log, i) && is_order(s) && by_owner(s) &&
	    inside(o, s) && (adopted(o, i) || !past_cut(o, i));
}

bool
oracle_ordered(const struct oracle *o)
{
	for (size_t i = 0; i < o->w->pool_count; i++)
		if (oracle_order_counts(o, i))
			return true;
	return false;
}

bool
oracle_holds(const struct oracle *o, const struct control_who *who)
{
	for (size_t i = 0; i < o->w->pool_count; i++) {
		const struct grant_body *g = o->grant[i];
		bool given = false, gone = false;

		if (g == NULL || !inside(o, o->w->pool[i]) ||
		    (past_cut(o, i) && !adopted(o, i)))
			continue;
		for (size_t k = 0; k < g->count; k++)
			given |= g->entry[k].kind == who->kind &&
			    memcmp(g->entry[k].recipient, who->id, ID_BYTES) ==
				0 &&
			    may_grant(o->w->pool[i], &g->entry[k]);
		/* nobody who left grants itself again */
		for (size_t r = 0; given && r < o->w->pool_count; r++)
			gone |= r != i &&
			    (!by_owner(o->w->pool[i]) ||
				!world_has(o->past[i], r)) &&
			    removes(o, r, who);
		if (given && !gone)
			return true;
	}
	return false;
}

bool
oracle_names(const struct oracle *o, unsigned node)
{
	for (size_t i = 0; i < o->w->pool_count; i++) {
		const struct grant_body *g = o->grant[i];

		for (size_t k = 0; g != NULL && k < g->count; k++) {
			struct control_who to = { .kind = g->entry[k].kind };

			memcpy(to.id, g->entry[k].recipient, ID_BYTES);
			if (inside(o, o->w->pool[i]) &&
			    may_grant(o->w->pool[i], &g->entry[k]) &&
			    (is_node(&to, node) ||
				(node != WORLD_FIELD && is_agency(&to, node))))
				return true;
		}
	}
	return false;
}

unsigned
oracle_gives(const struct oracle *o, size_t i)
{
	const struct grant_body *g = o->grant[i];
	unsigned right = 0;

	if (g == NULL || !by_owner(o->w->pool[i]) || !inside(o, o->w->pool[i]))
		return 0;
	for (size_t k = 0; k < g->count; k++) {
		struct control_who to = { .kind = g->entry[k].kind };

		memcpy(to.id, g->entry[k].recipient, ID_BYTES);
		if (is_agency(&to, WORLD_FOREIGN) && g->entry[k].right > right)
			right = g->entry[k].right;
	}
	return right;
}

bool
oracle_was_given(struct world *w, unsigned node, const struct key_id *id)
{
	struct oracle *o = read_log(w, 0, true, NULL);
	struct node_id self = world_node_id(node);
	const struct member_revocation *v = members_revocation(o->m, &self);
	bool given = false;

	for (size_t i = 0; i < w->pool_count && !given; i++) {
		const struct grant_body *g = o->grant[i];

		for (size_t k = 0; g != NULL && k < g->count; k++) {
			const struct grant_entry *e = &g->entry[k];
			struct control_who to = { .kind = e->kind };

			memcpy(to.id, e->recipient, ID_BYTES);
			given |= id_equal(&e->key_id, id) &&
			    (is_node(&to, node) ||
				(node != WORLD_FIELD && is_agency(&to, node) &&
				    (v == NULL ||
					e->serial <= v->agency_key_no)));
		}
	}
	oracle_free(o);
	return given;
}

/* ---- against the engine ---- */

static const char *
judge_holder(const struct oracle *o, const struct control *c,
    const struct control_who *who, const char *name)
{
	bool want = oracle_holds(o, who);

	if (who->kind == GRANT_NODE) {
		struct node_id id;

		memcpy(id.b, who->id, ID_BYTES);
		want = want && members_revocation(o->m, &id) == NULL;
	}
	return control_holds(c, who->kind, who->id) == want
	    ? NULL
	    : judge_differ("%s %s", name,
		  want ? "is no holder, but should be"
		       : "is a holder, but should not be");
}

bool
oracle_lags(const struct oracle *o, const struct compartment *c)
{
	struct fail f = { 0 };
	struct stmt *s;
	bool row;

	world_must(db_stmt(&s, replica_db(o->w->node[o->machine].replica),
		       "SELECT 1 FROM _segment WHERE cpt = ?1 AND chain = 0"
		       " AND position = 0 LIMIT 1",
		       &f),
	    &f, "unsealed control");
	stmt_int(s, 1, c->no);
	world_must(stmt_step(s, &row, &f), &f, "unsealed control");
	stmt_reset(s);
	return row;
}

const char *
oracle_judge(struct world *w, unsigned machine)
{
	struct compartment *c = world_compartment(w, machine);
	struct control_who agency = { .kind = GRANT_AGENCY };
	struct control_who node = { .kind = GRANT_NODE };
	struct node_id field = world_node_id(WORLD_FIELD);
	struct control *control;
	struct fail f = { 0 };
	const char *wrong = NULL;
	struct oracle *o;

	if (c == NULL)
		return NULL;
	o = oracle_new(w, machine);
	/* what is not sealed yet is not in the pool */
	if (!oracle_lags(o, c)) {
		world_must(control_load(&control, w->node[machine].replica, c,
			       &f),
		    &f, "control");
		memcpy(agency.id, world_agency(WORLD_FOREIGN)->b, ID_BYTES);
		memcpy(node.id, field.b, ID_BYTES);
		wrong = judge_holder(o, control, &agency, "the other agency");
		if (wrong == NULL)
			wrong = judge_holder(o, control, &node, "the laptop");
		control_free(control);
	}
	oracle_free(o);
	return wrong;
}
