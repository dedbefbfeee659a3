/*
 * The sealed body of a segment: payload -> plaintext (compressed, padded) ->
 * ciphertext, and back. Private to segment*.c and snapshot*.c, which has another
 * header.
 *
 * plaintext:  [uint: payload length << 1 | compressed][content][zeros], as long
 *             as segment_padded() of what stands before the zeros
 * ciphertext: XChaCha20-Poly1305 of it; key and nonce are hashes of the
 *             compartment key and the whole header, the full key id and the
 *             header are the associated data. SEAL_TAG_BYTES longer.
 *
 * The header holds a fresh salt, so no two segments have one key, and were the
 * salt ever repeated, only an equal header and payload would repeat it.
 */
#ifndef FOOTBRIDGE_SYNC_SEAL_H
#define FOOTBRIDGE_SYNC_SEAL_H

#include "sync/segment.h"

#define SEAL_TAG_BYTES 16

#define SEAL_SIGNED_MAX 96

/* What a signature covers: the label, NUL, the id. Returns its length. */
size_t seal_signed_bytes(uint8_t out[static SEAL_SIGNED_MAX],
    const struct segment_id *id);

/* Append the plaintext of a payload. ERR_LIMIT, ERR_NOMEM. */
enum err seal_plain(struct buf *plain, const uint8_t *payload, size_t n,
    struct fail *f);
/* Append the payload of a plaintext. ERR_FORMAT, ERR_LIMIT, ERR_NOMEM. */
enum err seal_payload(struct buf *payload, const uint8_t *plain, size_t n,
    struct fail *f);

/*
 * A salt that is unpredictable while the random source works, and differs for
 * different segments even when it does not (a cloned machine): a keyed hash of
 * fresh random bytes, the header with a zero salt, and the plaintext.
 */
void seal_salt(uint8_t salt[static SEGMENT_SALT_BYTES],
    const uint8_t key[static SEGMENT_KEY_BYTES], const struct buf *header,
    const struct buf *plain, const struct env *env);

/* out has plain->n + SEAL_TAG_BYTES bytes. */
void seal_encrypt(uint8_t *out, const struct buf *plain,
    const struct buf *header, const uint8_t key[static SEGMENT_KEY_BYTES]);
/* plain has n - SEAL_TAG_BYTES bytes. false: key or bytes do not fit. */
bool seal_decrypt(uint8_t *plain, const uint8_t *body, size_t n,
    const uint8_t *header, size_t header_n,
    const uint8_t key[static SEGMENT_KEY_BYTES]) MUST_USE;

#endif
