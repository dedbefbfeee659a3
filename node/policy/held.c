/* The columns by their names, as everywhere in policy. */
#include "node/policy/held.h"

#include "node/policy/case.h"
#include "node/policy/rows.h"
#include "sync/clock.h"

bool
held_is_server(struct replica *r)
{
	const struct member_node *self =
	    members_node(replica_members(r), &replica_identity(r)->node);

	return self == NULL || (self->roles & MEMBER_FIELD) == 0;
}

struct writers {
	const struct members *members;
	const struct agency_id *agency;
	bool any, other;
};

/* A server that was replaced or taken out was one. */
static bool
on_writer(void *context, const struct node_id *id)
{
	struct writers *w = context;
	const struct member_node *node = members_node(w->members, id);

	w->any = true;
	w->other = node == NULL || !id_equal(&node->agency, w->agency) ||
	    (node->ever_roles & MEMBER_REGISTRAR) == 0;
	return !w->other;
}

/* What it gives, and to whom. */
static uint64_t
given_fields(const struct table *t)
{
	static const char *const names[] = { "staff_id", "role", "scope",
		"office_id" };
	uint64_t bits = 0;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const struct field *field = table_field(t, names[i]);

		bits |= field != NULL ? CLOCK_BIT(field->number) : 0;
	}
	return bits;
}

bool
held_is_given(struct replica *r, const struct read_row *row)
{
	struct writers w = { .members = replica_members(r),
		.agency = &replica_identity(r)->agency };

	return read_writers(r, row, given_fields(row->table), on_writer, &w,
		   NULL) == OK &&
	    w.any && !w.other;
}

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
		until->i > policy_civil_ms(r) / 60000) &&
	    held_is_given(r, row);
}
