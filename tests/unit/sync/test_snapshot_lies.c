/* Snapshots that lie, and what is no snapshot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "sync/replica_i.h"
#include "sync/seal.h"
#include "sync/snapshot.h"
#include "tests/support/pair.h"

#define MUST(call) \
	do { \
		struct fail fail_ = { .code = OK }; \
		struct fail *f = &fail_; \
		if ((call) != OK) \
			fail_msg("%s: %s", #call, fail_.text); \
	} while (0)

#define SHOWN "SELECT count(*) FROM _snapshot_in"

struct world {
	struct pair p;
	struct row_id person;
};

struct forged {
	struct snapshot s;
	struct buf head, loose, payload, plain, bytes;
};

static void
add_insert(struct forged *x, unsigned table, uint8_t row, const char *word)
{
	struct op op = { .kind = OP_INSERT, .table = table, .field_count = 1 };

	memset(op.row.b, row, sizeof(op.row.b));
	op.fields[0].number = 1;
	op.fields[0].value = (struct value){ .type = VALUE_TEXT,
		.p = (const uint8_t *)word,
		.n = strlen(word) };
	op_encode(&x->loose, &op);
}

/* Sealed and signed as North would. */
static void
forge(struct world *w, struct forged *x)
{
	struct replica *r = w->p.r[PAIR_NORTH];
	struct compartment *c = pair_cpt(&w->p, PAIR_NORTH, &w->person);
	uint8_t key[32], statement[32];
	struct key_id id;
	uint8_t *body;

	MUST(grant_seal_key(r, c, key, &id, f));
	x->s.compartment = c->id;
	x->s.maker = r->identity.node;
	memcpy(x->s.key_prefix, id.b, sizeof(x->s.key_prefix));
	x->s.schema = r->registry->version;
	x->s.segments = 99;
	if (x->s.end_count == 0) { /* nobody has that one */
		x->s.end_count = 1;
		x->s.ends[0].chain = CHAIN_DATA;
		x->s.ends[0].seq = 1;
	}
	assert_int_equal(op_pack(&x->payload, x->loose.p, x->loose.n), OK);
	MUST(seal_plain(&x->plain, x->payload.p, x->payload.n, f));
	snapshot_put_head(&x->head, &x->s);
	buf_put(&x->bytes, x->head.p, x->head.n);
	buf_uint(&x->bytes, x->plain.n + SEAL_TAG_BYTES);
	body = buf_grow(&x->bytes, x->plain.n + SEAL_TAG_BYTES);
	assert_non_null(body);
	seal_encrypt(body, &x->plain, &x->head, key);
	buf_zero(&x->bytes, SEGMENT_SIG_BYTES);
	snapshot_statement(statement, members_network(replica_members(r)),
	    x->bytes.p, x->bytes.n);
	(void)crypto_sign_detached(x->bytes.p + x->bytes.n - SEGMENT_SIG_BYTES,
	    NULL, statement, sizeof(statement), r->identity.sign_secret);
}

static void
release(struct forged *x)
{
	buf_release(&x->head);
	buf_release(&x->loose);
	buf_release(&x->payload);
	buf_release(&x->plain);
	buf_release(&x->bytes);
}

static enum outcome
give(struct world *w, const uint8_t *p, size_t n, enum pair_who from,
    enum err *code)
{
	struct fail why = { .code = OK };
	enum outcome o;

	MUST(replica_begin(w->p.r[PAIR_SOUTH], f));
	MUST(snapshot_receive(w->p.r[PAIR_SOUTH], &o, p, n,
	    &replica_identity(w->p.r[from])->node, &why, f));
	MUST(replica_commit(w->p.r[PAIR_SOUTH], f));
	*code = why.code;
	return o;
}

/* South holds the key of a compartment and nothing of its data. */
static void
start_hostile(struct world *w, uint64_t seed)
{
	pair_start(&w->p, seed, 1);
	pair_insert(&w->p, PAIR_NORTH, "person", &w->person, NULL, "word",
	    "truth");
	(void)pair_seal(&w->p, PAIR_NORTH);
	for (int64_t no = 1; no <= pair_top(&w->p, PAIR_NORTH); no++) {
		struct buf b = { 0 };
		struct segment s;

		if (log_bytes(w->p.r[PAIR_NORTH], &b, no, NULL) == OK &&
		    segment_parse(&s, b.p, b.n, NULL) == OK &&
		    s.header.kind == SEGMENT_GRANT)
			(void)pair_ship(&w->p, PAIR_NORTH, PAIR_SOUTH, no);
		buf_release(&b);
	}
	assert_non_null(pair_cpt(&w->p, PAIR_SOUTH, &w->person));
}

