/* emergency, emergency list, emergency review: opening what is closed, and looking at it after. */
#include "node/cmd.h"

#include <stdlib.h>
#include <string.h>

#include "node/actor.h"
#include "node/category.h"
#include "node/entry.h"
#include "node/informing.h"
#include "node/name.h"
#include "node/opened.h"
#include "node/policy/active.h"
#include "node/policy/case.h"
#include "node/policy/closed.h"
#include "node/policy/emergency.h"
#include "node/role.h"
#include "sync/audit.h"
#include "sync/grant.h"

/* ---- opening ----------------------------------------------------------------------- */

struct opening {
	struct run *run;
	struct row_id person, staff;
	uint32_t roles;
	enum emergency_reason reason;
	int64_t hours, now_ms;
	struct agency_id owner; /* whose it is, if not our own */
	bool has_owner;
	const char *category; /* looked for */
};

static enum err
read_reason(struct opening *x, struct fail *f)
{
	const char *word = cli_get(x->run->cli, "reason");
	const char *hours = cli_get(x->run->cli, "hours");
	int n = word != NULL ? emergency_reason_of(word) : -1;

	if (n < 0)
		return fail_set(f, ERR_USAGE,
		    "--reason: want medical_emergency, imminent_danger, "
		    "on_call_cover, child_abuse_report or supervisor_review");
	x->reason = (enum emergency_reason)n;
	x->hours = emergency_hours(x->reason);
	if (hours == NULL)
		return OK;
	return cli_number(&x->hours, hours, 1, x->hours, "--hours", f);
}

/* 42 CFR 2.51(c): who, from where, who disclosed it, when, what happened. */
static enum err
check_medical(const struct opening *x, struct fail *f)
{
	static const char *const wanted[] = { "who", "affiliation", "nature" };

	for (size_t k = 0;
	     x->reason == EMERGENCY_MEDICAL && k < COUNT_OF(wanted); k++) {
		const char *text = cli_get(x->run->cli, wanted[k]);

		if (text == NULL || text[strspn(text, " ")] == '\0')
			return fail_set(f, ERR_USAGE,
			    "a medical emergency is recorded with --who (the "
			    "medical person), --affiliation and --nature (42 "
			    "CFR 2.51(c)): --%s is missing",
			    wanted[k]);
	}
	return OK;
}

static void
on_access(void *context, const struct grant_access *a)
{
	struct opening *x = context;
	const struct agency_id *own =
	    &replica_identity(x->run->replica)->agency;

	if (a->owner == NULL || id_equal(&a->owner->id, own) ||
	    strcmp(a->category, x->category) != 0)
		return;
	x->owner = a->owner->id;
	x->has_owner = true;
}

/* Does an agency of our kind keep records of this category? What only others keep
 * is theirs, whether or not any of it is here to be read. */
static bool
is_of_own_kind(const struct opening *x)
{
	const struct registry *g = replica_registry(x->run->replica);

	for (size_t k = 0; k < g->table_count; k++) {
		const char *c = table_category(&g->tables[k],
		    replica_kind(x->run->replica));

		if (c != NULL && strcmp(c, x->category) == 0)
			return true;
	}
	return false;
}

static enum err
check_categories(struct opening *x, struct fail *f)
{
	enum err e = OK;

	for (size_t k = 1; e == OK && (x->category = run_word(x->run, k));
	     k++) {
		struct agency_id owner = x->owner;
		bool before = x->has_owner;

		x->has_owner = false;
		e = grant_access_list(x->run->replica, &x->person, on_access, x,
		    f);
		if (e == OK)
			e = emergency_may(x->reason, x->roles, x->category,
			    is_of_own_kind(x), f);
		if (!x->has_owner) {
			x->owner = owner;
			x->has_owner = before;
		}
	}
	return e;
}

/* Who is kept out of a case opens it no way but as the supervisor who looks at
 * it. */
static enum err
check_restriction(const struct opening *x, struct fail *f)
{
	struct closed *c;
	enum err e = closed_load(&c, x->run->replica, f);

	if (e != OK)
		return e;
	if (x->reason != EMERGENCY_REVIEW &&
	    closed_keeps_out(c, &x->staff, &x->person))
		e = actor_sees_nothing(f);
	closed_free(c);
	return e;
}

