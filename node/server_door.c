/*
 * Who may be connected. libmicrohttpd accepts; this looks at each connection
 * when it begins, when its caller has proved a member's key, and when it ends.
 *
 * A connection is made to end by shutting its socket down: the thread that has
 * it then sees the end of the stream. That is safe under the lock while the
 * visit is in the table, since libmicrohttpd tells of an end before it closes.
 */
#include "node/server_i.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "sync/env.h"

/* of the process: database, socket, calls of its own, backups */
#define SERVER_OTHER_FILES 128
#define DAY_MS ((int64_t)86400 * 1000)

/* ---- addresses ---- */

static bool
address_of(uint8_t out[static SERVER_FROM_BYTES], const struct sockaddr *sa)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	memset(out, 0, SERVER_FROM_BYTES);
	if (sa != NULL && sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof(v4));
		memcpy(out, mapped, sizeof(mapped));
		memcpy(out + sizeof(mapped), &v4.sin_addr, sizeof(v4.sin_addr));
		return true;
	}
	if (sa == NULL || sa->sa_family != AF_INET6)
		return false;
	memcpy(&v6, sa, sizeof(v6));
	memcpy(out, &v6.sin6_addr, SERVER_FROM_BYTES);
	/* one network has 2^64 of them */
	if (memcmp(out, mapped, sizeof(mapped)) != 0)
		memset(out + 8, 0, SERVER_FROM_BYTES - 8);
	return true;
}

static struct server_caller *
caller_find(struct server *s, const uint8_t from[static SERVER_FROM_BYTES])
{
	for (size_t i = 0; i < s->caller_count; i++)
		if (memcmp(s->callers[i].from, from, SERVER_FROM_BYTES) == 0)
			return &s->callers[i];
	return NULL;
}

static bool
is_known(struct server *s, const uint8_t from[static SERVER_FROM_BYTES])
{
	const struct server_caller *c = caller_find(s, from);
	int64_t now = env_wall_ms(env_posix());

	/* a clock that was set back is no reason to forget anybody */
	return c != NULL && now - c->last_ms < SERVER_KNOWN_DAYS * DAY_MS;
}

/* A member called from there. The one not heard of for longest makes room. */
static void
caller_note(struct server *s, const uint8_t from[static SERVER_FROM_BYTES])
{
	struct server_caller *c = caller_find(s, from);

	if (c == NULL && s->caller_count < SERVER_CALLERS)
		c = &s->callers[s->caller_count++];
	if (c == NULL) {
		c = &s->callers[0];
		for (size_t i = 1; i < s->caller_count; i++)
			if (s->callers[i].last_ms < c->last_ms)
				c = &s->callers[i];
	}
	memcpy(c->from, from, SERVER_FROM_BYTES);
	c->last_ms = env_wall_ms(env_posix());
}

size_t
server_callers(struct server *s,
    struct server_caller out[static SERVER_CALLERS])
{
	size_t n;

	(void)pthread_mutex_lock(&s->lock);
	n = s->caller_count;
	memcpy(out, s->callers, n * sizeof(*out));
	(void)pthread_mutex_unlock(&s->lock);
	return n;
}

void
server_know(struct server *s, const struct server_caller *callers, size_t n)
{
	if (n > SERVER_CALLERS)
		n = SERVER_CALLERS;
	(void)pthread_mutex_lock(&s->lock);
	memcpy(s->callers, callers, n * sizeof(*callers));
	s->caller_count = n;
	(void)pthread_mutex_unlock(&s->lock);
}

/* ---- sending away; lock held, all of these ---- */

static void
send_away(struct visit *v)
{
	v->is_leaving = true;
	(void)shutdown(v->fd, SHUT_RDWR);
}

static bool
is_stranger(const struct visit *v)
{
	return v->is_here && !v->is_leaving && !v->is_member;
}

static bool
is_member(const struct visit *v)
{
	return v->is_here && !v->is_leaving && v->is_member;
}

