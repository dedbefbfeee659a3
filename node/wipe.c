/* A block knows its length, which stands before it. */
#include "node/wipe.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

union head {
	size_t bytes; /* behind it */
	max_align_t align;
};

static void *
take(size_t n)
{
	union head *h;

	if (n > SIZE_MAX - sizeof(*h))
		return NULL;
	h = malloc(sizeof(*h) + n);
	if (h == NULL)
		return NULL;
	h->bytes = n;
	return h + 1;
}

static void
give_back(void *p)
{
	union head *h = p;

	if (p == NULL)
		return;
	h--;
	sodium_memzero(p, h->bytes);
	free(h);
}

void
wipe_json(void)
{
	json_set_alloc_funcs(take, give_back);
}
