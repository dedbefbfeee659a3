/*
 * What the commands and the daemon want of the network: a server that peers
 * call, one whole exchange with a peer, and joining.
 *
 * The transport is HTTPS (tls.c, client.c, server.c). Functions are called
 * WITHOUT the engine's lock and take it for each step of the exchange object;
 * they never hold it while they wait for the network.
 */
#ifndef FOOTBRIDGE_NODE_NET_H
#define FOOTBRIDGE_NODE_NET_H

#include "node/engine.h"
#include "sync/log.h"

/* What one exchange came to. Filled as far as it went, on failure too. */
struct net_result {
	int64_t sent_bytes, received_bytes; /* request and response bodies */
	int64_t head_bytes;                 /* HTTP heads, both ways */
	/* all that TCP carried: handshake, TLS records and heads included */
	int64_t wire_sent_bytes, wire_received_bytes;
	int64_t round_trips;
	int64_t sent_items;             /* segments and membership records */
	int64_t outcome[OUTCOME_COUNT]; /* of what was received */
	int64_t sealed; /* own segments sealed for this contact */
	int64_t took_ms;
	int64_t sweep_rounds; /* of them: what both hold was compared */
	int64_t sweep_found;  /* missing there and queued */
	bool sweep_equal;     /* in the end nothing was missing */
	bool near;            /* the peer is on a local network */
	bool over_budget;     /* ended early: budget_bytes are used up */
	/* the exchange has something to tell people: one line, or "" */
	char note[FAIL_TEXT_BYTES];
};

/*
 * One exchange with a peer until both sides have nothing to send.
 *
 * in:    address "HOST:PORT"; budget_bytes of this contact's wire, 0 = no
 *        limit; ends before the message that would go beyond
 * fails: ERR_NET (not reached, wrong pin, broke off: what was received is
 *        committed and is not asked for again), ERR_IO, ERR_DENIED, and
 *        what exchange.h says
 */
enum err net_call(struct engine *e, struct net_result *out,
    const struct node_id *peer, const char *address, int64_t budget_bytes,
    struct fail *f);

/*
 * Ask a peer to say when it has something for this node: a request that it
 * holds open, for up to about SERVER_HOLD_S. Sends nothing of the log.
 *
 * One thread has the object; its connection is kept between requests.
 */
struct net_watch;
/* stop is asked about once a second; true gives the wait up. */
enum err net_watch_open(struct net_watch **out, struct engine *e,
    const struct node_id *peer, const char *address, bool (*stop)(void *ctx),
    void *stop_ctx, struct fail *f);
/* *news false: the time was over. Errors as net_call; ERR_NOTFOUND: the peer
 * does not offer it, ERR_BUSY: too many wait there. */
enum err net_watch_wait(struct net_watch *w, bool *news, struct fail *f);
void net_watch_close(struct net_watch *w);

struct net_server;

/* Listen on "HOST:PORT" (port 0: any free one). *address gets what it listens
 * on, "HOST:PORT", NUL-terminated. */
#define NET_ADDRESS_BYTES 280
enum err net_server_start(struct net_server **out,
    char address[static NET_ADDRESS_BYTES], struct engine *e,
    const char *listen, struct fail *f);
/* Waits for requests in flight; NULL is fine. */
void net_server_stop(struct net_server *s);

/*
 * Deliver a join request to the steward named in an invite and return its
 * answer (appended). The server's pin is the TLS key of the invite.
 * fails: ERR_NET, ERR_DENIED or ERR_AUTH (the invite is unknown there, expired
 *        or used), ERR_LIMIT, ERR_NOMEM
 */
enum err net_join(struct buf *answer, const struct identity *me,
    const char *address, const uint8_t pin[static MEMBER_KEY_BYTES],
    const uint8_t *request, size_t n, struct fail *f);

#endif
