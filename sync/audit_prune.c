/* The beginning of the journal goes, its end stays provable: see audit.h. */
#include <stdio.h>
#include <string.h>

#include "sync/audit_i.h"
#include "sync/hash.h"
#include "sync/replica_i.h"

/* In _meta: number (8 bytes, big-endian) and hash. */
#define BASE "audit_base"
#define BASE_BYTES (8 + AUDIT_HASH_BYTES)

enum err
audit_base(int64_t *no, uint8_t hash[static AUDIT_HASH_BYTES],
    struct replica *r, struct fail *f)
{
	struct buf b = { .limit = BASE_BYTES };
	enum err e = replica_meta_get(r, &b, BASE, f);

	*no = 0;
	memset(hash, 0, AUDIT_HASH_BYTES);
	if (e == OK && b.n != BASE_BYTES)
		e = fail_set(f, ERR_CORRUPT,
		    "where the journal of who did what begins is damaged");
	for (size_t i = 0; e == OK && i < 8; i++)
		*no = (int64_t)((uint64_t)*no << 8 | b.p[i]);
	if (e == OK)
		memcpy(hash, b.p + 8, AUDIT_HASH_BYTES);
	buf_release(&b);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err
set_base(struct replica *r, int64_t no,
    const uint8_t hash[static AUDIT_HASH_BYTES], struct fail *f)
{
	uint8_t bytes[BASE_BYTES];

	for (size_t i = 0; i < 8; i++)
		bytes[i] = (uint8_t)((uint64_t)no >> (56 - 8 * i));
	memcpy(bytes + 8, hash, AUDIT_HASH_BYTES);
	return replica_meta_set(r, BASE, bytes, sizeof(bytes), f);
}

void
audit_base_words(char out[static AUDIT_TEXT_MAX + 1], int64_t no,
    const uint8_t hash[static AUDIT_HASH_BYTES])
{
	char hex[2 * AUDIT_HASH_BYTES + 1];

	out[0] = '\0';
	if (no == 0)
		return;
	hex_encode(hex, hash, AUDIT_HASH_BYTES);
	(void)snprintf(out, AUDIT_TEXT_MAX + 1, "1 to %lld, %s", (long long)no,
	    hex);
}

/* One number and, where hash is not NULL, one hash; ERR_NOTFOUND: no such row. */
static enum err
one(int64_t *out, uint8_t *hash, struct replica *r, const char *sql,
    int64_t value, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db, sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, value);
	e = stmt_step(s, &row, f);
	if (e != OK)
		return e;
	if (row) {
		*out = stmt_col_int(s, 0);
		if (hash != NULL)
			(void)stmt_col_copy(s, 1, hash, AUDIT_HASH_BYTES);
	}
	stmt_reset(s);
	return row ? OK : ERR_NOTFOUND;
}

enum err
audit_base_is_first(struct replica *r, int64_t base, struct fail *f)
{
	int64_t no;
	enum err e = one(&no, NULL, r,
	    "SELECT no FROM _audit WHERE no <= ?1 LIMIT 1", base, f);

	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	return fail_set(f, ERR_CORRUPT,
	    "the journal of who did what has an entry %lld, which was thrown "
	    "away",
	    (long long)no);
}

enum err
audit_extent(struct audit_extent *out, struct replica *r, struct fail *f)
{
	uint8_t hash[AUDIT_HASH_BYTES];
	enum err e = audit_base(&out->base, hash, r, f);

	out->last = r->audit_count;
	out->first_ms = 0;
	if (e == OK)
		e = one(&out->first_ms, NULL, r,
		    "SELECT at_ms FROM _audit WHERE no > ?1 ORDER BY no"
		    " LIMIT 1",
		    out->base, f);
	return e == ERR_NOTFOUND ? OK : e;
}

/* The last one that goes, and its hash. */
static enum err
find_last(int64_t *last, uint8_t hash[static AUDIT_HASH_BYTES],
    struct replica *r, int64_t base, int64_t before_ms, struct fail *f)
{
	int64_t stays;
	enum err e = one(&stays, NULL, r,
	    "SELECT no FROM _audit WHERE at_ms >= ?1 ORDER BY no LIMIT 1",
	    before_ms, f);

	if (e == ERR_NOTFOUND) {
		stays = r->audit_count + 1;
		e = OK;
	}
	if (e != OK)
		return e;
	*last = stays - 1 < base + AUDIT_PRUNE_MAX ? stays - 1
						   : base + AUDIT_PRUNE_MAX;
	/* the hash of that one is kept */
	*last -= *last % AUDIT_KEPT_EVERY;
	if (*last <= base)
		return ERR_NOTFOUND;
	e = one(last, hash, r, "SELECT no, hash FROM _audit WHERE no = ?1",
	    *last, f);
	return e == ERR_NOTFOUND
	    ? fail_set(f, ERR_CORRUPT,
		  "the journal of who did what has a gap and is not shortened "
		  "(footbridge verify)")
	    : e;
}

static enum err
throw_away(struct replica *r, int64_t last,
    const uint8_t hash[static AUDIT_HASH_BYTES], struct fail *f)
{
	char words[AUDIT_TEXT_MAX + 1];
	const struct audit_entry entry = { .act = AUDIT_PRUNED, .note = words };
	struct stmt *s;
	enum err e = db_stmt(&s, r->db, "DELETE FROM _audit WHERE no <= ?1", f);

	if (e == OK) {
		stmt_int(s, 1, last);
		e = stmt_run(s, f);
	}
	if (e == OK)
		e = set_base(r, last, hash, f);
	audit_base_words(words, last, hash);
	return e == OK ? replica_audit(r, &entry, f) : e;
}

enum err
audit_prune(int64_t *pruned, struct replica *r, int64_t before_ms,
    struct fail *f)
{
	uint8_t hash[AUDIT_HASH_BYTES];
	int64_t base = 0, last = 0;
	bool own;
	enum err e = audit_base(&base, hash, r, f);

	*pruned = 0;
	if (e == OK)
		e = find_last(&last, hash, r, base, before_ms, f);
	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	e = throw_away(r, last, hash, f);
	e = replica_leave(r, own, e, f);
	*pruned = e == OK ? last - base : 0;
	return e;
}
