/* crypto_box_seal's construction with a passing key pair of our own making:
 * passing public key, then crypto_box under nonce BLAKE2b-192(passing key,
 * recipient key). Opened by the library's own crypto_box_seal_open. */
#include "sync/box.h"

enum err
box_seal(uint8_t *box, const void *message, size_t n,
    const uint8_t key[static 32], const struct env *env)
{
	uint8_t seed[crypto_box_SEEDBYTES], nonce[crypto_box_NONCEBYTES];
	uint8_t secret[crypto_box_SECRETKEYBYTES];
	crypto_generichash_state h;
	int bad;

	env_random(env, seed, sizeof(seed));
	(void)crypto_box_seed_keypair(box, secret, seed);
	(void)crypto_generichash_init(&h, NULL, 0, sizeof(nonce));
	(void)crypto_generichash_update(&h, box, crypto_box_PUBLICKEYBYTES);
	(void)crypto_generichash_update(&h, key, crypto_box_PUBLICKEYBYTES);
	(void)crypto_generichash_final(&h, nonce, sizeof(nonce));
	bad = crypto_box_easy(box + crypto_box_PUBLICKEYBYTES, message, n,
	    nonce, key, secret);
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(secret, sizeof(secret));
	return bad == 0 ? OK : ERR_INPUT;
}

enum err
box_open(void *message, const uint8_t *box, size_t box_n,
    const uint8_t key[static 32], const uint8_t secret[static 32])
{
	if (box_n < BOX_OVERHEAD ||
	    crypto_box_seal_open(message, box, box_n, key, secret) != 0)
		return ERR_AUTH;
	return OK;
}
