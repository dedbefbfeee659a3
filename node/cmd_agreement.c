/* agreement, agreement show, agreement sign. */
#include "node/cmd.h"

#include <string.h>

#include "node/actor.h"
#include "node/name.h"
#include "node/policy/agreement.h"
#include "node/policy/case.h"

struct agreements {
	struct agreement *list;
	size_t count;
	struct arena arena;
};

/* ---- in words ------------------------------------------------------------------ */

static const char *
day_or(char text[static POLICY_DAY_CHARS], policy_day day, const char *none)
{
	if (day == POLICY_NO_DAY)
		return none;
	policy_day_text(text, day);
	return text;
}

static bool
is_reached(policy_day day, policy_day today)
{
	return day != POLICY_NO_DAY && day <= today;
}

static const char *
state_of(const struct agreement *a, policy_day today)
{
	if (strcmp(a->status, "terminated") == 0 ||
	    is_reached(a->p.terminated, today))
		return "terminated";
	if (strcmp(a->status, "suspended") == 0)
		return "suspended";
	if (strcmp(a->status, "offered") != 0)
		return "draft";
	if (!a->p.agreed)
		return "waits for signatures";
	if (!is_reached(a->p.starts, today))
		return "signed, not begun";
	return is_reached(a->p.ends, today) ? "ended" : "in force";
}

static const char *
party_state(const struct agreement_party *p)
{
	return p->withdrew ? "withdrew"
	    : p->signed_it ? "signed"
			   : "has not signed this text";
}

static json_t *
parties_json(const struct agreement *a, const struct run *run)
{
	json_t *array = json_array();

	for (size_t k = 0; k < a->p.party_count; k++) {
		char text[ID_TEXT_BYTES];

		(void)json_array_append_new(array,
		    json_pack("{s:s, s:b}", "agency",
			name_of_agency(run, &a->party[k].agency, text),
			"signed",
			a->party[k].signed_it && !a->party[k].withdrew));
	}
	return array;
}

static json_t *
agreement_json(const struct agreement *a, struct run *run)
{
	char id[ID_TEXT_BYTES], from[POLICY_DAY_CHARS], to[POLICY_DAY_CHARS];

	hex_encode(id, a->p.id.b, ID_BYTES);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "id", id,
	    "title", a->p.title, "kind",
	    policy_word(LIST_AGREEMENT, (int)a->p.kind), "version", a->version,
	    "state", state_of(a, policy_today(run->replica)), "starts_on",
	    day_or(from, a->p.starts, ""), "ends_on", day_or(to, a->p.ends, ""),
	    "parties", parties_json(a, run));
}

static void
say_head(const struct agreement *a, struct run *run)
{
	char id[ID_TEXT_BYTES], from[POLICY_DAY_CHARS], to[POLICY_DAY_CHARS];

	hex_encode(id, a->p.id.b, ID_BYTES);
	run_say(run, "%.8s  %s, version %s: %s\n", id, a->p.title, a->version,
	    state_of(a, policy_today(run->replica)));
	run_say(run, "          from %s to %s\n",
	    day_or(from, a->p.starts, "no day yet"),
	    day_or(to, a->p.ends, "no end"));
	for (size_t k = 0; k < a->p.party_count; k++) {
		char text[ID_TEXT_BYTES];

		run_say(run, "          %s %s\n",
		    name_of_agency(run, &a->party[k].agency, text),
		    party_state(&a->party[k]));
	}
}

/* ---- one of them ------------------------------------------------------------------ */

static enum err
load(struct agreements *x, struct run *run, struct fail *f)
{
	return agreement_load(&x->list, &x->count, run->replica, &x->arena, f);
}

static enum err
load_one(struct agreements *x, const struct agreement **out, struct run *run,
    struct fail *f)
{
	const struct table *t =
	    registry_table(replica_registry(run->replica), "mou");
	struct row_id id;
	enum err e = name_row(&id, run, t, run_word(run, 0), f);

