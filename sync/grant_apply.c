/*
 * Applying grant segments: which entries count, which keys open for us.
 *
 * Every entry of every segment that grants has a _grant row; rights 0 says that
 * it does not count as far as is known now. Which do is judged over all control
 * segments of the compartment (control.h), so the order in which they came
 * cannot matter. In the ordinary case, the first grant of a compartment, no
 * other body is read.
 */
#include <stdlib.h>
#include <string.h>

#include "sync/box.h"
#include "sync/control.h"
#include "sync/lane.h"
#include "sync/shred.h"

/* What applying changed. */
struct change {
	bool new_recipient; /* routes changed */
	bool new_writer;    /* a foreign writer: proposals become writes */
	bool new_key;
	bool judged;   /* which data counts may have changed */
	bool left;     /* somebody may have left: routes changed */
	int64_t shred; /* since now an order to destroy counts */
};

/* ---- rows ---------------------------------------------------------------------- */

/* Is the recipient the owner, or a node known to be of it? */
static bool
is_owners(struct replica *r, const struct control *now,
    const struct control_claim *k)
{
	const struct member_node *node;
	struct node_id id;

	if (k->kind == GRANT_AGENCY)
		return memcmp(k->recipient, now->owner.b, ID_BYTES) == 0;
	memcpy(id.b, k->recipient, ID_BYTES);
	node = members_node(r->members, &id);
	return node != NULL && id_equal(&node->agency, &now->owner);
}

static enum err
write_claim(struct replica *r, struct compartment *c, const struct control *now,
    const struct control_claim *k, struct change *change, struct fail *f)
{
	unsigned had = 0;
	struct stmt *s;
	enum err e = OK;

	if (k->counts) {
		/* who is there already, over any key */
		e = grant_best_right(r, &had, c->no, k->kind, k->recipient, f);
		if (e != OK)
			return e;
		change->new_recipient |= had == 0;
	}
	if (k->ever && k->now == GRANT_WRITE && !is_owners(r, now, k)) {
		e = grant_ever_right(r, &had, c->no, k->kind, k->recipient, f);
		if (e != OK)
			return e;
		change->new_writer |= had < GRANT_WRITE;
	}
	e = db_stmt(&s, r->db,
	    "INSERT INTO _grant (cpt, key_id, recipient_kind, recipient,"
	    " segment, rights, ever, ended, at_ms) VALUES (?1, ?2, ?3, ?4, ?5,"
	    " ?6, ?7, ?8, (SELECT at_ms FROM _segment WHERE no = ?5))"
	    " ON CONFLICT (cpt, key_id, recipient_kind, recipient, segment)"
	    " DO UPDATE SET rights = excluded.rights, ever = excluded.ever,"
	    " ended = excluded.ended",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, c->no);
	stmt_blob(s, 2, k->key_id.b, ID_BYTES);
	stmt_int(s, 3, k->kind);
	stmt_blob(s, 4, k->recipient, ID_BYTES);
	stmt_int(s, 5, k->segment);
	stmt_int(s, 6, k->counts ? (int64_t)k->now : 0);
	stmt_int(s, 7, k->ever ? (int64_t)k->now : 0);
	stmt_int(s, 8, k->ended ? 1 : 0);
	return stmt_run(s, f);
}

/* Does the compartment wait for a new key? */
static enum err
note_need(struct replica *r, struct compartment *c, bool any_ended,
    struct fail *f)
{
	bool open = false;
	enum err e = any_ended ? grant_open_need(r, c->no, &open, f) : OK;

	if (e == OK && c->rekey != open) {
		c->rekey = open;
		c->changed = true;
	}
	return e;
}

/* Write what is so now; compare with what was. */
static enum err
write_control(struct replica *r, struct compartment *c,
    const struct control *now, struct change *change, struct fail *f)
{
	unsigned shown = c->flags & COMPARTMENT_SNAPSHOT;
	unsigned flags = control_flags(now) |
	    (c->flags & (COMPARTMENT_FORKED | COMPARTMENT_SHREDDED));
	bool any_ended = false;
	enum err e = OK;

	for (size_t k = 0; e == OK && k < now->claim_count; k++) {
		e = write_claim(r, c, now, &now->claims[k], change, f);
		any_ended |= now->claims[k].ended;
	}
	/* an adoption lifts a revocation's cut too, which is no flag */
	change->judged = ((c->flags & ~COMPARTMENT_SNAPSHOT) | flags) != 0 ||
	    now->adopted_count > 0;
	change->left = now->leaver_count > 0;
	change->shred = now->shred;
	if (c->flags != (flags | shown)) {
		c->flags = flags | shown;
		c->changed = true;
	}
	if (now->known && c->has_owner && !id_equal(&c->owner, &now->owner)) {
		c->owner = now->owner;
		c->changed = true;
	}
	return e == OK ? note_need(r, c, any_ended, f) : e;
}

