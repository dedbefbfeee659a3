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

const struct log_stand *
log_find_same(struct replica *r, struct receipt_of *x)
{
	for (size_t i = 0; x->beside.count > 0 && i < log_candidates(x); i++) {
		identify(r, x, i);
		for (size_t k = 0; k < x->beside.count; k++) {
			if (id_equal(&x->beside.at[k].id, &x->id))
				return &x->beside.at[k];
		}
	}
	return NULL;
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
