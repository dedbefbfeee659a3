#include "node/policy/active.h"

#include <string.h>

#include "node/policy/assets.h"
#include "node/policy/rows.h"
#include "sync/hash.h"

struct candidate {
	struct row_id id;
	policy_day effective;
	const char *body, *version;
	uint8_t hash[32];
	bool signed_it, withdrawn;
};

struct choosing {
	const struct agency_id *own;
	policy_day today;
	struct candidate *list;
	size_t count;
};

static enum err
on_pack(struct rows *rows, const struct read_row *row)
{
	struct choosing *x = rows->context;
	const struct value *body = row_value(row, "body");
	struct candidate *c;
	struct hash h;

	if (body->type != VALUE_TEXT || row_day(row, "effective_on") > x->today)
		return OK;
	c = arena_more(rows->arena, &x->list, &x->count, sizeof(*c));
	if (c == NULL)
		return ERR_NOMEM;
	c->id = row->id;
	c->effective = row_day(row, "effective_on");
	c->body = arena_text(rows->arena, body);
	c->version = arena_text(rows->arena, row_value(row, "version"));
	hash_init(&h, LABEL_POLICY_PACK, sizeof(c->hash), NULL, 0);
	hash_bytes(&h, body->p, body->n);
	hash_final(&h, c->hash);
	return c->body != NULL && c->version != NULL ? OK : ERR_NOMEM;
}

static enum err
on_signature(struct rows *rows, const struct read_row *row)
{
	struct choosing *x = rows->context;
	const struct value *hash = row_value(row, "body_hash");
	struct row_id id;

	/* nobody signs for this agency but itself */
	if (!id_equal(&row->owner, x->own) ||
	    !row_id_of(row, "pack_id", id.b) || hash->type != VALUE_BYTES)
		return OK;
	for (size_t k = 0; k < x->count; k++) {
		struct candidate *c = &x->list[k];

		if (!id_equal(&c->id, &id) || hash->n != sizeof(c->hash) ||
		    memcmp(hash->p, c->hash, hash->n) != 0)
			continue;
		if (row_is(row, "act", "signed"))
			c->signed_it = true;
		else
			c->withdrawn = true;
	}
	return OK;
}

static enum err
shipped(struct policy_pack **out, struct fail *f)
{
	if (policy_asset_count > 0)
		return pack_parse(out, (const char *)policy_assets[0].p,
		    policy_assets[0].n, f);
	return fail_set(f, ERR_NOTFOUND, "this program has no policy pack");
}

enum err
policy_active(struct policy_pack **out, bool *approved, struct replica *r,
    int32_t today, struct fail *f)
{
	struct arena arena = { 0 };
	struct choosing x = { .own = &replica_identity(r)->agency,
		.today = today };
	struct rows rows = { .r = r,
		.arena = &arena,
		.context = &x,
		.each = on_pack };
	const struct candidate *best = NULL;
	enum err e = rows_read(&rows, "policy_pack", NULL, f);

	rows.each = on_signature;
	if (e == OK)
		e = rows_read(&rows, "policy_signature", NULL, f);
	for (size_t k = 0; e == OK && k < x.count; k++) {
		const struct candidate *c = &x.list[k];

		if (c->signed_it && !c->withdrawn &&
		    (best == NULL || c->effective >= best->effective))
			best = c;
	}
	*approved = best != NULL;
	if (e == OK && best == NULL)
		e = shipped(out, f);
	else if (e == OK)
		e = pack_parse(out, best->body, strlen(best->body), f);
	if (e != OK && best != NULL)
		e = fail_in(f, e, "the policy pack %.40s that is signed here",
		    best->version);
	arena_release(&arena);
	return e;
}
