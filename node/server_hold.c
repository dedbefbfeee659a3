/*
 * Requests that wait. libmicrohttpd suspends their connection, which then uses
 * no thread and is not polled: that the caller went away is noticed when the
 * request is let go, SERVER_HOLD_S later at most.
 */
#include "node/server_i.h"

#include <string.h>

#include "sync/env.h"

/* Takes number i out and lets its connection go on. s->lock held. */
static void
let_go(struct server *s, size_t i, bool news)
{
	struct held h = s->held[i];

	s->held[i] = s->held[--s->held_count];
	h.turn->is_let_go = true;
	h.turn->has_news = news;
	MHD_resume_connection(h.connection);
}

bool
server_hold(struct server *s, struct MHD_Connection *c, struct turn *t)
{
	bool room;

	(void)pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->held_count; i++) {
		if (memcmp(s->held[i].turn->key, t->key, TLS_KEY_BYTES) == 0) {
			let_go(s, i, false);
			break;
		}
	}
	room = !s->stopping && s->held_count < SERVER_HELD;
	if (room) {
		MHD_suspend_connection(c);
		s->held[s->held_count++] = (struct held){ .no = ++s->held_no,
			.since_ms = env_mono_ms(env_posix()),
			.connection = c,
			.turn = t };
	}
	(void)pthread_mutex_unlock(&s->lock);
	if (room)
		s->hooks.held(s->hooks.ctx);
	return room;
}

void
server_hold_end(struct server *s)
{
	(void)pthread_mutex_lock(&s->lock);
	s->stopping = true;
	while (s->held_count > 0)
		let_go(s, s->held_count - 1, false);
	(void)pthread_mutex_unlock(&s->lock);
}

void
server_hold_forget(struct server *s, const struct turn *t)
{
	for (size_t i = 0; i < s->held_count; i++) {
		if (s->held[i].turn == t) {
			s->held[i] = s->held[--s->held_count];
			return;
		}
	}
}

size_t
server_held(struct server *s, struct server_held out[static SERVER_HELD])
{
	size_t n;

	(void)pthread_mutex_lock(&s->lock);
	n = s->held_count;
	for (size_t i = 0; i < n; i++) {
		out[i].no = s->held[i].no;
		out[i].since_ms = s->held[i].since_ms;
		memcpy(out[i].key, s->held[i].turn->key, TLS_KEY_BYTES);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return n;
}

void
server_let_go(struct server *s, uint64_t no, bool news)
{
	(void)pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->held_count; i++) {
		if (s->held[i].no == no) {
			let_go(s, i, news);
			break;
		}
	}
	(void)pthread_mutex_unlock(&s->lock);
}
