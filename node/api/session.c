/* Cookies are looked at byte by byte: browsers send what others set, too. */
#include "node/api/session.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

/* With TLS a name that no other page may set for us, whatever its port. */
#define COOKIE_TLS "__Host-footbridge"
#define COOKIE_PLAIN "footbridge"

static const char *
cookie_name(bool https)
{
	return https ? COOKIE_TLS : COOKIE_PLAIN;
}

bool
session_cookie(char out[static ACCOUNT_TOKEN_BYTES], const char *cookies,
    bool https)
{
	const char *name = cookie_name(https);
	size_t n = strlen(name), have = 0;

	for (const char *p = cookies; p != NULL && *p != '\0';) {
		size_t all;

		p += strspn(p, " ;");
		all = strcspn(p, ";");
		if (all > n && memcmp(p, name, n) == 0 && p[n] == '=') {
			if (have++ > 0 ||
			    all - n - 1 != ACCOUNT_TOKEN_BYTES - 1)
				return false;
			memcpy(out, p + n + 1, ACCOUNT_TOKEN_BYTES - 1);
			out[ACCOUNT_TOKEN_BYTES - 1] = '\0';
		}
		p += all;
	}
	return have == 1;
}

void
session_set_cookie(char out[static API_COOKIE_BYTES], const char *token,
    bool https)
{
	(void)snprintf(out, API_COOKIE_BYTES,
	    "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", cookie_name(https),
	    token != NULL ? token : "", https ? "; Secure" : "",
	    token != NULL ? "" : "; Max-Age=0");
}

enum err
session_token(char out[static API_TOKEN_BYTES], struct accounts *a,
    const char *token, struct fail *f)
{
	static const char label[] = "footbridge page request token";
	uint8_t secret[32], short_hash[(API_TOKEN_BYTES - 1) / 2];
	enum err e = account_session_secret(a, secret, token, f);

	if (e != OK)
		return e;
	(void)crypto_generichash(short_hash, sizeof(short_hash),
	    (const uint8_t *)label, sizeof(label) - 1, secret, sizeof(secret));
	(void)sodium_bin2hex(out, API_TOKEN_BYTES, short_hash,
	    sizeof(short_hash));
	sodium_memzero(secret, sizeof(secret));
	return OK;
}

bool
session_token_is(const char want[static API_TOKEN_BYTES], const char *have)
{
	return have != NULL && strlen(have) == API_TOKEN_BYTES - 1 &&
	    sodium_memcmp(want, have, API_TOKEN_BYTES - 1) == 0;
}

enum api_error
session_who(struct account_who *who, struct accounts *a, const char *token,
    bool touch, struct fail *f)
{
	enum err e;

	if (a == NULL)
		return API_NO_ACCOUNTS;
	if (token == NULL)
		return API_SIGNED_OUT;
	/* what was taken away meanwhile is not there any more */
	e = account_refresh(a, token, f);
	if (e == OK)
		e = account_who_of(a, who, token, touch, f);
	if (e == ERR_AUTH)
		return API_ENDED;
	return e == OK ? API_OK : api_error_of(e);
}
