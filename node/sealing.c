#include "node/sealing.h"

#include <stdio.h>
#include <string.h>

#include "node/entry.h"
#include "node/policy/rows.h"
#include "sync/grant.h"

struct telling {
	struct replica *r;
	const char *const *categories;
	size_t count;
	struct agency_id agency[LIMIT_BUNDLE_RECIPIENTS];
	size_t agencies;
};

static bool
covers(const char *rule, const char *category)
{
	size_t n = strlen(rule);

	return strncmp(rule, category, n) == 0 &&
	    (category[n] == '\0' || category[n] == '.');
}

/* Once. */
static void
add_agency(struct telling *x, const struct member_agency *agency)
{
	if (agency == NULL ||
	    id_equal(&agency->id, &replica_identity(x->r)->agency))
		return;
	for (size_t k = 0; k < x->agencies; k++)
		if (id_equal(&x->agency[k], &agency->id))
			return;
	if (x->agencies < COUNT_OF(x->agency))
		x->agency[x->agencies++] = agency->id;
}

static void
on_access(void *context, const struct grant_access *a)
{
	struct telling *x = context;

	for (size_t k = 0; k < x->count; k++) {
		if (!covers(x->categories[k], a->category))
			continue;
		add_agency(x, a->agency);
		add_agency(x, a->owner);
		return;
	}
}

enum err
sealing_share(struct replica *r, const struct row_id *person,
    const struct agency_id *agency, const char *order_number, struct fail *f)
{
	static const char *const category[] = { SEALING_CATEGORY };
	char basis[LIMIT_BASIS_BYTES + 1];
	struct grant_request q = { .subject = *person,
		.categories = category,
		.category_count = 1,
		.kind = GRANT_AGENCY,
		.right = GRANT_READ,
		.basis = basis };

	memcpy(q.recipient, agency->b, ID_BYTES);
	(void)snprintf(basis, sizeof(basis), "order:%.100s", order_number);
	return grant_share(r, &q, NULL, NULL, f);
}

enum err
sealing_tell(struct replica *r, const struct row_id *person,
    const char *const *categories, size_t count, const char *order_number,
    struct fail *f)
{
	struct telling x = { .r = r, .categories = categories, .count = count };
	enum err e = grant_access_list(r, person, on_access, &x, f);

	for (size_t k = 0; e == OK && k < x.agencies; k++)
		e = sealing_share(r, person, &x.agency[k], order_number, f);
	return e;
}

/* ---- obeying ------------------------------------------------------------------------ */

struct order {
	struct row_id id, person;
	struct agency_id owner;
	const char *number;
	bool answered;
};

struct obeying {
	struct order *order;
	size_t count;
	struct row_id machine;
};

static enum err
on_order(struct rows *rows, const struct read_row *row)
{
	struct obeying *x = rows->context;
	struct order *o;

	if (row_is(row, "state", "vacated"))
		return OK;
	o = arena_more(rows->arena, &x->order, &x->count, sizeof(*o));
	if (o == NULL)
		return ERR_NOMEM;
	*o = (struct order){ .id = row->id,
		.person = row->subject,
		.owner = row->owner };
	o->number = arena_text(rows->arena, row_value(row, "order_number"));
	return o->number != NULL ? OK : ERR_NOMEM;
}

static void
ack_id(struct row_id *out, struct replica *r, const struct row_id *order)
{
	const struct table *t = registry_table(replica_registry(r), "seal_ack");
	char text[2 * ID_TEXT_BYTES];

	hex_encode(text, order->b, ID_BYTES);
	hex_encode(text + 2 * ID_BYTES, replica_identity(r)->node.b, ID_BYTES);
	write_import_id(out, r, "answers to orders", t, text);
}

static enum err
on_ack(struct rows *rows, const struct read_row *row)
{
	struct obeying *x = rows->context;

	for (size_t k = 0; k < x->count; k++) {
		struct row_id id;

		ack_id(&id, rows->r, &x->order[k].id);
		if (id_equal(&id, &row->id))
			x->order[k].answered = true;
	}
	return OK;
}

static enum err
answer(struct replica *r, const struct order *o, struct fail *f)
{
	const struct identity *self = replica_identity(r);
	const struct member_node *node =
	    members_node(replica_members(r), &self->node);
	struct row_id id;
	struct entry x;
	enum err e = replica_begin(r, f);

	if (e != OK)
		return e;
	ack_id(&id, r, &o->id);
	entry_begin(&x, r, "seal_ack");
	entry_id(&x, "seal_order_id", o->id.b);
	entry_id(&x, "agency_id", self->agency.b);
	entry_text(&x, "machine", node != NULL ? node->name : NULL);
	entry_time(&x, "done_at", env_wall_ms(replica_env(r)));
	entry_text(&x, "result", "sealed");
	e = entry_insert(&x, &id, &o->person, NULL, f);
	if (e == ERR_EXISTS)
		e = OK;
	/* a laptop's answer is shared by its office's server */
	if (e == OK && node != NULL && (node->roles & MEMBER_REGISTRAR) != 0 &&
	    !id_equal(&o->owner, &self->agency))
		e = sealing_share(r, &o->person, &o->owner, o->number, f);
	if (e == OK)
		return replica_commit(r, f);
	replica_rollback(r);
	return e;
}

enum err
sealing_obey(struct replica *r, struct fail *f)
{
	struct arena arena = { 0 };
	struct obeying x = { 0 };
	struct rows rows = { .r = r,
		.arena = &arena,
		.context = &x,
		.each = on_order };
	enum err e = rows_read(&rows, "seal_order", NULL, f);

	rows.each = on_ack;
	if (e == OK && x.count > 0)
		e = rows_read(&rows, "seal_ack", NULL, f);
	for (size_t k = 0; e == OK && k < x.count; k++) {
		if (x.order[k].answered)
			continue;
		e = answer(r, &x.order[k], f);
		/* destroyed by another order meanwhile, or closed to us */
		if (e == ERR_DENIED)
			e = OK;
	}
	arena_release(&arena);
	return e;
}
