/* revoke, lost, keyslot agency. */
#include "node/cmd.h"

#include <string.h>

#include "node/actor.h"
#include "node/informing.h"
#include "node/journal.h"
#include "node/name.h"
#include "node/named.h"
#include "node/role.h"
#include "node/view.h"
#include "sync/agency_key.h"
#include "sync/revoke.h"

/* ---- revoke ---- */

static enum err
reason_of(enum revocation_reason *out, const char *text, struct fail *f)
{
	static const enum revocation_reason all[] = { REVOKED_LOST,
		REVOKED_LEFT, REVOKED_COMPROMISED, REVOKED_MISTAKE };

	for (size_t k = 0; text != NULL && k < COUNT_OF(all); k++)
		if (strcmp(text, revoke_reason_name(all[k])) == 0) {
			*out = all[k];
			return OK;
		}
	return fail_set(f, ERR_USAGE,
	    "revoke: --reason wants lost, left, compromised or mistake");
}

/* What is lost or in wrong hands has people told and keys replaced: once the
 * agency gives roles, that is for those who answer for it. */
static enum err
check_declares(struct run *run, enum revocation_reason reason, struct fail *f)
{
	const uint32_t wanted = POLICY_BIT(ROLE_SECURITY_OFFICER) |
	    POLICY_BIT(ROLE_PRIVACY_OFFICER) | POLICY_BIT(ROLE_ADMINISTRATOR) |
	    POLICY_BIT(ROLE_SUPERVISOR);
	struct row_id staff;
	uint32_t roles = 0;
	bool set_up = false;
	enum err e;

	if ((reason != REVOKED_LOST && reason != REVOKED_COMPROMISED) ||
	    (run->actor != NULL && run->actor->administrator))
		return OK;
	e = role_of(&roles, &staff, NULL, &set_up, run, f);
	if (e != OK || !set_up || (roles & wanted) != 0)
		return e;
	return role_need(&staff, run, wanted, "declaring a computer lost", f);
}

/* Whose records were on it, as far as they are this agency's: each is told. */
static enum err
note_people(struct owed *out, struct run *run, const struct member_node *n,
    enum revocation_reason reason, struct fail *f)
{
	struct audit_entry what = { .act = "revoke",
		.decision = revoke_reason_name(reason),
		.note = n->name };
	struct owed before;
	enum err e = owed_count(&before, run->replica, f);

	if (e == OK)
		e = audit_run(run, &what, f);
	if (e == OK)
		e = informing_breaches(run->replica, f);
	if (e == OK)
		e = owed_count(out, run->replica, f);
	out->notices -= before.notices;
	return e;
}

static void
say_code(struct run *run, const struct buf *code, const char *why)
{
	run_say(run,
	    "\nThe key of this agency was replaced%s. Its recovery code is new "
	    "and shown this once; the old one opens nothing any more. Write it "
	    "down and lock it away:\n\n  %.*s\n\n",
	    why, (int)code->n, (const char *)code->p);
}

static void
say_revoked(struct run *run, const struct member_node *n,
    enum revocation_reason reason, const struct revoke_report *report,
    const struct owed *owed)
{
	bool cuts = revocation_reason_cuts(reason);

	run_say(run, "%s is out of the network (%s%s).\n", n->name,
	    revoke_reason_name(reason),
	    report->by_root ? ", by the root key" : "");
	run_say(run,
	    "  No computer that knows answers it any more; the others learn it "
	    "at their next contact, before anything else.\n");
	if (cuts)
		run_say(run,
		    "  What it had written and what had arrived here stays. "
		    "What it writes from now on counts for nothing.\n");
	if (report->compartments > 0)
		run_say(run,
		    "  It could read %lld record group%s (footbridge lost %s): "
		    "%s new keys. What was read stays read.\n",
		    (long long)report->compartments,
		    run_s(report->compartments), n->name,
		    report->compartments == 1 ? "it gets" : "they get");
	if (owed->notices > 0)
		run_say(run,
		    "  %lld %s to be told of it by this agency (footbridge "
		    "notices); other agencies tell theirs once they hear.\n",
		    (long long)owed->notices,
		    owed->notices == 1 ? "person has" : "people have");
	if (report->standing_count > 0)
		run_say(run,
		    "  %zu membership record%s that it issued stay%s; whom it "
		    "enrolled since the theft must be revoked by name "
		    "(footbridge members).\n",
		    report->standing_count,
		    run_s((int64_t)report->standing_count),
		    report->standing_count == 1 ? "s" : "");
}

