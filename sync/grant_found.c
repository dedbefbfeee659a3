/* Founding a compartment: its first grant, to the own agency and, where that has
 * no key here, to this node. */
#include <sodium.h>

#include "sync/grant_i.h"

enum err
grant_found(struct replica *r, struct compartment *c, struct fail *f)
{
	const struct identity *i = &r->identity;
	struct grant_making m;
	struct grant_key key;
	enum err e;

	e = grant_making_start(&m, r, c, f);
	if (e == OK)
		e = grant_new_epoch(r, c->no, &key, f);
	if (e == OK)
		e = grant_making_add(&m, r, &key, GRANT_AGENCY, i->agency.b,
		    GRANT_WRITE, f);
	if (e == OK && !i->has_agency_secret)
		e = grant_making_add(&m, r, &key, GRANT_NODE, i->node.b,
		    GRANT_WRITE, f);
	if (e == OK)
		e = grant_making_issue(&m, r, "", GRANT_AGENCY, NULL, f);
	sodium_memzero(&key, sizeof(key));
	grant_making_release(&m);
	return e;
}
