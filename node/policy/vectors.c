/* Playing the cases: one line after the other into the facts of the present
 * case; "permit" or "deny" asks and compares. The first thing that is wrong stays
 * in the play, and everything after it is a step over nothing. */
#include "node/policy/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 24

struct words {
	char *w[WORDS_MAX];
	size_t n;
};

/* One case: facts and question, all in fixed room. */
struct vector {
	const char *title;
	struct policy_agreement agreement[VECTOR_FACTS_MAX];
	struct agency_id party[VECTOR_FACTS_MAX][2];
	struct policy_rule rule[VECTOR_FACTS_MAX];
	struct policy_consent consent[VECTOR_FACTS_MAX];
	struct policy_scope scope[VECTOR_FACTS_MAX * 2][VECTOR_LIST_MAX];
	struct policy_recipient recipient[VECTOR_FACTS_MAX];
	struct agency_id named[VECTOR_FACTS_MAX];
	struct policy_authority authority[VECTOR_FACTS_MAX];
	struct policy_emergency emergency[VECTOR_FACTS_MAX];
	const char *opened[VECTOR_FACTS_MAX][VECTOR_LIST_MAX];
	const char *sealed[VECTOR_LIST_MAX], *asked[VECTOR_LIST_MAX];
	struct policy_facts facts;
	struct policy_question q;
};

struct party {
	const char *name;
	enum policy_kind kind;
	struct agency_id id;
};

struct play {
	const struct policy_pack *pack;
	struct vector *v;
	struct party party[VECTORS_PARTIES_MAX];
	size_t party_count;
	struct words l; /* the present line's words */
	unsigned line;
	enum err e;
	struct fail *f;
	struct buf why, next;
	char differs[160];
	vectors_fn each;
	void *context;
	struct vectors_result *out;
};

/* ---- words --------------------------------------------------------------------- */

static void
wrong(struct play *p, const char *want, const char *have)
{
	if (p->e == OK)
		p->e = fail_set(p->f, ERR_INPUT,
		    "line %u: want %s, have \"%.60s\"", p->line, want, have);
}

static char *
word(struct play *p, size_t i)
{
	static char none[16] = "-";

	if (i < p->l.n)
		return p->l.w[i];
	wrong(p, "more words in this line", p->l.n > 0 ? p->l.w[0] : "");
	return none;
}

static const struct party *
agency(struct play *p, size_t i)
{
	const char *name = word(p, i);

	for (size_t k = 0; k < p->party_count; k++)
		if (strcmp(p->party[k].name, name) == 0)
			return &p->party[k];
	wrong(p, "an agency that a line \"party\" names", name);
	return &p->party[0];
}

static policy_day
day_of(struct play *p, const char *text, size_t n)
{
	policy_day day = POLICY_NO_DAY;
	struct fail f = { 0 };

	if (n == 1 && text[0] == '-')
		return POLICY_NO_DAY;
	if (policy_day_parse(&day, text, n, &f) != OK)
		wrong(p, "a day as YYYY-MM-DD, or -", text);
	return day;
}

static policy_day
day(struct play *p, size_t i)
{
	const char *text = word(p, i);

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
		wrong(p, "words of the rules", text);
	return out;
}

static int
number(struct play *p, enum policy_list list, const char *text)
{
	int k = policy_number(list, text, strlen(text));

	if (k < 0)
		wrong(p, "a word of the rules", text);
	return k < 0 ? 0 : k;
}

/* What stands behind NAME= in the words from first on, "" for NAME alone; NULL:
 * not there. */
static char *
option(const struct play *p, size_t first, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = first; i < p->l.n; i++)
		if (strncmp(p->l.w[i], name, n) == 0 &&
		    (p->l.w[i][n] == 0 || p->l.w[i][n] == '='))
			return p->l.w[i] + n + (p->l.w[i][n] == '=');
	return NULL;
}

