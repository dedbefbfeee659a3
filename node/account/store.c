/* Plain SQL on plain tables. */
#include "node/account/store.h"

#include <ctype.h>
#include <string.h>

#include <sodium.h>

#include "sync/db.h"

#define COLUMNS \
	"SELECT no, staff_id, name, administrator, made_ms, ends_ms," \
	" disabled_ms, password_ms, must_replace, slot_salt, failures," \
	" locked_ms, sign_in_ms, totp_secret, totp_new, totp_step, used_ms," \
	" unused_ms FROM account"

void
account_wipe(struct account *a)
{
	sodium_memzero(a, sizeof(*a));
}

/* ---- reading -------------------------------------------------------------- */

static void
read_account(struct account *a, struct stmt *s)
{
	*a = (struct account){
		.no = stmt_col_int(s, 0),
		.administrator = stmt_col_int(s, 3) != 0,
		.made_ms = stmt_col_int(s, 4),
		.ends_ms = stmt_col_int(s, 5),
		.disabled_ms = stmt_col_int(s, 6),
		.password_ms = stmt_col_int(s, 7),
		.must_replace = stmt_col_int(s, 8) != 0,
		.failures = stmt_col_int(s, 10),
		.locked_ms = stmt_col_int(s, 11),
		.sign_in_ms = stmt_col_int(s, 12),
		.totp_step = stmt_col_int(s, 15),
		.used_ms = stmt_col_int(s, 16),
		.unused_ms = stmt_col_int(s, 17),
	};
	(void)stmt_col_copy(s, 1, a->staff.b, sizeof(a->staff.b));
	(void)strncpy(a->name, stmt_col_text(s, 2), ACCOUNT_NAME_MAX);
	a->has_slot = stmt_col_copy(s, 9, a->slot_salt, sizeof(a->slot_salt));
	a->has_totp = stmt_col_copy(s, 13, a->totp, sizeof(a->totp));
	a->has_totp_new =
	    stmt_col_copy(s, 14, a->totp_new, sizeof(a->totp_new));
}

/* s is bound: its one row. */
static enum err
take_one(struct account *out, struct stmt *s, struct fail *f)
{
	bool row = false;
	enum err e = stmt_step(s, &row, f);

	if (e != OK)
		return e;
	if (!row)
		return ERR_NOTFOUND;
	read_account(out, s);
	stmt_reset(s);
	return OK;
}

enum err
account_get(struct account *out, struct replica *r, int64_t no, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r), COLUMNS " WHERE no = ?1", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	return take_one(out, s, f);
}

/* false: it is empty or too long to be one. */
static bool
key_of(char key[static ACCOUNT_NAME_MAX + 1], const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > ACCOUNT_NAME_MAX)
		return false;
	for (size_t i = 0; i <= n; i++)
		key[i] = (char)tolower((unsigned char)name[i]);
	return true;
}

enum err
account_find(struct account *out, struct replica *r, const char *name,
    struct fail *f)
{
	char key[ACCOUNT_NAME_MAX + 1];
	struct stmt *s;
	enum err e;

	if (!key_of(key, name))
		return ERR_NOTFOUND;
	e = db_stmt(&s, replica_db(r), COLUMNS " WHERE name_key = ?1", f);
	if (e != OK)
		return e;
	stmt_text(s, 1, key);
	return take_one(out, s, f);
}

enum err
account_of_staff(struct account *out, struct replica *r,
    const struct row_id *staff, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    COLUMNS " WHERE staff_id = ?1 ORDER BY no DESC LIMIT 1", f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, staff->b, sizeof(staff->b));
	return take_one(out, s, f);
}

enum err
account_of_slot(struct account *out, struct replica *r,
    const uint8_t salt[static SLOT_SALT_BYTES], struct fail *f)
{
	struct stmt *s;
	enum err e =
	    db_stmt(&s, replica_db(r), COLUMNS " WHERE slot_salt = ?1", f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, salt, SLOT_SALT_BYTES);
	return take_one(out, s, f);
}

static enum err
number(int64_t *out, struct stmt *s, struct fail *f)
{
	bool row = false;
	enum err e = stmt_step(s, &row, f);

	*out = e == OK && row ? stmt_col_int(s, 0) : 0;
	if (e == OK)
		stmt_reset(s);
	return e;
}

enum err
account_count(int64_t *out, struct replica *r, bool administrators,
    struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT count(*) FROM account WHERE ?1 = 0 OR"
	    " (administrator = 1 AND disabled_ms = 0 AND ends_ms = 0"
	    " AND unused_ms = 0)",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, administrators ? 1 : 0);
	return number(out, s, f);
}

