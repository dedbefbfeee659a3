/* Control out of the log of a real replica: who builds on whom among branches,
 * whatever the order they came in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sync/control.h"
#include "sync/log_i.h"
#include "tests/support/pair.h"

#define BRANCHES 10

/* Grants of North after its last, each of a key of its own: BRANCHES that claim
 * one place, then one after each of them. */
struct flood {
	struct pair p;
	struct row_id person;
	struct segment_header header;
	struct segment_id last;
	struct buf bytes[2 * BRANCHES];
	struct segment_id id[2 * BRANCHES];
};

static void
last_control(struct flood *w)
{
	struct replica *north = w->p.r[PAIR_NORTH];
	struct buf bytes = { 0 };
	struct segment view;
	struct stmt *s;
	bool any;
	int64_t no = pair_number(&w->p, PAIR_NORTH,
	    "SELECT max(no) FROM _segment WHERE chain = 0 AND author = "
	    "(SELECT author FROM _segment WHERE kind = 0 LIMIT 1)");

	assert_int_equal(log_bytes(north, &bytes, no, NULL), OK);
	assert_int_equal(segment_parse(&view, bytes.p, bytes.n, NULL), OK);
	w->header = view.header;
	w->header.dep_count = 0;
	w->header.position = (uint64_t)pair_number(&w->p, PAIR_NORTH,
	    "SELECT max(position) FROM _segment");
	assert_int_equal(db_stmt(&s, replica_db(north),
			     "SELECT id FROM _segment WHERE no = ?1", NULL),
	    OK);
	stmt_int(s, 1, no);
	assert_int_equal(stmt_step(s, &any, NULL), OK);
	(void)stmt_col_copy(s, 0, w->last.b, sizeof(w->last.b));
	stmt_reset(s);
	buf_release(&bytes);
}

static void
key_of(struct key_id *out, size_t i)
{
	memset(out->b, 0x40 + (int)i, sizeof(out->b));
}

/* A grant of key i to North's own agency; its box is not a real one. */
static void
put_grant(struct buf *out, const struct compartment *c, size_t i)
{
	static const uint8_t box[GRANT_BOX_MAX];
	static struct grant_body b;
	struct grant_entry *e = &b.entry[0];

	memset(&b, 0, sizeof(b));
	b.owner = c->owner;
	memcpy(b.name, c->name, sizeof(b.name));
	b.count = 1;
	key_of(&e->key_id, i);
	e->right = GRANT_READ;
	memcpy(e->recipient, c->owner.b, ID_BYTES);
	e->box = box;
	e->box_n = BOX_OVERHEAD + GRANT_BIND_BYTES + SEGMENT_KEY_BYTES +
	    ID_BYTES + GRANT_TEXT_STEP;
	grant_body_encode(out, &b);
}

static void
make(struct flood *w, size_t i, const struct segment_id *prev, uint64_t further)
{
	struct segment_header header = w->header;
	struct buf body = { 0 };
	struct segment_make in = {
		.header = &header,
		.network = members_network(replica_members(w->p.r[0])),
		.prev = prev,
		.secret_key = replica_identity(w->p.r[PAIR_NORTH])->sign_secret,
	};

	header.seq += further;
	header.position += further;
	put_grant(&body, pair_cpt(&w->p, PAIR_NORTH, &w->person), i);
	in.body = body.p;
	in.body_n = body.n;
	assert_int_equal(segment_make(&w->bytes[i], &w->id[i], &in,
			     &w->p.env[PAIR_NORTH]->env, NULL),
	    OK);
	buf_release(&body);
}

static void
begin(struct flood *w)
{
	memset(w, 0, sizeof(*w));
	pair_start(&w->p, 61, 1);
	pair_insert(&w->p, PAIR_NORTH, "person", &w->person, NULL, "word",
	    "base");
	pair_share(&w->p, PAIR_NORTH, &w->person, PAIR_CLINIC, GRANT_WRITE,
	    false);
	(void)pair_seal(&w->p, PAIR_NORTH);
	pair_ship_all(&w->p, PAIR_NORTH, PAIR_CLINIC);
	last_control(w);
	for (size_t i = 0; i < BRANCHES; i++)
		make(w, i, &w->last, 1);
	for (size_t i = 0; i < BRANCHES; i++)
		make(w, BRANCHES + i, &w->id[i], 2);
}

static void
end(struct flood *w)
{
	for (size_t i = 0; i < COUNT_OF(w->bytes); i++)
		buf_release(&w->bytes[i]);
	pair_stop(&w->p);
}

/* Is this branch one of the eight smallest? */
static bool
is_small(const struct flood *w, size_t i)
{
	size_t below = 0;

	for (size_t k = 0; k < BRANCHES; k++)
		below += id_compare(&w->id[k], &w->id[i]) < 0 ? 1 : 0;
	return below < CONTROL_BRANCHES;
}

static bool
key_counts(const struct control *c, size_t i)
{
	struct key_id key;

	key_of(&key, i);
	for (size_t k = 0; k < c->claim_count; k++)
		if (id_equal(&c->claims[k].key_id, &key) && c->claims[k].counts)
			return true;
	return false;
}

static void
check(struct flood *w)
{
	struct compartment *c = pair_cpt(&w->p, PAIR_CLINIC, &w->person);
	struct control *now;

	assert_int_equal(control_load(&now, w->p.r[PAIR_CLINIC], c, NULL), OK);
	assert_true(now->known);
	for (size_t i = 0; i < BRANCHES; i++) {
		assert_int_equal(key_counts(now, i), is_small(w, i));
		assert_int_equal(key_counts(now, BRANCHES + i), is_small(w, i));
	}
	control_free(now);
}

static void
give(struct flood *w, size_t i)
{
	(void)pair_give(&w->p, PAIR_CLINIC, w->bytes[i].p, w->bytes[i].n,
	    PAIR_HUB);
}

static void
a_branch_and_what_follows_it_stand_or_fall_together(void **state)
{
	struct flood w;

	(void)state;
	begin(&w);
	for (size_t i = 0; i < COUNT_OF(w.bytes); i++)
		give(&w, i);
	check(&w);
	end(&w);
}

static void
so_they_do_when_they_come_backwards(void **state)
{
	struct flood w;

	(void)state;
	begin(&w);
	for (size_t i = COUNT_OF(w.bytes); i-- > 0;)
		give(&w, i);
	check(&w);
	end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_branch_and_what_follows_it_stand_or_fall_together),
		cmocka_unit_test(so_they_do_when_they_come_backwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