static enum err
write_opening(struct opening *x, struct row_id *made, struct fail *f)
{
	struct run *run = x->run;
	struct buf list = { .limit = 2048 }, who = { .limit = 512 };
	struct entry row;
	enum err e;

	for (size_t k = 1; run_word(run, k) != NULL; k++)
		buf_printf(&list, "%s%s", k > 1 ? "," : "", run_word(run, k));
	name_show_staff(&who, run, &x->staff);
	entry_begin(&row, run->replica, "break_glass");
	entry_id(&row, "staff_id", x->staff.b);
	entry_text(&row, "reason", emergency_word(x->reason));
	entry_text(&row, "narrative", cli_get(run->cli, "why"));
	entry_text(&row, "categories", buf_cstr(&list));
	entry_time(&row, "opened_at", x->now_ms);
	entry_time(&row, "ends_at", x->now_ms + x->hours * 3600000);
	if (x->reason == EMERGENCY_MEDICAL) {
		entry_text(&row, "medical_person", cli_get(run->cli, "who"));
		entry_text(&row, "medical_affiliation",
		    cli_get(run->cli, "affiliation"));
		entry_text(&row, "disclosed_by", buf_cstr(&who));
		entry_text(&row, "emergency", cli_get(run->cli, "nature"));
	}
	entry_id(&row, "owner_agency_id", x->has_owner ? x->owner.b : NULL);
	e = entry_new(&row, made, &x->person, &x->staff, f);
	buf_release(&list);
	buf_release(&who);
	return e;
}

/* The owner reads the row itself: it goes in the urgent lane. */
static enum err
tell_owner(const struct opening *x, const struct row_id *made, struct fail *f)
{
	static const char *const category[] = { "ADM.emergency" };
	char basis[ID_TEXT_BYTES + 16] = "emergency:";
	struct grant_request q = { .subject = x->person,
		.categories = category,
		.category_count = 1,
		.kind = GRANT_AGENCY,
		.right = GRANT_READ,
		.basis = basis };
	const struct member_node *self =
	    members_node(replica_members(x->run->replica),
		&replica_identity(x->run->replica)->node);

	/* of a laptop's its office's server tells it */
	if (!x->has_owner || self == NULL ||
	    (self->roles & MEMBER_REGISTRAR) == 0)
		return OK;
	hex_encode(basis + strlen(basis), made->b, ID_BYTES);
	memcpy(q.recipient, x->owner.b, ID_BYTES);
	return grant_share(x->run->replica, &q, NULL, NULL, f);
}

/* Afterwards the person hears of it. */
static enum err
note_person(const struct opening *x, const struct row_id *made, struct fail *f)
{
	struct replica *r = x->run->replica;
	struct policy_pack *pack;
	bool approved;
	enum err e = policy_active(&pack, &approved, r, policy_today(r), f);

	if (e != OK)
		return e;
	e = informing_emergency(r, pack, &x->person, made, &x->staff, f);
	pack_free(pack);
	return e;
}

static enum err
open_it(struct opening *x, struct row_id *made, struct fail *f)
{
	struct replica *r = x->run->replica;
	struct audit_entry what = { .act = "emergency",
		.staff = &x->staff,
		.subject = &x->person,
		.note = emergency_word(x->reason) };
	enum err e = replica_begin(r, f);

	if (e != OK)
		return e;
	e = write_opening(x, made, f);
	if (e == OK && emergency_is_told(x->reason))
		e = note_person(x, made, f);
	if (e == OK)
		e = tell_owner(x, made, f);
	if (e == OK)
		e = audit_write(r, &what, f);
	if (e == OK)
		return replica_commit(r, f);
	replica_rollback(r);
	return e;
}

static enum err
say_opened(const struct opening *x, const struct row_id *made, struct fail *f)
{
	const struct env *env = replica_env(x->run->replica);
	char until[NAME_TIME_BYTES], id[ID_TEXT_BYTES], agency[ID_TEXT_BYTES];

	hex_encode(id, made->b, ID_BYTES);
	name_time(until, x->now_ms + x->hours * 3600000,
	    env->offset_min(env->self));
	if (x->run->cli->json)
		return run_json(x->run,
		    json_pack("{s:s, s:s, s:I}", "id", id, "until", until,
			"hours", (json_int_t)x->hours),
		    f);
	run_say(x->run,
	    "EMERGENCY ACCESS until %s. It ends by itself, every look is "
	    "written down, and it is reviewed.\n",
	    until);
	if (x->has_owner)
		run_say(x->run, "%s reads of it with the next contact.\n",
		    name_of_agency(x->run, &x->owner, agency));
	run_say(x->run, "%s\n", id);
	return OK;
}

