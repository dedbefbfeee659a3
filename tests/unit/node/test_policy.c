/* The decision: every case of tests/policy/vectors.txt under the sample pack, and
 * what a pack may not say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/policy/policy.h"

#define FACTS_MAX 8
#define LIST_MAX 4

/* ---- agencies ---------------------------------------------------------------- */

static const struct {
	const char *name;
	enum policy_kind kind;
} agencies[] = { { "north", PARTY_PROBATION }, { "south", PARTY_PROBATION },
	{ "clinic", PARTY_TREATMENT }, { "river", PARTY_TREATMENT },
	{ "mind", PARTY_MENTAL_HEALTH }, { "welfare", PARTY_SOCIAL },
	{ "court", PARTY_COURT }, { "hospital", PARTY_MEDICAL },
	{ "home", PARTY_HOUSING }, { "hub", PARTY_HUB } };
static struct agency_id ids[COUNT_OF(agencies)];

/* ---- one case ------------------------------------------------------------------ */

struct vector {
	const char *title;
	struct policy_agreement agreement[FACTS_MAX];
	struct agency_id party[FACTS_MAX][2];
	struct policy_rule rule[FACTS_MAX];
	struct policy_consent consent[FACTS_MAX];
	struct policy_scope scope[FACTS_MAX * 2][LIST_MAX];
	struct policy_recipient recipient[FACTS_MAX];
	struct policy_authority authority[FACTS_MAX];
	struct policy_emergency emergency[FACTS_MAX];
	const char *opened[FACTS_MAX][LIST_MAX], *sealed[LIST_MAX];
	const char *asked[LIST_MAX];
	struct policy_facts facts;
	struct policy_question q;
};

struct words {
	char *w[24];
	size_t n;
};

static char text[128 * 1024];
static struct policy_pack *pack;
static struct vector v;
static size_t played;

static const char *
word(const struct words *l, size_t i)
{
	if (i >= l->n)
		fail_msg("%s: a line is too short", v.title);
	return l->w[i];
}

static size_t
agency(const struct words *l, size_t i)
{
	for (size_t k = 0; k < COUNT_OF(agencies); k++)
		if (strcmp(agencies[k].name, word(l, i)) == 0)
			return k;
	fail_msg("%s: no agency %s", v.title, l->w[i]);
	return 0;
}

static policy_day
day_of(const char *p, size_t n)
{
	struct fail f = { 0 };
	policy_day d;

	if (p == NULL || strncmp(p, "-", n) == 0)
		return POLICY_NO_DAY;
	if (policy_day_parse(&d, p, n, &f) != OK)
		fail_msg("%s: %s", v.title, f.text);
	return d;
}

static policy_day
day(const struct words *l, size_t i)
{
	return day_of(word(l, i), strlen(word(l, i)));
}

static uint32_t
bits(enum policy_list list, const char *p)
{
	struct fail f = { 0 };
	uint32_t out = 0;

	if (strcmp(p, "-") == 0)
		return 0;
	if (policy_bits(&out, list, p, strlen(p), &f) != OK)
		fail_msg("%s: %s", v.title, f.text);
	return out;
}

static int
number(enum policy_list list, const char *p)
{
	int k = policy_number(list, p, strlen(p));

	if (k < 0)
		fail_msg("%s: no word %s", v.title, p);
	return k;
}

/* What stands behind NAME= in the words from first on; NULL: not there. A flag
 * is NAME alone. */
static const char *
option(const struct words *l, size_t first, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = first; i < l->n; i++)
		if (strncmp(l->w[i], name, n) == 0 &&
		    (l->w[i][n] == 0 || l->w[i][n] == '='))
			return l->w[i] + n + (l->w[i][n] == '=');
	return NULL;
}

static size_t
split_list(const char **out, char *p)
{
	size_t n = 0;

	for (p = strtok(p, ","); p != NULL; p = strtok(NULL, ",")) {
		assert_true(n < LIST_MAX);
		out[n++] = p;
	}
	return n;
}

static size_t
scopes(struct policy_scope *out, char *list, const char *rows)
{
	const char *name[LIST_MAX];
	const char *dots = rows != NULL ? strstr(rows, "..") : NULL;
	size_t n = split_list(name, list);

	for (size_t k = 0; k < n; k++)
		out[k] = (struct policy_scope){ .category = name[k],
			.from = dots != NULL
			    ? day_of(rows, (size_t)(dots - rows))
			    : POLICY_NO_DAY,
			.to = dots != NULL ? day_of(dots + 2, strlen(dots + 2))
					   : POLICY_NO_DAY };
	return n;
}

/* ---- its lines -------------------------------------------------------------------- */

