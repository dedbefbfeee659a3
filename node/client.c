/*
 * libcurl over OpenSSL: it takes key and certificate from memory.
 *
 * Bytes on the wire come from the kernel (TCP_INFO) at the moment a socket is
 * closed, so that the count holds whatever the TLS library sends.
 */
#include "node/client_i.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/env.h"

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static bool curl_is_ready;

static void
curl_prepare(void)
{
	curl_is_ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

/* ---- opening ---- */

/* Every option by name, so that one that an older libcurl lacks is noticed. */
#define SET(option, value) \
	do { \
		if (curl_easy_setopt(a->curl, option, value) != CURLE_OK) \
			return ERR_NOMEM; \
	} while (0)

static enum err
set_blob(struct attempt *a, CURLoption option, const struct buf *pem)
{
	struct curl_blob blob = { .data = pem->p,
		.len = pem->n,
		.flags = CURL_BLOB_NOCOPY };

	SET(option, &blob);
	return OK;
}

static enum err
set_tls(struct attempt *a)
{
	const struct client *c = a->client;
	char pin[TLS_PIN_BYTES];

	tls_pin(pin, c->pin);
	SET(CURLOPT_PINNEDPUBLICKEY, pin);
	/* the pin is the whole proof: no authority, no name, no date */
	SET(CURLOPT_SSL_VERIFYPEER, 0L);
	SET(CURLOPT_SSL_VERIFYHOST, 0L);
	SET(CURLOPT_CAINFO, NULL);
	SET(CURLOPT_CAPATH, NULL);
	SET(CURLOPT_SSLVERSION,
	    (long)CURL_SSLVERSION_TLSv1_3 | (long)CURL_SSLVERSION_MAX_TLSv1_3);
	SET(CURLOPT_TLS13_CIPHERS, "TLS_AES_256_GCM_SHA384");
	SET(CURLOPT_SSL_EC_CURVES, "X25519:P-256");
	SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);
	SET(CURLOPT_SSL_ENABLE_ALPN, 0L);
	if (c->o.cert == NULL)
		return OK;
	SET(CURLOPT_SSLCERTTYPE, "PEM");
	SET(CURLOPT_SSLKEYTYPE, "PEM");
	if (set_blob(a, CURLOPT_SSLCERT_BLOB, &c->o.cert->cert) != OK)
		return ERR_NOMEM;
	return set_blob(a, CURLOPT_SSLKEY_BLOB, &c->o.cert->key);
}

static enum err
make_heads(struct client *c)
{
	static const char *const unwanted[] = { "Accept:", "Content-Type:",
		"Expect:", "User-Agent:" };
	struct curl_slist *longer;

	for (size_t i = 0; i < COUNT_OF(unwanted); i++) {
		longer = curl_slist_append(c->heads, unwanted[i]);
		if (longer == NULL)
			return ERR_NOMEM;
		c->heads = longer;
	}
	return OK;
}

static enum err
set_transfer(struct attempt *a)
{
	SET(CURLOPT_HTTPHEADER, a->client->heads);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_REDIR_PROTOCOLS_STR, "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_NOSIGNAL, 1L);
	/* an address may have moved since the last contact */
	SET(CURLOPT_MAXLIFETIME_CONN, 3600L);
	return client_dial_options(a);
}

static enum err
prepare(struct client *c)
{
	enum err e = make_heads(c);

	c->multi = curl_multi_init();
	if (c->multi == NULL ||
	    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS,
		(long)CLIENT_ATTEMPTS) != CURLM_OK)
		return ERR_NOMEM;
	for (size_t k = 0; e == OK && k < CLIENT_ATTEMPTS; k++) {
		struct attempt *a = &c->attempts[k];

		a->client = c;
		a->curl = curl_easy_init();
		e = a->curl == NULL ? ERR_NOMEM : set_transfer(a);
		if (e == OK)
			e = set_tls(a);
	}
	return e;
}

enum err
client_open(struct client **out, const struct client_options *o, struct fail *f)
{
	struct client *c;
	struct address a;
	enum err e;

	if (o->pin == NULL)
		return fail_set(f, ERR_INPUT,
		    "the key of %.80s is not known, so it cannot be called",
		    o->name);
	e = address_parse(&a, o->address, f);
	if (e != OK)
		return fail_in(f, e, "%.80s", o->name);
	(void)pthread_once(&curl_once, curl_prepare);
	c = calloc(1, sizeof(*c));
	if (c == NULL || !curl_is_ready) {
		free(c);
		return fail_set(f, ERR_NOMEM, "the HTTPS client");
	}
	c->o = *o;
	if (c->o.stall_ms == 0)
		c->o.stall_ms = CLIENT_STALL_MS;
	if (c->o.silent_ms == 0)
		c->o.silent_ms = CLIENT_SILENT_MS;
	memcpy(c->pin, o->pin, sizeof(c->pin));
	(void)snprintf(c->name, sizeof(c->name), "%s", o->name);
	(void)snprintf(c->address, sizeof(c->address), "%s%s%s:%s",
	    a.is_v6 ? "[" : "", a.host, a.is_v6 ? "]" : "", a.port);
	if (c->o.answer_limit == 0)
		c->o.answer_limit = LIMIT_MESSAGE_BYTES;
	buf_init(&c->answer, c->o.answer_limit);
	buf_init(&c->anew, LIMIT_MESSAGE_BYTES);
	c->at = &c->attempts[0];
	if (prepare(c) != OK) {
		client_close(c, NULL);
		return fail_set(f, ERR_NOMEM, "the HTTPS client");
	}
	*out = c;
	return OK;
}