static void
nothing_came_of_it(struct world *w)
{
	assert_int_equal(pair_number(&w->p, PAIR_SOUTH, SHOWN), 0);
	assert_int_equal(pair_number(&w->p, PAIR_SOUTH,
			     "SELECT (SELECT count(*) FROM person) +"
			     " (SELECT count(*) FROM tag)"),
	    0);
	pair_check(&w->p, PAIR_SOUTH);
}

static void
one_that_is_no_makers_or_was_changed_is_refused(void **state)
{
	struct forged x = { .head = { 0 } };
	struct world w;
	enum err code;

	(void)state;
	start_hostile(&w, 406);
	add_insert(&x, 1, 7, "a lie");
	forge(&w, &x);
	/* handed on by somebody else */
	assert_int_equal(give(&w, x.bytes.p, x.bytes.n, PAIR_CLINIC, &code),
	    OUTCOME_REFUSED);
	assert_int_equal(code, ERR_DENIED);
	for (size_t at = 2; at < x.bytes.n; at += 7) {
		x.bytes.p[at] ^= 1;
		assert_int_not_equal(give(&w, x.bytes.p, x.bytes.n, PAIR_NORTH,
					 &code),
		    OUTCOME_APPLIED);
		x.bytes.p[at] ^= 1;
	}
	for (size_t n = 0; n < x.bytes.n; n++)
		assert_int_not_equal(give(&w, x.bytes.p, n, PAIR_NORTH, &code),
		    OUTCOME_APPLIED);
	nothing_came_of_it(&w);
	release(&x);
	pair_stop(&w.p);
}

static void
one_by_a_node_that_is_no_registrar_is_refused(void **state)
{
	struct forged x = { .head = { 0 } };
	const struct member_node *laptop;
	uint8_t statement[32];
	struct world w;
	enum err code;
	size_t at;

	(void)state;
	start_hostile(&w, 407);
	add_insert(&x, 1, 7, "a lie");
	forge(&w, &x);
	laptop = members_node(replica_members(w.p.r[PAIR_SOUTH]),
	    &replica_identity(w.p.r[PAIR_LAPTOP])->node);
	assert_non_null(laptop);
	memcpy(x.bytes.p + 2 + ID_BYTES, laptop->id.b, ID_BYTES);
	snapshot_statement(statement,
	    members_network(replica_members(w.p.r[PAIR_SOUTH])), x.bytes.p,
	    x.bytes.n);
	at = x.bytes.n - SEGMENT_SIG_BYTES;
	(void)crypto_sign_detached(x.bytes.p + at, NULL, statement,
	    sizeof(statement), w.p.r[PAIR_LAPTOP]->identity.sign_secret);
	assert_int_equal(give(&w, x.bytes.p, x.bytes.n, PAIR_LAPTOP, &code),
	    OUTCOME_REFUSED);
	assert_int_equal(code, ERR_DENIED);
	nothing_came_of_it(&w);
	release(&x);
	pair_stop(&w.p);
}

static void
rows_of_no_table_of_the_compartment_are_refused_whole(void **state)
{
	static const unsigned tables[] = { 99, 1 };
	struct world w;

	(void)state;
	start_hostile(&w, 408);
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		struct forged x = { .head = { 0 } };
		enum err code;

		add_insert(&x, 1, 7, "a lie");
		add_insert(&x, tables[i], 8, "another");
		if (tables[i] == 1) /* the same row twice */
			add_insert(&x, 1, 8, "and again");
		forge(&w, &x);
		assert_int_equal(give(&w, x.bytes.p, x.bytes.n, PAIR_NORTH,
				     &code),
		    OUTCOME_REFUSED);
		assert_int_equal(code, ERR_FORMAT);
		release(&x);
	}
	nothing_came_of_it(&w);
	pair_stop(&w.p);
}

