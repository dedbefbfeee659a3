/*
 * Being called: the server's hooks, each under the engine's lock, and a thread
 * that lets those go who wait for news when there is some for them, and notes
 * where members call from.
 */
#include "node/net.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/server.h"
#include "sync/exchange.h"
#include "sync/join.h"
#include "sync/rd.h"

_Static_assert(SERVER_JOIN_ANSWER_BYTES >= JOIN_ANSWER_BYTES,
    "an answer that the engine makes is one that the server sends");
_Static_assert(NET_ADDRESS_BYTES >= ADDRESS_TEXT_BYTES,
    "server_start fills it");

/* Several saves at a time are one piece of news, and one segment. */
#define SETTLE_MS 300
#define LOOK_EVERY_MS 60000

/* Where members called from, as _meta keeps it: address 16, u64 wall time. */
#define META_CALLERS "callers"
#define CALLER_BYTES (SERVER_FROM_BYTES + 8)
#define CALLERS_EVERY_MS ((int64_t)3600 * 1000)

struct net_server {
	struct engine *engine;
	struct server *server;
	pthread_t watcher;
	bool ended; /* the watcher is to end; engine's lock */
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
	if (stats.received > 0 || stats.sealed > 0 || r == ERR_REVOKED)
		engine_changed(e);
	return r;
}

static enum err
join(struct engine *e, struct buf *answer, const struct server_request *rq,
    struct fail *f)
{
	struct node_id joined;
	enum err r;

	r = join_answer_make(e->replica, answer, &joined, rq->body, rq->n, f);
	if (r == OK)
		engine_changed(e);
	return r;
}

static enum err
handle(void *ctx, struct buf *answer, const struct server_request *rq,
    struct fail *f)
{
	struct net_server *s = ctx;
	enum err r;

	engine_lock(s->engine);
	r = rq->path == SERVER_JOIN ? join(s->engine, answer, rq, f)
				    : exchange(s->engine, answer, rq);
	engine_unlock(s->engine);
	return r;
}

/* ---- who waits for news ---- */

static void
held(void *ctx)
{
	struct net_server *s = ctx;

	engine_lock(s->engine);
	engine_stir(s->engine);
	engine_unlock(s->engine);
}

/* When in doubt yes: a contact then finds out. */
static bool
has_news(struct engine *e, const uint8_t key[static TLS_KEY_BYTES])
{
	const struct member_node *n;
	struct node_id peer;
	bool news = true;

	engine_lock(e);
	n = member_of(e, key);
	if (n != NULL) {
		peer = n->id;
		if (exchange_has_news(e->replica, &news, &peer, NULL) != OK)
			news = true;
	}
	engine_unlock(e);
	return news;
}

/* ---- where members called from ---- */

/* Who floods a hub after its restart shall not find its offices unknown. What
 * cannot be read is as good as empty. */
static void
callers_read(struct net_server *s)
{
	struct server_caller callers[SERVER_CALLERS];
	struct buf b = { 0 };
	struct rd rd;
	size_t n = 0;

	engine_lock(s->engine);
	if (replica_meta_get(s->engine->replica, &b, META_CALLERS, NULL) != OK)
		buf_reset(&b);
	engine_unlock(s->engine);
	rd = rd_of(b.p, b.n);
	while (rd_left(&rd) >= CALLER_BYTES && n < SERVER_CALLERS) {
		rd_copy(&rd, callers[n].from, SERVER_FROM_BYTES);
		callers[n++].last_ms = (int64_t)rd_u64(&rd);
	}
	server_know(s->server, callers, n);
	buf_release(&b);
}

/* Those who called since the time *saved_ms, if any did. A note that is lost
 * costs a place at the door, no more: no failure is told. Lock held. */
