/*
 * The lines that a person reads when a contact fails. Each ends with what is
 * safe. Texts of the peer, and libcurl's own, never get into them.
 */
#include "node/client_i.h"

#include <errno.h>

#define SAFE \
	"Your work is saved on this computer and goes out at the next " \
	"contact."

static const char *
reason(const struct client *c, int code)
{
	long number = 0;

	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return "its host name is not known here";
	case CURLE_OPERATION_TIMEDOUT:
		return "it did not answer in time";
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
		return "the connection broke off";
	case CURLE_SSL_CONNECT_ERROR:
		return "no secure connection came about; is Footbridge "
		       "listening there?";
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
		return "TLS 1.3 with Ed25519 and AES-256-GCM is not available "
		       "on this computer";
	case CURLE_COULDNT_CONNECT:
		break;
	default:
		return "the connection failed";
	}
	if (curl_easy_getinfo(c->at->curl, CURLINFO_OS_ERRNO, &number) !=
	    CURLE_OK)
		number = 0;
	switch (number) {
	case ECONNREFUSED:
		return "connection refused";
	case ENETUNREACH:
	case EHOSTUNREACH:
		return "there is no way to it from this network";
	case ETIMEDOUT:
		return "it did not answer in time";
	default:
		return "no connection";
	}
}

enum err
client_fail(const struct client *c, int code, struct fail *f)
{
	const char *name = c->name, *address = c->address;

	if (c->is_stopped)
		return fail_set(f, ERR_NET,
		    "the contact with %.80s was given up because Footbridge "
		    "is stopping. " SAFE,
		    name);
	if (c->is_stalled)
		return fail_set(f, ERR_NET,
		    "%.80s (%.60s): nothing moved for %d seconds. " SAFE, name,
		    address, (int)(c->o.stall_ms / 1000));
	if (c->answer.err == ERR_LIMIT)
		return fail_set(f, ERR_LIMIT,
		    "%.80s (%.60s) sent more than %zu bytes in one answer, "
		    "which was not read. " SAFE,
		    name, address, c->o.answer_limit);
	if (c->answer.err != OK || code == CURLE_OUT_OF_MEMORY)
		return fail_set(f, ERR_NOMEM, "the answer of %.80s", name);
	if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
		return fail_set(f, ERR_NET,
		    "%.60s does not hold the key of %.60s: another computer "
		    "answers there. Nothing was sent. Check the address. " SAFE,
		    address, name);
	return fail_set(f, ERR_NET,
	    "%.80s (%.60s) could not be reached: %s. " SAFE, name, address,
	    reason(c, code));
}

enum err
client_refused(const struct client *c, long status, struct fail *f)
{
	const char *name = c->name, *address = c->address;

	switch (status) {
	case 401:
		return fail_set(f, ERR_AUTH,
		    "%.80s (%.60s) could not verify the request. " SAFE, name,
		    address);
	case 403:
		return fail_set(f, ERR_DENIED,
		    "%.80s (%.60s) does not know this computer as a member of "
		    "its network. Ask its steward. " SAFE,
		    name, address);
	case 404:
		return fail_set(f, ERR_NOTFOUND,
		    "%.80s (%.60s) takes no such request: it may run another "
		    "version. " SAFE,
		    name, address);
	case 410:
		return fail_set(f, ERR_REVOKED,
		    "%.80s (%.60s) says that one of the two computers was "
		    "taken out of the network. " SAFE,
		    name, address);
	case 413:
		return fail_set(f, ERR_LIMIT,
		    "%.80s (%.60s) found the request too large. " SAFE, name,
		    address);
	case 425:
		return fail_set(f, ERR_BUSY,
		    "%.80s (%.60s) was put back to an old state twice within "
		    "an hour. It goes on by itself before the hour is "
		    "over. " SAFE,
		    name, address);
	case 426:
		return fail_set(f, ERR_VERSION,
		    "%.80s (%.60s) runs a version that this one cannot talk "
		    "to: update the older one. " SAFE,
		    name, address);
	case 400:
		return fail_set(f, ERR_FORMAT,
		    "%.80s (%.60s) could not read the request. " SAFE, name,
		    address);
	case 500:
		return fail_set(f, ERR_NET,
		    "%.80s (%.60s) has trouble of its own, with memory or its "
		    "disk: footbridge status there may say more. " SAFE,
		    name, address);
	case 503:
		return fail_set(f, ERR_BUSY, "%.80s (%.60s) is busy. " SAFE,
		    name, address);
	default:
		return fail_set(f, ERR_NET,
		    "%.80s (%.60s) answered with status %ld. " SAFE, name,
		    address, status);
	}
}
