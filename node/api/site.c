/* Few and small files: looked up by name one after the other. */
#include "node/api/site.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "node/api/target.h"
#include "node/web/assets.h"
#include "sync/base.h"

#define NOT_HERE "This address is not one of Footbridge's.\n"
#define ONLY_GET "Only GET is taken at this address.\n"

static const struct {
	const char *end, *type;
} types[] = {
	{ ".html", "text/html; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
	{ ".svg", "image/svg+xml" },
};

static const struct asset *
file_of(const char *name)
{
	for (size_t i = 0; i < web_asset_count; i++) {
		if (strcmp(web_assets[i].name, name) == 0)
			return &web_assets[i];
	}
	return NULL;
}

/* NULL: no file of this kind is given to anybody. */
static const char *
type_of(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < COUNT_OF(types); i++) {
		size_t end = strlen(types[i].end);

		if (n > end && strcmp(name + n - end, types[i].end) == 0)
			return types[i].type;
	}
	return NULL;
}

/* ---- the page's own addresses ---- */

/* One line of routes, "/people/:person", against what was asked for. */
static bool
fits(const char *line, size_t n, const struct target *t)
{
	size_t at = 0, i = 0;

	while (at < n && line[at] == '/') {
		size_t end = ++at;

		while (end < n && line[end] != '/')
			end++;
		if (i == t->segment_count)
			return false;
		if (end > at && line[at] == ':'
			? t->segments[i][0] == '\0'
			: strlen(t->segments[i]) != end - at ||
			    memcmp(t->segments[i], line + at, end - at) != 0)
			return false;
		i++;
		at = end;
	}
	return at == n && i == t->segment_count && i > 0;
}

static bool
is_route(const struct target *t)
{
	const struct asset *routes = file_of("routes");
	const char *p = routes != NULL ? (const char *)routes->p : "";

	while (*p != '\0') {
		size_t n = strcspn(p, "\n");

		if (n > 0 && fits(p, n, t))
			return true;
		p += n + (p[n] == '\n');
	}
	return false;
}

static const struct asset *
asked_for(const char *target)
{
	struct target t;
	char name[160];
	const struct asset *a = NULL;
	struct fail f = { 0 };

	if (target_parse(&t, target, &f) != OK)
		return NULL;
	if (is_route(&t))
		return file_of("index.html");
	if (t.segment_count == 2 &&
	    snprintf(name, sizeof(name), "%s/%s", t.segments[0],
		t.segments[1]) < (int)sizeof(name))
		a = file_of(name);
	return a != NULL && type_of(a->name) != NULL ? a : NULL;
}

/* ---- answers ---- */

/* "gzip" among the words, and not with a weight of nothing. */
static bool
takes_gzip(const char *encodings)
{
	const char *p = encodings != NULL ? strstr(encodings, "gzip") : NULL;

	if (p == NULL)
		return false;
	p += 4;
	p += strspn(p, " \t");
	return strncmp(p, ";q=0", 4) != 0 || (p[4] == '.' && p[5] != '0');
}

static void
tag_of(char tag[static SITE_TAG_BYTES], const struct asset *a)
{
	uint8_t hash[16];
	char hex[33];

	(void)crypto_generichash(hash, sizeof(hash), a->p, a->n, NULL, 0);
	(void)sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	(void)snprintf(tag, SITE_TAG_BYTES, "\"%s\"", hex);
}

static void
say(struct site_answer *out, unsigned status, const char *text)
{
	*out = (struct site_answer){ .status = status,
		.body = (const uint8_t *)text,
		.n = strlen(text),
		.type = "text/plain; charset=utf-8" };
}

/* The same file compressed, where there is one. */
static const struct asset *
packed(const struct asset *a)
{
	char name[180];

	(void)snprintf(name, sizeof(name), "%.170s.gz", a->name);
	return file_of(name);
}

bool
site_is(const char *target)
{
	return target != NULL &&
	    (strncmp(target, "/api", 4) != 0 ||
		(target[4] != '\0' && target[4] != '/' && target[4] != '?'));
}

void
site_answer(struct site_answer *out, const struct site_request *q)
{
	bool head = strcmp(q->method, "HEAD") == 0;
	const struct asset *a, *gz;

	if (!head && strcmp(q->method, "GET") != 0) {
		say(out, 405, ONLY_GET);
		return;
	}
	a = asked_for(q->target);
	if (a == NULL) {
		say(out, 404, NOT_HERE);
		return;
	}
	*out = (struct site_answer){ .status = 200, .type = type_of(a->name) };
	out->is_lasting = strncmp(a->name, "assets/", 7) == 0;
	tag_of(out->tag, a);
	if (q->have != NULL && strstr(q->have, out->tag) != NULL) {
		out->status = 304;
		return;
	}
	gz = takes_gzip(q->encodings) ? packed(a) : NULL;
	out->is_gzip = gz != NULL;
	out->body = gz != NULL ? gz->p : a->p;
	out->n = gz != NULL ? gz->n : a->n;
}
