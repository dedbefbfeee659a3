/*
 * Finding members as people name them: by name where it is unique, else by id
 * or its first eight digits. A tls key is found by scanning: a connection is
 * rare, the proof in every record makes keys unique.
 */
#include <string.h>

#include "sync/member.h"

#define PREFIX_MIN 8

struct search {
	const char *text;
	size_t text_n;
	bool is_hex;        /* text may be an id or the start of one */
	size_t named, ided; /* how many fit */
	size_t named_at, ided_at;
};

static void
search_init(struct search *s, const char *text)
{
	size_t n = strlen(text);

	memset(s, 0, sizeof(*s));
	s->text = text;
	s->text_n = n;
	s->is_hex = n >= PREFIX_MIN && n < ID_TEXT_BYTES &&
	    strspn(text, "0123456789abcdefABCDEF") == n;
}

static bool
hex_starts(const struct search *s, const uint8_t id[static ID_BYTES])
{
	char hex[ID_TEXT_BYTES];

	hex_encode(hex, id, ID_BYTES);
	for (size_t k = 0; k < s->text_n; k++) {
		char c = s->text[k];

		if (c >= 'A' && c <= 'F')
			c = (char)(c - 'A' + 'a');
		if (c != hex[k])
			return false;
	}
	return true;
}

static void
search_look(struct search *s, size_t at, const char *name,
    const uint8_t id[static ID_BYTES])
{
	if (strcmp(name, s->text) == 0) {
		s->named++;
		s->named_at = at;
	}
	if (s->is_hex && hex_starts(s, id)) {
		s->ided++;
		s->ided_at = at;
	}
}

static enum err
search_end(const struct search *s, size_t *at, const char *what, struct fail *f)
{
	if (s->named > 1 || (s->named == 0 && s->ided > 1))
		return fail_set(f, ERR_INPUT,
		    "%s \"%s\": %zu fit; give the id, or more of it", what,
		    s->text, s->named > 1 ? s->named : s->ided);
	if (s->named == 0 && s->ided == 0)
		return fail_set(f, ERR_NOTFOUND,
		    "%s \"%s\": no member has this name or id; see "
		    "\"footbridge members\"",
		    what, s->text);
	*at = s->named == 1 ? s->named_at : s->ided_at;
	return OK;
}

enum err
members_find_node(const struct members *m, const struct member_node **out,
    const char *text, struct fail *f)
{
	struct search s;
	size_t at;
	enum err e;

	search_init(&s, text);
	for (size_t k = 0; k < members_node_count(m); k++) {
		const struct member_node *n = members_node_at(m, k);

		search_look(&s, k, n->name, n->id.b);
	}
	e = search_end(&s, &at, "node", f);
	if (e == OK)
		*out = members_node_at(m, at);
	return e;
}

enum err
members_find_agency(const struct members *m, const struct member_agency **out,
    const char *text, struct fail *f)
{
	struct search s;
	size_t at;
	enum err e;

	search_init(&s, text);
	for (size_t k = 0; k < members_agency_count(m); k++) {
		const struct member_agency *a = members_agency_at(m, k);

		search_look(&s, k, a->name, a->id.b);
	}
	e = search_end(&s, &at, "agency", f);
	if (e == OK)
		*out = members_agency_at(m, at);
	return e;
}

const struct member_node *
members_node_by_tls(const struct members *m, const uint8_t tls_key[static 32])
{
	for (size_t k = 0; k < members_node_count(m); k++) {
		const struct member_node *n = members_node_at(m, k);

		if (memcmp(n->tls_key, tls_key, MEMBER_KEY_BYTES) == 0)
			return n;
	}
	return NULL;
}