enum err
cmd_emergency(struct run *run, struct fail *f)
{
	struct opening x = { .run = run,
		.now_ms = policy_now_ms(run->replica) };
	const char *why = cli_get(run->cli, "why");
	struct row_id made;
	bool have = false;
	enum err e = read_reason(&x, f);

	if (e == OK && (why == NULL || strlen(why) < 10))
		e = fail_set(f, ERR_USAGE,
		    "--why: say in a sentence what happened");
	if (e == OK)
		e = check_medical(&x, f);
	if (e == OK)
		e = category_check(run, 1, "opened", f);
	if (e == OK)
		e = role_of(&x.roles, &x.staff, &have, NULL, run, f);
	if (e == OK && !have)
		e = fail_set(f, ERR_DENIED,
		    "nobody is named who opens it: --as STAFF");
	if (e == OK)
		e = read_subject(run->replica, &x.person, run_word(run, 0), f);
	if (e == OK)
		e = check_restriction(&x, f);
	if (e == OK)
		e = check_categories(&x, f);
	if (e == OK)
		e = open_it(&x, &made, f);
	if (e != OK)
		return e;
	run->wrote = true;
	return say_opened(&x, &made, f);
}

/* ---- review -------------------------------------------------------------------------- */

struct reviewing {
	struct run *run;
	struct arena arena;
	struct policy_pack *pack;
	struct opened *list;
	size_t count;
	json_t *array; /* NULL: text */
	int64_t looks, open, said;
	bool all;                  /* those that were reviewed, too */
	const struct row_id *only; /* of this member of staff; or NULL */
	bool everybody;            /* whoever looks reviews of whomever */
};

static enum err
load(struct reviewing *x, struct fail *f)
{
	struct replica *r = x->run->replica;
	bool approved;
	enum err e = policy_active(&x->pack, &approved, r, policy_today(r), f);

	return e == OK
	    ? opened_load(&x->list, &x->count, r, x->pack, &x->arena, f)
	    : e;
}

static bool
on_look(void *context, const struct audit_seen *seen)
{
	struct reviewing *x = context;

	x->looks += (int64_t)seen->count;
	return true;
}

/* What they looked at meanwhile, on this computer. */
static enum err
count_looks(struct reviewing *x, const struct opened *o, struct fail *f)
{
	const struct env *env = replica_env(x->run->replica);
	int64_t offset = (int64_t)env->offset_min(env->self) * 60000;
	struct audit_query q = { .since_ms = o->from * 60000 - offset,
		.until_ms = o->to * 60000 - offset,
		.staff = &o->staff,
		.subject = &o->person };

	x->looks = 0;
	return audit_each(x->run->replica, &q, on_look, x, f);
}

static enum err
say_one(struct reviewing *x, const struct opened *o, struct fail *f)
{
	char id[ID_TEXT_BYTES], from[NAME_TIME_BYTES], to[NAME_TIME_BYTES];
	char due[NAME_TIME_BYTES], agency[ID_TEXT_BYTES];
	struct buf who = { .limit = 512 };
	enum err e = count_looks(x, o, f);

	if (e != OK)
		return e;
	hex_encode(id, o->id.b, ID_BYTES);
	name_time(from, o->from * 60000, 0);
	name_time(to, o->to * 60000, 0);
	name_time(due, o->due * 60000, 0);
	name_show_staff(&who, x->run, &o->staff);
	if (x->array != NULL)
		(void)json_array_append_new(x->array,
		    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, "
			      "s:b, s:b, s:I, s:s, s:b}",
			"id", id, "staff", buf_cstr(&who), "agency",
			name_of_agency(x->run, &o->owner, agency), "reason",
			o->reason, "categories", o->categories, "from", from,
			"until", to, "why", o->narrative, "due", due, "late",
			o->late, "escalated", o->late, "looks",
			(json_int_t)x->looks, "verdict", o->verdict, "running",
			o->running));
	else
		run_say(x->run,
		    "%s\n  %s of %s, %s\n  %s to %s: %s\n  %s%s%s\n  entries "
		    "in the journal here meanwhile: %lld; %s%s%s\n",
		    id, buf_cstr(&who),
		    name_of_agency(x->run, &o->owner, agency), o->reason, from,
		    to, o->categories, o->narrative,
		    o->medical[0] != '\0' ? "; medical person: " : "",
		    o->medical, (long long)x->looks,
		    o->waits ? "review due " : "reviewed: ",
		    o->waits ? due : o->verdict,
		    o->late          ? ", LATE: with the privacy officer"
			: o->running ? "; it runs now"
				     : "");
	buf_release(&who);
	return OK;
}

/* One's own, or of a person within reach; a privacy officer and an auditor look at
 * everybody's. */
static bool
is_for(struct reviewing *x, const struct opened *o)
{
	if (x->only != NULL)
		return id_equal(x->only, &o->staff);
	return x->everybody || actor_sees(x->run, &o->person) ||
	    (x->run->actor != NULL &&
		id_equal(&x->run->actor->staff, &o->staff));
}

