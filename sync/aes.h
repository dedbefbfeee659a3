/*
 * AES-256-GCM, the outer layer of a bundle (libcrypto, which SQLCipher brings;
 * libsodium's own needs a CPU with AES instructions). Used nowhere else. A key
 * seals few chunks and every chunk has its own nonce: see bundle_file.c.
 */
#ifndef FOOTBRIDGE_SYNC_AES_H
#define FOOTBRIDGE_SYNC_AES_H

#include "sync/err.h"

#define AES_KEY_BYTES 32
#define AES_NONCE_BYTES 12
#define AES_TAG_BYTES 16

struct aes_place {
	const uint8_t *key;   /* AES_KEY_BYTES */
	const uint8_t *nonce; /* AES_NONCE_BYTES, never twice with one key */
	const uint8_t *ad;    /* associated data */
	size_t ad_n;
};

/* out has room for n + AES_TAG_BYTES; the tag is last. ERR_NOMEM, ERR_IO. */
enum err aes_seal(uint8_t *out, const struct aes_place *at, const uint8_t *p,
    size_t n) MUST_USE;
/* out has room for n - AES_TAG_BYTES and is wiped on failure. ERR_AUTH when
 * key, nonce, associated data or bytes do not fit; ERR_NOMEM. */
enum err aes_open(uint8_t *out, const struct aes_place *at, const uint8_t *p,
    size_t n) MUST_USE;

#endif