static policy_day
option_day(struct play *p, size_t first, const char *name)
{
	const char *text = option(p, first, name);

	return text != NULL ? day_of(p, text, strlen(text)) : POLICY_NO_DAY;
}

static uint32_t
option_bits(struct play *p, size_t first, const char *name,
    enum policy_list list)
{
	const char *text = option(p, first, name);

	return text != NULL ? bits(p, list, text) : 0;
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
			wrong(p, "one to eight words with commas", text);
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
	const char *dots = rows != NULL ? strstr(rows, "..") : NULL;
	size_t n = split_list(p, name, list);

	for (size_t k = 0; k < n; k++)
		out[k] = (struct policy_scope){ .category = name[k],
			.from = dots != NULL
			    ? day_of(p, rows, (size_t)(dots - rows))
			    : POLICY_NO_DAY,
			.to = dots != NULL
			    ? day_of(p, dots + 2, strlen(dots + 2))
			    : POLICY_NO_DAY };
	return n;
}

/* Room for one more fact of a kind. */
static bool
take(struct play *p, size_t *count, size_t *at)
{
	if (*count >= VECTOR_FACTS_MAX) {
		wrong(p, "at most eight facts of a kind", p->l.w[0]);
		return false;
	}
	*at = (*count)++;
	return true;
}

/* ---- facts ----------------------------------------------------------------------- */

static void
read_party(struct play *p)
{
	struct party *to = &p->party[p->party_count];

	if (p->party_count == VECTORS_PARTIES_MAX) {
		wrong(p, "at most sixteen agencies", word(p, 1));
		return;
	}
	to->name = word(p, 1);
	to->kind = (enum policy_kind)number(p, LIST_KIND, word(p, 2));
	memset(to->id.b, 1 + (int)p->party_count, sizeof(to->id.b));
	p->party_count++;
}

static enum policy_demand
demand_of(struct play *p)
{
	const char *word = option(p, 7, "demand");

	if (word == NULL || strcmp(word, "none") == 0)
		return DEMAND_NONE;
	if (strcmp(word, "consent") == 0)
		return DEMAND_CONSENT;
	if (strcmp(word, "authority") == 0)
		return DEMAND_AUTHORITY;
	if (strcmp(word, "consent_or_authority") != 0)
		wrong(p, "demand=consent, authority or consent_or_authority",
		    word);
	return DEMAND_EITHER;
}

static void
read_agreement(struct play *p)
{
	const struct party *from = agency(p, 1), *to = agency(p, 2);
	const char *kind = option(p, 7, "kind");
	struct vector *v = p->v;
	size_t k;

	if (!take(p, &v->facts.agreement_count, &k))
		return;
	v->party[k][0] = from->id;
	v->party[k][1] = to->id;
	v->rule[k] = (struct policy_rule){ .category = word(p, 3),
		.from = &v->party[k][0],
		.to = &v->party[k][1],
		.purposes = bits(p, LIST_PURPOSE, word(p, 4)),
		.roles = option_bits(p, 7, "role", LIST_ROLE),
		.demand = demand_of(p) };
	v->agreement[k] = (struct policy_agreement){ .title = "An agreement",
		.kind = kind != NULL ? (enum policy_agreement_kind)number(p,
					   LIST_AGREEMENT, kind)
				     : AGREEMENT_MOU,
		.starts = day(p, 5),
		.ends = day(p, 6),
		.agreed = option(p, 7, "unsigned") == NULL,
		.agreed_on = option_day(p, 7, "signed"),
		.terminated = option_day(p, 7, "terminated"),
		.party = v->party[k],
		.party_count = 2,
		.rule = &v->rule[k],
		.rule_count = 1 };
}

static enum policy_consent_status
status_of(const struct play *p)
{
	return option(p, 8, "draft") != NULL     ? CONSENT_DRAFT
	    : option(p, 8, "suspended") != NULL  ? CONSENT_SUSPENDED
	    : option(p, 8, "superseded") != NULL ? CONSENT_SUPERSEDED
	    : option(p, 8, "revoked") != NULL    ? CONSENT_REVOKED
						 : CONSENT_ACTIVE;
}

