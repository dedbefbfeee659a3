/*
 * Who left what is held about a subject: when, by whom, why.
 */
#include "sync/remove_i.h"

#include <stdlib.h>
#include <string.h>

struct listing {
	struct replica *r;
	int64_t mark; /* of removals after this one */
	remove_left_fn each;
	void *context;
	struct remove_body *body;
};

/* The removal's bytes, its clear body in it, and when it was stored here. */
static enum err
read_removal(struct listing *x, struct buf *bytes, int64_t no, int64_t *at_ms,
    bool *read, struct fail *f)
{
	struct segment view;
	struct stmt *s;
	bool row = false, sealed = false;
	enum err e;

	*read = false;
	e = db_stmt(&s, x->r->db,
	    "SELECT state, at_ms, bytes FROM _segment WHERE no = ?1", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	e = stmt_step(s, &row, f);
	if (e == OK && row) {
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 2, &n);

		sealed = stmt_col_int(s, 0) > STATE_CLOSED;
		*at_ms = stmt_col_int(s, 1);
		buf_put(bytes, p, n);
	}
	stmt_reset(s);
	if (e != OK || !row || bytes->err != OK)
		return e;
	if (!sealed)
		*read = remove_body_parse(x->body, bytes->p, bytes->n) == OK;
	else if (segment_parse(&view, bytes->p, bytes->n, NULL) == OK &&
	    view.body != NULL)
		*read = remove_body_parse(x->body, view.body,
			    view.header.body_bytes) == OK;
	return OK;
}

/* The reason in words, for who has the new key. */
static enum err
read_words(struct listing *x, const struct compartment *c,
    const struct node_id *issuer, char words[static LIMIT_BASIS_BYTES + 1],
    struct fail *f)
{
	const struct grant_body *g = &x->body->grant;
	struct grant_place place = { .compartment = c->id, .issuer = *issuer };
	uint8_t key[SEGMENT_KEY_BYTES];
	enum err e;

	words[0] = '\0';
	if (g->basis == NULL)
		return OK;
	e = grant_key_by_id(x->r, c->no, &g->basis_entry->key_id, key, f);
	if (e == OK && grant_basis_open(words, g, &place, key) != OK)
		words[0] = '\0';
	sodium_memzero(key, sizeof(key));
	return e == ERR_NOTFOUND ? OK : e;
}

static bool
is_same(const struct control_leaver *a, const struct control_leaver *b)
{
	return a->kind == b->kind &&
	    memcmp(a->recipient, b->recipient, ID_BYTES) == 0;
}

/* Was anything granted to who left after this removal and before the last? What
 * does not count now may have been taken away by the last one. */
