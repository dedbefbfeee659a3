#include "node/account/admin.h"

#include <string.h>

#include "node/account/rights_i.h"
#include "sync/audit.h"

static enum err
tell(struct replica *r, const char *act, const struct row_id *by,
    const struct account *a, const char *note, struct fail *f)
{
	const struct audit_entry entry = { .act = act,
		.staff = by,
		.table = registry_table(replica_registry(r), "staff"),
		.row = &a->staff,
		.note = note };

	return audit_write(r, &entry, f);
}

enum err
admin_add(int64_t *no, struct replica *r, const struct account_new *q,
    struct renewal *w, const struct row_id *by, struct fail *f)
{
	struct account a = { .staff = q->staff,
		.administrator = q->administrator,
		.must_replace = q->must_replace,
		.made_ms = env_wall_ms(replica_env(r)),
		.used_ms = account_now_ms(r),
		.ends_ms = q->ends_ms };
	enum err e;

	if (strlen(q->name) > ACCOUNT_NAME_MAX)
		return fail_set(f, ERR_INPUT,
		    "an account's name has at most %d bytes", ACCOUNT_NAME_MAX);
	memcpy(a.name, q->name, strlen(q->name));
	e = account_insert(&a, r, f);
	if (e == OK && w != NULL)
		e = renew_take(w, &a, r, 0, f);
	if (e == OK && w != NULL)
		e = account_save(&a, r, f);
	if (e == OK)
		e = tell(r, "account_add", by, &a,
		    q->administrator      ? "administrator"
			: q->ends_ms != 0 ? "temporary"
					  : NULL,
		    f);
	*no = a.no;
	account_wipe(&a);
	return e;
}

/* The lowest passphrase slot that is nobody's. */
static enum err
first_slot(struct renewal *w, struct replica *r, struct fail *f)
{
	struct account other;
	struct slot_set set;
	enum err e = slot_load(&set, replica_env(r), replica_dir(r), f);

	if (e == ERR_NOTFOUND)
		return OK; /* in memory */
	for (size_t i = 0; e == OK && i < set.count && !w->slot; i++) {
		if (set.slots[i].kind != SLOT_PASSPHRASE)
			continue;
		e = account_of_slot(&other, r, set.slots[i].salt, f);
		account_wipe(&other);
		if (e != ERR_NOTFOUND)
			continue;
		e = OK;
		w->slot = true;
		memcpy(w->salt, set.slots[i].salt, SLOT_SALT_BYTES);
	}
	return e;
}

enum err
admin_first(struct replica *r, const char *name, const struct row_id *staff,
    struct fail *f)
{
	const struct account_new q = { .name = name,
		.staff = *staff,
		.administrator = true };
	struct renewal w = { 0 };
	int64_t no;
	enum err e = first_slot(&w, r, f);

	return e == OK ? admin_add(&no, r, &q, w.slot ? &w : NULL, NULL, f) : e;
}

enum err
admin_disable(struct account *a, struct replica *r, const struct row_id *by,
    struct fail *f)
{
	int64_t left;
	enum err e;

	if (a->disabled_ms != 0)
		return fail_set(f, ERR_EXISTS,
		    "this account is disabled already");
	a->disabled_ms = env_wall_ms(replica_env(r));
	e = account_save(a, r, f);
	if (e == OK)
		e = account_count(&left, r, true, f);
	if (e == OK && a->administrator && left == 0)
		return fail_set(f, ERR_DENIED,
		    "this is the last administrator of this computer; make "
		    "another one first: footbridge account add NAME "
		    "--administrator");
	if (e == OK)
		e = account_verifier_set(r, a->no, "", 0, f);
	return e == OK ? tell(r, "account_disable", by, a, NULL, f) : e;
}

enum err
admin_release(struct account *a, struct replica *r, const struct row_id *by,
    struct fail *f)
{
	enum err e;

	if (a->disabled_ms != 0)
		return fail_set(f, ERR_DENIED,
		    "this account was disabled for good; make another one");
	if (a->locked_ms == 0 && a->failures == 0 && a->unused_ms == 0)
		return fail_set(f, ERR_NOTFOUND, "this account is not locked");
	a->locked_ms = a->unused_ms = 0;
	a->used_ms = account_now_ms(r);
	a->failures = 0;
	e = account_save(a, r, f);
	return e == OK ? tell(r, "account_release", by, a, NULL, f) : e;
}

enum err
admin_password(struct account *a, struct replica *r, struct renewal *w,
    bool must_replace, const struct row_id *by, struct fail *f)
{
	enum err e = renew_take(w, a, r, 0, f);

	a->must_replace = must_replace;
	if (e == OK)
		e = account_save(a, r, f);
	return e == OK ? tell(r, "password", by, a,
			     must_replace ? "by an administrator" : NULL, f)
		       : e;
}
