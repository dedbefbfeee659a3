/* Where a segment stands in its author's chain, among what is held. */
#include "sync/log_receive_i.h"

enum err
log_find_place(struct replica *r, struct receipt_of *x, struct fail *f)
{
	const struct segment_header *h = &x->segment.header;
	struct log_place place = { .author = x->author,
		.chain = segment_chain(h->kind),
		.seq = h->seq };
	enum err e;

	x->c = NULL;
	x->before.count = x->beside.count = 0;
	e = compartment_by_id(r, &x->c, &h->compartment, f);
	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	place.cpt = x->c->no;
	e = log_at(r, &x->beside, &place, f);
	place.seq--;
	return e == OK && h->seq > 1 ? log_at(r, &x->before, &place, f) : e;
}

/* As the successor of number at of those before it; what is first in its chain
 * succeeds nothing. */
static void
identify(struct replica *r, struct receipt_of *x, size_t at)
{
	bool first = x->segment.header.seq == 1;

	memset(&x->prev, 0, sizeof(x->prev));
	if (!first)
		x->prev = x->before.at[at];
	segment_identify(&x->id, &x->segment, members_network(r->members),
	    first ? NULL : &x->prev.id);
}

size_t
log_candidates(const struct receipt_of *x)
{
	return x->segment.header.seq == 1 ? 1 : x->before.count;
}

/* The signature of a stored segment, whole or stub, is its end. */
static enum err
read_signature(struct replica *r, uint8_t out[static SEGMENT_SIG_BYTES],
    int64_t no, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT substr(bytes, -64) FROM _segment WHERE no = ?1", f);

	_Static_assert(SEGMENT_SIG_BYTES == 64, "substr takes all of it");
	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	e = stmt_step(s, &row, f);
	if (e == OK && (!row || !stmt_col_copy(s, 0, out, SEGMENT_SIG_BYTES)))
		e = fail_set(f, ERR_CORRUPT, "stored segment: no signature");
	stmt_reset(s);
	return e;
}

/* The id is that of a segment which is held. Is it that one, or another with
 * the same words after a predecessor that may not be here yet? */
static enum err
is_that(struct replica *r, const struct receipt_of *x, int64_t no,
    const struct member_node *node, bool *yes, struct fail *f)
{
	uint8_t held[SEGMENT_SIG_BYTES];
	enum err e = read_signature(r, held, no, f);

	*yes = e == OK &&
	    (node == NULL ||
		memcmp(held, x->segment.signature, sizeof(held)) == 0 ||
		segment_verify(&x->segment, &x->id, node->sign_key) == OK);
	return e;
}

enum err
log_find_same(struct replica *r, struct receipt_of *x,
    const struct member_node *node, const struct log_stand **same,
    struct fail *f)
{
	enum err e = OK;

	*same = NULL;
	for (size_t i = 0; x->beside.count > 0 && i < log_candidates(x); i++) {
		identify(r, x, i);
		for (size_t k = 0; e == OK && k < x->beside.count; k++) {
			const struct log_stand *at = &x->beside.at[k];
			bool yes = false;

			if (!id_equal(&at->id, &x->id))
				continue;
			e = is_that(r, x, at->no, node, &yes, f);
			if (yes) {
				*same = at;
				return OK;
			}
		}
	}
	return e;
}

bool
log_find_signed(struct replica *r, struct receipt_of *x,
    const struct member_node *node)
{
	for (size_t i = 0; node != NULL && i < log_candidates(x); i++) {
		identify(r, x, i);
		if (segment_verify(&x->segment, &x->id, node->sign_key) == OK)
			return true;
	}
	return false;
}
