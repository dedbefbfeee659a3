/* may: the decision about one kind of record, and why. */
#include "node/cmd.h"

#include <string.h>

#include "node/category.h"
#include "node/may.h"
#include "node/name.h"
#include "node/policy/active.h"
#include "node/policy/case.h"

struct may {
	struct run *run;
	struct policy_pack *pack;
	struct policy_case c;
	struct policy_question q;
	struct policy_answer a;
	const char *category[POLICY_LABELS_MAX];
	const struct member_agency *to;
	bool approved;
};

/* ---- the question --------------------------------------------------------------- */

struct looking {
	int kind;
};

static bool
on_agency(void *context, const struct read_row *row)
{
	const struct field *field = table_field(row->table, "kind");
	struct looking *x = context;

	if (field != NULL && row->values[field->number].type == VALUE_TEXT)
		x->kind = policy_number(LIST_KIND,
		    (const char *)row->values[field->number].p,
		    row->values[field->number].n);
	return false;
}

/* As the directory says; it knows more kinds than membership. */
enum err
may_party(struct policy_party *out, struct replica *r,
    const struct agency_id *id, struct fail *f)
{
	const struct table *t = registry_table(replica_registry(r), "agency");
	struct looking x = { .kind = -1 };
	const char *name;
	struct row_id row;
	enum err e;

	memcpy(row.b, id->b, ID_BYTES);
	e = read_get(r, t, &row, 0, on_agency, &x, f);
	if (e != OK && e != ERR_NOTFOUND && e != ERR_WAIT)
		return e;
	out->agency = *id;
	out->active = false;
	for (size_t k = 0; k < members_agency_count(replica_members(r)); k++) {
		const struct member_agency *a =
		    members_agency_at(replica_members(r), k);

		if (!id_equal(&a->id, id))
			continue;
		out->active = !members_agency_undone(replica_members(r), id);
		name = kind_name(a->kind);
		if (x.kind < 0 && name != NULL)
			x.kind = policy_number(LIST_KIND, name, strlen(name));
	}
	if (x.kind < 0)
		return fail_set(f, ERR_INPUT,
		    "nothing says what kind of agency that is");
	out->kind = (enum policy_kind)x.kind;
	return OK;
}

/* What an agency of that kind asks for, if nothing else is said. */
static const struct {
	enum policy_role role;
	enum policy_purpose purpose;
} usual[POLICY_KIND_COUNT] = {
	[PARTY_PROBATION] = { ROLE_OFFICER, PURPOSE_SUPERVISION },
	[PARTY_TREATMENT] = { ROLE_COUNSELOR, PURPOSE_TREATMENT },
	[PARTY_MENTAL_HEALTH] = { ROLE_CLINICIAN, PURPOSE_TREATMENT },
	[PARTY_SOCIAL] = { ROLE_SOCIAL_WORKER, PURPOSE_COORDINATION },
	[PARTY_COURT] = { ROLE_CLERK, PURPOSE_COURT },
	[PARTY_HOUSING] = { ROLE_CLERK, PURPOSE_COORDINATION },
	[PARTY_EMPLOYMENT] = { ROLE_CLERK, PURPOSE_COORDINATION },
	[PARTY_MEDICAL] = { ROLE_MEDICAL, PURPOSE_TREATMENT },
	[PARTY_PEER] = { ROLE_SOCIAL_WORKER, PURPOSE_COORDINATION },
	[PARTY_HUB] = { ROLE_AUDITOR, PURPOSE_OPERATIONS },
};

enum policy_role
may_role(enum policy_kind kind)
{
	return usual[kind].role;
}

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

	role = (int)usual[m->q.to.kind].role;
	purpose = (int)usual[m->q.to.kind].purpose;
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
		e = read_subject(run->replica, person, run_word(run, 0), f);
	if (e == OK)
		e = may_party(&m->q.from, run->replica,
		    &replica_identity(run->replica)->agency, f);
	if (e == OK)
		e = may_party(&m->q.to, run->replica, &m->to->id, f);
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

