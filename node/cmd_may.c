/* may: the decision about one kind of record, and why. */
#include "node/cmd.h"

#include <string.h>

#include "node/actor.h"
#include "node/barrier.h"
#include "node/category.h"
#include "node/name.h"
#include "node/party.h"
#include "node/policy/active.h"
#include "node/policy/case.h"
#include "node/policy/withheld.h"
#include "node/role.h"

struct may {
	struct run *run;
	struct policy_pack *pack;
	struct policy_case c;
	struct policy_question q;
	struct policy_answer a;
	const char *category[POLICY_LABELS_MAX];
	const struct member_agency *to;
	bool approved;
	bool withheld; /* somebody took it away by hand */
	bool foreign;  /* asked for what another agency would disclose */
};

/* ---- the question --------------------------------------------------------------- */

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
read_question(struct may *m, struct fail *f)
{
	const struct cli *cli = m->run->cli;
	const char *on = cli_get(cli, "on");
	int role, purpose, channel = CHANNEL_SYNC_, relation = -1;
	enum err e;

	role = (int)party_usual_role(m->q.to.kind);
	purpose = (int)party_usual_purpose(m->q.to.kind);
	e = read_word(&role, m->run, "role", LIST_ROLE, f);
	if (e == OK)
		e = read_word(&purpose, m->run, "purpose", LIST_PURPOSE, f);
	if (e == OK)
		e = read_word(&channel, m->run, "by", LIST_CHANNEL, f);
	if (e == OK)
		e = read_word(&relation, m->run, "relation", LIST_RELATION, f);
	if (e == OK && on != NULL)
		e = policy_day_parse(&m->q.today, on, strlen(on), f);
	if (e != OK)
		return e;
	m->q.role = (enum policy_role)role;
	m->q.purpose = (enum policy_purpose)purpose;
	m->q.channel = (enum policy_channel)channel;
	m->q.relations = relation >= 0 ? POLICY_BIT(relation) : 0;
	return OK;
}

/* Who would disclose: this agency, or one that says beforehand what it may tell. By
 * what is known here: another consent may be there that is not. */
static enum err
find_from(struct may *m, struct fail *f)
{
	const char *from = cli_get(m->run->cli, "from");
	const struct agency_id *own =
	    &replica_identity(m->run->replica)->agency;
	const struct member_agency *a = NULL;
	enum err e = OK;

	if (from != NULL)
		e = members_find_agency(replica_members(m->run->replica), &a,
		    from, f);
	if (e != OK)
		return e;
	m->foreign = a != NULL && !id_equal(&a->id, own);
	return party_find(&m->q.from, m->run->replica, a != NULL ? &a->id : own,
	    f);
}

static enum err
begin(struct may *m, struct row_id *person, struct fail *f)
{
	struct run *run = m->run;
	const char *to = cli_get(run->cli, "to");
	enum err e;

	if (to == NULL)
		return fail_set(f, ERR_USAGE, "may: say to whom: --to AGENCY");
	e = members_find_agency(replica_members(run->replica), &m->to, to, f);
	if (e == OK)
		e = category_check(run, 1, "asked about", f);
	if (e == OK)
		e = actor_find(run, person, run_word(run, 0), f);
	if (e == OK)
		e = actor_must_see(run, person, f);
	if (e == OK)
		e = find_from(m, f);
	if (e == OK)
		e = party_find(&m->q.to, run->replica, &m->to->id, f);
	if (e != OK)
		return e;
	m->q.today = policy_today(run->replica);
	m->q.row_day = POLICY_NO_DAY;
	m->q.word_age = -1;
	m->q.category = m->category;
	m->q.category_count = run->cli->word_count - 1;
	for (size_t k = 0; k < m->q.category_count; k++)
		m->category[k] = run_word(run, k + 1);
	return read_question(m, f);
}

/* ---- the answer -------------------------------------------------------------------- */

static enum err
log_barrier(struct may *m, struct fail *f)
{
	struct row_id staff;
	bool have = false;
	enum err e = name_acting(&staff, &have, m->run, f);

	if (e == OK)
		e = barrier_log(m->run->replica, &m->a, &m->q, m->pack->version,
		    have ? &staff : NULL, f);
	m->run->wrote = e == OK;
	return e;
}

static const char *const duty_words[] = { "the notice", "a copy of the consent",
	"an entry in the account of disclosures",
	"word that it must not be disclosed further" };

/* Its end was asked for, and has not come. */
static void
say_pending(struct run *run, const struct policy_consent *c)
{
	char asked[POLICY_DAY_CHARS], day[POLICY_DAY_CHARS];

	if (c == NULL || !c->pending)
		return;
	policy_day_text(asked, c->asked);
	if (c->revoked == POLICY_NO_DAY)
		run_say(run,
		    "  On %s the person asked to end this consent; it ends when"
		    " the event that it names has come (42 CFR 2.35).\n",
		    asked);
	else
		policy_day_text(day, c->revoked);
	if (c->revoked != POLICY_NO_DAY)
		run_say(run,
		    "  On %s the person asked to end this consent; it ends on"
		    " %s (42 CFR 2.35).\n",
		    asked, day);
}

