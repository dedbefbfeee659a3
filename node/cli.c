/* argv against the table: names first, then options wherever they stand. */
#include "node/cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/near.h"

static const char more_help[] = "see footbridge help";
static const char short_help[] = "-h"; /* what hands type everywhere */

/* Does name ("root export") start at word[0..count)? Words used, or 0. */
static size_t
name_fits(const char *name, const char *const *word, size_t count)
{
	const char *space = strchr(name, ' ');
	size_t n;

	if (count == 0)
		return 0;
	if (space == NULL)
		return strcmp(name, word[0]) == 0 ? 1 : 0;
	n = (size_t)(space - name);
	if (count < 2 || strlen(word[0]) != n ||
	    strncmp(name, word[0], n) != 0 || strcmp(space + 1, word[1]) != 0)
		return 0;
	return 2;
}

static const struct cli_command *
find_command(const struct cli_command *table, size_t count,
    const char *const *word, size_t words, size_t *used)
{
	const struct cli_command *best = NULL;

	*used = 0;
	for (size_t i = 0; i < count; i++) {
		size_t n = name_fits(table[i].name, word, words);

		if (n > *used) {
			best = &table[i];
			*used = n;
		}
	}
	return best;
}

/* Is it the first word of a two-word command? */
static bool
is_family(const struct cli_command *table, size_t count, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i < count; i++) {
		if (strncmp(table[i].name, word, n) == 0 &&
		    table[i].name[n] == ' ')
			return true;
	}
	return false;
}

static const struct cli_option *
find_option(const struct cli_option *options, const char *name, size_t n)
{
	for (; options != NULL && options->name != NULL; options++) {
		if (strlen(options->name) == n &&
		    strncmp(options->name, name, n) == 0)
			return options;
	}
	return NULL;
}

/* Any command that knows this option: only to learn whether it takes a value
 * before the command itself is known. */
static const struct cli_option *
find_anywhere(const struct cli_command *table, size_t count, const char *name,
    size_t n)
{
	const struct cli_option *o = find_option(cli_globals, name, n);

	for (size_t i = 0; o == NULL && i < count; i++)
		o = find_option(table[i].options, name, n);
	return o;
}

static bool
is_option(const char *arg)
{
	return arg[0] == '-' && arg[1] == '-' && arg[2] != '\0';
}

static size_t
option_name(const char *arg)
{
	return strcspn(arg + 2, "=");
}

/* First pass: the words that are not options, in order. */
static void
collect_words(struct cli *c, int argc, char *const *argv,
    const struct cli_command *table, size_t count)
{
	for (int i = 1; i < argc; i++) {
		const struct cli_option *o;
		size_t n;

		if (strcmp(argv[i], "--") == 0) {
			while (++i < argc)
				c->words[c->word_count++] = argv[i];
			return;
		}
		if (strcmp(argv[i], short_help) == 0)
			continue;
		if (!is_option(argv[i])) {
			c->words[c->word_count++] = argv[i];
			continue;
		}
		n = option_name(argv[i]);
		o = find_anywhere(table, count, argv[i] + 2, n);
		if (o != NULL && o->value != NULL && argv[i][2 + n] == '\0')
			i++;
	}
}

static void
set_global(struct cli *c, const char *name, const char *value)
{
	if (strcmp(name, "dir") == 0)
		c->dir = value;
	else if (strcmp(name, "as") == 0)
		c->as = value;
	else if (strcmp(name, "passphrase-file") == 0)
		c->passphrase_file = value;
	else if (strcmp(name, "code-file") == 0)
		c->code_file = value;
	else if (strcmp(name, "code") == 0)
		c->code = value;
	else if (strcmp(name, "json") == 0)
		c->json = true;
	else if (strcmp(name, "quiet") == 0)
		c->quiet = true;
	else if (strcmp(name, "yes") == 0)
		c->yes = true;
	else if (strcmp(name, "version") == 0)
		c->version = true;
	else
		c->help = true;
}

static enum err
take_option(struct cli *c, const struct cli_option *o, bool global,
    const char *value, struct fail *f)
{
	if (global) {
		set_global(c, o->name, value);
		return OK;
	}
	if (o->later != NULL)
		return fail_set(f, ERR_UNAVAILABLE,
		    "--%s is not available yet: %s", o->name, o->later);
	if (!o->many && cli_get(c, o->name) != NULL)
		return fail_set(f, ERR_USAGE,
		    "--%s is given twice; once is enough", o->name);
	if (c->set_count == CLI_SET_MAX)
		return fail_set(f, ERR_USAGE, "more than %d options",
		    CLI_SET_MAX);
	c->set[c->set_count].option = o;
	c->set[c->set_count].value = value;
	c->set_count++;
	return OK;
}