/* Are there other control segments of this compartment than this one? */
static enum err
has_others(struct replica *r, int64_t cpt, int64_t segment, bool *others,
    struct fail *f)
{
	struct stmt *s;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT 1 FROM _segment WHERE cpt = ?1 AND chain = ?2"
	    " AND no <> ?3 LIMIT 1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, CHAIN_CONTROL);
	stmt_int(s, 3, segment);
	e = stmt_step(s, others, f);
	stmt_reset(s);
	return e;
}

/* ---- keys for us --------------------------------------------------------------- */

struct opening {
	struct replica *r;
	struct compartment *c;
	const struct control *now;
	bool new_key;
};

static bool
entry_counts(const struct control *now, int64_t segment,
    const struct grant_entry *e)
{
	for (size_t k = 0; k < now->claim_count; k++) {
		const struct control_claim *c = &now->claims[k];

		if (c->segment == segment && c->kind == e->kind &&
		    id_equal(&c->key_id, &e->key_id) &&
		    memcmp(c->recipient, e->recipient, ID_BYTES) == 0)
			return c->counts;
	}
	return false;
}

static bool
for_us(const struct identity *i, const struct grant_entry *e)
{
	if (e->kind == GRANT_NODE)
		return memcmp(e->recipient, i->node.b, ID_BYTES) == 0;
	return i->has_agency_secret &&
	    memcmp(e->recipient, i->agency.b, ID_BYTES) == 0;
}

/* With the key pair of ours that the box is sealed to, whichever of two with
 * one number that is. ERR_NOTFOUND: that key is not here. */
static enum err
open_box(struct grant_secret *out, const struct identity *i,
    const struct grant_entry *e, const struct grant_place *place)
{
	const struct identity_key *k;
	enum err got = ERR_NOTFOUND;

	if (e->kind == GRANT_NODE)
		return grant_box_open(out, e, place, i->box_key, i->box_secret);
	for (size_t at = 0;
	     got != OK && (k = identity_key_at(i, e->serial, at)) != NULL; at++)
		got = grant_box_open(out, e, place, k->box_key, k->box_secret);
	return got;
}

/* What the box says of subject and category must agree with what is known. */
static bool
secret_fits(const struct opening *o, const struct grant_secret *s)
{
	const struct compartment *c = o->c;
	uint8_t name[16];

	if (c->has_subject &&
	    (!id_equal(&c->subject, &s->subject) ||
		strcmp(c->category, s->category) != 0))
		return false;
	if (!id_equal(&c->founder, &o->r->identity.agency))
		return true;
	compartment_own_name(name, &o->r->identity, &s->subject, s->category);
	return memcmp(name, c->name, sizeof(name)) == 0;
}

static enum err
open_entry(struct opening *o, const struct grant_entry *entry,
    const struct grant_place *place, struct fail *f)
{
	struct grant_secret got;
	bool is_new = false;
	enum err e;

	if (!for_us(&o->r->identity, entry))
		return OK;
	e = grant_key_by_id(o->r, o->c->no, &entry->key_id, got.key, f);
	if (e != ERR_NOTFOUND)
		goto out;
	e = open_box(&got, &o->r->identity, entry, place);
	if (e == ERR_NOTFOUND) {
		e = OK;
		goto out;
	}
	if (e != OK || !secret_fits(o, &got)) {
		replica_tally(o->r, "grant box refused", 1);
		e = OK;
		goto out;
	}
	e = compartment_learn(o->r, o->c, &o->c->founder, o->c->name,
	    &got.subject, got.category, f);
	if (e == OK)
		e = log_close_open(o->r, o->c, f);
	if (e == OK)
		e = grant_key_store(o->r, o->c->no, &entry->key_id, got.key,
		    &is_new, f);
	o->new_key |= is_new;
out:
	sodium_memzero(&got, sizeof(got));
	return e;
}

