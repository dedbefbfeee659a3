/* consent sign. What the form must hold is checked where it is written
 * (policy/refuse_consent.c). */
#include "node/cmd.h"

#include <string.h>

#include "node/actor.h"
#include "node/name.h"
#include "node/policy/case.h"
#include "node/policy/refuse.h"
#include "node/policy/rows.h"

#define TEXT(s) \
	{ \
		.type = VALUE_TEXT, .p = (const uint8_t *)(s), .n = strlen(s) \
	}

struct signing {
	struct row_id id, subject;
	int64_t cpt;
	bool active, ended, revoked;
};

static bool
on_consent(void *context, const struct read_row *row)
{
	struct signing *s = context;

	s->subject = row->subject;
	s->cpt = row->cpt;
	s->active = row_is(row, "status", "active");
	s->ended = row_is(row, "status", "superseded");
	s->revoked = row_is(row, "status", "revoked");
	return false;
}

static enum err
write_event(const struct signing *s, struct run *run,
    const struct row_id *staff, struct fail *f)
{
	struct replica *r = run->replica;
	const struct env *env = replica_env(r);
	const struct table *t =
	    registry_table(replica_registry(r), "consent_event");
	int64_t minutes = env_wall_ms(env) / 60000 + env->offset_min(env->self);
	const struct write_field fields[] = {
		{ table_field(t, "consent_id"),
		    { .type = VALUE_ID, .p = s->id.b, .n = ID_BYTES } },
		{ table_field(t, "kind"), TEXT("signed") },
		{ table_field(t, "happened_at"),
		    { .type = VALUE_TIME, .i = minutes } },
	};
	struct write_request q = { .table = t,
		.fields = fields,
		.field_count = COUNT_OF(fields),
		.subject = &s->subject,
		.staff = staff };
	struct row_id made;
	int64_t draft;

	return write_row(r, &made, &draft, &q, f);
}

enum err
cmd_consent_sign(struct run *run, struct fail *f)
{
	struct replica *r = run->replica;
	const struct table *t = registry_table(replica_registry(r), "consent");
	const struct write_field field = { table_field(t, "status"),
		TEXT("active") };
	struct write_request q = { .table = t,
		.fields = &field,
		.field_count = 1 };
	struct signing s = { 0 };
	struct row_id made, staff;
	char text[ID_TEXT_BYTES];
	bool have = false;
	int64_t draft;
	enum err e = name_found(&s.id, run, t, run_word(run, 0), f);

	if (e == OK)
		e = actor_may_write_row(run, t, &s.id, f);
	if (e == OK)
		e = read_get(r, t, &s.id, 0, on_consent, &s, f);
	if (e == OK && (s.active || s.ended || s.revoked))
		e = fail_set(f, ERR_EXISTS, "that consent is %s already",
		    s.active      ? "active"
			: s.ended ? "superseded"
				  : "revoked");
	if (e == OK)
		e = name_acting(&staff, &have, run, f);
	if (e != OK)
		return e;
	q.row = &s.id;
	q.cpt = s.cpt;
	q.staff = have ? &staff : NULL;
	e = replica_begin(r, f);
	if (e != OK)
		return e;
	e = write_row(r, &made, &draft, &q, f);
	if (e == OK)
		e = write_event(&s, run, q.staff, f);
	if (e == OK)
		e = replica_commit(r, f);
	else
		replica_rollback(r);
	/* what the write noted of a refusal went with its transaction */
	if (e == ERR_DENIED) {
		refuse_note(r, q.staff, "consent", "consent", NULL);
		run->wrote = true;
	}
	if (e != OK)
		return e;
	run->wrote = true;
	hex_encode(text, s.id.b, ID_BYTES);
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:s, s:s}", "id", text, "status", "active"), f);
	run_say(run, "The consent is in force.\n%s\n", text);
	return OK;
}
