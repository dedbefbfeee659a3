/*
 * The ids come out of an index that has all of them (_segment_feed), one
 * compartment after the other, and are sorted here.
 */
#include "sync/sweep.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "sync/db.h"
#include "sync/grant.h"
#include "sync/hash.h"

_Static_assert(STATE_BEYOND == 7, "the queries below");
_Static_assert(SEGMENT_ID_BYTES == 32, "an id is a 256-bit number");

void
sweep_set_release(struct sweep_set *s)
{
	buf_release(&s->entries);
}

size_t
sweep_set_count(const struct sweep_set *s)
{
	return s->entries.n / sizeof(struct sweep_entry);
}

const struct sweep_entry *
sweep_set_at(const struct sweep_set *s, size_t at)
{
	return (const struct sweep_entry *)(const void *)s->entries.p + at;
}

size_t
sweep_set_find(const struct sweep_set *s, const struct message_bound *bound)
{
	size_t low = 0, high = sweep_set_count(s);

	if (bound->end)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(sweep_set_at(s, middle)->id, bound->b, 32) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
sweep_fingerprint(uint8_t out[static MESSAGE_FINGERPRINT_BYTES],
    const struct sweep_set *s, size_t first, size_t count)
{
	uint8_t sum[32] = { 0 };
	struct hash h;

	for (size_t i = 0; i < count; i++)
		sodium_add(sum, sweep_set_at(s, first + i)->id, sizeof(sum));
	hash_init(&h, LABEL_FINGERPRINT, MESSAGE_FINGERPRINT_BYTES, NULL, 0);
	hash_u64(&h, count);
	hash_put(&h, sum, sizeof(sum));
	hash_final(&h, out);
}

/* ---- loading --------------------------------------------------------------- */

static int
compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, 32);
}

void
sweep_set_sort(struct sweep_set *s)
{
	struct sweep_entry *e = (void *)s->entries.p;
	size_t count = sweep_set_count(s), kept = 0;

	if (count > 0)
		qsort(e, count, sizeof(*e), compare_ids);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || memcmp(e[kept - 1].id, e[i].id, 32) != 0)
			e[kept++] = e[i];
	}
	s->entries.n = kept * sizeof(*e);
}

/* Add id and number of each row; negative: the refs are. */
static enum err
add_rows(struct sweep_set *set, struct stmt *s, bool negative, struct fail *f)
{
	bool row = false;
	enum err e;

	while ((e = stmt_step(s, &row, f)) == OK && row) {
		struct sweep_entry entry = { .ref = stmt_col_int(s, 1) };

		if (!stmt_col_copy(s, 0, entry.id, sizeof(entry.id)))
			continue;
		if (negative)
			entry.ref = -entry.ref;
		buf_put(&set->entries, &entry, sizeof(entry));
	}
	stmt_reset(s);
	return e == OK && set->entries.err != OK
	    ? fail_set(f, set->entries.err, "comparing what is held: %s",
		  err_text(set->entries.err))
	    : e;
}

static enum err
add_compartment(struct replica *r, struct sweep_set *set, int64_t cpt, bool all,
    struct fail *f)
{
	/* only what is sealed has an id; all: out of the index alone */
	const char *sql = all
	    ? "SELECT id, no FROM _segment WHERE cpt = ?1 AND id IS NOT NULL"
	    : "SELECT id, no FROM _segment WHERE cpt = ?1 AND id IS NOT NULL"
	      " AND state <> 7"
	      " AND NOT EXISTS (SELECT 1 FROM _wanted w WHERE w.segment = no)";
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	return add_rows(set, s, false, f);
}

/* Is there anything that is held and does not count: stubs whose content is
 * wanted, branches beyond the eighth of a place (kept within a quota only)? */
static enum err
leaves_out(struct replica *r, bool *any, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT 1 WHERE EXISTS (SELECT 1 FROM _wanted) OR EXISTS"
	    " (SELECT 1 FROM _segment WHERE state > 3 AND state = 7)",
	    f);

	if (e != OK)
		return e;
	e = stmt_step(s, any, f);
	stmt_reset(s);
	return e;
}

static enum err
add_segments(struct replica *r, struct sweep_set *set,
    const struct node_id *peer, struct fail *f)
{
	struct members *m = replica_members(r);
	const struct member_node *me =
	    members_node(m, &replica_identity(r)->node);
	const struct member_node *other = members_node(m, peer);
	struct buf cpts = { .limit = SIZE_MAX };
	bool some = false;
	enum err e = OK;

	if (me == NULL || other == NULL)
		return OK; /* membership first */
	e = grant_scope(r, &cpts, me, other, f);
	if (e == OK)
		e = leaves_out(r, &some, f);
	for (size_t at = 0; e == OK && at < cpts.n; at += sizeof(int64_t)) {
		int64_t cpt;

		memcpy(&cpt, cpts.p + at, sizeof(cpt));
		e = add_compartment(r, set, cpt, !some, f);
	}
	buf_release(&cpts);
	return e;
}

static enum err
load_reach(struct replica *r, struct sweep_set *set, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT COALESCE(MAX(no), 0) FROM _segment", f);

	if (e != OK)
		return e;
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		set->reach = stmt_col_int(s, 0);
	stmt_reset(s);
	return e;
}

enum err
sweep_set_load(struct replica *r, struct sweep_set *out,
    const struct node_id *peer, struct fail *f)
{
	struct stmt *s;
	enum err e;

	buf_reset(&out->entries);
	out->entries.limit = SIZE_MAX;
	e = db_stmt(&s, replica_db(r), "SELECT id, no FROM _member", f);
	if (e == OK)
		e = add_rows(out, s, true, f);
	if (e == OK)
		e = load_reach(r, out, f);
	if (e == OK)
		e = add_segments(r, out, peer, f);
	if (e == OK)
		sweep_set_sort(out);
	return e;
}
