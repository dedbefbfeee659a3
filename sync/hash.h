/*
 * Labelled BLAKE2b: the only way sync/ hashes or derives.
 *
 * Input = label, NUL, then the parts. Parts of fixed size are put raw, parts
 * of variable size with their length first, so that no two lists of parts can
 * give one input. Source: RFC 7693; ASSURANCE 4.1.
 */
#ifndef FOOTBRIDGE_SYNC_HASH_H
#define FOOTBRIDGE_SYNC_HASH_H

#include <sodium.h>

#include "sync/label.h"
#include "sync/err.h"

struct hash {
	crypto_generichash_state state;
	size_t out_bytes;
};

/* out_bytes 16..64; key NULL, or 16..64 bytes that make it a MAC or KDF. */
void hash_init(struct hash *h, enum label label, size_t out_bytes,
    const uint8_t *key, size_t key_bytes);
/* raw bytes of a fixed, known size */
void hash_put(struct hash *h, const void *p, size_t n);
/* length (8 bytes, little-endian), then the bytes */
void hash_bytes(struct hash *h, const void *p, size_t n);
void hash_u64(struct hash *h, uint64_t v);
/* writes out_bytes; the state is wiped */
void hash_final(struct hash *h, uint8_t *out);

#endif
