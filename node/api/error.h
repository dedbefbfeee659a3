/*
 * How the API says no: one list of codes, one shape.
 *
 *	{"error": {"code": "signed_out", "what": "...", "why": "...",
 *	           "next": "...", "safe": "..."}}
 *
 * what happened, why, what to do next, and what became of the data: sentences
 * for people. Only code is meant for programs, and never changes its meaning.
 */
#ifndef FOOTBRIDGE_NODE_API_ERROR_H
#define FOOTBRIDGE_NODE_API_ERROR_H

#include <jansson.h>

#include "sync/err.h"

#define API_NOTHING "Nothing was read or changed."
#define API_KEPT "What was saved before is safe; nothing was changed."

/* name, HTTP status, code, what, next, safe */
#define API_ERROR_LIST(X) \
	X(API_OK, 200, "ok", "", "", "") \
	X(API_HOST, 421, "wrong_host", \
	    "This page was opened by an address that is not its own.", \
	    "Open it by the address that footbridge serve prints.", \
	    API_NOTHING) \
	X(API_ORIGIN, 403, "wrong_origin", \
	    "Another page asked, and only Footbridge's own page may.", \
	    "Close the other page and use Footbridge's.", API_NOTHING) \
	X(API_PATH, 404, "no_such_route", "There is nothing at this address.", \
	    "See node/API.md, or footbridge help routes.", API_NOTHING) \
	X(API_METHOD, 405, "wrong_method", \
	    "This address takes another kind of request.", \
	    "See node/API.md, or footbridge help routes.", API_NOTHING) \
	X(API_LENGTH, 411, "no_length", \
	    "The request did not say how long it is.", "Send Content-Length.", \
	    API_NOTHING) \
	X(API_SIZE, 413, "too_large", "This is larger than is taken here.", \
	    "Send less at a time; documents go by footbridge document add.", \
	    API_NOTHING) \
	X(API_TYPE, 415, "not_json", "The request is not JSON.", \
	    "Send Content-Type: application/json.", API_NOTHING) \
	X(API_JSON, 400, "bad_json", "The request cannot be read.", \
	    "Mend it and send it again.", API_NOTHING) \
	X(API_FIELD, 400, "bad_field", "Something in it does not fit.", \
	    "Mend it and send it again.", API_NOTHING) \
	X(API_NO_ACCOUNTS, 503, "no_accounts", \
	    "Accounts are not set up on this computer.", \
	    "An administrator sets them up with footbridge account.", \
	    API_NOTHING) \
	X(API_SIGNED_OUT, 401, "signed_out", "You are not signed in.", \
	    "Sign in.", API_NOTHING) \
	X(API_ENDED, 401, "session_ended", "Your session has ended.", \
	    "Sign in again; what you typed is still on your screen.", \
	    API_KEPT) \
	X(API_AGAIN, 401, "sign_in_again", \
	    "It is time to sign in again, as it is twice a day.", \
	    "Sign in again; what you typed is still on your screen.", \
	    API_KEPT) \
	X(API_LOCKED, 423, "locked", "The screen is locked.", \
	    "Unlock it with your password.", API_KEPT) \
	X(API_DUTY, 403, "duty_first", "Something must be done first.", \
	    "Do it, and go on where you were.", API_KEPT) \
	X(API_WRONG, 401, "not_accepted", "This was not accepted.", \
	    "Check it and try again.", API_NOTHING) \
	X(API_CSRF, 403, "no_token", \
	    "The request does not carry this session's token.", \
	    "Load the page again.", API_NOTHING) \
	X(API_ROLE, 403, "not_your_role", "Your role does not allow this.", \
	    "Ask somebody who has the role, or an administrator.", \
	    API_NOTHING) \
	X(API_READ_ONLY, 403, "read_only", \
	    "Your account can read and not write at present.", \
	    "Ask an administrator what is missing.", API_KEPT) \
	X(API_CONFIRM, 400, "confirm", "This wants to be confirmed.", \
	    "Send \"confirm\": true with it.", API_KEPT) \
	X(API_DENIED, 403, "not_permitted", "This is not permitted.", \
	    "Ask whoever decides about it.", API_KEPT) \
	X(API_NOTFOUND, 404, "not_found", "This is not here.", \
	    "Look for it again; it may not be shared with this office.", \
	    API_NOTHING) \
	X(API_UNFIT, 400, "bad_input", "This cannot be used as it is.", \
	    "Mend it and send it again.", API_KEPT) \
	X(API_STALE, 409, "changed_meanwhile", \
	    "Somebody changed this while you were writing.", \
	    "Compare both and save again.", \
	    "What you typed is kept as a draft; nothing was overwritten.") \
	X(API_EXISTS, 409, "exists", "This is there already.", \
	    "Use what is there.", API_KEPT) \
	X(API_WAIT, 409, "not_here_yet", \
	    "Something that this depends on has not arrived yet.", \
	    "Try again after the next sync.", API_KEPT) \
	X(API_OUT, 410, "taken_out", \
	    "This computer was taken out of the network.", \
	    "Join anew in another directory.", API_KEPT) \
	X(API_FENCE, 503, "restored", \
	    "This computer was restored and has not heard from others yet.", \
	    "Run footbridge sync; records open again after it.", API_KEPT) \
	X(API_BUSY, 503, "busy", "It is busy.", "Try again in a moment.", \
	    API_KEPT) \
	X(API_LATER, 501, "not_available", "This is not available yet.", \
	    "Use the command line, where it says so.", API_KEPT) \
	X(API_REMOTE, 502, "not_reached", \
	    "The other computer could not be reached.", \
	    "It is tried again by itself.", API_KEPT) \
	X(API_FAILED, 500, "failed", "Something went wrong here.", \
	    "Try again; if it stays, tell an administrator.", \
	    "What was answered as saved is saved.")

enum api_error {
#define X(name, http, code, what, next, safe) name,
	API_ERROR_LIST(X)
#undef X
};

unsigned api_error_http(enum api_error e);
const char *api_error_code(enum api_error e);
/* What a failed call of the program is in the API. */
enum api_error api_error_of(enum err e);
/* The shape above; why may be "" or NULL. NULL when out of memory. */
json_t *api_error_json(enum api_error e, const char *why);

#endif