static void
one_that_is_too_long_is_refused(void **state)
{
	struct buf b = { .limit = 2 * LIMIT_SEGMENT_BYTES };
	struct world w;
	enum err code;

	(void)state;
	start_hostile(&w, 409);
	buf_u8(&b, SNAPSHOT_FORM);
	buf_zero(&b, LIMIT_SEGMENT_BYTES);
	assert_int_equal(give(&w, b.p, b.n, PAIR_NORTH, &code),
	    OUTCOME_REFUSED);
	assert_int_equal(code, ERR_LIMIT);
	nothing_came_of_it(&w);
	buf_release(&b);
	pair_stop(&w.p);
}

static void
one_that_lies_is_found_out_by_the_history(void **state)
{
	struct forged x = { .head = { 0 } };
	struct segment_id id;
	uint64_t position;
	struct world w;
	enum err code;

	(void)state;
	start_hostile(&w, 410);
	add_insert(&x, 1, 7, "a lie");
	MUST(log_author_top(w.p.r[PAIR_NORTH],
	    &replica_author_no(w.p.r[PAIR_NORTH], w.p.r[PAIR_NORTH]->own_author)
		 ->tag,
	    &position, &id, f));
	x.s.ends[0].id = id;
	x.s.ends[0].author =
	    replica_author_no(w.p.r[PAIR_NORTH], w.p.r[PAIR_NORTH]->own_author)
		->tag;
	forge(&w, &x);
	assert_int_equal(give(&w, x.bytes.p, x.bytes.n, PAIR_NORTH, &code),
	    OUTCOME_APPLIED);
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH,
			     "SELECT count(*) FROM person WHERE word ="
			     " 'a lie'"),
	    1);
	pair_ship_all(&w.p, PAIR_NORTH, PAIR_SOUTH);
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH, SHOWN), 0);
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH,
			     "SELECT count(*) FROM person WHERE word ="
			     " 'a lie'"),
	    0);
	assert_string_equal(pair_get(&w.p, PAIR_SOUTH, "person", &w.person,
				"word", NULL),
	    "truth");
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH,
			     "SELECT value FROM _count WHERE name ="
			     " 'snapshots differing'"),
	    1);
	pair_check(&w.p, PAIR_SOUTH);
	release(&x);
	pair_stop(&w.p);
}

/* What it stands for is a grant: it would show its rows until something came. */
static void
one_whose_history_is_here_already_shows_nothing(void **state)
{
	struct forged x = { .loose = { .limit = LIMIT_PAYLOAD_BYTES },
		.s.end_count = 1,
		.s.ends[0].chain = CHAIN_CONTROL,
		.s.ends[0].seq = 1 };
	struct world w;
	struct stmt *s;
	enum err code;
	bool row;

	(void)state;
	start_hostile(&w, 426);
	MUST(db_stmt(&s, replica_db(w.p.r[PAIR_SOUTH]),
	    "SELECT s.id, a.tag FROM _segment s JOIN _author a"
	    " ON a.no = s.author WHERE s.chain = 0 AND s.seq = 1",
	    f));
	MUST(stmt_step(s, &row, f));
	assert_true(row);
	(void)stmt_col_copy(s, 0, x.s.ends[0].id.b, SEGMENT_ID_BYTES);
	(void)stmt_col_copy(s, 1, x.s.ends[0].author.b,
	    sizeof(x.s.ends[0].author.b));
	stmt_reset(s);
	add_insert(&x, 1, 7, "a lie");
	forge(&w, &x);
	assert_int_equal(give(&w, x.bytes.p, x.bytes.n, PAIR_NORTH, &code),
	    OUTCOME_APPLIED);
	nothing_came_of_it(&w);
	assert_int_equal(pair_number(&w.p, PAIR_SOUTH,
			     "SELECT value FROM _count WHERE name ="
			     " 'snapshots differing'"),
	    1);
	release(&x);
	pair_stop(&w.p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    one_that_is_no_makers_or_was_changed_is_refused),
		cmocka_unit_test(one_by_a_node_that_is_no_registrar_is_refused),
		cmocka_unit_test(
		    rows_of_no_table_of_the_compartment_are_refused_whole),
		cmocka_unit_test(one_that_is_too_long_is_refused),
		cmocka_unit_test(one_that_lies_is_found_out_by_the_history),
		cmocka_unit_test(
		    one_whose_history_is_here_already_shows_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
