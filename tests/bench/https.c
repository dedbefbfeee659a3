/* HTTPS between nodes over loopback: requests a second, bytes around bodies. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "node/client.h"
#include "node/server.h"
#include "sync/env.h"

#define REQUESTS 2000
#define CONTACTS 200
#define BODY_BYTES 150

struct end {
	uint8_t key[TLS_KEY_BYTES], secret[TLS_SECRET_BYTES];
	struct tls_cert cert;
};

static bool
is_member(void *ctx, const uint8_t key[static TLS_KEY_BYTES])
{
	(void)ctx;
	(void)key;
	return true;
}

static enum err
handle(void *ctx, struct buf *answer, const struct server_request *rq,
    struct fail *f)
{
	(void)ctx;
	(void)f;
	buf_put(answer, rq->body, rq->n);
	return OK;
}

static enum err
end_make(struct end *end, uint8_t number)
{
	const struct node_id node = { { number } };
	uint8_t seed[crypto_sign_SEEDBYTES];

	memset(seed, number, sizeof(seed));
	/* lint: a fixed seed is wanted */
	crypto_sign_seed_keypair(end->key, end->secret, seed);
	return tls_cert_make(&end->cert, &node, end->secret, NULL);
}

/* One contact of so many requests; its count is added to *sum. */
static enum err
contact(struct client_stats *sum, const struct client_options *o, int requests)
{
	static const uint8_t body[BODY_BYTES] = { 0 };
	struct client_stats s = { 0 };
	struct buf answer = { 0 };
	struct client *c = NULL;
	enum err e = client_open(&c, o, NULL);

	for (int i = 0; e == OK && i < requests; i++) {
		buf_reset(&answer);
		e = client_post(c, &answer, SERVER_PATH_EXCHANGE, body,
		    sizeof(body), NULL);
	}
	client_close(c, &s);
	buf_release(&answer);
	sum->wire_sent_bytes += s.wire_sent_bytes;
	sum->wire_received_bytes += s.wire_received_bytes;
	sum->head_sent_bytes += s.head_sent_bytes;
	sum->head_received_bytes += s.head_received_bytes;
	return e;
}

static enum err
measure(const struct client_options *o)
{
	struct client_stats one = { 0 }, many = { 0 };
	int64_t from = env_mono_ms(env_posix()), kept_ms, new_ms;
	enum err e = contact(&one, o, REQUESTS);

	kept_ms = env_mono_ms(env_posix()) - from;
	from = env_mono_ms(env_posix());
	for (int i = 0; e == OK && i < CONTACTS; i++)
		e = contact(&many, o, 1);
	new_ms = env_mono_ms(env_posix()) - from;
	if (e != OK)
		return e;
	printf("{\"requests_per_s\": %.0f, \"contacts_per_s\": %.0f, "
	       "\"contact_sent_bytes\": %lld, "
	       "\"contact_received_bytes\": %lld, "
	       "\"contact_head_bytes\": %lld, "
	       "\"further_request_overhead_bytes\": %lld}\n",
	    REQUESTS * 1000.0 / (double)(kept_ms + 1),
	    CONTACTS * 1000.0 / (double)(new_ms + 1),
	    (long long)(many.wire_sent_bytes / CONTACTS - BODY_BYTES),
	    (long long)(many.wire_received_bytes / CONTACTS - BODY_BYTES),
	    (long long)((many.head_sent_bytes + many.head_received_bytes) /
		CONTACTS),
	    (long long)((one.wire_sent_bytes + one.wire_received_bytes) /
		    REQUESTS -
		2 * BODY_BYTES));
	return OK;
}

int
main(void)
{
	const struct server_hooks hooks = { .is_member = is_member,
		.handle = handle };
	struct end hub = { .key = { 0 } }, north = { .key = { 0 } };
	char address[ADDRESS_TEXT_BYTES];
	struct client_options o = { .address = address,
		.name = "Hub",
		.pin = hub.key,
		.cert = &north.cert };
	struct server *s = NULL;
	struct fail f = { 0 };
	enum err e;

	if (sodium_init() < 0 || end_make(&hub, 1) != OK ||
	    end_make(&north, 2) != OK)
		return 1;
	e = server_start(&s, address, "127.0.0.1:0", &hub.cert, &hooks, &f);
	if (e == OK)
		e = measure(&o);
	if (e != OK)
		(void)fprintf(stderr, "%s %s\n", err_name(e), f.text);
	server_stop(s);
	tls_cert_release(&hub.cert);
	tls_cert_release(&north.cert);
	return e == OK ? 0 : 1;
}
