/*
 * Who may be connected to the page: so many in all, so many from one network, and
 * nobody for longer than PAGE_REQUEST_S without a whole request.
 *
 * libmicrohttpd accepts and tells of each connection when it begins and ends; its
 * own timeout is for who says nothing, and a byte now and then is something. A
 * connection is made to end by shutting its socket down, as in server_door.c.
 * Thread-safe.
 */
#ifndef FOOTBRIDGE_NODE_API_PAGE_DOOR_H
#define FOOTBRIDGE_NODE_API_PAGE_DOOR_H

#include <pthread.h>
#include <sys/socket.h>

#include "sync/err.h"

/* browsers open six at a time */
#define PAGE_CONNECTIONS 256
/* from one address, of IPv6 from one network of 2^64 of them */
#define PAGE_PER_ADDRESS 32
/* from the beginning, or the answer before, to a whole request */
#define PAGE_REQUEST_S 30
/* places, those included that were shut down and are not gone yet */
#define PAGE_VISITS (2 * PAGE_CONNECTIONS)
#define PAGE_FROM_BYTES 16

/* One connection. All of it belongs to page_door.lock. */
struct page_visit {
	bool is_here, is_leaving;
	bool is_answered; /* its request is whole, and the answer under way */
	int fd;
	uint8_t from[PAGE_FROM_BYTES];
	int64_t since_ms; /* monotonic: what it is at now began */
};

struct page_door {
	pthread_mutex_t lock;
	struct page_visit visits[PAGE_VISITS];
};

void page_door_init(struct page_door *d);
void page_door_release(struct page_door *d);

/* A connection began. Who took too long is sent away; and when there are too many,
 * the one that is at its request for longest, or this one, where its own address
 * has too many. NULL: there is no place, and it was shut down. */
struct page_visit *page_door_begin(struct page_door *d, int fd,
    const struct sockaddr *from);
/* Its request is whole; its answer is sent. v may be NULL in all of these. */
void page_door_whole(struct page_door *d, struct page_visit *v);
void page_door_answered(struct page_door *d, struct page_visit *v);
void page_door_end(struct page_door *d, struct page_visit *v);

#endif