static enum err
no_option(const struct cli *c, const char *name, size_t n, struct fail *f)
{
	const struct cli_option *o =
	    c->command != NULL ? c->command->options : NULL;
	char typed[48];
	struct near near = { .typed = typed };

	if (n >= sizeof(typed))
		n = sizeof(typed) - 1;
	memcpy(typed, name, n);
	typed[n] = '\0';
	for (; o != NULL && o->name != NULL; o++)
		near_offer(&near, o->name);
	for (o = cli_globals; o->name != NULL; o++)
		near_offer(&near, o->name);
	return fail_set(f, ERR_USAGE,
	    "%s%sno option --%s%s%s%s; see footbridge help%s%s",
	    c->command != NULL ? c->command->name : "",
	    c->command != NULL ? " has " : "there is ", typed,
	    near.best != NULL ? "; did you mean --" : "",
	    near.best != NULL ? near.best : "", near.best != NULL ? "?" : "",
	    c->command != NULL ? " " : "",
	    c->command != NULL ? c->command->name : "");
}

static enum err
one_option(struct cli *c, int *at, int argc, char *const *argv, struct fail *f)
{
	const char *arg = argv[*at];
	size_t n = option_name(arg);
	const struct cli_option *o = find_option(cli_globals, arg + 2, n);
	bool global = o != NULL;
	const char *value = "";

	if (o == NULL && c->command != NULL)
		o = find_option(c->command->options, arg + 2, n);
	if (o == NULL)
		return no_option(c, arg + 2, n, f);
	if (o->value == NULL && arg[2 + n] == '=')
		return fail_set(f, ERR_USAGE, "--%s takes no value", o->name);
	if (o->value != NULL && arg[2 + n] == '=') {
		value = arg + 2 + n + 1;
	} else if (o->value != NULL) {
		if (*at + 1 >= argc)
			return fail_set(f, ERR_USAGE, "--%s wants %s after it",
			    o->name, o->value);
		value = argv[++*at];
	}
	return take_option(c, o, global, value, f);
}

static enum err
take_options(struct cli *c, int argc, char *const *argv, struct fail *f)
{
	enum err e;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			break;
		if (strcmp(argv[i], short_help) == 0)
			c->help = true;
		if (!is_option(argv[i]))
			continue;
		e = one_option(c, &i, argc, argv, f);
		if (e != OK)
			return e;
	}
	return OK;
}

static bool
is_among(const char *value, const char *words)
{
	size_t n = strlen(value);

	for (const char *at = words; at != NULL; at = strchr(at, '|')) {
		at += *at == '|';
		if (n > 0 && n == strcspn(at, "|") &&
		    strncmp(at, value, n) == 0)
			return true;
	}
	return false;
}

static enum err
check_options(const struct cli *c, struct fail *f)
{
	const struct cli_command *k = c->command;

	for (size_t i = 0; k->options != NULL && k->options[i].name != NULL;
	     i++) {
		const struct cli_option *o = &k->options[i];

		const char *value = cli_get(c, o->name);

		if (o->must && (value == NULL || value[0] == '\0'))
			return fail_set(f, ERR_USAGE,
			    "%s: --%s is missing: %s; usage: footbridge %s %s",
			    k->name, o->name, o->help, k->name, k->synopsis);
		if (value != NULL && o->among != NULL &&
		    !is_among(value, o->among))
			return fail_set(f, ERR_USAGE,
			    "%s: --%s wants %s, have %.40s", k->name, o->name,
			    o->help, value);
	}
	return OK;
}

static enum err
check_words(const struct cli *c, struct fail *f)
{
	const struct cli_command *k = c->command;

	if (c->help || k == NULL || k->run == NULL)
		return OK;
	if (c->word_count < k->min_words)
		return fail_set(f, ERR_USAGE,
		    "%s: something is missing; usage: footbridge %s %s",
		    k->name, k->name, k->synopsis);
	if (c->word_count > k->max_words)
		return fail_set(f, ERR_USAGE,
		    "%s: too many words; usage: footbridge %s %s", k->name,
		    k->name, k->synopsis);
	return check_options(c, f);
}

/* "bundle" alone: the commands that begin so. */
static enum err
fail_family(const char *word, const struct cli_command *table, size_t count,
    struct fail *f)
{
	char list[160] = "";
	size_t n = strlen(word), used = 0;

	for (size_t i = 0; i < count && used < sizeof(list); i++) {
		if (strncmp(table[i].name, word, n) == 0 &&
		    table[i].name[n] == ' ')
			used +=
			    (size_t)snprintf(list + used, sizeof(list) - used,
				"%s%s", used > 0 ? ", " : "", table[i].name);
	}
	return fail_set(f, ERR_USAGE,
	    "%.40s wants one more word: %s; see footbridge help %.40s", word,
	    list, word);
}

/* Good words, which are no commands here, with what somebody means by them. */
static const char taking[] =
    "unshare takes a person from an office, carry --off from a laptop, revoke "
    "a computer out of the network; shred destroys";
static const char destroying[] =
    "shred destroys by order, seal closes by order, put TABLE ID "
    "row_state=sealed takes a mistake out of every list";
static const struct {
	const char *word, *meant;
} other_words[] = {
	{ "remove", taking },
	{ "take", taking },
	{ "delete", destroying },
	{ "destroy", destroying },
	{ "erase", destroying },
	{ "expunge", destroying },
	{ "grant", "share lets an office read" },
	{ "enrol", "invite makes the line that join takes" },
	{ "enroll", "invite makes the line that join takes" },
};

