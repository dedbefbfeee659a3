/* A few dozen routes: a list is looked through faster than it is indexed. */
#include "node/api/route.h"

#include <stdio.h>
#include <string.h>

static const char *const role_words[API_ROLE_COUNT] = { "officer", "counselor",
	"clinician", "social_worker", "supervisor", "clerk", "records_officer",
	"privacy_officer", "security_officer", "administrator", "medical",
	"auditor" };

/* Does the pattern fit? values get what stands in place of its :names. */
static bool
fits(const char *values[static ROUTE_VALUES], const char *pattern,
    const struct target *t)
{
	size_t used = 0;

	for (size_t i = 0; i < t->segment_count; i++) {
		const char *p;
		size_t n;

		if (*pattern != '/')
			return false;
		p = pattern + 1;
		n = strcspn(p, "/");
		if (*p == ':') {
			/* an empty one would name everything */
			if (t->segments[i][0] == '\0' || used == ROUTE_VALUES)
				return false;
			values[used++] = t->segments[i];
		} else if (strlen(t->segments[i]) != n ||
		    memcmp(t->segments[i], p, n) != 0) {
			return false;
		}
		pattern = p + n;
	}
	return *pattern == '\0';
}

enum api_error
route_find(const struct api_route **out,
    const char *values[static ROUTE_VALUES],
    char allow[static ROUTE_ALLOW_BYTES], const char *method,
    const struct target *t)
{
	const char *found[ROUTE_VALUES];
	size_t n = 0;

	allow[0] = '\0';
	for (size_t i = 0; i < api_route_count; i++) {
		const struct api_route *r = &api_routes[i];

		/* a pattern that did not fit may have taken some */
		memset(found, 0, sizeof(found));
		if (!fits(found, r->path, t))
			continue;
		if (strcmp(r->method, method) == 0) {
			memcpy(values, found, sizeof(found));
			*out = r;
			return API_OK;
		}
		if (n < ROUTE_ALLOW_BYTES)
			n += (size_t)snprintf(allow + n, ROUTE_ALLOW_BYTES - n,
			    "%s%s", n > 0 ? ", " : "", r->method);
	}
	return allow[0] != '\0' ? API_METHOD : API_PATH;
}

const char *
route_value(const struct api_route *route,
    const char *const values[static ROUTE_VALUES], const char *name)
{
	size_t k = 0, n = strlen(name);

	for (const char *p = strchr(route->path, ':'); p != NULL;
	     p = strchr(p, ':')) {
		p++;
		if (strcspn(p, "/") == n && memcmp(p, name, n) == 0)
			return values[k];
		k++;
	}
	return NULL;
}

void
route_roles(struct buf *out, uint32_t roles)
{
	bool any = false;

	if (roles == API_PUBLIC || roles == API_EVERYBODY) {
		buf_printf(out,
		    roles == API_PUBLIC ? "nobody needs to sign in"
					: "everybody");
		return;
	}
	for (size_t i = 0; i < API_ROLE_COUNT; i++) {
		if ((roles & 1u << i) == 0)
			continue;
		buf_printf(out, "%s%s", any ? ", " : "", role_words[i]);
		any = true;
	}
}

static void
list_fields(struct buf *out, const struct api_field *fields)
{
	if (fields == NULL || fields->name == NULL) {
		buf_printf(out, "-");
		return;
	}
	for (const struct api_field *p = fields; p->name != NULL; p++)
		buf_printf(out, "%s%s%s%s", p > fields ? ", " : "", p->name,
		    p->type == API_ROW && fields->to == API_PAIRS ? ".NAME"
								  : "",
		    p->must ? "!" : "");
}

void
route_list(struct buf *out)
{
	buf_printf(out,
	    "| request | who | purpose | token | behind the ? | body | what |\n"
	    "|---|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < api_route_count; i++) {
		const struct api_route *r = &api_routes[i];

		buf_printf(out, "| %s %s | ", r->method, r->path);
		route_roles(out, r->roles);
		buf_printf(out, " | %s | %s | ", r->purpose,
		    (r->flags & (API_WRITES | API_SESSION)) != 0 ? "yes"
								 : "no");
		list_fields(out, r->query);
		buf_printf(out, " | ");
		list_fields(out, r->body);
		buf_printf(out, " | %s |\n", r->help);
	}
}
