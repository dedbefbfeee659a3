/* GnuTLS makes the certificate; libcurl and libmicrohttpd get it as PEM. */
#include "node/tls.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* 2000-01-01, and 9999-12-31T23:59:59: RFC 5280's "no end". Never checked. */
#define TLS_FROM 946684800
#define TLS_UNTIL 253402300799

static void
datum_wipe(gnutls_datum_t *d)
{
	if (d->data != NULL)
		gnutls_memset(d->data, 0, d->size);
	gnutls_free(d->data);
	d->data = NULL;
}

static int
cert_sign(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const char *name)
{
	static const uint8_t serial[1] = { 1 };
	int rc;

	rc = gnutls_x509_crt_set_version(crt, 3);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	if (rc >= 0)
		rc = gnutls_x509_crt_set_activation_time(crt, TLS_FROM);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_expiration_time(crt, TLS_UNTIL);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_dn_by_oid(crt,
		    GNUTLS_OID_X520_COMMON_NAME, 0, name,
		    (unsigned)strlen(name));
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key(crt, key);
	/* Ed25519 fixes its own digest; the argument is not used for more */
	if (rc >= 0)
		rc = gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA512, 0);
	return rc;
}

/* Append a PEM text and a NUL that is not counted. */
static enum err
take_pem(struct buf *out, gnutls_datum_t *pem)
{
	buf_put(out, pem->data, pem->size);
	(void)buf_cstr(out);
	datum_wipe(pem);
	return out->err;
}

enum err
tls_cert_make(struct tls_cert *out, const struct node_id *node,
    const uint8_t secret[static TLS_SECRET_BYTES], struct fail *f)
{
	struct tls_cert made = { 0 };
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t crt = NULL;
	gnutls_datum_t pem = { 0 };
	uint8_t pair[TLS_SECRET_BYTES];
	gnutls_datum_t seed = { pair, TLS_KEY_BYTES };
	gnutls_datum_t point = { pair + TLS_KEY_BYTES, TLS_KEY_BYTES };
	char name[ID_TEXT_BYTES];
	enum err e = ERR_NOMEM;

	if (getenv("SSLKEYLOGFILE") != NULL)
		return fail_set(f, ERR_INPUT,
		    "SSLKEYLOGFILE is set: it would write the keys of every "
		    "connection to a file. Unset it and start again.");
	memcpy(pair, secret, sizeof(pair));
	hex_encode(name, node->b, sizeof(node->b));
	if (gnutls_x509_privkey_init(&key) < 0 ||
	    gnutls_x509_privkey_import_ecc_raw(key, GNUTLS_ECC_CURVE_ED25519,
		&point, NULL, &seed) < 0 ||
	    gnutls_x509_crt_init(&crt) < 0 || cert_sign(crt, key, name) < 0)
		goto out;
	if (gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem) < 0 ||
	    take_pem(&made.cert, &pem) != OK)
		goto out;
	if (gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
		GNUTLS_PKCS_PLAIN, &pem) < 0 ||
	    take_pem(&made.key, &pem) != OK)
		goto out;
	*out = made;
	made = (struct tls_cert){ 0 };
	e = OK;
out:
	if (e != OK)
		e = fail_set(f, e, "the TLS certificate could not be made");
	sodium_memzero(pair, sizeof(pair));
	datum_wipe(&pem);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	tls_cert_release(&made);
	return e;
}

void
tls_cert_release(struct tls_cert *c)
{
	buf_release(&c->cert);
	buf_release(&c->key);
}

void
tls_pin(char pin[static TLS_PIN_BYTES], const uint8_t key[static TLS_KEY_BYTES])
{
	static const uint8_t head[TLS_SPKI_BYTES - TLS_KEY_BYTES] = { 0x30,
		0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21,
		0x00 };
	uint8_t spki[TLS_SPKI_BYTES], sum[crypto_hash_sha256_BYTES];

	memcpy(spki, head, sizeof(head));
	memcpy(spki + sizeof(head), key, TLS_KEY_BYTES);
	crypto_hash_sha256(sum, spki, sizeof(spki));
	memcpy(pin, "sha256//", 8);
	sodium_bin2base64(pin + 8, TLS_PIN_BYTES - 8, sum, sizeof(sum),
	    sodium_base64_VARIANT_ORIGINAL);
}

bool
tls_peer_key(uint8_t key[static TLS_KEY_BYTES], gnutls_session_t session)
{
	const gnutls_datum_t *chain;
	gnutls_x509_crt_t crt = NULL;
	gnutls_pubkey_t pub = NULL;
	gnutls_ecc_curve_t curve;
	gnutls_datum_t x = { 0 };
	unsigned count = 0;
	bool is_good = false;

	chain = gnutls_certificate_get_peers(session, &count);
	if (chain == NULL || count == 0)
		return false;
	if (gnutls_x509_crt_init(&crt) < 0 ||
	    gnutls_x509_crt_import(crt, &chain[0], GNUTLS_X509_FMT_DER) < 0 ||
	    gnutls_pubkey_init(&pub) < 0 ||
	    gnutls_pubkey_import_x509(pub, crt, 0) < 0 ||
	    gnutls_pubkey_get_pk_algorithm(pub, NULL) !=
		GNUTLS_PK_EDDSA_ED25519 ||
	    gnutls_pubkey_export_ecc_raw(pub, &curve, &x, NULL) < 0)
		goto out;
	if (curve == GNUTLS_ECC_CURVE_ED25519 && x.size == TLS_KEY_BYTES) {
		memcpy(key, x.data, TLS_KEY_BYTES);
		is_good = true;
	}
out:
	gnutls_free(x.data);
	gnutls_pubkey_deinit(pub);
	gnutls_x509_crt_deinit(crt);
	return is_good;
}
