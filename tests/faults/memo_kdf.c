/*
 * A passphrase is stretched once in a run for each salt, not at every recovery:
 * it is a pure function of its bytes, and most of the time of some scenarios.
 * Linked with --wrap. Children have what their parent had computed.
 */
#include <assert.h>
#include <string.h>

#include <sodium.h>

int __real_crypto_pwhash(unsigned char *out, unsigned long long n,
    const char *secret, unsigned long long secret_n, const unsigned char *salt,
    unsigned long long passes, size_t memory, int alg);
int __wrap_crypto_pwhash(unsigned char *out, unsigned long long n,
    const char *secret, unsigned long long secret_n, const unsigned char *salt,
    unsigned long long passes, size_t memory, int alg);

#define PLACES 256
#define KEY_MAX 64

static struct {
	unsigned char of[32]; /* hash of all that goes in */
	unsigned char key[KEY_MAX];
} known[PLACES];

int
__wrap_crypto_pwhash(unsigned char *out, unsigned long long n,
    const char *secret, unsigned long long secret_n, const unsigned char *salt,
    unsigned long long passes, size_t memory, int alg)
{
	const unsigned long long cost[] = { n, secret_n, passes, memory,
		(unsigned long long)alg };
	crypto_generichash_state state;
	unsigned char of[32];

	assert(n <= KEY_MAX);
	(void)crypto_generichash_init(&state, NULL, 0, sizeof(of));
	(void)crypto_generichash_update(&state, (const unsigned char *)cost,
	    sizeof(cost));
	(void)crypto_generichash_update(&state, salt, crypto_pwhash_SALTBYTES);
	(void)crypto_generichash_update(&state, (const unsigned char *)secret,
	    secret_n);
	(void)crypto_generichash_final(&state, of, sizeof(of));
	if (memcmp(known[of[0]].of, of, sizeof(of)) == 0) {
		memcpy(out, known[of[0]].key, (size_t)n);
		return 0;
	}
	if (__real_crypto_pwhash(out, n, secret, secret_n, salt, passes, memory,
		alg) != 0)
		return -1;
	memcpy(known[of[0]].of, of, sizeof(of));
	memcpy(known[of[0]].key, out, (size_t)n);
	return 0;
}
