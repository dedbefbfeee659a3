/* The lines of a case: words, then the facts that they state. */
#include <stdlib.h>
#include <string.h>

#include "node/policy/vectors_i.h"

/* ---- words --------------------------------------------------------------------- */

void
play_wrong(struct play *p, const char *want, const char *have)
{
	if (p->e == OK)
		p->e = fail_set(p->f, ERR_INPUT,
		    "line %u: want %s, have \"%.60s\"", p->line, want, have);
}

char *
play_word(struct play *p, size_t i)
{
	static char none[16] = "-";

	if (i < p->l.n)
		return p->l.w[i];
	play_wrong(p, "more words in this line", p->l.n > 0 ? p->l.w[0] : "");
	return none;
}

static const struct party *
party_named(struct play *p, const char *name)
{
	for (size_t k = 0; k < p->party_count; k++)
		if (strcmp(p->party[k].name, name) == 0)
			return &p->party[k];
	play_wrong(p, "an agency that a line \"party\" names", name);
	return &p->party[0];
}

static const struct party *
agency(struct play *p, size_t i)
{
	return party_named(p, play_word(p, i));
}

static policy_day
day_of(struct play *p, const char *text, size_t n)
{
	policy_day day = POLICY_NO_DAY;
	struct fail f = { 0 };

	if (n == 1 && text[0] == '-')
		return POLICY_NO_DAY;
	if (policy_day_parse(&day, text, n, &f) != OK)
		play_wrong(p, "a day as YYYY-MM-DD, or -", text);
	return day;
}

static policy_day
day(struct play *p, size_t i)
{
	const char *text = play_word(p, i);

	return day_of(p, text, strlen(text));
}

static uint32_t
bits(struct play *p, enum policy_list list, const char *text)
{
	struct fail f = { 0 };
	uint32_t out = 0;

	if (strcmp(text, "-") == 0)
		return 0;
	if (policy_bits(&out, list, text, strlen(text), &f) != OK)
		play_wrong(p, "words of the rules", text);
	return out;
}

int
play_number(struct play *p, enum policy_list list, const char *text)
{
	int k = policy_number(list, text, strlen(text));

	if (k < 0)
		play_wrong(p, "a word of the rules", text);
	return k < 0 ? 0 : k;
}

/* What stands behind NAME= in the words from first on, "" for NAME alone; NULL:
 * not there. */
char *
play_option(const struct play *p, size_t first, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = first; i < p->l.n; i++)
		if (strncmp(p->l.w[i], name, n) == 0 &&
		    (p->l.w[i][n] == 0 || p->l.w[i][n] == '='))
			return p->l.w[i] + n + (p->l.w[i][n] == '=');
	return NULL;
}

policy_day
play_option_day(struct play *p, size_t first, const char *name)
{
	const char *text = play_option(p, first, name);

	return text != NULL ? day_of(p, text, strlen(text)) : POLICY_NO_DAY;
}

uint32_t
play_option_bits(struct play *p, size_t first, const char *name,
    enum policy_list list)
{
	const char *text = play_option(p, first, name);

	return text != NULL ? bits(p, list, text) : 0;
}

/* NULL: not there */
static const struct agency_id *
option_agency(struct play *p, size_t first, const char *name)
{
	const char *text = play_option(p, first, name);

	return text != NULL ? &party_named(p, text)->id : NULL;
}

/* Cuts the text at its commas. */
static size_t
split_list(struct play *p, const char **out, char *text)
{
	size_t n = 0;

	for (;;) {
		size_t length = strcspn(text, ",");
		bool last = text[length] == 0;

		if (n == VECTOR_LIST_MAX || length == 0) {
			play_wrong(p, "one to eight words with commas", text);
			return n;
		}
		text[length] = 0;
		out[n++] = text;
		if (last)
			return n;
		text += length + 1;
	}
}

static size_t
scopes(struct play *p, struct policy_scope *out, char *list, const char *rows)
{
	const char *name[VECTOR_LIST_MAX];
	policy_day from = POLICY_NO_DAY, to = POLICY_NO_DAY;
	size_t n = split_list(p, name, list);

	if (rows != NULL) {
		const char *dots = strstr(rows, "..");

		if (dots == NULL) {
			play_wrong(p, "rows=FROM..TO", rows);
		} else {
			from = day_of(p, rows, (size_t)(dots - rows));
			to = day_of(p, dots + 2, strlen(dots + 2));
		}
	}
	for (size_t k = 0; k < n; k++)
		out[k] = (struct policy_scope){ .category = name[k],
			.from = from,
			.to = to };
	return n;
}

