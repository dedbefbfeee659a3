/*
 * More operations than one compartment may hold in memory at once: what is over
 * waits at whoever sent too much (quota.h). It keeps its place, so that others
 * may have built on it, and says nothing.
 */
#include "sync/derive_i.h"

#include <stdlib.h>

#include "sync/quota.h"

static bool
is_shared_out(const struct d_segment *s)
{
	return s->kind == SEGMENT_DATA && s->state > STATE_CLOSED &&
	    s->readable && s->why == COUNTS;
}

static size_t
list_parts(const struct derivation *d, struct quota_part *parts)
{
	size_t n = 0;

	for (size_t i = 0; i < d->segment_count; i++) {
		const struct d_segment *s = &d->segments[i];
		const struct member_node *node =
		    replica_author_node(d->r, s->author_no);

		if (!is_shared_out(s))
			continue;
		parts[n] = (struct quota_part){ .author = s->tag,
			.seq = s->seq,
			.id = s->id,
			.no = s->no,
			.cost = s->payload_n > 0 ? s->payload_n : 1 };
		if (node != NULL) {
			parts[n].agency = node->agency;
			parts[n].node = node->id;
		}
		n++;
	}
	return n;
}

static enum err
mark_over(struct derivation *d, struct fail *f)
{
	struct quota_part *parts = calloc(d->segment_count + 1, sizeof(*parts));
	enum err e = ERR_NOMEM;
	size_t n, over;

	if (parts != NULL) {
		n = list_parts(d, parts);
		e = quota_share(parts, n, d->r->bounds.compartment_bytes,
		    &over);
		for (size_t i = 0; e == OK && i < n; i++)
			if (parts[i].over)
				d->segments[derivation_find(d, parts[i].no)]
				    .why = UNCOUNTED_OVER;
	}
	free(parts);
	return e == OK ? OK : fail_code(f, e);
}

static enum err
load_again(struct derivation *d, struct fail *f)
{
	struct stmt *q;
	bool row;
	enum err e;

	buf_reset(&d->payloads);
	e = db_stmt(&q, d->r->db,
	    DERIVE_COLUMNS " WHERE cpt = ?1 AND chain = ?2 ORDER BY no", f);
	if (e != OK)
		return e;
	stmt_int(q, 1, d->c->no);
	stmt_int(q, 2, CHAIN_DATA);
	while ((e = stmt_step(q, &row, f)) == OK && row) {
		uint32_t at = derivation_find(d, stmt_col_int(q, 0));

		if (at == NOWHERE || !d->segments[at].readable ||
		    d->segments[at].why != COUNTS)
			continue;
		e = derive_payload(d, &d->segments[at], q, f);
		if (e != OK)
			break;
	}
	stmt_reset(q);
	return e;
}

bool
derive_fits(const struct replica *r, const struct compartment *c)
{
	return (uint64_t)c->payload <= r->bounds.compartment_bytes;
}

enum err
derive_share(struct derivation *d, struct fail *f)
{
	enum err e = mark_over(d, f);

	return e == OK ? load_again(d, f) : e;
}
