/*
 * A small network over loopback for the HTTPS tests: a server that echoes,
 * members and a stranger with certificates, clients of ours for each.
 */
#ifndef FOOTBRIDGE_TESTS_SUPPORT_HTTPS_H
#define FOOTBRIDGE_TESTS_SUPPORT_HTTPS_H

#include <pthread.h>
#include <stdatomic.h>

#include "node/client.h"
#include "node/server.h"

/* all but HUB and STRANGER are members */
enum who { HUB, NORTH, STRANGER, SOUTH, EAST, WHO_COUNT };

struct world {
	uint8_t key[WHO_COUNT][TLS_KEY_BYTES];
	uint8_t secret[WHO_COUNT][TLS_SECRET_BYTES];
	struct tls_cert cert[WHO_COUNT];
	struct server *server;
	char address[ADDRESS_TEXT_BYTES];
	atomic_int asked, handled, held; /* calls of the hooks */
	/* what the handler does */
	enum err answer_error;
	size_t answer_bytes;  /* 0 = echo */
	bool all_are_members; /* whatever key */
	pthread_mutex_t gate; /* held: the handler waits */
};

/* what the handler says with answer_error */
extern const char world_refusal[];

/* For cmocka: *state is a struct world whose HUB serves and knows the members. */
int world_setup(void **state);
int world_teardown(void **state);
/* Serve again, on a free port or where it was. */
void world_serve(struct world *w, const char *listen);
/* Stop serving. */
void world_stop(struct world *w);

/* A client of who (WHO_COUNT: without certificate) that pins HUB. */
struct client *world_call(struct world *w, enum who who);
struct client *world_call_at(struct world *w, const char *address,
    enum who who);

/* n bytes come back as they went. */
void expect_echo(struct client *c, const char *path, size_t n);
/* The result of a request of n bytes that fails and, in f (may be NULL), the
 * line; asserts that the answer is untouched. */
enum err refusal(struct client *c, const char *path, size_t n, struct fail *f);

/* ---- callers that are not ours ---- */

/* A TCP connection to the server, from a loopback address. */
int plain_connect(const struct world *w);
int plain_connect_from(const struct world *w, const char *from);

struct raw {
	gnutls_session_t session;
	gnutls_certificate_credentials_t cred;
	int fd;
};

/* A TLS client with these priorities and, unless NULL, this certificate; what
 * the handshake came to. raw_close in any case. */
int raw_open(struct raw *r, const struct world *w, const char *priority,
    const struct tls_cert *cert);
void raw_close(struct raw *r);
/* Send this head and give back the status of the answer, 0 if there is none. */
int raw_ask(struct raw *r, const char *head);

#endif
