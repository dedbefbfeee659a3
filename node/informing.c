#include "node/informing.h"

#include <stdlib.h>
#include <string.h>

#include "node/entry.h"
#include "node/opened.h"
#include "node/seal_request.h"
#include "node/policy/active.h"
#include "node/policy/case.h"
#include "node/policy/rows.h"
#include "sync/rd.h"
#include "sync/revoke.h"

#define META_TOLD "breaches noted"
#define TOLD_MAX 4096

/* ---- reading ------------------------------------------------------------------ */

struct loading {
	struct informing *list;
	size_t count;
	policy_day today;
};

static enum err
on_notice(struct rows *rows, const struct read_row *row)
{
	struct loading *x = rows->context;
	struct informing *n =
	    arena_more(rows->arena, &x->list, &x->count, sizeof(*n));

	if (n == NULL)
		return ERR_NOMEM;
	*n = (struct informing){ .id = row->id,
		.person = row->subject,
		.breach = row_is(row, "kind", "breach"),
		.known = row_day(row, "known_on"),
		.due = row_day(row, "due_on"),
		.informed = row_day(row, "informed_on") };
	(void)row_id_of(row, "about_id", n->about.b);
	n->state = arena_text(rows->arena, row_value(row, "state"));
	n->machine = arena_text(rows->arena, row_value(row, "machine"));
	n->categories = arena_text(rows->arena, row_value(row, "categories"));
	if (n->state == NULL || n->machine == NULL || n->categories == NULL)
		return ERR_NOMEM;
	n->waits = n->state[0] == '\0' || strcmp(n->state, "open") == 0;
	n->late = n->waits && n->due != POLICY_NO_DAY && n->due < x->today;
	return OK;
}

static int
by_due(const void *a, const void *b)
{
	const struct informing *x = a, *y = b;

	if (x->due != y->due)
		return x->due < y->due ? -1 : 1;
	return memcmp(x->id.b, y->id.b, ID_BYTES);
}

enum err
informing_load(struct informing **out, size_t *count, struct replica *r,
    struct arena *arena, struct fail *f)
{
	struct loading x = { .today = policy_today(r) };
	struct rows rows = { .r = r,
		.arena = arena,
		.context = &x,
		.each = on_notice };
	enum err e = rows_read(&rows, "person_notice", NULL, f);

	if (e != OK)
		return e;
	if (x.count > 0)
		qsort(x.list, x.count, sizeof(*x.list), by_due);
	*out = x.list;
	*count = x.count;
	return OK;
}

/* ---- writing ------------------------------------------------------------------ */

/* The same row, whichever computer of the agency writes it and how often. */
static void
notice_id(struct row_id *out, struct replica *r, const struct row_id *person,
    const uint8_t about[static ID_BYTES])
{
	const struct table *t =
	    registry_table(replica_registry(r), "person_notice");
	char text[2 * ID_TEXT_BYTES];

	hex_encode(text, person->b, ID_BYTES);
	hex_encode(text + 2 * ID_BYTES, about, ID_BYTES);
	write_import_id(out, r, "notices to people", t, text);
}

/* ---- an emergency ---------------------------------------------------------------- */

enum err
informing_emergency(struct replica *r, const struct policy_pack *pack,
    const struct row_id *person, const struct row_id *opening,
    const struct row_id *staff, struct fail *f)
{
	int32_t days = pack_deadline(pack, "emergency_notice");
	policy_day today = policy_today(r);
	struct row_id id;
	struct entry x;

	if (days < 0)
		return OK;
	notice_id(&id, r, person, opening->b);
	entry_begin(&x, r, "person_notice");
	entry_text(&x, "kind", "emergency");
	entry_id(&x, "about_id", opening->b);
	entry_day(&x, "known_on", today);
	entry_day(&x, "due_on", today + days);
	entry_text(&x, "state", "open");
	return entry_insert(&x, &id, person, staff, f);
}

/* ---- lost computers ---------------------------------------------------------------- */

/* A person of whom something could be read on it. */
struct reached {
	struct row_id person;
	struct buf categories;
};

struct breaching {
	struct replica *r;
	struct arena arena;
	struct reached *list;
	size_t count;
	enum err e;
};

static struct reached *
reached_of(struct breaching *x, const struct row_id *person)
{
	struct reached *to;

	/* by owner, category and subject: not together */
	for (size_t k = 0; k < x->count; k++)
		if (id_equal(&x->list[k].person, person))
			return &x->list[k];
	to = arena_more(&x->arena, &x->list, &x->count, sizeof(*to));
	if (to == NULL)
		return NULL;
	to->person = *person;
	buf_init(&to->categories, 2048);
	return to;
}

static bool
is_about_people(const struct replica *r, const char *category)
{
	const struct registry *g = replica_registry(r);

	for (size_t k = 0; k < g->table_count; k++) {
		const struct table *t = &g->tables[k];
		const char *c = table_category(t, replica_kind(r));

		if (c != NULL && strcmp(c, category) == 0)
			return t->subject == SUBJECT_PERSON;
	}
	return false;
}

static void
on_lost(void *context, const struct revoke_lost *l)
{
	struct breaching *x = context;
	struct reached *to;

	if (x->e != OK || !l->has_subject || l->owner == NULL ||
	    !id_equal(&l->owner->id, &replica_identity(x->r)->agency) ||
	    !is_about_people(x->r, l->category))
		return;
	to = reached_of(x, &l->subject);
	if (to == NULL) {
		x->e = ERR_NOMEM;
		return;
	}
	/* once it is long enough to show that it is everything */
	if (to->categories.n + strlen(l->category) < 1900)
		buf_printf(&to->categories, "%s%s",
		    to->categories.n > 0 ? "," : "", l->category);
}