static enum err
open_segment(void *context, int64_t segment, const struct member_node *issuer,
    const struct grant_body *body, struct fail *f)
{
	struct opening *o = context;
	struct grant_place place = { .compartment = o->c->id,
		.issuer = issuer->id };
	enum err e = OK;

	for (size_t k = 0; e == OK && k < body->count; k++) {
		const struct grant_entry *entry = &body->entry[k];
		bool opens = entry_counts(o->now, segment, entry);

		if (!opens && for_us(&o->r->identity, entry))
			e = shred_lost_key(o->r, o->c->no, &entry->key_id,
			    &opens, f);
		if (e == OK && opens)
			e = open_entry(o, entry, &place, f);
	}
	return e;
}

static enum err
read_basis(void *context, int64_t segment, const struct member_node *issuer,
    const struct grant_body *body, struct fail *f)
{
	struct opening *o = context;
	struct grant_place place = { .compartment = o->c->id,
		.issuer = issuer->id };
	char text[LIMIT_BASIS_BYTES + 1];
	uint8_t key[SEGMENT_KEY_BYTES];
	struct stmt *s;
	enum err e;

	if (body->basis == NULL)
		return OK;
	e = grant_key_by_id(o->r, o->c->no, &body->basis_entry->key_id, key, f);
	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	e = grant_basis_open(text, body, &place, key);
	sodium_memzero(key, sizeof(key));
	if (e != OK) {
		replica_tally(o->r, "grant basis unreadable", 1);
		return OK;
	}
	e = db_stmt(&s, o->r->db,
	    "UPDATE _grant SET basis = ?3 WHERE cpt = ?1 AND segment = ?2"
	    " AND recipient_kind = ?4 AND recipient = ?5",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, o->c->no);
	stmt_int(s, 2, segment);
	stmt_text(s, 3, text);
	stmt_int(s, 4, body->basis_entry->kind);
	stmt_blob(s, 5, body->basis_entry->recipient, ID_BYTES);
	return stmt_run(s, f);
}

/* ---- the two ways in -------------------------------------------------------------- */

/* Follow up what changed: derive, route, carry on. */
static enum err
follow_up(struct replica *r, struct compartment *c, const struct change *change,
    struct fail *f)
{
	enum err e = OK;

	if (change->shred != 0)
		return shred_apply(r, c, change->shred, f);
	if (change->new_key || change->new_writer || change->judged) {
		c->rederive = true;
		c->changed = true;
	}
	/* what was begun had not seen this */
	if (change->judged)
		e = log_close_open(r, c, f);
	if (e == OK && change->left)
		e = lane_leave(r, c, f);
	if (e == OK && change->new_recipient)
		e = lane_compartment(r, c, f);
	if (e == OK && change->new_key)
		e = grant_carry_new(r, c, f);
	return e;
}

/* A grant that is alone so far; NULL body: read all there are. */
struct alone {
	int64_t segment;
	const struct member_node *issuer;
	const struct grant_body *body;
};

static enum err
each_or(struct opening *o, const struct alone *one, grant_segment_fn each,
    struct fail *f)
{
	return one->body != NULL
	    ? each(o, one->segment, one->issuer, one->body, f)
	    : grant_each(o->r, o->c->no, each, o, f);
}

