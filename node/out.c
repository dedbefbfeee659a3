#include "node/out.h"

#include "node/keep.h"
#include "sync/revoke.h"

enum err
out_obey(struct replica *r, struct fail *f)
{
	struct fail why;
	enum err e = revoke_obey(r, f);

	/* obeyed here or during a contact; a folder that is not there has
	 * nothing that can be removed now */
	if (e == OK && replica_identity(r)->is_forgotten)
		e = keep_forget(r, &why, f);
	return e;
}