/* Another connection of the member that v is. */
static bool
is_same(const struct visit *other, const struct visit *v)
{
	return other != v && is_member(other) &&
	    memcmp(other->key, v->key, TLS_KEY_BYTES) == 0;
}

/* One of the strangers but not but, each as likely as any other; of those from
 * unknown addresses only, if unknown. NULL: there is none. */
static struct visit *
any_stranger(struct server *s, const struct visit *but, bool unknown)
{
	struct visit *pick = NULL;
	uint32_t roll, seen = 0;

	for (size_t i = 0; i < SERVER_VISITS; i++) {
		struct visit *v = &s->visits[i];

		if (!is_stranger(v) || v == but || (unknown && v->is_known))
			continue;
		env_random(env_posix(), &roll, sizeof(roll));
		if (roll % ++seen == 0)
			pick = v;
	}
	return pick;
}

/* The member, or of one key the connection, that has been quiet for longest. */
static struct visit *
quietest(struct server *s, const struct visit *but, const uint8_t *key)
{
	struct visit *pick = NULL;

	for (size_t i = 0; i < SERVER_VISITS; i++) {
		struct visit *v = &s->visits[i];

		if (is_member(v) && v != but &&
		    (key == NULL || memcmp(v->key, key, TLS_KEY_BYTES) == 0) &&
		    (pick == NULL || v->moved_ms < pick->moved_ms))
			pick = v;
	}
	return pick;
}

static void
strangers_make_room(struct server *s, const struct visit *newest)
{
	size_t all = 0, unknown = 0;
	struct visit *v;

	for (size_t i = 0; i < SERVER_VISITS; i++) {
		v = &s->visits[i];
		if (is_stranger(v) &&
		    newest->since_ms - v->since_ms >= SERVER_TIMEOUT_S * 1000)
			send_away(v);
		all += is_stranger(v);
		unknown += is_stranger(v) && !v->is_known;
	}
	v = NULL;
	if (unknown > s->strangers_max / 2)
		v = any_stranger(s, newest, true);
	else if (all > s->strangers_max) {
		v = any_stranger(s, newest, true);
		if (v == NULL)
			v = any_stranger(s, newest, false);
	}
	if (v != NULL)
		send_away(v);
}

static void
members_make_room(struct server *s, const struct visit *newest)
{
	size_t all = 0, same = 0;

	for (size_t i = 0; i < SERVER_VISITS; i++) {
		const struct visit *v = &s->visits[i];

		if (!is_member(v))
			continue;
		all++;
		same += memcmp(v->key, newest->key, TLS_KEY_BYTES) == 0;
	}
	/* those of its own first: a link that was cut leaves some behind, and
	 * whoever calls now is there */
	if (same > SERVER_PER_KEY)
		send_away(quietest(s, newest, newest->key));
	else if (all > s->members_max)
		send_away(quietest(s, newest, NULL));
}

/* Of the bodies that take long, the one that comes in most slowly. */
static struct visit *
slowest(struct server *s, int64_t now)
{
	int64_t slow_ms =
	    s->hooks.slow_ms > 0 ? s->hooks.slow_ms : SERVER_SLOW_MS;
	struct visit *pick = NULL;
	double rate, least = 0;

	for (size_t i = 0; i < SERVER_VISITS; i++) {
		struct visit *v = &s->visits[i];
		int64_t age = now - v->body_ms;

		if (!is_member(v) || v->got_bytes == v->want_bytes ||
		    age < slow_ms)
			continue;
		rate = (double)v->got_bytes / (double)age;
		if (pick == NULL || rate < least) {
			pick = v;
			least = rate;
		}
	}
	return pick;
}

/* ---- begin, prove, end ---- */

void
server_room(struct server *s)
{
	struct rlimit files;
	size_t n = SERVER_VISITS;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 &&
	    files.rlim_cur < SERVER_VISITS + SERVER_OTHER_FILES)
		n = files.rlim_cur > 2 * SERVER_OTHER_FILES
		    ? (size_t)files.rlim_cur - SERVER_OTHER_FILES
		    : SERVER_OTHER_FILES;
	s->visits_max = n;
	/* what is left is for those that were sent away and are not gone */
	s->strangers_max = n / 4 < SERVER_STRANGERS ? n / 4 : SERVER_STRANGERS;
	s->members_max = n / 2 < SERVER_MEMBERS ? n / 2 : SERVER_MEMBERS;
}

