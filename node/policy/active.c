#include "node/policy/active.h"

#include <string.h>

#include "node/policy/rows.h"
#include "node/policy/shipped.h"
#include "sync/hash.h"

struct gathering {
	const struct agency_id *own;
	struct policy_known *list;
	size_t count;
};

void
policy_hash(uint8_t out[static POLICY_HASH_BYTES], const void *body, size_t n)
{
	struct hash h;

	hash_init(&h, LABEL_POLICY_PACK, POLICY_HASH_BYTES, NULL, 0);
	hash_bytes(&h, body, n);
	hash_final(&h, out);
}

/* ---- the rows --------------------------------------------------------------------- */

static enum err
on_pack(struct rows *rows, const struct read_row *row)
{
	struct gathering *x = rows->context;
	const struct value *body = row_value(row, "body");
	const struct value *hash = row_value(row, "body_hash");
	struct policy_known *k;

	if (body->type != VALUE_TEXT)
		return OK;
	k = arena_more(rows->arena, &x->list, &x->count, sizeof(*k));
	if (k == NULL)
		return ERR_NOMEM;
	*k = (struct policy_known){ .id = row->id,
		.issuer = row->owner,
		.effective = row_day(row, "effective_on"),
		.signed_on = POLICY_NO_DAY,
		.withdrawn_on = POLICY_NO_DAY,
		.body = arena_text(rows->arena, body),
		.body_n = body->n,
		.name = arena_text(rows->arena, row_value(row, "jurisdiction")),
		.version = arena_text(rows->arena, row_value(row, "version")) };
	policy_hash(k->hash, body->p, body->n);
	k->altered = hash->type != VALUE_BYTES || hash->n != sizeof(k->hash) ||
	    memcmp(hash->p, k->hash, sizeof(k->hash)) != 0;
	return k->body != NULL && k->name != NULL && k->version != NULL
	    ? OK
	    : ERR_NOMEM;
}

static void
earlier(policy_day *at, policy_day day)
{
	if (day != POLICY_NO_DAY && (*at == POLICY_NO_DAY || day < *at))
		*at = day;
}

static enum err
on_signature(struct rows *rows, const struct read_row *row)
{
	struct gathering *x = rows->context;
	const struct value *hash = row_value(row, "body_hash");
	struct row_id id;

	/* nobody signs for this agency but itself */
	if (!id_equal(&row->owner, x->own) ||
	    !row_id_of(row, "pack_id", id.b) || hash->type != VALUE_BYTES)
		return OK;
	for (size_t k = 0; k < x->count; k++) {
		struct policy_known *p = &x->list[k];

		if (p->shipped || !id_equal(&p->id, &id) ||
		    hash->n != sizeof(p->hash) ||
		    memcmp(hash->p, p->hash, hash->n) != 0)
			continue;
		earlier(row_is(row, "act", "signed") ? &p->signed_on
						     : &p->withdrawn_on,
		    row_day(row, "signed_on"));
	}
	return OK;
}

static enum err
add_shipped(struct gathering *x, struct arena *arena, struct fail *f)
{
	struct policy_pack *pack;
	struct policy_known *k;
	struct shipped s;
	enum err e = shipped_pack(&s, f);

	if (e != OK)
		return e;
	e = pack_parse(&pack, s.text, s.n, f);
	if (e != OK)
		return fail_in(f, e, "the policy pack that is shipped");
	k = arena_more(arena, &x->list, &x->count, sizeof(*k));
	if (k != NULL) {
		struct value name = { .type = VALUE_TEXT,
			.p = (const uint8_t *)pack->name,
			.n = strlen(pack->name) };
		struct value version = { .type = VALUE_TEXT,
			.p = (const uint8_t *)pack->version,
			.n = strlen(pack->version) };

		*k = (struct policy_known){ .body = s.text,
			.body_n = s.n,
			.name = arena_text(arena, &name),
			.version = arena_text(arena, &version),
			.effective = pack->effective,
			.shipped = true,
			.signed_on = POLICY_NO_DAY,
			.withdrawn_on = POLICY_NO_DAY };
		policy_hash(k->hash, s.text, s.n);
	}
	pack_free(pack);
	return k != NULL && k->name != NULL && k->version != NULL
	    ? OK
	    : fail_code(f, ERR_NOMEM);
}

enum err
policy_packs(struct policy_known **out, size_t *count, struct replica *r,
    struct arena *arena, struct fail *f)
{
	struct gathering x = { .own = &replica_identity(r)->agency };
	struct rows rows = { .r = r,
		.arena = arena,
		.context = &x,
		.each = on_pack };
	enum err e = add_shipped(&x, arena, f);

	if (e == OK)
		e = rows_read(&rows, "policy_pack", NULL, f);
	rows.each = on_signature;
	if (e == OK)
		e = rows_read(&rows, "policy_signature", NULL, f);
	if (e != OK)
		return e;
	*out = x.list;
	*count = x.count;
	return OK;
}

/* ---- which one ---------------------------------------------------------------------- */

static bool
is_in_force(const struct policy_known *k, policy_day day)
{
	return k->signed_on != POLICY_NO_DAY && k->signed_on <= day &&
	    k->effective != POLICY_NO_DAY && k->effective <= day &&
	    (k->withdrawn_on == POLICY_NO_DAY || k->withdrawn_on > day);
}

const struct policy_known *
policy_in_force(const struct policy_known *list, size_t count, policy_day day)
{
	const struct policy_known *best = NULL;

	for (size_t k = 0; k < count; k++)
		if (is_in_force(&list[k], day) &&
		    (best == NULL || list[k].effective > best->effective ||
			(list[k].effective == best->effective &&
			    list[k].signed_on >= best->signed_on)))
			best = &list[k];
	return best;
}

enum err
policy_active(struct policy_pack **out, bool *approved, struct replica *r,
    policy_day day, struct fail *f)
{
	struct arena arena = { 0 };
	struct policy_known *list = NULL;
	const struct policy_known *best = NULL;
	size_t count = 0;
	enum err e = policy_packs(&list, &count, r, &arena, f);

	if (e == OK) {
		best = policy_in_force(list, count, day);
		*approved = best != NULL;
		if (best == NULL)
			best = &list[0]; /* the shipped one */
		e = pack_parse(out, best->body, best->body_n, f);
		if (e != OK)
			e = fail_in(f, e,
			    "the policy pack %.40s that is signed here",
			    best->version);
	}
	arena_release(&arena);
	return e;
}