static enum err
revoked_json(struct run *run, const struct member_node *n,
    enum revocation_reason reason, const struct revoke_report *report,
    const struct owed *owed, const struct buf *code, struct fail *f)
{
	char id[ID_TEXT_BYTES];

	hex_encode(id, n->id.b, ID_BYTES);
	return run_json(run,
	    json_pack("{s:s, s:s, s:s, s:b, s:I, s:I, s:b, s:s#}", "node", id,
		"name", n->name, "reason", revoke_reason_name(reason),
		"by_root", report->by_root, "readable",
		(json_int_t)report->compartments, "people_to_tell",
		(json_int_t)owed->notices, "agency_key_replaced",
		report->key_replaced, "agency_recovery_code",
		code->n > 0 ? (const char *)code->p : "", (int)code->n),
	    f);
}

enum err
cmd_revoke(struct run *run, struct fail *f)
{
	const struct member_node *n;
	enum revocation_reason reason = REVOKED_LOST;
	struct revoke_report report;
	struct buf code = { 0 };
	struct owed owed = { 0 };
	enum err e = reason_of(&reason, cli_get(run->cli, "reason"), f);

	if (e == OK)
		e = check_declares(run, reason, f);
	if (e == OK)
		e = members_find_node(replica_members(run->replica), &n,
		    run_word(run, 0), f);
	if (e == OK)
		e = revoke_node(run->replica, &report, &code, &n->id, reason,
		    f);
	if (e != OK)
		return e;
	run->wrote = true;
	run->whole = true;
	/* it is out, whatever becomes of this: what was shown must be said */
	if (note_people(&owed, run, n, reason, NULL) != OK)
		run_warn("it is out; who has to be told could not be written "
			 "down now and is with the next contact");
	if (run->cli->json) {
		e = revoked_json(run, n, reason, &report, &owed, &code, f);
	} else {
		say_revoked(run, n, reason, &report, &owed);
		if (report.key_replaced)
			say_code(run, &code, "");
	}
	buf_release(&code);
	return e;
}

/* ---- the agency's code ---- */

enum err
cmd_keyslot_agency(struct run *run, struct fail *f)
{
	struct buf code = { 0 };
	enum err e =
	    identity_agency_code(&code, replica_identity(run->replica));

	if (e == ERR_NOTFOUND)
		return fail_set(f, e,
		    "the agency's key is not on this computer: ask at its "
		    "server");
	if (e == OK)
		e = agency_key_seen(run->replica, f);
	if (e == OK && run->cli->json)
		e = run_json(run,
		    json_pack("{s:s#}", "agency_recovery_code",
			(const char *)code.p, (int)code.n),
		    f);
	else if (e == OK)
		run_say(run, "%.*s\n", (int)code.n, (const char *)code.p);
	buf_release(&code);
	return e;
}

/* ---- lost ---- */

struct losing {
	struct run *run;
	json_t *array; /* NULL: text */
	const struct table *person;
	int64_t count, unseen; /* unseen: of persons who are not for whoever
				* acts */
	bool failed;
};

static void
say_subject(struct losing *k, struct buf *out, const struct revoke_lost *l)
{
	if (!l->has_subject)
		buf_text(out, "(names not readable here)");
	else if (k->person != NULL)
		named_show(out, k->run, k->person, &l->subject);
}

/* Is it still so, and if not, since when? */
static void
say_taken(struct losing *k, struct buf *out, const struct revoke_lost *l)
{
	const struct env *env = replica_env(k->run->replica);
	char at[NAME_TIME_BYTES];

	if (l->still)
		return;
	buf_text(out, ", taken back");
	if (l->taken_ms != 0) {
		name_time(at, l->taken_ms, env->offset_min(env->self));
		buf_printf(out, ", known here since %s", at);
	} else {
		buf_text(out, "; its new key is not known here yet");
	}
}

