/*
 * Calling: the exchange object over the HTTPS client. The engine's lock is
 * held while a message is made or taken, never while the network is waited
 * for.
 */
#include "node/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/client.h"
#include "node/server.h"
#include "sync/exchange.h"
#include "sync/join.h"
#include "sync/revoke.h"

/* A round trip this long is no office line: begin with the smallest unit
 * until the link is measured. */
#define NET_SLOW_RTT_MS 150
#define NET_SLOW_BYTES_PER_S 2000

/* A contact that is going on. */
struct talk {
	struct engine *engine;
	const struct node_id *peer;
	struct net_result *out;
	struct exchange *x;    /* owned */
	struct exchange *anew; /* owned; its hello may take the place of x's
	                        * last request */
};

/* What a contact needs of the replica, copied under the lock. */
struct peer {
	char name[LIMIT_NAME_BYTES + 1];
	uint8_t pin[TLS_KEY_BYTES];
	struct tls_cert cert; /* ours */
};

static bool
is_stopping(void *ctx)
{
	struct engine *e = ctx;
	bool stopping;

	engine_lock(e);
	stopping = e->stopping;
	engine_unlock(e);
	return stopping;
}

static enum err
peer_find(struct peer *out, struct engine *e, const struct node_id *id,
    struct fail *f)
{
	const struct member_node *n;
	const struct identity *me;
	enum err r;

	engine_lock(e);
	n = members_node(replica_members(e->replica), id);
	if (n == NULL) {
		r = fail_set(f, ERR_DENIED,
		    "this peer is no member of the network, as far as this "
		    "computer knows");
		goto out;
	}
	(void)snprintf(out->name, sizeof(out->name), "%s", n->name);
	memcpy(out->pin, n->tls_key, sizeof(out->pin));
	me = replica_identity(e->replica);
	r = tls_cert_make(&out->cert, &me->node, me->tls_secret, f);
out:
	engine_unlock(e);
	return r;
}

/* What the next messages may carry. */
static size_t
unit_budget(const struct client_stats *s)
{
	int64_t rate = s->sent_bytes_per_s, rtt_ms = (s->rtt_us + 999) / 1000;

	if (rate == 0 ||
	    (s->received_bytes_per_s > 0 && s->received_bytes_per_s < rate))
		rate = s->received_bytes_per_s;
	if (rate == 0 && rtt_ms > NET_SLOW_RTT_MS)
		rate = NET_SLOW_BYTES_PER_S;
	return exchange_budget(rtt_ms, rate);
}

static enum err
ask(struct engine *e, struct exchange *x, struct buf *request, bool *done,
    struct fail *f)
{
	enum err r;

	buf_reset(request);
	engine_lock(e);
	r = exchange_ask(x, request, done, f);
	engine_unlock(e);
	return r == OK && request->err != OK
	    ? fail_set(f, request->err, "the request")
	    : r;
}

static enum err
take(struct engine *e, struct exchange *x, const struct buf *answer,
    size_t budget, struct fail *f)
{
	enum err r;
	int64_t before;

	engine_lock(e);
	before = exchange_stats(x)->received;
	r = exchange_take(x, answer->p, answer->n, f);
	exchange_set_budget(x, budget);
	if (exchange_stats(x)->received != before)
		engine_changed(e);
	engine_unlock(e);
	return r;
}

/* The peer says that one of the two is out, and shows it. */
static enum err
take_refusal(struct engine *e, const struct node_id *peer,
    const struct buf *answer, struct fail *f)
{
	bool self = false;
	enum err r;

	engine_lock(e);
	r = revoke_shown(e->replica, &self, peer, answer->p, answer->n, f);
	engine_changed(e);
	engine_unlock(e);
	return r;
}