enum err
account_idle(struct account *out, struct replica *r, int64_t before_ms,
    int64_t after_ms, int64_t after_no, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    COLUMNS " WHERE disabled_ms = 0 AND unused_ms = 0 AND ends_ms = 0"
		    " AND used_ms < ?1 AND (used_ms > ?2 OR (used_ms = ?2"
		    " AND no > ?3)) ORDER BY used_ms, no LIMIT 1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, before_ms);
	stmt_int(s, 2, after_ms);
	stmt_int(s, 3, after_no);
	return take_one(out, s, f);
}

enum err
account_unused_count(int64_t *out, struct replica *r, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT count(*) FROM account WHERE unused_ms <> 0"
	    " AND disabled_ms = 0",
	    f);

	return e == OK ? number(out, s, f) : e;
}

enum err
account_each(struct replica *r, account_fn each, void *context, struct fail *f)
{
	struct account a;
	struct stmt *s;
	bool row = true;
	enum err e = db_stmt(&s, replica_db(r), COLUMNS " ORDER BY no", f);

	while (e == OK && row) {
		e = stmt_step(s, &row, f);
		if (e != OK || !row)
			break;
		read_account(&a, s);
		row = each(context, &a);
		account_wipe(&a);
		if (!row)
			stmt_reset(s);
	}
	return e;
}

/* ---- writing -------------------------------------------------------------- */

static void
bind_bytes(struct stmt *s, int at, bool have, const uint8_t *p, size_t n)
{
	if (have)
		stmt_blob(s, at, p, n);
	else
		stmt_null(s, at);
}

/* ?2 to ?15, in the order of account_save. */
static void
bind_account(struct stmt *s, const struct account *a)
{
	stmt_int(s, 1, a->no);
	stmt_int(s, 2, a->administrator ? 1 : 0);
	stmt_int(s, 3, a->ends_ms);
	stmt_int(s, 4, a->disabled_ms);
	stmt_int(s, 5, a->password_ms);
	stmt_int(s, 6, a->must_replace ? 1 : 0);
	bind_bytes(s, 7, a->has_slot, a->slot_salt, sizeof(a->slot_salt));
	stmt_int(s, 8, a->failures);
	stmt_int(s, 9, a->locked_ms);
	stmt_int(s, 10, a->sign_in_ms);
	bind_bytes(s, 11, a->has_totp, a->totp, sizeof(a->totp));
	bind_bytes(s, 12, a->has_totp_new, a->totp_new, sizeof(a->totp_new));
	stmt_int(s, 13, a->totp_step);
	stmt_int(s, 14, a->used_ms);
	stmt_int(s, 15, a->unused_ms);
}

enum err
account_save(const struct account *a, struct replica *r, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "UPDATE account SET administrator = ?2, ends_ms = ?3,"
	    " disabled_ms = ?4, password_ms = ?5, must_replace = ?6,"
	    " slot_salt = ?7, failures = ?8, locked_ms = ?9, sign_in_ms = ?10,"
	    " totp_secret = ?11, totp_new = ?12, totp_step = ?13,"
	    " used_ms = ?14, unused_ms = ?15"
	    " WHERE no = ?1",
	    f);

	if (e != OK)
		return e;
	bind_account(s, a);
	return stmt_run(s, f);
}

static enum err
is_free(struct replica *r, const char *name, struct fail *f)
{
	char key[ACCOUNT_NAME_MAX + 1];
	struct account other;
	enum err e;

	if (!key_of(key, name))
		return fail_set(f, ERR_INPUT,
		    "an account's name has 1 to %d bytes", ACCOUNT_NAME_MAX);
	e = account_find(&other, r, name, f);
	account_wipe(&other);
	if (e == OK)
		return fail_set(f, ERR_INPUT,
		    "an account has this name already; names are not given "
		    "again, so that the journal stays clear");
	return e == ERR_NOTFOUND ? OK : e;
}

