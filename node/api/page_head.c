/* Headers of a request to the page. */
#include "node/api/page_head.h"

#include <strings.h>

struct looking {
	const char *name, *value;
	unsigned count;
};

static enum MHD_Result
count_header(void *context, enum MHD_ValueKind kind, const char *key,
    const char *value)
{
	struct looking *x = context;

	(void)kind;
	if (key != NULL && strcasecmp(key, x->name) == 0) {
		x->value = value != NULL ? value : "";
		x->count++;
	}
	return MHD_YES;
}

const char *
page_header(struct MHD_Connection *c, const char *name, bool *bad)
{
	struct looking x = { .name = name };

	(void)MHD_get_connection_values(c, MHD_HEADER_KIND, count_header, &x);
	if (x.count > 1)
		*bad = true;
	return x.value;
}

bool
page_length(size_t *out, const char *text)
{
	size_t n = 0;

	*out = 0;
	if (text == NULL)
		return true;
	for (const char *p = text; *p != '\0'; p++) {
		if (*p < '0' || *p > '9' || p - text >= 12)
			return false;
		n = n * 10 + (size_t)(*p - '0');
	}
	*out = n;
	return *text != '\0';
}
