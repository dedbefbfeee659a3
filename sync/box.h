/*
 * Sealed boxes: bytes that one X25519 key can open, from nobody in particular.
 *
 * The bytes are libsodium's crypto_box_seal; only the passing key pair comes
 * from env, so that a simulated world is repeatable. A box says nothing about
 * who made it: whoever uses one binds it to its place inside and signs outside.
 */
#ifndef FOOTBRIDGE_SYNC_BOX_H
#define FOOTBRIDGE_SYNC_BOX_H

#include <sodium.h>

#include "sync/env.h"

#define BOX_OVERHEAD ((size_t)crypto_box_SEALBYTES) /* 48 */

/* box has n + BOX_OVERHEAD bytes. ERR_INPUT: key is no usable public key.
 * cost: two curve multiplications, ~100 us */
enum err box_seal(uint8_t *box, const void *message, size_t n,
    const uint8_t key[static 32], const struct env *env) MUST_USE;
/* message has box_n - BOX_OVERHEAD bytes. ERR_AUTH: not for this key. */
enum err box_open(void *message, const uint8_t *box, size_t box_n,
    const uint8_t key[static 32], const uint8_t secret[static 32]) MUST_USE;

#endif
