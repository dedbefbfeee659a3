#include "node/policy/ground.h"

#include <stdio.h>
#include <string.h>

#include "node/policy/rows.h"

static const struct {
	const char *word;
	enum policy_ground ground;
	const char *table; /* of what REF names */
	const char *basis; /* of disclosure.basis */
} grounds[] = {
	{ "consent", GROUND_CONSENT, "consent", "consent" },
	{ "agreement", GROUND_AGREEMENT, "mou", "agreement" },
	{ "authority", GROUND_AUTHORITY, "legal_authority", "authority" },
	{ "order", GROUND_AUTHORITY, "legal_authority", "authority" },
	{ "statute", GROUND_AUTHORITY, "legal_authority", "authority" },
	{ "emergency", GROUND_EMERGENCY, "break_glass", "emergency" },
	{ "person", GROUND_PERSON, NULL, "person" },
};

const char *
ground_word(const struct ground *g)
{
	for (size_t k = 0; g->has_id && k < COUNT_OF(grounds); k++)
		if (grounds[k].ground == g->ground)
			return grounds[k].basis;
	return g->ground == GROUND_PERSON ? "person" : "hand";
}

static bool
on_row(void *context, const struct read_row *row)
{
	struct ground *g = context;
	uint32_t purposes;

	g->found = true;
	g->kind = row_number(row, "kind",
	    g->ground == GROUND_CONSENT         ? LIST_CONSENT
		: g->ground == GROUND_AGREEMENT ? LIST_AGREEMENT
						: LIST_AUTHORITY);
	purposes = row_bits(row, "purposes", LIST_PURPOSE);
	for (int k = 0; g->purpose < 0 && k < POLICY_PURPOSE_COUNT; k++)
		if ((purposes & POLICY_BIT(k)) != 0)
			g->purpose = k;
	g->revoked = row_day(row, "revoked_on");
	return false;
}

/* " name=value" among the words */
static void
word_after(char out[static GROUND_WORD_BYTES], const char *words,
    const char *name)
{
	const char *at = strstr(words, name);

	if (at != NULL)
		(void)snprintf(out, GROUND_WORD_BYTES, "%.*s",
		    (int)strcspn(at + strlen(name), " "), at + strlen(name));
}

enum err
ground_read(struct ground *out, struct replica *r, const char *words,
    struct fail *f)
{
	const struct table *t = NULL;
	const char *ref, *table = NULL;
	char id[ID_TEXT_BYTES] = "";
	size_t n;
	enum err e;

	*out = (struct ground){ .kind = -1,
		.purpose = -1,
		.revoked = POLICY_NO_DAY };
	n = words != NULL ? strcspn(words, ":") : 0;
	for (size_t k = 0; k < COUNT_OF(grounds); k++)
		if (n > 0 && strlen(grounds[k].word) == n &&
		    memcmp(grounds[k].word, words, n) == 0) {
			out->ground = grounds[k].ground;
			table = grounds[k].table;
		}
	if (out->ground == GROUND_NONE || words[n] != ':')
		return OK;
	ref = words + n + 1;
	word_after(out->notice, ref, " notice=");
	word_after(out->pack, ref, " pack=");
	n = strcspn(ref, " ");
	if (table == NULL || n != 2 * ID_BYTES)
		return OK;
	memcpy(id, ref, n);
	out->has_id = hex_decode(out->id.b, ID_BYTES, id) == OK;
	t = registry_table(replica_registry(r), table);
	if (!out->has_id || t == NULL)
		return OK;
	e = read_get(r, t, &out->id, 0, on_row, out, f);
	return e == ERR_NOTFOUND || e == ERR_WAIT ? OK : e;
}
