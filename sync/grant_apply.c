/*
 * Applying grant segments: which entries count, which keys open for us.
 *
 * Every entry of every grant segment has a _grant row; rights 0 says that it
 * breaks a rule as far as is known now. Which rows count is the least fixed
 * point of the rules over all grant segments of the compartment, so the order
 * in which they came cannot matter. The ordinary case, the first grant of a
 * compartment, needs no look at others.
 */
#include <stdlib.h>
#include <string.h>

#include "sync/box.h"
#include "sync/grant_i.h"
#include "sync/lane.h"

/* What applying changed. */
struct change {
	bool new_recipient; /* routes changed */
	bool new_writer;    /* a foreign writer: proposals become writes */
	bool new_key;
};

/* ---- rows ---------------------------------------------------------------------- */

static enum err
write_claim(struct replica *r, struct compartment *c,
    const struct grant_claim *k, struct change *change, struct fail *f)
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
		change->new_writer |= had < GRANT_WRITE &&
		    k->right == GRANT_WRITE &&
		    !grant_in_agency(r, k, &c->owner);
	}
	e = db_stmt(&s, r->db,
	    "INSERT INTO _grant (cpt, key_id, recipient_kind, recipient,"
	    " segment, rights, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6,"
	    " (SELECT at_ms FROM _segment WHERE no = ?5))"
	    " ON CONFLICT (cpt, key_id, recipient_kind, recipient, segment)"
	    " DO UPDATE SET rights = excluded.rights",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, c->no);
	stmt_blob(s, 2, k->key_id.b, ID_BYTES);
	stmt_int(s, 3, k->kind);
	stmt_blob(s, 4, k->recipient, ID_BYTES);
	stmt_int(s, 5, k->segment);
	stmt_int(s, 6, k->counts ? (int64_t)k->right : 0);
	return stmt_run(s, f);
}

/* Are there other grant segments of this compartment than this one? */
static enum err
has_others(struct replica *r, int64_t cpt, int64_t segment, bool *others,
    struct fail *f)
{
	struct stmt *s;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT 1 FROM _grant WHERE cpt = ?1 AND segment <> ?2 LIMIT 1", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, segment);
	e = stmt_step(s, others, f);
	stmt_reset(s);
	return e;
}

/* ---- keys for us --------------------------------------------------------------- */

struct opening {
	struct replica *r;
	struct compartment *c;
	const struct grant_claims *all;
	bool new_key;
};

static bool
entry_counts(const struct grant_claims *all, int64_t segment,
    const struct grant_entry *e)
{
	for (size_t k = 0; k < all->n; k++) {
		const struct grant_claim *c = &all->at[k];

		if (c->segment == segment && c->kind == e->kind &&
		    id_equal(&c->key_id, &e->key_id) &&
		    memcmp(c->recipient, e->recipient, ID_BYTES) == 0)
			return c->counts;
	}
	return false;
}

/* The key pair of ours that this entry is sealed to, or false. */
static bool
for_us(const struct identity *i, const struct grant_entry *e,
    const uint8_t **key, const uint8_t **secret)
{
	if (e->kind == GRANT_NODE) {
		*key = i->box_key;
		*secret = i->box_secret;
		return memcmp(e->recipient, i->node.b, ID_BYTES) == 0;
	}
	*key = i->agency_box_key;
	*secret = i->agency_box_secret;
	return i->has_agency_secret &&
	    memcmp(e->recipient, i->agency.b, ID_BYTES) == 0;
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
	if (!id_equal(&c->owner, &o->r->identity.agency))
		return true;
	compartment_own_name(name, &o->r->identity, &s->subject, s->category);
	return memcmp(name, c->name, sizeof(name)) == 0;
}

