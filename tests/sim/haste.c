/*
 * SQLite as quick as one thread can have it: no locks, no sums of memory, and
 * memory from lists by size. Nearly half of a seed is SQLite's small
 * allocations and what it does with them; a seed frees what it took, and the next
 * one takes it again. What is freed goes back to its list, never to the system.
 */
#include "tests/sim/sim.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#define STEP 64
#define LISTS 130 /* up to 8 KiB and a page's bookkeeping */
#define SLAB (1u << 20)

/* Before each piece: its room, a multiple of STEP. */
union piece {
	size_t room;
	struct {
		size_t kept_room;
		union piece *next;
	} free;
};

#define HEAD sizeof(size_t)

static union piece *list[LISTS];
static uint8_t *slab;
static size_t slab_left;

static int
rounded(int n)
{
	return (n + (int)HEAD + STEP - 1) / STEP * STEP - (int)HEAD;
}

static void *
take(int n)
{
	size_t room = (size_t)rounded(n), at = (room + HEAD) / STEP;
	union piece *p;

	if (at >= LISTS) {
		p = malloc(room + HEAD);
	} else if (list[at] != NULL) {
		p = list[at];
		list[at] = p->free.next;
	} else {
		if (slab_left < room + HEAD) {
			slab = malloc(SLAB);
			slab_left = slab != NULL ? SLAB : 0;
		}
		if (slab_left < room + HEAD)
			return NULL;
		p = (union piece *)(void *)slab;
		slab += room + HEAD;
		slab_left -= room + HEAD;
	}
	if (p == NULL)
		return NULL;
	p->room = room;
	return (uint8_t *)p + HEAD;
}

static union piece *
piece_of(void *memory)
{
	return (union piece *)(void *)((uint8_t *)memory - HEAD);
}

static void
give(void *memory)
{
	union piece *p;
	size_t at;

	if (memory == NULL)
		return;
	p = piece_of(memory);
	at = (p->room + HEAD) / STEP;
	if (at >= LISTS) {
		free(p);
		return;
	}
	p->free.next = list[at];
	list[at] = p;
}

static void *
change(void *memory, int n)
{
	size_t room = piece_of(memory)->room;
	void *other;

	if ((size_t)rounded(n) == room)
		return memory;
	other = take(n);
	if (other == NULL)
		return NULL;
	memcpy(other, memory, room < (size_t)n ? room : (size_t)n);
	give(memory);
	return other;
}

static int
room_of(void *memory)
{
	return memory != NULL ? (int)piece_of(memory)->room : 0;
}

static int
begin(void *context)
{
	(void)context;
	return SQLITE_OK;
}

static void
end(void *context)
{
	(void)context;
}

void
sim_make_haste(void)
{
	static const sqlite3_mem_methods methods = {
		.xMalloc = take,
		.xFree = give,
		.xRealloc = change,
		.xSize = room_of,
		.xRoundup = rounded,
		.xInit = begin,
		.xShutdown = end,
	};

	if (sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) != SQLITE_OK ||
	    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) != SQLITE_OK ||
	    sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK)
		abort();
	(void)mallopt(M_TRIM_THRESHOLD, 512 << 20);
	(void)mallopt(M_MMAP_THRESHOLD, 512 << 20);
	(void)mallopt(M_TOP_PAD, 16 << 20);
}