/* An agency, or a class of them: "any_of:" and kinds with commas. */
static void
read_recipient(struct play *p, struct policy_recipient *to,
    struct agency_id *room)
{
	const char *name = word(p, 3);

	*to = (struct policy_recipient){ .roles = option_bits(p, 8, "to_role",
					     LIST_ROLE) };
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
	const policy_day revoked = option_day(p, 8, "revoked");
	struct vector *v = p->v;
	size_t k;

	if (!take(p, &v->facts.consent_count, &k))
		return;
	read_recipient(p, &v->recipient[k], &v->named[k]);
	v->consent[k] = (struct policy_consent){
		.kind = (enum policy_consent_kind)number(p, LIST_CONSENT,
		    word(p, 1)),
		.status = status_of(p),
		.discloser = &agency(p, 2)->id,
		.elements = (POLICY_BIT(POLICY_ELEMENT_COUNT) - 1) &
		    ~option_bits(p, 8, "lacks", LIST_ELEMENT),
		.purposes = bits(p, LIST_PURPOSE, word(p, 5)),
		.effective = day(p, 6),
		.expires = day(p, 7),
		.revoked = revoked != POLICY_NO_DAY
		    ? revoked
		    : option_day(p, 8, "revokes"),
		.event_met = option(p, 8, "event_met") != NULL,
		.scope = v->scope[k],
		.scope_count =
		    scopes(p, v->scope[k], word(p, 4), option(p, 8, "rows")),
		.recipient = &v->recipient[k],
		.recipient_count = 1,
	};
}

static void
read_authority(struct play *p)
{
	struct vector *v = p->v;
	size_t k;

	if (!take(p, &v->facts.authority_count, &k))
		return;
	v->authority[k] = (struct policy_authority){
		.kind = (enum policy_authority_kind)number(p, LIST_AUTHORITY,
		    word(p, 1)),
		.citation = "An order",
		.discloser = &agency(p, 2)->id,
		.recipient = &agency(p, 3)->id,
		.issued = day(p, 5),
		.expires = day(p, 6),
		.quashed = option(p, 7, "quashed") != NULL,
		.with_order = option(p, 7, "no_order") == NULL,
		.scope = v->scope[VECTOR_FACTS_MAX + k],
		.scope_count =
		    scopes(p, v->scope[VECTOR_FACTS_MAX + k], word(p, 4), NULL),
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
		.medical = strcmp(word(p, 2), "medical") == 0,
		.recorded = option(p, 3, "unrecorded") == NULL,
		.category = v->opened[k],
		.category_count = split_list(p, v->opened[k], word(p, 1)),
	};
}

static void
read_sealed(struct play *p)
{
	struct vector *v = p->v;
	size_t k;

	if (take(p, &v->facts.sealed_count, &k))
		v->sealed[k] = word(p, 1);
}

static void
read_ask(struct play *p)
{
	const struct party *from = agency(p, 2), *to = agency(p, 3);
	const char *age = option(p, 9, "age");
	struct vector *v = p->v;

	v->q = (struct policy_question){
		.category = v->asked,
		.category_count = split_list(p, v->asked, word(p, 1)),
		.from = { from->id, from->kind, true },
		.to = { to->id, to->kind, option(p, 9, "inactive") == NULL },
		.role = (enum policy_role)number(p, LIST_ROLE, word(p, 4)),
		.relations = bits(p, LIST_RELATION, word(p, 5)),
		.purpose =
		    (enum policy_purpose)number(p, LIST_PURPOSE, word(p, 6)),
		.channel =
		    (enum policy_channel)number(p, LIST_CHANNEL, word(p, 7)),
		.today = day(p, 8),
		.row_day = option_day(p, 9, "row"),
		.word_age = age != NULL ? (int32_t)strtol(age, NULL, 10) : -1,
		.expunged = option(p, 9, "expunged") != NULL,
		.restricted = option(p, 9, "restricted") != NULL
		    ? "This file is closed to you."
		    : NULL,
		.episode = option(p, 9, "episode") != NULL,
	};
}

