#include "node/after.h"

#include "node/disclosed.h"
#include "node/informing.h"
#include "node/sealing.h"

enum err
after_contact(struct replica *r, struct fail *f)
{
	bool more;
	enum err e;

	if (replica_restored(r, NULL) != LIFE_NONE || replica_kind(r) < 0 ||
	    replica_identity(r)->is_forgotten)
		return OK;
	e = disclosed_settle(r, NULL, &more, f);
	if (e == OK)
		e = sealing_obey(r, f);
	return e == OK ? informing_breaches(r, f) : e;
}
