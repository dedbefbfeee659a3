/*
 * Cryptography that is cheap and worth nothing, for the logic tier: the same
 * functions by the same names, found by the linker before the library's.
 *
 * For code that plays by the API it is a scheme all the same: a signature is
 * made from a secret key and fits one message and one public key; what was
 * sealed opens with the same key, nonce and associated data, or with the secret
 * of the key pair, and with nothing else; hashes do not meet by chance. Who
 * writes code against it can forge anything. Only build/.../tests-sim-logic links
 * it, which nothing installs.
 */
#include <stdint.h>
#include <string.h>

#include <sodium.h>

/* ---- mixing: four lanes of multiply and rotate ---------------------------- */

struct mix {
	uint64_t lane[4];
	uint64_t bytes;
	uint8_t part[32];
};
_Static_assert(sizeof(struct mix) <= sizeof(crypto_generichash_state),
    "the library's state has room for ours");

static const uint64_t odd[4] = { 0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9,
	0x94d049bb133111eb, 0xd6e8feb86659fd93 };

static uint64_t
turn(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static uint64_t
stir(uint64_t z)
{
	z = (z ^ (z >> 30)) * odd[1];
	z = (z ^ (z >> 27)) * odd[2];
	return z ^ (z >> 31);
}

static void
mix_block(struct mix *m, const uint8_t p[static 32])
{
	for (int i = 0; i < 4; i++) {
		uint64_t word;

		memcpy(&word, p + 8 * i, sizeof(word));
		m->lane[i] = turn(m->lane[i] ^ word * odd[i], 29) * odd[0];
	}
	m->lane[0] += turn(m->lane[3], 17);
	m->lane[1] ^= turn(m->lane[0], 41);
	m->lane[2] += turn(m->lane[1], 23);
	m->lane[3] ^= turn(m->lane[2], 11);
}

static void
mix_put(struct mix *m, const void *from, size_t n)
{
	const uint8_t *p = from;

	for (; m->bytes % 32 == 0 && n >= 32; n -= 32, p += 32) {
		mix_block(m, p);
		m->bytes += 32;
	}
	while (n > 0) {
		size_t at = m->bytes % 32, take = 32 - at < n ? 32 - at : n;

		memcpy(m->part + at, p, take);
		m->bytes += take;
		p += take;
		n -= take;
		if (m->bytes % 32 == 0)
			mix_block(m, m->part);
	}
}

/* A part of known place: its length goes before it. */
static void
mix_part(struct mix *m, const void *p, unsigned long long n)
{
	uint64_t length = n;

	mix_put(m, &length, sizeof(length));
	if (n > 0)
		mix_put(m, p, (size_t)n);
}

static void
mix_init(struct mix *m, uint64_t what)
{
	*m = (struct mix){ .bytes = 0 };
	for (int i = 0; i < 4; i++)
		m->lane[i] = stir(odd[i] + what);
}

static void
mix_end(struct mix *m, uint8_t *out, size_t n)
{
	uint64_t bytes = m->bytes;

	memset(m->part + bytes % 32, 0, 32 - bytes % 32);
	mix_block(m, m->part);
	for (uint64_t i = 0; n > 0; i++) {
		uint64_t word = stir(m->lane[i % 4] ^
		    stir(m->lane[(i + 1) % 4] + bytes + (i + 1) * odd[3]));
		size_t take = n < sizeof(word) ? n : sizeof(word);

		memcpy(out, &word, take);
		out += take;
		n -= take;
	}
}

static void
mix_two(uint8_t *out, size_t out_n, uint64_t what, const void *a, size_t an,
    const void *b, unsigned long long bn)
{
	struct mix m;

	mix_init(&m, what);
	mix_part(&m, a, an);
	mix_part(&m, b, bn);
	mix_end(&m, out, out_n);
}

/* ---- hashes -------------------------------------------------------------- */

int
crypto_generichash_init(crypto_generichash_state *state,
    const unsigned char *key, const size_t keylen, const size_t outlen)
{
	struct mix m;

	mix_init(&m, 0x100 + outlen);
	mix_part(&m, key, key != NULL ? keylen : 0);
	memcpy(state, &m, sizeof(m));
	return 0;
}

int
crypto_generichash_update(crypto_generichash_state *state,
    const unsigned char *in, unsigned long long inlen)
{
	struct mix m;

	memcpy(&m, state, sizeof(m));
	if (inlen > 0)
		mix_put(&m, in, (size_t)inlen);
	memcpy(state, &m, sizeof(m));
	return 0;
}

int
crypto_generichash_final(crypto_generichash_state *state, unsigned char *out,
    const size_t outlen)
{
	struct mix m;

	memcpy(&m, state, sizeof(m));
	mix_end(&m, out, outlen);
	return 0;
}

int
crypto_generichash(unsigned char *out, size_t outlen, const unsigned char *in,
    unsigned long long inlen, const unsigned char *key, size_t keylen)
{
	crypto_generichash_state state;

	(void)crypto_generichash_init(&state, key, keylen, outlen);
	(void)crypto_generichash_update(&state, in, inlen);
	return crypto_generichash_final(&state, out, outlen);
}

/* ---- signatures: secret = seed, public ------------------------------------- */

int
crypto_sign_seed_keypair(unsigned char *pk, unsigned char *sk,
    const unsigned char *seed)
{
	mix_two(pk, 32, 1, seed, 32, NULL, 0);
	memcpy(sk, seed, 32);
	memcpy(sk + 32, pk, 32);
	return 0;
}

int
crypto_sign_ed25519_sk_to_pk(unsigned char *pk, const unsigned char *sk)
{
	memcpy(pk, sk + 32, 32);
	return 0;
}

int
crypto_sign_detached(unsigned char *sig, unsigned long long *siglen,
    const unsigned char *m, unsigned long long mlen, const unsigned char *sk)
{
	unsigned char pk[32];

	/* from the seed, so that a public half alone signs nothing */
	mix_two(pk, sizeof(pk), 1, sk, 32, NULL, 0);
	mix_two(sig, 64, 2, pk, sizeof(pk), m, mlen);
	if (siglen != NULL)
		*siglen = 64;
	return 0;
}

int
crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m,
    unsigned long long mlen, const unsigned char *pk)
{
	unsigned char want[64];

	mix_two(want, sizeof(want), 2, pk, 32, m, mlen);
	return memcmp(want, sig, sizeof(want)) == 0 ? 0 : -1;
}

