/* HMAC-SHA-1 is what authenticators do; its key is ours and random. */
#include "node/account/totp.h"

#include <ctype.h>
#include <string.h>

#include <gnutls/crypto.h>
#include <sodium.h>

#include "sync/hash.h"

#define CODE_BYTES 10
#define CODE_CHARS 16

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

uint32_t
totp_code(const uint8_t *secret, size_t n, int64_t step, unsigned digits)
{
	uint8_t counter[8], mac[20];
	uint32_t value, base = 1;
	size_t at;
	int bad;

	for (int i = 0; i < 8; i++)
		counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
	bad = gnutls_hmac_fast(GNUTLS_MAC_SHA1, secret, n, counter,
	    sizeof(counter), mac);
	assert(bad == 0);
	at = mac[19] & 0x0f;
	value = (uint32_t)(mac[at] & 0x7f) << 24 | (uint32_t)mac[at + 1] << 16 |
	    (uint32_t)mac[at + 2] << 8 | mac[at + 3];
	for (unsigned i = 0; i < digits; i++)
		base *= 10;
	sodium_memzero(mac, sizeof(mac));
	return value % base;
}

/* Six digits and nothing else but spaces. */
static bool
read_code(uint32_t *out, const char *code)
{
	unsigned digits = 0;

	*out = 0;
	for (const char *p = code; *p != '\0'; p++) {
		if (*p == ' ')
			continue;
		if (*p < '0' || *p > '9' || ++digits > TOTP_DIGITS)
			return false;
		*out = *out * 10 + (uint32_t)(*p - '0');
	}
	return digits == TOTP_DIGITS;
}

bool
totp_fits(int64_t *step, const uint8_t secret[static TOTP_SECRET_BYTES],
    const char *code, int64_t now_ms, int64_t last_step)
{
	int64_t now = now_ms / (1000 * TOTP_STEP_S);
	bool fits = false;
	uint32_t typed;

	if (!read_code(&typed, code))
		return false;
	for (int64_t at = now - 1; at <= now + 1; at++) {
		uint32_t want =
		    totp_code(secret, TOTP_SECRET_BYTES, at, TOTP_DIGITS);

		if (((want ^ typed) == 0) & (at > last_step) & !fits) {
			fits = true;
			*step = at;
		}
	}
	return fits;
}

void
totp_base32(struct buf *out, const uint8_t *p, size_t n, bool grouped)
{
	uint32_t bits = 0;
	unsigned have = 0, written = 0;

	for (size_t i = 0; i < n || have > 0;) {
		while (have < 5) {
			bits = bits << 8 | (i < n ? p[i] : 0);
			have += 8;
			i++;
		}
		if (grouped && written > 0 && written % 4 == 0)
			buf_u8(out, '-');
		have -= 5;
		buf_u8(out, (uint8_t)alphabet[bits >> have & 31]);
		written++;
		if (i >= n && written * 5 >= n * 8)
			break;
	}
}

static void
put_encoded(struct buf *out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (isalnum((unsigned char)*p) && (unsigned char)*p < 0x80)
			buf_u8(out, (uint8_t)*p);
		else
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)*p);
	}
}

void
totp_uri(struct buf *out, const uint8_t secret[static TOTP_SECRET_BYTES],
    const char *issuer, const char *name)
{
	buf_printf(out, "otpauth://totp/");
	put_encoded(out, issuer);
	buf_printf(out, ":");
	put_encoded(out, name);
	buf_printf(out, "?secret=");
	totp_base32(out, secret, TOTP_SECRET_BYTES, false);
	buf_printf(out, "&issuer=");
	put_encoded(out, issuer);
}

/* ---- recovery codes ---- */

static void
hash_code(uint8_t hash[static RECOVERY_HASH_BYTES],
    const char code[static CODE_CHARS])
{
	struct hash h;

	hash_init(&h, LABEL_ACCOUNT_CODE, RECOVERY_HASH_BYTES, NULL, 0);
	hash_put(&h, code, CODE_CHARS);
	hash_final(&h, hash);
}

void
recovery_make(struct buf *text, uint8_t hash[static RECOVERY_HASH_BYTES],
    const struct env *env)
{
	uint8_t random[CODE_BYTES];
	struct buf code = { 0 };

	env_random(env, random, sizeof(random));
	totp_base32(&code, random, sizeof(random), false);
	totp_base32(text, random, sizeof(random), true);
	if (code.err == OK)
		hash_code(hash, (const char *)code.p);
	else if (text->err == OK)
		text->err = code.err;
	sodium_memzero(random, sizeof(random));
	buf_release(&code);
}

bool
recovery_hash(uint8_t hash[static RECOVERY_HASH_BYTES], const char *typed)
{
	char code[CODE_CHARS];
	size_t n = 0;

	for (const char *p = typed; *p != '\0'; p++) {
		int c = toupper((unsigned char)*p);

		if (c == ' ' || c == '-')
			continue;
		if (n == sizeof(code) || strchr(alphabet, c) == NULL)
			return false;
		code[n++] = (char)c;
	}
	if (n == sizeof(code))
		hash_code(hash, code);
	sodium_memzero(code, sizeof(code));
	return n == CODE_CHARS;
}