	if (e == OK)
		e = load(x, run, f);
	for (size_t k = 0; e == OK && k < x->count; k++) {
		if (!id_equal(&x->list[k].p.id, &id))
			continue;
		*out = &x->list[k];
		return OK;
	}
	return e != OK ? e
		       : fail_set(f, ERR_NOTFOUND,
			     "no agreement begins with %.40s; footbridge "
			     "agreement lists them",
			     run_word(run, 0));
}

enum err
cmd_agreement(struct run *run, struct fail *f)
{
	struct agreements x = { 0 };
	json_t *array = run->cli->json ? json_array() : NULL;
	enum err e = load(&x, run, f);

	for (size_t k = 0; e == OK && k < x.count; k++) {
		if (array != NULL)
			(void)json_array_append_new(array,
			    agreement_json(&x.list[k], run));
		else
			say_head(&x.list[k], run);
	}
	if (e == OK && array != NULL)
		e = run_json(run, json_incref(array), f);
	else if (e == OK && x.count == 0)
		run_say(run, "no agreement is known here\n");
	json_decref(array);
	arena_release(&x.arena);
	return e;
}

/* ---- show ---------------------------------------------------------------------------- */

static void
say_words(struct run *run, enum policy_list list, uint32_t bits)
{
	bool any = false;

	for (int k = 0; policy_word(list, k) != NULL; k++) {
		if ((bits & POLICY_BIT(k)) == 0)
			continue;
		run_say(run, "%s%s", any ? ", " : "", policy_word(list, k));
		any = true;
	}
}

static void
say_side(struct run *run, const struct agency_id *agency, uint32_t kinds)
{
	char text[ID_TEXT_BYTES];

	if (agency != NULL)
		run_say(run, "%s", name_of_agency(run, agency, text));
	else if (kinds != 0)
		say_words(run, LIST_KIND, kinds);
	else
		run_say(run, "every party");
}

static const char *const demands[] = {
	[DEMAND_NONE] = "",
	[DEMAND_CONSENT] = ", with the person's consent",
	[DEMAND_AUTHORITY] = ", on an order or a statute",
	[DEMAND_EITHER] =
	    (", with the person's consent or on an order or a statute"),
};

static void
say_rule(struct run *run, const struct policy_rule *r, const char *sentence)
{
	if (sentence[0] != 0)
		run_say(run, "  %s\n", sentence);
	run_say(run, "      %s, from ", r->category);
	say_side(run, r->from, r->from_kinds);
	run_say(run, " to ");
	say_side(run, r->to, r->to_kinds);
	run_say(run, ", for ");
	say_words(run, LIST_PURPOSE, r->purposes);
	if (r->roles != 0) {
		run_say(run, ", seen by ");
		say_words(run, LIST_ROLE, r->roles);
	}
	run_say(run, "%s", demands[r->demand]);
	run_say(run, "\n");
}

enum err
cmd_agreement_show(struct run *run, struct fail *f)
{
	struct agreements x = { 0 };
	const struct agreement *a = NULL;
	enum err e = load_one(&x, &a, run, f);

	if (e == OK && run->cli->json) {
		e = run_json(run, agreement_json(a, run), f);
	} else if (e == OK) {
		say_head(a, run);
		if (a->body[0] != 0)
			run_say(run, "\n%s\n\n", a->body);
		for (size_t k = 0; k < a->p.rule_count; k++)
			say_rule(run, &a->p.rule[k], a->rule[k].sentence);
		if (a->p.rule_count == 0)
			run_say(run,
			    "  It has no rule, so it allows nothing.\n");
	}
	arena_release(&x.arena);
	return e;
}

/* ---- sign ------------------------------------------------------------------------------ */