/* Does whoever looks look at everybody's? *roles: theirs. */
static enum err
begin_review(struct reviewing *x, uint32_t *roles, struct fail *f)
{
	struct row_id staff;
	enum err e = role_of(roles, &staff, NULL, NULL, x->run, f);

	x->everybody = (*roles &
			   (POLICY_BIT(ROLE_PRIVACY_OFFICER) |
			       POLICY_BIT(ROLE_AUDITOR))) != 0;
	return e;
}

static enum err
say_queue(struct reviewing *x, struct fail *f)
{
	enum err e = OK;

	if (x->run->cli->json && (x->array = json_array()) == NULL)
		return fail_set(f, ERR_NOMEM, "the JSON answer");
	for (size_t k = 0; e == OK && k < x->count; k++) {
		if (!x->all && !x->list[k].waits)
			continue;
		if (!is_for(x, &x->list[k]))
			continue;
		x->open += x->list[k].waits;
		x->said++;
		e = say_one(x, &x->list[k], f);
	}
	x->run->decide = e == OK && x->open > 0 && x->only == NULL;
	if (x->array != NULL)
		return e == OK ? run_json(x->run, x->array, f)
			       : (json_decref(x->array), e);
	if (e == OK && x->said == 0)
		run_say(x->run,
		    x->all ? "nobody opened anything in an emergency\n"
			   : "no emergency access waits for review\n");
	return e;
}

static enum err
write_review(struct reviewing *x, const struct opened *o,
    const struct row_id *staff, const char *verdict, struct fail *f)
{
	struct row_id made;
	struct entry row;

	if (id_equal(&o->staff, staff))
		return fail_set(f, ERR_DENIED,
		    "nobody reviews their own emergency access");
	entry_begin(&row, x->run->replica, "break_glass_review");
	entry_id(&row, "break_glass_id", o->id.b);
	entry_day(&row, "reviewed_on", policy_today(x->run->replica));
	entry_id(&row, "reviewer_id", staff->b);
	entry_text(&row, "verdict", verdict);
	entry_text(&row, "note", cli_get(x->run->cli, "note"));
	x->run->wrote = true;
	return entry_new(&row, &made, &o->person, staff, f);
}

static enum err
review_one(struct reviewing *x, const struct row_id *staff, struct fail *f)
{
	const struct table *t =
	    registry_table(replica_registry(x->run->replica), "break_glass");
	const char *verdict = cli_get(x->run->cli, "verdict");
	struct row_id id;
	enum err e;

	if (verdict == NULL)
		return fail_set(f, ERR_USAGE,
		    "--verdict: want justified, not_justified or more_needed");
	e = name_row(&id, x->run, t, run_word(x->run, 0), f);
	for (size_t k = 0; e == OK && k < x->count; k++)
		if (id_equal(&x->list[k].id, &id) && is_for(x, &x->list[k]))
			return write_review(x, &x->list[k], staff, verdict, f);
	return e != OK ? e
		       : fail_set(f, ERR_NOTFOUND,
			     "there is no such emergency access here");
}

enum err
cmd_emergency_review(struct run *run, struct fail *f)
{
	struct reviewing x = { .run = run };
	struct row_id staff;
	enum err e = role_need(&staff, run,
	    POLICY_BIT(ROLE_PRIVACY_OFFICER) | POLICY_BIT(ROLE_SUPERVISOR),
	    "the review of emergency access", f);
	uint32_t roles = 0;

	if (e == OK)
		e = begin_review(&x, &roles, f);
	if (e == OK)
		e = load(&x, f);
	if (e == OK)
		e = run_word(run, 0) != NULL ? review_one(&x, &staff, f)
					     : say_queue(&x, f);
	pack_free(x.pack);
	arena_release(&x.arena);
	return e;
}

/* Whoever opened something sees that, who reviews sees all. */
enum err
cmd_emergency_list(struct run *run, struct fail *f)
{
	struct reviewing x = { .run = run, .all = true };
	const uint32_t all = POLICY_BIT(ROLE_PRIVACY_OFFICER) |
	    POLICY_BIT(ROLE_SUPERVISOR) | POLICY_BIT(ROLE_AUDITOR);
	struct row_id staff;
	uint32_t roles = 0;
	bool have = false;
	enum err e = role_of(&roles, &staff, &have, NULL, run, f);

	if (e == OK && !have)
		e = fail_set(f, ERR_DENIED,
		    "emergency list: nobody is named who looks: --as STAFF");
	if ((roles & all) == 0)
		x.only = &staff;
	if (e == OK)
		e = begin_review(&x, &roles, f);
	if (e == OK)
		e = load(&x, f);
	if (e == OK)
		e = say_queue(&x, f);
	pack_free(x.pack);
	arena_release(&x.arena);
	return e;
}