static enum policy_demand
demand_of(const char *word)
{
	return word == NULL || strcmp(word, "none") == 0 ? DEMAND_NONE
	    : strcmp(word, "consent") == 0               ? DEMAND_CONSENT
	    : strcmp(word, "authority") == 0             ? DEMAND_AUTHORITY
							 : DEMAND_EITHER;
}

static void
read_agreement(const struct words *l)
{
	size_t k = v.facts.agreement_count++;
	size_t from = agency(l, 1), to = agency(l, 2);
	const char *kind = option(l, 7, "kind");
	const char *ended = option(l, 7, "terminated");
	const char *role = option(l, 7, "role");
	const char *demand = option(l, 7, "demand");

	assert_true(k < FACTS_MAX);
	v.party[k][0] = ids[from];
	v.party[k][1] = ids[to];
	v.rule[k] = (struct policy_rule){ .category = word(l, 3),
		.from = &ids[from],
		.to = &ids[to],
		.purposes = bits(LIST_PURPOSE, word(l, 4)),
		.roles = role != NULL ? bits(LIST_ROLE, role) : 0,
		.demand = demand_of(demand) };
	v.agreement[k] = (struct policy_agreement){ .title = "An agreement",
		.kind = kind != NULL
		    ? (enum policy_agreement_kind)number(LIST_AGREEMENT, kind)
		    : AGREEMENT_MOU,
		.starts = day(l, 5),
		.ends = day(l, 6),
		.agreed = option(l, 7, "unsigned") == NULL,
		.terminated = ended != NULL ? day_of(ended, strlen(ended))
					    : POLICY_NO_DAY,
		.party = v.party[k],
		.party_count = 2,
		.rule = &v.rule[k],
		.rule_count = 1 };
}

static enum policy_consent_status
status_of(const struct words *l)
{
	return option(l, 8, "draft") != NULL     ? CONSENT_DRAFT
	    : option(l, 8, "suspended") != NULL  ? CONSENT_SUSPENDED
	    : option(l, 8, "superseded") != NULL ? CONSENT_SUPERSEDED
	    : option(l, 8, "revoked") != NULL    ? CONSENT_REVOKED
						 : CONSENT_ACTIVE;
}

static void
read_consent(const struct words *l)
{
	size_t k = v.facts.consent_count++;
	const char *lacks = option(l, 8, "lacks");
	const char *revoked = option(l, 8, "revoked");

	if (revoked == NULL)
		revoked = option(l, 8, "revokes");
	assert_true(k < FACTS_MAX);
	v.recipient[k] =
	    (struct policy_recipient){ .agency = &ids[agency(l, 3)] };
	v.consent[k] = (struct policy_consent){
		.kind =
		    (enum policy_consent_kind)number(LIST_CONSENT, word(l, 1)),
		.status = status_of(l),
		.discloser = &ids[agency(l, 2)],
		.elements = (POLICY_BIT(POLICY_ELEMENT_COUNT) - 1) &
		    ~(lacks != NULL ? bits(LIST_ELEMENT, lacks) : 0),
		.purposes = bits(LIST_PURPOSE, word(l, 5)),
		.effective = day(l, 6),
		.expires = day(l, 7),
		.revoked = revoked != NULL ? day_of(revoked, strlen(revoked))
					   : POLICY_NO_DAY,
		.event_met = option(l, 8, "event_met") != NULL,
		.scope = v.scope[k],
		.scope_count =
		    scopes(v.scope[k], l->w[4], option(l, 8, "rows")),
		.recipient = &v.recipient[k],
		.recipient_count = 1,
	};
}

static void
read_authority(const struct words *l)
{
	size_t k = v.facts.authority_count++;

	assert_true(k < FACTS_MAX);
	v.authority[k] = (struct policy_authority){
		.kind = (enum policy_authority_kind)number(LIST_AUTHORITY,
		    word(l, 1)),
		.citation = "An order",
		.discloser = &ids[agency(l, 2)],
		.recipient = &ids[agency(l, 3)],
		.issued = day(l, 5),
		.expires = day(l, 6),
		.quashed = option(l, 7, "quashed") != NULL,
		.with_order = option(l, 7, "no_order") == NULL,
		.scope = v.scope[FACTS_MAX + k],
		.scope_count = scopes(v.scope[FACTS_MAX + k], l->w[4], NULL),
	};
}

static void
read_emergency(const struct words *l)
{
	size_t k = v.facts.emergency_count++;

	assert_true(k < FACTS_MAX);
	v.emergency[k] = (struct policy_emergency){
		.medical = strcmp(word(l, 2), "medical") == 0,
		.recorded = option(l, 3, "unrecorded") == NULL,
		.category = v.opened[k],
		.category_count = split_list(v.opened[k], l->w[1]),
	};
}

