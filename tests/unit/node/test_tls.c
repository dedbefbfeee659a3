/*
 * Certificates: one key, one certificate; dates mean nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/https.h"

/* A certificate over the node's key that expired long ago. */
static void
make_expired(struct tls_cert *out, const struct world *w, enum who who)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	gnutls_datum_t pem;

	assert_int_equal(gnutls_x509_privkey_init(&key), 0);
	assert_int_equal(gnutls_x509_crt_init(&crt), 0);
	pem = (gnutls_datum_t){ w->cert[who].key.p,
		(unsigned)w->cert[who].key.n };
	assert_int_equal(gnutls_x509_privkey_import(key, &pem,
			     GNUTLS_X509_FMT_PEM),
	    0);
	(void)gnutls_x509_crt_set_version(crt, 3);
	(void)gnutls_x509_crt_set_serial(crt, "\1", 1);
	(void)gnutls_x509_crt_set_activation_time(crt, 1000000000);
	(void)gnutls_x509_crt_set_expiration_time(crt, 1000003600);
	(void)gnutls_x509_crt_set_key(crt, key);
	assert_int_equal(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA512,
			     0),
	    0);
	assert_int_equal(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM,
			     &pem),
	    0);
	*out = (struct tls_cert){ 0 };
	buf_put(&out->cert, pem.data, pem.size);
	buf_put(&out->key, w->cert[who].key.p, w->cert[who].key.n);
	(void)buf_cstr(&out->cert);
	(void)buf_cstr(&out->key);
	gnutls_free(pem.data);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
}

static void
expired_certificates_are_as_good_as_any(void **state)
{
	struct world *w = *state;
	struct client *c;

	world_stop(w);
	for (int i = HUB; i <= NORTH; i++) {
		struct tls_cert old;

		make_expired(&old, w, (enum who)i);
		tls_cert_release(&w->cert[i]);
		w->cert[i] = old;
	}
	world_serve(w, "127.0.0.1:0");
	c = world_call(w, NORTH);
	expect_echo(c, SERVER_PATH_EXCHANGE, 10);
	client_close(c, NULL);
}

static void
one_key_makes_one_certificate_and_one_pin(void **state)
{
	struct world *w = *state;
	struct tls_cert again;
	struct node_id node = { { NORTH } };
	char pin[TLS_PIN_BYTES];

	assert_int_equal(tls_cert_make(&again, &node, w->secret[NORTH], NULL),
	    OK);
	assert_string_equal((const char *)again.cert.p,
	    (const char *)w->cert[NORTH].cert.p);
	tls_cert_release(&again);
	/* as openssl prints it for RFC 8032's first test key */
	assert_int_equal(hex_decode(w->key[NORTH], TLS_KEY_BYTES,
			     "d75a980182b10ab7d54bfed3c964073a"
			     "0ee172f3daa62325af021a68f707511a"),
	    OK);
	tls_pin(pin, w->key[NORTH]);
	assert_string_equal(pin,
	    "sha256//BuP9j9opu2CrWVV95h7bCuzbIxE0vjDnW0Vfjht5L6k=");
}

static void
a_key_log_file_is_refused(void **state)
{
	struct world *w = *state;
	struct node_id node = { { NORTH } };
	struct tls_cert again = { 0 };
	struct fail f = { 0 };

	assert_int_equal(setenv("SSLKEYLOGFILE", "/dev/null", 1), 0);
	assert_int_equal(tls_cert_make(&again, &node, w->secret[NORTH], &f),
	    ERR_INPUT);
	assert_int_equal(unsetenv("SSLKEYLOGFILE"), 0);
	assert_non_null(strstr(f.text, "SSLKEYLOGFILE"));
	assert_null(again.key.p);
}

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		CASE(expired_certificates_are_as_good_as_any),
		CASE(one_key_makes_one_certificate_and_one_pin),
		CASE(a_key_log_file_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
