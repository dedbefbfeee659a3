/*
 * A bounded cache of _compartment rows in two halves. When one is full the
 * other is emptied (changed entries are written first) and filled, so a
 * borrowed pointer stays good for CACHE_HALF further loads: far more than any
 * call makes.
 */
#include "sync/replica_i.h"

#include <stdlib.h>

#include "sync/control.h"
#include "sync/derive.h"
#include "sync/grant.h"

#define CACHE_SLOTS 4096
#define CACHE_HALF (CACHE_SLOTS / 2)
#define CACHE_BUCKETS 8192 /* power of two, at most half full */

struct compartment_cache {
	bool used[CACHE_SLOTS];
	uint16_t by_no[CACHE_BUCKETS]; /* slot + 1, open addressing */
	uint16_t by_id[CACHE_BUCKETS];
	size_t next;
	size_t filled; /* slots from here on were never used */
	/* compartments to derive that may have left the cache */
	int64_t *rederive;
	size_t rederive_count, rederive_room;
	/* last, and never cleared: most replicas touch few of them. Every commit
	 * looks through those, so the long part of each lies elsewhere. */
	struct compartment slot[CACHE_SLOTS];
	struct compartment_end ends[CACHE_SLOTS][COMPARTMENT_ENDS];
};

static size_t
hash_no(int64_t no)
{
	return (size_t)((uint64_t)no * 0x9e3779b97f4a7c15u >> 40) &
	    (CACHE_BUCKETS - 1);
}

static size_t
hash_id(const struct compartment_id *id)
{
	return ((size_t)id->b[0] | (size_t)id->b[1] << 8) & (CACHE_BUCKETS - 1);
}

static void
index_add(uint16_t *table, size_t at, size_t slot)
{
	while (table[at] != 0)
		at = (at + 1) & (CACHE_BUCKETS - 1);
	table[at] = (uint16_t)(slot + 1);
}

/* Deleting from open addressing is a rebuild; it happens once per half, not
 * per entry (see take_slot). */
static void
index_rebuild(struct compartment_cache *k)
{
	memset(k->by_no, 0, sizeof(k->by_no));
	memset(k->by_id, 0, sizeof(k->by_id));
	for (size_t i = 0; i < k->filled; i++) {
		if (!k->used[i])
			continue;
		index_add(k->by_no, hash_no(k->slot[i].no), i);
		index_add(k->by_id, hash_id(&k->slot[i].id), i);
	}
}

static struct compartment *
cached_no(struct compartment_cache *k, int64_t no)
{
	size_t at = hash_no(no);

	for (; k->by_no[at] != 0; at = (at + 1) & (CACHE_BUCKETS - 1)) {
		struct compartment *c = &k->slot[k->by_no[at] - 1];

		if (k->used[k->by_no[at] - 1] && c->no == no)
			return c;
	}
	return NULL;
}

static struct compartment *
cached_id(struct compartment_cache *k, const struct compartment_id *id)
{
	size_t at = hash_id(id);

	for (; k->by_id[at] != 0; at = (at + 1) & (CACHE_BUCKETS - 1)) {
		struct compartment *c = &k->slot[k->by_id[at] - 1];

		if (k->used[k->by_id[at] - 1] && id_equal(&c->id, id))
			return c;
	}
	return NULL;
}

static void
encode_ends(struct buf *b, const struct compartment *c)
{
	for (size_t i = 0; i < c->end_count; i++)
		buf_uint(b,
		    (uint64_t)c->ends[i].segment << 2 |
			(c->ends[i].covered ? 2u : 0u) |
			(uint64_t)c->ends[i].chain);
}

