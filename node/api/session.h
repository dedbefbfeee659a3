/*
 * The seam to the accounts: the session behind a cookie, and the token that a
 * request must carry to change anything.
 *
 * The cookie holds the session's own token and no script can read it. The
 * request's token is derived from the session, so that it ends with it, and
 * another page, which cannot read our answers, does not know it.
 */
#ifndef FOOTBRIDGE_NODE_API_SESSION_H
#define FOOTBRIDGE_NODE_API_SESSION_H

#include "node/account/account.h"
#include "node/api/api.h"

/* hex of 16 bytes, NUL */
#define API_TOKEN_BYTES 33

/* The session's token among cookies; false: there is none, or two. */
bool session_cookie(char out[static ACCOUNT_TOKEN_BYTES], const char *cookies,
    bool https);
/* Set-Cookie; token NULL: forget it. */
void session_set_cookie(char out[static API_COOKIE_BYTES], const char *token,
    bool https);

/* The token that requests of this session carry; ERR_AUTH: it is gone. */
enum err session_token(char out[static API_TOKEN_BYTES], struct accounts *a,
    const char *token, struct fail *f);
/* Compared without telling by the time how much of it fits. */
bool session_token_is(const char want[static API_TOKEN_BYTES],
    const char *have);

/* Who asks. API_SIGNED_OUT, API_ENDED, API_NO_ACCOUNTS. touch: a person did
 * something. */
enum api_error session_who(struct account_who *who, struct accounts *a,
    const char *token, bool touch, struct fail *f);

#endif
