/* Fixed keys, a gate that lets a test hold an answer back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/https.h"

const char world_refusal[] = "the steward says why\x1b";

static void
world_held(void *ctx)
{
	struct world *w = ctx;

	atomic_fetch_add(&w->held, 1);
}

static bool
world_is_member(void *ctx, const uint8_t key[static TLS_KEY_BYTES])
{
	struct world *w = ctx;

	atomic_fetch_add(&w->asked, 1);
	return w->all_are_members ||
	    memcmp(key, w->key[NORTH], TLS_KEY_BYTES) == 0 ||
	    memcmp(key, w->key[SOUTH], TLS_KEY_BYTES) == 0 ||
	    memcmp(key, w->key[EAST], TLS_KEY_BYTES) == 0;
}

static enum err
world_handle(void *ctx, struct buf *answer, const struct server_request *rq,
    struct fail *f)
{
	struct world *w = ctx;

	atomic_fetch_add(&w->handled, 1);
	(void)pthread_mutex_lock(&w->gate);
	(void)pthread_mutex_unlock(&w->gate);
	if (w->answer_error != OK)
		return fail_set(f, w->answer_error, "%s", world_refusal);
	if (w->answer_bytes > 0)
		buf_zero(answer, w->answer_bytes);
	else
		buf_put(answer, rq->body, rq->n);
	return OK;
}

static void
world_key(struct world *w, enum who who)
{
	uint8_t seed[crypto_sign_SEEDBYTES];
	struct node_id node = { { (uint8_t)who } };

	memset(seed, 17 + (int)who, sizeof(seed));
	/* lint: a fixed seed is what the test wants */
	crypto_sign_seed_keypair(w->key[who], w->secret[who], seed);
	assert_int_equal(tls_cert_make(&w->cert[who], &node, w->secret[who],
			     NULL),
	    OK);
}

void
world_serve(struct world *w, const char *listen)
{
	const struct server_hooks hooks = { .ctx = w,
		.is_member = world_is_member,
		.handle = world_handle,
		.held = world_held,
		.slow_ms = 1 };
	struct fail f = { 0 };

	if (server_start(&w->server, w->address, listen, &w->cert[HUB], &hooks,
		&f) != OK)
		fail_msg("%s", f.text);
}

void
world_stop(struct world *w)
{
	server_stop(w->server);
	w->server = NULL;
}

int
world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	assert_true(sodium_init() >= 0);
	(void)pthread_mutex_init(&w->gate, NULL);
	for (int i = 0; i < WHO_COUNT; i++)
		world_key(w, (enum who)i);
	world_serve(w, "127.0.0.1:0");
	*state = w;
	return 0;
}

int
world_teardown(void **state)
{
	struct world *w = *state;

	world_stop(w);
	for (int i = 0; i < WHO_COUNT; i++)
		tls_cert_release(&w->cert[i]);
	(void)pthread_mutex_destroy(&w->gate);
	free(w);
	return 0;
}

struct client *
world_call_at(struct world *w, const char *address, enum who who)
{
	const struct client_options o = { .address = address,
		.name = "Hub",
		.pin = w->key[HUB],
		.cert = who == WHO_COUNT ? NULL : &w->cert[who] };
	struct client *c = NULL;
	struct fail f = { 0 };

	if (client_open(&c, &o, &f) != OK)
		fail_msg("%s", f.text);
	return c;
}

struct client *
world_call(struct world *w, enum who who)
{
	return world_call_at(w, w->address, who);
}

void
expect_echo(struct client *c, const char *path, size_t n)
{
	struct buf body = { 0 }, answer = { 0 };
	struct fail f = { 0 };

	for (size_t i = 0; i < n; i++)
		buf_u8(&body, (uint8_t)(i * 7 + i / 251));
	if (client_post(c, &answer, path, body.p, body.n, &f) != OK)
		fail_msg("%s", f.text);
	assert_int_equal(answer.n, n);
	if (n > 0)
		assert_memory_equal(answer.p, body.p, n);
	buf_release(&body);
	buf_release(&answer);
}

/* The result and, in f, the line. The answer is untouched. */
enum err
refusal(struct client *c, const char *path, size_t n, struct fail *f)
{
	struct buf body = { 0 }, answer = { 0 };
	enum err e;

	buf_zero(&body, n);
	buf_text(&answer, "kept");
	e = client_post(c, &answer, path, body.p, body.n, f);
	assert_int_equal(answer.n, 4);
	buf_release(&body);
	buf_release(&answer);
	return e;
}

int
plain_connect_from(const struct world *w, const char *from)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((
		    uint16_t)strtoul(strrchr(w->address, ':') + 1, NULL, 10)) };
	struct sockaddr_in own = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(inet_pton(AF_INET, from, &own.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

int
plain_connect(const struct world *w)
{
	return plain_connect_from(w, "127.0.0.1");
}

int
raw_open(struct raw *r, const struct world *w, const char *priority,
    const struct tls_cert *cert)
{
	gnutls_datum_t c, k;

	r->fd = plain_connect(w);
	assert_int_equal(gnutls_init(&r->session, GNUTLS_CLIENT), 0);
	assert_int_equal(gnutls_priority_set_direct(r->session, priority, NULL),
	    0);
	assert_int_equal(gnutls_certificate_allocate_credentials(&r->cred), 0);
	if (cert != NULL) {
		c = (gnutls_datum_t){ cert->cert.p, (unsigned)cert->cert.n };
		k = (gnutls_datum_t){ cert->key.p, (unsigned)cert->key.n };
		assert_int_equal(gnutls_certificate_set_x509_key_mem(r->cred,
				     &c, &k, GNUTLS_X509_FMT_PEM),
		    0);
	}
	(void)gnutls_credentials_set(r->session, GNUTLS_CRD_CERTIFICATE,
	    r->cred);
	gnutls_transport_set_int(r->session, r->fd);
	gnutls_handshake_set_timeout(r->session, 5000);
	return gnutls_handshake(r->session);
}

void
raw_close(struct raw *r)
{
	gnutls_deinit(r->session);
	gnutls_certificate_free_credentials(r->cred);
	(void)close(r->fd);
}

int
raw_ask(struct raw *r, const char *head)
{
	char answer[512];
	ssize_t n;

	assert_int_equal(gnutls_record_send(r->session, head, strlen(head)),
	    (ssize_t)strlen(head));
	n = gnutls_record_recv(r->session, answer, sizeof(answer) - 1);
	if (n < 12)
		return 0;
	answer[n] = '\0';
	return (int)strtol(answer + 9, NULL, 10);
}
