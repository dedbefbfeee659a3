/* Finding, reading and replacing blocks; golden_make.c has their content. */
#include "tests/support/golden.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "sync/id.h"

#define FENCE "```"

const char *
golden_find(size_t *n, const char *document, const char *name)
{
	char head[80];
	const char *from, *to;

	(void)snprintf(head, sizeof(head), "\n" FENCE "hex %s\n", name);
	from = strstr(document, head);
	if (from == NULL)
		return NULL;
	from += strlen(head);
	to = strstr(from, FENCE);
	if (to == NULL)
		return NULL;
	*n = (size_t)(to - from);
	return from;
}

bool
golden_bytes(struct buf *out, const char *block, size_t n)
{
	const char *end = block + n;

	while (block < end) {
		char pair[3] = { 0 };
		uint8_t byte;

		if (*block == ';')
			while (block < end && *block != '\n')
				block++;
		if (block == end)
			break;
		if (isspace((unsigned char)*block)) {
			block++;
			continue;
		}
		if (end - block < 2)
			return false;
		memcpy(pair, block, 2);
		if (hex_decode(&byte, 1, pair) != OK)
			return false;
		buf_u8(out, byte);
		block += 2;
	}
	return out->err == OK;
}

void
golden_rewrite(struct buf *out, const char *document)
{
	const char *at = document;

	for (;;) {
		const char *block = NULL;
		const struct golden *which = NULL;
		size_t n = 0;

		/* the next block of ours after at */
		for (size_t i = 0; i < golden_count; i++) {
			size_t found_n;
			const char *found =
			    golden_find(&found_n, at, golden_list[i].name);

			if (found != NULL && (block == NULL || found < block)) {
				block = found;
				n = found_n;
				which = &golden_list[i];
			}
		}
		if (block == NULL)
			break;
		buf_put(out, at, (size_t)(block - at));
		which->make(out);
		at = block + n;
	}
	buf_text(out, at);
}
