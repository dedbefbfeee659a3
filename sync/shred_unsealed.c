/*
 * What was typed and is not sealed goes with the rest: nobody else has it.
 *
 * An order, and other control that stays, may name as what its author knew a
 * grant or removal that goes. It then names what that one named: sealed without
 * it, it would say that its author had known nothing, and an order by who took
 * the case over would be judged as of before that.
 */
#include "sync/log_i.h"
#include "sync/shred_i.h"

/* Control that is not sealed, and the numbers that it names. */
struct open_control {
	int64_t no;
	bool stays, changed;
	size_t count;
	int64_t on[LIMIT_DEPS];
};

/* list: struct open_control, by number: what one names comes before it. */
static size_t
count_open(const struct buf *list)
{
	return list->n / sizeof(struct open_control);
}

static const struct open_control *
open_at(const struct buf *list, size_t i)
{
	return (const struct open_control *)(const void *)list->p + i;
}

static const struct open_control *
find_open(const struct buf *list, int64_t no)
{
	for (size_t i = 0; i < count_open(list); i++) {
		if (open_at(list, i)->no == no)
			return open_at(list, i);
	}
	return NULL;
}

/* Beyond the limit it says less than it could (log.c). */
static void
name(struct open_control *c, int64_t no)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->on[i] == no)
			return;
	}
	if (c->count < LIMIT_DEPS)
		c->on[c->count++] = no;
}

static enum err
add_open(struct buf *list, struct stmt *s, struct fail *f)
{
	struct open_control c = { .no = stmt_col_int(s, 0),
		.stays = stmt_col_int(s, 1) != 0 };
	const uint8_t *p;
	struct rd rd;
	size_t n;

	p = stmt_col_blob(s, 2, &n);
	rd = rd_of(p, n);
	while (rd.err == OK && rd_left(&rd) > 0) {
		int64_t no = (int64_t)rd_uint(&rd);
		const struct open_control *on = find_open(list, no);

		if (on == NULL || on->stays) {
			name(&c, no);
			continue;
		}
		for (size_t i = 0; i < on->count; i++)
			name(&c, on->on[i]);
		c.changed = true;
	}
	buf_put(list, &c, sizeof(c));
	return list->err == OK ? OK : fail_code(f, list->err);
}

static enum err
read_open(struct buf *list, struct replica *r, int64_t cpt, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT no, kind IN " SHRED_STAYS ", deps FROM _segment"
	    " WHERE cpt = ?1 AND chain = ?2 AND state <= ?3 ORDER BY no",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, CHAIN_CONTROL);
	stmt_int(s, 3, STATE_CLOSED);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		e = add_open(list, s, f);
		if (e != OK)
			break;
	}
	stmt_reset(s);
	return e;
}

static enum err
write_open(struct replica *r, const struct open_control *c, struct fail *f)
{
	struct buf deps = { .limit = 4096 };
	struct stmt *s;
	enum err e;

	for (size_t i = 0; i < c->count; i++)
		buf_uint(&deps, (uint64_t)c->on[i]);
	e = deps.err == OK
	    ? db_stmt(&s, r->db, "UPDATE _segment SET deps = ?2 WHERE no = ?1",
		  f)
	    : fail_code(f, deps.err);
	if (e == OK) {
		stmt_int(s, 1, c->no);
		stmt_blob(s, 2, deps.p, deps.n);
		e = stmt_run(s, f);
	}
	buf_release(&deps);
	return e;
}

static enum err
name_what_stays(struct replica *r, int64_t cpt, struct fail *f)
{
	struct buf list = { .limit = SIZE_MAX };
	enum err e = read_open(&list, r, cpt, f);

	for (size_t i = 0; e == OK && i < count_open(&list); i++) {
		const struct open_control *c = open_at(&list, i);

		if (c->stays && c->changed)
			e = write_open(r, c, f);
	}
	buf_release(&list);
	return e;
}

enum err
shred_drop_unsealed(struct replica *r, struct compartment *c, struct fail *f)
{
	static const char *const drop[] = {
		("DELETE FROM _offered WHERE data IN (SELECT no FROM _segment"
		 " WHERE cpt = ?1)"),
		("DELETE FROM _open WHERE segment IN (SELECT no FROM _segment"
		 " WHERE cpt = ?1 AND state <= 2"
		 " AND kind NOT IN " SHRED_STAYS ")"),
		("DELETE FROM _segment WHERE cpt = ?1 AND state <= 2"
		 " AND kind NOT IN " SHRED_STAYS),
	};
	enum err e = name_what_stays(r, c->no, f);

	for (size_t i = 0; e == OK && i < COUNT_OF(drop); i++) {
		struct stmt *s;

		e = db_stmt(&s, r->db, drop[i], f);
		if (e != OK)
			break;
		stmt_int(s, 1, c->no);
		e = stmt_run(s, f);
	}
	log_open_forget(r);
	c->open_no = 0;
	return e;
}