static void
read_ask(const struct words *l)
{
	size_t from = agency(l, 2), to = agency(l, 3);
	const char *row = option(l, 9, "row"), *age = option(l, 9, "age");

	v.q = (struct policy_question){
		.category = v.asked,
		.category_count = split_list(v.asked, l->w[1]),
		.from = { ids[from], agencies[from].kind, true },
		.to = { ids[to], agencies[to].kind,
		    option(l, 9, "inactive") == NULL },
		.role = (enum policy_role)number(LIST_ROLE, word(l, 4)),
		.relations = bits(LIST_RELATION, word(l, 5)),
		.purpose =
		    (enum policy_purpose)number(LIST_PURPOSE, word(l, 6)),
		.channel =
		    (enum policy_channel)number(LIST_CHANNEL, word(l, 7)),
		.today = day(l, 8),
		.row_day =
		    row != NULL ? day_of(row, strlen(row)) : POLICY_NO_DAY,
		.word_age = age != NULL ? (int32_t)strtol(age, NULL, 10) : -1,
		.expunged = option(l, 9, "expunged") != NULL,
		.restricted = option(l, 9, "restricted") != NULL
		    ? "This file is closed to you."
		    : NULL,
		.episode = option(l, 9, "episode") != NULL,
	};
}

/* ---- what was expected --------------------------------------------------------------- */

static const char *const ground_words[] = { "none", "membership", "agreement",
	"consent", "authority", "emergency", "episode", "role", "person" };

static void
compare_permit(const struct words *l, const struct policy_answer *a)
{
	const char *notice = option(l, 2, "notice");
	const char *until = option(l, 2, "until");
	unsigned duties = (notice != NULL ? DUTY_NOTICE : 0u) |
	    (option(l, 2, "copy") != NULL ? DUTY_COPY : 0u) |
	    (option(l, 2, "record") != NULL ? DUTY_RECORD : 0u) |
	    (option(l, 2, "no_onward") != NULL ? DUTY_NO_ONWARD : 0u);

	assert_string_equal(ground_words[a->ground], word(l, 1));
	assert_int_equal(a->duties, duties);
	assert_string_equal(a->notice != NULL ? a->notice : "",
	    notice != NULL ? notice : "");
	assert_int_equal(a->until,
	    until != NULL ? day_of(until, strlen(until)) : POLICY_NO_DAY);
	if (notice != NULL)
		assert_non_null(pack_notice_text(pack, notice));
}

static void
compare_deny(const struct words *l, const struct policy_answer *a)
{
	const char *form = option(l, 2, "form");
	const char *missing = option(l, 2, "missing");

	assert_int_equal(a->duties, 0);
	assert_int_equal(a->until, POLICY_NO_DAY);
	assert_int_equal(a->consent_kind,
	    form != NULL ? number(LIST_CONSENT, form) : -1);
	assert_int_equal(a->missing,
	    missing != NULL ? bits(LIST_ELEMENT, missing) : 0);
}

static void
decide(const struct words *l)
{
	struct policy_answer a;
	struct buf why = { 0 }, next = { 0 };
	bool permit = strcmp(l->w[0], "permit") == 0;
	const char *want = permit ? "permit" : word(l, 1);

	buf_init(&why, 2000);
	buf_init(&next, 2000);
	v.facts.agreement = v.agreement;
	v.facts.consent = v.consent;
	v.facts.authority = v.authority;
	v.facts.emergency = v.emergency;
	v.facts.sealed = v.sealed;
	policy_may(&a, pack, &v.facts, &v.q);
	policy_say(&why, &next, &a, &v.q);
	assert_int_equal(why.err, OK);
	if (strcmp(policy_reason_word(a.reason), want) != 0)
		fail_msg("%s: want %s, have %s (%s): %.*s", v.title, want,
		    policy_reason_word(a.reason), a.cite, (int)why.n,
		    (const char *)why.p);
	print_message("%s\n    %.*s %.*s\n", v.title, (int)why.n,
	    (const char *)why.p, (int)next.n,
	    next.n > 0 ? (const char *)next.p : "");
	if (permit)
		compare_permit(l, &a);
	else
		compare_deny(l, &a);
	assert_true(permit == (next.n == 0));
	buf_release(&why);
	buf_release(&next);
	played++;
}