static void
callers_write(struct net_server *s, int64_t *saved_ms)
{
	struct server_caller callers[SERVER_CALLERS];
	struct buf b = { 0 };
	size_t n = server_callers(s->server, callers);
	int64_t newest = *saved_ms;

	for (size_t i = 0; i < n; i++) {
		buf_put(&b, callers[i].from, SERVER_FROM_BYTES);
		buf_u64(&b, (uint64_t)callers[i].last_ms);
		if (callers[i].last_ms > newest)
			newest = callers[i].last_ms;
	}
	if (newest != *saved_ms && b.err == OK)
		(void)replica_meta_set(s->engine->replica, META_CALLERS, b.p,
		    b.n, NULL);
	*saved_ms = newest;
	buf_release(&b);
}

/* ---- the watcher ---- */

struct watching {
	struct net_server *s;
	uint64_t generation; /* of the engine, when last looked at */
	int64_t settle_ms;   /* when news will be looked at; 0: none */
	uint64_t looked_no;  /* waiting ones up to here were looked at */
	int64_t saved_ms;    /* of the last caller that was noted, wall */
	int64_t save_ms;     /* when to note them again */
};

/* Lets go who need not wait any longer; how long until it must look again. */
static int64_t
look(struct watching *w)
{
	struct server_held all[SERVER_HELD];
	int64_t now = env_mono_ms(env_posix()), soonest = LOOK_EVERY_MS;
	bool settled = w->settle_ms != 0 && w->settle_ms <= now;
	uint64_t last = w->looked_no;
	size_t n = server_held(w->s->server, all);

	if (settled)
		w->settle_ms = 0;
	for (size_t i = 0; i < n; i++) {
		int64_t left = all[i].since_ms + SERVER_HOLD_S * 1000 - now;

		if (all[i].no > last)
			last = all[i].no;
		if ((settled || all[i].no > w->looked_no) &&
		    has_news(w->s->engine, all[i].key))
			server_let_go(w->s->server, all[i].no, true);
		else if (left <= 0)
			server_let_go(w->s->server, all[i].no, false);
		else if (left < soonest)
			soonest = left;
	}
	w->looked_no = last;
	if (w->settle_ms != 0 && w->settle_ms - now < soonest)
		soonest = w->settle_ms - now;
	return soonest;
}

static void *
watch(void *context)
{
	struct watching w = { .s = context };
	struct engine *e = w.s->engine;
	int64_t now;
	int64_t wait_ms = LOOK_EVERY_MS;
	uint64_t stirs;

	engine_lock(e);
	stirs = e->stirs;
	w.generation = e->generation;
	for (;;) {
		stirs = engine_wait(e, stirs, wait_ms);
		if (w.s->ended || e->stopping)
			break;
		if (e->generation != w.generation && w.settle_ms == 0)
			w.settle_ms = env_mono_ms(env_posix()) + SETTLE_MS;
		w.generation = e->generation;
		now = env_mono_ms(env_posix());
		if (w.save_ms <= now) {
			callers_write(w.s, &w.saved_ms);
			w.save_ms = now + CALLERS_EVERY_MS;
		}
		engine_unlock(e);
		wait_ms = look(&w);
		engine_lock(e);
	}
	callers_write(w.s, &w.saved_ms);
	engine_unlock(e);
	return NULL;
}

static void
server_end(struct net_server *s)
{
	struct engine *e = s->engine;

	engine_lock(e);
	s->ended = true;
	engine_stir(e);
	engine_unlock(e);
	(void)pthread_join(s->watcher, NULL);
	server_stop(s->server);
}

/* ---- start and stop ---- */

enum err
net_server_start(struct net_server **out,
    char address[static NET_ADDRESS_BYTES], struct engine *e,
    const char *listen, struct fail *f)
{
	struct net_server *s;
	struct tls_cert cert = { 0 };
	struct server_hooks hooks = { .is_member = is_member,
		.handle = handle,
		.held = held };
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
	if (r == OK)
		callers_read(s);
	if (r == OK && pthread_create(&s->watcher, NULL, watch, s) != 0) {
		r = fail_set(f, ERR_NOMEM, "the server's thread");
		server_stop(s->server);
	}
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
	server_end(s);
	free(s);
}