static enum err
may_sign(const struct agreement *a, const struct agency_id *own, bool withdraw,
    struct fail *f)
{
	for (size_t k = 0; k < a->p.party_count; k++) {
		if (!id_equal(&a->party[k].agency, own))
			continue;
		if (a->party[k].withdrew)
			return fail_set(f, ERR_INPUT,
			    "this agency withdrew from it; another version can "
			    "be drafted and signed");
		if (!withdraw && strcmp(a->status, "offered") != 0)
			return fail_set(f, ERR_INPUT,
			    "it is not offered for signature (its status is "
			    "%s); nothing was signed",
			    a->status[0] != 0 ? a->status : "empty");
		return a->party[k].signed_it && !withdraw
		    ? fail_set(f, ERR_EXISTS,
			  "this agency has signed this text already")
		    : OK;
	}
	return fail_set(f, ERR_INPUT,
	    "this agency is no party of it; nothing was signed");
}

static enum err
write_signature(const struct agreement *a, const char *act, struct run *run,
    struct fail *f)
{
	struct replica *r = run->replica;
	const struct table *t =
	    registry_table(replica_registry(r), "mou_signature");
	const struct agency_id *own = &replica_identity(r)->agency;
	struct row_id staff, subject, made;
	struct write_field fields[5];
	struct write_request q = { .table = t,
		.fields = fields,
		.subject = &subject,
		.field_count = 4 };
	bool have = false;
	int64_t draft;
	enum err e = name_acting(&staff, &have, run, f);

	if (e != OK)
		return e;
	memcpy(subject.b, own->b, ID_BYTES);
	fields[0] = (struct write_field){ table_field(t, "mou_id"),
		{ .type = VALUE_ID, .p = a->p.id.b, .n = ID_BYTES } };
	fields[1] = (struct write_field){ table_field(t, "text_hash"),
		{ .type = VALUE_BYTES, .p = a->hash, .n = sizeof(a->hash) } };
	fields[2] = (struct write_field){ table_field(t, "signed_on"),
		{ .type = VALUE_DATE, .i = policy_today(r) } };
	fields[3] = (struct write_field){ table_field(t, "act"),
		{ .type = VALUE_TEXT,
		    .p = (const uint8_t *)act,
		    .n = strlen(act) } };
	if (have)
		fields[q.field_count++] =
		    (struct write_field){ table_field(t, "signed_by_id"),
			    { .type = VALUE_ID, .p = staff.b, .n = ID_BYTES } };
	q.staff = have ? &staff : NULL;
	return write_row(r, &made, &draft, &q, f);
}

/* As on the page: it binds the agency. */
static enum err
must_lead(const struct run *run, struct fail *f)
{
	const uint32_t roles = ACCOUNT_BIT(ACCOUNT_PRIVACY_OFFICER) |
	    ACCOUNT_BIT(ACCOUNT_ADMINISTRATOR);

	if (run->actor == NULL || run->actor->rights.leads ||
	    (run->actor->rights.roles & roles) != 0)
		return OK;
	return fail_set(f, ERR_DENIED,
	    "an agreement binds the agency: its privacy officer or an "
	    "administrator of a server signs it; nothing was signed");
}

enum err
cmd_agreement_sign(struct run *run, struct fail *f)
{
	bool withdraw = cli_get(run->cli, "withdraw") != NULL;
	struct agreements x = { 0 };
	const struct agreement *a = NULL;
	enum err e = must_lead(run, f);

	if (e == OK)
		e = load_one(&x, &a, run, f);
	if (e == OK)
		e = may_sign(a, &replica_identity(run->replica)->agency,
		    withdraw, f);
	if (e == OK)
		e = write_signature(a, withdraw ? "withdrawn" : "signed", run,
		    f);
	arena_release(&x.arena);
	if (e != OK)
		return e;
	run->wrote = true;
	memset(&x, 0, sizeof(x));
	e = load_one(&x, &a, run, f);
	if (e == OK && run->cli->json)
		e = run_json(run, agreement_json(a, run), f);
	else if (e == OK)
		say_head(a, run);
	arena_release(&x.arena);
	return e;
}
