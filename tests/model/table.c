/* How: columns by '|', words by blanks; quotes keep blanks together. */
#include "tests/model/table.h"

#include <stdlib.h>
#include <string.h>

static bool
copy(char *to, size_t room, const char *from, size_t n)
{
	if (n >= room)
		return false;
	memcpy(to, from, n);
	to[n] = '\0';
	return true;
}

/* The next word of *at; quoted parts may hold blanks. NULL at the end. */
static char *
next_word(char **at)
{
	char *p = *at, *from;
	bool quoted = false;

	while (*p == ' ' || *p == '\t' || *p == '\n')
		p++;
	from = p;
	for (; *p != '\0'; p++) {
		if (*p == '\'')
			quoted = !quoted;
		else if (!quoted && (*p == ' ' || *p == '\t' || *p == '\n'))
			break;
	}
	if (*p != '\0')
		*p++ = '\0';
	*at = p;
	return *from != '\0' ? from : NULL;
}

/* words between the brackets of "ranked(a>b)" */
static bool
read_ranks(struct merge_case *c, const char *word, const char *between)
{
	const char *p = strchr(word, '(');
	size_t n = c->field.rank_count;

	if (p == NULL)
		return false;
	for (p++; *p != ')' && *p != '\0' && n < CASE_WORDS; n++) {
		size_t length = strcspn(p, between);

		if (!copy(c->words[n], CASE_WORD_BYTES, p, length))
			return false;
		c->ranks[n] = c->words[n];
		p += length + (p[length] == *between);
	}
	c->field.rank_count = n;
	return *p == ')';
}

static bool
read_finals(struct merge_case *c, const char *word)
{
	size_t known = c->field.rank_count;

	if (!read_ranks(c, word, ",)"))
		return false;
	for (size_t i = known; i < c->field.rank_count; i++) {
		size_t k = 0;

		while (k < i && strcmp(c->words[k], c->words[i]) != 0)
			k++;
		c->field.finals |= MODEL_BIT(k);
	}
	/* those of a ranked field were known already */
	if (known > 0)
		c->field.rank_count = known;
	return true;
}

static bool
read_rule(struct merge_case *c, char *column)
{
	static const char *const names[] = { "latest", "ranked", "max", "min",
		"once", "both", "text" };
	char *word;

	c->field = (struct model_field){ .number = 1,
		.since = 1,
		.leader = 1,
		.unit = MODEL_BIT(1),
		.ranks = c->ranks };
	while ((word = next_word(&column)) != NULL) {
		bool known = false;

		for (unsigned i = 0; i < 7; i++)
			if (strncmp(word, names[i], strcspn(word, "(")) == 0 &&
			    names[i][strcspn(word, "(")] == '\0') {
				memcpy(&c->field.rule,
				    &(unsigned){ (unsigned)i },
				    sizeof(unsigned));
				known = i != 1 || read_ranks(c, word, ">)");
			}
		if (strcmp(word, "owner") == 0)
			known = c->field.owner = true;
		else if (strcmp(word, "one_way") == 0)
			known = c->field.one_way = true;
		else if (strcmp(word, "single") == 0)
			known = c->single = true;
		else if (strcmp(word, "bare") == 0)
			known = c->bare = true;
		else if (strcmp(word, "read") == 0)
			known = c->read = true;
		else if (strncmp(word, "final(", 6) == 0)
			known = read_finals(c, word);
		else if (strcmp(word, "group") == 0) {
			known = c->group = true;
			c->field.unit |= MODEL_BIT(2);
		}
		if (!known)
			return false;
	}
	return true;
}

/* "5+mg" of a group, else the whole; quotes off */
static bool
read_value(const struct merge_case *c, char value[2][CASE_WORD_BYTES],
    const char *p, size_t n)
{
	const char *plus = c->group ? memchr(p, '+', n) : NULL;

	if (plus == NULL)
		return copy(value[0], CASE_WORD_BYTES, p, n);
	return copy(value[0], CASE_WORD_BYTES, p, (size_t)(plus - p)) &&
	    copy(value[1], CASE_WORD_BYTES, plus + 1,
		n - (size_t)(plus + 1 - p));
}

/* r1:k^r2 or r1!sealed or r1?no */
static bool
read_row(struct case_step *s, const char *p, size_t n)
{
	size_t name = strcspn(p, ":!?"), value, tail;

	if (name >= n || !copy(s->row, sizeof(s->row), p, name))
		return false;
	s->kind = p[name] == ':' ? STEP_ROW
	    : p[name] == '!'     ? STEP_STATE
				 : STEP_ANSWER;
	value = strcspn(p + name + 1, "^@");
	if (!copy(s->value[0], CASE_WORD_BYTES, p + name + 1, value))
		return false;
	tail = name + 1 + value;
	return p[tail] != '^' ||
	    copy(s->supersedes, sizeof(s->supersedes), p + tail + 1,
		n - tail - 1);
}

