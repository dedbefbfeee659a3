/*
 * The files of the page for staff, as `make` built them into the program (node/web,
 * tools/page): a request in, a file out. No network here, no session: what is in
 * these files is the same for everybody, and no record is among them.
 *
 * An address of the page itself, "/people/3f2a/timeline", gives index.html, which
 * reads the address again; the file node/web/routes says which addresses are the
 * page's, to both of them. Everything else is not there.
 */
#ifndef FOOTBRIDGE_NODE_API_SITE_H
#define FOOTBRIDGE_NODE_API_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "..." of 32 digits, NUL */
#define SITE_TAG_BYTES 40

/* All texts are untrusted, NULL where there was none. */
struct site_request {
	const char *method, *target;
	const char *encodings; /* Accept-Encoding */
	const char *have;      /* If-None-Match */
};

struct site_answer {
	unsigned status;     /* 200, 304, 404, 405 */
	const uint8_t *body; /* borrowed for ever; NULL: none */
	size_t n;
	const char *type; /* Content-Type */
	bool is_gzip;     /* Content-Encoding */
	bool is_lasting;  /* its name changes when it does */
	char tag[SITE_TAG_BYTES];
};

/* Not one of the API's addresses. */
bool site_is(const char *target);
void site_answer(struct site_answer *out, const struct site_request *q);

#endif
