/*
 * How a call says that it failed.
 *
 * One list of codes for the whole program, and one caller-owned record for
 * the line that a person reads. No thread-local state, nothing is printed.
 * Expected outcomes (ERR_NOTFOUND, ERR_EXISTS) are codes without a text.
 *
 * A text says what failed, what was wanted, what was found and what to do. It
 * holds no secret, no field value and no raw byte of a peer.
 */
#ifndef FOOTBRIDGE_SYNC_ERR_H
#define FOOTBRIDGE_SYNC_ERR_H

#include "sync/base.h"

/* name, HTTP status, words used when no better ones were given */
#define ERR_LIST(X) \
	X(ERR_NOMEM, 500, "out of memory") \
	X(ERR_IO, 500, "the disk or file could not be read or written") \
	X(ERR_FORMAT, 400, "malformed data") \
	X(ERR_LIMIT, 413, "a limit was exceeded") \
	X(ERR_DENIED, 403, "not permitted") \
	X(ERR_REVOKED, 410, "it was taken out of the network") \
	X(ERR_NOTFOUND, 404, "not found") \
	X(ERR_EXISTS, 409, "it exists already") \
	X(ERR_INPUT, 400, "the input cannot be used") \
	X(ERR_STALE, 409, "it was changed meanwhile") \
	X(ERR_BUSY, 503, "another process is using it") \
	X(ERR_AUTH, 401, "the key, passphrase or signature does not fit") \
	X(ERR_CORRUPT, 500, "stored data is damaged") \
	X(ERR_VERSION, 426, "a newer or older version made this") \
	X(ERR_WAIT, 202, "something it depends on has not arrived yet") \
	X(ERR_FENCE, 425, "this replica was restored or copied") \
	X(ERR_NET, 502, "the other computer could not be reached") \
	X(ERR_UNAVAILABLE, 501, "not available yet") \
	X(ERR_USAGE, 400, "wrong usage") \
	X(ERR_ROOM, 503, "there is no room for it today")

enum err {
	OK = 0,
#define X(name, http, text) name,
	ERR_LIST(X)
#undef X
};

#define FAIL_TEXT_BYTES 320

/* Filled only when a call fails. Callers may pass NULL where they do not
 * care. Set text[0] = 0 (or use = {0}) before the first use. */
struct fail {
	enum err code;
	char text[FAIL_TEXT_BYTES]; /* one line, NUL-terminated */
};

/* Fill f (when not NULL) and return code. A text that does not fit is cut.
 * Control bytes in the result are replaced by '?'. */
enum err fail_set(struct fail *f, enum err code, const char *format, ...)
    PRINTF(3, 4);

/* The same with the list's own words: nothing more can be said about it. */
enum err fail_code(struct fail *f, enum err code);

/* Put "context: " in front of what f already says; returns f->code, or code
 * if f is NULL. Used once, at a boundary (a file, a peer, a command). */
enum err fail_in(struct fail *f, enum err code, const char *format, ...)
    PRINTF(3, 4);

/* The list's words, HTTP status and name ("ERR_IO") for a code; never NULL. */
const char *err_text(enum err code);
int err_http(enum err code);
const char *err_name(enum err code);

#endif
