/*
 * Epochs of a compartment: drawing a new key, and whether one is needed.
 */
#include "sync/grant_i.h"

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

/* Has anybody who is a holder now no key that may be sealed under? */
static bool
someone_lacks(struct replica *r, const struct grant_rows *g)
{
	for (size_t i = 0; i < g->count; i++) {
		bool has = false;

		for (size_t k = 0; !has && k < g->count; k++)
			has = epoch_eligible(g, &g->row[k].key_id) &&
			    grant_rows_has_key(r, g, &g->row[k].key_id,
				&g->row[i]);
		if (!has)
			return true;
	}
	return false;
}

enum err
grant_open_need(struct replica *r, int64_t cpt, bool *open, struct fail *f)
{
	struct grant_rows g = { 0 };
	enum err e = grant_rows_load(r, &g, cpt, f);

	*open = e == OK && g.ended_count > 0 && someone_lacks(r, &g);
	grant_rows_release(&g);
	return e;
}