const char *
cli_meant(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(other_words); i++)
		if (strcmp(other_words[i].word, word) == 0)
			return other_words[i].meant;
	return NULL;
}

static enum err
no_command(const char *word, const struct cli_command *table, size_t count,
    struct fail *f)
{
	struct near near = { .typed = word };
	const char *meant = cli_meant(word);

	if (meant != NULL)
		return fail_set(f, ERR_USAGE, "no command is called %s; %s",
		    word, meant);
	for (size_t i = 0; i < count; i++)
		near_offer(&near, table[i].name);
	return fail_set(f, ERR_USAGE, "no command is called %.60s%s%s%s; %s",
	    word, near.best != NULL ? "; did you mean " : "",
	    near.best != NULL ? near.best : "", near.best != NULL ? "?" : "",
	    more_help);
}

static enum err
parse_into(struct cli *c, int argc, char *const *argv,
    const struct cli_command *table, size_t count, struct fail *f)
{
	size_t used;
	enum err e;

	collect_words(c, argc, argv, table, count);
	c->command = find_command(table, count, c->words, c->word_count, &used);
	if (c->command == NULL && c->word_count > 0) {
		if (is_family(table, count, c->words[0]))
			return fail_family(c->words[0], table, count, f);
		return no_command(c->words[0], table, count, f);
	}
	for (size_t i = used; used > 0 && i < c->word_count; i++)
		c->words[i - used] = c->words[i];
	c->word_count -= used;
	e = take_options(c, argc, argv, f);
	if (e != OK)
		return e;
	if (c->command == NULL && !c->help && !c->version)
		return fail_set(f, ERR_USAGE, "no command; %s", more_help);
	return check_words(c, f);
}

enum err
cli_parse(struct cli *out, int argc, char *const *argv,
    const struct cli_command *table, size_t count, struct fail *f)
{
	struct cli c = { 0 };
	enum err e;

	c.words = calloc(argc > 0 ? (size_t)argc : 1, sizeof(*c.words));
	if (c.words == NULL)
		return fail_set(f, ERR_NOMEM, "the command line");
	e = parse_into(&c, argc, argv, table, count, f);
	if (e != OK) {
		cli_release(&c);
		return e;
	}
	*out = c;
	return OK;
}

void
cli_release(struct cli *c)
{
	free(c->words);
	c->words = NULL;
	c->word_count = 0;
}

const char *
cli_get_at(const struct cli *c, const char *option, size_t k)
{
	for (size_t i = 0; i < c->set_count; i++) {
		if (strcmp(c->set[i].option->name, option) == 0 && k-- == 0)
			return c->set[i].value;
	}
	return NULL;
}

const char *
cli_get(const struct cli *c, const char *option)
{
	return cli_get_at(c, option, 0);
}

bool
cli_wants_input(const struct cli *c)
{
	if (c->command == NULL)
		return false;
	if ((c->command->flags & CLI_DASH) != 0 && c->word_count > 0 &&
	    strcmp(c->words[0], "-") == 0)
		return true;
	for (size_t i = 0; i < c->set_count; i++) {
		if (c->set[i].option->input)
			return true;
	}
	return false;
}

enum err
cli_number(int64_t *out, const char *text, int64_t min, int64_t max,
    const char *what, struct fail *f)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' ||
	    isspace((unsigned char)text[0]) || v < min || v > max)
		return fail_set(f, ERR_USAGE,
		    "%s: want a whole number from %lld to %lld, have %.40s",
		    what, (long long)min, (long long)max, text);
	*out = v;
	return OK;
}

struct unit {
	const char *name;
	int64_t factor;
};

static enum err
scaled(int64_t *out, const char *text, const struct unit *units, size_t count,
    const char *want, struct fail *f)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	for (size_t i = 0; i < count; i++) {
		if (errno == 0 && end != text && v >= 0 &&
		    isdigit((unsigned char)text[0]) &&
		    strcmp(end, units[i].name) == 0 &&
		    v <= INT64_MAX / units[i].factor) {
			*out = v * units[i].factor;
			return OK;
		}
	}
	return fail_set(f, ERR_USAGE, "want %s, have %.40s", want, text);
}

enum err
cli_seconds(int64_t *out, const char *text, struct fail *f)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "s", 1 },
		{ "m", 60 },
		{ "h", 3600 },
		{ "d", 86400 },
	};

	return scaled(out, text, units, COUNT_OF(units),
	    "a time such as 30s, 15m, 2h or 1d", f);
}

enum err
cli_bytes(int64_t *out, const char *text, struct fail *f)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "B", 1 },
		{ "KB", 1000 },
		{ "MB", 1000000 },
		{ "GB", 1000000000 },
		{ "/day", 1 },
		{ "B/day", 1 },
		{ "KB/day", 1000 },
		{ "MB/day", 1000000 },
		{ "GB/day", 1000000000 },
	};

	return scaled(out, text, units, COUNT_OF(units),
	    "a size such as 700KB, 5MB or 1GB", f);
}