/* ---- sealing under a key ----------------------------------------------------- */

static void
stream(unsigned char *to, const unsigned char *from, unsigned long long n,
    const unsigned char *key, const unsigned char *nonce, size_t nonce_n)
{
	uint64_t seed[4];

	mix_two((uint8_t *)seed, sizeof(seed), 3, key, 32, nonce, nonce_n);
	for (unsigned long long i = 0; i < n; i += 8) {
		uint64_t word = stir(seed[i / 8 % 4] + i * odd[0]);
		size_t take = n - i < 8 ? (size_t)(n - i) : 8;

		for (size_t k = 0; k < take; k++)
			to[i + k] =
			    from[i + k] ^ (unsigned char)(word >> (8 * k));
	}
}

static void
tag(unsigned char out[static 16], const unsigned char *c, unsigned long long n,
    const unsigned char *ad, unsigned long long adlen,
    const unsigned char *nonce, const unsigned char *key)
{
	struct mix m;

	mix_init(&m, 4);
	mix_part(&m, key, 32);
	mix_part(&m, nonce, 24);
	mix_part(&m, ad, adlen);
	mix_part(&m, c, n);
	mix_end(&m, out, 16);
}

int
crypto_aead_xchacha20poly1305_ietf_encrypt(unsigned char *c,
    unsigned long long *clen_p, const unsigned char *m, unsigned long long mlen,
    const unsigned char *ad, unsigned long long adlen,
    const unsigned char *nsec, const unsigned char *npub,
    const unsigned char *k)
{
	(void)nsec;
	stream(c, m, mlen, k, npub, 24);
	tag(c + mlen, c, mlen, ad, adlen, npub, k);
	if (clen_p != NULL)
		*clen_p = mlen + 16;
	return 0;
}

int
crypto_aead_xchacha20poly1305_ietf_decrypt(unsigned char *m,
    unsigned long long *mlen_p, unsigned char *nsec, const unsigned char *c,
    unsigned long long c_n, const unsigned char *ad, unsigned long long adlen,
    const unsigned char *npub, const unsigned char *k)
{
	unsigned char want[16];

	(void)nsec;
	if (mlen_p != NULL)
		*mlen_p = 0;
	if (c_n < 16)
		return -1;
	tag(want, c, c_n - 16, ad, adlen, npub, k);
	if (memcmp(want, c + c_n - 16, sizeof(want)) != 0)
		return -1;
	stream(m, c, c_n - 16, k, npub, 24);
	if (mlen_p != NULL)
		*mlen_p = c_n - 16;
	return 0;
}

/* ---- boxes: sealed to a public key ------------------------------------------- */

int
crypto_scalarmult_base(unsigned char *q, const unsigned char *n)
{
	mix_two(q, 32, 5, n, 32, NULL, 0);
	return 0;
}

int
crypto_box_seed_keypair(unsigned char *pk, unsigned char *sk,
    const unsigned char *seed)
{
	mix_two(sk, 32, 6, seed, 32, NULL, 0);
	return crypto_scalarmult_base(pk, sk);
}

/* Both ends know both public keys; who opens shows that it has the secret. */
static void
shared(unsigned char out[static 32], const unsigned char *from,
    const unsigned char *to)
{
	mix_two(out, 32, 7, from, 32, to, 32);
}

int
crypto_box_easy(unsigned char *c, const unsigned char *m,
    unsigned long long mlen, const unsigned char *n, const unsigned char *pk,
    const unsigned char *sk)
{
	unsigned char from[32], key[32], nonce[24];

	(void)n; /* of a passing key pair, which is used once */
	(void)crypto_scalarmult_base(from, sk);
	shared(key, from, pk);
	memset(nonce, 0, sizeof(nonce));
	stream(c + 16, m, mlen, key, nonce, sizeof(nonce));
	tag(c, c + 16, mlen, NULL, 0, nonce, key);
	return 0;
}

int
crypto_box_seal_open(unsigned char *m, const unsigned char *c,
    unsigned long long c_n, const unsigned char *pk, const unsigned char *sk)
{
	unsigned char own[32], key[32], want[16], nonce[24];

	(void)crypto_scalarmult_base(own, sk);
	if (c_n < 48 || memcmp(own, pk, sizeof(own)) != 0)
		return -1;
	shared(key, c, pk);
	memset(nonce, 0, sizeof(nonce));
	tag(want, c + 48, c_n - 48, NULL, 0, nonce, key);
	if (memcmp(want, c + 32, sizeof(want)) != 0)
		return -1;
	stream(m, c + 48, c_n - 48, key, nonce, sizeof(nonce));
	return 0;
}
