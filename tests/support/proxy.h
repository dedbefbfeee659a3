/*
 * A counting TCP proxy between two nodes: what really passed the wire.
 *
 * It counts bytes each way, looks at the frames of TLS records (types and
 * versions, never inside), can keep the raw streams, and can cut or hold the
 * connection after a number of bytes. One thread, poll().
 */
#ifndef FOOTBRIDGE_TESTS_SUPPORT_PROXY_H
#define FOOTBRIDGE_TESTS_SUPPORT_PROXY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define PROXY_ADDRESS_BYTES 64

enum proxy_way { PROXY_UP, PROXY_DOWN, PROXY_WAYS }; /* up: from the caller */

enum proxy_act {
	PROXY_PASS, /* never interfere */
	PROXY_CUT,  /* close both sides; later connections pass */
	PROXY_HOLD, /* forward nothing more on the connections then open; later
		     * ones pass */
};

struct proxy_count {
	int64_t bytes[PROXY_WAYS];
	/* TLS records: alert and anything else count as other */
	int64_t handshake[PROXY_WAYS], cipher_change[PROXY_WAYS];
	int64_t data[PROXY_WAYS], other[PROXY_WAYS];
	int64_t connections;
	int64_t tls13;    /* connections whose server hello chose TLS 1.3 */
	int64_t clear;    /* handshake records after data had begun */
	int64_t acted_at; /* bytes when cut or held; -1 = not (yet) */
};

struct proxy_options {
	const char *listen, *target; /* "IPV4:PORT"; listen's port may be 0 */
	const char *record; /* NULL, or streams go to RECORD.up, .down */
	enum proxy_act act;
	int64_t act_after; /* bytes, both ways together */
};

struct proxy;

/* NULL after a line on standard error. address gets where it listens. */
struct proxy *proxy_open(char address[static PROXY_ADDRESS_BYTES],
    const struct proxy_options *o);
/* Forward until proxy_stop; calls on_act (may be NULL) when it acts. */
void proxy_run(struct proxy *p, void (*on_act)(int64_t bytes));
/* From another thread or a signal handler. */
void proxy_stop(struct proxy *p);
/* Any thread may ask while it runs for bytes; the rest is exact after it. */
void proxy_counts(const struct proxy *p, struct proxy_count *out);
void proxy_close(struct proxy *p);

/* One JSON object and a newline. */
void proxy_print(FILE *to, const struct proxy_count *c);

#endif
