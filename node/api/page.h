/*
 * The listener of the page and its API: HTTP on loopback, HTTPS anywhere else.
 *
 * Not the one that peers call (server.h): another port, another certificate,
 * people instead of computers. It bounds what may be sent, hands whole requests
 * to api.h and writes what that answers, with the headers that keep a browser
 * from doing anything else with it. Nothing is logged.
 */
#ifndef FOOTBRIDGE_NODE_API_PAGE_H
#define FOOTBRIDGE_NODE_API_PAGE_H

#include "node/address.h"
#include "node/api/api.h"
#include "node/api/page_cert.h"

/* one connection's head, cookies among it */
#define PAGE_HEAD_BYTES ((size_t)24 * 1024)
/* nothing was said for so long; who says a little: page_door.h */
#define PAGE_TIMEOUT_S 30
/* More than twice as many as wait at one time: four that sign in (account_i.h). The
 * others go on. */
#define PAGE_THREADS 10
/* bodies being received at one time, all callers together */
#define PAGE_BODIES_BYTES ((size_t)8 << 20)
#define PAGE_STOP_MS 10000

struct page;

struct page_options {
	const char *listen; /* "HOST:PORT", port 0: any free one */
	const char *name;   /* one more HOST:PORT or HOST it is reached by */
	const char *dir;    /* of the replica; outlives the page */
	struct engine *engine;
	struct accounts *accounts; /* NULL: none on this computer */
};

/* Where it is. */
#define PAGE_URL_BYTES (ADDRESS_TEXT_BYTES + 16)
struct page_at {
	char url[PAGE_URL_BYTES]; /* "http://127.0.0.1:7480/": what to type */
	/* SHA-256 of its certificate in hex, to be compared once; "": HTTP */
	char fingerprint[PAGE_FINGERPRINT_BYTES];
};

/*
 * Listen and answer until page_stop.
 *
 * out:   *out     stopped with page_stop(); untouched on failure
 *        at       where
 * fails: ERR_INPUT, ERR_NET (port taken, host not ours), ERR_NOMEM
 */
enum err page_start(struct page **out, struct page_at *at,
    const struct page_options *o, struct fail *f);
/* Finish the answers in flight, close. NULL is fine. */
void page_stop(struct page *p);

#endif
