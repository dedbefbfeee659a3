/* One table, looked through whenever somebody comes: only then does it matter who
 * stays too long. */
#include "node/api/page_door.h"

#include <string.h>

#include <netinet/in.h>

#include "sync/env.h"

void
page_door_init(struct page_door *d)
{
	memset(d->visits, 0, sizeof(d->visits));
	(void)pthread_mutex_init(&d->lock, NULL);
}

void
page_door_release(struct page_door *d)
{
	(void)pthread_mutex_destroy(&d->lock);
}

static void
address_of(uint8_t out[static PAGE_FROM_BYTES], const struct sockaddr *sa)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	memset(out, 0, PAGE_FROM_BYTES);
	if (sa != NULL && sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof(v4));
		memcpy(out, mapped, sizeof(mapped));
		memcpy(out + sizeof(mapped), &v4.sin_addr, sizeof(v4.sin_addr));
	} else if (sa != NULL && sa->sa_family == AF_INET6) {
		memcpy(&v6, sa, sizeof(v6));
		memcpy(out, &v6.sin6_addr, PAGE_FROM_BYTES);
		/* one network has 2^64 of them */
		if (memcmp(out, mapped, sizeof(mapped)) != 0)
			memset(out + 8, 0, PAGE_FROM_BYTES - 8);
	}
}

/* ---- lock held, all of these ---- */

static bool
is_staying(const struct page_visit *v)
{
	return v->is_here && !v->is_leaving;
}

static void
send_away(struct page_visit *v)
{
	v->is_leaving = true;
	(void)shutdown(v->fd, SHUT_RDWR);
}

static void
send_slow_away(struct page_door *d, int64_t now)
{
	for (size_t i = 0; i < PAGE_VISITS; i++) {
		struct page_visit *v = &d->visits[i];

		if (is_staying(v) && !v->is_answered &&
		    now - v->since_ms > (int64_t)PAGE_REQUEST_S * 1000)
			send_away(v);
	}
}

/* The one that is at its request for longest; newest where there is none. */
static struct page_visit *
slowest(struct page_door *d, struct page_visit *newest)
{
	struct page_visit *pick = NULL;

	for (size_t i = 0; i < PAGE_VISITS; i++) {
		struct page_visit *v = &d->visits[i];

		if (is_staying(v) && !v->is_answered && v != newest &&
		    (pick == NULL || v->since_ms < pick->since_ms))
			pick = v;
	}
	return pick != NULL ? pick : newest;
}

static void
make_room(struct page_door *d, struct page_visit *newest)
{
	size_t all = 0, same = 0;

	for (size_t i = 0; i < PAGE_VISITS; i++) {
		const struct page_visit *v = &d->visits[i];

		if (!is_staying(v))
			continue;
		all++;
		same += memcmp(v->from, newest->from, PAGE_FROM_BYTES) == 0;
	}
	if (same > PAGE_PER_ADDRESS)
		send_away(newest);
	else if (all > PAGE_CONNECTIONS)
		send_away(slowest(d, newest));
}

/* ---- begin and end ---- */

struct page_visit *
page_door_begin(struct page_door *d, int fd, const struct sockaddr *from)
{
	int64_t now = env_mono_ms(env_posix());
	struct page_visit *v = NULL;

	(void)pthread_mutex_lock(&d->lock);
	send_slow_away(d, now);
	for (size_t i = 0; i < PAGE_VISITS && v == NULL; i++)
		if (!d->visits[i].is_here)
			v = &d->visits[i];
	if (v == NULL) {
		(void)shutdown(fd, SHUT_RDWR);
	} else {
		*v = (struct page_visit){ .is_here = true,
			.fd = fd,
			.since_ms = now };
		address_of(v->from, from);
		make_room(d, v);
	}
	(void)pthread_mutex_unlock(&d->lock);
	return v;
}

static void
set(struct page_door *d, struct page_visit *v, bool is_here, bool is_answered)
{
	if (v == NULL)
		return;
	(void)pthread_mutex_lock(&d->lock);
	v->is_here = is_here;
	v->is_answered = is_answered;
	v->since_ms = env_mono_ms(env_posix());
	(void)pthread_mutex_unlock(&d->lock);
}

void
page_door_whole(struct page_door *d, struct page_visit *v)
{
	set(d, v, true, true);
}

void
page_door_answered(struct page_door *d, struct page_visit *v)
{
	set(d, v, true, false);
}

void
page_door_end(struct page_door *d, struct page_visit *v)
{
	set(d, v, false, false);
}
