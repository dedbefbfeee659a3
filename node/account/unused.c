#include "node/account/unused.h"

#include <stdio.h>

#include "node/account/rights_i.h"
#include "sync/audit.h"
#include "sync/db.h"

#define DAY_MS ((int64_t)86400 * 1000)

/* Somebody must be left who can let the others in again. */
static enum err
is_needed(bool *needed, struct replica *r, const struct account *a,
    struct fail *f)
{
	int64_t left = 0;
	enum err e = OK;

	if (a->administrator)
		e = account_count(&left, r, true, f);
	*needed = a->administrator && left <= 1;
	return e;
}

static enum err
close_one(struct replica *r, struct account *a, int64_t days, struct fail *f)
{
	char note[AUDIT_TEXT_MAX + 1];
	const struct audit_entry entry = { .act = "account_unused",
		.table = registry_table(replica_registry(r), "staff"),
		.row = &a->staff,
		.note = note };
	enum err e;

	(void)snprintf(note, sizeof(note), "account %lld, for %lld days",
	    (long long)a->no, (long long)days);
	a->unused_ms = account_now_ms(r);
	e = account_save(a, r, f);
	return e == OK ? audit_write(r, &entry, f) : e;
}

/* Who was not here for longest goes first, so the last one left is the
 * administrator who was here last. */
static enum err
close_each(struct replica *r, int64_t before_ms, int64_t days, struct fail *f)
{
	struct account a = { .used_ms = INT64_MIN };
	bool needed;
	enum err e;

	while ((e = account_idle(&a, r, before_ms, a.used_ms, a.no, f)) == OK) {
		e = is_needed(&needed, r, &a, f);
		if (e == OK && !needed)
			e = close_one(r, &a, days, f);
		if (e != OK)
			break;
	}
	account_wipe(&a);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err
anybody(bool *any, struct replica *r, int64_t before_ms, struct fail *f)
{
	struct account a = { 0 };
	bool needed = false;
	enum err e = account_idle(&a, r, before_ms, INT64_MIN, 0, f);

	*any = e == OK;
	if (e == OK)
		e = is_needed(&needed, r, &a, f);
	/* the last administrator alone, for ever */
	if (e == OK && needed) {
		e = account_idle(&a, r, before_ms, a.used_ms, a.no, f);
		*any = e == OK;
	}
	account_wipe(&a);
	return e == ERR_NOTFOUND ? OK : e;
}

enum err
unused_close(struct replica *r, int64_t days, struct fail *f)
{
	int64_t before_ms = account_now_ms(r) - days * DAY_MS;
	bool own = !db_in_transaction(replica_db(r)), any;
	enum err e = anybody(&any, r, before_ms, f);

	if (e != OK || !any)
		return e;
	if (!own)
		return close_each(r, before_ms, days, f);
	e = replica_begin(r, f);
	if (e != OK)
		return e;
	e = close_each(r, before_ms, days, f);
	if (e == OK)
		return replica_commit(r, f);
	replica_rollback(r);
	return e;
}

enum err
unused_seen(struct replica *r, struct account *a, struct fail *f)
{
	int64_t now = account_now_ms(r);

	if (now >= a->used_ms && now - a->used_ms < DAY_MS)
		return OK;
	a->used_ms = now;
	return account_save(a, r, f);
}