static enum err
decode_ends(struct compartment *c, const uint8_t *p, size_t n)
{
	struct rd r = rd_of(p, n);

	c->end_count = 0;
	while (rd_left(&r) > 0 && c->end_count < COMPARTMENT_ENDS) {
		uint64_t v = rd_uint(&r);

		c->ends[c->end_count].segment = (int64_t)(v >> 2);
		c->ends[c->end_count].covered = (v & 2) != 0;
		c->ends[c->end_count].chain = (int)(v & 1);
		c->end_count++;
	}
	return rd_done(&r) == OK ? OK : ERR_CORRUPT;
}

enum err
compartment_touch(struct replica *r, int64_t no, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "INSERT INTO _touched (cpt) VALUES (?1) ON CONFLICT (cpt)"
	    " DO NOTHING",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	return stmt_run(s, f);
}

static enum err
write_row_of(struct replica *r, struct compartment *c, struct fail *f)
{
	static const char sql[] =
	    "UPDATE _compartment SET owner = ?2, name = ?3, subject = ?4,"
	    " category = ?5, ends = ?6, unreadable = ?7, waiting = ?8,"
	    " conflicts = ?9, open_no = ?10, flags = ?11,"
	    " rekey = ?12, founder = ?13, payload = ?14 WHERE no = ?1";
	struct buf ends = { .limit = 4096 };
	struct stmt *s;
	enum err e;

	encode_ends(&ends, c);
	e = ends.err != OK ? fail_set(f, ends.err, "%s", err_text(ends.err))
			   : db_stmt(&s, r->db, sql, f);
	if (e != OK)
		goto out;
	stmt_int(s, 1, c->no);
	if (c->has_owner) {
		stmt_blob(s, 2, c->owner.b, sizeof(c->owner.b));
		stmt_blob(s, 13, c->founder.b, sizeof(c->founder.b));
		stmt_blob(s, 3, c->name, sizeof(c->name));
	}
	if (c->has_subject) {
		stmt_blob(s, 4, c->subject.b, sizeof(c->subject.b));
		stmt_text(s, 5, c->category);
	}
	stmt_blob(s, 6, ends.p, ends.n);
	stmt_int(s, 7, c->unreadable);
	stmt_int(s, 8, c->waiting);
	stmt_int(s, 9, c->conflicts);
	stmt_int(s, 10, c->open_no);
	stmt_int(s, 11, c->flags);
	stmt_int(s, 12, c->rekey ? 1 : 0);
	stmt_int(s, 14, c->payload);
	e = stmt_run(s, f);
	if (e == OK)
		e = compartment_touch(r, c->no, f);
	if (e == OK)
		c->changed = false;
out:
	buf_release(&ends);
	return e;
}

static enum err
remember_rederive(struct compartment_cache *k, int64_t no)
{
	if (k->rederive_count == k->rederive_room) {
		size_t room = k->rederive_room == 0 ? 64 : k->rederive_room * 2;
		int64_t *p = realloc(k->rederive, room * sizeof(*p));

		if (p == NULL)
			return ERR_NOMEM;
		k->rederive = p;
		k->rederive_room = room;
	}
	k->rederive[k->rederive_count++] = no;
	return OK;
}

static enum err
empty_half(struct replica *r, size_t from, struct fail *f)
{
	struct compartment_cache *k = r->cache;

	for (size_t i = from; i < from + CACHE_HALF; i++) {
		struct compartment *c = &k->slot[i];
		enum err e = OK;

		if (!k->used[i])
			continue;
		if (c->changed)
			e = write_row_of(r, c, f);
		if (e == OK && c->rederive)
			e = remember_rederive(k, c->no);
		if (e != OK)
			return e;
		k->used[i] = false;
	}
	index_rebuild(k);
	return OK;
}

/* Make room for one entry at k->next. */
static enum err
take_slot(struct replica *r, struct compartment **out, struct fail *f)
{
	struct compartment_cache *k = r->cache;
	enum err e = OK;

	if (k->next == CACHE_SLOTS)
		k->next = 0;
	if (k->used[k->next])
		e = empty_half(r, k->next < CACHE_HALF ? 0 : CACHE_HALF, f);
	*out = &k->slot[k->next];
	return e;
}

