/*
 * Epochs of a compartment: drawing a new key, and whether one is needed.
 */
#include "sync/grant_i.h"

#include <stdlib.h>

/* Keys are found by the first bytes of their ids, and those of an ended one are
 * not sealed under any more: no two keys of a compartment share them. */
static enum err
prefix_taken(struct replica *r, int64_t cpt, const struct key_id *id,
    bool *taken, struct fail *f)
{
	struct key_id low = { { 0 } }, high;
	struct stmt *s;
	enum err e;

	memset(high.b, 0xff, sizeof(high.b));
	memcpy(low.b, id->b, SEGMENT_PREFIX_BYTES);
	memcpy(high.b, id->b, SEGMENT_PREFIX_BYTES);
	e = db_stmt(&s, r->db,
	    "SELECT 1 FROM _grant WHERE cpt = ?1 AND key_id BETWEEN ?2 AND ?3"
	    " UNION ALL SELECT 1 FROM _key"
	    " WHERE cpt = ?1 AND key_id BETWEEN ?2 AND ?3 LIMIT 1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_blob(s, 2, low.b, sizeof(low.b));
	stmt_blob(s, 3, high.b, sizeof(high.b));
	e = stmt_step(s, taken, f);
	stmt_reset(s);
	return e;
}

enum err
grant_new_epoch(struct replica *r, int64_t cpt, struct grant_key *key,
    struct fail *f)
{
	bool taken = true, is_new;
	enum err e = OK;

	while (e == OK && taken) {
		env_random(r->env, key->key, sizeof(key->key));
		segment_key_id(&key->id, key->key);
		e = prefix_taken(r, cpt, &key->id, &taken, f);
	}
	return e == OK ? grant_key_store(r, cpt, &key->id, key->key, &is_new, f)
		       : e;
}

/* Has this holder a key that may be sealed under? Rows stand by key. */
static bool
has_any(struct replica *r, const struct grant_rows *g,
    const struct key_id *keys, size_t n, const struct grant_row *holder)
{
	for (size_t k = 0; k < n; k++)
		if (grant_rows_has_key(r, g, &keys[k], holder))
			return true;
	return false;
}

/* The keys that may be sealed under, once each; keys has room for all rows. */
static size_t
eligible_keys(struct key_id *keys, const struct grant_rows *g)
{
	size_t n = 0;

	for (size_t k = 0; k < g->count; k++) {
		const struct key_id *id = &g->row[k].key_id;

		if ((k == 0 || !id_equal(id, &g->row[k - 1].key_id)) &&
		    epoch_eligible(g, id))
			keys[n++] = *id;
	}
	return n;
}

/* Has anybody who is a holder now no key that may be sealed under? */
static enum err
someone_lacks(struct replica *r, const struct grant_rows *g, bool *lacks)
{
	struct key_id *keys = calloc(g->count + 1, sizeof(*keys));
	struct grant_rows all = { 0 };
	enum err e = keys != NULL ? grant_holders(&all, g) : ERR_NOMEM;
	size_t n = e == OK ? eligible_keys(keys, g) : 0;

	for (size_t k = 0; e == OK && !*lacks && k < all.count; k++)
		*lacks = !has_any(r, g, keys, n, &all.row[k]);
	grant_rows_release(&all);
	free(keys);
	return e;
}

enum err
grant_open_need(struct replica *r, int64_t cpt, bool *open, struct fail *f)
{
	struct grant_rows g = { 0 };
	enum err e = grant_rows_load(r, &g, cpt, f);

	*open = false;
	if (e == OK && g.ended_count > 0 &&
	    (e = someone_lacks(r, &g, open)) != OK)
		e = fail_code(f, e);
	grant_rows_release(&g);
	return e;
}
