#include "node/account/factor.h"

#include <string.h>

#include <sodium.h>

#include "sync/audit.h"

#define ISSUER "Footbridge"

static enum err
tell(struct replica *r, const char *act, const struct row_id *staff,
    const char *origin, const char *note, struct fail *f)
{
	const struct audit_entry entry = { .act = act,
		.staff = staff,
		.origin = origin,
		.note = note };

	return audit_write(r, &entry, f);
}

enum err
factor_begin(struct replica *r, int64_t account, struct buf *secret,
    struct buf *uri, struct fail *f)
{
	struct account acc;
	enum err e = account_get(&acc, r, account, f);

	if (e != OK)
		return e;
	env_random(replica_env(r), acc.totp_new, sizeof(acc.totp_new));
	acc.has_totp_new = true;
	totp_base32(secret, acc.totp_new, sizeof(acc.totp_new), true);
	totp_uri(uri, acc.totp_new, ISSUER, acc.name);
	e = secret->err != OK ? secret->err : uri->err;
	if (e == OK)
		e = account_save(&acc, r, f);
	account_wipe(&acc);
	return e;
}

static enum err
new_codes(struct replica *r, int64_t account, struct buf *codes, struct fail *f)
{
	uint8_t hash[RECOVERY_CODES][RECOVERY_HASH_BYTES];

	for (size_t i = 0; i < RECOVERY_CODES; i++) {
		recovery_make(codes, hash[i], replica_env(r));
		buf_u8(codes, '\n');
	}
	if (codes->err != OK)
		return fail_code(f, codes->err);
	return account_codes_set(r, account, hash, RECOVERY_CODES, f);
}

enum err
factor_end(struct replica *r, int64_t account, const char *code,
    const struct row_id *staff, const char *origin, struct buf *codes,
    struct fail *f)
{
	struct account acc;
	int64_t step = 0;
	enum err e = account_get(&acc, r, account, f);

	if (e != OK)
		return e;
	if (!acc.has_totp_new)
		e = fail_set(f, ERR_NOTFOUND,
		    "no second factor was begun for this account");
	else if (!totp_fits(&step, acc.totp_new, code,
		     env_wall_ms(replica_env(r)), 0))
		e = fail_set(f, ERR_AUTH,
		    "the code does not fit: type the six digits that the "
		    "authenticator shows now; if they never fit, its clock or "
		    "this computer's is wrong");
	if (e == OK) {
		memcpy(acc.totp, acc.totp_new, sizeof(acc.totp));
		sodium_memzero(acc.totp_new, sizeof(acc.totp_new));
		acc.has_totp = true;
		acc.has_totp_new = false;
		acc.totp_step = step;
		e = account_save(&acc, r, f);
	}
	if (e == OK)
		e = new_codes(r, account, codes, f);
	if (e == OK)
		e = tell(r, "second_factor", staff, origin, NULL, f);
	account_wipe(&acc);
	return e;
}

enum err
factor_codes(struct replica *r, int64_t account, const struct row_id *staff,
    const char *origin, struct buf *codes, struct fail *f)
{
	struct account acc;
	enum err e = account_get(&acc, r, account, f);

	if (e == OK && !acc.has_totp)
		e = fail_set(f, ERR_NOTFOUND,
		    "this account has no second factor that codes could stand "
		    "in for");
	if (e == OK)
		e = new_codes(r, account, codes, f);
	if (e == OK)
		e = tell(r, "recovery_codes", staff, origin, NULL, f);
	account_wipe(&acc);
	return e;
}

enum err
factor_remove(struct replica *r, int64_t account, const struct row_id *staff,
    const char *origin, struct fail *f)
{
	struct account acc;
	enum err e = account_get(&acc, r, account, f);

	if (e != OK)
		return e;
	sodium_memzero(acc.totp, sizeof(acc.totp));
	acc.has_totp = acc.has_totp_new = false;
	e = account_save(&acc, r, f);
	if (e == OK)
		e = account_codes_set(r, account, NULL, 0, f);
	if (e == OK)
		e = tell(r, "second_factor", staff, origin, "taken away", f);
	account_wipe(&acc);
	return e;
}
