/* Between the files client*.c only. */
#ifndef FOOTBRIDGE_NODE_CLIENT_I_H
#define FOOTBRIDGE_NODE_CLIENT_I_H

#include <curl/curl.h>

#include "node/client.h"

/* sockets open at one time: addresses of one host being tried */
#define CLIENT_SOCKETS 8
/* the connection, and one that is dialled beside it when it went silent */
#define CLIENT_ATTEMPTS 2

/* One try to get a request through, and the connection it leaves behind. */
struct attempt {
	struct client *client;
	CURL *curl; /* owned */
	curl_socket_t sockets[CLIENT_SOCKETS];
	size_t socket_count;
	int64_t begun_ms; /* monotonic */
	bool is_running;
	bool is_anew;     /* carries what is said instead of the request */
	bool is_through;  /* TLS is done, and its request goes out */
	bool is_given_up; /* the other is through: what comes is not read */
};

struct client {
	CURLM *multi;             /* owned; has the connections */
	struct curl_slist *heads; /* owned */
	struct client_options o;
	uint8_t pin[TLS_KEY_BYTES];
	char name[LIMIT_NAME_BYTES + 1];
	char address[ADDRESS_TEXT_BYTES];
	struct attempt attempts[CLIENT_ATTEMPTS];
	struct attempt *at; /* the one that counts: has answered last */
	/* the running request */
	const uint8_t *body; /* borrowed */
	size_t body_bytes;
	struct buf anew; /* what o.again gave to say instead of it */
	int64_t begun_ms;
	int64_t dial_ms; /* no other connection before */
	unsigned dials;  /* such connections */
	bool is_sent;    /* it went out, or began to */
	bool began_anew; /* and then anew, on another connection */
	struct buf answer;
	int64_t moved;    /* the last sign of progress ... */
	int64_t moved_ms; /* ... and when it was seen */
	bool is_stalled, is_stopped;
	struct client_stats stats;  /* wire_*: of closed sockets */
	char said[FAIL_TEXT_BYTES]; /* with the last refusal */
};

/* Callbacks of an attempt; the rest of its options is client.c's. */
enum err client_dial_options(struct attempt *a);
/* Run c's request until it is answered or hopeless: a CURLcode, that of c->at. */
int client_dial(struct client *c);
/* What TCP carried on the sockets that are open, added to *out. */
void client_dial_count(const struct client *c, struct client_stats *out);
/* How fast the kernel sends; 0 = not known. */
int64_t client_dial_rate(const struct client *c);

/* What went wrong, for people: a CURLcode, an HTTP status that is not 200. */
enum err client_fail(const struct client *c, int code, struct fail *f);
enum err client_refused(const struct client *c, long status, struct fail *f);

#endif