static bool
read_write(struct merge_case *c, struct case_step *s, const char *p)
{
	const char *time = strrchr(p, '@');
	size_t n;

	if (time == NULL)
		return false;
	n = (size_t)(time - p);
	s->at = strtoll(time + 1, NULL, 10);
	if (n == 3 && memcmp(p, "new", 3) == 0) {
		s->kind = STEP_NEW;
		return true;
	}
	s->kind = STEP_WRITE;
	return c->single ? read_row(s, p, n) : read_value(c, s->value, p, n);
}

static bool
read_step(struct merge_case *c, const char *word)
{
	struct case_step *s = &c->steps[c->step_count];
	size_t n = strlen(word);

	if (n < 3 || c->step_count + 2 > CASE_STEPS)
		return false;
	c->step_count++;
	s->node = word[0];
	if (n == 4 && word[1] == '<' && word[2] == '>') {
		s[0].kind = s[1].kind = STEP_SYNC;
		s[0].to = s[1].node = word[3];
		s[1].to = word[0];
		c->step_count++;
		return true;
	}
	if (n == 3 && word[1] == '>') {
		s->kind = STEP_SYNC;
		s->to = word[2];
		return true;
	}
	if (n == 4 && word[1] == '-') {
		s->kind = STEP_HIDE;
		c->viewer = word[0];
		return copy(s->name, sizeof(s->name), word + 2, 2);
	}
	return word[2] == '=' && copy(s->name, sizeof(s->name), word, 2) &&
	    read_write(c, s, word + 3);
}

static bool
read_names(char to[CASE_WORDS][4], size_t *count, char *at)
{
	char *word;

	while ((word = next_word(&at)) != NULL) {
		if (strcmp(word, "-") == 0)
			continue;
		if (*count == CASE_WORDS ||
		    !copy(to[*count], 4, word, strlen(word)))
			return false;
		(*count)++;
	}
	return true;
}

/* Words, each followed by the names it speaks of. */
static bool
read_look(struct merge_case *c, char *at)
{
	static const char *const names[] = { "-", "notice", "both", "rows",
		"overlap", "alarm", "proposal", "accepted", "declined",
		"replaced" };
	char(*to)[4] = NULL, *word;
	size_t *count = NULL;

	while ((word = next_word(&at)) != NULL) {
		unsigned i = 0;

		while (i < 10 && strcmp(word, names[i]) != 0)
			i++;
		if (i < 6) {
			c->look = i;
			to = c->lost;
			count = &c->lost_count;
		} else if (i < 10) {
			to = c->proposed[i - 5];
			count = &c->proposed_count[i - 5];
		} else if (to == NULL || *count == CASE_WORDS ||
		    !copy(to[(*count)++], 4, word, strlen(word))) {
			return false;
		}
	}
	return to != NULL;
}

static bool
read_case(struct merge_case *c, char *line)
{
	char *column[5], *word;

	for (size_t i = 0; i < 5; i++)
		if ((column[i] = strsep(&line, "|")) == NULL)
			return false;
	if (line != NULL ||
	    !copy(c->rule, sizeof(c->rule), column[0], strlen(column[0])) ||
	    !read_rule(c, column[0]))
		return false;
	while ((word = next_word(&column[1])) != NULL)
		if (!read_step(c, word))
			return false;
	word = next_word(&column[2]);
	if (word == NULL || !read_value(c, c->value, word, strlen(word)))
		return false;
	c->absent = strcmp(word, "absent") == 0;
	return read_names(c->standing, &c->standing_count, column[3]) &&
	    read_look(c, column[4]);
}

int
case_next(FILE *file, struct merge_case *c, unsigned *line)
{
	char text[512];

	while (fgets(text, sizeof(text), file) != NULL) {
		++*line;
		if (text[0] == '#' || text[0] == '\n')
			continue;
		memset(c, 0, sizeof(*c));
		c->line = *line;
		copy(c->text, sizeof(c->text), text, strcspn(text, "\n"));
		return read_case(c, text) ? 1 : -1;
	}
	return 0;
}

struct model_value
case_value(const struct merge_case *c, const char *written,
    char text[CASE_WORD_BYTES])
{
	size_t n = strlen(written);
	struct model_value v = { .kind = MODEL_TEXT, .text = text };

	if (strcmp(written, "-") == 0 || n == 0)
		return (struct model_value){ .kind = MODEL_NULL };
	if (c->field.rule == MODEL_MAX || c->field.rule == MODEL_MIN) {
		char *end;
		long long number = strtoll(written, &end, 10);

		if (*end == '\0')
			return (struct model_value){ .kind = MODEL_NUMBER,
				.number = number };
	}
	if (written[0] == '\'') {
		written++;
		n -= 2;
	}
	for (size_t i = 0; i < n; i++)
		text[i] = written[i] == '/' ? '\n' : written[i];
	v.n = n;
	return v;
}