/* A refusal is written down without person or content: those who make rules
 * read it. */
static enum err
log_barrier(struct may *m, struct fail *f)
{
	struct replica *r = m->run->replica;
	const struct table *t =
	    registry_table(replica_registry(r), "barrier_log");
	static const char *const codes[POLICY_REASON_COUNT] = {
		[POLICY_NO_AGREEMENT] = "no_agreement",
		[POLICY_AGREEMENT_ENDED] = "agreement_ended",
		[POLICY_CONSENT_ENDED] = "consent_ended",
		[POLICY_CONSENT_REVOKED] = "consent_ended",
		[POLICY_CONSENT_SCOPE] = "consent_scope",
		[POLICY_CONSENT_PURPOSE] = "consent_scope",
		[POLICY_CONSENT_RECIPIENT] = "consent_scope",
		[POLICY_CONSENT_KIND] = "consent_kind",
		[POLICY_CONSENT_INCOMPLETE] = "consent_kind",
		[POLICY_AGREEMENT_DEMANDS] = "no_basis",
		[POLICY_NO_NEED] = "no_need",
		[POLICY_NO_BASIS] = "no_basis",
		[POLICY_NEVER] = "label",
		[POLICY_COUNSELING_NOTE] = "label",
		[POLICY_UNKNOWN_LABEL] = "label",
		[POLICY_STALE] = "stale",
		[POLICY_RESTRICTED] = "restricted",
		[POLICY_SEALED] = "sealed",
		[POLICY_EXPUNGED] = "sealed",
		[POLICY_CHANNEL] = "channel",
	};
	const char *code = codes[m->a.reason];
	const char *purpose = policy_word(LIST_PURPOSE, (int)m->q.purpose);
	struct write_field fields[7];
	struct write_request q = { .table = t, .fields = fields };
	struct row_id staff, made;
	bool have = false;
	int64_t draft;
	enum err e = name_acting(&staff, &have, m->run, f);

	if (e != OK)
		return e;
	if (code == NULL)
		code = "other";
#define FIELD(name, ...) \
	fields[q.field_count++] = (struct write_field) \
	{ \
		table_field(t, name), (struct value) \
		{ \
			__VA_ARGS__ \
		} \
	}
#define TEXT(s) .type = VALUE_TEXT, .p = (const uint8_t *)(s), .n = strlen(s)
	FIELD("happened_on", .type = VALUE_DATE, .i = m->q.today);
	FIELD("code", TEXT(code));
	FIELD("category", TEXT(m->a.category));
	FIELD("from_agency_id", .type = VALUE_ID, .p = m->q.from.agency.b,
	    .n = ID_BYTES);
	FIELD("to_agency_id", .type = VALUE_ID, .p = m->q.to.agency.b,
	    .n = ID_BYTES);
	FIELD("purpose", TEXT(purpose));
	FIELD("policy_version", TEXT(m->pack->version));
#undef TEXT
#undef FIELD
	q.staff = have ? &staff : NULL;
	e = write_row(r, &made, &draft, &q, f);
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
		      "s:s, s:b}",
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
		"sample", !m->approved),
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
	if (e == OK && m->a.reason != POLICY_PERMIT)
		e = log_barrier(m, f);
	if (e == OK && m->run->cli->json)
		e = say_json(m, &why, &next, f);
	else if (e == OK)
		say(m, &why, &next);
	buf_release(&why);
	buf_release(&next);
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
	e = policy_case_load(&m.c, run->replica, &person, &m.to->id, m.q.today,
	    f);
	if (e == OK) {
		m.q.relations |= m.c.relations;
		m.q.episode = m.c.episode;
		e = answer(&m, f);
		policy_case_release(&m.c);
	}
	pack_free(m.pack);
	return e;
}
