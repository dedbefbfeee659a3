/*
 * All tables of a replica as text, by names that mean the same everywhere. Left
 * out is what is local: times, numbers, the audit log, whom things are queued for.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/orders/orders.h"

struct part {
	const char *title, *sql;
};

static const struct part parts_keys[] = {
	{ "keys",
	    "SELECT c.id, k.key_id, k.key FROM _key k"
	    " JOIN _compartment c ON c.no = k.cpt ORDER BY 1, 2" },
};

static const struct part parts_always[] = {
	{ "members", "SELECT id FROM _member ORDER BY id" },
	{ "parked",
	    "SELECT author, cpt, chain, seq, reason, length(bytes) FROM _parked"
	    " ORDER BY bytes" },
	{ "refused",
	    "SELECT code, length(bytes) FROM _refused ORDER BY bytes" },
	/* nothing may ever stand here */
	{ SHOWN_MISSING,
	    "SELECT g.key_id, s.id FROM _grant g"
	    " JOIN _compartment c ON c.no = g.cpt"
	    " JOIN _segment s ON s.no = g.segment"
	    " WHERE c.flags & 8 = 0 AND g.rights > 0"
	    " AND g.recipient IN (?1, ?2) AND NOT EXISTS (SELECT 1 FROM _key k"
	    " WHERE k.cpt = g.cpt AND k.key_id = g.key_id) ORDER BY 1, 2" },
	/* of what was destroyed they are only told; a grant that came before its
	 * predecessor is a stub by then, and names nobody */
	{ "holders",
	    "SELECT c.id, g.key_id, g.recipient_kind, g.recipient, s.id,"
	    " g.rights, g.ended, g.ever FROM _grant g"
	    " JOIN _compartment c ON c.no = g.cpt"
	    " JOIN _segment s ON s.no = g.segment WHERE c.flags & 8 = 0"
	    " ORDER BY 1, 2, 3, 4, 5" },
	/* any two of several histories are evidence enough */
	{ "forks",
	    "SELECT a.tag, c.id, f.chain, f.at FROM _fork f"
	    " JOIN _author a ON a.no = f.author"
	    " LEFT JOIN _compartment c ON c.no = f.cpt ORDER BY 1, 2, 3, 4" },
	/* of several orders the one that came first was obeyed; of one that is
	 * undone only who had obeyed it knows */
	{ "shreds",
	    "SELECT c.id FROM _shred h JOIN _compartment c ON c.no = h.cpt"
	    " WHERE h.undone_ms = 0 ORDER BY 1" },
};

/* another with other keys */
static const struct part parts_by_keys[] = {
	/* a stub of what was destroyed counts for nothing, whatever its state */
	{ "log",
	    "SELECT a.tag, s.chain, s.seq, s.position, s.kind, CASE WHEN"
	    " c.flags & 8 = 0 THEN s.state END, CASE WHEN c.flags & 8 = 0"
	    " THEN s.why END, s.id, length(s.bytes), w.segment IS NOT NULL"
	    " FROM _segment s JOIN _author a ON a.no = s.author"
	    " JOIN _compartment c ON c.no = s.cpt"
	    " LEFT JOIN _wanted w ON w.segment = s.no ORDER BY s.id" },
	{ "compartments",
	    "SELECT id, owner, founder, name, subject, category, unreadable,"
	    " waiting, conflicts, CASE WHEN flags & 8 = 0 THEN flags ELSE 8"
	    " END, rekey, payload FROM _compartment ORDER BY id" },
	{ "bases",
	    "SELECT c.id, s.id, g.basis FROM _grant g"
	    " JOIN _compartment c ON c.no = g.cpt"
	    " JOIN _segment s ON s.no = g.segment WHERE c.flags & 8 = 0"
	    " ORDER BY 1, 2, 3" },
	{ "conflicts",
	    "SELECT c.id, f.tbl, f.row, f.field, f.kind, f.reason,"
	    " length(f.origins) FROM _conflict f"
	    " JOIN _compartment c ON c.no = f.cpt ORDER BY 1, 2, 3, 4, 6" },
	{ "proposals",
	    "SELECT c.id, p.tbl, p.row, p.field, s.id, p.op, p.state, b.id,"
	    " p.by_op FROM _proposal p JOIN _compartment c ON c.no = p.cpt"
	    " JOIN _segment s ON s.no = p.segment"
	    " LEFT JOIN _segment b ON b.no = p.by_segment"
	    " ORDER BY 1, 2, 3, 4, 5, 6" },
	{ "person", "SELECT * FROM person ORDER BY id" },
	{ "tag", "SELECT * FROM tag ORDER BY id" },
	{ "attendance", "SELECT * FROM attendance ORDER BY id" },
};

