/* The record of an agency's further key as bytes: reading and making. What is
 * sealed in it is made and opened in agency_key.c. */
#include <stdlib.h>
#include <string.h>

#include "sync/member_i.h"

void
member_read_agency_key(struct rd *r, struct member_record *m)
{
	struct member_agency_key *k = &m->key;

	rd_copy(r, k->agency.b, sizeof(k->agency.b));
	k->number = rd_max(r, LIMIT_AGENCY_KEY_NO);
	rd_copy(r, k->box_key, sizeof(k->box_key));
	k->wrapped = rd_bytes(r, &k->wrapped_n, MEMBER_WRAPPED);
	k->heir_count = (size_t)rd_max(r, MEMBER_HEIRS);
	for (size_t i = 0; i < k->heir_count; i++) {
		struct member_heir *h = &k->heir[i];

		rd_copy(r, h->node.b, sizeof(h->node.b));
		h->box = rd_take(r, MEMBER_HEIR_BOX);
		if (i > 0 && id_compare(&k->heir[i - 1].node, &h->node) >= 0)
			rd_fail(r);
	}
	if (m->by_root || k->number == 0)
		rd_fail(r);
}

static int
heir_compare(const void *a, const void *b)
{
	const struct member_heir *x = a, *y = b;

	return id_compare(&x->node, &y->node);
}

enum err
member_make_agency_key(struct buf *out, const struct identity *i,
    const struct network_id *network, const struct member_agency_key *key)
{
	struct member_heir heir[MEMBER_HEIRS];
	struct buf b;

	if (key->heir_count > MEMBER_HEIRS)
		return ERR_LIMIT;
	memcpy(heir, key->heir, sizeof(heir));
	qsort(heir, key->heir_count, sizeof(*heir), heir_compare);
	member_start(&b, MEMBER_AGENCY_KEY, network, &i->node);
	buf_put(&b, key->agency.b, sizeof(key->agency.b));
	buf_uint(&b, key->number);
	buf_put(&b, key->box_key, sizeof(key->box_key));
	buf_bytes(&b, key->wrapped, key->wrapped_n);
	buf_uint(&b, key->heir_count);
	for (size_t k = 0; k < key->heir_count; k++) {
		buf_put(&b, heir[k].node.b, sizeof(heir[k].node.b));
		buf_put(&b, heir[k].box, MEMBER_HEIR_BOX);
	}
	return member_finish(out, &b, i, false);
}