static void
lost_line(void *context, const struct revoke_lost *l)
{
	struct losing *k = context;
	const struct env *env = replica_env(k->run->replica);
	const char *owner = l->owner != NULL ? l->owner->name : "?";
	char id[ID_TEXT_BYTES] = "", since[NAME_TIME_BYTES];
	char taken[NAME_TIME_BYTES] = "";
	struct buf who = { 0 }, end = { 0 };

	k->count++;
	if (l->has_subject && !actor_sees(k->run, &l->subject)) {
		k->unseen++;
		return;
	}
	name_time(since, l->since_ms, env->offset_min(env->self));
	if (l->taken_ms != 0)
		name_time(taken, l->taken_ms, env->offset_min(env->self));
	say_subject(k, &who, l);
	say_taken(k, &end, l);
	if (l->has_subject)
		hex_encode(id, l->subject.b, ID_BYTES);
	if (k->array == NULL)
		run_say(k->run,
		    "%-8.8s  %-24s %-20s %-16s known here since %s%s%s\n", id,
		    buf_cstr(&who), l->category, owner, since,
		    l->by_agency ? ", by its agency's key" : "",
		    buf_cstr(&end));
	else if (json_array_append_new(k->array,
		     json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s}",
			 "subject", id, "name",
			 l->has_subject ? buf_cstr(&who) : "", "category",
			 l->category, "owner", owner, "since", since, "by",
			 l->by_agency ? "agency" : "name", "taken_back",
			 !l->still, "taken_back_since", taken)) != 0)
		k->failed = true;
	buf_release(&who);
	buf_release(&end);
	run_flush(k->run);
}

static const char *
revoked_as(struct run *run, const struct member_node *n)
{
	const struct member_revocation *v =
	    members_revocation(replica_members(run->replica), &n->id);

	return v == NULL ? "" : revoke_reason_name(v->reason);
}

static enum err
lost_text(struct losing *k, const struct member_node *n, int64_t heard_ms,
    struct fail *f)
{
	struct run *run = k->run;
	const struct env *env = replica_env(run->replica);
	char heard[NAME_TIME_BYTES];
	const char *reason = revoked_as(run, n);
	enum err e;

	name_time(heard, heard_ms, env->offset_min(env->self));
	run_say(run, "What could be read on %s%s%s%s:\n", n->name,
	    reason[0] != '\0' ? " (" : ", which is a member", reason,
	    reason[0] != '\0' ? ")" : "");
	e = revoke_lost_each(run->replica, &n->id, lost_line, k, f);
	if (e != OK)
		return e;
	if (k->count == 0)
		run_say(run, "  nothing, as far as this computer knows\n");
	if (k->unseen > 0)
		run_say(run,
		    "  and %lld more of persons whose records you do not "
		    "see\n",
		    (long long)k->unseen);
	run_say(run, "%s%s; what was sent to it until it was out it may hold\n",
	    heard_ms > 0 ? "Last heard of: "
			 : "Nothing of it ever came in here",
	    heard_ms > 0 ? heard : "");
	return OK;
}

static enum err
lost_json(struct losing *k, const struct member_node *n, int64_t heard_ms,
    struct fail *f)
{
	const struct env *env = replica_env(k->run->replica);
	char id[ID_TEXT_BYTES], heard[NAME_TIME_BYTES] = "";
	enum err e;

	hex_encode(id, n->id.b, ID_BYTES);
	if (heard_ms > 0)
		name_time(heard, heard_ms, env->offset_min(env->self));
	k->array = json_array();
	e = revoke_lost_each(k->run->replica, &n->id, lost_line, k, f);
	if (e == OK && (k->failed || k->array == NULL))
		e = fail_set(f, ERR_NOMEM, "the JSON answer");
	if (e != OK) {
		json_decref(k->array);
		return e;
	}
	return run_json(k->run,
	    json_pack("{s:s, s:s, s:s, s:s, s:o, s:I}", "node", id, "name",
		n->name, "revoked", revoked_as(k->run, n), "last_heard", heard,
		"readable", k->array, "not_shown", (json_int_t)k->unseen),
	    f);
}

enum err
cmd_lost(struct run *run, struct fail *f)
{
	struct losing k = { .run = run,
		.person =
		    registry_table(replica_registry(run->replica), "person") };
	const struct member_node *n;
	struct view v;
	int64_t heard_ms = 0;
	enum err e = members_find_node(replica_members(run->replica), &n,
	    run_word(run, 0), f);

	if (e == OK)
		e = revoke_last_heard(run->replica, &heard_ms, &n->id, f);
	if (e == OK)
		e = view_begin(&v, run, f);
	if (e != OK)
		return e;
	e = run->cli->json ? lost_json(&k, n, heard_ms, f)
			   : lost_text(&k, n, heard_ms, f);
	view_end(&v);
	return e;
}
