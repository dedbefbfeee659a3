/* Playing the cases: one line after the other into the facts of the present
 * case; "permit" or "deny" asks and compares. The first thing that is wrong stays
 * in the play, and everything after it is a step over nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/policy/vectors_i.h"

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
	const char *notice = play_option(p, 2, "notice");
	policy_day until = play_option_day(p, 2, "until");
	char want[POLICY_DAY_CHARS], have[POLICY_DAY_CHARS];

	if (strcmp(ground_words[a->ground], play_word(p, 1)) != 0)
		differ(p, "ground", play_word(p, 1), ground_words[a->ground]);
	for (size_t k = 0; k < COUNT_OF(duties); k++)
		if ((play_option(p, 2, duties[k].word) != NULL) !=
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
	const char *form = play_option(p, 2, "form");
	int kind = form != NULL ? play_number(p, LIST_CONSENT, form) : -1;

	if (a->duties != 0 || a->until != POLICY_NO_DAY)
		differ(p, "a refusal", "no duty and no day", "some");
	if (a->consent_kind != kind)
		differ(p, "form", form != NULL ? form : "none",
		    a->consent_kind >= 0
			? policy_word(LIST_CONSENT, a->consent_kind)
			: "none");
	if (a->missing != play_option_bits(p, 2, "missing", LIST_ELEMENT))
		differ(p, "missing",
		    play_option(p, 2, "missing") != NULL
			? play_option(p, 2, "missing")
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
	const char *want = permit ? "permit" : play_word(p, 1), *have;
	struct policy_answer a;
	struct vector *v = p->v;

	if (v->q.category_count == 0)
		play_wrong(p, "a line \"ask\" before the answer", p->l.w[0]);
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
	if (p->v->title == NULL) {
		play_wrong(p, "a case's title before its lines", p->l.w[0]);
		return;
	}
	if (strcmp(p->l.w[0], "permit") == 0 || strcmp(p->l.w[0], "deny") == 0)
		decide(p);
	else if (!play_fact(p))
		play_wrong(p,
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
			play_wrong(p, "fewer words in a line", line);
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
		play_party(p);
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