static void
say(const struct may *m, const struct buf *why, const struct buf *next)
{
	const struct policy_answer *a = &m->a;
	struct run *run = m->run;
	bool any = false;

	run_say(run, "%.*s\n", (int)why->n, (const char *)why->p);
	run_say(run, "  rule: %s, %s %s\n", a->cite, m->pack->name,
	    m->pack->version);
	if (a->agreement != NULL)
		run_say(run, "  agreement: %s\n", a->agreement->title);
	say_pending(run, a->consent);
	if (a->authority != NULL)
		run_say(run, "  authority: %s\n", a->authority->citation);
	for (size_t k = 0; k < COUNT_OF(duty_words); k++) {
		if ((a->duties & 1u << k) == 0)
			continue;
		run_say(run, "%s %s",
		    any ? "," : "  with it go:", duty_words[k]);
		if (1u << k == DUTY_NOTICE)
			run_say(run, " %s", a->notice);
		any = true;
	}
	run_say(run, "%s", any ? "\n" : "");
	if (m->withheld)
		run_say(run,
		    "  but somebody took it away from %s by hand (footbridge "
		    "access): it goes to them again only once somebody shares "
		    "it\n",
		    m->to->name);
	if (next->n > 0)
		run_say(run, "%.*s\n", (int)next->n, (const char *)next->p);
	if (!m->approved)
		run_say(run, "%s\n", POLICY_SAMPLE_WORDS);
}

static enum err
say_json(const struct may *m, const struct buf *why, const struct buf *next,
    struct fail *f)
{
	const struct policy_answer *a = &m->a;
	char until[POLICY_DAY_CHARS] = "";
	json_t *duties = json_array();

	for (size_t k = 0; k < COUNT_OF(duty_words); k++)
		if ((a->duties & 1u << k) != 0)
			(void)json_array_append_new(duties,
			    json_string(duty_words[k]));
	if (a->until != POLICY_NO_DAY)
		policy_day_text(until, a->until);
	return run_json(m->run,
	    json_pack("{s:b, s:s, s:s%, s:s%, s:s, s:s, s:s, s:s, s:o, s:s, "
		      "s:s, s:b, s:b}",
		"permit", a->reason == POLICY_PERMIT, "reason",
		policy_reason_word(a->reason), "why", (const char *)why->p,
		why->n, "next", next->n > 0 ? (const char *)next->p : "",
		next->n, "category", a->category != NULL ? a->category : "",
		"rule", a->cite, "notice", a->notice != NULL ? a->notice : "",
		"form",
		a->consent_kind >= 0
		    ? policy_word(LIST_CONSENT, a->consent_kind)
		    : "",
		"with", duties, "until", until, "pack", m->pack->version,
		"sample", !m->approved, "withheld", m->withheld),
	    f);
}

static enum err
answer(struct may *m, struct fail *f)
{
	struct buf why = { 0 }, next = { 0 };
	enum err e = OK;

	buf_init(&why, 4096);
	buf_init(&next, 4096);
	policy_may(&m->a, m->pack, &m->c.facts, &m->q);
	policy_say(&why, &next, &m->a, &m->q);
	e = why.err != OK ? why.err : next.err;
	if (e != OK)
		(void)fail_code(f, e);
	if (e == OK && m->a.reason != POLICY_PERMIT && !m->foreign)
		e = log_barrier(m, f);
	if (e == OK && m->run->cli->json)
		e = say_json(m, &why, &next, f);
	else if (e == OK)
		say(m, &why, &next);
	buf_release(&why);
	buf_release(&next);
	return e;
}

static enum err
find_withheld(struct may *m, const struct row_id *person, struct fail *f)
{
	struct arena arena = { 0 };
	struct withheld *list = NULL;
	size_t count = 0;
	enum err e =
	    withheld_load(&list, &count, m->run->replica, person, &arena, f);

	for (size_t k = 0; e == OK && k < m->q.category_count; k++)
		m->withheld = m->withheld ||
		    withheld_find(list, count, m->category[k], &m->to->id) !=
			NULL;
	arena_release(&arena);
	return e;
}

enum err
cmd_may(struct run *run, struct fail *f)
{
	struct may m = { .run = run };
	struct row_id person;
	enum err e;

	if (run->cli->word_count > POLICY_LABELS_MAX + 1)
		return fail_set(f, ERR_USAGE, "may: want at most %d categories",
		    POLICY_LABELS_MAX);
	e = begin(&m, &person, f);
	if (e == OK)
		e = policy_active(&m.pack, &m.approved, run->replica, m.q.today,
		    f);
	if (e != OK)
		return e;
	e = find_withheld(&m, &person, f);
	if (e == OK)
		e = policy_case_load(&m.c, run->replica, &person, &m.to->id,
		    m.q.today, f);
	if (e == OK) {
		m.q.relations |= m.c.relations;
		m.q.episode = m.c.episode;
		e = role_hush(&m.c.facts, run, f);
		if (e == OK)
			e = answer(&m, f);
		policy_case_release(&m.c);
	}
	pack_free(m.pack);
	return e;
}