/* ---- what was expected ------------------------------------------------------------ */

static const char *const ground_words[] = { "none", "membership", "agreement",
	"consent", "authority", "emergency", "episode", "role", "person" };

static void
differ(struct play *p, const char *what, const char *want, const char *have)
{
	if (p->differs[0] == 0)
		(void)snprintf(p->differs, sizeof(p->differs),
		    "%s: want %.50s, have %.50s", what, want, have);
}

static const char *
day_words(char text[static POLICY_DAY_CHARS], policy_day d)
{
	if (d == POLICY_NO_DAY)
		return "none";
	policy_day_text(text, d);
	return text;
}

static void
compare_permit(struct play *p, const struct policy_answer *a)
{
	static const struct {
		const char *word;
		unsigned duty;
	} duties[] = { { "notice", DUTY_NOTICE }, { "copy", DUTY_COPY },
		{ "record", DUTY_RECORD }, { "no_onward", DUTY_NO_ONWARD } };
	const char *notice = option(p, 2, "notice");
	policy_day until = option_day(p, 2, "until");
	char want[POLICY_DAY_CHARS], have[POLICY_DAY_CHARS];

	if (strcmp(ground_words[a->ground], word(p, 1)) != 0)
		differ(p, "ground", word(p, 1), ground_words[a->ground]);
	for (size_t k = 0; k < COUNT_OF(duties); k++)
		if ((option(p, 2, duties[k].word) != NULL) !=
		    ((a->duties & duties[k].duty) != 0))
			differ(p, duties[k].word,
			    (a->duties & duties[k].duty) != 0 ? "none" : "it",
			    (a->duties & duties[k].duty) != 0 ? "it" : "none");
	if (notice != NULL && a->notice != NULL &&
	    strcmp(notice, a->notice) != 0)
		differ(p, "notice", notice, a->notice);
	if (a->notice != NULL && pack_notice_text(p->pack, a->notice) == NULL)
		differ(p, "the notice's text", a->notice, "none in the pack");
	if (a->until != until)
		differ(p, "until", day_words(want, until),
		    day_words(have, a->until));
}

static void
compare_deny(struct play *p, const struct policy_answer *a)
{
	const char *form = option(p, 2, "form");
	int kind = form != NULL ? number(p, LIST_CONSENT, form) : -1;

	if (a->duties != 0 || a->until != POLICY_NO_DAY)
		differ(p, "a refusal", "no duty and no day", "some");
	if (a->consent_kind != kind)
		differ(p, "form", form != NULL ? form : "none",
		    a->consent_kind >= 0
			? policy_word(LIST_CONSENT, a->consent_kind)
			: "none");
	if (a->missing != option_bits(p, 2, "missing", LIST_ELEMENT))
		differ(p, "missing",
		    option(p, 2, "missing") != NULL ? option(p, 2, "missing")
						    : "nothing",
		    a->missing != 0 ? "something else" : "nothing");
}

static void
tell(struct play *p)
{
	struct vectors_result *out = p->out;
	struct vector_told told = { p->v->title, p->differs[0] == 0,
		buf_cstr(&p->why), buf_cstr(&p->next), p->differs };

	out->played++;
	if (!told.agrees && out->differed++ == 0)
		(void)snprintf(out->first, sizeof(out->first), "%.120s: %.100s",
		    p->v->title, p->differs);
	if (p->each != NULL)
		p->each(p->context, &told);
}

