#include "node/out.h"

#include "node/keep.h"
#include "sync/revoke.h"
#include "sync/shred.h"

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

enum err
out_shred(struct replica *r, bool *done, struct fail *why)
{
	struct fail gone = { .code = OK };
	enum err e = shred_rekey(r, done, why);

	if (e != OK || !*done)
		return e;
	e = keep_forget(r, &gone, why);
	if (e == OK && gone.code != OK)
		e = fail_set(why, gone.code, "%s", gone.text);
	return e;
}
