/* What a compartment is called: hashes that need no database. */
#include "sync/compartment.h"
#include "sync/hash.h"

void
compartment_own_name(uint8_t name[static 16], const struct identity *i,
    const struct row_id *subject, const char *category)
{
	struct hash h;

	hash_init(&h, LABEL_COMPARTMENT_NAME, 16, i->agency_name_key,
	    sizeof(i->agency_name_key));
	hash_put(&h, subject->b, sizeof(subject->b));
	hash_bytes(&h, category, strlen(category));
	hash_final(&h, name);
}

void
compartment_make_id(struct compartment_id *out,
    const struct network_id *network, const struct agency_id *owner,
    const uint8_t name[static 16])
{
	struct hash h;

	hash_init(&h, LABEL_COMPARTMENT_ID, sizeof(out->b), NULL, 0);
	hash_put(&h, network->b, sizeof(network->b));
	hash_put(&h, owner->b, sizeof(owner->b));
	hash_put(&h, name, 16);
	hash_final(&h, out->b);
}