static void
read_line(const struct words *l)
{
	if (strcmp(l->w[0], "agreement") == 0)
		read_agreement(l);
	else if (strcmp(l->w[0], "consent") == 0)
		read_consent(l);
	else if (strcmp(l->w[0], "authority") == 0)
		read_authority(l);
	else if (strcmp(l->w[0], "emergency") == 0)
		read_emergency(l);
	else if (strcmp(l->w[0], "sealed") == 0)
		v.sealed[v.facts.sealed_count++] = word(l, 1);
	else if (strcmp(l->w[0], "ask") == 0)
		read_ask(l);
	else if (strcmp(l->w[0], "permit") == 0 || strcmp(l->w[0], "deny") == 0)
		decide(l);
	else
		fail_msg("%s: no line begins with %s", v.title, l->w[0]);
}

static void
split(struct words *l, char *line)
{
	l->n = 0;
	for (char *p = line; *p != 0;) {
		p += strspn(p, " ");
		if (*p == 0)
			return;
		assert_true(l->n < COUNT_OF(l->w));
		l->w[l->n++] = p;
		p += strcspn(p, " ");
		if (*p != 0)
			*p++ = 0;
	}
}

static void
load(char *to, size_t room, const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t n;

	assert_non_null(file);
	n = fread(to, 1, room - 1, file);
	assert_true(n < room - 1);
	to[n] = 0;
	(void)fclose(file);
}

static void
every_case_of_the_table_is_decided_as_it_says(void **state)
{
	char *line = text, *end;
	struct words l;

	(void)state;
	load(text, sizeof(text), "tests/policy/vectors.txt");
	for (; *line != 0; line = end) {
		end = line + strcspn(line, "\n");
		if (*end != 0)
			*end++ = 0;
		if (*line == '#' || *line == 0)
			continue;
		if (*line != ' ') {
			memset(&v, 0, sizeof(v));
			v.title = line;
			continue;
		}
		split(&l, line);
		read_line(&l);
	}
	assert_true(played >= 75);
}

/* ---- packs ------------------------------------------------------------------------------ */

static void
a_pack_that_says_something_else_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "a pack begins with" },
		{ "label DIR\n", "line 1: want \"pack NAME VERSION\" first" },
		{ "pack a 1\neffective 2026-13-01\n", "line 2: want a day" },
		{ "pack a 1\nlabel dir\n", "line 2: want a label" },
		{ "pack a 1\nlabel DIR\nlabel DIR\n", "line 3: want a label" },
		{ "pack a 1\nlease TX2 7\n", "line 2: want a label that" },
		{ "pack a 1\nlabel TX2\nlease TX2 x\n",
		    "line 3: want a whole number up to 3660" },
		{ "pack a 1\nlabel TX2\nbasis TX2 anybody any agreement\n",
		    "line 3: want a kind of agency" },
		{ "pack a 1\nlabel TX2\nbasis TX2 any treatmnt agreement\n",
		    "line 3: want a purpose, have \"treatmnt\"" },
		{ "pack a 1\nlabel TX2\nbasis TX2 any any consent:verbal\n",
		    "line 3: want a ground such as" },
		{ "pack a 1\nlabel TX2\nbasis TX2 any\n any membership "
		  "secret\n",
		    "line 3: want notice=, copy" },
		{ "pack a 1\nrequire hipaa everything\n",
		    "line 2: want a element" },
		{ "pack a 1\ncarries sync gold\n", "line 2: want notice" },
		{ "pack a 1\npermit everything\n",
		    "line 2: no rule begins with" },
		{ "pack a 1\npack b 2\n", "line 2: want one line" },
		{ "pack a 1\nlabel DIR\n", "a pack begins with" },
	};

	(void)state;
	for (size_t k = 0; k < COUNT_OF(bad); k++) {
		struct policy_pack *p = NULL;
		struct fail f = { 0 };

		assert_int_not_equal(pack_parse(&p, bad[k].text,
					 strlen(bad[k].text), &f),
		    OK);
		assert_null(p);
		if (strstr(f.text, bad[k].says) == NULL)
			fail_msg("want \"%s\", have \"%s\"", bad[k].says,
			    f.text);
	}
}

static int
make_pack(void **state)
{
	static char source[64 * 1024];
	struct fail f = { 0 };

	(void)state;
	for (size_t k = 0; k < COUNT_OF(ids); k++)
		memset(ids[k].b, 1 + (int)k, sizeof(ids[k].b));
	load(source, sizeof(source), "node/policy/us_sample.pack");
	if (pack_parse(&pack, source, strlen(source), &f) != OK) {
		print_error("%s\n", f.text);
		return -1;
	}
	return 0;
}

static int
drop_pack(void **state)
{
	(void)state;
	pack_free(pack);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_of_the_table_is_decided_as_it_says),
		cmocka_unit_test(
		    a_pack_that_says_something_else_is_refused_with_its_line),
	};

	return cmocka_run_group_tests(tests, make_pack, drop_pack);
}
