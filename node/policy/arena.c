#include "node/policy/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
	struct arena_block *next;
	alignas(max_align_t) uint8_t bytes[];
};

void *
arena_take(struct arena *a, size_t n)
{
	struct arena_block *b = calloc(1, sizeof(*b) + n);

	if (b == NULL)
		return NULL;
	b->next = a->blocks;
	a->blocks = b;
	return b->bytes;
}

char *
arena_text(struct arena *a, const struct value *v)
{
	size_t n = v->type == VALUE_TEXT ? v->n : 0;
	char *p = arena_take(a, n + 1);

	if (p != NULL && n > 0)
		memcpy(p, v->p, n);
	return p;
}

char *
arena_copy(struct arena *a, const char *text)
{
	size_t n = strlen(text);
	char *p = arena_take(a, n + 1);

	if (p != NULL)
		memcpy(p, text, n);
	return p;
}

void *
arena_more(struct arena *a, void *list, size_t *count, size_t size)
{
	size_t n = *count;
	uint8_t *at;

	memcpy(&at, list, sizeof(at));
	/* at 0, 4, 8, 16 ... it is full */
	if (n == 0 || (n >= 4 && (n & (n - 1)) == 0)) {
		uint8_t *grown = arena_take(a, (n == 0 ? 4 : n * 2) * size);

		if (grown == NULL)
			return NULL;
		if (n > 0)
			memcpy(grown, at, n * size);
		at = grown;
		memcpy(list, &at, sizeof(at));
	}
	(*count)++;
	return at + n * size;
}

void
arena_join(struct arena *a, struct arena *from)
{
	struct arena_block **end = &a->blocks;

	while (*end != NULL)
		end = &(*end)->next;
	*end = from->blocks;
	from->blocks = NULL;
}

void
arena_release(struct arena *a)
{
	while (a->blocks != NULL) {
		struct arena_block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
}
