/* Parsing a policy pack: one pass over its lines, each by its first word. */
#include "node/policy/pack.h"

#include <stdlib.h>
#include <string.h>

#include "node/policy/policy.h"

#define LINE_WORDS_MAX 64

struct word {
	char *p; /* NUL-terminated, in the pack's memory */
	size_t n;
};

struct parsing {
	struct policy_pack *p;
	char *at, *end;
	unsigned line; /* where the present rule begins */
	unsigned next_line;
	struct word word[LINE_WORDS_MAX];
	size_t count;
	char *rest; /* what follows the second word, as it stands */
	size_t rules;
	struct fail *f;
};

#define WANT(x, what) \
	fail_set((x)->f, ERR_INPUT, "line %u: want %s", (x)->line, (what))

/* ---- words ------------------------------------------------------------------------- */

static enum err
in_line(const struct parsing *x, enum err e)
{
	char text[FAIL_TEXT_BYTES];

	if (e == OK || x->f == NULL)
		return e;
	memcpy(text, x->f->text, sizeof(text));
	return fail_set(x->f, e, "line %u: %.250s", x->line, text);
}

static enum err
bits(struct parsing *x, uint32_t *out, enum policy_list list, size_t i)
{
	return in_line(x,
	    policy_bits(out, list, x->word[i].p, x->word[i].n, x->f));
}

static enum err
number(struct parsing *x, int32_t *out, size_t i, int32_t max)
{
	char *end;
	long v = strtol(x->word[i].p, &end, 10);

	if (x->word[i].n == 0 || *end != 0 || v < 0 || v > max)
		return fail_set(x->f, ERR_INPUT,
		    "line %u: want a whole number up to %d, have \"%.40s\"",
		    x->line, (int)max, x->word[i].p);
	*out = (int32_t)v;
	return OK;
}

static enum err
count_is(struct parsing *x, size_t least, size_t most)
{
	if (x->count >= least && x->count <= most)
		return OK;
	return fail_set(x->f, ERR_INPUT,
	    "line %u: \"%.40s\" takes %zu to %zu words, here are %zu", x->line,
	    x->word[0].p, least - 1, most - 1, x->count - 1);
}