static void
decide(struct play *p)
{
	bool permit = strcmp(p->l.w[0], "permit") == 0;
	const char *want = permit ? "permit" : word(p, 1), *have;
	struct policy_answer a;
	struct vector *v = p->v;

	if (v->q.category_count == 0)
		wrong(p, "a line \"ask\" before the answer", p->l.w[0]);
	if (p->e != OK)
		return;
	v->facts.agreement = v->agreement;
	v->facts.consent = v->consent;
	v->facts.authority = v->authority;
	v->facts.emergency = v->emergency;
	v->facts.sealed = v->sealed;
	p->differs[0] = 0;
	buf_reset(&p->why);
	buf_reset(&p->next);
	policy_may(&a, p->pack, &v->facts, &v->q);
	policy_say(&p->why, &p->next, &a, &v->q);
	if (p->why.err != OK || p->next.err != OK) {
		p->e = fail_code(p->f, ERR_NOMEM);
		return;
	}
	have = policy_reason_word(a.reason);
	if (strcmp(have, want) != 0)
		differ(p, "answer", want, have);
	else if (permit)
		compare_permit(p, &a);
	else
		compare_deny(p, &a);
	if (p->e == OK)
		tell(p);
}

/* ---- lines -------------------------------------------------------------------------- */

static void
read_line(struct play *p)
{
	static const struct {
		const char *word;
		void (*read)(struct play *p);
	} kinds[] = { { "agreement", read_agreement },
		{ "consent", read_consent }, { "authority", read_authority },
		{ "emergency", read_emergency }, { "sealed", read_sealed },
		{ "ask", read_ask }, { "permit", decide }, { "deny", decide } };

	if (p->v->title == NULL) {
		wrong(p, "a case's title before its lines", p->l.w[0]);
		return;
	}
	for (size_t k = 0; k < COUNT_OF(kinds); k++)
		if (strcmp(p->l.w[0], kinds[k].word) == 0) {
			kinds[k].read(p);
			return;
		}
	wrong(p,
	    "agreement, consent, authority, emergency, sealed, ask, "
	    "permit or deny",
	    p->l.w[0]);
}

static void
split_words(struct play *p, char *line)
{
	p->l.n = 0;
	while (*(line += strspn(line, " \r")) != 0) {
		if (p->l.n == WORDS_MAX) {
			wrong(p, "fewer words in a line", line);
			return;
		}
		p->l.w[p->l.n++] = line;
		line += strcspn(line, " \r");
		if (*line != 0)
			*line++ = 0;
	}
}

static void
play_line(struct play *p, char *line)
{
	if (*line == '#' || line[strspn(line, " \r")] == 0)
		return;
	if (*line == ' ') {
		split_words(p, line);
		if (p->e == OK)
			read_line(p);
		return;
	}
	if (strncmp(line, "party ", 6) == 0) {
		split_words(p, line);
		read_party(p);
		return;
	}
	memset(p->v, 0, sizeof(*p->v));
	p->v->title = line;
}

enum err
vectors_play(struct vectors_result *out, const struct policy_pack *pack,
    const char *text, size_t n, vectors_fn each, void *context, struct fail *f)
{
	struct play p = { .pack = pack,
		.f = f,
		.each = each,
		.context = context,
		.out = out };
	char *copy, *line, *end;

	*out = (struct vectors_result){ 0 };
	if (n > VECTORS_BYTES_MAX)
		return fail_set(f, ERR_LIMIT,
		    "test vectors have %zu bytes at"
		    " most",
		    VECTORS_BYTES_MAX);
	copy = malloc(n + 1);
	p.v = calloc(1, sizeof(*p.v));
	buf_init(&p.why, 4096);
	buf_init(&p.next, 4096);
	if (copy == NULL || p.v == NULL) {
		p.e = fail_code(f, ERR_NOMEM);
	} else {
		memcpy(copy, text, n);
		copy[n] = 0;
		for (line = copy; p.e == OK && line < copy + n;
		     line = end + 1) {
			end = line + strcspn(line, "\n");
			*end = 0;
			p.line++;
			play_line(&p, line);
		}
	}
	if (p.e == OK && out->played == 0)
		p.e = fail_set(f, ERR_INPUT, "there is no case in it");
	buf_release(&p.why);
	buf_release(&p.next);
	free(p.v);
	free(copy);
	return p.e;
}
