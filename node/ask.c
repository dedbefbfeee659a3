#include "node/ask.h"

#include <string.h>

#include "node/actor.h"
#include "node/barrier.h"
#include "node/name.h"
#include "node/party.h"
#include "node/policy/active.h"
#include "node/policy/notice.h"
#include "node/policy/rows.h"
#include "node/role.h"

static enum err
read_word(int *out, const struct run *run, const char *option,
    enum policy_list list, struct fail *f)
{
	const char *text = cli_get(run->cli, option);
	uint32_t bits;
	enum err e;

	if (text == NULL)
		return OK;
	*out = policy_number(list, text, strlen(text));
	if (*out >= 0)
		return OK;
	/* for its words */
	e = policy_bits(&bits, list, text, strlen(text), f);
	return fail_in(f, e == OK ? ERR_INPUT : e, "--%s", option);
}

static enum err
read_receiver(struct ask *x, struct fail *f)
{
	struct run *run = x->run;
	const char *to = cli_get(run->cli, "to");
	const char *name = cli_get(run->cli, "to-person");
	const struct member_agency *agency;
	int kind = PARTY_PEER;
	enum err e;

	x->outside = to == NULL;
	if (to == NULL && name == NULL)
		return fail_set(f, ERR_USAGE,
		    "say to whom: --to AGENCY, or --to-person NAME for "
		    "somebody outside of the network");
	if (x->outside) {
		e = read_word(&kind, run, "kind", LIST_KIND, f);
		x->q.to.kind = (enum policy_kind)kind;
		x->q.to.active = true;
		return e;
	}
	e = members_find_agency(replica_members(run->replica), &agency, to, f);
	if (e == OK)
		e = party_find(&x->q.to, run->replica, &agency->id, f);
	return e;
}

static enum err
read_question(struct ask *x, enum policy_channel channel, struct fail *f)
{
	struct run *run = x->run;
	int role, purpose, relation = -1;
	enum err e = read_receiver(x, f);

	if (e == OK)
		e = party_find(&x->q.from, run->replica,
		    &replica_identity(run->replica)->agency, f);
	if (e != OK)
		return e;
	role = (int)party_usual_role(x->q.to.kind);
	purpose = (int)party_usual_purpose(x->q.to.kind);
	e = read_word(&role, run, "role", LIST_ROLE, f);
	if (e == OK)
		e = read_word(&purpose, run, "purpose", LIST_PURPOSE, f);
	if (e == OK)
		e = read_word(&relation, run, "relation", LIST_RELATION, f);
	x->q.role = (enum policy_role)role;
	x->q.purpose = (enum policy_purpose)purpose;
	x->q.channel = channel;
	x->q.relations = relation >= 0 ? POLICY_BIT(relation) : 0;
	x->q.today = policy_today(run->replica);
	x->q.row_day = POLICY_NO_DAY;
	x->q.word_age = -1;
	x->q.category = &x->category;
	x->q.category_count = 1;
	return e;
}

enum err
ask_begin(struct ask *x, struct run *run, enum policy_channel channel,
    struct fail *f)
{
	enum err e;

	memset(x, 0, sizeof(*x));
	x->run = run;
	e = actor_find(run, &x->person, run_word(run, 0), f);
	if (e == OK)
		e = actor_must_see_these(run, &x->person, run->cli->words + 1,
		    run->cli->word_count - 1, f);
	if (e == OK)
		e = name_acting(&x->staff, &x->have_staff, run, f);
	if (e == OK)
		e = read_question(x, channel, f);
	if (e == OK)
		e = policy_active(&x->pack, &x->approved, run->replica,
		    x->q.today, f);
	if (e != OK)
		return e;
	e = policy_case_load(&x->c, run->replica, &x->person, &x->q.to.agency,
	    x->q.today, f);
	if (e != OK) {
		pack_free(x->pack);
		return e;
	}
	x->q.relations |= x->c.relations;
	x->q.episode = x->c.episode;
	e = role_hush(&x->c.facts, run, f);
	if (e != OK)
		ask_end(x);
	return e;
}

