/*
 * Seen tokens: what stood in each field when a row was read, as four bytes of a
 * hash over the origins and the value. A token is text: base64url of
 * { field number, hash 4 } in order of number. It means something on this node
 * only, survives sealing, and is no secret.
 */
#include "sync/clock.h"
#include "sync/hash.h"
#include "sync/write_i.h"

#define ENTRY_BYTES 5

void
seen_field(uint8_t out[static 4], const uint8_t *clock, size_t clock_n,
    unsigned number, const struct value *value)
{
	struct buf b = { .limit = LIMIT_VALUE_BYTES + 64 };
	struct clock_reader r;
	uint8_t full[16];
	struct hash h;

	hash_init(&h, LABEL_SEEN, sizeof(full), NULL, 0);
	hash_u64(&h, number);
	clock_reader_init(&r, clock, clock_n);
	while (clock_reader_next(&r)) {
		if ((r.fields >> number & 1) != 0)
			hash_u64(&h, (uint64_t)r.segment);
	}
	value_encode(&b, value);
	hash_bytes(&h, b.p, b.n);
	hash_final(&h, full);
	buf_release(&b);
	memcpy(out, full, 4);
}

enum err
seen_make(char *text, const uint8_t *clock, size_t clock_n,
    const struct table *t, const struct value *values, struct fail *f)
{
	uint8_t token[(REGISTRY_FIELD_MAX + 1) * ENTRY_BYTES];
	uint64_t written = clock_fields(clock, clock_n);
	size_t n = 0;

	for (size_t i = 0; i < t->field_count; i++) {
		unsigned number = t->fields[i].number;

		if ((written >> number & 1) == 0)
			continue;
		token[n] = (uint8_t)number;
		seen_field(token + n + 1, clock, clock_n, number,
		    &values[number]);
		n += ENTRY_BYTES;
	}
	if (sodium_bin2base64(text, SEEN_TEXT_BYTES, token, n,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING) == NULL)
		return fail_set(f, ERR_LIMIT, "the row has too many fields");
	return OK;
}

enum err
seen_changed(bool *changed, const char *text, const uint8_t *clock,
    size_t clock_n, unsigned number, const struct value *value, struct fail *f)
{
	uint8_t token[(REGISTRY_FIELD_MAX + 1) * ENTRY_BYTES], now[4];
	bool written = (clock_fields(clock, clock_n) >> number & 1) != 0;
	size_t n = 0;

	if (sodium_base642bin(token, sizeof(token), text, strlen(text), NULL,
		&n, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    n % ENTRY_BYTES != 0)
		return fail_set(f, ERR_INPUT,
		    "the seen token is not one that get or list gave");
	*changed = written;
	for (size_t i = 0; i < n; i += ENTRY_BYTES) {
		if (token[i] != number)
			continue;
		seen_field(now, clock, clock_n, number, value);
		*changed = memcmp(now, token + i + 1, sizeof(now)) != 0;
	}
	return OK;
}