static void
result_items(struct net_result *out, const struct exchange_stats *s)
{
	out->sent_items += s->sent_segments + s->sent_members;
	out->sealed += s->sealed;
	out->sweep_rounds += s->sweep_rounds;
	out->sweep_found += s->sweep_queued;
	out->sweep_equal = s->sweep_equal;
	for (size_t i = 0; i < OUTCOME_COUNT; i++)
		out->outcome[i] += s->outcome[i];
	if (s->note[0] != '\0')
		(void)snprintf(out->note, sizeof(out->note), "%s", s->note);
}

/* Lock held. */
static void
exchange_end(struct talk *t, struct exchange *x)
{
	if (x == NULL)
		return;
	result_items(t->out, exchange_stats(x));
	if (exchange_stats(x)->sealed > 0)
		engine_changed(t->engine);
	exchange_free(x);
}

/* Begin the contact once more, with a hello: the first connection is silent. */
static enum err
talk_again(void *ctx, struct buf *request)
{
	struct talk *t = ctx;
	bool done;
	enum err r;

	engine_lock(t->engine);
	exchange_free(t->anew);
	t->anew = NULL;
	r = exchange_new(&t->anew, t->engine->replica, t->peer,
	    LIMIT_UNIT_MIN_BYTES, NULL);
	if (r == OK)
		r = exchange_ask(t->anew, request, &done, NULL);
	engine_unlock(t->engine);
	return r;
}

/* The answer is to that hello: what the exchange before it waited for does not
 * come any more. */
static void
talk_took_over(struct talk *t)
{
	engine_lock(t->engine);
	exchange_end(t, t->x);
	engine_unlock(t->engine);
	t->x = t->anew;
	t->anew = NULL;
}

/* How far it is, for whoever looks on. */
static void
talk_moved(struct talk *t, const struct client_stats *s)
{
	struct engine_link *l;

	engine_lock(t->engine);
	l = engine_link(t->engine, t->peer);
	if (l != NULL)
		l->moved_bytes = s->wire_sent_bytes + s->wire_received_bytes;
	engine_unlock(t->engine);
}

static enum err
rounds(struct talk *t, struct client *c, int64_t budget_bytes, struct fail *f)
{
	struct buf request, answer;
	struct client_stats s;
	bool done = false;
	int64_t wire;
	enum err r;

	buf_init(&request, LIMIT_MESSAGE_BYTES);
	buf_init(&answer, LIMIT_MESSAGE_BYTES);
	while ((r = ask(t->engine, t->x, &request, &done, f)) == OK && !done) {
		client_stats(c, &s);
		wire = s.wire_sent_bytes + s.wire_received_bytes;
		if (budget_bytes > 0 &&
		    wire + (int64_t)request.n > budget_bytes) {
			t->out->over_budget = true;
			break;
		}
		buf_reset(&answer);
		r = client_post(c, &answer, SERVER_PATH_EXCHANGE, request.p,
		    request.n, f);
		if (r == ERR_REVOKED)
			r = take_refusal(t->engine, t->peer, &answer, f);
		if (r != OK)
			break;
		if (client_began_anew(c))
			talk_took_over(t);
		client_stats(c, &s);
		talk_moved(t, &s);
		r = take(t->engine, t->x, &answer, unit_budget(&s), f);
		if (r != OK)
			break;
	}
	buf_release(&request);
	buf_release(&answer);
	return r;
}

static void
result_wire(struct net_result *out, const struct client_stats *s)
{
	out->sent_bytes = s->body_sent_bytes;
	out->received_bytes = s->body_received_bytes;
	out->head_bytes = s->head_sent_bytes + s->head_received_bytes;
	out->wire_sent_bytes = s->wire_sent_bytes;
	out->wire_received_bytes = s->wire_received_bytes;
	out->round_trips = s->requests;
	out->near = s->near;
}

