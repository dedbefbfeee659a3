/* Between server.c, server_hold.c and server_listen.c only. */
#ifndef FOOTBRIDGE_NODE_SERVER_I_H
#define FOOTBRIDGE_NODE_SERVER_I_H

#include <microhttpd.h>
#include <pthread.h>

#include "node/server.h"

/* callers the kernel keeps waiting for us */
#define SERVER_BACKLOG 128

/* One request whose body is being received, or that waits. */
struct turn {
	enum server_path path;
	uint8_t key[TLS_KEY_BYTES];
	struct buf body;
	size_t taken_bytes; /* of server.taken_bytes */
	bool is_refused;    /* answered at the head */
	bool is_let_go;     /* waited, and is to be answered now */
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

/* A non-blocking listening socket; the address it got. Errors as
 * server_start. */
enum err server_socket(int *out, char address[static ADDRESS_TEXT_BYTES],
    const char *where, struct fail *f);

#endif
