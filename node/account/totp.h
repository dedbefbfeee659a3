/*
 * Second factor: time-based one-time codes (RFC 6238: HMAC-SHA-1, six digits, 30
 * seconds, as every authenticator program makes them) and single-use recovery
 * codes. Bytes only: who keeps the secret and what was used is store.h's.
 */
#ifndef FOOTBRIDGE_NODE_ACCOUNT_TOTP_H
#define FOOTBRIDGE_NODE_ACCOUNT_TOTP_H

#include "sync/buf.h"
#include "sync/env.h"

#define TOTP_SECRET_BYTES 20 /* 160 bits; at least 112 are wanted */
#define TOTP_STEP_S 30
#define TOTP_DIGITS 6

/* The code of a step (seconds since 1970 / 30) with so many digits, 6 to 8. */
uint32_t totp_code(const uint8_t *secret, size_t n, int64_t step,
    unsigned digits);

/*
 * Is code (digits, spaces between them allowed) that of now, of the step before
 * or the one after, and later than the last that was accepted? Takes the same
 * time whatever is wrong.
 *
 * out:   *step  the one it is of, to be kept: it is accepted once
 */
bool totp_fits(int64_t *step, const uint8_t secret[static TOTP_SECRET_BYTES],
    const char *code, int64_t now_ms, int64_t last_step) MUST_USE;

/* RFC 4648 base32 without padding, in groups of four when grouped. */
void totp_base32(struct buf *out, const uint8_t *p, size_t n, bool grouped);
/* What an authenticator program scans. name and issuer: percent-encoded here. */
void totp_uri(struct buf *out, const uint8_t secret[static TOTP_SECRET_BYTES],
    const char *issuer, const char *name);

/* ---- recovery codes ---- */

#define RECOVERY_CODES 10
#define RECOVERY_HASH_BYTES 32

/* A new one, 80 random bits as text like ABCD-EFGH-IJKL-MNOP, and its hash. */
void recovery_make(struct buf *text, uint8_t hash[static RECOVERY_HASH_BYTES],
    const struct env *env);
/* The hash of what was typed: case, spaces and dashes do not count. False: it
 * cannot be one. */
bool recovery_hash(uint8_t hash[static RECOVERY_HASH_BYTES],
    const char *typed) MUST_USE;

#endif