static bool
is_label_word(const struct word *w)
{
	size_t letters = strspn(w->p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

	return letters >= 2 && letters <= 8 &&
	    (w->p[letters] == 0 ||
		(w->p[letters] == '.' && w->p[letters + 1] != 0 &&
		    strspn(w->p + letters + 1, "abcdefghijklmnopqrstuvwxyz_") ==
			w->n - letters - 1));
}

static bool
is_known_label(const struct policy_pack *p, const char *category)
{
	size_t n = strcspn(category, ".");

	for (size_t k = 0; k < p->label_count; k++)
		if (strlen(p->label[k]) == n &&
		    memcmp(p->label[k], category, n) == 0)
			return true;
	return false;
}

static enum err
label(struct parsing *x, const char **out, size_t i)
{
	if (!is_label_word(&x->word[i]) || !is_known_label(x->p, x->word[i].p))
		return fail_set(x->f, ERR_INPUT,
		    "line %u: want a label that a line before this names,"
		    " have \"%.40s\"",
		    x->line, x->word[i].p);
	*out = x->word[i].p;
	return OK;
}

/* _ for blanks */
static char *
plain(char *p)
{
	for (char *q = p; *q != 0; q++)
		if (*q == '_')
			*q = ' ';
	return p;
}

/* ---- room --------------------------------------------------------------------------- */

/* One more at the end of a list, zeroed; NULL: no memory. */
static void *
more(void **list, size_t *count, size_t size)
{
	char *p = realloc(*list, (*count + 1) * size);

	if (p == NULL)
		return NULL;
	*list = p;
	p += (*count)++ * size;
	memset(p, 0, size);
	return p;
}
#define MORE(list, count) more((void **)&(list), &(count), sizeof(*(list)))

/* ---- rules --------------------------------------------------------------------------- */

static const struct {
	const char *word;
	enum policy_ground ground;
	bool has_list;
	enum policy_list list;
} grounds[] = {
	{ "membership", GROUND_MEMBERSHIP, false, 0 },
	{ "agreement", GROUND_AGREEMENT, true, LIST_AGREEMENT },
	{ "consent", GROUND_CONSENT, true, LIST_CONSENT },
	{ "authority", GROUND_AUTHORITY, true, LIST_AUTHORITY },
	{ "emergency", GROUND_EMERGENCY, false, 0 },
	{ "episode", GROUND_EPISODE, false, 0 },
	{ "role", GROUND_ROLE, true, LIST_ROLE },
	{ "person", GROUND_PERSON, false, 0 },
};

static enum err
ground(struct parsing *x, struct pack_basis *b, size_t i)
{
	const char *p = x->word[i].p;
	size_t n = strcspn(p, ":");

	b->kind = -1;
	for (size_t k = 0; k < COUNT_OF(grounds); k++) {
		if (strlen(grounds[k].word) != n ||
		    memcmp(grounds[k].word, p, n) != 0)
			continue;
		b->ground = grounds[k].ground;
		if (p[n] == 0)
			return OK;
		if (grounds[k].has_list)
			b->kind = policy_number(grounds[k].list, p + n + 1,
			    strlen(p + n + 1));
		if (b->kind >= 0)
			return OK;
	}
	return fail_set(x->f, ERR_INPUT,
	    "line %u: want a ground such as consent:part2_justice, have"
	    " \"%.60s\"",
	    x->line, p);
}

static enum err
option(struct parsing *x, struct pack_basis *b, size_t i)
{
	char *p = x->word[i].p;

	if (strncmp(p, "cite=", 5) == 0)
		b->cite = plain(p + 5);
	else if (strncmp(p, "notice=", 7) == 0)
		b->notice = p + 7;
	else if (strcmp(p, "copy") == 0)
		b->copy = true;
	else if (strcmp(p, "no_onward") == 0)
		b->no_onward = true;
	else
		return fail_set(x->f, ERR_INPUT,
		    "line %u: want notice=, copy, no_onward or cite=, have"
		    " \"%.40s\"",
		    x->line, p);
	return OK;
}

static enum err
read_basis(struct parsing *x, bool never)
{
	struct pack_basis *b = MORE(x->p->basis, x->p->basis_count);
	size_t options = never ? 4 : 5;
	enum err e;

	if (b == NULL)
		return ERR_NOMEM;
	b->never = never;
	b->cite = "our policy";
	e = count_is(x, options, options + 4);
	if (e == OK)
		e = label(x, &b->category, 1);
	if (e == OK) {
		b->own = strcmp(x->word[2].p, "own") == 0;
		if (!b->own)
			e = bits(x, &b->to, LIST_KIND, 2);
	}
	if (e == OK)
		e = bits(x, &b->purposes, LIST_PURPOSE, 3);
	if (e == OK && !never)
		e = ground(x, b, 4);
	for (size_t i = options; e == OK && i < x->count; i++)
		e = option(x, b, i);
	return e;
}

static enum err
read_need(struct parsing *x)
{
	struct pack_need *n = MORE(x->p->need, x->p->need_count);
	enum err e;

	if (n == NULL)
		return ERR_NOMEM;
	e = count_is(x, 3, 4);
	if (e == OK)
		e = label(x, &n->label, 1);
	if (e == OK && strcmp(x->word[2].p, "-") != 0)
		e = bits(x, &n->relations, LIST_RELATION, 2);
	if (e == OK && x->count == 4)
		e = bits(x, &n->roles, LIST_ROLE, 3);
	return e;
}

static enum err
read_require(struct parsing *x)
{
	struct pack_require *r = MORE(x->p->require, x->p->require_count);
	int kind = -1;
	enum err e;

	if (r == NULL)
		return ERR_NOMEM;
	r->cite = "our policy";
	e = count_is(x, 3, 4);
	if (e == OK)
		kind = policy_number(LIST_CONSENT, x->word[1].p, x->word[1].n);
	if (e == OK && kind < 0)
		e = WANT(x, "a kind of consent as the second word");
	if (e != OK)
		return e;
	r->kind = (enum policy_consent_kind)kind;
	e = bits(x, &r->elements, LIST_ELEMENT, 2);
	if (e == OK && x->count == 4) {
		if (strncmp(x->word[3].p, "cite=", 5) != 0)
			return WANT(x, "cite= as the last word");
		r->cite = plain(x->word[3].p + 5);
	}
	return e;
}

static enum err
read_number(struct parsing *x, struct pack_number **list, size_t *count,
    bool of_label, int32_t max)
{
	struct pack_number *n = MORE(*list, *count);
	enum err e;

	if (n == NULL)
		return ERR_NOMEM;
	e = count_is(x, 3, 3);
	if (e == OK && of_label)
		e = label(x, &n->what, 1);
	else if (e == OK)
		n->what = x->word[1].p;
	return e == OK ? number(x, &n->n, 2, max) : e;
}

static enum err
read_notice(struct parsing *x)
{
	struct pack_notice *n = MORE(x->p->notice, x->p->notice_count);

	if (n == NULL)
		return ERR_NOMEM;
	if (x->count < 3)
		return WANT(x, "a code and the text of the notice");
	n->code = x->word[1].p;
	n->text = x->rest;
	return OK;
}

static enum err
read_carries(struct parsing *x)
{
	uint32_t channels = 0;
	unsigned duties = 0;
	enum err e = count_is(x, 3, 3);
	const char *p;

	if (e == OK)
		e = bits(x, &channels, LIST_CHANNEL, 1);
	if (e != OK)
		return e;
	for (p = x->word[2].p; *p != 0; p += strcspn(p, ",")) {
		p += *p == ',' ? 1 : 0;
		if (strncmp(p, "notice", 6) == 0)
			duties |= DUTY_NOTICE;
		else if (strncmp(p, "copy", 4) == 0)
			duties |= DUTY_COPY;
		else if (strncmp(p, "record", 6) == 0)
			duties |= DUTY_RECORD;
		else
			return WANT(x, "notice, copy or record");
	}
	for (int k = 0; k < POLICY_CHANNEL_COUNT; k++)
		if ((channels & POLICY_BIT(k)) != 0)
			x->p->carries[k] |= duties;
	return OK;
}

static enum err
read_label(struct parsing *x)
{
	const char **l;
	enum err e = count_is(x, 2, 2);

	if (e == OK &&
	    (!is_label_word(&x->word[1]) || strchr(x->word[1].p, '.') != NULL ||
		is_known_label(x->p, x->word[1].p)))
		e = WANT(x, "a label in capitals, each once");
	if (e != OK)
		return e;
	l = MORE(x->p->label, x->p->label_count);
	if (l == NULL)
		return ERR_NOMEM;
	*l = x->word[1].p;
	return OK;
}

static enum err
read_head(struct parsing *x)
{
	enum err e = count_is(x, 3, 3);

	if (e == OK && x->p->name != NULL)
		e = WANT(x, "one line \"pack NAME VERSION\", not two");
	x->p->name = x->word[1].p;
	x->p->version = x->word[2].p;
	return e;
}

static enum err
read_effective(struct parsing *x)
{
	enum err e = count_is(x, 2, 2);

	return e == OK ? in_line(x,
			     policy_day_parse(&x->p->effective, x->word[1].p,
				 x->word[1].n, x->f))
		       : e;
}

static enum err
read_rule(struct parsing *x)
{
	struct policy_pack *p = x->p;
	const char *w = x->word[0].p;

	if (++x->rules > PACK_RULES_MAX)
		return fail_set(x->f, ERR_LIMIT,
		    "line %u: a pack has %d rules at most", x->line,
		    PACK_RULES_MAX);
	if (strcmp(w, "pack") == 0)
		return read_head(x);
	if (p->name == NULL)
		return WANT(x, "\"pack NAME VERSION\" first");
	if (strcmp(w, "effective") == 0)
		return read_effective(x);
	if (strcmp(w, "label") == 0)
		return read_label(x);
	if (strcmp(w, "basis") == 0 || strcmp(w, "never") == 0)
		return read_basis(x, w[0] == 'n');
	if (strcmp(w, "need") == 0)
		return read_need(x);
	if (strcmp(w, "require") == 0)
		return read_require(x);
	if (strcmp(w, "notice") == 0)
		return read_notice(x);
	if (strcmp(w, "carries") == 0)
		return read_carries(x);
	if (strcmp(w, "lease") == 0)
		return read_number(x, &p->lease, &p->lease_count, true, 3660);
	if (strcmp(w, "retain") == 0)
		return read_number(x, &p->retain, &p->retain_count, true, 200);
	if (strcmp(w, "deadline") == 0)
		return read_number(x, &p->deadline, &p->deadline_count, false,
		    36600);
	if (strcmp(w, "sample") == 0 && x->count == 1) {
		p->sample = true;
		return OK;
	}
	return fail_set(x->f, ERR_INPUT,
	    "line %u: no rule begins with \"%.40s\"", x->line, w);
}

/* ---- lines ---------------------------------------------------------------------------- */

/* One rule with the lines that go on with it; their breaks become blanks. */
static char *
take_rule(struct parsing *x)
{
	char *begin = x->at;

	x->line = x->next_line;
	for (;;) {
		char *eol = memchr(x->at, '\n', (size_t)(x->end - x->at));
		char *hash;

		if (eol == NULL)
			eol = x->end;
		hash = memchr(x->at, '#', (size_t)(eol - x->at));
		if (hash != NULL)
			memset(hash, ' ', (size_t)(eol - hash));
		x->next_line++;
		x->at = eol < x->end ? eol + 1 : eol;
		if (x->at < x->end && *x->at == ' ') {
			*eol = ' ';
			continue;
		}
		*eol = 0;
		return begin;
	}
}

static void
split_words(struct parsing *x, char *p)
{
	char *copy;

	x->count = 0;
	x->rest = NULL;
	for (;;) {
		size_t n;

		p += strspn(p, " \t\r");
		if (*p == 0 || x->count == LINE_WORDS_MAX)
			return;
		/* the text of a notice stays as it is */
		if (x->count == 2)
			x->rest = p;
		n = strcspn(p, " \t\r");
		copy = p;
		p += n;
		if (x->count == 2 && strcmp(x->word[0].p, "notice") == 0) {
			x->word[x->count++] = (struct word){ copy, n };
			return;
		}
		if (*p != 0)
			*p++ = 0;
		x->word[x->count++] = (struct word){ copy, n };
	}
}

static enum err
parse_all(struct parsing *x)
{
	enum err e = OK;

	while (e == OK && x->at < x->end) {
		split_words(x, take_rule(x));
		if (x->count == 0)
			continue;
		e = x->count == LINE_WORDS_MAX
		    ? WANT(x, "fewer words in one rule")
		    : read_rule(x);
	}
	if (e == OK && (x->p->name == NULL || x->p->effective == POLICY_NO_DAY))
		e = fail_set(x->f, ERR_INPUT,
		    "a pack begins with \"pack NAME VERSION\" and says"
		    " \"effective YYYY-MM-DD\"");
	return e == ERR_NOMEM ? fail_code(x->f, e) : e;
}

enum err
pack_parse(struct policy_pack **out, const char *text, size_t n, struct fail *f)
{
	struct policy_pack *p;
	struct parsing x = { .next_line = 1, .f = f };
	enum err e;

	if (n > PACK_BYTES_MAX)
		return fail_set(f, ERR_LIMIT, "a pack has %zu bytes at most",
		    PACK_BYTES_MAX);
	if (memchr(text, 0, n) != NULL)
		return fail_set(f, ERR_INPUT, "a pack is plain text");
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return fail_code(f, ERR_NOMEM);
	p->effective = POLICY_NO_DAY;
	p->memory = malloc(n + 1);
	if (p->memory == NULL) {
		pack_free(p);
		return fail_code(f, ERR_NOMEM);
	}
	memcpy(p->memory, text, n);
	x.p = p;
	x.at = p->memory;
	x.end = x.at + n;
	*x.end = 0;
	e = parse_all(&x);
	if (e != OK) {
		pack_free(p);
		return e;
	}
	*out = p;
	return OK;
}

void
pack_free(struct policy_pack *p)
{
	if (p == NULL)
		return;
	free(p->label);
	free(p->basis);
	free(p->need);
	free(p->require);
	free(p->lease);
	free(p->deadline);
	free(p->retain);
	free(p->notice);
	free(p->memory);
	free(p);
}

/* ---- looking up ------------------------------------------------------------------------ */

static int32_t
find_number(const struct pack_number *list, size_t count, const char *what,
    size_t n)
{
	for (size_t k = 0; k < count; k++)
		if (strlen(list[k].what) == n &&
		    memcmp(list[k].what, what, n) == 0)
			return list[k].n;
	return -1;
}

int32_t
pack_lease(const struct policy_pack *p, const char *label, size_t n)
{
	return find_number(p->lease, p->lease_count, label, n);
}

int32_t
pack_deadline(const struct policy_pack *p, const char *what)
{
	return find_number(p->deadline, p->deadline_count, what, strlen(what));
}

int32_t
pack_retain(const struct policy_pack *p, const char *label, size_t n)
{
	return find_number(p->retain, p->retain_count, label, n);
}

const char *
pack_notice_text(const struct policy_pack *p, const char *code)
{
	for (size_t k = 0; k < p->notice_count; k++)
		if (strcmp(p->notice[k].code, code) == 0)
			return p->notice[k].text;
	return NULL;
}
