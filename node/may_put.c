/* The tables and their roles are account_writers'; here are the fields. */
#include "node/may_put.h"

#include <string.h>

#define CASEWORK \
	(ACCOUNT_BIT(ACCOUNT_OFFICER) | ACCOUNT_BIT(ACCOUNT_COUNSELOR) | \
	    ACCOUNT_BIT(ACCOUNT_CLINICIAN) | \
	    ACCOUNT_BIT(ACCOUNT_SOCIAL_WORKER) | \
	    ACCOUNT_BIT(ACCOUNT_SUPERVISOR) | ACCOUNT_BIT(ACCOUNT_MEDICAL) | \
	    ACCOUNT_BIT(ACCOUNT_RECORDS_OFFICER) | \
	    ACCOUNT_BIT(ACCOUNT_PRIVACY_OFFICER))

bool
may_put_gives(const char *table)
{
	return strcmp(table, "staff") == 0 ||
	    strcmp(table, "access_restriction") == 0;
}

/* A role can only be made to end earlier: an administrator does that by hand. */
static bool
ends_role(const struct run *run, const struct table *t, bool is_new,
    const struct write_field *fields, size_t n)
{
	if (strcmp(t->name, "staff_role") != 0 || is_new ||
	    run->session != NULL || !run->actor->rights.leads)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(fields[i].field->name, "valid_to") != 0 &&
		    strcmp(fields[i].field->name, "temporary_until") != 0)
			return false;
	}
	return true;
}

/* ---- which fields ---- */

static bool
is_word(const struct value *v, const char *word)
{
	return v->type == VALUE_TEXT && v->n == strlen(word) &&
	    memcmp(v->p, word, v->n) == 0;
}

static enum err
check_field(const struct table *t, bool is_new, const struct write_field *w,
    struct fail *f)
{
	const char *name = w->field->name;

	if (w->field->number == REGISTRY_ROW_STATE)
		return fail_set(f, ERR_DENIED,
		    "row_state is not written by hand: footbridge seal closes "
		    "records, shred destroys them, import undo takes an import "
		    "back; nothing was changed");
	if (strcmp(t->name, "consent") == 0 && strcmp(name, "status") == 0 &&
	    is_word(&w->value, "active"))
		return fail_set(f, ERR_DENIED,
		    "a consent is put in force by footbridge consent sign; "
		    "nothing was changed");
	/* the same restriction has the same id: a new one would lift it */
	if (strcmp(t->name, "access_restriction") == 0 && is_new &&
	    strcmp(name, "state") == 0 && !is_word(&w->value, "present"))
		return fail_set(f, ERR_DENIED,
		    "a restriction is lifted by its id: put access_restriction "
		    "ID state=lifted; nothing was changed");
	return OK;
}

enum err
may_put(struct run *run, const struct table *t, const struct row_id *row,
    const struct row_id *subject, const struct write_field *fields, size_t n,
    struct fail *f)
{
	const char *how = NULL;
	enum err e = OK;

	if (run->actor == NULL || t->scope == SCOPE_LOCAL)
		return OK;
	if (account_writers(&how, t) == 0)
		return ends_role(run, t, row == NULL, fields, n)
		    ? OK
		    : fail_set(f, ERR_DENIED,
			  "nothing was written: %s records are not for your "
			  "role or any other: %s",
			  t->name, how);
	if (row != NULL)
		e = actor_may_write_row(run, t, row, f);
	if (e == OK)
		e = actor_may_write(run, t, subject, f);
	for (size_t i = 0; e == OK && i < n; i++)
		e = check_field(t, row == NULL, &fields[i], f);
	return e;
}

/* ---- decisions ---- */

uint32_t
may_decide_roles(const char *who)
{
	static const struct {
		const char *word;
		uint32_t roles;
	} words[] = {
		{ "supervisor", ACCOUNT_BIT(ACCOUNT_SUPERVISOR) },
		{ "privacy_officer", ACCOUNT_BIT(ACCOUNT_PRIVACY_OFFICER) },
		{ "administrator", ACCOUNT_BIT(ACCOUNT_ADMINISTRATOR) },
		{ "steward", ACCOUNT_BIT(ACCOUNT_ADMINISTRATOR) },
		{ "clinician", ACCOUNT_BIT(ACCOUNT_CLINICIAN) },
		{ "officer",
		    ACCOUNT_BIT(ACCOUNT_OFFICER) |
			ACCOUNT_BIT(ACCOUNT_SUPERVISOR) },
	};

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (who != NULL && strcmp(words[i].word, who) == 0)
			return words[i].roles;
	}
	return CASEWORK;
}

enum err
may_decide(struct run *run, const char *who, const struct row_id *subject,
    struct fail *f)
{
	const struct actor *a = run->actor;

	if (a == NULL)
		return OK;
	if (!a->rights.leads && (a->rights.roles & may_decide_roles(who)) == 0)
		return fail_set(f, ERR_DENIED,
		    "the %s decides about this; nothing was changed",
		    who != NULL ? who : "reader");
	return actor_must_see(run, subject, f);
}