/* ---- a request ---- */

/* The head that libcurl sends, all optional lines being switched off. */
static int64_t
head_bytes(const struct client *c, const char *path, size_t n)
{
	return snprintf(NULL, 0,
	    "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %zu\r\n\r\n", path,
	    c->address, n);
}

/* How fast it went. Sending is the kernel's estimate, since libcurl is done
 * when the kernel has the bytes. */
static void
measure(struct client *c, size_t n)
{
	curl_off_t first_us = 0, last_us = 0;
	int64_t rate = n >= CLIENT_SAMPLE_BYTES ? client_dial_rate(c) : 0;

	if (rate > 0)
		c->stats.sent_bytes_per_s = rate;
	if (c->answer.n >= CLIENT_SAMPLE_BYTES &&
	    curl_easy_getinfo(c->at->curl, CURLINFO_STARTTRANSFER_TIME_T,
		&first_us) == CURLE_OK &&
	    curl_easy_getinfo(c->at->curl, CURLINFO_TOTAL_TIME_T, &last_us) ==
		CURLE_OK)
		c->stats.received_bytes_per_s = (int64_t)c->answer.n * 1000000 /
		    (last_us > first_us ? last_us - first_us : 1);
}

static void
count_request(struct client *c, const char *path)
{
	size_t n = c->began_anew ? c->anew.n : c->body_bytes;
	char *ip = NULL;
	long value = 0;

	if (curl_easy_getinfo(c->at->curl, CURLINFO_PRIMARY_IP, &ip) ==
		CURLE_OK &&
	    ip != NULL)
		c->stats.near = address_is_near(ip);
	c->stats.requests++;
	c->stats.body_sent_bytes += (int64_t)n;
	c->stats.body_received_bytes += (int64_t)c->answer.n;
	c->stats.head_sent_bytes += head_bytes(c, path, n);
	if (curl_easy_getinfo(c->at->curl, CURLINFO_HEADER_SIZE, &value) ==
	    CURLE_OK)
		c->stats.head_received_bytes += value;
	measure(c, n);
}

/* The first line of a refusal. */
static void
keep_said(struct client *c)
{
	size_t n = c->answer.n;

	if (n >= sizeof(c->said))
		n = sizeof(c->said) - 1;
	if (n > 0)
		memcpy(c->said, c->answer.p, n);
	c->said[n] = '\0';
	c->said[strcspn(c->said, "\r\n")] = '\0';
}

const char *
client_said(const struct client *c)
{
	return c->said;
}

bool
client_began_anew(const struct client *c)
{
	return c->began_anew;
}

static bool
set_url(struct client *c, const char *path)
{
	char url[ADDRESS_TEXT_BYTES + 64];

	(void)snprintf(url, sizeof(url), "https://%s%s", c->address, path);
	for (size_t k = 0; k < CLIENT_ATTEMPTS; k++)
		if (curl_easy_setopt(c->attempts[k].curl, CURLOPT_URL, url) !=
		    CURLE_OK)
			return false;
	return true;
}

enum err
client_post(struct client *c, struct buf *answer, const char *path,
    const uint8_t *body, size_t n, struct fail *f)
{
	long value = 0;
	int rc;
	enum err e = OK;

	if (n > LIMIT_MESSAGE_BYTES)
		return fail_set(f, ERR_LIMIT,
		    "a request of %zu bytes, at most %d are allowed", n,
		    LIMIT_MESSAGE_BYTES);
	if (!set_url(c, path))
		return fail_set(f, ERR_NOMEM, "the request");
	c->said[0] = '\0';
	c->body = body;
	c->body_bytes = n;
	rc = client_dial(c);
	c->body = NULL;
	if (rc != CURLE_OK)
		e = client_fail(c, rc, f);
	if (e == OK)
		count_request(c, path);
	if (e == OK &&
	    curl_easy_getinfo(c->at->curl, CURLINFO_RESPONSE_CODE, &value) !=
		CURLE_OK)
		value = 0;
	if (e == OK && value != 200) {
		keep_said(c);
		e = client_refused(c, value, f);
	}
	if (e == OK || e == ERR_REVOKED) {
		buf_put(answer, c->answer.p, c->answer.n);
		if (answer->err != OK)
			e = fail_set(f, answer->err, "the answer");
	}
	buf_reset(&c->answer);
	return e;
}

void
client_stats(const struct client *c, struct client_stats *out)
{
	*out = c->stats;
	client_dial_count(c, out);
}

void
client_close(struct client *c, struct client_stats *out)
{
	if (c == NULL)
		return;
	/* closes the connection, which is counted then */
	for (size_t k = 0; k < CLIENT_ATTEMPTS; k++)
		curl_easy_cleanup(c->attempts[k].curl);
	(void)curl_multi_cleanup(c->multi);
	curl_slist_free_all(c->heads);
	buf_release(&c->answer);
	buf_release(&c->anew);
	if (out != NULL)
		*out = c->stats;
	free(c);
}
