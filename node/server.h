/*
 * The HTTPS server that peers call: TLS 1.3, three routes, no opinions.
 *
 *	POST /sync/v1/exchange	a member's key is required
 *	POST /sync/v1/wait	the same, without a body: answered when there is
 *				news for this caller, or after SERVER_HOLD_S
 *	POST /sync/v1/join	any certificate, a small body
 *
 * It knows neither the engine nor the protocol: it proves the caller's key,
 * bounds the body and hands both to the owner's hooks. Nothing is logged.
 *
 * Hooks run on the server's threads, two at a time: the owner brings the lock.
 */
#ifndef FOOTBRIDGE_NODE_SERVER_H
#define FOOTBRIDGE_NODE_SERVER_H

#include "node/address.h"
#include "node/tls.h"
#include "sync/limits.h"

#define SERVER_PATH_EXCHANGE "/sync/v1/exchange"
#define SERVER_PATH_JOIN "/sync/v1/join"
#define SERVER_PATH_WAIT "/sync/v1/wait"

/* Bounds one connection's handshake, and how long it may be idle. Handshakes
 * took up to 26 s on a link that loses 30 % of its packets. */
#define SERVER_TIMEOUT_S 90
/*
 * Connections of which no member's key is known yet, that is handshakes and
 * heads under way: each for SERVER_TIMEOUT_S at most, and when there are too
 * many a random one goes, so that who floods the door mostly meets its own.
 * Half of the places are for addresses from which members called in the last
 * SERVER_KNOWN_DAYS. No limit for one address: offices share them.
 */
#define SERVER_STRANGERS 256
#define SERVER_KNOWN_DAYS 30
#define SERVER_CALLERS 1024
/* connections of members, all and of one key; the quietest goes. Fewer
 * where the process may not have so many files open */
#define SERVER_MEMBERS 768
#define SERVER_PER_KEY 4
#define SERVER_THREADS 2
/* a join request holds keys, names and a signature */
#define SERVER_JOIN_BYTES ((size_t)64 * 1024)
/* ... and its answer every membership record */
#define SERVER_JOIN_ANSWER_BYTES ((size_t)16 << 20)
/* bodies being received at one time, all callers together */
#define SERVER_BODIES_BYTES ((size_t)24 * 1024 * 1024)
/* a body that takes longer than this may have to go for others */
#define SERVER_SLOW_MS 20000
/* heads of one connection; ours are below 200 bytes */
#define SERVER_HEADS_BYTES ((size_t)8 * 1024)
/* how long a stop waits for answers that are on their way */
#define SERVER_STOP_MS 10000

/* how long a caller may wait for news, and how many may at a time, one for
 * each key; they use no thread, and a connection each */
#define SERVER_HOLD_S 25
#define SERVER_HELD 32
/* the answer's only byte */
#define SERVER_NEWS '1'
#define SERVER_NO_NEWS '0'

/* IPv6, of which the first half counts, or IPv4 mapped into it */
#define SERVER_FROM_BYTES 16

/* An address from which members called. */
struct server_caller {
	uint8_t from[SERVER_FROM_BYTES];
	int64_t last_ms; /* wall */
};

enum server_path { SERVER_EXCHANGE, SERVER_JOIN, SERVER_WAIT };

struct server_request {
	enum server_path path;
	const uint8_t *key;  /* TLS_KEY_BYTES, proven by the handshake */
	const uint8_t *body; /* untrusted; may be NULL when n is 0 */
	size_t n;
};

struct server_hooks {
	void *ctx;
	/* Is this the TLS key of a member? Asked on every request to
	 * exchange, before its body is taken in. */
	bool (*is_member)(void *ctx, const uint8_t key[static TLS_KEY_BYTES]);
	/* Append the answer (ceiling LIMIT_MESSAGE_BYTES, for a join
	 * SERVER_JOIN_ANSWER_BYTES). An error becomes its HTTP status and
	 * nothing of the answer is sent (but with ERR_REVOKED, where it shows
	 * why); who joins gets f's line, others get the code's fixed words. */
	enum err (*handle)(void *ctx, struct buf *answer,
	    const struct server_request *request, struct fail *f);
	/* Somebody waits now: look at server_held(). NULL: nobody may. */
	void (*held)(void *ctx);
	int64_t slow_ms; /* 0: SERVER_SLOW_MS; tests have no time */
};

/* Who waits. */
struct server_held {
	uint64_t no; /* never used twice */
	uint8_t key[TLS_KEY_BYTES];
	int64_t since_ms; /* monotonic */
};

struct server;

/*
 * Listen and serve until server_stop.
 *
 * in:    listen   "HOST:PORT", port 0: any free one
 *        cert     copied
 *        hooks    copied; hooks->ctx outlives the server
 * out:   *out     stopped with server_stop(); untouched on failure
 *        address  where it listens, "HOST:PORT"
 * fails: ERR_INPUT, ERR_NET (port taken, host not ours), ERR_NOMEM
 */
enum err server_start(struct server **out,
    char address[static ADDRESS_TEXT_BYTES], const char *listen,
    const struct tls_cert *cert, const struct server_hooks *hooks,
    struct fail *f);

/* Accept nobody any more, finish the answers in flight, close. NULL is fine. */
void server_stop(struct server *s);

/* Where members called from, how many; and what was kept of that. */
size_t server_callers(struct server *s,
    struct server_caller out[static SERVER_CALLERS]);
void server_know(struct server *s, const struct server_caller *callers,
    size_t n);

/* Those who wait now; how many. */
size_t server_held(struct server *s,
    struct server_held out[static SERVER_HELD]);
/* Answer one of them. One that is gone is fine. */
void server_let_go(struct server *s, uint64_t no, bool news);

/* Whether the threads wait with poll(): with epoll a half-sent TLS record of
 * anybody spins a core. For the test that keeps it so. */
bool server_uses_poll(const struct server *s);

#endif
