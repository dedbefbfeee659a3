/* The columns by their names, as everywhere in policy. */
#include "node/policy/held.h"

#include "node/policy/case.h"
#include "node/policy/rows.h"

bool
held_now(struct replica *r, const struct read_row *row)
{
	const struct value *until = row_value(row, "temporary_until");
	policy_day from = row_day(row, "valid_from");
	policy_day to = row_day(row, "valid_to");
	policy_day today = policy_today(r);

	return id_equal(&row->owner, &replica_identity(r)->agency) &&
	    (from == POLICY_NO_DAY || from <= today) &&
	    (to == POLICY_NO_DAY || to >= today) &&
	    (until->type != VALUE_TIME ||
		until->i > policy_civil_ms(r) / 60000);
}
