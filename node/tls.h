/*
 * What both ends of HTTPS between nodes share: the self-signed certificate
 * and the peer's key.
 *
 * A certificate is only the envelope of an Ed25519 key: peers compare the key
 * with the one in the membership and look at nothing else, neither at dates
 * nor at names, so that a wrong clock never stops a sync. It is made anew in
 * memory at each start (the same bytes from the same key) and no private key
 * is ever written to a file.
 */
#ifndef FOOTBRIDGE_NODE_TLS_H
#define FOOTBRIDGE_NODE_TLS_H

#include <gnutls/gnutls.h>

#include "sync/buf.h"
#include "sync/id.h"

#define TLS_KEY_BYTES 32    /* raw Ed25519 public key */
#define TLS_SECRET_BYTES 64 /* as libsodium keeps it: seed, public key */
/* "sha256//", 44 characters of base64, NUL */
#define TLS_PIN_BYTES 53
/* DER of a SubjectPublicKeyInfo that holds an Ed25519 key (RFC 8410) */
#define TLS_SPKI_BYTES 44

struct tls_cert {
	struct buf cert; /* PEM, NUL behind the last byte, not counted */
	struct buf key;  /* PEM PKCS#8, likewise; secret, wiped on release */
};

/*
 * fails: ERR_NOMEM, ERR_INPUT (SSLKEYLOGFILE is set: both TLS libraries would
 *        write the secrets of every connection to that file)
 * cost:  one signature
 */
enum err tls_cert_make(struct tls_cert *out, const struct node_id *node,
    const uint8_t secret[static TLS_SECRET_BYTES], struct fail *f);
void tls_cert_release(struct tls_cert *c);

/* The pin of this key in the form that libcurl takes. */
void tls_pin(char pin[static TLS_PIN_BYTES],
    const uint8_t key[static TLS_KEY_BYTES]);

/* The key of the peer's certificate, whose possession the handshake proved.
 * False when there is none or it is not Ed25519; key untouched then. */
bool tls_peer_key(uint8_t key[static TLS_KEY_BYTES], gnutls_session_t session);

#endif
