#include "node/policy/words.h"

#include <string.h>

#define X(name, word) word,
static const char *const purposes[] = { POLICY_PURPOSES(X) };
static const char *const kinds[] = { POLICY_KINDS(X) };
static const char *const roles[] = { POLICY_ROLES(X) };
static const char *const relations[] = { POLICY_RELATIONS(X) };
static const char *const channels[] = { POLICY_CHANNELS(X) };
static const char *const consents[] = { POLICY_CONSENTS(X) };
static const char *const authorities[] = { POLICY_AUTHORITIES(X) };
static const char *const agreements[] = { POLICY_AGREEMENTS(X) };
static const char *const elements[] = { POLICY_ELEMENTS(X) };
#undef X

static const struct {
	const char *const *word;
	int count;
	const char *what;
} lists[] = {
	[LIST_PURPOSE] = { purposes, COUNT_OF(purposes), "purpose" },
	[LIST_KIND] = { kinds, COUNT_OF(kinds), "kind of agency" },
	[LIST_ROLE] = { roles, COUNT_OF(roles), "role" },
	[LIST_RELATION] = { relations, COUNT_OF(relations), "relation" },
	[LIST_CHANNEL] = { channels, COUNT_OF(channels), "channel" },
	[LIST_CONSENT] = { consents, COUNT_OF(consents), "kind of consent" },
	[LIST_AUTHORITY] = { authorities, COUNT_OF(authorities),
	    "kind of authority" },
	[LIST_AGREEMENT] = { agreements, COUNT_OF(agreements),
	    "kind of agreement" },
	[LIST_ELEMENT] = { elements, COUNT_OF(elements), "element" },
};

const char *
policy_word(enum policy_list list, int n)
{
	return n >= 0 && n < lists[list].count ? lists[list].word[n] : NULL;
}

int
policy_number(enum policy_list list, const char *word, size_t n)
{
	for (int k = 0; k < lists[list].count; k++)
		if (strlen(lists[list].word[k]) == n &&
		    memcmp(lists[list].word[k], word, n) == 0)
			return k;
	return -1;
}

enum err
policy_bits(uint32_t *out, enum policy_list list, const char *words, size_t n,
    struct fail *f)
{
	uint32_t bits = 0;

	if (n == 3 && memcmp(words, "any", 3) == 0) {
		*out = POLICY_BIT(lists[list].count) - 1;
		return OK;
	}
	for (size_t at = 0, end; at <= n; at = end + 1) {
		int k;

		for (end = at; end < n && words[end] != ',';)
			end++;
		k = policy_number(list, words + at, end - at);
		if (k < 0)
			return fail_set(f, ERR_INPUT,
			    "want a %s, have \"%.*s\"", lists[list].what,
			    (int)(end - at < 64 ? end - at : 64), words + at);
		bits |= POLICY_BIT(k);
	}
	*out = bits;
	return OK;
}
