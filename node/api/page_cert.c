/* Kept in _meta as name, certificate and key. */
#include "node/api/page_cert.h"

#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "sync/env.h"

#define META_FOR "page_cert_for"
#define META_CERT "page_cert"
#define META_KEY "page_key"
/* browsers refuse longer ones for names that they know; it is compared by a
 * person once, and made anew when the host changes */
#define YEARS 10
#define PEM_BYTES 8192

void
page_cert_release(struct page_cert *c)
{
	buf_release(&c->cert);
	buf_release(&c->key);
}

void
page_cert_fingerprint(char out[static PAGE_FINGERPRINT_BYTES],
    const struct page_cert *c)
{
	const gnutls_datum_t pem = { c->cert.p, (unsigned)c->cert.n };
	uint8_t hash[(PAGE_FINGERPRINT_BYTES - 1) / 2];
	size_t n = sizeof(hash);
	gnutls_x509_crt_t crt = NULL;

	out[0] = '\0';
	if (gnutls_x509_crt_init(&crt) < 0)
		return;
	if (gnutls_x509_crt_import(crt, &pem, GNUTLS_X509_FMT_PEM) >= 0 &&
	    gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, hash, &n) >=
		0)
		hex_encode(out, hash, n);
	gnutls_x509_crt_deinit(crt);
}

static int
add_names(gnutls_x509_crt_t crt, const struct address *at, const char *name)
{
	uint8_t ip[16];
	int rc = 0;

	if (inet_pton(AF_INET, at->host, ip) == 1)
		rc = gnutls_x509_crt_set_subject_alt_name(crt,
		    GNUTLS_SAN_IPADDRESS, ip, 4, GNUTLS_FSAN_SET);
	else if (inet_pton(AF_INET6, at->host, ip) == 1)
		rc = gnutls_x509_crt_set_subject_alt_name(crt,
		    GNUTLS_SAN_IPADDRESS, ip, 16, GNUTLS_FSAN_SET);
	if (rc >= 0 && name != NULL && name[0] != '\0')
		rc = gnutls_x509_crt_set_subject_alt_name(crt,
		    GNUTLS_SAN_DNSNAME, name, (unsigned)strlen(name),
		    GNUTLS_FSAN_APPEND);
	return rc;
}

static int
fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const struct address *at,
    const char *name)
{
	time_t now = (time_t)(env_wall_ms(env_posix()) / 1000);
	const char *cn = name != NULL && name[0] != '\0' ? name : at->host;
	uint8_t serial[16];
	int rc;

	env_random(env_posix(), serial, sizeof(serial));
	serial[0] &= 0x7f;
	rc = gnutls_x509_crt_set_version(crt, 3);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	if (rc >= 0)
		rc = gnutls_x509_crt_set_dn_by_oid(crt,
		    GNUTLS_OID_X520_COMMON_NAME, 0, cn, (unsigned)strlen(cn));
	if (rc >= 0)
		rc = add_names(crt, at, name);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_activation_time(crt, now - 86400);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_expiration_time(crt,
		    now + (time_t)YEARS * 365 * 86400);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_purpose_oid(crt,
		    GNUTLS_KP_TLS_WWW_SERVER, 0);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key(crt, key);
	if (rc >= 0)
		rc = gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
	return rc;
}

static int
write_pem(struct page_cert *out, gnutls_x509_crt_t crt,
    gnutls_x509_privkey_t key)
{
	size_t n = PEM_BYTES;
	uint8_t *p = buf_grow(&out->cert, n);
	int rc;

	if (p == NULL)
		return GNUTLS_E_MEMORY_ERROR;
	rc = gnutls_x509_crt_export(crt, GNUTLS_X509_FMT_PEM, p, &n);
	out->cert.n = rc >= 0 ? strlen((char *)p) + 1 : 0;
	n = PEM_BYTES;
	p = rc >= 0 ? buf_grow(&out->key, n) : NULL;
	if (p == NULL)
		return rc >= 0 ? GNUTLS_E_MEMORY_ERROR : rc;
	rc = gnutls_x509_privkey_export_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
	    GNUTLS_PKCS_PLAIN, p, &n);
	out->key.n = rc >= 0 ? strlen((char *)p) + 1 : 0;
	return rc;
}

static enum err
make(struct page_cert *out, const struct address *at, const char *name,
    struct fail *f)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t crt = NULL;
	int rc = gnutls_x509_privkey_init(&key);

	if (rc >= 0)
		rc = gnutls_x509_crt_init(&crt);
	if (rc >= 0)
		rc = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
		    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	if (rc >= 0)
		rc = fill(crt, key, at, name);
	if (rc >= 0)
		rc = write_pem(out, crt, key);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	return rc >= 0
	    ? OK
	    : fail_set(f, ERR_IO, "the page's certificate could not be made");
}

static enum err
keep(const struct page_cert *c, struct replica *r, const struct buf *what,
    struct fail *f)
{
	enum err e = replica_begin(r, f);

	if (e != OK)
		return e;
	e = replica_meta_set(r, META_CERT, c->cert.p, c->cert.n, f);
	if (e == OK)
		e = replica_meta_set(r, META_KEY, c->key.p, c->key.n, f);
	if (e == OK)
		e = replica_meta_set(r, META_FOR, what->p, what->n, f);
	if (e == OK)
		return replica_commit(r, f);
	replica_rollback(r);
	return e;
}

static bool
is_kept(struct page_cert *out, struct replica *r, const struct buf *what)
{
	struct buf have = { 0 };
	bool ok = replica_meta_get(r, &have, META_FOR, NULL) == OK &&
	    have.n == what->n && memcmp(have.p, what->p, what->n) == 0 &&
	    replica_meta_get(r, &out->cert, META_CERT, NULL) == OK &&
	    replica_meta_get(r, &out->key, META_KEY, NULL) == OK &&
	    out->cert.n > 0 && out->key.n > 0;

	buf_release(&have);
	return ok;
}

enum err
page_cert_get(struct page_cert *out, struct engine *engine,
    const struct address *at, const char *name, struct fail *f)
{
	struct buf what = { 0 };
	enum err e = OK;

	buf_printf(&what, "%s %s", at->host, name != NULL ? name : "");
	engine_lock(engine);
	if (!is_kept(out, engine->replica, &what)) {
		page_cert_release(out);
		e = make(out, at, name, f);
		if (e == OK)
			e = keep(out, engine->replica, &what, f);
	}
	engine_unlock(engine);
	buf_release(&what);
	return e;
}