/* Room for one more fact of a kind. */
static bool
take(struct play *p, size_t *count, size_t *at)
{
	if (*count >= VECTOR_FACTS_MAX) {
		play_wrong(p, "at most eight facts of a kind", p->l.w[0]);
		return false;
	}
	*at = (*count)++;
	return true;
}

/* ---- facts ----------------------------------------------------------------------- */

void
play_party(struct play *p)
{
	struct party *to = &p->party[p->party_count];

	if (p->party_count == VECTORS_PARTIES_MAX) {
		play_wrong(p, "at most sixteen agencies", play_word(p, 1));
		return;
	}
	to->name = play_word(p, 1);
	to->kind = (enum policy_kind)play_number(p, LIST_KIND, play_word(p, 2));
	memset(to->id.b, 1 + (int)p->party_count, sizeof(to->id.b));
	p->party_count++;
}

static enum policy_demand
demand_of(struct play *p)
{
	const char *word = play_option(p, 7, "demand");

	if (word == NULL || strcmp(word, "none") == 0)
		return DEMAND_NONE;
	if (strcmp(word, "consent") == 0)
		return DEMAND_CONSENT;
	if (strcmp(word, "authority") == 0)
		return DEMAND_AUTHORITY;
	if (strcmp(word, "consent_or_authority") != 0)
		play_wrong(p,
		    "demand=consent, authority or consent_or_authority", word);
	return DEMAND_EITHER;
}

static void
read_agreement(struct play *p)
{
	const struct party *from = agency(p, 1), *to = agency(p, 2);
	const char *kind = play_option(p, 7, "kind");
	struct vector *v = p->v;
	size_t k;

	if (!take(p, &v->facts.agreement_count, &k))
		return;
	v->party[k][0] = from->id;
	v->party[k][1] = to->id;
	v->rule[k] = (struct policy_rule){ .category = play_word(p, 3),
		.from = &v->party[k][0],
		.to = &v->party[k][1],
		.purposes = bits(p, LIST_PURPOSE, play_word(p, 4)),
		.roles = play_option_bits(p, 7, "role", LIST_ROLE),
		.demand = demand_of(p) };
	v->agreement[k] = (struct policy_agreement){ .title = "An agreement",
		.kind = kind != NULL
		    ? (enum policy_agreement_kind)play_number(p, LIST_AGREEMENT,
			  kind)
		    : AGREEMENT_MOU,
		.starts = day(p, 5),
		.ends = day(p, 6),
		.agreed = play_option(p, 7, "unsigned") == NULL,
		.agreed_on = play_option_day(p, 7, "signed"),
		.terminated = play_option_day(p, 7, "terminated"),
		.party = v->party[k],
		.party_count = 2,
		.rule = &v->rule[k],
		.rule_count = 1 };
}

static enum policy_consent_status
status_of(const struct play *p)
{
	return play_option(p, 8, "draft") != NULL     ? CONSENT_DRAFT
	    : play_option(p, 8, "suspended") != NULL  ? CONSENT_SUSPENDED
	    : play_option(p, 8, "superseded") != NULL ? CONSENT_SUPERSEDED
	    : play_option(p, 8, "revoked") != NULL    ? CONSENT_REVOKED
						      : CONSENT_ACTIVE;
}

/* An agency, or a class of them: "any_of:" and kinds with commas. */
static void
read_recipient(struct play *p, struct policy_recipient *to,
    struct agency_id *room)
{
	const char *name = play_word(p, 3);

	*to = (struct policy_recipient){ .roles = play_option_bits(p, 8,
					     "to_role", LIST_ROLE) };
	if (strncmp(name, "any_of:", 7) == 0) {
		to->kinds = bits(p, LIST_KIND, name + 7);
		return;
	}
	*room = agency(p, 3)->id;
	to->agency = room;
}

