#include "sync/hash.h"

#include <string.h>

const char *
label_text(enum label label)
{
	static const char *const text[] = {
#define X(name, string) string,
		LABEL_LIST(X)
#undef X
	};

	assert((size_t)label < COUNT_OF(text));
	return text[label];
}

void
hash_init(struct hash *h, enum label label, size_t out_bytes,
    const uint8_t *key, size_t key_bytes)
{
	const char *text = label_text(label);

	h->out_bytes = out_bytes;
	(void)crypto_generichash_init(&h->state, key, key_bytes, out_bytes);
	hash_put(h, text, strlen(text) + 1);
}

void
hash_put(struct hash *h, const void *p, size_t n)
{
	if (n != 0)
		(void)crypto_generichash_update(&h->state, p, n);
}

void
hash_u64(struct hash *h, uint64_t v)
{
	uint8_t t[8];

	for (size_t i = 0; i < sizeof(t); i++)
		t[i] = (uint8_t)(v >> (8 * i));
	hash_put(h, t, sizeof(t));
}

void
hash_bytes(struct hash *h, const void *p, size_t n)
{
	hash_u64(h, n);
	hash_put(h, p, n);
}

void
hash_final(struct hash *h, uint8_t *out)
{
	(void)crypto_generichash_final(&h->state, out, h->out_bytes);
	sodium_memzero(&h->state, sizeof(h->state));
}
