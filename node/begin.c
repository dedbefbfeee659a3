/* Rows are written only where the schema has such tables. */
#include "node/begin.h"

#include <string.h>

#include "node/account/admin.h"
#include "node/name.h"
#include "sync/db.h"

static struct value
text_value(const char *text)
{
	return (struct value){ .type = VALUE_TEXT,
		.p = (const uint8_t *)text,
		.n = strlen(text) };
}

static enum err
write_agency(struct replica *r, const char *name, int kind, struct fail *f)
{
	const struct table *t = registry_table(replica_registry(r), "agency");
	struct write_field fields[2];
	struct write_request q = { .table = t,
		.insert = true,
		.fields = fields };
	struct row_id id, made;
	int64_t draft;
	enum err e;

	if (t == NULL || !t->self || table_field(t, "name") == NULL ||
	    table_field(t, "kind") == NULL)
		return OK;
	memcpy(id.b, replica_identity(r)->agency.b, ID_BYTES);
	fields[0] =
	    (struct write_field){ table_field(t, "name"), text_value(name) };
	fields[1] = (struct write_field){ table_field(t, "kind"),
		text_value(kind_name(kind)) };
	q.field_count = 2;
	q.row = &id;
	e = write_row(r, &made, &draft, &q, f);
	return e == ERR_EXISTS ? OK : e;
}

static enum err
write_staff(struct replica *r, const char *name, struct fail *f)
{
	const struct table *t = registry_table(replica_registry(r), "staff");
	struct write_field field;
	struct write_request q = { .table = t,
		.fields = &field,
		.field_count = 1 };
	struct row_id made;
	int64_t draft;
	enum err e;

	if (t == NULL || table_field(t, "name") == NULL)
		return fail_set(f, ERR_INPUT,
		    "--staff: this schema has no staff with names");
	field =
	    (struct write_field){ table_field(t, "name"), text_value(name) };
	e = write_row(r, &made, &draft, &q, f);
	if (e != OK)
		return fail_in(f, e, "--staff");
	e = replica_meta_set(r, NAME_OWN_STAFF, made.b, ID_BYTES, f);
	return e == OK ? admin_first(r, name, &made, f) : e;
}

enum err
begin_directory(struct replica *r, const char *agency_name, int kind,
    const char *staff, struct fail *f)
{
	bool own = !db_in_transaction(replica_db(r));
	enum err e = own ? replica_begin(r, f) : OK;

	if (e != OK)
		return e;
	if (agency_name != NULL)
		e = write_agency(r, agency_name, kind, f);
	if (e == OK && staff != NULL && staff[0] != '\0')
		e = write_staff(r, staff, f);
	if (!own)
		return e;
	if (e == OK)
		return replica_commit(r, f);
	replica_rollback(r);
	return e;
}

void
begin_say_codes(struct run *run, const struct buf *replica,
    const struct buf *agency)
{
	run_say(run,
	    "\nWrite these on paper and lock it away. They are shown only "
	    "now.\n\n  This replica's recovery code (opens it when the "
	    "passphrase is lost):\n    %.*s\n",
	    (int)replica->n, (const char *)replica->p);
	if (agency != NULL && agency->n > 0)
		run_say(run,
		    "\n  The agency's recovery code (a new server needs it "
		    "when every\n  registrar is lost):\n    %.*s\n",
		    (int)agency->n, (const char *)agency->p);
	run_say(run, "\n");
}