static enum err
note_one(struct breaching *x, const struct member_node *node,
    struct reached *reached, int32_t days, struct fail *f)
{
	policy_day today = policy_today(x->r);
	struct row_id id;
	struct entry row;
	enum err e;

	notice_id(&id, x->r, &reached->person, node->id.b);
	entry_begin(&row, x->r, "person_notice");
	entry_text(&row, "kind", "breach");
	entry_id(&row, "about_id", node->id.b);
	entry_day(&row, "known_on", today);
	entry_day(&row, "due_on", today + days);
	entry_text(&row, "state", "open");
	entry_text(&row, "machine", node->name);
	entry_text(&row, "categories", buf_cstr(&reached->categories));
	e = entry_insert(&row, &id, &reached->person, NULL, f);
	/* the person's records were destroyed meanwhile by an order */
	return e == ERR_DENIED || e == ERR_EXISTS ? OK : e;
}

static enum err
note_node(struct replica *r, const struct member_node *node, int32_t days,
    struct fail *f)
{
	struct breaching x = { .r = r };
	enum err e = revoke_lost_each(r, &node->id, on_lost, &x, f);

	if (e == OK && x.e != OK)
		e = fail_code(f, x.e);
	for (size_t k = 0; k < x.count; k++) {
		if (e == OK)
			e = note_one(&x, node, &x.list[k], days, f);
		buf_release(&x.list[k].categories);
	}
	arena_release(&x.arena);
	return e;
}

static bool
is_breach(const struct members *m, const struct member_node *node)
{
	const struct member_revocation *v = members_revocation(m, &node->id);

	return v != NULL &&
	    (v->reason == REVOKED_LOST || v->reason == REVOKED_COMPROMISED);
}

static bool
has_noted(const struct buf *noted, const struct node_id *node)
{
	for (size_t at = 0; at + ID_BYTES <= noted->n; at += ID_BYTES)
		if (memcmp(noted->p + at, node->b, ID_BYTES) == 0)
			return true;
	return false;
}

static enum err
note_new(struct replica *r, struct buf *noted, bool *any, int32_t days,
    struct fail *f)
{
	struct members *m = replica_members(r);
	enum err e = OK;

	for (size_t k = 0; e == OK && k < members_node_count(m); k++) {
		const struct member_node *node = members_node_at(m, k);

		if (!is_breach(m, node) || has_noted(noted, &node->id))
			continue;
		if (days >= 0)
			e = note_node(r, node, days, f);
		buf_put(noted, node->id.b, ID_BYTES);
		*any = true;
	}
	return e;
}

static enum err
note_all(struct replica *r, struct buf *noted, struct fail *f)
{
	struct policy_pack *pack;
	bool approved, any = false;
	enum err e = policy_active(&pack, &approved, r, policy_today(r), f);

	if (e != OK)
		return e;
	e = note_new(r, noted, &any, pack_deadline(pack, "breach_notice"), f);
	pack_free(pack);
	if (e == OK && any && noted->err == OK)
		e = replica_meta_set(r, META_TOLD, noted->p, noted->n, f);
	return e == OK && noted->err != OK ? fail_code(f, noted->err) : e;
}

static bool
has_new(struct replica *r, const struct buf *noted)
{
	struct members *m = replica_members(r);

	for (size_t k = 0; k < members_node_count(m); k++) {
		const struct member_node *node = members_node_at(m, k);

		if (is_breach(m, node) && !has_noted(noted, &node->id))
			return true;
	}
	return false;
}

enum err
informing_breaches(struct replica *r, struct fail *f)
{
	const struct member_node *self =
	    members_node(replica_members(r), &replica_identity(r)->node);
	struct buf noted = { .limit = (size_t)TOLD_MAX * ID_BYTES };
	enum err e;

	if (self == NULL || (self->roles & MEMBER_REGISTRAR) == 0)
		return OK;
	e = replica_meta_get(r, &noted, META_TOLD, f);
	if (e == ERR_NOTFOUND)
		e = OK;
	if (e == OK && has_new(r, &noted)) {
		e = replica_begin(r, f);
		if (e == OK && (e = note_all(r, &noted, f)) == OK)
			e = replica_commit(r, f);
		else if (e != OK)
			replica_rollback(r);
	}
	buf_release(&noted);
	return e;
}

/* ---- for status ------------------------------------------------------------------- */

enum err
owed_count(struct owed *out, struct replica *r, struct fail *f)
{
	struct arena arena = { 0 };
	struct policy_pack *pack = NULL;
	struct informing *notice = NULL;
	struct opened *opened = NULL;
	struct seal_request *orders = NULL;
	size_t notices = 0, openings = 0, asked = 0;
	bool approved;
	enum err e = policy_active(&pack, &approved, r, policy_today(r), f);

	*out = (struct owed){ 0 };
	if (e == OK)
		e = opened_load(&opened, &openings, r, pack, &arena, f);
	if (e == OK)
		e = informing_load(&notice, &notices, r, &arena, f);
	if (e == OK)
		e = seal_request_load(&orders, &asked, r, &arena, f);
	out->orders = (int64_t)asked;
	for (size_t k = 0; e == OK && k < openings; k++) {
		out->reviews += opened[k].waits;
		out->reviews_late += opened[k].late;
	}
	for (size_t k = 0; e == OK && k < notices; k++) {
		out->notices += notice[k].waits;
		out->notices_late += notice[k].late;
	}
	pack_free(pack);
	arena_release(&arena);
	return e;
}