static void
read_consent(struct play *p)
{
	const policy_day revoked = play_option_day(p, 8, "revoked");
	struct vector *v = p->v;
	size_t k;

	if (!take(p, &v->facts.consent_count, &k))
		return;
	read_recipient(p, &v->recipient[k], &v->named[k]);
	v->consent[k] = (struct policy_consent){
		.kind = (enum policy_consent_kind)play_number(p, LIST_CONSENT,
		    play_word(p, 1)),
		.status = status_of(p),
		.discloser = &agency(p, 2)->id,
		.elements = (POLICY_BIT(POLICY_ELEMENT_COUNT) - 1) &
		    ~play_option_bits(p, 8, "lacks", LIST_ELEMENT),
		.purposes = bits(p, LIST_PURPOSE, play_word(p, 5)),
		.effective = day(p, 6),
		.expires = day(p, 7),
		.revoked = revoked != POLICY_NO_DAY
		    ? revoked
		    : play_option_day(p, 8, "revokes"),
		.event_met = play_option(p, 8, "event_met") != NULL,
		.scope = v->scope[k],
		.scope_count = scopes(p, v->scope[k], play_word(p, 4),
		    play_option(p, 8, "rows")),
		.recipient = &v->recipient[k],
		.recipient_count = 1,
	};
}

static void
read_authority(struct play *p)
{
	const struct agency_id *by = option_agency(p, 7, "by");
	struct vector *v = p->v;
	size_t k;

	if (!take(p, &v->facts.authority_count, &k))
		return;
	v->authority[k] = (struct policy_authority){
		.kind = (enum policy_authority_kind)play_number(p,
		    LIST_AUTHORITY, play_word(p, 1)),
		.citation = "An order",
		.owner = by != NULL ? by : &agency(p, 2)->id,
		.discloser = &agency(p, 2)->id,
		.recipient = strcmp(play_word(p, 3), "-") == 0
		    ? NULL
		    : &agency(p, 3)->id,
		.issued = day(p, 5),
		.expires = day(p, 6),
		.quashed = play_option(p, 7, "quashed") != NULL,
		.with_order = play_option(p, 7, "no_order") == NULL,
		.scope = v->scope[VECTOR_FACTS_MAX + k],
		.scope_count = scopes(p, v->scope[VECTOR_FACTS_MAX + k],
		    play_word(p, 4), NULL),
	};
}

static void
read_emergency(struct play *p)
{
	struct vector *v = p->v;
	size_t k;

	if (!take(p, &v->facts.emergency_count, &k))
		return;
	v->emergency[k] = (struct policy_emergency){
		.medical = strcmp(play_word(p, 2), "medical") == 0,
		.opener = agency(p, 3)->id,
		.ends = day(p, 4),
		.recorded = play_option(p, 5, "unrecorded") == NULL,
		.category = v->opened[k],
		.category_count = split_list(p, v->opened[k], play_word(p, 1)),
	};
}

static void
read_sealed(struct play *p)
{
	struct vector *v = p->v;
	size_t k;

	if (take(p, &v->facts.sealed_count, &k))
		v->sealed[k] = (struct policy_seal){ play_word(p, 1),
			play_option_bits(p, 2, "readers", LIST_ROLE) };
}

static void
read_ask(struct play *p)
{
	const struct party *from = agency(p, 2), *to = agency(p, 3);
	const char *age = play_option(p, 9, "age");
	struct vector *v = p->v;

	v->q = (struct policy_question){
		.category = v->asked,
		.category_count = split_list(p, v->asked, play_word(p, 1)),
		.from = { from->id, from->kind, true },
		.to = { to->id, to->kind,
		    play_option(p, 9, "inactive") == NULL },
		.role = (enum policy_role)play_number(p, LIST_ROLE,
		    play_word(p, 4)),
		.relations = bits(p, LIST_RELATION, play_word(p, 5)),
		.purpose = (enum policy_purpose)play_number(p, LIST_PURPOSE,
		    play_word(p, 6)),
		.channel = (enum policy_channel)play_number(p, LIST_CHANNEL,
		    play_word(p, 7)),
		.today = day(p, 8),
		.row_day = play_option_day(p, 9, "row"),
		.word_age = age != NULL ? (int32_t)strtol(age, NULL, 10) : -1,
		.expunged = play_option(p, 9, "expunged") != NULL,
		.restricted = play_option(p, 9, "restricted") != NULL
		    ? "This file is closed to you."
		    : NULL,
		.episode = play_option(p, 9, "episode") != NULL,
	};
}

bool
play_fact(struct play *p)
{
	static const struct {
		const char *word;
		void (*read)(struct play *p);
	} kinds[] = { { "agreement", read_agreement },
		{ "consent", read_consent }, { "authority", read_authority },
		{ "emergency", read_emergency }, { "sealed", read_sealed },
		{ "ask", read_ask } };

	for (size_t k = 0; k < COUNT_OF(kinds); k++)
		if (strcmp(p->l.w[0], kinds[k].word) == 0) {
			kinds[k].read(p);
			return true;
		}
	return false;
}
