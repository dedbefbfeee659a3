/*
 * One kept-alive HTTPS connection to one peer, for one contact.
 *
 * TLS 1.3 with AES-256-GCM, our certificate shown, the peer's key pinned: a
 * peer with another key gets no byte of a request. No redirects, no proxy, no
 * certificate authorities. Time-outs are by progress, not by clock: on a bad
 * link a request may take as long as it likes while bytes go through. When
 * nothing is heard any more another connection is dialled beside the silent one
 * and takes its place once TLS is done there: after a change of address, or
 * when a network forgot the connection, the contact goes on after seconds.
 *
 * Not thread-safe: one thread at a time has the object. Waits for the network.
 */
#ifndef FOOTBRIDGE_NODE_CLIENT_H
#define FOOTBRIDGE_NODE_CLIENT_H

#include "node/address.h"
#include "node/tls.h"
#include "sync/limits.h"

/* bounds connecting and the handshake, as the server's own limit does */
#define CLIENT_CONNECT_MS 90000
/* no byte went through or was acknowledged for so long: given up */
#define CLIENT_STALL_MS 20000
/* Nothing at all was heard for so long, no acknowledgement either: another
 * connection is dialled beside. Several round trips of the worst link, each with
 * its packets lost once. */
#define CLIENT_SILENT_MS 5000
/* fewer come in one burst and say nothing of the link */
#define CLIENT_SAMPLE_BYTES 4096

struct client_stats {
	/* request and response bodies */
	int64_t body_sent_bytes, body_received_bytes;
	/* HTTP heads around them */
	int64_t head_sent_bytes, head_received_bytes;
	/* all that TCP carried, each byte once: handshakes, TLS records, heads
	 * and bodies. Complete after client_close. */
	int64_t wire_sent_bytes, wire_received_bytes;
	int64_t requests; /* answered */
	/* more than 1: the connection was lost, or was silent for a while */
	int64_t connects;
	bool near;      /* the other end is on a local network */
	int64_t rtt_us; /* the kernel's smoothed estimate; 0 = not known */
	/* what the link carries, from the last request or answer of at least
	 * CLIENT_SAMPLE_BYTES; 0 = none yet */
	int64_t sent_bytes_per_s, received_bytes_per_s;
};

struct client_options {
	const char *address; /* "HOST:PORT" */
	const char *name;    /* of the peer, for messages */
	const uint8_t *pin;  /* TLS_KEY_BYTES, the peer's TLS key; required */
	const struct tls_cert *cert; /* ours; NULL shows none (tests) */
	/* NULL, or asked about once a second: true gives the contact up */
	bool (*stop)(void *ctx);
	void *stop_ctx;
	/* NULL, or what to say on a second connection when the first is silent
	 * and its request was sent: append to request. That is asked for once
	 * in a client_post; what came of it, client_began_anew tells. */
	enum err (*again)(void *ctx, struct buf *request);
	void *again_ctx;
	/* the answer is meant to take long: silence is no sign of anything, and
	 * there is no second connection */
	bool is_patient;
	int64_t stall_ms;    /* 0 = CLIENT_STALL_MS */
	int64_t silent_ms;   /* 0 = CLIENT_SILENT_MS */
	size_t answer_limit; /* 0 = LIMIT_MESSAGE_BYTES */
};

struct client;

/*
 * Nothing is sent yet. Options are copied, o->cert and o->stop_ctx outlive
 * the client.
 * fails: ERR_INPUT (address, no pin), ERR_NOMEM
 */
enum err client_open(struct client **out, const struct client_options *o,
    struct fail *f);

/*
 * One request and its answer.
 *
 * in:    path  "/sync/v1/exchange"; body[n] borrowed
 * out:   answer  appended to; at most answer_limit; untouched on failure
 * fails: ERR_NET      not reached, another key, broke off, stalled, stopped
 *        ERR_DENIED   the peer does not know our key
 *        ERR_LIMIT    the answer or our request is too large
 *        ERR_VERSION  another protocol version
 *        ERR_REVOKED  one of the two is out; answer shows it (revoke.h)
 *        ERR_BUSY, ERR_NOTFOUND, ERR_FORMAT as the peer answered, ERR_NOMEM
 *        the text is for people and says that nothing is lost
 */
enum err client_post(struct client *c, struct buf *answer, const char *path,
    const uint8_t *body, size_t n, struct fail *f);

/* Is the last answer to what o.again gave? */
bool client_began_anew(const struct client *c);
/*
 * The text with which the peer refused the last request, "" if it did not.
 * From outside: only for a line of its own, through fail_set.
 */
const char *client_said(const struct client *c);

/* So far; the wire's share is read from the open socket. */
void client_stats(const struct client *c, struct client_stats *out);

/* Close the connection; *out (may be NULL) gets the final count. NULL is
 * fine. */
void client_close(struct client *c, struct client_stats *out);

#endif
