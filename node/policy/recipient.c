/* Recipients by name or by the kind of the own agency. */
#include "node/policy/recipient.h"

#include <string.h>

#include "node/policy/rows.h"

struct naming {
	struct replica *r;
	uint32_t roles;
	bool any, anybody;
};

/* A class may be words or kinds: whatever it is, here it means this agency too, for
 * the key is here. */
static bool
on_recipient(void *context, const struct read_row *row)
{
	struct naming *n = context;
	struct agency_id agency;

	if (row_is(row, "state", "removed") ||
	    (row_id_of(row, "agency_id", agency.b) &&
		!id_equal(&agency, &replica_identity(n->r)->agency)))
		return true;
	n->any = true;
	n->anybody = n->anybody || !row_said(row, "role");
	n->roles |= row_bits(row, "role", LIST_ROLE);
	return true;
}

enum err
recipient_roles(uint32_t *roles, struct replica *r,
    const struct row_id *consent, struct fail *f)
{
	const struct table *t =
	    registry_table(replica_registry(r), "consent_recipient");
	struct naming n = { .r = r };
	struct read_filter filter = { .field = t != NULL
		    ? table_field(t, "consent_id")
		    : NULL,
		.value = { .type = VALUE_ID, .p = consent->b, .n = ID_BYTES } };
	const struct read_query q = { .table = t,
		.filters = &filter,
		.filter_count = 1 };
	enum err e = OK;

	*roles = 0;
	if (filter.field != NULL)
		e = read_list(r, &q, on_recipient, &n, f);
	if (e == OK && n.any && !n.anybody)
		*roles = n.roles;
	return e;
}
