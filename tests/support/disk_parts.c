/*
 * What a disk is put together from: memory, bytes and names.
 */
#include "tests/support/disk_i.h"

#include <stdlib.h>
#include <string.h>

/* Programs that let allocations fail (--wrap) have these; a disk that fails is
 * not what they are about. */
void *__real_malloc(size_t n) __attribute__((weak));
void *__real_realloc(void *p, size_t n) __attribute__((weak));

void *
disk_realloc(void *p, size_t n)
{
	void *grown =
	    __real_realloc != NULL ? __real_realloc(p, n) : realloc(p, n);

	if (grown == NULL)
		abort();
	return grown;
}

void *
disk_alloc(size_t n)
{
	size_t size = n > 0 ? n : 1;
	void *p = __real_malloc != NULL ? __real_malloc(size) : malloc(size);

	if (p == NULL)
		abort();
	memset(p, 0, size);
	return p;
}

char *
disk_text(const char *text)
{
	size_t n = text != NULL ? strlen(text) + 1 : 0;

	return n > 0 ? memcpy(disk_alloc(n), text, n) : NULL;
}

void
disk_grow(void *array, size_t *room, size_t count, size_t size)
{
	void *old, *grown;

	if (count < *room)
		return;
	*room = *room == 0 ? 8 : *room * 2;
	memcpy(&old, array, sizeof(old));
	grown = disk_realloc(old, *room * size);
	memcpy(array, &grown, sizeof(grown));
}

uint64_t
disk_dice(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u); /* splitmix64 */

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* ---- content ---------------------------------------------------------------*/

static void
content_room(struct disk_bytes *c, size_t n)
{
	if (n <= c->room)
		return;
	c->room = n > 2 * c->room ? n : 2 * c->room;
	c->p = disk_realloc(c->p, c->room);
}

void
disk_bytes_write(struct disk_bytes *c, size_t at, const void *p, size_t n)
{
	if (at + n > c->n) {
		content_room(c, at + n);
		memset(c->p + c->n, 0, at + n - c->n);
		c->n = at + n;
	}
	if (n > 0)
		memcpy(c->p + at, p, n);
}

void
disk_bytes_cut(struct disk_bytes *c, size_t n)
{
	if (n > c->n)
		disk_bytes_write(c, n, NULL, 0);
	c->n = n;
}

void
disk_bytes_copy(struct disk_bytes *to, const struct disk_bytes *from)
{
	content_room(to, from->n);
	if (from->n > 0)
		memcpy(to->p, from->p, from->n);
	to->n = from->n;
}

void
disk_write_apply(struct disk_bytes *c, const struct disk_write *w)
{
	if (w->truncate)
		disk_bytes_cut(c, w->at);
	else
		disk_bytes_write(c, w->at, w->p, w->n);
}

void
disk_forget_pending(struct disk_node *node)
{
	for (size_t i = 0; i < node->pending_count; i++)
		free(node->pending[i].p);
	node->pending_count = 0;
}

/* ---- names -----------------------------------------------------------------*/

struct disk_name *
disk_names_find(const struct disk_names *names, const char *path)
{
	for (size_t i = 0; i < names->n; i++) {
		if (strcmp(names->p[i].path, path) == 0)
			return &names->p[i];
	}
	return NULL;
}

static void
names_take(struct disk_names *names, const char *path)
{
	struct disk_name *name = disk_names_find(names, path);

	if (name == NULL)
		return;
	free(name->path);
	/* in order: what a test sees by number is the same in every run */
	memmove(name, name + 1,
	    (size_t)(names->p + names->n - (name + 1)) * sizeof(*name));
	names->n--;
}

static void
names_put(struct disk_names *names, const char *path, unsigned no)
{
	struct disk_name *name = disk_names_find(names, path);

	if (name != NULL) {
		name->no = no;
		return;
	}
	disk_grow(&names->p, &names->room, names->n, sizeof(*name));
	names->p[names->n++] =
	    (struct disk_name){ .path = disk_text(path), .no = no };
}

void
disk_names_apply(struct disk_names *names, const struct disk_change *c)
{
	if (c->act != DISK_CREATE)
		names_take(names, c->path);
	if (c->act == DISK_CREATE)
		names_put(names, c->path, c->no);
	else if (c->act == DISK_RENAME)
		names_put(names, c->to, c->no);
}

void
disk_names_free(struct disk_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->p[i].path);
	free(names->p);
	*names = (struct disk_names){ 0 };
}

void
disk_names_copy(struct disk_names *to, const struct disk_names *from)
{
	struct disk_names copy = { 0 };

	for (size_t i = 0; i < from->n; i++)
		names_put(&copy, from->p[i].path, from->p[i].no);
	disk_names_free(to);
	*to = copy;
}

size_t
disk_parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? (size_t)(slash - path) : 0;
}
