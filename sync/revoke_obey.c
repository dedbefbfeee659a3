/*
 * Obeying. One transaction destroys the rows, then the database is written anew
 * under a new key, so that free pages do not give them back.
 */
#include "sync/revoke.h"

#include <stdlib.h>
#include <string.h>

#include "sync/replica_i.h"
#include "sync/rescue.h"

#define META_LEFT "revoked_unsent" /* own work that had not arrived, text */

bool
revoke_is_due(const struct replica *r)
{
	return !r->identity.is_forgotten &&
	    members_revocation(r->members, &r->identity.node) != NULL;
}

static enum err
count(struct replica *r, int64_t *out, const char *sql, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db, sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, r->own_author);
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		*out = stmt_col_int(s, 0);
	stmt_reset(s);
	return e;
}

/* Own segments that some peer was to have and did not acknowledge, and offers:
 * they can be carried by stick. What could neither be sealed nor offered is lost
 * with the keys, and said. */
static enum err
keep_count(struct replica *r, struct fail *f)
{
	struct buf text = { 0 };
	int64_t unsent = 0, unsealed = 0;
	enum err e = rescue_note(r, &unsent, f);

	if (e == OK)
		e = count(r, &unsealed,
		    "SELECT count(*) FROM _segment WHERE state <= 2"
		    " AND author = ?1 AND chain <> 0"
		    " AND no NOT IN (SELECT data FROM _offered)",
		    f);
	if (e == OK) {
		buf_printf(&text, "%lld %lld", (long long)unsent,
		    (long long)unsealed);
		e = text.err != OK
		    ? fail_code(f, text.err)
		    : replica_meta_set(r, META_LEFT, text.p, text.n, f);
	}
	buf_release(&text);
	return e;
}

/* In a transaction. The log and the journal of who looked at what stay. */
static enum err
destroy(struct replica *r, struct fail *f)
{
	static const char *const sql[] = {
		"DELETE FROM _key",
		"DELETE FROM _open",
		"DELETE FROM _segment WHERE state <= 2",
		"DELETE FROM _offered",
		"DELETE FROM _draft",
		"DELETE FROM _typed",
		"DELETE FROM _noticed",
		"DELETE FROM _refused",
		"DELETE FROM _invite",
		"DELETE FROM _batch",
		"DELETE FROM _batch_row",
		"DELETE FROM _queue",
		"DELETE FROM _aside",
		"DELETE FROM _full",
		"DELETE FROM _snapshot_out",
		"DELETE FROM _route",
		"DELETE FROM _ahead",
		"DELETE FROM _stage",
		"DELETE FROM _lane",
		"DELETE FROM _peer",
		"UPDATE _grant SET basis = NULL",
		"UPDATE _compartment SET subject = NULL, category = NULL",
		"UPDATE _compartment SET open_no = 0",
	};
	enum err e = keep_count(r, f);

	r->members_touched = true;
	if (e == OK) {
		identity_forget(&r->identity);
		e = replica_save_identity(r, &r->identity, f);
	}
	if (e == OK)
		e = compartment_flush(r, f);
	compartment_forget(r);
	log_open_forget(r);
	for (size_t k = 0; e == OK && k < COUNT_OF(sql); k++)
		e = db_exec(r->db, sql[k], f);
	return e == OK ? replica_rebuild(r, f) : e;
}

enum err
revoke_obey(struct replica *r, struct fail *f)
{
	int64_t sealed = 0, kept = 0;
	bool own;
	enum err e;

	if (!revoke_is_due(r))
		return OK;
	/* what is saved stays in the log, offered to its owners; where that
	 * cannot be, it is counted. Where it only cannot be now, obeying waits
	 * for the next contact or command: what is destroyed stays destroyed */
	e = log_seal(r, &sealed, &kept, f);
	if (e == ERR_IO || e == ERR_NOMEM || e == ERR_BUSY)
		return e;
	e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	e = replica_leave(r, own, destroy(r, f), f);
	if (e == OK)
		e = replica_rekey(r, f);
	return e;
}

static void
say_left(struct replica *r, struct buf *out)
{
	struct buf left = { 0 };
	long long unsent = 0, unsealed = 0;
	char *end;

	if (replica_meta_get(r, &left, META_LEFT, NULL) == OK) {
		unsent = strtoll(buf_cstr(&left), &end, 10);
		unsealed = strtoll(end, NULL, 10);
	}
	if (unsent > 0)
		buf_printf(out,
		    ". %lld saved entr%s had not arrived everywhere: kept "
		    "here, "
		    "sealed; footbridge rescue FILE writes %s for the office, "
		    "where a bundle import takes the file",
		    unsent, unsent == 1 ? "y" : "ies",
		    unsent == 1 ? "it" : "them");
	if (unsealed > 0)
		buf_printf(out,
		    ". %lld could not be sealed and %s gone: write %s down "
		    "anew",
		    unsealed, unsealed == 1 ? "is" : "are",
		    unsealed == 1 ? "it" : "them");
	buf_release(&left);
}

enum err
revoke_words(struct replica *r, struct buf *out, struct fail *f)
{
	const struct member_revocation *v =
	    members_revocation(r->members, &r->identity.node);
	const struct member_node *by;

	if (v == NULL)
		return ERR_NOTFOUND;
	by = members_node(r->members, &v->issuer);
	buf_printf(out,
	    "this computer was taken out of the network by %s (%s). It holds "
	    "no "
	    "readable records any more",
	    v->by_root       ? "its root"
		: by != NULL ? by->name
			     : "a steward",
	    revoke_reason_name(v->reason));
	say_left(r, out);
	return out->err == OK ? OK : fail_code(f, out->err);
}

enum err
revoke_heed(struct replica *r, struct fail *f)
{
	struct buf words = { 0 };
	enum err e;

	if (!revoke_is_due(r))
		return OK;
	e = revoke_obey(r, f);
	if (e == OK)
		e = revoke_words(r, &words, f);
	if (e == OK)
		e = fail_set(f, ERR_REVOKED, "%s", buf_cstr(&words));
	buf_release(&words);
	return e;
}
