/* Between the files server*.c only. */
#ifndef FOOTBRIDGE_NODE_SERVER_I_H
#define FOOTBRIDGE_NODE_SERVER_I_H

#include <microhttpd.h>
#include <pthread.h>

#include "node/server.h"

/* callers the kernel keeps waiting for us */
#define SERVER_BACKLOG 1024
/* connections that libmicrohttpd has, those included that are being ended */
#define SERVER_VISITS 2048

/* One connection. All of it belongs to server.lock. */
struct visit {
	bool is_here;
	bool is_known;   /* members called from this address lately */
	bool is_member;  /* it proved a member's key */
	bool is_leaving; /* it was shut down */
	int fd;
	uint8_t from[SERVER_FROM_BYTES];
	uint8_t key[TLS_KEY_BYTES]; /* when is_member */
	int64_t since_ms, moved_ms; /* monotonic */
	/* the body that is being received, want_bytes 0: none */
	size_t want_bytes, got_bytes;
	int64_t body_ms;
};

/* One request whose body is being received, or that waits. */
struct turn {
	enum server_path path;
	uint8_t key[TLS_KEY_BYTES];
	struct visit *visit; /* NULL: there was no room for it */
	struct buf body;
	bool is_refused; /* answered at the head */
	bool is_let_go;  /* waited, and is to be answered now */
	bool has_news;
};

struct held {
	uint64_t no;
	int64_t since_ms;
	struct MHD_Connection *connection;
	struct turn *turn;
};

struct server {
	struct MHD_Daemon *mhd;
	struct server_hooks hooks;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t idle;  /* busy became 0 */
	unsigned busy;        /* requests from head to end of answer */
	size_t taken_bytes;   /* announced by the bodies being received */
	bool stopping;        /* nobody waits any more */
	/* connections, and of them at most so many of each sort */
	size_t visits_max, strangers_max, members_max;
	struct visit visits[SERVER_VISITS];
	size_t caller_count;
	struct server_caller callers[SERVER_CALLERS];
	struct held held[SERVER_HELD];
	size_t held_count;
	uint64_t held_no; /* the last number given */
};

/*
 * Suspend the request on its own thread until it is let go. False: there is no
 * room, or the server stops. An earlier one of the same key is let go.
 */
bool server_hold(struct server *s, struct MHD_Connection *c, struct turn *t);
/* Let all go, and hold nobody from now on. */
void server_hold_end(struct server *s);
/* The request is over: it waits no more. s->lock held. */
void server_hold_forget(struct server *s, const struct turn *t);

/* How many connections this process has file descriptors for. */
void server_room(struct server *s);
/*
 * A connection began; a stranger at random goes when there are too many. NULL:
 * there is no room, and it was shut down.
 */
struct visit *server_visit_begin(struct server *s, struct MHD_Connection *c);
void server_visit_end(struct server *s, struct visit *v);
struct visit *server_visit_of(struct MHD_Connection *c);
/* It proved this member's key, or used an invite. */
void server_visit_prove(struct server *s, struct visit *v,
    const uint8_t key[static TLS_KEY_BYTES]);

/*
 * A body of n bytes was announced. False: no room now; then the one that has
 * come in most slowly for SERVER_SLOW_MS, if there is one, goes.
 */
bool server_body_begin(struct server *s, struct visit *v, size_t n);
void server_body_more(struct server *s, struct visit *v, size_t n);
void server_body_end(struct server *s, struct visit *v);

/* A non-blocking listening socket; the address it got. Errors as
 * server_start. */
enum err server_socket(int *out, char address[static ADDRESS_TEXT_BYTES],
    const char *where, struct fail *f);

#endif
