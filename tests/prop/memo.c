/*
 * Signatures are checked once in a run, not once at every machine and again at
 * every restart: verifying is a pure function of its bytes, and without this it
 * would be half of the time. Linked with --wrap, into the property tests and those
 * of faults, orders and fuzzing.
 */
#include <string.h>

#include <sodium.h>

int __real_crypto_sign_verify_detached(const unsigned char *sig,
    const unsigned char *m, unsigned long long mlen, const unsigned char *pk);
int __wrap_crypto_sign_verify_detached(const unsigned char *sig,
    const unsigned char *m, unsigned long long mlen, const unsigned char *pk);

#define PLACES 4096

/* Hashes of (key, message, signature) that were found good. A place is simply
 * taken over by the next one that falls on it. */
static unsigned char good[PLACES][32];

int
__wrap_crypto_sign_verify_detached(const unsigned char *sig,
    const unsigned char *m, unsigned long long mlen, const unsigned char *pk)
{
	crypto_generichash_state state;
	unsigned char hash[32];
	unsigned place;

	(void)crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	(void)crypto_generichash_update(&state, sig, crypto_sign_BYTES);
	(void)crypto_generichash_update(&state, pk, crypto_sign_PUBLICKEYBYTES);
	(void)crypto_generichash_update(&state, m, mlen);
	(void)crypto_generichash_final(&state, hash, sizeof(hash));
	place = (hash[0] | (unsigned)hash[1] << 8) % PLACES;
	if (memcmp(good[place], hash, sizeof(hash)) == 0)
		return 0;
	if (__real_crypto_sign_verify_detached(sig, m, mlen, pk) != 0)
		return -1;
	memcpy(good[place], hash, sizeof(hash));
	return 0;
}