enum err
net_call(struct engine *e, struct net_result *out, const struct node_id *peer,
    const char *address, int64_t budget_bytes, struct fail *f)
{
	const struct env *env = env_posix();
	const int64_t begun = env_mono_ms(env);
	struct talk t = { .engine = e, .peer = peer, .out = out };
	struct peer p = { 0 };
	const struct client_options o = { .address = address,
		.name = p.name,
		.pin = p.pin,
		.cert = &p.cert,
		.stop = is_stopping,
		.stop_ctx = e,
		.again = talk_again,
		.again_ctx = &t };
	struct client *c = NULL;
	struct client_stats s = { 0 };
	enum err r;

	*out = (struct net_result){ 0 };
	r = peer_find(&p, e, peer, f);
	if (r == OK)
		r = client_open(&c, &o, f);
	if (r != OK)
		goto out;
	engine_lock(e);
	r = exchange_new(&t.x, e->replica, peer, LIMIT_UNIT_MIN_BYTES, f);
	engine_unlock(e);
	if (r == OK)
		r = rounds(&t, c, budget_bytes, f);
out:
	client_close(c, &s);
	result_wire(out, &s);
	engine_lock(e);
	exchange_end(&t, t.x);
	exchange_free(t.anew);
	engine_unlock(e);
	tls_cert_release(&p.cert);
	out->took_ms = env_mono_ms(env) - begun;
	return r;
}

/* ---- waiting for news ---- */

struct net_watch {
	struct peer peer;
	struct client *client; /* owned */
};

enum err
net_watch_open(struct net_watch **out, struct engine *e,
    const struct node_id *peer, const char *address, bool (*stop)(void *ctx),
    void *stop_ctx, struct fail *f)
{
	struct net_watch *w = calloc(1, sizeof(*w));
	enum err r;

	if (w == NULL)
		return fail_set(f, ERR_NOMEM, "waiting for a peer's news");
	r = peer_find(&w->peer, e, peer, f);
	if (r == OK) {
		const struct client_options o = { .address = address,
			.name = w->peer.name,
			.pin = w->peer.pin,
			.cert = &w->peer.cert,
			.stop = stop,
			.stop_ctx = stop_ctx,
			.is_patient = true,
			.stall_ms = SERVER_HOLD_S * 1000 + CLIENT_STALL_MS };

		r = client_open(&w->client, &o, f);
	}
	if (r != OK) {
		net_watch_close(w);
		return r;
	}
	*out = w;
	return OK;
}

enum err
net_watch_wait(struct net_watch *w, bool *news, struct fail *f)
{
	struct buf answer = { .limit = 16 };
	enum err r =
	    client_post(w->client, &answer, SERVER_PATH_WAIT, NULL, 0, f);

	if (r == OK)
		*news = answer.n > 0 && answer.p[0] == SERVER_NEWS;
	buf_release(&answer);
	return r;
}

void
net_watch_close(struct net_watch *w)
{
	if (w == NULL)
		return;
	client_close(w->client, NULL);
	tls_cert_release(&w->peer.cert);
	free(w);
}

enum err
net_join(struct buf *answer, const struct identity *me, const char *address,
    const uint8_t pin[static MEMBER_KEY_BYTES], const uint8_t *request,
    size_t n, struct fail *f)
{
	struct tls_cert cert = { 0 };
	const struct client_options o = { .address = address,
		.name = "The steward",
		.pin = pin,
		.cert = &cert,
		.answer_limit = JOIN_ANSWER_BYTES };
	struct client *c = NULL;
	enum err r;

	r = tls_cert_make(&cert, &me->node, me->tls_secret, f);
	if (r == OK)
		r = client_open(&c, &o, f);
	if (r == OK)
		r = client_post(c, answer, SERVER_PATH_JOIN, request, n, f);
	/* the invite's pin stands for who says this */
	if (r != OK && c != NULL && client_said(c)[0] != '\0')
		r = fail_set(f, r,
		    "the steward at %.60s does not accept this request: %.180s",
		    address, client_said(c));
	client_close(c, NULL);
	tls_cert_release(&cert);
	return r;
}