struct visit *
server_visit_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info;

	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info != NULL ? info->socket_context : NULL;
}

struct visit *
server_visit_begin(struct server *s, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *fd, *from;
	struct visit *v = NULL;

	fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	from = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (fd == NULL)
		return NULL;
	(void)pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < SERVER_VISITS && v == NULL; i++)
		if (!s->visits[i].is_here)
			v = &s->visits[i];
	if (v == NULL) {
		/* more of them end than the threads have got round to */
		(void)shutdown(fd->connect_fd, SHUT_RDWR);
	} else {
		*v = (struct visit){ .is_here = true,
			.fd = fd->connect_fd,
			.since_ms = env_mono_ms(env_posix()) };
		v->is_known = address_of(v->from,
				  from != NULL ? from->client_addr : NULL) &&
		    is_known(s, v->from);
		strangers_make_room(s, v);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return v;
}

void
server_visit_end(struct server *s, struct visit *v)
{
	if (v == NULL)
		return;
	(void)pthread_mutex_lock(&s->lock);
	assert(v->want_bytes == 0);
	v->is_here = false;
	(void)pthread_mutex_unlock(&s->lock);
}

void
server_visit_prove(struct server *s, struct visit *v,
    const uint8_t key[static TLS_KEY_BYTES])
{
	if (v == NULL)
		return;
	(void)pthread_mutex_lock(&s->lock);
	v->moved_ms = env_mono_ms(env_posix());
	if (!v->is_member) {
		v->is_member = true;
		memcpy(v->key, key, TLS_KEY_BYTES);
		members_make_room(s, v);
	}
	caller_note(s, v->from);
	(void)pthread_mutex_unlock(&s->lock);
}

/* ---- bodies ---- */

/* Bodies that the same member left unfinished on other connections go when its
 * new one does not fit beside them: it calls once at a time. Lock held. */
static void
own_make_room(struct server *s, const struct visit *v, size_t n)
{
	size_t sum = n;

	for (size_t i = 0; i < SERVER_VISITS; i++)
		if (is_same(&s->visits[i], v))
			sum += s->visits[i].want_bytes;
	for (size_t i = 0; i < SERVER_VISITS && sum > LIMIT_MESSAGE_BYTES; i++)
		if (is_same(&s->visits[i], v) &&
		    s->visits[i].got_bytes < s->visits[i].want_bytes)
			send_away(&s->visits[i]);
}

bool
server_body_begin(struct server *s, struct visit *v, size_t n)
{
	int64_t now = env_mono_ms(env_posix());
	struct visit *slow;
	bool fits;

	if (v == NULL)
		return false;
	(void)pthread_mutex_lock(&s->lock);
	if (v->is_member)
		own_make_room(s, v, n);
	fits = n <= SERVER_BODIES_BYTES - s->taken_bytes;
	if (fits) {
		s->taken_bytes += n;
		v->want_bytes = n;
		v->got_bytes = 0;
		v->body_ms = now;
	} else {
		/* there is room when this caller comes again */
		slow = slowest(s, now);
		if (slow != NULL)
			send_away(slow);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return fits;
}

void
server_body_more(struct server *s, struct visit *v, size_t n)
{
	(void)pthread_mutex_lock(&s->lock);
	v->got_bytes += n;
	v->moved_ms = env_mono_ms(env_posix());
	(void)pthread_mutex_unlock(&s->lock);
}

void
server_body_end(struct server *s, struct visit *v)
{
	if (v == NULL)
		return;
	(void)pthread_mutex_lock(&s->lock);
	s->taken_bytes -= v->want_bytes;
	v->want_bytes = v->got_bytes = 0;
	(void)pthread_mutex_unlock(&s->lock);
}