void
ask_end(struct ask *x)
{
	policy_case_release(&x->c);
	pack_free(x->pack);
}

void
ask_about(struct ask *x, const char *category)
{
	x->category = category;
	policy_may(&x->a, x->pack, &x->c.facts, &x->q);
	/* 42 CFR 2.51 asks for none and may be told by phone; paper has one */
	if (x->a.reason == POLICY_PERMIT && x->a.ground == GROUND_EMERGENCY &&
	    x->a.notice == NULL &&
	    (x->pack->carries[x->q.channel] & DUTY_NOTICE) != 0)
		x->a.notice = policy_notice(x->pack, category, x->q.to.kind,
		    GROUND_EMERGENCY, -1);
}

/* The same answer on that day, by the same paper. */
static bool
holds_on(const struct ask *x, policy_day day)
{
	struct policy_question q = x->q;
	struct policy_answer a;

	q.row_day = day;
	policy_may(&a, x->pack, &x->c.facts, &q);
	return a.reason == POLICY_PERMIT && a.consent == x->a.consent &&
	    a.authority == x->a.authority;
}

static bool
has_window(const struct policy_scope *s, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (s[k].from != POLICY_NO_DAY || s[k].to != POLICY_NO_DAY)
			return true;
	return false;
}

bool
ask_covers(const struct ask *x, const struct read_row *row)
{
	const struct policy_answer *a = &x->a;
	bool window =
	    (a->ground == GROUND_CONSENT && a->consent != NULL &&
		has_window(a->consent->scope, a->consent->scope_count)) ||
	    (a->ground == GROUND_AUTHORITY && a->authority != NULL &&
		has_window(a->authority->scope, a->authority->scope_count));
	policy_day first, last;

	if (!window)
		return true;
	return row_own_days(row, &first, &last) && holds_on(x, first) &&
	    holds_on(x, last);
}

enum err
ask_refuse(struct ask *x, const char *done, struct fail *f)
{
	struct buf why = { .limit = 4096 }, next = { .limit = 4096 };
	enum err e = barrier_log(x->run->replica, &x->a, &x->q,
	    x->pack->version, x->have_staff ? &x->staff : NULL, f);

	x->run->wrote = x->run->wrote || e == OK;
	policy_say(&why, &next, &x->a, &x->q);
	if (e == OK)
		e = fail_set(f, ERR_DENIED, "%s: %s Nothing was %s.",
		    x->category, buf_cstr(&why), done);
	buf_release(&why);
	buf_release(&next);
	return e;
}

enum err
ask_fill(struct disclosed *d, struct ask *x, struct fail *f)
{
	const struct policy_answer *a = &x->a;

	d->person = x->person;
	d->to = x->outside ? NULL : &x->q.to.agency;
	d->to_person = cli_get(x->run->cli, "to-person");
	d->to_address = cli_get(x->run->cli, "address");
	d->category = x->category;
	d->purpose = x->q.purpose;
	d->notice = a->notice;
	d->policy_version = x->pack->version;
	d->basis_words = a->cite;
	if (a->reason != POLICY_PERMIT) {
		d->basis = "hand";
		d->notice = policy_notice(x->pack, x->category, x->q.to.kind,
		    GROUND_NONE, -1);
		return OK;
	}
	d->basis = a->ground == GROUND_PERSON ? "person"
	    : a->ground == GROUND_EMERGENCY   ? "emergency"
	    : a->ground == GROUND_AGREEMENT   ? "agreement"
					      : "hand";
	if (a->agreement != NULL)
		d->basis_id = a->agreement->id.b;
	if (a->ground == GROUND_AUTHORITY && a->authority != NULL) {
		d->basis = "authority";
		d->basis_words = a->authority->citation;
		d->basis_id = a->authority->id.b;
	}
	if (a->ground != GROUND_CONSENT || a->consent == NULL)
		return OK;
	d->basis = "consent";
	d->basis_id = a->consent->id.b;
	d->consent_hash = x->hash;
	return disclosed_consent_hash(x->hash, x->run->replica, &a->consent->id,
	    f);
}
