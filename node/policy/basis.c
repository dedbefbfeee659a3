#include "node/policy/basis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	enum policy_ground ground;
	const char *word;
} words[] = { { GROUND_CONSENT, "consent" }, { GROUND_AGREEMENT, "agreement" },
	{ GROUND_AUTHORITY, "order" }, { GROUND_EMERGENCY, "emergency" },
	{ GROUND_EPISODE, "episode" }, { GROUND_MEMBERSHIP, "membership" },
	{ GROUND_ROLE, "agreement" } };

static void
keep_word(char out[static BASIS_WORD_BYTES], const char *text, size_t n)
{
	if (n >= BASIS_WORD_BYTES)
		n = BASIS_WORD_BYTES - 1;
	for (size_t k = 0; k < n; k++)
		out[k] = text[k] == ' ' ? '_' : text[k];
	out[n] = '\0';
}

static void
keep_text(char out[static BASIS_WORD_BYTES], const char *text)
{
	keep_word(out, text != NULL ? text : "",
	    text != NULL ? strlen(text) : 0);
}

void
policy_basis_of(struct policy_basis *out, const struct policy_answer *a,
    const struct policy_pack *pack, const char *category, policy_day today)
{
	const struct row_id *id = a->consent != NULL ? &a->consent->id
	    : a->authority != NULL                   ? &a->authority->id
	    : a->agreement != NULL                   ? &a->agreement->id
						     : NULL;

	*out = (struct policy_basis){ .ground = a->ground,
		.has_id = id != NULL,
		.on = today,
		.until = a->until,
		.lease = pack_lease(pack, category, strcspn(category, ".")) };
	if (id != NULL)
		out->id = *id;
	keep_text(out->notice, a->notice);
	keep_text(out->rule, a->cite);
	keep_text(out->pack, pack->version);
}

static void
put(char text[static LIMIT_BASIS_BYTES + 1], const char *name,
    const char *value)
{
	size_t at = strlen(text);

	/* what does not fit is left out whole */
	if (value[0] != '\0' &&
	    at + strlen(name) + strlen(value) + 2 <= LIMIT_BASIS_BYTES)
		(void)snprintf(text + at, LIMIT_BASIS_BYTES + 1 - at, " %s=%s",
		    name, value);
}

void
policy_basis_text(char text[static LIMIT_BASIS_BYTES + 1],
    const struct policy_basis *b)
{
	char id[ID_TEXT_BYTES] = "all", day[POLICY_DAY_CHARS] = "",
	     lease[16] = "";
	const char *word = "agreement";

	for (size_t k = 0; k < COUNT_OF(words); k++)
		if (words[k].ground == b->ground)
			word = words[k].word;
	if (b->has_id)
		hex_encode(id, b->id.b, ID_BYTES);
	(void)snprintf(text, LIMIT_BASIS_BYTES + 1, "%s:%s", word, id);
	policy_day_text(day, b->on);
	put(text, "on", day);
	if (b->until != POLICY_NO_DAY) {
		policy_day_text(day, b->until);
		put(text, "until", day);
	}
	if (b->lease >= 0)
		(void)snprintf(lease, sizeof(lease), "%d", (int)b->lease);
	put(text, "lease", lease);
	put(text, "pack", b->pack);
	put(text, "rule", b->rule);
	put(text, "notice", b->notice);
}

/* ---- reading ------------------------------------------------------------------ */

static const char *
value_of(const char *text, const char *name, size_t *n)
{
	size_t name_n = strlen(name);

	for (const char *p = strchr(text, ' '); p != NULL; p = strchr(p, ' ')) {
		p++;
		if (strncmp(p, name, name_n) == 0 && p[name_n] == '=') {
			*n = strcspn(p + name_n + 1, " ");
			return p + name_n + 1;
		}
	}
	return NULL;
}

static policy_day
day_of(const char *text, const char *name)
{
	policy_day day;
	size_t n;
	const char *p = value_of(text, name, &n);

	return p != NULL && policy_day_parse(&day, p, n, NULL) == OK
	    ? day
	    : POLICY_NO_DAY;
}

static void
word_of(char out[static BASIS_WORD_BYTES], const char *text, const char *name)
{
	size_t n = 0;
	const char *p = value_of(text, name, &n);

	keep_word(out, p != NULL ? p : "", n);
}

bool
policy_basis_parse(struct policy_basis *out, const char *text)
{
	size_t kind_n = strcspn(text, ":"), n = 0;
	const char *lease = value_of(text, "lease", &n);
	struct policy_basis b = { .ground = GROUND_NONE, .lease = -1 };
	char id[ID_TEXT_BYTES] = "";

	for (size_t k = 0; k < COUNT_OF(words); k++)
		if (b.ground == GROUND_NONE &&
		    strlen(words[k].word) == kind_n &&
		    memcmp(words[k].word, text, kind_n) == 0)
			b.ground = words[k].ground;
	word_of(b.pack, text, "pack");
	b.on = day_of(text, "on");
	if (b.ground == GROUND_NONE || b.pack[0] == '\0' ||
	    b.on == POLICY_NO_DAY)
		return false;
	if (strcspn(text + kind_n + 1, " ") == sizeof(id) - 1) {
		memcpy(id, text + kind_n + 1, sizeof(id) - 1);
		b.has_id = hex_decode(b.id.b, ID_BYTES, id) == OK;
	}
	b.until = day_of(text, "until");
	if (lease != NULL)
		b.lease = (int32_t)strtol(lease, NULL, 10);
	word_of(b.rule, text, "rule");
	word_of(b.notice, text, "notice");
	*out = b;
	return true;
}

bool
policy_basis_same(const struct policy_basis *a, const struct policy_basis *b)
{
	return a->ground == b->ground && a->has_id == b->has_id &&
	    (!a->has_id || id_equal(&a->id, &b->id)) && a->until == b->until &&
	    a->lease == b->lease;
}