static void
slot_filled(struct compartment_cache *k)
{
	struct compartment *c = &k->slot[k->next];

	k->used[k->next] = true;
	index_add(k->by_no, hash_no(c->no), k->next);
	index_add(k->by_id, hash_id(&c->id), k->next);
	k->next++;
	if (k->next > k->filled)
		k->filled = k->next;
}

#define SELECT_COMPARTMENT \
	"SELECT no, id, owner, name, subject, category, ends, unreadable," \
	" waiting, conflicts, open_no, flags, rekey, founder, payload" \
	" FROM _compartment "

static enum err
load(struct replica *r, struct compartment **out, struct stmt *s,
    struct fail *f)
{
	struct compartment *c;
	const uint8_t *p;
	bool row;
	size_t n;
	enum err e;

	e = stmt_step(s, &row, f);
	if (e != OK)
		return e;
	if (!row)
		return ERR_NOTFOUND;
	/* the statement stays on its row while a half is emptied: only
	 * updates of other rows run in between */
	e = take_slot(r, &c, f);
	if (e != OK)
		goto out;
	*c = (struct compartment){ .no = stmt_col_int(s, 0),
		.ends = r->cache->ends[r->cache->next] };
	(void)stmt_col_copy(s, 1, c->id.b, sizeof(c->id.b));
	c->has_owner = stmt_col_copy(s, 2, c->owner.b, sizeof(c->owner.b));
	(void)stmt_col_copy(s, 3, c->name, sizeof(c->name));
	c->has_subject =
	    stmt_col_copy(s, 4, c->subject.b, sizeof(c->subject.b));
	p = stmt_col_blob(s, 5, &n);
	if (n > LIMIT_CATEGORY_BYTES)
		n = 0;
	memcpy(c->category, p, n);
	p = stmt_col_blob(s, 6, &n);
	e = decode_ends(c, p, n);
	c->unreadable = stmt_col_int(s, 7);
	c->waiting = stmt_col_int(s, 8);
	c->conflicts = stmt_col_int(s, 9);
	c->open_no = stmt_col_int(s, 10);
	c->flags = (unsigned)stmt_col_int(s, 11);
	c->rekey = stmt_col_int(s, 12) != 0;
	(void)stmt_col_copy(s, 13, c->founder.b, sizeof(c->founder.b));
	c->payload = stmt_col_int(s, 14);
	if (e != OK) {
		(void)fail_set(f, e,
		    "the list of ends of compartment %lld is "
		    "damaged: run footbridge rebuild",
		    (long long)c->no);
		goto out;
	}
	slot_filled(r->cache);
	*out = c;
out:
	stmt_reset(s);
	return e;
}

enum err
compartment_get(struct replica *r, struct compartment **out, int64_t no,
    struct fail *f)
{
	struct compartment *c = cached_no(r->cache, no);
	struct stmt *s;
	enum err e;