static enum err
open_entry(struct opening *o, const struct grant_entry *entry,
    const struct grant_place *place, struct fail *f)
{
	const uint8_t *key, *secret;
	struct grant_secret got;
	bool is_new = false;
	enum err e;

	if (!for_us(&o->r->identity, entry, &key, &secret))
		return OK;
	e = grant_key_by_id(o->r, o->c->no, &entry->key_id, got.key, f);
	if (e != ERR_NOTFOUND)
		goto out;
	e = grant_box_open(&got, entry, place, key, secret);
	if (e != OK || !secret_fits(o, &got)) {
		replica_tally(o->r, "grant box refused", 1);
		e = OK;
		goto out;
	}
	e = compartment_learn(o->r, o->c, &o->c->owner, o->c->name,
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

	for (size_t k = 0; e == OK && k < body->count; k++)
		if (entry_counts(o->all, segment, &body->entry[k]))
			e = open_entry(o, &body->entry[k], &place, f);
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

	if (change->new_key || change->new_writer) {
		c->rederive = true;
		c->changed = true;
	}
	if (change->new_recipient)
		e = lane_compartment(r, c, f);
	if (e == OK && change->new_key)
		e = grant_carry_new(r, c, f);
	return e;
}

struct collecting {
	struct replica *r;
	struct compartment *c;
	struct grant_claims *all;
};

static enum err
collect(void *context, int64_t segment, const struct member_node *issuer,
    const struct grant_body *body, struct fail *f)
{
	struct collecting *k = context;
	enum err e;

	e = compartment_learn(k->r, k->c, &body->owner, body->name, NULL, NULL,
	    f);
	if (e == ERR_FORMAT) /* names another compartment: void whole */
		return OK;
	return e == OK ? grant_claims_add(k->all, body, segment, issuer, f) : e;
}

/* All grant segments of the compartment, at among them, from the start. */
static enum err
settle_all(struct replica *r, struct compartment *c, int64_t at,
    struct change *change, struct fail *f)
{
	struct grant_claims all = { 0 };
	struct collecting k = { .r = r, .c = c, .all = &all };
	struct opening o = { .r = r, .c = c, .all = &all };
	enum err e;

	e = grant_each(r, c->no, at, collect, &k, f);
	if (e != OK)
		goto out;
	grant_settle(r, &c->owner, &all);
	for (size_t i = 0; e == OK && i < all.n; i++)
		e = write_claim(r, c, &all.at[i], change, f);
	if (e == OK)
		e = grant_each(r, c->no, at, open_segment, &o, f);
	if (e == OK)
		e = grant_each(r, c->no, at, read_basis, &o, f);
	change->new_key |= o.new_key;
out:
	free(all.at);
	return e;
}

/* The first grant segment of a compartment: nothing else to look at. */
static enum err
settle_first(struct replica *r, struct compartment *c, int64_t segment,
    const struct member_node *issuer, const struct grant_body *body,
    struct change *change, struct fail *f)
{
	struct grant_claims all = { 0 };
	struct opening o = { .r = r, .c = c, .all = &all };
	enum err e;

	e = grant_claims_add(&all, body, segment, issuer, f);
	if (e != OK)
		goto out;
	grant_settle(r, &c->owner, &all);
	for (size_t i = 0; e == OK && i < all.n; i++)
		e = write_claim(r, c, &all.at[i], change, f);
	if (e == OK)
		e = open_segment(&o, segment, issuer, body, f);
	if (e == OK)
		e = read_basis(&o, segment, issuer, body, f);
	change->new_key |= o.new_key;
out:
	free(all.at);
	return e;
}

enum err
grant_apply(struct replica *r, struct compartment *c, int64_t segment,
    const struct member_node *issuer, const uint8_t *body, size_t n,
    struct fail *f)
{
	struct grant_body *b = malloc(sizeof(*b));
	struct change change = { 0 };
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
	if (e == OK && others)
		e = settle_all(r, c, segment, &change, f);
	else if (e == OK)
		e = settle_first(r, c, segment, issuer, b, &change, f);
	if (e == OK)
		e = follow_up(r, c, &change, f);
out:
	free(b);
	return e;
}

enum err
grant_rederive(struct replica *r, struct compartment *c, struct fail *f)
{
	struct change change = { 0 };
	struct stmt *s;
	enum err e;

	/* kept, not dropped: at_ms says when a grant was first applied here */
	e = db_stmt(&s, r->db,
	    "UPDATE _grant SET rights = 0, basis = NULL WHERE cpt = ?1", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, c->no);
	e = stmt_run(s, f);
	if (e == OK)
		e = settle_all(r, c, 0, &change, f);
	if (e == OK && change.new_key) {
		c->rederive = true;
		c->changed = true;
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
		    "SELECT MIN(cpt) FROM _grant WHERE rights = 0 AND"
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
			e = settle_all(r, c, 0, &change, f);
		if (e == OK)
			e = follow_up(r, c, &change, f);
	}
	return e;
}