static const struct part parts_counted[] = {
	{ "counts",
	    "SELECT name, value FROM _count WHERE value <> 0 AND (name IN"
	    " ('received', 'duplicate', 'refused') OR name IN ('applied',"
	    " 'quarantined') AND NOT EXISTS (SELECT 1 FROM _shred))"
	    " ORDER BY name" },
};

static void
show_column(struct buf *out, struct stmt *s, int at)
{
	const uint8_t *p;
	size_t n;

	switch (stmt_col_type(s, at)) {
	case STMT_NULL:
		buf_text(out, " -");
		return;
	case STMT_INT:
		buf_printf(out, " %lld", (long long)stmt_col_int(s, at));
		return;
	case STMT_TEXT:
		buf_printf(out, " '%s'", stmt_col_text(s, at));
		return;
	default:
		break;
	}
	p = stmt_col_blob(s, at, &n);
	buf_text(out, " ");
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%02x", p[i]);
}

static void
show_rows(struct buf *out, struct replica *r, const struct part *part)
{
	const struct identity *i = replica_identity(r);
	struct stmt *s;
	bool row;

	if (db_stmt(&s, replica_db(r), part->sql, NULL) != OK)
		abort();
	if (strstr(part->sql, "?1") != NULL) {
		stmt_blob(s, 1, i->node.b, ID_BYTES);
		stmt_blob(s, 2, i->has_agency_secret ? i->agency.b : i->node.b,
		    ID_BYTES);
	}
	for (;;) {
		if (stmt_step(s, &row, NULL) != OK)
			abort();
		if (!row)
			return;
		buf_printf(out, "%s:", part->title);
		for (int k = 0; k < stmt_col_count(s); k++)
			/* _cpt and _clock hold local numbers */
			if (strncmp(stmt_col_name(s, k), "_c", 2) != 0)
				show_column(out, s, k);
		buf_text(out, "\n");
	}
}

static int
compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, SEGMENT_ID_BYTES);
}

/* What the next operation would depend on: there is none where it was destroyed. */
static void
show_ends(struct buf *out, struct replica *r, const struct compartment *c)
{
	struct segment_id id[COMPARTMENT_ENDS] = { { { 0 } } };
	char text[2 * SEGMENT_ID_BYTES + 1];
	struct stmt *s;
	bool row;

	for (size_t i = 0; i < c->end_count; i++) {
		if (db_stmt(&s, replica_db(r),
			"SELECT id FROM _segment WHERE no = ?1", NULL) != OK)
			abort();
		stmt_int(s, 1, c->ends[i].segment);
		if (stmt_step(s, &row, NULL) != OK || !row)
			abort();
		(void)stmt_col_copy(s, 0, id[i].b, sizeof(id[i].b));
		stmt_reset(s);
	}
	qsort(id, c->end_count, sizeof(id[0]), compare_ids);
	for (size_t i = 0; i < c->end_count; i++) {
		hex_encode(text, id[i].b, sizeof(id[i].b));
		buf_printf(out, "end: %s\n", text);
	}
}

static void
show_digest(struct buf *out, struct replica *r, const struct compartment *c)
{
	char text[65];
	uint8_t sum[32];

	if (digest_compartment(r, sum, c->no, NULL) != OK)
		abort();
	hex_encode(text, sum, sizeof(sum));
	buf_printf(out, "digest: %s\n", text);
}

static void
show_parts(struct buf *out, struct replica *r, const struct part *part,
    size_t n)
{
	for (size_t i = 0; i < n; i++)
		show_rows(out, r, &part[i]);
}

#define SHOW(out, r, what) \
	(buf_reset(out), show_parts(out, r, what, COUNT_OF(what)))

void
show(struct shown *out, enum taker t, bool undone)
{
	struct world *w = scene();
	struct replica *r = w->p.r[scene_taker(t)];
	struct compartment *c;

	SHOW(&out->keys, r, parts_keys);
	SHOW(&out->always, r, parts_always);
	SHOW(&out->by_keys, r, parts_by_keys);
	if (!undone)
		show_parts(&out->by_keys, r, parts_counted,
		    COUNT_OF(parts_counted));
	if (compartment_by_id(r, &c, &w->compartment, NULL) != OK)
		abort();
	if ((c->flags & COMPARTMENT_SHREDDED) == 0)
		show_ends(&out->by_keys, r, c);
	show_digest(&out->by_keys, r, c);
	if (out->keys.err != OK || out->by_keys.err != OK ||
	    out->always.err != OK)
		abort();
}

void
shown_release(struct shown *s)
{
	buf_release(&s->keys);
	buf_release(&s->by_keys);
	buf_release(&s->always);
}
