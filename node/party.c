#include "node/party.h"

#include <string.h>

#include "sync/read.h"

struct looking {
	int kind;
};

static bool
on_agency(void *context, const struct read_row *row)
{
	const struct field *field = table_field(row->table, "kind");
	struct looking *x = context;

	if (field != NULL && row->values[field->number].type == VALUE_TEXT)
		x->kind = policy_number(LIST_KIND,
		    (const char *)row->values[field->number].p,
		    row->values[field->number].n);
	return false;
}

enum err
party_find(struct policy_party *out, struct replica *r,
    const struct agency_id *id, struct fail *f)
{
	const struct table *t = registry_table(replica_registry(r), "agency");
	struct looking x = { .kind = -1 };
	const char *name;
	struct row_id row;
	enum err e;

	memcpy(row.b, id->b, ID_BYTES);
	e = read_get(r, t, &row, 0, on_agency, &x, f);
	if (e != OK && e != ERR_NOTFOUND && e != ERR_WAIT)
		return e;
	out->agency = *id;
	out->active = false;
	for (size_t k = 0; k < members_agency_count(replica_members(r)); k++) {
		const struct member_agency *a =
		    members_agency_at(replica_members(r), k);

		if (!id_equal(&a->id, id))
			continue;
		out->active = !members_agency_undone(replica_members(r), id);
		name = kind_name(a->kind);
		if (x.kind < 0 && name != NULL)
			x.kind = policy_number(LIST_KIND, name, strlen(name));
	}
	if (x.kind < 0)
		return fail_set(f, ERR_INPUT,
		    "nothing says what kind of agency that is");
	out->kind = (enum policy_kind)x.kind;
	return OK;
}

static bool
on_listed(void *context, const struct read_row *row)
{
	bool *yes = context;

	(void)row;
	*yes = true;
	return false;
}

enum err
party_listed(bool *yes, struct replica *r, const struct agency_id *id,
    struct fail *f)
{
	const struct table *t = registry_table(replica_registry(r), "agency");
	struct row_id row;
	enum err e;

	*yes = false;
	memcpy(row.b, id->b, ID_BYTES);
	e = read_get(r, t, &row, 0, on_listed, yes, f);
	return e == ERR_NOTFOUND || e == ERR_WAIT ? OK : e;
}

static const struct {
	enum policy_role role;
	enum policy_purpose purpose;
} usual[POLICY_KIND_COUNT] = {
	[PARTY_PROBATION] = { ROLE_OFFICER, PURPOSE_SUPERVISION },
	[PARTY_TREATMENT] = { ROLE_COUNSELOR, PURPOSE_TREATMENT },
	[PARTY_MENTAL_HEALTH] = { ROLE_CLINICIAN, PURPOSE_TREATMENT },
	[PARTY_SOCIAL] = { ROLE_SOCIAL_WORKER, PURPOSE_COORDINATION },
	[PARTY_COURT] = { ROLE_CLERK, PURPOSE_COURT },
	[PARTY_HOUSING] = { ROLE_CLERK, PURPOSE_COORDINATION },
	[PARTY_EMPLOYMENT] = { ROLE_CLERK, PURPOSE_COORDINATION },
	[PARTY_MEDICAL] = { ROLE_MEDICAL, PURPOSE_TREATMENT },
	[PARTY_PEER] = { ROLE_SOCIAL_WORKER, PURPOSE_COORDINATION },
	[PARTY_HUB] = { ROLE_AUDITOR, PURPOSE_OPERATIONS },
};

enum policy_role
party_usual_role(enum policy_kind kind)
{
	return usual[kind].role;
}

enum policy_purpose
party_usual_purpose(enum policy_kind kind)
{
	return usual[kind].purpose;
}