	if (c != NULL) {
		*out = c;
		return OK;
	}
	e = db_stmt(&s, r->db, SELECT_COMPARTMENT "WHERE no = ?1", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	return load(r, out, s, f);
}

enum err
compartment_by_id(struct replica *r, struct compartment **out,
    const struct compartment_id *id, struct fail *f)
{
	struct compartment *c = cached_id(r->cache, id);
	struct stmt *s;
	enum err e;

	if (c != NULL) {
		*out = c;
		return OK;
	}
	e = db_stmt(&s, r->db, SELECT_COMPARTMENT "WHERE id = ?1", f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, id->b, sizeof(id->b));
	return load(r, out, s, f);
}

/* Founded by another agency, or given away by this one. */
static enum err
find_held(struct replica *r, struct compartment **out,
    const struct agency_id *owner, const struct row_id *subject,
    const char *category, struct fail *f)
{
	struct stmt *s;
	int64_t no;
	enum err e;
	bool row;

	e = db_stmt(&s, r->db,
	    "SELECT no FROM _compartment"
	    " WHERE subject = ?1 AND category = ?2 AND owner = ?3",
	    f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, subject->b, sizeof(subject->b));
	stmt_text(s, 2, category);
	stmt_blob(s, 3, owner->b, sizeof(owner->b));
	e = stmt_step(s, &row, f);
	if (e != OK)
		return e;
	if (!row)
		return ERR_NOTFOUND;
	no = stmt_col_int(s, 0);
	stmt_reset(s);
	return compartment_get(r, out, no, f);
}

/* Destroyed is not there, for whoever looks it up by what it was about. */
static enum err
unless_shredded(enum err e, const struct compartment *c)
{
	return e == OK && (c->flags & COMPARTMENT_SHREDDED) != 0 ? ERR_NOTFOUND
								 : e;
}

enum err
compartment_find(struct replica *r, struct compartment **out,
    const struct agency_id *owner, const struct row_id *subject,
    const char *category, struct fail *f)
{
	struct compartment_id id;
	uint8_t name[16];
	enum err e;

	if (id_equal(owner, &r->identity.agency)) {
		compartment_own_name(name, &r->identity, subject, category);
		compartment_make_id(&id, members_network(r->members), owner,
		    name);
		e = compartment_by_id(r, out, &id, f);
		if (e == OK &&
		    (!(*out)->has_owner || id_equal(&(*out)->owner, owner)))
			return unless_shredded(e, *out);
		if (e != OK && e != ERR_NOTFOUND)
			return e;
	}
	return find_held(r, out, owner, subject, category, f);
}

static enum err
insert_row(struct replica *r, struct compartment **out,
    const struct compartment_id *id, struct fail *f)
{
	struct compartment *c;
	struct stmt *s;
	enum err e;

	e = db_stmt(&s, r->db,
	    "INSERT INTO _compartment (no, id, ends, unreadable, waiting,"
	    " conflicts, open_no, flags, rekey)"
	    " VALUES (?1, ?2, ?3, 0, 0, 0, 0, 0, 0)",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, r->next_compartment);
	stmt_blob(s, 2, id->b, sizeof(id->b));
	stmt_blob(s, 3, "", 0);
	e = stmt_run(s, f);
	if (e == OK)
		e = take_slot(r, &c, f);
	if (e != OK)
		return e;
	*c = (struct compartment){ .no = r->next_compartment++,
		.id = *id,
		.ends = r->cache->ends[r->cache->next] };
	slot_filled(r->cache);
	*out = c;
	return OK;
}

enum err
compartment_meet(struct replica *r, struct compartment **out,
    const struct compartment_id *id, struct fail *f)
{
	enum err e = compartment_by_id(r, out, id, f);

	return e == ERR_NOTFOUND ? insert_row(r, out, id, f) : e;
}

enum err
compartment_learn(struct replica *r, struct compartment *c,
    const struct agency_id *founder, const uint8_t name[static 16],
    const struct row_id *subject, const char *category, struct fail *f)
{
	struct compartment_id id;

	compartment_make_id(&id, members_network(r->members), founder, name);
	if (!id_equal(&id, &c->id))
		return fail_set(f, ERR_FORMAT,
		    "a grant names an owner that does not fit its compartment");
	if (c->has_owner && (subject == NULL || c->has_subject))
		return OK;
	if ((c->flags & COMPARTMENT_SHREDDED) != 0)
		subject = NULL;
	if (!c->has_owner)
		c->owner = *founder;
	c->has_owner = true;
	c->founder = *founder;
	memcpy(c->name, name, sizeof(c->name));
	if (subject != NULL && strlen(category) <= LIMIT_CATEGORY_BYTES) {
		c->has_subject = true;
		c->subject = *subject;
		memcpy(c->category, category, strlen(category) + 1);
	}
	/* at once: others look compartments up by subject */
	return write_row_of(r, c, f);
}

enum err
compartment_home(struct replica *r, struct compartment **out,
    const struct row_id *subject, const char *category, struct fail *f)
{
	const struct agency_id *own = &r->identity.agency;
	struct compartment_id id;
	uint8_t name[16];
	enum err e;

	compartment_own_name(name, &r->identity, subject, category);
	compartment_make_id(&id, members_network(r->members), own, name);
	e = compartment_by_id(r, out, &id, f);
	if (e == OK && (*out)->has_subject)
		return OK;
	if (e == OK && (*out)->has_owner)
		return ERR_NOTFOUND; /* shredded, or not readable yet */
	return e == OK || e == ERR_NOTFOUND
	    ? find_held(r, out, own, subject, category, f)
	    : e;
}

enum err
compartment_own(struct replica *r, struct compartment **out,
    const struct row_id *subject, const char *category, struct fail *f)
{
	const struct agency_id *own = &r->identity.agency;
	struct compartment_id id;
	struct compartment *c;
	uint8_t name[16];
	enum err e;

	compartment_own_name(name, &r->identity, subject, category);
	compartment_make_id(&id, members_network(r->members), own, name);
	e = compartment_by_id(r, &c, &id, f);
	if (e == OK && (c->flags & COMPARTMENT_SHREDDED) != 0)
		return fail_set(f, ERR_DENIED,
		    "an order destroyed what was held of this person under %s:"
		    " nothing new is written there. If the person comes anew,"
		    " enter a new person",
		    category);
	if (e == OK && c->has_subject) {
		*out = c;
		return OK;
	}
	if (e == ERR_NOTFOUND) {
		e = find_held(r, out, own, subject, category, f);
		if (e != ERR_NOTFOUND)
			return e; /* another agency handed it over */
		e = insert_row(r, &c, &id, f);
	}
	if (e == OK)
		e = compartment_learn(r, c, own, name, subject, category, f);
	if (e == OK)
		e = grant_found(r, c, f);
	if (e == OK)
		e = grant_carry_new(r, c, f);
	if (e == OK)
		*out = c;
	return e;
}

static enum err
derive_remembered(struct replica *r, struct fail *f)
{
	struct compartment_cache *k = r->cache;
	struct compartment *c;
	enum err e = OK;

	while (e == OK && k->rederive_count > 0) {
		/* taken off first: loading it may put others on */
		e = compartment_get(r, &c, k->rederive[--k->rederive_count], f);
		if (e == OK)
			e = derive_compartment(r, c, f);
	}
	return e;
}

enum err
compartment_flush(struct replica *r, struct fail *f)
{
	struct compartment_cache *k = r->cache;
	enum err e;

	e = control_settle_listed(r, f);
	if (e == OK)
		e = derive_remembered(r, f);
	for (size_t i = 0; e == OK && i < k->filled; i++) {
		if (k->used[i] && k->slot[i].rederive)
			e = derive_compartment(r, &k->slot[i], f);
		if (e == OK && k->used[i] && k->slot[i].changed)
			e = write_row_of(r, &k->slot[i], f);
	}
	return e;
}

void
compartment_forget(struct replica *r)
{
	struct compartment_cache *k = r->cache;

	if (k == NULL)
		return;
	free(k->rederive);
	k->rederive = NULL;
	k->rederive_count = k->rederive_room = 0;
	k->next = k->filled = 0;
	memset(k->used, 0, sizeof(k->used));
	memset(k->by_no, 0, sizeof(k->by_no));
	memset(k->by_id, 0, sizeof(k->by_id));
}

enum err
compartment_cache_new(struct replica *r, struct fail *f)
{
	r->cache = malloc(sizeof(*r->cache));
	if (r->cache == NULL)
		return fail_set(f, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	memset(r->cache, 0, offsetof(struct compartment_cache, slot));
	return OK;
}
