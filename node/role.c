#include "node/role.h"

#include "node/actor.h"
#include "node/name.h"
#include "node/policy/held.h"
#include "node/policy/policy.h"
#include "node/policy/rows.h"

struct looking {
	struct row_id staff;
	bool have, set_up;
	uint32_t roles;
};

static enum err
on_role(struct rows *rows, const struct read_row *row)
{
	struct looking *x = rows->context;
	int role = row_number(row, "role", LIST_ROLE);
	struct row_id id;
	bool mine = x->have && row_id_of(row, "staff_id", id.b) &&
	    id_equal(&id, &x->staff);

	if (role < 0 || (x->set_up && !mine) || !held_now(rows->r, row))
		return OK;
	x->set_up = true;
	if (mine)
		x->roles |= POLICY_BIT(role);
	return OK;
}

enum err
role_of(uint32_t *roles, struct row_id *staff, bool *have, bool *set_up,
    const struct run *run, struct fail *f)
{
	struct arena arena = { 0 };
	struct looking x = { .have = false };
	struct rows rows = { .r = run->replica,
		.arena = &arena,
		.context = &x,
		.each = on_role };
	enum err e = name_acting(&x.staff, &x.have, run, f);

	if (e == OK)
		e = rows_read(&rows, "staff_role", NULL, f);
	arena_release(&arena);
	if (e != OK)
		return e;
	*roles = x.roles;
	*staff = x.staff;
	if (have != NULL)
		*have = x.have;
	if (set_up != NULL)
		*set_up = x.set_up;
	return OK;
}

bool
role_knows_seals(uint32_t roles, bool set_up, struct replica *r)
{
	return (roles & ROLE_BITS_RECORDS) != 0 ||
	    (!set_up && held_is_server(r));
}

bool
role_knows_openings(uint32_t roles, bool set_up, struct replica *r)
{
	return (roles & (ROLE_BITS_REVIEW | POLICY_BIT(ROLE_AUDITOR))) != 0 ||
	    (!set_up && held_is_server(r));
}

enum err
role_hush(struct policy_facts *facts, const struct run *run, struct fail *f)
{
	struct policy_seal *sealed = (struct policy_seal *)facts->sealed;
	struct row_id staff;
	uint32_t roles = 0;
	bool have, set_up;
	size_t kept = 0;
	enum err e = role_of(&roles, &staff, &have, &set_up, run, f);

	if (e != OK || role_knows_seals(roles, set_up, run->replica))
		return e;
	for (size_t k = 0; k < facts->sealed_count; k++)
		if ((sealed[k].readers & roles) != 0)
			sealed[kept++] = sealed[k];
	facts->sealed_count = kept;
	return OK;
}

enum err
role_must_know_seals(const struct run *run, struct fail *f)
{
	struct row_id staff;
	uint32_t roles = 0;
	bool have, set_up;
	enum err e = role_of(&roles, &staff, &have, &set_up, run, f);

	if (e == OK && !role_knows_seals(roles, set_up, run->replica))
		return actor_sees_nothing(f);
	return e;
}

enum err
role_need(struct row_id *staff, const struct run *run, uint32_t roles,
    const char *what, struct fail *f)
{
	struct buf words = { .limit = 256 };
	uint32_t have = 0;
	enum err e = role_of(&have, staff, NULL, NULL, run, f);

	if (e != OK || (have & roles) != 0)
		return e;
	for (int k = 0; k < POLICY_ROLE_COUNT; k++)
		if ((roles & POLICY_BIT(k)) != 0)
			buf_printf(&words, "%s%s", words.n > 0 ? " or " : "",
			    policy_word(LIST_ROLE, k));
	e = fail_set(f, ERR_DENIED,
	    "%s is for staff with the role %s (table staff_role): nothing was "
	    "done",
	    what, buf_cstr(&words));
	buf_release(&words);
	return e;
}