enum err
account_insert(struct account *a, struct replica *r, struct fail *f)
{
	char key[ACCOUNT_NAME_MAX + 1] = "";
	struct stmt *s;
	enum err e = is_free(r, a->name, f);

	if (e == OK)
		e = db_stmt(&s, replica_db(r),
		    "SELECT coalesce(max(no), 0) + 1 FROM account", f);
	if (e == OK)
		e = number(&a->no, s, f);
	if (e == OK)
		e = db_stmt(&s, replica_db(r),
		    "INSERT INTO account (no, staff_id, name, name_key,"
		    " made_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
		    f);
	if (e != OK)
		return e;
	(void)key_of(key, a->name);
	stmt_int(s, 1, a->no);
	stmt_blob(s, 2, a->staff.b, sizeof(a->staff.b));
	stmt_text(s, 3, a->name);
	stmt_text(s, 4, key);
	stmt_int(s, 5, a->made_ms);
	e = stmt_run(s, f);
	return e == OK ? account_save(a, r, f) : e;
}

/* ---- verifiers ------------------------------------------------------------- */

enum err
account_verifiers(struct replica *r, int64_t account, verifier_fn each,
    void *context, struct fail *f)
{
	struct stmt *s;
	bool row = true;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT verifier FROM account_password WHERE account = ?1"
	    " ORDER BY made_ms DESC",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, account);
	while (e == OK && row) {
		e = stmt_step(s, &row, f);
		if (e != OK || !row)
			break;
		row = each(context, stmt_col_text(s, 0));
		if (!row)
			stmt_reset(s);
	}
	return e;
}

static bool
take_first(void *context, const char *verifier)
{
	(void)strncpy(context, verifier, PASSWORD_VERIFIER_BYTES - 1);
	return false;
}

enum err
account_verifier(char out[static PASSWORD_VERIFIER_BYTES], struct replica *r,
    int64_t account, struct fail *f)
{
	memset(out, 0, PASSWORD_VERIFIER_BYTES);
	return account_verifiers(r, account, take_first, out, f);
}

static enum err
forget_older(struct replica *r, int64_t account, int64_t keep, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "DELETE FROM account_password WHERE account = ?1 AND made_ms NOT IN"
	    " (SELECT made_ms FROM account_password WHERE account = ?1"
	    " ORDER BY made_ms DESC LIMIT ?2)",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, account);
	stmt_int(s, 2, keep);
	return stmt_run(s, f);
}

enum err
account_verifier_set(struct replica *r, int64_t account, const char *verifier,
    int64_t older, struct fail *f)
{
	struct stmt *s;
	enum err e;

	if (verifier[0] == '\0')
		return forget_older(r, account, 0, f);
	/* later than the last, whatever the clock says */
	e = db_stmt(&s, replica_db(r),
	    "INSERT INTO account_password (account, made_ms, verifier) SELECT"
	    " ?1, CASE WHEN coalesce(max(made_ms) + 1, 0) > ?2"
	    " THEN max(made_ms) + 1 ELSE ?2 END, ?3"
	    " FROM account_password WHERE account = ?1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, account);
	stmt_int(s, 2, env_wall_ms(replica_env(r)));
	stmt_text(s, 3, verifier);
	e = stmt_run(s, f);
	return e == OK ? forget_older(r, account, older + 1, f) : e;
}

/* ---- recovery codes -------------------------------------------------------- */

enum err
account_codes_set(struct replica *r, int64_t account,
    uint8_t (*hash)[RECOVERY_HASH_BYTES], size_t count, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "DELETE FROM account_code WHERE account = ?1", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, account);
	e = stmt_run(s, f);
	for (size_t i = 0; e == OK && i < count; i++) {
		e = db_stmt(&s, replica_db(r),
		    "INSERT INTO account_code (account, hash, used_ms)"
		    " VALUES (?1, ?2, 0)",
		    f);
		if (e != OK)
			break;
		stmt_int(s, 1, account);
		stmt_blob(s, 2, hash[i], RECOVERY_HASH_BYTES);
		e = stmt_run(s, f);
	}
	return e;
}

enum err
account_codes_left(int64_t *out, struct replica *r, int64_t account,
    struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT count(*) FROM account_code WHERE account = ?1"
	    " AND used_ms = 0",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, account);
	return number(out, s, f);
}

enum err
account_code_use(struct replica *r, int64_t account,
    const uint8_t hash[static RECOVERY_HASH_BYTES], struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "UPDATE account_code SET used_ms = ?3 WHERE account = ?1"
	    " AND hash = ?2 AND used_ms = 0",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, account);
	stmt_blob(s, 2, hash, RECOVERY_HASH_BYTES);
	stmt_int(s, 3, env_wall_ms(replica_env(r)));
	e = stmt_run(s, f);
	if (e == OK && db_changes(replica_db(r)) == 0)
		return ERR_NOTFOUND;
	return e;
}
