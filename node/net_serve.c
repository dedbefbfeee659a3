/* Being called: the server's hooks, each under the engine's lock. */
#include "node/net.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/server.h"
#include "sync/exchange.h"
#include "sync/join.h"

_Static_assert(SERVER_JOIN_ANSWER_BYTES >= JOIN_ANSWER_BYTES,
    "an answer that the engine makes is one that the server sends");
_Static_assert(NET_ADDRESS_BYTES >= ADDRESS_TEXT_BYTES,
    "server_start fills it");

struct net_server {
	struct engine *engine;
	struct server *server;
};

/* The member with this TLS key, NULL if there is none. Lock held. */
static const struct member_node *
member_of(struct engine *e, const uint8_t key[static TLS_KEY_BYTES])
{
	const struct member_node *n;

	n = members_node_by_tls(replica_members(e->replica), key);
	if (n == NULL || sodium_memcmp(n->tls_key, key, TLS_KEY_BYTES) != 0)
		return NULL;
	return n;
}

static bool
is_member(void *ctx, const uint8_t key[static TLS_KEY_BYTES])
{
	struct net_server *s = ctx;
	bool is;

	engine_lock(s->engine);
	is = member_of(s->engine, key) != NULL;
	engine_unlock(s->engine);
	return is;
}

static enum err
exchange(struct engine *e, struct buf *answer, const struct server_request *rq)
{
	const struct member_node *n = member_of(e, rq->key);
	struct exchange_stats stats = { 0 };
	struct node_id peer;
	enum err r;

	if (n == NULL)
		return ERR_DENIED;
	/* the record may move while members come in */
	peer = n->id;
	r = exchange_answer(e->replica, answer, &peer, rq->body, rq->n, &stats,
	    NULL);
	if (stats.received > 0 || stats.sealed > 0)
		engine_changed(e);
	return r;
}

static enum err
join(struct engine *e, struct buf *answer, const struct server_request *rq)
{
	struct node_id joined;
	enum err r;

	r = join_answer_make(e->replica, answer, &joined, rq->body, rq->n,
	    NULL);
	if (r == OK)
		engine_changed(e);
	return r;
}

static enum err
handle(void *ctx, struct buf *answer, const struct server_request *rq)
{
	struct net_server *s = ctx;
	enum err r;

	engine_lock(s->engine);
	r = rq->path == SERVER_JOIN ? join(s->engine, answer, rq)
				    : exchange(s->engine, answer, rq);
	engine_unlock(s->engine);
	return r;
}

enum err
net_server_start(struct net_server **out,
    char address[static NET_ADDRESS_BYTES], struct engine *e,
    const char *listen, struct fail *f)
{
	struct net_server *s;
	struct tls_cert cert = { 0 };
	struct server_hooks hooks = { .is_member = is_member,
		.handle = handle };
	const struct identity *me;
	enum err r;

	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return fail_set(f, ERR_NOMEM, "the server");
	s->engine = e;
	hooks.ctx = s;
	engine_lock(e);
	me = replica_identity(e->replica);
	r = tls_cert_make(&cert, &me->node, me->tls_secret, f);
	engine_unlock(e);
	if (r == OK)
		r = server_start(&s->server, address, listen, &cert, &hooks, f);
	tls_cert_release(&cert);
	if (r == OK) {
		*out = s;
		s = NULL;
	}
	free(s);
	return r;
}

void
net_server_stop(struct net_server *s)
{
	if (s == NULL)
		return;
	server_stop(s->server);
	free(s);
}
