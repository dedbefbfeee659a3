/* The list is expanded once for the words, once for the codes. */
#include "node/api/error.h"

struct words {
	unsigned http;
	const char *code, *what, *next, *safe;
};

static const struct words words[] = {
#define X(name, http, code, what, next, safe) \
	[name] = { http, code, what, next, safe },
	API_ERROR_LIST(X)
#undef X
};

unsigned
api_error_http(enum api_error e)
{
	return words[e].http;
}

const char *
api_error_code(enum api_error e)
{
	return words[e].code;
}

enum api_error
api_error_of(enum err e)
{
	static const enum api_error list[] = {
		[OK] = API_OK,
		[ERR_NOMEM] = API_FAILED,
		[ERR_IO] = API_FAILED,
		[ERR_FORMAT] = API_UNFIT,
		[ERR_LIMIT] = API_SIZE,
		[ERR_DENIED] = API_DENIED,
		[ERR_REVOKED] = API_OUT,
		[ERR_NOTFOUND] = API_NOTFOUND,
		[ERR_EXISTS] = API_EXISTS,
		[ERR_INPUT] = API_UNFIT,
		[ERR_STALE] = API_STALE,
		[ERR_BUSY] = API_BUSY,
		[ERR_AUTH] = API_WRONG,
		[ERR_CORRUPT] = API_FAILED,
		[ERR_VERSION] = API_UNFIT,
		[ERR_WAIT] = API_WAIT,
		[ERR_FENCE] = API_FENCE,
		[ERR_NET] = API_REMOTE,
		[ERR_UNAVAILABLE] = API_LATER,
		[ERR_USAGE] = API_UNFIT,
		[ERR_ROOM] = API_BUSY,
	};

	return (size_t)e < COUNT_OF(list) ? list[e] : API_FAILED;
}

json_t *
api_error_json(enum api_error e, const char *why)
{
	const struct words *w = &words[e];

	return json_pack("{s:{s:s, s:s, s:s, s:s, s:s}}", "error", "code",
	    w->code, "what", w->what, "why", why != NULL ? why : "", "next",
	    w->next, "safe", w->safe);
}