/* What counted may be among what waits now (quota.h), and that is not listed. */
static enum err
forget_claims(struct replica *r, const struct compartment *c, struct fail *f)
{
	struct stmt *s;
	enum err e;

	/* kept, not dropped: at_ms says when a grant was first applied here */
	e = db_stmt(&s, r->db,
	    "UPDATE _grant SET rights = 0, ever = 0, ended = 0 WHERE cpt = ?1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, c->no);
	return stmt_run(s, f);
}

/* Destroyed: does an order still count? If none does, it is undone. */
static enum err
judge_order(struct replica *r, struct compartment *c, bool *stands,
    struct fail *f)
{
	struct control *now = NULL;
	enum err e = control_load(&now, r, c, f);

	*stands = e == OK && now->shred != 0;
	if (e == OK)
		e = *stands ? shred_stands(r, c, now, f) : shred_undo(r, c, f);
	control_free(now);
	return e;
}

/* What all control segments of the compartment say together, written down and
 * used. */
static enum err
settle(struct replica *r, struct compartment *c, const struct alone *one,
    struct change *change, struct fail *f)
{
	struct control *now = NULL;
	struct opening o = { .r = r, .c = c };
	bool stands = false, undone = false;
	enum err e;

	if ((c->flags & COMPARTMENT_SHREDDED) != 0) {
		e = judge_order(r, c, &stands, f);
		if (e != OK || stands)
			return e;
		undone = true;
	}
	e = control_load(&now, r, c, f);
	if (e == OK && now->over > 0)
		e = forget_claims(r, c, f);
	if (e == OK && now->known && !c->has_owner)
		e = compartment_learn(r, c, &now->founder, now->name, NULL,
		    NULL, f);
	if (e == OK)
		e = write_control(r, c, now, change, f);
	o.now = now;
	if (e == OK)
		e = each_or(&o, one, open_segment, f);
	if (e == OK)
		e = each_or(&o, one, read_basis, f);
	change->new_key |= o.new_key;
	change->judged |= undone;
	change->left |= undone;
	control_free(now);
	return e;
}

static enum err
settle_all(struct replica *r, struct compartment *c, struct change *change,
    struct fail *f)
{
	return settle(r, c, &(struct alone){ 0 }, change, f);
}

enum err
grant_apply(struct replica *r, struct compartment *c, int64_t segment,
    const struct member_node *issuer, const uint8_t *body, size_t n,
    struct fail *f)
{
	struct grant_body *b = malloc(sizeof(*b));
	struct change change = { 0 };
	struct alone one = { segment, issuer, NULL };
	bool others = false;
	enum err e;

	if (b == NULL)
		return fail_set(f, ERR_NOMEM, "grant: out of memory");
	if (grant_body_parse(b, body, n) != OK) {
		replica_tally(r, "grant malformed", 1);
		e = OK;
		goto out;
	}
	e = compartment_learn(r, c, &b->owner, b->name, NULL, NULL, f);
	if (e == ERR_FORMAT) {
		replica_tally(r, "grant for another compartment", 1);
		e = OK;
		goto out;
	}
	if (e == OK)
		e = has_others(r, c->no, segment, &others, f);
	one.body = others ? NULL : b;
	if (e == OK)
		e = settle(r, c, &one, &change, f);
	if (e == OK)
		e = follow_up(r, c, &change, f);
out:
	free(b);
	return e;
}

enum err
control_apply(struct replica *r, struct compartment *c, struct fail *f)
{
	struct change change = { 0 };
	enum err e = settle_all(r, c, &change, f);

	return e == OK ? follow_up(r, c, &change, f) : e;
}

enum err
grant_rederive(struct replica *r, struct compartment *c, struct fail *f)
{
	struct change change = { 0 };
	struct stmt *s;
	enum err e;

	/* what was noted says who hears of it, as long as the order counts */
	if ((c->flags & COMPARTMENT_SHREDDED) != 0)
		return control_apply(r, c, f);
	/* kept, not dropped: at_ms says when a grant was first applied here */
	e = db_stmt(&s, r->db,
	    "UPDATE _grant SET rights = 0, ever = 0, ended = 0, basis = NULL"
	    " WHERE cpt = ?1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, c->no);
	e = stmt_run(s, f);
	if (e == OK)
		e = settle_all(r, c, &change, f);
	if (e == OK && change.shred != 0)
		return shred_apply(r, c, change.shred, f);
	if (e == OK && (change.new_key || change.judged)) {
		c->rederive = true;
		c->changed = true;
	}
	return e;
}

/* Orders that did not count: a role came, perhaps. */
static enum err
retry_orders(struct replica *r, struct fail *f)
{
	struct compartment *c;
	int64_t cpt = 0;
	enum err e;

	while ((e = shred_undecided(r, &cpt, f)) == OK && cpt != 0) {
		e = compartment_get(r, &c, cpt, f);
		if (e == OK)
			e = control_apply(r, c, f);
		if (e != OK)
			break;
	}
	return e;
}

enum err
grant_retry(struct replica *r, struct fail *f)
{
	struct compartment *c;
	struct change change;
	struct stmt *s;
	int64_t cpt = 0;
	bool row = true;
	enum err e = OK;

	while (e == OK && row) {
		e = db_stmt(&s, r->db,
		    "SELECT MIN(cpt) FROM _grant WHERE ever = 0 AND"
		    " cpt > ?1",
		    f);
		if (e != OK)
			break;
		stmt_int(s, 1, cpt);
		e = stmt_step(s, &row, f);
		row = e == OK && row && !stmt_col_null(s, 0);
		if (row)
			cpt = stmt_col_int(s, 0);
		stmt_reset(s);
		if (!row)
			break;
		change = (struct change){ 0 };
		e = compartment_get(r, &c, cpt, f);
		if (e == OK)
			e = settle_all(r, c, &change, f);
		if (e == OK)
			e = follow_up(r, c, &change, f);
	}
	return e == OK ? retry_orders(r, f) : e;
}