static enum err
was_between(bool *yes, const struct listing *x, const struct compartment *c,
    const struct control *now, const struct control_leaver *l, struct fail *f)
{
	int64_t last = l->segment;
	struct stmt *s;
	enum err e;

	for (size_t i = 0; i < now->leaver_count; i++)
		if (is_same(&now->leavers[i], l) &&
		    now->leavers[i].segment > last)
			last = now->leavers[i].segment;
	*yes = false;
	if (last == l->segment)
		return OK;
	e = db_stmt(&s, x->r->db,
	    "SELECT 1 FROM _grant WHERE cpt = ?1 AND recipient_kind = ?2"
	    " AND recipient = ?3 AND ever > 0 AND segment > ?4"
	    " AND segment < ?5 LIMIT 1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, c->no);
	stmt_int(s, 2, l->kind);
	stmt_blob(s, 3, l->recipient, ID_BYTES);
	stmt_int(s, 4, l->segment);
	stmt_int(s, 5, last);
	e = stmt_step(s, yes, f);
	stmt_reset(s);
	return e;
}

static enum err
say_one(struct listing *x, const struct compartment *c,
    const struct control *now, const struct control_leaver *l, struct fail *f)
{
	struct buf bytes = { .limit = LIMIT_SEGMENT_BYTES };
	char words[LIMIT_BASIS_BYTES + 1] = "";
	struct remove_left left = { .subject = &c->subject,
		.category = c->category,
		.owner = &c->owner,
		.kind = l->kind,
		.issuer = l->issuer,
		.reason = l->reason,
		.words = words };
	bool read = false, between = false;
	enum err e;

	memcpy(left.recipient, l->recipient, ID_BYTES);
	left.again = control_holds(now, l->kind, l->recipient);
	if (!left.again) {
		e = was_between(&between, x, c, now, l, f);
		if (e != OK)
			return e;
		left.stands = !between;
	}
	e = read_removal(x, &bytes, l->segment, &left.at_ms, &read, f);
	if (e == OK && read && l->issuer != NULL)
		e = read_words(x, c, &l->issuer->id, words, f);
	if (e == OK)
		x->each(x->context, &left);
	buf_release(&bytes);
	return e;
}

static enum err
say_compartment(struct listing *x, int64_t no, struct fail *f)
{
	struct control *now = NULL;
	struct compartment *c;
	enum err e = compartment_get(x->r, &c, no, f);

	if (e != OK || (c->flags & COMPARTMENT_REMOVED) == 0)
		return e;
	e = control_load(&now, x->r, c, f);
	for (size_t i = 0; e == OK && i < now->leaver_count; i++)
		if (now->leavers[i].segment > x->mark)
			e = say_one(x, c, now, &now->leavers[i], f);
	control_free(now);
	return e;
}

/* Each compartment whose number the statement gives; it is reset. */
static enum err
say_all(struct listing *x, struct stmt *s, struct fail *f)
{
	struct buf list = { 0 };
	bool row = false;
	enum err e;

	while ((e = stmt_step(s, &row, f)) == OK && row) {
		int64_t no = stmt_col_int(s, 0);

		buf_put(&list, &no, sizeof(no));
	}
	stmt_reset(s);
	x->body = calloc(1, sizeof(*x->body));
	if (e == OK && (list.err != OK || x->body == NULL))
		e = fail_set(f, ERR_NOMEM, "removals: out of memory");
	for (size_t at = 0; e == OK && at < list.n; at += sizeof(int64_t)) {
		int64_t no;

		memcpy(&no, list.p + at, sizeof(no));
		e = say_compartment(x, no, f);
	}
	buf_release(&list);
	free(x->body);
	return e;
}

enum err
remove_list(struct replica *r, const struct row_id *subject,
    remove_left_fn each, void *context, struct fail *f)
{
	struct listing x = { .r = r, .each = each, .context = context };
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "SELECT no FROM _compartment WHERE subject = ?1"
	    " ORDER BY category, owner",
	    f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, subject->b, sizeof(subject->b));
	return say_all(&x, s, f);
}

enum err
remove_mark(struct replica *r, int64_t *mark, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e =
	    db_stmt(&s, r->db, "SELECT coalesce(max(no), 0) FROM _segment", f);

	*mark = 0;
	if (e != OK)
		return e;
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		*mark = stmt_col_int(s, 0);
	stmt_reset(s);
	return e;
}

enum err
remove_list_since(struct replica *r, int64_t mark, remove_left_fn each,
    void *context, struct fail *f)
{
	struct listing x = { .r = r,
		.mark = mark,
		.each = each,
		.context = context };
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "SELECT DISTINCT c.no FROM _segment s JOIN _compartment c"
	    " ON c.no = s.cpt WHERE s.no > ?1 AND s.kind = ?2"
	    " AND c.subject IS NOT NULL ORDER BY c.subject, c.category",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, mark);
	stmt_int(s, 2, SEGMENT_REMOVE);
	return say_all(&x, s, f);
}

enum err
remove_open_list(struct replica *r, const struct row_id *subject,
    remove_open_fn each, void *context, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT category, owner, rekey, quarantined FROM (SELECT category,"
	    " owner, rekey, (SELECT count(*) FROM _segment s"
	    " WHERE s.cpt = c.no AND s.state = 6) AS quarantined"
	    " FROM _compartment c WHERE subject = ?1)"
	    " WHERE rekey <> 0 OR quarantined > 0 ORDER BY category, owner",
	    f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, subject->b, sizeof(subject->b));
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		struct remove_open o = { .category = stmt_col_text(s, 0),
			.rekey = stmt_col_int(s, 2) != 0,
			.quarantined = stmt_col_int(s, 3) };

		(void)stmt_col_copy(s, 1, o.owner.b, ID_BYTES);
		each(context, &o);
	}
	stmt_reset(s);
	return e;
}
