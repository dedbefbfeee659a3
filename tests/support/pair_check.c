/* What must hold of a replica at every step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/pair.h"

static void
must(enum err e, const struct fail *f, const char *what)
{
	if (e != OK)
		fail_msg("%s: %s: %s", what, err_name(e), f->text);
}

#define MUST(call) \
	do { \
		struct fail fail_ = { .code = OK }; \
		struct fail *f = &fail_; \
		enum err e_ = (call); \
		must(e_, f, #call); \
	} while (0)

static void
dump_query(struct pair *p, enum pair_who who, struct buf *out, const char *sql)
{
	struct stmt *s;
	bool row;

	MUST(db_stmt(&s, replica_db(p->r[who]), sql, f));
	for (;;) {
		MUST(stmt_step(s, &row, f));
		if (!row)
			return;
		for (int i = 0; i < stmt_col_count(s); i++) {
			size_t n;
			const uint8_t *at = stmt_col_blob(s, i, &n);

			buf_u8(out, (uint8_t)stmt_col_type(s, i));
			buf_bytes(out, at, n);
		}
	}
}

void
pair_dump(struct pair *p, enum pair_who who, struct buf *out)
{
	const struct registry *g = replica_registry(p->r[who]);
	char sql[128];

	for (size_t i = 0; i < g->table_count; i++) {
		(void)snprintf(sql, sizeof(sql),
		    "SELECT * FROM %s ORDER BY _cpt, id", g->tables[i].name);
		dump_query(p, who, out, sql);
	}
	dump_query(p, who, out,
	    "SELECT * FROM _conflict ORDER BY cpt, tbl, row, field, reason");
	dump_query(p, who, out,
	    "SELECT * FROM _proposal ORDER BY cpt, tbl, row, field, segment,"
	    " op");
	dump_query(p, who, out,
	    "SELECT * FROM _grant ORDER BY cpt, key_id, recipient_kind,"
	    " recipient, segment");
	dump_query(p, who, out,
	    "SELECT no, id, owner, name, subject, category, unreadable,"
	    " waiting, conflicts, payload FROM _compartment ORDER BY no");
	dump_query(p, who, out, "SELECT no, state FROM _segment ORDER BY no");
}

static void
check_counts(struct pair *p, enum pair_who who)
{
	int64_t sum = pair_number(p, who,
	    "SELECT coalesce(sum(CASE WHEN name = 'received' THEN -value"
	    " ELSE value END), 0) FROM _count WHERE name IN ('received',"
	    " 'applied', 'duplicate', 'quarantined', 'refused')");
	int64_t waits = pair_number(p, who,
	    "SELECT (SELECT count(*) FROM _parked WHERE reason <> 9) +"
	    " (SELECT count(*) FROM _segment WHERE state = 4)");

	if (sum + waits != 0)
		fail_msg("node %d: received is off by %lld", (int)who,
		    (long long)(sum + waits));
	assert_int_equal(pair_number(p, who,
			     "SELECT count(*) FROM _count WHERE value < 0"),
	    0);
}

void
pair_check(struct pair *p, enum pair_who who)
{
	struct buf before = { 0 }, after = { 0 };
	int64_t checked;

	check_counts(p, who);
	MUST(log_verify(p->r[who], true, &checked, f));
	pair_dump(p, who, &before);
	MUST(replica_rebuild(p->r[who], f));
	pair_dump(p, who, &after);
	if (before.n != after.n ||
	    (before.n > 0 && memcmp(before.p, after.p, before.n) != 0))
		fail_msg("node %d: rebuilding changed something", (int)who);
	MUST(log_verify(p->r[who], true, &checked, f));
	check_counts(p, who);
	buf_release(&before);
	buf_release(&after);
}

void
pair_equal(struct pair *p, enum pair_who a, enum pair_who b,
    const struct row_id *person)
{
	uint8_t x[32], y[32];
	struct compartment *c;

	c = pair_cpt(p, a, person);
	assert_non_null(c);
	MUST(digest_compartment(p->r[a], x, c->no, f));
	c = pair_cpt(p, b, person);
	assert_non_null(c);
	MUST(digest_compartment(p->r[b], y, c->no, f));
	assert_memory_equal(x, y, sizeof(x));
}
