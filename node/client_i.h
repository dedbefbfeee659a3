/* Between client.c and client_fail.c only. */
#ifndef FOOTBRIDGE_NODE_CLIENT_I_H
#define FOOTBRIDGE_NODE_CLIENT_I_H

#include <curl/curl.h>

#include "node/client.h"

/* sockets open at one time: addresses of one host being tried */
#define CLIENT_SOCKETS 8

struct client {
	CURL *curl;               /* owned */
	struct curl_slist *heads; /* owned */
	struct client_options o;
	uint8_t pin[TLS_KEY_BYTES];
	char name[LIMIT_NAME_BYTES + 1];
	char address[ADDRESS_TEXT_BYTES];
	struct buf answer;         /* of the running request */
	struct client_stats stats; /* wire_*: of closed sockets */
	curl_socket_t sockets[CLIENT_SOCKETS];
	size_t socket_count;
	int64_t moved;    /* the last sign of progress ... */
	int64_t moved_ms; /* ... and when it was seen */
	bool is_stalled, is_stopped;
	char said[FAIL_TEXT_BYTES]; /* with the last refusal */
};

/* What went wrong, for people: a CURLcode, an HTTP status that is not 200. */
enum err client_fail(const struct client *c, int code, struct fail *f);
enum err client_refused(const struct client *c, long status, struct fail *f);

#endif
