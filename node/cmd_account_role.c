/* account role. */
#include "node/cmd.h"

#include <string.h>

#include "node/account/store.h"
#include "node/actor.h"
#include "node/journal.h"
#include "node/name.h"

static struct value
text_value(const char *text)
{
	return (struct value){ .type = VALUE_TEXT,
		.p = (const uint8_t *)text,
		.n = strlen(text) };
}

/* by: the person who acts; NULL: nobody by name. */
static const struct row_id *
by_whom(const struct run *run)
{
	return run->actor != NULL ? &run->actor->staff : NULL;
}

static enum err
end(struct run *run, enum err e, struct fail *f)
{
	if (e == OK)
		return replica_commit(run->replica, f);
	replica_rollback(run->replica);
	return e;
}

static enum err
read_role(const char **role, const char **scope, const struct run *run,
    struct fail *f)
{
	*role = run_word(run, 1);
	*scope = cli_get(run->cli, "scope");
	if (*scope == NULL)
		*scope = "caseload";
	if (account_role_of(*role, strlen(*role)) < 0)
		return fail_set(f, ERR_USAGE,
		    "account role: want officer, counselor, clinician, "
		    "social_worker, supervisor, clerk, records_officer, "
		    "privacy_officer, security_officer, administrator, medical "
		    "or auditor, have %.40s",
		    *role);
	if (strcmp(*scope, "caseload") != 0 && strcmp(*scope, "office") != 0 &&
	    strcmp(*scope, "all") != 0)
		return fail_set(f, ERR_USAGE,
		    "--scope: want caseload, office or all, have %.40s",
		    *scope);
	return OK;
}

/* Whoever has no account here may have one on a laptop. */
static enum err
find_staff(struct row_id *staff, struct run *run, struct fail *f)
{
	const char *name = run_word(run, 0);
	const struct table *t =
	    registry_table(replica_registry(run->replica), "staff");
	struct account a = { 0 };
	enum err e = account_find(&a, run->replica, name, f);

	*staff = a.staff;
	account_wipe(&a);
	return e == ERR_NOTFOUND && t != NULL
	    ? name_named(staff, run, t, name, f)
	    : e;
}

/* A row of the agency, read wherever its staff's roles are. */
static enum err
give_role(struct row_id *made, struct run *run, const struct row_id *staff,
    const char *role, const char *scope, struct fail *f)
{
	const struct table *t =
	    registry_table(replica_registry(run->replica), "staff_role");
	const char *until = cli_get(run->cli, "until");
	struct write_field fields[5];
	struct write_request q = { .table = t,
		.fields = fields,
		.staff = by_whom(run) };
	struct buf scratch = { 0 };
	int64_t draft;
	enum err e = OK;

	if (t == NULL)
		return fail_set(f, ERR_INPUT, "this schema has no roles");
	fields[q.field_count++] =
	    (struct write_field){ table_field(t, "staff_id"),
		    { .type = VALUE_ID, .p = staff->b, .n = ID_BYTES } };
	fields[q.field_count++] =
	    (struct write_field){ table_field(t, "role"), text_value(role) };
	fields[q.field_count++] =
	    (struct write_field){ table_field(t, "scope"), text_value(scope) };
	if (run->actor != NULL)
		fields[q.field_count++] =
		    (struct write_field){ table_field(t, "granted_by_id"),
			    { .type = VALUE_ID,
				.p = run->actor->staff.b,
				.n = ID_BYTES } };
	if (until != NULL) {
		fields[q.field_count].field = table_field(t, "valid_to");
		e = value_parse(&fields[q.field_count++].value, &scratch,
		    VALUE_DATE, until, f);
	}
	if (e == OK)
		e = write_row(run->replica, made, &draft, &q, f);
	buf_release(&scratch);
	return e;
}

enum err
cmd_account_role(struct run *run, struct fail *f)
{
	const char *role = "", *scope = "";
	struct audit_entry entry = { .act = "role" };
	char text[ID_TEXT_BYTES];
	struct row_id made, staff;
	enum err e = actor_must_administer(run, f);

	if (e == OK)
		e = read_role(&role, &scope, run, f);
	if (e == OK)
		e = find_staff(&staff, run, f);
	if (e == OK)
		e = replica_begin(run->replica, f);
	if (e != OK)
		return e;
	e = give_role(&made, run, &staff, role, scope, f);
	entry.row = &staff;
	entry.table = registry_table(replica_registry(run->replica), "staff");
	entry.note = role;
	if (e == OK)
		e = audit_run(run, &entry, f);
	e = end(run, e, f);
	if (e != OK)
		return e;
	run->wrote = true;
	hex_encode(text, made.b, ID_BYTES);
	if (run->cli->json)
		return run_json(run, json_pack("{s:s}", "id", text), f);
	run_say(run,
	    "%s has the role %s for %s. To end it: footbridge put staff_role "
	    "%.8s valid_to=DAY\n",
	    run_word(run, 0), role, scope, text);
	return OK;
}
