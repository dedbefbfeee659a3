/*
 * What a person types. It names the values that stand, not a place in a list:
 * after the conflict is settled, or another value came, the number means
 * nothing, and never another conflict. Made of what two nodes have in common,
 * so that they speak of one number.
 */
#include "sync/hash.h"
#include "sync/read_i.h"

/* six digits: 100000 to 999999 */
#define NUMBERS 900000

int64_t
conflict_number(const struct conflict *c, const struct compartment *cpt)
{
	uint8_t hash[16];
	uint64_t n = 0;
	struct hash h;

	hash_init(&h, LABEL_CONFLICT, sizeof(hash), NULL, 0);
	hash_bytes(&h, &cpt->id, sizeof(cpt->id));
	hash_u64(&h, c->table->number);
	hash_u64(&h, c->field != NULL ? c->field->number : 0);
	hash_bytes(&h, c->row.b, sizeof(c->row.b));
	for (size_t i = 0; i < c->value_count; i++) {
		const struct conflict_value *v = &c->values[i];

		hash_bytes(&h, v->node.b, sizeof(v->node.b));
		hash_bytes(&h, v->row.b, sizeof(v->row.b));
		hash_u64(&h, (uint64_t)v->at_ms);
		if (c->field == NULL) /* rows: their ids say all */
			continue;
		hash_u64(&h, v->value.type);
		hash_u64(&h, (uint64_t)v->value.i);
		hash_bytes(&h, v->value.p, v->value.n);
	}
	hash_final(&h, hash);
	for (size_t i = 0; i < 8; i++)
		n = n << 8 | hash[i];
	return (int64_t)(n % NUMBERS) + NUMBERS / 9;
}
